use super::super::catalogue::Drill;
use super::*;
use crate::config::parse;

/// The fleet of a drill.
fn fleet(drill: Drill, watched: bool) -> Setting {
    let spec = drill.spec();
    let pages = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
    let watches = watched.then(|| WatchSetting::new(2, pages, 8, spec.hurried).unwrap());
    let trackers = vec!["http://127.0.0.1:1".to_owned(); 12];
    let etcd = vec!["http://127.0.0.1:2".to_owned()];
    let database = Database {
        url: "postgres://a@127.0.0.1/a".to_owned(),
        authority: watched.then(String::new),
    };
    Setting::new(2, &spec, database, etcd, trackers, watches).unwrap()
}

/// The configuration of a machine, as its roles read it, and the workspaces of its nodes.
fn check(drill: Drill, watched: bool, workspaces: &[&str]) {
    let setting = fleet(drill, watched);
    let text = configuration("m1", &setting).unwrap();
    let config = parse(Path::new("twinline.toml"), &text).unwrap();
    let nodes = (0..12).map(|node| config.nodes[name(node).as_str()].workspace.clone());
    let mut found: Vec<String> = nodes.collect();
    found.dedup();
    assert_eq!(found, workspaces, "{text}");
    assert_eq!(config.has_watch(), watched);
    let authority = config.central.unwrap().ca;
    assert_eq!(authority, watched.then(|| AUTHORITY.into()));
    let tokens = config.workspaces.values();
    let tokens = tokens.filter(|it| it.report_token.is_some()).count();
    assert_eq!(tokens, if watched { 5 } else { 0 });
}

#[test]
fn a_machine_with_a_watch_has_five_customers_with_nodes_and_tokens_of_their_own() {
    let all = [
        "tenant-1", "tenant-2", "tenant-3", "tenant-4", "tenant-5", "tenant-1",
    ];
    check(Drill::Incident2021, true, &all);
    check(Drill::HungHost, true, &all);
    check(Drill::StuckCommits, false, &["default"]);
}

/// What `watch verify-paths` says on each machine of a drill that has people in it.
#[tokio::test]
async fn what_fails_in_a_drill_silences_no_alarm_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut setting = fleet(Drill::Incident2021, true);
    // An authority's certificate comes from a cluster that runs; what is looked at does not depend on it.
    setting.database.authority = None;
    for machine in ["m1", "m2"] {
        let folder = folder.path().join(machine);
        write(&folder, machine, &setting).unwrap();
        let told = crate::roles::watch::paths::verify(&folder.join("twinline.toml")).unwrap();
        assert_eq!(told.code, crate::exit::OK, "{}", told.text);
        assert_eq!(told.json["ok"], true, "{}", told.text);
        let probes = told.json["probes"].as_array().unwrap().iter();
        let of = |name: &str| probes.clone().filter(|it| it["probe"] == name).count();
        assert_eq!((of("commit_canary"), of("peers")), (1, 1), "{}", told.json);
    }
}
