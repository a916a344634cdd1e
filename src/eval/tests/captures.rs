//! What captures keep, and what they refuse to keep.

use super::assertions::place;
use super::placed;
use crate::base::Data;
use crate::base::place::Placed;
use crate::eval::capture::{Capture, CaptureError};
use crate::eval::extract::Evidence;
use crate::eval::scope::Scope;
use crate::eval::tests::typed::yaml;
use crate::model::assertion::{Capture as Written, CapturePart, Extract, Filter, Source};
use crate::record::answer::Answer;
use serde_json::json;

fn part(name: &str, source: Source, filters: &[Filter], default: Option<&Data>) -> CapturePart {
    let filters = filters.iter().map(|filter| Placed::new(*filter, place())).collect();
    CapturePart { name: placed(name), extract: Extract { place: place(), source, filters }, default: default.map(yaml) }
}

fn take(parts: Vec<CapturePart>, evidence: &Evidence<'_>) -> Result<Vec<(String, Data)>, CaptureError> {
    Capture::compile(&Written::Parts(parts)).expect("compiles").take(evidence, &Scope::new())
}

#[test]
fn captures_keep_values_in_order_and_defaults_where_nothing_is_found() {
    let answer = Answer { stdout: "version 4.2\n".to_owned(), ..Answer::default() };
    let parsed = json!({"peers": ["a", "b"]});
    let evidence = Evidence::new(Some(&answer), Some(&parsed));
    let parts = vec![
        part("version", Source::Regex(placed(r"version (\S+)")), &[Filter::AsFloat], None),
        part("peers", Source::JsonPath(placed("$.peers[*]")), &[], None),
        part("serial", Source::JsonPath(placed("$.serial")), &[], Some(&json!("none"))),
    ];
    let kept = vec![("version".to_owned(), json!(4.2)), ("peers".to_owned(), json!(["a", "b"])), ("serial".to_owned(), json!("none"))];
    assert_eq!(take(parts, &evidence), Ok(kept));
}

#[test]
fn what_is_missing_or_wrong_is_an_error() {
    let answer = Answer { stdout: "version x\n".to_owned(), ..Answer::default() };
    let evidence = Evidence::new(Some(&answer), None);
    let version = || Source::Regex(placed(r"version (\S+)"));
    for (part, sentence) in [
        (part("v", Source::Line(placed("nope")), &[], None), "`v` is not captured: line nope finds nothing (job.yaml:1:1)"),
        (
            part("v", version(), &[Filter::AsInt], Some(&json!(0))),
            "`v` is not captured: `as int` needs an integer, got text `x` (job.yaml:1:1)",
        ),
        (
            part("v", Source::JsonPath(placed("$.v")), &[], Some(&json!(0))),
            "`v` is not captured: nothing was parsed, so that a JSONPath query has nothing to look in (job.yaml:1:1)",
        ),
    ] {
        assert_eq!(take(vec![part], &evidence), Err(CaptureError::Missing(sentence.to_owned())));
    }
    let undefined = take(vec![part("v", Source::Line(placed("{{ nope }}")), &[], None)], &evidence);
    assert!(matches!(undefined, Err(CaptureError::Fault(fault)) if fault.message == "`nope` is undefined (job.yaml:1:4)"));
}

#[test]
fn a_whole_answer_is_its_data_or_its_text() {
    let answer = Answer { stdout: "text\r\n".to_owned(), ..Answer::default() };
    let parsed = json!([1]);
    let whole = Capture::compile(&Written::Whole(placed("all"))).expect("compiles");
    let kept = |evidence: &Evidence<'_>| whole.take(evidence, &Scope::new()).map(|mut kept| kept.remove(0).1);
    assert_eq!(kept(&Evidence::new(Some(&answer), Some(&parsed))), Ok(json!([1])));
    assert_eq!(kept(&Evidence::new(Some(&answer), None)), Ok(json!("text")));
    assert!(matches!(kept(&Evidence::default()), Err(CaptureError::Missing(_))));
}

#[test]
fn a_name_that_stands_twice_is_refused() {
    let parts = vec![part("v", Source::Line(placed("a")), &[], None), part("v", Source::Line(placed("b")), &[], None)];
    let diagnostics = Capture::compile(&Written::Parts(parts)).expect_err("twice");
    assert_eq!(diagnostics[0].message, "`v` is captured twice");
}
