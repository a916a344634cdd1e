//! Which variables a template may use, and complaints about the others.

use crate::base::diagnostic::Diagnostic;
use crate::base::place::{Place, Placed, Source};
use crate::base::text;
use crate::eval::expression::FreeName;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The names that are known at one point of a job.
#[derive(Debug, Clone)]
pub(super) struct Names {
    known: BTreeSet<String>,
    /// Names that a step writes which runs at the same time, and where it does.
    beside: BTreeMap<String, Place>,
    /// The job, where parts of it could not be read; a name may be defined there.
    broken: Option<Arc<Source>>,
}

impl Names {
    /// What every template knows. `device` only where there is one.
    pub(super) fn new(with_device: Option<&str>) -> Self {
        let always = ["testbed", "env", "run"].into_iter();
        Self { known: always.chain(with_device).map(str::to_owned).collect(), beside: BTreeMap::new(), broken: None }
    }

    /// The same for a job of which parts could not be read.
    pub(super) fn of_broken(job: &Arc<Source>) -> Self {
        Self { broken: Some(Arc::clone(job)), ..Self::new(None) }
    }

    /// Whether parts of the job could not be read.
    pub(super) fn is_broken(&self) -> bool {
        self.broken.is_some()
    }

    /// Whether a part of the job that could not be read may define the name.
    fn may_be_defined(&self, name: &str) -> bool {
        let defines = |text: &str| text.contains(&format!("{name}:")) || text.contains(&format!("capture: {name}"));
        self.broken.as_ref().is_some_and(|job| name == "device" || defines(job.text()))
    }

    /// Learns a name.
    pub(super) fn learn(&mut self, name: &str) {
        self.beside.remove(name);
        self.known.insert(name.to_owned());
    }

    /// These names and further ones.
    pub(super) fn with(&self, more: &[&str]) -> Self {
        let mut names = self.clone();
        for name in more {
            names.learn(name);
        }
        names
    }

    /// These names without those that are `written` at the same time.
    pub(super) fn beside<'a>(&self, written: impl Iterator<Item = &'a Placed<String>>) -> Self {
        let mut names = self.clone();
        for name in written {
            names.known.remove(&name.value);
            names.beside.insert(name.value.clone(), name.place.clone());
        }
        names
    }

    /// These names without `gone`, apart from those that `before` has.
    pub(super) fn without(&self, gone: &[&str], before: &Self) -> Self {
        let stays = |name: &String| !gone.contains(&name.as_str()) || before.known.contains(name);
        Self { known: self.known.iter().filter(|name| stays(name)).cloned().collect(), ..self.clone() }
    }

    /// Complains about every free name that is not known.
    pub(super) fn check(&self, free: &[FreeName], complaints: &mut Vec<Diagnostic>) {
        for name in free {
            let root = name.path.split('.').next().unwrap_or_default();
            if let Some(place) = self.beside.get(root) {
                let sentence = format!("`{root}` is written by a step that runs at the same time");
                complaints.push(Diagnostic::error(&name.place, sentence).also(place, "written here"));
                continue;
            }
            // What stands before `is defined` or `default()` may be missing.
            if name.optional || self.known.contains(root) || self.may_be_defined(root) {
                continue;
            }
            let complaint = Diagnostic::error(&name.place, format!("variable `{root}` is undefined"));
            complaints.push(match root {
                "device" => complaint.hint("this test has no `devices`, so there is no `device` here"),
                "item" | "loop" => complaint.hint("only a step with `loop` has it"),
                "result" => complaint.hint("only `assert` and `capture` have it: the answer is not there before"),
                _ => complaint.did_you_mean(text::nearest(root, self.known.iter().map(String::as_str))),
            });
        }
    }
}
