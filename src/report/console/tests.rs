//! Tests: the whole console of a run with every outcome, in every style.

use super::*;
use crate::base::diagnostic::Colour;
use crate::record::event::CellKind;
use crate::report::samples::{attempt, attempted, cell, ended, events, every_outcome, head, logged};
use expect_test::{expect, expect_file};
use std::sync::{Arc, Mutex};

/// A writer whose text can be read afterwards.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn told(events: &[Event], style: Style) -> String {
    let out = Shared::default();
    let reports = vec![("junit".to_owned(), "out/junit.xml".to_owned())];
    let mut console = Console::new(Box::new(out.clone()), style, reports);
    let mut ledger = Ledger::default();
    for event in events {
        ledger.fold(event);
        console.event(event, &ledger).expect("a console");
    }
    console.finish(&ledger).expect("a console");
    let bytes = out.0.lock().expect("no panic").clone();
    String::from_utf8(bytes).expect("UTF-8")
}

#[test]
fn a_log_has_a_line_for_each_cell_and_the_failures_again() {
    expect_file!["every_outcome.txt"].assert_eq(&told(&every_outcome(), Style::PLAIN));
}

#[test]
fn a_quiet_console_tells_what_went_wrong() {
    let told = told(&every_outcome(), Style { verbosity: Verbosity::Quiet, ..Style::PLAIN });
    let beginning: Vec<&str> = told.lines().take_while(|line| !line.is_empty()).collect();
    expect![[r"
        ERROR 0.90s  connect [r.3]
              r.3: connect via mgmt: refused
        FAIL  2.04s  version [r4]
              step 2 show-version: expected 17.3, got 16.9 (and 1 more)
              r4  version = 16.9
        ERROR 10.0s  uptime [r1]
              step 2 show-version: waiting for the prompt timed out after 10s (`timeout` of the step)"]]
    .assert_eq(&beginning.join("\n"));
}

#[test]
fn a_verbose_console_tells_every_attempt() {
    let told = told(&every_outcome(), Style { verbosity: Verbosity::Verbose, ..Style::PLAIN });
    let attempts: Vec<&str> = told.lines().map(str::trim_start).filter(|line| line.contains(": show version")).collect();
    expect![[r"
              version [r1]  step 2 show-version: show version | include Version (passed, 0.12s)
              version [r2]  step 2 show-version: show version | include Version (passed, 0.12s)
              version [r4]  step 2 show-version: show version | include Version (passed, 0.12s)
              version [r2]  step 2 show-version: show version | include Version (passed, attempt 3, 0.12s)
              version [r4]  step 2 show-version: show version | include Version (failed, attempt 3, 0.12s)
              uptime [r1]  step 2 show-version: show version | include Version (errored, 0.12s)"]]
    .assert_eq(&attempts.join("\n"));
}

#[test]
fn lines_come_out_beside_a_bar_that_nobody_sees() {
    // Standard error of a test may be a terminal or not; the lines must not depend on it.
    let style = Style { bars: Bars::OnStderr, ..Style::PLAIN };
    assert_eq!(told(&every_outcome(), style), told(&every_outcome(), Style::PLAIN));
}

#[test]
fn colour_is_only_around_verdicts() {
    let coloured = told(&every_outcome(), Style { colour: Colour::Ansi, ..Style::PLAIN });
    assert!(coloured.contains("\x1b[1m\x1b[31mFAIL \x1b[0m 2.04s  version [r4]\n"), "{coloured:?}");
    assert_eq!(crate::base::text::plain(&coloured), told(&every_outcome(), Style::PLAIN));
}

#[test]
fn nothing_that_a_device_says_acts_on_a_terminal_or_a_ci_system() {
    for text in
        ["\x1b[2Jx", "\x1b]0;t\x07x", "a\rb", "\u{202e}x", "::error::x", "##vso[task.setvariable]x", "##teamcity[x]", "a\n::set-output::x"]
    {
        let failed = Outcome::with(Verdict::Failed, crate::record::verdict::ReasonKind::Check, text);
        let mut attempt = crate::report::samples::failed_attempt(0, text);
        attempt.answer = Some(crate::report::samples::answer(text));
        attempt.captured = vec![(text.to_owned(), text.into())];
        let heads = vec![CellHead { name: text.to_owned(), ..cell(CellKind::Test, text, Some(text)) }];
        let facts = vec![
            (0, Fact::RunStarted(Box::new(RunHead { job: text.to_owned(), ..head(heads) }))),
            (1, attempted(attempt)),
            (2, logged(0, text)),
            (3, ended(0, failed, 1)),
            (4, Fact::Interrupted { by: text.to_owned() }),
        ];
        let told = told(&events(facts), Style { verbosity: Verbosity::Verbose, ..Style::PLAIN });
        assert!(!told.contains(|c: char| (c.is_control() && c != '\n') || c == '\u{202e}'), "{told:?}");
        assert!(
            !told.contains("##vso[") && !told.contains("##teamcity[") && !told.lines().any(|line| line.trim_start().starts_with("::")),
            "{told}"
        );
    }
}

#[test]
fn long_answers_and_many_failures_are_cut() {
    let heads = (0..150).map(|index| cell(CellKind::Test, &format!("t{index}"), Some("r1"))).collect();
    let mut facts = vec![(0, Fact::RunStarted(Box::new(head(heads))))];
    for index in 0..150 {
        let mut attempt = crate::report::samples::failed_attempt(index, "r1");
        attempt.answer = Some(crate::report::samples::answer(&"line\n".repeat(1000)));
        facts.extend([(1, attempted(attempt)), (2, ended(index, crate::report::samples::failed("no"), 1))]);
    }
    let told = told(&events(facts), Style::PLAIN);
    assert!(told.contains("\nand 50 more that did not pass\n"), "{told}");
    assert_eq!(told.matches("    | line\n").count(), 100 * 12);
    assert_eq!(told.matches("[cut ").count(), 100);
}

#[test]
fn a_closed_pipe_ends_no_run_and_is_told_at_the_end() {
    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut console = Console::new(Box::new(Closed), Style::PLAIN, Vec::new());
    let mut ledger = Ledger::default();
    for event in &every_outcome() {
        ledger.fold(event);
        console.event(event, &ledger).expect("the run goes on");
    }
    assert!(matches!(console.finish(&ledger), Err(ReportError::Console(_))));
}

#[test]
fn a_run_that_only_began_says_so() {
    let heads = vec![cell(CellKind::Test, "t", None)];
    let told = told(&events(vec![(0, Fact::RunStarted(Box::new(head(heads)))), (5, attempted(attempt(0, "r1")))]), Style::PLAIN);
    expect![[r#"
        job smoke, testbed testbeds/lab-a.yaml: 1 test case, run 8f2c

        ERROR t
          the run ended before this began

        0 passed, 1 errored in 5ms
        junit: out/junit.xml
    "#]]
    .assert_eq(&told);
}
