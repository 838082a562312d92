//! What tests of watch's role stand on: what a configuration comes to, and a driver that has begun with it.

use super::announced::Announced;
use super::build::{self, Built, Lasting};
use crate::config::{self, Config};
use crate::fleet::Identity;
use crate::handles::SystemClock;
use crate::instance::DataFolder;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use twinline_trackers::http::{Secret, Trust};
use twinline_watch::channel::acknowledge::Signer;
use twinline_watch::driver::{Driver, Handle};
use twinline_watch::probe::Accounts;
use twinline_watch::queue::Looks;

/// A watch that has begun, and does not work yet.
pub(super) struct Begun {
    pub(super) file: PathBuf,
    pub(super) config: Config,
    pub(super) data: DataFolder,
    pub(super) lasting: Arc<Lasting>,
    pub(super) built: Built,
    pub(super) work: Driver,
    pub(super) driver: Handle,
}

/// With this configuration, in this folder.
pub(super) async fn begin(folder: &Path, text: &str) -> Begun {
    let file = folder.join("twinline.toml");
    let config = config::parse(&file, text).unwrap();
    let data = DataFolder::open(&config.data).unwrap();
    let lasting = Arc::new(Lasting {
        announced: Announced::default(),
        accounts: Accounts::default(),
        addresses: build::addresses(BTreeMap::new()),
        trust: Trust::of_this_machine().unwrap(),
        identity: Identity::alone(Secret::new("token")),
        keyless: None,
        supervisor: None,
        beat: None,
        queues: data.queues(),
        looks: Looks::default(),
    });
    let built = Built::new(&file, &config, &lasting).unwrap();
    let signer = Arc::new(Signer::new([b"key".as_slice()]).unwrap());
    let store = data.watch_store();
    let setup = built.setup.clone();
    let (work, driver) = Driver::begin(&store, setup, signer, Arc::new(SystemClock)).await;
    Begun {
        file,
        config,
        data,
        lasting,
        built,
        work,
        driver,
    }
}
