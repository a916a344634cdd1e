//! Why there is no answer. A wrong answer is a result, not a fault.

use crate::base::deadline::Limit;
use crate::base::text;
use serde::{Deserialize, Serialize};
use std::fmt;

/// When in a connection's life it went wrong, so that a reader knows whether a retry can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The device lacks what the class needs.
    Validation,
    /// No class, or several.
    Resolution,
    /// Opening: unreachable, refused, host key, authentication, missing program.
    Creation,
    /// Not connected, already connected, still in use, pool exhausted.
    State,
    /// Timeout, lost session, refused command.
    Call,
    /// The class does not offer the service.
    Capability,
    /// Before anything was sent: a template that cannot be rendered.
    Render,
    /// A defect in this program.
    Internal,
}

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The device's data are not enough to connect.
    Invalid,
    /// No answer at the address, or the connection was refused, or the peer does not speak the protocol.
    Unreachable,
    /// The host key is not the known one, or is not known and must be.
    HostKey,
    /// Credentials were refused.
    Auth,
    /// A local program or file that the class needs is missing.
    Missing,
    /// A deadline passed.
    Timeout,
    /// The session ended before the answer did.
    Lost,
    /// The process was killed by a signal before it finished.
    Killed,
    /// The peer refused to do it.
    Refused,
    /// The connection is not open, or a step disconnected it.
    NotConnected,
    /// No worker of the pool came free in time.
    PoolTimeout,
    /// The class has no such service.
    Capability,
    /// Nothing like it was recorded.
    NotRecorded,
    /// The answer is larger than allowed.
    TooLarge,
    /// A template could not be rendered.
    Template,
    /// The run was interrupted.
    Interrupted,
    /// A defect in this program.
    Internal,
}

impl FaultKind {
    /// The phase that it belongs to. A timeout may belong to any; it counts as the call's unless the fault says otherwise.
    #[must_use]
    pub fn phase(self) -> Phase {
        match self {
            Self::Invalid => Phase::Validation,
            Self::Unreachable | Self::HostKey | Self::Auth | Self::Missing => Phase::Creation,
            Self::Timeout | Self::Lost | Self::Killed | Self::Refused | Self::NotRecorded | Self::TooLarge | Self::Interrupted => {
                Phase::Call
            }
            Self::NotConnected | Self::PoolTimeout => Phase::State,
            Self::Capability => Phase::Capability,
            Self::Template => Phase::Render,
            Self::Internal => Phase::Internal,
        }
    }

    /// What it is in general: a sentence that quotes nothing.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Invalid => "it cannot be asked like this",
            Self::Unreachable => "the device cannot be reached",
            Self::HostKey => "the host key is not accepted",
            Self::Auth => "the credentials were refused",
            Self::Missing => "a program or file of this machine is missing",
            Self::Timeout => "it timed out",
            Self::Lost => "the session ended before the answer did",
            Self::Killed => "the process was killed by a signal",
            Self::Refused => "it was refused",
            Self::NotConnected => "the connection is not open",
            Self::PoolTimeout => "no connection of the pool came free in time",
            Self::Capability => "the class does not offer it",
            Self::NotRecorded => "nothing like it was recorded",
            Self::TooLarge => "the answer is too large",
            Self::Template => "a template cannot be rendered",
            Self::Interrupted => "it was interrupted",
            Self::Internal => "a defect in runner",
        }
    }

    /// Whether asking again can bring an answer.
    #[must_use]
    pub fn retry_can_help(self) -> bool {
        match self {
            Self::Unreachable | Self::Timeout | Self::Lost | Self::Killed | Self::Refused | Self::PoolTimeout => true,
            Self::Invalid
            | Self::HostKey
            | Self::Auth
            | Self::Missing
            | Self::NotConnected
            | Self::Capability
            | Self::NotRecorded
            | Self::TooLarge
            | Self::Template
            | Self::Interrupted
            | Self::Internal => false,
        }
    }
}

/// Which connection it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// The device's name.
    pub device: String,
    /// The connection's alias.
    pub alias: String,
    /// The path that was taken.
    pub via: String,
    /// The class.
    pub class: String,
}

/// Why there is no answer: what, when, where, against which limit, and the last bytes that came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub struct Fault {
    /// What went wrong.
    pub kind: FaultKind,
    /// When.
    pub phase: Phase,
    /// One sentence, lowercase, without a full stop and without the subject.
    pub message: String,
    /// The connection; filled in by whoever holds it.
    pub subject: Option<Subject>,
    /// The limit that was passed.
    pub limit: Option<Limit>,
    /// Bytes received for this call before it went wrong.
    pub received: u64,
    /// The end of what was received, at most [`Fault::TAIL`] bytes, decoded and plain.
    pub tail: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Fault {
    /// How many of the last bytes are kept.
    pub const TAIL: usize = 2048;

    /// Makes a fault of the kind's usual phase.
    #[must_use]
    pub fn new(kind: FaultKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            phase: kind.phase(),
            message: message.into(),
            subject: None,
            limit: None,
            received: 0,
            tail: String::new(),
            hint: None,
        }
    }

    /// Makes a timeout; the limit is part of the sentence.
    #[must_use]
    pub fn timeout(doing: &str, limit: &Limit) -> Self {
        let mut fault = Self::new(FaultKind::Timeout, format!("{doing} timed out after {limit}"));
        fault.limit = Some(limit.clone());
        fault
    }

    /// Sets the phase where it is not the kind's usual one.
    #[must_use]
    pub fn in_phase(mut self, phase: Phase) -> Self {
        self.phase = phase;
        self
    }

    /// Keeps the end of what had come.
    #[must_use]
    pub fn after(mut self, received: &[u8]) -> Self {
        self.received = received.len() as u64;
        let from = received.len().saturating_sub(Self::TAIL);
        self.tail = text::plain(&String::from_utf8_lossy(&received[from..])).into_owned();
        self
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn hinted(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same without any text that may quote what was asked or what came: kind, phase, limit and connection stay.
    #[must_use]
    pub fn without_quotes(self) -> Self {
        let about = match &self.limit {
            Some(limit) => format!("{} after {limit}", self.kind.sentence()),
            None => self.kind.sentence().to_owned(),
        };
        let message = format!("{about} (the step is sensitive)");
        Self { message, received: 0, tail: String::new(), hint: None, ..self }
    }

    /// Says which connection it was, unless that is known already.
    #[must_use]
    pub fn on(mut self, subject: &Subject) -> Self {
        self.subject.get_or_insert_with(|| subject.clone());
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.subject {
            Some(subject) => write!(f, "{} via {}: {}", subject.device, subject.via, self.message),
            None => f.write_str(&self.message),
        }
    }
}
