//! Real shells: bash and dash.

use super::{forced, generic, linux, open, run, said, with, within};
use crate::sshd::Sshd;
use runner::connect::class::Class;
use runner::connect::classes::ssh::Ssh;
use runner::record::call::Call;
use runner::record::fault::{FaultKind, Phase};
use std::time::{Duration, Instant};

#[test]
fn a_session_answers_with_exit_codes_and_keeps_its_state() {
    let coloured = "env PS1='\\[\\e[32m\\]\\u\\[\\e[0m\\]:\\w\\$ ' bash --norc -i";
    for sshd in [Sshd::start(), forced("bash --norc -i"), forced("dash -i"), forced(coloured)] {
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
            ("stty size", "1000 511\n", 0),
            ("echo $PAGER $TERM $HISTFILE", "cat dumb\n", 0),
            ("set -x", "", 0),
            ("set +x; true", "+ set +x\n", 0),
            ("stty echo; stty -echo; sh -c 'exit 300'", "", 44),
        ] {
            let answer = run(&mut connection, command).expect(command);
            assert_eq!((answer.stdout.replace("Killed\n", "").as_str(), answer.exit_code), (said, Some(exit_code)), "{command}");
            assert!(connection.is_alive() && answer.reception.is_none());
        }
        let answer = run(&mut connection, "echo )").expect("an answer");
        assert!(answer.exit_code == Some(2) && answer.stdout.to_lowercase().contains("syntax error"), "{answer:?}");
    }
}

#[test]
fn large_answers_come_whole_and_wide_lines_stay_lines() {
    let sshd = Sshd::start();
    let mut connection = open(&linux(&sshd)).expect("open");
    let wanted: String = (1..=750_000).fold(String::new(), |text, number| text + &number.to_string() + "\n");
    assert!(said(&mut connection, "seq 1 750000") == wanted, "5 MB arrive unchanged");
    let wide = said(&mut connection, "head -c 300000 /dev/zero | tr '\\0' x; echo; echo done");
    assert_eq!((wide.len(), wide.lines().count(), wide.lines().last()), (300_006, 2, Some("done")));
    let long = format!("echo {}", "x".repeat(4000));
    assert_eq!(said(&mut connection, &long).trim_end().len(), 4000);
}

#[test]
fn an_answer_larger_than_allowed_ends_the_session() {
    let sshd = Sshd::start();
    let mut endpoint = linux(&sshd);
    endpoint.options.0.insert("max_answer", runner::connect::class::OptionValue::Count(1000));
    let mut connection = open(&endpoint).expect("open");
    let fault = run(&mut connection, "yes").expect_err("too large");
    assert_eq!((fault.kind, fault.message.as_str()), (FaultKind::TooLarge, "the answer is larger than 1000 bytes (`max_answer`)"));
    assert!(!connection.is_alive());
}

#[test]
fn a_command_that_does_not_end_is_cut_off_and_the_session_goes_on() {
    for sshd in [Sshd::start(), forced("dash -i")] {
        let mut connection = open(&linux(&sshd)).expect("open");
        said(&mut connection, "cd /usr/lib");
        for (command, tail) in [("echo part; sleep 60", "part\n"), ("cat", ""), ("echo 'open", ""), ("yes", "y\ny\n")] {
            let started = Instant::now();
            let fault = within(Duration::from_millis(500), |limits| connection.call(&Call::execute(command), limits)).expect_err("late");
            assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
            assert_eq!((fault.kind, fault.phase), (FaultKind::Timeout, Phase::Call), "{command}");
            let wanted = format!("waiting for the prompt after `{command}` timed out after 500ms (`timeout` of the test)");
            assert_eq!(fault.message, wanted);
            assert!(fault.tail.contains(tail) && fault.received >= tail.len() as u64, "{command}: {fault:?}");
            // What a flood has left behind may take longer than a recovery does.
            if command == "yes" && !connection.is_alive() {
                connection = open(&linux(&sshd)).expect("open");
                said(&mut connection, "cd /usr/lib");
            }
            assert!(connection.is_alive(), "{command}");
            assert_eq!(said(&mut connection, "pwd"), "/usr/lib\n", "after {command}");
        }
        for (command, hint) in [("cat", "wait for input"), ("PS1='sub> ' sh -i", "`sub>` may be the prompt of a program")] {
            let fault = within(Duration::from_secs(3), |limits| connection.call(&Call::execute(command), limits)).expect_err("late");
            assert!(fault.hint.as_ref().is_some_and(|said| said.contains(hint)), "{fault:?}");
        }
    }
}

#[test]
fn a_command_that_cannot_be_cut_off_ends_the_session() {
    let sshd = Sshd::start();
    let mut connection = open(&linux(&sshd)).expect("open");
    let command = "sh -c \"trap '' INT; sleep 20\"";
    let fault = within(Duration::from_millis(300), |limits| connection.call(&Call::execute(command), limits)).expect_err("late");
    assert_eq!(fault.kind, FaultKind::Timeout);
    assert!(!connection.is_alive(), "it is in no state that is known");
    assert_eq!(run(&mut connection, "true").expect_err("closed").kind, FaultKind::NotConnected);
}

#[test]
fn a_shell_that_ends_and_a_connection_that_breaks_are_lost() {
    let sshd = Sshd::start();
    for (command, how) in [
        ("echo part; exit 3", "the shell ended"),
        ("echo part; sleep 0.2; kill -9 $PPID; sleep 5", "the connection"),
        ("echo part; kill -9 $$", "the shell ended"),
    ] {
        let mut connection = open(&linux(&sshd)).expect("open");
        let fault = run(&mut connection, command).expect_err("lost");
        assert_eq!(fault.kind, FaultKind::Lost, "{}", fault.message);
        assert!(fault.message.contains(how) && fault.message.contains("while waiting for the prompt"), "{}", fault.message);
        assert!(fault.tail.starts_with("part\n"), "{}", fault.tail);
        assert!(!connection.is_alive());
    }
}

#[test]
fn what_is_not_one_line_of_text_is_refused_before_it_is_sent() {
    let sshd = Sshd::start();
    let mut connection = open(&linux(&sshd)).expect("open");
    for command in ["echo a\necho b", "echo a\tb", "", "echo \x03"] {
        assert_eq!(run(&mut connection, command).expect_err("refused").kind, FaultKind::Invalid);
        assert!(connection.is_alive());
    }
    assert_eq!(said(&mut connection, "echo one\n"), "one\n", "a line break at its end is none");
}

#[test]
fn a_shell_without_a_prompt_is_named_for_what_it_says() {
    for (program, platform, message, hint) in [
        ("cat", "linux", "waiting for a prompt such as platform `linux` has", "says nothing"),
        ("sh -c 'printf \"Password: \"; sleep 30'", "linux", "waiting for a prompt", "`Password:` asks for a secret"),
        ("sh -c 'printf \"shell> \"; sleep 30'", "linux", "after setting up the terminal", "no Bourne shell"),
        ("sh -c 'printf \"Continue? [y/n] \"; sleep 30'", "iosxe", "waiting for a prompt", "looks like a question"),
        ("sh -c 'printf \"what now $\"; sleep 30'", "iosxe", "waiting for a prompt", "`prompt: PATTERN`"),
    ] {
        let sshd = forced(program);
        let endpoint = runner::connect::class::Endpoint { os: platform.to_owned(), ..linux(&sshd) };
        let fault = within(Duration::from_secs(2), |limits| Ssh::new().open(&endpoint, limits)).map(drop).expect_err("no prompt");
        assert_eq!((fault.kind, fault.phase), (FaultKind::Timeout, Phase::Creation), "{fault:?}");
        assert!(fault.message.contains(message), "{program}: {}", fault.message);
        assert!(fault.hint.as_ref().is_some_and(|said| said.contains(hint)), "{program}: {:?}", fault.hint);
    }
    let sshd = Sshd::start_with("PermitTTY no");
    let fault = open(&linux(&sshd)).map(drop).expect_err("no terminal");
    assert_eq!((fault.kind, fault.phase), (FaultKind::Refused, Phase::Creation));
    assert!(fault.message.starts_with("the server refused a terminal"), "{}", fault.message);
}

#[test]
fn an_interrupt_ends_a_session_that_waits_at_once() {
    let sshd = Sshd::start();
    let mut connection = open(&linux(&sshd)).expect("open");
    let interrupt = runner::connect::interrupt::Interrupt::new().expect("an eventfd");
    let limit = runner::base::deadline::Limit { length: Duration::from_mins(1), setting: "test".into() };
    let deadline = runner::base::deadline::Deadline::new(Instant::now(), limit);
    let limits = runner::connect::class::Limits { deadline: &deadline, interrupt: &interrupt, tap: runner::record::tap::Tap::SILENT };
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| (connection.call(&Call::execute("sleep 60"), &limits), Instant::now()));
        let _ = runner::connect::interrupt::Interrupt::new().expect("an eventfd").sleep(Instant::now() + Duration::from_millis(300));
        let raised = Instant::now();
        interrupt.raise();
        let (outcome, ended) = waiting.join().expect("no panic");
        assert_eq!(outcome.expect_err("interrupted").kind, FaultKind::Interrupted);
        assert!(ended - raised < Duration::from_secs(15), "{:?}", ended - raised);
    });
    assert!(!connection.is_alive());
}

#[test]
fn a_shell_is_also_a_command_line_of_which_nothing_is_known() {
    for program in ["bash --norc -i", "dash -i", "env PS1='\\u@\\h:\\w\\$ ' bash --norc -i"] {
        let sshd = forced(program);
        let mut connection = open(&generic(&sshd)).expect("open");
        assert_eq!(said(&mut connection, "echo hello"), "hello\n", "{program}");
        let long = format!("echo {}", "x1 ".repeat(400));
        assert_eq!(said(&mut connection, &long).trim_end(), "x1 ".repeat(400).trim_end(), "{program}");
        said(&mut connection, "cd /usr/lib");
        assert_eq!(said(&mut connection, "pwd"), "/usr/lib\n", "{program}");
        assert_eq!(said(&mut connection, "seq 1 1000").lines().count(), 1000, "{program}");
        let answer = run(&mut connection, "no-such-command").expect("an answer");
        assert_eq!(answer.exit_code, None);
        assert!(matches!(answer.reception, Some(runner::record::answer::Reception::Refused(_))), "{answer:?}");
    }
}

#[test]
fn the_pattern_of_a_prompt_can_be_said() {
    let sshd = forced("env PS1='ready>>> ' dash -i");
    let endpoint = with(generic(&sshd), &[("prompt", "ready>+")]);
    let mut connection = open(&endpoint).expect("open");
    assert_eq!(said(&mut connection, "echo hello"), "hello\n");
    let fault = open(&with(endpoint, &[("prompt", "a(b")])).map(drop).expect_err("no pattern");
    assert_eq!(fault.kind, FaultKind::Invalid);
}
