use super::*;

/// A trigger is refused with a sentence that holds all of these.
fn check_refused(trigger: &str, named: &[&str]) {
    let refused = Trigger::parse(trigger).unwrap_err();
    for part in named {
        assert!(refused.sentence.contains(part), "{trigger}: {refused:?}");
    }
}

#[test]
fn what_redmine_would_ignore_is_refused_and_named() {
    check_refused(
        "stauts_id=closed",
        &["'stauts_id'", "did you mean 'status_id'?"],
    );
    check_refused("cf3=yes", &["'cf3'", "FILTER=VALUE"]);
    check_refused("cf_=yes", &["'cf_'"]);
    check_refused("status_id=open&f[]=subject", &["'f[]'"]);
    for long_form in [
        "fields",
        "op",
        "v",
        "values",
        "query_id",
        "set_filter",
        "c",
        "utf8",
    ] {
        check_refused(&format!("{long_form}=1"), &[&format!("'{long_form}'")]);
    }
    for reserved in RESERVED {
        check_refused(&format!("{reserved}=1"), &[reserved, "scope"]);
    }
    check_refused("status_id=", &["'status_id='"]);
    check_refused("status_id=open&status_id=closed", &["twice"]);
}

#[test]
fn what_redmine_understands_is_kept() {
    let check = |trigger: &str, expected: &[(&str, &str)]| {
        let read = Trigger::parse(trigger).unwrap();
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let expected: Vec<_> = expected.iter().map(pair).collect();
        assert_eq!(read.filters, expected, "{trigger}");
    };
    check("", &[("status_id", "*")]);
    check(
        "?status_id=open&cf_3=yes|no",
        &[("status_id", "open"), ("cf_3", "yes|no")],
    );
    check(
        "updated_on=%3E%3D2026-01-31&author.cf_12=x&cf_7.due_date=t&cf_1.cf_2=y",
        &[
            ("updated_on", ">=2026-01-31"),
            ("author.cf_12", "x"),
            ("cf_7.due_date", "t"),
            ("cf_1.cf_2", "y"),
            ("status_id", "*"),
        ],
    );
}
