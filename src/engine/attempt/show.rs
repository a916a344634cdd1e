//! What reports keep of an attempt.

use crate::base::text;
use crate::connect::pool::Worker;
use crate::engine::attempt::judge::{Judged, SENSITIVE};
use crate::engine::task::Task;
use crate::record::answer::Answer;
use crate::record::event::{AnswerRecord, Attempt};
use crate::record::redact::Redactor;
use crate::record::verdict::Verdict;

/// How much of a good answer is kept, in bytes.
const GOOD_ANSWER: usize = 4 * 1024;

/// How much of standard error is kept, in bytes.
const STDERR: usize = 4 * 1024;

/// How much of a captured value is kept, in bytes of JSON.
const CAPTURED: usize = 1024;

/// Makes the record of one call. Whether further attempts follow is for the schedule to say.
pub(super) fn attempt(task: &Task, worker: Option<&Worker>, judged: Judged, redactor: &Redactor) -> Attempt {
    let verdict = match (&judged.fault, judged.is_good()) {
        (Some(_), _) => Verdict::Errored,
        (None, true) => Verdict::Passed,
        (None, false) => Verdict::Failed,
    };
    // What was judged is hidden already.
    let sensitive = task.step.sensitive;
    let limit = if verdict == Verdict::Passed { GOOD_ANSWER } else { AnswerRecord::LIMIT };
    Attempt {
        cell: task.cell,
        step: task.reference(),
        item: task.item.as_ref().map(|item| if sensitive { SENSITIVE.to_owned() } else { item.clone() }),
        number: task.attempt,
        last: true,
        verdict,
        subject: worker.map(Worker::subject),
        asked: judged.asked,
        took: judged.answer.as_ref().map_or(judged.took, |answer| answer.took),
        answer: judged.answer.as_ref().filter(|_| !sensitive).map(|answer| answer_record(answer, limit, redactor)),
        checks: judged.checks,
        problem: judged.problem,
        fault: judged.fault,
        captured: judged.shown.into_iter().filter(|(_, value)| value.to_string().len() <= CAPTURED).collect(),
    }
}

/// Secrets are taken out before the cut, which might leave half of one.
fn answer_record(answer: &Answer, limit: usize, redactor: &Redactor) -> AnswerRecord {
    let whole = answer.text();
    let whole = redactor.text(&whole);
    let cut = text::head_tail(&whole, limit);
    let stderr = text::plain(&answer.stderr);
    let stderr = redactor.text(&stderr);
    AnswerRecord {
        head: cut.head.to_owned(),
        left_out: cut.left_out,
        tail: cut.tail.to_owned(),
        lines: whole.lines().count(),
        stderr: stderr[stderr.ceil_char_boundary(stderr.len().saturating_sub(STDERR))..].trim_end().to_owned(),
        exit_code: answer.exit_code,
        status: answer.status,
    }
}
