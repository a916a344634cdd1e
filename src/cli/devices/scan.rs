//! `runner devices --scan-keys`: asks ssh servers for their host keys, and keeps them in files of known hosts.

use super::{Devices, Lab, asked};
use crate::base::deadline::{Deadline, Limit};
use crate::base::diagnostic::Severity;
use crate::base::text;
use crate::cli::output;
use crate::cli::world::shown;
use crate::connect::class::{Endpoint, Limits};
use crate::connect::classes::ssh::{Finding, ShownKeys, Told, merge_known_hosts, scan_host_keys};
use crate::connect::interrupt::Interrupt;
use crate::model::testbed::Device;
use crate::record::fault::{Fault, FaultKind};
use crate::record::tap::Tap;
use crate::record::verdict::ExitStatus;
use indexmap::IndexMap;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The class whose servers have host keys.
const SSH: &str = "ssh";

/// The most servers that are asked at once.
const AT_ONCE: usize = 32;

/// Asks the server of every selected device, merges what they show, and says what came of each key. Nothing is written
/// before all have answered.
pub(super) fn scan(lab: &mut Lab<'_>, selected: &[&Device], arguments: &Devices) -> ExitStatus {
    let mut servers: IndexMap<(Option<String>, Option<u16>), (String, Endpoint)> = IndexMap::new();
    for device in selected {
        let request = asked(device, lab.via);
        let Some(route) = lab.resolve(device, &request) else { continue };
        for way in route.ways.into_iter().filter(|way| way.endpoint.subject.class == SSH) {
            let key = (way.endpoint.host.clone(), way.endpoint.port);
            servers.entry(key).or_insert_with(|| (device.name.value.clone(), way.endpoint));
        }
    }
    if lab.complaints.iter().any(|complaint| complaint.severity == Severity::Error) {
        return ExitStatus::NotAccepted;
    }
    if servers.is_empty() {
        output::talk("no selected device is reached by ssh, nothing was asked");
        return ExitStatus::NothingSelected;
    }
    let servers: Vec<(String, Endpoint)> = servers.into_values().collect();
    let asked = match ask(&servers, arguments.timeout) {
        Ok(asked) => asked,
        Err(error) => {
            output::talk(&format!("the servers cannot be asked: {error}"));
            return ExitStatus::Errored;
        }
    };
    let mut unreached = 0;
    let mut files: IndexMap<PathBuf, Vec<ShownKeys>> = IndexMap::new();
    for ((device, _), result) in servers.iter().zip(asked) {
        let shown = result.and_then(|shown| match arguments.known_hosts.clone().or_else(|| shown.known_hosts.clone()) {
            Some(file) => Ok((file, shown)),
            None => Err(Fault::new(FaultKind::Missing, "nothing names a file of known hosts: say `--known-hosts FILE`")),
        });
        match shown {
            Ok((file, shown)) => files.entry(file).or_default().push(shown),
            Err(fault) => {
                unreached += 1;
                output::talk(&format!("{}: {}", text::visible(device), text::visible(&fault.message)));
            }
        }
    }
    let merged = files.into_iter().map(|(file, shown)| merge(&file, &shown)).fold(ExitStatus::Passed, worse);
    let asked = if unreached > 0 { ExitStatus::Errored } else { ExitStatus::Passed };
    worse(merged, asked)
}

/// Asks them side by side; the results are in the order of the servers.
fn ask(servers: &[(String, Endpoint)], timeout: Duration) -> Result<Vec<Result<ShownKeys, Fault>>, Box<dyn std::error::Error>> {
    let interrupt = Interrupt::new()?;
    let limit = Limit { length: timeout, setting: "`--timeout`".into() };
    let one = |(_, endpoint): &(String, Endpoint)| {
        let deadline = Deadline::new(Instant::now(), limit.clone());
        scan_host_keys(endpoint, &Limits { deadline: &deadline, interrupt: &interrupt, tap: Tap::SILENT })
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(AT_ONCE.min(servers.len())).build()?;
    Ok(pool.install(|| servers.par_iter().map(one).collect()))
}

/// Merges into one file and tells every key.
fn merge(file: &Path, keys: &[ShownKeys]) -> ExitStatus {
    let told = match merge_known_hosts(file, keys) {
        Ok(told) => told,
        Err(error) => {
            output::talk(&format!("`{}` cannot be written: {error}", shown(file)));
            return ExitStatus::ReportUnwritable;
        }
    };
    let rows: Vec<Vec<String>> = told
        .iter()
        .map(|told| vec![told.name.clone(), told.kind.clone(), told.fingerprint.clone(), word(&told.finding).to_owned()])
        .collect();
    output::data(&format!("{}\n{}", shown(file), output::table(&["host", "type", "fingerprint", "in the file"], &rows)));
    told.iter().filter_map(|told| disagreement(told, &shown(file))).for_each(|sentence| output::talk(&sentence));
    let disagrees = told.iter().any(|told| !matches!(told.finding, Finding::Known | Finding::Added));
    if disagrees { ExitStatus::Failed } else { ExitStatus::Passed }
}

fn word(finding: &Finding) -> &'static str {
    match finding {
        Finding::Known => "known",
        Finding::Added => "added",
        Finding::Changed { .. } => "DISAGREES",
        Finding::Revoked { .. } => "REVOKED",
        Finding::LeftOut => "left out",
    }
}

fn disagreement(told: &Told, file: &str) -> Option<String> {
    let Told { name, kind, fingerprint, finding } = told;
    match finding {
        Finding::Known | Finding::Added | Finding::LeftOut => None,
        Finding::Changed { line, holds } => Some(format!(
            "error: {name} showed {kind} {fingerprint}, and line {line} of `{file}` holds {holds}\n\
             hint: if the host was installed anew, remove that line; otherwise somebody may be between you and the host"
        )),
        Finding::Revoked { line } => Some(format!("error: {name} showed {kind} {fingerprint}, which line {line} of `{file}` revokes")),
    }
}

/// The status of two results together: a disagreement above all, then what could not be written or asked.
fn worse(one: ExitStatus, other: ExitStatus) -> ExitStatus {
    let order = [ExitStatus::Failed, ExitStatus::ReportUnwritable, ExitStatus::Errored];
    order.into_iter().find(|status| [one, other].contains(status)).unwrap_or(ExitStatus::Passed)
}
