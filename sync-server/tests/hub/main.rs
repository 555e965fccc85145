//! The hub over real HTTP and real PostgreSQL, seen from the desks.

mod audit_chains;
mod audit_looks;
mod audit_tampering;
mod audits;
mod bootstrap;
mod cabinets;
mod callers;
mod console;
mod console_oidc;
mod desk;
mod doors;
mod emergency;
mod events;
mod feeds;
mod fuzz;
mod identity;
mod imports;
mod leases;
mod leaving;
mod logs;
mod orders;
mod pushes;
mod put_back;
#[path = "../real/mod.rs"]
#[expect(dead_code, reason = "each test program takes what it needs")]
mod real;
mod renewals;
mod slots;
mod slow_heads;
mod tls;
mod trust;
mod visits;
mod waiting;
mod walk_ins;
mod waybills;
