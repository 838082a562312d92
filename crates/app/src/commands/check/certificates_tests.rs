use super::*;
use std::path::Path;

const END: i64 = 1_803_859_200;
const DAY: i64 = 24 * 60 * 60;

/// A configuration with one certificate, which ends on the first of March 2027.
fn config(folder: &Path) -> Config {
    let mut params = rcgen::CertificateParams::new(["one.example".to_owned()]).unwrap();
    params.not_after = rcgen::date_time_ymd(2027, 3, 1);
    let key = rcgen::KeyPair::generate().unwrap();
    let cert = params.self_signed(&key).unwrap();
    std::fs::write(folder.join("one.crt"), cert.pem()).unwrap();
    std::fs::write(folder.join("one.key"), key.serialize_pem()).unwrap();
    let text = "format = 1\n[edge]\ntls = [{ name = \"one.example\", cert = \"one.crt\", key = \"one.key\" }]";
    crate::config::parse(&folder.join("twinline.toml"), text).unwrap()
}

fn check(config: &Config, now_s: i64, sound: bool, state: &str, text: &str) {
    let judged = judged(config, Timestamp::from_millis(now_s * 1000));
    let [judged] = &judged[..] else {
        panic!("one certificate, {} judgements", judged.len());
    };
    assert_eq!(judged.json["name"], "one.example");
    assert_eq!(judged.json["state"], state);
    assert_eq!(judged.sound, sound);
    assert!(judged.text.starts_with(text), "{}", judged.text);
}

#[test]
fn a_nodes_domain_wants_a_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(folder.path());
    let node = |domain: &str| {
        let text = format!(
            "format = 1\n[nodes.gh]\ntracker = \"github\"\nurl = \"https://x.example\"\npublic_url = \"{domain}\""
        );
        let file = folder.path().join("twinline.toml");
        crate::config::parse(&file, &text).unwrap().nodes
    };
    let now = Timestamp::from_millis((END - 30 * DAY) * 1000);
    for covered in ["https://One.example", "http://acme.example"] {
        config.nodes = node(covered);
        assert_eq!(judged(&config, now).len(), 1, "{covered}");
    }
    config.nodes = node("https://acme.example/sync");
    let lacking = judged(&config, now).pop().unwrap();
    let expected = json!({ "name": "acme.example", "node": "gh", "state": "missing" });
    assert_eq!((&lacking.json, lacking.sound), (&expected, false));
    let begins = "error: nodes.gh.public_url: edge.tls has no certificate for acme.example";
    assert!(lacking.text.starts_with(begins), "{}", lacking.text);
    config.edge.tls.clear();
    assert_eq!(judged(&config, now).len(), 0, "something else speaks TLS");
}

#[test]
fn a_certificate_is_judged_by_its_end_and_the_way_out_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path());
    let file = folder.path().join("one.crt");
    let file = file.display();
    let good =
        "edge.tls: the certificate of one.example is good until 2027-03-01T00:00:00Z (30 days)";
    check(&config, END - 30 * DAY, true, "sound", good);
    let soon = format!(
        "warning: edge.tls: the certificate of one.example ends at 2027-03-01T00:00:00Z, in 20 days: write a renewed one to {file}"
    );
    check(&config, END - 20 * DAY, true, "expires_soon", &soon);
    let ended = format!(
        "error: edge.tls: the certificate of one.example has ended at 2027-03-01T00:00:00Z, and callers refuse it: write a \
         renewed one to {file}"
    );
    check(&config, END + 1, false, "expired", &ended);
    std::fs::remove_file(folder.path().join("one.key")).unwrap();
    let unusable = "error: edge.tls: the certificate of one.example cannot be used: ";
    check(&config, END - 30 * DAY, false, "unusable", unusable);
}
