//! Whether a role that runs still answers: a process can hang without ending, and then nobody would start another.

use crate::instance::DataFolder;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::Instant;

/// From one question to the next.
const PERIOD: Duration = Duration::from_secs(2);
/// An answer that takes longer is none.
const ANSWER_MAX: Duration = Duration::from_secs(2);
/// How much is read of an answer: `HTTP/1.1 200`.
const STATUS_BYTES: u64 = 12;
/// A role that has answered nothing for so long hangs. Its health page asks neither disk nor network, so a busy role
/// still answers; what a wrong verdict costs is a restart.
pub(super) const HUNG_AFTER: Duration = Duration::from_secs(20);

/// Returns when the role's process hangs: it has said where it listens, and answers nothing there any more. A role that
/// starts may take as long as its disk does.
pub(super) async fn hangs(folder: &DataFolder, role: &str, pid: Option<u32>) {
    let mut silent: Option<Instant> = None;
    loop {
        tokio::time::sleep(PERIOD).await;
        let Some(at) = address(folder, role, pid) else {
            continue;
        };
        if answers(at, role).await {
            silent = None;
        } else if silent.get_or_insert_with(Instant::now).elapsed() >= HUNG_AFTER {
            return;
        }
    }
}

/// Where this very process has said that its private listener is.
fn address(folder: &DataFolder, role: &str, pid: Option<u32>) -> Option<SocketAddr> {
    let running = folder.running(role).ok()?;
    let listeners = ["private", "health"].into_iter();
    let mut found = listeners.filter_map(|name| running.listener(name).ok());
    found.next().filter(|_| Some(running.pid) == pid)
}

/// Whether anything at all comes back; what the health page says is not for the supervisor to judge. But a watch answers
/// that page by another task than the one that works, and says by this status that that one has stopped: nobody else would
/// replace it.
async fn answers(at: SocketAddr, role: &str) -> bool {
    let ask = async {
        let mut stream = TcpStream::connect(at).await?;
        let request = b"GET /health HTTP/1.1\r\nhost: twinline\r\nconnection: close\r\n\r\n";
        stream.write_all(request).await?;
        let mut head = Vec::new();
        stream.take(STATUS_BYTES).read_to_end(&mut head).await?;
        std::io::Result::Ok(head)
    };
    let answered = tokio::time::timeout(ANSWER_MAX, ask).await;
    let Ok(Ok(head)) = answered else {
        return false;
    };
    let stopped = role == "watch" && head.ends_with(b" 503");
    !head.is_empty() && !stopped
}

#[cfg(test)]
#[path = "pulse_tests.rs"]
mod tests;
