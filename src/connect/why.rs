//! Why a connection is what it is: which line of which file decided path, class, alias, credential and options.
//!
//! The rules are those of `paths`, `login` and `options`; here they are only told, for a route that they made.

use crate::base::duration;
use crate::base::place::Place;
use crate::connect::class::OptionValue;
use crate::connect::paths;
use crate::connect::request::{DEFAULT_ALIAS, Request};
use crate::connect::route::{Route, Way};
use crate::model::testbed::{ConnectionPath, Device, Testbed};

/// One thing that was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Why {
    /// What: `path`, `class`, `alias`, `address`, `credential`, `pool`, or the name of an option.
    pub what: &'static str,
    /// How it was decided. Never a secret: of a credential only its name.
    pub value: String,
    /// By what.
    pub because: String,
    /// The line that says so; `None` where nothing had to be said.
    pub place: Option<Place>,
}

fn why(what: &'static str, value: impl Into<String>, because: impl Into<String>, place: Option<&Place>) -> Why {
    Why { what, value: value.into(), because: because.into(), place: place.cloned() }
}

/// Tells everything about a route of `device`, which `request` asked for: first the alias and the pool, then way by way.
#[must_use]
pub fn reasons(route: &Route, device: &Device, testbed: &Testbed, request: &Request) -> Vec<Why> {
    let mut told = vec![alias(route, device, request)];
    if let Some(size) = &device.defaults.pool_size {
        told.push(why("pool", format!("{} sessions", size.value), "`pool_size` under `connections.defaults`", Some(&size.place)));
    }
    for way in &route.ways {
        let Some(path) = device.paths.get(&way.endpoint.subject.via) else { continue };
        told.push(chosen(path, device, request));
        told.push(class(way, path, device, request));
        told.extend(address(way, path));
        told.extend(logins(way, path, device, testbed));
        told.extend(options(way, path));
    }
    told
}

fn alias(route: &Route, device: &Device, request: &Request) -> Why {
    let because = "`alias` under `connections.defaults`";
    match &device.defaults.alias {
        _ if request.alias.is_some() => why("alias", &route.alias, "it was asked for", None),
        Some(alias) => why("alias", &route.alias, because, Some(&alias.place)),
        None => why("alias", &route.alias, format!("nothing says otherwise, so it is `{DEFAULT_ALIAS}`"), None),
    }
}

fn chosen(path: &ConnectionPath, device: &Device, request: &Request) -> Why {
    let name = &path.name.value;
    let via = device.defaults.via.iter().find(|via| via.value == *name);
    match (via, &device.defaults.class) {
        _ if !request.via.is_empty() => why("path", name, "it was asked for", Some(&path.name.place)),
        (Some(via), _) => why("path", name, "`via` under `connections.defaults`", Some(&via.place)),
        (None, Some(class)) if device.paths.len() > 1 => {
            let because = format!("the only path that suits `class: {}` under `connections.defaults`", class.value);
            why("path", name, because, Some(&class.place))
        }
        (None, _) => why("path", name, "the only path of the device", Some(&path.name.place)),
    }
}

fn class(way: &Way, path: &ConnectionPath, device: &Device, request: &Request) -> Why {
    let name = way.class.spec().name;
    let written = path.class.as_ref().map(|class| (class, "`class` of the path"));
    let written = written.or_else(|| device.defaults.class.as_ref().map(|class| (class, "`class` under `connections.defaults`")));
    match written {
        _ if request.class.is_some() => why("class", name, "it was asked for", None),
        Some((class, where_)) if class.value == name => why("class", name, where_, Some(&class.place)),
        Some((class, where_)) => {
            let because = format!("{where_}, where `{}` means the class of the path's protocol", class.value);
            why("class", name, because, Some(&class.place))
        }
        None => match (paths::protocol(path), &path.protocol) {
            (Some((protocol, _)), Some(written)) => why("class", name, format!("it speaks `protocol: {protocol}`"), Some(&written.place)),
            _ => why("class", name, "the path names neither class nor protocol", Some(&path.name.place)),
        },
    }
}

fn address(way: &Way, path: &ConnectionPath) -> Vec<Why> {
    let mut told = Vec::new();
    if let (Some(host), Some(written)) = (&way.endpoint.host, &path.host) {
        told.push(why("host", host, "`host` or `ip` of the path", Some(&written.place)));
    }
    if let (Some(port), Some(written)) = (way.endpoint.port, &path.port) {
        told.push(why("port", port.to_string(), "`port` of the path", Some(&written.place)));
    }
    told
}

/// Every credential that would be tried, by its name alone.
fn logins(way: &Way, path: &ConnectionPath, device: &Device, testbed: &Testbed) -> Vec<Why> {
    let scopes = [(&path.credentials, "the path"), (&device.credentials, "the device"), (&testbed.credentials, "`testbed`")];
    let told = way.endpoint.logins.iter().enumerate().filter_map(|(index, login)| {
        let found = scopes.iter().find_map(|(scope, whose)| scope.get(&login.name).map(|credential| (credential, whose)));
        let (credential, whose) = found?;
        let order = if index == 0 { "tried first" } else { "tried when those before it are refused" };
        Some(why("credential", &login.name, format!("{order}, from `credentials` of {whose}"), Some(&credential.place)))
    });
    told.collect()
}

fn options(way: &Way, path: &ConnectionPath) -> Vec<Why> {
    let mut told: Vec<Why> = Vec::new();
    for (name, value) in &way.endpoint.options.0 {
        let shown = match value {
            OptionValue::Text(text) => text.clone(),
            OptionValue::Switch(on) => on.to_string(),
            OptionValue::Count(count) => count.to_string(),
            OptionValue::Duration(length) => duration::show(*length),
        };
        let written = path.option(name).map(|written| &written.place);
        let because = if written.is_some() { "an option of the path" } else { "it stands in `protocol`" };
        told.push(why(name, shown, because, written.or(path.protocol.as_ref().map(|protocol| &protocol.place))));
    }
    if let Some(limit) = &way.connect_timeout {
        let written = path.option("connection_timeout").map(|written| &written.place);
        told.push(why("connection_timeout", duration::show(limit.length), "an option of the path", written));
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connect::login::Surroundings;
    use crate::connect::registry::Registry;
    use crate::connect::route::resolve;
    use crate::load::{Environment, testbed_text};
    use expect_test::expect;
    use std::path::Path;

    fn told(testbed: &str, request: &Request) -> String {
        let testbed = testbed_text(testbed, "lab.yaml", Path::new("."), &Environment::default()).value.expect("a testbed");
        let device = &testbed.devices[0];
        let route = resolve(device, &testbed, request, &Registry::standard(), &Surroundings::default()).expect("a route").route;
        let line = |why: &Why| {
            let place = why.place.as_ref().map_or("-".to_owned(), Place::file_line);
            format!("{} = {} ({}, {place})\n", why.what, why.value, why.because)
        };
        reasons(&route, device, &testbed, request).iter().map(line).collect()
    }

    #[test]
    fn every_decision_names_the_line_that_made_it() {
        let testbed = "testbed: {credentials: {default: {username: admin, password: hunter2}, rescue: {username: root}}}
devices:
  r1:
    os: linux
    credentials:
      spare: {username: spare}
    connections:
      defaults:
        class: unicon.Unicon
        alias: cli
        pool_size: 4
        fallback_credentials: [rescue]
        via: [mgmt, console]
      mgmt: {protocol: ssh -p 2222, ip: 192.0.2.1, login_creds: spare, host_keys: strict, connection_timeout: 20}
      console: {class: shell}
";
        expect![[r"
            alias = cli (`alias` under `connections.defaults`, lab.yaml:10)
            pool = 4 sessions (`pool_size` under `connections.defaults`, lab.yaml:11)
            path = mgmt (`via` under `connections.defaults`, lab.yaml:13)
            class = ssh (`class` under `connections.defaults`, where `unicon.Unicon` means the class of the path's protocol, lab.yaml:9)
            host = 192.0.2.1 (`host` or `ip` of the path, lab.yaml:14)
            credential = spare (tried first, from `credentials` of the device, lab.yaml:6)
            credential = rescue (tried when those before it are refused, from `credentials` of `testbed`, lab.yaml:1)
            host_keys = strict (an option of the path, lab.yaml:14)
            ssh_options = -p 2222 (it stands in `protocol`, lab.yaml:14)
            connection_timeout = 20s (an option of the path, lab.yaml:14)
            path = console (`via` under `connections.defaults`, lab.yaml:13)
            class = shell (`class` of the path, lab.yaml:15)
            credential = default (tried first, from `credentials` of `testbed`, lab.yaml:1)
            credential = rescue (tried when those before it are refused, from `credentials` of `testbed`, lab.yaml:1)
        "]]
        .assert_eq(&told(testbed, &Request::default()));
    }

    #[test]
    fn what_nobody_said_is_told_as_such() {
        let testbed = "devices: {r1: {connections: {a: {protocol: ssh, host: h, port: 22}, b: {class: shell}, defaults: {class: ssh}}}}";
        let told_of = |request| told(testbed, &request);
        expect![[r"
            alias = default (nothing says otherwise, so it is `default`, -)
            path = a (the only path that suits `class: ssh` under `connections.defaults`, lab.yaml:1)
            class = ssh (`class` under `connections.defaults`, lab.yaml:1)
            host = h (`host` or `ip` of the path, lab.yaml:1)
            port = 22 (`port` of the path, lab.yaml:1)
        "]]
        .assert_eq(&told_of(Request::default()));
        let asked = told_of(Request { via: vec!["b".to_owned()], ..Request::default() });
        assert!(asked.contains("path = b (it was asked for, lab.yaml:1)"), "{asked}");
    }
}
