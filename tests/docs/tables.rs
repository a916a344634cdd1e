//! Tables and commands that stand in the documentation are those of the program.

use crate::pages::{self, Page};
use runner::connect::class::ClassSpec;
use runner::connect::registry::Registry;
use runner::record::verdict::ExitStatus;

#[test]
fn exit_statuses_are_those_of_the_program() {
    let table: Vec<Vec<String>> =
        ExitStatus::TABLE.iter().map(|(status, meaning)| vec![status.code().to_string(), (*meaning).to_owned()]).collect();
    assert_eq!(Page::read("README.md").table("## Exit status"), table);
    assert_eq!(Page::read("docs/job-language.md").table("## Exit status"), table);
}

#[test]
fn the_readme_has_the_two_commands() {
    let blocks = Page::read("README.md").blocks();
    let shell: Vec<&str> = blocks.iter().filter(|block| block.is("sh")).map(|block| block.text.trim()).collect();
    assert_eq!(shell[..2], ["cargo run -- run examples/quickstart/job.yaml --junit junit.xml", "tests/run"]);
    assert!(pages::root().join("tests/run").exists());
}

/// The part of `docs/testbed.md` that is made of the classes' own tables. `UPDATE_EXPECT=1` writes it anew.
#[test]
fn classes_and_their_options_are_those_of_the_program() {
    const FROM: &str = "<!-- classes: made by tests/docs/tables.rs -->\n";
    const TO: &str = "<!-- end of classes -->\n";
    let page = Page::read("docs/testbed.md");
    let (before, rest) = page.text.split_once(FROM).expect("the mark where the classes begin");
    let (written, after) = rest.split_once(TO).expect("the mark where the classes end");
    let made: String = Registry::standard().classes().map(|class| describe(class.spec())).collect();
    if updates() {
        std::fs::write(pages::root().join(&page.name), format!("{before}{FROM}{made}{TO}{after}")).expect("written");
        return;
    }
    assert_eq!(written, made, "docs/testbed.md: refresh it with UPDATE_EXPECT=1");
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
