//! The figures of both side by side, for a person.

use super::central::Central;
use super::figures::{Deliveries, Edits, Figures, Health};
use twinline::report::Table;

pub(super) fn text(conventional: &Figures, twinline: &Figures, central: &Central) -> String {
    let mut table = Table::new(["", "conventional", "Twinline"]);
    let mut row = |name: &str, figure: &dyn Fn(&Figures) -> String| {
        table.row([name.to_owned(), figure(conventional), figure(twinline)]);
    };
    type Pick<T> = fn(&Figures) -> &T;
    let deliveries: [(&str, Pick<Deliveries>); 3] = [
        ("before", |figures| &figures.deliveries.before),
        ("while commits hang", |figures| &figures.deliveries.during),
        ("after", |figures| &figures.deliveries.after),
    ];
    let edits: [(&str, Pick<Edits>); 3] = [
        ("before", |figures| &figures.edits.before),
        ("while commits hang", |figures| &figures.edits.during),
        ("after", |figures| &figures.edits.after),
    ];
    for (when, pick) in deliveries {
        row(&format!("webhooks accepted {when}"), &|figures| {
            let Deliveries { sent, accepted, .. } = pick(figures);
            format!("{accepted} of {sent}")
        });
    }
    for (when, pick) in deliveries {
        row(&format!("p99 of the answer {when}"), &|figures| {
            ms(pick(figures).p99_ms)
        });
    }
    for (when, pick) in edits {
        row(&format!("edits lost that were made {when}"), &|figures| {
            let Edits { made, lost, .. } = pick(figures);
            format!("{lost} of {made}")
        });
    }
    for (when, pick) in edits {
        row(&format!("p99 from edit to arrival {when}"), &|figures| {
            ms(pick(figures).p99_ms)
        });
    }
    row("items apart at the end", &|figures| {
        figures.apart.to_string()
    });
    row("healed: webhooks accepted again after", &|figures| {
        s(figures.accepting_s)
    });
    row("healed: all edits arrived after", &|figures| {
        s(figures.arrived_s)
    });
    row("health page while commits hang", &|figures| {
        let Health {
            green,
            red,
            unanswered,
            ..
        } = figures.health;
        format!("{green} green, {red} red, {unanswered} unanswered")
    });
    of_the_central_database(&mut table, central);
    table.text()
}

/// What only Twinline says.
fn of_the_central_database(table: &mut Table, central: &Central) {
    let rows = [
        ("says that commits fail after", "–", s(central.noticed_s)),
        (
            "healed: replica up to date after",
            "–",
            s(central.caught_up_s),
        ),
        ("restarts", "0", central.replaced.to_string()),
    ];
    for (name, conventional, twinline) in rows {
        table.row([name.to_owned(), conventional.to_owned(), twinline]);
    }
}

fn ms(figure: Option<f64>) -> String {
    figure.map_or_else(|| "–".to_owned(), |figure| format!("{figure:.0} ms"))
}

fn s(figure: Option<f64>) -> String {
    figure.map_or_else(
        || "not in this run".to_owned(),
        |figure| format!("{figure:.1} s"),
    )
}
