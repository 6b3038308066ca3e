//! Key schedules: from shared secrets to traffic secrets, keys and exported material.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic
    )
)]

pub mod tls12;
pub mod tls13;
