//! The trackers that have a description, each with its simulator and what its connector's suite needs to know.

use super::description::{Correction, Description};
use super::harness::{SimHarness, Under};
use super::recorded::{Recorded, Recording};
use super::tally::Tally;
use anyhow::Result;
use std::collections::BTreeMap;
use twinline_core::time::Timestamp;
use twinline_sim::Simulator;
use twinline_sim::azure_devops::{self, AzureDevOps};
use twinline_sim::github::{Github, GithubConfig};
use twinline_sim::jira_cloud::{self, JiraCloud};
use twinline_sim::servicenow::{self, ServiceNow};
use twinline_trackers::conformance;

/// One tracker under examination.
pub(super) struct Examined {
    /// Its description, below the folder of descriptions.
    pub(super) files: &'static [&'static str],
    /// Where the description contradicts the vendor's own examples and service.
    pub(super) corrections: &'static [Correction],
    simulator: fn() -> Box<dyn Simulator>,
    under: fn() -> Under,
}

pub(super) const TRACKERS: &[Examined] = &[
    Examined {
        files: &["github/github-rest.json"],
        corrections: &[],
        simulator: github,
        under: under_github,
    },
    Examined {
        files: &["jira/jira-cloud-v3.json"],
        // Said to be texts; the description's own examples and the service have null for an empty value.
        corrections: &[
            Correction::Nullable("/components/schemas/ChangeDetails/properties/from"),
            Correction::Nullable("/components/schemas/ChangeDetails/properties/fromString"),
            Correction::Nullable("/components/schemas/ChangeDetails/properties/to"),
            Correction::Nullable("/components/schemas/ChangeDetails/properties/toString"),
            // Said to answer nothing. Source: "Get attachment content" in the same description, "Returns the contents of an
            // attachment".
            Correction::Is(ATTACHMENT_WHOLE, SOME_BYTES),
            Correction::Is(ATTACHMENT_PART, SOME_BYTES),
        ],
        simulator: jira,
        under: under_jira,
    },
    Examined {
        files: &["azure/wit-7.1.json", "azure/hooks-7.1.json"],
        corrections: &[
            // The one path stands for two operations, of which the description has the parameters of one. Source: "Comments - Get
            // Comments" in Microsoft's reference.
            Correction::Is(
                "/paths/~1{project}~1_apis~1wit~1workItems~1{workItemId}~1comments/get/parameters",
                r#"[{"name": "project", "in": "path", "schema": {"type": "string"}},
                    {"name": "workItemId", "in": "path", "schema": {"type": "integer"}},
                    {"name": "order", "in": "query", "schema": {"type": "string", "enum": ["asc", "desc"]}},
                    {"name": "$top", "in": "query", "schema": {"type": "integer"}},
                    {"name": "continuationToken", "in": "query", "schema": {"type": "string"}},
                    {"name": "includeDeleted", "in": "query", "schema": {"type": "boolean"}},
                    {"name": "api-version", "in": "query", "required": true, "schema": {"type": "string"}}]"#,
            ),
            Correction::Is(
                "/paths/~1{project}~1_apis~1wit~1workItems~1{workItemId}~1comments/post/parameters",
                WRITTEN_COMMENT,
            ),
            Correction::Is(
                "/paths/~1{project}~1_apis~1wit~1workItems~1{workItemId}~1comments~1{commentId}/patch/parameters",
                WRITTEN_COMMENT,
            ),
            // Said to be texts; the page on the operation has work items there.
            Correction::Is(
                "/components/schemas/StreamedBatch/properties/values/items",
                r##"{"$ref": "#/components/schemas/WorkItem"}"##,
            ),
            // With `errorPolicy` *omit* what is not there is null.
            Correction::Nullable("/components/schemas/WorkItem"),
            // Projects and accounts are described apart.
            Correction::Elsewhere("/_apis/projects"),
            Correction::Elsewhere("/_apis/connectionData"),
        ],
        simulator: azure,
        under: under_azure,
    },
    Examined {
        files: &["servicenow/table-api.json"],
        // A description by a third party, which has values typed. The Table API has them as texts, and both parts of each with
        // `sysparm_display_value=all`. Source: "Table API" in ServiceNow's reference, the examples of its responses.
        corrections: &[
            Correction::Is("/components/schemas/Record/properties/sys_id", CELL),
            Correction::Is("/components/schemas/Record/properties/sys_created_on", CELL),
            Correction::Is("/components/schemas/Record/properties/sys_created_by", CELL),
            Correction::Is("/components/schemas/Record/properties/sys_updated_on", CELL),
            Correction::Is("/components/schemas/Record/properties/sys_updated_by", CELL),
            Correction::Is("/components/schemas/Record/properties/sys_mod_count", CELL),
            Correction::Is("/components/schemas/Record/properties/sys_tags", CELL),
            Correction::Is("/components/schemas/Record/properties/sys_class_name", CELL),
            // The Attachment API is described apart.
            Correction::Elsewhere("/api/now/attachment"),
        ],
        simulator: servicenow,
        under: under_servicenow,
    },
];

/// A cell of a record: a text, or both of its parts; and of a reference where it leads.
const CELL: &str = r#"{"oneOf": [{"type": "string"},
    {"type": "object", "required": ["display_value", "value"], "additionalProperties": false, "properties": {
        "display_value": {"type": "string"}, "value": {"type": "string"}, "link": {"type": "string"}}}]}"#;

const ATTACHMENT_WHOLE: &str = "/paths/~1rest~1api~13~1attachment~1content~1{id}/get/responses/200";
const ATTACHMENT_PART: &str = "/paths/~1rest~1api~13~1attachment~1content~1{id}/get/responses/206";
/// An answer of bytes, of which nothing more is said.
const SOME_BYTES: &str = r#"{"content": {"application/octet-stream": {}}}"#;

/// What the writes of a comment take. Source: "Comments - Add Work Item Comment", which shares its path with another operation.
const WRITTEN_COMMENT: &str = r#"[{"name": "format", "in": "query", "schema": {"type": "string", "enum": ["html", "markdown"]}},
    {"name": "api-version", "in": "query", "required": true, "schema": {"type": "string"}}]"#;

impl Examined {
    /// Takes the connector through its suite and judges what went over the wire.
    pub(super) async fn run(&self, description: Description) -> Result<Tally> {
        let recording = Recording::default();
        let simulator = Recorded::new((self.simulator)(), recording.clone());
        let under = (self.under)();
        let mut tally = Tally::new(under.tracker, description);
        let report = conformance::run(&SimHarness::new(Box::new(simulator), under)).await;
        tally.suite(&report);
        for exchange in recording.take() {
            tally.judge(&exchange);
        }
        Ok(tally)
    }
}

const REPO: &str = "acme/app";

fn github() -> Box<dyn Simulator> {
    let mut github = Github::new(GithubConfig::default());
    // Pull requests are in every list of issues, and never items.
    let made = github.add_pull_request(Timestamp::EPOCH, "ana", REPO, "A pull request");
    assert!(made.is_some(), "the simulator has the repository {REPO}");
    Box::new(github)
}

fn under_github() -> Under {
    Under {
        tracker: "github",
        auth: &[("token", "github-token")],
        scope: &[("repo", REPO)],
        container: REPO,
        move_to: Some("acme/archive"),
        open_trigger: "is:issue is:open",
        bad_trigger: ("is:open crash", "crash"),
        required_fields: BTreeMap::new(),
        internal_channel: None,
        tells_deletion: true,
        webhooks: true,
    }
}

fn jira() -> Box<dyn Simulator> {
    let mut site = jira_cloud::demo_site();
    site.switches.workflows_readable = true;
    Box::new(JiraCloud::new(site))
}

fn under_jira() -> Under {
    Under {
        tracker: "jira-cloud",
        auth: &[
            ("email", "twinline@acme.example"),
            ("token", jira_cloud::API_TOKEN),
        ],
        scope: &[("project", "SUP"), ("type", "Task")],
        container: "SUP",
        move_to: Some("APP"),
        open_trigger: "statusCategory != Done",
        bad_trigger: ("flavour = sweet", "flavour"),
        required_fields: BTreeMap::new(),
        internal_channel: Some("role:Administrators"),
        tells_deletion: false,
        webhooks: true,
    }
}

fn azure() -> Box<dyn Simulator> {
    Box::new(AzureDevOps::new(azure_devops::demo_organization()))
}

fn under_azure() -> Under {
    Under {
        tracker: "azure-devops",
        auth: &[("token", azure_devops::PAT)],
        scope: &[
            ("project", "Support"),
            ("type", "Issue"),
            ("area", "Support\\Desk"),
        ],
        container: "Support\\Desk",
        move_to: Some("Application"),
        open_trigger: "[System.State] <> 'Done'",
        bad_trigger: ("[Flavour] = 'sweet'", "Flavour"),
        required_fields: BTreeMap::new(),
        internal_channel: None,
        tells_deletion: true,
        webhooks: true,
    }
}

fn servicenow() -> Box<dyn Simulator> {
    let mut site = servicenow::demo_site();
    // The suite closes items without the reasons that this instance wants.
    site.switches.closing_needs_reasons = false;
    Box::new(ServiceNow::new(site))
}

fn under_servicenow() -> Under {
    Under {
        tracker: "servicenow",
        auth: &[("user", "twinline"), ("password", servicenow::PASSWORD)],
        scope: &[("table", "incident")],
        container: "incident",
        move_to: Some("problem"),
        open_trigger: "active=true",
        bad_trigger: ("stauts=1^active=true", "stauts"),
        required_fields: BTreeMap::new(),
        internal_channel: Some("work_notes"),
        tells_deletion: true,
        webhooks: true,
    }
}
