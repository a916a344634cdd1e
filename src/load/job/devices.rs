//! `devices`: which devices a test or a step runs on.

use crate::base::diagnostic::Diagnostic;
use crate::load::complaints::Complaints;
use crate::load::scalar;
use crate::model::job::Devices;
use crate::model::yaml::{Entry, Kind, Yaml};

/// Reads `devices`.
pub(super) fn devices(yaml: &Yaml, complaints: &Complaints) -> Option<Devices> {
    match &yaml.kind {
        Kind::Scalar(scalar) if scalar.text == "all" && !scalar.quoted => Some(Devices::All(yaml.place.clone())),
        Kind::Scalar(_) | Kind::List(_) => {
            let names = scalar::texts(yaml, "devices", complaints);
            if let Some(all) = names.iter().find(|name| name.value == "all") {
                let message = "`all` in a list is the name of a device";
                complaints.add(Diagnostic::warning(&all.place, message).hint("every device is `devices: all`"));
            }
            Some(Devices::Named(names))
        }
        Kind::Map(entries) if entries.is_empty() => {
            complaints.error(&yaml.place, "`devices` is an empty mapping, which would select every device or none");
            None
        }
        Kind::Map(entries) => match entries.iter().find(|entry| entry.key.value == "where") {
            Some(entry) => condition(entry, entries, complaints),
            None => Some(Devices::Attributes(attributes(entries, complaints))),
        },
    }
}

fn condition(entry: &Entry, entries: &[Entry], complaints: &Complaints) -> Option<Devices> {
    if let Some(other) = entries.iter().find(|other| other.key.value != "where") {
        let message = format!("`{}` cannot stand beside `where`", other.key.value);
        complaints.add(Diagnostic::error(&other.key.place, message).hint("make it a part of the expression"));
        return None;
    }
    scalar::filled(&entry.value, "where", complaints).map(Devices::Where)
}

fn attributes(entries: &[Entry], complaints: &Complaints) -> Vec<Entry> {
    for entry in entries {
        scalar::texts(&entry.value, &entry.key.value, complaints);
    }
    entries.to_vec()
}
