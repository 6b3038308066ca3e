//! Live native objects, counted for leak tests and operators: `ssl_native:counters/0`.

use crate::atoms;
use rustler::{Encoder, Env, Term};
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

/// What is counted.
#[derive(Clone, Copy)]
pub enum Kind {
    /// Connections.
    Conns,
    /// Trust stores.
    Stores,
    /// Certificate chains with their keys.
    Credentials,
    /// Configurations.
    Configs,
    /// Vectors given out as binaries and not yet collected.
    Shares,
    /// Bytes of received plaintext that nobody has taken.
    Bytes,
}

static COUNTERS: [AtomicI64; 6] = [const { AtomicI64::new(0) }; 6];

/// Adds to a counter.
pub fn add(kind: Kind, number: i64) {
    if let Some(counter) = COUNTERS.get(kind as usize) {
        counter.fetch_add(number, Relaxed);
    }
}

/// One live object; put into the object, it counts it while it lives.
pub struct Live(Kind);

impl Live {
    /// Counts one more.
    pub fn new(kind: Kind) -> Self {
        add(kind, 1);
        Live(kind)
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        add(self.0, -1);
    }
}

/// All of them.
#[rustler::nif]
fn counters<'a>(env: Env<'a>) -> Term<'a> {
    let names = [
        atoms::conns(),
        atoms::stores(),
        atoms::credentials(),
        atoms::configs(),
        atoms::shares(),
        atoms::bytes(),
    ];
    let values: Vec<Term> = COUNTERS
        .iter()
        .map(|counter| counter.load(Relaxed).encode(env))
        .collect();
    let names: Vec<Term> = names.iter().map(|name| name.encode(env)).collect();
    Term::map_from_term_arrays(env, &names, &values).unwrap_or_else(|_| atoms::error().to_term(env))
}
