//! How an edge ends.

use super::*;

/// Where the role's own file would be lies a folder, which for the announcement is what a full disk is.
#[tokio::test(start_paused = true)]
async fn an_edge_that_fails_ends_though_the_disk_takes_no_announcement() {
    let root = tempfile::tempdir().unwrap();
    let folder = DataFolder::open(root.path()).unwrap();
    std::fs::create_dir_all(root.path().join("run/edge.json")).unwrap();
    let shutdown = CancellationToken::new();
    let announcing = announce(&folder, &[], &shutdown);
    let serving = std::future::ready(Err::<(), _>("the listener failed"));
    let ended = tokio::time::timeout(RETRY * 10, served(serving, announcing)).await;
    assert_eq!(ended, Ok(Err("the listener failed")));
}
