//! Which algorithms are offered, and in which order.

use ssh2::{MethodType, Session};

/// Sets the order of algorithms. Types of host keys that are known for the host come first, so that the server shows one
/// that can be compared. Without `legacy`, weak algorithms are not offered at all.
///
/// # Errors
/// What libssh2 says; it cannot be left with an empty list by these rules.
pub(super) fn prefer(session: &Session, known_kinds: &[String], legacy: bool) -> Result<(), ssh2::Error> {
    let methods = [MethodType::Kex, MethodType::HostKey, MethodType::CryptCs, MethodType::CryptSc, MethodType::MacCs, MethodType::MacSc];
    for method in methods {
        let mut offered = session.supported_algs(method)?;
        if !legacy {
            offered.retain(|name| !is_weak(name));
        }
        match method {
            MethodType::HostKey => offered.sort_by_key(|name| !known_kinds.iter().any(|kind| serves(name, kind))),
            // The sort is stable: apart from these rules the order stays libssh2's.
            _ => offered.sort_by_key(|name| !shows_lengths(name)),
        }
        session.method_pref(method, &offered.join(","))?;
    }
    Ok(())
}

/// What OpenSSH no longer offers by itself, or never should have.
fn is_weak(name: &str) -> bool {
    let is_kex_with_sha1 = name.starts_with("diffie-hellman") && name.ends_with("-sha1");
    let is_old_key = matches!(name, "ssh-rsa" | "ssh-dss" | "ssh-rsa-cert-v01@openssh.com");
    let is_old_cipher = ["-cbc", "arcfour", "cbc@"].iter().any(|part| name.contains(part));
    let is_old_mac = name.contains("md5") || name.contains("-96") || name.contains("ripemd");
    is_kex_with_sha1 || is_old_key || is_old_cipher || is_old_mac || name == "none"
}

/// Whether a key of that type in a file can be compared to one that this algorithm shows.
fn serves(algorithm: &str, kind: &str) -> bool {
    algorithm == kind || (kind == "ssh-rsa" && matches!(algorithm, "rsa-sha2-256" | "rsa-sha2-512"))
}

/// Whether frames have their length in the clear, which `frames` makes use of.
fn shows_lengths(name: &str) -> bool {
    name.contains("-gcm@") || name.contains("-etm@")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_algorithms_are_told_from_good_ones() {
        for weak in ["diffie-hellman-group14-sha1", "ssh-rsa", "aes128-cbc", "3des-cbc", "arcfour128", "hmac-md5", "hmac-sha1-96"] {
            assert!(is_weak(weak), "{weak}");
        }
        for good in ["diffie-hellman-group14-sha256", "rsa-sha2-512", "aes256-ctr", "hmac-sha2-256-etm@openssh.com", "curve25519-sha256"] {
            assert!(!is_weak(good), "{good}");
        }
    }

    #[test]
    fn every_list_keeps_something_and_the_known_type_comes_first() {
        let session = Session::new().expect("a session");
        for legacy in [false, true] {
            prefer(&session, &["ssh-rsa".to_owned()], legacy).expect("accepted");
        }
        assert!(serves("rsa-sha2-512", "ssh-rsa") && !serves("ssh-ed25519", "ssh-rsa"));
    }
}
