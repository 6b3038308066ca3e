//! Private keys and the certificates that belong to them: signing, and what keys of certificates do besides before TLS 1.3,
//! decrypting premaster secrets (`rsa`) and static ECDH (RFC 8422 section 2.1). It runs on aws-lc; keys that live elsewhere
//! (sign funs, engines, types not known here) are named by a number and asked for.

use super::schemes::{self, Algorithm, SchemeHash};
use super::{rsa, Random, Secret};
use crate::enums::{NamedGroup, ProtocolVersion, SignatureScheme};
use crate::x509::der::{self, Reader};
use crate::x509::{self, KeyType, LeafInfo};
use aws_lc_rs::agreement;
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair as RsaKeyPair;
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, RsaEncoding,
};
use core::fmt;
use tls_pkey::{Curve, EcPrivate, RsaPrivate};

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

/// Why there is no shared secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgreeError {
    /// The key is no native one of an elliptic curve: ask for the secret.
    External,
    /// The peer's point is not on the key's curve.
    BadShare,
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
    /// Those of TLS 1.3.
    schemes: Vec<SignatureScheme>,
    /// The certificate's kind of key, where there is one.
    key_type: KeyType,
}

enum Inner {
    Rsa(Box<RsaKey>),
    Ecdsa(Box<EcKey>),
    Ed25519(Ed25519KeyPair),
    External(u64),
}

/// An RSA key, and again for what aws-lc-rs does not do.
struct RsaKey {
    pair: RsaKeyPair,
    plain: RsaPrivate,
}

/// The key of an elliptic curve, and again for what aws-lc-rs does not do with it and for key agreement.
struct EcKey {
    row: &'static CurveRow,
    pair: EcdsaKeyPair,
    plain: EcPrivate,
    agree: agreement::PrivateKey,
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.inner {
            Inner::External(id) => write!(f, "PrivateKey(external {id})"),
            _ => f.write_str("PrivateKey(..)"),
        }
    }
}

/// A curve with its implementations.
struct CurveRow {
    group: NamedGroup,
    /// The one that TLS 1.3 has for it.
    scheme: SignatureScheme,
    signing: &'static EcdsaSigningAlgorithm,
    plain: Curve,
    agreement: &'static agreement::Algorithm,
    /// Bytes of an uncompressed point.
    point_len: usize,
}

static CURVES: &[CurveRow] = &[
    CurveRow {
        group: NamedGroup::SECP256R1,
        scheme: SignatureScheme::ECDSA_SECP256R1_SHA256,
        signing: &signature::ECDSA_P256_SHA256_ASN1_SIGNING,
        plain: Curve::P256,
        agreement: &agreement::ECDH_P256,
        point_len: 65,
    },
    CurveRow {
        group: NamedGroup::SECP384R1,
        scheme: SignatureScheme::ECDSA_SECP384R1_SHA384,
        signing: &signature::ECDSA_P384_SHA384_ASN1_SIGNING,
        plain: Curve::P384,
        agreement: &agreement::ECDH_P384,
        point_len: 97,
    },
    CurveRow {
        group: NamedGroup::SECP521R1,
        scheme: SignatureScheme::ECDSA_SECP521R1_SHA512,
        signing: &signature::ECDSA_P521_SHA512_ASN1_SIGNING,
        plain: Curve::P521,
        agreement: &agreement::ECDH_P521,
        point_len: 133,
    },
];

/// The hash as `tls_pkey` names it.
fn plain_hash(hash: SchemeHash) -> Option<tls_pkey::Hash> {
    Some(match hash {
        SchemeHash::Intrinsic => return None,
        SchemeHash::Md5Sha1 => tls_pkey::Hash::Md5Sha1,
        SchemeHash::Sha1 => tls_pkey::Hash::Sha1,
        SchemeHash::Sha224 => tls_pkey::Hash::Sha224,
        SchemeHash::Sha256 => tls_pkey::Hash::Sha256,
        SchemeHash::Sha384 => tls_pkey::Hash::Sha384,
        SchemeHash::Sha512 => tls_pkey::Hash::Sha512,
    })
}

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
            KeyKind::Pkcs1 => Self::rsa(der, RSA_SCHEMES.to_vec(), KeyType::Rsa),
            KeyKind::Sec1 => CURVES
                .iter()
                .find_map(|row| Self::ecdsa(row, der))
                .ok_or(KeyError::Unsupported),
            KeyKind::Pkcs8 => Self::pkcs8(der),
        }
    }

    /// A key that others hold; `schemes` is what they can make of TLS 1.3's. What it signs before follows from the kind of
    /// key in its certificate.
    pub fn external(id: u64, schemes: Vec<SignatureScheme>) -> Self {
        Self {
            inner: Inner::External(id),
            schemes,
            key_type: KeyType::Other,
        }
    }

    fn rsa(der: &[u8], schemes: Vec<SignatureScheme>, key_type: KeyType) -> Result<Self, KeyError> {
        let pair = RsaKeyPair::from_der(der).map_err(|_| KeyError::Unsupported)?;
        let plain = RsaPrivate::from_der(der).ok_or(KeyError::Unsupported)?;
        Ok(Self {
            inner: Inner::Rsa(Box::new(RsaKey { pair, plain })),
            schemes,
            key_type,
        })
    }

    /// `der`: ECPrivateKey or PrivateKeyInfo.
    fn ecdsa(row: &'static CurveRow, der: &[u8]) -> Option<Self> {
        let pair = EcdsaKeyPair::from_private_key_der(row.signing, der).ok()?;
        let agree = agreement::PrivateKey::from_private_key_der(row.agreement, der).ok()?;
        let inside = pair.private_key().as_der().ok()?;
        let plain = EcPrivate::from_der(row.plain, inside.as_ref())?;
        Some(Self {
            inner: Inner::Ecdsa(Box::new(EcKey {
                row,
                pair,
                plain,
                agree,
            })),
            schemes: vec![row.scheme],
            key_type: KeyType::Ec(row.group),
        })
    }

    fn pkcs8(der: &[u8]) -> Result<Self, KeyError> {
        let (key_type, inner) = pkcs8_parts(der).ok_or(KeyError::Unsupported)?;
        match key_type {
            KeyType::Rsa => Self::rsa(inner, RSA_SCHEMES.to_vec(), key_type),
            // aws-lc does not take the algorithm identifier, but the key inside is an ordinary one.
            KeyType::RsaPss(None) => Self::rsa(inner, RSA_PSS_SCHEMES.to_vec(), key_type),
            KeyType::RsaPss(Some(scheme)) => Self::rsa(inner, vec![scheme], key_type),
            KeyType::Ec(curve) => CURVES
                .iter()
                .find(|row| row.group == curve)
                .and_then(|row| Self::ecdsa(row, der))
                .ok_or(KeyError::Unsupported),
            KeyType::Ed25519 => {
                let key = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der)
                    .map_err(|_| KeyError::Unsupported)?;
                Ok(Self {
                    inner: Inner::Ed25519(key),
                    schemes: vec![SignatureScheme::ED25519],
                    key_type,
                })
            }
            _ => Err(KeyError::Unsupported),
        }
    }

    /// Is this the key of a certificate with this public key? An RSA key read from PKCS#1 becomes a PSS key if the
    /// certificate says so.
    fn for_certificate(mut self, key_type: KeyType, public: &[u8]) -> Result<Self, KeyError> {
        let same = match (&self.inner, key_type) {
            (Inner::External(_), _) => {
                self.key_type = key_type;
                return Ok(self);
            }
            (Inner::Rsa(key), KeyType::Rsa | KeyType::RsaPss(_)) => {
                key.pair.public_key().as_ref() == public
            }
            (Inner::Ecdsa(key), KeyType::Ec(wanted)) => {
                key.row.group == wanted && key.pair.public_key().as_ref() == public
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
        self.key_type = key_type;
        Ok(self)
    }

    /// The schemes of TLS 1.3 that the key can make, best first; with those of PKCS#1 v1.5, which sign no messages there.
    pub fn schemes(&self) -> &[SignatureScheme] {
        &self.schemes
    }

    /// Can the key make such signatures for messages of this version?
    pub fn signs(&self, scheme: SignatureScheme, version: ProtocolVersion) -> bool {
        let Some(row) = schemes::row(scheme) else {
            return false;
        };
        // An external key may be too small for some PSS schemes: its list says so.
        let listed = version >= ProtocolVersion::TLS13
            || matches!(row.algorithm, Algorithm::RsaPssRsae | Algorithm::RsaPssPss);
        schemes::signs(scheme, version)
            && match listed {
                true => self.schemes.contains(&scheme),
                false => row.fits(self.key_type, version),
            }
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
            Inner::Ecdsa(key) => key.row.group == NamedGroup::SECP521R1,
            Inner::Ed25519(_) | Inner::External(_) => false,
        }
    }

    /// Signs `message`. Which schemes a version allows is for the caller to know (`signs`).
    pub fn sign(&self, scheme: SignatureScheme, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let row = schemes::row(scheme).ok_or(SignError::WrongScheme)?;
        if !self.schemes.contains(&scheme) && !row.fits(self.key_type, ProtocolVersion::TLS12) {
            return Err(SignError::WrongScheme);
        }
        match &self.inner {
            Inner::External(_) => Err(SignError::External),
            Inner::Rsa(key) => match rsa_encoding(scheme) {
                Some(encoding) => {
                    let mut signature = vec![0; key.pair.public_modulus_len()];
                    key.pair
                        .sign(encoding, &SystemRandom::new(), message, &mut signature)
                        .map_err(|_| SignError::Failed)?;
                    Ok(signature)
                }
                None => {
                    let hash = plain_hash(row.hash).ok_or(SignError::WrongScheme)?;
                    key.plain.sign(hash, message).ok_or(SignError::Failed)
                }
            },
            Inner::Ecdsa(key) if key.row.scheme == scheme => {
                let signature = key
                    .pair
                    .sign(&SystemRandom::new(), message)
                    .map_err(|_| SignError::Failed)?;
                Ok(signature.as_ref().to_vec())
            }
            Inner::Ecdsa(key) => {
                let hash = plain_hash(row.hash).ok_or(SignError::WrongScheme)?;
                key.plain.sign(hash, message).ok_or(SignError::Failed)
            }
            Inner::Ed25519(key) => {
                let signature = key.try_sign(message).map_err(|_| SignError::Failed)?;
                Ok(signature.as_ref().to_vec())
            }
        }
    }

    /// The premaster secret in a client's RSA key exchange, or a random one: what is wrong with the ciphertext shows in
    /// nothing (see `rsa`). Takes as long as signing. `None`: ask for it, the key is external (or no RSA key at all).
    pub fn decrypt_premaster(
        &self,
        ciphertext: &[u8],
        client_version: ProtocolVersion,
        random: &mut dyn Random,
    ) -> Option<Result<Secret, crate::crypto::RandomFailed>> {
        let Inner::Rsa(key) = &self.inner else {
            return None;
        };
        let encoded = key.plain.decrypt_raw(ciphertext);
        let encoded = encoded.as_ref().map_or(&[][..], |encoded| encoded);
        Some(rsa::premaster(encoded, client_version, random))
    }

    /// The secret of static ECDH with the certificate's key and the client's point (RFC 8422 section 5.10).
    pub fn ecdh_static(&self, point: &[u8]) -> Result<Secret, AgreeError> {
        let Inner::Ecdsa(key) = &self.inner else {
            return Err(AgreeError::External);
        };
        if point.len() != key.row.point_len || point.first() != Some(&4) {
            return Err(AgreeError::BadShare);
        }
        let peer = agreement::UnparsedPublicKey::new(key.row.agreement, point);
        agreement::agree(&key.agree, peer, AgreeError::BadShare, |secret| {
            Ok(Secret::from(secret))
        })
    }
}

/// The kind of key in a PrivateKeyInfo (RFC 5208 section 5, RFC 5958 section 2) and the key inside.
fn pkcs8_parts(der: &[u8]) -> Option<(KeyType, &[u8])> {
    let mut fields = Reader::new(der::whole(der, der::SEQUENCE)?);
    fields.expect(der::INTEGER)?;
    let key_type = x509::algorithm_key_type(fields.expect(der::SEQUENCE)?)?;
    Some((key_type, fields.expect(der::OCTET_STRING)?))
}
