//! Finds the credentials that a connection introduces itself with.
//!
//! A name is looked up at the path, then the device, then the testbed; a credential found nearer replaces the whole one
//! that stands further away. No file is read here.

use crate::base::diagnostic::Diagnostic;
use crate::base::place::Placed;
use crate::base::secret::Secret;
use crate::base::text;
use crate::connect::class::Login;
use crate::model::credential::Credential;
use crate::model::testbed::{ConnectionPath, Device, Testbed};
use crate::model::yaml::{Kind, Yaml};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The credential that is meant where no name is said, or the name is found nowhere.
const DEFAULT: &str = "default";

/// The credential whose password opens the privileged mode.
const ENABLE: &str = "enable";

/// What is known of the machine and the user, read once by whoever starts the run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Surroundings {
    /// The user's home folder.
    pub home: Option<PathBuf>,
    /// The socket of the user's ssh agent.
    pub agent: Option<PathBuf>,
}

impl Surroundings {
    /// What an environment says of them: `HOME` and `SSH_AUTH_SOCK`.
    #[must_use]
    pub fn of(environment: &BTreeMap<String, String>) -> Self {
        let path = |name: &str| environment.get(name).filter(|path| !path.is_empty()).map(PathBuf::from);
        Self { home: path("HOME"), agent: path("SSH_AUTH_SOCK") }
    }
}

/// Where credentials stand, the nearest first.
#[derive(Clone, Copy)]
pub(super) struct Scopes<'a> {
    pub(super) path: &'a ConnectionPath,
    pub(super) device: &'a Device,
    pub(super) testbed: &'a Testbed,
}

impl<'a> Scopes<'a> {
    /// The credential of that name, the nearest one.
    fn credential(self, name: &str) -> Option<(&'a str, &'a Credential)> {
        let scopes = [&self.path.credentials, &self.device.credentials, &self.testbed.credentials];
        scopes.into_iter().find_map(|scope| scope.get_key_value(name)).map(|(name, credential)| (name.as_str(), credential))
    }

    fn near(self, name: &str) -> Option<&'a str> {
        let scopes = [&self.path.credentials, &self.device.credentials, &self.testbed.credentials];
        text::nearest(name, scopes.into_iter().flat_map(|scope| scope.keys().map(String::as_str)))
    }

    /// `enable_password` of the login credential, else the credential `enable`, else the default's password.
    fn enable_password(self, login: &Credential) -> Option<Secret> {
        let enable = || self.credential(ENABLE).and_then(|(_, enable)| enable.password.clone().or(enable.enable_password.clone()));
        let default = || self.credential(DEFAULT).and_then(|(_, default)| default.password.clone());
        login.enable_password.clone().or_else(enable).or_else(default)
    }
}

/// The logins to try, the first one first: the path's `login_creds`, else `default`; then the device's
/// `fallback_credentials`. Empty where no credential is known. Complaints go to `found`.
pub(super) fn logins(scopes: Scopes<'_>, surroundings: &Surroundings, found: &mut Vec<Diagnostic>) -> Vec<Login> {
    let mut chosen = vec![first(scopes, found)];
    for name in &scopes.device.defaults.fallback_credentials {
        let credential = scopes.credential(&name.value);
        if credential.is_none() {
            let message = format!("credential `{}` is unknown", name.value);
            found.push(Diagnostic::error(&name.place, message).did_you_mean(scopes.near(&name.value)));
        }
        chosen.push(credential);
    }
    let mut logins: Vec<Login> = Vec::new();
    for (name, credential) in chosen.into_iter().flatten() {
        let login = login(scopes, name, credential, surroundings, found);
        if !logins.iter().any(|known| known.name == login.name) {
            logins.push(login);
        }
    }
    logins
}

/// The first credential to try.
fn first<'a>(scopes: Scopes<'a>, found: &mut Vec<Diagnostic>) -> Option<(&'a str, &'a Credential)> {
    let names = scopes.path.option("login_creds").map(|written| login_creds(written, found)).unwrap_or_default();
    if let [_, second, ..] = names.as_slice() {
        found.push(Diagnostic::warning(&second.place, "only the first of `login_creds` is used"));
    }
    let Some(name) = names.first() else { return scopes.credential(DEFAULT) };
    if let Some(credential) = scopes.credential(&name.value) {
        return Some(credential);
    }
    let message = format!("credential `{}` is unknown, `{DEFAULT}` is used", name.value);
    found.push(Diagnostic::warning(&name.place, message).did_you_mean(scopes.near(&name.value)));
    scopes.credential(DEFAULT)
}

/// The names in `login_creds`: a text, or a list of texts.
fn login_creds(written: &Yaml, found: &mut Vec<Diagnostic>) -> Vec<Placed<String>> {
    let items = match &written.kind {
        Kind::List(items) => items.as_slice(),
        Kind::Scalar(_) | Kind::Map(_) => std::slice::from_ref(written),
    };
    let mut names = Vec::new();
    for item in items {
        if let Some(name) = item.text() {
            names.push(Placed::new(name.to_owned(), item.place.clone()));
        } else {
            let message = format!("`login_creds` takes names of credentials, got {}", item.describe());
            found.push(Diagnostic::error(&item.place, message));
        }
    }
    names
}

fn login(scopes: Scopes<'_>, name: &str, credential: &Credential, surroundings: &Surroundings, found: &mut Vec<Diagnostic>) -> Login {
    Login {
        name: name.to_owned(),
        username: credential.username.as_ref().map(|username| username.value.clone()),
        password: credential.password.clone(),
        enable_password: scopes.enable_password(credential),
        key_file: credential.key_file.as_ref().map(|file| key_file(file, &scopes.testbed.folder, surroundings, found)),
        passphrase: credential.passphrase.clone(),
    }
}

/// A key file in full: `~/` is the home folder, anything relative starts from the testbed's folder.
fn key_file(file: &Placed<String>, folder: &Path, surroundings: &Surroundings, found: &mut Vec<Diagnostic>) -> PathBuf {
    match (file.value.strip_prefix("~/"), &surroundings.home) {
        (Some(rest), Some(home)) => home.join(rest),
        (Some(_), None) => {
            found.push(Diagnostic::error(&file.place, format!("`{}` needs a home folder, and none is known", file.value)));
            folder.join(&file.value)
        }
        (None, _) => folder.join(&file.value),
    }
}
