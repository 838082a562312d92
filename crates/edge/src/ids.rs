//! Ids of requests: unlike any other process's by a random part, unlike each other by a number.

use http::HeaderValue;
use std::sync::atomic::{AtomicU64, Ordering};
use twinline_core::handles::Entropy;

/// Gives ids.
pub(crate) struct Ids {
    process: u64,
    next: AtomicU64,
}

impl Ids {
    pub(crate) fn new(entropy: &dyn Entropy) -> Self {
        Self {
            process: entropy.next_u64(),
            next: AtomicU64::new(1),
        }
    }

    pub(crate) fn next(&self) -> HeaderValue {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let text = format!("{:016x}-{number:x}", self.process);
        HeaderValue::try_from(text).expect("hexadecimal digits are a header's value")
    }
}
