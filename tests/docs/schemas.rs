//! The schemas that editors use: they describe every key, accept what the loader accepts, and refuse plain mistakes.

use crate::pages;
use crate::words::words_of;
use crate::wrap::Kind;
use jsonschema::Validator;
use runner::connect::registry::Registry;
use runner::load::{self, Environment};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

pub(crate) const JOB: &str = "schemas/job.schema.json";
pub(crate) const TESTBED: &str = "schemas/testbed.schema.json";
const PLATFORM: &str = "schemas/platform.schema.json";

pub(crate) fn schema(file: &str) -> Value {
    let text = std::fs::read_to_string(pages::root().join(file)).expect("a schema");
    serde_json::from_str(&text).expect("JSON")
}

pub(crate) fn validator(file: &str) -> Validator {
    let schema = schema(file);
    jsonschema::meta::validate(&schema).expect("a schema of the draft it names");
    jsonschema::options().build(&schema).expect("a schema")
}

/// A text as data, with merge keys applied as editors do.
pub(crate) fn data(text: &str) -> Value {
    let mut value: serde_yaml::Value = serde_yaml::from_str(text).expect("YAML");
    value.apply_merge().expect("merge keys");
    serde_json::to_value(value).expect("data")
}

pub(crate) fn refused(validator: &Validator, value: &Value) -> Option<String> {
    let errors: Vec<String> = validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
    (!errors.is_empty()).then(|| errors.join("\n"))
}

#[test]
fn every_example_that_the_program_accepts_is_accepted() {
    let (job, testbed) = (validator(JOB), validator(TESTBED));
    let mut problems = Vec::new();
    let mut tried = 0;
    for block in pages::all().iter().flat_map(pages::Page::blocks).filter(|block| block.is("yaml")) {
        if block.has("error") || block.has("gitlab") {
            continue;
        }
        let Some(kind) = serde_yaml::from_str(&block.text).ok().and_then(|value| Kind::of(&value)) else { continue };
        if kind == Kind::Recording {
            continue;
        }
        tried += 1;
        let schema = if kind.is_testbed() { &testbed } else { &job };
        problems.extend(refused(schema, &data(&kind.whole(&block.text))).map(|why| format!("{}: {why}", block.place)));
    }
    for (schema, file) in [
        (&job, "examples/quickstart/job.yaml"),
        (&testbed, "examples/quickstart/testbed.yaml"),
        (&job, "examples/matrix/job.yaml"),
        (&testbed, "examples/matrix/testbed.yaml"),
        (&job, "examples/ssh-linux/job.yaml"),
        (&testbed, "examples/ssh-linux/testbed.yaml"),
        (&testbed, "tests/docs/lab/lab.yaml"),
    ] {
        let text = std::fs::read_to_string(pages::root().join(file)).expect("an example");
        problems.extend(refused(schema, &data(&text)).map(|why| format!("{file}: {why}")));
    }
    assert!(problems.is_empty(), "{}", problems.join("\n\n"));
    assert!(tried > 25, "{tried} examples only: are the pages still read?");
}

/// What the loader accepts although it looks odd.
const ODD_STEPS: [&str; 22] = [
    "{execute: 17.10}",
    "{execute: true, name: 7, when: true}",
    "{execute: x, timeout: 1m 30s, retry: {attempts: 1, every: 0s}}",
    "{execute: x, timeout: 1.5s}",
    "{execute: [x, 2]}",
    "{execute: x, loop: \"{{ device.tags }}\", parallel: false}",
    "{execute: x, loop: [1], parallel: 10000}",
    "{configure: [a, b], idempotent: true, retry: {within: 1h}}",
    "{execute: x, assert: [{exit_code: \"{{ n }}\"}, {of: exit_code, between: \"{{ n }}\"}, {of: exit_code, in: \"{{ n }}\"}]}",
    "{execute: x, assert: [{lines: true, count: \"{{ n }}\"}, {length: {not_in: [1, 2]}}, {of: stderr, empty: false}]}",
    "{execute: x, parse: json, assert: [{jsonpath: $.a, equals: null}, {jsonpath: \"$.*\", each: {not_equals: {a: [1]}}}]}",
    "{execute: x, assert: [{of: duration, le: 100ms}, {contains: 17}, {starts_with: 5}, {type: text}]}",
    "{execute: x, capture: a}",
    "{execute: x, capture: {a: {lines: true}, b: {regex: 'x(.)', default: null}}}",
    "{set: {a: null, b: [1, {c: \"{{ n }}\"}]}}",
    "{group: g, steps: [{execute: x}], always: []}",
    "{connect: {}}",
    "{connect: 7, device: r1, timeout: 3s, retry: {within: 1m, every: 1s, backoff: 1.5, max_every: 5s, jitter: 100ms}}",
    "{connect: {alias: a, via: [b, c], class: ssh, pool_size: 4, pool_timeout: 0s, connection_timeout: 5s, cwd: /, x: true}, devices: all}",
    "{disconnect: {}, devices: {where: x}, expect_error: {phase: state}}",
    "{destroy: all, device: r1}",
    "{execute: x, devices: [r1, 'r[2]'], parallel: 2, expect_error: {phase: auth, kind: auth, matches: 5}}",
];

#[test]
fn what_looks_odd_and_is_accepted_by_the_loader_is_accepted() {
    let job = validator(JOB);
    for step in ODD_STEPS {
        let text = format!("job: 1\nvars: {{n: 1}}\ndescription: 2\ntests: [{{name: x, steps: [{{execute: x}}, {step}]}}]\n");
        let loaded = load::job_text(&text, "job.yaml", Path::new("."));
        assert!(loaded.value.is_some(), "the loader refuses {step}: {:?}", loaded.diagnostics);
        assert_eq!(refused(&job, &data(&text)), None, "{step}");
    }
}

#[test]
fn every_form_of_a_matrix_is_accepted() {
    let job = validator(JOB);
    for keys in [
        "matrix: {a: [1, two, null, {b: [3]}], b: '{{ device.tags }}', c: '{% if 1 %}{% endif %}'}",
        "matrix: {a: [1]}, exclude: [{a: {b: 1}}, {a: '{{ device.name }}'}], requires: [bfd, 2]",
        "requires: bfd, tags: smoke",
    ] {
        let text = format!("job: x\ntests: [{{name: x, {keys}, steps: [{{execute: x}}]}}]\n");
        let loaded = load::job_text(&text, "job.yaml", Path::new("."));
        assert!(loaded.value.is_some(), "the loader refuses {keys}: {:?}", loaded.diagnostics);
        assert_eq!(refused(&job, &data(&text)), None, "{keys}");
    }
    for keys in [
        "matrix: {}",
        "matrix: {a: []}",
        "matrix: {a: x}",
        "matrix: {device: [1]}",
        "matrix: {exclude: [1]}",
        "matrix: {a: [1]}, exclude: {a: 1}",
    ] {
        let text = format!("job: x\ntests: [{{name: x, {keys}, steps: [{{execute: x}}]}}]\n");
        assert!(load::job_text(&text, "job.yaml", Path::new(".")).value.is_none(), "the loader accepts {keys}");
        assert!(refused(&job, &data(&text)).is_some(), "accepted is {keys}");
    }
}

#[test]
fn testbeds_as_they_are_found_are_accepted() {
    let testbed = validator(TESTBED);
    let all = [
        "devices: {}",
        "devices: {r1: {os: , tags: [], custom: , connections: , serial: 17}}",
        "testbed: {name: 5, servers: {ntp: {address: 10.0.0.1}}}\ndevices: {r1: {type: router}}\ntopology: {links: {l1: }}",
        "x-common: {os: ios}\nextra: 1\ndevices: {r1: '%{x-common}', r2: {clean: [x], connections: {a: {protocol: netconf, host: h, legacy: [1]}}}}",
        "devices: {r1: , r2: , r3: }\ntopology: {links: , r1: , r2: {interfaces: }, r3: {interfaces: {eth0: }}}",
        "devices: {}\ntopology: ",
        "devices: {r1: {connections: {defaults: {class: unicon.Unicon, pool_size: '4', pool_timeout: 1.5}, a: {protocol: ssh, ip: 1.1.1.1, port: '22'}}}}",
        "devices: {r1: {passwords: {tacacs: x}, tacacs: {username: y}, connections: {a: {host: h, arguments: {connection_timeout: 10}, settings: {X: 1}}}}}",
        "devices: {r1: {custom: {a: 1}}, r2: {custom: '%{devices.r1.custom}', max_sessions: '%ENV{N, default=3}'}}",
    ];
    for text in all {
        let loaded = load::testbed_text(text, "testbed.yaml", Path::new("."), &Environment::default());
        assert!(loaded.value.is_some(), "the loader refuses {text}: {:?}", loaded.diagnostics);
        assert_eq!(refused(&testbed, &data(text)), None, "{text}");
    }
    assert_eq!(refused(&testbed, &data("extends: base.yaml")), None);
}

/// Values that a key may have in a testbed.
const VALUES: [&str; 20] = [
    "",
    "text",
    "''",
    "22",
    "0",
    "-1",
    "1.5",
    "'22'",
    "' 7 '",
    "true",
    "30s",
    "'1e2'",
    "'%ENV{N, default=3}'",
    "'x%{self}'",
    "[]",
    "[a, 2]",
    "[[a]]",
    "{}",
    "{a: b}",
    "{a: {b: {c: [d]}}}",
];

/// Where keys stand, and which.
const KEYS: [(&str, &str); 9] = [
    ("KEY", "testbed devices topology extra"),
    ("testbed: {KEY}", "name alias credentials servers network custom tacacs passwords own"),
    ("testbed: {credentials: {default: {KEY}}}", "username password enable_password key_file key ssh_key passphrase own"),
    (
        "devices: {r1: {KEY}}",
        "name class type os alias version tags features custom credentials connections max_sessions tacacs passwords clean own",
    ),
    ("devices: {r1: {connections: {defaults: {KEY}}}}", "class alias via pool_size pool_timeout fallback_credentials connections"),
    (
        "devices: {r1: {connections: {a: {KEY}}}}",
        "class protocol host ip port command credentials tacacs passwords username password login_creds connection_timeout arguments \
         settings proxy prompts host_keys known_hosts ssh_options legacy max_answer cwd recording own",
    ),
    ("topology: {KEY}", "links r1"),
    ("topology: {links: {KEY}}", "l1"),
    ("topology: {r1: {interfaces: {e0: {KEY}}}}", "alias type link ipv4 ipv6 own"),
];

#[test]
fn whatever_the_loader_accepts_of_any_key_is_accepted() {
    let testbed = validator(TESTBED);
    let (mut problems, mut accepted, mut tried) = (Vec::new(), 0, 0);
    for (at, keys) in KEYS {
        for (key, value) in keys.split_whitespace().flat_map(|key| VALUES.map(|value| (key, value))) {
            let mut text = at.replace("KEY", &format!("{key}: {value}"));
            if !text.starts_with("devices") {
                text.push_str("\ndevices: {r1: {}}");
            }
            tried += 1;
            if load::testbed_text(&text, "testbed.yaml", Path::new("."), &Environment::default()).value.is_some() {
                accepted += 1;
                problems.extend(refused(&testbed, &data(&text)).map(|why| format!("{text}\n  {why}")));
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert!(accepted > tried / 3, "{accepted} of {tried} are accepted by the loader: are they still testbeds?");
}

#[test]
fn the_example_of_a_pool_and_the_files_of_init_are_accepted() {
    for (schema, folder) in [(JOB, "examples/pool/job.yaml"), (TESTBED, "examples/pool/testbed.yaml")] {
        for file in [folder, &folder.replace("examples/pool", "src/cli/init")] {
            let text = std::fs::read_to_string(pages::root().join(file)).expect("an example");
            assert_eq!(refused(&validator(schema), &data(&text)), None, "{file}");
        }
    }
}

#[test]
fn plain_mistakes_are_refused() {
    let (job, testbed) = (validator(JOB), validator(TESTBED));
    let step = |step: &str| format!("job: x\ntests: [{{name: x, steps: [{step}]}}]\n");
    let jobs = [
        "tests: [{name: x, steps: [{execute: x}]}]".to_owned(),
        "job: x\ntests: []".to_owned(),
        "job: x\ntest: []".to_owned(),
        "job: x\ntimeout: 30\ntests: [{name: x, steps: [{execute: x}]}]".to_owned(),
        "job: x\ntests: [{name: x, retries: 1, steps: [{execute: x}]}]".to_owned(),
        step("{exceute: x}"),
        step("{execute: x, shell: y}"),
        step("{name: x}"),
        step("{execute: x, timeout: 30}"),
        step("{execute: x, retry: {tries: 3}}"),
        step("{execute: x, parse: jsn}"),
        step("{execute: x, assert: []}"),
        step("{execute: x, assert: [{contians: x}]}"),
        step("{execute: x, assert: [{contains: x, equals: y}]}"),
        step("{execute: x, assert: [{regex: x}]}"),
        step("{execute: x, assert: [{exit_code: '0'}]}"),
        step("{execute: x, assert: [{of: txt, contains: x}]}"),
        step("{execute: x, capture: {item: {of: text}}}"),
        step("{set: {}}"),
        step("{group: g}"),
        step("{log: x, device: r1}"),
        step("{group: g, steps: [{execute: x}], timeout: 30s}"),
        step("{shell: x, alias: y}"),
        step("{connect: {alias: x, pool_size: 0}}"),
        step("{connect: x, assert: [{contains: y}]}"),
        step("{connect: x, alias: y}"),
        step("{disconnect: {via: x}}"),
        step("{destroy: x, timeout: 3s}"),
        step("{execute: x, expect_error: {}}"),
        step("{execute: x, expect_error: {phase: auht}}"),
        step("{execute: x, expect_error: {kind: auth}, parse: json}"),
        step("{execute: x, device: r1, devices: r2}"),
        step("{shell: x, devices: r2}"),
        step("{execute: x, retry: {attempts: 2, backoff: 0}}"),
    ];
    for text in jobs {
        assert!(load::job_text(&text, "job.yaml", Path::new(".")).value.is_none(), "the loader accepts {text}");
        assert!(refused(&job, &data(&text)).is_some(), "accepted is {text}");
    }
    for text in ["testbed: {}", "device: {}", "devices: []", "devices: {r1: {connections: {a: {port: x}}}}"] {
        assert!(refused(&testbed, &data(text)).is_some(), "accepted is {text}");
    }
}

#[test]
fn the_built_in_platforms_are_accepted() {
    let platform = validator(PLATFORM);
    let mut tried = 0;
    for entry in std::fs::read_dir(pages::root().join("src/connect/platform")).expect("a folder") {
        let file = entry.expect("an entry").path();
        if file.extension().is_some_and(|ending| ending == "yaml") {
            let text = std::fs::read_to_string(&file).expect("a platform");
            assert_eq!(refused(&platform, &data(&text)), None, "{}", file.display());
            assert!(refused(&platform, &data(&text.replace("cancel:", "cancle:"))).is_some(), "{}", file.display());
            tried += 1;
        }
    }
    assert_eq!(tried, runner::connect::platform::built_in().expect("platforms").len());
}

#[test]
fn every_key_has_a_description() {
    for file in [JOB, TESTBED, PLATFORM] {
        let mut bare = Vec::new();
        find_bare(&schema(file), file, &mut bare);
        assert!(bare.is_empty(), "keys without description:\n{}", bare.join("\n"));
    }
}

fn find_bare(schema: &Value, at: &str, bare: &mut Vec<String>) {
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        let described = |property: &Value| property.get("description").and_then(Value::as_str).is_some_and(|text| text.len() > 5);
        bare.extend(properties.iter().filter(|(_, property)| !described(property)).map(|(key, _)| format!("{at}.{key}")));
    }
    match schema {
        Value::Object(entries) => entries.iter().for_each(|(key, value)| find_bare(value, &format!("{at}.{key}"), bare)),
        Value::Array(items) => items.iter().for_each(|item| find_bare(item, at, bare)),
        _ => {}
    }
}

#[test]
fn schemas_know_the_words_of_the_program() {
    let job = schema(JOB);
    let keys = |pointer: &str, schema: &Value| -> BTreeSet<String> {
        schema.pointer(pointer).and_then(Value::as_object).expect(pointer).keys().cloned().collect()
    };
    let steps = keys("/$defs/step/properties", &job);
    let operators = keys("/$defs/operator/properties", &job);
    for action in words_of("action.rs", "NAMES") {
        assert!(steps.contains(&action), "{action}");
    }
    let known = words_of("operator.rs", "NAMES").into_iter().flat_map(|name| [format!("not_{name}"), name]);
    assert_eq!(operators, known.collect());
    let path = keys("/$defs/path/anyOf/0/properties", &schema(TESTBED));
    for option in Registry::standard().classes().flat_map(|class| class.spec().options) {
        assert!(path.contains(option.name), "{}", option.name);
    }
}
