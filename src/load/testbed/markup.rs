//! pyATS markup: `%ENV{X}`, `%ENV{X, default=v}`, `%{a.b}` and `%{self.x}`. Every other kind is refused, so that none
//! passes as text.

use super::reference::{self, Own};
use crate::base::Data;
use crate::base::diagnostic::Diagnostic;
use crate::base::place::Place;
use crate::base::text;
use crate::load::complaints::Complaints;
use crate::load::{Environment, scalar};
use crate::model::yaml::{Entry, Kind, Scalar, Yaml};
use std::cell::Cell;
use std::ops::Range;

/// The longest chain of references, and the deepest nesting that they may make.
const DEEPEST: usize = 96;

/// The most values that references may make; texts weigh as much as one value per 64 bytes.
const MOST: usize = 500_000;

/// pyATS's kinds of markup.
const KINDS: [&str; 7] = ["ENV", "ASK", "ENC", "CLI", "CALLABLE", "INCLUDE", "INTF"];

/// Keys whose absence others complain of. Markup that has no value stays there as it is: one complaint is enough.
const NEEDED: [&str; 4] = ["host", "ip", "username", "recording"];

/// Replaces all markup in a testbed.
pub(super) fn expand(tree: &Yaml, env: &Environment, complaints: &Complaints) -> Yaml {
    let expander = Expander { root: tree, env, complaints, budget: Cell::new(MOST) };
    expander.node(tree, &mut Way { device: None, keys: Vec::new(), references: Vec::new(), depth: 0 })
}

struct Expander<'a> {
    root: &'a Yaml,
    env: &'a Environment,
    complaints: &'a Complaints,
    budget: Cell<usize>,
}

/// The way from the root to where the expander is.
struct Way<'a> {
    /// The device that `self` means.
    device: Option<Own<'a>>,
    keys: Vec<&'a str>,
    /// The references that are being followed: their paths, and what they lead to.
    references: Vec<(String, &'a Yaml)>,
    depth: usize,
}

/// A part of a scalar's text.
enum Piece<'t> {
    Literal(&'t str),
    Markup(Markup<'t>),
}

/// One `%KIND{argument}`.
struct Markup<'t> {
    kind: &'t str,
    argument: &'t str,
    range: Range<usize>,
}

impl<'a> Expander<'a> {
    fn node(&self, yaml: &'a Yaml, way: &mut Way<'a>) -> Yaml {
        if !way.references.is_empty() && !self.afford(1) || way.depth > DEEPEST {
            if way.depth > DEEPEST {
                self.complaints.error(&yaml.place, "references make this nested too deep");
            }
            return nothing(&yaml.place);
        }
        way.depth += 1;
        let expanded = match &yaml.kind {
            Kind::Scalar(scalar) => self.scalar(&yaml.place, scalar, way),
            Kind::List(items) => {
                let items = items.iter().map(|item| self.node(item, way)).collect();
                Yaml { place: yaml.place.clone(), kind: Kind::List(items) }
            }
            Kind::Map(entries) => {
                let entries = entries.iter().map(|entry| self.entry(entry, way)).collect();
                Yaml { place: yaml.place.clone(), kind: Kind::Map(entries) }
            }
        };
        way.depth -= 1;
        expanded
    }

    fn entry(&self, entry: &'a Entry, way: &mut Way<'a>) -> Entry {
        let key = entry.key.value.as_str();
        if pieces(key).iter().any(|piece| matches!(piece, Piece::Markup(_))) {
            self.complaints.error(&entry.key.place, "markup in a key is not supported");
        }
        let outer = way.device;
        if way.references.is_empty() && way.keys == ["devices"] {
            way.device = Some(Own { name: key, yaml: &entry.value });
        }
        way.keys.push(key);
        let value = self.node(&entry.value, way);
        way.keys.pop();
        way.device = outer;
        Entry { key: entry.key.clone(), value }
    }

    fn scalar(&self, place: &Place, scalar: &'a Scalar, way: &mut Way<'a>) -> Yaml {
        let unchanged = || Yaml { place: place.clone(), kind: Kind::Scalar(scalar.clone()) };
        let is_needed = way.keys.last().is_some_and(|key| NEEDED.contains(key));
        let without_value = || if is_needed { unchanged() } else { nothing(place) };
        if !scalar.text.contains('%') {
            return unchanged();
        }
        let pieces = pieces(&scalar.text);
        if let [Piece::Markup(markup)] = pieces.as_slice()
            && markup.kind.is_empty()
        {
            let at = scalar::part(place, &scalar.text, markup.range.clone());
            return self.reference(markup, &at, way).map_or_else(without_value, |found| Yaml { place: place.clone(), ..found });
        }
        if pieces.iter().all(|piece| matches!(piece, Piece::Literal(_))) {
            return unchanged();
        }
        let mut text = String::new();
        let mut whole = true;
        for piece in &pieces {
            let part = match piece {
                Piece::Literal(literal) => Some((*literal).to_owned()),
                Piece::Markup(markup) => self.markup(markup, &scalar::part(place, &scalar.text, markup.range.clone()), way),
            };
            whole &= part.is_some();
            text.push_str(&part.unwrap_or_default());
        }
        if !whole || !self.afford(text.len() / 64) {
            return without_value();
        }
        Yaml { place: place.clone(), kind: Kind::Scalar(Scalar { value: Data::String(text.clone()), text, quoted: true }) }
    }

    /// The text that a markup inside of a text becomes.
    fn markup(&self, markup: &Markup<'_>, place: &Place, way: &mut Way<'a>) -> Option<String> {
        match markup.kind {
            "ENV" => self.environment(markup.argument, place),
            "" => {
                let found = self.reference(markup, place, way)?;
                match &found.kind {
                    Kind::Scalar(scalar) if !scalar.value.is_null() => Some(scalar.text.clone()),
                    Kind::Scalar(_) | Kind::List(_) | Kind::Map(_) => {
                        let message = format!("`%{{{}}}` is {}, and cannot be a part of a text", markup.argument, found.describe());
                        self.complaints.error(place, message);
                        None
                    }
                }
            }
            kind => {
                self.complaints.add(refused(kind, place));
                None
            }
        }
    }

    fn environment(&self, argument: &str, place: &Place) -> Option<String> {
        let (name, default) = match argument.split_once(',') {
            None => (argument.trim(), None),
            Some((name, option)) => {
                let Some(default) = option.trim().strip_prefix("default=") else {
                    self.complaints.error(place, "`%ENV{}` wants a name, and perhaps `, default=` and a value");
                    return None;
                };
                (name.trim(), Some(default))
            }
        };
        let value = self.env.0.get(name).map(String::as_str).or(default).map(str::to_owned);
        if value.is_none() {
            let message = format!("the environment variable `{name}` is not set");
            let hint = format!("set it, or give a default: `%ENV{{{name}, default=...}}`");
            self.complaints.add(Diagnostic::error(place, message).hint(hint));
        }
        value
    }

    fn reference(&self, markup: &Markup<'_>, place: &Place, way: &mut Way<'a>) -> Option<Yaml> {
        let path = markup.argument.trim();
        if path == "self"
            && let Some(device) = way.device
        {
            let scalar = Scalar { text: device.name.to_owned(), value: Data::String(device.name.to_owned()), quoted: true };
            return Some(Yaml { place: place.clone(), kind: Kind::Scalar(scalar) });
        }
        let target = match reference::find(self.root, path, way.device) {
            Ok(target) => target,
            Err((problem, near)) => {
                let message = format!("`%{{{path}}}` leads nowhere: {problem}");
                self.complaints.add(Diagnostic::error(place, message).did_you_mean(near.as_deref()));
                return None;
            }
        };
        if let Some(start) = way.references.iter().position(|(_, known)| std::ptr::eq(*known, target.yaml)) {
            let circle: Vec<String> = way.references[start..].iter().map(|(path, _)| format!("`{path}`")).collect();
            self.complaints.error(place, format!("`%{{{path}}}` leads to itself, by way of {}", circle.join(", ")));
            return None;
        }
        let outer = std::mem::replace(&mut way.device, target.device);
        way.references.push((path.to_owned(), target.yaml));
        let found = self.node(target.yaml, way);
        way.references.pop();
        way.device = outer;
        Some(found)
    }

    /// Takes from what references may make; says so once when it is used up.
    fn afford(&self, amount: usize) -> bool {
        let left = self.budget.get();
        if left > 0 && left <= amount {
            self.complaints.error(&self.root.place, "the references in this testbed grow beyond all bounds");
        }
        self.budget.set(left.saturating_sub(amount));
        left > amount
    }
}

fn refused(kind: &str, place: &Place) -> Diagnostic {
    let message = match kind {
        "UNCLOSED" => return Diagnostic::error(place, "this markup has no `}`"),
        "CALLABLE" => "`%CALLABLE{}` is refused: it would run code".to_owned(),
        kind if KINDS.contains(&kind) => format!("`%{kind}{{}}` is not supported by this version"),
        kind => {
            let diagnostic = Diagnostic::error(place, format!("`%{}{{}}` is unknown markup", text::one_line(kind, 20)));
            let diagnostic = diagnostic.did_you_mean(text::nearest(kind, KINDS));
            return diagnostic.hint("a value that holds such text can come from the environment: `%ENV{NAME}`");
        }
    };
    let diagnostic = Diagnostic::error(place, message);
    if matches!(kind, "ASK" | "ENC" | "CLI") { diagnostic.hint("give the value by the environment: `%ENV{NAME}`") } else { diagnostic }
}

fn nothing(place: &Place) -> Yaml {
    Yaml { place: place.clone(), kind: Kind::Scalar(Scalar { text: String::new(), value: Data::Null, quoted: false }) }
}

/// Splits a text at its markup. Cost is linear in the text.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut literal = 0;
    let mut from = 0;
    while let Some(start) = text[from..].find('%').map(|at| from + at) {
        let kind_end = text[start + 1..].find(|c: char| !c.is_ascii_alphabetic() && c != '_').map_or(text.len(), |at| start + 1 + at);
        if !text[kind_end..].starts_with('{') {
            from = kind_end;
            continue;
        }
        if literal < start {
            pieces.push(Piece::Literal(&text[literal..start]));
        }
        let Some(end) = text[kind_end..].find('}').map(|at| kind_end + at) else {
            pieces.push(Piece::Markup(Markup { kind: "UNCLOSED", argument: "", range: start..text.len() }));
            return pieces;
        };
        let (kind, argument) = (&text[start + 1..kind_end], &text[kind_end + 1..end]);
        pieces.push(Piece::Markup(Markup { kind, argument, range: start..end + 1 }));
        from = end + 1;
        literal = from;
    }
    if literal < text.len() {
        pieces.push(Piece::Literal(&text[literal..]));
    }
    pieces
}
