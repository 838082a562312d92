//! Changing work items: what a document would change, whether that is allowed, and the new revision.

use super::AzureDevOps;
use super::failure::Failure;
use super::hooks::Event;
use super::model::{Fields, Relation, Revision, WorkItem};
use super::patch::Operation;
use super::request::By;
use super::rules::{not_listed, rule, tags};
use super::show::instant;
use super::site::{Project, WorkItemType};
use http::StatusCode;
use serde_json::{Value, json};

/// What an item is to be.
#[derive(Clone, Debug, Default)]
pub(super) struct Plan {
    pub(super) fields: Fields,
    pub(super) relations: Vec<Relation>,
    /// Fields that are in Markdown.
    pub(super) markdown: Vec<String>,
    /// A comment to add.
    pub(super) said: Option<String>,
}

impl Plan {
    pub(super) fn of(item: &WorkItem) -> Self {
        Self {
            fields: item.fields.clone(),
            relations: item.relations.clone(),
            markdown: item.markdown.clone(),
            said: None,
        }
    }

    fn text(&self, field: &str) -> String {
        self.fields
            .get(field)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    }
}

impl AzureDevOps {
    /// The project and type that fields name.
    pub(super) fn place(&self, plan: &Plan) -> Result<(&Project, &WorkItemType), Failure> {
        let (project, kind) = (
            plan.text("System.TeamProject"),
            plan.text("System.WorkItemType"),
        );
        let found = self.site.project(&project).ok_or_else(|| {
            Failure::not_found(format!(
                "TF200016: The following project does not exist: {project}."
            ))
        })?;
        let kind = found.kind(&kind).ok_or_else(|| {
            Failure::new(
                StatusCode::NOT_FOUND,
                "WorkItemTypeNotFoundException",
                format!("VS402323: Work item type {kind} does not exist in project {project} or you do not have permission to access it."),
            )
        })?;
        Ok((found, kind))
    }

    /// Applies operations to a plan. `id` is the item's; 0 for a new one. `rev` is the revision that it is at.
    pub(super) fn apply(
        &self,
        plan: &mut Plan,
        (id, rev): (u64, usize),
        operations: &[Operation],
    ) -> Result<(), Failure> {
        for operation in operations {
            match operation {
                Operation::TestRev(wanted) if *wanted != rev as u64 => {
                    return Err(Failure::new(
                        StatusCode::PRECONDITION_FAILED,
                        "TestPatchOperationFailedException",
                        format!(
                            "VS403351: Test Operation for path /rev failed, value {rev} was not equal to test value {wanted}."
                        ),
                    ));
                }
                Operation::TestRev(_) => {}
                Operation::Field(name, value) => self.set(plan, name, value.as_ref())?,
                Operation::Format(name, format) => {
                    plan.markdown.retain(|known| known != name);
                    if format == "markdown" {
                        plan.markdown.push(name.clone());
                    }
                }
                Operation::Link(value) => {
                    let relation = self.read_relation(plan, id, value)?;
                    plan.relations.push(relation);
                }
                Operation::Unlink(place) if *place < plan.relations.len() => {
                    plan.relations.remove(*place);
                }
                Operation::Unlink(place) => {
                    return Err(Failure::invalid(format!(
                        "Cannot find the relation at the index {place}."
                    )));
                }
            }
        }
        Ok(())
    }

    fn set(&self, plan: &mut Plan, named: &str, value: Option<&Value>) -> Result<(), Failure> {
        match (named, value.and_then(Value::as_str)) {
            ("System.TeamProject", Some(to)) => return self.move_to(plan, to),
            ("System.WorkItemType", Some(to)) => return self.retype(plan, to),
            _ => {}
        }
        let (project, kind) = self.place(plan)?;
        let field = self.writable(kind, named)?;
        let reference = field.reference.clone();
        let Some(value) = value else {
            let fixed = [
                "System.AreaPath",
                "System.IterationPath",
                "System.State",
                "System.TeamProject",
                "System.WorkItemType",
            ];
            if fixed.contains(&reference.as_str()) {
                return Err(rule(field, "Required, InvalidEmpty"));
            }
            plan.fields.remove(&reference);
            return Ok(());
        };
        let value = self.checked(project, kind, field, value)?;
        match reference.as_str() {
            "System.State" => {
                let (from, to) = (
                    plan.text("System.State"),
                    value.as_str().unwrap_or_default(),
                );
                if from != to {
                    if !kind.leads(&from, to) {
                        return Err(not_listed(field, to));
                    }
                    let reason = json!(format!("Moved to state {to}"));
                    plan.fields.insert("System.Reason".to_owned(), reason);
                }
            }
            "System.Tags" => {
                let tags = tags(value.as_str().unwrap_or_default());
                plan.fields.insert(reference, json!(tags));
                return Ok(());
            }
            "System.History" => {
                plan.said = value.as_str().map(str::to_owned);
                return Ok(());
            }
            _ => {}
        }
        plan.fields.insert(reference, value);
        Ok(())
    }

    /// Moves to another project: to its own area and iteration, and to a type and state that it has.
    pub(super) fn move_to(&self, plan: &mut Plan, to: &str) -> Result<(), Failure> {
        let project = self.site.project(to).ok_or_else(|| {
            Failure::not_found(format!(
                "TF200016: The following project does not exist: {to}."
            ))
        })?;
        let own = |paths: &[String]| json!(paths.first());
        let kind = project
            .kind(&plan.text("System.WorkItemType"))
            .or_else(|| project.types.first());
        let fields = &mut plan.fields;
        fields.insert("System.TeamProject".to_owned(), json!(project.name));
        fields.insert("System.AreaPath".to_owned(), own(&project.areas));
        fields.insert("System.IterationPath".to_owned(), own(&project.iterations));
        if let Some(kind) = kind {
            become_type(plan, kind);
        }
        Ok(())
    }

    fn retype(&self, plan: &mut Plan, to: &str) -> Result<(), Failure> {
        let (project, _) = self.place(plan)?;
        let kind = project.kind(to).ok_or_else(|| {
            Failure::rule(
                "System.WorkItemType",
                format!(
                    "VS402323: Work item type {to} does not exist in project {}.",
                    project.name
                ),
            )
        })?;
        become_type(plan, kind);
        Ok(())
    }

    /// Whether a whole plan may be.
    pub(super) fn check(&self, plan: &Plan) -> Result<(), Failure> {
        let (_, kind) = self.place(plan)?;
        for required in kind.fields.iter().filter(|field| field.required) {
            if !plan.fields.contains_key(&required.reference)
                && let Some(field) = self.site.field(&required.reference)
            {
                return Err(rule(
                    field,
                    "Required, HasValues, LimitedToValues, AllowsOldValue, InvalidEmpty",
                ));
            }
        }
        Ok(())
    }

    /// Makes a planned change. Nothing, the revision included, changes when everything already is so. Whether something has.
    pub(super) fn commit(&mut self, by: By<'_>, id: u64, plan: Plan, event: Event) -> bool {
        let Some(item) = self.items.get(&id) else {
            return false;
        };
        let said = plan.said.clone();
        let same = item.fields == plan.fields
            && item.relations == plan.relations
            && item.markdown == plan.markdown;
        if !same {
            self.reflect(id, &plan.relations);
            if let Some(item) = self.items.get_mut(&id) {
                item.fields = plan.fields;
                item.relations = plan.relations;
                item.markdown = plan.markdown;
            }
            self.record(by, id, None, None);
            self.tell(by, id, event);
        }
        if let Some(text) = &said {
            self.say(by, id, text, false);
        }
        !same || said.is_some()
    }

    /// Keeps the item's present state as a new revision. `said` is what a new comment says.
    pub(super) fn record(
        &mut self,
        by: By<'_>,
        id: u64,
        comment: Option<(u64, u64, bool)>,
        said: Option<&str>,
    ) {
        let Some(item) = self.items.get_mut(&id) else {
            return;
        };
        let links = item
            .relations
            .iter()
            .filter(|link| link.rel == super::model::HYPERLINK);
        let (links, now) = (links.count(), json!(instant(by.now)));
        let state_before = item
            .revisions
            .last()
            .and_then(|last| last.fields.get("System.State"));
        if state_before != item.fields.get("System.State") {
            let name = "Microsoft.VSTS.Common.StateChangeDate".to_owned();
            item.fields.insert(name, now.clone());
        }
        item.fields.insert("System.ChangedDate".to_owned(), now);
        item.fields
            .insert("System.ChangedBy".to_owned(), json!(by.who));
        match links {
            0 => drop(item.fields.remove("System.HyperLinkCount")),
            _ => drop(
                item.fields
                    .insert("System.HyperLinkCount".to_owned(), json!(links)),
            ),
        }
        let mut fields = item.fields.clone();
        if let Some(said) = said {
            fields.insert("System.History".to_owned(), json!(said));
        }
        let rev = item.revisions.len() + 1;
        item.revisions.push(Revision {
            rev,
            at: by.now,
            by: by.who.to_owned(),
            fields,
            relations: item.relations.clone(),
            comment,
        });
        self.log.push((id, rev));
    }

    /// Puts a new item in.
    pub(super) fn insert(&mut self, by: By<'_>, plan: Plan) -> u64 {
        let id = self.items.keys().next_back().map_or(1, |id| id + 1);
        let mut fields = plan.fields;
        fields.insert("System.CreatedDate".to_owned(), json!(instant(by.now)));
        fields.insert("System.CreatedBy".to_owned(), json!(by.who));
        fields.insert("System.CommentCount".to_owned(), json!(0));
        let item = WorkItem {
            id,
            fields,
            relations: Vec::new(),
            comments: Vec::new(),
            markdown: plan.markdown,
            revisions: Vec::new(),
            deleted: None,
            destroyed: false,
            hidden: None,
        };
        self.items.insert(id, item);
        self.reflect(id, &plan.relations);
        if let Some(item) = self.items.get_mut(&id) {
            item.relations = plan.relations;
        }
        self.record(by, id, None, None);
        self.tell(by, id, Event::Created);
        if let Some(text) = &plan.said {
            self.say(by, id, text, false);
        }
        id
    }

    /// What a new item of a type has before anything is said about it.
    pub(super) fn new_plan(project: &Project, kind: &WorkItemType) -> Plan {
        let mut fields = Fields::new();
        let mut put = |name: &str, value: Value| drop(fields.insert(name.to_owned(), value));
        put("System.TeamProject", json!(project.name));
        put("System.AreaPath", json!(project.areas.first()));
        put("System.IterationPath", json!(project.iterations.first()));
        put("System.WorkItemType", json!(kind.name));
        put("System.State", json!(kind.initial()));
        put("System.Reason", json!("New"));
        for field in &kind.fields {
            if let Some(default) = &field.default {
                let number = default.parse::<i64>().map(|number| json!(number));
                put(&field.reference, number.unwrap_or_else(|_| json!(default)));
            }
        }
        Plan {
            fields,
            ..Plan::default()
        }
    }
}

/// Another type: fields that it does not have are hidden, here they are gone.
fn become_type(plan: &mut Plan, kind: &WorkItemType) {
    plan.fields
        .insert("System.WorkItemType".to_owned(), json!(kind.name));
    let state = plan.text("System.State");
    if !kind.states.iter().any(|known| known.name == state) {
        plan.fields
            .insert("System.State".to_owned(), json!(kind.initial()));
    }
    plan.fields
        .retain(|reference, _| kind.field(reference).is_some());
}
