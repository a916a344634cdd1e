//! YAML: what is read, with its place, and what is refused.

use crate::base::Data;
use crate::base::diagnostic::{Colour, Diagnostic};
use crate::base::place::Source;
use crate::load::complaints::Complaints;
use crate::model::yaml::Yaml;
use serde_json::json;
use std::time::{Duration, Instant};

fn read(text: &str) -> (Option<Yaml>, Vec<Diagnostic>) {
    let complaints = Complaints::default();
    let yaml = super::read(&Source::new("a.yaml", text), &complaints);
    (yaml, complaints.finish())
}

fn yaml(text: &str) -> Yaml {
    let (yaml, diagnostics) = read(text);
    assert_eq!(diagnostics, [], "{text}");
    yaml.expect("a tree")
}

fn messages(text: &str) -> Vec<String> {
    read(text).1.into_iter().map(|diagnostic| diagnostic.message).collect()
}

#[test]
fn scalars_keep_text_value_and_quoting() {
    for (written, text, value, quoted) in [
        ("1.10", "1.10", json!(1.1), false),
        ("017", "017", json!("017"), false),
        ("0x1F", "0x1F", json!(31), false),
        ("-3", "-3", json!(-3), false),
        ("yes", "yes", json!("yes"), false),
        ("True", "True", json!(true), false),
        ("~", "~", Data::Null, false),
        ("", "", Data::Null, false),
        ("'5'", "5", json!("5"), true),
        ("\"a\\n\"", "a\n", json!("a\n"), true),
        ("|-\n  5", "5", json!("5"), true),
        ("!!str 5", "5", json!("5"), true),
        ("!!int '5'", "5", json!(5), false),
        ("a: b".split(": ").next().unwrap_or_default(), "a", json!("a"), false),
        ("12:30:45", "12:30:45", json!("12:30:45"), false),
        ("2026-01-01", "2026-01-01", json!("2026-01-01"), false),
    ] {
        let tree = yaml(&format!("k: {written}\n"));
        let scalar = tree.get("k").and_then(Yaml::scalar).expect("scalar");
        assert_eq!((scalar.text.as_str(), &scalar.value, scalar.quoted), (text, &value, quoted), "{written}");
    }
}

#[test]
fn places_are_exact() {
    let text =
        "\u{feff}# hä\ntop:\n  - ünï: 'q ü'  # x\n    b: &x {c: [1, 2]}  # y\n  - plain text   # z\nlast: *x\nlit: |\n  two\n  lines\n";
    let tree = yaml(text);
    let at = |yaml: &Yaml| (yaml.place.to_string(), yaml.place.text().to_owned());
    let item = |place: &str, text: &str| (place.to_owned(), text.to_owned());
    let top = tree.get("top").expect("top");
    let crate::model::yaml::Kind::List(items) = &top.kind else { panic!("list") };
    assert_eq!(at(items[0].get("ünï").expect("ünï")), item("a.yaml:3:10", "'q ü'"));
    let b = items[0].get("b").expect("b");
    assert_eq!(at(b), item("a.yaml:4:11", "{c: [1, 2]}"));
    assert_eq!(at(b.get("c").expect("c")), item("a.yaml:4:15", "[1, 2]"));
    assert_eq!(at(&items[1]), item("a.yaml:5:5", "plain text"));
    assert_eq!(at(&items[0]), item("a.yaml:3:5", "ünï"));
    assert_eq!(at(tree.get("last").expect("last")), at(b));
    assert_eq!(at(tree.get("lit").expect("lit")), item("a.yaml:8:3", "two\n  lines"));
}

#[test]
fn keys_are_texts_in_the_order_of_the_file() {
    let tree = yaml("2: a\n1: b\ntrue: c\n'null': d\n1.10: e\n");
    assert_eq!(serde_json::to_string(&tree.data()).expect("json"), r#"{"2":"a","1":"b","true":"c","null":"d","1.10":"e"}"#);
}

#[test]
fn merge_keys_are_applied_and_written_keys_win() {
    let text = "a: &a {x: 1, y: 2}\nb: &b {y: 3, z: 4}\nc: {<<: *a, y: 9}\nd: {<<: [*a, *b], w: 0}\ne: {'<<': 1}\n";
    let data = yaml(text).data();
    assert_eq!(data["c"], json!({"x": 1, "y": 9}));
    assert_eq!(data["d"], json!({"x": 1, "y": 2, "z": 4, "w": 0}));
    assert_eq!(data["e"], json!({"<<": 1}));
    assert_eq!(
        messages("a: {<<: 1}\nb: {<<: [1]}\n"),
        ["`<<` wants a mapping or a list of mappings, found a number", "`<<` wants a mapping or a list of mappings, found a list",]
    );
}

#[test]
fn what_is_not_one_document_of_plain_values_is_refused() {
    for (text, message) in [
        ("", "the file is empty"),
        ("# only this\n", "the file is empty"),
        ("---\n", "the file is empty"),
        ("a: 1\n---\nb: 2\n", "a second document begins here, but a file holds one"),
        ("a: 1\na: 2\n", "`a` stands here a second time"),
        ("a: {b: 1, 'b': 2}\n", "`b` stands here a second time"),
        ("~: 1\n", "a key is missing here"),
        ("[a, b]: 1\n", "a key must be a text, not a list or a mapping"),
        ("{a: b}: 1\n", "an unquoted `{{ }}` is a mapping to YAML"),
        ("a: {{ x }}\n", "an unquoted `{{ }}` is a mapping to YAML"),
        ("a: [{{ x }}]\n", "an unquoted `{{ }}` is a mapping to YAML"),
        ("a: !foo 1\n", "the tag `!foo` is not supported"),
        ("a: !foo [1]\n", "the tag `!foo` is not supported"),
        ("a: !foo {b: 1}\n", "the tag `!foo` is not supported"),
        ("a: !!binary aGk=\n", "the tag `!!binary` is not supported"),
        ("a: !!set {b: }\n", "the tag `!!set` is not supported"),
        ("a: !!int x\n", "this is not YAML: a: invalid value: string \"x\", expected an integer"),
        ("a: *b\n", "this is not YAML: while parsing node, found unknown anchor"),
        ("a: &a [*a]\n", "this alias stands inside of what it names"),
        ("a: .nan\n", "`.nan` is not a finite number"),
        ("a: 99999999999999999999\n", "`99999999999999999999` is too large for a number"),
        ("a: {{ x }} y\n", "this is not YAML: "),
        ("a:\n\t- b\n", "this is not YAML: "),
        ("a: b: c\n", "this is not YAML: mapping values are not allowed in this context"),
        ("a: 'b\n", "this is not YAML: "),
        ("a: \"\x01\"\n", "this is not YAML: "),
    ] {
        let said = messages(text);
        assert!(said.len() == 1 && said[0].starts_with(message), "{text}: {said:?}");
    }
}

#[test]
fn a_broken_file_shows_no_password() {
    let (_, diagnostics) = read("a: b: c\npassword: hunter2\n");
    let (_, second) = read("password: hunter2: x\n");
    let shown: String = diagnostics.iter().chain(&second).map(|diagnostic| diagnostic.render(Colour::Plain)).collect();
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn deep_and_growing_texts_are_refused_quickly() {
    let mut laughs = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
    for level in 1..20 {
        let item = format!("*a{}", level - 1);
        laughs.push_str(&format!("a{level}: &a{level} [{}]\n", [item.as_str(); 10].join(",")));
    }
    let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(100_000), "*a,".repeat(100_000));
    for (text, message) in [
        ("[".repeat(100_000), "this is nested deeper than 64 levels"),
        ("{".repeat(100_000), "this is nested deeper than 64 levels"),
        ("- ".repeat(100_000), "this is nested deeper than 64 levels"),
        ("? ".repeat(100_000), "this is nested deeper than 64 levels"),
        (format!("{}{}", "[".repeat(65), "]".repeat(65)), "this is nested deeper than 64 levels"),
        (laughs, "the aliases in this grow beyond 1 million values"),
        (long, "the aliases in this grow beyond 1 million values"),
    ] {
        let start = Instant::now();
        assert_eq!(messages(&text), [message], "{}", &text[..20]);
        // Cost that is not linear takes hours, whatever the machine.
        assert!(start.elapsed() < Duration::from_mins(2), "{}", &text[..20]);
    }
    yaml(&format!("{}x{}", "[".repeat(64), "]".repeat(64)));
}
