//! What class `ssh` would refuse before it opens anything, so that it is said with the plan. No file is read.

use crate::base::diagnostic::Diagnostic;
use crate::connect::class::Endpoint;
use crate::connect::classes::ssh::parse_ssh_options;
use crate::connect::route::Route;
use crate::load::whole_line;
use crate::model::testbed::{ConnectionPath, Device, Testbed};

/// The class that needs a user name and understands flags of OpenSSH's program.
const SSH: &str = "ssh";

/// The option with those flags. Flags after the protocol are put before it.
const FLAGS: &str = "ssh_options";

/// The option with the pattern of a prompt.
const PROMPT: &str = "prompt";

/// Checks every way of a route.
pub(super) fn check(route: &Route, device: &Device, testbed: &Testbed, complaints: &mut Vec<Diagnostic>) {
    for endpoint in route.ways.iter().map(|way| &way.endpoint).filter(|endpoint| endpoint.subject.class == SSH) {
        let Some(path) = device.paths.get(&endpoint.subject.via) else { continue };
        complaints.extend(flags(endpoint, path));
        complaints.extend(prompt(endpoint, path));
        complaints.extend(no_login(endpoint, path));
        complaints.extend(endpoint.logins.iter().filter(|login| login.username.is_none()).map(|login| {
            let message = format!("credential `{}` has no `username`, which class `ssh` needs", login.name);
            let scopes = [&path.credentials, &device.credentials, &testbed.credentials];
            let credential = scopes.into_iter().find_map(|scope| scope.get(&login.name));
            let place = credential.map_or(&path.name.place, |credential| &credential.place);
            Diagnostic::error(place, message).also(&path.name.place, format!("needed by this path of device `{}`", device.name.value))
        }));
    }
}

fn flags(endpoint: &Endpoint, path: &ConnectionPath) -> Option<Diagnostic> {
    let sentence = parse_ssh_options(endpoint.options.text(FLAGS)?).err()?;
    let of_protocol = path.protocol.as_ref().map(|protocol| &protocol.place);
    let place = path.option(FLAGS).map(|written| &written.place).or(of_protocol).unwrap_or(&path.name.place);
    Some(Diagnostic::error(place, sentence))
}

fn prompt(endpoint: &Endpoint, path: &ConnectionPath) -> Option<Diagnostic> {
    let sentence = whole_line(endpoint.options.text(PROMPT)?).err()?;
    let place = path.option(PROMPT).map_or(&path.name.place, |written| &written.place);
    Some(Diagnostic::error(place, format!("`{PROMPT}`: {sentence}")))
}

fn no_login(endpoint: &Endpoint, path: &ConnectionPath) -> Option<Diagnostic> {
    let (name, device) = (&path.name.value, &endpoint.subject.device);
    let message = format!("path `{name}` of device `{device}` has no credential, and class `ssh` needs a `username`");
    let complaint = Diagnostic::error(&path.name.place, message);
    let hint = "`default` is looked for under `credentials` of the path, of the device and of `testbed`";
    endpoint.logins.is_empty().then(|| complaint.hint(hint))
}
