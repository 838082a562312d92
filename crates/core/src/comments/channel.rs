//! Which channel a comment enters.

use super::cross::{Scene, SideScene};
use crate::item::Comment;
use crate::names::Side;

/// The target's channel for a comment of `from`; `None`: it does not cross. `raw` is the tracker's own comment, `shown`
/// what the outgoing rule made of it: a rule may narrow a comment's audience, never widen it.
pub(super) fn target_channel<'a>(
    scene: &'a Scene<'_>,
    from: Side,
    raw: &Comment,
    shown: &Comment,
) -> Option<&'a str> {
    let to = from.other();
    let pairs = &scene.contract?.channels;
    let pair = pairs
        .iter()
        .find(|pair| *pair.names.get(from) == shown.channel && pair.direction.leaves(from))?;
    let target = pair.names.get(to).as_str();
    let secret = is_internal(scene.sides.get(from), &raw.channel)
        || is_internal(scene.sides.get(from), &shown.channel);
    if secret && !is_internal(scene.sides.get(to), target) {
        return None;
    }
    Some(target)
}

/// Whether only the tracker's own team sees a channel. One that the tracker does not name counts as public.
pub(super) fn is_internal(side: &SideScene<'_>, channel: &str) -> bool {
    let channels = &side.capabilities.channels;
    channels
        .iter()
        .any(|known| known.name == channel && known.internal)
}
