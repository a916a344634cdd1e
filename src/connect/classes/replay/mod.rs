//! Class `replay`: plays back a recorded session, always the same way.
//!
//! It reads the recording and nothing else: no device is asked. How often a command was asked is kept by this room, so
//! that the workers of a pool, and connections that are opened again, go on where the others stopped.

mod recording;

use crate::base::text;
use crate::connect::class::{Class, ClassSpec, Connection, DefaultCheck, Endpoint, Limits, OptionKind, OptionSpec, ServiceSpec};
use crate::connect::classes::replay::recording::{Asked, FaultWord, Outcome, Played, Recording};
use crate::connect::interrupt::Woken;
use crate::record::answer::Answer;
use crate::record::call::Call;
use crate::record::fault::{Fault, FaultKind, Phase};
use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The longest time that an answer is played back in, however long it took when it was recorded.
const LONGEST: Duration = Duration::from_secs(1);

/// The largest file that is read, in bytes.
const MOST_BYTES: u64 = 256 * 1024 * 1024;

/// How many near commands are named when one was not recorded.
const NEAREST: usize = 3;

/// The class `replay`. One value must serve a whole run: it knows what was asked already.
#[derive(Debug, Default)]
pub struct Replay {
    recordings: Mutex<HashMap<PathBuf, Arc<Recording>>>,
    /// By file and device.
    counts: Mutex<HashMap<(PathBuf, String), Arc<Counts>>>,
}

/// How many times each command was asked.
type Counts = Mutex<HashMap<Asked, usize>>;

static SPEC: ClassSpec = ClassSpec {
    name: "replay",
    summary: "plays back a recorded session",
    protocols: &["replay"],
    requires: &["recording"],
    services: &[
        ServiceSpec {
            name: "execute",
            summary: "plays the next answer that was recorded for the command",
            changes: false,
            default_check: DefaultCheck::Answered,
        },
        ServiceSpec {
            name: "configure",
            summary: "plays the next answer that was recorded for the lines",
            changes: true,
            default_check: DefaultCheck::Answered,
        },
    ],
    options: &[OptionSpec { name: "recording", kind: OptionKind::File, summary: "the recording's file" }],
};

impl Class for Replay {
    fn spec(&self) -> &'static ClassSpec {
        &SPEC
    }

    fn open(&self, endpoint: &Endpoint, _limits: &Limits<'_>) -> Result<Box<dyn Connection>, Fault> {
        let Some(written) = endpoint.options.text("recording") else {
            return Err(Fault::new(FaultKind::Invalid, "class `replay` needs `recording`"));
        };
        let file = endpoint.resolve(written);
        let file = file.canonicalize().map_err(|error| unreadable(&file, &error))?;
        let recording = self.recording(&file)?;
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = counts.entry((file, endpoint.subject.device.clone())).or_default();
        Ok(Box::new(Player { name: written.to_owned(), recording, counts: Arc::clone(counts), open: true }))
    }
}

impl Replay {
    /// The recording in a file, which is read once in a run.
    fn recording(&self, file: &Path) -> Result<Arc<Recording>, Fault> {
        let known = |recordings: &HashMap<PathBuf, Arc<Recording>>| recordings.get(file).cloned();
        if let Some(recording) = known(&self.recordings.lock().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(recording);
        }
        // Read without the lock: a slow disk holds up only those who need this very file.
        let text = read(file)?;
        let recording = recording::parse(&text).map_err(|error| {
            Fault::new(FaultKind::Invalid, format!("`{}` is not a recording: {}:{error}", file.display(), file.display()))
        })?;
        let mut recordings = self.recordings.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::clone(recordings.entry(file.to_owned()).or_insert_with(|| Arc::new(recording))))
    }
}

fn unreadable(file: &Path, error: &std::io::Error) -> Fault {
    Fault::new(FaultKind::Missing, format!("the recording `{}` cannot be read: {error}", file.display()))
}

fn read(file: &Path) -> Result<String, Fault> {
    let cannot = |error: std::io::Error| unreadable(file, &error);
    let about = file.metadata().map_err(cannot)?;
    // Opening a pipe would wait for whoever writes it.
    if !about.is_file() {
        return Err(Fault::new(FaultKind::Missing, format!("the recording `{}` is not a file", file.display())));
    }
    let mut text = String::new();
    File::open(file).and_then(|open| open.take(MOST_BYTES).read_to_string(&mut text)).map_err(cannot)?;
    if text.len() as u64 == MOST_BYTES {
        return Err(Fault::new(FaultKind::Invalid, format!("the recording `{}` is larger than 256 MiB", file.display())));
    }
    Ok(text)
}

/// A connection to a recording.
struct Player {
    /// The file as the user named it.
    name: String,
    recording: Arc<Recording>,
    counts: Arc<Counts>,
    open: bool,
}

impl Connection for Player {
    fn call(&mut self, call: &Call, limits: &Limits<'_>) -> Result<Answer, Fault> {
        if !self.open {
            return Err(Fault::new(FaultKind::NotConnected, "the connection is closed"));
        }
        let started = Instant::now();
        let asked = asked(call)?;
        let Played { outcome, took } = self.next(&asked)?;
        let shown = asked.shown();
        limits.tap.sent(format!("{shown}\n").as_bytes());
        let until = started + took.min(LONGEST);
        let late = until > limits.deadline.at();
        match limits.interrupt.sleep(until.min(limits.deadline.at())) {
            Ok(Woken::Late) if !late => {}
            Ok(Woken::Late | Woken::Ready) => return Err(Fault::timeout(&format!("`{shown}`"), limits.deadline.limit())),
            Ok(Woken::Interrupted) => {
                return Err(Fault::new(FaultKind::Interrupted, format!("the run was interrupted during `{shown}`")));
            }
            Err(error) => return Err(Fault::new(FaultKind::Internal, format!("`{shown}` cannot be waited for: {error}"))),
        }
        match outcome {
            Outcome::Answer { stdout, stderr, exit_code } => {
                limits.tap.received(stdout.as_bytes());
                limits.tap.received_err(stderr.as_bytes());
                Ok(Answer { stdout, stderr, exit_code, took: started.elapsed(), ..Answer::default() })
            }
            Outcome::Fault(word) => Err(self.play(word, &shown)),
        }
    }

    fn is_alive(&mut self) -> bool {
        self.open
    }

    fn close(&mut self) {
        self.open = false;
    }
}

impl Player {
    /// The next answer; the last one repeats.
    fn next(&self, asked: &Asked) -> Result<Played, Fault> {
        let answers = self.recording.answers.get(asked).ok_or_else(|| self.not_recorded(asked))?;
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(asked.clone()).or_default();
        let played = answers.get(*count).or(answers.last()).ok_or_else(|| self.not_recorded(asked))?;
        *count = count.saturating_add(1);
        Ok(played.clone())
    }

    fn not_recorded(&self, asked: &Asked) -> Fault {
        let same = self.recording.order.iter().filter(|recorded| recorded.service() == asked.service());
        let mut candidates: Vec<String> = same.map(Asked::shown).collect();
        let mut near = Vec::new();
        while near.len() < NEAREST
            && let Some(nearest) = text::nearest(&asked.shown(), candidates.iter().map(String::as_str)).map(ToOwned::to_owned)
        {
            candidates.retain(|candidate| *candidate != nearest);
            near.push(nearest);
        }
        let calls = text::count(self.recording.order.len(), "different call");
        let message = format!("{} `{}` was not recorded in `{}`, which holds {calls}", asked.service(), asked.shown(), self.name);
        let fault = Fault::new(FaultKind::NotRecorded, message);
        if near.is_empty() { fault } else { fault.hinted(format!("recorded is {}", text::names(near.iter().map(String::as_str)))) }
    }

    /// Plays a fault. As with a real device, the connection is over after a timeout and a loss.
    fn play(&mut self, word: FaultWord, shown: &str) -> Fault {
        let (kind, how) = match word {
            FaultWord::Timeout => (FaultKind::Timeout, "timed out"),
            FaultWord::Lost => (FaultKind::Lost, "lost its connection"),
            FaultWord::Refused => (FaultKind::Refused, "was refused"),
        };
        self.open = kind == FaultKind::Refused;
        Fault::new(kind, format!("`{shown}` {how} when it was recorded"))
    }
}

fn asked(call: &Call) -> Result<Asked, Fault> {
    let needs = |what: &str| Fault::new(FaultKind::Invalid, format!("`{}` needs {what}", call.service)).in_phase(Phase::Call);
    match call.service.as_ref() {
        "execute" => call.text("command").map(Asked::execute).ok_or_else(|| needs("a text as `command`")),
        "configure" => call.texts("lines").map(Asked::configure).ok_or_else(|| needs("a list of texts as `lines`")),
        other => {
            let offered = text::names(SPEC.services.iter().map(|service| service.name));
            Err(Fault::new(FaultKind::Capability, format!("class `replay` has no service `{other}`, it offers {offered}")))
        }
    }
}

#[cfg(test)]
mod tests;
