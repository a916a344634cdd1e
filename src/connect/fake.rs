//! A class for tests of this floor: its connections answer with their own number and fail when they are told to.

use crate::connect::class::{Class, ClassSpec, Connection, DefaultCheck, Endpoint, Limits, OptionKind, OptionSpec, ServiceSpec};
use crate::connect::interrupt::Woken;
use crate::record::answer::Answer;
use crate::record::call::Call;
use crate::record::fault::{Fault, FaultKind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const SERVICES: &[ServiceSpec] =
    &[ServiceSpec { name: "execute", summary: "answers", changes: false, default_check: DefaultCheck::Answered }];

static SSH: ClassSpec = ClassSpec {
    name: "ssh",
    summary: "a fake",
    protocols: &["ssh"],
    requires: &["host"],
    services: SERVICES,
    options: &[
        OptionSpec { name: "mode", kind: OptionKind::Choice(&["exec", "shell"]), summary: "a choice" },
        OptionSpec { name: "keepalive", kind: OptionKind::Duration, summary: "a duration" },
        OptionSpec { name: "width", kind: OptionKind::Count, summary: "a count" },
        OptionSpec { name: "legacy", kind: OptionKind::Switch, summary: "a switch" },
        OptionSpec { name: "ssh_options", kind: OptionKind::Text, summary: "a text" },
        OptionSpec { name: "known_hosts", kind: OptionKind::File, summary: "a file" },
    ],
};

static TELNET: ClassSpec =
    ClassSpec { name: "telnet", summary: "a fake", protocols: &["telnet"], requires: &["host"], services: SERVICES, options: &[] };

static RIVAL: ClassSpec =
    ClassSpec { name: "rival", summary: "a fake", protocols: &["ssh"], requires: &["host"], services: &[], options: &[] };

static REST: ClassSpec = ClassSpec {
    name: "rest",
    summary: "a fake",
    protocols: &["https"],
    requires: &["host"],
    services: &[ServiceSpec { name: "get", summary: "asks", changes: false, default_check: DefaultCheck::Answered }],
    options: &[],
};

/// A class whose connections are numbered from 1 in the order in which they are opened.
pub(crate) struct Fake {
    spec: &'static ClassSpec,
    opened: AtomicUsize,
    /// The number of the connection that cannot be opened; 0 for none.
    pub(crate) broken: AtomicUsize,
    /// The peer has ended the connections up to this number.
    pub(crate) severed: Arc<AtomicUsize>,
    /// How many are open now.
    pub(crate) open: Arc<AtomicUsize>,
}

impl Fake {
    pub(crate) fn new() -> Arc<Self> {
        Self::of(&SSH)
    }

    pub(crate) fn ssh() -> Arc<dyn Class> {
        Self::of(&SSH)
    }

    pub(crate) fn telnet() -> Arc<dyn Class> {
        Self::of(&TELNET)
    }

    pub(crate) fn rival() -> Arc<dyn Class> {
        Self::of(&RIVAL)
    }

    pub(crate) fn rest() -> Arc<dyn Class> {
        Self::of(&REST)
    }

    fn of(spec: &'static ClassSpec) -> Arc<Self> {
        Arc::new(Self { spec, opened: AtomicUsize::new(0), broken: AtomicUsize::new(0), severed: Arc::default(), open: Arc::default() })
    }

    pub(crate) fn opened(&self) -> usize {
        self.opened.load(Ordering::SeqCst)
    }

    pub(crate) fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }
}

impl Class for Fake {
    fn spec(&self) -> &'static ClassSpec {
        self.spec
    }

    fn open(&self, endpoint: &Endpoint, limits: &Limits<'_>) -> Result<Box<dyn Connection>, Fault> {
        let number = self.opened.fetch_add(1, Ordering::SeqCst) + 1;
        match endpoint.host.as_deref() {
            _ if number == self.broken.load(Ordering::SeqCst) => return Err(Fault::new(FaultKind::Auth, "authentication was refused")),
            Some("dead") => return Err(Fault::new(FaultKind::Unreachable, "nobody is there")),
            Some("slow") => {
                return Err(match limits.interrupt.sleep(limits.deadline.at()) {
                    Ok(Woken::Interrupted) => Fault::new(FaultKind::Interrupted, "the run was interrupted"),
                    _ => Fault::timeout("opening", limits.deadline.limit()),
                });
            }
            _ => {}
        }
        self.open.fetch_add(1, Ordering::SeqCst);
        let severed = Arc::clone(&self.severed);
        Ok(Box::new(Numbered { number, alive: true, severed, open: Some(Arc::clone(&self.open)), panics: false }))
    }
}

struct Numbered {
    number: usize,
    alive: bool,
    severed: Arc<AtomicUsize>,
    open: Option<Arc<AtomicUsize>>,
    panics: bool,
}

impl Connection for Numbered {
    /// `die` loses the connection, `panic` panics, `panic later` does so when it is closed; anything else answers with the
    /// connection's number.
    fn call(&mut self, call: &Call, limits: &Limits<'_>) -> Result<Answer, Fault> {
        match call.text("command").unwrap_or_default() {
            "die" => {
                self.alive = false;
                Err(Fault::new(FaultKind::Lost, "the connection was lost"))
            }
            "panic" => panic!("on demand"),
            "panic later" => {
                self.panics = true;
                Ok(Answer::default())
            }
            "wait" => match limits.interrupt.sleep(limits.deadline.at()) {
                Ok(Woken::Interrupted) => Err(Fault::new(FaultKind::Interrupted, "the run was interrupted")),
                _ => Err(Fault::timeout("waiting", limits.deadline.limit())),
            },
            _ if !self.alive => Err(Fault::new(FaultKind::NotConnected, "used after it was lost")),
            _ => Ok(Answer { stdout: self.number.to_string(), ..Answer::default() }),
        }
    }

    fn is_alive(&mut self) -> bool {
        self.alive && self.number > self.severed.load(Ordering::SeqCst)
    }

    fn close(&mut self) {
        self.alive = false;
        if let Some(open) = self.open.take() {
            open.fetch_sub(1, Ordering::SeqCst);
        }
        assert!(!std::mem::take(&mut self.panics), "closing on demand");
    }
}

impl Drop for Numbered {
    fn drop(&mut self) {
        self.close();
    }
}
