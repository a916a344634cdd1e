//! Reads the file of a recording. `docs/recordings.md` describes its format.

use crate::base::duration;
use crate::base::text;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

/// The version of the format that is read.
const VERSION: u64 = 1;

/// What was asked: the key under which answers are kept. White space around a command or line does not count.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Asked {
    /// A command.
    Execute(String),
    /// Lines of configuration.
    Configure(Vec<String>),
}

impl Asked {
    pub(super) fn execute(command: &str) -> Self {
        Self::Execute(command.trim().to_owned())
    }

    pub(super) fn configure<'a>(lines: impl IntoIterator<Item = &'a str>) -> Self {
        Self::Configure(lines.into_iter().map(|line| line.trim().to_owned()).collect())
    }

    /// The name of the service.
    pub(super) fn service(&self) -> &'static str {
        match self {
            Self::Execute(_) => "execute",
            Self::Configure(_) => "configure",
        }
    }

    /// It on one line.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Execute(command) => text::one_line(command, 80),
            Self::Configure(lines) => text::one_line(&lines.join("; "), 80),
        }
    }
}

/// A whole recording.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Recording {
    /// What was asked, each once, in the order of the file.
    pub(super) order: Vec<Asked>,
    /// The answers to each, at least one, in the order of the file.
    pub(super) answers: HashMap<Asked, Vec<Played>>,
}

/// One recorded answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Played {
    pub(super) outcome: Outcome,
    pub(super) took: Duration,
}

/// What happened to a recorded call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    Answer { stdout: String, stderr: String, exit_code: Option<i32> },
    Fault(FaultWord),
}

/// A fault that can be recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum FaultWord {
    Timeout,
    Lost,
    Refused,
}

/// Reads a recording.
///
/// # Errors
/// One sentence with line and column, counted from 1: `3:5: ...`.
pub(super) fn parse(text: &str) -> Result<Recording, String> {
    let file: File = serde_yaml::from_str(text).map_err(|error| placed(&error))?;
    let mut recording = Recording { order: Vec::new(), answers: HashMap::new() };
    for Recorded { asked, played } in file.calls {
        if !recording.answers.contains_key(&asked) {
            recording.order.push(asked.clone());
        }
        recording.answers.entry(asked).or_default().push(played);
    }
    Ok(recording)
}

fn placed(error: &serde_yaml::Error) -> String {
    let sentence = error.to_string();
    match error.location() {
        Some(location) => {
            let place = format!(" at line {} column {}", location.line(), location.column());
            format!("{}:{}: {}", location.line(), location.column(), sentence.replace(&place, ""))
        }
        None => format!("1:1: {sentence}"),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[expect(dead_code, reason = "it is checked while it is read")]
    recording: Version,
    #[expect(dead_code, reason = "it is for readers")]
    device: Option<String>,
    calls: Vec<Recorded>,
}

struct Version;

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_u64(VersionVisitor)
    }
}

struct VersionVisitor;

impl Visitor<'_> for VersionVisitor {
    type Value = Version;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the number {VERSION}")
    }

    fn visit_u64<E: Error>(self, version: u64) -> Result<Version, E> {
        if version == VERSION {
            return Ok(Version);
        }
        Err(E::custom(format!("`recording` is {version}, this program reads version {VERSION}")))
    }
}

struct Recorded {
    asked: Asked,
    played: Played,
}

/// The keys of a call as they are written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    execute: Option<String>,
    configure: Option<Vec<String>>,
    answer: Option<String>,
    stderr: Option<String>,
    took: Option<String>,
    exit_code: Option<i32>,
    fault: Option<FaultWord>,
}

impl<'de> Deserialize<'de> for Recorded {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Checked inside the visit, so that an error carries the place of this very call.
        deserializer.deserialize_map(RecordedVisitor)
    }
}

struct RecordedVisitor;

impl<'de> Visitor<'de> for RecordedVisitor {
    type Value = Recorded;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a call: a mapping with `execute` or `configure`, and `answer` or `fault`")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Recorded, A::Error> {
        Keys::deserialize(MapAccessDeserializer::new(map))?.check().map_err(A::Error::custom)
    }
}

impl Keys {
    fn check(self) -> Result<Recorded, String> {
        let asked = match (self.execute, self.configure) {
            (Some(command), None) => Asked::execute(&command),
            (None, Some(lines)) => Asked::configure(lines.iter().map(String::as_str)),
            _ => return Err("a call has exactly one of `execute` and `configure`".to_owned()),
        };
        let outcome = match (self.answer, self.fault) {
            (Some(stdout), None) => Outcome::Answer { stdout, stderr: self.stderr.unwrap_or_default(), exit_code: self.exit_code },
            (None, Some(_)) if self.stderr.is_some() || self.exit_code.is_some() => {
                return Err("a call with `fault` has neither `stderr` nor `exit_code`".to_owned());
            }
            (None, Some(fault)) => Outcome::Fault(fault),
            (None, None) => return Err("a call needs `answer` or `fault`; an empty answer is written `answer: \"\"`".to_owned()),
            (Some(_), Some(_)) => return Err("a call has `answer` or `fault`, not both".to_owned()),
        };
        let took = self.took.map(|took| duration::parse(&took)).transpose().map_err(|error| format!("`took`: {error}"))?;
        Ok(Recorded { asked, played: Played { outcome, took: took.unwrap_or_default() } })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_kept_by_what_was_asked_and_in_order() {
        let recording = parse(
            "recording: 1\ndevice: r1\ncalls:\n- execute: show version\n  answer: 1.10\n  took: 20ms\n- configure: [interface lo0, description x]\n  answer: \"\"\n- execute: show version\n  answer: |\n    two\n  exit_code: 3\n- {execute: crash, fault: lost}\n",
        )
        .expect("it reads");
        let asked: Vec<String> = recording.order.iter().map(Asked::shown).collect();
        assert_eq!(asked, ["show version", "interface lo0; description x", "crash"]);
        let version = &recording.answers[&Asked::execute(" show version\n")];
        let first = Outcome::Answer { stdout: "1.10".into(), stderr: String::new(), exit_code: None };
        assert_eq!(version[0], Played { outcome: first, took: Duration::from_millis(20) });
        assert_eq!(version[1].outcome, Outcome::Answer { stdout: "two\n".into(), stderr: String::new(), exit_code: Some(3) });
        assert_eq!(recording.answers[&Asked::execute("crash")][0].outcome, Outcome::Fault(FaultWord::Lost));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        for (written, sentence) in [
            ("", "1:1: "),
            ("recording: 2\ncalls: []\n", "1:12: recording: `recording` is 2, this program reads version 1"),
            ("calls: []\n", "1:1: missing field `recording`"),
            ("recording: 1\ncalls:\n- execute: a\n  anser: b\n", "4:3: calls[0]: unknown field `anser`"),
            ("recording: 1\ncalls:\n- execute: a\n  answer: b\n- execute: c\n", "5:3: calls[1]: a call needs `answer` or `fault`"),
            ("recording: 1\ncalls:\n- execute: c\n  answer:\n", "3:3: calls[0]: a call needs `answer`"),
            ("recording: 1\ncalls:\n- answer: b\n", "3:3: calls[0]: a call has exactly one of"),
            ("recording: 1\ncalls:\n- execute: a\n  answer: b\n  took: 20\n", "3:3: calls[0]: `took`: `20` has no unit"),
            ("recording: 1\ncalls:\n- execute: a\n  answer: b\n  execute: c\n", "calls[0]: duplicate field `execute`"),
            ("recording: 1\ncalls:\n- execute: a\n  fault: melted\n", "4:10: calls[0].fault: unknown variant `melted`"),
            ("recording: 1\ncalls: {a: b}\n", "2:8: calls: invalid type: map"),
            ("recording: 1\ncalls: [{execute: a\n", "did not find expected"),
            ("recording: 1\ncalls:\n- execute: a\n  fault: lost\n  exit_code: 1\n", "neither `stderr` nor `exit_code`"),
        ] {
            let error = parse(written).expect_err(written);
            assert!(error.contains(sentence), "{written:?}: {error}");
            assert!(error.split(':').take(2).all(|number| number.parse::<usize>().is_ok()), "{error}");
        }
    }

    #[test]
    fn the_example_of_the_reference_is_a_recording() {
        let reference = include_str!("../../../../docs/recordings.md");
        let example = reference.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
        assert_eq!(parse(example).expect("it reads").order.len(), 4);
    }
}
