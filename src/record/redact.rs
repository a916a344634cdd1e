//! The one redactor: takes secrets out of everything that leaves.

use crate::base::secret::Secret;
use crate::base::text;
use crate::record::event::{Attempt, Event, Fact};
use crate::record::fault::Fault;
use crate::record::find::Finder;
use serde_json::Value;
use std::borrow::Cow;

/// Replaces known secrets in texts. Names, keys and identities are never rewritten.
#[derive(Debug, Clone, Default)]
pub struct Redactor {
    finder: Finder,
    unmasked: usize,
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
        let masked = |secret: &&Secret| Self::masks(secret, words);
        let given = secrets.into_iter().filter(|secret| !secret.reveal().is_empty());
        let (secrets, mut unmasked): (Vec<&Secret>, Vec<&Secret>) = given.partition(masked);
        unmasked.sort_by(|a, b| a.reveal().cmp(b.reveal()));
        unmasked.dedup();
        Self { finder: Finder::new(secrets, Self::SHORTEST), unmasked: unmasked.len() }
    }

    /// Whether a secret can be masked beside words that appear in the open.
    #[must_use]
    pub fn masks(secret: &Secret, words: &[&str]) -> bool {
        secret.reveal().chars().count() >= Self::SHORTEST && !words.contains(&secret.reveal())
    }

    /// How many secrets are not masked, because they are too short or words that appear in the open.
    #[must_use]
    pub fn unmasked(&self) -> usize {
        self.unmasked
    }

    /// The text without secrets.
    #[must_use]
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut redacted = String::new();
        let mut done = 0;
        while let Some(secret) = self.finder.next(text, done) {
            redacted.push_str(&text[done..secret.start]);
            redacted.push_str(Self::MASK);
            done = secret.end;
        }
        if done == 0 { Cow::Borrowed(text) } else { Cow::Owned(redacted + &text[done..]) }
    }

    /// The text as a reader would see it, without secrets and without the parts of secrets where it was cut.
    #[must_use]
    pub fn sentence(&self, text: &str) -> String {
        let mut text = text.to_owned();
        self.replace(&mut text);
        text
    }

    /// What finds the secrets that are masked.
    pub(super) fn finder(&self) -> &Finder {
        &self.finder
    }

    /// The text, which was cut out of a longer one, without secrets and without the parts of secrets at its ends.
    #[must_use]
    pub fn fragment(&self, text: &str) -> String {
        let mut text = text.to_owned();
        self.replace(&mut text);
        self.mask_cut_start(&mut text);
        if let Some(from) = self.begun_at_end(&text) {
            text.replace_range(from.., Self::MASK);
        }
        text
    }

    /// Takes secrets out of everything in an event that came from a user's data or from a device.
    pub fn event(&self, event: &mut Event) {
        if self.finder.is_empty() {
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
            Fact::RunStarted(_)
            | Fact::CellStarted { .. }
            | Fact::Reopened { .. }
            | Fact::Interrupted { .. }
            | Fact::RunFinished { .. } => {}
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
        let cut = self.without_cut_secrets(&redacted);
        let redacted = cut.unwrap_or_else(|| redacted.into_owned());
        if redacted != *text {
            *text = redacted;
        }
    }

    /// The text without the parts of secrets before and after each `...`, which stands where a text was cut; `None` when
    /// there are none.
    fn without_cut_secrets(&self, text: &str) -> Option<String> {
        let mut masked = String::new();
        let mut done = 0;
        for (start, end) in cuts(text) {
            if start < done {
                // It is part of what was masked: a secret may hold dots.
                continue;
            }
            // A cut text may end in a dot of its own, and may have been cut twice.
            let ends = (start.max(end.saturating_sub(2 * CUT.len()))..=end - CUT.len()).rev();
            let begun = ends.filter_map(|at| self.begun_at_end(&text[..at])).min();
            let begun = begun.or_else(|| self.begun_at_end(text[..start].trim_end_matches(' '))).filter(|from| *from >= done);
            if let Some(from) = begun {
                masked.push_str(&text[done..from]);
                masked.push_str(Self::MASK);
                done = start.max(from);
            }
            let after = text[end..].trim_start_matches(' ');
            if let Some(length) = self.ended_at_start(after) {
                let from = text.len() - after.len();
                masked.push_str(&text[done..from]);
                masked.push_str(Self::MASK);
                done = from + length;
            }
        }
        (done > 0).then(|| masked + &text[done..])
    }

    /// Masks the end of a secret where a text begins that was cut.
    fn mask_cut_start(&self, text: &mut String) {
        if let Some(length) = self.ended_at_start(text) {
            text.replace_range(..length, Self::MASK);
        }
    }

    /// How much of the text's beginning is the end of a secret.
    fn ended_at_start(&self, text: &str) -> Option<usize> {
        let begins_with_end = |secret: &str| {
            let ends = secret.char_indices().skip(1).map(|(at, _)| &secret[at..]);
            ends.filter(|end| end.chars().count() >= Self::FRAGMENT).find(|end| text.starts_with(*end)).map(str::len)
        };
        self.finder.forms().filter_map(begins_with_end).max()
    }

    /// Where the beginning of a secret stands at the text's end.
    pub(super) fn begun_at_end(&self, text: &str) -> Option<usize> {
        let ends_with_beginning = |secret: &str| {
            let beginnings = secret.char_indices().skip(Self::FRAGMENT).map(|(at, _)| &secret[..at]);
            beginnings.filter(|beginning| text.ends_with(*beginning)).last().map(|beginning| text.len() - beginning.len())
        };
        self.finder.forms().filter_map(ends_with_beginning).min()
    }
}

/// What stands where a text was cut.
const CUT: &str = "...";

/// The runs of dots that may say that a text was cut: where each begins and ends.
fn cuts(text: &str) -> impl Iterator<Item = (usize, usize)> + '_ {
    let mut from = 0;
    std::iter::from_fn(move || {
        let start = from + text[from..].find(CUT)?;
        let end = text[start..].find(|c| c != '.').map_or(text.len(), |length| start + length);
        from = end;
        Some((start, end))
    })
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

    #[test]
    fn no_part_of_a_secret_stays_where_a_text_was_cut() {
        let secret = "qzx7-\"Wv!  .kd9";
        let redactor = Redactor::new(&[Secret::new(secret), Secret::new("another-one")], &[]);
        for length in 8..60 {
            let whole = format!("some words and {secret} and more of them, up to the end of the text");
            let json = Value::from(whole.as_str()).to_string();
            for mut cut in [
                text::one_line(&whole, length),
                text::one_line(&text::one_line(&whole, length), length - 2),
                format!("`{}` (text)", text::one_line(&whole, length)),
                format!("{} ... {}", text::one_line(&whole[..length.min(31)], 80), &whole[length.min(31)..]),
                text::one_line(&json, length),
            ] {
                let before = cut.clone();
                redactor.replace(&mut cut);
                assert!(!cut.contains("qzx7") && !cut.contains(".kd9"), "{before} became {cut}");
            }
        }
        assert_eq!(redactor.fragment("kd9 qzx7-\"W and .kd9 qzx7-\"W"), "kd9 qzx7-\"W and .kd9 ********");
        assert_eq!(redactor.fragment(" .kd9 and qzx7"), "******** and ********");
        let mut kept = "wait... and another day......".to_owned();
        redactor.replace(&mut kept);
        assert_eq!(kept, "wait... and another day......");
    }

    #[test]
    fn secrets_that_are_not_masked_are_counted_once() {
        let secrets = ["lab", "lab", "cisco1", "hunter2", ""].map(Secret::new);
        assert_eq!(Redactor::new(&secrets, &["cisco1"]).unmasked(), 2);
    }

    proptest::proptest! {
        #[test]
        fn whatever_a_text_and_its_secrets_are_no_secret_stays(text in "[.ab ä]{0,60}", secrets in proptest::collection::vec("[.ab ä]{6,12}", 0..4)) {
            let secrets: Vec<Secret> = secrets.into_iter().map(Secret::new).collect();
            let redactor = Redactor::new(&secrets, &[]);
            let mut redacted = text.clone();
            redactor.replace(&mut redacted);
            for shown in [redacted, redactor.fragment(&text)] {
                proptest::prop_assert!(secrets.iter().all(|secret| !shown.contains(secret.reveal())), "{} in {}", text, shown);
            }
        }
    }
}
