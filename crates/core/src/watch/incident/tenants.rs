//! What tenants' reports do to the incidents.

use super::book::Book;
use super::effect::{Answer, Cause, Effect, Reason, Undeclared};
use super::reports::{Report, ReportId};
use super::state::{Incident, IncidentId, Phase, Settings};
use crate::time::Timestamp;
use crate::watch::element::{Element, Path};
use crate::watch::signal::Severity;

impl Book {
    pub(super) fn report(
        &mut self,
        report: Report,
        now: Timestamp,
        settings: &Settings,
        effects: &mut Vec<Effect>,
    ) {
        let id = report.id.clone();
        self.reports.forget(now, settings);
        let rate = report
            .tenant
            .as_ref()
            .map(|tenant| self.reports.count(tenant, now, settings));
        if let Some(incident) = self.known(&report) {
            self.link(incident, [id], effects);
            return;
        }
        effects.push(Effect::Answer {
            report: id.clone(),
            answer: Answer::Received,
        });
        let counts = rate.is_some_and(|rate| rate.is_unusual(settings));
        self.reports.wait(report.clone(), counts, now);
        let reason = match rate {
            None => Reason::Anonymous,
            Some(rate) if !counts => Reason::UsualRate {
                lately: rate.lately,
                before: rate.before,
            },
            Some(_) => match self.reports.shared(settings) {
                Some(element) => {
                    self.open_by_reports(element, now, effects);
                    return;
                }
                None => (self.reports.shared_vendor(&report, settings))
                    .map_or(Reason::OneTenant, |tracker| Reason::Vendor { tracker }),
            },
        };
        effects.push(Effect::NotDeclared {
            what: Undeclared::Report { report: id },
            reason,
        });
    }

    /// The incident that a report is about: one whose element it may be about, or else a subject that fails in it.
    fn known(&self, report: &Report) -> Option<IncidentId> {
        let open = || {
            let incidents = self.incidents.values();
            incidents.filter(|it| !matches!(it.phase, Phase::Recovered { .. }))
        };
        open()
            .find(|it| report.elements.contains(&it.element))
            .or_else(|| open().find(|it| report.elements.iter().any(|of| it.failing.contains(of))))
            .map(|it| it.id)
    }

    fn open_by_reports(&mut self, element: Element, now: Timestamp, effects: &mut Vec<Effect>) {
        if let Some(id) = self.named(&element) {
            self.reopen(id, effects);
            self.link_waiting(id, &element, effects);
        } else {
            let subjects = Path::new();
            let severity = Severity::Critical;
            self.open(element, severity, Cause::Reports, subjects, now, effects);
        }
    }

    pub(super) fn link_waiting(
        &mut self,
        id: IncidentId,
        element: &Element,
        effects: &mut Vec<Effect>,
    ) {
        let reports = self.reports.take(element);
        self.link(id, reports, effects);
    }

    fn link(
        &mut self,
        id: IncidentId,
        reports: impl IntoIterator<Item = ReportId>,
        effects: &mut Vec<Effect>,
    ) {
        let Some(incident) = self.incidents.get_mut(&id) else {
            return;
        };
        for report in reports {
            incident.reports.insert(report.clone());
            effects.push(Effect::Linked {
                report: report.clone(),
                incident: id,
            });
            effects.push(Effect::Answer {
                report,
                answer: Answer::Known { incident: id },
            });
        }
    }
}

/// Everybody who reported is told that it is over.
pub(super) fn answers_over(incident: &Incident) -> impl Iterator<Item = Effect> {
    incident.reports.iter().map(|report| Effect::Answer {
        report: report.clone(),
        answer: Answer::Over {
            incident: incident.id,
        },
    })
}
