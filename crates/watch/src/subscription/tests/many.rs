//! A thousand subscribers: by mail, where a server takes their letters one by one, and by webhook, while visitors load the
//! page.

use super::hooks::{Receiver, post, serve};
use super::*;
use crate::driver::tests::world::{World, setup};
use crate::site;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const MANY: usize = 1000;
/// They are told within this, on a machine that has other work too.
const WITHIN: Duration = Duration::from_secs(180);

#[tokio::test]
async fn a_thousand_subscribers_are_told_once_each() {
    let Some(server) = server() else {
        return;
    };
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("subscribers.json");
    let mut paper = Paper::new();
    let work = begin(&file, &paper, Some(&server));
    let all: BTreeSet<String> = (0..MANY).map(|it| format!("s{it}@acme.example")).collect();
    for one in &all {
        let confirm = links().confirm(&base(), &address(one), NOW).unwrap();
        work.registry.confirm(&token(&confirm)).await.unwrap();
    }
    paper.fails();
    let told = async {
        loop {
            let letters = server.letters().unwrap();
            if letters.len() >= MANY {
                return letters;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    };
    let letters = tokio::time::timeout(WITHIN, told).await;
    let letters = letters.expect("all are told");
    // A letter that came twice would be one too many, or somebody's that did not come.
    assert_eq!(letters.len(), MANY);
    let to: BTreeSet<String> = letters.into_iter().flat_map(|it| it.to).collect();
    assert!(to == all, "each is told");
    work.end().await;
}

/// Visitors who load the page one time after the other.
const VISITORS: usize = 8;
/// A page that takes longer is none, on a machine that has other work too.
const LOADED_WITHIN: Duration = Duration::from_secs(30);

/// The status page as the paper has it, on a port of its own.
async fn page(paper: &Paper, world: &World) -> SocketAddr {
    let desk = Arc::new(world.handle.clone());
    let shown = paper.shows.subscribe();
    let router = site::router(
        shown,
        desk,
        None,
        Arc::new(Still),
        site::Settings::default(),
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    at
}

/// The page, loaded by a browser that has nothing of it.
async fn load(at: SocketAddr) -> String {
    let load = async {
        let mut stream = TcpStream::connect(at).await?;
        let request = b"GET / HTTP/1.1\r\nhost: status.acme.example\r\nconnection: close\r\n\r\n";
        stream.write_all(request).await?;
        let mut page = String::new();
        stream.read_to_string(&mut page).await?;
        std::io::Result::Ok(page)
    };
    let loaded = tokio::time::timeout(LOADED_WITHIN, load).await;
    loaded.expect("the page is loaded").unwrap()
}

/// Visitors come until this is dropped.
struct Crowd(Vec<JoinHandle<()>>);

impl Crowd {
    fn begins(at: SocketAddr, loads: &Arc<AtomicUsize>) -> Self {
        let visitor = |_| {
            let loads = Arc::clone(loads);
            tokio::spawn(async move {
                loop {
                    let page = load(at).await;
                    assert!(page.starts_with("HTTP/1.1 200 "), "{page}");
                    assert!(page.contains("Webhooks: major outage"), "{page}");
                    loads.fetch_add(1, Ordering::SeqCst);
                }
            })
        };
        Self((0..VISITORS).map(visitor).collect())
    }

    /// None of them was sent away.
    fn are_content(&self) {
        assert!(self.0.iter().all(|it| !it.is_finished()));
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.0.iter().for_each(JoinHandle::abort);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_webhooks_are_told_once_each_while_visitors_load_the_page() {
    let receiver = Arc::new(Receiver::default());
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("subscribers.json");
    let mut paper = Paper::new();
    let work = begin_with(&file, &paper, post(&["127.0.0.0/8"], true));
    let hook = serve(&receiver).await;
    let all = (0..MANY).map(|it| address(&format!("{}/{it}", hook.as_str())));
    for one in all {
        let confirm = links().confirm(&base(), &one, NOW).unwrap();
        work.registry.confirm(&token(&confirm)).await.unwrap();
    }
    let world = World::start(setup(Vec::new(), &[])).await;
    let at = page(&paper, &world).await;
    let loads = Arc::new(AtomicUsize::new(0));

    paper.fails();
    let crowd = Crowd::begins(at, &loads);
    let told = async {
        let mut meanwhile = 0;
        loop {
            let heard = receiver.heard.lock().unwrap().len();
            if heard >= MANY {
                return meanwhile;
            }
            crowd.are_content();
            meanwhile = loads.load(Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let meanwhile = tokio::time::timeout(WITHIN, told).await;
    let meanwhile = meanwhile.expect("all are told");
    assert!(meanwhile > 0, "nobody saw the page meanwhile");
    drop(crowd);

    let heard = receiver.heard.lock().unwrap().clone();
    assert_eq!(heard.len(), MANY);
    // Each has a link of its own by which it leaves.
    let leaves: BTreeSet<String> = (heard.iter())
        .map(|(_, body)| {
            let said: serde_json::Value = serde_json::from_slice(body).unwrap();
            said["unsubscribe"].to_string()
        })
        .collect();
    assert_eq!(leaves.len(), MANY);
    work.end().await;
    drop(world.end().await);
}
