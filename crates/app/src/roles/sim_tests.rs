use super::*;
use crate::config;

#[test]
fn every_simulator_prints_a_node_that_the_configuration_takes() {
    // Whatever has a connector has a simulator.
    let trackers: Vec<&str> = twinline_trackers::registry::trackers().collect();
    assert_eq!(registry::trackers().collect::<Vec<_>>(), trackers);
    for tracker in trackers {
        let kind = kind(tracker).unwrap();
        let section = node_section(kind, "http://127.0.0.1:4010");
        let text = format!("format = 1\n{section}");
        let config = config::parse(Path::new("twinline.toml"), &text).unwrap();
        assert_eq!(config.nodes[tracker].tracker, tracker);
        assert_eq!((kind.demo)().tracker(), tracker);
    }
}

#[test]
fn faults_that_are_none_are_refused() {
    assert_eq!(faults("demo").unwrap(), Faults::demo());
    assert!(faults("no-such-file.json").is_err());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("faults.json");
    for wrong in ["{\"throttle\": 2}", "{\"trottle\": 0.1}", "["] {
        std::fs::write(&file, wrong).unwrap();
        let error = faults(file.to_str().unwrap()).unwrap_err();
        assert_eq!(crate::exit::code_of(&error), USAGE, "{wrong}");
    }
}
