//! What an operator expects, rendered and checked: the right-hand side of an assertion.

use crate::base::Data;
use crate::base::duration;
use crate::eval::describe;
use crate::eval::judge;
use crate::eval::nearest;
use crate::eval::pattern;
use regex::Regex;
use serde_json::Number;
use std::cmp::Ordering;

/// What the value of an assertion is, where its expected values are written in their own way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    /// Anything.
    Any,
    /// Seconds; expected values carry a unit.
    Duration,
}

/// An order of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rank {
    /// `gt`
    Greater,
    /// `ge`
    AtLeast,
    /// `lt`
    Less,
    /// `le`
    AtMost,
}

impl Rank {
    /// Whether an actual number that stands so to the expected one is right.
    pub(super) fn accepts(self, ordering: Ordering) -> bool {
        match self {
            Self::Greater => ordering.is_gt(),
            Self::AtLeast => ordering.is_ge(),
            Self::Less => ordering.is_lt(),
            Self::AtMost => ordering.is_le(),
        }
    }

    /// How it reads.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Greater => "greater than",
            Self::AtLeast => "at least",
            Self::Less => "less than",
            Self::AtMost => "at most",
        }
    }

    fn key(self) -> &'static str {
        match self {
            Self::Greater => "gt",
            Self::AtLeast => "ge",
            Self::Less => "lt",
            Self::AtMost => "le",
        }
    }
}

/// Which operator an expected value belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// `equals`
    Equals,
    /// `contains`
    Contains,
    /// `matches`
    Matches,
    /// `starts_with`
    StartsWith,
    /// `ends_with`
    EndsWith,
    /// `in`
    In,
    /// `gt`, `ge`, `lt`, `le`
    Rank(Rank),
    /// `between`
    Between,
}

impl Shape {
    /// The key that says it in YAML.
    fn key(self) -> &'static str {
        match self {
            Self::Equals => "equals",
            Self::Contains => "contains",
            Self::Matches => "matches",
            Self::StartsWith => "starts_with",
            Self::EndsWith => "ends_with",
            Self::In => "in",
            Self::Rank(rank) => rank.key(),
            Self::Between => "between",
        }
    }

    /// Checks an expected value.
    ///
    /// # Errors
    /// A sentence that says what the operator needs.
    pub(super) fn expect(self, subject: Subject, expected: Data) -> Result<Expected, String> {
        match self {
            Self::Equals => Ok(Expected::Equals(self.unit(subject, expected)?)),
            Self::Contains => match expected {
                Data::String(text) if text.is_empty() => {
                    Err("`contains` needs something to look for, everything contains an empty text".to_owned())
                }
                other => Ok(Expected::Contains(other)),
            },
            Self::Matches => {
                let pattern = pattern::build(&self.text(expected)?)?;
                if pattern::matches_all(&pattern) {
                    return Err(format!("`matches` needs a pattern that some text does not match, `{pattern}` matches every text"));
                }
                Ok(Expected::Matches(pattern))
            }
            Self::StartsWith => Ok(Expected::StartsWith(self.text(expected)?)),
            Self::EndsWith => Ok(Expected::EndsWith(self.text(expected)?)),
            Self::In => match expected {
                Data::Array(items) if items.is_empty() => Err("`in` needs at least one value, this list is empty".to_owned()),
                Data::Array(items) => Ok(Expected::In(items.into_iter().map(|item| self.unit(subject, item)).collect::<Result<_, _>>()?)),
                other => Err(self.needs("a list", &other)),
            },
            Self::Rank(rank) => Ok(Expected::Rank(rank, self.number(subject, expected)?)),
            Self::Between => match expected {
                Data::Array(items) => match <[Data; 2]>::try_from(items) {
                    Ok([from, to]) => {
                        let (from, to) = (self.number(subject, from)?, self.number(subject, to)?);
                        if judge::order(&from, &to).is_gt() {
                            return Err(format!("`between` needs the lower bound first, got {from} and {to}"));
                        }
                        Ok(Expected::Between(from, to))
                    }
                    Err(items) => Err(format!("`between` needs a list of 2 numbers, this has {}", items.len())),
                },
                other => Err(self.needs("a list of 2 numbers", &other)),
            },
        }
    }

    fn needs(self, wanted: &str, found: &Data) -> String {
        let quotes = match found {
            Data::String(text) if wanted == "a number" && text.trim().parse::<f64>().is_ok() => "; remove the quotes",
            Data::Number(_) | Data::Bool(_) if wanted == "text" => "; put it in quotes",
            _ => "",
        };
        format!("`{}` needs {wanted}, got {}{quotes}", self.key(), describe::typed(found))
    }

    /// A text that must not be empty: every text begins, ends and matches with an empty one.
    fn text(self, expected: Data) -> Result<String, String> {
        match expected {
            Data::String(text) if text.is_empty() => Err(format!("`{}` needs a text, this is empty and would always hold", self.key())),
            Data::String(text) => Ok(text),
            other => Err(self.needs("text", &other)),
        }
    }

    fn number(self, subject: Subject, expected: Data) -> Result<Number, String> {
        match self.unit(subject, expected)? {
            Data::Number(number) => Ok(number),
            other => Err(self.needs("a number", &other)),
        }
    }

    /// Seconds, where a duration is expected.
    fn unit(self, subject: Subject, expected: Data) -> Result<Data, String> {
        match (subject, expected) {
            (Subject::Any, expected) => Ok(expected),
            (Subject::Duration, Data::String(text)) => {
                duration::parse(&text).map(|length| Data::from(length.as_secs_f64())).map_err(|error| error.to_string())
            }
            (Subject::Duration, Data::Number(number)) => Err(duration::DurationError::NoUnit(number.to_string()).to_string()),
            (Subject::Duration, other) => Err(self.needs("a duration", &other)),
        }
    }
}

/// What is expected of one value.
#[derive(Debug, Clone)]
pub(super) enum Expected {
    Equals(Data),
    Contains(Data),
    Matches(Regex),
    StartsWith(String),
    EndsWith(String),
    In(Vec<Data>),
    Rank(Rank, Number),
    Between(Number, Number),
    Type(String),
    Exists(bool),
    Empty(bool),
}

impl Expected {
    /// How it reads after "expected"; `show` shows a value.
    pub(super) fn phrase(&self, negated: bool, show: &dyn Fn(&Data) -> String) -> String {
        let number = |number: &Number| show(&Data::Number(number.clone()));
        let text = |text: &str| show(&Data::from(text));
        let list = |items: &[Data]| items.iter().map(show).collect::<Vec<_>>().join(", ");
        let (plain, opposite) = match self {
            Self::Equals(data) => (show(data), format!("anything but {}", show(data))),
            Self::Contains(data) => (format!("something that contains {}", show(data)), format!("something without {} in it", show(data))),
            Self::Matches(pattern) => {
                (format!("text that matches {}", text(pattern.as_str())), format!("text that does not match {}", text(pattern.as_str())))
            }
            Self::StartsWith(start) => {
                (format!("text that starts with {}", text(start)), format!("text that does not start with {}", text(start)))
            }
            Self::EndsWith(end) => (format!("text that ends with {}", text(end)), format!("text that does not end with {}", text(end))),
            Self::In(items) => (format!("one of {}", describe::cut(&list(items))), format!("none of {}", describe::cut(&list(items)))),
            Self::Rank(rank, bound) => {
                (format!("a number {} {}", rank.words(), number(bound)), format!("a number not {} {}", rank.words(), number(bound)))
            }
            Self::Between(from, to) => (
                format!("a number from {} to {}", number(from), number(to)),
                format!("a number outside {} to {}", number(from), number(to)),
            ),
            Self::Type(name) => (format!("a value of type {name}"), format!("a value of any type but {name}")),
            Self::Exists(wanted) => return (if *wanted == negated { "nothing to be found" } else { "something to be found" }).to_owned(),
            Self::Empty(wanted) => return (if *wanted == negated { "something that is not empty" } else { "something empty" }).to_owned(),
        };
        if negated { opposite } else { plain }
    }

    /// The text that a search for near lines should look for.
    pub(super) fn wanted(&self) -> Option<String> {
        match self {
            Self::Equals(Data::String(text)) | Self::Contains(Data::String(text)) | Self::StartsWith(text) | Self::EndsWith(text) => {
                Some(text.clone())
            }
            Self::Matches(pattern) => Some(nearest::literals(pattern.as_str())),
            Self::Equals(_)
            | Self::Contains(_)
            | Self::In(_)
            | Self::Rank(..)
            | Self::Between(..)
            | Self::Type(_)
            | Self::Exists(_)
            | Self::Empty(_) => None,
        }
    }
}
