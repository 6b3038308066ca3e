//! Reading and writing of the presentation language (RFC 8446 section 3): integers, vectors with length prefixes.

/// A field is cut short, too long, or something is left over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecodeError;

/// What does not fit its length prefix cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EncodeError;

/// A cursor over bytes of the peer.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// From the beginning of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Is everything read?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Bytes left.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Fails unless everything is read.
    pub fn end(&self) -> Result<(), DecodeError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(DecodeError)
        }
    }

    /// The next `len` bytes.
    pub fn take(&mut self, len: usize) -> Result<&'a [u8], DecodeError> {
        let (now, later) = self.0.split_at_checked(len).ok_or(DecodeError)?;
        self.0 = later;
        Ok(now)
    }

    /// The next `N` bytes.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (now, later) = self.0.split_first_chunk::<N>().ok_or(DecodeError)?;
        self.0 = later;
        Ok(*now)
    }

    /// Everything left.
    pub fn rest(&mut self) -> &'a [u8] {
        core::mem::take(&mut self.0)
    }

    /// uint8
    pub fn u8(&mut self) -> Result<u8, DecodeError> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// uint16
    pub fn u16(&mut self) -> Result<u16, DecodeError> {
        self.array().map(u16::from_be_bytes)
    }

    /// uint24
    pub fn u24(&mut self) -> Result<usize, DecodeError> {
        self.array::<3>()
            .map(|[a, b, c]| usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c))
    }

    /// uint32
    pub fn u32(&mut self) -> Result<u32, DecodeError> {
        self.array().map(u32::from_be_bytes)
    }

    /// opaque<0..2^8-1>
    pub fn vec8(&mut self) -> Result<&'a [u8], DecodeError> {
        let len = self.u8()?;
        self.take(usize::from(len))
    }

    /// opaque<0..2^16-1>
    pub fn vec16(&mut self) -> Result<&'a [u8], DecodeError> {
        let len = self.u16()?;
        self.take(usize::from(len))
    }

    /// opaque<0..2^24-1>
    pub fn vec24(&mut self) -> Result<&'a [u8], DecodeError> {
        let len = self.u24()?;
        self.take(len)
    }

    /// Reads items until nothing is left.
    pub fn all<T>(
        mut self,
        mut item: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        let mut items = Vec::new();
        while !self.is_empty() {
            items.push(item(&mut self)?);
        }
        Ok(items)
    }
}

/// Fails on the empty slice: for vectors whose length starts at 1.
pub fn not_empty(bytes: &[u8]) -> Result<&[u8], DecodeError> {
    if bytes.is_empty() {
        Err(DecodeError)
    } else {
        Ok(bytes)
    }
}

/// A length prefix of 8, 16 or 24 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prefix {
    /// uint8
    U8 = 1,
    /// uint16
    U16 = 2,
    /// uint24
    U24 = 3,
}

/// Appends what `body` writes, with its length in front.
pub fn prefixed(
    out: &mut Vec<u8>,
    prefix: Prefix,
    body: impl FnOnce(&mut Vec<u8>) -> Result<(), EncodeError>,
) -> Result<(), EncodeError> {
    let width = prefix as usize;
    let at = out.len();
    out.extend_from_slice([0; 3].get(..width).ok_or(EncodeError)?);
    body(out)?;
    let len = out.len().saturating_sub(at).saturating_sub(width);
    if len >= 1 << (8 * width) {
        return Err(EncodeError);
    }
    let bytes = (len as u32).to_be_bytes();
    let bytes = bytes.get(4 - width..).ok_or(EncodeError)?;
    out.get_mut(at..at.saturating_add(width))
        .ok_or(EncodeError)?
        .copy_from_slice(bytes);
    Ok(())
}

/// Appends `bytes` with their length in front.
pub fn put_vec(out: &mut Vec<u8>, prefix: Prefix, bytes: &[u8]) -> Result<(), EncodeError> {
    prefixed(out, prefix, |out| {
        out.extend_from_slice(bytes);
        Ok(())
    })
}

/// Appends a uint16.
pub fn put_u16(out: &mut Vec<u8>, value: u16) {
    out.extend_from_slice(&value.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_come_back_and_cut_ones_fail() {
        for (prefix, len) in [
            (Prefix::U8, 255),
            (Prefix::U16, 65535),
            (Prefix::U24, 70000),
        ] {
            let body = vec![7; len];
            let mut out = Vec::new();
            put_vec(&mut out, prefix, &body).unwrap();
            let read = |bytes: &[u8]| -> Result<Vec<u8>, DecodeError> {
                let mut reader = Reader::new(bytes);
                let body = match prefix {
                    Prefix::U8 => reader.vec8(),
                    Prefix::U16 => reader.vec16(),
                    Prefix::U24 => reader.vec24(),
                }?;
                reader.end()?;
                Ok(body.to_vec())
            };
            assert_eq!(read(&out), Ok(body));
            assert_eq!(read(&out[..out.len() - 1]), Err(DecodeError));
            out.push(0);
            assert_eq!(read(&out), Err(DecodeError));
        }
    }

    #[test]
    fn what_does_not_fit_its_prefix_is_not_written() {
        let mut out = Vec::new();
        assert_eq!(put_vec(&mut out, Prefix::U8, &[0; 256]), Err(EncodeError));
        assert_eq!(
            put_vec(&mut out, Prefix::U16, &[0; 65536]),
            Err(EncodeError)
        );
    }
}
