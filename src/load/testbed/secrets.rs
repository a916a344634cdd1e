//! Every secret of a testbed, wherever it stands: under `credentials`, `servers`, or a key of the user's own.

use crate::base::secret::Secret;
use crate::load::complaints::is_secret_key;
use crate::model::testbed::NamedSecret;
use crate::model::yaml::{Kind, Scalar, Yaml};

/// Data that is the user's own business: jobs show it as it is.
const OPEN: &str = "custom";

/// Keys whose mappings hold things by their names.
const OF_NAMES: [&str; 7] = ["devices", "connections", "credentials", "servers", "topology", "links", "interfaces"];

/// Collects the values under keys such as `password` from a tree whose markup is expanded.
pub(super) fn collect(tree: &Yaml) -> Vec<NamedSecret> {
    let mut found = Vec::new();
    walk(tree, &mut Vec::new(), false, &mut found);
    found
}

fn walk<'a>(yaml: &'a Yaml, keys: &mut Vec<&'a str>, is_secret: bool, found: &mut Vec<NamedSecret>) {
    match &yaml.kind {
        Kind::Scalar(scalar) if is_secret && may_be_secret(scalar) => {
            let name = format!("{} at {}", keys.join("."), yaml.place.file_line());
            found.push(NamedSecret { name, secret: Secret::new(scalar.text.clone()) });
        }
        Kind::Scalar(_) => {}
        Kind::List(items) => items.iter().for_each(|item| walk(item, keys, is_secret, found)),
        Kind::Map(entries) => {
            for entry in entries.iter().filter(|entry| entry.key.value != OPEN) {
                // A device may be called `password`.
                let is_name = keys.last().is_some_and(|key| OF_NAMES.contains(key)) && entry.value.scalar().is_none();
                let is_secret = is_secret || !is_name && is_secret_key(&entry.key.value);
                keys.push(&entry.key.value);
                walk(&entry.value, keys, is_secret, found);
                keys.pop();
            }
        }
    }
}

/// Neither nothing, nor a switch.
fn may_be_secret(scalar: &Scalar) -> bool {
    !scalar.text.is_empty() && (scalar.value.is_string() || scalar.value.is_number())
}
