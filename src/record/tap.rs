//! What goes over a connection, told while it goes: who sends, who receives, and who listens.

use std::fmt;

/// Which connection it is: a device, and one worker of one of its aliases.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Line {
    /// The device's name.
    pub device: String,
    /// The connection's alias.
    pub alias: String,
    /// Which worker of the pool, counted from 1; `None` where there is no pool.
    pub worker: Option<u32>,
}

/// A moment of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard<'a> {
    /// Bytes that we sent, as they went out.
    Sent(&'a [u8]),
    /// Bytes that came, as they came.
    Received(&'a [u8]),
    /// Bytes of standard error that came, where that is a stream of its own.
    ReceivedErr(&'a [u8]),
    /// What happened, in our words.
    Note(&'a str),
}

/// Someone who listens to connections. It is told by many threads at once, one at a time for each line. It may write, and
/// must not wait for anything else.
pub trait Listener: Send + Sync + fmt::Debug {
    /// Takes in what happened on a line.
    fn hear(&self, line: &Line, heard: Heard<'_>);
}

/// Where a class tells what goes over a connection. Telling costs nothing while nobody listens.
///
/// A class calls it once for everything that it sends and receives, as it happens: the pieces may be cut anywhere. Answers to
/// password prompts are not told but noted (`tap.note("the password was sent")`): secrets are masked where they are known, but
/// not those that are too short for it.
#[derive(Clone, Copy, Default)]
pub struct Tap<'a>(Option<(&'a dyn Listener, &'a Line)>);

impl<'a> Tap<'a> {
    /// A tap that nobody listens to.
    pub const SILENT: Self = Self(None);

    /// Tells `listener` what goes over `line`.
    #[must_use]
    pub fn new(listener: &'a dyn Listener, line: &'a Line) -> Self {
        Self(Some((listener, line)))
    }

    /// Whether nobody listens.
    #[must_use]
    pub fn is_silent(self) -> bool {
        self.0.is_none()
    }

    /// Tells that these bytes were sent.
    pub fn sent(self, bytes: &[u8]) {
        self.tell(Heard::Sent(bytes));
    }

    /// Tells that these bytes came.
    pub fn received(self, bytes: &[u8]) {
        self.tell(Heard::Received(bytes));
    }

    /// Tells that these bytes came as standard error.
    pub fn received_err(self, bytes: &[u8]) {
        self.tell(Heard::ReceivedErr(bytes));
    }

    /// Tells what happened. A note ends what was sent and received before it: nothing that follows belongs to the same text.
    pub fn note(self, text: &str) {
        self.tell(Heard::Note(text));
    }

    /// Tells what happened; the text is made only where somebody listens.
    pub fn note_with(self, text: impl FnOnce() -> String) {
        if self.0.is_some() {
            self.note(&text());
        }
    }

    fn tell(self, heard: Heard<'_>) {
        if let Heard::Sent([]) | Heard::Received([]) | Heard::ReceivedErr([]) = heard {
            return;
        }
        if let Some((listener, line)) = self.0 {
            listener.hear(line, heard);
        }
    }
}

impl fmt::Debug for Tap<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tap").field(&self.0.map(|(_, line)| line)).finish()
    }
}
