//! Authenticated encryption in place (RFC 5116): AES-GCM and ChaCha20-Poly1305 on ring, AES-CCM on RustCrypto
//! (RFC 6655 section 3 for the 8 byte tag).

use super::Secret;
use aes::Aes128;
use ccm::aead::generic_array::GenericArray;
use ccm::aead::{AeadInPlace, KeyInit};
use ccm::consts::{U12, U16, U8};
use core::fmt;
use ring::aead as ring_aead;

/// Nonce length of every AEAD here (RFC 8446 section 5.3: at least 8, these all have 12).
pub const NONCE_LEN: usize = 12;

/// Longest tag of the AEADs here.
pub const MAX_TAG_LEN: usize = 16;

/// An AEAD algorithm.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum AeadAlg {
    /// AEAD_AES_128_GCM
    Aes128Gcm,
    /// AEAD_AES_256_GCM
    Aes256Gcm,
    /// AEAD_CHACHA20_POLY1305
    ChaCha20Poly1305,
    /// AEAD_AES_128_CCM
    Aes128Ccm,
    /// AEAD_AES_128_CCM_8
    Aes128Ccm8,
}

impl AeadAlg {
    /// Key length in bytes.
    pub const fn key_len(self) -> usize {
        match self {
            Self::Aes128Gcm | Self::Aes128Ccm | Self::Aes128Ccm8 => 16,
            Self::Aes256Gcm | Self::ChaCha20Poly1305 => 32,
        }
    }

    /// Tag length in bytes.
    pub const fn tag_len(self) -> usize {
        match self {
            Self::Aes128Ccm8 => 8,
            _ => 16,
        }
    }

    /// Makes a key; `None` when the length does not fit.
    pub fn key(self, key: &Secret) -> Option<AeadKey> {
        let bytes = key.as_ref();
        let on_ring = |alg| {
            let unbound = ring_aead::UnboundKey::new(alg, bytes).ok()?;
            Some(Inner::Ring(Box::new(ring_aead::LessSafeKey::new(unbound))))
        };
        let inner = match self {
            Self::Aes128Gcm => on_ring(&ring_aead::AES_128_GCM)?,
            Self::Aes256Gcm => on_ring(&ring_aead::AES_256_GCM)?,
            Self::ChaCha20Poly1305 => on_ring(&ring_aead::CHACHA20_POLY1305)?,
            Self::Aes128Ccm => Inner::Ccm(Box::new(ccm::Ccm::new_from_slice(bytes).ok()?)),
            Self::Aes128Ccm8 => Inner::Ccm8(Box::new(ccm::Ccm::new_from_slice(bytes).ok()?)),
        };
        Some(AeadKey { alg: self, inner })
    }
}

/// A key ready to seal and open.
pub struct AeadKey {
    alg: AeadAlg,
    inner: Inner,
}

enum Inner {
    Ring(Box<ring_aead::LessSafeKey>),
    Ccm(Box<ccm::Ccm<Aes128, U16, U12>>),
    Ccm8(Box<ccm::Ccm<Aes128, U8, U12>>),
}

impl fmt::Debug for AeadKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AeadKey({:?})", self.alg)
    }
}

/// Sealing or opening failed. Why is nobody's business (it would be an oracle).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AeadFailed;

impl AeadKey {
    /// The algorithm.
    pub fn alg(&self) -> AeadAlg {
        self.alg
    }

    /// Seals all of `buffer` from `start` on in place and appends the tag.
    pub fn seal(
        &self,
        nonce: &[u8; NONCE_LEN],
        aad: &[u8],
        buffer: &mut Vec<u8>,
        start: usize,
    ) -> Result<(), AeadFailed> {
        let data = buffer.get_mut(start..).ok_or(AeadFailed)?;
        match &self.inner {
            Inner::Ring(key) => {
                let tag = key
                    .seal_in_place_separate_tag(
                        ring_aead::Nonce::assume_unique_for_key(*nonce),
                        ring_aead::Aad::from(aad),
                        data,
                    )
                    .map_err(|_| AeadFailed)?;
                buffer.extend_from_slice(tag.as_ref());
            }
            Inner::Ccm(key) => {
                let tag = seal_ccm(&**key, nonce, aad, data)?;
                buffer.extend_from_slice(&tag);
            }
            Inner::Ccm8(key) => {
                let tag = seal_ccm(&**key, nonce, aad, data)?;
                buffer.extend_from_slice(&tag);
            }
        }
        Ok(())
    }

    /// Opens `data`, ciphertext and tag, in place; gives the plaintext's length. On failure the contents are unspecified
    /// and hold no plaintext.
    pub fn open(
        &self,
        nonce: &[u8; NONCE_LEN],
        aad: &[u8],
        data: &mut [u8],
    ) -> Result<usize, AeadFailed> {
        match &self.inner {
            Inner::Ring(key) => key
                .open_in_place(
                    ring_aead::Nonce::assume_unique_for_key(*nonce),
                    ring_aead::Aad::from(aad),
                    data,
                )
                .map(|plain| plain.len())
                .map_err(|_| AeadFailed),
            Inner::Ccm(key) => open_ccm(&**key, nonce, aad, data),
            Inner::Ccm8(key) => open_ccm(&**key, nonce, aad, data),
        }
    }
}

fn seal_ccm<C: AeadInPlace<NonceSize = U12>>(
    key: &C,
    nonce: &[u8; NONCE_LEN],
    aad: &[u8],
    data: &mut [u8],
) -> Result<GenericArray<u8, C::TagSize>, AeadFailed> {
    key.encrypt_in_place_detached(GenericArray::from_slice(nonce), aad, data)
        .map_err(|_| AeadFailed)
}

fn open_ccm<C: AeadInPlace<NonceSize = U12>>(
    key: &C,
    nonce: &[u8; NONCE_LEN],
    aad: &[u8],
    data: &mut [u8],
) -> Result<usize, AeadFailed> {
    use ccm::aead::generic_array::typenum::Unsigned;
    let plain_len = data
        .len()
        .checked_sub(C::TagSize::USIZE)
        .ok_or(AeadFailed)?;
    let (data, tag) = data.split_at_mut_checked(plain_len).ok_or(AeadFailed)?;
    key.decrypt_in_place_detached(
        GenericArray::from_slice(nonce),
        aad,
        data,
        GenericArray::from_slice(tag),
    )
    .map_err(|_| AeadFailed)?;
    Ok(plain_len)
}
