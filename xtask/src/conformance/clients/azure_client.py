"""Drives a simulated Azure DevOps through the `azure-devops` package and asserts what it sees. Usage: URL TOKEN PROJECT"""

import sys

from azure.devops.connection import Connection
from azure.devops.exceptions import AzureDevOpsServiceError
from azure.devops.v7_1.service_hooks.models import Subscription
from azure.devops.v7_1.work_item_tracking.models import CommentCreate, CommentUpdate, JsonPatchOperation, Wiql
from azure.devops.v7_1.work_item_tracking.models import WorkItemBatchGetRequest, WorkItemDeleteUpdate
from msrest.authentication import BasicAuthentication

url, token, project = sys.argv[1:4]
connection = Connection(base_url=url + "/acme", creds=BasicAuthentication("", token))
clients = connection.clients_v7_1
work = clients.get_work_item_tracking_client()
hooks = clients.get_service_hooks_client()


def add(path, value):
    return JsonPatchOperation(op="add", path=path, value=value)


def refused(action, part):
    try:
        action()
    except AzureDevOpsServiceError as error:
        assert part in str(error), f"{part} is not in: {error}"
    else:
        raise AssertionError(f"was not refused with {part}")


projects = clients.get_core_client().get_projects()
assert project in [one.name for one in projects], projects
kind = work.get_work_item_type(project, "Issue")
assert kind.states[0].name == "To Do"
assert "System.Title" in [one.reference_name for one in kind.fields]
assert "System.Title" in [one.reference_name for one in work.get_work_item_fields()]

fields = [add("/fields/System.Title", "Made by azure-devops"), add("/fields/System.Description", "<p>text \U0001f680</p>"),
          add("/fields/System.Tags", "driven; twice"), add("/fields/System.AssignedTo", "ana@acme.example")]
item = work.create_work_item(fields, project, "Issue")
assert item.rev == 1 and item.fields["System.State"] == "To Do"
read = work.get_work_item(item.id, expand="all")
assert read.fields["System.Description"] == "<p>text \U0001f680</p>"
assert read.fields["System.AssignedTo"]["displayName"] == "Ana Prieto"
refused(lambda: work.create_work_item([add("/fields/System.Description", "x")], project, "Issue"), "TF401320")

test = JsonPatchOperation(op="test", path="/rev", value=read.rev)
changed = work.update_work_item([test, add("/fields/System.State", "Doing")], item.id)
assert (changed.rev, changed.fields["System.State"]) == (2, "Doing")
refused(lambda: work.update_work_item([test, add("/fields/System.State", "Done")], item.id), "VS403351")

above = work.create_work_item([add("/fields/System.Title", "Above")], project, "Issue")
link = {"rel": "System.LinkTypes.Hierarchy-Reverse", "url": above.url, "attributes": {"comment": "driven"}}
work.update_work_item([add("/relations/-", link)], item.id)
assert work.get_work_item(item.id, expand="relations").relations[0].url == above.url

comments = [work.add_comment(CommentCreate(text=f"<p>comment {n}</p>"), project, item.id) for n in range(35)]
first = work.get_comments(project, item.id, top=30, order="asc")
assert [one.text for one in first.comments] == [f"<p>comment {n}</p>" for n in range(30)]
rest = work.get_comments(project, item.id, top=30, order="asc", continuation_token=first.continuation_token)
assert len(rest.comments) == 5 and rest.continuation_token is None
edited = work.update_comment(CommentUpdate(text="edited"), project, item.id, comments[0].id)
assert (edited.text, edited.version) == ("edited", 2)
work.delete_comment(project, item.id, comments[1].id)
assert work.get_comments(project, item.id).total_count == 34

query = f"SELECT [System.Id] FROM WorkItems WHERE [System.TeamProject] = '{project}' AND [System.State] = 'Doing'"
found = work.query_by_wiql(Wiql(query=query))
assert [one.id for one in found.work_items] == [item.id]
refused(lambda: work.query_by_wiql(Wiql(query="SELECT [X] FROM WorkItems")), "TF51005")
batch = work.get_work_items_batch(WorkItemBatchGetRequest(ids=[item.id, above.id], fields=["System.Title"]))
assert [one.fields["System.Title"] for one in batch] == ["Made by azure-devops", "Above"]

updates = work.get_updates(item.id)
assert updates[1].fields["System.State"].new_value == "Doing"
assert updates[2].relations.added[0].rel == link["rel"]
# The package's model of a batch has no attributes: that it is answered is all that shows.
work.read_reporting_revisions_get(include_deleted=True, max_page_size=10)

work.delete_work_item(item.id)
refused(lambda: work.get_work_item(item.id), "TF401232")
assert work.get_deleted_work_item(item.id).name == "Made by azure-devops"
work.restore_work_item(WorkItemDeleteUpdate(is_deleted=False), item.id)
assert work.get_work_item(item.id).id == item.id

wanted = Subscription(publisher_id="tfs", event_type="workitem.created", consumer_id="webHooks",
                      consumer_action_id="httpRequest", resource_version="1.0", publisher_inputs={},
                      consumer_inputs={"url": "https://edge.example/hooks/a", "basicAuthPassword": "s3cret"})
made = hooks.create_subscription(wanted)
assert hooks.get_subscription(made.id).consumer_inputs["basicAuthPassword"] == "********"
assert [one.id for one in hooks.list_subscriptions(consumer_id="webHooks")] == [made.id]
hooks.delete_subscription(made.id)
assert hooks.list_subscriptions() == []

wrong = Connection(base_url=url + "/acme", creds=BasicAuthentication("", "wrong")).clients_v7_1
try:
    wrong.get_work_item_tracking_client().get_work_item(item.id)
except Exception as error:
    assert "401" in str(error) or "TF400813" in str(error), error
else:
    raise AssertionError("a wrong token was taken")
print("driven: #%d" % item.id)
