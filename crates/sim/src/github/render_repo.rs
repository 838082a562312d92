//! The JSON of repositories and accounts.

use super::Github;
use super::model::{Account, Issue, Repo};
use super::render::{node_id, time};
use serde_json::{Value, json};

/// Addresses below a repository's: the key without `_url`, and the path.
const BELOW: [(&str, &str); 36] = [
    ("forks", "/forks"),
    ("keys", "/keys{/key_id}"),
    ("collaborators", "/collaborators{/collaborator}"),
    ("teams", "/teams"),
    ("hooks", "/hooks"),
    ("issue_events", "/issues/events{/number}"),
    ("events", "/events"),
    ("assignees", "/assignees{/user}"),
    ("branches", "/branches{/branch}"),
    ("tags", "/tags"),
    ("blobs", "/git/blobs{/sha}"),
    ("git_tags", "/git/tags{/sha}"),
    ("git_refs", "/git/refs{/sha}"),
    ("trees", "/git/trees{/sha}"),
    ("statuses", "/statuses/{sha}"),
    ("languages", "/languages"),
    ("stargazers", "/stargazers"),
    ("contributors", "/contributors"),
    ("subscribers", "/subscribers"),
    ("subscription", "/subscription"),
    ("commits", "/commits{/sha}"),
    ("git_commits", "/git/commits{/sha}"),
    ("comments", "/comments{/number}"),
    ("issue_comment", "/issues/comments{/number}"),
    ("contents", "/contents/{+path}"),
    ("compare", "/compare/{base}...{head}"),
    ("merges", "/merges"),
    ("archive", "/{archive_format}{/ref}"),
    ("downloads", "/downloads"),
    ("issues", "/issues{/number}"),
    ("pulls", "/pulls{/number}"),
    ("milestones", "/milestones{/number}"),
    ("notifications", "/notifications{?since,all,participating}"),
    ("labels", "/labels{/name}"),
    ("releases", "/releases{/id}"),
    ("deployments", "/deployments"),
];

impl Github {
    pub(super) fn repository(&self, repo: &Repo) -> Value {
        let full_name = format!("{}/{}", repo.owner, repo.name);
        let html = format!("{}/{full_name}", self.base);
        let url = self.repo_url(repo);
        let open = |issue: &&Issue| issue.is_listed() && issue.closed.is_none();
        let open = repo.issues.values().filter(open).count();
        let mut body = json!({
            "id": repo.id,
            "node_id": node_id("R", repo.id),
            "name": repo.name,
            "full_name": full_name,
            "private": true,
            "visibility": "private",
            "owner": self.user(&repo.owner),
            "html_url": html,
            "description": null,
            "fork": false,
            "url": url,
            "created_at": time(repo.created),
            "updated_at": time(repo.created),
            "pushed_at": time(repo.created),
            "ssh_url": format!("git@github.com:{full_name}.git"),
            "clone_url": format!("{html}.git"),
            "svn_url": html,
        });
        let counts_and_switches = json!({
            "homepage": null,
            "size": 0,
            "stargazers_count": 0,
            "watchers_count": 0,
            "language": null,
            "has_issues": repo.has_issues,
            "has_projects": true,
            "has_downloads": true,
            "has_wiki": true,
            "has_pages": false,
            "has_discussions": false,
            "forks_count": 0,
            "mirror_url": null,
            "archived": false,
            "disabled": false,
            "open_issues_count": open,
            "license": null,
            "allow_forking": true,
            "is_template": false,
            "web_commit_signoff_required": false,
            "topics": [],
            "custom_properties": {},
            "forks": 0,
            "open_issues": open,
            "watchers": 0,
            "default_branch": "main",
        });
        extend(&mut body, counts_and_switches);
        for (name, path) in BELOW {
            body[format!("{name}_url")] = json!(format!("{url}{path}"));
        }
        body["git_url"] = json!(format!("git://github.com/{full_name}.git"));
        body
    }

    /// The repository as its own address gives it.
    pub(super) fn repository_whole(&self, repo: &Repo, may_write: bool, admin: bool) -> Value {
        let mut body = self.repository(repo);
        body["network_count"] = json!(0);
        body["subscribers_count"] = json!(0);
        body["permissions"] = json!({
            "admin": admin, "maintain": may_write, "push": may_write, "triage": may_write, "pull": true,
        });
        body
    }

    pub(super) fn organization(&self, login: &str) -> Value {
        let id = self.accounts.get(login).map_or(0, |account| account.id);
        let url = format!("{}/orgs/{login}", self.base);
        json!({
            "login": login,
            "id": id,
            "node_id": node_id("O", id),
            "url": url,
            "repos_url": format!("{url}/repos"),
            "events_url": format!("{url}/events"),
            "hooks_url": format!("{url}/hooks"),
            "issues_url": format!("{url}/issues"),
            "members_url": format!("{url}/members{{/member}}"),
            "public_members_url": format!("{url}/public_members{{/member}}"),
            "avatar_url": format!("{}/avatars/u/{id}?v=4", self.base),
            "description": "",
        })
    }

    /// The account as `GET /user` (private) and `GET /users/{login}` (public) give it.
    pub(super) fn account(&self, account: &Account, private: bool) -> Value {
        let mut body = self.user(&account.login);
        let created = time(self.created);
        let more = json!({
            "name": account.name, "company": null, "blog": "", "location": null, "email": account.email,
            "hireable": null, "bio": null, "twitter_username": null, "public_repos": 0, "public_gists": 0,
            "followers": 0, "following": 0, "created_at": created, "updated_at": created,
        });
        extend(&mut body, more);
        if private {
            extend(
                &mut body,
                json!({
                    "user_view_type": "private", "notification_email": account.email, "private_gists": 0,
                    "total_private_repos": 2, "owned_private_repos": 0, "disk_usage": 0, "collaborators": 0,
                    "two_factor_authentication": true,
                }),
            );
        }
        body
    }
}

/// Adds an object's entries to another.
pub(super) fn extend(body: &mut Value, more: Value) {
    if let (Value::Object(body), Value::Object(more)) = (body, more) {
        body.extend(more);
    }
}
