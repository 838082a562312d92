//! Service hooks: what they say, and when they are tried again.
//!
//! Sources: <https://learn.microsoft.com/azure/devops/service-hooks/events> and the page "Troubleshoot service hooks": 408,
//! 502, 503 and 504 are tried again for minutes, 410 switches the subscription off, any other refusal loses the event; a
//! subscription that fails too often is put on probation and then switched off.

use super::AzureDevOps;
use super::request::By;
use super::seed::guid;
use super::show::{Wanted, instant};
use crate::simulator::{Delivered, Webhook};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Request, header};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use twinline_core::time::Timestamp;

/// How often a delivery is tried again.
const RETRIES_MAX: u32 = 6;
/// The wait before the first retry; each further one is twice as long.
const RETRY_FIRST: Duration = Duration::from_secs(20);
/// So many lost events in a row put a subscription on probation, and as many more switch it off.
const LOST_MAX: u32 = 20;

/// Subscriptions and what is on its way.
#[derive(Debug, Default)]
pub(super) struct Hooks {
    pub(super) subscriptions: BTreeMap<String, Subscription>,
    outbox: Vec<Webhook>,
    /// The number of the newest delivery, and the subscription of each that may be tried again.
    newest: u64,
    open: BTreeMap<u64, (String, u32)>,
    pub(super) newest_subscription: u64,
}

/// A subscription of one event.
#[derive(Clone, Debug)]
pub(super) struct Subscription {
    pub(super) id: String,
    pub(super) event: String,
    pub(super) publisher_inputs: BTreeMap<String, String>,
    pub(super) consumer_inputs: BTreeMap<String, String>,
    pub(super) status: &'static str,
    /// A unique name.
    pub(super) by: String,
    pub(super) created: Timestamp,
    pub(super) modified: Timestamp,
    /// Events in a row that were lost.
    pub(super) lost: u32,
    /// Notifications that were sent.
    pub(super) sent: u64,
}

/// What happened to an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    Created,
    Updated,
    Commented,
    Deleted,
    Restored,
}

impl Event {
    const fn name(self) -> &'static str {
        match self {
            Self::Created => "workitem.created",
            Self::Updated => "workitem.updated",
            Self::Commented => "workitem.commented",
            Self::Deleted => "workitem.deleted",
            Self::Restored => "workitem.restored",
        }
    }
}

impl Hooks {
    pub(super) fn take(&mut self) -> Vec<Webhook> {
        std::mem::take(&mut self.outbox)
    }

    /// After how long a delivery is tried again.
    pub(super) fn delivered(&mut self, delivery: u64, how: &Delivered) -> Option<Duration> {
        let (id, tries) = self.open.remove(&delivery)?;
        let subscription = self.subscriptions.get_mut(&id)?;
        let transient = match how {
            Delivered::Failed { .. } => true,
            Delivered::Answered { status, .. } => matches!(status, 408 | 502..=504),
        };
        if how.is_success() {
            subscription.lost = 0;
            if subscription.status == "onProbation" {
                subscription.status = "enabled";
            }
            return None;
        }
        if matches!(how, Delivered::Answered { status: 410, .. }) {
            subscription.status = "disabledBySystem";
            return None;
        }
        if transient && tries < RETRIES_MAX {
            self.open.insert(delivery, (id, tries + 1));
            return Some(RETRY_FIRST * 2_u32.pow(tries));
        }
        subscription.lost += 1;
        if subscription.lost >= LOST_MAX {
            subscription.lost = 0;
            subscription.status = match subscription.status {
                "onProbation" => "disabledBySystem",
                _ => "onProbation",
            };
        }
        None
    }
}

impl Subscription {
    fn wants(&self, event: Event, project: &str, kind: &str, area: &str) -> bool {
        let input = |name: &str| {
            self.publisher_inputs
                .get(name)
                .map(String::as_str)
                .filter(|text| !text.is_empty())
        };
        let inside = |wanted: &str| area == wanted || area.starts_with(&format!("{wanted}\\"));
        matches!(self.status, "enabled" | "onProbation")
            && self.event == event.name()
            && input("projectId").is_none_or(|wanted| wanted.eq_ignore_ascii_case(project))
            && input("workItemType").is_none_or(|wanted| wanted == kind)
            && input("areaPath").is_none_or(inside)
    }

    /// The request that brings a notification.
    fn request(&self, body: &Value) -> Option<Request<Bytes>> {
        let input = |name: &str| {
            self.consumer_inputs
                .get(name)
                .map(String::as_str)
                .unwrap_or_default()
        };
        let mut request = Request::post(input("url"))
            .header(header::CONTENT_TYPE, "application/json; charset=utf-8")
            .header(
                header::USER_AGENT,
                "VSServices/19.0 (w3wp.exe) (Service: ServiceHooks)",
            )
            .header("x-vss-subscriptionid", self.id.as_str());
        for line in input("httpHeaders").lines() {
            if let Some((name, value)) = line.split_once(':') {
                request = request.header(name.trim(), value.trim());
            }
        }
        let (user, password) = (input("basicAuthUsername"), input("basicAuthPassword"));
        if !password.is_empty() {
            let pair = STANDARD.encode(format!("{user}:{password}"));
            request = request.header(header::AUTHORIZATION, format!("Basic {pair}"));
        }
        request.body(Bytes::from(body.to_string())).ok()
    }
}

impl AzureDevOps {
    /// Tells the subscriptions about an item as it is now.
    pub(super) fn tell(&mut self, by: By<'_>, id: u64, event: Event) {
        if self.hooks.subscriptions.is_empty() {
            return;
        }
        let events = match event {
            // What is said is a change, too.
            Event::Commented => vec![Event::Commented, Event::Updated],
            event => vec![event],
        };
        for event in events {
            self.send(by, id, event);
        }
    }

    fn send(&mut self, by: By<'_>, id: u64, event: Event) {
        let item = self.item(id);
        let project = self.site.project(item.text("System.TeamProject"));
        let project = project.map_or_else(String::new, |project| project.id.clone());
        let (kind, area) = (
            item.text("System.WorkItemType"),
            item.text("System.AreaPath"),
        );
        let wants = self
            .hooks
            .subscriptions
            .values()
            .filter(|subscription| subscription.wants(event, &project, kind, area));
        let wants: Vec<String> = wants.map(|subscription| subscription.id.clone()).collect();
        if wants.is_empty() {
            return;
        }
        let body = self.notification(by, id, event, &project);
        let hooks = &mut self.hooks;
        for subscription in wants {
            let Some(subscription) = hooks.subscriptions.get_mut(&subscription) else {
                continue;
            };
            subscription.sent += 1;
            let mut body = body.clone();
            body["subscriptionId"] = json!(subscription.id);
            body["notificationId"] = json!(subscription.sent);
            let Some(request) = subscription.request(&body) else {
                continue;
            };
            hooks.newest += 1;
            hooks
                .open
                .insert(hooks.newest, (subscription.id.clone(), 0));
            hooks.outbox.push(Webhook {
                delivery: hooks.newest,
                request,
                at: by.now,
            });
        }
    }

    fn notification(&self, by: By<'_>, id: u64, event: Event, project: &str) -> Value {
        let item = self.item(id);
        let wanted = Wanted::default();
        let Some(last) = item.revisions.last() else {
            return Value::Null;
        };
        let shown = self.at_revision(item, last, &wanted);
        let resource = match event {
            Event::Updated => {
                let mut update = self.update(item, last);
                update["revision"] = shown;
                update
            }
            _ => shown,
        };
        let said = format!(
            "{} #{id} ({}) changed by {}",
            item.text("System.WorkItemType"),
            item.text("System.Title"),
            by.who
        );
        let url = format!("{}/", self.site.url());
        json!({
            "id": guid(5, self.log.len() as u64),
            "eventType": event.name(),
            "publisherId": "tfs",
            "message": {"text": said},
            "detailedMessage": {"text": said},
            "resource": resource,
            "resourceVersion": "1.0",
            "resourceContainers": {
                "collection": {"id": guid(9, 1), "baseUrl": url},
                "account": {"id": guid(9, 2), "baseUrl": url},
                "project": {"id": project, "baseUrl": url},
            },
            "createdDate": instant(by.now),
        })
    }
}
