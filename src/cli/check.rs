//! `runner check` and `runner plan`.

use crate::base::text;
use crate::cli::arguments::Subject;
use crate::cli::inputs::{self, accept};
use crate::cli::output;
use crate::cli::world::World;
use crate::engine::plan::{DeviceId, describe};
use crate::record::event::CellKind;
use crate::record::verdict::ExitStatus;
use std::collections::BTreeSet;

/// Checks a job and says what it found.
pub(super) fn check(arguments: &Subject, world: &World) -> ExitStatus {
    let accepted = accept(arguments, world);
    inputs::complain(&accepted.complaints, &accepted.redactor, world);
    let Some(plan) = accepted.plan else { return refused(accepted.complaints.len()) };
    let cells = || plan.cells.iter().filter(|cell| cell.head.kind == CellKind::Test);
    let tests = cells().count();
    let devices: BTreeSet<DeviceId> = cells().flat_map(|cell| cell.devices.iter().copied()).collect();
    let devices = text::count(devices.len(), "device");
    output::data(&format!("{}: {} on {devices}, nothing was opened\n", plan.job, text::count(tests, "test case")));
    if tests == 0 { ExitStatus::NothingSelected } else { ExitStatus::Passed }
}

/// Shows the plan.
pub(super) fn plan(arguments: &Subject, world: &World) -> ExitStatus {
    let accepted = accept(arguments, world);
    inputs::complain(&accepted.complaints, &accepted.redactor, world);
    let Some(plan) = accepted.plan else { return refused(accepted.complaints.len()) };
    output::data(&describe(&plan));
    if plan.cells.is_empty() { ExitStatus::NothingSelected } else { ExitStatus::Passed }
}

fn refused(complaints: usize) -> ExitStatus {
    output::talk(&format!("{}, nothing was run", text::count(complaints, "complaint")));
    ExitStatus::NotAccepted
}
