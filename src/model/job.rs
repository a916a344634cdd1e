//! A job: tests over the devices of a testbed.

use crate::base::place::{Place, Placed};
use crate::model::matrix::Matrix;
use crate::model::step::{Retry, Step};
use crate::model::yaml::{Entry, Yaml};
use std::path::PathBuf;
use std::time::Duration;

/// A job as written.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// `job`.
    pub name: Placed<String>,
    /// Where the file begins.
    pub place: Place,
    /// The folder that relative paths in the job start from.
    pub folder: PathBuf,
    /// `description`.
    pub description: Option<String>,
    /// `testbed`: a path relative to the job's file, or a testbed in place.
    pub testbed: Option<Yaml>,
    /// `vars`.
    pub vars: Vec<Entry>,
    /// `order`.
    pub order: Order,
    /// `timeout` of the whole job.
    pub timeout: Option<Placed<Duration>>,
    /// `defaults` for steps.
    pub defaults: Defaults,
    /// Steps before every test.
    pub setup: Vec<Step>,
    /// The tests.
    pub tests: Vec<Test>,
    /// Steps after every test, always.
    pub teardown: Vec<Step>,
}

/// The order in which tests run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// Tests in file order, devices in parallel within a test.
    #[default]
    Sequential,
    /// Every device goes through its tests as fast as it can.
    Free,
}

/// What a step does not say itself.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Defaults {
    /// `timeout` of an attempt.
    pub timeout: Option<Placed<Duration>>,
    /// Missing parts of a step's `retry`; never switches retrying on.
    pub retry: Retry,
    /// `reopen_after`: when a device that could not be opened is tried again.
    pub reopen_after: Option<Placed<Duration>>,
}

/// One test.
#[derive(Debug, Clone, PartialEq)]
pub struct Test {
    /// `name`.
    pub name: Placed<String>,
    /// Where it begins.
    pub place: Place,
    /// `id`, for reruns and `needs`; the slug of the name where nothing is said.
    pub id: Placed<String>,
    /// `tags`.
    pub tags: Vec<Placed<String>>,
    /// `devices`; without them the steps name their devices.
    pub devices: Option<Devices>,
    /// `matrix` and `exclude`.
    pub matrix: Option<Matrix>,
    /// `requires`: features that its devices must have.
    pub requires: Vec<Placed<String>>,
    /// `when`: an expression.
    pub when: Option<Placed<String>>,
    /// `needs`: ids or names of tests that must have passed.
    pub needs: Vec<Placed<String>>,
    /// `lock`: names that no two cells hold at once; templates.
    pub locks: Vec<Placed<String>>,
    /// `timeout` of a cell.
    pub timeout: Option<Placed<Duration>>,
    /// `vars`.
    pub vars: Vec<Entry>,
    /// Steps before the test's own, in each cell.
    pub setup: Vec<Step>,
    /// The test's own steps.
    pub steps: Vec<Step>,
    /// Steps after them, always.
    pub teardown: Vec<Step>,
}

/// Which devices a test runs on, each in a cell of its own, or a step within one cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Devices {
    /// `all`.
    All(Place),
    /// Names and globs.
    Named(Vec<Placed<String>>),
    /// Attributes that must all be equal, such as `{os: frr, tags: core}`.
    Attributes(Vec<Entry>),
    /// An expression over `device`.
    Where(Placed<String>),
}
