//! Private keys and the certificates that belong to them. Signing runs on aws-lc; keys that live elsewhere (sign funs,
//! engines, types not known here) are named by a number and asked for.

use crate::enums::{NamedGroup, SignatureScheme};
use crate::x509::der::{self, Reader};
use crate::x509::{self, KeyType, LeafInfo};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair as RsaKeyPair;
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, RsaEncoding,
};
use core::fmt;

/// How a private key is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// RSAPrivateKey (RFC 8017 appendix A.1.2)
    Pkcs1,
    /// ECPrivateKey (RFC 5915)
    Sec1,
    /// PrivateKeyInfo (RFC 5208, RFC 5958)
    Pkcs8,
}

/// Why a key cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyError {
    /// It does not parse, or is of a kind or size that is not supported natively.
    Unsupported,
    /// The certificate does not parse.
    BadCertificate,
    /// There is no certificate.
    NoCertificate,
    /// The key is not the certificate's.
    Mismatch,
}

/// Why there is no signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignError {
    /// The key does not make signatures of this scheme.
    WrongScheme,
    /// The key is external: ask for the signature.
    External,
    /// The computation failed.
    Failed,
}

/// A certificate chain, leaf first, with its key.
#[derive(Debug)]
pub struct CertifiedKey {
    /// DER, leaf first.
    pub chain: Vec<Vec<u8>>,
    /// The leaf's key.
    pub key: PrivateKey,
    /// What selection needs to know of the leaf.
    pub leaf: LeafInfo,
}

impl CertifiedKey {
    /// Checks that the key is the leaf's. (An external key cannot be checked.)
    pub fn new(chain: Vec<Vec<u8>>, key: PrivateKey) -> Result<Self, KeyError> {
        let first = chain.first().ok_or(KeyError::NoCertificate)?;
        let mut leaf = x509::leaf_info(first).map_err(|_| KeyError::BadCertificate)?;
        let spki = x509::spki(first).map_err(|_| KeyError::BadCertificate)?;
        let key = key.for_certificate(leaf.key, spki.key)?;
        leaf.key = x509::key_type(&spki);
        Ok(Self { chain, key, leaf })
    }
}

/// A private key.
pub struct PrivateKey {
    inner: Inner,
    schemes: Vec<SignatureScheme>,
}

enum Inner {
    Rsa(RsaKeyPair),
    Ecdsa(EcdsaKeyPair, NamedGroup),
    Ed25519(Ed25519KeyPair),
    External(u64),
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.inner {
            Inner::External(id) => write!(f, "PrivateKey(external {id})"),
            _ => f.write_str("PrivateKey(..)"),
        }
    }
}

/// Curve, its one scheme, its implementation.
static CURVES: &[(NamedGroup, SignatureScheme, &EcdsaSigningAlgorithm)] = &[
    (
        NamedGroup::SECP256R1,
        SignatureScheme::ECDSA_SECP256R1_SHA256,
        &signature::ECDSA_P256_SHA256_ASN1_SIGNING,
    ),
    (
        NamedGroup::SECP384R1,
        SignatureScheme::ECDSA_SECP384R1_SHA384,
        &signature::ECDSA_P384_SHA384_ASN1_SIGNING,
    ),
    (
        NamedGroup::SECP521R1,
        SignatureScheme::ECDSA_SECP521R1_SHA512,
        &signature::ECDSA_P521_SHA512_ASN1_SIGNING,
    ),
];

/// Schemes of rsaEncryption keys, those of TLS 1.3 first.
const RSA_SCHEMES: &[SignatureScheme] = &[
    SignatureScheme::RSA_PSS_RSAE_SHA256,
    SignatureScheme::RSA_PSS_RSAE_SHA384,
    SignatureScheme::RSA_PSS_RSAE_SHA512,
    SignatureScheme::RSA_PKCS1_SHA256,
    SignatureScheme::RSA_PKCS1_SHA384,
    SignatureScheme::RSA_PKCS1_SHA512,
];

/// Schemes of id-RSASSA-PSS keys.
const RSA_PSS_SCHEMES: &[SignatureScheme] = &[
    SignatureScheme::RSA_PSS_PSS_SHA256,
    SignatureScheme::RSA_PSS_PSS_SHA384,
    SignatureScheme::RSA_PSS_PSS_SHA512,
];

/// How an RSA scheme encodes.
fn rsa_encoding(scheme: SignatureScheme) -> Option<&'static dyn RsaEncoding> {
    Some(match scheme {
        SignatureScheme::RSA_PSS_RSAE_SHA256 | SignatureScheme::RSA_PSS_PSS_SHA256 => {
            &signature::RSA_PSS_SHA256
        }
        SignatureScheme::RSA_PSS_RSAE_SHA384 | SignatureScheme::RSA_PSS_PSS_SHA384 => {
            &signature::RSA_PSS_SHA384
        }
        SignatureScheme::RSA_PSS_RSAE_SHA512 | SignatureScheme::RSA_PSS_PSS_SHA512 => {
            &signature::RSA_PSS_SHA512
        }
        SignatureScheme::RSA_PKCS1_SHA256 => &signature::RSA_PKCS1_SHA256,
        SignatureScheme::RSA_PKCS1_SHA384 => &signature::RSA_PKCS1_SHA384,
        SignatureScheme::RSA_PKCS1_SHA512 => &signature::RSA_PKCS1_SHA512,
        _ => return None,
    })
}

impl PrivateKey {
    /// Reads a key.
    pub fn from_der(kind: KeyKind, der: &[u8]) -> Result<Self, KeyError> {
        match kind {
            KeyKind::Pkcs1 => Self::rsa(der, RSA_SCHEMES.to_vec()),
            KeyKind::Sec1 => CURVES
                .iter()
                .find_map(|row| {
                    Self::ecdsa(row, EcdsaKeyPair::from_private_key_der(row.2, der).ok()?)
                })
                .ok_or(KeyError::Unsupported),
            KeyKind::Pkcs8 => Self::pkcs8(der),
        }
    }

    /// A key that others hold; `schemes` is what they can make.
    pub fn external(id: u64, schemes: Vec<SignatureScheme>) -> Self {
        Self {
            inner: Inner::External(id),
            schemes,
        }
    }

    fn rsa(der: &[u8], schemes: Vec<SignatureScheme>) -> Result<Self, KeyError> {
        let key = RsaKeyPair::from_der(der).map_err(|_| KeyError::Unsupported)?;
        Ok(Self {
            inner: Inner::Rsa(key),
            schemes,
        })
    }

    fn ecdsa(
        row: &(NamedGroup, SignatureScheme, &EcdsaSigningAlgorithm),
        key: EcdsaKeyPair,
    ) -> Option<Self> {
        Some(Self {
            inner: Inner::Ecdsa(key, row.0),
            schemes: vec![row.1],
        })
    }

    fn pkcs8(der: &[u8]) -> Result<Self, KeyError> {
        let (key_type, inner) = pkcs8_parts(der).ok_or(KeyError::Unsupported)?;
        match key_type {
            KeyType::Rsa => Self::rsa(inner, RSA_SCHEMES.to_vec()),
            // aws-lc does not take the algorithm identifier, but the key inside is an ordinary one.
            KeyType::RsaPss(None) => Self::rsa(inner, RSA_PSS_SCHEMES.to_vec()),
            KeyType::RsaPss(Some(scheme)) => Self::rsa(inner, vec![scheme]),
            KeyType::Ec(curve) => CURVES
                .iter()
                .find(|row| row.0 == curve)
                .and_then(|row| {
                    Self::ecdsa(row, EcdsaKeyPair::from_private_key_der(row.2, der).ok()?)
                })
                .ok_or(KeyError::Unsupported),
            KeyType::Ed25519 => {
                let key = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der)
                    .map_err(|_| KeyError::Unsupported)?;
                Ok(Self {
                    inner: Inner::Ed25519(key),
                    schemes: vec![SignatureScheme::ED25519],
                })
            }
            _ => Err(KeyError::Unsupported),
        }
    }

    /// Is this the key of a certificate with this public key? An RSA key read from PKCS#1 becomes a PSS key if the
    /// certificate says so.
    fn for_certificate(mut self, key_type: KeyType, public: &[u8]) -> Result<Self, KeyError> {
        let same = match (&self.inner, key_type) {
            (Inner::External(_), _) => return Ok(self),
            (Inner::Rsa(key), KeyType::Rsa | KeyType::RsaPss(_)) => {
                key.public_key().as_ref() == public
            }
            (Inner::Ecdsa(key, curve), KeyType::Ec(wanted)) => {
                *curve == wanted && key.public_key().as_ref() == public
            }
            (Inner::Ed25519(key), KeyType::Ed25519) => key.public_key().as_ref() == public,
            _ => false,
        };
        if !same {
            return Err(KeyError::Mismatch);
        }
        match key_type {
            KeyType::RsaPss(None) => self.schemes = RSA_PSS_SCHEMES.to_vec(),
            KeyType::RsaPss(Some(scheme)) => self.schemes = vec![scheme],
            KeyType::Rsa
                if !self
                    .schemes
                    .iter()
                    .any(|scheme| RSA_SCHEMES.contains(scheme)) =>
            {
                return Err(KeyError::Mismatch); // a PSS key must not be used in other ways
            }
            _ => {}
        }
        Ok(self)
    }

    /// The schemes that the key can make, of TLS 1.3 and 1.2, best first.
    pub fn schemes(&self) -> &[SignatureScheme] {
        &self.schemes
    }

    /// The number of an external key.
    pub fn external_id(&self) -> Option<u64> {
        match self.inner {
            Inner::External(id) => Some(id),
            _ => None,
        }
    }

    /// Does signing take more than about 200 µs? (An external key is asked, not computed.)
    pub fn heavy(&self, _scheme: SignatureScheme) -> bool {
        match &self.inner {
            Inner::Rsa(_) => true,
            Inner::Ecdsa(_, curve) => *curve == NamedGroup::SECP521R1,
            Inner::Ed25519(_) | Inner::External(_) => false,
        }
    }

    /// Signs `message`.
    pub fn sign(&self, scheme: SignatureScheme, message: &[u8]) -> Result<Vec<u8>, SignError> {
        if !self.schemes.contains(&scheme) {
            return Err(SignError::WrongScheme);
        }
        match &self.inner {
            Inner::External(_) => Err(SignError::External),
            Inner::Rsa(key) => {
                let encoding = rsa_encoding(scheme).ok_or(SignError::WrongScheme)?;
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(encoding, &SystemRandom::new(), message, &mut signature)
                    .map_err(|_| SignError::Failed)?;
                Ok(signature)
            }
            Inner::Ecdsa(key, _) => {
                let signature = key
                    .sign(&SystemRandom::new(), message)
                    .map_err(|_| SignError::Failed)?;
                Ok(signature.as_ref().to_vec())
            }
            Inner::Ed25519(key) => {
                let signature = key.try_sign(message).map_err(|_| SignError::Failed)?;
                Ok(signature.as_ref().to_vec())
            }
        }
    }
}

/// The kind of key in a PrivateKeyInfo (RFC 5208 section 5, RFC 5958 section 2) and the key inside.
fn pkcs8_parts(der: &[u8]) -> Option<(KeyType, &[u8])> {
    let mut fields = Reader::new(der::whole(der, der::SEQUENCE)?);
    fields.expect(der::INTEGER)?;
    let key_type = x509::algorithm_key_type(fields.expect(der::SEQUENCE)?)?;
    Some((key_type, fields.expect(der::OCTET_STRING)?))
}
