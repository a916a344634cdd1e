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

/// Bytes taken from the socket at once.
const CHUNK: usize = 32 * 1024;
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
        Ok((Self { tcp, near, outgoing, made_room: false, incoming, fed: 0, frames, ended: None, told: false }, far))
    }

    /// Takes what libssh2 wrote. Does not block. The value is whether it wrote anything.
    fn collect(&mut self) -> bool {
        let before = self.outgoing.len();
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = self.near.read(&mut buffer) {
            self.outgoing.extend_from_slice(&buffer[..count]);
        }
        let wrote = self.outgoing.len() > before;
        self.made_room |= wrote;
        wrote
    }

    /// Sends what libssh2 wrote, as far as the socket takes it. Does not block.
    pub(super) fn send(&mut self) {
        self.collect();
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
        let replied = self.collect();
        self.frames.note(if replied { Effect::Seen } else { effect })
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
                    Fed::None => drop(link.receive()),
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
