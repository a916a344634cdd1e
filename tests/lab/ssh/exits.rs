//! Exit codes: which are believed, with every kind of cipher.

use super::{open, root, run};
use crate::sshd::Sshd;
use runner::connect::class::{Connection, OptionValue};
use runner::record::fault::FaultKind;

/// Ciphers whose frames show their length.
const CLEAR: [&str; 2] = ["Ciphers aes256-gcm@openssh.com", "Ciphers aes128-ctr\nMACs hmac-sha2-512-etm@openssh.com"];
/// Ciphers whose frames do not.
const HIDDEN: [&str; 5] = [
    "Ciphers chacha20-poly1305@openssh.com",
    "Ciphers aes128-ctr\nMACs hmac-sha2-256",
    "Ciphers aes256-ctr\nMACs hmac-sha1",
    "Ciphers aes128-cbc\nMACs hmac-sha2-512",
    "Ciphers 3des-cbc\nMACs hmac-md5\nKexAlgorithms diffie-hellman-group14-sha1",
];

fn server(lines: &str) -> (Sshd, Box<dyn Connection>) {
    let sshd = Sshd::start_with(lines);
    let connection = connect(&sshd, lines);
    (sshd, connection)
}

fn connect(sshd: &Sshd, lines: &str) -> Box<dyn Connection> {
    let mut endpoint = root(sshd);
    endpoint.options.0.insert("legacy", OptionValue::Switch(true));
    open(&endpoint).expect(lines)
}

/// Runs `check` for every one of these ciphers at the same time.
fn with_each(ciphers: &[&'static str], check: fn(&str)) {
    std::thread::scope(|scope| {
        for lines in ciphers {
            scope.spawn(|| check(lines));
        }
    });
}

#[test]
fn every_kind_of_cipher_gives_the_exit_code() {
    with_each(&[&CLEAR[..], &HIDDEN].concat(), |lines| {
        let (_sshd, mut connection) = server(&format!("{lines}\nClientAliveInterval 1"));
        for (command, exit_code) in [
            ("true", 0),
            ("echo hello", 0),
            ("echo hello >&2", 0),
            ("seq 1 100; seq 1 100 >&2", 0),
            ("exit 7", 7),
            ("head -c 100000 /dev/zero", 0),
            ("for i in 1 2 3; do echo $i; sleep 0.1; done", 0),
            ("head -c 300 /dev/zero", 0),
            ("sleep 2.5", 0),
        ] {
            for _ in 0..2 {
                let answer = run(&mut connection, command).expect(lines);
                assert_eq!(answer.exit_code, Some(exit_code), "{lines}: {command}");
            }
        }
    });
}

#[test]
fn a_channel_closed_without_an_exit_status_is_lost_where_lengths_are_clear() {
    with_each(&CLEAR, |lines| {
        let (_sshd, mut connection) = server(&format!("{lines}\nChannelTimeout session:command=5\nClientAliveInterval 1"));
        // The server closes a channel that is idle, and libssh2 says that the exit status is 0.
        let fault = run(&mut connection, "echo part; sleep 15").expect_err(lines);
        assert_eq!(fault.message, "the server closed the channel before it said how the command ended", "{lines}");
        assert_eq!((fault.kind, fault.tail.as_str()), (FaultKind::Lost, "part\n"), "{lines}");
    });
}

/// One of each way to frame.
const FRAMINGS: [&str; 4] = [CLEAR[0], HIDDEN[0], HIDDEN[1], HIDDEN[3]];

#[test]
fn answers_of_any_size_keep_their_exit_code() {
    with_each(&FRAMINGS, sizes);
}

#[test]
fn answers_of_any_size_keep_their_exit_code_while_keys_are_renewed() {
    with_each(&FRAMINGS, |lines| sizes(&format!("{lines}\nRekeyLimit 256K")));
}

fn sizes(lines: &str) {
    let (_sshd, mut connection) = server(lines);
    for (size, exit_code) in [(0, 0), (0, 3), (100_000, 0), (100_000, 3), (3_000_000, 0), (3_000_000, 3)] {
        for round in 1..=10 {
            let answer = run(&mut connection, &format!("head -c {size} /dev/zero; exit {exit_code}")).expect(lines);
            assert_eq!((answer.stdout.len(), answer.exit_code), (size, Some(exit_code)), "{lines}, round {round}");
        }
    }
}

#[test]
fn with_hidden_lengths_a_break_is_lost_and_a_signal_is_no_exit_code() {
    with_each(&HIDDEN, |lines| {
        let (sshd, mut connection) = server(lines);
        let fault = run(&mut connection, "echo part; kill -9 $$").expect_err(lines);
        assert_eq!((fault.kind, fault.tail.as_str()), (FaultKind::Killed, "part\n"), "{lines}");
        // The second one says before that no more output comes, which is not yet the end of the command.
        for breaks in ["echo part; sleep 0.2; kill -9 $PPID; sleep 5", "echo part; exec >&- 2>&-; sleep 0.3; kill -9 $PPID; sleep 5"] {
            let mut connection = connect(&sshd, lines);
            let fault = run(&mut connection, breaks).expect_err(lines);
            assert_eq!((fault.kind, fault.tail.as_str()), (FaultKind::Lost, "part\n"), "{lines}: {breaks}");
        }
    });
}
