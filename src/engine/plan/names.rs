//! Which variables a template may use, and complaints about the others.

use crate::base::diagnostic::Diagnostic;
use crate::base::text;
use crate::eval::expression::FreeName;
use std::collections::BTreeSet;

/// Names that belong to the runner and cannot be set.
pub(super) const RESERVED: [&str; 8] = ["device", "testbed", "matrix", "item", "loop", "result", "env", "run"];

/// The names that are known at one point of a job.
#[derive(Debug, Clone)]
pub(super) struct Names {
    known: BTreeSet<String>,
}

impl Names {
    /// What every template knows. `device` only where there is one.
    pub(super) fn new(with_device: Option<&str>) -> Self {
        let always = ["testbed", "env", "run"].into_iter();
        Self { known: always.chain(with_device).map(str::to_owned).collect() }
    }

    /// Learns a name.
    pub(super) fn learn(&mut self, name: &str) {
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

    /// These names without `gone`, apart from those that `before` has.
    pub(super) fn without(&self, gone: &[&str], before: &Self) -> Self {
        let stays = |name: &String| !gone.contains(&name.as_str()) || before.known.contains(name);
        Self { known: self.known.iter().filter(|name| stays(name)).cloned().collect() }
    }

    /// Complains about every free name that is not known.
    pub(super) fn check(&self, free: &[FreeName], complaints: &mut Vec<Diagnostic>) {
        for name in free {
            let root = name.path.split('.').next().unwrap_or_default();
            if self.known.contains(root) {
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
