//! Whether the files are there that a plan will read.

use crate::base::diagnostic::Diagnostic;
use crate::cli::world::shown;
use crate::connect::class::{Login, OptionKind};
use crate::connect::classes::ssh::{HostKeyPolicy, parse_ssh_options};
use crate::connect::route::Way;
use crate::engine::plan::Plan;
use crate::model::credential::Credential;
use crate::model::testbed::{ConnectionPath, Testbed};
use std::path::Path;

/// Complains about every recording, key file and file of known hosts that is not there and that nothing would make.
pub(super) fn missing(plan: &Plan, testbed: &Testbed) -> Vec<Diagnostic> {
    let mut complaints = Vec::new();
    for route in plan.routes.iter().map(|planned| &planned.route) {
        let Some(device) = testbed.devices.get(&route.device) else { continue };
        for way in &route.ways {
            let Some(path) = device.paths.get(&way.endpoint.subject.via) else { continue };
            complaints.extend(options(way, path));
            complaints.extend(ssh_files(way, path));
            let scopes = [&path.credentials, &device.credentials, &testbed.credentials];
            let credential = |login: &Login| scopes.into_iter().find_map(|scope| scope.get(&login.name));
            complaints.extend(way.endpoint.logins.iter().filter_map(|login| key_file(login, credential(login)?)));
        }
    }
    complaints
}

/// The files that the class requires.
fn options(way: &Way, path: &ConnectionPath) -> Vec<Diagnostic> {
    let spec = way.class.spec();
    let needed = spec.options.iter().filter(|option| option.kind == OptionKind::File && spec.requires.contains(&option.name));
    let missing = needed.filter_map(|option| {
        let written = path.option(option.name)?;
        let file = way.endpoint.resolve(way.endpoint.options.text(option.name)?);
        (!file.is_file()).then(|| Diagnostic::error(&written.place, sentence(option.name, &file)))
    });
    missing.collect()
}

/// The files of class `ssh`: the key that flags name, and the known hosts where nobody else may make that file.
fn ssh_files(way: &Way, path: &ConnectionPath) -> Vec<Diagnostic> {
    let options = &way.endpoint.options;
    if way.class.spec().name != "ssh" {
        return Vec::new();
    }
    let Ok(flags) = options.text("ssh_options").map(parse_ssh_options).transpose() else { return Vec::new() };
    let flags = flags.unwrap_or_default();
    let of_flags = path.option("ssh_options").map(|written| &written.place).or(path.protocol.as_ref().map(|protocol| &protocol.place));
    let in_flags = of_flags.unwrap_or(&path.name.place);
    let mut complaints = Vec::new();
    if let Some(key) = &flags.key_file {
        let file = way.endpoint.resolve(key);
        complaints.extend((!file.is_file()).then(|| Diagnostic::error(in_flags, sentence("ssh_options", &file))));
    }
    let is_strict = match options.text("host_keys") {
        Some(policy) => policy == "strict",
        None => flags.host_keys == Some(HostKeyPolicy::Strict),
    };
    let own = options.text("known_hosts").map(|file| (file, path.option("known_hosts").map_or(in_flags, |written| &written.place)));
    let named = own.or(flags.known_hosts.as_deref().map(|file| (file, in_flags)));
    if let Some((file, place)) = named.filter(|_| is_strict) {
        let file = way.endpoint.resolve(file);
        let complaint = || Diagnostic::error(place, sentence("known_hosts", &file));
        complaints.extend(
            (!file.exists()).then(|| {
                complaint().hint("`runner devices TESTBED --scan-keys` collects host keys into it; with `strict` nothing else does")
            }),
        );
    }
    complaints
}

fn key_file(login: &Login, credential: &Credential) -> Option<Diagnostic> {
    let (file, written) = (login.key_file.as_ref()?, credential.key_file.as_ref()?);
    (!file.is_file()).then(|| Diagnostic::error(&written.place, sentence("key_file", file)))
}

fn sentence(key: &str, file: &Path) -> String {
    let why = if file.exists() { "is not a file" } else { "does not exist" };
    format!("`{key}`: `{}` {why}", shown(file))
}
