//! The business rule that a person installs: it posts what happened to a task, signed.
//!
//! ServiceNow has no webhooks of its own. What is sent here is what the connector's script sends
//! (`crates/trackers/src/servicenow/business_rule.js`): it runs after the record was written, once for each write.

use super::ServiceNow;
use super::records::By;
use crate::simulator::Webhook;
use base64::Engine;
use bytes::Bytes;
use http::{Request, header};
use serde_json::json;
use twinline_core::time::Timestamp;

/// What happened to a record.
pub(super) enum Event {
    Inserted,
    Updated,
    Commented,
    /// It was a record of another table.
    Moved {
        was: String,
    },
    Deleted,
}

/// Installed rules and the posts on their way.
#[derive(Debug, Default)]
pub(super) struct Hooks {
    targets: Vec<Target>,
    outbox: Vec<Webhook>,
    newest: u64,
}

#[derive(Debug)]
struct Target {
    url: http::Uri,
    secret: String,
}

impl Hooks {
    pub(super) fn register(&mut self, url: http::Uri, secret: &str) {
        let secret = secret.to_owned();
        self.targets.push(Target { url, secret });
    }

    pub(super) fn take(&mut self) -> Vec<Webhook> {
        std::mem::take(&mut self.outbox)
    }

    fn send(&mut self, at: Timestamp, body: &str) {
        for target in &self.targets {
            self.newest += 1;
            let signature = base64::engine::general_purpose::STANDARD
                .encode(crate::call::hmac_sha256(&target.secret, body.as_bytes()));
            let id = crate::call::hmac_sha256_hex("delivery", &self.newest.to_be_bytes());
            let request = Request::post(target.url.clone())
                .header(header::CONTENT_TYPE, "application/json")
                .header(header::USER_AGENT, "ServiceNow/1.0")
                .header("x-twinline-delivery", &id[..32])
                .header("x-twinline-signature", format!("sha256={signature}"));
            let request = request
                .body(Bytes::from(body.to_owned()))
                .expect("the target's URL was checked");
            self.outbox.push(Webhook {
                delivery: self.newest,
                request,
                at,
            });
        }
    }
}

impl ServiceNow {
    /// Tells the rules of tasks about a record.
    pub(super) fn tell(&mut self, by: By<'_>, id: &str, event: Event) {
        let Some(row) = self
            .store
            .get(id)
            .filter(|row| self.site.is_a(&row.class, "task"))
        else {
            return;
        };
        let (name, table) = match &event {
            Event::Inserted => ("insert", row.class.as_str()),
            Event::Updated => ("update", row.class.as_str()),
            Event::Commented => ("comment", row.class.as_str()),
            Event::Moved { was } => ("move", was.as_str()),
            Event::Deleted => ("delete", row.class.as_str()),
        };
        let body = json!({
            "event": name,
            "table": table,
            "now": row.class,
            "sys_id": row.sys_id,
            "number": row.get("number"),
            "sys_mod_count": row.get("sys_mod_count"),
            "sys_updated_on": row.get("sys_updated_on"),
        });
        self.hooks.send(by.now, &body.to_string());
    }
}
