//! A connection that ends with its scope.

use crate::connect::manager::ConnectionManager;
use crate::connect::pool::Pool;
use std::ops::Deref;

/// A connection that ends when this is dropped, also by `?` and by a panic. Dropping closes what is idle, and does not block
/// for what is lent: its borrower closes that.
///
/// An object that was made for it is destroyed; one that was instantiated before is disconnected and stays.
#[derive(Debug)]
pub struct Scoped<'a> {
    pub(super) manager: &'a ConnectionManager,
    pub(super) pool: Pool,
    /// Whether the object was made for this scope.
    pub(super) made: bool,
}

impl Deref for Scoped<'_> {
    type Target = Pool;

    fn deref(&self) -> &Pool {
        &self.pool
    }
}

impl Drop for Scoped<'_> {
    fn drop(&mut self) {
        // Nobody is left to be told. Only this very object is forgotten: its alias may belong to another one by now.
        let _ = if self.made {
            self.manager.forget(&self.pool);
            self.pool.destroy()
        } else {
            self.pool.disconnect()
        };
    }
}
