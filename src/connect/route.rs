//! The manager's rules: which paths, class, alias, credentials and options a connection has.
//!
//! Everything is told from the testbed and the request alone, before anything is opened. `paths` holds the rules for
//! paths and classes, `login` those for credentials, `options` those for what a class takes.

use crate::base::deadline::Limit;
use crate::base::diagnostic::{Diagnostic, Severity};
use crate::connect::address;
use crate::connect::class::{Class, Endpoint, OptionValue, ServiceSpec};
use crate::connect::classes::ssh::parse_ssh_options;
use crate::connect::login::{self, Scopes, Surroundings};
use crate::connect::options::{self, OptionError, SSH_OPTIONS};
use crate::connect::paths::{self, Asked};
use crate::connect::registry::Registry;
use crate::connect::request::{OPERATIONS, Request, alias_of};
use crate::load::MOST_WORKERS;
use crate::model::testbed::{ConnectionPath, Device, Testbed};
use crate::model::yaml::Entry;
use crate::record::fault::{Fault, FaultKind, Phase, Subject};
use std::fmt;
use std::sync::Arc;

/// How a connection is made, completely: nothing is looked up afterwards.
#[derive(Debug, Clone)]
pub struct Route {
    /// The device's name.
    pub device: String,
    /// The alias.
    pub alias: String,
    /// The ways to open it, to be tried in order; at least one.
    pub ways: Vec<Way>,
    /// Workers of the pool; `None` makes one connection.
    pub pool_size: Option<u32>,
    /// The longest wait for a free worker; `None` means no limit of its own.
    pub pool_timeout: Option<Limit>,
}

/// One way to open a connection.
#[derive(Clone)]
pub struct Way {
    /// The class that opens it.
    pub class: Arc<dyn Class>,
    /// Where it goes.
    pub endpoint: Endpoint,
    /// The longest time that opening may take, where the testbed says so.
    pub connect_timeout: Option<Limit>,
}

impl fmt::Debug for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Way")
            .field("class", &self.class.spec().name)
            .field("endpoint", &self.endpoint)
            .field("connect_timeout", &self.connect_timeout)
            .finish()
    }
}

impl Route {
    /// The names of the paths, in order.
    pub fn via(&self) -> impl Iterator<Item = &str> {
        self.ways.iter().map(|way| way.endpoint.subject.via.as_str())
    }

    /// The service of that name; `None` unless every way's class offers it.
    #[must_use]
    pub fn service(&self, name: &str) -> Option<&'static ServiceSpec> {
        let mut specs = self.ways.iter().map(|way| way.class.spec().service(name));
        let first = specs.next()??;
        specs.all(|spec| spec.is_some()).then_some(first)
    }

    /// The connection, by its first way.
    #[must_use]
    pub fn subject(&self) -> Subject {
        let first = self.ways.first().map(|way| way.endpoint.subject.clone());
        first.unwrap_or_else(|| Subject {
            device: self.device.clone(),
            alias: self.alias.clone(),
            via: String::new(),
            class: String::new(),
        })
    }

    /// Sets an option on every way.
    ///
    /// # Errors
    /// A class of one of them does not take it so; nothing is set then.
    pub fn set_option(&mut self, name: &str, value: &OptionValue) -> Result<(), OptionError> {
        let names = self.ways.iter().map(|way| options::taken(name, value, way.class.spec()));
        let names = names.collect::<Result<Vec<_>, _>>()?;
        for (way, name) in self.ways.iter_mut().zip(names) {
            way.endpoint.options.0.insert(name, value.clone());
        }
        Ok(())
    }

    /// Whether every way has this option as it is written here. One that no class can have it so is not there.
    #[must_use]
    pub fn has_option(&self, written: &Entry) -> bool {
        self.ways.iter().all(|way| {
            let mut asked = options::Checked::default();
            let mut found = Vec::new();
            options::given(std::slice::from_ref(written), way.class.spec(), &mut asked, &mut found);
            let same = asked.options.0.iter().all(|(name, value)| way.endpoint.options.0.get(name) == Some(value));
            let length = |limit: &Option<Limit>| limit.as_ref().map(|limit| limit.length);
            found.is_empty()
                && same
                && asked.connect_timeout.as_ref().is_none_or(|limit| length(&way.connect_timeout) == Some(limit.length))
        })
    }

    /// How many workers there are: `pool_size`, or 1.
    #[must_use]
    pub fn workers(&self) -> u32 {
        self.pool_size.unwrap_or(1)
    }
}

/// A route, and what a reader should know about it.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// The route.
    pub route: Route,
    /// Warnings.
    pub warnings: Vec<Diagnostic>,
}

/// Why there is no route. Everything that is wrong with it is said together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .diagnostics.iter().find(|diagnostic| diagnostic.severity == Severity::Error).map_or("", |error| error.message.as_str()))]
pub struct RouteError {
    /// Resolution (no path, no class, several) or validation (what a path says does not suit its class).
    pub phase: Phase,
    /// At least one error, and warnings.
    pub diagnostics: Vec<Diagnostic>,
}

impl RouteError {
    fn resolution(diagnostics: Vec<Diagnostic>) -> Self {
        Self { phase: Phase::Resolution, diagnostics }
    }

    /// The error as a fault, for those who connect while something runs.
    #[must_use]
    pub fn fault(&self) -> Fault {
        let mut fault = Fault::new(FaultKind::Invalid, self.to_string()).in_phase(self.phase);
        let first = self.diagnostics.iter().find(|diagnostic| diagnostic.severity == Severity::Error);
        fault.hint = first.and_then(|error| error.hints.first().cloned());
        fault
    }
}

/// Resolves a request for a connection of `device`, which is one of `testbed`. Opens nothing and reads no file.
///
/// # Errors
/// The request or the testbed does not say which path or class is meant, or what they say does not suit the class.
pub fn resolve(
    device: &Device,
    testbed: &Testbed,
    request: &Request,
    registry: &Registry,
    surroundings: &Surroundings,
) -> Result<Resolved, RouteError> {
    let asked = Asked { device, request, registry };
    let paths = asked.paths().map_err(RouteError::resolution)?;
    let classes: Vec<Result<Arc<dyn Class>, Box<Diagnostic>>> = paths.iter().map(|path| asked.class(path)).collect();
    if classes.iter().any(Result::is_err) {
        return Err(RouteError::resolution(classes.into_iter().filter_map(Result::err).map(|diagnostic| *diagnostic).collect()));
    }
    let alias = alias_of(device, request.alias.as_deref());
    let mut found = Vec::new();
    check_alias(&asked, alias, &mut found);
    let ways = paths
        .iter()
        .zip(classes.into_iter().flatten())
        .map(|(path, class)| way(&asked, Scopes { path, device, testbed }, class, (alias, surroundings), &mut found))
        .collect();
    let pool_size = pool_size(&asked, &mut found);
    let route = Route { device: device.name.value.clone(), alias: alias.to_owned(), ways, pool_size, pool_timeout: pool_timeout(&asked) };
    let mut said: Vec<Diagnostic> = Vec::with_capacity(found.len());
    // What concerns the whole device was found once for each way.
    found.retain(|diagnostic| {
        let is_new = !said.contains(diagnostic);
        said.extend(is_new.then(|| diagnostic.clone()));
        is_new
    });
    if found.iter().any(|diagnostic| diagnostic.severity == Severity::Error) {
        return Err(RouteError { phase: Phase::Validation, diagnostics: found });
    }
    Ok(Resolved { route, warnings: found })
}

fn way(
    asked: &Asked<'_>,
    scopes: Scopes<'_>,
    class: Arc<dyn Class>,
    (alias, surroundings): (&str, &Surroundings),
    found: &mut Vec<Diagnostic>,
) -> Way {
    let ConnectionPath { name, host, port, command, .. } = scopes.path;
    let spec = class.spec();
    let flags = paths::protocol(scopes.path).map_or("", |(_, flags)| flags);
    let request = asked.request;
    let said = |name: &str| request.options.contains_key(name) || request.written.iter().any(|entry| entry.key.value == name);
    let mut checked = options::check(scopes.path, flags, spec, &said, found);
    for (name, value) in &asked.request.options {
        match options::taken(name, value, spec) {
            Ok(option) => {
                checked.options.0.insert(option, value.clone());
            }
            Err(error) => found.push(Diagnostic::error(asked.place(), error.to_string()).did_you_mean(error.near())),
        }
    }
    options::given(&asked.request.written, spec, &mut checked, found);
    let os = scopes.device.attributes.get("os");
    let endpoint = Endpoint {
        subject: Subject {
            device: scopes.device.name.value.clone(),
            alias: alias.to_owned(),
            via: name.value.clone(),
            class: spec.name.to_owned(),
        },
        os: os.map(|os| os.value.clone()).unwrap_or_default(),
        host: host.as_ref().map(|host| address::host(host, found)),
        port: port.as_ref().map(|port| port.value),
        command: command.as_ref().map(|command| command.value.clone()),
        logins: login::logins(scopes, surroundings, found),
        options: checked.options,
        folder: scopes.testbed.folder.clone(),
        home: surroundings.home.clone(),
        agent: surroundings.agent.clone(),
    };
    let connect_timeout = checked.connect_timeout.or_else(|| connect_timeout_of_flags(&endpoint, scopes.path));
    Way { class, endpoint, connect_timeout }
}

/// The limit of opening that flags of OpenSSH's `ssh` say. What is wrong with the flags is told where the class checks them.
fn connect_timeout_of_flags(endpoint: &Endpoint, path: &ConnectionPath) -> Option<Limit> {
    let flags = parse_ssh_options(endpoint.options.text(SSH_OPTIONS)?).ok()?;
    let place = path.option(SSH_OPTIONS).map_or(&path.name.place, |written| &written.place);
    Some(Limit { length: flags.connect_timeout?, setting: format!("`ConnectTimeout` at {}", place.file_line()).into() })
}

fn check_alias(asked: &Asked<'_>, alias: &str, found: &mut Vec<Diagnostic>) {
    let default = asked.device.defaults.alias.as_ref().filter(|default| default.value == alias);
    let place = default.map_or(asked.place(), |default| &default.place);
    let taken = if OPERATIONS.contains(&alias) {
        "an operation of the manager"
    } else if asked.registry.offers(alias) {
        "a service"
    } else if alias.trim().is_empty() {
        found.push(Diagnostic::error(place, "an alias is empty"));
        return;
    } else {
        return;
    };
    found.push(Diagnostic::error(place, format!("`{alias}` cannot be an alias: it is the name of {taken}")));
}

/// `pool_size`: argument > `defaults.pool_size`, from 1 to `max_sessions`.
fn pool_size(asked: &Asked<'_>, found: &mut Vec<Diagnostic>) -> Option<u32> {
    let default = asked.device.defaults.pool_size.as_ref();
    let (size, place) = match (asked.request.pool_size, default) {
        (Some(size), _) => (size, asked.place()),
        (None, Some(size)) => (size.value, &size.place),
        (None, None) => return None,
    };
    if size == 0 || size > MOST_WORKERS {
        found.push(Diagnostic::error(place, format!("`pool_size` takes a whole number from 1 to {MOST_WORKERS}, got {size}")));
    } else if let Some(most) = asked.device.max_sessions.as_ref().filter(|most| size > most.value) {
        let message = format!("`pool_size` is {size}, and device `{}` accepts {} at most", asked.device.name.value, most.value);
        found.push(Diagnostic::error(place, message).also(&most.place, "its `max_sessions`"));
    }
    Some(size)
}

/// `pool_timeout`: argument > `defaults.pool_timeout`; zero means no limit of its own.
fn pool_timeout(asked: &Asked<'_>) -> Option<Limit> {
    let default = asked.device.defaults.pool_timeout.as_ref();
    let (length, place) = match (asked.request.pool_timeout, default) {
        (Some(length), _) => (length, asked.request.place.as_ref()),
        (None, Some(length)) => (length.value, Some(&length.place)),
        (None, None) => return None,
    };
    let setting = place.map_or_else(|| "`pool_timeout`".to_owned(), |place| format!("`pool_timeout` at {}", place.file_line()));
    (!length.is_zero()).then(|| Limit { length, setting: setting.into() })
}

#[cfg(test)]
mod tests;
