//! A world that answers what TLS 1.2 and below ask for: Diffie-Hellman in any group, pre-shared keys, SRP users, sessions.
//! Plain and slow arithmetic, written from the RFCs, so that it agrees with nothing by accident.

use super::dsa;
use num_bigint::BigUint;
use sha1::{Digest, Sha1};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use tls_core::crypto::{Random, Secret, SystemRandom};
use tls_core::query::{Answer, Event, Query};
use tls_core::session::SavedSession;

/// Identity and key of the client that every world knows.
pub const PSK_IDENTITY: &[u8] = b"Client_identity";
pub const PSK: &[u8] = &[7; 16];

/// The SRP user that every world knows.
pub const SRP_USER: &[u8] = b"user";
pub const SRP_PASSWORD: &[u8] = b"secret";
const SRP_SALT: &[u8] = b"saltsaltsalt";

/// The group of 2048 bits of RFC 5054 appendix A; its generator is 2.
pub const SRP_PRIME: &str = "\
    ac6bdb41324a9a9bf166de5e1389582faf72b6651987ee07fc3192943db56050a37329cbb4a099ed8193e0757767a13d\
    d52312ab4b03310dcd7f48a9da04fd50e8083969edb767b0cf6095179a163ab3661a05fbd5faaae82918a9962f0b93b8\
    55f97993ec975eeaa80d740adbf4ff747359d041d5c33ea71d281e446b14773bca97b43a23fb801676bd207a436c6481\
    f1d2b9078717461a5b9d32e688f87748544523b524b0d57d5ea77a2775d2ecfa032cfbdbf52fb3786160279004e57ae6\
    af874e7303ce53299ccc041c7bc308d82a5698f3a8d0c38271ae35f8e9dbfbb694b5c803d89f7ae435de236d525f5475\
    9b65e372fcd68ef20fa7111f9e4aff73";

/// ffdhe2048 (RFC 7919 appendix A.1); its generator is 2.
pub const FFDHE2048: &str = "\
    ffffffffffffffffadf85458a2bb4a9aafdc5620273d3cf1d8b9c583ce2d3695a9e13641146433fbcc939dce249b3ef9\
    7d2fe363630c75d8f681b202aec4617ad3df1ed5d5fd65612433f51f5f066ed0856365553ded1af3b557135e7f57c935\
    984f0c70e0e68b77e2a689daf3efe8721df158a136ade73530acca4f483a797abc0ab182b324fb61d108a94bb2c8e3fb\
    b96adab760d7f4681d4f42a3de394df4ae56ede76372bb190b07a7c8ee0a6d709e02fce1cdf7e2ecc03404cd28342f61\
    9172fe9ce98583ff8e4f1232eef28183c3fe3b1b4c6fad733bb5fcbc2ec22005c58ef1837d1683b2c6f34a26c1b2effa\
    886b423861285c97ffffffffffffffff";

/// The bytes of a prime above.
pub fn prime(hex: &str) -> Vec<u8> {
    number(hex).to_bytes_be()
}

fn number(hex: &str) -> BigUint {
    BigUint::parse_bytes(hex.as_bytes(), 16).unwrap()
}

/// Sessions by their ids.
pub type Sessions = Rc<RefCell<HashMap<Vec<u8>, SavedSession>>>;

/// Keeps the sessions that events tell of.
pub fn keep(sessions: &Sessions, events: &[Event]) {
    for event in events {
        if let Event::Session(session) = event {
            let id = session.session_id.clone();
            sessions.borrow_mut().insert(id, (**session).clone());
        }
    }
}

/// The world of one endpoint.
#[derive(Default)]
pub struct World12 {
    private: BigUint,
    /// Server: verifier and B.
    srp: (BigUint, BigUint),
    sessions: Sessions,
}

fn big(bytes: &[u8]) -> BigUint {
    BigUint::from_bytes_be(bytes)
}

fn sha1(parts: &[&[u8]]) -> BigUint {
    let mut hash = Sha1::new();
    parts.iter().for_each(|part| hash.update(part));
    big(&hash.finalize())
}

/// As long as the prime.
fn padded(value: &BigUint, prime: &BigUint) -> Vec<u8> {
    let bytes = value.to_bytes_be();
    let mut out = vec![0; prime.to_bytes_be().len() - bytes.len()];
    out.extend(bytes);
    out
}

impl World12 {
    /// With these sessions.
    pub fn with(sessions: &Sessions) -> Self {
        Self {
            sessions: sessions.clone(),
            ..Self::default()
        }
    }

    fn new_private(&mut self) -> BigUint {
        let mut bytes = [0; 32];
        SystemRandom.fill(&mut bytes).unwrap();
        bytes[0] |= 0x80;
        self.private = big(&bytes);
        self.private.clone()
    }

    pub fn answer(&mut self, query: &Query) -> Answer {
        match query {
            Query::DhGenerate { prime, generator } => {
                let public = big(generator).modpow(&self.new_private(), &big(prime));
                Answer::Bytes(public.to_bytes_be())
            }
            Query::DhAgree {
                prime, peer_public, ..
            } => {
                let prime = big(prime);
                let secret = big(peer_public).modpow(&self.private, &prime);
                // With leading zeros, which the core must take away.
                Answer::Secret(Secret::new(padded(&secret, &prime)))
            }
            Query::PskLookup { identity } => match identity.as_deref() {
                None | Some([]) => Answer::Secret(Secret::from(PSK)),
                Some(identity) if identity == PSK_IDENTITY => Answer::Secret(Secret::from(PSK)),
                Some(_) => Answer::Unknown,
            },
            Query::SrpClient {
                user,
                prime,
                generator,
                salt,
                peer_public,
            } => {
                let (n, g, b_public) = (big(prime), big(generator), big(peer_public));
                let a = self.new_private();
                let a_public = g.modpow(&a, &n);
                let x = srp_x(salt, user, SRP_PASSWORD);
                let u = sha1(&[&padded(&a_public, &n), &padded(&b_public, &n)]);
                let kgx = srp_k(&n, &g) * g.modpow(&x, &n) % &n;
                let base = (b_public + &n - kgx) % &n;
                let secret = base.modpow(&(a + u * x), &n);
                Answer::KxResponse {
                    public: a_public.to_bytes_be(),
                    secret: Secret::new(secret.to_bytes_be()),
                }
            }
            Query::SrpServer { user } if user == SRP_USER => {
                let (n, g) = (number(SRP_PRIME), BigUint::from(2u8));
                let verifier = g.modpow(&srp_x(SRP_SALT, user, SRP_PASSWORD), &n);
                let b = self.new_private();
                let public = (srp_k(&n, &g) * &verifier + g.modpow(&b, &n)) % &n;
                self.srp = (verifier, public.clone());
                Answer::SrpParams {
                    prime: n.to_bytes_be(),
                    generator: g.to_bytes_be(),
                    salt: SRP_SALT.to_vec(),
                    public: public.to_bytes_be(),
                }
            }
            Query::SrpServer { .. } => Answer::Unknown,
            Query::SrpAgree { peer_public } => {
                let n = number(SRP_PRIME);
                let (verifier, b_public) = &self.srp;
                let a_public = big(peer_public);
                let u = sha1(&[&padded(&a_public, &n), &padded(b_public, &n)]);
                let base = a_public * verifier.modpow(&u, &n) % &n;
                let secret = base.modpow(&self.private, &n);
                Answer::Secret(Secret::new(secret.to_bytes_be()))
            }
            Query::SessionLookup { session_id, .. } => {
                let found = self.sessions.borrow().get(session_id).cloned();
                Answer::Session(found.map(Box::new))
            }
            Query::Sign {
                key_id: dsa::KEY_ID,
                scheme,
                message,
            } => Answer::Bytes(dsa::sign(*scheme, message)),
            Query::VerifySignature {
                scheme,
                certificate,
                message,
                signature,
            } => Answer::Verified(dsa::verify(*scheme, certificate, message, signature)),
            _ => Answer::Continue,
        }
    }
}

/// RFC 5054 section 2.4
fn srp_x(salt: &[u8], user: &[u8], password: &[u8]) -> BigUint {
    let inner = Sha1::new()
        .chain_update(user)
        .chain_update(b":")
        .chain_update(password)
        .finalize();
    sha1(&[salt, &inner])
}

/// RFC 5054 section 2.5.3
fn srp_k(n: &BigUint, g: &BigUint) -> BigUint {
    sha1(&[&n.to_bytes_be(), &padded(g, n)])
}
