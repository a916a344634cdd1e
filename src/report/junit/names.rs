//! Names that every reader keeps apart: readers split a classname at its last dot, and drop one of two cases that are
//! called the same.

use crate::base::unique::Unique;
use crate::record::event::CellHead;
use crate::report::clean;
use std::collections::HashMap;

/// The most characters of a case's name.
const NAME: usize = CellHead::LONGEST_NAME;
/// The most characters of each half of a classname.
const HALF: usize = 100;
/// What stands for the device where there is none.
const TESTBED: &str = "testbed";

/// The classnames of a run: `JOB.DEVICE`.
#[derive(Debug)]
pub(super) struct ClassNames<'a> {
    job: String,
    devices: HashMap<&'a str, String>,
}

impl<'a> ClassNames<'a> {
    /// Gives each device a text of its own. A name that needs no change stays; of several that become the same, the
    /// first in the order of the alphabet has it and the others get a number, so that it does not matter which comes
    /// first in the plan.
    pub(super) fn new(job: &str, devices: impl IntoIterator<Item = &'a str>) -> Self {
        let mut names: Vec<&str> = devices.into_iter().collect();
        names.sort_unstable();
        names.dedup();
        let (same, changed): (Vec<&str>, Vec<&str>) = names.into_iter().partition(|name| *name != TESTBED && half(name) == *name);
        let mut taken = Unique::new(NAME);
        taken.take(TESTBED, "_");
        let devices = same.into_iter().chain(changed).map(|name| (name, taken.take(&half(name), "_"))).collect();
        Self { job: half(job), devices }
    }

    /// The classname of a cell of that device, or of the whole testbed.
    pub(super) fn of(&self, device: Option<&str>) -> String {
        let device = device.and_then(|device| self.devices.get(device)).map_or(TESTBED, String::as_str);
        format!("{}.{device}", self.job)
    }
}

/// Case names that are given already.
#[derive(Debug)]
pub(super) struct CaseNames(Unique);

impl Default for CaseNames {
    fn default() -> Self {
        Self(Unique::new(NAME))
    }
}

impl CaseNames {
    /// The name on one line, with a number behind it when it is taken.
    pub(super) fn unique(&mut self, name: &str) -> String {
        let line = clean::line(name, NAME);
        let line = if line.is_empty() { "unnamed".to_owned() } else { line };
        self.0.take(&line, "~")
    }
}

/// Letters, digits and hyphens stay; everything else becomes `_`.
fn half(name: &str) -> String {
    let kept = |c: char| if c.is_alphanumeric() || c == '-' { c } else { '_' };
    let half: String = name.chars().take(HALF).map(kept).collect();
    if half.is_empty() { "_".to_owned() } else { half }
}

/// A name that stands for a file or a job where there is no device.
pub(super) fn of_testbed(name: &str) -> String {
    format!("{}.{TESTBED}", half(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn devices_that_look_alike_get_classnames_of_their_own_in_any_order() {
        let devices = ["r1", "a_b", "a.b", "a/b", "10.0.0.1", "testbed", ""];
        for order in [devices.to_vec(), devices.iter().rev().copied().collect()] {
            let names = ClassNames::new("smoke v1.2", order);
            let shown: Vec<String> = devices.iter().map(|device| names.of(Some(device))).collect();
            let job = "smoke_v1_2";
            let expected = ["r1", "a_b", "a_b_2", "a_b_3", "10_0_0_1", "testbed_2", "_"].map(|device| format!("{job}.{device}"));
            assert_eq!(shown, expected);
            assert_eq!(names.of(None), format!("{job}.testbed"));
        }
    }

    #[test]
    fn a_number_never_makes_a_name_that_another_device_has() {
        let names = ClassNames::new("j", ["a_b_2", "a_b", "a.b"]);
        assert_eq!(names.of(Some("a.b")), "j.a_b_3");
    }

    #[test]
    fn case_names_are_unique_within_255_characters() {
        let mut names = CaseNames::default();
        let long = "x".repeat(300);
        assert_eq!(names.unique("ping [r1]"), "ping [r1]");
        assert_eq!(names.unique("ping\n[r1]"), "ping [r1]~2");
        assert_eq!(names.unique("ping [r1]~2"), "ping [r1]~2~2");
        assert_eq!(names.unique(""), "unnamed");
        let first = names.unique(&long);
        let second = names.unique(&long);
        assert_ne!(first, second);
        assert_eq!((first.chars().count(), second.chars().count()), (255, 255));
    }

    #[test]
    fn very_many_names_that_are_the_same_take_linear_time() {
        let mut names = CaseNames::default();
        let all: HashSet<String> = (0..20_000).map(|_| names.unique("same")).collect();
        assert_eq!(all.len(), 20_000);
    }
}
