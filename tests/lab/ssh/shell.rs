//! Sessions with prompts, in real shells behind OpenSSH's server, and on a scripted router.

use super::{AMPLE, endpoint, open, root, run, with, within};
use crate::sshd::Sshd;
use runner::base::secret::Secret;
use runner::connect::class::{Class, Connection, Endpoint, Limits, Login, OptionValue};
use runner::connect::classes::ssh::Ssh;
use runner::record::answer::{Answer, Reception};
use runner::record::call::Call;
use runner::record::fault::{Fault, FaultKind, Phase};
use std::time::{Duration, Instant};

/// A session in root's shell on a server, with the platform `linux`.
fn linux(sshd: &Sshd) -> Endpoint {
    with(root(sshd), &[("mode", "shell")])
}

/// A server that gives everybody this program instead of a shell.
fn forced(program: &str) -> Sshd {
    Sshd::start_with(&format!("ForceCommand {program}"))
}

#[test]
fn a_session_answers_with_exit_codes_and_keeps_its_state() {
    for sshd in [Sshd::start(), forced("bash --norc -i"), forced("dash -i"), forced("env PS1='\\[\\e[32m\\]\\u\\[\\e[0m\\]:\\w\\$ ' bash --norc -i")] {
        let mut connection = open(&linux(&sshd)).expect("open");
        for (command, said, exit_code) in [
            ("echo hello", "hello\n", 0),
            ("false", "", 1),
            ("true", "", 0),
            ("cd /usr/lib", "", 0),
            ("pwd", "/usr/lib\n", 0),
            ("x=5", "", 0),
            ("echo $x", "5\n", 0),
            ("printf 'no line break'", "no line break", 0),
            ("echo out; echo err >&2; (exit 3)", "out\nerr\n", 3),
            ("echo \"a!b\" '$?'", "a!b $?\n", 0),
            ("printf '\\033[1;31mred\\033[0m\\r\\n'", "red\n", 0),
            ("printf '10%%\\r20%%\\r30%%\\n'", "30%\n", 0),
            ("printf '$ '; sleep 0.3; echo '# '; printf 'r1# \\n'; sleep 0.2; echo done", "$ # \nr1# \ndone\n", 0),
            ("echo \u{e4}\u{20ac}", "\u{e4}\u{20ac}\n", 0),
            ("sh -c 'kill -9 $$' >/dev/null 2>&1", "", 137),
            ("tput cols 2>/dev/null; stty size", "511\n1000 511\n", 0),
        ] {
            let answer = run(&mut connection, command).expect(command);
            assert_eq!((answer.stdout.replace("Killed\n", "").as_str(), answer.exit_code), (said, Some(exit_code)), "{command}");
            assert!(connection.is_alive() && answer.reception.is_none());
        }
    }
}
