//! Whether what fails can keep its own alarm from being heard.

use crate::watch::element::{Element, Path};
use serde::{Deserialize, Serialize};

/// What a probe watches and by which way it learns it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbePath {
    /// Its name.
    pub probe: String,
    /// The elements of which it tells.
    pub watches: Path,
    /// All that a run touches, `watches` included.
    pub touches: Path,
    /// What runs it and passes on its verdict: the watch process, its machine, its disk.
    pub runs_on: Path,
}

/// A way from watch to a person: a channel's address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoutePath {
    /// Who is reached.
    pub person: String,
    /// By which channel.
    pub channel: String,
    /// All that a page touches on its way: the resolver, the way out, a relay.
    pub touches: Path,
}

/// All ways by which an alarm gets out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Routes {
    /// To people.
    pub pages: Vec<RoutePath>,
    /// What an outside dead man's switch does for us: elements whose loss it tells, since its ping stops with them.
    pub outside_ping: Option<Path>,
}

/// A path that is not as independent as it must be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "finding", rename_all = "snake_case")]
pub enum Finding {
    /// When the element fails, nobody hears of it: the probe's verdict, or every page, needs the element.
    Blind {
        /// The probe.
        probe: String,
        /// What it watches and needs.
        element: Element,
    },
    /// When the element fails, this person hears nothing, though others do.
    Deaf {
        /// The probe.
        probe: String,
        /// What it watches.
        element: Element,
        /// Whom every page reaches through it only.
        person: String,
    },
    /// When the element fails, this channel fails too; the person is reached by another.
    Weak {
        /// The probe.
        probe: String,
        /// What it watches.
        element: Element,
        /// Who.
        person: String,
        /// By what.
        channel: String,
    },
    /// The element is watched only through another watched one: when that fails, nothing is known of this.
    Indirect {
        /// What is watched.
        element: Element,
        /// What every probe of it goes through.
        through: Element,
    },
    /// Shared, and told by the outside ping alone.
    LastLine {
        /// The probe.
        probe: String,
        /// What it watches and needs.
        element: Element,
    },
}

impl Finding {
    /// Whether verification fails by it. What is weak is shown, and so is what the outside ping covers.
    pub fn fails(&self) -> bool {
        match self {
            Self::Blind { .. } | Self::Deaf { .. } | Self::Indirect { .. } => true,
            Self::Weak { .. } | Self::LastLine { .. } => false,
        }
    }
}

/// Every way from a probe to a page that shares an element with what the probe watches, in a fixed order.
pub fn verify_paths(probes: &[ProbePath], routes: &Routes) -> Vec<Finding> {
    let mut found = Vec::new();
    for probe in probes {
        for element in &probe.watches {
            judge(probe, element, routes, &mut found);
        }
    }
    found.extend(indirect(probes));
    found.sort();
    found.dedup();
    found
}

fn judge(probe: &ProbePath, element: &Element, routes: &Routes, found: &mut Vec<Finding>) {
    let shared = |route: &RoutePath| route.touches.contains(element);
    if probe.runs_on.contains(element) || routes.pages.iter().all(shared) {
        let pinged = routes.outside_ping.as_ref();
        let (probe, element) = (probe.probe.clone(), element.clone());
        found.push(if pinged.is_some_and(|told| told.contains(&element)) {
            Finding::LastLine { probe, element }
        } else {
            Finding::Blind { probe, element }
        });
        return;
    }
    for route in routes.pages.iter().filter(|route| shared(route)) {
        let mut own = routes.pages.iter().filter(|it| it.person == route.person);
        let (probe, element, person) = (probe.probe.clone(), element.clone(), route.person.clone());
        found.push(if own.all(shared) {
            Finding::Deaf {
                probe,
                element,
                person,
            }
        } else {
            Finding::Weak {
                probe,
                element,
                person,
                channel: route.channel.clone(),
            }
        });
    }
}

/// Elements that every probe of theirs reaches through one and the same other watched element.
fn indirect(probes: &[ProbePath]) -> Vec<Finding> {
    let watched: Path = probes.iter().flat_map(|it| it.watches.clone()).collect();
    let mut found = Vec::new();
    for element in &watched {
        let mut common: Option<Path> = None;
        for probe in probes.iter().filter(|it| it.watches.contains(element)) {
            // What a probe tells of is no detour of it.
            let others: Path = probe.touches.difference(&probe.watches).cloned().collect();
            common = Some(match common {
                None => others,
                Some(so_far) => so_far.intersection(&others).cloned().collect(),
            });
        }
        for through in common.into_iter().flatten() {
            if watched.contains(&through) {
                found.push(Finding::Indirect {
                    element: element.clone(),
                    through,
                });
            }
        }
    }
    found
}

#[cfg(test)]
#[path = "paths_tests.rs"]
mod tests;
