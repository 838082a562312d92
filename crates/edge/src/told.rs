//! What answers carry of the status page.

use http::header::{HeaderMap, HeaderName};
use std::sync::{Arc, PoisonError, RwLock};

/// What the status page says, in a word: `twinline-status: major; description="Minor Service Outage"`.
pub const STATUS: HeaderName = HeaderName::from_static("twinline-status");

/// Fields that answers to all but trackers carry, as they were said last. From memory: no answer waits for it. Cheap to
/// clone.
#[derive(Clone, Debug, Default)]
pub struct Told(Arc<RwLock<HeaderMap>>);

impl Told {
    /// These are the fields from now on.
    pub fn say(&self, fields: HeaderMap) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = fields;
    }

    /// Adds the fields to an answer's, unless somebody behind has: who is nearer to the answer knows no less.
    pub fn add_to(&self, headers: &mut HeaderMap) {
        if headers.contains_key(STATUS) {
            return;
        }
        let fields = self.0.read().unwrap_or_else(PoisonError::into_inner);
        for (name, value) in fields.iter() {
            headers.append(name.clone(), value.clone());
        }
    }
}
