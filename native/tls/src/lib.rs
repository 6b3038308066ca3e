//! TLS as a sans-IO state machine. See `docs/architecture.md`.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod enums;
