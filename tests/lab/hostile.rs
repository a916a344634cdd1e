//! Peers on 127.0.0.1 that behave badly, each in one way.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// What a peer does to whoever connects.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Habit {
    /// Takes the connection and says nothing.
    Silent,
    /// Says this and then nothing.
    Says(&'static [u8]),
    /// Says this and hangs up.
    SaysAndDrops(&'static [u8]),
    /// Says this, one byte at a time, again and again.
    Drips(&'static [u8], Duration),
    /// Says this as fast as it can, again and again.
    Floods(&'static [u8]),
}

/// A peer. It goes away when it is dropped.
pub(crate) struct Hostile {
    /// Where it listens, on 127.0.0.1.
    pub(crate) port: u16,
    over: Arc<AtomicBool>,
}

impl Hostile {
    /// Starts a peer with that habit.
    pub(crate) fn start(habit: Habit) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let over = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&over);
        std::thread::spawn(move || {
            let mut kept = Vec::new();
            for stream in listener.incoming() {
                if flag.load(Ordering::Acquire) {
                    break;
                }
                let Ok(stream) = stream else { continue };
                kept.extend(stream.try_clone());
                let flag = Arc::clone(&flag);
                std::thread::spawn(move || behave(habit, stream, &flag));
            }
            for stream in kept {
                let _ = stream.shutdown(std::net::Shutdown::Both);
            }
        });
        Self { port, over }
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Release);
        // Wakes the listener.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn behave(habit: Habit, mut stream: TcpStream, over: &AtomicBool) {
    let swallow = |mut stream: TcpStream| {
        let mut buffer = [0; 4096];
        while matches!(stream.read(&mut buffer), Ok(1..)) {}
    };
    match habit {
        Habit::Silent => swallow(stream),
        Habit::Says(bytes) => {
            let _ = stream.write_all(bytes);
            swallow(stream);
        }
        Habit::SaysAndDrops(bytes) => {
            let _ = stream.write_all(bytes);
            // Reads what the other side says first, so that it sees an end and not a reset.
            let _ = stream.set_read_timeout(Some(Duration::from_millis(50)));
            let whole = stream.try_clone();
            swallow(stream);
            let _ = whole.and_then(|stream| stream.shutdown(std::net::Shutdown::Both));
        }
        Habit::Drips(bytes, pause) => {
            let pace = std::sync::mpsc::channel::<()>();
            for byte in bytes.iter().cycle() {
                if over.load(Ordering::Acquire) || stream.write_all(&[*byte]).is_err() {
                    break;
                }
                let _ = pace.1.recv_timeout(pause);
            }
        }
        Habit::Floods(bytes) => while !over.load(Ordering::Acquire) && stream.write_all(bytes).is_ok() {},
    }
}

/// Passes connections to a port on to another one. It goes away when it is dropped.
pub(crate) struct Relay {
    port: u16,
    over: Arc<AtomicBool>,
}

impl Relay {
    /// Starts to pass on.
    pub(crate) fn start(port: u16, to: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).expect("the port is free");
        let over = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&over);
        std::thread::spawn(move || {
            for near in listener.incoming().flatten() {
                if flag.load(Ordering::Acquire) {
                    break;
                }
                let far = TcpStream::connect(("127.0.0.1", to)).expect("the other port listens");
                let ends = [near.try_clone().and_then(|n| Ok((n, far.try_clone()?))), Ok((far, near))];
                for (mut from, mut into) in ends.into_iter().flatten() {
                    std::thread::spawn(move || {
                        let _ = std::io::copy(&mut from, &mut into);
                        let _ = into.shutdown(std::net::Shutdown::Both);
                    });
                }
            }
        });
        Self { port, over }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Release);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}
