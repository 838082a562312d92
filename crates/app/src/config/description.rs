//! The files that describe the APIs of `json-http` trackers.

use super::error::ConfigError;
use super::model::Node;
use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use twinline_trackers::{DESCRIPTION_MAX_BYTES, TrackerDescription};

/// Descriptions by file: several nodes may share one.
#[derive(Debug, Default)]
pub struct Descriptions(BTreeMap<PathBuf, Arc<TrackerDescription>>);

impl Descriptions {
    /// A node's description; `None` where its tracker is known without one.
    ///
    /// # Errors
    /// The file cannot be read, or is no sound description.
    pub fn of(&mut self, node: &Node) -> Result<Option<Arc<TrackerDescription>>, ConfigError> {
        let Some(path) = &node.description else {
            return Ok(None);
        };
        if let Some(known) = self.0.get(path) {
            return Ok(Some(Arc::clone(known)));
        }
        let read = Arc::new(read(path)?);
        self.0.insert(path.clone(), Arc::clone(&read));
        Ok(Some(read))
    }
}

fn read(path: &Path) -> Result<TrackerDescription, ConfigError> {
    let unread = |error: std::io::Error| {
        let way_out = if error.kind() == std::io::ErrorKind::NotFound {
            ": begin with the one that 'twinline init --left json-http' writes (docs: adding-a-tracker.md)"
        } else {
            ""
        };
        ConfigError::file(path, format!("cannot be read ({error}){way_out}"))
    };
    let file = std::fs::File::open(path).map_err(unread)?;
    let mut text = String::new();
    let read = file
        .take(DESCRIPTION_MAX_BYTES + 1)
        .read_to_string(&mut text)
        .map_err(unread)?;
    if read as u64 > DESCRIPTION_MAX_BYTES {
        return Err(ConfigError::file(
            path,
            format!("is larger than {DESCRIPTION_MAX_BYTES} bytes: no description is"),
        ));
    }
    TrackerDescription::parse(&text).map_err(|error| match error.at {
        Some(at) => ConfigError::read(path, &text, Some(at), &error.message),
        None => ConfigError::file(path, error.message),
    })
}
