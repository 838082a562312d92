//! Popular Python clients against the simulators, over loopback.

use twinline_sim::needs;
use xtask::conformance::clients::Client;

async fn check(client: Client) {
    if !needs::met(Client::is_installed(), "the Python clients' environment") {
        return;
    }
    if let Err(error) = client.judge().await {
        panic!("{error:#}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pygithub_finds_the_github_that_it_knows() {
    check(Client::PyGithub).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_jira_package_finds_the_jira_that_it_knows() {
    check(Client::Jira).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_azure_devops_package_finds_the_azure_devops_that_it_knows() {
    check(Client::AzureDevOps).await;
}

#[tokio::test]
async fn zenpy_finds_the_zendesk_that_it_knows() {
    check(Client::Zenpy).await;
}

#[tokio::test]
async fn pysnc_finds_the_servicenow_that_it_knows() {
    check(Client::PySnc).await;
}

#[tokio::test]
async fn python_redmine_finds_the_redmine_that_it_knows() {
    check(Client::PythonRedmine).await;
}
