//! Ten thousand signals at once.

use super::*;

fn storm(nodes: usize) -> Desk {
    let mut desk = Desk::new();
    desk.passes("dns:m1");
    for node in 0..nodes {
        desk.fails(
            &format!("node:{node}"),
            &format!(
                "host:h{} database:central dns:m1 tracker:t{}",
                node % 8,
                node % 5
            ),
        );
    }
    desk
}

#[test]
fn a_storm_is_one_incident_that_names_the_element_and_lists_the_nodes() {
    let mut desk = storm(10_000);
    check(&desk.wait(1), "opened 1 database:central Critical 10000");
    // It goes on, in any rhythm, and stays one.
    for node in 0..100 {
        desk.passes(&format!("node:{node}"));
        desk.wait(1);
        desk.fails(&format!("node:{node}"), "database:central");
    }
    assert_eq!(desk.incidents(), ["1 database:central 10000/10000"]);
}

#[test]
fn a_storm_without_anything_in_common_says_so() {
    let mut desk = Desk::new();
    for node in 0..2_000 {
        desk.fails(&format!("node:{node}"), &format!("certificate:{node}"));
    }
    desk.wait(1);
    assert_eq!(desk.book.incidents().count(), 2_000);
}
