//! TLS as a sans-IO state machine. See `docs/architecture.md`.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod config;
pub mod connection;
pub mod crypto;
pub mod enums;
pub mod error;
mod handshake;
pub mod limits;
pub mod query;
pub mod record;
pub mod schedule;
pub mod wire;
pub mod x509;
