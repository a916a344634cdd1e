//! The classes that there are, and which one a name or a protocol means.
//!
//! Nothing here looks at a device or opens anything.

use crate::base::text;
use crate::connect::class::Class;
use crate::connect::classes::replay::Replay;
use crate::connect::classes::shell::Shell;
use crate::connect::classes::ssh::Ssh;
use std::fmt;
use std::sync::Arc;

/// The classes of a run, in the order in which they were registered.
#[derive(Clone)]
pub struct Registry {
    classes: Vec<Arc<dyn Class>>,
}

/// What a text in `class:` means.
#[derive(Clone)]
pub enum Meaning {
    /// This class.
    Class(Arc<dyn Class>),
    /// The class that speaks the path's protocol: pyATS's `unicon.Unicon` serves them all.
    ByProtocol,
}

/// pyATS's Python classes and what they are here; `None` is the class of the path's protocol.
const PYTHON: [(&str, Option<&str>); 9] = [
    ("unicon.Unicon", None),
    ("unicon.Connection", None),
    ("unicon.connection.Unicon", None),
    ("rest.connector.Rest", Some("rest")),
    ("yang.connector.Netconf", Some("netconf")),
    ("yang.connector.netconf.Netconf", Some("netconf")),
    ("yang.ncdiff.ModelDevice", Some("netconf")),
    ("yang.connector.Gnmi", Some("gnmi")),
    ("yang.connector.gnmi.Gnmi", Some("gnmi")),
];

/// Classes that are planned, and the protocols that mean them. A testbed may name them; only a job that needs them is
/// refused.
const LATER: [(&str, &[&str]); 6] = [
    ("telnet", &["telnet"]),
    ("rest", &["rest", "http", "https", "restconf"]),
    ("netconf", &["netconf"]),
    ("gnmi", &["gnmi", "grpc"]),
    ("snmp", &["snmp"]),
    ("plugin", &["plugin"]),
];

/// Why a class cannot be registered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegistrationError {
    /// Two classes have one name.
    #[error("class `{0}` is registered already")]
    Twice(String),
}

/// Why no class can be found, or more than one is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClassError {
    /// No class has that name.
    #[error("class `{name}` is unknown, there are {known}")]
    Unknown {
        /// The name as written.
        name: String,
        /// The classes there are.
        known: Known,
    },
    /// A planned class.
    #[error("class `{class}` is not there in this version, there are {known}")]
    NotYet {
        /// Its name.
        class: &'static str,
        /// The classes there are.
        known: Known,
    },
    /// The protocol of a planned class.
    #[error("class `{class}` is not there in this version, and protocol `{protocol}` needs it; the classes are {known}")]
    ProtocolNotYet {
        /// The protocol as written.
        protocol: String,
        /// The class that would speak it.
        class: &'static str,
        /// The classes there are.
        known: Known,
    },
    /// A Python class that means nothing here.
    #[error("`{path}` is a Python class, which has no equal here; the classes are {known}")]
    Python {
        /// The dotted path as written.
        path: String,
        /// The classes there are.
        known: Known,
    },
    /// A Python class whose equal is not registered.
    #[error("`{path}` would be class `{class}`, which is not there in this version; the classes are {known}")]
    NotThere {
        /// The dotted path as written.
        path: String,
        /// The class that it means.
        class: String,
        /// The classes there are.
        known: Known,
    },
    /// No class speaks that protocol.
    #[error("no class speaks protocol `{protocol}`, there are {known}")]
    UnknownProtocol {
        /// The protocol as written.
        protocol: String,
        /// The protocols there are.
        known: Known,
    },
    /// Several classes speak that protocol.
    #[error("protocol `{protocol}` could be {classes}: `class` must say which")]
    Ambiguous {
        /// The protocol.
        protocol: String,
        /// The classes that speak it.
        classes: Known,
    },
}

/// Names to choose from, shown as a list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Known(pub Vec<String>);

impl fmt::Display for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [] => f.write_str("none"),
            names => f.write_str(&text::names(names.iter().map(String::as_str))),
        }
    }
}

impl Known {
    /// Keeps names in their order.
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        Self(names.into_iter().map(ToOwned::to_owned).collect())
    }

    /// The one that `name` most likely means.
    #[must_use]
    pub fn near(&self, name: &str) -> Option<&str> {
        text::nearest(name, self.0.iter().map(String::as_str))
    }
}

impl ClassError {
    /// The name that was most likely meant.
    #[must_use]
    pub fn near(&self) -> Option<&str> {
        match self {
            Self::Unknown { name, known } => known.near(name),
            Self::UnknownProtocol { protocol, known } => known.near(protocol),
            Self::Python { path, .. } => text::nearest(path, PYTHON.iter().map(|(known, _)| *known)),
            Self::NotYet { .. } | Self::ProtocolNotYet { .. } | Self::NotThere { .. } | Self::Ambiguous { .. } => None,
        }
    }
}

impl Registry {
    /// The classes that come with this program. One value serves a whole run, because `replay` counts what was asked.
    #[must_use]
    pub fn standard() -> Self {
        let classes: Vec<Arc<dyn Class>> = vec![Arc::new(Ssh::new()), Arc::new(Shell), Arc::new(Replay::default())];
        Self { classes }
    }

    /// Registers `classes` and no others.
    ///
    /// # Errors
    /// Two of them have one name.
    pub fn new(classes: impl IntoIterator<Item = Arc<dyn Class>>) -> Result<Self, RegistrationError> {
        let mut registry = Self { classes: Vec::new() };
        for class in classes {
            registry.register(class)?;
        }
        Ok(registry)
    }

    /// Adds a class. [`Class`] shows one.
    ///
    /// # Errors
    /// There is one of that name.
    pub fn register(&mut self, class: Arc<dyn Class>) -> Result<(), RegistrationError> {
        let name = class.spec().name;
        if self.find(name).is_some() {
            return Err(RegistrationError::Twice(name.to_owned()));
        }
        self.classes.push(class);
        Ok(())
    }

    /// Every class, in order.
    pub fn classes(&self) -> impl Iterator<Item = &Arc<dyn Class>> {
        self.classes.iter()
    }

    /// The class of that name.
    ///
    /// # Errors
    /// There is none.
    pub fn class(&self, name: &str) -> Result<Arc<dyn Class>, ClassError> {
        let later = || LATER.iter().find(|(class, _)| *class == name);
        self.find(name).cloned().ok_or_else(|| match later() {
            Some((class, _)) => ClassError::NotYet { class, known: self.names() },
            None => ClassError::Unknown { name: name.to_owned(), known: self.names() },
        })
    }

    /// What a text in `class:` means: a class of ours, or one of pyATS's well-known Python classes.
    ///
    /// # Errors
    /// It means nothing here.
    pub fn meaning(&self, written: &str) -> Result<Meaning, ClassError> {
        match PYTHON.iter().find(|(path, _)| *path == written) {
            Some((_, None)) => Ok(Meaning::ByProtocol),
            Some((path, Some(class))) => self.find(class).cloned().map(Meaning::Class).ok_or_else(|| ClassError::NotThere {
                path: (*path).to_owned(),
                class: (*class).to_owned(),
                known: self.names(),
            }),
            None if written.contains('.') => Err(ClassError::Python { path: written.to_owned(), known: self.names() }),
            None => self.class(written).map(Meaning::Class),
        }
    }

    /// The class that speaks a protocol.
    ///
    /// # Errors
    /// None speaks it, or several do.
    pub fn by_protocol(&self, protocol: &str) -> Result<Arc<dyn Class>, ClassError> {
        let speaking: Vec<&Arc<dyn Class>> = self.classes.iter().filter(|class| class.spec().protocols.contains(&protocol)).collect();
        match speaking.as_slice() {
            [class] => Ok(Arc::clone(class)),
            [] => Err(self.no_class_for(protocol)),
            several => Err(ClassError::Ambiguous {
                protocol: protocol.to_owned(),
                classes: Known::new(several.iter().map(|class| class.spec().name)),
            }),
        }
    }

    fn no_class_for(&self, protocol: &str) -> ClassError {
        let protocol = protocol.to_owned();
        match LATER.iter().find(|(_, protocols)| protocols.contains(&protocol.as_str())) {
            Some((class, _)) => ClassError::ProtocolNotYet { protocol, class, known: self.names() },
            None => ClassError::UnknownProtocol {
                protocol,
                known: Known::new(self.classes.iter().flat_map(|class| class.spec().protocols.iter().copied())),
            },
        }
    }

    /// Whether a class offers a service of that name.
    #[must_use]
    pub fn offers(&self, service: &str) -> bool {
        self.classes.iter().any(|class| class.spec().service(service).is_some())
    }

    fn find(&self, name: &str) -> Option<&Arc<dyn Class>> {
        self.classes.iter().find(|class| class.spec().name == name)
    }

    fn names(&self) -> Known {
        Known::new(self.classes.iter().map(|class| class.spec().name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connect::fake::Fake;

    fn meant(registry: &Registry, written: &str) -> String {
        match registry.meaning(written) {
            Ok(Meaning::Class(class)) => class.spec().name.to_owned(),
            Ok(Meaning::ByProtocol) => "by protocol".to_owned(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn names_and_python_paths_mean_classes() {
        let registry = Registry::standard();
        let known = registry.names().to_string();
        for (written, meaning) in [
            ("shell", "shell".to_owned()),
            ("replay", "replay".to_owned()),
            ("unicon.Unicon", "by protocol".to_owned()),
            ("shel", format!("class `shel` is unknown, there are {known}")),
            ("my.lab.Console", format!("`my.lab.Console` is a Python class, which has no equal here; the classes are {known}")),
            (
                "yang.connector.Gnmi",
                format!("`yang.connector.Gnmi` would be class `gnmi`, which is not there in this version; the classes are {known}"),
            ),
            ("telnet", format!("class `telnet` is not there in this version, there are {known}")),
        ] {
            assert_eq!(meant(&registry, written), meaning, "{written}");
        }
        assert_eq!(registry.class("shel").err().and_then(|error| error.near().map(ToOwned::to_owned)).as_deref(), Some("shell"));
    }

    #[test]
    fn a_protocol_means_the_one_class_that_speaks_it() {
        let registry = Registry::new([Arc::new(Shell) as Arc<dyn Class>, Fake::ssh(), Fake::rival()]).expect("three names");
        assert_eq!(registry.by_protocol("local").expect("one").spec().name, "shell");
        let error = registry.by_protocol("ssh").err().expect("two speak it");
        assert_eq!(error.to_string(), "protocol `ssh` could be `ssh` and `rival`: `class` must say which");
        let error = registry.by_protocol("sssh").err().expect("unknown");
        assert_eq!(error.near(), Some("ssh"));
        assert!(registry.by_protocol("").is_err());
    }

    #[test]
    fn a_name_is_registered_once() {
        let mut registry = Registry::standard();
        assert_eq!(registry.register(Arc::new(Shell)), Err(RegistrationError::Twice("shell".to_owned())));
        assert!(registry.offers("configure") && !registry.offers("fly"));
    }
}
