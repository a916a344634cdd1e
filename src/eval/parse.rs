//! stub
use crate::base::{Data, diagnostic::Diagnostic, place::Placed};
use crate::eval::{expression::FreeName, scope::Scope};
use crate::record::fault::Fault;
/// s
#[derive(Debug, Clone)]
pub struct Parser;
/// s
pub enum ParseError {
    /// s
    Refused(String),
    /// s
    Fault(Fault),
}
impl Parser {
    /// s
    pub fn compile(_a: &Placed<crate::model::step::Parse>) -> Result<Self, Diagnostic> {
        Ok(Self)
    }
    /// s
    pub fn parse(&self, _e: &str, _s: &Scope) -> Result<Data, ParseError> {
        Ok(Data::Null)
    }
    /// s
    pub fn free_names(&self) -> Vec<FreeName> {
        vec![]
    }
}
