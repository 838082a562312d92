//! `node`: setting a node up, and looking at one.

mod add;
mod answers;
pub(super) mod ask;
mod section;

#[cfg(test)]
mod tests;

use crate::cli::{NodeCommand, PlaceArgs};
use crate::config::{self, Config};
use crate::exit::{CONFIGURATION, Coded, FAILED, OK, USAGE};
use crate::handles::SystemClock;
use crate::nodes::{Nodes, webhook_url};
use crate::report::Report;
use crate::roles::host::unfit_edges;
use crate::rulebook;
use anyhow::Result;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use twinline_core::handles::Clock;
use twinline_core::names::{NodeName, Side};
use twinline_trackers::{Description, Scope, Subscribed, Tracker, registry};
use url::Url;

/// How long the edge may take to say whether it knows a node.
const EDGE_MAX: Duration = Duration::from_secs(10);
/// Options and people that are printed of a field or place; JSON has all.
const SHOWN_MAX: usize = 12;

pub(super) async fn run(file: &Path, command: &NodeCommand, json: bool) -> Result<Report> {
    match command {
        NodeCommand::Add(args) => add::run(file, args, json).await,
        NodeCommand::Check(args) => check(file, args).await,
        NodeCommand::Describe(args) => describe(file, args).await,
        NodeCommand::Webhook(args) => webhook(file, args).await,
    }
}

/// A node of the configuration, ready to be asked.
struct Known {
    config: Config,
    name: NodeName,
    tracker: Arc<dyn Tracker>,
}

impl Known {
    fn new(file: &Path, name: &str) -> Result<Self> {
        let config = config::load(file)?;
        if !config.nodes.contains_key(name) {
            let known = config.nodes.keys().map(String::as_str);
            let known = known.collect::<Vec<_>>().join(", ");
            let sentence = format!(
                "there is no node '{name}' in {}; there are: {known}",
                file.display()
            );
            return Err(Coded::new(USAGE, sentence).into());
        }
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let tracker = Nodes::new(&config, file).one(name, &clock)?;
        Ok(Self {
            name: NodeName::from(name),
            config,
            tracker,
        })
    }

    /// Where its tracker sends webhooks to.
    fn hook(&self) -> Option<String> {
        let url = self.config.public_url(self.name.as_str())?;
        Some(webhook_url(url, &self.name))
    }

    fn kind(&self) -> &str {
        let node = self.config.nodes.get(self.name.as_str());
        node.map_or("", |node| node.tracker.as_str())
    }

    /// The place that options name, else those of the rules.
    fn places(&self, said: &[(String, String)]) -> Result<BTreeSet<Scope>> {
        if !said.is_empty() {
            return Ok([said.iter().cloned().collect()].into());
        }
        let mut places = BTreeSet::new();
        for one in rulebook::load_any(&self.config.rules)? {
            let Ok((rules, _)) = &one.rules else {
                let sentence = format!(
                    "{} cannot be read, so its places are not known: 'twinline check' says why; or name a place with --scope KEY=VALUE",
                    self.config.rules.join(&one.file).display()
                );
                return Err(Coded::new(CONFIGURATION, sentence).into());
            };
            for side in [Side::Left, Side::Right] {
                let side = rules.sides.get(side);
                if side.node.value == self.name {
                    let scope = side.scope.iter();
                    places.insert(
                        scope
                            .map(|(key, value)| (key.clone(), value.value.clone()))
                            .collect(),
                    );
                }
            }
        }
        Ok(places)
    }

    /// The one place that a command is about.
    fn place(&self, said: &[(String, String)]) -> Result<Scope> {
        let places = self.places(said)?;
        let keys = &self.tracker.capabilities().scope_keys;
        let mut places = places.into_iter();
        match (places.next(), places.next()) {
            (Some(place), None) => Ok(place),
            (first, _) => {
                let why = match first {
                    None => "no rule names a place of it",
                    Some(_) => "rules name several places of it",
                };
                let sentence = format!(
                    "{why}: say which with --scope KEY=VALUE ({})",
                    keys.join(", ")
                );
                Err(Coded::new(USAGE, sentence).into())
            }
        }
    }
}

/// What a tracker says about a node and its places.
struct Verdict {
    json: Json,
    text: String,
    faults: Vec<String>,
}

/// Asks a tracker: credentials and clock, then the rights and webhooks in places.
async fn ask(tracker: &dyn Tracker, places: &BTreeSet<Scope>, hook: Option<&str>) -> Verdict {
    let mut faults = Vec::new();
    let (mut account, mut text) = (Json::Null, String::new());
    let mut skew_ms = 0;
    match tracker.probe().await {
        Ok(probe) => {
            faults.extend(probe.faults);
            skew_ms = probe.skew_ms;
            if let Some(user) = probe.account {
                let name = user
                    .name
                    .as_ref()
                    .or(user.login.as_ref())
                    .unwrap_or(&user.id);
                // Writing to a string does not fail.
                let _fine = writeln!(text, "it answers, to the account {name}");
                account = json!(user);
            }
        }
        Err(error) => faults.push(error.to_string()),
    }
    // A tracker that does not let us in says the same of every place.
    if faults.is_empty() {
        for place in places {
            match tracker.probe_place(place, hook).await {
                Ok(found) => faults.extend(
                    found
                        .iter()
                        .map(|fault| format!("{}: {fault}", shown(place))),
                ),
                Err(error) => faults.push(format!("{}: {error}", shown(place))),
            }
        }
    }
    Verdict {
        json: json!({
            "ok": faults.is_empty(),
            "account": account,
            "skew_ms": skew_ms,
            "places": places,
            "faults": faults,
        }),
        text,
        faults,
    }
}

fn shown(place: &Scope) -> String {
    let pairs = place.iter().map(|(key, value)| format!("{key} {value}"));
    pairs.collect::<Vec<_>>().join(", ")
}

async fn check(file: &Path, args: &PlaceArgs) -> Result<Report> {
    let known = Known::new(file, &args.node)?;
    let places = known.places(&args.scope)?;
    let mut verdict = ask(known.tracker.as_ref(), &places, known.hook().as_deref()).await;
    verdict.json["node"] = json!(args.node);
    verdict.json["webhook"] = json!(known.hook());
    for fault in &verdict.faults {
        let _fine = writeln!(verdict.text, "{fault}");
    }
    let code = if verdict.faults.is_empty() {
        let looked = match places.len() {
            0 => "no rule names a place of it: say one with --scope KEY=VALUE".to_owned(),
            1 => "nothing is missing in its place".to_owned(),
            many => format!("nothing is missing in its {many} places"),
        };
        let _fine = writeln!(verdict.text, "{looked}");
        OK
    } else {
        FAILED
    };
    Ok(Report::done(&verdict.json, verdict.text)?.with_code(code))
}

async fn describe(file: &Path, args: &PlaceArgs) -> Result<Report> {
    let known = Known::new(file, &args.node)?;
    let place = known.place(&args.scope)?;
    let offered = known.tracker.describe(&place).await?;
    let capabilities = known.tracker.capabilities();
    let json = json!({
        "node": args.node,
        "tracker": known.kind(),
        "scope": place,
        "capabilities": capabilities,
        "description": offered,
    });
    let mut text = format!("{} at {}\n", registry::label(known.kind()), shown(&place));
    fields(&offered, &mut text);
    let statuses = offered
        .statuses
        .iter()
        .map(|status| status.status.name.as_str());
    list("statuses", statuses, &mut text);
    let people = offered.users.iter().map(|user| {
        let name = user.name.as_ref().or(user.login.as_ref());
        name.unwrap_or(&user.id).as_str()
    });
    list("people", people, &mut text);
    let channels = capabilities
        .channels
        .iter()
        .map(|channel| channel.name.as_str());
    list("comments", channels, &mut text);
    Report::done(&json, text)
}

fn fields(offered: &Description, text: &mut String) {
    for (id, field) in &offered.fields {
        let mut line = format!("  {id} ({}): {}", field.kind, field.name);
        if field.required {
            line.push_str(", required");
        }
        if !field.writable {
            line.push_str(", read only");
        }
        let _fine = writeln!(text, "{line}");
        list(
            "    options",
            field.options.iter().map(|option| option.name.as_str()),
            text,
        );
    }
}

/// Some of many, and how many more.
fn list<'a>(what: &str, all: impl Iterator<Item = &'a str>, text: &mut String) {
    let all: Vec<&str> = all.collect();
    let Some(more) = all.len().checked_sub(SHOWN_MAX) else {
        if !all.is_empty() {
            let _fine = writeln!(text, "{what}: {}", all.join(", "));
        }
        return;
    };
    let first = all[..SHOWN_MAX].join(", ");
    let _fine = match more {
        0 => writeln!(text, "{what}: {first}"),
        more => writeln!(text, "{what}: {first} and {more} more (--json has all)"),
    };
}

async fn webhook(file: &Path, args: &PlaceArgs) -> Result<Report> {
    let known = Known::new(file, &args.node)?;
    if !known.tracker.capabilities().webhooks {
        let said = "this tracker sends no webhooks: it is asked for its changes";
        let json = json!({ "node": args.node, "state": "polled", "instructions": said });
        return Report::done(&json, said);
    }
    let place = known.place(&args.scope)?;
    let Some(hook) = known.hook() else {
        let sentence = "no address is known to which the tracker could send: write instance.public_url, or the node's public_url";
        return Err(Coded::new(FAILED, sentence).into());
    };
    let nodes = Nodes::new(&known.config, file);
    let node = &known.config.nodes[known.name.as_str()];
    let secret = nodes
        .webhook_secrets(known.name.as_str(), node)?
        .into_iter()
        .next();
    let Some(secret) = secret else {
        let sentence = format!(
            "nodes.{}.webhook.secrets is empty: name a file with what signs its webhooks",
            known.name
        );
        return Err(Coded::new(FAILED, sentence).into());
    };
    if !registry::example(known.kind())?.by_hand {
        reaches_edge(&hook, &known).await?;
        every_edge_takes(file, &known).await?;
    }
    let subscribed = known
        .tracker
        .subscribe(&place, &hook, secret.expose())
        .await?;
    let (state, said) = match subscribed {
        Subscribed::Registered => ("registered", format!("the webhook to {hook} is registered")),
        Subscribed::ByHand(how) => ("by_hand", how),
        Subscribed::Polled => ("polled", "it is asked for its changes".to_owned()),
    };
    let json = json!({ "node": args.node, "scope": place, "url": hook, "state": state, "instructions": said });
    Report::done(&json, said)
}

/// Refuses while the edge does not know the node: it could not take its webhooks, and some trackers end a webhook that is not
/// taken.
async fn reaches_edge(hook: &str, known: &Known) -> Result<()> {
    let url: Url = hook.parse()?;
    let client = reqwest::Client::builder()
        .timeout(EDGE_MAX)
        .redirect(reqwest::redirect::Policy::none())
        .build()?;
    let why = match client.post(url).send().await {
        Ok(answer) if asks_for_a_signature(&answer) => return Ok(()),
        Ok(answer) if answer.status() == StatusCode::NOT_FOUND => {
            "the edge does not know this node yet: restart it with this configuration".to_owned()
        }
        Ok(answer) if answer.status() == StatusCode::SERVICE_UNAVAILABLE => {
            "the edge does not know this node yet, or takes no webhooks now: restart it with this configuration".to_owned()
        }
        Ok(answer) => format!(
            "what answers there ({}) is no edge that knows this node: see public_url, and what stands before the edge",
            answer.status()
        ),
        Err(error) => format!("the edge does not answer there: {}", error.without_url()),
    };
    let sentence = format!(
        "{hook}: {why}; nothing was registered for node '{}'",
        known.name
    );
    Err(Coded::new(FAILED, sentence).into())
}

/// Refuses while an edge of the fleet does not take the node's webhooks: what stands before them may send it some.
async fn every_edge_takes(file: &Path, known: &Known) -> Result<()> {
    let unfit = unfit_edges(file, &known.config, &known.name).await?;
    if unfit.is_empty() {
        return Ok(());
    }
    let each = unfit.iter().map(|(edge, why)| format!("{edge}: {why}"));
    let sentence = format!(
        "not every edge of the fleet would take the webhooks of node '{}' ({}): where one lacks the node, begin it anew with \
         this configuration; nothing was registered. While a rule names the node, the host that has it registers them by \
         itself as soon as they can be taken, and a minute after it asked an edge that does not answer",
        known.name,
        each.collect::<Vec<_>>().join("; ")
    );
    Err(Coded::new(FAILED, sentence).into())
}

/// Whether it is what our edge says to a delivery without a signature for a node that it knows.
fn asks_for_a_signature(answer: &reqwest::Response) -> bool {
    let kind = answer.headers().get(CONTENT_TYPE);
    answer.status() == StatusCode::UNAUTHORIZED
        && kind.is_some_and(|kind| kind == "application/problem+json")
}
