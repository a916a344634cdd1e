//! Every YAML example does what its page says.

use crate::pages::{self, Block, Page};
use crate::stage::{Said, Stage};
use crate::wrap::Kind;
use std::path::Path;

/// A job that needs every device of a testbed.
const EVERY_DEVICE: &str = "job: example\ntestbed: testbed.yaml\ntests: [{name: example, devices: all, steps: [{execute: hello}]}]\n";

#[test]
fn every_example_does_what_its_page_says() {
    let mut problems = Vec::new();
    let mut tried = 0;
    for page in pages::all() {
        let blocks = page.blocks();
        tried += blocks.iter().filter(|block| block.is("yaml")).count();
        problems.extend(try_page(&page, &blocks));
    }
    assert!(problems.is_empty(), "{}", problems.join("\n\n"));
    assert!(tried > 35, "{tried} examples only: are the pages still read?");
}

fn try_page(page: &Page, blocks: &[Block]) -> Vec<String> {
    let stage = Stage::new(&pages::root().join("tests/docs/lab"));
    for block in blocks {
        if let Some(file) = block.file() {
            stage.write(file, &block.text);
        }
    }
    let mut problems = Vec::new();
    for (at, block) in blocks.iter().enumerate().filter(|(_, block)| block.is("yaml")) {
        let shown = blocks.get(at + 1).filter(|next| next.is("text")).map(|next| next.text.trim_end());
        if let Err(problem) = try_block(&stage, page, block, shown) {
            problems.push(format!("{}: {problem}", block.place));
        }
    }
    problems
}

fn try_block(stage: &Stage, page: &Page, block: &Block, shown: Option<&str>) -> Result<(), String> {
    let value: serde_yaml::Value = match serde_yaml::from_str(&block.text) {
        Ok(value) => value,
        Err(_) if block.has("error") => serde_yaml::from_str("job: not YAML").expect("YAML"),
        Err(error) => return Err(format!("this is not YAML: {error}")),
    };
    if block.has("gitlab") {
        return Ok(());
    }
    let kind = Kind::of(&value).ok_or("this is no kind of example that the tests know")?;
    if kind == Kind::Recording {
        return play(stage, block, &value);
    }
    let whole = kind.whole(&block.text);
    if kind.is_testbed() {
        stage.write("testbed.yaml", &with_login(&whole));
        stage.write("job.yaml", EVERY_DEVICE);
    } else {
        stage.write("job.yaml", &whole);
    }
    let is_whole = whole == block.text;
    let said = stage.runner(&["check", "job.yaml"]);
    let needed = || shown.ok_or_else(|| format!("a `text` block with what is printed is missing after this in {}", page.name));
    if block.has("error") || block.has("warning") {
        let wanted = if block.has("error") { 3 } else { 0 };
        expect_status(&said, wanted, &whole)?;
        return same_complaints(&said, needed()?, is_whole);
    }
    expect_status(&said, 0, &whole)?;
    if !said.stderr.is_empty() {
        return Err(format!("it is accepted with complaints:\n{}", said.stderr));
    }
    if block.has("run") {
        return expect_status(&stage.runner(&["run", "job.yaml"]), 0, &whole);
    }
    if block.has("fails") {
        let said = stage.runner(&["run", "job.yaml"]);
        if !matches!(said.status, Some(1 | 4)) {
            return Err(format!("it should not pass, but the status is {:?}:\n{}", said.status, said.stderr));
        }
        let needed = needed()?;
        let printed: Vec<&str> = said.stderr.lines().map(str::trim).collect();
        let missing: Vec<&str> = needed.lines().filter(|line| !printed.contains(&line.trim())).collect();
        return if missing.is_empty() { Ok(()) } else { Err(format!("`{}` is not printed:\n{}", missing.join("\n"), said.stderr)) };
    }
    Ok(())
}

/// A testbed with a user name for `ssh`, where it says nothing about logins for all devices.
fn with_login(testbed: &str) -> String {
    let says = |key: &str| testbed.lines().any(|line| line.starts_with(key));
    if says("testbed:") || says("extends:") {
        return testbed.to_owned();
    }
    format!("{testbed}testbed: {{credentials: {{default: {{username: admin}}}}}}\n")
}

fn expect_status(said: &Said, wanted: i32, whole: &str) -> Result<(), String> {
    if said.status == Some(wanted) {
        return Ok(());
    }
    Err(format!("the status is {:?}, not {wanted}:\n{}{}\n--- the file:\n{whole}", said.status, said.stdout, said.stderr))
}

/// Compares what was printed with what the page shows: all of it where it stands there with its places, else the
/// sentences and hints.
fn same_complaints(said: &Said, shown: &str, is_whole: bool) -> Result<(), String> {
    let printed = said.complaints();
    let sentences = |text: &str| {
        let is_sentence = |line: &&str| ["error: ", "warning: ", "hint: "].iter().any(|start| line.starts_with(start));
        text.lines().filter(is_sentence).map(str::to_owned).collect::<Vec<_>>()
    };
    let same = if shown.contains("-->") && is_whole { printed == shown } else { sentences(&printed) == sentences(shown) };
    if same { Ok(()) } else { Err(format!("the page shows:\n{shown}\n--- printed is:\n{printed}")) }
}

/// Plays a recording by asking its first call.
fn play(stage: &Stage, block: &Block, value: &serde_yaml::Value) -> Result<(), String> {
    let first = value.get("calls").and_then(|calls| calls.get(0)).and_then(|call| call.get("execute")).and_then(serde_yaml::Value::as_str);
    let first = first.ok_or("a recording should begin with a call of `execute`")?;
    stage.write("recording.yaml", &block.text);
    stage.write("testbed.yaml", "devices: {r1: {connections: {played: {protocol: replay, recording: recording.yaml}}}}\n");
    let whole = EVERY_DEVICE.replace("hello", first);
    stage.write("job.yaml", &whole);
    expect_status(&stage.runner(&["run", "job.yaml"]), 0, &whole)
}

#[test]
fn the_readme_shows_a_mistake_as_it_is_printed() {
    let page = Page::read("README.md");
    let blocks = page.blocks();
    let named = |key: &str| blocks.iter().find(|block| block.text.starts_with(key)).unwrap_or_else(|| panic!("no block begins with {key}"));
    let stage = Stage::new(&pages::root().join("tests/docs/lab"));
    stage.write("lab.yaml", &named("testbed:").text);
    let (right, wrong) = ("jsonpath:", "jsonpth:");
    let job = named("job: ").text.replace(right, wrong);
    assert!(job.contains(wrong), "the job of the README has `{right}`");
    stage.write("job.yaml", &job);
    let said = stage.runner(&["check", "job.yaml"]);
    assert_eq!(said.status, Some(3));
    assert_eq!(said.complaints(), named("error: ").text.trim_end());
}

#[test]
fn the_readme_shows_a_run_as_it_is_printed() {
    let page = Page::read("README.md");
    let blocks = page.blocks();
    let named = |key: &str| blocks.iter().find(|block| block.text.starts_with(key)).unwrap_or_else(|| panic!("no block begins with {key}"));
    let stage = Stage::new(&pages::root().join("tests/docs/lab"));
    // A process of this machine stands in for the host, and says what its disk might.
    let (reached, said) = ("{protocol: ssh, ip: 192.0.2.11}", "echo / 91%");
    assert!(named("testbed:").text.contains(reached) && named("job: ").text.contains("df -P /"));
    stage.write("lab.yaml", &named("testbed:").text.replace(reached, "{class: shell}"));
    stage.write("job.yaml", &named("job: ").text.replace("df -P /", said));
    let ran = stage.runner(&["run", "job.yaml"]);
    assert_eq!(ran.status, Some(1), "{}", ran.stderr);
    let changing = regex::Regex::new(r"run [0-9a-f]{12}|\d+\.\d\ds").expect("a pattern");
    let plain = |text: &str| changing.replace_all(text, "-").into_owned();
    let (printed, shown) = (plain(&ran.stderr.replace(said, "df -P /")), plain(&named("job health").text));
    assert!(printed.starts_with(&shown), "{printed}");
}

#[test]
fn a_kind_is_told_from_its_keys() {
    let cases = [
        ("job: x", Kind::Job),
        ("devices: {r1: {}}", Kind::Testbed),
        ("- execute: x", Kind::Steps),
        ("- {contains: x}", Kind::Assertions),
        ("- name: x\n  steps: []", Kind::Tests),
        ("retry: {within: 1s}", Kind::Step),
    ];
    for (text, kind) in cases {
        let value: serde_yaml::Value = serde_yaml::from_str(text).expect("YAML");
        assert_eq!(Kind::of(&value), Some(kind), "{text}");
    }
    assert!(Path::new(pages::root()).join("tests/docs/lab/lab.yaml").exists());
}
