//! The folder of a run: `events.jsonl`, `junit.xml`, and `transcripts/` with a file for each device.
//!
//! A folder may be used again. Then the files of these names are replaced, transcripts of an earlier run go, and everything else
//! stays.

use crate::report::ReportError;
use crate::report::transcripts::SIGNATURE;
use rustix::fs::{FlockOperation, flock};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The folder below it that holds the transcripts.
const TRANSCRIPTS: &str = "transcripts";

/// The event log in it.
pub const EVENTS: &str = "events.jsonl";

/// A run's folder, which nobody else uses while this lives.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    /// Locked.
    _opened: File,
}

impl RunFolder {
    /// Makes the folder, and takes away what an earlier run left in it under our names.
    ///
    /// # Errors
    /// It cannot be made, another run is using it, or what is to be replaced cannot be.
    pub fn create(path: &Path) -> Result<Self, ReportError> {
        let unwritable =
            |file: &Path, reason: &dyn std::fmt::Display| ReportError::Unwritable { file: file.to_owned(), reason: reason.to_string() };
        let transcripts = path.join(TRANSCRIPTS);
        std::fs::create_dir_all(&transcripts).map_err(|error| unwritable(path, &error))?;
        let opened = File::open(path).map_err(|error| unwritable(path, &error))?;
        // A file system without locks keeps nobody out.
        if flock(&opened, FlockOperation::NonBlockingLockExclusive) == Err(rustix::io::Errno::WOULDBLOCK) {
            return Err(unwritable(path, &"another run is writing to it"));
        }
        let folder = Self { path: path.to_owned(), _opened: opened };
        for file in [folder.events(), folder.junit()] {
            if std::fs::symlink_metadata(&file).is_ok_and(|found| found.is_file()) {
                std::fs::remove_file(&file).map_err(|error| unwritable(&file, &error))?;
            }
        }
        remove_transcripts(&transcripts).map_err(|error| unwritable(&transcripts, &error))?;
        Ok(folder)
    }

    /// The folder itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The event log.
    #[must_use]
    pub fn events(&self) -> PathBuf {
        self.path.join(EVENTS)
    }

    /// The JUnit file.
    #[must_use]
    pub fn junit(&self) -> PathBuf {
        self.path.join("junit.xml")
    }

    /// The folder of the transcripts.
    #[must_use]
    pub fn transcripts(&self) -> PathBuf {
        self.path.join(TRANSCRIPTS)
    }
}

/// The place of a device's transcript, where `output` is the folder's: both as reports name files.
pub(crate) fn transcript(output: &str, device: &str) -> String {
    let separator = if output.is_empty() || output.ends_with('/') { "" } else { "/" };
    format!("{output}{separator}{TRANSCRIPTS}/{}", crate::report::transcripts::file_name(device))
}

/// Removes the transcripts of an earlier run, which may be of devices that this one does not touch.
fn remove_transcripts(folder: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let (path, kind) = entry.and_then(|entry| Ok((entry.path(), entry.file_type()?)))?;
        if kind.is_file() && path.extension().is_some_and(|ending| ending == "log") && is_ours(&path) {
            std::fs::remove_file(path)?;
        }
    }
    Ok(())
}

fn is_ours(file: &Path) -> bool {
    let mut beginning = Vec::with_capacity(SIGNATURE.len());
    let read = File::open(file).and_then(|file| file.take(SIGNATURE.len() as u64).read_to_end(&mut beginning));
    read.is_ok() && beginning == SIGNATURE.as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_used_again_keeps_what_is_not_ours() {
        let temporary = tempfile::tempdir().expect("a folder");
        let path = temporary.path().join("new/run");
        let folder = RunFolder::create(&path).expect("a folder");
        let ours = [folder.events(), folder.junit(), folder.transcripts().join("r1.log")];
        let theirs = [path.join("notes.txt"), folder.transcripts().join("mine.log"), folder.transcripts().join("r2.txt")];
        for file in ours.iter().chain(&theirs) {
            std::fs::write(file, "mine").expect("a file");
        }
        std::fs::write(&ours[2], format!("{SIGNATURE}r1\n")).expect("a file");
        assert!(RunFolder::create(&path).expect_err("in use").to_string().ends_with("cannot be written: another run is writing to it"));
        drop(folder);
        let folder = RunFolder::create(&path).expect("a folder");
        assert!(ours.iter().all(|file| !file.exists()) && theirs.iter().all(|file| file.exists()));
        assert_eq!(folder.path(), path);
        assert!(RunFolder::create(&theirs[0]).is_err(), "a file is no folder");
    }

    #[test]
    fn the_place_of_a_transcript_starts_where_the_folders_does() {
        for (output, place) in [("out/1", "out/1/transcripts/r%2F1.log"), ("", "transcripts/r%2F1.log"), ("/", "/transcripts/r%2F1.log")] {
            assert_eq!(transcript(output, "r/1"), place);
        }
    }
}
