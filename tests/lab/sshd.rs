//! OpenSSH's own server on 127.0.0.1, with throwaway keys and a throwaway user. Needs `/usr/sbin/sshd` and root.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

const PROGRAM: &str = "/usr/sbin/sshd";

/// A running server. It ends when it is dropped.
pub(crate) struct Sshd {
    /// Where it listens, on 127.0.0.1.
    pub(crate) port: u16,
    folder: tempfile::TempDir,
    child: Child,
}

impl Sshd {
    /// Starts a server. Waits until it listens.
    pub(crate) fn start() -> Self {
        Self::start_with("")
    }

    /// Starts a server with more lines in its configuration; these win over the usual ones.
    pub(crate) fn start_with(lines: &str) -> Self {
        Self::start_on(1, lines)
    }

    /// Starts a server on so many addresses, from 127.0.0.1 on.
    pub(crate) fn start_on(addresses: u8, lines: &str) -> Self {
        assert!(Path::new(PROGRAM).exists(), "the lab tests need OpenSSH's server: install `openssh-server` ({PROGRAM} is missing)");
        std::fs::create_dir_all("/run/sshd").expect("/run/sshd, which sshd needs; run the lab tests as root");
        let folder = tempfile::tempdir().expect("a folder");
        for (file, kind) in [("host_ed25519", "ed25519"), ("host_rsa", "rsa"), ("user", "ed25519")] {
            keygen(&["-q", "-t", kind, "-N", "", "-f"], &folder.path().join(file));
        }
        std::fs::copy(folder.path().join("user.pub"), folder.path().join("authorized_keys")).expect("a key file");
        let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port();
        let here = folder.path().display();
        let listen: Vec<String> = (1..=addresses).map(|last| format!("ListenAddress 127.0.0.{last}:{port}")).collect();
        let listen = listen.join("\n");
        // `SHLVL` keeps bash from reading start-up files, which on some machines take a second, and longer side by side.
        let configuration = format!(
            "{lines}\n{listen}\nHostKey {here}/host_ed25519\nHostKey {here}/host_rsa\n\
             AuthorizedKeysFile {here}/authorized_keys\nStrictModes no\nUsePAM no\nPermitRootLogin yes\nPasswordAuthentication yes\n\
             KbdInteractiveAuthentication no\nPidFile none\nMaxStartups 200\nMaxSessions 100\nLogLevel ERROR\nUseDNS no\n\
             SetEnv SHLVL=2\n"
        );
        let file = folder.path().join("sshd_config");
        std::fs::write(&file, configuration).expect("a configuration");
        let log = std::fs::File::create(folder.path().join("log")).expect("a log");
        let child =
            Command::new(PROGRAM).args(["-D", "-e", "-f"]).arg(&file).stdin(Stdio::null()).stderr(log).spawn().expect("sshd starts");
        let mut sshd = Self { port, folder, child };
        sshd.wait_until_it_listens();
        sshd
    }

    fn wait_until_it_listens(&mut self) {
        let until = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let ended = self.child.try_wait().expect("a child").is_some();
            assert!(!ended && Instant::now() < until, "sshd does not listen: {}", self.log());
            pause(Duration::from_millis(10));
        }
    }

    /// What the server said.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// The private key that logs in as any user.
    pub(crate) fn user_key(&self) -> PathBuf {
        self.folder.path().join("user")
    }

    /// A folder that lives as long as the server.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The server's public host key of a type, `ed25519` or `rsa`, as it stands in a known hosts file after the name.
    pub(crate) fn host_key(&self, kind: &str) -> String {
        let text = std::fs::read_to_string(self.folder.path().join(format!("host_{kind}.pub"))).expect("a host key");
        text.split_whitespace().take(2).collect::<Vec<_>>().join(" ")
    }

    /// The fingerprint of a host key, as OpenSSH shows it.
    pub(crate) fn fingerprint(&self, kind: &str) -> String {
        let file = self.folder.path().join(format!("host_{kind}.pub"));
        let shown = Command::new("ssh-keygen").arg("-lf").arg(file).output().expect("ssh-keygen runs").stdout;
        String::from_utf8_lossy(&shown).split_whitespace().nth(1).expect("a fingerprint").to_owned()
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Makes a key pair without asking anything.
pub(crate) fn keygen(arguments: &[&str], file: &Path) {
    let made = Command::new("ssh-keygen").args(arguments).arg(file).stdin(Stdio::null()).status();
    assert!(made.is_ok_and(|status| status.success()), "ssh-keygen cannot make {}", file.display());
}

pub(crate) fn pause(time: Duration) {
    let (_keep, never) = std::sync::mpsc::channel::<()>();
    let _ = never.recv_timeout(time);
}

/// A user of this machine with a password, removed when it is dropped.
pub(crate) struct LabUser {
    /// Its login name.
    pub(crate) name: String,
    /// Its password.
    pub(crate) password: String,
}

impl LabUser {
    /// Adds a user whose shell is `/bin/sh`.
    pub(crate) fn add() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("runner-lab-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let password = format!("pw-{name}");
        // Others may be adding users at the same time: then the file of users is locked for a moment.
        let added = (0..50).any(|_| {
            let added = Command::new("useradd").args(["--no-create-home", "--home-dir", "/tmp", "--shell", "/bin/sh", &name]).output();
            let done = added.is_ok_and(|output| output.status.success());
            if !done {
                pause(Duration::from_millis(100));
            }
            done
        });
        assert!(added, "the lab tests add a user: run them as root");
        let user = Self { name, password };
        let mut chpasswd = Command::new("chpasswd").stdin(Stdio::piped()).spawn().expect("chpasswd starts");
        let line = format!("{}:{}\n", user.name, user.password);
        std::io::Write::write_all(chpasswd.stdin.as_mut().expect("a pipe"), line.as_bytes()).expect("chpasswd reads");
        assert!(chpasswd.wait().is_ok_and(|status| status.success()), "chpasswd sets a password");
        user
    }
}

impl Drop for LabUser {
    fn drop(&mut self) {
        let _ = Command::new("userdel").args(["--force", &self.name]).stderr(Stdio::null()).status();
    }
}
