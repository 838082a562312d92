//! Times in JQL.

use std::time::Duration;
use twinline_core::time::Timestamp;

/// `-5m`, `4w 2d`: whether it goes back, and how far.
pub(super) fn period(text: &str) -> Option<(bool, Duration)> {
    let (back, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let mut seconds = 0_u64;
    for part in rest.split_whitespace() {
        let unit = part.chars().last()?;
        let number: u64 = part.strip_suffix(unit)?.parse().ok()?;
        let length = match unit {
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            'w' => 604_800,
            _ => return None,
        };
        seconds = seconds.checked_add(number.checked_mul(length)?)?;
    }
    (!rest.is_empty()).then_some((back, Duration::from_secs(seconds)))
}

/// `2026-01-31 09:30` or `2026/01/31`, without seconds: JQL has whole minutes only.
pub(super) fn local_time(text: &str) -> Option<Timestamp> {
    let text = text.replace('/', "-");
    let (day, time) = text.split_once(' ').unwrap_or((&text, "00:00"));
    let time = if time.len() == 4 {
        format!("0{time}")
    } else {
        time.to_owned()
    };
    if day.len() != 10 || time.len() != 5 {
        return None;
    }
    Timestamp::parse(&format!("{day}T{time}:00Z")).ok()
}
