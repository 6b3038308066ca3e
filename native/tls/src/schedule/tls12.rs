//! PRF and key schedule of TLS 1.0 to 1.2 (RFC 5246 sections 5, 6.3 and 8.1; RFC 2246 and RFC 4346 section 5 for the PRF of
//! their versions; RFC 7627 for the extended master secret; RFC 5705 for exporters).

use crate::crypto::hash::{HashAlg, HmacKey};
use crate::crypto::suites::{RecordCipher, SuiteRow};
use crate::crypto::Secret;
use crate::enums::{ProtocolVersion, Role};
use core::fmt;
use zeroize::Zeroizing;

/// Length of the master secret.
pub const MASTER_SECRET_LEN: usize = 48;

/// Length of verify_data in Finished.
pub const VERIFY_DATA_LEN: usize = 12;

/// The pseudorandom function of a version and suite, and what is made with it.
#[derive(Debug, Clone, Copy)]
pub struct Prf {
    version: ProtocolVersion,
    suite: &'static SuiteRow,
}

/// The master secret of a session.
#[derive(Clone)]
pub struct MasterSecret(Zeroizing<[u8; MASTER_SECRET_LEN]>);

impl MasterSecret {
    /// As a session store gives it back; `None` if the length is wrong.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(Self(Zeroizing::new(bytes.try_into().ok()?)))
    }

    /// For session stores, the key log, and `Prf`.
    pub fn as_bytes(&self) -> &[u8; MASTER_SECRET_LEN] {
        &self.0
    }
}

impl PartialEq for MasterSecret {
    /// Constant-time.
    fn eq(&self, other: &Self) -> bool {
        crate::crypto::eq(&self.0[..], &other.0[..])
    }
}

impl Eq for MasterSecret {}

impl fmt::Debug for MasterSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterSecret(..)")
    }
}

/// What protects one direction's records.
#[derive(Debug, Clone)]
pub struct DirectionKeys {
    /// The version that stands in the records.
    pub version: ProtocolVersion,
    /// How they are protected.
    pub suite: &'static SuiteRow,
    /// MAC key; empty for AEADs.
    pub mac_key: Secret,
    /// Encryption key.
    pub key: Secret,
    /// The nonce's fixed part for AEADs, the first IV for CBC in TLS 1.0, otherwise empty.
    pub iv: Secret,
}

/// Both directions' keys.
#[derive(Debug, Clone)]
pub struct KeyBlock {
    /// Of what the client writes.
    pub client: DirectionKeys,
    /// Of what the server writes.
    pub server: DirectionKeys,
}

impl KeyBlock {
    /// What this side writes with, then what it reads with.
    pub fn into_sides(self, role: Role) -> (DirectionKeys, DirectionKeys) {
        match role {
            Role::Client => (self.client, self.server),
            Role::Server => (self.server, self.client),
        }
    }
}

/// A length that no PRF can be asked for, or a context that cannot be encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExportFailed;

impl Prf {
    /// For a negotiated version up to 1.2 and suite.
    pub fn new(version: ProtocolVersion, suite: &'static SuiteRow) -> Self {
        Self { version, suite }
    }

    /// The hash of the transcript, which Finished and the extended master secret cover.
    pub fn transcript_hash(&self) -> HashAlg {
        if self.version < ProtocolVersion::TLS12 {
            HashAlg::Md5Sha1
        } else {
            self.suite.hash
        }
    }

    /// RFC 5246 section 8.1.
    pub fn master_secret(
        &self,
        premaster: &Secret,
        client_random: &[u8],
        server_random: &[u8],
    ) -> MasterSecret {
        self.master(premaster, b"master secret", &[client_random, server_random])
    }

    /// RFC 7627 section 4; `session_hash` is the transcript's hash up to ClientKeyExchange.
    pub fn extended_master_secret(&self, premaster: &Secret, session_hash: &[u8]) -> MasterSecret {
        self.master(premaster, b"extended master secret", &[session_hash])
    }

    fn master(&self, premaster: &Secret, label: &[u8], seed: &[&[u8]]) -> MasterSecret {
        let mut master = Zeroizing::new([0; MASTER_SECRET_LEN]);
        self.compute(premaster.as_ref(), label, seed, &mut master[..]);
        MasterSecret(master)
    }

    /// What `side`'s Finished holds (RFC 5246 section 7.4.9).
    pub fn verify_data(
        &self,
        master: &MasterSecret,
        side: Role,
        transcript_hash: &[u8],
    ) -> [u8; VERIFY_DATA_LEN] {
        let label: &[u8] = match side {
            Role::Client => b"client finished",
            Role::Server => b"server finished",
        };
        let mut out = [0; VERIFY_DATA_LEN];
        self.compute(master.as_bytes(), label, &[transcript_hash], &mut out);
        out
    }

    /// RFC 5246 section 6.3.
    pub fn key_block(
        &self,
        master: &MasterSecret,
        client_random: &[u8],
        server_random: &[u8],
    ) -> KeyBlock {
        let cipher = self.suite.cipher;
        let mac_len = cipher.mac().map_or(0, |mac| mac.len());
        let iv_len = match cipher {
            RecordCipher::Aead(aead) => aead.fixed_iv_len(),
            RecordCipher::Cbc(block, _) if self.version == ProtocolVersion::TLS10 => block.len(),
            RecordCipher::Cbc(..) | RecordCipher::Stream(..) => 0,
        };
        let lens = [mac_len, cipher.key_len(), iv_len];
        let mut block = Zeroizing::new(vec![0; 2 * lens.iter().sum::<usize>()]);
        self.compute(
            master.as_bytes(),
            b"key expansion",
            &[server_random, client_random],
            &mut block,
        );
        let mut rest = block.as_slice();
        let mut take = |len| {
            let (now, later) = rest.split_at_checked(len).unwrap_or((rest, &[]));
            rest = later;
            Secret::from(now)
        };
        let [mac_keys, keys, ivs] = lens.map(|len| (take(len), take(len)));
        let direction = |mac_key, key, iv| DirectionKeys {
            version: self.version,
            suite: self.suite,
            mac_key,
            key,
            iv,
        };
        KeyBlock {
            client: direction(mac_keys.0, keys.0, ivs.0),
            server: direction(mac_keys.1, keys.1, ivs.1),
        }
    }

    /// RFC 5705 section 4. No context and an empty one differ here, unlike in TLS 1.3.
    pub fn export(
        &self,
        master: &MasterSecret,
        label: &[u8],
        client_random: &[u8],
        server_random: &[u8],
        context: Option<&[u8]>,
        out: &mut [u8],
    ) -> Result<(), ExportFailed> {
        let mut seed = vec![client_random, server_random];
        let len;
        if let Some(context) = context {
            len = u16::try_from(context.len())
                .map_err(|_| ExportFailed)?
                .to_be_bytes();
            seed.extend([&len[..], context]);
        }
        self.compute(master.as_bytes(), label, &seed, out);
        Ok(())
    }

    /// The PRF itself, of any secret.
    pub fn raw(&self, secret: &[u8], label: &[u8], seed: &[u8], out: &mut [u8]) {
        self.compute(secret, label, &[seed], out);
    }

    fn compute(&self, secret: &[u8], label: &[u8], seed: &[&[u8]], out: &mut [u8]) {
        let seed: Vec<&[u8]> = core::iter::once(label)
            .chain(seed.iter().copied())
            .collect();
        out.fill(0);
        if self.version < ProtocolVersion::TLS12 {
            // Both halves have the middle byte of a secret of odd length (RFC 2246 section 5).
            let half = secret.len().div_ceil(2);
            let first = secret.get(..half).unwrap_or_default();
            let second = secret.get(secret.len() - half..).unwrap_or_default();
            xor_p_hash(HashAlg::Md5, first, &seed, out);
            xor_p_hash(HashAlg::Sha1, second, &seed, out);
        } else {
            xor_p_hash(self.suite.hash, secret, &seed, out);
        }
    }
}

/// P_hash (RFC 5246 section 5) of a seed in parts, xored into `out`.
fn xor_p_hash(hash: HashAlg, secret: &[u8], seed: &[&[u8]], out: &mut [u8]) {
    let key = HmacKey::new(hash, secret);
    let mut a = key.sign(seed);
    for piece in out.chunks_mut(hash.len()) {
        let parts: Vec<&[u8]> = core::iter::once(a.as_ref())
            .chain(seed.iter().copied())
            .collect();
        let mut block = key.sign(&parts);
        for (to, byte) in piece.iter_mut().zip(block.as_ref()) {
            *to ^= byte;
        }
        block.wipe();
        let next = key.sign(&[a.as_ref()]);
        a.wipe();
        a = next;
    }
    a.wipe();
}
