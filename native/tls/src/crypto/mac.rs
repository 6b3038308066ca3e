//! MACs of records up to TLS 1.2 (RFC 5246 section 6.2.3.1).

use super::hash::HashAlg;

/// HMAC over the hash of this name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum MacAlg {
    /// HMAC-MD5, with RC4 only
    Md5,
    /// HMAC-SHA1
    Sha1,
    /// HMAC-SHA256
    Sha256,
    /// HMAC-SHA384
    Sha384,
}

impl MacAlg {
    /// Length of MAC and key.
    #[allow(clippy::len_without_is_empty)]
    pub const fn len(self) -> usize {
        self.hash().len()
    }

    /// The hash.
    pub const fn hash(self) -> HashAlg {
        match self {
            Self::Md5 => HashAlg::Md5,
            Self::Sha1 => HashAlg::Sha1,
            Self::Sha256 => HashAlg::Sha256,
            Self::Sha384 => HashAlg::Sha384,
        }
    }
}
