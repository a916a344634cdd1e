//! The connections that `connect` steps define, by device and alias, for the whole job.

use crate::base::diagnostic::Diagnostic;
use crate::base::place::{Place, Placed};
use crate::base::text;
use crate::connect::request::{Request, alias_of};
use crate::engine::plan::inputs::Inputs;
use crate::engine::plan::select::{self, Known};
use crate::model::step::{Action, Connect, Step};
use crate::model::testbed::Device;
use crate::model::yaml::Entry;
use std::collections::BTreeMap;

/// What `connect` steps say of each connection.
#[derive(Debug, Default)]
pub(super) struct Defined<'a> {
    /// By device, then alias.
    by: BTreeMap<&'a str, BTreeMap<String, Definition>>,
}

/// What all `connect` steps of one connection say together.
#[derive(Debug)]
struct Definition {
    said: Connect,
    place: Place,
    /// Whether it names a path or class that is not there, which was complained about.
    broken: bool,
}

/// What is asked for a connection.
#[derive(Debug)]
pub(super) enum Asked {
    /// No step says anything about it.
    Nothing,
    /// This.
    Defined(Box<Request>),
    /// Something that was complained about.
    Broken,
}

impl<'a> Defined<'a> {
    /// Reads every `connect` of the job. Complains about what no class is needed to know, and about contradictions.
    pub(super) fn collect(inputs: &Inputs<'a>, known: Known<'_>, complaints: &mut Vec<Diagnostic>) -> Self {
        let mut defined = Self::default();
        let job = inputs.job;
        // What is wrong with a selection is told where the steps are bound.
        let mut quiet = Vec::new();
        let around = [(None, &job.setup), (None, &job.teardown)];
        let tests =
            job.tests.iter().flat_map(|test| [&test.setup, &test.steps, &test.teardown].map(|steps| (test.devices.as_ref(), steps)));
        for (devices, steps) in around.into_iter().chain(tests) {
            for (step, connect) in connects(steps) {
                let devices = match (&step.devices, &step.device) {
                    (Some(several), _) => select::select(several, inputs.testbed, known, &mut quiet),
                    (None, Some(one)) => select::device_named(one, inputs.testbed).into_iter().collect(),
                    (None, None) => devices.map(|all| select::select(all, inputs.testbed, known, &mut quiet)).unwrap_or_default(),
                };
                for device in devices {
                    let broken = !check(connect, device, inputs, complaints);
                    let definition = defined.add(device, connect, &step.action.place, complaints);
                    definition.broken |= broken;
                }
            }
        }
        defined
    }

    fn add(&mut self, device: &'a Device, connect: &Connect, place: &Place, complaints: &mut Vec<Diagnostic>) -> &mut Definition {
        let alias = alias_of(device, connect.alias.as_ref().map(|alias| alias.value.as_str())).to_owned();
        let of_device = self.by.entry(device.name.value.as_str()).or_default();
        let name = &device.name.value;
        let new = || Definition { said: Connect::default(), place: place.clone(), broken: false };
        let definition = of_device.entry(alias.clone()).or_insert_with(new);
        for (setting, (new, old)) in contradictions(&definition.said, connect) {
            let message = format!("two `connect` of `{alias}` of device `{name}` contradict each other: `{setting}`");
            push(Diagnostic::error(&new, message).also(&old, "said otherwise here"), complaints);
        }
        definition.said.complete(connect);
        definition
    }

    /// What is asked for the connection of that alias.
    pub(super) fn asked(&self, device: &Device, alias: Option<&str>) -> Asked {
        let alias = alias_of(device, alias);
        let definition = self.by.get(device.name.value.as_str()).and_then(|aliases| aliases.get(alias));
        match definition {
            None => Asked::Nothing,
            Some(definition) if definition.broken => Asked::Broken,
            Some(definition) => Asked::Defined(Box::new(definition.request(device, alias))),
        }
    }

    /// The aliases of a device that steps define.
    pub(super) fn aliases(&self, device: &Device) -> impl Iterator<Item = &str> {
        self.by.get(device.name.value.as_str()).into_iter().flat_map(|aliases| aliases.keys().map(String::as_str))
    }
}

impl Definition {
    fn request(&self, device: &Device, alias: &str) -> Request {
        let Self { said, place, .. } = self;
        let mut via: Vec<String> = said.via.iter().map(|path| path.value.clone()).collect();
        if via.is_empty() && alias != alias_of(device, None) && device.paths.contains_key(alias) {
            via.push(alias.to_owned());
        }
        Request {
            class: said.class.as_ref().map(|class| class.value.clone()),
            alias: Some(alias.to_owned()),
            via,
            pool_size: said.pool_size.as_ref().map(|size| size.value),
            pool_timeout: said.pool_timeout.as_ref().map(|timeout| timeout.value),
            written: said.options.clone(),
            place: Some(place.clone()),
            ..Request::default()
        }
    }
}

/// Every `connect` among steps and in their groups.
fn connects(steps: &[Step]) -> Vec<(&Step, &Connect)> {
    let mut found = Vec::new();
    for step in steps {
        match &step.action.value {
            Action::Connect(connect) => found.push((step, &**connect)),
            Action::Group { steps, always, .. } => {
                found.extend(connects(steps));
                found.extend(connects(always));
            }
            _ => {}
        }
    }
    found
}

/// Complains about a path or class that is not there, each at its own place; true where there is none.
fn check(connect: &Connect, device: &Device, inputs: &Inputs<'_>, complaints: &mut Vec<Diagnostic>) -> bool {
    let mut found = Vec::new();
    for path in connect.via.iter().filter(|path| !device.paths.contains_key(&path.value)) {
        let known = || device.paths.keys().map(String::as_str);
        let message = format!("device `{}` has no path `{}`, there are {}", device.name.value, path.value, text::names(known()));
        let complaint = Diagnostic::error(&path.place, message).did_you_mean(text::nearest(&path.value, known()));
        found.push(complaint.also(&device.name.place, "this device"));
    }
    if let Some(class) = &connect.class
        && let Err(error) = inputs.registry.meaning(&class.value)
    {
        found.push(Diagnostic::error(&class.place, error.to_string()).did_you_mean(error.near()));
    }
    let is_good = found.is_empty();
    for complaint in found {
        push(complaint, complaints);
    }
    is_good
}

/// The settings that two `connect` steps say differently, and where each does, the new one first.
fn contradictions(old: &Connect, new: &Connect) -> Vec<(String, (Place, Place))> {
    let mut found: Vec<(String, (Place, Place))> = Vec::new();
    if let (Some(first), Some(other)) = (old.via.first(), new.via.first())
        && !old.via.iter().map(|path| &path.value).eq(new.via.iter().map(|path| &path.value))
    {
        found.push(("via".to_owned(), (other.place.clone(), first.place.clone())));
    }
    found.extend(differ("class", old.class.as_ref(), new.class.as_ref()));
    found.extend(differ("pool_size", old.pool_size.as_ref(), new.pool_size.as_ref()));
    found.extend(differ("pool_timeout", old.pool_timeout.as_ref(), new.pool_timeout.as_ref()));
    for option in &new.options {
        let same_key = |other: &&Entry| other.key.value == option.key.value;
        let other = old.options.iter().find(same_key).filter(|other| other.value.data() != option.value.data());
        found.extend(other.map(|other| (option.key.value.clone(), (option.key.place.clone(), other.key.place.clone()))));
    }
    found
}

fn differ<T: PartialEq>(setting: &str, old: Option<&Placed<T>>, new: Option<&Placed<T>>) -> Option<(String, (Place, Place))> {
    let (old, new) = old.zip(new)?;
    (old.value != new.value).then(|| (setting.to_owned(), (new.place.clone(), old.place.clone())))
}

/// Complains once, however many devices a step has.
fn push(complaint: Diagnostic, complaints: &mut Vec<Diagnostic>) {
    if !complaints.contains(&complaint) {
        complaints.push(complaint);
    }
}
