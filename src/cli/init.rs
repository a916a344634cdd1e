//! `runner init`: a testbed and a job to begin with. They run at once, without a server or a network.

use crate::base::diagnostic::Diagnostic;
use crate::base::text;
use crate::cli::inputs;
use crate::cli::output;
use crate::cli::printed::{JOB_SCHEMA, TESTBED_SCHEMA};
use crate::cli::world::{World, shown};
use crate::record::redact::Redactor;
use crate::record::verdict::ExitStatus;
use clap::Args;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Arguments of `runner init`.
#[derive(Debug, Args)]
pub(super) struct Init {
    /// The folder; it is made where it is missing.
    #[arg(value_name = "DIR", default_value = ".")]
    pub(super) folder: PathBuf,
}

/// What is written, and what it is for.
const FILES: [(&str, &str, &str); 5] = [
    ("testbed.yaml", "the devices, and how they are reached", include_str!("init/testbed.yaml")),
    ("job.yaml", "what they are asked, and what is expected", include_str!("init/job.yaml")),
    ("recordings/router.yaml", "a recorded session, which stands in for a router", include_str!("init/router.yaml")),
    ("schemas/testbed.schema.json", "with which editors complete and explain testbeds", TESTBED_SCHEMA),
    ("schemas/job.schema.json", "the same for jobs", JOB_SCHEMA),
];

/// Writes the files, all or none of them. One that is there already stays as it is, and is an error.
pub(super) fn init(arguments: &Init, world: &World) -> ExitStatus {
    let taken: Vec<String> =
        FILES.iter().map(|(name, ..)| arguments.folder.join(name)).filter(|file| is_there(file)).map(|file| shown(&file)).collect();
    if !taken.is_empty() {
        let is = if taken.len() == 1 { "is" } else { "are" };
        let message = format!("{} {is} there already, nothing was written", text::names(taken.iter().map(String::as_str)));
        inputs::complain(&[Diagnostic::unplaced(message).hint("choose another folder: `runner init DIR`")], &Redactor::default(), world);
        return ExitStatus::NotAccepted;
    }
    if let Err((file, error)) = write(&arguments.folder) {
        let message = format!("`{}` cannot be written: {error}", shown(&file));
        inputs::complain(&[Diagnostic::unplaced(message).hint("nothing was left behind")], &Redactor::default(), world);
        return ExitStatus::ReportUnwritable;
    }
    output::talk(&said(&arguments.folder));
    ExitStatus::Passed
}

/// Whether something has that name, be it a link that leads nowhere.
fn is_there(file: &Path) -> bool {
    file.symlink_metadata().is_ok()
}

/// Writes every file whole. After an error, those that were written and the folders that were made are gone again.
fn write(folder: &Path) -> Result<(), (PathBuf, io::Error)> {
    let mut written = Written::default();
    for (name, _, text) in FILES {
        let file = folder.join(name);
        written.file(&file, text).map_err(|error| (file.clone(), error))?;
    }
    written.keep();
    Ok(())
}

/// What was made so far, the outermost folder first. Unless it is kept, it is removed again.
#[derive(Default)]
struct Written {
    folders: Vec<PathBuf>,
    files: Vec<PathBuf>,
}

impl Written {
    fn file(&mut self, file: &Path, text: &str) -> io::Result<()> {
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
        let missing: Vec<PathBuf> =
            folder.ancestors().take_while(|above| !above.as_os_str().is_empty() && !above.exists()).map(Path::to_path_buf).collect();
        for above in missing.into_iter().rev() {
            std::fs::create_dir(&above)?;
            self.folders.push(above);
        }
        // Somebody else may have made it since it was looked for: it must be new.
        let mut new = std::fs::OpenOptions::new().write(true).create_new(true).open(file)?;
        self.files.push(file.to_path_buf());
        new.write_all(text.as_bytes())
    }

    fn keep(mut self) {
        self.files.clear();
        self.folders.clear();
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        // What cannot be removed was not ours alone.
        self.files.iter().for_each(|file| drop(std::fs::remove_file(file)));
        self.folders.iter().rev().for_each(|folder| drop(std::fs::remove_dir(folder)));
    }
}

/// What was written and what comes next.
fn said(folder: &Path) -> String {
    let width = FILES.iter().map(|(name, ..)| name.len()).max().unwrap_or_default();
    let files: Vec<String> = FILES.iter().map(|(name, purpose, _)| format!("  {name:<width$}  {purpose}\n")).collect();
    let files = files.concat();
    let here = folder == Path::new(".");
    let place = if here { String::new() } else { format!(" in {}", shown(folder)) };
    let step = if here { String::new() } else { format!("  cd {}\n", shown(folder)) };
    format!(
        "written{place}:\n{files}next:\n{step}  runner check job.yaml                      finds mistakes, opens nothing\n  \
         runner run job.yaml --junit junit.xml      asks this machine and the recorded router\n\
         then put a device of yours into testbed.yaml: `runner devices testbed.yaml` shows it, and\n\
         `runner connect-check testbed.yaml` whether it is reached"
    )
}
