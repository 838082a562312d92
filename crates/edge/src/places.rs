//! Places among a listener's connections: so many for all, and so many for one address.

use ipnet::IpNet;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

/// How many connections are open at once. Cheap to clone; all clones count together.
#[derive(Clone, Debug)]
pub struct Places {
    all_max: usize,
    of_one_max: usize,
    /// Networks whose addresses have no limit of their own: proxies, behind which many are.
    shared: Arc<[IpNet]>,
    open: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// One of an address's places, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    of: Option<IpAddr>,
    open: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

impl Places {
    /// So many, whoever has them.
    pub fn all(all_max: usize) -> Self {
        Self::new(all_max, all_max, Vec::new())
    }

    /// So many, and of them so many for one address (of IPv6 for one network of 64 bits) that is none of the shared ones.
    pub fn new(all_max: usize, of_one_max: usize, shared: Vec<IpNet>) -> Self {
        Self {
            all_max,
            of_one_max,
            shared: shared.into(),
            open: Arc::default(),
        }
    }

    pub(crate) const fn all_max(&self) -> usize {
        self.all_max
    }

    /// A place for this address, while it has fewer than it may have. That there is one among all is for the caller to see to.
    pub(crate) fn take(&self, address: IpAddr) -> Option<Place> {
        let address = address.to_canonical();
        let open = Arc::clone(&self.open);
        let has_limit =
            self.of_one_max < self.all_max && !self.shared.iter().any(|net| net.contains(&address));
        if !has_limit {
            return Some(Place { of: None, open });
        }
        let of = network(address);
        let mut all = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let own = all.entry(of).or_default();
        if *own >= self.of_one_max {
            return None;
        }
        *own += 1;
        drop(all);
        Some(Place { of: Some(of), open })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(of) = self.of else {
            return;
        };
        let mut all = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = all.get_mut(&of) {
            *own -= 1;
            if *own == 0 {
                all.remove(&of);
            }
        }
    }
}

/// What one subscriber of IPv6 has is one address here.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(six) => IpAddr::V6(Ipv6Addr::from(u128::from(six) & !u128::from(u64::MAX))),
        four => four,
    }
}

#[cfg(test)]
#[path = "places_tests.rs"]
mod tests;
