//! The story: match, link, backfill with a kill on the way, judge.

use super::live::{Editor, Latencies};
use super::promise::{self, Look};
use super::setup::{self, CONNECTION};
use super::stands;
use super::{LIVE_MAX, Outcome};
use crate::sim::handles::{SimClock, stream};
use crate::sim::network::Network;
use crate::sim::place::Place;
use crate::sim::stage::Stage;
use crate::sim::trace::Trace;
use anyhow::{Context as _, Result, bail, ensure};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use twinline_core::handles::Clock;
use twinline_core::matching::{Single, matched};
use twinline_core::names::{ConnectionName, ReplicaField, Side, Sides};
use twinline_core::time::Timestamp;
use twinline_engine::ops::{JobView, LinkOutcome, LinkableItem, LinkableQuery};
use twinline_engine::{HostSettings, SweepSettings};
use twinline_store::host::{JobState, JobsPage};

const PLACES: [Place; 2] = [Place::Github, Place::Jira];
const SEED: u64 = 1;
/// Between what was there before and the host's beginning.
const BEFORE: Duration = Duration::from_secs(24 * 3600);
/// Who does all that a person does here.
const WHO: &str = "xtask";
/// Pairs that are linked at once, as the command does.
const PAIRS_AT_ONCE: usize = 25;
/// Edits before the backfill.
const EDITS_BEFORE: usize = 60;
/// Between two edits.
const EDIT_EVERY: Duration = Duration::from_secs(60);
/// How long the host is dead.
const DEAD: Duration = Duration::from_secs(30);
/// All must be done within this simulated time.
const MAX: Duration = Duration::from_secs(14 * 24 * 3600);

struct Story {
    stage: Stage,
    editor: Editor,
    pairs: Vec<Sides<String>>,
    items: u32,
    waits: u32,
    faults: Vec<String>,
}

/// How a backfill went.
struct Filled {
    took: Duration,
    looks: Vec<Look>,
    began_s: f64,
    finished_s: f64,
    times: Vec<u64>,
    resumed: [u64; 2],
}

pub(super) async fn tell(items: u32, folder: &Path, show: bool) -> Result<Outcome> {
    let mut story = Story::begin(items, folder, show).await?;
    story.ends_backfills().await?;
    let linked = story.link().await?;
    for place in PLACES {
        let host = story.stage.host()?;
        host.resume_node(&place.node(), WHO).await?;
    }
    story.stage.idle(MAX).await?;
    let mut before = Vec::new();
    for _ in 0..EDITS_BEFORE {
        tokio::time::sleep(EDIT_EVERY).await;
        before.push(story.edit().await?);
    }
    let filled = story.backfill().await?;
    story.stage.idle(MAX).await?;
    let stands = stands::faults(&story.stage.network, PLACES, items);
    story.faults.extend(stands);
    let promises = promise::judge(&filled.looks, filled.began_s, filled.finished_s);
    let live = [Latencies::of(before), Latencies::of(filled.times)];
    story.goals(&live, filled.resumed);
    story.stage.machine.stop().await?;
    Ok(Outcome {
        items,
        linked,
        waits: story.waits,
        backfill_s: filled.took.as_secs(),
        promises,
        live,
        resumed: filled.resumed,
        faults: story.faults,
    })
}

impl Story {
    async fn begin(items: u32, folder: &Path, show: bool) -> Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SimClock::start());
        let trace = Trace::new(Arc::clone(&clock), folder, show);
        let network = Arc::new(Network::of(
            setup::simulators(),
            SEED,
            stream(SEED, "ways"),
            Arc::clone(&clock),
            trace.clone(),
        ));
        let pairs = setup::fill(&network, items)?;
        tokio::time::sleep(BEFORE).await;
        let staged = Stage::build(SEED, network, &PLACES, folder, Arc::clone(&clock), trace);
        let mut stage = staged.await?;
        stage.machine.limits = true;
        stage.machine.sweep = SweepSettings::default();
        stage.machine.settings = HostSettings::default();
        let descriptions = stage.machine.describe().await?;
        stage.machine.start().await?;
        // As the guide says: both nodes rest until the pairs are linked, so that nothing is made twice.
        for place in PLACES {
            let host = stage.host()?;
            host.pause_node(&place.node(), "pairs are linked", WHO)
                .await?;
        }
        let order = setup::publish(&descriptions, clock.now())?;
        let published = stage.host()?.publish(order, true);
        published.await.context("publishing")?;
        Ok(Self {
            editor: Editor::new(pairs.clone()),
            stage,
            pairs,
            items,
            waits: 0,
            faults: Vec::new(),
        })
    }

    /// What was published is backfilled at once: here that begins later, to be compared with the time before.
    async fn ends_backfills(&self) -> Result<()> {
        let host = self.stage.host()?;
        let running = host.jobs(JobsPage {
            state: Some(JobState::Running),
            max: 10,
            ..JobsPage::default()
        });
        for job in running.await? {
            if job.id.starts_with("backfill") {
                host.cancel_job(&job.id, WHO).await?;
            }
        }
        Ok(())
    }

    /// Finds the pairs by their titles and links them; answers how many.
    async fn link(&mut self) -> Result<usize> {
        let found = Sides {
            left: self.listed(Side::Left).await?,
            right: self.listed(Side::Right).await?,
        };
        let singles = Sides::from_fn(|side| {
            let items = found.get(side).iter();
            let single = items.map(|item| Single {
                item: &item.reference.item,
                likeness: item.likeness.as_ref(),
            });
            single.collect()
        });
        let matching = matched(&singles);
        let key = |side: Side, place: usize| found.get(side)[place].reference.key.clone();
        let mut proposed: Vec<Sides<String>> = matching
            .pairs
            .iter()
            .map(|pair| Sides {
                left: key(Side::Left, pair.left),
                right: key(Side::Right, pair.right),
            })
            .collect();
        for group in &matching.ambiguous {
            proposed.extend(self.reviewed(group, &key)?);
        }
        let (found, there) = (matching.ambiguous.len(), setup::alike(self.items));
        if found != there as usize {
            self.faults
                .push(format!("{found} groups are ambiguous, not {there}"));
        }
        for some in proposed.chunks(PAIRS_AT_ONCE) {
            self.waits += linked(&self.stage, some.to_vec()).await?;
        }
        let sort = |pairs: &mut Vec<Sides<String>>| pairs.sort_by(|a, b| a.left.cmp(&b.left));
        let mut expected = self.pairs.clone();
        sort(&mut expected);
        sort(&mut proposed);
        if proposed != expected {
            let (found, there) = (proposed.len(), expected.len());
            self.faults.push(format!(
                "{found} pairs were found, and not the {there} there are"
            ));
        }
        Ok(proposed.len())
    }

    /// What a person decides who reviews an ambiguous group: they know which two belong together.
    fn reviewed(
        &self,
        group: &Sides<Vec<usize>>,
        key: &impl Fn(Side, usize) -> String,
    ) -> Result<Vec<Sides<String>>> {
        let right: BTreeSet<String> = group.right.iter().map(|at| key(Side::Right, *at)).collect();
        let decided = group.left.iter().map(|at| {
            let left = key(Side::Left, *at);
            let pair = self.pairs.iter().find(|pair| pair.left == left);
            let pair = pair.filter(|pair| right.contains(&pair.right));
            let pair =
                pair.with_context(|| format!("{left} is called ambiguous, and has no twin"))?;
            Ok(pair.clone())
        });
        decided.collect()
    }

    /// What a side has that is in no twin.
    async fn listed(&mut self, side: Side) -> Result<Vec<LinkableItem>> {
        let (mut items, mut cursor) = (BTreeMap::new(), None);
        let began = Instant::now();
        loop {
            let page = self.stage.host()?.linkable(LinkableQuery {
                connection: ConnectionName::new(CONNECTION),
                side,
                fields: vec![ReplicaField::new("summary")],
                query: None,
                cursor: cursor.clone(),
            });
            let page = page.await?;
            if let Some(later) = page.later {
                self.waits += 1;
                ensure!(began.elapsed() < MAX, "the {side} side is never read");
                tokio::time::sleep(Duration::from_millis(later.after_ms)).await;
                continue;
            }
            let listed = page.items.into_iter();
            items.extend(listed.map(|item| (item.reference.item.id.clone(), item)));
            cursor = page.next;
            if cursor.is_none() {
                return Ok(items.into_values().collect());
            }
        }
    }

    async fn backfill(&mut self) -> Result<Filled> {
        let began = Instant::now();
        let connection = ConnectionName::new(CONNECTION);
        let host = self.stage.host()?;
        let started = host.start_backfill(
            &connection,
            Side::Left,
            None,
            u64::from(self.items),
            "xtask",
        );
        let id = started.await?;
        let kill_at = u64::from(self.items) * 2 / 5;
        let (mut looks, mut times, mut resumed) = (Vec::new(), Vec::new(), None);
        let began_s = seconds(self.stage.clock.now());
        let mut known_from_s = began_s;
        loop {
            tokio::time::sleep(EDIT_EVERY / 2).await;
            self.stage.carries().await?;
            let job = self.stage.host()?.job(&id).await?;
            let now_s = seconds(self.stage.clock.now());
            if job.state == JobState::Finished {
                return Ok(Filled {
                    took: began.elapsed(),
                    looks,
                    began_s,
                    finished_s: now_s,
                    times,
                    resumed: resumed.context("the backfill ended before the kill")?,
                });
            }
            self.goes_on(&job, began).await?;
            self.counts(&job);
            looks.push(Look {
                at_s: now_s,
                known_s: now_s - known_from_s,
                named_s: job.finish_at.map(seconds),
            });
            if resumed.is_none() && job.done >= kill_at {
                self.stage.machine.kill().await;
                tokio::time::sleep(DEAD).await;
                self.stage.machine.start().await?;
                known_from_s = seconds(self.stage.clock.now());
                let after = self.stage.host()?.job(&id).await?;
                resumed = Some([job.done, after.done]);
            }
            tokio::time::sleep(EDIT_EVERY / 2).await;
            times.push(self.edit().await?);
        }
    }

    /// A backfill never has more items finished than there are, and says either when it will be finished or why that is not
    /// known.
    fn counts(&mut self, job: &JobView) {
        let too_many = job.done > u64::from(self.items);
        if too_many || job.finish_at.is_some() == job.finish_unknown.is_some() {
            self.faults.push(format!("it says of itself: {job:?}"));
        }
    }

    /// One edit; when it does not arrive, what the host says about itself.
    async fn edit(&mut self) -> Result<u64> {
        let edited = self.editor.edit(&self.stage.network).await;
        let Err(error) = edited else {
            return edited;
        };
        let host = self.stage.host()?;
        let (status, errors) = (host.status().await?, host.errors().await?);
        Err(error.context(format!("{status:?} {errors:?}")))
    }

    async fn goes_on(&self, job: &JobView, began: Instant) -> Result<()> {
        if job.state != JobState::Running || began.elapsed() >= MAX {
            let host = self.stage.host()?;
            let (status, errors) = (host.status().await?, host.errors().await?);
            bail!("the backfill does not go on: {job:?} {status:?} {errors:?}");
        }
        Ok(())
    }

    fn goals(&mut self, [before, during]: &[Latencies; 2], [killed, resumed]: [u64; 2]) {
        #[expect(clippy::cast_precision_loss, reason = "milliseconds, far below 2^52")]
        let times = during.p99_ms as f64 / (before.p99_ms.max(1)) as f64;
        if times > LIVE_MAX {
            self.faults.push(format!(
                "live changes took {times:.1} times as long meanwhile"
            ));
        }
        if resumed < killed {
            self.faults.push(format!(
                "killed when {killed} were finished, it went on from {resumed}"
            ));
        }
    }
}

/// Links pairs, asking again for those that are to be asked for later; answers how often that was.
async fn linked(stage: &Stage, mut pairs: Vec<Sides<String>>) -> Result<u32> {
    let (connection, began) = (ConnectionName::new(CONNECTION), Instant::now());
    let mut waits = 0;
    loop {
        let outcomes = stage.host()?.link(&connection, pairs.clone(), WHO).await?;
        ensure!(outcomes.len() == pairs.len(), "an outcome for each pair");
        let (mut again, mut wait) = (Vec::new(), 0);
        for (pair, outcome) in pairs.into_iter().zip(outcomes) {
            match outcome {
                LinkOutcome::Linked(_) | LinkOutcome::Already(_) => {}
                LinkOutcome::Refused(why) => bail!("{pair:?} is refused: {why}"),
                LinkOutcome::Later(later) => {
                    wait = wait.max(later.after_ms);
                    again.push(pair);
                }
            }
        }
        if again.is_empty() {
            return Ok(waits);
        }
        ensure!(
            began.elapsed() < MAX,
            "{} pairs are never looked at",
            again.len()
        );
        waits += 1;
        pairs = again;
        tokio::time::sleep(Duration::from_millis(wait)).await;
    }
}

fn seconds(at: Timestamp) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "milliseconds since 1970, far below 2^52"
    )]
    let millis = at.as_millis() as f64;
    millis / 1000.0
}
