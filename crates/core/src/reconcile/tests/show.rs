//! Plans as the table writes them.

use super::values::{show, show_write};
use crate::effect::Effect;
use crate::names::Side;
use crate::reconcile::{Decision, Hold, Plan, Planned, Standing};

/// The whole plan on one line: standing unless active, decisions by field, then effects.
pub(super) fn summary(plan: &Plan) -> String {
    let mut parts = Vec::new();
    match &plan.standing {
        Standing::Active => {}
        Standing::Stale(side) => parts.push(format!("stale {side}")),
        Standing::Asleep { side, .. } => parts.push(format!("asleep {side}")),
        Standing::NotAdmitted => parts.push("not admitted".to_owned()),
        Standing::Ended { side, .. } => parts.push(format!("ended by {side}")),
    }
    parts.extend(
        plan.fields
            .iter()
            .map(|(field, decision)| format!("{field} {}", decided(decision))),
    );
    parts.extend(plan.effects.iter().map(effect));
    parts.join("; ")
}

fn arrow(from: Side) -> &'static str {
    match from {
        Side::Left => "->",
        Side::Right => "<-",
    }
}

fn decided(decision: &Decision) -> String {
    match decision {
        Decision::InStep => "in step".to_owned(),
        Decision::Crosses { from, cause } => format!("{} {cause:?}", arrow(*from)).to_lowercase(),
        Decision::Merges => "merges".to_owned(),
        Decision::Waived { from, .. } => format!("{} waived", arrow(*from)),
        Decision::Held(hold) => match hold {
            Hold::Conflict => "held conflict".to_owned(),
            Hold::First => "held first".to_owned(),
            Hold::Cut => "held cut".to_owned(),
            Hold::PingPong { .. } => "held ping-pong".to_owned(),
            Hold::Lossy { .. } => "held lossy".to_owned(),
            Hold::TooLong { .. } => "held too long".to_owned(),
            Hold::Rule { .. } => "held rule".to_owned(),
        },
        Decision::Rests => "rests".to_owned(),
    }
}

fn effect(planned: &Planned) -> String {
    let side = planned.side;
    match &planned.effect {
        Effect::Create { fields, .. } => {
            let fields = fields
                .iter()
                .map(|(name, value)| format!(" {name}={}", show(value)));
            format!("{side} create{}", fields.collect::<String>())
        }
        Effect::Update { fields, .. } => {
            let fields = fields
                .iter()
                .map(|(name, write)| format!(" {name}={}", show_write(write)));
            format!("{side}:{}", fields.collect::<String>())
        }
        Effect::Mark { .. } => format!("{side} mark"),
        Effect::AddComment { channel, body, .. } => {
            format!(
                "{side} add {channel} '{}'",
                body.plain().replace("\n\n", "¶")
            )
        }
        Effect::EditComment { comment, body, .. } => {
            format!(
                "{side} edit {comment} '{}'",
                body.plain().replace("\n\n", "¶")
            )
        }
        Effect::DeleteComment { comment, .. } => format!("{side} delete {comment}"),
        Effect::AddAttachment { file, .. } => format!("{side} attach {}", file.name),
        Effect::DeleteAttachment { attachment, .. } => format!("{side} detach {attachment}"),
        Effect::Delete { .. } => format!("{side} delete item"),
    }
}
