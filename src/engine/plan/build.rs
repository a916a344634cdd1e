//! Binds a job to a testbed and to the classes there are.

use crate::base::deadline::Limit;
use crate::base::diagnostic::{Diagnostic, Severity};
use crate::base::place::Placed;
use crate::base::text;
use crate::connect::request::Request;
use crate::engine::plan::compile::{Compiled, Compiler, Need};
use crate::engine::plan::inputs::Inputs;
use crate::engine::plan::names::Names;
use crate::engine::plan::routes::{Routes, via_of};
use crate::engine::plan::select::{self, Known};
use crate::engine::plan::step::{Program, Slot, Target};
use crate::engine::plan::{Cell, DeviceId, Plan, RouteId, Run, Work};
use crate::eval::expression::Expression;
use crate::eval::scope::{Layer, Scope};
use crate::eval::value::Value;
use crate::load::RESERVED;
use crate::model::job::Test;
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
    let complaints = std::mem::take(&mut builder.complaints);
    if inputs.broken || complaints.iter().any(|complaint| complaint.severity == Severity::Error) {
        return (None, complaints);
    }
    (Some(builder.assemble(setup, tests, teardown)), complaints)
}

struct Builder<'a> {
    inputs: &'a Inputs<'a>,
    routes: Routes<'a>,
    vars: Vec<(String, Value)>,
    /// What stands above every variable in every cell; shared, because the environment can be large.
    fixed: Scope,
    /// The same with `device`, by device.
    fixed_for: HashMap<DeviceId, Scope>,
    names: Names,
    complaints: Vec<Diagnostic>,
}

/// A cell before the plan's order is known.
struct Draft {
    head: CellHead,
    run: Run,
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
        Self { inputs, routes: Routes::new(inputs), vars, fixed: fixed(inputs), fixed_for: HashMap::new(), names, complaints }
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
        let compiled = Compiler::new(&self.inputs.job.defaults, names, has_device, &mut self.complaints).test(test);
        let Compiled { program, needs } = compiled;
        let shared = Shared {
            index: Some(index),
            name: test.name.value.clone(),
            kind: CellKind::Test,
            program: Arc::new(program),
            needs,
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
        let compiler = Compiler::new(&self.inputs.job.defaults, names, false, &mut self.complaints);
        let Compiled { program, needs } = if kind == CellKind::Teardown { compiler.teardown(steps) } else { compiler.setup(steps) };
        let shared = Shared {
            index: None,
            name: name.to_owned(),
            kind,
            program: Arc::new(program),
            needs,
            when: None,
            timeout: None,
            vars: Arc::new(vars),
        };
        self.draft(&shared, None)
    }

    /// Binds a program to a device; `None` after a complaint.
    fn draft(&mut self, shared: &Shared, device: Option<&'a Device>) -> Option<Draft> {
        let mut routes = Vec::new();
        for (index, slot) in shared.program.slots.iter().enumerate() {
            let needs: Vec<&Need> = shared.needs.iter().filter(|need| need.slot.index() == index).collect();
            routes.push(self.route(slot, device, &needs));
        }
        if let Some(device) = device.filter(|_| self.inputs.broken) {
            // The steps that would use it may be among what could not be read.
            let request = Request { place: Some(device.name.place.clone()), ..Request::default() };
            self.routes.resolve(device, &request, &mut self.complaints);
        }
        let routes: Vec<RouteId> = routes.into_iter().collect::<Option<_>>()?;
        let mut devices: BTreeSet<DeviceId> = routes.iter().map(|route| self.routes.device_of(*route)).collect();
        devices.extend(device.map(|device| self.routes.device(device)));
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
            when: shared.when.clone(),
            timeout: shared.timeout.clone(),
            fixed: self.fixed(device),
            vars: Arc::clone(&shared.vars),
        };
        Some(Draft { head, run, devices })
    }

    fn route(&mut self, slot: &Slot, device: Option<&'a Device>, needs: &[&Need]) -> Option<RouteId> {
        let place = &needs.first()?.place;
        let device = match &slot.target {
            Target::Cell => device?,
            Target::Named(name) => match select::device_named(&Placed::new(name.clone(), place.clone()), self.inputs.testbed) {
                Ok(device) => device,
                Err(_) if self.inputs.broken => return None,
                Err(complaint) => {
                    self.complaints.push(*complaint);
                    return None;
                }
            },
        };
        let via = match &slot.alias {
            Some(alias) => {
                let at = needs.first().and_then(|need| need.alias.as_ref()).unwrap_or(place);
                let via = via_of(device, &Placed::new(alias.clone(), at.clone()));
                via.map_err(|complaint| self.complaints.push(*complaint)).ok()?
            }
            None => Vec::new(),
        };
        let request = Request { alias: slot.alias.clone(), via, place: Some(place.clone()), ..Request::default() };
        let route = self.routes.resolve(device, &request, &mut self.complaints)?;
        let offered = self.routes.class_of(route);
        for need in needs.iter().filter(|need| self.routes.service(route, need.service).is_none()) {
            let sentence =
                format!("class `{}` of device `{}` does not offer the service `{}`", offered.name, device.name.value, need.service);
            let complaint = Diagnostic::error(&need.place, sentence).also(&device.name.place, "this device");
            let services = text::names(offered.services.iter().map(|service| service.name));
            self.complaints.push(complaint.hint(format!("it offers {services}")));
        }
        Some(route)
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
