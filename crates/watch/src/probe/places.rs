//! Where what is watched is. It may be elsewhere after each restart.

use std::net::SocketAddr;
use std::sync::Arc;

/// Says where something is, from memory: nothing waits for a disk or a resolver here.
pub trait Place: Send + Sync {
    /// Where it is now.
    ///
    /// # Errors
    /// That is not known, in one sentence.
    fn at(&self) -> Result<SocketAddr, String>;
}

/// An address that stays.
#[derive(Clone, Copy, Debug)]
pub struct Fixed(pub SocketAddr);

impl Place for Fixed {
    fn at(&self) -> Result<SocketAddr, String> {
        Ok(self.0)
    }
}

impl<P: Place + ?Sized> Place for Arc<P> {
    fn at(&self) -> Result<SocketAddr, String> {
        (**self).at()
    }
}
