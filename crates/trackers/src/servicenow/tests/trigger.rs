use super::*;

/// A trigger is refused with a sentence that holds this.
fn check_refused(trigger: &str, named: &str) {
    let refused = Trigger::parse(trigger).unwrap_err();
    assert!(refused.sentence.contains(named), "{trigger}: {refused:?}");
}

#[test]
fn what_is_no_condition_is_refused_and_named() {
    check_refused("active", "'active'");
    check_refused("active=true^Priority=1", "'Priority=1'");
    check_refused("priority~1", "'priority~1'");
    check_refused("active=true^ORDERBYnumber", "'ORDERBYnumber'");
    check_refused("GROUPBYstate", "'GROUPBYstate'");
    check_refused("ORactive=true", "nothing before it");
    check_refused("active=true^NQORpriority=1", "'ORpriority=1'");
    check_refused("JOINincident.sys_id=task_sla.task!", "'JOINincident");
}

#[test]
fn a_trigger_is_narrowed_in_each_of_its_parts() {
    let check = |trigger: &str, expected: &str| {
        let read = Trigger::parse(trigger).unwrap();
        assert_eq!(read.within("a=b^", "ORDERBYsys_id"), expected, "{trigger}");
    };
    check("", "a=b^ORDERBYsys_id");
    check("^active=true^EQ", "a=b^active=true^ORDERBYsys_id");
    check(
        "assignment_group.name=Acme L2^priorityIN1,2^ORimpact=1",
        "a=b^assignment_group.name=Acme L2^priorityIN1,2^ORimpact=1^ORDERBYsys_id",
    );
    check(
        "active=true^NQstate=6^short_descriptionLIKEx^^y",
        "a=b^active=true^NQa=b^state=6^short_descriptionLIKEx^^y^ORDERBYsys_id",
    );
}

#[test]
fn the_fields_of_a_trigger_are_known() {
    let read =
        Trigger::parse("active=true^ORcaller_id.email=x^NQstateNOT IN6,7^due_dateISEMPTY").unwrap();
    assert_eq!(
        read.paths,
        ["active", "caller_id.email", "state", "due_date"]
    );
}
