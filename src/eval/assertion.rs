//! stub
use crate::base::diagnostic::Diagnostic;
use crate::eval::{expression::FreeName, extract::Evidence, scope::Scope};
use crate::record::{check::Check, fault::Fault};
/// s
#[derive(Debug, Clone)]
pub struct Assertion;
impl Assertion {
    /// s
    pub fn compile(_a: &crate::model::assertion::Assertion) -> Result<Self, Vec<Diagnostic>> {
        Ok(Self)
    }
    /// s
    pub fn judge(&self, _e: &Evidence<'_>, _s: &Scope) -> Result<Check, Fault> {
        Err(Fault::new(crate::record::fault::FaultKind::Internal, "x"))
    }
    /// s
    pub fn free_names(&self) -> Vec<FreeName> {
        vec![]
    }
}
