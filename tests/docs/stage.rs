//! A folder with files in it, and the program run there.

use std::path::Path;
use std::process::{Command, Stdio};

/// A folder that holds the lab of these tests, and whatever is written into it.
pub(crate) struct Stage {
    folder: tempfile::TempDir,
}

/// What the program did.
#[derive(Debug)]
pub(crate) struct Said {
    /// The exit status; `None` after a signal.
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Variables of the environment that examples use.
const ENVIRONMENT: [(&str, &str); 6] = [
    ("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"),
    ("LAB_PASSWORD", "hunter2-secret"),
    ("LAB_USER", "admin"),
    ("LAB_PSW", "hunter2-secret"),
    ("LAB_USR", "admin"),
    ("STAGE", "lab"),
];

impl Stage {
    /// Makes a folder that holds copies of the files of `from` and of the folders in it.
    pub(crate) fn new(from: &Path) -> Self {
        let stage = Self { folder: tempfile::tempdir().expect("a folder") };
        copy(from, stage.folder.path());
        stage
    }

    /// Writes a file, and its folder where it is missing.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let file = self.folder.path().join(name);
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        std::fs::write(file, text).expect("a file");
    }

    /// Runs the program there, with no environment but what the examples use.
    pub(crate) fn runner(&self, arguments: &[&str]) -> Said {
        let output = Command::new(env!("CARGO_BIN_EXE_runner"))
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .envs(ENVIRONMENT)
            .env("HOME", self.folder.path())
            .stdin(Stdio::null())
            .output()
            .expect("runner starts");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        Said { status: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            std::fs::create_dir_all(&target).expect("a folder");
            copy(&source, &target);
        } else {
            std::fs::copy(&source, &target).expect("a copy");
        }
    }
}

impl Said {
    /// Everything that was printed, without the line that counts complaints.
    pub(crate) fn complaints(&self) -> String {
        let lines = self.stderr.lines().filter(|line| !line.ends_with(", nothing was run"));
        lines.collect::<Vec<_>>().join("\n").trim().to_owned()
    }
}
