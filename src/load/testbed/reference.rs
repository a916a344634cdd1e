//! `%{a.b}` and `%{self.x}`: what a path of keys leads to.

use crate::base::text;
use crate::model::yaml::{Kind, Yaml};

/// Finds what a path names. `device` is the device that `self` means, where there is one.
///
/// # Errors
/// A sentence that says which part leads nowhere, and the name that may be meant.
pub(super) fn find<'a>(root: &'a Yaml, path: &str, device: Option<&str>) -> Result<&'a Yaml, (String, Option<String>)> {
    let parts: Vec<&str> = path.split('.').map(str::trim).collect();
    let (mut node, mut rest) = (root, parts.as_slice());
    let mut at = "the testbed".to_owned();
    if let Some(("self", after)) = parts.split_first().map(|(first, after)| (*first, after)) {
        let Some(device) = device else { return Err(("`self` is a device, but this does not stand in one".to_owned(), None)) };
        let found = root.get("devices").and_then(|devices| devices.get(device));
        node = found.ok_or_else(|| (format!("there is no device `{device}`"), None))?;
        rest = after;
        at = format!("`{device}`");
    }
    while !rest.is_empty() {
        // A key may hold dots itself, so the longest that fits is taken.
        let step = (1..=rest.len()).rev().find_map(|count| child(node, &rest[..count].join(".")).map(|found| (count, found)));
        let Some((count, found)) = step else {
            let keys = match &node.kind {
                Kind::Map(entries) => entries.iter().map(|entry| entry.key.value.as_str()).collect(),
                Kind::List(_) | Kind::Scalar(_) => Vec::new(),
            };
            let near = text::nearest(rest[0], keys).map(str::to_owned);
            return Err((format!("there is no `{}` in {at}", text::one_line(rest[0], 40)), near));
        };
        at = format!("`{}`", rest[..count].join("."));
        node = found;
        rest = &rest[count..];
    }
    Ok(node)
}

fn child<'a>(node: &'a Yaml, key: &str) -> Option<&'a Yaml> {
    match &node.kind {
        Kind::Map(_) => node.get(key),
        Kind::List(items) => key.parse::<usize>().ok().and_then(|index| items.get(index)),
        Kind::Scalar(_) => None,
    }
}
