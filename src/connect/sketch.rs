//! Testbeds for tests of this floor, written in a few words. Every word is its own place.

use crate::base::Data;
use crate::base::place::{Place, Placed, Source};
use crate::base::secret::Secret;
use crate::model::credential::Credential;
use crate::model::testbed::{ConnectionDefaults, ConnectionPath, Device, Testbed};
use crate::model::yaml::{Entry, Kind, Scalar, Yaml};
use indexmap::IndexMap;
use std::path::PathBuf;
use std::time::Duration;

fn place(word: &str) -> Place {
    Place::new(&Source::new("testbed.yaml", word), 0..word.len())
}

pub(crate) fn word(text: &str) -> Placed<String> {
    Placed::new(text.to_owned(), place(text))
}

fn number<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> Placed<T> {
    Placed::new(text.parse().expect("a number"), place(text))
}

fn scalar(text: &str) -> Yaml {
    let value = serde_json::from_str(text).unwrap_or_else(|_| Data::String(text.to_owned()));
    let content = value.as_str().unwrap_or(text).to_owned();
    Yaml { place: place(text), kind: Kind::Scalar(Scalar { text: content, quoted: text.starts_with('"'), value }) }
}

pub(crate) fn credential(name: &str, username: &str, password: &str) -> (String, Credential) {
    let credential = Credential {
        place: place(name),
        username: Some(word(username)).filter(|username| !username.value.is_empty()),
        password: Some(Secret::new(password)),
        enable_password: None,
        key_file: None,
        passphrase: None,
    };
    (name.to_owned(), credential)
}

pub(crate) fn testbed<const N: usize>(credentials: [(String, Credential); N]) -> Testbed {
    Testbed {
        name: "lab".to_owned(),
        place: place("testbed"),
        folder: PathBuf::from("/lab"),
        credentials: IndexMap::from(credentials),
        custom: Data::Null,
        data: serde_json::Map::new(),
        links: serde_json::Map::new(),
        secrets: Vec::new(),
        devices: IndexMap::new(),
    }
}

/// A path from words: its name, then `key=value`; `_` in a protocol is a blank.
fn path(words: &str) -> ConnectionPath {
    let mut words = words.split(' ');
    let mut path = ConnectionPath {
        name: word(words.next().expect("a name")),
        class: None,
        protocol: None,
        host: None,
        port: None,
        command: None,
        credentials: IndexMap::new(),
        options: Vec::new(),
    };
    for (key, value) in words.map(|word| word.split_once('=').expect("key=value")) {
        match key {
            "class" => path.class = Some(word(value)),
            "protocol" => path.protocol = Some(word(&value.replace('_', " "))),
            "host" => path.host = Some(word(value)),
            "port" => path.port = Some(number(value)),
            "command" => path.command = Some(word(value)),
            option => path.options.push(Entry { key: word(option), value: scalar(value) }),
        }
    }
    path
}

/// A device from words: `key=value` of its defaults, and its paths.
pub(crate) fn device(name: &str, words: &str, paths: &[&str]) -> Device {
    let mut defaults = ConnectionDefaults::default();
    let (mut attributes, mut max_sessions) = (IndexMap::new(), None);
    let list = |value: &str| value.split(',').map(word).collect();
    for (key, value) in words.split(' ').filter(|word| !word.is_empty()).map(|word| word.split_once('=').expect("key=value")) {
        match key {
            "class" => defaults.class = Some(word(value)),
            "alias" => defaults.alias = Some(word(value)),
            "via" => defaults.via = list(value),
            "pool_size" => defaults.pool_size = Some(number(value)),
            "pool_timeout" => {
                defaults.pool_timeout = Some(Placed::new(Duration::from_secs(number(value).value), place(value)));
            }
            "fallback_credentials" => defaults.fallback_credentials = list(value),
            "max_sessions" => max_sessions = Some(number(value)),
            attribute => {
                attributes.insert(attribute.to_owned(), word(value));
            }
        }
    }
    Device {
        name: word(name),
        attributes,
        tags: Vec::new(),
        features: Vec::new(),
        custom: Data::Null,
        data: serde_json::Map::new(),
        interfaces: serde_json::Map::new(),
        credentials: IndexMap::new(),
        defaults,
        paths: paths.iter().map(|words| path(words)).map(|path| (path.name.value.clone(), path)).collect(),
        max_sessions,
    }
}
