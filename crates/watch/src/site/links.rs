//! Addresses, as a page writes them: relative to itself, so that a proxy may put all of it below a folder and an export
//! can be read from a disk.

use super::place::Place;
use twinline_core::watch::incident::IncidentId;
use twinline_core::watch::page::MaintenanceId;
use url::Url;

/// Links from one page to the others.
#[derive(Clone, Debug)]
pub(super) struct Links {
    up: String,
    exported: bool,
}

impl Links {
    /// Links on the page at this place.
    pub(super) fn from(place: &Place, exported: bool) -> Self {
        Self::at(&place.path(), exported)
    }

    /// Links on a page at any path, without the slash before it.
    pub(super) fn at(path: &str, exported: bool) -> Self {
        Self {
            up: "../".repeat(path.matches('/').count()),
            exported,
        }
    }

    fn to(&self, place: &Place) -> String {
        if self.exported {
            return format!("{}{}", self.up, place.file());
        }
        match (self.up.as_str(), place.path().as_str()) {
            ("", "") => "./".to_owned(),
            (up, path) => format!("{up}{path}"),
        }
    }

    pub(super) fn overview(&self) -> String {
        self.to(&Place::Overview)
    }

    pub(super) fn history(&self) -> String {
        self.to(&Place::History)
    }

    pub(super) fn incident(&self, id: IncidentId) -> String {
        self.to(&Place::Incident(id))
    }

    pub(super) fn maintenance(&self, id: MaintenanceId) -> String {
        self.to(&Place::Maintenance(id))
    }

    pub(super) fn report(&self) -> String {
        self.to(&Place::Report)
    }

    pub(super) fn subscribe(&self) -> String {
        self.to(&Place::Subscribe)
    }

    pub(super) fn atom(&self) -> String {
        self.to(&Place::Atom)
    }

    pub(super) fn rss(&self) -> String {
        self.to(&Place::Rss)
    }

    pub(super) fn style(&self) -> String {
        self.to(&Place::Style)
    }

    pub(super) fn icon(&self) -> String {
        self.to(&Place::Icon)
    }

    pub(super) fn summary(&self) -> String {
        self.to(&Place::Api(super::api::Endpoint::Summary))
    }
}

/// The whole address of a place, where the page's own is known.
pub(super) fn absolute(base: Option<&Url>, place: &Place, exported: bool) -> Option<String> {
    let mut base = base?.clone();
    let file = if exported { place.file() } else { place.path() };
    // An export's first page is its folder.
    let file = if *place == Place::Overview {
        String::new()
    } else {
        file
    };
    base.path_segments_mut()
        .ok()?
        .pop_if_empty()
        .extend(file.split('/'));
    Some(base.into())
}
