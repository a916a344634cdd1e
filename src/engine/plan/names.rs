//! Which variables a template may use, and complaints about the others.

use crate::base::diagnostic::Diagnostic;
use crate::base::place::{Place, Placed, Source};
use crate::base::text;
use crate::eval::expression::FreeName;
use crate::model::matrix::Matrix;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

/// The names that are known at one point of a job.
#[derive(Debug, Clone)]
pub(super) struct Names {
    known: BTreeSet<String>,
    /// Names that a step writes which runs at the same time, and where it does.
    beside: BTreeMap<String, Place>,
    /// The job, where parts of it could not be read; a name may be defined there.
    broken: Option<Arc<Source>>,
    /// Whether what could not be read is near.
    here: bool,
    /// The axes of the test's matrix.
    axes: Option<Rc<Axes>>,
}

/// The axes of a matrix, and those that something used.
#[derive(Debug)]
struct Axes {
    names: Vec<Placed<String>>,
    used: RefCell<BTreeSet<String>>,
}

impl Names {
    /// What every template knows. `device` only where there is one.
    pub(super) fn new(with_device: Option<&str>) -> Self {
        let always = ["testbed", "env", "run"].into_iter();
        Self {
            known: always.chain(with_device).map(str::to_owned).collect(),
            beside: BTreeMap::new(),
            broken: None,
            here: false,
            axes: None,
        }
    }

    /// The same for a job of which parts could not be read.
    pub(super) fn of_broken(job: &Arc<Source>) -> Self {
        Self { broken: Some(Arc::clone(job)), here: true, ..Self::new(None) }
    }

    /// Says whether the part of the job is near where the names are used that could not be read.
    pub(super) fn broken_here(&mut self, here: bool) {
        self.here = here;
    }

    /// Whether something near could not be read.
    pub(super) fn is_broken_here(&self) -> bool {
        self.here
    }

    /// Whether a part of the job that could not be read may define the name.
    fn may_be_defined(&self, name: &str) -> bool {
        let defines = |text: &str| text.contains(&format!("{name}:")) || text.contains(&format!("capture: {name}"));
        match name {
            // What only a test or a step gives itself stands near, perhaps under a key that was misspelt.
            "device" | "matrix" | "item" | "loop" | "result" => self.here,
            _ => self.broken.as_ref().is_some_and(|job| defines(job.text())),
        }
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

    /// These names and `matrix`.
    pub(super) fn with_matrix(&self, matrix: &Matrix) -> Self {
        let names = matrix.axes.iter().map(|axis| axis.name.clone()).collect();
        Self { axes: Some(Rc::new(Axes { names, used: RefCell::default() })), ..self.with(&["matrix"]) }
    }

    /// Warns about every axis of the matrix that nothing has used.
    pub(super) fn check_axes(&self, complaints: &mut Vec<Diagnostic>) {
        let Some(axes) = self.axes.as_ref().filter(|_| self.broken.is_none()) else { return };
        let used = axes.used.borrow();
        complaints.extend(axes.names.iter().filter(|name| !used.contains(&name.value)).map(|name| {
            let message = format!("nothing in this test uses axis `{}`: the cases of all its values do the same", name.value);
            Diagnostic::warning(&name.place, message).hint(format!("steps see it as `matrix.{}`", name.value))
        }));
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
            if let Some(axes) = self.axes.as_ref().filter(|_| root == "matrix") {
                complaints.extend(axes.check(name));
                continue;
            }
            // What stands before `is defined` or `default()` may be missing.
            if name.optional || self.known.contains(root) || self.may_be_defined(root) {
                continue;
            }
            let complaint = Diagnostic::error(&name.place, format!("variable `{root}` is undefined"));
            complaints.push(match root {
                "device" => complaint.hint("this test has no `devices`, so there is no `device` here"),
                "matrix" => complaint.hint("only a test with `matrix` has it"),
                "item" | "loop" => complaint.hint("only a step with `loop` has it"),
                "result" => complaint.hint("only `assert` and `capture` have it: the answer is not there before"),
                _ => complaint.did_you_mean(text::nearest(root, self.known.iter().map(String::as_str))),
            });
        }
    }
}

impl Axes {
    /// Notes what a name uses, and complains about one that is no axis.
    fn check(&self, name: &FreeName) -> Option<Diagnostic> {
        let all = || self.names.iter().map(|axis| axis.value.as_str());
        let Some(axis) = name.path.split('.').nth(1) else {
            self.used.borrow_mut().extend(all().map(str::to_owned));
            return None;
        };
        self.used.borrow_mut().insert(axis.to_owned());
        let message = format!("the matrix has no axis `{axis}`");
        let known = name.optional || all().any(|known| known == axis);
        (!known).then(|| Diagnostic::error(&name.place, message).did_you_mean(text::nearest(axis, all())))
    }
}
