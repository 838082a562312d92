//! What was there before reads the page: a client library of Statuspage's API, an exporter of it to Prometheus, a reader of
//! feeds, and the grammar of Atom. None knows Twinline, and none is changed.

use super::*;
use serde_json::json;
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;
use twinline_core::watch::page::Stage;
use twinline_sim::needs;

/// Installed by `cargo xtask test`.
const TESTDATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/testdata");
/// A program that takes longer is ended.
const PATIENCE_S: &str = "120";

/// The site on a port of its own.
struct Served {
    visit: Visit,
    url: String,
}

impl Served {
    async fn start(shown: Shown) -> Self {
        let visit = Visit::to(shown);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = visit.router.clone();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { visit, url }
    }
}

/// Something that was installed under `target/testdata`; `None`: the test is skipped.
fn installed(path: &str) -> Option<String> {
    let whole = format!("{TESTDATA}/{path}");
    needs::met(Path::new(&whole).exists(), &whole).then_some(whole)
}

/// Runs a program in a folder of its own; what it printed.
async fn run(folder: &Path, program: &str, arguments: &[&str], set: &[(&str, &str)]) -> String {
    let mut command = Command::new("timeout");
    command.args([PATIENCE_S, program]).args(arguments);
    command.current_dir(folder).envs(set.iter().copied());
    // No proxy of the machine's stands between it and loopback.
    command.envs([("NO_PROXY", "127.0.0.1"), ("no_proxy", "127.0.0.1")]);
    let done = tokio::task::spawn_blocking(move || command.output());
    let Output {
        status,
        stdout,
        stderr,
    } = done.await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&stderr);
    assert!(status.success(), "{program}: {status}: {said}");
    String::from_utf8(stdout).unwrap()
}

/// Runs a program and reads what it printed as JSON.
async fn answer(program: &str, arguments: &[&str]) -> Value {
    let folder = TempDir::new().unwrap();
    let printed = run(folder.path(), program, arguments, &[]).await;
    serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error}: {printed}"))
}

/// The values of a member, in order.
fn each(of: &Value, name: &str) -> Vec<Value> {
    let all = of.as_array().unwrap().iter();
    all.map(|it| it[name].clone()).collect()
}

async fn asked(url: &str, package: &str) -> Value {
    let program = include_str!("readers/client.js");
    answer("node", &["-e", program, package, url]).await
}

#[tokio::test]
async fn a_client_library_finds_the_types_that_it_declares() {
    let Some(package) = installed("statuspage/node_modules/statuspage.io") else {
        return;
    };
    let mut world = World::busy();
    let served = Served::start(world.shown()).await;
    let told = asked(&served.url, &package).await;
    assert_eq!(
        told["status"]["status"],
        json!({ "indicator": "minor", "description": "Partially Degraded Service" })
    );
    assert_eq!(each(&told["incidents"]["incidents"], "id"), ["4", "2", "1"]);
    let unresolved = &told["unresolved"]["incidents"];
    assert_eq!(each(unresolved, "status"), ["identified"]);
    assert_eq!(*unresolved, told["summary"]["incidents"]);
    assert_eq!(
        told["components"]["components"],
        told["summary"]["components"]
    );
    let upcoming = &told["upcoming"]["scheduled_maintenances"];
    assert_eq!(each(upcoming, "id"), ["m2"]);
    assert_eq!(
        each(&told["maintenances"]["scheduled_maintenances"], "status"),
        ["scheduled"],
        "the library asks for what is ahead, also where it says that it asks for all"
    );

    // With nothing to tell the arrays are there, and empty.
    world = World::new("2026-11-28T17:30:00Z");
    let served = Served::start(world.shown()).await;
    let told = asked(&served.url, &package).await;
    assert_eq!(told["summary"]["incidents"], json!([]));
    assert_eq!(told["summary"]["status"]["indicator"], "none");
}

/// The figures that the exporter makes of a page, by its own names; the page's address is `URL` in them.
async fn exported(folder: &Path, python: &str, url: &str) -> Vec<String> {
    let services =
        json!({ "acme": { "name": "Acme", "url": format!("{url}/api/v2/summary.json") } });
    std::fs::write(folder.join("services.json"), services.to_string()).unwrap();
    let set = [
        ("RUN_MODE", "once"),
        ("SERVICES_JSON_PATH", "services.json"),
        ("METRICS_TEXTFILE_PATH", "figures.prom"),
    ];
    let module = "statuspage_prometheus_exporter.status_monitoring";
    run(folder, python, &["-I", "-m", module], &set).await;
    let text = std::fs::read_to_string(folder.join("figures.prom")).unwrap();
    let lines = text.lines().filter(|it| it.starts_with("statuspage_"));
    // What depends on when it runs, and how fast.
    let timed = ["_timestamp{", "_response_time_", "_uptime_"];
    let lines = lines.filter(|it| !timed.iter().any(|timed| it.contains(timed)));
    lines.map(str::to_owned).collect()
}

#[tokio::test]
async fn an_exporter_makes_figures_of_components_incidents_and_maintenance() {
    let Some(python) = installed("readers/bin/python") else {
        return;
    };
    let mut world = World::busy();
    let served = Served::start(world.shown()).await;
    let folder = TempDir::new().unwrap();
    let figures = exported(folder.path(), &python, &served.url).await;
    let incident = "statuspage_incident_info{affected_components=\"Administration\",impact=\"minor\",incident_id=\"4\",\
                    incident_name=\"Administration: degraded performance\",service_name=\"Acme\",\
                    shortlink=\"https://status.acme.example/incidents/4\",started_at=\"2026-11-28T16:58:20Z\"} 1.0";
    let maintenance = "statuspage_maintenance_info{affected_components=\"Webhooks\",maintenance_id=\"m2\",\
                       maintenance_name=\"New certificates at the edge\",scheduled_end=\"2026-12-04T23:09:00Z\",\
                       scheduled_start=\"2026-12-04T21:09:00Z\",service_name=\"Acme\",\
                       shortlink=\"https://status.acme.example/maintenance/2\"} 1.0";
    let component = |(name, well): (&str, u8)| {
        format!(
            "statuspage_component_status{{component_name=\"{name}\",service_name=\"Acme\"}} {well}.0"
        )
    };
    let expected = |well: u8, incidents: &[&str]| {
        let mut lines = vec![format!(
            "statuspage_service_status{{service_name=\"Acme\"}} {well}.0"
        )];
        lines.extend(incidents.iter().map(|it| (*it).to_owned()));
        lines.push(maintenance.to_owned());
        let components = [
            ("Synchronisation", 1),
            ("Webhooks", 1),
            ("Administration", well),
            ("Trackers", 1),
            ("GitHub", 1),
            ("Jira Cloud", 1),
        ];
        lines.extend(components.map(component));
        lines.push("statuspage_probe_check{service_name=\"Acme\"} 1.0".to_owned());
        lines
    };
    assert_eq!(figures, expected(0, &[incident]));

    world.recovers(4);
    world.says(4, Stage::Resolved, "Commits end again.");
    served.visit.shows.send_replace(Arc::new(world.shown()));
    let over = exported(folder.path(), &python, &served.url).await;
    let over: Vec<String> = over
        .into_iter()
        .filter(|it| !it.ends_with("} 0.0"))
        .collect();
    assert_eq!(over, expected(1, &[]));
}

async fn feeds(url: &str, python: &str, grammar: &str) -> Value {
    let program = include_str!("readers/feeds.py");
    answer(python, &["-I", "-c", program, url, grammar]).await
}

#[tokio::test]
async fn a_reader_reads_both_feeds_and_atom_keeps_its_grammar() {
    let (Some(python), Some(grammar)) = (
        installed("readers/bin/python"),
        installed("readers/atom.rng"),
    ) else {
        return;
    };
    let served = Served::start(World::busy().shown()).await;
    let told = feeds(&served.url, &python, &grammar).await;
    let (atom, rss) = (&told["atom"], &told["rss"]);
    let base = "https://status.acme.example/";
    assert_eq!(atom["title"], rss["title"]);
    assert_eq!(
        atom["links"],
        json!({ "self": format!("{base}history.atom"), "alternate": base })
    );
    assert_eq!(
        rss["links"],
        json!({ "self": format!("{base}history.rss"), "alternate": base })
    );
    assert_eq!(atom["entries"].as_array().unwrap().len(), 5);
    // Both tell the same, of the same things.
    for name in ["id", "title", "link", "published", "text"] {
        let [atom, rss] = [atom, rss].map(|feed| each(&feed["entries"], name));
        assert_eq!(atom, rss, "{name}");
    }
    let first = &atom["entries"][0];
    assert_eq!(first["link"], format!("{base}incidents/4"));
    assert_eq!(first["published"], json!([2026, 11, 28, 16, 58, 40]));
    assert_eq!(first["updated"], json!([2026, 11, 28, 17, 13, 20]));

    for shown in [
        World::new("2026-11-28T17:30:00Z").shown(),
        hostile::world().shown(),
    ] {
        let served = Served::start(shown).await;
        feeds(&served.url, &python, &grammar).await;
    }
}
