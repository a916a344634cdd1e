//! SIGINT, SIGTERM and SIGHUP, as names on a channel.

use crossbeam_channel::{Receiver, unbounded};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::io;
use std::thread;

/// The signals that interrupt a run.
const NAMES: [(i32, &str); 3] = [(SIGINT, "SIGINT"), (SIGTERM, "SIGTERM"), (SIGHUP, "SIGHUP")];

/// From now on these signals no longer end the process but arrive here. A thread of its own waits for them until the
/// process ends. SIGHUP stays ignored where whoever started the process had it ignored, as `nohup` does.
///
/// # Errors
/// The signals or the thread cannot be had.
pub(super) fn listen() -> io::Result<Receiver<String>> {
    let heard = NAMES.iter().map(|(signal, _)| *signal).filter(|signal| *signal != SIGHUP || !hangup_is_ignored());
    let mut signals = Signals::new(heard)?;
    let (sender, receiver) = unbounded();
    let wait = move || {
        for signal in signals.forever() {
            let name = NAMES.iter().find(|(known, _)| *known == signal).map_or("a signal", |(_, name)| name);
            if sender.send(name.to_owned()).is_err() {
                return;
            }
        }
    };
    thread::Builder::new().name("signals".to_owned()).spawn(wait)?;
    Ok(receiver)
}

/// Whether the process began with SIGHUP ignored; where the system does not tell, it did not.
fn hangup_is_ignored() -> bool {
    std::fs::read_to_string("/proc/self/status").is_ok_and(|status| ignores(&status, SIGHUP))
}

/// Whether a process whose status is given ignores a signal.
fn ignores(status: &str, signal: i32) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
    u32::try_from(signal - 1).is_ok_and(|bit| mask.checked_shr(bit).unwrap_or_default() & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ignored_hangup_is_read_from_the_status_of_the_process() {
        for (status, ignored) in [
            ("Name:\trunner\nSigIgn:\t0000000000000001\n", true),
            ("SigIgn:\t0000000000001001\n", true),
            ("SigBlk:\t0000000000000001\nSigIgn:\t0000000000001000\n", false),
            ("SigIgn:\tnothing\n", false),
            ("", false),
        ] {
            assert_eq!(ignores(status, SIGHUP), ignored, "{status}");
        }
    }
}
