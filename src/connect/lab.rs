//! A testbed ready to be used by a program: a manager for every device, and limits for every call.

use crate::base::diagnostic::Diagnostic;
use crate::base::text;
use crate::connect::class::OptionValue;
use crate::connect::interrupt::Interrupt;
use crate::connect::login::Surroundings;
use crate::connect::manager::{ConnectionManager, ManagerError, Scoped};
use crate::connect::patience::Patience;
use crate::connect::pool::{Lease, Pool};
use crate::connect::registry::Registry;
use crate::connect::request::{DEFAULT_ALIAS, Request};
use crate::load::{self, Environment, Rejected};
use crate::model::testbed::Testbed;
use crate::record::answer::Answer;
use crate::record::call::Call;
use crate::record::fault::Fault;
use indexmap::IndexMap;
use std::io;
use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How long opening a connection, or all workers of a pool, may take when nobody says otherwise.
const OPENING: (Duration, &str) = (Duration::from_mins(1), "the default for opening");

/// How long a call may take when nobody says otherwise.
const CALLING: (Duration, &str) = (Duration::from_secs(30), "the default for calls");

/// Why there is no lab.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// The testbed was not accepted.
    #[error(transparent)]
    Rejected(#[from] Rejected),
    /// No file descriptor is left for the interrupt.
    #[error("the interrupt of the lab cannot be made: {0}")]
    Interrupt(#[from] io::Error),
}

/// A testbed, with a [`ConnectionManager`] for each of its devices. Threads may share it; dropping it closes what is open.
///
/// ```
/// use runner::{Lab, Request};
///
/// let lab = Lab::of_text("
/// devices:
///   here:
///     connections:
///       sh: {protocol: shell}
/// ")?;
/// let here = lab.device("here")?;
/// here.connect(&Request::default())?;
/// assert_eq!(here.execute("echo hello")?.text(), "hello");
/// assert_eq!(lab.device("hera").unwrap_err().to_string(), "device `hera` is not there: did you mean `here`?");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Lab {
    testbed: Arc<Testbed>,
    managers: IndexMap<String, ConnectionManager>,
    interrupt: Arc<Interrupt>,
}

impl Lab {
    /// Loads a testbed file, with the classes that come with this crate. The environment is what `%ENV{}` in the file stands
    /// for, and says where the user's home folder and ssh agent are: `Environment(std::env::vars().collect())`, or one of a
    /// program's own choice. Blocks while files are read; opens no connection.
    ///
    /// # Errors
    /// The testbed was not accepted, or no file descriptor is left.
    pub fn load(file: impl AsRef<Path>, environment: &Environment) -> Result<Self, LabError> {
        let file = file.as_ref();
        let testbed = load::testbed(file, &file.display().to_string(), environment).accepted()?;
        Ok(Self::new(testbed, Registry::standard(), &Surroundings::of(&environment.0))?)
    }

    /// Loads a testbed that a program wrote, with the classes that come with this crate and an empty environment. Relative
    /// paths in it start from the current folder.
    ///
    /// # Errors
    /// The testbed was not accepted, or no file descriptor is left.
    pub fn of_text(testbed: &str) -> Result<Self, LabError> {
        let testbed = load::testbed_text(testbed, "testbed", Path::new("."), &Environment::default()).accepted()?;
        Ok(Self::new(testbed, Registry::standard(), &Surroundings::default())?)
    }

    /// Makes the managers of a testbed that was loaded, with classes of one's own choice, and what connections may use of the
    /// user's surroundings: home folder and ssh agent.
    ///
    /// # Errors
    /// No file descriptor is left for the interrupt.
    pub fn new(testbed: Testbed, registry: Registry, surroundings: &Surroundings) -> io::Result<Self> {
        let (testbed, registry) = (Arc::new(testbed), Arc::new(registry));
        let manager = |name: &String| ConnectionManager::new(&testbed, name, Arc::clone(&registry), surroundings.clone()).ok();
        let managers = testbed.devices.keys().filter_map(|name| Some((name.clone(), manager(name)?))).collect();
        Ok(Self { managers, testbed, interrupt: Arc::new(Interrupt::new()?) })
    }

    /// The testbed.
    #[must_use]
    pub fn testbed(&self) -> &Arc<Testbed> {
        &self.testbed
    }

    /// Ends every wait, now and later, once it is raised: by a thread that waits for Ctrl-C, for instance.
    #[must_use]
    pub fn interrupt(&self) -> &Arc<Interrupt> {
        &self.interrupt
    }

    /// The device of that name.
    ///
    /// # Errors
    /// There is none. A near name is told.
    pub fn device(&self, name: &str) -> Result<Device<'_>, ManagerError> {
        let near = || text::nearest(name, self.managers.keys().map(String::as_str)).map(ToOwned::to_owned);
        let manager = self.managers.get(name).ok_or_else(|| ManagerError::NoDevice { device: name.to_owned(), near: near() })?;
        Ok(Device { lab: self, manager, within: None })
    }

    /// Every device, in the order of the testbed.
    pub fn devices(&self) -> impl Iterator<Item = Device<'_>> {
        self.managers.values().map(|manager| Device { lab: self, manager, within: None })
    }
}

/// A device of a [`Lab`]: its manager's operations, with limits. A service that is called on it is called on the default
/// connection.
///
/// ```
/// # use runner::{Lab, Request};
/// # use std::time::Duration;
/// # let lab = Lab::of_text("devices: {here: {connections: {sh: {protocol: shell}}}}")?;
/// let here = lab.device("here")?;
///
/// // Deferred: the object first, then its options, then the connection.
/// let default = here.instantiate(&Request::default())?;
/// default.set_option("cwd", "/usr")?;
/// default.connect()?;
/// assert_eq!(here.execute("pwd -L")?.text(), "/usr");
///
/// // Another connection under an alias of its own.
/// here.connect(&Request::default().alias("vty_1"))?;
/// assert_eq!(here.connection("vty_1")?.execute("exit 3")?.exit_code, Some(3));
/// assert_eq!(here.connection("vty_2").unwrap_err().hint.unwrap(), "did you mean `vty_1`?");
///
/// // For as long as the block lasts.
/// {
///     let short = here.connect_scoped(&Request::default().alias("short"))?;
///     assert!(short.execute("true").is_ok() && here.is_connected("short"));
/// }
/// assert!(!here.is_connected("short"));
///
/// // No answer is an error, and says which limit was passed.
/// let fault = here.within(Duration::from_millis(50)).execute("sleep 60").unwrap_err();
/// assert!(fault.kind.retry_can_help());
/// assert_eq!(fault.to_string(), "here via sh: `sleep 60` timed out after 50ms (`within`)");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Device<'a> {
    pub(super) lab: &'a Lab,
    manager: &'a ConnectionManager,
    within: Option<Duration>,
}

impl<'a> Device<'a> {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'a str {
        self.manager.device()
    }

    /// The manager of its connections.
    #[must_use]
    pub fn manager(&self) -> &'a ConnectionManager {
        self.manager
    }

    /// The same device, where each operation may take that long: instead of a minute for opening and 30 seconds for a call,
    /// the wait for a free worker among it.
    #[must_use]
    pub fn within(self, longest: Duration) -> Self {
        Self { within: Some(longest), ..self }
    }

    /// Makes a connection and does not connect it. See [`ConnectionManager::instantiate`].
    ///
    /// # Errors
    /// As there.
    pub fn instantiate(&self, request: &Request) -> Result<Handle<'a>, ManagerError> {
        Ok(Handle { device: *self, pool: self.manager.instantiate(request)? })
    }

    /// Makes a connection if needed, and connects it. Blocks. See [`ConnectionManager::connect`].
    ///
    /// # Errors
    /// As there.
    pub fn connect(&self, request: &Request) -> Result<Handle<'a>, ManagerError> {
        Ok(Handle { device: *self, pool: self.manager.connect(request, &self.patience_or(OPENING).limits())? })
    }

    /// Connects until the handle is dropped. Blocks. See [`ConnectionManager::connect_scoped`].
    ///
    /// # Errors
    /// As there.
    pub fn connect_scoped(&self, request: &Request) -> Result<ScopedHandle<'a>, ManagerError> {
        let scoped = self.manager.connect_scoped(request, &self.patience_or(OPENING).limits())?;
        Ok(ScopedHandle { handle: Handle { device: *self, pool: scoped.clone() }, _scoped: scoped })
    }

    /// The connection of that alias. `default` is the default connection, whatever its alias.
    ///
    /// # Errors
    /// `NotConnected`: there is none. A near alias is told as a hint.
    pub fn connection(&self, alias: &str) -> Result<Handle<'a>, Fault> {
        Ok(Handle { device: *self, pool: self.manager.existing(alias)? })
    }

    /// Calls a service of the default connection. Blocks. See [`Pool::call`].
    ///
    /// # Errors
    /// As there, and `NotConnected` when there is none.
    pub fn call(&self, call: &Call) -> Result<Answer, Fault> {
        self.connection(DEFAULT_ALIAS)?.call(call)
    }

    /// Runs a command on the default connection: service `execute`. Blocks.
    ///
    /// # Errors
    /// As [`Device::call`]. An exit code other than 0 is an answer.
    pub fn execute(&self, command: impl Into<String>) -> Result<Answer, Fault> {
        self.call(&Call::execute(command))
    }

    /// Ends a connection; it can be connected again. See [`ConnectionManager::disconnect`].
    ///
    /// # Errors
    /// As there.
    pub fn disconnect(&self, alias: &str) -> Result<(), ManagerError> {
        self.manager.disconnect(alias)
    }

    /// Ends a connection and forgets it. See [`ConnectionManager::destroy`].
    ///
    /// # Errors
    /// As there.
    pub fn destroy(&self, alias: &str) -> Result<(), ManagerError> {
        self.manager.destroy(alias)
    }

    /// Whether there is a connection of that alias and it is alive. See [`ConnectionManager::is_connected`].
    #[must_use]
    pub fn is_connected(&self, alias: &str) -> bool {
        self.manager.is_connected(alias)
    }

    /// Disconnects every connection. See [`ConnectionManager::disconnect_all`].
    ///
    /// # Errors
    /// As there.
    pub fn disconnect_all(&self) -> Result<(), ManagerError> {
        self.manager.disconnect_all()
    }

    /// Destroys every connection. See [`ConnectionManager::destroy_all`].
    ///
    /// # Errors
    /// As there.
    pub fn destroy_all(&self) -> Result<(), ManagerError> {
        self.manager.destroy_all()
    }

    /// The limits of a call that begins now, for what takes them itself, such as a [`Lease`].
    #[must_use]
    pub fn patience(&self) -> Patience {
        self.patience_or(CALLING)
    }

    fn patience_or(&self, (length, setting): (Duration, &str)) -> Patience {
        let (length, setting) = self.within.map_or((length, setting), |within| (within, "`within`"));
        Patience::sharing(&self.lab.interrupt, length, setting)
    }
}

/// A connection of a device under its alias, with the device's limits. A pool is used like any other one: a call goes to the
/// first worker that is free.
#[derive(Debug, Clone)]
pub struct Handle<'a> {
    device: Device<'a>,
    pool: Pool,
}

impl Handle<'_> {
    /// The connection itself, for limits of one's own.
    #[must_use]
    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    /// What a reader should know about how it was made.
    #[must_use]
    pub fn warnings(&self) -> Vec<Diagnostic> {
        self.device.manager.warnings(&self.pool.route().alias)
    }

    /// Sets an option for the next time it is connected. See [`Pool::set_option`].
    ///
    /// # Errors
    /// As there.
    pub fn set_option(&self, name: &str, value: impl Into<OptionValue>) -> Result<(), Fault> {
        self.pool.set_option(name, &value.into())
    }

    /// Connects it, for the first time or again. Blocks. See [`Pool::connect`].
    ///
    /// # Errors
    /// As there.
    pub fn connect(&self) -> Result<(), Fault> {
        self.pool.connect(&self.device.patience_or(OPENING).limits())
    }

    /// Calls a service. Blocks. See [`Pool::call`].
    ///
    /// # Errors
    /// As there.
    pub fn call(&self, call: &Call) -> Result<Answer, Fault> {
        self.pool.call(call, &self.device.patience().limits())
    }

    /// Runs a command: service `execute`. Blocks.
    ///
    /// # Errors
    /// As [`Handle::call`]. An exit code other than 0 is an answer.
    pub fn execute(&self, command: impl Into<String>) -> Result<Answer, Fault> {
        self.call(&Call::execute(command))
    }

    /// Borrows a worker for exclusive use, until it is dropped. Blocks. See [`Pool::allocate`].
    ///
    /// # Errors
    /// As there.
    pub fn allocate(&self) -> Result<Lease, Fault> {
        self.pool.allocate(&self.device.patience().limits())
    }

    /// Whether it is alive. See [`Pool::is_connected`].
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.pool.is_connected()
    }

    /// Ends it; it can be connected again. See [`Pool::disconnect`].
    ///
    /// # Errors
    /// As there.
    pub fn disconnect(&self) -> Result<(), Fault> {
        self.pool.disconnect()
    }
}

/// A connection that ends when this is dropped.
#[derive(Debug)]
pub struct ScopedHandle<'a> {
    handle: Handle<'a>,
    _scoped: Scoped<'a>,
}

impl<'a> Deref for ScopedHandle<'a> {
    type Target = Handle<'a>;

    fn deref(&self) -> &Handle<'a> {
        &self.handle
    }
}
