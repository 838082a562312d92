//! Many twins at once: copies of the one that the engine has made, in both trackers and in the store.

use super::{Running, World};
use twinline_core::cluster;
use twinline_core::item::{Item, ItemId, ItemRef};
use twinline_core::marker::Marker;
use twinline_core::names::{Side, Sides};
use twinline_store::host::{HostTx, Twin};

/// Copies made in one step of the store.
const STEP: usize = 500;

/// A copy of the twin, with the items that it has.
struct Copy {
    twin: Twin,
    items: Sides<ItemRef>,
}

impl Running {
    /// Copies the one twin that there is until there are so many; answers their items, the original's first.
    pub(crate) async fn multiply(&self, world: &World, twins: usize) -> Vec<Sides<ItemId>> {
        let twin = self.twin().await;
        let made: Vec<Copy> = (1..twins).map(|n| copy(&twin, n)).collect();
        for copy in &made {
            for side in Side::BOTH {
                put_into_tracker(world, &twin.item(side).unwrap(), copy, side);
            }
        }
        let original = Sides::from_fn(|side| twin.item(side).unwrap());
        let copies = made.iter().map(|copy| ids(&copy.items));
        let items = [original].into_iter().chain(copies).collect();
        let mut made = made.into_iter().peekable();
        while made.peek().is_some() {
            let (step, original): (Vec<Copy>, _) =
                (made.by_ref().take(STEP).collect(), twin.clone());
            let stored = self.host.store().write(move |tx| {
                let mut step = step.iter();
                step.try_for_each(|copy| put_into_store(tx, &original, copy))
            });
            stored.await.unwrap();
        }
        items
    }
}

fn ids(items: &Sides<ItemRef>) -> Sides<ItemId> {
    Sides::from_fn(|side| items.get(side).item.clone())
}

fn copy(original: &Twin, number: usize) -> Copy {
    let id = format!("copy-{number}");
    let items = Sides::from_fn(|side| {
        let node = original.nodes.get(side);
        ItemRef {
            item: ItemId {
                node: node.clone(),
                id: id.clone(),
            },
            key: format!("{node}-{id}"),
            url: format!("http://{node}/{id}"),
        }
    });
    let link = cluster::link_id(&original.connection, Side::Left, &items.left.item, 0);
    let twin = Twin {
        root: cluster::root_of(&link),
        link,
        ids: Sides::from_fn(|_| Some(id.clone())),
        ..original.clone()
    };
    Copy { twin, items }
}

/// What an item of the original is in a copy.
fn copied(mut item: Item, copy: &Copy, side: Side) -> Item {
    item.reference = copy.items.get(side).clone();
    item.marker = item.marker.map(|_| Marker {
        root: copy.twin.root.clone(),
        link: copy.twin.link.clone(),
    });
    item
}

fn put_into_tracker(world: &World, original: &ItemId, copy: &Copy, side: Side) {
    let tracker = world.tracker(original.node.as_str());
    let item = copied(tracker.item(original), copy, side);
    let id = item.reference.item.id.clone();
    tracker.state().items.insert(id, item);
}

fn put_into_store(
    tx: &HostTx<'_>,
    original: &Twin,
    copy: &Copy,
) -> Result<(), twinline_store::StoreError> {
    for side in Side::BOTH {
        let mut row = tx.item(&original.item(side).unwrap())?.unwrap();
        row.reference = copy.items.get(side).clone();
        row.root = Some(copy.twin.root.clone());
        let at = row.seen_at;
        tx.put_item(&row)?;
        let mut base = tx.base(&original.link, side)?.unwrap();
        base.observation = copied(base.observation, copy, side);
        tx.put_base(&copy.twin.link, side, &base, at)?;
    }
    tx.put_twin(&copy.twin)
}
