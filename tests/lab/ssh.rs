//! Class `ssh` against OpenSSH's own server, and against peers that are none.

mod agents;
mod exits;
mod opening;
pub(crate) mod shell;

use crate::hostile::{Habit, Hostile};
use crate::sshd::Sshd;
use runner::base::deadline::{Deadline, Limit};
use runner::connect::class::{Class, Connection, Endpoint, Limits, Login, OptionValue, Options};
use runner::connect::classes::ssh::Ssh;
use runner::connect::interrupt::Interrupt;
use runner::record::answer::Answer;
use runner::record::call::Call;
use runner::record::fault::{Fault, FaultKind, Phase, Subject};
use runner::record::tap::Tap;
use std::time::{Duration, Instant};

/// A limit for what should take no time at all.
const AMPLE: Duration = Duration::from_mins(1);

fn endpoint(port: u16, login: Login) -> Endpoint {
    let subject = Subject { device: "lab".into(), alias: "default".into(), via: "cli".into(), class: "ssh".into() };
    let mut options = Options::default();
    options.0.insert("host_keys", OptionValue::Text("off".to_owned()));
    Endpoint {
        subject,
        os: "linux".to_owned(),
        host: Some("127.0.0.1".to_owned()),
        port: Some(port),
        command: None,
        logins: vec![login],
        options,
        folder: "/".into(),
        home: None,
        agent: None,
    }
}

fn root(sshd: &Sshd) -> Endpoint {
    endpoint(
        sshd.port,
        Login { name: "default".into(), username: Some("root".into()), key_file: Some(sshd.user_key()), ..Login::default() },
    )
}

fn with(mut endpoint: Endpoint, options: &[(&'static str, &str)]) -> Endpoint {
    for (name, value) in options {
        endpoint.options.0.insert(name, OptionValue::Text((*value).to_owned()));
    }
    endpoint
}

fn within<T>(length: Duration, act: impl FnOnce(&Limits<'_>) -> T) -> T {
    let interrupt = Interrupt::new().expect("an eventfd");
    let deadline = Deadline::new(Instant::now(), Limit { length, setting: "`timeout` of the test".into() });
    act(&Limits { deadline: &deadline, interrupt: &interrupt, tap: Tap::SILENT })
}

fn open(endpoint: &Endpoint) -> Result<Box<dyn Connection>, Fault> {
    within(AMPLE, |limits| Ssh::new().open(endpoint, limits))
}

fn run(connection: &mut Box<dyn Connection>, command: &str) -> Result<Answer, Fault> {
    within(AMPLE, |limits| connection.call(&Call::execute(command), limits))
}

#[test]
fn commands_answer_with_both_streams_and_their_exit_code() {
    let sshd = Sshd::start();
    let mut connection = open(&root(&sshd)).expect("open");
    for (command, stdout, stderr, exit_code) in [
        ("echo hello", "hello\n", "", 0),
        ("echo out; echo err >&2; exit 3", "out\n", "err\n", 3),
        ("true", "", "", 0),
        ("false", "", "", 1),
        ("cat", "", "", 0),
        ("exit 255", "", "", 255),
        ("no-such-command 2>/dev/null", "", "", 127),
    ] {
        let answer = run(&mut connection, command).expect(command);
        assert_eq!((answer.stdout.as_str(), answer.stderr.as_str(), answer.exit_code), (stdout, stderr, Some(exit_code)), "{command}");
        assert!(connection.is_alive());
    }
}

#[test]
fn large_answers_come_whole_and_byte_for_byte() {
    let sshd = Sshd::start();
    let mut connection = open(&root(&sshd)).expect("open");
    let answer = run(&mut connection, "seq 1 750000").expect("5 MB");
    let wanted: String = (1..=750_000).fold(String::new(), |text, number| text + &number.to_string() + "\n");
    assert_eq!(answer.stdout.len(), wanted.len());
    assert!(answer.stdout == wanted, "5 MB arrive unchanged");
    let answer = run(&mut connection, "head -c 8388608 /dev/zero | tr '\\0' x >&2; echo done").expect("8 MB on standard error");
    assert_eq!((answer.stdout.as_str(), answer.stderr.len(), answer.exit_code), ("done\n", 8_388_608, Some(0)));
    let answer = run(&mut connection, "printf '\\000\\001\\377ok\\033[m'").expect("bytes");
    assert_eq!(answer.stdout, "\u{0}\u{1}\u{fffd}ok\u{1b}[m");
    for size in [31, 32, 33, 1000, 16_383, 16_384, 32_768, 65_536] {
        let answer = run(&mut connection, &format!("head -c {size} /dev/zero | tr '\\0' x")).expect("an answer");
        assert_eq!((answer.stdout.len(), answer.exit_code), (size, Some(0)));
    }
}

#[test]
fn an_answer_beyond_the_largest_allowed_is_a_fault() {
    let sshd = Sshd::start();
    let mut endpoint = root(&sshd);
    endpoint.options.0.insert("max_answer", OptionValue::Count(1000));
    let mut connection = open(&endpoint).expect("open");
    assert_eq!(run(&mut connection, "head -c 1000 /dev/zero").expect("just fits").stdout.len(), 1000);
    let fault = run(&mut connection, "yes").expect_err("too large");
    assert_eq!(fault.kind, FaultKind::TooLarge);
    assert_eq!(fault.message, "the answer is larger than 1000 bytes (`max_answer`)");
    assert!(fault.received > 1000 && fault.tail.ends_with("y\ny\n"));
    assert!(!connection.is_alive());
}

#[test]
fn a_command_that_never_ends_times_out_with_what_it_said() {
    let sshd = Sshd::start();
    let mut connection = open(&root(&sshd)).expect("open");
    let started = Instant::now();
    let fault =
        within(Duration::from_millis(700), |limits| connection.call(&Call::execute("echo part; sleep 60"), limits)).expect_err("late");
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
    assert_eq!((fault.kind, fault.phase), (FaultKind::Timeout, Phase::Call));
    assert_eq!(fault.message, "waiting for the end of the command timed out after 700ms (`timeout` of the test)");
    assert_eq!((fault.tail.as_str(), fault.received), ("part\n", 5));
    assert!(!connection.is_alive());
    assert_eq!(run(&mut connection, "true").expect_err("closed").kind, FaultKind::NotConnected);
}

#[test]
fn a_stream_without_end_does_not_outlive_the_deadline() {
    let sshd = Sshd::start();
    let mut connection = open(&root(&sshd)).expect("open");
    let started = Instant::now();
    let fault = within(Duration::from_millis(500), |limits| connection.call(&Call::execute("yes"), limits)).expect_err("late");
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
    assert_eq!(fault.kind, FaultKind::Timeout);
}

#[test]
fn a_process_left_behind_is_named_as_what_holds_the_output() {
    let sshd = Sshd::start();
    let mut connection = open(&root(&sshd)).expect("open");
    let answer = run(&mut connection, "sleep 20 >/dev/null 2>&1 & echo started").expect("its output is elsewhere");
    assert_eq!((answer.stdout.as_str(), answer.exit_code), ("started\n", Some(0)));
    let fault =
        within(Duration::from_secs(1), |limits| connection.call(&Call::execute("sleep 20 & echo started"), limits)).expect_err("late");
    assert_eq!((fault.kind, fault.tail.as_str()), (FaultKind::Timeout, "started\n"));
    assert!(fault.hint.is_some_and(|hint| hint.starts_with("the command itself has ended")));
}

#[test]
fn a_connection_that_breaks_within_an_answer_is_lost() {
    let sshd = Sshd::start();
    for command in ["echo part; sleep 0.2; kill -9 $PPID; sleep 5", "echo part; kill -9 $PPID"] {
        let mut connection = open(&root(&sshd)).expect("open");
        let fault = run(&mut connection, command).expect_err("lost");
        assert_eq!(fault.kind, FaultKind::Lost, "{}", fault.message);
        assert!(fault.message.contains("the connection while waiting for the end of the command"), "{}", fault.message);
        assert!(!connection.is_alive());
    }
    let mut connection = open(&root(&sshd)).expect("open");
    let fault = run(&mut connection, "echo part; sleep 0.2; kill -9 $PPID; sleep 5").expect_err("lost");
    assert_eq!(fault.tail, "part\n");
}

#[test]
fn a_command_killed_by_a_signal_has_no_answer() {
    let sshd = Sshd::start();
    let mut connection = open(&root(&sshd)).expect("open");
    let fault = run(&mut connection, "echo part; kill -9 $$").expect_err("killed");
    assert_eq!((fault.kind, fault.message.as_str()), (FaultKind::Killed, "the command was killed by signal KILL"));
    assert_eq!(fault.tail, "part\n");
    assert!(connection.is_alive());
    assert_eq!(run(&mut connection, "echo again").expect("another channel").stdout, "again\n");
}

#[test]
fn an_interrupt_ends_a_call_and_an_opening_at_once() {
    let sshd = Sshd::start();
    let mut connection = open(&root(&sshd)).expect("open");
    let hostile = Hostile::start(Habit::Silent);
    let silent = endpoint(hostile.port, Login { name: "x".into(), username: Some("x".into()), ..Login::default() });
    let interrupt = Interrupt::new().expect("an eventfd");
    let deadline = Deadline::new(Instant::now(), Limit { length: AMPLE, setting: "test".into() });
    let limits = Limits { deadline: &deadline, interrupt: &interrupt, tap: Tap::SILENT };
    std::thread::scope(|scope| {
        let calling = scope.spawn(|| (connection.call(&Call::execute("sleep 60"), &limits).map(drop), Instant::now()));
        let opening = scope.spawn(|| (Ssh::new().open(&silent, &limits).map(drop), Instant::now()));
        let quiet = Interrupt::new().expect("an eventfd");
        quiet.sleep(Instant::now() + Duration::from_millis(300)).expect("a pause");
        let raised = Instant::now();
        interrupt.raise();
        for (thread, doing) in [(calling, "waiting for the end of the command"), (opening, "waiting for the ssh banner")] {
            let (outcome, ended) = thread.join().expect("no panic");
            let fault = outcome.expect_err("interrupted");
            assert_eq!((fault.kind, fault.message), (FaultKind::Interrupted, format!("the run was interrupted while {doing}")));
            assert!(ended - raised < Duration::from_secs(15), "{:?}", ended - raised);
        }
    });
    assert!(!connection.is_alive());
}

#[test]
fn opening_and_closing_leaves_nothing_behind() {
    let sshd = Sshd::start();
    let count = |what: &str| std::fs::read_dir(format!("/proc/self/{what}")).expect("a folder").count();
    let memory = || {
        let text = std::fs::read_to_string("/proc/self/statm").expect("text");
        text.split_whitespace().nth(1).and_then(|pages| pages.parse::<usize>().ok()).expect("a number") * 4096
    };
    let once = |fails: usize| {
        let mut connection = open(&root(&sshd)).expect("open");
        match fails % 4 {
            0 => drop(run(&mut connection, "true").expect("an answer")),
            1 => connection.close(),
            2 => drop(within(Duration::from_millis(30), |limits| connection.call(&Call::execute("sleep 9"), limits)).expect_err("late")),
            _ => {}
        }
    };
    (0..8).for_each(once);
    let before = (count("fd"), count("task"), memory());
    (0..100).for_each(once);
    // Other tests of this file run in threads of the same process.
    let room = 60;
    assert!(count("fd") < before.0 + room, "{} file descriptors before, {} after", before.0, count("fd"));
    assert!(count("task") < before.1 + room, "{} threads before, {} after", before.1, count("task"));
    assert!(memory() < before.2 + 60 * 1024 * 1024, "{} bytes before, {} after", before.2, memory());
}

#[test]
fn an_idle_connection_knows_that_the_server_went_away() {
    let sshd = Sshd::start();
    let mut connection = open(&root(&sshd)).expect("open");
    assert!(connection.is_alive());
    let pid = run(&mut connection, "echo $PPID").expect("an answer").stdout.trim().to_owned();
    let killed = std::process::Command::new("sh").args(["-c", &format!("kill -9 {pid}")]).status();
    assert!(killed.is_ok_and(|status| status.success()));
    let until = Instant::now() + Duration::from_secs(5);
    let quiet = Interrupt::new().expect("an eventfd");
    while connection.is_alive() && Instant::now() < until {
        quiet.sleep(Instant::now() + Duration::from_millis(10)).expect("a pause");
    }
    assert!(!connection.is_alive());
    connection.close();
    connection.close();
}
