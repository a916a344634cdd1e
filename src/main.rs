//! The binary `runner`: everything is in the library's `cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    runner::cli::main()
}
