//! The connections of one device, by alias: pyATS's `ConnectionManager`.
//!
//! It holds no strong reference to its device: the testbed may go first. What a connection is told from is `route`'s
//! matter, and how its workers are lent `pool`'s.

use crate::base::diagnostic::Diagnostic;
use crate::base::duration;
use crate::base::text;
use crate::connect::class::Limits;
use crate::connect::login::Surroundings;
use crate::connect::pool::Pool;
use crate::connect::registry::{ClassError, Known, Meaning, Registry};
use crate::connect::request::{DEFAULT_ALIAS, Request, alias_of};
use crate::connect::route::{Resolved, Route, RouteError, resolve};
use crate::model::testbed::Testbed;
use crate::record::answer::Answer;
use crate::record::call::Call;
use crate::record::fault::{Fault, FaultKind};
use indexmap::IndexMap;
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

/// Why a manager did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManagerError {
    /// The testbed has no such device, or is gone.
    #[error("device `{device}` is not there")]
    NoDevice {
        /// The device.
        device: String,
    },
    /// Testbed and arguments do not make a route.
    #[error(transparent)]
    Route(#[from] RouteError),
    /// The class that was named is none.
    #[error(transparent)]
    Class(#[from] ClassError),
    /// The alias is taken by a connection that is another one.
    #[error("connection `{alias}` exists with {setting} {existing}, and {asked} was asked for")]
    Contradiction {
        /// The alias.
        alias: String,
        /// What contradicts: `class`, `via`, `pool_size`, or an option.
        setting: String,
        /// What it is.
        existing: String,
        /// What was asked for.
        asked: String,
    },
    /// A connection failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// Some of several connections failed; the others were reached all the same.
    #[error("{}", several(.0))]
    Several(Vec<Fault>),
}

fn several(faults: &[Fault]) -> String {
    let told: Vec<String> = faults.iter().map(|fault| format!("{}: {fault}", alias_in(fault))).collect();
    format!("{} failed: {}", text::count(faults.len(), "connection"), told.join("; "))
}

fn alias_in(fault: &Fault) -> &str {
    fault.subject.as_ref().map_or("", |subject| subject.alias.as_str())
}

/// The connections of one device.
pub struct ConnectionManager {
    device: String,
    default_alias: String,
    testbed: Weak<Testbed>,
    registry: Arc<Registry>,
    surroundings: Surroundings,
    connections: Mutex<IndexMap<String, Entry>>,
}

impl fmt::Debug for ConnectionManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionManager").field("device", &self.device).field("connections", &self.connections()).finish_non_exhaustive()
    }
}

struct Entry {
    pool: Pool,
    warnings: Vec<Diagnostic>,
}

impl ConnectionManager {
    /// Makes the manager of a device.
    ///
    /// # Errors
    /// The testbed has no such device.
    pub fn new(testbed: &Arc<Testbed>, device: &str, registry: Arc<Registry>, surroundings: Surroundings) -> Result<Self, ManagerError> {
        let Some(found) = testbed.devices.get(device) else {
            return Err(ManagerError::NoDevice { device: device.to_owned() });
        };
        Ok(Self {
            device: device.to_owned(),
            default_alias: alias_of(found, None).to_owned(),
            testbed: Arc::downgrade(testbed),
            registry,
            surroundings,
            connections: Mutex::default(),
        })
    }

    /// The device's name.
    #[must_use]
    pub fn device(&self) -> &str {
        &self.device
    }

    /// Every connection by its alias, in the order in which they were made.
    #[must_use]
    pub fn connections(&self) -> IndexMap<String, Pool> {
        self.lock().iter().map(|(alias, entry)| (alias.clone(), entry.pool.clone())).collect()
    }

    /// The connection of that alias. `default` is the default connection, whatever its alias.
    #[must_use]
    pub fn connection(&self, alias: &str) -> Option<Pool> {
        self.lock().get(self.meant(alias)).map(|entry| entry.pool.clone())
    }

    /// What a reader should know about how that connection was made.
    #[must_use]
    pub fn warnings(&self, alias: &str) -> Vec<Diagnostic> {
        self.lock().get(self.meant(alias)).map(|entry| entry.warnings.clone()).unwrap_or_default()
    }

    /// Makes the connection object and does not connect. The handle can still be given options. An alias that exists is
    /// used as it is.
    ///
    /// # Errors
    /// There is no route, or the alias exists with another class, path, size or option than is asked for.
    pub fn instantiate(&self, request: &Request) -> Result<Pool, ManagerError> {
        let alias = self.meant(request.alias.as_deref().unwrap_or(DEFAULT_ALIAS));
        if let Some(existing) = self.connection(alias) {
            self.check(&existing.route(), request)?;
            return Ok(existing);
        }
        let gone = || ManagerError::NoDevice { device: self.device.clone() };
        let testbed = self.testbed.upgrade().ok_or_else(gone)?;
        let device = testbed.devices.get(&self.device).ok_or_else(gone)?;
        let Resolved { route, warnings } = resolve(device, &testbed, request, &self.registry, &self.surroundings)?;
        let entry = Entry { pool: Pool::new(route), warnings };
        let pool = self.lock().entry(alias.to_owned()).or_insert(entry).pool.clone();
        // Another caller may have been quicker, with something else in mind.
        self.check(&pool.route(), request)?;
        Ok(pool)
    }

    /// Makes the connection object of a route that was resolved before, such as a plan's, and does not connect. An alias
    /// that exists is used as it is.
    #[must_use]
    pub fn install(&self, route: Route) -> Pool {
        let alias = route.alias.clone();
        let entry = || Entry { pool: Pool::new(route), warnings: Vec::new() };
        self.lock().entry(alias).or_insert_with(entry).pool.clone()
    }

    /// Makes the connection object if needed and connects it; one that is connected already stays as it is. Blocks.
    ///
    /// # Errors
    /// As [`ConnectionManager::instantiate`], or the connection cannot be opened: then the object stays, unconnected.
    pub fn connect(&self, request: &Request, limits: &Limits<'_>) -> Result<Pool, ManagerError> {
        let pool = self.instantiate(request)?;
        pool.open_all(limits)?;
        Ok(pool)
    }

    /// Connects for as long as the returned guard lives; then the connection is destroyed, whatever happened. Blocks.
    ///
    /// # Errors
    /// As [`ConnectionManager::connect`]. Nothing is left behind then.
    pub fn connect_scoped(&self, request: &Request, limits: &Limits<'_>) -> Result<Scoped<'_>, ManagerError> {
        let pool = self.instantiate(request)?;
        let alias = pool.route().alias.clone();
        let scoped = Scoped { manager: self, alias, pool };
        scoped.pool.open_all(limits)?;
        Ok(scoped)
    }

    /// Ends a connection; the object stays and can be connected again. An unknown alias is no error.
    ///
    /// # Errors
    /// Its class failed while it closed it; it is disconnected nevertheless.
    pub fn disconnect(&self, alias: &str) -> Result<(), ManagerError> {
        self.connection(alias).map_or(Ok(()), |pool| pool.disconnect()).map_err(ManagerError::from)
    }

    /// Ends a connection and forgets it. An unknown alias is no error.
    ///
    /// # Errors
    /// As [`ConnectionManager::disconnect`]; it is forgotten nevertheless.
    pub fn destroy(&self, alias: &str) -> Result<(), ManagerError> {
        let entry = self.lock().shift_remove(self.meant(alias));
        entry.map_or(Ok(()), |entry| entry.pool.destroy()).map_err(ManagerError::from)
    }

    /// Whether there is a connection of that alias and it is alive. Does not block.
    #[must_use]
    pub fn is_connected(&self, alias: &str) -> bool {
        self.connection(alias).is_some_and(|pool| pool.is_connected())
    }

    /// Disconnects every connection, whatever happens to one.
    ///
    /// # Errors
    /// Those that failed.
    pub fn disconnect_all(&self) -> Result<(), ManagerError> {
        let pools: Vec<Pool> = self.lock().values().map(|entry| entry.pool.clone()).collect();
        reach_all(pools, Pool::disconnect)
    }

    /// Destroys every connection, whatever happens to one.
    ///
    /// # Errors
    /// Those that failed.
    pub fn destroy_all(&self) -> Result<(), ManagerError> {
        let entries = std::mem::take(&mut *self.lock());
        reach_all(entries.into_values().map(|entry| entry.pool), Pool::destroy)
    }

    /// Calls a service of a connection: of the first worker that is free. Blocks for the worker and for the answer.
    ///
    /// # Errors
    /// A fault with its subject: `NotConnected` for an unknown alias and for what is not connected, `Capability` where the
    /// class has no such service, what waiting for a worker brings, and the call's own.
    pub fn call(&self, alias: &str, call: &Call, limits: &Limits<'_>) -> Result<Answer, Fault> {
        let Some(pool) = self.connection(alias) else { return Err(self.unknown(alias)) };
        let route = pool.route();
        if route.service(&call.service).is_none() {
            return Err(incapable(&route, &call.service));
        }
        pool.take(limits)?.call(call, limits)
    }

    fn lock(&self) -> MutexGuard<'_, IndexMap<String, Entry>> {
        // Nothing that can panic runs under the lock.
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn meant<'a>(&'a self, alias: &'a str) -> &'a str {
        if alias == DEFAULT_ALIAS { &self.default_alias } else { alias }
    }

    fn unknown(&self, alias: &str) -> Fault {
        let known: Vec<String> = self.lock().keys().cloned().collect();
        let fault = Fault::new(FaultKind::NotConnected, format!("device `{}` has no connection `{alias}`", self.device));
        match text::nearest(alias, known.iter().map(String::as_str)) {
            Some(near) => fault.hinted(format!("did you mean `{near}`?")),
            None => fault,
        }
    }

    /// Complains when an existing connection is not what is asked for.
    fn check(&self, existing: &Route, request: &Request) -> Result<(), ManagerError> {
        let contradiction = |setting: &str, is: String, asked: String| {
            let (alias, setting) = (existing.alias.clone(), setting.to_owned());
            Err(ManagerError::Contradiction { alias, setting, existing: is, asked })
        };
        if !request.via.is_empty() && !existing.via().eq(request.via.iter().map(String::as_str)) {
            let asked = text::names(request.via.iter().map(String::as_str));
            return contradiction("via", text::names(existing.via()), asked);
        }
        if let Some(written) = &request.class
            && let Meaning::Class(class) = self.registry.meaning(written)?
            && let Some(other) = existing.ways.iter().find(|way| way.class.spec().name != class.spec().name)
        {
            return contradiction("class", format!("`{}`", other.class.spec().name), format!("`{written}`"));
        }
        if let Some(size) = request.pool_size.filter(|size| existing.pool_size != Some(*size)) {
            let is = existing.pool_size.map_or_else(|| "unset".to_owned(), |size| size.to_string());
            return contradiction("pool_size", is, size.to_string());
        }
        let waits = existing.pool_timeout.as_ref().map_or(Duration::ZERO, |limit| limit.length);
        if let Some(timeout) = request.pool_timeout.filter(|timeout| *timeout != waits) {
            return contradiction("pool_timeout", duration::show(waits), duration::show(timeout));
        }
        if let Some(entry) = request.written.iter().find(|entry| !existing.has_option(entry)) {
            return contradiction(&entry.key.value, "unset or otherwise".to_owned(), "a value of its own".to_owned());
        }
        let differs = |name: &str, value| existing.ways.iter().any(|way| way.endpoint.options.0.get(name) != Some(value));
        if let Some((name, _)) = request.options.iter().find(|(name, value)| differs(name, value)) {
            return contradiction(name, "unset or otherwise".to_owned(), "a value of its own".to_owned());
        }
        Ok(())
    }
}

fn incapable(route: &Route, service: &str) -> Fault {
    let lacking = route.ways.iter().find(|way| way.class.spec().service(service).is_none());
    let Some(spec) = lacking.map(|way| way.class.spec()) else {
        return Fault::new(FaultKind::Capability, format!("there is no service `{service}`")).on(&route.subject());
    };
    let offered = Known::new(spec.services.iter().map(|service| service.name));
    let message = format!("class `{}` has no service `{service}`, it offers {offered}", spec.name);
    let fault = Fault::new(FaultKind::Capability, message).on(&route.subject());
    match offered.near(service) {
        Some(near) => fault.hinted(format!("did you mean `{near}`?")),
        None => fault,
    }
}

fn reach_all(pools: impl IntoIterator<Item = Pool>, each: impl Fn(&Pool) -> Result<(), Fault>) -> Result<(), ManagerError> {
    let failed: Vec<Fault> = pools.into_iter().filter_map(|pool| each(&pool).err()).collect();
    if failed.is_empty() { Ok(()) } else { Err(ManagerError::Several(failed)) }
}

/// A connection that is destroyed when this is dropped.
#[derive(Debug)]
pub struct Scoped<'a> {
    manager: &'a ConnectionManager,
    alias: String,
    pool: Pool,
}

impl Deref for Scoped<'_> {
    type Target = Pool;

    fn deref(&self) -> &Pool {
        &self.pool
    }
}

impl Drop for Scoped<'_> {
    fn drop(&mut self) {
        // Nobody is left to be told.
        let _ = self.manager.destroy(&self.alias);
    }
}

#[cfg(test)]
mod tests;
