//! Testbeds as they are found, through the whole program.

use crate::plain;
use crate::program::Program;
use std::fmt::Write;

/// A console server, a controller and a host: only the host can be spoken to in this version.
const FOUND: &str = "
testbed:
  name: found
  servers: {tftp: {address: 10.0.0.9, password: tftp-secret}}
devices:
  host:
    os: linux
    clean: {images: [a.bin, b.bin]}
    connections:
      defaults: {via: local}
      local: {class: shell}
      rest: {class: rest.connector.Rest, protocol: https, ip: 10.0.0.1}
  console:
    os: iosxe
    connections:
      a: {protocol: telnet, ip: 10.0.0.2, port: 2001, proxy: host}
      netconf: {class: yang.connector.Netconf, ip: 10.0.0.2, port: 830}
  dumb: {os: linux, connections: {cli: {protocol: ssh, ip: 10.0.0.3}}}
topology:
  host: {interfaces: {eth0: {alias: up, link: l1}}}
  console: {interfaces: {Gi1: {link: l1, ipv4: 10.0.1.2/30}}}
";

#[test]
fn only_what_a_job_uses_is_complained_of() {
    let log = "{name: look, devices: all, steps: [{assert: [{value: '{{ device.os }}', not_equals: x}]}]}";
    let job = |tests: &str| format!("{{job: j, testbed: testbed.yaml, tests: [{tests}]}}");
    let checked = |tests: &str, more: &[&str]| {
        let program = Program::new(FOUND, &job(tests));
        let output = program.again(&[&["check", "job.yaml"], more].concat());
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    assert_eq!(checked(log, &[]), (Some(0), String::new()));
    let execute = "{name: ask, devices: [console, dumb], steps: [{execute: show version}]}";
    let (status, said) = checked(execute, &[]);
    assert_eq!(status, Some(3));
    assert!(said.contains("error: class `telnet` is not there in this version, and protocol `telnet` needs it"), "{said}");
    assert!(said.contains("error: path `cli` of device `dumb` has no credential"), "{said}");
    let (status, said) = checked(&format!("{log}, {execute}"), &["--test", "look"]);
    assert_eq!((status, said.matches("error: ").count(), said.matches("warning: ").count()), (Some(0), 0, 2), "{said}");
    assert_eq!(checked(&format!("{log}, {execute}"), &["--test", "ask"]).0, Some(3));
}

#[test]
fn what_a_testbed_says_is_data_of_the_job() {
    let job = r#"
job: data
testbed: testbed.yaml
tests:
  - name: data
    devices: {where: "device.interfaces.eth0 is defined"}
    steps:
      - assert:
          - {value: "{{ device.interfaces.eth0.peers }}", equals: [{device: console, interface: Gi1}]}
          - {value: "{{ device.clean.images }}", equals: [a.bin, b.bin]}
          - {value: "{{ testbed.links.l1.interfaces | length }}", equals: 2}
          - {value: "{{ testbed.servers.tftp.address }}", equals: 10.0.0.9}
      - log: "the password is {{ testbed.servers.tftp.password }}"
"#;
    let left = Program::new(FOUND, job).run(&[]);
    assert_eq!(left.status, Some(0), "{}", left.said);
    let said = plain(&left.said);
    assert!(said.contains("data [host]") && said.contains("the password is ********"), "{said}");
    assert!(!left.junit.contains("tftp-secret"));
}

#[test]
fn a_variable_of_the_command_line_reaches_the_testbed() {
    let testbed = "
devices:
  r1:
    custom: {count: '%CLI{count, default=1}'}
    connections: {local: {class: '%CLI{class}'}}
";
    let job = "{job: j, testbed: testbed.yaml, tests: [{name: t, devices: r1, steps: [{execute: 'true'}, {assert: [{value: '{{ device.custom.count }}', equals: 3}]}]}]}";
    let program = Program::new(testbed, job);
    let left = program.run(&["--var", "class=shell", "--var", "count=3"]);
    assert_eq!(left.status, Some(0), "{}", left.said);
    let left = program.run(&["--var", "count=3"]);
    assert_eq!(left.status, Some(3));
    assert!(left.said.contains("error: the variable `class` is not given on the command line"), "{}", left.said);
}

#[test]
fn without_a_terminal_nobody_is_asked() {
    let testbed = "devices: {r1: {credentials: {default: {username: u, password: '%ASK{}'}}, connections: {local: {class: shell}}}}";
    let job = "{job: j, testbed: testbed.yaml, tests: [{name: t, devices: r1, steps: [{execute: 'true'}]}]}";
    let left = Program::new(testbed, job).run(&[]);
    assert_eq!(left.status, Some(3));
    assert!(left.said.contains("error: `%ASK{}` has no answer: there is no terminal to ask on"), "{}", left.said);
    assert!(left.took < std::time::Duration::from_secs(20), "nothing waits for an answer");
}

#[test]
fn many_equal_warnings_are_counted() {
    let mut testbed = "testbed: {credentials: {default: {username: u, password: long-enough}}}\ndevices:\n".to_owned();
    for index in 0..50 {
        let _ = writeln!(testbed, "  r{index}: {{connections: {{cli: {{protocol: ssh, ip: 10.0.0.1, settings: {{a: 1}}}}}}}}");
    }
    let job = "{job: j, testbed: testbed.yaml, tests: [{name: t, devices: all, steps: [{execute: x}]}]}";
    let checked = Program::new(&testbed, job).again(&["check", "job.yaml"]);
    let said = String::from_utf8_lossy(&checked.stderr);
    assert_eq!(checked.status.code(), Some(0), "{said}");
    assert_eq!(said.matches("`settings` is not honoured").count(), 3, "{said}");
    assert!(said.contains("hint: the same holds at 47 further places"), "{said}");
}

#[test]
fn files_that_flags_of_ssh_name_are_looked_for() {
    let testbed = |path: &str| {
        format!("devices: {{r1: {{credentials: {{default: {{username: u}}}}, connections: {{cli: {{host: 127.0.0.1, {path}}}}}}}}}")
    };
    let job = "{job: j, testbed: testbed.yaml, tests: [{name: t, devices: r1, steps: [{execute: x}]}]}";
    for (path, said) in [
        ("protocol: ssh -i keys/lab", "error: `ssh_options`: "),
        ("protocol: ssh, ssh_options: -i keys/lab", "error: `ssh_options`: "),
        ("protocol: ssh, ssh_options: -o StrictHostKeyChecking=yes -o UserKnownHostsFile=none", "error: `known_hosts`: "),
        ("protocol: ssh, host_keys: strict, known_hosts: none", "error: `known_hosts`: "),
        ("protocol: ssh, known_hosts: none", ""),
        ("protocol: ssh, ssh_options: -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null", ""),
        ("protocol: ssh, ssh_options: -i job.yaml", ""),
    ] {
        let checked = Program::new(&testbed(path), job).again(&["check", "job.yaml"]);
        let stderr = String::from_utf8_lossy(&checked.stderr).into_owned();
        assert_eq!(checked.status.code(), Some(if said.is_empty() { 0 } else { 3 }), "{path}: {stderr}");
        assert!(stderr.starts_with(said) && (said.is_empty() || stderr.contains("does not exist")), "{path}: {stderr}");
    }
}
