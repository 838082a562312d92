use super::*;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(30);

/// Two beats later than the first one, and whether it was said that the watch before hung.
async fn check(after_hung: bool) {
    let (beating, there) = Beating::begin(after_hung).unwrap();
    let following = Following::of(there).unwrap();
    let (mut beat, hung) = (following.beat(), following.hung());
    let listens = tokio::spawn(following.listen());
    for _ in 0..2 {
        timeout(PATIENCE, beat.changed()).await.unwrap().unwrap();
    }
    assert_eq!(hung.is_cancelled(), after_hung);
    // It beats no more.
    drop(beating);
    listens.abort();
}

#[tokio::test]
async fn a_watch_hears_that_its_supervisor_works_and_how_the_one_before_it_ended() {
    check(false).await;
    check(true).await;
}
