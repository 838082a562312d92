use super::*;
use std::sync::Mutex;

fn scope(project: &str) -> Scope {
    [("project".to_owned(), project.to_owned())].into()
}

fn place((node, project): (&str, &str)) -> Wanted {
    (node.into(), scope(project))
}

/// Registers these of one node, each as it is answered there; what was asked, in order, and after how long to come back.
async fn check(answers: &[(&str, Ended)], expected: &[&str]) {
    let asked = Mutex::new(Vec::new());
    let scopes = answers.iter().map(|(project, _)| scope(project)).collect();
    let (_, afters) = in_turn("a".into(), scopes, |_, wanted: Scope| {
        let project = wanted["project"].clone();
        let mut all = answers.iter();
        let ended = all.find(|it| it.0 == project).unwrap().1;
        asked.lock().unwrap().push(format!("asks {project}"));
        async move { ended }
    })
    .await;
    let mut found = asked.into_inner().unwrap();
    found.extend(
        afters
            .iter()
            .map(|(scope, after)| format!("{} in {} s", scope["project"], after.as_secs())),
    );
    assert_eq!(found, expected);
}

#[tokio::test]
async fn the_webhooks_of_one_node_are_registered_one_after_the_other() {
    use Ended::{Done, Failed, Unanswered};
    let all = ["asks A", "asks B", "A in 21600 s", "B in 30 s"];
    check(&[("A", Done), ("B", Failed)], &all).await;
    // One that does not answer is not asked for the rest.
    let first = ["asks A", "A in 30 s", "B in 30 s"];
    check(&[("A", Unanswered), ("B", Done)], &first).await;
}

/// What an agenda begins, as `node/project,project`.
fn begins(agenda: &mut Agenda, wanted: &[(&str, &str)], now: Instant, max: usize) -> Vec<String> {
    let wanted = wanted.iter().copied().map(place).collect();
    let begun = agenda.begin(&wanted, now, max).into_iter();
    let begun = begun.map(|(node, scopes)| {
        let scopes: Vec<&str> = scopes.iter().map(|it| it["project"].as_str()).collect();
        format!("{node}/{}", scopes.join(","))
    });
    begun.collect()
}

fn ends(agenda: &mut Agenda, node: &str, projects: &[&str], after: Duration, now: Instant) {
    let afters = projects.iter().map(|it| (scope(it), after)).collect();
    agenda.ended(&node.into(), afters, now);
}

#[tokio::test]
async fn a_node_that_is_slow_keeps_no_other_waiting() {
    let (mut agenda, now) = (Agenda::default(), Instant::now());
    let wanted = [("a", "A"), ("a", "B"), ("b", "A")];
    assert_eq!(begins(&mut agenda, &wanted, now, 9), ["a/A,B", "b/A"]);
    assert_eq!(begins(&mut agenda, &wanted, now, 9), [""; 0]);
    // The other one ends, and is lost again, while the slow one is still at it.
    ends(&mut agenda, "b", &["A"], RENEW, now);
    assert_eq!(begins(&mut agenda, &wanted, now, 9), [""; 0]);
    agenda.lost(place(("b", "A")));
    assert_eq!(begins(&mut agenda, &wanted, now, 9), ["b/A"]);
    // So is a scope that is new.
    let more = [&wanted[..], &[("c", "A")]].concat();
    assert_eq!(begins(&mut agenda, &more, now, 9), ["c/A"]);
    assert_eq!(agenda.next(now), now + RENEW);
}

#[tokio::test]
async fn what_is_lost_while_it_is_registered_is_registered_again() {
    let (mut agenda, now) = (Agenda::default(), Instant::now());
    let wanted = [("a", "A"), ("a", "B")];
    assert_eq!(begins(&mut agenda, &wanted, now, 9), ["a/A,B"]);
    agenda.lost(place(("a", "B")));
    ends(&mut agenda, "a", &["A", "B"], RENEW, now);
    assert_eq!(begins(&mut agenda, &wanted, now, 9), ["a/B"]);
}

#[tokio::test]
async fn those_that_have_waited_longest_come_first() {
    let (mut agenda, now) = (Agenda::default(), Instant::now());
    let wanted = [("a", "A"), ("b", "A"), ("c", "A")];
    assert_eq!(begins(&mut agenda, &wanted, now, 1), ["a/A"]);
    // It is due again at once, and comes after those that never were.
    ends(&mut agenda, "a", &["A"], Duration::ZERO, now);
    assert_eq!(begins(&mut agenda, &wanted, now, 1), ["b/A"]);
    let later = now + AGAIN;
    ends(&mut agenda, "b", &["A"], AGAIN, now);
    assert_eq!(begins(&mut agenda, &wanted, later, 1), ["c/A"]);
    assert_eq!(begins(&mut agenda, &wanted, later, 9), ["a/A", "b/A"]);
    assert_eq!(begins(&mut agenda, &wanted[..1], later, 9), [""; 0]);
}

#[tokio::test]
async fn a_node_whose_route_an_edge_lacks_is_asked_about_again_and_keeps_no_other_waiting() {
    let (mut agenda, now) = (Agenda::default(), Instant::now());
    let wanted = [("a", "A"), ("b", "A")];
    let all: BTreeSet<Wanted> = wanted.iter().copied().map(place).collect();
    let both: BTreeSet<NodeName> = ["a".into(), "b".into()].into();
    assert_eq!(agenda.due(&all, now), both);
    agenda.wait(&all, &["a".into()].into(), now);
    assert_eq!(begins(&mut agenda, &wanted, now, 9), ["b/A"]);
    assert_eq!(agenda.due(&all, now), BTreeSet::new());
    let later = now + routed::AGAIN;
    assert_eq!(agenda.next(now), later);
    assert_eq!(agenda.due(&all, later), ["a".into()].into());
    assert_eq!(begins(&mut agenda, &wanted, later, 9), ["a/A"]);
}
