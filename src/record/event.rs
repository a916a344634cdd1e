//! The facts of a run, in the order they became known. Every report is a fold of these.

use crate::base::Data;
use crate::record::check::Check;
use crate::record::fault::{Fault, Subject};
use crate::record::verdict::{ExitStatus, Outcome, Verdict};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Names a cell of the plan: its index in plan order, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CellId(pub u32);

impl CellId {
    /// The index into lists that are in plan order.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// One numbered and timed fact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Counted from 0 without gaps.
    pub number: u64,
    /// Since the run began, from a monotonic clock.
    pub at: Duration,
    /// What became known.
    pub fact: Fact,
}

/// What can become known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// The plan is accepted; always first.
    RunStarted(Box<RunHead>),
    /// A cell began.
    CellStarted {
        /// Which.
        cell: CellId,
    },
    /// One attempt of one step ended.
    Attempted(Box<Attempt>),
    /// A step was not asked.
    StepSkipped {
        /// Its cell.
        cell: CellId,
        /// Which step.
        step: StepRef,
        /// Why.
        reason: String,
    },
    /// A `log` step spoke.
    Logged {
        /// Its cell.
        cell: CellId,
        /// The line.
        text: String,
    },
    /// A cell ended.
    CellFinished {
        /// Which.
        cell: CellId,
        /// How, and why.
        outcome: Outcome,
        /// From its start to its end; zero when it never started.
        took: Duration,
    },
    /// A connection could be opened that could not be opened before. Its cell stays an error.
    Reopened {
        /// The cell that was to open it.
        cell: CellId,
        /// Since that cell ended.
        after: Duration,
    },
    /// A signal asked the run to end.
    Interrupted {
        /// By what: `SIGINT`, `SIGTERM`, `SIGHUP`.
        by: String,
    },
    /// Every cell has ended; always last.
    RunFinished {
        /// The verdict of the run.
        status: ExitStatus,
    },
}

/// What is known of a run before anything is opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunHead {
    /// Names the run.
    pub run_id: String,
    /// When it began: UTC, RFC 3339, whole seconds.
    pub started: String,
    /// This program's version.
    pub version: String,
    /// The machine's name.
    pub hostname: String,
    /// The job's name.
    pub job: String,
    /// The job's file, relative to the repository where there is one.
    pub file: String,
    /// The testbed's file or name.
    pub testbed: String,
    /// The folder that the run leaves, as reports name files, where it leaves one. It holds a transcript of every device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// Every planned cell, in plan order; a [`CellId`] is an index into it.
    pub cells: Vec<CellHead>,
}

/// What a cell is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CellKind {
    /// The job's setup.
    Setup,
    /// Opening one connection, or one pool, of a device.
    Connect,
    /// A test on a device.
    Test,
    /// The job's teardown.
    Teardown,
}

/// A planned cell: one test case of the reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CellHead {
    /// What it is for.
    pub kind: CellKind,
    /// The whole name, unique in the run: `ping [r1]`, `connect [r1]`, `setup`.
    pub name: String,
    /// The test's name; `connect`, `setup` and `teardown` for the others.
    pub test: String,
    /// The device it belongs to; `None` for a cell of the whole testbed.
    pub device: Option<String>,
    /// Its values of the test's matrix: `af=ipv4, peer=r2`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matrix: Option<String>,
}

impl CellHead {
    /// The most characters of a cell's name; readers of JUnit show no more.
    pub const LONGEST_NAME: usize = 255;
}

/// Which step of a cell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepRef {
    /// `setup`, `steps` or `teardown`.
    pub phase: StepPhase,
    /// Its number within the phase, counted from 1; inside groups one number per level: `2.1`.
    pub number: String,
    /// The step's own name, else its action and the beginning of what it does.
    pub name: String,
    /// Where it stands: `job.yaml:42`.
    pub place: String,
}

/// A phase of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepPhase {
    /// Before the test's own steps.
    Setup,
    /// The test's own steps.
    Steps,
    /// After them, always.
    Teardown,
}

impl StepRef {
    /// The step for messages: `step 2 show version`, `teardown step 1 cleanup`.
    #[must_use]
    pub fn title(&self) -> String {
        let phase = match self.phase {
            StepPhase::Setup => "setup ",
            StepPhase::Steps => "",
            StepPhase::Teardown => "teardown ",
        };
        format!("{phase}step {} {}", self.number, self.name)
    }
}

/// One attempt of one step: what was asked, what came, how it was judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// Its cell.
    pub cell: CellId,
    /// Its step.
    pub step: StepRef,
    /// The loop's item, shown; `None` outside of loops.
    pub item: Option<String>,
    /// Counted from 1.
    pub number: u32,
    /// Whether no further attempt follows.
    pub last: bool,
    /// How it ended.
    pub verdict: Verdict,
    /// The connection; `None` for steps that need none.
    pub subject: Option<Subject>,
    /// What was asked: the command; `None` where nothing was.
    pub asked: Option<String>,
    /// From sending to the end of the answer.
    pub took: Duration,
    /// What came; `None` when nothing did, or the step is sensitive.
    pub answer: Option<AnswerRecord>,
    /// Every assertion, judged.
    pub checks: Vec<Check>,
    /// What went wrong that is not an assertion: `the answer is not JSON: ...`; empty when nothing did.
    pub problem: String,
    /// Why there is no answer.
    pub fault: Option<Fault>,
    /// What was captured, by name.
    pub captured: Vec<(String, Data)>,
}

/// An answer as reports keep it: plain text, cut to [`AnswerRecord::LIMIT`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerRecord {
    /// The beginning, or all of it.
    pub head: String,
    /// Bytes left out after `head`.
    pub left_out: usize,
    /// The end; empty when nothing was left out.
    pub tail: String,
    /// Lines of the whole answer.
    pub lines: usize,
    /// The end of standard error, likewise plain; at most 4 KiB.
    pub stderr: String,
    /// The exit code.
    pub exit_code: Option<i32>,
    /// The status of an HTTP answer.
    pub status: Option<u16>,
}

impl AnswerRecord {
    /// The most bytes of an answer that reports keep.
    pub const LIMIT: usize = 64 * 1024;
}
