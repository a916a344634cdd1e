//! Every operator: what it accepts, what it refuses, what it says, and that nothing found never holds.

use super::placed;
use crate::base::Data;
use crate::base::place::{Place, Placed, Source as File};
use crate::eval::assertion::Assertion;
use crate::eval::extract::Evidence;
use crate::eval::scope::{Layer, Scope};
use crate::eval::tests::typed::yaml;
use crate::model::assertion::{Assertion as Written, Comparison, Extract, Filter, Operator, Part, Source};
use crate::record::answer::Answer;
use crate::record::check::Check;
use proptest::prelude::proptest;
use serde_json::json;

pub(super) fn place() -> Place {
    Place::new(&File::new("job.yaml", "steps"), 0..5)
}

fn operator(name: &str, data: &Data) -> Operator {
    let (negated, name) = name.strip_prefix("not_").map_or((false, name), |name| (true, name));
    let nested =
        || Box::new(data.as_object().and_then(|map| map.iter().next()).map_or_else(|| operator("equals", data), |(k, v)| operator(k, v)));
    let flag = || Placed::new(data.as_bool().expect("a boolean"), place());
    let test = match name {
        "equals" => Comparison::Equals(yaml(data)),
        "contains" => Comparison::Contains(yaml(data)),
        "matches" => Comparison::Matches(yaml(data)),
        "starts_with" => Comparison::StartsWith(yaml(data)),
        "ends_with" => Comparison::EndsWith(yaml(data)),
        "in" => Comparison::In(yaml(data)),
        "gt" => Comparison::Gt(yaml(data)),
        "ge" => Comparison::Ge(yaml(data)),
        "lt" => Comparison::Lt(yaml(data)),
        "le" => Comparison::Le(yaml(data)),
        "between" => Comparison::Between(yaml(data)),
        "count" => Comparison::Count(nested()),
        "length" => Comparison::Length(nested()),
        "exists" => Comparison::Exists(flag()),
        "empty" => Comparison::Empty(flag()),
        "type" => Comparison::Type(placed(data.as_str().expect("a text"))),
        "each" => Comparison::Each(nested()),
        "any" => Comparison::Any(nested()),
        "none" => Comparison::None(nested()),
        other => panic!("no operator {other}"),
    };
    Operator { place: place(), negated, test }
}

pub(super) fn assertion(source: Source, filters: &[Filter], name: &str, data: &Data) -> Written {
    let filters = filters.iter().map(|filter| Placed::new(*filter, place())).collect();
    Written { extract: Extract { place: place(), source, filters }, operator: operator(name, data), message: None }
}

pub(super) fn scope() -> Scope {
    Scope::new().over(Layer::of("limit", &json!(100))).over(Layer::of("word", &json!("up")))
}

pub(super) fn check(written: &Written, evidence: &Evidence<'_>) -> Check {
    let assertion = Assertion::compile(written).unwrap_or_else(|diagnostics| panic!("{diagnostics:?}"));
    assertion.judge(evidence, &scope()).expect("no fault")
}

/// Judges a value; gives the sentence when it does not hold.
fn judge(actual: &Data, name: &str, expected: &Data) -> Result<(), String> {
    let parsed = json!({ "it": actual });
    let found = check(&assertion(Source::JsonPath(placed("$.it")), &[], name, expected), &Evidence::new(None, Some(&parsed)));
    if found.held { Ok(()) } else { Err(found.sentence) }
}

pub(super) fn compile_error(written: &Written) -> String {
    Assertion::compile(written).expect_err("refused").remove(0).message
}

/// Operators with a value that accepts a typical actual one.
fn all_operators() -> Vec<(&'static str, Data)> {
    vec![
        ("equals", json!("x")),
        ("equals", json!(null)),
        ("contains", json!("x")),
        ("matches", json!("x")),
        ("starts_with", json!("x")),
        ("ends_with", json!("x")),
        ("in", json!(["x"])),
        ("gt", json!(1)),
        ("ge", json!(1)),
        ("lt", json!(1)),
        ("le", json!(1)),
        ("between", json!([1, 2])),
        ("length", json!({"ge": 0})),
        ("type", json!("text")),
        ("type", json!("null")),
        ("each", json!({"equals": "x"})),
        ("any", json!({"equals": "x"})),
        ("none", json!({"equals": "x"})),
    ]
}

#[test]
fn nothing_found_fails_every_operator_and_its_negation() {
    let parsed = json!({"empty": []});
    for (name, expected) in all_operators() {
        for name in [name.to_owned(), format!("not_{name}")] {
            for query in ["$.nope", "$.empty[*]", "$..nope"] {
                let found = check(&assertion(Source::JsonPath(placed(query)), &[], &name, &expected), &Evidence::new(None, Some(&parsed)));
                assert!(!found.held, "{name} {query}");
                assert!(found.sentence.ends_with(", got nothing"), "{}", found.sentence);
            }
        }
    }
}

#[test]
fn nothing_to_look_in_fails_every_operator_without_exception() {
    let mut all = all_operators();
    all.extend([
        ("exists", json!(true)),
        ("exists", json!(false)),
        ("empty", json!(true)),
        ("empty", json!(false)),
        ("count", json!(0)),
        ("count", json!(1)),
    ]);
    for (name, expected) in all {
        for name in [name.to_owned(), format!("not_{name}")] {
            for source in [Source::JsonPath(placed("$.a")), Source::Of(Part::Text), Source::Regex(placed("a")), Source::Line(placed("a"))] {
                let written = assertion(source.clone(), &[], &name, &expected);
                if Assertion::compile(&written).is_err() {
                    assert!(name.ends_with("exists") || name.ends_with("count"), "{name}");
                    continue;
                }
                let found = check(&written, &Evidence::default());
                assert!(!found.held, "{name} {source:?}");
                assert!(found.sentence.contains(", but "), "{}", found.sentence);
            }
        }
    }
}

#[test]
fn existence_emptiness_and_count_accept_nothing() {
    let parsed = json!({"list": [], "map": {}, "text": "", "full": [1, 2], "one": 7, "null": null, "entries": {"a": 1}});
    for (query, name, expected, held) in [
        ("$.nope", "exists", json!(false), true),
        ("$.nope", "exists", json!(true), false),
        ("$.nope", "not_exists", json!(true), true),
        ("$.one", "exists", json!(true), true),
        ("$.null", "exists", json!(true), true),
        ("$.one", "exists", json!(false), false),
        ("$.nope", "empty", json!(true), true),
        ("$.nope", "empty", json!(false), false),
        ("$.list", "empty", json!(true), true),
        ("$.map", "empty", json!(true), true),
        ("$.text", "empty", json!(true), true),
        ("$.full", "empty", json!(true), false),
        ("$.full", "not_empty", json!(true), true),
        ("$.one", "empty", json!(false), false),
        ("$.one", "not_empty", json!(true), false),
        ("$.null", "empty", json!(true), false),
        ("$.null", "empty", json!(false), false),
        ("$.nope", "count", json!(0), true),
        ("$.full[*]", "count", json!(2), true),
        ("$.full", "count", json!(2), true),
        ("$.full[*]", "count", json!({"ge": 3}), false),
        ("$.one", "count", json!(1), true),
        ("$.list", "count", json!(0), true),
        ("$.full", "not_count", json!(2), false),
        ("$.entries", "count", json!(1), false),
        ("$.entries", "not_count", json!(1), false),
    ] {
        let found = check(&assertion(Source::JsonPath(placed(query)), &[], name, &expected), &Evidence::new(None, Some(&parsed)));
        assert_eq!(found.held, held, "{query} {name} {expected}: {}", found.sentence);
    }
}

#[test]
fn operators_that_say_nothing_about_their_source_are_refused() {
    for (source, filters, name, expected, refused) in [
        (Source::Of(Part::Text), vec![], "exists", json!(true), true),
        (Source::Of(Part::Duration), vec![], "not_exists", json!(true), true),
        (Source::Value(yaml(&json!("{{ word }}"))), vec![], "exists", json!(true), true),
        (Source::Of(Part::ExitCode), vec![], "exists", json!(true), false),
        (Source::Regex(placed("a")), vec![], "exists", json!(true), false),
        (Source::Regex(placed("a")), vec![], "count", json!(1), true),
        (Source::Line(placed("a")), vec![], "not_count", json!(1), true),
        (Source::Of(Part::Text), vec![], "count", json!(1), true),
        (Source::Of(Part::Text), vec![Filter::Lines], "count", json!(1), false),
        (Source::Value(yaml(&json!("{{ word }}"))), vec![], "count", json!(1), false),
    ] {
        assert_eq!(Assertion::compile(&assertion(source.clone(), &filters, name, &expected)).is_err(), refused, "{source:?} {name}");
    }
}

#[test]
fn every_operator_accepts_what_it_should_and_its_negation_does_not() {
    for (actual, name, expected) in [
        (json!("a"), "equals", json!("a")),
        (json!(17.0), "equals", json!(17)),
        (json!({"a": [1]}), "equals", json!({"a": [1.0]})),
        (json!(null), "equals", json!(null)),
        (json!("abc"), "contains", json!("b")),
        (json!([1, 2]), "contains", json!(2.0)),
        (json!({"k": 1}), "contains", json!("k")),
        (json!("Up 3 days"), "matches", json!(r"\d+ days")),
        (json!("abc"), "starts_with", json!("ab")),
        (json!("abc"), "ends_with", json!("bc")),
        (json!(2), "in", json!([1, 2])),
        (json!(3), "gt", json!(2.5)),
        (json!(3), "ge", json!(3)),
        (json!(-1), "lt", json!(0)),
        (json!(0), "le", json!(0.0)),
        (json!(2), "between", json!([2, 3])),
        (json!("äö"), "length", json!(2)),
        (json!({"a": 1}), "length", json!({"lt": 2})),
        (json!(1), "type", json!("int")),
        (json!(1.0), "type", json!("float")),
        (json!(true), "type", json!("boolean")),
        (json!([1, 2]), "each", json!({"gt": 0})),
        (json!([1, 2]), "any", json!({"gt": 1})),
        (json!([1, 2]), "none", json!({"gt": 2})),
        (json!([[1], [2]]), "each", json!({"count": 1})),
        (json!(100), "equals", json!("{{ limit }}")),
        (json!("is up"), "contains", json!("{{ word }}")),
        (json!(99), "between", json!(["{{ limit - 1 }}", "{{ limit }}"])),
    ] {
        assert_eq!(judge(&actual, name, &expected), Ok(()), "{actual} {name} {expected}");
        assert!(judge(&actual, &format!("not_{name}"), &expected).is_err(), "{actual} not_{name} {expected}");
    }
}

#[test]
fn what_is_wrong_is_said_and_the_negation_holds() {
    for (actual, name, expected, sentence) in [
        (json!(16.9), "equals", json!(17.3), "expected 17.3, got 16.9"),
        (json!("Idle"), "equals", json!("Established"), "expected `Established`, got `Idle`"),
        (json!("abc"), "contains", json!("x"), "expected something that contains `x`, got `abc`"),
        (json!("abc"), "matches", json!("^b"), "expected text that matches `^b`, got `abc`"),
        (json!("abc"), "starts_with", json!("b"), "expected text that starts with `b`, got `abc`"),
        (json!("abc"), "ends_with", json!("b"), "expected text that ends with `b`, got `abc`"),
        (json!(9), "in", json!([1, 2]), "expected one of 1, 2, got 9"),
        (json!(100), "gt", json!(100), "expected a number greater than 100, got 100"),
        (json!(2.9), "ge", json!(3), "expected a number at least 3, got 2.9"),
        (json!(3), "lt", json!(3), "expected a number less than 3, got 3"),
        (json!(4), "le", json!(3), "expected a number at most 3, got 4"),
        (json!(4), "between", json!([1, 3]), "expected a number from 1 to 3, got 4"),
        (json!([1]), "count", json!(2), "expected a count that is 2, got 1"),
        (json!("abc"), "length", json!({"gt": 3}), "expected a length that is a number greater than 3, got 3"),
        (json!("1"), "type", json!("int"), "expected a value of type int, got `1`"),
        (
            json!([1, 5, 6]),
            "each",
            json!({"lt": 5}),
            "expected every value to be a number less than 5, got 5 as value 2 of 3, and 1 like it",
        ),
        (json!([1, 5]), "any", json!({"gt": 5}), "expected at least one value to be a number greater than 5, got [1, 5]"),
        (json!([1, 5]), "none", json!({"gt": 4}), "expected no value to be a number greater than 4, got 5 as value 2 of 2"),
    ] {
        assert_eq!(judge(&actual, name, &expected), Err(sentence.to_owned()), "{actual} {name} {expected}");
        assert_eq!(judge(&actual, &format!("not_{name}"), &expected), Ok(()), "{actual} not_{name} {expected}");
    }
    assert_eq!(judge(&json!(5), "not_equals", &json!(5)), Err("expected anything but 5, got 5".to_owned()));
    assert_eq!(judge(&json!("ab"), "not_contains", &json!("a")), Err("expected something without `a` in it, got `ab`".to_owned()));
}

#[test]
fn a_wrong_type_never_holds_with_not_or_without() {
    for (actual, name, expected, got) in [
        (json!("9"), "equals", json!(9), "text `9`; add `as: int`"),
        (json!("9.5"), "gt", json!(9), "text `9.5`; add `as: float`"),
        (json!("nine"), "gt", json!(9), "text `nine`; quote what is expected if it is text"),
        (json!(9), "equals", json!("9"), "int 9; add `as: text`, or remove the quotes"),
        (json!(true), "equals", json!("true"), "boolean true; add `as: text`, or remove the quotes"),
        (json!({"a": "1"}), "equals", json!({"a": 1}), "mapping {\"a\": \"1\"}"),
        (json!(5), "contains", json!("5"), "int 5; add `as: text`, or remove the quotes"),
        (json!("text 5"), "contains", json!(5), "text `text 5`; quote what is expected if it is text"),
        (json!(["10"]), "contains", json!(10), "list [\"10\"]"),
        (json!(5), "matches", json!("5"), "int 5; add `as: text`, or remove the quotes"),
        (json!(null), "starts_with", json!("a"), "null"),
        (json!(["a"]), "ends_with", json!("a"), "list [\"a\"]"),
        (json!("10"), "in", json!([10, 20]), "text `10`; add `as: int`"),
        (json!("9"), "gt", json!(100), "text `9`; add `as: int`"),
        (json!(null), "ge", json!(1), "null"),
        (json!(true), "lt", json!(1), "boolean true"),
        (json!([1]), "le", json!(1), "list [1]"),
        (json!("2"), "between", json!([1, 3]), "text `2`; add `as: int`"),
        (json!(5), "length", json!(1), "5, which has no length"),
        (json!({"a": 1}), "count", json!(1), "{\"a\": 1}; a mapping is one value, `length` counts its entries"),
        (json!(5), "empty", json!(false), "5, which can never be empty"),
        (json!("ab"), "each", json!({"equals": "a"}), "text `ab`, which is no list"),
        (json!({"a": 1}), "any", json!({"equals": 1}), "mapping {\"a\": 1}, which is no list"),
        (json!(1), "none", json!({"equals": 2}), "int 1, which is no list"),
        (json!([1, "2"]), "each", json!({"gt": 0}), "text `2`; add `as: int` as value 2 of 2"),
        (json!(["2"]), "none", json!({"gt": 5}), "text `2`; add `as: int` as value 1 of 1"),
        (json!(["2"]), "any", json!({"gt": 1}), "text `2`; add `as: int` as value 1 of 1"),
    ] {
        for name in [name.to_owned(), format!("not_{name}")] {
            let sentence = judge(&actual, &name, &expected).expect_err("a wrong type");
            assert!(sentence.ends_with(&format!(", got {got}")), "{name}: {sentence}");
        }
    }
    for name in ["each", "any", "none", "not_each", "not_any", "not_none"] {
        assert!(judge(&json!([]), name, &json!({"equals": 1})).is_err_and(|sentence| sentence.ends_with("got an empty list")), "{name}");
    }
}

#[test]
fn expected_values_that_can_never_be_right_are_refused_before_running() {
    for (name, expected, message) in [
        ("gt", json!("100"), "`gt` needs a number, got text `100`; remove the quotes"),
        ("le", json!([1]), "`le` needs a number, got list [1]"),
        ("between", json!([1]), "`between` needs a list of 2 numbers, this has 1"),
        ("between", json!([5, 1]), "`between` needs the lower bound first, got 5 and 1"),
        ("between", json!(5), "`between` needs a list of 2 numbers, got int 5"),
        ("matches", json!("a("), "`a(` is not a regular expression: unclosed group"),
        ("matches", json!(5), "`matches` needs text, got int 5; put it in quotes"),
        ("matches", json!(".*"), "`matches` needs a pattern that some text does not match, `.*` matches every text"),
        ("starts_with", json!(""), "`starts_with` needs a text, this is empty and would always hold"),
        ("contains", json!(""), "`contains` needs something to look for, everything contains an empty text"),
        ("in", json!("abc"), "`in` needs a list, got text `abc`"),
        ("in", json!([]), "`in` needs at least one value, this list is empty"),
        ("count", json!({"gt": "1"}), "`gt` needs a number, got text `1`; remove the quotes"),
        ("type", json!("integer"), "type `integer` is unknown, there are `text`, `int`, `float`, `boolean`, `list`, `mapping` and `null`"),
        ("equals", json!("{{ a b }}"), "unexpected identifier, expected end of variable block"),
    ] {
        assert_eq!(compile_error(&assertion(Source::Of(Part::Text), &[], name, &expected)), message, "{name} {expected}");
    }
    assert!(Assertion::compile(&assertion(Source::Of(Part::Text), &[], "matches", &json!("^$"))).is_ok());
    let late = Assertion::compile(&assertion(Source::Of(Part::Text), &[], "gt", &json!("{{ word }}"))).expect("a template");
    let fault = late.judge(&Evidence::default(), &scope()).expect_err("a text where a number must be");
    assert_eq!(fault.message, "`gt` needs a number, got text `up` (job.yaml:1:1)");
}

proptest! {
    #[test]
    fn no_answer_makes_an_assertion_panic(text in ".{0,200}", line in "(.{0,20}\n){0,9}") {
        let answer = Answer { stdout: text.clone(), stderr: line.clone(), ..Answer::default() };
        let parsed = json!({"it": text, "lines": line.lines().collect::<Vec<_>>()});
        let evidence = Evidence::new(Some(&answer), Some(&parsed));
        for (name, expected) in all_operators() {
            for source in [Source::Of(Part::Text), Source::Of(Part::Stderr), Source::JsonPath(placed("$.lines[*]")), Source::Line(placed("a"))] {
                for filter in [Filter::AsInt, Filter::AsFloat, Filter::Lines, Filter::Lower, Filter::First] {
                    check(&assertion(source.clone(), &[filter], name, &expected), &evidence);
                }
                check(&assertion(source, &[], &format!("not_{name}"), &expected), &evidence);
            }
        }
    }

    #[test]
    fn no_text_makes_a_query_or_pattern_panic(query in r"\$[.\[\]?@*:0-9a-z'()!=<> ,-]{0,30}", pattern in r"[a-z\\(){}\[\]^$.|*+?0-9-]{0,20}") {
        drop(Assertion::compile(&assertion(Source::JsonPath(placed(&query)), &[], "exists", &json!(true))));
        drop(Assertion::compile(&assertion(Source::Regex(placed(&pattern)), &[], "matches", &json!(pattern))));
    }
}

#[test]
fn compiled_assertions_may_be_shared_by_threads() {
    fn shared<T: Clone + Send + Sync + 'static>() {}
    shared::<Assertion>();
    shared::<crate::eval::capture::Capture>();
    shared::<crate::eval::parse::Parser>();
}
