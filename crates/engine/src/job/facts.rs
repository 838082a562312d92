//! The facts of one plan, owned, so that policy can run off the async threads.

use super::missing::Missing;
use crate::node::Node;
use crate::rules::Compiled;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tracing::{Instrument as _, debug_span};
use twinline_core::attachments::AttachmentLink;
use twinline_core::comments::CommentLink;
use twinline_core::effect::FieldChange;
use twinline_core::item::Value;
use twinline_core::names::{FieldName, LinkId, ReplicaField, RootId, Side, Sides};
use twinline_core::parents::Parents;
use twinline_core::reconcile::{
    Base, Facts, Hold, Outcomes, OwnAttempt, Plan, RecentWrite, Seen, Settled, SideFacts,
    Unsettled, reconcile, settle,
};
use twinline_core::rules::RuleError;
use twinline_core::spans::TARGET;
use twinline_core::time::Timestamp;
use twinline_trackers::Scope;

/// [`Facts`], owned.
#[derive(Clone)]
pub(crate) struct Owned {
    pub(crate) link: LinkId,
    pub(crate) root: RootId,
    pub(crate) cluster_size: u32,
    pub(crate) created_from: Option<Side>,
    pub(crate) since: Timestamp,
    pub(crate) now: Timestamp,
    pub(crate) sides: Sides<OwnedSide>,
    pub(crate) held: BTreeMap<ReplicaField, Hold>,
    pub(crate) release: BTreeMap<ReplicaField, Side>,
    pub(crate) comments: Vec<CommentLink>,
    pub(crate) attachments: Vec<AttachmentLink>,
    pub(crate) parents: Parents,
}

/// [`SideFacts`], owned.
#[derive(Clone)]
pub(crate) struct OwnedSide {
    pub(crate) node: Arc<Node>,
    pub(crate) seen: Seen,
    pub(crate) base: Option<Base>,
    pub(crate) history: Vec<FieldChange>,
    pub(crate) since_birth: bool,
    pub(crate) own_attempts: Vec<OwnAttempt>,
    pub(crate) unsettled: Vec<Unsettled>,
    pub(crate) recent: Vec<RecentWrite>,
    pub(crate) open_comments: BTreeSet<LinkId>,
    pub(crate) open_attachments: BTreeSet<LinkId>,
    pub(crate) missing: Missing,
}

impl Owned {
    /// Plans. The facts go with the plan: settling needs the same ones.
    pub(crate) async fn plan(self: &Arc<Self>, rules: &Compiled) -> Result<Plan, RuleError> {
        let facts = Arc::clone(self);
        let plan = rules.run(move |rules| {
            let scopes = &rules.contract().scopes;
            facts.with(scopes, |known| {
                reconcile(known, &facts.parents.translate(rules))
            })
        });
        let span = debug_span!(target: TARGET, "reconcile");
        Box::pin(plan.instrument(span)).await
    }

    /// What to store when the plan was executed.
    pub(crate) async fn settle(
        self: &Arc<Self>,
        rules: &Compiled,
        plan: Arc<Plan>,
        outcomes: Outcomes,
    ) -> Result<Settled, RuleError> {
        let facts = Arc::clone(self);
        rules
            .run(move |rules| {
                let scopes = &rules.contract().scopes;
                let rules = facts.parents.translate(rules);
                facts.with(scopes, |known| settle(&plan, known, &rules, &outcomes))
            })
            .await
    }

    /// `scopes`: where an item would be made that is not there.
    fn with<T>(&self, scopes: &Sides<Scope>, work: impl FnOnce(&Facts<'_>) -> T) -> T {
        let scope = |side: Side| {
            let seen = self.sides.get(side).seen.item();
            seen.map_or(scopes.get(side), |item| &item.scope)
        };
        let normalise = |side: Side| {
            let (tracker, scope) = (self.sides.get(side).node.tracker(), scope(side));
            move |field: &FieldName, value: &Value| tracker.normalise(scope, field, value)
        };
        let (left, right) = (normalise(Side::Left), normalise(Side::Right));
        work(&Facts {
            link: self.link.clone(),
            root: self.root.clone(),
            cluster_size: self.cluster_size,
            created_from: self.created_from,
            since: self.since,
            now: self.now,
            sides: Sides {
                left: self.sides.left.facts(scope(Side::Left), &left),
                right: self.sides.right.facts(scope(Side::Right), &right),
            },
            held: self.held.clone(),
            release: self.release.clone(),
            comments: self.comments.clone(),
            attachments: self.attachments.clone(),
        })
    }
}

impl OwnedSide {
    fn facts<'a>(
        &'a self,
        scope: &Scope,
        normalise: &'a dyn Fn(&FieldName, &Value) -> Value,
    ) -> SideFacts<'a> {
        SideFacts {
            node: self.node.name().clone(),
            seen: self.seen.clone(),
            base: self.base.clone(),
            capabilities: self.node.tracker().capabilities(),
            normalise,
            dialects: self.node.tracker().dialects(scope),
            accounts: self.accounts(),
            history: self.history.clone(),
            since_birth: self.since_birth,
            skew_ms: self.node.skew_ms(),
            own_attempts: self.own_attempts.clone(),
            unsettled: self.unsettled.clone(),
            recent: self.recent.clone(),
            open_comments: self.open_comments.clone(),
            gone_comments: self.missing.gone.clone(),
            unseen_comments: self.missing.unseen.clone(),
            open_attachments: self.open_attachments.clone(),
            gone_attachments: self.missing.gone_attachments.clone(),
            unseen_attachments: self.missing.unseen_attachments.clone(),
        }
    }

    fn accounts(&self) -> BTreeSet<String> {
        self.node.accounts()
    }
}
