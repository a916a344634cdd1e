//! Imports point down: each floor of `src` uses only floors below it, and each room only rooms before it on its floor.

#![expect(clippy::expect_used, reason = "a test whose stage cannot be set has failed")]

use std::fs;
use std::path::{Path, PathBuf};

/// The floors, the lowest first. Those of one entry stand side by side and do not know each other.
const FLOORS: [&[&str]; 8] = [&["base"], &["model"], &["record"], &["load"], &["eval"], &["connect"], &["engine", "report"], &["cli"]];

/// Rooms that touch no file, socket, clock, thread or environment.
const PURE: [&str; 7] =
    ["src/base", "src/model", "src/record", "src/eval", "src/connect/platform", "src/connect/screen", "src/engine/schedule"];

/// What a pure room does not mention outside of its tests.
const IMPURE: [&str; 12] = [
    "std::fs",
    "std::net",
    "std::env",
    "std::thread",
    "std::process",
    "std::io",
    "SystemTime",
    "Instant::now",
    "rayon",
    "ssh2",
    "rustix",
    "crossbeam",
];

#[test]
fn imports_point_down() {
    let mut breaks = Vec::new();
    for (file, text) in sources() {
        let Some(own) = floor_of_file(&file) else { continue };
        for (number, line) in product_lines(&text) {
            for other in mentioned_floors(line) {
                let (theirs, ours) = (level(other), level(&own));
                let allowed = other == own || theirs < ours;
                if !allowed {
                    breaks.push(format!("{}:{number}: `{own}` uses `{other}`: {}", file.display(), line.trim()));
                }
            }
        }
    }
    assert!(breaks.is_empty(), "imports that do not point down:\n{}", breaks.join("\n"));
}

#[test]
fn pure_rooms_stay_pure() {
    let mut breaks = Vec::new();
    for (file, text) in sources() {
        if !PURE.iter().any(|room| file.starts_with(room)) || is_test(&file) {
            continue;
        }
        for (number, line) in product_lines(&text) {
            for word in IMPURE.iter().filter(|word| line.contains(**word)) {
                breaks.push(format!("{}:{number}: `{word}` in a pure room: {}", file.display(), line.trim()));
            }
        }
    }
    assert!(breaks.is_empty(), "pure rooms that are not:\n{}", breaks.join("\n"));
}

#[test]
fn every_room_is_on_a_floor() {
    let known: Vec<&str> = FLOORS.iter().flat_map(|floor| floor.iter().copied()).collect();
    for entry in fs::read_dir(root().join("src")).expect("src") {
        let name = entry.expect("an entry").file_name().into_string().expect("UTF-8");
        let room = name.trim_end_matches(".rs");
        assert!(known.contains(&room) || ["lib", "main"].contains(&room), "`src/{name}` is on no floor");
    }
}

#[test]
fn files_stay_small_enough_to_read() {
    let long: Vec<String> = sources()
        .into_iter()
        .filter(|(_, text)| text.lines().count() > 400)
        .map(|(file, text)| format!("{} has {} lines", file.display(), text.lines().count()))
        .collect();
    assert!(long.is_empty(), "files that ask to be two:\n{}", long.join("\n"));
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every source file, relative to the repository, with its text.
fn sources() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    collect(&root().join("src"), &mut found);
    assert!(found.len() > 30, "the sources were found");
    found.sort();
    found
        .into_iter()
        .map(|file| (file.strip_prefix(root()).expect("inside").to_path_buf(), fs::read_to_string(&file).expect("UTF-8")))
        .collect()
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// A room that is compiled for tests only.
fn is_test(file: &Path) -> bool {
    file.components().any(|part| ["tests", "tests.rs"].iter().any(|name| part.as_os_str() == *name))
}

/// The lines before the file's tests, counted from 1, without comments.
fn product_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let tests = text.lines().position(|line| line.trim_start().starts_with("#[cfg(test)]")).unwrap_or(usize::MAX);
    text.lines()
        .enumerate()
        .take_while(move |(index, _)| *index < tests)
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .map(|(index, line)| (index + 1, line))
}

fn floor_of_file(file: &Path) -> Option<String> {
    let room = file.components().nth(1)?.as_os_str().to_str()?.trim_end_matches(".rs").to_owned();
    FLOORS.iter().any(|floor| floor.contains(&room.as_str())).then_some(room)
}

fn level(floor: &str) -> usize {
    FLOORS.iter().position(|names| names.contains(&floor)).expect("a known floor")
}

fn mentioned_floors(line: &str) -> Vec<&'static str> {
    let after_crate = line.match_indices("crate::").map(|(at, word)| &line[at + word.len()..]);
    after_crate
        .filter_map(|rest| {
            FLOORS
                .iter()
                .flat_map(|floor| floor.iter().copied())
                .find(|floor| rest.strip_prefix(floor).is_some_and(|after| !after.starts_with(|c: char| c.is_alphanumeric() || c == '_')))
        })
        .collect()
}
