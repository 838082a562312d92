"""Drives a simulated Zendesk through the `zenpy` package and asserts what it sees. Usage: URL EMAIL TOKEN GROUP"""

import os
import sys
import time
from urllib.parse import urlsplit

url, email, token, group = sys.argv[1:5]
os.environ["ZENPY_FORCE_SCHEME"] = urlsplit(url).scheme
os.environ["ZENPY_FORCE_NETLOC"] = urlsplit(url).netloc

from zenpy import Zenpy
from zenpy.lib.api_objects import Comment, CustomField, Ticket, User, Webhook
from zenpy.lib.exception import APIException, RecordNotFoundException


def client_of(token):
    return Zenpy(subdomain="acme", email=email, token=token, disable_cache=True)


def refused(action, status):
    try:
        action()
    except (APIException, RecordNotFoundException) as error:
        found = error.response.status_code
        assert found == status, f"{found} instead of {status}: {error}"
    else:
        raise AssertionError(f"was not refused with {status}")


client = client_of(token)
me = client.users.me()
assert me.email == email and me.role == "admin", me.to_dict()
groups = {one.name: one.id for one in client.groups()}
assert group in groups, groups
assert "Subject" in [one.title for one in client.ticket_fields()]
assert any(one.email == email for one in client.users())

audit = client.tickets.create(Ticket(subject="Made by zenpy", comment=Comment(body="text \U0001f680", public=True),
                                     group_id=groups[group], tags=["driven"], external_id="zenpy:1", priority="high"))
ticket = audit.ticket
assert [event["type"] for event in audit.audit.events].count("Comment") == 1
read = client.tickets(id=ticket.id)
assert (read.subject, read.description, read.status) == ("Made by zenpy", "text \U0001f680", "new"), read.to_dict()
assert read.tags == ["driven"] and read.priority == "high" and read.group_id == groups[group]
refused(lambda: client.tickets.create(Ticket(subject="no comment")), 422)
assert [one.id for one in client.tickets(external_id="zenpy:1")] == [ticket.id]

read.subject = "Edited by zenpy"
read.status = "open"
read.comment = Comment(html_body="<p>an <b>internal</b> note</p>", public=False)
client.tickets.update(read)
read = client.tickets(id=ticket.id)
assert (read.subject, read.status) == ("Edited by zenpy", "open"), read.to_dict()
comments = list(client.tickets.comments(ticket=ticket.id))
assert [one.public for one in comments] == [True, False]
assert "<b>internal</b>" in comments[1].html_body and comments[1].author_id == me.id
client.tickets.add_tags(ticket.id, ["twice"])
assert client.tickets(id=ticket.id).tags == ["driven", "twice"]
client.tickets.delete_tags(ticket.id, ["twice"])
assert client.tickets(id=ticket.id).tags == ["driven"]
read.assignee_id = 999999
refused(lambda: client.tickets.update(read), 422)

events = [event for one in client.tickets.audits(ticket=ticket.id) for event in one.events]
changed = {event.get("field_name") for event in events if event["type"] == "Change"}
assert {"subject", "status"} <= changed, changed

many = [client.tickets.create(Ticket(subject=f"one of many {n}", comment=Comment(body="text"),
                                     tags=["driven"])).ticket.id for n in range(60)]
assert set(many) | {ticket.id} <= {one.id for one in client.tickets()}
pages = {one.id for one in client.tickets(cursor_pagination=25)}
assert set(many) | {ticket.id} <= pages, "all pages"
deadline = time.monotonic() + 30
while len(found := list(client.search(type="ticket", tags="driven"))) < 61:
    assert time.monotonic() < deadline, len(found)
    time.sleep(1)
assert {one.id for one in found} == set(many) | {ticket.id}
found = list(client.search("Edited", type="ticket", status="open"))
assert [one.id for one in found] == [ticket.id], [one.id for one in found]
# Nothing of the last minute is exported.
assert ticket.id not in [one.id for one in client.tickets.incremental(start_time=0)]

hook = Webhook(name="zenpy", endpoint="http://127.0.0.1:9/hooks/zd", http_method="POST", request_format="json",
               status="inactive", subscriptions=["zen:event-type:ticket.created"])
hook = client.webhooks.create(hook)
assert [one.id for one in client.webhooks.list()] == [hook.id]
client.webhooks.delete(hook)
refused(lambda: client.webhooks(id=hook.id), 404)

job = client.tickets.merge(target=ticket.id, source=many[0], target_comment="merged", source_comment="merged")
assert job.status in ("queued", "working", "completed"), job.to_dict()
deadline = time.monotonic() + 30
while client.tickets(id=many[0]).status != "closed":
    assert time.monotonic() < deadline
    time.sleep(0.2)
closed = client.tickets(id=many[0])
closed.subject = "a closed ticket stays"
refused(lambda: client.tickets.update(closed), 422)

client.tickets.delete(client.tickets(id=ticket.id))
refused(lambda: client.tickets(id=ticket.id), 404)
assert ticket.id in [one.id for one in client.tickets.deleted()]
refused(lambda: client_of("wrong").users.me(), 401)
print("driven:", ticket.id)
