//! What two lists of code points have in common. One of them is the peer's, who may fill 64 KB with it: comparing each with
//! each, for every certificate and suite of ours, would make a hello cost more than the rest of the handshake.

/// Bits of a set of code points.
const WORDS: usize = 1 << 16 >> u64::BITS.trailing_zeros();

/// A set of code points.
struct Codes(Box<[u64; WORDS]>);

impl Codes {
    fn new() -> Self {
        Self(Box::new([0; WORDS]))
    }

    /// The code's bit, and the word that it stands in.
    fn place(&mut self, code: u16) -> Option<(u64, &mut u64)> {
        let word = self.0.get_mut(usize::from(code) / u64::BITS as usize)?;
        Some((1 << (u32::from(code) % u64::BITS), word))
    }

    fn insert(&mut self, code: u16) {
        if let Some((bit, word)) = self.place(code) {
            *word |= bit;
        }
    }

    /// Was it there? Now it is not.
    fn take(&mut self, code: u16) -> bool {
        let Some((bit, word)) = self.place(code) else {
            return false;
        };
        let there = *word & bit != 0;
        *word &= !bit;
        there
    }
}

/// Those of `first` that `second` has, too, in the order of `first`, each once.
pub(super) fn in_common<T: Copy>(first: &[T], second: &[T], code: impl Fn(T) -> u16) -> Vec<T> {
    let mut wanted = Codes::new();
    second.iter().for_each(|item| wanted.insert(code(*item)));
    let mut common = first.to_vec();
    common.retain(|item| wanted.take(code(*item)));
    common.shrink_to_fit();
    common
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_code_is_a_member_of_its_own() {
        let all: Vec<u16> = (0..=u16::MAX).collect();
        for code in [0, 1, 63, 64, 65, 0x7fff, 0x8000, u16::MAX] {
            assert_eq!(in_common(&all, &[code], |code| code), [code]);
            assert_eq!(in_common(&[code, code], &all, |code| code), [code]);
        }
        assert_eq!(in_common(&all, &all, |code| code), all);
        assert_eq!(in_common(&all, &[], |code| code), []);
    }

    proptest! {
        #[test]
        fn order_is_that_of_the_first(
            first in prop::collection::vec(0u16..80, 0..60),
            second in prop::collection::vec(0u16..80, 0..60),
        ) {
            let mut expected = Vec::new();
            for code in &first {
                if second.contains(code) && !expected.contains(code) {
                    expected.push(*code);
                }
            }
            prop_assert_eq!(in_common(&first, &second, |code| code), expected);
        }
    }
}
