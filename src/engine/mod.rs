//! Runs jobs: the plan, the schedule that obeys it, the crew that does the work, and the dispatcher between them.
//!
//! `report` and this room do not know each other: both know `record`. Room order: `plan` and `task`, `schedule`,
//! `attempt`, `crew`, `journal`, `dispatch`.

pub mod plan;

pub mod task;

pub mod schedule;

mod attempt;

mod crew;

pub mod journal;

pub mod dispatch;
