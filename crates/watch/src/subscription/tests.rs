//! Subscriptions against a real mail server.

mod hooks;
mod many;

use super::links::NotOurs;
use super::*;
use crate::channel::{Addresses, Channel, Deadlines, Outside, Settings, SmtpSettings};
use crate::site::{Refused, Shown, Subscriptions as _};
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use twinline_core::handles::Clock;
use twinline_core::time::Timestamp;
use twinline_core::watch::incident::{Impact, IncidentId};
use twinline_core::watch::page::{
    Amendment, AutoOpen, Component, Event, Page, Shown as Fails, Stage, StatusPage,
};
use twinline_core::watch::signal::Severity;
use twinline_core::watch::subscription::Address;
use twinline_sim::smtpd::{Encryption, Letter, Smtpd, SmtpdSettings};
use twinline_trackers::http::{Names, Secret, Trust};
use url::Url;

/// When everything here happens: 2026-11-29T18:00:00Z.
const NOW: Timestamp = Timestamp::from_millis(1_795_975_200_000);

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        NOW
    }
}

struct NoNames;

#[async_trait]
impl Names for NoNames {
    async fn addresses(&self, host: &str) -> std::io::Result<Vec<IpAddr>> {
        Err(std::io::Error::other(format!("nobody knows {host}")))
    }
}

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

fn links() -> Links {
    Links::new([b"key".as_slice()]).unwrap()
}

fn base() -> Url {
    "https://status.acme.example/below/".parse().unwrap()
}

fn token(link: &Url) -> String {
    link.path_segments()
        .unwrap()
        .next_back()
        .unwrap()
        .to_owned()
}

#[test]
fn a_link_does_what_it_was_made_for_and_nothing_else() {
    let links = links();
    let ada = address("ada@acme.example");
    let confirm = links.confirm(&base(), &ada, NOW).unwrap();
    let leave = links.leave(&base(), &ada).unwrap();
    assert!(
        confirm
            .as_str()
            .starts_with("https://status.acme.example/below/subscribe/")
    );
    assert!(
        leave
            .as_str()
            .starts_with("https://status.acme.example/below/unsubscribe/")
    );
    let (confirm, leave) = (token(&confirm), token(&leave));
    let hours = |hours: u64| NOW.plus(Duration::from_secs(hours * 3600));
    assert_eq!(links.confirmed(&confirm, hours(48)), Ok(ada.clone()));
    assert!(matches!(
        links.confirmed(&confirm, hours(49)),
        Err(NotOurs::Expired(_))
    ));
    assert_eq!(links.left(&leave), Ok(ada));
    assert_eq!(links.left(&confirm), Err(NotOurs::Forged));
    assert_eq!(links.confirmed(&leave, NOW), Err(NotOurs::Forged));
    let other = Links::new([b"other".as_slice()]).unwrap();
    assert_eq!(other.left(&leave), Err(NotOurs::Forged));
    let mut changed = leave.into_bytes();
    changed[4] ^= 1;
    let changed = String::from_utf8(changed).unwrap();
    assert_eq!(links.left(&changed), Err(NotOurs::Forged));
}

/// A page that says something when it is asked to.
struct Paper {
    status: StatusPage,
    page: Page,
    shows: watch::Sender<Arc<Shown>>,
}

impl Paper {
    fn new() -> Self {
        let page = Page {
            components: vec![Component {
                name: "Webhooks".to_owned(),
                group: None,
                elements: vec!["edge".parse().unwrap()],
                worst: None,
                auto: true,
            }],
            auto_open: AutoOpen {
                after: Duration::ZERO,
                elements: vec!["edge".parse().unwrap()],
            },
            population: [("edge".parse().unwrap(), 2)].into(),
        };
        let status = StatusPage::default();
        let (shows, _) = watch::channel(Arc::new(shown(&status, &page)));
        Self {
            status,
            page,
            shows,
        }
    }

    fn says(&mut self, event: Event) {
        self.status.apply(event, NOW, &self.page);
        self.shows
            .send_replace(Arc::new(shown(&self.status, &self.page)));
    }

    fn fails(&mut self) {
        self.says(Event::Incident(Fails {
            incident: IncidentId(7),
            element: "edge:e1".parse().unwrap(),
            severity: Severity::Critical,
            impact: Impact::Major,
            failing: [("edge:e1".parse().unwrap(), Severity::Critical)].into(),
        }));
    }

    fn posts(&mut self, body: &str) {
        self.says(Event::Post {
            incident: IncidentId(7),
            by: "ada".to_owned(),
            stage: Stage::Identified,
            body: body.to_owned(),
            also: Amendment::default(),
        });
    }
}

fn shown(status: &StatusPage, page: &Page) -> Shown {
    Shown {
        name: "Acme Sync".to_owned(),
        time_zone: "Europe/Brussels".parse().unwrap(),
        public_url: Some(base()),
        status: status.clone(),
        page: page.clone(),
        at: NOW,
    }
}

/// A herald at work.
struct AtWork {
    registry: Registry,
    ends: oneshot::Sender<()>,
    task: JoinHandle<()>,
    /// Letters go nowhere without it.
    _post: watch::Sender<Option<Arc<Post>>>,
}

fn begin(file: &Path, paper: &Paper, server: Option<&Smtpd>) -> AtWork {
    let post = server.map(|server| {
        let trust = Trust::of_this_machine().unwrap();
        let addresses = Addresses::new(Arc::new(NoNames), Duration::from_secs(5), BTreeMap::new());
        let outside =
            Outside::new(&trust, addresses, Arc::new(Still), Deadlines::default()).unwrap();
        let settings = Settings::Smtp(SmtpSettings {
            url: Secret::new(format!("smtp://127.0.0.1:{}", server.port())),
            from: "Acme Sync <status@acme.example>",
            trust: &trust,
        });
        Arc::new(Post {
            mail: Some(Arc::new(Channel::new("mail", settings, &outside).unwrap())),
            hooks: None,
            links: Arc::new(links()),
            public_url: base(),
            name: "Acme Sync".to_owned(),
            time_zone: "Europe/Brussels".parse().unwrap(),
            administrators: BTreeMap::new(),
        })
    });
    begin_with(file, paper, post)
}

fn begin_with(file: &Path, paper: &Paper, post: Option<Arc<Post>>) -> AtWork {
    let (post, posted) = watch::channel(post);
    let (herald, registry) = Herald::begin(
        file.to_owned(),
        paper.shows.subscribe(),
        posted,
        Arc::new(Still),
    );
    let (ends, end) = oneshot::channel::<()>();
    let task = tokio::spawn(herald.run(async {
        // Whoever drops the sender ends it too.
        end.await.ok();
    }));
    AtWork {
        registry,
        ends,
        task,
        _post: post,
    }
}

impl AtWork {
    async fn end(self) {
        self.ends.send(()).unwrap();
        self.task.await.unwrap();
    }
}

fn server() -> Option<Smtpd> {
    if !Smtpd::can_run() {
        return None;
    }
    let settings = SmtpdSettings {
        encryption: Encryption::None,
        certificate: String::new(),
        login: None,
    };
    Some(Smtpd::start(&settings).unwrap())
}

/// Waits until there are so many letters.
async fn letters(server: &Smtpd, count: usize) -> Vec<Letter> {
    let arrived = async {
        loop {
            let letters = server.letters().unwrap();
            if letters.len() >= count {
                return letters;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let arrived = tokio::time::timeout(Duration::from_secs(30), arrived);
    let letters = arrived.await.expect("the letters arrive");
    assert_eq!(letters.len(), count);
    letters
}

/// A letter as it is read: its lines are not broken for travel.
fn readable(letter: &Letter) -> String {
    let content = letter.content.replace("\r\n", "\n").replace("=\n", "");
    content.replace("=3D", "=").replace("\n ", " ")
}

fn link(letter: &Letter, folder: &str) -> String {
    let content = readable(letter);
    let start = format!("https://status.acme.example/below/{folder}/");
    let at = content.rfind(&start).expect("a link") + start.len();
    let token = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    content[at..].chars().take_while(token).collect()
}

#[tokio::test]
async fn a_visitor_subscribes_is_told_and_leaves() {
    let Some(server) = server() else {
        return;
    };
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("subscribers.json");
    let mut paper = Paper::new();
    let work = begin(&file, &paper, Some(&server));
    let ada = address("ada@acme.example");
    assert!(work.registry.offered().mail);
    // However often: one letter.
    for _ in 0..3 {
        work.registry.ask(ada.clone()).await.unwrap();
    }
    let asking = letters(&server, 1).await.remove(0);
    assert_eq!(asking.to, ["ada@acme.example"]);
    let content = readable(&asking);
    assert!(
        content.contains("Subject: Acme Sync: confirm your subscription\n"),
        "{content}"
    );
    assert!(!content.contains("List-Unsubscribe"));
    // Nothing is kept, and nobody is told, before it is confirmed.
    paper.fails();
    let confirm = link(&asking, "subscribe");
    work.registry.confirm(&confirm).await.unwrap();
    work.registry.confirm(&confirm).await.unwrap();
    paper.posts("The cause is known.");
    let news = letters(&server, 2).await.remove(1);
    let content = readable(&news);
    for line in [
        "Subject: Acme Sync: Webhooks: major outage: identified\n",
        "Auto-Submitted: auto-generated\n",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click\n",
        "Webhooks: major outage\nidentified, 29 Nov 2026, 19:00 CET\n\nThe cause is known.\n",
        "https://status.acme.example/below/incidents/7\n",
    ] {
        assert!(content.contains(line), "'{line}' is not in\n{content}");
    }
    let leave = link(&news, "unsubscribe");
    assert!(content.contains(&format!(
        "List-Unsubscribe: <https://status.acme.example/below/unsubscribe/{leave}>"
    )));
    work.registry.leave(&leave).await.unwrap();
    assert_eq!(
        work.registry.leave("forged").await,
        Err(Refused::UnknownLink)
    );
    work.end().await;
    let kept = std::fs::read_to_string(&file).unwrap();
    assert!(!kept.contains("ada@"), "{kept}");
}

#[tokio::test]
async fn what_was_said_while_nothing_could_be_sent_is_told_after_a_restart() {
    let Some(server) = server() else {
        return;
    };
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("subscribers.json");
    let mut paper = Paper::new();
    let work = begin(&file, &paper, Some(&server));
    let ada = address("ada@acme.example");
    let confirm = token(&links().confirm(&base(), &ada, NOW).unwrap());
    work.registry.confirm(&confirm).await.unwrap();
    work.end().await;
    // Without a way to send mail nothing is offered, and nothing gets lost.
    let work = begin(&file, &paper, None);
    assert!(!work.registry.offered().any());
    assert_eq!(work.registry.ask(ada).await, Err(Refused::Busy));
    paper.fails();
    work.end().await;
    paper.posts("More.");
    let work = begin(&file, &paper, Some(&server));
    let news = letters(&server, 1).await.remove(0);
    let content = readable(&news);
    assert!(
        content.contains("Acme Sync: 2 updates; Webhooks: major outage: identified"),
        "{content}"
    );
    work.end().await;
}

#[tokio::test]
async fn a_damaged_file_is_put_aside() {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("subscribers.json");
    std::fs::write(&file, "{\"known\":[").unwrap();
    let paper = Paper::new();
    let work = begin(&file, &paper, None);
    work.end().await;
    let names = std::fs::read_dir(folder.path()).unwrap();
    let names: Vec<String> = names
        .map(|it| it.unwrap().file_name().into_string().unwrap())
        .collect();
    let aside = format!("subscribers.damaged-{}", NOW.as_millis());
    assert!(names.contains(&aside), "{names:?}");
}
