//! SIGINT and SIGTERM, as names on a channel.

use crossbeam_channel::{Receiver, unbounded};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::io;
use std::thread;

/// From now on these signals no longer end the process but arrive here. A thread of its own waits for them until the
/// process ends.
///
/// # Errors
/// The signals or the thread cannot be had.
pub(super) fn listen() -> io::Result<Receiver<String>> {
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    let (sender, receiver) = unbounded();
    let wait = move || {
        for signal in signals.forever() {
            let name = if signal == SIGINT { "SIGINT" } else { "SIGTERM" };
            if sender.send(name.to_owned()).is_err() {
                return;
            }
        }
    };
    thread::Builder::new().name("signals".to_owned()).spawn(wait)?;
    Ok(receiver)
}
