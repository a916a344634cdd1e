//! Testbeds in pyATS's format. What cannot be honoured is said, never dropped. Room order: `files`, `argument`, `pieces`,
//! `reference`, `interface`, `markup`, `secrets`, `credential`, `connection`, `device`, `topology`.

mod files;

mod argument;

mod pieces;

mod reference;

mod interface;

mod markup;

mod secrets;

mod credential;

mod connection;

mod device;

mod topology;

#[cfg(test)]
mod tests;

pub use connection::MOST_WORKERS;

use crate::base::Data;
use crate::base::diagnostic::Diagnostic;
use crate::base::place::{Place, Source};
use crate::base::text;
use crate::load::complaints::Complaints;
use crate::load::fields::Fields;
use crate::load::scalar::Dialect;
use crate::load::testbed::credential::Legacy;
use crate::load::{Given, habits, looks_like_job, yaml};
use crate::model::credential::Credentials;
use crate::model::testbed::{Device, Testbed};
use crate::model::yaml::{Entry, Yaml};
use indexmap::IndexMap;
use serde_json::Map;
use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

/// Where a testbed comes from, and what its markup stands for.
pub(super) struct Origin<'a> {
    /// Its file, where there is one.
    pub(super) path: Option<&'a Path>,
    /// The folder that relative paths in it start from.
    pub(super) folder: &'a Path,
    /// What its markup stands for.
    pub(super) given: Given<'a>,
}

/// Reads a testbed from its text.
pub(super) fn read(source: &Arc<Source>, origin: &Origin<'_>, complaints: &Complaints) -> Option<Testbed> {
    let tree = yaml::read_lenient(source, complaints)?;
    if tree.get("devices").is_none() && looks_like_job(&tree) {
        let complaint = Diagnostic::error(&tree.place, "this is a job, and a testbed is wanted");
        complaints.add(complaint.hint("the testbed of a job is the file that its key `testbed` names"));
        return None;
    }
    habits::check(&tree, complaints);
    let start = Place::new(source, 0..0);
    read_tree(tree, &start, origin, complaints)
}

/// Reads a testbed from its tree.
pub(super) fn read_tree(tree: Yaml, start: &Place, origin: &Origin<'_>, complaints: &Complaints) -> Option<Testbed> {
    let tree = files::apply(tree, origin.path, origin.folder, complaints);
    let tree = markup::expand(&tree, origin.given, complaints);
    let mut fields = Fields::of(&tree, "a testbed", Dialect::Testbed, complaints)?;
    fields.require("devices");
    let general = fields.take("testbed");
    let mut legacy = Legacy::default();
    let general = General::read(general.map(|entry| &entry.value), &mut legacy, complaints);
    let entries = fields.map("devices");
    let mut devices: IndexMap<String, Device> = entries
        .iter()
        .filter_map(|entry| device::read(entry, &legacy, complaints).map(|device| (entry.key.value.clone(), device)))
        .collect();
    let topology = fields.take("topology").map(|entry| &entry.value);
    let named: HashSet<&str> = entries.iter().map(|entry| entry.key.value.as_str()).collect();
    let links = topology::read(topology, &named, &mut devices, complaints);
    fields.know("extends");
    finish(&fields, complaints);
    Some(Testbed {
        name: general.name.unwrap_or_else(|| stem(start.source().name())),
        place: start.clone(),
        folder: origin.folder.to_path_buf(),
        credentials: general.credentials,
        custom: general.custom,
        data: general.data,
        links,
        secrets: secrets::collect(&tree),
        devices,
    })
}

/// Complains about keys at the top that nothing reads. Those that begin with `x-`, `_` or `.` hold what anchors and
/// references name.
fn finish(fields: &Fields<'_>, complaints: &Complaints) {
    let meant = |key: &str| ["x-", "_", "."].iter().any(|start| key.starts_with(start));
    for entry in fields.rest().filter(|entry| !meant(&entry.key.value)) {
        let key = &entry.key;
        match fields.near(&key.value) {
            Some(near) => {
                let message = format!("a testbed has no key `{}`", text::one_line(&key.value, 40));
                complaints.add(Diagnostic::error(&key.place, message).did_you_mean(Some(near)));
            }
            None => not_honoured(entry, None, complaints),
        }
    }
}

/// What stands under `testbed`.
struct General {
    name: Option<String>,
    credentials: Credentials,
    custom: Data,
    /// Everything else, as data: `alias`, `servers`, `network` and keys of one's own.
    data: Map<String, Data>,
}

impl General {
    fn read<'a>(yaml: Option<&'a Yaml>, legacy: &mut Legacy<'a>, complaints: &'a Complaints) -> Self {
        let fields = yaml.and_then(|yaml| Fields::of(yaml, "`testbed`", Dialect::Testbed, complaints));
        let Some(mut fields) = fields else {
            return Self { name: None, credentials: Credentials::new(), custom: Data::Object(Map::new()), data: Map::new() };
        };
        *legacy = Legacy::take(&mut fields);
        let name = fields.filled("name").map(|name| name.value);
        let credentials = credential::read(&mut fields, legacy);
        let custom = custom(&mut fields);
        for key in ["alias", "servers", "network"] {
            fields.know(key);
        }
        let data = own_data(&fields, complaints);
        Self { name, credentials, custom, data }
    }
}

/// Keys whose values belong under `credentials`.
const LOGIN: [&str; 2] = ["username", "password"];

/// What is said beside the known keys: data of the user's own, as pyATS keeps it. A key that is nearly a known one is
/// warned of, and a login that stands there by itself is not kept.
fn own_data(fields: &Fields<'_>, complaints: &Complaints) -> Map<String, Data> {
    let mut data = Map::new();
    for entry in fields.rest() {
        let key = &entry.key;
        if LOGIN.contains(&key.value.as_str()) {
            complaints.add(misplaced_login(entry));
            continue;
        }
        // A block beside the one that is nearly called so is a slip more often than a single value is.
        let is_block = entry.value.scalar().is_none();
        let near = if is_block { fields.near_any(&key.value) } else { fields.near_absent(&key.value) };
        if let Some(near) = near {
            let message = format!("`{}` is kept as data, and nothing here reads it", text::one_line(&key.value, 40));
            complaints.add(Diagnostic::warning(&key.place, message).did_you_mean(Some(near)));
        }
        data.insert(key.value.clone(), entry.value.data());
    }
    data
}

/// Says that a user name or password is no credential where it stands.
fn misplaced_login(entry: &Entry) -> Diagnostic {
    let key = &entry.key;
    let message = format!("`{}` is not honoured here: nothing here reads it", key.value);
    Diagnostic::warning(&key.place, message).hint("write `credentials: {default: {username: ..., password: ...}}`")
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

fn stem(name: &str) -> String {
    Path::new(name).file_stem().map_or_else(|| name.to_owned(), |stem| stem.to_string_lossy().into_owned())
}
