//! pyATS markup: `%ENV{X}`, `%CLI{x}`, `%ASK{question}`, `%INTF{alias}`, `%{a.b}`, `%{self.x}` and `%EXTEND_LIST{a.b}`. What
//! cannot be honoured is refused, so that none passes as text. `%INCLUDE{}` has been replaced before, by `files`.

use super::pieces::{Markup, Piece, UNCLOSED, pieces};
use super::reference::{self, Own};
use super::{argument, interface};
use crate::base::Data;
use crate::base::diagnostic::Diagnostic;
use crate::base::place::Place;
use crate::base::text;
use crate::load::complaints::Complaints;
use crate::load::{Given, data, scalar};
use crate::model::yaml::{Entry, Kind, Scalar, Yaml};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;

/// The longest chain of references, and the deepest nesting that they may make.
const DEEPEST: usize = 96;

/// The most values that references may make; texts weigh as much as one value per 64 bytes.
const MOST: usize = 500_000;

/// pyATS's kinds of markup.
const KINDS: [&str; 8] = ["ENV", "ASK", "ENC", "CLI", "CALLABLE", "INCLUDE", "INTF", "EXTEND_LIST"];

/// Keys whose absence others complain of. Markup that has no value stays there as it is: one complaint is enough.
const NEEDED: [&str; 4] = ["host", "ip", "username", "recording"];

/// Replaces all markup in a testbed. Blocks while a person is asked.
pub(super) fn expand(tree: &Yaml, given: Given<'_>, complaints: &Complaints) -> Yaml {
    let expander = Expander { root: tree, given, complaints, budget: Cell::new(MOST), answers: RefCell::default() };
    expander.node(tree, &mut Way { device: None, keys: Vec::new(), references: Vec::new(), depth: 0 })
}

struct Expander<'a> {
    root: &'a Yaml,
    given: Given<'a>,
    complaints: &'a Complaints,
    budget: Cell<usize>,
    /// What was answered, by the place of the question: a value that several references name is asked for once.
    answers: RefCell<HashMap<String, Option<String>>>,
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

impl<'a> Expander<'a> {
    fn node(&self, yaml: &'a Yaml, way: &mut Way<'a>) -> Yaml {
        if !way.references.is_empty() && !self.afford(1) || way.depth > DEEPEST {
            if way.depth > DEEPEST {
                self.complaints.error(&yaml.place, "references make this nested too deep");
            }
            return scalar::nothing(&yaml.place);
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
        let without_value = || if is_needed { unchanged() } else { scalar::nothing(place) };
        if !scalar.text.contains('%') {
            return unchanged();
        }
        let pieces = pieces(&scalar.text);
        if let [Piece::Markup(markup)] = pieces.as_slice() {
            let at = scalar::part(place, &scalar.text, markup.range.clone());
            return self.value(markup, &at, way).map_or_else(without_value, |found| Yaml { place: place.clone(), ..found });
        }
        if pieces.iter().all(|piece| matches!(piece, Piece::Literal(_))) {
            return unchanged();
        }
        let mut text = String::new();
        let mut whole = true;
        for piece in &pieces {
            let part = match piece {
                Piece::Literal(literal) => Some((*literal).to_owned()),
                Piece::Markup(markup) => self.part(markup, &scalar::part(place, &scalar.text, markup.range.clone()), way),
            };
            whole &= part.is_some();
            text.push_str(&part.unwrap_or_default());
        }
        if !whole || !self.afford(text.len() / 64) {
            return without_value();
        }
        scalar::made(&Data::String(text), place)
    }

    /// The text that a markup inside of a text becomes.
    fn part(&self, markup: &Markup<'_>, place: &Place, way: &mut Way<'a>) -> Option<String> {
        let found = self.value(markup, place, way)?;
        match &found.kind {
            Kind::Scalar(scalar) if !scalar.value.is_null() => Some(scalar.text.clone()),
            Kind::Scalar(_) | Kind::List(_) | Kind::Map(_) => {
                let written = format!("%{}{{{}}}", markup.kind, text::one_line(markup.argument, 40));
                self.complaints.error(place, format!("`{written}` is {}, and cannot be a part of a text", found.describe()));
                None
            }
        }
    }

    /// What a markup stands for.
    fn value(&self, markup: &Markup<'_>, place: &Place, way: &mut Way<'a>) -> Option<Yaml> {
        let said = match markup.kind {
            "" => return self.reference(markup.argument.trim(), place, way),
            "EXTEND_LIST" => return self.joined(markup.argument, place, way),
            "ENV" => self.environment(markup.argument, place),
            "CLI" => self.variable(markup.argument, place),
            "ASK" => self.answer(markup.argument, &way.keys, place),
            "INTF" => interface::named(self.root, markup.argument.trim(), way.device, place).map(Data::String),
            kind => Err(Box::new(refused(kind, place))),
        };
        said.map(|value| scalar::made(&value, place)).map_err(|complaint| self.complaints.add(*complaint)).ok()
    }

    fn environment(&self, written: &str, place: &Place) -> Result<Data, Box<Diagnostic>> {
        let argument = argument::read("ENV", written).map_err(|problem| Diagnostic::error(place, problem))?;
        let name = argument.name;
        let value = self.given.env.0.get(name).map(String::as_str).or(argument.default);
        value.map(|value| Data::String(value.to_owned())).ok_or_else(|| {
            let complaint = Diagnostic::error(place, format!("the environment variable `{name}` is not set"));
            Box::new(complaint.hint(format!("set it, or give a default: `%ENV{{{name}, default=...}}`")))
        })
    }

    fn variable(&self, written: &str, place: &Place) -> Result<Data, Box<Diagnostic>> {
        let argument = argument::read("CLI", written).map_err(|problem| Diagnostic::error(place, problem))?;
        let name = argument.name;
        if let Some(value) = self.given.vars.and_then(|vars| vars.get(name)) {
            return Ok(value.clone());
        }
        // A default is read as `--var` reads its value, so that both give the same kind of it.
        let unreadable = |problem: String| Diagnostic::error(place, format!("the default of `%CLI{{{name}}}` is not YAML: {problem}"));
        let default = argument.default.map(|default| data(default).map_err(unreadable));
        default.transpose()?.ok_or_else(|| {
            let near = self.given.vars.and_then(|vars| text::nearest(name, vars.keys().map(String::as_str)));
            let complaint = Diagnostic::error(place, format!("the variable `{name}` is not given on the command line"));
            let complaint = complaint.did_you_mean(near);
            Box::new(complaint.hint(format!("add `--var {name}=...`, or give a default: `%CLI{{{name}, default=...}}`")))
        })
    }

    fn answer(&self, written: &str, keys: &[&str], place: &Place) -> Result<Data, Box<Diagnostic>> {
        self.asked(written, keys, place).map(Data::String).map_err(|why| {
            let complaint = Diagnostic::error(place, format!("`%ASK{{}}` has no answer: {why}"));
            Box::new(complaint.hint("give the value another way: `%ENV{NAME}`, or `%CLI{name}` and `--var name=...`"))
        })
    }

    /// The answer to a question, which is asked once for each place.
    fn asked(&self, written: &str, keys: &[&str], place: &Place) -> Result<String, String> {
        let known = self.answers.borrow().get(&place.to_string()).cloned();
        if let Some(answer) = known {
            // What could not be answered was complained of.
            return answer.ok_or_else(|| "nobody answered".to_owned());
        }
        let question = match written.trim() {
            "" => keys.join("."),
            question => text::visible(&text::one_line(question, 200)).into_owned(),
        };
        // Who did not answer once is not asked again.
        let gave_up = self.answers.borrow().values().any(Option::is_none);
        let answer = match self.given.ask {
            Some(_) if gave_up => Err("an earlier question was not answered".to_owned()),
            Some(ask) => ask(&question),
            None => Err("there is no terminal to ask on".to_owned()),
        };
        self.answers.borrow_mut().insert(place.to_string(), answer.as_ref().ok().cloned());
        answer
    }

    fn reference(&self, path: &str, place: &Place, way: &mut Way<'a>) -> Option<Yaml> {
        if path.is_empty() {
            self.complaints.error(place, "`%{}` names nothing");
            return None;
        }
        if let Some(of) = path.strip_suffix(".keys()") {
            let found = self.reference(of, place, way)?;
            let Kind::Map(entries) = &found.kind else {
                self.complaints.error(place, format!("`%{{{path}}}` wants the keys of {}", found.describe()));
                return None;
            };
            let keys = entries.iter().map(|entry| Data::String(entry.key.value.clone())).collect();
            return Some(scalar::made(&Data::Array(keys), place));
        }
        if path == "self"
            && let Some(device) = way.device
        {
            return Some(scalar::made(&Data::String(device.name.to_owned()), place));
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

    /// The lists that several references name, one behind the other.
    fn joined(&self, written: &str, place: &Place, way: &mut Way<'a>) -> Option<Yaml> {
        let mut all = Vec::new();
        for path in written.split(',').map(str::trim) {
            let found = self.reference(path, place, way)?;
            let described = found.describe();
            let Kind::List(items) = found.kind else {
                self.complaints.error(place, format!("`%EXTEND_LIST{{}}` wants lists, and `{path}` is {described}"));
                return None;
            };
            all.extend(items);
        }
        Some(Yaml { place: place.clone(), kind: Kind::List(all) })
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

/// Why a kind of markup is not honoured.
fn refused(kind: &str, place: &Place) -> Diagnostic {
    let error = |message: &str| Diagnostic::error(place, message);
    match kind {
        UNCLOSED => error("this markup has no `}`"),
        "CALLABLE" => error("`%CALLABLE{}` is refused: it would run code"),
        "INCLUDE" => error("`%INCLUDE{}` must name a file, and must be the whole value"),
        "ENC" => error("`%ENC{}` is not supported by this version: only pyATS, with the key of its own configuration, can decode it")
            .hint("give the value by the environment: `%ENV{NAME}`"),
        kind => {
            let diagnostic = Diagnostic::error(place, format!("`%{}{{}}` is unknown markup", text::one_line(kind, 20)));
            let diagnostic = diagnostic.did_you_mean(text::nearest(kind, KINDS));
            diagnostic.hint("a value that holds such text can come from the environment: `%ENV{NAME}`")
        }
    }
}
