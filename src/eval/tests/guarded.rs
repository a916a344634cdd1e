//! Rule 3: types never convert in silence.

use super::{condition, evaluate, render};
use serde_json::json;

#[test]
fn comparisons_within_a_kind_decide() {
    for (text, value) in [
        ("port == 10", true),
        ("port == 10.0", true),
        ("port != 10.0", false),
        ("share < 2", true),
        ("port >= 10 and port <= 10.0", true),
        ("1 < port < 100", true),
        ("1 < port < 5", false),
        ("name == 'r1'", true),
        ("'a' < 'b'", true),
        ("up == true", true),
        ("up != false", true),
        ("nothing == none", true),
        ("name != none", true),
        ("none == port", false),
        ("ports == [10, 20]", true),
        ("ports == [10.0, 20]", true),
        ("ports == [10]", false),
        ("(1, 2) == [1, 2]", true),
        ("ports < [10, 30]", true),
        ("{'a': 1} == {'a': 1.0}", true),
        ("{'a': 1} == {'b': 1}", false),
        ("10 in ports", true),
        ("11 in ports", false),
        ("11 not in ports", true),
        ("'a' in 'bar'", true),
        ("'custom' in device", true),
        ("'core' in device.tags", true),
        ("'x' in empty", false),
        ("none in ports", false),
        ("not up", false),
        ("port is gt 9", true),
        ("port is eq(10)", true),
        ("vlan | int > 8", true),
        ("'true' | bool == up", true),
    ] {
        assert_eq!(condition(text), Ok(value), "{text}");
        assert_eq!(evaluate(text), Ok(json!(value)), "{text}");
    }
}

#[test]
fn comparisons_across_kinds_are_errors_that_name_both() {
    for (text, sentence) in [
        ("vlan > 100", "`vlan > 100` compares text with a number; convert with `| int` or `| float` (job.yaml:1:1)"),
        ("\"9\" > 100", "`\"9\" > 100` compares text with a number; convert with `| int` or `| float` (job.yaml:1:1)"),
        ("'10' == 10", "`'10' == 10` compares text with a number; convert with `| int` or `| float` (job.yaml:1:1)"),
        ("10 != '10'", "`10 != '10'` compares a number with text; convert with `| int` or `| float` (job.yaml:1:1)"),
        ("'10' in [10]", "`'10' in [10]` compares text with a number; convert with `| int` or `| float` (job.yaml:1:1)"),
        ("'10' not in ports", "`'10' not in ports` compares text with a number; convert with `| int` or `| float` (job.yaml:1:1)"),
        ("'b' in mixed", "`'b' in mixed` compares text with a number; convert with `| int` or `| float` (job.yaml:1:1)"),
        ("1 in 'a1'", "`1 in 'a1'` compares a number with text; convert with `| int` or `| float` (job.yaml:1:1)"),
        ("1 in device", "`1 in device` compares a number with text; convert with `| int` or `| float` (job.yaml:1:1)"),
        ("1 in nothing", "`1 in nothing` looks into null, which holds nothing (job.yaml:1:1)"),
        ("1 in port", "`1 in port` looks into a number, which holds nothing (job.yaml:1:1)"),
        ("up == 'true'", "`up == 'true'` compares a boolean with text; convert with `| bool` (job.yaml:1:1)"),
        ("up == 1", "`up == 1` compares a boolean with a number (job.yaml:1:1)"),
        ("ports == 'x'", "`ports == 'x'` compares a list with text (job.yaml:1:1)"),
        ("ports == words", "`ports == words` compares a number with text; convert with `| int` or `| float` (job.yaml:1:1)"),
        ("device == ports", "`device == ports` compares a mapping with a list (job.yaml:1:1)"),
        ("nothing < 1", "`nothing < 1` compares null with a number (job.yaml:1:1)"),
        ("1 >= none", "`1 >= none` compares a number with null (job.yaml:1:1)"),
        ("none < none", "`none < none` orders null, which has no order (job.yaml:1:1)"),
        ("true < false", "`true < false` orders a boolean, which has no order (job.yaml:1:1)"),
        ("device < device", "`device < device` orders a mapping, which has no order (job.yaml:1:1)"),
        ("1 < 'a' < 3", "`1 < 'a' < 3` compares a number with text; convert with `| int` or `| float` (job.yaml:1:1)"),
        ("port is gt '9'", "`port is gt '9'` compares a number with text; convert with `| int` or `| float` (job.yaml:1:1)"),
        ("(port + 1) > vlan", "`(port + 1) > vlan` compares a number with text; convert with `| int` or `| float` (job.yaml:1:2)"),
        ("[1, '2'] | max", "`[1, '2'] | max` compares a number with text; convert with `| int` or `| float` (job.yaml:1:1)"),
        ("mixed | sort", "`mixed | sort` compares a number with text; convert with `| int` or `| float` (job.yaml:1:1)"),
        (
            "words | select('gt', 3) | list",
            "`words | select('gt', 3)` compares text with a number; convert with `| int` or `| float` (job.yaml:1:1)",
        ),
        ("mixed.count('1')", "`mixed.count('1')` compares a number with text; convert with `| int` or `| float` (job.yaml:1:1)"),
        ("up + 1", "`up` calculates with a boolean (job.yaml:1:1)"),
        ("-up", "`up` calculates with a boolean (job.yaml:1:2)"),
        ("vlan is odd", "`vlan is odd` tests text, the test needs an integer (job.yaml:1:1)"),
        ("port is startingwith('1')", "`port is startingwith('1')` tests a number, the test needs text (job.yaml:1:1)"),
        (
            "[{'a': 1}] | sum(attribute='b')",
            "`[{'a': 1}] | sum(attribute='b')` needs `b` of every item, and not every item has it (job.yaml:1:1)",
        ),
        (
            "[{'a': 1}] | selectattr('b') | list",
            "`[{'a': 1}] | selectattr('b')` needs `b` of every item, and not every item has it (job.yaml:1:1)",
        ),
        ("'no' | bool", "`'no' | bool` is text that is neither true nor false (job.yaml:1:1)"),
        ("nothing | int", "`nothing | int` is null, which is no number; write `default(0, true)` if that is meant (job.yaml:1:1)"),
    ] {
        assert_eq!(evaluate(text), Err(sentence.to_owned()), "{text}");
        assert!(render(&format!("x {{{{ {text} }}}}")).is_err(), "{text}");
        assert!(render(&format!("{{% if {text} %}}x{{% endif %}}")).is_err(), "{text}");
    }
}

#[test]
fn a_condition_is_true_or_false_in_all_its_parts() {
    for (text, sentence) in [
        ("port", "`port` is a number, a condition needs true or false (job.yaml:1:1)"),
        ("name", "`name` is text, a condition needs true or false (job.yaml:1:1)"),
        ("nothing", "`nothing` is null, a condition needs true or false (job.yaml:1:1)"),
        ("not name", "`name` is text, a condition needs true or false (job.yaml:1:5)"),
        ("up and 'false'", "`'false'` is text, a condition needs true or false (job.yaml:1:8)"),
        ("ports or up", "`ports` is a list, a condition needs true or false (job.yaml:1:1)"),
        ("up if up", "`up if up` has no value: its condition does not hold and it has no `else` (job.yaml:1:1)"),
        ("{{ port }}", "`port` is a number, a condition needs true or false (job.yaml:1:4)"),
        ("nope", "`nope` is undefined (job.yaml:1:1)"),
        ("device.custom.nope == 1", "`device.custom.nope` is undefined (job.yaml:1:1)"),
        ("device.nope.x is defined", "`device.nope` is undefined (job.yaml:1:1)"),
        ("not nope", "`nope` is undefined (job.yaml:1:5)"),
        ("up and nope", "`nope` is undefined (job.yaml:1:8)"),
    ] {
        let text = text.replace("up if up", "up if not up");
        assert_eq!(condition(&text).map_err(|found| found.replace("up if not up", "up if up")), Err(sentence.to_owned()), "{text}");
    }
    for (text, value) in [
        ("{{ up }}", true),
        (" {{ not up }} ", false),
        ("device.custom.v6 is defined or up", true),
        ("device.custom['v6'] is undefined", true),
        ("nope | default(true)", true),
        ("up if port > 5 else false", true),
    ] {
        assert_eq!(condition(text), Ok(value), "{text}");
    }
}
