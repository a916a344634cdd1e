//! `credentials`, and the older `tacacs` and `passwords`.

use crate::base::diagnostic::Diagnostic;
use crate::base::place::{Place, Placed};
use crate::base::secret::Secret;
use crate::load::complaints::Complaints;
use crate::load::fields::Fields;
use crate::load::scalar::{self, Dialect};
use crate::model::credential::{Credential, Credentials};
use crate::model::yaml::{Entry, Kind, Yaml};

/// The credential of a login where nothing else is said.
const DEFAULT: &str = "default";

/// Words of the older `passwords` that are the password of a login, the stronger one first: by a login server, and of a
/// host.
const LOGIN_WORDS: [&str; 2] = ["tacacs", "linux"];

/// The older form of credentials, as it stands at a testbed, device or path.
#[derive(Clone, Copy, Default)]
pub(super) struct Legacy<'a> {
    tacacs: Option<&'a Entry>,
    passwords: Option<&'a Entry>,
}

impl<'a> Legacy<'a> {
    /// Takes both parts from a mapping.
    pub(super) fn take(fields: &mut Fields<'a>) -> Self {
        Self { tacacs: fields.take("tacacs"), passwords: fields.take("passwords") }
    }

    /// These parts; where there is one of them only, the other of what is further away.
    pub(super) fn within(self, outer: &Self) -> Self {
        match self {
            Self { tacacs: None, passwords: None } => self,
            _ => Self { tacacs: self.tacacs.or(outer.tacacs), passwords: self.passwords.or(outer.passwords) },
        }
    }
}

/// Reads the credentials of a testbed or device. Names in `credentials` win over the older form.
pub(super) fn read(fields: &mut Fields<'_>, legacy: &Legacy<'_>) -> Credentials {
    let mut credentials = modern(fields);
    add_legacy(legacy, &mut credentials, fields.complaints);
    credentials
}

/// Reads the credentials of a path, where a user name and a password may also stand by themselves.
pub(super) fn read_of_path<'a>(fields: &mut Fields<'a>, outer: &Legacy<'a>) -> Credentials {
    let mut credentials = modern(fields);
    let complaints = fields.complaints;
    let bare: Vec<&Entry> = ["username", "password"].into_iter().filter_map(|key| fields.take(key)).collect();
    if let Some(first) = bare.first() {
        let place = &first.key.place;
        if credentials.contains_key(DEFAULT) {
            let message = "`username` and `password` are not honoured here: the path has a credential `default`";
            complaints.warning(place, message);
        } else {
            let named = |key: &str| bare.iter().find(|entry| entry.key.value == key);
            let username = named("username").and_then(|entry| scalar::text(&entry.value, "username", complaints));
            let password = named("password").and_then(|entry| secret_of(&entry.value, "password", complaints));
            credentials.insert(DEFAULT.to_owned(), Credential { username, password, ..empty(place) });
            let message = "a `username` or `password` of the path itself is read as its credential `default`";
            complaints.add(Diagnostic::warning(place, message).hint(MODERN));
        }
    }
    let own = Legacy::take(fields);
    add_legacy(&own.within(outer), &mut credentials, complaints);
    credentials
}

/// The modern form, for hints.
const MODERN: &str = "write `credentials: {default: {username: ..., password: ...}}`";

fn modern(fields: &mut Fields<'_>) -> Credentials {
    let complaints = fields.complaints;
    let entries = fields.map("credentials").iter();
    // A name without a value says nothing.
    let said = entries.filter(|entry| !entry.value.scalar().is_some_and(|scalar| scalar.value.is_null()));
    said.filter_map(|entry| credential(entry, complaints).map(|credential| (entry.key.value.clone(), credential))).collect()
}

fn credential(entry: &Entry, complaints: &Complaints) -> Option<Credential> {
    let mut fields = Fields::of(&entry.value, "a credential", Dialect::Testbed, complaints)?;
    let credential = Credential {
        place: entry.key.place.clone(),
        username: fields.text("username"),
        password: secret(&mut fields, "password"),
        enable_password: secret(&mut fields, "enable_password"),
        key_file: key_file(&mut fields),
        passphrase: secret(&mut fields, "passphrase"),
    };
    for entry in fields.rest() {
        super::not_honoured(entry, fields.near(&entry.key.value), complaints);
    }
    Some(credential)
}

fn secret(fields: &mut Fields<'_>, key: &'static str) -> Option<Secret> {
    fields.take(key).and_then(|entry| secret_of(&entry.value, key, fields.complaints))
}

fn secret_of(yaml: &Yaml, key: &str, complaints: &Complaints) -> Option<Secret> {
    scalar::text(yaml, key, complaints).map(|text| Secret::new(text.value))
}

fn key_file(fields: &mut Fields<'_>) -> Option<Placed<String>> {
    let mut found: Option<Placed<String>> = None;
    for key in ["key", "ssh_key", "key_file"] {
        let Some(file) = fields.filled(key) else { continue };
        if file.value.contains("PRIVATE KEY") {
            fields.complaints.hide(file.place.clone());
            let message = format!("`{key}` wants the path of a key file, found a private key itself");
            fields.complaints.error(&file.place, message);
        } else if let Some(first) = &found {
            let message = format!("`{key}` names a second key file");
            fields.complaints.add(Diagnostic::error(&file.place, message).also(&first.place, "the first is here"));
        } else {
            found = Some(file);
        }
    }
    found
}

/// Makes the credentials `default`, `enable` and the like of what older testbeds say.
fn add_legacy(legacy: &Legacy<'_>, credentials: &mut Credentials, complaints: &Complaints) {
    let Some(first) = legacy.tacacs.or(legacy.passwords) else { return };
    let older = format!("`{}` is the older form of `credentials`", first.key.value);
    complaints.add(Diagnostic::warning(&first.key.place, older).hint(MODERN));
    let username = legacy
        .tacacs
        .and_then(|entry| Fields::of(&entry.value, "`tacacs`", Dialect::Testbed, complaints))
        .and_then(|mut fields| fields.text("username"));
    let words = legacy.passwords.and_then(|entry| scalar::map(&entry.value, "passwords", complaints)).unwrap_or_default();
    let said: Vec<(&Entry, Option<Secret>)> = words
        .iter()
        .filter(|word| !matches!(&word.value.kind, Kind::Scalar(scalar) if scalar.value.is_null()))
        .map(|word| (word, secret_of(&word.value, &word.key.value, complaints)))
        .collect();
    let login = LOGIN_WORDS.iter().find_map(|name| said.iter().find(|(word, _)| word.key.value == *name));
    if login.is_some() || username.is_some() {
        let (place, password) = login.map_or((&first.key.place, None), |(word, password)| (&word.key.place, password.clone()));
        let default = || Credential { username, password, ..empty(place) };
        credentials.entry(DEFAULT.to_owned()).or_insert_with(default);
    }
    for (word, password) in said.into_iter().filter(|(word, _)| word.key.value != LOGIN_WORDS[0]) {
        let named = || Credential { password, ..empty(&word.key.place) };
        credentials.entry(word.key.value.clone()).or_insert_with(named);
    }
}

fn empty(place: &Place) -> Credential {
    Credential { place: place.clone(), username: None, password: None, enable_password: None, key_file: None, passphrase: None }
}
