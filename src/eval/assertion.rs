//! Assertions: a value, and what must hold of it.

use crate::base::Data;
use crate::base::diagnostic::Diagnostic;
use crate::base::place::Place;
use crate::eval::describe;
use crate::eval::expected::Subject;
use crate::eval::extract::{Evidence, Extractor, Found};
use crate::eval::judge::Verdict;
use crate::eval::nearest;
use crate::eval::operator::{Operator, Outcome, Ready, Seen};
use crate::eval::scope::Scope;
use crate::eval::template::{FreeName, Template};
use crate::model::assertion::Assertion as Written;
use crate::record::check::Check;
use crate::record::fault::Fault;

/// An assertion, checked.
#[derive(Debug, Clone)]
pub struct Assertion {
    extractor: Extractor,
    operator: Operator,
    message: Option<Template>,
    place: Place,
}

impl Assertion {
    /// Checks an assertion.
    ///
    /// # Errors
    /// Everything in it that does not compile, and expected values that the operator can never be given.
    pub fn compile(written: &Written) -> Result<Self, Vec<Diagnostic>> {
        let mut diagnostics = Vec::new();
        let extractor = Extractor::compile(&written.extract).map_err(|mut all| diagnostics.append(&mut all)).ok();
        let subject = match &extractor {
            Some(extractor) if extractor.is_duration() => Subject::Duration,
            _ => Subject::Any,
        };
        let operator = Operator::compile(&written.operator, subject).map_err(|mut all| diagnostics.append(&mut all)).ok();
        let message = match written.message.as_ref().map(Template::compile).transpose() {
            Ok(message) => message,
            Err(diagnostic) => {
                diagnostics.push(diagnostic);
                None
            }
        };
        if let (Some(extractor), Some(operator)) = (&extractor, &operator) {
            diagnostics.extend(pointless(extractor, operator, &written.operator.place));
        }
        match (extractor, operator) {
            (Some(extractor), Some(operator)) if diagnostics.is_empty() => {
                Ok(Self { extractor, operator, message, place: written.extract.place.clone() })
            }
            _ => Err(diagnostics),
        }
    }

    /// Judges an answer. What does not hold is a check that says so, whatever the reason; only what the user wrote can be
    /// at fault.
    ///
    /// # Errors
    /// A fault of the kind template: a template of the assertion cannot be rendered, or renders to what its operator
    /// cannot take.
    pub fn judge(&self, evidence: &Evidence<'_>, scope: &Scope) -> Result<Check, Fault> {
        let ready = self.operator.ready(scope)?;
        let found = self.extractor.extract(evidence, scope)?;
        let (outcome, actual) = match &found {
            Found::Nothing => (ready.judge(Seen::Nothing), "nothing".to_owned()),
            Found::One(data) => (ready.judge(Seen::One(data)), describe::labelled(data)),
            Found::Many(items) => {
                let some = Data::Array(items.iter().take(100).cloned().collect());
                (ready.judge(Seen::Many(items)), describe::labelled(&some))
            }
            Found::Unusable(sentence) => (Outcome { verdict: Verdict::Unfit, got: sentence.clone() }, "nothing".to_owned()),
        };
        let held = outcome.verdict == Verdict::Held;
        let joint = if matches!(found, Found::Unusable(_)) { "but" } else { "got" };
        let sentence = format!("expected {}, {joint} {}", ready.phrase(&describe::shown), outcome.got);
        Ok(Check {
            held,
            sentence: if held { sentence } else { self.with_message(sentence, scope) },
            source: self.extractor.shown(),
            expected: ready.phrase(&describe::labelled),
            actual,
            place: self.place.to_string(),
            nearest: if held { Vec::new() } else { self.nearest(&ready, &found, evidence) },
        })
    }

    /// The user's own message stands before the sentence; one that cannot be rendered stands there as written, so that
    /// it does not hide what failed.
    fn with_message(&self, sentence: String, scope: &Scope) -> String {
        match &self.message {
            None => sentence,
            Some(message) => format!("{}: {sentence}", message.render(scope).unwrap_or_else(|_| message.source().to_owned())),
        }
    }

    fn nearest(&self, ready: &Ready, found: &Found, evidence: &Evidence<'_>) -> Vec<String> {
        let wanted = match found {
            Found::Nothing => self.extractor.wanted().map(|wanted| nearest::literals(&wanted)),
            Found::One(_) | Found::Many(_) | Found::Unusable(_) => ready.wanted(),
        };
        match (self.extractor.searched(evidence), wanted) {
            (Some(text), Some(wanted)) => nearest::nearest(text, &wanted),
            _ => Vec::new(),
        }
    }

    /// Where it stands.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The names that it needs from outside.
    #[must_use]
    pub fn free_names(&self) -> Vec<FreeName> {
        let message = self.message.iter().flat_map(Template::free_names).cloned();
        self.extractor.free_names().into_iter().chain(self.operator.free_names()).chain(message).collect()
    }
}

/// An operator that says nothing about what its source finds.
fn pointless(extractor: &Extractor, operator: &Operator, place: &Place) -> Option<Diagnostic> {
    let source = extractor.shown();
    if operator.asks_existence() && extractor.always_finds() {
        let message = format!("`exists` says nothing about `{source}`, which is always there");
        return Some(Diagnostic::error(place, message).hint("`empty` tells whether there is anything in it"));
    }
    if operator.counts() && !extractor.can_find_several() {
        let message = format!("`count` says nothing about `{source}`, which finds one value at most");
        return Some(Diagnostic::error(place, message).hint("parse the answer and count with `jsonpath`, or count `lines`"));
    }
    None
}
