//! A device that is down when the run begins and comes back later.

use crate::program::Program;
use crate::sshd::Sshd;
use std::io;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::PathBuf;
use std::thread;

/// Listens for the whole test. Until a file is there it hangs up on everyone; then it leads to a server.
fn lead_to(server: u16, once: PathBuf) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    // It ends with the process; there is one for each test.
    thread::spawn(move || {
        for caller in listener.incoming().map_while(Result::ok).filter(|_| once.exists()) {
            let Ok(server) = TcpStream::connect(("127.0.0.1", server)) else { continue };
            for (mut from, mut to) in [(caller.try_clone(), server.try_clone()), (Ok(server), Ok(caller))].map(both) {
                thread::spawn(move || {
                    let _ = io::copy(&mut from, &mut to);
                    let _ = to.shutdown(Shutdown::Write);
                });
            }
        }
    });
    port
}

fn both((from, to): (io::Result<TcpStream>, io::Result<TcpStream>)) -> (TcpStream, TcpStream) {
    (from.expect("a socket"), to.expect("a socket"))
}

#[test]
fn a_device_that_comes_back_runs_its_later_tests_and_every_report_says_so() {
    let sshd = Sshd::start();
    let job = "
job: outage
testbed: testbed.yaml
defaults: {reopen_after: 1ms}
tests:
  - {name: before, devices: r1, steps: [{execute: 'true'}]}
  - {name: repair, steps: [{shell: touch repaired}, {wait: 20ms}]}
  - {name: after, devices: r1, steps: [{execute: echo hello, assert: [{contains: hello}]}]}
  - {name: later, devices: r1, steps: [{execute: 'true'}]}
";
    let program = Program::new("", job);
    let port = lead_to(sshd.port, program.path("repaired"));
    let key = sshd.user_key();
    let path = format!("{{protocol: ssh, host: 127.0.0.1, port: {port}, known_hosts: known_hosts}}");
    let login = format!("credentials: {{default: {{username: root, key: {}}}}}", key.display());
    program.write("testbed.yaml", &format!("devices: {{r1: {{os: linux, {login}, connections: {{cli: {path}}}}}}}\n"));
    let left = program.run(&["--events", "events.jsonl"]);
    assert_eq!(left.status, Some(4), "{}", left.said);
    let connect = left.case("connect [r1]");
    assert_eq!(connect.result, "error");
    assert!(connect.message.contains("; it was reached again ") && connect.message.ends_with(" later"), "{connect:?}");
    assert_eq!(left.case("before [r1]").message, "blocked: connect [r1] failed");
    for name in ["repair", "after [r1]", "later [r1]"] {
        assert_eq!(left.case(name).result, "passed", "{name}:\n{}", left.said);
    }
    assert_eq!(left.said.matches("connect [r1]: it was reached again ").count(), 1, "{}", left.said);
    program.again(&["report", "events.jsonl", "--junit", "again.xml"]);
    assert_eq!(std::fs::read_to_string(program.path("again.xml")).expect("a report"), left.junit);
}
