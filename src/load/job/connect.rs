//! `connect`, `disconnect` and `destroy`: connections by hand.
//!
//! Which classes there are, and what they take, is not known here.

use crate::base::diagnostic::Diagnostic;
use crate::base::place::Placed;
use crate::load::complaints::Complaints;
use crate::load::fields::Fields;
use crate::load::scalar::{self, Dialect};
use crate::load::testbed::MOST_WORKERS;
use crate::model::step::{Connect, Which};
use crate::model::yaml::{Entry, Kind, Yaml};

/// The word for every connection.
const ALL: &str = "all";

/// Keys of `connect` that are the manager's; the others are options of the class.
const OWN: [&str; 5] = ["alias", "via", "class", "pool_size", "pool_timeout"];

/// Reads `connect`: an alias, or a mapping.
pub(super) fn connect(yaml: &Yaml, complaints: &Complaints) -> Option<Connect> {
    if matches!(yaml.kind, Kind::Scalar(_)) {
        let alias = name(yaml, "connect", complaints)?;
        if alias.value == ALL {
            let diagnostic = Diagnostic::error(&alias.place, "`all` cannot be connected: connections are connected one by one");
            complaints.add(diagnostic.hint("name the alias of one"));
            return None;
        }
        return Some(Connect { alias: Some(alias), ..Connect::default() });
    }
    let mut fields = Fields::of(yaml, "`connect`", Dialect::Job, complaints)?;
    let connect = Connect {
        alias: fields.take("alias").and_then(|entry| name(&entry.value, "alias", complaints)),
        via: fields.texts("via"),
        class: fields.take("class").and_then(|entry| name(&entry.value, "class", complaints)),
        pool_size: fields.integer("pool_size", 1..=MOST_WORKERS),
        pool_timeout: fields.length("pool_timeout"),
        options: options(fields.entries(), complaints),
    };
    if let Some(alias) = connect.alias.as_ref().filter(|alias| alias.value == ALL) {
        complaints.error(&alias.place, "`all` cannot be an alias: it means every connection");
    }
    for path in &connect.via {
        untemplated(path, "via", complaints);
    }
    Some(connect)
}

/// Reads `disconnect` or `destroy`: an alias, `all`, or a mapping with an alias.
pub(super) fn which(yaml: &Yaml, key: &'static str, complaints: &Complaints) -> Option<Which> {
    if matches!(yaml.kind, Kind::Scalar(_)) {
        let alias = name(yaml, key, complaints)?;
        return Some(if alias.value == ALL { Which::All } else { Which::Alias(alias) });
    }
    let what = if key == "destroy" { "`destroy`" } else { "`disconnect`" };
    let mut fields = Fields::of(yaml, what, Dialect::Job, complaints)?;
    let alias = fields.take("alias").and_then(|entry| name(&entry.value, "alias", complaints));
    fields.finish();
    Some(match alias {
        Some(alias) if alias.value == ALL => Which::All,
        Some(alias) => Which::Alias(alias),
        None => Which::Default,
    })
}

/// What the class is given. Its values are not rendered.
fn options(entries: &[Entry], complaints: &Complaints) -> Vec<Entry> {
    let options: Vec<Entry> = entries.iter().filter(|entry| !OWN.contains(&entry.key.value.as_str())).cloned().collect();
    for option in &options {
        if let Some(text) = option.value.text() {
            untemplated(&Placed::new(text.to_owned(), option.value.place.clone()), &option.key.value, complaints);
        }
    }
    options
}

fn name(yaml: &Yaml, key: &str, complaints: &Complaints) -> Option<Placed<String>> {
    if yaml.scalar().is_some_and(|scalar| scalar.value.is_null()) {
        let diagnostic = Diagnostic::error(&yaml.place, format!("`{key}` says nothing"));
        complaints.add(diagnostic.hint("the usual connection of the device is `default`"));
        return None;
    }
    let name = scalar::filled(yaml, key, complaints)?;
    untemplated(&name, key, complaints).then_some(name)
}

/// Complains about a template: connections are known before anything is run. True where there is none.
fn untemplated(text: &Placed<String>, key: &str, complaints: &Complaints) -> bool {
    let fixed = !scalar::is_template(&text.value);
    if !fixed {
        let diagnostic = Diagnostic::error(&text.place, format!("`{key}` takes no template here"));
        complaints.add(diagnostic.hint("which connections a job has is known before it runs"));
    }
    fixed
}
