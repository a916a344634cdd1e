//! Binds a job to a testbed and to the classes there are. `cases` makes the cells of one test, `bind` finds the connections
//! of each step.

mod bind;
mod cases;

use crate::base::deadline::Limit;
use crate::base::diagnostic::{Diagnostic, Severity};
use crate::base::place::{Place, Placed};
use crate::base::text;
use crate::base::unique::Unique;
use crate::engine::plan::build::cases::{Bound, MOST_CASES};
use crate::engine::plan::compile::{Around, Compiled, Compiler, Need};
use crate::engine::plan::defined::Defined;
use crate::engine::plan::inputs::Inputs;
use crate::engine::plan::locks::{self, Locks};
use crate::engine::plan::names::Names;
use crate::engine::plan::needs::Needs;
use crate::engine::plan::routes::Routes;
use crate::engine::plan::select::{self, Chosen, Known};
use crate::engine::plan::siblings::Pair;
use crate::engine::plan::step::Program;
use crate::engine::plan::{Cell, DeviceId, Plan, RouteId, Run, Work, features, secrets};
use crate::eval::expression::Expression;
use crate::eval::scope::{Layer, Scope};
use crate::eval::template::Template;
use crate::eval::value::Value;
use crate::load::RESERVED;
use crate::model::job::{Devices, Test};
use crate::model::testbed::Device;
use crate::model::yaml::Entry;
use crate::record::event::{CellHead, CellKind};
use crate::record::redact::Redactor;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

/// How long a device that could not be opened is left alone, where the job does not say: `defaults.reopen_after`.
const REOPEN_AFTER: Duration = Duration::from_mins(1);

/// Makes the plan, or says everything that is wrong. Warnings come with a plan, errors instead of one.
#[must_use]
pub fn build(inputs: &Inputs<'_>) -> (Option<Plan>, Vec<Diagnostic>) {
    let mut builder = Builder::new(inputs);
    let needs = Needs::of(inputs.job, inputs.broken.is_any(), &mut builder.complaints);
    let run = needs.closure(|index| builder.chosen.has_test(&inputs.job.tests[index]));
    let tests = builder.tests(&needs, &run);
    let setup = builder.around("setup", CellKind::Setup, &inputs.job.setup);
    let teardown = builder.around("teardown", CellKind::Teardown, &inputs.job.teardown);
    builder.look_through_others(&run);
    builder.check_ends();
    let mut complaints = std::mem::take(&mut builder.complaints);
    if inputs.broken.is_any() || complaints.iter().any(|complaint| complaint.severity == Severity::Error) {
        return (None, complaints);
    }
    let present = tests.iter().filter_map(|draft| draft.run.test).map(|test| test as usize).collect();
    needs.warn_of_absent(inputs.job, &present, &mut complaints);
    let mut plan = builder.assemble(setup, tests, teardown);
    plan.needs = needs.bind(&mut plan.cells);
    (Some(plan), complaints)
}

struct Builder<'a> {
    inputs: &'a Inputs<'a>,
    routes: Routes<'a>,
    defined: Defined<'a>,
    /// The routes that a step of the job uses or connects.
    used: BTreeSet<RouteId>,
    /// What steps end, and where they say so.
    ends: Vec<End>,
    /// Whether some connection was complained about, so that it is not known what is used.
    incomplete: bool,
    vars: Vec<(String, Value)>,
    /// What stands above every variable in every cell; shared, because the environment can be large.
    fixed: Scope,
    /// The same with `device`, by device.
    fixed_for: HashMap<DeviceId, Scope>,
    names: Names,
    chosen: Chosen,
    /// How many more test cases the job may have.
    room: usize,
    redactor: Arc<Redactor>,
    complaints: Vec<Diagnostic>,
    /// Whether what is looked at is run. What keeps another test from reaching its devices is only warned of.
    is_run: bool,
}

/// What a step ends.
struct End {
    place: Place,
    what: Ended,
}

enum Ended {
    Route(RouteId),
    AllOf(DeviceId),
}

/// A cell before the plan's order is known.
struct Draft {
    head: CellHead,
    run: Run,
    /// The devices of which it ends every connection.
    wholes: Vec<DeviceId>,
    devices: BTreeSet<DeviceId>,
    locks: Vec<String>,
}

impl<'a> Builder<'a> {
    fn new(inputs: &'a Inputs<'a>) -> Self {
        let mut complaints = Vec::new();
        let mut names = if inputs.broken.is_any() { Names::of_broken(inputs.job.place.source()) } else { Names::new(None) };
        for name in inputs.overrides.keys() {
            names.learn(name);
        }
        let chosen = inputs.selection.of(inputs.job, inputs.testbed, &mut complaints);
        let vars = compile_vars(&inputs.job.vars, &mut names.with(&["device"]), &mut complaints);
        let fixed = fixed(inputs);
        let defined = Defined::collect(inputs, Known { fixed: &fixed, overrides: &inputs.overrides }, &mut complaints);
        Self {
            inputs,
            routes: Routes::new(inputs),
            defined,
            used: BTreeSet::new(),
            ends: Vec::new(),
            incomplete: inputs.broken.is_any(),
            vars,
            fixed,
            fixed_for: HashMap::new(),
            names,
            chosen,
            room: MOST_CASES,
            redactor: Arc::new(secrets::redactor(inputs.testbed)),
            complaints,
            is_run: true,
        }
    }

    /// The cells of the tests that are run, which are those that the command line selects and all that these need.
    fn tests(&mut self, needs: &Needs, run: &[bool]) -> Vec<Draft> {
        let mut drafts = Vec::new();
        for (index, test) in self.inputs.job.tests.iter().enumerate() {
            let cases = if run[index] { self.test(u32::try_from(index).unwrap_or(u32::MAX), test) } else { Vec::new() };
            self.room -= cases.len();
            drafts.push(cases);
        }
        // A test that was selected and has no case left brings nothing: a run without it is not what was asked for.
        let is_selected = |index: usize| self.chosen.has_test(&self.inputs.job.tests[index]);
        let brought = needs.brought_by(is_selected, |index| !drafts[index].is_empty());
        drafts.into_iter().zip(brought).filter(|(_, brought)| *brought).flat_map(|(drafts, _)| drafts).collect()
    }

    /// Complains about tests that are not run. Comes last, since a connection is complained of once only, and what is run
    /// decides how loudly.
    fn look_through_others(&mut self, run: &[bool]) {
        self.is_run = false;
        for (index, test) in self.inputs.job.tests.iter().enumerate().filter(|(index, _)| !run[*index]) {
            self.test(u32::try_from(index).unwrap_or(u32::MAX), test);
        }
    }

    fn test(&mut self, index: u32, test: &'a Test) -> Vec<Draft> {
        let before = self.complaints.len();
        let known = Known { fixed: &self.fixed, overrides: &self.inputs.overrides };
        let devices = test.devices.as_ref().map(|wanted| select::select(wanted, self.inputs.testbed, known, &mut self.complaints));
        let has_device = devices.is_some();
        features::check(&test.requires, self.inputs.testbed, &mut self.complaints);
        let (early, mut vars) = self.known(has_device, Some(test));
        let mut names = test.matrix.as_ref().map_or_else(|| early.clone(), |matrix| early.with_matrix(matrix));
        vars.extend(compile_vars(&test.vars, &mut names, &mut self.complaints));
        let matrix = test.matrix.as_ref().map(|matrix| self.matrix(matrix, &early, &vars));
        let when = test.when.as_ref().and_then(|when| self.condition(when, &names));
        let locks = locks::compile(&test.locks, &names, &mut self.complaints);
        let Compiled { program, needs, pairs } = self.compile(names.clone(), has_device, |compiler| compiler.test(test));
        // What is wrong may be what would have used an axis.
        if self.complaints[before..].iter().all(|complaint| complaint.severity == Severity::Warning) {
            names.check_axes(&mut self.complaints);
        }
        let shared = Shared {
            index: Some(index),
            name: test.name.value.clone(),
            kind: CellKind::Test,
            program: Arc::new(program),
            needs,
            pairs,
            requires: &test.requires,
            when,
            locks,
            timeout: test.timeout.as_ref().map(|timeout| limit(timeout, "timeout")),
            vars: Arc::new(vars),
        };
        let wanted = devices.as_ref().map_or(1, Vec::len);
        let bound: Vec<Bound<'_>> = match devices {
            None => self.bind(&shared, None).filter(|bound| self.keeps(bound)).into_iter().collect(),
            Some(devices) => {
                let left: Vec<&Device> = devices.into_iter().filter(|device| self.chosen.has_device(device)).collect();
                left.into_iter().filter_map(|device| self.bind(&shared, Some(device))).collect()
            }
        };
        match matrix {
            // It was complained about.
            Some(None) => Vec::new(),
            Some(Some(mut matrix)) => {
                let asked = bound.iter().filter(|bound| bound.skipped.is_none()).count();
                let drafts = self.cases(test, &shared, &bound, Some(&mut matrix));
                matrix.finish(asked == wanted, &mut self.complaints);
                drafts
            }
            None => self.cases(test, &shared, &bound, None),
        }
    }

    /// Whether the command line leaves every device that a test uses.
    fn keeps(&self, bound: &Bound<'_>) -> bool {
        bound.devices.iter().all(|id| self.chosen.has_device(&self.inputs.testbed.devices[id.index()]))
    }

    /// The names and variables that a test begins with. Variables of the job that need a device are unknown without one.
    fn known(&self, has_device: bool, test: Option<&Test>) -> (Names, Vec<(String, Value)>) {
        let mut names = if has_device { self.names.with(&["device"]) } else { self.names.clone() };
        names.broken_here(self.inputs.broken.is_within(test, self.inputs.job));
        let mut vars = Vec::new();
        let mut unknown = BTreeSet::new();
        for (name, value) in &self.vars {
            let roots: Vec<String> =
                value.free_names().iter().map(|free| free.path.split('.').next().unwrap_or_default().to_owned()).collect();
            if !has_device && roots.iter().any(|root| root == "device" || unknown.contains(root)) {
                unknown.insert(name.clone());
                continue;
            }
            names.learn(name);
            vars.push((name.clone(), value.clone()));
        }
        (names, vars)
    }

    /// The cell of the job's setup or teardown, where it has one.
    fn around(&mut self, name: &str, kind: CellKind, steps: &[crate::model::step::Step]) -> Option<Draft> {
        if steps.is_empty() {
            return None;
        }
        let (names, vars) = self.known(false, None);
        let Compiled { program, needs, pairs } = self
            .compile(names, false, |compiler| if kind == CellKind::Teardown { compiler.teardown(steps) } else { compiler.setup(steps) });
        let shared = Shared {
            index: None,
            name: name.to_owned(),
            kind,
            program: Arc::new(program),
            needs,
            pairs,
            requires: &[],
            when: None,
            locks: Vec::new(),
            timeout: None,
            vars: Arc::new(vars),
        };
        let bound = self.bind(&shared, None)?;
        Some(self.draft(&shared, &bound, &self.fixed.clone(), None))
    }

    /// Adds a complaint, unless the same place was complained about just before, for another device.
    fn complain_once(&mut self, complaint: Diagnostic) {
        if self.complaints.last().is_none_or(|last| last.place != complaint.place) {
            self.complaints.push(complaint);
        }
    }

    fn compile(&mut self, names: Names, has_device: bool, what: impl FnOnce(Compiler<'_>) -> Compiled) -> Compiled {
        let (inputs, fixed) = (self.inputs, &self.fixed);
        let select = |wanted: &Devices, complaints: &mut Vec<Diagnostic>| {
            let selected = select::select(wanted, inputs.testbed, Known { fixed, overrides: &inputs.overrides }, complaints);
            let member = |device: &&Device| (device.name.value.clone(), Layer::of("device", &select::device_data(device)));
            selected.iter().map(member).collect()
        };
        let run = inputs.run.get("id").and_then(crate::base::Data::as_str).unwrap_or_default();
        let around = Around { defaults: &inputs.job.defaults, select: &select, run };
        what(Compiler::new(around, names, has_device, &mut self.complaints))
    }

    fn condition(&mut self, when: &Placed<String>, names: &Names) -> Option<Expression> {
        match Expression::compile(when) {
            Ok(expression) => {
                names.check(expression.free_names(), &mut self.complaints);
                Some(expression)
            }
            Err(complaint) => {
                self.complaints.push(complaint);
                None
            }
        }
    }

    /// What stands above every variable of a cell.
    fn fixed(&mut self, device: Option<&Device>) -> Scope {
        let Some(device) = device else { return self.fixed.clone() };
        let with_device = || self.fixed.over(Layer::of("device", &select::device_data(device)));
        self.fixed_for.entry(self.routes.device(device)).or_insert_with(with_device).clone()
    }

    /// Puts the cells in the order of the reports: connections, setup, tests, teardown.
    fn assemble(self, setup: Option<Draft>, tests: Vec<Draft>, teardown: Option<Draft>) -> Plan {
        let inputs = self.inputs;
        let drafts: Vec<Draft> = if tests.is_empty() { Vec::new() } else { setup.into_iter().chain(tests).chain(teardown).collect() };
        let used: BTreeSet<RouteId> = drafts.iter().flat_map(|draft| draft.run.routes.iter().copied()).collect();
        let (devices, routes, connects, renumbered) = self.routes.finish(&used);
        let mut cells = connects;
        let mut locks = Locks::default();
        cells.extend(drafts.into_iter().map(|mut draft| {
            draft.run.routes.iter_mut().for_each(|route| *route = renumbered[route]);
            draft.run.left = draft.run.left.iter().map(|route| renumbered[route]).collect();
            let all_of = |device: &DeviceId| {
                (0..).map(RouteId).zip(&routes).filter(|(_, route)| route.device == *device).map(|(id, _)| id).collect()
            };
            draft.run.wholes = draft.wholes.iter().map(all_of).collect();
            let devices = draft.devices.into_iter().collect();
            let locks = locks.ids(draft.locks);
            Cell { head: draft.head, work: Work::Run(Arc::new(draft.run)), devices, needs: Vec::new(), locks }
        }));
        let mut names = Unique::new(CellHead::LONGEST_NAME);
        for cell in &mut cells {
            cell.head.name = names.take(&cell.head.name, "~");
        }
        let words = secrets::words(inputs.testbed);
        Plan {
            job: inputs.job.name.value.clone(),
            file: inputs.file.clone(),
            testbed: inputs.testbed.name.clone(),
            order: inputs.job.order,
            timeout: inputs.job.timeout.as_ref().map(|timeout| limit(timeout, "timeout")),
            reopen_after: inputs.job.defaults.reopen_after.as_ref().map_or(REOPEN_AFTER, |after| after.value),
            devices,
            routes,
            cells,
            needs: Vec::new(),
            locks: locks.finish(),
            secrets: inputs.testbed.secrets.clone(),
            words,
        }
    }
}

/// What stands above every variable, apart from `device`.
fn fixed(inputs: &Inputs<'_>) -> Scope {
    let mut fixed = inputs.overrides.clone();
    fixed.insert("testbed".to_owned(), select::testbed_data(inputs.testbed));
    fixed.insert("env".to_owned(), inputs.env.clone());
    fixed.insert("run".to_owned(), inputs.run.clone());
    Scope::new().over(Layer::from_data(&fixed))
}

/// What the cells of one test share.
struct Shared<'a> {
    index: Option<u32>,
    name: String,
    kind: CellKind,
    program: Arc<Program>,
    needs: Vec<Need>,
    pairs: Vec<Pair>,
    requires: &'a [Placed<String>],
    when: Option<Expression>,
    locks: Vec<Template>,
    timeout: Option<Limit>,
    vars: Arc<Vec<(String, Value)>>,
}

fn limit(length: &Placed<std::time::Duration>, setting: &str) -> Limit {
    Limit { length: length.value, setting: format!("`{setting}` at {}", length.place.file_line()).into() }
}

/// Compiles variables; each may use those before it.
fn compile_vars(vars: &[Entry], names: &mut Names, complaints: &mut Vec<Diagnostic>) -> Vec<(String, Value)> {
    let mut compiled = Vec::new();
    for entry in vars {
        if RESERVED.contains(&entry.key.value.as_str()) {
            let complaint = Diagnostic::error(&entry.key.place, format!("`{}` is a reserved name", entry.key.value));
            complaints.push(complaint.hint(format!("reserved are {}", text::names(RESERVED))));
        }
        match Value::compile(&entry.value) {
            Ok(value) => {
                names.check(&value.free_names(), complaints);
                compiled.push((entry.key.value.clone(), value));
            }
            Err(all) => complaints.extend(all),
        }
        names.learn(&entry.key.value);
    }
    compiled
}
