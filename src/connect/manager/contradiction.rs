//! Whether a connection that exists is the one that is asked for.

use crate::base::duration;
use crate::base::text;
use crate::connect::manager::ManagerError;
use crate::connect::paths;
use crate::connect::registry::{Meaning, Registry};
use crate::connect::request::Request;
use crate::connect::route::{Route, Way};
use crate::model::testbed::Testbed;
use std::time::Duration;

/// Complains when an existing connection is not what is asked for. What nothing is said about contradicts nothing.
pub(super) fn check(existing: &Route, request: &Request, registry: &Registry, testbed: Option<&Testbed>) -> Result<(), ManagerError> {
    let contradiction = |setting: &str, is: String, asked: String| {
        let (alias, setting) = (existing.alias.clone(), setting.to_owned());
        Err(ManagerError::Contradiction { alias, setting, existing: is, asked })
    };
    if !request.via.is_empty() && !existing.via().eq(request.via.iter().map(String::as_str)) {
        let asked = text::names(request.via.iter().map(String::as_str));
        return contradiction("via", text::names(existing.via()), asked);
    }
    if let Some(written) = &request.class {
        let meaning = registry.meaning(written)?;
        let differs = |way: &&Way| meant(&meaning, way, registry, testbed).is_some_and(|name| name != way.class.spec().name);
        if let Some(other) = existing.ways.iter().find(differs) {
            return contradiction("class", format!("`{}`", other.class.spec().name), format!("`{written}`"));
        }
    }
    if let Some(size) = request.pool_size.filter(|size| existing.pool_size != Some(*size)) {
        let is = existing.pool_size.map_or_else(|| "unset".to_owned(), |size| size.to_string());
        return contradiction("pool_size", is, size.to_string());
    }
    let waits = existing.pool_timeout.as_ref().map_or(Duration::ZERO, |limit| limit.length);
    if let Some(timeout) = request.pool_timeout.filter(|timeout| *timeout != waits) {
        return contradiction("pool_timeout", duration::show(waits), duration::show(timeout));
    }
    if let Some(entry) = request.written.iter().find(|entry| !existing.has_option(entry)) {
        return contradiction(&entry.key.value, "unset or otherwise".to_owned(), "a value of its own".to_owned());
    }
    let differs = |name: &str, value| existing.ways.iter().any(|way| way.endpoint.options.0.get(name) != Some(value));
    if let Some((name, _)) = request.options.iter().find(|(name, value)| differs(name, value)) {
        return contradiction(name, "unset or otherwise".to_owned(), "a value of its own".to_owned());
    }
    Ok(())
}

/// The class that is asked for on that way; `None` where that cannot be told, as the testbed is gone.
fn meant(meaning: &Meaning, way: &Way, registry: &Registry, testbed: Option<&Testbed>) -> Option<&'static str> {
    match meaning {
        Meaning::Class(class) => Some(class.spec().name),
        Meaning::ByProtocol => {
            let subject = &way.endpoint.subject;
            let path = testbed?.devices.get(&subject.device)?.paths.get(&subject.via)?;
            let (protocol, _) = paths::protocol(path)?;
            registry.by_protocol(&protocol).ok().map(|class| class.spec().name)
        }
    }
}
