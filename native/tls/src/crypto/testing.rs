//! Helpers of the unit tests.

use super::{Random, RandomFailed};

/// Bytes of a hexadecimal text; white space is ignored.
pub(crate) fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| c.to_digit(16).unwrap())
        .collect();
    assert!(digits.len().is_multiple_of(2));
    digits
        .chunks(2)
        .map(|pair| (pair[0] << 4 | pair[1]) as u8)
        .collect()
}

/// A value of RFC 8448's traces.
pub(crate) fn rfc8448(name: &str) -> Vec<u8> {
    let line = include_str!("../schedule/rfc8448.txt")
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
        .unwrap_or_else(|| panic!("{name}"));
    hex(line)
}

/// A random source that gives the same bytes each time.
pub(crate) struct Fixed(pub(crate) Vec<u8>);

impl Random for Fixed {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), RandomFailed> {
        out.copy_from_slice(&self.0[..out.len()]);
        Ok(())
    }
}
