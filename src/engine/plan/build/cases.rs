//! The cells of one test: one for each of its devices and each combination of its matrix.

use super::{Builder, Draft, Shared};
use crate::base::diagnostic::Diagnostic;
use crate::connect::request::Request;
use crate::engine::plan::compile::Need;
use crate::engine::plan::names::Names;
use crate::engine::plan::step::{Reach, Target};
use crate::engine::plan::{Combination, DeviceId, RouteId, Run, early, features, label, locks, matrix};
use crate::eval::scope::Scope;
use crate::eval::value::Value;
use crate::model::job::Test;
use crate::model::matrix::Matrix;
use crate::model::testbed::Device;
use crate::record::event::{CellHead, CellKind};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The most test cases of a job. Each takes memory in the plan, the ledger and the reports.
pub(super) const MOST_CASES: usize = 200_000;

/// A program, bound to the connections of a device, or of the devices that its steps name.
#[derive(Default)]
pub(super) struct Bound<'a> {
    pub(super) device: Option<&'a Device>,
    routes: Vec<RouteId>,
    /// The devices of which it ends every connection.
    wholes: Vec<DeviceId>,
    /// The routes that its steps open.
    left: BTreeSet<RouteId>,
    pub(super) devices: BTreeSet<DeviceId>,
    /// Why its case is skipped.
    pub(super) skipped: Option<String>,
}

impl<'a> Builder<'a> {
    /// Compiles the matrix of a test; `None` after complaints.
    pub(super) fn matrix(&mut self, written: &'a Matrix, early: &Names, vars: &[(String, Value)]) -> Option<matrix::Compiled<'a>> {
        let known = early::Known::new(early, vars, &self.inputs.overrides);
        matrix::Compiled::new(written, &known, Arc::clone(&self.redactor), &mut self.complaints)
    }

    /// The cases of a test: for each device in turn, every combination of its matrix.
    pub(super) fn cases(
        &mut self,
        test: &Test,
        shared: &Shared<'_>,
        bound: &[Bound<'_>],
        mut matrix: Option<&mut matrix::Compiled<'_>>,
    ) -> Vec<Draft> {
        let room = if self.is_run { self.room } else { MOST_CASES };
        let mut drafts = Vec::new();
        for bound in bound {
            let fixed = self.fixed(bound.device);
            let room = room - drafts.len();
            let combinations = match matrix.as_mut().filter(|_| bound.skipped.is_none()) {
                Some(matrix) => {
                    let device = bound.device.map(|device| device.name.value.as_str());
                    matrix
                        .on(device, &fixed, room)
                        .map(|all| drafts.extend(all.iter().map(|one| self.draft(shared, bound, &fixed, Some(one)))))
                }
                None if room > 0 => {
                    drafts.push(self.draft(shared, bound, &fixed, None));
                    Ok(())
                }
                None => Err(matrix::TooMany),
            };
            if combinations.is_err() {
                let place = test.matrix.as_ref().map_or(&test.name.place, |matrix| &matrix.place);
                let message = format!("with this test the job has more than {MOST_CASES} test cases");
                self.complaints.push(Diagnostic::error(place, message));
                return Vec::new();
            }
        }
        drafts
    }

    /// Binds a program to a device; `None` after a complaint.
    pub(super) fn bind(&mut self, shared: &Shared<'_>, device: Option<&'a Device>) -> Option<Bound<'a>> {
        let skipped = device.and_then(|device| features::lacking(shared.requires, &[device]));
        let own = device.map(|device| self.routes.device(device));
        let mut routes = Vec::new();
        for (index, slot) in shared.program.slots.iter().enumerate() {
            let about = |need: &&Need| matches!(need.reach, Reach::One(slot) if slot.index() == index);
            let needs: Vec<&Need> = shared.needs.iter().filter(about).collect();
            // What a device lacks may be what its connections could not do.
            let is_asked = skipped.is_none() || slot.target != Target::Cell;
            routes.push(is_asked.then(|| self.route(slot, device, &needs)).flatten());
        }
        if skipped.is_some() {
            self.incomplete = true;
            return Some(Bound { device, skipped, devices: own.into_iter().collect(), ..Bound::default() });
        }
        let wholes = self.wholes(shared, device);
        let left = self.note_needs(shared, &routes, &wholes);
        if let Some(device) = device.filter(|_| self.inputs.broken.is_any()) {
            // The steps that would use it may be among what could not be read.
            let request = Request { place: Some(device.name.place.clone()), ..Request::default() };
            self.routes.resolve(device, &request, &mut self.complaints);
        }
        let routes: Vec<RouteId> = routes.into_iter().collect::<Option<_>>()?;
        let wholes: Vec<DeviceId> = wholes.into_iter().collect::<Option<_>>()?;
        let devices: BTreeSet<DeviceId> =
            routes.iter().map(|route| self.routes.device_of(*route)).chain(own).chain(wholes.iter().copied()).collect();
        let bound = Bound { device, routes, wholes, left, devices, skipped: None };
        if device.is_some() { Some(bound) } else { Some(self.with_required(shared, bound)) }
    }

    /// The same, skipped where the devices that the steps name lack what the test requires.
    fn with_required(&mut self, shared: &Shared<'_>, bound: Bound<'a>) -> Bound<'a> {
        let named: Vec<&Device> = bound.devices.iter().map(|id| &self.inputs.testbed.devices[id.index()]).collect();
        if let Some(first) = shared.requires.first().filter(|_| named.is_empty() && !self.inputs.broken.is_any()) {
            let complaint = Diagnostic::error(&first.place, "`requires` has nothing to do: this test uses no device");
            self.complaints.push(complaint.hint("give the test `devices:`, or its steps `device:`"));
        }
        match features::lacking(shared.requires, &named) {
            None => bound,
            skipped => Bound { device: bound.device, devices: bound.devices, skipped, ..Bound::default() },
        }
    }

    /// One case of a test on the devices that it is bound to, or the job's setup or teardown.
    pub(super) fn draft(&mut self, shared: &Shared<'_>, bound: &Bound<'_>, fixed: &Scope, matrix: Option<&Arc<Combination>>) -> Draft {
        let device = bound.device.map(|device| device.name.value.clone());
        let named = || bound.devices.iter().map(|device| self.routes.devices[device.index()].name.as_str());
        let inside = match &device {
            Some(device) => Some(device.clone()),
            None if shared.kind == CellKind::Test => Some(named().collect::<Vec<_>>().join("+")).filter(|names| !names.is_empty()),
            None => None,
        };
        let label = matrix.map(|matrix| matrix.label.clone());
        let inside: Vec<&str> = inside.iter().chain(&label).map(String::as_str).collect();
        let name = label::of_case(&shared.name, &inside, matrix.map(|matrix| matrix.number));
        let run = Run {
            test: shared.index,
            device: bound.device.map(|device| self.routes.device(device)),
            matrix: matrix.cloned(),
            skipped: bound.skipped.clone(),
            program: Arc::clone(&shared.program),
            routes: bound.routes.clone(),
            wholes: Vec::new(),
            left: bound.left.clone(),
            when: shared.when.clone(),
            timeout: shared.timeout.clone(),
            fixed: matrix.map_or_else(|| fixed.clone(), |matrix| fixed.over(matrix.layer.clone())),
            vars: Arc::clone(&shared.vars),
        };
        let head = CellHead { kind: shared.kind, name, test: shared.name.clone(), device, matrix: label };
        // In a broken job, what a name is made of may be missing; a case that is skipped holds nothing.
        let unnamed = self.inputs.broken.is_any() || run.skipped.is_some();
        let named = if unnamed { Ok(Vec::new()) } else { locks::render(&shared.locks, &run, head.device.as_deref()) };
        let locks = named.map_err(|complaint| self.complain_once(*complaint)).unwrap_or_default();
        Draft { head, run, wholes: bound.wholes.clone(), devices: bound.devices.clone(), locks }
    }
}
