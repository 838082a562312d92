//! Popular Python clients against the simulators, over loopback.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use twinline_sim::github::{Github, GithubConfig};
use twinline_sim::jira_cloud::{self, JiraCloud};
use twinline_sim::serve::SimServer;
use twinline_sim::{Faults, Faulty, Simulator};
use xtask::conformance::clients::Client;
use xtask::needs;
use xtask::served::SystemClock;

/// Serves a simulator and lets a client's program judge it.
async fn check(client: Client, simulator: Box<dyn Simulator>, arguments: &'static [&'static str]) {
    if !needs::met(Client::is_installed(), "the Python clients' environment") {
        return;
    }
    let tracker = Faulty::new(simulator, Faults::default(), 1);
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let server = SimServer::start(tracker, Arc::new(SystemClock), address)
        .await
        .expect("a port of loopback is free");
    let url = server.url();
    let driven = tokio::task::spawn_blocking(move || client.drive(&url, arguments)).await;
    server.shutdown().await;
    let printed = driven
        .expect("driving does not panic")
        .unwrap_or_else(|error| panic!("{error:#}"));
    assert!(printed.starts_with("driven: "), "{printed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pygithub_finds_the_github_that_it_knows() {
    let github = Github::new(GithubConfig::default());
    let arguments = &["github-token", "acme/app", "http://127.0.0.1:9/hooks/gh"];
    check(Client::PyGithub, Box::new(github), arguments).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_jira_package_finds_the_jira_that_it_knows() {
    let jira = JiraCloud::new(jira_cloud::demo_site());
    let arguments = &["twinline@acme.example", jira_cloud::API_TOKEN, "APP"];
    check(Client::Jira, Box::new(jira), arguments).await;
}
