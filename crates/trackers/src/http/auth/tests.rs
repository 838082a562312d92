use super::*;

fn check(auth: Auth, expected: &str) {
    let (_, value) = auth.header().unwrap().unwrap();
    assert!(value.is_sensitive());
    assert_eq!(value.to_str().unwrap(), expected);
    let shown = format!("{auth:?} {value:?}");
    assert!(
        !shown.contains("hunter2") && !shown.contains(expected),
        "{shown}"
    );
}

#[test]
fn secrets_travel_but_do_not_print() {
    check(Auth::Bearer(Secret::new("hunter2\n")), "Bearer hunter2");
    check(
        Auth::Basic {
            user: "ada".into(),
            password: Secret::new("hunter2"),
        },
        "Basic YWRhOmh1bnRlcjI=",
    );
    check(
        Auth::Header {
            name: HeaderName::from_static("x-redmine-api-key"),
            value: Secret::new("hunter2"),
        },
        "hunter2",
    );
}

#[test]
fn a_secret_that_no_header_can_carry_is_refused_without_showing_it() {
    let error = Auth::Bearer(Secret::new("two\nlines"))
        .header()
        .unwrap_err();
    assert!(!error.to_string().contains("two"));
}
