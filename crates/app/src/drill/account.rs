//! The live account of a drill: what is done and seen, with the time since its beginning.

use crate::report;
use std::sync::Mutex;
use tokio::time::Instant;

pub(super) struct Account {
    began: Instant,
    /// Beside the answer, which is one JSON document.
    aside: bool,
    last: Mutex<String>,
}

impl Account {
    pub(super) fn new(aside: bool) -> Self {
        Self {
            began: Instant::now(),
            aside,
            last: Mutex::default(),
        }
    }

    /// Tells something; the same thing twice in a row only once.
    pub(super) fn say(&self, what: &str) {
        let mut last = self.last.lock().expect("no code panics here");
        if *last == what {
            return;
        }
        what.clone_into(&mut last);
        drop(last);
        let line = format!("{:7.1} s  {what}", self.began.elapsed().as_secs_f64());
        if self.aside {
            report::aside(&line);
        } else {
            // A closed terminal ends the drill by its signal.
            report::line(&line).ok();
        }
    }
}
