//! User names and secrets, by name.

use crate::base::place::{Place, Placed};
use crate::base::secret::Secret;
use indexmap::IndexMap;

/// One named credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// Where its name stands.
    pub place: Place,
    /// The login name.
    pub username: Option<Placed<String>>,
    /// The login password.
    pub password: Option<Secret>,
    /// The password of the privileged mode.
    pub enable_password: Option<Secret>,
    /// A private key file, relative to the testbed's file.
    pub key_file: Option<Placed<String>>,
    /// The passphrase of that key.
    pub passphrase: Option<Secret>,
}

/// Credentials of a testbed, device or connection, by name. A name found nearer replaces the whole credential.
pub type Credentials = IndexMap<String, Credential>;
