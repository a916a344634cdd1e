//! Which parts of the files could not be read, so that nothing is complained of that only follows from that, and everything
//! else is.

use crate::base::diagnostic::{Diagnostic, Severity};
use crate::base::place::Place;
use crate::model::job::{Job, Test};
use crate::model::testbed::Testbed;
use std::sync::Arc;

/// Where the files have errors.
#[derive(Debug, Clone, Default)]
pub struct Broken {
    places: Vec<Place>,
    /// Whether there are errors without a place.
    elsewhere: bool,
}

impl Broken {
    /// Takes the places of the errors among these complaints.
    #[must_use]
    pub fn of(complaints: &[Diagnostic]) -> Self {
        let errors = complaints.iter().filter(|complaint| complaint.severity == Severity::Error);
        let elsewhere = errors.clone().any(|error| error.place.is_none());
        Self { places: errors.filter_map(|error| error.place.clone()).collect(), elsewhere }
    }

    /// Whether anything could not be read.
    #[must_use]
    pub fn is_any(&self) -> bool {
        self.elsewhere || !self.places.is_empty()
    }

    /// Whether something about a test could not be read, from where it begins to where the next one does; without one, something
    /// of the job before its first test or after the beginning of the last one.
    pub(super) fn is_within(&self, test: Option<&Test>, job: &Job) -> bool {
        let begin = |test: &Test| test.place.range().start;
        let begins = job.tests.iter().map(begin);
        let is_near = |at: usize| match test {
            Some(test) => at >= begin(test) && begins.clone().filter(|other| *other > begin(test)).all(|next| at < next),
            None => begins.clone().min().is_none_or(|first| at < first) || begins.clone().max().is_none_or(|last| at >= last),
        };
        let mut in_job = self.places.iter().filter(|place| Arc::ptr_eq(place.source(), job.place.source()));
        self.elsewhere || in_job.any(|place| is_near(place.range().start))
    }

    /// Whether something of the testbed could not be read.
    pub(super) fn is_in_testbed(&self, testbed: &Testbed, job: &Job) -> bool {
        let of_job = |place: &Place| Arc::ptr_eq(place.source(), job.place.source());
        let is_inline = testbed.devices.first().is_none_or(|(_, device)| of_job(&device.name.place));
        self.is_any() && (self.elsewhere || is_inline || !self.places.iter().all(of_job))
    }
}
