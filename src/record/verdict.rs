//! How cells and runs end.

use crate::record::fault::FaultKind;
use serde::{Deserialize, Serialize};

/// How a cell, step or attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The right answer came.
    Passed,
    /// It was never asked.
    Skipped,
    /// It could not be asked: setup, a needed test or the device is down.
    Blocked,
    /// A wrong answer came.
    Failed,
    /// No answer came.
    Errored,
}

impl Verdict {
    /// The word for it in every report.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Skipped => "skipped",
            Self::Blocked => "blocked",
            Self::Failed => "failed",
            Self::Errored => "errored",
        }
    }

    /// Whether a step with this verdict lets the next one run.
    #[must_use]
    pub fn is_good(self) -> bool {
        matches!(self, Self::Passed | Self::Skipped)
    }
}

/// What kind of reason a verdict has; JUnit's `type` is made of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasonKind {
    /// A wrong answer.
    Check,
    /// No answer.
    Fault(FaultKind),
    /// The cell's setup did not pass.
    Setup,
    /// Setup of the job, a needed test or the device is down.
    Blocked,
    /// `when`, `requires` or a `skip` step.
    Skipped,
    /// The run was interrupted while it ran.
    Interrupted,
    /// The run ended before it started.
    NotRun,
    /// The run was killed.
    Incomplete,
    /// The files were not accepted.
    Config,
}

impl ReasonKind {
    /// JUnit's `type`. Dotted, because some readers cast plain words.
    #[must_use]
    pub fn junit_type(self) -> &'static str {
        match self {
            Self::Check => "runner.check",
            Self::Fault(kind) => match kind {
                FaultKind::Invalid | FaultKind::Unreachable | FaultKind::Missing => "runner.unreachable",
                FaultKind::HostKey => "runner.host_key",
                FaultKind::Auth => "runner.auth",
                FaultKind::Timeout | FaultKind::PoolTimeout => "runner.timeout",
                FaultKind::Lost | FaultKind::Killed | FaultKind::NotConnected => "runner.lost",
                FaultKind::Refused | FaultKind::Capability | FaultKind::NotRecorded | FaultKind::TooLarge => "runner.refused",
                FaultKind::Template => "runner.template",
                FaultKind::Interrupted => "runner.interrupted",
                FaultKind::Internal => "runner.internal",
            },
            Self::Setup => "runner.setup",
            Self::Blocked => "runner.blocked",
            Self::Skipped => "runner.skipped",
            Self::Interrupted => "runner.interrupted",
            Self::NotRun => "runner.not_run",
            Self::Incomplete => "runner.incomplete",
            Self::Config => "runner.config",
        }
    }
}

/// Why a verdict is what it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// What kind of reason.
    pub kind: ReasonKind,
    /// One sentence with its step: `step 2 show-version: expected 17.3, got 16.9`.
    pub message: String,
}

/// How a cell ended, and why, unless it passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// How.
    pub verdict: Verdict,
    /// Why; `None` only for passed.
    pub reason: Option<Reason>,
}

impl Outcome {
    /// The right answer came.
    #[must_use]
    pub fn passed() -> Self {
        Self { verdict: Verdict::Passed, reason: None }
    }

    /// Another end, with its reason.
    #[must_use]
    pub fn with(verdict: Verdict, kind: ReasonKind, message: impl Into<String>) -> Self {
        Self { verdict, reason: Some(Reason { kind, message: message.into() }) }
    }
}

/// What the process ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExitStatus {
    /// All passed or were skipped.
    Passed,
    /// Some failed.
    Failed,
    /// The command line is wrong.
    Usage,
    /// The files were not accepted; nothing was run.
    NotAccepted,
    /// Errors, and no failures.
    Errored,
    /// Nothing was selected.
    NothingSelected,
    /// A report could not be written.
    ReportUnwritable,
    /// Interrupted; reports are written.
    Interrupted,
}

impl ExitStatus {
    /// Every status with what it means, for help and docs.
    pub const TABLE: [(Self, &'static str); 8] = [
        (Self::Passed, "all tests passed or were skipped"),
        (Self::Failed, "some tests failed: an answer was wrong"),
        (Self::Usage, "the command line is wrong"),
        (Self::NotAccepted, "the files were not accepted, nothing was run"),
        (Self::Errored, "errors but no failures: an answer did not come"),
        (Self::NothingSelected, "nothing was selected"),
        (Self::ReportUnwritable, "a report could not be written"),
        (Self::Interrupted, "interrupted, reports are written"),
    ];

    /// The number.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Passed => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::NotAccepted => 3,
            Self::Errored => 4,
            Self::NothingSelected => 5,
            Self::ReportUnwritable => 6,
            Self::Interrupted => 130,
        }
    }
}
