//! Trust stores: parsed once, shared, found again by the places of their certificates, else by their content.

use crate::atoms;
use crate::beam::Timeslice;
use crate::counters::{Kind, Live};
use crate::encode::map;
use crate::intern::{next_id, Table};
use parking_lot::Mutex;
use rustler::{
    Atom, Binary, Encoder, Env, Error, ListIterator, NifResult, OwnedEnv, Resource, ResourceArc,
    Term,
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

    fn content(&self) -> Content {
        let lengths: Vec<u8> = self
            .ders
            .iter()
            .flat_map(|der| (der.len() as u64).to_be_bytes())
            .collect();
        let mut parts: Vec<&[u8]> = vec![&lengths];
        parts.extend(self.ders.iter().map(|der| der.as_slice()));
        HashAlg::Sha256.hash(&parts).as_ref().to_vec()
    }

    fn is_small(&self) -> bool {
        self.bytes <= SMALL_BYTES && self.ders.len() <= SMALL_COUNT
    }

    /// Keeps the binaries alive, if they stay where they are.
    fn alias(&self, env: Env) -> Option<Alias> {
        let _ = env;
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

/// Lets the store be found by the places of these certificates.
fn add_alias(env: Env, store: &ResourceArc<StoreObject>, certificates: &Certificates) {
    let Some(alias) = certificates.alias(env) else {
        return;
    };
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

fn by_content<'a>(
    env: Env<'a>,
    content: &Content,
    certificates: &Certificates,
) -> Option<Term<'a>> {
    let store = BY_CONTENT.find::<StoreObject>(env, content)?;
    add_alias(env, &store, certificates);
    Some(found(env, &store))
}

fn load<'a>(env: Env<'a>, content: Content, certificates: &Certificates) -> Term<'a> {
    let (core, skipped) = TrustStore::from_ders(certificates.ders.iter().map(|der| der.as_slice()));
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
    add_alias(env, &store, certificates);
    found(env, &store)
}

/// A store that is known by these binaries or, if they are few, by their content; a small one is made here.
#[rustler::nif]
fn trust_store_find<'a>(env: Env<'a>, list: Term<'a>) -> NifResult<Term<'a>> {
    let _slice = Timeslice::start(env);
    let certificates = Certificates::decode(list)?;
    if let Some(store) = BY_PLACES.find::<StoreObject>(env, &certificates.places()) {
        return Ok(found(env, &store));
    }
    if !certificates.is_small() {
        return Ok(atoms::miss().encode(env));
    }
    let content = certificates.content();
    Ok(by_content(env, &content, &certificates)
        .unwrap_or_else(|| load(env, content, &certificates)))
}

/// The same for large ones.
#[rustler::nif(schedule = "DirtyCpu")]
fn trust_store_load<'a>(env: Env<'a>, list: Term<'a>) -> NifResult<Term<'a>> {
    let certificates = Certificates::decode(list)?;
    let content = certificates.content();
    Ok(by_content(env, &content, &certificates)
        .unwrap_or_else(|| load(env, content, &certificates)))
}
