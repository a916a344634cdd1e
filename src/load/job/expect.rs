//! `expect_error`: the error that is the right answer.

use super::{operator, vacuous};
use crate::base::diagnostic::Diagnostic;
use crate::base::place::Placed;
use crate::base::text;
use crate::load::complaints::Complaints;
use crate::load::fields::Fields;
use crate::load::scalar::Dialect;
use crate::model::step::ExpectError;
use crate::model::yaml::Entry;
use crate::record::expected::{KINDS, PHASES};

/// Reads `expect_error`.
pub(super) fn read(entry: &Entry, complaints: &Complaints) -> Option<ExpectError> {
    let mut fields = Fields::of(&entry.value, "`expect_error`", Dialect::Job, complaints)?;
    let phase = fields.filled("phase").filter(|word| known(word, "phase", PHASES.iter().map(|(word, _)| *word), complaints));
    let kind = fields.filled("kind").filter(|word| known(word, "kind", KINDS.iter().map(|(word, _)| *word), complaints));
    let matches = fields.filled("matches").filter(|pattern| operator::regex(pattern, complaints).is_some());
    let said = ["phase", "kind", "matches"].iter().any(|key| fields.has(key));
    let rest = fields.rest().next().is_some();
    fields.finish();
    if !said && !rest {
        let complaint = Diagnostic::error(&entry.key.place, "`expect_error` says nothing: any error at all would be right");
        complaints.add(complaint.hint("say at least one of `phase`, `kind` and `matches`"));
    }
    if let Some(pattern) = matches.as_ref().filter(|pattern| vacuous::matches_all(&pattern.value)) {
        complaints.error(&pattern.place, "`matches` always holds with this: every text does so");
    }
    Some(ExpectError { place: entry.key.place.clone(), phase, kind, matches })
}

fn known<'a>(word: &Placed<String>, key: &str, words: impl Iterator<Item = &'a str> + Clone, complaints: &Complaints) -> bool {
    let is_known = words.clone().any(|known| known == word.value);
    if !is_known {
        let message = format!("`{key}` wants one of {}, found `{}`", text::names(words.clone()), text::one_line(&word.value, 40));
        complaints.add(Diagnostic::error(&word.place, message).did_you_mean(text::nearest(&word.value, words)));
    }
    is_known
}
