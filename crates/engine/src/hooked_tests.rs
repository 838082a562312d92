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
    Err(TrackerError::Credentials {
        sentence: "the token may not".to_owned(),
    })
}

fn unanswered() -> Result<Subscribed, TrackerError> {
    Err(TrackerError::Unknown {
        reason: "no answer".to_owned(),
    })
}

const REFUSED: &str = "failing: the webhook cannot be registered: the token may not";

fn by_hand() -> Result<Subscribed, TrackerError> {
    Ok(Subscribed::ByHand("set it up".to_owned()))
}

/// How the scopes `A` and `B` stand, in a word and what is said.
fn check(hooked: &Hooked, expected: &str) {
    let both = BTreeSet::from([scope("A"), scope("B")]);
    let found = match hooked.standing(&both) {
        WebhookStanding::Unasked => "unasked".to_owned(),
        WebhookStanding::Registered => "registered".to_owned(),
        WebhookStanding::Asking => "asking".to_owned(),
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
    check(&hooked, REFUSED);
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
fn an_outage_of_the_tracker_is_no_fault_of_the_webhook() {
    let hooked = Hooked::default();
    hooked.asked(&scope("A"), &unanswered());
    check(&hooked, "asking");
    hooked.asked(&scope("A"), &Ok(Subscribed::Registered));
    hooked.asked(&scope("A"), &unanswered());
    check(&hooked, "registered");
    hooked.asked(&scope("A"), &refused());
    check(&hooked, REFUSED);
    hooked.asked(&scope("A"), &unanswered());
    check(&hooked, REFUSED);
    hooked.asked(&scope("A"), &Ok(Subscribed::Registered));
    check(&hooked, "registered");
}

#[test]
fn one_that_is_lost_again_shows_until_it_stays() {
    for (lost, said) in [
        (
            Subscription::Missing,
            "failing: the webhook was registered again, and is gone again: see who or what removes it at the tracker",
        ),
        (
            off(),
            "failing: it is switched off. It was put in order before and did not stay so: see who or what switches it off",
        ),
    ] {
        let hooked = Hooked::default();
        let registers = || hooked.asked(&scope("A"), &Ok(Subscribed::Registered));
        registers();
        for expected in ["registered", said, said] {
            assert!(hooked.seen(&scope("A"), lost.clone()));
            registers();
            check(&hooked, expected);
        }
        // One sound look is not yet enough for the next loss to pass without a word.
        assert!(!hooked.seen(&scope("A"), Subscription::Sound));
        check(&hooked, "registered");
        assert!(hooked.seen(&scope("A"), lost.clone()));
        registers();
        check(&hooked, said);
        for _ in 0..SOUND_LOOKS {
            assert!(!hooked.seen(&scope("A"), Subscription::Sound));
        }
        assert!(hooked.seen(&scope("A"), lost.clone()));
        registers();
        check(&hooked, "registered");
    }
}

#[test]
fn deliveries_that_are_not_taken_show_from_the_second_look_whatever_is_registered() {
    let hooked = Hooked::default();
    // Nobody asked for deliveries again before.
    assert!(!hooked.seen(&scope("B"), untaken()));
    hooked.asked(&scope("A"), &Ok(Subscribed::Registered));
    // The registration asks for the delivery again.
    assert!(hooked.seen(&scope("A"), untaken()));
    check(&hooked, "registered");
    hooked.asked(&scope("A"), &Ok(Subscribed::Registered));
    for look in 1..=2 * REGISTER_LOOKS {
        let again = look % REGISTER_LOOKS == 0;
        assert_eq!(hooked.seen(&scope("A"), untaken()), again, "look {look}");
        check(&hooked, "failing: 502");
    }
    assert!(!hooked.seen(&scope("A"), Subscription::Sound));
    check(&hooked, "registered");
    assert!(hooked.seen(&scope("A"), untaken()));
    check(&hooked, "registered");
}

/// The unannounced sweeps of scopes `A` and `B` each, after a delivery that tells that of its item.
fn check_announced(at: &[(&str, &str)], expected: [u64; 2]) {
    let hooked = Hooked::default();
    let told: Scope = (at.iter())
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect();
    hooked.announced(&told);
    for project in ["A", "B", "B"] {
        hooked.found_unannounced(&scope(project));
    }
    hooked.announced(&told);
    let found = ["A", "B"].map(|project| hooked.unannounced(&[scope(project)].into()));
    assert_eq!(found, expected, "{at:?}");
    let both = [scope("A"), scope("B")].into();
    assert_eq!(hooked.unannounced(&both), expected[0].max(expected[1]));
}

#[test]
fn a_delivery_tells_of_its_own_scope_alone() {
    check_announced(&[("project", "A")], [0, 2]);
    check_announced(&[("project", "b"), ("type", "Bug")], [1, 0]);
    // What does not tell, and what is of none that is known, may be of each.
    check_announced(&[], [0, 0]);
    check_announced(&[("project", "C")], [0, 0]);
}
