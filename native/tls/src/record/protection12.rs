//! Protection of records of TLS 1.0 to 1.2 in one direction (RFC 5246 section 6.2.3; RFC 2246 and RFC 4346 section 6.2.3 for
//! the IVs of their versions; RFC 5288, RFC 6655 and RFC 7905 for the nonces of GCM, CCM and ChaCha20-Poly1305).
//!
//! CBC records are MAC, then padding, then encryption. They are opened in time that depends on their length only, and
//! whatever is wrong with one is the same error.

use super::RecordError;
use crate::crypto::aead::{AeadKey, NONCE_LEN};
use crate::crypto::cbc::{BlockCipher, CbcDecryptor, CbcEncryptor, MAX_BLOCK_LEN};
use crate::crypto::mac::{less, same, MacKey, SecretLengthMacKey, MAX_MAC_LEN, PSEUDO_HEADER_LEN};
use crate::crypto::stream::StreamKey;
use crate::crypto::suites::RecordCipher;
use crate::crypto::{Random, Secret};
use crate::enums::{ContentType, ProtocolVersion};
use crate::schedule::tls12::DirectionKeys;
use aes::cipher::{BlockEncrypt, KeyInit};
use aes::Aes256;
use core::fmt;
use core::hint::black_box;
use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroizing;

/// The part of a nonce that stands in the record.
const EXPLICIT_NONCE_LEN: usize = 8;

/// How much longer padding may be than none: one byte of length and 255.
const MAX_PADDING: usize = 256;

/// The nonces of an AEAD.
#[derive(Debug)]
struct Nonces {
    /// Bytes of the fixed part, zeros after them.
    fixed: Zeroizing<[u8; NONCE_LEN]>,
    /// The rest stands in each record. Otherwise the sequence number is xored in.
    explicit: bool,
}

impl Nonces {
    fn new(iv: &Secret) -> Result<Self, RecordError> {
        let mut fixed = Zeroizing::new([0; NONCE_LEN]);
        fixed
            .get_mut(..iv.len())
            .ok_or(RecordError::NoKeys)?
            .copy_from_slice(iv.as_ref());
        Ok(Self {
            fixed,
            explicit: iv.len() < NONCE_LEN,
        })
    }

    fn explicit_len(&self) -> usize {
        if self.explicit {
            EXPLICIT_NONCE_LEN
        } else {
            0
        }
    }

    /// `last` is the explicit part, or the sequence number.
    fn nonce(&self, last: [u8; EXPLICIT_NONCE_LEN]) -> [u8; NONCE_LEN] {
        let mut nonce = *self.fixed;
        for (byte, s) in nonce.iter_mut().rev().zip(last.iter().rev()) {
            *byte ^= s;
        }
        nonce
    }
}

/// What is authenticated besides the content: MAC_write_key's input, or additional_data.
fn pseudo_header(
    sequence: u64,
    content_type: ContentType,
    version: ProtocolVersion,
    len: usize,
) -> [u8; PSEUDO_HEADER_LEN] {
    let [s0, s1, s2, s3, s4, s5, s6, s7] = sequence.to_be_bytes();
    let ([v0, v1], [l0, l1]) = (version.0.to_be_bytes(), (len as u16).to_be_bytes());
    [
        s0,
        s1,
        s2,
        s3,
        s4,
        s5,
        s6,
        s7,
        content_type.0,
        v0,
        v1,
        l0,
        l1,
    ]
}

/// Blocks that nobody can foresee, for IVs: AES in counter mode under a random key.
struct Unforeseeable {
    key: Aes256,
    counter: u128,
}

impl Unforeseeable {
    fn new(random: &mut dyn Random) -> Result<Self, RecordError> {
        let mut key = Zeroizing::new([0; 32]);
        random
            .fill(&mut key[..])
            .map_err(|_| RecordError::NoRandom)?;
        Ok(Self {
            key: Aes256::new((&*key).into()),
            counter: 0,
        })
    }

    fn next(&mut self) -> [u8; MAX_BLOCK_LEN] {
        let mut block = self.counter.to_be_bytes().into();
        self.counter = self.counter.wrapping_add(1);
        self.key.encrypt_block(&mut block);
        block.into()
    }
}

impl fmt::Debug for Unforeseeable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Unforeseeable(..)")
    }
}

/// Does each record of CBC bring its IV? (RFC 4346 section 6.2.3.2; in TLS 1.0 it is the last block before.)
fn has_own_iv(version: ProtocolVersion) -> bool {
    version != ProtocolVersion::TLS10
}

/// What the chain of blocks begins with: of no account where each record brings its IV.
fn first_iv(own_iv: bool, block: BlockCipher, of_key_block: &Secret) -> &[u8] {
    const ZEROS: [u8; MAX_BLOCK_LEN] = [0; MAX_BLOCK_LEN];
    if own_iv {
        ZEROS.get(..block.len()).unwrap_or(&ZEROS)
    } else {
        of_key_block.as_ref()
    }
}

/// What seals records.
#[derive(Debug)]
pub(super) struct Tls12WriteKey {
    version: ProtocolVersion,
    cipher: WriteCipher,
    sequence: u64,
}

/// Boxed as a whole by its owner: the variants may differ in size.
#[derive(Debug)]
#[allow(clippy::large_enum_variant)]
enum WriteCipher {
    Aead(AeadKey, Nonces),
    Cbc {
        block: BlockCipher,
        mac: MacKey,
        mac_len: usize,
        chain: CbcEncryptor,
        /// `None`: the chain's IV (TLS 1.0).
        ivs: Option<Unforeseeable>,
    },
    Stream(StreamKey, MacKey, usize),
}

impl Tls12WriteKey {
    pub(super) fn new(keys: &DirectionKeys, random: &mut dyn Random) -> Result<Self, RecordError> {
        let DirectionKeys {
            version,
            suite,
            mac_key,
            key,
            iv,
        } = keys;
        let no_keys = RecordError::NoKeys;
        let cipher = match suite.cipher {
            RecordCipher::Aead(aead) => {
                WriteCipher::Aead(aead.key(key).ok_or(no_keys)?, Nonces::new(iv)?)
            }
            RecordCipher::Cbc(block, mac) => {
                let own_iv = has_own_iv(*version);
                WriteCipher::Cbc {
                    block,
                    mac: mac.key(mac_key).ok_or(no_keys)?,
                    mac_len: mac.len(),
                    chain: CbcEncryptor::new(block, key, first_iv(own_iv, block, iv))
                        .ok_or(no_keys)?,
                    ivs: if own_iv {
                        Some(Unforeseeable::new(random)?)
                    } else {
                        None
                    },
                }
            }
            RecordCipher::Stream(stream, mac) => WriteCipher::Stream(
                stream.key(key).ok_or(no_keys)?,
                mac.key(mac_key).ok_or(no_keys)?,
                mac.len(),
            ),
        };
        Ok(Self {
            version: *version,
            cipher,
            sequence: 0,
        })
    }

    pub(super) fn version(&self) -> ProtocolVersion {
        self.version
    }

    /// Is a record's IV known before it is sent?
    pub(super) fn has_foreseeable_iv(&self) -> bool {
        matches!(self.cipher, WriteCipher::Cbc { ivs: None, .. })
    }

    /// Length of a record's body with so much content.
    pub(super) fn body_len(&self, content_len: usize) -> usize {
        match &self.cipher {
            WriteCipher::Aead(key, nonces) => {
                nonces.explicit_len() + content_len + key.alg().tag_len()
            }
            WriteCipher::Cbc {
                block,
                mac_len,
                ivs,
                ..
            } => {
                let iv_len = if ivs.is_some() { block.len() } else { 0 };
                let unpadded = content_len + mac_len;
                iv_len + unpadded + block.len() - unpadded % block.len()
            }
            WriteCipher::Stream(_, _, mac_len) => content_len + mac_len,
        }
    }

    /// Appends what stands in front of the content.
    pub(super) fn begin(&mut self, out: &mut Vec<u8>) {
        match &mut self.cipher {
            WriteCipher::Aead(_, nonces) if nonces.explicit => {
                // Unique under one key, as the sequence number is.
                out.extend_from_slice(&self.sequence.to_be_bytes());
            }
            WriteCipher::Cbc {
                block,
                ivs: Some(ivs),
                ..
            } => out.extend(ivs.next().iter().take(block.len())),
            _ => {}
        }
    }

    /// Seals `out` from `start` on, which holds what `begin` made, and the content.
    pub(super) fn seal(
        &mut self,
        content_type: ContentType,
        out: &mut Vec<u8>,
        start: usize,
        content_len: usize,
    ) -> Result<(), RecordError> {
        if self.sequence == u64::MAX {
            return Err(RecordError::KeyExhausted);
        }
        let header = pseudo_header(self.sequence, content_type, self.version, content_len);
        let content_at = out
            .len()
            .checked_sub(content_len)
            .ok_or(RecordError::SealFailed)?;
        let content = out.get(content_at..).unwrap_or_default();
        match &mut self.cipher {
            WriteCipher::Aead(key, nonces) => {
                let nonce = nonces.nonce(self.sequence.to_be_bytes());
                key.seal(&nonce, &header, out, content_at)
                    .map_err(|_| RecordError::SealFailed)?;
            }
            WriteCipher::Cbc {
                block, mac, chain, ..
            } => {
                let mac = mac.sign(&header, content);
                out.extend_from_slice(mac.as_ref());
                let padding = block.len() - (out.len() - start) % block.len();
                out.resize(out.len() + padding, (padding - 1) as u8);
                let body = out.get_mut(start..).unwrap_or_default();
                chain.encrypt(body).map_err(|_| RecordError::SealFailed)?;
            }
            WriteCipher::Stream(key, mac, _) => {
                let mac = mac.sign(&header, content);
                out.extend_from_slice(mac.as_ref());
                key.apply(out.get_mut(start..).unwrap_or_default())
                    .map_err(|_| RecordError::SealFailed)?;
            }
        }
        self.sequence += 1; // below u64::MAX
        Ok(())
    }

    #[cfg(test)]
    pub(super) fn set_sequence(&mut self, sequence: u64) {
        self.sequence = sequence;
    }
}

/// What opens records.
#[derive(Debug)]
pub(super) struct Tls12ReadKey {
    version: ProtocolVersion,
    cipher: ReadCipher,
    sequence: u64,
    /// Must CBC's padding have the right contents? In TLS 1.0 only can there be no.
    check_padding: bool,
}

/// Boxed as a whole by its owner.
#[derive(Debug)]
#[allow(clippy::large_enum_variant)]
enum ReadCipher {
    Aead(AeadKey, Nonces),
    Cbc {
        block: BlockCipher,
        mac: SecretLengthMacKey,
        mac_len: usize,
        chain: CbcDecryptor,
        own_iv: bool,
    },
    Stream(StreamKey, MacKey, usize),
}

impl Tls12ReadKey {
    pub(super) fn new(keys: &DirectionKeys, check_padding: bool) -> Result<Self, RecordError> {
        let DirectionKeys {
            version,
            suite,
            mac_key,
            key,
            iv,
        } = keys;
        let no_keys = RecordError::NoKeys;
        let cipher = match suite.cipher {
            RecordCipher::Aead(aead) => {
                ReadCipher::Aead(aead.key(key).ok_or(no_keys)?, Nonces::new(iv)?)
            }
            RecordCipher::Cbc(block, mac) => {
                let own_iv = has_own_iv(*version);
                ReadCipher::Cbc {
                    block,
                    mac: mac.secret_length_key(mac_key).ok_or(no_keys)?,
                    mac_len: mac.len(),
                    chain: CbcDecryptor::new(block, key, first_iv(own_iv, block, iv))
                        .ok_or(no_keys)?,
                    own_iv,
                }
            }
            RecordCipher::Stream(stream, mac) => ReadCipher::Stream(
                stream.key(key).ok_or(no_keys)?,
                mac.key(mac_key).ok_or(no_keys)?,
                mac.len(),
            ),
        };
        Ok(Self {
            version: *version,
            cipher,
            sequence: 0,
            check_padding: check_padding || *version != ProtocolVersion::TLS10,
        })
    }

    pub(super) fn version(&self) -> ProtocolVersion {
        self.version
    }

    /// How much stands in front of the encrypted content.
    pub(super) fn prefix_len(&self) -> usize {
        match &self.cipher {
            ReadCipher::Aead(_, nonces) => nonces.explicit_len(),
            ReadCipher::Cbc { block, own_iv, .. } if *own_iv => block.len(),
            ReadCipher::Cbc { .. } | ReadCipher::Stream(..) => 0,
        }
    }

    /// Opens `body`, which stands behind `prefix`, in place; gives the content's length. On failure no plaintext is left.
    pub(super) fn open(
        &mut self,
        content_type: ContentType,
        prefix: &[u8],
        body: &mut [u8],
        max_content: usize,
    ) -> Result<usize, RecordError> {
        if self.sequence == u64::MAX {
            return Err(RecordError::KeyExhausted);
        }
        let opened = self.open_body(content_type, prefix, body);
        self.sequence += 1; // below u64::MAX
        match opened {
            Some(len) if len <= max_content => Ok(len),
            opened => {
                body.fill(0);
                Err(opened.map_or(RecordError::BadRecordMac, |_| RecordError::Overflow))
            }
        }
    }

    /// `None`: it is not genuine.
    fn open_body(
        &mut self,
        content_type: ContentType,
        prefix: &[u8],
        body: &mut [u8],
    ) -> Option<usize> {
        let (sequence, version) = (self.sequence, self.version);
        let header = |len| pseudo_header(sequence, content_type, version, len);
        match &mut self.cipher {
            ReadCipher::Aead(key, nonces) => {
                let last = match prefix.first_chunk() {
                    Some(explicit) => *explicit,
                    None => sequence.to_be_bytes(),
                };
                let len = body.len().checked_sub(key.alg().tag_len())?;
                key.open(&nonces.nonce(last), &header(len), body).ok()
            }
            ReadCipher::Cbc {
                block,
                mac,
                mac_len,
                chain,
                own_iv,
            } => {
                if !body.len().is_multiple_of(block.len()) || body.len() <= *mac_len {
                    return None;
                }
                chain.decrypt(own_iv.then_some(prefix), body).ok()?;
                let (mut good, content_len) = without_padding(body, *mac_len, self.check_padding);
                let hashed = body.get(..body.len() - *mac_len)?;
                let expected = mac.sign(&header(content_len), hashed, content_len);
                let received = mac_of(body, content_len, *mac_len);
                good &= expected.get(..*mac_len)?.ct_eq(received.get(..*mac_len)?);
                bool::from(good).then_some(content_len)
            }
            ReadCipher::Stream(key, mac, mac_len) => {
                let len = body.len().checked_sub(*mac_len)?;
                key.apply(body).ok()?;
                let (content, received) = body.split_at_checked(len)?;
                let expected = mac.sign(&header(len), content);
                crate::crypto::eq(expected.as_ref(), received).then_some(len)
            }
        }
    }

    #[cfg(test)]
    pub(super) fn set_sequence(&mut self, sequence: u64) {
        self.sequence = sequence;
    }
}

/// Is the padding at the end of a decrypted body right, and how much content is there before MAC and padding? If it is
/// wrong the length is that without any padding, so that a MAC can be computed all the same. Both are secrets still: the
/// time depends on the lengths of body and MAC only. The body is longer than the MAC.
fn without_padding(body: &[u8], mac_len: usize, check: bool) -> (Choice, usize) {
    let last = body.last().copied().unwrap_or_default();
    let padding = black_box(usize::from(last));
    let mut bad = less(body.len(), mac_len + 1 + padding);
    if check {
        for (i, byte) in body.iter().rev().take(MAX_PADDING).enumerate() {
            bad |= !less(padding, i) & (byte ^ last);
        }
    }
    let good = same(usize::from(bad), 0);
    let mask = usize::from(good) << 1 | usize::from(good); // nine bits: up to 256
    let dropped = (padding + 1) & black_box(mask);
    (Choice::from(good & 1), body.len() - mac_len - dropped)
}

/// The MAC that stands at the secret position `at` of a decrypted body, up to 256 bytes before its end. The time depends on
/// the lengths of body and MAC only: all bytes where it may stand are looked at, and gathered in a ring as long as the MAC;
/// the ring is then turned until it begins with the first one.
fn mac_of(body: &[u8], at: usize, mac_len: usize) -> [u8; MAX_MAC_LEN] {
    let (from, to) = (black_box(at), black_box(at + mac_len));
    let scanned = body.len().saturating_sub(mac_len + MAX_PADDING);
    let mut ring = [0; MAX_MAC_LEN];
    let mut turn = 0;
    let mut position = scanned;
    for chunk in body.get(scanned..).unwrap_or_default().chunks(mac_len) {
        for (i, (slot, byte)) in ring.iter_mut().zip(chunk).enumerate() {
            *slot |= byte & !less(position, from) & less(position, to);
            turn |= i as u8 & same(position, from);
            position += 1;
        }
    }
    let turn = black_box(turn);
    for bit in 0..u8::BITS - (mac_len as u8).leading_zeros() {
        let mask = (turn >> bit & 1).wrapping_neg();
        let turned = ring;
        let turned = turned.iter().take(mac_len).cycle().skip(1 << bit);
        for (slot, byte) in ring.iter_mut().take(mac_len).zip(turned) {
            *slot = (*slot & !mask) | (byte & mask);
        }
    }
    ring
}
