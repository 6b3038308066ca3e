//! Cryptography: one table per kind of algorithm, each row tied to a provider's implementation.
//!
//! Nothing here knows of messages or connections. Providers: ring (record protection, hashes), aws-lc-rs and rustls
//! (HMAC, key exchange, signatures), RustCrypto (CCM). Secrets wipe themselves and print nothing.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic
    )
)]

pub mod aead;
pub mod cbc;
pub mod hash;
pub mod kx;
pub mod mac;
pub mod rsa;
pub mod schemes;
pub mod sign;
pub mod srp;
pub mod stream;
pub mod suites;
pub mod verify;

#[cfg(test)]
pub(crate) mod testing;

use core::fmt;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Bytes that nobody may see: wiped on drop, never printed.
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes the bytes over; the vector itself becomes the secret's storage.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// How many bytes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Is there nothing in it?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<&[u8]> for Secret {
    fn from(bytes: &[u8]) -> Self {
        Self::new(bytes.to_vec())
    }
}

impl AsRef<[u8]> for Secret {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl PartialEq for Secret {
    /// Constant-time in the contents.
    fn eq(&self, other: &Self) -> bool {
        eq(self.as_ref(), other.as_ref())
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Equality in time that depends on the lengths only.
pub fn eq(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

/// A source of random bytes fit for keys.
pub trait Random: Send {
    /// Fills `out` completely or fails.
    fn fill(&mut self, out: &mut [u8]) -> Result<(), RandomFailed>;
}

/// The random source gave nothing; no key may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RandomFailed;

/// The operating system's generator, behind aws-lc's DRBG.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), RandomFailed> {
        aws_lc_rs::rand::fill(out).map_err(|_| RandomFailed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equality_compares_contents_and_lengths() {
        assert!(eq(b"", b""));
        assert!(eq(b"abc", b"abc"));
        assert!(!eq(b"abc", b"abd"));
        assert!(!eq(b"abc", b"ab"));
        assert!(!eq(b"", b"a"));
    }

    #[test]
    fn secrets_print_nothing() {
        assert_eq!(format!("{:?}", Secret::new(vec![1, 2, 3])), "Secret(..)");
    }

    #[test]
    fn system_random_differs_from_call_to_call() {
        let (mut a, mut b) = ([0; 32], [0; 32]);
        SystemRandom.fill(&mut a).unwrap();
        SystemRandom.fill(&mut b).unwrap();
        assert_ne!(a, b);
    }
}
