//! A call of a service, as a value.

use crate::base::Data;
use indexmap::IndexMap;
use std::borrow::Cow;

/// A service's name and its arguments, rendered and ready to send.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The service: `execute`, `configure`, ...
    pub service: Cow<'static, str>,
    /// Its arguments by name.
    pub arguments: IndexMap<String, Data>,
}

impl Call {
    /// Calls a service, so far without arguments.
    ///
    /// ```
    /// use runner::Call;
    ///
    /// let call = Call::new("get").with("path", "/status").with("depth", 2);
    /// assert_eq!(call.text("path"), Some("/status"));
    /// ```
    #[must_use]
    pub fn new(service: impl Into<Cow<'static, str>>) -> Self {
        Self { service: service.into(), arguments: IndexMap::new() }
    }

    /// Adds an argument, or replaces the one of that name.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<Data>) -> Self {
        self.arguments.insert(name.into(), value.into());
        self
    }

    /// Runs one command: service `execute`, argument `command`.
    #[must_use]
    pub fn execute(command: impl Into<String>) -> Self {
        Self { service: Cow::Borrowed("execute"), arguments: IndexMap::from([("command".to_owned(), Data::String(command.into()))]) }
    }

    /// Sends lines to the configuration mode: service `configure`, argument `lines`.
    #[must_use]
    pub fn configure(lines: impl IntoIterator<Item = String>) -> Self {
        let lines = Data::Array(lines.into_iter().map(Data::String).collect());
        Self { service: Cow::Borrowed("configure"), arguments: IndexMap::from([("lines".to_owned(), lines)]) }
    }

    /// The argument of that name, where it is a text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.arguments.get(name).and_then(Data::as_str)
    }

    /// The texts of the argument of that name, where it is a list of texts.
    #[must_use]
    pub fn texts(&self, name: &str) -> Option<Vec<&str>> {
        self.arguments.get(name).and_then(Data::as_array)?.iter().map(Data::as_str).collect()
    }

    /// What was asked, for reports: the command itself where there is one.
    #[must_use]
    pub fn shown(&self) -> String {
        if let Some(command) = self.text("command") {
            return command.to_owned();
        }
        if let Some(lines) = self.texts("lines") {
            return format!("{}: {}", self.service, lines.join("; "));
        }
        self.service.clone().into_owned()
    }
}
