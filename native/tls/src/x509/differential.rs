//! Random chains for a comparison with OTP: what is accepted here must be accepted there.
//!
//! `X509_CASES=FILE [X509_SEED=N] [X509_COUNT=N] cargo test -p tls-core write_random_chains -- --ignored` writes the chains
//! with our verdicts, `differential/x509.escript FILE` runs them through stock ssl's certificate check.

use super::tests::{ca, chain, key_for, leaf, Link, OTHER_P256, P256, RSA, SCHEMES};
use super::*;
use crate::config::NativeVerify;
use rcgen::{
    BasicConstraints, DnType, DnValue, ExtendedKeyUsagePurpose as Eku, GeneralSubtree, IsCa,
    KeyPair, KeyUsagePurpose as Ku, NameConstraints, SanType,
};
use std::fmt::Write;
use std::sync::Arc;

/// xorshift64*
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % sides
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.roll(n) == 0
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.roll(from.len())]
    }

    fn some<T: Clone>(&mut self, from: &[T]) -> Vec<T> {
        from.iter().filter(|_| self.one_in(2)).cloned().collect()
    }
}

/// An ordinary link with, now and then, something odd about it.
fn odd(mut link: Link, is_leaf: bool, keys: &[Arc<KeyPair>], dice: &mut Dice) -> Link {
    link.key = dice.pick(keys).clone();
    let p = &mut link.params;
    if dice.one_in(12) {
        p.is_ca = match dice.roll(4) {
            0 => IsCa::NoCa,
            1 => IsCa::ExplicitNoCa,
            2 => IsCa::Ca(BasicConstraints::Unconstrained),
            _ => IsCa::Ca(BasicConstraints::Constrained(dice.roll(3) as u8)),
        };
    } else if !is_leaf && dice.one_in(3) {
        p.is_ca = IsCa::Ca(BasicConstraints::Constrained(dice.roll(4) as u8));
    }
    if dice.one_in(8) {
        let all = [
            Ku::DigitalSignature,
            Ku::ContentCommitment,
            Ku::KeyEncipherment,
            Ku::KeyAgreement,
            Ku::KeyCertSign,
            Ku::CrlSign,
        ];
        p.key_usages = dice.some(&all);
    }
    if dice.one_in(6) {
        let all = [
            Eku::ServerAuth,
            Eku::ClientAuth,
            Eku::Any,
            Eku::CodeSigning,
            Eku::EmailProtection,
            Eku::OcspSigning,
        ];
        p.extended_key_usages = match dice.roll(3) {
            0 => vec![],
            1 => vec![Eku::ServerAuth, Eku::ClientAuth],
            _ => dice.some(&all),
        };
    }
    match dice.roll(60) {
        0 => p.not_after = rcgen::date_time_ymd(2024, 1, 1),
        1 => p.not_before = rcgen::date_time_ymd(2040, 1, 1),
        2 => p.not_after = rcgen::date_time_ymd(2060, 1, 1),
        3 => p.not_before = rcgen::date_time_ymd(1960, 1, 1),
        4 => p.not_before = rcgen::date_time_ymd(1940, 1, 1),
        5 => p.use_authority_key_identifier_extension = true,
        _ => {}
    }
    if dice.one_in(20) {
        let (dn_type, value) = match dice.roll(7) {
            0 => (
                DnType::LocalityName,
                DnValue::TeletexString("x".try_into().unwrap()),
            ),
            1 => (
                DnType::LocalityName,
                DnValue::BmpString("x".try_into().unwrap()),
            ),
            2 => (
                DnType::CountryName,
                DnValue::PrintableString("SWE".try_into().unwrap()),
            ),
            3 => (DnType::CountryName, DnValue::Utf8String("SE".into())),
            4 => (
                DnType::OrganizationalUnitName,
                DnValue::Utf8String("Räksmörgås".into()),
            ),
            5 => (
                DnType::LocalityName,
                DnValue::Ia5String("here".try_into().unwrap()),
            ),
            _ => (
                DnType::CustomDnType(vec![2, 5, 4, 5]),
                DnValue::PrintableString("12".try_into().unwrap()),
            ),
        };
        p.distinguished_name.push(dn_type, value);
    }
    if dice.one_in(20) {
        p.name_constraints = Some(NameConstraints {
            permitted_subtrees: vec![GeneralSubtree::DnsName(
                (*dice.pick(&["example.org", "example.com"])).into(),
            )],
            excluded_subtrees: vec![],
        });
    }
    if dice.one_in(8) {
        let extensions: [(&[u64], &[u8]); 10] = [
            (&[1, 2, 3, 4], b"x"),
            (&[2, 5, 29, 36], &[0x30, 3, 0x80, 1, 0]),
            (
                &[2, 5, 29, 33],
                &[0x30, 12, 0x30, 10, 6, 3, 42, 3, 4, 6, 3, 42, 3, 5],
            ),
            (&[2, 5, 29, 54], &[2, 1, 0]),
            (
                &[2, 5, 29, 32],
                &[0x30, 8, 0x30, 6, 6, 4, 0x55, 0x1d, 0x20, 0],
            ),
            (&[2, 5, 29, 32], &[0x30, 7, 0x30, 5, 6, 3, 42, 3, 4]),
            (&[2, 5, 29, 14], &[4, 2, 1, 2]),
            (&[2, 5, 29, 35], &[0x30, 4, 0x80, 2, 1, 2]),
            (&[2, 5, 29, 35], &[0x30, 3, 0x82, 1, 9]),
            (&[2, 5, 29, 31], b"garbage"),
        ];
        let (oid, content) = *dice.pick(&extensions);
        let critical = dice.one_in(3);
        return link.extension(oid, critical, content);
    }
    link
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn hexes(ders: &[Vec<u8>]) -> String {
    ders.iter()
        .map(|der| hex(der))
        .collect::<Vec<_>>()
        .join(",")
}

#[test]
#[ignore = "writes a file for differential/x509.escript"]
fn write_random_chains() {
    let var = |name: &str, default: &str| std::env::var(name).unwrap_or_else(|_| default.into());
    let mut dice = Dice(
        var("X509_SEED", "1")
            .parse::<u64>()
            .unwrap()
            .wrapping_mul(0x9E37_79B9_7F4A_7C15)
            | 1,
    );
    let count: usize = var("X509_COUNT", "1000").parse().unwrap();
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let keys = [
        P256.clone(),
        P256.clone(),
        OTHER_P256.clone(),
        RSA.clone(),
        key_for(&rcgen::PKCS_ECDSA_P384_SHA384),
        key_for(&rcgen::PKCS_ED25519),
    ];
    let mut text = String::new();
    let mut accepted = 0;
    for _ in 0..count {
        let intermediates = dice.roll(4);
        let mut links = vec![odd(leaf(), true, &keys, &mut dice)];
        if dice.one_in(6) {
            let names: Vec<SanType> = ["www.example.org", "*.example.org", "example.com"]
                .iter()
                .map(|name| SanType::DnsName((*name).try_into().unwrap()))
                .chain([
                    SanType::URI("https://www.example.org".try_into().unwrap()),
                    SanType::IpAddress([10, 0, 0, 1].into()),
                ])
                .collect();
            links[0].params.subject_alt_names = dice.some(&names);
        }
        links.extend(
            (0..intermediates).map(|i| odd(ca(&format!("int{i}")), false, &keys, &mut dice)),
        );
        links.push(odd(ca("root"), false, &keys, &mut dice));
        let mut sent = chain(&links);
        let mut anchors = vec![sent.pop().unwrap()];
        match dice.roll(24) {
            0 => anchors = vec![chain(&[ca("root").keyed(dice.pick(&keys))]).remove(0)],
            1 => anchors.push(chain(&[ca("root").keyed(dice.pick(&keys))]).remove(0)),
            2 => anchors.push(chain(&[ca("other").keyed(dice.pick(&keys))]).remove(0)),
            3 => anchors = vec![sent.last().unwrap().clone()],
            4 | 5 => sent.push(anchors[0].clone()),
            6 => sent.push(chain(&[ca("root").keyed(&OTHER_P256)]).remove(0)),
            7 => sent.reverse(),
            8 if sent.len() > 1 => {
                let again = dice.pick(&sent).clone();
                sent.push(again);
            }
            9 => {
                let at = dice.roll(sent.len());
                let byte = dice.roll(sent[at].len());
                sent[at][byte] ^= 1 << dice.roll(8);
            }
            10 => {
                let at = dice.roll(sent.len());
                sent.remove(at);
            }
            _ => {}
        }
        if sent.is_empty() {
            continue;
        }
        let client = dice.one_in(4);
        let depth = *dice.pick(&[10, 10, 10, 0, 1, 2]);
        let name = *dice.pick(&[
            "www.example.org",
            "WWW.example.ORG",
            "www.example.org",
            "a.example.org",
            "192.0.2.1",
            "2001:db8::1",
        ]);
        let reference = match name {
            "192.0.2.1" => Name::Ip(&[192, 0, 2, 1]),
            "2001:db8::1" => Name::Ip(&[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
            dns => Name::Dns(dns.as_bytes()),
        };
        let config = NativeVerify {
            store: Arc::new(TrustStore::from_ders(&anchors).0),
            depth,
        };
        let verdict = match client {
            true => verify_client_chain(&config, SCHEMES, &sent, now),
            false => verify_server_chain(&config, SCHEMES, &sent, Some(reference), now),
        };
        accepted += usize::from(verdict.is_ok());
        let verdict = verdict.map_or_else(|rejected| format!("{rejected:?}"), |()| "ok".into());
        // The role of the one who checks.
        let role = if client { "server" } else { "client" };
        writeln!(
            text,
            "{verdict}\t{role}\t{depth}\t{name}\t{}\t{}",
            hexes(&anchors),
            hexes(&sent)
        )
        .unwrap();
    }
    let file = std::env::var("X509_CASES").expect("X509_CASES names the file to write");
    std::fs::write(&file, text).unwrap();
    println!("{count} chains, {accepted} accepted");
}
