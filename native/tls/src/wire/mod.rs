//! The wire format of handshake messages and extensions (RFC 8446 section 4 and the RFCs of each extension).
//!
//! Parsing gives whole values or a typed error and never panics; emitting is its inverse (parse after emit is identity).
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic
    )
)]

pub mod alert;
pub mod codec;
pub mod extension;
pub mod hello;
pub mod message;
pub mod message12;
