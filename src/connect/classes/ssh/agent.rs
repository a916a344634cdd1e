//! Logs in with the keys of an ssh agent, within a deadline.
//!
//! libssh2 asks an agent by calls that block, and one that hangs up makes it turn without end. So it talks to a socket of
//! ours, where each of its questions is handed on and answered whole: by the agent, or in its place with a refusal once it
//! fails or the time is over. That takes a thread for as long as the login lasts.

use super::session::{Session, Stop, sentence};
use crate::connect::class::Limits;
use crate::connect::interrupt::Woken;
use crate::record::fault::{Fault, FaultKind, Phase};
use rustix::event::{PollFd, PollFlags};
use rustix::fd::AsFd;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::Instant;

/// The largest message of an agent, in bytes, as OpenSSH has it.
const LARGEST: usize = 256 * 1024;

/// `SSH_AGENT_FAILURE`, as a whole message.
const FAILURE: [u8; 5] = [0, 0, 0, 1, 5];

/// What came of the keys of an agent.
pub(super) enum Outcome {
    /// One of them was accepted.
    Accepted,
    /// So many were refused.
    Refused(usize),
    /// The agent gave none, and why.
    NoKeys(String),
}

/// Tries every key of the agent at `socket`. Blocks.
pub(super) fn authenticate(session: &mut Session, user: &str, socket: &Path, limits: &Limits<'_>) -> Result<Outcome, Agency> {
    let folder = tempfile::Builder::new().prefix("runner-agent").tempdir().map_err(|error| internal(&error))?;
    let near = folder.path().join("agent");
    let listener = UnixListener::bind(&near).map_err(|error| internal(&error))?;
    let (over, waits) = UnixStream::pair().map_err(|error| internal(&error))?;
    std::thread::scope(|scope| {
        let broker = Broker { socket, limits };
        let started = std::thread::Builder::new().name("ssh-agent".to_owned()).stack_size(1024 * 1024);
        started.spawn_scoped(scope, move || broker.serve(&listener, &waits)).map_err(|error| internal(&error))?;
        let outcome = try_keys(session, user, &near, limits);
        // Ends the broker where libssh2 has not even connected.
        drop(over);
        outcome
    })
}

/// Why there is no outcome.
pub(super) enum Agency {
    Stop(Stop),
    Fault(Fault),
}

impl From<Stop> for Agency {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}

fn internal(error: &io::Error) -> Agency {
    Agency::Fault(Fault::new(FaultKind::Internal, format!("the ssh agent cannot be talked to: {error}")).in_phase(Phase::Creation))
}

fn try_keys(session: &mut Session, user: &str, near: &Path, limits: &Limits<'_>) -> Result<Outcome, Agency> {
    let unusable = |error: &ssh2::Error| Outcome::NoKeys(sentence(error));
    let mut agent = match session.raw.agent() {
        Ok(agent) => agent,
        Err(error) => return Ok(unusable(&error)),
    };
    let listed = agent.set_identity_path(near).and_then(|()| agent.connect()).and_then(|()| agent.list_identities());
    let keys = match listed.and_then(|()| agent.identities()) {
        Ok(keys) => keys,
        Err(error) => {
            out_of_time(limits)?;
            return Ok(unusable(&error));
        }
    };
    if keys.is_empty() {
        return Ok(Outcome::NoKeys("it holds none".to_owned()));
    }
    for key in &keys {
        match session.drive(limits, |_| agent.userauth(user, key)) {
            Ok(()) => return Ok(Outcome::Accepted),
            Err(Stop::Refused(_)) => out_of_time(limits)?,
            Err(stop) => return Err(stop.into()),
        }
    }
    Ok(Outcome::Refused(keys.len()))
}

/// What the agent did not answer in time looks like a refusal.
fn out_of_time(limits: &Limits<'_>) -> Result<(), Stop> {
    if limits.interrupt.is_raised() {
        return Err(Stop::Interrupted);
    }
    if limits.deadline.remaining(Instant::now()).is_none() { Err(Stop::Late) } else { Ok(()) }
}

/// Answers libssh2 in the agent's place.
#[derive(Clone, Copy)]
struct Broker<'a> {
    socket: &'a Path,
    limits: &'a Limits<'a>,
}

impl Broker<'_> {
    /// Serves one connection until it ends. Every question is answered whole, whatever the agent does.
    fn serve(self, listener: &UnixListener, over: &UnixStream) {
        let mut ready = [PollFd::new(listener, PollFlags::IN), PollFd::new(over, PollFlags::IN)];
        // Neither deadline nor interrupt ends this wait: libssh2 may be about to ask, and must be answered.
        while rustix::event::poll(&mut ready, None) == Err(rustix::io::Errno::INTR) {}
        if listener.set_nonblocking(true).is_err() {
            return;
        }
        let Ok((mut near, _)) = listener.accept() else { return };
        if near.set_nonblocking(false).is_err() {
            return;
        }
        let mut agent = self.reach();
        while let Ok(question) = message(|buffer| near.read_exact(buffer)) {
            let answer = agent.as_mut().map_err(|_| ErrorKind::NotConnected.into()).and_then(|agent| self.ask(agent, &question));
            if answer.is_err() {
                agent = Err(ErrorKind::NotConnected.into());
            }
            if near.write_all(answer.as_deref().unwrap_or(&FAILURE)).is_err() {
                return;
            }
        }
    }

    fn reach(self) -> io::Result<UnixStream> {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
        rustix::net::connect(&socket, &SocketAddrUnix::new(self.socket)?)?;
        Ok(UnixStream::from(socket))
    }

    fn ask(self, agent: &mut UnixStream, question: &[u8]) -> io::Result<Vec<u8>> {
        let mut sent = 0;
        while sent < question.len() {
            match agent.write(&question[sent..]) {
                Ok(count) => sent += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.wait(agent, PollFlags::OUT)?,
                Err(error) => return Err(error),
            }
        }
        message(|buffer| {
            let mut filled = 0;
            while filled < buffer.len() {
                match agent.read(&mut buffer[filled..]) {
                    Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                    Ok(count) => filled += count,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => self.wait(agent, PollFlags::IN)?,
                    Err(error) => return Err(error),
                }
            }
            Ok(())
        })
    }

    fn wait(self, agent: &UnixStream, flags: PollFlags) -> io::Result<()> {
        match self.limits.interrupt.wait(&[(agent.as_fd(), flags)], self.limits.deadline.at())? {
            Woken::Ready => Ok(()),
            Woken::Late | Woken::Interrupted => Err(ErrorKind::TimedOut.into()),
        }
    }
}

/// Reads a message with its length before it.
fn message(mut fill: impl FnMut(&mut [u8]) -> io::Result<()>) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    fill(&mut length)?;
    let size = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if size == 0 || size > LARGEST {
        return Err(ErrorKind::InvalidData.into());
    }
    let mut whole = vec![0; 4 + size];
    whole[..4].copy_from_slice(&length);
    fill(&mut whole[4..])?;
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_the_length_that_it_says_and_no_more_than_is_allowed() {
        let read = |mut bytes: &[u8]| message(|buffer| bytes.read_exact(buffer)).map_err(|error| error.kind());
        assert_eq!(read(&[0, 0, 0, 2, 7, 8, 9]), Ok(vec![0, 0, 0, 2, 7, 8]));
        assert_eq!(read(&FAILURE), Ok(FAILURE.to_vec()));
        assert_eq!(read(&[0, 0, 0, 2, 7]), Err(ErrorKind::UnexpectedEof));
        assert_eq!(read(&[0, 0]), Err(ErrorKind::UnexpectedEof));
        assert_eq!(read(&[0, 0, 0, 0]), Err(ErrorKind::InvalidData));
        assert_eq!(read(&[0, 4, 0, 1, 0]), Err(ErrorKind::InvalidData));
        assert_eq!(read(&[255; 9]), Err(ErrorKind::InvalidData));
    }
}
