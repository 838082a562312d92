//! Reading one queue, turn by turn.

use super::looks::Looks;
use super::memory::{Memory, Said};
use super::{Answer, Inbound, Ticket};
use crate::driver::{Handle, Ticketed};
use crate::kept::Kept;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use twinline_core::handles::Clock;
use twinline_core::watch::element::{Element, Path};
use twinline_core::watch::incident::{self, ReportId};
use twinline_core::watch::signal::{Severity, Signal, State};
use url::Url;

/// A look that takes longer has failed.
const LOOK_MAX: Duration = Duration::from_secs(60);
/// An answer that takes longer is tried again.
const ANSWER_MAX: Duration = Duration::from_secs(30);
/// All answers of one turn take no longer, so that the next look is not late; the rest come with the next turns.
const ANSWERING_MAX: Duration = Duration::from_secs(45);
/// A disk that does not answer is waited for no longer.
const READ_MAX: Duration = Duration::from_secs(10);
/// What is kept of a ticket's subject, in characters.
const SUMMARY_MAX_CHARS: usize = 200;

/// A queue of tickets, and how it is read.
pub struct Queue {
    /// Its name.
    pub name: String,
    /// Where its tickets come in.
    pub inbound: Arc<dyn Inbound>,
    /// The node that they are in, and what else may be the reason when it cannot be read.
    pub node: (Element, Path),
    /// Workspaces by what their tickets are known by, in lower case.
    pub tenants: BTreeMap<String, String>,
    /// Whether tickets are answered.
    pub answers: bool,
    /// From one look to the next.
    pub period: Duration,
    /// A queue that could not be read for so long is told of.
    pub unread_max: Duration,
    /// Where it is said when it was read.
    pub looks: Looks,
    /// Where the public reads of incidents.
    pub public_url: Option<Url>,
    /// Where what is known of it is kept.
    pub file: PathBuf,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

impl Queue {
    /// Reads it until it is dropped.
    pub async fn run(self, driver: Handle) {
        self.looks.begun(&self.name);
        let mut reading = Reading {
            memory: read(self.file.clone()).await,
            read: Instant::now(),
            told: Tells::Unknown,
            answered: None,
            kept: Kept::new(self.file.clone()),
            queue: self,
            driver,
        };
        let mut ticks = interval(reading.queue.period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            reading.turn().await;
        }
    }

    /// Whose ticket it is, when that is known.
    fn tenant(&self, ticket: &Ticket) -> Option<String> {
        let mut known = ticket.from.iter();
        known.find_map(|from| self.tenants.get(&from.to_lowercase()).cloned())
    }

    /// That nothing is wrong with it.
    pub fn is_read(&self) -> Signal {
        self.signal(State::Passing)
    }

    fn signal(&self, state: State) -> Signal {
        Signal {
            source: format!("watch/queue/{}", self.name),
            subject: self.node.0.clone(),
            state,
        }
    }

    fn report(&self, ticket: &str) -> ReportId {
        ReportId(format!("ticket-{}-{ticket}", self.name))
    }

    /// What a ticket is told of an incident.
    fn text(&self, said: Said, answer: &incident::Answer, published: bool) -> String {
        let (incident::Answer::Known { incident } | incident::Answer::Over { incident }) = answer
        else {
            return String::new();
        };
        let at = self.public_url.as_ref().filter(|_| published);
        let at = at.and_then(|url| url.join(&format!("incidents/{incident}")).ok());
        let at = at.map_or_else(String::new, |at| format!(" {at}"));
        match said {
            Said::Known => {
                format!("We know of this and are at work on it.{at} You read here when it is over.")
            }
            Said::Over => format!("What was reported here is over.{at}"),
        }
    }
}

/// A queue that is read.
struct Reading {
    queue: Queue,
    driver: Handle,
    memory: Memory,
    /// Where that is kept.
    kept: Kept,
    /// When it was last read.
    read: Instant,
    /// What the driver was told last of it.
    told: Tells,
    /// The ticket that was tried to be answered last.
    answered: Option<String>,
}

/// What the driver knows of a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tells {
    /// What was said before this process, or this configuration.
    Unknown,
    /// That it is read.
    Read,
    /// That it cannot be.
    Unread,
}

impl Reading {
    async fn turn(&mut self) {
        let before = self.memory.clone();
        let looked = timeout(LOOK_MAX, self.look()).await;
        let looked = looked.unwrap_or_else(|_| Err("no answer in time".to_owned()));
        self.tell(looked.err()).await;
        if self.queue.answers {
            self.answer().await;
        }
        self.memory.forget(self.queue.clock.now());
        if self.memory != before {
            self.store().await;
        }
    }

    /// Makes reports of what has come.
    async fn look(&mut self) -> Result<(), String> {
        let now = self.queue.clock.now();
        let (since, passed) = (self.memory.since(now), self.memory.passed());
        let found = self.queue.inbound.since(since, &passed).await?;
        for ticket in &found.tickets {
            let is_news = self.memory.is_news(ticket, now);
            if is_news {
                // Where the driver does not take it the next look finds it again.
                let taken = self.driver.ticket(self.ticketed(ticket)).await;
                taken.map_err(|refusal| refusal.to_string())?;
            }
            self.memory.note(ticket, is_news, now);
        }
        let queue = &self.queue.name;
        for ticket in self.memory.unread(&found, now) {
            tracing::error!(queue, ticket, "a ticket could never be read, and is left");
        }
        if let Some(to) = found.complete_to {
            self.memory.read_to(to);
        }
        found.fault.map_or(Ok(()), Err)
    }

    fn ticketed(&self, ticket: &Ticket) -> Ticketed {
        let text = format!("{}: {}", ticket.key, ticket.summary);
        let text = text.chars().take(SUMMARY_MAX_CHARS);
        Ticketed {
            report: self.queue.report(&ticket.id),
            tenant: self.queue.tenant(ticket),
            // What anybody writes moves no cursor of a terminal and starts no line of a log.
            text: text
                .map(|it| if it.is_control() { ' ' } else { it })
                .collect(),
        }
    }

    /// Answers tickets of which something came.
    async fn answer(&mut self) {
        let ends = Instant::now() + ANSWERING_MAX;
        let open = self.memory.open(self.answered.as_deref());
        let reports = open.iter().map(|(ticket, _)| self.queue.report(ticket));
        // A driver that does not answer is asked with the next turn.
        let Ok(became) = self.driver.became(reports.collect()).await else {
            return;
        };
        for (ticket, before) in open {
            let report = self.queue.report(&ticket);
            let Some(became) = became.get(&report) else {
                continue;
            };
            let Some(said) = Said::of(&became.answer).filter(|said| Some(*said) > before) else {
                continue;
            };
            if Instant::now() >= ends {
                return;
            }
            let answer = Answer {
                report,
                word: said.word(),
                text: self
                    .queue
                    .text(said, &became.answer, became.published.is_some()),
            };
            self.answered = Some(ticket.clone());
            let written = timeout(ANSWER_MAX, self.queue.inbound.answer(&ticket, &answer)).await;
            match written.unwrap_or_else(|_| Err("no answer in time".to_owned())) {
                Ok(()) => self.memory.answered(&ticket, said),
                Err(why) => {
                    let queue = &self.queue.name;
                    tracing::warn!(queue, ticket, why, "a ticket is not answered; tried again");
                }
            }
        }
    }

    /// Says that the queue cannot be read, when that lasts, and that it can again.
    async fn tell(&mut self, fault: Option<String>) {
        let queue = &self.queue.name;
        let (tells, signal) = match fault {
            None => {
                self.read = Instant::now();
                self.queue.looks.read(queue);
                if self.told == Tells::Read {
                    return;
                }
                (Tells::Read, self.queue.is_read())
            }
            Some(why) => {
                tracing::warn!(queue, why, "the queue of tickets cannot be read");
                if self.read.elapsed() < self.queue.unread_max {
                    return;
                }
                let state = State::Failing {
                    severity: Severity::Warning,
                    implicates: self.queue.node.1.clone(),
                    summary: format!("its queue of tickets, {queue}, cannot be read: {why}"),
                };
                (Tells::Unread, self.queue.signal(state))
            }
        };
        // What was not taken is said again with the next turn.
        let taken = self.driver.signal(signal).await;
        self.told = if taken { tells } else { Tells::Unknown };
    }

    async fn store(&self) {
        let Err(fault) = self.kept.replace(self.memory.clone()).await else {
            return;
        };
        let queue = &self.queue.name;
        tracing::error!(
            queue,
            fault,
            "what is known of a queue of tickets is not stored"
        );
    }
}

/// What was kept; never fails: without it the queue begins anew, with what comes from now on.
async fn read(file: PathBuf) -> Memory {
    let path = file.clone();
    let reading = tokio::task::spawn_blocking(move || std::fs::read(path));
    let found = match timeout(READ_MAX, reading).await {
        Ok(Ok(Ok(found))) => serde_json::from_slice(&found).map_err(|error| error.to_string()),
        Ok(Ok(Err(error))) if error.kind() == std::io::ErrorKind::NotFound => Ok(Memory::default()),
        Ok(Ok(Err(error))) => Err(error.to_string()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("the disk does not answer".to_owned()),
    };
    found.unwrap_or_else(|fault| {
        tracing::error!(file = %file.display(), fault, "what was known of a queue of tickets is lost");
        Memory::default()
    })
}
