//! Sweeps that somebody has asked for, beside those that are due.

use std::collections::BTreeSet;
use std::sync::Mutex;
use tokio::sync::Notify;
use twinline_core::names::NodeName;

/// Which nodes to sweep now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Which {
    All,
    These(BTreeSet<NodeName>),
}

/// What is asked for and not begun.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    which: Mutex<Option<Which>>,
    rung: Notify,
}

impl Asked {
    /// Sweeps all nodes now.
    pub(crate) fn all(&self) {
        self.ask(|_| Which::All);
    }

    /// Sweeps one node now.
    pub(crate) fn one(&self, node: &NodeName) {
        self.ask(|asked| match asked {
            Some(Which::All) => Which::All,
            Some(Which::These(mut nodes)) => {
                nodes.insert(node.clone());
                Which::These(nodes)
            }
            None => Which::These([node.clone()].into()),
        });
    }

    fn ask(&self, change: impl FnOnce(Option<Which>) -> Which) {
        let mut which = self.which.lock().expect("no code panics with this lock");
        *which = Some(change(which.take()));
        drop(which);
        self.rung.notify_one();
    }

    /// Takes what is asked for, once there is something.
    pub(super) async fn take(&self) -> Which {
        loop {
            let asked = {
                let mut which = self.which.lock().expect("no code panics with this lock");
                which.take()
            };
            if let Some(asked) = asked {
                return asked;
            }
            self.rung.notified().await;
        }
    }
}
