use super::*;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

fn check_standing(left_ms: i64, expected: Standing, days_left: u64) {
    let end = CertificateEnd {
        name: "one.example".into(),
        expires_at: Timestamp::from_millis(1_000_000_000_000),
    };
    let now = Timestamp::from_millis(1_000_000_000_000 - left_ms);
    assert_eq!(end.standing(now), expected, "{left_ms} ms before its end");
    assert_eq!(end.days_left(now), days_left, "{left_ms} ms before its end");
}

#[test]
fn the_last_instant_is_good_and_three_weeks_are_soon() {
    check_standing(90 * DAY_MS, Standing::Sound, 90);
    check_standing(21 * DAY_MS, Standing::Sound, 21);
    check_standing(21 * DAY_MS - 1, Standing::ExpiresSoon, 20);
    check_standing(1, Standing::ExpiresSoon, 0);
    check_standing(0, Standing::ExpiresSoon, 0);
    check_standing(-1, Standing::Expired, 0);
    check_standing(-90 * DAY_MS, Standing::Expired, 0);
}

/// What RFC 5280 allows for an end: two digits for a year up to 2049, four after that, up to `99991231235959Z`.
#[test]
fn an_end_is_read_in_both_forms_of_a_year_and_of_any_serial_number() {
    for (year, expected) in [
        (2027, "2027-03-01T00:00:00Z"),
        (2050, "2050-03-01T00:00:00Z"),
    ] {
        let mut params = rcgen::CertificateParams::new(["one.example".to_owned()]).unwrap();
        params.not_after = rcgen::date_time_ymd(year, 3, 1);
        // Longer than the 20 bytes that are allowed; rustls takes it, and so does this.
        params.serial_number = Some(vec![1; 30].into());
        let key = rcgen::KeyPair::generate().unwrap();
        let made = params.self_signed(&key).unwrap();
        assert_eq!(end_of(made.der()).unwrap().to_string(), expected);
    }
    let garbage = end_of(&CertificateDer::from(vec![48, 3, 1])).unwrap_err();
    assert!(garbage.starts_with("its end cannot be read: "), "{garbage}");
}
