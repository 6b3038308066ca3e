//! The calls of senders: any process, one at a time by the write lock. The order on the wire is the order of sealing.

use crate::atoms;
use crate::beam::{binary, Fit, Iodata, Pid, Timeslice};
use crate::conn::{guarded, internal, not_connected, Conn, Reason, Sender};
use crate::turn::{Entered, Ticket};
use rustler::{Atom, Encoder, Env, Error, NifResult, ResourceArc, Term};
use tls_core::enums::AlertDescription;

/// Most that one call seals; the contract says 256 KB.
const MAX_PIECE: usize = 1024 * 1024;

/// `{ok, Bytes}`
fn sealed<'a>(env: Env<'a>, bytes: Vec<u8>) -> Term<'a> {
    (atoms::ok(), binary(env, bytes)).encode(env)
}

/// `{wait, Ref}`
pub fn wait<'a>(env: Env<'a>, ticket: ResourceArc<Ticket>) -> Term<'a> {
    (atoms::wait(), ticket).encode(env)
}

/// `{error, closed}`
fn closed(env: Env) -> Term {
    Reason::closed().error(env)
}

fn seal<'a>(
    env: Env<'a>,
    conn: &ResourceArc<Conn>,
    tx: &mut Sender,
    caller: Pid,
    data: &Iodata,
) -> Term<'a> {
    let mut out = Vec::new();
    tx.take_control(&mut out);
    let result = match &mut tx.core {
        Some(core) => core.seal(data.parts(), &mut out),
        None => return closed(env),
    };
    if result.is_err() {
        // Keys used up or the connection failed meanwhile. What was sealed before is lost, and with it the stream.
        tx.end_with(Reason::closed());
        tx.turn.leave(env, conn, caller);
        return closed(env);
    }
    conn.tell_trace(env, tx);
    tx.turn.begin_use();
    sealed(env, out)
}

/// Takes the write lock and seals.
#[rustler::nif]
fn send_begin<'a>(env: Env<'a>, conn: ResourceArc<Conn>, data: Term<'a>) -> NifResult<Term<'a>> {
    let data = Iodata::new(data, MAX_PIECE)?;
    let _slice = Timeslice::for_bytes(env, data.len());
    if !conn.is_settled() || conn.is_busy() {
        return Ok(not_connected(env));
    }
    guarded(env, &conn, internal, || {
        let caller = Pid::caller(env);
        let mut tx = conn.tx();
        if let Some(refusal) = tx.refusal(env) {
            tx.turn.leave(env, &conn, caller);
            return Ok(refusal);
        }
        if tx
            .core
            .as_ref()
            .is_some_and(|core| core.renegotiation_due())
        {
            return Ok(atoms::renegotiate().encode(env));
        }
        Ok(match tx.turn.enter(env, &conn, caller) {
            Entered::Yes => seal(env, &conn, &mut tx, caller, &data),
            Entered::Wait(ticket) => wait(env, ticket),
            Entered::Dying => closed(env),
        })
    })
}

/// Further data under the lock held.
#[rustler::nif]
fn send_more<'a>(env: Env<'a>, conn: ResourceArc<Conn>, data: Term<'a>) -> NifResult<Term<'a>> {
    let data = Iodata::new(data, MAX_PIECE)?;
    let _slice = Timeslice::for_bytes(env, data.len());
    if !conn.is_settled() {
        return Ok(not_connected(env));
    }
    guarded(env, &conn, internal, || {
        let caller = Pid::caller(env);
        let mut tx = conn.tx();
        if let Some(refusal) = tx.refusal(env) {
            tx.turn.leave(env, &conn, caller);
            return Ok(refusal);
        }
        if !tx.turn.is_held_by(caller) {
            return Err(Error::BadArg);
        }
        Ok(seal(env, &conn, &mut tx, caller, &data))
    })
}

/// All is written.
#[rustler::nif]
fn send_end<'a>(env: Env<'a>, conn: ResourceArc<Conn>) -> NifResult<Term<'a>> {
    guarded(env, &conn, internal, || {
        let caller = Pid::caller(env);
        let mut tx = conn.tx();
        if !tx.turn.is_held_by(caller) {
            return if tx.end.is_some() {
                Ok(atoms::ok().encode(env))
            } else {
                Err(Error::BadArg)
            };
        }
        let mut out = Vec::new();
        tx.take_control(&mut out);
        if out.is_empty() {
            tx.turn.leave(env, &conn, caller);
            Ok(atoms::ok().encode(env))
        } else {
            Ok((atoms::flush(), binary(env, out)).encode(env))
        }
    })
}

/// The transport did not take what was sealed.
#[rustler::nif]
fn send_failed<'a>(env: Env<'a>, conn: ResourceArc<Conn>, reason: Term<'a>) -> NifResult<Term<'a>> {
    guarded(env, &conn, internal, || {
        let caller = Pid::caller(env);
        let mut tx = conn.tx();
        if tx.turn.is_held_by(caller) {
            tx.dead = true;
            tx.pending = Vec::new();
            tx.end_with(Reason::keep(reason));
            tx.turn.leave(env, &conn, caller);
            tx.turn.wake_all(env);
        } else if tx.end.is_none() {
            return Err(Error::BadArg);
        }
        Ok(atoms::ok().encode(env))
    })
}

/// Gives up waiting.
#[rustler::nif]
fn send_cancel(env: Env, conn: ResourceArc<Conn>, ticket: ResourceArc<Ticket>) -> Atom {
    conn.tx().turn.cancel(env, &conn, &ticket);
    atoms::ok()
}

/// What `control/2` can be asked for.
enum Control {
    CloseNotify,
    Cancel,
    Alert(AlertDescription),
    UpdateKeys(bool),
}

impl Control {
    fn decode(term: Term) -> NifResult<Self> {
        match term.decode::<Atom>() {
            Ok(atom) if atom == atoms::close_notify() => return Ok(Control::CloseNotify),
            Ok(atom) if atom == atoms::cancel() => return Ok(Control::Cancel),
            _ => {}
        }
        let (tag, value) = term.decode::<(Atom, Term)>()?;
        if tag == atoms::alert() {
            Ok(Control::Alert(AlertDescription(
                value.decode::<Fit<u8>>()?.0,
            )))
        } else if tag == atoms::update_keys() {
            Ok(Control::UpdateKeys(value.decode()?))
        } else {
            Err(Error::BadArg)
        }
    }
}

/// A control record, under the write lock.
#[rustler::nif]
fn control<'a>(env: Env<'a>, conn: ResourceArc<Conn>, what: Term<'a>) -> NifResult<Term<'a>> {
    let what = Control::decode(what)?;
    let waits = !conn.is_settled() || conn.is_busy();
    if waits && matches!(what, Control::UpdateKeys(_)) {
        return Ok(not_connected(env));
    }
    guarded(env, &conn, internal, || {
        let caller = Pid::caller(env);
        let mut tx = conn.tx();
        // Alerts go out in every state; keys are updated only where data may be sent.
        let refusal = match (&tx.end, &what) {
            (Some(reason), _) => Some(reason.error(env)),
            (None, Control::UpdateKeys(_)) => tx.refusal(env),
            (None, _) => None,
        };
        if let Some(refusal) = refusal {
            tx.turn.leave(env, &conn, caller);
            return Ok(refusal);
        }
        match tx.turn.enter(env, &conn, caller) {
            Entered::Yes => {}
            Entered::Wait(ticket) => return Ok(wait(env, ticket)),
            Entered::Dying => return Ok(closed(env)),
        }
        let tx = &mut *tx;
        let result = match (&mut tx.core, what) {
            (Some(core), Control::CloseNotify) => {
                core.close_notify();
                Ok(true)
            }
            (Some(core), Control::Cancel) => {
                core.cancel();
                Ok(true)
            }
            (Some(core), Control::Alert(alert)) => {
                core.alert(alert);
                Ok(alert != AlertDescription::USER_CANCELED)
            }
            (Some(core), Control::UpdateKeys(request)) => core.update_keys(request).map(|()| false),
            (None, _) => return Ok(closed(env)),
        };
        match result {
            Ok(last) => {
                if last {
                    tx.end_with(Reason::closed());
                }
                let mut out = Vec::new();
                tx.take_control(&mut out);
                conn.tell_trace(env, tx);
                tx.turn.begin_use();
                Ok(sealed(env, out))
            }
            Err(_) => {
                tx.turn.leave(env, &conn, caller);
                Ok(closed(env))
            }
        }
    })
}

/// Control records that wait.
#[rustler::nif]
fn flush<'a>(env: Env<'a>, conn: ResourceArc<Conn>) -> NifResult<Term<'a>> {
    guarded(env, &conn, internal, || {
        let caller = Pid::caller(env);
        let mut tx = conn.tx();
        let waiting = !tx.dead
            && (!tx.pending.is_empty() || tx.core.as_ref().is_some_and(|core| core.has_pending()));
        if !waiting {
            // Somebody's send has taken them along.
            tx.turn.leave(env, &conn, caller);
            return Ok(atoms::none().encode(env));
        }
        Ok(match tx.turn.enter(env, &conn, caller) {
            Entered::Yes => {
                let mut out = Vec::new();
                tx.take_control(&mut out);
                tx.turn.begin_use();
                sealed(env, out)
            }
            Entered::Wait(ticket) => wait(env, ticket),
            Entered::Dying => atoms::none().encode(env),
        })
    })
}
