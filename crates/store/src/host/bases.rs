//! Bases, and the observations that they came from.

use super::access::Upsert;
use super::{HostRead, HostTx, replica};
use crate::StoreError;
use crate::row::{from_json, side_word, to_json};
use twinline_core::digest::Digest;
use twinline_core::item::Item;
use twinline_core::names::{LinkId, Side};
use twinline_core::reconcile::Base;
use twinline_core::time::Timestamp;

static BASES: Upsert = Upsert::new(
    "bases",
    &["link", "side"],
    &[
        "observation",
        "rule_version",
        "fields",
        "pending",
        "advanced",
        "asked",
    ],
);

impl HostRead<'_> {
    /// One side's base; `None` while it was never in step.
    pub fn base(&self, link: &LinkId, side: Side) -> Result<Option<Base>, StoreError> {
        let sql = "SELECT o.item, b.rule_version, b.fields, b.pending, b.advanced, b.asked FROM bases b \
                   LEFT JOIN observations o ON o.digest = b.observation WHERE b.link = ?1 AND b.side = ?2";
        self.one(sql, (link.as_str(), side_word(side)), |row| {
            let Some(item) = row.get::<_, Option<String>>(0)? else {
                return Err(StoreError::Missing(format!(
                    "the observation of {link}'s {side} base"
                )));
            };
            Ok(Base {
                observation: from_json("observations.item", &item)?,
                rule_version: row.get(1)?,
                fields: from_json("bases.fields", &row.get::<_, String>(2)?)?,
                pending: from_json("bases.pending", &row.get::<_, String>(3)?)?,
                advanced: from_json("bases.advanced", &row.get::<_, String>(4)?)?,
                asked: from_json("bases.asked", &row.get::<_, String>(5)?)?,
            })
        })
    }
}

impl HostTx<'_> {
    /// Stores an observation under its digest; one that is there already counts as seen again.
    pub fn put_observation(&self, item: &Item, at: Timestamp) -> Result<Digest, StoreError> {
        let json = to_json(item);
        let digest = Digest::of_bytes(json.as_bytes());
        self.stamped(
            "INSERT INTO observations (grp, epoch, rev, digest, item, seen_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
             ON CONFLICT (digest) DO UPDATE SET grp = ?1, epoch = ?2, rev = ?3, seen_at = max(seen_at, ?6)",
            &[&digest.as_str(), &json, &at.as_millis()],
        )?;
        Ok(digest)
    }

    /// Stores one side's base with its observation.
    pub fn put_base(
        &self,
        link: &LinkId,
        side: Side,
        base: &Base,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let observation = self.put_observation(&base.observation, at)?;
        self.upsert(
            &BASES,
            &[
                &link.as_str(),
                &side_word(side),
                &observation.as_str(),
                &base.rule_version,
                &to_json(&base.fields),
                &to_json(&base.pending),
                &to_json(&base.advanced),
                &to_json(&base.asked),
            ],
        )
    }

    /// Forgets both bases of a twin: it has ended.
    pub fn drop_bases(&self, link: &LinkId) -> Result<(), StoreError> {
        self.delete(replica::BASES, "link = ?1", [link.as_str()])
            .map(drop)
    }
}
