//! `connections` of a device: the defaults, and each path.

use super::credential::{self, Legacy};
use super::not_honoured;
use crate::base::diagnostic::Diagnostic;
use crate::base::place::Placed;
use crate::base::text;
use crate::load::complaints::Complaints;
use crate::load::fields::Fields;
use crate::load::scalar::{self, Dialect};
use crate::model::testbed::{ConnectionDefaults, ConnectionPath};
use crate::model::yaml::{Entry, Yaml};
use indexmap::IndexMap;

/// The most workers that a pool may have.
pub const MOST_WORKERS: u32 = 1000;

/// Reads `connections`. `outer` is the older form of credentials of the device.
pub(super) fn read<'a>(
    entries: &'a [Entry],
    outer: &Legacy<'a>,
    complaints: &'a Complaints,
) -> (ConnectionDefaults, IndexMap<String, ConnectionPath>) {
    let mut defaults = ConnectionDefaults::default();
    let mut paths = IndexMap::new();
    for entry in entries {
        if entry.key.value == "defaults" {
            defaults = read_defaults(&entry.value, complaints).unwrap_or_default();
        } else if let Some(path) = read_path(entry, outer, complaints) {
            paths.insert(entry.key.value.clone(), path);
        }
    }
    let known: Vec<&str> = entries.iter().map(|entry| entry.key.value.as_str()).filter(|name| *name != "defaults").collect();
    for via in &defaults.via {
        if !known.contains(&via.value.as_str()) {
            let there = if known.is_empty() { "none".to_owned() } else { text::names(known.iter().copied()) };
            let message = format!("`via` names the path `{}`, but the device has {there}", via.value);
            complaints.add(Diagnostic::error(&via.place, message).did_you_mean(text::nearest(&via.value, known.iter().copied())));
        }
    }
    (defaults, paths)
}

fn read_defaults(yaml: &Yaml, complaints: &Complaints) -> Option<ConnectionDefaults> {
    if yaml.scalar().is_some_and(|scalar| scalar.value.is_null()) {
        return None;
    }
    let mut fields = Fields::of(yaml, "`connections.defaults`", Dialect::Testbed, complaints)?;
    let defaults = ConnectionDefaults {
        class: fields.filled("class"),
        alias: fields.filled("alias"),
        via: fields.texts("via"),
        pool_size: fields.integer("pool_size", 1..=MOST_WORKERS),
        pool_timeout: fields.length("pool_timeout"),
        fallback_credentials: fields.texts("fallback_credentials"),
    };
    for entry in fields.rest() {
        not_honoured(entry, fields.near(&entry.key.value), complaints);
    }
    Some(defaults)
}

fn read_path<'a>(entry: &'a Entry, outer: &Legacy<'a>, complaints: &'a Complaints) -> Option<ConnectionPath> {
    if entry.value.scalar().is_some_and(|scalar| scalar.value.is_null()) {
        complaints.warning(&entry.key.place, format!("the path `{}` says nothing, and is left out", entry.key.value));
        return None;
    }
    let mut fields = Fields::of(&entry.value, "a connection", Dialect::Testbed, complaints)?;
    let path = ConnectionPath {
        name: entry.key.clone(),
        class: fields.filled("class"),
        protocol: fields.filled("protocol"),
        host: host(&mut fields),
        port: port(&mut fields),
        command: fields.filled("command"),
        credentials: credential::read_of_path(&mut fields, outer),
        options: Vec::new(),
    };
    let arguments = fields.map("arguments");
    // A key without a value says nothing.
    let is_said = |entry: &&Entry| !entry.value.scalar().is_some_and(|scalar| scalar.value.is_null());
    let mut options: Vec<Entry> = fields.rest().filter(is_said).cloned().collect();
    for argument in arguments.iter().filter(is_said) {
        match options.iter().find(|option| option.key.value == argument.key.value) {
            Some(first) => {
                let message = format!("`{}` stands under `arguments` and beside it", argument.key.value);
                complaints.add(Diagnostic::error(&argument.key.place, message).also(&first.key.place, "the other is here"));
            }
            None => options.push(argument.clone()),
        }
    }
    Some(ConnectionPath { options, ..path })
}

fn host(fields: &mut Fields<'_>) -> Option<Placed<String>> {
    let (host, ip) = (fields.filled("host"), fields.filled("ip"));
    match (host, ip) {
        (Some(host), Some(ip)) => {
            if host.value != ip.value {
                let message = format!("`ip` is not honoured: `host` says `{}`", host.value);
                fields.complaints.add(Diagnostic::warning(&ip.place, message).also(&host.place, "used"));
            }
            Some(host)
        }
        (host, ip) => host.or(ip),
    }
}

fn port(fields: &mut Fields<'_>) -> Option<Placed<u16>> {
    let entry = fields.take("port")?;
    let port = scalar::integer(&entry.value, "port", 1..=u32::from(u16::MAX), Dialect::Testbed, fields.complaints)?;
    u16::try_from(port.value).ok().map(|value| Placed::new(value, port.place))
}
