use super::*;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A resolver that answers what it is told, or never.
#[derive(Default)]
struct Told {
    answers: Mutex<Option<Result<Vec<IpAddr>, &'static str>>>,
    asked: AtomicUsize,
}

impl Told {
    fn set(&self, answer: Option<Result<&[u8], &'static str>>) {
        let address = |last: &u8| IpAddr::from([192, 0, 2, *last]);
        let answer = answer.map(|answer| answer.map(|all| all.iter().map(address).collect()));
        *self.answers.lock().unwrap() = answer;
    }
}

#[async_trait]
impl Names for Told {
    async fn addresses(&self, _host: &str) -> io::Result<Vec<IpAddr>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let answer = self.answers.lock().unwrap().clone();
        match answer {
            Some(answer) => answer.map_err(io::Error::other),
            None => std::future::pending().await,
        }
    }
}

fn found(last: &[u8]) -> Vec<IpAddr> {
    last.iter()
        .map(|last| IpAddr::from([192, 0, 2, *last]))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn the_last_answer_serves_while_there_is_none() {
    let told = Arc::new(Told::default());
    let names: Arc<dyn Names> = Arc::clone(&told) as Arc<dyn Names>;
    let max = Duration::from_secs(2);
    let addresses = Addresses::new(Arc::clone(&names), max, BTreeMap::new());
    told.set(Some(Err("gone")));
    assert_eq!(
        addresses.find("mail.test").await.unwrap_err().to_string(),
        "gone"
    );
    told.set(Some(Ok(&[1, 2])));
    assert_eq!(addresses.find("mail.test").await.unwrap(), found(&[1, 2]));
    told.set(Some(Ok(&[3])));
    assert_eq!(addresses.find("mail.test").await.unwrap(), found(&[3]));
    // An error, no address, no answer at all.
    for trouble in [Some(Err("gone")), Some(Ok(&[][..])), None] {
        told.set(trouble);
        assert_eq!(addresses.find("mail.test").await.unwrap(), found(&[3]));
    }
    // What is known outlives a restart.
    let again = Addresses::new(names, max, addresses.known());
    assert_eq!(again.find("mail.test").await.unwrap(), found(&[3]));
    assert!(again.find("other.test").await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_resolver_that_hangs_holds_up_few_look_ups() {
    let told = Arc::new(Told::default());
    let names: Arc<dyn Names> = Arc::clone(&told) as Arc<dyn Names>;
    let addresses = Addresses::new(names, Duration::from_secs(2), BTreeMap::new());
    for _ in 0..LOOKUPS_MAX * 3 {
        assert!(addresses.find("mail.test").await.is_err());
    }
    assert_eq!(told.asked.load(Ordering::Relaxed), LOOKUPS_MAX);
}

#[tokio::test]
async fn what_is_an_address_is_not_looked_up() {
    let told = Arc::new(Told::default());
    let names: Arc<dyn Names> = Arc::clone(&told) as Arc<dyn Names>;
    let addresses = Addresses::new(names, Duration::from_secs(2), BTreeMap::new());
    for (host, address) in [("192.0.2.7", "192.0.2.7"), ("[::1]", "::1"), ("::1", "::1")] {
        let found = addresses.find(host).await.unwrap();
        assert_eq!(found, [address.parse::<IpAddr>().unwrap()]);
    }
    assert_eq!(told.asked.load(Ordering::Relaxed), 0);
    assert!(addresses.known().is_empty());
}
