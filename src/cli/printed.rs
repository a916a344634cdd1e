//! `runner schema`, `runner completions` and `runner man`: texts that are made of the program itself.

use crate::base::diagnostic::Diagnostic;
use crate::base::text;
use crate::cli::help;
use crate::cli::inputs;
use crate::cli::output;
use crate::cli::world::World;
use crate::record::redact::Redactor;
use crate::record::verdict::ExitStatus;
use clap::{Args, ValueEnum};
use clap_complete::Shell;

/// The schema of jobs, as it stands in `schemas/`.
pub(super) const JOB_SCHEMA: &str = include_str!("../../schemas/job.schema.json");

/// The schema of testbeds, likewise.
pub(super) const TESTBED_SCHEMA: &str = include_str!("../../schemas/testbed.schema.json");

/// Arguments of `runner schema`.
#[derive(Debug, Args)]
pub(super) struct Schema {
    /// Of which files.
    #[arg(value_name = "KIND")]
    pub(super) kind: Kind,
}

/// A kind of file that users write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    /// Jobs.
    Job,
    /// Testbeds.
    Testbed,
}

/// Arguments of `runner completions`.
#[derive(Debug, Args)]
pub(super) struct Completions {
    /// For which shell.
    #[arg(value_name = "SHELL")]
    pub(super) shell: Shell,
}

/// Arguments of `runner man`.
#[derive(Debug, Args)]
pub(super) struct Man {
    /// The page of this command; without it, the page of `runner`.
    #[arg(value_name = "COMMAND")]
    pub(super) command: Option<String>,
}

/// Prints a schema.
pub(super) fn schema(arguments: &Schema) -> ExitStatus {
    output::data(match arguments.kind {
        Kind::Job => JOB_SCHEMA,
        Kind::Testbed => TESTBED_SCHEMA,
    });
    ExitStatus::Passed
}

/// Prints completions.
pub(super) fn completions(arguments: &Completions) -> ExitStatus {
    let mut command = help::command();
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, "runner", &mut script);
    output::data(&String::from_utf8_lossy(&script));
    ExitStatus::Passed
}

/// Prints a manual page.
pub(super) fn man(arguments: &Man, world: &World) -> ExitStatus {
    let pages = help::manual();
    let wanted = arguments.command.as_ref().map_or("runner".to_owned(), |command| format!("runner-{command}"));
    if let Some((_, page)) = pages.iter().find(|(name, _)| *name == wanted) {
        output::data(page);
        return ExitStatus::Passed;
    }
    let command = arguments.command.as_deref().unwrap_or_default();
    let known = pages.iter().filter_map(|(name, _)| name.strip_prefix("runner-"));
    inputs::complain(
        &[Diagnostic::unplaced(format!("there is no command `{command}`")).did_you_mean(text::nearest(command, known))],
        &Redactor::default(),
        world,
    );
    ExitStatus::Usage
}
