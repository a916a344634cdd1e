//! Finds the frame of an exit status by measuring, where the lengths of frames are encrypted.
//!
//! What came is handed over four bytes at a time: every frame is a multiple of that, so at most one ends with each step.
//! A frame that has an effect is thereby measured, its size follows from its payload, and what lies between two
//! such frames had no effect: an exit status, or a change of the window (RFC 4254, sections 5.2 and 6.10).
//!
//! That costs some microseconds for each step, so it ends after the first mebibyte of an answer. From there on only the
//! end of what has come is measured, where most servers send the status; OpenSSH may send it before the last data, but
//! OpenSSH has had ciphers with lengths in the clear since 2013.

/// The finest step, in bytes.
const STEP: usize = 4;
/// How much is measured from the start, in bytes.
const WHOLE: u64 = 1024 * 1024;
/// How much of the end is measured after that: an end of data, an exit status and a close fit in with every algorithm.
const FINE: usize = 320;
/// Payload of `SSH_MSG_CHANNEL_EOF` and `SSH_MSG_CHANNEL_CLOSE`.
const END: usize = 5;
/// Payload of `SSH_MSG_CHANNEL_WINDOW_ADJUST`.
const WINDOW: usize = 9;
/// Payload of `SSH_MSG_CHANNEL_REQUEST` with an `exit-status`.
const STATUS: usize = 25;

/// What libssh2 made of the bytes that it was handed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Effect {
    /// Bytes of standard output.
    pub(super) stdout: usize,
    /// Bytes of standard error.
    pub(super) stderr: usize,
    /// The peer ended its data or closed the channel.
    pub(super) ended: bool,
    /// Another frame with an effect was complete, of a size that is not known.
    pub(super) other: bool,
}

/// How a cipher and a code frame a payload (RFC 4253, section 6), with the least padding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    /// Frames are padded to a multiple of this.
    block: usize,
    /// Whether the length field counts for that.
    pads_length: bool,
    /// Bytes of the authentication code.
    code: usize,
}

impl Shape {
    /// The shape for these algorithms; `None` where it is not known.
    pub(super) fn of(cipher: &str, code: &str) -> Option<Self> {
        if cipher == "chacha20-poly1305@openssh.com" {
            return Some(Self { block: 8, pads_length: false, code: 16 });
        }
        let block = if cipher.starts_with("aes") || cipher.starts_with("rijndael") { 16 } else { 8 };
        let code = match code {
            "hmac-sha2-256" => 32,
            "hmac-sha2-512" => 64,
            "hmac-sha1" | "hmac-ripemd160" | "hmac-ripemd160@openssh.com" => 20,
            "hmac-md5" => 16,
            "hmac-sha1-96" | "hmac-md5-96" => 12,
            _ => return None,
        };
        Some(Self { block, pads_length: true, code })
    }

    /// The size of the frame of a payload of so many bytes.
    fn frame(self, payload: usize) -> u64 {
        let length = if self.pads_length { 0 } else { 4 };
        let whole = length + (9 - length + payload).next_multiple_of(self.block) + self.code;
        whole as u64
    }
}

/// The measure of what was handed over.
#[derive(Debug)]
pub(super) struct Ruler {
    shape: Shape,
    /// Bytes handed over since the peer took these keys.
    at: u64,
    /// Where the measuring began.
    from: u64,
    /// Where the last frame ended that had an effect; `None` when that is not known.
    edge: Option<u64>,
    /// Whether more than a step was handed over since the last effect was looked at.
    coarse: bool,
}

impl Ruler {
    pub(super) fn new(shape: Shape) -> Self {
        Self { shape, at: 0, from: 0, edge: Some(0), coarse: false }
    }

    /// Begins to measure here, whatever went before.
    pub(super) fn start(&mut self) {
        (self.from, self.edge, self.coarse) = (self.at, None, false);
    }

    /// How much to hand over next of so many bytes, all that have come.
    pub(super) fn next(&self, bytes: usize) -> usize {
        if self.is_whole() || bytes <= FINE { bytes.min(STEP - self.within_step()) } else { bytes - FINE }
    }

    /// Whether everything is measured.
    fn is_whole(&self) -> bool {
        self.at - self.from < WHOLE
    }

    /// Whether more bytes would let the next ones be handed over at once.
    pub(super) fn looks_ahead(&self, bytes: usize) -> bool {
        !self.is_whole() && bytes <= FINE
    }

    fn within_step(&self) -> usize {
        usize::try_from(self.at % STEP as u64).unwrap_or_default()
    }

    /// Says how many bytes were handed over.
    pub(super) fn passed(&mut self, bytes: usize) {
        self.coarse |= self.within_step() + bytes > STEP;
        self.at += bytes as u64;
    }

    /// Takes note of an effect. The value is whether an exit status went by before it.
    pub(super) fn note(&mut self, effect: Effect) -> bool {
        if std::mem::take(&mut self.coarse) {
            self.edge = None;
            return false;
        }
        let size = match effect {
            Effect { stdout: 0, stderr: 0, ended: false, other: false } => return false,
            Effect { stdout: 0, stderr: 0, ended: true, .. } => Some(END),
            Effect { stdout, stderr: 0, ended: false, .. } if stdout > 0 => Some(9 + stdout),
            Effect { stdout: 0, stderr, ended: false, .. } if stderr > 0 => Some(13 + stderr),
            _ => None,
        };
        let edge = self.edge.replace(self.at);
        let (Some(size), Some(edge)) = (size, edge) else {
            return false;
        };
        let gap = (self.at - edge).checked_sub(self.shape.frame(size));
        let (status, window) = (self.shape.frame(STATUS), self.shape.frame(WINDOW));
        gap.is_some_and(|gap| (0..4).any(|windows| gap == status + windows * window))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPES: [(&str, &str); 6] = [
        ("chacha20-poly1305@openssh.com", "none"),
        ("aes256-ctr", "hmac-sha2-256"),
        ("aes128-ctr", "hmac-sha2-512"),
        ("aes128-cbc", "hmac-sha1"),
        ("3des-cbc", "hmac-md5"),
        ("blowfish-cbc", "hmac-sha1-96"),
    ];

    /// Hands over frames as a session would, in steps, and says whether a status was found.
    fn measure(shape: Shape, frames: &[(usize, Effect)]) -> bool {
        let mut ruler = Ruler::new(shape);
        let mut found = false;
        for (payload, effect) in frames {
            let size = usize::try_from(shape.frame(*payload)).expect("small");
            assert_eq!(size % STEP, 0);
            for step in 1..=size / STEP {
                ruler.passed(STEP);
                found |= ruler.note(if step == size / STEP { *effect } else { Effect::default() });
            }
        }
        found
    }

    #[test]
    fn an_exit_status_is_found_wherever_it_stands_and_only_there() {
        let quiet = Effect::default();
        let data = (9 + 7, Effect { stdout: 7, ..quiet });
        let error = (13 + 3, Effect { stderr: 3, ..quiet });
        let end = (END, Effect { ended: true, ..quiet });
        let (window, status, alive) = ((WINDOW, quiet), (STATUS, quiet), (27, Effect { other: true, ..quiet }));
        for (cipher, code) in SHAPES {
            let shape = Shape::of(cipher, code).expect(cipher);
            for (frames, found) in [
                (vec![data, end, status, end], true),
                (vec![status, end, end], true),
                (vec![end, status, end], true),
                (vec![window, window, data, status, error, end, end], true),
                (vec![window, status, end], true),
                (vec![status, window, end], true),
                (vec![alive, data, alive, status, end], true),
                (vec![data, end, end], false),
                (vec![end], false),
                (vec![window, end, end], false),
                (vec![window, window, window, end, end], false),
                (vec![alive, end], false),
                (vec![data, error, data, end, end], false),
            ] {
                assert_eq!(measure(shape, &frames), found, "{cipher} {code}: {frames:?}");
            }
        }
    }

    #[test]
    fn what_was_not_measured_is_not_guessed() {
        let shape = Shape::of("aes256-ctr", "hmac-sha2-256").expect("known");
        let mut ruler = Ruler::new(shape);
        ruler.passed(1000);
        assert_eq!((ruler.next(0), ruler.next(3), ruler.next(1000)), (0, 3, 4));
        assert!(!ruler.note(Effect { stdout: 900, ..Effect::default() }));
        ruler.passed(4);
        assert!(!ruler.note(Effect { ended: true, ..Effect::default() }));
        ruler.passed(1024 * 1024);
        assert_eq!((ruler.next(300), ruler.next(1000)), (4, 680));
        assert_eq!(Shape::of("aes256-ctr", "a code of tomorrow"), None);
    }
}
