//! Ids that are made, not given: the same facts make the same id.

use twinline_core::digest::Digest;
use twinline_core::item::ItemId;
use twinline_core::names::{EffectId, LinkId, RootId};

/// Stands for the cluster of an item that has none, so that one job at a time considers the item.
pub(crate) fn lock_of(item: &ItemId) -> RootId {
    RootId::new(Digest::of_parts(&["unlinked", item.node.as_str(), &item.id]).as_str())
}

/// The id of one planned effect. `salt` tells two plans of one twin apart.
pub(crate) fn effect_id(link: &LinkId, salt: u64, index: usize) -> EffectId {
    let (salt, index) = (salt.to_string(), index.to_string());
    EffectId::new(Digest::of_parts(&["effect", link.as_str(), &salt, &index]).as_str())
}
