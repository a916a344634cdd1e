//! Carries the bytes between libssh2 and the socket, and watches the frames of the peer go by.
//!
//! libssh2 talks to one end of a pair of local sockets, and this room moves bytes between the other end and the network.
//! That gives three things that the library cannot: data that arrived before a connection broke are read before the
//! break is, a peer that does not speak ssh is quoted, and a frame can be handed over alone, so that its effect can be
//! told apart. The last one answers a question that the library does not: whether an exit status of 0 was received, or
//! is only the value that a channel starts with.

use super::frames::{Effect, Frames, Piece};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::UnixStream;

/// Bytes taken from the socket at once, at first.
const CHUNK: usize = 4 * 1024;
/// The same for a peer that has more to say.
const LARGE_CHUNK: usize = 64 * 1024;
/// From so many bytes on that the peer does not take, libssh2 is not asked to write more.
const CONGESTED: usize = 1024 * 1024;

/// The way between libssh2 and the peer.
pub(super) struct Link {
    pub(super) tcp: TcpStream,
    /// Our end of the pair.
    near: UnixStream,
    /// From libssh2, not yet sent; usually empty, and at most [`CONGESTED`] and what the pair and a reply or two hold.
    outgoing: Vec<u8>,
    /// Whether anything was taken from libssh2, which may wait for the room, since that was last asked about.
    made_room: bool,
    /// From the peer; what is before `fed` was handed to libssh2.
    incoming: Vec<u8>,
    fed: usize,
    /// Where the socket's bytes are read to; empty before the first.
    buffer: Vec<u8>,
    /// Whether the socket is thought to have more: it was said to, or filled the buffer the last time.
    readable: bool,
    /// Whether all that libssh2 wrote was taken, and it was not asked since.
    collected: bool,
    pub(super) frames: Frames,
    end: End,
}

/// Whether more bytes come from the peer.
#[derive(Debug)]
enum End {
    /// They may.
    Open,
    /// They do not, and why.
    Known(String),
    /// Libssh2 was told so as well.
    Told(String),
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
        let link = Self {
            tcp,
            near,
            outgoing: Vec::new(),
            made_room: false,
            incoming: Vec::new(),
            fed: 0,
            buffer: Vec::new(),
            readable: false,
            collected: false,
            frames,
            end: End::Open,
        };
        Ok((link, far))
    }

    /// Takes what libssh2 wrote. Does not block. The value is whether it wrote anything.
    fn collect(&mut self) -> bool {
        let before = self.outgoing.len();
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = self.near.read(&mut buffer) {
            self.outgoing.extend_from_slice(&buffer[..count]);
            // Less than was asked for is all there is.
            if count < buffer.len() {
                break;
            }
        }
        let wrote = self.outgoing.len() > before;
        self.made_room |= wrote;
        wrote
    }

    /// Notes that libssh2 is asked, and may write.
    pub(super) fn asked(&mut self) {
        self.collected = false;
    }

    /// Takes what libssh2 wrote since it was asked last, and sends it as far as the socket takes it. Does not block.
    pub(super) fn send(&mut self) {
        if !std::mem::take(&mut self.collected) {
            self.collect();
        }
        self.flush();
    }

    /// Sends what was taken from libssh2, as far as the socket takes it. Does not block.
    pub(super) fn flush(&mut self) {
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
    }

    /// Whether libssh2 can write more than it could when this was asked last, whoever made the room.
    pub(super) fn takes_room(&mut self) -> bool {
        std::mem::take(&mut self.made_room)
    }

    /// Whether so much waits for the socket that libssh2 should not be asked to write more.
    pub(super) fn is_congested(&self) -> bool {
        self.outgoing.len() >= CONGESTED
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
        match std::mem::replace(&mut self.end, End::Open) {
            End::Open => return Fed::None,
            End::Known(how) => self.end = End::Told(how),
            End::Told(how) => {
                self.end = End::Told(how);
                return Fed::Over;
            }
        }
        let rest = std::mem::take(&mut self.incoming);
        // Half a frame is of no use to anybody, but a greeting that is none should be judged whole.
        let _ = self.near.write(rest.get(self.fed..).unwrap_or_default());
        self.fed = 0;
        let _ = self.near.shutdown(Shutdown::Write);
        Fed::Some
    }

    /// Notes that the socket may have bytes.
    pub(super) fn has_more(&mut self) {
        self.readable = true;
    }

    /// Takes bytes from the socket, where it may have any. Does not block. The value is whether anything came, the end
    /// included.
    pub(super) fn receive(&mut self) -> bool {
        if self.ended().is_some() || !std::mem::take(&mut self.readable) {
            return false;
        }
        if self.buffer.is_empty() {
            self.buffer.resize(CHUNK, 0);
        }
        let got = self.tcp.read(&mut self.buffer);
        match got {
            Ok(0) => self.end = End::Known("the peer closed the connection".to_owned()),
            Ok(count) => {
                self.incoming.drain(..self.fed);
                self.fed = 0;
                self.incoming.extend_from_slice(&self.buffer[..count]);
                self.readable = count == self.buffer.len();
                if self.readable {
                    self.buffer.resize(LARGE_CHUNK, 0);
                }
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => return false,
            Err(error) if error.kind() == ErrorKind::ConnectionReset => self.end = End::Known("the peer reset the connection".to_owned()),
            Err(error) => self.end = End::Known(format!("the connection broke: {error}")),
        }
        true
    }

    /// Takes note of what libssh2 made of what it was handed, apart from a reply, which is noticed here. The value is
    /// whether an exit status is known to have come.
    pub(super) fn note(&mut self, effect: Effect) -> bool {
        let replied = self.collect();
        self.collected = true;
        self.frames.note(if replied { Effect::Seen } else { effect })
    }

    /// Why no more bytes come, where that is so.
    pub(super) fn ended(&self) -> Option<&str> {
        match &self.end {
            End::Open => None,
            End::Known(how) | End::Told(how) => Some(how),
        }
    }

    /// Why no more bytes come, once libssh2 was told so.
    pub(super) fn told(&self) -> Option<&str> {
        match &self.end {
            End::Open | End::Known(_) => None,
            End::Told(how) => Some(how),
        }
    }

    /// Gives memory back between calls.
    pub(super) fn rest(&mut self) {
        self.incoming.drain(..self.fed);
        self.fed = 0;
        self.buffer.truncate(CHUNK);
        for buffer in [&mut self.buffer, &mut self.incoming, &mut self.outgoing] {
            buffer.shrink_to(CHUNK);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    fn link() -> (Link, UnixStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let tcp = TcpStream::connect(listener.local_addr().expect("an address")).expect("connected");
        tcp.set_nonblocking(true).expect("an option");
        let (link, far) = Link::new(tcp).expect("a pair");
        (link, far, listener.accept().expect("accepted").0)
    }

    /// Writes until there is no room, as libssh2 does, and says how much went in.
    fn fill(far: &mut UnixStream) -> usize {
        let mut written = 0;
        while let Ok(count) = far.write(&[7; 1000]) {
            written += count;
        }
        written
    }

    #[test]
    fn room_is_remembered_whoever_made_it_until_it_is_taken() {
        let (mut link, mut far, _peer) = link();
        assert!(!link.takes_room(), "nothing was written");
        let makers: [fn(&mut Link); 2] = [Link::send, |link| assert!(!link.note(Effect::None))];
        for make_room in makers {
            assert!(fill(&mut far) > 0, "there was room");
            make_room(&mut link);
            assert!(link.takes_room() && !link.takes_room());
        }
        assert!(fill(&mut far) > 0);
        link.note(Effect::None);
        // What comes in between takes nothing more from the pair.
        link.send();
        link.note(Effect::None);
        assert!(link.takes_room());
    }

    #[test]
    fn a_peer_that_takes_nothing_congests_the_way_and_loses_nothing() {
        let (mut link, mut far, mut peer) = link();
        let mut written = 0;
        while !link.is_congested() {
            written += fill(&mut far);
            link.send();
        }
        assert!(link.wants_to_send() && link.outgoing.len() < 2 * CONGESTED, "{}", link.outgoing.len());
        let (mut taken, mut buffer) = (0, vec![0; CHUNK]);
        while taken < written {
            taken += peer.read(&mut buffer).expect("bytes");
            link.send();
        }
        assert!(taken == written && !link.is_congested() && !link.wants_to_send());
    }

    #[test]
    fn a_reply_tells_that_a_frame_was_no_exit_status() {
        let (mut link, mut far, mut peer) = link();
        let opening = b"SSH-2.0-x\r\n\0\0\0\x0c\x0a\x15\0\0\0\0\0\0\0\0\0\0";
        peer.write_all(opening).expect("sent");
        let (mut sent, mut handed) = (opening.len(), 0);
        let status = [&[0, 0, 0, 32][..], &[1; 48]].concat();
        for (effect, replies, is_status) in [(Effect::None, false, true), (Effect::None, true, false), (Effect::Seen, false, false)] {
            peer.write_all(&status).expect("sent");
            sent += status.len();
            let mut buffer = [0; 100];
            while handed < sent {
                match link.feed() {
                    Fed::Sealed => link.frames.seal("aes256-gcm@openssh.com", ""),
                    Fed::None => {
                        link.has_more();
                        link.receive();
                    }
                    _ => handed += far.read(&mut buffer).expect("bytes"),
                }
            }
            if replies {
                far.write_all(b"a reply").expect("room");
            }
            assert_eq!((link.note(effect), link.note(Effect::None)), (is_status, false), "{effect:?}, {replies}");
        }
    }
}
