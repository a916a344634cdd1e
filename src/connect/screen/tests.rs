//! Whole sessions, in any pieces.

mod recorded;

use super::*;
use crate::connect::platform::of_os;
use proptest::prelude::*;

/// A screen of the generic platform at the prompt `r1#`.
fn at_prompt() -> Screen {
    let mut screen = Screen::new(of_os("any").expect("generic"), None);
    screen.feed(b"banner\r\n\r\nr1#");
    screen.learn();
    screen
}

/// What a command was answered by these bytes, which end in a prompt.
fn answered(screen: &mut Screen, command: &str, pieces: &[&[u8]]) -> String {
    screen.begin(command);
    for piece in pieces {
        screen.feed(piece);
    }
    assert!(matches!(screen.sight(), Sight::Perhaps(_) | Sight::Prompt), "{:?} shows {:?}", screen.tail(200), screen.sight());
    let text = screen.finish().text;
    screen.learn();
    text
}

#[test]
fn an_answer_is_what_stands_between_echo_and_prompt() {
    for (command, bytes, answer) in [
        ("show clock", "show clock\r\n13:00\r\nr1#", "13:00\n"),
        ("show clock", "show clock\r\r\n13:00\r\r\n\r\nr1# ", "13:00\n\n"),
        ("show clock", "\x1b[1mshow\x1b[0m clock\x07\r\n13:00\r\nr1#", "13:00\n"),
        ("show clock", "shwo\x08 \x08\x08 \x08ow clock\r\n13:00\r\nr1#", "13:00\n"),
        ("show clock", "\r\n13:00\r\nr1#", "13:00\n"),
        ("show nothing", "show nothing\r\nr1#", ""),
        ("show history", "show history\r\nr1#\r\nr1#show clock\r\nend\r\nr1#", "r1#\nr1#show clock\nend\n"),
        ("show x", "show x\r\nup\r\nr1#\r\n*Nov 20 13:00: %LINK-3-UPDOWN: Gi0/1\r\nr1#", "up\n"),
        ("show x", "show x\r\nup\r\nr1#\r\nr1#", "up\n"),
        ("show x", "show\r\n*Nov 20 13:00: %LINK-3-UPDOWN: Gi0/1\r\nr1#show x\r\nup\r\nr1#", "up\n"),
        ("show x", "show x\r\n1\r\n--More--\x08\x08\x08\x08\x08\x08\x08\x08        \x08\x08\x08\x08\x08\x08\x08\x082\r\nr1#", "1\n2\n"),
        ("conf t", "conf t\r\nEnter commands\r\nr1(config)#", "Enter commands\n"),
        ("show key", "show key\r\n1\r\nQUJDr1#", "1\nQUJD"),
        (
            "show key",
            "show key\r\nQUJDr1#\r\n*Nov 20 13:00: %LINK-3-UPDOWN: Gi0/1\r\nQUJDr1#",
            "QUJDr1#\n*Nov 20 13:00: %LINK-3-UPDOWN: Gi0/1\nQUJD",
        ),
        ("edit", "edit\r\n*r1#", ""),
    ] {
        assert_eq!(answered(&mut at_prompt(), command, &[bytes.as_bytes()]), answer, "{bytes:?}");
        let single: Vec<&[u8]> = bytes.as_bytes().chunks(1).collect();
        assert_eq!(answered(&mut at_prompt(), command, &single), answer, "one byte at a time: {bytes:?}");
    }
}

#[test]
fn a_prompt_counts_when_it_stands_alone_at_the_end_and_the_echo_has_come() {
    let mut screen = at_prompt();
    let platform = of_os("any").expect("generic");
    screen.begin("show clock");
    assert_eq!(screen.sight(), Sight::Output, "the prompt before the command is not the one after it");
    let mut looks = |bytes: &str| {
        screen.feed(bytes.as_bytes());
        screen.sight() == Sight::Perhaps(platform.settle)
    };
    for (bytes, ends) in [
        ("show clock", false),
        ("\r\n", false),
        ("r1#", true),
        ("x", false),
        ("\r\n r1#", false),
        ("\r\n#", false),
        ("\r\nr1#\r\n", false),
        ("Password: ", false),
        ("\r\nr1(config)#", true),
        (" ", true),
        ("\r\nr10#", false),
        ("\r\nr1# ", true),
    ] {
        assert_eq!(looks(bytes), ends, "after {bytes:?}");
    }
}

#[test]
fn a_new_name_is_believed_after_a_longer_silence_and_learned() {
    let mut screen = at_prompt();
    let platform = of_os("any").expect("generic");
    screen.begin("hostname core");
    screen.feed(b"hostname core\r\ncore#");
    assert_eq!(screen.sight(), Sight::Perhaps(platform.quiet));
    assert_eq!(screen.finish().text, "");
    screen.learn();
    assert_eq!(screen.learned(), Some("core#"));
    screen.begin("show x");
    screen.feed(b"show x\r\n1\r\ncore#");
    assert_eq!(screen.sight(), Sight::Perhaps(platform.settle));
}

#[test]
fn output_without_a_line_break_is_kept_and_no_part_of_the_prompt() {
    let platform = of_os("any").expect("generic");
    for (unfinished, silence) in [("", platform.settle), ("ERROR", platform.quiet), (&"x".repeat(1024), platform.quiet)] {
        let mut screen = at_prompt();
        screen.begin("cat key");
        screen.feed(format!("cat key\r\n{unfinished}r1#").as_bytes());
        assert_eq!(screen.sight(), Sight::Perhaps(silence), "{unfinished}");
        assert_eq!(screen.finish().text, unfinished);
        screen.learn();
        assert_eq!(screen.learned(), Some("r1#"));
        assert_eq!(answered(&mut screen, "show x", &[b"show x\r\n1\r\nr1#"]), "1\n");
    }
}

#[test]
fn a_prompt_of_one_character_loses_no_output_and_a_line_of_it_alone_is_learned_anew() {
    let mut screen = Screen::new(of_os("any").expect("generic"), None);
    screen.feed(b"press >");
    screen.feed(b"\r\n>");
    screen.learn();
    assert_eq!(answered(&mut screen, "", &[b"\r\nr1$"]), "");
    assert_eq!(screen.learned(), Some("r1$"), "nothing was asked, so all of it is prompt");
    let mut screen = Screen::new(of_os("any").expect("generic"), None);
    screen.feed(b"$ ");
    screen.learn();
    assert_eq!(answered(&mut screen, "cat x", &[b"cat x\r\ntwo$ "]), "two");
    assert_eq!(answered(&mut screen, "cat x", &[b"cat x\r\n1\r\n$ "]), "1\n");
    screen.begin("load");
    screen.feed(b"load\r\n###$");
    assert_eq!(screen.sight(), Sight::Output, "a bar is no prompt");
}

#[test]
fn the_lines_of_a_prompt_above_its_last_one_belong_to_no_answer() {
    for above in ["root@r1:~\r\n", "\r\n{master:0}\r\n"] {
        let mut screen = at_prompt();
        let empty = answered(&mut screen, "", &[format!("\r\n{above}r1#").as_bytes()]);
        screen.learn_above(empty);
        for (said, answer) in [("1\r\n", "1\n"), ("", ""), ("1", "1"), ("root@r1:~\r\n", "root@r1:~\n")] {
            assert_eq!(answered(&mut screen, "show x", &[format!("show x\r\n{said}{above}r1#").as_bytes()]), answer, "{said} {above}");
        }
        assert_eq!(answered(&mut screen, "cd /", &[b"cd /\r\nroot@r1:/\r\nr1#"]), "root@r1:/\n", "what changed is kept");
    }
}

#[test]
fn output_after_the_sessions_own_prompt_hides_neither_the_prompt_nor_its_exit_code() {
    let platform = of_os("linux").expect("linux");
    let mut screen = Screen::new(platform, None);
    let setup = platform.open.first().expect("a line");
    screen.own(platform.prepared(setup, "f00d").expect("prepared").1.expect("a prompt"));
    for (bytes, ends, text, exit_code) in [
        ("one\r\n\r\n<f00d:3>", Sight::Prompt, "one\n", Some(3)),
        ("one\r\n\r\n<f00d:3>job done\r\n", Sight::Perhaps(platform.quiet), "one\n", Some(3)),
        ("one\r\n<f00d:0>job\r\n<f00d:4>done", Sight::Perhaps(platform.quiet), "one", Some(0)),
        ("one <f00d:0>", Sight::Output, "", None),
        ("one <f00d:0>\r\n", Sight::Output, "", None),
    ] {
        for size in [1, bytes.len()] {
            screen.begin("x");
            bytes.as_bytes().chunks(size).for_each(|piece| screen.feed(piece));
            assert_eq!(screen.sight(), ends, "{bytes:?}");
            if exit_code.is_some() {
                let reply = screen.finish();
                assert_eq!((reply.text.as_str(), reply.exit_code), (text, exit_code), "{bytes:?}");
            }
        }
    }
}

#[test]
fn once_a_device_echoes_nothing_is_an_answer_before_the_echo() {
    let mut screen = at_prompt();
    assert_eq!(answered(&mut screen, "show x", &[b"show x\r\n1\r\nr1#"]), "1\n");
    screen.begin("show y");
    screen.feed(b"\r\n*Nov 20 13:00: %LINK-3-UPDOWN: Gi0/1\r\nr1#");
    assert_eq!(screen.sight(), Sight::Output);
    screen.feed(b"show y\r\n2\r\nr1#");
    assert!(matches!(screen.sight(), Sight::Perhaps(_)));
    assert_eq!(screen.finish().text, "2\n");
}

#[test]
fn a_prompt_overtaken_by_a_log_line_is_noticed() {
    let mut screen = at_prompt();
    let platform = of_os("any").expect("generic");
    screen.begin("show x");
    screen.feed(b"show x\r\nup\r\nr1#\r\n*Nov 20 13:00: %LINK-3-UPDOWN: Gi0/1\r\n");
    assert_eq!(screen.sight(), Sight::Overtaken(platform.quiet));
    screen.feed(b"\r\nr1#");
    assert_eq!(screen.finish().text, "up\n");
}

#[test]
fn a_pager_is_answered_and_leaves_nothing_behind() {
    for erased in ["\r        \r", "\r\x1b[K", "\x08\x08\x08\x08\x08\x08\x08\x08        \x08\x08\x08\x08\x08\x08\x08\x08", ""] {
        let mut screen = at_prompt();
        screen.begin("show x");
        screen.feed(b"show x\r\none\r\n--More--");
        assert!(matches!(screen.sight(), Sight::Pager { send: " ", .. }));
        screen.turn_page();
        screen.feed(format!("{erased}two\r\nr1#").as_bytes());
        assert_eq!(screen.finish().text, "one\ntwo\n", "{erased:?}");
    }
}

#[test]
fn refused_commands_are_told_by_their_first_or_last_line() {
    for (said, refused) in [
        ("      ^\r\n% Invalid input detected at '^' marker.\r\n\r\n", Some("% Invalid input detected at '^' marker.")),
        ("1\r\n2\r\n3\r\n4\r\n%Error opening tftp (Timed out)\r\n", Some("%Error opening tftp (Timed out)")),
        ("1\r\n2\r\n3\r\n% Invalid input\r\n5\r\n", None),
        ("0 input errors\r\n", None),
        ("", None),
    ] {
        let mut screen = at_prompt();
        screen.begin("x");
        screen.feed(format!("x\r\n{said}r1#").as_bytes());
        assert_eq!(screen.finish().refused.as_deref(), refused, "{said:?}");
    }
}

#[test]
fn the_cost_of_a_look_does_not_grow_with_the_answer() {
    let mut screen = at_prompt();
    screen.begin("show x");
    screen.feed(b"show x\r\n");
    // A line without end, looked at after every piece: quadratic cost would take minutes.
    for _ in 0..20_000 {
        screen.feed(&[b'x'; 250]);
        assert_eq!(screen.sight(), Sight::Output);
    }
    screen.feed(b"\r\nr1#");
    assert_eq!(screen.finish().text.len(), 20_000 * 250 + 1);
}

/// A session of a real shell, with its own prompt.
fn linux() -> Screen {
    let platform = of_os("linux").expect("linux");
    let mut screen = Screen::new(platform, None);
    screen.feed(b"Last login: today\r\nroot@r1:~# ");
    assert_eq!(screen.sight(), Sight::Perhaps(platform.quiet));
    screen.learn();
    let (line, own) = platform.prepared(&platform.open[0], "f00d").expect("a line");
    screen.own(own.expect("it sets a prompt"));
    screen.begin(&line);
    screen.feed(line.as_bytes());
    assert_eq!(screen.sight(), Sight::Output, "the echo of the line is not the prompt that it sets");
    screen.feed(b"\r\n<f00d:0>");
    assert_eq!(screen.sight(), Sight::Prompt);
    screen.finish();
    screen
}

proptest! {
    #[test]
    fn any_cut_of_a_session_gives_the_same_answer(
        lines in prop::collection::vec("[ -~]{0,20}|r1#|# |\u{e4}", 0..12),
        cuts in prop::collection::vec(0_usize..400, 0..8),
        escape in "\u{1b}\\[[0-9;]{0,5}m|\u{1b}\\]0;[a-z]{0,9}\u{7}|\0|\u{7}",
        places in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
    ) {
        // What is a log line or the prompt alone at the end belongs to what came after the answer.
        let text: String = lines.iter().fold(String::new(), |text, line| text + line + "\n") + "end\n";
        let mut bytes = format!("show x\r\n{}r1#", text.replace('\n', "\r\n")).into_bytes();
        for place in places {
            let at = String::from_utf8_lossy(&bytes).floor_char_boundary(place.index(bytes.len()));
            // Not into an escape sequence that is there already.
            if !bytes[..at].contains(&0x1b) {
                bytes.splice(at..at, escape.bytes());
            }
        }
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
        cuts.sort_unstable();
        let mut pieces = Vec::new();
        let mut from = 0;
        for cut in cuts.into_iter().chain([bytes.len()]) {
            pieces.push(&bytes[from..cut]);
            from = cut;
        }
        prop_assert_eq!(answered(&mut at_prompt(), "show x", &pieces), text);
    }

    #[test]
    fn with_its_own_prompt_a_session_is_never_early_and_loses_nothing(
        output in "[ -~\n\u{e4}]{0,60}|(# |\\$ |<f00d:\\$\\?>|<f00d>|r1#\n){0,5}",
        code in 0_i32..256,
    ) {
        let mut screen = linux();
        screen.begin("command");
        let bytes = format!("{}\r\n<f00d:{code}>", output.replace('\n', "\r\n"));
        for (index, byte) in bytes.bytes().enumerate() {
            screen.feed(&[byte]);
            prop_assert_eq!(screen.sight() == Sight::Prompt, index + 1 == bytes.len(), "at {}", index);
        }
        let reply = screen.finish();
        prop_assert_eq!((reply.text, reply.exit_code), (output, Some(code)));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), command in "[ -~]{0,20}") {
        let mut screen = at_prompt();
        screen.begin(&command);
        for piece in bytes.chunks(7) {
            screen.feed(piece);
            let _ = screen.sight();
        }
        let _ = (screen.tail(20), screen.finish());
    }
}
