//! `incident`: what fails, or has failed, by the watch of this machine; of a fleet's machine without one, by another's.

use super::{instant, page};
use crate::cli::IncidentCommand;
use crate::client::who;
use crate::config::Config;
use crate::exit::{Coded, FAILED, UNREACHABLE};
use crate::fleet::{Identity, Role};
use crate::instance::DataFolder;
use crate::local_http::LocalHttp;
use crate::report::{self, Report, Table};
use crate::roles::watch::holding::{self, Holding};
use anyhow::{Context as _, Result};
use http::{Method, StatusCode};
use serde_json::{Value as Json, json};
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;
use tokio::sync::OnceCell;
use tokio::time::timeout;

/// Of several watches one that does not answer within this is passed over.
const LOOK_MAX: Duration = Duration::from_secs(2);
/// Watch answers within its own deadline, which is shorter.
const ANSWER_MAX: Duration = Duration::from_secs(10);

pub(super) async fn run(file: &Path, command: &IncidentCommand) -> Result<Report> {
    let watch = Watch::find(file)?;
    match command {
        IncidentCommand::List { all } => list(&watch, *all).await,
        IncidentCommand::Show { incident } => {
            let detail = watch.get(&format!("/v1/incidents/{incident}")).await?;
            told(&detail)
        }
        IncidentCommand::Ack { incident, person } => {
            // One person alone need not say who it is.
            let by = person.clone().or_else(|| watch.alone.clone());
            let by = by.unwrap_or_else(who);
            let said = json!({ "by": by });
            watch.act(*incident, "acknowledge", &said).await
        }
        IncidentCommand::Resolve {
            incident,
            text,
            person,
        } => {
            let said = json!({ "by": named(person.as_ref()), "text": text });
            watch.act(*incident, "resolve", &said).await
        }
        IncidentCommand::Dismiss {
            incident,
            reason,
            person,
        } => {
            let said = json!({ "by": named(person.as_ref()), "text": reason });
            watch.act(*incident, "dismiss", &said).await
        }
        IncidentCommand::Note {
            incident,
            text,
            person,
        } => {
            let said = json!({ "by": named(person.as_ref()), "text": text });
            watch.act(*incident, "notes", &said).await
        }
        IncidentCommand::Reports => page::reports(&watch).await,
        IncidentCommand::Decisions => page::decisions(&watch).await,
        IncidentCommand::Entry(command) => page::entry(&watch, command).await,
    }
}

pub(super) fn named(person: Option<&String>) -> String {
    person.cloned().unwrap_or_else(who)
}

/// The watch that is asked.
pub(super) struct Watch {
    http: LocalHttp,
    /// Where one may be: this machine's, or those of the others.
    places: (SocketAddr, Vec<SocketAddr>),
    /// The one that is asked: each numbers its own incidents.
    at: OnceCell<SocketAddr>,
    /// The one person that there is.
    pub(super) alone: Option<String>,
}

impl Watch {
    pub(super) fn find(file: &Path) -> Result<Self> {
        // A broken configuration is a reason to be called, and then this is what is used.
        let Holding { config, broken, .. } = holding::load(file)?;
        if let Some(fault) = broken {
            report::aside(&format!("{fault}\nthe last good configuration is used"));
        }
        let folder = DataFolder::open(&config.data)?;
        let mut identity = Identity::new(file, &config, &folder, Role::Command)?;
        let own = folder
            .running("watch")
            .and_then(|it| it.listener("private"));
        let own = own.ok().filter(|_| config.has_watch());
        if let Some(own) = own {
            identity = identity.knowing(Role::Watch, own);
        }
        let mut places = own
            .map_or_else(|| others(&config), |own| vec![own])
            .into_iter();
        let Some(first) = places.next() else {
            let sentence = format!(
                "no watch has run on {}: start one with 'twinline up' or 'twinline watch'",
                config.data.display()
            );
            return Err(Coded::new(UNREACHABLE, sentence).into());
        };
        let mut people = config.watch.people.keys();
        let alone = people.next().cloned().filter(|_| people.next().is_none());
        Ok(Self {
            http: LocalHttp::new(&identity, ANSWER_MAX)?,
            places: (first, places.collect()),
            at: OnceCell::new(),
            alone,
        })
    }

    /// Of several the first that answers at all; when none does the first, whose silence is told then.
    async fn first_that_answers(&self) -> SocketAddr {
        let (first, more) = &self.places;
        if more.is_empty() {
            return *first;
        }
        for at in [first].into_iter().chain(more) {
            let asked = self.http.send(Method::GET, *at, "/health", &[], Vec::new());
            if timeout(LOOK_MAX, asked).await.is_ok_and(|it| it.is_ok()) {
                return *at;
            }
        }
        *first
    }

    pub(super) async fn get(&self, path: &str) -> Result<Json> {
        self.ask(Method::GET, path, Vec::new()).await
    }

    pub(super) async fn act(&self, incident: u64, deed: &str, said: &Json) -> Result<Report> {
        let path = format!("/v1/incidents/{incident}/{deed}");
        let body = said.to_string().into_bytes();
        let detail = self.ask(Method::POST, &path, body).await?;
        told(&detail)
    }

    pub(super) async fn ask(&self, method: Method, path: &str, body: Vec<u8>) -> Result<Json> {
        let (status, document) = self.answer(method, path, body).await?;
        if status.is_success() {
            return Ok(document);
        }
        let code = match status {
            StatusCode::SERVICE_UNAVAILABLE => UNREACHABLE,
            _ => FAILED,
        };
        let detail = document["detail"].as_str();
        let sentence = detail.unwrap_or("watch gave no reason").to_owned();
        Err(Coded::new(code, sentence).into())
    }

    /// What it answers, whatever that is.
    pub(super) async fn answer(
        &self,
        method: Method,
        path: &str,
        body: Vec<u8>,
    ) -> Result<(StatusCode, Json)> {
        let at = *self.at.get_or_init(|| self.first_that_answers()).await;
        let answer = self.http.send(method, at, path, &[], body).await;
        let answer = answer.map_err(|error| {
            let sentence = format!("the watch at {at}: {}", error.reason);
            Coded::new(UNREACHABLE, sentence)
        })?;
        let document: Json = serde_json::from_slice(answer.body())
            .with_context(|| format!("watch's answer to {path} is not JSON"))?;
        Ok((answer.status(), document))
    }
}

/// The other machines' watches.
fn others(config: &Config) -> Vec<SocketAddr> {
    let machines = config.machines.values();
    machines.filter_map(|machine| machine.watch).collect()
}

pub(super) fn text_of(value: &Json) -> String {
    match value {
        Json::Null => "–".to_owned(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

async fn list(watch: &Watch, all: bool) -> Result<Report> {
    let mut found = watch.get("/v1/incidents").await?;
    let under_way = |it: &Json| it["standing"] == "open" || it["standing"] == "recovered";
    if let Some(incidents) = found["incidents"].as_array_mut().filter(|_| !all) {
        incidents.retain(under_way);
    }
    let mut table = Table::new([
        "INCIDENT",
        "SEVERITY",
        "STATE",
        "SINCE",
        "ACKNOWLEDGED",
        "WHAT",
    ]);
    let incidents = found["incidents"].as_array();
    for it in incidents.into_iter().flatten() {
        table.row([
            text_of(&it["incident"]),
            text_of(&it["severity"]),
            text_of(&it["standing"]),
            instant(&it["since"]),
            text_of(&it["acknowledged_by"]),
            text_of(&it["headline"]),
        ]);
    }
    let mut text = if incidents.is_some_and(|it| it.is_empty()) {
        "no incident is under way\n".to_owned()
    } else {
        table.text()
    };
    if found["nobody_to_call"] == true {
        text.push_str(
            "\nNOBODY CAN BE CALLED: write [watch.channels] and [watch.people] in the configuration\n",
        );
    }
    for (channel, reason) in found["unusable_channels"].as_object().into_iter().flatten() {
        // Writing to a string does not fail.
        let _fine = writeln!(
            text,
            "channel {channel} cannot be used: {}",
            text_of(reason)
        );
    }
    Report::done(&found, text)
}

fn told(detail: &Json) -> Result<Report> {
    let mut text = format!(
        "incident {}: {}\n{}, {} since {}",
        detail["incident"],
        text_of(&detail["headline"]),
        text_of(&detail["severity"]),
        text_of(&detail["standing"]),
        instant(&detail["since"]),
    );
    if let Some(by) = detail["acknowledged_by"].as_str() {
        let at = instant(&detail["acknowledged_at"]);
        let _fine = write!(text, "\nacknowledged by {by} at {at}");
        if let Some(machine) = detail["acknowledged_with"].as_str() {
            let _fine = write!(text, ", at {machine}'s watch");
        }
    } else if !detail["next_page_at"].is_null() {
        let next = instant(&detail["next_page_at"]);
        let _fine = write!(text, "\nsomebody is called again at {next}");
    }
    page::on_page(&mut text, &detail["page"]);
    for summary in detail["summaries"].as_array().into_iter().flatten() {
        let _fine = write!(text, "\n  {}", text_of(summary));
    }
    for entry in detail["journal"].as_array().into_iter().flatten() {
        let (at, said) = (instant(&entry["at"]), text_of(&entry["text"]));
        let _fine = write!(text, "\n{at}  {said}");
    }
    if let Some(draft) = detail["postmortem_draft"].as_str() {
        let _fine = write!(text, "\n\n{draft}");
    }
    Report::done(detail, text)
}
