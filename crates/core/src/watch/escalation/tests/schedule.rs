//! Who is on call.

use super::*;
use proptest::prelude::*;
use serde_json::json;

fn schedule(text: serde_json::Value) -> Schedule {
    serde_json::from_value(text).unwrap()
}

/// Who is on call at each instant; `-` is nobody, `~` nobody as meant.
fn check_on_call(schedule: &Schedule, expected: &[(&str, &str)]) {
    for (instant, who) in expected {
        let found = match schedule.on_call(at(instant)) {
            OnCall::Person { person, .. } => person.0,
            OnCall::Nobody { deliberate: None } => "-".to_owned(),
            OnCall::Nobody { .. } => "~".to_owned(),
        };
        assert_eq!(found, *who, "{instant}");
    }
}

#[test]
fn turns_change_at_the_hand_over_of_their_place() {
    let weekly = schedule(json!({ "layers": [{
        "people": ["ada", "bo", "cy"], "every": "week",
        "handover": "Mon 09:00 Europe/Brussels", "since": "2026-03-16",
    }] }));
    check_on_call(
        &weekly,
        &[
            ("2026-03-16T07:59:59Z", "cy"),
            ("2026-03-16T08:00:00Z", "ada"),
            ("2026-03-23T08:00:00Z", "bo"),
            // Summer time has begun.
            ("2026-03-30T06:59:59Z", "bo"),
            ("2026-03-30T07:00:00Z", "cy"),
            ("2026-04-06T07:00:00Z", "ada"),
        ],
    );
    let daily = schedule(json!({ "layers": [{
        "people": ["ada", "bo"], "every": "day", "handover": "08:00 UTC", "since": "2026-03-16",
    }] }));
    check_on_call(
        &daily,
        &[
            ("2026-03-16T08:00:00Z", "ada"),
            ("2026-03-17T07:59:59Z", "ada"),
            ("2026-03-17T08:00:00Z", "bo"),
        ],
    );
    let three = schedule(json!({ "layers": [{
        "people": ["ada", "bo"], "every": "3 days", "handover": "08:00 UTC", "since": "2026-03-16",
    }] }));
    check_on_call(
        &three,
        &[
            ("2026-03-19T07:59:59Z", "ada"),
            ("2026-03-19T08:00:00Z", "bo"),
            ("2026-03-22T08:00:00Z", "ada"),
        ],
    );
}

#[test]
fn a_weekday_that_is_not_the_first_days_is_waited_for() {
    let layer: Layer = serde_json::from_value(json!({
        "people": ["ada"], "every": "week", "handover": "Fri 17:00 UTC", "since": "2026-03-16",
    }))
    .unwrap();
    let turn = layer.turn(at("2026-03-20T17:00:00Z"));
    assert_eq!((turn.number, turn.from), (0, at("2026-03-20T17:00:00Z")));
}

#[test]
fn layers_lie_over_each_other_and_overrides_over_all() {
    let layered = schedule(json!({
        "layers": [
            { "people": ["night"], "every": "week", "handover": "Mon 00:00 UTC" },
            { "people": ["day"], "every": "week", "handover": "Mon 00:00 Europe/Brussels",
              "only": [{ "days": ["Mon", "Tue", "Wed", "Thu", "Fri"], "from": "09:00", "to": "17:00" }] },
        ],
        "overrides": [
            { "person": "bo", "from": 1_780_300_800_000_i64, "to": 1_780_304_400_000_i64 },
            { "person": "cy", "from": 1_780_302_600_000_i64, "to": 1_780_304_400_000_i64 },
        ],
    }));
    // Monday 1 June 2026, summer time.
    check_on_call(
        &layered,
        &[
            ("2026-06-01T06:59:59Z", "night"),
            ("2026-06-01T07:00:00Z", "day"),
            ("2026-06-01T08:00:00Z", "bo"),
            ("2026-06-01T08:30:00Z", "cy"),
            ("2026-06-01T09:00:00Z", "day"),
            ("2026-06-01T15:00:00Z", "night"),
            ("2026-06-06T10:00:00Z", "night"),
        ],
    );
}

#[test]
fn hours_may_pass_midnight() {
    let nights = schedule(json!({
        "layers": [{ "people": ["ada"], "every": "week", "handover": "Mon 00:00 UTC",
                     "only": [{ "days": ["Fri"], "from": "22:00", "to": "06:00" }] }],
        "deliberate": [{ "when": { "span": { "from": 1_780_704_000_000_i64, "to": 1_780_790_400_000_i64 } },
                         "reason": "the office is closed" }],
    }));
    check_on_call(
        &nights,
        &[
            ("2026-06-05T21:59:00Z", "-"),
            ("2026-06-05T22:00:00Z", "ada"),
            ("2026-06-06T05:59:59Z", "ada"),
            ("2026-06-06T06:00:00Z", "~"),
            ("2026-06-06T23:59:59Z", "~"),
            ("2026-06-07T00:00:00Z", "-"),
        ],
    );
    let gaps = nights.gaps(at("2026-06-05T12:00:00Z"), at("2026-06-08T00:00:00Z"));
    let gaps: Vec<String> = (gaps.iter())
        .map(|gap| format!("{} {}", gap.from, gap.to))
        .collect();
    assert_eq!(
        gaps,
        [
            "2026-06-05T12:00:00Z 2026-06-05T22:00:00Z",
            "2026-06-06T06:00:00Z 2026-06-07T00:00:00Z",
            "2026-06-07T00:00:00Z 2026-06-08T00:00:00Z",
        ]
    );
}

#[test]
fn texts_of_schedules_are_read_as_they_are_written() {
    for text in ["Mon 09:00 Europe/Brussels", "23:59 UTC"] {
        let read: Handover = text.parse().unwrap();
        assert_eq!(read.to_string(), text);
    }
    for wrong in [
        "Mo 09:00 UTC",
        "9:00 UTC",
        "24:00 UTC",
        "09:00",
        "09:00 Mars/Base",
        "+9:00 UTC",
    ] {
        assert!(wrong.parse::<Handover>().is_err(), "{wrong}");
    }
    for text in ["day", "week", "3 days"] {
        assert_eq!(text.parse::<Every>().unwrap().to_string(), text);
    }
    for wrong in ["0 days", "fortnight", "-1 days", "999 days"] {
        assert!(wrong.parse::<Every>().is_err(), "{wrong}");
    }
}

fn hours() -> impl Strategy<Value = serde_json::Value> {
    let time = (0_u16..24, prop::sample::select(vec![0_u16, 30]));
    let text = |(hour, minute): (u16, u16)| format!("{hour:02}:{minute:02}");
    let days = prop::sample::subsequence(
        Weekday::ALL
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>(),
        0..=7,
    );
    (days, time.clone(), time).prop_map(
        move |(days, from, to)| json!({ "days": days, "from": text(from), "to": text(to) }),
    )
}

fn layer() -> impl Strategy<Value = serde_json::Value> {
    let zones = vec![
        "Europe/Brussels",
        "America/St_Johns",
        "Australia/Lord_Howe",
        "UTC",
    ];
    (
        prop::sample::select(vec!["day", "week", "2 days"]),
        prop::sample::select(zones),
        (
            0_u16..24,
            prop::option::of(prop::sample::select(Weekday::ALL.to_vec())),
        ),
        prop::collection::vec(hours(), 0..3),
        1_usize..4,
    )
        .prop_map(|(every, zone, (hour, weekday), only, people)| {
            let day = weekday.map_or(String::new(), |day| format!("{day} "));
            let people: Vec<String> = (0..people).map(|it| format!("p{it}")).collect();
            json!({ "people": people, "every": every, "only": only,
                    "handover": format!("{day}{hour:02}:30 {zone}") })
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Around the changes of the clocks in March and April 2026.
    #[test]
    fn shifts_say_what_on_call_says(
        layers in prop::collection::vec(layer(), 1..3),
        samples in prop::collection::vec(0_i64..20 * 86_400, 50),
    ) {
        let schedule = schedule(json!({ "layers": layers }));
        let (from, to) = (at("2026-03-25T00:00:00Z"), at("2026-04-14T00:00:00Z"));
        let shifts = schedule.shifts(from, to);
        prop_assert_eq!(shifts.first().map(|it| it.from), Some(from));
        prop_assert_eq!(shifts.last().map(|it| it.to), Some(to));
        for pair in shifts.windows(2) {
            prop_assert_eq!(pair[0].to, pair[1].from);
            prop_assert_ne!(&pair[0].who, &pair[1].who);
        }
        for sample in samples {
            let instant = from.plus(Duration::from_secs(sample.unsigned_abs()));
            let shift = shifts.iter().find(|it| (it.from..it.to).contains(&instant)).unwrap();
            prop_assert_eq!(&shift.who, &schedule.on_call(instant));
        }
    }
}

#[test]
fn somebody_is_on_call_at_every_instant() {
    let check = |roster: &Roster, instant: &str, expected: &str| {
        let found = roster.on_call(at(instant)).into_iter();
        let found: Vec<String> = found.map(|it| it.0).collect();
        assert_eq!(found.join(" "), expected, "{instant}");
    };
    let mut roster = roster();
    check(&roster, "2026-01-07T12:00:00Z", "ada");
    check(&roster, "2026-01-14T12:00:00Z", "bo");
    // A gap, and no rotation at all: everybody is.
    let night = json!({ "layers": [{
        "people": ["cy"], "every": "day", "handover": "08:00 UTC",
        "only": [{ "days": ["Sat"], "from": "00:00", "to": "12:00" }],
    }] });
    roster.rotations = [("weekend".to_owned(), schedule(night))].into();
    check(&roster, "2026-01-10T09:00:00Z", "cy");
    check(&roster, "2026-01-07T12:00:00Z", "ada bo cy");
    roster.rotations.clear();
    check(&roster, "2026-01-10T09:00:00Z", "ada bo cy");
}
