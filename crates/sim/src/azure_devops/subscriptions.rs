//! Subscriptions of service hooks, as the API manages them.

use super::AzureDevOps;
use super::failure::{Answer, Failure, listed};
use super::hooks::Subscription;
use super::request::Asked;
use super::route::no_operation;
use super::seed::guid;
use super::show::instant;
use crate::call::{empty, json};
use http::StatusCode;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What stands where a secret was given.
const MASK: &str = "********";
/// Inputs that are secrets.
const SECRETS: [&str; 2] = ["basicAuthPassword", "httpHeaders"];

const EVENTS: [&str; 5] = [
    "workitem.created",
    "workitem.updated",
    "workitem.commented",
    "workitem.deleted",
    "workitem.restored",
];

impl AzureDevOps {
    pub(super) fn subscription(&mut self, asked: &Asked<'_>, rest: &[&str]) -> Answer {
        if !self.site.switches.hooks_allowed {
            return Err(Failure::new(
                StatusCode::FORBIDDEN,
                "AccessCheckException",
                "Access denied: you need the View or Edit subscriptions permission of service hooks.",
            ));
        }
        match (asked.call.method.as_str(), rest) {
            ("GET", []) => Ok(self.list_subscriptions(asked)),
            ("POST", []) => self.subscribe(asked),
            ("GET", [id]) => {
                let found = self.hooks.subscriptions.get(*id).ok_or_else(|| none(id))?;
                Ok(json(StatusCode::OK, &self.show_subscription(found)))
            }
            ("PUT", [id]) => self.resubscribe(asked, id),
            ("DELETE", [id]) => match self.hooks.subscriptions.remove(*id) {
                Some(_) => Ok(empty(StatusCode::OK)),
                None => Err(none(id)),
            },
            _ => Err(no_operation()),
        }
    }

    fn list_subscriptions(&self, asked: &Asked<'_>) -> http::Response<bytes::Bytes> {
        let asks =
            |name: &str, value: &str| asked.call.param(name).is_none_or(|wanted| wanted == value);
        let found = self.hooks.subscriptions.values().filter(|one| {
            asks("publisherId", "tfs")
                && asks("consumerId", "webHooks")
                && asks("consumerActionId", "httpRequest")
                && asks("eventType", &one.event)
        });
        listed(found.map(|one| self.show_subscription(one)).collect())
    }

    fn subscribe(&mut self, asked: &Asked<'_>) -> Answer {
        let body = asked.body()?;
        self.hooks.newest_subscription += 1;
        let id = guid(6, self.hooks.newest_subscription);
        let subscription = Subscription {
            id: id.clone(),
            event: event(&body)?,
            publisher_inputs: inputs(&body["publisherInputs"]),
            consumer_inputs: self.consumer_inputs(&body)?,
            status: "enabled",
            by: asked.caller.clone(),
            created: asked.now,
            modified: asked.now,
            lost: 0,
            sent: 0,
        };
        self.hooks.subscriptions.insert(id, subscription.clone());
        Ok(json(StatusCode::OK, &self.show_subscription(&subscription)))
    }

    fn resubscribe(&mut self, asked: &Asked<'_>, id: &str) -> Answer {
        let body = asked.body()?;
        let event = event(&body)?;
        let mut given = self.consumer_inputs(&body)?;
        let found = self
            .hooks
            .subscriptions
            .get_mut(id)
            .ok_or_else(|| none(id))?;
        for secret in SECRETS {
            // Who sends the mask back means the secret that is there.
            if given.get(secret).is_some_and(|value| value == MASK)
                && let Some(kept) = found.consumer_inputs.get(secret)
            {
                given.insert(secret.to_owned(), kept.clone());
            }
        }
        found.event = event;
        found.publisher_inputs = inputs(&body["publisherInputs"]);
        found.consumer_inputs = given;
        found.modified = asked.now;
        found.lost = 0;
        found.status = match body["status"].as_str() {
            Some("disabledByUser") => "disabledByUser",
            _ => "enabled",
        };
        let found = found.clone();
        Ok(json(StatusCode::OK, &self.show_subscription(&found)))
    }

    /// The consumer's inputs: only an encrypted connection carries a password.
    fn consumer_inputs(&self, body: &Value) -> Result<BTreeMap<String, String>, Failure> {
        let given = inputs(&body["consumerInputs"]);
        let url = given.get("url").map(String::as_str).unwrap_or_default();
        if url.parse::<http::Uri>().is_err() || !url.starts_with("http") {
            return Err(refused("The input url is not a valid address."));
        }
        let password = given
            .get("basicAuthPassword")
            .is_some_and(|password| !password.is_empty());
        if password && !url.starts_with("https://") {
            return Err(refused(
                "Basic authentication is only allowed with an HTTPS address.",
            ));
        }
        Ok(given)
    }

    fn show_subscription(&self, one: &Subscription) -> Value {
        let consumer = one.consumer_inputs.iter().map(|(name, value)| {
            let secret = SECRETS.contains(&name.as_str()) && !value.is_empty();
            (name.clone(), json!(if secret { MASK } else { value }))
        });
        let consumer: serde_json::Map<String, Value> = consumer.collect();
        json!({
            "id": one.id,
            "url": format!("{}/_apis/hooks/subscriptions/{}", self.site.url(), one.id),
            "status": one.status,
            "publisherId": "tfs",
            "eventType": one.event,
            "eventDescription": "",
            "resourceVersion": "1.0",
            "consumerId": "webHooks",
            "consumerActionId": "httpRequest",
            "actionDescription": "",
            "createdBy": self.identity(&one.by),
            "createdDate": instant(one.created),
            "modifiedBy": self.identity(&one.by),
            "modifiedDate": instant(one.modified),
            "publisherInputs": one.publisher_inputs,
            "consumerInputs": consumer,
        })
    }
}

fn event(body: &Value) -> Result<String, Failure> {
    let named = body["eventType"].as_str().unwrap_or_default();
    let known = EVENTS.contains(&named)
        && body["publisherId"] == "tfs"
        && body["consumerId"] == "webHooks"
        && body["consumerActionId"] == "httpRequest";
    match known {
        true => Ok(named.to_owned()),
        false => Err(refused(
            "The publisher, event, consumer or action does not exist.",
        )),
    }
}

fn inputs(value: &Value) -> BTreeMap<String, String> {
    let given = value.as_object().into_iter().flatten();
    let texts = given.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
    texts.collect()
}

fn refused(message: &str) -> Failure {
    Failure::new(
        StatusCode::BAD_REQUEST,
        "SubscriptionInputException",
        message,
    )
}

fn none(id: &str) -> Failure {
    Failure::new(
        StatusCode::NOT_FOUND,
        "SubscriptionNotFoundException",
        format!("Subscription {id} does not exist."),
    )
}
