//! Hash functions of the cipher suites, and HMAC and HKDF over them (RFC 2104, RFC 5869).
//!
//! Digests run on ring; HMAC runs on aws-lc, whose contexts are wiped when they are dropped.

use super::Secret;
use aws_lc_rs::hmac;
use core::fmt;
use ring::digest;

/// A hash function that a cipher suite may name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum HashAlg {
    /// SHA-256 (FIPS 180-4).
    Sha256,
    /// SHA-384 (FIPS 180-4).
    Sha384,
}

/// Length of the longest digest that `Digest` can hold: SHA-512's.
pub const MAX_DIGEST_LEN: usize = 64;

impl HashAlg {
    /// Output length in bytes.
    #[allow(clippy::len_without_is_empty)]
    pub const fn len(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
        }
    }

    /// The digest of the parts' concatenation.
    pub fn hash(self, parts: &[&[u8]]) -> Digest {
        let mut context = self.start();
        for part in parts {
            context.update(part);
        }
        context.finish()
    }

    /// A running hash.
    pub fn start(self) -> HashContext {
        HashContext(digest::Context::new(match self {
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
        }))
    }

    /// HMAC of the parts' concatenation.
    pub fn hmac(self, key: &[u8], parts: &[&[u8]]) -> Digest {
        HmacKey::new(self, key).sign(parts)
    }

    /// HKDF-Extract (RFC 5869 section 2.2).
    pub fn hkdf_extract(self, salt: &[u8], input: &[u8]) -> Secret {
        let mut prk = self.hmac(salt, &[input]);
        let secret = Secret::from(prk.as_ref());
        prk.wipe();
        secret
    }

    /// HKDF-Expand (RFC 5869 section 2.3) of `info`, given in parts. `None` when `out` is longer than 255 digests.
    pub fn hkdf_expand(self, prk: &[u8], info: &[&[u8]], out: &mut [u8]) -> Option<()> {
        let key = HmacKey::new(self, prk);
        let mut block = Digest::default();
        let mut counter: u8 = 0;
        for piece in out.chunks_mut(self.len()) {
            counter = counter.checked_add(1)?;
            let mut context = key.start();
            context.update(block.as_ref());
            for part in info {
                context.update(part);
            }
            context.update(&[counter]);
            block.wipe();
            block = Digest::new(context.sign().as_ref());
            piece.copy_from_slice(block.as_ref().get(..piece.len())?);
        }
        block.wipe();
        Some(())
    }
}

/// An HMAC key with its padded blocks already hashed in.
struct HmacKey(hmac::Key);

impl HmacKey {
    fn new(alg: HashAlg, key: &[u8]) -> Self {
        Self(hmac::Key::new(
            match alg {
                HashAlg::Sha256 => hmac::HMAC_SHA256,
                HashAlg::Sha384 => hmac::HMAC_SHA384,
            },
            key,
        ))
    }

    fn start(&self) -> hmac::Context {
        hmac::Context::with_key(&self.0)
    }

    fn sign(&self, parts: &[&[u8]]) -> Digest {
        let mut context = self.start();
        for part in parts {
            context.update(part);
        }
        Digest::new(context.sign().as_ref())
    }
}

/// A hash in progress; the transcript's.
#[derive(Clone)]
pub struct HashContext(digest::Context);

impl HashContext {
    /// Appends `data`.
    pub fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    /// The digest of all that went in.
    pub fn finish(self) -> Digest {
        Digest::new(self.0.finish().as_ref())
    }

    /// The digest so far, going on.
    pub fn current(&self) -> Digest {
        self.clone().finish()
    }
}

impl fmt::Debug for HashContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashContext(..)")
    }
}

/// The output of a hash or an HMAC. Compare secret ones with `crypto::eq`.
#[derive(Clone, Copy)]
pub struct Digest {
    bytes: [u8; MAX_DIGEST_LEN],
    len: u8,
}

impl Digest {
    /// At most `MAX_DIGEST_LEN` bytes are taken; every algorithm of `HashAlg` gives at most that.
    fn new(from: &[u8]) -> Self {
        let mut digest = Self::default();
        for (to, byte) in digest.bytes.iter_mut().zip(from) {
            *to = *byte;
        }
        digest.len = from.len().min(MAX_DIGEST_LEN) as u8;
        digest
    }

    fn wipe(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.bytes);
        self.len = 0;
    }
}

impl Default for Digest {
    /// The empty digest.
    fn default() -> Self {
        Self {
            bytes: [0; MAX_DIGEST_LEN],
            len: 0,
        }
    }
}

impl AsRef<[u8]> for Digest {
    fn as_ref(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or(&[])
    }
}

impl fmt::Debug for Digest {
    /// Prints the length only: an HMAC output may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({} bytes)", self.len)
    }
}
