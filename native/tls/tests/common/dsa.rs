//! DSA (FIPS 186-4 section 4) with one key, for suites whose server has such a certificate: the core leaves it to the world.

use super::Identity;
use num_bigint::BigUint;
use sha1::{Digest, Sha1};
use sha2::{Sha224, Sha256, Sha384, Sha512};
use std::sync::OnceLock;
use tls_core::crypto::{Random, SystemRandom};
use tls_core::enums::SignatureScheme;

/// p, of 1024 bits (`openssl dsaparam`).
const P: &str = "\
    9c9682e5755487820ea2afd4036cfb8bc6f7cef374a19c06491305fef49951d84939a984c806469d1d87791a612053c8\
    85192920aa25a3fe6e5bfeb28c578a765ae7c9fc2afedc85b2b4eab1e7ecb7a876ce9713cb7674dc061164d1bc2e5ce0\
    d3bf0280f7024e5f768d06cc69d025237b801e82560b3532daaf8fc39ce2dd43";
/// q
const Q: &str = "c0a9ea7957dd22df4b5ef8d404d5cd6876bb4467a3eaef95eaefccd7";
/// g
const G: &str = "\
    6df72e3acbb678fda9b7d695a6bcc93b26c89915a349432deedfd813f9f54feb72e772dc93e3c7322b969e120e1cb6d7\
    6ec130904178a58de70dadfad40aee9718f086452bf8a3b9a26d651d59870fb461c5c390d1cc4ad1978ea3dc6da8e41d\
    43a262620cd9abc53773c34355b9ddc5dd945f506fdb36474b07e18b1ce233a0";

/// The number of the key, for `PrivateKey::external`.
pub const KEY_ID: u64 = 186;

pub const SCHEMES: &[SignatureScheme] = &[
    SignatureScheme::DSA_SHA256,
    SignatureScheme::DSA_SHA1,
    SignatureScheme::DSA_SHA512,
    SignatureScheme::DSA_SHA384,
    SignatureScheme::DSA_SHA224,
];

struct Key {
    p: BigUint,
    q: BigUint,
    g: BigUint,
    x: BigUint,
    y: BigUint,
}

fn key() -> &'static Key {
    static KEY: OnceLock<Key> = OnceLock::new();
    KEY.get_or_init(|| {
        let number = |hex: &str| BigUint::parse_bytes(hex.as_bytes(), 16).unwrap();
        let (p, q, g) = (number(P), number(Q), number(G));
        let x = below(&q);
        let y = g.modpow(&x, &p);
        Key { p, q, g, x, y }
    })
}

/// From 1 to q - 1.
fn below(q: &BigUint) -> BigUint {
    let mut bytes = [0; 64];
    SystemRandom.fill(&mut bytes).unwrap();
    BigUint::from_bytes_be(&bytes) % (q - 1u8) + 1u8
}

/// As many of the hash's first bits as q has.
fn hashed(scheme: SignatureScheme, message: &[u8], q: &BigUint) -> BigUint {
    let hash = match scheme {
        SignatureScheme::DSA_SHA1 => Sha1::digest(message).to_vec(),
        SignatureScheme::DSA_SHA224 => Sha224::digest(message).to_vec(),
        SignatureScheme::DSA_SHA256 => Sha256::digest(message).to_vec(),
        SignatureScheme::DSA_SHA384 => Sha384::digest(message).to_vec(),
        SignatureScheme::DSA_SHA512 => Sha512::digest(message).to_vec(),
        other => panic!("{other:?}"),
    };
    let surplus = (8 * hash.len() as u64).saturating_sub(q.bits());
    BigUint::from_bytes_be(&hash) >> surplus
}

pub fn sign(scheme: SignatureScheme, message: &[u8]) -> Vec<u8> {
    let Key { p, q, g, x, .. } = key();
    let k = below(q);
    let r = g.modpow(&k, p) % q;
    // q is prime.
    let inverse = k.modpow(&(q - 2u8), q);
    let s = inverse * (hashed(scheme, message, q) + x * &r) % q;
    der(0x30, &[integer(&r), integer(&s)].concat())
}

pub fn verify(
    scheme: SignatureScheme,
    certificate: &[u8],
    message: &[u8],
    signature: &[u8],
) -> bool {
    let Key { p, q, g, y, .. } = key();
    assert_eq!(certificate, identity().chain[0]);
    let [0x30, _, 2, len, rest @ ..] = signature else {
        return false;
    };
    let (r, rest) = rest.split_at(usize::from(*len));
    let (r, s) = (
        BigUint::from_bytes_be(r),
        BigUint::from_bytes_be(&rest[2..]),
    );
    let w = s.modpow(&(q - 2u8), q);
    let u1 = hashed(scheme, message, q) * &w % q;
    let u2 = &r * &w % q;
    g.modpow(&u1, p) * y.modpow(&u2, p) % p % q == r
}

/// A certificate that nobody has signed: whoever asks gets it verified by the world.
pub fn identity() -> &'static Identity {
    static IDENTITY: OnceLock<Identity> = OnceLock::new();
    IDENTITY.get_or_init(|| Identity {
        scheme: SignatureScheme::DSA_SHA256,
        chain: vec![certificate()],
        key_pkcs8: Vec::new(),
        ca: Vec::new(),
    })
}

fn certificate() -> Vec<u8> {
    const DSA: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x38, 4, 1];
    const DSA_WITH_SHA1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x38, 4, 3];
    const COMMON_NAME: &[u8] = &[0x55, 4, 3];
    const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
    let Key { p, q, g, y, .. } = key();
    let sequence = |parts: &[Vec<u8>]| der(0x30, &parts.concat());
    let signed_with = sequence(&[der(6, DSA_WITH_SHA1)]);
    let name = sequence(&[der(
        0x31,
        &sequence(&[der(6, COMMON_NAME), der(0x0c, b"DSA")]),
    )]);
    let validity = sequence(&[der(0x17, b"200101000000Z"), der(0x17, b"490101000000Z")]);
    let parameters = sequence(&[integer(p), integer(q), integer(g)]);
    let public = [&[0], &integer(y)[..]].concat();
    let spki = sequence(&[sequence(&[der(6, DSA), parameters]), der(3, &public)]);
    let digital_signature = der(4, &der(3, &[7, 0x80]));
    let extensions = sequence(&[sequence(&[der(6, KEY_USAGE), digital_signature])]);
    let to_be_signed = sequence(&[
        der(0xa0, &der(2, &[2])),
        der(2, &[1]),
        signed_with.clone(),
        name.clone(),
        validity,
        name,
        spki,
        der(0xa3, &extensions),
    ]);
    sequence(&[to_be_signed, signed_with, der(3, &[0; 41])])
}

fn integer(number: &BigUint) -> Vec<u8> {
    let mut bytes = number.to_bytes_be();
    if bytes[0] & 0x80 != 0 {
        bytes.insert(0, 0);
    }
    der(2, &bytes)
}

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let len = content.len();
    let mut out = match len {
        0..=127 => vec![tag, len as u8],
        128..=255 => vec![tag, 0x81, len as u8],
        _ => vec![tag, 0x82, (len >> 8) as u8, len as u8],
    };
    out.extend(content);
    out
}
