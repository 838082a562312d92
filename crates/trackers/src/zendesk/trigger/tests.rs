use super::*;
use serde_json::{Value as Json, json};

/// A ticket with these attributes.
fn ticket(attributes: Json) -> wire::Ticket {
    let mut ticket = json!({"id": 7, "status": "open", "created_at": "2026-01-31T09:30:00Z",
        "updated_at": "2026-01-31T09:30:00Z", "tags": ["vip", "de"], "priority": "high", "group_id": 501});
    for (name, value) in attributes.as_object().unwrap() {
        ticket[name] = value.clone();
    }
    serde_json::from_value(ticket).unwrap()
}

fn check(trigger: &str, expected: Option<bool>) {
    let judged = Trigger::parse(trigger).unwrap().judge(&ticket(json!({})));
    assert_eq!(judged, expected, "{trigger}");
}

#[test]
fn what_a_ticket_tells_itself_is_judged_exactly() {
    check("", Some(true));
    check("status<solved", Some(true));
    check("status>open", Some(false));
    check("status:pending status:open", Some(true));
    check("status:pending status:hold", Some(false));
    check("-status:open", Some(false));
    check("priority>=normal tags:VIP", Some(true));
    check("priority:none", Some(false));
    check("tags:vip -tags:de", Some(false));
    check("tags:none", Some(false));
    check("ticket_type:none assignee:none", Some(true));
    check("group:501", Some(true));
}

#[test]
fn what_only_the_search_knows_is_not_judged() {
    check("printer", None);
    check("assignee:\"Ana Prieto\"", None);
    check("group:Support", None);
    check("created>2026-01-01", None);
    check("custom_field_3001:shop", None);
    // But what fails all the same is known to differ, and one alternative that holds is enough.
    check("printer status:solved", Some(false));
    check("group:Support group:501", Some(true));
}

fn check_refused(trigger: &str, part: &str) {
    let refused = Trigger::parse(trigger).unwrap_err();
    assert!(refused.sentence.contains(part), "{}", refused.sentence);
}

#[test]
fn what_is_not_understood_is_named() {
    check_refused("flavour:sweet", "'flavour'");
    check_refused("stauts:open", "did you mean 'status'?");
    check_refused("status:open type:user", "'type'");
    check_refused("order_by:created", "'order_by'");
    check_refused("tags:", "'tags:' has no value");
    check_refused("custom_field_x:1", "'custom_field_x'");
    check_refused("subject:\"open", "does not end");
}
