//! The door: arguments, environment, terminal, signals and exit status.
//!
//! Everything that the process knows of the world is read here once, into a [`World`], and passed down. Room order:
//! `world`, `arguments`, `ask`, `files`, `order`, `inputs`, `outputs`, `signals`, then one room per command.

mod arguments;
mod ask;
mod check;
mod files;
mod inputs;
mod order;
mod outputs;
mod report;
mod run;
mod signals;
mod world;

use crate::cli::arguments::{Arguments, Command};
use crate::cli::world::World;
use crate::record::verdict::ExitStatus;
use clap::Parser;
use std::process::ExitCode;

/// Runs the program with the process's arguments and environment. Blocks until the command has ended.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // What cannot be shown because nobody listens is not worth another complaint.
            let _ = error.print();
            return if error.use_stderr() { code(ExitStatus::Usage) } else { ExitCode::SUCCESS };
        }
    };
    let world = World::read(arguments.colour);
    code(match arguments.command {
        Command::Run(arguments) => run::run(&arguments, &world),
        Command::Check(arguments) => check::check(&arguments, &world),
        Command::Plan(arguments) => check::plan(&arguments, &world),
        Command::Report(arguments) => report::report(&arguments, &world),
    })
}

fn code(status: ExitStatus) -> ExitCode {
    ExitCode::from(status.code())
}
