//! Values that must be known while the plan is made: what they may use, and complaints that name the devices.

use crate::base::Data;
use crate::base::diagnostic::Diagnostic;
use crate::base::text;
use crate::engine::plan::names::Names;
use crate::eval::scope::{Layer, Scope};
use crate::eval::value::Value;
use crate::model::yaml::Yaml;
use indexmap::IndexMap;
use std::collections::{BTreeSet, HashSet};

/// The most devices that a complaint names.
const NAMED: usize = 3;

/// What is known of variables while the plan is made.
pub(super) struct Known<'a> {
    /// The names that templates of the test may use, without `matrix`.
    names: Names,
    /// `vars` of job and test, in order; those that `--var` does not hide.
    vars: Vec<&'a (String, Value)>,
    /// Variables that need `matrix`, and so are known too late.
    late: BTreeSet<&'a str>,
}

impl<'a> Known<'a> {
    /// Parts the variables into those that are known early and those that are not. `--var` gives `overrides`.
    pub(super) fn new(names: &Names, vars: &'a [(String, Value)], overrides: &IndexMap<String, Data>) -> Self {
        let vars: Vec<&(String, Value)> = vars.iter().filter(|(name, _)| !overrides.contains_key(name)).collect();
        let mut late = BTreeSet::new();
        for (name, value) in &vars {
            let needs_matrix = value.free_names().iter().any(|free| free.variable() == "matrix" || late.contains(free.variable()));
            if needs_matrix {
                late.insert(name.as_str());
            } else {
                late.remove(name.as_str());
            }
        }
        let all: Vec<&str> = vars.iter().map(|(name, _)| name.as_str()).collect();
        Self { names: names.with(&all), vars, late }
    }

    /// Compiles a value, and complains about names that are not known early.
    pub(super) fn compile(&self, yaml: &Yaml, complaints: &mut Vec<Diagnostic>) -> Option<Value> {
        let value = Value::compile(yaml).map_err(|all| complaints.extend(all)).ok()?;
        let free = value.free_names();
        let (late, others): (Vec<_>, Vec<_>) =
            free.into_iter().partition(|free| free.variable() == "matrix" || self.late.contains(free.variable()));
        for name in &late {
            let message = match name.variable() {
                "matrix" => "`matrix` is not known before its axes are".to_owned(),
                variable => format!("variable `{variable}` uses `matrix`, which is not known before its axes are"),
            };
            complaints.push(Diagnostic::error(&name.place, message));
        }
        self.names.check(&others, complaints);
        late.is_empty().then_some(value)
    }

    /// The variables that some values need, each after those that it needs itself.
    pub(super) fn needed_by<'v>(&self, values: impl Iterator<Item = &'v Value>) -> Vec<(String, Value)> {
        let roots = |value: &Value| -> Vec<String> { value.free_names().iter().map(|free| free.variable().to_owned()).collect() };
        let mut needed: HashSet<String> = values.flat_map(roots).collect();
        let mut vars = Vec::new();
        for (name, value) in self.vars.iter().rev() {
            // One that hides another of its name may still use it.
            if needed.remove(name) {
                needed.extend(roots(value));
                vars.push((name.clone(), value.clone()));
            }
        }
        vars.reverse();
        vars
    }
}

/// Whether a value needs `device` itself, and not only by a variable.
pub(super) fn needs_device(value: &Value) -> bool {
    value.free_names().iter().any(|free| free.variable() == "device")
}

/// Renders variables in order, each seeing those before it; what values see then.
///
/// # Errors
/// The complaint about one that cannot be rendered.
pub(super) fn scope(vars: &[(String, Value)], fixed: &Scope) -> Result<Scope, Box<Diagnostic>> {
    let mut rendered: IndexMap<String, Data> = IndexMap::new();
    let mut scope = fixed.clone();
    for (name, value) in vars {
        let data = value.render(&scope).map_err(|fault| Box::new(complaint(value, format!("variable `{name}`: {}", fault.message))))?;
        rendered.insert(name.clone(), data);
        scope = fixed.under(Layer::from_data(&rendered));
    }
    Ok(scope)
}

/// Renders a value.
///
/// # Errors
/// The complaint about one that cannot be rendered.
pub(super) fn render(value: &Value, scope: &Scope) -> Result<Data, Box<Diagnostic>> {
    value.render(scope).map_err(|fault| Box::new(complaint(value, fault.message)))
}

fn complaint(value: &Value, message: String) -> Diagnostic {
    Diagnostic::error(value.place(), message)
}

/// Complains once for each place, and names the devices that it is wrong for.
pub(super) fn complain(failures: Vec<(Option<String>, Diagnostic)>, complaints: &mut Vec<Diagnostic>) {
    let mut places: Vec<(Diagnostic, Vec<String>)> = Vec::new();
    for (device, mut failure) in failures {
        if let Some((_, others)) = places.iter_mut().find(|(first, _)| first.place == failure.place) {
            others.extend(device);
            continue;
        }
        if let Some(device) = device {
            failure.message = format!("for device `{device}`: {}", failure.message);
        }
        places.push((failure, Vec::new()));
    }
    for (complaint, others) in places {
        let others: Vec<&str> = others.iter().map(String::as_str).collect();
        complaints.push(if others.is_empty() { complaint } else { complaint.hint(format!("likewise for {}", devices(&others))) });
    }
}

/// Some devices by name, and how many more there are.
pub(super) fn devices(names: &[&str]) -> String {
    match names {
        [only] => format!("device `{only}`"),
        [first @ .., _] if first.len() < NAMED => format!("devices {}", text::names(names.iter().copied())),
        _ => {
            let first: Vec<String> = names.iter().take(NAMED).map(|name| format!("`{name}`")).collect();
            format!("devices {} and {} more", first.join(", "), names.len() - NAMED)
        }
    }
}
