//! The shapes of the API's answers, for its description. They are described here and made elsewhere, mostly by the engine,
//! which knows nothing of descriptions; a test holds each one against what is really answered.

#![expect(dead_code, reason = "shapes that are described, not made")]

use serde_json::Value;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// An item of a tracker.
#[derive(ToSchema)]
pub(super) struct ItemShape {
    /// Its identity: node and the tracker's id.
    #[schema(value_type = Object)]
    item: Value,
    /// What people call it: `PROJ-7`, `acme/app#12`.
    key: String,
    /// The page that a person opens.
    url: String,
}

/// A twin's items; null while one is to be created.
#[derive(ToSchema)]
pub(super) struct ItemsShape {
    left: Option<ItemShape>,
    right: Option<ItemShape>,
}

/// A twin.
#[derive(ToSchema)]
pub(super) struct TwinShape {
    /// Its id.
    link: String,
    connection: String,
    items: ItemsShape,
    /// `creating`, `live`, `asleep`, `quarantined` or `unlinked`.
    state: String,
    /// Why it sleeps or is held back.
    reason: Option<String>,
    /// Milliseconds since the epoch.
    state_since: i64,
    /// Its frozen fields by name, each with the reason.
    #[schema(value_type = Object)]
    held: BTreeMap<String, Value>,
    /// Comments that were seen and knowingly not written, by `node/comment id`, with the reason.
    comments_waived: BTreeMap<String, String>,
    /// When it was last reconciled with an effect on it, in milliseconds since the epoch.
    reconciled: Option<i64>,
}

/// A page of twins.
#[derive(ToSchema)]
pub(super) struct TwinPage {
    items: Vec<TwinShape>,
    /// The cursor of the next page; null on the last.
    next: Option<String>,
}

/// A node.
#[derive(ToSchema)]
pub(super) struct NodeShape {
    node: String,
    tracker: String,
    /// `{"state": "open"}`, `paused` with a reason, `credentials` with a sentence, `backing_off` with a reason.
    #[schema(value_type = Object)]
    state: Value,
    /// How many of its scopes are in a connection: their changes are read.
    scopes: u64,
    /// What the last probes of it and of its places complained about.
    faults: Vec<String>,
    /// Its tracker's clock minus ours.
    skew_ms: i64,
    /// Items that wait in the live lane.
    dirty_live: u64,
    /// Items that wait in the backfill lane.
    dirty_backfill: u64,
    /// How long the oldest has waited.
    lag_ms: Option<u64>,
    /// When a webhook last announced a change, in milliseconds since the epoch.
    webhook_at: Option<i64>,
    /// Sweeps of one of its places, the most of any, that have found changes since a webhook last announced one there.
    unannounced: u64,
    /// `{"state": "unasked"}`, `registered`, `asking`, `by_hand` with `how`, `failing` with `why`.
    #[schema(value_type = Object)]
    webhook: Value,
}

/// A page of nodes.
#[derive(ToSchema)]
pub(super) struct NodePage {
    items: Vec<NodeShape>,
    /// The cursor of the next page; null on the last.
    next: Option<String>,
}

/// A connection.
#[derive(ToSchema)]
pub(super) struct ConnectionShape {
    connection: String,
    /// The rule version at work.
    version: u32,
    /// Since when (milliseconds since the epoch) and why the breaker holds it.
    #[schema(value_type = Option<Vec<Value>>)]
    held: Option<Value>,
    /// Confirmed writes that are not spent.
    budget_writes: u64,
    /// Its twins by state.
    twins: BTreeMap<String, u64>,
}

/// A page of connections.
#[derive(ToSchema)]
pub(super) struct ConnectionPage {
    items: Vec<ConnectionShape>,
    /// The cursor of the next page; null on the last.
    next: Option<String>,
}

/// Twins that one cause holds back.
#[derive(ToSchema)]
pub(super) struct ErrorShape {
    connection: String,
    /// `quarantined` or `asleep`.
    state: String,
    /// What to name to `retry`.
    cause: String,
    /// What happened to one of them.
    sentence: String,
    twins: u64,
    /// Since when the first of them, in milliseconds since the epoch.
    since: i64,
}

/// A page of causes.
#[derive(ToSchema)]
pub(super) struct ErrorPage {
    items: Vec<ErrorShape>,
    /// The cursor of the next page; null on the last.
    next: Option<String>,
}

/// One entry of a history.
#[derive(ToSchema)]
pub(super) struct HistoryShape {
    /// Rises with every entry.
    seq: u64,
    /// What people call the item.
    key: String,
    /// What people call the item whose change caused it; null where none did.
    source: Option<String>,
    /// What happened: field, values before and after, rule version, cause, latency.
    #[schema(value_type = Object)]
    entry: Value,
}

/// A page of a history.
#[derive(ToSchema)]
pub(super) struct HistoryPage {
    items: Vec<HistoryShape>,
    /// The cursor of the next page; null on the last.
    next: Option<u64>,
}

/// One version of a connection's rules.
#[derive(ToSchema)]
pub(super) struct VersionShape {
    version: u32,
    /// Whether it is in force.
    active: bool,
    /// Milliseconds since the epoch.
    published_at: i64,
    published_by: String,
    rollback_of: Option<u32>,
    digest: String,
    /// What it changed; null for the first, and where one of the two cannot be read.
    diff: Option<String>,
    /// Why it cannot be told what it changed; null where it can.
    unreadable: Option<String>,
}

/// A page of versions.
#[derive(ToSchema)]
pub(super) struct VersionPage {
    items: Vec<VersionShape>,
    /// The cursor of the next page; null on the last.
    next: Option<u32>,
}

/// What `check` says of rules that may be published.
#[derive(ToSchema)]
pub(super) struct CheckedShape {
    connection: String,
    /// What is doubtful.
    #[schema(value_type = Vec<Object>)]
    findings: Vec<Value>,
    /// Trackers that could not be asked, each in a sentence.
    trackers: Vec<String>,
}

/// How many items each side's trigger lists; null where it has none.
#[derive(ToSchema)]
pub(super) struct CandidatesShape {
    left: Option<u64>,
    right: Option<u64>,
}

/// What rules would write.
#[derive(ToSchema)]
pub(super) struct PlanningShape {
    /// Twins that would change or be frozen, that fail, or of which a script tells something.
    #[schema(value_type = Vec<Object>)]
    twins: Vec<Value>,
    looked_at: u64,
    candidates: CandidatesShape,
    /// What would be made of the first items without a twin, of the shape of `twins`.
    #[schema(value_type = Vec<Object>)]
    newcomers: Vec<Value>,
    newcomers_looked_at: u64,
    /// How many of those `when` does not admit.
    not_admitted: u64,
}

/// What was put in force.
#[derive(ToSchema)]
pub(super) struct PublishedShape {
    connection: String,
    version: u32,
    /// The items that it touches.
    items: u64,
}

/// The answer of `retry`.
#[derive(ToSchema)]
pub(super) struct RetriedShape {
    /// How many twins are tried again.
    twins: u64,
}

/// The answer of `release`.
#[derive(ToSchema)]
pub(super) struct ReleasedShape {
    released: bool,
}

/// The answer of `link`.
#[derive(ToSchema)]
pub(super) struct LinkedShape {
    /// In the pairs' order: `{"linked": TWIN}`, `{"already": TWIN}`, `{"refused": WHY}`, or
    /// `{"later": {"after_ms": MILLISECONDS, "why": WHY, "failed": BOOLEAN}}`, to be asked for again after that time: the
    /// tracker's limits have no room for it now, or it `failed` to answer.
    #[schema(value_type = Vec<Object>)]
    outcomes: Vec<Value>,
}

/// An item that may be linked.
#[derive(ToSchema)]
pub(super) struct LinkableShape {
    /// Its identity: node and the tracker's id.
    #[schema(value_type = Object)]
    item: Value,
    /// What people call it: `PROJ-7`, `acme/app#12`.
    key: String,
    /// The page that a person opens.
    url: String,
    /// Its summary, at most 200 characters of it.
    title: String,
    /// The same for all items, of either side, that show the same in every field; null: it is like no other.
    likeness: Option<String>,
    /// Why it is like no other.
    why: Option<String>,
    /// Whether that is since a rule failed on it.
    failed: bool,
}

/// A page that could not be read now.
#[derive(ToSchema)]
pub(super) struct LaterShape {
    /// When to ask for the very same again, in milliseconds.
    after_ms: u64,
    why: String,
    /// Whether something failed; else it only was not its turn.
    failed: bool,
}

/// A page of items that may be linked.
#[derive(ToSchema)]
pub(super) struct LinkablePage {
    items: Vec<LinkableShape>,
    /// The tracker's ids of those that a twin of the connection has already.
    in_twins: Vec<String>,
    /// The tracker's ids of those that `when` does not admit.
    not_admitted: Vec<String>,
    /// How many there are in all, where the tracker says.
    total: Option<u64>,
    /// Whether it says only about how many.
    total_is_estimate: bool,
    /// The cursor of the next page; null on the last, and where this one could not be read.
    next: Option<String>,
    later: Option<LaterShape>,
}

/// The answer of ending a twin.
#[derive(ToSchema)]
pub(super) struct UnlinkedShape {
    unlinked: bool,
}

/// The answer of pausing and resuming.
#[derive(ToSchema)]
pub(super) struct PausedShape {
    paused: bool,
}

/// The answer of `sweep`.
#[derive(ToSchema)]
pub(super) struct SweepingShape {
    sweeping: bool,
}

/// The answer of `backup`.
#[derive(ToSchema)]
pub(super) struct CopiedShape {
    file: String,
    bytes: u64,
}

/// Everything at a glance.
#[derive(ToSchema)]
pub(super) struct StatusShape {
    /// When it was looked at, in milliseconds since the epoch.
    at: i64,
    /// By name.
    nodes: Vec<NodeShape>,
    /// By name.
    connections: Vec<ConnectionShape>,
    ledger: Vec<LedgerShape>,
    depths: DepthsShape,
    /// What is counted since the start, by name.
    counters: BTreeMap<String, u64>,
    /// How a fleet's central database is; null without one.
    #[schema(value_type = Option<Object>)]
    central: Option<Value>,
    /// A fleet's groups of nodes, by id; null where there is no fleet. What stands above is of those that answer.
    groups: Option<Vec<GroupShape>>,
}

/// A group of nodes, which one machine of a fleet works on.
#[derive(ToSchema)]
pub(super) struct GroupShape {
    group: String,
    /// How many nodes it has.
    nodes: u32,
    /// Who owns it; null while nobody does.
    machine: Option<String>,
    /// Where a person wants it.
    pinned: Option<String>,
    /// How it does, in words; null where it is not on the machine that answers.
    state: Option<String>,
}

/// Up to when a node's changes of one kind are accounted for.
#[derive(ToSchema)]
pub(super) struct LedgerShape {
    node: String,
    kind: String,
    /// Every change up to then was worked off: milliseconds since the epoch, by the tracker's clock.
    accounted_to: Option<i64>,
    /// Every change up to then was compared by an audit.
    audited_to: Option<i64>,
}

/// How full the scheduler is.
#[derive(ToSchema)]
pub(super) struct DepthsShape {
    /// Work queued in the live lane.
    live: u64,
    /// Work queued in the backfill lane.
    backfill: u64,
    /// Work that waits for a time.
    waiting: u64,
    /// Jobs in flight.
    running: u64,
    /// Items marked dirty.
    dirty: u64,
    /// Jobs started from the live lane since the start.
    dispatched_live: u64,
    /// Jobs started from the backfill lane since the start.
    dispatched_backfill: u64,
}

/// What a person did.
#[derive(ToSchema)]
pub(super) struct AuditShape {
    /// Rises with every entry.
    seq: u64,
    /// Milliseconds since the epoch.
    at: i64,
    who: String,
    /// `publish`, `release`, `pause`, …
    action: String,
    /// To what.
    subject: String,
    /// Particulars, as each action has them.
    detail: Value,
}

/// A page of what people did.
#[derive(ToSchema)]
pub(super) struct AuditPage {
    items: Vec<AuditShape>,
    /// The cursor of the next page; null on the last.
    next: Option<u64>,
}

/// A backfill.
#[derive(ToSchema)]
pub(super) struct BackfillShape {
    id: String,
    connection: String,
    /// `running`, `paused`, `finished`, `failed` or `cancelled`.
    state: String,
    /// How many items there are, where the tracker says.
    total: Option<u64>,
    /// Whether the tracker says only about how many.
    total_is_estimate: bool,
    /// How many are finished.
    done: u64,
    /// Milliseconds since the epoch.
    started_at: i64,
    /// When it will be finished, by its pace and by what the trackers' limits leave to it; null once it has ended, and while it cannot be said.
    finish_at: Option<i64>,
    /// Why it cannot be said when a running one will be finished.
    finish_unknown: Option<String>,
    /// What went wrong, or what it waits for.
    sentence: Option<String>,
}

/// A page of backfills.
#[derive(ToSchema)]
pub(super) struct BackfillPage {
    items: Vec<BackfillShape>,
    /// The cursor of the next page; null on the last.
    next: Option<String>,
}

/// The answer of starting a backfill.
#[derive(ToSchema)]
pub(super) struct StartedShape {
    /// The backfill's id.
    id: String,
}

/// The answer of cancelling a backfill.
#[derive(ToSchema)]
pub(super) struct CancelledShape {
    cancelled: bool,
}

/// One line of the live stream that tells of an event. An empty line shows that the host lives; `{"what": "lagged",
/// "lost": COUNT}` that so many events were too fast for this reader.
#[derive(ToSchema)]
pub(super) struct EventShape {
    /// Milliseconds since the epoch.
    at: i64,
    connection: String,
    /// The twin's id.
    link: String,
    /// `{"what": "written" | "quarantined" | "asleep" | "ended" | "held", …}`, with what there is to tell.
    #[schema(value_type = Object)]
    what: Value,
    /// The same for people.
    text: String,
}

/// The answer of `health`.
#[derive(ToSchema)]
pub(super) struct HealthShape {
    /// `host`.
    role: String,
    /// Whether the state can be written.
    store: String,
}
