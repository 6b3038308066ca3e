//! What the core gives out, as terms.

use crate::atoms;
use crate::beam::copy;
use rustler::{Atom, Encoder, Env, Term};
use tls_core::connection::Info;
use tls_core::enums::SignatureScheme;
use tls_core::error::{Error, Origin};
use tls_core::query::{Event, Query};
use tls_core::trace::Traced;
use tls_core::wire::extension::{
    EarlyData, Extension, Extensions, KeyShare, KeyShareEntry, PreSharedKey, StatusRequest,
    Versions,
};

/// How a connection failed; outlives the call that found it.
pub struct Fatal {
    origin: Atom,
    alert: u8,
    state: &'static str,
    cause: String,
}

impl Fatal {
    /// From the core's error and the state it happened in.
    pub fn new(error: &Error, state: &'static str) -> Self {
        let origin = match error.origin() {
            Origin::Local => atoms::local(),
            Origin::Peer => atoms::peer(),
        };
        Fatal {
            origin,
            alert: error.alert().0,
            state,
            cause: error.to_string(),
        }
    }

    /// A failure of this library.
    pub fn internal(state: &'static str) -> Self {
        let alert = tls_core::enums::AlertDescription::INTERNAL_ERROR.0;
        Fatal {
            origin: atoms::local(),
            alert,
            state,
            cause: "internal error".to_owned(),
        }
    }

    /// `{fatal, #{origin, alert, state, cause}}`
    pub fn encode<'a>(&self, env: Env<'a>) -> Term<'a> {
        let map = map(
            env,
            &[
                (atoms::origin(), self.origin.encode(env)),
                (atoms::alert(), self.alert.encode(env)),
                (atoms::state(), state(env, self.state)),
                (atoms::cause(), copy(env, self.cause.as_bytes())),
            ],
        );
        (atoms::fatal(), map).encode(env)
    }
}

/// A state's name. The names are constants of the core, so the atoms are few.
pub fn state<'a>(env: Env<'a>, name: &'static str) -> Term<'a> {
    Atom::from_str(env, name)
        .unwrap_or_else(|_| atoms::undefined())
        .encode(env)
}

/// A map from atoms.
pub fn map<'a>(env: Env<'a>, pairs: &[(Atom, Term<'a>)]) -> Term<'a> {
    let keys: Vec<Term> = pairs.iter().map(|pair| pair.0.encode(env)).collect();
    let values: Vec<Term> = pairs.iter().map(|pair| pair.1).collect();
    // Fails on duplicate keys only, and the keys are constants.
    Term::map_from_term_arrays(env, &keys, &values).unwrap_or_else(|_| Term::map_new(env))
}

fn list<'a, T>(env: Env<'a>, items: &[T], encode: impl Fn(&T) -> Term<'a>) -> Term<'a> {
    items.iter().map(encode).collect::<Vec<_>>().encode(env)
}

fn binaries<'a>(env: Env<'a>, items: &[Vec<u8>]) -> Term<'a> {
    list(env, items, |item| copy(env, item))
}

fn optional<'a, T>(env: Env<'a>, item: Option<T>, encode: impl FnOnce(T) -> Term<'a>) -> Term<'a> {
    item.map_or_else(|| atoms::undefined().encode(env), encode)
}

/// `Info` of the contract.
pub fn info<'a>(env: Env<'a>, info: &Info) -> Term<'a> {
    map(
        env,
        &[
            (atoms::version(), info.version.0.encode(env)),
            (atoms::cipher_suite(), info.cipher_suite.0.encode(env)),
            (
                atoms::group(),
                optional(env, info.group, |group| group.0.encode(env)),
            ),
            (
                atoms::signature_scheme(),
                optional(env, info.signature_scheme, |scheme| scheme.0.encode(env)),
            ),
            (
                atoms::alpn(),
                optional(env, info.alpn.as_ref(), |name| copy(env, name)),
            ),
            (
                atoms::server_name(),
                optional(env, info.server_name.as_ref(), |name| copy(env, name)),
            ),
            (
                atoms::max_fragment_length(),
                optional(env, info.max_fragment_length, |length| length.encode(env)),
            ),
            (atoms::peer_chain(), binaries(env, &info.peer_chain)),
            (atoms::session_id(), copy(env, &info.session_id)),
            (atoms::client_random(), copy(env, &info.client_random)),
            (atoms::server_random(), copy(env, &info.server_random)),
            (
                atoms::own_credential(),
                optional(env, info.own_credential, |index| index.encode(env)),
            ),
            (atoms::hrr(), info.hrr.encode(env)),
            (atoms::resumed(), info.resumed.encode(env)),
            (
                atoms::extended_master_secret(),
                info.extended_master_secret.encode(env),
            ),
            (
                atoms::srp_username(),
                optional(env, info.srp_username.as_ref(), |name| copy(env, name)),
            ),
        ],
    )
}

/// `{trace, inbound | outbound, handshake | record, Title, Body}`: of a message its text, of a record its bytes.
pub fn trace<'a>(env: Env<'a>, item: &Traced) -> Term<'a> {
    let direction = if item.inbound {
        atoms::inbound()
    } else {
        atoms::outbound()
    };
    let title = copy(env, item.title().as_bytes());
    let (kind, body) = if item.message {
        (atoms::handshake(), copy(env, item.text().as_bytes()))
    } else {
        (atoms::record(), copy(env, &item.bytes))
    };
    (atoms::trace(), direction, kind, title, body).encode(env)
}

/// `{event, Event}` of the contract.
pub fn event<'a>(env: Env<'a>, event: &Event) -> Term<'a> {
    let event = match event {
        Event::Connected(what) => (atoms::connected(), info(env, what)).encode(env),
        Event::KeyLog {
            label,
            client_random,
            secret,
        } => (
            atoms::key_log(),
            copy(env, label.as_bytes()),
            copy(env, client_random),
            copy(env, secret.as_ref()),
        )
            .encode(env),
        Event::PeerKeyUpdate { update_requested } => {
            (atoms::key_update(), *update_requested).encode(env)
        }
        Event::Trace(item) => trace(env, item),
        Event::PeerClosed => atoms::closed().encode(env),
        Event::WarningAlert(alert) => (atoms::warning(), alert.0).encode(env),
        Event::SessionTicket {
            lifetime,
            age_add,
            nonce,
            ticket,
            max_early_data,
        } => {
            let map = map(
                env,
                &[
                    (atoms::lifetime(), lifetime.encode(env)),
                    (atoms::age_add(), age_add.encode(env)),
                    (atoms::nonce(), copy(env, nonce)),
                    (atoms::ticket(), copy(env, ticket)),
                    (atoms::max_early_data(), max_early_data.encode(env)),
                ],
            );
            (atoms::session_ticket(), map).encode(env)
        }
        Event::Session(session) => {
            // What does not fit its length fields cannot be kept.
            let data = session.to_bytes().ok();
            let map = map(
                env,
                &[
                    (atoms::id(), copy(env, &session.session_id)),
                    (
                        atoms::data(),
                        optional(env, data, |data| copy(env, data.as_ref())),
                    ),
                    (atoms::version(), session.version.0.encode(env)),
                    (atoms::cipher_suite(), session.suite.0.encode(env)),
                    (
                        atoms::server_name(),
                        optional(env, session.server_name.as_ref(), |name| copy(env, name)),
                    ),
                    (atoms::ems(), session.extended_master_secret.encode(env)),
                ],
            );
            (atoms::session(), map).encode(env)
        }
        Event::Renegotiated(what) => (atoms::renegotiated(), info(env, what)).encode(env),
        Event::RenegotiationRefused => (atoms::renegotiation(), atoms::refused()).encode(env),
    };
    (atoms::event(), event).encode(env)
}

/// `[{Type, Value}]`: numbers and binaries, lists and pairs of them; `undefined` where a value says nothing.
fn extensions<'a>(env: Env<'a>, items: &Extensions) -> Term<'a> {
    let items: Vec<&Extension> = items.iter().collect();
    list(env, &items, |item| {
        (item.extension_type().0, extension(env, item)).encode(env)
    })
}

fn extension<'a>(env: Env<'a>, extension: &Extension) -> Term<'a> {
    let nothing = atoms::undefined().encode(env);
    let schemes = |list: &[SignatureScheme]| list.iter().map(|s| s.0).collect::<Vec<u16>>();
    let share = |entry: &KeyShareEntry| (entry.group.0, copy(env, &entry.key_exchange)).encode(env);
    match extension {
        Extension::ServerName(name) => optional(env, name.as_ref(), |name| copy(env, name)),
        Extension::MaxFragmentLength(code) => code.encode(env),
        Extension::SupportedGroups(groups) => {
            let groups: Vec<u16> = groups.iter().map(|group| group.0).collect();
            groups.encode(env)
        }
        Extension::SignatureAlgorithms(list) | Extension::SignatureAlgorithmsCert(list) => {
            schemes(list).encode(env)
        }
        Extension::EcPointFormats(codes) | Extension::PskKeyExchangeModes(codes) => {
            list(env, codes, |code| code.encode(env))
        }
        Extension::Alpn(names)
        | Extension::NextProtocols(names)
        | Extension::CertificateAuthorities(names) => binaries(env, names),
        Extension::SupportedVersions(Versions::Offered(versions)) => versions.encode(env),
        Extension::SupportedVersions(Versions::Selected(version)) => version.encode(env),
        Extension::KeyShare(KeyShare::Offered(entries)) => list(env, entries, share),
        Extension::KeyShare(KeyShare::Selected(entry)) => share(entry),
        Extension::KeyShare(KeyShare::Retry(group)) => group.0.encode(env),
        Extension::PreSharedKey(PreSharedKey::Offered { identities, .. }) => {
            list(env, identities, |(identity, _)| copy(env, identity))
        }
        Extension::PreSharedKey(PreSharedKey::Selected(index)) => index.encode(env),
        Extension::EarlyData(EarlyData::MaxSize(size)) => size.encode(env),
        Extension::StatusRequest(StatusRequest::Request(kind, _)) => kind.encode(env),
        Extension::OidFilters(filters) => list(env, filters, |(oid, values)| {
            (copy(env, oid), copy(env, values)).encode(env)
        }),
        Extension::Srp(bytes)
        | Extension::UseSrtp(bytes)
        | Extension::SessionTicket(bytes)
        | Extension::Cookie(bytes)
        | Extension::RenegotiationInfo(bytes)
        | Extension::Unknown(_, bytes) => copy(env, bytes),
        Extension::Padding(len) => len.encode(env),
        Extension::EarlyData(EarlyData::Indication)
        | Extension::StatusRequest(_)
        | Extension::ExtendedMasterSecret(())
        | Extension::PostHandshakeAuth(()) => nothing,
    }
}

/// `{ask, Query}` of the contract.
pub fn query<'a>(env: Env<'a>, query: &Query) -> Term<'a> {
    let query = match query {
        Query::ClientHello(hello) => {
            let map = map(
                env,
                &[
                    (
                        atoms::server_name(),
                        optional(env, hello.server_name.as_ref(), |name| copy(env, name)),
                    ),
                    (atoms::versions(), hello.versions.encode(env)),
                    (atoms::cipher_suites(), hello.cipher_suites.encode(env)),
                    (atoms::groups(), hello.groups.encode(env)),
                    (atoms::signature_algs(), hello.signature_algs.encode(env)),
                    (
                        atoms::signature_algs_cert(),
                        optional(env, hello.signature_algs_cert.as_ref(), |algs| {
                            algs.encode(env)
                        }),
                    ),
                    (
                        atoms::alpn(),
                        optional(env, hello.alpn.as_ref(), |names| binaries(env, names)),
                    ),
                    (atoms::extensions(), extensions(env, &hello.extensions)),
                ],
            );
            (atoms::client_hello(), map).encode(env)
        }
        Query::ServerHello(hello) => {
            let map = map(
                env,
                &[
                    (atoms::version(), hello.version.encode(env)),
                    (atoms::cipher_suite(), hello.cipher_suite.encode(env)),
                    (atoms::extensions(), extensions(env, &hello.extensions)),
                ],
            );
            (atoms::server_hello(), map).encode(env)
        }
        Query::PeerCertificate {
            chain,
            ocsp_response,
        } => {
            let ocsp = optional(env, ocsp_response.as_ref(), |response| copy(env, response));
            (atoms::peer_certificate(), binaries(env, chain), ocsp).encode(env)
        }
        Query::Sign {
            key_id,
            scheme,
            message,
        } => (atoms::sign(), *key_id, scheme.0, copy(env, message)).encode(env),
        Query::VerifySignature {
            scheme,
            certificate,
            message,
            signature,
        } => (
            atoms::verify_signature(),
            scheme.0,
            copy(env, certificate),
            copy(env, message),
            copy(env, signature),
        )
            .encode(env),
        Query::KxGenerate { group } => (atoms::kx_generate(), group.0).encode(env),
        Query::KxAgree { group, peer_share } => {
            (atoms::kx_agree(), group.0, copy(env, peer_share)).encode(env)
        }
        Query::KxRespond { group, peer_share } => {
            (atoms::kx_respond(), group.0, copy(env, peer_share)).encode(env)
        }
        Query::SessionLookup {
            session_id,
            server_name,
        } => (
            atoms::session_lookup(),
            copy(env, session_id),
            optional(env, server_name.as_ref(), |name| copy(env, name)),
        )
            .encode(env),
        Query::PskLookup { identity } => (
            atoms::psk_lookup(),
            optional(env, identity.as_deref(), |identity| copy(env, identity)),
        )
            .encode(env),
        Query::SrpClient {
            user,
            prime,
            generator,
            salt,
            peer_public,
        } => (
            atoms::srp_client(),
            copy(env, user),
            copy(env, prime),
            copy(env, generator),
            copy(env, salt),
            copy(env, peer_public),
        )
            .encode(env),
        Query::SrpServer { user } => (atoms::srp_server(), copy(env, user)).encode(env),
        Query::SrpAgree { peer_public } => (atoms::srp_agree(), copy(env, peer_public)).encode(env),
        Query::DhGenerate { prime, generator } => {
            (atoms::dh_generate(), copy(env, prime), copy(env, generator)).encode(env)
        }
        Query::DhAgree {
            prime,
            generator,
            peer_public,
        } => (
            atoms::dh_agree(),
            copy(env, prime),
            copy(env, generator),
            copy(env, peer_public),
        )
            .encode(env),
        Query::RsaDecrypt { key_id, ciphertext } => {
            (atoms::rsa_decrypt(), *key_id, copy(env, ciphertext)).encode(env)
        }
        Query::EcdhStatic {
            key_id,
            group,
            peer_public,
        } => (
            atoms::ecdh_static(),
            *key_id,
            group.0,
            copy(env, peer_public),
        )
            .encode(env),
    };
    (atoms::ask(), query).encode(env)
}
