//! Regular expressions that users write, as texts that may hold templates. Matching is linear in the answer.

use crate::base::diagnostic::Diagnostic;
use crate::base::place::Placed;
use crate::base::text::one_line;
use crate::eval::scope::Scope;
use crate::eval::template::{FreeName, Template};
use crate::record::fault::{Fault, FaultKind};
use regex::{Regex, RegexBuilder};

/// Memory that one compiled pattern may take, in bytes.
const COMPILED: usize = 4 << 20;

/// Brackets within each other.
const NESTED: u32 = 50;

/// The longest pattern, in bytes.
const LONGEST: usize = 16 << 10;

/// A regular expression. One without a template is compiled when it is checked.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    text: Template,
    ready: Option<Regex>,
}

impl Pattern {
    /// Checks a pattern.
    pub(super) fn compile(source: &Placed<String>) -> Result<Self, Diagnostic> {
        let text = Template::compile(source)?;
        let ready = if text.is_literal() {
            Some(build(text.source()).map_err(|sentence| Diagnostic::error(text.place(), sentence))?)
        } else {
            None
        };
        Ok(Self { text, ready })
    }

    /// The pattern, with its template rendered.
    pub(super) fn get(&self, scope: &Scope) -> Result<Regex, Fault> {
        match &self.ready {
            Some(ready) => Ok(ready.clone()),
            None => build(&self.text.render(scope)?)
                .map_err(|sentence| Fault::new(FaultKind::Template, format!("{sentence} ({})", self.text.place()))),
        }
    }

    /// The pattern, where nothing in it has to be rendered.
    pub(super) fn ready(&self) -> Option<&Regex> {
        self.ready.as_ref()
    }

    /// The pattern as written.
    pub(super) fn source(&self) -> &str {
        self.text.source()
    }

    pub(super) fn free_names(&self) -> &[FreeName] {
        self.text.free_names()
    }
}

/// Whether a pattern matches every text: nothing at all, and a text that nobody thinks of.
pub(super) fn matches_all(pattern: &Regex) -> bool {
    pattern.is_match("") && pattern.is_match("\u{1}\n\u{1}")
}

/// Compiles a rendered pattern; the error is a sentence.
pub(super) fn build(pattern: &str) -> Result<Regex, String> {
    let shown = one_line(pattern, 80);
    if pattern.len() > LONGEST {
        return Err(format!("the regular expression `{shown}` is longer than 16 KiB"));
    }
    let built = RegexBuilder::new(pattern).size_limit(COMPILED).dfa_size_limit(COMPILED).nest_limit(NESTED).build();
    built.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => format!("the regular expression `{shown}` repeats too much to be compiled"),
        other => {
            // The engine draws a picture of several lines; its last line says what is wrong.
            let drawn = other.to_string();
            let reason = drawn.lines().last().unwrap_or_default().trim().trim_start_matches("error: ");
            format!("`{shown}` is not a regular expression: {reason}")
        }
    })
}
