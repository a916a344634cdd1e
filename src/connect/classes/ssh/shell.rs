//! A session with prompts: one command after another in the shell that a login brings.
//!
//! `screen` says what is seen, and this room waits: for more bytes, or for the silence that makes a prompt certain. After a
//! command that did not end in time the session is brought back to its prompt, or closed; it is never used in a state that
//! is not known.

mod missing;

use super::line::Line;
use super::options::Settings;
use super::session::{Session, Stop};
use crate::base::deadline::{Deadline, Limit};
use crate::base::text;
use crate::connect::class::Limits;
use crate::connect::platform::Platform;
use crate::connect::screen::{Screen, Sight};
use crate::load::whole_line;
use crate::record::answer::{Answer, Reception};
use crate::record::fault::{Fault, FaultKind, Phase};
use crate::record::tap::Tap;
use missing::Missing;
use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

/// What ends a line that is typed.
const ENTER: &str = "\r";

/// The longest command, in bytes: a terminal of Linux keeps no more of a line.
const LONGEST: usize = 4094;

/// The longest time that a session is given to come back to its prompt after a command that did not end.
const RECOVERY: Duration = Duration::from_secs(2);

/// A shell, waiting at its prompt between two calls.
pub(super) struct Shell {
    platform: &'static Platform,
    line: Line,
    screen: Screen,
    /// The largest answer, in bytes.
    most: usize,
    /// Whether nobody was told what the last command said.
    hushed: bool,
}

/// Why no prompt came.
enum Trouble {
    Stop(Stop),
    TooLarge,
}

impl From<Stop> for Trouble {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}

impl Shell {
    /// Opens a shell, waits for its prompt, and sets its terminal up. Blocks.
    pub(super) fn open(
        session: &mut Session,
        platform: &'static Platform,
        settings: &Settings,
        limits: &Limits<'_>,
    ) -> Result<Self, Fault> {
        platform.ready()?;
        let prompt = settings.prompt.as_deref().map(whole_line).transpose();
        let prompt = prompt.map_err(|sentence| Fault::new(FaultKind::Invalid, format!("`prompt`: {sentence}")))?;
        let line = Line::open(session, &platform.terminal, limits)?;
        let mut shell = Self { platform, line, screen: Screen::new(platform, prompt), most: settings.max_answer, hushed: false };
        let greeted = shell.prompt(session, limits);
        greeted.map_err(|trouble| shell.fault(trouble, &Missing::greeting(), limits).in_phase(Phase::Creation))?;
        shell.screen.learn();
        let ready = shell.set_up(session, limits)?;
        ready.map_err(|trouble| shell.fault(trouble, &Missing::setup(), limits).in_phase(Phase::Creation))?;
        Ok(shell)
    }

    /// Sends the lines that set the terminal up.
    fn set_up(&mut self, session: &mut Session, limits: &Limits<'_>) -> Result<Result<(), Trouble>, Fault> {
        let nonce = format!("{:016x}", RandomState::new().hash_one(0));
        for written in &self.platform.open {
            let (line, own) = self.platform.prepared(written, &nonce)?;
            if let Some(own) = own {
                self.screen.own(own);
            }
            if let Err(trouble) = self.ask(session, &line, limits) {
                return Ok(Err(trouble));
            }
            let reply = self.screen.finish();
            self.screen.learn();
            if line.is_empty() {
                self.screen.learn_above(reply.text);
            }
        }
        Ok(Ok(()))
    }

    /// Runs a command. Blocks until the prompt comes back.
    ///
    /// # Errors
    /// A fault with what had come. The session is closed unless it is back at its prompt.
    pub(super) fn run(&mut self, session: &mut Session, command: &str, limits: &Limits<'_>) -> Result<Answer, Fault> {
        let command = command.trim_end_matches(['\r', '\n']);
        check(command)?;
        let started = Instant::now();
        if let Err(trouble) = self.ask(session, command, limits) {
            let is_late = matches!(trouble, Trouble::Stop(Stop::Late));
            let fault = self.fault(trouble, &Missing::after(command), limits);
            if !(is_late && self.recover(session, limits)) {
                session.close();
            }
            return Err(fault);
        }
        let reply = self.screen.finish();
        self.screen.learn();
        let reception = match (reply.exit_code, reply.refused) {
            (Some(_), _) => None,
            (None, None) => Some(Reception::Accepted),
            (None, Some(line)) => Some(Reception::Refused(line)),
        };
        Ok(Answer { stdout: reply.text, exit_code: reply.exit_code, reception, took: started.elapsed(), ..Answer::default() })
    }

    fn ask(&mut self, session: &mut Session, line: &str, limits: &Limits<'_>) -> Result<(), Trouble> {
        // What came since the last prompt answers nothing. If anybody said it, the command before did.
        let before = if self.hushed { Limits { tap: Tap::SILENT, ..*limits } } else { *limits };
        self.hushed = limits.tap.is_silent();
        loop {
            self.line.receive(session, &before, |_| {})?;
            if !session.take_in(limits)? {
                break;
            }
        }
        self.screen.begin(line);
        self.line.send(session, format!("{line}{ENTER}").as_bytes(), limits)?;
        self.prompt(session, limits)
    }

    /// Waits for a prompt. Blocks.
    fn prompt(&mut self, session: &mut Session, limits: &Limits<'_>) -> Result<(), Trouble> {
        let mut heard = Instant::now();
        let mut nudged = false;
        loop {
            let screen = &mut self.screen;
            if self.line.receive(session, limits, |bytes| screen.feed(bytes))? {
                heard = Instant::now();
            }
            if self.screen.size() > self.most {
                return Err(Trouble::TooLarge);
            }
            let silence = match self.screen.sight() {
                Sight::Prompt => return Ok(()),
                Sight::Output => None,
                Sight::Overtaken(_) if nudged => None,
                Sight::Perhaps(after) | Sight::Overtaken(after) | Sight::Pager { after, .. } => Some(after),
            };
            if !is_silent(session, silence.map(|after| heard + after), limits)? {
                continue;
            }
            match self.screen.sight() {
                Sight::Output | Sight::Prompt | Sight::Perhaps(_) => return Ok(()),
                Sight::Overtaken(_) => {
                    nudged = true;
                    self.line.send(session, ENTER.as_bytes(), limits)?;
                }
                Sight::Pager { send, .. } => {
                    self.line.send(session, send.as_bytes(), limits)?;
                    self.screen.turn_page();
                }
            }
            heard = Instant::now();
        }
    }

    /// Cuts off what runs and waits for the prompt; the value is whether the session can be used again. Blocks for
    /// [`RECOVERY`] at most.
    fn recover(&mut self, session: &mut Session, limits: &Limits<'_>) -> bool {
        let limit = Limit { length: RECOVERY, setting: "recovery of the prompt".into() };
        let deadline = Deadline::new(Instant::now(), limit);
        let limits = Limits { deadline: &deadline, ..*limits };
        self.screen.forget();
        let cut_off = self.line.send(session, self.platform.cancel.as_bytes(), &limits).map_err(Trouble::from);
        if cut_off.and_then(|()| self.prompt(session, &limits)).is_err() {
            return false;
        }
        self.screen.learn();
        // A prompt of the command that was cut off may still come: a new one of our own tells them apart.
        matches!(self.set_up(session, &limits), Ok(Ok(())))
    }

    fn fault(&self, trouble: Trouble, missing: &Missing<'_>, limits: &Limits<'_>) -> Fault {
        let doing = missing.doing(self.screen.learned(), self.platform);
        let fault = match trouble {
            Trouble::Stop(Stop::Late) => {
                let fault = Fault::timeout(&doing, limits.deadline.limit());
                match missing.hint(&self.screen, self.platform) {
                    Some(hint) => fault.hinted(hint),
                    None => fault,
                }
            }
            Trouble::Stop(stop) => stop.while_calling(&doing, limits),
            Trouble::TooLarge => {
                Fault::new(FaultKind::TooLarge, format!("the answer is larger than {} (`max_answer`)", text::count(self.most, "byte")))
            }
        };
        let mut fault = fault.after(self.screen.tail(Fault::TAIL).as_bytes());
        fault.received = self.screen.received();
        fault
    }
}

/// Waits until bytes come, or the silence has lasted; the value is whether it has. Blocks.
fn is_silent(session: &mut Session, until: Option<Instant>, limits: &Limits<'_>) -> Result<bool, Stop> {
    let Some(until) = until.filter(|until| *until < limits.deadline.at()) else {
        return session.pump(limits).map(|()| false);
    };
    let limit = Limit { length: until.saturating_duration_since(Instant::now()), setting: "silence".into() };
    let silence = Deadline::new(Instant::now(), limit);
    match session.pump(&Limits { deadline: &silence, ..*limits }) {
        Ok(()) => Ok(false),
        Err(Stop::Late) => Ok(true),
        Err(stop) => Err(stop),
    }
}

/// Refuses what a terminal would take for something else than one line of text.
fn check(command: &str) -> Result<(), Fault> {
    let invalid = |what: String| Err(Fault::new(FaultKind::Invalid, what));
    if command.trim().is_empty() {
        return invalid("the command is empty, and in `mode: shell` an empty line asks nothing".to_owned());
    }
    if command.len() > LONGEST {
        let size = command.len();
        return invalid(format!("the command has {size} bytes, and in `mode: shell` a line has {LONGEST} at most"));
    }
    match command.chars().find(|c| c.is_control()) {
        None => Ok(()),
        Some('\n' | '\r') => invalid("the command has several lines: in `mode: shell` a command is one line".to_owned()),
        Some(c) => {
            let code = u32::from(c);
            invalid(format!("the command holds the control character \\x{code:02x}, which a terminal would act on (`mode: shell`)"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_one_line_of_text() {
        for (command, words) in [
            ("", "is empty"),
            ("  ", "is empty"),
            ("a\nb", "several lines"),
            ("a\rb", "several lines"),
            ("a\tb", "control character \\x09"),
            ("a\x03", "control character \\x03"),
            (&"x".repeat(LONGEST + 1), "has 4095 bytes"),
        ] {
            let fault = check(command).expect_err(command);
            assert_eq!(fault.kind, FaultKind::Invalid);
            assert!(fault.message.contains(words), "{}", fault.message);
        }
        for command in ["show version", "echo \u{e4}", &"x".repeat(LONGEST)] {
            assert_eq!(check(command), Ok(()), "{command}");
        }
    }
}
