//! Logins with the keys of an agent: OpenSSH's own, and some that misbehave.

use super::{endpoint, open, run, with, within};
use crate::sshd::{Sshd, keygen, pause};
use runner::base::secret::Secret;
use runner::connect::class::{Class, Endpoint, Login, OptionValue};
use runner::connect::classes::ssh::Ssh;
use runner::record::fault::{FaultKind, Phase};
use std::io::{Read, Write};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// An agent that ends when it is dropped.
struct Agent {
    socket: PathBuf,
    child: Child,
}

impl Agent {
    fn start(folder: &Path, keys: &[&Path]) -> Self {
        let socket = folder.join("agent.socket");
        let quiet = || Stdio::null();
        let child = Command::new("ssh-agent").args(["-D", "-a"]).arg(&socket).stdout(quiet()).stderr(quiet()).spawn().expect("ssh-agent");
        let until = Instant::now() + Duration::from_secs(20);
        while !socket.exists() {
            assert!(Instant::now() < until, "the agent does not listen");
            pause(Duration::from_millis(10));
        }
        for key in keys {
            let added = Command::new("ssh-add").arg(key).env("SSH_AUTH_SOCK", &socket).stderr(quiet()).status();
            assert!(added.is_ok_and(|status| status.success()), "the agent takes the key");
        }
        Self { socket, child }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn by_agent(sshd: &Sshd, socket: &Path) -> Endpoint {
    let login = Login { name: "default".into(), username: Some("root".into()), ..Login::default() };
    Endpoint { agent: Some(socket.to_owned()), ..endpoint(sshd.port, login) }
}

#[test]
fn a_key_of_the_agent_logs_in_where_the_credential_holds_nothing_else() {
    let sshd = Sshd::start();
    let other = sshd.folder().join("other");
    for kind in ["ed25519", "rsa", "ecdsa"] {
        let key = sshd.folder().join(kind);
        keygen(&["-q", "-t", kind, "-N", "", "-f"], &key);
        let public = std::fs::read_to_string(sshd.folder().join(format!("{kind}.pub"))).expect("a key");
        std::fs::write(sshd.folder().join("authorized_keys"), public).expect("written");
        if !other.exists() {
            keygen(&["-q", "-t", "ed25519", "-N", "", "-f"], &other);
        }
        let agent = Agent::start(sshd.folder(), &[&other, &key]);
        let mut connection = open(&by_agent(&sshd, &agent.socket)).expect(kind);
        assert_eq!(run(&mut connection, "echo hello").expect("an answer").stdout, "hello\n");
        drop(agent);
        let _ = std::fs::remove_file(sshd.folder().join("agent.socket"));
    }
}

#[test]
fn the_agent_is_left_alone_unless_it_is_wanted() {
    let sshd = Sshd::start();
    let agent = Agent::start(sshd.folder(), &[&sshd.user_key()]);
    let mut endpoint = by_agent(&sshd, &agent.socket);
    endpoint.options.0.insert("agent", OptionValue::Switch(false));
    let fault = open(&endpoint).map(drop).expect_err("nothing to log in with");
    assert!(fault.message.contains("nothing that it accepts was at hand"), "{}", fault.message);
    endpoint.logins[0].password = Some(Secret::new("not-the-password"));
    endpoint.options.0.shift_remove("agent");
    let fault = open(&endpoint).map(drop).expect_err("the password is wrong");
    assert!(fault.message.contains("tried a password,"), "{}", fault.message);
    endpoint.options.0.insert("agent", OptionValue::Switch(true));
    open(&endpoint).map(drop).expect("the agent goes first");
    endpoint.agent = None;
    let fault = open(&endpoint).map(drop).expect_err("no agent");
    assert_eq!((fault.kind, fault.phase), (FaultKind::Missing, Phase::Creation));
    assert_eq!(fault.message, "`agent` is true, and `SSH_AUTH_SOCK` names no ssh agent");
}

#[test]
fn an_agent_without_a_fitting_key_is_named_in_the_refusal() {
    let sshd = Sshd::start();
    let other = sshd.folder().join("other");
    keygen(&["-q", "-t", "ed25519", "-N", "", "-f"], &other);
    for (keys, words) in [(vec![], "tried the keys of the agent (it holds none)"), (vec![other.as_path()], "tried 1 key of the agent")] {
        let agent = Agent::start(sshd.folder(), &keys);
        let fault = open(&by_agent(&sshd, &agent.socket)).map(drop).expect_err("refused");
        assert_eq!(fault.kind, FaultKind::Auth);
        assert!(fault.message.contains(words), "{}", fault.message);
        drop(agent);
        let _ = std::fs::remove_file(sshd.folder().join("agent.socket"));
    }
    let fault = open(&by_agent(&sshd, Path::new("/no/such/socket"))).map(drop).expect_err("no agent");
    assert_eq!(fault.kind, FaultKind::Auth, "{}", fault.message);
}

#[test]
fn an_agent_that_hangs_or_talks_nonsense_does_not_hold_a_login_up() {
    let sshd = Sshd::start();
    for (name, answer) in [("hangs", None), ("drops", Some(&[][..])), ("half", Some(&[0, 0, 0, 9, 12][..])), ("huge", Some(&[255; 64][..]))]
    {
        let socket = sshd.folder().join(name);
        let listener = UnixListener::bind(&socket).expect("a socket");
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let _ = stream.read(&mut [0; 100]);
                match answer {
                    Some(bytes) => drop(stream.write_all(bytes)),
                    None => std::mem::forget(stream),
                }
            }
        });
        let started = Instant::now();
        let opened = within(Duration::from_secs(2), |limits| Ssh::new().open(&by_agent(&sshd, &socket), limits));
        let fault = opened.map(drop).expect_err("no key");
        assert!(started.elapsed() < Duration::from_secs(30), "{name}: {:?}", started.elapsed());
        let wanted = if answer.is_none() { FaultKind::Timeout } else { FaultKind::Auth };
        assert_eq!((fault.kind, fault.phase), (wanted, Phase::Creation), "{name}: {}", fault.message);
    }
}

#[test]
fn a_password_that_must_be_changed_is_not_given_to_the_dialog_that_changes_it() {
    let sshd = Sshd::start_with("UsePAM yes\nPasswordAuthentication no\nKbdInteractiveAuthentication yes");
    let user = crate::sshd::LabUser::add();
    let expired = Command::new("chage").args(["-d", "0", &user.name]).status();
    assert!(expired.is_ok_and(|status| status.success()), "the password expires");
    let login = Login {
        name: "lab".into(),
        username: Some(user.name.clone()),
        password: Some(Secret::new(user.password.as_str())),
        ..Login::default()
    };
    let fault = open(&with(endpoint(sshd.port, login), &[])).map(drop).expect_err("it must be changed first");
    assert_eq!(fault.kind, FaultKind::Auth, "{fault:?}");
    assert!(fault.message.contains("which was not answered"), "{}", fault.message);
    assert!(!fault.message.contains(&user.password), "{}", fault.message);
}
