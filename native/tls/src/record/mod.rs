//! The record layer (RFC 8446 section 5, RFC 5246 section 6): framing, protection in place, handshake messages out of records, limits.
//!
//! Knows record types and lengths, not messages. Nothing here answers or decides: offences are `RecordError`s.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic
    )
)]

pub mod joiner;
pub mod limits;
mod protection;
mod protection12;
pub mod reader;
pub mod writer;

pub use joiner::{Aligned, HandshakeJoiner, HandshakeMessage, JoinError};
pub use reader::{Opened, Record, RecordReader};
pub use writer::{RecordCounters, RecordWriter};

/// Why a record can be neither read nor written. The comment names the alert that fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordError {
    /// The length field, or the plaintext, is beyond the limit (record_overflow).
    Overflow,
    /// Decryption failed (bad_record_mac).
    BadRecordMac,
    /// A content type that may not stand here (unexpected_message).
    UnexpectedType(u8),
    /// Application data without protection (unexpected_message).
    UnprotectedApplicationData,
    /// A protected record without a content type, nothing but padding (unexpected_message).
    NoContentType,
    /// A handshake, alert or change_cipher_spec record without content (unexpected_message).
    EmptyRecord,
    /// Too many empty application data records in a row (unexpected_message).
    TooManyEmptyRecords,
    /// The major version is not 3, or the version not the one that the keys belong to (protocol_version).
    BadVersion(u16),
    /// The first bytes are an SSL 2.0 ClientHello (unexpected_message).
    Sslv2Hello,
    /// The first bytes are HTTP (unexpected_message).
    PlaintextHttp,
    /// More early data to skip than allowed (unexpected_message).
    TooMuchEarlyData,
    /// More records failed to open under one key than the AEAD can stand (bad_record_mac).
    IntegrityLimit,
    /// Our own: the key may not protect more records.
    KeyExhausted,
    /// Our own: application data or a key update before there are keys, or a key that does not fit its suite.
    NoKeys,
    /// Our own: the AEAD refused to seal.
    SealFailed,
    /// Our own: no random bytes for IVs.
    NoRandom,
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests12;
