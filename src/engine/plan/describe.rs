//! The plan as text, for `runner plan`.

use crate::base::duration;
use crate::engine::plan::step::{Action, Repeat, RetryPlan, Step};
use crate::engine::plan::{Cell, Plan, Work};
use crate::eval::template::Template;
use crate::model::step::Parallel;
use crate::record::event::StepPhase;
use std::sync::Arc;

/// Shows every cell, in the order of the reports, with its connections and steps.
#[must_use]
pub fn describe(plan: &Plan) -> String {
    let mut text = format!("job {} ({}), testbed {}\n", plan.job, plan.file, plan.testbed);
    for cell in &plan.cells {
        text.push_str(&cell.head.name);
        match &cell.work {
            Work::Connect(route) => {
                let planned = &plan.routes[route.index()];
                let via: Vec<&str> = planned.route.via().collect();
                text.push_str(&format!(": class {}, via {}, alias {}", planned.route.subject().class, via.join(", "), planned.route.alias));
                if planned.workers > 1 {
                    text.push_str(&format!(", pool of {}", planned.workers));
                }
                text.push('\n');
            }
            Work::Run(run) => {
                if let Some(reason) = &run.skipped {
                    text.push_str(&format!(": skipped, {reason}\n"));
                    continue;
                }
                text.push('\n');
                describe_order(cell, plan, &mut text);
                let program = &run.program;
                for steps in [&program.setup, &program.steps, &program.teardown] {
                    describe_steps(steps, &mut text);
                }
            }
        }
    }
    text
}

/// What a cell waits for besides its devices.
fn describe_order(cell: &Cell, plan: &Plan, text: &mut String) {
    for need in &cell.needs {
        let cells = &plan.needs[need.index()];
        let Some(first) = cells.first().map(|first| &plan.cells[first.index()].head) else { continue };
        match cells.len() {
            1 => text.push_str(&format!("  needs {}\n", first.name)),
            several => text.push_str(&format!("  needs {}: {several} cases\n", first.test)),
        }
    }
    for lock in &cell.locks {
        text.push_str(&format!("  lock {}\n", plan.locks[lock.index()]));
    }
}

fn describe_steps(steps: &[Arc<Step>], text: &mut String) {
    for step in steps {
        let phase = match step.phase {
            StepPhase::Setup => "setup ",
            StepPhase::Steps => "",
            StepPhase::Teardown => "teardown ",
        };
        text.push_str(&format!("  {phase}{} {}", step.number, summary(step)));
        if !step.members.is_empty() {
            let names: Vec<&str> = step.members.iter().map(|member| member.name.as_str()).collect();
            text.push_str(&format!("  on {}", names.join(", ")));
        }
        let around = around(step);
        if !around.is_empty() {
            text.push_str(&format!("  ({})", around.join(", ")));
        }
        text.push('\n');
        if let Action::Group { steps, always } = &step.action {
            describe_steps(steps, text);
            describe_steps(always, text);
        }
    }
}

/// What surrounds the action of a step, as far as it decides what is asked, how often and for how long.
fn around(step: &Step) -> Vec<String> {
    let mut around = Vec::new();
    if !summary(step).contains(step.name.source()) {
        around.push(format!("named {}", step.name.source()));
    }
    around.extend(step.when.iter().map(|when| format!("when {}", when.source())));
    around.extend(step.repeat.iter().map(|repeat| match repeat {
        Repeat::Expression(items) => format!("loop {}", items.source()),
        Repeat::Value(_) => "loop".to_owned(),
    }));
    around.extend(step.parallel.map(|parallel| match parallel {
        Parallel::All => "parallel".to_owned(),
        Parallel::AtMost(most) => format!("parallel {most}"),
    }));
    around.extend(step.retry.iter().map(retry));
    match &step.action {
        Action::Connect { within, .. } => around.extend(within.iter().map(|within| format!("timeout {within}"))),
        Action::Execute { .. } | Action::Configure { .. } | Action::Shell(_) => around.push(format!("timeout {}", step.timeout)),
        Action::Disconnect(_)
        | Action::Destroy(_)
        | Action::Assert
        | Action::Set(_)
        | Action::Log(_)
        | Action::Wait(_)
        | Action::Fail(_)
        | Action::Skip(_)
        | Action::Group { .. } => {}
    }
    around
}

fn retry(retry: &RetryPlan) -> String {
    let attempts = retry.attempts.map(|attempts| format!(" {attempts} attempts")).unwrap_or_default();
    let within = retry.within.as_ref().map(|within| format!(" within {}", duration::show(within.length))).unwrap_or_default();
    format!("retry{attempts}{within}, every {}", duration::show(retry.every))
}

fn summary(step: &Step) -> String {
    let list = |templates: &[Template]| {
        let texts: Vec<&str> = templates.iter().map(Template::source).collect();
        texts.join("; ")
    };
    match &step.action {
        Action::Execute { commands, .. } => format!("execute: {}", list(commands)),
        Action::Configure { lines, .. } => format!("configure: {}", list(lines)),
        Action::Connect { .. } | Action::Disconnect(_) | Action::Destroy(_) => step.name.source().to_owned(),
        Action::Shell(command) => format!("shell: {}", command.source()),
        Action::Assert => format!("assert: {}", step.name.source()),
        Action::Set(values) => format!("set: {}", values.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")),
        Action::Log(line) => format!("log: {}", line.source()),
        Action::Wait(duration) => format!("wait: {}", duration::show(*duration)),
        Action::Fail(reason) => format!("fail: {}", reason.source()),
        Action::Skip(reason) => format!("skip: {}", reason.source()),
        Action::Group { .. } => format!("group: {}", step.name.source()),
    }
}
