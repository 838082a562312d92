//! What scripts' mistakes say.

use super::*;

#[test]
fn places_on_the_first_line_are_those_of_the_file() {
    let map = SourceFile::new("pair.toml", MAP.replace("left_via = \"area\"\n", ""));
    let script = |text: &str| {
        let rules = parse(&map).unwrap();
        let scripts = Sides {
            left: Some(SourceFile::new("l.js", text)),
            right: None,
        };
        let sources = RuleSources {
            map: map.clone(),
            scripts,
        };
        let runner = Arc::new(InProcess::default());
        let rules = CompiledRules::new(rules, &sources, Sides::default(), 1, runner);
        rules.outgoing(Side::Left, &target(), None)
    };
    let expected = "l.js:1:41: replica.flag: \"yes\" is not true or false";
    let text = "export function outgoing({ replica }) { replica.flag = 'yes'; }";
    fails(script(text), expected);
    let renamed =
        "         function outgoing({ replica }) { replica.flag = 'yes'; }\nexport { outgoing };";
    fails(script(renamed), &expected.replace(":41:", ":43:"));
}

fn mistake<T: std::fmt::Debug>(result: Result<T, RuleError>, reason: &str) {
    let error = result.unwrap_err();
    assert_eq!(
        (error.file.as_str(), error.line, error.reason.as_str()),
        ("l.js", Some(3), reason)
    );
    assert!(error.column.is_some(), "{error:?}");
}

#[test]
fn mistakes_name_their_place_and_value() {
    mistake(
        out("replica.sumary = 1"),
        "TypeError: the replica has no field 'sumary'; did you mean 'summary'?; fields are declared in [fields]",
    );
    mistake(
        out("trace(issue.statsu)"),
        "TypeError: an issue has no 'statsu'; did you mean 'status'?; other fields are in issue.fields",
    );
    mistake(
        out("trace(issue.fields['Poins'])"),
        "TypeError: the left item has no field 'Poins'; did you mean 'Points'?",
    );
    mistake(
        out("issue.summary = 'x'"),
        "TypeError: issue in outgoing is read-only here",
    );
    mistake(
        out("issue.labels.push('x')"),
        "TypeError: issue in outgoing is read-only here",
    );
    mistake(
        out("replica.flag = 0 / 0"),
        "TypeError: replica.flag cannot be NaN",
    );
    mistake(
        out("hold('nope', 'x')"),
        "TypeError: the replica has no field 'nope'; fields are declared in [fields]",
    );
    mistake(
        out("values('stats')"),
        "TypeError: there is no table [values.stats]; did you mean 'status'?",
    );
    mistake(out("null.x"), "TypeError: cannot read property 'x' of null");
    mistake(
        inc("issue.created = 'x'"),
        "TypeError: issue.created is read-only",
    );
    mistake(
        inc("replica.summary = 'x'"),
        "TypeError: replica in incoming is read-only here",
    );
    mistake(
        inc("before.labels.push('x')"),
        "TypeError: before is read-only here",
    );
    mistake(
        inc("user({ name: 'x' })"),
        "TypeError: user needs { id }, { email } or { login }",
    );
}

#[test]
fn values_of_a_wrong_type_name_their_place() {
    mistake(
        inc("issue.fields['Points'] = 'many'"),
        "issue.cf_2: \"many\" is not a number",
    );
    mistake(
        inc("issue.fields['Area'] = 'Shp'"),
        "issue.cf_1: 'cf_1' has no option \"Shp\"; did you mean 'Shop'?",
    );
    mistake(
        out("replica.flag = 'yes'"),
        "replica.flag: \"yes\" is not true or false",
    );
    // Changed in place: where the script got hold of it.
    mistake(
        out("replica.labels.push({})"),
        "replica.labels: {} is not a list of texts",
    );
    mistake(
        inc("issue.labels.push({})"),
        "issue.labels: {} is not a list of texts",
    );
    mistake(
        out("hold('comments', 'x')"),
        "TypeError: 'comments' cannot be held; what can be: area, flag, labels, status, summary, text",
    );
}
