//! TLS as a sans-IO state machine. See `docs/architecture.md`.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod config;
pub mod crypto;
pub mod enums;
pub mod record;
pub mod schedule;
pub mod x509;
