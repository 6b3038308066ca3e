//! The TLS 1.3 key schedule (RFC 8446 section 7), as a typestate.
//!
//! ```text
//!              0                                        KeySchedule<Early>
//!              |
//!    PSK -> HKDF-Extract = Early Secret
//!              +--> Derive-Secret("ext binder" | "res binder", "")   binder_key
//!              +--> Derive-Secret("c e traffic", ClientHello)        client_early_traffic
//!              +--> Derive-Secret("e exp master", ClientHello)       early_exporter
//!        Derive-Secret("derived", "")
//!              |                                        into_handshake
//!  (EC)DHE -> HKDF-Extract = Handshake Secret           KeySchedule<Handshake>
//!              +--> Derive-Secret("c hs traffic", CH..SH)            client_traffic
//!              +--> Derive-Secret("s hs traffic", CH..SH)            server_traffic
//!        Derive-Secret("derived", "")
//!              |                                        into_master
//!      0 -> HKDF-Extract = Master Secret                KeySchedule<Master>
//!              +--> Derive-Secret("c ap traffic", CH..server Fin)    client_app
//!              +--> Derive-Secret("s ap traffic", CH..server Fin)    server_app
//!              +--> Derive-Secret("exp master", CH..server Fin)      exporter
//!              +--> Derive-Secret("res master", CH..client Fin)      resumption
//! ```

use crate::crypto::aead::NONCE_LEN;
use crate::crypto::hash::{Digest, HashAlg};
use crate::crypto::suites::SuiteRow;
use crate::crypto::Secret;
use core::marker::PhantomData;

/// Early Secret reached.
#[derive(Debug)]
pub struct Early;
/// Handshake Secret reached.
#[derive(Debug)]
pub struct Handshake;
/// Master Secret reached.
#[derive(Debug)]
pub struct Master;

/// The schedule at one of its three secrets.
#[derive(Debug)]
pub struct KeySchedule<Stage> {
    hash: HashAlg,
    secret: Secret,
    stage: PhantomData<Stage>,
}

/// Which kind of PSK a binder is for (RFC 8446 section 4.2.11.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BinderKind {
    /// Agreed on outside of TLS.
    External,
    /// From a NewSessionTicket.
    Resumption,
}

impl<Stage> KeySchedule<Stage> {
    fn at(hash: HashAlg, secret: Secret) -> Self {
        Self {
            hash,
            secret,
            stage: PhantomData,
        }
    }

    /// The hash that the schedule works with.
    pub fn hash(&self) -> HashAlg {
        self.hash
    }

    /// Derive-Secret (RFC 8446 section 7.1), given the transcript hash.
    fn derive(&self, label: &str, transcript: &Digest) -> Secret {
        expand_secret(
            self.hash,
            &self.secret,
            label,
            transcript.as_ref(),
            self.hash.len(),
        )
    }

    fn traffic(&self, label: &str, transcript: &Digest) -> TrafficSecret {
        TrafficSecret {
            hash: self.hash,
            secret: self.derive(label, transcript),
        }
    }

    fn next<Next>(self, input: &[u8]) -> KeySchedule<Next> {
        let salt = self.derive("derived", &self.hash.hash(&[]));
        KeySchedule::at(self.hash, self.hash.hkdf_extract(salt.as_ref(), input))
    }
}

/// As long as the longest hash of `HashAlg`.
const ZEROS: [u8; 48] = [0; 48];

fn zeros(hash: HashAlg) -> &'static [u8] {
    ZEROS.get(..hash.len()).unwrap_or(&ZEROS)
}

impl KeySchedule<Early> {
    /// Starts with a PSK, or with none.
    pub fn new(hash: HashAlg, psk: Option<&Secret>) -> Self {
        let input = psk.map_or(zeros(hash), AsRef::as_ref);
        Self::at(hash, hash.hkdf_extract(zeros(hash), input))
    }

    /// The key of a binder: `finished` over the truncated ClientHello's hash gives the binder.
    pub fn binder_key(&self, kind: BinderKind) -> TrafficSecret {
        let label = match kind {
            BinderKind::External => "ext binder",
            BinderKind::Resumption => "res binder",
        };
        self.traffic(label, &self.hash.hash(&[]))
    }

    /// Protects early data; `transcript` is ClientHello's hash.
    pub fn client_early_traffic(&self, transcript: &Digest) -> TrafficSecret {
        self.traffic("c e traffic", transcript)
    }

    /// Exporter for early data; `transcript` is ClientHello's hash.
    pub fn early_exporter(&self, transcript: &Digest) -> Exporter {
        Exporter {
            hash: self.hash,
            secret: self.derive("e exp master", transcript),
        }
    }

    /// On with the (EC)DHE secret.
    pub fn into_handshake(self, shared: Secret) -> KeySchedule<Handshake> {
        self.next(shared.as_ref())
    }

    /// On without (EC)DHE: psk_ke.
    pub fn into_handshake_psk_only(self) -> KeySchedule<Handshake> {
        let input = zeros(self.hash);
        self.next(input)
    }
}

impl KeySchedule<Handshake> {
    /// Protects the client's handshake messages; `transcript` is the hash of ClientHello..ServerHello.
    pub fn client_traffic(&self, transcript: &Digest) -> TrafficSecret {
        self.traffic("c hs traffic", transcript)
    }

    /// Protects the server's handshake messages; `transcript` is the hash of ClientHello..ServerHello.
    pub fn server_traffic(&self, transcript: &Digest) -> TrafficSecret {
        self.traffic("s hs traffic", transcript)
    }

    /// On to the last secret.
    pub fn into_master(self) -> KeySchedule<Master> {
        let input = zeros(self.hash);
        self.next(input)
    }
}

impl KeySchedule<Master> {
    /// Protects the client's application data; `transcript` is the hash up to the server's Finished.
    pub fn client_app(&self, transcript: &Digest) -> TrafficSecret {
        self.traffic("c ap traffic", transcript)
    }

    /// Protects the server's application data; `transcript` is the hash up to the server's Finished.
    pub fn server_app(&self, transcript: &Digest) -> TrafficSecret {
        self.traffic("s ap traffic", transcript)
    }

    /// Exporter; `transcript` is the hash up to the server's Finished.
    pub fn exporter(&self, transcript: &Digest) -> Exporter {
        Exporter {
            hash: self.hash,
            secret: self.derive("exp master", transcript),
        }
    }

    /// What tickets are made of; `transcript` is the hash up to the client's Finished.
    pub fn resumption(&self, transcript: &Digest) -> ResumptionSecret {
        ResumptionSecret {
            hash: self.hash,
            secret: self.derive("res master", transcript),
        }
    }
}

/// A traffic secret (or a binder key, which is used the same way).
#[derive(Debug, Clone)]
pub struct TrafficSecret {
    hash: HashAlg,
    secret: Secret,
}

impl TrafficSecret {
    /// verify_data of Finished, or a binder (RFC 8446 section 4.4.4): HMAC(finished_key, transcript).
    pub fn finished(&self, transcript: &Digest) -> Digest {
        let key = expand_secret(self.hash, &self.secret, "finished", &[], self.hash.len());
        self.hash.hmac(key.as_ref(), &[transcript.as_ref()])
    }

    /// The secret after a KeyUpdate (RFC 8446 section 7.2).
    pub fn next(&self) -> Self {
        let secret = expand_secret(self.hash, &self.secret, "traffic upd", &[], self.hash.len());
        Self {
            hash: self.hash,
            secret,
        }
    }

    /// Key and IV (RFC 8446 section 7.3).
    pub fn keys(&self, suite: &SuiteRow) -> (Secret, [u8; NONCE_LEN]) {
        let key = expand_secret(self.hash, &self.secret, "key", &[], suite.cipher.key_len());
        let mut iv = [0; NONCE_LEN];
        expand_label(self.hash, &self.secret, "iv", &[], &mut iv);
        (key, iv)
    }

    /// For the key log only.
    pub fn secret(&self) -> &Secret {
        &self.secret
    }
}

/// Makes the PSKs of tickets (RFC 8446 section 4.6.1).
#[derive(Debug, Clone)]
pub struct ResumptionSecret {
    hash: HashAlg,
    secret: Secret,
}

impl ResumptionSecret {
    /// The PSK that belongs to the ticket with this nonce; `None` if the nonce is longer than a ticket can carry.
    pub fn psk(&self, ticket_nonce: &[u8]) -> Option<Secret> {
        let mut psk = vec![0; self.hash.len()];
        let done = try_expand(
            self.hash,
            self.secret.as_ref(),
            b"resumption",
            ticket_nonce,
            &mut psk,
        );
        let psk = Secret::new(psk);
        done.map(|()| psk)
    }

    /// The hash that the PSK is bound to.
    pub fn hash(&self) -> HashAlg {
        self.hash
    }
}

/// Exporter (RFC 8446 section 7.5).
#[derive(Debug, Clone)]
pub struct Exporter {
    hash: HashAlg,
    secret: Secret,
}

/// The label or the length asked for cannot be encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExportFailed;

impl Exporter {
    /// Fills `out`. No context and an empty one are the same here, unlike in TLS 1.2.
    pub fn export(&self, label: &[u8], context: &[u8], out: &mut [u8]) -> Result<(), ExportFailed> {
        let empty = self.hash.hash(&[]);
        let mut secret = vec![0; self.hash.len()];
        try_expand(
            self.hash,
            self.secret.as_ref(),
            label,
            empty.as_ref(),
            &mut secret,
        )
        .ok_or(ExportFailed)?;
        let secret = Secret::new(secret);
        let context = self.hash.hash(&[context]);
        try_expand(
            self.hash,
            secret.as_ref(),
            b"exporter",
            context.as_ref(),
            out,
        )
        .ok_or(ExportFailed)
    }

    /// For the key log only.
    pub fn secret(&self) -> &Secret {
        &self.secret
    }
}

fn expand_secret(
    hash: HashAlg,
    secret: &Secret,
    label: &str,
    context: &[u8],
    len: usize,
) -> Secret {
    let mut out = vec![0; len];
    expand_label(hash, secret, label, context, &mut out);
    Secret::new(out)
}

/// HKDF-Expand-Label with a label, a context (a digest or nothing) and a length of ours, which always fit.
fn expand_label(hash: HashAlg, secret: &Secret, label: &str, context: &[u8], out: &mut [u8]) {
    let done = try_expand(hash, secret.as_ref(), label.as_bytes(), context, out);
    debug_assert!(done.is_some());
}

/// HKDF-Expand-Label (RFC 8446 section 7.1). `None` when a field does not fit its length prefix.
fn try_expand(
    hash: HashAlg,
    secret: &[u8],
    label: &[u8],
    context: &[u8],
    out: &mut [u8],
) -> Option<()> {
    const PREFIX: &[u8] = b"tls13 ";
    let out_len = u16::try_from(out.len()).ok()?.to_be_bytes();
    let label_len = [u8::try_from(PREFIX.len() + label.len()).ok()?];
    let context_len = [u8::try_from(context.len()).ok()?];
    hash.hkdf_expand(
        secret,
        &[&out_len, &label_len, PREFIX, label, &context_len, context],
        out,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::suites::suite;
    use crate::crypto::testing::rfc8448;
    use crate::enums::CipherSuite;

    fn transcript(names: &[&str]) -> Digest {
        let messages: Vec<Vec<u8>> = names.iter().map(|name| rfc8448(name)).collect();
        HashAlg::Sha256.hash(&messages.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }

    const FLIGHT: [&str; 5] = [
        "client_hello",
        "server_hello",
        "encrypted_extensions",
        "certificate",
        "certificate_verify",
    ];

    fn check_keys(secret: &TrafficSecret, name: &str) {
        let (key, iv) = secret.keys(suite(CipherSuite::TLS_AES_128_GCM_SHA256).unwrap());
        assert_eq!(key.as_ref(), rfc8448(&format!("{name}_key")));
        assert_eq!(iv.as_ref(), rfc8448(&format!("{name}_iv")));
    }

    #[test]
    fn the_simple_handshake_of_rfc_8448() {
        let early = KeySchedule::new(HashAlg::Sha256, None);
        assert_eq!(early.secret.as_ref(), rfc8448("early_secret"));

        let handshake = early.into_handshake(Secret::new(rfc8448("shared")));
        let hellos = transcript(&FLIGHT[..2]);
        let (client, server) = (
            handshake.client_traffic(&hellos),
            handshake.server_traffic(&hellos),
        );
        assert_eq!(client.secret().as_ref(), rfc8448("client_hs_traffic"));
        assert_eq!(server.secret().as_ref(), rfc8448("server_hs_traffic"));
        check_keys(&client, "client_hs");
        check_keys(&server, "server_hs");
        assert_eq!(
            server.finished(&transcript(&FLIGHT)).as_ref(),
            rfc8448("server_verify_data")
        );

        let master = handshake.into_master();
        assert_eq!(master.secret.as_ref(), rfc8448("master_secret"));
        let to_server_finished = transcript(&[&FLIGHT[..], &["server_finished"]].concat());
        let (client_app, server_app) = (
            master.client_app(&to_server_finished),
            master.server_app(&to_server_finished),
        );
        assert_eq!(client_app.secret().as_ref(), rfc8448("client_app_traffic"));
        assert_eq!(server_app.secret().as_ref(), rfc8448("server_app_traffic"));
        check_keys(&client_app, "client_app");
        check_keys(&server_app, "server_app");
        assert_eq!(
            master.exporter(&to_server_finished).secret().as_ref(),
            rfc8448("exporter_master")
        );
        assert_eq!(
            client.finished(&to_server_finished).as_ref(),
            rfc8448("client_verify_data")
        );

        let all = transcript(&[&FLIGHT[..], &["server_finished", "client_finished"]].concat());
        let resumption = master.resumption(&all);
        assert_eq!(resumption.secret.as_ref(), rfc8448("resumption_master"));
        assert_eq!(
            resumption.psk(&[0, 0]).unwrap().as_ref(),
            rfc8448("resumption_psk")
        );
    }

    #[test]
    fn the_binder_of_rfc_8448() {
        let psk = Secret::new(rfc8448("resumption_psk"));
        let early = KeySchedule::new(HashAlg::Sha256, Some(&psk));
        assert_eq!(early.secret.as_ref(), rfc8448("resumed_early_secret"));
        let key = early.binder_key(BinderKind::Resumption);
        assert_eq!(key.secret().as_ref(), rfc8448("binder_key"));
        let hello = rfc8448("resumed_client_hello_prefix");
        let truncated = HashAlg::Sha256.hash(&[&hello]);
        assert_eq!(truncated.as_ref(), rfc8448("binder_hash"));
        assert_eq!(key.finished(&truncated).as_ref(), rfc8448("binder"));
        assert_ne!(
            early.binder_key(BinderKind::External).secret(),
            key.secret()
        );
    }

    #[test]
    fn a_psk_without_key_exchange_leads_to_other_secrets() {
        let psk = Secret::new(vec![3; 48]);
        let empty = HashAlg::Sha384.hash(&[]);
        let with =
            |schedule: KeySchedule<Handshake>| schedule.client_traffic(&empty).secret().clone();
        let only = with(KeySchedule::new(HashAlg::Sha384, Some(&psk)).into_handshake_psk_only());
        let zeros = with(
            KeySchedule::new(HashAlg::Sha384, Some(&psk)).into_handshake(Secret::new(vec![0; 48])),
        );
        let dhe = with(
            KeySchedule::new(HashAlg::Sha384, Some(&psk)).into_handshake(Secret::new(vec![1; 32])),
        );
        assert!(only == zeros && only != dhe);
        assert_eq!(only.len(), 48);
    }

    #[test]
    fn updated_secrets_differ_from_generation_to_generation() {
        let first = KeySchedule::new(HashAlg::Sha256, None)
            .client_early_traffic(&HashAlg::Sha256.hash(&[]));
        let second = first.next();
        assert_ne!(first.secret(), second.secret());
        assert_ne!(second.secret(), second.next().secret());
    }

    #[test]
    fn exported_material_depends_on_label_context_and_length() {
        let exporter =
            KeySchedule::new(HashAlg::Sha256, None).early_exporter(&HashAlg::Sha256.hash(&[]));
        let export = |label: &[u8], context: &[u8], len| {
            let mut out = vec![0; len];
            exporter.export(label, context, &mut out).map(|()| out)
        };
        let base = export(b"EXPORTER-x", b"", 32).unwrap();
        assert_ne!(base, export(b"EXPORTER-y", b"", 32).unwrap());
        assert_ne!(base, export(b"EXPORTER-x", b"c", 32).unwrap());
        assert_ne!(base, export(b"EXPORTER-x", b"", 33).unwrap()[..32]);
        assert_eq!(export(b"EXPORTER-x", b"", 0).unwrap(), b"");
        assert_eq!(export(&[b'l'; 249], b"", 8).unwrap().len(), 8);
        assert_eq!(export(&[b'l'; 250], b"", 8), Err(ExportFailed));
        assert_eq!(export(b"l", b"", 255 * 32).unwrap().len(), 255 * 32);
        assert_eq!(export(b"l", b"", 255 * 32 + 1), Err(ExportFailed));
        assert_eq!(export(b"l", b"", 1 << 16), Err(ExportFailed));
    }
}
