//! Stream ciphers, for records up to TLS 1.2: RC4, on RustCrypto.

use super::Secret;
use core::fmt;
use rc4::consts::U16;
use rc4::{KeyInit, Rc4, StreamCipher as _};

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

    /// A stream from its beginning; `None` if the key's length does not fit.
    pub fn key(self, key: &Secret) -> Option<StreamKey> {
        match self {
            Self::Rc4 => Some(StreamKey(Box::new(Rc4::new_from_slice(key.as_ref()).ok()?))),
        }
    }
}

/// A key stream in progress.
pub struct StreamKey(Box<Rc4<U16>>);

impl StreamKey {
    /// Encrypts or decrypts in place.
    pub fn apply(&mut self, data: &mut [u8]) {
        self.0.apply_keystream(data);
    }
}

impl fmt::Debug for StreamKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StreamKey(..)")
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
        stream.apply(first);
        stream.apply(second);
        assert_eq!(
            data[..],
            hex("9ac7cc9a609d1ef7b2932899cde41b97 5248c4959014126a6e8a84f11d1a9e1c")
        );
        assert!(StreamCipher::Rc4.key(&Secret::new(vec![1; 15])).is_none());
    }
}
