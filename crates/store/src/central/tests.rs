//! Against a real PostgreSQL: how databases fail, and that the client notices, stays bounded and heals by itself.

mod beginning;
mod converge;
mod cut_off;
mod failover;
mod failures;
mod join;
mod names;
mod patroni;
mod pools;
mod registry;
mod replication;
mod support;
mod takeover;
mod tls;
mod versions;
