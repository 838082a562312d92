"""Drives a simulated Jira Cloud through the `jira` package and asserts what it sees. Usage: URL EMAIL TOKEN PROJECT"""

import sys

from jira import JIRA, JIRAError

url, email, token, project = sys.argv[1:5]
options = {"server": url, "rest_api_version": "3"}
# No retries: a failure must show.
client = JIRA(options=options, basic_auth=(email, token), max_retries=0)


def adf(text):
    paragraph = {"type": "paragraph", "content": [{"type": "text", "text": text}]}
    return {"type": "doc", "version": 1, "content": [paragraph]}


def text_of(document):
    document = document if isinstance(document, dict) else document.raw if hasattr(document, "raw") else vars(document)
    return str(document)


def refused(action, status):
    try:
        action()
    except JIRAError as error:
        assert error.status_code == status, f"{error.status_code} instead of {status}: {error.text}"
    else:
        raise AssertionError(f"was not refused with {status}")


me = client.myself()
assert me["accountId"]
assert project in [one.key for one in client.projects()]
kinds = [kind.name for kind in client.project(project).issueTypes]
assert "Task" in kinds, kinds
assert "summary" in [field["id"] for field in client.fields()]

wanted = {"project": {"key": project}, "issuetype": {"name": "Task"}, "summary": "Made by the jira package",
          "description": adf("text \U0001f680"), "labels": ["driven"]}
issue = client.create_issue(fields=wanted)
assert issue.key.startswith(project + "-")
read = client.issue(issue.key)
assert read.fields.summary == "Made by the jira package"
assert read.fields.labels == ["driven"]
assert read.fields.issuetype.name == "Task"
assert "text \U0001f680" in text_of(read.raw["fields"]["description"])
refused(lambda: client.create_issue(fields={"project": {"key": project}, "issuetype": {"name": "Task"}}), 400)

issue.update(fields={"summary": "Edited by the jira package", "labels": ["driven", "twice"]})
read = client.issue(issue.key)
assert read.fields.summary == "Edited by the jira package"
assert sorted(read.fields.labels) == ["driven", "twice"]
issue.update(update={"labels": [{"remove": "twice"}]})
assert client.issue(issue.key).fields.labels == ["driven"]
issue.update(fields={"assignee": {"accountId": me["accountId"]}})
assert client.issue(issue.key).fields.assignee.accountId == me["accountId"]

before = client.issue(issue.key).fields.status.name
transitions = client.transitions(issue)
assert transitions and all(one["to"]["name"] for one in transitions)
step = next(one for one in transitions if one["to"]["name"] != before)
client.transition_issue(issue, step["id"])
assert client.issue(issue.key).fields.status.name == step["to"]["name"]
refused(lambda: client.transition_issue(issue, "99999"), 400)

comment = client.add_comment(issue.key, adf("a comment"))
assert "a comment" in text_of(client.comment(issue.key, comment.id).raw["body"])
comment.update(body=adf("an edited comment"))
assert "an edited comment" in text_of(client.comment(issue.key, comment.id).raw["body"])
assert [one.id for one in client.comments(issue.key)] == [comment.id]
comment.delete()
assert client.comments(issue.key) == []
refused(lambda: client.comment(issue.key, comment.id), 404)

many = [client.create_issue(fields=dict(wanted, summary=f"one of many {n}")) for n in range(60)]
found = client.enhanced_search_issues(f"project = {project} AND labels = driven ORDER BY key", maxResults=0)
keys = [one.key for one in found]
assert len(keys) == 61 and issue.key in keys, (len(keys), "all pages")
status = step["to"]["name"]
found = client.enhanced_search_issues(f'project = {project} AND labels = driven AND status = "{status}"', fields=["summary"])
assert [one.key for one in found] == [issue.key], [one.key for one in found]
refused(lambda: client.enhanced_search_issues("flavour = sweet"), 400)

histories = client.issue(issue.key, expand="changelog").changelog.histories
changed = {item.field for history in histories for item in history.items}
assert {"summary", "labels", "status", "assignee"} <= changed, changed

issue.delete()
refused(lambda: client.issue(issue.key), 404)
found = client.enhanced_search_issues(f"project = {project} AND labels = driven", maxResults=0)
assert issue.key not in [one.key for one in found] and len(found) == len(many)
refused(lambda: JIRA(options=options, basic_auth=(email, "wrong"), max_retries=0).myself(), 401)
print("driven:", issue.key)
