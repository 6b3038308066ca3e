//! ClientHello, ServerHello and HelloRetryRequest (RFC 8446 section 4.1).

use super::codec::{
    not_empty, prefixed, put_u16, put_vec, DecodeError, EncodeError, Prefix, Reader,
};
use super::extension::{Extensions, Offered, Place};
use super::message::{decode, message};
use crate::enums::{CipherSuite, ExtensionType, HandshakeType};
use crate::error::Error;

/// Random of a hello.
pub type HelloRandom = [u8; 32];

/// Longest legacy_session_id.
const MAX_SESSION_ID: usize = 32;

/// The random that makes a ServerHello a HelloRetryRequest (RFC 8446 section 4.1.3): SHA-256 of "HelloRetryRequest".
pub const RETRY_RANDOM: HelloRandom = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// The end of the random of a server that speaks TLS 1.3 but negotiated 1.2, or 1.1 and less (RFC 8446 section 4.1.3).
pub const DOWNGRADE_SENTINELS: [[u8; 8]; 2] = [*b"DOWNGRD\x01", *b"DOWNGRD\x00"];

/// ClientHello.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientHello {
    /// legacy_version
    pub legacy_version: u16,
    /// random
    pub random: HelloRandom,
    /// legacy_session_id
    pub session_id: Vec<u8>,
    /// cipher_suites
    pub cipher_suites: Vec<CipherSuite>,
    /// legacy_compression_methods
    pub compression_methods: Vec<u8>,
    /// extensions
    pub extensions: Extensions,
}

impl ClientHello {
    /// Parses the message body. Before TLS 1.3 the extension block could be missing.
    pub fn parse(body: &[u8]) -> Result<Self, Error> {
        let (mut hello, block) = decode("client_hello", body, |reader| {
            let hello = Self {
                legacy_version: reader.u16()?,
                random: reader.array()?,
                session_id: session_id(reader)?,
                cipher_suites: Reader::new(not_empty(reader.vec16()?)?)
                    .all(|list| list.u16().map(CipherSuite))?,
                compression_methods: not_empty(reader.vec8()?)?.to_vec(),
                extensions: Extensions::default(),
            };
            let block = if reader.is_empty() {
                &[][..]
            } else {
                reader.vec16()?
            };
            Ok((hello, block))
        })?;
        hello.extensions = Extensions::parse(Place::ClientHello, block, None)?;
        Ok(hello)
    }

    /// Appends the message with its header.
    pub fn emit(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        message(HandshakeType::CLIENT_HELLO, out, |out| {
            put_u16(out, self.legacy_version);
            out.extend_from_slice(&self.random);
            put_vec(out, Prefix::U8, &self.session_id)?;
            prefixed(out, Prefix::U16, |out| {
                self.cipher_suites
                    .iter()
                    .for_each(|suite| put_u16(out, suite.0));
                Ok(())
            })?;
            put_vec(out, Prefix::U8, &self.compression_methods)?;
            self.extensions.emit(out)
        })
    }
}

fn session_id(reader: &mut Reader<'_>) -> Result<Vec<u8>, DecodeError> {
    let id = reader.vec8()?;
    if id.len() > MAX_SESSION_ID {
        return Err(DecodeError);
    }
    Ok(id.to_vec())
}

/// ServerHello or HelloRetryRequest. The extensions are parsed in a second step, since what they may be depends on the
/// version, which stands among them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerHello {
    /// legacy_version
    pub legacy_version: u16,
    /// random
    pub random: HelloRandom,
    /// legacy_session_id_echo
    pub session_id: Vec<u8>,
    /// cipher_suite
    pub cipher_suite: CipherSuite,
    /// legacy_compression_method
    pub compression_method: u8,
    /// The extension block, without its length.
    pub extension_block: Vec<u8>,
}

impl ServerHello {
    /// Parses the message body, except the extensions.
    pub fn parse(body: &[u8]) -> Result<Self, Error> {
        decode("server_hello", body, |reader| {
            Ok(Self {
                legacy_version: reader.u16()?,
                random: reader.array()?,
                session_id: session_id(reader)?,
                cipher_suite: CipherSuite(reader.u16()?),
                compression_method: reader.u8()?,
                extension_block: if reader.is_empty() {
                    Vec::new()
                } else {
                    reader.vec16()?.to_vec()
                },
            })
        })
    }

    /// Is it a HelloRetryRequest?
    pub fn is_retry(&self) -> bool {
        self.random == RETRY_RANDOM
    }

    /// ServerHello or HelloRetryRequest.
    pub fn place(&self) -> Place {
        if self.is_retry() {
            Place::HelloRetryRequest
        } else {
            Place::ServerHello
        }
    }

    /// The version in supported_versions, or else legacy_version (RFC 8446 section 4.2.1).
    pub fn version(&self) -> Result<u16, Error> {
        let find = || {
            let mut reader = Reader::new(&self.extension_block);
            while !reader.is_empty() {
                let code = reader.u16()?;
                let mut body = Reader::new(reader.vec16()?);
                if code == ExtensionType::SUPPORTED_VERSIONS.0 {
                    let version = body.u16()?;
                    body.end()?;
                    return Ok(version);
                }
            }
            Ok(self.legacy_version)
        };
        find().map_err(|_: DecodeError| Error::Malformed("server_hello"))
    }

    /// The extensions, as those of TLS 1.3.
    pub fn extensions(&self, offered: &Offered) -> Result<Extensions, Error> {
        Extensions::parse(self.place(), &self.extension_block, Some(offered))
    }

    /// The extensions, as those of TLS 1.2 and before.
    pub fn extensions12(&self, offered: &Offered) -> Result<Extensions, Error> {
        Extensions::parse(Place::ServerHello12, &self.extension_block, Some(offered))
    }

    /// Type and body of each extension as they came.
    pub fn raw_extensions(&self) -> Vec<(u16, Vec<u8>)> {
        let one = |reader: &mut Reader<'_>| Ok((reader.u16()?, reader.vec16()?.to_vec()));
        Reader::new(&self.extension_block)
            .all(one)
            .unwrap_or_default()
    }

    /// Does the random end like that of a server that could do better?
    pub fn shows_downgrade(&self) -> bool {
        DOWNGRADE_SENTINELS
            .iter()
            .any(|sentinel| self.random.ends_with(sentinel))
    }

    /// Appends the message with its header.
    pub fn emit(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        message(HandshakeType::SERVER_HELLO, out, |out| {
            put_u16(out, self.legacy_version);
            out.extend_from_slice(&self.random);
            put_vec(out, Prefix::U8, &self.session_id)?;
            put_u16(out, self.cipher_suite.0);
            out.push(self.compression_method);
            // Old clients, which sent no extensions, know of none (RFC 5246 section 7.4.1.3).
            if self.extension_block.is_empty() {
                return Ok(());
            }
            put_vec(out, Prefix::U16, &self.extension_block)
        })
    }
}

/// The block of `extensions` for `ServerHello::extension_block`.
pub fn extension_block(extensions: &Extensions) -> Result<Vec<u8>, EncodeError> {
    let mut out = Vec::new();
    extensions.emit(&mut out)?;
    out.drain(..2.min(out.len()));
    Ok(out)
}
