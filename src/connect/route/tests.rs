use super::{Resolved, RouteError, resolve};
use crate::base::diagnostic::{Diagnostic, Severity};
use crate::connect::class::{Class, OptionValue};
use crate::connect::classes::replay::Replay;
use crate::connect::classes::shell::Shell;
use crate::connect::fake::Fake;
use crate::connect::login::Surroundings;
use crate::connect::registry::Registry;
use crate::connect::request::Request;
use crate::connect::sketch::{credential, device, testbed, word};
use crate::model::testbed::{Device, Testbed};
use crate::model::yaml::{Entry, Kind, Yaml};
use crate::record::fault::Phase;
use indexmap::IndexMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

fn registry() -> Registry {
    let classes: [Arc<dyn Class>; 5] = [Arc::new(Shell), Arc::new(Replay::default()), Fake::ssh(), Fake::telnet(), Fake::rest()];
    Registry::new(classes).expect("five names")
}

fn resolve_in(testbed: &Testbed, device: &Device, request: &Request) -> Result<Resolved, RouteError> {
    resolve(device, testbed, request, &registry(), &Surroundings { home: Some(PathBuf::from("/home/me")), agent: None })
}

fn resolve_of(device: &Device, request: &Request) -> Result<Resolved, RouteError> {
    resolve_in(&testbed([]), device, request)
}

/// The route in short, or the errors.
fn short(resolved: &Result<Resolved, RouteError>) -> String {
    match resolved {
        Ok(Resolved { route, .. }) => {
            let ways: Vec<String> =
                route.ways.iter().map(|way| format!("{}={}", way.endpoint.subject.via, way.class.spec().name)).collect();
            format!("{} {}", route.alias, ways.join(" "))
        }
        Err(error) => errors(&error.diagnostics).join(" | "),
    }
}

fn errors(diagnostics: &[Diagnostic]) -> Vec<String> {
    diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.severity == Severity::Error)
        .map(|error| format!("{} @ {}", error.message, error.place.as_ref().map_or("", |place| place.text())))
        .collect()
}

fn via(names: &[&str]) -> Request {
    Request { via: names.iter().map(|name| (*name).to_owned()).collect(), ..Request::default() }
}

fn class(name: &str) -> Request {
    Request { class: Some(name.to_owned()), ..Request::default() }
}

const CLI: &str = "cli protocol=ssh host=h";
const CON: &str = "con protocol=telnet host=h";
const REST: &str = "rest class=rest.connector.Rest host=h";

fn check_rules<'a>(cases: impl IntoIterator<Item = (&'a str, Vec<&'a str>, Request, &'a str)>) {
    for (defaults, paths, request, expected) in cases {
        let device = device("r1", defaults, &paths);
        assert_eq!(short(&resolve_of(&device, &request)), expected, "{defaults} {paths:?} {request:?}");
    }
}

#[test]
fn the_path_is_the_argument_or_the_default_or_the_only_one() {
    check_rules([
        ("", vec![CLI], Request::default(), "default cli=ssh"),
        ("via=con", vec![CLI, CON], Request::default(), "default con=telnet"),
        ("via=con", vec![CLI, CON], via(&["cli"]), "default cli=ssh"),
        ("", vec![CLI, CON], via(&["cli", "con"]), "default cli=ssh con=telnet"),
        ("via=con,cli", vec![CLI, CON], Request::default(), "default con=telnet cli=ssh"),
        ("", vec![], Request::default(), "device `r1` has no connections @ r1"),
        ("", vec![CLI, CON], via(&["cly"]), "device `r1` has no path `cly`, there are `cli` and `con` @ r1"),
        (
            "via=x,y",
            vec![CLI],
            Request::default(),
            "device `r1` has no path `x`, there are `cli` @ x | device `r1` has no path `y`, there are `cli` @ y",
        ),
    ]);
}

#[test]
fn the_class_is_the_argument_or_the_paths_or_the_default_or_told_by_the_protocol() {
    check_rules([
        ("class=telnet", vec!["cli class=ssh protocol=telnet host=h"], class("rest"), "default cli=rest"),
        ("class=telnet", vec!["cli class=ssh protocol=telnet host=h"], Request::default(), "default cli=ssh"),
        ("class=telnet", vec!["cli protocol=ssh host=h"], Request::default(), "default cli=telnet"),
        ("", vec!["cli protocol=SSH host=h"], Request::default(), "default cli=ssh"),
        ("", vec!["cli host=h"], Request::default(), "default cli=ssh"),
        ("", vec!["local protocol=local"], Request::default(), "default local=shell"),
        ("class=unicon.Unicon", vec![CON], Request::default(), "default con=telnet"),
        ("class=unicon.Unicon", vec!["cli host=h"], Request::default(), "default cli=ssh"),
        (
            "",
            vec!["cli port=22"],
            Request::default(),
            "path `cli` says neither `class` nor `protocol`, and has no `host` to tell a class from @ cli",
        ),
        (
            "",
            vec!["cli protocol=gnmi host=h"],
            Request::default(),
            "class `gnmi` is not there in this version, and protocol `gnmi` needs it; the classes are `shell`, `replay`, `ssh`, `telnet` and `rest` @ gnmi",
        ),
        (
            "",
            vec!["cli protocol=hltapi host=h"],
            Request::default(),
            "no class speaks protocol `hltapi`, there are `shell`, `local`, `replay`, `ssh`, `telnet` and `https` @ hltapi",
        ),
        (
            "",
            vec!["cli class=shh host=h"],
            Request::default(),
            "class `shh` is unknown, there are `shell`, `replay`, `ssh`, `telnet` and `rest` @ shh",
        ),
        (
            "class=a.b.C",
            vec![CLI],
            Request::default(),
            "`a.b.C` is a Python class, which has no equal here; the classes are `shell`, `replay`, `ssh`, `telnet` and `rest` @ a.b.C",
        ),
        (
            "",
            vec!["cli command=x"],
            Request::default(),
            "class `shell` does not speak with a program that `command` spawns in this version @ x",
        ),
        (
            "",
            vec!["cli command=x protocol=unknown"],
            Request::default(),
            "class `shell` does not speak with a program that `command` spawns in this version @ x",
        ),
    ]);
}

#[test]
fn several_paths_are_told_apart_by_the_class() {
    check_rules([
        ("", vec![CLI, CON], Request::default(), "device `r1` can be reached by `cli` and `con`: nothing says which @ cli"),
        ("class=unicon.Unicon", vec![CLI, REST], Request::default(), "default cli=ssh"),
        (
            "class=unicon.Unicon",
            vec![CLI, CON, REST],
            Request::default(),
            "device `r1` can be reached by `cli` and `con`: nothing says which @ cli",
        ),
        ("class=unicon.Unicon", vec![CLI, REST], class("rest"), "default rest=rest"),
        ("", vec![CLI, CON], class("telnet"), "default con=telnet"),
        ("", vec![CLI, REST], Request::default(), "default cli=ssh"),
        ("", vec![CLI, "web protocol=https host=h"], Request::default(), "default cli=ssh"),
        ("", vec![CLI, "nc class=yang.connector.Netconf host=h"], Request::default(), "default cli=ssh"),
        ("", vec![CLI, "here class=shell"], Request::default(), "device `r1` can be reached by `cli` and `here`: nothing says which @ cli"),
        ("", vec![CLI, "x class=shh host=h"], Request::default(), "device `r1` can be reached by `cli` and `x`: nothing says which @ cli"),
        (
            "",
            vec![REST, "web protocol=https host=h"],
            Request::default(),
            "device `r1` can be reached by `rest` and `web`: nothing says which @ rest",
        ),
        ("", vec!["a class=ssh host=h", CLI], class("ssh"), "default a=ssh"),
        (
            "",
            vec!["a class=ssh host=h", "b class=ssh host=h"],
            class("ssh"),
            "device `r1` can be reached by `a` and `b`: nothing says which @ a",
        ),
        ("", vec!["a host=h", CON], class("ssh"), "default a=ssh"),
        ("", vec![CON, REST], class("ssh"), "no path of device `r1` suits class `ssh`: there are `con` and `rest` @ r1"),
    ]);
}

#[test]
fn an_alias_is_told_and_shadows_nothing() {
    for (defaults, asked, expected) in [
        ("", None, "default cli=ssh"),
        ("alias=ironman", None, "ironman cli=ssh"),
        ("alias=ironman", Some("default"), "ironman cli=ssh"),
        ("alias=ironman", Some("vty_1"), "vty_1 cli=ssh"),
        ("", Some("execute"), "`execute` cannot be an alias: it is the name of a service @ r1"),
        ("alias=get", None, "`get` cannot be an alias: it is the name of a service @ get"),
        ("", Some("destroy"), "`destroy` cannot be an alias: it is the name of an operation of the manager @ r1"),
        ("", Some(" "), "an alias is empty @ r1"),
    ] {
        let device = device("r1", defaults, &["cli protocol=ssh host=h"]);
        let request = Request { alias: asked.map(ToOwned::to_owned), ..Request::default() };
        assert_eq!(short(&resolve_of(&device, &request)), expected, "{defaults} {asked:?}");
    }
}

#[test]
fn the_size_of_a_pool_is_bounded_by_the_device() {
    for (defaults, asked, expected) in [
        ("", None, Ok(None)),
        ("pool_size=3", None, Ok(Some(3))),
        ("pool_size=3", Some(2), Ok(Some(2))),
        ("pool_size=0", None, Err("`pool_size` takes a whole number from 1 to 1000, got 0 @ 0")),
        ("max_sessions=4", Some(4), Ok(Some(4))),
        ("max_sessions=4 pool_size=5", None, Err("`pool_size` is 5, and device `r1` accepts 4 at most @ 5")),
        ("", Some(100_000), Err("`pool_size` takes a whole number from 1 to 1000, got 100000 @ r1")),
    ] {
        let device = device("r1", defaults, &["cli protocol=ssh host=h"]);
        let resolved = resolve_of(&device, &Request { pool_size: asked, ..Request::default() });
        match expected {
            Ok(size) => assert_eq!(resolved.expect(defaults).route.pool_size, size),
            Err(expected) => assert_eq!(short(&resolved), expected),
        }
    }
    let device = device("r1", "pool_timeout=5", &["cli protocol=ssh host=h"]);
    let limit = resolve_of(&device, &Request::default()).expect("a route").route.pool_timeout.expect("a limit");
    assert_eq!(limit.to_string(), "5s (`pool_timeout` at testbed.yaml:1)");
    let none = Request { pool_timeout: Some(Duration::ZERO), ..Request::default() };
    assert_eq!(resolve_of(&device, &none).expect("a route").route.pool_timeout, None);
}

#[test]
fn options_become_what_the_class_declares() {
    let path = "cli protocol=ssh host=h mode=exec keepalive=30 width=\"511\" legacy=true known_hosts=lab/hosts connection_timeout=7";
    let resolved = resolve_of(&device("r1", "os=iosxe", &[path]), &Request::default()).expect("a route");
    assert_eq!(resolved.warnings, []);
    let way = &resolved.route.ways[0];
    let options = &way.endpoint.options;
    assert_eq!((options.text("mode"), options.duration("keepalive")), (Some("exec"), Some(Duration::from_secs(30))));
    assert_eq!((options.count("width"), options.switch("legacy")), (Some(511), Some(true)));
    assert_eq!(options.text("known_hosts"), Some("lab/hosts"));
    let limit = way.connect_timeout.as_ref().expect("a limit");
    assert_eq!(limit.to_string(), "7s (`connection_timeout` at testbed.yaml:1)");
    assert_eq!((way.endpoint.os.as_str(), way.endpoint.host.as_deref()), ("iosxe", Some("h")));
    assert_eq!(way.endpoint.folder, PathBuf::from("/lab"));
}

#[test]
fn what_a_class_does_not_take_is_said() {
    for (path, expected) in [
        ("cli protocol=ssh", "path `cli` needs `host`: class `ssh` requires it @ cli"),
        ("cli protocol=replay", "path `cli` needs `recording`: class `replay` requires it @ cli"),
        ("cli protocol=ssh host=h mode=exce", "`mode` takes one of `exec` and `shell`, got text `exce` @ exce"),
        ("cli protocol=ssh host=h width=0", "`width` takes a whole number from 1, got a number `0` @ 0"),
        ("cli protocol=ssh host=h width=-1", "`width` takes a whole number from 1, got a number `-1` @ -1"),
        ("cli protocol=ssh host=h legacy=yes", "`legacy` takes `true` or `false`, got text `yes` @ yes"),
        (
            "cli protocol=ssh host=h keepalive=-3",
            "`keepalive` takes a duration such as `30s`, or a number of seconds, got a number `-3` @ -3",
        ),
        ("cli protocol=ssh host=h known_hosts=null", "`known_hosts` takes a path, got nothing @ null"),
        (
            "cli protocol=ssh host=h connection_timeout=soon",
            "`connection_timeout` takes a duration such as `30s`, or a number of seconds, got text `soon` @ soon",
        ),
        ("cli protocol=ssh host=h:22", "`h:22` holds a port beside the host @ h:22"),
        ("cli protocol=ssh host=h mode=exec mode=exec", "`mode` is said twice @ mode"),
        ("cli protocol=ssh host=h command=ncat", "class `ssh` does not speak with a program that `command` spawns in this version @ ncat"),
    ] {
        let resolved = resolve_of(&device("r1", "", &[path]), &Request::default());
        assert_eq!(short(&resolved), expected, "{path}");
        assert_eq!(resolved.expect_err(path).phase, Phase::Validation);
    }
}

#[test]
fn what_pyats_knows_and_a_class_does_not_honour_is_a_warning() {
    for (path, expected) in [
        ("cli protocol=ssh host=h settings=x", "`settings` is not honoured by class `ssh`"),
        ("cli protocol=ssh host=h learn_hostname=true", "`learn_hostname` is not honoured by class `ssh`"),
        ("cli protocol=telnet host=h ssh_options=-4", "`ssh_options` is not honoured by class `telnet`"),
        ("cli protocol=ssh host=h rack_number=7", "`rack_number` is not an option of class `ssh`, it is ignored"),
        ("cli protocol=ssh host=h keepalife=3", "`keepalife` is not an option of class `ssh`, it is ignored"),
        ("cli protocol=ssh host=h prot=22", "`prot` is not an option of class `ssh`, it is ignored"),
        ("cli protocol=ssh host=10.0.0.1/24", "`/24` is not honoured: `10.0.0.1` is connected to"),
        ("here protocol=shell host=r1", "`host` is not used: class `shell` stays on this machine"),
        ("cli protocol=telnet_-l host=h", "`-l` is not honoured by class `telnet`"),
    ] {
        let resolved = resolve_of(&device("r1", "", &[path]), &Request::default()).expect(path);
        let warnings: Vec<&str> = resolved.warnings.iter().map(|warning| warning.message.as_str()).collect();
        assert_eq!(warnings, [expected], "{path}");
    }
    let near = resolve_of(&device("r1", "", &["cli protocol=ssh host=h prot=22"]), &Request::default()).expect("a route");
    assert_eq!(near.warnings[0].hints, ["did you mean `port`?"]);
    let empty = "cli protocol=ssh host=h";
    let mut device_without = device("r1", "", &[empty]);
    let nothing = Entry { key: word("init_config_commands"), value: Yaml { place: word("[]").place, kind: Kind::List(Vec::new()) } };
    device_without.paths["cli"].options.push(nothing);
    assert_eq!(resolve_of(&device_without, &Request::default()).expect("a route").warnings, [], "nothing is sent anyway");
    let flags = "cli protocol=ssh_-p_50225 host=h ssh_options=-4";
    let resolved = resolve_of(&device("r1", "", &[flags]), &Request::default()).expect("a route");
    assert_eq!(resolved.route.ways[0].endpoint.options.text("ssh_options"), Some("-p 50225 -4"));
}

#[test]
fn flags_of_openssh_limit_how_long_opening_takes() {
    let limit = |path: &str| {
        let route = resolve_of(&device("r1", "", &[path]), &Request::default()).expect("a route").route;
        route.ways[0].connect_timeout.as_ref().map(ToString::to_string)
    };
    let flags = "cli protocol=ssh_-oConnectTimeout=9 host=h";
    assert_eq!(limit(flags).as_deref(), Some("9s (`ConnectTimeout` at testbed.yaml:1)"));
    let own = "cli protocol=ssh_-oConnectTimeout=9 host=h connection_timeout=7";
    assert_eq!(limit(own).as_deref(), Some("7s (`connection_timeout` at testbed.yaml:1)"));
    assert_eq!(limit("cli protocol=ssh_-oConnectTimeout=none host=h"), None);
}

#[test]
fn arguments_of_a_request_go_to_the_class() {
    let device = device("r1", "", &["cli protocol=ssh host=h width=80"]);
    let with = |name: &str, value| Request { options: IndexMap::from([(name.to_owned(), value)]), ..Request::default() };
    let resolved = resolve_of(&device, &with("width", OptionValue::Count(512))).expect("a route");
    assert_eq!(resolved.route.ways[0].endpoint.options.count("width"), Some(512));
    let error = resolve_of(&device, &with("widht", OptionValue::Count(512))).expect_err("unknown");
    assert_eq!(error.to_string(), "`widht` is not an option of class `ssh`");
    assert_eq!(error.diagnostics[0].hints, ["did you mean `width`?"]);
    assert_eq!(error.fault().hint.as_deref(), Some("did you mean `width`?"));
    let error = resolve_of(&device, &with("width", OptionValue::Switch(true))).expect_err("wrong kind");
    assert_eq!(error.fault().message, "`width` takes a whole number from 1");
    let replayed = Request { class: Some("replay".into()), ..with("recording", OptionValue::Text("r1.yaml".into())) };
    let resolved = resolve_of(&device, &replayed);
    assert_eq!(short(&resolved), "default cli=replay", "an argument satisfies what the class requires");
}

#[test]
fn credentials_are_looked_up_nearest_first() {
    let mut testbed = testbed([credential("default", "t", "tp"), credential("spare", "s", "sp"), credential("enable", "", "ep")]);
    let mut device = device("r1", "fallback_credentials=spare,default", &["cli protocol=ssh host=h"]);
    let names = |resolved: Resolved| -> Vec<String> {
        resolved.route.ways[0]
            .endpoint
            .logins
            .iter()
            .map(|login| format!("{}:{}", login.name, login.username.clone().unwrap_or_default()))
            .collect()
    };
    let first = |resolved: &Resolved| resolved.route.ways[0].endpoint.logins[0].clone();

    assert_eq!(names(resolve_in(&testbed, &device, &Request::default()).expect("a route")), ["default:t", "spare:s"]);
    let login = first(&resolve_in(&testbed, &device, &Request::default()).expect("a route"));
    assert_eq!(login.enable_password.expect("the enable credential").reveal(), "ep");

    device.credentials.extend([credential("default", "d", "dp")]);
    assert_eq!(names(resolve_in(&testbed, &device, &Request::default()).expect("a route")), ["default:d", "spare:s"]);
    let (name, mut nearest) = credential("default", "p", "pp");
    nearest.key_file = Some(word("~/.ssh/lab"));
    device.paths["cli"].credentials.insert(name, nearest);
    let login = first(&resolve_in(&testbed, &device, &Request::default()).expect("a route"));
    assert_eq!((login.username.as_deref(), login.key_file), (Some("p"), Some(PathBuf::from("/home/me/.ssh/lab"))));
    let homeless = resolve(&device, &testbed, &Request::default(), &registry(), &Surroundings::default());
    assert_eq!(short(&homeless), "`~/.ssh/lab` needs a home folder, and none is known @ ~/.ssh/lab");

    testbed.credentials.shift_remove("enable");
    let login = first(&resolve_in(&testbed, &device, &Request::default()).expect("a route"));
    assert_eq!(login.enable_password.expect("the default's password").reveal(), "pp");
    testbed.credentials.shift_remove("spare");
    assert_eq!(short(&resolve_in(&testbed, &device, &Request::default())), "credential `spare` is unknown @ spare");
}

#[test]
fn a_path_may_name_its_credential() {
    let testbed = testbed([credential("default", "t", "tp"), credential("netops", "n", "np")]);
    for (path, username, warning) in [
        ("cli protocol=ssh host=h login_creds=netops", "n", None),
        ("cli protocol=ssh host=h login_creds=netop", "t", Some("credential `netop` is unknown, `default` is used")),
    ] {
        let resolved = resolve_in(&testbed, &device("r1", "", &[path]), &Request::default()).expect(path);
        assert_eq!(resolved.route.ways[0].endpoint.logins[0].username.as_deref(), Some(username));
        assert_eq!(resolved.warnings.first().map(|warning| warning.message.as_str()), warning);
    }
    let none = resolve_of(&device("r1", "", &["cli protocol=ssh host=h"]), &Request::default()).expect("a route");
    assert_eq!(none.route.ways[0].endpoint.logins, []);
}

#[test]
fn a_service_is_offered_when_every_way_offers_it() {
    let device = device("r1", "via=cli,rest", &["cli protocol=ssh host=h", "rest protocol=https host=h"]);
    let route = resolve_of(&device, &Request::default()).expect("a route").route;
    assert!(route.service("execute").is_none() && route.service("get").is_none());
    assert_eq!(route.via().collect::<Vec<_>>(), ["cli", "rest"]);
    let route = resolve_of(&device, &via(&["cli"])).expect("a route").route;
    assert!(route.service("execute").is_some() && route.service("get").is_none());
}
