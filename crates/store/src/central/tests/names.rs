//! Names that move, and a resolver that hangs.

use super::support::*;
use crate::central::resolve::{LOOKUPS_MAX, Names, Resolver};
use crate::central::*;
use futures_util::future::BoxFuture;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;
use twinline_sim::postgres::Postgres;

/// The name of the central database.
const NAME: &str = "central.example";

/// A resolver by which every name leads where a test says, as soon as it answers at all.
struct Moving {
    leads: Mutex<SocketAddr>,
    answers: watch::Sender<bool>,
    under_way: Arc<AtomicUsize>,
}

impl Moving {
    fn to(server: &Postgres) -> Arc<Self> {
        Arc::new(Self {
            leads: Mutex::new(at(server)),
            answers: watch::Sender::new(true),
            under_way: Arc::default(),
        })
    }

    fn moves_to(&self, server: &Postgres) {
        *self.leads.lock().unwrap() = at(server);
    }

    fn under_way(&self) -> usize {
        self.under_way.load(Ordering::Relaxed)
    }
}

fn at(server: &Postgres) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, server.port()))
}

impl Names for Moving {
    fn look_up(&self, _: String, _: u16) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> {
        let leads = *self.leads.lock().unwrap();
        let mut answers = self.answers.subscribe();
        let under_way = Arc::clone(&self.under_way);
        under_way.fetch_add(1, Ordering::Relaxed);
        Box::pin(async move {
            let answered = answers.wait_for(|answers| *answers).await.map(drop);
            under_way.fetch_sub(1, Ordering::Relaxed);
            answered.map_err(io::Error::other)?;
            Ok(vec![leads])
        })
    }
}

/// A client that knows the database by its name alone.
fn named(server: &Postgres, names: &Arc<Moving>) -> CentralClient {
    let url = server.url().replace(
        &format!("@127.0.0.1:{}/", server.port()),
        &format!("@{NAME}:5432/"),
    );
    let address = CentralAddress::parse(&url, None).unwrap();
    let names = Arc::clone(names) as Arc<dyn Names>;
    CentralClient::start_by(names, address, settings(), Arc::new(TestClock::default()))
}

/// The name leads to the old writer for a while, which is up and takes no writes any more; then to the new one.
#[tokio::test(flavor = "multi_thread")]
async fn mode_12_the_name_still_leads_to_the_former_writer() {
    let Some(first) = server(&[]) else {
        return;
    };
    let second = first.standby("second").unwrap();
    let names = Moving::to(&first);
    let client = named(&first, &names);
    let before = healthy(&client).await;
    write(&client).await.unwrap();
    let timeline = |health: &CentralHealth| health.server.as_ref().map(|server| server.timeline);

    first.set("default_transaction_read_only", "on").unwrap();
    second.promote().unwrap();
    let demoted = until(&client, "held up by the former writer", |health| {
        health.commits.is_failing() && health.reads.is_ok()
    })
    .await;
    assert_eq!(demoted.server, before.server, "no other was found");
    assert!(write(&client).await.is_err());

    names.moves_to(&second);
    let after = healthy(&client).await;
    assert!(timeline(&after) > timeline(&before), "{after:?}");
    assert!(after.generation > before.generation);
    // The connections to the former writer are gone: it can do what it likes.
    writes_again(&client).await;
    drop(first);
    write(&client).await.unwrap();
}

/// It holds up as many look-ups as it may, never more, and what waits for a name ends by its own deadline.
#[tokio::test]
async fn a_resolver_that_hangs_is_bounded() {
    let names = Arc::new(Moving {
        leads: Mutex::new(SocketAddr::from((Ipv4Addr::LOCALHOST, 1))),
        answers: watch::Sender::new(false),
        under_way: Arc::default(),
    });
    let resolver = Resolver::new(Arc::clone(&names) as Arc<dyn Names>, LOOKUPS_MAX);
    let soon = Duration::from_millis(20);
    for so_far in 1..=LOOKUPS_MAX {
        let waited = timeout(soon, resolver.resolve(NAME, 5432)).await;
        assert!(waited.is_err(), "{waited:?}");
        assert_eq!(names.under_way(), so_far);
    }
    let beyond = timeout(SOON, resolver.resolve(NAME, 5432)).await;
    let said = beyond.expect("it is answered at once").unwrap_err();
    assert!(said.contains("earlier look-ups"), "{said}");
    assert_eq!(names.under_way(), LOOKUPS_MAX);
    // An address needs none.
    let address = resolver.resolve("[::1]", 5432).await.unwrap();
    assert_eq!(address, ["[::1]:5432".parse().unwrap()]);
    names.answers.send_replace(true);
    let found = async {
        loop {
            if let Ok(found) = resolver.resolve(NAME, 5432).await {
                return found;
            }
            tokio::task::yield_now().await;
        }
    };
    let found = timeout(SOON, found).await.expect("it answers again");
    assert_eq!(found, ["127.0.0.1:1".parse().unwrap()]);
}

/// The client goes on by itself when the resolver does.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_whose_name_cannot_be_looked_up_is_found_when_it_can_be() {
    let Some(server) = server(&[]) else {
        return;
    };
    let names = Moving::to(&server);
    names.answers.send_replace(false);
    let client = named(&server, &names);
    until(&client, "failing", |health| {
        health.commits.is_failing() && health.reads.is_failing()
    })
    .await;
    assert!(write(&client).await.is_err());
    assert!(names.under_way() <= LOOKUPS_MAX);
    names.answers.send_replace(true);
    healthy(&client).await;
    writes_again(&client).await;
}
