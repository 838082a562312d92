//! A GitHub App in the place of an account's token.

use super::*;
use crate::conformance::granted;
use twinline_sim::github::{APP_KEY, AppConfig, demo_app};

const AUTH: &[(&str, &str)] = &[
    ("app_id", "4711"),
    ("installation_id", "815"),
    ("private_key", APP_KEY),
];

fn with_app(app: AppConfig) -> SimHarness {
    let config = GithubConfig {
        apps: vec![app],
        tokens: Vec::new(),
        ..GithubConfig::default()
    };
    SimHarness::new(
        simulator(config),
        Under {
            auth: AUTH,
            ..under()
        },
    )
}

async fn faults(app: AppConfig) -> String {
    let probe = with_app(app).tracker().probe().await.unwrap();
    probe.faults.join("; ")
}

#[tokio::test]
async fn the_contract_holds_for_an_app() {
    granted::check_report(&conformance::run(&with_app(demo_app())).await);
}

#[tokio::test]
async fn an_app_writes_as_its_bot_and_that_is_us() {
    let h = with_app(demo_app());
    let probe = h.tracker().probe().await.unwrap();
    assert_eq!(probe.faults, Vec::<String>::new());
    let us = probe.account.unwrap();
    assert_eq!(us.login.as_deref(), Some("twinline-sync[bot]"));
    let item = odd::begun(&h).await;
    let marker = Marker {
        root: "r".into(),
        link: "l".into(),
    };
    let effect = Effect::AddComment {
        item: item.item,
        channel: "public".to_owned(),
        body: twinline_core::richtext::Document::from_plain("said"),
        marker,
    };
    let written = h.tracker().apply(&effect).await.unwrap();
    assert_eq!(written.comment.unwrap().author.id, us.id);
    assert_eq!(
        h.tracker().probe_place(&h.scope(), None).await.unwrap(),
        [""; 0]
    );
}

#[tokio::test]
async fn what_an_app_lacks_is_said() {
    let with = |change: fn(&mut AppConfig)| {
        let mut app = demo_app();
        change(&mut app);
        app
    };
    let reads = with(|app| drop(app.permissions.insert("issues".into(), "read".into())));
    let told = faults(reads).await;
    assert!(
        told.contains("lacks the permission Issues: Read and write"),
        "{told}"
    );
    let told = faults(with(|app| app.suspended = true)).await;
    assert!(told.contains("suspended"), "{told}");
    let told = faults(with(|app| app.installation = 9)).await;
    assert!(told.contains("404"), "{told}");
    let told = faults(with(|app| app.id = 9)).await;
    assert!(told.contains("Integration not found"), "{told}");
}

#[test]
fn a_key_that_is_none_is_refused_without_showing_it() {
    let build = |key: &str| {
        let auth = [
            ("app_id", "4711"),
            ("installation_id", "815"),
            ("private_key", key),
        ];
        let node = Node {
            description: None,
            name: "hub".into(),
            url: "https://api.github.example".parse().unwrap(),
            auth: auth
                .map(|(key, secret)| (key.to_owned(), Secret::new(secret)))
                .into(),
            write_spacing: None,
            unlimited: true,
            learnt: crate::Learnt::default(),
        };
        super::super::app::App::of(&node).map(|app| format!("{app:?}"))
    };
    assert_eq!(build(APP_KEY).unwrap(), "Some(App(4711, installation 815))");
    for key in [
        "ghp_abc",
        "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----",
    ] {
        let error = build(key).unwrap_err().to_string();
        assert!(error.contains("no RSA key in PEM"), "{error}");
        assert!(
            !error.contains("AAAA") && !error.contains("ghp_abc"),
            "{error}"
        );
    }
}
