//! What a connection is asked for, as a value.

use crate::base::place::Place;
use crate::connect::class::OptionValue;
use crate::model::testbed::Device;
use crate::model::yaml::Entry;
use indexmap::IndexMap;
use std::time::Duration;

/// The alias of a connection when nobody says otherwise.
pub const DEFAULT_ALIAS: &str = "default";

/// What the manager of a device's connections can be asked. No alias may shadow it.
pub const OPERATIONS: [&str; 9] =
    ["instantiate", "connect", "disconnect", "destroy", "is_connected", "disconnect_all", "destroy_all", "allocate", "call"];

/// The arguments of a connection. What is not said is told from the testbed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Request {
    /// `class`: ours, or pyATS's Python path.
    pub class: Option<String>,
    /// `alias`.
    pub alias: Option<String>,
    /// `via`: paths to try in order; empty when nothing is said.
    pub via: Vec<String>,
    /// `pool_size`.
    pub pool_size: Option<u32>,
    /// `pool_timeout`; zero means no limit of its own.
    pub pool_timeout: Option<Duration>,
    /// Options of the class; they replace the path's.
    pub options: IndexMap<String, OptionValue>,
    /// The same as a file wrote them, each checked at its own place.
    pub written: Vec<Entry>,
    /// Where it was asked; `None` when no file did.
    pub place: Option<Place>,
}

/// The alias that is meant: argument > `defaults.alias` > `default`. The default connection also answers to `default`.
#[must_use]
pub fn alias_of<'a>(device: &'a Device, alias: Option<&'a str>) -> &'a str {
    let default = device.defaults.alias.as_ref().map_or(DEFAULT_ALIAS, |alias| alias.value.as_str());
    alias.filter(|alias| *alias != DEFAULT_ALIAS).unwrap_or(default)
}
