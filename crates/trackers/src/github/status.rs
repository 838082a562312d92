//! An issue's state and its reason, as one status.

/// Open.
pub(super) const OPEN: &str = "open";
/// Closed as done.
pub(super) const COMPLETED: &str = "closed:completed";
/// Closed without being done.
pub(super) const NOT_PLANNED: &str = "closed:not_planned";

/// All statuses.
pub(super) const ALL: [&str; 3] = [OPEN, COMPLETED, NOT_PLANNED];

/// The status of a state and its reason. A reopened issue is open; a duplicate is not done here; an issue closed before
/// there were reasons has none and counts as done.
pub(super) fn read(state: &str, reason: Option<&str>) -> &'static str {
    match (state, reason) {
        ("open", _) => OPEN,
        (_, Some("not_planned" | "duplicate")) => NOT_PLANNED,
        _ => COMPLETED,
    }
}

/// The state and reason to send for a status; `None` when GitHub has no such status. Plain `closed` is done.
pub(super) fn write(status: &str) -> Option<(&'static str, Option<&'static str>)> {
    match status {
        OPEN => Some(("open", None)),
        COMPLETED | "closed" => Some(("closed", Some("completed"))),
        NOT_PLANNED => Some(("closed", Some("not_planned"))),
        _ => None,
    }
}
