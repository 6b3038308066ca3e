//! Where Rust's memory comes from: small blocks from the C library, large ones from the emulator.
//!
//! A vector of 256 KB comes and goes with every large send. glibc maps and unmaps such a block each time, and the page
//! faults cost three times what encrypting it does; the emulator keeps its carriers. Its allocator is slower for small
//! blocks, of which a handshake has many. Blocks from the emulator are counted in `erlang:memory(system)`.

use rustler::sys::{enif_alloc, enif_free, enif_realloc};
use std::alloc::{GlobalAlloc, Layout, System};

/// Blocks from this size on are the emulator's.
const LARGE: usize = 8 * 1024;

/// Alignment of what the emulator gives.
const EMULATOR_ALIGN: usize = 8;

struct Memory;

#[global_allocator]
static MEMORY: Memory = Memory;

fn is_large(layout: &Layout) -> bool {
    layout.size() >= LARGE && layout.align() <= EMULATOR_ALIGN
}

// SAFETY: both allocators give blocks of at least the size and alignment asked for, or null. Which of them a block is
// from follows from its layout alone, and callers give the same layout again; `realloc` moves a block when the new size
// is the other one's.
unsafe impl GlobalAlloc for Memory {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if is_large(&layout) {
            // SAFETY: the size is not 0.
            unsafe { enif_alloc(layout.size()).cast() }
        } else {
            // SAFETY: our caller's promise.
            unsafe { System.alloc(layout) }
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if !is_large(&layout) {
            // SAFETY: our caller's promise.
            return unsafe { System.alloc_zeroed(layout) };
        }
        // SAFETY: as in `alloc`; the block has this size.
        unsafe {
            let block: *mut u8 = enif_alloc(layout.size()).cast();
            if !block.is_null() {
                block.write_bytes(0, layout.size());
            }
            block
        }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if is_large(&layout) {
            // SAFETY: the layout says that `alloc` had it from the emulator.
            unsafe { enif_free(block.cast()) }
        } else {
            // SAFETY: our caller's promise.
            unsafe { System.dealloc(block, layout) }
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: our caller's promise: size is not 0 and, rounded up to the alignment, no more than isize::MAX.
        let new = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        match (is_large(&layout), is_large(&new)) {
            // SAFETY: the block is the emulator's and stays so.
            (true, true) => unsafe { enif_realloc(block.cast(), size).cast() },
            // SAFETY: the block is the C library's and stays so.
            (false, false) => unsafe { System.realloc(block, layout, size) },
            // SAFETY: a new block, so the two do not overlap; both have the bytes that are copied.
            _ => unsafe {
                let moved = self.alloc(new);
                if !moved.is_null() {
                    std::ptr::copy_nonoverlapping(block, moved, layout.size().min(size));
                    self.dealloc(block, layout);
                }
                moved
            },
        }
    }
}
