use super::*;
use crate::base::secret::Secret;
use crate::report::samples::head;
use std::sync::atomic::{AtomicI64, Ordering};

/// The files of `devices` in a folder that lives as long as the first value.
fn transcripts(devices: &[&str]) -> (tempfile::TempDir, Arc<Transcripts>) {
    let folder = tempfile::tempdir().expect("a folder");
    let redactor = Arc::new(Redactor::new(&[Secret::new("hunter2")], &[]));
    let ticks = AtomicI64::new(1_795_161_600_000);
    let clock: Clock =
        Box::new(move || Timestamp::from_millisecond(ticks.fetch_add(5, Ordering::Relaxed)).expect("a time of this century"));
    let made = Transcripts::create(folder.path(), devices.iter().copied(), &head(Vec::new()), redactor, clock).expect("files");
    (folder, Arc::new(made))
}

fn line(device: &str, worker: Option<u32>) -> Line {
    Line { device: device.to_owned(), alias: "default".to_owned(), worker }
}

fn text(folder: &tempfile::TempDir, device: &str) -> String {
    let whole = std::fs::read_to_string(folder.path().join(file_name(device))).expect("a transcript");
    whole.split_inclusive('\n').skip(2).collect()
}

#[test]
fn records_of_several_workers_stand_line_by_line_and_unfinished_lines_go_on() {
    let (folder, mut all) = transcripts(&["r1"]);
    let (first, second) = (line("r1", Some(1)), line("r1", Some(2)));
    all.hear(&first, Heard::Note("opening via mgmt (class ssh)"));
    all.hear(&first, Heard::Sent(b"show version\n"));
    all.hear(&first, Heard::Received(b"Cisco IO"));
    all.hear(&first, Heard::Received(b"S XE\r\nVersion 1"));
    all.hear(&second, Heard::Received(b"two\n"));
    all.hear(&first, Heard::Received(b"7.3\r\nr1#"));
    all.hear(&first, Heard::ReceivedErr(b"oh\x07\n"));
    all.hear(&first, Heard::Note("answered"));
    all.hear(&first, Heard::Received(b"late"));
    all.finish(&Ledger::default()).expect("written");
    expect_test::expect![[r#"
        2026-11-20T08:00:00.000Z default#1 = opening via mgmt (class ssh)
        2026-11-20T08:00:00.005Z default#1 > show version
        2026-11-20T08:00:00.010Z default#1 < Cisco IOS XE
        2026-11-20T08:00:00.015Z default#1 < Version 1
        2026-11-20T08:00:00.020Z default#2 < two
        2026-11-20T08:00:00.025Z default#1 <+7.3
         default#1 < r1#
        2026-11-20T08:00:00.030Z default#1 ! oh\x07
        2026-11-20T08:00:00.035Z default#1 = answered
        2026-11-20T08:00:00.040Z default#1 < late
    "#]]
    .assert_eq(&text(&folder, "r1"));
    let head = std::fs::read_to_string(folder.path().join("r1.log")).expect("a transcript");
    assert!(head.starts_with("# transcript of device r1, job smoke, run 8f2c, begun 2026-11-20T08:00:00Z\n# time (UTC) unless "), "{head}");
}

#[test]
fn a_secret_that_comes_in_pieces_is_masked_while_it_is_written() {
    let (folder, all) = transcripts(&["r1"]);
    let line = line("r1", None);
    for piece in ["pass hun", "t", "er2 and hunt"] {
        all.hear(&line, Heard::Received(piece.as_bytes()));
    }
    assert!(text(&folder, "r1").ends_with("default < pass ******** and "), "{}", text(&folder, "r1"));
    all.hear(&line, Heard::Received(b"ing"));
    all.hear(&line, Heard::Note("no answer: said hunter2"));
    assert!(text(&folder, "r1").contains("and hunting\n"));
    assert!(text(&folder, "r1").ends_with("default = no answer: said ********\n"));
}

#[test]
fn nothing_that_a_device_says_looks_like_ours() {
    let (folder, all) = transcripts(&["r1"]);
    let forged = "\n2026-11-20T08:00:00.000Z default = open\r\x1b[2K# transcript of device r9\n";
    all.hear(&line("r1", None), Heard::Received(forged.as_bytes()));
    all.hear(&Line { alias: "a b\n= open".to_owned(), ..line("r1", None) }, Heard::Note("one\ntwo"));
    let lines = text(&folder, "r1");
    assert!(lines.lines().all(|line| line.starts_with("2026-11-20T08:00:00.0") || line.starts_with(' ')), "{lines}");
    let shown = |line: &str| line.trim_start_matches(|c: char| c != ' ').starts_with(" default < ");
    assert_eq!(lines.lines().filter(|line| shown(line)).count(), 3, "{lines}");
    assert!(lines.ends_with("\n a_b_=_open = two\n"), "{lines}");
}

#[test]
fn every_device_has_a_file_of_its_own_name() {
    let long = ["x".repeat(300), "x".repeat(299) + "y", "ä/".repeat(100)];
    let devices = ["r1", "R1", "r/1", "r%2F1", "..", ".", "", " ", "ä", "r1.log", "a.b", ".hidden", "~", &long[0], &long[1], &long[2]];
    let names: Vec<String> = devices.iter().map(|device| file_name(device)).collect();
    let different: std::collections::HashSet<&String> = names.iter().collect();
    assert_eq!(different.len(), devices.len(), "{names:?}");
    assert!(names.iter().all(|name| name.len() <= 255 && !name.starts_with('.') && !name.contains('/')), "{names:?}");
    let (folder, _all) = transcripts(&devices);
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), devices.len());
}

#[test]
fn what_cannot_be_written_is_told_once_and_disturbs_nobody() {
    let (folder, mut all) = transcripts(&["r1", "r2"]);
    std::fs::remove_file(folder.path().join("r1.log")).expect("a file");
    std::fs::create_dir(folder.path().join("r1.log")).expect("a folder");
    for device in ["r1", "r2", "r3"] {
        all.hear(&line(device, None), Heard::Note("open"));
        all.hear(&line(device, None), Heard::Note("closed"));
    }
    let error = all.finish(&Ledger::default()).expect_err("one of them").to_string();
    assert!(error.contains("r1.log` cannot be written: "), "{error}");
    assert_eq!(text(&folder, "r2").lines().count(), 2);
    let again = Transcripts::create(folder.path(), ["r1"], &head(Vec::new()), Arc::default(), Box::new(|| Timestamp::UNIX_EPOCH));
    assert!(again.expect_err("a folder stands there").to_string().ends_with("it is not a regular file"));
}

#[test]
fn a_link_is_replaced_and_what_it_names_is_left_alone() {
    let (folder, _all) = transcripts(&[]);
    std::fs::write(folder.path().join("precious"), "mine").expect("a file");
    std::os::unix::fs::symlink(folder.path().join("precious"), folder.path().join("r1.log")).expect("a link");
    Transcripts::create(folder.path(), ["r1"], &head(Vec::new()), Arc::default(), Box::new(|| Timestamp::UNIX_EPOCH)).expect("files");
    assert_eq!(std::fs::read_to_string(folder.path().join("precious")).expect("a file"), "mine");
}
