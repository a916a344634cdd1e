//! A testbed in pyATS's format.

use crate::base::Data;
use crate::base::place::{Place, Placed};
use crate::base::secret::Secret;
use crate::model::credential::Credentials;
use crate::model::yaml::{Entry, Yaml};
use indexmap::IndexMap;
use serde_json::Map;
use std::path::PathBuf;
use std::time::Duration;

/// A testbed: devices and how they are reached.
#[derive(Debug, Clone, PartialEq)]
pub struct Testbed {
    /// `testbed.name`, else the file's name without its ending.
    pub name: String,
    /// Where the file begins.
    pub place: Place,
    /// The folder that relative paths in the testbed start from.
    pub folder: PathBuf,
    /// Credentials for every device.
    pub credentials: Credentials,
    /// Free data under `testbed.custom`.
    pub custom: Data,
    /// Everything else under `testbed`, as data: `alias`, `servers`, `network` and keys of the user's own.
    pub data: Map<String, Data>,
    /// `topology.links`, by name: what the testbed says of each, and `interfaces`, a list of its ends.
    pub links: Map<String, Data>,
    /// Every value under a key such as `password`, wherever it stands, apart from `custom`.
    pub secrets: Vec<NamedSecret>,
    /// The devices, in the order of the file.
    pub devices: IndexMap<String, Device>,
}

/// A secret and what a reader may call it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedSecret {
    /// Its keys and its place: `testbed.credentials.default.password at testbed.yaml:5`.
    pub name: String,
    /// The secret.
    pub secret: Secret,
}

/// One device.
#[derive(Debug, Clone, PartialEq)]
pub struct Device {
    /// Its name, at its place.
    pub name: Placed<String>,
    /// Attributes that selections and templates see: `alias`, `type`, `os`, `platform`, `model`, `role`, `region`, and the
    /// like, each as text.
    pub attributes: IndexMap<String, Placed<String>>,
    /// `tags`.
    pub tags: Vec<Placed<String>>,
    /// `features`.
    pub features: Vec<Placed<String>>,
    /// Free data under `custom`.
    pub custom: Data,
    /// Mappings and lists under keys of the user's own, as data.
    pub data: Map<String, Data>,
    /// `topology.<device>.interfaces`, by name: what the testbed says of each, its `name` and `alias`, and `peers`, the other
    /// ends of its link.
    pub interfaces: Map<String, Data>,
    /// Credentials of this device.
    pub credentials: Credentials,
    /// `connections.defaults`.
    pub defaults: ConnectionDefaults,
    /// `connections.<path>`, without `defaults`.
    pub paths: IndexMap<String, ConnectionPath>,
    /// The most sessions that the device accepts at once.
    pub max_sessions: Option<Placed<u32>>,
}

/// `connections.defaults`: what a connection is when nobody says otherwise.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ConnectionDefaults {
    /// The class.
    pub class: Option<Placed<String>>,
    /// The alias.
    pub alias: Option<Placed<String>>,
    /// The paths to try in order; empty when nothing is said.
    pub via: Vec<Placed<String>>,
    /// Workers of the pool; `None` means one connection.
    pub pool_size: Option<Placed<u32>>,
    /// The longest wait for a free worker; `None` or zero means no limit of its own.
    pub pool_timeout: Option<Placed<Duration>>,
    /// Credentials to try in order when authentication is refused.
    pub fallback_credentials: Vec<Placed<String>>,
}

/// One way to reach a device: `connections.<path>`.
#[derive(Debug, Clone, PartialEq)]
pub struct ConnectionPath {
    /// The path's name, at its place.
    pub name: Placed<String>,
    /// `class`, as written: ours, or pyATS's Python path.
    pub class: Option<Placed<String>>,
    /// `protocol`: `ssh`, `telnet`, `https`, ...
    pub protocol: Option<Placed<String>>,
    /// `host`, or pyATS's `ip`. Never resolved while loading.
    pub host: Option<Placed<String>>,
    /// `port`.
    pub port: Option<Placed<u16>>,
    /// `command`: a program to spawn.
    pub command: Option<Placed<String>>,
    /// Credentials of this path.
    pub credentials: Credentials,
    /// Everything else, and what stands under `arguments`: options for the class, which checks them.
    pub options: Vec<Entry>,
}

impl ConnectionPath {
    /// The option of that name.
    #[must_use]
    pub fn option(&self, name: &str) -> Option<&Yaml> {
        self.options.iter().find(|entry| entry.key.value == name).map(|entry| &entry.value)
    }
}
