//! `topology`: interfaces of devices, and the links between them, as data.

use crate::base::Data;
use crate::base::diagnostic::Diagnostic;
use crate::base::text;
use crate::load::complaints::Complaints;
use crate::load::scalar;
use crate::model::testbed::Device;
use crate::model::yaml::{Entry, Yaml};
use indexmap::IndexMap;
use serde_json::{Map, json};
use std::collections::HashSet;

/// The most ends of a link whose interfaces list each other as `peers`; `links` lists the ends of any link.
const MOST_PEERS: usize = 64;

/// One interface on a link.
struct End<'a> {
    device: usize,
    interface: &'a Entry,
    link: &'a Yaml,
}

/// Reads `topology`: gives the links, and puts interfaces into their devices. `named` are the names under `devices`, also
/// of those that could not be read.
pub(super) fn read(
    topology: Option<&Yaml>,
    named: &HashSet<&str>,
    devices: &mut IndexMap<String, Device>,
    complaints: &Complaints,
) -> Map<String, Data> {
    let mut links: IndexMap<String, (Map<String, Data>, Vec<End<'_>>)> = IndexMap::new();
    let entries = parts(topology, "topology", complaints);
    let listed = topology.and_then(|topology| topology.get("links"));
    for link in parts(listed, "links", complaints) {
        let own = parts(Some(&link.value), &link.key.value, complaints);
        links.insert(link.key.value.clone(), (data_of(own), Vec::new()));
    }
    for entry in entries.iter().filter(|entry| entry.key.value != "links") {
        let interfaces = interfaces_of(entry, complaints);
        let Some(device) = device_of(entry, named, devices, complaints) else { continue };
        for interface in interfaces {
            let own = parts(Some(&interface.value), &interface.key.value, complaints);
            devices[device].interfaces.insert(interface.key.value.clone(), Data::Object(described(interface, own)));
            let link = interface.value.get("link").filter(|link| link.scalar().is_none_or(|scalar| !scalar.value.is_null()));
            if let Some(link) = link
                && let Some(name) = scalar::filled(link, "link", complaints)
            {
                links.entry(name.value).or_default().1.push(End { device, interface, link });
            }
        }
    }
    warn_of_loose_ends(listed, &links, complaints);
    links.into_iter().map(|(name, (own, ends))| (name.clone(), finished(&name, own, &ends, devices))).collect()
}

/// A link's data with its ends; where they are few, each learns of the others.
fn finished(name: &str, mut own: Map<String, Data>, ends: &[End<'_>], devices: &mut IndexMap<String, Device>) -> Data {
    let ends: Vec<(usize, &str, Data)> = ends
        .iter()
        .map(|end| {
            let interface = end.interface.key.value.as_str();
            (end.device, interface, json!({"device": devices[end.device].name.value, "interface": interface}))
        })
        .collect();
    if ends.len() <= MOST_PEERS {
        for (at, (device, interface, _)) in ends.iter().enumerate() {
            let peers = ends.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, (.., end))| end.clone()).collect();
            if let Some(Data::Object(data)) = devices[*device].interfaces.get_mut(*interface) {
                data.insert("peers".to_owned(), Data::Array(peers));
            }
        }
    }
    own.insert("name".to_owned(), name.into());
    own.insert("interfaces".to_owned(), Data::Array(ends.into_iter().map(|(.., end)| end).collect()));
    Data::Object(own)
}

fn described(interface: &Entry, own: &[Entry]) -> Map<String, Data> {
    let name = &interface.key.value;
    let mut data = Map::from_iter([("name".to_owned(), name.clone().into()), ("alias".to_owned(), name.clone().into())]);
    for known in ["type", "link", "ipv4", "ipv6"] {
        data.insert(known.to_owned(), Data::Null);
    }
    data.insert("peers".to_owned(), Data::Array(Vec::new()));
    data.extend(data_of(own).into_iter().filter(|(_, value)| !value.is_null()));
    data
}

/// The interfaces under a device's name; they may be missing.
fn interfaces_of<'a>(entry: &'a Entry, complaints: &Complaints) -> &'a [Entry] {
    let own = parts(Some(&entry.value), &entry.key.value, complaints);
    let interfaces = own.iter().find(|part| part.key.value == "interfaces").map(|part| &part.value);
    parts(interfaces, "interfaces", complaints)
}

/// The index of the device that a part of `topology` is about. pyATS knows it by its name only; an alias is as clear.
fn device_of(entry: &Entry, named: &HashSet<&str>, devices: &IndexMap<String, Device>, complaints: &Complaints) -> Option<usize> {
    let name = entry.key.value.as_str();
    if named.contains(name) {
        return devices.get_index_of(name);
    }
    let is_called = |device: &Device| device.attributes.get("alias").is_some_and(|alias| alias.value == name);
    let mut called = devices.values().enumerate().filter(|(_, device)| is_called(device));
    if let (Some((index, device)), None) = (called.next(), called.next()) {
        let message = format!("`{name}` is the alias of device `{}`, whose name belongs here", device.name.value);
        complaints.warning(&entry.key.place, message);
        return Some(index);
    }
    let message = format!("`topology` names the device `{}`, which is not in `devices`", text::one_line(name, 40));
    let near = text::nearest(name, devices.keys().map(String::as_str).chain(["links"]));
    complaints.add(Diagnostic::error(&entry.key.place, message).did_you_mean(near));
    None
}

/// Warns of a link that has one end only and is not among those that the testbed lists, where it lists any. Links need
/// not be listed, so that alone is no slip.
fn warn_of_loose_ends(under: Option<&Yaml>, links: &IndexMap<String, (Map<String, Data>, Vec<End<'_>>)>, complaints: &Complaints) {
    let listed: Vec<&str> = parts(under, "links", complaints).iter().map(|link| link.key.value.as_str()).collect();
    if listed.is_empty() {
        return;
    }
    for (name, (_, ends)) in links.iter().skip(listed.len()) {
        if let [end] = ends.as_slice() {
            let message = format!("the link `{}` is not under `links`, and has no other end", text::one_line(name, 40));
            let near = text::nearest(name, listed.iter().copied());
            complaints.add(Diagnostic::warning(&end.link.place, message).did_you_mean(near));
        }
    }
}

fn data_of(entries: &[Entry]) -> Map<String, Data> {
    entries.iter().map(|entry| (entry.key.value.clone(), entry.value.data())).collect()
}

/// The entries of a mapping; none where nothing is said.
fn parts<'a>(yaml: Option<&'a Yaml>, name: &str, complaints: &Complaints) -> &'a [Entry] {
    let said = yaml.filter(|yaml| !yaml.scalar().is_some_and(|scalar| scalar.value.is_null()));
    said.and_then(|yaml| scalar::map(yaml, name, complaints)).unwrap_or_default()
}
