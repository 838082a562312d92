//! What was written to a file's log.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// Commits and pages since the file was opened; what checkpoints copy is not in it. Nothing is counted inline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Commits that wrote something.
    pub commits: u64,
    /// Pages of 4 KiB that they wrote.
    pub pages: u64,
}

#[derive(Debug, Default)]
pub(super) struct Counts {
    commits: AtomicU64,
    pages: AtomicU64,
    /// Pages in the log, as of the last commit.
    log_pages: AtomicU32,
}

impl Counts {
    /// A commit has been written, and the log has so many pages now. One that has fewer than before has begun anew.
    pub(super) fn committed(&self, log_pages: u32) {
        let before = self.log_pages.swap(log_pages, Ordering::Relaxed);
        let pages = log_pages.checked_sub(before).unwrap_or(log_pages);
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.pages.fetch_add(u64::from(pages), Ordering::Relaxed);
    }

    pub(super) fn log_pages(&self) -> u32 {
        self.log_pages.load(Ordering::Relaxed)
    }

    pub(super) fn get(&self) -> Written {
        Written {
            commits: self.commits.load(Ordering::Relaxed),
            pages: self.pages.load(Ordering::Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(log_pages: &[u32], commits: u64, pages: u64) {
        let counts = Counts::default();
        for pages in log_pages {
            counts.committed(*pages);
        }
        assert_eq!(counts.get(), Written { commits, pages }, "{log_pages:?}");
    }

    #[test]
    fn a_log_that_begins_anew_is_counted_on() {
        check(&[], 0, 0);
        check(&[3, 5, 5], 3, 5);
        check(&[3, 9, 2, 4], 4, 13);
    }
}
