use super::*;

fn spot(list: List, after: Option<(i64, Option<&str>)>, offset: usize) -> Spot {
    Spot {
        began: Timestamp::from_millis(9000),
        list,
        after: after.map(|(at, id)| (Timestamp::from_millis(at), id.map(str::to_owned))),
        offset,
    }
}

const ID: &str = "0123456789abcdef0123456789abcdef";

#[test]
fn a_place_is_written_and_read_back() {
    for place in [
        spot(List::Changed, None, 0),
        spot(List::Changed, Some((5000, Some(ID))), 100),
        spot(List::Deleted, Some((5000, None)), 0),
    ] {
        let cursor = place.written(Timestamp::EPOCH);
        assert_eq!(Spot::read(&cursor, Timestamp::from_millis(1)), place);
    }
    let odd = Cursor {
        since: Timestamp::EPOCH,
        page: Some("a|b|c".to_owned()),
    };
    let began = Timestamp::from_millis(9000);
    assert_eq!(Spot::read(&odd, began), spot(List::Changed, None, 0));
}

#[test]
fn a_page_is_asked_for_behind_the_one_before() {
    let since = Timestamp::from_millis(1_769_851_800_250);
    let check = |spot: &Spot, expected: &str| assert_eq!(spot.query("x=y^", since), expected);
    check(
        &spot(List::Changed, None, 0),
        "x=y^sys_updated_on>=2026-01-31 09:30:00^ORDERBYsys_updated_on^ORDERBYsys_id",
    );
    check(
        &spot(List::Changed, Some((0, Some(ID))), 0),
        &format!(
            "x=y^sys_updated_on=1970-01-01 00:00:00^sys_id>{ID}^ORDERBYsys_updated_on^ORDERBYsys_id"
        ),
    );
    check(
        &spot(List::Deleted, Some((0, None)), 0),
        "x=y^sys_created_on>1970-01-01 00:00:00^ORDERBYsys_created_on^ORDERBYsys_id",
    );
}
