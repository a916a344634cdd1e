//! Known hosts files: which keys they hold for a host, and how a key is added.
//!
//! The format is that of OpenSSH (its manual page sshd(8)): names, `[name]:port`, patterns with `*`, `?`
//! and `!`, hashed names, `@revoked`. Lines with `@cert-authority` are passed over: libssh2 does not check certificates.

use super::fingerprint;
use ssh2::{CheckResult, KnownHostFileKind};
use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

/// A line that holds a key for the host in question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// The line's number, from 1.
    pub(super) line: usize,
    /// Whether the key must never be accepted.
    pub(super) revoked: bool,
    /// The key's type, such as `ssh-ed25519`.
    pub(super) kind: String,
    /// The key.
    pub(super) key: Vec<u8>,
}

/// The name under which a host's keys stand: `[host]:port` unless the port is 22.
pub(super) fn name(host: &str, port: u16) -> String {
    let host = host.to_lowercase();
    if port == 22 { host } else { format!("[{host}]:{port}") }
}

/// The text of a file; empty when there is none.
///
/// # Errors
/// The file exists and cannot be read.
pub(super) fn read(file: &Path) -> io::Result<String> {
    match std::fs::read(file) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(error),
    }
}

/// The lines of `text` that hold a key for `name`. The session only lends its hash function.
pub(super) fn entries(text: &str, name: &str, session: &ssh2::Session) -> Vec<Entry> {
    text.lines().zip(1..).filter_map(|(line, number)| entry(line, number, name, session)).collect()
}

fn entry(line: &str, number: usize, name: &str, session: &ssh2::Session) -> Option<Entry> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let (marker, rest) = match line.split_once([' ', '\t']) {
        Some((marker, rest)) if marker.starts_with('@') => (Some(marker), rest),
        _ => (None, line),
    };
    let revoked = match marker {
        None => false,
        Some("@revoked") => true,
        Some(_) => return None,
    };
    let mut words = rest.split_whitespace();
    let (hosts, kind, key) = (words.next()?, words.next()?, words.next()?);
    let named = if hosts.starts_with("|1|") { is_hash_of(hosts, name, session) } else { is_listed(hosts, name) };
    named.then_some(())?;
    Some(Entry { line: number, revoked, kind: kind.to_owned(), key: fingerprint::unbase64(key)? })
}

/// A key that is nobody's; libssh2 wants one of a plausible length.
const SOME_KEY: &str = "AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Whether a hashed name is that of `name`. The key says nothing here: only the name is compared.
fn is_hash_of(hosts: &str, name: &str, session: &ssh2::Session) -> bool {
    let line = format!("{hosts} ssh-ed25519 {SOME_KEY}\n");
    let Ok(mut known) = session.known_hosts() else {
        return false;
    };
    let read = known.read_str(&line, KnownHostFileKind::OpenSSH).is_ok();
    read && matches!(known.check(name, b"?"), CheckResult::Match | CheckResult::Mismatch)
}

/// Whether a list of patterns names it: one must match, and none that begins with `!`.
fn is_listed(hosts: &str, name: &str) -> bool {
    let mut listed = false;
    for pattern in hosts.split(',') {
        match pattern.strip_prefix('!') {
            Some(excluded) if matches_pattern(&excluded.to_lowercase(), name) => return false,
            Some(_) => {}
            None => listed |= matches_pattern(&pattern.to_lowercase(), name),
        }
    }
    listed
}

/// `*` stands for any characters, `?` for one. Cost is at most the product of the lengths.
fn matches_pattern(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match (pattern.get(p), star) {
            (Some(b'*'), _) => {
                star = Some((p, n));
                p += 1;
            }
            (Some(byte), _) if *byte == b'?' || *byte == name[n] => (p, n) = (p + 1, n + 1),
            (_, Some((at, from))) => {
                star = Some((at, from + 1));
                (p, n) = (at + 1, from + 1);
            }
            _ => return false,
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

/// The line for a key.
pub(super) fn line(name: &str, kind: &str, key: &[u8]) -> String {
    format!("{name} {kind} {}", fingerprint::base64(key))
}

/// Adds a line to a file in one write, so that no reader and no other writer sees half of it. Makes the file, for its
/// owner only, and its folder where they are missing.
///
/// # Errors
/// The file cannot be made or written.
pub(super) fn append(file: &Path, line: &str) -> io::Result<()> {
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let ends_open = read(file)?.ends_with(|last| last != '\n');
    let text = format!("{}{line}\n", if ends_open { "\n" } else { "" });
    let written = OpenOptions::new().append(true).create(true).mode(0o600).open(file)?.write(text.as_bytes())?;
    if written == text.len() { Ok(()) } else { Err(ErrorKind::WriteZero.into()) }
}

/// The type of a public key, which is its first field (RFC 4253, section 6.6).
pub(super) fn kind(key: &[u8]) -> Option<&str> {
    let length = usize::try_from(u32::from_be_bytes(*key.first_chunk::<4>()?)).ok()?;
    std::str::from_utf8(key.get(4..)?.get(..length)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn lines_for(text: &str, name: &str) -> Vec<(usize, bool)> {
        let session = ssh2::Session::new().expect("a session");
        entries(text, name, &session).into_iter().map(|entry| (entry.line, entry.revoked)).collect()
    }

    #[test]
    fn names_ports_patterns_hashes_and_markers_are_understood() {
        // The hashed name is `leaf1`.
        let text = "# comment\n\
            leaf1,10.0.0.1 ssh-ed25519 AAAA\n\
            [leaf1]:2222 ssh-rsa AAAA comment\n\
            *.lab,!bad.lab ssh-ed25519 AAAA\n\
            @revoked leaf2 ssh-ed25519 AAAA\n\
            @cert-authority * ssh-ed25519 AAAA\n\
            |1|MiX1+G/iru47fRPpDcUKY+YkZw4=|ugIgG9gx1RJNx1+33bAa790KJs8= ssh-ed25519 AAAA\n\
            leaf3 ssh-ed25519\n\
            LEAF4 ssh-ed25519 !!!!\n\
            sp?ne ssh-ed25519 AAAA";
        for (name, lines) in [
            ("leaf1", vec![(2, false), (7, false)]),
            ("10.0.0.1", vec![(2, false)]),
            ("[leaf1]:2222", vec![(3, false)]),
            ("good.lab", vec![(4, false)]),
            ("bad.lab", vec![]),
            ("leaf2", vec![(5, true)]),
            ("leaf3", vec![]),
            ("leaf4", vec![]),
            ("spine", vec![(10, false)]),
            ("spne", vec![]),
        ] {
            assert_eq!(lines_for(text, name), lines, "{name}");
        }
    }

    #[test]
    fn a_key_is_found_where_it_was_written_and_lines_stay_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("a/b/known_hosts");
        append(&file, &line("leaf1", "ssh-ed25519", b"abc")).expect("written");
        std::fs::write(&file, std::fs::read_to_string(&file).expect("text").trim_end()).expect("written");
        append(&file, &line("[leaf2]:22022", "ssh-ed25519", b"def")).expect("written");
        let text = read(&file).expect("text");
        assert_eq!(text, "leaf1 ssh-ed25519 YWJj\n[leaf2]:22022 ssh-ed25519 ZGVm\n");
        assert_eq!(lines_for(&text, &name("Leaf1", 22)), [(1, false)]);
        assert_eq!(lines_for(&text, &name("leaf2", 22022)), [(2, false)]);
        assert_eq!(std::fs::metadata(&file).expect("a file").permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn patterns_do_not_take_exponential_time() {
        assert!(!matches_pattern(&"*a".repeat(50), &"a".repeat(49)));
        assert!(matches_pattern(&"*a".repeat(50), &"a".repeat(2000)));
    }

    proptest::proptest! {
        #[test]
        fn no_line_makes_it_panic(text in "(?s).{0,200}") {
            let session = ssh2::Session::new().expect("a session");
            let _ = entries(&text, "leaf1", &session);
        }
    }
}
