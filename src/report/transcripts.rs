//! What went over every connection, as it went: one readable file for each device.
//!
//! Every line begins with its connection and its direction, and the first one of what came at once with its time before that, so
//! that nothing a device says can look like ours. Secrets are masked before anything is written. What has come is in the file at
//! once: a run that was killed leaves all of it, apart from a few characters that may have been the beginning of a secret.

use crate::record::event::RunHead;
use crate::record::ledger::Ledger;
use crate::record::redact::Redactor;
use crate::record::stream::MaskedStream;
use crate::record::tap::{Heard, Line, Listener};
use crate::report::{ReportError, Reporter, clean};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// How every transcript begins.
pub(crate) const SIGNATURE: &str = "# transcript of device ";

/// What the columns are.
const LEGEND: &str = "# time (UTC) unless that of the line above, connection, then > sent, < received, ! standard error, = what happened; \
     + goes on with an earlier line\n";

/// The most characters of a connection's name.
const LABEL: usize = 80;

/// The longest file name in bytes before it is shortened; file systems take 255.
const LONGEST_NAME: usize = 200;

/// Tells the time of day.
pub type Clock = Box<dyn Fn() -> Timestamp + Send + Sync>;

/// The transcripts of a run.
pub struct Transcripts {
    devices: HashMap<String, Mutex<Transcript>>,
    redactor: Arc<Redactor>,
    clock: Clock,
}

impl fmt::Debug for Transcripts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transcripts").field("devices", &self.devices.len()).finish_non_exhaustive()
    }
}

impl Transcripts {
    /// Makes a file in `folder` for each of `devices`. Those that are there already are replaced.
    ///
    /// # Errors
    /// One of them cannot be made.
    pub fn create<'a>(
        folder: &Path,
        devices: impl IntoIterator<Item = &'a str>,
        head: &RunHead,
        redactor: Arc<Redactor>,
        clock: Clock,
    ) -> Result<Self, ReportError> {
        let mut made = HashMap::new();
        for device in devices {
            let file = folder.join(file_name(device));
            let about = format!("{}, job {}, run {}, begun {}", clean::line(device, 100), head.job, head.run_id, head.started);
            let header = format!("{SIGNATURE}{}\n{LEGEND}", clean::line(&redactor.sentence(&about), 400));
            begin(&file, &header).map_err(|error| ReportError::Unwritable { file: file.clone(), reason: error.to_string() })?;
            made.insert(device.to_owned(), Mutex::new(Transcript::new(file)));
        }
        Ok(Self { devices: made, redactor, clock })
    }
}

impl Listener for Transcripts {
    fn hear(&self, line: &Line, heard: Heard<'_>) {
        let Some(transcript) = self.devices.get(&line.device) else { return };
        // Whatever panicked while it wrote has left whole lines or the beginning of one.
        transcript.lock().unwrap_or_else(PoisonError::into_inner).hear(line, heard, self);
    }
}

impl Reporter for Arc<Transcripts> {
    fn event(&mut self, _: &crate::record::event::Event, _: &Ledger) -> Result<(), ReportError> {
        Ok(())
    }

    fn finish(&mut self, _: &Ledger) -> Result<(), ReportError> {
        let mut failed = Vec::new();
        for transcript in self.devices.values() {
            let mut transcript = transcript.lock().unwrap_or_else(PoisonError::into_inner);
            transcript.end_all(self);
            failed.extend(transcript.failure.take().map(|reason| (transcript.path.clone(), reason)));
        }
        failed.sort();
        failed.into_iter().next().map_or(Ok(()), |(file, reason)| Err(ReportError::Unwritable { file, reason }))
    }
}

/// One file.
#[derive(Debug)]
struct Transcript {
    path: PathBuf,
    /// Open from the first record on.
    file: Option<File>,
    /// The first write that failed. Nothing is written after it.
    failure: Option<String>,
    lines: HashMap<Line, Flows>,
    /// Whose line stands at the end of the file without its line break.
    unfinished: Option<(Line, Mark)>,
}

/// What goes over one connection.
#[derive(Debug, Default)]
struct Flows([Flow; 3]);

#[derive(Debug, Default)]
struct Flow {
    stream: MaskedStream,
    /// Whether the last line shown of it goes on.
    within_line: bool,
}

/// A direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Sent,
    Received,
    ReceivedErr,
    Note,
}

impl Mark {
    /// Those that are streams.
    const STREAMS: [Self; 3] = [Self::Sent, Self::Received, Self::ReceivedErr];

    fn sign(self) -> char {
        match self {
            Self::Sent => '>',
            Self::Received => '<',
            Self::ReceivedErr => '!',
            Self::Note => '=',
        }
    }
}

impl Transcript {
    fn new(path: PathBuf) -> Self {
        Self { path, file: None, failure: None, lines: HashMap::new(), unfinished: None }
    }

    fn hear(&mut self, line: &Line, heard: Heard<'_>, all: &Transcripts) {
        if self.failure.is_some() {
            return;
        }
        let (mark, bytes) = match heard {
            Heard::Sent(bytes) => (Mark::Sent, bytes),
            Heard::Received(bytes) => (Mark::Received, bytes),
            Heard::ReceivedErr(bytes) => (Mark::ReceivedErr, bytes),
            Heard::Note(text) => return self.note(line, text, all),
        };
        let flow = &mut self.flows(line).0[mark as usize];
        let text = flow.stream.push(bytes, &all.redactor);
        self.write(line, mark, &text, all);
    }

    fn flows(&mut self, line: &Line) -> &mut Flows {
        if !self.lines.contains_key(line) {
            self.lines.insert(line.clone(), Flows::default());
        }
        self.lines.entry(line.clone()).or_default()
    }

    /// Says what happened, after all that was kept back of what came before it.
    fn note(&mut self, line: &Line, text: &str, all: &Transcripts) {
        self.end(line, all);
        let text = clean::text(&all.redactor.sentence(text), usize::MAX);
        self.write(line, Mark::Note, &format!("{}\n", text.trim_end()), all);
    }

    /// Ends what a connection has begun to say.
    fn end(&mut self, line: &Line, all: &Transcripts) {
        for mark in Mark::STREAMS {
            let flow = &mut self.flows(line).0[mark as usize];
            let rest = flow.stream.end(&all.redactor);
            self.write(line, mark, &rest, all);
            self.flows(line).0[mark as usize].within_line = false;
        }
    }

    fn end_all(&mut self, all: &Transcripts) {
        let lines: Vec<Line> = self.lines.keys().cloned().collect();
        for line in &lines {
            self.end(line, all);
        }
        if self.unfinished.take().is_some() {
            self.append("\n");
        }
    }

    /// Writes text that is safe to show.
    fn write(&mut self, line: &Line, mark: Mark, text: &str, all: &Transcripts) {
        if text.is_empty() {
            return;
        }
        let mut goes_on = mark != Mark::Note && self.flows(line).0[mark as usize].within_line;
        let mut out = String::with_capacity(text.len() + 64);
        let follows = self.unfinished.as_ref().is_some_and(|(of, was)| of == line && *was == mark);
        if !follows && self.unfinished.is_some() {
            out.push('\n');
        }
        let mut begun = follows;
        let who = format!(" {} {}", label(line), mark.sign());
        let mut time = format!("{:.3}", (all.clock)());
        for piece in text.split_inclusive('\n') {
            if !begun {
                // What came at once came at one time: many short lines would otherwise take several times their room.
                out.push_str(&std::mem::take(&mut time));
                out.push_str(&who);
                out.push(if goes_on { '+' } else { ' ' });
            }
            out.push_str(piece);
            begun = !piece.ends_with('\n');
            goes_on = false;
        }
        self.unfinished = begun.then(|| (line.clone(), mark));
        if mark != Mark::Note {
            self.flows(line).0[mark as usize].within_line = begun;
        }
        self.append(&out);
    }

    /// One write for each record: others wait for nothing more.
    fn append(&mut self, text: &str) {
        if self.failure.is_some() {
            return;
        }
        if self.file.is_none() {
            match OpenOptions::new().append(true).open(&self.path) {
                Ok(file) => self.file = Some(file),
                Err(error) => self.failure = Some(error.to_string()),
            }
        }
        let written = self.file.as_mut().map_or(Ok(()), |file| file.write_all(text.as_bytes()));
        if let Err(error) = written {
            self.failure = Some(error.to_string());
        }
    }
}

/// The alias, and the worker's number where there are several, as one word.
fn label(line: &Line) -> String {
    let alias = clean::line(&line.alias, LABEL).replace(' ', "_");
    match line.worker {
        Some(number) => format!("{alias}#{number}"),
        None => alias,
    }
}

/// Makes the file anew. What stands there already is replaced, where it is a file; a link to one goes, and the file stays.
fn begin(file: &Path, header: &str) -> io::Result<()> {
    match std::fs::symlink_metadata(file) {
        Ok(found) if found.is_file() || found.is_symlink() => std::fs::remove_file(file)?,
        Ok(_) => return Err(io::Error::other("it is not a regular file")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    OpenOptions::new().write(true).create_new(true).open(file)?.write_all(header.as_bytes())
}

/// The name of a device's file: no two devices have the same. Letters, digits, `-`, `_`, and dots that are not the first
/// character stay; every other byte becomes `%2F`. A very long name is cut and ends in `~` and its SHA-256.
#[must_use]
pub fn file_name(device: &str) -> String {
    let mut name = String::with_capacity(device.len() + 4);
    for (index, byte) in device.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => name.push(char::from(byte)),
            b'.' if index > 0 => name.push('.'),
            other => name.push_str(&format!("%{other:02X}")),
        }
    }
    if name.len() > LONGEST_NAME {
        name.truncate(LONGEST_NAME / 2);
        name.push('~');
        Sha256::digest(device.as_bytes()).iter().for_each(|byte| name.push_str(&format!("{byte:02x}")));
    }
    if name.is_empty() { "%.log".to_owned() } else { name + ".log" }
}

#[cfg(test)]
mod tests;
