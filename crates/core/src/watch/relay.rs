//! What one machine says, in the words of the next.
//!
//! To escalation each effect is passed on. The status page is level-triggered: `refresh` compares what it shows with
//! what fails, so a page that missed something (a crash between two commits) is right again with the next look.

use super::escalation;
use super::incident::{Book, Effect, Impact, Incident, Population};
use super::page::{self, Shown, StatusPage};

/// What escalation hears of an effect of the book. Call it after the book has applied the event.
pub fn to_escalation(effect: &Effect, book: &Book) -> Option<escalation::Event> {
    match effect {
        Effect::Opened { incident, .. } | Effect::Reopened { incident, .. } => {
            let known = book.incident(*incident)?;
            Some(escalation::Event::Opened(escalation::Brief {
                incident: known.id,
                severity: known.severity,
                element: known.element.clone(),
            }))
        }
        Effect::Raised { incident, severity } => Some(escalation::Event::Raised {
            incident: *incident,
            severity: *severity,
        }),
        Effect::Merged { incident, into } => Some(escalation::Event::Merged {
            incident: *incident,
            into: *into,
        }),
        Effect::Recovered { incident } => Some(escalation::Event::Recovered {
            incident: *incident,
        }),
        Effect::Resolved { incident, .. }
        | Effect::Dismissed { incident, .. }
        | Effect::Closed { incident } => Some(escalation::Event::Ended {
            incident: *incident,
        }),
        Effect::Joined { .. }
        | Effect::Promoted { .. }
        | Effect::Linked { .. }
        | Effect::Answer { .. }
        | Effect::Unrepeated { .. }
        | Effect::NotDeclared { .. } => None,
    }
}

/// What the page hears of an effect of the book, beside what `refresh` finds.
pub fn to_page(effect: &Effect, book: &Book, population: &Population) -> Option<page::Event> {
    match effect {
        Effect::Opened { incident, .. }
        | Effect::Raised { incident, .. }
        | Effect::Reopened { incident, .. } => {
            let known = book.incident(*incident)?;
            Some(page::Event::Incident(shown(known, book, population)))
        }
        Effect::Merged { incident, into } => Some(page::Event::Merged {
            incident: *incident,
            into: *into,
        }),
        Effect::Recovered { incident } => Some(page::Event::Recovered {
            incident: *incident,
        }),
        Effect::Dismissed {
            incident,
            by,
            reason,
        } => Some(page::Event::Dismissed {
            incident: *incident,
            by: by.clone(),
            reason: reason.clone(),
        }),
        // What a person resolves on the page stands there in their words.
        Effect::Resolved { .. }
        | Effect::Closed { .. }
        | Effect::Joined { .. }
        | Effect::Promoted { .. }
        | Effect::Linked { .. }
        | Effect::Answer { .. }
        | Effect::Unrepeated { .. }
        | Effect::NotDeclared { .. } => None,
    }
}

/// What the page must hear to show what is true now: of each incident that it shows otherwise, and of each entry whose
/// incident the book no longer knows.
pub fn refresh(book: &Book, status: &StatusPage, population: &Population) -> Vec<page::Event> {
    let differing = book.incidents().filter_map(|known| {
        let shown = shown(known, book, population);
        let entry = status.entry(known.id);
        let same =
            entry.is_some_and(|it| it.failing == shown.failing && it.element == shown.element);
        (!same).then_some(page::Event::Incident(shown))
    });
    let gone = status.entries().filter_map(|entry| {
        let over = entry.failing.is_empty() || book.incident(entry.incident).is_some();
        let incident = entry.incident;
        (!over).then_some(page::Event::Recovered { incident })
    });
    differing.chain(gone).collect()
}

fn shown(known: &Incident, book: &Book, population: &Population) -> Shown {
    Shown {
        incident: known.id,
        element: known.element.clone(),
        severity: known.severity,
        impact: Impact::of(known.severity, &known.failing, population),
        failing: book.troubles(known.id),
    }
}

#[cfg(test)]
#[path = "relay_tests.rs"]
mod tests;
