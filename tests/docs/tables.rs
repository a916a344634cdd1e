//! Tables and commands that stand in the documentation are those of the program.

use crate::pages::{self, Page};
use runner::connect::class::ClassSpec;
use runner::connect::platform::{self, Platform};
use runner::connect::registry::Registry;
use runner::model::platform::{RunMode, Verified};
use runner::record::verdict::ExitStatus;

#[test]
fn exit_statuses_are_those_of_the_program() {
    let table: Vec<Vec<String>> =
        ExitStatus::TABLE.iter().map(|(status, meaning)| vec![status.code().to_string(), (*meaning).to_owned()]).collect();
    assert_eq!(Page::read("README.md").table("## Exit status"), table);
    assert_eq!(Page::read("docs/job-language.md").table("## Exit status"), table);
    assert_eq!(Page::read("docs/reports.md").table("## Exit status"), table);
}

#[test]
fn the_readme_has_the_two_commands() {
    let blocks = Page::read("README.md").blocks();
    let shell: Vec<&str> = blocks.iter().filter(|block| block.is("sh")).map(|block| block.text.trim()).collect();
    assert_eq!(shell[..2], ["cargo run -- run examples/quickstart/job.yaml --junit junit.xml", "tests/run"]);
    assert!(pages::root().join("tests/run").exists());
}

/// The parts of `docs/testbed.md` that are made of the program's own tables. `UPDATE_EXPECT=1` writes them anew.
#[test]
fn classes_and_platforms_and_their_options_are_those_of_the_program() {
    let classes: String = Registry::standard().classes().map(|class| describe(class.spec())).collect();
    let rows = platform::built_in().expect("platforms").iter().map(describe_platform);
    let head = "\n| platform | values of `os` | commands run in | verified against |\n|---|---|---|---|\n".to_owned();
    let platforms = rows.fold(head, |table, row| table + &row) + "\n";
    for (name, made) in [("classes", classes), ("platforms", platforms)] {
        compare(name, &made);
    }
}

/// Compares what stands between two marks of `docs/testbed.md`.
fn compare(name: &str, made: &str) {
    let (from, to) = (format!("<!-- {name}: made by tests/docs/tables.rs -->\n"), format!("<!-- end of {name} -->\n"));
    let page = Page::read("docs/testbed.md");
    let (before, rest) = page.text.split_once(&from).expect("the mark where they begin");
    let (written, after) = rest.split_once(&to).expect("the mark where they end");
    if updates() {
        std::fs::write(pages::root().join(&page.name), format!("{before}{from}{made}{to}{after}")).expect("written");
        return;
    }
    assert_eq!(written, made, "docs/testbed.md: refresh it with UPDATE_EXPECT=1");
}

fn describe_platform(platform: &Platform) -> String {
    let verified = match platform.verified {
        Verified::System => "real systems",
        Verified::Simulator => "a simulator",
        Verified::Documentation => "documentation only",
    };
    let os: Vec<String> = platform.os.iter().map(|os| format!("`{os}`")).collect();
    let os = if os.is_empty() { "any other".to_owned() } else { os.join(", ") };
    let run = match platform.run {
        RunMode::Exec => "channels of their own (`exec`)",
        RunMode::Shell => "a session (`shell`)",
    };
    format!("| `{}`: {} | {os} | {run} | {verified}: {} |\n", platform.name, platform.summary, platform.verified_with)
}

#[expect(clippy::disallowed_methods, reason = "tests are told by the environment to write what they expect")]
fn updates() -> bool {
    std::env::var_os("UPDATE_EXPECT").is_some()
}

fn describe(spec: &ClassSpec) -> String {
    let code = |words: &[&str]| words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    let mut text = format!("\n### Class `{}`\n\n{}.\n\n", spec.name, capital(spec.summary));
    text.push_str(&format!("- protocols: {}\n", code(spec.protocols)));
    text.push_str(&format!("- needs: {}\n", if spec.requires.is_empty() { "nothing".to_owned() } else { code(spec.requires) }));
    for service in spec.services {
        let good = service.default_check.sentence();
        text.push_str(&format!("- service `{}`: {}; a good answer is {good}\n", service.name, service.summary));
    }
    text.push_str("\n| option | takes | |\n|---|---|---|\n");
    for option in spec.options {
        text.push_str(&format!("| `{}` | {} | {} |\n", option.name, option.kind.takes(), option.summary));
    }
    text.push('\n');
    text
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
