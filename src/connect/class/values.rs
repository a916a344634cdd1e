//! The values of a class's options.

use indexmap::IndexMap;
use std::time::Duration;

/// The options that a user set, by name, each of the kind that the class declares.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Options(pub IndexMap<&'static str, OptionValue>);

impl Options {
    /// The text of an option of the kinds text, choice and file.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.0.get(name) {
            Some(OptionValue::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The value of a switch; `None` when it is not set.
    #[must_use]
    pub fn switch(&self, name: &str) -> Option<bool> {
        match self.0.get(name) {
            Some(OptionValue::Switch(value)) => Some(*value),
            _ => None,
        }
    }

    /// The value of a count.
    #[must_use]
    pub fn count(&self, name: &str) -> Option<u32> {
        match self.0.get(name) {
            Some(OptionValue::Count(value)) => Some(*value),
            _ => None,
        }
    }

    /// The value of a duration.
    #[must_use]
    pub fn duration(&self, name: &str) -> Option<Duration> {
        match self.0.get(name) {
            Some(OptionValue::Duration(value)) => Some(*value),
            _ => None,
        }
    }
}

/// The value of an option.
#[derive(Debug, Clone, PartialEq)]
pub enum OptionValue {
    /// Of the kinds text, choice and file.
    Text(String),
    /// Of the kind switch.
    Switch(bool),
    /// Of the kind count.
    Count(u32),
    /// Of the kind duration.
    Duration(Duration),
}

impl From<&str> for OptionValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for OptionValue {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for OptionValue {
    fn from(switch: bool) -> Self {
        Self::Switch(switch)
    }
}

impl From<u32> for OptionValue {
    fn from(count: u32) -> Self {
        Self::Count(count)
    }
}

impl From<Duration> for OptionValue {
    fn from(duration: Duration) -> Self {
        Self::Duration(duration)
    }
}
