use super::{LINGER, MAX_ANSWER, run};
use crate::base::deadline::{Deadline, Limit};
use crate::connect::class::Limits;
use crate::connect::interrupt::Interrupt;
use crate::record::answer::Answer;
use crate::record::fault::{Fault, FaultKind, Phase};
use crate::record::tap::Tap;
use std::path::Path;
use std::time::{Duration, Instant};

fn run_for(command: &str, length: Duration) -> Result<Answer, Fault> {
    let deadline = Deadline::new(Instant::now(), Limit { length, setting: "`timeout` of the step".into() });
    run(
        command,
        Path::new("/tmp"),
        MAX_ANSWER,
        &Limits { deadline: &deadline, interrupt: &Interrupt::new().expect("an eventfd"), tap: Tap::SILENT },
    )
}

fn run_long(command: &str) -> Result<Answer, Fault> {
    run_for(command, Duration::from_secs(30))
}

/// A time to sleep that no other run of these tests uses, so that its process can be told from others.
fn unique(hours: u32) -> String {
    format!("{}.{}", hours * 3600, std::process::id())
}

/// What should end at once has ended by then on any machine, and what hangs has not: the processes here sleep for longer.
const MUCH_LATER: Duration = Duration::from_mins(1);

/// Whether a process of that command line is there and is no zombie.
fn is_running(marker: &str) -> bool {
    let processes = std::fs::read_dir("/proc").expect("/proc");
    processes.flatten().any(|entry| {
        std::fs::read(entry.path().join("cmdline")).is_ok_and(|line| {
            let words: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
            words.first() == Some(&b"sleep".as_slice()) && words.contains(&marker.as_bytes())
        })
    })
}

/// Whether nothing of that command line is left. A signal that was sent takes effect a moment later.
fn is_gone(marker: &str) -> bool {
    let soon = Instant::now() + MUCH_LATER;
    while is_running(marker) && Instant::now() < soon {
        std::thread::yield_now();
    }
    !is_running(marker)
}

/// Zombies among the children of this process.
fn zombies() -> usize {
    let me = std::process::id().to_string();
    let processes = std::fs::read_dir("/proc").expect("/proc");
    let stats = processes.flatten().filter_map(|entry| std::fs::read_to_string(entry.path().join("stat")).ok());
    stats.filter(|stat| stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with(&format!("Z {me} ")))).count()
}

#[test]
fn both_streams_and_the_exit_code_come_back() {
    for (command, stdout, stderr, code) in [
        ("echo out; echo err >&2; exit 3", "out\n", "err\n", 3),
        ("true", "", "", 0),
        ("cat", "", "", 0),
        ("pwd", "/tmp\n", "", 0),
        ("-q 2>/dev/null", "", "", 127),
        ("printf 'a\\377b'", "a\u{fffd}b", "", 0),
        ("kill -9 $$ & wait; echo no", "", "", -1),
    ] {
        if code == -1 {
            assert_eq!(run_long(command).expect_err(command).kind, FaultKind::Killed, "{command}");
            continue;
        }
        let answer = run_long(command).expect(command);
        assert_eq!((answer.stdout.as_str(), answer.stderr.as_str(), answer.exit_code), (stdout, stderr, Some(code)), "{command}");
    }
}

#[test]
fn a_signal_is_a_fault_with_its_name_and_the_last_words() {
    let fault = run_long("echo working; kill -SEGV $$").expect_err("killed");
    assert_eq!(fault.kind, FaultKind::Killed);
    assert_eq!(fault.message, "`echo working; kill -SEGV $$` was killed by SIGSEGV");
    assert_eq!((fault.tail.as_str(), fault.received), ("working\n", 8));
}

#[test]
fn a_timeout_kills_grandchildren_and_names_its_setting() {
    let long = unique(1);
    for pattern in [
        "echo begun; sleep LONG & sleep LONG",
        "trap '' TERM; echo begun; (trap '' TERM; sleep LONG; sleep LONG) & sleep LONG; sleep LONG",
        "echo begun; sleep LONG | sleep LONG",
    ] {
        let command = &pattern.replace("LONG", &long);
        let began = Instant::now();
        let fault = run_for(command, Duration::from_millis(300)).expect_err(command);
        assert!(began.elapsed() < MUCH_LATER, "{command}: {:?}", began.elapsed());
        assert_eq!(fault.kind, FaultKind::Timeout, "{command}");
        assert!(fault.message.ends_with("timed out after 300ms (`timeout` of the step)"), "{}", fault.message);
        assert_eq!(fault.tail, "begun\n", "{command}");
        assert!(is_gone(&long), "{command}");
    }
}

#[test]
fn a_stopped_process_is_killed_and_the_reason_is_guessed() {
    let fault = run_for("kill -STOP $$", Duration::from_millis(100)).expect_err("stopped");
    assert_eq!(fault.kind, FaultKind::Timeout);
    assert_eq!(fault.hint.as_deref(), Some("it was stopped, as happens to what wants a terminal: it has none"));
    assert_eq!(run_for("sleep 5", Duration::from_millis(50)).expect_err("slow").hint, None);
}

#[test]
fn what_stays_in_the_background_does_not_hold_the_call_up() {
    let long = unique(2);
    let began = Instant::now();
    let answer = run_long(&format!("sleep {long} & echo $!; exit 4")).expect("an answer");
    let took = began.elapsed();
    let alive = is_running(&long);
    // By its own number: whoever started it ends it.
    run_long(&format!("kill {}", answer.stdout.trim())).expect("it can be ended");
    assert_eq!(answer.exit_code, Some(4));
    assert!(took >= LINGER && took < MUCH_LATER, "{took:?}");
    assert!(alive, "it was put into the background on purpose");

    let began = Instant::now();
    let answer = run_long(&format!("sleep {long} >/dev/null 2>&1 & echo $!")).expect("an answer");
    let took = began.elapsed();
    run_long(&format!("kill {}", answer.stdout.trim())).expect("it can be ended");
    assert!(took < MUCH_LATER, "{took:?}");
}

#[test]
fn a_flood_in_the_background_ends_with_the_linger() {
    let began = Instant::now();
    let answer = run_long("yes & echo done >&2").expect("an answer");
    assert_eq!(answer.stderr, "done\n");
    assert!(answer.stdout.len() < MAX_ANSWER / 2, "{} bytes are followed", answer.stdout.len());
    assert!(began.elapsed() < MUCH_LATER, "{:?}", began.elapsed());
}

#[test]
fn large_answers_come_whole_and_larger_ones_are_refused() {
    let answer = run_long("head -c 5242880 /dev/zero | tr '\\0' x").expect("5 MB");
    assert_eq!(answer.stdout.len(), 5 * 1024 * 1024);
    let answer = run_long("head -c 8388608 /dev/zero | tr '\\0' e >&2; echo done").expect("8 MB on stderr");
    assert_eq!((answer.stdout.as_str(), answer.stderr.len()), ("done\n", 8 * 1024 * 1024));

    let deadline = Deadline::new(Instant::now(), Limit { length: Duration::from_secs(30), setting: "test".into() });
    let limits = Limits { deadline: &deadline, interrupt: &Interrupt::new().expect("an eventfd"), tap: Tap::SILENT };
    let fault = run("yes", Path::new("/tmp"), 1_000_000, &limits).expect_err("endless");
    assert_eq!(fault.kind, FaultKind::TooLarge);
    assert_eq!(fault.message, "`yes` said more than 1000000 bytes (`max_answer`)");
    assert!(run("printf 12345", Path::new("/tmp"), 5, &limits).is_ok());
    assert!(run("printf 123456", Path::new("/tmp"), 5, &limits).is_err(), "also when it has exited");
}

#[test]
fn an_endless_talker_meets_its_deadline() {
    let began = Instant::now();
    let fault = run_for("while :; do echo x; done", Duration::from_millis(300)).expect_err("endless");
    assert_eq!(fault.kind, FaultKind::Timeout);
    assert!(began.elapsed() < MUCH_LATER, "{:?}", began.elapsed());
}

#[test]
fn an_interrupt_ends_it_at_once() {
    let long = unique(3);
    let command = format!("sleep {long}");
    let deadline = Deadline::new(Instant::now(), Limit { length: Duration::from_secs(30), setting: "test".into() });
    let interrupt = Interrupt::new().expect("an eventfd");
    let limits = Limits { deadline: &deadline, interrupt: &interrupt, tap: Tap::SILENT };
    let began = Instant::now();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| run(&command, Path::new("/tmp"), MAX_ANSWER, &limits));
        while !is_running(&long) {
            assert!(began.elapsed() < MUCH_LATER, "it never started");
            std::thread::yield_now();
        }
        interrupt.raise();
        let raised = Instant::now();
        assert_eq!(waiting.join().expect("no panic").expect_err("interrupted").kind, FaultKind::Interrupted);
        assert!(raised.elapsed() < MUCH_LATER);
    });
    assert!(is_gone(&long));
    let again = run("echo never", Path::new("/tmp"), MAX_ANSWER, &limits).expect_err("already interrupted");
    assert_eq!((again.kind, again.received), (FaultKind::Interrupted, 0));
}

#[test]
fn what_cannot_be_run_is_said() {
    for (command, cwd, kind, phase) in [
        ("", "/tmp", FaultKind::Invalid, Phase::Call),
        (" \n", "/tmp", FaultKind::Invalid, Phase::Call),
        ("a\0b", "/tmp", FaultKind::Invalid, Phase::Call),
        ("pwd", "/nowhere/at/all", FaultKind::Missing, Phase::Creation),
        ("pwd", "/etc/passwd", FaultKind::Missing, Phase::Creation),
    ] {
        let deadline = Deadline::new(Instant::now(), Limit { length: Duration::from_secs(9), setting: "test".into() });
        let limits = Limits { deadline: &deadline, interrupt: &Interrupt::new().expect("an eventfd"), tap: Tap::SILENT };
        let fault = run(command, Path::new(cwd), MAX_ANSWER, &limits).expect_err(command);
        assert_eq!((fault.kind, fault.phase), (kind, phase), "{command:?}: {fault}");
    }
    let long = format!("echo {}", "x".repeat(3_000_000));
    assert_eq!(run_long(&long).expect_err("too long").kind, FaultKind::Invalid);
}

#[test]
fn many_runs_leave_no_zombie_and_no_open_file() {
    let open_files = || std::fs::read_dir("/proc/self/fd").expect("/proc").count();
    let mine = |before: usize| open_files().saturating_sub(before);
    run_long("true").expect("an answer");
    let before = open_files();
    for round in 0..200 {
        let length = if round % 4 == 0 { Duration::from_millis(5) } else { Duration::from_secs(30) };
        let command = if round % 4 == 0 { "sleep 30" } else { "exit 1" };
        let _ = run_for(command, length);
    }
    // Other tests run at the same time and hold a few files and processes of their own.
    assert!(mine(before) < 100, "{} files more", mine(before));
    assert!(zombies() < 20, "{} zombies", zombies());
}
