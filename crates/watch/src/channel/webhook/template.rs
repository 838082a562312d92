//! What a page looks like to each kind of receiver, and how each says that it took it.

use super::super::answer::body;
use super::super::page::{Content, Event, Matter, Page, Severity};
use super::super::wording::{brief, cut, facts, label, one_line, subject, text, title};
use bytes::Bytes;
use http::Response;
use http::header::CONTENT_TYPE;
use serde_json::{Value, json};
use url::Url;

/// Incidents of a digest that a chat is told of one by one.
const LISTED_MAX: usize = 10;
/// What our own shape lists: incidents of a digest, and who suffers from one. Many more fail when a whole database does, and a
/// receiver need not take a body of any size.
const MATTERS_MAX: usize = 100;
const AFFECTED_MAX: usize = 50;
/// Chats cut or refuse longer texts, in characters.
const TITLE_MAX_CHARS: usize = 240;
const TEXT_MAX_CHARS: usize = 2500;
/// ntfy makes a file of a message beyond 4,096 bytes; a character takes at most four.
const NTFY_MAX_CHARS: usize = 1000;

/// What is said to a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Template {
    /// Our own shape: docs/specs/page-webhook.md.
    Generic,
    /// Slack's incoming webhooks: <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks>.
    Slack,
    /// An Adaptive Card for a workflow of Microsoft Teams ("when a Teams webhook request is received").
    Teams,
    /// Mattermost's incoming webhooks: <https://developers.mattermost.com/integrate/webhooks/incoming/>.
    Mattermost,
    /// ntfy: <https://docs.ntfy.sh/publish/#publish-as-json>.
    Ntfy,
}

impl Template {
    /// The body to post.
    pub(super) fn content(self, page: &Page, topic: &str) -> Value {
        match self {
            Self::Generic => generic(page),
            Self::Slack => slack(page),
            Self::Teams => teams(page),
            Self::Mattermost => mattermost(page),
            Self::Ntfy => ntfy(page, topic),
        }
    }

    /// What the receiver calls a page that it took; nothing when a success is none by its content.
    pub(super) fn taken(self, answer: &Response<Bytes>) -> Option<String> {
        let said = body(answer);
        match self {
            Self::Generic => Some(String::new()),
            Self::Slack | Self::Mattermost => (said.trim() == "ok").then(String::new),
            Self::Teams => {
                let html = answer.headers().get(CONTENT_TYPE);
                let html = html.is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
                // Connectors answered 200 to what Teams had refused.
                let refused = said.to_ascii_lowercase().contains("delivery failed");
                (!html && !refused).then(String::new)
            }
            Self::Ntfy => {
                let said: Value = serde_json::from_str(&said).ok()?;
                said["id"].as_str().map(str::to_owned)
            }
        }
    }

    /// Whose answer was expected.
    pub(super) fn expected(self) -> &'static str {
        match self {
            Self::Generic => "a success",
            Self::Slack => "Slack's \"ok\"",
            Self::Teams => "a workflow's",
            Self::Mattermost => "Mattermost's \"ok\"",
            Self::Ntfy => "ntfy's",
        }
    }
}

fn generic(page: &Page) -> Value {
    let kind = match &page.content {
        Content::Incident { event, .. } => match event {
            Event::Opened => "incident.opened",
            Event::Reminder => "incident.reminder",
            Event::Acknowledged { .. } => "incident.acknowledged",
            Event::Resolved => "incident.resolved",
        },
        Content::Digest(_) => "incident.digest",
        Content::Proof => "channel.proof",
        Content::Presence(_) => "change.presence",
    };
    let acknowledged_by = match &page.content {
        Content::Incident {
            event: Event::Acknowledged { by },
            ..
        } => Some(by),
        _ => None,
    };
    let incident = |matter: &Matter| {
        json!({
            "id": matter.incident,
            "severity": matter.severity.word(),
            "headline": matter.headline,
            "element": matter.element,
            "affected": matter.affected.iter().take(AFFECTED_MAX).collect::<Vec<_>>(),
            "affected_count": matter.affected.len(),
            "since": matter.since.to_string(),
            "details": matter.details,
        })
    };
    let matters = page.content.matters();
    let incidents = matters.iter().take(MATTERS_MAX).map(incident);
    json!({
        "type": kind,
        "timestamp": page.at.to_string(),
        "data": {
            "page": page.id,
            "instance": page.instance,
            "person": page.person,
            "to": page.to,
            "severity": page.content.severity().word(),
            "title": title(page),
            "text": text(page),
            "acknowledged_by": acknowledged_by,
            "incidents": incidents.collect::<Vec<_>>(),
            "links": { "acknowledge": page.acknowledge, "look": page.look },
        },
    })
}

fn slack(page: &Page) -> Value {
    let escaped = |text: &str| {
        let text = text.replace('&', "&amp;");
        text.replace('<', "&lt;").replace('>', "&gt;")
    };
    let section =
        |words: String| json!({ "type": "section", "text": { "type": "mrkdwn", "text": words } });
    let head = format!(
        "*{}*\n{}",
        escaped(&label(page)),
        escaped(&cut(&subject(&page.content), TITLE_MAX_CHARS))
    );
    let mut blocks = vec![section(head)];
    for paragraph in paragraphs(page) {
        blocks.push(section(escaped(&cut(&paragraph, TEXT_MAX_CHARS))));
    }
    let links = links(page).into_iter();
    let links: Vec<String> = links
        .map(|(name, link)| format!("<{link}|{name}>"))
        .collect();
    if !links.is_empty() {
        blocks.push(section(links.join("  ")));
    }
    json!({
        "text": escaped(&cut(&title(page), TITLE_MAX_CHARS)),
        "blocks": blocks,
        "unfurl_links": false,
    })
}

fn teams(page: &Page) -> Value {
    let color = match page.content.severity() {
        Severity::Critical => "attention",
        Severity::Warning => "warning",
        Severity::Info => "default",
    };
    let mut card = vec![json!({
        "type": "TextBlock",
        "text": markdown(&cut(&title(page), TITLE_MAX_CHARS)),
        "size": "large",
        "weight": "bolder",
        "color": color,
        "wrap": true,
    })];
    if let [matter] = page.content.matters() {
        let fact =
            |(name, value): (&str, String)| json!({ "title": name, "value": markdown(&value) });
        let facts: Vec<Value> = facts(matter).into_iter().map(fact).collect();
        card.push(json!({ "type": "FactSet", "facts": facts }));
    } else {
        for paragraph in paragraphs(page) {
            let words = markdown(&cut(&paragraph, TEXT_MAX_CHARS));
            card.push(json!({ "type": "TextBlock", "text": words, "wrap": true }));
        }
    }
    let action = |(name, link): (&str, &Url)| json!({ "type": "Action.OpenUrl", "title": name, "url": link });
    let actions: Vec<Value> = links(page).into_iter().map(action).collect();
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "body": card,
                "actions": actions,
            },
        }],
    })
}

fn mattermost(page: &Page) -> Value {
    let color = match page.content.severity() {
        Severity::Critical => "#c62828",
        Severity::Warning => "#ef6c00",
        Severity::Info => "#2e7d32",
    };
    let links = links(page).into_iter();
    let links: Vec<String> = links
        .map(|(name, link)| format!("[{name}]({link})"))
        .collect();
    let mut words: Vec<String> = paragraphs(page)
        .iter()
        .map(|paragraph| markdown(&cut(paragraph, TEXT_MAX_CHARS)))
        .collect();
    words.extend((!links.is_empty()).then(|| links.join("  ")));
    json!({
        "attachments": [{
            "fallback": cut(&title(page), TITLE_MAX_CHARS),
            "color": color,
            "title": cut(&title(page), TITLE_MAX_CHARS),
            "text": words.join("\n"),
        }],
    })
}

fn ntfy(page: &Page, topic: &str) -> Value {
    let (priority, tag) = match page.content.severity() {
        Severity::Critical => (5, "rotating_light"),
        Severity::Warning => (4, "warning"),
        Severity::Info => (3, "information_source"),
    };
    let words = std::iter::once(subject(&page.content)).chain(paragraphs(page));
    let words = words.collect::<Vec<_>>().join("\n");
    let action =
        |(name, link): (&str, &Url)| json!({ "action": "view", "label": name, "url": link });
    let actions: Vec<Value> = links(page).into_iter().map(action).collect();
    let mut content = json!({
        "topic": topic,
        "title": cut(&label(page), TITLE_MAX_CHARS),
        "message": cut(&words, NTFY_MAX_CHARS),
        "priority": priority,
        "tags": [tag],
        "actions": actions,
    });
    if let Some(look) = &page.look {
        content["click"] = json!(look);
    }
    content
}

/// What follows the title: the facts of one incident, or one line for each of several.
fn paragraphs(page: &Page) -> Vec<String> {
    let matters = page.content.matters();
    if let [matter] = matters {
        let facts = facts(matter).into_iter();
        let facts = facts.map(|(name, value)| format!("{name}: {value}"));
        let details = matter.details.iter().map(|line| one_line(line));
        return vec![facts.chain(details).collect::<Vec<_>>().join("\n")];
    }
    let listed = matters.iter().take(LISTED_MAX);
    let mut lines: Vec<String> = listed
        .map(|matter| {
            format!(
                "{}: {}",
                matter.severity.word(),
                cut(&brief(matter), TITLE_MAX_CHARS)
            )
        })
        .collect();
    let more = matters.len().saturating_sub(LISTED_MAX);
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    if lines.is_empty() {
        lines
    } else {
        vec![lines.join("\n")]
    }
}

fn links(page: &Page) -> Vec<(&'static str, &Url)> {
    let acknowledge = page.acknowledge.iter().map(|link| ("Acknowledge", link));
    let look = page.look.iter().map(|link| ("Look", link));
    acknowledge.chain(look).collect()
}

/// Plain words in a text that is read as Markdown. Line breaks need an empty line there.
fn markdown(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(
            c,
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '~'
        ) {
            escaped.push('\\');
        }
        escaped.push(c);
        if c == '\n' {
            escaped.push(c);
        }
    }
    escaped
}
