//! The scripted router: paging, modes, questions, log lines.

use super::{generic, open, router, run, said, within};
use runner::connect::class::Class;
use runner::connect::classes::ssh::Ssh;
use runner::record::answer::Reception;
use runner::record::call::Call;
use runner::record::fault::FaultKind;
use std::time::Duration;

#[test]
fn a_router_is_asked_whatever_it_does_to_its_terminal() {
    let noisy = ["show noise", "show redraw", "show twice"];
    for habits in ["", "banner", "wrap"] {
        let sshd = router(habits);
        let mut connection = open(&generic(&sshd)).expect("open");
        assert_eq!(said(&mut connection, "show version"), "Router OS, Version 15.2(4)\nr1 uptime is 3 days\n", "{habits}");
        assert_eq!(said(&mut connection, "show nothing with a long command line"), "", "{habits}");
        assert_eq!(said(&mut connection, "show echo show echo x"), "show echo x\n");
        assert_eq!(said(&mut connection, "show history"), "r1#\nr1#show clock\n  r1#\nend\n");
        assert_eq!(said(&mut connection, "show slow"), "first\nsecond third\n");
        assert_eq!(said(&mut connection, "show colours"), "up\ndown\n");
        for command in noisy {
            assert_eq!(said(&mut connection, command), "quiet\n", "{command}");
        }
        let lines: String = (1..=100).fold(String::new(), |text, number: u32| text + "line " + &number.to_string() + "\n");
        assert_eq!(said(&mut connection, "show lines 100"), lines, "paged");
        said(&mut connection, "terminal length 0");
        assert_eq!(said(&mut connection, "show lines 100"), lines, "not paged");
        assert_eq!(said(&mut connection, "configure terminal"), "");
        assert_eq!(said(&mut connection, "hostname core"), "");
        assert_eq!(said(&mut connection, "end"), "");
        assert_eq!(said(&mut connection, "show version").lines().last(), Some("core uptime is 3 days"));
    }
}

#[test]
fn a_refused_command_is_an_answer_that_says_so() {
    let sshd = router("");
    let mut connection = open(&generic(&sshd)).expect("open");
    let answer = run(&mut connection, "shwo version").expect("an answer");
    assert_eq!(answer.reception, Some(Reception::Refused("% Invalid input detected at '^' marker.".to_owned())));
    assert_eq!(answer.exit_code, None);
    assert_eq!(run(&mut connection, "show version").expect("an answer").reception, Some(Reception::Accepted));
}

#[test]
fn a_router_that_does_not_echo_is_understood() {
    let sshd = router("noecho");
    let mut connection = open(&generic(&sshd)).expect("open");
    for _ in 0..2 {
        assert_eq!(said(&mut connection, "show version"), "Router OS, Version 15.2(4)\nr1 uptime is 3 days\n");
        assert_eq!(said(&mut connection, "show nothing"), "");
    }
}

#[test]
fn a_router_that_waits_for_a_key_at_the_login_gets_one() {
    let sshd = router("ask");
    let mut connection = open(&generic(&sshd)).expect("open");
    assert_eq!(said(&mut connection, "show nothing"), "");
}

#[test]
fn a_missing_prompt_says_what_was_awaited_and_what_it_may_mean() {
    let sshd = router("");
    let mut connection = open(&generic(&sshd)).expect("open");
    for (command, hint) in [
        ("hang", None),
        ("reload", Some("`Proceed with reload? [confirm]` looks like a question: use a form of the command that asks nothing")),
        ("enable", Some("`Password:` asks for a secret, which is not answered here")),
    ] {
        let fault = within(Duration::from_millis(800), |limits| connection.call(&Call::execute(command), limits)).expect_err("late");
        assert_eq!(fault.kind, FaultKind::Timeout);
        let wanted = format!("waiting for the prompt `r1#` after `{command}` timed out after 800ms (`timeout` of the test)");
        assert_eq!((fault.message.as_str(), fault.hint.as_deref()), (wanted.as_str(), hint));
        assert!(fault.tail.starts_with(&format!("r1#{command}\n")) && fault.received > 5, "{fault:?}");
        assert!(connection.is_alive(), "{command} is cut off");
        assert_eq!(said(&mut connection, "show nothing"), "", "after {command}");
    }
    let fault = within(Duration::from_millis(500), |limits| connection.call(&Call::execute("stuck"), limits)).expect_err("late");
    assert_eq!(fault.kind, FaultKind::Timeout);
    assert!(!connection.is_alive(), "what cannot be cut off is left behind");
}

#[test]
fn a_router_that_goes_away_is_lost() {
    let sshd = router("");
    for (command, tail) in [("exit", ""), ("drop", "part of an answ")] {
        let mut connection = open(&generic(&sshd)).expect("open");
        let fault = run(&mut connection, command).expect_err("lost");
        assert_eq!(fault.kind, FaultKind::Lost, "{fault:?}");
        assert!(fault.tail.ends_with(tail), "{fault:?}");
        assert!(!connection.is_alive());
    }
}

#[test]
fn large_answers_come_whole() {
    let sshd = router("");
    let mut connection = open(&generic(&sshd)).expect("open");
    let answer = said(&mut connection, "show bytes 5500000");
    assert_eq!((answer.len(), answer.lines().count()), (5_000_000, 500_000));
    let lines = answer.lines().zip(1..);
    assert!(lines.into_iter().all(|(line, number): (&str, u32)| line == format!("{number:09}")), "in order");
}

#[test]
fn twenty_sessions_at_once_do_not_mind_each_other() {
    let sshd = router("");
    let class = Ssh::new();
    std::thread::scope(|scope| {
        for number in 0..20 {
            let (class, sshd) = (&class, &sshd);
            scope.spawn(move || {
                let opened = within(Duration::from_mins(2), |limits| class.open(&generic(sshd), limits));
                let mut connection = opened.expect("open");
                for turn in 0..5 {
                    let answer = said(&mut connection, &format!("show echo {number} {turn}"));
                    assert_eq!(answer, format!("{number} {turn}\n"));
                }
            });
        }
    });
}
