//! `credentials`, and the older `tacacs` and `passwords`.

use crate::base::diagnostic::Diagnostic;
use crate::base::place::{Place, Placed};
use crate::base::secret::Secret;
use crate::load::complaints::Complaints;
use crate::load::fields::Fields;
use crate::load::scalar::{self, Dialect};
use crate::model::credential::{Credential, Credentials};
use crate::model::yaml::{Entry, Kind, Yaml};

/// Reads the credentials of a testbed, device or connection. Names in `credentials` win over the older keys.
pub(super) fn read(fields: &mut Fields<'_>) -> Credentials {
    let complaints = fields.complaints;
    let mut credentials: Credentials = fields
        .map("credentials")
        .iter()
        .filter_map(|entry| credential(entry, complaints).map(|credential| (entry.key.value.clone(), credential)))
        .collect();
    let (tacacs, passwords) = (fields.take("tacacs"), fields.take("passwords"));
    legacy(tacacs, passwords, &mut credentials, complaints);
    credentials
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
        let key = &entry.key;
        match fields.near(&key.value) {
            Some(near) => {
                let message = format!("a credential has no key `{}`", key.value);
                complaints.add(Diagnostic::error(&key.place, message).did_you_mean(Some(near)));
            }
            None => super::not_honoured(entry, None, complaints),
        }
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
fn legacy(tacacs: Option<&Entry>, passwords: Option<&Entry>, credentials: &mut Credentials, complaints: &Complaints) {
    let username = tacacs
        .and_then(|entry| Fields::of(&entry.value, "`tacacs`", Dialect::Testbed, complaints))
        .and_then(|mut fields| fields.text("username"));
    let words = passwords.and_then(|entry| scalar::map(&entry.value, "passwords", complaints)).unwrap_or_default();
    for word in words {
        if matches!(&word.value.kind, Kind::Scalar(scalar) if scalar.value.is_null()) {
            continue;
        }
        let name = if word.key.value == "tacacs" { "default" } else { word.key.value.as_str() };
        let password = secret_of(&word.value, &word.key.value, complaints);
        let username = username.clone().filter(|_| name == "default");
        credentials.entry(name.to_owned()).or_insert_with(|| Credential { username, password, ..empty(&word.key.place) });
    }
    if let (Some(username), Some(entry)) = (username, tacacs) {
        let place = &entry.key.place;
        credentials.entry("default".to_owned()).or_insert_with(|| Credential { username: Some(username), ..empty(place) });
    }
}

fn empty(place: &Place) -> Credential {
    Credential { place: place.clone(), username: None, password: None, enable_password: None, key_file: None, passphrase: None }
}
