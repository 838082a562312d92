//! The JSON of issues and what belongs to them, as the REST description of version 2022-11-28 has it.

use super::Github;
use super::model::{Account, Comment, Detail, Event, Issue, Label, Milestone, Repo};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use twinline_core::time::Timestamp;

/// GitHub's times are whole seconds.
pub(super) fn time(at: Timestamp) -> String {
    at.floor_to_second().to_string()
}

/// An opaque id of the GraphQL API.
pub(super) fn node_id(prefix: &str, id: u64) -> String {
    format!("{prefix}_{}", URL_SAFE_NO_PAD.encode(id.to_be_bytes()))
}

impl Github {
    pub(super) fn repo_url(&self, repo: &Repo) -> String {
        format!("{}/repos/{}/{}", self.base, repo.owner, repo.name)
    }

    pub(super) fn issue_url(&self, repo: &Repo, number: u64) -> String {
        format!("{}/issues/{number}", self.repo_url(repo))
    }

    pub(super) fn html_url(&self, repo: &Repo, number: u64, is_pull_request: bool) -> String {
        let kind = if is_pull_request { "pull" } else { "issues" };
        format!("{}/{}/{}/{kind}/{number}", self.base, repo.owner, repo.name)
    }

    /// A simple user; the account `ghost` for a login that nobody has.
    pub(super) fn user(&self, login: &str) -> Value {
        let ghost = Account {
            id: 10_137,
            login: "ghost".to_owned(),
            name: "Deleted user".to_owned(),
            email: String::new(),
            is_organization: false,
        };
        let account = self.accounts.get(login).unwrap_or(&ghost);
        let (login, base) = (&account.login, &self.base);
        let url = format!("{base}/users/{login}");
        let kind = match account.is_organization {
            true => "Organization",
            false if login.ends_with("[bot]") => "Bot",
            false => "User",
        };
        json!({
            "login": login,
            "id": account.id,
            "node_id": node_id(if account.is_organization { "O" } else { "U" }, account.id),
            "avatar_url": format!("{base}/avatars/u/{}?v=4", account.id),
            "gravatar_id": "",
            "url": url,
            "html_url": format!("{base}/{login}"),
            "followers_url": format!("{url}/followers"),
            "following_url": format!("{url}/following{{/other_user}}"),
            "gists_url": format!("{url}/gists{{/gist_id}}"),
            "starred_url": format!("{url}/starred{{/owner}}{{/repo}}"),
            "subscriptions_url": format!("{url}/subscriptions"),
            "organizations_url": format!("{url}/orgs"),
            "repos_url": format!("{url}/repos"),
            "events_url": format!("{url}/events{{/privacy}}"),
            "received_events_url": format!("{url}/received_events"),
            "type": kind,
            "user_view_type": "public",
            "site_admin": false,
        })
    }

    pub(super) fn label(&self, repo: &Repo, label: &Label) -> Value {
        let name =
            percent_encoding::utf8_percent_encode(&label.name, percent_encoding::NON_ALPHANUMERIC);
        json!({
            "id": label.id,
            "node_id": node_id("LA", label.id),
            "url": format!("{}/labels/{name}", self.repo_url(repo)),
            "name": label.name,
            "color": label.color,
            "default": label.default,
            "description": label.description,
        })
    }

    pub(super) fn labels_of(&self, repo: &Repo, issue: &Issue) -> Value {
        let labels = issue.labels.iter().filter_map(|key| repo.labels.get(key));
        labels.map(|label| self.label(repo, label)).collect()
    }

    pub(super) fn milestone(&self, repo: &Repo, milestone: &Milestone) -> Value {
        let url = format!("{}/milestones/{}", self.repo_url(repo), milestone.number);
        let mine = |issue: &&Issue| issue.is_listed() && issue.milestone == Some(milestone.number);
        let open = repo
            .issues
            .values()
            .filter(mine)
            .filter(|issue| issue.closed.is_none());
        let closed = repo
            .issues
            .values()
            .filter(mine)
            .filter(|issue| issue.closed.is_some());
        json!({
            "url": url,
            "html_url": format!("{}/{}/{}/milestone/{}", self.base, repo.owner, repo.name, milestone.number),
            "labels_url": format!("{url}/labels"),
            "id": milestone.id,
            "node_id": node_id("MI", milestone.id),
            "number": milestone.number,
            "title": milestone.title,
            "description": milestone.description,
            "creator": self.user(&milestone.creator),
            "open_issues": open.count(),
            "closed_issues": closed.count(),
            "state": if milestone.closed.is_some() { "closed" } else { "open" },
            "created_at": time(milestone.created),
            "updated_at": time(milestone.updated),
            "due_on": milestone.due,
            "closed_at": milestone.closed.map(time),
        })
    }

    pub(super) fn issue_json(&self, repo: &Repo, issue: &Issue) -> Value {
        let url = self.issue_url(repo, issue.number);
        let html = self.html_url(repo, issue.number, issue.is_pull_request);
        let assignees: Vec<Value> = issue
            .assignees
            .iter()
            .map(|login| self.user(login))
            .collect();
        let milestone = issue
            .milestone
            .and_then(|number| repo.milestones.get(&number));
        let reason = match &issue.closed {
            Some(closed) => Some(closed.reason.as_str()),
            None if issue.reopened => Some("reopened"),
            None => None,
        };
        let mut body = json!({
            "url": url,
            "repository_url": self.repo_url(repo),
            "labels_url": format!("{url}/labels{{/name}}"),
            "comments_url": format!("{url}/comments"),
            "events_url": format!("{url}/events"),
            "timeline_url": format!("{url}/timeline"),
            "html_url": html,
            "id": issue.id,
            "node_id": node_id(if issue.is_pull_request { "PR" } else { "I" }, issue.id),
            "number": issue.number,
            "title": issue.title,
            "user": self.user(&issue.author),
            "labels": self.labels_of(repo, issue),
            "state": if issue.closed.is_some() { "closed" } else { "open" },
            "state_reason": reason,
            "locked": false,
            "active_lock_reason": null,
            "assignee": assignees.first().cloned(),
            "assignees": assignees,
            "milestone": milestone.map(|milestone| self.milestone(repo, milestone)),
            "type": issue_type(issue.kind.as_deref()),
            "comments": issue.comments.len(),
            "created_at": time(issue.created),
            "updated_at": time(issue.updated),
            "closed_at": issue.closed.as_ref().map(|closed| time(closed.at)),
            "author_association": "MEMBER",
            "sub_issues_summary": self.summary(issue),
            "parent_issue_url": self.parent_url(issue),
            "issue_dependencies_summary": {"blocked_by": 0, "total_blocked_by": 0, "blocking": 0, "total_blocking": 0},
            "body": issue.body,
            "reactions": reactions(&url),
            "performed_via_github_app": null,
        });
        if issue.is_pull_request {
            body["draft"] = json!(false);
            body["pull_request"] = json!({
                "url": format!("{}/pulls/{}", self.repo_url(repo), issue.number),
                "html_url": html,
                "diff_url": format!("{html}.diff"),
                "patch_url": format!("{html}.patch"),
                "merged_at": null,
            });
        }
        body
    }

    /// The issue as a single answer has it: with who closed it, which lists leave out.
    pub(super) fn issue_whole(&self, repo: &Repo, issue: &Issue) -> Value {
        let mut body = self.issue_json(repo, issue);
        let by = issue.closed.as_ref().map(|closed| self.user(&closed.by));
        body["closed_by"] = json!(by);
        body
    }

    pub(super) fn comment(&self, repo: &Repo, issue: &Issue, comment: &Comment) -> Value {
        let url = format!("{}/issues/comments/{}", self.repo_url(repo), comment.id);
        let html = self.html_url(repo, issue.number, issue.is_pull_request);
        json!({
            "url": url,
            "html_url": format!("{html}#issuecomment-{}", comment.id),
            "issue_url": self.issue_url(repo, issue.number),
            "id": comment.id,
            "node_id": node_id("IC", comment.id),
            "user": self.user(&comment.author),
            "created_at": time(comment.created),
            "updated_at": time(comment.updated),
            "author_association": "MEMBER",
            "body": comment.body,
            "reactions": reactions(&url),
            "performed_via_github_app": null,
        })
    }

    pub(super) fn event(&self, repo: &Repo, event: &Event) -> Value {
        let mut body = json!({
            "id": event.id,
            "node_id": node_id("EV", event.id),
            "url": format!("{}/issues/events/{}", self.repo_url(repo), event.id),
            "actor": self.user(&event.actor),
            "event": event.name,
            "commit_id": null,
            "commit_url": null,
            "created_at": time(event.at),
            "performed_via_github_app": null,
        });
        match &event.detail {
            Detail::None => {}
            Detail::Label { name, color } => body["label"] = json!({"name": name, "color": color}),
            Detail::Person(login) => {
                body["assignee"] = self.user(login);
                body["assigner"] = self.user(&event.actor);
            }
            Detail::Rename { from, to } => body["rename"] = json!({"from": from, "to": to}),
            Detail::Milestone(title) => body["milestone"] = json!({"title": title}),
            Detail::Reason(reason) => body["state_reason"] = json!(reason),
        }
        body
    }
}

/// An issue type by its name; null for none.
pub(super) fn issue_type(name: Option<&str>) -> Value {
    let types = super::ISSUE_TYPES.iter().zip(1..);
    let mut known = types.filter(|((known, _, _), _)| Some(*known) == name);
    let Some(((name, description, color), id)) = known.next() else {
        return Value::Null;
    };
    json!({
        "id": id,
        "node_id": node_id("IT", id),
        "name": name,
        "description": description,
        "color": color,
        "created_at": "2025-01-01T00:00:00Z",
        "updated_at": "2025-01-01T00:00:00Z",
        "is_enabled": true,
    })
}

fn reactions(url: &str) -> Value {
    json!({
        "url": format!("{url}/reactions"),
        "total_count": 0, "+1": 0, "-1": 0, "laugh": 0, "hooray": 0, "confused": 0, "heart": 0, "rocket": 0, "eyes": 0,
    })
}
