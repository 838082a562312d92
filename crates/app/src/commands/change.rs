//! `change`: changes of the infrastructure, by the watch of this machine; of a fleet's machine without one, by another's.

use super::incident::{Watch, named, text_of};
use super::instant;
use crate::cli::{ChangeCommand, PlanChangeArgs, PresenceArgs};
use crate::client::who;
use crate::exit::{Coded, FAILED, NO_GO, OK, UNREACHABLE};
use crate::handles::SystemClock;
use crate::report::{self, Report, Table};
use anyhow::Result;
use http::{Method, StatusCode};
use serde_json::{Value as Json, json};
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use twinline_core::handles::Clock as _;
use twinline_core::watch::element::Element;

/// From one look at a proof to the next.
const LOOK: Duration = Duration::from_millis(500);

pub(super) async fn run(file: &Path, command: &ChangeCommand) -> Result<Report> {
    let watch = Watch::find(file)?;
    // One person alone need not say who it is.
    let here = |person: &Option<String>| person.clone().or_else(|| watch.alone.clone());
    match command {
        ChangeCommand::Plan(args) => plan(&watch, args).await,
        ChangeCommand::Start(args) => start(&watch, args, here(&args.person)).await,
        ChangeCommand::Renew(args) => {
            let person = here(&args.person).unwrap_or_else(who);
            renew(&watch, args, &person).await
        }
        ChangeCommand::Verify {
            change,
            wait,
            within_s,
        } => {
            let begun = act(&watch, *change, "verify", &json!({})).await?;
            if !wait {
                return Ok(begun);
            }
            proven(&watch, *change, Duration::from_secs(*within_s)).await
        }
        ChangeCommand::Finish { change } => act(&watch, *change, "finish", &json!({})).await,
        ChangeCommand::Abort {
            change,
            reason,
            person,
        } => {
            let said = json!({ "by": named(person.as_ref()), "text": reason });
            act(&watch, *change, "abort", &said).await
        }
        ChangeCommand::Gate { elements } => gate(&watch, elements).await,
        ChangeCommand::List { all } => list(&watch, *all).await,
        ChangeCommand::Show { change } => {
            let detail = watch.get(&format!("/v1/changes/{change}")).await?;
            told(&detail)
        }
    }
}

async fn plan(watch: &Watch, args: &PlanChangeArgs) -> Result<Report> {
    let from = args.from.unwrap_or_else(|| SystemClock.now());
    let lasts = Duration::from_secs(u64::from(args.minutes) * 60);
    let planned = json!({
        "title": args.title,
        "elements": args.elements,
        "from": args.from,
        "until": from.plus(lasts),
        "by": named(args.person.as_ref()),
    });
    let body = planned.to_string().into_bytes();
    let detail = watch.ask(Method::POST, "/v1/changes", body).await?;
    told(&detail)
}

async fn act(watch: &Watch, change: u64, deed: &str, said: &Json) -> Result<Report> {
    let path = format!("/v1/changes/{change}/{deed}");
    let body = said.to_string().into_bytes();
    let detail = watch.ask(Method::POST, &path, body).await?;
    told(&detail)
}

/// Begins it. Where nobody is there, whoever was named has been asked; with `--wait` that is waited for.
async fn start(watch: &Watch, args: &PresenceArgs, person: Option<String>) -> Result<Report> {
    let said = json!({ "by": person, "proof": args.proof });
    if !args.wait {
        return act(watch, args.change, "start", &said).await;
    }
    let path = format!("/v1/changes/{}/start", args.change);
    let body = said.to_string().into_bytes();
    let (status, answer) = watch.answer(Method::POST, &path, body).await?;
    if status == StatusCode::CONFLICT && answer["refusal"] == "nobody_present" {
        report::aside(&text_of(&answer["detail"]));
        let is_there = |detail: &Json| !detail["present"].is_null() && is_now(detail);
        if there(watch, args, is_there).await?.is_none() {
            let sentence = format!("nobody has said in {} s that they are there", args.within_s);
            return Err(Coded::new(FAILED, sentence).into());
        }
    } else if status.is_success() {
        return told(&answer);
    }
    act(watch, args.change, "start", &json!({})).await
}

/// Has a person asked, or says by what was sent to them that they are there.
async fn renew(watch: &Watch, args: &PresenceArgs, person: &str) -> Result<Report> {
    let path = format!("/v1/changes/{}", args.change);
    let before = watch.get(&path).await?["present_until"].clone();
    let said = json!({ "by": person, "proof": args.proof });
    let asked = act(watch, args.change, "present", &said).await?;
    if !args.wait {
        if args.proof.is_none() {
            report::aside(&format!(
                "{person} is sent a link: whoever follows it is there, and until then nobody has said so anew"
            ));
        }
        return Ok(asked);
    }
    let renewed =
        |detail: &Json| !detail["present_until"].is_null() && detail["present_until"] != before;
    match there(watch, args, renewed).await? {
        Some(detail) => told(&detail),
        None => Ok(asked.with_code(FAILED)),
    }
}

/// Whether the word that somebody is there holds.
fn is_now(detail: &Json) -> bool {
    let until = detail["present_until"].as_i64();
    until.is_some_and(|until| until > SystemClock.now().as_millis())
}

/// Waits until a change is so; `None`: not in time.
async fn there(
    watch: &Watch,
    args: &PresenceArgs,
    is_so: impl Fn(&Json) -> bool,
) -> Result<Option<Json>> {
    let deadline = Instant::now() + Duration::from_secs(args.within_s);
    loop {
        let detail = watch.get(&format!("/v1/changes/{}", args.change)).await?;
        if is_so(&detail) {
            return Ok(Some(detail));
        }
        if Instant::now() > deadline {
            return Ok(None);
        }
        sleep(LOOK).await;
    }
}

/// Waits until every check has passed.
async fn proven(watch: &Watch, change: u64, within: Duration) -> Result<Report> {
    let deadline = Instant::now() + within;
    loop {
        let detail = watch.get(&format!("/v1/changes/{change}")).await?;
        if !detail["proof"].is_null() {
            return told(&detail);
        }
        if Instant::now() > deadline {
            return Ok(told(&detail)?.with_code(FAILED));
        }
        sleep(LOOK).await;
    }
}

/// Go or no go, by exit code too.
async fn gate(watch: &Watch, elements: &[Element]) -> Result<Report> {
    let asked = elements.iter().map(|it| ("element", it.to_string()));
    let asked: Vec<(&str, String)> = asked.collect();
    let path = super::query("/v1/inbound/gate", &asked);
    let (status, answer) = watch.answer(Method::GET, &path, Vec::new()).await?;
    let (code, said) = match status {
        StatusCode::OK => (OK, &answer["sentence"]),
        StatusCode::CONFLICT => (NO_GO, &answer["detail"]),
        status => {
            let detail = answer["detail"].as_str();
            let sentence = detail.unwrap_or("watch gave no reason").to_owned();
            let busy = status == StatusCode::SERVICE_UNAVAILABLE;
            let code = if busy { UNREACHABLE } else { FAILED };
            return Err(Coded::new(code, sentence).into());
        }
    };
    let text = text_of(said);
    Ok(Report::done(&answer, text)?.with_code(code))
}

async fn list(watch: &Watch, all: bool) -> Result<Report> {
    let mut found = watch.get("/v1/changes").await?;
    let over = ["finished", "aborted", "expired"];
    let is_over = |it: &Json| over.iter().any(|standing| it["standing"] == *standing);
    if let Some(changes) = found["changes"].as_array_mut().filter(|_| !all) {
        changes.retain(|it| !is_over(it));
    }
    let mut table = Table::new(["CHANGE", "KIND", "STATE", "SINCE", "THERE", "WHAT"]);
    let changes = found["changes"].as_array();
    for it in changes.into_iter().flatten() {
        table.row([
            text_of(&it["change"]),
            text_of(&it["kind"]),
            text_of(&it["standing"]),
            instant(&it["since"]),
            text_of(&it["present"]),
            text_of(&it["title"]),
        ]);
    }
    let mut text = if changes.is_some_and(|it| it.is_empty()) {
        "no change is planned or under way\n".to_owned()
    } else {
        table.text()
    };
    for check in found["failing"].as_array().into_iter().flatten() {
        let (probe, subject) = (text_of(&check["probe"]), text_of(&check["subject"]));
        // Writing to a string does not fail.
        let _fine = writeln!(text, "{probe} of {subject} fails: automation hears no");
    }
    Report::done(&found, text)
}

fn told(detail: &Json) -> Result<Report> {
    let elements = detail["elements"].as_array().into_iter().flatten();
    let elements: Vec<String> = elements.map(text_of).collect();
    let mut text = format!(
        "change {}: {}\n{}, {} since {}; it touches {}",
        detail["change"],
        text_of(&detail["title"]),
        text_of(&detail["kind"]),
        text_of(&detail["standing"]),
        instant(&detail["since"]),
        elements.join(", "),
    );
    if detail["kind"] == "planned" {
        let (from, until) = (instant(&detail["from"]), instant(&detail["until"]));
        let _fine = write!(text, "\nfrom {from} until {until}");
    }
    if let Some(by) = detail["present"].as_str() {
        let until = instant(&detail["present_until"]);
        let _fine = write!(text, "\n{by} is there until {until}");
    }
    for person in detail["asked"].as_array().into_iter().flatten() {
        let person = text_of(person);
        let _fine = write!(
            text,
            "\n{person} was asked whether they are there, and has not said so yet"
        );
    }
    for element in detail["unwatched"].as_array().into_iter().flatten() {
        let element = text_of(element);
        let _fine = write!(text, "\nno probe looks at {element}: is it spelt so?");
    }
    for entry in detail["story"].as_array().into_iter().flatten() {
        let (at, said) = (instant(&entry["at"]), text_of(&entry["text"]));
        let _fine = write!(text, "\n{at}  {said}");
    }
    Report::done(detail, text)
}
