//! What was made is kept until what is shown changes: a page is read by crowds when something is wrong.

use super::answer::Made;
use super::desk::Offered;
use super::place::Place;
use super::shown::Shown;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The most documents that are kept; the places that there are have no other bound.
const KEPT_MAX: usize = 1000;

/// Documents of one state of the page: what is shown, whether it is old, and how visitors may subscribe.
#[derive(Default)]
pub(super) struct Cache(Mutex<Option<Kept>>);

struct Kept {
    of: Arc<Shown>,
    state: (bool, Offered),
    documents: BTreeMap<Place, Made>,
}

impl Kept {
    fn is_of(&self, shown: &Arc<Shown>, state: (bool, Offered)) -> bool {
        Arc::ptr_eq(&self.of, shown) && self.state == state
    }
}

impl Cache {
    pub(super) fn get(
        &self,
        shown: &Arc<Shown>,
        state: (bool, Offered),
        place: &Place,
    ) -> Option<Made> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = kept.as_ref().filter(|it| it.is_of(shown, state))?;
        kept.documents.get(place).cloned()
    }

    pub(super) fn put(
        &self,
        shown: &Arc<Shown>,
        state: (bool, Offered),
        place: &Place,
        made: &Made,
    ) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.as_ref().is_none_or(|it| !it.is_of(shown, state)) {
            *kept = Some(Kept {
                of: Arc::clone(shown),
                state,
                documents: BTreeMap::new(),
            });
        }
        if let Some(kept) = kept.as_mut().filter(|it| it.documents.len() < KEPT_MAX) {
            kept.documents.insert(place.clone(), made.clone());
        }
    }
}
