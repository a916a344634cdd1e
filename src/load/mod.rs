//! From YAML text to the model: every value keeps its place, and all complaints about a file come together.
//!
//! This floor reads files and nothing else of the world: the environment comes in as a value, names are never resolved,
//! and it does not know which classes, platforms or variables exist. Room order: `complaints`, `file`, `yaml`, `scalar`,
//! `fields`, `habits`, `given`, `rejected`, `testbed`, `job`, `platform`.

mod complaints;

mod file;

mod yaml;

mod scalar;

mod fields;

mod habits;

mod given;

mod rejected;

mod testbed;

mod job;

mod platform;

#[cfg(test)]
mod tests;

pub use complaints::is_secret_key;
pub use given::{Ask, Environment, Given};
pub use job::{NameError, RESERVED, check_variable};
pub use platform::{EXIT_CODE, NONCE, whole_line};
pub use rejected::Rejected;
pub use testbed::MOST_WORKERS;

use crate::base::Data;
use crate::base::diagnostic::{Diagnostic, Severity};
use crate::base::place::{Place, Source};
use crate::load::complaints::Complaints;
use crate::model::job::Job;
use crate::model::platform::Platform;
use crate::model::testbed::Testbed;
use crate::model::yaml::Yaml;
use std::path::Path;

/// What came of loading: a value, or errors; warnings may stand beside a value.
#[derive(Debug, Clone)]
pub struct Loaded<T> {
    /// The value; present exactly when no diagnostic is an error.
    pub value: Option<T>,
    /// What could be read in spite of errors. It is good for finding further mistakes, and for nothing else.
    pub remains: Option<T>,
    /// Everything that was noticed, in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
}

impl<T> Loaded<T> {
    fn new(value: Option<T>, complaints: Complaints) -> Self {
        let mut diagnostics = complaints.finish();
        let accepted = diagnostics.iter().all(|diagnostic| diagnostic.severity == Severity::Warning);
        if accepted && value.is_none() {
            diagnostics.push(Diagnostic::unplaced("the file was not accepted"));
        }
        let (value, remains) = if accepted { (value, None) } else { (None, value) };
        Self { value, remains, diagnostics }
    }
}

/// Loads a job file. `shown` is its name in messages. Blocks while the file is read.
#[must_use]
pub fn job(path: &Path, shown: &str) -> Loaded<Job> {
    match file::read(path, shown) {
        Ok(text) => job_text(&text, shown, folder_of(path)),
        Err(diagnostic) => Loaded { value: None, remains: None, diagnostics: vec![diagnostic] },
    }
}

/// Loads a job from its text; relative paths in it start from `folder`.
#[must_use]
pub fn job_text(text: &str, shown: &str, folder: &Path) -> Loaded<Job> {
    let complaints = Complaints::default();
    let source = Source::new(shown, text);
    let value = yaml::read(&source, &complaints).and_then(|yaml| {
        if let Some(devices) = yaml.get("devices").filter(|_| !looks_like_job(&yaml)) {
            complaints.hide_secrets(&yaml);
            let complaint = Diagnostic::error(&devices.place, "this is a testbed, and a job is wanted");
            complaints.add(complaint.hint("a job names it by `testbed: FILE`; `runner devices` lists its devices"));
            return None;
        }
        habits::check(&yaml, &complaints);
        job::read(&yaml, folder, &complaints)
    });
    Loaded::new(value, complaints)
}

/// Keys by which a job is told from a testbed.
const JOB: [&str; 2] = ["job", "tests"];

fn looks_like_job(yaml: &Yaml) -> bool {
    JOB.iter().any(|key| yaml.get(key).is_some())
}

/// Loads a testbed file, and the files that it extends or includes. `shown` is its name in messages. Blocks while files
/// are read, and while a person is asked.
///
/// ```
/// use runner::load::{self, Environment};
/// use std::path::Path;
///
/// // `%ENV{...}` in the file stands for what is given here; nothing is taken from the process by itself.
/// let environment = Environment(std::env::vars().collect());
/// let file = Path::new("examples/quickstart/testbed.yaml");
/// let testbed = load::testbed(file, "testbed.yaml", &environment).accepted()?;
/// assert!(testbed.devices.keys().eq(["here", "edge1", "edge2"]));
/// # Ok::<(), load::Rejected>(())
/// ```
#[must_use]
pub fn testbed<'a>(path: &Path, shown: &str, given: impl Into<Given<'a>>) -> Loaded<Testbed> {
    match file::read(path, shown) {
        Ok(text) => {
            let complaints = Complaints::default();
            let origin = testbed::Origin { path: Some(path), folder: folder_of(path), given: given.into() };
            let value = testbed::read(&Source::new(shown, text), &origin, &complaints);
            Loaded::new(value, complaints)
        }
        Err(diagnostic) => Loaded { value: None, remains: None, diagnostics: vec![diagnostic] },
    }
}

/// Loads a testbed from its text; relative paths in it, and the files that it extends, start from `folder`. Blocks while
/// such files are read.
///
/// ```
/// use runner::load::{self, Environment};
/// use std::path::Path;
///
/// let load = |text| load::testbed_text(text, "lab.yaml", Path::new("/lab"), &Environment::default());
///
/// let loaded = load("devices: {r1: {os: linux, connections: {cli: {protocol: ssh, ip: 192.0.2.1}}}}");
/// assert!(loaded.diagnostics.is_empty(), "errors and warnings, each with its place");
/// let testbed = loaded.accepted()?;
/// assert_eq!(testbed.devices["r1"].paths["cli"].host.as_ref().unwrap().value, "192.0.2.1");
///
/// let rejected = load("devices: {r1: [os]}").accepted().unwrap_err();
/// assert_eq!(rejected.to_string(), "lab.yaml:1:15: a device must be a mapping, found a list");
/// # Ok::<(), load::Rejected>(())
/// ```
#[must_use]
pub fn testbed_text<'a>(text: &str, shown: &str, folder: &Path, given: impl Into<Given<'a>>) -> Loaded<Testbed> {
    let complaints = Complaints::default();
    let origin = testbed::Origin { path: None, folder, given: given.into() };
    let value = testbed::read(&Source::new(shown, text), &origin, &complaints);
    Loaded::new(value, complaints)
}

/// Loads a testbed that is written in place in a job. What loading the job has said about it is not said again.
/// Blocks while files that it extends are read, and while a person is asked.
#[must_use]
pub fn testbed_inline<'a>(yaml: &Yaml, folder: &Path, given: impl Into<Given<'a>>) -> Loaded<Testbed> {
    let complaints = Complaints::default();
    complaints.hide_secrets(yaml);
    let start = Place::new(yaml.place.source(), 0..0);
    let origin = testbed::Origin { path: None, folder, given: given.into() };
    let value = testbed::read_tree(yaml.clone(), &start, &origin, &complaints);
    Loaded::new(value, complaints)
}

/// Whether a file is a job rather than a testbed, told by its keys. Blocks while it is read; what cannot be read is none.
#[must_use]
pub fn is_job(path: &Path) -> bool {
    // What can be read only once, such as a pipe, is left for whoever loads it.
    let Some(text) = path.is_file().then(|| file::read(path, "").ok()).flatten() else { return false };
    match yaml::read(&Source::new("", text.as_str()), &Complaints::default()) {
        Some(tree) => looks_like_job(&tree),
        // What is not YAML shows what it was meant to be.
        None => text.lines().any(|line| JOB.iter().any(|key| line.starts_with(&format!("{key}:")))),
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

/// Loads a platform from its text. `shown` is its name in messages.
#[must_use]
pub fn platform_text(text: &str, shown: &str) -> Loaded<Platform> {
    platform_with(text, shown, platform::Patterns::Unknown)
}

/// The same for a platform whose patterns are known to be good, and are not looked at.
#[must_use]
pub fn known_platform_text(text: &str, shown: &str) -> Loaded<Platform> {
    platform_with(text, shown, platform::Patterns::Known)
}

fn platform_with(text: &str, shown: &str, patterns: platform::Patterns) -> Loaded<Platform> {
    let complaints = Complaints::default();
    let value = yaml::read(&Source::new(shown, text), &complaints).and_then(|yaml| platform::read(&yaml, patterns, &complaints));
    Loaded::new(value, complaints)
}

/// Reads one value from YAML text, as `--var` gives it.
///
/// # Errors
/// The text is not YAML, in one sentence.
pub fn data(text: &str) -> Result<Data, String> {
    serde_yaml::from_str(text).map_err(|error| error.to_string())
}
