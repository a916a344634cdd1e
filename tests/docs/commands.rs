//! What the documentation says of the command line: `docs/cli.md` and `docs/man` are made of its definition, and every command
//! line that stands on a page is one that the program takes.

use crate::pages::{self, Block, Page};
use crate::stage::Stage;
use clap::error::ErrorKind;
use runner::cli;
use std::path::{Path, PathBuf};

/// The beginning of `docs/cli.md`.
const HEAD: &str = "# The command line

What `runner --help` and `runner COMMAND --help` print. This page and the manual pages in [man](man/) are made of the program.
Data goes to standard output, everything else to standard error.
";

#[expect(clippy::disallowed_methods, reason = "tests are told by the environment to write what they expect")]
fn updates() -> bool {
    std::env::var_os("UPDATE_EXPECT").is_some()
}

/// Compares a file with what it should hold, or writes it.
fn same(name: &str, made: &str) {
    let file = pages::root().join(name);
    if updates() {
        std::fs::write(&file, made).expect("written");
        return;
    }
    let written = std::fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(written, made, "{name}: refresh it with UPDATE_EXPECT=1");
}

#[test]
fn the_reference_is_what_help_prints() {
    let sections: Vec<String> = cli::reference()
        .into_iter()
        .map(|(name, help)| {
            let lines: Vec<&str> = help.trim_end().lines().map(str::trim_end).collect();
            format!("\n## {name}\n\n```text\n{}\n```\n", lines.join("\n"))
        })
        .collect();
    same("docs/cli.md", &format!("{HEAD}{}", sections.concat()));
}

#[test]
fn the_reference_is_made_of_what_the_program_prints() {
    let stage = Stage::new(&pages::root().join("tests/docs/lab"));
    for (name, help) in cli::reference() {
        let arguments: Vec<&str> = name.split(' ').skip(1).chain(["--help"]).collect();
        let said = stage.runner(&arguments);
        assert_eq!((said.status, said.stdout.trim_end()), (Some(0), help.trim_end()), "{name}");
    }
}

#[test]
fn the_manual_pages_are_those_of_the_program() {
    let pages = cli::manual();
    for (name, page) in &pages {
        same(&format!("docs/man/{name}.1"), page);
    }
    let listed = std::fs::read_dir(pages::root().join("docs/man")).expect("docs/man");
    let known: Vec<PathBuf> = pages.iter().map(|(name, _)| PathBuf::from(format!("{name}.1"))).collect();
    for entry in listed {
        let file = PathBuf::from(entry.expect("an entry").file_name());
        assert!(known.contains(&file), "docs/man/{} is the page of no command", file.display());
    }
}

#[test]
fn every_command_line_on_a_page_is_one_that_the_program_takes() {
    let mut problems = Vec::new();
    let mut tried = 0;
    for page in pages::all() {
        for block in page.blocks() {
            for line in lines(&block) {
                tried += 1;
                problems.extend(refused(&line, false).map(|why| format!("{}: {line}\n{why}", block.place)));
            }
        }
        for line in page.prose().join("\n").split('`').skip(1).step_by(2).filter(|code| code.starts_with("runner ")) {
            tried += 1;
            problems.extend(refused(line, true).map(|why| format!("{}: {line}\n{why}", page.name)));
        }
    }
    for (name, help) in cli::reference() {
        for line in help.lines().filter_map(|line| line.strip_prefix("  runner ")) {
            tried += 1;
            problems.extend(refused(&format!("runner {line}"), false).map(|why| format!("help of {name}: {line}\n{why}")));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n\n"));
    assert!(tried > 60, "{tried} command lines only: are the pages still read?");
}

#[test]
fn a_command_line_that_the_program_does_not_take_is_found() {
    for (line, is_fine) in [
        ("cd x && LAB=1 ./runner run job.yaml --junit 'a b.xml' > log 2>&1  # why", true),
        ("cargo run -- run job.yaml", true),
        ("tests/run", true),
        ("echo runner run --no-such-flag", true),
        ("runner run job.yaml --no-such-flag", false),
        ("cd x; runner fly", false),
        ("LAB=1 runner check", false),
    ] {
        assert_eq!(refused(line, false).is_none(), is_fine, "{line}");
    }
    assert_eq!(refused("runner run", true), None, "prose may leave the rest to the reader");
    assert!(refused("runner run --no-such-flag", true).is_some());
}

/// The shell's lines of a block: of shell scripts, of GitLab's `script` lists, of Jenkins' `sh` steps.
fn lines(block: &Block) -> Vec<String> {
    let all = || block.text.lines().map(str::trim);
    if block.is("sh") {
        return all().map(str::to_owned).collect();
    }
    if block.is("yaml") && block.has("gitlab") {
        let value: serde_yaml::Value = serde_yaml::from_str(&block.text).expect("YAML");
        let jobs = value.as_mapping().expect("a mapping").values();
        let scripts = jobs.filter_map(|job| job.get("script")?.as_sequence().cloned());
        return scripts.flatten().filter_map(|line| line.as_str().map(str::to_owned)).collect();
    }
    if block.is("groovy") {
        let of_step = |line: &str| line.strip_prefix("sh '").and_then(|rest| rest.strip_suffix('\'')).map(str::to_owned);
        return all().filter_map(|line| if line.starts_with("runner ") { Some(line.to_owned()) } else { of_step(line) }).collect();
    }
    Vec::new()
}

/// Why the program would not take the commands of a line that are meant for it. `partial` ones may leave something out.
fn refused(line: &str, partial: bool) -> Option<String> {
    commands(line).into_iter().find_map(|words| {
        let error = cli::command().try_get_matches_from(words).err()?;
        let is_fine = match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => true,
            ErrorKind::MissingRequiredArgument | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => partial,
            // `runner COMMAND --help`
            ErrorKind::InvalidSubcommand => partial && error.to_string().contains("'COMMAND'"),
            _ => false,
        };
        (!is_fine).then(|| error.to_string())
    })
}

/// The commands of a shell's line that call the program, without what comes before and where their output goes.
fn commands(line: &str) -> Vec<Vec<String>> {
    let mut all = vec![Vec::new()];
    for word in words(line) {
        if ["&&", "||", "|", ";"].contains(&word.as_str()) {
            all.push(Vec::new());
        } else {
            all.last_mut().expect("one").push(word);
        }
    }
    let ours = all.into_iter().filter_map(|mut words| {
        let is_setting =
            |word: &String| word.split_once('=').is_some_and(|(name, _)| name.chars().all(|c| c.is_ascii_uppercase() || c == '_'));
        let begin = words.iter().position(|word| !is_setting(word))?;
        let by_cargo = words[begin..].starts_with(&["cargo", "run", "--"].map(str::to_owned));
        let begin = if by_cargo { begin + 2 } else { begin };
        let is_ours = by_cargo || Path::new(&words[begin]).file_name().is_some_and(|name| name == "runner");
        let redirected = words.iter().position(|word| word.starts_with('>') || word.starts_with("2>")).unwrap_or(words.len());
        words.truncate(redirected);
        is_ours.then(|| words.split_off(begin))
    });
    ours.collect()
}

/// The words of a line as a shell would part them, up to a comment.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    for c in line.chars() {
        match quote {
            Some(open) if c == open => quote = None,
            None if c == '\'' || c == '"' => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            None if c == '#' && word.is_none() => break,
            None if c == ';' => {
                words.extend(word.take());
                words.push(";".to_owned());
            }
            None if c.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// A page that is made of the program has no hand-made twin.
#[test]
fn every_command_that_is_shown_has_a_section() {
    let page = Page::read("docs/cli.md");
    for sub in cli::command().get_subcommands().filter(|sub| !sub.is_hide_set()) {
        assert!(page.anchors().contains(&format!("runner-{}", sub.get_name())), "{}", sub.get_name());
    }
}
