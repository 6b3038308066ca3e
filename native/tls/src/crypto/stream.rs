//! Stream ciphers, for records up to TLS 1.2: RC4. Provider: aws-lc.

use super::Secret;
use tls_legacy::cipher::{Algorithm, Cipher, Direction};

/// A stream cipher.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum StreamCipher {
    /// RC4, 128 bits
    Rc4,
}

impl StreamCipher {
    const fn algorithm(self) -> Algorithm {
        match self {
            Self::Rc4 => Algorithm::Rc4,
        }
    }

    /// Length of a key.
    pub const fn key_len(self) -> usize {
        self.algorithm().key_len()
    }

    /// A stream from its beginning; `None` if the key's length does not fit.
    pub fn key(self, key: &Secret) -> Option<StreamKey> {
        // Both ways are the same.
        Cipher::new(self.algorithm(), Direction::Encrypt, key.as_ref(), &[]).map(StreamKey)
    }
}

/// The provider failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamFailed;

/// A key stream in progress.
#[derive(Debug)]
pub struct StreamKey(Cipher);

impl StreamKey {
    /// Encrypts or decrypts in place.
    pub fn apply(&mut self, data: &mut [u8]) -> Result<(), StreamFailed> {
        self.0.apply(data).ok_or(StreamFailed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::testing::hex;

    #[test]
    fn rc4_follows_rfc_6229() {
        let key = Secret::new((1..=16).collect());
        let mut stream = StreamCipher::Rc4.key(&key).unwrap();
        let mut data = [0; 32];
        let (first, second) = data.split_at_mut(5);
        stream.apply(first).unwrap();
        stream.apply(second).unwrap();
        assert_eq!(
            data[..],
            hex("9ac7cc9a609d1ef7b2932899cde41b97 5248c4959014126a6e8a84f11d1a9e1c")
        );
        assert!(StreamCipher::Rc4.key(&Secret::new(vec![1; 15])).is_none());
    }
}
