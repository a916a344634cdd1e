//! What a terminal shows, byte by byte.

use super::*;
use proptest::prelude::*;

fn shown(width: usize, bytes: &[u8]) -> String {
    let mut terminal = Terminal::new(width);
    terminal.feed(bytes);
    terminal.take_done() + terminal.line()
}

#[test]
fn a_stream_becomes_what_a_terminal_shows() {
    for (raw, seen) in [
        ("plain\r\ntext", "plain\ntext"),
        ("a\r\r\nb\n\rc\r\n", "a\nb\nc\n"),
        ("\x1b[01;31mred\x1b[0m\x1b[m", "red"),
        ("\x1b[?2004hr1# \x1b]0;root@r1\x07ok\x1b]8;;x\x1b\\y", "r1# oky"),
        ("\x1b(Bwide\x1b=\x1b>", "wide"),
        ("10%\r50%\r100%\r\n", "100%\n"),
        ("typo\x08\x08\x08ool", "tool"),
        ("abc\r    \rx\r\n", "x\n"),
        ("  kept  \r\n   \r\n", "  kept  \n   \n"),
        (" --More-- \r          \rline 2\n", "line 2\n"),
        (" --More-- \r\x1b[Kline 2\n", "line 2\n"),
        ("nul\0s\0 and \x07bells", "nuls and bells"),
        ("ab\tc", "ab\tc"),
        ("abcdefghijk\r\tX", "abcdefghXjk"),
        ("abc\x1b[2DX", "aXc"),
        ("abc\x1b[1GX\x1b[5GY", "Xbc Y"),
        ("abcdef\x1b[1G\x1b[2P", "cdef"),
        ("abc\x1b[1KX", "   X"),
        ("abc\x1b[2KX", "X"),
        ("\x1b[999999999999999999999Cx", "x"),
        ("\x1b[2J\x1b[H\x1b[1;80Hlogin", "login"),
        ("\u{e4}\x08o\u{20ac}", "o\u{20ac}"),
        ("stray \x1b]0;title\nnext\n", "stray \nnext\n"),
        ("cut \x1b[3\r\nnext", "cut \nnext"),
    ] {
        assert_eq!(shown(80, raw.as_bytes()), seen, "{raw:?}");
    }
    assert_eq!(shown(80, b"bad \xff\xc3(\xe2\x82x\xe2\x82\xac"), "bad \u{fffd}\u{fffd}(\u{fffd}x\u{20ac}");
}

#[test]
fn a_wide_line_stays_one_line_and_a_return_goes_to_its_last_row() {
    let wide = "x".repeat(25);
    assert_eq!(shown(10, format!("{wide}\r\n").as_bytes()), format!("{wide}\n"));
    // How shells wrap what is typed: a blank that is overwritten after a return.
    assert_eq!(shown(10, b"r1# show v \rersion\r\n"), "r1# show version\n");
    assert_eq!(shown(4, "\u{e4}\u{e4}\u{e4}\u{e4}bc\rd".as_bytes()), "\u{e4}\u{e4}\u{e4}\u{e4}dc");
}

fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        "[ -~]{0,12}".prop_map(String::into_bytes),
        "\\PC{0,3}".prop_map(String::into_bytes),
        prop::sample::select(vec!["\r\n", "\r", "\n", "\x08", "\x1b[", "\x1b]", "\x1b[3C", "\x1b[K", "\t", "\0", "\x1b[9P", "\x1b[2D"])
            .prop_map(|text| text.as_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 0..4),
    ];
    prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_bytes_in_any_pieces_show_the_same(bytes in pieces(), width in 1_usize..40, cuts in prop::collection::vec(0_usize..300, 0..9)) {
        let whole = shown(width, &bytes);
        let mut terminal = Terminal::new(width);
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
        cuts.sort_unstable();
        let mut from = 0;
        for cut in cuts.into_iter().chain([bytes.len()]) {
            terminal.feed(&bytes[from..cut]);
            from = cut;
        }
        prop_assert_eq!(terminal.take_done() + terminal.line(), whole);
    }

    #[test]
    fn colours_change_nothing(text in "[ -~\u{e4}\r\n]{0,60}", at in 0_usize..60, colour in "\u{1b}\\[[0-9;]{0,6}m") {
        let at = text.floor_char_boundary(at);
        let coloured = format!("{}{colour}{}", &text[..at], &text[at..]);
        prop_assert_eq!(shown(20, coloured.as_bytes()), shown(20, text.as_bytes()));
    }
}
