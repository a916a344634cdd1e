//! Testbeds: what they become, and what is said about them.

use crate::base::diagnostic::{Colour, Severity};
use crate::load::{Environment, Loaded, testbed_text};
use crate::model::testbed::Testbed;
use expect_test::{ExpectFile, expect_file};
use serde_json::json;
use std::path::Path;
use std::time::Duration;

const LAB: &str = include_str!("../pinned/testbed.yaml");

fn load(text: &str) -> Loaded<Testbed> {
    let env = Environment([("LAB_PASSWORD".to_owned(), "from-outside".to_owned())].into());
    testbed_text(text, "lab.yaml", Path::new("/lab"), &env)
}

fn said(text: &str) -> String {
    load(text).diagnostics.iter().map(|diagnostic| diagnostic.render(Colour::Plain)).collect()
}

fn messages(text: &str) -> Vec<String> {
    load(text).diagnostics.into_iter().map(|diagnostic| diagnostic.message).collect()
}

fn is(text: &str, expected: &ExpectFile) {
    expected.assert_eq(&said(text));
}

#[test]
fn a_pyats_testbed_loads() {
    let loaded = load(LAB);
    assert_eq!(loaded.diagnostics, []);
    let testbed = loaded.value.expect("testbed");
    assert_eq!((testbed.name.as_str(), &testbed.custom), ("lab", &json!({"site": "ulm", "limits": {"peers": 3}})));
    let password = |name: &str| testbed.credentials[name].password.as_ref().map(|secret| secret.reveal().to_owned());
    assert_eq!((password("default").as_deref(), password("enable").as_deref()), (Some("from-outside"), Some("12345")));
    let device = &testbed.devices["r1"];
    let attributes: Vec<_> = device.attributes.iter().map(|(name, value)| (name.as_str(), value.value.as_str())).collect();
    assert_eq!(attributes, [("type", "router"), ("os", "iosxe"), ("version", "17.10"), ("alias", "uut"), ("rack", "7")]);
    let tags: Vec<_> = device.tags.iter().map(|tag| tag.value.as_str()).collect();
    assert_eq!((tags, device.features.len()), (vec!["core", "4"], 1));
    assert_eq!(device.custom, json!({"peers": 3, "name": "x-r1-3"}));
    assert_eq!(device.max_sessions.as_ref().map(|found| found.value), Some(5));
}

#[test]
fn connections_keep_what_classes_will_check() {
    let testbed = load(LAB).value.expect("testbed");
    let device = &testbed.devices["r1"];
    assert_eq!(device.defaults.class.as_ref().map(|class| class.value.as_str()), Some("unicon.Unicon"));
    assert_eq!(device.defaults.pool_timeout.as_ref().map(|length| length.value), Some(Duration::from_secs(15)));
    let cli = &device.paths["cli"];
    assert_eq!(cli.protocol.as_ref().map(|text| text.value.as_str()), Some("ssh -oHostKeyAlgorithms=+ssh-rsa"));
    assert_eq!(
        (cli.host.as_ref().map(|host| host.value.as_str()), cli.port.as_ref().map(|port| port.value)),
        (Some("10.0.0.1"), Some(2222))
    );
    let options: Vec<_> = cli.options.iter().map(|option| option.key.value.as_str()).collect();
    assert_eq!(options, ["settings", "connection_timeout", "learn_hostname"]);
    assert_eq!(device.paths["web"].host.as_ref().map(|host| host.place.to_string()).as_deref(), Some("lab.yaml:26:47"));
}

#[test]
fn a_testbed_without_name_is_called_like_its_file() {
    assert_eq!(load("devices: {}\n").value.expect("testbed").name, "lab");
}

#[test]
fn every_kind_of_markup_is_honoured_or_refused() {
    for (value, message) in [
        ("%ENV{NOT_THERE}", "the environment variable `NOT_THERE` is not set"),
        ("%ENV{X, y}", "`%ENV{}` wants a name, and perhaps `, default=` and a value"),
        ("%ASK{}", "`%ASK{}` is not supported by this version"),
        ("%ENC{abc}", "`%ENC{}` is not supported by this version"),
        ("%CLI{x}", "`%CLI{}` is not supported by this version"),
        ("a %INTF{x}", "`%INTF{}` is not supported by this version"),
        ("%INCLUDE{x}", "`%INCLUDE{}` is not supported by this version"),
        ("%CALLABLE{a.b}", "`%CALLABLE{}` is refused: it would run code"),
        ("%ENVV{x}", "`%ENVV{}` is unknown markup"),
        ("%{testbed.custom.nope}", "`%{testbed.custom.nope}` leads nowhere: there is no `testbed`"),
        ("%{self.custom}", "`%{self.custom}` leads to itself, by way of `self.custom`"),
        ("%{self.custom.v}", "`%{self.custom.v}` leads to itself, by way of `self.custom.v`"),
        ("x%{self.os", "this markup has no `}`"),
        ("x%{self.tags}", "`%{self.tags}` is a list, and cannot be a part of a text"),
    ] {
        let text = format!("devices:\n  r1:\n    os: linux\n    tags: [a]\n    custom:\n      v: \"{value}\"\n");
        assert_eq!(messages(&text), [message], "{value}");
    }
    let text = "devices: {r1: {custom: {a: \"%ENV{NOT_THERE, default=v w}\", b: 50% {x}}}}".replace("50% {x}", "\"50% {x} %d\"");
    assert_eq!(load(&text).value.expect("testbed").devices["r1"].custom, json!({"a": "v w", "b": "50% {x} %d"}));
}

#[test]
fn a_value_that_cannot_be_had_is_complained_of_once() {
    let path =
        "{protocol: ssh, host: \"%ENV{NOT_THERE}\", port: \"%ENV{NOT_THERE}\", credentials: {default: {username: \"%{testbed.no}\"}}}";
    let loaded = load(&format!("devices: {{r1: {{os: linux, connections: {{cli: {path}}}}}}}"));
    assert_eq!(loaded.diagnostics.len(), 3, "{:?}", loaded.diagnostics);
    let cli = &loaded.remains.expect("a testbed").devices["r1"].paths["cli"];
    assert!(cli.host.is_some() && cli.credentials["default"].username.is_some(), "they are there, for those who would miss them");
}

#[test]
fn references_cannot_grow_beyond_bounds() {
    let mut text = "devices: {}\ntestbed:\n  custom:\n    x0: [1,1,1,1,1,1,1,1,1,1]\n".to_owned();
    for level in 1..12 {
        let item = format!("\"%{{testbed.custom.x{}}}\"", level - 1);
        text.push_str(&format!("    x{level}: [{}]\n", [item.as_str(); 10].join(", ")));
    }
    assert_eq!(messages(&text), ["the references in this testbed grow beyond all bounds"]);
    let mut text = "devices: {}\ntestbed:\n  custom:\n    x0: a\n".to_owned();
    for level in 1..500 {
        text.push_str(&format!("    x{level}: \"%{{testbed.custom.x{}}}\"\n", level - 1));
    }
    assert!(messages(&text).contains(&"references make this nested too deep".to_owned()));
}

#[test]
fn older_credentials_are_read_too() {
    let text = "devices:\n  r1:\n    tacacs: {username: joe, login_prompt: x}\n    passwords: {tacacs: one, enable: two, line: three}\n";
    let credentials = &load(text).value.expect("testbed").devices["r1"].credentials;
    let seen: Vec<_> = credentials
        .iter()
        .map(|(name, found)| (name.as_str(), found.username.is_some(), found.password.as_ref().map_or("", |secret| secret.reveal())))
        .collect();
    assert_eq!(seen, [("default", true, "one"), ("enable", false, "two"), ("line", false, "three")]);
}

#[test]
fn mistakes_are_said_all_at_once_and_show_no_secret() {
    is(
        "\
testbed: {name: lab, servers: {ntp: {}}}
device: {}
devices:
  r1:
    platfrom: iosxe
    interfaces: {a: 1}
    max_sessions: 0
    credentials: {default: {username: joe, pasword: hunter22, password: [hunter23]}}
    connections:
      defaults: {via: mgnt, pool_size: 2k, clas: ssh}
      mgmt: {protocol: ssh, port: 99999, ip: [a], password: hunter24}
  r2: [x]
",
        &expect_file!["../pinned/testbed_mistakes.txt"],
    );
}

#[test]
fn an_accepted_testbed_may_have_warnings() {
    let loaded = load("devices:\n  r1:\n    interfaces: {a: {}}\n    connections: {a: {host: x, learn_hostname: yes}}\n");
    assert!(loaded.value.is_some());
    assert!(loaded.diagnostics.iter().all(|diagnostic| diagnostic.severity == Severity::Warning));
    assert_eq!(loaded.diagnostics.len(), 2);
}

#[test]
fn self_means_the_device_that_the_text_belongs_to() {
    let text = "devices:\n  r1.lab:\n    os: eos\n    custom: {v: \"%{self.os}\"}\n  r2:\n    os: ios\n    custom: {v: \"%{devices.r1.lab.custom.v}\"}\n";
    assert_eq!(load(text).value.expect("testbed").devices["r2"].custom, json!({"v": "eos"}));
}

#[test]
fn a_topology_is_taken_when_it_is_one() {
    let text = "devices: {}\ntopology: {links: {l1: [x], l2: }, r1: {interfaces: 3}, r2: x}\n";
    let said = messages(text);
    let wanted = ["`l1` wants a mapping, found a list", "`interfaces` wants a mapping, found a number", "`r2` wants a mapping, found text"];
    assert_eq!(said, wanted);
}

#[test]
fn no_complaint_shows_a_secret_whatever_else_is_wrong() {
    for text in [
        "devices: {r1: {credentials: {default: {password: hunter2, password: hunter2}}}}",
        "devices: {r1: {credentials: {default: {pasword: hunter2}}}}",
        "devices: {r1: {credentials: {default: {password: {a: hunter2}}}}}",
        "devices: {r1: {credentials: {default: hunter2}}}",
        "devices: {r1: {credentials: {default: {key: a}}, passwords: {line: [hunter2]}}}",
        "devices: {r1: {connections: {a: {port: x, enable_password: !vault hunter2}}}}",
        "devices: {r1: {custom: {api_token: hunter2, a: 1, a: 2}}}",
        "devices: [password: hunter2",
        "devices: {r1: {custom: {x: &p hunter2}, port: 1, port: 2, credentials: {default: {password: *p}}}}",
        "devices: {r1: {credentials: {d: {password: \"%NO{hunter2}\"}}}}",
    ] {
        let shown = said(text);
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
