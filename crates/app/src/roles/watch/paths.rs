//! Whether what fails can keep its own alarm from being heard: the way of every probe to every page, element by element.

use super::announced::Announced;
use super::build::{self, Built, Lasting};
use crate::config::Config;
use crate::config::watch::Channel as Configured;
use crate::exit::FAILED;
use crate::fleet::Identity;
use crate::report::{Report, Table};
use anyhow::{Context as _, Result};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::IpAddr;
use std::path::Path;
use twinline_core::watch::element::{Element, Kind, Path as Elements};
use twinline_core::watch::probe::{Finding, ProbePath, RoutePath, Routes, verify_paths};
use twinline_trackers::http::{Secret, Trust};
use twinline_watch::driver::Setup;
use twinline_watch::probe::Accounts;
use twinline_watch::queue::Looks;

/// What was looked at, and what was found.
#[derive(Serialize)]
struct Verified {
    ok: bool,
    findings: Vec<Found>,
    probes: Vec<ProbePath>,
    routes: Routes,
    unusable_channels: BTreeMap<String, String>,
}

#[derive(Serialize)]
struct Found {
    fails: bool,
    #[serde(flatten)]
    finding: Finding,
    sentence: String,
}

/// `twinline watch verify-paths`: exit code 1 when an element that is watched is needed to hear of it.
///
/// # Errors
/// The configuration cannot be used.
pub(crate) fn verify(file: &Path) -> Result<Report> {
    let config = crate::config::load(file)?;
    let lasting = Lasting {
        announced: Announced::default(),
        accounts: Accounts::default(),
        addresses: build::addresses(BTreeMap::new()),
        trust: Trust::of_this_machine().context("reading the machine's trust store")?,
        // Nobody is asked anything.
        identity: Identity::alone(Secret::new("none")),
        keyless: None,
        // Which it has under 'twinline up': its path is looked at too.
        supervisor: Some(std::process::id()).filter(|_| config.machines.is_empty()),
        beat: None,
        queues: config.data.join("watch"),
        looks: Looks::default(),
    };
    let built = Built::new(file, &config, &lasting)?;
    let runs_on = runs_on(&config);
    let probes = built.probes.iter().map(|probe| probe.path(&runs_on));
    let probes: Vec<ProbePath> = probes.collect();
    let routes = routes(&config, &built.setup, &runs_on);
    let found = verify_paths(&probes, &routes);
    let found = found.into_iter().map(|finding| Found {
        fails: finding.fails(),
        sentence: sentence(&finding, routes.pages.is_empty()),
        finding,
    });
    let findings: Vec<Found> = found.collect();
    let verified = Verified {
        ok: !findings.iter().any(|it| it.fails),
        findings,
        probes,
        routes,
        unusable_channels: built.setup.unusable,
    };
    let code = if verified.ok { crate::exit::OK } else { FAILED };
    let text = text(&verified);
    Ok(Report::done(&verified, text)?.with_code(code))
}

fn element(kind: Kind, config: &Config) -> Element {
    Element::new(kind, config.instance.machine.clone())
}

/// What runs every probe and passes its verdict on. Not the disk: watch goes on without.
fn runs_on(config: &Config) -> Elements {
    [Kind::Watch, Kind::Machine]
        .map(|kind| element(kind, config))
        .into()
}

fn routes(config: &Config, setup: &Setup, runs_on: &Elements) -> Routes {
    let mut pages = Vec::new();
    for (person, known) in &setup.roster.people {
        for contact in &known.reach {
            let Some(channel) = setup.channels.get(&contact.channel) else {
                continue;
            };
            let configured = &config.watch.channels[&contact.channel];
            let mut touches = way(config, configured, channel.host());
            touches.extend(runs_on.iter().cloned());
            pages.push(RoutePath {
                person: person.0.clone(),
                channel: contact.channel.clone(),
                touches,
            });
        }
    }
    let told = runs_on.iter().cloned();
    let told = told.chain([Kind::Dns, Kind::Egress, Kind::Disk].map(|it| element(it, config)));
    let outside_ping = config.watch.outside_ping.as_ref().map(|_| told.collect());
    Routes {
        pages,
        outside_ping,
    }
}

/// What a page goes through to a channel's host.
fn way(config: &Config, configured: &Configured, host: &str) -> Elements {
    let kind = match configured {
        Configured::Smtp { .. } => Kind::MailRelay,
        Configured::Webhook { .. } | Configured::Pagerduty { .. } | Configured::Twilio { .. } => {
            Kind::Carrier
        }
    };
    let mut touches = Elements::from([Element::new(kind, host)]);
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    let here = address.as_ref().is_ok_and(IpAddr::is_loopback);
    if address.is_err() {
        touches.insert(element(Kind::Dns, config));
    }
    if !here {
        touches.insert(element(Kind::Egress, config));
    }
    touches
}

fn sentence(finding: &Finding, nobody: bool) -> String {
    match finding {
        Finding::Blind { probe, element } if nobody => {
            format!("nobody can be called: {probe} finds {element} failing, and no one hears of it")
        }
        Finding::Blind { probe, element } => {
            format!("when {element} fails nobody hears of it, though {probe} watches it")
        }
        Finding::Deaf {
            probe,
            element,
            person,
        } => format!("when {element} fails {person} hears nothing of it ({probe})"),
        Finding::Weak {
            probe,
            element,
            person,
            channel,
        } => format!("when {element} fails {channel} does too; {person} has another way ({probe})"),
        Finding::Indirect { element, through } => {
            format!("{element} is looked at through {through} only")
        }
        Finding::LastLine { probe, element } => {
            format!("when {element} fails only the outside ping tells ({probe})")
        }
    }
}

fn text(verified: &Verified) -> String {
    let mut table = Table::new(["", "FINDING"]);
    for found in &verified.findings {
        let word = if found.fails { "fails" } else { "shown" };
        table.row([word.to_owned(), found.sentence.clone()]);
    }
    let mut text = format!(
        "{} probes, {} ways to people{}\n",
        verified.probes.len(),
        verified.routes.pages.len(),
        match verified.routes.outside_ping {
            Some(_) => ", an outside ping",
            None => ", no outside ping",
        }
    );
    for (channel, reason) in &verified.unusable_channels {
        // Writing to a string does not fail.
        let _fine = writeln!(text, "channel {channel} cannot be used: {reason}");
    }
    if verified.findings.is_empty() {
        text.push_str("nothing that is watched is needed to hear of it\n");
    } else {
        text.push_str(&table.text());
    }
    text
}
