//! A shell that outlives this process: it ends and removes what this process has started when that is killed before it can
//! do so itself.

use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Waits for the end of this process, `$1`.
const WAIT: &str = "while kill -0 \"$1\" 2>/dev/null; do sleep 1; done; ";

/// At its post until it is dropped: who drops it ends and removes everything himself.
#[derive(Debug)]
pub struct Watchman(Child);

impl Watchman {
    /// `then` is what it does when this process has ended, in the words of a shell: `$1` is this process and `$2` the
    /// folder.
    ///
    /// # Errors
    /// There is no shell.
    pub fn of(folder: &Path, then: &str) -> io::Result<Self> {
        let mut command = Command::new("sh");
        command
            .arg("-c")
            .arg([WAIT, then].concat())
            .arg("watchman")
            .arg(std::process::id().to_string())
            .arg(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // What ends this process may end its whole group.
            .process_group(0);
        command.spawn().map(Self)
    }
}

impl Drop for Watchman {
    fn drop(&mut self) {
        // One that has ended meanwhile is as good as killed.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
