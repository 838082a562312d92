use super::*;
use axum::routing::get;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::task::JoinHandle;

/// Nothing that is waited for takes longer.
const PATIENCE: Duration = Duration::from_secs(60);
/// Short, so that a test need not wait long for what is to end.
const DEADLINE: Duration = Duration::from_millis(300);

struct Served {
    at: SocketAddr,
    shutdown: CancellationToken,
    task: JoinHandle<()>,
}

async fn served(places: Places) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let router = Router::new().route("/", get(|| async { "well" }));
    let shutdown = CancellationToken::new();
    let ends = shutdown.clone();
    let task = tokio::spawn(serve_within(listener, router, places, DEADLINE, ends));
    Served { at, shutdown, task }
}

impl Served {
    async fn sends(&self, first: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(self.at).await.unwrap();
        stream.write_all(first).await.unwrap();
        stream
    }

    async fn end(self) {
        self.shutdown.cancel();
        timeout(PATIENCE, self.task).await.unwrap().unwrap();
    }
}

/// Waits for the end of a connection; what came before. A connection that is reset has ended too.
async fn all_of(mut stream: TcpStream) -> Vec<u8> {
    let mut came = Vec::new();
    let read = timeout(PATIENCE, stream.read_to_end(&mut came)).await;
    drop(read.expect("the connection ends"));
    came
}

const ASKS: &[u8] = b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";

#[tokio::test]
async fn who_says_nothing_or_half_a_word_keeps_no_place() {
    let served = served(Places::all(3)).await;
    let settings = [&PREFACE[..], &[0, 0, 0, 4, 0, 0, 0, 0, 0]].concat();
    let silent = [
        served.sends(b"").await,
        // The beginning of HTTP/2, and of a head of HTTP/1.
        served.sends(b"PRI").await,
        served.sends(b"GET / HT").await,
    ];
    // Answered when one of the three has ended.
    let answer = all_of(served.sends(ASKS).await).await;
    assert!(
        answer.ends_with(b"well"),
        "{}",
        String::from_utf8_lossy(&answer)
    );
    for stream in silent {
        all_of(stream).await;
    }
    // HTTP/2 that gives no sign of life.
    all_of(served.sends(&settings).await).await;
    served.end().await;
}

#[tokio::test]
async fn a_beginning_that_comes_in_pieces_is_understood() {
    let served = served(Places::all(3)).await;
    let mut stream = served.sends(b"P").await;
    let rest = b"UT / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    stream.write_all(rest).await.unwrap();
    let answer = all_of(stream).await;
    assert!(
        answer.starts_with(b"HTTP/1.1 405"),
        "{}",
        String::from_utf8_lossy(&answer)
    );
    served.end().await;
}

#[tokio::test]
async fn an_address_with_too_many_connections_is_let_go_at_once() {
    let served = served(Places::new(10, 1, Vec::new())).await;
    let mut first = served.sends(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
    let mut answer = [0; 8];
    first.read_exact(&mut answer).await.unwrap();
    assert!(all_of(served.sends(b"").await).await.is_empty());
    drop(first);
    let answered = async {
        loop {
            let answer = all_of(served.sends(ASKS).await).await;
            if answer.ends_with(b"well") {
                return;
            }
        }
    };
    timeout(PATIENCE, answered)
        .await
        .expect("there is room again");
    served.end().await;
}

#[tokio::test]
async fn who_says_nothing_delays_no_end() {
    let served = served(Places::all(3)).await;
    let silent = served.sends(b"").await;
    served.end().await;
    assert!(all_of(silent).await.is_empty());
}
