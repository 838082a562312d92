//! What edges and hosts measure of themselves, judged from outside.

use super::Look;
use super::exposition::figures;
use super::places::Place;
use super::web::{Web, failed, outcome};
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;
use twinline_core::handles::Clock;
use twinline_core::watch::element::{Element, Kind};
use twinline_core::watch::probe::Outcome;

/// How many deliveries wait for a host, and how long the oldest has.
pub struct Inbox {
    /// By what.
    pub web: Arc<Web>,
    /// The edge's private listener.
    pub place: Arc<dyn Place>,
    /// What it tells of.
    pub subject: Element,
    /// Longer is too long.
    pub oldest_max: Duration,
    /// More are too many.
    pub depth_max: u64,
}

impl Inbox {
    async fn ask(&self) -> Result<(), String> {
        let answer = self.web.read(self.place.at()?, "/metrics").await?;
        let text = answer.text();
        let told = |name: &str| {
            let value = figures(&text, name).first()?.value;
            value.is_finite().then_some(value)
        };
        let Some(age) = told("twinline_edge_oldest_untaken_seconds") else {
            return Err("the inbox does not say how old its oldest delivery is".to_owned());
        };
        let Some(depth) = told("twinline_edge_untaken_deliveries") else {
            return Err("the inbox does not say how many deliveries wait".to_owned());
        };
        if age > self.oldest_max.as_secs_f64() {
            return Err(format!("a delivery has waited for a host for {age:.0} s"));
        }
        #[expect(clippy::cast_precision_loss, reason = "it is at most 200,000")]
        let depth_max = self.depth_max as f64;
        if depth > depth_max {
            return Err(format!("{depth:.0} deliveries wait for a host"));
        }
        Ok(())
    }
}

#[async_trait]
impl Look for Inbox {
    async fn look(&self) -> Vec<(Element, Outcome)> {
        vec![(self.subject.clone(), outcome(self.ask().await))]
    }
}

/// How old a host's replica in the central database is.
pub struct ReplicaLag {
    /// By what.
    pub web: Arc<Web>,
    /// The host's API.
    pub place: Arc<dyn Place>,
    /// What it tells of.
    pub subject: Element,
    /// Older is too old.
    pub lag_max: Duration,
}

impl ReplicaLag {
    async fn ask(&self) -> Result<(), String> {
        let answer = self.web.read(self.place.at()?, "/metrics").await?;
        let name = "twinline_central_replica_lag_milliseconds";
        let found = figures(&answer.text(), name);
        // A machine that has no group has no replica either.
        let worst = found.iter().map(|it| it.value).fold(0.0, f64::max) / 1000.0;
        if worst > self.lag_max.as_secs_f64() {
            return Err(format!("the replica's state is {worst:.0} s old"));
        }
        Ok(())
    }
}

#[async_trait]
impl Look for ReplicaLag {
    async fn look(&self) -> Vec<(Element, Outcome)> {
        vec![(self.subject.clone(), outcome(self.ask().await))]
    }
}

/// When the certificates end that an edge shows.
pub struct Certificates {
    /// By what.
    pub web: Arc<Web>,
    /// The edge's private listener.
    pub place: Arc<dyn Place>,
    /// Names with a certificate, as they are configured.
    pub names: Vec<String>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Fewer days are too few.
    pub days_min: u64,
}

impl Certificates {
    /// The element of a name's certificate.
    pub fn element(name: &str) -> Element {
        Element::new(Kind::Certificate, name)
    }

    fn judge(&self, name: &str, text: &str) -> Outcome {
        let figure = "twinline_edge_tls_certificate_expires_timestamp_seconds";
        let found = figures(text, figure);
        let own = found
            .iter()
            .find(|it| it.labels.values().any(|it| it == name));
        let Some(own) = own else {
            return failed(format!("no certificate is shown for {name}"));
        };
        #[expect(clippy::cast_precision_loss, reason = "2^52 ms are 140,000 years")]
        let now = self.clock.now().as_millis() as f64 / 1000.0;
        let days = (own.value - now) / 86_400.0;
        #[expect(
            clippy::cast_precision_loss,
            reason = "a number of days that a person wrote"
        )]
        let least = self.days_min as f64;
        outcome(match days {
            days if days <= 0.0 => Err(format!("the certificate of {name} has ended")),
            days if days < least => {
                Err(format!("the certificate of {name} ends in {days:.0} days"))
            }
            _ => Ok(()),
        })
    }
}

#[async_trait]
impl Look for Certificates {
    async fn look(&self) -> Vec<(Element, Outcome)> {
        let read = match self.place.at() {
            Ok(at) => self.web.read(at, "/metrics").await,
            Err(error) => Err(error),
        };
        let judged = self.names.iter().map(|name| {
            let outcome = match &read {
                Ok(answer) => self.judge(name, &answer.text()),
                Err(error) => failed(error.clone()),
            };
            (Self::element(name), outcome)
        });
        judged.collect()
    }
}
