//! Connectors and simulators against the vendors' API descriptions, where those are at hand.

use xtask::conformance;

#[test]
fn connectors_and_simulators_keep_to_the_descriptions() {
    let Some(folder) = conformance::find() else {
        println!("skipped: the vendors' API descriptions are not in ../shared/specs");
        return;
    };
    let tallies: Result<Vec<_>, _> = conformance::tallies(&folder).collect();
    let tallies = tallies.unwrap();
    let names: Vec<&str> = tallies.iter().map(conformance::Tally::tracker).collect();
    assert_eq!(names, ["github", "jira-cloud"]);
    for tally in tallies {
        let name = tally.tracker();
        assert!(
            tally.violations().is_empty(),
            "{name}: {:#?}",
            tally.violations()
        );
        assert!(tally.covered() > 0, "{name}: nothing was examined");
        assert!(tally.holds(), "{name}");
    }
}
