//! The calls of readers: any process, one at a time by the read lock.

use crate::atoms;
use crate::beam::{self, Fit, Iodata, Pid, Timeslice};
use crate::conn::{guarded, internal, not_connected, Conn, End, Reason, Receiver};
use crate::handshake::transport_reason;
use crate::plaintext::{Framing, TooLong};
use crate::sending::wait;
use crate::steps::Steps;
use crate::turn::{Entered, Ticket};
use rustler::{Atom, Encoder, Env, Error, NifResult, ResourceArc, Term};

/// What there is for a reader that wants `length` bytes.
enum Found<'a> {
    Data(Term<'a>),
    Error(Term<'a>),
    Nothing,
}

fn find<'a>(env: Env<'a>, rx: &mut Receiver, length: usize) -> Found<'a> {
    match rx.plain.unit(rx.framing, length) {
        Ok(Some(unit)) => return Found::Data(beam::unit(env, unit)),
        Err(TooLong) => return Found::Error((atoms::error(), invalid_packet(env, rx)).encode(env)),
        Ok(None) => {}
    }
    if rx.end.is_some() {
        // A part of a unit that will never be whole.
        rx.plain.clear();
    }
    match rx.end.take() {
        Some(End::Fatal(fatal)) => {
            rx.end = Some(End::Reason(Reason::closed()));
            Found::Error((atoms::error(), fatal.encode(env)).encode(env))
        }
        Some(End::Reason(reason)) => {
            let error = reason.error(env);
            rx.end = Some(End::Reason(reason));
            Found::Error(error)
        }
        None => Found::Nothing,
    }
}

/// `{invalid_packet, Everything}`: the stream cannot be cut any more.
fn invalid_packet<'a>(env: Env<'a>, rx: &mut Receiver) -> Term<'a> {
    let all = rx
        .plain
        .all()
        .map_or_else(|| beam::copy(env, &[]), |unit| beam::unit(env, unit));
    (atoms::invalid_packet(), all).encode(env)
}

/// Data that is there, or the read lock, or a place in the queue.
#[rustler::nif]
fn recv_begin<'a>(env: Env<'a>, conn: ResourceArc<Conn>, length: usize) -> NifResult<Term<'a>> {
    if !conn.is_settled() {
        return Ok(not_connected(env));
    }
    if conn.is_busy() && !conn.is_endpoint(Pid::caller(env)) {
        return Ok(atoms::endpoint().encode(env));
    }
    guarded(env, &conn, internal, || {
        let caller = Pid::caller(env);
        let mut rx = conn.rx();
        // At the end nothing is read any more, so there is nothing to take turns for.
        if rx.ahead.is_on() && !rx.turn.is_held_by(caller) {
            return Ok(take_ahead(env, &mut rx, caller, length));
        }
        if rx.end.is_none() {
            if rx
                .turn
                .holder()
                .is_some_and(|holder| holder != caller && conn.is_endpoint(holder))
            {
                return Ok(atoms::endpoint().encode(env));
            }
            match rx.turn.enter(env, &conn, caller) {
                Entered::Yes => {}
                Entered::Wait(ticket) => return Ok(wait(env, ticket)),
                Entered::Dying => return Ok(Reason::closed().error(env)),
            }
        }
        let found = find(env, &mut rx, length);
        if let Found::Nothing = found {
            rx.turn.begin_use();
            return Ok(atoms::read().encode(env));
        }
        rx.turn.leave(env, &conn, caller);
        rx.count();
        Ok(match found {
            Found::Data(data) => (atoms::ok(), data).encode(env),
            Found::Error(error) => error,
            Found::Nothing => atoms::read().encode(env),
        })
    })
}

/// Of what the endpoint reads ahead. How the connection ended, it is the endpoint that tells.
fn take_ahead<'a>(env: Env<'a>, rx: &mut Receiver, caller: Pid, length: usize) -> Term<'a> {
    let unit = rx.plain.unit(rx.framing, length);
    let result = match unit {
        Ok(Some(unit)) => (atoms::ok(), beam::unit(env, unit)).encode(env),
        Err(TooLong) => (atoms::error(), invalid_packet(env, rx)).encode(env),
        Ok(None) if rx.end.is_some() => return atoms::endpoint().encode(env),
        Ok(None) => return wait(env, rx.ahead.enter(env, caller, length)),
    };
    let Receiver {
        ahead,
        plain,
        framing,
        ..
    } = rx;
    ahead.wake(env, plain, *framing);
    rx.count();
    result
}

/// What the transport gave.
#[rustler::nif]
fn recv_more<'a>(
    env: Env<'a>,
    conn: ResourceArc<Conn>,
    length: usize,
    bytes: Term<'a>,
) -> NifResult<Term<'a>> {
    let input = Iodata::new(bytes, usize::MAX)?;
    let _slice = Timeslice::for_bytes(env, input.len());
    guarded(env, &conn, internal, || {
        let caller = Pid::caller(env);
        let mut rx = conn.rx();
        if !rx.turn.is_held_by(caller) && rx.end.is_none() {
            return Err(Error::BadArg);
        }
        let mut steps = Steps::new(env);
        if rx.end.is_none() {
            steps.ingest(&conn, &mut rx, input.parts());
        }
        let there = rx.plain.has_unit(rx.framing, length);
        if rx.ahead.after_read(input.len(), there) {
            steps.note(atoms::ahead());
        }
        let notes = steps.notes(&mut rx);
        let found = find(env, &mut rx, length);
        if !matches!(found, Found::Nothing) {
            rx.turn.leave(env, &conn, caller);
        }
        rx.count();
        Ok(match (found, notes) {
            (Found::Data(data), None) => (atoms::ok(), data).encode(env),
            (Found::Data(data), Some(notes)) => (atoms::ok(), data, notes).encode(env),
            (Found::Error(error), None) => error,
            (Found::Error(error), Some(notes)) => {
                let (tag, reason) = error.decode::<(Term, Term)>()?;
                (tag, reason, notes).encode(env)
            }
            (Found::Nothing, None) => atoms::read().encode(env),
            (Found::Nothing, Some(notes)) => (atoms::read(), notes).encode(env),
        })
    })
}

/// Releases the read lock without data.
#[rustler::nif]
fn recv_end<'a>(env: Env<'a>, conn: ResourceArc<Conn>, why: Term<'a>) -> NifResult<Term<'a>> {
    let timeout = why
        .decode::<Atom>()
        .is_ok_and(|atom| atom == atoms::timeout());
    let reason = if timeout {
        None
    } else {
        Some(transport_reason(why)?)
    };
    guarded(env, &conn, internal, || {
        let caller = Pid::caller(env);
        let mut rx = conn.rx();
        if rx.turn.is_held_by(caller) {
            if let Some(reason) = reason {
                rx.end_with(End::Reason(reason));
            }
            rx.turn.leave(env, &conn, caller);
        } else if rx.end.is_none() {
            return Err(Error::BadArg);
        }
        Ok(atoms::ok().encode(env))
    })
}

/// Gives up waiting.
#[rustler::nif]
fn recv_cancel(env: Env, conn: ResourceArc<Conn>, ticket: ResourceArc<Ticket>) -> Atom {
    let mut rx = conn.rx();
    rx.turn.cancel(env, &conn, &ticket);
    if rx.ahead.is_on() {
        let Receiver {
            ahead,
            plain,
            framing,
            ..
        } = &mut *rx;
        ahead.cancel(&ticket);
        // It may have been told to come just before.
        ahead.wake(env, plain, *framing);
    }
    atoms::ok()
}

/// The endpoint takes the read lock, for itself or to read ahead, or gives it back.
#[rustler::nif]
fn reader<'a>(env: Env<'a>, conn: ResourceArc<Conn>, what: Atom) -> NifResult<Term<'a>> {
    let caller = conn.check_endpoint(env)?;
    guarded(env, &conn, internal, || {
        let mut rx = conn.rx();
        let ahead = what == atoms::ahead();
        if what == atoms::take() || ahead {
            let entered = rx.turn.enter(env, &conn, caller);
            if let Entered::Wait(ticket) = entered {
                return Ok(wait(env, ticket));
            }
            if ahead {
                rx.ahead.begin();
                // They need not wait for the lock any more.
                rx.turn.dismiss(env, &conn);
            } else {
                rx.ahead.stop(env);
            }
            return Ok(atoms::ok().encode(env));
        }
        if what != atoms::give() {
            return Err(Error::BadArg);
        }
        rx.ahead.stop(env);
        rx.turn.leave(env, &conn, caller);
        Ok(atoms::ok().encode(env))
    })
}

/// How plaintext is cut from now on.
#[rustler::nif]
fn packet(conn: ResourceArc<Conn>, kind: Term, limit: u32) -> NifResult<Atom> {
    let framing = match kind.decode::<Fit<u8>>() {
        Ok(Fit(0)) => Framing::Raw,
        Ok(Fit(header @ (1 | 2 | 4))) => Framing::Prefixed { header, limit },
        Ok(_) => return Err(Error::BadArg),
        Err(_) if kind.decode::<Atom>().is_ok_and(|atom| atom == atoms::raw()) => Framing::Raw,
        Err(_) => return Err(Error::BadArg),
    };
    conn.rx().framing = framing;
    Ok(atoms::ok())
}

/// One unit of what is buffered.
#[rustler::nif]
fn pull<'a>(env: Env<'a>, conn: ResourceArc<Conn>, max: usize) -> NifResult<Term<'a>> {
    let caller = conn.check_endpoint(env)?;
    guarded(env, &conn, internal, || {
        let mut rx = conn.rx();
        if rx.turn.holder().is_some_and(|holder| holder != caller) {
            return Ok(atoms::none().encode(env));
        }
        let length = if max == 0 { 0 } else { max.min(rx.plain.len()) };
        let framing = rx.framing;
        let result = match rx.plain.unit(framing, length) {
            Ok(Some(unit)) => (atoms::data(), beam::unit(env, unit)).encode(env),
            Ok(None) => atoms::none().encode(env),
            Err(TooLong) => (atoms::error(), invalid_packet(env, &mut rx)).encode(env),
        };
        rx.count();
        Ok(result)
    })
}

/// What the transport gave behind the peer's close_notify.
#[rustler::nif]
fn rest<'a>(env: Env<'a>, conn: ResourceArc<Conn>) -> NifResult<Term<'a>> {
    conn.check_endpoint(env)?;
    guarded(env, &conn, internal, || {
        let rest = conn.rx().core.as_mut().map(|core| core.take_rest());
        Ok(beam::binary(env, rest.unwrap_or_default()))
    })
}
