//! What came back from a call.

use crate::base::text;
use std::borrow::Cow;
use std::time::Duration;

/// An answer that came whole. A call without a whole answer has a [`Fault`](crate::record::fault::Fault) instead.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answer {
    /// Standard output, or all that a device said; decoded from UTF-8 lossily, otherwise untouched.
    pub stdout: String,
    /// Standard error, likewise.
    pub stderr: String,
    /// The exit code, where there is a process and it said one.
    pub exit_code: Option<i32>,
    /// What a command line that tells no exit codes made of the command; `None` where there is one, or should be.
    pub reception: Option<Reception>,
    /// The status of an HTTP answer.
    pub status: Option<u16>,
    /// From sending the call to the end of the answer.
    pub took: Duration,
}

/// What a command line made of a command, as far as what it said tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reception {
    /// Nothing says that it was refused.
    Accepted,
    /// It was refused with this line.
    Refused(String),
}

impl Answer {
    /// Decodes bytes as UTF-8; what is not becomes U+FFFD.
    #[must_use]
    pub fn decode(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
    }

    /// The answer as a reader saw it: [`text::plain`] of the standard output, without line breaks at its end.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        match text::plain(&self.stdout) {
            Cow::Borrowed(text) => Cow::Borrowed(text.trim_end_matches('\n')),
            Cow::Owned(mut text) => {
                text.truncate(text.trim_end_matches('\n').len());
                Cow::Owned(text)
            }
        }
    }
}
