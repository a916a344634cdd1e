//! The devices and connections of a plan, each found once.

use crate::base::deadline::Limit;
use crate::base::diagnostic::Diagnostic;
use crate::base::place::Placed;
use crate::base::text;
use crate::connect::class::{ClassSpec, Endpoint, ServiceSpec};
use crate::connect::login::Surroundings;
use crate::connect::registry::Registry;
use crate::connect::request::{Request, alias_of};
use crate::connect::route::{Route, resolve};
use crate::engine::plan::inputs::Inputs;
use crate::engine::plan::{Cell, DeviceId, PlannedDevice, PlannedRoute, RouteId, Work, openable, select};
use crate::model::testbed::{Device, Testbed};
use crate::record::event::{CellHead, CellId, CellKind};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

/// What opening a connection may take when the testbed does not say: `connection_timeout`.
const DEFAULT_OPEN: Duration = Duration::from_secs(15);

/// Where connections are looked for.
#[derive(Clone, Copy)]
pub(super) struct Ground<'a> {
    pub(super) testbed: &'a Testbed,
    pub(super) registry: &'a Registry,
    pub(super) surroundings: &'a Surroundings,
}

/// Devices and routes, interned while tests are bound.
pub(super) struct Routes<'a> {
    ground: Ground<'a>,
    pub(super) devices: Vec<PlannedDevice>,
    /// Where each device stands.
    places: Vec<String>,
    device_ids: HashMap<&'a str, DeviceId>,
    known: Vec<(DeviceId, Arc<Route>)>,
    /// By device and asked alias; `None` inside remembers that a complaint was made.
    found: HashMap<(DeviceId, Option<String>), Option<RouteId>>,
}

/// Devices, routes, the cells that open them, and the new number of every old one.
pub(super) type Finished = (Vec<PlannedDevice>, Vec<PlannedRoute>, Vec<Cell>, BTreeMap<RouteId, RouteId>);

impl<'a> Routes<'a> {
    pub(super) fn new(inputs: &'a Inputs<'a>) -> Self {
        Self::on(Ground { testbed: inputs.testbed, registry: inputs.registry, surroundings: inputs.surroundings })
    }

    /// The same where no job says what is done with them.
    pub(super) fn on(ground: Ground<'a>) -> Self {
        let devices: Vec<PlannedDevice> = ground
            .testbed
            .devices
            .values()
            .map(|device| PlannedDevice { name: device.name.value.clone(), data: select::device_data(device) })
            .collect();
        let ids = (0..).map(DeviceId);
        let device_ids = ground.testbed.devices.values().map(|device| device.name.value.as_str()).zip(ids).collect();
        let places = ground.testbed.devices.values().map(|device| device.name.place.file_line()).collect();
        Self { ground, devices, places, device_ids, known: Vec::new(), found: HashMap::new() }
    }

    pub(super) fn device(&self, device: &Device) -> DeviceId {
        self.device_ids[device.name.value.as_str()]
    }

    pub(super) fn device_of(&self, route: RouteId) -> DeviceId {
        self.known[route.index()].0
    }

    pub(super) fn alias_of(&self, route: RouteId) -> &str {
        &self.known[route.index()].1.alias
    }

    pub(super) fn class_of(&self, route: RouteId) -> &'static ClassSpec {
        self.known[route.index()].1.ways[0].class.spec()
    }

    /// The service of that name; `None` unless every way to open the route offers it.
    pub(super) fn service(&self, route: RouteId, name: &str) -> Option<&'static ServiceSpec> {
        self.known[route.index()].1.service(name)
    }

    /// Finds the route of a request; complains once per device and alias.
    pub(super) fn resolve(&mut self, device: &Device, request: &Request, complaints: &mut Vec<Diagnostic>) -> Option<RouteId> {
        let key = (self.device(device), request.alias.clone());
        if let Some(found) = self.found.get(&key) {
            return *found;
        }
        let route = self.resolve_anew(key.0, device, request, complaints);
        self.found.insert(key, route);
        route
    }

    fn resolve_anew(&mut self, id: DeviceId, device: &Device, request: &Request, complaints: &mut Vec<Diagnostic>) -> Option<RouteId> {
        let route = match resolve(device, self.ground.testbed, request, self.ground.registry, self.ground.surroundings) {
            Ok(resolved) => {
                complaints.extend(resolved.warnings);
                openable::check(&resolved.route, device, self.ground.testbed, complaints);
                resolved.route
            }
            Err(error) => {
                complaints.extend(error.diagnostics);
                return None;
            }
        };
        let same = self.known.iter().position(|(owner, other)| *owner == id && other.alias == route.alias);
        let index = same.unwrap_or_else(|| {
            self.known.push((id, Arc::new(route)));
            self.known.len() - 1
        });
        u32::try_from(index).ok().map(RouteId)
    }

    /// Keeps the routes that are used, in testbed order, and makes the cells that open them.
    pub(super) fn finish(self, used: &BTreeSet<RouteId>) -> Finished {
        let mut kept: Vec<RouteId> = used.iter().copied().collect();
        kept.sort_by_key(|route| (self.known[route.index()].0, *route));
        let renumbered: BTreeMap<RouteId, RouteId> = kept.iter().copied().zip((0..).map(RouteId)).collect();
        let mut planned = Vec::new();
        let mut cells = Vec::new();
        for (index, old) in kept.iter().enumerate() {
            let (device, route) = &self.known[old.index()];
            let own_default = self.ground.testbed.devices[device.index()].defaults.alias.as_ref().map_or("default", |alias| &alias.value);
            let alias = (route.alias != own_default).then_some(route.alias.as_str());
            cells.push(connect_cell(renumbered[old], *device, &self.devices[device.index()], alias));
            planned.push(PlannedRoute {
                device: *device,
                workers: route.workers(),
                cell: cell_id(index),
                open_within: open_limit(route),
                server: server(route),
                place: self.places[device.index()].clone(),
                route: Arc::clone(route),
            });
        }
        (self.devices, planned, cells, renumbered)
    }
}

/// The paths that an alias of a step means: those of the default connection, where nothing is returned, or the path that
/// it names, for a session of its own. `defined` are further aliases, for complaints.
///
/// # Errors
/// No connection of the device has that alias.
pub(super) fn via_of<'d>(device: &'d Device, alias: &Placed<String>, defined: &[&'d str]) -> Result<Vec<String>, Box<Diagnostic>> {
    let default = alias_of(device, None);
    if alias_of(device, Some(&alias.value)) == default {
        return Ok(Vec::new());
    }
    if device.paths.contains_key(&alias.value) {
        return Ok(vec![alias.value.clone()]);
    }
    let known = || {
        let paths = device.paths.keys().map(String::as_str);
        let others = defined.iter().copied().filter(|alias| *alias != default && !device.paths.contains_key(*alias));
        [default].into_iter().chain(paths).chain(others)
    };
    let message = format!("device `{}` has no alias `{}`, there are {}", device.name.value, alias.value, text::names(known()));
    let complaint = Diagnostic::error(&alias.place, message).did_you_mean(text::nearest(&alias.value, known()));
    Err(Box::new(complaint.also(&device.name.place, "this device")))
}

/// The limit of opening a route: what its ways may take together.
fn open_limit(route: &Route) -> Limit {
    let default = Limit { length: DEFAULT_OPEN, setting: "the default `connection_timeout`".into() };
    let mut limits = route.ways.iter().map(|way| way.connect_timeout.clone().unwrap_or_else(|| default.clone()));
    let Some(mut whole) = limits.next() else { return default };
    for further in limits {
        whole.length += further.length;
        whole.setting = "the limits of all paths together".into();
    }
    whole
}

/// The server that limits how many log in at once: the first way's address. What has no address is a server of its own.
fn server(route: &Route) -> String {
    match route.ways.first().map(|way| &way.endpoint) {
        Some(Endpoint { host: Some(host), port, .. }) => format!("{host}:{}", port.unwrap_or_default()),
        _ => format!("{} {}", route.device, route.alias),
    }
}

/// The cell that opens a route.
fn connect_cell(route: RouteId, device: DeviceId, planned: &PlannedDevice, alias: Option<&str>) -> Cell {
    let name = match alias {
        Some(alias) => format!("connect [{}, alias={alias}]", planned.name),
        None => format!("connect [{}]", planned.name),
    };
    let head = CellHead { kind: CellKind::Connect, name, test: "connect".to_owned(), device: Some(planned.name.clone()), matrix: None };
    Cell { head, work: Work::Connect(route), devices: vec![device], needs: Vec::new(), locks: Vec::new() }
}

/// Makes a cell's id of its index.
fn cell_id(index: usize) -> CellId {
    CellId(u32::try_from(index).unwrap_or(u32::MAX))
}
