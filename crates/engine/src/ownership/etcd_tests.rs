//! What etcd is asked for: against a transport that answers as one with two groups.

use super::*;
use async_trait::async_trait;
use http::Response;
use twinline_trackers::http::TransportError;

/// Answers listings, and keeps what was asked.
struct Gateway {
    moment: Mutex<(&'static str, u64)>,
    limits: Mutex<Vec<u64>>,
}

#[async_trait]
impl Transport for Gateway {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let asked: Json = serde_json::from_slice(request.body()).unwrap();
        let limit = asked["limit"].as_u64().unwrap();
        self.limits.lock().unwrap().push(limit);
        let (term, revision) = *self.moment.lock().unwrap();
        let kv = |group: &str| {
            json!({
                "key": encoded(&format!("twinline/acme/groups/{group}")),
                "value": encoded(&format!("{{\"host\":\"host-of-{term}\"}}")),
                "create_revision": "3",
                "lease": "7",
            })
        };
        let kvs: Vec<Json> = ["g1", "g2"].map(kv).into();
        let shown = usize::try_from(limit).unwrap().min(kvs.len());
        let header =
            json!({ "cluster_id": "1", "raft_term": term, "revision": revision.to_string() });
        let answer = json!({ "header": header, "kvs": kvs[..shown] });
        Ok(Response::new(Bytes::from(answer.to_string())))
    }
}

#[tokio::test]
async fn what_has_not_changed_is_not_listed_anew() {
    let gateway = Arc::new(Gateway {
        moment: Mutex::new(("2", 5)),
        limits: Mutex::default(),
    });
    let transport = Arc::clone(&gateway) as Arc<dyn Transport>;
    let endpoint = Url::parse("http://127.0.0.1:1/").unwrap();
    let etcd = Etcd::new(vec![endpoint], transport, "acme", Duration::from_secs(5));
    let check = async |moment: (&'static str, u64), listed: bool| {
        *gateway.moment.lock().unwrap() = moment;
        gateway.limits.lock().unwrap().clear();
        let (revision, roster) = etcd.survey().await.unwrap();
        assert_eq!(revision, moment.1);
        let hosts: Vec<String> = roster.groups.into_values().map(|it| it.host).collect();
        assert_eq!(
            hosts,
            [
                format!("host-of-{}", moment.0),
                format!("host-of-{}", moment.0)
            ]
        );
        let whole = gateway
            .limits
            .lock()
            .unwrap()
            .contains(&u64::from(KEYS_MAX));
        assert_eq!(whole, listed, "{moment:?}");
    };
    check(("2", 5), true).await;
    check(("2", 5), false).await;
    check(("2", 6), true).await;
    check(("2", 6), false).await;
    // Another leadership: it may have been put back from a copy, and have come so far again.
    check(("3", 6), true).await;
    check(("3", 6), false).await;
}
