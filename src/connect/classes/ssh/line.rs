//! The bytes of a session with prompts: a terminal and a shell in one channel.
//!
//! Every byte that goes to the device or comes from it passes [`Line::send`] or [`Line::receive`], and nothing else does.

use super::session::{Session, Stop, sentence};
use crate::connect::class::Limits;
use crate::model::platform::TerminalSize;
use crate::record::fault::{Fault, FaultKind, Phase};
use ssh2::{Channel, ErrorCode, ExtendedData};
use std::io::{self, ErrorKind, Read, Write};

/// Bytes read at once.
const CHUNK: usize = 32 * 1024;

/// What libssh2 answers where it must be asked again.
const AGAIN: i32 = -37;

/// The channel of a shell.
pub(super) struct Line {
    channel: Channel,
    buffer: Vec<u8>,
}

impl Line {
    /// Asks for a terminal and a shell. Blocks.
    pub(super) fn open(session: &mut Session, terminal: &TerminalSize, limits: &Limits<'_>) -> Result<Self, Fault> {
        let refused = |stop: Stop, doing: &str| match stop {
            Stop::Refused(error) => {
                let message = format!("the server refused {doing}: {}", sentence(&error));
                Fault::new(FaultKind::Refused, message).in_phase(Phase::Creation)
            }
            stop => stop.while_opening(&format!("asking for {doing}"), limits),
        };
        let channel = session.drive(limits, |raw| raw.channel_session());
        let mut channel = channel.map_err(|stop| refused(stop, "a channel"))?;
        // What a server writes beside the terminal belongs to what is seen all the same.
        let merged = session.drive(limits, |_| channel.handle_extended_data(ExtendedData::Merge));
        merged.map_err(|stop| refused(stop, "one stream"))?;
        let size = (terminal.columns, terminal.rows, 0, 0);
        let pty = session.drive(limits, |_| channel.request_pty(&terminal.kind, None, Some(size)));
        pty.map_err(|stop| refused(stop, "a terminal"))?;
        let shell = session.drive(limits, |_| channel.shell());
        shell.map_err(|stop| refused(stop, "a shell"))?;
        Ok(Self { channel, buffer: vec![0; CHUNK] })
    }

    /// Sends bytes to the device. Blocks until they are on their way.
    pub(super) fn send(&mut self, session: &mut Session, mut bytes: &[u8], limits: &Limits<'_>) -> Result<(), Stop> {
        while !bytes.is_empty() {
            let channel = &mut self.channel;
            let sent = session.drive(limits, |raw| channel.write(bytes).map_err(|error| reason(raw, &error)))?;
            limits.tap.sent(&bytes[..sent]);
            bytes = &bytes[sent..];
        }
        Ok(())
    }

    /// Hands on what the device has sent, as far as it has come; the value is whether anything had. Does not block.
    pub(super) fn receive(&mut self, session: &mut Session, limits: &Limits<'_>, mut heard: impl FnMut(&[u8])) -> Result<bool, Stop> {
        let mut any = false;
        loop {
            match self.channel.read(&mut self.buffer) {
                Ok(0) if self.channel.eof() => return Err(Stop::Lost("the shell ended".to_owned())),
                Ok(0) => return Ok(any),
                Ok(count) => {
                    any = true;
                    limits.tap.received(&self.buffer[..count]);
                    heard(&self.buffer[..count]);
                }
                Err(error) => {
                    let error = reason(&session.raw, &error);
                    return session.again(error).map(|()| any);
                }
            }
        }
    }
}

/// What libssh2 means by an error of reading or writing.
fn reason(session: &ssh2::Session, error: &io::Error) -> ssh2::Error {
    let again = || ssh2::Error::from_errno(ErrorCode::Session(AGAIN));
    if error.kind() == ErrorKind::WouldBlock { again() } else { ssh2::Error::last_session_error(session).unwrap_or_else(again) }
}
