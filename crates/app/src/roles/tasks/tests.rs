use super::*;

/// One task as given beside one that goes on until shutdown; `expected`: what the role ends with.
async fn check(
    task: impl Future<Output = Result<()>> + Send + 'static,
    stopped: bool,
    expected: Option<&str>,
) {
    let shutdown = CancellationToken::new();
    if stopped {
        shutdown.cancel();
    }
    let mut tasks = Tasks::new(shutdown.clone());
    let until = shutdown.clone();
    tasks.spawn("other", async move {
        until.cancelled().await;
        Ok(())
    });
    tasks.spawn("one", task);
    let said = tasks.end().await.err().map(|error| error.to_string());
    assert_eq!(said.as_deref(), expected);
    assert!(shutdown.is_cancelled());
}

#[tokio::test]
async fn the_first_task_to_end_ends_all() {
    let early = Some("the task 'one' ended before shutdown");
    check(async { Ok(()) }, false, early).await;
    let failed = Some("the task 'one' failed");
    check(async { Err(anyhow!("broken")) }, false, failed).await;
    let broken: Option<()> = None;
    let panics = async move { broken.map(Ok).expect("a broken invariant, on purpose") };
    check(panics, false, Some("a task panicked")).await;
    check(async { Ok(()) }, true, None).await;
}
