//! What the lab tests share: servers that behave, and peers that do not.

pub(crate) mod hostile;
pub(crate) mod sshd;
