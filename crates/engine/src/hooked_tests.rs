use super::*;

fn scope(project: &str) -> Scope {
    [("project".to_owned(), project.to_owned())].into()
}

fn off() -> Subscription {
    Subscription::Off("it is switched off".to_owned())
}

fn untaken() -> Subscription {
    Subscription::Untaken("502".to_owned())
}

fn refused() -> Result<Subscribed, TrackerError> {
    Err(TrackerError::Unknown {
        reason: "no answer".to_owned(),
    })
}

fn by_hand() -> Result<Subscribed, TrackerError> {
    Ok(Subscribed::ByHand("set it up".to_owned()))
}

/// How the scopes `A` and `B` stand, in a word and what is said.
fn check(hooked: &Hooked, expected: &str) {
    let both = BTreeSet::from([scope("A"), scope("B")]);
    let found = match hooked.standing(&both) {
        WebhookStanding::Unasked => "unasked".to_owned(),
        WebhookStanding::Registered => "registered".to_owned(),
        WebhookStanding::ByHand { how } => format!("by hand: {how}"),
        WebhookStanding::Failing { why } => format!("failing: {why}"),
    };
    assert_eq!(found, expected);
}

#[test]
fn the_worst_of_a_nodes_webhooks_counts() {
    let hooked = Hooked::default();
    check(&hooked, "unasked");
    hooked.asked(&scope("A"), &Ok(Subscribed::Polled));
    check(&hooked, "unasked");
    hooked.asked(&scope("A"), &Ok(Subscribed::Registered));
    check(&hooked, "registered");
    hooked.asked(&scope("B"), &by_hand());
    check(&hooked, "by hand: set it up");
    hooked.asked(&scope("A"), &refused());
    check(
        &hooked,
        "failing: the webhook cannot be registered: outcome unknown: no answer",
    );
    hooked.keep(&[scope("B")].into());
    check(&hooked, "by hand: set it up");
}

#[test]
fn one_that_is_gone_or_switched_off_is_wanted_again_and_then_stands_well() {
    for lost in [Subscription::Missing, off()] {
        let hooked = Hooked::default();
        // Nobody registers it: nobody is told to.
        assert!(!hooked.seen(&scope("A"), lost.clone()));
        check(&hooked, "unasked");
        hooked.asked(&scope("A"), &Ok(Subscribed::Registered));
        assert!(hooked.seen(&scope("A"), lost.clone()));
        let faults = hooked.faults(&[scope("A")].into());
        assert_eq!(faults.len(), usize::from(lost == off()));
        check(
            &hooked,
            match lost {
                Subscription::Missing => {
                    "failing: the webhook is gone at the tracker, and is not registered again yet"
                }
                _ => "failing: it is switched off",
            },
        );
        // Who may not register it any more does not put it right.
        hooked.asked(&scope("A"), &by_hand());
        check(
            &hooked,
            match lost {
                Subscription::Missing => "by hand: set it up",
                _ => "failing: it is switched off",
            },
        );
        hooked.asked(&scope("A"), &Ok(Subscribed::Registered));
        check(&hooked, "registered");
    }
}

#[test]
fn a_registration_does_not_make_deliveries_be_taken() {
    let hooked = Hooked::default();
    hooked.asked(&scope("A"), &Ok(Subscribed::Registered));
    assert!(!hooked.seen(&scope("A"), untaken()));
    hooked.asked(&scope("A"), &Ok(Subscribed::Registered));
    check(&hooked, "failing: 502");
    assert!(!hooked.seen(&scope("A"), Subscription::Sound));
    check(&hooked, "registered");
}
