//! `runner list`.

use crate::base::text;
use crate::cli::arguments::Subject;
use crate::cli::inputs::{self, accept};
use crate::cli::output;
use crate::cli::world::World;
use crate::engine::plan::{Plan, Work};
use crate::model::job::{Job, Test};
use crate::record::verdict::ExitStatus;
use clap::Args;
use indexmap::IndexSet;

/// Arguments of `runner list`.
#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    pub(super) subject: Subject,

    /// Print JSON instead of a table.
    #[arg(long)]
    pub(super) json: bool,
}

/// A test, and what the plan makes of it.
struct Listed<'a> {
    test: &'a Test,
    cases: usize,
    devices: IndexSet<&'a str>,
}

/// Lists the tests that a run would run.
pub(super) fn list(arguments: &List, world: &World) -> ExitStatus {
    let accepted = accept(&arguments.subject, world);
    inputs::complain(&accepted.complaints, &accepted.redactor, world);
    let (Some(plan), Some(job)) = (&accepted.plan, &accepted.job) else {
        output::talk(&format!("{}, nothing was listed", text::count(accepted.complaints.len(), "complaint")));
        return ExitStatus::NotAccepted;
    };
    let tests = listed(plan, job);
    if arguments.json {
        output::json(&serde_json::Value::Array(tests.iter().map(Listed::data).collect()));
    } else {
        let rows: Vec<Vec<String>> = tests.iter().map(Listed::row).collect();
        output::data(&output::table(&["id", "name", "tags", "cases", "devices"], &rows));
    }
    if tests.is_empty() { ExitStatus::NothingSelected } else { ExitStatus::Passed }
}

/// The tests that have cases, in the order of the job.
fn listed<'a>(plan: &'a Plan, job: &'a Job) -> Vec<Listed<'a>> {
    let mut tests: Vec<Listed<'a>> = job.tests.iter().map(|test| Listed { test, cases: 0, devices: IndexSet::new() }).collect();
    for cell in &plan.cells {
        let Work::Run(run) = &cell.work else { continue };
        let Some(listed) = run.test.and_then(|index| tests.get_mut(index as usize)) else { continue };
        listed.cases += 1;
        listed.devices.extend(cell.devices.iter().map(|device| plan.devices[device.index()].name.as_str()));
    }
    tests.retain(|listed| listed.cases > 0);
    tests
}

impl Listed<'_> {
    fn tags(&self) -> Vec<&str> {
        self.test.tags.iter().map(|tag| tag.value.as_str()).collect()
    }

    fn row(&self) -> Vec<String> {
        let devices: Vec<&str> = self.devices.iter().copied().collect();
        let devices = text::one_line(&devices.join(", "), 60);
        vec![
            self.test.id.value.clone(),
            self.test.name.value.clone(),
            output::cell(&self.tags().join(", ")),
            self.cases.to_string(),
            if self.devices.is_empty() { "-".to_owned() } else { format!("{}: {devices}", self.devices.len()) },
        ]
    }

    fn data(&self) -> serde_json::Value {
        serde_json::json!({
            "id": self.test.id.value,
            "name": self.test.name.value,
            "tags": self.tags(),
            "cases": self.cases,
            "devices": self.devices,
            "place": self.test.name.place.file_line(),
        })
    }
}
