//! stub
use crate::base::Data;
use crate::record::answer::Answer;
/// s
pub struct Evidence<'a>(Option<&'a Answer>, Option<&'a Data>, String);
impl<'a> Evidence<'a> {
    /// s
    pub fn new(a: Option<&'a Answer>, d: Option<&'a Data>) -> Self {
        Self(a, d, a.map(|a| a.text().into_owned()).unwrap_or_default())
    }
    /// s
    pub fn text(&self) -> &str {
        &self.2
    }
    /// s
    pub fn with_parsed(self, d: &'a Data) -> Self {
        Self(self.0, Some(d), self.2)
    }
}
