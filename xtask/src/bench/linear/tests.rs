use super::{Point, slope};

fn check(points: [(u64, f64); 3], expected: f64) {
    let points = points.map(|(size, cpu_ms)| Point {
        size,
        changes: size,
        cpu_ms,
    });
    let found = slope(&points, |point| point.cpu_ms);
    assert!((found - expected).abs() < 0.001, "{found}");
}

#[test]
fn the_slope_is_the_power_by_which_cost_grows() {
    check([(1, 5.0), (10, 5.0), (100, 5.0)], 0.0);
    check([(100, 3.0), (1_000, 30.0), (10_000, 300.0)], 1.0);
    check([(2, 1.0), (20, 100.0), (200, 10_000.0)], 2.0);
}
