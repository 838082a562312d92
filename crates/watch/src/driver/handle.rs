//! What others ask of the driver. Every answer has a deadline.

use super::changes::Wanted;
use super::desk::{Public, Ticketed};
use super::editor::Edit;
use super::elsewhere::Acknowledged;
use super::journal::Entry;
use super::reports::Filed;
use super::told::{Ask, Deed, Refusal, Told};
use super::view::{Detail, Overview};
use super::vitals::Vitals;
use crate::driver::Setup;
use crate::inbound::signals::Heard;
use crate::site::{Answered, Shown};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;
use twinline_core::watch::element::Element;
use twinline_core::watch::incident::{IncidentId, ReportId};
use twinline_core::watch::page::MaintenanceId;
use twinline_core::watch::probe::Outcome;
use twinline_core::watch::signal::Signal;

/// The driver answers within this.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// The driver, for others. Cheap to clone.
#[derive(Clone)]
pub struct Handle {
    pub(super) queue: mpsc::Sender<Told>,
    pub(super) vitals: Arc<Vitals>,
    pub(super) shown: watch::Receiver<Arc<Shown>>,
    pub(super) wanted: watch::Receiver<Arc<Vec<Wanted>>>,
}

impl Handle {
    /// A run of a probe ended so.
    pub async fn results(&self, probe: &Arc<str>, run: u64, seen: Vec<(Element, Outcome)>) {
        let probe = Arc::clone(probe);
        self.tell(Told::Results { probe, run, seen }).await;
    }

    /// Somebody's word about a subject. False: the driver did not take it, and it is to be said again.
    pub async fn signal(&self, signal: Signal) -> bool {
        self.signals(vec![signal]).await
    }

    /// Somebody's words about several, at once. False: the driver did not take them, and they are to be said again.
    pub async fn signals(&self, signals: Vec<Signal>) -> bool {
        self.tell(Told::Signals(signals)).await
    }

    /// What other monitoring says; what is older than its last word is no news. False: the driver did not take it, and it is
    /// to be said again.
    pub async fn inbound(&self, heard: Vec<Heard>) -> bool {
        self.tell(Told::Inbound(heard)).await
    }

    /// Another configuration holds from now on. False: the driver did not take it, and the one before holds.
    pub async fn configure(&self, setup: Setup) -> bool {
        self.tell(Told::Setup(Box::new(setup))).await
    }

    /// All incidents.
    ///
    /// # Errors
    /// [`Refusal::Busy`]
    pub async fn overview(&self) -> Result<Overview, Refusal> {
        self.ask(Ask::Overview).await
    }

    /// What was acknowledged here, and is under way.
    ///
    /// # Errors
    /// [`Refusal::Busy`]
    pub async fn acknowledged(&self) -> Result<Vec<Acknowledged>, Refusal> {
        self.ask(Ask::Acknowledged).await
    }

    /// What was acknowledged at the watch of another machine. False: the driver did not take it.
    pub async fn acknowledged_at(&self, machine: &str, there: Vec<Acknowledged>) -> bool {
        let machine = machine.to_owned();
        self.tell(Told::Acknowledged { machine, there }).await
    }

    /// A ticket of a queue says that something does not work. Said once more, with the same report's id, it changes nothing.
    ///
    /// # Errors
    /// [`Refusal::Busy`]
    pub async fn ticket(&self, ticket: Ticketed) -> Result<(), Refusal> {
        self.ask(|to| Ask::Public(Public::Ticket(ticket, to))).await
    }

    /// What became of tickets' reports; those that are forgotten are not among it.
    ///
    /// # Errors
    /// [`Refusal::Busy`]
    pub async fn became(
        &self,
        reports: BTreeSet<ReportId>,
    ) -> Result<BTreeMap<ReportId, Answered>, Refusal> {
        self.ask(|to| Ask::Public(Public::Became(reports, to)))
            .await
    }

    /// One incident with all that happened in it.
    ///
    /// # Errors
    /// [`Refusal::Unknown`], [`Refusal::Busy`]
    pub async fn detail(&self, incident: IncidentId) -> Result<Detail, Refusal> {
        let found = self.ask(|to| Ask::Detail(incident, to)).await?;
        found.ok_or(Refusal::Unknown(incident))
    }

    /// Does something to an incident.
    ///
    /// # Errors
    /// Why it was not done.
    pub async fn perform(&self, deed: Deed) -> Result<(), Refusal> {
        self.ask(|to| Ask::Do(deed, to)).await?
    }

    /// Does something to the status page; the number of the maintenance that it is about, if it is about one.
    ///
    /// # Errors
    /// Why it was not done.
    pub async fn edit(&self, edit: Edit) -> Result<Option<MaintenanceId>, Refusal> {
        self.ask(|to| Ask::Edit(edit, to)).await?
    }

    /// Decisions not to declare an incident, the newest first.
    ///
    /// # Errors
    /// [`Refusal::Busy`]
    pub async fn decisions(&self) -> Result<Vec<Entry>, Refusal> {
        self.ask(Ask::Decisions).await
    }

    /// Reports and what became of each, the newest first.
    ///
    /// # Errors
    /// [`Refusal::Busy`]
    pub async fn reports(&self) -> Result<Vec<Arc<Filed>>, Refusal> {
        self.ask(Ask::Reports).await
    }

    /// What the public is shown, now and whenever it changes.
    pub fn shown(&self) -> watch::Receiver<Arc<Shown>> {
        self.shown.clone()
    }

    /// How watch itself is.
    pub fn vitals(&self) -> &Vitals {
        &self.vitals
    }

    /// A driver that takes nothing has ended, or hangs: its vitals tell, and whoever told this has nothing to add.
    pub(super) async fn tell(&self, told: Told) -> bool {
        let sent = timeout(ANSWER_MAX, self.queue.send(told)).await;
        let taken = matches!(sent, Ok(Ok(())));
        if !taken {
            tracing::error!("watch's driver takes nothing any more");
        }
        taken
    }

    pub(super) async fn ask<T>(
        &self,
        ask: impl FnOnce(oneshot::Sender<T>) -> Ask,
    ) -> Result<T, Refusal> {
        let (to, answer) = oneshot::channel();
        let answered = timeout(ANSWER_MAX, async {
            let sent = self.queue.send(Told::Ask(ask(to))).await;
            sent.map_err(|_| Refusal::Busy)?;
            answer.await.map_err(|_| Refusal::Busy)
        });
        answered.await.unwrap_or(Err(Refusal::Busy))
    }
}
