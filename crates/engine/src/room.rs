//! The memory that files on their way may take.

use std::fmt;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

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

    /// A file's part, if there is one.
    pub(crate) fn take(&self) -> Option<Taken> {
        let free = Arc::clone(&self.free);
        free.try_acquire_many_owned(self.each_mib).ok().map(Taken)
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

    #[test]
    fn over_the_room_files_wait() {
        let room = FileRoom::new(20);
        let first = room.take();
        let second = room.clone().take();
        assert!(first.is_some() && second.is_some());
        assert!(room.take().is_none(), "two of eight fit into twenty");
        drop(first);
        assert!(room.take().is_some());
    }

    #[test]
    fn little_room_takes_one_file_at_a_time() {
        let room = FileRoom::new(1);
        let only = room.take();
        assert!(only.is_some() && room.take().is_none());
    }
}
