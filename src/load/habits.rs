//! Warns where YAML readers differ: a plain `yes`, `no`, `on` or `off` is text here and a boolean elsewhere.

use crate::base::diagnostic::Diagnostic;
use crate::load::complaints::{self, Complaints};
use crate::model::yaml::{Kind, Yaml};

/// Looks through a whole document.
pub(super) fn check(yaml: &Yaml, complaints: &Complaints) {
    match &yaml.kind {
        Kind::List(items) => items.iter().for_each(|item| check(item, complaints)),
        Kind::Map(entries) => {
            let open = entries.iter().filter(|entry| !complaints::is_secret_key(&entry.key.value));
            open.for_each(|entry| check(&entry.value, complaints));
        }
        Kind::Scalar(scalar) if !scalar.quoted && scalar.value.is_string() => {
            let meant = match scalar.text.as_str() {
                "yes" | "Yes" | "YES" | "on" | "On" | "ON" => "true",
                "no" | "No" | "NO" | "off" | "Off" | "OFF" => "false",
                _ => return,
            };
            let message = format!("`{}` is text here, but other YAML readers see a boolean", scalar.text);
            complaints.add(Diagnostic::warning(&yaml.place, message).hint(format!("write `{meant}`, or put it in quotes")));
        }
        Kind::Scalar(_) => {}
    }
}
