//! Where facts become events: timed, numbered and redacted, once, on their way out.

use crate::record::event::{Event, Fact};
use crate::record::ledger::Ledger;
use crate::record::redact::Redactor;
use std::sync::Arc;
use std::time::Instant;

/// Turns facts into events and hands them to whoever reports.
pub struct Journal<'a> {
    start: Instant,
    number: u64,
    redactor: Arc<Redactor>,
    ledger: Ledger,
    sink: &'a mut dyn FnMut(&Event, &Ledger),
}

impl<'a> Journal<'a> {
    /// Begins a journal at `start`. `sink` sees every event, and the ledger that has taken it in already.
    pub fn new(start: Instant, redactor: Arc<Redactor>, sink: &'a mut dyn FnMut(&Event, &Ledger)) -> Self {
        Self { start, number: 0, redactor, ledger: Ledger::default(), sink }
    }

    /// Notes a fact that became known at `now`.
    pub fn note(&mut self, fact: Fact, now: Instant) {
        let mut event = Event { number: self.number, at: now.saturating_duration_since(self.start), fact };
        self.number += 1;
        self.redactor.event(&mut event);
        self.ledger.fold(&event);
        (self.sink)(&event, &self.ledger);
    }

    /// Everything that was noted, folded.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// What takes secrets out.
    #[must_use]
    pub fn redactor(&self) -> &Arc<Redactor> {
        &self.redactor
    }
}
