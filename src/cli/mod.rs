//! The door: arguments, environment, terminal, signals and exit status.
//!
//! Everything that the process knows of the world is read here once, into a `World`, and passed down. Room order:
//! `world`, `output`, `arguments`, `help`, `usage`, `ask`, `files`, `order`, `inputs`, `selected`, `outputs`, `signals`, then
//! one room per command.

mod arguments;
mod ask;
mod check;
mod classes;
mod connect_check;
mod devices;
mod files;
mod help;
mod init;
mod inputs;
mod list;
mod order;
mod output;
mod outputs;
mod printed;
mod report;
mod run;
mod selected;
mod signals;
mod usage;
mod world;

pub use help::{command, manual, reference};

use crate::cli::arguments::{Arguments, Command};
use crate::cli::world::World;
use crate::record::verdict::ExitStatus;
use clap::FromArgMatches;
use std::process::ExitCode;

/// Runs the program with the process's arguments and environment. Blocks until the command has ended.
#[must_use]
pub fn main() -> ExitCode {
    let parsed = command().try_get_matches().and_then(|matches| Arguments::from_arg_matches(&matches));
    let arguments = match parsed.map_err(usage::explained) {
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
        Command::Init(arguments) => init::init(&arguments, &world),
        Command::List(arguments) => list::list(&arguments, &world),
        Command::Devices(arguments) => devices::devices(&arguments, &world),
        Command::ConnectCheck(arguments) => connect_check::connect_check(&arguments, &world),
        Command::Classes(arguments) => classes::classes(&arguments, &world),
        Command::Schema(arguments) => printed::schema(&arguments),
        Command::Completions(arguments) => printed::completions(&arguments),
        Command::Man(arguments) => printed::man(&arguments, &world),
    })
}

fn code(status: ExitStatus) -> ExitCode {
    ExitCode::from(status.code())
}
