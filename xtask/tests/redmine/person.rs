//! What a person does at a real Redmine, past the connector.

use crate::http::Http;
use serde_json::{Value as Json, json};
use twinline_trackers::conformance::{Act, Acted};
use xtask::provision::redmine::Redmine;

/// A member with her own key, and the administrator who decides what our account may see.
pub(crate) struct Person {
    mia: Http,
    administrator: Http,
    bug: Json,
    agent: Json,
}

impl Person {
    pub(crate) async fn new(redmine: &Redmine) -> Self {
        let as_one = |key| Http::new(&redmine.url, ("X-Redmine-API-Key", key));
        let (mia, administrator) = (as_one(Redmine::PERSON_KEY), as_one(Redmine::KEY));
        let trackers = mia.get("/trackers.json").await;
        let trackers = trackers["trackers"].as_array().unwrap();
        let bug = trackers.iter().find(|tracker| tracker["name"] == "Bug");
        Self {
            bug: bug.unwrap()["id"].clone(),
            agent: user(&administrator, Redmine::AGENT).await,
            mia,
            administrator,
        }
    }

    /// The id of somebody who is no member of the project.
    pub(crate) async fn stranger(&self) -> String {
        user(&self.administrator, Redmine::STRANGER)
            .await
            .to_string()
    }

    pub(crate) async fn act(&self, act: Act) -> Result<Acted, String> {
        match act {
            Act::Create { title } => return Ok(self.create(json!({ "subject": title })).await),
            Act::Clone { key } => {
                let issue = &self.mia.get(&issue(&key)).await["issue"];
                let same =
                    json!({ "subject": issue["subject"], "description": issue["description"] });
                return Ok(self.create(same).await);
            }
            Act::Comment { key, text } => return Ok(self.comment(&key, &text).await),
            Act::Move { key } => {
                let project = json!({ "project_id": Redmine::OTHER_PROJECT });
                self.change(&key, project).await;
                return Ok(key);
            }
            Act::Retitle { key, title } => self.change(&key, json!({ "subject": title })).await,
            Act::Rewrite { key, text } => self.change(&key, json!({ "description": text })).await,
            Act::SetStatus { key, status } => {
                self.change(&key, json!({ "status_id": status })).await
            }
            Act::SetLabels { .. } => return Err("issues have no labels".to_owned()),
            Act::EditComment { comment, text, .. } => {
                self.note(&comment, json!({ "notes": text })).await
            }
            Act::DeleteComment { comment, .. } => self.note(&comment, json!({ "notes": "" })).await,
            Act::SetInternal {
                comment, internal, ..
            } => {
                self.note(&comment, json!({ "private_notes": internal }))
                    .await;
            }
            Act::HideComment { comment, .. } => {
                self.note(&comment, json!({ "private_notes": true })).await;
                self.administrates(false).await;
            }
            Act::ShowComment { comment, .. } => {
                self.administrates(true).await;
                self.note(&comment, json!({ "private_notes": false })).await;
            }
            Act::Delete { key } => self.mia.delete(&issue(&key)).await,
            Act::Hide { status: 403, key } => {
                self.change(&key, json!({ "is_private": true })).await;
                self.administrates(false).await;
            }
            Act::Hide { status, .. } => return Err(format!("Redmine hides nothing with {status}")),
            Act::Show { key } => {
                self.administrates(true).await;
                self.change(&key, json!({ "is_private": false })).await;
            }
        }
        Ok(Acted::new())
    }

    async fn create(&self, mut fields: Json) -> String {
        fields["project_id"] = json!(Redmine::PROJECT);
        fields["tracker_id"] = self.bug.clone();
        let made = self
            .mia
            .post("/issues.json", &json!({ "issue": fields }))
            .await;
        format!("#{}", made["issue"]["id"])
    }

    async fn change(&self, key: &str, fields: Json) {
        self.mia.put(&issue(key), &json!({ "issue": fields })).await;
    }

    async fn comment(&self, key: &str, text: &str) -> String {
        self.change(key, json!({ "notes": text })).await;
        let found = self
            .mia
            .get(&format!("{}?include=journals", issue(key)))
            .await;
        let journals = found["issue"]["journals"].as_array().unwrap();
        journals.last().unwrap()["id"].to_string()
    }

    async fn note(&self, comment: &str, fields: Json) {
        let note = json!({ "journal": fields });
        self.mia
            .put(&format!("/journals/{comment}.json"), &note)
            .await;
    }

    /// Makes our account an administrator, who sees all, or takes that away.
    async fn administrates(&self, is_administrator: bool) {
        let user = json!({ "user": { "admin": is_administrator } });
        self.administrator
            .put(&format!("/users/{}.json", self.agent), &user)
            .await;
    }
}

fn issue(key: &str) -> String {
    format!("/issues/{}.json", key.trim_start_matches('#'))
}

async fn user(administrator: &Http, login: &str) -> Json {
    let found = administrator
        .get(&format!("/users.json?name={login}"))
        .await;
    found["users"][0]["id"].clone()
}
