//! Texts that scripts make, and exports over several native fields.

use super::*;
use crate::rich::from_markdown;

fn is_text(expression: &str, markdown: &str) {
    shows(
        &format!("replica.text = {expression}"),
        "text",
        Some(Value::Rich(from_markdown(markdown))),
    );
}

#[test]
fn texts_are_made_of_markdown_and_of_plain_text() {
    is_text("text.markdown('a **b**')", "a **b**");
    is_text("text.plain('a **b**')", r"a \*\*b\*\*");
    is_text(
        "text.join('a*b* ', text.markdown('**c**'))",
        r"a\*b\* **c**",
    );
    is_text("text.join(text.markdown('# T\\n\\n'), 'x')", "# T\n\nx");
    is_text("text.join()", "");
    traced(
        "const made = text.markdown('a **b**'); trace(made.plain, made.markdown)",
        &["a b a **b**"],
    );
}

#[test]
fn a_via_export_converts_several_native_fields() {
    let map = MAP
        .replace("left = \"Area\"", "left = [\"Area\", \"Points\"]")
        .replace("[fields.flag]\ntype = \"bool\"\n", "");
    let script = "export const area = {
  outgoing: v => `${v.cf_1}/${v.cf_2}`,
  incoming: text => { const [Area, points] = text.split('/'); return { Area, cf_2: Number(points) }; },
};";
    let mut rules = rules("");
    let map = SourceFile::new("pair.toml", map);
    let sources = RuleSources {
        scripts: Sides {
            left: Some(SourceFile::new("l.js", script)),
            right: None,
        },
        map: map.clone(),
    };
    let description = rules.catalogue(Side::Left).description().clone();
    let descriptions = Sides {
        left: description,
        right: SideDescription::default(),
    };
    rules = CompiledRules::new(
        parse(&map).unwrap(),
        &sources,
        descriptions,
        1,
        Arc::new(InProcess::default()),
    );
    let mut item = target();
    item.fields.insert("cf_1".into(), choice("a1", "Shop"));
    let shown = rules.outgoing(Side::Left, &item, None).unwrap();
    assert_eq!(shown.view.fields["area"], Value::text("Shop/3"));
    item.fields.remove("cf_2");
    let partly = rules.outgoing(Side::Left, &item, None).unwrap();
    assert!(!partly.view.fields.contains_key("area"));

    let item = target();
    let link = Link {
        id: "l1".into(),
        connection: "pair".into(),
        side: Side::Left,
        local: Some(item.reference.clone()),
        remote: reference("b", "B-9"),
        since: Timestamp::EPOCH,
        first_sync: false,
    };
    let replica = View {
        fields: [("area".into(), Value::text("Shop/5"))].into(),
        comments: Vec::new(),
        attachments: Vec::new(),
    };
    let input = Incoming {
        target: &item,
        replica: &replica,
        previous: None,
        first_sync: false,
        link: &link,
    };
    let draft = rules.incoming(Side::Left, &input).unwrap();
    assert_eq!(draft.fields["cf_1"].value, choice("a1", "Shop"));
    assert_eq!(draft.fields["cf_2"].value, Value::Number(5.into()));
}
