//! Ids that are made, not given: the same facts make the same id, so that a step repeated after a crash makes nothing
//! twice.

use twinline_core::digest::Digest;
use twinline_core::item::ItemId;
use twinline_core::names::{ConnectionName, EffectId, LinkId, RootId, Side};

/// The cluster that an item without a twin would found.
pub(crate) fn root_of(item: &ItemId) -> RootId {
    RootId::new(Digest::of_parts(&["root", item.node.as_str(), &item.id]).as_str())
}

/// The id of the `incarnation`-th twin of a source item in a connection.
pub(crate) fn link_id(
    connection: &ConnectionName,
    side: Side,
    source: &ItemId,
    incarnation: u32,
) -> LinkId {
    let (side, incarnation) = (side.to_string(), incarnation.to_string());
    let parts = ["link", connection.as_str(), &side, source.node.as_str(), &source.id, &incarnation];
    LinkId::new(Digest::of_parts(&parts).as_str())
}

/// The id of one planned effect. `salt` tells two plans of one twin apart.
pub(crate) fn effect_id(link: &LinkId, salt: u64, index: usize) -> EffectId {
    let (salt, index) = (salt.to_string(), index.to_string());
    EffectId::new(Digest::of_parts(&["effect", link.as_str(), &salt, &index]).as_str())
}
