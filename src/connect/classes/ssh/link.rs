//! Carries the bytes between libssh2 and the socket, and watches the frames of the peer go by.
//!
//! libssh2 talks to one end of a pair of local sockets, and this room moves bytes between the other end and the network.
//! That gives three things that the library cannot: data that arrived before a connection broke are read before the
//! break is, a peer that does not speak ssh is quoted, and a frame can be handed over alone, so that its effect can be
//! told apart. The last one answers a question that the library does not: whether an exit status of 0 was received, or
//! is only the value that a channel starts with.

use super::frames::{Frames, Piece};
use super::ruler::Effect;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::UnixStream;

/// Bytes taken from the socket at once.
const CHUNK: usize = 32 * 1024;

/// The way between libssh2 and the peer.
pub(super) struct Link {
    pub(super) tcp: TcpStream,
    /// Our end of the pair.
    near: UnixStream,
    /// From libssh2, not yet sent; usually empty.
    outgoing: Vec<u8>,
    /// From the peer; what is before `fed` was handed to libssh2.
    incoming: Vec<u8>,
    fed: usize,
    pub(super) frames: Frames,
    /// Why no more bytes come.
    ended: Option<String>,
    /// Whether libssh2 was told so.
    told: bool,
}

/// What came of handing bytes to libssh2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fed {
    /// It has something to read.
    Some,
    /// There was nothing to hand over.
    None,
    /// The peer's keys changed: [`Frames::seal`] must be called first.
    Sealed,
    /// It has been told of the end already.
    Over,
}

impl Link {
    /// Makes the way; the second value is libssh2's end.
    pub(super) fn new(tcp: TcpStream) -> io::Result<(Self, UnixStream)> {
        let (near, far) = UnixStream::pair()?;
        near.set_nonblocking(true)?;
        far.set_nonblocking(true)?;
        let frames = Frames::new();
        let (outgoing, incoming) = (Vec::new(), Vec::new());
        Ok((Self { tcp, near, outgoing, incoming, fed: 0, frames, ended: None, told: false }, far))
    }

    /// Takes what libssh2 wrote. Does not block.
    fn collect(&mut self) -> bool {
        let before = self.outgoing.len();
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = self.near.read(&mut buffer) {
            self.outgoing.extend_from_slice(&buffer[..count]);
        }
        self.outgoing.len() > before
    }

    /// Sends what libssh2 wrote, as far as the socket takes it. Does not block. The value is whether it wrote anything.
    pub(super) fn send(&mut self) -> bool {
        let wrote = self.collect();
        let mut sent = 0;
        while sent < self.outgoing.len() {
            match self.tcp.write(&self.outgoing[sent..]) {
                Ok(count @ 1..) => sent += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                // What the peer sent before it went away is still worth reading: the end is noticed there.
                Ok(0) | Err(_) => sent = self.outgoing.len(),
            }
        }
        self.outgoing.drain(..sent);
        wrote
    }

    /// Whether bytes wait for the socket to take them.
    pub(super) fn wants_to_send(&self) -> bool {
        !self.outgoing.is_empty()
    }

    /// Hands the next bytes to libssh2. Does not block.
    pub(super) fn feed(&mut self) -> Fed {
        let piece = self.frames.next(&self.incoming[self.fed..]);
        let (count, alone) = match piece {
            Piece::Sealed => return Fed::Sealed,
            Piece::Bytes(0) => return self.feed_end(),
            Piece::Bytes(count) => (count, false),
            Piece::Alone(count) => (count, true),
        };
        match self.near.write(&self.incoming[self.fed..self.fed + count]) {
            Ok(written) => {
                self.frames.passed(&self.incoming[self.fed..self.fed + written], alone && written == count);
                self.fed += written;
                Fed::Some
            }
            // It has not read what it was given; its next attempt will.
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Fed::Some,
            Err(_) => Fed::Over,
        }
    }

    /// After the last byte, libssh2 is told that nothing more comes.
    fn feed_end(&mut self) -> Fed {
        if self.ended.is_none() {
            return Fed::None;
        }
        if std::mem::replace(&mut self.told, true) {
            return Fed::Over;
        }
        let rest = std::mem::take(&mut self.incoming);
        // Half a frame is of no use to anybody, but a greeting that is none should be judged whole.
        let _ = self.near.write(rest.get(self.fed..).unwrap_or_default());
        self.fed = 0;
        let _ = self.near.shutdown(Shutdown::Write);
        Fed::Some
    }

    /// Takes bytes from the socket. Does not block. The value is whether anything came, the end included.
    pub(super) fn receive(&mut self) -> bool {
        if self.ended.is_some() {
            return false;
        }
        self.incoming.drain(..self.fed);
        self.fed = 0;
        let before = self.incoming.len();
        self.incoming.resize(before + CHUNK, 0);
        let got = self.tcp.read(&mut self.incoming[before..]);
        self.incoming.truncate(before + got.as_ref().map_or(0, |count| *count));
        match got {
            Ok(0) => self.ended = Some("the peer closed the connection".to_owned()),
            Ok(_) => {}
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => return false,
            Err(error) if error.kind() == ErrorKind::ConnectionReset => self.ended = Some("the peer reset the connection".to_owned()),
            Err(error) => self.ended = Some(format!("the connection broke: {error}")),
        }
        true
    }

    /// Takes note of what libssh2 made of what it was handed, apart from a reply, which is noticed here. The value is
    /// whether an exit status is known to have come.
    pub(super) fn note(&mut self, effect: Effect) -> bool {
        let other = self.collect() || effect.other;
        self.frames.note(Effect { other, ..effect })
    }

    /// Whether the socket should be asked for more before anything is handed over.
    pub(super) fn looks_ahead(&self) -> bool {
        self.ended.is_none() && self.frames.looks_ahead(self.incoming.len() - self.fed)
    }

    /// Why no more bytes come, where that is so.
    pub(super) fn ended(&self) -> Option<&str> {
        self.ended.as_deref()
    }

    /// Why no more bytes come, once libssh2 was told so.
    pub(super) fn told(&self) -> Option<&str> {
        self.ended.as_deref().filter(|_| self.told)
    }

    /// Gives memory back between calls.
    pub(super) fn rest(&mut self) {
        if self.fed == self.incoming.len() {
            self.incoming = Vec::new();
            self.fed = 0;
        }
    }
}
