//! How long a caller waits, as a value to begin with.

use crate::base::deadline::{Deadline, Limit};
use crate::connect::class::Limits;
use crate::connect::interrupt::Interrupt;
use crate::record::tap::Tap;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a caller brings to a blocking call: a deadline that runs from now on, and an interrupt that ends the wait early.
///
/// ```
/// use runner::connect::patience::Patience;
/// use std::time::Duration;
///
/// let patience = Patience::new(Duration::from_secs(10), "`timeout` of the examples")?;
/// assert_eq!(patience.limits().deadline.limit().to_string(), "10s (`timeout` of the examples)");
///
/// // From another thread, such as one that waits for Ctrl-C:
/// patience.interrupt().raise();
/// assert!(patience.limits().interrupt.is_raised());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Patience {
    deadline: Deadline,
    interrupt: Arc<Interrupt>,
}

impl Patience {
    /// Waits for `length`, counted from now. Errors name the limit by `setting`.
    ///
    /// # Errors
    /// No file descriptor is left for the interrupt.
    pub fn new(length: Duration, setting: &str) -> io::Result<Self> {
        Ok(Self::sharing(&Arc::new(Interrupt::new()?), length, setting))
    }

    /// As [`Patience::new`], with an interrupt that others are ended by as well.
    #[must_use]
    pub fn sharing(interrupt: &Arc<Interrupt>, length: Duration, setting: &str) -> Self {
        let limit = Limit { length, setting: setting.into() };
        Self { deadline: Deadline::new(Instant::now(), limit), interrupt: Arc::clone(interrupt) }
    }

    /// The limits of calls, to which nobody listens.
    #[must_use]
    pub fn limits(&self) -> Limits<'_> {
        Limits { deadline: &self.deadline, interrupt: &self.interrupt, tap: Tap::SILENT }
    }

    /// What ends the wait early: every call with these limits, now and later.
    #[must_use]
    pub fn interrupt(&self) -> &Arc<Interrupt> {
        &self.interrupt
    }
}
