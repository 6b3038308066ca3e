//! The NIF of `ssl_native`: terms to Rust types and back, resources, locks, scheduling, wiping. No protocol knowledge;
//! the protocol is `tls-core`. The contract is in docs/architecture.md, "Between Erlang and Rust".
//!
//! `lock`, `plaintext` and `bigstack` know nothing of the BEAM. Only they are compiled for `cargo test`, whose
//! executable could not resolve the BEAM's symbols; the rest is tested by test/ssl_native_SUITE.erl.
#![warn(missing_docs)]
#![deny(unsafe_op_in_unsafe_fn, clippy::undocumented_unsafe_blocks)]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic
    )
)]
#![cfg_attr(test, allow(dead_code))]

mod bigstack;
mod lock;
mod plaintext;

#[cfg(not(test))]
mod ahead;
mod atoms;
#[cfg(not(test))]
mod beam;
#[cfg(not(test))]
mod conn;
#[cfg(not(test))]
mod counters;
#[cfg(not(test))]
mod create;
#[cfg(not(test))]
mod encode;
#[cfg(not(test))]
mod handshake;
#[cfg(not(test))]
mod intern;
#[cfg(not(test))]
mod memory;
#[cfg(not(test))]
mod objects;
#[cfg(not(test))]
mod receiving;
#[cfg(not(test))]
mod sending;
#[cfg(not(test))]
mod steps;
#[cfg(not(test))]
mod store;
#[cfg(not(test))]
mod turn;

/// Version of the interface between this library and `ssl_native.erl`; both name it, and they must agree.
#[cfg(not(test))]
const ABI: i64 = 2;

#[cfg(not(test))]
mod entry {
    use rustler::{Env, Term};

    /// The interface number of this library.
    #[rustler::nif]
    fn abi() -> i64 {
        super::ABI
    }

    /// Refuses to load into an `ssl_native` of another interface.
    fn load(_env: Env, info: Term) -> bool {
        info.decode::<i64>().is_ok_and(|abi| abi == super::ABI)
    }

    rustler::init!("ssl_native", load = load);
}
