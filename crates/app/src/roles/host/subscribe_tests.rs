use super::*;
use std::sync::Mutex;

fn scope(project: &str) -> Scope {
    [("project".to_owned(), project.to_owned())].into()
}

/// Registers these, each as it is answered there; what was done, in order, and after how long to come back.
async fn check(answers: &[(&str, &str, Ended)], expected: &[&str]) {
    let done = Mutex::new(Vec::new());
    let wanted = answers.iter();
    let wanted = wanted.map(|(node, project, _)| (NodeName::from(*node), scope(project)));
    let of = |node: &NodeName, asked: &Scope| {
        let mut all = answers.iter();
        let found = all.find(|it| it.0 == node.as_str() && scope(it.1) == *asked);
        *found.unwrap()
    };
    let afters = in_turn(wanted.collect(), |node, asked| {
        let (node, project, ended) = of(&node, &asked);
        let done = &done;
        let note = move |what: &str| {
            done.lock()
                .unwrap()
                .push(format!("{what} {node}/{project}"))
        };
        async move {
            note("begins");
            tokio::time::sleep(Duration::from_secs(1)).await;
            note("ends");
            ended
        }
    });
    let afters = afters.await.into_iter().map(|((node, asked), after)| {
        let project = &asked["project"];
        format!("{node}/{project} in {} s", after.as_secs())
    });
    let mut found = done.lock().unwrap().clone();
    found.extend(afters);
    assert_eq!(found, expected);
}

#[tokio::test(start_paused = true)]
async fn the_webhooks_of_one_node_are_registered_one_after_the_other() {
    use Ended::{Done, Failed, Unanswered};
    check(
        &[("a", "A", Done), ("a", "B", Failed), ("b", "A", Done)],
        &[
            "begins a/A",
            "begins b/A",
            "ends a/A",
            "begins a/B",
            "ends b/A",
            "ends a/B",
            "b/A in 21600 s",
            "a/A in 21600 s",
            "a/B in 30 s",
        ],
    )
    .await;
    // One that does not answer is not asked for the rest.
    check(
        &[("a", "A", Unanswered), ("a", "B", Done)],
        &["begins a/A", "ends a/A", "a/A in 30 s", "a/B in 30 s"],
    )
    .await;
}
