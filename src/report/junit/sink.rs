//! The JUnit file: there from the first event on, whole and true whenever it is read.

use crate::record::event::{Event, Fact};
use crate::record::ledger::Ledger;
use crate::report::junit::{Settings, document};
use crate::report::{ReportError, Reporter};
use std::fs::{File, Permissions};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The least time between two writes while the run goes on.
const PAUSE: Duration = Duration::from_secs(3);
/// Added to it for each megabyte, so that writing never takes a large part of a large run.
const PAUSE_PER_MEGABYTE: Duration = Duration::from_secs(2);

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
    let mut file = tempfile::Builder::new()
        .prefix(".junit-")
        .suffix(".tmp")
        .permissions(Permissions::from_mode(0o644))
        .tempfile_in(folder)
        .map_err(|error| error.to_string())?;
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
