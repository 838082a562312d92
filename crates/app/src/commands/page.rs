//! What the public reads: `status page|set|maintenance|export`, and what `incident` does to it.

use super::incident::{Watch, named, text_of};
use super::instant;
use crate::cli::{EntryCommand, MaintenanceArgs, MaintenanceCommand, StatusCommand};
use crate::report::{Report, Table};
use anyhow::{Context as _, Result};
use http::Method;
use serde_json::{Value as Json, json};
use std::fmt::Write as _;
use std::io::Read as _;
use std::path::Path;
use twinline_core::watch::incident::Impact;
use twinline_core::watch::page::{MaintenanceStage, Publication, Stage};
use twinline_watch::site::{self, Shown};
use url::Url;

/// The longest postmortem that is read, in bytes; watch takes fewer characters.
const FILE_MAX_BYTES: u64 = 1 << 20;

pub(super) async fn run(file: &Path, command: &StatusCommand) -> Result<Report> {
    let watch = Watch::find(file)?;
    match command {
        StatusCommand::Page => page(&shown(&watch).await?),
        StatusCommand::Set {
            component,
            state,
            person,
        } => {
            let said =
                json!({ "by": named(person.as_ref()), "component": component, "state": state.0 });
            let now = post(&watch, "/v1/page/components", &said).await?;
            let text = format!("{component} is {}", text_of(&now["state"]));
            Report::done(&now, text)
        }
        StatusCommand::Maintenance(command) => maintenance(&watch, command).await,
        StatusCommand::Export { dir, url } => export(&watch, dir, url.as_ref()).await,
    }
}

/// What is done to an incident on the page.
pub(super) async fn entry(watch: &Watch, command: &EntryCommand) -> Result<Report> {
    match command {
        EntryCommand::Veto {
            incident,
            reason,
            person,
        } => {
            let said = json!({ "by": named(person.as_ref()), "text": reason });
            watch.act(*incident, "veto", &said).await
        }
        EntryCommand::Publish {
            incident,
            text,
            name,
            person,
        } => {
            let said = json!({ "by": named(person.as_ref()), "text": text, "name": name });
            watch.act(*incident, "publish", &said).await
        }
        EntryCommand::Update {
            incident,
            text,
            stage,
            impact,
            components,
            name,
            person,
        } => {
            let components: std::collections::BTreeMap<_, _> = components.iter().cloned().collect();
            let said = json!({
                "by": named(person.as_ref()),
                "text": text,
                "stage": stage.map(Stage::from),
                "impact": impact.map(Impact::from),
                "components": components,
                "name": name,
            });
            watch.act(*incident, "updates", &said).await
        }
        EntryCommand::Postmortem {
            incident,
            file,
            person,
        } => {
            let said = json!({ "by": named(person.as_ref()), "text": written(file)? });
            watch.act(*incident, "postmortem", &said).await
        }
    }
}

/// A text from a file or standard input.
fn written(file: &Path) -> Result<String> {
    let mut text = String::new();
    let read = if file == Path::new("-") {
        let mut from = std::io::stdin().lock().take(FILE_MAX_BYTES);
        from.read_to_string(&mut text)
    } else {
        let from = std::fs::File::open(file);
        let from = from.with_context(|| format!("opening '{}'", file.display()))?;
        from.take(FILE_MAX_BYTES).read_to_string(&mut text)
    };
    read.with_context(|| format!("reading '{}'", file.display()))?;
    Ok(text)
}

/// What was judged and is no incident.
pub(super) async fn decisions(watch: &Watch) -> Result<Report> {
    let found = watch.get("/v1/decisions").await?;
    let mut text = String::new();
    for it in found["decisions"].as_array().into_iter().flatten() {
        let (at, said) = (instant(&it["at"]), text_of(&it["text"]));
        // Writing to a string does not fail.
        let _fine = writeln!(text, "{at}  {said}");
    }
    if text.is_empty() {
        text.push_str("nothing was judged to be no incident\n");
    }
    Report::done(&found, text)
}

/// Reports, and what became of each.
pub(super) async fn reports(watch: &Watch) -> Result<Report> {
    let found = watch.get("/v1/reports").await?;
    let mut table = Table::new(["REPORT", "AT", "OF", "ABOUT", "ANSWER", "WHAT"]);
    for it in found["reports"].as_array().into_iter().flatten() {
        let answer = match it["incident"].as_u64() {
            Some(incident) => format!("{} {incident}", text_of(&it["answer"])),
            None => text_of(&it["answer"]),
        };
        let about = [&it["node"], &it["component"]];
        let about: Vec<&str> = about.into_iter().filter_map(Json::as_str).collect();
        table.row([
            text_of(&it["report"]),
            instant(&it["at"]),
            text_of(&it["tenant"]),
            about.join(", "),
            answer,
            text_of(&it["text"]),
        ]);
    }
    let mut text = table.text();
    if text.is_empty() {
        text.push_str("nobody has reported anything\n");
    }
    if found["tenants"].as_u64().is_some_and(|it| it > 0) {
        // Writing to a string does not fail.
        let _fine = writeln!(
            text,
            "\n{} of {} tenants have been told all that is new",
            found["tenants_reached"], found["tenants"]
        );
    }
    Report::done(&found, text)
}

/// How an incident is on the page, for whoever looks at it.
pub(super) fn on_page(text: &mut String, page: &Json) {
    let line = match page["publication"].as_str() {
        Some("waiting") => format!(
            "the public reads of it from {} on, if it is affected; 'twinline incident veto' keeps it away",
            instant(&page["publishes_at"])
        ),
        Some("vetoed") => format!(
            "kept from the status page by {}: {}",
            text_of(&page["vetoed_by"]),
            text_of(&page["veto_reason"])
        ),
        Some("published") => format!(
            "on the status page since {}: {} ({}, impact {})",
            instant(&page["published_at"]),
            text_of(&page["name"]),
            text_of(&page["stage"]),
            text_of(&page["impact"])
        ),
        Some(_) => "not on the status page; 'twinline incident publish' shows it there".to_owned(),
        None => return,
    };
    // Writing to a string does not fail.
    let _fine = write!(text, "\n{line}");
}

async fn post(watch: &Watch, path: &str, said: &Json) -> Result<Json> {
    let body = said.to_string().into_bytes();
    watch.ask(Method::POST, path, body).await
}

async fn shown(watch: &Watch) -> Result<Shown> {
    let shown = watch.get("/v1/page").await?;
    serde_json::from_value(shown)
        .context("watch shows its page in another way: is it of the same version?")
}

fn page(shown: &Shown) -> Result<Report> {
    let components = shown.page.components.iter().map(|it| {
        let state = shown.status.state(it, &shown.page);
        json!({ "component": it.name, "group": it.group, "state": state })
    });
    let open = shown.status.entries().filter(|it| !it.is_resolved());
    let incidents = open.map(|it| {
        let (publishes_at, vetoed_by) = match &it.publication {
            Publication::Waiting { until } => (Some(until.due()), None),
            Publication::Vetoed { by, .. } => (None, Some(by)),
            _ => (None, None),
        };
        json!({
            "incident": it.incident,
            "published": it.is_published(),
            "publishes_at": publishes_at,
            "vetoed_by": vetoed_by,
            "name": it.name,
            "stage": it.stage,
            "impact": it.impact,
            "affected": it.affected,
        })
    });
    let ahead = shown.status.maintenances();
    let ahead = ahead.filter(|(_, it)| it.stage != MaintenanceStage::Completed);
    let maintenances = ahead.map(|(id, it)| {
        json!({
            "maintenance": id,
            "name": it.name,
            "stage": it.stage,
            "from": it.from,
            "until": it.until,
            "components": it.components,
        })
    });
    let document = json!({
        "name": shown.name,
        "at": shown.at,
        "components": components.collect::<Vec<_>>(),
        "incidents": incidents.collect::<Vec<_>>(),
        "maintenances": maintenances.collect::<Vec<_>>(),
    });
    let text = page_text(&document);
    Report::done(&document, text)
}

fn page_text(document: &Json) -> String {
    let list = |of: &str| document[of].as_array().cloned().unwrap_or_default();
    let mut components = Table::new(["COMPONENT", "STATE"]);
    for it in list("components") {
        components.row([text_of(&it["component"]), text_of(&it["state"])]);
    }
    let mut incidents = Table::new(["INCIDENT", "STAGE", "IMPACT", "PUBLIC", "WHAT"]);
    for it in list("incidents") {
        let public = match (&it["published"], &it["publishes_at"], &it["vetoed_by"]) {
            (Json::Bool(true), ..) => "yes".to_owned(),
            (_, at, _) if !at.is_null() => format!("from {}", instant(at)),
            (_, _, by) if !by.is_null() => format!("vetoed by {}", text_of(by)),
            _ => "no".to_owned(),
        };
        incidents.row([
            text_of(&it["incident"]),
            text_of(&it["stage"]),
            text_of(&it["impact"]),
            public,
            text_of(&it["name"]),
        ]);
    }
    let mut maintenances = Table::new(["MAINTENANCE", "STAGE", "FROM", "UNTIL", "WHAT"]);
    for it in list("maintenances") {
        maintenances.row([
            text_of(&it["maintenance"]),
            text_of(&it["stage"]),
            instant(&it["from"]),
            instant(&it["until"]),
            text_of(&it["name"]),
        ]);
    }
    let tables = [components.text(), incidents.text(), maintenances.text()];
    let tables: Vec<String> = tables.into_iter().filter(|it| !it.is_empty()).collect();
    format!(
        "{}, as of {}\n\n{}",
        text_of(&document["name"]),
        instant(&document["at"]),
        tables.join("\n")
    )
}

async fn maintenance(watch: &Watch, command: &MaintenanceCommand) -> Result<Report> {
    let (args, stage) = match command {
        MaintenanceCommand::Plan {
            name,
            components,
            from,
            until,
            text,
            number,
            person,
        } => {
            let said = json!({
                "by": named(person.as_ref()),
                "maintenance": number,
                "name": name,
                "components": components,
                "from": from,
                "until": until,
                "text": text.clone().unwrap_or_default(),
            });
            return worked(&post(watch, "/v1/page/maintenances", &said).await?);
        }
        MaintenanceCommand::Start(args) => (args, MaintenanceStage::InProgress),
        MaintenanceCommand::Verify(args) => (args, MaintenanceStage::Verifying),
        MaintenanceCommand::Complete(args) => (args, MaintenanceStage::Completed),
    };
    let MaintenanceArgs {
        maintenance,
        text,
        person,
    } = args;
    let said = json!({
        "by": named(person.as_ref()),
        "stage": stage,
        "text": text.clone().unwrap_or_default(),
    });
    let path = format!("/v1/page/maintenances/{maintenance}");
    worked(&post(watch, &path, &said).await?)
}

fn worked(answer: &Json) -> Result<Report> {
    let now = &answer["now"];
    let text = format!(
        "maintenance {}: {}, {} ({} to {})",
        answer["maintenance"],
        text_of(&now["name"]),
        text_of(&now["stage"]).replace('_', " "),
        instant(&now["from"]),
        instant(&now["until"]),
    );
    Report::done(answer, text)
}

/// A copy of the page; the folder is as it was when it cannot be written.
async fn export(watch: &Watch, dir: &Path, url: Option<&Url>) -> Result<Report> {
    let mut shown = shown(watch).await?;
    if let Some(url) = url {
        shown.public_url = Some(url.clone());
    }
    let written = site::export(&shown, dir)?;
    let mut text = format!("{} files in '{}'", written.files, dir.display());
    for left_out in &written.left_out {
        // Writing to a string does not fail.
        let _fine = write!(text, "\n{left_out}");
    }
    let document = json!({
        "folder": dir,
        "files": written.files,
        "left_out": written.left_out,
        "at": shown.at,
    });
    Report::done(&document, text)
}
