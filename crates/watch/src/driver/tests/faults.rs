//! Watch's own faults: its file, its clock, its queue. Each is told, and none is for ever.

use super::world::{KEY, World, element, setup, until};
use crate::channel::acknowledge::{About, Grant, Signer};
use crate::driver::{Deed, Driver, Refusal, Shown, Standing};
use crate::site::{Desk as _, Refused};
use rustix::fs::{CWD, RenameFlags, renameat_with};
use std::sync::Arc;
use std::time::Duration;
use twinline_core::handles::Clock;
use twinline_core::time::Timestamp;
use twinline_core::watch::incident::IncidentId;
use twinline_core::watch::signal::{Signal, State};

/// The incident of an element, if there is one.
async fn incident(world: &World, of: &str) -> Option<Shown> {
    let found = world.overview().await.incidents;
    found.into_iter().find(|it| it.element == element(of))
}

/// Waits, while time passes, until an element has an incident that stands so.
async fn stands(world: &World, of: &str, standing: &Standing) -> Shown {
    until(&format!("{of} to be {standing:?}"), async || {
        world.passes(1).await;
        let found = incident(world, of).await;
        found.filter(|it| it.standing == *standing)
    })
    .await
}

#[tokio::test]
async fn a_lost_state_is_told_for_a_while_also_when_watch_is_started_again_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("watch.db"), [b'?'; 4096]).unwrap();
    let world = World::on(folder, setup(Vec::new(), &[])).await;
    let told = stands(&world, "watch:m1", &Standing::Open).await;
    assert!(told.headline.contains("lost its state"), "{told:?}");
    let world = world.restart(setup(Vec::new(), &[]), 5).await;
    let told = stands(&world, "watch:m1", &Standing::Recovered).await;
    let resolve = Deed::Resolve {
        incident: told.incident,
        by: "ada".to_owned(),
        text: None,
    };
    world.handle.perform(resolve).await.unwrap();
    drop(world.end().await);
}

/// A folder whose file has an open incident and a note, and is out of the way: a folder is in its place.
async fn hidden() -> tempfile::TempDir {
    let world = World::start(setup(Vec::new(), &[])).await;
    world.signal("host:h1", true).await;
    stands(&world, "host:h1", &Standing::Open).await;
    let note = Deed::Note {
        incident: IncidentId(1),
        by: "ada".to_owned(),
        text: "I look at it".to_owned(),
    };
    world.handle.perform(note).await.unwrap();
    let folder = world.end().await;
    let path = folder.path();
    std::fs::rename(path.join("watch.db"), path.join("hidden.db")).unwrap();
    std::fs::create_dir(path.join("watch.db")).unwrap();
    folder
}

/// The file is there again, at once: in between watch would make another.
fn comes(world: &World) {
    let [file, hidden] = ["watch.db", "hidden.db"].map(|name| world.path().join(name));
    renameat_with(CWD, &file, CWD, &hidden, RenameFlags::EXCHANGE).unwrap();
    std::fs::remove_dir(hidden).unwrap();
}

#[tokio::test]
async fn a_disk_that_comes_late_loses_nothing() {
    let world = World::on(hidden().await, setup(Vec::new(), &[])).await;
    let told = stands(&world, "disk:m1", &Standing::Open).await;
    assert!(told.headline.contains("is not stored"), "{told:?}");
    assert!(incident(&world, "host:h1").await.is_none());
    comes(&world);
    let told = stands(&world, "host:h1", &Standing::Open).await;
    assert_eq!(told.incident, IncidentId(1));
    let detail = world.handle.detail(IncidentId(1)).await.unwrap();
    assert_eq!(detail.notes.len(), 1);
    assert!(
        detail
            .journal
            .iter()
            .any(|it| it.text.contains("I look at it"))
    );
    // What was told of the disk is over, and its record is there still.
    assert_eq!(
        incident(&world, "disk:m1").await.unwrap().standing,
        Standing::Closed
    );
    until("the state to be stored", async || {
        world
            .handle
            .vitals()
            .figures()
            .trouble
            .is_none()
            .then_some(())
    })
    .await;
    drop(world.end().await);
}

#[tokio::test]
async fn what_happened_while_the_disk_was_away_is_not_written_over_what_was_before() {
    let world = World::on(hidden().await, setup(Vec::new(), &[])).await;
    world.signal("edge:m1", true).await;
    stands(&world, "edge:m1", &Standing::Open).await;
    comes(&world);
    // With the disk it shares the machine, which explains both.
    let told = until("the lost state to be told of", async || {
        world.passes(1).await;
        let mut found = world.overview().await.incidents.into_iter();
        found.find(|it| it.failing.contains(&element("watch:m1")))
    })
    .await;
    let detail = world.handle.detail(told.incident).await.unwrap();
    let aside = |it: &String| it.contains("watch.db.damaged-");
    assert!(detail.summaries.iter().any(aside), "{detail:?}");
    assert!(incident(&world, "edge:m1").await.is_some());
    drop(world.end().await);
}

#[tokio::test]
async fn a_clock_that_is_put_back_or_forward_keeps_nobody_from_being_called() {
    for stepped in [-86_400 * 400, -3600, 3600, 86_400 * 400] {
        // The channel is none: each page fails at once.
        let world = World::start(setup(Vec::new(), &["chat:ops"])).await;
        world.signal("host:h1", true).await;
        stands(&world, "host:h1", &Standing::Open).await;
        world.steps(stepped);
        // The channel fails: that is found, and the next page has its time.
        let figures = || world.handle.vitals().figures();
        let failed = figures().pages_failed;
        until("a page to be tried again", async || {
            world.passes(10).await;
            (figures().pages_failed > failed + 1).then_some(())
        })
        .await;
        let shown = incident(&world, "host:h1").await.unwrap();
        let next = shown.next_page_at.unwrap();
        assert!(
            next.since(world.now()) <= Duration::from_secs(900),
            "{next}"
        );
        assert!(figures().is_alive());
        // And another failure is another incident.
        world.signal("edge:e1", true).await;
        stands(&world, "edge:e1", &Standing::Open).await;
        world.signal("host:h1", false).await;
        stands(&world, "host:h1", &Standing::Recovered).await;
        drop(world.end().await);
    }
}

#[tokio::test]
async fn a_link_of_who_is_none_of_the_people_any_more_acknowledges_nothing() {
    let world = World::start(setup(Vec::new(), &["chat:ops"])).await;
    world.signal("host:h1", true).await;
    stands(&world, "host:h1", &Standing::Open).await;
    let grant = Grant {
        about: About::Incident("1.00000000".to_owned()),
        person: "bo".to_owned(),
        until: world
            .now()
            .plus(Duration::from_secs(3600))
            .floor_to_second(),
    };
    let token = Signer::new([KEY]).unwrap().token(&grant).unwrap();
    let refused = world.handle.acknowledge(&token).await;
    assert_eq!(refused.err(), Some(Refused::UnknownLink));
    let shown = incident(&world, "host:h1").await.unwrap();
    assert_eq!(shown.acknowledged_by, None);
    drop(world.end().await);
}

#[tokio::test]
async fn a_note_that_is_not_kept_is_refused() {
    let world = World::start(setup(Vec::new(), &[])).await;
    world.signal("host:h1", true).await;
    stands(&world, "host:h1", &Standing::Open).await;
    let note = async || {
        let note = Deed::Note {
            incident: IncidentId(1),
            by: "ada".to_owned(),
            text: "again".to_owned(),
        };
        world.handle.perform(note).await
    };
    for _ in 0..200 {
        note().await.unwrap();
    }
    assert_eq!(note().await, Err(Refusal::NotesFull(IncidentId(1))));
    drop(world.end().await);
}

struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_800_000_000_000)
    }
}

#[tokio::test]
async fn who_tells_something_hears_when_it_is_not_taken() {
    let folder = tempfile::tempdir().unwrap();
    let signer = Arc::new(Signer::new([KEY]).unwrap());
    let made = || setup(Vec::new(), &[]);
    let file = folder.path().join("watch.db");
    let (driver, handle) = Driver::begin(&file, made(), signer, Arc::new(Fixed)).await;
    assert!(handle.configure(made()).await);
    drop(driver);
    let signal = Signal {
        source: "test".to_owned(),
        subject: element("host:h1"),
        state: State::Passing,
    };
    assert!(!handle.signals(vec![signal.clone()]).await);
    assert!(!handle.signal(signal).await);
    assert!(!handle.configure(made()).await);
}
