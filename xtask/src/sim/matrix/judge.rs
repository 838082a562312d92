//! What became of a case, judged by what stands in both trackers. What does not cross as it is must have a reason that the
//! product itself gives: a capability, a loss report, a field that is waived or held, a twin that sleeps. Else it has failed.

mod fields;
mod files;
mod lives;
mod said;
mod texts;

use super::case::{Audience, Case, Concept};
use super::person::Running;
use super::site;
use super::slot::slot;
use crate::sim::place::Place;
use anyhow::{Context as _, Result, bail};
use said::Said;
use std::sync::Arc;
use twinline_core::item::{Fetched, Item};
use twinline_core::names::{Side, Sides};
use twinline_engine::Host;
use twinline_rules::describe::SideDescription;
use twinline_sim::{Dump, DumpItem};
use twinline_trackers::Tracker;

/// What became of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It stands on the other side as it was meant.
    Crosses,
    /// Not all of it does: how, in a sentence.
    Degrades(String),
    /// One of the two has no such thing, or lets nobody do it.
    Absent {
        /// Which tracker, by its name among the outcomes.
        at: &'static str,
        /// Why, in a sentence, where that says more than that it is not there.
        why: String,
    },
    /// It should have crossed, and nothing says why it did not.
    Failed(String),
}

impl Verdict {
    /// A place has no such thing.
    pub(super) fn absent(at: Place, why: impl Into<String>) -> Self {
        Self::Absent {
            at: site::told(at),
            why: why.into(),
        }
    }
}

/// Reads both trackers.
pub(super) struct Judge {
    pub(super) places: Sides<Place>,
    pub(super) readers: Sides<Arc<dyn Tracker>>,
    pub(super) descriptions: Sides<SideDescription>,
}

/// What a case is judged by.
pub(super) struct Scene<'a> {
    pub(super) judge: &'a Judge,
    pub(super) running: &'a Running,
    pub(super) from: Side,
    pub(super) dumps: &'a Sides<Dump>,
    pub(super) said: Said,
}

/// Fields of every tracker that have cases of their own.
const OWN_CASES: [&str; 11] = [
    "summary",
    "description",
    "status",
    "assignee",
    "assignees",
    "reporter",
    "parent",
    "type",
    "priority",
    "labels",
    "resolution",
];

impl Judge {
    /// What is known before anybody acts: that one of the two trackers has no such field or channel.
    pub(super) fn beforehand(&self, running: &Running) -> Option<Verdict> {
        match running.case {
            Case::Field(concept) => {
                let lacking = Side::BOTH
                    .into_iter()
                    .find(|side| slot(*self.places.get(*side), concept).is_none())?;
                Some(self.lacks(lacking, concept))
            }
            Case::Comment(Audience::Internal, _) => {
                let place = *self.places.get(running.way.from());
                let lacks = site::channel(place, Audience::Internal).is_none();
                lacks.then(|| Verdict::absent(place, ""))
            }
            _ => None,
        }
    }

    /// That a tracker has no such field, as its own description says.
    fn lacks(&self, side: Side, concept: Concept) -> Verdict {
        let place = *self.places.get(side);
        let fields = &self.descriptions.get(side).fields;
        let has = |name: &str, kind: &str| match concept {
            Concept::Labels => name == "labels",
            Concept::Priority => name == "priority",
            _ => !OWN_CASES.contains(&name) && kind == concept.kind(),
        };
        let found = fields
            .iter()
            .find(|(name, field)| field.writable && has(name.as_str(), field.kind.name()));
        match found {
            None => Verdict::absent(place, ""),
            Some((name, _)) => Verdict::Failed(format!(
                "the matrix maps no {} of {}, which has {name}",
                concept.kind(),
                site::label(place)
            )),
        }
    }

    /// Judges a case at the end of its last phase.
    pub(super) async fn judge(
        &self,
        running: &Running,
        dumps: &Sides<Dump>,
        host: &Host,
    ) -> Result<Verdict> {
        let scene = Scene {
            judge: self,
            running,
            from: running.way.from(),
            dumps,
            said: Said::of(host, running, &self.places).await?,
        };
        let Some(there) = scene.there() else {
            return Ok(Verdict::Failed(format!("there is no twin: {}", scene.said)));
        };
        match running.case {
            Case::Create | Case::Title => Ok(scene.title(there)),
            Case::Description | Case::Text(..) => scene.text().await,
            Case::Field(concept) => scene.field(concept).await,
            Case::Comment(audience, talk) => scene.comment(audience, talk).await,
            Case::File(_) => Ok(scene.file(there)),
            Case::FileGone => Ok(scene.file_gone(there)),
            Case::Status(course) => Ok(scene.status(course, there)),
            Case::Assignee(finding) => Ok(scene.assignee(finding, there)),
            Case::Gone(policy) => Ok(scene.gone(policy, there)),
            Case::Move => Ok(scene.moved(there)),
            Case::Rest => bail!("rest is judged by itself"),
        }
    }
}

impl Scene<'_> {
    /// Where the change is to arrive.
    fn to(&self) -> Side {
        self.from.other()
    }

    fn place(&self, side: Side) -> Place {
        *self.judge.places.get(side)
    }

    fn label(&self, side: Side) -> &'static str {
        site::label(self.place(side))
    }

    /// The item on a side, as its tracker holds it.
    fn item(&self, side: Side) -> Option<&DumpItem> {
        let key = self.running.keys.get(side).as_ref()?;
        self.dumps.get(side).item(key)
    }

    fn there(&self) -> Option<&DumpItem> {
        self.item(self.to())
    }

    /// The item on a side, as its connector reads it.
    async fn read(&self, side: Side) -> Result<Item> {
        let reader = self.judge.readers.get(side);
        let key = self.running.keys.get(side).as_deref();
        let key = key.context("the item has a key")?;
        let found = reader.find(key).await?;
        let found = found.with_context(|| format!("{key} is not found"))?;
        match reader.fetch(&found.item).await? {
            Fetched::Found(item) => Ok(*item),
            other => bail!("{key}: {other:?}"),
        }
    }

    /// Nothing crossed: a reason that the product gives for it, or that it has failed.
    fn excused(&self, field: &str, failure: String) -> Verdict {
        match self.said.about(field) {
            Some(reason) => Verdict::Degrades(reason),
            None => Verdict::Failed(format!("{failure}; the product says: {}", self.said)),
        }
    }

    fn title(&self, there: &DumpItem) -> Verdict {
        let here = self.item(self.from).map(|item| item.title.as_str());
        if here == Some(there.title.as_str()) {
            return Verdict::Crosses;
        }
        self.excused("summary", format!("'{}' instead of {here:?}", there.title))
    }
}
