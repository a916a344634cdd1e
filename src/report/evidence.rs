//! Why a cell did not pass, as text: the same words on the console and in every document.

use crate::base::text::count;
use crate::record::check::Check;
use crate::record::event::{AnswerRecord, Attempt};
use crate::record::fault::{Fault, Phase, Subject};
use crate::record::ledger::CellEntry;
use crate::record::verdict::{Outcome, Verdict};
use crate::report::clean;

/// The most characters of a message.
pub(crate) const MESSAGE: usize = 200;
/// The most bytes of one field: a command, an expected value, a sentence.
const FIELD: usize = 4 * 1024;
/// The most characters of a line within a block.
const LINE: usize = 300;
/// The most lines of a block, such as an answer.
const BLOCK_LINES: usize = 12;
/// The most attempts, and the most checks of one attempt, that are told in full.
const ITEMS: usize = 20;

/// Why a cell ended as it did, in one line of at most [`MESSAGE`] characters; empty when it passed.
pub(crate) fn message(outcome: &Outcome, entry: &CellEntry) -> String {
    if outcome.verdict == Verdict::Passed {
        return String::new();
    }
    let sentence = outcome.reason.as_ref().map_or("", |reason| reason.message.as_str());
    let more = match (outcome.verdict, entry.failed_checks) {
        (Verdict::Failed, failed @ 2..) if !sentence.contains("more)") => format!(" (and {} more)", failed - 1),
        _ => String::new(),
    };
    let line = clean::line(sentence, MESSAGE - more.len());
    if line.is_empty() { outcome.verdict.word().to_owned() } else { line + &more }
}

/// Everything that is known of the attempts that did not pass, in lines that begin with blanks; each ends in a line
/// break. What `message`, which stands before it, says already is not said again.
pub(crate) fn evidence(message: &str, entry: &CellEntry) -> String {
    let mut page = Page::default();
    for attempt in entry.faulty.items().iter().take(ITEMS) {
        page.attempt(message, attempt);
    }
    page.more_than(entry.faulty.items().len().min(ITEMS), entry.faulty.count(), "step");
    page.0
}

/// What an attempt asked, on one line: its command, or the step's name where nothing was asked.
pub(crate) fn asked(attempt: &Attempt) -> String {
    clean::line(attempt.asked.as_deref().unwrap_or(&attempt.step.name), FIELD)
}

#[derive(Default)]
struct Page(String);

impl Page {
    fn attempt(&mut self, message: &str, attempt: &Attempt) {
        let subject = attempt.subject.as_ref().or_else(|| attempt.fault.as_ref().and_then(|fault| fault.subject.as_ref()));
        let at = format!("{} ({}{})", attempt.step.place, attempt.step.title(), subject.map(of_subject).unwrap_or_default());
        self.0.push_str(&format!("  at {}\n", clean::line(&at, FIELD)));
        self.optional("command", attempt.asked.as_deref());
        self.optional("item", attempt.item.as_deref());
        if attempt.number > 1 {
            self.field("attempts", &attempt.number.to_string());
        }
        if !said(message, &attempt.problem) {
            self.field("problem", &attempt.problem);
        }
        let failed: Vec<&Check> = attempt.checks.iter().filter(|check| !check.held).collect();
        for check in failed.iter().take(ITEMS) {
            self.check(message, check);
        }
        self.more(failed.len(), "check");
        if let Some(fault) = &attempt.fault {
            self.fault(message, fault);
        }
        match &attempt.answer {
            Some(answer) => self.answer(answer),
            None if attempt.fault.is_none() && attempt.asked.is_some() => self.0.push_str("  answer: not kept\n"),
            None => {}
        }
    }

    fn check(&mut self, message: &str, check: &Check) {
        if !said(message, &check.sentence) {
            self.field("check", &check.sentence);
        }
        self.field("expected", &check.expected);
        self.field("actual", &check.actual);
        self.optional("source", Some(check.source.as_str()).filter(|source| !source.is_empty()));
        self.optional("place", Some(check.place.as_str()).filter(|place| !place.is_empty()));
        if !check.nearest.is_empty() {
            self.block("nearest lines", &clean::text(&check.nearest.join("\n"), FIELD));
        }
    }

    fn fault(&mut self, message: &str, fault: &Fault) {
        if !said(message, &fault.message) {
            self.field("fault", &fault.message);
        }
        self.field("phase", phase(fault.phase));
        if let Some(limit) = &fault.limit {
            self.field("limit", &limit.to_string());
        }
        if fault.received > 0 || !fault.tail.is_empty() {
            let received = format!("received {}, the last of them", bytes(fault.received));
            self.block(&received, &clean::text(&fault.tail, FIELD));
        }
        self.optional("hint", fault.hint.as_deref());
    }

    fn answer(&mut self, answer: &AnswerRecord) {
        let mut about = count(answer.lines, "line");
        if let Some(code) = answer.exit_code {
            about.push_str(&format!(", exit code {code}"));
        }
        if let Some(status) = answer.status {
            about.push_str(&format!(", status {status}"));
        }
        let text = answer_text(answer, FIELD, None);
        self.block(&format!("answer ({about})"), &text);
        if !answer.stderr.is_empty() {
            self.block("stderr", &clean::text(&answer.stderr, FIELD));
        }
    }

    fn optional(&mut self, label: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.field(label, value);
        }
    }

    /// A label and its value: beside it when it is one line, else below it.
    fn field(&mut self, label: &str, value: &str) {
        let value = clean::text(value, FIELD);
        let value = value.trim_end();
        if value.contains('\n') {
            self.block(label, value);
        } else {
            self.0.push_str(format!("  {:<9} {value}", format!("{label}:")).trim_end());
            self.0.push('\n');
        }
    }

    /// A label and lines below it, each behind a bar, so that none looks like ours. `text` is clean.
    fn block(&mut self, label: &str, text: &str) {
        let lines: Vec<&str> = text.trim_end_matches('\n').split('\n').collect();
        if lines == [""] {
            self.0.push_str(&format!("  {label}: empty\n"));
            return;
        }
        self.0.push_str(&format!("  {label}:\n"));
        // Both ends, more of the beginning: a table's head says what the columns are.
        let (head, tail) = if lines.len() > BLOCK_LINES { (BLOCK_LINES * 2 / 3, BLOCK_LINES / 3) } else { (lines.len(), 0) };
        self.bars(&lines[..head]);
        if tail > 0 {
            self.0.push_str(&format!("    [cut {}]\n", count(lines.len() - head - tail, "line")));
        }
        self.bars(&lines[lines.len() - tail..]);
    }

    fn bars(&mut self, lines: &[&str]) {
        for line in lines {
            let end = line.char_indices().nth(LINE).map_or(line.len(), |(at, _)| at);
            let cut = if end < line.len() { "..." } else { "" };
            self.0.push_str(format!("    | {}{cut}", &line[..end]).trim_end());
            self.0.push('\n');
        }
    }

    fn more(&mut self, all: usize, noun: &str) {
        self.more_than(ITEMS, all, noun);
    }

    fn more_than(&mut self, told: usize, all: usize, noun: &str) {
        if all > told {
            self.0.push_str(&format!("  and {}\n", count(all - told, &format!("more {noun}"))));
        }
    }
}

/// The text of an answer, clean, made of at most `limit` bytes of it; `see` is the file that holds all of it.
pub(crate) fn answer_text(answer: &AnswerRecord, limit: usize, see: Option<&str>) -> String {
    if answer.left_out == 0 && answer.tail.is_empty() {
        return clean::text_of(&answer.head, limit, see);
    }
    let mut text = clean::text_of(&answer.head, limit / 2, see);
    clean::mark_cut(&mut text, answer.left_out, see);
    text.push_str(&clean::text_of(&answer.tail, limit / 2, see));
    text
}

/// Whether the message says the sentence already, or there is nothing to say.
fn said(message: &str, sentence: &str) -> bool {
    let sentence = clean::line(sentence, MESSAGE + 1);
    sentence.is_empty() || message.contains(&sentence)
}

fn of_subject(subject: &Subject) -> String {
    let alias = match subject.alias.as_str() {
        "" | "default" => String::new(),
        alias => format!(" as {alias}"),
    };
    format!(", device {} via {}{alias}", subject.device, subject.via)
}

fn bytes(number: u64) -> String {
    if number == 1 { "1 byte".to_owned() } else { format!("{number} bytes") }
}

fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Validation => "validation",
        Phase::Resolution => "resolution",
        Phase::Creation => "creation",
        Phase::State => "state",
        Phase::Call => "call",
        Phase::Capability => "capability",
        Phase::Render => "render",
        Phase::Internal => "internal",
    }
}
