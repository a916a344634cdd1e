//! `requires` of a test: features that its devices must have.

use crate::base::diagnostic::Diagnostic;
use crate::base::place::Placed;
use crate::base::text;
use crate::model::testbed::{Device, Testbed};

/// Warns about every feature that no device of the testbed has.
pub(super) fn check(required: &[Placed<String>], testbed: &Testbed, complaints: &mut Vec<Diagnostic>) {
    let all = || testbed.devices.values().flat_map(|device| device.features.iter().map(|feature| feature.value.as_str()));
    for feature in required.iter().filter(|feature| all().all(|known| known != feature.value)) {
        let message = format!("no device of the testbed has the feature `{}`", feature.value);
        let complaint = Diagnostic::warning(&feature.place, message).did_you_mean(text::nearest(&feature.value, all()));
        complaints.push(complaint.hint("every case of this test is skipped"));
    }
}

/// What devices lack of that, as the reason for a skipped case; `None` when they lack nothing.
pub(super) fn lacking(required: &[Placed<String>], devices: &[&Device]) -> Option<String> {
    let lacks = |device: &&Device| {
        let has = |feature: &str| device.features.iter().any(|own| own.value == feature);
        let missing: Vec<&str> = required.iter().map(|feature| feature.value.as_str()).filter(|feature| !has(feature)).collect();
        let noun = if missing.len() == 1 { "the feature" } else { "the features" };
        let sentence = format!("device `{}` lacks {noun} {}", device.name.value, text::names(missing.iter().copied()));
        (!missing.is_empty()).then_some(sentence)
    };
    let reasons: Vec<String> = devices.iter().filter_map(lacks).collect();
    (!reasons.is_empty()).then(|| reasons.join(", "))
}
