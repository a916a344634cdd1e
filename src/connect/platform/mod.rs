//! Kinds of command lines, as data: prompts, paging, the lines that refuse a command, and what sets up a terminal.
//!
//! Each built-in platform is a YAML file beside this one; `load` reads it. Another platform is another file in the list.

use crate::base::place::{Place, Placed};
use crate::load::{self, EXIT_CODE, NONCE, whole_line};
use crate::model::platform::{Pager, RunMode, TerminalSize, Verified};
use crate::record::fault::{Fault, FaultKind};
use regex::{Captures, Regex, RegexSet};
use std::sync::OnceLock;
use std::time::Duration;

/// The files of the built-in platforms.
const BUILT_IN: [(&str, &str); 2] = [("linux.yaml", include_str!("linux.yaml")), ("generic.yaml", include_str!("generic.yaml"))];

/// The platform of a device whose `os` no other one knows.
const GENERIC: &str = "generic";

/// The platform of a device without `os`.
const WITHOUT_OS: &str = "linux";

/// A platform. Its patterns are compiled when a session needs them first.
#[derive(Debug)]
pub struct Platform {
    /// Its name.
    pub name: String,
    /// One line about it.
    pub summary: String,
    /// The values of a device's `os` that mean it.
    pub os: Vec<String>,
    /// How far it was verified.
    pub verified: Verified,
    /// What it was verified with.
    pub verified_with: String,
    /// How commands are run where the testbed says nothing.
    pub run: RunMode,
    /// The terminal that is asked for.
    pub terminal: TerminalSize,
    pub(super) echo: bool,
    pub(super) settle: Duration,
    pub(super) quiet: Duration,
    pub(super) cancel: String,
    /// The lines that are sent when a session is opened, as they are written.
    pub open: Vec<String>,
    own_prompt: Option<String>,
    /// As written.
    prompts: Vec<String>,
    pagers: Vec<Pager>,
    errors: Vec<String>,
    logs: Vec<String>,
    compiled: OnceLock<Result<Patterns, String>>,
}

/// The patterns of a platform.
#[derive(Debug)]
struct Patterns {
    prompt: RegexSet,
    pager: RegexSet,
    errors: RegexSet,
    logs: RegexSet,
}

/// The prompt that a session has set itself. It begins with a line break, so that it stands at the beginning of a line whatever
/// the output before it ended in.
#[derive(Debug)]
pub(super) struct OwnPrompt(Regex);

/// The built-in platforms.
///
/// # Errors
/// `Internal`: one of them is not as it should be, which a test rules out.
pub fn built_in() -> Result<&'static [Platform], Fault> {
    static PLATFORMS: OnceLock<Result<Vec<Platform>, String>> = OnceLock::new();
    let platforms = PLATFORMS.get_or_init(|| BUILT_IN.iter().map(|(file, text)| Platform::read(text, file)).collect());
    platforms.as_deref().map_err(|sentence| Fault::new(FaultKind::Internal, sentence.clone()))
}

/// The platform of a device with that `os`; an empty one is none.
///
/// # Errors
/// As [`built_in`].
pub fn of_os(os: &str) -> Result<&'static Platform, Fault> {
    let platforms = built_in()?;
    let os = os.trim().to_lowercase();
    let by_name = |name: &str| platforms.iter().find(|platform| platform.name == name);
    let known = platforms.iter().find(|platform| platform.os.contains(&os));
    let known = if os.is_empty() { by_name(WITHOUT_OS) } else { known.or_else(|| by_name(GENERIC)) };
    known.ok_or_else(|| Fault::new(FaultKind::Internal, format!("there is no platform `{GENERIC}`")))
}

impl Platform {
    /// Reads the file of a platform.
    ///
    /// # Errors
    /// What is wrong with it, with its place.
    fn read(text: &str, file: &str) -> Result<Self, String> {
        let loaded = load::known_platform_text(text, file);
        let Some(read) = loaded.value else {
            let first = loaded.diagnostics.first();
            let place = first.and_then(|diagnostic| diagnostic.place.as_ref()).map_or(file.to_owned(), Place::file_line);
            return Err(format!("{place}: {}", first.map_or("not read", |diagnostic| &diagnostic.message)));
        };
        let values = |all: Vec<Placed<String>>| all.into_iter().map(|one| one.value).collect();
        Ok(Self {
            prompts: read.modes.into_iter().map(|mode| mode.prompt.value).collect(),
            name: read.name.value,
            summary: read.summary,
            os: values(read.os),
            verified: read.verified,
            verified_with: read.verified_with,
            run: read.run,
            terminal: read.terminal,
            echo: read.echo,
            settle: read.settle,
            quiet: read.quiet,
            cancel: read.cancel,
            open: values(read.open),
            own_prompt: read.own_prompt.map(|pattern| pattern.value),
            pagers: read.pagers,
            errors: values(read.errors),
            logs: values(read.logs),
            compiled: OnceLock::new(),
        })
    }

    /// Compiles its patterns, unless that was done.
    ///
    /// # Errors
    /// `Internal`, as [`built_in`].
    pub(super) fn ready(&self) -> Result<(), Fault> {
        let sentence = |sentence: &String| Fault::new(FaultKind::Internal, format!("platform `{}`: {sentence}", self.name));
        self.compiled.get_or_init(|| self.compile()).as_ref().map(|_| ()).map_err(sentence)
    }

    fn compile(&self) -> Result<Patterns, String> {
        let lines = |patterns: &mut dyn Iterator<Item = &str>| {
            let patterns: Result<Vec<String>, String> = patterns.map(|pattern| whole_line(pattern).map(|line| line.to_string())).collect();
            RegexSet::new(patterns?).map_err(|error| error.to_string())
        };
        let anywhere = |patterns: &[String]| RegexSet::new(patterns).map_err(|error| error.to_string());
        Ok(Patterns {
            prompt: lines(&mut self.prompts.iter().map(String::as_str))?,
            pager: lines(&mut self.pagers.iter().map(|pager| pager.line.value.as_str()))?,
            errors: anywhere(&self.errors)?,
            logs: anywhere(&self.logs)?,
        })
    }

    /// The patterns; `None` where [`Platform::ready`] fails, with which every session begins.
    fn patterns(&self) -> Option<&Patterns> {
        self.compiled.get_or_init(|| self.compile()).as_ref().ok()
    }

    /// The patterns of its prompts, for messages.
    pub(super) fn prompts(&self) -> &[String] {
        &self.prompts
    }

    /// Whether a line, without blanks at its end, is a prompt of one of its modes.
    pub(super) fn is_prompt(&self, line: &str) -> bool {
        self.patterns().is_some_and(|patterns| patterns.prompt.is_match(line))
    }

    /// What asks for a key with that line, which has no blanks around it.
    pub(super) fn pager(&self, line: &str) -> Option<&Pager> {
        self.patterns()?.pager.matches(line).iter().next().and_then(|index| self.pagers.get(index))
    }

    /// Whether a command was refused with that line.
    pub(super) fn is_error(&self, line: &str) -> bool {
        self.patterns().is_none_or(|patterns| patterns.errors.is_match(line))
    }

    fn is_log(&self, line: &str) -> bool {
        self.patterns().is_some_and(|patterns| patterns.logs.is_match(line))
    }

    /// A line of `open` as it is sent, and the prompt that it sets, where it sets one. `nonce` is new for each session.
    ///
    /// # Errors
    /// `Internal`, as [`built_in`].
    pub(super) fn prepared(&self, line: &str, nonce: &str) -> Result<(String, Option<OwnPrompt>), Fault> {
        let pattern = self.own_prompt.as_ref().filter(|_| line.contains(NONCE));
        let own = pattern.map(|pattern| Regex::new(&format!("(?m)^(?:{})", pattern.replace(NONCE, nonce)))).transpose();
        let own = own.map_err(|error| Fault::new(FaultKind::Internal, format!("`own_prompt` of {}: {error}", self.name)))?;
        Ok((line.replace(NONCE, nonce), own.map(OwnPrompt)))
    }

    /// An answer without what came after it: prompts, and log lines after one.
    pub(super) fn without_trail<'a>(&self, text: &'a str, prompt: &str) -> &'a str {
        let mut kept = text;
        let mut rest = text;
        loop {
            let line = rest.strip_suffix('\n').unwrap_or(rest);
            let begins = line.rfind('\n').map_or(0, |at| at + 1);
            let line = &line[begins..];
            if rest.is_empty() || !(line.trim_end() == prompt || line.trim().is_empty() || self.is_log(line)) {
                return kept;
            }
            rest = &rest[..begins];
            if line.trim_end() == prompt {
                kept = rest;
            }
        }
    }
}

impl OwnPrompt {
    /// The prompt where it is a whole line: where it begins, which is 0, and the exit code that it tells.
    pub(super) fn line(&self, line: &str) -> Option<(usize, Option<i32>)> {
        let groups = self.0.captures(line)?;
        (groups.get(0)?.len() == line.len()).then(|| (0, code(&groups)))
    }

    /// Where the last line of a text begins that has the prompt at its beginning, and the exit code that it tells.
    pub(super) fn last_in(&self, text: &str) -> Option<(usize, Option<i32>)> {
        let groups = self.0.captures_iter(text).last()?;
        Some((groups.get(0)?.start(), code(&groups)))
    }
}

fn code(groups: &Captures<'_>) -> Option<i32> {
    groups.name(EXIT_CODE).and_then(|code| code.as_str().parse().ok())
}

#[cfg(test)]
mod tests;
