//! Which devices agree: what a test captured on several devices, grouped.

use crate::base::Data;
use crate::record::event::{CellHead, CellKind};
use crate::record::ledger::{CellEntry, Ledger};
use crate::report::clean;
use crate::report::console::difference::difference;
use crate::report::console::lines::shown;
use indexmap::IndexMap;
use std::collections::HashSet;

/// The most devices that are named because they differ, and the most values.
const OUTLIERS: usize = 5;
/// The most devices of one value that are named.
const NAMED: usize = 3;

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
    let mut names: IndexMap<&str, Vec<(String, &Data)>> = IndexMap::new();
    for (cell, entry) in cells {
        // A name that was captured again counts with its last value.
        let last: IndexMap<&str, _> = entry.captured.items().iter().map(|(name, value)| (name.as_str(), value)).collect();
        for (name, value) in last {
            names.entry(name).or_default().push((label(cell), value));
        }
    }
    names.iter().filter_map(|(name, values)| agreement(name, values)).collect()
}

/// Who has which value: `version`: 3 of 4 agree (17.3); r4 = 16.9. `None` where there is one value only, or no two are equal.
fn agreement(name: &str, values: &[(String, &Data)]) -> Option<String> {
    if values.len() < 2 {
        return None;
    }
    let mut groups: IndexMap<String, Vec<&(String, &Data)>> = IndexMap::new();
    for value in values {
        groups.entry(canonical(value.1)).or_default().push(value);
    }
    let name = clean::line(name, 100);
    let all = values.len();
    let Some((key, agreeing)) = groups.iter().find(|(_, group)| group.len() * 2 > all) else {
        // That every device has a value of its own is no news.
        let several = (groups.len() < all).then(|| disagreement(groups.values().map(Vec::as_slice)));
        return several.map(|several| format!("`{name}`: {several}"));
    };
    let (_, common) = agreeing.first()?;
    let outliers = groups.iter().filter(|(other, _)| *other != key).flat_map(|(_, group)| group);
    let differs = |(device, value): &(String, &Data)| match difference(common, value) {
        Some(difference) => format!("{device}: {difference}"),
        None => format!("{device} = {}", shown(value)),
    };
    // In the order of the plan, whoever has the same value.
    let mut outliers: Vec<&&(String, &Data)> = outliers.collect();
    outliers.sort_by_key(|outlier| values.iter().position(|value| std::ptr::eq(value, **outlier)));
    if outliers.is_empty() {
        return Some(format!("`{name}`: all {all} agree ({})", shown(common)));
    }
    let separator = if outliers.iter().any(|(_, value)| difference(common, value).is_some()) { "; " } else { ", " };
    let told: Vec<String> = outliers.iter().take(OUTLIERS).map(|outlier| differs(outlier)).collect();
    let more = if outliers.len() > OUTLIERS { format!(" and {} more", outliers.len() - OUTLIERS) } else { String::new() };
    Some(format!("`{name}`: {} of {all} agree ({}); {}{more}", agreeing.len(), shown(common), told.join(separator)))
}

/// What several values have that no more than half of the devices share: each with who has it, the most frequent ones first.
fn disagreement<'a>(groups: impl Iterator<Item = &'a [&'a (String, &'a Data)]>) -> String {
    let mut groups: Vec<&[&(String, &Data)]> = groups.collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.len()));
    let who = |group: &&[&(String, &Data)]| {
        let named: Vec<&str> = group.iter().take(NAMED).map(|(device, _)| device.as_str()).collect();
        let more = if group.len() > NAMED { format!(" and {} more", group.len() - NAMED) } else { String::new() };
        let value = group.first().map(|(_, value)| shown(value)).unwrap_or_default();
        format!("{value} ({}{more})", named.join(", "))
    };
    let told: Vec<String> = groups.iter().take(OUTLIERS).map(who).collect();
    let more = if groups.len() > OUTLIERS { format!(" and {} more values", groups.len() - OUTLIERS) } else { String::new() };
    format!("no more than half agree: {}{more}", told.join(", "))
}

/// The whole value as text, the same for values that are equal whatever the order of their keys.
fn canonical(value: &Data) -> String {
    match value {
        Data::Array(items) => format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(",")),
        Data::Object(entries) => {
            let mut sorted: Vec<(&String, &Data)> = entries.iter().collect();
            sorted.sort_by_key(|(key, _)| *key);
            let entries: Vec<String> = sorted.iter().map(|(key, value)| format!("{key:?}:{}", canonical(value))).collect();
            format!("{{{}}}", entries.join(","))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(values: &[Data]) -> Option<String> {
        let values: Vec<(String, &Data)> = (1..).zip(values).map(|(index, value)| (format!("r{index}"), value)).collect();
        agreement("x", &values)
    }

    #[test]
    fn the_majority_is_named_and_then_who_differs() {
        for (values, expected) in [
            ("a a", Some("`x`: all 2 agree (a)")),
            ("a b a a", Some("`x`: 3 of 4 agree (a); r2 = b")),
            ("b a a a c", Some("`x`: 3 of 5 agree (a); r1 = b, r5 = c")),
            ("a a a a a a a b b b b b b", Some("`x`: 7 of 13 agree (a); r8 = b, r9 = b, r10 = b, r11 = b, r12 = b and 1 more")),
            ("a b", None),
            ("a b b c", Some("`x`: no more than half agree: b (r2, r3), a (r1), c (r4)")),
            (
                "a a b b b b c c c c c",
                Some("`x`: no more than half agree: c (r7, r8, r9 and 2 more), b (r3, r4, r5 and 1 more), a (r1, r2)"),
            ),
            ("a", None),
            ("", None),
        ] {
            let values: Vec<Data> = values.split_whitespace().map(Data::from).collect();
            assert_eq!(told(&values).as_deref(), expected);
        }
    }

    #[test]
    fn values_agree_when_they_are_equal_as_data() {
        let (one, same) = (json!({"a": 1, "b": [2]}), json!({"b": [2], "a": 1}));
        assert_eq!(told(&[one.clone(), same.clone()]).as_deref(), Some("`x`: all 2 agree ({\"a\":1,\"b\":[2]})"));
        let other = json!({"a": 1, "b": [3]});
        let told_all = told(&[one, other.clone(), same.clone(), same, other]);
        assert_eq!(told_all.as_deref(), Some("`x`: 3 of 5 agree ({\"a\":1,\"b\":[2]}); r2: b.0 = 3, not 2; r5: b.0 = 3, not 2"));
        assert_eq!(told(&[json!("1"), json!(1)]), None);
        let (long, longer) = ("x".repeat(300), "x".repeat(301));
        assert_eq!(told(&[json!(long), json!(longer)]), None, "what is not shown counts too");
    }

    #[test]
    fn a_thousand_devices_take_one_line() {
        let values: Vec<Data> =
            (0..1000).map(|index| json!({"version": if index % 3 == 0 { index } else { 7 }, "more": "y".repeat(300)})).collect();
        let line = told(&values).expect("a majority");
        assert!(line.len() < 1500 && line.ends_with(" and 329 more"), "{line}");
        let values: Vec<Data> = (0..1000).map(|index| json!(index / 2)).collect();
        assert!(told(&values).expect("groups").ends_with(" and 495 more values"));
    }
}
