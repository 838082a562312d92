"""Drives a simulated Redmine through python-redmine and asserts what it sees. Usage: URL KEY PROJECT"""

import io
import sys

from redminelib import Redmine
from redminelib.exceptions import AuthError, ResourceNotFoundError, ValidationError

url, key, name = sys.argv[1:4]
redmine = Redmine(url, key=key)


def refused(action, kind):
    try:
        action()
    except kind:
        return
    raise AssertionError(f"was not refused with {kind.__name__}")


me = redmine.user.get("current")
assert me.login and me.id, list(me)
project = redmine.project.get(name)
assert project.identifier == name and project.id, list(project)
assert name in [one.identifier for one in redmine.project.all()]
statuses = {one.name: one.id for one in redmine.issue_status.all()}
trackers = {one.name: one.id for one in redmine.tracker.all()}
priorities = {one.name: one.id for one in redmine.enumeration.filter(resource="issue_priorities")}
assert statuses and trackers and priorities
tracker = next(iter(trackers.values()))

issue = redmine.issue.create(project_id=name, tracker_id=tracker, subject="Made by python-redmine",
                             description="text \U0001f680", priority_id=next(iter(priorities.values())),
                             assigned_to_id=me.id)
assert issue.id > 0 and issue.subject == "Made by python-redmine", list(issue)
read = redmine.issue.get(issue.id, include=["journals", "attachments", "children"])
assert read.description == "text \U0001f680"
assert read.project.id == project.id and read.author.id == me.id and read.assigned_to.id == me.id
assert read.status.id in statuses.values() and read.tracker.id == tracker
refused(lambda: redmine.issue.create(project_id=name, tracker_id=tracker, subject=""), ValidationError)

assert redmine.issue.update(issue.id, subject="Edited by python-redmine", notes="a note", done_ratio=30)
assert redmine.issue.update(issue.id, notes="a private note", private_notes=True)
read = redmine.issue.get(issue.id, include=["journals"])
assert (read.subject, read.done_ratio) == ("Edited by python-redmine", 30)
journals = list(read.journals)
assert [one.notes for one in journals] == ["a note", "a private note"], [list(one) for one in journals]
changed = {detail["name"] for one in journals for detail in one.details}
assert {"subject", "done_ratio"} <= changed, changed

below = redmine.issue.create(project_id=name, tracker_id=tracker, subject="below", parent_issue_id=issue.id)
assert redmine.issue.get(below.id).parent.id == issue.id
read = redmine.issue.get(issue.id, include=["children"])
assert [one.id for one in read.children] == [below.id]

attached = redmine.issue.update(issue.id, uploads=[{"path": io.BytesIO(b"some bytes"), "filename": "driven.txt"}])
assert attached
files = list(redmine.issue.get(issue.id, include=["attachments"]).attachments)
assert [(one.filename, one.filesize) for one in files] == [("driven.txt", 10)]
assert b"".join(files[0].download().iter_content(4)) == b"some bytes"

many = [redmine.issue.create(project_id=name, tracker_id=tracker, subject=f"one of many {n}").id for n in range(120)]
listed = {one.id for one in redmine.issue.filter(project_id=name, status_id="*")}
assert set(many) | {issue.id, below.id} <= listed, "all pages"
found = redmine.issue.filter(project_id=name, status_id="*", subject="Edited by python-redmine")
assert [one.id for one in found] == [issue.id]
since = redmine.issue.get(issue.id).updated_on.strftime("%Y-%m-%dT%H:%M:%SZ")
changed = {one.id for one in redmine.issue.filter(project_id=name, status_id="*", updated_on=f">={since}")}
assert issue.id in changed

assert redmine.issue.delete(below.id)
refused(lambda: redmine.issue.get(below.id), ResourceNotFoundError)
refused(lambda: Redmine(url, key="wrong").user.get("current"), AuthError)
print("driven:", f"#{issue.id}")
