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
                    check(connect, device, inputs, complaints);
                    defined.add(device, connect, &step.action.place, complaints);
                }
            }
        }
        defined
    }

    fn add(&mut self, device: &'a Device, connect: &Connect, place: &Place, complaints: &mut Vec<Diagnostic>) {
        let alias = alias_of(device, connect.alias.as_ref().map(|alias| alias.value.as_str())).to_owned();
        let of_device = self.by.entry(device.name.value.as_str()).or_default();
        if let Some(definition) = of_device.get_mut(&alias) {
            for (setting, other) in contradictions(&definition.said, connect) {
                let message = format!("two `connect` of `{alias}` of device `{}` contradict each other: `{setting}`", device.name.value);
                let (new, old) = other;
                push(Diagnostic::error(&new, message).also(&old, "said otherwise here"), complaints);
            }
            definition.said.complete(connect);
        } else {
            of_device.insert(alias, Definition { said: connect.clone(), place: place.clone() });
        }
    }

    /// What is asked for the connection of that alias; `None` where no step defines it.
    pub(super) fn request(&self, device: &Device, alias: Option<&str>) -> Option<Request> {
        let alias = alias_of(device, alias);
        let Definition { said, place } = self.by.get(device.name.value.as_str())?.get(alias)?;
        let mut via: Vec<String> = said.via.iter().map(|path| path.value.clone()).collect();
        if via.is_empty() && alias != alias_of(device, None) && device.paths.contains_key(alias) {
            via.push(alias.to_owned());
        }
        Some(Request {
            class: said.class.as_ref().map(|class| class.value.clone()),
            alias: Some(alias.to_owned()),
            via,
            pool_size: said.pool_size.as_ref().map(|size| size.value),
            pool_timeout: said.pool_timeout.as_ref().map(|timeout| timeout.value),
            written: said.options.clone(),
            place: Some(place.clone()),
            ..Request::default()
        })
    }

    /// The aliases of a device that steps define.
    pub(super) fn aliases(&self, device: &Device) -> impl Iterator<Item = &str> {
        self.by.get(device.name.value.as_str()).into_iter().flat_map(|aliases| aliases.keys().map(String::as_str))
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

/// Complains about a path or class that is not there, each at its own place.
fn check(connect: &Connect, device: &Device, inputs: &Inputs<'_>, complaints: &mut Vec<Diagnostic>) {
    for path in connect.via.iter().filter(|path| !device.paths.contains_key(&path.value)) {
        let known = || device.paths.keys().map(String::as_str);
        let message = format!("device `{}` has no path `{}`, there are {}", device.name.value, path.value, text::names(known()));
        let complaint = Diagnostic::error(&path.place, message).did_you_mean(text::nearest(&path.value, known()));
        push(complaint.also(&device.name.place, "this device"), complaints);
    }
    if let Some(class) = &connect.class
        && let Err(error) = inputs.registry.meaning(&class.value)
    {
        push(Diagnostic::error(&class.place, error.to_string()).did_you_mean(error.near()), complaints);
    }
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
