//! Decoders of what other processes, files and headers say.

use super::targets::Judge;
use anyhow::{Context, Result};
use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use std::fs;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use twinline::commands::pairs;
use twinline::telemetry;
use twinline_edge::Directory;
use twinline_engine::ownership::{Etcd, EtcdError};
use twinline_store::central::CentralAddress;
use twinline_trackers::http::{Transport, TransportError};

/// The password in the addresses that are mutated.
const PASSWORD: &str = "hunter2";

/// A file of pairs or keys: what is taken has no empty key, what is refused names the file.
pub(super) fn csv() -> Result<Judge> {
    let folder = tempfile::tempdir().context("making a folder")?;
    Ok(Box::new(move |input| {
        let file = folder.path().join("pairs.csv");
        fs::write(&file, input).expect("the folder is there");
        match pairs::pairs(&file) {
            Ok(pairs) => assert!(pairs.iter().all(|(l, r)| !l.is_empty() && !r.is_empty())),
            Err(error) => assert!(error.sentence.contains("pairs.csv"), "{}", error.sentence),
        }
        match pairs::items(&file) {
            Ok(items) => assert!(items.iter().all(|item| !item.is_empty())),
            Err(error) => assert!(error.sentence.contains("pairs.csv"), "{}", error.sentence),
        }
    }))
}

/// An address of the central database and its certificates: no refusal tells the password.
pub(super) fn central_address(input: &[u8]) {
    let url = String::from_utf8_lossy(input);
    let certificates = [None, Some(input)];
    for authority in certificates {
        // A mutation may make the password a host's name, which an address that is taken shows; a refusal shows nothing.
        if let Err(error) = CentralAddress::parse(&url, authority) {
            assert!(!error.to_string().contains(PASSWORD), "{error}");
        }
    }
    let fixed = "postgres://twinline@db1.example/twinline?sslmode=require";
    drop(CentralAddress::parse(fixed, Some(input)));
}

/// The edge's own snapshot of where nodes are.
pub(super) fn directory() -> Result<Judge> {
    let folder = tempfile::tempdir().context("making a folder")?;
    Ok(Box::new(move |input| {
        let file = folder.path().join("directory.json");
        fs::write(&file, input).expect("the folder is there");
        if let Ok(read) = Directory::load(&file) {
            let read = read.expect("the file is there");
            let written = serde_json::to_vec(&read).expect("a directory can be written");
            fs::write(&file, written).expect("the folder is there");
            let again = Directory::load(&file).expect("what is written can be read");
            assert_eq!(again, Some(read));
        }
    }))
}

pub(super) fn traceparent(input: &[u8]) {
    telemetry::adopt(&tracing::Span::none(), &String::from_utf8_lossy(input));
}

/// One answer to everything.
struct Canned(Mutex<Bytes>);

#[async_trait]
impl Transport for Canned {
    async fn send(&self, _: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let body = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Response::new(body.clone()))
    }
}

/// What etcd's gateway answers to a listing of who owns what.
pub(super) fn etcd() -> Result<Judge> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("starting a runtime")?;
    let endpoint = "http://etcd.example:2379".parse()?;
    let wire = Arc::new(Canned(Mutex::default()));
    let transport = Arc::clone(&wire) as Arc<dyn Transport>;
    let etcd = Etcd::new(vec![endpoint], transport, "fuzz", Duration::from_secs(1));
    Ok(Box::new(move |input| {
        *wire.0.lock().unwrap_or_else(PoisonError::into_inner) = Bytes::copy_from_slice(input);
        if let Err(error) = runtime.block_on(etcd.roster()) {
            let unreadable = matches!(&error, EtcdError::Unreadable { .. });
            assert!(unreadable, "it is the answer that is wrong: {error}");
        }
    }))
}
