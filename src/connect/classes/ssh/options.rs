//! The options of the class, and pyATS's `ssh_options` read into them.

use crate::base::text;
use crate::connect::class::{Endpoint, Options};
use crate::model::platform::RunMode;
use std::path::PathBuf;

/// What is done with a host key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HostKeyPolicy {
    /// Only a key that stands in the file is accepted.
    Strict,
    /// The first key of an unknown host is accepted and written down; a changed one never is.
    #[default]
    AcceptNew,
    /// Any key is accepted, apart from a revoked one.
    Off,
}

impl HostKeyPolicy {
    /// Its names in `host_keys`.
    pub const NAMES: &'static [&'static str] = &["strict", "accept-new", "off"];

    fn named(name: &str) -> Option<Self> {
        match name {
            "strict" => Some(Self::Strict),
            "accept-new" => Some(Self::AcceptNew),
            "off" => Some(Self::Off),
            _ => None,
        }
    }
}

/// What `ssh_options` says, in the words of this class.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SshOptions {
    /// `-o StrictHostKeyChecking`.
    pub host_keys: Option<HostKeyPolicy>,
    /// `-o UserKnownHostsFile`, as written.
    pub known_hosts: Option<String>,
    /// `-p`, or `-o Port`.
    pub port: Option<u16>,
    /// `-i`, or `-o IdentityFile`, as written.
    pub key_file: Option<String>,
    /// Whether old algorithms are asked for by name, as in `-o KexAlgorithms=+diffie-hellman-group1-sha1`.
    pub legacy: bool,
}

/// Reads the flags of OpenSSH's `ssh` that this class understands: `-o NAME=VALUE`, `-p PORT`, `-i KEY`, with or
/// without a space, and quotes around values.
///
/// # Errors
/// A sentence that names what is not understood.
pub fn parse_ssh_options(flags: &str) -> Result<SshOptions, String> {
    let mut options = SshOptions::default();
    let mut words = split(flags)?.into_iter();
    while let Some(word) = words.next() {
        let Some(flag) = ["-o", "-p", "-i"].into_iter().find(|flag| word.starts_with(flag)) else {
            return Err(format!("`{word}` in `ssh_options` is not understood: only `-o NAME=VALUE`, `-p PORT` and `-i KEY` are"));
        };
        let value = match &word[flag.len()..] {
            "" => words.next().ok_or_else(|| format!("`{flag}` in `ssh_options` has no value"))?,
            rest => rest.to_owned(),
        };
        match flag {
            "-p" => options.port = Some(port(&value)?),
            "-i" => options.key_file = Some(value),
            _ => options.set(&value)?,
        }
    }
    Ok(options)
}

const UNDERSTOOD: &[&str] = &["StrictHostKeyChecking", "UserKnownHostsFile", "Port", "IdentityFile"];
const ALGORITHMS: &[&str] =
    &["HostKeyAlgorithms", "KexAlgorithms", "Ciphers", "MACs", "PubkeyAcceptedAlgorithms", "PubkeyAcceptedKeyTypes"];

impl SshOptions {
    fn set(&mut self, option: &str) -> Result<(), String> {
        let (name, value) = option
            .split_once(['=', ' '])
            .map(|(name, value)| (name.trim(), value.trim()))
            .filter(|(name, value)| !name.is_empty() && !value.is_empty())
            .ok_or_else(|| format!("`-o {option}` in `ssh_options` has no value: write `-o NAME=VALUE`"))?;
        match name.to_ascii_lowercase().as_str() {
            "stricthostkeychecking" => self.host_keys = Some(checking(value)?),
            "userknownhostsfile" => self.known_hosts = Some(value.to_owned()),
            "port" => self.port = Some(port(value)?),
            "identityfile" => self.key_file = Some(value.to_owned()),
            lower if ALGORITHMS.iter().any(|known| known.eq_ignore_ascii_case(lower)) => {
                if !value.starts_with('+') {
                    return Err(format!(
                        "`-o {option}` in `ssh_options` is not understood: only a list that adds to the usual ones, with `+`, is"
                    ));
                }
                self.legacy = true;
            }
            _ => {
                let near = text::nearest(name, UNDERSTOOD.iter().chain(ALGORITHMS).copied());
                let near = near.map(|near| format!(", did you mean `{near}`")).unwrap_or_default();
                return Err(format!("the option `{name}` in `ssh_options` is not understood{near}"));
            }
        }
        Ok(())
    }
}

fn port(value: &str) -> Result<u16, String> {
    match value.parse() {
        Ok(port) if port > 0 => Ok(port),
        _ => Err(format!("`{value}` in `ssh_options` is not a port: wanted a number from 1 to 65535")),
    }
}

fn checking(value: &str) -> Result<HostKeyPolicy, String> {
    match value.to_ascii_lowercase().as_str() {
        "yes" => Ok(HostKeyPolicy::Strict),
        "accept-new" => Ok(HostKeyPolicy::AcceptNew),
        "no" | "off" => Ok(HostKeyPolicy::Off),
        _ => Err(format!("`StrictHostKeyChecking={value}` in `ssh_options` is not understood: wanted `yes`, `no`, `accept-new` or `off`")),
    }
}

/// Splits at white space; single and double quotes hold a word together.
fn split(flags: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    for c in flags.chars() {
        match quote {
            Some(open) if c == open => quote = None,
            None if c == '"' || c == '\'' => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            None if c.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(c),
        }
    }
    if quote.is_some() {
        return Err("a quote in `ssh_options` is not closed".to_owned());
    }
    words.extend(word);
    Ok(words)
}

/// What a connection is opened with: the options of a path, with their defaults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) port: u16,
    pub(super) policy: HostKeyPolicy,
    /// Where keys stand; `None` when nothing is said and no home folder is known.
    pub(super) known_hosts: Option<PathBuf>,
    /// Whether the user named that file.
    pub(super) named_file: bool,
    pub(super) key_file: Option<PathBuf>,
    pub(super) legacy: bool,
    /// The largest answer, in bytes.
    pub(super) max_answer: usize,
    /// How commands are run; `None` leaves it to the platform.
    pub(super) mode: Option<RunMode>,
    /// The pattern of the prompt, where the platform's are not to be used.
    pub(super) prompt: Option<String>,
    /// Whether keys of an agent are tried; `None` where nothing is said.
    pub(super) agent: Option<bool>,
}

/// The largest answer where nothing is said: 256 MiB.
const MAX_ANSWER: usize = 256 * 1024 * 1024;

impl Settings {
    /// Reads the options of a path. An option of its own wins over the same in `ssh_options`.
    pub(super) fn of(endpoint: &Endpoint) -> Result<Self, String> {
        let options: &Options = &endpoint.options;
        let flags = options.text("ssh_options").map(parse_ssh_options).transpose()?.unwrap_or_default();
        let own = match options.text("host_keys") {
            None => None,
            Some(name) => Some(HostKeyPolicy::named(name).ok_or_else(|| {
                format!("`host_keys: {name}` is not understood: wanted {}", text::names(HostKeyPolicy::NAMES.iter().copied()))
            })?),
        };
        let port = match (endpoint.port, flags.port) {
            (Some(port), Some(other)) if port != other => {
                return Err(format!("the port is {port} and `ssh_options` says {other}: name it once"));
            }
            (port, other) => port.or(other).unwrap_or(22),
        };
        let named = options.text("known_hosts").map(str::to_owned).or(flags.known_hosts);
        let usual = endpoint.home.as_ref().map(|home| home.join(".ssh/known_hosts"));
        Ok(Self {
            port,
            policy: own.or(flags.host_keys).unwrap_or_default(),
            named_file: named.is_some(),
            known_hosts: named.map(|file| endpoint.resolve(&file)).or(usual),
            key_file: flags.key_file.map(|file| endpoint.resolve(&file)),
            legacy: options.switch("legacy").unwrap_or(flags.legacy),
            max_answer: options.count("max_answer").and_then(|count| usize::try_from(count).ok()).unwrap_or(MAX_ANSWER),
            mode: options.text("mode").and_then(|name| RunMode::WORDS.into_iter().find(|(word, _)| *word == name)).map(|(_, mode)| mode),
            prompt: options.text("prompt").map(str::to_owned),
            agent: options.switch("agent"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn the_flags_of_testbeds_are_understood() {
        let plain = SshOptions::default();
        for (flags, options) in [
            ("", plain.clone()),
            ("-o StrictHostKeyChecking=no", SshOptions { host_keys: Some(HostKeyPolicy::Off), ..plain.clone() }),
            ("-oStrictHostKeyChecking=yes", SshOptions { host_keys: Some(HostKeyPolicy::Strict), ..plain.clone() }),
            ("-o 'stricthostkeychecking accept-new'", SshOptions { host_keys: Some(HostKeyPolicy::AcceptNew), ..plain.clone() }),
            ("-o UserKnownHostsFile=/dev/null", SshOptions { known_hosts: Some("/dev/null".to_owned()), ..plain.clone() }),
            ("-p 2222 -i ~/.ssh/lab", SshOptions { port: Some(2222), key_file: Some("~/.ssh/lab".to_owned()), ..plain.clone() }),
            ("-oHostKeyAlgorithms=+ssh-rsa -p50225", SshOptions { port: Some(50225), legacy: true, ..plain.clone() }),
        ] {
            assert_eq!(parse_ssh_options(flags), Ok(options), "{flags}");
        }
    }

    #[test]
    fn what_is_not_understood_is_named() {
        let all: Vec<String> = [
            "-v",
            "host",
            "-o",
            "-o Foo",
            "-o UserKnownHostFile=x",
            "-o ProxyCommand=nc",
            "-p 0",
            "-p ssh",
            "-o StrictHostKeyChecking=ask",
            "-o Ciphers=aes128-cbc",
            "-i 'a",
        ]
        .into_iter()
        .map(|flags| format!("{flags}: {}", parse_ssh_options(flags).expect_err(flags)))
        .collect();
        expect![[r"
            -v: `-v` in `ssh_options` is not understood: only `-o NAME=VALUE`, `-p PORT` and `-i KEY` are
            host: `host` in `ssh_options` is not understood: only `-o NAME=VALUE`, `-p PORT` and `-i KEY` are
            -o: `-o` in `ssh_options` has no value
            -o Foo: `-o Foo` in `ssh_options` has no value: write `-o NAME=VALUE`
            -o UserKnownHostFile=x: the option `UserKnownHostFile` in `ssh_options` is not understood, did you mean `UserKnownHostsFile`
            -o ProxyCommand=nc: the option `ProxyCommand` in `ssh_options` is not understood
            -p 0: `0` in `ssh_options` is not a port: wanted a number from 1 to 65535
            -p ssh: `ssh` in `ssh_options` is not a port: wanted a number from 1 to 65535
            -o StrictHostKeyChecking=ask: `StrictHostKeyChecking=ask` in `ssh_options` is not understood: wanted `yes`, `no`, `accept-new` or `off`
            -o Ciphers=aes128-cbc: `-o Ciphers=aes128-cbc` in `ssh_options` is not understood: only a list that adds to the usual ones, with `+`, is
            -i 'a: a quote in `ssh_options` is not closed"]].assert_eq(&all.join("\n"));
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(flags in ".{0,80}") {
            let _ = parse_ssh_options(&flags);
        }
    }
}
