//! What kind of command line a device has, as it was written.

use crate::base::place::Placed;
use std::time::Duration;

/// A platform: everything that a session must know of a kind of command line.
#[derive(Debug, Clone, PartialEq)]
pub struct Platform {
    /// Its name.
    pub name: Placed<String>,
    /// One line about it.
    pub summary: String,
    /// The values of a device's `os` that mean it.
    pub os: Vec<Placed<String>>,
    /// How far it was verified.
    pub verified: Verified,
    /// What it was verified with.
    pub verified_with: String,
    /// How commands are run where the testbed says nothing.
    pub run: RunMode,
    /// The terminal that is asked for.
    pub terminal: TerminalSize,
    /// The modes of the command line, at least one.
    pub modes: Vec<CliMode>,
    /// A pattern of the prompt that the commands in `open` set, with `{nonce}` in it and a group `exit_code` where it tells
    /// one.
    pub own_prompt: Option<Placed<String>>,
    /// Whether commands are echoed once `open` has been run.
    pub echo: bool,
    /// What sets up the terminal, line by line; an empty line only asks for a prompt.
    pub open: Vec<Placed<String>>,
    /// The silence after which a prompt that is known is believed.
    pub settle: Duration,
    /// The silence after which a prompt that is known by its pattern only is believed.
    pub quiet: Duration,
    /// What ends a command that runs.
    pub cancel: String,
    /// What asks for a key before output goes on.
    pub pagers: Vec<Pager>,
    /// Patterns of lines by which a command is refused.
    pub errors: Vec<Placed<String>>,
    /// Patterns of lines that come unasked.
    pub logs: Vec<Placed<String>>,
}

/// How far a platform was verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verified {
    /// Against a real system.
    System,
    /// Against something that behaves like one.
    Simulator,
    /// Against its documentation.
    Documentation,
}

impl Verified {
    /// The words that stand for it.
    pub const WORDS: [(&'static str, Self); 3] =
        [("system", Self::System), ("simulator", Self::Simulator), ("documentation", Self::Documentation)];
}

/// How commands are run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunMode {
    /// Each in a channel of its own, with no terminal.
    Exec,
    /// One after another, in a session with prompts.
    Shell,
}

impl RunMode {
    /// The words that stand for it.
    pub const WORDS: [(&'static str, Self); 2] = [("exec", Self::Exec), ("shell", Self::Shell)];

    /// These words alone.
    pub const NAMES: &'static [&'static str] = &["exec", "shell"];
}

/// The terminal that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TerminalSize {
    /// Its type, as in `TERM`.
    pub kind: String,
    /// Columns.
    pub columns: u32,
    /// Rows.
    pub rows: u32,
}

/// A mode of a command line.
#[derive(Debug, Clone, PartialEq)]
pub struct CliMode {
    /// Its name.
    pub name: Placed<String>,
    /// The pattern of a whole prompt, without blanks at its end.
    pub prompt: Placed<String>,
}

/// What asks for a key before output goes on.
#[derive(Debug, Clone, PartialEq)]
pub struct Pager {
    /// The pattern of the whole line, without blanks around it.
    pub line: Placed<String>,
    /// The answer.
    pub send: String,
}
