//! The bar at the bottom of a terminal: how far the run is, and what is running.

use crate::record::event::CellId;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::collections::BTreeMap;

/// The most running cells that are named.
const NAMED: usize = 3;

/// One bar for the whole run. Off a terminal it shows nothing; lines go past it, never through it, because a hidden bar
/// swallows what is printed through it.
#[derive(Debug)]
pub(super) struct Bar {
    progress: ProgressBar,
    running: BTreeMap<CellId, String>,
    bad: usize,
}

impl Bar {
    pub(super) fn new(target: ProgressDrawTarget) -> Self {
        let progress = ProgressBar::with_draw_target(Some(0), target);
        let style = ProgressStyle::with_template("{bar:24} {pos}/{len}  {wide_msg}");
        progress.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self { progress, running: BTreeMap::new(), bad: 0 }
    }

    /// Begins with that many cells to come.
    pub(super) fn begin(&self, cells: usize) {
        self.progress.set_length(cells as u64);
    }

    /// A cell began; `name` is clean.
    pub(super) fn started(&mut self, cell: CellId, name: String) {
        self.running.insert(cell, name);
        self.show();
    }

    /// A cell passed or was not asked.
    pub(super) fn ended(&mut self, cell: CellId) {
        self.running.remove(&cell);
        self.progress.inc(1);
        self.show();
    }

    /// A cell failed or errored.
    pub(super) fn ended_badly(&mut self, cell: CellId) {
        self.bad += 1;
        self.ended(cell);
    }

    /// Takes the bar away while `write` writes to the same terminal.
    pub(super) fn aside<R>(&self, write: impl FnOnce() -> R) -> R {
        self.progress.suspend(write)
    }

    /// Takes the bar away for good.
    pub(super) fn end(&self) {
        self.progress.finish_and_clear();
    }

    fn show(&self) {
        self.progress.set_message(self.message());
    }

    fn message(&self) -> String {
        let named: Vec<&str> = self.running.values().take(NAMED).map(String::as_str).collect();
        let more = match self.running.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let bad = if self.bad > 0 { format!("{} not passed  ", self.bad) } else { String::new() };
        format!("{bad}{}{more}", named.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_names_what_runs_and_counts_what_went_wrong() {
        let mut bar = Bar::new(ProgressDrawTarget::hidden());
        bar.begin(6);
        for index in 0..5 {
            bar.started(CellId(index), format!("t{index}"));
        }
        assert_eq!(bar.message(), "t0, t1, t2 and 2 more");
        bar.ended(CellId(1));
        bar.ended_badly(CellId(0));
        assert_eq!(bar.message(), "1 not passed  t2, t3, t4");
        assert_eq!(bar.progress.position(), 2);
    }
}
