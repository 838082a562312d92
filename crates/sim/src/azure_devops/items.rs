//! Work items: create, get, list, update, delete.

use super::AzureDevOps;
use super::change::Plan;
use super::failure::{Answer, Failure, listed};
use super::hooks::Event;
use super::model::WorkItem;
use super::patch;
use super::request::{Asked, By, instant, split};
use super::show::{self, Wanted};
use crate::call::json;
use http::StatusCode;
use serde_json::{Value, json};
use twinline_core::time::Timestamp;

/// How many items one request may name.
const ITEMS_MAX: usize = 200;

impl AzureDevOps {
    fn wanted(asked: &Asked<'_>) -> Result<Wanted, Failure> {
        let wanted = Wanted {
            fields: asked.list("fields"),
            relations: asked.expands("relations"),
            links: asked.expands("links"),
        };
        one_of_both(&wanted)?;
        Ok(wanted)
    }

    pub(super) fn get_item(&self, asked: &Asked<'_>, id: u64) -> Answer {
        let wanted = Self::wanted(asked)?;
        let item = self.visible(asked, id)?;
        let shown = match asked.instant("asOf")? {
            Some(at) => self
                .as_of(item, at, &wanted)
                .ok_or_else(|| Failure::no_item(id))?,
            None => self.shown(item, &wanted),
        };
        Ok(json(StatusCode::OK, &shown))
    }

    fn as_of(&self, item: &WorkItem, at: Timestamp, wanted: &Wanted) -> Option<Value> {
        Some(self.at_revision(item, item.as_of(at)?, wanted))
    }

    /// `GET workitems?ids=…`
    pub(super) fn several(&self, asked: &Asked<'_>) -> Answer {
        let named = asked.list("ids");
        let ids = named.iter().map(|id| super::route::number(id));
        let ids: Vec<u64> = ids.collect::<Result<_, _>>()?;
        let omit = asked
            .call
            .param("errorPolicy")
            .is_some_and(|policy| policy.eq_ignore_ascii_case("omit"));
        let wanted = Self::wanted(asked)?;
        self.many(asked, &ids, asked.instant("asOf")?, omit, &wanted)
    }

    /// `POST workitemsbatch`
    pub(super) fn batch(&self, asked: &Asked<'_>) -> Answer {
        let body = asked.body()?;
        let numbers = body["ids"].as_array().into_iter().flatten();
        let ids: Vec<u64> = numbers.filter_map(Value::as_u64).collect();
        let texts = body["fields"].as_array().into_iter().flatten();
        let expand = body["$expand"]
            .as_str()
            .unwrap_or_default()
            .to_ascii_lowercase();
        let wanted = Wanted {
            fields: texts.filter_map(Value::as_str).flat_map(split).collect(),
            relations: expand == "all" || expand == "relations",
            links: expand == "all" || expand == "links",
        };
        one_of_both(&wanted)?;
        let at = body["asOf"].as_str().map(instant).transpose()?;
        let omit = body["errorPolicy"]
            .as_str()
            .is_some_and(|policy| policy.eq_ignore_ascii_case("omit"));
        self.many(asked, &ids, at, omit, &wanted)
    }

    fn many(
        &self,
        asked: &Asked<'_>,
        ids: &[u64],
        at: Option<Timestamp>,
        omit: bool,
        wanted: &Wanted,
    ) -> Answer {
        if ids.is_empty() || ids.len() > ITEMS_MAX {
            return Err(Failure::invalid(format!(
                "VS403474: You must specify between 1 and {ITEMS_MAX} work item ids."
            )));
        }
        let one = |id: &u64| -> Result<Value, Failure> {
            let found = self.visible(asked, *id).and_then(|item| match at {
                Some(at) => self
                    .as_of(item, at, wanted)
                    .ok_or_else(|| Failure::no_item(*id)),
                None => Ok(self.shown(item, wanted)),
            });
            match found {
                Err(_) if omit => Ok(Value::Null),
                found => found,
            }
        };
        Ok(listed(ids.iter().map(one).collect::<Result<_, _>>()?))
    }

    /// 401 for a token without the scope to write.
    fn must_write(&self) -> Result<(), Failure> {
        if !self.site.switches.read_only {
            return Ok(());
        }
        Err(Failure::new(
            StatusCode::UNAUTHORIZED,
            "UnauthorizedRequestException",
            "TF400813: The user is not authorized to access this resource.",
        ))
    }

    pub(super) fn create_item(&mut self, asked: &Asked<'_>, kind: &str) -> Answer {
        self.must_write()?;
        let operations = patch::read(&asked.body()?)?;
        let project = asked.project.as_deref().unwrap_or_default();
        let project = self.site.project(project).ok_or_else(|| {
            Failure::invalid("A work item is created in a project: name it in the path.")
        })?;
        let found = project.kind(kind).ok_or_else(|| {
            Failure::new(
                StatusCode::NOT_FOUND,
                "WorkItemTypeNotFoundException",
                format!("VS402323: Work item type {kind} does not exist in project {} or you do not have permission to access it.", project.name),
            )
        })?;
        let mut plan = Self::new_plan(project, found);
        let initial = found.initial().to_owned();
        self.apply(&mut plan, (0, 0), &operations)?;
        let state = plan
            .fields
            .get("System.State")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if state != initial
            && let Some(field) = self.site.field("System.State")
        {
            return Err(super::rules::not_listed(field, state));
        }
        self.check(&plan)?;
        let wanted = Self::wanted(asked)?;
        if asked.flag("validateOnly") {
            return Ok(json(
                StatusCode::OK,
                &json!({"fields": self.fields(&plan.fields)}),
            ));
        }
        let id = self.insert(asked.by(), plan);
        Ok(json(StatusCode::OK, &self.shown(self.item(id), &wanted)))
    }

    pub(super) fn update_item(&mut self, asked: &Asked<'_>, id: u64) -> Answer {
        self.must_write()?;
        let operations = patch::read(&asked.body()?)?;
        let wanted = Self::wanted(asked)?;
        let item = self.visible(asked, id)?;
        let mut plan = Plan::of(item);
        self.apply(&mut plan, (id, item.rev()), &operations)?;
        self.check(&plan)?;
        if !asked.flag("validateOnly") {
            self.commit(asked.by(), id, plan, Event::Updated);
        }
        Ok(json(StatusCode::OK, &self.shown(self.item(id), &wanted)))
    }

    pub(super) fn delete_item(&mut self, asked: &Asked<'_>, id: u64) -> Answer {
        self.visible(asked, id)?;
        if asked.flag("destroy") {
            self.destroy(id);
            return Ok(json(StatusCode::OK, &json!({"id": id, "code": 200})));
        }
        self.remove(asked.by(), id);
        Ok(json(StatusCode::OK, &self.deleted(self.item(id))))
    }

    /// Puts an item into the recycle bin.
    pub(super) fn remove(&mut self, by: By<'_>, id: u64) {
        if let Some(item) = self.items.get_mut(&id) {
            item.fields
                .insert("System.IsDeleted".to_owned(), json!(true));
            item.deleted = Some((by.now, by.who.to_owned()));
        }
        self.record(by, id, None, None);
        self.tell(by, id, Event::Deleted);
    }

    /// Takes it out again.
    pub(super) fn restore(&mut self, by: By<'_>, id: u64) {
        if let Some(item) = self.items.get_mut(&id) {
            item.fields.remove("System.IsDeleted");
            item.deleted = None;
        }
        self.record(by, id, None, None);
        self.tell(by, id, Event::Restored);
    }

    /// Takes an item away for good: nothing tells of it any more.
    pub(super) fn destroy(&mut self, id: u64) {
        self.reflect(id, &[]);
        if let Some(item) = self.items.get_mut(&id) {
            item.destroyed = true;
        }
        self.log.retain(|(item, _)| *item != id);
    }

    /// A deleted item, as the recycle bin shows it.
    pub(super) fn deleted(&self, item: &WorkItem) -> Value {
        let (at, by) = item.deleted.clone().unwrap_or_default();
        let shown = self.shown(item, &Wanted::default());
        let by = self
            .site
            .account(&by)
            .map_or(by.clone(), |user| user.display_name.clone());
        json!({"id": item.id, "type": item.text("System.WorkItemType"), "name": item.text("System.Title"),
            "project": item.text("System.TeamProject"), "deletedDate": show::instant(at), "deletedBy": by, "code": 200,
            "url": format!("{}/_apis/wit/recyclebin/{}", self.site.url(), item.id), "resource": shown})
    }
}

fn one_of_both(wanted: &Wanted) -> Result<(), Failure> {
    if wanted.fields.is_empty() || !(wanted.relations || wanted.links) {
        return Ok(());
    }
    Err(Failure::new(
        StatusCode::BAD_REQUEST,
        "ConflictingParametersException",
        "The expand parameter can not be used with the fields parameter.",
    ))
}
