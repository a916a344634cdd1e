//! Testbeds: what they become, and what is said about them.

mod credentials;
mod given;
mod topology;

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
        ("%ENV{X, defautl=y}", "`%ENV{}` wants a name, and perhaps `, default=` and a value"),
        ("%ENV{}", "`%ENV{}` wants a name, and perhaps `, default=` and a value"),
        ("%ASK{}", "`%ASK{}` has no answer: there is no terminal to ask on"),
        ("%ENC{abc}", "`%ENC{}` is not supported by this version: only pyATS, with the key of its own configuration, can decode it"),
        ("%CLI{x}", "the variable `x` is not given on the command line"),
        ("a %INTF{x}", "device `r1` has no interface with the alias `x` under `topology`"),
        ("a %INCLUDE{x}", "`%INCLUDE{}` must name a file, and must be the whole value"),
        ("%INCLUDE{}", "`%INCLUDE{}` must name a file, and must be the whole value"),
        ("%INCLUDE{x}", "`x` cannot be read: there is no such file"),
        ("%EXTEND_LIST{self.os}", "`%EXTEND_LIST{}` wants lists, and `self.os` is text"),
        ("%{}", "`%{}` names nothing"),
        ("%{self.os.keys()}", "`%{self.os.keys()}` wants the keys of text"),
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
fn keys_of_the_users_own_are_data_and_slips_are_warned_of() {
    let text = "\
testbed: {name: lab, alias: l, servers: {ntp: {address: 10.0.0.9}}, network: {vlan: 5}, rack: 7, credentails: {}}
x-anchors: &a {os: ios}
devices:
  r1:
    <<: *a
    name: r1
    clean: {image: x}
    hardware: [1]
    logical: false
    conections: {}
  r2: {name: r3, class: my.Device, password: hunter22, interfaces: {}}
extra: 1
";
    let loaded = load(text);
    let said: Vec<_> = loaded.diagnostics.iter().map(|found| (found.severity, found.message.as_str(), found.hints.len())).collect();
    let warned = |message, hints| (Severity::Warning, message, hints);
    assert_eq!(
        said,
        [
            warned("`credentails` is kept as data, and nothing here reads it", 1),
            warned("`conections` is kept as data, and nothing here reads it", 1),
            warned("`name` is not honoured: the device is called `r2`, like its key", 0),
            warned("`class` of a device is not honoured: it would name a Python class", 1),
            warned("`password` is not honoured here: nothing here reads it", 1),
            warned("`interfaces` is not honoured here: nothing here reads it", 1),
            warned("`extra` is not honoured: nothing here reads it", 0),
        ]
    );
    let testbed = loaded.value.expect("a testbed");
    let data = |data: &serde_json::Map<String, serde_json::Value>| serde_json::Value::Object(data.clone());
    let own = json!({"alias": "l", "servers": {"ntp": {"address": "10.0.0.9"}}, "network": {"vlan": 5}, "rack": 7, "credentails": {}});
    assert_eq!(data(&testbed.data), own);
    let device = &testbed.devices["r1"];
    assert_eq!(data(&device.data), json!({"clean": {"image": "x"}, "hardware": [1], "conections": {}}));
    let names: Vec<&str> = device.attributes.keys().map(String::as_str).collect();
    assert_eq!(names, ["os", "logical"]);
    assert!(testbed.devices["r2"].attributes.is_empty());
    assert_eq!(testbed.secrets.len(), 1, "what is not read is a secret all the same");
}

#[test]
fn a_value_that_stands_twice_counts_once_and_a_block_may_not() {
    let loaded = load("devices: {r1: {os: ios, connections: {a: {protocol: ssh, ip: h, protocol: telnet, protocol: netconf}}}}");
    let said: Vec<_> = loaded.diagnostics.iter().map(|found| found.message.as_str()).collect();
    assert_eq!(said, ["`protocol` stands here again, and this one counts", "`protocol` stands here again, and this one counts"]);
    let protocol = loaded.value.expect("a testbed").devices["r1"].paths["a"].protocol.clone();
    assert_eq!(protocol.map(|protocol| protocol.value).as_deref(), Some("netconf"));
    assert_eq!(messages("devices: {r1: {os: ios}, r2: {}, r1: {os: eos}}"), ["`r1` stands here a second time"]);
    let many = (0..20).map(|index| format!("k{index}: {index}")).collect::<Vec<_>>().join(", ");
    let text = format!("devices: {{r1: {{{many}, k3: a, k3: b, k4: {{}}}}}}");
    assert_eq!(
        messages(&text),
        ["`k3` stands here again, and this one counts", "`k3` stands here again, and this one counts", "`k4` stands here a second time"]
    );
}

#[test]
fn a_slip_at_the_top_is_an_error() {
    for key in ["device", "testbeds", "topologi", "extend"] {
        let found = load(&format!("devices: {{}}\n{key}: {{}}")).diagnostics.remove(0);
        assert_eq!((found.severity, found.message), (Severity::Error, format!("a testbed has no key `{key}`")));
        assert_eq!(found.hints.len(), 1);
    }
}

#[test]
fn a_key_without_a_value_says_nothing() {
    let text = "testbed: {servers: , credentials: {enable: }}\ndevices: {r1: {os: , connections: {a: {protocol: ssh, host: h, settings: , arguments: {mit: }}}}, r2: }\nextends:\n";
    let loaded = load(text);
    assert_eq!(loaded.diagnostics, []);
    let testbed = loaded.value.expect("a testbed");
    assert!(testbed.credentials.is_empty() && testbed.devices["r1"].paths["a"].options.is_empty());
    assert_eq!(testbed.devices.len(), 2);
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
