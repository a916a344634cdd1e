//! Opening: peers that are no ssh servers, logins, host keys.

use super::{AMPLE, endpoint, open, root, run, with, within};
use crate::hostile::{Habit, Hostile, Relay};
use crate::program::closed_port;
use crate::sshd::{LabUser, Sshd, keygen};
use runner::base::secret::Secret;
use runner::connect::class::{Class, Login};
use runner::connect::classes::ssh::Ssh;
use runner::record::fault::{FaultKind, Phase};
use std::time::{Duration, Instant};

fn login(user: &LabUser, password: &str) -> Login {
    Login { name: "lab".into(), username: Some(user.name.clone()), password: Some(Secret::new(password)), ..Login::default() }
}

#[test]
fn a_password_is_accepted_or_refused_and_never_shown() {
    let sshd = Sshd::start();
    let user = LabUser::add();
    let mut connection = open(&endpoint(sshd.port, login(&user, &user.password))).expect("the right password");
    assert_eq!(run(&mut connection, "id -un").expect("an answer").stdout.trim(), user.name);
    let fault = open(&endpoint(sshd.port, login(&user, "wrong-pw"))).map(drop).expect_err("the wrong password");
    assert_eq!((fault.kind, fault.phase), (FaultKind::Auth, Phase::Creation));
    let wanted = format!("the server refused the login of `{}`: tried a password, it offers `publickey` and `password`", user.name);
    assert_eq!(fault.message, wanted);
    let mut endpoint = endpoint(sshd.port, login(&user, "wrong-pw"));
    endpoint.logins.push(login(&user, &user.password));
    open(&endpoint).expect("the second credential");
    endpoint.logins.insert(0, Login { username: Some("nobody-at-all".to_owned()), ..login(&user, "other-pw") });
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
        keygen(&["-q", "-t", kind, "-N", "open sesame", "-f"], &sshd.folder().join(kind));
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
        assert!(started.elapsed() < Duration::from_secs(30), "{habit:?}: {:?}", started.elapsed());
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
    let relay = Relay::start(port, other.port);
    let mut endpoint = endpoint;
    endpoint.logins[0].key_file = Some(kept.path().join("user"));
    let fault = within(AMPLE, |limits| class.open(&endpoint, limits)).map(drop).expect_err("changed within the run");
    assert_eq!(fault.kind, FaultKind::HostKey, "{}", fault.message);
    assert!(fault.message.contains("line 1 of `the keys of this run`"), "{}", fault.message);
    within(AMPLE, |limits| Ssh::new().open(&endpoint, limits)).map(drop).expect("another run knows nothing");
    drop(relay);
}

#[test]
fn a_password_is_given_to_a_dialog_where_the_server_asks_by_one() {
    let sshd = Sshd::start_with("UsePAM yes\nPasswordAuthentication no\nKbdInteractiveAuthentication yes");
    let user = LabUser::add();
    let mut connection = open(&endpoint(sshd.port, login(&user, &user.password))).expect("the right password");
    assert_eq!(run(&mut connection, "id -un").expect("an answer").stdout.trim(), user.name);
    let fault = open(&endpoint(sshd.port, login(&user, "wrong-pw"))).map(drop).expect_err("the wrong password");
    assert_eq!(fault.kind, FaultKind::Auth);
    assert!(fault.message.contains("tried a password asked for by `keyboard-interactive`"), "{}", fault.message);
}
