//! RSA key exchange (RFC 5246 section 7.4.7.1, RFC 4346 and RFC 2246 likewise): the premaster secret, encrypted by the client
//! with the key of the server's certificate.
//!
//! Whether a ciphertext decrypts to something well-formed is what Bleichenbacher's attack and its descendants (ROBOT,
//! CVE-2017-13099; DROWN) ask a server. Here every fault, in length, padding or version, has the same outcome: a premaster
//! secret of random bytes, drawn before anything is looked at, with which the handshake goes on until Finished does not
//! fit. Which of the two it is is chosen by masks, without a branch or an address that depends on what was decrypted.

use super::{Random, RandomFailed, Secret};
use crate::enums::ProtocolVersion;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};
use tls_legacy::keys::RsaPublic;
use zeroize::Zeroizing;

/// Bytes of a premaster secret.
pub const PREMASTER_LEN: usize = 48;

/// 0, 2, at least eight bytes of padding, 0 (RFC 8017 section 7.2.1).
const OVERHEAD: usize = 11;

/// Client: a premaster secret that begins with the version that its ClientHello offers.
pub fn new_premaster(
    offered: ProtocolVersion,
    random: &mut dyn Random,
) -> Result<Secret, RandomFailed> {
    let mut bytes = Zeroizing::new([0; PREMASTER_LEN]);
    random.fill(bytes.as_mut())?;
    if let Some(head) = bytes.first_chunk_mut() {
        *head = offered.0.to_be_bytes();
    }
    Ok(Secret::from(bytes.as_ref()))
}

/// Client: encrypts with the RSAPublicKey of the server's certificate. `None`: that is none, or too small.
pub fn encrypt_premaster(rsa_public_key: &[u8], premaster: &Secret) -> Option<Vec<u8>> {
    RsaPublic::from_der(rsa_public_key)?.encrypt(premaster.as_ref())
}

/// Server: the premaster secret out of an encoded message (as long as the modulus, its padding untouched), or out of 48
/// bytes that somebody else has taken out of one already; a random one if it is neither, or if its version is not the one
/// that the ClientHello offered (the highest, not the negotiated one: rollback shows here). A message of any other length,
/// also an empty one, is how somebody else tells that decryption failed.
pub fn premaster(
    encoded: &[u8],
    client_version: ProtocolVersion,
    random: &mut dyn Random,
) -> Result<Secret, RandomFailed> {
    let mut chosen = Zeroizing::new([0; PREMASTER_LEN]);
    random.fill(chosen.as_mut())?;
    // The length is that of the modulus: nothing secret.
    let (padding, candidate) = match encoded.len().checked_sub(PREMASTER_LEN) {
        Some(at) => encoded.split_at(at),
        None => (&[][..], &[0; PREMASTER_LEN][..]),
    };
    let well_padded = match (padding, encoded.len()) {
        ([], PREMASTER_LEN) => Choice::from(1),
        ([zero, two, filler @ .., end], len) if len >= PREMASTER_LEN + OVERHEAD => {
            filler.iter().fold(
                zero.ct_eq(&0) & two.ct_eq(&2) & end.ct_eq(&0),
                |good, byte| good & !byte.ct_eq(&0),
            )
        }
        _ => Choice::from(0),
    };
    let version = client_version.0.to_be_bytes();
    let right_version = candidate
        .iter()
        .zip(version)
        .fold(Choice::from(1), |good, (byte, wanted)| {
            good & byte.ct_eq(&wanted)
        });
    let good = well_padded & right_version;
    for (byte, candidate) in chosen.iter_mut().zip(candidate) {
        byte.conditional_assign(candidate, good);
    }
    Ok(Secret::from(chosen.as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::SystemRandom;

    const TLS12: ProtocolVersion = ProtocolVersion::TLS12;

    fn secret() -> Vec<u8> {
        let mut secret = vec![7; PREMASTER_LEN];
        secret[..2].copy_from_slice(&[3, 3]);
        secret
    }

    /// As long as a modulus of 2048 bits.
    fn encoded() -> Vec<u8> {
        let mut encoded = vec![0, 2];
        encoded.resize(256 - PREMASTER_LEN - 1, 0xff);
        encoded.push(0);
        encoded.extend(secret());
        encoded
    }

    fn taken(encoded: &[u8]) -> bool {
        let result = premaster(encoded, TLS12, &mut SystemRandom).unwrap();
        assert_eq!(result.len(), PREMASTER_LEN);
        result.as_ref() == secret()
    }

    #[test]
    fn a_well_formed_message_gives_its_secret() {
        assert!(taken(&encoded()));
        assert!(taken(&secret()));
        let mut smallest = vec![0, 2, 1, 1, 1, 1, 1, 1, 1, 1, 0];
        smallest.extend(secret());
        assert!(taken(&smallest));
    }

    #[test]
    fn every_fault_gives_random_bytes() {
        let good = encoded();
        let at = good.len() - PREMASTER_LEN;
        let with = |position: usize, byte: u8| {
            let mut bad = good.clone();
            bad[position] = byte;
            bad
        };
        let mut bads = vec![
            with(0, 1), // no leading zero
            with(1, 1), // a signature's block type
            with(1, 0),
            with(2, 0), // too short a padding
            with(9, 0),
            with(at - 2, 0), // a message of 49 bytes
            with(at - 1, 1), // no separator where it must be
            with(at, 2),     // versions
            with(at + 1, 1),
            with(at + 1, 4),
            Vec::new(), // decryption failed
            vec![0; 256],
            vec![0xff; 256],
            good[1..].to_vec(),
            secret()[1..].to_vec(),
            [&[0][..], &secret()].concat(),
            [&[0, 2, 1, 1, 1, 1, 1, 1, 1, 0][..], &secret()].concat(), // seven bytes of padding
        ];
        bads.push(with(at - 1, 0xff));
        for bad in bads {
            assert!(!taken(&bad), "{bad:02x?}");
        }
        let zeros = premaster(&[0; 256], TLS12, &mut SystemRandom).unwrap();
        let again = premaster(&[0; 256], TLS12, &mut SystemRandom).unwrap();
        assert!(zeros != again);
    }

    #[test]
    fn new_premaster_secrets_begin_with_the_version_offered() {
        let one = new_premaster(TLS12, &mut SystemRandom).unwrap();
        let other = new_premaster(TLS12, &mut SystemRandom).unwrap();
        assert_eq!(one.as_ref()[..2], [3, 3]);
        assert_eq!(one.len(), PREMASTER_LEN);
        assert!(one != other);
    }
}
