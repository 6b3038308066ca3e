//! The handshake messages after the hellos (RFC 8446 sections 4.3, 4.4 and 4.6).

use super::codec::{
    not_empty, prefixed, put_u16, put_vec, DecodeError, EncodeError, Prefix, Reader,
};
use super::extension::{Extensions, Offered, Place};
use crate::enums::{HandshakeType, SignatureScheme};
use crate::error::{Error, Offence};

/// Parses a whole body; a failure, or bytes left over, is `Malformed(what)`.
pub(super) fn decode<'a, T>(
    what: &'static str,
    body: &'a [u8],
    parse: impl FnOnce(&mut Reader<'a>) -> Result<T, DecodeError>,
) -> Result<T, Error> {
    let mut reader = Reader::new(body);
    parse(&mut reader)
        .and_then(|value| reader.end().map(|()| value))
        .map_err(|_| Error::Malformed(what))
}

/// Appends a message: header and what `body` writes.
pub(super) fn message(
    msg_type: HandshakeType,
    out: &mut Vec<u8>,
    body: impl FnOnce(&mut Vec<u8>) -> Result<(), EncodeError>,
) -> Result<(), EncodeError> {
    out.push(msg_type.0);
    prefixed(out, Prefix::U24, body)
}

/// EncryptedExtensions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EncryptedExtensions {
    /// extensions
    pub extensions: Extensions,
}

impl EncryptedExtensions {
    /// Parses the message body; the extensions must answer to those `offered`.
    pub fn parse(body: &[u8], offered: &Offered) -> Result<Self, Error> {
        let block = decode("encrypted_extensions", body, Reader::vec16)?;
        let extensions = Extensions::parse(Place::EncryptedExtensions, block, Some(offered))?;
        Ok(Self { extensions })
    }

    /// Appends the message with its header.
    pub fn emit(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        message(HandshakeType::ENCRYPTED_EXTENSIONS, out, |out| {
            self.extensions.emit(out)
        })
    }
}

/// CertificateRequest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CertificateRequest {
    /// certificate_request_context
    pub context: Vec<u8>,
    /// extensions
    pub extensions: Extensions,
}

impl CertificateRequest {
    /// Parses the message body.
    pub fn parse(body: &[u8]) -> Result<Self, Error> {
        let (context, block) = decode("certificate_request", body, |reader| {
            Ok((reader.vec8()?, reader.vec16()?))
        })?;
        let extensions = Extensions::parse(Place::CertificateRequest, block, None)?;
        Ok(Self {
            context: context.to_vec(),
            extensions,
        })
    }

    /// Appends the message with its header.
    pub fn emit(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        message(HandshakeType::CERTIFICATE_REQUEST, out, |out| {
            put_vec(out, Prefix::U8, &self.context)?;
            self.extensions.emit(out)
        })
    }
}

/// CertificateEntry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateEntry {
    /// cert_data: DER
    pub certificate: Vec<u8>,
    /// extensions
    pub extensions: Extensions,
}

/// Certificate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Certificate {
    /// certificate_request_context
    pub context: Vec<u8>,
    /// certificate_list, leaf first
    pub entries: Vec<CertificateEntry>,
}

impl Certificate {
    /// Parses the message body; at most `max_entries` certificates, whose extensions must answer to those `offered`.
    pub fn parse(body: &[u8], max_entries: usize, offered: &Offered) -> Result<Self, Error> {
        let malformed = |_| Error::Malformed("certificate");
        let (context, list) = decode("certificate", body, |reader| {
            Ok((reader.vec8()?, reader.vec24()?))
        })?;
        let mut list = Reader::new(list);
        let mut entries = Vec::new();
        while !list.is_empty() {
            if entries.len() >= max_entries {
                return Err(Offence::TooManyCertificates.into());
            }
            let certificate = list.vec24().and_then(not_empty).map_err(malformed)?;
            let block = list.vec16().map_err(malformed)?;
            entries.push(CertificateEntry {
                certificate: certificate.to_vec(),
                extensions: Extensions::parse(Place::Certificate, block, Some(offered))?,
            });
        }
        Ok(Self {
            context: context.to_vec(),
            entries,
        })
    }

    /// Appends the message with its header.
    pub fn emit(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let entries = self.entries.iter();
        emit_certificate(
            &self.context,
            entries.map(|entry| (&*entry.certificate, &entry.extensions)),
            out,
        )
    }
}

/// Appends a Certificate message of borrowed certificates.
pub fn emit_certificate<'a>(
    context: &[u8],
    entries: impl Iterator<Item = (&'a [u8], &'a Extensions)>,
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    message(HandshakeType::CERTIFICATE, out, |out| {
        put_vec(out, Prefix::U8, context)?;
        prefixed(out, Prefix::U24, |out| {
            for (certificate, extensions) in entries {
                put_vec(out, Prefix::U24, certificate)?;
                extensions.emit(out)?;
            }
            Ok(())
        })
    })
}

/// CertificateVerify.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateVerify {
    /// algorithm
    pub scheme: SignatureScheme,
    /// signature
    pub signature: Vec<u8>,
}

impl CertificateVerify {
    /// Parses the message body.
    pub fn parse(body: &[u8]) -> Result<Self, Error> {
        decode("certificate_verify", body, |reader| {
            Ok(Self {
                scheme: SignatureScheme(reader.u16()?),
                signature: reader.vec16()?.to_vec(),
            })
        })
    }

    /// Appends the message with its header.
    pub fn emit(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        message(HandshakeType::CERTIFICATE_VERIFY, out, |out| {
            put_u16(out, self.scheme.0);
            put_vec(out, Prefix::U16, &self.signature)
        })
    }
}

/// Finished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// verify_data, as long as the hash of the suite
    pub verify_data: Vec<u8>,
}

impl Finished {
    /// The message body is verify_data, whatever its length: one that is wrong cannot be right.
    pub fn parse(body: &[u8]) -> Self {
        Self {
            verify_data: body.to_vec(),
        }
    }

    /// Appends the message with its header.
    pub fn emit(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        message(HandshakeType::FINISHED, out, |out| {
            out.extend_from_slice(&self.verify_data);
            Ok(())
        })
    }
}

/// NewSessionTicket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSessionTicket {
    /// ticket_lifetime in seconds
    pub lifetime: u32,
    /// ticket_age_add
    pub age_add: u32,
    /// ticket_nonce
    pub nonce: Vec<u8>,
    /// ticket
    pub ticket: Vec<u8>,
    /// extensions
    pub extensions: Extensions,
}

impl NewSessionTicket {
    /// Parses the message body.
    pub fn parse(body: &[u8]) -> Result<Self, Error> {
        let (mut ticket, block) = decode("new_session_ticket", body, |reader| {
            let ticket = Self {
                lifetime: reader.u32()?,
                age_add: reader.u32()?,
                nonce: reader.vec8()?.to_vec(),
                ticket: not_empty(reader.vec16()?)?.to_vec(),
                extensions: Extensions::default(),
            };
            Ok((ticket, reader.vec16()?))
        })?;
        ticket.extensions = Extensions::parse(Place::NewSessionTicket, block, None)?;
        Ok(ticket)
    }

    /// Appends the message with its header.
    pub fn emit(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        message(HandshakeType::NEW_SESSION_TICKET, out, |out| {
            out.extend_from_slice(&self.lifetime.to_be_bytes());
            out.extend_from_slice(&self.age_add.to_be_bytes());
            put_vec(out, Prefix::U8, &self.nonce)?;
            put_vec(out, Prefix::U16, &self.ticket)?;
            self.extensions.emit(out)
        })
    }
}

/// KeyUpdate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyUpdate {
    /// request_update is update_requested
    pub requested: bool,
}

impl KeyUpdate {
    /// Parses the message body.
    pub fn parse(body: &[u8]) -> Result<Self, Error> {
        match decode("key_update", body, Reader::u8)? {
            0 => Ok(Self { requested: false }),
            1 => Ok(Self { requested: true }),
            _ => Err(Offence::BadKeyUpdate.into()),
        }
    }

    /// The message with its header.
    pub fn bytes(self) -> [u8; 5] {
        [
            HandshakeType::KEY_UPDATE.0,
            0,
            0,
            1,
            u8::from(self.requested),
        ]
    }
}
