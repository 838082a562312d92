use super::super::tests::{mute, serve, web};
use super::*;
use std::net::SocketAddr;

const WITHIN: Duration = Duration::from_secs(4);

/// A place, and how often somebody wanted to know where it is.
struct Counted(Arc<dyn Place>, AtomicUsize);

impl Place for Counted {
    fn at(&self) -> Result<SocketAddr, String> {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.at()
    }
}

/// What hosts are found to say, look by look.
async fn check(places: Vec<Arc<dyn Place>>, expected: &[Result<u64, bool>]) {
    let hosts = Hosts::new(web(), places, WITHIN);
    for (look, expected) in expected.iter().enumerate() {
        let told = hosts.status().await;
        let told = told.map(|it| it.as_u64().unwrap());
        let told = told.map_err(|why| matches!(why, NoWord::Wrong(_)));
        assert_eq!(told, *expected, "look {look}");
    }
}

#[tokio::test]
async fn one_that_does_not_answer_hides_nothing_that_another_knows() {
    check(Vec::new(), &[Err(false)]).await;
    check(vec![serve(200, "1").await], &[Ok(1), Ok(1)]).await;
    let both = vec![serve(200, "1").await, serve(200, "2").await];
    check(both, &[Ok(1), Ok(1)]).await;
    check(vec![mute().await, serve(200, "2").await], &[Ok(2), Ok(2)]).await;
    let refused = vec![serve(401, "").await, serve(200, "2").await];
    check(refused, &[Ok(2), Ok(2)]).await;
    // Two at most in one look, others in the next.
    let third = vec![mute().await, serve(503, "").await, serve(200, "3").await];
    check(third, &[Err(false), Ok(3), Ok(3)]).await;
    check(vec![serve(404, "").await, mute().await], &[Err(true)]).await;
}

#[tokio::test]
async fn who_answered_last_is_asked_first() {
    let silent = Arc::new(Counted(mute().await, AtomicUsize::new(0)));
    let places = vec![Arc::clone(&silent) as Arc<dyn Place>, serve(200, "2").await];
    let hosts = Hosts::new(web(), places, WITHIN);
    for look in 0..3 {
        assert!(hosts.status().await.is_ok(), "look {look}");
        let asked = silent.1.load(Ordering::Relaxed);
        assert_eq!(asked, 1, "the silent one is not waited for again");
    }
}
