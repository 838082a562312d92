//! The issue above: sub-issues are written by requests of their own, to the one above.
//!
//! Source: `issues/add-sub-issue` and `issues/remove-sub-issue` of GitHub's REST description. The issue above must belong to the
//! same owner, and may lie in another repository.

use super::address::Address;
use super::{GitHub, client, wire};
use crate::connector::{Impossible, once_begun};
use crate::error::TrackerError;
use crate::http::{Call, Cost, Permit};
use http::StatusCode;
use serde_json::json;
use std::collections::BTreeMap;
use twinline_core::item::field;
use twinline_core::names::FieldName;

/// What became of the issue above.
pub(super) enum Parent {
    /// It was so already, or could not be; the issue is as it was shown.
    Kept(Box<wire::Issue>),
    /// It was written, which the answer shows of the one above only.
    Written,
}

impl GitHub {
    /// Puts an issue below that of a key, or below none, as one of an update's requests. Where GitHub does not take it that
    /// is told in `waived`, and all else is done.
    pub(super) async fn write_parent(
        &self,
        (address, known): (&Address, Option<wire::Issue>),
        wanted: Option<&str>,
        (begun, permit): (bool, &Permit),
        waived: &mut BTreeMap<FieldName, String>,
    ) -> Result<Parent, TrackerError> {
        let child = match known {
            Some(known) => known,
            None => client::issue(&self.client, address)
                .await
                .map_err(|error| once_begun(begun, error))?,
        };
        match self.put_below(&child, wanted, permit).await {
            Ok(true) => Ok(Parent::Written),
            Ok(false) => Ok(Parent::Kept(Box::new(child))),
            Err(error @ (TrackerError::Refused { .. } | TrackerError::Unreachable { .. })) => {
                waived.insert(field::PARENT.into(), not_taken(&error.to_string()));
                Ok(Parent::Kept(Box::new(child)))
            }
            Err(error) => Err(once_begun(begun, error)),
        }
    }

    /// Puts an issue below that of a key, or below none; false where it lies there already.
    pub(super) async fn put_below(
        &self,
        child: &wire::Issue,
        wanted: Option<&str>,
        permit: &Permit,
    ) -> Result<bool, TrackerError> {
        let held = child.parent_issue_url.as_ref().and_then(Option::as_deref);
        let held = held.and_then(Address::of_api_url);
        let call = match (wanted, held) {
            (None, None) => return Ok(false),
            (None, Some(held)) => Call::delete(held.path("/sub_issue"))
                .json(&json!({ "sub_issue_id": child.id }))
                .accept(&[StatusCode::NOT_FOUND]),
            (Some(key), held) => {
                let Some(parent) = Address::parse(key) else {
                    let why = format!("'{key}' is no GitHub issue: write owner/repository#number");
                    return Err(super::write::refused(Impossible::part(field::PARENT, why)));
                };
                if held.is_some_and(|held| held.id() == parent.id()) {
                    return Ok(false);
                }
                Call::post(parent.path("/sub_issues"))
                    .cost(Cost::Write)
                    .json(&json!({ "sub_issue_id": child.id, "replace_parent": true }))
            }
        };
        let reply = self.client.send(call.prepaid(permit)).await?;
        if reply.status != StatusCode::NOT_FOUND {
            client::here(&reply)?;
        }
        Ok(true)
    }
}

/// Why an issue does not lie where it should.
pub(super) fn not_taken(why: &str) -> String {
    format!("GitHub does not take this parent: {why}")
}
