//! Values in sentences: their types, and their texts cut to a length that people read.

use crate::base::Data;
use crate::base::text;

/// Longest text of a value in a sentence, in characters.
const SHOWN: usize = 300;

/// The name of a value's type, as `type:` has it.
pub(super) fn type_name(data: &Data) -> &'static str {
    match data {
        Data::Null => "null",
        Data::Bool(_) => "boolean",
        Data::Number(number) if number.is_f64() => "float",
        Data::Number(_) => "int",
        Data::String(_) => "text",
        Data::Array(_) => "list",
        Data::Object(_) => "mapping",
    }
}

/// The names of all types.
pub(super) const TYPES: &[&str] = &["text", "int", "float", "boolean", "list", "mapping", "null"];

/// A value without its type: text in backticks, anything else as JSON.
pub(super) fn shown(data: &Data) -> String {
    match data {
        Data::String(text) => format!("`{}`", cut(text)),
        Data::Null | Data::Bool(_) | Data::Number(_) => data.to_string(),
        Data::Array(_) | Data::Object(_) => cut(&beginning(data)),
    }
}

/// A value with its type before it: "text `9`", "int 9".
pub(super) fn typed(data: &Data) -> String {
    match data {
        Data::Null => "null".to_owned(),
        other => format!("{} {}", type_name(other), shown(other)),
    }
}

/// A value with its type behind it, for the fields of a check: "9 (int)".
pub(super) fn labelled(data: &Data) -> String {
    match data {
        Data::String(text) => format!("{} (text)", cut(text)),
        other => format!("{} ({})", shown(other), type_name(other)),
    }
}

/// A text on one line, cut in its middle so that both its ends are seen.
pub(super) fn cut(value: &str) -> String {
    let parts = text::head_tail(value, SHOWN * 4);
    if parts.left_out > 0 {
        let (head, tail) = (text::one_line(parts.head, SHOWN / 2), text::one_line(parts.tail, SHOWN / 2));
        return format!("{head} ... {tail}");
    }
    text::one_line(value, SHOWN)
}

/// The beginning of a value as JSON; a large one is not written out to be cut.
fn beginning(data: &Data) -> String {
    let mut out = String::new();
    write(data, &mut out);
    out
}

fn write(data: &Data, out: &mut String) {
    if out.len() > SHOWN * 2 {
        return;
    }
    match data {
        Data::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate().take(SHOWN) {
                out.push_str(if index > 0 { ", " } else { "" });
                write(item, out);
            }
            out.push(']');
        }
        Data::Object(map) => {
            out.push('{');
            for (index, (key, value)) in map.iter().enumerate().take(SHOWN) {
                out.push_str(if index > 0 { ", " } else { "" });
                out.push_str(&Data::from(text::one_line(key, SHOWN)).to_string());
                out.push_str(": ");
                write(value, out);
            }
            out.push('}');
        }
        Data::String(value) => out.push_str(&Data::from(cut(value)).to_string()),
        Data::Null | Data::Bool(_) | Data::Number(_) => out.push_str(&data.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_shown_with_their_types_and_cut() {
        assert_eq!(shown(&json!("a\nb")), "`a b`");
        assert_eq!(typed(&json!("9")), "text `9`");
        assert_eq!(typed(&json!(1.0)), "float 1.0");
        assert_eq!(labelled(&json!({"a": [1, null]})), "{\"a\": [1, null]} (mapping)");
        assert_eq!(labelled(&json!("x")), "x (text)");
        let long = shown(&json!("ab".repeat(100_000)));
        assert!(long.len() < 400 && long.contains("..."), "{long}");
        let list: Vec<usize> = (0..100_000).collect();
        assert!(labelled(&json!(list)).len() < 400);
        assert!(shown(&json!({ "k".repeat(9999): 1 })).len() < 400);
    }
}
