//! Block ciphers in CBC mode (SP 800-38A section 6.2), for records up to TLS 1.2. Provider: aws-lc.
//!
//! Chains go on from call to call: the last ciphertext block is the next IV. That is TLS 1.0; later versions put a block of
//! random bytes in front, whose ciphertext is then the record's IV (RFC 4346 section 6.2.3.2, method 2b), and drop it again
//! on the other side. So a key is set up once, not once per record.

use super::Secret;
use tls_legacy::cipher::{Algorithm, Cipher, Direction};

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

/// Longest block of the ciphers here.
pub const MAX_BLOCK_LEN: usize = BlockCipher::Aes256.len();

impl BlockCipher {
    const fn algorithm(self) -> Algorithm {
        match self {
            Self::Des => Algorithm::DesCbc,
            Self::TripleDes => Algorithm::TripleDesCbc,
            Self::Aes128 => Algorithm::Aes128Cbc,
            Self::Aes256 => Algorithm::Aes256Cbc,
        }
    }

    /// Length of a key.
    pub const fn key_len(self) -> usize {
        self.algorithm().key_len()
    }

    /// Length of a block and of an IV.
    #[allow(clippy::len_without_is_empty)]
    pub const fn len(self) -> usize {
        self.algorithm().block_len()
    }
}

/// Data that are not whole blocks, or a provider that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CbcFailed;

/// The encrypting side of a chain.
#[derive(Debug)]
pub struct CbcEncryptor(Cipher);

impl CbcEncryptor {
    /// `None` if the key's or the IV's length does not fit.
    pub fn new(cipher: BlockCipher, key: &Secret, iv: &[u8]) -> Option<Self> {
        Cipher::new(cipher.algorithm(), Direction::Encrypt, key.as_ref(), iv).map(Self)
    }

    /// Encrypts whole blocks in place.
    pub fn encrypt(&mut self, data: &mut [u8]) -> Result<(), CbcFailed> {
        self.0.apply(data).ok_or(CbcFailed)
    }
}

/// The decrypting side of a chain.
#[derive(Debug)]
pub struct CbcDecryptor(Cipher);

impl CbcDecryptor {
    /// `None` if the key's or the IV's length does not fit.
    pub fn new(cipher: BlockCipher, key: &Secret, iv: &[u8]) -> Option<Self> {
        Cipher::new(cipher.algorithm(), Direction::Decrypt, key.as_ref(), iv).map(Self)
    }

    /// Decrypts whole blocks in place. An IV of their own takes the place of the chain's.
    pub fn decrypt(&mut self, iv: Option<&[u8]>, data: &mut [u8]) -> Result<(), CbcFailed> {
        if let Some(iv) = iv {
            self.0.set_iv(iv).ok_or(CbcFailed)?;
        }
        self.0.apply(data).ok_or(CbcFailed)
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
