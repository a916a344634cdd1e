//! What test cases are called: `TEST [DEVICE, axis=value, ...]`, short enough for every reader of reports.

use crate::base::Data;
use crate::base::text;
use crate::record::event::CellHead;
use crate::record::redact::Redactor;

/// The most characters of one value.
pub(super) const VALUE: usize = 40;

/// The most bytes of a value that are looked at; far more than are shown.
const LOOKED_AT: usize = 4096;

/// What a test's name may always keep, in characters, when a case's name is too long.
const TEST: usize = 100;

/// Characters that would make a list of `axis=value` hard to read.
const QUOTED: [char; 6] = [',', '[', ']', '{', '}', '"'];

/// A value in a few characters, without secrets: a text as it is, a mapping by its `name` or by the `key` of its entry,
/// anything else as YAML on one line.
pub(super) fn of_value(data: &Data, redactor: &Redactor) -> String {
    let mut shown = String::new();
    write(naming(data), &mut shown);
    text::one_line(&text::visible(&redactor.text(&shown)), VALUE)
}

/// The part of a value that names it.
fn naming(data: &Data) -> &Data {
    let Data::Object(entries) = data else { return data };
    let entry = entries.get("key").filter(|_| entries.len() == 2 && entries.contains_key("value"));
    entries.get("name").or(entry).filter(|name| name.is_string() || name.is_number()).unwrap_or(data)
}

fn write(data: &Data, to: &mut String) {
    if to.len() > LOOKED_AT {
        return;
    }
    match data {
        Data::Null | Data::Bool(_) | Data::Number(_) => to.push_str(&data.to_string()),
        Data::String(text) => write_text(text, to),
        Data::Array(items) => {
            to.push('[');
            for (index, item) in items.iter().enumerate() {
                to.push_str(if index > 0 { ", " } else { "" });
                write(item, to);
            }
            to.push(']');
        }
        Data::Object(entries) => {
            to.push('{');
            for (index, (key, value)) in entries.iter().enumerate() {
                to.push_str(if index > 0 { ", " } else { "" });
                write_text(key, to);
                to.push_str(": ");
                write(value, to);
            }
            to.push('}');
        }
    }
}

fn write_text(text: &str, to: &mut String) {
    let beginning = &text[..text.floor_char_boundary(LOOKED_AT)];
    if beginning.trim().is_empty() || beginning.contains(QUOTED) {
        to.push_str(&Data::from(beginning).to_string());
    } else {
        to.push_str(beginning);
    }
}

/// The values of a combination, of that `number`, which stands for those that there is no room for.
pub(super) fn of_values(labels: &[String], number: usize) -> String {
    let joined = labels.join(", ");
    if joined.chars().count() <= CellHead::LONGEST_NAME {
        return joined;
    }
    let number = format!(" #{number}");
    text::one_line(&joined, CellHead::LONGEST_NAME - number.len()) + &number
}

/// The name of a case. `inside` says which case of its test it is; where that is too long to be whole, `number` does.
pub(super) fn of_case(test: &str, inside: &[&str], number: Option<usize>) -> String {
    let inside = inside.join(", ");
    let longest = CellHead::LONGEST_NAME;
    if inside.is_empty() {
        return within(test, longest);
    }
    let brackets = " []".len();
    let whole = test.chars().count() + brackets + inside.chars().count();
    if whole <= longest {
        return format!("{test} [{inside}]");
    }
    let left = longest - brackets;
    let test = within(test, TEST.max(left.saturating_sub(inside.chars().count())));
    let number = number.map(|number| format!(" #{number}")).unwrap_or_default();
    let room = left - test.chars().count();
    if inside.chars().count() <= room {
        return format!("{test} [{inside}]");
    }
    format!("{test} [{}{number}]", text::one_line(&inside, room - number.len()))
}

fn within(name: &str, longest: usize) -> String {
    if name.chars().count() <= longest { name.to_owned() } else { text::one_line(name, longest) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::secret::Secret;
    use serde_json::json;

    #[test]
    fn values_have_a_short_form_that_people_read() {
        for (value, shown) in [
            (json!("ipv4"), "ipv4"),
            (json!("show version"), "show version"),
            (json!(17.10), "17.1"),
            (json!(true), "true"),
            (json!(null), "null"),
            (json!(""), "\"\""),
            (json!("a, b"), "\"a, b\""),
            (json!("a\nb"), "a b"),
            (json!("\u{1b}[31mred\u{202e}"), "\"\\u001b[31mred\\u{202e}\""),
            (json!({"name": "r2", "ip": "10.0.0.2"}), "r2"),
            (json!({"name": {"first": 1}}), "{name: {first: 1}}"),
            (json!({"key": "eth0", "value": {"mtu": 1500}}), "eth0"),
            (json!({"key": "eth0", "value": 1, "more": 2}), "{key: eth0, value: 1, more: 2}"),
            (json!([1, "a", {"b": []}]), "[1, a, {b: []}]"),
            (json!("x".repeat(1000)), &format!("{}...", "x".repeat(37))),
        ] {
            assert_eq!(of_value(&value, &Redactor::default()), shown, "{value}");
        }
        let large: Data = (0..100_000).collect();
        assert_eq!(of_value(&large, &Redactor::default()), "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11...");
    }

    #[test]
    fn a_secret_is_masked_before_it_could_be_cut() {
        let secret = Secret::new("correct-horse-battery");
        let redactor = Redactor::new([&secret], &[]);
        let shown = of_value(&json!("the password is correct-horse-battery, keep it"), &redactor);
        assert_eq!(shown, "\"the password is ********, keep it\"");
        let shown = of_value(&json!(format!("{}correct-horse-battery", "x".repeat(30))), &redactor);
        assert_eq!(shown, format!("{}********", "x".repeat(30)));
    }

    #[test]
    fn the_name_of_a_case_says_which_one_it_is_within_its_limit() {
        assert_eq!(of_case("ping", &[], None), "ping");
        assert_eq!(of_case("ping", &["r1", "af=ipv4"], Some(7)), "ping [r1, af=ipv4]");
        let long = |length: usize| "x".repeat(length);
        let whole = |test: usize, inside: usize| {
            let name = of_case(&long(test), &[&long(inside)], Some(17));
            assert!(name.chars().count() <= CellHead::LONGEST_NAME, "{test} {inside}");
            name
        };
        assert_eq!(whole(152, 100), format!("{} [{}]", long(152), long(100)));
        assert_eq!(whole(153, 100), format!("{}... [{}]", long(149), long(100)));
        assert_eq!(whole(300, 152), format!("{}... [{}]", long(97), long(152)));
        assert_eq!(whole(300, 153), format!("{}... [{}... #17]", long(97), long(145)));
        assert_eq!(whole(10, 1000), format!("{} [{}... #17]", long(10), long(235)));
        let values: Vec<String> = (0..20).map(|axis| format!("{}{axis}=value", long(100))).collect();
        let label = of_values(&values, 17);
        assert_eq!((label.chars().count(), label.ends_with("... #17")), (CellHead::LONGEST_NAME, true));
        assert_eq!(of_values(&values[..2], 17), format!("{}, {}", values[0], values[1]));
        assert_eq!(of_case(&long(300), &[], None).chars().count(), CellHead::LONGEST_NAME);
    }
}
