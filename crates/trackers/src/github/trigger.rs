//! Triggers: the part of GitHub's search syntax that can be decided on an issue itself, without the lagging search
//! index. Anything else is an error that names it.

use super::wire;
use std::borrow::Cow;

/// A trigger, ready to decide.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Trigger(Vec<Term>);

#[derive(Clone, Debug, PartialEq)]
struct Term {
    negated: bool,
    test: Test,
}

#[derive(Clone, Debug, PartialEq)]
enum Test {
    IsIssue,
    IsPullRequest,
    Open,
    Closed,
    Reason(String),
    /// Any of these labels: `label:a,b`.
    Label(Vec<String>),
    Assignee(String),
    Author(String),
    Milestone(String),
    Type(String),
    Repo(String),
    NoLabel,
    NoAssignee,
    NoMilestone,
    NoType,
}

/// The qualifiers, for the error's sentence.
const KNOWN: &str =
    "is:, state:, reason:, label:, assignee:, author:, milestone:, type:, repo:, no:";

impl Trigger {
    /// Reads a trigger. The error is a sentence that names what is not understood.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        words(text)?
            .iter()
            .map(term)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Whether an issue matches, exactly. A pull request never does.
    pub(super) fn matches(&self, issue: &wire::Issue) -> bool {
        !issue.is_pull_request()
            && self
                .0
                .iter()
                .all(|term| term.test.holds(issue) != term.negated)
    }

    /// The parameters of the issue list that let through every match (and perhaps more).
    pub(super) fn parameters(&self) -> Vec<(&'static str, String)> {
        let mut state = "all";
        let mut labels = Vec::new();
        for term in &self.0 {
            match (&term.test, term.negated) {
                (Test::Open, false) | (Test::Closed, true) => state = "open",
                (Test::Closed, false) | (Test::Open, true) => state = "closed",
                (Test::Label(any), false) => match any.as_slice() {
                    [one] if !one.contains(',') => labels.push(one.as_str()),
                    _ => {}
                },
                _ => {}
            }
        }
        let mut parameters = vec![("state", state.to_owned())];
        if !labels.is_empty() {
            parameters.push(("labels", labels.join(",")));
        }
        parameters
    }
}

impl Test {
    fn holds(&self, issue: &wire::Issue) -> bool {
        let same = |mine: &str, theirs: &str| mine.to_lowercase() == theirs.to_lowercase();
        let is_login = |login: &str, who: &wire::Account| who.login.eq_ignore_ascii_case(login);
        match self {
            Self::IsIssue => true,
            Self::IsPullRequest => false,
            Self::Open => issue.state == "open",
            Self::Closed => issue.state == "closed",
            Self::Reason(reason) => issue.state_reason.as_deref() == Some(reason),
            Self::Label(any) => issue
                .labels
                .iter()
                .any(|label| any.iter().any(|wanted| same(wanted, label.name()))),
            Self::Assignee(login) => assignees(issue).iter().any(|who| is_login(login, who)),
            Self::Author(login) => issue.user.as_ref().is_some_and(|who| is_login(login, who)),
            Self::Milestone(title) => {
                let milestone = issue.milestone.as_ref();
                milestone.is_some_and(|milestone| same(title, &milestone.title))
            }
            Self::Type(name) => kind(issue).is_some_and(|kind| same(name, &kind.name)),
            Self::Repo(repo) => issue
                .repository_url
                .to_ascii_lowercase()
                .ends_with(&format!("/repos/{}", repo.to_ascii_lowercase())),
            Self::NoLabel => issue.labels.is_empty(),
            Self::NoAssignee => assignees(issue).is_empty(),
            Self::NoMilestone => issue.milestone.is_none(),
            Self::NoType => kind(issue).is_none(),
        }
    }
}

fn assignees(issue: &wire::Issue) -> &[wire::Account] {
    issue.assignees.as_deref().unwrap_or_default()
}

fn kind(issue: &wire::Issue) -> Option<&wire::IssueType> {
    issue.kind.as_ref()?.as_ref()
}

fn term(word: &Word) -> Result<Term, String> {
    let Word {
        negated,
        key,
        values,
    } = word;
    let shown = word.shown();
    let unknown = || format!("GitHub triggers know no {shown}; they know {KNOWN}");
    let [value] = values.as_slice() else {
        return match key.as_str() {
            "label" if !values.is_empty() => Ok(Term {
                negated: *negated,
                test: Test::Label(values.clone()),
            }),
            _ => Err(unknown()),
        };
    };
    let value = value.as_str();
    let test = match (key.as_str(), value) {
        ("is" | "type", "issue") => Test::IsIssue,
        ("is" | "type", "pr" | "pull-request") => Test::IsPullRequest,
        ("is" | "state", "open") => Test::Open,
        ("is" | "state", "closed") => Test::Closed,
        ("reason", "completed") => Test::Reason("completed".to_owned()),
        ("reason", "not planned" | "not_planned") => Test::Reason("not_planned".to_owned()),
        ("no", "label") => Test::NoLabel,
        ("no", "assignee") => Test::NoAssignee,
        ("no", "milestone") => Test::NoMilestone,
        ("no", "type") => Test::NoType,
        ("assignee" | "author", "@me") => {
            return Err(format!("{shown} is not for triggers: name the account"));
        }
        ("label", _) => Test::Label(vec![value.to_owned()]),
        ("assignee", _) => Test::Assignee(value.to_owned()),
        ("author", _) => Test::Author(value.to_owned()),
        ("milestone", _) => Test::Milestone(value.to_owned()),
        ("type", _) => Test::Type(value.to_owned()),
        ("repo", _) => Test::Repo(value.to_owned()),
        _ => return Err(unknown()),
    };
    if test == Test::IsPullRequest && !negated {
        return Err("a trigger of pull requests matches nothing: only issues are items".to_owned());
    }
    Ok(Term {
        negated: *negated,
        test,
    })
}

/// `-key:value,"another value"`.
#[derive(Debug, Default)]
struct Word {
    negated: bool,
    key: String,
    values: Vec<String>,
}

impl Word {
    fn shown(&self) -> Cow<'_, str> {
        let values = self.values.join(",");
        let minus = if self.negated { "-" } else { "" };
        match self.key.as_str() {
            "" => format!("free text ('{minus}{values}')").into(),
            key => format!("'{minus}{key}:{values}'").into(),
        }
    }
}

/// Splits at white space outside quotation marks.
fn words(text: &str) -> Result<Vec<Word>, String> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let mut word = Word::default();
        if let Some(after) = rest.strip_prefix('-') {
            word.negated = true;
            rest = after;
        }
        let key = rest
            .split(|c: char| !c.is_ascii_alphabetic())
            .next()
            .unwrap_or("");
        if let Some(after) = rest[key.len()..].strip_prefix(':') {
            key.clone_into(&mut word.key);
            rest = after;
        }
        loop {
            let (value, after) = value(rest)?;
            if value.is_empty() {
                return Err(format!("'{}:' has no value", word.key));
            }
            word.values.push(value.to_owned());
            rest = after;
            match rest.strip_prefix(',') {
                Some(after) if !word.key.is_empty() => rest = after,
                _ => break,
            }
        }
        words.push(word);
        rest = rest.trim_start();
    }
    Ok(words)
}

/// One value and what follows it.
fn value(text: &str) -> Result<(&str, &str), String> {
    if let Some(quoted) = text.strip_prefix('"') {
        return quoted
            .split_once('"')
            .ok_or_else(|| format!("a quotation mark is not closed: {text}"));
    }
    let end = text
        .find(|c: char| c.is_whitespace() || c == ',')
        .unwrap_or(text.len());
    let end = if end == 0 && text.starts_with(',') {
        1
    } else {
        end
    };
    Ok(text.split_at(end))
}

#[cfg(test)]
mod tests;
