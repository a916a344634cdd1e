//! `runner connect-check`: who is reached, why the others are not, and the reports of it.

use crate::commands::lab;
use crate::plain;
use crate::program::{cases, closed_port, text, wait};
use expect_test::expect;
use std::io::Read;
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::Duration;

#[test]
fn connect_check_groups_devices_by_what_came_of_them() {
    let program = lab(closed_port());
    let testbed = std::fs::read_to_string(program.path("testbed.yaml")).expect("a testbed");
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = silent.local_addr().expect("an address").port();
    let more = format!(
        "  leaf3: {{os: frr, connections: {{a: {{protocol: ssh, host: 127.0.0.1, port: {}}}}}}}\n  \
         leaf4: {{os: frr, connections: {{a: {{protocol: ssh, host: 127.0.0.1, port: {port}}}}}}}\n",
        closed_port()
    );
    program.write("testbed.yaml", &(testbed + &more));
    let output = program.again(&["connect-check", "testbed.yaml", "--timeout", "4s", "--quiet", "--junit", "reach.xml"]);
    expect![[r#"
        reached: 1 of 4
        unreachable (connection refused): leaf1, leaf3
          is the device on, and is its address right? `runner devices testbed.yaml --explain leaf1` says where it stands
        timed out: leaf4
          is there a way from here to the device? more time is given by `--timeout`; `runner devices testbed.yaml --explain leaf4` says its address
    "#]].assert_eq(&text(&output.stdout));
    assert_eq!(output.status.code(), Some(4), "{}", text(&output.stderr));
    let junit = std::fs::read_to_string(program.path("reach.xml")).expect("a report");
    let table: Vec<String> =
        cases(&junit).into_iter().map(|case| format!("{}: {} {}", case.name, case.result, case.kind).trim_end().to_owned()).collect();
    expect![[r#"
        connect [here]: passed
        connect [leaf1]: error runner.unreachable
        connect [leaf3]: error runner.unreachable
        connect [leaf4]: error runner.timeout"#]]
    .assert_eq(&table.join("\n"));
    assert!(junit.contains("`--timeout`"), "{junit}");
}

#[test]
fn connect_check_of_what_is_reached_passes_and_leaves_its_reports() {
    let program = lab(closed_port());
    let arguments = ["connect-check", "job.yaml", "--device", "uut", "--via", "console", "--junit", "reach.xml", "--events", "reach.jsonl"];
    let output = program.again(&arguments);
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(0), "reached: 1 of 1\n"), "{}", text(&output.stderr));
    expect![[r#"
        job connect-check, testbed testbed.yaml: 1 connection, run -
        PASS  -  connect [leaf1]

        1 passed in -
        JUnit: reach.xml
        events: reach.jsonl
    "#]]
    .assert_eq(&plain(&text(&output.stderr)));
    let again = program.again(&["report", "reach.jsonl", "--junit", "again.xml"]);
    assert_eq!(again.status.code(), Some(0));
    let read = |name: &str| std::fs::read_to_string(program.path(name)).expect("a report");
    assert_eq!(read("again.xml"), read("reach.xml"));
    // Nothing is opened, and the report says so, when a name is wrong.
    let refused = program.again(&["connect-check", "testbed.yaml", "--device", "leaf9", "--junit", "reach.xml"]);
    assert_eq!(refused.status.code(), Some(3));
    assert_eq!(cases(&read("reach.xml"))[0].kind, "runner.config");
    program
        .write("lost.yaml", "devices: {ok: {connections: {a: {class: shell}}}, r1: {connections: {a: {class: replay, recording: lost}}}}");
    let refused = program.again(&["connect-check", "lost.yaml"]);
    assert_eq!((refused.status.code(), refused.stdout.as_slice()), (Some(3), b"".as_slice()), "a file that is missing is bad input");
    program.write("empty.yaml", "devices: {}");
    assert_eq!(program.again(&["connect-check", "empty.yaml"]).status.code(), Some(5));
    assert_eq!(program.again(&["connect-check", "testbed.yaml", "--timeout", "0s"]).status.code(), Some(2));
}

#[test]
fn an_interrupted_connect_check_ends_and_says_who_was_not_tried() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let program = lab(silent.local_addr().expect("an address").port());
    let mut child = Command::new(env!("CARGO_BIN_EXE_runner"))
        .args(["connect-check", "testbed.yaml", "--timeout", "5m", "--junit", "reach.xml"])
        .current_dir(program.path("."))
        .env_clear()
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("runner starts");
    // The connection is under way now.
    let (mut peer, _) = silent.accept().expect("a connection");
    peer.set_read_timeout(Some(Duration::from_mins(1))).expect("an option");
    peer.read_exact(&mut [0; 4]).expect("the banner of a client");
    let pid = rustix::process::Pid::from_raw(i32::try_from(child.id()).expect("a pid")).expect("a pid");
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("a signal");
    assert_eq!(wait(&mut child).code(), Some(130));
    let mut said = String::new();
    child.stdout.take().expect("a pipe").read_to_string(&mut said).expect("text");
    assert_eq!(said, "reached: 1 of 2\nnot tried to the end: leaf1\n  the check was interrupted\n");
    let junit = std::fs::read_to_string(program.path("reach.xml")).expect("a report");
    assert!(cases(&junit).iter().any(|case| case.name == "connect [leaf1]" && case.kind == "runner.interrupted"), "{junit}");
}

#[test]
fn a_thousand_devices_are_all_opened_and_closed() {
    let program = lab(1);
    let devices: Vec<String> = (0..1000).map(|number| format!("  d{number}: {{connections: {{a: {{class: shell}}}}}}\n")).collect();
    program.write("testbed.yaml", &format!("devices:\n{}", devices.concat()));
    let output = program.again(&["connect-check", "testbed.yaml", "--quiet", "--jobs", "7"]);
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(0), "reached: 1000 of 1000\n"));
}
