//! Secrets of every kind, said by a device in every way, are in nothing that a run leaves.

use crate::program::Program;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use std::path::Path;

/// One of each kind; none is a part of another.
const SECRETS: [(&str, &str); 5] = [
    ("password", "p4ss/w0rd+\"&<1>'é"),
    ("enable", "Enable me! twice  over"),
    ("passphrase", "pass\\phrase%2F9"),
    ("environment", "fr0m-the-env!"),
    ("login", "login~secret=?"),
];

fn percent(secret: &str, upper: bool) -> String {
    let encoded = secret.bytes().map(|byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        other if upper => format!("%{other:02X}"),
        other => format!("%{other:02x}"),
    });
    encoded.collect()
}

/// What programs write of a secret, and the part of it that must not be seen.
fn ways(secret: &str) -> Vec<(String, String)> {
    let json = serde_json::to_string(secret).expect("JSON");
    let folded = secret.split_whitespace().collect::<Vec<_>>().join(" ");
    let whole = vec![
        secret.to_owned(),
        folded,
        json[1..json.len() - 1].to_owned(),
        json[1..json.len() - 1].replace('é', "\\u00e9"),
        json[1..json.len() - 1].replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026"),
        percent(secret, true),
        percent(secret, false),
        STANDARD.encode(secret).trim_end_matches('=').to_owned(),
        URL_SAFE_NO_PAD.encode(secret),
    ];
    let mut ways: Vec<(String, String)> = whole.into_iter().map(|way| (way.clone(), way)).collect();
    for (before, skipped) in [("you:", 6), ("me:", 4), ("m:", 3)] {
        // As the password of a Basic authorization stands behind its name: the characters that depend on nothing else.
        let encoded = STANDARD.encode(format!("{before}{secret}x"));
        let own = encoded[skipped..(before.len() + secret.len()) * 8 / 6].to_owned();
        ways.push((encoded, own));
    }
    ways
}

fn testbed() -> String {
    let of = |kind: &str| serde_json::to_string(SECRETS.iter().find(|(name, _)| *name == kind).expect("known").1).expect("JSON");
    format!(
        "
testbed:
  credentials:
    default: {{username: me, password: {}, enable_password: {}}}
    key: {{username: me, passphrase: {}}}
devices:
  r1:
    os: linux
    credentials:
      extra: {{username: other, password: '%ENV{{NOT_SET_ANYWHERE, default={}}}'}}
    connections:
      local: {{class: shell, credentials: {{console: {{username: third, password: {}}}}}}}
",
        of("password"),
        of("enable"),
        of("passphrase"),
        SECRETS[3].1,
        of("login"),
    )
}

/// Says what is planted in a file in every way that a job can ask for it.
fn tests_of(number: usize, file: &str) -> String {
    let late = if file.ends_with(".0") {
        format!(
            r#"      - {{execute: "cat {file}; sleep 60", timeout: 300ms, continue_on_failure: true}}
      - {{execute: "head -c 70000 /dev/zero | tr '\\0' x; cat {file}; head -c 70000 /dev/zero | tr '\\0' x; exit 1", continue_on_failure: true}}
"#
        )
    } else {
        String::new()
    };
    format!(
        r#"
  - name: t{number}
    devices: r1
    steps:
      - {{execute: "cat {file}; cat {file} >&2", capture: said, assert: [{{matches: "zzz"}}], continue_on_failure: true}}
      - {{execute: "cat {file}", capture: got}}
      - {{log: "it said {{{{ got }}}}"}}
      - {{execute: "echo {{{{ got | tojson }}}}; exit 3", continue_on_failure: true}}
      - {{execute: "half=$(( $(wc -c < {file}) / 2 )); head -c $half {file}; sleep 0.01; tail -c +$((half + 1)) {file}", name: in halves}}
      - {{execute: "sed 's/./&\\x1b[1m/3' {file}", continue_on_failure: true, parse: json}}
{late}      - {{fail: "because {{{{ got }}}}"}}
"#
    )
}

/// The text, and the text as it reads after XML or JSON.
fn readings(text: &str) -> Vec<String> {
    let xml = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&apos;", "'").replace("&amp;", "&");
    let json = text.replace("\\\"", "\"").replace("\\\\", "\\");
    vec![text.to_owned(), xml, json]
}

fn collect(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, found);
        } else {
            let bytes = std::fs::read(&path).expect("a file");
            found.push((path.display().to_string(), String::from_utf8_lossy(&bytes).into_owned()));
        }
    }
}

#[test]
fn no_secret_is_in_anything_that_a_run_leaves() {
    let mut job = "job: planted\ntestbed: testbed.yaml\ntests:\n".to_owned();
    let mut planted = Vec::new();
    for (kind, secret) in SECRETS {
        for (index, (way, seen)) in ways(secret).into_iter().enumerate() {
            planted.push((format!("{kind}.{index}"), way, seen));
        }
    }
    for (number, (file, ..)) in planted.iter().enumerate() {
        job.push_str(&tests_of(number, file));
    }
    let program = Program::new(&testbed(), &job);
    for (file, way, _) in &planted {
        program.write(file, &format!("before:{way} after\n"));
    }
    let ran = program.again(&["run", "job.yaml", "-o", "out", "--verbose"]);
    let streams = [("stdout", ran.stdout), ("stderr", ran.stderr)];
    let mut left: Vec<(String, String)> =
        streams.into_iter().map(|(name, bytes)| (name.to_owned(), String::from_utf8_lossy(&bytes).into_owned())).collect();
    assert_eq!(ran.status.code(), Some(1), "{}", left[1].1);
    assert!(left[1].1.contains("********"));
    collect(&program.path("out"), &mut left);
    assert_eq!(left.len(), 5, "two streams, events, JUnit and a transcript");
    let again = program.again(&["report", "out/events.jsonl", "--junit", "again.xml"]);
    left.push(("report".to_owned(), String::from_utf8_lossy(&again.stderr).into_owned()));
    for (name, text) in &left {
        for reading in readings(text) {
            for (file, _, seen) in &planted {
                if let Some(at) = reading.find(seen.as_str()) {
                    let from = reading.floor_char_boundary(at.saturating_sub(200));
                    panic!("{file} is in {name}: {}", &reading[from..reading.ceil_char_boundary(at + seen.len() + 50)]);
                }
            }
        }
    }
}

#[test]
fn nothing_of_a_sensitive_step_is_in_the_folder_of_a_run() {
    let job = r#"
job: hidden
testbed: testbed.yaml
tests:
  - {name: good, devices: r1, steps: [{execute: echo hush, sensitive: true, capture: x}]}
  - {name: late, devices: r1, steps: [{execute: "echo hush; sleep 60", sensitive: true, timeout: 300ms}]}
  - {name: wrong, devices: r1, steps: [{execute: "echo hush >&2; exit 4", sensitive: true}]}
  - {name: lost, devices: r1, steps: [{execute: "echo hush; kill -9 $$", sensitive: true}]}
"#;
    let program = Program::new(&testbed(), job);
    assert_eq!(program.again(&["run", "job.yaml", "-o", "out", "--verbose"]).status.code(), Some(1));
    let mut left = Vec::new();
    collect(&program.path("out"), &mut left);
    for (name, text) in left {
        assert!(!text.contains("hush"), "{name}: {text}");
    }
    let transcript = std::fs::read_to_string(program.path("out/transcripts/r1.log")).expect("a transcript");
    assert_eq!(transcript.matches(" = (sensitive: not shown)\n").count(), 4, "{transcript}");
}

#[test]
fn a_complaint_shows_no_secret_of_the_line_that_it_is_about() {
    let testbed = "
devices:
  r1: {os: linux, credentials: {default: {username: me, password: hunter2-secret}}, connections: {cli: {protocol: ssh, host: h, prot: 22}}}
  r2: {os: linux, credentials: {default: {username: me, enable_password: hunter3-secret, paswd: x}}, connections: {local: {class: shell}}}
";
    let job = "{job: wrong, testbed: testbed.yaml, tests: [{name: t, devices: all, steps: [{execute: echo hunter3-secret, tiemout: 3s}]}]}";
    let program = Program::new(testbed, job);
    let mut left = Vec::new();
    for arguments in [&["run", "job.yaml", "-o", "out"][..], &["check", "job.yaml"], &["plan", "job.yaml", "--color", "always"]] {
        let ran = program.again(arguments);
        assert_eq!(ran.status.code(), Some(3));
        left.push((arguments.join(" "), String::from_utf8_lossy(&ran.stderr).into_owned()));
    }
    collect(&program.path("out"), &mut left);
    assert_eq!(left.len(), 4);
    for (name, text) in &left {
        assert!(text.contains("********") && text.contains("prot") && text.contains("tiemout"), "{name}: {text}");
        assert!(!text.contains("hunter") && !text.contains("-secret"), "{name}: {text}");
    }
}
