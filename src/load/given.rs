//! What the world gives to a testbed: environment, variables, and answers of a person. Read by `cli` and passed down, so
//! that loading is a function of what it is given.

use crate::base::Data;
use indexmap::IndexMap;
use std::collections::BTreeMap;
use std::fmt;

/// The process environment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment(pub BTreeMap<String, String>);

/// Asks a person for a value that is not shown while it is written. It takes the question, blocks until there is an
/// answer, and fails with a sentence that says why there is none.
pub type Ask<'a> = &'a dyn Fn(&str) -> Result<String, String>;

/// What the markup of a testbed stands for.
#[derive(Clone, Copy)]
pub struct Given<'a> {
    /// The environment, for `%ENV{}`.
    pub env: &'a Environment,
    /// `--var`, for `%CLI{}`; `None` where there is no command line.
    pub vars: Option<&'a IndexMap<String, Data>>,
    /// Who is asked, for `%ASK{}`; `None` where there is nobody.
    pub ask: Option<Ask<'a>>,
}

impl<'a> From<&'a Environment> for Given<'a> {
    fn from(env: &'a Environment) -> Self {
        Self { env, vars: None, ask: None }
    }
}

impl fmt::Debug for Given<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let answers = self.ask.is_some();
        f.debug_struct("Given").field("env", self.env).field("vars", &self.vars).field("answers", &answers).finish()
    }
}
