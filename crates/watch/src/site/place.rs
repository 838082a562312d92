//! What has an address.

use super::api::Endpoint;
use super::shown::Shown;
use twinline_core::watch::incident::IncidentId;
use twinline_core::watch::page::MaintenanceId;

/// A thing with an address of its own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// What is true now.
    Overview,
    /// What was.
    History,
    /// One incident.
    Incident(IncidentId),
    /// One maintenance.
    Maintenance(MaintenanceId),
    /// The form for reports.
    Report,
    /// What is said after a report.
    Reported,
    /// What became of a tenant's report; its id as it came.
    Answer(String),
    /// A link that acknowledges; the token as it came.
    Acknowledge(String),
    /// The form for subscriptions.
    Subscribe,
    /// What is said after it.
    Subscribed,
    /// A link that confirms a subscription; the token as it came.
    Confirm(String),
    /// A link that ends a subscription; the token as it came.
    Leave(String),
    /// The API.
    Api(Endpoint),
    /// Atom.
    Atom,
    /// RSS.
    Rss,
    /// The style sheet.
    Style,
    /// The picture in the browser's tab.
    Icon,
    /// The script that other pages may include.
    Embed,
}

impl Place {
    /// Reads the path of a request.
    pub(super) fn parse(path: &str) -> Option<Self> {
        let path = path.strip_prefix('/')?;
        Some(match path {
            "" => Self::Overview,
            "history" => Self::History,
            "report" => Self::Report,
            "report/sent" => Self::Reported,
            "subscribe" => Self::Subscribe,
            "subscribe/sent" => Self::Subscribed,
            "history.atom" => Self::Atom,
            "history.rss" => Self::Rss,
            "style.css" => Self::Style,
            "icon.svg" => Self::Icon,
            "embed.js" => Self::Embed,
            _ => return Self::parse_below(path),
        })
    }

    fn parse_below(path: &str) -> Option<Self> {
        let (folder, rest) = path.split_once('/')?;
        match folder {
            "incidents" => number(rest).map(|it| Self::Incident(IncidentId(it))),
            "maintenance" => number(rest).map(|it| Self::Maintenance(MaintenanceId(it))),
            "report" => token(rest).map(Self::Answer),
            "ack" => token(rest).map(Self::Acknowledge),
            "subscribe" => token(rest).map(Self::Confirm),
            "unsubscribe" => token(rest).map(Self::Leave),
            "api" => rest
                .strip_prefix("v2/")
                .and_then(Endpoint::parse)
                .map(Self::Api),
            _ => None,
        }
    }

    /// Its path, without the slash before it.
    pub(super) fn path(&self) -> String {
        match self {
            Self::Overview => String::new(),
            Self::History => "history".to_owned(),
            Self::Incident(id) => format!("incidents/{id}"),
            Self::Maintenance(id) => format!("maintenance/{}", id.0),
            Self::Report => "report".to_owned(),
            Self::Reported => "report/sent".to_owned(),
            Self::Answer(id) => format!("report/{id}"),
            Self::Acknowledge(token) => format!("ack/{token}"),
            Self::Subscribe => "subscribe".to_owned(),
            Self::Subscribed => "subscribe/sent".to_owned(),
            Self::Confirm(token) => format!("subscribe/{token}"),
            Self::Leave(token) => format!("unsubscribe/{token}"),
            Self::Api(endpoint) => format!("api/v2/{}", endpoint.name()),
            Self::Atom => "history.atom".to_owned(),
            Self::Rss => "history.rss".to_owned(),
            Self::Style => "style.css".to_owned(),
            Self::Icon => "icon.svg".to_owned(),
            Self::Embed => "embed.js".to_owned(),
        }
    }

    /// The file that it is in an export.
    pub(super) fn file(&self) -> String {
        match self {
            Self::Overview => "index.html".to_owned(),
            Self::History | Self::Incident(_) | Self::Maintenance(_) => {
                format!("{}.html", self.path())
            }
            _ => self.path(),
        }
    }

    /// All that an export has: nothing that needs somebody to answer.
    pub(super) fn exported(shown: &Shown) -> Vec<Self> {
        let incidents = shown.incidents().into_iter();
        let maintenances = shown.maintenances().into_iter();
        let api = Endpoint::ALL.iter().copied().map(Self::Api);
        [Self::Overview, Self::History, Self::Atom, Self::Rss]
            .into_iter()
            .chain([Self::Style, Self::Icon, Self::Embed])
            .chain(incidents.map(|it| Self::Incident(it.incident)))
            .chain(maintenances.map(|(id, _)| Self::Maintenance(id)))
            .chain(api)
            .collect()
    }

    /// Whether another origin may read it.
    pub(super) const fn is_for_all_origins(&self) -> bool {
        matches!(self, Self::Api(_) | Self::Atom | Self::Rss | Self::Embed)
    }

    /// Whether its address is somebody's secret.
    pub(super) const fn is_secret(&self) -> bool {
        matches!(
            self,
            Self::Answer(_) | Self::Acknowledge(_) | Self::Confirm(_) | Self::Leave(_)
        )
    }

    /// What may be done with it.
    pub(super) const fn methods(&self) -> &'static str {
        match self {
            Self::Report
            | Self::Subscribe
            | Self::Acknowledge(_)
            | Self::Confirm(_)
            | Self::Leave(_) => "GET, HEAD, POST, OPTIONS",
            _ => "GET, HEAD, OPTIONS",
        }
    }
}

/// What may be a token: one part of a path.
fn token(text: &str) -> Option<String> {
    (!text.is_empty() && !text.contains('/')).then(|| text.to_owned())
}

/// A number as we write it, so that each thing has one address.
fn number(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}
