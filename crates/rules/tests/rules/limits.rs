//! Hostile and broken scripts against a real worker process: each ends as a clear error, and the worker goes on.

use crate::support::{item, pool, reference};
use std::sync::Arc;
use twinline_core::item::{Item, Value};
use twinline_core::names::{Side, Sides};
use twinline_core::rules::{Outgoing, RuleError, Rules};
use twinline_rules::compiled::CompiledRules;
use twinline_rules::parse::parse;
use twinline_rules::script::{Limits, ScriptRunner};
use twinline_rules::source::{RuleSources, SourceFile};

const MAP: &str = r#"
format = 1
name = "pair"
[left]
node = "a"
scope = { project = "A" }
script = "pair.left.js"
[right]
node = "b"
scope = { project = "B" }
[fields.summary]
left = "summary"
right = "summary"
[fields.labels]
left = "labels"
right = "labels"
"#;

fn rules(script: &str, runner: Arc<dyn ScriptRunner>) -> CompiledRules {
    let map = SourceFile::new("pair.toml", MAP);
    let rules = parse(&map).unwrap();
    let scripts = Sides {
        left: Some(SourceFile::new("pair.left.js", script)),
        right: None,
    };
    CompiledRules::new(
        rules,
        &RuleSources { map, scripts },
        Sides::default(),
        1,
        runner,
    )
}

fn an_item() -> Item {
    let fields = [
        ("summary", Value::text("one")),
        ("labels", Value::set(["x"])),
    ];
    item(reference("a", "1", "A-1"), &fields)
}

fn run(body: &str, runner: Arc<dyn ScriptRunner>) -> Result<Outgoing, RuleError> {
    let script = format!("export function outgoing({{ issue, replica, link }}) {{\n{body}\n}}\n");
    rules(&script, runner).outgoing(Side::Left, &an_item(), None)
}

const SOUND: &str = "replica.summary = 'sound'";

/// Runs one body after another in one pool: the error says `expected`, and the next call works.
fn check(body: &str, expected: &str) {
    check_within(Limits::default(), body, expected);
}

fn check_within(limits: Limits, body: &str, expected: &str) {
    let workers = Arc::new(pool(limits));
    let error = run(body, workers.clone()).expect_err(body);
    assert_eq!(error.file, "pair.left.js", "{body}");
    assert!(error.reason.contains(expected), "{body}: {error}");
    let after = run(SOUND, workers).unwrap();
    let summary = after.view.fields.get("summary").cloned();
    assert_eq!(summary, Some(Value::text("sound")), "after {body}");
}

#[test]
fn an_endless_loop_ends() {
    let workers = Arc::new(pool(Limits::default()));
    let error = run("while (true) {}", workers.clone()).unwrap_err();
    let steps = error.reason.contains("took more than 5000000 steps");
    let killed = error
        .reason
        .contains("took longer than 250 ms and was killed");
    assert!(steps || killed, "{error}");
    assert!(run(SOUND, workers).is_ok());
}

#[test]
fn the_step_limit_comes_before_the_time() {
    let limits = Limits {
        time_ms: 10_000,
        steps_10k: 3,
        ..Limits::default()
    };
    let error = run(
        "let n = 0;\nwhile (true) {\nn += 1;\n}",
        Arc::new(pool(limits)),
    )
    .unwrap_err();
    assert_eq!(error.reason, "the script took more than 30000 steps");
    assert_eq!(error.file, "pair.left.js");
}

#[test]
fn a_built_in_that_ignores_the_interpreters_limits_is_killed() {
    check("trace(new Array(1e8) + '')", "was killed");
}

#[test]
fn a_memory_bomb_ends() {
    // Time and steps are generous, so that the memory is what ends it, on a slow machine too.
    let limits = Limits {
        time_ms: 20_000,
        steps_10k: 100_000,
        ..Limits::default()
    };
    for body in [
        "const all = []; for (;;) all.push(new Array(10000).fill('x'.repeat(1000)))",
        "let s = 'x'; const all = []; for (;;) { s = s + 'y'; all.push(s.repeat(1000)) }",
    ] {
        check_within(limits, body, "the script needs more than 64 MiB of memory");
    }
}

#[test]
fn deep_recursion_ends() {
    check("const f = n => f(n + 1) + 1; f(0)", "calls itself too deep");
}

#[test]
fn a_large_answer_is_refused() {
    let limits = Limits {
        output_max_bytes: 1000,
        ..Limits::default()
    };
    let error = run("replica.summary = 'x'.repeat(2000)", Arc::new(pool(limits))).unwrap_err();
    assert_eq!(error.reason, "the script's answer is over 1000 bytes");
}

#[test]
fn nothing_of_the_world_is_there() {
    check(
        "Date.now()",
        "Date is not available in rules: a rule has no clock",
    );
    check("new Date()", "Date is not available in rules");
    check(
        "Math.random()",
        "Math.random is not available in rules: a rule has no randomness",
    );
    check(
        "setTimeout(() => 1)",
        "setTimeout is not available in rules",
    );
    check("Promise.resolve(1)", "Promise is not available in rules");
    check(
        "fetch('http://x')",
        "fetch is not available in rules: a rule has no network",
    );
    check("require('fs')", "require is not available in rules");
    check("eval('1')", "eval is not available in rules");
    check("std.exit(0)", "std is not defined");
    check("process.exit(0)", "process is not defined");
    check("os.kill(1)", "os is not defined");
}

#[test]
fn prototypes_and_globals_cannot_be_changed() {
    for body in [
        "Object.prototype.polluted = 1",
        "Array.prototype.includes = () => true",
        "String.prototype.trim = () => 'x'",
        "JSON.stringify = () => '{}'",
        "globalThis.kept = 1",
        "Object.getPrototypeOf(function* () {}).x = 1",
        "hold = () => 1",
        "Object.setPrototypeOf(issue, null)",
        "link.since = 1; issue.summary = 'x'",
    ] {
        check(body, "TypeError");
    }
}

#[test]
fn an_import_is_refused() {
    let script = "import x from './other.js';\nexport function outgoing() {}";
    let error = rules(script, Arc::new(pool(Limits::default())))
        .outgoing(Side::Left, &an_item(), None)
        .unwrap_err();
    assert_eq!(error.file, "pair.left.js");
    assert!(error.reason.contains("other.js"), "{error}");
}

#[test]
fn asynchronous_rules_are_refused() {
    let runner: Arc<dyn ScriptRunner> = Arc::new(pool(Limits::default()));
    for (script, expected) in [
        (
            "export async function outgoing() {}",
            "outgoing is asynchronous",
        ),
        (
            "const x = await new (class { then() {} })();\nexport function outgoing() {}",
            "awaits at its top level",
        ),
    ] {
        let rules = rules(script, runner.clone());
        let error = rules.outgoing(Side::Left, &an_item(), None).unwrap_err();
        assert!(error.reason.contains(expected), "{script}: {error}");
    }
}

#[test]
fn a_syntax_error_names_its_place() {
    let rules = rules(
        "\nexport function outgoing( {\n",
        Arc::new(pool(Limits::default())),
    );
    let error = rules.outgoing(Side::Left, &an_item(), None).unwrap_err();
    assert_eq!(
        (error.file.as_str(), error.line),
        ("pair.left.js", Some(3)),
        "{error}"
    );
    assert!(error.reason.starts_with("SyntaxError"), "{error}");
}

#[test]
fn a_command_that_is_no_worker_is_an_error() {
    let runner =
        twinline_rules::worker::WorkerPool::new(vec!["/bin/false".into()], 1, Limits::default());
    let error = run(SOUND, Arc::new(runner)).unwrap_err();
    assert!(error.reason.contains("ended its worker process"), "{error}");
}

#[test]
fn several_threads_share_two_workers() {
    let workers: Arc<dyn ScriptRunner> = Arc::new(pool(Limits::default()));
    let script =
        "export function outgoing({ issue, replica }) { replica.summary = issue.summary + '!' }";
    let rules = Arc::new(rules(script, workers));
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let rules = Arc::clone(&rules);
            std::thread::spawn(move || {
                for _ in 0..50 {
                    let shown = rules.outgoing(Side::Left, &an_item(), None).unwrap();
                    assert_eq!(shown.view.fields.get("summary"), Some(&Value::text("one!")));
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
}

/// What the kernel says of each child process of this one (a test runs in a process of its own).
#[cfg(target_os = "linux")]
fn limits_of_children() -> Vec<String> {
    let own = format!(" {} ", std::process::id());
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let folders = processes.map(|entry| entry.path()).filter(|folder| {
        let stat = std::fs::read_to_string(folder.join("stat")).unwrap_or_default();
        // After the name in brackets: the state, then the parent.
        let rest = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        rest.get(2..).is_some_and(|rest| rest.starts_with(&own))
    });
    folders
        .filter_map(|folder| std::fs::read_to_string(folder.join("limits")).ok())
        .collect()
}

#[cfg(target_os = "linux")]
#[test]
fn a_worker_is_confined_by_the_kernel() {
    let pool: Arc<dyn ScriptRunner> = Arc::new(pool(Limits::default()));
    run(SOUND, Arc::clone(&pool)).unwrap();
    let workers = limits_of_children();
    assert!(!workers.is_empty(), "no worker runs");
    for limits in workers {
        for (what, most) in [
            ("Max core file size", "0"),
            ("Max file size", "0"),
            ("Max open files", "3"),
            ("Max processes", "0"),
        ] {
            let line = limits.lines().find(|line| line.starts_with(what)).unwrap();
            let set: Vec<&str> = line[what.len()..].split_whitespace().take(2).collect();
            assert_eq!(set, [most, most], "{line}");
        }
        for what in ["Max cpu time", "Max address space"] {
            let line = limits.lines().find(|line| line.starts_with(what)).unwrap();
            assert!(!line.contains("unlimited"), "{line}");
        }
    }
}
