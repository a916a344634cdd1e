//! `expect_error`: whether an error is the one that a step expects.

use crate::base::diagnostic::Diagnostic;
use crate::eval::pattern::{self, Pattern};
use crate::eval::scope::Scope;
use crate::eval::template::FreeName;
use crate::model::step::ExpectError;
use crate::record::expected::{ExpectedPhase, KINDS, PHASES, can_be_expected};
use crate::record::fault::{Fault, FaultKind};

/// The error that is the right answer.
#[derive(Debug, Clone)]
pub struct Expectation {
    phase: Option<(&'static str, ExpectedPhase)>,
    kind: Option<(&'static str, FaultKind)>,
    matches: Option<Pattern>,
    place: String,
}

impl Expectation {
    /// Checks an expectation.
    ///
    /// # Errors
    /// Its pattern is none.
    pub fn compile(written: &ExpectError) -> Result<Self, Vec<Diagnostic>> {
        let phase = written.phase.as_ref().and_then(|word| PHASES.into_iter().find(|(known, _)| *known == word.value));
        let kind = written.kind.as_ref().and_then(|word| KINDS.into_iter().find(|(known, _)| *known == word.value));
        let matches = written.matches.as_ref().map(Pattern::compile).transpose().map_err(|complaint| vec![complaint])?;
        Ok(Self { phase, kind, matches, place: written.place.to_string() })
    }

    /// Whether this fault was meant.
    ///
    /// # Errors
    /// The pattern cannot be rendered, or matches whatever is said.
    pub fn holds(&self, fault: &Fault, scope: &Scope) -> Result<bool, Fault> {
        let fits = can_be_expected(fault.kind)
            && self.phase.is_none_or(|(_, phase)| phase.has(fault))
            && self.kind.is_none_or(|(_, kind)| fault.kind == kind);
        match &self.matches {
            Some(pattern) if fits => {
                let rendered = pattern.get(scope)?;
                if pattern::matches_all(&rendered) {
                    let sentence = format!("`matches` needs a pattern that some text does not match, `{rendered}` matches every text");
                    return Err(Fault::new(FaultKind::Template, sentence));
                }
                Ok(rendered.is_match(&fault.message))
            }
            Some(_) | None => Ok(fits),
        }
    }

    /// What is expected, for messages: "an error in phase `auth` that matches `denied`".
    #[must_use]
    pub fn describe(&self) -> String {
        let phase = self.phase.map(|(word, _)| format!(" in phase `{word}`")).unwrap_or_default();
        let kind = self.kind.map(|(word, _)| format!(" of kind `{word}`")).unwrap_or_default();
        let matches = self.matches.as_ref().map(|pattern| format!(" that matches `{}`", pattern.source())).unwrap_or_default();
        format!("an error{phase}{kind}{matches}")
    }

    /// Where it stands: `job.yaml:12:9`.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// The names that its pattern uses.
    #[must_use]
    pub fn free_names(&self) -> &[FreeName] {
        self.matches.as_ref().map_or(&[], Pattern::free_names)
    }
}
