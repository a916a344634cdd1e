//! Finds the addresses of a host and connects to one of them, within a deadline.

use crate::connect::class::Limits;
use crate::connect::interrupt::Woken;
use crate::record::fault::{Fault, FaultKind, Phase};
use rustix::event::PollFlags;
use rustix::fd::{AsFd, OwnedFd};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType};
use std::io;
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::sync::mpsc;
use std::time::Instant;

/// Connects to `host`, trying its addresses in order. Blocks; the socket that comes back does not, and sends at once
/// what it is given.
///
/// # Errors
/// `Unreachable` with the reason of the last address, `Timeout`, or `Interrupted`.
pub(super) fn connect(host: &str, port: u16, limits: &Limits<'_>) -> Result<TcpStream, Fault> {
    let addresses = addresses(host, port, limits)?;
    let mut refused: Vec<(SocketAddr, io::Error)> = Vec::new();
    for (index, address) in addresses.iter().enumerate() {
        // Each address gets its share of what is left, so that one that swallows packets does not starve the others.
        let now = Instant::now();
        let share = u32::try_from(addresses.len() - index).unwrap_or(u32::MAX);
        let until = limits.deadline.remaining(now).map_or(now, |left| now + left / share);
        match attempt(*address, until, limits)? {
            Attempt::Connected(stream) => return Ok(stream),
            Attempt::Refused(error) => refused.push((*address, error)),
            Attempt::Late => {}
        }
    }
    if limits.deadline.remaining(Instant::now()).is_none() {
        return Err(Fault::timeout(&format!("connecting to {}", shown(host, port)), limits.deadline.limit()).in_phase(Phase::Creation));
    }
    Err(match refused.pop() {
        None => Fault::new(FaultKind::Unreachable, format!("`{host}` has no address")),
        Some((address, error)) => unreachable(&format!("cannot connect to {}", at(host, port, address)), &error),
    })
}

/// `host:port`, with brackets around an IPv6 address.
pub(super) fn shown(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

fn at(host: &str, port: u16, address: SocketAddr) -> String {
    if address.ip().to_string() == host { shown(host, port) } else { format!("{} ({address})", shown(host, port)) }
}

fn unreachable(what: &str, error: &io::Error) -> Fault {
    let shown = error.to_string();
    let reason = shown.split(" (os error").next().unwrap_or(&shown).to_lowercase();
    Fault::new(FaultKind::Unreachable, format!("{what}: {reason}"))
}

fn interrupted(doing: &str) -> Fault {
    Fault::new(FaultKind::Interrupted, format!("the run was interrupted while {doing}")).in_phase(Phase::Creation)
}

/// Looks the name up. A lookup cannot be interrupted, so it has a thread of its own, which is left behind at the
/// deadline; the resolver's own limits end it.
fn addresses(host: &str, port: u16, limits: &Limits<'_>) -> Result<Vec<SocketAddr>, Fault> {
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(ip, port)]);
    }
    let doing = format!("looking up the name `{host}`");
    let internal = |error: io::Error| Fault::new(FaultKind::Internal, format!("{doing} could not start: {error}"));
    let (done, finished) = UnixStream::pair().map_err(internal)?;
    let (sender, found) = mpsc::channel();
    let name = host.to_owned();
    std::thread::Builder::new()
        .name("name-lookup".to_owned())
        .stack_size(1024 * 1024)
        .spawn(move || {
            let _ = sender.send((name.as_str(), port).to_socket_addrs().map(Vec::from_iter));
            // Closing this end is what wakes the other one.
            drop(done);
        })
        .map_err(internal)?;
    match limits.interrupt.wait(&[(finished.as_fd(), PollFlags::IN)], limits.deadline.at()).map_err(internal)? {
        Woken::Late => Err(Fault::timeout(&doing, limits.deadline.limit()).in_phase(Phase::Creation)),
        Woken::Interrupted => Err(interrupted(&doing)),
        Woken::Ready => match found.recv() {
            Ok(Ok(addresses)) => Ok(addresses),
            Ok(Err(error)) => Err(unreachable(&format!("the name `{host}` cannot be resolved"), &error)),
            Err(_) => Err(Fault::new(FaultKind::Internal, format!("{doing} ended without a result"))),
        },
    }
}

enum Attempt {
    Connected(TcpStream),
    Refused(io::Error),
    Late,
}

fn attempt(address: SocketAddr, until: Instant, limits: &Limits<'_>) -> Result<Attempt, Fault> {
    let socket = match start(address) {
        Ok(socket) => socket,
        Err(error) => return Ok(Attempt::Refused(error)),
    };
    match limits.interrupt.wait(&[(socket.as_fd(), PollFlags::OUT)], until) {
        Err(error) => return Ok(Attempt::Refused(error)),
        Ok(Woken::Late) => return Ok(Attempt::Late),
        Ok(Woken::Interrupted) => return Err(interrupted(&format!("connecting to {address}"))),
        Ok(Woken::Ready) => {}
    }
    let stream = TcpStream::from(socket);
    let settled = match rustix::net::sockopt::socket_error(&stream) {
        Ok(Ok(())) => stream.set_nodelay(true),
        Ok(Err(error)) | Err(error) => Err(error.into()),
    };
    Ok(match settled {
        Ok(()) => Attempt::Connected(stream),
        Err(error) => Attempt::Refused(error),
    })
}

fn start(address: SocketAddr) -> io::Result<OwnedFd> {
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let socket = rustix::net::socket_with(family, SocketType::STREAM, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC, None)?;
    match rustix::net::connect(&socket, &address) {
        Ok(()) | Err(Errno::INPROGRESS) => Ok(socket),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::deadline::{Deadline, Limit};
    use crate::connect::interrupt::Interrupt;
    use crate::record::tap::Tap;
    use std::net::TcpListener;
    use std::time::Duration;

    fn dial(host: &str, port: u16, allowed: Duration) -> Result<TcpStream, Fault> {
        let interrupt = Interrupt::new().expect("an eventfd");
        let deadline = Deadline::new(Instant::now(), Limit { length: allowed, setting: "test".into() });
        connect(host, port, &Limits { deadline: &deadline, interrupt: &interrupt, tap: Tap::SILENT })
    }

    #[test]
    fn a_listening_port_is_reached_by_address_and_by_name() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        for host in ["127.0.0.1", "localhost"] {
            let stream = dial(host, port, Duration::from_secs(10)).expect(host);
            assert!(stream.nodelay().expect("an option"));
        }
    }

    #[test]
    fn a_closed_port_and_an_unknown_name_are_unreachable_and_say_why() {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port();
        let fault = dial("127.0.0.1", port, Duration::from_secs(10)).expect_err("nobody listens");
        assert_eq!(fault.kind, FaultKind::Unreachable);
        assert_eq!(fault.message, format!("cannot connect to 127.0.0.1:{port}: connection refused"));
        let fault = dial("no-such-host.invalid", 22, Duration::from_secs(20)).expect_err("no such name");
        assert_eq!(fault.kind, FaultKind::Unreachable, "{}", fault.message);
        assert!(fault.message.starts_with("the name `no-such-host.invalid` cannot be resolved: "), "{}", fault.message);
    }

    #[test]
    fn a_deadline_that_has_passed_names_its_setting() {
        let fault = dial("192.0.2.1", 22, Duration::ZERO).expect_err("no time");
        assert!(matches!(fault.kind, FaultKind::Timeout | FaultKind::Unreachable), "{fault:?}");
    }
}
