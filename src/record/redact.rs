//! The one redactor: takes secrets out of everything that leaves.

use crate::base::secret::Secret;
use crate::base::text;
use crate::record::event::{Attempt, Event, Fact};
use crate::record::fault::Fault;
use serde_json::Value;
use std::borrow::Cow;

/// Replaces known secrets in texts. Names, keys and identities are never rewritten.
#[derive(Debug, Clone, Default)]
pub struct Redactor {
    /// Longest first, so that a secret that contains another is replaced whole.
    secrets: Vec<Secret>,
}

impl Redactor {
    /// What stands where a secret stood.
    pub const MASK: &'static str = "********";

    /// The shortest secret that is masked everywhere. Masking a shorter one, or a word that the testbed uses in the
    /// open, would destroy the reports.
    pub const SHORTEST: usize = 6;

    /// The shortest part of a cut secret that is masked.
    const FRAGMENT: usize = 4;

    /// Masks `secrets`, apart from those that are too short or are `words` that appear in the open (`cisco`, `admin`).
    #[must_use]
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a Secret>, words: &[&str]) -> Self {
        let masked = |secret: &&Secret| secret.reveal().chars().count() >= Self::SHORTEST && !words.contains(&secret.reveal());
        let mut secrets: Vec<Secret> = secrets.into_iter().filter(masked).cloned().collect();
        secrets.sort_by(|a, b| b.reveal().len().cmp(&a.reveal().len()).then_with(|| a.reveal().cmp(b.reveal())));
        secrets.dedup();
        Self { secrets }
    }

    /// The text without secrets.
    #[must_use]
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut redacted = Cow::Borrowed(text);
        for secret in &self.secrets {
            if redacted.contains(secret.reveal()) {
                redacted = Cow::Owned(redacted.replace(secret.reveal(), Self::MASK));
            }
        }
        redacted
    }

    /// Takes secrets out of everything in an event that came from a user's data or from a device.
    pub fn event(&self, event: &mut Event) {
        if self.secrets.is_empty() {
            return;
        }
        match &mut event.fact {
            Fact::Attempted(attempt) => self.attempt(attempt),
            Fact::StepSkipped { reason, .. } => self.replace(reason),
            Fact::Logged { text, .. } => self.replace(text),
            Fact::CellFinished { outcome, .. } => {
                if let Some(reason) = &mut outcome.reason {
                    self.replace(&mut reason.message);
                }
            }
            Fact::RunStarted(_) | Fact::CellStarted { .. } | Fact::Interrupted { .. } | Fact::RunFinished { .. } => {}
        }
    }

    fn attempt(&self, attempt: &mut Attempt) {
        self.replace(&mut attempt.step.name);
        for text in attempt.item.iter_mut().chain(attempt.asked.iter_mut()) {
            self.replace(text);
        }
        self.replace(&mut attempt.problem);
        if let Some(answer) = &mut attempt.answer {
            self.replace(&mut answer.head);
            self.replace(&mut answer.tail);
            self.replace(&mut answer.stderr);
        }
        for check in &mut attempt.checks {
            for text in
                [&mut check.sentence, &mut check.source, &mut check.expected, &mut check.actual].into_iter().chain(&mut check.nearest)
            {
                self.replace(text);
            }
        }
        if let Some(fault) = &mut attempt.fault {
            self.fault(fault);
        }
        for (_, value) in &mut attempt.captured {
            self.data(value);
        }
    }

    fn fault(&self, fault: &mut Fault) {
        self.replace(&mut fault.message);
        fault.hint.iter_mut().for_each(|hint| self.replace(hint));
        self.replace(&mut fault.tail);
        self.mask_cut_start(&mut fault.tail);
    }

    fn data(&self, value: &mut Value) {
        match value {
            Value::String(text) => self.replace(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.data(item)),
            Value::Object(entries) => entries.iter_mut().for_each(|(_, value)| self.data(value)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Terminal sequences are taken out first: within a secret they would hide it, and a reader would see it whole.
    fn replace(&self, text: &mut String) {
        let seen = text::plain(text);
        let redacted = self.text(&seen);
        if redacted != *text {
            *text = redacted.into_owned();
        }
    }

    /// Masks the end of a secret where a text begins that was cut.
    fn mask_cut_start(&self, text: &mut String) {
        let begins_with_end = |secret: &str| {
            let ends = secret.char_indices().skip(1).map(|(at, _)| &secret[at..]);
            ends.filter(|end| end.chars().count() >= Self::FRAGMENT).find(|end| text.starts_with(*end)).map(str::len)
        };
        if let Some(length) = self.secrets.iter().filter_map(|secret| begins_with_end(secret.reveal())).max() {
            text.replace_range(..length, Self::MASK);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_whole_and_short_or_open_words_are_not() {
        let secrets = [Secret::new("hunter2"), Secret::new("hunter2-long"), Secret::new("lab"), Secret::new("cisco1")];
        let redactor = Redactor::new(&secrets, &["cisco1"]);
        assert_eq!(redactor.text("hunter2-long hunter2 lab cisco1"), "******** ******** lab cisco1");
    }

    #[test]
    fn a_secret_hidden_by_terminal_sequences_or_cut_in_half_is_masked_too() {
        let redactor = Redactor::new(&[Secret::new("hunter2")], &[]);
        let mut fault = Fault::new(crate::record::fault::FaultKind::Lost, "said hun\x1b[0mter2").after(b"ter2\nlogin:");
        redactor.fault(&mut fault);
        assert_eq!((fault.message.as_str(), fault.tail.as_str()), ("said ********", "********\nlogin:"));
    }
}
