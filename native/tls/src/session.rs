//! Sessions of TLS 1.2 and below (RFC 5246 section F.1.4): what must be known to resume one, and its encoding for those
//! who keep it.

use crate::crypto::Secret;
use crate::enums::{CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};
use crate::wire::codec::{put_u16, put_vec, DecodeError, EncodeError, Prefix, Reader};
use std::sync::Arc;

/// A session that may be resumed. Whoever has it can decrypt its connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedSession {
    /// Protocol version.
    pub version: ProtocolVersion,
    /// Cipher suite.
    pub suite: CipherSuite,
    /// session_id, given out by the server.
    pub session_id: Vec<u8>,
    /// The master secret.
    pub master_secret: Secret,
    /// Was it derived with extended_master_secret?
    pub extended_master_secret: bool,
    /// `Config::session_scope` of the full handshake.
    pub scope: Vec<u8>,
    /// host_name of server_name.
    pub server_name: Option<Vec<u8>>,
    /// max_fragment_length agreed on.
    pub max_fragment_length: Option<u16>,
    /// The peer's certificates, DER, leaf first.
    pub peer_chain: Arc<[Vec<u8>]>,
    /// Group of the key exchange.
    pub group: Option<NamedGroup>,
    /// How the peer signed.
    pub signature_scheme: Option<SignatureScheme>,
    /// SHA-256 of our own certificate, if one was used.
    pub own_certificate: Option<Vec<u8>>,
    /// Server: the SRP user.
    pub srp_username: Option<Vec<u8>>,
}

/// First byte of the encoding. Another one is another release's: such a session is unknown.
const FORMAT: u8 = 1;

impl SavedSession {
    /// For a cache. Nothing in it tells other releases what it means.
    pub fn to_bytes(&self) -> Result<Secret, EncodeError> {
        let mut out = vec![FORMAT];
        put_u16(&mut out, self.version.0);
        put_u16(&mut out, self.suite.0);
        put_vec(&mut out, Prefix::U8, &self.session_id)?;
        put_vec(&mut out, Prefix::U8, self.master_secret.as_ref())?;
        out.push(u8::from(self.extended_master_secret));
        put_vec(&mut out, Prefix::U8, &self.scope)?;
        put_optional(&mut out, self.server_name.as_deref())?;
        put_u16(&mut out, self.max_fragment_length.unwrap_or(0));
        put_u16(&mut out, self.group.map_or(0, |group| group.0));
        put_u16(&mut out, self.signature_scheme.map_or(0, |scheme| scheme.0));
        put_optional(&mut out, self.own_certificate.as_deref())?;
        put_optional(&mut out, self.srp_username.as_deref())?;
        for certificate in self.peer_chain.iter() {
            put_vec(&mut out, Prefix::U24, certificate)?;
        }
        Ok(Secret::new(out))
    }

    /// Reads what `to_bytes` wrote.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        if reader.u8()? != FORMAT {
            return Err(DecodeError);
        }
        Ok(Self {
            version: ProtocolVersion(reader.u16()?),
            suite: CipherSuite(reader.u16()?),
            session_id: reader.vec8()?.to_vec(),
            master_secret: Secret::from(reader.vec8()?),
            extended_master_secret: flag(&mut reader)?,
            scope: reader.vec8()?.to_vec(),
            server_name: optional(&mut reader)?,
            max_fragment_length: Some(reader.u16()?).filter(|bytes| *bytes != 0),
            group: Some(NamedGroup(reader.u16()?)).filter(|group| group.0 != 0),
            signature_scheme: Some(SignatureScheme(reader.u16()?)).filter(|scheme| scheme.0 != 0),
            own_certificate: optional(&mut reader)?,
            srp_username: optional(&mut reader)?,
            peer_chain: reader.all(|list| Ok(list.vec24()?.to_vec()))?.into(),
        })
    }
}

/// One byte says whether there is something.
fn put_optional(out: &mut Vec<u8>, bytes: Option<&[u8]>) -> Result<(), EncodeError> {
    out.push(u8::from(bytes.is_some()));
    put_vec(out, Prefix::U16, bytes.unwrap_or_default())
}

fn optional(reader: &mut Reader<'_>) -> Result<Option<Vec<u8>>, DecodeError> {
    match (flag(reader)?, reader.vec16()?) {
        (true, bytes) => Ok(Some(bytes.to_vec())),
        (false, []) => Ok(None),
        (false, _) => Err(DecodeError),
    }
}

fn flag(reader: &mut Reader<'_>) -> Result<bool, DecodeError> {
    match reader.u8()? {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(DecodeError),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session() -> SavedSession {
        SavedSession {
            version: ProtocolVersion::TLS12,
            suite: CipherSuite(0xc02f),
            session_id: vec![7; 32],
            master_secret: Secret::new(vec![9; 48]),
            extended_master_secret: true,
            scope: vec![1; 32],
            server_name: Some(b"server.test".to_vec()),
            max_fragment_length: Some(1024),
            peer_chain: Arc::new([vec![1, 2, 3], vec![4]]),
            group: Some(NamedGroup::X25519),
            signature_scheme: Some(SignatureScheme::ED25519),
            own_certificate: Some(vec![3; 32]),
            srp_username: Some(Vec::new()),
        }
    }

    #[test]
    fn sessions_come_back_from_their_encoding() {
        let bare = SavedSession {
            extended_master_secret: false,
            server_name: None,
            max_fragment_length: None,
            peer_chain: Arc::new([]),
            group: None,
            signature_scheme: None,
            own_certificate: None,
            srp_username: None,
            ..session()
        };
        for saved in [session(), bare] {
            let bytes = saved.to_bytes().unwrap();
            assert_eq!(SavedSession::from_bytes(bytes.as_ref()), Ok(saved));
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_a_session_or_none(mut bytes: Vec<u8>, format: bool) {
            if let (true, Some(first)) = (format, bytes.first_mut()) {
                *first = FORMAT;
            }
            if let Ok(session) = SavedSession::from_bytes(&bytes) {
                let again = session.to_bytes().unwrap();
                proptest::prop_assert_eq!(again.as_ref(), bytes);
            }
        }

        #[test]
        fn changed_bytes_are_a_session_or_none(at: proptest::sample::Index, byte: u8) {
            let mut bytes = session().to_bytes().unwrap().as_ref().to_vec();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            let _ = SavedSession::from_bytes(&bytes);
        }
    }

    #[test]
    fn what_is_cut_short_or_of_another_format_is_no_session() {
        let whole = session().to_bytes().unwrap();
        let chain_at = whole.len() - (3 + 3) - (3 + 1);
        for len in 0..chain_at {
            let cut = SavedSession::from_bytes(&whole.as_ref()[..len]);
            assert_eq!(cut, Err(DecodeError), "{len}");
        }
        let mut other = whole.as_ref().to_vec();
        other[0] = 2;
        assert_eq!(SavedSession::from_bytes(&other), Err(DecodeError));
    }
}
