//! Transcripts of runs against OpenSSH's server.

use crate::program::Program;
use crate::sshd::{LabUser, Sshd};

#[test]
fn a_transcript_tells_what_each_worker_of_a_pool_sent_and_got_and_how_it_ended() {
    let (sshd, user) = (Sshd::start(), LabUser::add());
    let testbed = format!(
        "devices:
  r1:
    os: linux
    credentials: {{default: {{username: {}, password: {}}}}}
    connections:
      defaults: {{pool_size: 3}}
      cli: {{protocol: ssh, host: 127.0.0.1, port: {}, known_hosts: known_hosts}}
",
        user.name, user.password, sshd.port
    );
    let (first, second) = user.password.split_at(user.password.len() / 2);
    let job = format!(
        r#"
job: transcripts
testbed: testbed.yaml
tests:
  - name: side by side
    devices: r1
    steps:
      - {{parallel: true, execute: ["echo one; echo two >&2", "seq 1 20000", "printf 'se%s' {first}; sleep 0.2; echo {second}cret"]}}
  - {{name: hangs, devices: r1, steps: [{{execute: "printf 'login: '; sleep 600", timeout: 2s}}]}}
  - {{name: dropped, devices: r1, steps: [{{execute: "echo half of it; sleep 1; kill -9 $PPID; sleep 600"}}]}}
  - {{name: still there, devices: r1, steps: [{{execute: "echo again"}}]}}
"#
    );
    let program = Program::new(&testbed, &job);
    let left = program.run(&["-o", "out"]);
    assert_eq!(left.status, Some(4), "{}", left.said);
    let transcript = std::fs::read_to_string(program.path("out/transcripts/r1.log")).expect("a transcript");
    let of = |worker: u32| -> Vec<&str> {
        let label = format!(" default#{worker} ");
        transcript.lines().filter_map(|line| line.split_once(&label).map(|(_, rest)| rest)).collect()
    };
    for worker in 1..=3 {
        assert_eq!(of(worker)[..2], ["= opening via cli (class ssh)", "= open"], "{transcript}");
    }
    let workers = [1, 2, 3].map(of);
    let counted = workers.iter().find(|lines| lines.contains(&"> seq 1 20000")).expect("a worker counts");
    // A number may have come in two pieces, and another worker's line between them.
    let numbers: String = counted.iter().filter_map(|line| line.strip_prefix("< ").or(line.strip_prefix("<+"))).collect();
    let expected: String = (1..=20_000).map(|number| number.to_string()).collect();
    assert!(numbers.contains(&expected), "every number, in order");
    let spoke = workers.iter().find(|lines| lines.contains(&"> echo one; echo two >&2")).expect("a worker speaks");
    assert!(spoke.contains(&"< one") && spoke.contains(&"! two"), "{spoke:?}");
    let told = |words: &str| transcript.lines().any(|line| line.contains(words));
    for words in [
        "********cret",
        "< login: ",
        "= no answer, and the connection is over: waiting for the end of the command timed out after 2s (`timeout` at job.yaml:9)",
        "< half of it",
        "< again",
    ] {
        let about: Vec<&str> = transcript.lines().filter(|line| !line.contains(" < 1")).take(400).collect();
        assert!(told(words), "{words} in {about:#?}");
    }
    assert!(!transcript.contains(&user.password), "the password is nowhere");
    assert_eq!(left.case("hangs [r1]").kind, "runner.timeout");
    assert_eq!(left.junit.matches("[[ATTACHMENT|out/transcripts/r1.log]]").count(), 2, "{}", left.junit);
}
