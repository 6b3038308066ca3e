//! Ciphers of records up to TLS 1.2, in place and without padding: DES and AES in CBC mode, and RC4. A key is set up once;
//! what the next call begins with is what the last one left behind.

use super::done;
use aws_lc_sys as sys;
use core::ffi::c_int;
use core::fmt;
use core::ptr::{null, null_mut, NonNull};

/// A cipher.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Algorithm {
    /// DES in CBC mode
    DesCbc,
    /// DES three times, in CBC mode around them
    TripleDesCbc,
    /// AES-128 in CBC mode
    Aes128Cbc,
    /// AES-256 in CBC mode
    Aes256Cbc,
    /// RC4 with 128 bits
    Rc4,
}

impl Algorithm {
    /// Length of a key.
    pub const fn key_len(self) -> usize {
        match self {
            Self::DesCbc => 8,
            Self::Aes128Cbc | Self::Rc4 => 16,
            Self::TripleDesCbc => 24,
            Self::Aes256Cbc => 32,
        }
    }

    /// Length of a block; 1 for a stream.
    pub const fn block_len(self) -> usize {
        match self {
            Self::DesCbc | Self::TripleDesCbc => 8,
            Self::Aes128Cbc | Self::Aes256Cbc => 16,
            Self::Rc4 => 1,
        }
    }

    /// Length of an IV.
    pub const fn iv_len(self) -> usize {
        match self {
            Self::Rc4 => 0,
            _ => self.block_len(),
        }
    }

    fn evp(self) -> *const sys::EVP_CIPHER {
        // SAFETY: the functions give constants.
        unsafe {
            match self {
                Self::DesCbc => sys::EVP_des_cbc(),
                Self::TripleDesCbc => sys::EVP_des_ede3_cbc(),
                Self::Aes128Cbc => sys::EVP_aes_128_cbc(),
                Self::Aes256Cbc => sys::EVP_aes_256_cbc(),
                Self::Rc4 => sys::EVP_rc4(),
            }
        }
    }
}

/// Which way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// To ciphertext
    Encrypt,
    /// To plaintext
    Decrypt,
}

/// A cipher with its key, in one direction.
pub struct Cipher {
    algorithm: Algorithm,
    context: NonNull<sys::EVP_CIPHER_CTX>,
}

// SAFETY: the handle owns the context, which nothing else refers to, and changes it by `&mut self` only.
unsafe impl Send for Cipher {}
// SAFETY: as above; `&self` gives nothing of it.
unsafe impl Sync for Cipher {}

impl Drop for Cipher {
    fn drop(&mut self) {
        // SAFETY: made by aws-lc, freed here only; its memory is wiped (OPENSSL_free).
        unsafe { sys::EVP_CIPHER_CTX_free(self.context.as_ptr()) }
    }
}

impl fmt::Debug for Cipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cipher({:?}, ..)", self.algorithm)
    }
}

impl Cipher {
    /// `None`: key or IV is not as long as the algorithm wants it.
    pub fn new(algorithm: Algorithm, direction: Direction, key: &[u8], iv: &[u8]) -> Option<Self> {
        if key.len() != algorithm.key_len() || iv.len() != algorithm.iv_len() {
            return None;
        }
        // SAFETY: no arguments.
        let context = NonNull::new(unsafe { sys::EVP_CIPHER_CTX_new() })?;
        let cipher = Self { algorithm, context };
        // SAFETY: a live context; reads as much of `key` and `iv` as the algorithm wants, which is what they have.
        done(unsafe {
            sys::EVP_CipherInit_ex(
                context.as_ptr(),
                algorithm.evp(),
                null_mut(),
                key.as_ptr(),
                iv.as_ptr(),
                c_int::from(direction == Direction::Encrypt),
            )
        })?;
        // SAFETY: a live context with a cipher.
        done(unsafe { sys::EVP_CIPHER_CTX_set_padding(context.as_ptr(), 0) })?;
        Some(cipher)
    }

    /// The next call begins with this IV. `None`: it is not as long as a block, or there is none in this algorithm.
    pub fn set_iv(&mut self, iv: &[u8]) -> Option<()> {
        if iv.is_empty() || iv.len() != self.algorithm.iv_len() {
            return None;
        }
        // SAFETY: a live context, which keeps cipher, key and direction; reads an IV, which is as long as it must be.
        done(unsafe {
            sys::EVP_CipherInit_ex(
                self.context.as_ptr(),
                null(),
                null_mut(),
                null(),
                iv.as_ptr(),
                -1,
            )
        })
    }

    /// Encrypts or decrypts in place. `None`: these are not whole blocks.
    pub fn apply(&mut self, data: &mut [u8]) -> Option<()> {
        if !data.len().is_multiple_of(self.algorithm.block_len()) {
            return None;
        }
        // Far below what a C int holds, and whole blocks.
        for piece in data.chunks_mut(1 << 20) {
            let len = c_int::try_from(piece.len()).ok()?;
            let mut written = 0;
            let at = piece.as_mut_ptr();
            // SAFETY: a live context that never holds part of a block, as it is given whole ones, and that does not pad:
            // so as many bytes are written as are read. Input and output may be the same (openssl/cipher.h).
            done(unsafe {
                sys::EVP_CipherUpdate(self.context.as_ptr(), at, &mut written, at, len)
            })?;
            if written != len {
                return None;
            }
        }
        Some(())
    }
}
