//! The project's service hooks that bring us its deliveries: one subscription for each event.
//!
//! They cannot be read back with their secret, so each is written anew when the node starts. Azure DevOps switches one off
//! that was answered with 410, or that failed too often; written again it is on.

use super::{Azure, client, wire};
use crate::error::TrackerError;
use crate::http::{Call, Cost};
use crate::tracker::{Scope, Subscribed, Subscription};
use http::StatusCode;
use serde_json::{Value as Json, json};

/// The events that say something about an item. What is said in a comment is also told as an update, but not at once.
const EVENTS: [&str; 5] = [
    "workitem.created",
    "workitem.updated",
    "workitem.commented",
    "workitem.deleted",
    "workitem.restored",
];

/// What subscriptions answer to an account that may not manage them.
const NOT_ALLOWED: [StatusCode; 2] = [StatusCode::FORBIDDEN, StatusCode::NOT_FOUND];

/// The user name of Basic authentication, which nobody looks at.
const USER: &str = "twinline";

const PATH: &str = "hooks/subscriptions";

impl Azure {
    /// Registers the subscriptions, or puts those in order that are there.
    pub(super) async fn register(
        &self,
        scope: &Scope,
        url: &str,
        secret: &str,
    ) -> Result<Subscribed, TrackerError> {
        let project = super::project(scope)?;
        let id = self.project_id(project).await?;
        let Some(known) = self.ours(&id, url).await? else {
            return Ok(Subscribed::ByHand(by_hand(project, url)));
        };
        for event in EVENTS {
            let mut there = known.iter().filter(|one| one.event == event);
            let body = subscription(event, &id, url, secret);
            let call = match there.next() {
                Some(one) => client::versioned(Call::put(one_path(one))),
                None => client::versioned(Call::post(client::path(PATH)).cost(Cost::Write)),
            };
            let reply = self
                .client
                .send(call.json(&body).accept(&NOT_ALLOWED))
                .await?;
            if NOT_ALLOWED.contains(&reply.status) {
                return Ok(Subscribed::ByHand(by_hand(project, url)));
            }
            // Of several for one event all but one are too many.
            for double in there {
                self.remove(double).await?;
            }
        }
        Ok(Subscribed::Registered)
    }

    /// Removes the subscriptions. Those that are not there are removed.
    pub(super) async fn unregister(&self, scope: &Scope, url: &str) -> Result<(), TrackerError> {
        let project = super::project(scope)?;
        let id = self.project_id(project).await?;
        let Some(known) = self.ours(&id, url).await? else {
            return Err(TrackerError::Credentials {
                sentence: format!(
                    "the token may not manage the service hooks of {project}: remove those to {url} by hand"
                ),
            });
        };
        for one in &known {
            self.remove(one).await?;
        }
        Ok(())
    }

    async fn remove(&self, one: &wire::Subscription) -> Result<(), TrackerError> {
        let call = client::versioned(Call::delete(one_path(one)));
        let sent = self
            .client
            .send(call.accept(&[StatusCode::NOT_FOUND]))
            .await;
        sent.map(drop)
    }

    /// How the subscriptions stand together, where we may look: what is wrong with any of them counts.
    pub(super) async fn standing(
        &self,
        project: &str,
        url: &str,
    ) -> Result<Subscription, TrackerError> {
        let id = self.project_id(project).await?;
        let Some(known) = self.ours(&id, url).await? else {
            return Ok(Subscription::Hidden);
        };
        let (mut off, mut untaken) = (Vec::new(), Vec::new());
        for one in &known {
            let event = &one.event;
            match one.status.as_str() {
                "enabled" | "" => {}
                "onProbation" => untaken.push(format!(
                    "the service hook for {event} of {project} to {url} is on probation, since its deliveries failed: see whether that \
                     address leads to the edge"
                )),
                status => off.push(format!(
                    "the service hook for {event} of {project} to {url} is switched off ({status}): a host at work switches it on, or \
                     a person in Project settings, Service hooks"
                )),
            }
        }
        let lacks = |event: &&str| !known.iter().any(|one| one.event == *event);
        Ok(if !off.is_empty() {
            off.append(&mut untaken);
            Subscription::Off(off.join("; "))
        } else if EVENTS.iter().any(lacks) {
            Subscription::Missing
        } else if !untaken.is_empty() {
            Subscription::Untaken(untaken.join("; "))
        } else {
            Subscription::Sound
        })
    }

    /// The id of a project.
    async fn project_id(&self, project: &str) -> Result<String, TrackerError> {
        let path = client::path(&format!("projects/{}", client::part(project)));
        let found: wire::Project = self.client.send(client::get(path)).await?.json()?;
        Ok(found.id)
    }

    /// Our subscriptions of a project; `None` when we may not look.
    async fn ours(
        &self,
        project_id: &str,
        url: &str,
    ) -> Result<Option<Vec<wire::Subscription>>, TrackerError> {
        let call = client::get(client::path(PATH))
            .query("publisherId", "tfs")
            .query("consumerId", "webHooks")
            .query("consumerActionId", "httpRequest")
            .accept(&NOT_ALLOWED);
        let reply = self.client.send(call).await?;
        if NOT_ALLOWED.contains(&reply.status) {
            return Ok(None);
        }
        let all: wire::Listed<wire::Subscription> = reply.json()?;
        let text = |value: Option<&Json>, wanted: &str| {
            value
                .and_then(Json::as_str)
                .is_some_and(|text| text.eq_ignore_ascii_case(wanted))
        };
        let ours = all.value.into_iter().filter(|one| {
            text(one.consumer.get("url"), url) && text(one.publisher.get("projectId"), project_id)
        });
        Ok(Some(ours.collect()))
    }
}

fn one_path(one: &wire::Subscription) -> String {
    client::path(&format!("{PATH}/{}", client::part(&one.id)))
}

/// A subscription. Only an encrypted connection may carry a password; elsewhere a header of our own shows the secret.
fn subscription(event: &str, project_id: &str, url: &str, secret: &str) -> Json {
    let mut consumer = json!({
        "url": url,
        "resourceDetailsToSend": "all",
        "messagesToSend": "none",
        "detailedMessagesToSend": "none",
    });
    if url.starts_with("https://") {
        consumer["basicAuthUsername"] = json!(USER);
        consumer["basicAuthPassword"] = json!(secret);
    } else {
        consumer["httpHeaders"] = json!(format!("{}: {secret}", super::webhook::HEADER));
    }
    json!({
        "publisherId": "tfs",
        "eventType": event,
        "resourceVersion": "1.0",
        "consumerId": "webHooks",
        "consumerActionId": "httpRequest",
        "publisherInputs": { "projectId": project_id },
        "consumerInputs": consumer,
        "status": "enabled",
    })
}

fn by_hand(project: &str, url: &str) -> String {
    format!(
        "The token may not manage the service hooks of {project}. Somebody who may opens Project settings, Service hooks, Create \
         subscription, Web Hooks there, once for each of the events Work item created, updated, commented on, deleted and restored, \
         without filters. URL: {url} — Basic authentication password: the text that webhook.secrets of this node refers to — \
         Resource details to send: All. Until then the node is polled."
    )
}
