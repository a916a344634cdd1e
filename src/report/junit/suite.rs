//! What a document is meant to say. Every text in it is clean; nothing in it is escaped.

use std::time::Duration;

/// The one suite of a document.
#[derive(Debug, Clone, Default)]
pub(super) struct Suite {
    /// The name of the document's root: the testbed's.
    pub root: String,
    /// The job's name.
    pub name: String,
    /// When it began, in seconds since 1970 in UTC; `None` when that is not known.
    pub started: Option<i64>,
    /// The machine's name; `None` when that is not known.
    pub hostname: Option<String>,
    /// By the clock on the wall, not the sum of the cases.
    pub took: Duration,
    /// Name and value.
    pub properties: Vec<(&'static str, String)>,
    /// The job's file.
    pub file: String,
    /// In plan order.
    pub cases: Vec<Case>,
}

/// One case.
#[derive(Debug, Clone)]
pub(super) struct Case {
    /// `JOB.DEVICE`.
    pub classname: String,
    /// Unique in the suite.
    pub name: String,
    /// How long it took.
    pub took: Duration,
    /// Which element it gets.
    pub element: Element,
    /// The element's `type`.
    pub kind: &'static str,
    /// The element's `message`, and the first line of its content; one line.
    pub message: String,
    /// What follows the message in the element's content; may shrink.
    pub evidence: String,
    /// What stands in `system-out`; may shrink.
    pub output: String,
    /// The transcripts of its devices, as reports name files; none where it needs no explanation.
    pub transcripts: Vec<String>,
}

/// Which element says how a case ended: exactly one, because several are read differently by every reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Element {
    /// None at all.
    Passed,
    /// `failure`.
    Failure,
    /// `error`.
    Error,
    /// `skipped`.
    Skipped,
}

impl Element {
    /// The element's name; `None` for passed.
    pub(super) fn tag(self) -> Option<&'static str> {
        match self {
            Self::Passed => None,
            Self::Failure => Some("failure"),
            Self::Error => Some("error"),
            Self::Skipped => Some("skipped"),
        }
    }
}

impl Case {
    /// The element's content.
    pub(super) fn content(&self) -> String {
        if self.evidence.is_empty() { self.message.clone() } else { format!("{}\n{}", self.message, self.evidence) }
    }
}

impl Case {
    /// What stands in `system-out`, with the transcripts as Jenkins and GitLab find them; empty where it is left out.
    pub(super) fn system_out(&self) -> String {
        let mut out = self.output.clone();
        if !out.is_empty() && !out.ends_with('\n') && !self.transcripts.is_empty() {
            out.push('\n');
        }
        for transcript in &self.transcripts {
            out.push_str(&attachment(transcript));
        }
        out
    }
}

/// The line that names a file to consumers. It is ours: what devices say is defused.
pub(super) fn attachment(file: &str) -> String {
    format!("[[ATTACHMENT|{file}]]\n")
}

impl Suite {
    /// How many cases got that element.
    pub(super) fn count(&self, element: Element) -> usize {
        self.cases.iter().filter(|case| case.element == element).count()
    }
}
