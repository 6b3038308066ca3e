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
use tls_legacy::keys::{Curve, EcPrivate, RsaPrivate};

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

/// The hash as `tls_legacy` names it.
fn plain_hash(hash: SchemeHash) -> Option<tls_legacy::keys::Hash> {
    Some(match hash {
        SchemeHash::Intrinsic => return None,
        SchemeHash::Md5Sha1 => tls_legacy::keys::Hash::Md5Sha1,
        SchemeHash::Sha1 => tls_legacy::keys::Hash::Sha1,
        SchemeHash::Sha224 => tls_legacy::keys::Hash::Sha224,
        SchemeHash::Sha256 => tls_legacy::keys::Hash::Sha256,
        SchemeHash::Sha384 => tls_legacy::keys::Hash::Sha384,
        SchemeHash::Sha512 => tls_legacy::keys::Hash::Sha512,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::kx::native_group;
    use crate::crypto::verify::{verify_tls12, VerifyError};
    use crate::crypto::SystemRandom as Random;
    use SignatureScheme as S;

    const OLD: [ProtocolVersion; 3] = [
        ProtocolVersion::TLS10,
        ProtocolVersion::TLS11,
        ProtocolVersion::TLS12,
    ];

    fn certified(alg: &'static rcgen::SignatureAlgorithm) -> (CertifiedKey, Vec<u8>) {
        let key = rcgen::KeyPair::generate_for(alg).unwrap();
        let certificate = rcgen::CertificateParams::default()
            .self_signed(&key)
            .unwrap();
        let der = certificate.der().to_vec();
        let private = PrivateKey::from_der(KeyKind::Pkcs8, &key.serialize_der()).unwrap();
        (CertifiedKey::new(vec![der.clone()], private).unwrap(), der)
    }

    /// The schemes that the key signs with in some old version; each signature is verified.
    fn old_schemes(alg: &'static rcgen::SignatureAlgorithm) -> Vec<(ProtocolVersion, S)> {
        let (certified, der) = certified(alg);
        let mut found = Vec::new();
        for (version, scheme) in OLD
            .iter()
            .flat_map(|version| S::KNOWN.iter().map(move |scheme| (*version, *scheme)))
        {
            if !certified.key.signs(scheme, version) {
                continue;
            }
            found.push((version, scheme));
            let signature = certified.key.sign(scheme, b"message").unwrap();
            let verdict = verify_tls12(scheme, &der, b"message", &signature);
            assert_eq!(verdict, Ok(()), "{scheme:?}");
            for (message, signature) in [
                (&b"massage"[..], &signature[..]),
                (b"message", &signature[1..]),
                (b"message", b""),
            ] {
                assert_eq!(
                    verify_tls12(scheme, &der, message, signature),
                    Err(VerifyError::BadSignature),
                    "{scheme:?}"
                );
            }
        }
        found
    }

    #[test]
    fn elliptic_curves_sign_with_every_hash_before_tls_1_3() {
        let expected = |hashes: &[S]| {
            let mut all = vec![(OLD[0], S::ECDSA_SHA1), (OLD[1], S::ECDSA_SHA1)];
            all.extend(hashes.iter().map(|scheme| (OLD[2], *scheme)));
            all
        };
        for alg in [
            &rcgen::PKCS_ECDSA_P256_SHA256,
            &rcgen::PKCS_ECDSA_P384_SHA384,
            &rcgen::PKCS_ECDSA_P521_SHA512,
        ] {
            assert_eq!(
                old_schemes(alg),
                expected(&[
                    S::ECDSA_SHA1,
                    S::ECDSA_SHA224,
                    S::ECDSA_SECP256R1_SHA256,
                    S::ECDSA_SECP384R1_SHA384,
                    S::ECDSA_SECP521R1_SHA512,
                ])
            );
        }
        assert_eq!(old_schemes(&rcgen::PKCS_ED25519), []);
    }

    #[test]
    fn rsa_signs_md5_with_sha1_before_tls_1_2_and_every_hash_in_it() {
        let mut expected = vec![(OLD[0], S::RSA_MD5_SHA1), (OLD[1], S::RSA_MD5_SHA1)];
        expected.extend(
            [
                S::RSA_PKCS1_SHA1,
                S::RSA_PKCS1_SHA224,
                S::RSA_PKCS1_SHA256,
                S::RSA_PKCS1_SHA384,
                S::RSA_PKCS1_SHA512,
                S::RSA_PSS_RSAE_SHA256,
                S::RSA_PSS_RSAE_SHA384,
                S::RSA_PSS_RSAE_SHA512,
            ]
            .map(|scheme| (OLD[2], scheme)),
        );
        assert_eq!(old_schemes(&rcgen::PKCS_RSA_SHA256), expected);
    }

    #[test]
    fn external_keys_sign_what_their_certificate_says() {
        let (certified, der) = certified(&rcgen::PKCS_ECDSA_P256_SHA256);
        drop(certified);
        let key = PrivateKey::external(0, vec![S::ECDSA_SECP256R1_SHA256]);
        let key = CertifiedKey::new(vec![der], key).unwrap().key;
        for (scheme, version, signs) in [
            (S::ECDSA_SECP256R1_SHA256, ProtocolVersion::TLS13, true),
            (S::ECDSA_SECP384R1_SHA384, ProtocolVersion::TLS13, false),
            (S::ECDSA_SECP384R1_SHA384, ProtocolVersion::TLS12, true),
            (S::ECDSA_SHA1, ProtocolVersion::TLS10, true),
            (S::RSA_MD5_SHA1, ProtocolVersion::TLS10, false),
        ] {
            assert_eq!(key.signs(scheme, version), signs, "{scheme:?} {version:?}");
        }
        let asked = key.sign(S::ECDSA_SECP384R1_SHA384, b"message");
        assert_eq!(asked, Err(SignError::External));
    }

    #[test]
    fn premaster_secrets_go_to_the_servers_key_and_others_are_random() {
        let (certified, der) = certified(&rcgen::PKCS_RSA_SHA256);
        let version = ProtocolVersion::TLS12;
        let premaster = rsa::new_premaster(version, &mut Random).unwrap();
        let public = x509::spki(&der).unwrap().key;
        let sent = rsa::encrypt_premaster(public, &premaster).unwrap();
        let received = |sent: &[u8], version| {
            let key = &certified.key;
            let secret = key.decrypt_premaster(sent, version, &mut Random);
            let secret = secret.unwrap().unwrap();
            assert_eq!(secret.len(), rsa::PREMASTER_LEN);
            secret == premaster
        };
        assert!(received(&sent, version));
        assert!(!received(&sent, ProtocolVersion::TLS11));
        assert!(!received(&sent[1..], version));
        assert!(!received(&[&[0][..], &sent].concat(), version));
        assert!(!received(&vec![0xff; sent.len()], version));
        assert!(!received(&vec![0; sent.len()], version));
        assert!(!received(b"", version));
        let mut other = sent.clone();
        other[200] ^= 1;
        assert!(!received(&other, version));
        let external = PrivateKey::external(0, Vec::new());
        assert!(external
            .decrypt_premaster(&sent, version, &mut Random)
            .is_none());
        assert_eq!(rsa::encrypt_premaster(b"no key", &premaster), None);
    }

    #[test]
    fn static_ecdh_agrees_with_an_ephemeral_key_and_takes_points_of_its_curve_only() {
        for (alg, group) in [
            (&rcgen::PKCS_ECDSA_P256_SHA256, NamedGroup::SECP256R1),
            (&rcgen::PKCS_ECDSA_P384_SHA384, NamedGroup::SECP384R1),
            (&rcgen::PKCS_ECDSA_P521_SHA512, NamedGroup::SECP521R1),
        ] {
            let (certified, der) = certified(alg);
            let point = x509::spki(&der).unwrap().key;
            let (share, secret) = native_group(group)
                .unwrap()
                .respond(point, &mut Random)
                .unwrap();
            assert!(certified.key.ecdh_static(&share).unwrap() == secret);
            let mut off = share.clone();
            *off.last_mut().unwrap() ^= 1;
            for bad in [&off[..], &share[1..], &[]] {
                assert_eq!(
                    certified.key.ecdh_static(bad).err(),
                    Some(AgreeError::BadShare)
                );
            }
        }
        let external = PrivateKey::external(0, Vec::new());
        assert_eq!(external.ecdh_static(&[4]).err(), Some(AgreeError::External));
    }
}
