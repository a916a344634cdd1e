//! The JUnit file: there from the first event on, whole and true whenever it is read.

use crate::record::event::{Event, Fact};
use crate::record::ledger::Ledger;
use crate::report::junit::{Settings, document};
use crate::report::{ReportError, Reporter};
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use std::fs::{File, Permissions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::NamedTempFile;

/// The least time between two writes while the run goes on.
const PAUSE: Duration = Duration::from_secs(3);
/// Added to it for each megabyte, so that writing never takes a large part of a large run.
const PAUSE_PER_MEGABYTE: Duration = Duration::from_secs(2);
/// How the file is called until it is whole: this, something of its own, and the suffix.
const PREFIX: &str = ".junit-";
const SUFFIX: &str = ".tmp";
/// How often another name is taken where somebody thought the file a leftover.
const TRIES: usize = 10;

/// Keeps a JUnit file up to date: written at the first event, again as the run goes, and at its end. Each write
/// replaces the file whole: a reader, or a machine that loses power, finds one state or the next.
#[derive(Debug)]
pub struct JunitFile {
    path: PathBuf,
    settings: Settings,
    next: Duration,
}

impl JunitFile {
    /// Will write to `path`. Touches nothing yet.
    #[must_use]
    pub fn create(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), settings: Settings::default(), next: Duration::ZERO }
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Replaces the file by this document, which may be one of a run that did not begin. Creates the folders that lead
    /// to it. Blocks until the bytes are on the disk.
    ///
    /// # Errors
    /// The file cannot be written; what stood there before still does.
    pub fn replace(&self, document: &str) -> Result<(), ReportError> {
        replace(&self.path, document).map_err(|reason| ReportError::Unwritable { file: self.path.clone(), reason })
    }

    fn write(&mut self, ledger: &Ledger) -> Result<(), ReportError> {
        let document = document(ledger, &self.settings).map_err(|reason| ReportError::Wrong { file: self.path.clone(), reason })?;
        let megabytes = u32::try_from(document.len() / 1_000_000).unwrap_or(u32::MAX);
        self.next = ledger.elapsed.saturating_add(PAUSE).saturating_add(PAUSE_PER_MEGABYTE.saturating_mul(megabytes));
        self.replace(&document)
    }
}

impl Reporter for JunitFile {
    fn event(&mut self, event: &Event, ledger: &Ledger) -> Result<(), ReportError> {
        if matches!(event.fact, Fact::RunStarted(_)) {
            return self.write(ledger);
        }
        if event.at >= self.next {
            // A disk that is full for a while ends no run: the next write may succeed, and the last one tells.
            let _ = self.write(ledger);
        }
        Ok(())
    }

    fn finish(&mut self, ledger: &Ledger) -> Result<(), ReportError> {
        self.write(ledger)
    }
}

fn replace(path: &Path, document: &str) -> Result<(), String> {
    let path = target(path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(|error| format!("its folder cannot be made: {error}"))?;
    remove_leftovers(folder);
    let mut file = temporary(folder).map_err(|error| error.to_string())?;
    let written = (|| {
        file.write_all(document.as_bytes())?;
        file.as_file().sync_all()?;
        file.rewind()?;
        let mut found = Vec::with_capacity(document.len());
        file.read_to_end(&mut found)?;
        Ok::<_, std::io::Error>(found == document.as_bytes())
    })();
    match written {
        Ok(true) => {}
        Ok(false) => return Err("what was read back is not what was written".to_owned()),
        Err(error) => return Err(error.to_string()),
    }
    file.persist(&path).map_err(|error| error.error.to_string())?;
    // The file is there; only whether it survives a loss of power depends on this, and some file systems refuse it.
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
    Ok(())
}

/// Makes a file that is locked while it is written, which tells others that it is no leftover.
fn temporary(folder: &Path) -> io::Result<NamedTempFile> {
    let mut tries = 0;
    loop {
        let readable = Permissions::from_mode(0o644);
        let file = tempfile::Builder::new().prefix(PREFIX).suffix(SUFFIX).permissions(readable).tempfile_in(folder)?;
        // A file system without locks keeps leftovers.
        let taken = flock(&file, FlockOperation::NonBlockingLockExclusive) == Err(Errno::WOULDBLOCK);
        // Somebody may have thought it a leftover before it was locked.
        let gone = file.as_file().metadata()?.nlink() == 0;
        tries += 1;
        if (!taken && !gone) || tries == TRIES {
            return Ok(file);
        }
    }
}

/// Removes the files of writers that were killed before they had written all of it: nobody holds their locks.
fn remove_leftovers(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let (name, is_file) = (entry.file_name(), entry.file_type().is_ok_and(|kind| kind.is_file()));
        let is_ours = name.to_str().is_some_and(|name| name.starts_with(PREFIX) && name.ends_with(SUFFIX));
        if !is_ours || !is_file {
            continue;
        }
        let Ok(file) = File::open(entry.path()) else { continue };
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok() {
            // Whoever was faster has removed it already.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// Where the bytes go: a link is followed, and what is not a file is left alone, because a rename would replace it.
fn target(path: &Path) -> Result<PathBuf, String> {
    if path.file_name().is_none() {
        return Err("it names no file".to_owned());
    }
    match std::fs::metadata(path) {
        Ok(found) if found.is_dir() => Err("it is a folder".to_owned()),
        Ok(found) if !found.is_file() => Err("it is not a regular file".to_owned()),
        Ok(_) => std::fs::canonicalize(path).map_err(|error| error.to_string()),
        Err(_) => Ok(path.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::event::CellKind;
    use crate::report::samples::{cell, ended, events, every_outcome, head, logged, started};

    /// Feeds events and tells for each how often the file has changed.
    fn feed(file: &mut JunitFile, ledger: &mut Ledger, all: &[Event]) -> Vec<String> {
        let mut states: Vec<String> = Vec::new();
        for event in all {
            ledger.fold(event);
            file.event(event, ledger).expect("a file");
            states.push(std::fs::read_to_string(file.path()).expect("a file"));
        }
        states
    }

    #[test]
    fn the_file_is_whole_and_red_from_the_first_event_and_final_at_the_end() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("new/reports/junit.xml");
        let mut file = JunitFile::create(&path);
        let mut ledger = Ledger::default();
        let all = every_outcome();
        let states = feed(&mut file, &mut ledger, &all);
        assert!(states[0].contains("tests=\"11\" failures=\"0\" errors=\"11\""), "{}", states[0]);
        assert_eq!(states[0], states[10], "nothing is written within the pause");
        file.finish(&ledger).expect("a file");
        let last = std::fs::read_to_string(&path).expect("a file");
        assert!(last.contains("tests=\"11\" failures=\"1\" errors=\"3\" skipped=\"2\""), "{last}");
        let names: Vec<_> = std::fs::read_dir(path.parent().expect("a folder")).expect("a folder").collect();
        assert_eq!(names.len(), 1, "no temporary file stays: {names:?}");
        let mode = std::fs::metadata(&path).expect("a file").permissions().mode();
        assert_eq!(mode & 0o600, 0o600);
        assert_eq!(mode & 0o133, 0, "others may at most read: {mode:o}");
        assert_ne!(mode & 0o777, 0o600, "others may read, unless the process may not grant that");
    }

    #[test]
    fn the_file_follows_the_run_with_pauses() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut file = JunitFile::create(folder.path().join("junit.xml"));
        let cells = (0..3).map(|index| cell(CellKind::Test, &format!("t{index}"), None)).collect();
        let passed = crate::record::verdict::Outcome::passed;
        let all = events(vec![
            (0, Fact::RunStarted(Box::new(head(cells)))),
            (10, started(0)),
            (2000, ended(0, passed(), 1)),
            (3000, logged(1, "still here")),
            (4000, ended(1, passed(), 1)),
            (6000, started(2)),
        ]);
        let states = feed(&mut file, &mut Ledger::default(), &all);
        let errors: Vec<bool> = states.windows(2).map(|pair| pair[0] != pair[1]).collect();
        assert_eq!(errors, [false, false, true, false, true]);
    }

    #[test]
    fn what_cannot_be_written_fails_at_the_first_event_and_leaves_what_is_there() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("file"), "mine").expect("a file");
        std::os::unix::net::UnixListener::bind(folder.path().join("socket")).expect("a socket");
        let long = "x".repeat(300);
        for (name, reason) in
            [("", "it is a folder"), ("file/junit.xml", "its folder"), ("socket", "not a regular file"), (long.as_str(), "too long")]
        {
            let path = folder.path().join(name);
            let mut file = JunitFile::create(&path);
            let mut ledger = Ledger::default();
            let event = &every_outcome()[0];
            ledger.fold(event);
            let error = file.event(event, &ledger).expect_err(name).to_string();
            assert!(error.starts_with(&format!("`{}` cannot be written: ", path.display())), "{error}");
            assert!(error.contains(reason), "{error}");
        }
        assert!(JunitFile::create("..").replace("").is_err());
        assert_eq!(std::fs::read_to_string(folder.path().join("file")).expect("a file"), "mine");
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 2);
    }

    #[test]
    fn what_a_killed_writer_left_goes_and_what_another_is_writing_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let names = [".junit-dead.tmp", ".junit-busy.tmp", ".junit-notes.txt", "junit-x.tmp"];
        let [dead, busy, notes, other] = names.map(|name| folder.path().join(name));
        for file in [&dead, &busy, &notes, &other] {
            std::fs::write(file, "half").expect("a file");
        }
        let writer = File::open(&busy).expect("a file");
        flock(&writer, FlockOperation::NonBlockingLockExclusive).expect("a lock");
        let report = JunitFile::create(folder.path().join("junit.xml"));
        report.replace("new").expect("a file");
        assert_eq!([&dead, &busy, &notes, &other].map(|file| file.exists()), [false, true, true, true]);
        drop(writer);
        report.replace("newer").expect("a file");
        assert!(!busy.exists());
    }

    #[test]
    fn writers_of_one_folder_do_not_take_each_others_files_for_leftovers() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = &|name: &str| {
            let report = JunitFile::create(folder.path().join(name));
            (0..100).for_each(|round| report.replace(&round.to_string()).expect("a file"));
        };
        std::thread::scope(|scope| {
            ["a.xml", "b.xml", "c.xml", "a.xml"]
                .map(|name| scope.spawn(move || write(name)))
                .into_iter()
                .for_each(|writer| writer.join().expect("no panic"));
        });
        let mut names: Vec<_> =
            std::fs::read_dir(folder.path()).expect("a folder").map(|entry| entry.expect("an entry").file_name()).collect();
        names.sort();
        assert_eq!(names, ["a.xml", "b.xml", "c.xml"]);
    }

    #[test]
    fn a_link_stays_and_the_file_it_names_is_replaced() {
        let folder = tempfile::tempdir().expect("a folder");
        let (real, link) = (folder.path().join("real.xml"), folder.path().join("link.xml"));
        std::fs::write(&real, "old").expect("a file");
        std::os::unix::fs::symlink(&real, &link).expect("a link");
        JunitFile::create(&link).replace("new").expect("a file");
        assert_eq!(std::fs::read_to_string(&real).expect("a file"), "new");
        assert!(std::fs::symlink_metadata(&link).expect("a link").is_symlink());
    }

    #[test]
    fn a_write_that_fails_on_the_way_is_made_good_at_the_end() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("reports/junit.xml");
        let mut file = JunitFile::create(&path);
        let mut ledger = Ledger::default();
        let all = every_outcome();
        feed(&mut file, &mut ledger, &all[..1]);
        std::fs::remove_dir_all(folder.path().join("reports")).expect("a folder");
        std::fs::write(folder.path().join("reports"), "in the way").expect("a file");
        for event in &all[1..] {
            ledger.fold(event);
            file.event(event, &ledger).expect("the run goes on");
        }
        assert!(file.finish(&ledger).is_err(), "the end tells");
        std::fs::remove_file(folder.path().join("reports")).expect("a file");
        file.finish(&ledger).expect("a file");
        assert!(path.exists());
    }
}
