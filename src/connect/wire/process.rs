//! Runs one command as a process of this machine and collects everything that it says.
//!
//! A process gets no terminal and no input. It never outlives its deadline, and nothing that it leaves running can hold
//! a call up. What it is run for is not known here.

use crate::base::text;
use crate::connect::class::Limits;
use crate::connect::interrupt::Woken;
use crate::record::answer::Answer;
use crate::record::fault::{Fault, FaultKind, Phase};
use rustix::buffer::spare_capacity;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::process::{Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, kill_process_group, pidfd_open, waitid};
use std::io::{self, ErrorKind};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The most bytes of standard output and standard error together that are taken unless somebody says otherwise.
pub const MAX_ANSWER: usize = 256 * 1024 * 1024;

/// How long the pipes of a finished process are followed when something that it left running still holds them open.
const LINGER: Duration = Duration::from_millis(200);

/// The time between SIGTERM and SIGKILL.
const MERCY: Duration = Duration::from_millis(100);

/// How long a killed process may take to die before it is left behind: one that hangs in the kernel cannot be reaped.
const DEATH: Duration = Duration::from_secs(1);

/// Bytes asked for at once.
const CHUNK: usize = 64 * 1024;

/// Bytes taken from one pipe before deadline and interrupt are looked at again. More than the largest pipe holds, so that
/// one round empties the pipe of a process that has exited.
const ROUND: usize = 4 * 1024 * 1024;

/// Runs `/bin/sh -c command` in the folder `cwd` and waits for its end. Blocks.
///
/// The process leads a process group of its own, reads from `/dev/null`, inherits the environment, and ends in one of
/// these ways:
///
/// - It exits. Everything written before that is in the answer. Processes that it left in the background go on; where
///   they hold its pipes open, the pipes are followed for 200 ms or 4 MiB more, and then the answer counts as whole.
/// - A signal kills it: a fault, because nobody knows what it would have said.
/// - The deadline passes, the run is interrupted, or more than `max_answer` bytes come: the whole group gets SIGTERM, and
///   SIGKILL 100 ms later at the latest. A process that made a session of its own escapes this.
///
/// # Errors
/// A fault without its subject: `Missing` (no such folder, no shell), `Invalid` (a command that is empty or that the
/// system cannot take), `Refused` (no process could be made), `Timeout`, `Interrupted`, `TooLarge`, `Killed`.
pub fn run(command: &str, cwd: &Path, max_answer: usize, limits: &Limits<'_>) -> Result<Answer, Fault> {
    let started = Instant::now();
    if limits.interrupt.is_raised() {
        return Err(Stop::Interrupted.fault(command, limits));
    }
    if limits.deadline.remaining(started).is_none() {
        return Err(Stop::Late.fault(command, limits));
    }
    let mut running = Running::start(command, cwd)?;
    let followed = running.follow(max_answer, limits);
    running.tell_news(limits);
    if let Err(stop) = followed {
        let unanswered = stop.fault(command, limits);
        let wants_terminal = running.is_stopped();
        running.kill();
        let fault = running.tell(unanswered);
        return Err(if wants_terminal { fault.hinted("it was stopped, as happens to what wants a terminal: it has none") } else { fault });
    }
    running.answer(command, started)
}

/// Why a process is not waited for any longer.
enum Stop {
    Late,
    Interrupted,
    TooLarge(usize),
    Failed(io::Error),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Failed(error)
    }
}

impl From<rustix::io::Errno> for Stop {
    fn from(error: rustix::io::Errno) -> Self {
        Self::Failed(error.into())
    }
}

impl Stop {
    fn fault(&self, command: &str, limits: &Limits<'_>) -> Fault {
        match self {
            Self::Late => Fault::timeout(&shown(command), limits.deadline.limit()),
            Self::Interrupted => Fault::new(FaultKind::Interrupted, format!("the run was interrupted during {}", shown(command))),
            Self::TooLarge(most) => {
                let most = text::count(*most, "byte");
                Fault::new(FaultKind::TooLarge, format!("{} said more than {most} (`max_answer`)", shown(command)))
            }
            Self::Failed(error) => unfollowable(command, error),
        }
    }
}

/// One of the two pipes, and what came through it.
struct Pipe {
    /// `None` after its end.
    file: Option<OwnedFd>,
    bytes: Vec<u8>,
    /// How many of them were told to who listens.
    told: usize,
}

impl Pipe {
    fn new(file: Option<OwnedFd>) -> rustix::io::Result<Self> {
        if let Some(file) = &file {
            // Only our end: the process's own end is another open file, which stays as it is.
            rustix::io::ioctl_fionbio(file, true)?;
        }
        Ok(Self { file, bytes: Vec::new(), told: 0 })
    }

    /// What came and was not told yet.
    fn news(&mut self) -> &[u8] {
        &self.bytes[std::mem::replace(&mut self.told, self.bytes.len())..]
    }

    /// Takes what is there, at most one round of it.
    fn drain(&mut self) -> rustix::io::Result<()> {
        let enough = self.bytes.len().saturating_add(ROUND);
        while let Some(file) = &self.file
            && self.bytes.len() < enough
        {
            self.bytes.reserve(CHUNK);
            match rustix::io::read(file, spare_capacity(&mut self.bytes)) {
                Ok(0) => self.file = None,
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(rustix::io::Errno::AGAIN) => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// A process that has not been reaped, so that its number, which is also its group's, belongs to nobody else.
struct Running {
    child: Child,
    pid: Pid,
    /// Becomes readable when the process exits.
    exit: OwnedFd,
    out: Pipe,
    err: Pipe,
    reaped: bool,
}

impl Running {
    fn start(command: &str, cwd: &Path) -> Result<Self, Fault> {
        if command.trim().is_empty() {
            return Err(Fault::new(FaultKind::Invalid, "the command is empty").in_phase(Phase::Call));
        }
        if !cwd.is_dir() {
            return Err(Fault::new(FaultKind::Missing, format!("`{}` is not a folder to run a command in", cwd.display())));
        }
        // A shell would take a leading dash for options of its own.
        let guarded = if command.starts_with(['-', '+']) { format!(" {command}") } else { command.to_owned() };
        let mut child = Command::new("/bin/sh")
            .arg("-c")
            .arg(guarded)
            .current_dir(cwd)
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| unstartable(command, &error))?;
        match Self::watch(&mut child) {
            Ok((pid, exit, out, err)) => Ok(Self { child, pid, exit, out, err, reaped: false }),
            Err(error) => {
                // Nothing more can be done for a process that can be neither watched nor killed.
                let _ = child.kill();
                let _ = child.wait();
                Err(unfollowable(command, &error))
            }
        }
    }

    fn watch(child: &mut Child) -> io::Result<(Pid, OwnedFd, Pipe, Pipe)> {
        let pid = Pid::from_child(child);
        let out = Pipe::new(child.stdout.take().map(OwnedFd::from))?;
        let err = Pipe::new(child.stderr.take().map(OwnedFd::from))?;
        Ok((pid, pidfd_open(pid, PidfdFlags::empty())?, out, err))
    }

    /// Collects what the process says until it has exited and the pipes are at their end or have lingered.
    fn follow(&mut self, max_answer: usize, limits: &Limits<'_>) -> Result<(), Stop> {
        loop {
            // Looked at before the pipes are drained, so that everything from before the exit is taken.
            let exited = self.has_exited()?;
            let drained = self.drain(max_answer);
            self.tell_news(limits);
            drained?;
            if exited {
                return self.linger(max_answer, limits);
            }
            match limits.interrupt.wait(&self.files(), limits.deadline.at())? {
                Woken::Ready => {}
                // Whoever has exited has answered, however late that was noticed.
                Woken::Late | Woken::Interrupted if self.has_exited()? => return self.drain(max_answer),
                Woken::Late => return Err(Stop::Late),
                Woken::Interrupted => return Err(Stop::Interrupted),
            }
        }
    }

    /// Follows the pipes of a process that has exited while something that it left running holds them open: for a moment,
    /// for one round of bytes, and no longer than the deadline. The answer is whole already.
    fn linger(&mut self, max_answer: usize, limits: &Limits<'_>) -> Result<(), Stop> {
        let until = limits.deadline.at().min(Instant::now() + LINGER);
        let enough = self.received().saturating_add(ROUND).min(max_answer);
        while !self.pipes().is_empty() && self.received() < enough {
            match limits.interrupt.wait(&self.pipes(), until)? {
                Woken::Ready => {}
                Woken::Late | Woken::Interrupted => break,
            }
            self.out.drain()?;
            self.err.drain()?;
        }
        Ok(())
    }

    fn drain(&mut self, max_answer: usize) -> Result<(), Stop> {
        self.out.drain()?;
        self.err.drain()?;
        if self.received() > max_answer { Err(Stop::TooLarge(max_answer)) } else { Ok(()) }
    }

    /// Tells who listens what has come since the last time.
    fn tell_news(&mut self, limits: &Limits<'_>) {
        limits.tap.received(self.out.news());
        limits.tap.received_err(self.err.news());
    }

    fn received(&self) -> usize {
        self.out.bytes.len() + self.err.bytes.len()
    }

    /// The pipes that are not at their end.
    fn pipes(&self) -> Vec<(BorrowedFd<'_>, PollFlags)> {
        [&self.out.file, &self.err.file].into_iter().flatten().map(|file| (file.as_fd(), PollFlags::IN)).collect()
    }

    /// Everything that can bring news.
    fn files(&self) -> Vec<(BorrowedFd<'_>, PollFlags)> {
        let mut files = self.pipes();
        files.push((self.exit.as_fd(), PollFlags::IN));
        files
    }

    /// Whether it is over. It stays unreaped.
    fn has_exited(&self) -> rustix::io::Result<bool> {
        self.peek(WaitIdOptions::EXITED)
    }

    fn is_stopped(&self) -> bool {
        self.peek(WaitIdOptions::STOPPED).unwrap_or(false)
    }

    fn peek(&self, what: WaitIdOptions) -> rustix::io::Result<bool> {
        let status = waitid(WaitId::PidFd(self.exit.as_fd()), what | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT)?;
        Ok(status.is_some())
    }

    /// Ends the whole group and reaps the process. Blocks for a little more than a second at most.
    fn kill(&mut self) {
        // An error means that nobody of the group is left.
        let _ = kill_process_group(self.pid, Signal::TERM);
        self.await_exit(MERCY);
        let _ = kill_process_group(self.pid, Signal::KILL);
        self.await_exit(DEATH);
        if self.has_exited().unwrap_or(false) {
            let _ = self.reap();
        }
        // The last words are only for the fault's tail.
        let _ = self.out.drain();
        let _ = self.err.drain();
        self.reaped = true;
    }

    /// Waits for the exit, whatever the run's interrupt says.
    fn await_exit(&self, longest: Duration) {
        let until = Instant::now() + longest;
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            let time = Timespec::try_from(left).ok();
            let ended = poll(&mut [PollFd::new(&self.exit, PollFlags::IN)], time.as_ref());
            if !matches!(ended, Err(rustix::io::Errno::INTR)) {
                return;
            }
        }
    }

    fn reap(&mut self) -> io::Result<std::process::ExitStatus> {
        self.reaped = true;
        self.child.wait()
    }

    /// Adds to a fault what had come.
    fn tell(&self, fault: Fault) -> Fault {
        let heard = if self.out.bytes.is_empty() { &self.err.bytes } else { &self.out.bytes };
        let mut fault = fault.after(heard);
        fault.received = self.received() as u64;
        fault
    }

    fn answer(mut self, command: &str, started: Instant) -> Result<Answer, Fault> {
        let status = self.reap().map_err(|error| unfollowable(command, &error))?;
        if let Some(signal) = status.signal() {
            let fault = Fault::new(FaultKind::Killed, format!("{} was killed by {}", shown(command), signal_name(signal)));
            return Err(self.tell(fault));
        }
        Ok(Answer {
            stdout: Answer::decode(std::mem::take(&mut self.out.bytes)),
            stderr: Answer::decode(std::mem::take(&mut self.err.bytes)),
            exit_code: status.code(),
            took: started.elapsed(),
            ..Answer::default()
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.reaped {
            self.kill();
        }
    }
}

fn shown(command: &str) -> String {
    format!("`{}`", text::one_line(command, 80))
}

fn unfollowable(command: &str, error: &io::Error) -> Fault {
    Fault::new(FaultKind::Internal, format!("{} cannot be followed: {error}", shown(command)))
}

fn unstartable(command: &str, error: &io::Error) -> Fault {
    let command = shown(command);
    match error.kind() {
        ErrorKind::NotFound => Fault::new(FaultKind::Missing, "`/bin/sh` is missing"),
        ErrorKind::InvalidInput => {
            Fault::new(FaultKind::Invalid, format!("{command} holds a NUL character, which no command can")).in_phase(Phase::Call)
        }
        ErrorKind::ArgumentListTooLong => {
            Fault::new(FaultKind::Invalid, format!("{command} is longer than the system accepts")).in_phase(Phase::Call)
        }
        _ => Fault::new(FaultKind::Refused, format!("{command} cannot be started: {error}")).in_phase(Phase::Creation),
    }
}

/// The name of a signal: `SIGKILL`; `signal 34` for one that is rarely met.
fn signal_name(number: i32) -> String {
    const NAMES: [(Signal, &str); 16] = [
        (Signal::HUP, "SIGHUP"),
        (Signal::INT, "SIGINT"),
        (Signal::QUIT, "SIGQUIT"),
        (Signal::ILL, "SIGILL"),
        (Signal::TRAP, "SIGTRAP"),
        (Signal::ABORT, "SIGABRT"),
        (Signal::BUS, "SIGBUS"),
        (Signal::FPE, "SIGFPE"),
        (Signal::KILL, "SIGKILL"),
        (Signal::USR1, "SIGUSR1"),
        (Signal::SEGV, "SIGSEGV"),
        (Signal::USR2, "SIGUSR2"),
        (Signal::PIPE, "SIGPIPE"),
        (Signal::ALARM, "SIGALRM"),
        (Signal::TERM, "SIGTERM"),
        (Signal::XCPU, "SIGXCPU"),
    ];
    let named = NAMES.iter().find(|(signal, _)| signal.as_raw() == number);
    named.map_or_else(|| format!("signal {number}"), |(_, name)| (*name).to_owned())
}

#[cfg(test)]
mod tests;
