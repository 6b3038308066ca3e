//! TLS as a sans-IO state machine. See `docs/architecture.md`.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

// The tests of this crate share their helpers with those in `tests/`.
#[cfg(test)]
extern crate self as tls_core;

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
pub mod session;
pub mod trace;
pub mod wire;
pub mod x509;

#[cfg(test)]
mod rogue;
