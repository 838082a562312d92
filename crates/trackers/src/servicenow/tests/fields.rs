//! Columns of every type, references by name, and what the instance does not let us write.

use super::*;
use twinline_core::item::Number;
use twinline_core::richtext::markdown;
use twinline_sim::servicenow::site::Column;

/// What a column shows is read as this.
fn check(kind: &str, with: &str, actual: &str, shown: &str, expected: &Value) {
    let column = meta::Column {
        kind: kind.to_owned(),
        reference: Some(with.to_owned()).filter(|with| !with.is_empty() && with != "choice"),
        choice: with == "choice",
        ..meta::Column::default()
    };
    let value = decode::value("u_field", &column, actual, shown, &BTreeMap::new());
    assert_eq!(value, *expected, "{kind} {actual}");
}

const ONE: &str = "0123456789abcdef0123456789abcdef";
const TWO: &str = "1123456789abcdef0123456789abcdef";

fn choice(id: &str) -> Choice {
    Choice {
        id: id.to_owned(),
        name: String::new(),
    }
}

#[test]
fn a_value_is_told_by_its_columns_type() {
    let at = Timestamp::parse("2026-01-31T09:30:00Z").unwrap();
    let day = Value::Date("2026-01-31".to_owned());
    check("string", "", "", "", &Value::Empty);
    check("string", "", "x", "x", &Value::text("x"));
    check("string", "choice", "a", "A", &Value::Choice(choice("a")));
    check(
        "integer",
        "choice",
        "1",
        "1 - High",
        &Value::Choice(choice("1")),
    );
    check("integer", "", "5", "5", &Value::Number(Number::from(5)));
    check("decimal", "", "5.0", "5", &Value::Number(Number::from(5)));
    check("boolean", "", "false", "false", &Value::Bool(false));
    check("glide_date", "", "2026-01-31", "31-01-2026", &day);
    let rich = markdown::decode("**x** 1 < 2");
    let source = "<p><strong>x</strong> 1 &lt; 2</p>";
    check("html", "", source, source, &Value::Rich(rich));
    check("html", "", "<p></p>", "", &Value::Empty);
    // The display value is in somebody's time zone.
    let shown = "2026-01-31 01:30:00";
    check(
        "glide_date_time",
        "",
        "2026-01-31 09:30:00",
        shown,
        &Value::Time(at),
    );
    let duration = "1970-01-01 00:10:00";
    check(
        "glide_duration",
        "",
        duration,
        "10 Minutes",
        &Value::text(duration),
    );
}

#[test]
fn what_refers_to_records_is_told_by_their_table() {
    let ana = User {
        id: ONE.to_owned(),
        ..User::default()
    };
    let both = format!("{ONE},{TWO}");
    let items = Value::Choices([choice(ONE), choice(TWO)].into());
    check(
        "reference",
        "cmdb_ci",
        ONE,
        "VPN",
        &Value::Choice(choice(ONE)),
    );
    check(
        "reference",
        "sys_user",
        ONE,
        "Ana",
        &Value::User(ana.clone()),
    );
    check(
        "glide_list",
        "sys_user",
        ONE,
        "Ana",
        &Value::Users([ana].into()),
    );
    check("glide_list", "cmdb_ci", &both, "VPN, Mail", &items);
    check("glide_list", "", "b,a", "b, a", &Value::set(["a", "b"]));
}

#[test]
fn a_column_with_one_of_our_names_keeps_its_own() {
    for theirs in [
        "short_description",
        "type",
        "status",
        "u_type",
        "parent",
        "sys_class_name",
    ] {
        let ours = decode::ours(theirs);
        assert_eq!(decode::theirs(ours.as_str()), theirs);
    }
    assert_ne!(decode::ours("type"), decode::ours("sys_class_name"));
}

#[tokio::test]
async fn rules_may_name_columns_as_servicenow_does() {
    let h = harness(demo_site());
    let offered = h.tracker().describe(&h.scope()).await.unwrap();
    let name = |ours: &str| offered.fields[ours].name.as_str();
    assert_eq!(name(field::SUMMARY), "short_description");
    assert_eq!(name(field::STATUS), "state");
    assert_eq!(name(field::ASSIGNEE), "assigned_to");
    assert_eq!(name("u_severity"), "Severity");
    let kind = |ours: &str| offered.fields[ours].kind.as_str();
    for (field, expected) in [
        ("impact", "choice"),
        ("caller_id", "user"),
        ("watch_list", "users"),
        ("u_sites", "choices"),
        ("u_tags", "set"),
        ("u_customer_informed", "bool"),
        ("u_promised_on", "date"),
        ("u_called_back", "time"),
        ("u_effort", "number"),
        ("description", "rich"),
        ("u_report", "rich"),
        ("parent", "text"),
    ] {
        assert_eq!(kind(field), expected, "{field}");
    }
    for left_out in ["comments", "work_notes", "correlation_id", "sys_mod_count"] {
        assert!(!offered.fields.contains_key(left_out), "{left_out}");
    }
    assert!(!offered.fields[field::PRIORITY].writable);
    let groups = &offered.fields["assignment_group"].options;
    assert_eq!(
        groups
            .iter()
            .map(|group| group.name.as_str())
            .collect::<Vec<_>>(),
        ["Acme L2", "Network", "Service Desk"]
    );
    let closed = offered.statuses.iter().filter(|status| status.closed);
    assert_eq!(
        closed
            .map(|status| status.status.id.as_str())
            .collect::<Vec<_>>(),
        ["7", "8"]
    );
}

#[tokio::test]
async fn a_record_is_named_by_what_shows_of_it_and_an_unknown_one_is_waived() {
    let h = harness(demo_site());
    let item = made(&h, "refers").await;
    let by_email = User {
        email: Some("ana@acme.example".to_owned()),
        ..User::default()
    };
    let fields = [
        ("cmdb_ci", Value::text("VPN")),
        ("assignment_group", Value::text("No Such Group")),
        (field::ASSIGNEE, Value::User(by_email)),
        ("u_unknown", Value::text("x")),
        ("u_customer_informed", Value::Empty),
        (field::CREATED, Value::text("x")),
    ];
    let applied = h.tracker().apply(&update(&item, &fields)).await.unwrap();
    let waived: Vec<&str> = applied.waived.keys().map(FieldName::as_str).collect();
    assert_eq!(
        waived,
        [
            "assignment_group",
            "created",
            "u_customer_informed",
            "u_unknown"
        ]
    );
    let now = read(&h, &item.reference.item).await;
    let Some(Value::Choice(vpn)) = now.get("cmdb_ci") else {
        panic!("{now:?}");
    };
    assert_eq!(vpn.name, "VPN");
    let Some(Value::User(ana)) = now.get(field::ASSIGNEE) else {
        panic!("{now:?}");
    };
    assert_eq!(
        (ana.login.as_deref(), ana.email.as_deref()),
        (Some("ana"), Some("ana@acme.example"))
    );
}

#[tokio::test]
async fn an_html_column_holds_form_and_a_plain_one_the_words() {
    let h = harness(demo_site());
    let item = made(&h, "formed").await;
    let document =
        markdown::decode("# Title\n\n**bold** <ins>x</ins>\n\n- a\n- b\n\n| a |\n| --- |\n| `1` |");
    let fields = [
        ("u_report", Value::Rich(document.clone())),
        ("description", Value::Rich(document.clone())),
    ];
    let effect = update(&item, &fields);
    h.tracker().apply(&effect).await.unwrap();
    let now = read(&h, &item.reference.item).await;
    assert_eq!(now.get("u_report"), Some(&Value::Rich(document.clone())));
    let said = |value: &Value| h.tracker().normalise(&h.scope(), &"u_report".into(), value);
    assert_eq!(said(&Value::Rich(document.clone())), Value::Rich(document));
    let words = now.get("description").cloned();
    let Some(Value::Rich(words)) = words else {
        panic!("{words:?}");
    };
    assert!(words.plain().contains("bold x"), "{words:?}");
    // A text is no source: what looks like a tag in it is a text.
    let text = [("u_report", Value::text("1 <b> 2"))];
    let effect = update(&now, &text);
    h.tracker().apply(&effect).await.unwrap();
    let now = read(&h, &item.reference.item).await;
    let Some(Value::Rich(plain)) = now.get("u_report") else {
        panic!("{now:?}");
    };
    assert_eq!(plain.plain(), "1 <b> 2");
    let recognised = h.tracker().recognise(&effect, h.now()).await.unwrap();
    assert!(matches!(recognised, Recognised::There(_)), "{recognised:?}");
}

#[tokio::test]
async fn a_column_is_what_it_is_in_the_items_own_table() {
    let mut site = demo_site();
    let mut tables = site.tables.iter_mut();
    let problem = tables.find(|table| table.name == "problem").unwrap();
    let plain = Column::new("u_report", "Report", "string");
    problem.columns.push(plain);
    let h = harness(site);
    let problems: Scope = [("table".to_owned(), "problem".to_owned())].into();
    for scope in [&h.scope(), &problems] {
        h.tracker().describe(scope).await.unwrap();
    }
    let (name, bold) = ("u_report".into(), Value::Rich(markdown::decode("**bold**")));
    let words = Value::Rich(markdown::decode("bold"));
    assert_eq!(h.tracker().normalise(&h.scope(), &name, &bold), bold);
    assert_eq!(h.tracker().normalise(&problems, &name, &bold), words);
    let html = h.tracker().dialects(&h.scope());
    assert_eq!(html.get(&name), Some(&Dialect::Html), "{html:?}");
    assert_eq!(h.tracker().dialects(&problems).get(&name), None);
}

#[tokio::test]
async fn who_follows_with_other_credentials_knows_what_a_column_holds() {
    let mut h = harness(demo_site());
    made(&h, "read before").await;
    h.renew();
    let (name, bold) = ("u_report".into(), Value::Rich(markdown::decode("**bold**")));
    assert_eq!(h.tracker().normalise(&h.scope(), &name, &bold), bold);
}

#[tokio::test]
async fn what_the_account_may_not_write_is_waived() {
    let mut site = demo_site();
    site.switches.unwritable = vec!["urgency".to_owned(), "correlation_id".to_owned()];
    let h = harness(site);
    let create = Effect::Create {
        scope: h.scope(),
        fields: [(field::SUMMARY.into(), Value::text("made"))].into(),
        marker: marker("l1"),
    };
    let applied = h.tracker().apply(&create).await.unwrap();
    assert!(applied.waived.contains_key(CORRELATION), "{applied:?}");
    let item = read(&h, &applied.created.unwrap().item).await;
    let both = [("urgency", state("1")), ("impact", state("1"))];
    let applied = h.tracker().apply(&update(&item, &both)).await.unwrap();
    let waived: Vec<&str> = applied.waived.keys().map(FieldName::as_str).collect();
    assert_eq!(waived, ["urgency"]);
}

#[tokio::test]
async fn a_table_without_a_place_for_the_marker_is_refused_and_told() {
    let mut site = demo_site();
    for table in &mut site.tables {
        table.columns.retain(|column| column.name != CORRELATION);
    }
    let h = harness(site);
    let faults = h.tracker().probe_place(&h.scope(), None).await.unwrap();
    assert!(faults[0].contains("no column correlation_id"), "{faults:?}");
    let create = Effect::Create {
        scope: h.scope(),
        fields: [(field::SUMMARY.into(), Value::text("made"))].into(),
        marker: marker("l1"),
    };
    let refused = h.tracker().apply(&create).await.unwrap_err();
    assert!(
        matches!(refused, TrackerError::Refused { .. }),
        "{refused:?}"
    );
}
