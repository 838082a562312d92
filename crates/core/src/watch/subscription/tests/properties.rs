//! Whatever fails, each subscriber is told each piece of news, in order, and none after it left.

use super::*;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
    Join(u8),
    Leave(u8),
    Post,
    Sent(usize),
    Failed(usize),
    Wait(u64),
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => (0_u8..4).prop_map(Step::Join),
        1 => (0_u8..4).prop_map(Step::Leave),
        3 => Just(Step::Post),
        4 => (0_usize..4).prop_map(Step::Sent),
        2 => (0_usize..4).prop_map(Step::Failed),
        3 => prop_oneof![Just(0_u64), Just(61), Just(500)].prop_map(Step::Wait),
        1 => Just(Step::Restart),
    ]
}

proptest! {
    #[test]
    fn all_news_arrive_in_order(steps in prop::collection::vec(step(), 1..60)) {
        let mut desk = Desk::new();
        desk.settings.under_way_max = 2;
        // So that all is told within the day after which it is no news any more.
        desk.settings.retry_max = Duration::from_secs(120);
        desk.fails(1, "edge:e1");
        desk.wait(20);
        let mut under_way: Vec<(u64, Address, Vec<u64>)> = Vec::new();
        let mut told: std::collections::BTreeMap<Address, Vec<u64>> = Default::default();
        let mut joined: std::collections::BTreeMap<Address, u64> = Default::default();
        let mut posts = 0;
        // In the end the mail server answers in time.
        let answered = [Step::Wait(30), Step::Sent(0), Step::Sent(0)];
        let drained = answered.into_iter().cycle().take(150);
        for step in steps.into_iter().chain(drained) {
            let name = |it: u8| address(&it.to_string());
            let effects = match step {
                Step::Join(it) => {
                    joined.entry(name(it)).or_insert(posts);
                    desk.join(&it.to_string())
                }
                Step::Leave(it) => {
                    joined.remove(&name(it));
                    told.remove(&name(it));
                    under_way.retain(|(_, address, _)| *address != name(it));
                    desk.apply(Event::Left { address: name(it) })
                }
                Step::Post => {
                    posts += 1;
                    desk.posts(1, "more")
                }
                Step::Sent(it) if it < under_way.len() => {
                    let (attempt, address, news) = under_way.remove(it);
                    let before = desk.subscribers.clone();
                    let effects = desk.sent(attempt);
                    if desk.subscribers != before {
                        told.entry(address).or_default().extend(news);
                    }
                    effects
                }
                Step::Failed(it) if it < under_way.len() => {
                    let (attempt, ..) = under_way.remove(it);
                    desk.failed(attempt)
                }
                Step::Sent(_) | Step::Failed(_) => Vec::new(),
                Step::Wait(seconds) => desk.wait(seconds),
                Step::Restart => {
                    let text = serde_json::to_string(&desk.subscribers).unwrap();
                    desk.subscribers = serde_json::from_str(&text).unwrap();
                    Vec::new()
                }
            };
            let begun = effects.iter().filter(|it| matches!(it, Effect::Send { .. }));
            prop_assert!(begun.count() <= 2);
            for effect in effects {
                if let Effect::Send { attempt, address, news } = effect {
                    prop_assert!(joined.contains_key(&address));
                    under_way.retain(|(_, known, _)| *known != address);
                    let news = news.iter().map(|it| it.number).collect();
                    under_way.push((attempt.0, address, news));
                }
            }
        }
        let last = posts;
        for (address, from) in joined {
            let told = told.remove(&address).unwrap_or_default();
            let expected: Vec<u64> = (from + 1..=last).map(|it| it + 1).collect();
            prop_assert_eq!(told, expected, "{}", address);
        }
    }
}
