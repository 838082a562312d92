//! What people do and see on both sides, in words that both share.

use crate::http::Http;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use xtask::provision::redmine::Redmine;

/// The person at GitHub, and Twinline's account there.
pub(crate) const ANA: &str = "ana";
pub(crate) const ROBOT: &str = "twinline";
/// Redmine's default data: the tracker Bug, the statuses New and Closed; the seed's first custom field.
const BUG: u64 = 1;
const NEW: u64 = 1;
const CLOSED: u64 = 5;
pub(crate) const LABELS: u64 = 1;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    GitHub,
    Redmine,
}

impl Place {
    pub(crate) const BOTH: [Self; 2] = [Self::GitHub, Self::Redmine];

    pub(crate) const fn other(self) -> Self {
        match self {
            Self::GitHub => Self::Redmine,
            Self::Redmine => Self::GitHub,
        }
    }
}

/// What a person does to an item.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Title(String),
    Body(String),
    Closed(bool),
    /// To this side's person, or to nobody.
    Assigned(bool),
    Labels(BTreeSet<String>),
    Comment(String),
    /// The comment's id, its new text.
    EditComment(String, String),
    DeleteComment(String),
}

/// An item as a person sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) key: String,
    pub(crate) title: String,
    /// Without the marker.
    pub(crate) body: String,
    pub(crate) closed: bool,
    /// Whether it is this side's person's.
    pub(crate) assigned: bool,
    pub(crate) labels: BTreeSet<String>,
    /// Ids and texts, the oldest first.
    pub(crate) comments: Vec<(String, String)>,
    /// The key of its twin, where the side has a field for it.
    pub(crate) twin_key: Option<String>,
}

/// Both trackers.
pub(crate) struct Sides {
    github: Http,
    redmine: Http,
    /// Mia's id at Redmine.
    mia: u64,
}

impl Sides {
    pub(crate) async fn new(github: &str, redmine: &str) -> Self {
        let redmine = Http::new(redmine, ("X-Redmine-API-Key", Redmine::PERSON_KEY));
        let mia = redmine.get("/users/current.json").await["user"]["id"].as_u64();
        Self {
            github: Http::new(github, ("Authorization", "Bearer github-token")),
            redmine,
            mia: mia.unwrap(),
        }
    }

    pub(crate) async fn create(&self, place: Place, title: &str, body: &str) {
        match place {
            Place::GitHub => {
                let create = json!({"do": "create", "by": ANA, "title": title, "body": body});
                self.github.post("/_sim/command", &create).await;
            }
            Place::Redmine => {
                let issue = json!({
                    "project_id": Redmine::PROJECT, "tracker_id": BUG, "subject": title, "description": body,
                });
                let issue = json!({ "issue": issue });
                self.redmine.post("/issues.json", &issue).await;
            }
        }
    }

    pub(crate) async fn act(&self, place: Place, key: &str, act: &Act) {
        match place {
            Place::GitHub => {
                self.github
                    .post("/_sim/command", &at_github(key, act))
                    .await;
            }
            Place::Redmine => {
                let (path, body) = self.at_redmine(key, act);
                self.redmine.put(&path, &body).await;
            }
        }
    }

    fn at_redmine(&self, key: &str, act: &Act) -> (String, Json) {
        let issue = |fields: Json| (format!("/issues/{key}.json"), json!({ "issue": fields }));
        let notes = |id: &str, text: &str| {
            let body = json!({ "journal": { "notes": text } });
            (format!("/journals/{id}.json"), body)
        };
        match act {
            Act::Title(title) => issue(json!({ "subject": title })),
            Act::Body(text) => issue(json!({ "description": text })),
            Act::Closed(closed) => {
                issue(json!({ "status_id": if *closed { CLOSED } else { NEW } }))
            }
            Act::Assigned(true) => issue(json!({ "assigned_to_id": self.mia })),
            Act::Assigned(false) => issue(json!({ "assigned_to_id": "" })),
            Act::Labels(labels) => {
                issue(json!({ "custom_fields": [{ "id": LABELS, "value": labels }] }))
            }
            Act::Comment(text) => issue(json!({ "notes": text })),
            Act::EditComment(id, text) => notes(id, text),
            Act::DeleteComment(id) => notes(id, ""),
        }
    }

    /// Every item of a side.
    pub(crate) async fn see(&self, place: Place) -> Vec<Seen> {
        match place {
            Place::GitHub => {
                let dump = self.github.get("/_sim/dump").await;
                list(&dump["items"]).iter().map(github_seen).collect()
            }
            Place::Redmine => {
                let mut seen = Vec::new();
                for issue in list(&self.redmine_list().await) {
                    seen.push(self.redmine_issue(&issue["id"].to_string()).await);
                }
                seen
            }
        }
    }

    /// The item with a tag, if it is there.
    pub(crate) async fn find(&self, place: Place, tag: &str) -> Option<Seen> {
        match place {
            Place::GitHub => {
                let mut seen = self.see(place).await.into_iter();
                seen.find(|item| item.title.starts_with(tag))
            }
            Place::Redmine => {
                let listed = self.redmine_list().await;
                let mut issues = list(&listed).iter();
                let issue = issues.find(|issue| text(&issue["subject"]).starts_with(tag))?;
                Some(self.redmine_issue(&issue["id"].to_string()).await)
            }
        }
    }

    async fn redmine_list(&self) -> Json {
        let path = "/issues.json?status_id=*&limit=100&sort=id";
        self.redmine.get(path).await["issues"].take()
    }

    async fn redmine_issue(&self, key: &str) -> Seen {
        let path = format!("/issues/{key}.json?include=journals");
        self.redmine_seen(&self.redmine.get(&path).await["issue"])
    }

    fn redmine_seen(&self, issue: &Json) -> Seen {
        let custom = |name: &str| {
            let fields = list(&issue["custom_fields"]).iter();
            fields
                .clone()
                .find(|field| field["name"] == name)
                .map(|field| field["value"].clone())
                .unwrap_or_default()
        };
        let journals = list(&issue["journals"]).iter();
        let notes = journals.filter(|journal| !text(&journal["notes"]).is_empty());
        Seen {
            key: issue["id"].to_string(),
            title: text(&issue["subject"]),
            body: unmarked(&text(&issue["description"])),
            closed: matches!(
                issue["status"]["name"].as_str(),
                Some("Closed" | "Rejected")
            ),
            assigned: issue["assigned_to"]["id"] == self.mia,
            labels: list(&custom("Labels")).iter().map(text).collect(),
            comments: notes
                .map(|journal| (journal["id"].to_string(), text(&journal["notes"])))
                .collect(),
            twin_key: Some(text(&custom("GitHub issue"))),
        }
    }

    /// How often Twinline changed which field of an item, by the tracker's own history. GitHub has none for texts.
    pub(crate) async fn changes_by_twinline(&self, place: Place, key: &str) -> Vec<String> {
        match place {
            Place::GitHub => {
                let number = key.rsplit('#').next().unwrap();
                let path = format!("/repos/acme/app/issues/{number}/events?per_page=100");
                let events = self.github.get(&path).await;
                let ours = list(&events)
                    .iter()
                    .filter(|event| event["actor"]["login"] == ROBOT);
                ours.map(|event| text(&event["event"])).collect()
            }
            Place::Redmine => {
                let path = format!("/issues/{key}.json?include=journals");
                let issue = self.redmine.get(&path).await;
                let journals = list(&issue["issue"]["journals"]).iter();
                let ours = journals.filter(|journal| journal["user"]["id"] != self.mia);
                let details = ours.flat_map(|journal| list(&journal["details"]));
                details
                    .map(|detail| {
                        format!("{}:{}", text(&detail["property"]), text(&detail["name"]))
                    })
                    .collect()
            }
        }
    }
}

fn at_github(key: &str, act: &Act) -> Json {
    let edit = |field: &str, value: Json| json!({"do": "edit", "key": key, "by": ANA, "field": field, "value": value});
    match act {
        Act::Title(title) => edit("title", json!(title)),
        Act::Body(text) => edit("body", json!(text)),
        Act::Closed(true) => edit("status", json!("closed:completed")),
        Act::Closed(false) => edit("status", json!("open")),
        Act::Assigned(true) => edit("assignees", json!([ANA])),
        Act::Assigned(false) => edit("assignees", json!([])),
        Act::Labels(labels) => edit("labels", json!(labels)),
        Act::Comment(text) => json!({"do": "add_comment", "key": key, "by": ANA, "body": text}),
        Act::EditComment(id, text) => {
            json!({"do": "edit_comment", "key": key, "by": ANA, "comment": id, "body": text})
        }
        Act::DeleteComment(id) => {
            json!({"do": "delete_comment", "key": key, "by": ANA, "comment": id})
        }
    }
}

fn github_seen(item: &Json) -> Seen {
    let comments = list(&item["comments"]).iter();
    Seen {
        key: text(&item["key"]),
        title: text(&item["title"]),
        body: unmarked(&text(&item["body"])),
        closed: text(&item["status"]).starts_with("closed"),
        assigned: list(&item["assignees"]).iter().any(|who| *who == ANA),
        labels: list(&item["labels"]).iter().map(text).collect(),
        comments: comments
            .map(|comment| (text(&comment["id"]), text(&comment["body"])))
            .collect(),
        twin_key: None,
    }
}

/// A text without the line that holds our marker.
fn unmarked(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.contains("twinline:"));
    lines.collect::<Vec<_>>().join("\n").trim().to_owned()
}

fn list(value: &Json) -> &[Json] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Json) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
