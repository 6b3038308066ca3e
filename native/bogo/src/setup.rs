//! The core's configuration out of the flags.
//!
//! Where a flag is absent, BoringSSL's defaults hold, because the tests are written for them. Two things differ in kind:
//!
//! - The core has one list of signature schemes for what it accepts and what it makes, as OTP's `signature_algs` does.
//!   The list here is what `-verify-prefs` allows, followed by what the own credentials sign with.
//! - A key that may only sign with some of its schemes (`-signing-prefs`), or is to answer late (`-async`), becomes an
//!   external key that the core asks for.

use crate::answers::Sessions;
use crate::ciphers;
use crate::flags::{Credential, Options};
use crate::link::Failure;
use aws_lc_rs::signature::{
    PqdsaKeyPair, PqdsaSigningAlgorithm, PqdsaVerificationAlgorithm, UnparsedPublicKey, ML_DSA_44,
    ML_DSA_44_SIGNING, ML_DSA_65, ML_DSA_65_SIGNING, ML_DSA_87, ML_DSA_87_SIGNING,
};
use std::sync::Arc;
use tls_core::config::{Config, Npn};
use tls_core::connection::ClientParams;
use tls_core::crypto::sign::{CertifiedKey, KeyKind, PrivateKey};
use tls_core::crypto::{Secret, SystemRandom};
use tls_core::enums::{BeastMitigation, NamedGroup, ProtocolVersion, SignatureScheme};

/// From the lowest to the highest version that is not disabled, highest first.
fn versions(options: &Options) -> Vec<ProtocolVersion> {
    let lowest = options.min_version.unwrap_or(ProtocolVersion::TLS10.0);
    let highest = options.max_version.unwrap_or(ProtocolVersion::TLS13.0);
    (lowest..=highest)
        .rev()
        .filter(|version| !options.disabled_versions.contains(version))
        .map(ProtocolVersion)
        .collect()
}

/// BoringSSL's default groups and the ones of them that are post-quantum.
const GROUPS: [NamedGroup; 4] = [
    NamedGroup::X25519MLKEM768,
    NamedGroup::X25519,
    NamedGroup::SECP256R1,
    NamedGroup::SECP384R1,
];
const POST_QUANTUM: [NamedGroup; 2] = [NamedGroup::X25519MLKEM768, NamedGroup::MLKEM1024];

/// Schemes BoringSSL accepts by default.
const ACCEPTED_SCHEMES: [SignatureScheme; 9] = [
    SignatureScheme::ECDSA_SECP256R1_SHA256,
    SignatureScheme::RSA_PSS_RSAE_SHA256,
    SignatureScheme::RSA_PKCS1_SHA256,
    SignatureScheme::ECDSA_SECP384R1_SHA384,
    SignatureScheme::RSA_PSS_RSAE_SHA384,
    SignatureScheme::RSA_PKCS1_SHA384,
    SignatureScheme::RSA_PSS_RSAE_SHA512,
    SignatureScheme::RSA_PKCS1_SHA512,
    SignatureScheme::RSA_PKCS1_SHA1,
];

/// BoringSSL's name for how TLS 1.1 signs; it never stands in a message.
const RSA_PKCS1_MD5_SHA1: SignatureScheme = SignatureScheme(0xff01);

/// What the post-quantum signature schemes are here: all of them external, if the core has no row of its own.
const ML_DSA: [(
    SignatureScheme,
    &PqdsaSigningAlgorithm,
    &PqdsaVerificationAlgorithm,
); 3] = [
    (SignatureScheme::MLDSA44, &ML_DSA_44_SIGNING, &ML_DSA_44),
    (SignatureScheme::MLDSA65, &ML_DSA_65_SIGNING, &ML_DSA_65),
    (SignatureScheme::MLDSA87, &ML_DSA_87_SIGNING, &ML_DSA_87),
];

/// A configuration and the keys behind the external ones in it.
pub struct Setup {
    pub config: Arc<Config>,
    external: Vec<Key>,
}

/// A private key as the shim signs with it.
enum Key {
    Core(PrivateKey),
    MlDsa(SignatureScheme, PqdsaKeyPair),
}

impl Setup {
    /// Reads the files and sets everything. `offered`: the cipher suites of the ClientHello, once they are known.
    pub fn new(options: &Options, offered: &[u16]) -> Result<Self, Failure> {
        let mut external = Vec::new();
        let mut credentials = Vec::new();
        let mut schemes: Vec<SignatureScheme> = match options.verify_prefs.as_slice() {
            [] => ACCEPTED_SCHEMES.to_vec(),
            prefs => prefs
                .iter()
                .copied()
                .map(SignatureScheme)
                .filter(|scheme| *scheme != RSA_PKCS1_MD5_SHA1)
                .collect(),
        };
        for credential in all_credentials(options) {
            let (mut key, own) = certified_key(credential, options.asynchronous, &mut external)?;
            // The tests want a signature, also where RFC 8446 section 4.4.2.3 (and RFC 5246 section 7.4.2 for servers) forbids
            // the certificate because of how it is itself signed.
            key.leaf.signature_scheme = None;
            credentials.push(Arc::new(key));
            for scheme in own {
                if !schemes.contains(&scheme) {
                    schemes.push(scheme);
                }
            }
        }
        let groups: Vec<NamedGroup> = match options.curves.as_slice() {
            [] => GROUPS.to_vec(),
            curves => curves.iter().copied().map(NamedGroup).collect(),
        };
        let config = Config {
            versions: versions(options),
            cipher_suites: ciphers::suites(options, offered),
            curves: groups.clone(),
            beast_mitigation: if options.record_splitting {
                BeastMitigation::OneNMinusOne
            } else {
                BeastMitigation::Disabled
            },
            honor_ecc_order: true, // as BoringSSL
            fallback: options.fallback,
            psk_identity: (!options.psk_identity.is_empty())
                .then(|| options.psk_identity.as_bytes().to_vec()),
            user_lookup: !options.psk.is_empty(),
            reuse_sessions: true,
            honor_cipher_order: options.server_preference || options.ciphers.is_some(), // as BoringSSL
            key_share_groups: key_share_groups(options, &groups),
            groups,
            signature_algs: schemes,
            alpn: Some(protocols(options)).filter(|names| !names.is_empty()),
            npn: next_protocols(options),
            max_handshake_size: options.max_cert_list.unwrap_or(256 * 1024),
            cookie: false,
            credentials,
            verify_peer: options.verify_peer
                || options.require_client_certificate
                || !options.server,
            fail_if_no_peer_cert: options.require_client_certificate,
            certificate_authorities: options
                .client_ca_list
                .clone()
                .filter(|names| !names.is_empty()),
            status_request: options.ocsp_stapling && !options.server,
            ask_hello: options.server,
            key_log: true,
            ..Config::default()
        };
        Ok(Self {
            config: Arc::new(config),
            external,
        })
    }

    /// What a client sets for one connection.
    pub fn client_params(&self, options: &Options, sessions: &Sessions) -> ClientParams {
        ClientParams {
            session: sessions.last(),
            server_name: options
                .host_name
                .as_ref()
                .map(|name| name.as_bytes().to_vec()),
            ..Default::default()
        }
    }

    /// The premaster secret in `ciphertext` by external key number `key_id`, or a random one.
    pub fn decrypt(
        &self,
        key_id: u64,
        ciphertext: &[u8],
        version: ProtocolVersion,
    ) -> Option<Secret> {
        match self.external.get(usize::try_from(key_id).ok()?)? {
            Key::Core(key) => key
                .decrypt_premaster(ciphertext, version, &mut SystemRandom)?
                .ok(),
            Key::MlDsa(..) => None,
        }
    }

    /// A signature with external key number `key_id`.
    pub fn sign(&self, key_id: u64, scheme: SignatureScheme, message: &[u8]) -> Option<Vec<u8>> {
        match self.external.get(usize::try_from(key_id).ok()?)? {
            Key::Core(key) => key.sign(scheme, message).ok(),
            Key::MlDsa(own, key) => {
                let mut signature = vec![0; key.algorithm().signature_len()];
                let length = (*own == scheme).then(|| key.sign(message, &mut signature).ok())??;
                signature.truncate(length);
                Some(signature)
            }
        }
    }
}

/// Does `signature` hold? `None` for schemes that the shim does not have either.
pub fn verify(
    scheme: SignatureScheme,
    certificate: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Option<bool> {
    let (_, _, algorithm) = ML_DSA.iter().find(|(known, _, _)| *known == scheme)?;
    let key = tls_core::x509::spki(certificate).ok()?.key;
    Some(
        UnparsedPublicKey::new(*algorithm, key)
            .verify(message, signature)
            .is_ok(),
    )
}

/// The certificates in a PEM file, in order.
pub fn certificates(file: &str) -> Result<Vec<Vec<u8>>, Failure> {
    let pem = std::fs::read(file)?;
    let certificates: Result<Vec<_>, _> = rustls_pemfile::certs(&mut pem.as_slice()).collect();
    Ok(certificates?
        .into_iter()
        .map(|certificate| certificate.to_vec())
        .collect())
}

/// The number by which the runner knows the credential at `index` of the configuration: the default one is -1, and last.
pub fn credential_number(options: &Options, index: Option<usize>) -> i32 {
    match index {
        Some(index) if index < options.credentials.len() => index as i32,
        _ => -1,
    }
}

/// Credentials in the order of preference; the default one is the last resort.
fn all_credentials(options: &Options) -> impl Iterator<Item = &Credential> {
    let default = &options.default_credential;
    options
        .credentials
        .iter()
        .chain(default.cert_file.is_some().then_some(default))
}

/// The credential for the core, and the schemes it may sign with.
fn certified_key(
    credential: &Credential,
    late: bool,
    external: &mut Vec<Key>,
) -> Result<(CertifiedKey, Vec<SignatureScheme>), Failure> {
    let (Some(cert_file), Some(key_file)) = (&credential.cert_file, &credential.key_file) else {
        return Err(Failure::Lacking(
            "a credential without certificate or key".into(),
        ));
    };
    let chain = certificates(cert_file)?;
    let key = private_key(key_file)?;
    let able = match &key {
        Key::Core(key) => key.schemes().to_vec(),
        Key::MlDsa(scheme, _) => vec![*scheme],
    };
    let allowed: Vec<SignatureScheme> = match credential.signing_prefs.as_slice() {
        [] => able.clone(),
        prefs => prefs
            .iter()
            .copied()
            .map(SignatureScheme)
            .filter(|scheme| able.contains(scheme))
            .collect(),
    };
    let key = match key {
        Key::Core(key) if !late && allowed == able => key,
        other => {
            external.push(other);
            PrivateKey::external(external.len() as u64 - 1, allowed.clone())
        }
    };
    let certified = CertifiedKey::new(chain, key)
        .map_err(|error| Failure::Lacking(format!("credential {cert_file}: {error:?}")))?;
    Ok((certified, allowed))
}

/// The key in a PEM file.
fn private_key(file: &str) -> Result<Key, Failure> {
    use rustls_pemfile::Item;
    let pem = std::fs::read(file)?;
    let (kind, der) = match rustls_pemfile::read_one(&mut pem.as_slice())? {
        Some(Item::Pkcs1Key(der)) => (KeyKind::Pkcs1, der.secret_pkcs1_der().to_vec()),
        Some(Item::Sec1Key(der)) => (KeyKind::Sec1, der.secret_sec1_der().to_vec()),
        Some(Item::Pkcs8Key(der)) => (KeyKind::Pkcs8, der.secret_pkcs8_der().to_vec()),
        _ => return Err(Failure::Shim(format!("{file}: no private key"))),
    };
    for (scheme, algorithm, _) in ML_DSA {
        if let Ok(key) = PqdsaKeyPair::from_pkcs8(algorithm, &der) {
            return Ok(Key::MlDsa(scheme, key));
        }
    }
    let key = PrivateKey::from_der(kind, &der);
    key.map(Key::Core)
        .map_err(|error| Failure::Lacking(format!("{file}: {error:?}")))
}

/// BoringSSL's choice of the groups to send shares of: the best one the server is known to have, else the ones asked for,
/// else the first and the first of the other kind (classical or post-quantum).
fn key_share_groups(options: &Options, groups: &[NamedGroup]) -> Vec<NamedGroup> {
    if let Some(group) = groups
        .iter()
        .find(|group| options.server_groups_hint.contains(&group.0))
    {
        return vec![*group];
    }
    if let Some(shares) = &options.key_shares {
        return shares.iter().copied().map(NamedGroup).collect();
    }
    let Some(first) = groups.first() else {
        return Vec::new();
    };
    let other = groups
        .iter()
        .find(|group| POST_QUANTUM.contains(group) != POST_QUANTUM.contains(first));
    std::iter::once(first).chain(other).copied().collect()
}

/// ALPN: what the client offers, what the server has.
fn protocols(options: &Options) -> Vec<Vec<u8>> {
    if options.server {
        let refused = options
            .reject_alpn
            .then(|| b"none of the client's".to_vec());
        return options
            .select_alpn
            .iter()
            .map(|name| name.as_bytes().to_vec())
            .chain(refused)
            .collect();
    }
    protocol_list(&options.advertise_alpn)
}

/// Next protocol negotiation: what the server has; a client of BoringSSL's says the same whatever that is.
fn next_protocols(options: &Options) -> Option<Npn> {
    let advertised = options.advertise_npn.as_deref().map(protocol_list);
    let selected = options.select_next_protocol.as_ref();
    advertised
        .map(Npn::Advertised)
        .or(selected.map(|name| Npn::Choose {
            own_order: true,
            protocols: Vec::new(),
            default: name.as_bytes().to_vec(),
        }))
}

/// Names as they stand in messages, each with its length.
fn protocol_list(mut rest: &[u8]) -> Vec<Vec<u8>> {
    let mut names = Vec::new();
    while let Some((length, tail)) = rest.split_first() {
        let (name, tail) = tail.split_at(usize::from(*length).min(tail.len()));
        names.push(name.to_vec());
        rest = tail;
    }
    names
}
