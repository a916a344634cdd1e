//! One command and its answer after another, as they are seen on the terminal.

use super::echo;
use super::terminal::Terminal;
use crate::connect::platform::{OwnPrompt, Platform};
use regex::Regex;
use std::time::Duration;

/// The longest prompt, in bytes. It also bounds what is looked at each time.
const LONGEST_PROMPT: usize = 512;
/// How far back a prompt that was overtaken by log lines is looked for, in bytes.
const BACK: usize = 8 * 1024;
/// The lines at the beginning of an answer that may say that it was refused.
const FIRST: usize = 3;

/// The terminal of a session, and what is known of its prompt.
#[derive(Debug)]
pub(crate) struct Screen {
    platform: &'static Platform,
    /// The user's own pattern, which replaces those of the platform.
    prompt: Option<Regex>,
    terminal: Terminal,
    /// The prompt that was seen last.
    learned: Option<String>,
    /// The lines above it that belong to it, each with its line break.
    above: String,
    /// The prompt that the session has set itself; no output looks like it.
    own: Option<OwnPrompt>,
    /// Whether an echo has ever come, so that one is sure to.
    echoes: bool,
    /// What was sent, while its echo is awaited.
    awaited: Option<String>,
    /// Where the answer begins, once that is known.
    begins: Option<usize>,
    /// How many bytes of the finished lines were searched for the session's own prompt.
    searched: usize,
    /// Where the session's own prompt was overtaken by output of something else, and the exit code that it tells.
    overtaken: Option<(usize, Option<i32>)>,
    /// Bytes that came since a command was sent.
    received: u64,
}

/// What the terminal looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sight<'a> {
    /// Output, and more of it must come.
    Output,
    /// The session's own prompt: nothing follows.
    Prompt,
    /// What is a prompt if nothing follows for so long.
    Perhaps(Duration),
    /// What waits for a key, if nothing follows for so long.
    Pager {
        /// The key.
        send: &'a str,
        /// The silence.
        after: Duration,
    },
    /// A prompt with further lines after it: if nothing follows for so long, an empty line brings another one.
    Overtaken(Duration),
}

/// What a command was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) text: String,
    /// As the session's own prompt tells it.
    pub(crate) exit_code: Option<i32>,
    /// The line by which the command was refused.
    pub(crate) refused: Option<String>,
}

impl Screen {
    /// Makes an empty one. `prompt` matches a whole line.
    pub(crate) fn new(platform: &'static Platform, prompt: Option<Regex>) -> Self {
        let terminal = Terminal::new(platform.terminal.columns as usize);
        Self {
            platform,
            prompt,
            terminal,
            learned: None,
            above: String::new(),
            own: None,
            echoes: false,
            awaited: None,
            begins: None,
            searched: 0,
            overtaken: None,
            received: 0,
        }
    }

    /// Forgets what is shown, because this line is being sent.
    pub(crate) fn begin(&mut self, line: &str) {
        let is_echoed = self.own.is_none() || self.platform.echo;
        self.forget();
        self.awaited = is_echoed.then(|| line.to_owned());
        self.begins = (!is_echoed).then_some(0);
    }

    /// Forgets what is shown, because a command is being cut off.
    pub(crate) fn forget(&mut self) {
        self.terminal.take_done();
        // The echo goes on in the row of the prompt.
        if self.learned.as_deref() != Some(self.terminal.line().trim_end()) {
            self.terminal.clear_line();
        }
        self.awaited = None;
        self.begins = None;
        self.searched = 0;
        self.overtaken = None;
        self.received = 0;
    }

    /// From now on only this prompt counts.
    pub(crate) fn own(&mut self, own: OwnPrompt) {
        self.own = Some(own);
        self.learned = None;
    }

    /// Takes bytes in.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        self.received += bytes.len() as u64;
        self.terminal.feed(bytes);
        if let Some(awaited) = self.awaited.as_ref().filter(|_| self.begins.is_none()) {
            self.begins = echo::end(self.terminal.done(), awaited, self.learned.as_deref());
            self.echoes |= self.begins.is_some() && !awaited.is_empty();
        }
        let done = self.terminal.done();
        if let Some(own) = self.own.as_ref().filter(|_| self.searched < done.len()) {
            let found = own.last_in(&done[self.searched..]).map(|(at, code)| (self.searched + at, code));
            self.overtaken = found.or(self.overtaken);
            self.searched = done.len();
        }
    }

    /// Bytes of text kept.
    pub(crate) fn size(&self) -> usize {
        self.terminal.size()
    }

    /// Bytes that came since the last line was sent.
    pub(crate) fn received(&self) -> u64 {
        self.received
    }

    /// The prompt that is awaited, where one is known.
    pub(crate) fn learned(&self) -> Option<&str> {
        self.learned.as_deref()
    }

    /// The line that is not finished.
    pub(crate) fn last_line(&self) -> &str {
        self.terminal.line()
    }

    /// The end of what is shown.
    pub(crate) fn tail(&self, most: usize) -> String {
        let done = self.terminal.done();
        let line = self.terminal.line();
        let from = done.ceil_char_boundary(done.len().saturating_sub(most));
        format!("{}{}", &done[from..], &line[line.ceil_char_boundary(line.len().saturating_sub(most))..])
    }

    /// What the terminal looks like now. Cost does not depend on how much came.
    pub(crate) fn sight(&self) -> Sight<'_> {
        let line = self.terminal.line();
        let (settle, quiet) = (self.platform.settle, self.platform.quiet);
        if let Some(pager) = self.platform.pager(short(line).trim()) {
            return Sight::Pager { send: &pager.send, after: settle };
        }
        if let Some(own) = &self.own {
            return match own.line(short(line)) {
                Some(_) => Sight::Prompt,
                None if self.overtaken.is_some() => Sight::Perhaps(quiet),
                None => Sight::Output,
            };
        }
        let whole = line.trim_end();
        let line = self.prompt_of(whole);
        let is_alone = line.len() == whole.len();
        let early = self.awaited.is_some() && (self.terminal.done().is_empty() || (self.echoes && self.begins.is_none()));
        if line.len() > LONGEST_PROMPT || early {
            // Before its echo, a prompt is the one before.
            return Sight::Output;
        }
        let answered = self.begins.is_some();
        match &self.learned {
            Some(learned) if learned == line => Sight::Perhaps(if answered && is_alone { settle } else { quiet }),
            Some(learned) if answered && is_kin(learned, line) && self.is_prompt(line) => Sight::Perhaps(settle),
            // A lone `#` may be the beginning of a bar that grows.
            Some(_) if line.len() == 1 => Sight::Output,
            _ if self.is_prompt(line) => Sight::Perhaps(quiet),
            Some(_) if line.is_empty() && self.is_overtaken() => Sight::Overtaken(quiet),
            _ => Sight::Output,
        }
    }

    fn is_prompt(&self, line: &str) -> bool {
        self.prompt.as_ref().map_or_else(|| self.platform.is_prompt(line), |prompt| prompt.is_match(line))
    }

    /// The prompt at the end of a line, which may begin with output that had no line break. Cost does not depend on its length.
    fn prompt_of<'a>(&self, line: &'a str) -> &'a str {
        if self.awaited.as_ref().is_some_and(String::is_empty) {
            // Nothing was asked, and nothing is answered.
            return line;
        }
        let learned = self.learned.as_deref().unwrap_or_default();
        let Some(before) = line.strip_suffix(learned).filter(|_| !learned.is_empty()) else { return line };
        let may_be_prompt = || before.len() <= LONGEST_PROMPT && self.is_prompt(line);
        // A mark, as in `*A:r1#`, is a part of another prompt; and a single character is the end of many a line.
        let is_output = match learned.len() {
            1 => before.contains(char::is_alphanumeric) && may_be_prompt(),
            _ => before.len() > LONGEST_PROMPT || before.contains(char::is_alphanumeric) || !may_be_prompt(),
        };
        if is_output { &line[before.len()..] } else { line }
    }

    /// Whether a line of the answer, not far back, ends in the prompt.
    fn is_overtaken(&self) -> bool {
        let (Some(learned), Some(begins)) = (&self.learned, self.begins) else { return false };
        let done = self.terminal.done();
        let from = done.ceil_char_boundary(done.len().saturating_sub(BACK)).max(begins);
        done[from..].lines().any(|line| self.prompt_of(line.trim_end()) == learned)
    }

    /// Removes what asked for a key, which is being answered.
    pub(crate) fn turn_page(&mut self) {
        self.terminal.clear_line();
    }

    /// Takes the last line for the prompt from now on.
    pub(crate) fn learn(&mut self) {
        let line = self.prompt_of(self.terminal.line().trim_end());
        if self.own.is_none() && !line.is_empty() {
            self.learned = Some(line.to_owned());
        }
    }

    /// Takes what an empty line was answered for the lines of the prompt above its last one.
    pub(crate) fn learn_above(&mut self, answer: String) {
        if self.own.is_none() && answer.len() <= LONGEST_PROMPT {
            self.above = answer;
        }
    }

    /// Takes the answer, once the prompt was seen.
    pub(crate) fn finish(&mut self) -> Reply {
        let mut text = self.terminal.take_done();
        let begins = self.begins.unwrap_or_else(|| self.after_prompt(&text)).min(text.len());
        let line = self.terminal.line();
        let mut exit_code = None;
        if let Some(own) = &self.own {
            let prompt = own.line(short(line)).map(|(_, code)| (text.len(), code)).or(self.overtaken.take());
            let (at, code) = prompt.unwrap_or((text.len(), None));
            // The line break before the prompt is its own.
            text.truncate(if text[..at].ends_with('\n') { at - 1 } else { at });
            exit_code = code;
        } else if let Some(learned) = &self.learned {
            let line = line.trim_end();
            let unfinished = &line[..line.len() - self.prompt_of(line).len()];
            if unfinished.is_empty() {
                text.truncate(begins + self.platform.without_trail(&text[begins..], learned).len());
            }
            text.push_str(unfinished);
            if text[begins.min(text.len())..].ends_with(&self.above) {
                text.truncate(text.len() - self.above.len());
            }
        }
        let begins = begins.min(text.len());
        text.drain(..begins);
        let refused = self.refusal(&text);
        Reply { text, exit_code, refused }
    }

    /// Where an answer without echo begins: after the prompt that stood before it.
    fn after_prompt(&self, text: &str) -> usize {
        let prompt = self.learned.as_deref().unwrap_or_default();
        let rest = text.strip_prefix(prompt).filter(|_| !prompt.is_empty());
        rest.map_or(0, |rest| text.len() - rest.trim_start_matches(' ').strip_prefix('\n').unwrap_or(rest).len())
    }

    /// The line by which a command was refused: among the first ones, or the last.
    fn refusal(&self, text: &str) -> Option<String> {
        let filled = |line: &&str| !line.trim().is_empty();
        let first = text.lines().filter(filled).take(FIRST);
        let last = text.lines().rev().find(filled);
        first.chain(last).find(|line| self.platform.is_error(short(line))).map(|line| line.trim().to_owned())
    }
}

/// A line if it is short, else nothing: patterns are for lines that somebody would read.
fn short(line: &str) -> &str {
    if line.len() <= LONGEST_PROMPT { line } else { "" }
}

/// Whether two prompts are those of one device in two modes or folders: `r1#` and `r1(config)#`.
fn is_kin(learned: &str, line: &str) -> bool {
    let ends_name = |c: char| !(c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '@'));
    let skip = learned.len() - learned.trim_start_matches(['<', '[', '*', '(']).len();
    let stem = learned[skip..].find(ends_name).map_or(learned, |at| &learned[..skip + at]);
    stem.len() >= skip + 2 && line.strip_prefix(stem).is_some_and(|rest| rest.starts_with(ends_name))
}
