//! A run as data: every cell, step and connection, bound and checked, before anything is opened.
//!
//! Building a plan opens nothing and asks nothing of the world; it knows both what the user wrote and which classes
//! there are, and complains about everything that does not fit, all at once.

mod branches;
mod build;
mod compile;
mod defined;
mod describe;
mod inputs;
mod names;
mod openable;
mod routes;
mod secrets;
mod select;
mod siblings;
mod step;
#[cfg(test)]
mod tests;

pub use build::build;
pub use describe::describe;
pub use inputs::Inputs;
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
    /// The devices that the run touches, in testbed order.
    pub devices: Vec<PlannedDevice>,
    /// The connections that the run may open, one per device and alias.
    pub routes: Vec<PlannedRoute>,
    /// Every cell, in the order of the reports.
    pub cells: Vec<Cell>,
    /// Passwords and other secrets that the run may send.
    pub secrets: Vec<crate::base::secret::Secret>,
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
    /// What stands above every variable: `device`, `testbed`, `run`, `env`, and `--var`.
    pub fixed: Scope,
    /// `vars` of job and test, weakest first, each seeing those before it.
    pub vars: Arc<Vec<(String, Value)>>,
}

impl Plan {
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
