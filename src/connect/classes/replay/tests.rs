use super::Replay;
use crate::base::deadline::{Deadline, Limit};
use crate::connect::class::{Class, Connection, Endpoint, Limits, OptionValue, Options};
use crate::connect::interrupt::Interrupt;
use crate::record::call::Call;
use crate::record::fault::{Fault, FaultKind, Subject};
use crate::record::tap::Tap;
use indexmap::IndexMap;
use std::path::Path;
use std::time::{Duration, Instant};

const SESSION: &str = r#"
recording: 1
device: r1
calls:
- {execute: show version, answer: "one\n", exit_code: 0}
- {execute: show bgp summary, answer: Idle}
- {execute: show bgp summary, answer: Established, took: 30ms}
- {configure: [interface lo0, description x], answer: ""}
- {execute: slow, answer: late, took: 1h}
- {execute: crash, fault: lost}
- {execute: hang, fault: timeout}
- {execute: never, fault: refused}
"#;

fn limits_of<T>(length: Duration, then: impl FnOnce(&Limits<'_>) -> T) -> T {
    let deadline = Deadline::new(Instant::now(), Limit { length, setting: "test".into() });
    then(&Limits { deadline: &deadline, interrupt: &Interrupt::new().expect("an eventfd"), tap: Tap::SILENT })
}

fn open(class: &Replay, device: &str, folder: &Path) -> Result<Box<dyn Connection>, Fault> {
    let subject = Subject { device: device.into(), alias: "default".into(), via: "played".into(), class: "replay".into() };
    let endpoint = Endpoint {
        subject,
        os: String::new(),
        host: None,
        port: None,
        command: None,
        logins: Vec::new(),
        options: Options(IndexMap::from([("recording", OptionValue::Text("session.yaml".into()))])),
        folder: folder.to_owned(),
        home: None,
        agent: None,
    };
    limits_of(Duration::from_secs(10), |limits| class.open(&endpoint, limits))
}

fn ask(connection: &mut Box<dyn Connection>, command: &str) -> Result<String, Fault> {
    let call = Call::execute(command);
    limits_of(Duration::from_secs(10), |limits| connection.call(&call, limits)).map(|answer| answer.stdout)
}

fn folder(session: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("session.yaml"), session).expect("it is written");
    folder
}

#[test]
fn answers_come_in_order_and_the_last_one_repeats() {
    let folder = folder(SESSION);
    let mut played = open(&Replay::default(), "r1", folder.path()).expect("it opens");
    for expected in ["Idle", "Established", "Established", "Established"] {
        assert_eq!(ask(&mut played, "show bgp summary").expect("recorded"), expected);
    }
    let call = Call::execute("show version");
    let answer = limits_of(Duration::from_secs(10), |limits| played.call(&call, limits)).expect("recorded");
    assert_eq!((answer.stdout.as_str(), answer.exit_code), ("one\n", Some(0)));
    let call = Call::configure(["interface lo0".to_owned(), " description x".to_owned()]);
    let answer = limits_of(Duration::from_secs(10), |limits| played.call(&call, limits)).expect("recorded");
    assert_eq!((answer.stdout.as_str(), answer.exit_code), ("", None));
}

#[test]
fn the_count_is_shared_by_workers_and_reopened_connections_of_a_device_only() {
    let folder = folder(SESSION);
    let class = Replay::default();
    let (mut first, mut second) = (open(&class, "r1", folder.path()).expect("opens"), open(&class, "r1", folder.path()).expect("opens"));
    assert_eq!(ask(&mut first, "show bgp summary").expect("recorded"), "Idle");
    assert_eq!(ask(&mut second, "show bgp summary").expect("recorded"), "Established");
    let mut other = open(&class, "r2", folder.path()).expect("opens");
    assert_eq!(ask(&mut other, "show bgp summary").expect("recorded"), "Idle");
    drop(other);
    let mut again = open(&class, "r2", folder.path()).expect("opens");
    assert_eq!(ask(&mut again, "show bgp summary").expect("recorded"), "Established");
}

#[test]
fn an_answer_takes_its_time_but_no_longer_than_a_second_or_the_deadline() {
    let folder = folder(SESSION);
    let mut played = open(&Replay::default(), "r1", folder.path()).expect("it opens");
    let began = Instant::now();
    ask(&mut played, "slow").expect("recorded");
    assert!(began.elapsed() >= Duration::from_secs(1) && began.elapsed() < Duration::from_mins(2), "not the hour that was recorded");
    let call = Call::execute("slow");
    let fault = limits_of(Duration::from_millis(20), |limits| played.call(&call, limits)).expect_err("late");
    assert_eq!((fault.kind, fault.message.as_str()), (FaultKind::Timeout, "`slow` timed out after 20ms (test)"));
}

#[test]
fn recorded_faults_are_faults_and_end_the_connection_where_a_real_one_would_end() {
    let folder = folder(SESSION);
    let class = Replay::default();
    for (command, kind, alive) in
        [("crash", FaultKind::Lost, false), ("hang", FaultKind::Timeout, false), ("never", FaultKind::Refused, true)]
    {
        let mut played = open(&class, "r1", folder.path()).expect("it opens");
        let fault = ask(&mut played, command).expect_err(command);
        assert_eq!((fault.kind, played.is_alive()), (kind, alive), "{command}");
        let next = ask(&mut played, "show version");
        assert_eq!(next.is_ok(), alive, "{command}");
    }
}

#[test]
fn what_was_never_recorded_names_what_is_near() {
    let folder = folder(SESSION);
    let mut played = open(&Replay::default(), "r1", folder.path()).expect("it opens");
    let fault = ask(&mut played, "show versoin").expect_err("not recorded");
    assert_eq!(fault.kind, FaultKind::NotRecorded);
    assert_eq!(fault.message, "execute `show versoin` was not recorded in `session.yaml`, which holds 7 different calls");
    assert_eq!(fault.hint.as_deref(), Some("recorded is `show version`"));
    assert_eq!(ask(&mut played, "entirely different").expect_err("not recorded").hint, None);
    assert!(played.is_alive());
    let call = Call { service: "ping".into(), arguments: IndexMap::new() };
    let fault = limits_of(Duration::from_secs(1), |limits| played.call(&call, limits)).expect_err("no such service");
    assert_eq!(fault.kind, FaultKind::Capability);
}

#[test]
fn a_bad_recording_is_invalid_and_a_missing_one_is_missing() {
    let bad = folder("recording: 1\ncalls:\n- execute: a\n  anser: b\n");
    let fault = open(&Replay::default(), "r1", bad.path()).err().expect("a fault");
    assert_eq!(fault.kind, FaultKind::Invalid);
    assert!(fault.message.contains("session.yaml:4:3: calls[0]: unknown field `anser`"), "{}", fault.message);

    let empty = tempfile::tempdir().expect("a folder");
    assert_eq!(open(&Replay::default(), "r1", empty.path()).err().expect("a fault").kind, FaultKind::Missing);
    std::fs::create_dir(empty.path().join("session.yaml")).expect("a folder");
    assert_eq!(open(&Replay::default(), "r1", empty.path()).err().expect("a fault").kind, FaultKind::Missing);
}
