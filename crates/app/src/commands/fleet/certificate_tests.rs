use super::*;
use std::os::unix::fs::PermissionsExt as _;

const FLEET: &str = "format = 1\n[instance]\nmachine = \"m1\"\nfleet_key = { file = \"key\" }\n[machines]\n\
    m1 = { host = \"10.0.0.1:7401\" }\n[central]\nurl = { file = \"url\" }\n[ownership]\netcd = [\"http://10.0.0.9:2379\"]\n";

#[test]
fn a_certificate_is_written_with_a_key_that_only_its_owner_reads_and_can_be_issued_anew() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("twinline.toml");
    fs::write(&file, FLEET).unwrap();
    fs::write(
        folder.path().join("key"),
        "a key of a fleet that is as long as it must be",
    )
    .unwrap();
    let args = CertificateArgs {
        name: "prometheus".to_owned(),
        out: folder.path().join("out"),
        days: 90,
    };
    let read = |name: &str| fs::read_to_string(args.out.join(name)).unwrap();
    issue(&file, &args).unwrap();
    let first = ["prometheus.crt", "prometheus.key", "fleet-ca.crt"].map(read);
    assert!(first[1].contains("PRIVATE KEY"), "{}", first[1]);
    let mode = fs::metadata(args.out.join("prometheus.key")).unwrap();
    assert_eq!(mode.permissions().mode() & 0o777, OWN);
    issue(&file, &args).unwrap();
    let again = ["prometheus.crt", "prometheus.key", "fleet-ca.crt"].map(read);
    assert_ne!(first[0], again[0]);
    assert_ne!(first[1], again[1]);
    assert_eq!(first[2], again[2]);
}

#[test]
fn a_name_that_is_no_files_is_refused() {
    for (name, is_one) in [
        ("prometheus", true),
        ("db_1.a", true),
        ("", false),
        ("../a", false),
        (".a", false),
    ] {
        assert_eq!(check(name).is_ok(), is_one, "{name}");
    }
}
