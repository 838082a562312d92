use super::*;

fn check(held: bool, budget: u64, window: u64, writes: u64, confirmed: bool, expected: Verdict) {
    let books = Books {
        held,
        budget,
        window,
        limit: 10,
    };
    assert_eq!(judge(books, writes, confirmed), expected, "{books:?}");
}

#[test]
fn the_write_over_the_limit_is_refused() {
    check(false, 0, 0, 10, false, Verdict::Allowed { paid: 0 });
    check(false, 0, 10, 1, false, Verdict::Tripped { writes: 11 });
    check(false, 0, 10, 0, false, Verdict::Allowed { paid: 0 });
    check(true, 0, 0, 1, false, Verdict::Held);
}

#[test]
fn confirmed_work_is_paid_from_its_budget_first() {
    check(false, 100, 10, 90, true, Verdict::Allowed { paid: 90 });
    check(false, 5, 5, 10, true, Verdict::Allowed { paid: 5 });
    check(false, 5, 6, 10, true, Verdict::Tripped { writes: 11 });
    check(false, 100, 10, 1, false, Verdict::Tripped { writes: 11 });
}
