//! How the console looks. `cli` decides it from the terminal and its options.

use crate::base::diagnostic::Colour;
use crate::record::verdict::Verdict;
use anstyle::{AnsiColor, Style as Paint};

/// How the console looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Whether words have colours.
    pub colour: Colour,
    /// Whether a bar shows what is running.
    pub bars: Bars,
    /// How much is told.
    pub verbosity: Verbosity,
}

/// Whether a bar shows what is running.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bars {
    /// One line per finished cell, and nothing else: for everything that is not a terminal.
    Off,
    /// A bar at the bottom of the terminal that standard error is, beneath the lines.
    OnStderr,
}

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// What failed or errored, and the totals.
    Quiet,
    /// Every finished cell, with what it captured and logged.
    Normal,
    /// Every attempt of every step too.
    Verbose,
}

impl Style {
    /// Lines without colour, as a log keeps them.
    pub const PLAIN: Self = Self { colour: Colour::Plain, bars: Bars::Off, verbosity: Verbosity::Normal };

    /// The verdict as the word that begins a line, padded to a column.
    pub(super) fn word(self, verdict: Verdict) -> String {
        let (word, colour) = match verdict {
            Verdict::Passed => ("PASS", AnsiColor::Green),
            Verdict::Failed => ("FAIL", AnsiColor::Red),
            Verdict::Errored => ("ERROR", AnsiColor::Magenta),
            Verdict::Skipped => ("SKIP", AnsiColor::Yellow),
            Verdict::Blocked => ("BLOCK", AnsiColor::Yellow),
        };
        match self.colour {
            Colour::Plain => format!("{word:<5}"),
            Colour::Ansi => {
                let paint = Paint::new().bold().fg_color(Some(colour.into()));
                format!("{paint}{word:<5}{paint:#}")
            }
        }
    }
}
