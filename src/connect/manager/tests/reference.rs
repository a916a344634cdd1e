//! What the reference of pyATS's `ConnectionManager` promises, one behaviour after the other, as a program would use it.

use crate::connect::class::{Class, OptionValue};
use crate::connect::fake::Fake;
use crate::connect::lab::{Device, Lab};
use crate::connect::login::Surroundings;
use crate::connect::manager::ManagerError;
use crate::connect::registry::Registry;
use crate::connect::request::Request;
use crate::connect::sketch::{device, testbed};
use crate::record::fault::{FaultKind, Phase};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

/// A lab of two devices, `r1` with these defaults, and the class that serves them.
fn lab(defaults: &str) -> (Lab, Arc<Fake>) {
    let fake = Fake::new();
    let class: Arc<dyn Class> = fake.clone();
    let registry = Registry::new([class, Fake::telnet(), Fake::rest()]).expect("three names");
    let mut testbed = testbed([]);
    let paths = ["cli protocol=ssh host=h", "mgmt protocol=ssh host=m", "con protocol=telnet host=c", "api protocol=https host=a"];
    for (name, defaults) in [("r1", defaults), ("r2", "via=cli")] {
        testbed.devices.insert(name.to_owned(), device(name, defaults, &paths));
    }
    (Lab::new(testbed, registry, &Surroundings::default()).expect("a lab"), fake)
}

fn any() -> Request {
    Request::default()
}

/// The aliases there are, each with its paths and class.
fn made(device: &Device<'_>) -> Vec<String> {
    let connections = device.manager().connections();
    let told = connections.iter().map(|(alias, pool)| {
        let route = pool.route();
        format!("{alias} {} {}", route.via().collect::<Vec<_>>().join(","), route.subject().class)
    });
    told.collect()
}

type Behaviour = fn(&Device<'_>, &Fake);

/// Each behaviour: what is promised, the defaults of the device, and what shows it.
const TABLE: &[(&str, &str, Behaviour)] = &[
    ("each device has a manager of its own", "via=cli", |r1, _| {
        r1.connect(&any()).expect("connected");
        let r2 = r1.lab.device("r2").expect("a device");
        assert_eq!((r1.manager().device(), r2.manager().device()), ("r1", "r2"));
        assert!(r1.is_connected("default") && !r2.is_connected("default") && made(&r2).is_empty());
    }),
    ("without an alias, the alias is `default`", "via=cli", |r1, _| {
        r1.connect(&any()).expect("connected");
        assert_eq!(made(r1), ["default cli ssh"]);
    }),
    ("`defaults.alias`, `.via` and `.class` change the defaults", "alias=ironman via=con class=telnet", |r1, _| {
        r1.connect(&any()).expect("connected");
        assert_eq!(made(r1), ["ironman con telnet"]);
        assert!(r1.is_connected("default"), "it answers to `default` as well");
    }),
    ("a connection is kept under its alias and by its path", "via=cli", |r1, _| {
        r1.connect(&any().alias("vty_1").via(["mgmt"])).expect("connected");
        assert_eq!(made(r1), ["vty_1 mgmt ssh"]);
        assert!(!r1.is_connected("default"), "the default is not made on the way");
    }),
    ("a path must be defined", "via=cli", |r1, fake| {
        let error = r1.connect(&any().via(["mgnt"])).expect_err("no such path");
        assert_eq!(error.to_string(), "device `r1` has no path `mgnt`, there are `cli`, `mgmt`, `con` and `api`");
        assert_eq!((made(r1).len(), fake.opened()), (0, 0));
    }),
    ("without a path the class chooses, where that is no guess", "class=rest", |r1, _| {
        let request = any().alias("web");
        r1.instantiate(&request).expect("the one path of that class");
        assert_eq!(made(r1), ["web api rest"]);
        let error = r1.instantiate(&any().class("ssh")).expect_err("two suit");
        assert_eq!(error.to_string(), "device `r1` can be reached by `cli` and `mgmt`: nothing says which");
    }),
    ("a class can be asked for", "via=cli", |r1, _| {
        r1.connect(&any().class("telnet").alias("t").via(["con"])).expect("connected");
        assert_eq!(made(r1), ["t con telnet"]);
    }),
    ("services are called on the default, or on an alias", "via=cli", |r1, _| {
        r1.connect(&any()).expect("connected");
        r1.connect(&any().alias("vty_1")).expect("connected");
        let by = |alias| r1.connection(alias).expect("made").execute("who").expect("an answer").stdout;
        assert_eq!(r1.execute("who").expect("an answer").stdout, by("default"));
        assert_eq!((by("default"), by("vty_1")), ("1".into(), "2".into()));
    }),
    ("`instantiate` makes the object, keeps it and does not connect", "via=cli", |r1, fake| {
        let handle = r1.instantiate(&any()).expect("made");
        assert_eq!((made(r1).len(), fake.opened(), r1.is_connected("default")), (1, 0, false));
        handle.set_option("width", 511).expect("before it connects");
        handle.connect().expect("connected");
        assert!(r1.is_connected("default"));
        assert_eq!(handle.pool().route().ways[0].endpoint.options.count("width"), Some(511));
    }),
    ("`connect` uses what was instantiated", "via=cli", |r1, fake| {
        let handle = r1.instantiate(&any()).expect("made");
        r1.connect(&any()).expect("connected");
        assert!(handle.is_connected() && fake.opened() == 1);
    }),
    ("`connect` of what is connected does nothing", "via=cli", |r1, fake| {
        r1.connect(&any()).expect("connected");
        r1.connect(&any()).expect("connected");
        r1.connect(&any().class("ssh").via(["cli"])).expect("said otherwise, the same");
        assert_eq!((made(r1).len(), fake.opened()), (1, 1));
    }),
    ("an alias is unique: one that is another connection is an error", "via=cli", |r1, _| {
        r1.connect(&any()).expect("connected");
        let said = r1.connect(&any().via(["mgmt"])).expect_err("another path").to_string();
        assert_eq!(said, "connection `default` exists with via `cli`, and `mgmt` was asked for");
        let said = r1.instantiate(&any().class("telnet")).expect_err("another class").to_string();
        assert_eq!(said, "connection `default` exists with class `ssh`, and `telnet` was asked for");
    }),
    ("pyATS's class is the one of the path's protocol, and contradicts any other", "via=cli", |r1, _| {
        r1.connect(&any().class("unicon.Unicon")).expect("connected");
        r1.connect(&any().class("unicon.Unicon")).expect("the same");
        r1.connect(&any().class("telnet").alias("odd")).expect("a class for a path of another protocol");
        let said = r1.connect(&any().class("unicon.Unicon").alias("odd")).expect_err("that would be ssh").to_string();
        assert_eq!(said, "connection `odd` exists with class `telnet`, and `unicon.Unicon` was asked for");
    }),
    ("all other arguments go to the class, which knows them", "via=cli", |r1, _| {
        let handle = r1.connect(&any().option("width", 512).option("legacy", true)).expect("connected");
        let options = handle.pool().route().ways[0].endpoint.options.clone();
        assert_eq!((options.count("width"), options.switch("legacy")), (Some(512), Some(true)));
        let said = r1.connect(&any().alias("b").option("term_width", 512)).expect_err("no option").to_string();
        assert_eq!(said, "`term_width` is not an option of class `ssh`");
    }),
    ("a pool opens its workers and is called like any other connection", "via=cli", |r1, fake| {
        let pool = r1.connect(&any().pool_size(3).via(["mgmt"])).expect("connected");
        assert_eq!((made(r1), fake.open()), (vec!["default mgmt ssh".to_owned()], 3));
        let said: Vec<_> = (0..4).map(|_| pool.execute("who").expect("an answer").stdout).collect();
        assert_eq!(said, ["1", "2", "3", "1"], "the first that is free");
    }),
    ("a pool can be instantiated first", "via=cli", |r1, fake| {
        let pool = r1.instantiate(&any().pool_size(5)).expect("made");
        pool.set_option("width", 80).expect("before it connects");
        assert_eq!(fake.opened(), 0);
        pool.connect().expect("connected");
        assert_eq!((fake.open(), r1.is_connected("default")), (5, true));
    }),
    ("a caller waits no longer than `pool_timeout`, and zero is no limit of its own", "via=cli", |r1, _| {
        let wait = |alias: &str, timeout, within| {
            let pool = r1.connect(&any().alias(alias).pool_size(1).pool_timeout(timeout)).expect("connected");
            let _held = pool.allocate().expect("a worker");
            r1.within(within).connection(alias).expect("made").execute("who").expect_err("none is free").message
        };
        let (short, long) = (Duration::from_millis(20), Duration::from_mins(1));
        assert_eq!(wait("a", short, long), "no worker of pool `a` came free within 20ms (`pool_timeout`)");
        assert_eq!(wait("b", Duration::ZERO, short), "no worker of pool `b` came free within 20ms (`within`)");
    }),
    ("all means of ending hold for pools", "via=cli", |r1, fake| {
        let pool = any().pool_size(2);
        r1.connect(&pool).expect("connected");
        r1.disconnect("default").expect("disconnected");
        assert_eq!((fake.open(), made(r1).len()), (0, 1));
        r1.connect(&pool).expect("connected again");
        assert_eq!(fake.open(), 2);
        r1.destroy("default").expect("destroyed");
        assert_eq!((fake.open(), made(r1).len()), (0, 0));
    }),
    ("`disconnect` ends the pipe and keeps the object, and `connect` opens it again", "via=cli", |r1, fake| {
        let handle = r1.connect(&any()).expect("connected");
        r1.disconnect("default").expect("disconnected");
        assert_eq!((made(r1).len(), fake.open(), r1.is_connected("default")), (1, 0, false));
        assert_eq!(r1.execute("who").expect_err("a state").message, "connection `default` was disconnected");
        assert_eq!(fake.opened(), 1, "nothing opens by itself");
        r1.connect(&any()).expect("connected again");
        assert!(handle.is_connected() && fake.open() == 1);
    }),
    ("ending twice, or what was never made, is no error", "via=cli", |r1, _| {
        r1.connect(&any()).expect("connected");
        for alias in ["default", "default", "never_made"] {
            r1.disconnect(alias).expect("no error");
        }
        for alias in ["default", "default", "never_made"] {
            r1.destroy(alias).expect("no error");
        }
    }),
    ("`destroy` cannot be undone: the next connection is another object", "via=cli", |r1, _| {
        let old = r1.connect(&any()).expect("connected");
        r1.destroy("default").expect("destroyed");
        assert_eq!(r1.execute("who").expect_err("forgotten").message, "device `r1` has no connection `default`");
        assert_eq!(old.connect().expect_err("gone").message, "connection `default` was destroyed");
        r1.connect(&any().via(["mgmt"])).expect("another one, by another path");
        assert_eq!(made(r1), ["default mgmt ssh"]);
        assert!(!old.is_connected());
    }),
    ("an alias or the default is meant, never another one", "via=cli", |r1, _| {
        for request in [any(), any().alias("vty_1"), any().alias("vty_2")] {
            r1.connect(&request).expect("connected");
        }
        r1.disconnect("vty_1").expect("disconnected");
        r1.destroy("vty_2").expect("destroyed");
        assert_eq!(["default", "vty_1", "vty_2"].map(|alias| r1.is_connected(alias)), [true, false, false]);
        assert_eq!(made(r1), ["default cli ssh", "vty_1 cli ssh"]);
    }),
    ("`is_connected` is false of what is unknown, and errors never", "via=cli", |r1, _| {
        assert!(!r1.is_connected("default") && !r1.is_connected("never_made"));
    }),
    ("`disconnect_all` leaves the objects, disconnected", "via=cli", |r1, fake| {
        r1.connect(&any()).expect("connected");
        r1.connect(&any().alias("pool").pool_size(3)).expect("connected");
        r1.instantiate(&any().alias("new")).expect("made");
        r1.disconnect_all().expect("all");
        assert_eq!((made(r1).len(), fake.open()), (3, 0));
    }),
    ("`destroy_all` leaves nothing", "via=cli", |r1, fake| {
        r1.connect(&any()).expect("connected");
        r1.connect(&any().alias("pool").pool_size(3)).expect("connected");
        r1.destroy_all().expect("all");
        assert_eq!((made(r1).len(), fake.open()), (0, 0));
        r1.destroy_all().expect("nothing to do");
    }),
    ("what no class declares is no service", "via=cli", |r1, fake| {
        r1.connect(&any()).expect("connected");
        let call = crate::record::call::Call::configure(["x".to_owned()]);
        let said = r1.call(&call).expect_err("no such service").message;
        assert_eq!((said.as_str(), fake.open()), ("class `ssh` has no service `configure`, it offers `execute`", 1));
    }),
    ("an option that is set too late is an error", "via=cli", |r1, _| {
        let handle = r1.connect(&any()).expect("connected");
        let said = handle.pool().set_option("width", &OptionValue::Count(80)).expect_err("too late").message;
        assert_eq!(said, "`width` cannot be set while connection `default` is connected");
    }),
    ("a scope ends what it connected, and takes nothing from others", "via=cli", |r1, fake| {
        drop(r1.connect_scoped(&any()).expect("connected"));
        assert_eq!((made(r1).len(), fake.open()), (0, 0));
        r1.instantiate(&any()).expect("made");
        drop(r1.connect_scoped(&any()).expect("connected"));
        assert_eq!((made(r1).len(), fake.open()), (1, 0), "what was there before stays, as it was");
        r1.connect(&any()).expect("connected");
        let said = r1.connect_scoped(&any()).expect_err("somebody else's").to_string();
        assert_eq!(said, "connection `default` is connected already, and the end of a scope would close it");
        assert!(r1.is_connected("default"));
    }),
];

#[test]
fn what_the_reference_promises_holds() {
    for (promise, defaults, show) in TABLE {
        let (lab, fake) = lab(defaults);
        let shown = catch_unwind(AssertUnwindSafe(|| show(&lab.device("r1").expect("a device"), &fake)));
        assert!(shown.is_ok(), "{promise}");
        drop(lab);
        assert_eq!(fake.open(), 0, "{promise}: nothing outlives the lab");
    }
}

#[test]
fn a_scope_that_is_over_forgets_nobody_elses_connection() {
    let (lab, fake) = lab("via=cli");
    let r1 = lab.device("r1").expect("a device");
    let scoped = r1.connect_scoped(&any()).expect("connected");
    r1.destroy("default").expect("destroyed under its scope");
    r1.connect(&any()).expect("another one");
    drop(scoped);
    assert_eq!((r1.is_connected("default"), fake.open()), (true, 1));
}

#[test]
fn threads_that_connect_one_alias_at_once_share_one_object() {
    let (lab, fake) = lab("via=cli");
    let r1 = lab.device("r1").expect("a device");
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| r1.connect(&any().alias("shared")).expect("connected"));
        }
    });
    assert_eq!((made(&r1).len(), fake.opened()), (1, 1));
    // Of scopes of one alias, those that come too late are told so.
    let held = r1.connect_scoped(&any()).expect("connected");
    std::thread::scope(|scope| {
        let late: Vec<_> = (0..4).map(|_| scope.spawn(|| r1.connect_scoped(&any()).map(drop))).collect();
        for late in late {
            assert!(matches!(late.join().expect("no panic"), Err(ManagerError::ConnectedAlready { .. })));
        }
    });
    assert!(held.is_connected());
}

#[test]
fn the_interrupt_of_a_lab_ends_what_waits_in_it() {
    let (lab, _) = lab("via=cli");
    let r1 = lab.device("r1").expect("a device");
    r1.connect(&any()).expect("connected");
    let waiting = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| r1.execute("wait").expect_err("interrupted"));
        lab.interrupt().raise();
        waiting.join().expect("no panic")
    });
    assert_eq!(waiting.kind, FaultKind::Interrupted);
    assert_eq!(r1.connect(&any().alias("b")).expect_err("nothing begins any more").phase(), Phase::Creation);
}

#[test]
fn errors_know_their_phase_and_whether_a_retry_can_help() {
    let (lab, fake) = lab("via=cli");
    let r1 = lab.device("r1").expect("a device");
    let told = |request: Request| r1.connect(&request).map(drop).map_err(|error| (error.phase(), error.retry_can_help()));
    assert_eq!(told(any().via(["none"])), Err((Phase::Resolution, false)));
    assert_eq!(told(any().option("widht", 1)), Err((Phase::Validation, false)));
    fake.broken.store(1, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(told(any()), Err((Phase::Creation, false)), "refused credentials");
    assert_eq!(told(any()), Ok(()));
    assert_eq!(told(any().class("telnet")), Err((Phase::State, false)));
    let error = lab.device("r3").map(drop).expect_err("unknown");
    assert_eq!((error.phase(), error.to_string().as_str()), (Phase::Resolution, "device `r3` is not there: did you mean `r1`?"));
}
