//! What goes into the schedule and what comes out of it.

use crate::engine::plan::RouteId;
use crate::engine::task::{Done, Stage, Task, TaskId, WorkerId};
use crate::record::event::Fact;
use crate::record::fault::Fault;

/// What the schedule is told.
#[derive(Debug)]
pub enum Input {
    /// The run begins.
    Begin,
    /// A connection was opened, or was not.
    Opened {
        /// Its route.
        route: RouteId,
        /// Which of the route's connections.
        worker: WorkerId,
        /// Why it was not.
        result: Result<(), Fault>,
    },
    /// A task came home.
    Done {
        /// Which.
        task: TaskId,
        /// With what.
        done: Done,
    },
    /// The user wants the run to end: the first time with teardown, the second time without.
    Interrupt {
        /// The signal's name.
        by: String,
    },
    /// Time has passed.
    Tick,
}

/// What the schedule orders or says.
#[derive(Debug)]
pub enum Output {
    /// Open a connection, and say [`Input::Opened`].
    Open {
        /// Its route.
        route: RouteId,
        /// Which of the route's connections.
        worker: WorkerId,
        /// Which interrupt ends the attempt.
        stage: Stage,
    },
    /// Close a connection that was opened for nothing.
    Close {
        /// Its route.
        route: RouteId,
        /// Which of the route's connections.
        worker: WorkerId,
    },
    /// Run a task, and say [`Input::Done`].
    Start(Box<Task>),
    /// Note a fact.
    Record(Fact),
    /// Wake every call of this stage.
    Interrupt(Stage),
    /// Every cell has ended.
    Finished,
}
