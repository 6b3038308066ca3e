//! Extensions: one table, a row for each (RFC 8446 section 4.2 and the RFCs named beside the rows).
//!
//! A row says the code point, in which messages the extension may stand (thereby who may send it), how it is parsed and
//! how emitted. What has no row is unknown: skipped in requests, unsolicited in responses.

use super::codec::{
    not_empty, prefixed, put_u16, put_vec, DecodeError, EncodeError, Prefix, Reader,
};
use crate::enums::{ExtensionType, NamedGroup, SignatureScheme};
use crate::error::{Error, Offence};

/// A message that has extensions. Values are bits, to make sets of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// ClientHello
    ClientHello = 1,
    /// ServerHello of TLS 1.3
    ServerHello = 2,
    /// HelloRetryRequest
    HelloRetryRequest = 4,
    /// EncryptedExtensions
    EncryptedExtensions = 8,
    /// An entry of Certificate
    Certificate = 16,
    /// CertificateRequest
    CertificateRequest = 32,
    /// NewSessionTicket
    NewSessionTicket = 64,
    /// ServerHello of TLS 1.2 and before
    ServerHello12 = 128,
}

const CH: u8 = Place::ClientHello as u8;
const SH: u8 = Place::ServerHello as u8;
const HRR: u8 = Place::HelloRetryRequest as u8;
const EE: u8 = Place::EncryptedExtensions as u8;
const CT: u8 = Place::Certificate as u8;
const CR: u8 = Place::CertificateRequest as u8;
const NST: u8 = Place::NewSessionTicket as u8;
const SH12: u8 = Place::ServerHello12 as u8;

type Parsed<T> = Result<T, DecodeError>;
type Emitted = Result<(), EncodeError>;

macro_rules! extensions {
    ($($(#[$doc:meta])* $variant:ident($value:ty), $code:ident, $places:expr, $parse:path, $emit:path;)*) => {
        /// An extension.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Extension {
            $($(#[$doc])* $variant($value),)*
            /// One that has no row, with its body.
            Unknown(ExtensionType, Vec<u8>),
        }

        /// Code point and the messages it may stand in, of every row.
        pub static ROWS: &[(ExtensionType, u8)] = &[$((ExtensionType::$code, $places)),*];

        impl Extension {
            /// extension_type
            pub fn extension_type(&self) -> ExtensionType {
                match self {
                    $(Self::$variant(_) => ExtensionType::$code,)*
                    Self::Unknown(code, _) => *code,
                }
            }

            fn parse(code: ExtensionType, place: Place, body: &mut Reader<'_>) -> Parsed<Self> {
                match code {
                    $(ExtensionType::$code => $parse(place, body).map(Self::$variant),)*
                    unknown => Ok(Self::Unknown(unknown, body.rest().to_vec())),
                }
            }

            fn emit_body(&self, out: &mut Vec<u8>) -> Emitted {
                match self {
                    $(Self::$variant(value) => $emit(value, out),)*
                    Self::Unknown(_, body) => {
                        out.extend_from_slice(body);
                        Ok(())
                    }
                }
            }
        }
    };
}

extensions! {
    /// RFC 6066 section 3: the host name; in the answer `None`.
    ServerName(Option<Vec<u8>>), SERVER_NAME, CH | EE | SH12, parse_server_name, emit_server_name;
    /// RFC 6066 section 4: the code of a length.
    MaxFragmentLength(u8), MAX_FRAGMENT_LENGTH, CH | EE | SH12, parse_u8, emit_u8;
    /// RFC 6066 section 8, RFC 8446 section 4.4.2.1
    StatusRequest(StatusRequest), STATUS_REQUEST, CH | CR | CT | SH12, parse_status_request, emit_status_request;
    /// RFC 8446 section 4.2.7, RFC 8422 section 5.1.1. Some servers of TLS 1.2 send theirs, against the RFC; nobody minds.
    SupportedGroups(Vec<NamedGroup>), SUPPORTED_GROUPS, CH | EE | SH12, parse_groups, emit_groups;
    /// RFC 8422 section 5.1.2: no meaning in TLS 1.3
    EcPointFormats(Vec<u8>), EC_POINT_FORMATS, CH | SH12, parse_bytes8, emit_bytes8;
    /// RFC 5054 section 2.8.1: the user's name; no meaning in TLS 1.3
    Srp(Vec<u8>), SRP, CH, parse_bytes8, emit_bytes8;
    /// RFC 8446 section 4.2.3
    SignatureAlgorithms(Vec<SignatureScheme>), SIGNATURE_ALGORITHMS, CH | CR, parse_schemes, emit_schemes;
    /// RFC 5764: DTLS only; its content is DTLS's matter
    UseSrtp(Vec<u8>), USE_SRTP, CH | EE, parse_opaque, emit_opaque;
    /// RFC 7301: the protocols offered, or the one selected
    Alpn(Vec<Vec<u8>>), ALPN, CH | EE | SH12, parse_alpn, emit_alpn;
    /// RFC 7685: its length
    Padding(u16), PADDING, CH, parse_padding, emit_padding;
    /// RFC 7627: no meaning in TLS 1.3
    ExtendedMasterSecret(()), EXTENDED_MASTER_SECRET, CH | SH12, parse_nothing, emit_nothing;
    /// RFC 5077: no meaning in TLS 1.3
    SessionTicket(Vec<u8>), SESSION_TICKET, CH | SH12, parse_opaque, emit_opaque;
    /// RFC 8446 section 4.2.10
    EarlyData(EarlyData), EARLY_DATA, CH | EE | NST, parse_early_data, emit_early_data;
    /// RFC 8446 section 4.2.1
    SupportedVersions(Versions), SUPPORTED_VERSIONS, CH | SH | HRR, parse_versions, emit_versions;
    /// RFC 8446 section 4.2.2
    Cookie(Vec<u8>), COOKIE, CH | HRR, parse_cookie, emit_cookie;
    /// RFC 8446 section 4.2.9
    PskKeyExchangeModes(Vec<u8>), PSK_KEY_EXCHANGE_MODES, CH, parse_psk_modes, emit_psk_modes;
    /// RFC 8446 section 4.2.4: DER encoded names
    CertificateAuthorities(Vec<Vec<u8>>), CERTIFICATE_AUTHORITIES, CH | CR, parse_authorities, emit_authorities;
    /// RFC 8446 section 4.2.5: object identifier and values, both DER
    OidFilters(Vec<(Vec<u8>, Vec<u8>)>), OID_FILTERS, CR, parse_oid_filters, emit_oid_filters;
    /// RFC 8446 section 4.2.6
    PostHandshakeAuth(()), POST_HANDSHAKE_AUTH, CH, parse_nothing, emit_nothing;
    /// RFC 8446 section 4.2.3
    SignatureAlgorithmsCert(Vec<SignatureScheme>), SIGNATURE_ALGORITHMS_CERT, CH | CR, parse_schemes, emit_schemes;
    /// RFC 8446 section 4.2.8
    KeyShare(KeyShare), KEY_SHARE, CH | SH | HRR, parse_key_share, emit_key_share;
    /// RFC 8446 section 4.2.11
    PreSharedKey(PreSharedKey), PRE_SHARED_KEY, CH | SH, parse_psk, emit_psk;
    /// draft-agl-tls-nextprotoneg section 3: nothing, or the server's protocols; no meaning in TLS 1.3
    NextProtocols(Vec<Vec<u8>>), NEXT_PROTOCOL_NEGOTIATION, CH | SH12, parse_next_protocols, emit_next_protocols;
    /// RFC 5746 section 3.2: renegotiated_connection; no meaning in TLS 1.3
    RenegotiationInfo(Vec<u8>), RENEGOTIATION_INFO, CH | SH12, parse_renegotiation, emit_renegotiation;
}

/// status_request in its forms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatusRequest {
    /// ClientHello: status_type and the request.
    Request(u8, Vec<u8>),
    /// CertificateRequest: empty.
    Wanted,
    /// ServerHello of TLS 1.2 and before: empty; CertificateStatus may follow.
    Accepted,
    /// Certificate: the OCSP response.
    Response(Vec<u8>),
}

/// CertificateStatusType ocsp (RFC 6066 section 8)
pub const STATUS_OCSP: u8 = 1;

impl StatusRequest {
    /// The request without responder names and extensions.
    pub fn ocsp() -> Self {
        Self::Request(STATUS_OCSP, vec![0; 4])
    }
}

/// early_data in its forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EarlyData {
    /// ClientHello, EncryptedExtensions: empty.
    Indication,
    /// NewSessionTicket: max_early_data_size.
    MaxSize(u32),
}

/// supported_versions in its forms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Versions {
    /// ClientHello
    Offered(Vec<u16>),
    /// ServerHello, HelloRetryRequest
    Selected(u16),
}

/// A key share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyShareEntry {
    /// group
    pub group: NamedGroup,
    /// key_exchange
    pub key_exchange: Vec<u8>,
}

/// key_share in its forms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyShare {
    /// ClientHello
    Offered(Vec<KeyShareEntry>),
    /// ServerHello
    Selected(KeyShareEntry),
    /// HelloRetryRequest
    Retry(NamedGroup),
}

/// pre_shared_key in its forms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PreSharedKey {
    /// ClientHello
    Offered {
        /// identity and obfuscated_ticket_age
        identities: Vec<(Vec<u8>, u32)>,
        /// As many as identities in a lawful message.
        binders: Vec<Vec<u8>>,
    },
    /// ServerHello: selected_identity
    Selected(u16),
}

/// The extensions of one message, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extensions(Vec<Extension>);

/// Generates getters: the value of an extension when it is there (and in the form of the message in question).
macro_rules! getters {
    ($($name:ident: $pattern:pat => $value:expr, $type:ty;)*) => {
        impl Extensions {
            $(
                #[doc = concat!("The value of ", stringify!($name), ", if it is there.")]
                pub fn $name(&self) -> Option<$type> {
                    self.0.iter().find_map(|extension| match extension {
                        $pattern => Some($value),
                        _ => None,
                    })
                }
            )*
        }
    };
}

getters! {
    server_name: Extension::ServerName(name) => name.as_deref(), Option<&[u8]>;
    max_fragment_length: Extension::MaxFragmentLength(code) => *code, u8;
    status_request: Extension::StatusRequest(request) => request, &StatusRequest;
    groups: Extension::SupportedGroups(groups) => groups.as_slice(), &[NamedGroup];
    signature_algorithms: Extension::SignatureAlgorithms(schemes) => schemes.as_slice(), &[SignatureScheme];
    signature_algorithms_cert: Extension::SignatureAlgorithmsCert(schemes) => schemes.as_slice(), &[SignatureScheme];
    alpn: Extension::Alpn(protocols) => protocols.as_slice(), &[Vec<u8>];
    early_data: Extension::EarlyData(value) => *value, EarlyData;
    versions_offered: Extension::SupportedVersions(Versions::Offered(versions)) => versions.as_slice(), &[u16];
    version_selected: Extension::SupportedVersions(Versions::Selected(version)) => *version, u16;
    cookie: Extension::Cookie(cookie) => cookie.as_slice(), &[u8];
    psk_modes: Extension::PskKeyExchangeModes(modes) => modes.as_slice(), &[u8];
    certificate_authorities: Extension::CertificateAuthorities(names) => names.as_slice(), &[Vec<u8>];
    key_shares: Extension::KeyShare(KeyShare::Offered(shares)) => shares.as_slice(), &[KeyShareEntry];
    key_share: Extension::KeyShare(KeyShare::Selected(share)) => share, &KeyShareEntry;
    retry_group: Extension::KeyShare(KeyShare::Retry(group)) => *group, NamedGroup;
    pre_shared_key: Extension::PreSharedKey(psk) => psk, &PreSharedKey;
    point_formats: Extension::EcPointFormats(formats) => formats.as_slice(), &[u8];
    srp: Extension::Srp(name) => name.as_slice(), &[u8];
    next_protocols: Extension::NextProtocols(protocols) => protocols.as_slice(), &[Vec<u8>];
    renegotiated_connection: Extension::RenegotiationInfo(value) => value.as_slice(), &[u8];
}

impl Extensions {
    /// These, in this order.
    pub fn new(extensions: Vec<Extension>) -> Self {
        Self(extensions)
    }

    /// Appends one.
    pub fn push(&mut self, extension: Extension) {
        self.0.push(extension);
    }

    /// Puts one in the place of the one of its type, or at the end.
    pub fn set(&mut self, extension: Extension) {
        let code = extension.extension_type();
        match self.0.iter_mut().find(|old| old.extension_type() == code) {
            Some(old) => *old = extension,
            None => self.0.push(extension),
        }
    }

    /// In order.
    pub fn iter(&self) -> impl Iterator<Item = &Extension> {
        self.0.iter()
    }

    /// None at all?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Does one of this type stand here?
    pub fn contains(&self, code: ExtensionType) -> bool {
        self.0
            .iter()
            .any(|extension| extension.extension_type() == code)
    }

    /// Type and body of each, as they stand on the wire.
    pub fn raw(&self) -> Vec<(u16, Vec<u8>)> {
        let one = |extension: &Extension| {
            let mut body = Vec::new();
            // What was parsed fits its length prefixes again.
            extension.emit_body(&mut body).ok()?;
            Some((extension.extension_type().0, body))
        };
        self.0.iter().filter_map(one).collect()
    }

    /// Parses the block of `place`, without its length prefix. Checks: duplicates, known extensions in the wrong message,
    /// pre_shared_key last, and, given what was `offered`, that a response answers to it.
    pub fn parse(place: Place, block: &[u8], offered: Option<&Offered>) -> Result<Self, Error> {
        let malformed = |_| Error::Malformed(name_of(place));
        let mut reader = Reader::new(block);
        let mut list: Vec<Extension> = Vec::new();
        let mut seen: Vec<u16> = Vec::new();
        while !reader.is_empty() {
            let code = ExtensionType(reader.u16().map_err(malformed)?);
            let body = reader.vec16().map_err(malformed)?;
            seen.push(code.0);
            if matches!(
                list.last(),
                Some(Extension::PreSharedKey(PreSharedKey::Offered { .. }))
            ) {
                return Err(Offence::PreSharedKeyNotLast.into());
            }
            if let Some((_, places)) = ROWS.iter().find(|(known, _)| *known == code) {
                if places & place as u8 == 0 {
                    return Err(Offence::MisplacedExtension.into());
                }
            }
            if offered.is_some_and(|offered| !offered.allows(place, code)) {
                return Err(match (place, code) {
                    (Place::ServerHello, ExtensionType::PRE_SHARED_KEY) => {
                        Offence::UnsolicitedPreSharedKey.into()
                    }
                    _ => Offence::UnsolicitedExtension.into(),
                });
            }
            let mut body = Reader::new(body);
            let malformed = |_| Error::Malformed(code.name().unwrap_or("extension"));
            let extension = Extension::parse(code, place, &mut body).map_err(malformed)?;
            body.end().map_err(malformed)?;
            list.push(extension);
        }
        seen.sort_unstable();
        if seen.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) {
            return Err(Offence::DuplicateExtension.into());
        }
        Ok(Self(list))
    }

    /// Appends the block with its length prefix.
    pub fn emit(&self, out: &mut Vec<u8>) -> Emitted {
        prefixed(out, Prefix::U16, |out| {
            for extension in &self.0 {
                put_u16(out, extension.extension_type().0);
                prefixed(out, Prefix::U16, |out| extension.emit_body(out))?;
            }
            Ok(())
        })
    }
}

/// The extension types of a request, to which the response must keep (RFC 8446 section 4.2).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Offered(Vec<ExtensionType>);

impl Offered {
    /// What `request` contains.
    pub fn of(request: &Extensions) -> Self {
        Self(request.iter().map(Extension::extension_type).collect())
    }

    /// And `code`, where something else than an extension asked for it.
    #[must_use]
    pub fn and(mut self, code: ExtensionType) -> Self {
        self.0.push(code);
        self
    }

    /// May a response in `place` have `code`? HelloRetryRequest may have a cookie unasked.
    fn allows(&self, place: Place, code: ExtensionType) -> bool {
        self.0.contains(&code)
            || (place == Place::HelloRetryRequest && code == ExtensionType::COOKIE)
    }
}

fn name_of(place: Place) -> &'static str {
    match place {
        Place::ClientHello => "extensions of client_hello",
        Place::ServerHello => "extensions of server_hello",
        Place::HelloRetryRequest => "extensions of hello_retry_request",
        Place::EncryptedExtensions => "extensions of encrypted_extensions",
        Place::Certificate => "extensions of certificate",
        Place::CertificateRequest => "extensions of certificate_request",
        Place::NewSessionTicket => "extensions of new_session_ticket",
        Place::ServerHello12 => "extensions of server_hello",
    }
}

// ---- bodies, in the order of the table ----

/// Longest host name (RFC 1035 section 2.3.4).
const MAX_HOST_NAME: usize = 255;

fn parse_server_name(place: Place, body: &mut Reader<'_>) -> Parsed<Option<Vec<u8>>> {
    if place != Place::ClientHello {
        return Ok(None);
    }
    let mut list = Reader::new(not_empty(body.vec16()?)?);
    let mut host = None;
    while !list.is_empty() {
        let name_type = list.u8()?;
        let name = not_empty(list.vec16()?)?;
        if name_type != 0 {
            continue;
        }
        if host.is_some() || name.len() > MAX_HOST_NAME || name.contains(&0) {
            return Err(DecodeError);
        }
        host = Some(name.to_vec());
    }
    Ok(host)
}

fn emit_server_name(name: &Option<Vec<u8>>, out: &mut Vec<u8>) -> Emitted {
    let Some(name) = name else { return Ok(()) };
    prefixed(out, Prefix::U16, |out| {
        out.push(0);
        put_vec(out, Prefix::U16, name)
    })
}

fn parse_u8(_: Place, body: &mut Reader<'_>) -> Parsed<u8> {
    body.u8()
}

fn emit_u8(value: &u8, out: &mut Vec<u8>) -> Emitted {
    out.push(*value);
    Ok(())
}

fn parse_status_request(place: Place, body: &mut Reader<'_>) -> Parsed<StatusRequest> {
    match place {
        Place::CertificateRequest => Ok(StatusRequest::Wanted),
        Place::ServerHello12 => Ok(StatusRequest::Accepted),
        Place::Certificate => match body.u8()? {
            STATUS_OCSP => Ok(StatusRequest::Response(not_empty(body.vec24()?)?.to_vec())),
            _ => Err(DecodeError),
        },
        _ => {
            let status_type = body.u8()?;
            let request = body.rest();
            if status_type == STATUS_OCSP {
                let mut fields = Reader::new(request);
                let ids = Reader::new(fields.vec16()?);
                ids.all(|id| not_empty(id.vec16()?))?;
                fields.vec16()?;
                fields.end()?;
            }
            Ok(StatusRequest::Request(status_type, request.to_vec()))
        }
    }
}

fn emit_status_request(value: &StatusRequest, out: &mut Vec<u8>) -> Emitted {
    match value {
        StatusRequest::Wanted | StatusRequest::Accepted => {}
        StatusRequest::Response(response) => {
            out.push(STATUS_OCSP);
            put_vec(out, Prefix::U24, response)?;
        }
        StatusRequest::Request(status_type, request) => {
            out.push(*status_type);
            out.extend_from_slice(request);
        }
    }
    Ok(())
}

fn u16_list(bytes: &[u8]) -> Parsed<Vec<u16>> {
    Reader::new(not_empty(bytes)?).all(Reader::u16)
}

fn emit_u16_list(prefix: Prefix, values: impl Iterator<Item = u16>, out: &mut Vec<u8>) -> Emitted {
    prefixed(out, prefix, |out| {
        values.for_each(|value| put_u16(out, value));
        Ok(())
    })
}

fn parse_groups(_: Place, body: &mut Reader<'_>) -> Parsed<Vec<NamedGroup>> {
    Ok(u16_list(body.vec16()?)?
        .into_iter()
        .map(NamedGroup)
        .collect())
}

fn emit_groups(groups: &[NamedGroup], out: &mut Vec<u8>) -> Emitted {
    emit_u16_list(Prefix::U16, groups.iter().map(|group| group.0), out)
}

fn parse_schemes(_: Place, body: &mut Reader<'_>) -> Parsed<Vec<SignatureScheme>> {
    Ok(u16_list(body.vec16()?)?
        .into_iter()
        .map(SignatureScheme)
        .collect())
}

fn emit_schemes(schemes: &[SignatureScheme], out: &mut Vec<u8>) -> Emitted {
    emit_u16_list(Prefix::U16, schemes.iter().map(|scheme| scheme.0), out)
}

fn parse_opaque(_: Place, body: &mut Reader<'_>) -> Parsed<Vec<u8>> {
    Ok(body.rest().to_vec())
}

fn emit_opaque(body: &[u8], out: &mut Vec<u8>) -> Emitted {
    out.extend_from_slice(body);
    Ok(())
}

fn parse_bytes8(_: Place, body: &mut Reader<'_>) -> Parsed<Vec<u8>> {
    Ok(not_empty(body.vec8()?)?.to_vec())
}

fn emit_bytes8(bytes: &[u8], out: &mut Vec<u8>) -> Emitted {
    put_vec(out, Prefix::U8, bytes)
}

/// RFC 7301 section 3.1. A client's list should not be empty; OTP's clients that are told to offer nothing send such a one,
/// and are to hear that there is no protocol in common.
fn parse_alpn(place: Place, body: &mut Reader<'_>) -> Parsed<Vec<Vec<u8>>> {
    let list = body.vec16()?;
    if list.is_empty() && place == Place::ClientHello {
        return Ok(Vec::new());
    }
    Reader::new(not_empty(list)?).all(|list| Ok(not_empty(list.vec8()?)?.to_vec()))
}

fn emit_alpn(protocols: &[Vec<u8>], out: &mut Vec<u8>) -> Emitted {
    prefixed(out, Prefix::U16, |out| {
        protocols
            .iter()
            .try_for_each(|protocol| put_vec(out, Prefix::U8, protocol))
    })
}

/// The padding's bytes should be zero, but nobody is harmed by others.
fn parse_padding(_: Place, body: &mut Reader<'_>) -> Parsed<u16> {
    u16::try_from(body.rest().len()).map_err(|_| DecodeError)
}

fn emit_padding(len: &u16, out: &mut Vec<u8>) -> Emitted {
    out.resize(out.len().saturating_add(usize::from(*len)), 0);
    Ok(())
}

fn parse_early_data(place: Place, body: &mut Reader<'_>) -> Parsed<EarlyData> {
    match place {
        Place::NewSessionTicket => Ok(EarlyData::MaxSize(body.u32()?)),
        _ => Ok(EarlyData::Indication),
    }
}

fn emit_early_data(value: &EarlyData, out: &mut Vec<u8>) -> Emitted {
    if let EarlyData::MaxSize(size) = value {
        out.extend_from_slice(&size.to_be_bytes());
    }
    Ok(())
}

fn parse_versions(place: Place, body: &mut Reader<'_>) -> Parsed<Versions> {
    match place {
        Place::ClientHello => Ok(Versions::Offered(u16_list(body.vec8()?)?)),
        _ => Ok(Versions::Selected(body.u16()?)),
    }
}

fn emit_versions(value: &Versions, out: &mut Vec<u8>) -> Emitted {
    match value {
        Versions::Offered(versions) => emit_u16_list(Prefix::U8, versions.iter().copied(), out),
        Versions::Selected(version) => {
            put_u16(out, *version);
            Ok(())
        }
    }
}

fn parse_cookie(_: Place, body: &mut Reader<'_>) -> Parsed<Vec<u8>> {
    Ok(not_empty(body.vec16()?)?.to_vec())
}

fn emit_cookie(cookie: &[u8], out: &mut Vec<u8>) -> Emitted {
    put_vec(out, Prefix::U16, cookie)
}

fn parse_psk_modes(_: Place, body: &mut Reader<'_>) -> Parsed<Vec<u8>> {
    Ok(not_empty(body.vec8()?)?.to_vec())
}

fn emit_psk_modes(modes: &[u8], out: &mut Vec<u8>) -> Emitted {
    put_vec(out, Prefix::U8, modes)
}

fn parse_authorities(_: Place, body: &mut Reader<'_>) -> Parsed<Vec<Vec<u8>>> {
    Reader::new(not_empty(body.vec16()?)?).all(|list| Ok(not_empty(list.vec16()?)?.to_vec()))
}

fn emit_authorities(names: &[Vec<u8>], out: &mut Vec<u8>) -> Emitted {
    prefixed(out, Prefix::U16, |out| {
        names
            .iter()
            .try_for_each(|name| put_vec(out, Prefix::U16, name))
    })
}

fn parse_oid_filters(_: Place, body: &mut Reader<'_>) -> Parsed<Vec<(Vec<u8>, Vec<u8>)>> {
    Reader::new(body.vec16()?)
        .all(|list| Ok((not_empty(list.vec8()?)?.to_vec(), list.vec16()?.to_vec())))
}

fn emit_oid_filters(filters: &[(Vec<u8>, Vec<u8>)], out: &mut Vec<u8>) -> Emitted {
    prefixed(out, Prefix::U16, |out| {
        filters.iter().try_for_each(|(oid, values)| {
            put_vec(out, Prefix::U8, oid)?;
            put_vec(out, Prefix::U16, values)
        })
    })
}

fn parse_nothing(_: Place, _: &mut Reader<'_>) -> Parsed<()> {
    Ok(())
}

fn emit_nothing(_: &(), _: &mut Vec<u8>) -> Emitted {
    Ok(())
}

fn parse_next_protocols(place: Place, body: &mut Reader<'_>) -> Parsed<Vec<Vec<u8>>> {
    match place {
        Place::ClientHello => Ok(Vec::new()),
        _ => Reader::new(body.rest()).all(|list| Ok(not_empty(list.vec8()?)?.to_vec())),
    }
}

fn emit_next_protocols(protocols: &[Vec<u8>], out: &mut Vec<u8>) -> Emitted {
    protocols
        .iter()
        .try_for_each(|protocol| put_vec(out, Prefix::U8, protocol))
}

fn parse_renegotiation(_: Place, body: &mut Reader<'_>) -> Parsed<Vec<u8>> {
    Ok(body.vec8()?.to_vec())
}

fn emit_renegotiation(value: &[u8], out: &mut Vec<u8>) -> Emitted {
    put_vec(out, Prefix::U8, value)
}

fn share_entry(reader: &mut Reader<'_>) -> Parsed<KeyShareEntry> {
    Ok(KeyShareEntry {
        group: NamedGroup(reader.u16()?),
        key_exchange: not_empty(reader.vec16()?)?.to_vec(),
    })
}

fn emit_share_entry(entry: &KeyShareEntry, out: &mut Vec<u8>) -> Emitted {
    put_u16(out, entry.group.0);
    put_vec(out, Prefix::U16, &entry.key_exchange)
}

fn parse_key_share(place: Place, body: &mut Reader<'_>) -> Parsed<KeyShare> {
    match place {
        Place::ClientHello => Ok(KeyShare::Offered(
            Reader::new(body.vec16()?).all(share_entry)?,
        )),
        Place::HelloRetryRequest => Ok(KeyShare::Retry(NamedGroup(body.u16()?))),
        _ => share_entry(body).map(KeyShare::Selected),
    }
}

fn emit_key_share(value: &KeyShare, out: &mut Vec<u8>) -> Emitted {
    match value {
        KeyShare::Offered(entries) => prefixed(out, Prefix::U16, |out| {
            entries
                .iter()
                .try_for_each(|entry| emit_share_entry(entry, out))
        }),
        KeyShare::Selected(entry) => emit_share_entry(entry, out),
        KeyShare::Retry(group) => {
            put_u16(out, group.0);
            Ok(())
        }
    }
}

/// Shortest binder (RFC 8446 section 4.2.11).
const MIN_BINDER: usize = 32;

fn parse_psk(place: Place, body: &mut Reader<'_>) -> Parsed<PreSharedKey> {
    if place != Place::ClientHello {
        return Ok(PreSharedKey::Selected(body.u16()?));
    }
    let identities = Reader::new(not_empty(body.vec16()?)?)
        .all(|list| Ok((not_empty(list.vec16()?)?.to_vec(), list.u32()?)))?;
    let binders = Reader::new(not_empty(body.vec16()?)?).all(|list| {
        let binder = list.vec8()?;
        if binder.len() < MIN_BINDER {
            return Err(DecodeError);
        }
        Ok(binder.to_vec())
    })?;
    Ok(PreSharedKey::Offered {
        identities,
        binders,
    })
}

fn emit_psk(value: &PreSharedKey, out: &mut Vec<u8>) -> Emitted {
    match value {
        PreSharedKey::Selected(index) => {
            put_u16(out, *index);
            Ok(())
        }
        PreSharedKey::Offered {
            identities,
            binders,
        } => {
            prefixed(out, Prefix::U16, |out| {
                identities.iter().try_for_each(|(identity, age)| {
                    put_vec(out, Prefix::U16, identity)?;
                    out.extend_from_slice(&age.to_be_bytes());
                    Ok(())
                })
            })?;
            prefixed(out, Prefix::U16, |out| {
                binders
                    .iter()
                    .try_for_each(|binder| put_vec(out, Prefix::U8, binder))
            })
        }
    }
}
