//! The guide's description is the one that the tests run, `init` writes and the simulator answers.

use super::*;

const GUIDE: &str = include_str!("../../../../../docs/guide/adding-a-tracker.md");

#[test]
fn the_guide_shows_a_description_that_works() {
    let shown = GUIDE.split("```toml description\n").nth(1).unwrap();
    let shown = shown.split("```").next().unwrap();
    assert_eq!(
        shown, DESK,
        "docs/guide/adding-a-tracker.md and examples/desk.toml"
    );
    let can = Description::parse(shown).unwrap().capabilities();
    assert!(can.compare_and_swap && can.create_marker && can.comment_marker);
}
