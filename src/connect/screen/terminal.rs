//! What a terminal would show of a stream of bytes: lines of text.
//!
//! A terminal of a fixed width without a screen: escape sequences that move within a row or erase a part of it are obeyed,
//! all others are dropped whole. A line that is wider than the terminal stays one line, and a carriage return goes back to
//! the beginning of its last row, as on a real one. Bytes may come in any pieces. Cost is linear in their number, since
//! nothing that they say can move more than one row.

/// The longest escape sequence that is waited for, in bytes.
const LONGEST_SEQUENCE: usize = 4096;
/// The largest parameter of an escape sequence that means anything.
const MOST: usize = 4096;
const TAB: usize = 8;

/// The lines that are finished, and the one that can still change.
#[derive(Debug)]
pub(crate) struct Terminal {
    width: usize,
    done: String,
    line: String,
    /// Where the last row of the line begins, in bytes.
    row: usize,
    /// Where the next character goes, in bytes of the line.
    cursor: usize,
    /// The characters between `row` and `cursor`.
    column: usize,
    /// Where the cursor was before it returned, while nothing was written since.
    returned: usize,
    state: State,
    /// Bytes of a character that is not complete.
    pending: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Text,
    Escape,
    /// Parameters of a control sequence so far.
    Control(Vec<u8>),
    /// A title or the like, and whether an escape came in it; counted in bytes.
    Words(usize, bool),
}

impl Terminal {
    pub(crate) fn new(width: usize) -> Self {
        Self {
            width: width.max(1),
            done: String::new(),
            line: String::new(),
            row: 0,
            cursor: 0,
            column: 0,
            returned: 0,
            state: State::Text,
            pending: Vec::new(),
        }
    }

    /// The finished lines, each with its line break.
    pub(crate) fn done(&self) -> &str {
        &self.done
    }

    /// The line that is not finished.
    pub(crate) fn line(&self) -> &str {
        &self.line
    }

    /// Bytes of text kept.
    pub(crate) fn size(&self) -> usize {
        self.done.len() + self.line.len()
    }

    /// Takes the finished lines. The open one stays.
    pub(crate) fn take_done(&mut self) -> String {
        std::mem::take(&mut self.done)
    }

    /// Forgets the open line.
    pub(crate) fn clear_line(&mut self) {
        self.line.clear();
        self.home();
    }

    /// Takes bytes in.
    pub(crate) fn feed(&mut self, mut bytes: &[u8]) {
        while let Some(first) = bytes.first() {
            if self.state == State::Text && self.pending.is_empty() {
                let run = bytes.iter().position(|byte| !(0x20..0x7f).contains(byte)).unwrap_or(bytes.len());
                if run > 0 {
                    self.plain(&bytes[..run]);
                    bytes = &bytes[run..];
                    continue;
                }
            }
            self.byte(*first);
            bytes = &bytes[1..];
        }
    }

    /// Shows printable ASCII.
    fn plain(&mut self, mut run: &[u8]) {
        self.returned = 0;
        while !run.is_empty() {
            if self.column >= self.width {
                self.wrap();
            }
            let fits = run.len().min(self.width - self.column);
            let text = String::from_utf8_lossy(&run[..fits]);
            if self.cursor == self.line.len() {
                self.line.push_str(&text);
                self.cursor += fits;
                self.column += fits;
            } else {
                text.chars().for_each(|c| self.put(c));
            }
            run = &run[fits..];
        }
    }

    fn byte(&mut self, byte: u8) {
        match &mut self.state {
            State::Text => self.text(byte),
            State::Escape => self.after_escape(byte),
            State::Control(parameters) => match byte {
                0x40..=0x7e => {
                    let parameters = std::mem::take(parameters);
                    self.state = State::Text;
                    self.control(byte, &parameters);
                }
                0x20..=0x3f if parameters.len() < LONGEST_SEQUENCE => parameters.push(byte),
                // Not a sequence after all.
                _ => self.abandon(byte),
            },
            State::Words(count, escaped) => {
                *count += 1;
                let ended = byte == 0x07 || (*escaped && byte == b'\\');
                // No title has a line break: what a stray byte began must not swallow an answer.
                let broken = byte == b'\n' || *count > LONGEST_SEQUENCE;
                *escaped = byte == 0x1b;
                if ended {
                    self.state = State::Text;
                } else if broken {
                    self.abandon(byte);
                }
            }
        }
    }

    fn abandon(&mut self, byte: u8) {
        self.state = State::Text;
        self.text(byte);
    }

    fn after_escape(&mut self, byte: u8) {
        self.state = match byte {
            b'[' => State::Control(Vec::new()),
            b']' | b'P' | b'X' | b'^' | b'_' => State::Words(0, false),
            // An intermediate byte: one more follows.
            0x20..=0x2f => State::Escape,
            0x30..=0x7e => State::Text,
            _ => return self.abandon(byte),
        };
    }

    fn text(&mut self, byte: u8) {
        if byte < 0x80 && !self.pending.is_empty() {
            self.pending.clear();
            self.put(char::REPLACEMENT_CHARACTER);
        }
        match byte {
            b'\n' => self.end_line(),
            b'\r' => {
                self.returned = if self.cursor > self.row { self.cursor } else { self.returned };
                self.cursor = self.row;
                self.column = 0;
            }
            0x08 => self.back(1),
            b'\t' => self.tab(),
            0x1b => self.state = State::Escape,
            0x20..=0x7e => self.put(char::from(byte)),
            0x80.. => self.high(byte),
            // A terminal shows nothing of a NUL, a bell, or any other control character.
            _ => {}
        }
    }

    /// A byte of a character that has several.
    fn high(&mut self, byte: u8) {
        self.pending.push(byte);
        match std::str::from_utf8(&self.pending) {
            Ok(whole) => {
                let c = whole.chars().next().unwrap_or(char::REPLACEMENT_CHARACTER);
                self.pending.clear();
                self.put(c);
            }
            Err(error) if error.error_len().is_none() => {}
            Err(_) => {
                let begins_another = self.pending.len() > 1;
                self.pending.clear();
                self.put(char::REPLACEMENT_CHARACTER);
                if begins_another {
                    self.high(byte);
                }
            }
        }
    }

    fn put(&mut self, c: char) {
        self.returned = 0;
        if self.column >= self.width {
            self.wrap();
        }
        match self.line[self.cursor..].chars().next() {
            None => self.line.push(c),
            Some(old) => {
                let end = self.cursor + old.len_utf8();
                self.line.replace_range(self.cursor..end, c.encode_utf8(&mut [0; 4]));
            }
        }
        self.cursor += c.len_utf8();
        self.column += 1;
    }

    /// Begins a new row of the same line, after what stands in this one.
    fn wrap(&mut self) {
        self.cursor = self.line.len();
        self.row = self.cursor;
        self.column = 0;
    }

    /// A tab that ends the line stays a tab; one that moves over text moves only.
    fn tab(&mut self) {
        if self.cursor == self.line.len() {
            self.put('\t');
        } else {
            self.forward(TAB - self.column % TAB);
        }
    }

    fn back(&mut self, count: usize) {
        for _ in 0..count.min(self.column) {
            let before = self.line[self.row..self.cursor].chars().next_back().map_or(0, char::len_utf8);
            self.cursor -= before;
            self.column -= 1;
        }
    }

    fn forward(&mut self, count: usize) {
        for _ in 0..count.min(self.width.saturating_sub(self.column)) {
            match self.line[self.cursor..].chars().next() {
                Some(c) => {
                    self.cursor += c.len_utf8();
                    self.column += 1;
                }
                None => self.put(' '),
            }
        }
    }

    /// Finishes the line. Blanks that only erased something go with it.
    fn end_line(&mut self) {
        let end = if self.cursor == self.row { self.returned.max(self.cursor).min(self.line.len()) } else { self.cursor };
        if self.line.as_bytes()[end..].iter().all(|byte| *byte == b' ') && end > 0 {
            self.line.truncate(end);
        }
        self.done.push_str(&self.line);
        self.done.push('\n');
        self.clear_line();
    }

    fn home(&mut self) {
        self.row = 0;
        self.cursor = 0;
        self.column = 0;
        self.returned = 0;
    }

    /// Obeys a control sequence that stays within the row, and drops any other.
    fn control(&mut self, kind: u8, parameters: &[u8]) {
        let number = std::str::from_utf8(parameters).ok().and_then(|text| text.parse::<usize>().ok());
        if number.is_none() && !parameters.is_empty() {
            return;
        }
        let count = number.unwrap_or(1).clamp(1, MOST);
        match (kind, number.unwrap_or(0)) {
            (b'K' | b'J', 0) => self.line.truncate(self.cursor),
            (b'K', 1) => {
                let erased = self.column;
                self.back(erased);
                (0..erased).for_each(|_| self.put(' '));
            }
            (b'K', 2) => {
                self.line.truncate(self.row);
                self.cursor = self.row;
                self.column = 0;
            }
            (b'C', _) => self.forward(count),
            (b'D', _) => self.back(count),
            (b'G', _) => {
                self.back(self.column);
                self.forward(count - 1);
            }
            (b'P', _) => {
                let gone: usize = self.line[self.cursor..].chars().take(count).map(char::len_utf8).sum();
                self.line.replace_range(self.cursor..self.cursor + gone, "");
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
