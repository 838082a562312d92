"""Drives a simulated GitHub through PyGithub and asserts what it sees. Usage: URL TOKEN REPOSITORY HOOK_URL"""

import sys

from github import Auth, Github, GithubException, UnknownObjectException

url, token, name, hook_url = sys.argv[1:5]
# No pauses and no retries: the simulator's limits are off, and a failure must show.
client = Github(auth=Auth.Token(token), base_url=url, retry=0, seconds_between_requests=0, seconds_between_writes=0)


def refused(action, status):
    try:
        action()
    except GithubException as error:
        assert error.status == status, f"{error.status} instead of {status}: {error.data}"
    else:
        raise AssertionError(f"was not refused with {status}")


me = client.get_user()
assert me.login, "the token has a user"
repo = client.get_repo(name)
assert repo.full_name == name
others = [user.login for user in repo.get_assignees() if user.login != me.login]
assert others, "somebody can be assigned"

label = repo.create_label("driven by a client", "5319e7", "made by PyGithub")
assert repo.get_label("driven by a client").color == "5319e7"
refused(lambda: repo.create_label("driven by a client", "5319e7"), 422)

issue = repo.create_issue("Made by PyGithub", body="**bold** \U0001f680", labels=[label], assignee=others[0])
assert issue.number > 0 and issue.state == "open"
assert issue.user.login == me.login
assert [one.name for one in issue.labels] == [label.name]
assert [one.login for one in issue.assignees] == [others[0]]

issue.edit(title="Edited by PyGithub", body="new text")
read = repo.get_issue(issue.number)
assert (read.title, read.body) == ("Edited by PyGithub", "new text")
assert read.updated_at >= read.created_at

issue.add_to_labels("second label")
assert {one.name for one in issue.get_labels()} == {label.name, "second label"}
issue.remove_from_labels(label.name)
assert {one.name for one in repo.get_issue(issue.number).labels} == {"second label"}
issue.set_labels(label.name)
issue.remove_from_assignees(others[0])
assert repo.get_issue(issue.number).assignees == []
issue.add_to_assignees(others[0])
assert [one.login for one in repo.get_issue(issue.number).assignees] == [others[0]]

comments = [issue.create_comment(f"comment {n}") for n in range(35)]
assert [one.body for one in issue.get_comments()] == [f"comment {n}" for n in range(35)], "all pages, in order"
comments[0].edit("comment edited")
assert issue.get_comment(comments[0].id).body == "comment edited"
comments[1].delete()
refused(lambda: issue.get_comment(comments[1].id), 404)
assert repo.get_issue(issue.number).comments == 34

issue.edit(state="closed", state_reason="not_planned")
read = repo.get_issue(issue.number)
assert (read.state, read.state_reason) == ("closed", "not_planned")
assert read.closed_at is not None
assert issue.number in [one.number for one in repo.get_issues(state="closed")]
assert issue.number not in [one.number for one in repo.get_issues(state="open")]
events = [event.event for event in issue.get_events()]
assert "closed" in events and "labeled" in events and "assigned" in events, events
issue.edit(state="open")
assert repo.get_issue(issue.number).state == "open"

since = repo.get_issue(issue.number).updated_at
newest = list(repo.get_issues(state="all", sort="updated", direction="desc", since=since))
assert newest[0].number == issue.number

found = client.search_issues(f'repo:{name} is:issue "Edited by PyGithub"')
assert found.totalCount == 1 and found[0].number == issue.number

hook = repo.create_hook("web", {"url": hook_url, "content_type": "json", "secret": "s3cret"}, ["issues", "issue_comment"], True)
assert sorted(repo.get_hook(hook.id).events) == ["issue_comment", "issues"]
assert repo.get_hook(hook.id).config["url"] == hook_url
hook.edit("web", {"url": hook_url, "content_type": "json"}, events=["issues"], active=False)
assert repo.get_hook(hook.id).active is False
hook.delete()
assert all(one.id != hook.id for one in repo.get_hooks())

try:
    repo.get_issue(999_999)
except UnknownObjectException as error:
    assert error.status == 404
else:
    raise AssertionError("an issue that is not there was found")
refused(lambda: repo.create_issue("x", assignees=["nobody-of-this-name"]), 422)
wrong = Github(auth=Auth.Token("wrong"), base_url=url, retry=0)
refused(lambda: wrong.get_user().login, 401)
print("driven: #%d" % issue.number)
