//! Finds the end of a command's echo.
//!
//! What was typed comes back changed: wrapped at the width of the terminal, after a prompt, again from its beginning when a
//! log line came between, or only its end where the device scrolls a long line sideways. Blanks are not compared, since
//! wrapping adds some.

/// Lines among which the echo is looked for.
const LINES: usize = 32;

/// How much is looked at beyond the length of the command, in bytes.
const BYTES: usize = 16 * 1024;

/// The shortest end of a command that is enough to know a line that was scrolled sideways.
const SCROLLED: usize = 8;

/// Where the answer begins in `text`, whose lines are finished: after the echo of `command`. `None` where no echo is.
pub(super) fn end(text: &str, command: &str, prompt: Option<&str>) -> Option<usize> {
    let text = &text[..text.floor_char_boundary(text.len().min(BYTES + 4 * command.len()))];
    let mut from = 0;
    for _ in 0..LINES {
        let line = text[from..].find('\n')?;
        if let Some(length) = echoed(&text[from..], command, prompt) {
            return Some(from + length);
        }
        from += line + 1;
    }
    None
}

/// The length of the echo that begins with the first line.
fn echoed(text: &str, command: &str, prompt: Option<&str>) -> Option<usize> {
    let mut wanted = command.chars().filter(|c| !c.is_whitespace()).peekable();
    let mut from = 0;
    for whole in text.split_inclusive('\n') {
        let line = whole.strip_suffix('\n')?;
        let bare = if from == 0 { after_prompt(line, prompt) } else { line };
        if from == 0 && is_scrolled(bare, command) {
            return Some(whole.len());
        }
        for c in bare.chars().filter(|c| !c.is_whitespace()) {
            wanted.next_if_eq(&c)?;
        }
        from += whole.len();
        if wanted.peek().is_none() {
            return Some(from);
        }
        if bare.trim().is_empty() {
            // An echo begins in its first line.
            return None;
        }
    }
    None
}

fn after_prompt<'a>(line: &'a str, prompt: Option<&str>) -> &'a str {
    prompt.and_then(|prompt| line.strip_prefix(prompt)).unwrap_or(line)
}

/// Whether a line shows the end of a command after a mark.
fn is_scrolled(line: &str, command: &str) -> bool {
    let shown = line.trim().strip_prefix(['$', '<']).map(str::trim_start);
    shown.is_some_and(|shown| shown.len() >= SCROLLED && shown.len() < command.len() && command.trim_end().ends_with(shown))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_echo_ends_where_the_answer_begins() {
        let prompt = Some("r1#");
        for (text, command, rest) in [
            ("show version\nIOS 15\n", "show version", Some("IOS 15\n")),
            ("show version \nIOS 15\n", " show version", Some("IOS 15\n")),
            ("r1#show version\nIOS\n", "show version", Some("IOS\n")),
            ("show ver\nsion\nIOS\n", "show version", Some("IOS\n")),
            ("*log: up\nshow version\nIOS\n", "show version", Some("IOS\n")),
            ("show v\n*log: up\nr1#show version\nIOS\n", "show version", Some("IOS\n")),
            ("$x 10.0.0.0 255.0.0.0\nIOS\n", "ip route vrf green 10.0.0.0 255.0.0.0", None),
            ("$een 10.0.0.0 255.0.0.0\nIOS\n", "ip route vrf green 10.0.0.0 255.0.0.0", Some("IOS\n")),
            ("\nIOS\n", "", Some("IOS\n")),
            ("r1#\n", "", Some("")),
            ("\nIOS\n", "show", None),
            ("show versions\n", "show version", None),
            ("show ver", "show ver", None),
            ("IOS 15\n", "show version", None),
            ("", "", None),
        ] {
            assert_eq!(end(text, command, prompt).map(|at| &text[at..]), rest, "{text:?} after {command:?}");
        }
    }

    #[test]
    fn an_answer_that_repeats_the_command_loses_its_echo_only() {
        assert_eq!(end("echo x\necho x\n", "echo x", None), Some(7));
        let late = format!("{}echo x\n", "other\n".repeat(LINES));
        assert_eq!(end(&late, "echo x", None), None, "far down it is no echo");
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[r1#$ \n\u{e4}ab]{0,80}", command in "[ ab\u{e4}]{0,9}") {
            let _ = end(&text, &command, Some("r1#"));
        }
    }
}
