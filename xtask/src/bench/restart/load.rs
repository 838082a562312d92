//! People who edit, and the webhooks that tell of it: each over a connection of its own, so that a refusal is seen.

use crate::bench::latency::Latencies;
use crate::bench::trackers::{HOOK_SECRET, act, containers, dump, numbered};
use crate::served::SystemClock;
use anyhow::{Context, Result, bail};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use hmac::{Hmac, Mac as _};
use serde_json::json;
use sha2::Sha256;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};
use twinline_core::handles::Clock as _;
use twinline_sim::serve::SimServer;
use twinline_sim::{Command, Done};

/// A sender that waits longer gives up, as GitHub does.
const GIVE_UP: Duration = Duration::from_secs(10);
/// Deliveries under way at once; beyond it nothing would be like a tracker any more.
const UNDER_WAY_MAX: usize = 2000;
/// Items that are made at once, before anything is measured.
const MADE_AT_ONCE: usize = 16;
/// So many of the slowest deliveries are told one by one.
const SLOWEST: usize = 12;
/// All items have twins, and all edits are across, within this.
const SETTLED_MAX: Duration = Duration::from_secs(600);

/// When a delivery was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// The fleet has just begun: nothing is compared with it.
    Warming,
    Healthy,
    During,
    After,
}

/// What senders met.
#[derive(Clone, Debug, Default)]
pub(super) struct Met {
    pub(super) accepted: u64,
    /// Nobody listened.
    pub(super) refused: u64,
    /// Answered otherwise, cut off, or not answered in time.
    pub(super) failed: u64,
    /// How they failed, and how often.
    pub(super) how: BTreeMap<String, u64>,
}

/// How it ended.
pub(super) struct Outcome {
    pub(super) edits: u64,
    /// Items whose last edit is not on the other side, or that have no twin.
    pub(super) lost: usize,
    /// Items that are there twice.
    pub(super) doubled: usize,
    /// From the last edit until everything was across.
    pub(super) settled: Duration,
}

pub(super) struct Load {
    sides: Arc<[SimServer; 2]>,
    edges: Mutex<Vec<SocketAddr>>,
    pairs: usize,
    shared: Arc<Shared>,
    /// The issues' keys, by pair.
    keys: Mutex<Vec<String>>,
    edits: AtomicUsize,
    over: AtomicBool,
    phase: Mutex<Phase>,
    last: Mutex<Option<Instant>>,
}

struct Shared {
    latencies: Mutex<[Latencies; 4]>,
    met: Mutex<Met>,
    began: Instant,
    /// The slowest deliveries of the restart, the slowest first.
    slowest: Mutex<Vec<Slow>>,
}

/// A delivery that took long.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slow {
    /// When it began, since the load did.
    pub(super) after: Duration,
    pub(super) edge: SocketAddr,
    pub(super) took: Duration,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no code panics with this lock")
}

impl Load {
    pub(super) fn new(
        sides: Arc<[SimServer; 2]>,
        edges: Vec<SocketAddr>,
        pairs: usize,
    ) -> Result<Self> {
        anyhow::ensure!(!edges.is_empty() && pairs > 0, "there is nothing to load");
        Ok(Self {
            sides,
            edges: Mutex::new(edges),
            pairs,
            shared: Arc::new(Shared {
                latencies: Mutex::new(std::array::from_fn(|_| Latencies::new())),
                met: Mutex::default(),
                began: Instant::now(),
                slowest: Mutex::default(),
            }),
            keys: Mutex::default(),
            edits: AtomicUsize::new(0),
            over: AtomicBool::new(false),
            phase: Mutex::new(Phase::Warming),
            last: Mutex::default(),
        })
    }

    pub(super) const fn pairs(&self) -> usize {
        self.pairs
    }

    pub(super) fn enter(&self, phase: Phase) {
        *locked(&self.phase) = phase;
    }

    pub(super) fn end(&self) {
        self.over.store(true, Ordering::Relaxed);
    }

    /// Webhooks go to this edge no more.
    pub(super) fn leave(&self, edge: SocketAddr) {
        locked(&self.edges).retain(|at| *at != edge);
    }

    /// The edge that the webhook with this number goes to.
    fn edge(&self, number: usize) -> Result<SocketAddr> {
        let edges = locked(&self.edges);
        let at = number
            .checked_rem(edges.len())
            .and_then(|turn| edges.get(turn));
        at.copied().context("there is no edge")
    }

    pub(super) fn met(&self) -> Met {
        locked(&self.shared.met).clone()
    }

    /// The slowest deliveries of the restart, the slowest first.
    pub(super) fn slowest(&self) -> Vec<Slow> {
        locked(&self.shared.slowest).clone()
    }

    /// For how long the load has been there.
    pub(super) fn age(&self) -> Duration {
        self.shared.began.elapsed()
    }

    pub(super) fn latencies(&self, phase: Phase) -> Latencies {
        let mut all = Latencies::new();
        all.join(&locked(&self.shared.latencies)[phase as usize]);
        all
    }

    /// Makes an item for each pair, and waits until all have their twins.
    pub(super) async fn create(&self) -> Result<()> {
        for pair in 0..self.pairs {
            let [repository, _] = containers(pair);
            let create = Command::Create {
                container: Some(repository),
                by: "ana".to_owned(),
                title: title(pair, 0),
                body: "What happens, and what should happen instead.".to_owned(),
                labels: Vec::new(),
                assignees: Vec::new(),
            };
            match act(&self.sides[0], create)? {
                Done::Item(key) => locked(&self.keys).push(key),
                other => bail!("the simulator answered {other:?}"),
            }
        }
        let told = stream::iter(0..self.pairs).map(async |pair| {
            let request = self.told(pair, &format!("made-{pair}"))?;
            let at = self.edge(pair)?;
            let status = timeout(GIVE_UP, send(at, &request)).await;
            match status {
                Ok(Ok(202)) => Ok(()),
                other => bail!("the first webhook of g{pair} at {at}: {other:?}"),
            }
        });
        let () = told.buffer_unordered(MADE_AT_ONCE).try_collect().await?;
        let deadline = Instant::now() + SETTLED_MAX;
        loop {
            let made = self.titles(1).len();
            if made == self.pairs {
                return Ok(());
            }
            if Instant::now() > deadline {
                bail!("{made} of {} items have a twin", self.pairs);
            }
            sleep(Duration::from_millis(250)).await;
        }
    }

    /// Edits at a steady rate, item after item, until it is over; then waits for the deliveries under way. These run on
    /// `senders`, a runtime of their own: what the simulators do in this process, and that is much when a host begins, must
    /// not pass for an edge's slowness.
    pub(super) async fn edit(&self, per_s: u32, senders: &Handle) -> Result<()> {
        let mut pace = interval(Duration::from_secs(1) / per_s);
        pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let mut under_way = JoinSet::new();
        while !self.over.load(Ordering::Relaxed) {
            pace.tick().await;
            let ((at, request), phase) = (self.change()?, *locked(&self.phase));
            let shared = Arc::clone(&self.shared);
            while under_way.try_join_next().is_some() {}
            if under_way.len() >= UNDER_WAY_MAX {
                bail!("{UNDER_WAY_MAX} deliveries are not answered");
            }
            let delivery = async move { shared.deliver(at, &request, phase).await };
            under_way.spawn_on(delivery, senders);
        }
        *locked(&self.last) = Some(Instant::now());
        while under_way.join_next().await.is_some() {}
        Ok(())
    }

    /// Edits each item once.
    pub(super) async fn edit_all(&self) -> Result<()> {
        for _ in 0..self.pairs {
            let (at, request) = self.change()?;
            self.shared.deliver(at, &request, Phase::After).await;
        }
        *locked(&self.last) = Some(Instant::now());
        Ok(())
    }

    /// Edits the next item; the webhook that tells of it, and where it goes.
    fn change(&self) -> Result<(SocketAddr, String)> {
        let edit = self.edits.fetch_add(1, Ordering::Relaxed) + 1;
        let pair = edit % self.pairs;
        let key = locked(&self.keys).get(pair).cloned().context("an item")?;
        let change = Command::edit(&key, "ana", "title", title(pair, edit));
        act(&self.sides[0], change)?;
        let request = self.told(pair, &format!("edit-{edit}"))?;
        Ok((self.edge(edit)?, request))
    }

    /// Waits until everything is across, and counts what is not.
    pub(super) async fn settled(&self) -> Result<Outcome> {
        let last = locked(&self.last).context("nothing was edited")?;
        let mut lost = self.apart();
        while lost > 0 && last.elapsed() < SETTLED_MAX {
            sleep(Duration::from_millis(250)).await;
            lost = self.apart();
        }
        let settled = last.elapsed();
        // What would be made twice comes late.
        sleep(Duration::from_secs(3)).await;
        let there = dump(&self.sides[1]).items;
        let there = there
            .iter()
            .filter(|item| !item.deleted && item.title.starts_with('['));
        Ok(Outcome {
            edits: self.edits.load(Ordering::Relaxed) as u64,
            lost: self.apart(),
            doubled: there.count().saturating_sub(self.pairs),
            settled,
        })
    }

    fn titles(&self, side: usize) -> BTreeMap<usize, String> {
        let all = numbered(dump(&self.sides[side])).into_iter();
        all.map(|(pair, (_, title))| (pair, title)).collect()
    }

    fn apart(&self) -> usize {
        let (left, right) = (self.titles(0), self.titles(1));
        (0..self.pairs)
            .filter(|pair| left.get(pair) != right.get(pair))
            .count()
    }

    /// The webhook that tells of an item, as GitHub would send it.
    fn told(&self, pair: usize, id: &str) -> Result<String> {
        let key = locked(&self.keys).get(pair).cloned().context("an item")?;
        let (repository, number) = key.rsplit_once('#').context("an issue's key")?;
        let number: u64 = number.parse().context("an issue's number")?;
        let body = json!({
            "action": "edited",
            "issue": { "number": number, "updated_at": SystemClock.now().to_string() },
            "repository": { "full_name": repository },
            "padding": "x".repeat(1800),
        })
        .to_string();
        let mut mac = Hmac::<Sha256>::new_from_slice(HOOK_SECRET.as_bytes()).context("a key")?;
        mac.update(body.as_bytes());
        Ok(format!(
            "POST /hooks/g{pair} HTTP/1.1\r\nhost: edge\r\nconnection: close\r\ncontent-type: application/json\r\n\
             x-github-event: issues\r\nx-github-delivery: {id}\r\nx-hub-signature-256: sha256={}\r\n\
             content-length: {}\r\n\r\n{body}",
            hex::encode(mac.finalize().into_bytes()),
            body.len()
        ))
    }
}

impl Shared {
    fn note(&self, slow: Slow) {
        let mut slowest = locked(&self.slowest);
        let place = slowest.partition_point(|other| other.took >= slow.took);
        slowest.insert(place, slow);
        slowest.truncate(SLOWEST);
    }

    async fn deliver(&self, at: SocketAddr, request: &str, phase: Phase) {
        let began = Instant::now();
        let answered = timeout(GIVE_UP, send(at, request)).await;
        let mut met = locked(&self.met);
        let how = match answered {
            Ok(Ok(202)) => {
                met.accepted += 1;
                let took = began.elapsed();
                locked(&self.latencies)[phase as usize].add(took);
                if phase == Phase::During {
                    self.note(Slow {
                        after: began - self.began,
                        edge: at,
                        took,
                    });
                }
                return;
            }
            Ok(Err(error)) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
                met.refused += 1;
                return;
            }
            Ok(Ok(status)) => format!("answered {status}"),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "not answered in time".to_owned(),
        };
        met.failed += 1;
        *met.how.entry(how).or_default() += 1;
    }
}

/// One request on a connection of its own: its status.
async fn send(at: SocketAddr, request: &str) -> std::io::Result<u16> {
    let mut stream = TcpStream::connect(at).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok());
    status.ok_or_else(|| std::io::ErrorKind::UnexpectedEof.into())
}

/// An item's number is its pair's; the number of the edit tells two edits apart.
fn title(pair: usize, edit: usize) -> String {
    format!("[{pair}] edit {edit} of this title")
}
