//! stub
use crate::base::{Data, diagnostic::Diagnostic};
use crate::eval::{expression::FreeName, extract::Evidence, scope::Scope};
use crate::record::fault::Fault;
/// s
#[derive(Debug, Clone)]
pub struct Capture;
/// s
pub enum CaptureError {
    /// s
    Missing(String),
    /// s
    Fault(Fault),
}
impl Capture {
    /// s
    pub fn compile(_a: &crate::model::assertion::Capture) -> Result<Self, Vec<Diagnostic>> {
        Ok(Self)
    }
    /// s
    pub fn take(&self, _e: &Evidence<'_>, _s: &Scope) -> Result<Vec<(String, Data)>, CaptureError> {
        Ok(vec![])
    }
    /// s
    pub fn free_names(&self) -> Vec<FreeName> {
        vec![]
    }
}
