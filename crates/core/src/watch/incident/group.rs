//! Which element explains which failures: a pure function over a set, so that the order in which they came is nothing.

use super::state::Settings;
use crate::watch::element::{Element, Kind, Path};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// A failing subject.
#[derive(Clone, Copy, Debug)]
pub(super) struct Case<'a> {
    pub(super) subject: &'a Element,
    /// All that may be the reason; the subject belongs to them anyway.
    pub(super) implicates: &'a Path,
    /// Whether it needs an explanation. One that has its own counts as evidence only.
    pub(super) fresh: bool,
}

/// Cases with one explanation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Group<'a> {
    pub(super) element: &'a Element,
    /// Indices of the cases, fresh and not.
    pub(super) cases: Vec<usize>,
}

/// How good an explanation is; the greater the better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Score {
    tier: Tier,
    subjects: usize,
    direct: bool,
    /// Ours before a vendor's, the narrower before the broader.
    narrow: Reverse<Kind>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Tier {
    /// It explains too few.
    Alone,
    /// Its own probe finds it well, but many point at it.
    Proven,
    /// Nothing is known of it.
    Unknown,
    /// It fails itself, or several elements of the infrastructure that need it do.
    Failing,
}

/// One element's evidence.
struct Suspect {
    cases: Vec<usize>,
    /// Those of `cases` that no group has taken.
    left: usize,
    fresh_left: usize,
    /// Failing elements among `cases` that are no nodes.
    infrastructure: usize,
    direct: bool,
    proven: bool,
}

impl Suspect {
    fn score(&self, element: &Element, settings: &Settings) -> Score {
        let vendor = element.kind == Kind::Tracker;
        let failing = !vendor && (self.direct || (self.infrastructure > 1 && !self.proven));
        let tier = match () {
            () if self.left < settings.share_min => Tier::Alone,
            () if failing => Tier::Failing,
            () if !self.proven => Tier::Unknown,
            () if self.left >= settings.share_min_proven => Tier::Proven,
            () => Tier::Alone,
        };
        Score {
            tier,
            subjects: self.left,
            direct: self.direct && !vendor,
            narrow: Reverse(element.kind),
        }
    }
}

/// Takes the best explanation, then the best for what is left, until every fresh case has one. Cases that share no
/// suspicious element are explained by themselves.
///
/// Near-linear: each case is taken once, and then its elements' scores are mended.
pub(super) fn group<'a>(
    cases: &[Case<'a>],
    proven: impl Fn(&Element) -> bool,
    settings: &Settings,
) -> Vec<Group<'a>> {
    let mut suspects = suspects(cases, proven);
    let mut ranking: BTreeSet<(Score, Reverse<&Element>)> = suspects
        .iter()
        .map(|(element, suspect)| (suspect.score(element, settings), Reverse(*element)))
        .collect();
    let mut taken = vec![false; cases.len()];
    let mut groups = Vec::new();
    while let Some((score, Reverse(element))) = ranking.pop_last() {
        if score.tier == Tier::Alone {
            break;
        }
        let suspect = &suspects[element];
        if suspect.fresh_left == 0 {
            continue;
        }
        let of_group: Vec<usize> = (suspect.cases.iter().copied())
            .filter(|index| !taken[*index])
            .collect();
        for index in &of_group {
            taken[*index] = true;
            for other in elements_of(&cases[*index]) {
                mend(other, &cases[*index], &mut suspects, &mut ranking, settings);
            }
        }
        groups.push(Group {
            element,
            cases: of_group,
        });
    }
    for (index, case) in cases.iter().enumerate() {
        if case.fresh && !taken[index] {
            groups.push(Group {
                element: case.subject,
                cases: vec![index],
            });
        }
    }
    groups
}

fn elements_of<'a>(case: &Case<'a>) -> impl Iterator<Item = &'a Element> {
    let subject = Some(case.subject).filter(|subject| !case.implicates.contains(*subject));
    case.implicates.iter().chain(subject)
}

fn suspects<'a>(
    cases: &[Case<'a>],
    proven: impl Fn(&Element) -> bool,
) -> BTreeMap<&'a Element, Suspect> {
    let mut suspects: BTreeMap<&Element, Suspect> = BTreeMap::new();
    for (index, case) in cases.iter().enumerate() {
        for element in elements_of(case) {
            let suspect = suspects.entry(element).or_insert_with(|| Suspect {
                cases: Vec::new(),
                left: 0,
                fresh_left: 0,
                infrastructure: 0,
                direct: false,
                proven: proven(element),
            });
            suspect.cases.push(index);
            suspect.left += 1;
            suspect.fresh_left += usize::from(case.fresh);
            suspect.infrastructure += usize::from(case.subject.kind != Kind::Node);
            suspect.direct |= case.subject == element;
        }
    }
    suspects
}

/// One case of the element's was taken.
fn mend<'a>(
    element: &'a Element,
    case: &Case<'a>,
    suspects: &mut BTreeMap<&'a Element, Suspect>,
    ranking: &mut BTreeSet<(Score, Reverse<&'a Element>)>,
    settings: &Settings,
) {
    let Some(suspect) = suspects.get_mut(element) else {
        return;
    };
    let ranked = ranking.remove(&(suspect.score(element, settings), Reverse(element)));
    suspect.left -= 1;
    suspect.fresh_left -= usize::from(case.fresh);
    suspect.infrastructure -= usize::from(case.subject.kind != Kind::Node);
    if case.subject == element {
        suspect.direct = false;
    }
    if ranked {
        ranking.insert((suspect.score(element, settings), Reverse(element)));
    }
}
