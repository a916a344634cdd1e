//! What ends a wait for a worker without one.

use crate::base::deadline::Deadline;
use crate::connect::class::Limits;
use crate::connect::interrupt::Woken;
use crate::connect::registry::Known;
use crate::connect::route::Route;
use crate::record::fault::{Fault, FaultKind, Phase};
use std::io;
use std::time::Instant;

/// When a wait for a worker ends: the deadline, or the `pool_timeout` if that is sooner.
pub(super) fn wait_deadline(route: &Route, deadline: &Deadline) -> Deadline {
    let own = route.pool_timeout.as_ref().map(|limit| Deadline::new(Instant::now(), limit.clone()));
    own.map_or_else(|| deadline.clone(), |own| own.sooner(deadline.clone()))
}

pub(super) fn none_free(route: &Route, deadline: &Deadline) -> Fault {
    let (alias, limit) = (&route.alias, deadline.limit());
    let message = match route.pool_size {
        Some(_) => format!("no worker of pool `{alias}` came free within {limit}"),
        None => format!("connection `{alias}` is in use and did not come free within {limit}"),
    };
    let mut fault = Fault::new(FaultKind::PoolTimeout, message);
    fault.limit = Some(limit.clone());
    fault.on(&route.subject())
}

pub(super) fn interrupted() -> Fault {
    Fault::new(FaultKind::Interrupted, "the run was interrupted before a worker came free").in_phase(Phase::State)
}

pub(super) fn unwaitable(error: &io::Error) -> Fault {
    Fault::new(FaultKind::Internal, format!("a worker cannot be waited for: {error}"))
}

pub(super) fn ended(doing: &str, woken: io::Result<Woken>, limits: &Limits<'_>) -> Result<(), Fault> {
    match woken {
        Ok(Woken::Ready) => Ok(()),
        Ok(Woken::Late) => Err(Fault::timeout(doing, limits.deadline.limit()).in_phase(Phase::State)),
        Ok(Woken::Interrupted) => Err(interrupted()),
        Err(error) => Err(unwaitable(&error)),
    }
}

/// Says which class of the route lacks a service, and what it offers.
pub(super) fn incapable(route: &Route, service: &str) -> Fault {
    let lacking = route.ways.iter().find(|way| way.class.spec().service(service).is_none());
    let Some(spec) = lacking.map(|way| way.class.spec()) else {
        return Fault::new(FaultKind::Capability, format!("there is no service `{service}`")).on(&route.subject());
    };
    let offered = Known::new(spec.services.iter().map(|service| service.name));
    let message = format!("class `{}` has no service `{service}`, it offers {offered}", spec.name);
    let fault = Fault::new(FaultKind::Capability, message).on(&route.subject());
    match offered.near(service) {
        Some(near) => fault.hinted(format!("did you mean `{near}`?")),
        None => fault,
    }
}
