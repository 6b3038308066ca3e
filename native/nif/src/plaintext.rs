//! Received plaintext that nobody has asked for yet, and how it is cut into units (`{packet, _}`).
//!
//! Plaintext comes as one vector per call of the record layer. A unit that lies within one vector is given out as a
//! share of it, without copying; one that spans several is assembled once, when it is complete, so that nothing is
//! copied twice however small the pieces are that it came in. Small vectors are joined at the tail, so that a peer
//! who sends byte by byte does not cost a vector per byte.

use std::collections::VecDeque;
use std::ops::Range;

/// A tail that is shorter than this takes the next plaintext in, if that is short too.
const JOIN_BELOW: usize = 16 * 1024;

/// Memory that can be shared with what was given out of it.
pub trait Share: From<Vec<u8>> + Clone {
    /// The bytes.
    fn bytes(&self) -> &[u8];
}

/// A unit given out.
#[derive(Debug)]
pub enum Unit<C> {
    /// A part of a vector that stays where it is.
    Part(C, Range<usize>),
    /// A whole vector.
    Whole(Vec<u8>),
}

/// How plaintext is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Framing {
    /// A stream of bytes.
    #[default]
    Raw,
    /// A big endian length of 1, 2 or 4 bytes before each unit, not part of it. Units longer than `limit` are refused;
    /// 0 is no limit.
    Prefixed { header: u8, limit: u32 },
}

/// Why no unit can be given.
#[derive(Debug, PartialEq, Eq)]
pub struct TooLong;

enum Memory<C> {
    Own(Vec<u8>),
    Shared(C),
}

struct Piece<C> {
    memory: Memory<C>,
    start: usize,
}

impl<C: Share> Piece<C> {
    fn bytes(&self) -> &[u8] {
        let whole = match &self.memory {
            Memory::Own(bytes) => bytes,
            Memory::Shared(shared) => shared.bytes(),
        };
        whole.get(self.start..).unwrap_or_default()
    }

    /// The next `count` bytes as a share.
    fn share(&mut self, count: usize) -> Unit<C> {
        let range = self.start..self.start + count;
        self.start = range.end;
        let shared = match &mut self.memory {
            Memory::Shared(shared) => shared.clone(),
            Memory::Own(bytes) => {
                let shared = C::from(std::mem::take(bytes));
                self.memory = Memory::Shared(shared.clone());
                shared
            }
        };
        Unit::Part(shared, range)
    }
}

/// The buffer.
pub struct Plaintext<C> {
    pieces: VecDeque<Piece<C>>,
    len: usize,
}

impl<C: Share> Plaintext<C> {
    /// An empty buffer; no memory is allocated.
    pub fn new() -> Self {
        Plaintext {
            pieces: VecDeque::new(),
            len: 0,
        }
    }

    /// Bytes buffered.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Appends what the record layer gave.
    pub fn push(&mut self, bytes: Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        self.len += bytes.len();
        if let Some(Piece {
            memory: Memory::Own(tail),
            ..
        }) = self.pieces.back_mut()
        {
            if tail.len() < JOIN_BELOW && bytes.len() < JOIN_BELOW {
                tail.extend_from_slice(&bytes);
                return;
            }
        }
        self.pieces.push_back(Piece {
            memory: Memory::Own(bytes),
            start: 0,
        });
    }

    /// Everything there is; `None` when there is nothing.
    pub fn all(&mut self) -> Option<Unit<C>> {
        self.take(self.len)
    }

    /// The next `count` bytes, if there are as many; `None` for nothing.
    pub fn take(&mut self, count: usize) -> Option<Unit<C>> {
        if count == 0 || count > self.len {
            return None;
        }
        self.len -= count;
        let first = self.pieces.front_mut()?;
        let there = first.bytes().len();
        if there > count {
            return Some(first.share(count));
        }
        if there == count {
            let piece = self.pieces.pop_front()?;
            self.shrink();
            return Some(match piece.memory {
                Memory::Own(bytes) if piece.start == 0 => Unit::Whole(bytes),
                Memory::Own(bytes) => {
                    let end = bytes.len();
                    Unit::Part(C::from(bytes), piece.start..end)
                }
                Memory::Shared(shared) => {
                    let end = shared.bytes().len();
                    Unit::Part(shared, piece.start..end)
                }
            });
        }
        let mut out = Vec::with_capacity(count);
        while out.len() < count {
            let missing = count - out.len();
            let first = self.pieces.front_mut()?;
            let there = first.bytes();
            if there.len() > missing {
                out.extend_from_slice(there.get(..missing).unwrap_or_default());
                first.start += missing;
            } else {
                out.extend_from_slice(there);
                self.pieces.pop_front();
            }
        }
        self.shrink();
        Some(Unit::Whole(out))
    }

    /// The next unit as `framing` cuts: `length` bytes of a raw stream (0: all there are), or one prefixed message.
    pub fn unit(&mut self, framing: Framing, length: usize) -> Result<Option<Unit<C>>, TooLong> {
        match framing {
            Framing::Raw if length == 0 => Ok(self.all()),
            Framing::Raw => Ok(self.take(length)),
            Framing::Prefixed { header, limit } => match self.prefixed(header, limit)? {
                Some(length) => {
                    self.skip(usize::from(header));
                    Ok(Some(self.take(length).unwrap_or(Unit::Whole(Vec::new()))))
                }
                None => Ok(None),
            },
        }
    }

    /// Is there a unit, or what makes cutting impossible?
    pub fn has_unit(&self, framing: Framing, length: usize) -> bool {
        match framing {
            Framing::Raw => self.len > 0 && self.len >= length,
            Framing::Prefixed { header, limit } => {
                !matches!(self.prefixed(header, limit), Ok(None))
            }
        }
    }

    /// The length of the message that comes next, if it is there as a whole.
    fn prefixed(&self, header: u8, limit: u32) -> Result<Option<usize>, TooLong> {
        let Some(length) = self.peek(header) else {
            return Ok(None);
        };
        // Beyond 2 GB a unit with its header has no length that the emulator's own parser would take.
        let possible = i32::MAX.unsigned_abs() - u32::from(header);
        if length > possible || (limit != 0 && length > limit) {
            return Err(TooLong);
        }
        let length = length as usize;
        Ok((self.len - usize::from(header) >= length).then_some(length))
    }

    /// Gives everything back to the allocator.
    pub fn clear(&mut self) {
        self.pieces = VecDeque::new();
        self.len = 0;
    }

    /// The number in the next `count` (at most 4) bytes.
    fn peek(&self, count: u8) -> Option<u32> {
        if self.len < usize::from(count) {
            return None;
        }
        let bytes = self.pieces.iter().flat_map(|piece| piece.bytes().iter());
        Some(
            bytes
                .take(usize::from(count))
                .fold(0u32, |number, byte| number << 8 | u32::from(*byte)),
        )
    }

    fn skip(&mut self, mut count: usize) {
        self.len = self.len.saturating_sub(count);
        while let Some(first) = self.pieces.front_mut() {
            let there = first.bytes().len();
            if there > count {
                first.start += count;
                return;
            }
            count -= there;
            self.pieces.pop_front();
        }
    }

    fn shrink(&mut self) {
        if self.pieces.is_empty() && self.pieces.capacity() > 8 {
            self.pieces = VecDeque::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::Arc;

    impl Share for Arc<Vec<u8>> {
        fn bytes(&self) -> &[u8] {
            self
        }
    }

    type Buffer = Plaintext<Arc<Vec<u8>>>;

    fn read(unit: Unit<Arc<Vec<u8>>>) -> Vec<u8> {
        match unit {
            Unit::Part(memory, range) => memory[range].to_vec(),
            Unit::Whole(bytes) => bytes,
        }
    }

    fn framed(header: u8, messages: &[Vec<u8>]) -> Vec<u8> {
        let mut stream = Vec::new();
        for message in messages {
            let length = (message.len() as u32).to_be_bytes();
            stream.extend_from_slice(&length[4 - usize::from(header)..]);
            stream.extend_from_slice(message);
        }
        stream
    }

    #[test]
    fn a_unit_is_known_to_be_there_without_taking_it() {
        let prefixed = |limit| Framing::Prefixed { header: 2, limit };
        let beyond = Framing::Prefixed {
            header: 4,
            limit: 0,
        };
        for (bytes, framing, length, there) in [
            (&b""[..], Framing::Raw, 0, false),
            (b"a", Framing::Raw, 0, true),
            (b"ab", Framing::Raw, 2, true),
            (b"ab", Framing::Raw, 3, false),
            (b"\x00", prefixed(0), 0, false),
            (b"\x00\x00", prefixed(0), 9, true),
            (b"\x00\x02a", prefixed(0), 0, false),
            (b"\x00\x02ab", prefixed(2), 0, true),
            (b"\x00\x03", prefixed(2), 0, true),
            (b"\x80\x00\x00\x00", beyond, 0, true),
        ] {
            let mut buffer = Buffer::new();
            for byte in bytes {
                buffer.push(vec![*byte]);
            }
            assert_eq!(buffer.has_unit(framing, length), there, "{bytes:?}");
            let unit = buffer.unit(framing, length);
            assert_eq!(!matches!(unit, Ok(None)), there, "{bytes:?}");
        }
    }

    #[test]
    fn a_unit_longer_than_the_limit_is_refused_before_it_is_complete() {
        let mut buffer = Buffer::new();
        buffer.push(vec![0, 0, 1, 1]);
        assert!(matches!(
            buffer.unit(
                Framing::Prefixed {
                    header: 4,
                    limit: 256
                },
                0
            ),
            Err(TooLong)
        ));
        assert!(matches!(
            buffer.unit(
                Framing::Prefixed {
                    header: 4,
                    limit: 257
                },
                0
            ),
            Ok(None)
        ));
    }

    #[test]
    fn a_unit_longer_than_any_is_refused_without_a_limit() {
        let mut buffer = Buffer::new();
        buffer.push(vec![0x7f, 0xff, 0xff, 0xfb]);
        let framing = Framing::Prefixed {
            header: 4,
            limit: 0,
        };
        assert!(matches!(buffer.unit(framing, 0), Ok(None)));
        let mut buffer = Buffer::new();
        buffer.push(vec![0x7f, 0xff, 0xff, 0xfc]);
        assert!(matches!(buffer.unit(framing, 0), Err(TooLong)));
    }

    #[test]
    fn an_empty_message_is_a_unit() {
        let mut buffer = Buffer::new();
        buffer.push(vec![0, 0, 7]);
        let framing = Framing::Prefixed {
            header: 2,
            limit: 0,
        };
        assert_eq!(buffer.unit(framing, 0).unwrap().map(read), Some(vec![]));
        assert_eq!(buffer.unit(framing, 0).unwrap().map(read), None);
        assert_eq!(buffer.len(), 1);
    }

    #[test]
    fn bytes_that_come_one_by_one_are_joined() {
        let mut buffer = Buffer::new();
        for n in 0..10_000u32 {
            buffer.push(vec![n as u8]);
        }
        assert_eq!(buffer.pieces.len(), 1);
    }

    #[test]
    fn a_message_within_one_vector_is_not_copied() {
        let mut buffer = Buffer::new();
        let stream = framed(4, &[vec![1; 5000], vec![2; 5000]]);
        let at = stream.as_ptr();
        buffer.push(stream);
        let Some(Unit::Part(memory, range)) = buffer
            .unit(
                Framing::Prefixed {
                    header: 4,
                    limit: 0,
                },
                0,
            )
            .unwrap()
        else {
            panic!("copied")
        };
        assert_eq!(memory[range].as_ptr(), at.wrapping_add(4));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn messages_come_out_as_they_went_in(
            header in prop_oneof![Just(1u8), Just(2), Just(4)],
            messages in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..200), 0..30),
            cuts in proptest::collection::vec(1usize..40_000, 1..40),
            eager in any::<bool>(),
        ) {
            let stream = framed(header, &messages);
            let framing = Framing::Prefixed { header, limit: 0 };
            let mut buffer = Buffer::new();
            let mut out = Vec::new();
            let mut rest = &stream[..];
            for cut in cuts.iter().cycle() {
                if rest.is_empty() { break }
                let (now, later) = rest.split_at((*cut).min(rest.len()));
                buffer.push(now.to_vec());
                rest = later;
                while let Some(unit) = if eager { buffer.unit(framing, 0).unwrap() } else { None } {
                    out.push(read(unit));
                }
            }
            while let Some(unit) = buffer.unit(framing, 0).unwrap() {
                out.push(read(unit));
            }
            prop_assert_eq!(out, messages);
            prop_assert_eq!(buffer.len(), 0);
        }

        #[test]
        fn a_raw_stream_keeps_its_order(
            pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..50_000), 0..8),
            takes in proptest::collection::vec(0usize..60_000, 0..20),
        ) {
            let stream: Vec<u8> = pieces.concat();
            let mut buffer = Buffer::new();
            for piece in pieces {
                buffer.push(piece);
            }
            let mut out = Vec::new();
            for count in takes {
                let there = buffer.len();
                let got = buffer.take(count).map(read);
                prop_assert_eq!(got.is_some(), count > 0 && count <= there);
                out.extend(got.unwrap_or_default());
                prop_assert_eq!(buffer.len(), stream.len() - out.len());
            }
            out.extend(buffer.all().map(read).unwrap_or_default());
            prop_assert_eq!(out, stream);
        }
    }
}
