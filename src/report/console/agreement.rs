//! Which devices agree: what a test captured on several devices, grouped.

use crate::record::event::{CellHead, CellKind};
use crate::record::ledger::{CellEntry, Ledger};
use crate::report::clean;
use crate::report::console::lines::shown;
use indexmap::IndexMap;
use std::collections::HashSet;

/// The most devices that are named because they differ.
const OUTLIERS: usize = 5;

/// The tests of a run, and how many of their cells are still to end. The values of a test's matrix make it another test:
/// what it asks with others may well be answered otherwise.
#[derive(Debug, Default)]
pub(super) struct Tests {
    cells: IndexMap<(String, Option<String>), Open>,
}

#[derive(Debug, Default)]
struct Open {
    cells: Vec<usize>,
    left: usize,
}

impl Tests {
    /// Knows the tests that run on more than one device.
    pub(super) fn new(cells: &[CellHead]) -> Self {
        let mut tests: IndexMap<(String, Option<String>), Open> = IndexMap::new();
        for (index, cell) in cells.iter().enumerate().filter(|(_, cell)| cell.kind == CellKind::Test && cell.device.is_some()) {
            let open = tests.entry((cell.test.clone(), cell.matrix.clone())).or_default();
            open.cells.push(index);
            open.left += 1;
        }
        tests.retain(|_, open| open.left > 1);
        Self { cells: tests }
    }

    /// Takes the end of a cell in; the last one of its test brings what the test's devices agree about, a line for each
    /// captured name.
    pub(super) fn ended(&mut self, cell: &CellHead, heads: &[CellHead], ledger: &Ledger) -> Vec<String> {
        if cell.kind != CellKind::Test || cell.device.is_none() {
            return Vec::new();
        }
        let Some(open) = self.cells.get_mut(&(cell.test.clone(), cell.matrix.clone())) else { return Vec::new() };
        open.left = open.left.saturating_sub(1);
        if open.left > 0 {
            return Vec::new();
        }
        let cells: Vec<(&CellHead, &CellEntry)> =
            open.cells.iter().filter_map(|index| Some((heads.get(*index)?, ledger.cells.get(*index)?))).collect();
        lines(&cells)
    }
}

fn lines(cells: &[(&CellHead, &CellEntry)]) -> Vec<String> {
    let devices: HashSet<&str> = cells.iter().filter_map(|(cell, _)| cell.device.as_deref()).collect();
    // Where a device has several cells, its name alone would not say which one differs.
    let label = |cell: &CellHead| {
        let device = cell.device.as_deref().filter(|_| devices.len() == cells.len());
        clean::line(device.unwrap_or(&cell.name), 100)
    };
    let mut names: IndexMap<&str, Vec<(String, String)>> = IndexMap::new();
    for (cell, entry) in cells {
        // A name that was captured again counts with its last value.
        let last: IndexMap<&str, _> = entry.captured.items().iter().map(|(name, value)| (name.as_str(), value)).collect();
        for (name, value) in last {
            names.entry(name).or_default().push((label(cell), shown(value)));
        }
    }
    names.iter().filter_map(|(name, values)| agreement(name, values)).collect()
}

/// `version`: 3 of 4 agree (17.3); r4 = 16.9. `None` where no more than half of them say the same.
fn agreement(name: &str, values: &[(String, String)]) -> Option<String> {
    if values.len() < 2 {
        return None;
    }
    let mut counts: IndexMap<&str, usize> = IndexMap::new();
    for (_, value) in values {
        *counts.entry(value).or_default() += 1;
    }
    let (common, agreeing) = counts.into_iter().find(|(_, count)| count * 2 > values.len())?;
    let outliers: Vec<String> =
        values.iter().filter(|(_, value)| value != common).map(|(device, value)| format!("{device} = {value}")).collect();
    let name = clean::line(name, 100);
    let Some(first) = outliers.first() else {
        return Some(format!("`{name}`: all {agreeing} agree ({common})"));
    };
    let mut line = format!("`{name}`: {agreeing} of {} agree ({common}); {first}", values.len());
    for outlier in outliers.iter().take(OUTLIERS).skip(1) {
        line.push_str(&format!(", {outlier}"));
    }
    if outliers.len() > OUTLIERS {
        line.push_str(&format!(" and {} more", outliers.len() - OUTLIERS));
    }
    Some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_majority_is_named_and_then_who_differs() {
        let several = |values: &[&str]| -> Vec<(String, String)> {
            (1..).zip(values).map(|(index, value)| (format!("r{index}"), (*value).to_owned())).collect()
        };
        for (values, expected) in [
            (&["a", "a"][..], Some("`x`: all 2 agree (a)")),
            (&["a", "b", "a", "a"], Some("`x`: 3 of 4 agree (a); r2 = b")),
            (&["b", "a", "a", "a", "c"], Some("`x`: 3 of 5 agree (a); r1 = b, r5 = c")),
            (
                &["a", "a", "a", "a", "a", "a", "a", "b", "b", "b", "b", "b", "b"],
                Some("`x`: 7 of 13 agree (a); r8 = b, r9 = b, r10 = b, r11 = b, r12 = b and 1 more"),
            ),
            (&["a", "b"], None),
            (&["a"], None),
            (&[], None),
        ] {
            assert_eq!(agreement("x", &several(values)).as_deref(), expected);
        }
    }
}
