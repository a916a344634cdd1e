//! Cuts the peer's bytes into pieces, so that a frame that may be an exit status can be handed over alone.
//!
//! A frame's length stands in the clear before the first key exchange ends, and afterwards with the ciphers that
//! authenticate it as additional data (AES-GCM, RFC 5647) and with the encrypt-then-MAC codes; these are preferred when
//! algorithms are agreed on. An `exit-status` request has 25 bytes of payload (RFC 4254, section 6.10), so with the least
//! padding that RFC 4253, section 6, allows its frame has a length of 32. No other message of that length comes on a
//! channel that runs a command without a terminal and has neither effect nor reply, with these limits:
//!
//! - An `SSH_MSG_IGNORE` or `SSH_MSG_DEBUG` that is as long (12 to 27 bytes of payload where frames are padded to 16
//!   bytes, 20 to 27 where they are padded to 8) is taken for a status. No server is known to send one unasked.
//! - A status in a frame with more padding than needed is not seen. OpenSSH and Dropbear pad as little as they may: what
//!   OpenSSH adds to hide passwords and keystrokes is added by its client only.
//!
//! Where lengths are encrypted nothing is looked for, and bytes go over as they come.

/// How the frames are cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Lines, until one that begins with `SSH-`.
    Greeting,
    /// Lengths in the clear, no authentication code.
    Plain,
    /// The peer uses new keys from here, and nobody has said which kind.
    Unsealed,
    /// Lengths in the clear, and this many bytes of authentication code.
    Lengths(usize),
    /// Lengths are encrypted.
    Hidden,
}

/// What libssh2 made of the piece that was handed over last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// Nothing that can be seen.
    None,
    /// Data, an end, a reply, or the outcome of a request.
    Seen,
}

/// What to hand over next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece {
    /// So many bytes; 0 when more must come first.
    Bytes(usize),
    /// So many bytes, a whole frame that may be an exit status.
    Alone(usize),
    /// Nothing before [`Frames::seal`] was called.
    Sealed,
}

/// The length that the frame of an exit status announces.
const STATUS: usize = 32;
/// The longest frame that makes sense; more means that these are no frames.
const LONGEST: usize = 256 * 1024;
/// The most that is handed over at once.
const AT_ONCE: usize = 64 * 1024;
/// The type of the message after which the peer uses its new keys.
const NEWKEYS: u8 = 21;
/// How much of the greeting is kept.
const GREETING: usize = 2048;

/// The state of the cut.
#[derive(Debug)]
pub(super) struct Frames {
    mode: Mode,
    /// Bytes of the current frame that have not been handed over.
    left: usize,
    /// What follows the current frame.
    next_mode: Mode,
    /// The beginning of what the peer said before its first frame.
    greeting: Vec<u8>,
    /// The beginning of the current line of the greeting.
    line: Vec<u8>,
    /// Bytes of the greeting so far.
    greeted: usize,
    /// Whether the piece handed over last stood alone because it may be an exit status.
    alone: bool,
}

impl Frames {
    pub(super) fn new() -> Self {
        Self { mode: Mode::Greeting, left: 0, next_mode: Mode::Greeting, greeting: Vec::new(), line: Vec::new(), greeted: 0, alone: false }
    }

    /// Decides what to hand over of `bytes`, all that has come and was not handed over.
    pub(super) fn next(&mut self, bytes: &[u8]) -> Piece {
        if self.left > 0 {
            return Piece::Bytes(self.left.min(bytes.len()).min(AT_ONCE));
        }
        match self.mode {
            Mode::Greeting => Piece::Bytes(bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |at| at + 1)),
            Mode::Unsealed if bytes.is_empty() => Piece::Bytes(0),
            Mode::Unsealed => Piece::Sealed,
            Mode::Hidden => Piece::Bytes(bytes.len().min(AT_ONCE)),
            Mode::Plain => self.plain(bytes),
            Mode::Lengths(code) => self.lengths(bytes, code),
        }
    }

    /// One frame at a time, because the mode may change after it.
    fn plain(&mut self, bytes: &[u8]) -> Piece {
        let Some(length) = length(bytes).filter(|_| bytes.len() > 5) else {
            return Piece::Bytes(0);
        };
        if length > LONGEST {
            self.mode = Mode::Hidden;
            return self.next(bytes);
        }
        self.left = 4 + length;
        self.next_mode = if bytes[5] == NEWKEYS { Mode::Unsealed } else { Mode::Plain };
        self.next(bytes)
    }

    /// As many frames as there are before one that must stand alone.
    fn lengths(&mut self, bytes: &[u8], code: usize) -> Piece {
        let mut at = 0;
        self.next_mode = self.mode;
        while at < AT_ONCE {
            let Some(length) = bytes.get(at..).and_then(length) else {
                break;
            };
            let frame = 4 + length + code;
            if length > LONGEST {
                self.mode = Mode::Hidden;
                return Piece::Bytes(bytes.len().min(AT_ONCE));
            }
            if length == STATUS {
                if at > 0 || bytes.len() < frame {
                    break;
                }
                self.left = frame;
                return Piece::Alone(frame);
            }
            at += frame;
        }
        // Where the last of these frames has not come whole, its rest follows before the next decision.
        self.left = at;
        Piece::Bytes(at.min(bytes.len()).min(AT_ONCE))
    }

    /// Takes note of what libssh2 made of the piece that was handed over last. The value is whether that was an exit status.
    pub(super) fn note(&mut self, effect: Effect) -> bool {
        std::mem::take(&mut self.alone) && effect == Effect::None
    }

    /// Says which bytes were handed over.
    pub(super) fn passed(&mut self, bytes: &[u8], alone: bool) {
        self.alone = alone;
        if self.mode == Mode::Greeting {
            return self.greet(bytes);
        }
        if self.left > 0 {
            self.left -= bytes.len().min(self.left);
            if self.left == 0 {
                self.mode = self.next_mode;
            }
        }
    }

    fn greet(&mut self, bytes: &[u8]) {
        self.greeted += bytes.len();
        let room = GREETING.saturating_sub(self.greeting.len());
        self.greeting.extend_from_slice(&bytes[..bytes.len().min(room)]);
        let room = 8_usize.saturating_sub(self.line.len());
        self.line.extend_from_slice(&bytes[..bytes.len().min(room)]);
        if bytes.ends_with(b"\n") {
            if self.line.starts_with(b"SSH-") {
                self.mode = Mode::Plain;
            }
            self.line.clear();
        }
    }

    /// Says which algorithms protect what the peer sends from here.
    pub(super) fn seal(&mut self, cipher: &str, code: &str) {
        self.mode = match (cipher, code) {
            (cipher, _) if cipher.contains("-gcm") => Mode::Lengths(16),
            // It has a code of its own; the one that was agreed on beside it is not used.
            (cipher, _) if cipher.starts_with("chacha20") => Mode::Hidden,
            (_, "hmac-sha2-256-etm@openssh.com") => Mode::Lengths(32),
            (_, "hmac-sha2-512-etm@openssh.com") => Mode::Lengths(64),
            (_, "hmac-sha1-etm@openssh.com") => Mode::Lengths(20),
            _ => Mode::Hidden,
        };
    }

    /// Whether the lack of an exit status is certain where none was seen.
    pub(super) fn are_told_apart(&self) -> bool {
        matches!(self.mode, Mode::Lengths(_))
    }

    /// What the peer said before its first frame, at most its first 2 KiB; `None` once it has spoken ssh.
    pub(super) fn greeting(&self) -> Option<&[u8]> {
        (self.mode == Mode::Greeting).then_some(&self.greeting)
    }

    /// Bytes of the greeting so far.
    pub(super) fn greeted(&self) -> usize {
        self.greeted
    }
}

fn length(bytes: &[u8]) -> Option<usize> {
    let announced = u32::from_be_bytes(*bytes.first_chunk::<4>()?);
    usize::try_from(announced).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pieces in which bytes are handed over when they come in chunks, as (length, stood alone).
    fn pieces(frames: &mut Frames, bytes: &[u8], chunk: usize) -> Vec<(usize, bool)> {
        let (mut pieces, mut at, mut come) = (Vec::new(), 0, 0);
        loop {
            match frames.next(&bytes[at..come]) {
                Piece::Sealed => frames.seal("aes256-gcm@openssh.com", ""),
                Piece::Bytes(0) if come == bytes.len() => return pieces,
                Piece::Bytes(0) => come = bytes.len().min(come + chunk),
                Piece::Bytes(count) => {
                    frames.passed(&bytes[at..at + count], false);
                    pieces.push((count, false));
                    at += count;
                }
                Piece::Alone(count) => {
                    frames.passed(&bytes[at..at + count], true);
                    pieces.push((count, true));
                    at += count;
                }
            }
        }
    }

    fn frame(length: usize, kind: u8, code: usize) -> Vec<u8> {
        let mut bytes = u32::try_from(length).expect("small").to_be_bytes().to_vec();
        bytes.extend([4, kind]);
        bytes.resize(4 + length + code, 0);
        bytes
    }

    #[test]
    fn a_frame_of_the_right_length_stands_alone_however_the_bytes_come() {
        let mut bytes = b"hello\r\nSSH-2.0-x\r\n".to_vec();
        bytes.extend([frame(32, 20, 0), frame(12, NEWKEYS, 0)].concat());
        bytes.extend([16, 32, 64, 300, 32, 32, 16].into_iter().flat_map(|length| frame(length, 94, 16)));
        for chunk in [1, 2, 3, 7, 50, 1000] {
            let mut frames = Frames::new();
            let pieces = pieces(&mut frames, &bytes, chunk);
            assert_eq!(pieces.iter().map(|piece| piece.0).sum::<usize>(), bytes.len(), "{chunk}");
            assert_eq!(pieces.iter().filter(|piece| **piece == (52, true)).count(), 3, "{chunk}");
            assert!(frames.are_told_apart() && frames.greeting().is_none());
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_go_over_in_order_and_without_a_panic(bytes in proptest::collection::vec(0_u8..40, 0..600), chunk in 1_usize..50) {
            let mut frames = Frames::new();
            let start = b"SSH-2.0-x\n\0\0\0\x02\0\x15".to_vec();
            let bytes = [start, bytes].concat();
            let handed: usize = pieces(&mut frames, &bytes, chunk).iter().map(|piece| piece.0).sum();
            proptest::prop_assert!(handed <= bytes.len());
        }
    }
}
