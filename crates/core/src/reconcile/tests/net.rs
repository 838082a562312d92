//! Items on several nodes, joined by twins: the little world that plans are made for, executed in and settled in.

use super::rules::TestRules;
use super::values::parse;
use crate::attachments::{self, AttachmentLink};
use crate::capability::{AttachmentCapabilities, Capabilities, Channel, FieldSet};
use crate::cluster;
use crate::comments::{CommentLink, left_out};
use crate::effect::{Applied, Effect, FieldChange, Refusal};
use crate::item::{Attachment, Comment, Item, ItemId, ItemRef, User, Value, Version};
use crate::marker::Marker;
use crate::names::{FieldName, LinkId, NodeName, ReplicaField, Side, Sides};
use crate::reconcile::values::written;
use crate::reconcile::{
    Base, Facts, Hold, Outcome, Outcomes, OwnAttempt, Plan, RecentWrite, Seen, Settled, SideFacts,
    Unsettled, reconcile, settle,
};
use crate::richtext::{Dialect, Document};
use crate::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

pub(super) const US: &str = "us";
pub(super) type Normalise = fn(&FieldName, &Value) -> Value;

/// A place for one item. Several may be of one tracker.
pub(super) struct Node {
    pub(super) id: ItemId,
    pub(super) item: Option<Item>,
    pub(super) seen: Option<Seen>,
    pub(super) capabilities: Capabilities,
    pub(super) normalise: Normalise,
    pub(super) dialects: BTreeMap<FieldName, Dialect>,
    pub(super) history: Vec<FieldChange>,
    pub(super) own_attempts: Vec<OwnAttempt>,
    pub(super) skew_ms: i64,
    pub(super) recent: Vec<RecentWrite>,
    pub(super) open_comments: BTreeSet<LinkId>,
    pub(super) open_attachments: BTreeSet<LinkId>,
    /// Comments that are there although the list leaves them out.
    pub(super) not_shown: BTreeSet<String>,
    /// Those that the tracker does not say anything certain about.
    pub(super) unseen: BTreeMap<String, String>,
    /// Likewise files.
    pub(super) unseen_files: BTreeMap<String, String>,
    /// Why it takes no file.
    pub(super) refuses_files: Option<Refusal>,
    /// Whether its answers say that nobody wrote in between.
    pub(super) adjacent: bool,
    /// Whether its answers tell the version of the write.
    pub(super) tells_version: bool,
}

/// Two places and their rules.
pub(super) struct Twin {
    pub(super) nodes: Sides<usize>,
    pub(super) rules: TestRules,
    pub(super) bases: Sides<Option<Base>>,
    pub(super) held: BTreeMap<ReplicaField, Hold>,
    pub(super) release: BTreeMap<ReplicaField, Side>,
    pub(super) created_from: Option<Side>,
    pub(super) unsettled: Sides<Vec<Unsettled>>,
}

#[derive(Default)]
pub(super) struct Net {
    pub(super) nodes: Vec<Node>,
    pub(super) twins: Vec<Twin>,
    pub(super) links: Vec<CommentLink>,
    pub(super) file_links: Vec<AttachmentLink>,
    pub(super) now_s: i64,
    pub(super) writes: usize,
    /// How often settling has said that a twin is at rest, and a plan has confirmed it.
    pub(super) rests: usize,
    /// Nobody has read the trackers' histories back to the items' creation.
    pub(super) without_history: bool,
}

pub(super) fn name(node: usize) -> NodeName {
    ["a", "b", "c"][node].into()
}

pub(super) fn same_value(_: &FieldName, value: &Value) -> Value {
    value.clone()
}

fn capabilities() -> Capabilities {
    let channel = |name: &str, internal| Channel {
        name: name.to_owned(),
        internal,
        written: true,
    };
    Capabilities {
        tracker: "test".to_owned(),
        scope_keys: Vec::new(),
        channels: vec![channel("public", false), channel("internal", true)],
        comment_edit: true,
        comment_delete: true,
        item_delete: true,
        attachments: AttachmentCapabilities {
            upload: true,
            delete: true,
            marker: true,
            ..AttachmentCapabilities::default()
        },
        compare_and_swap: false,
        create_marker: true,
        comment_marker: true,
        webhooks: true,
        field_history: FieldSet::All,
        feed_covers: BTreeSet::new(),
        settle: Duration::from_secs(30),
        index_lag: Duration::ZERO,
        dialect: Dialect::Adf,
        description_max_chars: 1000,
        comment_max_chars: 1000,
        summary_max_chars: 255,
        workflow: false,
    }
}

/// The only item of a node.
fn only(node: usize) -> ItemId {
    ItemId {
        node: name(node),
        id: "1".to_owned(),
    }
}

pub(super) fn item(node: usize, fields: &[(&str, &str)]) -> Item {
    let fields = fields
        .iter()
        .filter_map(|(name, value)| Some(((*name).into(), parse(value)?)));
    Item {
        reference: ItemRef {
            item: only(node),
            key: "#1".to_owned(),
            url: String::new(),
        },
        fields: fields.collect(),
        comments: Some(Vec::new()),
        attachments: None,
        version: Version {
            revision: Some(1),
            ..Version::default()
        },
        marker: None,
        scope: BTreeMap::new(),
    }
}

impl Node {
    fn new(id: ItemId, item: Option<Item>) -> Self {
        Self {
            id,
            item,
            seen: None,
            capabilities: capabilities(),
            normalise: same_value,
            dialects: BTreeMap::new(),
            history: Vec::new(),
            own_attempts: Vec::new(),
            skew_ms: 0,
            recent: Vec::new(),
            open_comments: BTreeSet::new(),
            open_attachments: BTreeSet::new(),
            not_shown: BTreeSet::new(),
            unseen: BTreeMap::new(),
            unseen_files: BTreeMap::new(),
            refuses_files: None,
            adjacent: false,
            tells_version: false,
        }
    }

    pub(super) fn edit(&mut self, field: &str, value: &str) {
        let item = self.item.as_mut().unwrap();
        match parse(value) {
            Some(value) => item.fields.insert(field.into(), value),
            None => item.fields.remove(field),
        };
        item.version.revision = item.version.revision.map(|revision| revision + 1);
    }

    pub(super) fn comment(&mut self, id: &str, author: &str, channel: &str, text: &str) {
        let comments = self.item.as_mut().unwrap().comments.as_mut().unwrap();
        comments.push(Comment {
            id: id.to_owned(),
            author: User {
                id: author.to_owned(),
                ..User::default()
            },
            created: Timestamp::EPOCH,
            edited: None,
            body: Document::from_plain(text),
            channel: channel.to_owned(),
            marker: None,
        });
    }

    /// A person attaches a file of a kibibyte.
    pub(super) fn attach(&mut self, id: &str, author: &str, name: &str) -> &mut Attachment {
        let files = &mut self.item.as_mut().unwrap().attachments;
        let files = files.get_or_insert_default();
        files.push(Attachment {
            id: id.to_owned(),
            name: name.to_owned(),
            size: 1024,
            media_type: "text/plain".to_owned(),
            author: Some(User {
                id: author.to_owned(),
                ..User::default()
            }),
            created: Timestamp::EPOCH,
            url: None,
            internal: false,
            marker: None,
        });
        files.last_mut().unwrap()
    }

    pub(super) fn files(&mut self) -> &mut Vec<Attachment> {
        self.item.as_mut().unwrap().attachments.as_mut().unwrap()
    }

    pub(super) fn comments(&mut self) -> &mut Vec<Comment> {
        self.item.as_mut().unwrap().comments.as_mut().unwrap()
    }
}

impl Net {
    /// A net of one twin, `a` and `b`.
    pub(super) fn pair(rules: TestRules, left: Option<Item>, right: Option<Item>) -> Self {
        let mut net = Self {
            nodes: vec![Node::new(only(0), left), Node::new(only(1), right)],
            ..Self::default()
        };
        net.join(rules, 0, 1);
        net
    }

    pub(super) fn of(items: Vec<Item>) -> Self {
        let nodes = items
            .into_iter()
            .map(|item| Node::new(item.reference.item.clone(), Some(item)))
            .collect();
        Self {
            nodes,
            ..Self::default()
        }
    }

    pub(super) fn join(&mut self, rules: TestRules, left: usize, right: usize) {
        self.twins.push(Twin {
            nodes: Sides { left, right },
            rules,
            bases: Sides::default(),
            held: BTreeMap::new(),
            release: BTreeMap::new(),
            created_from: None,
            unsettled: Sides::default(),
        });
    }

    /// Takes both sides of a twin as in step now.
    pub(super) fn rebase(&mut self, twin: usize) {
        use crate::rules::Rules as _;
        let twin = &mut self.twins[twin];
        for side in Side::BOTH {
            let observation = self.nodes[*twin.nodes.get(side)].item.clone().unwrap();
            let view = twin.rules.outgoing(side, &observation, None).unwrap().view;
            *twin.bases.get_mut(side) = Some(Base {
                observation,
                rule_version: twin.rules.contract.version,
                fields: view.fields,
                pending: BTreeSet::new(),
                advanced: BTreeMap::new(),
                asked: Vec::new(),
            });
        }
    }

    pub(super) fn node_mut(&mut self, side: Side) -> &mut Node {
        &mut self.nodes[match side {
            Side::Left => 0,
            Side::Right => 1,
        }]
    }

    pub(super) fn facts(&self, twin: usize) -> Facts<'_> {
        let twin = &self.twins[twin];
        let root = cluster::root_of(&"root".into());
        let source = &self.nodes[twin.nodes.left].id;
        Facts {
            link: cluster::link_id(&twin.rules.contract.connection, Side::Left, source, 0),
            root,
            cluster_size: u32::try_from(self.nodes.len()).unwrap(),
            created_from: twin.created_from,
            since: Timestamp::EPOCH,
            now: Timestamp::from_millis(self.now_s * 1000),
            sides: Sides::from_fn(|side| {
                let node = &self.nodes[*twin.nodes.get(side)];
                let item = node.item.clone();
                let seen = item.map_or(Seen::NotCreated, |item| Seen::Item(Box::new(item)));
                SideFacts {
                    node: node.id.node.clone(),
                    seen: node.seen.clone().unwrap_or(seen),
                    base: twin.bases.get(side).clone(),
                    capabilities: &node.capabilities,
                    normalise: &node.normalise,
                    dialects: node.dialects.clone(),
                    accounts: BTreeSet::from([US.to_owned()]),
                    history: node.history.clone(),
                    since_birth: !self.without_history,
                    skew_ms: node.skew_ms,
                    own_attempts: node.own_attempts.clone(),
                    unsettled: twin.unsettled.get(side).clone(),
                    recent: node.recent.clone(),
                    open_comments: node.open_comments.clone(),
                    gone_comments: self.gone(twin, side),
                    unseen_comments: self.nodes[*twin.nodes.get(side)].unseen.clone(),
                    open_attachments: node.open_attachments.clone(),
                    gone_attachments: self.gone_files(twin, side),
                    unseen_attachments: node.unseen_files.clone(),
                }
            }),
            held: twin.held.clone(),
            release: twin.release.clone(),
            comments: self.links.clone(),
            attachments: self.file_links.clone(),
        }
    }

    /// Those that the lists leave out are gone, but for those that are only not shown.
    fn gone_files(&self, twin: &Twin, side: Side) -> BTreeSet<String> {
        let node = &self.nodes[*twin.nodes.get(side)];
        let other = &self.nodes[*twin.nodes.get(side.other())].id;
        let Some(item) = &node.item else {
            return BTreeSet::new();
        };
        let contract = twin.rules.contract.attachments.as_ref();
        let left_out = attachments::left_out(&self.file_links, &self.links, contract, other, item);
        let gone = left_out.into_iter();
        gone.filter(|file| !node.not_shown.contains(file) && !node.unseen_files.contains_key(file))
            .collect()
    }

    /// What a tracker answers when it is asked for the comments that its list leaves out.
    fn gone(&self, twin: &Twin, side: Side) -> BTreeSet<String> {
        let node = &self.nodes[*twin.nodes.get(side)];
        let other = &self.nodes[*twin.nodes.get(side.other())].id;
        let Some(item) = &node.item else {
            return BTreeSet::new();
        };
        let contract = twin.rules.contract.comments.as_ref();
        let mut gone = left_out(&self.links, contract, other, item);
        gone.retain(|comment| {
            !node.not_shown.contains(comment) && !node.unseen.contains_key(comment)
        });
        gone.into_iter().collect()
    }

    pub(super) fn plan(&self, twin: usize) -> Plan {
        reconcile(&self.facts(twin), &self.twins[twin].rules).unwrap()
    }

    /// Executes every effect as its tracker would.
    pub(super) fn execute(&mut self, twin: usize, plan: &Plan) -> Outcomes {
        let mut outcomes = Outcomes::default();
        for planned in &plan.effects {
            let place = *self.twins[twin].nodes.get(planned.side);
            let applied = self.apply(place, &planned.effect);
            self.writes += 1;
            outcomes.effects.push(Outcome::Done(Box::new(applied)));
        }
        for planned in &plan.effects {
            let place = *self.twins[twin].nodes.get(planned.side);
            for (field, note) in &planned.fields {
                if let Effect::Update { fields, .. } = &planned.effect {
                    let write = crate::digest::Digest::of(&fields[field]);
                    let at = Timestamp::from_millis(self.now_s * 1000);
                    let recent = RecentWrite {
                        field: field.clone(),
                        at,
                        write,
                        hops: note.hops,
                    };
                    self.nodes[place].recent.push(recent);
                }
            }
        }
        for side in Side::BOTH {
            if plan.effects.iter().any(|planned| planned.side == side) {
                let place = *self.twins[twin].nodes.get(side);
                *outcomes.after.get_mut(side) = self.nodes[place].item.clone();
            }
        }
        outcomes
    }

    fn apply(&mut self, place: usize, effect: &Effect) -> Applied {
        let node = &mut self.nodes[place];
        let mut applied = Applied {
            adjacent: node.adjacent,
            ..Applied::default()
        };
        if let Effect::Create { fields, marker, .. } = effect {
            let mut created = item(place, &[]);
            created.reference.item = node.id.clone();
            created.marker = Some(marker.clone());
            for (native, value) in fields {
                created
                    .fields
                    .insert(native.clone(), (node.normalise)(native, value));
            }
            applied.created = Some(created.reference.clone());
            node.item = Some(created);
            return applied;
        }
        let there = node.item.as_mut().unwrap();
        there.version.revision = there.version.revision.map(|revision| revision + 1);
        applied.version = node.tells_version.then(|| there.version.clone());
        let comments = there.comments.get_or_insert_default();
        if matches!(effect, Effect::AddAttachment { .. }) {
            there.attachments.get_or_insert_default();
        }
        let mut no_files = Vec::new();
        let files = there.attachments.as_mut().unwrap_or(&mut no_files);
        match effect {
            Effect::Create { .. } => {}
            Effect::Update { fields, .. } => {
                for (native, write) in fields {
                    let value = written(there.fields.get(native), write);
                    there
                        .fields
                        .insert(native.clone(), (node.normalise)(native, &value));
                }
            }
            Effect::Mark { marker, .. } => there.marker = Some(marker.clone()),
            Effect::AddComment {
                channel,
                body,
                marker,
                ..
            } => {
                let id = format!("m{}", self.writes);
                let comment = ours(id, channel, body, marker);
                comments.push(comment.clone());
                applied.comment = Some(Box::new(comment));
            }
            Effect::EditComment { comment, body, .. } => {
                let found = comments.iter_mut().find(|found| found.id == *comment);
                found.unwrap().body = body.clone();
            }
            Effect::DeleteComment { comment, .. } => comments.retain(|found| found.id != *comment),
            Effect::AddAttachment { .. } if node.refuses_files.is_some() => {
                applied.refused = node.refuses_files.clone();
            }
            Effect::AddAttachment { file, marker, .. } => {
                let id = format!("f{}", self.writes);
                let marker = node.capabilities.attachments.marker.then_some(marker);
                let copy = our_copy(id, file, marker);
                files.push(copy.clone());
                applied.attachment = Some(Box::new(copy));
            }
            Effect::DeleteAttachment { attachment, .. } => {
                files.retain(|found| found.id != *attachment);
            }
            Effect::Delete { .. } => node.item = None,
        }
        applied
    }

    pub(super) fn settle(&mut self, twin: usize, plan: &Plan, outcomes: &Outcomes) -> Settled {
        let settled = settle(plan, &self.facts(twin), &self.twins[twin].rules, outcomes).unwrap();
        let place = twin;
        let twin = &mut self.twins[twin];
        twin.bases = settled.bases.clone();
        twin.held = settled.held.clone();
        twin.release.clear();
        for link in &settled.comments {
            self.links.retain(|old| !old.is_of_same_place(link));
            self.links.push(link.clone());
        }
        for link in &settled.attachments {
            self.file_links.retain(|old| !old.is_of_same_place(link));
            self.file_links.push(link.clone());
        }
        twin.unsettled = Sides::default();
        if settled.at_rest && self.is_as_settled(place, plan, outcomes) {
            let again = self.plan(place);
            assert!(again.is_empty(), "said to be at rest, and then: {again:#?}");
            self.rests += 1;
        }
        settled
    }

    /// Whether nobody has changed the items since they were settled.
    fn is_as_settled(&self, twin: usize, plan: &Plan, outcomes: &Outcomes) -> bool {
        Side::BOTH.into_iter().all(|side| {
            let planned = plan.working.get(side).item.as_ref();
            let settled = outcomes.after.get(side).as_ref().or(planned);
            self.nodes[*self.twins[twin].nodes.get(side)].item.as_ref() == settled
        })
    }

    /// Plans, executes and settles one twin once; whether it had anything to do.
    pub(super) fn step(&mut self, twin: usize) -> bool {
        let plan = self.plan(twin);
        if plan.is_empty() {
            return false;
        }
        let outcomes = self.execute(twin, &plan);
        self.settle(twin, &plan, &outcomes);
        true
    }

    /// Steps until nothing happens.
    pub(super) fn quiesce(&mut self) {
        for _ in 0..20 {
            self.now_s += 60;
            let mut moved = false;
            for twin in 0..self.twins.len() {
                moved |= self.step(twin);
            }
            if !moved {
                return;
            }
        }
        panic!("it does not come to rest");
    }
}

fn our_copy(id: String, file: &Attachment, marker: Option<&Marker>) -> Attachment {
    Attachment {
        id,
        author: Some(User {
            id: US.to_owned(),
            ..User::default()
        }),
        marker: marker.cloned(),
        ..file.clone()
    }
}

fn ours(id: String, channel: &str, body: &Document, marker: &Marker) -> Comment {
    Comment {
        id,
        author: User {
            id: US.to_owned(),
            ..User::default()
        },
        created: Timestamp::EPOCH,
        edited: None,
        body: body.clone(),
        channel: channel.to_owned(),
        marker: Some(marker.clone()),
    }
}
