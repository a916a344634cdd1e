//! Testbeds in pyATS's format. What cannot be honoured is said, never dropped. Room order: `extends`, `reference`,
//! `markup`, `credential`, `connection`, `device`.

mod extends;

mod reference;

mod markup;

mod credential;

mod connection;

mod device;

#[cfg(test)]
mod tests;

pub use connection::MOST_WORKERS;

use crate::base::Data;
use crate::base::diagnostic::Diagnostic;
use crate::base::place::{Place, Source};
use crate::base::text;
use crate::load::complaints::Complaints;
use crate::load::fields::Fields;
use crate::load::scalar::{self, Dialect};
use crate::load::{Environment, habits, yaml};
use crate::model::credential::Credentials;
use crate::model::testbed::{Device, Testbed};
use crate::model::yaml::{Entry, Yaml};
use indexmap::IndexMap;
use std::path::Path;
use std::sync::Arc;

/// Reads a testbed from its text. `path` is its file, where there is one.
pub(super) fn read(
    source: &Arc<Source>,
    path: Option<&Path>,
    folder: &Path,
    env: &Environment,
    complaints: &Complaints,
) -> Option<Testbed> {
    let tree = yaml::read(source, complaints)?;
    habits::check(&tree, complaints);
    let start = Place::new(source, 0..0);
    read_tree(tree, &start, path, (folder, env), complaints)
}

/// Reads a testbed from its tree.
pub(super) fn read_tree(
    tree: Yaml,
    start: &Place,
    path: Option<&Path>,
    (folder, env): (&Path, &Environment),
    complaints: &Complaints,
) -> Option<Testbed> {
    let tree = extends::apply(tree, path, folder, complaints);
    let tree = markup::expand(&tree, env, complaints);
    let mut fields = Fields::of(&tree, "a testbed", Dialect::Testbed, complaints)?;
    fields.require("devices");
    let general = General::read(fields.take("testbed").map(|entry| &entry.value), complaints);
    let devices = fields.map("devices");
    if let Some(topology) = fields.take("topology") {
        check_topology(&topology.value, complaints);
    }
    fields.finish();
    Some(Testbed {
        name: general.name.unwrap_or_else(|| stem(start.source().name())),
        place: start.clone(),
        folder: folder.to_path_buf(),
        credentials: general.credentials,
        custom: general.custom,
        devices: read_devices(devices, complaints),
    })
}

/// What stands under `testbed`.
#[derive(Default)]
struct General {
    name: Option<String>,
    credentials: Credentials,
    custom: Data,
}

impl General {
    fn read(yaml: Option<&Yaml>, complaints: &Complaints) -> Self {
        let none = Self { custom: Data::Object(serde_json::Map::new()), ..Self::default() };
        let Some(mut fields) = yaml.and_then(|yaml| Fields::of(yaml, "`testbed`", Dialect::Testbed, complaints)) else { return none };
        let general = Self {
            name: fields.filled("name").map(|name| name.value),
            credentials: credential::read(&mut fields),
            custom: custom(&mut fields),
        };
        fields.take("alias");
        for entry in fields.rest() {
            not_honoured(entry, fields.near(&entry.key.value), complaints);
        }
        general
    }
}

/// Free data under `custom`; an empty mapping where nothing is said.
fn custom(fields: &mut Fields<'_>) -> Data {
    Data::Object(fields.map("custom").iter().map(|entry| (entry.key.value.clone(), entry.value.data())).collect())
}

/// Says that a key which pyATS allows does nothing here.
fn not_honoured(entry: &Entry, near: Option<&str>, complaints: &Complaints) {
    let message = format!("`{}` is not honoured: nothing here reads it", text::one_line(&entry.key.value, 40));
    complaints.add(Diagnostic::warning(&entry.key.place, message).did_you_mean(near));
}

fn read_devices(entries: &[Entry], complaints: &Complaints) -> IndexMap<String, Device> {
    entries.iter().filter_map(|entry| device::read(entry, complaints).map(|device| (entry.key.value.clone(), device))).collect()
}

fn check_topology(yaml: &Yaml, complaints: &Complaints) {
    for entry in parts(Some(yaml), "topology", complaints) {
        let below = if entry.key.value == "links" {
            parts(Some(&entry.value), "links", complaints)
        } else {
            parts(Some(&entry.value), &entry.key.value, complaints);
            parts(entry.value.get("interfaces"), "interfaces", complaints)
        };
        for part in below {
            parts(Some(&part.value), &part.key.value, complaints);
        }
    }
}

/// The entries of a mapping; none where nothing is said.
fn parts<'a>(yaml: Option<&'a Yaml>, name: &str, complaints: &Complaints) -> &'a [Entry] {
    let said = yaml.filter(|yaml| !yaml.scalar().is_some_and(|scalar| scalar.value.is_null()));
    said.and_then(|yaml| scalar::map(yaml, name, complaints)).unwrap_or_default()
}

fn stem(name: &str) -> String {
    Path::new(name).file_stem().map_or_else(|| name.to_owned(), |stem| stem.to_string_lossy().into_owned())
}
