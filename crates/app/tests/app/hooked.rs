//! A receiver of webhooks and pings, which answers the status page's challenge.

use serde_json::{Value as Json, json};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Nobody sends slower.
const PATIENCE: Duration = Duration::from_secs(10);

/// A request: its path, its head in small letters, its body.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) path: String,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Heard {
    pub(crate) fn json(&self) -> Json {
        serde_json::from_str(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> String {
        let start = format!("{name}: ");
        let mut lines = self.head.lines();
        let line = lines.find_map(|line| line.strip_prefix(&start));
        line.unwrap_or_default().to_owned()
    }
}

pub(crate) struct Receiver {
    pub(crate) at: SocketAddr,
    heard: Arc<Mutex<Vec<Heard>>>,
}

impl Receiver {
    /// Its thread ends with the test's process.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&heard);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // Who breaks off has said nothing.
                if let Some(said) = answer(stream) {
                    kept.lock().unwrap().push(said);
                }
            }
        });
        Self { at, heard }
    }

    /// What came to a path.
    pub(crate) fn heard(&self, path: &str) -> Vec<Heard> {
        let heard = self.heard.lock().unwrap();
        heard.iter().filter(|it| it.path == path).cloned().collect()
    }
}

fn answer(stream: TcpStream) -> Option<Heard> {
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    let mut stream = BufReader::new(stream);
    let mut first = String::new();
    stream.read_line(&mut first).ok()?;
    let path = first.split(' ').nth(1)?.to_owned();
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok()?;
        if line.trim().is_empty() {
            break;
        }
        let (name, value) = line.split_once(':')?;
        let name = name.to_ascii_lowercase();
        if name == "content-length" {
            length = value.trim().parse().ok()?;
        }
        head.push_str(&format!("{name}: {}\n", value.trim()));
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    let body = String::from_utf8(body).ok()?;
    // A ping says nothing.
    let said: Json = serde_json::from_str(&body).unwrap_or_default();
    let echo = json!({ "challenge": said["challenge"] }).to_string();
    let answer = format!(
        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{echo}",
        echo.len()
    );
    stream.get_mut().write_all(answer.as_bytes()).ok()?;
    Some(Heard { path, head, body })
}
