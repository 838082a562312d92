//! What the public side asks of the driver.

use super::journal::Entry;
use super::letter::{Meant, headline};
use super::reports::{self, Filed, Fresh};
use super::told::{Ask, Refusal};
use super::{Driver, Handle, Standing as Record};
use crate::channel::acknowledge::{About, Grant, NotGranted};
use crate::site::{Answered, Desk, Errand, Refused, Report, Standing, TenantReport};
use async_trait::async_trait;
use std::collections::{BTreeMap, BTreeSet};
use tokio::sync::oneshot;
use twinline_core::watch::escalation::{self, PersonName};
use twinline_core::watch::incident::{self, ReportId};

/// What the public side asks, and where the answer goes.
pub(super) enum Public {
    /// What a link is for.
    Errand(String, oneshot::Sender<Result<Errand, Refused>>),
    /// Does it.
    Acknowledge(String, oneshot::Sender<Result<Errand, Refused>>),
    /// A visitor's report.
    Report(Report, oneshot::Sender<Result<ReportId, Refused>>),
    /// A report of whoever shows this token.
    TenantReport(
        String,
        TenantReport,
        oneshot::Sender<Result<Answered, Refused>>,
    ),
    /// What became of a report of whoever shows this token.
    Answer(String, ReportId, oneshot::Sender<Result<Answered, Refused>>),
    /// A ticket of a queue.
    Ticket(Ticketed, oneshot::Sender<()>),
    /// What became of tickets' reports.
    Became(
        BTreeSet<ReportId>,
        oneshot::Sender<BTreeMap<ReportId, Answered>>,
    ),
}

/// A ticket that says that something does not work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticketed {
    /// The report's id, which is the ticket's own: said once more it is the same report.
    pub report: ReportId,
    /// Whose it is, when the queue's owner knows.
    pub tenant: Option<String>,
    /// What it says.
    pub text: String,
}

#[async_trait]
impl Desk for Handle {
    async fn errand(&self, token: &str) -> Result<Errand, Refused> {
        let token = token.to_owned();
        let asked = |to| Ask::Public(Public::Errand(token, to));
        self.ask(asked).await.unwrap_or(Err(Refused::Busy))
    }

    async fn acknowledge(&self, token: &str) -> Result<Errand, Refused> {
        let token = token.to_owned();
        let asked = |to| Ask::Public(Public::Acknowledge(token, to));
        self.ask(asked).await.unwrap_or(Err(Refused::Busy))
    }

    async fn report(&self, report: Report) -> Result<ReportId, Refused> {
        let asked = |to| Ask::Public(Public::Report(report, to));
        self.ask(asked).await.unwrap_or(Err(Refused::Busy))
    }

    async fn tenant_report(&self, token: &str, report: TenantReport) -> Result<Answered, Refused> {
        let token = token.to_owned();
        let asked = |to| Ask::Public(Public::TenantReport(token, report, to));
        self.ask(asked).await.unwrap_or(Err(Refused::Busy))
    }

    async fn answer(&self, token: &str, report: ReportId) -> Result<Answered, Refused> {
        let token = token.to_owned();
        let asked = |to| Ask::Public(Public::Answer(token, report, to));
        self.ask(asked).await.unwrap_or(Err(Refused::Busy))
    }
}

impl Driver {
    pub(super) fn serve(&mut self, asked: Public) {
        // Whoever asked may have gone: then the answer is nobody's.
        match asked {
            Public::Errand(token, to) => {
                let errand = self.granted(&token).map(|it| self.errand(&it));
                drop(to.send(errand));
            }
            Public::Acknowledge(token, to) => drop(to.send(self.follow(&token))),
            Public::Report(report, to) => drop(to.send(Ok(self.take_report(&report, None, None)))),
            Public::TenantReport(token, report, to) => {
                drop(to.send(self.take_tenants(&token, &report)));
            }
            Public::Answer(token, report, to) => drop(to.send(self.answered(&token, &report))),
            Public::Ticket(ticket, to) => {
                self.take_ticket(&ticket);
                // Whoever waited may be gone.
                let _gone = to.send(());
            }
            Public::Became(wanted, to) => {
                let found = self.machines.reports.among(&wanted);
                let became = found.map(|filed| (filed.report.clone(), self.became(filed)));
                drop(to.send(became.collect()));
            }
        }
    }

    /// What a link grants, as far as it can be read.
    pub(super) fn granted(&self, token: &str) -> Result<(Grant, Meant), Refused> {
        let grant = self.signer.verify(token, self.clock.now());
        let grant = grant.map_err(|error| match error {
            NotGranted::Forged => Refused::UnknownLink,
            NotGranted::Expired { grant } => Refused::ExpiredLink { until: grant.until },
        })?;
        // Who is none of the people any more could not be called when it gets worse.
        let person = PersonName(grant.person.clone());
        let person = self.setup.roster.people.get(&person);
        let person = person.ok_or(Refused::UnknownLink)?;
        let meant = super::letter::meant(&grant.about, person);
        Ok((grant, meant.ok_or(Refused::UnknownLink)?))
    }

    fn errand(&self, (grant, meant): &(Grant, Meant)) -> Errand {
        let (headline, standing) = match meant {
            Meant::Proof(contact) => {
                let headline = match contact {
                    Some(contact) => format!("this page reached you by {}", contact.channel),
                    None => "you are not reached this way any more".to_owned(),
                };
                let over = contact.is_none();
                (headline, if over { Standing::Over } else { Standing::Open })
            }
            Meant::Presence(change, _) => self.presence(*change, &PersonName(grant.person.clone())),
            Meant::Incident(id, _) => match self.machines.records.get(*id) {
                None => (format!("incident {id}"), Standing::Over),
                Some(record) => {
                    let standing = match (&record.standing, &record.acknowledged) {
                        (Record::Open | Record::Recovered, Some((by, at))) => {
                            Standing::Acknowledged {
                                by: by.0.clone(),
                                at: *at,
                            }
                        }
                        (Record::Open, None) => Standing::Open,
                        _ => Standing::Over,
                    };
                    (headline(record, &self.machines), standing)
                }
            },
        };
        let about = match meant {
            Meant::Incident(id, _) => About::Incident(id.to_string()),
            Meant::Presence(id, _) => About::Presence(id.to_string()),
            Meant::Proof(_) => grant.about.clone(),
        };
        Errand {
            about,
            person: grant.person.clone(),
            headline,
            standing,
        }
    }

    /// Does what a link is for; once more what was done before changes nothing but that the contact is proven.
    fn follow(&mut self, token: &str) -> Result<Errand, Refused> {
        let granted = self.granted(token)?;
        match &granted.1 {
            Meant::Proof(None) => {}
            Meant::Proof(Some(contact)) => {
                let contact = contact.clone();
                let event = escalation::Event::TestAcknowledged {
                    contact: contact.clone(),
                };
                self.step(|machines, step| {
                    let text = format!("{contact} is proven to reach a person");
                    step.deeds.entries.push(Entry::own(step.now, text));
                    machines.call(event, step)
                });
            }
            Meant::Presence(change, via) => {
                let by = PersonName(granted.0.person.clone());
                if let Err(refused) = self.is_there(*change, by, via.clone()) {
                    // The page that is shown says that it is over.
                    tracing::info!(%refused, change = change.0, "a presence was not taken");
                }
            }
            Meant::Incident(incident, via) => {
                let by = PersonName(granted.0.person.clone());
                let known = self.machines.records.get(*incident);
                let done = known.is_some_and(|it| it.acknowledged.is_some());
                if let (true, Some(contact)) = (done, via.clone()) {
                    let event = escalation::Event::TestAcknowledged { contact };
                    self.step(|machines, step| machines.call(event, step));
                } else {
                    match self.acknowledge(*incident, by, via.clone()) {
                        // The page that is shown says so.
                        Ok(()) | Err(Refusal::Over(_) | Refusal::Unknown(_)) => {}
                        Err(_) => return Err(Refused::Busy),
                    }
                }
            }
        }
        let mut errand = self.errand(&granted);
        if let Meant::Proof(Some(_)) = granted.1 {
            errand.standing = Standing::Acknowledged {
                by: granted.0.person,
                at: self.clock.now(),
            };
        }
        Ok(errand)
    }

    /// Takes a report over, of a tenant or of nobody knows whom.
    fn take_report(
        &mut self,
        report: &Report,
        tenant: Option<&str>,
        node: Option<&str>,
    ) -> ReportId {
        self.reports += 1;
        let id = ReportId(format!("{}-{}", self.clock.now().as_millis(), self.reports));
        self.file(&Fresh {
            id: id.clone(),
            tenant,
            component: report.component.as_deref(),
            node,
            text: &report.text,
        });
        id
    }

    /// A ticket is a report like others, once. Whose workspace is not known is a visitor.
    fn take_ticket(&mut self, ticket: &Ticketed) {
        if self.machines.reports.get(&ticket.report).is_some() {
            return;
        }
        let tenant = ticket.tenant.as_deref();
        self.file(&Fresh {
            id: ticket.report.clone(),
            tenant: tenant.filter(|name| self.setup.tenants.contains_key(*name)),
            component: None,
            node: None,
            text: &ticket.text,
        });
    }

    fn file(&mut self, fresh: &Fresh<'_>) {
        let (id, tenant) = (&fresh.id, fresh.tenant);
        tracing::info!(report = %id, tenant, component = fresh.component, node = fresh.node, "a report came");
        self.step(|machines, step| {
            machines.reports.file(fresh, step.now);
            let event = incident::Event::Report(incident::Report {
                id: fresh.id.clone(),
                tenant: tenant.map(str::to_owned),
                elements: reports::about(fresh, step.setup),
            });
            machines.hear(event, step);
            machines.refresh(step);
        });
    }

    fn take_tenants(&mut self, token: &str, report: &TenantReport) -> Result<Answered, Refused> {
        let tenant = self
            .setup
            .tenant(token)
            .ok_or(Refused::UnknownToken)?
            .to_owned();
        if let Some(node) = &report.node {
            let nodes = self.setup.tenants.get(&tenant).map(|it| &it.nodes);
            let known = nodes.is_some_and(|nodes| nodes.iter().any(|it| it.node == *node));
            if !known {
                return Err(Refused::UnknownNode);
            }
        }
        let id = self.take_report(&report.report, Some(&tenant), report.node.as_deref());
        self.answered(token, &id)
    }

    /// What a tenant is told of its own report.
    fn answered(&self, token: &str, id: &ReportId) -> Result<Answered, Refused> {
        let tenant = self.setup.tenant(token).ok_or(Refused::UnknownToken)?;
        let known = self.machines.reports.get(id);
        let known = known.filter(|it| it.tenant.as_deref() == Some(tenant));
        let filed = known.ok_or(Refused::UnknownReport)?;
        Ok(self.became(filed))
    }

    /// What became of a report. The public address of an incident is told only where the public reads of it.
    fn became(&self, filed: &Filed) -> Answered {
        let incident = filed.incident();
        let entry = incident.and_then(|it| self.machines.status.entry(it));
        Answered {
            report: filed.report.clone(),
            at: filed.at,
            answer: filed.answer.clone(),
            published: entry.filter(|it| it.is_published()).map(|it| it.incident),
        }
    }
}
