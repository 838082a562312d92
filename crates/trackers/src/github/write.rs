//! Making writes.

use super::address::{Address, Repo};
use super::encode::{Elements, Writes};
use super::parent::{Parent, not_taken};
use super::people::{PEOPLE, not_assignable};
use super::recognise::at_version;
use super::{GitHub, MILESTONE, TRACKER, client, decode, status, text, wire};
use crate::connector::{Impossible, half_done, once_begun};
use crate::error::TrackerError;
use crate::http::{Call, Cost, Permit};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use twinline_core::effect::{Applied, Effect, FieldWrite};
use twinline_core::item::{Item, Value, field};
use twinline_core::marker::Marker;
use twinline_core::names::FieldName;
use twinline_core::richtext::Document;

impl GitHub {
    /// Makes one write.
    pub(super) async fn write(&self, effect: &Effect) -> Result<Applied, TrackerError> {
        match effect {
            Effect::Create {
                scope,
                fields,
                marker,
            } => self.create(&super::repo(scope)?, fields, marker).await,
            Effect::Update { item, fields, .. } => {
                self.update(&super::address(item)?, fields).await
            }
            Effect::Mark { item, marker } => self.mark(&super::address(item)?, marker).await,
            Effect::AddComment {
                item,
                channel,
                body,
                marker,
            } => {
                super::check_channel(channel)?;
                let address = super::address(item)?;
                let call = Call::post(address.path("/comments"));
                self.write_comment(call, body, marker).await
            }
            Effect::EditComment {
                item,
                comment,
                body,
                marker,
            } => {
                let address = super::address(item)?;
                let call = Call::patch(super::comment_path(&address, comment)?);
                let written = self.write_comment(call, body, marker).await;
                self.gone_meanwhile(&address, comment, written).await
            }
            Effect::DeleteComment { item, comment } => {
                let address = super::address(item)?;
                let call = Call::delete(super::comment_path(&address, comment)?);
                let written = self.client.send(call).await;
                match written {
                    Err(TrackerError::Unreachable { reason }) => {
                        let there = self.comment(&address, comment).await?;
                        match there {
                            None => Ok(Applied::default()),
                            Some(_) => Err(TrackerError::Unreachable { reason }),
                        }
                    }
                    other => other.map(|_| Applied::default()),
                }
            }
            Effect::AddAttachment { .. } | Effect::DeleteAttachment { .. } => {
                Err(crate::files::without_bytes(TRACKER))
            }
            Effect::Delete { .. } => Err(refused(Impossible::request(
                "GitHub's REST interface deletes no issues",
            ))),
        }
    }

    async fn create(
        &self,
        repo: &Repo,
        fields: &BTreeMap<FieldName, Value>,
        marker: &Marker,
    ) -> Result<Applied, TrackerError> {
        let mut writes = Writes::of_create(fields).map_err(refused)?;
        // Every issue carries its marker, also one without a text.
        writes.description.get_or_insert_default();
        writes.mark(Some(marker));
        self.put_milestone(repo, &mut writes).await?;
        // An issue is always created open.
        let mut later = Map::new();
        for key in ["state", "state_reason"] {
            later.extend(writes.body.remove(key).map(|value| (key.to_owned(), value)));
        }
        later.retain(|_, value| value != "open");
        let above = writes.parent.take().flatten();
        let more = usize::from(!later.is_empty()) + usize::from(above.is_some());
        let costs = [&[Cost::Create][..], &vec![Cost::Write; more]].concat();
        let permit = self.client.reserve(&costs, None).await?;
        let posted = self.post(repo, &mut writes.body, &costs, &permit).await;
        let (reply, people) = posted?;
        client::repo_here(&reply, repo)?;
        let mut issue: wire::Issue = reply.json()?;
        let mut applied = self.created_as(&issue, &reply)?;
        let address = decode::address(&issue)
            .ok_or_else(|| reply.unreadable("repository_url", "not a repository"))?;
        let mut lacking = BTreeMap::new();
        match once_there(self.assign(&address, &people, &permit).await)? {
            Ok(assigned) => issue = assigned.unwrap_or(issue),
            Err(why) => lacking.extend(PEOPLE.map(|name| (FieldName::from(name), why.clone()))),
        }
        let mut sent = writes.body;
        if !later.is_empty() {
            match once_there(self.patch(&address, &later, &permit).await)? {
                Ok(closed) => issue = closed,
                Err(why) => drop(lacking.insert(FieldName::from(field::STATUS), why)),
            }
            sent.extend(later);
        }
        applied.version = at_version(&issue).version;
        if let Some(key) = above {
            match once_there(self.put_below(&issue, Some(&key), &permit).await)? {
                Ok(_) => applied.version = None,
                Err(why) => drop(lacking.insert(field::PARENT.into(), not_taken(&why))),
            }
        }
        applied.waived = dropped(&sent, &issue);
        applied.waived.extend(not_assignable(&people, &issue));
        applied.waived.extend(lacking);
        applied.waived.extend(writes.waived);
        applied.waived.retain(|name, _| fields.contains_key(name));
        Ok(applied)
    }

    async fn update(
        &self,
        address: &Address,
        fields: &BTreeMap<FieldName, FieldWrite>,
    ) -> Result<Applied, TrackerError> {
        let mut writes = Writes::of(fields).map_err(refused)?;
        self.put_milestone(&address.repo, &mut writes).await?;
        if writes.labels.remove.iter().any(|label| is_dots(label)) {
            let present = client::issue(&self.client, address).await?;
            replace_labels(&mut writes, &present);
        }
        let mut reopen = false;
        if writes.description.is_some() || writes.body.contains_key("state_reason") {
            let present = client::issue(&self.client, address).await?;
            writes.mark(decode::marker(&present).as_ref());
            reopen = has_other_reason(&present, &writes.body);
        }
        let requests = requests(&writes) + usize::from(reopen);
        let mut applied = Applied::default();
        if requests > 0 {
            let permit = self
                .client
                .reserve(&vec![Cost::Write; requests], None)
                .await?;
            applied = self.make(address, &writes, reopen, &permit).await?;
        }
        applied.waived.extend(writes.waived);
        applied.waived.retain(|name, _| fields.contains_key(name));
        Ok(applied)
    }

    /// Makes an update's requests. Once one has been made, the loss of another leaves the outcome unknown.
    async fn make(
        &self,
        address: &Address,
        writes: &Writes,
        reopen: bool,
        permit: &Permit,
    ) -> Result<Applied, TrackerError> {
        let mut applied = Applied::default();
        let mut begun = false;
        // The issue as the last request has left it, where its answer shows it.
        let mut last = None;
        let mut people = Elements::default();
        if reopen {
            let open = Map::from_iter([("state".to_owned(), json!("open"))]);
            self.patch(address, &open, permit).await?;
            begun = true;
        }
        if !writes.body.is_empty() {
            let patched = self.patch_body(address, &writes.body, permit).await;
            let patched = patched.map_err(|error| once_begun(begun, error))?;
            applied = at_version(&patched.issue);
            applied.waived = dropped(&patched.sent, &patched.issue);
            people = patched.people;
            begun = true;
            last = Some(patched.issue);
        }
        for call in label_calls(address, &writes.labels) {
            let done = self.client.send(call.prepaid(permit)).await;
            done.and_then(|reply| client::here(&reply))
                .or_else(is_no_such_label)
                .map_err(|error| once_begun(begun, error))?;
            begun = true;
            last = None;
        }
        for assignees in [&people, &writes.assignees] {
            let assigned = self.assign(address, assignees, permit).await;
            if let Some(issue) = assigned.map_err(|error| once_begun(begun, error))? {
                applied.version = at_version(&issue).version;
                applied.waived.extend(not_assignable(assignees, &issue));
                last = Some(issue);
                begun = true;
            }
        }
        if let Some(wanted) = &writes.parent {
            let (issue, waived) = ((address, last.take()), &mut applied.waived);
            let turn = (begun, permit);
            let written = self
                .write_parent(issue, wanted.as_deref(), turn, waived)
                .await?;
            match written {
                Parent::Kept(issue) => last = Some(*issue),
                Parent::Written => applied.version = None,
            }
        }
        applied.item = last.and_then(|issue| self.whole(&issue)).map(Box::new);
        if !writes.labels.add.is_empty() || !writes.labels.remove.is_empty() {
            // These requests answer with labels, not with the issue: its version is not known.
            applied.version = None;
        }
        Ok(applied)
    }

    /// The item that an answer shows, where it has no comments: an answer does not tell these.
    fn whole(&self, issue: &wire::Issue) -> Option<Item> {
        if issue.comments > 0 || issue.is_pull_request() {
            return None;
        }
        let reference = decode::reference(self.client.node(), issue)?;
        let repo = decode::address(issue)?.repo.to_string();
        Some(decode::item(issue, reference, repo, Some(Vec::new())))
    }

    pub(super) async fn patch(
        &self,
        address: &Address,
        body: &Map<String, Json>,
        permit: &Permit,
    ) -> Result<wire::Issue, TrackerError> {
        let call = Call::patch(address.path("")).json(body).prepaid(permit);
        let reply = self.client.send(call).await?;
        client::here(&reply)?;
        reply.json()
    }

    /// Asks for the number of a milestone that is named by its title.
    async fn put_milestone(&self, repo: &Repo, writes: &mut Writes) -> Result<(), TrackerError> {
        let Some(title) = writes.milestone.take() else {
            return Ok(());
        };
        if title.is_empty() {
            writes.body.insert("milestone".to_owned(), Json::Null);
            return Ok(());
        }
        let call = Call::get(repo.path("/milestones")).query("state", "all");
        let milestones: Vec<wire::Milestone> = client::all_pages(&self.client, call).await?;
        let found = milestones.iter().find(|milestone| milestone.title == title);
        let number = found.map(|milestone| milestone.number).ok_or_else(|| {
            refused(Impossible::part(
                MILESTONE,
                format!("{repo} has no milestone '{title}'"),
            ))
        })?;
        writes.body.insert("milestone".to_owned(), number.into());
        Ok(())
    }

    async fn mark(&self, address: &Address, marker: &Marker) -> Result<Applied, TrackerError> {
        let issue = client::issue(&self.client, address).await?;
        let permit = self.client.reserve(&[Cost::Write], None).await?;
        let (present, _) = text::split(issue.body.as_deref().unwrap_or_default());
        let body = text::join(&present, Some(marker));
        let body = Map::from_iter([("body".to_owned(), Json::String(body))]);
        let issue = self.patch(address, &body, &permit).await?;
        Ok(at_version(&issue))
    }

    async fn write_comment(
        &self,
        call: Call,
        body: &Document,
        marker: &Marker,
    ) -> Result<Applied, TrackerError> {
        let body = text::join(&text::write(body), Some(marker));
        let reply = self
            .client
            .send(call.json(&json!({ "body": body })))
            .await?;
        client::here(&reply)?;
        let comment: wire::Comment = reply.json()?;
        Ok(Applied {
            comment: Some(Box::new(decode::comment(&comment))),
            ..Applied::default()
        })
    }

    /// A comment that was deleted while its edit was under way asks for a new plan.
    async fn gone_meanwhile(
        &self,
        address: &Address,
        comment: &str,
        written: Result<Applied, TrackerError>,
    ) -> Result<Applied, TrackerError> {
        match written {
            Err(TrackerError::Unreachable { reason }) => {
                match self.comment(address, comment).await? {
                    None => Err(TrackerError::Changed),
                    Some(_) => Err(TrackerError::Unreachable { reason }),
                }
            }
            other => other,
        }
    }
}

/// How many requests an update needs.
fn requests(writes: &Writes) -> usize {
    let patch = !writes.body.is_empty() || writes.description.is_some();
    usize::from(patch)
        + usize::from(!writes.labels.add.is_empty())
        + writes.labels.remove.len()
        + usize::from(!writes.assignees.add.is_empty())
        + usize::from(!writes.assignees.remove.is_empty())
        + usize::from(writes.parent.is_some())
}

/// Whether a label's name is a dot segment. In an address it names a folder, escaped or not (RFC 3986, 5.2.4): what would
/// be removed is every label.
fn is_dots(label: &str) -> bool {
    matches!(label, "." | "..")
}

/// Writes the labels as the whole set that shall be there, where one of them cannot be named in an address. A label that a
/// person adds in the instant between is lost then.
fn replace_labels(writes: &mut Writes, present: &wire::Issue) {
    let labels = std::mem::take(&mut writes.labels);
    let same = |label: &str, other: &String| label.to_lowercase() == other.to_lowercase();
    let held = present.labels.iter().map(wire::Label::name);
    let kept = held.filter(|label| !labels.remove.iter().any(|other| same(label, other)));
    let added = labels.add.iter().map(String::as_str);
    let wanted: BTreeSet<&str> = kept.chain(added).collect();
    writes.body.insert("labels".to_owned(), json!(wanted));
}

fn label_calls(address: &Address, labels: &Elements) -> Vec<Call> {
    let removes = labels.remove.iter().map(|label| {
        let name = utf8_percent_encode(label, NON_ALPHANUMERIC);
        Call::delete(address.path(&format!("/labels/{name}")))
    });
    let mut calls: Vec<Call> = removes.collect();
    if !labels.add.is_empty() {
        let body = json!({ "labels": labels.add });
        let call = Call::post(address.path("/labels")).cost(Cost::Write);
        calls.push(call.json(&body));
    }
    calls
}

/// Removing a label that is not there is done.
fn is_no_such_label(error: TrackerError) -> Result<(), TrackerError> {
    match &error {
        TrackerError::Unreachable { reason } if reason.contains("Label does not exist") => Ok(()),
        _ => Err(error),
    }
}

/// How a further request ended once the issue is there: done, or the reason why it is not. An error would mean that
/// nothing was made, and the issue would be made again: a person may have moved or deleted it by now, so that it could
/// not even be found. What may succeed later, or says nothing about the issue, leaves the outcome unknown: it is looked
/// for.
fn once_there<T>(done: Result<T, TrackerError>) -> Result<Result<T, String>, TrackerError> {
    match done {
        Ok(done) => Ok(Ok(done)),
        Err(error @ (TrackerError::Refused { .. } | TrackerError::Unreachable { .. })) => {
            Ok(Err(error.to_string()))
        }
        Err(other) => Err(half_done(other)),
    }
}

pub(super) fn refused(impossible: Impossible) -> TrackerError {
    impossible.refused(TRACKER)
}

/// Whether an issue is closed already, for another reason than the one to be written: GitHub ignores a reason unless
/// the state changes, so the issue must be opened in between.
fn has_other_reason(issue: &wire::Issue, sent: &Map<String, Json>) -> bool {
    let reason = sent.get("state_reason").and_then(Json::as_str);
    reason.is_some()
        && issue.state == "closed"
        && status::read("closed", reason) != status::read("closed", issue.state_reason.as_deref())
}

/// Fields that GitHub left as they were without a word: it does so for accounts without push access, and for people
/// who cannot be assigned.
fn dropped(sent: &Map<String, Json>, issue: &wire::Issue) -> BTreeMap<FieldName, String> {
    let lower = |text: &str| text.to_lowercase();
    let names = |key: &str| -> Option<Vec<String>> {
        let list = sent.get(key)?.as_array()?;
        Some(list.iter().filter_map(Json::as_str).map(lower).collect())
    };
    let mut dropped = BTreeMap::new();
    let mut drop_field = |name: &str| {
        let why = format!(
            "GitHub left {name} as it was: the account lacks push access, or a value is not allowed there"
        );
        dropped.insert(FieldName::from(name), why);
    };
    if let Some(state) = sent.get("state").and_then(Json::as_str) {
        let reason = sent.get("state_reason").and_then(Json::as_str);
        let held = status::read(&issue.state, issue.state_reason.as_deref());
        if status::read(state, reason) != held {
            drop_field(field::STATUS);
        }
    }
    if let Some(labels) = names("labels") {
        let held: Vec<String> = issue
            .labels
            .iter()
            .map(|label| lower(label.name()))
            .collect();
        if labels.iter().any(|label| !held.contains(label)) || held.len() > labels.len() {
            drop_field(field::LABELS);
        }
    }
    if let Some(logins) = names("assignees") {
        let held = issue.assignees.as_deref().unwrap_or_default();
        let held: Vec<String> = held.iter().map(|who| lower(&who.login)).collect();
        if logins.iter().any(|login| !held.contains(login)) || held.len() > logins.len() {
            drop_field(field::ASSIGNEES);
            drop_field(field::ASSIGNEE);
        }
    }
    if let Some(kind) = sent.get("type") {
        let held = issue.kind.as_ref().and_then(Option::as_ref);
        let held = held.map(|kind| lower(&kind.name));
        if kind.as_str().map(lower) != held {
            drop_field(field::TYPE);
        }
    }
    if let Some(number) = sent.get("milestone") {
        let held = issue.milestone.as_ref().map(|milestone| milestone.number);
        if number.as_u64() != held {
            drop_field(MILESTONE);
        }
    }
    dropped
}
