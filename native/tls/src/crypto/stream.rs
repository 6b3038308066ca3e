//! Stream ciphers, for records up to TLS 1.2.

/// A stream cipher.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum StreamCipher {
    /// RC4, 128 bits
    Rc4,
}

impl StreamCipher {
    /// Length of a key.
    pub const fn key_len(self) -> usize {
        match self {
            Self::Rc4 => 16,
        }
    }
}
