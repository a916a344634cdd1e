//! Why a manager did not do what it was asked.

use crate::base::text;
use crate::connect::registry::ClassError;
use crate::connect::route::RouteError;
use crate::record::fault::{Fault, Phase};

/// Why a manager did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManagerError {
    /// The testbed has no such device, or is gone.
    #[error("device `{device}` is not there{}", meant(.near.as_deref()))]
    NoDevice {
        /// The device.
        device: String,
        /// The device that was most likely meant.
        near: Option<String>,
    },
    /// Testbed and arguments do not make a route.
    #[error(transparent)]
    Route(#[from] RouteError),
    /// The class that was named is none.
    #[error(transparent)]
    Class(#[from] ClassError),
    /// The alias is taken by a connection that is another one.
    #[error("connection `{alias}` exists with {setting} {existing}, and {asked} was asked for")]
    Contradiction {
        /// The alias.
        alias: String,
        /// What contradicts: `class`, `via`, `pool_size`, or an option.
        setting: String,
        /// What it is.
        existing: String,
        /// What was asked for.
        asked: String,
    },
    /// A scope would end a connection that somebody else has connected.
    #[error("connection `{alias}` is connected already, and the end of a scope would close it")]
    ConnectedAlready {
        /// The alias.
        alias: String,
    },
    /// A connection failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// Some of several connections failed; the others were reached all the same.
    #[error("{}", several(.0))]
    Several(Vec<Fault>),
}

impl ManagerError {
    /// When it went wrong, which tells what can be done about it.
    #[must_use]
    pub fn phase(&self) -> Phase {
        match self {
            Self::NoDevice { .. } | Self::Class(_) => Phase::Resolution,
            Self::Route(error) => error.phase,
            Self::Contradiction { .. } | Self::ConnectedAlready { .. } => Phase::State,
            Self::Fault(fault) => fault.phase,
            Self::Several(faults) => faults.first().map_or(Phase::Internal, |fault| fault.phase),
        }
    }

    /// Whether asking again, with the same testbed and arguments, can help.
    #[must_use]
    pub fn retry_can_help(&self) -> bool {
        match self {
            Self::NoDevice { .. } | Self::Class(_) | Self::Route(_) | Self::Contradiction { .. } | Self::ConnectedAlready { .. } => false,
            Self::Fault(fault) => fault.kind.retry_can_help(),
            Self::Several(faults) => faults.iter().all(|fault| fault.kind.retry_can_help()),
        }
    }
}

fn meant(near: Option<&str>) -> String {
    near.map(|near| format!(": did you mean `{near}`?")).unwrap_or_default()
}

fn several(faults: &[Fault]) -> String {
    let told: Vec<String> = faults.iter().map(|fault| format!("{}: {fault}", alias_in(fault))).collect();
    format!("{} failed: {}", text::count(faults.len(), "connection"), told.join("; "))
}

fn alias_in(fault: &Fault) -> &str {
    fault.subject.as_ref().map_or("", |subject| subject.alias.as_str())
}
