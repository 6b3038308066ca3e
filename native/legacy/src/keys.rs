//! Keys and signatures: raw RSA decryption (the padding of a premaster secret is looked at in constant time by who knows
//! what must be inside, RFC 5246 section 7.4.7.1), RSA encryption with keys of any size, and PKCS#1 v1.5 and ECDSA
//! signatures over hashes that aws-lc-rs does not pair with the key: MD5 with SHA-1 (RFC 4346 section 7.4.3), SHA-1,
//! SHA-224, and each hash with each curve.
//!
//! Each handle owns one object, is freed once, and lends only its own pointer; aws-lc locks what signing and decrypting
//! change inside a key, so that handles may be shared between threads (openssl/rsa.h and ec_key.h, "thread-safe").

use super::done;
use aws_lc_sys as sys;
use core::ffi::{c_int, c_uint};
use core::fmt;
use core::ptr::NonNull;
use zeroize::Zeroizing;

/// What a signature is made over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hash {
    /// MD5 and SHA-1, one after the other; with PKCS#1 v1.5 no DigestInfo is put around them.
    Md5Sha1,
    /// SHA-1
    Sha1,
    /// SHA-224
    Sha224,
    /// SHA-256
    Sha256,
    /// SHA-384
    Sha384,
    /// SHA-512
    Sha512,
}

impl Hash {
    const fn nid(self) -> c_int {
        match self {
            Self::Md5Sha1 => sys::NID_md5_sha1,
            Self::Sha1 => sys::NID_sha1,
            Self::Sha224 => sys::NID_sha224,
            Self::Sha256 => sys::NID_sha256,
            Self::Sha384 => sys::NID_sha384,
            Self::Sha512 => sys::NID_sha512,
        }
    }

    /// The digest of a message.
    fn digest(self, message: &[u8]) -> Option<Vec<u8>> {
        let mut digest = vec![0; sys::EVP_MAX_MD_SIZE as usize];
        let mut len: c_uint = 0;
        // SAFETY: the functions give constants; EVP_Digest reads `message` and writes at most EVP_MAX_MD_SIZE bytes.
        done(unsafe {
            let hash = match self {
                Self::Md5Sha1 => sys::EVP_md5_sha1(),
                Self::Sha1 => sys::EVP_sha1(),
                Self::Sha224 => sys::EVP_sha224(),
                Self::Sha256 => sys::EVP_sha256(),
                Self::Sha384 => sys::EVP_sha384(),
                Self::Sha512 => sys::EVP_sha512(),
            };
            sys::EVP_Digest(
                message.as_ptr().cast(),
                message.len(),
                digest.as_mut_ptr(),
                &mut len,
                hash,
                core::ptr::null_mut(),
            )
        })?;
        digest.truncate(len as usize);
        Some(digest)
    }
}

/// An RSA key of aws-lc's, private or public half.
struct Rsa(NonNull<sys::RSA>);

// SAFETY: the handle owns the object, and aws-lc's operations on it lock what they change inside.
unsafe impl Send for Rsa {}
// SAFETY: as above.
unsafe impl Sync for Rsa {}

impl Drop for Rsa {
    fn drop(&mut self) {
        // SAFETY: made by aws-lc, freed here only. Private parts are wiped by BN_clear_free or OPENSSL_free.
        unsafe { sys::RSA_free(self.0.as_ptr()) }
    }
}

impl Rsa {
    fn made(key: *mut sys::RSA) -> Option<Self> {
        match NonNull::new(key) {
            Some(key) => Some(Self(key)),
            None => done(0).and(None),
        }
    }

    fn size(&self) -> usize {
        // SAFETY: a live key.
        unsafe { sys::RSA_size(self.0.as_ptr()) as usize }
    }
}

/// One of RSA_encrypt and RSA_decrypt.
type Transform = unsafe extern "C" fn(
    *mut sys::RSA,
    *mut usize,
    *mut u8,
    usize,
    *const u8,
    usize,
    c_int,
) -> c_int;

impl Rsa {
    fn transform(
        &self,
        call: Transform,
        input: &[u8],
        padding: c_int,
    ) -> Option<Zeroizing<Vec<u8>>> {
        let mut out = Zeroizing::new(vec![0; self.size()]);
        let mut len = 0;
        // SAFETY: writes at most `out.len()` bytes, which is the size of the modulus, and reads `input`.
        done(unsafe {
            call(
                self.0.as_ptr(),
                &mut len,
                out.as_mut_ptr(),
                out.len(),
                input.as_ptr(),
                input.len(),
                padding,
            )
        })?;
        (len == out.len()).then_some(out)
    }
}

/// An RSA private key.
pub struct RsaPrivate(Rsa);

impl fmt::Debug for RsaPrivate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RsaPrivate(..)")
    }
}

impl RsaPrivate {
    /// Reads an RSAPrivateKey (RFC 8017 appendix A.1.2); aws-lc checks that the numbers belong together.
    pub fn from_der(der: &[u8]) -> Option<Self> {
        // SAFETY: reads `der`.
        let key = unsafe { sys::RSA_private_key_from_bytes(der.as_ptr(), der.len()) };
        Rsa::made(key).map(Self)
    }

    /// Bytes of the modulus.
    pub fn modulus_len(&self) -> usize {
        self.0.size()
    }

    /// The encoded message in a ciphertext, as long as the modulus; its padding is not looked at. `None`: the ciphertext is
    /// not as long as the modulus or not less than it, which everybody could see.
    pub fn decrypt_raw(&self, ciphertext: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        self.0
            .transform(sys::RSA_decrypt, ciphertext, sys::RSA_NO_PADDING)
    }

    /// A signature with PKCS#1 v1.5 (RFC 8017 section 8.2.1).
    pub fn sign(&self, hash: Hash, message: &[u8]) -> Option<Vec<u8>> {
        let digest = hash.digest(message)?;
        let mut signature = vec![0; self.0.size()];
        let mut len: c_uint = 0;
        // SAFETY: writes at most RSA_size bytes, which `signature` has, and reads `digest`.
        done(unsafe {
            sys::RSA_sign(
                hash.nid(),
                digest.as_ptr(),
                digest.len(),
                signature.as_mut_ptr(),
                &mut len,
                self.0 .0.as_ptr(),
            )
        })?;
        signature.truncate(len as usize);
        Some(signature)
    }
}

/// An RSA public key.
pub struct RsaPublic(Rsa);

impl fmt::Debug for RsaPublic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RsaPublic(..)")
    }
}

impl RsaPublic {
    /// Reads an RSAPublicKey (RFC 8017 appendix A.1.1).
    pub fn from_der(der: &[u8]) -> Option<Self> {
        // SAFETY: reads `der`.
        let key = unsafe { sys::RSA_public_key_from_bytes(der.as_ptr(), der.len()) };
        Rsa::made(key).map(Self)
    }

    /// Encrypts with PKCS#1 v1.5 (RFC 8017 section 7.2.1).
    pub fn encrypt(&self, message: &[u8]) -> Option<Vec<u8>> {
        let ciphertext = self
            .0
            .transform(sys::RSA_encrypt, message, sys::RSA_PKCS1_PADDING)?;
        Some(ciphertext.to_vec())
    }

    /// Is this a signature with PKCS#1 v1.5 of the message?
    pub fn verify(&self, hash: Hash, message: &[u8], signature: &[u8]) -> bool {
        let Some(digest) = hash.digest(message) else {
            return false;
        };
        // SAFETY: reads `digest` and `signature`.
        done(unsafe {
            sys::RSA_verify(
                hash.nid(),
                digest.as_ptr(),
                digest.len(),
                signature.as_ptr(),
                signature.len(),
                self.0 .0.as_ptr(),
            )
        })
        .is_some()
    }
}

/// Curves of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Curve {
    /// secp256r1
    P256,
    /// secp384r1
    P384,
    /// secp521r1
    P521,
}

impl Curve {
    const fn nid(self) -> c_int {
        match self {
            Self::P256 => sys::NID_X9_62_prime256v1,
            Self::P384 => sys::NID_secp384r1,
            Self::P521 => sys::NID_secp521r1,
        }
    }
}

/// An elliptic curve key of aws-lc's.
struct Ec(NonNull<sys::EC_KEY>);

// SAFETY: the handle owns the object; what uses it here takes it as const.
unsafe impl Send for Ec {}
// SAFETY: as above.
unsafe impl Sync for Ec {}

impl Drop for Ec {
    fn drop(&mut self) {
        // SAFETY: made by aws-lc, freed here only; wipes the private scalar.
        unsafe { sys::EC_KEY_free(self.0.as_ptr()) }
    }
}

/// The private key of an elliptic curve.
pub struct EcPrivate(Ec);

impl fmt::Debug for EcPrivate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EcPrivate(..)")
    }
}

impl EcPrivate {
    /// Reads an ECPrivateKey (RFC 5915) of this curve.
    pub fn from_der(curve: Curve, der: &[u8]) -> Option<Self> {
        let mut cbs = sys::CBS {
            data: der.as_ptr(),
            len: der.len(),
        };
        // SAFETY: the groups of these numbers are static; the CBS covers `der`, which outlives the calls.
        let key = unsafe {
            let group = sys::EC_GROUP_new_by_curve_name(curve.nid());
            sys::EC_KEY_parse_private_key(&mut cbs, group)
        };
        let Some(key) = NonNull::new(key) else {
            return done(0).and(None);
        };
        let key = Ec(key);
        (cbs.len == 0).then_some(Self(key))
    }

    /// An ECDSA signature, DER (RFC 8422 section 5.4).
    pub fn sign(&self, hash: Hash, message: &[u8]) -> Option<Vec<u8>> {
        let digest = hash.digest(message)?;
        let key = self.0 .0.as_ptr();
        // SAFETY: a live key.
        let mut signature = vec![0; unsafe { sys::ECDSA_size(key) }];
        let mut len: c_uint = 0;
        // SAFETY: writes at most ECDSA_size bytes, which `signature` has, and reads `digest`.
        done(unsafe {
            sys::ECDSA_sign(
                0,
                digest.as_ptr(),
                digest.len(),
                signature.as_mut_ptr(),
                &mut len,
                key,
            )
        })?;
        signature.truncate(len as usize);
        Some(signature)
    }
}

/// Is this an ECDSA signature (DER) of the message by the key whose point (uncompressed) this is?
pub fn ecdsa_verify(
    curve: Curve,
    point: &[u8],
    hash: Hash,
    message: &[u8],
    signature: &[u8],
) -> bool {
    let Some((key, digest)) = ec_public(curve, point).zip(hash.digest(message)) else {
        return false;
    };
    // SAFETY: a live key; reads `digest` and `signature`.
    done(unsafe {
        sys::ECDSA_verify(
            0,
            digest.as_ptr(),
            digest.len(),
            signature.as_ptr(),
            signature.len(),
            key.0.as_ptr(),
        )
    })
    .is_some()
}

fn ec_public(curve: Curve, bytes: &[u8]) -> Option<Ec> {
    // SAFETY: a new key with a group, or null.
    let key = Ec(NonNull::new(unsafe {
        sys::EC_KEY_new_by_curve_name(curve.nid())
    })?);
    // SAFETY: the group belongs to the live key; the new point is freed below whatever happens; reads `bytes`, which must
    // be a point of the curve; the key takes a copy of the point.
    done(unsafe {
        let group = sys::EC_KEY_get0_group(key.0.as_ptr());
        let point = NonNull::new(sys::EC_POINT_new(group))?;
        let context = core::ptr::null_mut();
        let mut result =
            sys::EC_POINT_oct2point(group, point.as_ptr(), bytes.as_ptr(), bytes.len(), context);
        if result == 1 {
            result = sys::EC_KEY_set_public_key(key.0.as_ptr(), point.as_ptr());
        }
        sys::EC_POINT_free(point.as_ptr());
        result
    })?;
    Some(key)
}
