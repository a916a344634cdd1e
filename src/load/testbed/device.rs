//! One device.

use super::{connection, credential, custom, not_honoured};
use crate::base::diagnostic::Diagnostic;
use crate::base::place::Placed;
use crate::base::text;
use crate::load::complaints::Complaints;
use crate::load::fields::Fields;
use crate::load::scalar::Dialect;
use crate::model::testbed::{ConnectionDefaults, Device};
use crate::model::yaml::{Entry, Kind};
use indexmap::IndexMap;

/// Attributes that mean something to somebody; one that is nearly called so is probably meant.
const ATTRIBUTES: [&str; 8] = ["type", "os", "platform", "model", "version", "role", "region", "alias"];

/// The most sessions that may be written.
const MOST_SESSIONS: u32 = 10_000;

/// Reads one device.
pub(super) fn read(entry: &Entry, complaints: &Complaints) -> Option<Device> {
    let name = entry.key.clone();
    if name.value.trim().is_empty() {
        complaints.error(&name.place, "a device needs a name");
        return None;
    }
    let mut fields = Fields::of(&entry.value, "a device", Dialect::Testbed, complaints)?;
    let connections = fields.map("connections");
    let (defaults, paths) =
        if connections.is_empty() { (ConnectionDefaults::default(), IndexMap::new()) } else { connection::read(connections, complaints) };
    let device = Device {
        name,
        tags: words(&mut fields, "tags"),
        features: words(&mut fields, "features"),
        custom: custom(&mut fields),
        credentials: credential::read(&mut fields),
        defaults,
        paths,
        max_sessions: fields.integer("max_sessions", 1..=MOST_SESSIONS),
        attributes: IndexMap::new(),
    };
    Some(Device { attributes: attributes(&fields), ..device })
}

/// Texts; unlike elsewhere, an empty list is nothing to complain about.
fn words(fields: &mut Fields<'_>, key: &'static str) -> Vec<Placed<String>> {
    let empty = fields.entries().iter().any(|entry| entry.key.value == key && entry.value.kind == Kind::List(Vec::new()));
    if empty {
        fields.take(key);
        return Vec::new();
    }
    fields.texts(key)
}

/// What else is said about a device: single values become attributes, anything larger is read by nothing.
fn attributes(fields: &Fields<'_>) -> IndexMap<String, Placed<String>> {
    let mut attributes = IndexMap::new();
    for entry in fields.rest() {
        let key = &entry.key;
        let Some(scalar) = entry.value.scalar() else {
            not_honoured(entry, fields.near(&key.value), fields.complaints);
            continue;
        };
        if scalar.value.is_null() {
            continue;
        }
        if let Some(near) = misspelt(&key.value, fields) {
            let message = format!("`{}` becomes an attribute of the device's own", key.value);
            fields.complaints.add(Diagnostic::warning(&key.place, message).did_you_mean(Some(near)));
        }
        attributes.insert(key.value.clone(), Placed::new(scalar.text.clone(), entry.value.place.clone()));
    }
    attributes
}

fn misspelt(key: &str, fields: &Fields<'_>) -> Option<&'static str> {
    if ATTRIBUTES.contains(&key) || key.len() < 4 {
        return None;
    }
    let known = ATTRIBUTES.into_iter().filter(|name| name.len() >= 4);
    let near = text::nearest(key, known).or_else(|| fields.near(key))?;
    (!fields.has(near)).then_some(near)
}
