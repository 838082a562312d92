//! Scripts and `when` expressions: that they load, export what is used, and wait for nothing.

use super::{Judge, has_word};
use crate::compiled::program;
use crate::finding::{Finding, Severity, Spot};
use crate::script::{Call, ScriptRunner, ViaCall};
use crate::source::SourceFile;
use twinline_core::names::Side;

pub(super) fn scripts(judge: &mut Judge<'_>, runner: &dyn ScriptRunner) {
    let rules = judge.rules;
    for side in Side::BOTH {
        let catalogue = judge.catalogues.get(side);
        let Some(program) = program(rules, judge.sources, catalogue, side) else {
            continue;
        };
        let vias = rules.fields.iter().filter_map(|(name, field)| {
            let via = field.via.get(side).as_ref()?;
            Some(ViaCall {
                export: via.value.clone(),
                field: name.as_str().to_owned(),
                natives: Vec::new(),
            })
        });
        if let Err(failure) = runner.run(&program, &Call::load(vias.collect())) {
            judge.findings.push(Finding {
                severity: Severity::Error,
                file: failure.file,
                spot: Spot {
                    line: failure.line.unwrap_or(1),
                    column: failure.column.unwrap_or(1),
                },
                what: failure.reason,
                way_out: "mend the script".to_owned(),
            });
        }
        if let Some(script) = judge.sources.scripts.get(side) {
            judge.findings.extend(doubtful(script));
        }
    }
}

/// Lines that a rule should not have.
fn doubtful(script: &SourceFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (at, line) in script.text.lines().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        for word in ["async", "await"] {
            if has_word(code, word)
                && !code.trim_start().starts_with('*')
                && !code.contains(['"', '`', '\''])
            {
                findings.push(Finding {
                    severity: Severity::Warning,
                    file: script.name.clone(),
                    spot: Spot {
                        line: u32::try_from(at + 1).unwrap_or(u32::MAX),
                        column: 1,
                    },
                    what: format!("a rule is synchronous, but this line says '{word}'"),
                    way_out: "write it without".to_owned(),
                });
            }
        }
    }
    findings
}
