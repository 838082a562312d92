//! Ninety days of a component: a picture for the eye, a list for those who do not see it.

use super::super::document::Scene;
use super::super::words::{percent, state_label, state_word};
use twinline_core::watch::escalation::Zone;
use twinline_core::watch::page::{Component, ComponentState, DayOf, History};

/// A bar each day, this far apart in the picture.
const STEP: usize = 5;
/// The picture's height.
const HEIGHT: usize = 32;

/// A component's days.
pub(super) struct Days {
    /// The picture's width.
    pub(super) width: usize,
    pub(super) bars: Vec<Bar>,
    /// The picture in words.
    pub(super) summary: String,
    pub(super) uptime: String,
    /// Days that were not as they should, the last first.
    pub(super) troubled: Vec<Troubled>,
}

/// A day in the picture. The better it was, the lower: the picture says it without its colours too.
pub(super) struct Bar {
    pub(super) x: usize,
    pub(super) y: usize,
    pub(super) height: usize,
    pub(super) class: &'static str,
    pub(super) title: String,
}

/// A day in the list.
pub(super) struct Troubled {
    pub(super) date: String,
    pub(super) state: &'static str,
    pub(super) uptime: Option<String>,
}

impl Days {
    pub(super) fn of(component: &Component, scene: &Scene<'_>) -> Option<Self> {
        let shown = scene.shown;
        let history = shown.status.history(&component.name)?;
        let days = history.days(&shown.time_zone, shown.at);
        let zone = &shown.time_zone;
        let troubled = days.iter().rev().filter_map(|day| troubled(zone, day));
        let troubled: Vec<Troubled> = troubled.collect();
        let summary = match troubled.len() {
            0 => format!(
                "{} days, none of them with trouble or maintenance",
                days.len()
            ),
            some => format!(
                "{} days, {some} of them with trouble or maintenance",
                days.len()
            ),
        };
        Some(Self {
            width: days.len() * STEP - 1,
            bars: days.iter().enumerate().map(|it| bar(zone, it)).collect(),
            summary,
            uptime: uptime(history, &days, scene),
            troubled,
        })
    }

    /// The picture's height.
    #[expect(
        clippy::unused_self,
        reason = "the template asks the value that it shows"
    )]
    pub(super) const fn height(&self) -> usize {
        HEIGHT
    }
}

fn bar(zone: &Zone, (index, day): (usize, &DayOf)) -> Bar {
    let height = match day.worst {
        None => HEIGHT / 8,
        Some(ComponentState::Operational) => HEIGHT / 2,
        Some(ComponentState::UnderMaintenance) => HEIGHT * 5 / 8,
        Some(ComponentState::DegradedPerformance) => HEIGHT * 3 / 4,
        Some(ComponentState::PartialOutage) => HEIGHT * 7 / 8,
        Some(ComponentState::MajorOutage) => HEIGHT,
    };
    let date = zone.date(day.from);
    let said = day.worst.map_or("nothing known", state_label);
    Bar {
        x: index * STEP,
        y: HEIGHT - height,
        height,
        class: day.worst.map_or("unknown", state_word),
        title: match day.uptime_ppm {
            Some(ppm) => format!("{date}: {said}, {} uptime", percent(ppm)),
            None => format!("{date}: {said}"),
        },
    }
}

fn troubled(zone: &Zone, day: &DayOf) -> Option<Troubled> {
    let worst = day.worst.filter(|it| *it != ComponentState::Operational)?;
    Some(Troubled {
        date: zone.date(day.from),
        state: state_label(worst),
        uptime: day.uptime_ppm.map(percent),
    })
}

/// The share over all days shown, and since when it is known, where that is not all of them.
fn uptime(history: &History, days: &[DayOf], scene: &Scene<'_>) -> String {
    let shown = scene.shown;
    let Some(from) = days.first().map(|it| it.from) else {
        return String::new();
    };
    let Some(ppm) = history.uptime_ppm(from, shown.at) else {
        return "Nothing known yet".to_owned();
    };
    let percent = percent(ppm);
    match history.known_from().filter(|known| *known > from) {
        Some(known) => format!("{percent} uptime since {}", shown.time_zone.date(known)),
        None => format!("{percent} uptime in {} days", days.len()),
    }
}
