//! A plan of connections alone: each selected device is opened once, and nothing is asked.

use crate::base::deadline::Limit;
use crate::base::diagnostic::{Diagnostic, Severity};
use crate::connect::login::Surroundings;
use crate::connect::registry::Registry;
use crate::connect::request::Request;
use crate::connect::route::Route;
use crate::engine::plan::routes::{Ground, Routes};
use crate::engine::plan::{Plan, Selection, secrets};
use crate::model::job::Order;
use crate::model::testbed::{Device, Testbed};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// Which connections are wanted.
pub struct Wanted<'a> {
    /// The testbed.
    pub testbed: &'a Testbed,
    /// The classes there are.
    pub registry: &'a Registry,
    /// What the process knows of its user.
    pub surroundings: &'a Surroundings,
    /// Which devices; what it says of tests does not matter.
    pub selection: &'a Selection,
    /// The paths to try in order; empty means those of the default connection.
    pub via: &'a [String],
}

impl Selection {
    /// The selected devices of a testbed, in its order, and a complaint about every pattern that no device has.
    #[must_use]
    pub fn devices_of<'t>(&self, testbed: &'t Testbed) -> (Vec<&'t Device>, Vec<Diagnostic>) {
        let mut complaints = Vec::new();
        let chosen = self.of_devices(testbed, &mut complaints);
        (testbed.devices.values().filter(|device| chosen.has(device)).collect(), complaints)
    }
}

impl<'a> Wanted<'a> {
    /// One connection, whatever the size of the pool.
    fn request(&self, device: &Device) -> Request {
        Request { via: self.via.to_vec(), pool_size: Some(1), place: Some(device.name.place.clone()), ..Request::default() }
    }

    fn ground(&self) -> Ground<'a> {
        Ground { testbed: self.testbed, registry: self.registry, surroundings: self.surroundings }
    }
}

/// Makes a plan that opens every wanted connection and closes it again, or says everything that is wrong. `name` is what
/// reports call it, `file` the testbed's file, and `within` bounds each opening besides what the testbed says.
#[must_use]
pub fn connections(wanted: &Wanted<'_>, name: &str, file: String, within: Option<&Limit>) -> (Option<Plan>, Vec<Diagnostic>) {
    let (selected, mut complaints) = wanted.selection.devices_of(wanted.testbed);
    let mut routes = Routes::on(wanted.ground());
    let mut used = BTreeSet::new();
    for device in selected {
        used.extend(routes.resolve(device, &wanted.request(device), &mut complaints));
    }
    if complaints.iter().any(|complaint| complaint.severity == Severity::Error) {
        return (None, complaints);
    }
    let (devices, mut routes, cells, _) = routes.finish(&used);
    for planned in &mut routes {
        if let Some(within) = within.filter(|within| within.length < planned.open_within.length || is_default(&planned.route)) {
            planned.open_within = within.clone();
        }
    }
    let (secrets, words) = (wanted.testbed.secrets.clone(), secrets::words(wanted.testbed));
    let plan = Plan {
        job: name.to_owned(),
        file,
        testbed: wanted.testbed.name.clone(),
        order: Order::Free,
        timeout: None,
        devices,
        routes,
        cells,
        needs: Vec::new(),
        locks: Vec::new(),
        reopen_after: Duration::MAX,
        secrets,
        words,
    };
    (Some(plan), complaints)
}

/// Whether the testbed says nothing about the time that opening may take.
fn is_default(route: &Arc<Route>) -> bool {
    route.ways.iter().all(|way| way.connect_timeout.is_none())
}
