//! The handshake messages of TLS 1.2 and before, where they are not those of TLS 1.3 (RFC 5246 section 7.4, RFC 8422
//! section 5, RFC 4279, RFC 5489, RFC 5054 section 2.8, RFC 6066 section 8, draft-agl-tls-nextprotoneg section 4).
//!
//! What the key exchange messages contain depends on the cipher suite, and whether a signature names its algorithm on the
//! version: both are arguments. Finished is that of `message`.

use super::codec::{
    not_empty, prefixed, put_u16, put_vec, DecodeError, EncodeError, Prefix, Reader,
};
use super::extension::STATUS_OCSP;
use super::message::{decode, message};
use crate::enums::{HandshakeType, NamedGroup, ProtocolVersion, SignatureScheme};
use crate::error::{Error, Offence};

// ---- Certificate and what goes with it ----

/// Certificate: the chain, leaf first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Certificate12 {
    /// certificate_list, DER
    pub chain: Vec<Vec<u8>>,
}

impl Certificate12 {
    /// Parses the message body; at most `max_entries` certificates.
    pub fn parse(body: &[u8], max_entries: usize) -> Result<Self, Error> {
        let mut list = Reader::new(decode("certificate", body, Reader::vec24)?);
        let mut chain = Vec::new();
        while !list.is_empty() {
            if chain.len() >= max_entries {
                return Err(Offence::TooManyCertificates.into());
            }
            let certificate = list.vec24().and_then(not_empty);
            chain.push(
                certificate
                    .map_err(|_| Error::Malformed("certificate"))?
                    .to_vec(),
            );
        }
        Ok(Self { chain })
    }

    /// Appends the message with its header.
    pub fn emit(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        emit_certificate12(&self.chain, out)
    }
}

/// Appends a Certificate message of a borrowed chain.
pub fn emit_certificate12(chain: &[Vec<u8>], out: &mut Vec<u8>) -> Result<(), EncodeError> {
    message(HandshakeType::CERTIFICATE, out, |out| {
        prefixed(out, Prefix::U24, |out| {
            chain
                .iter()
                .try_for_each(|certificate| put_vec(out, Prefix::U24, certificate))
        })
    })
}

/// CertificateStatus: the OCSP response of the server's certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateStatus {
    /// OCSPResponse, DER
    pub response: Vec<u8>,
}

impl CertificateStatus {
    /// Parses the message body.
    pub fn parse(body: &[u8]) -> Result<Self, Error> {
        decode("certificate_status", body, |reader| match reader.u8()? {
            STATUS_OCSP => Ok(Self {
                response: not_empty(reader.vec24()?)?.to_vec(),
            }),
            _ => Err(DecodeError),
        })
    }

    /// Appends the message with its header.
    pub fn emit(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        message(HandshakeType::CERTIFICATE_STATUS, out, |out| {
            out.push(STATUS_OCSP);
            put_vec(out, Prefix::U24, &self.response)
        })
    }
}

/// Does a signature name its algorithm? (RFC 5246 section 4.7.)
fn names_scheme(version: ProtocolVersion) -> bool {
    version >= ProtocolVersion::TLS12
}

/// A ClientCertificateType (RFC 5246 section 7.4.4, RFC 8422 section 5.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CertificateType(pub u8);

impl CertificateType {
    /// rsa_sign
    pub const RSA_SIGN: Self = Self(1);
    /// dss_sign
    pub const DSS_SIGN: Self = Self(2);
    /// ecdsa_sign: EdDSA too
    pub const ECDSA_SIGN: Self = Self(64);
}

/// CertificateRequest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CertificateRequest12 {
    /// certificate_types
    pub types: Vec<CertificateType>,
    /// supported_signature_algorithms; `None` before TLS 1.2.
    pub schemes: Option<Vec<SignatureScheme>>,
    /// certificate_authorities: DER encoded names
    pub authorities: Vec<Vec<u8>>,
}

impl CertificateRequest12 {
    /// Parses the message body.
    pub fn parse(body: &[u8], version: ProtocolVersion) -> Result<Self, Error> {
        decode("certificate_request", body, |reader| {
            // Some servers list none; the schemes say more in any case.
            let types = Reader::new(reader.vec8()?);
            let types = types.all(|list| list.u8().map(CertificateType))?;
            let schemes = if names_scheme(version) {
                let list = Reader::new(not_empty(reader.vec16()?)?);
                Some(list.all(|list| list.u16().map(SignatureScheme))?)
            } else {
                None
            };
            let authorities = Reader::new(reader.vec16()?);
            Ok(Self {
                types,
                schemes,
                authorities: authorities.all(|list| Ok(not_empty(list.vec16()?)?.to_vec()))?,
            })
        })
    }

    /// Appends the message with its header.
    pub fn emit(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        message(HandshakeType::CERTIFICATE_REQUEST, out, |out| {
            prefixed(out, Prefix::U8, |out| {
                out.extend(self.types.iter().map(|kind| kind.0));
                Ok(())
            })?;
            if let Some(schemes) = &self.schemes {
                prefixed(out, Prefix::U16, |out| {
                    schemes.iter().for_each(|scheme| put_u16(out, scheme.0));
                    Ok(())
                })?;
            }
            prefixed(out, Prefix::U16, |out| {
                self.authorities
                    .iter()
                    .try_for_each(|name| put_vec(out, Prefix::U16, name))
            })
        })
    }
}

/// A signature (RFC 5246 section 4.7); the whole body of a CertificateVerify.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigitallySigned {
    /// algorithm; `None` before TLS 1.2.
    pub scheme: Option<SignatureScheme>,
    /// signature
    pub signature: Vec<u8>,
}

impl DigitallySigned {
    fn read(reader: &mut Reader<'_>, version: ProtocolVersion) -> Result<Self, DecodeError> {
        let scheme = if names_scheme(version) {
            Some(SignatureScheme(reader.u16()?))
        } else {
            None
        };
        Ok(Self {
            scheme,
            signature: reader.vec16()?.to_vec(),
        })
    }

    fn write(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        if let Some(scheme) = self.scheme {
            put_u16(out, scheme.0);
        }
        put_vec(out, Prefix::U16, &self.signature)
    }

    /// Parses the body of a CertificateVerify.
    pub fn parse_certificate_verify(body: &[u8], version: ProtocolVersion) -> Result<Self, Error> {
        decode("certificate_verify", body, |reader| {
            Self::read(reader, version)
        })
    }

    /// Appends a CertificateVerify with its header.
    pub fn emit_certificate_verify(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        message(HandshakeType::CERTIFICATE_VERIFY, out, |out| {
            self.write(out)
        })
    }
}

// ---- key exchange ----

/// What a ServerKeyExchange contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerShape {
    /// psk_identity_hint comes first.
    pub hint: bool,
    /// The parameters' kind.
    pub params: ParamsKind,
    /// A signature comes last.
    pub signed: bool,
}

/// The kinds of `ServerParams`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParamsKind {
    /// None: plain PSK and RSA_PSK.
    None,
    /// ServerECDHParams
    Ecdh,
    /// ServerDHParams
    Dh,
    /// ServerSRPParams
    Srp,
}

/// The server's ephemeral parameters. Numbers are big-endian, as they came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerParams {
    /// Nothing.
    None,
    /// RFC 8422 section 5.4; named curves only.
    Ecdh {
        /// namedcurve
        group: NamedGroup,
        /// public: a point
        public: Vec<u8>,
    },
    /// RFC 5246 section 7.4.3
    Dh {
        /// dh_p
        prime: Vec<u8>,
        /// dh_g
        generator: Vec<u8>,
        /// dh_Ys
        public: Vec<u8>,
    },
    /// RFC 5054 section 2.8.2
    Srp {
        /// N
        prime: Vec<u8>,
        /// g
        generator: Vec<u8>,
        /// s
        salt: Vec<u8>,
        /// B
        public: Vec<u8>,
    },
}

/// ECCurveType named_curve; explicit curves (1, 2) are deprecated and never offered.
const NAMED_CURVE: u8 = 3;

impl ServerParams {
    fn read(reader: &mut Reader<'_>, kind: ParamsKind) -> Result<Self, Error> {
        if kind == ParamsKind::Ecdh && reader.clone().u8().is_ok_and(|kind| kind != NAMED_CURVE) {
            return Err(Offence::ExplicitCurve.into());
        }
        let number = |reader: &mut Reader<'_>| -> Result<Vec<u8>, _> {
            Ok(not_empty(reader.vec16()?)?.to_vec())
        };
        let mut read = || {
            Ok(match kind {
                ParamsKind::None => Self::None,
                ParamsKind::Ecdh => {
                    reader.u8()?;
                    Self::Ecdh {
                        group: NamedGroup(reader.u16()?),
                        public: not_empty(reader.vec8()?)?.to_vec(),
                    }
                }
                ParamsKind::Dh => Self::Dh {
                    prime: number(reader)?,
                    generator: number(reader)?,
                    public: number(reader)?,
                },
                ParamsKind::Srp => Self::Srp {
                    prime: number(reader)?,
                    generator: number(reader)?,
                    salt: not_empty(reader.vec8()?)?.to_vec(),
                    public: number(reader)?,
                },
            })
        };
        read().map_err(|_: DecodeError| Error::Malformed("server_key_exchange"))
    }

    /// Appends the parameters as they are signed: without hint and signature.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match self {
            Self::None => Ok(()),
            Self::Ecdh { group, public } => {
                out.push(NAMED_CURVE);
                put_u16(out, group.0);
                put_vec(out, Prefix::U8, public)
            }
            Self::Dh {
                prime,
                generator,
                public,
            } => [prime, generator, public]
                .into_iter()
                .try_for_each(|number| put_vec(out, Prefix::U16, number)),
            Self::Srp {
                prime,
                generator,
                salt,
                public,
            } => {
                put_vec(out, Prefix::U16, prime)?;
                put_vec(out, Prefix::U16, generator)?;
                put_vec(out, Prefix::U8, salt)?;
                put_vec(out, Prefix::U16, public)
            }
        }
    }
}

/// ServerKeyExchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerKeyExchange {
    /// psk_identity_hint; may be empty.
    pub hint: Option<Vec<u8>>,
    /// The parameters.
    pub params: ServerParams,
    /// The signature over both randoms and the parameters.
    pub signed: Option<DigitallySigned>,
}

impl ServerKeyExchange {
    /// Parses the message body.
    pub fn parse(body: &[u8], shape: ServerShape, version: ProtocolVersion) -> Result<Self, Error> {
        let malformed = |_| Error::Malformed("server_key_exchange");
        let mut reader = Reader::new(body);
        let hint = if shape.hint {
            Some(reader.vec16().map_err(malformed)?.to_vec())
        } else {
            None
        };
        let params = ServerParams::read(&mut reader, shape.params)?;
        let signed = if shape.signed {
            Some(DigitallySigned::read(&mut reader, version).map_err(malformed)?)
        } else {
            None
        };
        reader.end().map_err(malformed)?;
        Ok(Self {
            hint,
            params,
            signed,
        })
    }

    /// Appends the message with its header.
    pub fn emit(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        message(HandshakeType::SERVER_KEY_EXCHANGE, out, |out| {
            if let Some(hint) = &self.hint {
                put_vec(out, Prefix::U16, hint)?;
            }
            self.params.write(out)?;
            match &self.signed {
                Some(signed) => signed.write(out),
                None => Ok(()),
            }
        })
    }
}

/// What a ClientKeyExchange contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientShape {
    /// psk_identity comes first.
    pub identity: bool,
    /// The width of the length of `exchange`; `None`: there is none.
    pub exchange: Option<Prefix>,
}

impl ClientShape {
    /// A point (RFC 8422 section 5.7).
    pub const POINT: Option<Prefix> = Some(Prefix::U8);
    /// A number, or an encrypted premaster secret (RFC 5246 sections 7.4.7.1 and 7.4.7.2).
    pub const NUMBER: Option<Prefix> = Some(Prefix::U16);
}

/// ClientKeyExchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientKeyExchange {
    /// psk_identity; may be empty.
    pub identity: Option<Vec<u8>>,
    /// A point, dh_Yc, A of SRP, or the encrypted premaster secret.
    pub exchange: Option<Vec<u8>>,
}

impl ClientKeyExchange {
    /// Parses the message body.
    pub fn parse(body: &[u8], shape: ClientShape) -> Result<Self, Error> {
        decode("client_key_exchange", body, |reader| {
            let identity = if shape.identity {
                Some(reader.vec16()?.to_vec())
            } else {
                None
            };
            let exchange = match shape.exchange {
                None => None,
                Some(Prefix::U8) => Some(not_empty(reader.vec8()?)?.to_vec()),
                Some(_) => Some(not_empty(reader.vec16()?)?.to_vec()),
            };
            Ok(Self { identity, exchange })
        })
    }

    /// Appends the message with its header.
    pub fn emit(&self, shape: ClientShape, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        message(HandshakeType::CLIENT_KEY_EXCHANGE, out, |out| {
            if let Some(identity) = &self.identity {
                put_vec(out, Prefix::U16, identity)?;
            }
            match (&self.exchange, shape.exchange) {
                (Some(exchange), Some(prefix)) => put_vec(out, prefix, exchange),
                (None, None) => Ok(()),
                _ => Err(EncodeError),
            }
        })
    }
}

// ---- the rest ----

/// NextProtocol: the protocol that the client has chosen, padded so that its length does not show which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextProtocol {
    /// selected_protocol
    pub protocol: Vec<u8>,
}

impl NextProtocol {
    /// Parses the message body. The padding's bytes should be zero, but nobody is harmed by others.
    pub fn parse(body: &[u8]) -> Result<Self, Error> {
        decode("next_protocol", body, |reader| {
            let protocol = reader.vec8()?.to_vec();
            reader.vec8()?;
            Ok(Self { protocol })
        })
    }

    /// Appends the message with its header.
    pub fn emit(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let padding = 32usize.saturating_sub(self.protocol.len().saturating_add(2) % 32);
        message(HandshakeType::NEXT_PROTOCOL, out, |out| {
            put_vec(out, Prefix::U8, &self.protocol)?;
            put_vec(out, Prefix::U8, [0; 32].get(..padding).unwrap_or(&[]))
        })
    }
}

/// A message without content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Empty {
    /// HelloRequest
    HelloRequest,
    /// ServerHelloDone
    ServerHelloDone,
}

impl Empty {
    /// The body must be empty.
    pub fn check(self, body: &[u8]) -> Result<(), Error> {
        let name = match self {
            Self::HelloRequest => "hello_request",
            Self::ServerHelloDone => "server_hello_done",
        };
        decode(name, body, |_| Ok(()))
    }

    /// The message with its header.
    pub fn bytes(self) -> [u8; 4] {
        let msg_type = match self {
            Self::HelloRequest => HandshakeType::HELLO_REQUEST,
            Self::ServerHelloDone => HandshakeType::SERVER_HELLO_DONE,
        };
        [msg_type.0, 0, 0, 0]
    }
}
