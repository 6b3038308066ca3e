//! Trust stores: parsed once, shared, found again by the places of their certificates, else by their content.

use crate::atoms;
use crate::beam::Timeslice;
use crate::bigstack::Pool;
use crate::counters::{Kind, Live};
use crate::encode::map;
use crate::intern::{next_id, Table};
use crate::sending::wait;
use crate::turn::Ticket;
use parking_lot::Mutex;
use rustler::thread::is_scheduler_thread;
use rustler::{
    Atom, Binary, Encoder, Env, Error, ListIterator, LocalPid, NifResult, OwnedEnv, Resource,
    ResourceArc, Term,
};
use std::sync::Arc;
use tls_core::crypto::hash::HashAlg;
use tls_core::x509::TrustStore;

/// Where each certificate lies, and how long it is. Binaries are immutable, and an object keeps those alive that it is
/// known by; so equal places mean equal content.
type Places = Vec<(usize, usize)>;
type Content = Vec<u8>;

static BY_PLACES: Table<Places> = Table::new();
static BY_CONTENT: Table<Content> = Table::new();

/// So many lists of binaries one store is known by.
const MAX_ALIASES: usize = 4;

/// A list with no more bytes and certificates than this is hashed, and parsed, on a normal scheduler.
const SMALL_BYTES: usize = 32 * 1024;
const SMALL_COUNT: usize = 8;

/// No more than this is copied for the library's threads; what is larger is loaded on a dirty scheduler.
const MAX_COPIED: usize = 1024 * 1024;

/// Binaries of at most this size lie on a process heap, where they move.
const HEAP_BINARY: usize = 64;

struct Alias {
    places: Places,
    _binaries: OwnedEnv,
}

/// A trust store.
pub struct StoreObject {
    /// For the core.
    pub core: Arc<TrustStore>,
    /// Its number.
    pub id: u64,
    skipped: usize,
    content: Content,
    aliases: Mutex<Vec<Alias>>,
    _live: Live,
}

#[rustler::resource_impl]
impl Resource for StoreObject {}

impl Drop for StoreObject {
    fn drop(&mut self) {
        BY_CONTENT.remove(&self.content, self.id);
        for alias in self.aliases.get_mut() {
            BY_PLACES.remove(&alias.places, self.id);
        }
    }
}

/// `[Der | {cert, Der, _}]`
struct Certificates<'a> {
    ders: Vec<Binary<'a>>,
    bytes: usize,
}

impl<'a> Certificates<'a> {
    fn decode(list: Term<'a>) -> NifResult<Self> {
        let mut ders = Vec::new();
        let mut bytes = 0usize;
        for item in list.decode::<ListIterator>()? {
            let der = match Binary::from_term(item) {
                Ok(der) => der,
                Err(_) => {
                    let (tag, der, _) = item.decode::<(Atom, Binary, Term)>()?;
                    if tag != atoms::cert() {
                        return Err(Error::BadArg);
                    }
                    der
                }
            };
            bytes = bytes.saturating_add(der.len());
            ders.push(der);
        }
        Ok(Certificates { ders, bytes })
    }

    fn places(&self) -> Places {
        self.ders
            .iter()
            .map(|der| (der.as_slice().as_ptr() as usize, der.len()))
            .collect()
    }

    fn slices(&self) -> Vec<&'a [u8]> {
        self.ders.iter().map(|der| der.as_slice()).collect()
    }

    fn is_small(&self) -> bool {
        self.bytes <= SMALL_BYTES && self.ders.len() <= SMALL_COUNT
    }

    /// Keeps the binaries alive, if they stay where they are.
    fn alias(&self) -> Option<Alias> {
        let binaries = OwnedEnv::new();
        let mut places = Places::with_capacity(self.ders.len());
        for der in &self.ders {
            if der.len() <= HEAP_BINARY {
                return None;
            }
            let place = (der.as_slice().as_ptr() as usize, der.len());
            let kept = binaries.run(|theirs| {
                let copy = der.to_term(theirs);
                Binary::from_term(copy).map(|copy| (copy.as_slice().as_ptr() as usize, copy.len()))
            });
            if kept.ok() != Some(place) {
                return None;
            }
            places.push(place);
        }
        Some(Alias {
            places,
            _binaries: binaries,
        })
    }
}

/// What a store is found by, hashed over all certificates and their lengths.
fn content(ders: &[&[u8]]) -> Content {
    let lengths: Vec<u8> = ders
        .iter()
        .flat_map(|der| (der.len() as u64).to_be_bytes())
        .collect();
    let mut parts: Vec<&[u8]> = vec![&lengths];
    parts.extend(ders);
    HashAlg::Sha256.hash(&parts).as_ref().to_vec()
}

/// Lets the store be found by the places of its certificates.
fn add_alias(env: Env, store: &ResourceArc<StoreObject>, alias: Alias) {
    let oldest = {
        let mut aliases = store.aliases.lock();
        if aliases.iter().any(|known| known.places == alias.places) {
            return;
        }
        BY_PLACES.insert(env, alias.places.clone(), store.id, store);
        aliases.push(alias);
        (aliases.len() > MAX_ALIASES).then(|| aliases.remove(0))
    };
    if let Some(oldest) = oldest {
        BY_PLACES.remove(&oldest.places, store.id);
    }
}

fn found<'a>(env: Env<'a>, store: &ResourceArc<StoreObject>) -> Term<'a> {
    let meta = map(
        env,
        &[
            (atoms::count(), store.core.len().encode(env)),
            (atoms::skipped(), store.skipped.encode(env)),
        ],
    );
    (atoms::ok(), store.clone(), meta).encode(env)
}

/// The store of these certificates, made if there is none; known by their places from now on.
fn find_or_make(env: Env, ders: &[&[u8]], alias: Option<Alias>) -> ResourceArc<StoreObject> {
    let content = content(ders);
    let store = BY_CONTENT.find(env, &content).unwrap_or_else(|| {
        let (core, skipped) = TrustStore::from_ders(ders);
        let id = next_id();
        let store = ResourceArc::new(StoreObject {
            core: Arc::new(core),
            id,
            skipped,
            content: content.clone(),
            aliases: Mutex::new(Vec::new()),
            _live: Live::new(Kind::Stores),
        });
        BY_CONTENT.insert(env, content, id, &store);
        store
    });
    if let Some(alias) = alias {
        add_alias(env, &store, alias);
    }
    store
}

/// The process that waits for a store. If nothing else is said to it, it is told that loading failed.
struct Caller {
    pid: LocalPid,
    ticket: ResourceArc<Ticket>,
    told: bool,
}

impl Caller {
    fn tell(mut self, store: &ResourceArc<StoreObject>) {
        self.told = true;
        // It may have died; nobody needs the store then.
        let _ = OwnedEnv::new().send_and_clear(&self.pid, |env| {
            let ticket = self.ticket.clone();
            (atoms::ssl_native(), ticket, found(env, store)).encode(env)
        });
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        if !self.told && !is_scheduler_thread() {
            let _ = OwnedEnv::new().send_and_clear(&self.pid, |env| {
                (atoms::ssl_native(), self.ticket.clone(), atoms::failed()).encode(env)
            });
        }
    }
}

static POOL: Pool = Pool::new();

/// Has a large store loaded by the library's own threads. `None`: they are busy.
fn load_elsewhere<'a>(env: Env<'a>, certificates: &Certificates) -> Option<Term<'a>> {
    let ders: Vec<Vec<u8>> = certificates
        .ders
        .iter()
        .map(|der| der.as_slice().to_vec())
        .collect();
    let alias = certificates.alias();
    let ticket = ResourceArc::new(Ticket);
    let caller = Caller {
        pid: env.pid(),
        ticket: ticket.clone(),
        told: false,
    };
    let job = Box::new(move || {
        let ders: Vec<&[u8]> = ders.iter().map(Vec::as_slice).collect();
        let store = OwnedEnv::new().run(|env| find_or_make(env, &ders, alias));
        caller.tell(&store);
    });
    POOL.run(job).ok()?;
    Some(wait(env, ticket))
}

/// A store that is known by these binaries. A small one is found by its content or made here, a large one by the
/// library's threads: the answer comes as a message then.
#[rustler::nif]
fn trust_store_find<'a>(env: Env<'a>, list: Term<'a>) -> NifResult<Term<'a>> {
    let _slice = Timeslice::start(env);
    let certificates = Certificates::decode(list)?;
    if let Some(store) = BY_PLACES.find::<StoreObject>(env, &certificates.places()) {
        return Ok(found(env, &store));
    }
    if certificates.is_small() {
        let store = find_or_make(env, &certificates.slices(), certificates.alias());
        return Ok(found(env, &store));
    }
    let elsewhere = if certificates.bytes <= MAX_COPIED {
        load_elsewhere(env, &certificates)
    } else {
        None
    };
    Ok(elsewhere.unwrap_or_else(|| atoms::miss().encode(env)))
}

/// The same for large ones, here and now.
#[rustler::nif(schedule = "DirtyCpu")]
fn trust_store_load<'a>(env: Env<'a>, list: Term<'a>) -> NifResult<Term<'a>> {
    let certificates = Certificates::decode(list)?;
    let store = find_or_make(env, &certificates.slices(), certificates.alias());
    Ok(found(env, &store))
}
