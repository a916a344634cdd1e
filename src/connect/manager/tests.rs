mod reference;

use super::{ConnectionManager, ManagerError};
use crate::base::deadline::{Deadline, Limit};
use crate::connect::class::{Class, Limits, OptionValue};
use crate::connect::classes::shell::Shell;
use crate::connect::fake::Fake;
use crate::connect::interrupt::Interrupt;
use crate::connect::login::Surroundings;
use crate::connect::pool::Standing;
use crate::connect::registry::Registry;
use crate::connect::request::Request;
use crate::connect::route::resolve;
use crate::connect::sketch::{device, testbed};
use crate::model::testbed::Testbed;
use crate::record::call::Call;
use crate::record::fault::FaultKind;
use crate::record::tap::Tap;
use indexmap::IndexMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

const PATHS: [&str; 2] = ["cli protocol=ssh host=h", "local protocol=shell"];

struct Lab {
    testbed: Arc<Testbed>,
    fake: Arc<Fake>,
    registry: Arc<Registry>,
    manager: ConnectionManager,
}

fn lab(defaults: &str) -> Lab {
    let fake = Fake::new();
    let class: Arc<dyn Class> = fake.clone();
    let registry = Arc::new(Registry::new([class, Arc::new(Shell), Fake::telnet()]).expect("three names"));
    let mut testbed = testbed([]);
    testbed.devices.insert("r1".to_owned(), device("r1", defaults, &PATHS));
    let testbed = Arc::new(testbed);
    let manager = ConnectionManager::new(&testbed, "r1", Arc::clone(&registry), Surroundings::default()).expect("a device");
    Lab { testbed, fake, registry, manager }
}

fn limited<T>(then: impl FnOnce(&Limits<'_>) -> T) -> T {
    let deadline = Deadline::new(Instant::now(), Limit { length: Duration::from_secs(20), setting: "test".into() });
    then(&Limits { deadline: &deadline, interrupt: &Interrupt::new().expect("an eventfd"), tap: Tap::SILENT })
}

fn named(alias: &str) -> Request {
    Request { alias: Some(alias.to_owned()), ..Request::default() }
}

fn connect(lab: &Lab, request: &Request) -> Result<(), String> {
    limited(|limits| lab.manager.connect(request, limits)).map(drop).map_err(|error| error.to_string())
}

fn who(lab: &Lab, alias: &str) -> Result<String, String> {
    let call = Call::execute("who");
    limited(|limits| lab.manager.call(alias, &call, limits)).map(|answer| answer.stdout).map_err(|fault| fault.to_string())
}

#[test]
fn a_manager_is_shared_by_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<ConnectionManager>();
}

#[test]
fn connections_are_kept_by_alias_and_called_by_it() {
    let lab = lab("via=cli");
    connect(&lab, &Request::default()).expect("the default");
    connect(&lab, &Request { alias: Some("vty_1".into()), pool_size: Some(2), ..Request::default() }).expect("a pool");
    assert_eq!(lab.manager.connections().keys().collect::<Vec<_>>(), ["default", "vty_1"]);
    assert_eq!((who(&lab, "default").expect("an answer"), who(&lab, "vty_1").expect("an answer")), ("1".into(), "2".into()));
    assert_eq!(who(&lab, "vty_1").expect("the next worker"), "3");
    assert_eq!(who(&lab, "vty_2"), Err("device `r1` has no connection `vty_2`".to_owned()));
    let fault = limited(|limits| lab.manager.call("default", &Call::configure(Vec::new()), limits)).expect_err("no such service");
    assert_eq!(fault.to_string(), "r1 via cli: class `ssh` has no service `configure`, it offers `execute`");
    assert_eq!((fault.kind, lab.manager.device()), (FaultKind::Capability, "r1"));
}

#[test]
fn the_default_connection_answers_to_its_alias_and_to_default() {
    let lab = lab("via=cli alias=ironman");
    connect(&lab, &Request::default()).expect("the default");
    assert_eq!(lab.manager.connections().keys().collect::<Vec<_>>(), ["ironman"]);
    assert!(lab.manager.is_connected("default") && lab.manager.is_connected("ironman"));
    assert_eq!(who(&lab, "default"), who(&lab, "ironman"));
    lab.manager.destroy("default").expect("it is there");
    assert!(lab.manager.connections().is_empty());
}

#[test]
fn instantiate_does_not_connect_and_connect_uses_what_is_there() {
    let lab = lab("via=cli");
    let handle = lab.manager.instantiate(&Request::default()).expect("an object");
    assert_eq!((handle.standing(), lab.fake.opened()), (Standing::Instantiated, 0));
    assert_eq!(who(&lab, "default"), Err("r1 via cli: connection `default` is not connected".to_owned()));
    handle.set_option("width", &OptionValue::Count(511)).expect("an option");
    connect(&lab, &Request::default()).expect("it connects");
    connect(&lab, &Request::default()).expect("nothing to do");
    assert_eq!((handle.standing(), lab.fake.opened()), (Standing::Connected, 1));
    assert_eq!(handle.route().ways[0].endpoint.options.count("width"), Some(511));
}

#[test]
fn an_alias_that_contradicts_is_an_error() {
    let lab = lab("via=cli");
    connect(&lab, &Request::default()).expect("it connects");
    let via = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    for (request, expected) in [
        (Request { class: Some("ssh".into()), via: via(&["cli"]), ..Request::default() }, Ok(())),
        (Request { class: Some("unicon.Unicon".into()), ..Request::default() }, Ok(())),
        (
            Request { via: via(&["local"]), ..Request::default() },
            Err("connection `default` exists with via `cli`, and `local` was asked for"),
        ),
        (
            Request { class: Some("telnet".into()), ..Request::default() },
            Err("connection `default` exists with class `ssh`, and `telnet` was asked for"),
        ),
        (
            Request { class: Some("tellnet".into()), ..Request::default() },
            Err("class `tellnet` is unknown, there are `ssh`, `shell` and `telnet`"),
        ),
        (
            Request { pool_size: Some(2), ..Request::default() },
            Err("connection `default` exists with pool_size unset, and 2 was asked for"),
        ),
        (
            Request { pool_timeout: Some(Duration::from_secs(2)), ..Request::default() },
            Err("connection `default` exists with pool_timeout 0ms, and 2s was asked for"),
        ),
        (
            Request { options: IndexMap::from([("width".to_owned(), OptionValue::Count(80))]), ..Request::default() },
            Err("connection `default` exists with width unset or otherwise, and a value of its own was asked for"),
        ),
    ] {
        assert_eq!(connect(&lab, &request), expected.map_err(str::to_owned), "{request:?}");
    }
    assert_eq!(lab.fake.opened(), 1);
}

#[test]
fn a_connection_that_fails_stays_unconnected_and_can_be_tried_again() {
    let lab = lab("via=cli pool_size=3");
    lab.fake.broken.store(2, Ordering::SeqCst);
    assert_eq!(connect(&lab, &Request::default()), Err("r1 via cli: worker 2 of 3: authentication was refused".to_owned()));
    assert!(!lab.manager.is_connected("default") && lab.manager.connection("default").is_some());
    connect(&lab, &Request::default()).expect("the second time");
    assert_eq!(lab.fake.open(), 3);
    assert_eq!(connect(&lab, &named("execute")), Err("`execute` cannot be an alias: it is the name of a service".to_owned()));
    assert!(lab.manager.connection("execute").is_none());
}

#[test]
fn disconnect_changes_state_and_destroy_forgets() {
    let lab = lab("via=cli");
    for alias in ["default", "never_made"] {
        lab.manager.disconnect(alias).expect("no error");
        lab.manager.destroy(alias).expect("no error");
        assert!(!lab.manager.is_connected(alias));
    }
    connect(&lab, &Request::default()).expect("it connects");
    lab.manager.disconnect("default").expect("it disconnects");
    assert!(!lab.manager.is_connected("default"));
    assert_eq!(who(&lab, "default"), Err("r1 via cli: connection `default` was disconnected".to_owned()));
    connect(&lab, &Request::default()).expect("it connects again");
    assert_eq!(who(&lab, "default"), Ok("2".to_owned()));
    let handle = lab.manager.connection("default").expect("it is there");
    lab.manager.destroy("default").expect("it is destroyed");
    assert_eq!((handle.standing(), lab.manager.connections().len(), lab.fake.open()), (Standing::Destroyed, 0, 0));
    connect(&lab, &Request::default()).expect("a new one");
    assert_eq!(who(&lab, "default"), Ok("3".to_owned()));
}

#[test]
fn is_connected_sees_a_connection_that_died() {
    let lab = lab("via=cli");
    connect(&lab, &Request::default()).expect("it connects");
    let call = Call::execute("die");
    limited(|limits| lab.manager.call("default", &call, limits)).expect_err("lost");
    assert!(!lab.manager.is_connected("default"));
    assert_eq!(who(&lab, "default"), Ok("2".to_owned()), "it is replaced");
    assert!(lab.manager.is_connected("default"));
}

#[test]
fn all_connections_are_reached_even_when_one_fails() {
    for destroy in [false, true] {
        let lab = lab("via=cli");
        for alias in ["a", "b", "c"] {
            connect(&lab, &named(alias)).expect(alias);
        }
        let call = Call::execute("panic later");
        limited(|limits| lab.manager.call("b", &call, limits)).expect("an answer");
        let error = if destroy { lab.manager.destroy_all() } else { lab.manager.disconnect_all() }.expect_err("one fails");
        let expected = "1 connection failed: b: r1 via cli: class `ssh` panicked while it closed the connection";
        assert_eq!(error.to_string(), expected);
        assert_eq!(lab.fake.open(), 0);
        assert_eq!(lab.manager.connections().len(), if destroy { 0 } else { 3 });
        assert!(["a", "b", "c"].iter().all(|alias| !lab.manager.is_connected(alias)));
    }
}

#[test]
fn a_scoped_connection_is_always_closed() {
    let lab = lab("via=cli");
    let scoped = limited(|limits| lab.manager.connect_scoped(&named("short"), limits)).expect("it connects");
    assert!(scoped.is_connected() && lab.manager.is_connected("short"));
    drop(scoped);
    assert_eq!((lab.manager.connections().len(), lab.fake.open()), (0, 0));
    lab.fake.broken.store(2, Ordering::SeqCst);
    assert!(limited(|limits| lab.manager.connect_scoped(&named("short"), limits)).is_err());
    assert_eq!((lab.manager.connections().len(), lab.fake.open()), (0, 0));
}

#[test]
fn a_manager_does_not_keep_its_testbed() {
    let Lab { testbed, registry, manager, .. } = lab("via=cli");
    let resolved = resolve(&testbed.devices["r1"], &testbed, &named("planned"), &registry, &Surroundings::default()).expect("a route");
    assert_eq!(Arc::strong_count(&testbed), 1);
    assert!(ConnectionManager::new(&testbed, "r2", registry, Surroundings::default()).is_err());
    drop(testbed);
    let error = manager.instantiate(&Request::default()).expect_err("the testbed is gone");
    assert_eq!(error, ManagerError::NoDevice { device: "r1".to_owned(), near: None });
    let pool = manager.install(resolved.route);
    limited(|limits| pool.connect(limits)).expect("a planned route needs no testbed");
    assert!(manager.is_connected("planned"));
}

#[test]
fn options_that_a_file_wrote_replace_the_paths_own_and_must_not_contradict() {
    let lab = lab("via=cli");
    let ask = |words: &str| {
        let path = device("other", "", &[&format!("p {words}")]).paths.swap_remove("p").expect("a path");
        lab.manager.instantiate(&Request { written: path.options, ..named("v") }).map_err(|error| error.to_string())
    };
    let pool = ask("width=4 keepalive=5s connection_timeout=3s").expect("good options");
    let way = pool.route().ways[0].clone();
    assert_eq!(way.endpoint.options.count("width"), Some(4));
    assert_eq!(way.endpoint.options.duration("keepalive"), Some(Duration::from_secs(5)));
    assert_eq!(way.connect_timeout.map(|limit| limit.length), Some(Duration::from_secs(3)));
    assert!(ask("width=4").is_ok(), "the same again");
    let contradicts =
        |name: &str| Some(format!("connection `v` exists with {name} unset or otherwise, and a value of its own was asked for"));
    for (words, name) in [("width=5", "width"), ("connection_timeout=4s", "connection_timeout"), ("legacy=true", "legacy")] {
        assert_eq!(ask(words).err(), contradicts(name), "{words}");
    }
}

#[test]
fn options_of_a_job_carry_units_and_are_numbers_where_they_count() {
    for (words, said) in [
        ("keepalive=5", "`keepalive`: `5` has no unit: write `5s`"),
        ("connection_timeout=5", "`connection_timeout`: `5` has no unit: write `5s`"),
        ("width=\"4\"", "`width` takes a whole number from 1, got text `4`"),
        ("widht=4", "`widht` is not an option of class `ssh`"),
        ("pool_sise=4", "`pool_sise` is not an option of class `ssh`"),
    ] {
        let lab = lab("via=cli");
        let path = device("other", "", &[&format!("p {words}")]).paths.swap_remove("p").expect("a path");
        let refused = lab.manager.instantiate(&Request { written: path.options, ..named("v") });
        assert_eq!(refused.map(drop).map_err(|error| error.to_string()), Err(said.to_owned()), "{words}");
    }
}
