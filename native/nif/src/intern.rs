//! Shared immutable objects found again by their content.
//!
//! An entry does not keep its object alive: it is the external form of the object's reference. The emulator gives the
//! object for that while any term or native owner has it, and a dead reference afterwards. So what nobody uses is
//! freed, and the same content has the same reference while it lives.

use parking_lot::Mutex;
use rustler::{Encoder, Env, Resource, ResourceArc};
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};

/// A number for each object, never used again.
pub fn next_id() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

struct Entry {
    /// Of the object, so that it removes no entry but its own.
    id: u64,
    reference: Vec<u8>,
}

/// Where objects are found by keys of one kind.
pub struct Table<K>(Mutex<Option<HashMap<K, Entry>>>);

impl<K: Hash + Eq> Table<K> {
    /// An empty table.
    pub const fn new() -> Self {
        Table(Mutex::new(None))
    }

    /// The live object under this key.
    pub fn find<T: Resource>(&self, env: Env, key: &K) -> Option<ResourceArc<T>> {
        // Copied out: an object that comes alive here may be the last owner's and run its destructor, which locks.
        let reference = self.0.lock().as_ref()?.get(key)?.reference.clone();
        let (term, _) = env.binary_to_term(&reference)?;
        term.decode().ok()
    }

    /// Lets an object be found.
    pub fn insert<T: Resource>(&self, env: Env, key: K, id: u64, object: &ResourceArc<T>) {
        let reference = object.encode(env).to_binary().as_slice().to_vec();
        self.0
            .lock()
            .get_or_insert_default()
            .insert(key, Entry { id, reference });
    }

    /// An object goes: its entry too.
    pub fn remove(&self, key: &K, id: u64) {
        let mut table = self.0.lock();
        if let Some(map) = table.as_mut() {
            if map.get(key).is_some_and(|entry| entry.id == id) {
                map.remove(key);
            }
            if map.is_empty() {
                *table = None;
            }
        }
    }
}
