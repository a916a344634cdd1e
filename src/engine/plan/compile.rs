//! Compiles the steps of a test. `reach` binds them to connections, `checks` is what their answers
//! are judged by.

mod checks;
mod reach;

use crate::base::deadline::Limit;
use crate::base::diagnostic::Diagnostic;
use crate::base::place::{Place, Placed};
use crate::base::text;
use crate::engine::plan::branches;
use crate::engine::plan::names::Names;
use crate::engine::plan::siblings::Pair;
use crate::engine::plan::step::{Action, Member, Program, Reach, Repeat, RetryPlan, Slot, Step, Target, hash};
use crate::eval::expression::Expression;
use crate::eval::scope::Layer;
use crate::eval::template::Template;
use crate::eval::value::Value;
use crate::load::RESERVED;
use crate::model;
use crate::model::job::{Defaults, Devices};
use crate::model::step::Which;
use crate::model::yaml::{Kind, Yaml};
use crate::record::event::StepPhase;
use std::sync::Arc;
use std::time::Duration;

/// What one attempt may take when nobody says.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// The pause between attempts when nobody says.
const DEFAULT_EVERY: Duration = Duration::from_secs(1);

/// The longest pause that `backoff` makes when nobody says.
const DEFAULT_MOST_EVERY: Duration = Duration::from_mins(1);

/// What a step does with a connection, and where the user wrote it.
#[derive(Debug, Clone)]
pub(super) struct Need {
    pub(super) reach: Reach,
    pub(super) does: Does,
    pub(super) place: Place,
    /// Where its alias stands, if it has one.
    pub(super) alias: Option<Place>,
}

/// What a step does with a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Does {
    /// It calls this service.
    Call(&'static str),
    /// It opens it.
    Connect,
    /// It closes it.
    End(&'static str),
}

/// A compiled program and what it needs.
#[derive(Debug, Default)]
pub(super) struct Compiled {
    pub(super) program: Program,
    /// In the order of the steps.
    pub(super) needs: Vec<Need>,
    /// Needs of branches that run side by side, which must not be about one connection.
    pub(super) pairs: Vec<Pair>,
}

/// Finds devices by name, with what templates see of each.
pub(super) type Select<'a> = dyn Fn(&Devices, &mut Vec<Diagnostic>) -> Vec<(String, Layer)> + 'a;

/// What steps are compiled with.
#[derive(Clone, Copy)]
pub(super) struct Around<'a> {
    pub(super) defaults: &'a Defaults,
    /// The devices that `devices` of a step means, and what templates see of each.
    pub(super) select: &'a Select<'a>,
    /// The run's id, from which jitter begins.
    pub(super) run: &'a str,
}

/// Compiles the steps of one test, or of the job's setup or teardown.
pub(super) struct Compiler<'a> {
    around: Around<'a>,
    names: Names,
    slots: Vec<Slot>,
    wholes: Vec<Target>,
    needs: Vec<Need>,
    pairs: Vec<Pair>,
    /// The devices of the step that is being compiled, where it has several.
    members: Vec<Member>,
    has_device: bool,
    complaints: &'a mut Vec<Diagnostic>,
}

/// Where the compiler is: the phase and the number of the enclosing step.
#[derive(Clone)]
struct At {
    phase: StepPhase,
    prefix: String,
}

impl<'a> Compiler<'a> {
    /// Starts a program. `names` are those that are known before its first step.
    pub(super) fn new(around: Around<'a>, names: Names, has_device: bool, complaints: &'a mut Vec<Diagnostic>) -> Self {
        let (slots, wholes, needs, pairs, members) = (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { around, names, slots, wholes, needs, pairs, members, has_device, complaints }
    }

    /// Compiles the three phases of a test.
    pub(super) fn test(mut self, test: &model::job::Test) -> Compiled {
        let setup = self.phase(StepPhase::Setup, &test.setup);
        let steps = self.phase(StepPhase::Steps, &test.steps);
        let teardown = self.phase(StepPhase::Teardown, &test.teardown);
        self.compiled(Program { setup, steps, teardown, ..Program::default() })
    }

    fn compiled(self, program: Program) -> Compiled {
        Compiled { program: Program { slots: self.slots, wholes: self.wholes, ..program }, needs: self.needs, pairs: self.pairs }
    }

    /// Compiles the steps of the job's setup.
    pub(super) fn setup(mut self, steps: &[model::step::Step]) -> Compiled {
        let steps = self.phase(StepPhase::Steps, steps);
        self.compiled(Program { steps, ..Program::default() })
    }

    /// Compiles the steps of the job's teardown, which an interrupt does not end.
    pub(super) fn teardown(mut self, steps: &[model::step::Step]) -> Compiled {
        let teardown = self.phase(StepPhase::Teardown, steps);
        self.compiled(Program { teardown, ..Program::default() })
    }

    fn phase(&mut self, phase: StepPhase, steps: &[model::step::Step]) -> Vec<Arc<Step>> {
        self.steps(steps, &At { phase, prefix: String::new() }, 0)
    }

    fn steps(&mut self, steps: &[model::step::Step], at: &At, before: usize) -> Vec<Arc<Step>> {
        steps.iter().enumerate().filter_map(|(index, step)| self.step(step, at, before + index + 1)).collect()
    }

    /// Compiles steps that run side by side. Each knows what was known before all of them; what follows knows all.
    fn branches(&mut self, steps: &[model::step::Step], at: &At) -> Vec<Arc<Step>> {
        branches::check_writers(steps, self.complaints);
        let before = self.names.clone();
        let mut after = before.clone();
        let mut compiled = Vec::new();
        let mut ends = vec![self.needs.len()];
        for (index, step) in steps.iter().enumerate() {
            let others = steps.iter().enumerate().filter(|(other, _)| *other != index);
            self.names = before.beside(others.flat_map(|(_, other)| branches::written(other)));
            compiled.extend(self.step(step, at, index + 1));
            ends.push(self.needs.len());
            for name in branches::written(step) {
                after.learn(&name.value);
            }
        }
        self.names = after;
        self.pair(&ends);
        compiled
    }

    /// Compiles one step; `None` after a complaint that leaves nothing to run.
    fn step(&mut self, step: &model::step::Step, at: &At, position: usize) -> Option<Arc<Step>> {
        let at = At { phase: at.phase, prefix: format!("{}{position}", at.prefix) };
        let when = step.when.as_ref().and_then(|when| self.expression(when));
        let repeat = step.repeat.as_ref().and_then(|repeat| self.repeat(repeat));
        let outside = self.names.clone();
        if step.repeat.is_some() {
            self.names = self.names.with(&["item", "loop"]);
        }
        if step.devices.is_some() {
            self.names = self.names.with(&["device"]);
        }
        let needed_before = self.needs.len();
        let action = self.action(step, &at);
        let members = std::mem::take(&mut self.members);
        self.check_turns(step, needed_before);
        let name = self.name(step);
        self.learn_captures(step);
        let checks = self.checks(step);
        self.forget_own(&outside);
        let slots = self.slots_since(needed_before);
        Some(Arc::new(Step {
            phase: at.phase,
            number: at.prefix,
            name: name?,
            place: step.place.file_line(),
            action: action?,
            members,
            timeout: self.timeout(step),
            when,
            repeat,
            parallel: step.parallel.as_ref().map(|parallel| parallel.value),
            retry: step.retry.as_ref().map(|retry| self.retry(retry, &step.place)),
            reads_result: checks.reads_result,
            parser: checks.parser,
            capture: checks.capture,
            assertions: checks.assertions,
            expect_error: checks.expect_error,
            continue_on_failure: step.continue_on_failure,
            sensitive: step.sensitive,
            slots,
        }))
    }

    fn action(&mut self, step: &model::step::Step, at: &At) -> Option<Action> {
        use model::step::Action as Written;
        let place = &step.action.place;
        match &step.action.value {
            Written::Execute(commands) => {
                let slot = self.slot(step, Does::Call("execute"), place);
                Some(Action::Execute { slot: slot?, commands: self.templates(commands)? })
            }
            Written::Configure(lines) => {
                let slot = self.slot(step, Does::Call("configure"), place);
                Some(Action::Configure { slot: slot?, lines: self.templates(lines)? })
            }
            Written::Connect(connect) => {
                let which = connect.alias.clone().map_or(Which::Default, Which::Alias);
                match self.aim(step, Does::Connect, &which, place)? {
                    Reach::One(slot) => Some(Action::Connect { slot, within: step.timeout.as_ref().map(|_| self.timeout(step)) }),
                    Reach::All(_) => None,
                }
            }
            Written::Disconnect(which) => self.aim(step, Does::End("disconnect"), which, place).map(Action::Disconnect),
            Written::Destroy(which) => self.aim(step, Does::End("destroy"), which, place).map(Action::Destroy),
            Written::Shell(command) => Some(Action::Shell(self.template(command)?)),
            Written::Assert => Some(Action::Assert),
            Written::Set(entries) => Some(Action::Set(self.set(entries))),
            Written::Log(line) => Some(Action::Log(self.template(line)?)),
            Written::Wait(duration) => Some(Action::Wait(duration.value)),
            Written::Fail(reason) => Some(Action::Fail(self.template(reason)?)),
            Written::Skip(reason) => Some(Action::Skip(self.template(reason)?)),
            Written::Group { steps, always, .. } => {
                let inside = At { phase: at.phase, prefix: format!("{}.", at.prefix) };
                let body = if branches::fans_out(step) { self.branches(steps, &inside) } else { self.steps(steps, &inside, 0) };
                let always = self.steps(always, &inside, steps.len());
                Some(Action::Group { steps: body, always })
            }
        }
    }

    fn name(&mut self, step: &model::step::Step) -> Option<Template> {
        if let Some(name) = &step.name {
            return self.template(name);
        }
        let (text, place) = match &step.action.value {
            model::step::Action::Execute(commands) => (commands.first().map(|command| command.value.clone()), &step.action.place),
            model::step::Action::Shell(command) => (Some(command.value.clone()), &command.place),
            model::step::Action::Connect(connect) => return Template::compile(&reach::called(step, connect.alias.as_ref())).ok(),
            model::step::Action::Disconnect(which) | model::step::Action::Destroy(which) => {
                return Template::compile(&reach::called_which(step, which)).ok();
            }
            model::step::Action::Group { name, .. } => (Some(name.value.clone()), &name.place),
            _ => (None, &step.action.place),
        };
        let text = text.unwrap_or_else(|| step.action.value.name().to_owned());
        Template::compile(&Placed::new(text, place.clone())).ok()
    }

    fn timeout(&self, step: &model::step::Step) -> Limit {
        let (length, setting) = match (&step.timeout, &self.around.defaults.timeout) {
            (Some(own), _) => (own.value, format!("`timeout` at {}", own.place.file_line())),
            (None, Some(default)) => (default.value, format!("`defaults.timeout` at {}", default.place.file_line())),
            (None, None) => (DEFAULT_TIMEOUT, "the default `timeout` of a step".to_owned()),
        };
        Limit { length, setting: setting.into() }
    }

    fn retry(&self, retry: &model::step::Retry, step: &Place) -> RetryPlan {
        let defaults = &self.around.defaults.retry;
        let max_every = retry.max_every.as_ref().or(defaults.max_every.as_ref());
        let jitter = retry.jitter.as_ref().or(defaults.jitter.as_ref());
        let within = retry.within.as_ref().or(defaults.within.as_ref());
        let attempts = retry.attempts.as_ref().or(defaults.attempts.as_ref());
        let every = retry.every.as_ref().or(defaults.every.as_ref());
        RetryPlan {
            within: within
                .map(|within| Limit { length: within.value, setting: format!("`retry.within` at {}", within.place.file_line()).into() }),
            attempts: attempts.map(|attempts| attempts.value),
            every: every.map_or(DEFAULT_EVERY, |every| every.value),
            backoff: retry.backoff.as_ref().or(defaults.backoff.as_ref()).map_or(1.0, |backoff| backoff.value),
            max_every: max_every.map_or(DEFAULT_MOST_EVERY, |most| most.value),
            jitter: jitter.map_or(Duration::ZERO, |jitter| jitter.value),
            seed: hash(self.around.run.bytes().chain(step.to_string().bytes())),
        }
    }

    fn set(&mut self, entries: &[model::yaml::Entry]) -> Vec<(String, Value)> {
        let mut set = Vec::new();
        for entry in entries {
            if let Some(value) = self.value(&entry.value) {
                set.push((entry.key.value.clone(), value));
            }
            self.learn(&entry.key);
        }
        set
    }

    fn repeat(&mut self, repeat: &Yaml) -> Option<Repeat> {
        match (&repeat.kind, repeat.text()) {
            (Kind::Scalar(_), Some(text)) => self.expression(&Placed::new(text.to_owned(), repeat.place.clone())).map(Repeat::Expression),
            (Kind::Scalar(_), None) => {
                let complaint =
                    Diagnostic::error(&repeat.place, format!("`loop` needs a list, a mapping or an expression, got {}", repeat.describe()));
                self.complaints.push(complaint);
                None
            }
            (Kind::List(_) | Kind::Map(_), _) => self.value(repeat).map(Repeat::Value),
        }
    }

    fn learn_captures(&mut self, step: &model::step::Step) {
        match &step.capture {
            Some(model::assertion::Capture::Whole(name)) => self.learn(name),
            Some(model::assertion::Capture::Parts(parts)) => parts.iter().for_each(|part| self.learn(&part.name)),
            None => {}
        }
    }

    fn learn(&mut self, name: &Placed<String>) {
        if RESERVED.contains(&name.value.as_str()) {
            let complaint = Diagnostic::error(&name.place, format!("`{}` is a reserved name", name.value));
            self.complaints.push(complaint.hint(format!("reserved are {}", text::names(RESERVED))));
        } else {
            self.names.learn(&name.value);
        }
    }

    /// Forgets the names that only the step itself has, and keeps what its steps captured.
    fn forget_own(&mut self, outside: &Names) {
        self.names = self.names.without(&["item", "loop", "device"], outside);
    }

    fn templates(&mut self, texts: &[Placed<String>]) -> Option<Vec<Template>> {
        let compiled: Vec<Option<Template>> = texts.iter().map(|text| self.template(text)).collect();
        compiled.into_iter().collect()
    }

    fn template(&mut self, text: &Placed<String>) -> Option<Template> {
        let template = self.kept(Template::compile(text).map_err(|complaint| vec![complaint]))?;
        self.names.check(template.free_names(), self.complaints);
        Some(template)
    }

    fn value(&mut self, yaml: &Yaml) -> Option<Value> {
        let value = self.kept(Value::compile(yaml))?;
        self.names.check(&value.free_names(), self.complaints);
        Some(value)
    }

    fn expression(&mut self, text: &Placed<String>) -> Option<Expression> {
        let expression = self.kept(Expression::compile(text).map_err(|complaint| vec![complaint]))?;
        self.names.check(expression.free_names(), self.complaints);
        Some(expression)
    }

    fn kept<T>(&mut self, compiled: Result<T, Vec<Diagnostic>>) -> Option<T> {
        compiled.map_err(|complaints| self.complaints.extend(complaints)).ok()
    }
}
