//! A command line that is wrong: what was probably meant.

use crate::base::text;
use crate::cli::help;
use clap::Error;
use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use std::path::Path;

/// Adds the nearest command to an error about an unknown one; a file where a command should stand is one to be run.
pub(super) fn explained(mut error: Error) -> Error {
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand).cloned() else { return error };
    if error.kind() != ErrorKind::InvalidSubcommand {
        return error;
    }
    // Clap's measure of nearness misses short words with two letters swapped.
    let commands = help::command();
    let shown = commands.get_subcommands().filter(|sub| !sub.is_hide_set()).map(clap::Command::get_name);
    if is_file(&word) {
        error.remove(ContextKind::SuggestedSubcommand);
        let tip = format!("a job is run by `runner run {}`", text::visible(&word));
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![StyledStr::from(tip)]));
    } else if let Some(near) = text::nearest(&word, shown) {
        error.insert(ContextKind::SuggestedSubcommand, ContextValue::Strings(vec![near.to_owned()]));
    }
    error
}

/// Whether a word looks like a YAML file, or is the name of some file.
fn is_file(word: &str) -> bool {
    let path = Path::new(word);
    path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml") || path.is_file()
}
