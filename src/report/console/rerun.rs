//! The command that runs again what did not pass.

use crate::record::event::{CellHead, CellId, CellKind};
use crate::record::ledger::Ledger;
use crate::record::verdict::Verdict;
use crate::report::clean;
use std::collections::BTreeSet;

/// The most tests, and the most devices, that a command names. Beyond, what was selected before is selected again.
const NAMED: usize = 20;

/// How a run was begun.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rerun {
    /// The words of the command without the selection: `runner`, `run`, the job, ...
    pub words: Vec<String>,
    /// The patterns of `--test` that were given.
    pub tests: Vec<String>,
    /// The patterns of `--device` that were given.
    pub devices: Vec<String>,
}

impl Rerun {
    /// A command for a shell, on one line. It runs each test that did not pass on each device where one did not. `None` when
    /// all passed, or when a shell or a log would take a word of it for something else.
    pub(super) fn command(&self, ledger: &Ledger) -> Option<String> {
        let heads = ledger.head.as_ref().map_or(&[][..], |head| &head.cells);
        let bad: Vec<&CellHead> = (0..).map(CellId).zip(heads).filter(|(id, _)| is_bad(ledger, *id)).map(|(_, head)| head).collect();
        if bad.is_empty() {
            return None;
        }
        let tests: Vec<&CellHead> = bad.iter().copied().filter(|cell| cell.kind == CellKind::Test).collect();
        let names: BTreeSet<&str> = tests.iter().map(|cell| cell.test.as_str()).collect();
        let devices: BTreeSet<&str> = tests.iter().filter_map(|cell| cell.device.as_deref()).collect();
        // A test without a device would be left out where devices are named.
        let everywhere = tests.iter().any(|cell| cell.device.is_none());
        let tests = patterns(&names, &self.tests, false);
        let devices = patterns(&devices, &self.devices, everywhere);
        let mut words: Vec<String> = self.words.iter().map(|word| quoted(word)).collect();
        for (option, patterns) in [("--test", tests), ("--device", devices)] {
            words.extend(patterns.iter().map(|pattern| {
                let separator = if pattern.starts_with('-') { "=" } else { " " };
                format!("{option}{separator}{}", quoted(pattern))
            }));
        }
        let command = words.join(" ");
        let unchanged = clean::log_line(&clean::text(&command, usize::MAX)) == command;
        (unchanged && !command.contains('\n')).then_some(command)
    }
}

fn is_bad(ledger: &Ledger, cell: CellId) -> bool {
    matches!(ledger.outcome(cell).verdict, Verdict::Failed | Verdict::Errored | Verdict::Blocked)
}

/// Patterns that mean these names and nothing else; those that were given where the names are incomplete, none, or too many.
fn patterns(names: &BTreeSet<&str>, given: &[String], incomplete: bool) -> Vec<String> {
    if incomplete || names.is_empty() || names.len() > NAMED {
        return given.to_vec();
    }
    names.iter().map(|name| escaped(name)).collect()
}

/// A pattern that only the name matches. A comma would part it in two, so that any character may stand there.
fn escaped(name: &str) -> String {
    let mut pattern = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '*' | '?' | '[' | ']' | '{' | '}' | '\\' => pattern.extend(['[', c, ']']),
            ',' => pattern.push('?'),
            other => pattern.push(other),
        }
    }
    pattern
}

/// A word as a POSIX shell reads it back.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::event::{Event, Fact};
    use crate::record::verdict::{Outcome, ReasonKind};
    use crate::report::samples::{cell, ended, events, every_outcome, failed, head, ledger};

    fn rerun(selection: &[&str]) -> Rerun {
        let words = ["runner", "run", "my job.yaml", "--var", "it='s"].map(str::to_owned).to_vec();
        Rerun { words, tests: selection.iter().map(|&pattern| pattern.to_owned()).collect(), devices: Vec::new() }
    }

    fn run(cells: Vec<CellHead>, bad: &[u32]) -> Vec<Event> {
        let count = u32::try_from(cells.len()).expect("few");
        let mut facts = vec![(0, Fact::RunStarted(Box::new(head(cells))))];
        facts.extend((0..count).map(|index| (1, ended(index, if bad.contains(&index) { failed("no") } else { Outcome::passed() }, 1))));
        events(facts)
    }

    #[test]
    fn tests_and_devices_that_did_not_pass_are_named() {
        let command = rerun(&["ver*"]).command(&ledger(&every_outcome())).expect("a command");
        let expected =
            r"runner run 'my job.yaml' --var 'it='\''s' --test never --test uptime --test version --device r.3 --device r1 --device r4";
        assert_eq!(command, expected);
    }

    #[test]
    fn names_that_mean_something_to_a_shell_or_a_pattern_are_quoted() {
        let cells = vec![cell(CellKind::Test, "-it's [a]*", Some("r,1")), cell(CellKind::Test, "fine", Some("r2"))];
        let command = rerun(&[]).command(&ledger(&run(cells, &[0]))).expect("a command");
        assert!(command.ends_with(r"--test='-it'\''s [[]a[]][*]' --device 'r?1'"), "{command}");
    }

    #[test]
    fn what_cannot_be_named_is_selected_as_before() {
        let mut given = rerun(&["t*"]);
        given.devices = vec!["r*".to_owned()];
        let many = (0..21).map(|index| cell(CellKind::Test, &format!("t{index}"), Some("r1"))).collect();
        let command = given.command(&ledger(&run(many, &(0..21).collect::<Vec<_>>()))).expect("a command");
        assert!(command.ends_with("--test 't*' --device r1"), "{command}");
        let without = vec![cell(CellKind::Test, "a", None), cell(CellKind::Test, "b", Some("r1"))];
        let command = given.command(&ledger(&run(without, &[0, 1]))).expect("a command");
        assert!(command.ends_with("--test a --test b --device 'r*'"), "{command}");
        let teardown = vec![cell(CellKind::Test, "a", Some("r1")), cell(CellKind::Teardown, "teardown", None)];
        let command = given.command(&ledger(&run(teardown, &[1]))).expect("a command");
        assert!(command.ends_with("--test 't*' --device 'r*'"), "{command}");
    }

    #[test]
    fn nothing_is_said_where_all_passed_or_a_word_would_not_survive() {
        let cells = || vec![cell(CellKind::Test, "a", Some("r1"))];
        assert_eq!(rerun(&[]).command(&ledger(&run(cells(), &[]))), None);
        let skipped = Outcome::with(Verdict::Skipped, ReasonKind::Skipped, "no");
        let facts = vec![(0, Fact::RunStarted(Box::new(head(cells())))), (1, ended(0, skipped, 0))];
        assert_eq!(rerun(&[]).command(&ledger(&events(facts))), None);
        for word in ["a\nb", "\u{1b}[2J", "##vso[x]"] {
            let words = vec![word.to_owned()];
            assert_eq!(Rerun { words, ..rerun(&[]) }.command(&ledger(&run(cells(), &[0]))), None, "{word}");
        }
    }
}
