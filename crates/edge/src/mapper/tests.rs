use super::*;

/// The time of the wall stands still.
struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_000)
    }
}

/// Says that there is nothing.
struct Nothing;

#[async_trait]
impl DirectorySource for Nothing {
    async fn read(&self) -> Result<Directory, String> {
        let directory = Directory::new(Still.now(), true, BTreeMap::new(), BTreeMap::new());
        Ok(directory)
    }
}

/// An edge that begins so long after it has read ahead: whether it can prove that there is no such node.
async fn check(later: Duration, proves: bool) {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = MapperSettings {
        source: Arc::new(Nothing),
        first: None,
        snapshot: folder.path().join("directory.json"),
        public_url: None,
    };
    settings.read_ahead().await;
    tokio::time::advance(later).await;
    let mapper = Mapper::open(settings, "http://127.0.0.1:1".to_owned(), Arc::new(Still)).await;
    assert_eq!(mapper.proves_absent("x"), proves, "{later:?}");
}

#[tokio::test(start_paused = true)]
async fn what_was_read_ahead_proves_from_when_it_was_read() {
    let second = Duration::from_secs(1);
    check(Duration::ZERO, true).await;
    check(PROOF_MAX.saturating_sub(second), true).await;
    // One may have been published while the edge before this one still had the inbox.
    check(PROOF_MAX + second, false).await;
}
