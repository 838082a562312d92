"""Drives a simulated ServiceNow through ServiceNow's own client, PySNC, and asserts what it sees. Usage: URL USER PASSWORD"""

import sys

from pysnc import ServiceNowClient
from pysnc.exceptions import AuthenticationException, NotFoundException, RequestException

url, user, password = sys.argv[1:4]
client = ServiceNowClient(url, (user, password))


def refused(action, kind):
    try:
        action()
    except kind:
        return
    raise AssertionError(f"was not refused with {kind.__name__}")


def incidents(**fields):
    record = client.GlideRecord("incident", batch_size=20)
    for name, value in fields.items():
        record.add_query(name, value)
    record.order_by("number")
    record.query()
    return record


me = client.GlideRecord("sys_user")
assert me.get("user_name", user), "the account's own record"
assert me.get_value("email") and me.get_value("sys_id")

record = client.GlideRecord("incident")
record.initialize()
record.short_description = "Made by PySNC"
record.description = "text \U0001f680"
record.urgency = "1"
record.assigned_to = me.sys_id
sys_id = record.insert()
assert sys_id, record.get_last_error() if hasattr(record, "get_last_error") else "no sys_id"

read = client.GlideRecord("incident")
assert read.get(sys_id)
assert read.get_value("short_description") == "Made by PySNC"
assert read.get_value("description") == "text \U0001f680"
assert read.get_display_value("state") == "New" and read.get_value("state") == "1"
assert read.get_value("assigned_to") == me.get_value("sys_id")
assert read.get_display_value("assigned_to") == me.get_value("name")
number = read.get_value("number")
assert number.startswith("INC"), number

read.short_description = "Edited by PySNC"
read.comments = "a comment"
read.work_notes = "a note"
assert read.update()
read = client.GlideRecord("incident")
assert read.get(sys_id)
assert read.get_value("short_description") == "Edited by PySNC"
assert "a comment" in read.get_display_value("comments")
journal = client.GlideRecord("sys_journal_field")
journal.add_query("element_id", sys_id)
journal.order_by("element")
journal.query()
assert [(entry.get_value("element"), entry.get_value("value")) for entry in journal] == [
    ("comments", "a comment"), ("work_notes", "a note")]
audit = client.GlideRecord("sys_audit")
audit.add_query("documentkey", sys_id)
audit.query()
assert {row.get_value("fieldname") for row in audit} == {"short_description"}

for n in range(50):
    one = client.GlideRecord("incident")
    one.initialize()
    one.short_description = f"one of many {n}"
    one.category = "network"
    assert one.insert()
found = incidents(category="network")
assert len(found) == 50, len(found)
assert len([one.get_value("number") for one in found]) == 50, "all pages"
assert [one.get_value("number") for one in incidents(number=number)] == [number]
walked = client.GlideRecord("incident")
walked.add_encoded_query("assigned_to.user_name=" + user)
walked.query()
assert [one.get_value("sys_id") for one in walked] == [sys_id]

assert read.delete()
gone = client.GlideRecord("incident")
assert not gone.get(sys_id)
left = client.GlideRecord("sys_audit_delete")
left.add_query("documentkey", sys_id)
left.query()
assert [row.get_value("tablename") for row in left] == ["incident"]


def unknown_table():
    moon = client.GlideRecord("moon")
    moon.query()


def stranger():
    wrong = ServiceNowClient(url, (user, "wrong")).GlideRecord("incident")
    wrong.query()


refused(unknown_table, RequestException)
refused(stranger, AuthenticationException)
print("driven:", number)
