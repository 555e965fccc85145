//! Which SQL each side runs, in order. A file without suffix is read by both databases.

/// The hub's migrations: name and text.
pub const HUB: &[(&str, &str)] = &[
    (
        "0001_base.hub",
        include_str!("../../migrations/0001_base.hub.sql"),
    ),
    (
        "0002_identity.hub",
        include_str!("../../migrations/0002_identity.hub.sql"),
    ),
    (
        "0003_patients",
        include_str!("../../migrations/0003_patients.sql"),
    ),
    (
        "0004_scheduling",
        include_str!("../../migrations/0004_scheduling.sql"),
    ),
    (
        "0005_prescriptions",
        include_str!("../../migrations/0005_prescriptions.sql"),
    ),
    (
        "0006_claims.hub",
        include_str!("../../migrations/0006_claims.hub.sql"),
    ),
    (
        "0007_audit.hub",
        include_str!("../../migrations/0007_audit.hub.sql"),
    ),
    (
        "0008_devices.hub",
        include_str!("../../migrations/0008_devices.hub.sql"),
    ),
    (
        "0010_quarantine.hub",
        include_str!("../../migrations/0010_quarantine.hub.sql"),
    ),
    (
        "0011_console.hub",
        include_str!("../../migrations/0011_console.hub.sql"),
    ),
    (
        "0012_unlock.hub",
        include_str!("../../migrations/0012_unlock.hub.sql"),
    ),
];

/// The replica's migrations: name and text.
pub const WARD: &[(&str, &str)] = &[
    (
        "0001_base.ward",
        include_str!("../../migrations/0001_base.ward.sql"),
    ),
    (
        "0003_patients",
        include_str!("../../migrations/0003_patients.sql"),
    ),
    (
        "0004_scheduling",
        include_str!("../../migrations/0004_scheduling.sql"),
    ),
    (
        "0005_prescriptions",
        include_str!("../../migrations/0005_prescriptions.sql"),
    ),
    (
        "0012_unlock.ward",
        include_str!("../../migrations/0012_unlock.ward.sql"),
    ),
];
