//! How one tracker words its failures.

use super::reply::Reply;

/// What [`super::Client`] must know of a tracker to classify its answers.
pub trait Dialect: Send + Sync {
    /// The tracker's name for people: `GitHub`.
    fn tracker(&self) -> &'static str;

    /// The tracker's own sentence in a failure, with the field that it names.
    fn refusal(&self, reply: &Reply) -> Refusal;

    /// Whether a status other than 429 says that a rate limit is spent. GitHub: 403 with limit headers.
    fn is_rate_limited(&self, _reply: &Reply) -> bool {
        false
    }

    /// What the limit concerns that an answer says is spent. GitHub's and Redmine's concern all requests of a node.
    fn limit_scope(&self, _reply: &Reply) -> LimitScope {
        LimitScope::Node
    }

    /// Whether a 403 to a write says that our credentials lack a scope, as opposed to this one write being refused. A
    /// 403 to a read is always [`crate::TrackerError::Unreachable`].
    fn lacks_scope(&self, _reply: &Reply) -> bool {
        false
    }

    /// Whether a success status hides that the credentials are not taken: Azure DevOps shows a page to sign in at, with 203.
    fn wants_sign_in(&self, _reply: &Reply) -> bool {
        false
    }

    /// The failure that a success status hides, if it does.
    fn hidden_failure(&self, _reply: &Reply) -> Option<Refusal> {
        None
    }
}

/// Which requests a spent limit keeps back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitScope {
    /// All of the node.
    Node,
    /// Writes to the one item that the request's [`super::Call::key`] names.
    Item,
    /// Those with the same method to the same kind of path.
    Endpoint,
}

/// What a tracker said when it refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// Its sentence; empty when it gave none.
    pub sentence: String,
    /// The field that it named.
    pub field: Option<String>,
}
