//! Webhooks: registered, genuine, forged, told apart.

use super::harness::{Act, Harness};
use super::{Listed, Miss, Outcome, ensure, same};
use crate::tracker::{Notice, NoticeKind, Subscribed, Webhook};
use bytes::Bytes;
use http::Request;
use twinline_core::item::ItemId;

pub(super) const CHECKS: &[Listed] = &[
    (
        "webhook: genuine is taken, forged is not, a delivery keeps its id",
        |h| Box::pin(genuine(h)),
    ),
    (
        "webhook: changes, comments, deletions and moves are told",
        |h| Box::pin(kinds(h)),
    ),
    (
        "webhook: subscribing twice registers once; unsubscribed is silent",
        |h| Box::pin(subscription(h)),
    ),
];

const SECRET: &str = "a secret of the suite";

/// Registers a webhook of its own, or skips.
async fn subscribe<'a>(h: &'a dyn Harness, url: &str) -> Result<&'a dyn Webhook, Miss> {
    let reader = h
        .webhook()
        .ok_or_else(|| Miss::Skipped("the tracker is polled".to_owned()))?;
    match h.tracker().subscribe(&h.scope(), url, SECRET).await? {
        Subscribed::Registered => Ok(reader),
        Subscribed::ByHand(how) => {
            ensure(how.contains(url), || {
                format!("'{how}' does not say where to")
            })?;
            let set_up = h.set_up_webhook(url, SECRET).await;
            set_up.map(|()| reader).map_err(Miss::Skipped)
        }
        Subscribed::Polled => Err(Miss::Broken(
            "polled, but it has a webhook reader".to_owned(),
        )),
    }
}

async fn delivered(h: &dyn Harness, url: &str) -> Result<Request<Bytes>, Miss> {
    let mut sent = h.deliveries(url).await;
    ensure(sent.len() == 1, || {
        format!("{} deliveries instead of one", sent.len())
    })?;
    sent.pop()
        .ok_or_else(|| Miss::Broken("no delivery".to_owned()))
}

async fn genuine(h: &dyn Harness) -> Outcome {
    let url = "http://edge.example/in/genuine";
    let reader = subscribe(h, url).await?;
    drop(h.deliveries(url).await);
    let (_, key) = h.item("announced").await?;
    let first = delivered(h, url).await?;
    let good = SECRET.as_bytes();
    let verify = |secrets: &[&[u8]], request: &Request<Bytes>, body: &[u8]| {
        reader.verify(secrets, request.headers(), body).is_ok()
    };
    ensure(verify(&[good], &first, first.body()), || {
        "genuine was refused".into()
    })?;
    ensure(verify(&[b"old", good], &first, first.body()), || {
        "the second of two secrets was refused".into()
    })?;
    ensure(!verify(&[b"other"], &first, first.body()), || {
        "another secret was taken".into()
    })?;
    ensure(!verify(&[], &first, first.body()), || {
        "no secret was taken".into()
    })?;
    let mut forged = first.body().to_vec();
    forged.push(b' ');
    ensure(
        !reader.signs_bodies() || !verify(&[good], &first, &forged),
        || "a changed body was taken".into(),
    )?;
    let bare = Request::new(first.body().clone());
    ensure(!verify(&[good], &bare, bare.body()), || {
        "no signature was taken".into()
    })?;
    ensure(
        reader.is_signed(first.headers()) && !reader.is_signed(bare.headers()),
        || "whether there is a signature is not told".into(),
    )?;
    let title = "announced again".to_owned();
    h.person(Act::Retitle { key, title }).await?;
    let second = delivered(h, url).await?;
    let id = |request: &Request<Bytes>| reader.delivery_id(request.headers(), request.body());
    ensure(id(&first).is_some() && id(&first) != id(&second), || {
        format!("ids {:?} and {:?}", id(&first), id(&second))
    })?;
    h.tracker().unsubscribe(&h.scope(), url).await?;
    Ok(())
}

async fn kinds(h: &dyn Harness) -> Outcome {
    let url = "http://edge.example/in/kinds";
    let reader = subscribe(h, url).await?;
    drop(h.deliveries(url).await);
    let (id, key) = h.item("told").await?;
    let scope = h.scope();
    let notices = async || -> Result<Vec<Notice>, Miss> {
        let mut notices = Vec::new();
        for request in h.deliveries(url).await {
            let told = reader.decode(request.headers(), request.body());
            notices.extend(told.map_err(|error| Miss::Broken(error.to_string()))?);
        }
        Ok(notices)
    };
    let told = async |id: &ItemId, what: &str, kind: fn(&NoticeKind) -> bool| -> Outcome {
        let notices = notices().await?;
        let lies_in = |notice: &Notice| {
            let mut keys = scope.iter();
            keys.all(|(key, value)| notice.scope.get(key) == Some(value))
        };
        let about = |notice: &Notice| {
            // One that moves lies elsewhere then; and not every delivery says where.
            notice.item == id.id
                && kind(&notice.kind)
                && notice.at.is_some()
                && (what == "moved" || notice.scope.is_empty() || lies_in(notice))
        };
        ensure(notices.iter().any(about), || format!("{what}: {notices:?}"))
    };
    told(&id, "created", |kind| *kind == NoticeKind::Changed).await?;
    let text = "a word".to_owned();
    h.person(Act::Comment {
        key: key.clone(),
        text,
    })
    .await?;
    told(&id, "commented", |kind| *kind == NoticeKind::Commented).await?;
    let there = h.act(Act::Move { key: key.clone() }).await;
    if there.is_ok() && reader.tells_moves() {
        told(&id, "moved", |kind| {
            matches!(kind, NoticeKind::Moved(_) | NoticeKind::Changed)
        })
        .await?;
    } else {
        let (id, key) = match there {
            Ok(_) => h.item("told to the end").await?,
            Err(_) => (id, key),
        };
        h.person(Act::Delete { key }).await?;
        told(&id, "deleted", |kind| *kind == NoticeKind::Deleted).await?;
    }
    h.tracker().unsubscribe(&h.scope(), url).await?;
    Ok(())
}

async fn subscription(h: &dyn Harness) -> Outcome {
    let url = "http://edge.example/in/twice";
    if let Subscribed::ByHand(_) = h.tracker().subscribe(&h.scope(), url, SECRET).await? {
        return Err(Miss::Skipped("only a person can register one".to_owned()));
    }
    for _ in 0..2 {
        subscribe(h, url).await?;
    }
    drop(h.deliveries(url).await);
    let (_, key) = h.item("once").await?;
    drop(delivered(h, url).await?);
    // Taking away what is not there is done.
    for _ in 0..2 {
        h.tracker().unsubscribe(&h.scope(), url).await?;
    }
    let title = "unheard".to_owned();
    h.person(Act::Retitle { key, title }).await?;
    same("deliveries", &h.deliveries(url).await.len(), &0)
}
