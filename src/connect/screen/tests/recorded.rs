//! Recorded sessions of real shells and of the scripted router, played one byte at a time and in one gulp.
//!
//! The files hold what was sent and every byte that came, up to the silence after it, and what the answer is.

use crate::connect::platform::of_os;
use crate::connect::screen::{Screen, Sight};
use serde::Deserialize;
use std::path::{Path, PathBuf};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Session {
    platform: String,
    nonce: String,
    login: String,
    calls: Vec<Call>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Call {
    setup: Option<String>,
    command: Option<String>,
    heard: String,
    answer: Option<String>,
    exit_code: Option<i32>,
}

fn sessions() -> Vec<(PathBuf, Session)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sessions");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).expect("recordings").map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    let read = |file: PathBuf| {
        let text = std::fs::read_to_string(&file).expect("text");
        let session = serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        (file, session)
    };
    files.into_iter().map(read).collect()
}

/// Plays a session in pieces of this size.
fn play(file: &Path, session: &Session, size: usize) {
    let platform = of_os(if session.platform == "generic" { "any" } else { &session.platform }).expect("a platform");
    assert_eq!(platform.name, session.platform, "{}", file.display());
    let mut screen = Screen::new(platform, None);
    hear(&mut screen, &session.login, size);
    assert_eq!(screen.sight(), Sight::Perhaps(platform.quiet), "{}", file.display());
    screen.learn();
    for call in &session.calls {
        let at = format!("{}: {:?} in pieces of {size}", file.display(), call.command);
        let mut line = call.command.clone().unwrap_or_default();
        if let Some(setup) = &call.setup {
            assert!(platform.open.contains(setup), "{at}: the setup of the platform has changed, record the session again");
            let (sent, own) = platform.prepared(setup, &session.nonce).expect("a line");
            if let Some(own) = own {
                screen.own(own);
            }
            line = sent;
        }
        screen.begin(&line);
        let early = hear(&mut screen, &call.heard, size);
        if session.platform == "linux" {
            assert_eq!((screen.sight(), early), (Sight::Prompt, 0), "{at}");
        } else {
            assert!(matches!(screen.sight(), Sight::Perhaps(_)), "{at}: {:?}", screen.sight());
        }
        let reply = screen.finish();
        screen.learn();
        if let Some(answer) = &call.answer {
            assert_eq!((&reply.text, reply.exit_code), (answer, call.exit_code), "{at}");
        }
    }
}

/// Feeds what was heard; the value is how often it looked ended before it was.
fn hear(screen: &mut Screen, heard: &str, size: usize) -> usize {
    let pieces: Vec<&[u8]> = heard.as_bytes().chunks(size).collect();
    let (last, before) = pieces.split_last().expect("something was heard");
    let mut early = 0;
    for piece in before {
        screen.feed(piece);
        early += usize::from(screen.sight() == Sight::Prompt);
    }
    screen.feed(last);
    early
}

#[test]
fn recorded_sessions_give_the_same_answers_in_pieces_of_any_size() {
    let sessions = sessions();
    assert!(sessions.len() >= 5, "the recordings are found");
    for (file, session) in &sessions {
        assert!(session.calls.iter().filter(|call| call.answer.is_some()).count() >= 10, "{}", file.display());
        for size in [1, 2, 3, 7, 64, 1 << 20] {
            play(file, session, size);
        }
    }
}
