//! States come back; a damaged file is put aside, at the start and meanwhile; a disk that fails costs nothing but memory.

use super::*;
use std::os::unix::fs::PermissionsExt as _;
use twinline_core::watch::element::Element;
use twinline_core::watch::incident::{Event, Settings};
use twinline_core::watch::signal::{Severity, Signal, State};

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
    keeper: tokio::task::JoinHandle<()>,
}

impl World {
    fn path(folder: &tempfile::TempDir) -> PathBuf {
        folder.path().join("watch.db")
    }

    async fn start(folder: tempfile::TempDir) -> (Self, Begun) {
        let path = Self::path(&folder);
        let mut begun = begin(&path, Fixed.now()).await;
        let (told, heard) = mpsc::channel(8);
        let shelf = Shelf::default();
        let keeper = Keeper::new(&path, shelf.clone(), Arc::new(Fixed), &mut begun, told);
        let world = Self {
            folder,
            shelf,
            told: heard,
            keeper: tokio::spawn(keeper.run()),
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

    async fn end(self) -> tempfile::TempDir {
        self.shelf.end();
        self.keeper.await.unwrap();
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
    let mut begun = begin(&path, Fixed.now()).await;
    assert!(matches!(begun.trouble, Some(Trouble::Disk(_))));
    let (told, heard) = mpsc::channel(8);
    let shelf = Shelf::default();
    let keeper = Keeper::new(&path, shelf.clone(), Arc::new(Fixed), &mut begun, told);
    let mut world = World {
        folder,
        shelf,
        told: heard,
        keeper: tokio::spawn(keeper.run()),
    };
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
