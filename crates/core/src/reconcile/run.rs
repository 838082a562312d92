//! The entry: which kind of plan these facts ask for, and putting it together.

use super::create;
use super::decide::{Decisions, decide};
use super::facts::{Facts, Seen};
use super::gone;
use super::plan::{Plan, Planned, Standing, ValidFor, Working};
use super::values::written;
use super::views::{Scene, at_creation, is_written, left_out};
use super::writes::{SideWrites, write};
use crate::attachments;
use crate::comments;
use crate::digest::Digest;
use crate::effect::Effect;
use crate::item::{Item, Value};
use crate::names::{ReplicaField, Side, Sides};
use crate::rules::{RuleError, Rules, ScriptComment};
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// Plans one twin: pure, so that the same facts give the same plan.
///
/// # Errors
/// When a rule fails or rejects; the twin is quarantined with that cause.
pub fn reconcile(facts: &Facts<'_>, rules: &dyn Rules) -> Result<Plan, RuleError> {
    let (left, right) = (&facts.sides.left.seen, &facts.sides.right.seen);
    match (left, right) {
        (Seen::Deleted { evidence }, _) => Ok(gone::ended(facts, rules, Side::Left, evidence)),
        (_, Seen::Deleted { evidence }) => Ok(gone::ended(facts, rules, Side::Right, evidence)),
        (Seen::Unreachable { reason }, _) => Ok(asleep(facts, rules, Side::Left, reason)),
        (_, Seen::Unreachable { reason }) => Ok(asleep(facts, rules, Side::Right, reason)),
        (Seen::Asleep, _) => Ok(asleep(facts, rules, Side::Left, LEFT_TRIGGER)),
        (_, Seen::Asleep) => Ok(asleep(facts, rules, Side::Right, LEFT_TRIGGER)),
        (Seen::Item(left), Seen::Item(right)) => {
            let items = Sides {
                left: (**left).clone(),
                right: (**right).clone(),
            };
            both_there(facts, rules, items)
        }
        (Seen::Item(item), Seen::NotCreated) => create::created(facts, rules, Side::Left, item),
        (Seen::NotCreated, Seen::Item(item)) => create::created(facts, rules, Side::Right, item),
        (Seen::NotCreated, Seen::NotCreated) => Ok(empty(facts, rules, Standing::NotAdmitted)),
    }
}

const LEFT_TRIGGER: &str = "the item left its trigger";

fn asleep(facts: &Facts<'_>, rules: &dyn Rules, side: Side, reason: &str) -> Plan {
    let reason = reason.to_owned();
    empty(facts, rules, Standing::Asleep { side, reason })
}

/// A plan that writes nothing.
pub(super) fn empty(facts: &Facts<'_>, rules: &dyn Rules, standing: Standing) -> Plan {
    Plan {
        valid_for: ValidFor::of(facts, rules),
        standing,
        effects: Vec::new(),
        fields: facts
            .held
            .iter()
            .map(|(field, hold)| (field.clone(), super::plan::Decision::Held(hold.clone())))
            .collect(),
        conflicts: Vec::new(),
        cut: Sides::default(),
        skipped: Sides::default(),
        comment_links: Vec::new(),
        comments_waived: BTreeMap::new(),
        comments_waiting: BTreeMap::new(),
        more_comments: false,
        attachment_links: Vec::new(),
        more_attachments: false,
        asks_since_birth: Sides::default(),
        trace: Sides::default(),
        working: Sides::from_fn(|side| Working {
            base: facts.sides.get(side).base.clone(),
            ..Working::default()
        }),
    }
}

impl ValidFor {
    /// What a plan made from these facts depends on (R9).
    pub fn of(facts: &Facts<'_>, rules: &dyn Rules) -> Self {
        Self {
            observations: Sides::from_fn(|side| facts.sides.get(side).seen.item().map(Digest::of)),
            rule_version: rules.contract().version,
        }
    }
}

fn both_there(facts: &Facts<'_>, rules: &dyn Rules, items: Sides<Item>) -> Result<Plan, RuleError> {
    for side in Side::BOTH {
        if is_stale(facts, side, items.get(side)) {
            return Ok(empty(facts, rules, Standing::Stale(side)));
        }
    }
    let scene = Scene::set(facts, rules, items)?;
    let mut decisions = decide(&scene)?;
    let mut writes = write(&scene, &mut decisions)?;
    for side in Side::BOTH {
        let scripted = decisions.scripted.get_mut(side);
        writes.get_mut(side).scripted.append(scripted);
    }
    let mut plan = empty(facts, rules, Standing::Active);
    for side in Side::BOTH {
        let update = update(&scene, side, writes.get(side), &decisions);
        plan.effects.extend(update);
        *plan.working.get_mut(side) = working(&scene, side, writes.get(side))?;
        *plan.cut.get_mut(side) = writes.get(side).cut.clone();
        let skipped = left_out(scene.shown.get(side));
        *plan.skipped.get_mut(side) = skipped
            .map(|(field, reason)| (field.clone(), reason.clone()))
            .collect();
        let trace = plan.trace.get_mut(side);
        trace.clone_from(&scene.shown.get(side).trace);
        trace.extend(writes.get(side).trace.iter().cloned());
    }
    let asked = asked_at_creation(&scene)?;
    let crossing = comments::plan(&comments_scene(&scene, &writes, &asked));
    for side in Side::BOTH {
        plan.working.get_mut(side).asked.clone_from(asked.get(side));
    }
    plan.asks_since_birth = decisions.asked_since_birth();
    plan.fields = decisions.fields;
    plan.conflicts = decisions.conflicts;
    // Files before comments: a text may refer to one.
    let files = attachments::plan(&attachments_scene(&scene));
    plan.effects.extend(files.effects);
    plan.attachment_links = files.links;
    plan.more_attachments = files.more;
    plan.effects.extend(crossing.effects);
    plan.comment_links = crossing.links;
    plan.comment_links.extend(files.comment_links);
    plan.comments_waived = crossing.waived;
    plan.comments_waived.extend(files.waived);
    plan.comments_waiting = crossing.waiting;
    plan.comments_waiting.extend(files.waiting);
    plan.more_comments = crossing.more;
    Ok(plan)
}

fn comments_scene<'a>(
    scene: &'a Scene<'a>,
    writes: &Sides<SideWrites>,
    asked: &Sides<Vec<ScriptComment>>,
) -> comments::Scene<'a> {
    comments::Scene {
        root: &scene.facts.root,
        link: &scene.facts.link,
        contract: scene.contract.comments.as_ref(),
        writes_max: scene.contract.max_writes_per_10min,
        links: &scene.facts.comments,
        sides: Sides::from_fn(|side| comments::SideScene {
            item: scene.items.get(side),
            view: &scene.shown.get(side).view.comments,
            capabilities: scene.side(side).capabilities,
            accounts: &scene.side(side).accounts,
            open: &scene.side(side).open_comments,
            gone: &scene.side(side).gone_comments,
            unseen: &scene.side(side).unseen_comments,
        }),
        scripted: Sides::from_fn(|side| {
            let asked = asked.get(side).iter();
            let at_creation = asked.map(|comment| (comment.clone(), at_creation()));
            let changes = writes.get(side).comments.iter().cloned();
            at_creation.chain(changes).collect()
        }),
    }
}

fn attachments_scene<'a>(scene: &'a Scene<'a>) -> attachments::Scene<'a> {
    attachments::Scene {
        root: &scene.facts.root,
        contract: scene.contract.attachments.as_ref(),
        comments: scene.contract.comments.as_ref(),
        now: scene.facts.now,
        writes_max: scene.contract.max_writes_per_10min,
        links: &scene.facts.attachments,
        comment_links: &scene.facts.comments,
        sides: Sides::from_fn(|side| attachments::SideScene {
            item: scene.items.get(side),
            view: &scene.shown.get(side).view.attachments,
            capabilities: scene.side(side).capabilities,
            accounts: &scene.side(side).accounts,
            open: &scene.side(side).open_attachments,
            open_comments: &scene.side(side).open_comments,
            gone: &scene.side(side).gone_attachments,
            unseen: &scene.side(side).unseen_attachments,
        }),
    }
}

/// The comments that scripts asked for at the creation and that are not there yet. When no base tells (a crash after the
/// create), the script is asked again.
fn asked_at_creation(scene: &Scene<'_>) -> Result<Sides<Vec<ScriptComment>>, RuleError> {
    let mut asked = Sides::<Vec<ScriptComment>>::default();
    for side in Side::BOTH {
        let source = side.other();
        *asked.get_mut(side) = match scene.bases.get(side) {
            Some(base) => base.asked.clone(),
            None if scene.facts.created_from == Some(source) => {
                let item = scene.items.get(source);
                let mut again = create::asked(scene.facts, scene.rules, source, item)?;
                again.retain(|comment| !is_written(scene.facts, side, comment));
                again
            }
            None => Vec::new(),
        };
    }
    Ok(asked)
}

/// A fetch that is older than what the base was made from says nothing.
fn is_stale(facts: &Facts<'_>, side: Side, item: &Item) -> bool {
    let base = facts.sides.get(side).base.as_ref();
    base.is_some_and(|base| item.version.order(&base.observation.version) == Ordering::Less)
}

fn update(
    scene: &Scene<'_>,
    side: Side,
    writes: &SideWrites,
    decisions: &Decisions,
) -> Option<Planned> {
    if writes.fields.is_empty() {
        return None;
    }
    let item = scene.items.get(side);
    let fields = writes.fields.iter();
    Some(Planned {
        side,
        effect: Effect::Update {
            item: item.reference.item.clone(),
            fields: fields
                .clone()
                .map(|(native, (write, _))| (native.clone(), write.clone()))
                .collect(),
            planned_from: item.version.clone(),
        },
        fields: fields
            .map(|(native, (_, note))| (native.clone(), note.clone()))
            .collect(),
        sent: sent(scene, side.other(), decisions),
        comment: None,
        attachment: None,
    })
}

fn sent(scene: &Scene<'_>, from: Side, decisions: &Decisions) -> BTreeMap<ReplicaField, Value> {
    let crossing = decisions.crossing(from).into_keys();
    crossing
        .filter_map(|field| Some((field.clone(), scene.view(from, &field)?.clone())))
        .collect()
}

/// What settling needs to know of one side: among it what its view is expected to be after the writes (R6).
pub(super) fn working(
    scene: &Scene<'_>,
    side: Side,
    writes: &SideWrites,
) -> Result<Working, RuleError> {
    let item = scene.items.get(side).clone();
    let view = scene.shown.get(side).view.clone();
    let mut working = Working {
        base: scene.bases.get(side).clone(),
        refreshed: *scene.bases.get(side) != scene.side(side).base,
        natives: writes.natives.clone(),
        scripted: writes.scripted.clone(),
        withheld: scene.shown.get(side).withheld.clone(),
        ..Working::default()
    };
    if writes.fields.is_empty() {
        working.predicted = view.clone();
    } else {
        let mut draft = item.clone();
        for (native, (write, _)) in &writes.fields {
            let value = written(item.fields.get(native), write);
            let value = (scene.side(side).normalise)(native, &value);
            draft.fields.insert(native.clone(), value);
            working.writes.insert(native.clone(), write.clone());
        }
        working.predicted = scene
            .rules
            .outgoing(side, &draft, Some(scene.links.get(side)))?
            .view;
        working.draft = Some(draft);
    }
    working.item = Some(item);
    working.view = view;
    Ok(working)
}
