//! A reader for DER (X.690): definite, minimal lengths, single-byte tags. Never recurses.

/// Reads one element after the other from a byte string.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a>(&'a [u8]);

/// One element.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tlv<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
    /// Tag and length included.
    pub(crate) raw: &'a [u8],
}

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const OID: u8 = 0x06;
pub(crate) const UTF8_STRING: u8 = 0x0c;
pub(crate) const PRINTABLE_STRING: u8 = 0x13;
pub(crate) const IA5_STRING: u8 = 0x16;
pub(crate) const UTC_TIME: u8 = 0x17;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;

/// Context-specific constructed tag `[n]`.
pub(crate) const fn context(n: u8) -> u8 {
    0xa0 | n
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next element, whatever it is. `None`: malformed or nothing left.
    pub(crate) fn next(&mut self) -> Option<Tlv<'a>> {
        let (&[tag, first], rest) = self.0.split_first_chunk::<2>()?;
        if tag & 0x1f == 0x1f {
            return None; // long tags occur nowhere in what is read here
        }
        let (len, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            0x81 => {
                let (&[a], rest) = rest.split_first_chunk::<1>()?;
                (at_least(usize::from(a), 0x80)?, rest)
            }
            0x82 => {
                let (&a, rest) = rest.split_first_chunk::<2>()?;
                (at_least(usize::from(u16::from_be_bytes(a)), 0x100)?, rest)
            }
            0x83 => {
                let (&[a, b, c], rest) = rest.split_first_chunk::<3>()?;
                let len = usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c);
                (at_least(len, 0x1_0000)?, rest)
            }
            _ => return None, // indefinite, or longer than any certificate
        };
        let (content, after) = rest.split_at_checked(len)?;
        let raw = self.0.get(..self.0.len() - after.len())?;
        self.0 = after;
        Some(Tlv { tag, content, raw })
    }

    /// The content of the next element, which must have this tag.
    pub(crate) fn expect(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.expect_tlv(tag).map(|tlv| tlv.content)
    }

    /// The next element, which must have this tag.
    pub(crate) fn expect_tlv(&mut self, tag: u8) -> Option<Tlv<'a>> {
        self.next().filter(|tlv| tlv.tag == tag)
    }

    /// The content of the next element if it has this tag; otherwise nothing is read.
    pub(crate) fn optional(&mut self, tag: u8) -> Option<Option<&'a [u8]>> {
        match self.0.first() {
            Some(first) if *first == tag => self.expect(tag).map(Some),
            _ => Some(None),
        }
    }

    /// Must have come to the end.
    pub(crate) fn end(&self) -> Option<()> {
        self.is_empty().then_some(())
    }
}

/// Minimal lengths only.
fn at_least(len: usize, min: usize) -> Option<usize> {
    (len >= min).then_some(len)
}

/// All of `bytes` is one element with this tag: its content.
pub(crate) fn whole(bytes: &[u8], tag: u8) -> Option<&[u8]> {
    let mut reader = Reader::new(bytes);
    let content = reader.expect(tag)?;
    reader.end()?;
    Some(content)
}

/// A BOOLEAN's content.
pub(crate) fn boolean(content: &[u8]) -> Option<bool> {
    match content {
        [0xff] => Some(true),
        [0] => Some(false),
        _ => None,
    }
}

/// A BIT STRING's content without unused bits.
pub(crate) fn whole_bytes(content: &[u8]) -> Option<&[u8]> {
    match content.split_first() {
        Some((0, bytes)) => Some(bytes),
        _ => None,
    }
}

/// UTCTime or GeneralizedTime in the forms that RFC 5280 section 4.1.2.5 allows, as Unix seconds.
pub(crate) fn time(tlv: Tlv<'_>) -> Option<i64> {
    let (century_digits, rest) = match tlv.tag {
        UTC_TIME if tlv.content.len() == 13 => (None, tlv.content),
        GENERALIZED_TIME if tlv.content.len() == 15 => {
            let (century, rest) = tlv.content.split_first_chunk::<2>()?;
            (Some(two_digits(century)?), rest)
        }
        _ => return None,
    };
    let (digits, zone) = rest.split_at_checked(12)?;
    if zone != b"Z" {
        return None;
    }
    let mut fields = [0i64; 6];
    for (field, pair) in fields.iter_mut().zip(digits.chunks_exact(2)) {
        *field = two_digits(pair)?;
    }
    let [year, month, day, hour, minute, second] = fields;
    let century = match century_digits {
        Some(century) => century,
        None if year < 50 => 20,
        None => 19,
    };
    unix_seconds(century * 100 + year, month, day, hour, minute, second)
}

fn two_digits(pair: &[u8]) -> Option<i64> {
    match pair {
        [a @ b'0'..=b'9', b @ b'0'..=b'9'] => Some(i64::from(a - b'0') * 10 + i64::from(b - b'0')),
        _ => None,
    }
}

fn unix_seconds(
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let month_len = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=month_len).contains(&day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    // Days from civil date, years counted from March.
    let (y, m) = if month <= 2 {
        (year - 1, month + 9)
    } else {
        (year, month - 3)
    };
    let days =
        365 * y + y.div_euclid(4) - y.div_euclid(100) + y.div_euclid(400) + (153 * m + 2) / 5 + day
            - 1;
    const DAYS_TO_1970: i64 = 719_468;
    Some((days - DAYS_TO_1970) * 86_400 + hour * 3600 + minute * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn utc(text: &str) -> Option<i64> {
        time(Tlv {
            tag: UTC_TIME,
            content: text.as_bytes(),
            raw: &[],
        })
    }

    fn generalized(text: &str) -> Option<i64> {
        time(Tlv {
            tag: GENERALIZED_TIME,
            content: text.as_bytes(),
            raw: &[],
        })
    }

    #[test]
    fn times_become_unix_seconds() {
        assert_eq!(utc("700101000000Z"), Some(0));
        assert_eq!(utc("500101000000Z"), Some(-631_152_000));
        assert_eq!(utc("491231235959Z"), Some(2_524_607_999));
        assert_eq!(utc("240229120000Z"), Some(1_709_208_000));
        assert_eq!(generalized("20500101000000Z"), Some(2_524_608_000));
        assert_eq!(generalized("99991231235959Z"), Some(253_402_300_799));
        assert_eq!(generalized("19000228000000Z"), Some(-2_203_977_600));
    }

    #[test]
    fn times_in_other_forms_are_refused() {
        for bad in [
            "230229000000Z",
            "231301000000Z",
            "2301010000Z",
            "230101000000+",
            "230101240000Z",
            "23010100000 Z",
        ] {
            assert_eq!(utc(bad), None, "{bad}");
        }
        for bad in [
            "20230101000000.5Z",
            "20230101000000",
            "21000229000000Z",
            "20230100000000Z",
        ] {
            assert_eq!(generalized(bad), None, "{bad}");
        }
    }

    #[test]
    fn lengths_must_be_definite_minimal_and_within() {
        for bad in [
            &[0x30, 0x80, 0, 0][..],
            &[4, 0x81, 1, 0],
            &[4, 0x82, 0, 1, 0],
            &[4, 2, 0],
            &[0x1f, 1, 0],
            &[4],
            &[],
        ] {
            assert!(Reader::new(bad).next().is_none(), "{bad:?}");
        }
        assert_eq!(whole(&[4, 1, 7], OCTET_STRING), Some(&[7][..]));
        assert_eq!(whole(&[4, 1, 7, 0], OCTET_STRING), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes: Vec<u8>) {
            let mut reader = Reader::new(&bytes);
            let mut raw = 0;
            while let Some(tlv) = reader.next() {
                raw += tlv.raw.len();
                let _ = time(tlv);
            }
            prop_assert!(raw <= bytes.len());
        }
    }
}
