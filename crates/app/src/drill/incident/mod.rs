//! The incident, whole: while the database's commits hang and people's requests fill the edges, the watches detect it,
//! call people until one of them acknowledges, tell the public, take customers' reports, and are told that it is over.

mod config;
mod crowd;
mod pages;
mod tenants;
mod timeline;
mod watched;
mod watches;

pub(super) use config::WatchSetting;
pub(super) use pages::Pages;
pub(super) use tenants::of_connection;
pub(super) use timeline::{Moments, keys, text};
pub(super) use watched::Watched;
pub(super) use watches::Watch;

use super::account::Account;
use super::stage::Stage;
use anyhow::{Context, Result};
use crowd::Crowd;
use pages::{Page, steps};
use std::net::SocketAddr;
use std::time::Duration;
use tenants::{Filed, TENANTS, Tenant};
use tokio::time::{Instant, sleep_until, timeout};
use watched::{WAIT_MAX, comes};
use watches::DATABASE;

/// What is on the status page while the database is of no use, and nothing else.
const IMPAIRED: [&str; 1] = ["Administration: degraded_performance"];

/// What people and watches do in it.
#[derive(Default)]
pub(super) struct Play {
    /// Since when pages are about it.
    began: Option<Instant>,
    crowd: Option<Crowd>,
    moments: Moments,
    /// The incident's number at each watch.
    numbers: Vec<u64>,
    wrong: Vec<String>,
}

impl Play {
    /// What happened, for the report.
    pub(super) fn told(&mut self) -> Moments {
        std::mem::take(&mut self.moments)
    }

    /// What is to be noticed is about to happen.
    pub(super) fn begins(&mut self) {
        self.began = Some(Instant::now());
    }

    /// Notes when something came, or that it did not.
    fn note(&mut self, account: &Account, what: &str, came: Option<Instant>) -> Option<Instant> {
        if came.is_some() {
            account.say(what);
        } else {
            let s = WAIT_MAX.as_secs();
            self.wrong.push(format!("not within {s} s: {what}"));
        }
        came
    }

    /// From the fault on: requests hang, the incident is declared, customers report, the public reads of it, nobody
    /// acknowledges the first page, and somebody does the next.
    pub(super) async fn goes_wrong(&mut self, stage: &Stage, until: Instant) -> Result<()> {
        let watched = stage.watched()?;
        let account = &*stage.account;
        let edges = stage.machines.edges()?;
        self.crowd = Some(Crowd::gather(&edges));
        let full = comes(async || are_full(&edges).await).await;
        let what = "people's requests hold all of the hosts' places at the edges: more are refused";
        self.moments.crowded = self.note(account, what, full);
        let declared = comes(async || {
            let mut numbers = Vec::new();
            for watch in &watched.watches {
                let found = watch.database().await;
                let open = found.filter(|it| it["standing"] == "open");
                numbers.extend(open.and_then(|it| it["incident"].as_u64()));
            }
            let all = numbers.len() == watched.watches.len();
            self.numbers = numbers;
            all
        });
        let declared = declared.await;
        let what = "each watch has declared an incident of the database";
        self.moments.declared = self.note(account, what, declared);
        self.reports(watched, account).await?;
        self.public(watched, account).await;
        self.pages(watched, account).await?;
        sleep_until(until).await;
        Ok(())
    }

    /// Customers report, at the watches in turn, and each asks what became of its report until it is told.
    async fn reports(&mut self, watched: &Watched, account: &Account) -> Result<()> {
        let places: Vec<_> = watched.watches.iter().zip(&self.numbers).collect();
        let mut taken = vec![0; places.len()];
        let mut open = Vec::new();
        for (number, at) in (0..TENANTS).zip((0..places.len()).cycle()) {
            let tenant = Tenant::new(number);
            let (watch, incident) = places[at];
            match tenant.reports(watch).await? {
                Some(report) => {
                    taken[at] += 1;
                    open.push(Filed {
                        tenant,
                        report,
                        watch,
                        incident: *incident,
                    });
                }
                None => {
                    let name = &tenant.name;
                    self.wrong.push(format!("a report of {name} was not taken"));
                }
            }
        }
        let all = open.len() == TENANTS;
        let answered = comes(async || {
            let mut waiting = Vec::new();
            for filed in open.drain(..) {
                if !filed.is_known().await {
                    waiting.push(filed);
                }
            }
            open = waiting;
            open.is_empty()
        });
        let answered = answered.await.filter(|_| all);
        for ((watch, incident), taken) in places.iter().zip(&taken) {
            let detail = watch.detail(**incident).await.unwrap_or_default();
            let counted = &detail["course"]["reports"];
            if counted != taken {
                let machine = &watch.machine;
                let sentence =
                    format!("{machine} counts {counted} reports of the incident, and took {taken}");
                self.wrong.push(sentence);
            }
        }
        let what = format!(
            "{TENANTS} customers have reported, and each is told that its report is of the incident that is known"
        );
        self.moments.reported = self.note(account, &what, answered);
        Ok(())
    }

    /// The public reads of it: what is affected, and that the rest works.
    async fn public(&mut self, watched: &Watched, account: &Account) {
        let numbers = self.numbers.clone();
        let published = comes(async || {
            let mut all = true;
            for (watch, number) in watched.watches.iter().zip(&numbers) {
                let stage = watch.public_stage(*number).await;
                let stage = stage.as_deref();
                all &= matches!(stage, Some("investigating" | "identified"));
            }
            all
        });
        let published = published.await;
        let what = "the status pages tell of it: Administration is degraded, the rest operational";
        self.moments.published = self.note(account, what, published);
        for watch in &watched.watches {
            let impaired = watch.impaired().await.unwrap_or_default();
            if impaired != IMPAIRED {
                let (machine, said) = (&watch.machine, impaired.join(", "));
                let sentence = format!("the status page of {machine} says '{said}'");
                self.wrong.push(sentence);
            }
        }
    }

    /// Nobody acknowledges the first page; whoever the next step calls first acknowledges by the link.
    async fn pages(&mut self, watched: &Watched, account: &Account) -> Result<()> {
        let began = self.began.context("nothing has begun")?;
        let second = |machine: &str| steps(&watched.pages.all(), machine, DATABASE, began);
        let stepped = comes(async || {
            let mut all = watched.watches.iter();
            all.all(|watch| second(&watch.machine).is_some())
        });
        let stepped = stepped.await;
        let what =
            "nobody has acknowledged the first page: the next step has called the next person";
        let _noted = self.note(account, what, stepped);
        let calls: Vec<_> = (watched.watches.iter())
            .filter_map(|watch| Some((watch, second(&watch.machine)?)))
            .collect();
        self.moments.paged = calls.iter().map(|(_, (first, _))| first.at).min();
        self.moments.stepped = calls.iter().map(|(_, (_, second))| second.at).min();
        let mut acknowledged = true;
        for (watch, (_, page)) in &calls {
            acknowledged &= match &page.acknowledge {
                Some(link) => watch.acknowledge(link).await,
                None => false,
            };
        }
        let known = comes(async || {
            let mut all = acknowledged;
            for (watch, (_, page)) in &calls {
                let found = watch.database().await;
                all &= found.is_some_and(|it| it["acknowledged_by"] == *page.person);
            }
            all
        });
        let known = known.await.filter(|_| calls.len() == watched.watches.len());
        let what = "that person has acknowledged by the link in the page";
        self.moments.acknowledged = self.note(account, what, known);
        Ok(())
    }

    /// What did not hold until it was healed.
    pub(super) async fn check(&mut self, stage: &Stage) -> Result<Vec<String>> {
        let watched = stage.watched()?;
        for watch in &watched.watches {
            let machine = &watch.machine;
            let all = watch.incidents().await;
            let of_database = all.iter().filter(|it| it["element"] == DATABASE).count();
            if of_database != 1 {
                let sentence = format!("{machine} has {of_database} incidents of the database");
                self.wrong.push(sentence);
            }
            let others = (all.iter())
                .filter(|it| it["element"] != DATABASE && it["severity"] == "critical")
                // What failed before the fault is over.
                .filter(|it| it["standing"] == "open")
                .map(|it| format!("{machine} has a critical incident of {}", it["element"]));
            self.wrong.extend(others);
        }
        let all = watched.pages.all();
        let of_it = |it: &&Page| it.calls_for(DATABASE) && Some(it.at) >= self.began;
        self.moments.pages = all.iter().filter(of_it).count();
        if let Some(at) = self.moments.acknowledged {
            let more = all.iter().filter(|it| it.at > at && it.calls_for(DATABASE));
            let tell = |it: &Page| format!("{} was called after the acknowledgement", it.person);
            self.wrong.extend(more.map(tell));
        }
        if watched.pages.unverified() > 0 {
            self.wrong
                .push("pages were not signed as they should be".to_owned());
        }
        Ok(std::mem::take(&mut self.wrong))
    }

    /// After the healing: the pages go to monitoring, a person resolves, and a postmortem is begun.
    pub(super) async fn ends(&mut self, stage: &Stage) -> Result<Vec<String>> {
        self.crowd = None;
        let watched = stage.watched()?;
        let account = &*stage.account;
        let numbers = self.numbers.clone();
        let stands = async |wanted: &str| {
            let mut all = true;
            for (watch, number) in watched.watches.iter().zip(&numbers) {
                all &= watch.public_stage(*number).await.as_deref() == Some(wanted);
            }
            all
        };
        let monitoring = comes(async || stands("monitoring").await).await;
        let what = "nothing of it fails any more: the status pages are at monitoring";
        self.moments.monitoring = self.note(account, what, monitoring);
        for (machine, number) in numbers.iter().enumerate() {
            let number = number.to_string();
            let deed = ["incident", "resolve", &number, "--as", config::PEOPLE[0]];
            let text = ["--text", "The database takes commits again.", "--json"];
            let said = [deed.as_slice(), &text].concat();
            let done = stage.machines.run(machine, &said).await?;
            if !done.status.success() {
                let said = String::from_utf8_lossy(&done.stdout).into_owned();
                self.wrong.push(format!("it could not be resolved: {said}"));
            }
        }
        let resolved = comes(async || stands("resolved").await).await;
        let what = "a person has resolved it";
        self.moments.resolved = self.note(account, what, resolved);
        if let (Some(watch), Some(number)) = (watched.watches.first(), numbers.first()) {
            let detail = watch.detail(*number).await.unwrap_or_default();
            self.moments.draft = detail["postmortem_draft"].as_str().map(str::to_owned);
        }
        if self.moments.draft.is_none() {
            self.wrong
                .push("there is no draft of a postmortem".to_owned());
        }
        Ok(std::mem::take(&mut self.wrong))
    }
}

/// Whether every edge refuses a request to a host, for want of a place.
async fn are_full(edges: &[SocketAddr]) -> bool {
    let mut all = true;
    for edge in edges {
        let asked = reqwest::Client::builder().no_proxy().build();
        let Ok(asked) = asked.map(|client| client.get(format!("http://{edge}/health")).send())
        else {
            return false;
        };
        let answer = timeout(Duration::from_secs(6), asked).await;
        let full = reqwest::StatusCode::SERVICE_UNAVAILABLE;
        all &= matches!(answer, Ok(Ok(answer)) if answer.status() == full);
    }
    all
}
