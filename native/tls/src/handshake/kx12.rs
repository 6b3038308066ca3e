//! The server's part in the key exchanges of TLS 1.0 to 1.2: from its ephemeral parameters to the premaster secret
//! (RFC 5246 sections 7.4.3 and 7.4.7, RFC 8422 section 5, RFC 4279, RFC 5489, RFC 5054).

use super::job::{EcdhJob, Park, RsaJob, Share, Then};
use super::negotiation12::Choice12;
use super::premaster::{check_dh_public, check_srp_public, dh_premaster, psk_premaster, uses_psk};
use super::world::{self, SrpParams};
use super::{Cx, Step};
use crate::config::{Config, DhParams};
use crate::crypto::sign::CertifiedKey;
use crate::crypto::suites::{KeyExchange, SuiteRow};
use crate::crypto::Secret;
use crate::enums::{NamedGroup, ProtocolVersion};
use crate::error::{Error, LocalFailure, Offence};
use crate::wire::message12::{ClientKeyExchange, ServerParams};
use std::sync::Arc;

/// What the server keeps until ClientKeyExchange. (Private keys that the world keeps are not in it.)
pub(super) enum Half {
    /// Plain PSK.
    Nothing,
    /// The key pair of ECDHE.
    Share(Share),
    Dh(DhParams),
    /// The prime of SRP.
    Srp(Vec<u8>),
    /// The certificate's key: RSA.
    Rsa(Arc<CertifiedKey>),
    /// The certificate's key: static ECDH.
    Ecdh(Arc<CertifiedKey>, NamedGroup),
}

/// Makes the ephemeral parameters for ServerKeyExchange.
pub(super) fn begin(
    cx: &mut Cx<'_>,
    choice: &Choice12,
    srp_user: Option<&[u8]>,
    then: Then<(ServerParams, Half)>,
) -> Result<Step, Error> {
    use KeyExchange as K;
    let key = choice.credential.as_ref().map(|own| Arc::clone(&own.key));
    match choice.suite.kx {
        K::Ecdhe | K::EcdhePsk | K::EcdhAnon => {
            let group = choice.group.ok_or(Offence::NoSharedGroup)?;
            let then = move |cx: &mut Cx<'_>, share: Share| {
                let public = share.public.clone();
                then(
                    cx,
                    (ServerParams::Ecdh { group, public }, Half::Share(share)),
                )
            };
            Ok(Park::KxGenerate(group, Box::new(then)).into())
        }
        K::Dhe | K::DhePsk | K::DhAnon => {
            let params = cx.config().dh.clone().ok_or(LocalFailure::Configuration)?;
            let half = params.clone();
            let then = move |cx: &mut Cx<'_>, public| {
                let params = ServerParams::Dh {
                    prime: half.prime.clone(),
                    generator: half.generator.clone(),
                    public,
                };
                then(cx, (params, Half::Dh(half)))
            };
            Ok(world::dh_generate(params, Box::new(then)))
        }
        K::Srp => {
            let user = srp_user.unwrap_or_default().to_vec();
            let then = move |cx: &mut Cx<'_>, params: Option<SrpParams>| {
                let SrpParams {
                    prime,
                    generator,
                    salt,
                    public,
                } = params.ok_or(Offence::UnknownUser)?;
                let half = Half::Srp(prime.clone());
                let params = ServerParams::Srp {
                    prime,
                    generator,
                    salt,
                    public,
                };
                then(cx, (params, half))
            };
            Ok(world::srp_server(user, Box::new(then)))
        }
        K::Rsa | K::RsaPsk => {
            let half = Half::Rsa(key.ok_or(LocalFailure::Configuration)?);
            then(cx, (ServerParams::None, half))
        }
        K::Ecdh => {
            let group = choice.group.ok_or(Offence::NoSharedGroup)?;
            let half = Half::Ecdh(key.ok_or(LocalFailure::Configuration)?, group);
            then(cx, (ServerParams::None, half))
        }
        K::Psk => then(cx, (ServerParams::None, Half::Nothing)),
        K::Tls13 => Err(LocalFailure::Order.into()),
    }
}

/// psk_identity_hint of ServerKeyExchange; suites with ephemeral keys have one always (RFC 4279 sections 2 and 3).
pub(super) fn hint(config: &Config, row: &SuiteRow) -> Option<Vec<u8>> {
    if !uses_psk(row) {
        return None;
    }
    match row.kx {
        KeyExchange::Psk | KeyExchange::RsaPsk => config.psk_identity.clone(),
        _ => Some(config.psk_identity.clone().unwrap_or_default()),
    }
}

/// The premaster secret out of ClientKeyExchange.
pub(super) fn finish(
    half: Half,
    row: &'static SuiteRow,
    client_version: ProtocolVersion,
    message: ClientKeyExchange,
    then: Then<Secret>,
) -> Result<Step, Error> {
    let ClientKeyExchange { identity, exchange } = message;
    let (identity, exchange) = (identity.unwrap_or_default(), exchange.unwrap_or_default());
    let then: Then<Secret> = match half {
        Half::Nothing => return Ok(with_psk(identity, None, then)),
        _ if uses_psk(row) => Box::new(move |_, other| Ok(with_psk(identity, Some(other), then))),
        _ => then,
    };
    match half {
        Half::Nothing => Err(LocalFailure::Order.into()),
        Half::Share(share) => Ok(Park::KxAgree(share, exchange, then).into()),
        Half::Dh(params) => {
            check_dh_public(&exchange, &params.prime)?;
            let then = move |cx: &mut Cx<'_>, shared: Secret| then(cx, dh_premaster(&shared));
            Ok(world::dh_agree(params, exchange, Box::new(then)))
        }
        Half::Srp(prime) => {
            check_srp_public(&exchange, &prime)?;
            Ok(world::srp_agree(exchange, then))
        }
        Half::Rsa(key) => {
            let job = RsaJob {
                key,
                ciphertext: exchange,
                client_version,
            };
            Ok(Park::RsaDecrypt(job, then).into())
        }
        Half::Ecdh(key, group) => {
            let job = EcdhJob {
                key,
                group,
                point: exchange,
            };
            Ok(Park::EcdhStatic(job, then).into())
        }
    }
}

/// The premaster secret of a pre-shared key and, perhaps, another secret.
fn with_psk(identity: Vec<u8>, other: Option<Secret>, then: Then<Secret>) -> Step {
    let found = move |cx: &mut Cx<'_>, key: Option<Secret>| {
        let key = key.ok_or(Offence::UnknownUser)?;
        let premaster = psk_premaster(other.as_ref(), &key)?;
        then(cx, premaster)
    };
    world::psk_lookup(Some(identity), Box::new(found))
}
