//! A thousand subscribers, and a mail server that takes their letters one by one.

use super::*;
use std::collections::BTreeSet;

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
