//! The options of the class, with what `flags` reads of pyATS's `ssh_options`.

use super::flags::{Algorithms, parse_ssh_options};
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
    /// The login name of credentials that have none.
    pub(super) user: Option<String>,
    pub(super) legacy: bool,
    pub(super) algorithms: Algorithms,
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
            user: flags.user,
            legacy: options.switch("legacy").unwrap_or(false),
            algorithms: flags.algorithms,
            max_answer: options.count("max_answer").and_then(|count| usize::try_from(count).ok()).unwrap_or(MAX_ANSWER),
            mode: options.text("mode").and_then(|name| RunMode::WORDS.into_iter().find(|(word, _)| *word == name)).map(|(_, mode)| mode),
            prompt: options.text("prompt").map(str::to_owned),
            agent: options.switch("agent"),
        })
    }
}
