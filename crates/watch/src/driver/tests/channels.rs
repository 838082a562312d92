//! Pages go out though channels hang, refuse or are gone; and after a restart somebody is still called.

use super::world::{World, hook, mail, receiver, setup, until};
use crate::driver::{Deed, Standing};
use rustix::process::Signal;
use std::net::TcpListener;
use twinline_core::watch::incident::IncidentId;
use twinline_sim::smtpd::{Letter, Smtpd, SmtpdSettings};

async fn letter(smtp: &Smtpd, what: &str) -> Letter {
    let look = async || {
        let letters = smtp.letters().unwrap();
        letters.into_iter().find(|it| it.content.contains(what))
    };
    until(what, look).await
}

/// Somewhere that takes connections and never says a word.
fn mute() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

#[tokio::test]
async fn a_page_goes_by_the_next_way_when_the_first_hangs() {
    if !Smtpd::can_run() {
        return;
    }
    let smtp = Smtpd::start(&SmtpdSettings::default()).unwrap();
    let (_mute, port) = mute();
    let channels = vec![hook("chat", port), mail("mail", smtp.port())];
    let world = World::start(setup(channels, &["chat:ops", "mail:ada@acme.example"])).await;
    world.signal("host:h1", true).await;
    world.passes(3).await;
    let mail = letter(&smtp, "CRITICAL acme").await;
    assert_eq!(mail.to, ["ada@acme.example"]);
    assert!(mail.content.contains("https://status.acme.example/ack/"));
    // The letter is there a moment before the driver hears that it was taken.
    let figures = until("the page to be taken", async || {
        let figures = world.handle.vitals().figures();
        (figures.pages_sent == 1).then_some(figures)
    })
    .await;
    assert_eq!(figures.pages_failed, 1);
    assert!(figures.is_well());

    let incident = world.overview().await.incidents.remove(0);
    assert_eq!(incident.headline, "host:h1 answers nothing");
    let acknowledge = Deed::Acknowledge {
        incident: incident.incident,
        by: "ada".to_owned(),
    };
    world.handle.perform(acknowledge).await.unwrap();
    world.signal("host:h1", false).await;
    world.passes(20).await;
    letter(&smtp, "RESOLVED acme").await;
    drop(world.end().await);
}

#[tokio::test]
async fn while_nobody_can_be_told_the_outside_is_not_pinged() {
    if !Smtpd::can_run() {
        return;
    }
    let smtp = Smtpd::start(&SmtpdSettings::default()).unwrap();
    smtp.signal(Signal::STOP);
    let setup = setup(vec![mail("mail", smtp.port())], &["mail:ada@acme.example"]);
    let world = World::start(setup).await;
    world.signal("host:h1", true).await;
    world.passes(3).await;
    let vitals = |world: &World| world.handle.vitals().figures();
    until("nobody to be reached", async || {
        (!vitals(&world).is_well()).then_some(())
    })
    .await;
    assert!(vitals(&world).is_alive());
    smtp.signal(Signal::CONT);
    // The next step calls again.
    until("somebody to be reached", async || {
        world.passes(30).await;
        vitals(&world).is_well().then_some(())
    })
    .await;
    letter(&smtp, "CRITICAL acme").await;
    drop(world.end().await);
}

#[tokio::test]
async fn what_was_under_way_goes_on_after_a_restart() {
    if !Smtpd::can_run() {
        return;
    }
    let smtp = Smtpd::start(&SmtpdSettings::default()).unwrap();
    let made = || setup(vec![mail("mail", smtp.port())], &["mail:ada@acme.example"]);
    let world = World::start(made()).await;
    world.signal("host:h1", true).await;
    world.passes(3).await;
    letter(&smtp, "CRITICAL acme").await;
    until("the channel's word", async || {
        (world.handle.vitals().figures().pages_sent == 1).then_some(())
    })
    .await;
    let world = world.restart(made(), 400).await;
    let incidents = world.overview().await.incidents;
    assert_eq!(incidents[0].incident, IncidentId(1));
    assert_eq!(incidents[0].standing, Standing::Open);
    // Nobody has acknowledged: everybody is called again.
    world.passes(2).await;
    letter(&smtp, "STILL CRITICAL").await;
    let detail = world.handle.detail(IncidentId(1)).await.unwrap();
    assert!(
        detail
            .journal
            .iter()
            .any(|it| it.text.starts_with("opened"))
    );
    drop(world.end().await);
}

#[tokio::test]
async fn a_channel_that_is_not_there_keeps_no_other_one_from_being_used() {
    if !Smtpd::can_run() {
        return;
    }
    let smtp = Smtpd::start(&SmtpdSettings::default()).unwrap();
    let mut setup = setup(
        vec![mail("mail", smtp.port())],
        &["sms:+32", "mail:ada@acme.example"],
    );
    let reason = "its token cannot be read".to_owned();
    setup.unusable.insert("sms".to_owned(), reason);
    let world = World::start(setup).await;
    world.signal("host:h1", true).await;
    world.passes(3).await;
    letter(&smtp, "CRITICAL acme").await;
    let overview = world.overview().await;
    assert!(!overview.nobody_to_call);
    assert_eq!(overview.unusable_channels.len(), 1);
    drop(world.end().await);
}

#[tokio::test]
async fn what_is_opened_again_is_paged_as_opened_and_not_as_a_reminder() {
    let (port, posted) = receiver().await;
    let world = World::start(setup(vec![hook("chat", port)], &["chat:ops"])).await;
    let paged = async |count: usize, kind: &str| {
        let last = until(kind, async || {
            world.passes(1).await;
            let posted = posted.lock().unwrap();
            (posted.len() >= count).then(|| posted[count - 1].clone())
        })
        .await;
        assert_eq!(last["type"], kind, "{last}");
        last["data"]["incidents"][0]["id"].clone()
    };
    world.signal("host:h1", true).await;
    let first = paged(1, "incident.opened").await;
    world.steps(400);
    paged(2, "incident.reminder").await;
    world.signal("host:h1", false).await;
    paged(3, "incident.resolved").await;
    world.signal("host:h1", true).await;
    let again = paged(4, "incident.opened").await;
    assert_eq!(first, again, "it is the same incident");
    world.steps(400);
    paged(5, "incident.reminder").await;
    drop(world.end().await);
}
