//! What a ledger keeps of a run that says more than anybody reads: the first of everything, and how many followed.

use crate::base::Data;
use crate::base::text;
use crate::record::event::{AnswerRecord, Attempt};

/// The first things of a cell, within limits, and how many were left out after them.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept<T> {
    items: Vec<T>,
    bytes: usize,
    left_out: usize,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self { items: Vec::new(), bytes: 0, left_out: 0 }
    }
}

impl<T> Kept<T> {
    /// The most bytes of one cell's texts of a kind.
    pub const BYTES: usize = 1024 * 1024;

    /// What was kept, in order.
    #[must_use]
    pub fn items(&self) -> &[T] {
        &self.items
    }

    /// How many there were, kept or not.
    #[must_use]
    pub fn count(&self) -> usize {
        self.items.len() + self.left_out
    }

    /// How many were left out.
    #[must_use]
    pub fn left_out(&self) -> usize {
        self.left_out
    }

    /// Keeps an item of that many bytes unless there are `most` already or it does not fit. After one that was left out
    /// all are, so that those that stay are the first.
    pub(super) fn offer(&mut self, item: T, bytes: usize, most: usize) {
        if self.left_out > 0 || self.items.len() >= most || bytes > Self::BYTES - self.bytes {
            self.left_out += 1;
        } else {
            self.bytes += bytes;
            self.items.push(item);
        }
    }

    /// Counts one that is not even offered.
    pub(super) fn leave_out(&mut self) {
        self.left_out += 1;
    }
}

/// How much a run may still keep of its faulty attempts as they came.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Budget {
    left: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { left: Self::WHOLE }
    }
}

impl Budget {
    /// The most faulty attempts of a cell that are kept.
    const ATTEMPTS: usize = 20;

    /// The bytes that all faulty attempts together may take before they shrink.
    pub(super) const WHOLE: usize = 64 * 1024 * 1024;

    /// The most bytes of each text of an attempt beyond it.
    const SHRUNK: usize = 1024;

    /// The most checks of an attempt beyond it.
    const CHECKS: usize = 2;

    /// Keeps an attempt that explains its cell: whole within the budget; beyond it, only the first one of each cell, with
    /// its texts cut.
    pub(super) fn keep(&mut self, attempt: &Attempt, faulty: &mut Kept<Attempt>) {
        if faulty.count() >= Self::ATTEMPTS {
            return faulty.leave_out();
        }
        let mut attempt = attempt.clone();
        // Only values of good attempts are told.
        attempt.captured.clear();
        let size = size(&attempt);
        if size <= self.left {
            self.left -= size;
        } else if faulty.count() > 0 {
            return faulty.leave_out();
        } else {
            shrink(&mut attempt);
        }
        faulty.offer(attempt, 0, Self::ATTEMPTS);
    }
}

/// Bytes of an attempt's texts that may be large.
fn size(attempt: &Attempt) -> usize {
    let answer = attempt.answer.as_ref().map_or(0, |answer| answer.head.len() + answer.tail.len() + answer.stderr.len());
    let checks: usize = attempt
        .checks
        .iter()
        .map(|check| {
            let nearest: usize = check.nearest.iter().map(String::len).sum();
            check.sentence.len() + check.source.len() + check.expected.len() + check.actual.len() + nearest
        })
        .sum();
    let fault = attempt.fault.as_ref().map_or(0, |fault| fault.message.len() + fault.tail.len());
    answer + checks + fault + attempt.problem.len() + attempt.asked.as_ref().map_or(0, String::len)
}

fn shrink(attempt: &mut Attempt) {
    if let Some(answer) = &mut attempt.answer {
        shrink_answer(answer);
    }
    attempt.checks.retain(|check| !check.held);
    attempt.checks.truncate(Budget::CHECKS);
    for check in &mut attempt.checks {
        for text in [&mut check.sentence, &mut check.source, &mut check.expected, &mut check.actual] {
            shorten(text);
        }
        check.nearest.clear();
    }
    attempt.asked.iter_mut().for_each(shorten);
    shorten(&mut attempt.problem);
    if let Some(fault) = &mut attempt.fault {
        shorten(&mut fault.message);
        let from = fault.tail.ceil_char_boundary(fault.tail.len().saturating_sub(Budget::SHRUNK));
        fault.tail.drain(..from);
        fault.tail.shrink_to_fit();
    }
}

fn shrink_answer(answer: &mut AnswerRecord) {
    let cut = text::head_tail(&answer.head, Budget::SHRUNK);
    let (head, left_out, tail) = if answer.left_out == 0 && answer.tail.is_empty() {
        (cut.head.to_owned(), cut.left_out, cut.tail.to_owned())
    } else {
        let head = &answer.head[..answer.head.floor_char_boundary(Budget::SHRUNK / 2)];
        let tail = &answer.tail[answer.tail.ceil_char_boundary(answer.tail.len().saturating_sub(Budget::SHRUNK / 2))..];
        let left_out = answer.left_out + answer.head.len() - head.len() + answer.tail.len() - tail.len();
        (head.to_owned(), left_out, tail.to_owned())
    };
    (answer.head, answer.left_out, answer.tail) = (head, left_out, tail);
    let from = answer.stderr.ceil_char_boundary(answer.stderr.len().saturating_sub(Budget::SHRUNK));
    answer.stderr = answer.stderr[from..].to_owned();
}

/// Cuts the end of a text that is too long, and says so.
fn shorten(text: &mut String) {
    if text.len() > Budget::SHRUNK {
        text.truncate(text.floor_char_boundary(Budget::SHRUNK));
        text.push_str("...");
        text.shrink_to_fit();
    }
}

/// Bytes of a value as JSON, about.
pub(super) fn bytes_of(value: &Data) -> usize {
    match value {
        Data::Null | Data::Bool(_) | Data::Number(_) => 8,
        Data::String(text) => text.len(),
        Data::Array(items) => items.iter().map(|item| bytes_of(item) + 8).sum(),
        Data::Object(entries) => entries.iter().map(|(key, value)| key.len() + bytes_of(value) + 8).sum(),
    }
}
