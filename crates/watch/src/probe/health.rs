//! Whether a role answers its health page, and says that it is well.

use super::Look;
use super::places::Place;
use super::web::{Web, outcome};
use async_trait::async_trait;
use std::sync::Arc;
use twinline_core::watch::element::Element;
use twinline_core::watch::probe::Outcome;

/// Asks a health page.
pub struct Health {
    /// By what.
    pub web: Arc<Web>,
    /// Where.
    pub place: Arc<dyn Place>,
    /// Who must answer: another may have the address by now, and behind an edge it says whether a host was reached.
    pub role: &'static str,
    /// What it tells of.
    pub subject: Element,
}

impl Health {
    /// Asks once; why it is not well.
    pub(super) async fn ask(&self) -> Result<(), String> {
        let at = self.place.at()?;
        let answer = self.web.get(at, "/health").await?;
        let told = answer.json();
        let role = told["role"].as_str();
        if role.is_some_and(|role| role != self.role) {
            return Err(format!("{at} is no {}, and says nothing of one", self.role));
        }
        if answer.status.is_success() && role.is_some() {
            return Ok(());
        }
        // The roles' own words, then those of a problem.
        let said = ["inbox", "store", "detail"];
        let said = said.iter().find_map(|key| told[*key].as_str());
        Err(match said {
            Some(said) => format!("it answers {}: {said}", answer.status),
            None => format!("it answers {}", answer.status),
        })
    }
}

#[async_trait]
impl Look for Health {
    async fn look(&self) -> Vec<(Element, Outcome)> {
        vec![(self.subject.clone(), outcome(self.ask().await))]
    }
}
