//! Compiles the steps of a test.

use crate::base::deadline::Limit;
use crate::base::diagnostic::Diagnostic;
use crate::base::place::{Place, Placed};
use crate::base::text;
use crate::engine::plan::branches;
use crate::engine::plan::names::Names;
use crate::engine::plan::step::{Action, Program, Repeat, RetryPlan, Slot, SlotId, Step, Target};
use crate::eval::assertion::Assertion;
use crate::eval::capture::Capture;
use crate::eval::expression::Expression;
use crate::eval::expression::FreeName;
use crate::eval::parse::Parser;
use crate::eval::template::Template;
use crate::eval::value::Value;
use crate::load::RESERVED;
use crate::model;
use crate::model::job::Defaults;
use crate::model::yaml::{Kind, Yaml};
use crate::record::event::StepPhase;
use std::sync::Arc;
use std::time::Duration;

/// What one attempt may take when nobody says.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// The pause between attempts when nobody says.
const DEFAULT_EVERY: Duration = Duration::from_secs(1);

/// A service that a step needs, and where the user asked for it.
#[derive(Debug, Clone)]
pub(super) struct Need {
    pub(super) slot: SlotId,
    pub(super) service: &'static str,
    pub(super) place: Place,
    /// Where its alias stands, if it has one.
    pub(super) alias: Option<Place>,
}

/// A compiled program and what it needs.
#[derive(Debug, Default)]
pub(super) struct Compiled {
    pub(super) program: Program,
    pub(super) needs: Vec<Need>,
}

/// Compiles the steps of one test, or of the job's setup or teardown.
pub(super) struct Compiler<'a> {
    defaults: &'a Defaults,
    names: Names,
    slots: Vec<Slot>,
    needs: Vec<Need>,
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
    pub(super) fn new(defaults: &'a Defaults, names: Names, has_device: bool, complaints: &'a mut Vec<Diagnostic>) -> Self {
        Self { defaults, names, slots: Vec::new(), needs: Vec::new(), has_device, complaints }
    }

    /// Compiles the three phases of a test.
    pub(super) fn test(mut self, test: &model::job::Test) -> Compiled {
        let setup = self.phase(StepPhase::Setup, &test.setup);
        let steps = self.phase(StepPhase::Steps, &test.steps);
        let teardown = self.phase(StepPhase::Teardown, &test.teardown);
        Compiled { program: Program { setup, steps, teardown, slots: self.slots }, needs: self.needs }
    }

    /// Compiles the steps of the job's setup.
    pub(super) fn setup(mut self, steps: &[model::step::Step]) -> Compiled {
        let steps = self.phase(StepPhase::Steps, steps);
        Compiled { program: Program { steps, slots: self.slots, ..Program::default() }, needs: self.needs }
    }

    /// Compiles the steps of the job's teardown, which an interrupt does not end.
    pub(super) fn teardown(mut self, steps: &[model::step::Step]) -> Compiled {
        let teardown = self.phase(StepPhase::Teardown, steps);
        Compiled { program: Program { teardown, slots: self.slots, ..Program::default() }, needs: self.needs }
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
        for (index, step) in steps.iter().enumerate() {
            let others = steps.iter().enumerate().filter(|(other, _)| *other != index);
            self.names = before.beside(others.flat_map(|(_, other)| branches::written(other)));
            compiled.extend(self.step(step, at, index + 1));
            for name in branches::written(step) {
                after.learn(&name.value);
            }
        }
        self.names = after;
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
        let needed_before = self.needs.len();
        let action = self.action(step, &at);
        let name = self.name(step);
        self.learn_captures(step);
        let checks = self.checks(step);
        if step.repeat.is_some() {
            self.forget_loop(&outside);
        }
        let mut slots: Vec<SlotId> = self.needs[needed_before..].iter().map(|need| need.slot).collect();
        slots.sort_unstable();
        slots.dedup();
        Some(Arc::new(Step {
            phase: at.phase,
            number: at.prefix,
            name: name?,
            place: step.place.file_line(),
            action: action?,
            timeout: self.timeout(step),
            when,
            repeat,
            parallel: step.parallel.as_ref().map(|parallel| parallel.value),
            retry: step.retry.as_ref().map(|retry| self.retry(retry)),
            reads_result: checks.reads_result,
            parser: checks.parser,
            capture: checks.capture,
            assertions: checks.assertions,
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
                let slot = self.slot(step, "execute", place);
                Some(Action::Execute { slot: slot?, commands: self.templates(commands)? })
            }
            Written::Configure(lines) => {
                let slot = self.slot(step, "configure", place);
                Some(Action::Configure { slot: slot?, lines: self.templates(lines)? })
            }
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

    /// Finds or makes the slot of a step that talks to a device.
    fn slot(&mut self, step: &model::step::Step, service: &'static str, place: &Place) -> Option<SlotId> {
        let target = match &step.device {
            Some(device) => Target::Named(device.value.clone()),
            None if self.has_device => Target::Cell,
            // The devices may be among what could not be read.
            None if self.names.is_broken() => return None,
            None => {
                let complaint = Diagnostic::error(place, format!("this `{service}` has no device"));
                self.complaints.push(complaint.hint("give the test `devices:`, or the step `device:`"));
                return None;
            }
        };
        let slot = Slot { target, alias: step.alias.as_ref().map(|alias| alias.value.clone()) };
        let index = self.slots.iter().position(|known| *known == slot).unwrap_or_else(|| {
            self.slots.push(slot);
            self.slots.len() - 1
        });
        let slot = SlotId(u32::try_from(index).ok()?);
        let alias = step.alias.as_ref().map(|alias| alias.place.clone());
        self.needs.push(Need { slot, service, place: step.device.as_ref().map_or(place, |device| &device.place).clone(), alias });
        Some(slot)
    }

    fn name(&mut self, step: &model::step::Step) -> Option<Template> {
        if let Some(name) = &step.name {
            return self.template(name);
        }
        let (text, place) = match &step.action.value {
            model::step::Action::Execute(commands) => (commands.first().map(|command| command.value.clone()), &step.action.place),
            model::step::Action::Shell(command) => (Some(command.value.clone()), &command.place),
            model::step::Action::Group { name, .. } => (Some(name.value.clone()), &name.place),
            _ => (None, &step.action.place),
        };
        let text = text.unwrap_or_else(|| step.action.value.name().to_owned());
        Template::compile(&Placed::new(text, place.clone())).ok()
    }

    fn timeout(&self, step: &model::step::Step) -> Limit {
        let (length, setting) = match (&step.timeout, &self.defaults.timeout) {
            (Some(own), _) => (own.value, format!("`timeout` at {}", own.place.file_line())),
            (None, Some(default)) => (default.value, format!("`defaults.timeout` at {}", default.place.file_line())),
            (None, None) => (DEFAULT_TIMEOUT, "the default `timeout` of a step".to_owned()),
        };
        Limit { length, setting: setting.into() }
    }

    fn retry(&self, retry: &model::step::Retry) -> RetryPlan {
        let defaults = &self.defaults.retry;
        let within = retry.within.as_ref().or(defaults.within.as_ref());
        let attempts = retry.attempts.as_ref().or(defaults.attempts.as_ref());
        let every = retry.every.as_ref().or(defaults.every.as_ref());
        RetryPlan {
            within: within
                .map(|within| Limit { length: within.value, setting: format!("`retry.within` at {}", within.place.file_line()).into() }),
            attempts: attempts.map(|attempts| attempts.value),
            every: every.map_or(DEFAULT_EVERY, |every| every.value),
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

    fn checks(&mut self, step: &model::step::Step) -> Checks {
        let parser = step.parse.as_ref().and_then(|parse| {
            let parser = self.kept(Parser::compile(parse).map_err(|complaint| vec![complaint]))?;
            self.names.check(parser.free_names(), self.complaints);
            Some(parser)
        });
        let mut free: Vec<FreeName> = Vec::new();
        let capture = step.capture.as_ref().and_then(|capture| {
            let capture = self.kept(Capture::compile(capture))?;
            free.extend(capture.free_names());
            Some(capture)
        });
        let assertions = step.assertions.as_ref().map(|written| {
            let compiled: Vec<Assertion> = written.value.iter().filter_map(|one| self.kept(Assertion::compile(one))).collect();
            free.extend(compiled.iter().flat_map(Assertion::free_names));
            compiled
        });
        let reads_result = free.iter().any(|name| name.path.split('.').next() == Some("result"));
        self.names.with(&["result"]).check(&free, self.complaints);
        Checks { parser, capture, assertions, reads_result }
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

    /// Forgets the loop's own names and keeps what its steps captured.
    fn forget_loop(&mut self, outside: &Names) {
        self.names = self.names.without(&["item", "loop"], outside);
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

/// The compiled checks of a step.
struct Checks {
    parser: Option<Parser>,
    capture: Option<Capture>,
    assertions: Option<Vec<Assertion>>,
    reads_result: bool,
}
