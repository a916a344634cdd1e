//! Fingerprints of host keys as OpenSSH shows them, and the base64 that known hosts files are written in.

use super::sha1;
use base64::Engine;
use base64::engine::general_purpose::{GeneralPurpose, STANDARD, STANDARD_NO_PAD};
use base64::engine::{DecodePaddingMode, GeneralPurposeConfig};
use sha2::{Digest, Sha256};

/// RFC 4648, section 4, read with or without its padding.
const LENIENT: GeneralPurpose =
    GeneralPurpose::new(&base64::alphabet::STANDARD, GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent));

/// `SHA256:` and the digest of a key in base64, as `ssh-keygen -l` shows it.
pub(super) fn sha256(key: &[u8]) -> String {
    format!("SHA256:{}", STANDARD_NO_PAD.encode(Sha256::digest(key)))
}

/// A name as known hosts files hold it that hide names: the salt, and the name's code with it.
pub(super) fn hashed_name(name: &str, salt: [u8; 20]) -> String {
    format!("|1|{}|{}", base64(&salt), base64(&sha1::hmac(salt, name.as_bytes())))
}

/// A key as known hosts files hold it.
pub(super) fn base64(key: &[u8]) -> String {
    STANDARD.encode(key)
}

/// The key that a known hosts file holds; `None` where it is none.
pub(super) fn unbase64(text: &str) -> Option<Vec<u8>> {
    LENIENT.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_the_digest_in_base64_without_padding() {
        assert_eq!(sha256(b"abc"), "SHA256:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0");
    }

    #[test]
    fn base64_reads_back_with_and_without_padding() {
        assert_eq!(base64(b"foob"), "Zm9vYg==");
        for text in ["Zm9vYg==", "Zm9vYg"] {
            assert_eq!(unbase64(text).as_deref(), Some(b"foob".as_slice()));
        }
        assert_eq!(unbase64("Zm9*"), None);
    }
}
