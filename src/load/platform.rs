//! The file of a platform.

use crate::base::diagnostic::Diagnostic;
use crate::base::place::{Place, Placed};
use crate::load::complaints::Complaints;
use crate::load::fields::Fields;
use crate::load::scalar::{self, Dialect};
use crate::model::platform::{CliMode, Pager, Platform, RunMode, TerminalSize, Verified};
use crate::model::yaml::{Entry, Yaml};
use regex::Regex;
use std::collections::HashSet;
use std::time::Duration;

/// What stands for a number of the session's own in `open` and `own_prompt`.
pub const NONCE: &str = "{nonce}";

/// The group of `own_prompt` that holds the exit code.
pub const EXIT_CODE: &str = "exit_code";

/// The largest terminal that a server is asked for, in columns or rows.
const LARGEST: u32 = 10_000;

/// What every platform says.
const NEEDED: [&str; 10] = ["platform", "summary", "verified", "verified_with", "run", "terminal", "modes", "settle", "quiet", "cancel"];

/// Whether the patterns of a platform are known to be good. To compile them takes a hundred times as long as to read them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patterns {
    Known,
    Unknown,
}

/// Reads a platform.
pub(super) fn read(yaml: &Yaml, patterns: Patterns, complaints: &Complaints) -> Option<Platform> {
    let mut fields = Fields::of(yaml, "a platform", Dialect::Job, complaints)?;
    require(&fields, &NEEDED);
    let name = fields.filled("platform");
    let summary = fields.filled("summary");
    let os = if fields.has("os") { fields.texts("os") } else { Vec::new() };
    let verified = fields.take("verified").and_then(|entry| scalar::word(&entry.value, "verified", &Verified::WORDS, complaints));
    let verified_with = fields.filled("verified_with");
    let run = fields.take("run").and_then(|entry| scalar::word(&entry.value, "run", &RunMode::WORDS, complaints));
    let terminal = fields.take("terminal").and_then(|entry| terminal(&entry.value, complaints));
    let modes = modes(fields.take("modes"), complaints);
    let own_prompt = fields.filled("own_prompt");
    let echo = fields.take("echo").is_none_or(|entry| scalar::boolean(&entry.value, "echo", complaints).is_none_or(|echo| echo.value));
    let open = items(fields.take("open"), "open", complaints);
    let (settle, quiet, cancel) = (fields.limit("settle"), fields.limit("quiet"), fields.text("cancel"));
    let pagers: Vec<Pager> = items(fields.take("pagers"), "pagers", complaints).iter().filter_map(|item| pager(item, complaints)).collect();
    let errors = if fields.has("errors") { fields.texts("errors") } else { Vec::new() };
    let logs = if fields.has("logs") { fields.texts("logs") } else { Vec::new() };
    fields.finish();
    let open: Vec<Placed<String>> = open.iter().filter_map(|line| scalar::text(line, "open", complaints)).collect();
    if patterns == Patterns::Unknown {
        modes.iter().map(|mode| &mode.prompt).chain(pagers.iter().map(|pager| &pager.line)).for_each(|line| check_line(line, complaints));
        errors.iter().chain(&logs).for_each(|pattern| check(pattern, complaints));
        check_own_prompt(own_prompt.as_ref(), &open, complaints);
    }
    Some(Platform {
        name: name?,
        summary: summary?.value,
        os,
        verified: verified?.value,
        verified_with: verified_with?.value,
        run: run?.value,
        terminal: terminal?,
        modes,
        own_prompt,
        echo,
        open,
        settle: value(settle)?,
        quiet: value(quiet)?,
        cancel: cancel?.value,
        pagers,
        errors,
        logs,
    })
}

fn require(fields: &Fields<'_>, keys: &[&str]) {
    for key in keys {
        fields.require(key);
    }
}

fn value(placed: Option<Placed<Duration>>) -> Option<Duration> {
    placed.map(|placed| placed.value)
}

fn items<'a>(entry: Option<&'a Entry>, name: &str, complaints: &Complaints) -> &'a [Yaml] {
    entry.and_then(|entry| scalar::list(&entry.value, name, complaints)).unwrap_or_default()
}

fn terminal(yaml: &Yaml, complaints: &Complaints) -> Option<TerminalSize> {
    let mut fields = Fields::of(yaml, "`terminal`", Dialect::Job, complaints)?;
    require(&fields, &["type", "columns", "rows"]);
    let (kind, columns, rows) = (fields.filled("type"), fields.integer("columns", 1..=LARGEST), fields.integer("rows", 1..=LARGEST));
    fields.finish();
    Some(TerminalSize { kind: kind?.value, columns: columns?.value, rows: rows?.value })
}

fn modes(entry: Option<&Entry>, complaints: &Complaints) -> Vec<CliMode> {
    let Some(entry) = entry else { return Vec::new() };
    let written = items(Some(entry), "modes", complaints);
    if written.is_empty() {
        complaints.error(&entry.value.place, "a platform needs a mode");
    }
    let modes: Vec<CliMode> = written.iter().filter_map(|yaml| mode(yaml, complaints)).collect();
    let mut names = HashSet::new();
    for mode in &modes {
        if !names.insert(mode.name.value.as_str()) {
            complaints.error(&mode.name.place, format!("there are two modes `{}`", mode.name.value));
        }
    }
    modes
}

fn mode(yaml: &Yaml, complaints: &Complaints) -> Option<CliMode> {
    let mut fields = Fields::of(yaml, "a mode", Dialect::Job, complaints)?;
    require(&fields, &["name", "prompt"]);
    let (name, prompt) = (fields.filled("name"), fields.filled("prompt"));
    fields.finish();
    Some(CliMode { name: name?, prompt: prompt? })
}

fn pager(yaml: &Yaml, complaints: &Complaints) -> Option<Pager> {
    let mut fields = Fields::of(yaml, "a pager", Dialect::Job, complaints)?;
    require(&fields, &["line", "send"]);
    let (line, send) = (fields.filled("line"), fields.text("send"));
    fields.finish();
    Some(Pager { line: line?, send: send?.value })
}

/// Complains about a pattern that cannot be compiled.
fn check(pattern: &Placed<String>, complaints: &Complaints) {
    if let Err(error) = Regex::new(&pattern.value) {
        complaints.error(&pattern.place, not_a_pattern(&error));
    }
}

/// Complains about a pattern of a whole line that cannot be compiled, or that an empty line has.
fn check_line(pattern: &Placed<String>, complaints: &Complaints) {
    match whole_line(&pattern.value) {
        Err(sentence) => complaints.error(&pattern.place, sentence),
        Ok(regex) if regex.is_match("") => complaints.error(&pattern.place, "this pattern matches an empty line"),
        Ok(_) => {}
    }
}

fn check_own_prompt(pattern: Option<&Placed<String>>, open: &[Placed<String>], complaints: &Complaints) {
    let Some(pattern) = pattern else {
        for line in open.iter().filter(|line| line.value.contains(NONCE)) {
            complaints.error(&line.place, format!("`{NONCE}` belongs to `own_prompt`, which is missing"));
        }
        return;
    };
    let wrong = |place: &Place, message: String| complaints.add(Diagnostic::error(place, message));
    if !pattern.value.contains(NONCE) {
        wrong(&pattern.place, format!("`own_prompt` lacks `{NONCE}`, which tells it from everything else"));
    } else if !open.iter().any(|line| line.value.contains(NONCE)) {
        wrong(&pattern.place, format!("no line of `open` sets this prompt: none has `{NONCE}`"));
    } else {
        let own = pattern.value.replace(NONCE, "nonce");
        match Regex::new(&own) {
            Err(error) => wrong(&pattern.place, not_a_pattern(&error)),
            // What is typed is echoed, and must not be taken for the prompt that it sets.
            Ok(regex) => {
                for line in open.iter().filter(|line| regex.is_match(&line.value.replace(NONCE, "nonce"))) {
                    wrong(&line.place, "the echo of this line has the pattern in `own_prompt`".to_owned());
                }
            }
        }
    }
}

/// Compiles a pattern that must match a whole line.
///
/// # Errors
/// It is no pattern, in one sentence.
pub fn whole_line(pattern: &str) -> Result<Regex, String> {
    // On its own first: `a)(b` is no pattern although it would be one between parentheses.
    Regex::new(pattern).and_then(|_| Regex::new(&format!("^(?:{pattern})$"))).map_err(|error| not_a_pattern(&error))
}

fn not_a_pattern(error: &regex::Error) -> String {
    let text = error.to_string();
    let reason = text.lines().last().unwrap_or_default().trim();
    format!("this is no pattern: {}", reason.strip_prefix("error: ").unwrap_or(reason))
}
