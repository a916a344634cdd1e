//! What the process knows of the world, read once.

use crate::base::diagnostic::Colour;
use crate::cli::arguments::When;
use crate::connect::login::Surroundings;
use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

/// The environment, the terminal and the clock, as they were when the process began.
#[derive(Debug)]
pub(super) struct World {
    pub(super) env: BTreeMap<String, String>,
    pub(super) folder: PathBuf,
    pub(super) hostname: String,
    /// Whether people read standard error on a terminal.
    pub(super) terminal: bool,
    pub(super) colour: Colour,
    pub(super) start: Instant,
    /// When that was.
    pub(super) now: SystemTime,
    /// UTC, RFC 3339, whole seconds.
    pub(super) started: String,
    /// Names this run.
    pub(super) run_id: String,
}

/// Variables that name the folder of the repository in CI.
const REPOSITORY: [&str; 3] = ["CI_PROJECT_DIR", "WORKSPACE", "GITHUB_WORKSPACE"];

impl World {
    /// Reads the process's environment. This is the only place that does.
    #[expect(clippy::disallowed_methods, reason = "the one place where the clock of day is read")]
    pub(super) fn read(colour: When) -> Self {
        let now = SystemTime::now();
        let env: BTreeMap<String, String> =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))).collect();
        let terminal = std::io::stderr().is_terminal();
        let plain = match colour {
            When::Always => false,
            When::Never => true,
            When::Auto => {
                !terminal
                    || env.get("NO_COLOR").is_some_and(|value| !value.is_empty())
                    || env.get("TERM").is_some_and(|term| term == "dumb")
            }
        };
        let since_epoch = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self {
            folder: std::env::current_dir().unwrap_or_else(|_| PathBuf::from(".")),
            hostname: rustix::system::uname().nodename().to_string_lossy().into_owned(),
            terminal,
            colour: if plain { Colour::Plain } else { Colour::Ansi },
            start: Instant::now(),
            now,
            started: jiff::Timestamp::try_from(now).map(|now| now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()).unwrap_or_default(),
            run_id: format!(
                "{:08x}{:04x}",
                since_epoch.as_secs() & 0xffff_ffff,
                (since_epoch.subsec_micros() ^ std::process::id()) & 0xffff
            ),
            env,
        }
    }

    /// What connections may use of the user's surroundings.
    pub(super) fn surroundings(&self) -> Surroundings {
        Surroundings::of(&self.env)
    }

    /// The time of day for as long as the process lives, by the monotonic clock from its start on.
    pub(super) fn clock(&self) -> impl Fn() -> jiff::Timestamp + Send + Sync + 'static {
        let (start, began) = (self.start, jiff::Timestamp::try_from(self.now).unwrap_or_default());
        move || began.saturating_add(start.elapsed()).unwrap_or(began)
    }

    /// A file as reports name it: relative to the repository, so that its readers can link it.
    pub(super) fn in_repository(&self, file: &Path) -> String {
        let absolute = self.folder.join(file);
        let absolute = absolute.canonicalize().unwrap_or(absolute);
        let named = REPOSITORY.iter().filter_map(|name| self.env.get(*name)).map(PathBuf::from);
        let git = absolute.ancestors().skip(1).find(|folder| folder.join(".git").exists()).map(Path::to_path_buf);
        let relative = named.chain(git).find_map(|root| {
            let root = root.canonicalize().ok()?;
            absolute.strip_prefix(&root).ok().map(Path::to_path_buf)
        });
        shown(&relative.unwrap_or_else(|| file.to_path_buf()))
    }
}

/// A path for messages, without a leading `./`.
pub(super) fn shown(file: &Path) -> String {
    let text = file.display().to_string();
    text.strip_prefix("./").map_or(text.clone(), str::to_owned)
}
