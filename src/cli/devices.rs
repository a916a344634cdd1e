//! `runner devices`: the table of devices, and why a connection is what it is. `scan` has `--scan-keys`.

mod scan;

use crate::base::diagnostic::{Diagnostic, Severity};
use crate::base::place::Place;
use crate::base::text;
use crate::cli::inputs;
use crate::cli::order;
use crate::cli::output;
use crate::cli::selected::Selected;
use crate::cli::world::World;
use crate::connect::class::Endpoint;
use crate::connect::login::Surroundings;
use crate::connect::registry::Registry;
use crate::connect::request::Request;
use crate::connect::route::{Resolved, Route, resolve};
use crate::connect::why::{self, Why};
use crate::model::testbed::{Device, Testbed};
use crate::record::verdict::ExitStatus;
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;

/// Arguments of `runner devices`.
#[derive(Debug, Args)]
pub(super) struct Devices {
    #[command(flatten)]
    pub(super) selected: Selected,

    /// Print JSON instead of a table.
    #[arg(long, conflicts_with = "scan_keys")]
    pub(super) json: bool,

    /// Say which path, class, alias and credential a connection of this device has, and which line decided it.
    #[arg(long, value_name = "DEVICE", conflicts_with_all = ["scan_keys", "devices"])]
    pub(super) explain: Option<String>,

    /// Ask every ssh server for its host keys, and write those that are new into the file of known hosts. Logs in nowhere.
    #[arg(long)]
    pub(super) scan_keys: bool,

    /// The file for `--scan-keys`, instead of those that the testbed names.
    #[arg(long, value_name = "FILE", requires = "scan_keys")]
    pub(super) known_hosts: Option<PathBuf>,

    /// The limit of `--scan-keys` for each server.
    #[arg(long, value_name = "DURATION", default_value = "15s", value_parser = crate::base::duration::parse, requires = "scan_keys")]
    pub(super) timeout: Duration,
}

/// A testbed and what is needed to find connections in it.
struct Lab<'a> {
    testbed: &'a Testbed,
    registry: Registry,
    surroundings: Surroundings,
    via: &'a [String],
    complaints: Vec<Diagnostic>,
}

/// A connection that a device can have.
struct Connection {
    /// The alias that steps ask for it by.
    alias: String,
    /// Whether steps that name no alias use it.
    usual: bool,
    route: Route,
}

/// Lists devices, explains one, or collects host keys.
pub(super) fn devices(arguments: &Devices, world: &World) -> ExitStatus {
    let found = arguments.selected.load(world);
    let Some(testbed) = &found.testbed else {
        inputs::complain(&found.complaints, &found.redactor, world);
        return ExitStatus::NotAccepted;
    };
    let mut lab = Lab {
        testbed,
        registry: Registry::standard(),
        surroundings: world.surroundings(),
        via: &arguments.selected.via,
        complaints: found.complaints,
    };
    let selected = lab.select(arguments);
    let status = match &arguments.explain {
        Some(_) => lab.explain(&selected, arguments.json),
        None if arguments.scan_keys => scan::scan(&mut lab, &selected, arguments),
        None => lab.list(&selected, arguments.json),
    };
    let complaints = order::in_order(lab.complaints);
    inputs::complain(&complaints, &found.redactor, world);
    let broken = complaints.iter().any(|complaint| complaint.severity == Severity::Error);
    if broken { ExitStatus::NotAccepted } else { status }
}

impl<'a> Lab<'a> {
    /// The devices that are meant; what names none of them is a complaint.
    fn select(&mut self, arguments: &Devices) -> Vec<&'a Device> {
        let mut selection = arguments.selected.selection();
        selection.devices.extend(arguments.explain.clone());
        let (selected, said) = selection.devices_of(self.testbed);
        self.complaints.extend(said.into_iter().map(|complaint| match &arguments.explain {
            Some(_) => Diagnostic { message: complaint.message.replacen("--device", "--explain", 1), ..complaint },
            None => complaint,
        }));
        selected
    }

    fn resolve(&mut self, device: &Device, request: &Request) -> Option<Route> {
        match resolve(device, self.testbed, request, &self.registry, &self.surroundings) {
            Ok(Resolved { route, warnings }) => {
                self.complaints.extend(warnings);
                Some(route)
            }
            Err(error) => {
                self.complaints.extend(error.diagnostics);
                None
            }
        }
    }

    /// The usual connection, or the one by `--via`; and without `--via` one by each of the other paths.
    fn connections(&mut self, device: &Device) -> Vec<Connection> {
        let before = self.complaints.len();
        let usual = self.resolve(device, &asked(device, self.via));
        let mut connections: Vec<Connection> =
            usual.into_iter().map(|route| Connection { alias: route.alias.clone(), usual: true, route }).collect();
        let is_open = device.paths.len() > 1 && device.defaults.via.is_empty() && device.defaults.class.is_none();
        if !self.via.is_empty() || (connections.is_empty() && !is_open) {
            return connections;
        }
        if connections.is_empty() {
            // Several paths of which none is the usual one are fine for steps that say `alias`.
            self.complaints[before..].iter_mut().for_each(|complaint| complaint.severity = Severity::Warning);
        }
        let taken: Vec<String> = connections.iter().flat_map(|usual| usual.route.via()).map(str::to_owned).collect();
        for path in device.paths.keys().filter(|path| !taken.contains(path)).cloned() {
            let request = Request { alias: Some(path.clone()), ..asked(device, std::slice::from_ref(&path)) };
            connections.extend(self.resolve(device, &request).map(|route| Connection { alias: path, usual: false, route }));
        }
        connections
    }

    /// Prints the table.
    fn list(&mut self, selected: &[&Device], json: bool) -> ExitStatus {
        let all: Vec<(&Device, Vec<Connection>)> = selected.iter().map(|device| (*device, self.connections(device))).collect();
        if json {
            output::json(&all.iter().map(|(device, connections)| data(device, connections)).collect());
        } else {
            let rows: Vec<Vec<String>> = all.iter().flat_map(|(device, connections)| rows(device, connections)).collect();
            let head = ["device", "os", "platform", "type", "alias", "via", "class", "address"];
            output::data(&output::table(&head, &rows));
        }
        if all.is_empty() { ExitStatus::NothingSelected } else { ExitStatus::Passed }
    }

    /// Prints what decided the usual connection of each device, or the one by `--via`.
    fn explain(&mut self, selected: &[&Device], json: bool) -> ExitStatus {
        let mut explained = Vec::new();
        for device in selected {
            let request = asked(device, self.via);
            let Some(route) = self.resolve(device, &request) else { continue };
            let reasons = why::reasons(&route, device, self.testbed, &request);
            if json {
                let reasons: Vec<serde_json::Value> = reasons.iter().map(reason_data).collect();
                explained
                    .push(serde_json::json!({"device": device.name.value, "place": device.name.place.file_line(), "reasons": reasons}));
            } else {
                let rows: Vec<Vec<String>> = reasons.iter().map(reason_row).collect();
                let title = format!("device {}, at {}\n", text::visible(&device.name.value), device.name.place.file_line());
                output::data(&(title + &output::table(&["what", "is", "because", "at"], &rows)));
            }
        }
        if json {
            output::json(&explained.into());
        }
        ExitStatus::Passed
    }
}

/// A request for the usual connection by these paths, or by those that the testbed says.
fn asked(device: &Device, via: &[String]) -> Request {
    Request { via: via.to_vec(), place: Some(device.name.place.clone()), ..Request::default() }
}

fn attribute<'a>(device: &'a Device, name: &str) -> &'a str {
    device.attributes.get(name).map_or("", |value| &value.value)
}

/// Where a connection goes, for people: never a secret.
fn address(endpoint: &Endpoint, requires: &[&str]) -> String {
    match (&endpoint.host, endpoint.port, &endpoint.command) {
        (Some(host), Some(port), _) if host.contains(':') => format!("[{host}]:{port}"),
        (Some(host), Some(port), _) => format!("{host}:{port}"),
        (Some(host), None, _) => host.clone(),
        (None, _, Some(command)) => command.clone(),
        (None, _, None) => {
            let needed = requires.iter().find_map(|name| endpoint.options.text(name));
            needed.map_or_else(|| "this machine".to_owned(), str::to_owned)
        }
    }
}

fn rows(device: &Device, connections: &[Connection]) -> Vec<Vec<String>> {
    let about: Vec<String> = std::iter::once(device.name.value.clone())
        .chain(["os", "platform", "type"].map(|name| output::cell(attribute(device, name))))
        .collect();
    let mut rows = Vec::new();
    for connection in connections {
        for way in &connection.route.ways {
            let spec = way.class.spec();
            let cells =
                [connection.alias.clone(), way.endpoint.subject.via.clone(), spec.name.to_owned(), address(&way.endpoint, spec.requires)];
            rows.push(about.iter().cloned().chain(cells).collect());
        }
    }
    if rows.is_empty() {
        rows.push(about.into_iter().chain(std::iter::repeat_n("-".to_owned(), 4)).collect());
    }
    rows
}

fn data(device: &Device, connections: &[Connection]) -> serde_json::Value {
    let mut told = Vec::new();
    for connection in connections {
        for way in &connection.route.ways {
            let endpoint = &way.endpoint;
            told.push(serde_json::json!({
                "alias": connection.alias,
                "usual": connection.usual,
                "via": endpoint.subject.via,
                "class": endpoint.subject.class,
                "host": endpoint.host,
                "port": endpoint.port,
                "address": address(endpoint, way.class.spec().requires),
                "credential": endpoint.logins.first().map(|login| login.name.as_str()),
                "pool_size": connection.route.workers(),
            }));
        }
    }
    serde_json::json!({
        "name": device.name.value,
        "alias": device.attributes.get("alias").map(|alias| alias.value.as_str()),
        "os": device.attributes.get("os").map(|os| os.value.as_str()),
        "platform": device.attributes.get("platform").map(|platform| platform.value.as_str()),
        "type": device.attributes.get("type").map(|kind| kind.value.as_str()),
        "tags": device.tags.iter().map(|tag| tag.value.as_str()).collect::<Vec<_>>(),
        "place": device.name.place.file_line(),
        "connections": told,
    })
}

fn reason_row(why: &Why) -> Vec<String> {
    vec![why.what.to_owned(), why.value.clone(), why.because.clone(), why.place.as_ref().map_or("-".to_owned(), Place::file_line)]
}

fn reason_data(why: &Why) -> serde_json::Value {
    serde_json::json!({"what": why.what, "value": why.value, "because": why.because, "place": why.place.as_ref().map(Place::file_line)})
}
