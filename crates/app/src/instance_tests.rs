use super::*;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};

/// Never says the same twice.
struct Numbers(AtomicU64);

impl Entropy for Numbers {
    fn next_u64(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}

fn folder() -> (tempfile::TempDir, DataFolder) {
    let root = tempfile::tempdir().unwrap();
    let folder = DataFolder::open(root.path()).unwrap();
    (root, folder)
}

#[test]
fn all_who_start_at_once_have_the_same_token() {
    let (root, folder) = folder();
    let numbers = Numbers(AtomicU64::new(0));
    let barrier = Barrier::new(8);
    let tokens: Vec<String> = std::thread::scope(|scope| {
        let one = || {
            barrier.wait();
            folder.token(&numbers).unwrap().expose().to_owned()
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(one)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    let kept = fs::read_to_string(root.path().join("run/token")).unwrap();
    assert!(tokens.iter().all(|token| *token == kept), "{tokens:?}");
    let mode = fs::metadata(root.path().join("run/token"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

/// What a process left that was killed while it made the token stands in nobody's way.
#[test]
fn a_token_that_was_never_finished_is_none() {
    let (root, folder) = folder();
    fs::write(root.path().join("run/token.new-0"), "half").unwrap();
    let token = folder.token(&Numbers(AtomicU64::new(7))).unwrap();
    assert_eq!(token.expose().len(), 64);
    let again = folder.token(&Numbers(AtomicU64::new(99))).unwrap();
    assert_eq!(again.expose(), token.expose());
}

#[test]
fn an_empty_state_is_not_made_beside_the_parts_of_one() {
    let check = |files: &[&str], expected: Option<&str>| {
        let (root, folder) = folder();
        for name in files {
            fs::write(root.path().join("host").join(name), "").unwrap();
        }
        let found = folder.check_host_store().map_err(|error| error.to_string());
        match (expected, found) {
            (None, found) => assert_eq!(found, Ok(()), "{files:?}"),
            (Some(part), Err(sentence)) => assert!(sentence.contains(part), "{sentence}"),
            (Some(_), Ok(())) => panic!("{files:?} is taken for a first start"),
        }
    };
    check(&[], None);
    check(&["host.db", "host.db.replaced"], None);
    check(
        &["host.db.restoring"],
        Some("host.db.restoring: a restore was interrupted"),
    );
    check(
        &["host.db.replaced", "host.db-wal"],
        Some("host.db-wal, host.db.replaced"),
    );
}

#[tokio::test]
async fn who_holds_the_folder_is_told_from_a_disk_that_refuses() {
    let (root, folder) = folder();
    assert!(!folder.is_held("up").unwrap(), "nobody ever did");
    let hold = folder.hold("up", Duration::ZERO).await.unwrap();
    assert!(folder.is_held("up").unwrap());
    assert!(folder.hold("up", Duration::ZERO).await.is_err());
    drop(hold);
    assert!(!folder.is_held("up").unwrap());
    // A disk that refuses to open it: nobody has come for that.
    let lock = folder.path().join("run/up.lock");
    fs::remove_file(&lock).unwrap();
    std::os::unix::fs::symlink(&lock, &lock).unwrap();
    assert!(folder.is_held("up").is_err());
    assert!(folder.hold("up", Duration::ZERO).await.is_err());
    // The folder itself is gone.
    drop(root);
    assert!(folder.is_held("up").unwrap());
}
