//! What is asked, and what is written, without a tracker.

use super::answers::{Keeping, gather};
use super::ask::Ask;
use super::section;
use crate::cli::AddNodeArgs;
use crate::config;
use anyhow::Result;
use std::collections::VecDeque;
use std::path::Path;
use twinline_trackers::http::Secret;
use twinline_trackers::registry;

/// A person who has these answers, in order; nobody where there are none.
#[derive(Default)]
struct Person {
    answers: VecDeque<&'static str>,
    said: Vec<String>,
}

impl Person {
    fn with(answers: &[&'static str]) -> Self {
        Self {
            answers: answers.iter().copied().collect(),
            said: Vec::new(),
        }
    }

    fn next(&mut self, question: &str) -> &'static str {
        self.said.push(question.to_owned());
        self.answers.pop_front().unwrap()
    }
}

impl Ask for Person {
    fn can(&self) -> bool {
        !self.answers.is_empty()
    }

    fn tell(&mut self, text: &str) -> Result<()> {
        self.said.push(text.to_owned());
        Ok(())
    }

    fn line(&mut self, question: &str, default: &str) -> Result<String> {
        let answer = self.next(question);
        Ok(if answer.is_empty() { default } else { answer }.to_owned())
    }

    fn secret(&mut self, question: &str) -> Result<Secret> {
        Ok(Secret::new(self.next(question)))
    }
}

const BEFORE: &str = "# mine\nformat = 1   # the form\n\n[edge]\nlisten = \"127.0.0.1:0\" # here\n";

fn pairs(all: &[(&str, &str)]) -> Vec<(String, String)> {
    let all = all.iter();
    all.map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

/// The section that is written; above it all is as it was, and the whole can be read.
#[track_caller]
fn check(args: &AddNodeArgs, person: &mut Person, expected: &str) {
    let file = Path::new("twinline.toml");
    let before = config::parse(file, BEFORE).unwrap();
    let (name, answers) = gather(args, &before, &Keeping::Files, person).unwrap();
    let after = section::with(BEFORE, &name, &answers);
    assert_eq!(after.strip_prefix(BEFORE).unwrap(), format!("\n{expected}"));
    let read = config::parse(file, &after).unwrap();
    assert_eq!(read.nodes.len(), 1);
}

/// Why nothing is written.
#[track_caller]
fn refuses(args: &AddNodeArgs, expected: &str) {
    let before = config::parse(Path::new("twinline.toml"), BEFORE).unwrap();
    let error = gather(args, &before, &Keeping::Files, &mut Person::default()).unwrap_err();
    let said = error.to_string();
    assert!(said.contains(expected), "{said}");
}

#[test]
fn a_person_is_asked_for_what_the_tracker_needs_and_told_where_it_is_made() {
    let mut person = Person::with(&[
        "jira-cloud",
        "acme-jira",
        "",
        "",
        "sync@acme.example",
        "a-token",
    ]);
    check(
        &AddNodeArgs::default(),
        &mut person,
        "[nodes.acme-jira]\ntracker = \"jira-cloud\"\nurl     = \"https://acme.atlassian.net\"\n\
         auth    = { email = \"sync@acme.example\", token = { file = \"secrets/acme-jira.token\" } }\n\
         webhook = { secrets = [{ file = \"secrets/acme-jira.hook\" }] }\n",
    );
    let said = person.said.join("\n");
    assert!(
        said.contains("id.atlassian.com") && said.contains("transition issues"),
        "{said}"
    );
    assert!(!said.contains("a-token"), "{said}");
}

#[test]
fn a_person_picks_how_the_node_signs_in() {
    check(
        &AddNodeArgs::default(),
        &mut Person::with(&["github", "hub", "", "2", "4711", "815", "keys/app.pem"]),
        "[nodes.hub]\ntracker = \"github\"\nurl     = \"https://api.github.com\"\n\
         auth    = { app_id = \"4711\", installation_id = \"815\", private_key = { file = \"keys/app.pem\" } }\n\
         webhook = { secrets = [{ file = \"secrets/hub.hook\" }] }\n",
    );
    let before = config::parse(Path::new("twinline.toml"), BEFORE).unwrap();
    let mut person = Person::with(&["github", "hub", "", "3"]);
    let error = gather(
        &AddNodeArgs::default(),
        &before,
        &Keeping::Files,
        &mut person,
    )
    .unwrap_err();
    assert!(
        error.to_string().contains("'3' is none of these"),
        "{error}"
    );
}

#[test]
fn options_say_all_and_nobody_is_asked() {
    let args = AddNodeArgs {
        name: Some("rm".into()),
        tracker: Some("redmine".into()),
        url: Some("http://10.0.0.5/redmine".parse().unwrap()),
        secret_env: pairs(&[("key", "REDMINE_KEY")]),
        texts: Some("textile".into()),
        allow_private: vec!["10.0.0.0/8".parse().unwrap()],
        ..AddNodeArgs::default()
    };
    check(
        &args,
        &mut Person::default(),
        "[nodes.rm]\ntracker = \"redmine\"\nurl     = \"http://10.0.0.5/redmine\"\nauth    = { key = { env = \"REDMINE_KEY\" } }\n\
         allow_private = [\"10.0.0.0/8\"]\ntexts   = \"textile\"\n\
         sweep_s = { period = 10 }   # it sends no webhooks: it is asked this often, in seconds\n",
    );
}

#[test]
fn a_described_tracker_is_added_with_the_file_that_describes_it() {
    let args = AddNodeArgs {
        name: Some("desk".into()),
        tracker: Some("json-http".into()),
        url: Some("https://desk.acme.example".parse().unwrap()),
        auth: pairs(&[("user", "sync")]),
        secret_env: pairs(&[("password", "DESK")]),
        description: Some("trackers/d.toml".into()),
        ..AddNodeArgs::default()
    };
    check(
        &args,
        &mut Person::default(),
        "[nodes.desk]\ntracker = \"json-http\"\nurl     = \"https://desk.acme.example\"\n\
         auth    = { password = { env = \"DESK\" }, user = \"sync\" }\ndescription = \"trackers/d.toml\"\n\
         sweep_s = { period = 10 }   # it sends no webhooks: it is asked this often, in seconds\n",
    );
    check(
        &AddNodeArgs::default(),
        &mut Person::with(&["json-http", "desk", "", "", "", "a-token"]),
        "[nodes.desk]\ntracker = \"json-http\"\nurl     = \"https://desk.acme.example\"\n\
         auth    = { token = { file = \"secrets/desk.token\" } }\ndescription = \"trackers/desk.toml\"\n\
         sweep_s = { period = 10 }   # it sends no webhooks: it is asked this often, in seconds\n",
    );
    let without = AddNodeArgs {
        description: None,
        ..args.clone()
    };
    refuses(&without, "such as --description trackers/desk.toml");
    let needless = AddNodeArgs {
        tracker: Some("github".into()),
        ..args
    };
    refuses(&needless, "GitHub is known without one");
}

#[test]
fn what_is_missing_or_does_not_belong_is_said_and_a_secret_is_never_repeated() {
    let with = |tracker: &str, change: &dyn Fn(&mut AddNodeArgs)| {
        let mut args = AddNodeArgs {
            tracker: Some(tracker.to_owned()),
            url: Some("https://t.example".parse().unwrap()),
            ..AddNodeArgs::default()
        };
        change(&mut args);
        args
    };
    refuses(&AddNodeArgs::default(), "--tracker is missing");
    refuses(
        &with("github", &|args| args.url = None),
        "--url is missing, such as --url https://api.github.com",
    );
    refuses(&with("github", &|_| {}), "Personal access tokens");
    refuses(
        &with("github", &|_| {}),
        "--secret-stdin token, --secret-file token=PATH",
    );
    refuses(
        &with("zendesk", &|args| args.secret_env = pairs(&[("key", "X")])),
        "zendesk takes email and token, or client_id and client_secret, or access_token, and not key",
    );
    refuses(
        &with("github", &|args| args.name = Some("A b".into())),
        "'A b'",
    );
    let told = with("github", &|args| args.auth = pairs(&[("token", "ghp_abc")]));
    refuses(&told, "does not stand on the command line");
    let before = config::parse(Path::new("twinline.toml"), BEFORE).unwrap();
    let error = gather(&told, &before, &Keeping::Files, &mut Person::default()).unwrap_err();
    assert!(!format!("{error:?}").contains("ghp_abc"));
}

#[test]
fn of_every_tracker_a_person_learns_where_its_secret_is_made() {
    for tracker in registry::trackers() {
        let example = registry::example(tracker).unwrap();
        assert!(
            !example.token.is_empty() && !example.rights.is_empty(),
            "{tracker}"
        );
    }
}
