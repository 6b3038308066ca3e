//! MACs of records up to TLS 1.2 (RFC 5246 section 6.2.3.1), and the one of CBC records, whose length is a secret until it
//! has been found right.
//!
//! An HMAC over data of secret length must not take time that depends on it ("Lucky Thirteen"). What is certainly data is
//! hashed as usual. Of the rest as many blocks are hashed as there could be, each made byte by byte with masks, and the
//! digest is taken by a mask after the one that was the last. Provider there: RustCrypto's compression functions.

use super::hash::{Digest, HashAlg, HmacKey};
use super::Secret;
use core::fmt;
use core::hint::black_box;
use sha1::digest::generic_array::{ArrayLength, GenericArray};
use zeroize::{Zeroize, Zeroizing};

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

/// Longest MAC.
pub const MAX_MAC_LEN: usize = 48;

/// Sequence number, type, version and length: what is authenticated in front of the content.
pub const PSEUDO_HEADER_LEN: usize = 13;

/// How much shorter than possible data of secret length may be: padding of CBC.
const MAX_SECRET: usize = 256;

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

    /// A key; `None` if its length does not fit.
    pub fn key(self, key: &Secret) -> Option<MacKey> {
        (key.len() == self.len()).then(|| MacKey(HmacKey::new(self.hash(), key.as_ref())))
    }

    /// A key for data of secret length; `None` if its length does not fit, or CBC is not used with this MAC.
    pub fn secret_length_key(self, key: &Secret) -> Option<SecretLengthMacKey> {
        if key.len() != self.len() {
            return None;
        }
        let key = key.as_ref();
        Some(SecretLengthMacKey(match self {
            Self::Md5 => return None,
            Self::Sha1 => Inner::Sha1(Padded::new(key)),
            Self::Sha256 => Inner::Sha256(Padded::new(key)),
            Self::Sha384 => Inner::Sha384(Box::new(Padded::new(key))),
        }))
    }
}

/// A MAC key. Provider: aws-lc.
#[derive(Debug)]
pub struct MacKey(HmacKey);

impl MacKey {
    /// The MAC of pseudo header and content.
    pub fn sign(&self, header: &[u8; PSEUDO_HEADER_LEN], content: &[u8]) -> Digest {
        self.0.sign(&[header, content])
    }
}

/// A MAC key for data of secret length.
pub struct SecretLengthMacKey(Inner);

enum Inner {
    Sha1(Padded<Sha1>),
    Sha256(Padded<Sha256>),
    Sha384(Box<Padded<Sha384>>),
}

impl fmt::Debug for SecretLengthMacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretLengthMacKey(..)")
    }
}

impl SecretLengthMacKey {
    /// The MAC of pseudo header and the first `len` bytes of `data`. The time depends on `data.len()` only. `len` must be
    /// no less than `data.len() - 256`.
    pub fn sign(
        &self,
        header: &[u8; PSEUDO_HEADER_LEN],
        data: &[u8],
        len: usize,
    ) -> [u8; MAX_MAC_LEN] {
        match &self.0 {
            Inner::Sha1(key) => key.sign(header, data, len),
            Inner::Sha256(key) => key.sign(header, data, len),
            Inner::Sha384(key) => key.sign(header, data, len),
        }
    }
}

/// 255 if a < b, else 0, without branches. Both must be less than 2^31.
pub fn less(a: usize, b: usize) -> u8 {
    ((a.wrapping_sub(b) >> (usize::BITS - 1)) as u8).wrapping_neg()
}

/// 255 if a = b, else 0, without branches. Both must be less than 2^31.
pub fn same(a: usize, b: usize) -> u8 {
    less(a ^ b, 1)
}

/// A hash function, some blocks at a time.
trait Compression: Clone + Zeroize {
    /// Bytes of a block.
    const BLOCK: usize;
    /// Bytes of the length at the end.
    const LENGTH: usize;
    /// Bytes of the digest.
    const DIGEST: usize;
    fn initial() -> Self;
    /// `blocks` are whole ones.
    fn compress(&mut self, blocks: &[u8]);
    fn digest(&self) -> [u8; MAX_MAC_LEN];
}

fn words<'a>(words: impl Iterator<Item = impl AsRef<[u8]> + 'a>) -> [u8; MAX_MAC_LEN] {
    let mut out = [0; MAX_MAC_LEN];
    let mut to = out.iter_mut();
    for word in words {
        for (byte, to) in word.as_ref().iter().zip(to.by_ref()) {
            *to = *byte;
        }
    }
    out
}

/// Hashes whole blocks with a function that takes a slice of blocks of their own type.
fn one_by_one<State, Len: ArrayLength<u8>>(
    state: &mut State,
    blocks: &[u8],
    compress: impl Fn(&mut State, &[GenericArray<u8, Len>]),
) {
    for block in blocks.chunks_exact(Len::USIZE) {
        compress(
            state,
            core::slice::from_ref(GenericArray::from_slice(block)),
        );
    }
}

macro_rules! compression {
    ($name:ident, $state:ty, $initial:expr, $block:expr, $length:expr, $digest:expr, $compress:expr) => {
        #[derive(Clone, Zeroize)]
        struct $name($state);
        impl Compression for $name {
            const BLOCK: usize = $block;
            const LENGTH: usize = $length;
            const DIGEST: usize = $digest;
            fn initial() -> Self {
                Self($initial)
            }
            fn compress(&mut self, blocks: &[u8]) {
                #[cfg(test)]
                testing::COMPRESSIONS
                    .with(|count| count.set(count.get() + blocks.len() / Self::BLOCK));
                $compress(&mut self.0, blocks);
            }
            fn digest(&self) -> [u8; MAX_MAC_LEN] {
                words(self.0.iter().map(|word| word.to_be_bytes()))
            }
        }
    };
}

compression!(
    Sha1,
    [u32; 5],
    [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0],
    64,
    8,
    20,
    |state, blocks: &[u8]| one_by_one(state, blocks, sha1::compress)
);
compression!(
    Sha256,
    [u32; 8],
    [
        0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab,
        0x5be0cd19
    ],
    64,
    8,
    32,
    |state, blocks: &[u8]| one_by_one(state, blocks, sha2::compress256)
);
compression!(
    Sha384,
    [u64; 8],
    [
        0xcbbb9d5dc1059ed8,
        0x629a292a367cd507,
        0x9159015a3070dd17,
        0x152fecd8f70e5939,
        0x67332667ffc00b31,
        0x8eb44a8768581511,
        0xdb0c2e0d64f98fa7,
        0x47b5481dbefa4fa4
    ],
    128,
    16,
    48,
    |state, blocks: &[u8]| one_by_one(state, blocks, sha2::compress512)
);

/// The states after the padded keys.
struct Padded<C: Compression> {
    inner: C,
    outer: C,
}

impl<C: Compression> Drop for Padded<C> {
    fn drop(&mut self) {
        self.inner.zeroize();
        self.outer.zeroize();
    }
}

/// Room for all blocks that could end the data: less than a block that is certainly data, what may be data, and the end.
const TAIL: usize = 640;

impl<C: Compression> Padded<C> {
    /// The key is no longer than a block.
    fn new(key: &[u8]) -> Self {
        let start = |pad: u8| {
            let mut block = Zeroizing::new(vec![pad; C::BLOCK]);
            for (to, byte) in block.iter_mut().zip(key) {
                *to ^= byte;
            }
            let mut state = C::initial();
            state.compress(&block);
            state
        };
        Self {
            inner: start(0x36),
            outer: start(0x5c),
        }
    }

    fn sign(&self, header: &[u8; PSEUDO_HEADER_LEN], data: &[u8], len: usize) -> [u8; MAX_MAC_LEN] {
        let len = black_box(len);
        let mut state = self.inner.clone();

        // Blocks that are certainly data.
        let certain = PSEUDO_HEADER_LEN + data.len().saturating_sub(MAX_SECRET);
        let hashed = certain - certain % C::BLOCK;
        let (mut start, mut rest) = (header.as_slice(), data);
        if hashed > 0 {
            let (first, later) = data
                .split_at_checked(C::BLOCK - PSEUDO_HEADER_LEN)
                .unwrap_or((data, &[]));
            let mut block = [0; 128];
            for (to, byte) in block.iter_mut().zip(header.iter().chain(first)) {
                *to = *byte;
            }
            state.compress(block.get(..C::BLOCK).unwrap_or(&block));
            let (middle, later) = later
                .split_at_checked(hashed - C::BLOCK)
                .unwrap_or((later, &[]));
            state.compress(middle);
            (start, rest) = (&[], later);
        }

        // Blocks that may be data, and where they end.
        let mut tail = [0; TAIL];
        for (to, byte) in tail.iter_mut().zip(start.iter().chain(rest)) {
            *to = *byte;
        }
        let longest = PSEUDO_HEADER_LEN + data.len() - hashed;
        let blocks = (longest + 1 + C::LENGTH).div_ceil(C::BLOCK);
        let ends = PSEUDO_HEADER_LEN + len - hashed; // secret
        let last = (ends + C::LENGTH) / C::BLOCK; // a power of two: no division
        let bits = (((C::BLOCK + PSEUDO_HEADER_LEN + len) as u64) * 8).to_be_bytes();
        let mut digest = [0; MAX_MAC_LEN];
        for (i, block) in tail.chunks_exact_mut(C::BLOCK).take(blocks).enumerate() {
            let (ends, last) = (black_box(ends), black_box(last));
            for (j, byte) in block.iter_mut().enumerate() {
                let position = i * C::BLOCK + j;
                *byte = (*byte & less(position, ends)) | (0x80 & same(position, ends));
            }
            let is_last = same(i, last);
            for (to, byte) in block.iter_mut().rev().zip(bits.iter().rev()) {
                *to |= byte & is_last;
            }
            state.compress(block);
            for (to, byte) in digest.iter_mut().zip(state.digest()) {
                *to |= byte & is_last;
            }
        }
        state.zeroize();

        let mut block = [0; 128];
        let end = [0x80];
        for (to, byte) in block
            .iter_mut()
            .zip(digest.iter().take(C::DIGEST).chain(&end))
        {
            *to = *byte;
        }
        let bits = (((C::BLOCK + C::DIGEST) as u64) * 8).to_be_bytes();
        let block = block.get_mut(..C::BLOCK).unwrap_or_default();
        for (to, byte) in block.iter_mut().rev().zip(bits.iter().rev()) {
            *to = *byte;
        }
        let mut state = self.outer.clone();
        state.compress(block);
        state.digest()
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use core::cell::Cell;

    std::thread_local! {
        /// Blocks hashed by `Compression::compress` on this thread.
        pub(super) static COMPRESSIONS: Cell<usize> = const { Cell::new(0) };
    }

    /// What `run` gives, and how many blocks it hashed with `Compression::compress`.
    pub(crate) fn counted<T>(run: impl FnOnce() -> T) -> (T, usize) {
        COMPRESSIONS.with(|count| count.set(0));
        let result = run();
        (result, COMPRESSIONS.with(Cell::get))
    }
}

#[cfg(test)]
mod tests {
    use super::testing::counted;
    use super::*;
    use proptest::prelude::*;

    const ALL: [MacAlg; 3] = [MacAlg::Sha1, MacAlg::Sha256, MacAlg::Sha384];

    fn key_bytes(alg: MacAlg) -> Vec<u8> {
        (100..).take(alg.len()).collect()
    }

    fn keys(alg: MacAlg) -> (MacKey, SecretLengthMacKey) {
        let key = Secret::new(key_bytes(alg));
        (alg.key(&key).unwrap(), alg.secret_length_key(&key).unwrap())
    }

    fn check(alg: MacAlg, data: &[u8], len: usize) -> usize {
        let (plain, secret) = keys(alg);
        let header = &[0x5a; PSEUDO_HEADER_LEN];
        let (mac, blocks) = counted(|| secret.sign(header, data, len));
        let expected = plain.sign(header, &data[..len]);
        let hmac = alg.hash().hmac(&key_bytes(alg), &[header, &data[..len]]);
        assert_eq!(expected.as_ref(), hmac.as_ref());
        assert_eq!(
            mac[..alg.len()],
            *expected.as_ref(),
            "{alg:?} {len} of {}",
            data.len()
        );
        blocks
    }

    #[test]
    fn the_mac_of_every_length_is_right_and_takes_as_many_blocks() {
        for alg in ALL {
            for max in (0..700usize).chain([4096, 16384 - 13, 16384, 16384 + 256]) {
                let data: Vec<u8> = (0..max).map(|i| (i * 31) as u8).collect();
                let lens = max.saturating_sub(256)..=max;
                let step = if max % 173 == 0 || max > 4000 { 1 } else { 19 };
                let blocks: Vec<usize> = lens
                    .step_by(step)
                    .map(|len| check(alg, &data, len))
                    .collect();
                assert!(
                    blocks.iter().all(|count| *count == blocks[0]),
                    "{alg:?} {max}: {blocks:?}"
                );
            }
        }
    }

    #[test]
    fn keys_of_wrong_length_are_refused_and_md5_has_no_secret_length() {
        for alg in [MacAlg::Md5, MacAlg::Sha1, MacAlg::Sha256, MacAlg::Sha384] {
            for len in 0..70 {
                let key = Secret::new(vec![1; len]);
                assert_eq!(alg.key(&key).is_some(), len == alg.len());
                let secret = alg.secret_length_key(&key).is_some();
                assert_eq!(secret, len == alg.len() && alg != MacAlg::Md5);
            }
        }
    }

    #[test]
    fn comparisons_by_masks() {
        for a in (0..300).chain([65535, 1 << 30]) {
            for b in (0..300).chain([65535, 1 << 30]) {
                assert_eq!(less(a, b), if a < b { 255 } else { 0 });
                assert_eq!(same(a, b), if a == b { 255 } else { 0 });
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn any_data(
            alg in prop::sample::select(&ALL[..]),
            data in prop::collection::vec(any::<u8>(), 0..1500),
            short in 0usize..=256,
        ) {
            check(alg, &data, data.len().saturating_sub(short));
        }
    }
}
