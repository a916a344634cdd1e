//! Chooses the paths of a device that a connection takes, and the class of each.
//!
//! The paths: argument > `defaults.via` > the only one there is > the only one that suits the class asked for, which is any
//! that takes commands where nothing is said. The class of a path: argument > the path's `class` > `defaults.class` > the one
//! that speaks its protocol. Nothing is opened, and no name is resolved.

use crate::base::diagnostic::Diagnostic;
use crate::base::place::{Place, Placed};
use crate::base::text;
use crate::connect::class::Class;
use crate::connect::registry::{ClassError, Known, Meaning, Registry};
use crate::connect::request::Request;
use crate::model::testbed::{ConnectionPath, Device};
use std::sync::Arc;

/// The protocol of mock devices in pyATS's own examples: as good as none.
const NO_PROTOCOL: &str = "unknown";

/// The class of a path that names a program to spawn, and neither class nor protocol.
const OF_COMMAND: &str = "shell";

/// The protocol of a path that names a host, and neither class nor protocol.
const OF_HOST: &str = "ssh";

/// The protocol of consoles, which carry commands, and its class.
const CONSOLE: &str = "telnet";

/// Why the paths of a connection cannot be told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// There is nothing to choose from.
    #[error("device `{device}` has no connections")]
    NoPaths {
        /// The device.
        device: String,
    },
    /// A path was named that is not there.
    #[error("device `{device}` has no path `{path}`, there are {known}")]
    Unknown {
        /// The device.
        device: String,
        /// The path as written.
        path: String,
        /// The paths there are.
        known: Known,
    },
    /// Several paths, and no rule tells them apart.
    #[error("device `{device}` can be reached by {choices}: nothing says which")]
    Several {
        /// The device.
        device: String,
        /// The paths that are left.
        choices: Known,
    },
    /// Several paths, and none suits the class.
    #[error("no path of device `{device}` suits class `{class}`: there are {choices}")]
    NoneSuits {
        /// The device.
        device: String,
        /// The class as written.
        class: String,
        /// The paths there are.
        choices: Known,
    },
    /// A path says nothing that a class could be told from.
    #[error("path `{path}` says neither `class` nor `protocol`, and has no `host` to tell a class from")]
    NoClass {
        /// The path.
        path: String,
    },
}

/// What is asked, of which device.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) device: &'a Device,
    pub(super) request: &'a Request,
    pub(super) registry: &'a Registry,
}

/// A path's protocol, lower case, and the words that follow it: `ssh -p 50225`.
pub(super) fn protocol(path: &ConnectionPath) -> Option<(String, &str)> {
    let written = path.protocol.as_ref()?.value.trim();
    let (protocol, flags) = written.split_once(char::is_whitespace).unwrap_or((written, ""));
    let protocol = protocol.to_lowercase();
    (!protocol.is_empty() && protocol != NO_PROTOCOL).then(|| (protocol, flags.trim()))
}

impl<'a> Asked<'a> {
    /// Where complaints about what was asked point to.
    pub(super) fn place(&self) -> &'a Place {
        self.request.place.as_ref().unwrap_or(&self.device.name.place)
    }

    /// The paths to try in order: argument > `defaults.via` > the only one > the only one that suits the class.
    pub(super) fn paths(&self) -> Result<Vec<&'a ConnectionPath>, Vec<Diagnostic>> {
        let defaults = &self.device.defaults.via;
        if !self.request.via.is_empty() {
            let place = self.place();
            return self.named(self.request.via.iter().map(|name| (name, place)));
        }
        if !defaults.is_empty() {
            return self.named(defaults.iter().map(|name| (&name.value, &name.place)));
        }
        let mut paths = self.device.paths.values();
        match (paths.next(), paths.next()) {
            (None, _) => Err(vec![Diagnostic::error(self.place(), PathError::NoPaths { device: self.name() }.to_string())]),
            (Some(only), None) => Ok(vec![only]),
            (Some(_), Some(_)) => self.suiting().map(|path| vec![path]).map_err(|diagnostic| vec![*diagnostic]),
        }
    }

    /// The paths of these names; every unknown name is a complaint of its own.
    fn named(&self, names: impl Iterator<Item = (&'a String, &'a Place)>) -> Result<Vec<&'a ConnectionPath>, Vec<Diagnostic>> {
        let (mut paths, mut found) = (Vec::new(), Vec::new());
        for (name, place) in names {
            if let Some(path) = self.device.paths.get(name) {
                paths.push(path);
                continue;
            }
            let near = text::nearest(name, self.device.paths.keys().map(String::as_str));
            let known = known(self.device.paths.values());
            let error = PathError::Unknown { device: self.name(), path: name.clone(), known };
            found.push(Diagnostic::error(place, error.to_string()).did_you_mean(near));
        }
        if found.is_empty() { Ok(paths) } else { Err(found) }
    }

    /// The one path of several that suits the class that is asked for. The first of these groups that has any decides: the
    /// paths that name the class; the paths without class whose protocol it speaks; the paths with neither.
    fn suiting(&self) -> Result<&'a ConnectionPath, Box<Diagnostic>> {
        let Some(written) = self.wanted_class() else { return self.commanding() };
        let meaning = self.registry.meaning(&written.value).map_err(|error| Box::new(unknown_class(&error, &written.place)))?;
        let all = || self.device.paths.values();
        let groups: [Vec<&ConnectionPath>; 3] = [
            all().filter(|path| path.class.as_ref().is_some_and(|class| self.is_same(&class.value, &meaning))).collect(),
            all().filter(|path| path.class.is_none() && self.speaks(path, &meaning)).collect(),
            all().filter(|path| path.class.is_none() && protocol(path).is_none()).collect(),
        ];
        match groups.iter().find(|group| !group.is_empty()).map(Vec::as_slice) {
            Some([only]) => Ok(only),
            Some(several) => Err(Box::new(self.several(several.iter().copied(), &written.place))),
            None => {
                let error = PathError::NoneSuits { device: self.name(), class: written.value, choices: known(all()) };
                Err(Box::new(Diagnostic::error(&written.place, error.to_string())))
            }
        }
    }

    /// The one path of several that commands can be sent by: where nothing is said, that is how a device is spoken to.
    fn commanding(&self) -> Result<&'a ConnectionPath, Box<Diagnostic>> {
        let all = || self.device.paths.values();
        let left: Vec<&ConnectionPath> = all().filter(|path| self.takes_commands(path)).collect();
        match left.as_slice() {
            [only] => Ok(only),
            [] => Err(Box::new(self.several(all(), self.place()))),
            several => Err(Box::new(self.several(several.iter().copied(), self.place()))),
        }
    }

    fn takes_commands(&self, path: &ConnectionPath) -> bool {
        match path.class.as_ref().map(|class| self.registry.meaning(&class.value)) {
            Some(Ok(Meaning::Class(class))) => class.spec().service("execute").is_some(),
            Some(Err(ClassError::NotYet { class, .. })) => class == CONSOLE,
            // A slip must not make another path the only one.
            Some(Err(ClassError::Unknown { .. })) => true,
            Some(Err(_)) => false,
            None | Some(Ok(Meaning::ByProtocol)) => self.speaks(path, &Meaning::ByProtocol) || protocol(path).is_none(),
        }
    }

    fn is_same(&self, written: &str, wanted: &Meaning) -> bool {
        match (self.registry.meaning(written), wanted) {
            (Ok(Meaning::ByProtocol), Meaning::ByProtocol) => true,
            (Ok(Meaning::Class(class)), Meaning::Class(wanted)) => class.spec().name == wanted.spec().name,
            _ => false,
        }
    }

    /// Whether the class speaks the path's protocol. A class by protocol is one that executes commands.
    fn speaks(&self, path: &ConnectionPath, meaning: &Meaning) -> bool {
        let Some((protocol, _)) = protocol(path) else { return false };
        match meaning {
            Meaning::Class(class) => class.spec().protocols.contains(&protocol.as_str()),
            Meaning::ByProtocol => match self.registry.by_protocol(&protocol) {
                Ok(class) => class.spec().service("execute").is_some(),
                // What cannot be spoken yet is a choice all the same: the path must not change with the version.
                Err(_) => protocol == CONSOLE,
            },
        }
    }

    /// Points at the first of the paths, since the testbed is what has to say more; `asked` is where one was asked for.
    fn several<'p>(&self, left: impl Iterator<Item = &'p ConnectionPath> + Clone, asked: &Place) -> Diagnostic {
        let place = left.clone().next().map_or(asked, |path| &path.name.place).clone();
        let error = PathError::Several { device: self.name(), choices: known(left) };
        let complaint = Diagnostic::error(&place, error.to_string()).also(asked, "asked for here");
        complaint.hint("set `via` under `connections.defaults` of the device, or name the path by `alias` of the step")
    }

    /// The class that is asked for whatever the path: argument > `defaults.class`.
    fn wanted_class(&self) -> Option<Placed<String>> {
        let argument = self.request.class.as_ref().map(|class| Placed::new(class.clone(), self.place().clone()));
        argument.or_else(|| self.device.defaults.class.clone())
    }

    /// The class of a path: argument > the path's `class` > `defaults.class` > by the path's protocol.
    pub(super) fn class(&self, path: &ConnectionPath) -> Result<Arc<dyn Class>, Box<Diagnostic>> {
        let argument = self.request.class.as_ref().map(|class| Placed::new(class.clone(), self.place().clone()));
        let written = argument.or_else(|| path.class.clone()).or_else(|| self.device.defaults.class.clone());
        match written {
            None => self.class_by_protocol(path),
            Some(written) => match self.registry.meaning(&written.value) {
                Ok(Meaning::Class(class)) => Ok(class),
                Ok(Meaning::ByProtocol) => self.class_by_protocol(path),
                Err(error) => Err(Box::new(unknown_class(&error, &written.place))),
            },
        }
    }

    fn class_by_protocol(&self, path: &ConnectionPath) -> Result<Arc<dyn Class>, Box<Diagnostic>> {
        let place = path.protocol.as_ref().map_or(&path.name.place, |protocol| &protocol.place);
        let found = match protocol(path) {
            Some((protocol, _)) => self.registry.by_protocol(&protocol),
            None if path.command.is_some() => self.registry.class(OF_COMMAND),
            None if path.host.is_some() => self.registry.by_protocol(OF_HOST),
            None => {
                let error = PathError::NoClass { path: path.name.value.clone() };
                return Err(Box::new(Diagnostic::error(&path.name.place, error.to_string())));
            }
        };
        found.map_err(|error| Box::new(unknown_class(&error, place)))
    }

    fn name(&self) -> String {
        self.device.name.value.clone()
    }
}

fn known<'p>(paths: impl Iterator<Item = &'p ConnectionPath>) -> Known {
    Known::new(paths.map(|path| path.name.value.as_str()))
}

fn unknown_class(error: &ClassError, place: &Place) -> Diagnostic {
    Diagnostic::error(place, error.to_string()).did_you_mean(error.near())
}
