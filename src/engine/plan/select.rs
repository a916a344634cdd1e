//! Which tests and devices the command line leaves, and which devices a test runs on.

use crate::base::Data;
use crate::base::diagnostic::Diagnostic;
use crate::base::place::{Place, Placed};
use crate::base::text;
use crate::engine::plan::names::Names;
use crate::engine::plan::tags::Tags;
use crate::eval::expression::Expression;
use crate::eval::scope::{Layer, Scope};
use crate::model::job::{Devices, Job, Test};
use crate::model::testbed::{Device, Testbed};
use crate::model::yaml::Entry;
use globset::{Glob, GlobMatcher};
use indexmap::IndexMap;

/// What the command line leaves of the job.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Names and globs of devices; empty means all.
    pub devices: Vec<String>,
    /// Names, ids and globs of tests, or several between commas; empty means all.
    pub tests: Vec<String>,
    /// Expressions over tags of tests, of which one must hold; empty means all.
    pub tags: Vec<String>,
}

/// What the command line leaves of the devices of a testbed.
#[derive(Debug)]
pub(super) struct ChosenDevices {
    globs: Vec<GlobMatcher>,
    all: bool,
}

/// What the command line leaves of one job.
#[derive(Debug)]
pub(super) struct Chosen {
    devices: ChosenDevices,
    tests: Vec<GlobMatcher>,
    tags: Vec<Tags>,
    /// Whether everything is left.
    all_tests: bool,
    all_tags: bool,
}

impl Selection {
    /// Binds it to a job and a testbed. Complains about every pattern that nothing in them has: what it was to select
    /// would not be run.
    pub(super) fn of(&self, job: &Job, testbed: &Testbed, complaints: &mut Vec<Diagnostic>) -> Chosen {
        let devices = self.of_devices(testbed, complaints);
        let tests = |glob: &GlobMatcher| job.tests.iter().any(|test| names_test(glob, test));
        let test_names: Vec<&str> = job.tests.iter().flat_map(|test| [test.name.value.as_str(), test.id.value.as_str()]).collect();
        let tags: Vec<&str> = job.tests.iter().flat_map(tags_of).collect();
        let parts: Vec<&str> = self.tests.iter().flat_map(|pattern| parts(pattern, &test_names, tests)).collect();
        let unnamed = parts.iter().filter(|part| !test_names.contains(part));
        complaints.extend(unnamed.filter_map(|pattern| unmatched("test", pattern, &test_names, tests)));
        Chosen {
            devices,
            tests: parts.iter().filter_map(|part| exactly(part, &test_names).or_else(|| glob(part).ok())).collect(),
            tags: self.tags.iter().filter_map(|text| expression(text, &tags, complaints)).collect(),
            all_tests: self.tests.is_empty(),
            all_tags: self.tags.is_empty(),
        }
    }

    /// Binds what it says of devices to a testbed. Complains about every pattern that no device has.
    pub(super) fn of_devices(&self, testbed: &Testbed, complaints: &mut Vec<Diagnostic>) -> ChosenDevices {
        let names: Vec<&str> = testbed.devices.keys().map(String::as_str).collect();
        let matches = |glob: &GlobMatcher| testbed.devices.values().any(|device| names_device(glob, device));
        complaints.extend(self.devices.iter().filter_map(|pattern| unmatched("device", pattern, &names, matches)));
        let globs = self.devices.iter().filter_map(|pattern| glob(pattern).ok()).collect();
        ChosenDevices { globs, all: self.devices.is_empty() }
    }
}

impl ChosenDevices {
    /// Whether a device is selected.
    pub(super) fn has(&self, device: &Device) -> bool {
        self.all || self.globs.iter().any(|glob| names_device(glob, device))
    }
}

impl Chosen {
    /// Whether a device is selected.
    pub(super) fn has_device(&self, device: &Device) -> bool {
        self.devices.has(device)
    }

    /// Whether a test is selected.
    pub(super) fn has_test(&self, test: &Test) -> bool {
        let tags: Vec<&str> = tags_of(test).collect();
        (self.all_tests || self.tests.iter().any(|glob| names_test(glob, test)))
            && (self.all_tags || self.tags.iter().any(|wanted| wanted.mean(&tags)))
    }
}

fn tags_of(test: &Test) -> impl Iterator<Item = &str> {
    test.tags.iter().map(|tag| tag.value.as_str())
}

/// The pattern that matches a name and nothing else; `None` where it is no name.
fn exactly(name: &str, names: &[&str]) -> Option<GlobMatcher> {
    names.contains(&name).then(|| glob(&globset::escape(name)).ok()).flatten()
}

/// The patterns between the commas of one, unless it names a test as a whole. Commas within brackets belong to a pattern.
fn parts<'p>(pattern: &'p str, names: &[&str], has: impl Fn(&GlobMatcher) -> bool) -> Vec<&'p str> {
    if names.contains(&pattern) || glob(pattern).is_ok_and(|glob| has(&glob)) {
        return vec![pattern];
    }
    let mut deep = 0_usize;
    let outside = |c: char| {
        match c {
            '{' | '[' => deep += 1,
            '}' | ']' => deep = deep.saturating_sub(1),
            _ => {}
        }
        c == ',' && deep == 0
    };
    pattern.split(outside).map(str::trim).collect()
}

/// Reads an expression over tags; complains where it is none, and about tags that no test has.
fn expression(text: &str, known: &[&str], complaints: &mut Vec<Diagnostic>) -> Option<Tags> {
    let tags = match Tags::parse(text, known) {
        Ok(tags) => tags,
        Err(problem) => {
            let complaint = Diagnostic::unplaced(format!("`--tags {text}` is not an expression over tags: {problem}"));
            complaints.push(complaint.hint("such as `--tags smoke,bgp` or `--tags 'smoke and not (slow or manual)'`"));
            return None;
        }
    };
    let before = complaints.len();
    for tag in tags.named().into_iter().filter(|tag| !known.contains(tag)) {
        let complaint = Diagnostic::unplaced(format!("`--tags {text}`: no test has the tag `{tag}`"));
        complaints.push(complaint.did_you_mean(text::nearest(tag, known.iter().copied())));
    }
    (complaints.len() == before).then_some(tags)
}

/// A complaint about a pattern of the command line that nothing has.
pub(super) fn unmatched(what: &str, pattern: &str, names: &[&str], has: impl Fn(&GlobMatcher) -> bool) -> Option<Diagnostic> {
    match glob(pattern) {
        Ok(glob) if has(&glob) => None,
        Ok(_) => {
            let complaint = Diagnostic::unplaced(format!("`--{what} {pattern}` names no {what}"));
            Some(complaint.did_you_mean(text::nearest(pattern, names.iter().copied())))
        }
        Err(error) => Some(Diagnostic::unplaced(format!("`--{what} {pattern}` is not a pattern: {error}"))),
    }
}

fn names_test(glob: &GlobMatcher, test: &Test) -> bool {
    glob.is_match(&test.name.value) || glob.is_match(&test.id.value)
}

/// What templates see as `device`. The attributes that every device may have are there even when the testbed does not
/// give them; they are none then.
pub(super) fn device_data(device: &Device) -> Data {
    let mut data = serde_json::Map::new();
    for known in ["alias", "os", "platform", "type", "model", "role", "region"] {
        data.insert(known.to_owned(), Data::Null);
    }
    for (key, value) in &device.attributes {
        data.insert(key.clone(), value.value.clone().into());
    }
    data.extend(device.data.clone());
    data.insert("name".to_owned(), device.name.value.clone().into());
    let texts = |list: &[Placed<String>]| Data::Array(list.iter().map(|one| one.value.clone().into()).collect());
    data.insert("tags".to_owned(), texts(&device.tags));
    data.insert("features".to_owned(), texts(&device.features));
    data.insert("custom".to_owned(), device.custom.clone());
    data.insert("interfaces".to_owned(), Data::Object(device.interfaces.clone()));
    Data::Object(data)
}

/// What templates see as `testbed`.
pub(super) fn testbed_data(testbed: &Testbed) -> Data {
    let mut data = testbed.data.clone();
    data.insert("name".to_owned(), testbed.name.clone().into());
    data.insert("custom".to_owned(), testbed.custom.clone());
    data.insert("links".to_owned(), Data::Object(testbed.links.clone()));
    Data::Object(data)
}

/// What `where` may use besides `device`.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    /// What stands above every variable in every case.
    pub(super) fixed: &'a Scope,
    /// The part of it that `--var` gives.
    pub(super) overrides: &'a IndexMap<String, Data>,
}

/// The devices of a testbed that `wanted` names, in testbed order; complaints where it names none.
pub(super) fn select<'a>(wanted: &Devices, testbed: &'a Testbed, known: Known<'_>, complaints: &mut Vec<Diagnostic>) -> Vec<&'a Device> {
    let before = complaints.len();
    let (selected, place): (Vec<&Device>, &Place) = match wanted {
        Devices::All(place) => (testbed.devices.values().collect(), place),
        Devices::Named(patterns) => {
            let Some(first) = patterns.first() else { return Vec::new() };
            (named(patterns, testbed, complaints), &first.place)
        }
        Devices::Attributes(entries) => {
            let Some(first) = entries.first() else { return Vec::new() };
            (with_attributes(entries, testbed, complaints), &first.key.place)
        }
        Devices::Where(condition) => (where_holds(condition, testbed, known, complaints), &condition.place),
    };
    if selected.is_empty() && complaints.len() == before {
        complaints.push(Diagnostic::error(place, "this selects no device of the testbed"));
    }
    selected
}

fn named<'a>(patterns: &[Placed<String>], testbed: &'a Testbed, complaints: &mut Vec<Diagnostic>) -> Vec<&'a Device> {
    let mut globs = Vec::new();
    for pattern in patterns {
        match glob(&pattern.value) {
            Ok(glob) if testbed.devices.values().any(|device| names_device(&glob, device)) => globs.push(glob),
            Ok(_) => complaints.push(nothing_named(pattern, testbed)),
            Err(error) => complaints.push(Diagnostic::error(&pattern.place, format!("`{}` is not a pattern: {error}", pattern.value))),
        }
    }
    testbed.devices.values().filter(|device| globs.iter().any(|glob| names_device(glob, device))).collect()
}

/// The device of a name, or of an alias that no other device has.
///
/// # Errors
/// There is none, or there are several.
pub(super) fn device_named<'a>(name: &Placed<String>, testbed: &'a Testbed) -> Result<&'a Device, Box<Diagnostic>> {
    if let Some(device) = testbed.devices.get(&name.value) {
        return Ok(device);
    }
    let has_alias = |device: &&Device| device.attributes.get("alias").is_some_and(|alias| alias.value == name.value);
    let called: Vec<&Device> = testbed.devices.values().filter(has_alias).collect();
    match called.as_slice() {
        [only] => Ok(only),
        [] => Err(Box::new(nothing_named(name, testbed))),
        several => {
            let names = text::names(several.iter().map(|device| device.name.value.as_str()));
            Err(Box::new(Diagnostic::error(&name.place, format!("`{}` is the alias of {names}: nothing says which", name.value))))
        }
    }
}

/// Complains about a name or pattern that no device has.
fn nothing_named(pattern: &Placed<String>, testbed: &Testbed) -> Diagnostic {
    if pattern.value.contains(['*', '?', '[', '{']) {
        return Diagnostic::error(&pattern.place, format!("no device matches `{}`", pattern.value));
    }
    let aliases = testbed.devices.values().filter_map(|device| device.attributes.get("alias")).map(|alias| alias.value.as_str());
    let near = text::nearest(&pattern.value, testbed.devices.keys().map(String::as_str).chain(aliases));
    Diagnostic::error(&pattern.place, format!("device `{}` is not in the testbed", pattern.value)).did_you_mean(near)
}

pub(super) fn names_device(glob: &GlobMatcher, device: &Device) -> bool {
    glob.is_match(&device.name.value) || device.attributes.get("alias").is_some_and(|alias| glob.is_match(&alias.value))
}

fn glob(pattern: &str) -> Result<GlobMatcher, globset::Error> {
    Glob::new(pattern).map(|glob| glob.compile_matcher())
}

fn with_attributes<'a>(entries: &[Entry], testbed: &'a Testbed, complaints: &mut Vec<Diagnostic>) -> Vec<&'a Device> {
    for entry in entries {
        let known = |device: &Device| device_data(device).get(&entry.key.value).is_some();
        if !testbed.devices.values().any(known) {
            let names: Vec<String> = testbed.devices.values().flat_map(|device| device.attributes.keys().cloned()).collect();
            let known = names.iter().map(String::as_str).chain(["tags", "features", "os", "type"]);
            let near = text::nearest(&entry.key.value, known.filter(|name| *name != entry.key.value));
            let complaint = Diagnostic::error(&entry.key.place, format!("no device has an attribute `{}`", entry.key.value));
            complaints.push(complaint.did_you_mean(near));
        }
    }
    let holds = |device: &Device, entry: &Entry| match device_data(device).get(&entry.key.value) {
        Some(Data::Array(list)) => wanted_texts(entry).iter().all(|wanted| list.iter().any(|one| one.as_str() == Some(wanted.as_str()))),
        Some(Data::String(text)) => wanted_texts(entry).iter().any(|wanted| wanted == text),
        _ => false,
    };
    testbed.devices.values().filter(|device| entries.iter().all(|entry| holds(device, entry))).collect()
}

/// The texts that an attribute may have: one, or a list of them, each as written.
fn wanted_texts(entry: &Entry) -> Vec<String> {
    let scalar = |yaml: &crate::model::yaml::Yaml| yaml.scalar().map(|scalar| scalar.text.clone());
    match &entry.value.kind {
        crate::model::yaml::Kind::List(items) => items.iter().filter_map(scalar).collect(),
        _ => scalar(&entry.value).into_iter().collect(),
    }
}

fn where_holds<'a>(
    condition: &Placed<String>,
    testbed: &'a Testbed,
    known: Known<'_>,
    complaints: &mut Vec<Diagnostic>,
) -> Vec<&'a Device> {
    let expression = match Expression::compile(condition) {
        Ok(expression) => expression,
        Err(complaint) => {
            complaints.push(complaint);
            return Vec::new();
        }
    };
    let before = complaints.len();
    let overrides: Vec<&str> = known.overrides.keys().map(String::as_str).collect();
    Names::new(Some("device")).with(&overrides).check(expression.free_names(), complaints);
    if complaints.len() > before {
        return Vec::new();
    }
    let mut selected = Vec::new();
    for device in testbed.devices.values() {
        let scope = known.fixed.over(Layer::of("device", &device_data(device)));
        match expression.condition(&scope) {
            Ok(true) => selected.push(device),
            Ok(false) => {}
            Err(fault) => {
                let complaint = Diagnostic::error(&condition.place, format!("for device `{}`: {}", device.name.value, fault.message));
                complaints.push(complaint.also(&device.name.place, "this device"));
                break;
            }
        }
    }
    selected
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_of_the_command_line_that_names_nothing_is_a_complaint() {
        let folder = std::path::Path::new(".");
        let job = crate::load::job_text("{job: j, tests: [{name: ping, steps: [{shell: x}]}]}", "j.yaml", folder).value.expect("a job");
        let testbed = "devices: {leaf1: {os: linux, connections: {a: {class: shell}}}}";
        let testbed = crate::load::testbed_text(testbed, "t.yaml", folder, &crate::load::Environment::default()).value.expect("a testbed");
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        for (devices, tests, said) in [
            (&[][..], &[][..], vec![]),
            (&["leaf*", "leaf1"], &["ping", "p?ng"], vec![]),
            (&["leaf1", "leaf2"], &[], vec!["`--device leaf2` names no device"]),
            (&["leaf1"], &["ping", "pong*"], vec!["`--test pong*` names no test"]),
            (
                &["{leaf1"],
                &[],
                vec![
                    "`--device {leaf1` is not a pattern: error parsing glob '{leaf1': unclosed alternate group; missing '}' (maybe escape '{' with '[{]'?)",
                ],
            ),
        ] {
            let mut complaints = Vec::new();
            Selection { devices: texts(devices), tests: texts(tests), tags: Vec::new() }.of(&job, &testbed, &mut complaints);
            let messages: Vec<&str> = complaints.iter().map(|complaint| complaint.message.as_str()).collect();
            assert_eq!(messages, said);
        }
    }
}
