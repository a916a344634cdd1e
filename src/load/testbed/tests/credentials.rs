//! Credentials, and the older forms of them.

use super::{load, messages};
use crate::model::credential::Credentials;

const OLDER: &str = "is the older form of `credentials`";

/// `name username password`, for each.
fn all(credentials: &Credentials) -> Vec<String> {
    let text = |(name, found): (&String, &crate::model::credential::Credential)| {
        let username = found.username.as_ref().map_or("-", |username| username.value.as_str());
        format!("{name} {username} {}", found.password.as_ref().map_or("-", |password| password.reveal()))
    };
    credentials.iter().map(text).collect()
}

#[test]
fn older_credentials_are_read_too() {
    let text = "devices:\n  r1:\n    tacacs: {username: joe, login_prompt: x}\n    passwords: {tacacs: one, enable: two, line: three}\n";
    let loaded = load(text);
    assert_eq!(loaded.diagnostics.len(), 1);
    assert_eq!(loaded.diagnostics[0].message, format!("`tacacs` {OLDER}"));
    assert_eq!(loaded.diagnostics[0].hints, ["write `credentials: {default: {username: ..., password: ...}}`"]);
    assert_eq!(all(&loaded.value.expect("testbed").devices["r1"].credentials), ["default joe one", "enable - two", "line - three"]);
}

#[test]
fn each_older_form_means_a_credential() {
    for (general, device, expected) in [
        ("", "tacacs: {username: u}, passwords: {linux: p}", vec!["default u p", "linux - p"]),
        ("", "passwords: {enable: e}", vec!["enable - e"]),
        ("", "passwords: {enable: }", vec![]),
        ("", "tacacs: {username: u}", vec!["default u -"]),
        ("", "tacacs: {username: u}, credentials: {default: {username: v}}", vec!["default v -"]),
        ("passwords: {tacacs: far}", "tacacs: {username: near}", vec!["default near far"]),
        ("tacacs: {username: far}", "passwords: {tacacs: near, enable: e}", vec!["default far near", "enable - e"]),
        ("tacacs: {username: far}, passwords: {tacacs: far}", "os: ios", vec![]),
    ] {
        let text = format!("testbed: {{{general}}}\ndevices: {{r1: {{{device}}}}}");
        let testbed = load(&text).value.expect(&text);
        assert_eq!(all(&testbed.devices["r1"].credentials), expected, "{text}");
    }
}

#[test]
fn a_path_may_hold_its_login_itself() {
    let text = |path: &str| format!("devices: {{r1: {{connections: {{a: {{host: h, {path}}}}}}}}}");
    let own = "a `username` or `password` of the path itself is read as its credential `default`";
    let both = "`username` and `password` are not honoured here: the path has a credential `default`";
    for (path, expected, said) in [
        ("username: u, password: p", vec!["default u p"], vec![own]),
        ("username: u", vec!["default u -"], vec![own]),
        ("username: u, password: p, credentials: {default: {username: v}}", vec!["default v -"], vec![both]),
        ("credentials: {default: {username: v, password: q}}", vec!["default v q"], vec![]),
    ] {
        let loaded = load(&text(path));
        assert_eq!(loaded.diagnostics.iter().map(|found| found.message.as_str()).collect::<Vec<_>>(), said, "{path}");
        assert_eq!(all(&loaded.value.expect("a testbed").devices["r1"].paths["a"].credentials), expected, "{path}");
    }
}

#[test]
fn a_credential_keeps_what_pyats_lets_it_hold() {
    let text = "testbed: {credentials: {default: {username: u, login_prompt: 'x:', pasword: hunter22}, enable: }}\ndevices: {}";
    let loaded = load(text);
    let said: Vec<_> = loaded.diagnostics.iter().map(|found| (found.message.as_str(), found.hints.clone())).collect();
    assert_eq!(
        said,
        [
            ("`login_prompt` is not honoured: nothing here reads it", vec![]),
            ("`pasword` is not honoured: nothing here reads it", vec!["did you mean `password`?".to_owned()]),
        ]
    );
    assert!(loaded.value.is_some());
    assert_eq!(messages("testbed: {credentials: {enable: hunter2}}\ndevices: {}"), ["a credential must be a mapping, found text"]);
}

#[test]
fn every_secret_is_known_by_its_keys_and_place() {
    let text = "\
testbed:
  credentials: {default: {username: u, password: \"%ENV{LAB_PASSWORD}\"}}
  servers: {tftp: {password: two, address: 1}}
  custom: {password: open}
devices:
  r1:
    passwords: {line: 3}
    management: {credentials: {default: {api_token: [four], password_prompt: p}}}
    connections: {a: {host: h, password: five, secret: false}}
  password: {os: ios, connections: {token: {host: token.lab}}, credentials: {secret: {username: joe}}}
";
    let testbed = load(text).value.expect("a testbed");
    let known: Vec<String> = testbed.secrets.iter().map(|known| format!("{} {}", known.name, known.secret.reveal())).collect();
    assert_eq!(
        known,
        [
            "testbed.credentials.default.password at lab.yaml:2 from-outside",
            "testbed.servers.tftp.password at lab.yaml:3 two",
            "devices.r1.passwords.line at lab.yaml:7 3",
            "devices.r1.management.credentials.default.api_token at lab.yaml:8 four",
            "devices.r1.connections.a.password at lab.yaml:9 five",
        ]
    );
}
