//! Proves who we are, with what one credential holds.

use super::agent::{self, Agency, Outcome};
use super::session::{Session, Stop, sentence};
use crate::base::secret::Secret;
use crate::base::text;
use crate::connect::class::{Limits, Login};
use crate::record::fault::{Fault, FaultKind, Phase};
use ssh2::{ErrorCode, KeyboardInteractivePrompt, Prompt};
use std::panic::AssertUnwindSafe;
use std::path::Path;
use zeroize::Zeroizing;

/// The longest user name, in bytes. libssh2 computes with the length unchecked.
const LONGEST_NAME: usize = 255;
/// The largest key file, in bytes.
const LARGEST_KEY: u64 = 1024 * 1024;
/// What libssh2 answers where the password must be changed first.
const EXPIRED: i32 = -15;

/// What was tried with one credential, for the message.
pub(super) struct Refusal {
    pub(super) fault: Fault,
    /// Whether the server is still willing to listen.
    pub(super) goes_on: bool,
}

/// Tries what a credential holds: its key, the keys of the agent where one is given, then its password.
///
/// # Errors
/// A refusal that names what was tried and what the server offers, never a secret.
pub(super) fn authenticate(session: &mut Session, login: &Login, agent: Option<&Path>, limits: &Limits<'_>) -> Result<(), Refusal> {
    let user = username(login).map_err(Refusal::last)?;
    let doing = format!("authenticating as `{user}`");
    let offered = offered(session, user, limits, &doing)?;
    if session.raw.authenticated() {
        return Ok(());
    }
    let mut tried: Vec<String> = Vec::new();
    for method in methods(login, agent, &offered) {
        let mut questions = Vec::new();
        let outcome = match &method {
            Method::Key(file) => key(session, user, file, login, limits).map_err(Refusal::last)?,
            Method::Password(password) => session.drive(limits, |raw| raw.userauth_password(user, password.reveal())),
            Method::Interactive(password) => interactive(session, user, password, limits, &mut questions),
            Method::Agent(socket) => match agent::authenticate(session, user, socket, limits) {
                Ok(Outcome::Accepted) => Ok(()),
                Ok(Outcome::Refused(count)) => {
                    tried.push(format!("{} of the agent", text::count(count, "key")));
                    continue;
                }
                Ok(Outcome::NoKeys(why)) => {
                    tried.push(format!("{} ({why})", method.shown()));
                    continue;
                }
                Err(Agency::Stop(stop)) => Err(stop),
                Err(Agency::Fault(fault)) => return Err(Refusal::last(fault)),
            },
        };
        match outcome {
            Ok(()) => return Ok(()),
            Err(Stop::Refused(error)) if questions.is_empty() => tried.push(method.refused(&error)),
            Err(Stop::Refused(_)) => {
                let asked = text::names(questions.iter().map(String::as_str));
                tried.push(format!("{} (it also asked {asked}, which was not answered)", method.shown()));
            }
            Err(Stop::Lost(how)) => {
                tried.push(format!("{} ({how})", method.shown()));
                return Err(Refusal { goes_on: false, ..refusal(user, &tried, &offered) });
            }
            Err(stop) => return Err(Refusal::last(stop.while_opening(&doing, limits))),
        }
    }
    Err(refusal(user, &tried, &offered))
}

impl Refusal {
    fn last(fault: Fault) -> Self {
        Self { fault, goes_on: false }
    }
}

/// The login name of a credential.
///
/// # Errors
/// It has none, or one that no server can have.
pub(super) fn username(login: &Login) -> Result<&str, Fault> {
    let name = login
        .username
        .as_deref()
        .filter(|name| !name.is_empty())
        .ok_or_else(|| Fault::new(FaultKind::Invalid, format!("the credential `{}` has no `username`, which ssh needs", login.name)))?;
    if name.len() > LONGEST_NAME || name.contains('\0') {
        let what = format!(
            "the `username` of the credential `{}` has {} bytes: at most 255 and none of value 0 are allowed",
            login.name,
            name.len()
        );
        return Err(Fault::new(FaultKind::Invalid, what));
    }
    Ok(name)
}

enum Method<'a> {
    Key(&'a Path),
    Agent(&'a Path),
    Password(&'a Secret),
    Interactive(&'a Secret),
}

impl Method<'_> {
    fn shown(&self) -> String {
        match self {
            Self::Key(file) => format!("the key `{}`", file.display()),
            Self::Agent(_) => "the keys of the agent".to_owned(),
            Self::Password(_) => "a password".to_owned(),
            Self::Interactive(_) => "a password asked for by `keyboard-interactive`".to_owned(),
        }
    }

    fn refused(&self, error: &ssh2::Error) -> String {
        match (self, error.code()) {
            (Self::Password(_), ErrorCode::Session(EXPIRED)) => "a password (which has expired and must be changed)".to_owned(),
            // -18 and -19 are plain refusals; libssh2's words for them add nothing.
            (_, ErrorCode::Session(-18 | -19)) => self.shown(),
            _ => format!("{} ({})", self.shown(), sentence(error)),
        }
    }
}

fn methods<'a>(login: &'a Login, agent: Option<&'a Path>, offered: &[String]) -> Vec<Method<'a>> {
    let offers = |name: &str| offered.is_empty() || offered.iter().any(|method| method == name);
    let mut methods = Vec::new();
    if let Some(file) = &login.key_file
        && offers("publickey")
    {
        methods.push(Method::Key(file));
    }
    if let Some(socket) = agent
        && offers("publickey")
    {
        methods.push(Method::Agent(socket));
    }
    if let Some(password) = &login.password {
        if offers("password") {
            methods.push(Method::Password(password));
        } else if offers("keyboard-interactive") {
            methods.push(Method::Interactive(password));
        }
    }
    methods
}

fn refusal(user: &str, tried: &[String], offered: &[String]) -> Refusal {
    let tried = if tried.is_empty() { "nothing that it accepts was at hand".to_owned() } else { format!("tried {}", tried.join(" and ")) };
    let offers = match offered {
        [] => "it does not say what it offers".to_owned(),
        _ => format!("it offers {}", text::names(offered.iter().map(String::as_str))),
    };
    let fault = Fault::new(FaultKind::Auth, format!("the server refused the login of `{user}`: {tried}, {offers}"));
    Refusal { fault, goes_on: true }
}

/// Asks which methods the server offers; empty where it does not say.
fn offered(session: &mut Session, user: &str, limits: &Limits<'_>, doing: &str) -> Result<Vec<String>, Refusal> {
    let listed = session.drive(limits, |raw| {
        // A list that is not UTF-8 makes the library panic.
        let asked = std::panic::catch_unwind(AssertUnwindSafe(|| raw.auth_methods(user).map(str::to_owned)));
        asked.unwrap_or_else(|_| Ok(String::new()))
    });
    match listed {
        Ok(list) => Ok(list.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect()),
        Err(Stop::Refused(_)) => Ok(Vec::new()),
        Err(stop) => Err(Refusal::last(stop.while_opening(doing, limits))),
    }
}

/// Tries a private key. A file that cannot be read is a fault of its own; a passphrase that does not fit is a refusal.
fn key(session: &mut Session, user: &str, file: &Path, login: &Login, limits: &Limits<'_>) -> Result<Result<(), Stop>, Fault> {
    let missing = |reason: String| Fault::new(FaultKind::Missing, format!("the key file `{}` {reason}", file.display()));
    let size = std::fs::metadata(file).map_err(|error| missing(format!("cannot be read: {error}")))?.len();
    if size > LARGEST_KEY {
        return Err(missing(format!("has {size} bytes, which is no key")));
    }
    let text = std::fs::read_to_string(file).map(Zeroizing::new).map_err(|error| missing(format!("cannot be read: {error}")))?;
    let passphrase = login.passphrase.as_ref().map(Secret::reveal);
    Ok(session.drive(limits, |raw| raw.userauth_pubkey_memory(user, None, &text, passphrase)))
}

/// Answers the server's questions; those that were not answered are kept in `questions`.
fn interactive(session: &mut Session, user: &str, password: &Secret, limits: &Limits<'_>, questions: &mut Vec<String>) -> Result<(), Stop> {
    let mut answers = Answers { password, given: false, questions };
    session.drive(limits, |raw| raw.userauth_keyboard_interactive(user, &mut answers))
}

/// The most questions that a message names.
const MOST_QUESTIONS: usize = 3;

/// Answers what asks for the password, once, and nothing else: a dialog that wants a new password must not be given the old
/// one, and what is shown while it is typed is no password.
struct Answers<'a> {
    password: &'a Secret,
    given: bool,
    questions: &'a mut Vec<String>,
}

impl KeyboardInteractivePrompt for Answers<'_> {
    fn prompt(&mut self, _username: &str, instructions: &str, prompts: &[Prompt<'_>]) -> Vec<String> {
        // One question about a change makes all of them parts of a dialog that changes the password.
        let changes = wants_change(instructions) || prompts.iter().any(|prompt| is_about_change(&prompt.text));
        let mut answer = |prompt: &Prompt<'_>| {
            if !changes && !prompt.echo && !self.given && asks_for_password(&prompt.text) {
                self.given = true;
                return self.password.reveal().to_owned();
            }
            let is_repeated = self.given && !changes && asks_for_password(&prompt.text);
            if !is_repeated && self.questions.len() < MOST_QUESTIONS {
                self.questions.push(text::one_line(&text::visible(&prompt.text), 60));
            }
            String::new()
        };
        prompts.iter().map(&mut answer).collect()
    }
}

fn asks_for_password(question: &str) -> bool {
    question.to_lowercase().contains("password") && !is_about_change(question)
}

/// Whether a question belongs to a dialog that changes a password.
fn is_about_change(question: &str) -> bool {
    has_word(question, &["new", "old", "current", "retype", "again", "change", "confirm", "expired"])
}

/// Whether the text above the questions says that the password must be changed.
fn wants_change(instructions: &str) -> bool {
    has_word(instructions, &["change", "changed", "expired", "changing"])
}

fn has_word(text: &str, words: &[&str]) -> bool {
    text.to_lowercase().split(|c: char| !c.is_alphanumeric()).any(|word| words.contains(&word))
}

/// The phase that a fault of this room belongs to where its kind does not say so.
pub(super) fn in_creation(fault: Fault) -> Fault {
    if fault.kind == FaultKind::Timeout { fault.in_phase(Phase::Creation) } else { fault }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::borrow::Cow;

    #[test]
    fn only_a_question_for_the_password_is_answered_and_only_once() {
        let password = Secret::new("s3cret");
        for (instructions, questions, answers, kept) in [
            ("", vec![("Password: ", false)], vec!["s3cret"], vec![]),
            ("", vec![("admin@leaf1's password:", false)], vec!["s3cret"], vec![]),
            ("", vec![("Password: ", true)], vec![""], vec!["Password:"]),
            ("", vec![("New password: ", false)], vec![""], vec!["New password:"]),
            ("", vec![("(current) UNIX password: ", false)], vec![""], vec!["(current) UNIX password:"]),
            ("", vec![("One-time code: ", false)], vec![""], vec!["One-time code:"]),
            ("", vec![("Password: ", false), ("Token: ", false)], vec!["s3cret", ""], vec!["Token:"]),
            ("", vec![("Username: ", true), ("Password: ", false)], vec!["", "s3cret"], vec!["Username:"]),
            ("", vec![("Password: ", false), ("Password: ", false)], vec!["s3cret", ""], vec![]),
            ("", vec![("Password: ", false), ("New password: ", false)], vec!["", ""], vec!["Password:", "New password:"]),
            ("Your password has expired.", vec![("Password: ", false)], vec![""], vec!["Password:"]),
            ("You are about to log in to leaf1", vec![("Password: ", false)], vec!["s3cret"], vec![]),
            ("", vec![], vec![], vec![]),
        ] {
            let prompts: Vec<_> = questions.iter().map(|(text, echo)| Prompt { text: Cow::Borrowed(*text), echo: *echo }).collect();
            let mut unanswered = Vec::new();
            let mut dialog = Answers { password: &password, given: false, questions: &mut unanswered };
            assert_eq!(dialog.prompt("", instructions, &prompts), answers, "{questions:?}");
            assert_eq!(unanswered, kept, "{questions:?}");
        }
        let again = [Prompt { text: Cow::Borrowed("Password: "), echo: false }];
        let mut unanswered = Vec::new();
        let mut dialog = Answers { password: &password, given: true, questions: &mut unanswered };
        assert_eq!(dialog.prompt("", "", &again), [""], "a refused password is not repeated");
    }

    #[test]
    fn a_login_without_a_usable_name_is_invalid() {
        let login = |name: Option<String>| Login { name: "default".to_owned(), username: name, ..Login::default() };
        for name in [None, Some(String::new()), Some("a".repeat(256)), Some("a\0b".to_owned())] {
            assert_eq!(username(&login(name.clone())).expect_err("no name").kind, FaultKind::Invalid, "{name:?}");
        }
        assert_eq!(username(&login(Some("admin".to_owned()))).expect("a name"), "admin");
    }
}
