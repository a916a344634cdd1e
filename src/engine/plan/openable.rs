//! What class `ssh` would refuse before it opens anything, so that it is said with the plan. No file is read.

use crate::base::diagnostic::Diagnostic;
use crate::base::place::Place;
use crate::base::text;
use crate::connect::class::Endpoint;
use crate::connect::classes::ssh::{SshOptions, parse_ssh_options};
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
        complaints.extend(prompt(endpoint, path));
        let flags = match endpoint.options.text(FLAGS).map(parse_ssh_options).transpose() {
            Ok(flags) => flags.unwrap_or_default(),
            Err(sentence) => {
                complaints.push(Diagnostic::error(flags_place(path), sentence));
                continue;
            }
        };
        complaints.extend(unheeded(&flags, path));
        complaints.extend(overruled(&flags, endpoint, path));
        if flags.user.is_some() {
            continue;
        }
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

/// Where the flags stand: in the option, or after the protocol.
fn flags_place(path: &ConnectionPath) -> &Place {
    let of_protocol = path.protocol.as_ref().map(|protocol| &protocol.place);
    path.option(FLAGS).map(|written| &written.place).or(of_protocol).unwrap_or(&path.name.place)
}

/// Flags that OpenSSH knows and class `ssh` does without.
fn unheeded(flags: &SshOptions, path: &ConnectionPath) -> Option<Diagnostic> {
    let all = || flags.unheeded.iter().map(String::as_str);
    let is = if flags.unheeded.len() == 1 { "is" } else { "are" };
    let message = format!("{} in `ssh_options` {is} not honoured by class `ssh`", text::names(all()));
    (!flags.unheeded.is_empty()).then(|| Diagnostic::warning(flags_place(path), message))
}

/// What flags say and the testbed says otherwise beside them.
fn overruled(flags: &SshOptions, endpoint: &Endpoint, path: &ConnectionPath) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    if let (Some(flag), Some(port)) = (flags.port, endpoint.port.filter(|port| flags.port.is_some_and(|flag| flag != *port))) {
        let message = format!("the port is {port} and `ssh_options` says {flag}: name it once");
        found.push(Diagnostic::error(flags_place(path), message));
    }
    let other = endpoint.logins.iter().find(|login| login.username.is_some() && login.username != flags.user);
    if let (Some(user), Some(login)) = (&flags.user, other) {
        let message = format!("the user `{user}` in `ssh_options` is not honoured: credential `{}` has a `username`", login.name);
        found.push(Diagnostic::warning(flags_place(path), message));
    }
    found
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
