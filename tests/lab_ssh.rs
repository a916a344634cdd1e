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
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
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
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
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
    let limits = Limits { deadline: &deadline, interrupt: &interrupt };
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
            assert!(ended - raised < Duration::from_millis(100), "{:?}", ended - raised);
        }
    });
    assert!(!connection.is_alive());
}

#[test]
fn a_password_is_accepted_or_refused_and_never_shown() {
    let sshd = Sshd::start();
    let user = LabUser::add();
    let login = |password: &str| Login {
        name: "lab".into(),
        username: Some(user.name.clone()),
        password: Some(Secret::new(password)),
        ..Login::default()
    };
    let mut connection = open(&endpoint(sshd.port, login(&user.password))).expect("the right password");
    assert_eq!(run(&mut connection, "id -un").expect("an answer").stdout.trim(), user.name);
    let fault = open(&endpoint(sshd.port, login("wrong-pw"))).map(drop).expect_err("the wrong password");
    assert_eq!((fault.kind, fault.phase), (FaultKind::Auth, Phase::Creation));
    let wanted = format!("the server refused the login of `{}`: tried a password, it offers `publickey` and `password`", user.name);
    assert_eq!(fault.message, wanted);
    let mut endpoint = endpoint(sshd.port, login("wrong-pw"));
    endpoint.logins.push(login(&user.password));
    open(&endpoint).expect("the second credential");
    endpoint.logins.insert(0, Login { username: Some("nobody-at-all".to_owned()), ..login("other-pw") });
    open(&endpoint).expect("the third credential, of another user");
}

#[test]
fn keys_are_accepted_with_the_right_passphrase_and_missing_ones_are_named() {
    let sshd = Sshd::start();
    let login = |file: &str, passphrase: Option<&str>| Login {
        name: "lab".into(),
        username: Some("root".into()),
        key_file: Some(sshd.folder().join(file)),
        passphrase: passphrase.map(Secret::new),
        ..Login::default()
    };
    let authorized = sshd.folder().join("authorized_keys");
    for kind in ["ed25519", "rsa", "ecdsa"] {
        support::sshd::keygen(&["-q", "-t", kind, "-N", "open sesame", "-f"], &sshd.folder().join(kind));
        let public = std::fs::read_to_string(sshd.folder().join(format!("{kind}.pub"))).expect("a key");
        std::fs::write(&authorized, std::fs::read_to_string(&authorized).expect("keys") + &public).expect("written");
        open(&endpoint(sshd.port, login(kind, Some("open sesame")))).map(drop).expect(kind);
        for passphrase in [Some("wrong"), None] {
            let fault = open(&endpoint(sshd.port, login(kind, passphrase))).map(drop).expect_err("cannot be read");
            assert_eq!(fault.kind, FaultKind::Auth, "{}", fault.message);
            assert!(!fault.message.contains("wrong,"), "{}", fault.message);
        }
    }
    let fault = open(&endpoint(sshd.port, login("absent", None))).map(drop).expect_err("no such file");
    assert_eq!((fault.kind, fault.phase), (FaultKind::Missing, Phase::Creation));
    assert!(fault.message.contains("absent` cannot be read"), "{}", fault.message);
}

#[test]
fn peers_that_do_not_speak_ssh_are_named_for_what_they_do() {
    let login = Login { name: "x".into(), username: Some("x".into()), ..Login::default() };
    let fault = open(&endpoint(closed_port(), login.clone())).map(drop).expect_err("refused");
    assert_eq!((fault.kind, fault.phase), (FaultKind::Unreachable, Phase::Creation));
    assert!(fault.message.ends_with("connection refused"), "{}", fault.message);

    let second = Duration::from_secs(1);
    let never = "waiting for the ssh banner timed out after 1s (`timeout` of the test)";
    let agreeing = "agreeing on keys timed out after 1s (`timeout` of the test)";
    for (habit, kind, message, tail) in [
        (Habit::Silent, FaultKind::Timeout, never, ""),
        (Habit::SaysAndDrops(b""), FaultKind::Unreachable, "the peer closed the connection while waiting for the ssh banner", ""),
        (
            Habit::SaysAndDrops(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
            FaultKind::Unreachable,
            "the peer closed the connection while waiting for the ssh banner",
            "HTTP/1.1 400 Bad Request\n\n",
        ),
        (Habit::Says(b"login: "), FaultKind::Timeout, never, "login: "),
        (Habit::Drips(b"x", Duration::from_millis(5)), FaultKind::Timeout, never, "xxx"),
        (Habit::Drips(b"SSH-2.0-x\r\n", Duration::from_millis(400)), FaultKind::Timeout, never, "SSH"),
        (Habit::Floods(b"no ssh here\n"), FaultKind::Unreachable, "bytes that are no ssh banner", "no ssh here\n"),
        (Habit::Floods(b"\0"), FaultKind::Unreachable, "", ""),
        (Habit::Says(b"SSH-2.0-x\r\n"), FaultKind::Timeout, agreeing, ""),
        (Habit::SaysAndDrops(b"SSH-2.0-x\r\n"), FaultKind::Unreachable, "while agreeing on keys", ""),
        (Habit::Says(b"SSH-2.0-x\r\n\0\0\0\x0cgarbagegarbage"), FaultKind::Unreachable, "agreeing on keys", ""),
        (Habit::Says(b"SSH-2.0-x\r\n\xff\xff\xff\xffgarbage"), FaultKind::Unreachable, "agreeing on keys failed", ""),
    ] {
        let hostile = Hostile::start(habit);
        let started = Instant::now();
        let outcome = within(second, |limits| Ssh::new().open(&endpoint(hostile.port, login.clone()), limits)).map(drop);
        assert!(started.elapsed() < Duration::from_secs(3), "{habit:?}: {:?}", started.elapsed());
        let fault = outcome.expect_err("no ssh");
        assert_eq!((fault.kind, fault.phase), (kind, Phase::Creation), "{habit:?}: {fault:?}");
        assert!(fault.message.contains(message), "{habit:?}: {}", fault.message);
        assert!(fault.tail.contains(tail), "{habit:?}: {}", fault.tail);
    }
}

#[test]
fn a_strict_connection_wants_the_key_in_the_file_and_says_how() {
    let sshd = Sshd::start();
    let file = sshd.folder().join("known_hosts");
    let strict = with(root(&sshd), &[("host_keys", "strict"), ("known_hosts", file.to_str().expect("a name"))]);
    let fault = open(&strict).map(drop).expect_err("unknown");
    assert_eq!((fault.kind, fault.phase), (FaultKind::HostKey, Phase::Creation));
    let name = format!("[127.0.0.1]:{}", sshd.port);
    let hint = fault.hint.expect("a hint");
    let line = hint.rsplit(": ").next().expect("a line").to_owned();
    assert!(line.starts_with(&name), "{hint}");
    assert!(!file.exists(), "nothing is written");

    // The line of the hint is right, and so are a pattern, a hash, and a key of another type, which is then asked for.
    let host_rsa = sshd.host_key("rsa");
    for known in [line, format!("*,!other {host_rsa}"), format!("@cert-authority * {host_rsa}\n{name} {host_rsa}")] {
        std::fs::write(&file, known + "\n").expect("written");
        open(&strict).map(drop).expect("known");
        let hashed = std::process::Command::new("ssh-keygen")
            .args(["-q", "-H", "-f"])
            .arg(&file)
            .stderr(std::process::Stdio::null())
            .stdout(std::process::Stdio::null())
            .status();
        assert!(hashed.is_ok_and(|status| status.success()));
        open(&strict).map(drop).expect("known by its hash");
    }
    std::fs::write(&file, format!("@revoked * {}\n{name} {}\n", sshd.host_key("ed25519"), sshd.host_key("ed25519"))).expect("written");
    for policy in ["strict", "accept-new", "off"] {
        let fault = open(&with(strict.clone(), &[("host_keys", policy)])).map(drop).expect_err("revoked");
        assert_eq!(fault.kind, FaultKind::HostKey);
        assert!(fault.message.contains("is revoked") && fault.message.contains("line 1 of"), "{}", fault.message);
    }
}

#[test]
fn a_changed_host_key_is_never_accepted() {
    let (sshd, other) = (Sshd::start(), Sshd::start());
    let file = sshd.folder().join("known_hosts");
    std::fs::write(&file, format!("# lab\n[127.0.0.1]:{} {}\n", sshd.port, other.host_key("ed25519"))).expect("written");
    for policy in ["strict", "accept-new"] {
        let changed = with(root(&sshd), &[("host_keys", policy), ("known_hosts", file.to_str().expect("a name"))]);
        let fault = open(&changed).map(drop).expect_err("changed");
        assert_eq!((fault.kind, fault.phase), (FaultKind::HostKey, Phase::Creation));
        let wanted = format!(
            "the host key of 127.0.0.1:{} has changed: it showed ssh-ed25519 {}, and line 2 of `{}` holds ssh-ed25519 {}",
            sshd.port,
            sshd.fingerprint("ed25519"),
            file.display(),
            other.fingerprint("ed25519")
        );
        assert_eq!(fault.message, wanted);
    }
    open(&with(root(&sshd), &[("known_hosts", file.to_str().expect("a name"))])).map(drop).expect("`off` accepts it");
    assert_eq!(std::fs::read_to_string(&file).expect("text").lines().count(), 2, "nothing was added");
}

#[test]
fn a_new_host_is_written_down_once_by_many_at_once() {
    let sshd = Sshd::start();
    let file = sshd.folder().join("new/known_hosts");
    let endpoint = with(root(&sshd), &[("host_keys", "accept-new"), ("known_hosts", file.to_str().expect("a name"))]);
    let class = Ssh::new();
    std::thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| within(AMPLE, |limits| class.open(&endpoint, limits)).map(drop).expect("open"));
        }
    });
    let text = std::fs::read_to_string(&file).expect("text");
    assert_eq!(text, format!("[127.0.0.1]:{} {}\n", sshd.port, sshd.host_key("ed25519")));
}

#[test]
fn without_a_file_a_new_key_is_kept_for_the_run_only() {
    let first = Sshd::start();
    let endpoint = with(root(&first), &[("host_keys", "accept-new")]);
    let class = Ssh::new();
    within(AMPLE, |limits| class.open(&endpoint, limits)).map(drop).expect("accepted");
    let port = first.port;
    let key = first.user_key();
    let keys = std::fs::read_to_string(first.folder().join("authorized_keys")).expect("keys");
    let other = Sshd::start();
    std::fs::write(other.folder().join("authorized_keys"), keys).expect("written");
    let kept = tempfile::tempdir().expect("a folder");
    std::fs::copy(&key, kept.path().join("user")).expect("copied");
    drop(first);
    let relay = support::hostile::Relay::start(port, other.port);
    let mut endpoint = endpoint;
    endpoint.logins[0].key_file = Some(kept.path().join("user"));
    let fault = within(AMPLE, |limits| class.open(&endpoint, limits)).map(drop).expect_err("changed within the run");
    assert_eq!(fault.kind, FaultKind::HostKey, "{}", fault.message);
    assert!(fault.message.contains("line 1 of `the keys of this run`"), "{}", fault.message);
    within(AMPLE, |limits| Ssh::new().open(&endpoint, limits)).map(drop).expect("another run knows nothing");
    drop(relay);
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
    let killed = std::process::Command::new("kill").args(["-9", &pid]).status();
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

#[test]
fn an_exit_code_of_zero_is_told_from_none_with_every_kind_of_cipher() {
    std::thread::scope(|scope| {
        for lines in [
            "Ciphers aes256-gcm@openssh.com",
            "Ciphers chacha20-poly1305@openssh.com",
            "Ciphers aes128-ctr\nMACs hmac-sha2-512-etm@openssh.com",
            "Ciphers aes128-ctr\nMACs hmac-sha2-256",
            "Ciphers aes256-ctr\nMACs hmac-sha1",
            "Ciphers aes128-cbc\nMACs hmac-sha2-512",
            "Ciphers 3des-cbc\nMACs hmac-md5\nKexAlgorithms diffie-hellman-group14-sha1",
        ] {
            scope.spawn(move || exit_codes_are_told(lines));
        }
    });
}

fn exit_codes_are_told(lines: &str) {
    let sshd = Sshd::start_with(&format!("{lines}\nChannelTimeout session:command=5"));
    let mut endpoint = root(&sshd);
    endpoint.options.0.insert("legacy", OptionValue::Switch(true));
    let mut connection = open(&endpoint).expect(lines);
    for (command, exit_code) in [
        ("true", 0),
        ("echo hello", 0),
        ("echo hello >&2", 0),
        ("seq 1 100; seq 1 100 >&2", 0),
        ("exit 7", 7),
        ("head -c 100000 /dev/zero", 0),
        ("for i in 1 2 3; do echo $i; sleep 0.1; done", 0),
        ("head -c 300 /dev/zero", 0),
        ("sleep 0.2", 0),
    ] {
        for _ in 0..2 {
            let answer = run(&mut connection, command).expect(lines);
            assert_eq!(answer.exit_code, Some(exit_code), "{lines}: {command}");
        }
    }
    // The server closes a channel that is idle, and libssh2 says that the exit status is 0.
    match run(&mut connection, "echo part; sleep 15") {
        Ok(answer) => assert_eq!(answer.exit_code, None, "{lines}"),
        Err(fault) => {
            assert_eq!(fault.message, "the server closed the channel before it said how the command ended", "{lines}");
            assert_eq!((fault.kind, fault.tail.as_str()), (FaultKind::Lost, "part\n"), "{lines}");
        }
    }
}

#[test]
fn a_password_is_given_to_a_dialog_where_the_server_asks_by_one() {
    let sshd = Sshd::start_with("UsePAM yes\nPasswordAuthentication no\nKbdInteractiveAuthentication yes");
    let user = LabUser::add();
    let login = |password: &str| Login {
        name: "lab".into(),
        username: Some(user.name.clone()),
        password: Some(Secret::new(password)),
        ..Login::default()
    };
    let mut connection = open(&endpoint(sshd.port, login(&user.password))).expect("the right password");
    assert_eq!(run(&mut connection, "id -un").expect("an answer").stdout.trim(), user.name);
    let fault = open(&endpoint(sshd.port, login("wrong-pw"))).map(drop).expect_err("the wrong password");
    assert_eq!(fault.kind, FaultKind::Auth);
    assert!(fault.message.contains("tried a password asked for by `keyboard-interactive`"), "{}", fault.message);
}
