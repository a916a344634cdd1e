//! `runner connect-check`.

use crate::base::deadline::Limit;
use crate::base::duration;
use crate::base::text;
use crate::cli::arguments::{Run, Subject};
use crate::cli::files;
use crate::cli::inputs;
use crate::cli::order;
use crate::cli::output;
use crate::cli::outputs::Outputs;
use crate::cli::run::{self, Ending};
use crate::cli::selected::Selected;
use crate::cli::world::World;
use crate::connect::registry::Registry;
use crate::engine::plan::{Wanted, connections};
use crate::record::event::CellId;
use crate::record::fault::FaultKind;
use crate::record::ledger::Ledger;
use crate::record::verdict::{ExitStatus, ReasonKind, Verdict};
use clap::Args;
use indexmap::IndexMap;
use std::path::PathBuf;
use std::time::Duration;

/// What reports call it.
const NAME: &str = "connect-check";

/// Arguments of `runner connect-check`.
#[derive(Debug, Args)]
pub(super) struct ConnectCheck {
    #[command(flatten)]
    pub(super) selected: Selected,

    /// The limit of opening each device: the sooner of this and the testbed's `connection_timeout`; 15s where neither is said.
    #[arg(long, value_name = "DURATION", value_parser = limit)]
    pub(super) timeout: Option<Duration>,

    /// The most connections that are opened at once.
    #[arg(long, short, value_name = "N", default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub(super) jobs: u32,

    /// Leave everything about the check in this folder: `events.jsonl`, `junit.xml`, and `transcripts/` with what was said while
    /// each connection was opened.
    #[arg(long, short, value_name = "DIR")]
    pub(super) output: Option<PathBuf>,

    /// Write a JUnit file: a case for each connection.
    #[arg(long, value_name = "FILE")]
    pub(super) junit: Option<PathBuf>,

    /// Write every event as a line of JSON, as it happens.
    #[arg(long, value_name = "FILE")]
    pub(super) events: Option<PathBuf>,

    /// Say only who was not reached, and the totals.
    #[arg(long, short)]
    pub(super) quiet: bool,
}

/// Reads a limit that leaves time for something.
fn limit(text: &str) -> Result<Duration, String> {
    match duration::parse(text) {
        Ok(Duration::ZERO) => Err("no time is too little to connect in".to_owned()),
        Ok(length) => Ok(length),
        Err(error) => Err(error.to_string()),
    }
}

/// Opens every selected device, and groups them by what came of it.
pub(super) fn connect_check(arguments: &ConnectCheck, world: &World) -> ExitStatus {
    let run = Run {
        subject: Subject { job: arguments.selected.file.clone(), ..Subject::default() },
        output: arguments.output.clone(),
        junit: arguments.junit.clone(),
        events: arguments.events.clone(),
        jobs: arguments.jobs,
        quiet: arguments.quiet,
        ..Run::default()
    };
    let mut found = arguments.selected.load(world);
    let plan = found.testbed.take().and_then(|testbed| {
        let wanted = Wanted {
            testbed: &testbed,
            registry: &Registry::standard(),
            surroundings: &world.surroundings(),
            selection: &arguments.selected.selection(),
            via: &arguments.selected.via,
        };
        let within = arguments.timeout.map(|length| Limit { length, setting: "`--timeout`".into() });
        let (plan, said) = connections(&wanted, NAME, world.in_repository(&arguments.selected.file), within.as_ref());
        found.complaints.extend(said);
        let missing = plan.as_ref().map(|plan| files::missing(plan, &testbed)).unwrap_or_default();
        let plan = plan.filter(|_| missing.is_empty());
        found.complaints.extend(missing);
        plan
    });
    let complaints = order::in_order(found.complaints);
    let said = inputs::complain(&complaints, &found.redactor, world);
    let outputs = match Outputs::create(&run) {
        Ok(outputs) => outputs,
        Err(error) => {
            output::fail(&error);
            return ExitStatus::ReportUnwritable;
        }
    };
    let Some(plan) = plan else {
        output::talk(&format!("{}, nothing was opened", text::count(complaints.len(), "complaint")));
        return run::reject(&outputs, &run::unplanned(&run, world, found.named), &said, ExitStatus::NotAccepted);
    };
    if plan.cells.is_empty() {
        output::talk("the testbed has no devices, nothing was opened");
        let head = run::unplanned(&run, world, found.named);
        return run::reject(&outputs, &head, "nothing was selected", ExitStatus::NothingSelected);
    }
    let file = arguments.selected.file.display().to_string();
    let ending = Ending { again: &|_| None, ended: &|ledger| output::data(&grouped(ledger, &file)) };
    run::execute(&run, world, (plan, found.named), &outputs, &ending)
}

/// The devices by what came of them, and what can be done for those that were not reached.
fn grouped(ledger: &Ledger, file: &str) -> String {
    let heads = ledger.head.as_ref().map_or(&[][..], |head| &head.cells);
    let mut reached = 0;
    let mut groups: IndexMap<(Trouble, String), Vec<&str>> = IndexMap::new();
    for (head, id) in heads.iter().zip(0..) {
        let outcome = ledger.outcome(CellId(id));
        let device = head.device.as_deref().unwrap_or(&head.name);
        match outcome.reason {
            _ if outcome.verdict == Verdict::Passed => reached += 1,
            reason => {
                let (kind, message) = reason.map_or((ReasonKind::Incomplete, String::new()), |reason| (reason.kind, reason.message));
                let trouble = Trouble::of(kind);
                groups.entry((trouble, trouble.detail(&message))).or_default().push(device);
            }
        }
    }
    let mut text = format!("reached: {reached} of {}\n", heads.len());
    for ((trouble, detail), devices) in &groups {
        let detail = if detail.is_empty() { String::new() } else { format!(" ({detail})") };
        let names = text::visible(&devices.join(", ")).into_owned();
        text.push_str(&format!("{}{detail}: {names}\n  {}\n", trouble.title(), trouble.advice(file, devices[0])));
    }
    text
}

/// What can keep a device from being reached, as far as something else is done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Trouble {
    Unreachable,
    TimedOut,
    HostKey,
    Credentials,
    Missing,
    NotTried,
    Other,
}

impl Trouble {
    fn of(kind: ReasonKind) -> Self {
        match kind {
            ReasonKind::Fault(kind) => match kind {
                FaultKind::Unreachable | FaultKind::Lost => Self::Unreachable,
                FaultKind::Timeout | FaultKind::PoolTimeout => Self::TimedOut,
                FaultKind::HostKey => Self::HostKey,
                FaultKind::Auth => Self::Credentials,
                FaultKind::Missing => Self::Missing,
                FaultKind::Interrupted => Self::NotTried,
                FaultKind::Invalid
                | FaultKind::Killed
                | FaultKind::Refused
                | FaultKind::NotConnected
                | FaultKind::Capability
                | FaultKind::NotRecorded
                | FaultKind::TooLarge
                | FaultKind::Template
                | FaultKind::Internal => Self::Other,
            },
            ReasonKind::Interrupted | ReasonKind::NotRun | ReasonKind::Incomplete => Self::NotTried,
            ReasonKind::Check | ReasonKind::Setup | ReasonKind::Blocked | ReasonKind::Skipped | ReasonKind::Config => Self::Other,
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::TimedOut => "timed out",
            Self::HostKey => "host key not accepted",
            Self::Credentials => "credentials refused",
            Self::Missing => "a file or program of this machine is missing",
            Self::NotTried => "not tried to the end",
            Self::Other => "not opened",
        }
    }

    /// What tells devices of one trouble apart: why they are unreachable, or what else is the matter.
    fn detail(self, message: &str) -> String {
        let reason = message.rsplit_once(": ").map_or(message, |(_, reason)| reason);
        match self {
            Self::Unreachable => text::visible(&text::one_line(reason, 80)).into_owned(),
            Self::HostKey => {
                ["changed", "not known", "revoked"].into_iter().find(|word| message.contains(word)).unwrap_or_default().to_owned()
            }
            Self::TimedOut | Self::Credentials | Self::Missing | Self::NotTried | Self::Other => String::new(),
        }
    }

    fn advice(self, file: &str, device: &str) -> String {
        let explain = format!("`runner devices {file} --explain {device}`");
        match self {
            Self::Unreachable => format!("is the device on, and is its address right? {explain} says where it stands"),
            Self::TimedOut => {
                format!("is there a way from here to the device? more time is given by `--timeout`; {explain} says its address")
            }
            Self::HostKey => {
                format!("`runner devices {file} --device {device} --scan-keys` shows its keys, and keeps those of an unknown host")
            }
            Self::Credentials => format!("{explain} says which credential was used and where it stands"),
            Self::Missing => "the report above names it".to_owned(),
            Self::NotTried => "the check was interrupted".to_owned(),
            Self::Other => "the report above says why".to_owned(),
        }
    }
}
