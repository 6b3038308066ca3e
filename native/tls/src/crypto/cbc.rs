//! Block ciphers in CBC mode (SP 800-38A section 6.2), for records up to TLS 1.2. AES runs on aws-lc, DES on RustCrypto.
//!
//! Chains go on from call to call: the last ciphertext block is the next IV. That is TLS 1.0; later versions put a block of
//! random bytes in front, whose ciphertext is then the record's IV (RFC 4346 section 6.2.3.2, method 2b), and drop it again
//! on the other side. So a key is set up once, not once per record.

use super::Secret;
use aws_lc_rs::cipher::{
    DecryptionContext, EncryptionContext, StreamingDecryptingKey, StreamingEncryptingKey,
    UnboundCipherKey, AES_128, AES_256,
};
use aws_lc_rs::iv::FixedLength;
use core::fmt;
use des::cipher::generic_array::GenericArray;
use des::cipher::{BlockDecrypt, BlockEncrypt, KeyInit};
use des::{Des, TdesEde3};

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

/// Length of an AES block.
const AES_BLOCK: usize = 16;
/// Length of a DES block.
const DES_BLOCK: usize = 8;
/// Longest block of the ciphers here.
pub const MAX_BLOCK_LEN: usize = AES_BLOCK;
/// aws-lc does not work in place: so much goes through a buffer at a time.
const CHUNK: usize = 4096;

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
            Self::Des | Self::TripleDes => DES_BLOCK,
            Self::Aes128 | Self::Aes256 => AES_BLOCK,
        }
    }

    fn aes_key(self, key: &Secret) -> Option<UnboundCipherKey> {
        let algorithm = match self {
            Self::Aes128 => &AES_128,
            Self::Aes256 => &AES_256,
            Self::Des | Self::TripleDes => return None,
        };
        UnboundCipherKey::new(algorithm, key.as_ref()).ok()
    }

    fn des_key(self, key: &Secret) -> Option<DesKey> {
        match self {
            Self::Des => Some(DesKey::Single(Des::new_from_slice(key.as_ref()).ok()?)),
            Self::TripleDes => Some(DesKey::Triple(Box::new(
                TdesEde3::new_from_slice(key.as_ref()).ok()?,
            ))),
            Self::Aes128 | Self::Aes256 => None,
        }
    }
}

/// Data that are not whole blocks, or a provider that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CbcFailed;

enum DesKey {
    Single(Des),
    Triple(Box<TdesEde3>),
}

type DesBlock = GenericArray<u8, des::cipher::consts::U8>;

impl DesKey {
    fn encrypt(&self, block: &mut DesBlock) {
        match self {
            Self::Single(key) => key.encrypt_block(block),
            Self::Triple(key) => key.encrypt_block(block),
        }
    }

    fn decrypt(&self, block: &mut DesBlock) {
        match self {
            Self::Single(key) => key.decrypt_block(block),
            Self::Triple(key) => key.decrypt_block(block),
        }
    }
}

fn whole_blocks(block: usize, data: &[u8]) -> Result<(), CbcFailed> {
    if data.len().is_multiple_of(block) {
        Ok(())
    } else {
        Err(CbcFailed)
    }
}

/// The encrypting side of a chain.
pub struct CbcEncryptor(Encryptor);

enum Encryptor {
    Aes(Box<StreamingEncryptingKey>),
    Des(DesKey, DesBlock),
}

impl CbcEncryptor {
    /// `None` if the key's or the IV's length does not fit.
    pub fn new(cipher: BlockCipher, key: &Secret, iv: &[u8]) -> Option<Self> {
        if iv.len() != cipher.len() {
            return None;
        }
        if let Some(key) = cipher.des_key(key) {
            return Some(Self(Encryptor::Des(
                key,
                GenericArray::clone_from_slice(iv),
            )));
        }
        let iv = FixedLength::from(<[u8; AES_BLOCK]>::try_from(iv).ok()?);
        let key = StreamingEncryptingKey::less_safe_cbc_pkcs7(
            cipher.aes_key(key)?,
            EncryptionContext::Iv128(iv),
        )
        .ok()?;
        Some(Self(Encryptor::Aes(Box::new(key))))
    }

    /// Encrypts whole blocks in place.
    pub fn encrypt(&mut self, data: &mut [u8]) -> Result<(), CbcFailed> {
        match &mut self.0 {
            Encryptor::Aes(key) => {
                whole_blocks(AES_BLOCK, data)?;
                let mut buffer = [0; CHUNK + AES_BLOCK];
                for chunk in data.chunks_mut(CHUNK) {
                    let update = key.update(chunk, &mut buffer).map_err(|_| CbcFailed)?;
                    let written = update.written();
                    if written.len() != chunk.len() {
                        return Err(CbcFailed);
                    }
                    chunk.copy_from_slice(written);
                }
            }
            Encryptor::Des(key, chain) => {
                whole_blocks(DES_BLOCK, data)?;
                for block in data.chunks_exact_mut(DES_BLOCK) {
                    for (last, byte) in chain.iter_mut().zip(block.iter()) {
                        *last ^= byte;
                    }
                    key.encrypt(chain);
                    block.copy_from_slice(chain);
                }
            }
        }
        Ok(())
    }
}

impl fmt::Debug for CbcEncryptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CbcEncryptor(..)")
    }
}

/// The decrypting side of a chain.
pub struct CbcDecryptor(Decryptor);

enum Decryptor {
    /// The provider looks for PKCS#7 padding at the end, and therefore gives a block only when it has got the next one.
    /// There is always one to come after the first call.
    Aes(Box<StreamingDecryptingKey>, bool),
    Des(DesKey, DesBlock),
}

impl CbcDecryptor {
    /// `None` if the key's or the IV's length does not fit.
    pub fn new(cipher: BlockCipher, key: &Secret, iv: &[u8]) -> Option<Self> {
        if iv.len() != cipher.len() {
            return None;
        }
        if let Some(key) = cipher.des_key(key) {
            return Some(Self(Decryptor::Des(
                key,
                GenericArray::clone_from_slice(iv),
            )));
        }
        let iv = FixedLength::from(<[u8; AES_BLOCK]>::try_from(iv).ok()?);
        let key =
            StreamingDecryptingKey::cbc_pkcs7(cipher.aes_key(key)?, DecryptionContext::Iv128(iv))
                .ok()?;
        Some(Self(Decryptor::Aes(Box::new(key), false)))
    }

    /// Decrypts whole blocks in place. An IV of their own takes the place of the chain's.
    pub fn decrypt(&mut self, iv: Option<&[u8]>, data: &mut [u8]) -> Result<(), CbcFailed> {
        match &mut self.0 {
            Decryptor::Aes(key, begun) => {
                whole_blocks(AES_BLOCK, data)?;
                if iv.is_some_and(|iv| iv.len() != AES_BLOCK) {
                    return Err(CbcFailed);
                }
                decrypt_aes(key, begun, iv, data)
            }
            Decryptor::Des(key, chain) => {
                whole_blocks(DES_BLOCK, data)?;
                if let Some(iv) = iv {
                    whole_blocks(DES_BLOCK, iv)?;
                    for (to, byte) in chain.iter_mut().zip(iv) {
                        *to = *byte;
                    }
                }
                for block in data.chunks_exact_mut(DES_BLOCK) {
                    let cipher = DesBlock::clone_from_slice(block);
                    let mut plain = cipher;
                    key.decrypt(&mut plain);
                    for ((to, byte), last) in block.iter_mut().zip(&plain).zip(chain.iter()) {
                        *to = byte ^ last;
                    }
                    *chain = cipher;
                }
                Ok(())
            }
        }
    }
}

/// An IV is decrypted as one more block in front, whose plaintext nobody wants. At the end the last block is decrypted
/// once more, to get it out; the chain then goes on with that block, as it must, and the surplus plaintext is what comes
/// first in the next call.
fn decrypt_aes(
    key: &mut StreamingDecryptingKey,
    begun: &mut bool,
    iv: Option<&[u8]>,
    data: &mut [u8],
) -> Result<(), CbcFailed> {
    let Some(last) = data.last_chunk::<AES_BLOCK>().copied() else {
        return Ok(());
    };
    let mut unwanted =
        AES_BLOCK * (usize::from(core::mem::replace(begun, true)) + usize::from(iv.is_some()));
    let mut buffer = [0; CHUNK + AES_BLOCK];
    let mut done = 0;
    let mut read = 0;
    let mut step = |input: Option<&[u8]>, data: &mut [u8]| {
        let input = match input {
            Some(input) => input,
            None => {
                let end = data.len().min(read + CHUNK);
                let chunk = data.get(read..end).ok_or(CbcFailed)?;
                read = end;
                chunk
            }
        };
        let update = key.update(input, &mut buffer).map_err(|_| CbcFailed)?;
        let written = update.written();
        let skipped = unwanted.min(written.len());
        unwanted -= skipped;
        let plain = written.get(skipped..).ok_or(CbcFailed)?;
        data.get_mut(done..done + plain.len())
            .ok_or(CbcFailed)?
            .copy_from_slice(plain);
        done += plain.len();
        Ok(read < data.len())
    };
    if iv.is_some() {
        step(iv, data)?;
    }
    while step(None, data)? {}
    step(Some(&last), data)?;
    if done == data.len() && unwanted == 0 {
        Ok(())
    } else {
        Err(CbcFailed)
    }
}

impl fmt::Debug for CbcDecryptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CbcDecryptor(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::testing::hex;
    use proptest::prelude::*;

    const ALL: [BlockCipher; 4] = [
        BlockCipher::Des,
        BlockCipher::TripleDes,
        BlockCipher::Aes128,
        BlockCipher::Aes256,
    ];

    fn key(cipher: BlockCipher) -> Secret {
        Secret::new((1..=cipher.key_len() as u8).collect())
    }

    fn encryptor(cipher: BlockCipher) -> CbcEncryptor {
        CbcEncryptor::new(cipher, &key(cipher), &vec![9; cipher.len()]).unwrap()
    }

    fn decryptor(cipher: BlockCipher) -> CbcDecryptor {
        CbcDecryptor::new(cipher, &key(cipher), &vec![9; cipher.len()]).unwrap()
    }

    #[test]
    fn aes_follows_sp_800_38a_appendix_f_2() {
        let iv = hex("000102030405060708090a0b0c0d0e0f");
        let plain = hex(
            "6bc1bee22e409f96e93d7e117393172a ae2d8a571e03ac9c9eb76fac45af8e51
             30c81c46a35ce411e5fbc1191a0a52ef f69f2445df4f9b17ad2b417be66c3710",
        );
        for (cipher, key, expected) in [
            (
                BlockCipher::Aes128,
                "2b7e151628aed2a6abf7158809cf4f3c",
                "7649abac8119b246cee98e9b12e9197d 5086cb9b507219ee95db113a917678b2
                 73bed6b8e3c1743b7116e69e22229516 3ff1caa1681fac09120eca307586e1a7",
            ),
            (
                BlockCipher::Aes256,
                "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
                "f58c4c04d6e5f1ba779eabfb5f7bfbd6 9cfc4e967edb808d679f777bc6702c7d
                 39f23369a9d9bacfa530e26304231461 b2eb05e2c39be9fcda6c19078c6a9d1b",
            ),
        ] {
            let key = Secret::new(hex(key));
            let mut data = plain.clone();
            CbcEncryptor::new(cipher, &key, &iv)
                .unwrap()
                .encrypt(&mut data)
                .unwrap();
            assert_eq!(data, hex(expected));
            CbcDecryptor::new(cipher, &key, &iv)
                .unwrap()
                .decrypt(None, &mut data)
                .unwrap();
            assert_eq!(data, plain);
        }
    }

    #[test]
    fn des_follows_fips_81_and_openssl() {
        // FIPS 81 table C1; the triple value is OpenSSL's (des-ede3-cbc).
        let iv = hex("1234567890abcdef");
        let plain = b"Now is the time for all ";
        for (cipher, key, expected) in [
            (
                BlockCipher::Des,
                "0123456789abcdef",
                "e5c7cdde872bf27c 43e934008c389c0f 683788499a7c05f6",
            ),
            (
                BlockCipher::TripleDes,
                "0123456789abcdef23456789abcdef01456789abcdef0123",
                "f3c0ff026c023089656fbb169def7edb30ba36075d6f0176",
            ),
        ] {
            let mut data = plain.to_vec();
            CbcEncryptor::new(cipher, &Secret::new(hex(key)), &iv)
                .unwrap()
                .encrypt(&mut data)
                .unwrap();
            assert_eq!(data, hex(expected));
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for cipher in ALL {
            for len in 0..40 {
                let key = Secret::new(vec![5; len]);
                let made = CbcEncryptor::new(cipher, &key, &vec![0; cipher.len()]).is_some();
                assert_eq!(made, len == cipher.key_len());
                let made = CbcDecryptor::new(cipher, &key, &vec![0; cipher.len()]).is_some();
                assert_eq!(made, len == cipher.key_len());
            }
            for len in (0..40).filter(|len| *len != cipher.len()) {
                assert!(CbcEncryptor::new(cipher, &key(cipher), &vec![0; len]).is_none());
                assert!(CbcDecryptor::new(cipher, &key(cipher), &vec![0; len]).is_none());
            }
            let mut data = vec![0; cipher.len() + 1];
            assert_eq!(encryptor(cipher).encrypt(&mut data), Err(CbcFailed));
            assert_eq!(decryptor(cipher).decrypt(None, &mut data), Err(CbcFailed));
            let iv = vec![0; cipher.len() - 1];
            data.pop();
            assert_eq!(
                decryptor(cipher).decrypt(Some(&iv), &mut data),
                Err(CbcFailed)
            );
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn chains_go_on_from_call_to_call(
            cipher in prop::sample::select(&ALL[..]),
            pieces in prop::collection::vec((0usize..700, any::<bool>()), 1..6),
        ) {
            let (mut one, mut all) = (encryptor(cipher), encryptor(cipher));
            let mut back = decryptor(cipher);
            let (mut plain, mut sealed) = (Vec::new(), Vec::new());
            for (blocks, own_iv) in pieces {
                let piece: Vec<u8> = (0..blocks * cipher.len()).map(|i| (i * 7) as u8).collect();
                let mut data = piece.clone();
                one.encrypt(&mut data).unwrap();
                let iv = match sealed.len() {
                    0 => vec![9; cipher.len()],
                    len => sealed[len - cipher.len()..].to_vec(),
                };
                plain.extend_from_slice(&piece);
                sealed.extend_from_slice(&data);
                // The IV that the chain has anyway, said once more, changes nothing.
                back.decrypt(own_iv.then_some(&iv[..]), &mut data).unwrap();
                prop_assert_eq!(data, piece);
            }
            all.encrypt(&mut plain).unwrap();
            prop_assert_eq!(plain, sealed);
        }

        #[test]
        fn an_iv_of_their_own_makes_blocks_independent_of_what_came_before(
            cipher in prop::sample::select(&ALL[..]),
            before in 0usize..4, blocks in 1usize..600,
        ) {
            let (mut one, mut back) = (encryptor(cipher), decryptor(cipher));
            back.decrypt(None, &mut vec![3; before * cipher.len()]).unwrap();
            let mut sealed = vec![7; (1 + blocks) * cipher.len()];
            one.encrypt(&mut sealed).unwrap();
            let (iv, data) = sealed.split_at_mut(cipher.len());
            back.decrypt(Some(iv), data).unwrap();
            prop_assert!(data.iter().all(|byte| *byte == 7));
        }
    }
}
