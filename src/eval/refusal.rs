//! What the guards refuse: the predicates of sentences whose subject is an expression.

use minijinja::{Error, ErrorKind};

/// Why an expression has no value. `Display` gives the rest of a sentence that begins with the expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    /// Nothing of that name.
    #[error("is undefined")]
    Undefined,
    /// A conditional expression without an `else`.
    #[error("has no value: its condition does not hold and it has no `else`")]
    NoElse,
    /// Null where a text is made.
    #[error("is null, which has no text; write `default('...', true)` if that is meant")]
    NullText,
    /// Null where a number is made.
    #[error("is null, which is no number; write `default(0, true)` if that is meant")]
    NullNumber,
    /// Two kinds that are never equal, less or greater.
    #[error("compares {left} with {right}{}", conversion(left, right))]
    Kinds {
        /// The kind on the left.
        left: &'static str,
        /// The kind on the right.
        right: &'static str,
    },
    /// A kind without an order.
    #[error("orders {0}, which has no order")]
    Unordered(&'static str),
    /// `in` on the left of something that holds nothing.
    #[error("looks into {0}, which holds nothing")]
    NotContainer(&'static str),
    /// A boolean in a calculation.
    #[error("calculates with {0}")]
    NoOperand(&'static str),
    /// A test of a kind that it can say nothing about.
    #[error("tests {found}, the test needs {needed}")]
    Untestable {
        /// The kind it was given.
        found: &'static str,
        /// The kind it needs.
        needed: &'static str,
    },
    /// An attribute that not every item of a list has.
    #[error("needs `{0}` of every item, and not every item has it")]
    Attribute(String),
    /// A condition that is neither true nor false.
    #[error("is {0}, a condition needs true or false")]
    NotBoolean(&'static str),
    /// A text that is neither `true` nor `false`, or a number that is neither 1 nor 0.
    #[error("is {0} that is neither true nor false")]
    NoTruth(&'static str),
    /// A macro, function or loop where data are needed.
    #[error("is {0}, not data")]
    NotData(&'static str),
    /// A key that is not text.
    #[error("has {0} as a key, keys are text")]
    Key(&'static str),
    /// Infinity, or not a number at all.
    #[error("is not a finite number")]
    NotFinite,
    /// An integer beyond 64 bits.
    #[error("does not fit into 64 bits")]
    TooWide,
    /// More work than one template may make.
    #[error("takes more work than a template may make")]
    TooMuch,
    /// More text or data than one template may make.
    #[error("makes more than {0}")]
    TooLarge(&'static str),
    /// Lists in lists in lists.
    #[error("nests deeper than {0} levels")]
    TooDeep(usize),
    /// A step that the engine cannot take.
    #[error("has a negative step with bounds; only `[::-1]` may step backwards")]
    BackwardsSlice,
    /// A number of repetitions, columns or items out of reach.
    #[error("has {0}, which is out of reach")]
    OutOfReach(String),
}

/// What to do about two kinds that do not meet.
fn conversion(left: &str, right: &str) -> &'static str {
    match (left, right) {
        ("text", "a number") | ("a number", "text") => "; convert with `| int` or `| float`",
        ("text", "a boolean") | ("a boolean", "text") => "; convert with `| bool`",
        _ => "",
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Error::from(ErrorKind::InvalidOperation).with_source(refusal)
    }
}
