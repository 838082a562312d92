//! What the fleet says of itself during a drill: its hosts' metrics, as monitoring reads them.

use super::account::Account;
use super::machines::Machine;
use futures_util::future::join_all;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

/// How often each machine is asked.
const PERIOD: Duration = Duration::from_millis(200);
/// An answer that takes longer is none: as patient as monitoring is.
const ANSWER_MAX: Duration = Duration::from_secs(4);
/// No exposition is greater.
const TEXT_MAX_BYTES: usize = 4 << 20;
/// A replica no older than this is up to date while changes go on.
const UP_TO_DATE_MS: u64 = 1000;

/// What one machine says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Said {
    /// `None`: no group works there that could tell.
    pub(super) reads: Option<bool>,
    pub(super) commits: Option<bool>,
    /// Whether the replicas of its groups are written.
    pub(super) replicas: Option<bool>,
    /// Whether its state can be written, by its health page.
    pub(super) stores: bool,
    /// Groups that work there.
    pub(super) groups: usize,
    /// Those whose replica is up to date.
    pub(super) up_to_date: usize,
}

/// One look at a machine.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    pub(super) at: Instant,
    pub(super) machine: usize,
    /// `None`: it did not answer.
    pub(super) said: Option<Said>,
}

/// All looks, in their order.
#[derive(Default)]
pub(super) struct Looks(Mutex<Vec<Look>>);

impl Looks {
    pub(super) fn all(&self) -> Vec<Look> {
        self.0.lock().expect("no code panics here").clone()
    }

    fn push(&self, look: Look) {
        self.0.lock().expect("no code panics here").push(look);
    }
}

/// Looks at every machine until it is dropped, and tells of what changes.
pub(super) async fn watch(machines: &[Machine], looks: &Looks, account: &Account) -> Infallible {
    let client = reqwest::Client::builder().no_proxy().build();
    let client = client.expect("a client without TLS needs nothing");
    join_all(machines.iter().enumerate().map(|(number, machine)| {
        let client = &client;
        async move {
            let mut pace = interval(PERIOD);
            pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let mut shown = None;
            loop {
                pace.tick().await;
                let said = ask(client, machine.host).await;
                let words = words(said.as_ref());
                if shown.as_ref() != Some(&words) {
                    account.say(&format!("{} says: {words}", machine.name));
                    shown = Some(words);
                }
                looks.push(Look {
                    at: Instant::now(),
                    machine: number,
                    said,
                });
            }
        }
    }))
    .await;
    unreachable!("each of them goes on for ever")
}

async fn ask(client: &reqwest::Client, at: SocketAddr) -> Option<Said> {
    let read = async {
        let health = client.get(format!("http://{at}/health")).send();
        let stores = health.await.ok()?.status().is_success();
        let request = client.get(format!("http://{at}/metrics"));
        let response = request.send().await.ok()?.error_for_status().ok()?;
        Some(parse(&whole(response).await?, stores))
    };
    timeout(ANSWER_MAX, read).await.ok()?
}

/// The text of an answer, unless it is too long.
pub(super) async fn whole(mut response: reqwest::Response) -> Option<String> {
    let mut text = Vec::new();
    while let Some(chunk) = response.chunk().await.ok()? {
        text.extend_from_slice(&chunk);
        if text.len() > TEXT_MAX_BYTES {
            return None;
        }
    }
    String::from_utf8(text).ok()
}

/// Reads an exposition.
fn parse(text: &str, stores: bool) -> Said {
    let all = |name: &str| {
        let mut found = samples(text, name);
        let first = found.next()?;
        Some(first == 1 && found.all(|value| value == 1))
    };
    let lags = samples(text, "twinline_central_replica_lag_milliseconds");
    Said {
        stores,
        reads: all("twinline_central_reads_ok"),
        commits: all("twinline_central_commits_ok"),
        replicas: all("twinline_central_replica_ok"),
        groups: samples(text, "twinline_central_replica_complete").count(),
        up_to_date: lags.filter(|lag| *lag <= UP_TO_DATE_MS).count(),
    }
}

/// The values of a metric, of every group.
fn samples<'a>(text: &'a str, name: &'a str) -> impl Iterator<Item = u64> + 'a {
    text.lines().filter_map(move |line| {
        let rest = line.strip_prefix(name)?;
        let (labels, value) = rest.rsplit_once(' ')?;
        let whole = labels.is_empty() || labels.starts_with('{');
        whole.then(|| value.parse().ok())?
    })
}

fn words(said: Option<&Said>) -> String {
    let Some(said) = said else {
        return "nothing".to_owned();
    };
    let word = |standing: Option<bool>| match standing {
        None => "unknown",
        Some(true) => "ok",
        Some(false) => "failing",
    };
    let own = if said.stores {
        ""
    } else {
        ", its own state cannot be written"
    };
    format!(
        "reads {}, commits {}, replicas {}, {} groups at work{own}",
        word(said.reads),
        word(said.commits),
        word(said.replicas),
        said.groups
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, of_all: [Option<bool>; 3], groups: [usize; 2]) {
        let said = parse(text, true);
        assert_eq!([said.reads, said.commits, said.replicas], of_all, "{text}");
        assert_eq!([said.groups, said.up_to_date], groups, "{text}");
    }

    #[test]
    fn an_exposition_of_groups_is_read() {
        check("# EOF\n", [None; 3], [0, 0]);
        check(
            "twinline_central_reads_ok{group=\"g1\"} 1\ntwinline_central_reads_ok{group=\"g2\"} 1\n\
             twinline_central_commits_ok{group=\"g1\"} 1\ntwinline_central_commits_ok{group=\"g2\"} 0\n\
             twinline_central_replica_ok{group=\"g1\"} 1\ntwinline_central_replica_ok{group=\"g2\"} 1\n\
             twinline_central_replica_complete{group=\"g1\"} 1\ntwinline_central_replica_complete{group=\"g2\"} 1\n\
             twinline_central_replica_lag_milliseconds{group=\"g1\"} 20\n\
             twinline_central_replica_lag_milliseconds{group=\"g2\"} 2000\n",
            [Some(true), Some(false), Some(true)],
            [2, 1],
        );
    }
}
