//! A small HTTP server that keeps what it hears, and answers as it is told.

use http::{HeaderMap, HeaderName, HeaderValue};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What is answered to each request.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    /// A status, headers, a body.
    Http(u16, &'static str, &'static str),
    /// These bytes.
    Garbage(&'static str),
    /// Nothing, on an open connection.
    Nothing,
    /// Nothing, and the connection is closed.
    Close,
}

/// A request.
#[derive(Clone, Debug)]
pub(super) struct Heard {
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Heard {
    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

pub(super) struct Peer {
    port: u16,
    heard: Arc<Mutex<Vec<Heard>>>,
}

impl Peer {
    pub(super) async fn giving(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&heard);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(stream, answer.clone(), Arc::clone(&kept)));
            }
        });
        Self { port, heard }
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(super) fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }
}

async fn serve(stream: TcpStream, answer: Answer, kept: Arc<Mutex<Vec<Heard>>>) {
    let mut stream = BufReader::new(stream);
    let heard = read(&mut stream).await;
    kept.lock().unwrap().push(heard);
    let bytes = match answer {
        Answer::Http(status, headers, body) => {
            let length = body.len();
            format!("HTTP/1.1 {status} Said\r\n{headers}content-length: {length}\r\n\r\n{body}")
        }
        Answer::Garbage(bytes) => bytes.to_owned(),
        Answer::Close => return,
        Answer::Nothing => {
            // Until the other side gives up.
            let ended = stream.read_to_end(&mut Vec::new()).await;
            return drop(ended);
        }
    };
    stream.get_mut().write_all(bytes.as_bytes()).await.unwrap();
}

async fn read(stream: &mut BufReader<TcpStream>) -> Heard {
    let mut first = String::new();
    stream.read_line(&mut first).await.unwrap();
    let mut words = first.split(' ');
    assert_eq!(words.next(), Some("POST"));
    let path = words.next().unwrap().to_owned();
    let mut headers = HeaderMap::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.unwrap();
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        headers.append(name, HeaderValue::from_str(value).unwrap());
    }
    let length = headers["content-length"].to_str().unwrap().parse().unwrap();
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    Heard {
        path,
        headers,
        body,
    }
}
