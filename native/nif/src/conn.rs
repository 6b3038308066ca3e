//! The connection's resource: two halves of the core, each under a mutex that is held for the length of one call, with
//! its logical lock, its buffers and what is known of its end. `steps.rs` drives the core; `handshake.rs`, `sending.rs`
//! and `receiving.rs` are the calls.
//!
//! Whoever locks both mutexes locks `rx` first.

use crate::ahead::Ahead;
use crate::atoms;
use crate::beam::{Monitor, Pid, SharedBytes};
use crate::counters::{self, Kind, Live};
use crate::encode::{self, Fatal};
use crate::objects::ConfigObject;
use crate::plaintext::{Framing, Plaintext};
use crate::turn::Turn;
use parking_lot::{Mutex, MutexGuard};
use rustler::env::SavedTerm;
use rustler::{
    Atom, Encoder, Env, Error, LocalPid, NifResult, OwnedEnv, Resource, ResourceArc, Term,
};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use tls_core::connection::{Connection, Rx, Tx};

/// Why a direction is over, as a term; kept from call to call.
pub enum Reason {
    /// `closed`, or another atom.
    Atom(Atom),
    /// Any term, as a transport of the user's gives.
    Term(OwnedEnv, SavedTerm),
}

impl Reason {
    /// The usual one.
    pub fn closed() -> Self {
        Reason::Atom(atoms::closed())
    }

    /// Keeps a term.
    pub fn keep(term: Term) -> Self {
        match term.decode::<Atom>() {
            Ok(atom) => Reason::Atom(atom),
            Err(_) => {
                let env = OwnedEnv::new();
                let saved = env.save(term);
                Reason::Term(env, saved)
            }
        }
    }

    /// `{error, Reason}`
    pub fn error<'a>(&self, env: Env<'a>) -> Term<'a> {
        let reason = match self {
            Reason::Atom(atom) => atom.encode(env),
            Reason::Term(owned, saved) => owned.run(|theirs| saved.load(theirs).in_env(env)),
        };
        (atoms::error(), reason).encode(env)
    }
}

/// Why nothing more will be received.
pub enum End {
    /// The connection failed; given out once, afterwards it is closed.
    Fatal(Fatal),
    /// Closed by the peer, or the transport's word.
    Reason(Reason),
}

/// How far the connection is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Nothing has gone in or out.
    Fresh,
    /// Control bytes are the endpoint's to send at once.
    Handshake,
    /// Established. Control bytes take their turn among the senders.
    Open,
}

/// The receiving half.
pub struct Receiver {
    /// `None` when the connection was given up: keys are wiped then.
    pub core: Option<Rx>,
    /// How far.
    pub phase: Phase,
    /// The read lock.
    pub turn: Turn,
    /// Readers that the endpoint reads for.
    pub ahead: Ahead,
    /// Plaintext nobody has taken yet.
    pub plain: Plaintext<SharedBytes>,
    /// How it is cut.
    pub framing: Framing,
    /// Set when nothing more will come.
    pub end: Option<End>,
    /// Keeps the trust stores and credentials of the configuration findable.
    pub config: ResourceArc<ConfigObject>,
    endpoint_monitor: Option<Monitor>,
    counted: usize,
}

impl Receiver {
    /// Nothing more will come, for this reason if there is none yet.
    pub fn end_with(&mut self, end: End) {
        self.end.get_or_insert(end);
    }

    /// The name of the core's state.
    pub fn state_name(&self) -> &'static str {
        self.core
            .as_ref()
            .map_or("connection", |core| core.state_name())
    }

    /// Brings the count of buffered bytes up to date; at the end of every call that moved some.
    pub fn count(&mut self) {
        let now = self.plain.len();
        if now != self.counted {
            counters::add(Kind::Bytes, now as i64 - self.counted as i64);
            self.counted = now;
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.plain.clear();
        self.count();
    }
}

/// The sending half.
pub struct Sender {
    /// `None` when the connection was given up.
    pub core: Option<Tx>,
    /// The write lock.
    pub turn: Turn,
    /// Control records that wait for their turn.
    pub pending: Vec<u8>,
    /// The handshake is over.
    pub open: bool,
    /// No more application data may be sent.
    pub end: Option<Reason>,
    /// The transport takes nothing any more, not even an alert.
    pub dead: bool,
}

impl Sender {
    /// Control records to be sent before anything else.
    pub fn take_control(&mut self, out: &mut Vec<u8>) {
        if self.dead {
            self.pending = Vec::new();
            return;
        }
        if out.is_empty() {
            std::mem::swap(out, &mut self.pending);
        } else {
            out.append(&mut self.pending);
        }
        if let Some(core) = &mut self.core {
            core.take_pending(out);
        }
    }

    /// No more application data, for this reason if there is none yet.
    pub fn end_with(&mut self, reason: Reason) {
        self.open = false;
        self.end.get_or_insert(reason);
    }

    /// Why there is no sending, when there is none.
    pub fn refusal<'a>(&self, env: Env<'a>) -> Option<Term<'a>> {
        match &self.end {
            Some(reason) => Some(reason.error(env)),
            None if !self.open => Some(not_connected(env)),
            None => None,
        }
    }
}

/// A connection.
pub struct Conn {
    endpoint: AtomicUsize,
    /// The handshake is over, well or badly. Before that the mutexes may be held for long computations, on dirty
    /// schedulers: nobody but the endpoint waits for them then.
    settled: AtomicBool,
    /// A dirty call of the endpoint's computes under both mutexes, in a renegotiation too.
    busy: AtomicBool,
    /// 64 bits of the Erlang side.
    pub word: AtomicU64,
    rx: Mutex<Receiver>,
    tx: Mutex<Sender>,
    _live: Live,
}

impl Conn {
    /// A connection whose endpoint is the calling process.
    pub fn create(
        env: Env,
        core: Connection,
        config: ResourceArc<ConfigObject>,
    ) -> ResourceArc<Conn> {
        let caller = Pid::caller(env);
        let conn = ResourceArc::new(Conn {
            endpoint: AtomicUsize::new(caller.word()),
            settled: AtomicBool::new(false),
            busy: AtomicBool::new(false),
            word: AtomicU64::new(0),
            rx: Mutex::new(Receiver {
                core: Some(core.rx),
                phase: Phase::Fresh,
                turn: Turn::new(),
                ahead: Ahead::default(),
                plain: Plaintext::new(),
                framing: Framing::Raw,
                end: None,
                config,
                endpoint_monitor: None,
                counted: 0,
            }),
            tx: Mutex::new(Sender {
                core: Some(core.tx),
                turn: Turn::new(),
                pending: Vec::new(),
                open: false,
                end: None,
                dead: false,
            }),
            _live: Live::new(Kind::Conns),
        });
        conn.rx().endpoint_monitor = Monitor::new(env, &conn, caller);
        conn
    }

    /// The receiving half, for this call.
    pub fn rx(&self) -> MutexGuard<'_, Receiver> {
        self.rx.lock()
    }

    /// The sending half, for this call.
    pub fn tx(&self) -> MutexGuard<'_, Sender> {
        self.tx.lock()
    }

    /// Is the handshake over?
    pub fn is_settled(&self) -> bool {
        self.settled.load(Ordering::Acquire)
    }

    /// Is a long computation under way? Others than the endpoint then do not wait for a mutex, on the schedulers that run all
    /// processes, but ask the endpoint, whose answer comes when it is over.
    pub fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Acquire)
    }

    /// A long computation: until what this gives is dropped.
    pub fn computing(&self) -> Computing<'_> {
        self.busy.store(true, Ordering::Release);
        Computing(self)
    }

    /// Opens the connection to others than the endpoint, if the handshake is over.
    pub fn settle(&self, rx: &Receiver) {
        if rx.phase == Phase::Open || rx.end.is_some() {
            self.settled.store(true, Ordering::Release);
        }
    }

    /// Is this process the endpoint?
    pub fn is_endpoint(&self, who: Pid) -> bool {
        who.is_word(self.endpoint.load(Ordering::Relaxed))
    }

    /// `badarg` unless the endpoint calls.
    pub fn check_endpoint(&self, env: Env) -> NifResult<Pid> {
        let caller = Pid::caller(env);
        if self.is_endpoint(caller) {
            Ok(caller)
        } else {
            Err(Error::BadArg)
        }
    }

    /// What went out, to the endpoint, if it keeps a debug log: `{ssl_native, trace, [Item]}`.
    pub fn tell_trace(&self, env: Env, tx: &mut Sender) {
        let items = match &mut tx.core {
            Some(core) => core.take_trace(),
            None => return,
        };
        if !items.is_empty() {
            let items: Vec<_> = items.iter().map(|item| encode::trace(env, item)).collect();
            let message = (atoms::ssl_native(), atoms::trace(), items).encode(env);
            let endpoint = Pid::from_word(self.endpoint.load(Ordering::Relaxed));
            let _ = env.send(&endpoint.local(), message);
        }
    }

    /// Gives the connection up: keys and plaintext go, everybody who waits comes and sees.
    fn give_up(&self, env: Env, rx: &mut Receiver, tx: &mut Sender) {
        rx.core = None;
        rx.plain.clear();
        rx.count();
        rx.end_with(End::Reason(Reason::closed()));
        self.settle(rx);
        tx.core = None;
        tx.dead = true;
        tx.pending = Vec::new();
        tx.end_with(Reason::closed());
        rx.turn.wake_all(env);
        rx.ahead.stop(env);
        tx.turn.wake_all(env);
    }
}

/// A long computation.
pub struct Computing<'a>(&'a Conn);

impl Drop for Computing<'_> {
    fn drop(&mut self) {
        self.0.busy.store(false, Ordering::Release);
    }
}

#[rustler::resource_impl]
impl Resource for Conn {
    const IMPLEMENTS_DOWN: bool = true;

    /// The endpoint, a lock's holder or a waiter died.
    fn down<'a>(&'a self, env: Env<'a>, pid: LocalPid, _monitor: rustler::Monitor) {
        let who = Pid::from(pid);
        let (mut rx, mut tx) = (self.rx(), self.tx());
        let read = rx.turn.down(env, who).in_use;
        let write = tx.turn.down(env, who).in_use;
        let endpoint = self.endpoint.load(Ordering::Relaxed);
        if who.is_word(endpoint) {
            self.give_up(env, &mut rx, &mut tx);
        } else if read || write {
            // Nobody knows what the transport took or gave: the stream is undefined from here.
            self.give_up(env, &mut rx, &mut tx);
            let direction = if write { atoms::write() } else { atoms::read() };
            let message = (atoms::ssl_native(), atoms::holder_down(), direction).encode(env);
            // The endpoint may be dying too.
            let _ = env.send(&Pid::from_word(endpoint).local(), message);
        }
    }
}

/// Runs a call. A panic, which is an error of this library, gives the connection up and becomes `failed`'s result.
pub fn guarded<'a>(
    env: Env<'a>,
    conn: &ResourceArc<Conn>,
    failed: impl FnOnce(Env<'a>) -> Term<'a>,
    call: impl FnOnce() -> NifResult<Term<'a>>,
) -> NifResult<Term<'a>> {
    if let Ok(result) = catch_unwind(AssertUnwindSafe(call)) {
        return result;
    }
    // The mutexes are free again: parking_lot's do not poison. What is inside may be in any state, so it goes.
    let _ = catch_unwind(AssertUnwindSafe(|| {
        let (mut rx, mut tx) = (conn.rx(), conn.tx());
        conn.give_up(env, &mut rx, &mut tx);
    }));
    Ok(failed(env))
}

/// `{error, not_connected}`
pub fn not_connected(env: Env) -> Term {
    (atoms::error(), atoms::not_connected()).encode(env)
}

/// `{error, internal}`
pub fn internal(env: Env) -> Term {
    (atoms::error(), atoms::internal()).encode(env)
}

/// Another process becomes the endpoint.
#[rustler::nif]
fn set_endpoint(env: Env, conn: ResourceArc<Conn>, pid: LocalPid) -> Atom {
    let pid = Pid::from(pid);
    let mut rx = conn.rx();
    conn.endpoint.store(pid.word(), Ordering::Relaxed);
    let monitor = Monitor::new(env, &conn, pid);
    if let Some(old) = std::mem::replace(&mut rx.endpoint_monitor, monitor) {
        old.end(env, &conn);
    }
    if rx.endpoint_monitor.is_none() {
        // It is dead already.
        let mut tx = conn.tx();
        conn.give_up(env, &mut rx, &mut tx);
    }
    atoms::ok()
}

/// Are messages and records given out, for the debug log?
#[rustler::nif]
fn trace(env: Env, conn: ResourceArc<Conn>, on: bool) -> NifResult<Atom> {
    conn.check_endpoint(env)?;
    let (mut rx, mut tx) = (conn.rx(), conn.tx());
    if let (Some(rx), Some(tx)) = (&mut rx.core, &mut tx.core) {
        Connection::set_trace(rx, tx, on);
    }
    Ok(atoms::ok())
}

/// The Erlang side's 64 bits.
#[rustler::nif]
fn word(conn: ResourceArc<Conn>) -> u64 {
    conn.word.load(Ordering::Acquire)
}

/// Writes them.
#[rustler::nif]
fn set_word(conn: ResourceArc<Conn>, word: u64) -> Atom {
    conn.word.store(word, Ordering::Release);
    atoms::ok()
}
