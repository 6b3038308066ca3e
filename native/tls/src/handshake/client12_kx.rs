//! A client's key exchange before TLS 1.3: what the server has sent for it is checked, then the premaster secret and the
//! ClientKeyExchange are made (RFC 5246 sections 7.4.3 and 7.4.7, RFC 8422 sections 5.4 and 5.7, RFC 4279, RFC 5489, RFC 5054).

use super::job::{Park, Then};
use super::premaster::{
    check_dh_group, check_dh_public, check_srp_public, client_shape, dh_premaster, psk_premaster,
    significant, uses_psk,
};
use super::world::{self, SrpParams};
use super::{Cx, Step};
use crate::config::DhParams;
use crate::crypto::suites::{KeyExchange, SuiteRow};
use crate::crypto::{rsa, srp, Secret};
use crate::enums::{AlertDescription, NamedGroup, ProtocolVersion};
use crate::error::{Error, LocalFailure, Offence};
use crate::wire::message12::{ClientKeyExchange, ServerParams};
use crate::x509::{self, KeyType};
use std::sync::Arc;

/// What the server has sent, and what goes on from it.
pub(super) struct Exchange {
    pub row: &'static SuiteRow,
    /// The version that the ClientHello offers.
    pub offered_version: ProtocolVersion,
    /// psk_identity_hint
    pub hint: Option<Vec<u8>>,
    pub params: ServerParams,
    /// The server's certificates, leaf first.
    pub chain: Arc<[Vec<u8>]>,
}

/// Outcome of the key exchange.
pub(super) struct Exchanged {
    pub premaster: Secret,
    /// ClientKeyExchange with its header.
    pub message: Vec<u8>,
    pub group: Option<NamedGroup>,
}

/// Our public value, or the encrypted secret, and the secret; the group that they belong to.
type Part = (Vec<u8>, Secret, Option<NamedGroup>);

/// Checks the server's parameters, against `offered` groups.
pub(super) fn check_params(params: &ServerParams, offered: &[NamedGroup]) -> Result<(), Offence> {
    match params {
        ServerParams::None => Ok(()),
        ServerParams::Ecdh { group, .. } => check_curve(*group, offered),
        ServerParams::Dh {
            prime,
            generator,
            public,
        } => {
            check_dh_group(prime, generator)?;
            check_dh_public(public, prime)
        }
        ServerParams::Srp {
            prime,
            generator,
            public,
            ..
        } => {
            check_dh_group(prime, generator)?;
            if !srp::known_group(significant(prime), significant(generator)) {
                return Err(Offence::UnknownSrpGroup);
            }
            check_srp_public(public, prime)
        }
    }
}

/// Is it a curve, and one that we offered?
fn check_curve(group: NamedGroup, offered: &[NamedGroup]) -> Result<(), Offence> {
    if group.is_curve() && offered.contains(&group) {
        Ok(())
    } else {
        Err(Offence::CurveNotOffered)
    }
}

impl Exchange {
    /// Makes secret and message.
    pub fn run(self, cx: &mut Cx<'_>, then: Then<Exchanged>) -> Result<Step, Error> {
        let row = self.row;
        let hint = self.hint.clone();
        if row.kx == KeyExchange::Psk {
            return finish_psk(cx, row, hint, None, then);
        }
        self.other(
            cx,
            Box::new(move |cx, part| {
                if uses_psk(row) {
                    return finish_psk(cx, row, hint, Some(part), then);
                }
                let (exchange, premaster, group) = part;
                let message = emit(row, None, Some(exchange))?;
                let exchanged = Exchanged {
                    premaster,
                    message,
                    group,
                };
                then(cx, exchanged)
            }),
        )
    }

    /// The exchange without a pre-shared key, or beside it.
    fn other(self, cx: &mut Cx<'_>, then: Then<Part>) -> Result<Step, Error> {
        use KeyExchange as K;
        match (self.row.kx, self.params) {
            (K::Rsa | K::RsaPsk, _) => encrypt(cx, &self.chain, self.offered_version, then),
            (K::Ecdh, _) => {
                let (group, point) = certificate_point(&self.chain)?;
                let hello_group = group;
                agree(hello_group, point, then)
            }
            (_, ServerParams::Ecdh { group, public }) => agree(group, public, then),
            (
                _,
                ServerParams::Dh {
                    prime,
                    generator,
                    public,
                },
            ) => Ok(diffie_hellman(DhParams { prime, generator }, public, then)),
            (
                _,
                ServerParams::Srp {
                    prime,
                    generator,
                    salt,
                    public,
                },
            ) => {
                let params = SrpParams {
                    prime,
                    generator,
                    salt,
                    public,
                };
                let user = cx.config().srp_identity.clone();
                // Without a user there is nothing that the world could answer; as OTP has it, the handshake fails here.
                let user = user.ok_or(LocalFailure::Configuration)?;
                let then =
                    move |cx: &mut Cx<'_>, (public, secret)| then(cx, (public, secret, None));
                Ok(world::srp_client(user, params, Box::new(then)))
            }
            (_, ServerParams::None) => Err(LocalFailure::KeyExchange.into()),
        }
    }
}

/// RFC 5246 section 7.4.7.1. The version inside is the one offered, so that the server notices a rollback.
fn encrypt(
    cx: &mut Cx<'_>,
    chain: &[Vec<u8>],
    offered_version: ProtocolVersion,
    then: Then<Part>,
) -> Result<Step, Error> {
    let leaf = chain.first().ok_or(Offence::EmptyServerCertificate)?;
    let spki = x509::spki(leaf).map_err(|_| Offence::UndecodableCertificate)?;
    let premaster = rsa::new_premaster(offered_version, &mut *cx.common.random)?;
    let encrypted =
        rsa::encrypt_premaster(spki.key, &premaster).ok_or(Offence::WrongCertificateType)?;
    then(cx, (encrypted, premaster, None))
}

/// The curve and the point in the server's certificate (RFC 8422 section 2.1).
fn certificate_point(chain: &[Vec<u8>]) -> Result<(NamedGroup, Vec<u8>), Error> {
    let leaf = chain.first().ok_or(Offence::EmptyServerCertificate)?;
    let spki = x509::spki(leaf).map_err(|_| Offence::UndecodableCertificate)?;
    match x509::key_type(&spki) {
        KeyType::Ec(group) => Ok((group.before_tls13(), spki.key.to_vec())),
        _ => Err(Offence::WrongCertificateType.into()),
    }
}

fn agree(group: NamedGroup, public: Vec<u8>, then: Then<Part>) -> Result<Step, Error> {
    let generated = move |_: &mut Cx<'_>, share: super::job::Share| {
        let ours = share.public.clone();
        let agreed = move |cx: &mut Cx<'_>, secret| then(cx, (ours, secret, Some(group)));
        Ok(Park::KxAgree(share, public, Box::new(agreed)).into())
    };
    Ok(Park::KxGenerate(group, Box::new(generated)).into())
}

fn diffie_hellman(params: DhParams, public: Vec<u8>, then: Then<Part>) -> Step {
    let group = params.clone();
    let generated = move |_: &mut Cx<'_>, ours: Vec<u8>| {
        let agreed =
            move |cx: &mut Cx<'_>, secret: Secret| then(cx, (ours, dh_premaster(&secret), None));
        Ok(world::dh_agree(group, public, Box::new(agreed)))
    };
    world::dh_generate(params, Box::new(generated))
}

/// Looks the key up and puts it together with the other secret.
fn finish_psk(
    cx: &mut Cx<'_>,
    row: &'static SuiteRow,
    hint: Option<Vec<u8>>,
    part: Option<Part>,
    then: Then<Exchanged>,
) -> Result<Step, Error> {
    let found = move |cx: &mut Cx<'_>, key: Option<Secret>| {
        // As OTP has it: who knows no key says illegal_parameter.
        let key = key.ok_or(Error::Aborted(AlertDescription::ILLEGAL_PARAMETER))?;
        let other = part.as_ref().map(|(_, secret, _)| secret);
        let premaster = psk_premaster(other, &key)?;
        let group = part.as_ref().and_then(|(_, _, group)| *group);
        let identity = cx.config().psk_identity.clone().unwrap_or_default();
        let message = emit(row, Some(identity), part.map(|(exchange, ..)| exchange))?;
        let exchanged = Exchanged {
            premaster,
            message,
            group,
        };
        then(cx, exchanged)
    };
    if !cx.config().user_lookup {
        return found(cx, None);
    }
    Ok(world::psk_lookup(hint, Box::new(found)))
}

fn emit(
    row: &SuiteRow,
    identity: Option<Vec<u8>>,
    exchange: Option<Vec<u8>>,
) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    ClientKeyExchange { identity, exchange }.emit(client_shape(row), &mut out)?;
    Ok(out)
}
