//! Finds the connections of each step of a program on its devices.

use super::{Builder, End, Ended, Shared};
use crate::base::diagnostic::{Diagnostic, Severity};
use crate::base::place::{Place, Placed};
use crate::base::text;
use crate::connect::request::Request;
use crate::engine::plan::compile::{Does, Need};
use crate::engine::plan::defined::Asked;
use crate::engine::plan::routes::via_of;
use crate::engine::plan::step::{Reach, Slot, Target};
use crate::engine::plan::{DeviceId, RouteId, select, siblings};
use crate::model::testbed::Device;
use std::collections::BTreeSet;

impl<'a> Builder<'a> {
    /// The route of a slot; `None` after a complaint.
    pub(super) fn route(&mut self, slot: &Slot, device: Option<&'a Device>, needs: &[&Need]) -> Option<RouteId> {
        let place = &needs.first()?.place;
        let device = self.target(&slot.target, device, place)?;
        let request = match self.defined.asked(device, slot.alias.as_deref()) {
            Asked::Defined(request) => *request,
            Asked::Nothing => self.request(slot, device, needs)?,
            Asked::Broken => return None,
        };
        let before = self.complaints.len();
        let route = self.routes.resolve(device, &request, &mut self.complaints);
        if !self.is_run {
            self.complaints[before..].iter_mut().for_each(|complaint| complaint.severity = Severity::Warning);
        }
        let route = route?;
        let offered = self.routes.class_of(route);
        for need in needs {
            let Does::Call(service) = need.does else { continue };
            if self.routes.service(route, service).is_some() {
                continue;
            }
            let sentence = format!("class `{}` of device `{}` does not offer the service `{service}`", offered.name, device.name.value);
            let complaint = Diagnostic::error(&need.place, sentence).also(&device.name.place, "this device");
            let services = text::names(offered.services.iter().map(|service| service.name));
            self.complaints.push(complaint.hint(format!("it offers {services}")));
        }
        Some(route)
    }

    /// What is asked for an alias that no step defines: the usual connection, or the path of that name.
    fn request(&mut self, slot: &Slot, device: &'a Device, needs: &[&Need]) -> Option<Request> {
        let place = &needs.first()?.place;
        let via = match &slot.alias {
            Some(alias) => {
                let at = needs.first().and_then(|need| need.alias.as_ref()).unwrap_or(place);
                let defined: Vec<&str> = self.defined.aliases(device).collect();
                let via = via_of(device, &Placed::new(alias.clone(), at.clone()), &defined);
                match via {
                    Ok(via) => via,
                    Err(_) if self.may_define(alias) => return None,
                    Err(complaint) => {
                        self.complaints.push(*complaint);
                        return None;
                    }
                }
            }
            None => Vec::new(),
        };
        Some(Request { alias: slot.alias.clone(), via, place: Some(place.clone()), ..Request::default() })
    }

    /// Whether a step that could not be read may define an alias: the file names it more than once.
    fn may_define(&self, alias: &str) -> bool {
        let text = self.inputs.job.place.source().text();
        self.inputs.broken.is_any() && text.matches(&format!("alias: {alias}")).count() > 1
    }

    /// The device that a step means; `None` after a complaint.
    fn target(&mut self, target: &Target, device: Option<&'a Device>, place: &Place) -> Option<&'a Device> {
        let name = match target {
            Target::Cell => return device,
            Target::Named(name) => name,
        };
        match select::device_named(&Placed::new(name.clone(), place.clone()), self.inputs.testbed) {
            Ok(device) => Some(device),
            Err(_) if self.inputs.broken.is_in_testbed(self.inputs.testbed, self.inputs.job) => None,
            Err(complaint) => {
                self.complaints.push(*complaint);
                None
            }
        }
    }

    /// The devices of which a program ends every connection; `None` inside after a complaint.
    pub(super) fn wholes(&mut self, shared: &Shared<'_>, device: Option<&'a Device>) -> Vec<Option<DeviceId>> {
        let mut wholes = Vec::new();
        for (index, target) in shared.program.wholes.iter().enumerate() {
            let need = shared.needs.iter().find(|need| matches!(need.reach, Reach::All(whole) if whole.index() == index));
            let found = need.and_then(|need| self.target(target, device, &need.place));
            wholes.push(found.map(|device| self.routes.device(device)));
        }
        wholes
    }

    /// Notes what a bound program uses and ends, complains about branches that are in each other's way, and says which
    /// routes are left to its steps: those that it does not begin with a call of.
    pub(super) fn note_needs(&mut self, shared: &Shared<'_>, routes: &[Option<RouteId>], wholes: &[Option<DeviceId>]) -> BTreeSet<RouteId> {
        let (mut left, mut met) = (BTreeSet::new(), BTreeSet::new());
        for need in &shared.needs {
            let what = match need.reach {
                Reach::One(slot) => routes[slot.index()].map(Ended::Route),
                Reach::All(whole) => wholes[whole.index()].map(Ended::AllOf),
            };
            let Some(what) = what else {
                self.incomplete = true;
                continue;
            };
            if let Ended::Route(route) = what
                && met.insert(route)
                && !matches!(need.does, Does::Call(_))
            {
                left.insert(route);
            }
            match (need.does, what) {
                (Does::Call(_) | Does::Connect, Ended::Route(route)) => drop(self.used.insert(route)),
                (Does::Call(_) | Does::Connect, Ended::AllOf(_)) => {}
                (Does::End(_), what) => self.ends.push(End { place: need.alias.as_ref().unwrap_or(&need.place).clone(), what }),
            }
        }
        let known = &self.routes;
        let device = |need: &Need| match need.reach {
            Reach::One(slot) => routes[slot.index()].map(|route| known.device_of(route)),
            Reach::All(whole) => wholes[whole.index()],
        };
        let same = |one: &Need, other: &Need| match (one.reach, other.reach) {
            (Reach::One(one), Reach::One(other)) => routes[one.index()].is_some() && routes[one.index()] == routes[other.index()],
            (Reach::One(_) | Reach::All(_), _) => device(one).is_some() && device(one) == device(other),
        };
        siblings::check(&shared.pairs, &shared.needs, same, &mut self.complaints);
        left
    }

    /// Complains about connections that are ended, and that no step of the job uses or connects.
    pub(super) fn check_ends(&mut self) {
        if self.inputs.broken.is_any() {
            return;
        }
        let ends = std::mem::take(&mut self.ends);
        let is_used = |device: DeviceId| self.used.iter().any(|route| self.routes.device_of(*route) == device);
        for end in &ends {
            let message = match end.what {
                Ended::Route(route) if !self.used.contains(&route) => {
                    let device = &self.routes.devices[self.routes.device_of(route).index()].name;
                    format!("no step of the job uses or connects `{}` of device `{device}`", self.routes.alias_of(route))
                }
                // Of several devices, some may have nothing to end.
                Ended::AllOf(device)
                    if !self.incomplete
                        && !ends
                            .iter()
                            .any(|other| other.place == end.place && matches!(other.what, Ended::AllOf(device) if is_used(device))) =>
                {
                    format!("no step of the job uses a connection of device `{}`", self.routes.devices[device.index()].name)
                }
                Ended::Route(_) | Ended::AllOf(_) => continue,
            };
            let complaint = Diagnostic::error(&end.place, message);
            if !self.complaints.contains(&complaint) {
                self.complaints.push(complaint);
            }
        }
    }
}
