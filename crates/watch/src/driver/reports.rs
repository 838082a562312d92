//! Reports, and what became of each: whoever reported is answered. Visitors' and tenants' are kept apart, and both apart
//! from the journal, so that nobody can push the story of an incident out of it.

use super::decision;
use super::setup::Setup;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use twinline_core::time::Timestamp;
use twinline_core::watch::element::{Element, Kind, Path};
use twinline_core::watch::incident::{Answer, Effect, IncidentId, ReportId, Undeclared};

/// The most of visitors' reports that are kept.
const OF_VISITORS_MAX: usize = 200;
/// The most of tenants' reports that are kept.
const OF_TENANTS_MAX: usize = 1000;
/// What is kept of a text, in characters.
const TEXT_MAX_CHARS: usize = 500;

/// One report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filed {
    /// Its id.
    pub report: ReportId,
    /// When it came.
    pub at: Timestamp,
    /// The workspace; none for a visitor.
    pub tenant: Option<String>,
    /// The component that it names.
    pub component: Option<String>,
    /// The node that it names.
    pub node: Option<String>,
    /// What it says, as far as it is kept.
    pub text: String,
    /// What whoever reported is told.
    #[serde(flatten)]
    pub answer: Answer,
    /// Why it opened nothing, while it belongs to no incident.
    pub undeclared: Option<String>,
}

impl Filed {
    /// The incident that it belongs to.
    pub fn incident(&self) -> Option<IncidentId> {
        match self.answer {
            Answer::Received => None,
            Answer::Known { incident } | Answer::Over { incident } => Some(incident),
        }
    }
}

/// What is known of a report before it is judged.
#[derive(Clone, Debug)]
pub(super) struct Fresh<'a> {
    pub(super) id: ReportId,
    pub(super) tenant: Option<&'a str>,
    pub(super) component: Option<&'a str>,
    pub(super) node: Option<&'a str>,
    pub(super) text: &'a str,
}

/// The newest reports.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Reports {
    of_visitors: VecDeque<Arc<Filed>>,
    of_tenants: VecDeque<Arc<Filed>>,
}

impl Reports {
    pub(super) fn file(&mut self, fresh: &Fresh<'_>, at: Timestamp) {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let filed = Filed {
            report: fresh.id.clone(),
            at,
            tenant: owned(fresh.tenant),
            component: owned(fresh.component),
            node: owned(fresh.node),
            text: fresh.text.chars().take(TEXT_MAX_CHARS).collect(),
            answer: Answer::Received,
            undeclared: None,
        };
        let (list, max) = match fresh.tenant {
            None => (&mut self.of_visitors, OF_VISITORS_MAX),
            Some(_) => (&mut self.of_tenants, OF_TENANTS_MAX),
        };
        list.push_back(Arc::new(filed));
        if list.len() > max {
            list.pop_front();
        }
    }

    /// Takes those that came while these could not be read: they are the newer ones.
    pub(super) fn take_over(&mut self, own: Self) {
        self.of_visitors.extend(own.of_visitors);
        self.of_tenants.extend(own.of_tenants);
        let over = |list: &VecDeque<_>, max: usize| list.len().saturating_sub(max);
        let over_visitors = over(&self.of_visitors, OF_VISITORS_MAX);
        self.of_visitors.drain(..over_visitors);
        let over_tenants = over(&self.of_tenants, OF_TENANTS_MAX);
        self.of_tenants.drain(..over_tenants);
    }

    /// Takes note of what the book says. True: it is about a report, and the journal need not have it.
    pub(super) fn hear(&mut self, effect: &Effect) -> bool {
        match effect {
            Effect::Answer { report, answer } => {
                let over = matches!(answer, Answer::Received);
                self.change(report, |it| {
                    it.answer = answer.clone();
                    if !over {
                        it.undeclared = None;
                    }
                });
                true
            }
            Effect::NotDeclared {
                what: Undeclared::Report { report },
                reason,
            } => {
                let because = decision::because(reason);
                self.change(report, |it| it.undeclared = Some(because));
                true
            }
            Effect::Linked { .. } => true,
            _ => false,
        }
    }

    pub(super) fn get(&self, id: &ReportId) -> Option<&Filed> {
        let mut all = self.of_tenants.iter().chain(&self.of_visitors);
        all.find(|it| it.report == *id).map(Arc::as_ref)
    }

    /// Those of these that are kept.
    pub(super) fn among<'a>(
        &'a self,
        wanted: &'a BTreeSet<ReportId>,
    ) -> impl Iterator<Item = &'a Filed> {
        let all = self.of_tenants.iter().chain(&self.of_visitors);
        all.map(Arc::as_ref)
            .filter(|it: &&Filed| wanted.contains(&it.report))
    }

    /// All, the newest first.
    pub(super) fn newest(&self) -> Vec<Arc<Filed>> {
        let mut all: Vec<_> = (self.of_tenants.iter().chain(&self.of_visitors))
            .map(Arc::clone)
            .collect();
        all.sort_by_key(|it| std::cmp::Reverse(it.at));
        all
    }

    fn change(&mut self, id: &ReportId, change: impl FnOnce(&mut Filed)) {
        let mut all = self.of_tenants.iter_mut().chain(&mut self.of_visitors);
        if let Some(known) = all.find(|it| it.report == *id) {
            change(Arc::make_mut(known));
        }
    }
}

/// All elements that a report may be about: what its component is made of; the nodes that it is about, with their
/// trackers; and what these stand on, as far as there is only one of it. A tenant that names nothing speaks of all its
/// nodes; a visitor of nothing in particular.
pub(super) fn about(fresh: &Fresh<'_>, setup: &Setup) -> Path {
    let mut elements = of_component(fresh.component, setup);
    let tenant = fresh.tenant.and_then(|name| setup.tenants.get(name));
    let Some(tenant) = tenant else {
        return elements;
    };
    let named = |it: &&super::setup::TenantNode| match fresh.node {
        Some(node) => it.node == node,
        None => fresh.component.is_none(),
    };
    let nodes: Vec<_> = tenant.nodes.iter().filter(named).collect();
    for node in &nodes {
        elements.insert(Element::new(Kind::Node, node.node.clone()));
        elements.insert(Element::new(Kind::Tracker, node.tracker.clone()));
    }
    if !nodes.is_empty() {
        elements.extend(
            [Kind::Host, Kind::Edge, Kind::Database]
                .into_iter()
                .filter_map(|kind| {
                    let mut all = setup.watched.iter().map(|it| &it.subject);
                    let one = all.find(|it| it.kind == kind)?;
                    let others = all.any(|it| it.kind == kind && it != one);
                    (!others).then(|| one.clone())
                }),
        );
    }
    elements
}

fn of_component(component: Option<&str>, setup: &Setup) -> Path {
    let known = setup.page.components.iter();
    let selectors = known
        .filter(|it| Some(it.name.as_str()) == component)
        .flat_map(|it| &it.elements);
    let elements = selectors.flat_map(|selector| {
        let watched = setup.watched.iter().map(|it| &it.subject);
        watched.filter(|element| selector.selects(element))
    });
    elements.cloned().collect()
}

#[cfg(test)]
#[path = "reports_tests.rs"]
mod tests;
