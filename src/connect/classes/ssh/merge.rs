//! Puts the keys that servers showed into a known hosts file. A key that disagrees with the file is never put there.

use super::fingerprint;
use super::known_hosts::{self, Entry};
use super::scan::ShownKeys;
use std::fs::Permissions;
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// What became of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The host's name in the file.
    pub name: String,
    /// The key's type.
    pub kind: String,
    /// Its fingerprint, as OpenSSH shows it.
    pub fingerprint: String,
    /// What the file says about it.
    pub finding: Finding,
}

/// What a file says about a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// It holds the key.
    Known,
    /// It held nothing about it, and holds it now.
    Added,
    /// It holds another key of the host on this line, with this type and fingerprint.
    Changed {
        /// The line, from 1.
        line: usize,
        /// The type and the fingerprint of the key that stands there.
        holds: String,
    },
    /// It revokes the key on this line.
    Revoked {
        /// The line, from 1.
        line: usize,
    },
    /// It says nothing about it, and another key of the same host disagrees: none of them is put there.
    LeftOut,
}

impl Finding {
    /// Whether the file contradicts the key.
    fn disagrees(&self) -> bool {
        match self {
            Self::Changed { .. } | Self::Revoked { .. } => true,
            Self::Known | Self::Added | Self::LeftOut => false,
        }
    }
}

/// Merges keys into a file, which is made where it is missing and replaced whole. A file that stays as it is is not
/// touched. New lines are hashed where the file has hashed names. A sorted file stays sorted, any other gets them at its
/// end.
///
/// # Errors
/// The file cannot be read or written.
pub fn merge_known_hosts(file: &Path, shown: &[ShownKeys]) -> io::Result<Vec<Told>> {
    let text = match std::fs::read_to_string(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        text => text?,
    };
    let salt = || {
        let mut salt = [0; 20];
        std::fs::File::open("/dev/urandom")?.read_exact(&mut salt)?;
        Ok::<_, io::Error>(salt)
    };
    let (merged, told) = merge(&text, shown, salt)?;
    if merged != text {
        replace(file, &merged)?;
    }
    Ok(told)
}

fn merge(text: &str, shown: &[ShownKeys], mut salt: impl FnMut() -> io::Result<[u8; 20]>) -> io::Result<(String, Vec<Told>)> {
    let session = ssh2::Session::new()?;
    let hashed = text.lines().any(|line| line.trim_start().starts_with("|1|"));
    let (mut added, mut told): (Vec<String>, Vec<Told>) = (Vec::new(), Vec::new());
    for server in shown {
        let entries = known_hosts::entries(text, &server.name, &session);
        let mut findings: Vec<Finding> = server.keys.iter().map(|key| finding(&entries, key)).collect();
        // One known key vouches for the new ones that come with it; without any, a key of another type is a change.
        let is_vouched_for = findings.contains(&Finding::Known) || entries.iter().all(|entry| entry.revoked);
        if !is_vouched_for && !findings.iter().any(Finding::disagrees) {
            findings.iter_mut().take(1).for_each(|new| *new = changed(&entries));
        }
        let disagrees = findings.iter().any(Finding::disagrees);
        for (key, finding) in server.keys.iter().zip(findings) {
            let kind = known_hosts::kind(key).unwrap_or("unknown").to_owned();
            let finding = if disagrees && finding == Finding::Added { Finding::LeftOut } else { finding };
            let one = Told { name: server.name.clone(), kind, fingerprint: fingerprint::sha256(key), finding };
            if told.contains(&one) {
                continue;
            }
            if one.finding == Finding::Added {
                let name = if hashed { fingerprint::hashed_name(&one.name, salt()?) } else { one.name.clone() };
                added.push(known_hosts::line(&name, &one.kind, key));
            }
            told.push(one);
        }
    }
    Ok((with_lines(text, added, hashed), told))
}

fn finding(entries: &[Entry], key: &[u8]) -> Finding {
    if let Some(entry) = entries.iter().find(|entry| entry.revoked && entry.key == key) {
        return Finding::Revoked { line: entry.line };
    }
    let mut kept = entries.iter().filter(|entry| !entry.revoked);
    if kept.clone().any(|entry| entry.key == key) {
        return Finding::Known;
    }
    let same_kind = kept.find(|entry| Some(entry.kind.as_str()) == known_hosts::kind(key));
    same_kind.map_or(Finding::Added, |entry| changed(std::slice::from_ref(entry)))
}

/// That the first of these entries holds another key.
fn changed(entries: &[Entry]) -> Finding {
    let entry = entries.iter().find(|entry| !entry.revoked);
    entry.map_or(Finding::LeftOut, |entry| Finding::Changed {
        line: entry.line,
        holds: format!("{} {}", entry.kind, fingerprint::sha256(&entry.key)),
    })
}

fn with_lines(text: &str, mut added: Vec<String>, hashed: bool) -> String {
    if added.is_empty() {
        return text.to_owned();
    }
    let mut lines: Vec<&str> = text.lines().collect();
    added.sort();
    let sorted = !hashed && lines.is_sorted() && lines.iter().all(|line| !line.is_empty() && !line.starts_with(['#', '@']));
    lines.extend(added.iter().map(String::as_str));
    if sorted {
        lines.sort_unstable();
    }
    lines.join("\n") + "\n"
}

/// Replaces a file whole, and keeps who may read it; a new one is for its owner.
fn replace(file: &Path, text: &str) -> io::Result<()> {
    let file = file.canonicalize().unwrap_or_else(|_| file.to_path_buf());
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mode = std::fs::metadata(&file).map_or(0o600, |known| known.permissions().mode() & 0o777);
    let mut new = tempfile::NamedTempFile::new_in(folder)?;
    new.write_all(text.as_bytes())?;
    new.as_file().set_permissions(Permissions::from_mode(mode))?;
    new.as_file().sync_all()?;
    new.persist(&file).map(|_| ()).map_err(|error| error.error)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A key of a type, which nobody has.
    fn key(kind: &str, value: u8) -> Vec<u8> {
        let length = u32::try_from(kind.len()).expect("short").to_be_bytes();
        length.iter().copied().chain(kind.bytes()).chain([value]).collect()
    }

    fn server(name: &str, keys: &[Vec<u8>]) -> ShownKeys {
        ShownKeys { name: name.to_owned(), known_hosts: None, keys: keys.to_vec() }
    }

    fn merged(text: &str, shown: &[ShownKeys]) -> (String, Vec<Finding>) {
        let (text, told) = merge(text, shown, || Ok([7; 20])).expect("merged");
        (text, told.into_iter().map(|told| told.finding).collect())
    }

    #[test]
    fn a_new_file_is_sorted_and_merging_again_changes_nothing() {
        let (ed, rsa) = (key("ssh-ed25519", 1), key("ssh-rsa", 2));
        let shown =
            [server("r2", std::slice::from_ref(&ed)), server("r1", &[rsa.clone(), ed.clone()]), server("r2", std::slice::from_ref(&ed))];
        let (text, findings) = merged("", &shown);
        let line = |name: &str, kind: &str, key: &[u8]| known_hosts::line(name, kind, key) + "\n";
        let wanted = line("r1", "ssh-ed25519", &ed) + &line("r1", "ssh-rsa", &rsa) + &line("r2", "ssh-ed25519", &ed);
        assert_eq!((text.as_str(), findings), (wanted.as_str(), vec![Finding::Added; 3]));
        assert_eq!(merged(&text, &shown), (text.clone(), vec![Finding::Known; 3]));
        let (more, _) = merged(&text, &[server("a1", std::slice::from_ref(&ed))]);
        assert_eq!(more, line("a1", "ssh-ed25519", &ed) + &text);
    }

    #[test]
    fn a_file_with_comments_keeps_its_order_and_an_open_last_line_is_closed() {
        let ed = key("ssh-ed25519", 1);
        let known = format!("# lab\nz9 ssh-ed25519 {}", fingerprint::base64(&ed));
        let (text, _) = merged(&known, &[server("a1", std::slice::from_ref(&ed))]);
        assert_eq!(text, format!("{known}\n{}\n", known_hosts::line("a1", "ssh-ed25519", &ed)));
    }

    #[test]
    fn new_names_are_hashed_where_names_are_and_are_found_again() {
        let ed = key("ssh-ed25519", 1);
        let known = format!("|1|MiX1+G/iru47fRPpDcUKY+YkZw4=|ugIgG9gx1RJNx1+33bAa790KJs8= ssh-ed25519 {}\n", fingerprint::base64(&ed));
        let shown = [server("leaf1", std::slice::from_ref(&ed)), server("[leaf2]:2222", std::slice::from_ref(&ed))];
        let (text, findings) = merged(&known, &shown);
        assert_eq!(findings, [Finding::Known, Finding::Added]);
        assert!(text.starts_with(&known) && !text.contains("leaf2"), "{text}");
        assert_eq!(merged(&text, &shown), (text, vec![Finding::Known; 2]));
    }

    #[test]
    fn a_key_that_disagrees_keeps_every_key_of_its_host_out() {
        let (old, new, rsa) = (key("ssh-ed25519", 1), key("ssh-ed25519", 2), key("ssh-rsa", 3));
        let known = known_hosts::line("r1", "ssh-ed25519", &old) + "\n";
        let holds = format!("ssh-ed25519 {}", fingerprint::sha256(&old));
        let changed = Finding::Changed { line: 1, holds };
        let (text, findings) = merged(&known, &[server("r1", &[new.clone(), rsa.clone()]), server("r2", std::slice::from_ref(&rsa))]);
        assert_eq!(findings, [changed.clone(), Finding::LeftOut, Finding::Added]);
        assert!(text.starts_with(&known) && text.lines().count() == 2, "{text}");
        // Another type instead of the known one is a change as well: nobody vouches for it.
        assert_eq!(merged(&known, &[server("r1", std::slice::from_ref(&rsa))]), (known.clone(), vec![changed]));
        // Beside the known key it is only new.
        assert_eq!(merged(&known, &[server("r1", &[old, rsa])]).1, [Finding::Known, Finding::Added]);
        let revoked = format!("@revoked * ssh-ed25519 {}\n", fingerprint::base64(&new));
        assert_eq!(merged(&revoked, &[server("r1", &[new, key("ssh-rsa", 4)])]).1, [Finding::Revoked { line: 1 }, Finding::LeftOut]);
    }

    #[test]
    fn a_file_is_replaced_with_its_rights_and_left_alone_where_nothing_is_new() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("lab/known_hosts");
        let shown = [server("r1", &[key("ssh-ed25519", 1)])];
        let rights = |file: &Path| std::fs::metadata(file).expect("a file").permissions().mode() & 0o777;
        merge_known_hosts(&file, &shown).expect("merged");
        assert_eq!(rights(&file), 0o600);
        std::fs::set_permissions(&file, Permissions::from_mode(0o444)).expect("rights");
        assert_eq!(merge_known_hosts(&file, &shown).expect("merged")[0].finding, Finding::Known);
        merge_known_hosts(&file, &[server("r2", &[key("ssh-rsa", 1)])]).expect("merged");
        assert_eq!((rights(&file), std::fs::read_to_string(&file).expect("text").lines().count()), (0o444, 2));
        assert_eq!(std::fs::read_dir(folder.path().join("lab")).expect("a folder").count(), 1, "nothing is left behind");
        assert!(merge_known_hosts(Path::new("/proc/no/known_hosts"), &shown).is_err());
    }
}
