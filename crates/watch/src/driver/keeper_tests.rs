//! States come back; a damaged file is put aside, at the start and meanwhile; a disk that fails costs nothing but memory.

use super::super::keep::{Begun, begin};
use super::*;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use twinline_core::time::Timestamp;
use twinline_core::watch::element::Element;
use twinline_core::watch::incident::{Book, Event, IncidentId, Settings};
use twinline_core::watch::signal::{Severity, Signal, State};
use twinline_store::db::DbOptions;

struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_800_000_000_000)
    }
}

/// States with an incident of this element.
fn machines(element: &str) -> Machines {
    let mut machines = Machines::default();
    let element: Element = element.parse().unwrap();
    let signal = Signal {
        source: "test".to_owned(),
        subject: element,
        state: State::Failing {
            severity: Severity::Critical,
            implicates: std::collections::BTreeSet::new(),
            summary: "it fails".to_owned(),
        },
    };
    let now = Fixed.now();
    let settings = Settings::default();
    machines.book.apply(Event::Signal(signal), now, &settings);
    let later = now.plus(Duration::from_secs(5));
    for effect in machines.book.apply(Event::Tick, later, &settings) {
        machines.records.hear(&effect, later);
    }
    machines
}

struct World {
    folder: tempfile::TempDir,
    shelf: Shelf,
    told: mpsc::Receiver<Told>,
    keeping: Keeping,
}

impl World {
    fn path(folder: &tempfile::TempDir) -> PathBuf {
        folder.path().join("watch.db")
    }

    async fn start(folder: tempfile::TempDir) -> (Self, Begun) {
        let path = Self::path(&folder);
        Self::at(folder, &path).await
    }

    async fn at(folder: tempfile::TempDir, path: &Path) -> (Self, Begun) {
        let mut begun = begin(path, Fixed.now()).await;
        let (told, heard) = mpsc::channel(8);
        let shelf = Shelf::default();
        let tools = Tools {
            path: path.to_owned(),
            shelf: shelf.clone(),
            clock: Arc::new(Fixed),
            told,
        };
        let world = Self {
            folder,
            shelf,
            told: heard,
            keeping: Keeping::start(tools, std::mem::take(&mut begun.file)),
        };
        (world, begun)
    }

    async fn hears(&mut self) -> Option<Trouble> {
        let told = timeout(Duration::from_secs(30), self.told.recv()).await;
        match told.unwrap() {
            Some(Told::Stored(trouble)) => trouble,
            _ => panic!("the keeper says nothing else"),
        }
    }

    async fn end(mut self) -> tempfile::TempDir {
        self.shelf.end();
        self.keeping.ends().await;
        self.folder
    }
}

fn line(text: &str) -> Line {
    Line {
        at: Fixed.now(),
        incident: Some(1),
        entry: format!("{{\"of\":\"watch\",\"text\":\"{text}\"}}"),
    }
}

#[tokio::test]
async fn what_was_left_is_there_after_a_restart() {
    let (world, begun) = World::start(tempfile::tempdir().unwrap()).await;
    assert_eq!((begun.machines, begun.trouble), (Machines::default(), None));
    world.shelf.leave(Some(machines("host:h1")), [line("one")]);
    world.shelf.leave(None, [line("two")]);
    let folder = world.end().await;
    let (world, begun) = World::start(folder).await;
    assert_eq!(begun.machines, machines("host:h1"));
    let texts: Vec<String> = (begun.journal.of(IncidentId(1)).into_iter())
        .map(|entry| entry.text)
        .collect();
    assert_eq!(texts, ["one", "two"]);
    drop(world.end().await);
}

#[tokio::test]
async fn a_damaged_file_is_put_aside_and_no_number_is_used_twice() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(World::path(&folder), [b'?'; 4096]).unwrap();
    let (mut world, begun) = World::start(folder).await;
    let Some(Trouble::Damaged(told)) = &begun.trouble else {
        panic!("{:?}", begun.trouble);
    };
    assert!(told.contains("watch.db.damaged-"), "{told}");
    let fresh = Book::numbered_from(IncidentId(1_800_000_000));
    assert_eq!(begun.machines.book, fresh);
    world.shelf.leave(Some(machines("edge:e1")), []);
    assert_eq!(world.hears().await, None);
    let (world, begun) = World::start(world.end().await).await;
    assert_eq!(begun.machines, machines("edge:e1"));
    drop(world.end().await);
}

#[tokio::test]
async fn a_state_that_cannot_be_read_is_put_aside() {
    let (world, _) = World::start(tempfile::tempdir().unwrap()).await;
    world.shelf.leave(Some(machines("host:h1")), []);
    let folder = world.end().await;
    let store = WatchStore::open(&World::path(&folder), DbOptions::default()).unwrap();
    let states = BTreeMap::from([("book".to_owned(), "{\"next\":true}".to_owned())]);
    let journal = Vec::new();
    store.write(Change { states, journal }, 10).await.unwrap();
    store.close().await;
    let (world, begun) = World::start(folder).await;
    assert!(matches!(begun.trouble, Some(Trouble::Damaged(_))));
    drop(world.end().await);
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_told_once_and_written_when_it_can() {
    let folder = tempfile::tempdir().unwrap();
    let within = folder.path().join("gone");
    let path = within.join("watch.db");
    let (mut world, begun) = World::at(folder, &path).await;
    assert!(matches!(begun.trouble, Some(Trouble::Disk(_))));
    world.shelf.leave(Some(machines("host:h1")), [line("one")]);
    assert!(matches!(world.hears().await, Some(Trouble::Disk(_))));
    std::fs::create_dir(&within).unwrap();
    std::fs::set_permissions(&within, std::fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(world.hears().await, None);
    let folder = world.end().await;
    let kept = begin(&path, Fixed.now()).await;
    assert_eq!(kept.machines, machines("host:h1"));
    drop(folder);
}

/// A watch that finds its file only after it has begun: a folder in the place of the file first.
async fn late(before: Option<Machines>) -> (World, Begun, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = World::path(&folder);
    let aside = folder.path().join("aside");
    std::fs::create_dir(&aside).unwrap();
    let (world, _) = World::start(folder).await;
    if let Some(before) = before {
        world.shelf.leave(Some(before), [line("before")]);
    }
    let folder = world.end().await;
    for suffix in ["", "-wal", "-shm"] {
        let name = format!("watch.db{suffix}");
        // Some are there only while it is open.
        drop(std::fs::rename(
            folder.path().join(&name),
            aside.join(&name),
        ));
    }
    std::fs::create_dir(&path).unwrap();
    let (mut world, begun) = World::start(folder).await;
    assert!(
        matches!(begun.trouble, Some(Trouble::Disk(_))),
        "{:?}",
        begun.trouble
    );
    world
        .shelf
        .leave(Some(machines("edge:e1")), [line("since")]);
    assert!(matches!(world.hears().await, Some(Trouble::Disk(_))));
    (world, begun, path)
}

/// The disk answers again.
fn comes(path: &Path) {
    std::fs::remove_dir(path).unwrap();
    let aside = path.with_file_name("aside");
    for entry in std::fs::read_dir(&aside).unwrap() {
        let entry = entry.unwrap();
        std::fs::rename(entry.path(), path.with_file_name(entry.file_name())).unwrap();
    }
}

/// Waits for what was found, and answers.
async fn found(world: &mut World, goes_on: bool) -> Machines {
    loop {
        let told = timeout(Duration::from_secs(30), world.told.recv()).await;
        match told.unwrap() {
            Some(Told::Found(found, to)) => {
                assert_eq!(found.lines, [line("before")]);
                to.send(goes_on).unwrap();
                return found.machines;
            }
            Some(Told::Stored(_)) => {}
            _ => panic!("the keeper says nothing else"),
        }
    }
}

#[tokio::test]
async fn what_is_found_late_is_gone_on_from() {
    let (mut world, begun, path) = late(Some(machines("host:h1"))).await;
    assert_eq!(
        begun.machines.book,
        Book::numbered_from(IncidentId(1_800_000_000))
    );
    comes(&path);
    assert_eq!(found(&mut world, true).await, machines("host:h1"));
    assert_eq!(world.hears().await, None);
    let folder = world.end().await;
    let kept = begin(&path, Fixed.now()).await;
    // The newest on the shelf.
    assert_eq!(kept.machines, machines("edge:e1"));
    assert_eq!(kept.journal.of(IncidentId(1)).len(), 2);
    drop(folder);
}

#[tokio::test]
async fn what_is_found_too_late_is_put_aside_and_told() {
    let (mut world, _, path) = late(Some(machines("host:h1"))).await;
    comes(&path);
    found(&mut world, false).await;
    let Some(Trouble::Damaged(told)) = world.hears().await else {
        panic!("it is told");
    };
    assert!(told.contains("watch.db.damaged-"), "{told}");
    assert_eq!(world.hears().await, None);
    let folder = world.end().await;
    assert_eq!(
        begin(&path, Fixed.now()).await.machines,
        machines("edge:e1")
    );
    // All of it is there still.
    let aside = path.with_file_name("watch.db.damaged-1800000000000");
    assert_eq!(
        begin(&aside, Fixed.now()).await.machines,
        machines("host:h1")
    );
    drop(folder);
}

#[tokio::test]
async fn what_is_found_when_watch_ends_is_left_as_it_is() {
    let (mut world, _, path) = late(Some(machines("host:h1"))).await;
    // The driver has ended.
    world.told.close();
    comes(&path);
    let folder = world.end().await;
    let kept = begin(&path, Fixed.now()).await;
    assert_eq!(kept.machines, machines("host:h1"));
    drop(folder);
}

#[tokio::test]
async fn a_keeper_that_fails_is_replaced_and_writes_over_nothing_that_is_lost() {
    let (mut world, _) = World::start(tempfile::tempdir().unwrap()).await;
    world.shelf.leave(Some(machines("host:h1")), [line("one")]);
    assert_eq!(world.hears().await, None);
    world.keeping.task.abort_all();
    assert!(world.keeping.lost().await.contains("has failed"));
    world.keeping.again();
    world.shelf.leave(Some(machines("edge:e1")), [line("two")]);
    let (world, begun) = World::start(world.end().await).await;
    assert_eq!(begun.machines, machines("edge:e1"));
    assert_eq!(begun.journal.of(IncidentId(1)).len(), 2);
    drop(world.end().await);
}

#[tokio::test]
async fn a_file_without_states_is_written_when_it_is_found_late() {
    let (mut world, _, path) = late(None).await;
    comes(&path);
    assert_eq!(world.hears().await, None);
    let folder = world.end().await;
    assert_eq!(
        begin(&path, Fixed.now()).await.machines,
        machines("edge:e1")
    );
    drop(folder);
}
