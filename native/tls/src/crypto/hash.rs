//! Hash functions of the cipher suites and of old versions, and HMAC and HKDF over them (RFC 2104, RFC 5869).
//!
//! Digests run on ring; HMAC runs on aws-lc, whose contexts are wiped when they are dropped. MD5, which neither has, is
//! RustCrypto's.

use super::Secret;
use aws_lc_rs::hmac;
use core::fmt;
use md5::{Digest as _, Md5};
use ring::digest;
use zeroize::Zeroizing;

/// A hash function that a cipher suite or a version may name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum HashAlg {
    /// MD5 (RFC 1321): PRF and MACs of TLS 1.0 and 1.1.
    Md5,
    /// SHA-1 (FIPS 180-4): the same.
    Sha1,
    /// MD5 followed by SHA-1: transcripts of TLS 1.0 and 1.1 (RFC 4346 section 7.4.9). Its HMAC, which nothing names, is
    /// that of both, one after the other.
    Md5Sha1,
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
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Md5Sha1 => 36,
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
        let sha = |alg| Some(digest::Context::new(alg));
        let md5 = || Some(Md5::new());
        let (md5, sha) = match self {
            Self::Md5 => (md5(), None),
            Self::Sha1 => (None, sha(&digest::SHA1_FOR_LEGACY_USE_ONLY)),
            Self::Md5Sha1 => (md5(), sha(&digest::SHA1_FOR_LEGACY_USE_ONLY)),
            Self::Sha256 => (None, sha(&digest::SHA256)),
            Self::Sha384 => (None, sha(&digest::SHA384)),
        };
        HashContext { md5, sha }
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
            block = context.sign();
            piece.copy_from_slice(block.as_ref().get(..piece.len())?);
        }
        block.wipe();
        Some(())
    }
}

/// An HMAC key with its padded blocks already hashed in.
pub struct HmacKey {
    md5: Option<Box<HmacMd5>>,
    sha: Option<hmac::Key>,
}

/// MD5 after the inner and after the outer padded key.
#[derive(Clone)]
struct HmacMd5 {
    inner: Md5,
    outer: Md5,
}

impl HmacMd5 {
    fn new(key: &[u8]) -> Self {
        const BLOCK: usize = 64;
        let mut block = Zeroizing::new([0u8; BLOCK]);
        let hashed = Zeroizing::new(<[u8; 16]>::from(Md5::digest(key)));
        let key = if key.len() > BLOCK { &hashed[..] } else { key };
        for (to, byte) in block.iter_mut().zip(key) {
            *to = *byte;
        }
        let padded =
            |pad: u8| Md5::new_with_prefix(Zeroizing::new(block.map(|byte| byte ^ pad)).as_slice());
        Self {
            inner: padded(0x36),
            outer: padded(0x5c),
        }
    }
}

impl HmacKey {
    /// Of any length.
    pub fn new(alg: HashAlg, key: &[u8]) -> Self {
        let sha = |alg| Some(hmac::Key::new(alg, key));
        let md5 = || Some(Box::new(HmacMd5::new(key)));
        let (md5, sha) = match alg {
            HashAlg::Md5 => (md5(), None),
            HashAlg::Sha1 => (None, sha(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY)),
            HashAlg::Md5Sha1 => (md5(), sha(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY)),
            HashAlg::Sha256 => (None, sha(hmac::HMAC_SHA256)),
            HashAlg::Sha384 => (None, sha(hmac::HMAC_SHA384)),
        };
        Self { md5, sha }
    }

    fn start(&self) -> HmacContext {
        HmacContext {
            md5: self.md5.as_deref().cloned(),
            sha: self.sha.as_ref().map(hmac::Context::with_key),
        }
    }

    /// HMAC of the parts' concatenation.
    pub fn sign(&self, parts: &[&[u8]]) -> Digest {
        let mut context = self.start();
        for part in parts {
            context.update(part);
        }
        context.sign()
    }
}

impl fmt::Debug for HmacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HmacKey(..)")
    }
}

/// An HMAC in progress.
struct HmacContext {
    md5: Option<HmacMd5>,
    sha: Option<hmac::Context>,
}

impl HmacContext {
    fn update(&mut self, data: &[u8]) {
        if let Some(md5) = &mut self.md5 {
            md5.inner.update(data);
        }
        if let Some(sha) = &mut self.sha {
            sha.update(data);
        }
    }

    fn sign(self) -> Digest {
        let mut digest = Digest::default();
        if let Some(HmacMd5 { inner, mut outer }) = self.md5 {
            outer.update(inner.finalize());
            digest.append(&outer.finalize());
        }
        if let Some(sha) = self.sha {
            digest.append(sha.sign().as_ref());
        }
        digest
    }
}

/// A hash in progress; the transcript's.
#[derive(Clone)]
pub struct HashContext {
    md5: Option<Md5>,
    sha: Option<digest::Context>,
}

impl HashContext {
    /// Appends `data`.
    pub fn update(&mut self, data: &[u8]) {
        if let Some(md5) = &mut self.md5 {
            md5.update(data);
        }
        if let Some(sha) = &mut self.sha {
            sha.update(data);
        }
    }

    /// The digest of all that went in.
    pub fn finish(self) -> Digest {
        let mut digest = Digest::default();
        if let Some(md5) = self.md5 {
            digest.append(&md5.finalize());
        }
        if let Some(sha) = self.sha {
            digest.append(sha.finish().as_ref());
        }
        digest
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
    /// At most `MAX_DIGEST_LEN` bytes in all are taken; every algorithm of `HashAlg` gives at most that.
    fn append(&mut self, from: &[u8]) {
        let free = self
            .bytes
            .get_mut(usize::from(self.len)..)
            .unwrap_or_default();
        let taken = from.len().min(free.len());
        for (to, byte) in free.iter_mut().zip(from) {
            *to = *byte;
        }
        self.len = self.len.saturating_add(taken as u8);
    }

    pub(crate) fn wipe(&mut self) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::testing::hex;

    #[test]
    fn digests_follow_fips_180_4() {
        assert_eq!(
            HashAlg::Sha256.hash(&[b"a", b"", b"bc"]).as_ref(),
            hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        );
        assert_eq!(
            HashAlg::Sha384.hash(&[b"abc"]).as_ref(),
            hex("cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7")
        );
    }

    #[test]
    fn a_running_hash_can_be_looked_at_and_goes_on() {
        let mut context = HashAlg::Sha384.start();
        context.update(b"a");
        assert_eq!(
            context.current().as_ref(),
            HashAlg::Sha384.hash(&[b"a"]).as_ref()
        );
        context.update(b"b");
        assert_eq!(
            context.finish().as_ref(),
            HashAlg::Sha384.hash(&[b"ab"]).as_ref()
        );
    }

    #[test]
    fn hmac_follows_rfc_4231_case_2() {
        let parts: &[&[u8]] = &[b"what do ya want ", b"for nothing?"];
        assert_eq!(
            HashAlg::Sha256.hmac(b"Jefe", parts).as_ref(),
            hex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
        );
        assert_eq!(
            HashAlg::Sha384.hmac(b"Jefe", parts).as_ref(),
            hex("af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649")
        );
    }

    #[test]
    fn hkdf_follows_rfc_5869() {
        let range = |from: u8, to: u8| (from..=to).collect::<Vec<u8>>();
        let cases = [
            (
                vec![0x0b; 22],
                range(0, 12),
                range(0xf0, 0xf9),
                "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
                "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
            ),
            (
                range(0, 0x4f),
                range(0x60, 0xaf),
                range(0xb0, 0xff),
                "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
                "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09
                 da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87",
            ),
            (
                vec![0x0b; 22],
                vec![],
                vec![],
                "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
                "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
            ),
        ];
        for (ikm, salt, info, prk, okm) in cases {
            let extracted = HashAlg::Sha256.hkdf_extract(&salt, &ikm);
            assert_eq!(extracted.as_ref(), hex(prk));
            let mut out = vec![0; hex(okm).len()];
            let (first, second) = info.split_at(info.len() / 2);
            HashAlg::Sha256
                .hkdf_expand(extracted.as_ref(), &[first, second], &mut out)
                .unwrap();
            assert_eq!(out, hex(okm));
        }
    }

    #[test]
    fn hkdf_refuses_more_than_255_blocks() {
        for hash in [HashAlg::Sha256, HashAlg::Sha384] {
            let mut out = vec![0; 255 * hash.len() + 1];
            assert_eq!(hash.hkdf_expand(b"k", &[], &mut out), None);
            out.pop();
            assert_eq!(hash.hkdf_expand(b"k", &[], &mut out), Some(()));
        }
    }

    #[test]
    fn digests_and_contexts_print_no_contents() {
        assert_eq!(
            format!("{:?}", HashAlg::Sha256.hash(&[])),
            "Digest(32 bytes)"
        );
        assert_eq!(format!("{:?}", HashAlg::Sha256.start()), "HashContext(..)");
    }
}
