//! The field map that demonstrations and benchmarks between GitHub and Jira share, as sections of a rules file.

/// What crosses under one name on both sides.
pub const FIELDS: &str = r#"[fields.summary]
left = "summary"
right = "summary"

[fields.description]
left = "description"
right = "description"
conflict = "merge"

[fields.labels]
left = "labels"
right = "labels"
"#;

/// The status; its values are the caller's.
pub const STATUS: &str = r#"
[fields.status]
left = "status"
right = "status"
values = "status"
"#;

/// All comments.
pub const COMMENTS: &str = r#"
[comments]
channels = [{ left = "public", right = "public", dir = "<->" }]
header = "{author} · {time}"

"#;
