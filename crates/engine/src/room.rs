//! The memory that files on their way may take.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// What one file on its way takes at most: the pieces that two connections hold, and one chunk where a tracker takes files
/// in chunks.
const FILE_MIB: u32 = 8;

/// Room for files, shared by all who hold a clone: a process has one. Over it files wait.
#[derive(Clone)]
pub struct FileRoom {
    free: Arc<Semaphore>,
    /// What one file takes of it.
    each_mib: u32,
}

/// A file's part of the room, until it is dropped.
pub(crate) struct Taken(#[expect(dead_code, reason = "held for its drop")] OwnedSemaphorePermit);

impl FileRoom {
    /// Room of so many MiB. A file that is larger than all of it passes all the same: no file is held whole.
    pub fn new(mib: u32) -> Self {
        let mib = mib.max(1);
        Self {
            free: Arc::new(Semaphore::new(mib as usize)),
            each_mib: FILE_MIB.min(mib),
        }
    }

    /// Waits for a file's part; `None`: there was none within `turn`.
    pub(crate) async fn take(&self, turn: Duration) -> Option<Taken> {
        let free = Arc::clone(&self.free);
        let taken = timeout(turn, free.acquire_many_owned(self.each_mib)).await;
        Some(Taken(taken.ok()?.expect("this semaphore is never closed")))
    }
}

impl fmt::Debug for FileRoom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let free = self.free.available_permits();
        f.debug_struct("FileRoom").field("free_mib", &free).finish()
    }
}

/// Two are equal when they are one.
impl PartialEq for FileRoom {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.free, &other.free)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn over_the_room_files_wait() {
        let room = FileRoom::new(20);
        let turn = Duration::from_secs(1);
        let first = room.take(turn).await;
        let second = room.clone().take(turn).await;
        assert!(first.is_some() && second.is_some());
        assert!(
            room.take(turn).await.is_none(),
            "two of eight fit into twenty"
        );
        drop(first);
        assert!(room.take(turn).await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn little_room_takes_one_file_at_a_time() {
        let room = FileRoom::new(1);
        let only = room.take(Duration::from_secs(1)).await;
        assert!(only.is_some());
        assert!(room.take(Duration::from_secs(1)).await.is_none());
    }
}
