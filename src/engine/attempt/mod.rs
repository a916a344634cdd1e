//! One attempt on a worker: render, call, parse, capture, judge.
//!
//! Runs on a thread of the crew, which it may block up to the task's limits. It knows nothing of other cells, of the
//! terminal or of reports. `connect` opens and closes by hand, `judge`
//! decides what an answer is worth, `show` makes what reports keep of it.

mod connect;
mod judge;
mod show;

use crate::base::Data;
use crate::base::deadline::{Deadline, Limit};
use crate::connect::class::{DefaultCheck, Limits};
use crate::connect::interrupt::Interrupt;
use crate::connect::pool::Worker;
use crate::connect::wire::process;
use crate::engine::attempt::judge::{Judged, SENSITIVE, judge};
use crate::engine::plan::Action;
use crate::engine::task::{Done, Ended, Task};
use crate::eval::scope::Layer;
use crate::eval::value::Value;
use crate::record::answer::Answer;
use crate::record::call::Call;
use crate::record::fault::{Fault, FaultKind};
use crate::record::redact::Redactor;
use crate::record::tap::Tap;
use indexmap::IndexMap;
use std::path::Path;
use std::time::Instant;

/// What every attempt of a run may use.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tools<'a> {
    pub(super) interrupt: &'a Interrupt,
    pub(super) redactor: &'a Redactor,
    /// Where processes of this machine run.
    pub(super) folder: &'a Path,
    /// The limit of opening a connection anew.
    pub(super) open_within: &'a Limit,
    /// Who listens to each of the task's workers.
    pub(super) taps: &'a [Tap<'a>],
}

impl<'a> Tools<'a> {
    /// Who listens to one of the task's workers.
    fn tap(&self, worker: usize) -> Tap<'a> {
        self.taps.get(worker).copied().unwrap_or(Tap::SILENT)
    }
}

/// Makes one attempt of a task. Blocks up to its limits.
pub(super) fn run(task: &Task, workers: &mut [Worker], tools: Tools<'_>) -> Done {
    let mut attempt = Attempt { task, workers, tools };
    if let Some(fault) = &task.apart {
        let judged = attempt.settle(Judged::fault((**fault).clone()));
        return attempt.done(vec![judged]);
    }
    let shown = |line: String| if task.step.sensitive { SENSITIVE.to_owned() } else { line };
    match &task.step.action {
        Action::Execute { commands, .. } => {
            let wanted = |index: &usize| task.command.is_none_or(|only| only == *index);
            let calls = (0..commands.len()).filter(wanted).map(|index| commands[index].render(&task.scope).map(Call::execute));
            attempt.ask_all(calls)
        }
        Action::Configure { lines, .. } => {
            let lines: Result<Vec<String>, Fault> = lines.iter().map(|line| line.render(&task.scope)).collect();
            attempt.ask_all([lines.map(Call::configure)])
        }
        Action::Connect { within, .. } => attempt.connect(within.as_ref()),
        Action::Disconnect(_) | Action::Destroy(_) => attempt.disconnect(),
        Action::Shell(command) => {
            let judged = match command.render(&task.scope) {
                Ok(command) => {
                    let began = Instant::now();
                    let answer = attempt.process(&command);
                    let took = began.elapsed();
                    Judged { took, ..judge(task, Some(command), answer, DefaultCheck::ExitCodeZero, tools.redactor) }
                }
                Err(fault) => Judged::fault(fault),
            };
            let judged = attempt.settle(judged);
            attempt.done(vec![judged])
        }
        Action::Assert => {
            attempt.done(vec![judge(task, None, Ok(Answer::default()), DefaultCheck::Answered, tools.redactor).without_answer()])
        }
        Action::Set(values) => attempt.done(vec![set(task, values)]),
        Action::Fail(reason) => attempt.done(vec![match reason.render(&task.scope) {
            Ok(reason) => Judged::problem(reason),
            Err(fault) => Judged::fault(fault),
        }]),
        Action::Log(line) => match line.render(&task.scope) {
            Ok(line) => Done { logged: vec![shown(line)], ..Done::good() },
            Err(fault) => attempt.done(vec![Judged::fault(fault)]),
        },
        Action::Skip(reason) => match reason.render(&task.scope) {
            Ok(reason) => Done { ended: Ended::Skip(shown(reason)), ..Done::good() },
            Err(fault) => attempt.done(vec![Judged::fault(fault)]),
        },
        Action::Wait(_) | Action::Group { .. } => {
            let sentence = format!("`{}` was given to a worker", task.step.action.name());
            attempt.done(vec![Judged::fault(Fault::new(FaultKind::Internal, sentence))])
        }
    }
}

/// Renders the values of a `set` step; each sees those before it.
fn set(task: &Task, values: &[(String, Value)]) -> Judged {
    let mut judged = Judged::default();
    let mut scope = task.scope.clone();
    for (name, value) in values {
        match value.render(&scope) {
            Ok(value) => {
                scope = scope.over(Layer::of(name, &value));
                judged.captured.push((name.clone(), value));
            }
            Err(fault) => return Judged::fault(fault),
        }
    }
    judged
}

struct Attempt<'a> {
    task: &'a Task,
    /// The one that it calls, or all that it opens or closes.
    workers: &'a mut [Worker],
    tools: Tools<'a>,
}

impl Attempt<'_> {
    /// Asks one thing after another; the first bad answer is the last.
    fn ask_all(&mut self, calls: impl IntoIterator<Item = Result<Call, Fault>>) -> Done {
        let mut all = Vec::new();
        for call in calls {
            let judged = match call {
                Ok(call) => {
                    let began = Instant::now();
                    let answer = self.call(&call);
                    let took = began.elapsed();
                    Judged { took, ..judge(self.task, Some(call.shown()), answer, self.default_check(&call), self.tools.redactor) }
                }
                Err(fault) => Judged::fault(fault),
            };
            let judged = self.settle(judged);
            let good = judged.is_good();
            all.push(judged);
            if !good {
                break;
            }
        }
        self.done(all)
    }

    fn call(&mut self, call: &Call) -> Result<Answer, Fault> {
        let Some(worker) = self.workers.first_mut() else {
            return Err(Fault::new(FaultKind::Internal, "the step was given no connection"));
        };
        let opening = sooner(self.tools.open_within, self.task.deadline.as_ref());
        let tap = self.tools.tap(0);
        worker.ensure_open(&Limits { deadline: &opening, interrupt: self.tools.interrupt, tap })?;
        let deadline = sooner(&self.task.timeout, self.task.deadline.as_ref());
        let limits = Limits { deadline: &deadline, interrupt: self.tools.interrupt, tap };
        if !self.task.step.sensitive {
            return worker.call(call, &limits);
        }
        tap.note("(sensitive: not shown)");
        let answer = worker.call(call, &Limits { tap: Tap::SILENT, ..limits });
        tap.note_with(|| match &answer {
            Ok(_) => "answered".to_owned(),
            Err(fault) => format!("no answer: {}", fault.clone().without_quotes().message),
        });
        answer
    }

    fn process(&self, command: &str) -> Result<Answer, Fault> {
        let deadline = sooner(&self.task.timeout, self.task.deadline.as_ref());
        let limits = Limits { deadline: &deadline, interrupt: self.tools.interrupt, tap: Tap::SILENT };
        process::run(command, self.tools.folder, process::MAX_ANSWER, &limits)
    }

    fn default_check(&self, call: &Call) -> DefaultCheck {
        let service = self.workers.first().and_then(|worker| worker.route().service(&call.service));
        service.map_or(DefaultCheck::Answered, |service| service.default_check)
    }

    /// Judges by the error that the step expects, where it expects one.
    fn settle(&self, judged: Judged) -> Judged {
        match &self.task.step.expect_error {
            Some(expectation) => judged.expect(expectation, self.task),
            None => judged,
        }
    }

    /// Puts together what the calls of the attempt came to.
    fn done(&self, all: Vec<Judged>) -> Done {
        let mut done = Done::good();
        let several = all.len() > 1 || (self.task.step.action.commands() > 1 && self.task.command.is_none());
        let member = self.task.member.and_then(|index| self.task.step.members.get(index));
        let mut lists: IndexMap<String, Vec<Data>> = IndexMap::new();
        for mut judged in all {
            for (name, value) in std::mem::take(&mut judged.captured) {
                // Of several devices, each value is told as the mapping will name it.
                let shown = member.map_or_else(|| name.clone(), |member| format!("{name}.{}", member.name));
                judged.shown.push((shown, value.clone()));
                lists.entry(name).or_default().push(value);
            }
            if self.task.step.sensitive {
                judged.hide();
            }
            done.ended.worsen(judged.ended(self.task));
            done.attempts.push(show::attempt(self.task, self.workers.first(), judged, self.tools.redactor));
        }
        let one_or_all = |mut list: Vec<Data>| match (several, list.pop()) {
            (false, Some(only)) => only,
            (_, last) => Data::Array(list.into_iter().chain(last).collect()),
        };
        done.captured = lists.into_iter().map(|(name, list)| (name, one_or_all(list))).collect();
        done
    }
}

/// The deadline of one call: its own limit from now, or a sooner one.
fn sooner(limit: &Limit, other: Option<&Deadline>) -> Deadline {
    let own = Deadline::new(Instant::now(), limit.clone());
    match other {
        Some(other) => own.sooner(other.clone()),
        None => own,
    }
}
