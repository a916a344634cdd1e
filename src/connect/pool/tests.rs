use super::{Lease, Pool, Standing};
use crate::base::deadline::{Deadline, Limit};
use crate::connect::class::{Class, Limits, OptionValue};
use crate::connect::fake::Fake;
use crate::connect::interrupt::Interrupt;
use crate::connect::login::Surroundings;
use crate::connect::registry::Registry;
use crate::connect::request::Request;
use crate::connect::route::resolve;
use crate::connect::sketch::{device, testbed};
use crate::record::call::Call;
use crate::record::fault::{Fault, FaultKind, Phase};
use crate::record::tap::Tap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A pool of a device with these defaults and paths.
fn pool_of(fake: &Arc<Fake>, defaults: &str, paths: &[&str]) -> Pool {
    let class: Arc<dyn Class> = fake.clone();
    let registry = Registry::new([class]).expect("one name");
    let resolved = resolve(&device("r1", defaults, paths), &testbed([]), &Request::default(), &registry, &Surroundings::default());
    Pool::new(resolved.expect("a route").route)
}

fn pool(fake: &Arc<Fake>, size: u32) -> Pool {
    pool_of(fake, &format!("pool_size={size}"), &["cli protocol=ssh host=h"])
}

fn within<T>(millis: u64, then: impl FnOnce(&Limits<'_>) -> T) -> T {
    let deadline = Deadline::new(Instant::now(), Limit { length: Duration::from_millis(millis), setting: "`timeout` of the step".into() });
    then(&Limits { deadline: &deadline, interrupt: &Interrupt::new().expect("an eventfd"), tap: Tap::SILENT })
}

fn limited<T>(then: impl FnOnce(&Limits<'_>) -> T) -> T {
    within(20_000, then)
}

fn ask(lease: &mut Lease, command: &str) -> Result<String, Fault> {
    let call = Call::execute(command);
    limited(|limits| lease.call(&call, limits)).map(|answer| answer.stdout)
}

fn take(pool: &Pool) -> Lease {
    limited(|limits| pool.allocate(limits)).expect("a lease")
}

fn refused(pool: &Pool, millis: u64) -> Fault {
    within(millis, |limits| pool.allocate(limits)).expect_err("a fault")
}

#[test]
fn a_lease_is_a_value_that_can_be_moved_to_another_thread() {
    fn moves<T: Send + 'static>() {}
    moves::<Lease>();
    moves::<Pool>();
}

#[test]
fn workers_are_lent_first_come_first_served() {
    let fake = Fake::new();
    let pool = pool(&fake, 3);
    limited(|limits| pool.connect(limits)).expect("it opens");
    let mut leases: Vec<Lease> = (0..3).map(|_| take(&pool)).collect();
    let numbers: Vec<String> = leases.iter_mut().map(|lease| ask(lease, "who").expect("an answer")).collect();
    assert_eq!(numbers, ["1", "2", "3"]);
    assert!(pool.try_allocate().expect("connected").is_none());
    Pool::give_back(leases.remove(1));
    drop(leases.remove(0));
    assert_eq!(ask(&mut take(&pool), "who").expect("an answer"), "2");
    assert_eq!(ask(&mut pool.try_allocate().expect("connected").expect("one is idle"), "who").expect("an answer"), "1");
}

#[test]
fn waiting_callers_are_served_in_their_order_and_at_once() {
    let fake = Fake::new();
    let pool = pool(&fake, 1);
    limited(|limits| pool.connect(limits)).expect("it opens");
    let held = take(&pool);
    let (order, queued) = (Mutex::new(Vec::new()), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for caller in 0..5 {
            while pool.0.lock().waiting.len() < caller {
                std::thread::yield_now();
            }
            let (pool, order, queued) = (&pool, &order, &queued);
            scope.spawn(move || {
                queued.fetch_add(1, Ordering::SeqCst);
                let lease = take(pool);
                order.lock().expect("no panic").push(caller);
                drop(lease);
            });
        }
        while pool.0.lock().waiting.len() < 5 {
            std::thread::yield_now();
        }
        drop(held);
    });
    assert_eq!(*order.lock().expect("no panic"), [0, 1, 2, 3, 4]);
}

#[test]
fn a_pool_opens_all_of_its_workers_or_none() {
    let fake = Fake::new();
    fake.broken.store(3, Ordering::SeqCst);
    let pool = pool(&fake, 5);
    let fault = limited(|limits| pool.connect(limits)).expect_err("the third is broken");
    assert_eq!(fault.to_string(), "r1 via cli: worker 3 of 5: authentication was refused");
    assert_eq!((fault.kind, fake.opened(), fake.open()), (FaultKind::Auth, 3, 0));
    assert_eq!(pool.standing(), Standing::Instantiated);
    assert_eq!(refused(&pool, 50).message, "connection `default` is not connected");
    limited(|limits| pool.connect(limits)).expect("it opens now");
    assert_eq!((fake.open(), pool.is_connected()), (5, true));
    limited(|limits| pool.connect(limits)).expect("nothing to do");
    assert_eq!(fake.open(), 5);
}

#[test]
fn a_dead_worker_is_replaced_before_it_is_lent_again() {
    let fake = Fake::new();
    let pool = pool(&fake, 1);
    limited(|limits| pool.connect(limits)).expect("it opens");
    let mut lease = take(&pool);
    assert_eq!(ask(&mut lease, "die").expect_err("lost").kind, FaultKind::Lost);
    assert!(!lease.is_alive());
    drop(lease);
    assert_eq!(fake.open(), 0, "a dead connection holds nothing");
    assert_eq!(ask(&mut take(&pool), "who").expect("an answer"), "2");

    // A dispatcher takes it as it is, and whoever runs the call opens it.
    let mut lease = pool.try_allocate().expect("connected").expect("idle");
    ask(&mut lease, "die").expect_err("lost");
    drop(lease);
    let mut lease = pool.try_allocate().expect("connected").expect("idle");
    assert_eq!(ask(&mut lease, "who").expect_err("not open").kind, FaultKind::NotConnected);
    limited(|limits| lease.ensure_open(limits)).expect("it opens");
    assert_eq!(ask(&mut lease, "who").expect("an answer"), "3");
    lease.discard();
    assert_eq!(ask(&mut take(&pool), "who").expect("an answer"), "4");

    // One that cannot be replaced stays in the pool and is tried again.
    let mut lease = take(&pool);
    ask(&mut lease, "die").expect_err("lost");
    drop(lease);
    fake.broken.store(5, Ordering::SeqCst);
    assert_eq!(refused(&pool, 500).kind, FaultKind::Auth);
    assert_eq!(ask(&mut take(&pool), "who").expect("an answer"), "6");
}

#[test]
fn a_worker_that_dies_while_it_is_idle_is_replaced_as_well() {
    let fake = Fake::new();
    let pool = pool(&fake, 2);
    limited(|limits| pool.connect(limits)).expect("it opens");
    fake.severed.store(2, Ordering::SeqCst);
    assert_eq!((pool.is_connected(), pool.standing()), (false, Standing::Connected));
    assert_eq!(ask(&mut take(&pool), "who").expect("an answer"), "3");
    assert_eq!((pool.is_connected(), fake.open()), (true, 2));
}

#[test]
fn a_lease_from_before_a_disconnect_does_not_come_back() {
    let fake = Fake::new();
    let pool = pool(&fake, 2);
    limited(|limits| pool.connect(limits)).expect("it opens");
    let mut held = take(&pool);
    pool.disconnect().expect("no panic");
    limited(|limits| pool.connect(limits)).expect("it opens again");
    assert_eq!(ask(&mut held, "who").expect_err("disconnected").kind, FaultKind::NotConnected);
    drop(held);
    let state = pool.0.lock();
    assert_eq!((state.idle.len(), state.lent, fake.open()), (2, 0, 2));
}

#[test]
fn a_wait_that_is_too_long_names_its_limit() {
    let fake = Fake::new();
    let pool = pool_of(&fake, "pool_size=1 pool_timeout=1", &["cli protocol=ssh host=h"]);
    limited(|limits| pool.connect(limits)).expect("it opens");
    let held = take(&pool);
    let fault = refused(&pool, 20_000);
    assert_eq!((fault.kind, fault.phase), (FaultKind::PoolTimeout, Phase::State));
    assert_eq!(fault.message, "no worker of pool `default` came free within 1s (`pool_timeout` at testbed.yaml:1)");
    assert_eq!(fault.limit.expect("a limit").length, Duration::from_secs(1));
    let fault = refused(&pool, 30);
    assert_eq!(fault.message, "no worker of pool `default` came free within 30ms (`timeout` of the step)");
    assert_eq!(pool.0.lock().waiting.len(), 0, "nobody is left in the queue");
    drop(held);
    assert!(pool.try_allocate().expect("connected").is_some(), "a worker is not handed to who has gone");
}

#[test]
fn an_interrupt_ends_a_wait() {
    let fake = Fake::new();
    let pool = pool(&fake, 1);
    limited(|limits| pool.connect(limits)).expect("it opens");
    let _held = take(&pool);
    let deadline = Deadline::new(Instant::now(), Limit { length: Duration::from_secs(20), setting: "test".into() });
    let interrupt = Interrupt::new().expect("an eventfd");
    let limits = Limits { deadline: &deadline, interrupt: &interrupt, tap: Tap::SILENT };
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| pool.allocate(&limits).err());
        interrupt.raise();
        assert_eq!(waiting.join().expect("no panic").expect("a fault").kind, FaultKind::Interrupted);
    });
}

#[test]
fn many_callers_lose_no_worker() {
    let fake = Fake::new();
    let pool = pool(&fake, 3);
    limited(|limits| pool.connect(limits)).expect("it opens");
    let (calls, using) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for caller in 0..8 {
            let (pool, calls, using) = (&pool, &calls, &using);
            scope.spawn(move || {
                for round in 0..100 {
                    let mut lease = take(pool);
                    assert!(using.fetch_add(1, Ordering::SeqCst) < 3, "more leases than workers");
                    if (round + caller) % 10 == 0 {
                        ask(&mut lease, "die").expect_err("lost");
                    } else {
                        ask(&mut lease, "who").expect("an answer");
                    }
                    using.fetch_sub(1, Ordering::SeqCst);
                    drop(lease);
                    // Some give up at once: a worker that was handed to them must not be lost.
                    drop(within(u64::from(round % 2 == 0), |limits| pool.allocate(limits)));
                    calls.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
    });
    assert_eq!(calls.load(Ordering::SeqCst), 800);
    let state = pool.0.lock();
    assert_eq!((state.idle.len(), state.lent, state.waiting.len()), (3, 0, 0));
}

#[test]
fn after_a_disconnect_a_call_is_refused_and_nothing_reopens_by_itself() {
    let fake = Fake::new();
    let pool = pool(&fake, 2);
    pool.disconnect().expect("nothing to do");
    assert_eq!(pool.standing(), Standing::Instantiated);
    limited(|limits| pool.connect(limits)).expect("it opens");
    let mut held = take(&pool);
    let other = take(&pool);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| refused(&pool, 20_000));
        while pool.0.lock().waiting.is_empty() {
            std::thread::yield_now();
        }
        pool.disconnect().expect("no panic");
        assert_eq!(waiting.join().expect("no panic").message, "connection `default` was disconnected");
    });
    assert_eq!(refused(&pool, 50).kind, FaultKind::NotConnected);
    assert!(pool.try_allocate().is_err() && !pool.is_connected());
    assert_eq!(ask(&mut held, "who").expect_err("disconnected").message, "it was disconnected while it was in use");
    assert_eq!(limited(|limits| held.ensure_open(limits)).expect_err("disconnected").kind, FaultKind::NotConnected);
    assert_eq!(fake.open(), 2, "what is lent is closed by its borrower");
    drop((held, other));
    assert_eq!(fake.open(), 0);

    limited(|limits| pool.connect(limits)).expect("it opens again");
    assert_eq!((ask(&mut take(&pool), "who").expect("an answer").as_str(), fake.open()), ("3", 2));
    pool.destroy().expect("no panic");
    assert_eq!(limited(|limits| pool.connect(limits)).expect_err("gone").message, "connection `default` was destroyed");
    pool.disconnect().expect("nothing to do");
    assert_eq!((pool.standing(), fake.open()), (Standing::Destroyed, 0));
}

#[test]
fn a_panic_of_the_borrower_does_not_poison_the_next_one() {
    let fake = Fake::new();
    let pool = pool(&fake, 1);
    limited(|limits| pool.connect(limits)).expect("it opens");
    let moved = pool.clone();
    std::thread::spawn(move || ask(&mut take(&moved), "panic")).join().expect_err("it panicked");
    assert_eq!(ask(&mut take(&pool), "who").expect("an answer"), "2", "another connection");
}

#[test]
fn a_class_that_panics_while_closing_is_told_and_keeps_nobody_else_open() {
    let fake = Fake::new();
    let pool = pool(&fake, 3);
    limited(|limits| pool.connect(limits)).expect("it opens");
    ask(&mut take(&pool), "panic later").expect("an answer");
    let fault = pool.disconnect().expect_err("one panics");
    assert_eq!((fault.kind, fault.message.as_str()), (FaultKind::Internal, "class `ssh` panicked while it closed the connection"));
    assert_eq!((pool.standing(), fake.open()), (Standing::Disconnected, 0));
}

#[test]
fn paths_are_tried_in_order_and_a_hanging_one_leaves_time() {
    let fake = Fake::new();
    let pool = pool_of(&fake, "via=a,b,c", &["a protocol=ssh host=dead", "b protocol=ssh host=slow", "c protocol=ssh host=h"]);
    within(900, |limits| pool.connect(limits)).expect("the third way");
    let mut lease = take(&pool);
    assert_eq!((ask(&mut lease, "who").expect("an answer").as_str(), lease.subject().via.as_str()), ("3", "c"));

    let pool = pool_of(&fake, "via=a,b", &["a protocol=ssh host=dead", "b protocol=ssh host=slow connection_timeout=0.05"]);
    let fault = within(20_000, |limits| pool.connect(limits)).expect_err("no way");
    let told = "r1 via a: nobody is there; via b: opening timed out after 50ms (`connection_timeout` at testbed.yaml:1)";
    assert_eq!((fault.kind, fault.to_string().as_str()), (FaultKind::Unreachable, told));
    let pool = pool_of(&fake, "", &["b protocol=ssh host=slow"]);
    let fault = within(30, |limits| pool.connect(limits)).expect_err("too slow");
    assert_eq!((fault.kind, fault.phase), (FaultKind::Timeout, Phase::Creation));
}

#[test]
fn callers_who_connect_at_once_make_one_set_of_workers() {
    let fake = Fake::new();
    let pool = pool(&fake, 4);
    std::thread::scope(|scope| {
        let callers: Vec<_> = (0..8).map(|_| scope.spawn(|| limited(|limits| pool.connect(limits)))).collect();
        for caller in callers {
            caller.join().expect("no panic").expect("it opens");
        }
    });
    assert_eq!((fake.opened(), fake.open()), (4, 4));

    // One connects for long; another waits for it no longer than its own deadline, and a disconnect ends it all.
    let pool = pool_of(&fake, "", &["b protocol=ssh host=slow"]);
    std::thread::scope(|scope| {
        let slow = scope.spawn(|| within(300, |limits| pool.connect(limits)).expect_err("too slow"));
        while pool.standing() != Standing::Connecting {
            std::thread::yield_now();
        }
        let fault = within(20, |limits| pool.connect(limits)).expect_err("too slow");
        assert_eq!(fault.message, "waiting for another caller to connect timed out after 20ms (`timeout` of the step)");
        assert!(pool.try_allocate().expect("it is connecting").is_none());
        assert_eq!(slow.join().expect("no panic").kind, FaultKind::Timeout);
    });
    assert_eq!(pool.standing(), Standing::Instantiated);
}

#[test]
fn options_are_set_before_it_connects() {
    let fake = Fake::new();
    let pool = pool(&fake, 1);
    pool.set_option("width", &OptionValue::Count(511)).expect("it is an option");
    assert_eq!(pool.route().ways[0].endpoint.options.count("width"), Some(511));
    let fault = pool.set_option("witdh", &OptionValue::Count(511)).expect_err("a slip");
    assert_eq!(fault.message, "`witdh` is not an option of class `ssh`");
    limited(|limits| pool.connect(limits)).expect("it opens");
    assert_eq!(pool.set_option("width", &OptionValue::Count(80)).expect_err("too late").phase, Phase::State);
}
