//! Runs one command in a channel of its own and collects all that it says.
//!
//! How the command ended is judged from the end of its channel. Only the server's own close ends a call well: a broken
//! connection is `Lost`, a signal is `Killed`, and an exit status that is not 0 is what it says. An exit status of 0 is
//! the hard one, because libssh2 gives 0 for none as well:
//!
//! - Where frames show their length (`frames`), a status is seen to come. None from a server that sends them is `Lost`,
//!   because then the channel was closed by something else than the command's end.
//! - Where lengths are encrypted, nothing tells 0 from none. Then 0 is believed of a server that is known to send statuses
//!   (by its name, or because it sent one that is not 0), and is no exit code from any other. What that misses is a
//!   channel that such a server closes early, as with OpenSSH's `ChannelTimeout`; a server that has it also has ciphers
//!   with lengths in the clear, and those are asked for first.

use super::frames::Effect;
use super::session::{Session, Stop, sentence};
use crate::base::text;
use crate::connect::class::Limits;
use crate::record::answer::Answer;
use crate::record::fault::{Fault, FaultKind};
use ssh2::{Channel, EXTENDED_DATA_STDERR, ErrorCode};
use std::io::{ErrorKind, Read};
use std::time::Instant;

/// Bytes read at once.
const CHUNK: usize = 8 * 1024;

/// What came so far.
#[derive(Default)]
struct Received {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    /// Whether an exit status was seen to come, of whatever value.
    status: bool,
}

/// Whether the server says how commands end, as far as is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Habits {
    /// Nothing is known.
    Unknown,
    /// It does, so that a channel without an exit status was not closed by the command's end.
    SendsStatus,
    /// It does, in frames that are padded so that a status is not seen to come.
    HidesStatus,
}

/// What is believed of a command whose channel the server has closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// It ended with this exit code.
    Ended(i32),
    /// Nobody knows how it ended.
    Unknown,
    /// Something else than its end closed the channel.
    Missing,
}

impl Habits {
    /// What the server's name tells; more is learned as commands end.
    pub(super) fn of(session: &Session) -> Self {
        Self::of_name(session.raw.banner().unwrap_or_default())
    }

    fn of_name(name: &str) -> Self {
        let known = ["OpenSSH", "dropbear"].iter().any(|known| name.contains(known));
        if known { Self::SendsStatus } else { Self::Unknown }
    }

    /// Judges what libssh2 gives as the exit status. `seen` says whether one was seen to come; `None` where that cannot
    /// be seen.
    fn judge(&mut self, status: i32, seen: Option<bool>) -> Verdict {
        let learned = match (status, seen) {
            (0, Some(false) | None) => *self,
            (_, Some(false)) => Self::HidesStatus,
            // Once hidden, a status is seen by chance only.
            (_, Some(true)) if *self == Self::HidesStatus => *self,
            (_, Some(true) | None) => Self::SendsStatus,
        };
        *self = learned;
        match (status, seen, learned) {
            (0, Some(true), _) | (0, None, Self::SendsStatus) => Verdict::Ended(0),
            (0, Some(false), Self::SendsStatus) => Verdict::Missing,
            (0, Some(false) | None, _) => Verdict::Unknown,
            _ => Verdict::Ended(status),
        }
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
        self.limits.tap.sent(format!("{}\n", self.command).as_bytes());
        let mut channel = self.start(session)?;
        let outcome = self.collect(session, &mut channel, &mut received);
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
        Ok(Answer { stdout, stderr, exit_code, took, ..Answer::default() })
    }

    fn start(&self, session: &mut Session) -> Result<Channel, Fault> {
        let closed = |session: &mut Session, stop: Stop, doing: &str| {
            let fault = stop.while_calling(doing, self.limits);
            session.close();
            fault
        };
        let mut channel = match session.open_channel(self.limits) {
            Ok(channel) => channel,
            Err(Stop::Refused(error)) => {
                return Err(Fault::new(FaultKind::Refused, format!("the server refused to open a channel: {}", sentence(&error)))
                    .hinted("the server may allow fewer sessions at once (`MaxSessions`)"));
            }
            Err(stop) => return Err(closed(session, stop, "opening a channel")),
        };
        match session.drive(self.limits, |_| channel.exec(self.command)) {
            // The frame that brought the server's reply was no exit status.
            Ok(()) => drop(session.link.as_mut().map(|link| link.note(Effect::Seen))),
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
        let mut buffer = [0; CHUNK];
        let mut ended = false;
        loop {
            let (out, err) = (received.stdout.len(), received.stderr.len());
            let before = out + err;
            // After the end of both streams only the close is awaited.
            let drained = if ended { Ok(()) } else { drain(session, channel, received, &mut buffer) };
            self.limits.tap.received(&received.stdout[out..]);
            self.limits.tap.received_err(&received.stderr[err..]);
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
            let effect = if size > before || closed || ended != was_ended { Effect::Seen } else { Effect::None };
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
        let seen = session.link.as_ref().filter(|link| link.frames.are_told_apart()).map(|_| received.status);
        if let Some(signal) = signal {
            self.finish(session, channel)?;
            return Err(Fault::new(FaultKind::Killed, format!("the command was killed by signal {signal}")));
        }
        let exit_code = match habits.judge(status, seen) {
            Verdict::Ended(status) => Some(status),
            Verdict::Unknown => None,
            Verdict::Missing => {
                return Err(Fault::new(FaultKind::Lost, "the server closed the channel before it said how the command ended"));
            }
        };
        self.finish(session, channel)?;
        Ok(exit_code)
    }

    /// Closes our side, so that nothing of the channel is left behind.
    fn finish(&self, session: &mut Session, channel: &mut Channel) -> Result<(), Fault> {
        match session.close_channel(channel, self.limits) {
            Ok(()) | Err(Stop::Refused(_)) => Ok(()),
            Err(stop) => Err(stop.while_calling("closing the channel", self.limits)),
        }
    }
}

/// Reads all that libssh2 holds, of both streams in turn, so that neither fills the window of the other.
fn drain(session: &mut Session, channel: &Channel, received: &mut Received, buffer: &mut [u8]) -> Result<(), Stop> {
    read(session, channel, 0, &mut received.stdout, buffer)?;
    // What had come for either stream is counted, and asking a stream that has nothing costs as much as reading.
    if channel.read_window().available > 0 {
        read(session, channel, EXTENDED_DATA_STDERR, &mut received.stderr, buffer)?;
    }
    Ok(())
}

/// Reads all that libssh2 holds of one stream.
fn read(session: &mut Session, channel: &Channel, stream: i32, into: &mut Vec<u8>, buffer: &mut [u8]) -> Result<(), Stop> {
    let mut stream = channel.stream(stream);
    loop {
        match stream.read(buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => into.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
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

fn is_closed(session: &mut Session, channel: &mut Channel) -> Result<bool, Stop> {
    match channel.wait_close() {
        Ok(()) => Ok(true),
        Err(error) if error.code() == ErrorCode::Session(-37) => Ok(false),
        Err(error) => session.again(error).map(|()| false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_of_zero_is_believed_where_it_was_seen_or_the_server_is_known_to_send_one() {
        let (clear, hidden) = (Some(false), None);
        let seen = Some(true);
        let gear = "SSH-2.0-Cisco-1.25";
        let (openssh, dropbear) = ("SSH-2.0-OpenSSH_5.3", "SSH-2.0-dropbear_2022.83");
        let (zero, unknown, missing) = (Verdict::Ended(0), Verdict::Unknown, Verdict::Missing);
        for (name, ends) in [
            // Lengths in the clear: what was seen counts.
            (openssh, vec![(0, seen, zero), (3, seen, Verdict::Ended(3)), (0, clear, missing)]),
            (gear, vec![(0, clear, unknown), (0, seen, zero), (0, clear, missing)]),
            // A server that pads as it likes gives no exit code of 0, and is never thought to have lost a command.
            (gear, vec![(3, clear, Verdict::Ended(3)), (0, clear, unknown), (0, seen, zero), (0, clear, unknown)]),
            (openssh, vec![(3, clear, Verdict::Ended(3)), (0, clear, unknown), (3, seen, Verdict::Ended(3)), (0, clear, unknown)]),
            // Lengths encrypted: the server's name or an earlier status counts.
            (openssh, vec![(0, hidden, zero), (3, hidden, Verdict::Ended(3)), (0, hidden, zero)]),
            (dropbear, vec![(0, hidden, zero)]),
            (gear, vec![(0, hidden, unknown), (0, hidden, unknown), (3, hidden, Verdict::Ended(3)), (0, hidden, zero)]),
            ("", vec![(0, hidden, unknown), (-1, hidden, Verdict::Ended(-1)), (0, hidden, zero)]),
        ] {
            let mut habits = Habits::of_name(name);
            for (index, (status, seen, verdict)) in ends.iter().enumerate() {
                assert_eq!(habits.judge(*status, *seen), *verdict, "{name}: {ends:?}, {index}");
            }
        }
    }
}
