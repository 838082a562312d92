//! The task: it looks at the page, sends letters, and takes what visitors want.

use super::hooks::Called;
use super::keep;
use super::links::{Links, NotOurs};
use super::ways::{Post, Posted, offered, question, tell};
use crate::site::{Offered, Refused, Shown, Subscriptions};
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use twinline_core::handles::Clock;
use twinline_core::watch::subscription::{Address, Effect, Event, Settings, Subscribers};

/// What may wait for the task.
const QUEUE_MAX: usize = 256;
/// The task looks at the clock at least this often: a clock may be put back.
const LOOK: Duration = Duration::from_secs(5);
/// An address is asked to confirm once in this time, however often somebody wants it.
const ASKED_AGAIN: Duration = Duration::from_secs(600);
/// The most addresses of which that is remembered; more are told to come later.
const ASKED_MAX: usize = 1000;
/// The most letters that ask for a confirmation at once.
const ASKING_MAX: usize = 8;
/// The last state is waited for so long.
const END_MAX: Duration = Duration::from_secs(3);

/// How many of the tenants all that is new has reached: one of their administrators at least.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// All tenants.
    pub tenants: usize,
    /// Those that are reached.
    pub reached: usize,
}

/// Tells the subscribers. Made of what it reads from its file.
pub struct Herald {
    subscribers: Subscribers,
    settings: Settings,
    clock: Arc<dyn Clock>,
    shown: watch::Receiver<Arc<Shown>>,
    post: watch::Receiver<Option<Arc<Post>>>,
    queue: mpsc::Receiver<Wish>,
    letters: JoinSet<Posted>,
    asking: usize,
    asked: BTreeMap<Address, Instant>,
    newest: watch::Sender<Arc<Subscribers>>,
    reach: watch::Sender<Reach>,
    keeper: JoinSet<()>,
}

/// Where visitors' wishes go. Cheap to clone.
#[derive(Clone)]
pub struct Registry {
    queue: mpsc::Sender<Wish>,
    post: watch::Receiver<Option<Arc<Post>>>,
    reach: watch::Receiver<Reach>,
}

/// What a visitor wants, and where the answer goes.
struct Wish {
    what: What,
    answer: oneshot::Sender<Result<(), Refused>>,
}

enum What {
    Ask(Address),
    Confirm(String),
    Leave(String),
}

impl Herald {
    /// Reads its file. Without a post nothing is offered, and nobody is told: what they missed is told when there is one.
    pub fn begin(
        file: PathBuf,
        shown: watch::Receiver<Arc<Shown>>,
        post: watch::Receiver<Option<Arc<Post>>>,
        clock: Arc<dyn Clock>,
    ) -> (Self, Registry) {
        let subscribers = keep::read(&file, clock.now());
        let (wishes, queue) = mpsc::channel(QUEUE_MAX);
        let (newest, kept) = watch::channel(Arc::new(subscribers.clone()));
        let mut keeper = JoinSet::new();
        keeper.spawn(keep::write(file, kept));
        let (reach, reaches) = watch::channel(Reach::default());
        let registry = Registry {
            queue: wishes,
            post: post.clone(),
            reach: reaches,
        };
        let herald = Self {
            subscribers,
            settings: Settings::default(),
            clock,
            shown,
            post,
            queue,
            letters: JoinSet::new(),
            asking: 0,
            asked: BTreeMap::new(),
            newest,
            reach,
            keeper,
        };
        (herald, registry)
    }

    /// Works until the future ends; then its last state is stored.
    pub async fn run(mut self, until: impl Future<Output = ()>) {
        tokio::pin!(until);
        self.look();
        self.administrators();
        // Whoever configures it may have gone: then it stays as it is.
        let mut configured = true;
        loop {
            let rest = self.rest();
            tokio::select! {
                biased;
                () = &mut until => break,
                Some(posted) = self.letters.join_next() => self.posted(posted.ok()),
                Some(wish) = self.queue.recv() => self.hear(wish),
                Ok(()) = self.shown.changed() => self.look(),
                changed = self.post.changed(), if configured => {
                    configured = changed.is_ok();
                    self.administrators();
                }
                () = tokio::time::sleep(rest) => self.apply(Event::Tick),
            }
        }
        self.queue.close();
        let Self {
            newest, mut keeper, ..
        } = self;
        drop(newest);
        let stored = timeout(END_MAX, async {
            while keeper.join_next().await.is_some() {}
        });
        if stored.await.is_err() {
            tracing::error!("the disk does not take the subscribers' last state");
        }
    }

    fn rest(&self) -> Duration {
        let now = self.clock.now();
        let due = self.subscribers.due();
        due.map_or(LOOK, |due| due.since(now).min(LOOK))
    }

    fn look(&mut self) {
        let shown = Arc::clone(&self.shown.borrow_and_update());
        self.apply(Event::Page(&shown.status));
    }

    /// Those that the configuration names now. Without a way to tell them nothing is known of them.
    fn administrators(&mut self) {
        let post = self.post.borrow_and_update().clone();
        if let Some(post) = post {
            let all = post.administrators.values().flatten().cloned().collect();
            self.apply(Event::Administrators(&all));
        }
    }

    fn apply(&mut self, event: Event<'_>) {
        self.step(event);
    }

    /// Lets the machine hear, carries out what it wants, and leaves its state to be stored.
    fn step(&mut self, event: Event<'_>) -> Vec<Effect> {
        let before = self.subscribers.clone();
        let now = self.clock.now();
        let mut settings = self.settings;
        let offered = offered(self.post.borrow().as_deref());
        // What cannot go out has not failed.
        if !offered.mail {
            settings.under_way_max = 0;
        }
        if !offered.hooks {
            settings.hooks_under_way_max = 0;
        }
        let effects = self.subscribers.apply(event, now, &settings);
        for effect in &effects {
            match effect {
                Effect::Send {
                    attempt,
                    address,
                    news,
                } => {
                    let post = self.post.borrow().clone();
                    let told = tell(post, *attempt, address.clone(), news.clone(), now);
                    self.letters.spawn(told);
                }
                Effect::Joined => tracing::info!(all = self.subscribers.len(), "a subscriber more"),
                Effect::Gone => tracing::info!(all = self.subscribers.len(), "a subscriber less"),
                Effect::Full => tracing::warn!("there is no room for another subscriber"),
                Effect::GivenUp { .. } => {
                    tracing::warn!("a subscriber whom nothing reaches is told no more");
                }
            }
        }
        if self.subscribers != before {
            self.newest.send_replace(Arc::new(self.subscribers.clone()));
        }
        let reach = self.reaches();
        self.reach
            .send_if_modified(|known| std::mem::replace(known, reach) != reach);
        effects
    }

    fn reaches(&self) -> Reach {
        let post = self.post.borrow();
        let tenants = post.iter().flat_map(|post| post.administrators.values());
        let reached = tenants.clone().filter(|it| self.subscribers.reached(*it));
        Reach {
            reached: reached.count(),
            tenants: tenants.count(),
        }
    }

    fn posted(&mut self, posted: Option<Posted>) {
        match posted {
            Some(Posted::News(attempt, Called::Taken)) => self.apply(Event::Sent { attempt }),
            Some(Posted::News(attempt, Called::Failed)) => self.apply(Event::Failed { attempt }),
            Some(Posted::News(attempt, Called::Unwanted)) => {
                self.apply(Event::Unwanted { attempt });
            }
            Some(Posted::Question(answered)) => {
                self.asking = self.asking.saturating_sub(1);
                if let Some(address) = answered {
                    // What the page says by now is no news to whoever comes.
                    self.look();
                    self.apply(Event::Confirmed { address });
                    self.administrators();
                }
            }
            // One that panicked: if it told something, its deadline ends it.
            None => self.asking = self.asking.saturating_sub(1),
        }
    }

    fn hear(&mut self, wish: Wish) {
        let done = match wish.what {
            What::Ask(address) => self.ask(address),
            What::Confirm(token) => self.confirm(&token),
            What::Leave(token) => self.leave(&token),
        };
        // Whoever asked may have gone: then the answer is nobody's.
        drop(wish.answer.send(done));
    }

    /// The answer is the same whether the address is a subscriber's or not.
    fn ask(&mut self, address: Address) -> Result<(), Refused> {
        let post = self.post.borrow().clone().ok_or(Refused::Busy)?;
        if !offered(Some(&post)).takes(&address) {
            return Err(Refused::Busy);
        }
        let now = Instant::now();
        self.asked
            .retain(|_, at| now.saturating_duration_since(*at) < ASKED_AGAIN);
        if self.asked.contains_key(&address) || self.subscribers.get(&address).is_some() {
            return Ok(());
        }
        if self.asked.len() >= ASKED_MAX || self.asking >= ASKING_MAX {
            return Err(Refused::Busy);
        }
        self.asked.insert(address.clone(), now);
        self.asking += 1;
        self.letters
            .spawn(question(post, address, self.clock.now()));
        Ok(())
    }

    fn confirm(&mut self, token: &str) -> Result<(), Refused> {
        let links = self.links()?;
        let address = links.confirmed(token, self.clock.now());
        let address = address.map_err(refused)?;
        // What the page says by now is no news to whoever comes.
        self.look();
        let effects = self.step(Event::Confirmed { address });
        self.administrators();
        if effects.contains(&Effect::Full) {
            return Err(Refused::Full);
        }
        Ok(())
    }

    fn leave(&mut self, token: &str) -> Result<(), Refused> {
        let address = self.links()?.left(token).map_err(refused)?;
        self.step(Event::Left { address });
        Ok(())
    }

    fn links(&self) -> Result<Arc<Links>, Refused> {
        let post = self.post.borrow();
        let links = post.as_ref().map(|post| Arc::clone(&post.links));
        links.ok_or(Refused::Busy)
    }
}

fn refused(link: NotOurs) -> Refused {
    match link {
        NotOurs::Forged => Refused::UnknownLink,
        NotOurs::Expired(until) => Refused::ExpiredLink { until },
    }
}

impl Registry {
    /// How many tenants are reached, now and whenever that changes.
    pub fn reach(&self) -> watch::Receiver<Reach> {
        self.reach.clone()
    }

    async fn wish(&self, what: What) -> Result<(), Refused> {
        let (answer, heard) = oneshot::channel();
        // The caller has a deadline: `site::Settings::desk_within`.
        let sent = self.queue.send(Wish { what, answer }).await;
        sent.map_err(|_| Refused::Busy)?;
        heard.await.unwrap_or(Err(Refused::Busy))
    }
}

#[async_trait]
impl Subscriptions for Registry {
    fn offered(&self) -> Offered {
        offered(self.post.borrow().as_deref())
    }

    async fn ask(&self, address: Address) -> Result<(), Refused> {
        self.wish(What::Ask(address)).await
    }

    async fn confirm(&self, token: &str) -> Result<(), Refused> {
        self.wish(What::Confirm(token.to_owned())).await
    }

    async fn leave(&self, token: &str) -> Result<(), Refused> {
        self.wish(What::Leave(token.to_owned())).await
    }
}
