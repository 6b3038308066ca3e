//! Authenticated encryption in place (RFC 5116): AES-GCM and ChaCha20-Poly1305 on ring, AES-CCM on RustCrypto
//! (RFC 6655 section 3 for the 8 byte tag).

use super::Secret;
use aes::{Aes128, Aes256};
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
    /// AEAD_AES_256_CCM
    Aes256Ccm,
    /// AEAD_AES_256_CCM_8
    Aes256Ccm8,
}

impl AeadAlg {
    /// Key length in bytes.
    pub const fn key_len(self) -> usize {
        match self {
            Self::Aes128Gcm | Self::Aes128Ccm | Self::Aes128Ccm8 => 16,
            Self::Aes256Gcm | Self::ChaCha20Poly1305 | Self::Aes256Ccm | Self::Aes256Ccm8 => 32,
        }
    }

    /// Tag length in bytes.
    pub const fn tag_len(self) -> usize {
        match self {
            Self::Aes128Ccm8 | Self::Aes256Ccm8 => 8,
            _ => 16,
        }
    }

    /// TLS 1.2: how much of the nonce comes from the key block (RFC 5288 section 3, RFC 6655 section 3, RFC 7905 section 2);
    /// what is missing to `NONCE_LEN` stands in the record.
    pub const fn fixed_iv_len(self) -> usize {
        match self {
            Self::ChaCha20Poly1305 => NONCE_LEN,
            _ => 4,
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
            Self::Aes256Ccm => Inner::Ccm256(Box::new(ccm::Ccm::new_from_slice(bytes).ok()?)),
            Self::Aes256Ccm8 => Inner::Ccm256Tag8(Box::new(ccm::Ccm::new_from_slice(bytes).ok()?)),
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
    Ccm256(Box<ccm::Ccm<Aes256, U16, U12>>),
    Ccm256Tag8(Box<ccm::Ccm<Aes256, U8, U12>>),
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
            Inner::Ccm256(key) => {
                let tag = seal_ccm(&**key, nonce, aad, data)?;
                buffer.extend_from_slice(&tag);
            }
            Inner::Ccm256Tag8(key) => {
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
            Inner::Ccm256(key) => open_ccm(&**key, nonce, aad, data),
            Inner::Ccm256Tag8(key) => open_ccm(&**key, nonce, aad, data),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::testing::hex;
    use proptest::prelude::*;

    const ALL: [AeadAlg; 7] = [
        AeadAlg::Aes128Gcm,
        AeadAlg::Aes256Gcm,
        AeadAlg::ChaCha20Poly1305,
        AeadAlg::Aes128Ccm,
        AeadAlg::Aes128Ccm8,
        AeadAlg::Aes256Ccm,
        AeadAlg::Aes256Ccm8,
    ];

    fn key(alg: AeadAlg, bytes: &[u8]) -> AeadKey {
        alg.key(&Secret::from(bytes)).unwrap()
    }

    fn sealed(key: &AeadKey, nonce: &[u8], aad: &[u8], plain: &[u8]) -> Vec<u8> {
        let mut buffer = plain.to_vec();
        key.seal(nonce.try_into().unwrap(), aad, &mut buffer, 0)
            .unwrap();
        buffer
    }

    fn range(from: u8, to: u8) -> Vec<u8> {
        (from..=to).collect()
    }

    #[test]
    fn chacha20_poly1305_follows_rfc_8439_section_2_8_2() {
        let key = key(AeadAlg::ChaCha20Poly1305, &range(0x80, 0x9f));
        let plain = b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, \
                      sunscreen would be it.";
        let out = sealed(
            &key,
            &hex("070000004041424344454647"),
            &hex("50515253c0c1c2c3c4c5c6c7"),
            plain,
        );
        assert_eq!(out[..16], hex("d31a8d34648e60db7b86afbc53ef7ec2"));
        assert_eq!(out[plain.len()..], hex("1ae10b594f09e26a7e902ecbd0600691"));
    }

    #[test]
    fn ccm_follows_sp_800_38c_example_3_and_openssl() {
        let (nonce, aad, plain) = (range(0x10, 0x1b), range(0, 19), range(0x20, 0x37));
        // The example has an 8 byte tag; the value with 16 bytes is OpenSSL's for the same input.
        let cipher = "e3b201a9f5b71a7a9b1ceaeccd97e70b6176aad9a4428aa5";
        for (alg, tag) in [
            (AeadAlg::Aes128Ccm8, "484392fbc1b09951"),
            (AeadAlg::Aes128Ccm, "c87ae488918de93f17dd3e4934347f44"),
        ] {
            let out = sealed(&key(alg, &range(0x40, 0x4f)), &nonce, &aad, &plain);
            assert_eq!(out, hex(&format!("{cipher}{tag}")));
        }
    }

    #[test]
    fn aes_256_gcm_agrees_with_openssl() {
        let bytes = [range(0x40, 0x4f), range(0x40, 0x4f)].concat();
        let out = sealed(
            &key(AeadAlg::Aes256Gcm, &bytes),
            &range(0x10, 0x1b),
            &range(0, 19),
            &range(0x20, 0x37),
        );
        assert_eq!(
            out,
            hex("a9350d82f8956e787a8db9829537f47db76595cae27aa126e0eb20eb765e538b2214fe55a6fd8339")
        );
    }

    #[test]
    fn keys_of_wrong_length_are_refused() {
        for alg in ALL {
            for len in [0, 15, 16, 17, 31, 32, 33] {
                assert_eq!(
                    alg.key(&Secret::new(vec![1; len])).is_some(),
                    len == alg.key_len(),
                    "{alg:?} {len}"
                );
            }
        }
    }

    #[test]
    fn input_shorter_than_the_tag_does_not_open() {
        for alg in ALL {
            let key = key(alg, &vec![1; alg.key_len()]);
            for len in 0..=alg.tag_len() {
                assert_eq!(key.open(&[0; 12], b"", &mut vec![0; len]), Err(AeadFailed));
            }
        }
    }

    #[test]
    fn keys_print_no_contents() {
        assert_eq!(
            format!("{:?}", key(AeadAlg::Aes128Ccm, &[1; 16])),
            "AeadKey(Aes128Ccm)"
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn what_was_sealed_opens_and_nothing_else_does(
            alg in prop::sample::select(&ALL[..]),
            nonce: [u8; 12],
            aad in prop::collection::vec(any::<u8>(), 0..20),
            plain in prop::collection::vec(any::<u8>(), 0..600),
            flip: prop::sample::Index,
        ) {
            let key = key(alg, &vec![7; alg.key_len()]);
            let out = sealed(&key, &nonce, &aad, &plain);
            prop_assert_eq!(out.len(), plain.len() + alg.tag_len());
            let mut opened = out.clone();
            prop_assert_eq!(key.open(&nonce, &aad, &mut opened), Ok(plain.len()));
            prop_assert_eq!(&opened[..plain.len()], &plain[..]);

            let mut bad = out.clone();
            bad[flip.index(out.len())] ^= 0x10;
            prop_assert_eq!(key.open(&nonce, &aad, &mut bad), Err(AeadFailed));
            let mut bad_nonce = nonce;
            bad_nonce[flip.index(12)] ^= 1;
            prop_assert_eq!(key.open(&bad_nonce, &aad, &mut out.clone()), Err(AeadFailed));
            prop_assert_eq!(key.open(&nonce, &[&aad[..], &[0]].concat(), &mut out.clone()), Err(AeadFailed));
        }
    }
}
