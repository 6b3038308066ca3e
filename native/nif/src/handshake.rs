//! The endpoint's calls: handshake and active mode.

use crate::atoms;
use crate::beam::{self, Fit, Iodata, Timeslice};
use crate::conn::{guarded, Conn, End, Phase, Reason, Receiver};
use crate::encode::Fatal;
use crate::objects::ConfigObject;
use crate::plaintext::Framing;
use crate::steps::{unix_seconds, Steps};
use rustler::{Atom, Encoder, Env, Error, NifResult, ResourceArc, Term};
use tls_core::crypto::Secret;
use tls_core::enums::AlertDescription;
use tls_core::query::{Answer, Event};
use tls_core::session::SavedSession;

/// The outs after a panic.
fn broken(env: Env) -> Term {
    vec![Fatal::internal("connection").encode(env)].encode(env)
}

/// Runs one of the endpoint's calls.
fn step<'a>(
    env: Env<'a>,
    conn: &ResourceArc<Conn>,
    call: impl FnOnce(&mut Receiver, &mut Steps<'a>) -> NifResult<()>,
) -> NifResult<Term<'a>> {
    let caller = conn.check_endpoint(env)?;
    guarded(env, conn, broken, || {
        let mut rx = conn.rx();
        let mut steps = Steps::new(env);
        call(&mut rx, &mut steps)?;
        if steps.failed() {
            // The endpoint gets to know how; for everybody else it is closed.
            rx.end_with(End::Reason(Reason::closed()));
        }
        // Unframed plaintext goes out at once to an endpoint that has the read lock; else it is there for whoever reads.
        let ours = rx.framing == Framing::Raw && rx.turn.is_held_by(caller) && !rx.ahead.is_on();
        let data = if ours {
            rx.plain.all().map(|unit| beam::unit(env, unit))
        } else {
            None
        };
        if rx.ahead.is_on() {
            let Receiver {
                ahead,
                plain,
                framing,
                ..
            } = &mut *rx;
            ahead.wake(env, plain, *framing);
        }
        rx.count();
        conn.settle(&rx);
        Ok(steps.outs(data))
    })
}

/// The first flight.
#[rustler::nif]
fn start<'a>(env: Env<'a>, conn: ResourceArc<Conn>) -> NifResult<Term<'a>> {
    let _slice = Timeslice::start(env);
    step(env, &conn, |rx, steps| {
        rx.phase = if rx.phase == Phase::Fresh {
            Phase::Handshake
        } else {
            rx.phase
        };
        if let Some(core) = &mut rx.core {
            core.set_now(unix_seconds());
        }
        steps.drive(rx, &mut conn.tx(), false);
        Ok(())
    })
}

/// Bytes from the transport.
#[rustler::nif]
fn feed<'a>(env: Env<'a>, conn: ResourceArc<Conn>, bytes: Term<'a>) -> NifResult<Term<'a>> {
    let input = Iodata::new(bytes, usize::MAX)?;
    let _slice = Timeslice::start(env);
    step(env, &conn, |rx, steps| {
        if rx.end.is_none() {
            steps.ingest(&conn, rx, input.parts());
        }
        if rx.ahead.is_bulk(input.len(), rx.plain.len()) {
            steps.note(atoms::bulk());
        }
        Ok(())
    })
}

/// The long computation that `heavy` announced.
#[rustler::nif(schedule = "DirtyCpu")]
fn step_heavy<'a>(env: Env<'a>, conn: ResourceArc<Conn>) -> NifResult<Term<'a>> {
    let _computing = conn.computing();
    step(env, &conn, |rx, steps| {
        steps.drive(rx, &mut conn.tx(), true);
        Ok(())
    })
}

/// The answer to the query that stands open.
#[rustler::nif]
fn answer<'a>(env: Env<'a>, conn: ResourceArc<Conn>, given: Term<'a>) -> NifResult<Term<'a>> {
    let (answer, config) = decode_answer(given)?;
    let _slice = Timeslice::start(env);
    step(env, &conn, |rx, steps| {
        let mut tx = conn.tx();
        if let Some(config) = config {
            rx.config = config;
        }
        if let (Some(reader), Some(writer)) = (&mut rx.core, &mut tx.core) {
            reader.set_now(unix_seconds());
            reader.answer(writer, answer);
        }
        steps.drive(rx, &mut tx, false);
        Ok(())
    })
}

/// One handshake more (TLS 1.2 and below): what is to be sent waits, as control records do.
#[rustler::nif]
fn renegotiate<'a>(env: Env<'a>, conn: ResourceArc<Conn>) -> NifResult<Term<'a>> {
    let _slice = Timeslice::start(env);
    step(env, &conn, |rx, steps| {
        let mut tx = conn.tx();
        if let (Some(reader), Some(writer)) = (&mut rx.core, &mut tx.core) {
            reader.set_now(unix_seconds());
            if reader.renegotiate(writer).is_err() {
                steps.event(&Event::RenegotiationRefused);
            }
        }
        steps.drive(rx, &mut tx, false);
        Ok(())
    })
}

fn decode_answer(term: Term) -> NifResult<(Answer, Option<ResourceArc<ConfigObject>>)> {
    if let Ok(atom) = term.decode::<Atom>() {
        return if atom == atoms::continue_() {
            Ok((Answer::Continue, None))
        } else if atom == atoms::unknown() {
            Ok((Answer::Unknown, None))
        } else if atom == atoms::none() {
            Ok((Answer::Session(None), None))
        } else {
            Err(Error::BadArg)
        };
    }
    if let Ok((tag, value)) = term.decode::<(Atom, Term)>() {
        let bytes = || {
            value
                .decode::<rustler::Binary>()
                .map(|binary| binary.as_slice().to_vec())
        };
        return if tag == atoms::use_config() {
            let config = value.decode::<ResourceArc<ConfigObject>>()?;
            Ok((Answer::UseConfig(config.core.clone()), Some(config)))
        } else if tag == atoms::abort() {
            Ok((
                Answer::Abort(AlertDescription(value.decode::<Fit<u8>>()?.0)),
                None,
            ))
        } else if tag == atoms::bytes() {
            Ok((Answer::Bytes(bytes()?), None))
        } else if tag == atoms::secret() {
            Ok((Answer::Secret(Secret::new(bytes()?)), None))
        } else if tag == atoms::verified() {
            Ok((Answer::Verified(value.decode()?), None))
        } else if tag == atoms::session() {
            // One of another release's is none.
            let session = SavedSession::from_bytes(&bytes()?).ok().map(Box::new);
            Ok((Answer::Session(session), None))
        } else {
            Err(Error::BadArg)
        };
    }
    type Bytes<'a> = rustler::Binary<'a>;
    if let Ok((tag, prime, generator, salt, public)) =
        term.decode::<(Atom, Bytes, Bytes, Bytes, Bytes)>()
    {
        if tag != atoms::srp_params() {
            return Err(Error::BadArg);
        }
        let params = Answer::SrpParams {
            prime: prime.as_slice().to_vec(),
            generator: generator.as_slice().to_vec(),
            salt: salt.as_slice().to_vec(),
            public: public.as_slice().to_vec(),
        };
        return Ok((params, None));
    }
    let (tag, public, secret) = term.decode::<(Atom, Bytes, Bytes)>()?;
    if tag != atoms::kx_response() {
        return Err(Error::BadArg);
    }
    Ok((
        Answer::KxResponse {
            public: public.as_slice().to_vec(),
            secret: Secret::from(secret.as_slice()),
        },
        None,
    ))
}

/// The transport ended.
#[rustler::nif]
fn close_transport<'a>(
    env: Env<'a>,
    conn: ResourceArc<Conn>,
    how: Term<'a>,
) -> NifResult<Term<'a>> {
    let reason = transport_reason(how)?;
    step(env, &conn, |rx, _steps| {
        let mut tx = conn.tx();
        tx.dead = true;
        tx.pending = Vec::new();
        tx.end_with(Reason::closed());
        rx.end_with(End::Reason(reason));
        // Who waits need not wait for whoever is in the transport.
        rx.turn.wake_all(env);
        rx.ahead.stop(env);
        tx.turn.wake_all(env);
        Ok(())
    })
}

/// `closed` or `{error, Reason}`.
pub fn transport_reason(how: Term) -> NifResult<Reason> {
    match how.decode::<(Atom, Term)>() {
        Ok((tag, reason)) if tag == atoms::error() => Ok(Reason::keep(reason)),
        Ok(_) => Err(Error::BadArg),
        Err(_)
            if how
                .decode::<Atom>()
                .is_ok_and(|atom| atom == atoms::closed()) =>
        {
            Ok(Reason::closed())
        }
        Err(_) => Err(Error::BadArg),
    }
}
