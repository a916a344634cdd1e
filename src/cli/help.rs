//! What `--help` says beyond the flags: their groups, examples, exit statuses. References and manual pages are made of the
//! same definition.

use crate::cli::arguments::Arguments;
use crate::record::verdict::ExitStatus;
use clap::builder::Resettable;
use clap::{Arg, Command, CommandFactory};
use clap_mangen::roff::{Roff, bold, roman};

/// The width that references are made for.
const WIDTH: usize = 100;

/// Commands in the order in which people meet them.
const ORDER: [&str; 12] =
    ["init", "run", "check", "plan", "list", "report", "devices", "connect-check", "classes", "schema", "completions", "man"];

/// Flags by what they are about. One that is in no group stands under `Options`.
const GROUPS: [(&str, &[&str]); 5] = [
    ("Selection", &["testbed", "vars", "devices", "tests", "tags", "via"]),
    ("Execution", &["jobs", "timeout", "fail_fast"]),
    ("Questions", &["explain", "scan_keys", "known_hosts"]),
    ("Reports", &["junit", "events", "output"]),
    ("Display", &["quiet", "verbose", "json", "colour"]),
];

/// Lines that can be typed, and what they are good for.
const EXAMPLES: [(&str, &[(&str, &str)]); 12] = [
    (
        "runner",
        &[
            ("runner init lab", "a testbed and a job to begin with, in the folder `lab`"),
            ("runner check job.yaml", "finds mistakes, opens nothing"),
            ("runner run job.yaml --junit junit.xml", "runs a job, and leaves a report for Jenkins or GitLab"),
        ],
    ),
    ("init", &[("runner init", "here"), ("runner init lab && cd lab && runner run job.yaml", "in a folder of its own, and a first run")]),
    (
        "run",
        &[
            ("runner run job.yaml", "on every device that the job names"),
            ("runner run job.yaml --testbed staging.yaml --junit junit.xml", "on another testbed, with a report"),
            ("runner run job.yaml --device 'leaf*,r1' --test uplink", "a part of it"),
            ("runner run job.yaml --var min_prefixes=100 --verbose", "with another value, and every step shown"),
        ],
    ),
    (
        "check",
        &[
            ("runner check job.yaml", "every mistake in job and testbed, with its line"),
            ("runner check job.yaml --testbed staging.yaml", "whether the job fits another testbed"),
        ],
    ),
    (
        "plan",
        &[
            ("runner plan job.yaml", "every connection, test and step"),
            ("runner plan job.yaml --device r1", "what would be done with one device"),
        ],
    ),
    ("list", &[("runner list job.yaml", "a table of the tests"), ("runner list job.yaml --json", "the same for programs")]),
    (
        "report",
        &[
            ("runner report out", "what a run with `--output out` said at its end"),
            ("runner report run.jsonl --junit junit.xml", "the JUnit file of a run that was logged with `--events run.jsonl`"),
        ],
    ),
    (
        "devices",
        &[
            ("runner devices lab.yaml", "a table of devices and connections"),
            ("runner devices lab.yaml --explain r1", "why a connection to r1 is what it is"),
            ("runner devices lab.yaml --scan-keys --known-hosts known_hosts", "collects host keys, to be compared and committed"),
        ],
    ),
    (
        "connect-check",
        &[
            ("runner connect-check lab.yaml", "who can be reached, and why the others cannot"),
            ("runner connect-check lab.yaml --device 'leaf*' --via console --timeout 5s", "a part of them, by another path"),
            ("runner connect-check job.yaml --junit reach.xml", "the testbed of a job, with a report"),
        ],
    ),
    ("classes", &[("runner classes", "a table of them"), ("runner classes ssh", "services and options of one")]),
    (
        "schema",
        &[
            ("runner schema job > job.schema.json", "for the line `# yaml-language-server: $schema=job.schema.json`"),
            ("runner schema testbed > testbed.schema.json", "the same for testbeds"),
        ],
    ),
    (
        "completions",
        &[
            ("runner completions bash > ~/.local/share/bash-completion/completions/runner", "for bash"),
            ("runner completions zsh > ~/.zfunc/_runner", "for zsh, where `~/.zfunc` is in `fpath`"),
            ("runner completions fish > ~/.config/fish/completions/runner.fish", "for fish"),
        ],
    ),
];

/// What a command ends with where that is not the verdict of a run: statuses, and what they mean there.
const STATUSES: [(&str, &[(ExitStatus, &str)]); 9] = [
    (
        "init",
        &[
            (ExitStatus::Passed, "the files are written"),
            (ExitStatus::Usage, "the command line is wrong"),
            (ExitStatus::NotAccepted, "files of these names are there already, nothing was written"),
            (ExitStatus::ReportUnwritable, "a file could not be written"),
        ],
    ),
    ("check", &OF_FILES),
    ("plan", &OF_FILES),
    ("list", &OF_FILES),
    (
        "devices",
        &[
            (ExitStatus::Passed, "all is said; with `--scan-keys`, every server showed its keys and none has changed"),
            (ExitStatus::Failed, "`--scan-keys`: a key is not the one that the file of known hosts has"),
            (ExitStatus::Usage, "the command line is wrong"),
            (ExitStatus::NotAccepted, "the testbed was not accepted"),
            (ExitStatus::Errored, "`--scan-keys`: a server did not answer"),
            (ExitStatus::NothingSelected, "nothing was selected"),
            (ExitStatus::ReportUnwritable, "`--scan-keys`: the file of known hosts could not be written"),
        ],
    ),
    (
        "connect-check",
        &[
            (ExitStatus::Passed, "every device was reached"),
            (ExitStatus::Usage, "the command line is wrong"),
            (ExitStatus::NotAccepted, "the testbed was not accepted, nothing was opened"),
            (ExitStatus::Errored, "some devices were not reached"),
            (ExitStatus::NothingSelected, "nothing was selected"),
            (ExitStatus::ReportUnwritable, "a report could not be written"),
            (ExitStatus::Interrupted, "interrupted, reports are written"),
        ],
    ),
    ("classes", &OF_TEXTS),
    ("schema", &OF_TEXTS),
    ("completions", &OF_TEXTS),
];

/// What ends a command that reads a job and runs nothing.
const OF_FILES: [(ExitStatus, &str); 4] = [
    (ExitStatus::Passed, "job and testbed are accepted"),
    (ExitStatus::Usage, "the command line is wrong"),
    (ExitStatus::NotAccepted, "they are not accepted"),
    (ExitStatus::NothingSelected, "nothing was selected"),
];

/// What ends a command that prints something of the program itself.
const OF_TEXTS: [(ExitStatus, &str); 2] = [(ExitStatus::Passed, "it is printed"), (ExitStatus::Usage, "the command line is wrong")];

/// The statuses that a command can end with.
fn statuses(name: &str) -> &'static [(ExitStatus, &'static str)] {
    STATUSES.iter().find(|(known, _)| *known == name).map_or(&ExitStatus::TABLE, |(_, statuses)| statuses)
}

/// The definition of the command line, complete with groups, examples and exit statuses.
#[must_use]
pub fn command() -> Command {
    let command = Arguments::command().mut_subcommands(|sub| {
        let name = sub.get_name().to_owned();
        let order = ORDER.iter().position(|known| *known == name).unwrap_or(ORDER.len());
        sub.display_order(order).mut_args(grouped).after_long_help(after(&name)).after_help("`--help` says more, with examples")
    });
    command.after_long_help(after("runner")).after_help("`runner --help` and `runner COMMAND --help` say more, with examples")
}

fn grouped(arg: Arg) -> Arg {
    let id = arg.get_id().as_str();
    match GROUPS.iter().find(|(_, ids)| !arg.is_positional() && ids.contains(&id)) {
        Some((group, _)) => arg.help_heading(*group),
        None => arg,
    }
}

fn examples(name: &str) -> &'static [(&'static str, &'static str)] {
    EXAMPLES.iter().find(|(known, _)| *known == name).map_or(&[], |(_, examples)| examples)
}

/// Examples and exit statuses, as they stand beneath the flags.
fn after(name: &str) -> String {
    let mut text = String::new();
    let examples = examples(name);
    if !examples.is_empty() {
        text.push_str("Examples:\n");
        text.extend(examples.iter().map(|(line, purpose)| format!("  {line}\n      {purpose}\n")));
        text.push('\n');
    }
    let statuses: Vec<String> = statuses(name).iter().map(|(status, meaning)| format!("  {:>3}  {meaning}", status.code())).collect();
    text + "Exit status:\n" + &statuses.join("\n")
}

/// The help of `runner` and of each command that is shown: its name, and its text of at most 100 columns.
#[must_use]
pub fn reference() -> Vec<(String, String)> {
    let all = built(command());
    let text = |command: &Command| command.clone().term_width(WIDTH).render_long_help().to_string();
    let subs = all.get_subcommands().filter(|sub| !sub.is_hide_set() && sub.get_name() != "help");
    let mut subs: Vec<&Command> = subs.collect();
    subs.sort_by_key(|sub| ORDER.iter().position(|known| *known == sub.get_name()));
    let named = subs.into_iter().map(|sub| (format!("runner {}", sub.get_name()), text(sub)));
    std::iter::once(("runner".to_owned(), text(&all))).chain(named).collect()
}

/// The manual pages: their names, `runner` and `runner-run`, and their text for `man`.
#[must_use]
pub fn manual() -> Vec<(String, String)> {
    // The command `help` has no page, so no page names it.
    let all = built(command().disable_help_subcommand(true));
    let subs = all.get_subcommands().filter(|sub| !sub.is_hide_set());
    let named = subs.map(|sub| (format!("runner-{}", sub.get_name()), sub.clone()));
    std::iter::once(("runner".to_owned(), all.clone())).chain(named).map(|(name, command)| (name, page(command))).collect()
}

/// The definition with everything in it that clap adds itself, such as the whole names of commands.
fn built(mut command: Command) -> Command {
    command.build();
    command
}

fn page(command: Command) -> String {
    let name = command.get_name().to_owned();
    let command = command.after_long_help(Resettable::Reset).after_help(Resettable::Reset);
    let mut page = Vec::new();
    // A page is written to memory, which takes everything.
    let _ = clap_mangen::Man::new(command).source("runner").manual("runner").render(&mut page);
    let mut rest = Roff::new();
    rest.control("SH", ["EXAMPLES"]);
    for (line, purpose) in examples(&name) {
        rest.control("TP", []).text([bold(*line)]).text([roman(*purpose)]);
    }
    rest.control("SH", ["EXIT STATUS"]);
    for (status, meaning) in statuses(&name) {
        rest.control("TP", []).text([bold(status.code().to_string())]).text([roman(*meaning)]);
    }
    String::from_utf8_lossy(&page).into_owned() + &rest.to_roff()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_holds_together_and_every_command_has_examples() {
        command().debug_assert();
        for sub in command().get_subcommands().filter(|sub| !sub.is_hide_set()) {
            assert!(EXAMPLES.iter().any(|(name, examples)| *name == sub.get_name() && !examples.is_empty()), "{}", sub.get_name());
            assert!(ORDER.contains(&sub.get_name()), "{}", sub.get_name());
        }
    }

    #[test]
    fn every_help_ends_with_examples_and_the_exit_statuses() {
        for (name, help) in reference() {
            assert!(help.contains("\nExamples:\n  runner "), "{name}:\n{help}");
            let command = name.strip_prefix("runner ").unwrap_or(&name);
            let (_, last) = statuses(command).last().expect("one");
            assert!(help.contains("\nExit status:\n    0  ") && help.trim_end().ends_with(last), "{name}:\n{help}");
        }
    }
}
