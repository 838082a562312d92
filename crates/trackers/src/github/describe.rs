//! What a repository offers, and whether the node works.

use super::{GitHub, MILESTONE, SUMMARY_MAX_CHARS, TEXT_MAX_CHARS, client, decode, status, wire};
use crate::error::TrackerError;
use crate::http::Call;
use crate::tracker::{Description, FieldDescription, Probe, Scope, Status};
use http::StatusCode;
use std::collections::BTreeSet;
use std::time::Duration;
use twinline_core::item::{Choice, field};
use twinline_core::time::Timestamp;

/// A clock further off than this makes certificates, tokens and settle times unreliable.
const SKEW_MAX_MS: i64 = 30_000;

/// A token that ends within this time is a fault already: there is time to replace it.
const EXPIRY_WARNING: Duration = Duration::from_secs(14 * 24 * 3600);

/// A clock that is too far off.
pub(super) fn clock_fault(skew_ms: i64) -> Option<String> {
    (skew_ms.abs() > SKEW_MAX_MS).then(|| {
        let seconds = skew_ms / 1000;
        format!("GitHub's clock and this machine's differ by {seconds} s: set this machine's clock")
    })
}

impl GitHub {
    /// Checks the credentials, the clock and the token's end.
    pub(super) async fn check_node(&self) -> Result<Probe, TrackerError> {
        if self.app.is_some() {
            return self.check_app().await;
        }
        let reply = match self.client.send(Call::get("/user")).await {
            Ok(reply) => reply,
            Err(later @ (TrackerError::Retry { .. } | TrackerError::Busy { .. })) => {
                return Err(later);
            }
            Err(fault) => {
                return Ok(Probe {
                    faults: vec![fault.to_string()],
                    ..Probe::default()
                });
            }
        };
        client::here(&reply)?;
        let account: wire::Account = reply.json()?;
        let mut probe = Probe {
            account: Some(decode::user(&account)),
            skew_ms: self.client.skew_ms(),
            version: reply
                .header("x-github-enterprise-version")
                .map(str::to_owned),
            faults: Vec::new(),
        };
        probe.faults.extend(clock_fault(probe.skew_ms));
        // Classic tokens list their scopes; fine-grained ones do not.
        if let Some(scopes) = reply.header("x-oauth-scopes")
            && !scopes.split(',').any(|scope| scope.trim() == "repo")
        {
            probe.faults.push(format!(
                "the token has the scopes '{scopes}': it needs 'repo' to write private issues"
            ));
        }
        let end = reply
            .header("github-authentication-token-expiration")
            .and_then(token_end);
        if let Some(end) = end.filter(|end| *end < self.client.now().plus(EXPIRY_WARNING)) {
            probe
                .faults
                .push(format!("the token ends at {end}: make a new one before"));
        }
        Ok(probe)
    }

    /// What keeps us from working in a repository.
    pub(super) async fn check_place(
        &self,
        scope: &Scope,
        webhook: Option<&str>,
    ) -> Result<Vec<String>, TrackerError> {
        let repo = super::repo(scope)?;
        let reply = self.client.send(Call::get(repo.path(""))).await?;
        client::repo_here(&reply, &repo)?;
        let found: wire::Repository = reply.json()?;
        let mut faults = Vec::new();
        if found.archived {
            faults.push(format!(
                "{repo} is archived and can only be read: unarchive it"
            ));
        }
        if found.has_issues == Some(false) {
            faults.push(format!(
                "the issues of {repo} are switched off: switch them on in Settings, General, Features"
            ));
        }
        // A fine-grained token may have less than its account; GitHub tells that only where it refuses.
        // Of an app its installation tells, and here nothing is said.
        let may_push = found.permissions.is_none_or(|may| may.push);
        if self.app.is_none() && !may_push {
            faults.push(format!(
                "the token's account may not change other people's issues in {repo}: give it the role Write there"
            ));
        }
        if let Some(url) = webhook {
            let standing = self.standing(&repo, url).await?;
            faults.extend(standing.fault().map(str::to_owned));
        }
        Ok(faults)
    }

    /// The fields, options, statuses and people of a repository.
    pub(super) async fn describe_repo(&self, scope: &Scope) -> Result<Description, TrackerError> {
        let repo = super::repo(scope)?;
        let client = &self.client;
        let labels = Call::get(repo.path("/labels"));
        let labels: Vec<wire::Label> = client::all_pages(client, labels).await?;
        let milestones = Call::get(repo.path("/milestones")).query("state", "all");
        let milestones: Vec<wire::Milestone> = client::all_pages(client, milestones).await?;
        let assignees = Call::get(repo.path("/assignees"));
        let assignees: Vec<wire::Account> = client::all_pages(client, assignees).await?;
        let types = Call::get(repo.path("/issue-types")).accept(&[StatusCode::NOT_FOUND]);
        let types = client.send(types).await?;
        let types: Vec<wire::IssueType> = if types.status == StatusCode::NOT_FOUND {
            Vec::new()
        } else {
            types.json()?
        };
        let options = |names: Vec<&str>| names.into_iter().map(option).collect::<Vec<_>>();
        let labels = options(labels.iter().map(wire::Label::name).collect());
        let milestones = options(milestones.iter().map(|m| m.title.as_str()).collect());
        let types = options(types.iter().map(|kind| kind.name.as_str()).collect());
        Ok(Description {
            fields: fields(labels, milestones, types),
            statuses: status::ALL
                .map(|status| Status {
                    status: option(status),
                    demands: BTreeSet::new(),
                    leads_to: None,
                    closed: status != status::OPEN,
                })
                .into(),
            users: assignees.iter().map(decode::user).collect(),
        })
    }
}

/// `2026-01-31 09:30:00 UTC`
fn token_end(text: &str) -> Option<Timestamp> {
    let text = text.trim_end_matches(" UTC").replacen(' ', "T", 1);
    Timestamp::parse(&format!("{text}Z")).ok()
}

fn option(name: &str) -> Choice {
    Choice {
        id: name.to_owned(),
        name: name.to_owned(),
    }
}

fn fields(
    labels: Vec<Choice>,
    milestones: Vec<Choice>,
    types: Vec<Choice>,
) -> std::collections::BTreeMap<twinline_core::names::FieldName, FieldDescription> {
    let field = |name: &str, kind: &str, writable: bool, options: Vec<Choice>| FieldDescription {
        name: name.to_owned(),
        kind: kind.to_owned(),
        required: false,
        writable,
        options,
        max_chars: None,
    };
    let statuses = status::ALL.map(option).into();
    let summary = FieldDescription {
        required: true,
        max_chars: Some(SUMMARY_MAX_CHARS),
        ..field("Title", "text", true, Vec::new())
    };
    let description = FieldDescription {
        max_chars: Some(TEXT_MAX_CHARS),
        ..field("Description", "rich", true, Vec::new())
    };
    [
        (field::SUMMARY, summary),
        (field::DESCRIPTION, description),
        (field::STATUS, field("State", "choice", true, statuses)),
        (field::LABELS, field("Labels", "set", true, labels)),
        (field::ASSIGNEE, field("Assignee", "user", true, Vec::new())),
        (
            field::ASSIGNEES,
            field("Assignees", "users", true, Vec::new()),
        ),
        (MILESTONE, field("Milestone", "choice", true, milestones)),
        (field::TYPE, field("Type", "choice", true, types)),
        (field::REPORTER, field("Author", "user", false, Vec::new())),
        (field::PARENT, field("Parent", "text", true, Vec::new())),
        (field::CREATED, field("Created", "time", false, Vec::new())),
        (field::UPDATED, field("Updated", "time", false, Vec::new())),
    ]
    .into_iter()
    .map(|(name, description)| (name.into(), description))
    .collect()
}
