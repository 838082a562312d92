//! Comments that not everyone may read, end to end.

use crate::support::{Installation, Simulators, create_with, in_jira, until};
use twinline_sim::serve::SimServer;
use twinline_sim::{Command, Done};

const BY: &str = "ana";

fn act(server: &SimServer, command: Command) -> Done {
    server
        .with(|tracker, now| tracker.command(now, command))
        .unwrap()
}

/// A person's comment in a channel; its id.
fn say(server: &SimServer, key: &str, text: &str, channel: &str) -> String {
    let say = Command::AddComment {
        key: key.to_owned(),
        by: BY.to_owned(),
        body: text.to_owned(),
        channel: Some(channel.to_owned()),
    };
    match act(server, say) {
        Done::Comment(id) => id,
        other => panic!("the simulator answered {other:?}"),
    }
}

/// Whether a text stands among the comments of an item.
fn stands(server: &SimServer, key: &str, text: &str) -> bool {
    let dump = server.with(|tracker, now| tracker.dump(now));
    let mut comments = dump.item(key).unwrap().comments.iter();
    comments.any(|comment| comment.body.contains(text))
}

#[test]
fn a_restricted_comment_never_crosses_and_one_out_of_sight_is_not_deleted() {
    let simulators = Simulators::start();
    let installation = Installation::init(&simulators.github.url(), &simulators.jira.url());
    installation.json(&["apply"]);
    let up = installation.up();
    let (github, jira) = (&simulators.github, &simulators.jira);
    let there = create_with(&simulators, "Wages", "");
    let key = in_jira(&simulators, "Wages");
    let crosses = |what: &str, text: &str, wanted: bool| {
        until(what, || {
            (stands(github, &there, text) == wanted).then_some(())
        });
    };
    let set = |comment: &str, channel: &str| {
        let set = Command::SetChannel {
            key: key.clone(),
            by: BY.to_owned(),
            comment: comment.to_owned(),
            channel: channel.to_owned(),
        };
        act(jira, set);
    };

    say(jira, &key, "SALARY", "role:Administrators");
    let open = say(jira, &key, "open words", "public");
    crosses("the public comment", "open words", true);

    set(&open, "role:Administrators");
    crosses("the mirror is deleted", "open words", false);
    set(&open, "public");
    crosses("the comment crosses again", "open words", true);

    let (item, comment) = (key.clone(), open.clone());
    let by = BY.to_owned();
    act(
        jira,
        Command::HideComment {
            key: item,
            by,
            comment,
        },
    );
    say(jira, &key, "later words", "public");
    crosses("the later comment", "later words", true);
    let told = until("what is told of the comment out of sight", || {
        let twins = installation.json(&["twins", &there]);
        let told = twins["items"][0]["comments_waived"].to_string();
        told.contains("left as it is").then_some(told)
    });
    assert!(told.contains(&open), "{told}");
    assert!(stands(github, &there, "open words"));

    set(&open, "public");
    let delete = Command::DeleteComment {
        key: key.clone(),
        by: BY.to_owned(),
        comment: open,
    };
    act(jira, delete);
    crosses("the deletion", "open words", false);
    assert!(!stands(github, &there, "SALARY"), "it has crossed");
    drop(up);
    simulators.end();
}
