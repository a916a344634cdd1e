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
///
/// ```
/// use runner::Request;
/// use std::time::Duration;
///
/// let default = Request::default();
/// let pool = Request::default().alias("vty").via(["mgmt", "console"]).pool_size(4).pool_timeout(Duration::from_secs(30));
/// let option = Request::default().class("shell").option("cwd", "/tmp");
/// # assert_eq!((default.pool_size, pool.pool_size, pool.via.len(), option.options.len()), (None, Some(4), 2, 1));
/// ```
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

impl Request {
    /// Asks for this class: one of ours, or pyATS's Python path.
    #[must_use]
    pub fn class(self, class: impl Into<String>) -> Self {
        Self { class: Some(class.into()), ..self }
    }

    /// Names the connection; unique to its device.
    #[must_use]
    pub fn alias(self, alias: impl Into<String>) -> Self {
        Self { alias: Some(alias.into()), ..self }
    }

    /// Takes these paths of the testbed, to be tried in order.
    #[must_use]
    pub fn via<T: Into<String>>(self, paths: impl IntoIterator<Item = T>) -> Self {
        Self { via: paths.into_iter().map(Into::into).collect(), ..self }
    }

    /// Makes a pool of that many workers.
    #[must_use]
    pub fn pool_size(self, workers: u32) -> Self {
        Self { pool_size: Some(workers), ..self }
    }

    /// Waits no longer than that for a worker that is free; zero means no limit of its own.
    #[must_use]
    pub fn pool_timeout(self, longest: Duration) -> Self {
        Self { pool_timeout: Some(longest), ..self }
    }

    /// Sets an option of the class; it replaces the path's.
    #[must_use]
    pub fn option(mut self, name: impl Into<String>, value: impl Into<OptionValue>) -> Self {
        self.options.insert(name.into(), value.into());
        self
    }
}

/// The alias that is meant: argument > `defaults.alias` > `default`. The default connection also answers to `default`.
#[must_use]
pub fn alias_of<'a>(device: &'a Device, alias: Option<&'a str>) -> &'a str {
    let default = device.defaults.alias.as_ref().map_or(DEFAULT_ALIAS, |alias| alias.value.as_str());
    alias.filter(|alias| *alias != DEFAULT_ALIAS).unwrap_or(default)
}
