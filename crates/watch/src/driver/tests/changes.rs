//! Changes: planned, left alone, proven, noticed; and after a restart.

use super::world::{KEY, World, element, hook, receiver, setup, until};
use crate::channel::acknowledge::{About, Grant, Signer};
use crate::driver::changes::{Deed, Detail, NotDone, Standing, Wanted};
use crate::driver::{Setup, Watched};
use crate::site::{Desk as _, Standing as Errand};
use std::time::Duration;
use twinline_core::watch::change::{Answer, ChangeId, Check, Fingerprint, Refusal};
use twinline_core::watch::element::Path;
use twinline_core::watch::probe;
use twinline_core::watch::signal::Severity;

fn guarded() -> Setup {
    by(setup(Vec::new(), &[]))
}

/// Guards changes with a host and a database.
fn by(mut setup: Setup) -> Setup {
    setup.watched = ["host_direct host:m1", "commit_canary database:central"]
        .map(|named| {
            let (probe, subject) = named.split_once(' ').unwrap();
            Watched {
                probe: probe.to_owned(),
                subject: element(subject),
                implicates: Path::new(),
                severity: Severity::Critical,
                settings: probe::Settings::new(2, 3)
                    .unwrap()
                    .with_silence(Duration::from_secs(86_400)),
                deadline_ms: 300,
            }
        })
        .into();
    setup
}

async fn plans(world: &World) -> ChangeId {
    let deed = Deed::Plan {
        title: "PostgreSQL 17".to_owned(),
        elements: Path::from([element("database:central")]),
        from: None,
        until: world.now().plus(Duration::from_secs(7200)),
        by: "ada".to_owned(),
    };
    world.handle.change(deed).await.unwrap().shown.change
}

async fn starts(world: &World, change: ChangeId, by: &str) -> Result<Detail, NotDone> {
    let by = Some(by.to_owned());
    world.handle.change(Deed::Start { change, by }).await
}

/// What is sent to ada to say by that she is there.
fn link(world: &World, change: ChangeId) -> String {
    let until = world.now().plus(Duration::from_secs(600));
    let grant = Grant {
        about: About::Presence(format!("{change}.00000000")),
        person: "ada".to_owned(),
        until: until.floor_to_second(),
    };
    Signer::new([KEY]).unwrap().token(&grant).unwrap()
}

/// Ada follows a link that says that she is there.
async fn is_there(world: &World, change: ChangeId) {
    let done = world
        .handle
        .acknowledge(&link(world, change))
        .await
        .unwrap();
    assert!(
        matches!(done.standing, Errand::Acknowledged { .. }),
        "{done:?}"
    );
}

async fn wanted(world: &World, change: ChangeId, round: u32) -> Wanted {
    let wanted = world.handle.wanted();
    until("proofs to be wanted", async || {
        let all = wanted.borrow().clone();
        let mut all = all.iter();
        all.find(|it| it.change == change && it.round == round)
            .cloned()
    })
    .await
}

async fn proves(world: &World, wanted: &Wanted, fails: Option<&str>) {
    for check in &wanted.checks {
        let fails = fails.filter(|_| check.probe == "commit_canary");
        let of = (wanted.change, wanted.round);
        world
            .handle
            .proved(of, check.clone(), fails.map(str::to_owned))
            .await;
    }
}

async fn standing(world: &World, change: ChangeId) -> Standing {
    world.handle.changed(change).await.unwrap().shown.standing
}

async fn refusal(world: &World) -> Option<Refusal> {
    let elements = Path::from([element("database:central")]);
    match world.handle.may(elements).await.unwrap().answer {
        Answer::Go { .. } => None,
        Answer::NoGo { refusal } => Some(refusal),
    }
}

/// What is wrong with a change is an incident like any other.
async fn incident(world: &World, says: &str) {
    until(says, async || {
        world.passes(1).await;
        let all = world.overview().await.incidents;
        all.into_iter().find(|it| it.headline.contains(says))
    })
    .await;
}

#[tokio::test]
async fn a_change_is_left_alone_and_only_proof_finishes_it() {
    let world = World::start(guarded()).await;
    let change = plans(&world).await;
    assert_eq!(refusal(&world).await, Some(Refusal::WrongStage));
    let nobody = starts(&world, change, "bo").await.unwrap_err().to_string();
    assert!(nobody.contains("on call: ada"), "{nobody}");
    let unproven = starts(&world, change, "ada").await.unwrap_err().to_string();
    assert!(unproven.contains("none of their ways"), "{unproven}");
    is_there(&world, change).await;
    starts(&world, change, "ada").await.unwrap();
    assert_eq!(refusal(&world).await, None);

    // Nobody says again that they are there; and a restart forgets nothing.
    world.passes(200).await;
    let world = world.restart(guarded(), 101).await;
    incident(&world, "it stands still").await;
    assert_eq!(standing(&world, change).await, Standing::Paused);
    assert_eq!(refusal(&world).await, Some(Refusal::NobodyPresent));
    let proof = format!("https://status.acme.example/ack/{}", link(&world, change));
    let prove = Deed::Prove { change, proof };
    world.handle.change(prove).await.unwrap();
    assert_eq!(standing(&world, change).await, Standing::Running);

    let early = world
        .handle
        .change(Deed::Finish { change })
        .await
        .unwrap_err();
    assert!(early.to_string().contains("only proof"), "{early}");
    world.handle.change(Deed::Verify { change }).await.unwrap();
    let first = wanted(&world, change, 1).await;
    assert_eq!(first.checks.len(), 2);
    proves(&world, &first, Some("no commit ended")).await;
    incident(
        &world,
        "it is not proven: commit_canary of database:central",
    )
    .await;
    world.passes(6).await;
    let second = wanted(&world, change, 2).await;
    proves(&world, &second, None).await;
    assert_eq!(standing(&world, change).await, Standing::Proven);
    let done = world.handle.change(Deed::Finish { change }).await.unwrap();
    assert_eq!(done.shown.standing, Standing::Finished);
    assert_eq!(done.shown.proof.unwrap().checks.len(), 2);
    let story: Vec<String> = done.story.into_iter().map(|it| it.text).collect();
    for said in [
        "ada has planned it",
        "started",
        "no commit ended",
        "proven",
        "finished",
    ] {
        assert!(
            story.iter().any(|it| it.contains(said)),
            "{said}: {story:?}"
        );
    }
    let over = world
        .handle
        .change(Deed::Verify { change })
        .await
        .unwrap_err();
    assert!(over.to_string().contains("is over"), "{over}");
    assert!(world.handle.wanted().borrow().is_empty());
    drop(world.end().await);
}

#[tokio::test]
async fn a_failover_while_watch_was_away_is_noticed_and_proven() {
    let fingerprint = |timeline: u32| Fingerprint {
        system_identifier: 7,
        timeline,
        server_version: 170_002,
        started_ms: 1000,
        leader: format!("db{timeline}:5432"),
    };
    let database = || element("database:central");
    let world = World::start(guarded()).await;
    assert!(world.handle.seen(database(), fingerprint(1)).await);
    assert!(world.handle.changes().await.unwrap().changes.is_empty());
    let world = world.restart(guarded(), 10).await;
    assert!(world.handle.seen(database(), fingerprint(2)).await);
    let all = world.handle.changes().await.unwrap().changes;
    let change = all[0].change;
    assert_eq!(all[0].title, "database:central: timeline, leader");
    assert_eq!(world.handle.vitals().figures().changes_under_way, 1);
    let first = wanted(&world, change, 1).await;
    proves(&world, &first, None).await;
    assert_eq!(standing(&world, change).await, Standing::Finished);
    // Who tells of it a moment later tells of the same one.
    let deed = Deed::Announce {
        database: database(),
        by: "db2".to_owned(),
        what: "on_role_change primary".to_owned(),
    };
    assert_eq!(
        world.handle.change(deed).await.unwrap().shown.change,
        change
    );
    drop(world.end().await);
}

#[tokio::test]
async fn the_first_failure_opens_while_a_change_runs() {
    let world = World::start(guarded()).await;
    let observe = async |run: u64, passed: bool| {
        let outcome = if passed {
            probe::Outcome::Passed
        } else {
            probe::Outcome::Failed(probe::Failure::Deadline)
        };
        let probe = "commit_canary".into();
        let seen = vec![(element("database:central"), outcome)];
        world.handle.results(&probe, run, seen).await;
    };
    let failing = async || world.handle.changes().await.unwrap().failing;
    observe(1, true).await;
    observe(2, false).await;
    assert!(failing().await.is_empty(), "one failure is none");
    observe(3, true).await;
    let change = plans(&world).await;
    is_there(&world, change).await;
    starts(&world, change, "ada").await.unwrap();
    observe(4, false).await;
    let canary = Check {
        probe: "commit_canary".to_owned(),
        subject: element("database:central"),
    };
    assert_eq!(failing().await, [canary.clone()].into());
    let failing = [canary].into();
    assert_eq!(refusal(&world).await, Some(Refusal::Failing { failing }));
    drop(world.end().await);
}

/// The questions whether ada is there that were posted, by the last part of their links.
fn questions(posted: &std::sync::Mutex<Vec<serde_json::Value>>) -> Vec<String> {
    let posted = posted.lock().unwrap();
    let asked = posted.iter().filter(|it| it["type"] == "change.presence");
    let links = asked.map(|it| it["data"]["links"]["acknowledge"].as_str().unwrap());
    let tokens = links.map(|link| link.rsplit('/').next().unwrap().to_owned());
    tokens.collect()
}

#[tokio::test]
async fn a_name_is_no_presence_and_what_was_sent_to_the_person_is_one() {
    let (port, posted) = receiver().await;
    let world = World::start(by(setup(vec![hook("chat", port)], &["chat:ada"]))).await;
    let question = async |count: usize| {
        until("a question", async || {
            world.passes(1).await;
            questions(&posted).get(count - 1).cloned()
        })
        .await
    };
    let (other, change) = (plans(&world).await, plans(&world).await);
    let refused = starts(&world, change, "ada").await.unwrap_err().to_string();
    assert!(refused.contains("ada is sent a link by chat"), "{refused}");
    let token = question(1).await;
    assert_eq!(standing(&world, change).await, Standing::Planned);

    // Fetched it changes nothing; it is for one change, and nobody can make one.
    let errand = world.handle.errand(&token).await.unwrap();
    assert_eq!(errand.standing, Errand::Open);
    assert_eq!(errand.headline, format!("change {change} (PostgreSQL 17)"));
    for (change, proof) in [(other, token.clone()), (change, "AAAA".to_owned())] {
        let prove = Deed::Prove { change, proof };
        assert!(world.handle.change(prove).await.is_err());
    }
    assert!(starts(&world, change, "ada").await.is_err());
    world.handle.acknowledge(&token).await.unwrap();
    let started = starts(&world, change, "ada").await.unwrap();
    assert_eq!(started.shown.standing, Standing::Running);

    // Who is asked by name again has said nothing: only the next link renews, and watch sends it by itself in time.
    let until_then = started.shown.present_until;
    let person = "ada".to_owned();
    let asked = world
        .handle
        .change(Deed::Ask { change, person })
        .await
        .unwrap();
    assert_eq!(asked.shown.present_until, until_then);
    assert_eq!(asked.shown.asked.len(), 1);
    question(2).await;
    world.passes(170).await;
    let token = question(3).await;
    world.handle.acknowledge(&token).await.unwrap();
    let renewed = world.handle.changed(change).await.unwrap();
    assert!(renewed.shown.present_until > until_then);
    assert!(renewed.shown.asked.is_empty());
    let story: Vec<String> = renewed.story.into_iter().map(|it| it.text).collect();
    let said = "ada is asked by chat whether they are there".to_owned();
    assert!(story.contains(&said), "{story:?}");
    drop(world.end().await);
}

#[tokio::test]
async fn without_an_address_for_links_the_page_says_what_to_say_instead() {
    let (port, posted) = receiver().await;
    let mut setup = by(setup(vec![hook("chat", port)], &["chat:ada"]));
    setup.public_url = None;
    let world = World::start(setup).await;
    let change = plans(&world).await;
    assert!(starts(&world, change, "ada").await.is_err());
    let text = until("the question", async || {
        world.passes(1).await;
        let posted = posted.lock().unwrap();
        posted
            .first()
            .map(|it| it["data"]["text"].as_str().unwrap().to_owned())
    })
    .await;
    let (_, proof) = text.split_once("--proof ").unwrap();
    let proof = proof.split('\'').next().unwrap().to_owned();
    let prove = Deed::Prove { change, proof };
    let there = world.handle.change(prove).await.unwrap();
    assert_eq!(there.shown.present.unwrap().0, "ada");
    starts(&world, change, "ada").await.unwrap();
    drop(world.end().await);
}
