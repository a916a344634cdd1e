//! The branches of a `parallel` group: no two of them write one name, and none uses what another one writes.

use crate::base::diagnostic::Diagnostic;
use crate::base::place::Placed;
use crate::model::assertion::Capture;
use crate::model::step::{Action, Step};
use std::collections::BTreeMap;

/// The names that a step and all steps in it capture or set.
pub(super) fn written(step: &Step) -> Vec<&Placed<String>> {
    let mut names: Vec<&Placed<String>> = match &step.capture {
        Some(Capture::Whole(name)) => vec![name],
        Some(Capture::Parts(parts)) => parts.iter().map(|part| &part.name).collect(),
        None => Vec::new(),
    };
    match &step.action.value {
        Action::Set(entries) => names.extend(entries.iter().map(|entry| &entry.key)),
        Action::Group { steps, always, .. } => names.extend(steps.iter().chain(always).flat_map(written)),
        _ => {}
    }
    names
}

/// Whether the steps of a group run side by side. With a `loop`, its turns do, and the steps of a turn do not.
pub(super) fn fans_out(group: &Step) -> bool {
    group.parallel.is_some() && group.repeat.is_none()
}

/// Complains about every name that two branches write: whichever ended last would win.
pub(super) fn check_writers(branches: &[Step], complaints: &mut Vec<Diagnostic>) {
    let mut writers: BTreeMap<&str, (usize, &Placed<String>)> = BTreeMap::new();
    for (index, branch) in branches.iter().enumerate() {
        for name in written(branch) {
            let (first, other) = *writers.entry(&name.value).or_insert((index, name));
            if first != index {
                let sentence = format!("two branches of a `parallel` group write `{}`", name.value);
                let complaint = Diagnostic::error(&name.place, sentence).also(&other.place, "the other one");
                complaints.push(complaint.hint("whichever ended last would win: give each a name of its own"));
            }
        }
    }
}
