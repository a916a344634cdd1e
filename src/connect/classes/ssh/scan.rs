//! Asks a server for its host keys, all of them, and logs in nowhere.
//!
//! A server shows one key in each handshake, of a type that both sides know. So it is asked once as usual, and once more
//! for every other type.

use super::known_hosts;
use super::options::Settings;
use super::session::{Session, Stop, sentence};
use super::{dial, greeting_fault, internal, offer};
use crate::connect::class::{Endpoint, Limits};
use crate::record::fault::{Fault, FaultKind, Phase};
use ssh2::MethodType;
use std::path::PathBuf;

/// The types of keys that are asked for, each with the algorithms that show one, as libssh2 spells them.
const KINDS: [(&str, &str); 5] = [
    ("ssh-ed25519", "ssh-ed25519"),
    ("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256"),
    ("ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384"),
    ("ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521"),
    ("ssh-rsa", "rsa-sha2-512,rsa-sha2-256"),
];

/// What a server showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownKeys {
    /// The name under which known hosts files hold it: `host`, or `[host]:port`.
    pub name: String,
    /// The known hosts file that connections to it use; `None` where none is named and no home folder is known.
    pub known_hosts: Option<PathBuf>,
    /// Its keys, at most one of a type, in the form of the protocol.
    pub keys: Vec<Vec<u8>>,
}

/// Asks the server of an endpoint for its keys. Blocks until it has shown all of them. What it shows is not compared with
/// anything.
///
/// # Errors
/// It is not reached, does not speak ssh, or breaks off: then none of its keys is told.
pub fn scan_host_keys(endpoint: &Endpoint, limits: &Limits<'_>) -> Result<ShownKeys, Fault> {
    let settings = Settings::of(endpoint).map_err(|sentence| Fault::new(FaultKind::Invalid, sentence))?;
    let Some(host) = endpoint.host.as_deref() else {
        return Err(Fault::new(FaultKind::Invalid, "the connection has no `host`, which ssh needs"));
    };
    let server = Server { host, settings: &settings, limits };
    let mut keys = match server.show(None)? {
        Some(key) => vec![key],
        None => return Err(Fault::new(FaultKind::HostKey, "the server showed no host key")),
    };
    for (kind, algorithms) in KINDS {
        if !keys.iter().any(|key| known_hosts::kind(key) == Some(kind)) {
            let with_old = format!("{algorithms},{kind}");
            let asked = if settings.legacy && !algorithms.contains(kind) { with_old.as_str() } else { algorithms };
            keys.extend(server.show(Some(asked))?);
        }
    }
    Ok(ShownKeys { name: known_hosts::name(host, settings.port), known_hosts: settings.known_hosts.clone(), keys })
}

struct Server<'a> {
    host: &'a str,
    settings: &'a Settings,
    limits: &'a Limits<'a>,
}

impl Server<'_> {
    /// The key that it shows when it is asked for one that these algorithms show, or for any. `None` where it has none.
    fn show(&self, algorithms: Option<&str>) -> Result<Option<Vec<u8>>, Fault> {
        let tcp = dial::connect(self.host, self.settings.port, self.limits)?;
        let mut session = Session::new(tcp).map_err(|error| internal(&error.to_string()))?;
        offer(&session, &[], self.settings)?;
        if let Some(algorithms) = algorithms {
            let preferred = session.raw.method_pref(MethodType::HostKey, algorithms);
            preferred.map_err(|error| internal(&sentence(&error)))?;
        }
        match session.drive(self.limits, ssh2::Session::handshake) {
            Ok(()) => Ok(session.raw.host_key().map(|(key, _)| key.to_vec())),
            // It speaks ssh, as it has shown, and this time we found no algorithm in common.
            Err(Stop::Refused(_)) if algorithms.is_some() && !session.awaits_banner() => Ok(None),
            Err(stop) => Err(greeting_fault(&session, stop, self.settings, self.limits).in_phase(Phase::Creation)),
        }
    }
}
