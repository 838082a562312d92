use super::*;
use http::HeaderValue;
use std::path::PathBuf;
use twinline_sim::needs;

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let pairs = pairs.iter();
    pairs
        .map(|(name, value)| {
            (
                http::HeaderName::from_static(name),
                HeaderValue::from_str(value).unwrap(),
            )
        })
        .collect()
}

/// The example of GitHub's guide "Validating webhook deliveries".
#[test]
fn signatures_are_told_genuine() {
    let secret: &[u8] = b"It's a Secret to Everybody";
    let genuine = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    let check = |secrets: &[&[u8]], signature: &str, body: &[u8], expected: bool| {
        let headers = headers(&[("x-hub-signature-256", signature)]);
        let verified = GitHubWebhook.verify(secrets, &headers, body);
        assert_eq!(verified.is_ok(), expected, "{signature}");
    };
    check(&[secret], genuine, b"Hello, World!", true);
    check(&[b"new", secret], genuine, b"Hello, World!", true);
    check(&[b"other"], genuine, b"Hello, World!", false);
    check(&[], genuine, b"Hello, World!", false);
    check(&[b""], genuine, b"Hello, World!", false);
    check(&[secret], genuine, b"Hello, World?", false);
    check(&[secret], "sha256=757107", b"Hello, World!", false);
    check(&[secret], "sha1=757107", b"Hello, World!", false);
    assert_eq!(
        GitHubWebhook.verify(&[secret], &HeaderMap::new(), b"Hello, World!"),
        Err(WebhookRejected::Signature)
    );
}

#[test]
fn a_redelivery_has_the_same_id() {
    let headers = headers(&[("x-github-delivery", "72d3162e-cc78")]);
    assert_eq!(
        GitHubWebhook.delivery_id(&headers, b"").as_deref(),
        Some("72d3162e-cc78")
    );
    assert_eq!(GitHubWebhook.delivery_id(&HeaderMap::new(), b""), None);
}

#[test]
fn nonsense_is_malformed_and_unknown_events_are_not() {
    let decode = |event: &str, body: &[u8]| {
        GitHubWebhook.decode(&headers(&[("x-github-event", event)]), body)
    };
    assert!(matches!(
        decode("issues", b"{}"),
        Err(WebhookRejected::Malformed(_))
    ));
    assert!(matches!(
        decode("issue_comment", b"<html>"),
        Err(WebhookRejected::Malformed(_))
    ));
    assert_eq!(decode("star", b"{}"), Ok(Vec::new()));
    assert!(matches!(
        GitHubWebhook.decode(&HeaderMap::new(), b"{}"),
        Err(WebhookRejected::Malformed(_))
    ));
}

/// The folders of the examples with how many of issues and their comments become a notice, and how many are knowingly
/// ignored: those of pull requests. As the pinned version of the package has them.
const EXAMPLES: [(&str, usize, usize); 6] = [
    ("api.github.com", 34, 4),
    ("ghes-31", 2, 0),
    ("ghes-32", 2, 0),
    ("ghes-33", 2, 0),
    ("ghes-34", 11, 2),
    ("ghes-35", 11, 2),
];

/// The examples of one folder of the npm package `@octokit/webhooks-examples`, which GitHub's own organisation publishes and
/// `cargo xtask test` installs. `None` when it is not there and not required.
fn examples(folder: &str) -> Option<Vec<serde_json::Value>> {
    let path: PathBuf = [
        env!("CARGO_MANIFEST_DIR"),
        "../../target/testdata/npm/node_modules/@octokit/webhooks-examples",
        folder,
        "index.json",
    ]
    .iter()
    .collect();
    let there = needs::met(path.is_file(), &path.display().to_string());
    there.then(|| serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap())
}

#[test]
fn every_published_example_is_read_or_knowingly_ignored() {
    for (folder, noticed, ignored) in EXAMPLES {
        let Some(events) = examples(folder) else {
            return;
        };
        assert_eq!(check_examples(&events), (noticed, ignored), "{folder}");
    }
}

/// How many examples of issues and their comments become a notice, and how many are ignored.
fn check_examples(events: &[serde_json::Value]) -> (usize, usize) {
    let (mut noticed, mut ignored) = (0, 0);
    for event in events {
        let name = event["name"].as_str().unwrap();
        let about_issues = matches!(name, "issues" | "issue_comment");
        for example in event["examples"].as_array().unwrap() {
            let body = serde_json::to_vec(example).unwrap();
            let read = read(name, &body).unwrap_or_else(|error| panic!("{name}: {error}"));
            match read {
                Read::Notice(notice) => {
                    assert!(about_issues, "{name}");
                    check_notice(name, example, &notice);
                    noticed += 1;
                }
                Read::Ignored(_) if about_issues => {
                    assert!(example["issue"]["pull_request"].is_object(), "{example}");
                    ignored += 1;
                }
                Read::Ignored(_) => {}
            }
        }
    }
    (noticed, ignored)
}

fn check_notice(event: &str, example: &serde_json::Value, notice: &Notice) {
    let text = |path: &str| example.pointer(path).unwrap().as_str().unwrap();
    let number = example["issue"]["number"].as_u64().unwrap();
    let key = format!("{}#{number}", text("/repository/full_name"));
    assert_eq!(notice.item, key.to_lowercase());
    let kind_fits = match (event, text("/action")) {
        ("issue_comment", _) => notice.kind == NoticeKind::Commented,
        (_, "deleted") => notice.kind == NoticeKind::Deleted,
        (_, "transferred") => {
            matches!(&notice.kind, NoticeKind::Moved(Some(there)) if *there != notice.item)
        }
        _ => notice.kind == NoticeKind::Changed,
    };
    assert!(kind_fits, "{event} {}: {notice:?}", text("/action"));
}
