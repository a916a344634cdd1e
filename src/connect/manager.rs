//! The connections of one device, by alias: pyATS's `ConnectionManager`.
//!
//! It holds no strong reference to its device: the testbed may go first. What a connection is told from is `route`'s
//! matter, and how its workers are lent `pool`'s.

mod contradiction;
mod error;
mod scoped;

pub use crate::connect::manager::error::ManagerError;
pub use crate::connect::manager::scoped::Scoped;

use crate::base::diagnostic::Diagnostic;
use crate::base::text;
use crate::connect::class::Limits;
use crate::connect::login::Surroundings;
use crate::connect::pool::Pool;
use crate::connect::registry::Registry;
use crate::connect::request::{DEFAULT_ALIAS, Request, alias_of};
use crate::connect::route::{Resolved, Route, resolve};
use crate::model::testbed::Testbed;
use crate::record::answer::Answer;
use crate::record::call::Call;
use crate::record::fault::{Fault, FaultKind};
use indexmap::IndexMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// The connections of one device, each under an alias of its own. Threads may share it.
///
/// [`Lab`](crate::connect::lab::Lab) makes one for every device of a testbed and brings the limits; here they are given with
/// each call:
///
/// ```
/// use runner::connect::{login::Surroundings, patience::Patience, registry::Registry, request::Request};
/// use runner::{Call, ConnectionManager, load};
/// use std::{path::Path, sync::Arc, time::Duration};
///
/// let text = "devices: {here: {connections: {sh: {protocol: shell}}}}";
/// let testbed = load::testbed_text(text, "lab.yaml", Path::new("/"), &load::Environment::default()).accepted()?;
/// let (testbed, classes) = (Arc::new(testbed), Arc::new(Registry::standard()));
/// let manager = ConnectionManager::new(&testbed, "here", classes, Surroundings::default())?;
///
/// let patience = Patience::new(Duration::from_secs(10), "`timeout` of the example")?;
/// manager.connect(&Request::default(), &patience.limits())?;
/// let answer = manager.call("default", &Call::execute("echo hello"), &patience.limits())?;
/// assert_eq!(answer.text(), "hello");
/// manager.destroy_all()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
    /// Makes the manager of a device. Opens nothing, and does not keep the testbed.
    ///
    /// # Errors
    /// The testbed has no such device.
    pub fn new(testbed: &Arc<Testbed>, device: &str, registry: Arc<Registry>, surroundings: Surroundings) -> Result<Self, ManagerError> {
        let Some(found) = testbed.devices.get(device) else {
            let near = text::nearest(device, testbed.devices.keys().map(String::as_str)).map(ToOwned::to_owned);
            return Err(ManagerError::NoDevice { device: device.to_owned(), near });
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

    /// What a reader should know about how that connection was made: warnings, each with its place in the testbed.
    #[must_use]
    pub fn warnings(&self, alias: &str) -> Vec<Diagnostic> {
        self.lock().get(self.meant(alias)).map(|entry| entry.warnings.clone()).unwrap_or_default()
    }

    /// Makes the connection object and does not connect. The handle can still be given options. An alias that exists is
    /// used as it is. Does not block.
    ///
    /// ```
    /// # use runner::{Call, Lab, Request, connect::patience::Patience};
    /// # let lab = Lab::of_text("devices: {here: {connections: {sh: {protocol: shell}}}}")?;
    /// # let manager = lab.device("here")?.manager();
    /// # let patience = Patience::new(std::time::Duration::from_secs(10), "`timeout` of the example")?;
    /// let handle = manager.instantiate(&Request::default())?;
    /// handle.set_option("cwd", &"/usr".into())?;
    /// assert!(!manager.is_connected("default"));
    ///
    /// handle.connect(&patience.limits())?; // or manager.connect
    /// assert_eq!(handle.call(&Call::execute("pwd -L"), &patience.limits())?.text(), "/usr");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// There is no route, or the alias exists with another class, path, size or option than is asked for.
    pub fn instantiate(&self, request: &Request) -> Result<Pool, ManagerError> {
        self.find_or_make(request).map(|(pool, _)| pool)
    }

    /// The connection that is asked for, and whether it was made just now.
    fn find_or_make(&self, request: &Request) -> Result<(Pool, bool), ManagerError> {
        let alias = self.meant(request.alias.as_deref().unwrap_or(DEFAULT_ALIAS));
        let testbed = self.testbed.upgrade();
        let check = |pool: &Pool| contradiction::check(&pool.route(), request, &self.registry, testbed.as_deref());
        if let Some(existing) = self.connection(alias) {
            check(&existing)?;
            return Ok((existing, false));
        }
        let gone = || ManagerError::NoDevice { device: self.device.clone(), near: None };
        let testbed = testbed.as_ref().ok_or_else(gone)?;
        let device = testbed.devices.get(&self.device).ok_or_else(gone)?;
        let Resolved { route, warnings } = resolve(device, testbed, request, &self.registry, &self.surroundings)?;
        let made = Pool::new(route);
        let pool = self.lock().entry(alias.to_owned()).or_insert(Entry { pool: made.clone(), warnings }).pool.clone();
        if pool.is_same(&made) {
            return Ok((made, true));
        }
        // Another caller was quicker, perhaps with something else in mind.
        check(&pool)?;
        Ok((pool, false))
    }

    /// Makes the connection object of a route that was resolved before, such as a plan's, and does not connect. An alias
    /// that exists is used as it is.
    #[must_use]
    pub fn install(&self, route: Route) -> Pool {
        let alias = route.alias.clone();
        let entry = || Entry { pool: Pool::new(route), warnings: Vec::new() };
        self.lock().entry(alias).or_insert_with(entry).pool.clone()
    }

    /// Makes the connection object if needed and connects it; one that is connected already stays as it is. Blocks until
    /// it is ready for calls, a pool with all of its workers, or until `limits` end.
    ///
    /// ```
    /// # use runner::{Call, Lab, Request, connect::patience::Patience};
    /// # let lab = Lab::of_text("devices: {here: {connections: {sh: {protocol: shell}}}}")?;
    /// # let manager = lab.device("here")?.manager();
    /// # let patience = Patience::new(std::time::Duration::from_secs(10), "`timeout` of the example")?;
    /// manager.connect(&Request::default(), &patience.limits())?;
    /// manager.connect(&Request::default(), &patience.limits())?; // nothing to do
    /// manager.connect(&Request::default().alias("vty_1").via(["sh"]), &patience.limits())?;
    /// assert!(manager.connections().keys().eq(["default", "vty_1"]));
    ///
    /// let other = manager.connect(&Request::default().alias("vty_1").class("replay"), &patience.limits());
    /// let said = "connection `vty_1` exists with class `shell`, and `replay` was asked for";
    /// assert_eq!(other.unwrap_err().to_string(), said);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`ConnectionManager::instantiate`], or the connection cannot be opened: then the object stays, unconnected.
    pub fn connect(&self, request: &Request, limits: &Limits<'_>) -> Result<Pool, ManagerError> {
        let pool = self.instantiate(request)?;
        pool.connect(limits)?;
        Ok(pool)
    }

    /// Connects for as long as the returned guard lives: then the connection ends, whatever happened. Blocks.
    ///
    /// ```
    /// # use runner::{Call, Lab, Request, connect::patience::Patience};
    /// # let lab = Lab::of_text("devices: {here: {connections: {sh: {protocol: shell}}}}")?;
    /// # let manager = lab.device("here")?.manager();
    /// # let patience = Patience::new(std::time::Duration::from_secs(10), "`timeout` of the example")?;
    /// let scoped = manager.connect_scoped(&Request::default().alias("short"), &patience.limits())?;
    /// assert_eq!(scoped.call(&Call::execute("echo x"), &patience.limits())?.text(), "x");
    /// drop(scoped);
    /// assert!(manager.connection("short").is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`ConnectionManager::connect`], and the connection is connected already, so that the end of the scope would take it
    /// from somebody else. Nothing is left behind then.
    pub fn connect_scoped(&self, request: &Request, limits: &Limits<'_>) -> Result<Scoped<'_>, ManagerError> {
        let (pool, made) = self.find_or_make(request)?;
        match pool.connect_first(limits) {
            Ok(true) => Ok(Scoped { manager: self, pool, made }),
            Ok(false) => Err(ManagerError::ConnectedAlready { alias: pool.route().alias.clone() }),
            Err(fault) => {
                if made {
                    self.forget(&pool);
                }
                Err(fault.into())
            }
        }
    }

    /// Forgets this very object, if it is there.
    fn forget(&self, pool: &Pool) {
        self.lock().retain(|_, entry| !entry.pool.is_same(pool));
    }

    /// Ends a connection; the object stays and can be connected again. An unknown alias is no error. Does not wait for
    /// workers that are lent: each is closed when its borrower gives it back.
    ///
    /// ```
    /// # use runner::{Call, Lab, Request, connect::patience::Patience};
    /// # let lab = Lab::of_text("devices: {here: {connections: {sh: {protocol: shell}}}}")?;
    /// # let manager = lab.device("here")?.manager();
    /// # let patience = Patience::new(std::time::Duration::from_secs(10), "`timeout` of the example")?;
    /// manager.connect(&Request::default(), &patience.limits())?;
    /// manager.disconnect("default")?;
    /// let fault = manager.call("default", &Call::execute("id"), &patience.limits()).unwrap_err();
    /// assert_eq!(fault.to_string(), "here via sh: connection `default` was disconnected");
    ///
    /// manager.connect(&Request::default(), &patience.limits())?;
    /// assert!(manager.call("default", &Call::execute("id"), &patience.limits()).is_ok());
    /// manager.disconnect("never_made")?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Its class failed while it closed it; it is disconnected nevertheless.
    pub fn disconnect(&self, alias: &str) -> Result<(), ManagerError> {
        self.connection(alias).map_or(Ok(()), |pool| pool.disconnect()).map_err(ManagerError::from)
    }

    /// Ends a connection and forgets it, for good: handles on it cannot connect it again. An unknown alias is no error. Waits
    /// for nobody, as [`ConnectionManager::disconnect`].
    ///
    /// ```
    /// # use runner::{Call, Lab, Request, connect::patience::Patience};
    /// # let lab = Lab::of_text("devices: {here: {connections: {sh: {protocol: shell}}}}")?;
    /// # let manager = lab.device("here")?.manager();
    /// # let patience = Patience::new(std::time::Duration::from_secs(10), "`timeout` of the example")?;
    /// let handle = manager.connect(&Request::default(), &patience.limits())?;
    /// manager.destroy("default")?;
    /// assert!(manager.connections().is_empty());
    /// let fault = handle.connect(&patience.limits()).unwrap_err();
    /// assert_eq!(fault.to_string(), "here via sh: connection `default` was destroyed");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`ConnectionManager::disconnect`]; it is forgotten nevertheless.
    pub fn destroy(&self, alias: &str) -> Result<(), ManagerError> {
        let entry = self.lock().shift_remove(self.meant(alias));
        entry.map_or(Ok(()), |entry| entry.pool.destroy()).map_err(ManagerError::from)
    }

    /// Whether there is a connection of that alias and it is alive; of a pool, whether a worker is lent or alive. Does not
    /// block, and sends nothing.
    ///
    /// ```
    /// # use runner::{Call, Lab, Request, connect::patience::Patience};
    /// # let lab = Lab::of_text("devices: {here: {connections: {sh: {protocol: shell}}}}")?;
    /// # let manager = lab.device("here")?.manager();
    /// # let patience = Patience::new(std::time::Duration::from_secs(10), "`timeout` of the example")?;
    /// assert!(!manager.is_connected("default") && !manager.is_connected("never_made"));
    /// manager.connect(&Request::default(), &patience.limits())?;
    /// assert!(manager.is_connected("default"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn is_connected(&self, alias: &str) -> bool {
        self.connection(alias).is_some_and(|pool| pool.is_connected())
    }

    /// Disconnects every connection, whatever happens to one. The objects stay. Waits for nobody, as
    /// [`ConnectionManager::disconnect`].
    ///
    /// ```
    /// # use runner::{Call, Lab, Request, connect::patience::Patience};
    /// # let lab = Lab::of_text("devices: {here: {connections: {sh: {protocol: shell}}}}")?;
    /// # let manager = lab.device("here")?.manager();
    /// # let patience = Patience::new(std::time::Duration::from_secs(10), "`timeout` of the example")?;
    /// for alias in ["a", "b"] {
    ///     manager.connect(&Request::default().alias(alias), &patience.limits())?;
    /// }
    /// manager.disconnect_all()?;
    /// assert_eq!(manager.connections().len(), 2);
    /// assert!(!manager.is_connected("a") && !manager.is_connected("b"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`ManagerError::Several`]: those that failed. All of them are ended nevertheless.
    pub fn disconnect_all(&self) -> Result<(), ManagerError> {
        let pools: Vec<Pool> = self.lock().values().map(|entry| entry.pool.clone()).collect();
        reach_all(pools, Pool::disconnect)
    }

    /// Destroys every connection, whatever happens to one. Waits for nobody, as [`ConnectionManager::disconnect`].
    ///
    /// ```
    /// # use runner::{Call, Lab, Request, connect::patience::Patience};
    /// # let lab = Lab::of_text("devices: {here: {connections: {sh: {protocol: shell}}}}")?;
    /// # let manager = lab.device("here")?.manager();
    /// # let patience = Patience::new(std::time::Duration::from_secs(10), "`timeout` of the example")?;
    /// manager.connect(&Request::default(), &patience.limits())?;
    /// manager.destroy_all()?;
    /// assert!(manager.connections().is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`ManagerError::Several`]: those that failed. All of them are ended nevertheless.
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
        self.existing(alias)?.call(call, limits)
    }

    fn lock(&self) -> MutexGuard<'_, IndexMap<String, Entry>> {
        // Nothing that can panic runs under the lock.
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn meant<'a>(&'a self, alias: &'a str) -> &'a str {
        if alias == DEFAULT_ALIAS { &self.default_alias } else { alias }
    }

    /// The connection of that alias, which has to be there.
    ///
    /// # Errors
    /// `NotConnected`: there is none. A near alias is named.
    pub fn existing(&self, alias: &str) -> Result<Pool, Fault> {
        self.connection(alias).ok_or_else(|| self.unknown(alias))
    }

    fn unknown(&self, alias: &str) -> Fault {
        let known: Vec<String> = self.lock().keys().cloned().collect();
        let fault = Fault::new(FaultKind::NotConnected, format!("device `{}` has no connection `{alias}`", self.device));
        match text::nearest(alias, known.iter().map(String::as_str)) {
            Some(near) => fault.hinted(format!("did you mean `{near}`?")),
            None => fault,
        }
    }
}

fn reach_all(pools: impl IntoIterator<Item = Pool>, each: impl Fn(&Pool) -> Result<(), Fault>) -> Result<(), ManagerError> {
    let failed: Vec<Fault> = pools.into_iter().filter_map(|pool| each(&pool).err()).collect();
    if failed.is_empty() { Ok(()) } else { Err(ManagerError::Several(failed)) }
}

#[cfg(test)]
mod tests;
