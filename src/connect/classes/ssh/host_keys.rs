//! Decides whether the key of a host is accepted.

use super::dial;
use super::fingerprint;
use super::known_hosts::{self, Entry};
use super::options::{HostKeyPolicy, Settings};
use crate::record::fault::{Fault, FaultKind, Phase};
use std::fmt::Write;
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// Host keys learned while no file keeps them, in the form of a file. They last as long as the class.
pub(super) type Learned = Mutex<String>;

/// One writer of known hosts files at a time.
static WRITING: Mutex<()> = Mutex::new(());

/// A host, and where its keys are kept.
pub(super) struct HostKeys<'a> {
    host: &'a str,
    settings: &'a Settings,
    learned: &'a Learned,
}

/// What the kept keys say about a key.
enum Verdict {
    Known,
    Unknown,
    Revoked(Entry),
    Changed(Entry),
}

impl<'a> HostKeys<'a> {
    pub(super) fn new(host: &'a str, settings: &'a Settings, learned: &'a Learned) -> Self {
        Self { host, settings, learned }
    }

    fn name(&self) -> String {
        known_hosts::name(self.host, self.settings.port)
    }

    /// What is kept for this host: the lines of the file, then what was learned without a file.
    fn entries(&self, session: &ssh2::Session) -> Result<Vec<Entry>, Fault> {
        let kept = match &self.settings.known_hosts {
            None => String::new(),
            Some(file) => match known_hosts::read(file) {
                Ok(text) => text,
                Err(_) if self.settings.policy == HostKeyPolicy::Off => String::new(),
                Err(error) => return Err(self.unreadable(&error)),
            },
        };
        let mut entries = known_hosts::entries(&kept, &self.name(), session);
        let learned = self.learned.lock().unwrap_or_else(PoisonError::into_inner);
        entries.extend(known_hosts::entries(&learned, &self.name(), session));
        Ok(entries)
    }

    /// The types of the keys that are kept for this host, so that the server is asked for one of these.
    pub(super) fn kinds(&self, session: &ssh2::Session) -> Result<Vec<String>, Fault> {
        let entries = self.entries(session)?;
        Ok(entries.into_iter().filter(|entry| !entry.revoked).map(|entry| entry.kind).collect())
    }

    /// Accepts the key that the server showed, or says why not.
    ///
    /// # Errors
    /// `HostKey`, or `Missing` where the file cannot be read or written.
    pub(super) fn accept(&self, session: &ssh2::Session) -> Result<(), Fault> {
        let Some((key, _)) = session.host_key() else {
            return Err(Fault::new(FaultKind::HostKey, "the server showed no host key"));
        };
        match (verdict(&self.entries(session)?, key), self.settings.policy) {
            (Verdict::Revoked(entry), _) => Err(self.revoked(&entry, key)),
            (Verdict::Known, _) | (_, HostKeyPolicy::Off) => Ok(()),
            (Verdict::Changed(entry), _) => Err(self.changed(&entry, key)),
            (Verdict::Unknown, HostKeyPolicy::Strict) => Err(self.unknown(key)),
            (Verdict::Unknown, HostKeyPolicy::AcceptNew) => self.learn(session, key),
        }
    }

    /// Writes a key down, unless another connection did so in the meantime.
    fn learn(&self, session: &ssh2::Session, key: &[u8]) -> Result<(), Fault> {
        let _writing = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
        match verdict(&self.entries(session)?, key) {
            Verdict::Known => return Ok(()),
            Verdict::Changed(entry) => return Err(self.changed(&entry, key)),
            Verdict::Revoked(entry) => return Err(self.revoked(&entry, key)),
            Verdict::Unknown => {}
        }
        let kind = known_hosts::kind(key).unwrap_or("unknown");
        let line = known_hosts::line(&self.name(), kind, key);
        if let Some(file) = &self.settings.known_hosts {
            match known_hosts::append(file, &line) {
                Ok(()) => return Ok(()),
                Err(error) if self.settings.named_file => return Err(self.unwritable(&error)),
                // A home folder that cannot be written, as in many containers: the key is kept for this run.
                Err(_) => {}
            }
        }
        let mut learned = self.learned.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = writeln!(learned, "{line}");
        Ok(())
    }

    fn file(&self) -> PathBuf {
        self.settings.known_hosts.clone().unwrap_or_else(|| PathBuf::from("the keys of this run"))
    }

    fn shown(&self) -> String {
        dial::shown(self.host, self.settings.port)
    }

    fn unknown(&self, key: &[u8]) -> Fault {
        let kind = known_hosts::kind(key).unwrap_or("unknown");
        let line = known_hosts::line(&self.name(), kind, key);
        let (shown, seen, file) = (self.shown(), fingerprint::sha256(key), self.file());
        Fault::new(
            FaultKind::HostKey,
            format!("the host key of {shown} is not known: it showed {kind} {seen}, and `host_keys` is `strict`"),
        )
        .hinted(format!("if this is the right host, add this line to `{}`: {line}", file.display()))
    }

    fn changed(&self, entry: &Entry, key: &[u8]) -> Fault {
        let kind = known_hosts::kind(key).unwrap_or("unknown");
        let message = format!(
            "the host key of {} has changed: it showed {kind} {}, and line {} of `{}` holds {} {}",
            self.shown(),
            fingerprint::sha256(key),
            entry.line,
            self.file().display(),
            entry.kind,
            fingerprint::sha256(&entry.key),
        );
        Fault::new(FaultKind::HostKey, message)
            .hinted("if the host was installed anew, remove that line; otherwise somebody may be between you and the host")
    }

    fn revoked(&self, entry: &Entry, key: &[u8]) -> Fault {
        let (shown, seen) = (self.shown(), fingerprint::sha256(key));
        let file = self.file();
        Fault::new(
            FaultKind::HostKey,
            format!("the host key of {shown} is revoked: it showed {seen}, which line {} of `{}` revokes", entry.line, file.display()),
        )
    }

    fn unreadable(&self, error: &io::Error) -> Fault {
        Fault::new(FaultKind::Missing, format!("the known hosts file `{}` cannot be read: {error}", self.file().display()))
            .in_phase(Phase::Creation)
    }

    fn unwritable(&self, error: &io::Error) -> Fault {
        Fault::new(FaultKind::Missing, format!("the known hosts file `{}` cannot be written: {error}", self.file().display()))
            .in_phase(Phase::Creation)
            .hinted("make it writable, or list the host's key in it and set `host_keys: strict`")
    }
}

/// A revoked key is refused wherever it stands; one equal key is enough to know the host; any other key is a change.
fn verdict(entries: &[Entry], key: &[u8]) -> Verdict {
    if let Some(entry) = entries.iter().find(|entry| entry.revoked && entry.key == key) {
        return Verdict::Revoked(entry.clone());
    }
    let mut kept = entries.iter().filter(|entry| !entry.revoked);
    if kept.clone().any(|entry| entry.key == key) {
        return Verdict::Known;
    }
    let kind = known_hosts::kind(key);
    let same_kind = kept.clone().find(|entry| Some(entry.kind.as_str()) == kind);
    match same_kind.or_else(|| kept.next()) {
        Some(entry) => Verdict::Changed(entry.clone()),
        None => Verdict::Unknown,
    }
}
