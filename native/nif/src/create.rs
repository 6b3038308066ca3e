//! Connections made, and asked about.

use crate::atoms;
use crate::beam::copy;
use crate::conn::{guarded, internal, Conn, Phase};
use crate::encode;
use crate::objects::ConfigObject;
use rustler::{Atom, Binary, Encoder, Env, Error, NifResult, ResourceArc, Term};
use tls_core::connection::{ClientParams, Connection, VerifyName};
use tls_core::crypto::SystemRandom;
use tls_core::session::SavedSession;

/// A field of the parameters; absent is `undefined`.
fn field<'a>(map: Term<'a>, key: Atom) -> Option<Term<'a>> {
    let value = map.map_get(key).ok()?;
    (!value
        .decode::<Atom>()
        .is_ok_and(|atom| atom == atoms::undefined()))
    .then_some(value)
}

/// A client's connection.
#[rustler::nif]
fn client<'a>(
    env: Env<'a>,
    config: ResourceArc<ConfigObject>,
    params: Term<'a>,
) -> NifResult<Term<'a>> {
    let server_name = match field(params, atoms::server_name()) {
        Some(name) => Some(name.decode::<Binary>()?.as_slice().to_vec()),
        None => None,
    };
    let verify_name = match field(params, atoms::verify_name()) {
        Some(name) => {
            let (kind, name) = name.decode::<(Atom, Binary)>()?;
            let name = name.as_slice().to_vec();
            Some(if kind == atoms::dns() {
                VerifyName::Dns(name)
            } else if kind == atoms::ip() && (name.len() == 4 || name.len() == 16) {
                VerifyName::Ip(name)
            } else {
                return Err(Error::BadArg);
            })
        }
        None => None,
    };
    // What another release saved, or somebody else, is no session.
    let session = match field(params, atoms::session()) {
        Some(saved) => SavedSession::from_bytes(saved.decode::<Binary>()?.as_slice()).ok(),
        None => None,
    };
    let core = Connection::client(
        config.core.clone(),
        ClientParams {
            server_name,
            verify_name,
            session,
        },
        Box::new(SystemRandom),
    );
    Ok(Conn::create(env, core, config).encode(env))
}

/// A server's connection.
#[rustler::nif]
fn server<'a>(env: Env<'a>, config: ResourceArc<ConfigObject>) -> Term<'a> {
    let core = Connection::server(config.core.clone(), Box::new(SystemRandom));
    Conn::create(env, core, config).encode(env)
}

/// Another configuration, before anything was fed.
#[rustler::nif]
fn use_config<'a>(
    env: Env<'a>,
    conn: ResourceArc<Conn>,
    config: ResourceArc<ConfigObject>,
) -> NifResult<Term<'a>> {
    guarded(env, &conn, internal, || {
        let started = || Ok((atoms::error(), atoms::started()).encode(env));
        let (mut rx, mut tx) = (conn.rx(), conn.tx());
        if rx.phase != Phase::Fresh {
            return started();
        }
        let (Some(reader), Some(writer)) = (rx.core.take(), tx.core.take()) else {
            return started();
        };
        let mut core = Connection {
            rx: reader,
            tx: writer,
        };
        let result = core.use_config(config.core.clone());
        rx.core = Some(core.rx);
        tx.core = Some(core.tx);
        if result.is_err() {
            return started();
        }
        rx.config = config;
        Ok(atoms::ok().encode(env))
    })
}

/// What was negotiated.
#[rustler::nif]
fn info<'a>(env: Env<'a>, conn: ResourceArc<Conn>) -> Term<'a> {
    if !conn.is_settled() {
        return atoms::undefined().encode(env);
    }
    match conn.rx().core.as_ref().and_then(|core| core.info()) {
        Some(info) => encode::info(env, info),
        None => atoms::undefined().encode(env),
    }
}

/// OTP's name of the state.
#[rustler::nif]
fn state<'a>(env: Env<'a>, conn: ResourceArc<Conn>) -> Term<'a> {
    encode::state(env, conn.rx().state_name())
}

/// Exporters give no more than this (RFC 8446 section 7.1: 255 hashes).
const MAX_EXPORT: usize = 255 * 64;

/// Keying material (RFC 8446 section 7.5).
#[rustler::nif]
fn export<'a>(
    env: Env<'a>,
    conn: ResourceArc<Conn>,
    label: Binary<'a>,
    context: Term<'a>,
    length: usize,
) -> NifResult<Term<'a>> {
    let context = match context.decode::<Binary>() {
        Ok(context) => Some(context),
        Err(_)
            if context
                .decode::<Atom>()
                .is_ok_and(|atom| atom == atoms::no_context()) =>
        {
            None
        }
        Err(error) => return Err(error),
    };
    if length > MAX_EXPORT {
        return Ok((atoms::error(), atoms::badarg()).encode(env));
    }
    guarded(env, &conn, internal, || {
        let rx = conn.rx();
        let secret = match (&rx.core, rx.phase) {
            (Some(core), Phase::Open) => core.export(
                label.as_slice(),
                context.as_ref().map(|c| c.as_slice()),
                length,
            ),
            _ => return Ok((atoms::error(), atoms::not_connected()).encode(env)),
        };
        Ok(match secret {
            Ok(secret) => (atoms::ok(), copy(env, secret.as_ref())).encode(env),
            Err(_) => (atoms::error(), atoms::badarg()).encode(env),
        })
    })
}

/// What must be known to resume the session.
#[rustler::nif]
fn session<'a>(env: Env<'a>, conn: ResourceArc<Conn>) -> Term<'a> {
    if !conn.is_settled() {
        return atoms::none().encode(env);
    }
    let rx = conn.rx();
    let saved = rx.core.as_ref().and_then(|core| core.saved_session());
    match saved.and_then(|session| session.to_bytes().ok()) {
        Some(data) => (atoms::ok(), copy(env, data.as_ref())).encode(env),
        None => atoms::none().encode(env),
    }
}

/// The master secret of a version before TLS 1.3, for who asked for it.
#[rustler::nif]
fn master_secret<'a>(env: Env<'a>, conn: ResourceArc<Conn>) -> Term<'a> {
    if !conn.is_settled() {
        return atoms::none().encode(env);
    }
    let rx = conn.rx();
    let secret = rx.core.as_ref().and_then(|core| core.master_secret());
    match secret {
        Some(secret) => (atoms::ok(), copy(env, secret.as_bytes())).encode(env),
        None => atoms::none().encode(env),
    }
}
