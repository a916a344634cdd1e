//! Branches that run side by side leave each other's connections alone.

use crate::base::diagnostic::Diagnostic;
use crate::engine::plan::compile::{Does, Need};

/// Two needs of different branches, by their index: the first opens or closes what it is about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pair {
    pub(super) change: usize,
    pub(super) other: usize,
}

/// Complains about pairs that are about one connection, as `same` knows once they are bound.
pub(super) fn check(pairs: &[Pair], needs: &[Need], same: impl Fn(&Need, &Need) -> bool, complaints: &mut Vec<Diagnostic>) {
    for pair in pairs {
        let (change, other) = (&needs[pair.change], &needs[pair.other]);
        if !same(change, other) {
            continue;
        }
        let word = match change.does {
            Does::Connect | Does::Call(_) => "connect",
            Does::End(word) => word,
        };
        let message = format!("`{word}` of a connection that a branch at its side uses");
        let complaint = Diagnostic::error(&change.place, message).also(&other.place, "used here, at the same time");
        let complaint = complaint.hint("give the branches connections of their own by `alias`, or let one follow the other");
        // A test is bound once for each of its devices.
        if !complaints.contains(&complaint) {
            complaints.push(complaint);
        }
    }
}
