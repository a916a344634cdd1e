//! Where assertions look, and what a check tells a reader.

use super::assertions::{assertion, check, compile_error};
use super::placed;
use crate::base::Data;
use crate::eval::extract::Evidence;
use crate::eval::tests::typed::yaml;
use crate::model::assertion::{Filter, Part, Source};
use crate::record::answer::Answer;
use crate::record::check::Check;
use serde_json::json;
use std::time::Duration;

#[test]
fn durations_carry_units() {
    let answer = Answer { took: Duration::from_millis(2041), ..Answer::default() };
    let evidence = Evidence::new(Some(&answer), None);
    let duration = |name: &str, expected: Data| assertion(Source::Of(Part::Duration), &[], name, &expected);
    for (name, expected, sentence) in [
        ("lt", json!("2s"), Some("expected a number less than 2s, got 2.041s")),
        ("lt", json!("2100ms"), None),
        ("between", json!(["1s", "1m"]), None),
        ("equals", json!("2s"), Some("expected 2s, got 2.041s")),
    ] {
        let found = check(&duration(name, expected), &evidence);
        assert_eq!((!found.held).then_some(found.sentence.as_str()), sentence);
    }
    assert_eq!(compile_error(&duration("lt", json!(2))), "`2` has no unit: write `2s`, `2ms` or `2m`");
    assert!(compile_error(&duration("lt", json!("soon"))).contains("is not a duration"));
}

#[test]
fn sources_and_filters_find_what_they_name() {
    let answer = Answer {
        stdout: "\x1b[1mUptime: 42 days\x1b[0m\r\n eth0 UP \r\n".to_owned(),
        stderr: "warning".to_owned(),
        exit_code: Some(0),
        ..Answer::default()
    };
    let parsed = json!({"n": ["1", "2"], "f": 2.0, "t": " x "});
    let evidence = Evidence::new(Some(&answer), Some(&parsed));
    let json_path = |query: &str| Source::JsonPath(placed(query));
    for (source, filters, expected, shown) in [
        (Source::Of(Part::Text), vec![Filter::Lines, Filter::First], json!("Uptime: 42 days"), "text | lines | first"),
        (Source::Of(Part::Stderr), vec![], json!("warning"), "stderr"),
        (Source::Of(Part::ExitCode), vec![], json!(0), "exit_code"),
        (Source::Regex(placed(r"Uptime: (\d+)")), vec![Filter::AsInt], json!(42), r"regex Uptime: (\d+) | as int"),
        (Source::Regex(placed("eth.")), vec![], json!("eth0"), "regex eth."),
        (Source::Line(placed("eth0")), vec![Filter::Trim, Filter::Lower], json!("eth0 up"), "line eth0 | trim | lower"),
        (json_path("$.n[*]"), vec![Filter::AsInt], json!([1, 2]), "jsonpath $.n[*] | as int"),
        (json_path("$.n"), vec![Filter::AsFloat], json!([1.0, 2.0]), "jsonpath $.n | as float"),
        (json_path("$.f"), vec![Filter::AsInt], json!(2), "jsonpath $.f | as int"),
        (json_path("$.f"), vec![Filter::AsText], json!("2.0"), "jsonpath $.f | as text"),
        (Source::Value(yaml(&json!("{{ limit }}"))), vec![], json!(100), "value {{ limit }}"),
    ] {
        let found = check(&assertion(source, &filters, "equals", &expected), &evidence);
        assert!(found.held, "{}", found.sentence);
        assert_eq!(found.source, shown);
    }
    for (source, filter, sentence) in [
        (json_path("$.t"), Filter::AsInt, "expected 1, but `as int` needs an integer, got text ` x `"),
        (json_path("$.f"), Filter::Trim, "expected 1, but `trim` needs text, got float 2.0"),
        (json_path("$.f"), Filter::First, "expected 1, but `first` needs a list, got float 2.0"),
        (Source::Of(Part::Status), Filter::AsInt, "expected 1, got nothing"),
        (Source::Regex(placed("(x)|Uptime")), Filter::AsInt, "expected 1, got nothing"),
        (Source::Line(placed("nope")), Filter::Lower, "expected 1, got nothing"),
    ] {
        for name in ["equals", "not_equals"] {
            let found = check(&assertion(source.clone(), &[filter], name, &json!(1)), &evidence);
            assert!(!found.held);
            assert_eq!(found.sentence.replace("anything but ", "").replace("`  x `", "` x `"), sentence.replace("` x `", "`x`"));
        }
    }
}

#[test]
fn a_check_says_everything_that_a_reader_needs() {
    let answer = Answer { stdout: "eth0 down\neth1 up\nlo up".to_owned(), ..Answer::default() };
    let evidence = Evidence::new(Some(&answer), None);
    let mut written = assertion(Source::Of(Part::Text), &[], "contains", &json!("eth0 up"));
    written.message = Some(placed("port is {{ word }}"));
    assert_eq!(
        check(&written, &evidence),
        Check {
            held: false,
            sentence: "port is up: expected something that contains `eth0 up`, got `eth0 down eth1 up lo up`".to_owned(),
            source: "text".to_owned(),
            expected: "something that contains eth0 up (text)".to_owned(),
            actual: "eth0 down eth1 up lo up (text)".to_owned(),
            place: "job.yaml:1:1".to_owned(),
            nearest: vec!["1: eth0 down".to_owned(), "2: eth1 up".to_owned()],
        }
    );
    written.message = Some(placed("{{ nope }}"));
    assert!(check(&written, &evidence).sentence.starts_with("{{ nope }}: expected"));
    let regex = check(&assertion(Source::Regex(placed(r"eth0 (up\d)")), &[], "equals", &json!("x")), &evidence);
    assert_eq!(regex.nearest, ["1: eth0 down", "2: eth1 up"]);
}
