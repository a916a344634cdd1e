//! What a step does: exactly one action.

use super::{Context, connect, names, step};
use crate::base::diagnostic::Diagnostic;
use crate::base::place::{Place, Placed};
use crate::base::text;
use crate::load::complaints::Complaints;
use crate::load::fields::Fields;
use crate::load::scalar;
use crate::model::step::Action;
use crate::model::yaml::{Entry, Kind, Yaml};

/// The actions. `assert` is one where it stands alone.
pub(super) const NAMES: [&str; 12] =
    ["execute", "configure", "connect", "disconnect", "destroy", "shell", "set", "log", "wait", "fail", "skip", "group"];

/// Actions that this version lacks.
pub(super) const LATER: [&str; 9] = ["dialog", "reload", "request", "rpc", "upload", "download", "service", "snapshot", "call"];

/// Reads the action of a step; `None` after a complaint.
pub(super) fn read(fields: &mut Fields<'_>, context: &Context<'_>) -> Option<Placed<Action>> {
    let complaints = context.complaints;
    let found: Vec<&Entry> = NAMES.iter().filter_map(|name| fields.take(name)).collect();
    match found.as_slice() {
        [] => {
            let alone = fields.entries().iter().find(|entry| entry.key.value == "assert")?;
            Some(Placed::new(Action::Assert, alone.key.place.clone()))
        }
        [entry] => {
            let action = action(entry, fields, context)?;
            Some(Placed::new(action, entry.key.place.clone()))
        }
        several => {
            let mut keys: Vec<_> = several.iter().map(|entry| &entry.key).collect();
            keys.sort_by_key(|key| key.place.range().start);
            let names = text::names(keys.iter().map(|key| key.value.as_str()));
            let diagnostic = Diagnostic::error(&keys[1].place, format!("a step does exactly one thing, but this one has {names}"));
            complaints.add(diagnostic.also(&keys[0].place, "the first is here").hint("make a step of each"));
            for key in ["steps", "always"] {
                fields.take(key);
            }
            None
        }
    }
}

/// Whether a step has an action that this version lacks.
pub(super) fn is_later(fields: &Fields<'_>) -> bool {
    fields.entries().iter().any(|entry| LATER.contains(&entry.key.value.as_str()))
}

/// Complains about a step without action, unless a key that is wrong or not supported was meant to be one.
pub(super) fn check_any(fields: &Fields<'_>) {
    let acts = |entry: &Entry| {
        let key = entry.key.value.as_str();
        key == "assert" || NAMES.contains(&key)
    };
    if !fields.entries().iter().any(acts) && !is_later(fields) && fields.rest().next().is_none() {
        let diagnostic = Diagnostic::error(fields.place, "this step has no action");
        fields.complaints.add(diagnostic.hint(format!("an action is one of {} or `assert`", text::names(NAMES))));
    }
}

fn action(entry: &Entry, fields: &mut Fields<'_>, context: &Context<'_>) -> Option<Action> {
    let (value, complaints) = (&entry.value, context.complaints);
    match entry.key.value.as_str() {
        "execute" => commands(value, "execute", complaints).map(Action::Execute),
        "configure" => lines(value, complaints).map(Action::Configure),
        "connect" => connect::connect(value, complaints).map(Box::new).map(Action::Connect),
        "disconnect" => connect::which(value, "disconnect", complaints).map(Action::Disconnect),
        "destroy" => connect::which(value, "destroy", complaints).map(Action::Destroy),
        "shell" => {
            cut_short(value, complaints);
            scalar::filled(value, "shell", complaints).map(Action::Shell)
        }
        "set" => set(value, complaints),
        "log" => scalar::filled(value, "log", complaints).map(Action::Log),
        "wait" => scalar::length(value, "wait", scalar::Dialect::Job, complaints).map(Action::Wait),
        "fail" => scalar::filled(value, "fail", complaints).map(Action::Fail),
        "skip" => scalar::filled(value, "skip", complaints).map(Action::Skip),
        _ => group(value, fields, context),
    }
}

fn commands(value: &Yaml, name: &str, complaints: &Complaints) -> Option<Vec<Placed<String>>> {
    match &value.kind {
        Kind::List(items) => items.iter().for_each(|item| cut_short(item, complaints)),
        Kind::Scalar(_) => cut_short(value, complaints),
        Kind::Map(_) => {
            let message = format!("`{name}` with a mapping is not supported by this version");
            complaints.add(Diagnostic::error(&value.place, message).hint("write a text or a list of texts"));
            return None;
        }
    }
    let commands = scalar::texts(value, name, complaints);
    for command in &commands {
        if command.value.trim_end().contains('\n') && name == "execute" {
            let diagnostic = Diagnostic::error(&command.place, "`execute` wants one command per text, found several lines");
            complaints.add(diagnostic.hint("write a list of commands"));
        }
    }
    (!commands.is_empty()).then_some(commands)
}

/// The lines of a configuration. A text is split; indentation is kept, since some platforms read it.
fn lines(value: &Yaml, complaints: &Complaints) -> Option<Vec<Placed<String>>> {
    let texts = commands(value, "configure", complaints)?;
    let lines = texts.iter().flat_map(|text| {
        let filled = text.value.lines().filter(|line| !line.trim().is_empty());
        filled.map(|line| Placed::new(line.trim_end().to_owned(), place_of(line.trim(), text)))
    });
    Some(lines.collect())
}

/// Where a line of a text stands, as far as that is certain.
fn place_of(line: &str, text: &Placed<String>) -> Place {
    let mut found = text.place.text().match_indices(line);
    match (found.next(), found.next()) {
        (Some((at, _)), None) => text.place.part(at..at + line.len()),
        _ => text.place.clone(),
    }
}

fn set(value: &Yaml, complaints: &Complaints) -> Option<Action> {
    let entries = scalar::map(value, "set", complaints)?;
    if entries.is_empty() {
        complaints.error(&value.place, "`set` is an empty mapping");
    }
    for entry in entries {
        names::variable(&entry.key, complaints);
    }
    Some(Action::Set(entries.to_vec()))
}

fn group(value: &Yaml, fields: &mut Fields<'_>, context: &Context<'_>) -> Option<Action> {
    let name = scalar::filled(value, "group", context.complaints);
    fields.require("steps");
    let steps = step::required(fields, context);
    let always = step::steps(fields, "always", context);
    Some(Action::Group { name: name?, steps, always })
}

/// Warns when a comment ends a command that stands without quotes: ` #` may have been meant as a part of it.
fn cut_short(value: &Yaml, complaints: &Complaints) {
    if value.scalar().is_none_or(|scalar| scalar.quoted) {
        return;
    }
    let place = &value.place;
    let line = place.source().text().get(place.range().end..).and_then(|rest| rest.lines().next()).unwrap_or_default();
    if line.starts_with([' ', '\t']) && line.trim_start().starts_with('#') {
        let diagnostic = Diagnostic::warning(place, "the command ends here: ` #` begins a comment");
        complaints.add(diagnostic.hint("put the whole command in quotes if the rest belongs to it"));
    }
}
