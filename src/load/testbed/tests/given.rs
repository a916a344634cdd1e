//! Markup that stands for what the world gives: variables, answers and files.

use crate::load::{Environment, Given, Loaded, testbed, testbed_text};
use crate::model::testbed::Testbed;
use indexmap::IndexMap;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::fs;
use std::path::Path;

fn custom(value: &str) -> String {
    format!("devices: {{r1: {{custom: {{v: {value}}}}}}}")
}

fn load_given(text: &str, vars: &[(&str, Value)], ask: Option<crate::load::Ask<'_>>) -> Loaded<Testbed> {
    let vars: IndexMap<String, Value> = vars.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    let env = Environment([("LAB".to_owned(), "ulm".to_owned())].into());
    testbed_text(text, "lab.yaml", Path::new("/lab"), Given { env: &env, vars: Some(&vars), ask })
}

#[test]
fn a_variable_of_the_command_line_keeps_its_type() {
    let vars = [("count", json!(3)), ("list", json!(["a", {"b": 1}])), ("name", json!("x"))];
    for (value, expected) in [
        ("'%CLI{count}'", json!(3)),
        ("'%CLI{list}'", json!(["a", {"b": 1}])),
        ("'n-%CLI{count}-%CLI{name}'", json!("n-3-x")),
        ("'%CLI{other, default=7}'", json!(7)),
        ("'%CLI{other, default=[1, 2]}'", json!([1, 2])),
        ("'%CLI{count, default=7}'", json!(3)),
        ("'%CLI{other, plain}'", json!("plain")),
        ("'%ENV{LAB}-%ENV{NONE, default=y}-%ENV{NONE, z}'", json!("ulm-y-z")),
    ] {
        let loaded = load_given(&custom(value), &vars, None);
        assert_eq!(loaded.diagnostics, [], "{value}");
        assert_eq!(loaded.value.expect(value).devices["r1"].custom["v"], expected, "{value}");
    }
    let said = |value: &str| {
        let found = load_given(&custom(value), &vars, None).diagnostics.remove(0);
        (found.message, found.hints)
    };
    let (message, hints) = said("'%CLI{coun}'");
    assert_eq!(message, "the variable `coun` is not given on the command line");
    assert_eq!(hints, ["did you mean `count`?", "add `--var coun=...`, or give a default: `%CLI{coun, default=...}`"]);
    assert_eq!(said("'x%CLI{list}'").0, "`%CLI{list}` is a list, and cannot be a part of a text");
    assert!(said("'%CLI{other, default=[1}'").0.starts_with("the default of `%CLI{other}` is not YAML: did not find"));
}

#[test]
fn a_person_is_asked_once_for_each_place() {
    let questions = RefCell::new(Vec::new());
    let ask = |question: &str| {
        questions.borrow_mut().push(question.to_owned());
        Ok(format!("answer-{}", questions.borrow().len()))
    };
    let text = "\
testbed: {credentials: {default: {username: u, password: '%ASK{the password of the lab}'}}}
devices:
  r1: {credentials: '%{testbed.credentials}', custom: {pin: '%ASK{}', again: '%{self.custom.pin}'}}
  r2: {credentials: '%{testbed.credentials}'}
";
    let testbed = load_given(text, &[], Some(&ask)).value.expect("a testbed");
    assert_eq!(*questions.borrow(), ["the password of the lab", "devices.r1.custom.pin"]);
    assert_eq!(testbed.devices["r1"].custom, json!({"pin": "answer-2", "again": "answer-2"}));
    let password = |device: &str| testbed.devices[device].credentials["default"].password.clone().map(|it| it.reveal().to_owned());
    assert_eq!((password("r1"), password("r2")), (Some("answer-1".to_owned()), Some("answer-1".to_owned())));
}

#[test]
fn without_an_answer_it_is_said_how_to_give_one() {
    let nobody = |_: &str| Err("it was interrupted".to_owned());
    let found = load_given(&custom("'%ASK{pin}'"), &[], Some(&nobody)).diagnostics.remove(0);
    assert_eq!(found.message, "`%ASK{}` has no answer: it was interrupted");
    assert_eq!(found.hints, ["give the value another way: `%ENV{NAME}`, or `%CLI{name}` and `--var name=...`"]);
    let asked = RefCell::new(0);
    let nobody = |_: &str| {
        *asked.borrow_mut() += 1;
        Err("it was interrupted".to_owned())
    };
    let found = load_given(&custom("['%ASK{one}', '%ASK{two}']"), &[], Some(&nobody)).diagnostics;
    assert_eq!((*asked.borrow(), found.len()), (1, 2), "who interrupts one question is not asked the next");
    assert_eq!(found[1].message, "`%ASK{}` has no answer: an earlier question was not answered");
}

#[test]
fn lists_are_joined() {
    let text = "x-a: {one: [1], two: {k: , l: }}\ndevices: {r1: {custom: {v: '%EXTEND_LIST{x-a.one, x-a.two.keys()}'}}}";
    let loaded = load_given(text, &[], None);
    assert_eq!(loaded.diagnostics, []);
    assert_eq!(loaded.value.expect("a testbed").devices["r1"].custom["v"], json!([1, "k", "l"]));
}

struct Lab {
    folder: tempfile::TempDir,
}

impl Lab {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, text).expect("written");
        }
        Self { folder }
    }

    fn load(&self, name: &str) -> Loaded<Testbed> {
        testbed(&self.folder.path().join(name), name, &Environment([("LAB".to_owned(), "ulm".to_owned())].into()))
    }

    fn messages(&self, name: &str) -> Vec<String> {
        let said = |found: crate::base::diagnostic::Diagnostic| {
            format!("{} @ {}", found.message, found.place.map(|place| place.to_string()).unwrap_or_default())
        };
        self.load(name).diagnostics.into_iter().map(said).collect()
    }
}

#[test]
fn an_included_file_stands_in_the_place_of_a_value() {
    let lab = Lab::new(&[
        ("lab.yaml", "extends: base/base.yaml\ndevices: {r1: '%INCLUDE{devices/r1.yaml}', r2: {custom: '%INCLUDE{devices/more.yaml}'}}\n"),
        ("devices/r1.yaml", "os: eos\ncustom: {more: '%INCLUDE{more.yaml}', site: '%ENV{LAB}', me: '%{self}'}\n"),
        ("devices/more.yaml", "[1, 2]\n"),
        ("base/base.yaml", "devices: {r3: '%INCLUDE{r3.yaml}'}\n"),
        ("base/r3.yaml", "{os: ios}"),
    ]);
    let loaded = lab.load("lab.yaml");
    assert_eq!(lab.messages("lab.yaml"), ["`custom` wants a mapping, found a list @ devices/more.yaml:1:1"]);
    let testbed = loaded.remains.expect("what could be read");
    assert_eq!(testbed.devices["r1"].custom, json!({"more": [1, 2], "site": "ulm", "me": "r1"}));
    assert_eq!(testbed.devices["r1"].attributes["os"].place.to_string(), "devices/r1.yaml:1:5");
    assert_eq!(testbed.devices["r3"].attributes["os"].value, "ios");
}

#[test]
fn circles_of_files_are_named() {
    let lab = Lab::new(&[
        ("a.yaml", "extends: b.yaml\ndevices: {}\n"),
        ("b.yaml", "devices: {r1: '%INCLUDE{c.yaml}'}\n"),
        ("c.yaml", "custom: '%INCLUDE{a.yaml}'\n"),
        ("d.yaml", "devices: '%INCLUDE{d.yaml}'\n"),
    ]);
    assert_eq!(
        lab.messages("a.yaml"),
        ["a testbed includes itself: `a.yaml` extends `b.yaml` includes `c.yaml` includes `a.yaml` @ c.yaml:1:9"]
    );
    assert_eq!(lab.messages("d.yaml"), ["a testbed includes itself: `d.yaml` includes `d.yaml` @ d.yaml:1:10"]);
}

#[test]
fn files_cannot_multiply_without_end() {
    let mut files = vec![("t0.yaml".to_owned(), "devices: {r1: {custom: {a: '%INCLUDE{t1.yaml}', b: '%INCLUDE{t1.yaml}'}}}".to_owned())];
    for level in 1..40 {
        let next = level + 1;
        files.push((format!("t{level}.yaml"), format!("{{a: '%INCLUDE{{t{next}.yaml}}', b: '%INCLUDE{{t{next}.yaml}}'}}")));
    }
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let said = Lab::new(&files).messages("t0.yaml");
    assert!(said.iter().any(|said| said.starts_with("files that name each other can be 16 deep at most")), "{said:?}");
    assert!(said.iter().any(|said| said.starts_with("a testbed cannot be made of more than 256 files")), "{said:?}");
}

#[test]
fn of_several_files_the_first_lies_on_top_and_lists_may_grow() {
    let lab = Lab::new(&[
        ("lab.yaml", "extends: [top.yaml, bottom.yaml]\ndevices: {r1: {'%EXTEND_LIST{tags}': [c], custom: {a: [9]}}}\n"),
        ("top.yaml", "devices: {r1: {os: top, tags: [b]}}\n"),
        ("bottom.yaml", "devices: {r1: {os: bottom, type: router, tags: [a], custom: {a: [1, 2], b: 1}}}\n"),
        ("wrong.yaml", "extends: top.yaml\ndevices: {r1: {'%EXTEND_LIST{os}': [c], '%EXTEND_LIST{none}': [c]}}\n"),
    ]);
    let loaded = lab.load("lab.yaml");
    assert_eq!(loaded.diagnostics, []);
    let device = loaded.value.expect("a testbed").devices.swap_remove("r1").expect("r1");
    let tags: Vec<&str> = device.tags.iter().map(|tag| tag.value.as_str()).collect();
    assert_eq!((device.attributes["os"].value.as_str(), tags), ("top", vec!["b", "c"]));
    assert_eq!((device.attributes.contains_key("type"), device.custom), (true, json!({"a": [9], "b": 1})));
    assert_eq!(
        lab.messages("wrong.yaml"),
        [
            "`%EXTEND_LIST{os}` wants two lists: one here, and one in the file beneath @ wrong.yaml:2:16",
            "markup in a key is not supported @ wrong.yaml:2:41",
        ]
    );
}
