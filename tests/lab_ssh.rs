//! Class `ssh` against OpenSSH's own server, and against peers that are none.

#![expect(clippy::expect_used, reason = "a test whose stage cannot be set has failed")]

mod support;

use runner::base::deadline::{Deadline, Limit};
use runner::base::secret::Secret;
use runner::connect::class::{Class, Connection, Endpoint, Limits, Login, OptionValue, Options};
use runner::connect::classes::ssh::Ssh;
use runner::connect::interrupt::Interrupt;
use runner::record::answer::Answer;
use runner::record::call::Call;
use runner::record::fault::{Fault, FaultKind, Phase, Subject};
use std::time::{Duration, Instant};
use support::hostile::{Habit, Hostile, closed_port};
use support::sshd::{LabUser, Sshd};

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
    act(&Limits { deadline: &deadline, interrupt: &interrupt })
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
