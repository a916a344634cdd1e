//! Which tests need which, and which cells that means.

use crate::base::diagnostic::Diagnostic;
use crate::base::place::Place;
use crate::base::text;
use crate::engine::plan::{Cell, NeedId, Work};
use crate::model::job::{Job, Order, Test};
use crate::record::event::CellId;
use std::collections::{BTreeSet, HashMap};

/// The most tests of a circle that are named.
const NAMED: usize = 20;

/// The most circles that are looked for.
const MOST: usize = 100;

/// What every test of a job needs, by the tests' places in the file.
pub(super) struct Needs {
    tests: Vec<Vec<Needed>>,
}

/// A test that another one needs.
struct Needed {
    test: usize,
    place: Place,
}

impl Needs {
    /// Finds the tests that are needed. Complains about those that are not there or can never have passed before. In a
    /// `broken` job, tests that are not there may be among what could not be read.
    pub(super) fn of(job: &Job, broken: bool, complaints: &mut Vec<Diagnostic>) -> Self {
        let mut known: HashMap<&str, usize> = job.tests.iter().enumerate().map(|(index, test)| (test.name.value.as_str(), index)).collect();
        known.extend(job.tests.iter().enumerate().map(|(index, test)| (test.id.value.as_str(), index)));
        let mut tests: Vec<Vec<Needed>> = Vec::with_capacity(job.tests.len());
        for (index, test) in job.tests.iter().enumerate() {
            let mut needed: Vec<Needed> = Vec::new();
            for name in &test.needs {
                match known.get(name.value.as_str()) {
                    Some(found) if *found == index => {
                        complaints.push(Diagnostic::error(&name.place, format!("test `{}` needs itself", test.name.value)));
                    }
                    Some(found) if *found > index && job.order == Order::Sequential => {
                        complaints.push(too_late(test, &job.tests[*found], &name.place));
                    }
                    Some(found) => needed.push(Needed { test: *found, place: name.place.clone() }),
                    None if broken && is_named_elsewhere(job, &name.value) => {}
                    None => {
                        let complaint = Diagnostic::error(&name.place, format!("test `{}` is not in this job", name.value));
                        complaints.push(complaint.did_you_mean(text::nearest(&name.value, known.keys().copied())));
                    }
                }
            }
            let mut seen = BTreeSet::new();
            needed.retain(|needed| seen.insert(needed.test));
            tests.push(needed);
        }
        let needs = Self { tests };
        needs.complain_about_circles(job, complaints);
        needs
    }

    /// The tests that are `selected`, and all that they need.
    pub(super) fn closure(&self, selected: impl Fn(usize) -> bool) -> Vec<bool> {
        self.brought_by(selected, |_| true)
    }

    /// The tests that are `selected`, and all that they need; only those that have cases.
    pub(super) fn brought_by(&self, selected: impl Fn(usize) -> bool, has_cases: impl Fn(usize) -> bool) -> Vec<bool> {
        let mut brought = vec![false; self.tests.len()];
        let mut next: Vec<usize> = (0..self.tests.len()).filter(|test| selected(*test)).collect();
        while let Some(test) = next.pop() {
            if has_cases(test) && !std::mem::replace(&mut brought[test], true) {
                next.extend(self.tests[test].iter().map(|needed| needed.test));
            }
        }
        brought
    }

    /// Warns of needed tests of which nothing is run, given the tests that have cells: nothing is waited for then.
    pub(super) fn warn_of_absent(&self, job: &Job, present: &BTreeSet<usize>, complaints: &mut Vec<Diagnostic>) {
        for test in present {
            for needed in self.tests[*test].iter().filter(|needed| !present.contains(&needed.test)) {
                let name = &job.tests[needed.test].name.value;
                let message = format!("test `{name}`, which this one needs, has no case in this run: nothing is waited for");
                complaints.push(Diagnostic::warning(&needed.place, message));
            }
        }
    }

    /// Tells every cell which others it needs: those of its own device where the needed test has such, else all of them.
    /// Cells that need the same share it.
    pub(super) fn bind(&self, cells: &mut [Cell]) -> Vec<Vec<CellId>> {
        let mut all: HashMap<(usize, Option<&str>), Vec<CellId>> = HashMap::new();
        for (id, cell) in (0..).map(CellId).zip(cells.iter()) {
            if let Some(test) = test_of(cell) {
                all.entry((test, None)).or_default().push(id);
                if let Some(device) = &cell.head.device {
                    all.entry((test, Some(device))).or_default().push(id);
                }
            }
        }
        let mut bound: HashMap<(usize, Option<&str>), NeedId> = HashMap::new();
        let mut needs: Vec<Vec<CellId>> = Vec::new();
        let mut of_cells: Vec<(usize, Vec<NeedId>)> = Vec::new();
        for (index, cell) in cells.iter().enumerate() {
            let needed = test_of(cell).map_or(&[][..], |test| &self.tests[test]);
            let keys = needed.iter().map(|needed| {
                let own = (needed.test, cell.head.device.as_deref());
                if all.contains_key(&own) { own } else { (needed.test, None) }
            });
            let mut own = Vec::new();
            for key in keys {
                let Some(members) = all.get(&key) else { continue };
                let id = bound.entry(key).or_insert_with(|| {
                    needs.push(members.clone());
                    NeedId(u32::try_from(needs.len() - 1).unwrap_or(u32::MAX))
                });
                own.push(*id);
            }
            if !own.is_empty() {
                of_cells.push((index, own));
            }
        }
        for (index, needs) in of_cells {
            cells[index].needs = needs;
        }
        needs
    }

    /// Complains once about every knot of tests that wait for each other.
    fn complain_about_circles(&self, job: &Job, complaints: &mut Vec<Diagnostic>) {
        let mut told = vec![false; self.tests.len()];
        for circle in self.circles() {
            if circle.iter().any(|(test, _)| told[*test]) {
                continue;
            }
            for (test, _) in &circle {
                told[*test] = true;
            }
            complaints.push(in_a_circle(job, circle));
        }
    }

    /// Circles of tests that need each other, each test with what it needs there; at least one of every knot, up
    /// to a number that is more than anybody reads. The search keeps its way itself, so that no length of a chain deepens the stack.
    fn circles(&self) -> Vec<Vec<(usize, &Needed)>> {
        let mut circles = Vec::new();
        let mut seen = vec![Seen::No; self.tests.len()];
        for first in 0..self.tests.len() {
            if seen[first] != Seen::No {
                continue;
            }
            // The way to where the search is: tests, and how many of the needs of each have been looked at.
            let mut way: Vec<(usize, usize)> = vec![(first, 0)];
            seen[first] = Seen::OnTheWay(0);
            while let Some((test, looked_at)) = way.last_mut() {
                let Some(needed) = self.tests[*test].get(*looked_at) else {
                    seen[*test] = Seen::Done;
                    way.pop();
                    continue;
                };
                *looked_at += 1;
                match seen[needed.test] {
                    Seen::No => {
                        seen[needed.test] = Seen::OnTheWay(way.len());
                        way.push((needed.test, 0));
                    }
                    Seen::OnTheWay(from) if circles.len() < MOST => {
                        circles.push(way[from..].iter().map(|(test, next)| (*test, &self.tests[*test][next - 1])).collect());
                    }
                    Seen::OnTheWay(_) | Seen::Done => {}
                }
            }
        }
        circles
    }
}

/// How far the search for circles is with a test.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Seen {
    No,
    /// Its place on the way.
    OnTheWay(usize),
    Done,
}

/// Whether the file names it otherwise than as what tests need: perhaps as a test that could not be read.
fn is_named_elsewhere(job: &Job, name: &str) -> bool {
    let needed = job.tests.iter().flat_map(|test| &test.needs).filter(|need| need.value.contains(name)).count();
    job.place.source().text().matches(name).count() > needed
}

/// The complaint about a test that needs a later one, where tests run in the order of the file.
fn too_late(test: &Test, needed: &Test, place: &Place) -> Diagnostic {
    let (name, needed_name) = (&test.name.value, &needed.name.value);
    let message = format!("test `{name}` needs `{needed_name}`, which runs after it");
    let complaint = Diagnostic::error(place, message).also(&needed.name.place, "this test comes later");
    complaint.hint(format!("put `{needed_name}` before `{name}`, or give the job `order: free`"))
}

/// The complaint about tests that wait for each other, beginning with the first one in the file.
fn in_a_circle(job: &Job, mut circle: Vec<(usize, &Needed)>) -> Diagnostic {
    let first = (0..circle.len()).min_by_key(|index| circle[*index].0).unwrap_or_default();
    circle.rotate_left(first);
    let name = |test: usize| &job.tests[test].name.value;
    let mut links: Vec<String> =
        circle.iter().take(NAMED).map(|(test, needed)| format!("`{}` needs `{}`", name(*test), name(needed.test))).collect();
    if circle.len() > NAMED {
        links.push(format!("and so on over {} more", text::count(circle.len() - NAMED, "test")));
    }
    let complaint = Diagnostic::error(&circle[0].1.place, format!("`needs` goes in a circle: {}", links.join(", ")));
    let others = circle.iter().skip(1).take(NAMED - 1);
    others.fold(complaint, |complaint, (test, needed)| complaint.also(&needed.place, format!("what `{}` needs", name(*test))))
}

/// The index in the job of the test that a cell is of.
fn test_of(cell: &Cell) -> Option<usize> {
    match &cell.work {
        Work::Run(run) => run.test.map(|test| test as usize),
        Work::Connect(_) => None,
    }
}
