//! What TLS before 1.3 needs of cryptography and aws-lc-rs does not offer: operations of keys with old hashes ([`keys`]),
//! and ciphers that work in place from record to record ([`cipher`]).
//!
//! Beside the NIF the only place with `unsafe`: calls of C functions of aws-lc, the library that aws-lc-rs brings anyway.
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

pub mod cipher;
pub mod keys;

use aws_lc_sys as sys;
use core::ffi::c_int;

/// The error queue of the thread, which nobody reads, must not keep what failed.
pub(crate) fn done(result: c_int) -> Option<()> {
    if result == 1 {
        return Some(());
    }
    // SAFETY: no arguments; touches the calling thread's queue only.
    unsafe { sys::ERR_clear_error() };
    None
}
