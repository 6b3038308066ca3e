//! Block ciphers in CBC mode (SP 800-38A section 6.2), for records up to TLS 1.2.

/// A block cipher.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum BlockCipher {
    /// DES, 56 bits
    Des,
    /// DES three times, 168 bits
    TripleDes,
    /// AES, 128 bits
    Aes128,
    /// AES, 256 bits
    Aes256,
}

impl BlockCipher {
    /// Length of a key.
    pub const fn key_len(self) -> usize {
        match self {
            Self::Des => 8,
            Self::Aes128 => 16,
            Self::TripleDes => 24,
            Self::Aes256 => 32,
        }
    }

    /// Length of a block and of an IV.
    #[allow(clippy::len_without_is_empty)]
    pub const fn len(self) -> usize {
        match self {
            Self::Des | Self::TripleDes => 8,
            Self::Aes128 | Self::Aes256 => 16,
        }
    }
}
