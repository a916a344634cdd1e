//! Checks what a path says against what its class takes.
//!
//! What a class takes stands in its table; what pyATS knows and a class does not take is said, never dropped in silence.

use crate::base::Data;
use crate::base::deadline::Limit;
use crate::base::diagnostic::Diagnostic;
use crate::base::duration;
use crate::base::text;
use crate::connect::class::{ClassSpec, OptionKind, OptionSpec, OptionValue, Options};
use crate::model::testbed::ConnectionPath;
use crate::model::yaml::{Entry, Kind, Scalar, Yaml};
use std::time::Duration;

/// pyATS's key for the longest time that opening may take; every class honours it.
const CONNECT_TIMEOUT: &str = "connection_timeout";

/// pyATS's key for the credentials of successive prompts; `login` reads it.
const LOGIN_CREDS: &str = "login_creds";

/// pyATS's key for arguments of the program `ssh`, which some testbeds write into `protocol` as well.
pub(super) const SSH_OPTIONS: &str = "ssh_options";

/// Keys of real testbeds that configure pyATS's own classes.
const PYATS: [&str; 24] = [
    "arguments",
    "chassis_type",
    "connect_reply",
    "debug",
    "goto_enable",
    "init_config_commands",
    "init_exec_commands",
    "learn_hostname",
    "learn_os",
    "learn_tokens",
    "line",
    "log_buffer",
    "log_stdout",
    "logfile",
    "mit",
    "prompt_recovery",
    "prompts",
    "proxy",
    "service_attributes",
    "settings",
    "speed",
    "sshtunnel",
    SSH_OPTIONS,
    "trim_line",
];

/// Keys that every path has, whatever its class.
const COMMON: [&str; 8] = ["class", "protocol", "host", "ip", "port", "command", "credentials", LOGIN_CREDS];

/// What a path's options come to.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Checked {
    pub(super) options: Options,
    /// The longest time that opening may take.
    pub(super) connect_timeout: Option<Limit>,
}

/// Checks a path against its class. `flags` are words that stood in `protocol` after the protocol. Complaints go to `found`.
///
/// An option that is `given` by the caller counts as said.
pub(super) fn check(
    path: &ConnectionPath,
    flags: &str,
    spec: &ClassSpec,
    given: &dyn Fn(&str) -> bool,
    found: &mut Vec<Diagnostic>,
) -> Checked {
    let mut checked = Checked::default();
    for (index, entry) in path.options.iter().enumerate() {
        let key = entry.key.value.as_str();
        if let Some(earlier) = path.options[..index].iter().find(|earlier| earlier.key.value == key) {
            let message = format!("`{key}` is said twice");
            found.push(Diagnostic::error(&entry.key.place, message).also(&earlier.key.place, "said here first"));
            continue;
        }
        if key == CONNECT_TIMEOUT {
            connect_timeout(&entry.value, &mut checked, found);
        }
        match spec.options.iter().find(|option| option.name == key) {
            Some(option) => match value(option, &entry.value) {
                Ok(value) => {
                    checked.options.0.insert(option.name, value);
                }
                Err(diagnostic) => found.push(*diagnostic),
            },
            None if key == CONNECT_TIMEOUT || key == LOGIN_CREDS || is_without_commands(entry) => {}
            None => found.push(unknown(entry, spec)),
        }
    }
    take_flags(path, flags, spec, &mut checked, found);
    require(path, spec, given, found);
    checked
}

/// Takes options that a job gives; they replace the path's. Complaints point to each key and value.
pub(super) fn given(written: &[Entry], spec: &ClassSpec, checked: &mut Checked, found: &mut Vec<Diagnostic>) {
    for entry in written {
        let key = entry.key.value.as_str();
        let option = spec.options.iter().find(|option| option.name == key);
        let kind = option.map(|option| option.kind).or((key == CONNECT_TIMEOUT).then_some(OptionKind::Duration));
        let Some(kind) = kind else {
            let known = spec.options.iter().map(|option| option.name).chain([CONNECT_TIMEOUT]);
            let message = format!("`{key}` is not an option of class `{}`", spec.name);
            let keys = ["alias", "via", "class", "pool_size", "pool_timeout"];
            found.push(Diagnostic::error(&entry.key.place, message).did_you_mean(text::nearest(key, known.chain(keys))));
            continue;
        };
        if let Err(complaint) = strict(key, kind, &entry.value) {
            found.push(*complaint);
        } else if key == CONNECT_TIMEOUT {
            connect_timeout(&entry.value, checked, found);
        } else if let Some(option) = option {
            match value(option, &entry.value) {
                Ok(value) => drop(checked.options.0.insert(option.name, value)),
                Err(complaint) => found.push(*complaint),
            }
        }
    }
}

/// Complains about what only testbeds may write: durations without unit, and numbers as text.
fn strict(name: &str, kind: OptionKind, written: &Yaml) -> Result<(), Box<Diagnostic>> {
    let Some(scalar) = written.scalar() else { return Ok(()) };
    match kind {
        OptionKind::Duration if scalar.text.trim().parse::<f64>().is_ok() => {
            let shown = scalar.text.trim();
            Err(Box::new(Diagnostic::error(&written.place, format!("`{name}`: `{shown}` has no unit: write `{shown}s`"))))
        }
        OptionKind::Count if scalar.value.is_string() => Err(Box::new(wrong_kind(name, kind, written))),
        OptionKind::Text | OptionKind::File | OptionKind::Choice(_) | OptionKind::Switch | OptionKind::Count | OptionKind::Duration => {
            Ok(())
        }
    }
}

/// Complains about what the class needs and the path does not say, and about a `command` that would not be run.
fn require(path: &ConnectionPath, spec: &ClassSpec, given: &dyn Fn(&str) -> bool, found: &mut Vec<Diagnostic>) {
    let name = &path.name.value;
    for needed in spec.requires {
        let is_said = match *needed {
            "host" => path.host.as_ref().is_some_and(|host| !host.value.trim().is_empty()),
            "port" => path.port.is_some(),
            "command" => path.command.as_ref().is_some_and(|command| !command.value.trim().is_empty()),
            // A value of the wrong kind is a complaint of its own.
            option => given(option) || path.option(option).is_some(),
        };
        if !is_said {
            found.push(Diagnostic::error(&path.name.place, format!("path `{name}` needs `{needed}`: class `{}` requires it", spec.name)));
        }
    }
    if let Some(command) = path.command.as_ref().filter(|_| !spec.requires.contains(&"command")) {
        let message = format!("class `{}` does not speak with a program that `command` spawns in this version", spec.name);
        found.push(Diagnostic::error(&command.place, message));
    }
    // A class that requires nothing stays on this machine.
    if let Some(host) = path.host.as_ref().filter(|_| spec.requires.is_empty()) {
        found.push(Diagnostic::warning(&host.place, format!("`host` is not used: class `{}` stays on this machine", spec.name)));
    }
}

fn connect_timeout(written: &Yaml, checked: &mut Checked, found: &mut Vec<Diagnostic>) {
    match written.scalar().and_then(seconds) {
        // As in pyATS, zero is no limit of its own.
        Some(Duration::ZERO) => {}
        Some(length) => {
            let setting = format!("`{CONNECT_TIMEOUT}` at {}", written.place.file_line());
            checked.connect_timeout = Some(Limit { length, setting: setting.into() });
        }
        None => found.push(wrong_kind(CONNECT_TIMEOUT, OptionKind::Duration, written)),
    }
}

/// Some testbeds write arguments of the program `ssh` after the protocol: they are the class's `ssh_options`.
fn take_flags(path: &ConnectionPath, flags: &str, spec: &ClassSpec, checked: &mut Checked, found: &mut Vec<Diagnostic>) {
    let Some(protocol) = path.protocol.as_ref().filter(|_| !flags.is_empty()) else { return };
    let Some(option) = spec.options.iter().find(|option| option.name == SSH_OPTIONS && option.kind == OptionKind::Text) else {
        found.push(Diagnostic::warning(&protocol.place, format!("`{flags}` is not honoured by class `{}`", spec.name)));
        return;
    };
    let all = match checked.options.text(SSH_OPTIONS) {
        Some(said) => format!("{flags} {said}"),
        None => flags.to_owned(),
    };
    checked.options.0.insert(option.name, OptionValue::Text(all));
}

/// Whether it says that nothing is sent to a device when it is opened, which is how it is anyway.
fn is_without_commands(entry: &Entry) -> bool {
    matches!(entry.key.value.as_str(), "init_exec_commands" | "init_config_commands") && entry.value.kind == Kind::List(Vec::new())
}

/// An option that the class does not have.
fn unknown(entry: &Entry, spec: &ClassSpec) -> Diagnostic {
    let key = entry.key.value.as_str();
    if PYATS.contains(&key) {
        return Diagnostic::warning(&entry.key.place, format!("`{key}` is not honoured by class `{}`", spec.name));
    }
    let options = spec.options.iter().map(|option| option.name);
    let message = format!("`{key}` is not an option of class `{}`", spec.name);
    let near = text::nearest(key, options.chain(COMMON).chain([CONNECT_TIMEOUT]));
    // pyATS lets a path hold keys of the user's own.
    Diagnostic::warning(&entry.key.place, format!("{message}, it is ignored")).did_you_mean(near)
}

/// The value of an option, of the kind that its class declares. Boxed, because it is far larger than a value.
fn value(option: &OptionSpec, written: &Yaml) -> Result<OptionValue, Box<Diagnostic>> {
    let scalar = written.scalar().filter(|scalar| !scalar.value.is_null());
    let taken = scalar.and_then(|scalar| match option.kind {
        OptionKind::Text => Some(OptionValue::Text(scalar.text.clone())),
        OptionKind::File => Some(OptionValue::Text(scalar.text.clone())).filter(|_| !scalar.text.trim().is_empty()),
        OptionKind::Choice(words) => words.contains(&scalar.text.as_str()).then(|| OptionValue::Text(scalar.text.clone())),
        OptionKind::Switch => scalar.value.as_bool().map(OptionValue::Switch),
        OptionKind::Count => count(scalar).map(OptionValue::Count),
        OptionKind::Duration => seconds(scalar).map(OptionValue::Duration),
    });
    taken.ok_or_else(|| Box::new(wrong_kind(option.name, option.kind, written)))
}

/// Whether a value that did not come from a file is of the kind that an option takes.
fn is_kind(kind: OptionKind, value: &OptionValue) -> bool {
    match (kind, value) {
        (OptionKind::Text, OptionValue::Text(_))
        | (OptionKind::Switch, OptionValue::Switch(_))
        | (OptionKind::Duration, OptionValue::Duration(_)) => true,
        (OptionKind::File, OptionValue::Text(text)) => !text.trim().is_empty(),
        (OptionKind::Choice(words), OptionValue::Text(text)) => words.contains(&text.as_str()),
        (OptionKind::Count, OptionValue::Count(count)) => *count > 0,
        _ => false,
    }
}

/// What an option of that kind takes, for messages.
fn wanted(kind: OptionKind) -> String {
    match kind {
        OptionKind::Text => "a text".to_owned(),
        OptionKind::File => "a path".to_owned(),
        OptionKind::Choice(words) => format!("one of {}", text::names(words.iter().copied())),
        OptionKind::Switch => "`true` or `false`".to_owned(),
        OptionKind::Count => "a whole number from 1".to_owned(),
        OptionKind::Duration => "a duration such as `30s`, or a number of seconds".to_owned(),
    }
}

fn wrong_kind(name: &str, kind: OptionKind, written: &Yaml) -> Diagnostic {
    let got = match written.scalar().filter(|scalar| !scalar.value.is_null()) {
        Some(scalar) => format!("{} `{}`", written.describe(), text::one_line(&scalar.text, 40)),
        None => written.describe().to_owned(),
    };
    let diagnostic = Diagnostic::error(&written.place, format!("`{name}` takes {}, got {got}", wanted(kind)));
    match (kind, written.scalar()) {
        (OptionKind::Choice(words), Some(scalar)) => diagnostic.did_you_mean(text::nearest(&scalar.text, words.iter().copied())),
        _ => diagnostic,
    }
}

/// A whole number from 1; testbeds write some of them as text.
fn count(scalar: &Scalar) -> Option<u32> {
    let number = match &scalar.value {
        Data::Number(number) => number.as_u64(),
        Data::String(text) => text.parse().ok(),
        _ => None,
    };
    number.and_then(|number| u32::try_from(number).ok()).filter(|number| *number > 0)
}

/// A duration; a bare number means seconds, as in pyATS.
fn seconds(scalar: &Scalar) -> Option<Duration> {
    let number = match &scalar.value {
        Data::Number(number) => number.as_f64(),
        Data::String(text) => match text.trim().parse::<f64>() {
            Ok(number) => Some(number),
            Err(_) => return duration::parse(text).ok(),
        },
        _ => None,
    };
    number.and_then(|number| Duration::try_from_secs_f64(number).ok()).filter(|length| *length <= duration::LONGEST)
}

/// Why a class does not take an option that a caller gave.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OptionError {
    /// The class has no such option.
    #[error("`{name}` is not an option of class `{class}`")]
    Unknown {
        /// The option.
        name: String,
        /// The class.
        class: &'static str,
        /// The option that was most likely meant.
        near: Option<&'static str>,
    },
    /// The value is of another kind.
    #[error("`{name}` takes {wanted}")]
    WrongKind {
        /// The option.
        name: &'static str,
        /// What it takes.
        wanted: String,
    },
}

impl OptionError {
    /// The option that was most likely meant.
    #[must_use]
    pub fn near(&self) -> Option<&'static str> {
        match self {
            Self::Unknown { near, .. } => *near,
            Self::WrongKind { .. } => None,
        }
    }
}

/// The declared name of an option that a caller gave, if the class takes it so.
pub(super) fn taken(name: &str, value: &OptionValue, spec: &ClassSpec) -> Result<&'static str, OptionError> {
    let Some(option) = spec.options.iter().find(|option| option.name == name) else {
        let near = text::nearest(name, spec.options.iter().map(|option| option.name));
        return Err(OptionError::Unknown { name: name.to_owned(), class: spec.name, near });
    };
    if !is_kind(option.kind, value) {
        return Err(OptionError::WrongKind { name: option.name, wanted: wanted(option.kind) });
    }
    Ok(option.name)
}
