//! A session of libssh2, driven without blocking: every wait is ours, has a deadline, and ends when the run is interrupted.
//!
//! The session and its channels have one owner, because dropping a channel of a session that another thread uses is a
//! data race in libssh2. Nothing here is `Clone`.

use super::link::{Fed, Link};
use crate::connect::class::Limits;
use crate::connect::interrupt::Woken;
use crate::record::fault::{Fault, FaultKind, Phase};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fd::AsFd;
use ssh2::{BlockDirections, Channel, ErrorCode, MethodType};
use std::io;
use std::net::{Shutdown, TcpStream};
use std::time::Instant;

/// Why driving ended without a result.
#[derive(Debug)]
pub(super) enum Stop {
    /// The deadline passed.
    Late,
    /// The run was interrupted.
    Interrupted,
    /// The connection ended, and how.
    Lost(String),
    /// libssh2 says no.
    Refused(ssh2::Error),
}

/// What libssh2 answers where it must be asked again.
const AGAIN: i32 = -37;
/// Its codes for a connection that is gone: send, disconnect, timeout, receive, bad socket.
const GONE: [i32; 5] = [-7, -13, -30, -43, -45];
/// Its codes for bytes that are no packet of the session: a wrong authentication code, what cannot be deciphered, a length that
/// makes no sense.
const NO_PACKET: [i32; 3] = [-4, -12, -41];
/// The most that a peer may say before its ssh banner, in bytes.
const GREETING: usize = 64 * 1024;

/// A session and the socket beneath it.
pub(super) struct Session {
    pub(super) raw: ssh2::Session,
    /// `None` after the teardown.
    pub(super) link: Option<Link>,
    ahead: Ahead,
}

/// Whether the next command's channel is asked for ahead of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ahead {
    /// The server may not be ready for that.
    Never,
    /// It may be.
    Possible,
    /// It was.
    Asked,
}

impl Session {
    /// Puts a session on a connected socket. Sends nothing yet.
    pub(super) fn new(tcp: TcpStream) -> io::Result<Self> {
        let mut raw = ssh2::Session::new().map_err(io::Error::from)?;
        let (link, far) = Link::new(tcp)?;
        raw.set_blocking(false);
        raw.set_tcp_stream(far);
        Ok(Self { raw, link: Some(link), ahead: Ahead::Never })
    }

    /// Asks libssh2 again and again, moving bytes and waiting in between, until it has a result. Blocks.
    pub(super) fn drive<T>(
        &mut self,
        limits: &Limits<'_>,
        attempt: impl FnMut(&mut ssh2::Session) -> Result<T, ssh2::Error>,
    ) -> Result<T, Stop> {
        let done = self.drive_held(limits, attempt)?;
        if let Some(link) = &mut self.link {
            link.send();
        }
        Ok(done)
    }

    /// The same, but what libssh2 wrote last is not sent before something else is.
    fn drive_held<T>(
        &mut self,
        limits: &Limits<'_>,
        mut attempt: impl FnMut(&mut ssh2::Session) -> Result<T, ssh2::Error>,
    ) -> Result<T, Stop> {
        loop {
            if let Some(link) = &mut self.link {
                link.asked();
            }
            match attempt(&mut self.raw) {
                Ok(done) => return Ok(done),
                Err(error) => self.again(error)?,
            }
            self.pump(limits)?;
        }
    }

    /// Opens a channel, or takes the one that was asked for ahead. Blocks.
    pub(super) fn open_channel(&mut self, limits: &Limits<'_>) -> Result<Channel, Stop> {
        let was_asked = self.ahead == Ahead::Asked;
        if was_asked {
            self.ahead = Ahead::Possible;
            // The reply is handed over first: libssh2 gives up after a minute when it finds none, however long nobody asked.
            self.pump(limits)?;
        }
        match self.drive(limits, |raw| raw.channel_session()) {
            Err(Stop::Refused(_)) if was_asked => {
                // The server was not done with the channel before.
                self.ahead = Ahead::Never;
                self.drive(limits, |raw| raw.channel_session())
            }
            opened => opened,
        }
    }

    /// Lets the next command's channel be asked for with the end of the one before, where the server is known to take it.
    pub(super) fn open_ahead(&mut self) {
        let server = self.raw.banner().unwrap_or_default();
        if ["OpenSSH", "dropbear"].iter().any(|known| server.contains(known)) {
            self.ahead = Ahead::Possible;
        }
    }

    /// Closes a channel, and asks for the next one in the same breath where that may be done, which saves the next command
    /// a way to the server and back. Blocks until the close is on its way.
    pub(super) fn close_channel(&mut self, channel: &mut Channel, limits: &Limits<'_>) -> Result<(), Stop> {
        let closed = self.drive_held(limits, |_| channel.close());
        if self.ahead == Ahead::Possible && closed.is_ok() {
            // libssh2 remembers what it has sent, and goes on from there when it is asked again.
            let asked = self.raw.channel_session();
            self.ahead = match asked {
                Err(error) if error.code() == ErrorCode::Session(AGAIN) => Ahead::Asked,
                Ok(_) | Err(_) => Ahead::Never,
            };
        }
        if let Some(link) = &mut self.link {
            link.asked();
            link.send();
        }
        closed
    }

    /// Whether an error only means that libssh2 must be asked again.
    pub(super) fn again(&mut self, error: ssh2::Error) -> Result<(), Stop> {
        match error.code() {
            ErrorCode::Session(AGAIN) => Ok(()),
            ErrorCode::Session(code) => match self.link.as_ref().and_then(Link::told) {
                // Some of its steps report a lost connection as their own failure.
                Some(how) => Err(Stop::Lost(how.to_owned())),
                None if GONE.contains(&code) => Err(Stop::Lost("the peer ended the session".to_owned())),
                None if NO_PACKET.contains(&code) => Err(Stop::Lost("the peer sent bytes that are no packet of this session".to_owned())),
                None => Err(Stop::Refused(error)),
            },
            ErrorCode::SFTP(_) => Err(Stop::Refused(error)),
        }
    }

    /// Hands over what has come already; the value is whether libssh2 has something new to look at. Does not block.
    pub(super) fn take_in(&mut self, limits: &Limits<'_>) -> Result<bool, Stop> {
        is_in_time(limits)?;
        let Some(link) = &mut self.link else {
            return Err(Stop::Lost("the connection is closed".to_owned()));
        };
        link.send();
        link.has_more();
        loop {
            match link.feed() {
                Fed::Some => return Ok(true),
                Fed::Over => return Err(Stop::Lost(link.ended().unwrap_or("the session ended").to_owned())),
                Fed::None if link.receive() => {}
                // Keys are agreed on for the first time while the session is opened.
                Fed::Sealed | Fed::None => return Ok(false),
            }
        }
    }

    /// Moves bytes until libssh2 has something new to look at. Blocks.
    pub(super) fn pump(&mut self, limits: &Limits<'_>) -> Result<(), Stop> {
        is_in_time(limits)?;
        let Some(link) = &mut self.link else {
            return Err(Stop::Lost("the connection is closed".to_owned()));
        };
        link.send();
        loop {
            link.flush();
            if link.is_congested() {
                // Whatever libssh2 is handed, it might answer. Room that was made meanwhile is remembered.
                wait(link, PollFlags::OUT, limits)?;
                continue;
            }
            if link.takes_room() && matches!(self.raw.block_directions(), BlockDirections::Outbound | BlockDirections::Both) {
                // There is room again for what libssh2 could not write.
                return Ok(());
            }
            match link.feed() {
                Fed::Some if link.frames.greeting().is_some() && link.frames.greeted() > GREETING => {
                    return Err(Stop::Lost(format!("the peer sent {} bytes that are no ssh banner", link.frames.greeted())));
                }
                Fed::Some => return Ok(()),
                Fed::Over => return Err(Stop::Lost(link.ended().unwrap_or("the session ended").to_owned())),
                Fed::Sealed => {
                    let method = |kind| self.raw.methods(kind).unwrap_or_default();
                    link.frames.seal(method(MethodType::CryptSc), method(MethodType::MacSc));
                }
                Fed::None if link.receive() => {}
                Fed::None if link.wants_to_send() => wait(link, PollFlags::IN | PollFlags::OUT, limits)?,
                Fed::None => wait(link, PollFlags::IN, limits)?,
            }
        }
    }

    /// What the peer said, where it was not ssh.
    pub(super) fn greeting(&self) -> &[u8] {
        self.link.as_ref().and_then(|link| link.frames.greeting()).unwrap_or_default()
    }

    /// Whether the peer has not spoken ssh yet.
    pub(super) fn awaits_banner(&self) -> bool {
        self.link.as_ref().is_some_and(|link| link.frames.greeting().is_some())
    }

    /// Whether the connection has a chance. Does not block, and sends nothing.
    pub(super) fn is_alive(&self) -> bool {
        let Some(link) = self.link.as_ref().filter(|link| link.ended().is_none()) else {
            return false;
        };
        let gone = PollFlags::RDHUP | PollFlags::HUP | PollFlags::ERR;
        let mut watched = [PollFd::new(&link.tcp, PollFlags::RDHUP)];
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        rustix::event::poll(&mut watched, Some(&now)).is_ok_and(|_| !watched[0].revents().intersects(gone))
    }

    /// Ends the connection without waiting for the peer.
    pub(super) fn close(&mut self) {
        let Some(link) = self.link.take() else {
            return;
        };
        let _ = link.tcp.shutdown(Shutdown::Both);
        // With our end of the pair gone nothing can block any more, and only a blocking session frees all that it holds.
        drop(link);
        self.raw.set_blocking(true);
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.close();
    }
}

/// A peer that never stops sending would otherwise keep us from ever looking at the clock.
fn is_in_time(limits: &Limits<'_>) -> Result<(), Stop> {
    if limits.interrupt.is_raised() {
        return Err(Stop::Interrupted);
    }
    if Instant::now() >= limits.deadline.at() { Err(Stop::Late) } else { Ok(()) }
}

fn wait(link: &mut Link, flags: PollFlags, limits: &Limits<'_>) -> Result<(), Stop> {
    match limits.interrupt.wait(&[(link.tcp.as_fd(), flags)], limits.deadline.at()) {
        Ok(Woken::Ready) => {
            link.has_more();
            Ok(())
        }
        Ok(Woken::Late) => Err(Stop::Late),
        Ok(Woken::Interrupted) => Err(Stop::Interrupted),
        Err(error) => Err(Stop::Lost(format!("waiting for the connection failed: {error}"))),
    }
}

impl Stop {
    /// The fault of opening; `doing` begins with a verb, as in "waiting for the ssh banner".
    pub(super) fn while_opening(self, doing: &str, limits: &Limits<'_>) -> Fault {
        match self {
            Self::Late => Fault::timeout(doing, limits.deadline.limit()),
            Self::Interrupted => interrupted(doing),
            Self::Lost(how) => Fault::new(FaultKind::Unreachable, format!("{how} while {doing}")),
            Self::Refused(error) => Fault::new(FaultKind::Unreachable, format!("{doing} failed: {}", sentence(&error))),
        }
        .in_phase(Phase::Creation)
    }

    /// The fault of a call.
    pub(super) fn while_calling(self, doing: &str, limits: &Limits<'_>) -> Fault {
        match self {
            Self::Late => Fault::timeout(doing, limits.deadline.limit()),
            Self::Interrupted => interrupted(doing),
            Self::Lost(how) => Fault::new(FaultKind::Lost, format!("{how} while {doing}")),
            Self::Refused(error) => Fault::new(FaultKind::Lost, format!("{doing} failed: {}", sentence(&error))),
        }
    }
}

fn interrupted(doing: &str) -> Fault {
    Fault::new(FaultKind::Interrupted, format!("the run was interrupted while {doing}"))
}

/// What libssh2 says, in the form of our own sentences.
pub(super) fn sentence(error: &ssh2::Error) -> String {
    let message = error.message().trim().trim_end_matches('.');
    let mut letters = message.chars();
    let first = letters.next().map(|letter| letter.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}
