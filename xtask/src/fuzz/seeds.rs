//! Real inputs to begin from: what the simulators send, what people write, the example of the rules.

use super::workers;
use crate::served::TOKEN;
use anyhow::Result;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};
use twinline_core::richtext::{adf, html, markdown, textile};
use twinline_core::time::Timestamp;
use twinline_edge::protocol;
use twinline_sim::azure_devops::{self, AzureDevOps};
use twinline_sim::github::{Github, GithubConfig};
use twinline_sim::jira_cloud::{self, JiraCloud};
use twinline_sim::zendesk::{self, Zendesk};
use twinline_sim::{Command, Faults, Faulty, Simulator, seeds};
use twinline_store::inbox::InboxPlace;
use twinline_store::{Epoch, GroupId};
use twinline_trackers::registry;

/// 2026-01-31T09:30:00Z.
const NOW: Timestamp = Timestamp::from_millis(1_769_851_800_000);

/// None: the input is only a source.
#[expect(clippy::unnecessary_wraps, reason = "one of a table's functions")]
pub(super) const fn none() -> Result<Vec<Vec<u8>>> {
    Ok(Vec::new())
}

pub(super) fn descriptions() -> Result<Vec<Vec<u8>>> {
    let example = registry::described("json-http")?;
    Ok(example
        .into_iter()
        .map(|text| text.as_bytes().to_vec())
        .collect())
}

pub(super) fn github_webhooks() -> Result<Vec<Vec<u8>>> {
    let hook = json!({"name": "web", "active": true, "events": ["issues", "issue_comment"],
        "config": {"url": "http://127.0.0.1:9/hooks/a", "content_type": "json", "secret": "s"}});
    let subscribe = Request::post("http://tracker.sim/repos/acme/app/hooks")
        .header("authorization", "Bearer github-token")
        .header("user-agent", "fuzz")
        .body(Bytes::from(hook.to_string()))?;
    let github = Github::new(GithubConfig::default());
    sent(Box::new(github), Some(&subscribe))
}

pub(super) fn azure_webhooks() -> Result<Vec<Vec<u8>>> {
    let mut azure = AzureDevOps::new(azure_devops::demo_organization());
    let subscribe = Command::Webhook {
        url: "http://127.0.0.1:9/hooks/a".to_owned(),
        secret: Some("s".to_owned()),
    };
    azure.command(NOW, subscribe)?;
    sent(Box::new(azure), None)
}

pub(super) fn jira_webhooks() -> Result<Vec<Vec<u8>>> {
    let mut bodies = sent(Box::new(JiraCloud::new(jira_cloud::demo_site())), None)?;
    let event = json!({"timestamp": 1_769_851_800_000_i64, "webhookEvent": "jira:issue_updated", "issue": {"id": "10001",
        "key": "APP-1", "fields": {"project": {"id": "10000", "key": "APP"}, "issuetype": {"id": "1", "name": "Task"}}}});
    bodies.push(event.to_string().into_bytes());
    Ok(bodies)
}

pub(super) fn zendesk_webhooks() -> Result<Vec<Vec<u8>>> {
    let mut zendesk = Zendesk::new(zendesk::demo_site());
    let subscribe = Command::Webhook {
        url: "http://127.0.0.1:9/hooks/a".to_owned(),
        secret: Some("s".to_owned()),
    };
    zendesk.command(NOW, subscribe)?;
    sent(Box::new(zendesk), None)
}

/// The bodies of what a simulator sends while it is seeded.
fn sent(simulator: Box<dyn Simulator>, subscribe: Option<&Request<Bytes>>) -> Result<Vec<Vec<u8>>> {
    let mut tracker = Faulty::new(simulator, Faults::default(), 1);
    if let Some(subscribe) = subscribe {
        drop(tracker.decide(NOW, subscribe));
    }
    seeds::seed_demo(&mut tracker, NOW, None, 6)?;
    let webhooks = tracker.due_webhooks(NOW).into_iter();
    Ok(webhooks
        .map(|webhook| webhook.request.into_body().to_vec())
        .collect())
}

const MARKDOWN: &[&str] = &[
    "# Title\n\nThe *page* **waits** for `30 s`, [see](https://a.example \"t\") ![i](b.png)\n\n1. one\n2. two\n   - [ ] open\n   - [x] done\n",
    "> quoted\n> > twice\n\n```rust\nfn main() {}\n```\n\n~~gone~~ <ins>under</ins> H<sub>2</sub>O @ana #12 https://a.example\n\n---\n",
    "| a | b |\n|:--|--:|\n| 1 \\| 2 | **x** |\n\n<details><summary>s</summary>\n\ntext\n\n</details>\n\n[^1]: note\n\n[ref]: https://b.example\n",
    "> [!NOTE]\n> alert\n\nhard\\\nbreak  \nand &amp; \\* &#128640; 😀 שלום\n\n    indented\n\n* a\n\n  b\n* c",
];

#[expect(clippy::unnecessary_wraps, reason = "one of a table's functions")]
pub(super) fn markdown() -> Result<Vec<Vec<u8>>> {
    Ok(MARKDOWN
        .iter()
        .map(|text| text.as_bytes().to_vec())
        .collect())
}

/// What editors of HTML leave behind.
const HTML: &[&str] = &[
    "<div>a<br>b</div><div><br></div><ul><li>x<ul><li>y</ul></ul><p style=\"color:red\">1 &lt; 2 &nbsp;&eacute;&#150;",
    "<table><tr><th>a<th>b<tr><td colspan=2><b><i>c</b></i></table><pre>\nx\n</pre><a href=\"#\" data-vss-mention=\"version:2.0,7\">@Ana</a>",
    "<details><summary>s</summary><img src=a width=3 alt='b'></details><!-- c --><foo>x</foo><input type=checkbox checked>",
];

#[expect(clippy::unnecessary_wraps, reason = "one of a table's functions")]
pub(super) fn html() -> Result<Vec<Vec<u8>>> {
    let encoded = MARKDOWN
        .iter()
        .map(|text| html::encode(&markdown::decode(text)).0);
    let all = encoded.chain(HTML.iter().map(|text| (*text).to_owned()));
    Ok(all.map(String::into_bytes).collect())
}

/// What people write in Redmine.
const TEXTILE: &[&str] = &[
    "h1. Title\n\nThe *page* _waits_ for @30 s@, \"see(t)\":https://a.example !b.png(i)!:https://c.example\n\n# one\n## two\n#* three\n\n* a\nstill a\n<pre>\ncode\n</pre>",
    "> quoted\n>> twice\n\n<pre><code class=\"ruby\">\nputs 1 < 2\n</code></pre>\n\n-gone- +under+ H~2~O 2^10^ %{color:red}red% ??cited?? @ana [[Page#x|text]] word[1]\n\nfn1. a note",
    "|_. a|_>. b|\n|>. 1|\\2. x|\n\np(class). HTML(Hypertext) {{toc}} <!-- c --> <kbd>x</kbd>\n\n{{collapse(more)\nin *it*\n}}\n\n---\n&#42; &copy; ==raw== <notextile>*x*</notextile>",
];

#[expect(clippy::unnecessary_wraps, reason = "one of a table's functions")]
pub(super) fn textile() -> Result<Vec<Vec<u8>>> {
    let encoded = MARKDOWN
        .iter()
        .map(|text| textile::encode(&markdown::decode(text)).0);
    let all = encoded.chain(TEXTILE.iter().map(|text| (*text).to_owned()));
    Ok(all.map(String::into_bytes).collect())
}

#[expect(clippy::unnecessary_wraps, reason = "one of a table's functions")]
pub(super) fn adf() -> Result<Vec<Vec<u8>>> {
    let encoded = MARKDOWN
        .iter()
        .map(|text| adf::encode(&markdown::decode(text)).0);
    let mut documents: Vec<Value> = encoded.collect();
    let text = |text: &str| {
        json!({"type": "text", "text": text, "marks": [{"type": "strong"}, {"type": "link",
        "attrs": {"href": "https://a.example"}}]})
    };
    let paragraph = json!({"type": "paragraph", "content": [text("a"), {"type": "hardBreak"}, {"type": "mention",
        "attrs": {"id": "1", "text": "@ana"}}, {"type": "emoji", "attrs": {"shortName": ":x:"}}, {"type": "status",
        "attrs": {"text": "t", "color": "red"}}, {"type": "date", "attrs": {"timestamp": "1769851800000"}},
        {"type": "inlineCard", "attrs": {"url": "https://a.example"}}]});
    documents.push(json!({"type": "doc", "version": 1, "content": [
        {"type": "panel", "attrs": {"panelType": "info"}, "content": [paragraph.clone()]},
        {"type": "expand", "attrs": {"title": "t"}, "content": [paragraph.clone()]},
        {"type": "mediaSingle", "content": [{"type": "media", "attrs": {"type": "file", "id": "1", "collection": "c"}}]},
        {"type": "taskList", "attrs": {"localId": "1"}, "content": [{"type": "taskItem", "attrs": {"localId": "2",
            "state": "DONE"}, "content": [text("t")]}]},
        {"type": "table", "content": [{"type": "tableRow", "content": [{"type": "tableHeader", "attrs": {"colspan": 2},
            "content": [paragraph]}]}]},
    ]}));
    Ok(documents
        .iter()
        .map(|document| document.to_string().into_bytes())
        .collect())
}

#[expect(clippy::unnecessary_wraps, reason = "one of a table's functions")]
pub(super) fn configuration() -> Result<Vec<Vec<u8>>> {
    let documented = include_bytes!("../../../config/twinline.default.toml");
    let small = "format = 1\n[nodes.a]\ntracker = \"github\"\nurl = \"https://x.example\"\nallow_private = [\"10.0.0.0/8\"]\n\
        auth = { token = { file = \"t\" } }\nwebhook = { secrets = [{ env = \"A\" }] }\n[traces]\notlp = \"http://[::1]:4318\"\n";
    Ok(vec![documented.to_vec(), small.as_bytes().to_vec()])
}

#[expect(clippy::unnecessary_wraps, reason = "one of a table's functions")]
pub(super) fn rules() -> Result<Vec<Vec<u8>>> {
    let example = include_bytes!("../../../crates/rules/tests/example/acme-support.toml");
    Ok(vec![example.to_vec()])
}

#[expect(clippy::unnecessary_wraps, reason = "one of a table's functions")]
pub(super) fn fixtures() -> Result<Vec<Vec<u8>>> {
    let fixture = "side = \"left\"\ndirection = \"outgoing\"\n[item]\nkey = \"A-1\"\n[item.fields]\nsummary = \"text\"\n\
        labels = [\"a\"]\n[expect]\nabsent = [\"description\"]\n[expect.replica]\nsummary = \"text\"\n";
    Ok(vec![fixture.as_bytes().to_vec()])
}

#[expect(clippy::unnecessary_wraps, reason = "one of a table's functions")]
pub(super) fn small() -> Result<Vec<Vec<u8>>> {
    let texts = [
        "twinline:abc1:9f",
        "2026-01-31T09:30:00Z",
        "2026-01-31T09:30:00.000+0000",
        "-009999-01-02T01:59:59Z",
        "9999-12-30T22:00:00.999999999Z",
    ];
    Ok(texts.iter().map(|text| text.as_bytes().to_vec()).collect())
}

fn owner() -> protocol::Owner {
    protocol::Owner {
        group: GroupId::local(),
        epoch: Epoch::FIRST,
    }
}

fn pull() -> protocol::Pull {
    protocol::Pull {
        owner: owner(),
        from: InboxPlace::default(),
        max_rows: 1,
        max_bytes: 1,
        wait_ms: 0,
        hears: true,
    }
}

fn refused() -> protocol::Refused {
    protocol::Refused {
        node: "gh".into(),
        since: Some(NOW),
        until: NOW,
    }
}

pub(super) fn protocol() -> Result<Vec<Vec<u8>>> {
    let ack = protocol::Ack {
        owner: owner(),
        to: InboxPlace::default(),
    };
    let delivery = protocol::Numbered {
        seq: 1,
        node: "gh".into(),
        delivery_id: Some("d".to_owned()),
        received_at: NOW,
        headers: vec![("x-github-event".to_owned(), "issues".to_owned())],
        body: "e30=".to_owned(),
    };
    let deliveries = protocol::Deliveries {
        from: InboxPlace::default(),
        deliveries: vec![delivery],
        refused: vec![refused()],
    };
    let heard = protocol::Heard {
        owner: owner(),
        refused: vec![refused()],
    };
    let cursors = protocol::Cursors { taken: 1, safe: 0 };
    Ok(vec![
        serde_json::to_vec(&owner())?,
        serde_json::to_vec(&pull())?,
        serde_json::to_vec(&ack)?,
        serde_json::to_vec(&deliveries)?,
        serde_json::to_vec(&heard)?,
        serde_json::to_vec(&cursors)?,
    ])
}

/// Requests as they come over the wire; `PULL` begins those for the private listener.
pub(super) fn requests() -> Result<Vec<Vec<u8>>> {
    let texts = [
        "POST /hooks/gh HTTP/1.1\r\nhost: a\r\nx-github-event: issues\r\nx-github-delivery: d\r\nx-hub-signature-256: sha256=00\r\ncontent-length: 2\r\n\r\n{}",
        "POST /hooks/gh HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        "GET /hooks/nobody HTTP/1.1\r\nhost: a\r\n\r\n",
        "POST /hooks/gh/rest HTTP/1.1\r\nhost: a\r\ncontent-length: 999999999\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u{4}\0\0\0\0\0",
        "GET /v1/nodes/gh/x?a=%00 HTTP/1.1\r\nhost: a:1\r\nforwarded: for=1.2.3.4;proto=https\r\ntraceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\nconnection: te, x\r\nte: trailers\r\n\r\n",
        "GET http://a/v1/status HTTP/1.1\r\nhost: b\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        "GET /.well-known/twinline/gh HTTP/1.1\r\nhost: a\r\n\r\n",
        "PULLGET /metrics HTTP/1.1\r\nhost: a\r\n\r\n",
    ];
    let asked = |path: &str, body: String| {
        let length = body.len();
        format!(
            "PULLPOST {path} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {TOKEN}\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        )
    };
    let pulls = [
        asked("/inbox/claim", serde_json::to_string(&owner())?),
        asked("/inbox/pull", serde_json::to_string(&pull())?),
    ];
    let texts = texts.map(str::to_owned).into_iter().chain(pulls);
    Ok(texts.map(String::into_bytes).collect())
}

#[expect(clippy::unnecessary_wraps, reason = "one of a table's functions")]
pub(super) fn csv() -> Result<Vec<Vec<u8>>> {
    let texts = [
        "left,right\nSUP-7,acme/app#12\n\"SUP-8\",\"acme/app#13\"\r\n",
        "item\nacme/app#12\n SUP-7 \n",
    ];
    Ok(texts.iter().map(|text| text.as_bytes().to_vec()).collect())
}

#[expect(clippy::unnecessary_wraps, reason = "one of a table's functions")]
pub(super) fn addresses() -> Result<Vec<Vec<u8>>> {
    let texts = [
        "postgres://twinline:hunter2@db1.example:5432,db2.example/twinline?sslmode=require",
        "postgresql://twinline:hunter2@[::1]/twinline?sslmode=disable&connect_timeout=3&options=-c%20a%3Db\n",
        "host=db1,db2 port=5432,5433 user=twinline password='hunter2' dbname=twinline sslmode=prefer",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
    ];
    Ok(texts.iter().map(|text| text.as_bytes().to_vec()).collect())
}

#[expect(clippy::unnecessary_wraps, reason = "one of a table's functions")]
pub(super) fn directory() -> Result<Vec<Vec<u8>>> {
    let directory = json!({"format": 1, "read_at": 1_769_851_800_000_i64, "complete": true,
        "hosts": {"m1": {"address": "127.0.0.1:7401"}, "m2": {"address": "[::1]:7401"}},
        "nodes": {"gh": {"host": "m1"}, "jira": {"host": "m2"}}});
    Ok(vec![directory.to_string().into_bytes()])
}

#[expect(clippy::unnecessary_wraps, reason = "one of a table's functions")]
pub(super) fn traceparents() -> Result<Vec<Vec<u8>>> {
    let texts = [
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
        "00-00000000000000000000000000000000-0000000000000000-00",
    ];
    Ok(texts.iter().map(|text| text.as_bytes().to_vec()).collect())
}

/// Answers of etcd's gateway to a listing.
#[expect(clippy::unnecessary_wraps, reason = "one of a table's functions")]
pub(super) fn etcd() -> Result<Vec<Vec<u8>>> {
    let entry = |key: &str, value: &Value| {
        json!({"key": BASE64_STANDARD.encode(key), "value": BASE64_STANDARD.encode(value.to_string()),
            "create_revision": "7", "mod_revision": "9", "version": "2", "lease": "7587862094"})
    };
    let range = json!({"header": {"revision": "9"}, "count": "2", "kvs": [
        entry("twinline/fuzz/groups/local", &json!({"host": "m1"})),
        entry("twinline/fuzz/hosts/m1", &json!({"draining": false}))]});
    let failure =
        json!({"error": "etcdserver: no leader", "code": 14, "message": "etcdserver: no leader"});
    Ok(vec![
        range.to_string().into_bytes(),
        failure.to_string().into_bytes(),
    ])
}

/// What a parent sends to a script worker: tags and bodies.
#[expect(clippy::unnecessary_wraps, reason = "one of a table's functions")]
pub(super) fn to_worker() -> Result<Vec<Vec<u8>>> {
    let (program, call) = (workers::program(), workers::call());
    let frames = json!([["P", program], ["C", call], ["C", call]]);
    Ok(vec![frames.to_string().into_bytes()])
}

/// What a script worker answers.
#[expect(clippy::unnecessary_wraps, reason = "one of a table's functions")]
pub(super) fn from_worker() -> Result<Vec<Vec<u8>>> {
    let reply = json!({"admitted": true, "replica": {"summary": "text"}, "places": {"summary": {"line": 1, "column": 2}},
        "assigned": {"summary": ["text", null]}, "dropped": ["status"], "held": {"status": "a reason"}, "trace": ["a"],
        "comments": [{"key": "k", "body": "text", "channel": "public"}]});
    let failure =
        json!({"file": "a.js", "line": 1, "column": 2, "reason": "TypeError", "rejected": false});
    let conversations = [
        json!([["K", ""], ["K", ""], ["R", reply]]),
        json!([["K", ""], ["K", ""], ["F", failure]]),
        json!([["K", ""], ["K", ""], ["N", ""], ["K", ""], ["R", reply]]),
    ];
    Ok(conversations
        .iter()
        .map(|frames| frames.to_string().into_bytes())
        .collect())
}
