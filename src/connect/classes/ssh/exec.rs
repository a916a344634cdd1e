//! Runs one command in a channel of its own and collects all that it says.

use super::ruler::Effect;
use super::session::{Session, Stop, sentence};
use crate::base::text;
use crate::connect::class::Limits;
use crate::record::answer::Answer;
use crate::record::fault::{Fault, FaultKind};
use ssh2::{Channel, ErrorCode};
use std::io::{ErrorKind, Read};
use std::time::Instant;

/// Bytes read at once.
const CHUNK: usize = 32 * 1024;

/// What came so far.
#[derive(Default)]
struct Received {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    /// Whether the server sent an exit status, of whatever value.
    status: bool,
}

/// What the server is known to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Habits {
    /// It says how a command ended, so that a channel without an exit status was not closed by the command's end.
    sends_status: bool,
}

impl Habits {
    /// What the server's name tells; more is learned as commands end.
    pub(super) fn of(session: &Session) -> Self {
        let name = session.raw.banner().unwrap_or_default();
        Self { sends_status: ["OpenSSH", "dropbear"].iter().any(|known| name.contains(known)) }
    }
}

/// What to run, and what bounds it.
pub(super) struct Run<'a> {
    pub(super) command: &'a str,
    /// The largest answer, both streams together, in bytes.
    pub(super) most: usize,
    pub(super) limits: &'a Limits<'a>,
}

impl Run<'_> {
    /// Runs the command. Blocks until the server has closed the channel.
    ///
    /// # Errors
    /// A fault with what had come; the session is closed unless the fault leaves it whole.
    pub(super) fn on(&self, session: &mut Session, habits: &mut Habits) -> Result<Answer, Fault> {
        let started = Instant::now();
        let mut received = Received::default();
        let mut channel = self.start(session)?;
        let outcome = self.collect(session, &mut channel, &mut received);
        watch(session, false);
        let answer = outcome.and_then(|()| self.judge(session, &mut channel, &received, habits));
        let exit_code = match answer {
            Ok(exit_code) => exit_code,
            Err(fault) => {
                let last = if received.stdout.is_empty() { &received.stderr } else { &received.stdout };
                let all = received.stdout.len() + received.stderr.len();
                let mut fault = fault.after(last);
                fault.received = all as u64;
                if fault.kind != FaultKind::Killed {
                    session.close();
                }
                return Err(fault);
            }
        };
        let took = started.elapsed();
        let (stdout, stderr) = (Answer::decode(received.stdout), Answer::decode(received.stderr));
        Ok(Answer { stdout, stderr, exit_code, status: None, took })
    }

    fn start(&self, session: &mut Session) -> Result<Channel, Fault> {
        let closed = |session: &mut Session, stop: Stop, doing: &str| {
            let fault = stop.while_calling(doing, self.limits);
            session.close();
            fault
        };
        let mut channel = match session.drive(self.limits, |raw| raw.channel_session()) {
            Ok(channel) => channel,
            Err(Stop::Refused(error)) => {
                return Err(Fault::new(FaultKind::Refused, format!("the server refused to open a channel: {}", sentence(&error)))
                    .hinted("the server may allow fewer sessions at once (`MaxSessions`)"));
            }
            Err(stop) => return Err(closed(session, stop, "opening a channel")),
        };
        watch(session, true);
        match session.drive(self.limits, |_| channel.exec(self.command)) {
            // From the server's reply on, frames are measured.
            Ok(()) => drop(session.link.as_mut().map(|link| link.note(Effect { other: true, ..Effect::default() }))),
            Err(Stop::Refused(error)) => {
                let fault = Fault::new(FaultKind::Refused, format!("the server refused to run the command: {}", sentence(&error)));
                // What the server does with the channel now is not known.
                session.close();
                return Err(fault);
            }
            Err(stop) => return Err(closed(session, stop, "starting the command")),
        }
        match session.drive(self.limits, |_| channel.send_eof()) {
            // The command may have ended already.
            Ok(()) | Err(Stop::Refused(_)) => Ok(channel),
            Err(stop) => Err(closed(session, stop, "starting the command")),
        }
    }

    /// Reads until the server has closed the channel.
    fn collect(&self, session: &mut Session, channel: &mut Channel, received: &mut Received) -> Result<(), Fault> {
        let mut buffer = vec![0; CHUNK];
        let mut ended = false;
        loop {
            let before = (received.stdout.len(), received.stderr.len());
            let drained = drain(session, channel, received, &mut buffer);
            let size = received.stdout.len() + received.stderr.len();
            if size > self.most {
                return Err(Fault::new(
                    FaultKind::TooLarge,
                    format!("the answer is larger than {} (`max_answer`)", text::count(self.most, "byte")),
                ));
            }
            let was_ended = std::mem::replace(&mut ended, channel.eof());
            let closed = drained.and_then(|()| if ended { is_closed(session, channel) } else { Ok(false) });
            let closed = closed.map_err(|stop| self.stopped(stop, received))?;
            let (stdout, stderr) = (received.stdout.len() - before.0, received.stderr.len() - before.1);
            let effect = Effect { stdout, stderr, ended: closed || ended != was_ended, other: false };
            received.status |= session.link.as_mut().is_some_and(|link| link.note(effect));
            if closed {
                return Ok(());
            }
            session.pump(self.limits).map_err(|stop| self.stopped(stop, received))?;
        }
    }

    fn stopped(&self, stop: Stop, received: &Received) -> Fault {
        let late = matches!(stop, Stop::Late);
        let fault = stop.while_calling("waiting for the end of the command", self.limits);
        if late && received.status {
            return fault.hinted(
                "the command itself has ended, and a process that it left behind holds its output open: redirect the output of that process",
            );
        }
        fault
    }

    /// What the end of the channel says about the command.
    fn judge(&self, session: &mut Session, channel: &mut Channel, received: &Received, habits: &mut Habits) -> Result<Option<i32>, Fault> {
        let signal = channel.exit_signal().ok().and_then(|signal| signal.exit_signal);
        let status = channel.exit_status().unwrap_or_default();
        let told_apart = session.link.as_ref().is_some_and(|link| link.frames.are_told_apart());
        if let Some(signal) = signal {
            self.finish(session, channel)?;
            return Err(Fault::new(FaultKind::Killed, format!("the command was killed by signal {signal}")));
        }
        if received.status || status != 0 {
            // One that was not seen to come tells that this server's frames are not what is looked for.
            habits.sends_status = received.status;
            self.finish(session, channel)?;
            return Ok(Some(status));
        }
        if told_apart && habits.sends_status {
            return Err(Fault::new(FaultKind::Lost, "the server closed the channel before it said how the command ended"));
        }
        self.finish(session, channel)?;
        Ok(None)
    }

    /// Closes our side, so that nothing of the channel is left behind.
    fn finish(&self, session: &mut Session, channel: &mut Channel) -> Result<(), Fault> {
        match session.drive(self.limits, |_| channel.close()) {
            Ok(()) | Err(Stop::Refused(_)) => Ok(()),
            Err(stop) => Err(stop.while_calling("closing the channel", self.limits)),
        }
    }
}

fn watch(session: &mut Session, watched: bool) {
    if let Some(link) = &mut session.link {
        link.frames.watch(watched);
    }
}

/// Reads all that libssh2 holds, of both streams in turn, so that neither fills the window of the other.
fn drain(session: &mut Session, channel: &Channel, received: &mut Received, buffer: &mut [u8]) -> Result<(), Stop> {
    for (id, into) in [(0, &mut received.stdout), (1, &mut received.stderr)] {
        let mut stream = channel.stream(id);
        loop {
            match stream.read(buffer) {
                Ok(0) => break,
                Ok(count) => into.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => {
                    let code = ssh2::Error::last_session_error(&session.raw);
                    return Err(match code.map(|known| session.again(known)) {
                        Some(Err(stop)) => stop,
                        _ => Stop::Lost(format!("reading failed: {error}")),
                    });
                }
            }
        }
    }
    Ok(())
}

fn is_closed(session: &mut Session, channel: &mut Channel) -> Result<bool, Stop> {
    match channel.wait_close() {
        Ok(()) => Ok(true),
        Err(error) if error.code() == ErrorCode::Session(-37) => Ok(false),
        Err(error) => session.again(error).map(|()| false),
    }
}
