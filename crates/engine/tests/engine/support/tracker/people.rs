//! What people, and other hands of our account, do in the tracker.

use super::*;

impl Memory {
    /// A person makes an item.
    pub(crate) fn make(&self, fields: &[(&str, Value)]) -> ItemId {
        let fields = fields
            .iter()
            .map(|(name, value)| (FieldName::from(*name), value.clone()))
            .collect();
        let id = self.insert(fields, "person", scope());
        self.id(&id)
    }

    /// A person makes an item in another project.
    pub(crate) fn make_in(&self, project: &str, summary: &str) -> ItemId {
        let fields = BTreeMap::from([("summary".into(), Value::text(summary))]);
        let scope = BTreeMap::from([("project".to_owned(), project.to_owned())]);
        let id = self.insert(fields, "person", scope);
        self.id(&id)
    }

    /// Our account makes an item, by another hand than ours.
    pub(crate) fn make_as_us(&self, summary: &str) {
        let fields = BTreeMap::from([("summary".into(), Value::text(summary))]);
        self.insert(fields, "twinline", scope());
    }

    /// A person edits a field.
    pub(crate) fn edit(&self, id: &ItemId, field: &str, value: Value) {
        self.edit_by("person", id, field, value);
    }

    /// An account edits a field.
    pub(crate) fn edit_by(&self, by: &str, id: &ItemId, field: &str, value: Value) {
        self.change(&id.id, |item| {
            item.fields.insert(field.into(), value);
        });
        let change = FieldChange {
            field: field.into(),
            at: self.clock.now(),
            by: by.to_owned(),
        };
        self.state().history.push((id.id.clone(), change));
    }

    /// A field changes, and neither the version nor the feed tells.
    pub(crate) fn edit_silently(&self, id: &ItemId, field: &str, value: Value) {
        let mut state = self.state();
        let item = state.items.get_mut(&id.id).expect("the item exists");
        item.fields.insert(field.into(), value);
    }

    /// A person comments.
    pub(crate) fn comment(&self, id: &ItemId, text: &str) -> String {
        let comment = self.new_comment("person", text);
        let comment_id = comment.id.clone();
        self.append(&id.id, comment);
        comment_id
    }

    /// A person rewrites a comment and puts it into a channel.
    pub(crate) fn recomment(&self, id: &ItemId, comment: &str, channel: &str, text: &str) {
        self.change(&id.id, |item| {
            let mut comments = item.comments.iter_mut().flatten();
            let found = comments.find(|found| found.id == comment);
            let found = found.expect("the comment is there");
            channel.clone_into(&mut found.channel);
            found.body = twinline_core::richtext::Document::from_plain(text);
        });
    }

    /// A person deletes a comment.
    pub(crate) fn uncomment(&self, id: &ItemId, comment: &str) {
        self.change(&id.id, |item| {
            let comments = item.comments.get_or_insert_default();
            comments.retain(|found| found.id != comment);
        });
    }

    /// A person deletes an item.
    pub(crate) fn delete(&self, id: &ItemId) {
        let mut state = self.state();
        state.items.remove(&id.id);
        state.deleted.insert(id.id.clone());
    }

    /// The item vanishes: what is asked for it is answered with 404.
    pub(crate) fn lose(&self, id: &ItemId) {
        self.state().lost.insert(id.id.clone());
    }

    /// A person moves an item to another project, where it gets another id.
    pub(crate) fn transfer(&self, id: &ItemId, project: &str) -> ItemId {
        let mut state = self.state();
        let mut item = state.items.remove(&id.id).expect("the item exists");
        let there = self.id(&format!("{}-moved", id.id));
        item.reference.item = there.clone();
        item.reference.key = format!("{}-{}", self.node, there.id);
        item.scope = BTreeMap::from([("project".to_owned(), project.to_owned())]);
        state.moved.insert(id.id.clone(), item.reference.clone());
        state.items.insert(there.id.clone(), item);
        there
    }
}
