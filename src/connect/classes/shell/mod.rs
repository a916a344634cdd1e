//! Class `shell`: commands on this machine, each a process of its own that speaks through pipes.
//!
//! Nothing is kept between two commands, and no terminal is used.

use crate::base::text;
use crate::connect::class::{Class, ClassSpec, Connection, DefaultCheck, Endpoint, Limits, OptionKind, OptionSpec, ServiceSpec};
use crate::connect::wire::process;
use crate::record::answer::Answer;
use crate::record::call::Call;
use crate::record::fault::{Fault, FaultKind, Phase};
use std::path::PathBuf;

/// The class `shell`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Shell;

static SPEC: ClassSpec = ClassSpec {
    name: "shell",
    summary: "commands on this machine, each a process of its own",
    protocols: &["shell", "local"],
    requires: &[],
    services: &[ServiceSpec {
        name: "execute",
        summary: "runs `/bin/sh -c COMMAND` and waits for its end",
        changes: false,
        default_check: DefaultCheck::ExitCodeZero,
    }],
    options: &[
        OptionSpec { name: "cwd", kind: OptionKind::File, summary: "the folder to run in; default: the testbed's" },
        OptionSpec { name: "max_answer", kind: OptionKind::Count, summary: "the most bytes of an answer; default: 268435456 (256 MiB)" },
    ],
};

impl Class for Shell {
    fn spec(&self) -> &'static ClassSpec {
        &SPEC
    }

    fn open(&self, endpoint: &Endpoint, _limits: &Limits<'_>) -> Result<Box<dyn Connection>, Fault> {
        let cwd = endpoint.options.text("cwd").map_or_else(|| endpoint.folder.clone(), |cwd| endpoint.resolve(cwd));
        // The folder of a testbed that was given by its bare name.
        let cwd = if cwd.as_os_str().is_empty() { PathBuf::from(".") } else { cwd };
        if !cwd.is_dir() {
            return Err(Fault::new(FaultKind::Missing, format!("`cwd` is `{}`, which is not a folder", cwd.display())));
        }
        let most = endpoint.options.count("max_answer").and_then(|count| usize::try_from(count).ok());
        Ok(Box::new(Processes { cwd, max_answer: most.unwrap_or(process::MAX_ANSWER), open: true }))
    }
}

/// An open connection: a place to run processes in.
struct Processes {
    cwd: PathBuf,
    max_answer: usize,
    open: bool,
}

impl Connection for Processes {
    fn call(&mut self, call: &Call, limits: &Limits<'_>) -> Result<Answer, Fault> {
        if !self.open {
            return Err(Fault::new(FaultKind::NotConnected, "the connection is closed"));
        }
        if SPEC.service(&call.service).is_none() {
            let offered = text::names(SPEC.services.iter().map(|service| service.name));
            let message = format!("class `shell` has no service `{}`, it offers {offered}", call.service);
            return Err(Fault::new(FaultKind::Capability, message));
        }
        let Some(command) = call.text("command") else {
            return Err(Fault::new(FaultKind::Invalid, "`execute` needs a text as `command`").in_phase(Phase::Call));
        };
        limits.tap.sent(format!("{command}\n").as_bytes());
        process::run(command, &self.cwd, self.max_answer, limits)
    }

    fn is_alive(&mut self) -> bool {
        self.open
    }

    fn close(&mut self) {
        self.open = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::deadline::{Deadline, Limit};
    use crate::connect::class::{OptionValue, Options};
    use crate::connect::interrupt::Interrupt;
    use crate::record::fault::Subject;
    use crate::record::tap::Tap;
    use indexmap::IndexMap;
    use std::time::{Duration, Instant};

    fn endpoint(options: impl IntoIterator<Item = (&'static str, OptionValue)>) -> Endpoint {
        let subject = Subject { device: "here".into(), alias: "default".into(), via: "local".into(), class: "shell".into() };
        Endpoint {
            subject,
            os: String::new(),
            host: None,
            port: None,
            command: None,
            logins: Vec::new(),
            options: Options(IndexMap::from_iter(options)),
            folder: PathBuf::from("/usr"),
            home: Some(PathBuf::from("/tmp")),
            agent: None,
        }
    }

    fn with_limits<T>(then: impl FnOnce(&Limits<'_>) -> T) -> T {
        let deadline = Deadline::new(Instant::now(), Limit { length: Duration::from_secs(30), setting: "test".into() });
        then(&Limits { deadline: &deadline, interrupt: &Interrupt::new().expect("an eventfd"), tap: Tap::SILENT })
    }

    #[test]
    fn commands_run_in_the_folder_that_is_said_or_in_the_testbeds() {
        with_limits(|limits| {
            for (cwd, seen) in [(None, "/usr\n"), (Some("lib"), "/usr/lib\n"), (Some("/"), "/\n"), (Some("~/"), "/tmp\n")] {
                let options = cwd.map(|cwd| ("cwd", OptionValue::Text(cwd.to_owned())));
                let mut connection = Shell.open(&endpoint(options), limits).expect("it opens");
                let answer = connection.call(&Call::execute("pwd -P | sed s,^/usr/,/usr/,"), limits).expect("an answer");
                assert_eq!((answer.stdout.as_str(), answer.exit_code), (seen, Some(0)), "{cwd:?}");
            }
        });
    }

    #[test]
    fn a_missing_folder_is_a_fault_of_the_creation() {
        let missing = endpoint([("cwd", OptionValue::Text("not/there".into()))]);
        let fault = with_limits(|limits| Shell.open(&missing, limits).err()).expect("a fault");
        assert_eq!((fault.kind, fault.phase), (FaultKind::Missing, Phase::Creation));
        assert_eq!(fault.message, "`cwd` is `/usr/not/there`, which is not a folder");
    }

    #[test]
    fn the_largest_answer_is_an_option() {
        with_limits(|limits| {
            let mut connection = Shell.open(&endpoint([("max_answer", OptionValue::Count(3))]), limits).expect("it opens");
            assert!(connection.call(&Call::execute("printf abc"), limits).is_ok());
            let fault = connection.call(&Call::execute("printf abcd"), limits).expect_err("too large");
            assert_eq!((fault.kind, connection.is_alive()), (FaultKind::TooLarge, true));
        });
    }

    #[test]
    fn other_services_missing_commands_and_closed_connections_are_refused() {
        with_limits(|limits| {
            let mut connection = Shell.open(&endpoint([]), limits).expect("it opens");
            let configure = Call::configure(["x".to_owned()]);
            let fault = connection.call(&configure, limits).expect_err("no such service");
            assert_eq!(fault.message, "class `shell` has no service `configure`, it offers `execute`");
            let bare = Call { service: "execute".into(), arguments: IndexMap::new() };
            assert_eq!(connection.call(&bare, limits).expect_err("no command").kind, FaultKind::Invalid);
            connection.close();
            assert!(!connection.is_alive());
            assert_eq!(connection.call(&Call::execute("true"), limits).expect_err("closed").kind, FaultKind::NotConnected);
        });
    }
}
