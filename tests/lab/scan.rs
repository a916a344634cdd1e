//! `runner devices --scan-keys` and `runner connect-check` against OpenSSH's server.

use crate::program::Program;
use crate::sshd::{Sshd, keygen};
use expect_test::expect;
use std::net::TcpListener;
use std::process::Output;

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

/// A testbed of one server under two names, and one that is not there.
fn lab(sshd: &Sshd, more: &str) -> Program {
    let port = sshd.port;
    let key = sshd.user_key().display().to_string();
    let ssh = format!("protocol: ssh, host: 127.0.0.1, port: {port}, host_keys: strict, known_hosts: known_hosts");
    let testbed = format!(
        "testbed: {{credentials: {{default: {{username: root, key_file: {key}}}}}}}\ndevices:\n  \
         r1: {{os: linux, connections: {{cli: {{{ssh}}}}}}}\n  r2: {{os: linux, connections: {{cli: {{{ssh}}}}}}}\n{more}"
    );
    Program::new(&testbed, "job: unused\n")
}

fn scan(program: &Program) -> Output {
    program.again(&["devices", "testbed.yaml", "--scan-keys"])
}

#[test]
fn every_type_of_host_key_is_collected_and_what_was_collected_is_trusted() {
    let keys = tempfile::tempdir().expect("a folder");
    let ecdsa = keys.path().join("ecdsa");
    keygen(&["-q", "-t", "ecdsa", "-N", "", "-f"], &ecdsa);
    let sshd = Sshd::start_with(&format!("HostKey {}", ecdsa.display()));
    let program = lab(&sshd, "");
    let refused = program.again(&["connect-check", "testbed.yaml", "--quiet"]);
    assert_eq!(refused.status.code(), Some(3), "nothing can be accepted, so nothing is opened");
    assert!(text(&refused.stderr).contains("--scan-keys` collects host keys into it"), "{}", text(&refused.stderr));
    let scanned = scan(&program);
    assert_eq!((text(&scanned.stderr).as_str(), scanned.status.code()), ("", Some(0)));
    let said = text(&scanned.stdout);
    for kind in ["ed25519", "rsa"] {
        assert!(said.contains(&sshd.fingerprint(kind)), "{said}");
    }
    let said = said.replace(&sshd.port.to_string(), "PORT");
    let shown = regex::Regex::new("SHA256:[A-Za-z0-9+/]{43}").expect("a pattern").replace_all(&said, "SHA256:-").into_owned();
    expect![[r#"
        known_hosts
        HOST               TYPE                 FINGERPRINT                                         IN THE FILE
        [127.0.0.1]:PORT  ecdsa-sha2-nistp256  SHA256:-  added
        [127.0.0.1]:PORT  ssh-ed25519          SHA256:-  added
        [127.0.0.1]:PORT  ssh-rsa              SHA256:-  added
    "#]]
    .assert_eq(&shown);
    let file = std::fs::read_to_string(program.path("known_hosts")).expect("a file");
    assert!(file.lines().is_sorted() && file.lines().count() == 3, "{file}");
    for kind in ["ed25519", "rsa"] {
        assert!(file.contains(&sshd.host_key(kind)), "{file}");
    }
    let again = scan(&program);
    assert_eq!(again.status.code(), Some(0));
    assert_eq!(text(&again.stdout).matches("known\n").count(), 3, "{}", text(&again.stdout));
    assert_eq!(std::fs::read_to_string(program.path("known_hosts")).expect("a file"), file, "what is known is not written again");
    let reached = program.again(&["connect-check", "testbed.yaml", "--quiet"]);
    assert_eq!((reached.status.code(), text(&reached.stdout).as_str()), (Some(0), "reached: 2 of 2\n"), "{}", text(&reached.stderr));
}

#[test]
fn a_changed_key_is_never_replaced_and_names_its_line() {
    let (sshd, other) = (Sshd::start(), Sshd::start());
    let program = lab(&sshd, "");
    let line = format!("# of the lab\n[127.0.0.1]:{} {}\n", sshd.port, other.host_key("ed25519"));
    program.write("known_hosts", &line);
    let scanned = scan(&program);
    assert_eq!(scanned.status.code(), Some(1));
    let said = text(&scanned.stderr);
    assert!(said.contains("line 2 of `known_hosts` holds ssh-ed25519 ") && said.contains(&other.fingerprint("ed25519")), "{said}");
    assert!(said.contains(&sshd.fingerprint("ed25519")), "{said}");
    assert!(text(&scanned.stdout).contains("left out"), "{}", text(&scanned.stdout));
    assert_eq!(std::fs::read_to_string(program.path("known_hosts")).expect("a file"), line, "nothing was written");
    let refused = program.again(&["connect-check", "testbed.yaml", "--quiet"]);
    assert!(text(&refused.stdout).contains("host key not accepted (changed): r1, r2\n"), "{}", text(&refused.stdout));
}

#[test]
fn a_server_that_is_not_there_is_told_and_the_others_are_kept() {
    let sshd = Sshd::start();
    let closed = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port();
    let more = format!(
        "  gone: {{connections: {{cli: {{protocol: ssh, host: 127.0.0.1, port: {closed}}}}}}}\n  here: {{connections: {{a: {{class: shell}}}}}}\n"
    );
    let program = lab(&sshd, &more);
    let file = program.path("elsewhere/keys");
    let scanned = program.again(&["devices", "testbed.yaml", "--scan-keys", "--known-hosts", "elsewhere/keys", "--timeout", "10s"]);
    assert_eq!(scanned.status.code(), Some(4), "{}", text(&scanned.stderr));
    assert_eq!(text(&scanned.stderr), format!("gone: cannot connect to 127.0.0.1:{closed}: connection refused\n"));
    assert_eq!(std::fs::read_to_string(file).expect("a file").lines().count(), 2);
    let only_here = program.again(&["devices", "testbed.yaml", "--scan-keys", "--device", "here"]);
    assert_eq!(only_here.status.code(), Some(5), "{}", text(&only_here.stderr));
}

#[test]
fn refused_credentials_are_told_apart_and_lead_to_the_line_that_names_them() {
    let sshd = Sshd::start();
    let wrong = format!("connections: {{cli: {{protocol: ssh, host: 127.0.0.1, port: {}, host_keys: 'off'}}}}", sshd.port);
    let more = format!("  r3: {{credentials: {{default: {{username: root, password: no-such-secret}}}}, {wrong}}}\n");
    let program = lab(&sshd, &more);
    let output = program.again(&["connect-check", "testbed.yaml", "--quiet", "--device", "r3"]);
    expect![[r#"
        reached: 0 of 1
        credentials refused: r3
          `runner devices testbed.yaml --explain r3` says which credential was used and where it stands
    "#]]
    .assert_eq(&text(&output.stdout));
    assert_eq!(output.status.code(), Some(4));
    assert!(!text(&output.stderr).contains("no-such-secret"));
}
