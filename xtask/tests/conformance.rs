//! Connectors and simulators against the vendors' API descriptions, where those are at hand.

use twinline_sim::needs;
use xtask::conformance;

/// What is reached, by tracker: operations of the description that were used, and checks of the connector's suite that
/// passed. A new operation or check raises them; where one falls, something is examined no more.
const REACHED: [(&str, usize, usize); 4] = [
    ("github", 26, 49),
    ("jira-cloud", 26, 48),
    ("azure-devops", 20, 47),
    ("servicenow", 4, 45),
];

#[test]
fn connectors_and_simulators_keep_to_the_descriptions() {
    let Some(folder) = conformance::find() else {
        needs::skip("the vendors' API descriptions are not in ../shared/specs");
        return;
    };
    let tallies: Result<Vec<_>, _> = conformance::tallies(&folder).collect();
    let tallies = tallies.unwrap();
    let names: Vec<&str> = tallies.iter().map(conformance::Tally::tracker).collect();
    assert_eq!(names, REACHED.map(|(name, ..)| name));
    for (tally, (name, operations, checks)) in tallies.iter().zip(REACHED) {
        assert!(
            tally.violations().is_empty(),
            "{name}: {:#?}",
            tally.violations()
        );
        let (covered, passed) = (tally.covered(), tally.passed());
        assert!(covered >= operations, "{name}: {covered} operations");
        assert!(passed >= checks, "{name}: {passed} checks");
        assert!(tally.holds(), "{name}");
    }
}
