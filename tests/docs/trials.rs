//! Jobs and testbeds as people write them, right and wrong: what the loader makes of them, and what an editor with the schema does.

use crate::schemas::{JOB, TESTBED, data, refused, schema, validator};
use runner::load::{self, Environment};
use serde_json::Value;
use std::path::Path;

/// Steps of a test, in the order of the reference, that are right.
const GOOD_STEPS: [&str; 30] = [
    "{execute: show version}",
    "{execute: [show version, show clock], parallel: 2}",
    "{name: n, execute: x, device: r1, alias: cli}",
    "{execute: x, devices: 'leaf*'}",
    "{execute: x, devices: {os: [a, b], tags: [c]}}",
    "{execute: x, devices: {where: \"device.os == 'x'\"}, parallel: 3}",
    "{execute: x, when: 'device.custom.y is defined', loop: device.tags}",
    "{execute: x, loop: {a: 1, b: 2}, continue_on_failure: true}",
    "{execute: x, retry: {within: 1m30s, every: 500ms, backoff: 2, jitter: 1s}}",
    "{execute: x, retry: {attempts: 3}}",
    "{execute: x, timeout: 2m, sensitive: true}",
    "{execute: x, parse: json, capture: y}",
    "{execute: x, parse: {regex: '(?P<a>.)'}, capture: {z: {jsonpath: '$[0].a', as: int, default: 0}}}",
    "{execute: x, assert: [{exit_code: 0}, {contains: a}, {not_contains: b}]}",
    "{execute: x, assert: [{regex: 'v(\\d+)', as: int, between: [1, 5], message: m}]}",
    "{execute: x, assert: [{line: up, first: true, trim: true, lower: true, equals: x}]}",
    "{execute: x, parse: json, assert: [{jsonpath: '$[*]', each: {gt: 1}}, {jsonpath: $.a, any: {equals: 1}}]}",
    "{execute: x, parse: json, assert: [{jsonpath: $.a, in: [1, two, null]}, {jsonpath: $.a, type: mapping}]}",
    "{execute: x, assert: [{of: stdout, length: {ge: 1}}, {of: stderr, empty: true}, {of: duration, lt: 2s}]}",
    "{execute: x, assert: [{value: '{{ result.text }}', exists: true}]}",
    "{execute: x, expect_error: {phase: auth, kind: auth}}",
    "{execute: x, expect_error: {matches: 'refused$'}}",
    "{configure: \"interface lo0\\nno shutdown\", idempotent: true, retry: {attempts: 2}}",
    "{shell: uname, assert: [{starts_with: L}, {ends_with: x}, {matches: i}]}",
    "{set: {a: '{{ device.name }}', b: {c: [1]}}}",
    "{log: 'hello {{ device.name }}'}",
    "{wait: 1s}",
    "{fail: too old, when: 'false'}",
    "{group: g, steps: [{execute: x, capture: a}], always: [{log: y}], retry: {attempts: 2}, parallel: true}",
    "{connect: {alias: a, via: cli, pool_size: 2}}",
];

/// Steps that are wrong. The second is whether the schema sees it, too: what it cannot say is left to `runner check`.
const BAD_STEPS: [(&str, bool); 30] = [
    ("{exec: x}", true),
    ("{execute: ''}", true),
    ("{execute: []}", true),
    ("{execute: {a: b}}", true),
    ("{execute: x, shell: y}", true),
    ("{name: x}", true),
    ("{execute: x, timeout: 30}", true),
    ("{execute: x, timeout: 30 seconds}", true),
    ("{execute: x, timeout: 0s}", false),
    ("{execute: x, retry: {}}", false),
    ("{execute: x, retry: {attempts: 0}}", true),
    ("{execute: x, retry: {within: 1m, evry: 1s}}", true),
    ("{execute: x, retry: {within: 1m, backoff: 0.5}}", true),
    ("{execute: x, parse: xml}", true),
    ("{execute: x, parse: {regex: ''}}", true),
    ("{execute: x, parse: {regex: '('}}", false),
    ("{execute: x, assert: {contains: x}}", true),
    ("{execute: x, assert: []}", true),
    ("{execute: x, assert: [{contain: x}]}", true),
    ("{execute: x, assert: [{contains: x, equals: y}]}", true),
    ("{execute: x, assert: [{jsonpath: 'peers', exists: true}]}", false),
    ("{execute: x, assert: [{of: everything, contains: x}]}", true),
    ("{execute: x, assert: [{as: number, gt: 1}]}", true),
    ("{execute: x, assert: [{as: int, between: [1]}]}", true),
    ("{execute: x, assert: [{type: string}]}", true),
    ("{execute: x, capture: {device: {of: text}}}", true),
    ("{execute: x, capture: a-b}", true),
    ("{execute: x, expect_error: {phase: login}}", true),
    ("{group: g}", true),
    ("{wait: soon}", true),
];

fn job(step: &str) -> String {
    format!("job: x\ntestbed: lab.yaml\ntests:\n  - name: t\n    devices: all\n    steps:\n      - {{execute: x}}\n      - {step}\n")
}

#[test]
fn right_steps_are_right_to_loader_and_schema() {
    let schema = validator(JOB);
    for step in GOOD_STEPS {
        let loaded = load::job_text(&job(step), "job.yaml", Path::new("."));
        assert!(loaded.diagnostics.is_empty() && loaded.value.is_some(), "{step}: {:?}", loaded.diagnostics);
        assert_eq!(refused(&schema, &data(&job(step))), None, "{step}");
    }
}

#[test]
fn wrong_steps_are_wrong_to_the_loader_and_mostly_to_the_schema() {
    let schema = validator(JOB);
    let mut odd = Vec::new();
    for (step, seen) in BAD_STEPS {
        if load::job_text(&job(step), "job.yaml", Path::new(".")).value.is_some() {
            odd.push(format!("the loader accepts {step}"));
        }
        if refused(&schema, &data(&job(step))).is_some() != seen {
            odd.push(format!("the schema should {} {step}", if seen { "refuse" } else { "accept" }));
        }
    }
    assert!(odd.is_empty(), "{}", odd.join("\n"));
}

/// What stands beside `os` at a device, right or wrong.
const DEVICES: [(&str, bool, bool); 24] = [
    ("connections: {cli: {protocol: ssh, ip: 192.0.2.1}}", true, true),
    ("connections: {cli: {protocol: ssh, host: h, port: '22'}}", true, true),
    ("connections: {cli: {protocol: ssh, host: h, port: '%ENV{P, default=22}'}}", true, true),
    ("connections: {defaults: {class: ssh, via: [a, b], pool_size: 4, pool_timeout: 5}, a: {host: h}, b: {host: h}}", true, true),
    ("connections: {cli: {protocol: ssh, host: h, mode: shell, prompt: 'x>', agent: true, legacy: false}}", true, true),
    ("connections: {cli: {class: shell, cwd: /tmp, max_answer: 1000}}", true, true),
    ("connections: {cli: {protocol: replay, recording: r.yaml}}", true, true),
    ("connections: {cli: {protocol: ssh, ip: h, arguments: {host_keys: 'off', connection_timeout: 20}}}", true, true),
    ("connections: {cli: {protocol: ssh -o User=x, ip: h, settings: {EXEC_TIMEOUT: 60}, proxy: j}}", true, true),
    ("connections: {cli: {class: unicon.Unicon, protocol: telnet, ip: h, port: 2001}}", true, true),
    ("tags: [a], features: [bgp], custom: {x: 1}, max_sessions: 4", true, true),
    ("type: router, role: edge, model: 9300, my_own: yes please", true, true),
    ("credentials: {default: {username: u, password: '%ENV{P}', key_file: k}}", true, true),
    ("tacacs: {username: u}, passwords: {tacacs: '%ENV{P}'}", true, true),
    ("clean: {images: [a, b]}, management: {address: x}", true, true),
    ("connections: {cli: {protocol: ssh, host: h, port: 70000}}", false, true),
    ("connections: {cli: {protocol: ssh, host: h, port: ssh}}", false, true),
    ("connections: {defaults: {pool_size: 0}, cli: {protocol: ssh, host: h}}", false, true),
    ("connections: {defaults: {pool_size: many}, cli: {protocol: ssh, host: h}}", false, true),
    ("connections: {cli: ssh}", false, true),
    ("connections: [cli]", false, true),
    ("credentials: {default: secret}", false, true),
    ("max_sessions: none", false, true),
    ("tags: {a: b}", false, true),
];

#[test]
fn testbeds_are_to_the_schema_what_they_are_to_the_loader() {
    let schema = validator(TESTBED);
    let environment = Environment([("P".to_owned(), "2222".to_owned())].into());
    let mut odd = Vec::new();
    for (keys, is_right, seen) in DEVICES {
        let text = format!("testbed: {{name: lab}}\ndevices:\n  r1: {{os: linux, {keys}}}\n");
        let loaded = load::testbed_text(&text, "testbed.yaml", Path::new("."), &environment);
        if loaded.value.is_some() != is_right {
            odd.push(format!("the loader: {keys}: {:?}", loaded.diagnostics));
        }
        if refused(&schema, &data(&text)).is_none() != (is_right || !seen) {
            odd.push(format!("the schema: {keys}: {:?}", refused(&schema, &data(&text))));
        }
    }
    assert!(odd.is_empty(), "{}", odd.join("\n"));
}

/// What an editor offers for a key is right where that key stands.
#[test]
fn the_examples_of_the_schemas_are_right() {
    for file in [JOB, TESTBED] {
        let schema = schema(file);
        let mut tried = 0;
        let mut odd = Vec::new();
        examples(&schema, &mut |property, example| {
            let alone = serde_json::json!({"$schema": schema["$schema"], "$defs": schema["$defs"], "allOf": [property]});
            let validator = jsonschema::options().build(&alone).expect("a schema");
            tried += 1;
            odd.extend(refused(&validator, example).map(|why| format!("{file}: {example}: {why}")));
        });
        assert!(odd.is_empty(), "{}", odd.join("\n"));
        assert!(tried > 15, "{tried} examples in {file}");
    }
}

/// Visits every example with the schema that it is one of.
fn examples(schema: &Value, visit: &mut impl FnMut(&Value, &Value)) {
    if let Some(Value::Array(all)) = schema.get("examples") {
        for example in all {
            visit(schema, example);
        }
    }
    match schema {
        Value::Object(entries) => entries.iter().filter(|(key, _)| *key != "examples").for_each(|(_, value)| examples(value, visit)),
        Value::Array(items) => items.iter().for_each(|item| examples(item, visit)),
        _ => {}
    }
}
