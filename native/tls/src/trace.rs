//! What a connection says and hears, for people to read: the debug log. Nothing here takes part in the protocol, and
//! nothing is gathered unless asked for (`Connection::set_trace`).
//!
//! Messages are shown field by field with the names of the registries, records as they are on the wire. What a peer chose
//! is escaped. No secret is shown: what a message holds in the clear is public or encrypted, tickets are shown by length.

use crate::crypto::hash::HashAlg;
use crate::crypto::suites::{suite_of, KeyExchange, SuiteRow};
use crate::enums::{CipherSuite, ContentType, HandshakeType, ProtocolVersion};
use crate::error::Error;
use crate::handshake::premaster::{client_shape, server_shape};
use crate::wire::codec::{DecodeError, Reader};
use crate::wire::extension::{
    EarlyData, Extension, Extensions, KeyShare, KeyShareEntry, Place, PreSharedKey, StatusRequest,
    Versions,
};
use crate::wire::hello::{ClientHello, ServerHello};
use crate::wire::message::{CertificateRequest, CertificateVerify, KeyUpdate, NewSessionTicket};
use crate::wire::message12::{
    Certificate12, CertificateRequest12, CertificateStatus, ClientKeyExchange, ServerKeyExchange,
    ServerParams,
};
use core::fmt::Write;

/// Something that went over the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traced {
    /// Did it come in?
    pub inbound: bool,
    /// A handshake message, or else a record.
    pub message: bool,
    /// As it was sent; records with their headers.
    pub bytes: Vec<u8>,
    /// What the last ServerHello selected: what a key exchange message contains depends on it.
    pub selected: Option<(ProtocolVersion, CipherSuite)>,
}

/// Follows the hellos, for the messages after them.
#[derive(Debug, Default)]
pub(crate) struct Followed(Option<(ProtocolVersion, CipherSuite)>);

impl Followed {
    /// The next that came or went.
    pub fn mark(&mut self, item: Traced) -> Traced {
        if let (true, Some(([msg_type, ..], body))) =
            (item.message, item.bytes.split_first_chunk::<4>())
        {
            if HandshakeType(*msg_type) == HandshakeType::SERVER_HELLO {
                self.0 = ServerHello::parse(body)
                    .and_then(|hello| Ok((ProtocolVersion(hello.version()?), hello.cipher_suite)))
                    .ok();
            }
        }
        Traced {
            selected: self.0,
            ..item
        }
    }
}

/// Gathers; when it is off that costs a branch.
#[derive(Debug, Default)]
pub(crate) struct Tracer(Option<Vec<Traced>>);

impl Tracer {
    pub fn set(&mut self, on: bool) {
        match (&self.0, on) {
            (None, true) => self.0 = Some(Vec::new()),
            (Some(_), false) => self.0 = None,
            _ => {}
        }
    }

    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// What was gathered so far, in order.
    pub fn take(&mut self) -> Vec<Traced> {
        self.0.as_mut().map(core::mem::take).unwrap_or_default()
    }

    pub fn message_in(&mut self, bytes: &[u8]) {
        self.push(true, true, &[bytes]);
    }

    /// Whole messages, one after the other.
    pub fn messages_out(&mut self, mut bytes: &[u8]) {
        while let [_, a, b, c, ..] = bytes {
            let len = usize::from(*a) << 16 | usize::from(*b) << 8 | usize::from(*c);
            let (message, rest) = bytes
                .split_at_checked(len.saturating_add(4))
                .unwrap_or((bytes, &[]));
            self.push(false, true, &[message]);
            bytes = rest;
        }
    }

    pub fn record_in(&mut self, header: &[u8], body: &[u8]) {
        self.push(true, false, &[header, body]);
    }

    /// Whole records, one after the other.
    pub fn records_out(&mut self, mut bytes: &[u8]) {
        while let [_, _, _, a, b, ..] = bytes {
            let len = usize::from(*a) << 8 | usize::from(*b);
            let (record, rest) = bytes
                .split_at_checked(len.saturating_add(5))
                .unwrap_or((bytes, &[]));
            self.push(false, false, &[record]);
            bytes = rest;
        }
    }

    fn push(&mut self, inbound: bool, message: bool, parts: &[&[u8]]) {
        if let Some(list) = &mut self.0 {
            list.push(Traced {
                inbound,
                message,
                bytes: parts.concat(),
                selected: None,
            });
        }
    }
}

impl Traced {
    /// What it is: "TLS 1.3 Handshake, ClientHello", "TLS 1.2 Record Protocol, handshake".
    pub fn title(&self) -> String {
        if self.message {
            message_title(&self.bytes)
        } else {
            let [content_type, major, minor, ..] = self.bytes[..] else {
                return "Record Protocol".into();
            };
            let version = version_name(u16::from_be_bytes([major, minor]));
            let kind = ContentType(content_type).name().unwrap_or("unknown");
            format!("{version} Record Protocol, {kind}")
        }
    }

    /// A message's fields, a line for each; of a record nothing: its bytes are to be seen.
    pub fn text(&self) -> String {
        match self.bytes.split_first_chunk::<4>() {
            Some(([msg_type, ..], body)) if self.message => {
                let mut page = Page::default();
                if fields(HandshakeType(*msg_type), body, self.selected, &mut page).is_err() {
                    page = Page::default();
                    page.line("malformed", &hex(body));
                }
                page.0
            }
            _ => String::new(),
        }
    }
}

fn version_name(version: u16) -> String {
    match ProtocolVersion(version) {
        ProtocolVersion::TLS13 => "TLS 1.3".into(),
        ProtocolVersion::TLS12 => "TLS 1.2".into(),
        ProtocolVersion::TLS11 => "TLS 1.1".into(),
        ProtocolVersion::TLS10 => "TLS 1.0".into(),
        ProtocolVersion::SSL3 => "SSL 3.0".into(),
        ProtocolVersion::DTLS12 => "DTLS 1.2".into(),
        ProtocolVersion::DTLS10 => "DTLS 1.0".into(),
        ProtocolVersion(other) => format!("TLS/DTLS [{other:#06x}]"),
    }
}

/// The hellos with their version: the highest that is offered, the one that is selected.
fn message_title(bytes: &[u8]) -> String {
    let Some(([msg_type, ..], body)) = bytes.split_first_chunk::<4>() else {
        return "Handshake".into();
    };
    let version = match HandshakeType(*msg_type) {
        HandshakeType::CLIENT_HELLO => ClientHello::parse(body).ok().map(|hello| {
            hello
                .extensions
                .versions_offered()
                .and_then(|versions| versions.first().copied())
                .unwrap_or(hello.legacy_version)
        }),
        HandshakeType::SERVER_HELLO => ServerHello::parse(body)
            .and_then(|hello| hello.version())
            .ok(),
        _ => None,
    };
    let name = match HandshakeType(*msg_type) {
        HandshakeType::HELLO_REQUEST => "Handshake, HelloRequest",
        HandshakeType::CLIENT_HELLO => "Handshake, ClientHello",
        HandshakeType::SERVER_HELLO if ServerHello::parse(body).is_ok_and(|h| h.is_retry()) => {
            "Handshake, HelloRetryRequest"
        }
        HandshakeType::SERVER_HELLO => "Handshake, ServerHello",
        HandshakeType::HELLO_VERIFY_REQUEST => "Handshake, HelloVerifyRequest",
        HandshakeType::NEW_SESSION_TICKET => "Post-Handshake, NewSessionTicket",
        HandshakeType::END_OF_EARLY_DATA => "Handshake, EndOfEarlyData",
        HandshakeType::ENCRYPTED_EXTENSIONS => "Handshake, EncryptedExtensions",
        HandshakeType::CERTIFICATE => "Handshake, Certificate",
        HandshakeType::SERVER_KEY_EXCHANGE => "Handshake, ServerKeyExchange",
        HandshakeType::CERTIFICATE_REQUEST => "Handshake, CertificateRequest",
        HandshakeType::SERVER_HELLO_DONE => "Handshake, ServerHelloDone",
        HandshakeType::CERTIFICATE_VERIFY => "Handshake, CertificateVerify",
        HandshakeType::CLIENT_KEY_EXCHANGE => "Handshake, ClientKeyExchange",
        HandshakeType::FINISHED => "Handshake, Finished",
        HandshakeType::CERTIFICATE_STATUS => "Handshake, CertificateStatus",
        HandshakeType::KEY_UPDATE => "Post-Handshake, KeyUpdate",
        HandshakeType(other) => return format!("Handshake, message {other}"),
    };
    match version {
        Some(version) => format!("{} {name}", version_name(version)),
        None => name.into(),
    }
}

/// Lines of names and values.
#[derive(Default)]
struct Page(String);

/// Where values begin, and how long a line may become.
const INDENT: usize = 28;
const WIDTH: usize = 110;

impl Page {
    fn line(&mut self, name: &str, value: &str) {
        let words: Vec<&str> = value.split(' ').collect();
        // A space at least, after the longest name too.
        let mut line = format!("  {name:<width$} ", width = INDENT - 3);
        let mut empty = true;
        for word in words {
            if !empty && line.len() + 1 + word.len() > WIDTH {
                let _ = writeln!(self.0, "{}", line.trim_end());
                line = " ".repeat(INDENT);
                empty = true;
            }
            if !empty {
                line.push(' ');
            }
            line.push_str(word);
            empty = false;
        }
        let _ = writeln!(self.0, "{}", line.trim_end());
    }

    fn extensions(&mut self, extensions: &Extensions) {
        for extension in extensions.iter() {
            let code = extension.extension_type();
            let name = code
                .name()
                .map_or_else(|| format!("extension {}", code.0), Into::into);
            self.line(&format!("  {name}"), &extension_text(extension));
        }
    }
}

fn fields(
    msg_type: HandshakeType,
    body: &[u8],
    selected: Option<(ProtocolVersion, CipherSuite)>,
    page: &mut Page,
) -> Result<(), Error> {
    let selected = selected.and_then(|(version, id)| Some((version, suite_of(id, version)?)));
    match msg_type {
        HandshakeType::CLIENT_HELLO => {
            let hello = ClientHello::parse(body)?;
            page.line("client_version", &version_name(hello.legacy_version));
            page.line("random", &hex(&hello.random));
            page.line("session_id", &hex(&hello.session_id));
            page.line("cipher_suites", &list(&hello.cipher_suites));
            page.line("compression_methods", &hex(&hello.compression_methods));
            page.extensions(&hello.extensions);
        }
        HandshakeType::SERVER_HELLO => {
            let hello = ServerHello::parse(body)?;
            let place = match ProtocolVersion(hello.version()?) {
                ProtocolVersion::TLS13 => hello.place(),
                _ => Place::ServerHello12,
            };
            page.line("server_version", &version_name(hello.legacy_version));
            page.line("random", &hex(&hello.random));
            page.line("session_id", &hex(&hello.session_id));
            page.line("cipher_suite", &format!("{:?}", hello.cipher_suite));
            page.line("compression_method", &hex(&[hello.compression_method]));
            page.extensions(&Extensions::parse(place, &hello.extension_block, None)?);
        }
        HandshakeType::ENCRYPTED_EXTENSIONS => {
            let block = whole(body, Reader::vec16)?;
            page.extensions(&Extensions::parse(Place::EncryptedExtensions, block, None)?);
        }
        HandshakeType::CERTIFICATE => match certificate13(body, page) {
            Ok(()) => {}
            Err(_) => {
                *page = Page::default();
                for (number, der) in Certificate12::parse(body, usize::MAX)?
                    .chain
                    .iter()
                    .enumerate()
                {
                    page.line(&format!("certificate {}", number + 1), &certificate(der));
                }
            }
        },
        HandshakeType::CERTIFICATE_REQUEST => match CertificateRequest::parse(body) {
            Ok(request) => {
                page.line("context", &hex(&request.context));
                page.extensions(&request.extensions);
            }
            Err(_) => {
                let request = CertificateRequest12::parse(body, ProtocolVersion::TLS12)
                    .or_else(|_| CertificateRequest12::parse(body, ProtocolVersion::TLS11))?;
                let types: Vec<u8> = request.types.iter().map(|kind| kind.0).collect();
                page.line("certificate_types", &hex(&types));
                if let Some(schemes) = &request.schemes {
                    page.line("signature_algorithms", &list(schemes));
                }
                page.line("authorities", &lengths(&request.authorities));
            }
        },
        HandshakeType::CERTIFICATE_VERIFY => match CertificateVerify::parse(body) {
            Ok(verify) => {
                page.line("algorithm", &format!("{:?}", verify.scheme));
                page.line("signature", &hex(&verify.signature));
            }
            Err(_) => page.line("signature", &hex(whole(body, Reader::vec16)?)),
        },
        HandshakeType::FINISHED => page.line("verify_data", &hex(body)),
        HandshakeType::NEW_SESSION_TICKET => match NewSessionTicket::parse(body) {
            Ok(ticket) => {
                page.line("lifetime", &format!("{} s", ticket.lifetime));
                page.line("nonce", &hex(&ticket.nonce));
                page.line("ticket", &bytes(&ticket.ticket));
                page.extensions(&ticket.extensions);
            }
            Err(_) => {
                let (lifetime, ticket) =
                    whole(body, |reader| Ok((reader.u32()?, reader.vec16()?)))?;
                page.line("lifetime", &format!("{lifetime} s"));
                page.line("ticket", &bytes(ticket));
            }
        },
        HandshakeType::KEY_UPDATE => {
            let requested = KeyUpdate::parse(body)?.requested;
            page.line(
                "request_update",
                if requested {
                    "update_requested"
                } else {
                    "update_not_requested"
                },
            );
        }
        HandshakeType::SERVER_KEY_EXCHANGE if selected.is_some() => {
            if let Some((version, row)) = selected {
                server_key_exchange(body, version, row, page)?;
            }
        }
        HandshakeType::CLIENT_KEY_EXCHANGE if selected.is_some() => {
            if let Some((_, row)) = selected {
                client_key_exchange(body, row, page)?;
            }
        }
        HandshakeType::CERTIFICATE_STATUS => {
            page.line(
                "ocsp_response",
                &part(&CertificateStatus::parse(body)?.response),
            );
        }
        _ if body.is_empty() => {}
        _ => page.line("body", &hex(body)),
    }
    Ok(())
}

/// RFC 5246 section 7.4.3, RFC 8422 section 5.4, RFC 4279 section 2, RFC 5054 section 2.8.2.
fn server_key_exchange(
    body: &[u8],
    version: ProtocolVersion,
    row: &SuiteRow,
    page: &mut Page,
) -> Result<(), Error> {
    let exchange = ServerKeyExchange::parse(body, server_shape(row), version)?;
    if let Some(hint) = &exchange.hint {
        page.line("psk_identity_hint", &text(hint));
    }
    match &exchange.params {
        ServerParams::None => {}
        ServerParams::Ecdh { group, public } => {
            page.line("named_curve", &format!("{group:?}"));
            page.line("public", &part(public));
        }
        ServerParams::Dh {
            prime,
            generator,
            public,
        } => {
            page.line("dh_p", &number(prime));
            page.line("dh_g", &number(generator));
            page.line("dh_Ys", &number(public));
        }
        ServerParams::Srp {
            prime,
            generator,
            salt,
            public,
        } => {
            page.line("srp_N", &number(prime));
            page.line("srp_g", &number(generator));
            page.line("srp_s", &part(salt));
            page.line("srp_B", &number(public));
        }
    }
    if let Some(signed) = &exchange.signed {
        if let Some(scheme) = signed.scheme {
            page.line("algorithm", &format!("{scheme:?}"));
        }
        page.line("signature", &part(&signed.signature));
    }
    Ok(())
}

/// RFC 5246 section 7.4.7, RFC 8422 section 5.7, RFC 4279 section 2, RFC 5054 section 2.8.4. All of it is public or encrypted.
fn client_key_exchange(body: &[u8], row: &SuiteRow, page: &mut Page) -> Result<(), Error> {
    use KeyExchange as K;
    let exchange = ClientKeyExchange::parse(body, client_shape(row))?;
    if let Some(identity) = &exchange.identity {
        page.line("psk_identity", &text(identity));
    }
    if let Some(value) = &exchange.exchange {
        match row.kx {
            K::Ecdhe | K::Ecdh | K::EcdhAnon | K::EcdhePsk => page.line("ecdh_Yc", &part(value)),
            K::Dhe | K::DhAnon | K::DhePsk => page.line("dh_Yc", &number(value)),
            K::Srp => page.line("srp_A", &number(value)),
            K::Rsa | K::RsaPsk | K::Psk | K::Tls13 => {
                page.line("encrypted_premaster_secret", &part(value));
            }
        }
    }
    Ok(())
}

/// How many bytes of a long value are shown.
const SHOWN: usize = 24;

/// The beginning of what is long: enough to recognise it.
fn part(value: &[u8]) -> String {
    match value.get(..SHOWN) {
        Some(head) if value.len() > SHOWN => format!("{}, {}...", bytes(value), hex(head)),
        _ => format!("{}, {}", bytes(value), hex(value)),
    }
}

/// A big-endian number: a small one as it is, of others the size and the beginning.
fn number(value: &[u8]) -> String {
    let start = value.iter().take_while(|byte| **byte == 0).count();
    match value.get(start..) {
        None | Some([]) => "0".into(),
        Some([small]) => format!("{small}"),
        Some(digits @ [first, ..]) => {
            let bits = digits.len() * 8 - first.leading_zeros() as usize;
            let shown = digits.get(..SHOWN).unwrap_or(digits);
            let more = if digits.len() > SHOWN { "..." } else { "" };
            format!("{bits} bits, {}{more}", hex(shown))
        }
    }
}

fn certificate13(body: &[u8], page: &mut Page) -> Result<(), Error> {
    let (context, list) = whole(body, |reader| Ok((reader.vec8()?, reader.vec24()?)))?;
    page.line("context", &hex(context));
    let malformed = |_| Error::Malformed("certificate");
    let mut list = Reader::new(list);
    let mut number = 0;
    while !list.is_empty() {
        let der = list.vec24().map_err(malformed)?;
        let block = list.vec16().map_err(malformed)?;
        number += 1;
        page.line(&format!("certificate {number}"), &certificate(der));
        page.extensions(&Extensions::parse(Place::Certificate, block, None)?);
    }
    Ok(())
}

/// A whole body.
fn whole<'a, T>(
    body: &'a [u8],
    parse: impl FnOnce(&mut Reader<'a>) -> Result<T, DecodeError>,
) -> Result<T, Error> {
    let mut reader = Reader::new(body);
    parse(&mut reader)
        .and_then(|value| reader.end().map(|()| value))
        .map_err(|_| Error::Malformed("message"))
}

fn extension_text(extension: &Extension) -> String {
    match extension {
        Extension::ServerName(name) => name.as_deref().map(text).unwrap_or_default(),
        Extension::MaxFragmentLength(code) => match code {
            1..=4 => format!("{}", 256u32 << code),
            other => format!("unknown ({other})"),
        },
        Extension::StatusRequest(StatusRequest::Request(kind, _)) => match *kind {
            crate::wire::extension::STATUS_OCSP => "ocsp".into(),
            other => format!("type {other}"),
        },
        Extension::StatusRequest(StatusRequest::Response(response)) => {
            format!("response of {}", bytes(response))
        }
        Extension::StatusRequest(_) => String::new(),
        Extension::SupportedGroups(groups) => list(groups),
        Extension::SignatureAlgorithms(schemes) | Extension::SignatureAlgorithmsCert(schemes) => {
            list(schemes)
        }
        Extension::Alpn(names) | Extension::NextProtocols(names) => {
            let names: Vec<String> = names.iter().map(|name| text(name)).collect();
            names.join(", ")
        }
        Extension::Padding(len) => format!("{len} bytes"),
        Extension::EarlyData(EarlyData::MaxSize(size)) => format!("max_early_data_size {size}"),
        Extension::EarlyData(EarlyData::Indication) => String::new(),
        Extension::SupportedVersions(Versions::Offered(versions)) => {
            let names: Vec<String> = versions
                .iter()
                .map(|version| version_name(*version))
                .collect();
            names.join(", ")
        }
        Extension::SupportedVersions(Versions::Selected(version)) => version_name(*version),
        Extension::PskKeyExchangeModes(modes) => {
            let names: Vec<String> = modes
                .iter()
                .map(|mode| match mode {
                    0 => "psk_ke".into(),
                    1 => "psk_dhe_ke".into(),
                    other => format!("{other}"),
                })
                .collect();
            names.join(", ")
        }
        Extension::CertificateAuthorities(names) => lengths(names),
        Extension::OidFilters(filters) => format!("{} filters", filters.len()),
        Extension::KeyShare(KeyShare::Offered(entries)) => {
            let entries: Vec<String> = entries.iter().map(share).collect();
            entries.join(", ")
        }
        Extension::KeyShare(KeyShare::Selected(entry)) => share(entry),
        Extension::KeyShare(KeyShare::Retry(group)) => format!("{group:?}"),
        Extension::PreSharedKey(PreSharedKey::Offered {
            identities,
            binders,
        }) => {
            let identities: Vec<&[u8]> = identities.iter().map(|(id, _)| &**id).collect();
            format!(
                "identities: {}; {} binders",
                lengths(&identities),
                binders.len()
            )
        }
        Extension::PreSharedKey(PreSharedKey::Selected(index)) => format!("identity {index}"),
        Extension::Srp(user) => text(user),
        Extension::SessionTicket(ticket) => bytes(ticket),
        Extension::EcPointFormats(formats) => {
            let names: Vec<String> = formats
                .iter()
                .map(|format| match format {
                    0 => "uncompressed".into(),
                    other => format!("{other}"),
                })
                .collect();
            names.join(", ")
        }
        Extension::ExtendedMasterSecret(()) | Extension::PostHandshakeAuth(()) => String::new(),
        Extension::UseSrtp(body)
        | Extension::Cookie(body)
        | Extension::RenegotiationInfo(body)
        | Extension::Unknown(_, body) => hex(body),
    }
}

fn share(entry: &KeyShareEntry) -> String {
    format!("{:?} ({})", entry.group, bytes(&entry.key_exchange))
}

fn certificate(der: &[u8]) -> String {
    let digest = HashAlg::Sha256.hash(&[der]);
    format!("{}, SHA-256 {}", bytes(der), hex(digest.as_ref()))
}

fn bytes(value: &[u8]) -> String {
    format!("{} bytes", value.len())
}

fn lengths<T: AsRef<[u8]>>(values: &[T]) -> String {
    let lengths: Vec<String> = values.iter().map(|value| bytes(value.as_ref())).collect();
    lengths.join(", ")
}

fn list<T: core::fmt::Debug>(values: &[T]) -> String {
    let names: Vec<String> = values.iter().map(|value| format!("{value:?}")).collect();
    names.join(", ")
}

/// What the peer chose: printable, and nothing that steers a terminal or ends a line.
fn text(value: &[u8]) -> String {
    value.escape_ascii().to_string()
}

fn hex(value: &[u8]) -> String {
    let mut out = String::new();
    for (at, byte) in value.iter().enumerate() {
        // A space now and then: there the line may be broken.
        if at > 0 && at % 32 == 0 {
            out.push(' ');
        }
        let _ = write!(out, "{byte:02x}");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(bytes: &[u8]) -> Traced {
        Traced {
            inbound: true,
            message: true,
            bytes: bytes.to_vec(),
            selected: None,
        }
    }

    #[test]
    fn messages_and_records_out_are_cut_apart() {
        let mut tracer = Tracer::default();
        tracer.messages_out(&[20, 0, 0, 1, 7]);
        assert_eq!(tracer.take(), []);
        tracer.set(true);
        tracer.messages_out(&[20, 0, 0, 1, 7, 14, 0, 0, 0]);
        tracer.records_out(&[22, 3, 3, 0, 1, 9, 23, 3, 3, 0, 0]);
        let bytes: Vec<_> = tracer.take().into_iter().map(|item| item.bytes).collect();
        assert_eq!(
            bytes,
            [
                &[20, 0, 0, 1, 7][..],
                &[14, 0, 0, 0],
                &[22, 3, 3, 0, 1, 9],
                &[23, 3, 3, 0, 0]
            ]
        );
    }

    #[test]
    fn what_cannot_be_read_is_shown_as_it_is() {
        for msg_type in 0..=u8::MAX {
            for body in [&[][..], &[1], &[0; 40], &[0xff; 70]] {
                let mut bytes = vec![msg_type, 0, 0, body.len() as u8];
                bytes.extend_from_slice(body);
                let traced = message(&bytes);
                assert!(traced.title().contains("andshake"));
                let _ = traced.text();
            }
        }
        assert!(message(&[1, 0, 0, 2, 0xab, 0xcd])
            .text()
            .contains("malformed"));
    }

    /// A message under a suite of TLS 1.2; one space between words.
    fn under(suite: CipherSuite, msg_type: HandshakeType, body: &[u8]) -> String {
        let mut bytes = vec![msg_type.0, 0, 0, body.len() as u8];
        bytes.extend_from_slice(body);
        Traced {
            selected: Some((ProtocolVersion::TLS12, suite)),
            ..message(&bytes)
        }
        .text()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
    }

    #[test]
    fn key_exchanges_are_read_under_their_suite() {
        // ECDHE_ECDSA: a point and a signature
        let mut body = vec![3, 0, 0x17, 65];
        body.extend_from_slice(&[4; 65]);
        body.extend_from_slice(&[4, 3, 0, 2, 9, 9]);
        let suite = CipherSuite(0xc02b);
        let text = under(suite, HandshakeType::SERVER_KEY_EXCHANGE, &body);
        for part in [
            "secp256r1",
            "65 bytes, 0404",
            "...",
            "ecdsa_secp256r1_sha256",
            "2 bytes, 0909",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        let text = under(suite, HandshakeType::CLIENT_KEY_EXCHANGE, &[2, 7, 8]);
        assert!(
            text.contains("ecdh_Yc") && text.contains("2 bytes, 0708"),
            "{text}"
        );
        // DHE_PSK: a hint, numbers, no signature
        let suite = CipherSuite(0x00aa);
        let body = [0, 3, b'a', 0x1b, b'b', 0, 2, 1, 0xff, 0, 1, 2, 0, 2, 0, 3];
        let text = under(suite, HandshakeType::SERVER_KEY_EXCHANGE, &body);
        for part in ["a\\x1bb", "9 bits, 01ff", "dh_g 2", "dh_Ys 3"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        let text = under(
            suite,
            HandshakeType::CLIENT_KEY_EXCHANGE,
            &[0, 2, b'i', b'd', 0, 1, 5],
        );
        assert!(text.contains("psk_identity id"), "{text}");
        assert!(text.contains("dh_Yc 5"), "{text}");
        // RSA: encrypted; and what does not fit the suite
        let suite = CipherSuite(0x009c);
        let text = under(suite, HandshakeType::CLIENT_KEY_EXCHANGE, &[0, 1, 7]);
        assert!(
            text.contains("encrypted_premaster_secret 1 bytes, 07"),
            "{text}"
        );
        let text = under(suite, HandshakeType::CLIENT_KEY_EXCHANGE, &[0, 9, 7]);
        assert!(text.contains("malformed"), "{text}");
    }

    #[test]
    fn what_the_peer_chose_is_escaped() {
        assert_eq!(text(b"a\x1b[2J\n\"b"), "a\\x1b[2J\\n\\\"b");
    }

    #[test]
    fn titles_of_records_name_version_and_kind() {
        let record = Traced {
            inbound: false,
            message: false,
            bytes: vec![22, 3, 1, 0, 0],
            selected: None,
        };
        assert_eq!(record.title(), "TLS 1.0 Record Protocol, handshake");
    }
}
