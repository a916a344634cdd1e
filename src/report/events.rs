//! The event log: one JSON object a line, each written as it happens, so that a killed run leaves everything it knew.

use crate::record::event::Event;
use crate::record::ledger::Ledger;
use crate::report::{ReportError, Reporter};
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

/// Writes the events of a run to a file.
#[derive(Debug)]
pub struct EventLog {
    path: PathBuf,
    file: Option<File>,
}

impl EventLog {
    /// Will write to `path`, which is made anew at the first event.
    #[must_use]
    pub fn create(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), file: None }
    }

    fn unwritable(&self, reason: &dyn std::fmt::Display) -> ReportError {
        ReportError::Unwritable { file: self.path.clone(), reason: reason.to_string() }
    }

    fn open(&mut self) -> Result<&mut File, ReportError> {
        if self.file.is_none() {
            let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
            let made = folder.map_or(Ok(()), std::fs::create_dir_all).and_then(|()| File::create(&self.path));
            self.file = Some(made.map_err(|error| self.unwritable(&error))?);
        }
        self.file.as_mut().ok_or_else(|| ReportError::Unwritable { file: self.path.clone(), reason: "it was not opened".to_owned() })
    }
}

impl Reporter for EventLog {
    fn event(&mut self, event: &Event, _: &Ledger) -> Result<(), ReportError> {
        let mut line = serde_json::to_vec(event).map_err(|error| self.unwritable(&error))?;
        line.push(b'\n');
        // One write a line: whatever ends the process, the lines before it are whole.
        let written = self.open()?.write_all(&line);
        written.map_err(|error| self.unwritable(&error))
    }

    fn finish(&mut self, _: &Ledger) -> Result<(), ReportError> {
        let synced = self.open()?.sync_all();
        synced.map_err(|error| self.unwritable(&error))
    }
}

/// Why an event log cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The system refuses it.
    #[error("`{}` cannot be read: {error}", file.display())]
    Unreadable {
        /// The log.
        file: PathBuf,
        /// The system's reason.
        error: std::io::Error,
    },
    /// A line within it is no event.
    #[error("`{}` line {line} is no event of a run: {error}", file.display())]
    Malformed {
        /// The log.
        file: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What is wrong.
        error: serde_json::Error,
    },
    /// Events are missing, or are those of another run.
    #[error("`{}` line {line} has event {found}, expected event {expected}", file.display())]
    OutOfOrder {
        /// The log.
        file: PathBuf,
        /// Counted from 1.
        line: usize,
        /// The event's number.
        found: u64,
        /// The number that follows those before it.
        expected: u64,
    },
    /// Nothing was logged.
    #[error("`{}` holds no event", file.display())]
    Empty {
        /// The log.
        file: PathBuf,
    },
}

/// Reads a log and folds it. A last line without its line break was being written when the run was killed, and does not
/// count. Blocks while the file is read; memory is bounded by the ledger and one line.
///
/// # Errors
/// The file cannot be read, is empty, or is not a log of one run.
pub fn read(path: &Path) -> Result<Ledger, LogError> {
    let unreadable = |error| LogError::Unreadable { file: path.to_path_buf(), error };
    let mut reader = BufReader::new(File::open(path).map_err(unreadable)?);
    let mut ledger = Ledger::default();
    let (mut text, mut line) = (Vec::new(), 0);
    loop {
        text.clear();
        reader.read_until(b'\n', &mut text).map_err(unreadable)?;
        if text.last() != Some(&b'\n') {
            break;
        }
        line += 1;
        let malformed = |error| LogError::Malformed { file: path.to_path_buf(), line, error };
        let event: Event = serde_json::from_slice(&text).map_err(malformed)?;
        let expected = line as u64 - 1;
        if event.number != expected {
            return Err(LogError::OutOfOrder { file: path.to_path_buf(), line, found: event.number, expected });
        }
        ledger.fold(&event);
    }
    if line == 0 { Err(LogError::Empty { file: path.to_path_buf() }) } else { Ok(ledger) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::junit::{Settings, document};
    use crate::report::samples::{every_outcome, ledger};

    fn write(path: &Path, events: &[Event]) {
        let mut log = EventLog::create(path);
        let mut ledger = Ledger::default();
        for event in events {
            ledger.fold(event);
            log.event(event, &ledger).expect("a writable file");
        }
        log.finish(&ledger).expect("a writable file");
    }

    #[test]
    fn a_log_gives_the_same_junit_byte_for_byte() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("sub").join("events.jsonl");
        let events = every_outcome();
        write(&path, &events);
        let read = read(&path).expect("a log");
        assert_eq!(read, ledger(&events));
        let settings = Settings::default();
        assert_eq!(document(&read, &settings).expect("a document"), document(&ledger(&events), &settings).expect("a document"));
    }

    #[test]
    fn a_log_that_was_cut_anywhere_gives_a_report_of_every_planned_cell() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("events.jsonl");
        write(&path, &every_outcome());
        let whole = std::fs::read(&path).expect("the log");
        let planned = read(&path).expect("a log").cells.len();
        let first = whole.iter().position(|byte| *byte == b'\n').expect("a line") + 1;
        for cut in (first..whole.len()).step_by(7) {
            std::fs::write(&path, &whole[..cut]).expect("a file");
            let ledger = read(&path).expect("a log that was cut is still one");
            assert_eq!(ledger.cells.len(), planned);
            assert!(document(&ledger, &Settings::default()).is_ok());
        }
        std::fs::write(&path, &whole[..first - 1]).expect("a file");
        assert!(matches!(read(&path), Err(LogError::Empty { .. })));
    }

    #[test]
    fn what_is_no_log_is_refused_with_its_line() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("events.jsonl");
        write(&path, &every_outcome());
        let text = std::fs::read_to_string(&path).expect("the log");
        let without_second: Vec<&str> = text.lines().enumerate().filter(|(at, _)| *at != 1).map(|(_, line)| line).collect();
        std::fs::write(&path, format!("{}\n", without_second.join("\n"))).expect("a file");
        assert!(matches!(read(&path), Err(LogError::OutOfOrder { line: 2, found: 2, expected: 1, .. })));
        std::fs::write(&path, "{}\n").expect("a file");
        assert!(matches!(read(&path), Err(LogError::Malformed { line: 1, .. })));
    }
}
