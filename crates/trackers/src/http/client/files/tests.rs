//! Files that lie elsewhere.

use super::super::*;
use super::*;
use crate::http::collect;
use async_trait::async_trait;
use std::collections::VecDeque;
use std::sync::Mutex;

/// Answers in turn, and keeps what was asked.
struct Script {
    answers: Mutex<VecDeque<http::Response<Bytes>>>,
    asked: Mutex<Vec<http::Request<Bytes>>>,
}

#[async_trait]
impl Transport for Script {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, TransportError> {
        self.asked.lock().unwrap().push(request);
        let next = self.answers.lock().unwrap().pop_front();
        next.ok_or_else(|| TransportError::maybe_sent("cut"))
    }
}

struct Now;

impl Clock for Now {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_769_851_800_000)
    }
}

struct Plain;

impl Dialect for Plain {
    fn tracker(&self) -> &'static str {
        "Plain"
    }

    fn refusal(&self, reply: &Reply) -> crate::http::Refusal {
        crate::http::Refusal {
            sentence: String::from_utf8_lossy(&reply.body).into_owned(),
            field: None,
        }
    }

    fn wants_sign_in(&self, reply: &Reply) -> bool {
        reply.status == StatusCode::NON_AUTHORITATIVE_INFORMATION
    }
}

fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> http::Response<Bytes> {
    let mut builder = http::Response::builder().status(status);
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    builder
        .body(Bytes::copy_from_slice(body.as_bytes()))
        .unwrap()
}

fn to(url: &str) -> http::Response<Bytes> {
    answer(302, &[("location", url)], "")
}

struct Asked {
    client: Client,
    script: Arc<Script>,
}

impl Asked {
    fn with(answers: impl IntoIterator<Item = http::Response<Bytes>>) -> Self {
        let script = Arc::new(Script {
            answers: Mutex::new(answers.into_iter().collect()),
            asked: Mutex::default(),
        });
        let settings = ClientSettings {
            node: "n".into(),
            base: Url::parse("https://tracker.example/api/").unwrap(),
            auth: Auth::Bearer(crate::http::Secret::new("hunter2")),
            headers: HeaderMap::new(),
            budget: BudgetRules::default(),
        };
        let sender: Arc<dyn Transport> = Arc::<Script>::clone(&script);
        let client = Client::new(settings, &Plain, sender, Arc::new(Now)).unwrap();
        Self { client, script }
    }

    async fn open(&self, target: &str) -> Result<Bytes, TrackerError> {
        let file = self.client.download(Call::get(target)).await?;
        Ok(collect(file.bytes, 1024).await.unwrap())
    }

    /// Where it asked, and whether with credentials.
    fn hops(&self) -> Vec<(String, bool)> {
        let asked = self.script.asked.lock().unwrap();
        let hop = |request: &http::Request<Bytes>| {
            let host = request.uri().host().unwrap().to_owned();
            (host, request.headers().contains_key(AUTHORIZATION))
        };
        asked.iter().map(hop).collect()
    }
}

fn hop(host: &str, with_credentials: bool) -> (String, bool) {
    (host.to_owned(), with_credentials)
}

#[tokio::test]
async fn credentials_go_to_the_tracker_and_nowhere_it_sends_us() {
    let elsewhere = "https://media.example/f?t=1";
    let asked = Asked::with([
        to(elsewhere),
        to("https://tracker.example/back"),
        answer(200, &[], "x"),
    ]);
    assert_eq!(asked.open("/f").await.unwrap(), "x");
    let back = hop("tracker.example", false);
    let expected = [
        hop("tracker.example", true),
        hop("media.example", false),
        back,
    ];
    assert_eq!(asked.hops(), expected);
    // A call may name another server from the first.
    let asked = Asked::with([answer(200, &[], "y")]);
    assert_eq!(asked.open(elsewhere).await.unwrap(), "y");
    assert_eq!(asked.hops(), [hop("media.example", false)]);
}

#[tokio::test]
async fn what_another_server_says_is_not_the_trackers_word() {
    for status in [401, 403, 429, 503] {
        let date = [
            ("date", "Thu, 01 Jan 2015 00:00:00 GMT"),
            ("retry-after", "60"),
        ];
        let asked = Asked::with([
            to("https://media.example/secret/path"),
            answer(status, &date, "no"),
        ]);
        let failed = asked.open("/f").await.unwrap_err();
        let TrackerError::Unreachable { reason } = &failed else {
            panic!("{status}: {failed:?}")
        };
        assert!(reason.contains("media.example"), "{reason}");
        assert!(!reason.contains("secret"), "{reason}");
        assert_eq!(asked.client.skew_ms(), 0, "its clock is not the tracker's");
        let next = asked.client.open(&Call::get("/f"));
        assert!(next.is_ok(), "its limits are not the tracker's");
    }
}

#[tokio::test]
async fn only_a_file_is_a_file() {
    let asked = Asked::with([answer(203, &[], "<html>sign in</html>")]);
    let failed = asked.open("/f").await.unwrap_err();
    assert!(
        matches!(failed, TrackerError::Credentials { .. }),
        "{failed:?}"
    );
    let asked = Asked::with([answer(204, &[], "")]);
    let failed = asked.open("/f").await.unwrap_err();
    assert!(
        matches!(failed, TrackerError::Unreadable { .. }),
        "{failed:?}"
    );
}

#[tokio::test]
async fn a_secret_address_is_in_no_error() {
    let asked = Asked::with([answer(503, &[], "")]);
    let call = Call::get("/token/hunter3").shown_as("/files/1");
    let failed = asked.client.download(call).await.err().unwrap();
    let said = failed.to_string();
    assert!(
        said.contains("/files/1") && !said.contains("hunter3"),
        "{said}"
    );
}

#[tokio::test]
async fn what_is_refused_for_the_files_sake_is_told_apart() {
    let check = async |status: u16, call: Call, unfit: bool| {
        let asked = Asked::with([answer(status, &[], "no")]);
        let body = Outgoing::whole(Bytes::from("x"));
        let failed = asked.client.upload(call, body).await.err().unwrap();
        let is_unfit = matches!(failed, TrackerError::Unfit { .. });
        assert_eq!(is_unfit, unfit, "{status}: {failed:?}");
    };
    check(413, Call::post("/f"), true).await;
    check(415, Call::post("/f"), true).await;
    check(400, Call::post("/f"), false).await;
    check(403, Call::post("/f"), false).await;
    check(422, Call::post("/f"), false).await;
    check(422, Call::post("/f").cost(Cost::Read), true).await;
}
