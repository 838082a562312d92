//! What cannot be made is told of, and made when it can be; what an edit leaves out is told to the driver.

use super::super::bench::{Begun, begin};
use super::*;
use futures_util::FutureExt as _;
use tokio_util::sync::CancellationToken;
use twinline_core::watch::probe::Outcome;
use twinline_watch::driver::Shown as Incident;

/// Nothing that is waited for takes longer.
const PATIENCE: Duration = Duration::from_secs(90);

/// One of the old probes, which says a last thing when it ends, as if it had run for days.
struct Late(Handle, Element);

impl Drop for Late {
    fn drop(&mut self) {
        let seen = vec![(self.1.clone(), Outcome::Passed)];
        let probe: Arc<str> = Arc::from("edge");
        let said = self.0.results(&probe, 1_000_000, seen);
        // The queue has room, or the driver has ended.
        let _taken = said.now_or_never();
    }
}

/// A watch at work, without its listeners.
struct Bench {
    folder: tempfile::TempDir,
    driver: Handle,
    inbound: watch::Receiver<Option<Secret>>,
    end: CancellationToken,
}

impl Bench {
    async fn start(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self::on(folder, text).await
    }

    async fn on(folder: tempfile::TempDir, text: &str) -> Self {
        std::fs::write(folder.path().join("twinline.toml"), text).unwrap();
        let Begun {
            file,
            config,
            data,
            lasting,
            built,
            work,
            driver,
        } = begin(folder.path(), text).await;
        let secrets = Secrets::look(&file, &config);
        let (inbound, heard) = watch::channel(None);
        let reload = Reload {
            file,
            folder: data,
            lasting,
            driver: driver.clone(),
            shown: Shown {
                central: watch::channel(None).0,
                post: watch::channel(None).0,
                inbound,
            },
            machine: config.instance.machine.clone(),
            listens: [config.watch_private(), config.watch.listen],
            config,
            seen: Some(Seen {
                text: text.to_owned(),
                secrets,
            }),
        };
        let end = CancellationToken::new();
        let ends = end.clone();
        tokio::spawn(async move { work.run(ends.cancelled()).await });
        let mut at_work = reload.work(built);
        let subject = Element::new(Kind::Edge, reload.machine.clone());
        let late = Late(driver.clone(), subject);
        at_work.tasks.spawn(async move {
            let _late = late;
            std::future::pending().await
        });
        let (ends, run) = (end.clone(), reload.run(None, at_work));
        tokio::spawn(async move {
            tokio::select! {
                () = ends.cancelled() => {}
                ended = run => panic!("it goes on for ever: {ended:?}"),
            }
        });
        Self {
            folder,
            driver,
            inbound: heard,
            end,
        }
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).unwrap();
    }

    /// Waits until the incident of the configuration is so; what it says.
    async fn configuration(&self, failing: bool) -> Incident {
        until("the incident of the configuration", async || {
            let mut found = self.driver.overview().await.ok()?.incidents.into_iter();
            let found = found.find(|it| it.element.kind == Kind::Configuration)?;
            (found.failing.is_empty() != failing).then_some(found)
        })
        .await
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.end.cancel();
    }
}

async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "waited for: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

const MAIL: &str = "format = 1\n[watch.channels]\n\
    mail = { kind = \"smtp\", url = { file = \"smtp.url\" }, from = \"w@acme.example\" }\n\
    [watch.people]\nada = { zone = \"UTC\", reach = [\"mail:ada@acme.example\"] }\n";

#[tokio::test]
async fn a_channel_whose_secret_is_not_there_is_told_of_and_used_when_it_comes() {
    let bench = Bench::start(MAIL).await;
    let told = bench.configuration(true).await;
    assert!(
        told.headline.contains("channel mail cannot be used"),
        "{told:?}"
    );
    assert_eq!(told.severity, Severity::Critical, "nobody is left");
    bench.write("smtp.url", "smtp://127.0.0.1:9");
    bench.configuration(false).await;
    let overview = bench.driver.overview().await.unwrap();
    assert!(!overview.nobody_to_call && overview.unusable_channels.is_empty());
    // And it goes again.
    std::fs::remove_file(bench.folder.path().join("smtp.url")).unwrap();
    bench.configuration(true).await;
}

#[tokio::test]
async fn a_database_whose_address_cannot_be_read_keeps_no_watch_from_its_work() {
    let text = format!("{MAIL}[central]\nurl = {{ file = \"central.url\" }}\n");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("smtp.url"), "smtp://127.0.0.1:9").unwrap();
    let bench = Bench::on(folder, &text).await;
    let told = bench.configuration(true).await;
    assert!(
        told.headline
            .contains("the central database is not watched"),
        "{told:?}"
    );
    assert_eq!(told.severity, Severity::Warning, "ada is left");
    let canary = async || {
        let probes = bench.driver.overview().await.ok()?.probes;
        Some(probes.iter().any(|it| it.probe == "commit_canary"))
    };
    assert_eq!(canary().await, Some(false));
    bench.write("central.url", "postgres://twinline@127.0.0.1:9/twinline");
    bench.configuration(false).await;
    until("its probe", async || canary().await.filter(|it| *it)).await;
}

#[tokio::test]
async fn a_workspace_whose_token_is_not_there_is_told_of_and_heard_when_it_comes() {
    let token = "report_token = { file = \"acme.report\" }\n";
    let bench = Bench::start(&format!("format = 1\n[workspaces.acme]\n{token}")).await;
    let told = bench.configuration(true).await;
    let said = "reports of workspace acme are refused";
    assert!(told.headline.contains(said), "{told:?}");
    bench.write("acme.report", "the token of acme");
    bench.configuration(false).await;
}

#[tokio::test]
async fn what_an_edit_brings_holds_without_a_start() {
    let bench = Bench::start("format = 1\n").await;
    assert!(bench.inbound.borrow().is_none());
    let switch = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", switch.local_addr().unwrap());
    let ping = "outside_ping = { url = { file = \"ping.url\" }, period_s = 3600 }\n";
    let text = "format = 1\n[watch]\ninbound_token = { file = \"inbound\" }\n";
    bench.write("inbound", "shown");
    bench.write("ping.url", &url);
    bench.write("twinline.toml", &format!("{text}{ping}"));
    let asked = tokio::time::timeout(PATIENCE, switch.accept()).await;
    drop(asked.expect("it is asked").unwrap());
    let token = bench.inbound.borrow().clone().unwrap();
    assert_eq!(token.expose(), "shown");
    bench.write("inbound", "another");
    until("the other token", async || {
        let token = bench.inbound.borrow().clone()?;
        (token.expose() == "another").then_some(())
    })
    .await;
    // Without a ping nothing of it fails, whatever was said of it.
    let failing = Signal {
        state: state(Some("it"), &[], false),
        ..ping::none("m1")
    };
    assert!(bench.driver.signal(failing).await);
    let of_ping = async |failing: bool| {
        until("the incident of the ping", async || {
            let mut found = bench.driver.overview().await.ok()?.incidents.into_iter();
            let found = found.find(|it| it.element.name == "outside_ping")?;
            (found.failing.is_empty() != failing).then_some(())
        })
        .await;
    };
    of_ping(true).await;
    bench.write("twinline.toml", text);
    of_ping(false).await;
}

#[tokio::test]
async fn late_results_of_the_old_probes_keep_none_of_the_new_ones_from_being_heard() {
    let text = |name: &str| {
        format!(
            "format = 1\n[instance]\nname = \"{name}\"\n[edge]\nhealth = \"127.0.0.1:9\"\n[watch.probes]\n\
             edge = {{ period_ms = 200, deadline_ms = 5000, open_after = 1, close_after = 2 }}\n"
        )
    };
    let bench = Bench::start(&text("before")).await;
    // The old one says at its end that the edge is well, and that is news: now what fails is counted. Nobody is there.
    bench.write("twinline.toml", &text("after"));
    let told = until("the new probe to be heard", async || {
        let mut found = bench.driver.overview().await.ok()?.incidents.into_iter();
        found.find(|it| it.element.kind == Kind::Edge)
    })
    .await;
    assert!(!told.headline.contains("nothing is heard"), "{told:?}");
}

#[test]
fn a_configuration_is_as_bad_as_what_it_keeps_from_people() {
    let faults = ["a is not there".to_owned(), "b neither".to_owned()];
    let check = |broken, faults: &[String], nobody, expected: Option<(Severity, &str)>| {
        let found = match state(broken, faults, nobody) {
            State::Passing => None,
            State::Failing {
                severity, summary, ..
            } => Some((severity, summary)),
        };
        let expected = expected.map(|(severity, summary)| (severity, summary.to_owned()));
        assert_eq!(found, expected);
    };
    check(None, &[], false, None);
    check(
        None,
        &faults,
        true,
        Some((Severity::Critical, "a is not there; b neither")),
    );
    check(
        Some("line 1"),
        &faults[..1],
        false,
        Some((
            Severity::Warning,
            "the configuration is broken, and the last good one holds: line 1; a is not there",
        )),
    );
}
