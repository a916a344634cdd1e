//! What stands in `host` or `ip`: a name or an address, and what people write beside it. No name is resolved.

use crate::base::diagnostic::Diagnostic;
use crate::base::place::Placed;
use crate::base::text;
use std::net::{IpAddr, Ipv6Addr};

/// The host as it is connected to: without brackets, and without the length of a prefix, which is warned of. Complaints go
/// to `found`.
pub(super) fn host(written: &Placed<String>, found: &mut Vec<Diagnostic>) -> String {
    let host = written.value.trim();
    match read(host) {
        Ok(Read { host, beside: None }) => host.to_owned(),
        Ok(Read { host, beside: Some(beside) }) => {
            let message = format!("`{beside}` is not honoured: `{host}` is connected to");
            found.push(Diagnostic::warning(&written.place, message));
            host.to_owned()
        }
        Err((problem, hint)) => {
            found.push(Diagnostic::error(&written.place, problem).hint(hint));
            host.to_owned()
        }
    }
}

/// A host, and what stood beside it without effect.
#[derive(Debug, PartialEq, Eq)]
struct Read<'t> {
    host: &'t str,
    beside: Option<&'t str>,
}

fn read(host: &str) -> Result<Read<'_>, (String, String)> {
    let shown = || text::one_line(host, 60);
    let plain = |host| Ok(Read { host, beside: None });
    // Markup that has no value was complained of where it stands.
    if host.contains('{') {
        return plain(host);
    }
    if let Some((scheme, rest)) = host.split_once("://") {
        let hint = format!("write `protocol: {scheme}` and `host: {}`", text::one_line(rest.trim_end_matches('/'), 60));
        return Err((format!("`{}` is a URL, not a host", shown()), hint));
    }
    if let Some((user, rest)) = host.split_once('@') {
        let hint = format!("write `host: {rest}`, and the user name `{user}` into `credentials`");
        return Err((format!("`{}` holds a user name beside the host", shown()), hint));
    }
    if host.contains(char::is_whitespace) {
        return Err((format!("`{}` is more than one host", shown()), "write one name or address".to_owned()));
    }
    if host.contains(|c: char| c.is_control() || "<>()$;,'\"\\".contains(c)) {
        return Err((format!("`{}` is neither a name nor an address", shown()), "write one name or address".to_owned()));
    }
    if let Some((address, prefix)) = host.split_once('/') {
        let beside = &host[address.len()..];
        return match (unbracketed(address), prefix.parse::<u8>()) {
            (Some(address), Ok(_)) => Ok(Read { host: address, beside: Some(beside) }),
            _ if address.parse::<IpAddr>().is_ok() && prefix.parse::<u8>().is_ok() => Ok(Read { host: address, beside: Some(beside) }),
            _ => Err((format!("`{}` is neither a name nor an address", shown()), "write one name or address".to_owned())),
        };
    }
    if let Some(address) = unbracketed(host) {
        return plain(address);
    }
    match host.rsplit_once(':') {
        Some((name, port)) if !is_ipv6(host) => {
            let name = unbracketed(name).unwrap_or(name);
            Err((format!("`{}` holds a port beside the host", shown()), format!("write `host: {name}` and `port: {port}`")))
        }
        _ => plain(host),
    }
}

/// An IPv6 address without its brackets.
fn unbracketed(host: &str) -> Option<&str> {
    host.strip_prefix('[')?.strip_suffix(']').filter(|address| is_ipv6(address))
}

/// Whether it is an IPv6 address, perhaps with a zone: `fe80::1%eth0`.
fn is_ipv6(host: &str) -> bool {
    host.split('%').next().is_some_and(|address| address.parse::<Ipv6Addr>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn a_host_is_told_from_what_stands_beside_it() {
        let all: Vec<String> = [
            "10.0.0.1",
            "r1.lab.example",
            "2001:db8::1",
            "[2001:db8::1]",
            "fe80::1%eth0",
            "10.0.0.1/24",
            "2001:db8::1/64",
            "[2001:db8::1]/64",
            "10.0.0.1:2222",
            "r1:ssh",
            "[2001:db8::1]:22",
            "admin@r1",
            "https://r1/",
            "r1 r2",
            "r1/24",
            "<your-device-ip>",
            "r1,r2",
            "$HOST",
            "%ENV{NOT SET}",
        ]
        .into_iter()
        .map(|host| match read(host) {
            Ok(Read { host: read, beside }) => {
                format!("{host} -> {read}{}", beside.map(|it| format!(" (without {it})")).unwrap_or_default())
            }
            Err((problem, hint)) => format!("{host} -> {problem}; {hint}"),
        })
        .collect();
        expect![[r#"
            10.0.0.1 -> 10.0.0.1
            r1.lab.example -> r1.lab.example
            2001:db8::1 -> 2001:db8::1
            [2001:db8::1] -> 2001:db8::1
            fe80::1%eth0 -> fe80::1%eth0
            10.0.0.1/24 -> 10.0.0.1 (without /24)
            2001:db8::1/64 -> 2001:db8::1 (without /64)
            [2001:db8::1]/64 -> 2001:db8::1 (without /64)
            10.0.0.1:2222 -> `10.0.0.1:2222` holds a port beside the host; write `host: 10.0.0.1` and `port: 2222`
            r1:ssh -> `r1:ssh` holds a port beside the host; write `host: r1` and `port: ssh`
            [2001:db8::1]:22 -> `[2001:db8::1]:22` holds a port beside the host; write `host: 2001:db8::1` and `port: 22`
            admin@r1 -> `admin@r1` holds a user name beside the host; write `host: r1`, and the user name `admin` into `credentials`
            https://r1/ -> `https://r1/` is a URL, not a host; write `protocol: https` and `host: r1`
            r1 r2 -> `r1 r2` is more than one host; write one name or address
            r1/24 -> `r1/24` is neither a name nor an address; write one name or address
            <your-device-ip> -> `<your-device-ip>` is neither a name nor an address; write one name or address
            r1,r2 -> `r1,r2` is neither a name nor an address; write one name or address
            $HOST -> `$HOST` is neither a name nor an address; write one name or address
            %ENV{NOT SET} -> %ENV{NOT SET}"#]]
        .assert_eq(&all.join("\n"));
    }
}
