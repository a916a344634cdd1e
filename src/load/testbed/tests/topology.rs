//! Interfaces and links.

use super::{load, messages};
use serde_json::json;

const LAB: &str = "\
devices: {r1: {}, r2: {alias: two}, r3: {}}
topology:
  links:
    core: {alias: c, cost: 10}
    spare:
  r1:
    interfaces:
      Eth0: {alias: up, type: ethernet, link: core, ipv4: 10.0.0.1/30}
      Lo0:
  r2:
    interfaces:
      Eth0: {link: core}
      Eth1: {link: rest, mtu: 9000}
  r3: {interfaces: {Eth0: {link: rest}}}
";

#[test]
fn interfaces_know_their_peers_and_links_their_ends() {
    let loaded = load(LAB);
    assert_eq!(loaded.diagnostics, [], "links need not be listed");
    let testbed = loaded.value.expect("a testbed");
    let interfaces = &testbed.devices["r1"].interfaces;
    let eth0 = json!({
        "name": "Eth0", "alias": "up", "type": "ethernet", "link": "core", "ipv4": "10.0.0.1/30", "ipv6": null,
        "peers": [{"device": "r2", "interface": "Eth0"}],
    });
    assert_eq!(interfaces["Eth0"], eth0);
    let lo0 = json!({"name": "Lo0", "alias": "Lo0", "type": null, "link": null, "ipv4": null, "ipv6": null, "peers": []});
    assert_eq!(interfaces["Lo0"], lo0);
    assert_eq!(testbed.devices["r2"].interfaces["Eth1"]["mtu"], json!(9000));
    let ends = |link: &str| testbed.links[link]["interfaces"].clone();
    assert_eq!(ends("core"), json!([{"device": "r1", "interface": "Eth0"}, {"device": "r2", "interface": "Eth0"}]));
    assert_eq!((ends("spare"), &testbed.links["core"]["cost"]), (json!([]), &json!(10)));
    assert_eq!(ends("rest").as_array().map(Vec::len), Some(2));
}

#[test]
fn what_a_topology_names_in_vain_is_said() {
    for (topology, said) in [
        ("r4: {interfaces: {}}", vec!["`topology` names the device `r4`, which is not in `devices`"]),
        ("two: {interfaces: {}}", vec!["`two` is the alias of device `r2`, whose name belongs here"]),
        (
            "links: {l1: }, r1: {interfaces: {e: {link: l2}, f: {link: l1}, g: {link: [x]}}}",
            vec!["the link `l2` is not under `links`, and has no other end", "`link` wants text, found a list"],
        ),
        ("r1: {interfaces: {e: {link: alone}}}", vec![]),
    ] {
        assert_eq!(messages("devices: {r1: [x]}\ntopology: {r1: {interfaces: {}}}"), ["a device must be a mapping, found a list"]);
        assert_eq!(messages(&format!("devices: {{r1: {{}}, r2: {{alias: two}}}}\ntopology: {{{topology}}}")), said, "{topology}");
    }
}

#[test]
fn a_link_of_many_ends_costs_no_more_than_its_ends() {
    let lines = |line: fn(usize) -> String| (0..300).map(line).collect::<Vec<String>>().join("\n");
    let devices = lines(|index| format!("  d{index}: {{}}"));
    let ends = lines(|index| format!("  d{index}: {{interfaces: {{e: {{link: flat}}}}}}"));
    let testbed = load(&format!("devices:\n{devices}\ntopology:\n{ends}\n")).value.expect("a testbed");
    assert_eq!(testbed.links["flat"]["interfaces"].as_array().map(Vec::len), Some(300));
    assert_eq!(testbed.devices["d7"].interfaces["e"]["peers"], json!([]), "the link lists them");
}

#[test]
fn an_interface_is_named_by_its_alias() {
    let text = "\
devices: {r1: {custom: {a: \"%INTF{up}\", b: \"x %INTF{Lo0}\", all: \"%{topology.r1.interfaces.keys()}\"}}}
topology: {r1: {interfaces: {Eth0: {alias: up}, Lo0: }}}
";
    assert_eq!(load(text).value.expect("a testbed").devices["r1"].custom, json!({"a": "Eth0", "b": "x Lo0", "all": ["Eth0", "Lo0"]}));
    let text = "testbed: {custom: {a: \"%INTF{up}\"}}\ndevices: {}";
    assert_eq!(messages(text), ["`%INTF{}` is an interface of a device, but this does not stand in one"]);
    let text = text
        .replace("{}", "{r1: {custom: {a: \"%INTF{upp}\"}}}\ntopology: {r1: {interfaces: {e: {alias: up}}}}")
        .replace("testbed: {custom: {a: \"%INTF{up}\"}}", "");
    assert_eq!(load(&text).diagnostics[0].hints, ["did you mean `up`?"]);
}

#[test]
fn a_topology_is_taken_when_it_is_one() {
    let text = "devices: {r1: {}, r2: }\ntopology: {links: {l1: [x], l2: }, r1: {interfaces: 3}, r2: x}\n";
    let said = messages(text);
    let wanted = ["`l1` wants a mapping, found a list", "`interfaces` wants a mapping, found a number", "`r2` wants a mapping, found text"];
    assert_eq!(said, wanted);
}
