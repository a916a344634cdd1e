//! Binds a job to a testbed and to the classes there are. `bind` finds the connections of each step.

mod bind;

use crate::base::deadline::Limit;
use crate::base::diagnostic::{Diagnostic, Severity};
use crate::base::place::{Place, Placed};
use crate::base::text;
use crate::connect::request::Request;
use crate::engine::plan::compile::{Around, Compiled, Compiler, Need};
use crate::engine::plan::defined::Defined;
use crate::engine::plan::inputs::Inputs;
use crate::engine::plan::names::Names;
use crate::engine::plan::routes::Routes;
use crate::engine::plan::select::{self, Known};
use crate::engine::plan::siblings::Pair;
use crate::engine::plan::step::{Program, Reach};
use crate::engine::plan::{Cell, DeviceId, Plan, RouteId, Run, Work};
use crate::eval::expression::Expression;
use crate::eval::scope::{Layer, Scope};
use crate::eval::value::Value;
use crate::load::RESERVED;
use crate::model::job::{Devices, Test};
use crate::model::testbed::Device;
use crate::model::yaml::Entry;
use crate::record::event::{CellHead, CellKind};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// Makes the plan, or says everything that is wrong. Warnings come with a plan, errors instead of one.
#[must_use]
pub fn build(inputs: &Inputs<'_>) -> (Option<Plan>, Vec<Diagnostic>) {
    let mut builder = Builder::new(inputs);
    inputs.selection.check(inputs.job, inputs.testbed, &mut builder.complaints);
    let tests = builder.tests();
    let setup = builder.around("setup", CellKind::Setup, &inputs.job.setup);
    let teardown = builder.around("teardown", CellKind::Teardown, &inputs.job.teardown);
    builder.check_ends();
    let complaints = std::mem::take(&mut builder.complaints);
    if inputs.broken || complaints.iter().any(|complaint| complaint.severity == Severity::Error) {
        return (None, complaints);
    }
    (Some(builder.assemble(setup, tests, teardown)), complaints)
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
    complaints: Vec<Diagnostic>,
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
}

impl<'a> Builder<'a> {
    fn new(inputs: &'a Inputs<'a>) -> Self {
        let mut complaints = Vec::new();
        let mut names = if inputs.broken { Names::of_broken(inputs.job.place.source()) } else { Names::new(None) };
        for name in inputs.overrides.keys() {
            names.learn(name);
        }
        let vars = compile_vars(&inputs.job.vars, &mut names.with(&["device"]), &mut complaints);
        let fixed = fixed(inputs);
        let defined = Defined::collect(inputs, Known { fixed: &fixed, overrides: &inputs.overrides }, &mut complaints);
        let (routes, used, ends, fixed_for) = (Routes::new(inputs), BTreeSet::new(), Vec::new(), HashMap::new());
        Self { inputs, routes, defined, used, ends, incomplete: inputs.broken, vars, fixed, fixed_for, names, complaints }
    }

    fn tests(&mut self) -> Vec<Draft> {
        let mut drafts = Vec::new();
        for (index, test) in self.inputs.job.tests.iter().enumerate() {
            let selected = self.inputs.selection.has_test(test);
            let cells = self.test(u32::try_from(index).unwrap_or(u32::MAX), test);
            if selected {
                drafts.extend(cells);
            }
        }
        drafts
    }

    fn test(&mut self, index: u32, test: &Test) -> Vec<Draft> {
        let known = Known { fixed: &self.fixed, overrides: &self.inputs.overrides };
        let devices = test.devices.as_ref().map(|wanted| select::select(wanted, self.inputs.testbed, known, &mut self.complaints));
        let has_device = devices.is_some();
        let (mut names, mut vars) = self.known(has_device);
        vars.extend(compile_vars(&test.vars, &mut names, &mut self.complaints));
        let when = test.when.as_ref().and_then(|when| self.condition(when, &names));
        let Compiled { program, needs, pairs } = self.compile(names, has_device, |compiler| compiler.test(test));
        let shared = Shared {
            index: Some(index),
            name: test.name.value.clone(),
            kind: CellKind::Test,
            program: Arc::new(program),
            needs,
            pairs,
            when,
            timeout: test.timeout.as_ref().map(|timeout| limit(timeout, "timeout")),
            vars: Arc::new(vars),
        };
        match devices {
            None => self.draft(&shared, None).filter(|draft| self.keeps(draft)).into_iter().collect(),
            Some(devices) => {
                let wanted = devices.into_iter().filter(|device| self.inputs.selection.has_device(device));
                wanted.filter_map(|device| self.draft(&shared, Some(device))).collect()
            }
        }
    }

    /// Whether the command line leaves every device that a test uses.
    fn keeps(&self, draft: &Draft) -> bool {
        let device = |id: &DeviceId| &self.inputs.testbed.devices[id.index()];
        draft.devices.iter().all(|id| self.inputs.selection.has_device(device(id)))
    }

    /// The names and variables that a test begins with. Variables of the job that need a device are unknown without one.
    fn known(&self, has_device: bool) -> (Names, Vec<(String, Value)>) {
        let mut names = if has_device { self.names.with(&["device"]) } else { self.names.clone() };
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
        let (names, vars) = self.known(false);
        let Compiled { program, needs, pairs } = self
            .compile(names, false, |compiler| if kind == CellKind::Teardown { compiler.teardown(steps) } else { compiler.setup(steps) });
        let shared = Shared {
            index: None,
            name: name.to_owned(),
            kind,
            program: Arc::new(program),
            needs,
            pairs,
            when: None,
            timeout: None,
            vars: Arc::new(vars),
        };
        self.draft(&shared, None)
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

    /// Binds a program to a device; `None` after a complaint.
    fn draft(&mut self, shared: &Shared, device: Option<&'a Device>) -> Option<Draft> {
        let mut routes = Vec::new();
        for (index, slot) in shared.program.slots.iter().enumerate() {
            let about = |need: &&Need| matches!(need.reach, Reach::One(slot) if slot.index() == index);
            let needs: Vec<&Need> = shared.needs.iter().filter(about).collect();
            routes.push(self.route(slot, device, &needs));
        }
        let wholes = self.wholes(shared, device);
        let left = self.note_needs(shared, &routes, &wholes);
        if let Some(device) = device.filter(|_| self.inputs.broken) {
            // The steps that would use it may be among what could not be read.
            let request = Request { place: Some(device.name.place.clone()), ..Request::default() };
            self.routes.resolve(device, &request, &mut self.complaints);
        }
        let routes: Vec<RouteId> = routes.into_iter().collect::<Option<_>>()?;
        let wholes: Vec<DeviceId> = wholes.into_iter().collect::<Option<_>>()?;
        let mut devices: BTreeSet<DeviceId> = routes.iter().map(|route| self.routes.device_of(*route)).collect();
        devices.extend(device.map(|device| self.routes.device(device)));
        devices.extend(&wholes);
        let name = match device {
            Some(device) => format!("{} [{}]", shared.name, device.name.value),
            None if shared.kind == CellKind::Test && !devices.is_empty() => {
                let names: Vec<&str> = devices.iter().map(|device| self.routes.devices[device.index()].name.as_str()).collect();
                format!("{} [{}]", shared.name, names.join("+"))
            }
            None => shared.name.clone(),
        };
        let head = CellHead { kind: shared.kind, name, test: shared.name.clone(), device: device.map(|device| device.name.value.clone()) };
        let run = Run {
            test: shared.index,
            program: Arc::clone(&shared.program),
            routes,
            wholes: Vec::new(),
            left,
            when: shared.when.clone(),
            timeout: shared.timeout.clone(),
            fixed: self.fixed(device),
            vars: Arc::clone(&shared.vars),
        };
        Some(Draft { head, run, wholes, devices })
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
        cells.extend(drafts.into_iter().map(|mut draft| {
            draft.run.routes.iter_mut().for_each(|route| *route = renumbered[route]);
            draft.run.left = draft.run.left.iter().map(|route| renumbered[route]).collect();
            let all_of = |device: &DeviceId| {
                (0..).map(RouteId).zip(&routes).filter(|(_, route)| route.device == *device).map(|(id, _)| id).collect()
            };
            draft.run.wholes = draft.wholes.iter().map(all_of).collect();
            Cell { head: draft.head, work: Work::Run(Arc::new(draft.run)), devices: draft.devices.into_iter().collect() }
        }));
        let (secrets, words) = crate::engine::plan::secrets::of(inputs.testbed);
        Plan {
            job: inputs.job.name.value.clone(),
            file: inputs.file.clone(),
            testbed: inputs.testbed.name.clone(),
            order: inputs.job.order,
            timeout: inputs.job.timeout.as_ref().map(|timeout| limit(timeout, "timeout")),
            devices,
            routes,
            cells,
            secrets,
            words,
        }
    }
}

/// What stands above every variable, apart from `device`.
fn fixed(inputs: &Inputs<'_>) -> Scope {
    let mut fixed = inputs.overrides.clone();
    let testbed = serde_json::json!({"name": inputs.testbed.name, "custom": inputs.testbed.custom});
    fixed.insert("testbed".to_owned(), testbed);
    fixed.insert("env".to_owned(), inputs.env.clone());
    fixed.insert("run".to_owned(), inputs.run.clone());
    Scope::new().over(Layer::from_data(&fixed))
}

/// What the cells of one test share.
struct Shared {
    index: Option<u32>,
    name: String,
    kind: CellKind,
    program: Arc<Program>,
    needs: Vec<Need>,
    pairs: Vec<Pair>,
    when: Option<Expression>,
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
