//! `%{a.b}` and `%{self.x}`: what a path of keys leads to.

use crate::base::text;
use crate::model::yaml::{Kind, Yaml};

/// The most parts of a path that one key may take up.
const MOST_DOTS: usize = 8;

/// What a path leads to.
pub(super) struct Target<'a> {
    /// The value.
    pub(super) yaml: &'a Yaml,
    /// The device that it belongs to, if it does.
    pub(super) device: Option<Own<'a>>,
}

/// The device that `self` means.
#[derive(Clone, Copy)]
pub(super) struct Own<'a> {
    /// Its name.
    pub(super) name: &'a str,
    /// What the testbed says about it.
    pub(super) yaml: &'a Yaml,
}

/// Why a path leads nowhere, and the name that may be meant.
pub(super) type Lost = (String, Option<String>);

/// Finds what a path names. `device` is the device that `self` means, where there is one.
///
/// # Errors
/// A sentence that says which part leads nowhere.
pub(super) fn find<'a>(root: &'a Yaml, path: &str, device: Option<Own<'a>>) -> Result<Target<'a>, Lost> {
    let parts: Vec<&str> = path.split('.').map(str::trim).collect();
    if let Some((&"self", rest)) = parts.split_first() {
        let Some(device) = device else { return Err(("`self` is a device, but this does not stand in one".to_owned(), None)) };
        return walk(device.yaml, rest).map(|target| Target { device: Some(device), ..target });
    }
    let mut target = walk(root, &parts)?;
    if let Some((&"devices", rest)) = parts.split_first() {
        let own = root.get("devices").and_then(|devices| step(devices, rest));
        target.device = own.and_then(|own| Some(Own { name: own.key?, yaml: own.yaml }));
    }
    Ok(target)
}

fn walk<'a>(root: &'a Yaml, parts: &[&str]) -> Result<Target<'a>, Lost> {
    let (mut yaml, mut rest) = (root, parts);
    while let Some(first) = rest.first() {
        let Some(found) = step(yaml, rest) else {
            let keys = match &yaml.kind {
                Kind::Map(entries) => entries.iter().map(|entry| entry.key.value.as_str()).collect(),
                Kind::List(_) | Kind::Scalar(_) => Vec::new(),
            };
            let before = &parts[..parts.len() - rest.len()];
            let within = if before.is_empty() { String::new() } else { format!(" in `{}`", text::one_line(&before.join("."), 40)) };
            let near = text::nearest(first, keys).map(str::to_owned);
            return Err((format!("there is no `{}`{within}", text::one_line(first, 40)), near));
        };
        yaml = found.yaml;
        rest = &rest[found.count..];
    }
    Ok(Target { yaml, device: None })
}

/// One step on the way.
struct Step<'a> {
    yaml: &'a Yaml,
    /// The key, where the step went into a mapping.
    key: Option<&'a str>,
    /// How many parts of the path it took.
    count: usize,
}

/// Takes one step. A key may hold dots itself, so the longest that fits is taken.
fn step<'a>(yaml: &'a Yaml, parts: &[&str]) -> Option<Step<'a>> {
    match &yaml.kind {
        Kind::Map(entries) => {
            let longest = parts.len().min(MOST_DOTS);
            (1..=longest).rev().find_map(|count| {
                let key = parts[..count].join(".");
                let entry = entries.iter().find(|entry| entry.key.value == key)?;
                Some(Step { yaml: &entry.value, key: Some(&entry.key.value), count })
            })
        }
        Kind::List(items) => {
            let yaml = parts.first()?.parse::<usize>().ok().and_then(|index| items.get(index))?;
            Some(Step { yaml, key: None, count: 1 })
        }
        Kind::Scalar(_) => None,
    }
}
