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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::suites::suite;
    use crate::crypto::testing::hex;
    use crate::enums::CipherSuite;

    const CBC: CipherSuite = CipherSuite::TLS_RSA_WITH_AES_256_CBC_SHA;
    const GCM_384: CipherSuite = CipherSuite::TLS_RSA_WITH_AES_256_GCM_SHA384;

    fn prf(version: ProtocolVersion, id: CipherSuite) -> Prf {
        Prf::new(version, suite(id).unwrap())
    }

    #[test]
    fn the_prf_follows_published_vectors() {
        // The two of TLS 1.2 were posted to the TLS working group's list in 2009, the long one of TLS 1.0 in 1998. The last
        // is OpenSSL's, with a secret of odd length.
        let cases = [
            (
                prf(ProtocolVersion::TLS12, CBC),
                "9bbe436ba940f017b17652849a71db35",
                "test label",
                "a0ba9f936cda311827a6f796ffd5198c",
                "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e14baf9af
                 0fa022f7077def17abfd3797c0564bab4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff701
                 87347b66",
            ),
            (
                prf(ProtocolVersion::TLS12, GCM_384),
                "b80b733d6ceefcdc71566ea48e5567df",
                "test label",
                "cd665cf6a8447dd6ff8b27555edb7465",
                "7b0c18e9ced410ed1804f2cfa34a336a1c14dffb4900bb5fd7942107e81c83cde9ca0faa60be9fe34f82b1233c9146a0
                 e534cb400fed2700884f9dc236f80edd8bfa961144c9e8d792eca722a7b32fc3d416d473ebc2c5fd4abfdad05d918425
                 9b5bf8cd4d90fa0d31e2dec479e4f1a26066f2eea9a69236a3e52655c9e9aee691c8f3a26854308d5eaa3be85e099070
                 3d73e56f",
            ),
            (
                prf(ProtocolVersion::TLS10, CBC),
                &"ab".repeat(48),
                "PRF Testvector",
                &"cd".repeat(64),
                "d3d4d1e349b5d515044666d51de32bab258cb521b6b053463e354832fd976754443bcf9a296519bc289abcbc1187e4eb
                 d31e602353776c408aafb74cbc85eff69255f9788faa184cbb957a9819d84a5d7eb006eb459d3ae8de9810454b8b2d8f
                 1afbc655a8c9a013",
            ),
            (
                prf(ProtocolVersion::TLS11, GCM_384),
                "0102030405",
                "odd",
                "",
                "83cb87a90ae957e711522b3d7d15966e318ff6fa712f5c0736ea01c6d2fbd3938b",
            ),
        ];
        for (prf, secret, label, seed, expected) in cases {
            let expected = hex(expected);
            for len in 0..=expected.len() {
                let mut out = vec![0xee; len];
                prf.raw(&hex(secret), label.as_bytes(), &hex(seed), &mut out);
                assert_eq!(out, expected[..len]);
            }
        }
    }

    #[test]
    fn secrets_keys_and_exports_are_those_of_otp_29() {
        // tls_v1:prf/5 of OTP 29.1.1 for the same input.
        let cases = [
            (
                prf(ProtocolVersion::TLS10, CBC),
                [20, 32, 16],
                "0136c39093535b5c4b29a26f6f5d89a6029ae02316dabd9992347a4b09cbc0ce8dccd277fea9136ea1cd46c6b5429067",
                "fe6d6e20901032b1107439e2099faf7b92bf6dcc22fc17fcaf500f0468bee8d9b40b5fb488e7067194f7c9752930277d5ba85325bca5a6af0cb8854cdfc6bb192a11033914935cef37d6e30e1c2e98c7a4d8ef85f3798ebc8d849c01d22ce703727a7137e882d8259a60df6c4a9b12c43c9059d4f6701928672ccab23b370a9c5e7a6b668e298163",
                "0629e2ae6d704e3cb15ed31e0045a306215400127dbfb8bc927b4e88e367d027f2848c8f7e5c3f59",
            ),
            (
                prf(ProtocolVersion::TLS12, CBC),
                [20, 32, 0],
                "14e97d4bd672b72edcf3f9b7370cf458ab5312aed647bc74e6d01b82ad81f023154b9ea6b88f23c595bc6ac0a127cbe6",
                "e008bd799832fd6ae01ea89a099913f0571fdbfe2ebd0383070f7b1063109b04f72a7dc8857c2d641dc3af274fc67e65b7c327c7049051270b2f806a97d73bcecf9fd170730e4406b9ebe4731c13cd88645a96cbfed7e6d62b040cc55cc698fd09d562ec0722a3666eae48cd6585e04656cec084f191dbeb3e933cf6a4b14906f09889b4d9d5ae73",
                "ce28acc362b25de7161fd090a089f84b8ca787be0dfb771e1bb5b086961d098e10413b4fb927a7d3",
            ),
            (
                prf(ProtocolVersion::TLS12, GCM_384),
                [0, 32, 4],
                "349ecfec639975583c39c0d5f57e6c41c1926f15fd0fd4571d9a7cae116df03d37fe4a36eb0a59c7d565bf65524548b5",
                "72eb959ff1d707dd05b4b6ee2eaf3bd4a1866f279c666c5e706de63cea2a45edd84258a55f9041df7d6051bffd19b51e672a7e573729e060dee76a6de73e1c1fee6029907432a24936886d92362f5c44854c82b49f6ad89b16ea49f8e09692fef250920c03238930894404ad5e2fd9b7fe4f3e521c40711f130917c0d356cf9dba2f58fcb1ef5e11",
                "32db47198396d92e01627bf9122e0b071f873e34ff388539feffecf9529c72b7513275ce5ff4b68e",
            ),
        ];
        let premaster = Secret::new((1..=48).collect());
        let (client_random, server_random) = ([b'c'; 32], [b's'; 32]);
        for (prf, [mac_len, key_len, iv_len], master, block, exported) in cases {
            let secret = prf.master_secret(&premaster, &client_random, &server_random);
            assert_eq!(secret.as_bytes()[..], hex(master));
            let KeyBlock { client, server } =
                prf.key_block(&secret, &client_random, &server_random);
            let found: Vec<&[u8]> = [
                &client.mac_key,
                &server.mac_key,
                &client.key,
                &server.key,
                &client.iv,
                &server.iv,
            ]
            .map(AsRef::as_ref)
            .to_vec();
            let lens: Vec<usize> = found.iter().map(|key| key.len()).collect();
            assert_eq!(lens, [mac_len, mac_len, key_len, key_len, iv_len, iv_len]);
            assert_eq!(
                found.concat(),
                hex(block)[..2 * (mac_len + key_len + iv_len)]
            );
            let mut out = vec![0; 40];
            prf.export(
                &secret,
                b"EXPORTER-x",
                &client_random,
                &server_random,
                Some(b"ctx"),
                &mut out,
            )
            .unwrap();
            assert_eq!(out, hex(exported));
        }
    }

    #[test]
    fn keys_fit_every_suite_in_every_version() {
        let master = MasterSecret::from_bytes(&[3; 48]).unwrap();
        for row in crate::crypto::suites::SUITES {
            for version in [
                ProtocolVersion::TLS10,
                ProtocolVersion::TLS11,
                ProtocolVersion::TLS12,
            ] {
                if !row.speaks(version) {
                    continue;
                }
                let (write, read) = Prf::new(version, row)
                    .key_block(&master, b"c", b"s")
                    .into_sides(Role::Server);
                assert_eq!(write.key.len(), row.cipher.key_len());
                assert_eq!(
                    write.mac_key.len(),
                    row.cipher.mac().map_or(0, |mac| mac.len())
                );
                assert_eq!((write.version, write.suite.id), (version, row.id));
                assert_ne!(write.key, read.key);
            }
        }
    }

    #[test]
    fn the_transcript_is_hashed_as_version_and_suite_say() {
        assert_eq!(
            prf(ProtocolVersion::TLS10, CBC).transcript_hash(),
            HashAlg::Md5Sha1
        );
        assert_eq!(
            prf(ProtocolVersion::TLS11, CBC).transcript_hash(),
            HashAlg::Md5Sha1
        );
        assert_eq!(
            prf(ProtocolVersion::TLS12, CBC).transcript_hash(),
            HashAlg::Sha256
        );
        assert_eq!(
            prf(ProtocolVersion::TLS12, GCM_384).transcript_hash(),
            HashAlg::Sha384
        );
    }

    #[test]
    fn sides_versions_and_inputs_make_a_difference() {
        let prf12 = prf(ProtocolVersion::TLS12, CBC);
        let master = MasterSecret::from_bytes(&[3; 48]).unwrap();
        let finished = |prf: Prf, side, hash: &[u8]| prf.verify_data(&master, side, hash);
        let base = finished(prf12, Role::Client, b"hash");
        assert_ne!(base, finished(prf12, Role::Server, b"hash"));
        assert_ne!(base, finished(prf12, Role::Client, b"hasH"));
        assert_ne!(
            base,
            finished(prf(ProtocolVersion::TLS11, CBC), Role::Client, b"hash")
        );
        assert_ne!(
            base,
            finished(prf(ProtocolVersion::TLS12, GCM_384), Role::Client, b"hash")
        );

        let premaster = Secret::new(vec![1; 48]);
        assert_ne!(
            prf12.extended_master_secret(&premaster, b"hash"),
            prf12.master_secret(&premaster, b"hash", b"")
        );
        let export = |context| {
            let mut out = [0; 16];
            prf12
                .export(&master, b"l", b"c", b"s", context, &mut out)
                .map(|()| out)
        };
        assert_ne!(export(None), export(Some(b"")));
        assert_ne!(export(Some(b"a")), export(Some(b"")));
        let long = vec![0; 1 << 16];
        assert_eq!(export(Some(&long)), Err(ExportFailed));
        assert!(export(Some(&long[1..])).is_ok());
    }

    #[test]
    fn master_secrets_have_one_length_and_print_nothing() {
        for len in [0, 47, 49] {
            assert_eq!(MasterSecret::from_bytes(&vec![1; len]), None);
        }
        let secret = MasterSecret::from_bytes(&[1; 48]).unwrap();
        assert_eq!(format!("{secret:?}"), "MasterSecret(..)");
    }
}
