//! The writes that the engine makes.

use super::*;

impl Memory {
    pub(super) fn write(&self, effect: &Effect) -> Applied {
        self.state().writes.push(effect.clone());
        match effect {
            Effect::Create {
                scope,
                fields,
                marker,
            } => self.created(scope, fields, marker),
            Effect::Update { item, fields, .. } => {
                self.change(&item.id, |target| {
                    for (name, write) in fields {
                        let old = target.fields.get(name).cloned();
                        target.fields.insert(name.clone(), written(old, write));
                    }
                });
                self.applied(&item.id)
            }
            Effect::Mark { item, marker } => {
                self.change(&item.id, |target| target.marker = Some(marker.clone()));
                self.applied(&item.id)
            }
            Effect::AddComment {
                item,
                channel,
                body,
                marker,
            } => {
                let mut comment = self.new_comment("twinline", "");
                comment.body = body.clone();
                comment.channel.clone_from(channel);
                let keeps = self.capabilities.comment_marker;
                comment.marker = keeps.then(|| marker.clone());
                Applied {
                    version: Some(self.append(&item.id, comment.clone())),
                    comment: Some(Box::new(comment)),
                    ..Applied::default()
                }
            }
            Effect::EditComment {
                item,
                comment,
                body,
                ..
            } => {
                self.change(&item.id, |target| {
                    let comments = target.comments.get_or_insert_default();
                    for old in comments.iter_mut().filter(|old| old.id == *comment) {
                        old.body = body.clone();
                    }
                });
                self.applied(&item.id)
            }
            Effect::DeleteComment { item, comment } => {
                self.change(&item.id, |target| {
                    let comments = target.comments.get_or_insert_default();
                    comments.retain(|old| old.id != *comment);
                });
                self.applied(&item.id)
            }
            Effect::AddAttachment { .. } => unreachable!("a file comes with its bytes"),
            Effect::DeleteAttachment { item, attachment } => {
                self.detach_by_hand(item, attachment);
                self.applied(&item.id)
            }
            Effect::Delete { item } => {
                let mut state = self.state();
                state.items.remove(&item.id);
                state.deleted.insert(item.id.clone());
                Applied::default()
            }
        }
    }

    fn created(
        &self,
        scope: &Scope,
        fields: &BTreeMap<FieldName, Value>,
        marker: &Marker,
    ) -> Applied {
        let id = self.insert(fields.clone(), "twinline", scope.clone());
        if !self.state().markers_wiped {
            self.change(&id, |item| item.marker = Some(marker.clone()));
        }
        self.applied(&id)
    }

    fn applied(&self, id: &str) -> Applied {
        let state = self.state();
        let item = state.items[id].clone();
        Applied {
            created: Some(item.reference.clone()),
            version: Some(item.version.clone()),
            item: (!state.terse).then(|| Box::new(item)),
            ..Applied::default()
        }
    }
}

pub(super) fn written(old: Option<Value>, write: &FieldWrite) -> Value {
    match write {
        FieldWrite::Replace(value) => value.clone(),
        FieldWrite::Elements { add, remove } => {
            let mut set = match old {
                Some(Value::Set(set)) => set,
                _ => BTreeSet::new(),
            };
            set.retain(|element| !remove.contains(element));
            set.extend(add.iter().cloned());
            Value::Set(set)
        }
    }
}
