use super::*;
use crate::http::TransportError;
use async_trait::async_trait;
use bytes::Bytes;
use twinline_core::time::Timestamp;

struct Nowhere;

#[async_trait]
impl Transport for Nowhere {
    async fn send(
        &self,
        _request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, TransportError> {
        Err(TransportError::not_sent("nowhere"))
    }
}

impl Clock for Nowhere {
    fn now(&self) -> Timestamp {
        Timestamp::EPOCH
    }
}

fn settings(auth: &[(&str, &str)], url: Option<&str>) -> NodeSettings {
    let auth = auth.iter();
    NodeSettings {
        node: "n".into(),
        url: url.map(|url| url.parse().unwrap()),
        auth: auth
            .map(|(key, secret)| ((*key).to_owned(), Secret::new(*secret)))
            .collect(),
        description: None,
        settle: Some(Duration::from_secs(1)),
        texts: None,
        write_spacing: None,
        unlimited: false,
        learnt: Learnt::default(),
    }
}

/// The error's sentence; empty when the node is built.
fn check(tracker: &str, settings: NodeSettings, expected: &str) {
    let built = build(tracker, settings, Arc::new(Nowhere), Arc::new(Nowhere));
    let sentence = built
        .err()
        .map(|error| error.to_string())
        .unwrap_or_default();
    assert!(
        if expected.is_empty() {
            sentence.is_empty()
        } else {
            sentence.contains(expected)
        },
        "{sentence}"
    );
}

#[test]
fn settings_are_checked_with_sentences_that_say_what_to_write() {
    check("github", settings(&[("token", "t")], None), "");
    check(
        "github",
        settings(&[("token", "t")], Some("http://127.0.0.1:1/api/v3")),
        "",
    );
    check(
        "gitlab",
        settings(&[], None),
        "there is no tracker 'gitlab'; there are: azure-devops, github",
    );
    check(
        "github",
        settings(&[], None),
        "nodes.n: auth for github needs token, or app_id and installation_id and private_key; it has nothing",
    );
    check("github", settings(&[("pat", "t")], None), "; it has pat");
    check(
        "github",
        settings(&[("token", " \n")], None),
        "auth.token is empty",
    );
    check(
        "github",
        settings(&[("token", "a\nb")], None),
        "no HTTP header can carry",
    );
    check(
        "github",
        settings(&[("token", "t")], Some("ftp://x/")),
        "url must start with https://",
    );
    check(
        "github",
        settings(&[("token", "t")], Some("https://u:p@x/")),
        "no user name",
    );
    check(
        "github",
        settings(&[("token", "t")], Some("https://x/?a=b")),
        "must end after the path",
    );
}

#[test]
fn every_tracker_says_what_it_can_do() {
    for tracker in trackers() {
        let can = capabilities(tracker).unwrap();
        assert_eq!(can.tracker, tracker);
        assert!(!can.scope_keys.is_empty() && !can.channels.is_empty());
        assert!(webhook(tracker).is_ok());
    }
    assert!(capabilities("gitlab").is_err());
    let built = build(
        "github",
        settings(&[("token", "t")], None),
        Arc::new(Nowhere),
        Arc::new(Nowhere),
    );
    assert_eq!(built.unwrap().capabilities().settle, Duration::from_secs(1));
}
