//! Errors that a step expects, by the words that users write.
//!
//! What only a mistake in the job, an interrupt or a defect of this program brings cannot be expected: it would make a
//! test pass that tests nothing.

use crate::record::fault::{Fault, FaultKind, Phase};

/// When an error may be expected. `auth` is the part of creation in which the login is refused.
pub const PHASES: [(&str, ExpectedPhase); 5] = [
    ("validation", ExpectedPhase::Whole(Phase::Validation)),
    ("creation", ExpectedPhase::Whole(Phase::Creation)),
    ("auth", ExpectedPhase::Auth),
    ("state", ExpectedPhase::Whole(Phase::State)),
    ("call", ExpectedPhase::Whole(Phase::Call)),
];

/// What may be expected to go wrong.
pub const KINDS: [(&str, FaultKind); 13] = [
    ("invalid", FaultKind::Invalid),
    ("unreachable", FaultKind::Unreachable),
    ("host_key", FaultKind::HostKey),
    ("auth", FaultKind::Auth),
    ("missing", FaultKind::Missing),
    ("timeout", FaultKind::Timeout),
    ("lost", FaultKind::Lost),
    ("killed", FaultKind::Killed),
    ("refused", FaultKind::Refused),
    ("not_connected", FaultKind::NotConnected),
    ("pool_timeout", FaultKind::PoolTimeout),
    ("not_recorded", FaultKind::NotRecorded),
    ("too_large", FaultKind::TooLarge),
];

/// A phase that is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpectedPhase {
    /// All of a phase.
    Whole(Phase),
    /// The end of creation: introducing oneself.
    Auth,
}

impl ExpectedPhase {
    /// Whether a fault is of this phase.
    #[must_use]
    pub fn has(self, fault: &Fault) -> bool {
        match self {
            Self::Whole(phase) => fault.phase == phase,
            Self::Auth => fault.kind == FaultKind::Auth,
        }
    }
}

/// Whether a fault may be expected at all.
#[must_use]
pub fn can_be_expected(kind: FaultKind) -> bool {
    KINDS.iter().any(|(_, known)| *known == kind)
}
