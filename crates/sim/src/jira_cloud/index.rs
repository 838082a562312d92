//! The search index: what `/search/jql` sees, some time behind the issues themselves.

use super::model::Issue;

/// Issues as the search knows them.
pub(super) type Index = crate::index::Index<Issue>;
