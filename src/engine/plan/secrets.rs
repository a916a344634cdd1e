//! What the redactor must know of a testbed besides its secrets.

use crate::load::is_secret_key;
use crate::model::credential::Credentials;
use crate::model::testbed::Testbed;
use crate::record::redact::Redactor;

/// Makes what masks the secrets of a testbed.
#[must_use]
pub fn redactor(testbed: &Testbed) -> Redactor {
    let words = words(testbed);
    Redactor::new(testbed.secrets.iter().map(|named| &named.secret), &words.iter().map(String::as_str).collect::<Vec<_>>())
}

/// The words that stand in a testbed in the open: names, user names, hosts and attributes.
pub(super) fn words(testbed: &Testbed) -> Vec<String> {
    let mut words = vec![testbed.name.clone()];
    let mut learn = |credentials: &Credentials| {
        words.extend(credentials.values().filter_map(|credential| credential.username.as_ref()).map(|name| name.value.clone()));
    };
    learn(&testbed.credentials);
    for device in testbed.devices.values() {
        learn(&device.credentials);
        device.paths.values().for_each(|path| learn(&path.credentials));
    }
    for device in testbed.devices.values() {
        words.push(device.name.value.clone());
        let open = device.attributes.iter().filter(|(key, _)| !is_secret_key(key));
        words.extend(open.map(|(_, value)| value.value.clone()));
        words.extend(device.paths.values().flat_map(|path| path.host.iter().map(|host| host.value.clone())));
    }
    words
}
