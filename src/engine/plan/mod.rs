//! A run as data: every cell, step and connection, bound and checked, before anything is opened.
//!
//! Building a plan opens nothing and asks nothing of the world; it knows both what the user wrote and which classes
//! there are, and complains about everything that does not fit, all at once.

mod branches;
mod broken;
mod build;
mod compile;
mod connections;
mod defined;
mod describe;
mod early;
mod features;
mod inputs;
mod label;
mod locks;
mod matrix;
mod names;
mod needs;
mod openable;
mod routes;
mod secrets;
mod select;
mod siblings;
mod step;
mod tags;
#[cfg(test)]
mod tests;

pub use broken::Broken;
pub use build::build;
pub use connections::{Wanted, connections};
pub use describe::describe;
pub use inputs::Inputs;
pub use matrix::Combination;
pub use secrets::redactor;
pub use select::Selection;
pub use step::{Action, Member, Program, Reach, Repeat, RetryPlan, Slot, SlotId, Step, Target, WholeId, hash};

use crate::base::Data;
use crate::base::deadline::Limit;
use crate::connect::route::Route;
use crate::eval::expression::Expression;
use crate::eval::scope::Scope;
use crate::eval::value::Value;
use crate::record::event::{Attempt, CellHead, CellId, StepPhase, StepRef};
use crate::record::fault::Fault;
use crate::record::verdict::Verdict;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// Names a device of the plan: its index in [`Plan::devices`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceId(pub u32);

/// Names a route of the plan: its index in [`Plan::routes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RouteId(pub u32);

impl DeviceId {
    /// The index into [`Plan::devices`].
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl RouteId {
    /// The index into [`Plan::routes`].
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Names a group of cells that others need: its index in [`Plan::needs`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NeedId(pub u32);

/// Names a lock: its index in [`Plan::locks`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LockId(pub u32);

impl NeedId {
    /// The index into [`Plan::needs`].
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl LockId {
    /// The index into [`Plan::locks`].
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A run that was accepted.
#[derive(Debug)]
#[must_use]
pub struct Plan {
    /// The job's name.
    pub job: String,
    /// The job's file, as reports name it.
    pub file: String,
    /// The testbed's name.
    pub testbed: String,
    /// The order of tests.
    pub order: crate::model::job::Order,
    /// The limit of the whole job.
    pub timeout: Option<Limit>,
    /// How long a device that could not be opened is left alone.
    pub reopen_after: Duration,
    /// The devices that the run touches, in testbed order.
    pub devices: Vec<PlannedDevice>,
    /// The connections that the run may open, one per device and alias.
    pub routes: Vec<PlannedRoute>,
    /// Every cell, in the order of the reports.
    pub cells: Vec<Cell>,
    /// Groups of cells that others need, each in plan order: those of one test, or of one test on one device.
    pub needs: Vec<Vec<CellId>>,
    /// The names of the locks that cells hold.
    pub locks: Vec<String>,
    /// Passwords and other secrets that the run may send.
    pub secrets: Vec<crate::model::testbed::NamedSecret>,
    /// Words that stand in the open in the testbed; a secret equal to one of them cannot be masked everywhere.
    pub words: Vec<String>,
}

/// A device of the plan.
#[derive(Debug)]
pub struct PlannedDevice {
    /// Its name.
    pub name: String,
    /// What templates see as `device`.
    pub data: Data,
}

/// A connection that the run may open.
#[derive(Debug)]
pub struct PlannedRoute {
    /// Whose it is.
    pub device: DeviceId,
    /// How it is opened.
    pub route: Arc<Route>,
    /// How many connections it has: 1, or the size of its pool.
    pub workers: u32,
    /// The cell that opens it.
    pub cell: CellId,
    /// The limit of opening it.
    pub open_within: Limit,
    /// The server it goes to, for the limit of logins at once: `127.0.0.1:22`.
    pub server: String,
    /// Where its device stands: `testbed.yaml:7`.
    pub place: String,
}

/// One planned test case.
#[derive(Debug)]
pub struct Cell {
    /// What reports say of it.
    pub head: CellHead,
    /// What it does.
    pub work: Work,
    /// The devices it has for itself while it runs, in plan order.
    pub devices: Vec<DeviceId>,
    /// The cells that must have passed before it runs.
    pub needs: Vec<NeedId>,
    /// The locks it holds while it runs.
    pub locks: Vec<LockId>,
}

/// What a cell does.
#[derive(Debug)]
pub enum Work {
    /// Opens a route.
    Connect(RouteId),
    /// Runs a program: a test on a device, the job's setup or its teardown.
    Run(Arc<Run>),
}

/// A program, bound to a cell's devices and variables.
#[derive(Debug)]
pub struct Run {
    /// The test's index in the job; `None` for the job's setup and teardown.
    pub test: Option<u32>,
    /// The device of the case; `None` where its steps name theirs.
    pub device: Option<DeviceId>,
    /// Its values of the test's matrix.
    pub matrix: Option<Arc<Combination>>,
    /// Why it is skipped whatever happens, such as a feature that its device lacks. It opens nothing then.
    pub skipped: Option<String>,
    /// The compiled steps, shared by all cells of the test.
    pub program: Arc<Program>,
    /// The route of each slot of the program.
    pub routes: Vec<RouteId>,
    /// Every route of each device of which the program ends all.
    pub wholes: Vec<Vec<RouteId>>,
    /// The routes that are not opened before the cell begins: its first step about them is not a call.
    pub left: BTreeSet<RouteId>,
    /// The condition of the test.
    pub when: Option<Expression>,
    /// The limit of the cell.
    pub timeout: Option<Limit>,
    /// What stands above every variable: `matrix`, `device`, `testbed`, `run`, `env`, and `--var`.
    pub fixed: Scope,
    /// `vars` of job and test, weakest first, each seeing those before it.
    pub vars: Arc<Vec<(String, Value)>>,
}

impl Plan {
    /// Every case of a test, in plan order. Its [`Run`] says of which test, on which device and with which values.
    pub fn cases(&self) -> impl Iterator<Item = (CellId, &Run)> {
        (0..).map(CellId).zip(&self.cells).filter_map(|(id, cell)| match &cell.work {
            Work::Run(run) if run.test.is_some() => Some((id, &**run)),
            Work::Run(_) | Work::Connect(_) => None,
        })
    }

    /// The attempt to open a route, as reports tell it.
    #[must_use]
    pub fn connect_attempt(&self, route: RouteId, fault: Fault, took: Duration) -> Attempt {
        let planned = &self.routes[route.index()];
        let step = StepRef { phase: StepPhase::Steps, number: "1".to_owned(), name: "connect".to_owned(), place: planned.place.clone() };
        Attempt {
            cell: planned.cell,
            step,
            item: None,
            number: 1,
            last: true,
            verdict: Verdict::Errored,
            subject: fault.subject.clone(),
            asked: None,
            took,
            answer: None,
            checks: Vec::new(),
            problem: String::new(),
            fault: Some(fault),
            captured: Vec::new(),
        }
    }
}
