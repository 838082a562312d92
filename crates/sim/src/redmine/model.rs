//! What the simulator keeps of issues.

use std::collections::{BTreeMap, BTreeSet};
use twinline_core::time::Timestamp;

/// An issue. Ids are numbers over all projects; moving an issue keeps its id.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Issue {
    pub(super) id: u64,
    pub(super) project: u64,
    pub(super) tracker: u64,
    pub(super) status: u64,
    pub(super) priority: u64,
    pub(super) author: u64,
    pub(super) assigned_to: Option<u64>,
    pub(super) parent: Option<u64>,
    pub(super) subject: String,
    pub(super) description: String,
    /// Days: `2026-01-31`.
    pub(super) start_date: Option<String>,
    pub(super) due_date: Option<String>,
    pub(super) done_ratio: u64,
    pub(super) estimated_hours: Option<f64>,
    pub(super) is_private: bool,
    /// By field id; a field without multiple values has at most one.
    pub(super) custom: BTreeMap<u64, Vec<String>>,
    /// Whole seconds, like all times here.
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
    pub(super) closed: Option<Timestamp>,
    pub(super) journals: Vec<Journal>,
    pub(super) deleted: bool,
    /// The status with which the API denies it, while it does.
    pub(super) hidden: Option<u16>,
}

/// An entry of an issue's history: notes, changes or both.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Journal {
    pub(super) id: u64,
    pub(super) user: u64,
    pub(super) notes: String,
    pub(super) private: bool,
    pub(super) created: Timestamp,
    pub(super) details: Vec<Detail>,
}

/// One changed attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Detail {
    /// `attr`, `cf` or `attachment`.
    pub(super) property: &'static str,
    /// The attribute's name or the custom field's id.
    pub(super) name: String,
    pub(super) old: Option<String>,
    pub(super) new: Option<String>,
}

impl Issue {
    /// What differs in another version of this issue.
    pub(super) fn differences(&self, new: &Self) -> Vec<Detail> {
        let text = |id: Option<u64>| id.map(|id| id.to_string());
        let filled = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let hours = |hours: Option<f64>| hours.map(|hours| hours.to_string());
        let truth = |value: bool| Some(u8::from(value).to_string());
        let pair = |value: fn(&Self) -> u64| (text(Some(value(self))), text(Some(value(new))));
        let attributes = [
            ("project_id", pair(|issue| issue.project)),
            ("tracker_id", pair(|issue| issue.tracker)),
            ("status_id", pair(|issue| issue.status)),
            ("priority_id", pair(|issue| issue.priority)),
            ("done_ratio", pair(|issue| issue.done_ratio)),
            (
                "assigned_to_id",
                (text(self.assigned_to), text(new.assigned_to)),
            ),
            ("parent_id", (text(self.parent), text(new.parent))),
            ("subject", (filled(&self.subject), filled(&new.subject))),
            (
                "description",
                (filled(&self.description), filled(&new.description)),
            ),
            (
                "start_date",
                (self.start_date.clone(), new.start_date.clone()),
            ),
            ("due_date", (self.due_date.clone(), new.due_date.clone())),
            (
                "estimated_hours",
                (hours(self.estimated_hours), hours(new.estimated_hours)),
            ),
            (
                "is_private",
                (truth(self.is_private), truth(new.is_private)),
            ),
        ];
        let mut out = Vec::new();
        for (name, (old, new)) in attributes {
            if old != new {
                let name = name.to_owned();
                out.push(Detail {
                    property: "attr",
                    name,
                    old,
                    new,
                });
            }
        }
        out.extend(self.custom_differences(new));
        out
    }

    fn custom_differences(&self, new: &Self) -> Vec<Detail> {
        let mut out = Vec::new();
        let ids: BTreeSet<u64> = self
            .custom
            .keys()
            .chain(new.custom.keys())
            .copied()
            .collect();
        for id in ids {
            let value = |issue: &Self| issue.custom.get(&id).cloned().unwrap_or_default();
            let (before, after) = (value(self), value(new));
            // A field with several values has one detail for each value that went or came.
            let mut gone = before.iter().filter(|each| !after.contains(each)).cloned();
            let mut come = after.iter().filter(|each| !before.contains(each)).cloned();
            let detail = |old, new| Detail {
                property: "cf",
                name: id.to_string(),
                old,
                new,
            };
            if before.len() <= 1 && after.len() <= 1 {
                let (old, new) = (gone.next(), come.next());
                out.extend((old != new).then(|| detail(old, new)));
            } else {
                out.extend(gone.map(|old| detail(Some(old), None)));
                out.extend(come.map(|new| detail(None, Some(new))));
            }
        }
        out
    }
}
