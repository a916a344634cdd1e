//! What is said about a prompt that did not come: what was awaited, and what the last line may mean.

use crate::base::text;
use crate::connect::platform::Platform;
use crate::connect::screen::Screen;

/// The most of a command that a message shows, in characters.
const SHOWN: usize = 60;

/// What was waited for.
pub(super) struct Missing<'a> {
    when: When<'a>,
}

enum When<'a> {
    Greeting,
    Setup,
    After(&'a str),
}

impl<'a> Missing<'a> {
    /// The first prompt.
    pub(super) fn greeting() -> Self {
        Self { when: When::Greeting }
    }

    /// The prompt after the lines that set the terminal up.
    pub(super) fn setup() -> Self {
        Self { when: When::Setup }
    }

    /// The prompt after a command.
    pub(super) fn after(command: &'a str) -> Self {
        Self { when: When::After(command) }
    }

    /// What was done, beginning with a verb.
    pub(super) fn doing(&self, learned: Option<&str>, platform: &Platform) -> String {
        let prompt = match (learned, &self.when) {
            (Some(prompt), _) => format!("the prompt `{}`", text::one_line(prompt, SHOWN)),
            (None, When::Greeting) => format!("a prompt such as platform `{}` has", platform.name),
            (None, When::Setup | When::After(_)) => "the prompt".to_owned(),
        };
        match self.when {
            When::Greeting => format!("waiting for {prompt}"),
            When::Setup => format!("waiting for {prompt} after setting up the terminal"),
            When::After(command) => format!("waiting for {prompt} after `{}`", text::one_line(command, SHOWN)),
        }
    }

    /// What the last line may mean, and what to do about it.
    pub(super) fn hint(&self, screen: &Screen, platform: &Platform) -> Option<String> {
        let line = screen.last_line().trim();
        let lower = line.to_lowercase();
        let shown = text::one_line(line, SHOWN);
        let ends = |ends: &[&str]| ends.iter().any(|end| lower.ends_with(end));
        let asks_secret = ["password", "passphrase", "passcode"].iter().any(|word| lower.contains(word)) && ends(&[":", "?"]);
        if asks_secret {
            return Some(format!("`{shown}` asks for a secret, which is not answered here"));
        }
        if lower.contains("more") && (lower.starts_with(['-', '<', '(']) || ends(&["-", ">"])) {
            return Some(format!("`{shown}` looks like paged output: switch paging off on the device, or for this command"));
        }
        if ends(&["[confirm]", "?", "[y/n]", "(y/n)", "[yes/no]", "(yes/no)", "]:", "(y/n):", "[y/n]:", "[yes/no]:"]) {
            return Some(format!("`{shown}` looks like a question: use a form of the command that asks nothing"));
        }
        match self.when {
            When::After(_) if ends(&[">", "#", "$", "%"]) && screen.learned().is_none() => {
                Some(format!("`{shown}` may be the prompt of a program that the command has started"))
            }
            When::Greeting | When::After(_) if ends(&[">", "#", "$", "%"]) => {
                let patterns = text::names(platform.prompts().iter().map(String::as_str));
                Some(format!("`{shown}` may be a prompt: say `prompt: PATTERN` for it; awaited was {patterns}"))
            }
            When::Setup => Some("a login shell that is no Bourne shell does not take its prompt: `mode: exec` needs none".to_owned()),
            When::Greeting if screen.received() == 0 => Some("the server gave a shell that says nothing".to_owned()),
            When::After(_) if line.is_empty() => Some("the command may still run, or wait for input, which it is not given".to_owned()),
            When::Greeting | When::After(_) => None,
        }
    }
}
