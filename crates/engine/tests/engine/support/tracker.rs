//! A small tracker in memory: fields, comments, a change feed, markers, and faults on demand.

mod contract;
mod files;
mod people;
mod writes;

use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use twinline_core::capability::{
    AttachmentCapabilities, Capabilities, ChangeKind, Channel, FieldSet,
};
use twinline_core::effect::{Applied, Effect, FieldChange, FieldWrite, Recognised};
use twinline_core::handles::Clock;
use twinline_core::item::{Comment, Fetched, Item, ItemId, ItemRef, User, Value, Version};
use twinline_core::marker::Marker;
use twinline_core::names::{FieldName, NodeName};
use twinline_core::time::Timestamp;
use twinline_trackers::{
    Candidate, ChangePage, Cursor, Description, FeedChange, ItemPage, Opinion, Probe, Scope,
    Subscribed, Subscription, Tracker, TrackerError,
};

/// What to do to the next requests of a kind.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// A failure that may pass.
    Retry(Option<Duration>),
    /// The write takes effect, and its answer never comes.
    LostAnswer,
    /// The write never arrives, and no answer comes.
    LostRequest,
    /// The write takes effect this much later.
    Late(Duration),
    /// It cannot be told whether the write that is asked about is there.
    Unclear,
    /// None.
    Pass,
    /// The tracker refuses.
    Refused(&'static str),
    /// The answer is none that the API promises.
    Unreadable,
    /// The credentials are refused.
    Credentials,
    /// The connector breaks its own invariant.
    Panic,
    /// The file is cut off after so many bytes.
    Cut(usize),
    /// The file ends after so many bytes, as if it were all.
    Short(usize),
    /// The file's first byte comes so much later.
    Slow(Duration),
    /// The file comes byte by byte, each so much later.
    Trickle(Duration),
    /// The tracker takes no such file.
    Unfit(&'static str),
    /// The write is taken without this field, for that reason.
    Waived(&'static str, &'static str),
    /// Somebody sets this field first, and the compare-and-swap fails.
    Raced(&'static str, &'static str),
}

/// Which requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum On {
    Fetch,
    Apply,
    Changes,
    Query,
    Recognise,
    Place,
    Open,
    /// Before `Apply`, of files alone.
    Attach,
}

/// How the tracker answers what it does not list.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Refusal {
    /// With a sentence.
    #[default]
    Sentence,
    /// With nothing that its API promises.
    Garbled,
    /// As if it were not there: 404.
    Gone,
    /// With a failure that may pass, and does not: 503.
    Down,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) items: BTreeMap<String, Item>,
    pub(crate) deleted: BTreeSet<String>,
    /// Items that are gone without a word: 404.
    pub(crate) lost: BTreeSet<String>,
    /// Where transferred items are now, by their old ids.
    moved: BTreeMap<String, ItemRef>,
    pub(crate) hidden: bool,
    /// Versions are times in whole seconds, without revisions.
    pub(crate) whole_seconds: bool,
    /// `matches` cannot say: only the query can.
    pub(crate) unsure: bool,
    /// Triggers and projects that the tracker refuses to list.
    pub(crate) refused: BTreeSet<String>,
    /// How it refuses them.
    pub(crate) refusal: Refusal,
    /// What is wrong with its projects.
    pub(crate) place_faults: BTreeMap<String, Vec<String>>,
    /// Where it was asked about a project, with the address of our webhook.
    pub(crate) places_probed: Vec<String>,
    /// How our webhook of each project stands; hidden where nothing is said.
    pub(crate) webhooks: BTreeMap<String, Subscription>,
    /// The projects and addresses whose webhook was looked at, in order.
    pub(crate) webhooks_looked_at: Vec<(String, String)>,
    /// Queries tell about how many items there are, and only at first.
    pub(crate) estimates: bool,
    /// Each page of a query begins with so many items of the one before, as where lists are sorted by time.
    pub(crate) overlap: usize,
    /// What work that can wait is asked to wait.
    pub(crate) spare: Duration,
    /// Items that are answered with something unreadable whenever they are fetched: the place and the reason.
    pub(crate) unreadable: BTreeMap<String, (&'static str, &'static str)>,
    /// How often that was so.
    pub(crate) unread: u32,
    /// Items that no longer match any trigger.
    pub(crate) unmatched: BTreeSet<String>,
    /// Internal texts that stood in a channel that others read.
    pub(crate) leaks: Vec<String>,
    /// Answers to writes do not carry the item.
    pub(crate) terse: bool,
    /// Somebody takes the marker of every item at once.
    pub(crate) markers_wiped: bool,
    /// What is in the files, by their ids.
    pub(crate) contents: BTreeMap<String, Bytes>,
    /// Files are given whole only.
    pub(crate) whole_files: bool,
    /// Files that are being taken, and how many of them at once at most.
    pub(crate) attaching: usize,
    pub(crate) attaching_max: usize,
    /// How many bytes of files were given.
    pub(crate) bytes_read: usize,
    /// Every write that took effect, in order.
    pub(crate) writes: Vec<Effect>,
    pub(crate) fetches: u64,
    /// Pages of comments that fetches have read, of a hundred each.
    pub(crate) comment_pages: usize,
    pub(crate) faults: BTreeMap<On, VecDeque<Fault>>,
    pub(crate) latency: Duration,
    /// Answered instead of the present item, once each.
    pub(crate) stale: VecDeque<Item>,
    /// Who has changed which field of which item.
    pub(crate) history: Vec<(String, FieldChange)>,
    pub(crate) feed: Feed,
    next: u64,
}

/// How the change feed lists, where it does not list everything in order and at once.
#[derive(Default)]
pub(crate) struct Feed {
    /// Changes on a page, counted from the newest; 0: all on one.
    pub(crate) page: usize,
    /// Pages are in no order of their stamps.
    pub(crate) disordered: bool,
    /// From when on items are listed, though their stamps are older.
    pub(crate) listed_from: BTreeMap<String, Timestamp>,
    /// Comments are listed too, each by itself and with its own time.
    pub(crate) comments: bool,
    /// What people do to summaries between a page and the next one, each once.
    pub(crate) between_pages: VecDeque<(ItemId, String)>,
}

/// The tracker. Clones share their state.
#[derive(Clone)]
pub(crate) struct Memory {
    pub(crate) node: NodeName,
    clock: Arc<dyn Clock>,
    pub(crate) capabilities: Arc<Capabilities>,
    /// Where the bytes of its files are, when not here.
    pub(crate) files_at: Option<Arc<dyn Tracker>>,
    state: Arc<Mutex<State>>,
}

/// A word that may stand in internal comments only.
pub(crate) const SECRET: &str = "secret";

pub(crate) fn scope() -> Scope {
    BTreeMap::from([("project".to_owned(), "P".to_owned())])
}

impl Memory {
    pub(crate) fn new(node: &str, clock: Arc<dyn Clock>) -> Self {
        Self {
            node: node.into(),
            clock,
            capabilities: Arc::new(capabilities()),
            files_at: None,
            state: Arc::default(),
        }
    }

    /// Has an internal channel, or stores no markers with comments, from now on.
    pub(crate) fn set(&mut self, change: impl FnOnce(&mut Capabilities)) {
        change(Arc::make_mut(&mut self.capabilities));
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(crate) fn fault(&self, on: On, fault: Fault) {
        self.state().faults.entry(on).or_default().push_back(fault);
    }

    fn id(&self, id: &str) -> ItemId {
        ItemId {
            node: self.node.clone(),
            id: id.to_owned(),
        }
    }

    fn insert(&self, fields: BTreeMap<FieldName, Value>, by: &str, scope: Scope) -> String {
        let now = self.clock.now();
        let mut state = self.state();
        state.next += 1;
        let id = format!("{}", state.next);
        let mut fields = fields;
        let reporter = User {
            id: by.to_owned(),
            ..User::default()
        };
        fields.insert("reporter".into(), Value::User(reporter));
        let item = Item {
            reference: ItemRef {
                item: self.id(&id),
                key: format!("{}-{id}", self.node),
                url: format!("http://{}/{id}", self.node),
            },
            fields,
            comments: Some(Vec::new()),
            attachments: Some(Vec::new()),
            version: version(now, 1, state.whole_seconds),
            marker: None,
            scope,
        };
        state.items.insert(id.clone(), item);
        id
    }

    fn new_comment(&self, by: &str, text: &str) -> Comment {
        let mut state = self.state();
        state.next += 1;
        Comment {
            id: format!("c{}", state.next),
            author: User {
                id: by.to_owned(),
                ..User::default()
            },
            created: self.clock.now(),
            edited: None,
            body: twinline_core::richtext::Document::from_plain(text),
            channel: "public".to_owned(),
            marker: None,
        }
    }

    fn change<R>(&self, id: &str, edit: impl FnOnce(&mut Item) -> R) -> R {
        let now = self.clock.now();
        let mut state = self.state();
        let whole_seconds = state.whole_seconds;
        let item = state.items.get_mut(id).expect("the item exists");
        let done = edit(item);
        bump(item, now, whole_seconds);
        let public = item.comments.iter().flatten();
        let public = public.filter(|comment| comment.channel == "public");
        let texts = public.map(|comment| comment.body.plain());
        let leaks: Vec<String> = texts.filter(|text| text.contains(SECRET)).collect();
        state.leaks.extend(leaks);
        done
    }

    /// Adds a comment at a cost that does not grow with those that are there.
    fn append(&self, id: &str, comment: Comment) -> Version {
        let now = self.clock.now();
        let mut state = self.state();
        let whole_seconds = state.whole_seconds;
        if comment.channel == "public" && comment.body.plain().contains(SECRET) {
            state.leaks.push(comment.body.plain());
        }
        let item = state.items.get_mut(id).expect("the item exists");
        item.comments.get_or_insert_default().push(comment);
        bump(item, now, whole_seconds);
        item.version.clone()
    }

    pub(crate) fn item(&self, id: &ItemId) -> Item {
        self.state().items[&id.id].clone()
    }

    pub(crate) fn only(&self) -> Item {
        let state = self.state();
        assert_eq!(state.items.len(), 1, "{}: one item", self.node);
        state.items.values().next().unwrap().clone()
    }

    fn unless_refused(&self, what: &str) -> Result<(), TrackerError> {
        if !self.state().refused.contains(what) {
            return Ok(());
        }
        let tracker = "memory".to_owned();
        Err(match self.state().refusal {
            Refusal::Sentence => TrackerError::Refused {
                tracker,
                sentence: format!("'{what}' does not exist"),
                field: None,
            },
            Refusal::Garbled => TrackerError::Unreadable {
                tracker,
                place: what.to_owned(),
                reason: "expected JSON, found HTML".to_owned(),
            },
            Refusal::Gone => TrackerError::Unreachable {
                reason: "404 Not Found".to_owned(),
            },
            Refusal::Down => TrackerError::Retry {
                reason: "503 Service Unavailable".to_owned(),
                after: None,
            },
        })
    }

    async fn pass(&self, on: On) -> Result<Option<Fault>, TrackerError> {
        let latency = self.state().latency;
        if !latency.is_zero() {
            tokio::time::sleep(latency).await;
        }
        let fault = self
            .state()
            .faults
            .get_mut(&on)
            .and_then(VecDeque::pop_front);
        match fault {
            Some(Fault::Retry(after)) => Err(TrackerError::Retry {
                reason: "503".to_owned(),
                after,
            }),
            Some(Fault::Unreadable) => Err(TrackerError::Unreadable {
                tracker: "memory".to_owned(),
                place: "the answer".to_owned(),
                reason: "expected JSON, found HTML".to_owned(),
            }),
            Some(Fault::Credentials) => Err(TrackerError::Credentials {
                sentence: "the token has expired".to_owned(),
            }),
            Some(Fault::Refused(sentence)) => Err(TrackerError::Refused {
                tracker: "memory".to_owned(),
                sentence: sentence.to_owned(),
                field: None,
            }),
            Some(Fault::Unfit(sentence)) => Err(TrackerError::Unfit {
                tracker: "memory".to_owned(),
                sentence: sentence.to_owned(),
            }),
            Some(Fault::Panic) => panic!("a broken invariant, on purpose"),
            other => Ok(other),
        }
    }

    /// The comment that an effect added: by its marker, else by author, text and time.
    fn added(&self, effect: &Effect, since: Timestamp) -> Recognised {
        let Effect::AddComment {
            item, body, marker, ..
        } = effect
        else {
            return Recognised::NotThere;
        };
        let moved = self.state().moved.get(&item.id).cloned();
        let item = self.item(moved.as_ref().map_or(item, |there| &there.item));
        let found = item.comments.into_iter().flatten().find(|comment| {
            if self.capabilities.comment_marker {
                return comment.marker.as_ref() == Some(marker);
            }
            let same = comment.author.id == "twinline" && comment.body == *body;
            same && comment.created >= since
        });
        found.map_or(Recognised::NotThere, |comment| {
            Recognised::There(Box::new(Applied {
                comment: Some(Box::new(comment)),
                ..Applied::default()
            }))
        })
    }
}

/// The items of our account with that summary.
fn alike(state: &State, summary: Option<&Value>) -> Recognised {
    let ours = |item: &&Item| matches!(item.get("reporter"), Some(Value::User(user)) if user.id == "twinline");
    let items = state.items.values().filter(ours);
    let found: Vec<Applied> = items
        .filter(|item| item.get("summary") == summary)
        .map(|item| Applied {
            created: Some(item.reference.clone()),
            ..Applied::default()
        })
        .collect();
    if found.is_empty() {
        Recognised::NotThere
    } else {
        Recognised::Alike(found)
    }
}

fn bump(item: &mut Item, now: Timestamp, whole_seconds: bool) {
    let revision = item.version.revision.unwrap_or(0) + 1;
    item.version = version(now, revision, whole_seconds);
}

fn version(now: Timestamp, revision: u64, whole_seconds: bool) -> Version {
    if whole_seconds {
        return Version {
            revision: None,
            updated: now.floor_to_second(),
            resolution_ms: 1000,
            token: None,
        };
    }
    Version {
        revision: Some(revision),
        updated: now,
        resolution_ms: 1,
        token: None,
    }
}

fn capabilities() -> Capabilities {
    use ChangeKind::{CommentAdded, CommentDeleted, CommentEdited, Created, Deleted, Field};
    Capabilities {
        tracker: "memory".to_owned(),
        scope_keys: vec!["project".to_owned()],
        channels: vec![Channel {
            name: "public".to_owned(),
            internal: false,
            written: true,
        }],
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
        field_history: FieldSet::None,
        feed_covers: BTreeSet::from([
            Created,
            Field,
            CommentAdded,
            CommentEdited,
            CommentDeleted,
            Deleted,
        ]),
        settle: Duration::from_secs(10),
        index_lag: Duration::ZERO,
        dialect: twinline_core::richtext::Dialect::Markdown,
        description_max_chars: 60_000,
        comment_max_chars: 60_000,
        summary_max_chars: 255,
        workflow: false,
    }
}
