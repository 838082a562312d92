use super::*;
use std::path::Path;

const DEFAULTS: &str = include_str!("../../../../config/twinline.default.toml");

fn error(text: &str) -> String {
    parse(Path::new("twinline.toml"), text)
        .unwrap_err()
        .to_string()
}

#[test]
fn an_almost_empty_file_is_enough() {
    let config = parse(Path::new("etc/twinline.toml"), "format = 1\n").unwrap();
    assert_eq!(config.data, Path::new("etc/twinline-data"));
    assert_eq!(config.edge.listen.to_string(), "127.0.0.1:7400");
}

/// The documented file holds every key with its default: reading it gives the defaults, and writing the defaults gives
/// no key that it does not hold.
#[test]
fn the_documented_defaults_are_the_defaults() {
    let documented = parse(Path::new("twinline.toml"), DEFAULTS).unwrap();
    let mut plain = parse(Path::new("twinline.toml"), "format = 1\n").unwrap();
    let example = documented.nodes["example"].clone();
    plain.nodes.insert("example".into(), example);
    let (documented, plain) = (
        toml::to_string(&documented).unwrap(),
        toml::to_string(&plain).unwrap(),
    );
    assert_eq!(documented, plain);
}

/// The documented file with its comments that are keys, such as `# otlp = "…"`, as keys.
fn documented() -> toml::Table {
    let keys = DEFAULTS.lines().map(|line| {
        let rest = line.strip_prefix("# ").unwrap_or_default();
        let is_key = rest.split_whitespace().nth(1) == Some("=") || rest.starts_with('[');
        if is_key { rest } else { line }
    });
    toml::from_str(&keys.collect::<Vec<_>>().join("\n")).unwrap()
}

/// The section of the documented file that a path leads to.
fn section<'a>(file: &'a mut toml::Table, path: &[String]) -> &'a mut toml::Table {
    path.iter().fold(file, |at, key| match &mut at[key] {
        toml::Value::Table(table) => table,
        toml::Value::Array(array) => array[0].as_table_mut().unwrap(),
        other => panic!("{key} is {other}"),
    })
}

/// The keys that a section takes, as the reader itself tells who writes another one.
fn keys_of(path: &[String]) -> Vec<String> {
    let mut file = documented();
    let none = "no-key-is-called-so".to_owned();
    section(&mut file, path).insert(none, toml::Value::Integer(1));
    let told = error(&toml::to_string(&file).unwrap());
    let (_, keys) = told
        .split_once(": the keys are ")
        .unwrap_or_else(|| panic!("{told}"));
    keys.split(", ").map(str::to_owned).collect()
}

fn check_documented(path: &[String]) {
    let mut file = documented();
    let held = section(&mut file, path).clone();
    for key in keys_of(path) {
        let value = held.get(&key);
        let value = value.unwrap_or_else(|| panic!("{path:?}: {key} is not documented"));
        // A secret's place, credentials and a tracker's scope are no sections of the file's own.
        if value.is_table()
            && !matches!(
                key.as_str(),
                "auth"
                    | "url"
                    | "fleet_key"
                    | "seal_key"
                    | "inbound_token"
                    | "key"
                    | "token"
                    | "report_token"
                    | "scope"
            )
        {
            let mut further = [path, std::slice::from_ref(&key)].concat();
            match key.as_str() {
                "nodes" => further.push("example".to_owned()),
                "workspaces" => further.push("acme".to_owned()),
                "machines" => further.push("m1".to_owned()),
                "people" => further.push("ada".to_owned()),
                "rotations" => further.push("primary".to_owned()),
                "queues" => further.push("support".to_owned()),
                "channels" => {
                    for name in ["mail", "chat", "duty", "sms"] {
                        check_documented(&[further.clone(), vec![name.to_owned()]].concat());
                    }
                    continue;
                }
                _ => {}
            }
            check_documented(&further);
        }
    }
}

#[test]
fn every_key_is_documented_where_it_stands() {
    check_documented(&[]);
    let keys = keys_of(&["nodes".to_owned(), "example".to_owned()]);
    assert!(keys.contains(&"settle_s".to_owned()), "{keys:?}");
}

/// `[central]` has no place in the defaults, since it names a server: what stands there as a comment is every key with
/// its default.
#[test]
fn the_documented_central_is_the_default() {
    let section: Vec<&str> = DEFAULTS
        .lines()
        .skip_while(|line| !line.starts_with("# [central]"))
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.strip_prefix("# "))
        .collect();
    let text = format!("format = 1\n{}", section.join("\n"));
    let documented = parse(Path::new("twinline.toml"), &text)
        .unwrap()
        .central
        .unwrap();
    let short = "format = 1\n[central]\nurl = { file = \"central.url\" }\nca = \"central-ca.pem\"";
    let plain = parse(Path::new("twinline.toml"), short)
        .unwrap()
        .central
        .unwrap();
    assert_eq!(format!("{documented:?}"), format!("{plain:?}"));
    assert!(
        error("format = 1\n[central]\nurl = { env = \"X\" }\npools = { read = 0 }")
            .contains("central.pools.read: is 0")
    );
}

const FLEET: &str = "format = 1\n[instance]\nfleet_key = { env = \"X\" }\n[machines]\nm1 = { edge = \"10.0.0.1:7410\", \
    host = \"10.0.0.1:7401\" }\nm2 = { host = \"10.0.0.2:7401\" }\n[central]\nurl = { env = \"X\" }\n[ownership]\n\
    etcd = [\"http://10.0.0.9:2379\"]\n";

#[test]
fn a_fleets_machine_listens_where_the_others_reach_it() {
    let config = parse(Path::new("twinline.toml"), FLEET).unwrap();
    let found = [config.edge_private(), config.host_api()].map(|at| at.to_string());
    assert_eq!(found, ["10.0.0.1:7410", "10.0.0.1:7401"]);
    let plain = parse(Path::new("twinline.toml"), "format = 1\n").unwrap();
    let found = [plain.edge_private(), plain.host_api()].map(|at| at.to_string());
    assert_eq!(found, ["127.0.0.1:7410", "127.0.0.1:7401"]);
}

#[test]
fn a_fleet_that_lacks_something_is_told_what() {
    for (from, to, said) in [
        (
            "[machines]",
            "machine = \"m9\"\n[machines]",
            "instance.machine: 'm9' is none of [machines] (m1, m2)",
        ),
        (
            "fleet_key = { env = \"X\" }\n",
            "",
            "instance.fleet_key: is missing",
        ),
        (
            "[central]\nurl = { env = \"X\" }\n",
            "",
            "ownership: needs [central]",
        ),
        ("m2 = { host = \"10.0.0.2:7401\" }", "m2 = {}", ""),
        (
            "{ edge = \"10.0.0.1:7410\", host = \"10.0.0.1:7401\" }",
            "{}",
            "machines.m1: runs nothing",
        ),
        ("\"http://10.0.0.9:2379\"", "", "ownership.etcd: is empty"),
        ("http://10.0.0.9:2379", "10.0.0.9:2379", "relative URL"),
        (
            "http://10.0.0.9:2379",
            "etcd://10.0.0.9:2379",
            "not an http or https address",
        ),
        (
            "[ownership]\n",
            "[ownership]\nattempt_ms = 14000\n",
            "make ownership.attempt_ms smaller",
        ),
    ] {
        let text = FLEET.replace(from, to);
        assert_ne!(text, FLEET, "{from}");
        match parse(Path::new("twinline.toml"), &text) {
            Ok(_) => assert_eq!(said, "", "{to}"),
            Err(error) => assert!(
                !said.is_empty() && error.to_string().contains(said),
                "{error}"
            ),
        }
    }
    let without = FLEET.split("[central]").next().unwrap();
    assert!(error(without).contains("machines: there are several machines: write [ownership]"));
}

#[test]
fn certificates_lie_beside_the_file_and_open_the_edge_to_everybody() {
    let text = "format = 1\n[edge]\nlisten = \"0.0.0.0:443\"\ntls = [{ name = \"a.example\", cert = \"a.crt\", key = \"/k/a.key\" }]";
    let config = parse(Path::new("etc/twinline.toml"), text).unwrap();
    assert_eq!(config.edge.tls[0].cert, Path::new("etc/a.crt"));
    assert_eq!(config.edge.tls[0].key, Path::new("/k/a.key"));
    let text = "format = 1\n[edge]\nlisten = \"0.0.0.0:80\"\nplain_http = true";
    assert!(parse(Path::new("etc/twinline.toml"), text).is_ok());
}

#[test]
fn a_fault_names_its_place_and_the_way_out() {
    let cases = [
        (
            "format = 2",
            "twinline.toml: format: is 2; this version reads format 1",
        ),
        (
            "format = 1\n[edge]\nlisen = \"127.0.0.1:1\"",
            "twinline.toml:3:1: there is no key 'lisen' here: did you mean 'listen'?",
        ),
        (
            "format = 1\n[edge]\nbody_max_mib = 0",
            "twinline.toml: edge.body_max_mib: is 0; write at least 1",
        ),
        (
            "format = 1\n[edge]\nlisten = \"0.0.0.0:80\"",
            "twinline.toml: edge.listen: is 0.0.0.0:80, and plain HTTP is spoken on loopback only: write the certificates in \
             edge.tls, or edge.plain_http = true behind something that speaks TLS",
        ),
        (
            "format = 1\n[edge]\ntls = [{ name = \"a b\", cert = \"c\", key = \"k\" }]",
            "twinline.toml: edge.tls.name: 'a b' is no host name: write one such as \"sync.acme.example\" or \"*.acme.example\"",
        ),
        (
            "format = 1\n[edge.proxy]\nidle_s = 1",
            "twinline.toml:3:1: there is no key 'idle_s' here: did you mean 'idle_ms'?",
        ),
        (
            "format = 1\n[host]\nbackfill_share = 0.9",
            "twinline.toml: host.backfill_share: is 0.9; write 0.15 to 0.5",
        ),
        (
            "format = 1\n[host]\nfiles_memory_mib = 4",
            "twinline.toml: host.files_memory_mib: is 4; write 8 to 4096",
        ),
        (
            "format = 1\n[nodes.\"A b\"]\ntracker = \"github\"\nurl = \"https://x.example\"",
            "twinline.toml: nodes.A b: a node's name is 1 to 64 of a-z, 0-9 and '-'",
        ),
        (
            "format = 1\n[nodes.a]\ntracker = \"github\"\nurl = \"https://me:secret@x.example\"",
            "twinline.toml: nodes.a.url: credentials do not belong into the address: write them under auth",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(error(text), expected);
    }
    assert!(
        error("format = ").starts_with("twinline.toml:1:"),
        "{}",
        error("format = ")
    );
    assert!(
        error("formt = 1").contains("did you mean 'format'"),
        "{}",
        error("formt = 1")
    );
}

#[test]
fn a_value_that_cannot_be_meant_is_refused() {
    let cases = [
        (
            "format = 1\n[edge]\ntrusted_proxies = [\"10.0.0.0/8\", \"::/0\"]",
            "twinline.toml: edge.trusted_proxies: '::/0' is everybody: write the networks of your own proxies only",
        ),
        (
            "format = 1\n[edge]\nbody_max_mib = 21",
            "twinline.toml: edge.body_max_mib: is 21; write at most 20",
        ),
        (
            "format = 1\n[log]\nlevel = \"inof\"",
            "twinline.toml: log.level: 'inof' is not a level: did you mean 'info'?",
        ),
        (
            "format = 1\n[log]\nlevel = \"twinline_engine=debug,loud\"",
            "twinline.toml: log.level: 'loud' is not a level: the levels are off, error, warn, info, debug, trace",
        ),
        (
            "format = 1\n[log]\nformat = \"jsn\"",
            "twinline.toml:3:10: there is no value 'jsn' here: did you mean 'json'?",
        ),
        (
            "format = 1\n[nodes.a]\ntracker = \"github\"\nurl = \"https://x.example\"\nsettle_s = 0",
            "twinline.toml: nodes.a.settle_s: is 0: a request whose answer was lost would be taken for lost at once, and made \
             twice; write at least 1",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(error(text), expected);
    }
}

#[test]
fn a_filter_for_the_log_is_one_of_levels() {
    for level in [
        "info",
        "OFF",
        "twinline_engine=debug,info",
        "info,[job{link}]=trace",
    ] {
        let text = format!("format = 1\n[log]\nlevel = '{level}'");
        assert!(parse(Path::new("twinline.toml"), &text).is_ok(), "{level}");
    }
    assert!(error("format = 1\n[log]\nlevel = \"\"").contains("log.level: '' is not a level"));
}

#[test]
fn secrets_stand_in_the_file_by_reference_only_and_are_not_repeated() {
    let check = |tracker: &str, keys: &str, expected: Option<&str>| {
        let text = format!(
            "format = 1\n[nodes.a]\ntracker = \"{tracker}\"\nurl = \"https://x.example\"\n{keys}"
        );
        match (parse(Path::new("twinline.toml"), &text), expected) {
            (Ok(_), None) => {}
            (Ok(_), Some(_)) => panic!("{keys} is taken"),
            (Err(error), expected) => {
                let sentence = error.to_string();
                assert!(
                    expected.is_some_and(|part| sentence.contains(part)),
                    "{keys}: {sentence}"
                );
                assert!(!sentence.contains("ghp_"), "{sentence}");
                assert!(!sentence.contains("1234"), "{sentence}");
            }
        }
    };
    let by_reference = Some("a secret does not stand in this file: write where it lies, { file = ");
    let key = Some("nodes.a.auth.token: a secret does not stand in this file");
    check("github", "auth = { token = \"ghp_1\" }", key);
    for number in ["12345678", "-1234", "1234.5"] {
        let token = format!("auth = {{ token = {number} }}");
        check("github", &token, by_reference);
        let secrets = format!("webhook = {{ secrets = [{number}] }}");
        check("github", &secrets, by_reference);
    }
    check(
        "jira-cloud",
        "auth = { email = \"a@x\", token = \"ghp_1\" }",
        key,
    );
    check(
        "jira-cloud",
        "auth = { email = \"a@x\", token = { env = \"T\" } }",
        None,
    );
    check(
        "github",
        "webhook = { secrets = [\"ghp_1\"] }",
        by_reference,
    );
    let fil = Some("there is no key 'fil' here: did you mean 'file'?");
    check("github", "auth = { token = { fil = \"x\" } }", fil);
    check("github", "webhook = { secrets = [{ fil = \"x\" }] }", fil);
    let sealed = Some("was not sealed");
    check(
        "github",
        "auth = { token = { sealed = \"ghp_1\" } }",
        sealed,
    );
    let either = Some("write one of { file = \"PATH\" }, { env = \"NAME\" } and");
    check(
        "github",
        "auth = { token = { file = \"x\", env = \"y\" } }",
        either,
    );
    check("github", "auth = { token = {} }", either);
    let central = error("format = 1\n[central]\nurl = \"postgres://me:ghp_1@db/x\"");
    assert!(
        central.contains("a secret does not stand in this file"),
        "{central}"
    );
    assert!(!central.contains("ghp_1"), "{central}");
}

#[test]
fn a_secret_is_read_trimmed_and_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("token"), "s3cret\n").unwrap();
    let secret = SecretRef::File("token".into())
        .read(folder.path(), "nodes.a.auth.token")
        .unwrap();
    assert_eq!(secret.expose(), "s3cret");
    assert!(!format!("{secret:?}").contains("s3cret"));
    let missing =
        SecretRef::Env("TWINLINE_SURELY_NOT_SET".into()).read(folder.path(), "nodes.a.auth.token");
    assert_eq!(
        missing.unwrap_err().to_string(),
        "nodes.a.auth.token: the environment variable TWINLINE_SURELY_NOT_SET is not set"
    );
}

/// The guide's sections, each in a file of its own: it shows one key in several ways.
#[test]
fn the_examples_of_the_first_connection_are_sound() {
    let guide = include_str!("../../../../docs/guide/first-connection.md");
    let blocks: Vec<&str> = guide.split("\n```toml\n").skip(1).collect();
    assert_eq!(blocks.len(), 8);
    for block in blocks {
        let (block, _) = block.split_once("\n```\n").unwrap();
        let read = parse(Path::new("twinline.toml"), &format!("format = 1\n{block}"));
        assert!(read.is_ok(), "{read:?}\n{block}");
    }
}

#[test]
fn a_description_is_named_where_a_tracker_is_described_and_nowhere_else() {
    let node = |tracker: &str, more: &str| {
        format!(
            "format = 1\n[nodes.n]\ntracker = \"{tracker}\"\nurl = \"https://x.example\"\n{more}"
        )
    };
    let missing = error(&node("json-http", ""));
    assert!(
        missing.contains("nodes.n.description: is missing"),
        "{missing}"
    );
    let needless = error(&node("github", "description = \"x.toml\"\n"));
    assert!(
        needless.contains("GitHub is known without one"),
        "{needless}"
    );
    let text = node("json-http", "description = \"trackers/x.toml\"\n");
    let config = parse(Path::new("etc/twinline.toml"), &text).unwrap();
    let description = config.nodes["n"].description.as_deref();
    assert_eq!(description, Some(Path::new("etc/trackers/x.toml")));
    let unread = Descriptions::default().of(&config.nodes["n"]).unwrap_err();
    assert!(
        unread
            .to_string()
            .starts_with("etc/trackers/x.toml: cannot be read"),
        "{unread}"
    );
}
