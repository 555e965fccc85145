//! The hub over real HTTP and real PostgreSQL, seen from the desks.

mod audit_chains;
mod audit_looks;
mod audit_tampering;
mod audits;
mod billing;
mod bootstrap;
mod cabinets;
mod callers;
mod console;
mod console_audit;
mod console_devices;
mod console_held;
mod console_hours;
mod console_journey;
mod console_live;
mod console_oidc;
mod crowds;
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
mod money;
mod orders;
mod payments;
mod pushes;
mod put_back;
#[path = "../real/mod.rs"]
#[expect(dead_code, reason = "each test program takes what it needs")]
mod real;
mod refunds;
mod renewals;
mod screens;
mod slots;
mod slow_heads;
mod tls;
mod trust;
mod visits;
mod waiting;
mod waybills;
