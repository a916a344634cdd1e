//! Whether the files are there that a plan will read.

use crate::base::diagnostic::Diagnostic;
use crate::cli::world::shown;
use crate::connect::class::{Login, OptionKind};
use crate::connect::route::Way;
use crate::engine::plan::Plan;
use crate::model::credential::Credential;
use crate::model::testbed::{ConnectionPath, Testbed};
use std::path::Path;

/// Complains about every recording and key file that is not there. What a class does not require may be made by it.
pub(super) fn missing(plan: &Plan, testbed: &Testbed) -> Vec<Diagnostic> {
    let mut complaints = Vec::new();
    for route in plan.routes.iter().map(|planned| &planned.route) {
        let Some(device) = testbed.devices.get(&route.device) else { continue };
        for way in &route.ways {
            let Some(path) = device.paths.get(&way.endpoint.subject.via) else { continue };
            complaints.extend(options(way, path));
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

fn key_file(login: &Login, credential: &Credential) -> Option<Diagnostic> {
    let (file, written) = (login.key_file.as_ref()?, credential.key_file.as_ref()?);
    (!file.is_file()).then(|| Diagnostic::error(&written.place, sentence("key_file", file)))
}

fn sentence(key: &str, file: &Path) -> String {
    let why = if file.exists() { "is not a file" } else { "does not exist" };
    format!("`{key}`: `{}` {why}", shown(file))
}
