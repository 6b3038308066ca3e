//! Key exchange groups (RFC 8446 section 4.2.8; draft-ietf-tls-ecdhe-mlkem for the hybrids, draft-ietf-tls-mlkem).
//!
//! All of them run on aws-lc. X25519 keys are the bytes of the given `Random`, so that published traces can be replayed;
//! making keys of the other groups from given bytes would cost twice as much or is not possible, they draw from aws-lc's
//! own DRBG.

use super::{Random, Secret};
use crate::enums::NamedGroup;
use aws_lc_rs::agreement::{self, PrivateKey};
use aws_lc_rs::kem::{self, Ciphertext, DecapsulationKey, EncapsulationKey};
use core::fmt;
use zeroize::Zeroizing;

/// Why a key exchange did not happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KxError {
    /// The peer's share has the wrong length, is no point of the curve, or leads to the all-zero secret.
    BadShare,
    /// Our own side failed (no randomness, out of memory).
    Failed,
}

/// A group that this library computes in by itself.
pub trait KxGroup: Sync {
    /// The code point.
    fn name(&self) -> NamedGroup;
    /// Does one step take more than about 200 µs?
    fn heavy(&self) -> bool;
    /// The client's first half.
    fn generate(&self, random: &mut dyn Random) -> Result<Box<dyn ActiveKx>, KxError>;
    /// The server's whole part: its share and the secret.
    fn respond(
        &self,
        client_share: &[u8],
        random: &mut dyn Random,
    ) -> Result<(Vec<u8>, Secret), KxError>;
}

/// A client's key waiting for the server's share.
pub trait ActiveKx: Send {
    /// The share to send.
    fn public(&self) -> &[u8];
    /// The client's second half.
    fn complete(self: Box<Self>, server_share: &[u8]) -> Result<Secret, KxError>;
}

impl fmt::Debug for dyn KxGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KxGroup({:?})", self.name())
    }
}

impl fmt::Debug for dyn ActiveKx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ActiveKx(..)")
    }
}

/// The native row of `group`, if there is one.
pub fn native_group(group: NamedGroup) -> Option<&'static dyn KxGroup> {
    GROUPS.iter().copied().find(|row| row.name() == group)
}

/// Every native group.
pub static GROUPS: &[&dyn KxGroup] = &[
    &X25519,
    &SECP256R1,
    &SECP384R1,
    &SECP521R1,
    &Hybrid {
        name: NamedGroup::X25519MLKEM768,
        ecdh: &X25519,
        mlkem: &MLKEM768,
        mlkem_first: true,
        heavy: false,
    },
    &Hybrid {
        name: NamedGroup::SECP256R1MLKEM768,
        ecdh: &SECP256R1,
        mlkem: &MLKEM768,
        mlkem_first: false,
        heavy: false,
    },
    &Hybrid {
        name: NamedGroup::SECP384R1MLKEM1024,
        ecdh: &SECP384R1,
        mlkem: &MLKEM1024,
        mlkem_first: false,
        heavy: true,
    },
    &MLKEM512,
    &MLKEM768,
    &MLKEM1024,
];

static X25519: Ecdh = Ecdh {
    name: NamedGroup::X25519,
    alg: &agreement::X25519,
    public_len: 32,
    uncompressed_point: false,
    heavy: false,
};
static SECP256R1: Ecdh = Ecdh {
    name: NamedGroup::SECP256R1,
    alg: &agreement::ECDH_P256,
    public_len: 65,
    uncompressed_point: true,
    heavy: false,
};
static SECP384R1: Ecdh = Ecdh {
    name: NamedGroup::SECP384R1,
    alg: &agreement::ECDH_P384,
    public_len: 97,
    uncompressed_point: true,
    heavy: true,
};
static SECP521R1: Ecdh = Ecdh {
    name: NamedGroup::SECP521R1,
    alg: &agreement::ECDH_P521,
    public_len: 133,
    uncompressed_point: true,
    heavy: true,
};

/// ECDH over a NIST curve (RFC 8446 section 4.2.8.2) or X25519 (RFC 7748).
#[derive(Clone, Copy)]
struct Ecdh {
    name: NamedGroup,
    alg: &'static agreement::Algorithm,
    public_len: usize,
    /// Shares are uncompressed points (first byte 4), the only form TLS 1.3 knows.
    uncompressed_point: bool,
    heavy: bool,
}

impl Ecdh {
    fn key(&self, random: &mut dyn Random) -> Result<(PrivateKey, Vec<u8>), KxError> {
        let key = match self.name {
            NamedGroup::X25519 => {
                let mut bytes = Zeroizing::new([0; 32]);
                random.fill(bytes.as_mut()).map_err(|_| KxError::Failed)?;
                PrivateKey::from_private_key(self.alg, bytes.as_ref())
                    .map_err(|_| KxError::Failed)?
            }
            _ => PrivateKey::generate(self.alg).map_err(|_| KxError::Failed)?,
        };
        let public = key.compute_public_key().map_err(|_| KxError::Failed)?;
        Ok((key, public.as_ref().to_vec()))
    }

    /// The x-coordinate or X25519 output; aws-lc refuses points off the curve and the all-zero result
    /// (RFC 8446 section 7.4.2, RFC 7748 section 6.1).
    fn agree(&self, key: &PrivateKey, share: &[u8]) -> Result<Secret, KxError> {
        if share.len() != self.public_len || (self.uncompressed_point && share.first() != Some(&4))
        {
            return Err(KxError::BadShare);
        }
        let peer = agreement::UnparsedPublicKey::new(self.alg, share);
        agreement::agree(key, peer, KxError::BadShare, |secret| {
            Ok(Secret::from(secret))
        })
    }

    fn start(&self, random: &mut dyn Random) -> Result<ActiveEcdh, KxError> {
        let (key, public) = self.key(random)?;
        Ok(ActiveEcdh {
            group: *self,
            key,
            public,
        })
    }
}

impl KxGroup for Ecdh {
    fn name(&self) -> NamedGroup {
        self.name
    }

    fn heavy(&self) -> bool {
        self.heavy
    }

    fn generate(&self, random: &mut dyn Random) -> Result<Box<dyn ActiveKx>, KxError> {
        Ok(Box::new(self.start(random)?))
    }

    fn respond(
        &self,
        client_share: &[u8],
        random: &mut dyn Random,
    ) -> Result<(Vec<u8>, Secret), KxError> {
        let (key, public) = self.key(random)?;
        Ok((public, self.agree(&key, client_share)?))
    }
}

struct ActiveEcdh {
    group: Ecdh,
    key: PrivateKey,
    public: Vec<u8>,
}

impl ActiveKx for ActiveEcdh {
    fn public(&self) -> &[u8] {
        &self.public
    }

    fn complete(self: Box<Self>, server_share: &[u8]) -> Result<Secret, KxError> {
        self.group.agree(&self.key, server_share)
    }
}

static MLKEM512: MlKem = MlKem {
    name: NamedGroup::MLKEM512,
    alg: &kem::ML_KEM_512,
    public_len: 800,
    ciphertext_len: 768,
};
static MLKEM768: MlKem = MlKem {
    name: NamedGroup::MLKEM768,
    alg: &kem::ML_KEM_768,
    public_len: 1184,
    ciphertext_len: 1088,
};
static MLKEM1024: MlKem = MlKem {
    name: NamedGroup::MLKEM1024,
    alg: &kem::ML_KEM_1024,
    public_len: 1568,
    ciphertext_len: 1568,
};

/// ML-KEM (FIPS 203) as a group: the client's share is the encapsulation key, the server's the ciphertext.
#[derive(Clone, Copy)]
struct MlKem {
    name: NamedGroup,
    alg: &'static kem::Algorithm,
    public_len: usize,
    ciphertext_len: usize,
}

impl MlKem {
    fn start(&self) -> Result<ActiveMlKem, KxError> {
        let key = DecapsulationKey::generate(self.alg).map_err(|_| KxError::Failed)?;
        let encapsulation = key.encapsulation_key().map_err(|_| KxError::Failed)?;
        let public = encapsulation
            .key_bytes()
            .map_err(|_| KxError::Failed)?
            .as_ref()
            .to_vec();
        Ok(ActiveMlKem {
            group: *self,
            key,
            public,
        })
    }
}

impl KxGroup for MlKem {
    fn name(&self) -> NamedGroup {
        self.name
    }

    fn heavy(&self) -> bool {
        false
    }

    fn generate(&self, _: &mut dyn Random) -> Result<Box<dyn ActiveKx>, KxError> {
        Ok(Box::new(self.start()?))
    }

    fn respond(
        &self,
        client_share: &[u8],
        _: &mut dyn Random,
    ) -> Result<(Vec<u8>, Secret), KxError> {
        if client_share.len() != self.public_len {
            return Err(KxError::BadShare);
        }
        // FIPS 203 section 7.2: the modulus check happens in aws-lc, on parsing or on encapsulating.
        let key = EncapsulationKey::new(self.alg, client_share).map_err(|_| KxError::BadShare)?;
        let (ciphertext, secret) = key.encapsulate().map_err(|_| KxError::BadShare)?;
        Ok((ciphertext.as_ref().to_vec(), Secret::from(secret.as_ref())))
    }
}

struct ActiveMlKem {
    group: MlKem,
    key: DecapsulationKey,
    public: Vec<u8>,
}

impl ActiveKx for ActiveMlKem {
    fn public(&self) -> &[u8] {
        &self.public
    }

    fn complete(self: Box<Self>, server_share: &[u8]) -> Result<Secret, KxError> {
        if server_share.len() != self.group.ciphertext_len {
            return Err(KxError::BadShare);
        }
        let secret = self
            .key
            .decapsulate(Ciphertext::from(server_share))
            .map_err(|_| KxError::BadShare)?;
        Ok(Secret::from(secret.as_ref()))
    }
}

/// ECDH and ML-KEM side by side; shares and secrets are concatenations in the same order.
#[derive(Clone, Copy)]
struct Hybrid {
    name: NamedGroup,
    ecdh: &'static Ecdh,
    mlkem: &'static MlKem,
    mlkem_first: bool,
    heavy: bool,
}

impl Hybrid {
    fn concat(mlkem_first: bool, ecdh: &[u8], mlkem: &[u8]) -> Vec<u8> {
        if mlkem_first {
            [mlkem, ecdh].concat()
        } else {
            [ecdh, mlkem].concat()
        }
    }

    /// Splits a share into (ecdh, mlkem), given the length of ML-KEM's half; each half checks its own length.
    fn split<'a>(
        &self,
        share: &'a [u8],
        mlkem_len: usize,
    ) -> Result<(&'a [u8], &'a [u8]), KxError> {
        let halves = if self.mlkem_first {
            share
                .split_at_checked(mlkem_len)
                .map(|(mlkem, ecdh)| (ecdh, mlkem))
        } else {
            share.split_at_checked(self.ecdh.public_len)
        };
        halves.ok_or(KxError::BadShare)
    }
}

impl KxGroup for Hybrid {
    fn name(&self) -> NamedGroup {
        self.name
    }

    fn heavy(&self) -> bool {
        self.heavy
    }

    fn generate(&self, random: &mut dyn Random) -> Result<Box<dyn ActiveKx>, KxError> {
        let ecdh = self.ecdh.start(random)?;
        let mlkem = self.mlkem.start()?;
        let public = Self::concat(self.mlkem_first, &ecdh.public, &mlkem.public);
        Ok(Box::new(ActiveHybrid {
            group: *self,
            ecdh: Box::new(ecdh),
            mlkem: Box::new(mlkem),
            public,
        }))
    }

    fn respond(
        &self,
        client_share: &[u8],
        random: &mut dyn Random,
    ) -> Result<(Vec<u8>, Secret), KxError> {
        let (ecdh, mlkem) = self.split(client_share, self.mlkem.public_len)?;
        let (ecdh_share, ecdh_secret) = self.ecdh.respond(ecdh, random)?;
        let (mlkem_share, mlkem_secret) = self.mlkem.respond(mlkem, random)?;
        Ok((
            Self::concat(self.mlkem_first, &ecdh_share, &mlkem_share),
            Secret::new(Self::concat(
                self.mlkem_first,
                ecdh_secret.as_ref(),
                mlkem_secret.as_ref(),
            )),
        ))
    }
}

struct ActiveHybrid {
    group: Hybrid,
    ecdh: Box<ActiveEcdh>,
    mlkem: Box<ActiveMlKem>,
    public: Vec<u8>,
}

impl ActiveKx for ActiveHybrid {
    fn public(&self) -> &[u8] {
        &self.public
    }

    fn complete(self: Box<Self>, server_share: &[u8]) -> Result<Secret, KxError> {
        let (ecdh, mlkem) = self
            .group
            .split(server_share, self.group.mlkem.ciphertext_len)?;
        let ecdh_secret = self.ecdh.complete(ecdh)?;
        let mlkem_secret = self.mlkem.complete(mlkem)?;
        Ok(Secret::new(Hybrid::concat(
            self.group.mlkem_first,
            ecdh_secret.as_ref(),
            mlkem_secret.as_ref(),
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::testing::{hex, rfc8448, Fixed};
    use crate::crypto::SystemRandom;

    #[test]
    fn x25519_makes_the_keys_and_the_secret_of_rfc_8448() {
        let client = X25519
            .generate(&mut Fixed(rfc8448("client_private")))
            .unwrap();
        assert_eq!(client.public(), rfc8448("client_public"));
        let (share, secret) = X25519
            .respond(client.public(), &mut Fixed(rfc8448("server_private")))
            .unwrap();
        assert_eq!(share, rfc8448("server_public"));
        assert_eq!(secret.as_ref(), rfc8448("shared"));
        assert_eq!(client.complete(&share).unwrap().as_ref(), rfc8448("shared"));
    }

    #[test]
    fn p256_agrees_as_in_rfc_5903_section_8_1() {
        let key =
            |bytes: &str| PrivateKey::from_private_key(&agreement::ECDH_P256, &hex(bytes)).unwrap();
        let initiator = key("C88F01F510D9AC3F70A292DAA2316DE544E9AAB8AFE84049C62A9C57862D1433");
        let responder = key("C6EF9C5D78AE012A011164ACB397CE2088685D8F06BF9BE0B283AB46476BEE53");
        let share = responder.compute_public_key().unwrap();
        let secret = SECP256R1.agree(&initiator, share.as_ref()).unwrap();
        assert_eq!(
            secret.as_ref(),
            hex("D6840F6B42F6EDAFD13116E0E12565202FEF8E9ECE7DCE03812464D04B9442DE")
        );
    }

    #[test]
    fn the_hybrid_with_x25519_puts_it_last() {
        let client = native_group(NamedGroup::X25519MLKEM768)
            .unwrap()
            .generate(&mut Fixed(rfc8448("client_private")));
        assert!(client
            .unwrap()
            .public()
            .ends_with(&rfc8448("client_public")));
    }

    #[test]
    fn rustls_agrees_as_client_and_as_server() {
        use rustls::crypto::aws_lc_rs::kx_group as theirs;
        for group in [
            theirs::X25519,
            theirs::SECP256R1,
            theirs::SECP384R1,
            theirs::X25519MLKEM768,
            theirs::SECP256R1MLKEM768,
            theirs::MLKEM768,
            theirs::MLKEM1024,
        ] {
            let ours = native_group(NamedGroup(group.name().into())).unwrap();
            let client = ours.generate(&mut SystemRandom).unwrap();
            let reply = group.start_and_complete(client.public()).unwrap();
            assert_eq!(
                client.complete(&reply.pub_key).unwrap().as_ref(),
                reply.secret.secret_bytes()
            );

            let client = group.start().unwrap();
            let (share, secret) = ours.respond(client.pub_key(), &mut SystemRandom).unwrap();
            assert_eq!(
                client.complete(&share).unwrap().secret_bytes(),
                secret.as_ref()
            );
        }
    }

    #[test]
    fn both_sides_of_every_group_agree() {
        for group in GROUPS {
            let client = group.generate(&mut SystemRandom).unwrap();
            let (share, server_secret) = group.respond(client.public(), &mut SystemRandom).unwrap();
            let client_secret = client.complete(&share).unwrap();
            assert!(client_secret == server_secret, "{group:?}");
            assert!(!client_secret.is_empty());
        }
    }

    #[test]
    fn shares_of_wrong_length_are_refused_by_both_sides() {
        for group in GROUPS {
            let client = group.generate(&mut SystemRandom).unwrap();
            let (share, _) = group.respond(client.public(), &mut SystemRandom).unwrap();
            let public = client.public().to_vec();
            for bad in [
                &public[..public.len() - 1],
                &[&public[..], &[0]].concat(),
                &[],
                &public[..1],
            ] {
                assert_eq!(
                    group.respond(bad, &mut SystemRandom).err(),
                    Some(KxError::BadShare),
                    "{group:?}"
                );
            }
            for bad in [&share[..share.len() - 1], &[&share[..], &[0]].concat(), &[]] {
                let client = group.generate(&mut SystemRandom).unwrap();
                assert_eq!(
                    client.complete(bad).err(),
                    Some(KxError::BadShare),
                    "{group:?}"
                );
            }
        }
    }

    #[test]
    fn x25519_points_of_small_order_are_refused() {
        let order_8 = hex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800");
        let mut one = vec![0; 32];
        one[0] = 1;
        for bad in [vec![0; 32], one, order_8] {
            assert_eq!(
                X25519.respond(&bad, &mut SystemRandom).err(),
                Some(KxError::BadShare)
            );
        }
    }

    #[test]
    fn nist_points_off_the_curve_or_not_uncompressed_are_refused() {
        for group in [&SECP256R1, &SECP384R1, &SECP521R1] {
            let good = group.start(&mut SystemRandom).unwrap().public;
            let mut off = good.clone();
            *off.last_mut().unwrap() ^= 1;
            let mut hybrid_form = good.clone();
            hybrid_form[0] = 6 | (good[good.len() - 1] & 1);
            let mut compressed = good[..1 + (good.len() - 1) / 2].to_vec();
            compressed[0] = 2 | (good[good.len() - 1] & 1);
            let infinity = vec![0; good.len()];
            for bad in [off, hybrid_form, compressed, infinity] {
                assert_eq!(
                    group.respond(&bad, &mut SystemRandom).err(),
                    Some(KxError::BadShare)
                );
            }
        }
    }

    #[test]
    fn ml_kem_keys_with_coefficients_beyond_the_modulus_are_refused() {
        let bad = vec![0xff; MLKEM768.public_len];
        assert_eq!(
            MLKEM768.respond(&bad, &mut SystemRandom).err(),
            Some(KxError::BadShare)
        );
    }

    #[test]
    fn without_randomness_there_is_no_key() {
        struct Broken;
        impl Random for Broken {
            fn fill(&mut self, _: &mut [u8]) -> Result<(), crate::crypto::RandomFailed> {
                Err(crate::crypto::RandomFailed)
            }
        }
        assert_eq!(X25519.generate(&mut Broken).err(), Some(KxError::Failed));
        assert_eq!(
            X25519.respond(&[9; 32], &mut Broken).err(),
            Some(KxError::Failed)
        );
    }
}
