//! The unsafe edge: what rustler's safe interface does not give, each with the reason why it holds.
//!
//! Processes and monitors, binaries in (iodata without copying) and out (vectors without copying), time slices.

use crate::counters::{Kind, Live};
use crate::plaintext::{Share, Unit};
use rustler::{
    sys, Binary, Decoder, Env, Error, LocalPid, NewBinary, NifResult, Resource, ResourceArc, Term,
};
use std::time::Instant;

/// A local process, as the word of its pid: local pids are immediate terms, so the word tells them apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pid(usize);

impl Pid {
    /// The calling process.
    pub fn caller(env: Env) -> Pid {
        Pid::from(env.pid())
    }

    /// As rustler writes it.
    pub fn local(self) -> LocalPid {
        LocalPid::from_c_arg(self.raw())
    }

    /// As the emulator writes it.
    fn raw(self) -> sys::ErlNifPid {
        // SAFETY: `ErlNifPid` is repr(C) with one field, a word (the sizes are compared by the compiler), and the word
        // came from one.
        unsafe { std::mem::transmute::<usize, sys::ErlNifPid>(self.0) }
    }

    /// As a word, for an atomic cell.
    pub fn word(self) -> usize {
        self.0
    }

    /// Back from [`Pid::word`].
    pub fn from_word(word: usize) -> Pid {
        Pid(word)
    }

    /// Is this the process that the word names?
    pub fn is_word(self, word: usize) -> bool {
        self.0 == word
    }
}

impl From<LocalPid> for Pid {
    fn from(pid: LocalPid) -> Pid {
        // SAFETY: as in `raw`.
        Pid(unsafe { std::mem::transmute::<sys::ErlNifPid, usize>(*pid.as_c_arg()) })
    }
}

/// A monitor of a process by a resource.
#[derive(Clone, Copy)]
pub struct Monitor(sys::ErlNifMonitor);

impl Monitor {
    /// `None`: the process is dead already. rustler's own insists on the environment of a calling process, which the
    /// down callback does not have.
    pub fn new<T: Resource>(env: Env, resource: &ResourceArc<T>, pid: Pid) -> Option<Monitor> {
        let mut monitor = std::mem::MaybeUninit::uninit();
        let pid = pid.raw();
        // SAFETY: the resource is alive (we hold a reference), its type has a down callback (only `Conn` is passed, and
        // it has), pid and monitor outlive the call; 0 says that the monitor was written.
        unsafe {
            (sys::enif_monitor_process(
                env.as_c_arg(),
                resource.as_c_arg(),
                &pid,
                monitor.as_mut_ptr(),
            ) == 0)
                .then(|| Monitor(monitor.assume_init()))
        }
    }

    /// Ends it. It may have fired already.
    pub fn end<T: Resource>(self, env: Env, resource: &ResourceArc<T>) {
        // SAFETY: the resource is alive, and the monitor was made by `new` for it.
        unsafe {
            sys::enif_demonitor_process(env.as_c_arg(), resource.as_c_arg(), &self.0);
        }
    }
}

/// A vector that binaries on process heaps point into; freed when the last of them is.
pub struct Shared {
    bytes: Vec<u8>,
    _live: Live,
}

#[rustler::resource_impl]
impl Resource for Shared {}

/// A counted reference to [`Shared`].
#[derive(Clone)]
pub struct SharedBytes(ResourceArc<Shared>);

impl From<Vec<u8>> for SharedBytes {
    fn from(bytes: Vec<u8>) -> Self {
        SharedBytes(ResourceArc::new(Shared {
            bytes,
            _live: Live::new(Kind::Shares),
        }))
    }
}

impl Share for SharedBytes {
    fn bytes(&self) -> &[u8] {
        &self.0.bytes
    }
}

/// Below this a copy is cheaper than a shared vector (measured), and does not keep the vector alive.
const COPY_BELOW: usize = 3 * 1024;

/// A vector that has more spare memory than this part of it gives it back before it is shared.
const SPARE_SHIFT: u32 = 2;

/// A binary of a vector: moved, not copied, unless it is small.
pub fn binary<'a>(env: Env<'a>, mut bytes: Vec<u8>) -> Term<'a> {
    if bytes.len() < COPY_BELOW {
        return copy(env, &bytes);
    }
    if bytes.capacity() - bytes.len() > bytes.len() >> SPARE_SHIFT {
        bytes.shrink_to_fit();
    }
    let shared = SharedBytes::from(bytes);
    let term = shared.0.make_binary(env, |shared| &shared.bytes);
    term.to_term(env)
}

/// A binary with a copy of these bytes.
pub fn copy<'a>(env: Env<'a>, bytes: &[u8]) -> Term<'a> {
    NewBinary::from_slice(env, bytes).into()
}

/// A binary of received plaintext.
pub fn unit<'a>(env: Env<'a>, unit: Unit<SharedBytes>) -> Term<'a> {
    match unit {
        Unit::Whole(bytes) => binary(env, bytes),
        Unit::Part(shared, range) => {
            let part = shared.bytes().get(range.clone()).unwrap_or_default();
            // A small part copied does not keep a large vector alive.
            if part.len() < COPY_BELOW || part.len() < shared.bytes().len() / 64 {
                return copy(env, part);
            }
            shared
                .0
                .make_binary(env, |shared| shared.bytes.get(range).unwrap_or_default())
                .to_term(env)
        }
    }
}

/// Iodata as slices of the binaries in it; valid for the call.
pub enum Iodata<'a> {
    /// One binary.
    One([&'a [u8]; 1]),
    /// A list.
    Many(Vec<&'a [u8]>),
}

impl<'a> Iodata<'a> {
    /// Inspects a term. `badarg` if it is no iodata or has more than `limit` bytes.
    pub fn new(term: Term<'a>, limit: usize) -> NifResult<Self> {
        if let Ok(binary) = Binary::from_term(term) {
            return if binary.len() <= limit {
                Ok(Iodata::One([binary.as_slice()]))
            } else {
                Err(Error::BadArg)
            };
        }
        let mut slices = Vec::new();
        let mut total = 0usize;
        // Tails still to be walked. Every list on it is in the term, so its depth is no more than the term has paid for.
        let mut rest = vec![term];
        while let Some(mut list) = rest.pop() {
            while let Ok((head, tail)) = list.list_get_cell() {
                list = tail;
                if let Ok(binary) = Binary::from_term(head) {
                    total = total.saturating_add(binary.len());
                    slices.push(binary.as_slice());
                } else if head.is_list() {
                    rest.push(list);
                    list = head;
                } else {
                    // Single bytes: the emulator flattens such lists faster than we can.
                    let flat = Binary::from_iolist(term)?;
                    return if flat.len() <= limit {
                        Ok(Iodata::One([flat.as_slice()]))
                    } else {
                        Err(Error::BadArg)
                    };
                }
                if total > limit {
                    return Err(Error::BadArg);
                }
            }
            if let Ok(binary) = Binary::from_term(list) {
                total = total.saturating_add(binary.len());
                slices.push(binary.as_slice());
            } else if !list.is_empty_list() {
                return Err(Error::BadArg);
            }
        }
        if total > limit {
            return Err(Error::BadArg);
        }
        Ok(Iodata::Many(slices))
    }

    /// The slices.
    pub fn parts(&self) -> &[&'a [u8]] {
        match self {
            Iodata::One(one) => one,
            Iodata::Many(many) => many,
        }
    }

    /// Bytes altogether.
    pub fn len(&self) -> usize {
        self.parts().iter().map(|part| part.len()).sum()
    }
}

/// A number that fits its type; rustler's own decoders of small types cut off what does not.
pub struct Fit<T>(pub T);

impl<'a, T: TryFrom<u64> + 'a> Decoder<'a> for Fit<T> {
    fn decode(term: Term<'a>) -> NifResult<Self> {
        T::try_from(term.decode::<u64>()?)
            .map(Fit)
            .map_err(|_| Error::BadArg)
    }
}

/// Reports the time a call took to the scheduler. 1 ms is a whole slice.
pub struct Timeslice<'a> {
    env: Env<'a>,
    start: Instant,
}

impl<'a> Timeslice<'a> {
    /// Starts the clock.
    pub fn start(env: Env<'a>) -> Self {
        Timeslice {
            env,
            start: Instant::now(),
        }
    }

    /// Starts the clock for a call that seals or opens so many bytes, unless they are too few to matter.
    pub fn for_bytes(env: Env<'a>, bytes: usize) -> Option<Self> {
        const FEW: usize = 8 * 1024;
        (bytes >= FEW).then(|| Self::start(env))
    }
}

impl Drop for Timeslice<'_> {
    fn drop(&mut self) {
        let percent = self.start.elapsed().as_micros() / 10;
        if percent > 0 {
            rustler::schedule::consume_timeslice(self.env, percent.min(100) as i32);
        }
    }
}
