//! One device.

use super::credential::{self, Legacy};
use super::{connection, custom, own_data};
use crate::base::Data;
use crate::base::diagnostic::Diagnostic;
use crate::base::place::Placed;
use crate::base::text;
use crate::load::complaints::Complaints;
use crate::load::fields::Fields;
use crate::load::scalar::{self, Dialect};
use crate::model::testbed::{ConnectionDefaults, Device};
use crate::model::yaml::{Entry, Kind, Yaml};
use indexmap::IndexMap;
use serde_json::Map;

/// Attributes that mean something to somebody; what is nearly called so is probably meant.
const ATTRIBUTES: [&str; 8] = ["type", "os", "platform", "model", "version", "role", "region", "alias"];

/// The most sessions that may be written.
const MOST_SESSIONS: u32 = 10_000;

/// Reads one device. `outer` is the older form of credentials of the whole testbed.
pub(super) fn read(entry: &Entry, outer: &Legacy<'_>, complaints: &Complaints) -> Option<Device> {
    let name = entry.key.clone();
    if name.value.trim().is_empty() {
        complaints.error(&name.place, "a device needs a name");
        return None;
    }
    let is_nothing = entry.value.scalar().is_some_and(|scalar| scalar.value.is_null());
    let empty = Yaml { place: entry.value.place.clone(), kind: Kind::Map(Vec::new()) };
    let said = if is_nothing { &empty } else { &entry.value };
    let mut fields = Fields::of(said, "a device", Dialect::Testbed, complaints)?;
    let legacy = Legacy::take(&mut fields).within(outer);
    let connections = fields.map("connections");
    let (defaults, paths) = if connections.is_empty() {
        (ConnectionDefaults::default(), IndexMap::new())
    } else {
        connection::read(connections, &legacy, complaints)
    };
    let tags = words(&mut fields, "tags");
    let features = words(&mut fields, "features");
    let custom = custom(&mut fields);
    let credentials = credential::read(&mut fields, &legacy);
    let max_sessions = fields.integer("max_sessions", 1..=MOST_SESSIONS);
    set_aside(&mut fields, &name.value);
    for key in ATTRIBUTES {
        fields.know(key);
    }
    let (attributes, data) = own(&fields);
    Some(Device { name, attributes, tags, features, custom, data, interfaces: Map::new(), credentials, defaults, paths, max_sessions })
}

/// Takes the keys that mean something else than they seem to.
fn set_aside(fields: &mut Fields<'_>, name: &str) {
    let complaints = fields.complaints;
    if let Some(class) = fields.take("class") {
        let message = "`class` of a device is not honoured: it would name a Python class";
        complaints.add(Diagnostic::warning(&class.key.place, message).hint("the class of a connection stands under `connections`"));
    }
    if let Some(other) = fields.take("name").filter(|entry| entry.value.scalar().is_none_or(|scalar| scalar.text != name)) {
        let message = format!("`name` is not honoured: the device is called `{}`, like its key", text::one_line(name, 40));
        complaints.warning(&other.key.place, message);
    }
    if let Some(interfaces) = fields.take("interfaces") {
        let message = "`interfaces` is not honoured here: nothing here reads it";
        let hint = format!("interfaces stand under `topology`: `topology: {{{}: {{interfaces: ...}}}}`", text::one_line(name, 40));
        complaints.add(Diagnostic::warning(&interfaces.key.place, message).hint(hint));
    }
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

/// What else is said about a device: single values are attributes, and anything larger is data.
fn own(fields: &Fields<'_>) -> (IndexMap<String, Placed<String>>, Map<String, Data>) {
    let mut data = own_data(fields, fields.complaints);
    let mut attributes = IndexMap::new();
    for entry in fields.rest() {
        let Some(scalar) = entry.value.scalar() else {
            if ATTRIBUTES.contains(&entry.key.value.as_str()) {
                scalar::unwanted(&entry.value, &entry.key.value, "text", fields.complaints);
            }
            continue;
        };
        // A login that stands here by itself was left out.
        if data.shift_remove(&entry.key.value).is_some_and(|value| !value.is_null()) {
            attributes.insert(entry.key.value.clone(), Placed::new(scalar.text.clone(), entry.value.place.clone()));
        }
    }
    (attributes, data)
}
