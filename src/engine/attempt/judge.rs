//! Decides what an answer is worth: default check, parse, capture, assertions.

use crate::base::Data;
use crate::base::deadline::Deadline;
use crate::base::text;
use crate::connect::class::DefaultCheck;
use crate::engine::plan::Step;
use crate::engine::task::{Bad, Ended, Task};
use crate::eval::capture::CaptureError;
use crate::eval::expectation::Expectation;
use crate::eval::extract::Evidence;
use crate::eval::parse::ParseError;
use crate::eval::scope::Layer;
use crate::record::answer::{Answer, Reception};
use crate::record::check::Check;
use crate::record::fault::{Fault, FaultKind};
use crate::record::redact::Redactor;
use std::time::Duration;

/// What stands where a sensitive step's input, answer and values would.
pub(super) const SENSITIVE: &str = "[sensitive]";

/// What is wrong with a sensitive step's answer.
const NOT_HELD: &str = "it did not hold (the step is sensitive)";

/// What one call came to.
#[derive(Debug, Default)]
pub(super) struct Judged {
    pub(super) asked: Option<String>,
    pub(super) answer: Option<Answer>,
    pub(super) checks: Vec<Check>,
    /// What is wrong that is not an assertion.
    pub(super) problem: String,
    pub(super) fault: Option<Fault>,
    pub(super) captured: Vec<(String, Data)>,
    /// What was captured, for reports.
    pub(super) shown: Vec<(String, Data)>,
    /// How long it took where there is no answer that says so.
    pub(super) took: Duration,
}

impl Judged {
    pub(super) fn fault(fault: Fault) -> Self {
        Self { fault: Some(fault), ..Self::default() }
    }

    pub(super) fn problem(problem: String) -> Self {
        Self { problem, ..Self::default() }
    }

    /// Turns around what a step that expects an error came to: the error is right, and an answer is wrong.
    pub(super) fn expect(self, expectation: &Expectation, task: &Task) -> Self {
        let wanted = expectation.describe();
        let check = |held: bool, sentence: String, actual: String| Check {
            held,
            sentence,
            source: "error".to_owned(),
            expected: wanted.clone(),
            actual,
            place: expectation.place().to_owned(),
            nearest: Vec::new(),
        };
        let Self { asked, answer, took, fault, .. } = self;
        let kept = Self { asked, answer, took, ..Self::default() };
        let Some(mut fault) = fault else {
            let came = if kept.answer.is_some() { "an answer" } else { "none" };
            let check = check(false, format!("expected {wanted}, got {came}"), came.to_owned());
            return Self { checks: vec![check], ..kept };
        };
        let meant = if cut_by_others(&fault, task) { Ok(false) } else { expectation.holds(&fault, &task.scope) };
        match meant {
            Ok(true) => {
                let came = fault.to_string();
                Self { checks: vec![check(true, format!("got the error that was expected: {came}"), came)], ..kept }
            }
            Ok(false) => {
                fault.message.push_str(&format!(" (expected {wanted})"));
                Self { fault: Some(fault), ..kept }
            }
            Err(unrendered) => Self { fault: Some(unrendered), ..kept },
        }
    }

    /// Keeps what was judged of a sensitive step, and hides what it was judged by.
    pub(super) fn hide(&mut self) {
        self.asked = self.asked.take().map(|_| SENSITIVE.to_owned());
        self.shown.clear();
        if !self.problem.is_empty() {
            NOT_HELD.clone_into(&mut self.problem);
        }
        for check in &mut self.checks {
            NOT_HELD.clone_into(&mut check.sentence);
            SENSITIVE.clone_into(&mut check.expected);
            SENSITIVE.clone_into(&mut check.actual);
            check.nearest.clear();
        }
        self.fault = self.fault.take().map(Fault::without_quotes);
    }

    /// The same for a step that asked nothing.
    pub(super) fn without_answer(self) -> Self {
        Self { answer: None, ..self }
    }

    pub(super) fn is_good(&self) -> bool {
        self.fault.is_none() && self.problem.is_empty() && self.checks.iter().all(|check| check.held)
    }

    /// How it ended, with the step's title before the reason.
    pub(super) fn ended(&self, task: &Task) -> Ended {
        let title = task.reference().title();
        if let Some(fault) = &self.fault {
            return Ended::Bad(Bad::errored(fault.kind, format!("{title}: {fault}")));
        }
        let wrong: Vec<&str> = self.checks.iter().filter(|check| !check.held).map(|check| check.sentence.as_str()).collect();
        let first = if self.problem.is_empty() { wrong.first().copied() } else { Some(self.problem.as_str()) };
        let Some(first) = first else { return Ended::Good };
        let more = wrong.len() + usize::from(!self.problem.is_empty()) - 1;
        let more = if more > 0 { format!(" (and {more} more)") } else { String::new() };
        Ended::Bad(Bad::failed(format!("{title}: {first}{more}")))
    }
}

/// Whether a limit ended the attempt that is not the step's own, so that it says nothing about the device.
fn cut_by_others(fault: &Fault, task: &Task) -> bool {
    let others = task.deadline.as_ref().map(Deadline::limit);
    fault.kind == FaultKind::Timeout && fault.limit.is_some() && fault.limit.as_ref() == others && others != Some(&task.timeout)
}

/// Judges an answer as the task's step says.
pub(super) fn judge(
    task: &Task,
    asked: Option<String>,
    answer: Result<Answer, Fault>,
    default: DefaultCheck,
    redactor: &Redactor,
) -> Judged {
    let answer = match answer {
        Ok(answer) => answer,
        Err(fault) => return Judged { asked, ..Judged::fault(fault) },
    };
    let mut judged = judge_answer(task, &answer, default, redactor);
    judged.asked = asked;
    judged.answer = Some(answer);
    judged
}

fn judge_answer(task: &Task, answer: &Answer, default: DefaultCheck, redactor: &Redactor) -> Judged {
    let (step, scope) = (&task.step, &task.scope);
    let mut judged = Judged::default();
    if step.assertions.is_none() && !judge_by_default(answer, default, step, &mut judged) {
        return judged;
    }
    let parsed = match step.parser.as_ref().map(|parser| parser.parse(&answer.text(), scope)) {
        None => None,
        Some(Ok(parsed)) => Some(parsed),
        Some(Err(ParseError::Fault(fault))) => return Judged { fault: Some(fault), ..judged },
        Some(Err(ParseError::NotJson { reason, line, column, excerpt })) => {
            // The excerpt may begin or end within a secret, and does not say so.
            let refused = ParseError::NotJson { reason, line, column, excerpt: redactor.fragment(&excerpt) };
            return Judged { problem: refused.to_string(), ..judged };
        }
        Some(Err(refused)) => return Judged { problem: refused.to_string(), ..judged },
    };
    let evidence = Evidence::new(Some(answer), parsed.as_ref());
    let mut scope = scope.clone();
    if step.reads_result {
        scope = scope.over(Layer::of("result", &result(answer, &evidence, parsed.as_ref())));
    }
    match step.capture.as_ref().map(|capture| capture.take(&evidence, &scope)) {
        None => {}
        Some(Ok(captured)) => {
            scope = scope.over(Layer::from_data(captured.iter().map(|(name, value)| (name, value))));
            judged.captured = captured;
        }
        Some(Err(CaptureError::Missing(sentence))) => judged.problem = sentence,
        Some(Err(CaptureError::Fault(fault))) => return Judged { fault: Some(fault), ..judged },
    }
    for assertion in step.assertions.iter().flatten() {
        match assertion.judge(&evidence, &scope) {
            Ok(check) => judged.checks.push(check),
            // A variable that was to be captured is missing then; the capture's own sentence says why.
            Err(_) if !judged.problem.is_empty() => {}
            Err(fault) => return Judged { fault: Some(fault), ..judged },
        }
    }
    judged
}

/// Applies the service's own idea of a good answer; false when it does not hold.
fn judge_by_default(answer: &Answer, default: DefaultCheck, step: &Step, judged: &mut Judged) -> bool {
    let code = match (default, answer.exit_code, &answer.reception) {
        (_, None, Some(Reception::Refused(line))) => {
            judged.checks.push(refused(line, step));
            return false;
        }
        (DefaultCheck::Answered, None | Some(0), _)
        | (DefaultCheck::ExitCodeZero | DefaultCheck::NotRefused, Some(0), _)
        | (DefaultCheck::NotRefused, None, Some(Reception::Accepted)) => return true,
        (DefaultCheck::ExitCodeZero | DefaultCheck::NotRefused, None, _) => {
            "expected exit code 0, got none: the peer did not say how the command ended".clone_into(&mut judged.problem);
            return false;
        }
        (_, Some(code), _) => code,
    };
    let last_words = answer.stderr.lines().rev().find(|line| !line.trim().is_empty());
    let last_words = last_words.map(|line| format!(": {}", text::one_line(&text::plain(line), 120))).unwrap_or_default();
    judged.checks.push(Check {
        held: false,
        sentence: format!("expected exit code 0, got {code}{last_words}"),
        source: "exit_code".to_owned(),
        expected: "0 (int)".to_owned(),
        actual: format!("{code} (int)"),
        place: step.place.clone(),
        nearest: Vec::new(),
    });
    false
}

/// The failed check of a command that a command line did not take.
fn refused(line: &str, step: &Step) -> Check {
    let line = text::one_line(&text::plain(line), 120);
    Check {
        held: false,
        sentence: format!("the device refused the command: {line}"),
        source: "text".to_owned(),
        expected: "no line that says so".to_owned(),
        actual: line,
        place: step.place.clone(),
        nearest: Vec::new(),
    }
}

/// What templates see as `result`.
fn result(answer: &Answer, evidence: &Evidence<'_>, parsed: Option<&Data>) -> Data {
    serde_json::json!({
        "text": evidence.text(),
        "stdout": answer.stdout,
        "stderr": answer.stderr,
        "parsed": parsed,
        "exit_code": answer.exit_code,
        "status": answer.status,
        "duration": answer.took.as_secs_f64(),
    })
}
