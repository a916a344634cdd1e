//! Which algorithms are offered, and in which order.

use super::flags::Algorithms;
use crate::base::text;
use globset::Glob;
use ssh2::{MethodType, Session};

/// What a user wants of the algorithms.
pub(super) struct Wanted<'a> {
    /// Whether weak ones are offered too.
    pub(super) legacy: bool,
    /// Lists that name some.
    pub(super) lists: &'a Algorithms,
}

/// Why algorithms cannot be offered as a user wants them.
#[derive(Debug)]
pub(super) enum Unwilling {
    /// A list leaves none that is known here: the sentence names it.
    Named(String),
    /// libssh2 says why.
    Session(ssh2::Error),
}

impl From<ssh2::Error> for Unwilling {
    fn from(error: ssh2::Error) -> Self {
        Self::Session(error)
    }
}

/// Sets the order of algorithms. Types of host keys that are known for the host come first, so that the server shows one
/// that can be compared. Without `legacy`, weak algorithms are offered only where a list names them.
///
/// # Errors
/// A list names only algorithms that are not known here, or libssh2 refuses the order.
pub(super) fn prefer(session: &Session, known_kinds: &[String], wanted: &Wanted<'_>) -> Result<(), Unwilling> {
    let lists = wanted.lists;
    let methods = [
        (MethodType::Kex, "KexAlgorithms", &lists.kex),
        (MethodType::HostKey, "HostKeyAlgorithms", &lists.host_keys),
        (MethodType::CryptCs, "Ciphers", &lists.ciphers),
        (MethodType::CryptSc, "Ciphers", &lists.ciphers),
        (MethodType::MacCs, "MACs", &lists.macs),
        (MethodType::MacSc, "MACs", &lists.macs),
    ];
    for (method, option, list) in methods {
        let supported = session.supported_algs(method)?;
        let mut offered: Vec<&str> = supported.iter().copied().filter(|name| wanted.legacy || !is_weak(name)).collect();
        match method {
            MethodType::HostKey => offered.sort_by_key(|name| !known_kinds.iter().any(|kind| serves(name, kind))),
            // The sort is stable: apart from these rules the order stays libssh2's.
            _ => offered.sort_by_key(|name| !shows_lengths(name)),
        }
        if let Some(list) = list {
            offered = listed(list, &offered, &supported);
        }
        if offered.is_empty() {
            let list = text::one_line(list.as_deref().unwrap_or_default(), 80);
            return Err(Unwilling::Named(format!("`{option}={list}` in `ssh_options` leaves no algorithm that is known here")));
        }
        session.method_pref(method, &offered.join(","))?;
    }
    Ok(())
}

/// Applies a list in OpenSSH's form to the usual algorithms.
fn listed<'a>(list: &str, usual: &[&'a str], supported: &[&'a str]) -> Vec<&'a str> {
    let (how, names) = match list.chars().next() {
        Some(how @ ('+' | '-' | '^')) => (how, &list[1..]),
        _ => ('=', list),
    };
    let patterns: Vec<_> = names.split(',').filter_map(|name| Some(Glob::new(name.trim()).ok()?.compile_matcher())).collect();
    let others = || usual.iter().copied().filter(|name| !patterns.iter().any(|pattern| pattern.is_match(name)));
    let chosen: Vec<&str> = patterns.iter().flat_map(|pattern| supported.iter().copied().filter(|name| pattern.is_match(name))).collect();
    match how {
        '-' => others().collect(),
        '^' => chosen.into_iter().chain(others()).collect(),
        // What is usual already keeps its place.
        '+' => usual.iter().copied().chain(chosen.into_iter().filter(|name| !usual.contains(name))).collect(),
        _ => chosen,
    }
}

/// What OpenSSH no longer offers by itself, or never should have.
fn is_weak(name: &str) -> bool {
    let is_kex_with_sha1 = name.starts_with("diffie-hellman") && name.ends_with("-sha1");
    let is_old_key = matches!(name, "ssh-rsa" | "ssh-dss" | "ssh-rsa-cert-v01@openssh.com");
    let is_old_cipher = ["-cbc", "arcfour", "cbc@"].iter().any(|part| name.contains(part));
    let is_old_mac = name.contains("md5") || name.contains("-96") || name.contains("ripemd");
    is_kex_with_sha1 || is_old_key || is_old_cipher || is_old_mac || name == "none"
}

/// Whether a key of that type in a file can be compared to one that this algorithm shows.
fn serves(algorithm: &str, kind: &str) -> bool {
    algorithm == kind || (kind == "ssh-rsa" && matches!(algorithm, "rsa-sha2-256" | "rsa-sha2-512"))
}

/// Whether frames have their length in the clear, which `frames` makes use of.
fn shows_lengths(name: &str) -> bool {
    name.contains("-gcm@") || name.contains("-etm@")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_algorithms_are_told_from_good_ones() {
        for weak in ["diffie-hellman-group14-sha1", "ssh-rsa", "aes128-cbc", "3des-cbc", "arcfour128", "hmac-md5", "hmac-sha1-96"] {
            assert!(is_weak(weak), "{weak}");
        }
        for good in ["diffie-hellman-group14-sha256", "rsa-sha2-512", "aes256-ctr", "hmac-sha2-256-etm@openssh.com", "curve25519-sha256"] {
            assert!(!is_weak(good), "{good}");
        }
    }

    #[test]
    fn every_list_keeps_something_and_the_known_type_comes_first() {
        let session = Session::new().expect("a session");
        for legacy in [false, true] {
            let wanted = Wanted { legacy, lists: &Algorithms::default() };
            prefer(&session, &["ssh-rsa".to_owned()], &wanted).expect("accepted");
        }
        assert!(serves("rsa-sha2-512", "ssh-rsa") && !serves("ssh-ed25519", "ssh-rsa"));
    }

    #[test]
    fn a_list_adds_replaces_removes_and_goes_first() {
        let (usual, supported) = (["a", "b"], ["a", "b", "old", "older"]);
        for (list, offered) in [
            ("+old", vec!["a", "b", "old"]),
            ("+b,old,unknown", vec!["a", "b", "old"]),
            ("^b", vec!["b", "a"]),
            ("-a", vec!["b"]),
            ("-*", vec![]),
            ("older, a", vec!["older", "a"]),
            ("old*", vec!["old", "older"]),
            ("unknown", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(listed(list, &usual, &supported), offered, "{list}");
        }
    }

    #[test]
    fn a_list_that_leaves_nothing_is_named() {
        let session = Session::new().expect("a session");
        let lists = Algorithms { kex: Some("rot13".to_owned()), ..Algorithms::default() };
        match prefer(&session, &[], &Wanted { legacy: true, lists: &lists }) {
            Err(Unwilling::Named(said)) => {
                assert_eq!(said, "`KexAlgorithms=rot13` in `ssh_options` leaves no algorithm that is known here");
            }
            other => panic!("{other:?}"),
        }
    }
}
