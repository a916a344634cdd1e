//! `%INTF{alias}`: the interface of a device that `topology` gives that alias.

use super::reference::Own;
use crate::base::diagnostic::Diagnostic;
use crate::base::place::Place;
use crate::base::text;
use crate::model::yaml::{Entry, Kind, Yaml};

/// The name of the interface. Its alias is its name where `topology` says no other one.
///
/// # Errors
/// The markup stands in no device, or the device has no such interface.
pub(super) fn named(root: &Yaml, alias: &str, device: Option<Own<'_>>, place: &Place) -> Result<String, Box<Diagnostic>> {
    let Some(device) = device else {
        return Err(Box::new(Diagnostic::error(place, "`%INTF{}` is an interface of a device, but this does not stand in one")));
    };
    let interfaces = entries(root.get("topology").and_then(|topology| topology.get(device.name)).and_then(|own| own.get("interfaces")));
    if let Some(found) = interfaces.iter().find(|interface| alias_of(interface) == alias) {
        return Ok(found.key.value.clone());
    }
    let message = format!("device `{}` has no interface with the alias `{}` under `topology`", device.name, text::one_line(alias, 40));
    let near = text::nearest(alias, interfaces.iter().map(alias_of));
    Err(Box::new(Diagnostic::error(place, message).did_you_mean(near)))
}

fn alias_of(interface: &Entry) -> &str {
    let alias = interface.value.get("alias").and_then(Yaml::scalar).filter(|alias| !alias.value.is_null());
    alias.map_or(interface.key.value.as_str(), |alias| alias.text.as_str())
}

fn entries(yaml: Option<&Yaml>) -> &[Entry] {
    match yaml.map(|yaml| &yaml.kind) {
        Some(Kind::Map(entries)) => entries,
        _ => &[],
    }
}
