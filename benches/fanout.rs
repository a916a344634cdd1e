//! Fan-out over real ssh: the whole program against a bare loop over libssh2 that does the same work, in the same run.
//!
//! `cargo bench --bench fanout`, as root, with OpenSSH's server installed. For 1, 50 and 200 devices: connect, log in with
//! a key, run five commands, disconnect. The bare loop is one thread and one session a device, no plan, no checks and no
//! report. Servers and clients share the machine, so the servers' logins are most of the wall time; the client's own
//! processor time is what tells.

#![expect(clippy::expect_used, clippy::print_stdout, clippy::panic, reason = "a benchmark prints what it measured, or ends")]

#[path = "../tests/lab/sshd.rs"]
#[expect(dead_code, reason = "the lab's tests use more of it")]
mod sshd;

use sshd::Sshd;
use std::io::Read;
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

const DEVICES: [usize; 3] = [1, 50, 200];
const COMMANDS: usize = 5;
/// Addresses of the server: devices are different servers, as far as the limits of logins go.
const ADDRESSES: u8 = 16;
/// The best of so many for the wall, the mean for processor time, whose unit is coarse.
const ROUNDS: [usize; 3] = [40, 6, 3];
/// Set for the process that is the bare loop: devices, commands, port, key file.
const BARE: &str = "RUNNER_BENCH_BARE";
/// The kernel's unit of processor time.
const TICKS_PER_SECOND: f64 = 100.0;

fn main() {
    if let Some((_, order)) = std::env::vars().find(|(name, _)| name == BARE) {
        return bare(&order);
    }
    let sshd = Sshd::start_on(ADDRESSES, "MaxStartups 1000");
    let folder = tempfile::tempdir().expect("a folder");
    println!("{:>8}  {:>22}  {:>22}  {:>6} {:>6}", "devices", "bare wall / cpu", "runner wall / cpu", "wall", "cpu");
    for (devices, rounds) in DEVICES.into_iter().zip(ROUNDS) {
        write_files(folder.path(), &sshd, devices);
        let order = format!("{devices} {COMMANDS} {} {}", sshd.port, sshd.user_key().display());
        let this = std::env::current_exe().expect("this program");
        let mut bare = Command::new(this);
        bare.env(BARE, &order);
        let mut ours = Command::new(env!("CARGO_BIN_EXE_runner"));
        ours.args(["run", "job.yaml", "--quiet", "--junit", "junit.xml"]).current_dir(folder.path()).stderr(Stdio::null());
        let mut measured = [(f64::MAX, 0.0); 2];
        for _ in 0..rounds {
            for (all, command) in measured.iter_mut().zip([&mut bare, &mut ours]) {
                let (wall, cpu) = measure(command);
                *all = (all.0.min(wall), all.1 + cpu / f64::from(u32::try_from(rounds).expect("few")));
            }
        }
        let [bare, ours] = measured;
        let ratio = |ours: f64, bare: f64| if bare > 0.0 { format!("{:.2}", ours / bare) } else { "-".to_owned() };
        let shown = |(wall, cpu): (f64, f64)| format!("{wall:.3} s / {cpu:.4} s");
        println!("{devices:>8}  {:>22}  {:>22}  {:>6} {:>6}", shown(bare), shown(ours), ratio(ours.0, bare.0), ratio(ours.1, bare.1));
    }
}

fn write_files(folder: &Path, sshd: &Sshd, devices: usize) {
    let mut testbed = format!("testbed: {{credentials: {{default: {{username: root, key: {}}}}}}}\ndevices:\n", sshd.user_key().display());
    for number in 0..devices {
        let path = format!("{{protocol: ssh, host: 127.0.0.{}, port: {}, host_keys: 'off'}}", address(number), sshd.port);
        testbed.push_str(&format!("  d{number}: {{os: linux, connections: {{cli: {path}}}}}\n"));
    }
    let steps = ["{execute: 'true'}"; COMMANDS].join(", ");
    let job = format!("{{job: fanout, testbed: testbed.yaml, tests: [{{name: five, devices: all, steps: [{steps}]}}]}}\n");
    std::fs::write(folder.join("testbed.yaml"), testbed).expect("a file");
    std::fs::write(folder.join("job.yaml"), job).expect("a file");
}

/// Wall and processor seconds of a process.
fn measure(command: &mut Command) -> (f64, f64) {
    let (before, begin) = (children(), Instant::now());
    let status = command.status().expect("it starts");
    assert!(status.success(), "{command:?}: {status}");
    (begin.elapsed().as_secs_f64(), children() - before)
}

/// Processor seconds of all children that have ended: fields 16 and 17 of `/proc/self/stat` (proc(5)).
fn children() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    let after_name = text.rsplit(')').next().expect("a name in brackets");
    let ticks: f64 = after_name.split_whitespace().skip(13).take(2).map(|field| field.parse::<f64>().expect("a number")).sum();
    ticks / TICKS_PER_SECOND
}

/// The bare loop.
fn bare(order: &str) {
    let words: Vec<&str> = order.split(' ').collect();
    let [devices, commands, port, key] = words[..] else { panic!("four words, got {order}") };
    let (devices, commands): (usize, usize) = (devices.parse().expect("a number"), commands.parse().expect("a number"));
    let port: u16 = port.parse().expect("a port");
    std::thread::scope(|scope| {
        for number in 0..devices {
            scope.spawn(move || one((Ipv4Addr::new(127, 0, 0, address(number)), port), Path::new(key), commands));
        }
    });
}

/// The last part of a device's address.
fn address(number: usize) -> u8 {
    u8::try_from(number % usize::from(ADDRESSES)).expect("few") + 1
}

fn one(server: (Ipv4Addr, u16), key: &Path, commands: usize) {
    let tcp = TcpStream::connect(server).expect("the server listens");
    tcp.set_nodelay(true).expect("a socket");
    let mut session = ssh2::Session::new().expect("a session");
    session.set_tcp_stream(tcp);
    session.handshake().expect("a handshake");
    session.userauth_pubkey_file("root", None, key, None).expect("a login");
    for _ in 0..commands {
        let mut channel = session.channel_session().expect("a channel");
        channel.exec("true").expect("a command");
        let mut answer = Vec::new();
        channel.read_to_end(&mut answer).expect("an answer");
        channel.wait_close().expect("an end");
        assert_eq!(channel.exit_status().expect("a status"), 0);
    }
}
