//! The plot: accepted webhooks a second over the run, both services, as an SVG that is readable on light and on dark.

use super::figures::Figures;
use crate::bench::f64_of;
use std::fmt::Write as _;

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 300.0;
/// Room around the plot: left, top, right, bottom.
const MARGINS: [f64; 4] = [52.0, 40.0, 16.0, 44.0];

const STYLE: &str = "text{font:12px sans-serif;fill:#24292f}.axis{stroke:#8c959f;fill:none}.hang{fill:#8c959f;opacity:.2}\
    .a{stroke:#b35900}.b{stroke:#0a5dc2}.a,.b{fill:none;stroke-width:2}\
    @media(prefers-color-scheme:dark){text{fill:#e6edf3}.a{stroke:#ffa657}.b{stroke:#79c0ff}}";

/// Where seconds and counts lie.
struct Scale {
    seconds: f64,
    most: f64,
}

impl Scale {
    fn x(&self, second: f64) -> f64 {
        let [left, _, right, _] = MARGINS;
        left + second / self.seconds * (WIDTH - left - right)
    }

    fn y(&self, count: f64) -> f64 {
        let [_, top, _, bottom] = MARGINS;
        HEIGHT - bottom - count / self.most * (HEIGHT - top - bottom)
    }
}

/// The whole file.
pub(super) fn svg(conventional: &Figures, twinline: &Figures) -> String {
    let both = [conventional, twinline];
    let most = both
        .iter()
        .flat_map(|one| &one.seconds)
        .map(|second| second.accepted);
    let length = both.iter().map(|one| one.seconds.len() as u64).max();
    let scale = Scale {
        seconds: f64_of(length.unwrap_or(1).max(1)),
        most: f64_of(most.max().unwrap_or(1).max(1).next_multiple_of(20)),
    };
    let (hung, healed) = (scale.x(twinline.hung_s), scale.x(twinline.healed_s));
    let (top, base) = (scale.y(scale.most), scale.y(0.0));
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\">\n\
         <title>Accepted webhooks a second, before, while and after commits hang</title>\n<style>{STYLE}</style>\n\
         <rect class=\"hang\" x=\"{hung:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{:.1}\"/>\n\
         <path class=\"axis\" d=\"M{:.1} {top:.1}V{base:.1}H{:.1}\"/>\n",
        healed - hung,
        base - top,
        scale.x(0.0),
        scale.x(scale.seconds),
    );
    let key = [
        ("a", "conventional", scale.x(0.0)),
        ("b", "Twinline", scale.x(0.0) + 130.0),
    ];
    svg.push_str(&labels(&scale, twinline, &key));
    for ((class, _, x), figures) in key.into_iter().zip(both) {
        let _fine = writeln!(
            svg,
            "<path class=\"{class}\" d=\"M{x:.1} 16h22\"/>\n<path class=\"{class}\" d=\"{}\"/>",
            line(&scale, figures)
        );
    }
    svg.push_str("</svg>\n");
    svg
}

/// All words and numbers.
fn labels(scale: &Scale, figures: &Figures, key: &[(&str, &str, f64)]) -> String {
    let mut svg = String::new();
    let base = scale.y(0.0);
    // Writing to a string does not fail.
    let mut label = |x: f64, y: f64, anchor: &str, text: &str| {
        let _fine = writeln!(
            svg,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>"
        );
    };
    for part in [0.0, 0.5, 1.0] {
        let count = scale.most * part;
        label(
            scale.x(0.0) - 6.0,
            scale.y(count) + 4.0,
            "end",
            &format!("{count:.0}"),
        );
    }
    for second in [0.0, figures.hung_s, figures.healed_s, scale.seconds] {
        label(
            scale.x(second),
            base + 16.0,
            "middle",
            &format!("{second:.0} s"),
        );
    }
    label(
        scale.x(f64::midpoint(figures.hung_s, figures.healed_s)),
        base + 32.0,
        "middle",
        "commits hang",
    );
    for (_, name, x) in key {
        label(*x + 28.0, 20.0, "start", name);
    }
    label(
        WIDTH - MARGINS[2],
        20.0,
        "end",
        "accepted webhooks a second",
    );
    svg
}

/// A step for each second; the last one may be cut off and is left out.
fn line(scale: &Scale, figures: &Figures) -> String {
    let whole = figures.seconds.len().saturating_sub(1);
    let mut path = String::new();
    for (number, second) in figures.seconds[..whole].iter().enumerate() {
        let from = f64_of(number as u64);
        let (x, y) = (scale.x(from), scale.y(f64_of(second.accepted)));
        let begin = if number == 0 {
            format!("M{x:.1} {y:.1}")
        } else {
            format!("V{y:.1}")
        };
        let _fine = write!(path, "{begin}H{:.1}", scale.x(from + 1.0));
    }
    path
}
