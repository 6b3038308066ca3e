//! Limits of the handshake, each with its source. Those of records are in `record::limits`.

/// Certificates in one Certificate message. OTP's default `depth` is 10 and nobody sends more than a few; what is larger
/// costs us work for nothing.
pub const MAX_CERTIFICATES: usize = 64;

/// Bytes of a peer's certificates that are kept with a session (TLS 1.2 and below): ten times what is usual. Caches count
/// sessions, not bytes.
pub const MAX_SAVED_CHAIN: usize = 32 * 1024;

/// Bytes of refused early data that a server skips (RFC 8446 section 4.2.10 leaves the number open). BoringSSL skips as
/// many.
pub const MAX_SKIPPED_EARLY_DATA: usize = 16384;

/// NewSessionTickets in a row, without application data between them. Servers send a handful at once.
pub const MAX_SESSION_TICKETS: u32 = 32;

/// ticket_lifetime in seconds: seven days (RFC 8446 section 4.6.1).
pub const MAX_TICKET_LIFETIME: u32 = 604_800;

/// Cookie of a HelloRetryRequest of ours, in bytes: beyond guessing.
pub const COOKIE_LEN: usize = 32;

/// Seconds between two renegotiations that a client asks for: as OTP has it.
pub const RENEGOTIATION_INTERVAL: u64 = 12;

/// Renegotiations that are refused in a row, without application data between them.
pub const MAX_REFUSED_RENEGOTIATIONS: u32 = 32;

/// Key log lines that `Tx` keeps for a caller that does not fetch them.
pub const MAX_UNREAD_KEY_LOG: usize = 64;

/// Bytes that `Tx` may hold back for a caller that does not fetch them, before answers to what the peer repeats (KeyUpdate,
/// no_renegotiation) wait or are left out.
pub const KEEP_PENDING: usize = 4096;

/// Bits of the prime of a Diffie-Hellman group: the least that is safe, and OTP's limit too (RFC 7919 section 2).
pub const MIN_DH_BITS: usize = 2048;

/// The most: the largest group that has a name (RFC 7919 appendix A.5). Computing grows with the cube of it.
pub const MAX_DH_BITS: usize = 8192;
