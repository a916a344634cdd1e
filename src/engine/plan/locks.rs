//! The names of locks, rendered for each cell while the plan is made.

use crate::base::Data;
use crate::base::diagnostic::Diagnostic;
use crate::base::place::Placed;
use crate::engine::plan::names::Names;
use crate::engine::plan::{LockId, Run};
use crate::eval::scope::Layer;
use crate::eval::template::Template;
use indexmap::{IndexMap, IndexSet};

/// Compiles the names of a test's locks; those that can be rendered.
pub(super) fn compile(locks: &[Placed<String>], names: &Names, complaints: &mut Vec<Diagnostic>) -> Vec<Template> {
    let mut compiled = Vec::new();
    for lock in locks {
        match Template::compile(lock) {
            Ok(template) => {
                let before = complaints.len();
                names.check(template.free_names(), complaints);
                compiled.extend((complaints.len() == before).then_some(template));
            }
            Err(complaint) => complaints.push(complaint),
        }
    }
    compiled
}

/// Renders the names of the locks of one cell, from what is known before the run.
///
/// # Errors
/// The complaint about the first one that has no name.
pub(super) fn render(locks: &[Template], run: &Run, device: Option<&str>) -> Result<Vec<String>, Box<Diagnostic>> {
    if locks.is_empty() {
        return Ok(Vec::new());
    }
    let mut vars: IndexMap<String, Data> = IndexMap::new();
    let mut missing: IndexMap<&str, String> = IndexMap::new();
    for (name, value) in run.vars.iter() {
        match value.render(&run.fixed.under(Layer::from_data(&vars))) {
            Ok(value) => drop(vars.insert(name.clone(), value)),
            // It matters only where a lock uses it.
            Err(fault) => drop(missing.insert(name, format!("variable `{name}`: {}", fault.message))),
        }
    }
    let scope = run.fixed.under(Layer::from_data(&vars));
    let complain = |lock: &Template, message: &str| {
        let of_device = device.map(|device| format!("for device `{device}`: ")).unwrap_or_default();
        Box::new(Diagnostic::error(lock.place(), format!("{of_device}{message}")))
    };
    let name = |lock: &Template| match lock.render(&scope) {
        Ok(name) if name.trim().is_empty() => Err(complain(lock, "the name of the lock is empty")),
        Ok(name) => Ok(name),
        Err(fault) => {
            let roots = lock.free_names().iter().map(|free| free.path.split('.').next().unwrap_or_default());
            let why = roots.into_iter().find_map(|root| missing.get(root));
            Err(complain(lock, why.unwrap_or(&fault.message)))
        }
    };
    locks.iter().map(name).collect()
}

/// The locks of a plan, by name.
#[derive(Default)]
pub(super) struct Locks {
    names: IndexSet<String>,
}

impl Locks {
    /// The locks of these names, each once.
    pub(super) fn ids(&mut self, names: Vec<String>) -> Vec<LockId> {
        let mut ids: Vec<LockId> = names.into_iter().map(|name| self.id(name)).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    fn id(&mut self, name: String) -> LockId {
        LockId(u32::try_from(self.names.insert_full(name).0).unwrap_or(u32::MAX))
    }

    /// The name of every lock.
    pub(super) fn finish(self) -> Vec<String> {
        self.names.into_iter().collect()
    }
}
