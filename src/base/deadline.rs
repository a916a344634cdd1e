//! Deadlines: moments with the name of the setting that made them.

use crate::base::duration;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The length of a limit and the setting it came from, for messages: "10s (`timeout` of the step)".
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Limit {
    /// How long was allowed.
    pub length: Duration,
    /// The setting's name, and its place where the user wrote it.
    pub setting: Arc<str>,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", duration::show(self.length), self.setting)
    }
}

/// A moment after which nobody waits any more. Deadlines travel downwards; the sooner of two wins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deadline {
    at: Instant,
    limit: Limit,
}

impl Deadline {
    /// Ends `limit` after `start`.
    #[must_use]
    pub fn new(start: Instant, limit: Limit) -> Self {
        let at = start.checked_add(limit.length).unwrap_or_else(|| start + duration::LONGEST);
        Self { at, limit }
    }

    /// When it ends.
    #[must_use]
    pub fn at(&self) -> Instant {
        self.at
    }

    /// What made it.
    #[must_use]
    pub fn limit(&self) -> &Limit {
        &self.limit
    }

    /// Time left at `now`; `None` when it is over.
    #[must_use]
    pub fn remaining(&self, now: Instant) -> Option<Duration> {
        self.at.checked_duration_since(now).filter(|left| !left.is_zero())
    }

    /// The sooner of two; the first where they are equal.
    #[must_use]
    pub fn sooner(self, other: Self) -> Self {
        if other.at < self.at { other } else { self }
    }
}
