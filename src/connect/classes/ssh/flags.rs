//! The flags of OpenSSH's `ssh`, which pyATS testbeds hold in `ssh_options` and after `protocol: ssh`.
//!
//! What changes where a connection goes and is not honoured is an error; what makes little difference is told apart, so
//! that it can be warned of.

use super::options::HostKeyPolicy;
use crate::base::text;
use std::time::Duration;

/// What the flags say, in the words of this class.
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
    /// `-l`, or `-o User`.
    pub user: Option<String>,
    /// `-o ConnectTimeout`.
    pub connect_timeout: Option<Duration>,
    /// The lists of algorithms.
    pub algorithms: Algorithms,
    /// Flags and options that OpenSSH knows and this class does without.
    pub unheeded: Vec<String>,
}

/// Lists of algorithms as OpenSSH writes them: `a,b` in place of the usual ones, `+a` behind them, `^a` before them, `-a`
/// without these.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Algorithms {
    /// `-o KexAlgorithms`.
    pub kex: Option<String>,
    /// `-o HostKeyAlgorithms`.
    pub host_keys: Option<String>,
    /// `-c`, or `-o Ciphers`.
    pub ciphers: Option<String>,
    /// `-m`, or `-o MACs`.
    pub macs: Option<String>,
}

/// Flags that take a value and are honoured.
const HONOURED: [char; 6] = ['o', 'p', 'i', 'l', 'c', 'm'];

/// Flags that take a value and would lead somewhere else.
const REFUSED: [(char, &str); 5] =
    [('J', "a jump host"), ('F', "a configuration file"), ('b', "an own address"), ('B', "an own interface"), ('W', "a tunnel")];

/// Flags that take a value, and those without, that make no difference to commands and their answers.
const UNHEEDED_WITH_VALUE: &str = "eEILODRSQw";
const UNHEEDED: &str = "46AaCfGgKkMNnqsTtVvXxYy";

/// Options that are honoured.
const OPTIONS: [&str; 13] = [
    "StrictHostKeyChecking",
    "UserKnownHostsFile",
    "Port",
    "IdentityFile",
    "User",
    "ConnectTimeout",
    "HostKeyAlgorithms",
    "KexAlgorithms",
    "Ciphers",
    "MACs",
    // Keys are always offered with the best signature that the server takes.
    "PubkeyAcceptedAlgorithms",
    "PubkeyAcceptedKeyTypes",
    "HostbasedAcceptedAlgorithms",
];

/// Options that would lead somewhere else, or run something.
const REFUSED_OPTIONS: [&str; 11] = [
    "BindAddress",
    "BindInterface",
    "HostKeyAlias",
    "HostName",
    "Include",
    "KnownHostsCommand",
    "LocalCommand",
    "Match",
    "ProxyCommand",
    "ProxyJump",
    "RemoteCommand",
];

/// Options that make no difference to commands and their answers.
const UNHEEDED_OPTIONS: [&str; 46] = [
    "AddKeysToAgent",
    "AddressFamily",
    "BatchMode",
    "CASignatureAlgorithms",
    "ChallengeResponseAuthentication",
    "CheckHostIP",
    "ClearAllForwardings",
    "Compression",
    "ConnectionAttempts",
    "ControlMaster",
    "ControlPath",
    "ControlPersist",
    "EscapeChar",
    "ExitOnForwardFailure",
    "FingerprintHash",
    "ForwardAgent",
    "ForwardX11",
    "ForwardX11Trusted",
    "GlobalKnownHostsFile",
    "GSSAPIAuthentication",
    "GSSAPIDelegateCredentials",
    "HashKnownHosts",
    "HostbasedAuthentication",
    "IdentitiesOnly",
    "IdentityAgent",
    "IPQoS",
    "KbdInteractiveAuthentication",
    "LogLevel",
    "NumberOfPasswordPrompts",
    "PasswordAuthentication",
    "PermitLocalCommand",
    "PreferredAuthentications",
    "Protocol",
    "PubkeyAuthentication",
    "RekeyLimit",
    "RequestTTY",
    "RequiredRSASize",
    "RSAAuthentication",
    "SendEnv",
    "ServerAliveCountMax",
    "ServerAliveInterval",
    "SetEnv",
    "TCPKeepAlive",
    "UpdateHostKeys",
    "VerifyHostKeyDNS",
    "VisualHostKey",
];

/// Reads the flags of OpenSSH's `ssh`, with or without a space before a value, and quotes around values.
///
/// # Errors
/// A sentence that names what is not understood or not honoured.
pub fn parse_ssh_options(flags: &str) -> Result<SshOptions, String> {
    let mut options = SshOptions::default();
    let mut words = split(flags)?.into_iter();
    while let Some(word) = words.next() {
        let Some(letters) = word.strip_prefix('-').filter(|letters| !letters.is_empty()) else {
            return Err(format!("`{word}` in `ssh_options` is not understood: only flags are, such as `-o NAME=VALUE`"));
        };
        // Flags without a value may stand together, and before one with a value: `-4tp 22`.
        for (at, letter) in letters.char_indices() {
            if UNHEEDED.contains(letter) {
                options.unheeded.push(format!("-{letter}"));
                continue;
            }
            let value = match &letters[at + letter.len_utf8()..] {
                "" => words.next(),
                rest => Some(rest.to_owned()),
            };
            options.flag(letter, value)?;
            break;
        }
    }
    Ok(options)
}

impl SshOptions {
    /// Takes a flag that has a value.
    fn flag(&mut self, letter: char, value: Option<String>) -> Result<(), String> {
        if let Some((_, what)) = REFUSED.iter().find(|(refused, _)| *refused == letter) {
            return Err(format!("`-{letter}`, {what}, in `ssh_options` is not supported by this version"));
        }
        if !HONOURED.contains(&letter) && !UNHEEDED_WITH_VALUE.contains(letter) {
            return Err(format!("`-{letter}` in `ssh_options` is not a flag of OpenSSH's `ssh`"));
        }
        let value = value.ok_or_else(|| format!("`-{letter}` in `ssh_options` has no value"))?;
        match letter {
            'o' => self.set(&value)?,
            'p' => self.port = Some(port(&value)?),
            'i' => self.key_file = Some(value),
            'l' => self.user = Some(value),
            'c' => self.algorithms.ciphers = Some(value),
            'm' => self.algorithms.macs = Some(value),
            _ => self.unheeded.push(format!("-{letter} {value}")),
        }
        Ok(())
    }

    fn set(&mut self, option: &str) -> Result<(), String> {
        let (name, value) = option
            .split_once(['=', ' '])
            .map(|(name, value)| (name.trim(), value.trim()))
            .filter(|(name, value)| !name.is_empty() && !value.is_empty())
            .ok_or_else(|| format!("`-o {option}` in `ssh_options` has no value: write `-o NAME=VALUE`"))?;
        let is_in = |names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
        if is_in(&REFUSED_OPTIONS) {
            return Err(format!("the option `{name}` in `ssh_options` is not supported by this version"));
        }
        if is_in(&UNHEEDED_OPTIONS) {
            self.unheeded.push(format!("-o {name}={value}"));
            return Ok(());
        }
        match name.to_ascii_lowercase().as_str() {
            "stricthostkeychecking" => self.host_keys = Some(checking(value)?),
            "userknownhostsfile" => self.known_hosts = Some(value.to_owned()),
            "port" => self.port = Some(port(value)?),
            "identityfile" => self.key_file = Some(value.to_owned()),
            "user" => self.user = Some(value.to_owned()),
            "connecttimeout" => self.connect_timeout = seconds(value)?,
            "hostkeyalgorithms" => self.algorithms.host_keys = Some(value.to_owned()),
            "kexalgorithms" => self.algorithms.kex = Some(value.to_owned()),
            "ciphers" => self.algorithms.ciphers = Some(value.to_owned()),
            "macs" => self.algorithms.macs = Some(value.to_owned()),
            _ if is_in(&OPTIONS) => {}
            _ => {
                let near = text::nearest(name, OPTIONS.into_iter().chain(UNHEEDED_OPTIONS));
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

/// The longest `ConnectTimeout`: a day.
const LONGEST: u64 = 24 * 60 * 60;

/// Whole seconds; `none` and 0 are no limit of their own.
fn seconds(value: &str) -> Result<Option<Duration>, String> {
    match value.parse::<u64>() {
        Ok(0) => Ok(None),
        Ok(seconds) if seconds <= LONGEST => Ok(Some(Duration::from_secs(seconds))),
        _ if value.eq_ignore_ascii_case("none") => Ok(None),
        _ => Err(format!("`ConnectTimeout={value}` in `ssh_options` is not understood: wanted a number of seconds")),
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

#[cfg(test)]
#[path = "flags/tests.rs"]
mod tests;
