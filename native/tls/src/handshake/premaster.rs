//! Premaster secrets before TLS 1.3, as far as both sides compute and check them alike: what the key exchange messages of
//! a suite contain, the numbers of Diffie-Hellman, the encoding of pre-shared keys (RFC 5246 sections 7.4.3 and 8.1, RFC
//! 4279 sections 2 and 3, RFC 5489 section 2, RFC 5054 section 2.5.4).

use crate::crypto::suites::{Authentication, KeyExchange, SuiteRow};
use crate::crypto::Secret;
use crate::error::{Error, LocalFailure, Offence};
use crate::limits::{MAX_DH_BITS, MIN_DH_BITS};
use crate::wire::codec::{put_vec, Prefix};
use crate::wire::message12::{ClientShape, ParamsKind, ServerShape};
use zeroize::Zeroizing;

/// What the suite's ServerKeyExchange contains.
pub(crate) fn server_shape(row: &SuiteRow) -> ServerShape {
    use KeyExchange as K;
    ServerShape {
        hint: uses_psk(row),
        params: match row.kx {
            K::Ecdhe | K::EcdhAnon | K::EcdhePsk => ParamsKind::Ecdh,
            K::Dhe | K::DhAnon | K::DhePsk => ParamsKind::Dh,
            K::Srp => ParamsKind::Srp,
            K::Tls13 | K::Ecdh | K::Rsa | K::Psk | K::RsaPsk => ParamsKind::None,
        },
        signed: match row.kx {
            K::Ecdhe | K::Dhe => true,
            K::Srp => row.auth != Authentication::None,
            _ => false,
        },
    }
}

/// What the suite's ClientKeyExchange contains.
pub(crate) fn client_shape(row: &SuiteRow) -> ClientShape {
    use KeyExchange as K;
    ClientShape {
        identity: uses_psk(row),
        exchange: match row.kx {
            K::Ecdhe | K::Ecdh | K::EcdhAnon | K::EcdhePsk => ClientShape::POINT,
            K::Dhe | K::DhAnon | K::DhePsk | K::Rsa | K::RsaPsk | K::Srp => ClientShape::NUMBER,
            K::Tls13 | K::Psk => None,
        },
    }
}

/// Does the premaster secret depend on a pre-shared key?
pub(super) fn uses_psk(row: &SuiteRow) -> bool {
    use KeyExchange as K;
    matches!(row.kx, K::Psk | K::DhePsk | K::EcdhePsk | K::RsaPsk)
}

/// Does the server have a ServerKeyExchange to send? PSK and RSA_PSK without a hint do not (RFC 4279 sections 2 and 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    Always,
    Sometimes,
    Never,
}

/// Whether a ServerKeyExchange comes.
pub(super) fn server_key_exchange(row: &SuiteRow) -> Presence {
    use KeyExchange as K;
    match row.kx {
        K::Psk | K::RsaPsk => Presence::Sometimes,
        K::Tls13 | K::Rsa | K::Ecdh => Presence::Never,
        _ => Presence::Always,
    }
}

// ---- numbers ----

/// A big-endian number without leading zeros.
pub(super) fn significant(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}

fn bits(number: &[u8]) -> usize {
    match significant(number) {
        [] => 0,
        [first, rest @ ..] => {
            (rest.len().saturating_mul(8)).saturating_add(8 - first.leading_zeros() as usize)
        }
    }
}

/// 1 < `number` < `odd` - 1? These numbers are public.
fn inside(number: &[u8], odd: &[u8]) -> bool {
    let number = significant(number);
    let mut below = significant(odd).to_vec();
    match below.last_mut() {
        Some(last) if *last & 1 == 1 => *last &= 0xfe,
        _ => return false,
    }
    let above_one = number.len() > 1 || number.first().is_some_and(|byte| *byte > 1);
    above_one && (number.len(), number) < (below.len(), below.as_slice())
}

/// The server's choice of a group: not too short to be safe, as OTP has it (RFC 7919 section 2), not longer than anybody
/// needs, and no generator of a trivial group.
pub(super) fn check_dh_group(prime: &[u8], generator: &[u8]) -> Result<(), Offence> {
    match bits(prime) {
        short if short < MIN_DH_BITS => Err(Offence::DhPrimeTooShort),
        long if long > MAX_DH_BITS => Err(Offence::DhPrimeTooLong),
        _ if !inside(generator, prime) => Err(Offence::BadDhGroup),
        _ => Ok(()),
    }
}

/// A public value of the peer: no secret of one or two possible values follows from it (RFC 7919 section 5.1).
pub(super) fn check_dh_public(public: &[u8], prime: &[u8]) -> Result<(), Offence> {
    if inside(public, prime) {
        Ok(())
    } else {
        Err(Offence::BadKeyShare)
    }
}

/// B, or A, of SRP: not zero in the group (RFC 5054 sections 2.5.3 and 2.5.4).
pub(super) fn check_srp_public(public: &[u8], prime: &[u8]) -> Result<(), Offence> {
    let (public, prime) = (significant(public), significant(prime));
    if !public.is_empty() && (public.len(), public) < (prime.len(), prime) {
        Ok(())
    } else {
        Err(Offence::BadKeyShare)
    }
}

/// The shared secret as premaster secret: without leading zeros (RFC 5246 section 8.1.2).
pub(super) fn dh_premaster(shared: &Secret) -> Secret {
    Secret::from(significant(shared.as_ref()))
}

// ---- pre-shared keys ----

/// The secret of the other key exchange and the pre-shared key. Without another one (plain PSK) as many zeros as the key is
/// long stand for it.
pub(super) fn psk_premaster(other: Option<&Secret>, key: &Secret) -> Result<Secret, Error> {
    let zeros = Zeroizing::new(vec![0; key.len()]);
    let other = other.map_or(zeros.as_slice(), AsRef::as_ref);
    // As much as is needed from the start: a vector that grows leaves copies behind.
    let mut out = Vec::with_capacity(other.len().saturating_add(key.len()).saturating_add(4));
    put_vec(&mut out, Prefix::U16, other)
        .and_then(|()| put_vec(&mut out, Prefix::U16, key.as_ref()))
        .map_err(|_| LocalFailure::TooLong)?;
    Ok(Secret::new(out))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::suites::SUITES;

    /// 2^2047 + 1: not prime, but odd and long enough.
    fn long_odd() -> Vec<u8> {
        let mut number = vec![0; MIN_DH_BITS / 8];
        number[0] = 0x80;
        number[MIN_DH_BITS / 8 - 1] = 1;
        number
    }

    #[test]
    fn bits_are_counted_from_the_first_one() {
        for (number, count) in [
            (&[][..], 0),
            (&[0, 0], 0),
            (&[1], 1),
            (&[0, 0x80], 8),
            (&[1, 0], 9),
            (&[0, 0xff, 0xff], 16),
        ] {
            assert_eq!(bits(number), count, "{number:?}");
        }
    }

    #[test]
    fn public_values_lie_between_one_and_the_prime_less_one() {
        let prime = [0, 1, 1]; // 257
        for (value, good) in [
            (&[][..], false),
            (&[0], false),
            (&[1], false),
            (&[0, 0, 1], false),
            (&[2], true),
            (&[0, 0, 0, 2], true),
            (&[0xff], true),  // 255
            (&[1, 0], false), // 256
            (&[1, 1], false), // 257
            (&[1, 2], false),
            (&[1, 0, 0], false),
        ] {
            assert_eq!(check_dh_public(value, &prime).is_ok(), good, "{value:?}");
        }
        assert_eq!(check_dh_public(&[2], &[1, 0]), Err(Offence::BadKeyShare));
        assert_eq!(check_dh_public(&[2], &[]), Err(Offence::BadKeyShare));
    }

    #[test]
    fn public_values_of_srp_are_not_zero_in_the_group() {
        for (value, good) in [
            (&[][..], false),
            (&[0], false),
            (&[1], true),
            (&[0, 1], true),
            (&[1, 0], true),
            (&[1, 1], false), // the prime itself
            (&[2, 2], false),
        ] {
            assert_eq!(check_srp_public(value, &[1, 1]).is_ok(), good, "{value:?}");
        }
    }

    #[test]
    fn groups_are_neither_short_nor_long_nor_trivial() {
        let prime = long_odd();
        assert_eq!(check_dh_group(&prime, &[2]), Ok(()));
        assert_eq!(
            check_dh_group(&[&[0][..], &prime].concat(), &[0, 5]),
            Ok(())
        );
        assert_eq!(
            check_dh_group(&prime[1..], &[2]),
            Err(Offence::DhPrimeTooShort)
        );
        let mut short = prime.clone();
        short[0] = 0x40;
        assert_eq!(check_dh_group(&short, &[2]), Err(Offence::DhPrimeTooShort));
        let long = vec![0xff; MAX_DH_BITS / 8 + 1];
        assert_eq!(check_dh_group(&long, &[2]), Err(Offence::DhPrimeTooLong));
        for generator in [&[][..], &[0], &[1], &prime] {
            assert_eq!(check_dh_group(&prime, generator), Err(Offence::BadDhGroup));
        }
        let mut even = prime.clone();
        even[MIN_DH_BITS / 8 - 1] = 0;
        assert_eq!(check_dh_group(&even, &[2]), Err(Offence::BadDhGroup));
    }

    /// RFC 4279 section 2: "if the PSK is N octets long, concatenate a uint16 with the value N, N zero octets, a second
    /// uint16 with the value N, and the PSK itself."
    #[test]
    fn premaster_secrets_of_pre_shared_keys() {
        let key = Secret::new(vec![7, 8, 9]);
        let plain = psk_premaster(None, &key).unwrap();
        assert_eq!(plain.as_ref(), [0, 3, 0, 0, 0, 0, 3, 7, 8, 9]);
        let other = Secret::new(vec![1, 2]);
        let both = psk_premaster(Some(&other), &key).unwrap();
        assert_eq!(both.as_ref(), [0, 2, 1, 2, 0, 3, 7, 8, 9]);
        let long = Secret::new(vec![1; 65536]);
        assert!(psk_premaster(None, &long).is_err());
        assert_eq!(
            dh_premaster(&Secret::new(vec![0, 0, 5, 0])).as_ref(),
            [5, 0]
        );
    }

    #[test]
    fn shapes_fit_each_other() {
        for row in SUITES.iter().filter(|row| row.kx != KeyExchange::Tls13) {
            let (server, client) = (server_shape(row), client_shape(row));
            assert_eq!(server.hint, client.identity, "{:?}", row.id);
            let nothing = server.params == ParamsKind::None && !server.hint;
            assert_eq!(
                server_key_exchange(row) == Presence::Never,
                nothing,
                "{:?}",
                row.id
            );
            assert_eq!(
                client.exchange.is_none(),
                row.kx == KeyExchange::Psk,
                "{:?}",
                row.id
            );
        }
    }
}
