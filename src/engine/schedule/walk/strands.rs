//! Which connections each strand of a cell holds.
//!
//! A cell is one strand: it holds one connection per route from its beginning to its end, so that one command and the
//! next meet. Each branch of a `parallel` step is a strand of its own, which borrows what its parent holds and does not
//! use, and takes the rest from the pools. A strand takes everything it needs at once or waits, and only ever waits for
//! its siblings; the parent's own connections are enough for one of them, so there is always one that goes on.

use crate::engine::plan::RouteId;
use crate::engine::schedule::links::Links;
use crate::engine::task::WorkerId;
use std::collections::{BTreeMap, BTreeSet};

/// Names a strand of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct StrandId(usize);

/// The strands of a cell. The first one is the cell's own.
#[derive(Debug, Default)]
pub(super) struct Strands {
    strands: Vec<Strand>,
    /// Those that have ended, to be used again.
    free: Vec<StrandId>,
}

#[derive(Debug, Default)]
struct Strand {
    parent: Option<StrandId>,
    held: BTreeMap<RouteId, Held>,
}

#[derive(Debug, Clone, Copy)]
struct Held {
    worker: WorkerId,
    /// Whether a child has it now.
    lent: bool,
    /// Whether it belongs to the parent.
    borrowed: bool,
}

impl Strands {
    /// The cell's own strand.
    pub(super) const CELL: StrandId = StrandId(0);

    /// Begins a cell's own strand; `None` when one of the routes has no idle connection.
    pub(super) fn begin(routes: &BTreeSet<RouteId>, links: &mut Links) -> Option<Self> {
        let mut strands = Self::default();
        strands.take(None, routes, links)?;
        Some(strands)
    }

    /// Begins a child of `parent` that holds a connection of each route; `None` when not all of them can be had now.
    pub(super) fn branch(&mut self, parent: StrandId, routes: &BTreeSet<RouteId>, links: &mut Links) -> Option<StrandId> {
        self.take(Some(parent), routes, links)
    }

    fn take(&mut self, parent: Option<StrandId>, routes: &BTreeSet<RouteId>, links: &mut Links) -> Option<StrandId> {
        let lendable = |strands: &Self, route: &RouteId| {
            parent.and_then(|parent| strands.strands[parent.0].held.get(route)).filter(|held| !held.lent).map(|held| held.worker)
        };
        let all = routes.iter().all(|route| lendable(self, route).is_some() || links.has_idle(*route));
        if !all {
            return None;
        }
        let mut held = BTreeMap::new();
        for route in routes {
            let held_now = match (lendable(self, route), parent) {
                (Some(worker), Some(parent)) => {
                    if let Some(own) = self.strands[parent.0].held.get_mut(route) {
                        own.lent = true;
                    }
                    Held { worker, lent: false, borrowed: true }
                }
                _ => Held { worker: links.take(*route)?, lent: false, borrowed: false },
            };
            held.insert(*route, held_now);
        }
        let strand = Strand { parent, held };
        if let Some(id) = self.free.pop() {
            self.strands[id.0] = strand;
            return Some(id);
        }
        self.strands.push(strand);
        Some(StrandId(self.strands.len() - 1))
    }

    /// The connection that a strand holds for a route.
    pub(super) fn worker(&self, strand: StrandId, route: RouteId) -> Option<WorkerId> {
        self.strands[strand.0].held.get(&route).map(|held| held.worker)
    }

    /// Takes an idle connection of a route for a strand that holds none; `None` when there is none.
    pub(super) fn acquire(&mut self, strand: StrandId, route: RouteId, links: &mut Links) -> Option<WorkerId> {
        let worker = links.take(route)?;
        self.strands[strand.0].held.insert(route, Held { worker, lent: false, borrowed: false });
        Some(worker)
    }

    /// The connections of a route that any strand holds.
    pub(super) fn held(&self, route: RouteId) -> BTreeSet<WorkerId> {
        self.strands.iter().filter_map(|strand| strand.held.get(&route)).map(|held| held.worker).collect()
    }

    /// Lets every strand forget its connection of a route, which is not given back.
    pub(super) fn forget(&mut self, route: RouteId) {
        for strand in &mut self.strands {
            strand.held.remove(&route);
        }
    }

    /// Ends a strand: what was borrowed goes back to the parent, the rest to the pools.
    pub(super) fn end(&mut self, strand: StrandId, links: &mut Links) {
        self.give_back(strand, links);
        self.free.push(strand);
    }

    fn give_back(&mut self, strand: StrandId, links: &mut Links) {
        let parent = self.strands[strand.0].parent;
        for (route, held) in std::mem::take(&mut self.strands[strand.0].held) {
            match parent {
                Some(parent) if held.borrowed => {
                    if let Some(own) = self.strands[parent.0].held.get_mut(&route) {
                        own.lent = false;
                    }
                }
                _ => links.give_back(route, held.worker),
            }
        }
    }

    /// Ends every strand.
    pub(super) fn end_all(&mut self, links: &mut Links) {
        self.end_from(0, links);
    }

    /// Ends every strand but the cell's own.
    pub(super) fn end_branches(&mut self, links: &mut Links) {
        self.end_from(1, links);
    }

    fn end_from(&mut self, first: usize, links: &mut Links) {
        for index in (first..self.strands.len()).rev() {
            self.give_back(StrandId(index), links);
        }
        self.strands.truncate(first);
        self.free.clear();
    }
}
