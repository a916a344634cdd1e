//! Asks the person at the terminal for a value that is not shown while it is written.

use rustix::io::Errno;
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, isatty, tcgetattr, tcsetattr};
use std::io::{self, Write};

/// The longest answer, in bytes.
const LONGEST: usize = 4096;

/// Asks on the terminal, and blocks until there is an answer.
///
/// # Errors
/// A sentence: there is no terminal, or nobody answered.
pub(super) fn secretly(question: &str) -> Result<String, String> {
    let terminal = io::stdin();
    if !isatty(&terminal) || !isatty(io::stderr()) {
        return Err("there is no terminal to ask on".to_owned());
    }
    let before = tcgetattr(&terminal).map_err(|error| error.to_string())?;
    let mut stderr = io::stderr().lock();
    let _ = write!(stderr, "{question}: ").and_then(|()| stderr.flush());
    let quiet = Quiet::begin(before)?;
    let answer = read();
    drop(quiet);
    let _ = writeln!(stderr);
    answer
}

/// A terminal that shows nothing and gives every key at once. It becomes what it was when this is dropped; keys that end
/// a program are read as they are, so that it always is.
struct Quiet {
    before: Termios,
}

impl Quiet {
    fn begin(before: Termios) -> Result<Self, String> {
        let mut quiet = before.clone();
        quiet.local_modes -= LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG | LocalModes::IEXTEN;
        quiet.special_codes[SpecialCodeIndex::VMIN] = 1;
        quiet.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(io::stdin(), OptionalActions::Flush, &quiet).map_err(|error| error.to_string())?;
        Ok(Self { before })
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        // A terminal that has gone away needs nothing.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.before);
    }
}

fn read() -> Result<String, String> {
    let mut line = Line::default();
    let mut byte = [0_u8];
    loop {
        match rustix::io::read(io::stdin(), &mut byte) {
            Ok(0) => return Err("the terminal is closed".to_owned()),
            Ok(_) => {
                if let Some(answer) = line.key(byte[0]) {
                    return answer;
                }
            }
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.to_string()),
        }
    }
}

/// What was written so far.
#[derive(Default)]
struct Line {
    bytes: Vec<u8>,
}

impl Line {
    /// Takes a key; gives the answer when it is complete, and a sentence when there is none.
    fn key(&mut self, byte: u8) -> Option<Result<String, String>> {
        match byte {
            b'\r' | b'\n' => {
                let text = String::from_utf8(std::mem::take(&mut self.bytes));
                return Some(text.map_err(|_| "the answer is not UTF-8 text".to_owned()));
            }
            // Control-C, and control-D on an empty line.
            0x03 => return Some(Err("it was interrupted".to_owned())),
            0x04 if self.bytes.is_empty() => return Some(Err("nobody answered".to_owned())),
            0x04 => {}
            // Backspace takes a whole character, control-U the whole line.
            0x08 | 0x7f => {
                let is_part = |byte: &u8| byte & 0xc0 == 0x80;
                while self.bytes.pop_if(|byte| is_part(byte)).is_some() {}
                self.bytes.pop();
            }
            0x15 => self.bytes.clear(),
            _ if self.bytes.len() < LONGEST => self.bytes.push(byte),
            _ => return Some(Err(format!("the answer is longer than {LONGEST} bytes"))),
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(keys: &[u8]) -> Option<Result<String, String>> {
        let mut line = Line::default();
        keys.iter().find_map(|byte| line.key(*byte))
    }

    #[test]
    fn keys_make_a_line() {
        assert_eq!(typed(b"hunter2\r"), Some(Ok("hunter2".to_owned())));
        assert_eq!(typed("a\u{fc}\u{7f}b\n".as_bytes()), Some(Ok("ab".to_owned())));
        assert_eq!(typed(b"wrong\x15right\n"), Some(Ok("right".to_owned())));
        assert_eq!(typed(b"\x7f\n"), Some(Ok(String::new())));
        assert_eq!(typed(b"abc\x03"), Some(Err("it was interrupted".to_owned())));
        assert_eq!(typed(b"\x04"), Some(Err("nobody answered".to_owned())));
        assert_eq!(typed(b"abc"), None);
        assert!(typed(&[b'x'; 5000]).is_some_and(|answer| answer.is_err()));
    }
}
