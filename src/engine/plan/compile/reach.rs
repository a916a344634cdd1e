//! Binds steps to connections: which device, which alias, one or all.

use super::{Compiler, Does, Need};
use crate::base::diagnostic::Diagnostic;
use crate::base::place::{Place, Placed};
use crate::engine::plan::siblings::Pair;
use crate::engine::plan::step::{Member, Reach, Slot, SlotId, Target, WholeId};
use crate::model::step::{Step, Which};

impl Compiler<'_> {
    /// Finds or makes the slot of a step that calls a service.
    pub(super) fn slot(&mut self, step: &Step, does: Does, place: &Place) -> Option<SlotId> {
        let which = step.alias.clone().map_or(Which::Default, Which::Alias);
        match self.aim(step, does, &which, place)? {
            Reach::One(slot) => Some(slot),
            Reach::All(_) => None,
        }
    }

    /// Says which connections a step is about; of several devices, that of the first, and notes the others as members.
    pub(super) fn aim(&mut self, step: &Step, does: Does, which: &Which, place: &Place) -> Option<Reach> {
        if let Some(devices) = &step.devices {
            let selected = (self.around.select)(devices, self.complaints);
            let mut members = Vec::new();
            for (name, device) in selected {
                let reach = self.reach(Target::Named(name.clone()), which)?;
                self.need(step, does, which, (reach, place));
                members.push(Member { name, device, reach });
            }
            let first = members.first().map(|member| member.reach);
            self.members = members;
            return first;
        }
        let target = match &step.device {
            Some(device) => Target::Named(device.value.clone()),
            None if self.has_device => Target::Cell,
            // The devices may be among what could not be read.
            None if self.names.is_broken_here() => return None,
            None => {
                let complaint = Diagnostic::error(place, format!("this `{}` has no device", step.action.value.name()));
                self.complaints.push(complaint.hint("give the test `devices:`, or the step `device:`"));
                return None;
            }
        };
        let reach = self.reach(target, which)?;
        self.need(step, does, which, (reach, place));
        Some(reach)
    }

    fn reach(&mut self, target: Target, which: &Which) -> Option<Reach> {
        let alias = match which {
            Which::All => return position(&mut self.wholes, target).map(|index| Reach::All(WholeId(index))),
            Which::Default => None,
            Which::Alias(alias) => Some(alias.value.clone()),
        };
        position(&mut self.slots, Slot { target, alias }).map(|index| Reach::One(SlotId(index)))
    }

    fn need(&mut self, step: &Step, does: Does, which: &Which, (reach, place): (Reach, &Place)) {
        let alias = match which {
            Which::Alias(alias) => Some(alias.place.clone()),
            Which::Default | Which::All => None,
        };
        let place = step.device.as_ref().map_or(place, |device| &device.place).clone();
        self.needs.push(Need { reach, does, place, alias });
    }

    /// The slots that are needed since then, each once.
    pub(super) fn slots_since(&self, before: usize) -> Vec<SlotId> {
        let slot = |need: &Need| match need.reach {
            Reach::One(slot) => Some(slot),
            Reach::All(_) => None,
        };
        let mut slots: Vec<SlotId> = self.needs[before..].iter().filter_map(slot).collect();
        slots.sort_unstable();
        slots.dedup();
        slots
    }

    /// Notes the needs of branches that run side by side, one of which opens or closes a connection. `ends` says where in
    /// the list of needs each branch begins and ends.
    pub(super) fn pair(&mut self, ends: &[usize]) {
        let branches: Vec<std::ops::Range<usize>> = ends.windows(2).map(|pair| pair[0]..pair[1]).collect();
        let changes = |index: &usize| !matches!(self.needs[*index].does, Does::Call(_));
        for (number, branch) in branches.iter().enumerate() {
            for change in branch.clone().filter(changes) {
                for (other_number, other) in branches.iter().enumerate().filter(|(other, _)| *other != number) {
                    // Two changes are told once.
                    let wanted = other.clone().filter(|other| other_number > number || !changes(other));
                    self.pairs.extend(wanted.map(|other| Pair { change, other }));
                }
            }
        }
    }

    /// Complains about a connection that the turns of a loop, which run side by side, would open or close for each other.
    pub(super) fn check_turns(&mut self, step: &Step, before: usize) {
        if step.parallel.is_none() || step.repeat.is_none() || step.devices.is_some() {
            return;
        }
        for need in &self.needs[before..] {
            let word = match need.does {
                Does::Call(_) => continue,
                Does::Connect => "connect",
                Does::End(word) => word,
            };
            let message = format!("`{word}` within a parallel `loop`: its turns would do this to each other's connection");
            self.complaints.push(Diagnostic::error(&need.place, message));
        }
    }
}

/// What a step is called that connects.
pub(super) fn called(step: &Step, alias: Option<&Placed<String>>) -> Placed<String> {
    let name = step.action.value.name();
    let text = alias.map_or_else(|| name.to_owned(), |alias| format!("{name} {}", alias.value));
    Placed::new(text, step.action.place.clone())
}

/// What a step is called that ends connections.
pub(super) fn called_which(step: &Step, which: &Which) -> Placed<String> {
    match which {
        Which::Default => called(step, None),
        Which::Alias(alias) => called(step, Some(alias)),
        Which::All => Placed::new(format!("{} all", step.action.value.name()), step.action.place.clone()),
    }
}

/// The index of an item, which is added where it is missing.
fn position<T: PartialEq>(list: &mut Vec<T>, item: T) -> Option<u32> {
    let index = list.iter().position(|known| *known == item).unwrap_or_else(|| {
        list.push(item);
        list.len() - 1
    });
    u32::try_from(index).ok()
}
