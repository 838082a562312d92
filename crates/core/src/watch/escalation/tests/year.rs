//! A year of hand-overs against chrono-tz: other code over another copy of the time-zone database.

use super::*;
use chrono::{
    Datelike as _, Days, MappedLocalTime, NaiveDate, NaiveDateTime, Offset as _, TimeZone as _,
};
use chrono_tz::Tz;
use serde_json::json;

/// Zones that change their clocks by an hour, by half an hour, in the south, around Ramadan, at midnight, never.
const ZONES: [&str; 10] = [
    "Europe/Brussels",
    "America/Montreal",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "Africa/Casablanca",
    "America/Santiago",
    "Africa/Cairo",
    "Asia/Kolkata",
    "UTC",
];

/// Usual times, and those that clocks skip and repeat.
const TIMES: [&str; 6] = ["09:00", "00:00", "00:30", "01:30", "02:15", "02:45"];

/// When a local time is, by chrono: the first of two; a skipped one by the offset that was in force before.
fn instant(zone: Tz, local: NaiveDateTime) -> i64 {
    match zone.from_local_datetime(&local) {
        MappedLocalTime::Single(at) => at.timestamp_millis(),
        MappedLocalTime::Ambiguous(first, second) => {
            first.timestamp_millis().min(second.timestamp_millis())
        }
        MappedLocalTime::None => {
            let before = local - chrono::TimeDelta::hours(3);
            let offset = zone.offset_from_local_datetime(&before).unwrap().fix();
            local.and_utc().timestamp_millis() - i64::from(offset.local_minus_utc()) * 1000
        }
    }
}

/// Every turn that begins in 2025, by us.
fn ours(every: &str, handover: &str) -> Vec<i64> {
    let layer: Layer = serde_json::from_value(json!({
        "people": ["ada", "bo", "cy"], "every": every, "handover": handover, "since": "2024-12-30",
    }))
    .unwrap();
    let mut begins = Vec::new();
    let mut turn = layer.turn(at("2025-01-01T12:00:00Z"));
    loop {
        turn = layer.turn(turn.to);
        if turn.from >= at("2026-01-01T12:00:00Z") {
            return begins;
        }
        // Just before it, it is the one before.
        let before = layer.turn(turn.from.minus(Duration::from_millis(1)));
        assert_eq!((before.number, before.to), (turn.number - 1, turn.from));
        begins.push(turn.from.as_millis());
    }
}

/// The same by chrono, from the dates alone.
fn theirs(zone: &str, time: &str, days: &[NaiveDate]) -> Vec<i64> {
    let zone: Tz = zone.parse().unwrap();
    let (hour, minute) = time.split_once(':').unwrap();
    let (hour, minute) = (hour.parse().unwrap(), minute.parse().unwrap());
    let range = at("2025-01-01T12:00:00Z").as_millis() + 1..at("2026-01-01T12:00:00Z").as_millis();
    let all = days
        .iter()
        .map(|day| instant(zone, day.and_hms_opt(hour, minute, 0).unwrap()));
    all.filter(|at| range.contains(at)).collect()
}

fn days() -> Vec<NaiveDate> {
    let first = NaiveDate::from_ymd_opt(2024, 12, 30).unwrap();
    (0..370).map(|day| first + Days::new(day)).collect()
}

#[test]
fn daily_hand_overs_of_a_year_are_those_of_an_independent_computation() {
    let mut moved = 0;
    for zone in ZONES {
        for time in TIMES {
            let (ours, theirs) = (
                ours("day", &format!("{time} {zone}")),
                theirs(zone, time, &days()),
            );
            assert_eq!(ours, theirs, "{time} {zone}");
            assert!((364..=366).contains(&ours.len()));
            moved += ours
                .windows(2)
                .filter(|it| it[1] - it[0] != 86_400_000)
                .count();
        }
    }
    // The year had changes of clocks in it, in eight of the zones.
    assert!(moved >= 8 * 2 * TIMES.len() / 2, "{moved}");
}

#[test]
fn weekly_hand_overs_of_a_year_are_those_of_an_independent_computation() {
    let sundays: Vec<NaiveDate> = (days().into_iter())
        .filter(|day| day.weekday() == chrono::Weekday::Sun)
        .collect();
    for zone in ZONES {
        for time in TIMES {
            let ours = ours("week", &format!("Sun {time} {zone}"));
            assert_eq!(ours, theirs(zone, time, &sundays), "{time} {zone}");
        }
    }
}
