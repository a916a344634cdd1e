//! The command line.

use crate::cli::classes::Classes;
use crate::cli::connect_check::ConnectCheck;
use crate::cli::devices::Devices;
use crate::cli::init::Init;
use crate::cli::list::List;
use crate::cli::printed::{Completions, Man, Schema};
use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// A declarative, testbed-driven test runner: YAML in, device commands out, JUnit back.
#[derive(Debug, Parser)]
#[command(name = "runner", version, max_term_width = 100)]
pub(super) struct Arguments {
    /// When to use colour: `auto` on a terminal, `always`, or `never`. `auto` is never where `NO_COLOR` is set.
    #[arg(
        long = "color",
        visible_alias = "colour",
        value_name = "WHEN",
        default_value = "auto",
        global = true,
        hide_possible_values = true
    )]
    pub(super) colour: When,

    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run a job: check everything, connect, ask, judge, report.
    Run(Run),
    /// Check a job and its testbed without opening a connection or running anything.
    Check(Subject),
    /// Show what a run would do: every connection, test and step, in the order of the reports.
    Plan(Subject),
    /// Make the reports of a run again from its event log, also when the run was killed.
    Report(Report),
    /// Write a testbed and a job that run at once, to begin with.
    Init(Init),
    /// List the tests of a job: ids, tags, devices, and how many cases each has.
    List(List),
    /// List the devices of a testbed and their connections; explain one, or collect ssh host keys.
    Devices(Devices),
    /// Open a connection to every device and say who can be reached, and why the others cannot.
    ConnectCheck(ConnectCheck),
    /// List the classes of connections: what each is asked and which options it takes.
    Classes(Classes),
    /// Print the JSON Schema of jobs or testbeds, for editors.
    Schema(Schema),
    /// Print completions for a shell.
    Completions(Completions),
    /// Print a manual page.
    #[command(hide = true)]
    Man(Man),
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum When {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// A job, its testbed and what is left of them.
#[derive(Debug, Default, Args)]
pub(super) struct Subject {
    /// The job's YAML file.
    #[arg(value_name = "JOB")]
    pub(super) job: PathBuf,

    /// Use this testbed instead of the job's own.
    #[arg(long, value_name = "FILE")]
    pub(super) testbed: Option<PathBuf>,

    /// Set a variable, stronger than any other. The value is read as YAML: `--var count=3` is a number.
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = NonEmptyStringValueParser::new())]
    pub(super) vars: Vec<String>,

    /// Run only on these devices: names, aliases or globs.
    #[arg(long = "device", visible_alias = "devices", value_name = "PATTERN", value_delimiter = ',')]
    pub(super) devices: Vec<String>,

    /// Run only these tests: names, ids or globs, several of them between commas.
    #[arg(long = "test", visible_alias = "tests", value_name = "PATTERN")]
    pub(super) tests: Vec<String>,

    /// Run only tests with these tags: `smoke,bgp` means either, and so does a second `--tags`; `and`, `or`, `not` and
    /// parentheses say more, as in `--tags 'smoke and not slow'`.
    #[arg(long, visible_alias = "tag", value_name = "TAGS")]
    pub(super) tags: Vec<String>,
}

/// Arguments of `runner run`.
#[derive(Debug, Default, Args)]
pub(super) struct Run {
    #[command(flatten)]
    pub(super) subject: Subject,

    /// Leave everything about the run in this folder: `events.jsonl`, `junit.xml`, and `transcripts/` with what went over the
    /// connections of each device. What an earlier run left there under these names is replaced; anything else stays.
    #[arg(long, short, value_name = "DIR")]
    pub(super) output: Option<PathBuf>,

    /// Write a JUnit file, for Jenkins, GitLab and others. Its name should end in `.xml`.
    #[arg(long, value_name = "FILE")]
    pub(super) junit: Option<PathBuf>,

    /// Write every event as a line of JSON, as it happens. `runner report` makes the reports again from it.
    #[arg(long, value_name = "FILE")]
    pub(super) events: Option<PathBuf>,

    /// The most calls under way at once. It follows the number of devices and pools, not of processors.
    #[arg(long, short, value_name = "N", default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub(super) jobs: u32,

    /// Begin nothing new once N cases failed or errored. What runs goes on to its end, and teardown runs.
    #[arg(long, value_name = "N", num_args = 0..=1, require_equals = true, default_missing_value = "1",
        value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) fail_fast: Option<u32>,

    /// Say only what did not pass, and the totals.
    #[arg(long, short, conflicts_with = "verbose")]
    pub(super) quiet: bool,

    /// Say more: every step.
    #[arg(long, short)]
    pub(super) verbose: bool,
}

/// Arguments of `runner report`.
#[derive(Debug, Args)]
pub(super) struct Report {
    /// The event log that `runner run --events` wrote, or the folder of `--output`.
    #[arg(value_name = "EVENTS|DIR")]
    pub(super) events: PathBuf,

    /// Write a JUnit file.
    #[arg(long, value_name = "FILE")]
    pub(super) junit: Option<PathBuf>,
}
