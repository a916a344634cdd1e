//! What the redactor must know of a testbed.

use crate::base::secret::Secret;
use crate::model::credential::Credentials;
use crate::model::testbed::Testbed;

/// Every secret of a testbed, and the words that stand in it in the open.
#[must_use]
pub fn of(testbed: &Testbed) -> (Vec<Secret>, Vec<String>) {
    let mut secrets = Vec::new();
    let mut words = vec![testbed.name.clone()];
    let mut learn = |credentials: &Credentials| {
        for credential in credentials.values() {
            let own = [&credential.password, &credential.enable_password, &credential.passphrase];
            secrets.extend(own.into_iter().flatten().cloned());
            words.extend(credential.username.iter().map(|name| name.value.clone()));
        }
    };
    learn(&testbed.credentials);
    for device in testbed.devices.values() {
        learn(&device.credentials);
        device.paths.values().for_each(|path| learn(&path.credentials));
    }
    for device in testbed.devices.values() {
        words.push(device.name.value.clone());
        words.extend(device.attributes.values().map(|value| value.value.clone()));
        words.extend(device.paths.values().flat_map(|path| path.host.iter().map(|host| host.value.clone())));
    }
    (secrets, words)
}
