//! One judged assertion.

use serde::{Deserialize, Serialize};

/// An assertion and whether it held, with everything a reader needs to see why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Whether it held.
    pub held: bool,
    /// One sentence: `expected 17.3, got 16.9`; the user's own message stands before it.
    pub sentence: String,
    /// Where the value came from: `text`, `jsonpath $.peers[*].state`.
    pub source: String,
    /// What was expected, with its type: `at least 300 (int)`.
    pub expected: String,
    /// What was found, with its type; long values are cut.
    pub actual: String,
    /// The assertion's place: `job.yaml:42:9`.
    pub place: String,
    /// The lines of the answer nearest to what was expected; empty when none is near.
    pub nearest: Vec<String>,
}
