//! Native path validation: a table of chains with their verdicts, and a differential test against OTP.

use super::certificate::Certificate;
use super::*;
use crate::config::NativeVerify;
use crate::crypto::sign::{CertifiedKey, KeyError, KeyKind, PrivateKey, SignError};
use crate::crypto::verify::{heavy, verify, VerifyError};
use crate::enums::{NamedGroup, SignatureScheme};
use proptest::prelude::*;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, DnValue,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    NameConstraints, SanType, SerialNumber,
};
use std::sync::{Arc, LazyLock};

/// 2026-06-01, within every validity below that does not say otherwise.
const NOW: u64 = 1_780_272_000;

pub(super) const SCHEMES: &[SignatureScheme] = &[
    SignatureScheme::ECDSA_SECP256R1_SHA256,
    SignatureScheme::ECDSA_SECP384R1_SHA384,
    SignatureScheme::ECDSA_SECP521R1_SHA512,
    SignatureScheme::RSA_PKCS1_SHA256,
    SignatureScheme::RSA_PKCS1_SHA384,
    SignatureScheme::ED25519,
];

/// One link of a chain: what differs from an ordinary certificate.
pub(super) struct Link {
    pub(super) params: CertificateParams,
    pub(super) key: Arc<KeyPair>,
}

pub(super) static P256: LazyLock<Arc<KeyPair>> =
    LazyLock::new(|| Arc::new(KeyPair::generate().unwrap()));
pub(super) static OTHER_P256: LazyLock<Arc<KeyPair>> =
    LazyLock::new(|| Arc::new(KeyPair::generate().unwrap()));
pub(super) static RSA: LazyLock<Arc<KeyPair>> =
    LazyLock::new(|| Arc::new(KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap()));

pub(super) fn key_for(alg: &'static rcgen::SignatureAlgorithm) -> Arc<KeyPair> {
    Arc::new(KeyPair::generate_for(alg).unwrap())
}

fn link(name: &str) -> Link {
    let mut params = CertificateParams::default();
    let mut dn = DistinguishedName::new();
    dn.push(
        DnType::CountryName,
        DnValue::PrintableString("SE".try_into().unwrap()),
    );
    dn.push(DnType::OrganizationName, "Test");
    dn.push(DnType::CommonName, name);
    params.distinguished_name = dn;
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(2049, 1, 1);
    params.serial_number = Some(SerialNumber::from(name.bytes().map(u64::from).sum::<u64>()));
    Link {
        params,
        key: P256.clone(),
    }
}

pub(super) fn ca(name: &str) -> Link {
    let mut link = link(name);
    link.params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    link.params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    link.key = P256.clone();
    link
}

pub(super) fn leaf() -> Link {
    let mut link = link("leaf");
    link.params.subject_alt_names = vec![
        SanType::DnsName("www.Example.org".try_into().unwrap()),
        SanType::DnsName("*.wild.example.org".try_into().unwrap()),
        SanType::IpAddress([192, 0, 2, 1].into()),
        SanType::IpAddress([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1].into()),
    ];
    link.params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    link.params.extended_key_usages = vec![
        ExtendedKeyUsagePurpose::ServerAuth,
        ExtendedKeyUsagePurpose::ClientAuth,
    ];
    link
}

impl Link {
    fn with(mut self, change: impl FnOnce(&mut CertificateParams)) -> Self {
        change(&mut self.params);
        self
    }

    pub(super) fn keyed(mut self, key: &Arc<KeyPair>) -> Self {
        self.key = key.clone();
        self
    }

    pub(super) fn extension(self, oid: &[u64], critical: bool, content: &[u8]) -> Self {
        self.with(|params| {
            let mut extension = CustomExtension::from_oid_content(oid, content.to_vec());
            extension.set_criticality(critical);
            params.custom_extensions.push(extension);
        })
    }
}

/// DER of each link, leaf first, each signed by the next; the last one by itself.
pub(super) fn chain(links: &[Link]) -> Vec<Vec<u8>> {
    links
        .iter()
        .enumerate()
        .map(|(i, link)| {
            let issuer = links.get(i + 1).unwrap_or(link);
            let issuer = Issuer::from_params(&issuer.params, issuer.key.as_ref());
            link.params
                .signed_by(link.key.as_ref(), &issuer)
                .unwrap()
                .der()
                .to_vec()
        })
        .collect()
}

/// A chain as a peer sends it, with what it is checked against.
struct Case {
    sent: Vec<Vec<u8>>,
    anchors: Vec<Vec<u8>>,
    name: Option<Name<'static>>,
    client: bool,
    depth: usize,
    now: u64,
    schemes: &'static [SignatureScheme],
}

/// The ordinary way: the last link is the anchor and is not sent.
fn case(links: &[Link]) -> Case {
    let mut sent = chain(links);
    let root = sent.pop().unwrap();
    Case {
        sent,
        anchors: vec![root],
        name: Some(Name::Dns(b"www.example.org")),
        client: false,
        depth: 10,
        now: NOW,
        schemes: SCHEMES,
    }
}

impl Case {
    fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    fn verdict(&self) -> Result<(), Rejected> {
        let (store, skipped) = TrustStore::from_ders(&self.anchors);
        assert_eq!(skipped, 0);
        let config = NativeVerify {
            store: Arc::new(store),
            depth: self.depth,
        };
        match self.client {
            false => verify_server_chain(&config, self.schemes, &self.sent, self.name, self.now),
            true => verify_client_chain(&config, self.schemes, &self.sent, self.now),
        }
    }
}

/// An ordinary chain with one link changed.
fn with_leaf(leaf: Link) -> Case {
    case(&[leaf, ca("int"), ca("root")])
}

fn with_int(int: Link) -> Case {
    case(&[leaf(), int, ca("root")])
}

fn with_root(root: Link) -> Case {
    case(&[leaf(), ca("int"), root])
}

fn named(name: Name<'static>) -> Case {
    with_leaf(leaf()).with(|case| case.name = Some(name))
}

#[test]
fn ordinary_chains_are_accepted() {
    let algorithms = [
        key_for(&rcgen::PKCS_ECDSA_P384_SHA384),
        key_for(&rcgen::PKCS_ECDSA_P521_SHA512),
        key_for(&rcgen::PKCS_ED25519),
        RSA.clone(),
    ];
    let mut cases = vec![
        case(&[leaf(), ca("root")]),
        with_leaf(leaf()),
        case(&[leaf(), ca("int1"), ca("int2"), ca("root")]),
        with_leaf(leaf()).with(|case| case.sent.push(case.anchors[0].clone())),
        with_leaf(leaf()).with(|case| case.name = None),
        with_leaf(leaf()).with(|case| case.depth = 1),
        named(Name::Dns(b"WWW.EXAMPLE.ORG")),
        named(Name::Ip(&[192, 0, 2, 1])),
        named(Name::Ip(&[
            0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
        ])),
        with_leaf(leaf()).with(|case| case.client = true),
        with_leaf(leaf().with(|p| p.key_usages.clear())),
        with_leaf(leaf().with(|p| p.extended_key_usages.clear())),
        with_leaf(leaf().with(|p| p.is_ca = IsCa::ExplicitNoCa)),
        with_int(ca("int").with(|p| p.key_usages.clear())),
        with_int(ca("int").with(|p| p.is_ca = IsCa::Ca(BasicConstraints::Constrained(0)))),
        with_int(
            ca("int").with(|p| p.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth]),
        ),
        with_root(ca("root").with(|p| p.is_ca = IsCa::Ca(BasicConstraints::Constrained(1)))),
        // certificatePolicies without constraints
        with_int(ca("int").extension(
            &[2, 5, 29, 32],
            false,
            &[0x30, 8, 0x30, 6, 6, 4, 0x55, 0x1d, 0x20, 0],
        )),
        with_leaf(leaf().extension(&[1, 2, 3, 4], false, b"anything")),
        // several anchors of the same name, one signed
        with_leaf(leaf()).with(|case| case.anchors.extend(chain(&[ca("root").keyed(&OTHER_P256)]))),
    ];
    for key in &algorithms {
        cases.push(case(&[
            leaf().keyed(key),
            ca("int").keyed(key),
            ca("root").keyed(key),
        ]));
        cases.push(case(&[leaf(), ca("int").keyed(key), ca("root")]));
    }
    for (i, case) in cases.iter().enumerate() {
        assert_eq!(case.verdict(), Ok(()), "case {i}");
    }
}

#[test]
fn names_must_match_as_wholes() {
    for name in [
        Name::Dns(b"example.org"),
        Name::Dns(b"www.example.org."),
        Name::Dns(b"xwww.example.org"),
        Name::Dns(b"a.wild.example.org"),
        Name::Dns(b"*.wild.example.org"),
        Name::Dns(b"leaf"),
        Name::Dns(b""),
        Name::Dns(b"192.0.2.1"),
        Name::Dns(b"www.example.org\0"),
        Name::Ip(&[192, 0, 2, 2]),
        Name::Ip(&[]),
        Name::Ip(&[192, 0, 2, 1, 0]),
    ] {
        assert_eq!(
            named(name).verdict(),
            Err(Rejected::NameMismatch),
            "{name:?}"
        );
    }
    let no_names = with_leaf(leaf().with(|p| p.subject_alt_names.clear()));
    assert_eq!(no_names.verdict(), Err(Rejected::NameMismatch));
}

#[test]
fn chains_out_of_order_cyclic_padded_or_endless_are_rejected() {
    let good = chain(&[leaf(), ca("int1"), ca("int2"), ca("root")]);
    let stranger = chain(&[ca("stranger")]).remove(0);
    // two CAs that signed each other
    let cycle = [
        chain(&[leaf(), ca("a"), ca("b")])[..2].to_vec(),
        chain(&[ca("b"), ca("a")])[..1].to_vec(),
    ]
    .concat();
    let with = |sent: Vec<Vec<u8>>| {
        case(&[leaf(), ca("int1"), ca("int2"), ca("root")]).with(|case| case.sent = sent)
    };
    let pick = |order: &[usize]| order.iter().map(|i| good[*i].clone()).collect::<Vec<_>>();
    for (sent, rejected) in [
        (vec![], Rejected::ChainLength),
        (pick(&[0, 2, 1]), Rejected::UnknownIssuer),
        (pick(&[0, 2]), Rejected::NotInOrder),
        (pick(&[0, 1, 1, 2]), Rejected::ChainLength),
        (pick(&[0, 1, 2, 0]), Rejected::ChainLength),
        (
            [pick(&[0, 1, 2]), vec![stranger.clone()]].concat(),
            Rejected::UnknownIssuer,
        ),
        (
            [pick(&[0, 1]), vec![stranger], pick(&[2])].concat(),
            Rejected::NotInOrder,
        ),
        (pick(&[0, 1]), Rejected::UnknownIssuer),
        (cycle, Rejected::UnknownIssuer),
        (pick(&[3]), Rejected::SelfSigned),
    ] {
        assert_eq!(with(sent).verdict(), Err(rejected));
    }
    let many: Vec<Link> = std::iter::once(leaf())
        .chain((0..12).map(|i| ca(&format!("int{i}"))))
        .collect();
    assert_eq!(case(&many).with(|case| case.depth = 100).verdict(), Ok(()));
    let more: Vec<Link> = std::iter::once(leaf())
        .chain((0..13).map(|i| ca(&format!("int{i}"))))
        .collect();
    assert_eq!(
        case(&more).with(|case| case.depth = 100).verdict(),
        Err(Rejected::ChainLength)
    );
}

#[test]
fn self_signed_leaves_are_rejected_even_if_trusted() {
    let alone = chain(&[leaf()]);
    let trusted = case(&[leaf(), ca("root")]).with(|case| {
        case.sent = alone.clone();
        case.anchors = alone.clone();
    });
    assert!(trusted.verdict().is_err());
    let anchor = chain(&[leaf().with(|p| p.is_ca = IsCa::Ca(BasicConstraints::Unconstrained))]);
    let trusted_ca = case(&[leaf(), ca("root")]).with(|case| {
        case.sent = anchor.clone();
        case.anchors = anchor.clone();
    });
    assert!(trusted_ca.verdict().is_err());
}

#[test]
fn every_certificate_must_be_valid_now() {
    let old = |p: &mut CertificateParams| p.not_after = rcgen::date_time_ymd(2024, 1, 1);
    let future = |p: &mut CertificateParams| p.not_before = rcgen::date_time_ymd(2030, 1, 1);
    for case in [
        with_leaf(leaf().with(old)),
        with_leaf(leaf().with(future)),
        with_int(ca("int").with(old)),
        with_int(ca("int").with(future)),
        with_root(ca("root").with(old)),
        with_root(ca("root").with(future)),
        // an expired anchor of the same name beside the good one: OTP might choose that
        with_leaf(leaf()).with(|case| {
            case.anchors
                .extend(chain(&[ca("root").keyed(&OTHER_P256).with(old)]))
        }),
        with_leaf(leaf()).with(|case| case.now = u64::MAX),
        with_leaf(leaf()).with(|case| case.now = 0),
    ] {
        assert_eq!(case.verdict(), Err(Rejected::NotValidNow));
    }
    let edge = with_leaf(leaf().with(|p| p.not_after = rcgen::date_time_ymd(2026, 6, 1)));
    assert_eq!(edge.verdict(), Ok(()));
    assert_eq!(
        edge.with(|case| case.now += 1).verdict(),
        Err(Rejected::NotValidNow)
    );
}

#[test]
fn cas_must_be_cas_and_leaves_must_not() {
    for (case, rejected) in [
        (
            with_int(ca("int").with(|p| p.is_ca = IsCa::NoCa)),
            Rejected::BasicConstraints,
        ),
        (
            with_int(ca("int").with(|p| p.is_ca = IsCa::ExplicitNoCa)),
            Rejected::BasicConstraints,
        ),
        (
            with_leaf(leaf().with(|p| p.is_ca = IsCa::Ca(BasicConstraints::Unconstrained))),
            Rejected::BasicConstraints,
        ),
        (
            with_int(ca("int").with(|p| p.key_usages = vec![KeyUsagePurpose::CrlSign])),
            Rejected::KeyUsage,
        ),
        (
            with_leaf(leaf().with(|p| p.key_usages = vec![KeyUsagePurpose::KeyEncipherment])),
            Rejected::KeyUsage,
        ),
        (
            with_leaf(leaf().with(|p| p.key_usages.push(KeyUsagePurpose::KeyCertSign))),
            Rejected::KeyUsage,
        ),
        (
            with_root(ca("root").with(|p| p.is_ca = IsCa::NoCa)),
            Rejected::UnknownIssuer,
        ),
        (
            with_root(ca("root").with(|p| p.key_usages = vec![KeyUsagePurpose::CrlSign])),
            Rejected::UnknownIssuer,
        ),
    ] {
        assert_eq!(case.verdict(), Err(rejected));
    }
}

#[test]
fn path_lengths_are_limited_by_cas_anchors_and_depth() {
    let constrained =
        |name: &str, n| ca(name).with(|p| p.is_ca = IsCa::Ca(BasicConstraints::Constrained(n)));
    for (links, verdict) in [
        (
            [leaf(), ca("a"), constrained("b", 0), ca("root")],
            Err(Rejected::PathLength),
        ),
        ([leaf(), ca("a"), constrained("b", 1), ca("root")], Ok(())),
        (
            [leaf(), ca("a"), ca("b"), constrained("root", 1)],
            Err(Rejected::PathLength),
        ),
        ([leaf(), ca("a"), ca("b"), constrained("root", 2)], Ok(())),
    ] {
        assert_eq!(case(&links).verdict(), verdict);
    }
    let two = || case(&[leaf(), ca("a"), ca("b"), ca("root")]);
    assert_eq!(two().with(|case| case.depth = 2).verdict(), Ok(()));
    assert_eq!(
        two().with(|case| case.depth = 1).verdict(),
        Err(Rejected::PathLength)
    );
    assert_eq!(
        case(&[leaf(), ca("root")])
            .with(|case| case.depth = 0)
            .verdict(),
        Ok(())
    );
}

#[test]
fn extended_key_usage_must_list_the_purpose_on_leaf_and_cas() {
    use ExtendedKeyUsagePurpose as Eku;
    for usages in [
        vec![Eku::ClientAuth],
        vec![Eku::Any],
        vec![Eku::ServerAuth, Eku::Any],
        vec![Eku::CodeSigning],
        vec![Eku::ServerAuth, Eku::OcspSigning],
    ] {
        let leaf = leaf().with(|p| p.extended_key_usages = usages.clone());
        assert_eq!(
            with_leaf(leaf).verdict(),
            Err(Rejected::ExtKeyUsage),
            "{usages:?}"
        );
        let int = ca("int").with(|p| p.extended_key_usages = usages.clone());
        assert_eq!(
            with_int(int).verdict(),
            Err(Rejected::ExtKeyUsage),
            "{usages:?}"
        );
    }
    let server_only = leaf().with(|p| p.extended_key_usages = vec![Eku::ServerAuth]);
    assert_eq!(
        with_leaf(server_only)
            .with(|case| case.client = true)
            .verdict(),
        Err(Rejected::ExtKeyUsage)
    );
}

#[test]
fn constraints_and_unknown_critical_extensions_are_left_to_others() {
    let constraints = NameConstraints {
        permitted_subtrees: vec![GeneralSubtree::DnsName("example.org".into())],
        excluded_subtrees: vec![],
    };
    let policy_constraints: &[u8] = &[0x30, 3, 0x80, 1, 0];
    let int = |oid: &[u64], critical, content: &[u8]| {
        with_int(ca("int").extension(oid, critical, content))
    };
    for (case, rejected) in [
        (
            with_int(ca("int").with(|p| p.name_constraints = Some(constraints.clone()))),
            Rejected::Constrained,
        ),
        (
            with_root(ca("root").with(|p| p.name_constraints = Some(constraints.clone()))),
            Rejected::UnknownIssuer,
        ),
        (
            int(&[2, 5, 29, 36], true, policy_constraints),
            Rejected::Constrained,
        ),
        (
            int(&[2, 5, 29, 33], false, &[0x30, 0]),
            Rejected::Constrained,
        ),
        (
            int(&[2, 5, 29, 54], true, &[2, 1, 0]),
            Rejected::Constrained,
        ),
        (int(&[1, 2, 3, 4], true, b"x"), Rejected::CriticalExtension),
        (
            with_leaf(leaf().extension(&[1, 2, 3, 4], true, b"x")),
            Rejected::CriticalExtension,
        ),
        (
            with_root(ca("root").extension(&[1, 2, 3, 4], true, b"x")),
            Rejected::UnknownIssuer,
        ),
        // an extension that x509-parser knows and that does not parse
        (int(&[2, 5, 29, 31], false, b"garbage"), Rejected::Malformed),
        // the same extension twice
        (
            with_leaf(
                leaf()
                    .extension(&[2, 5, 29, 19], false, &[0x30, 0])
                    .with(|p| p.is_ca = IsCa::ExplicitNoCa),
            ),
            Rejected::Malformed,
        ),
    ] {
        assert_eq!(case.verdict(), Err(rejected));
    }
}

#[test]
fn signatures_must_be_right_allowed_and_strong() {
    let mut wrong_key = chain(&[leaf(), ca("int"), ca("root")]);
    wrong_key[1] = chain(&[ca("int").keyed(&OTHER_P256), ca("root")]).remove(0);
    let wrong_key = with_leaf(leaf()).with(|case| case.sent = wrong_key[..2].to_vec());
    assert_eq!(wrong_key.verdict(), Err(Rejected::BadSignature));
    let wrong_anchor =
        with_leaf(leaf()).with(|case| case.anchors = chain(&[ca("root").keyed(&OTHER_P256)]));
    assert_eq!(wrong_anchor.verdict(), Err(Rejected::BadSignature));
    let rsa_anchor = with_leaf(leaf()).with(|case| case.anchors = chain(&[ca("root").keyed(&RSA)]));
    assert_eq!(rsa_anchor.verdict(), Err(Rejected::SignatureAlgorithm));
    let not_allowed =
        with_leaf(leaf()).with(|case| case.schemes = &[SignatureScheme::RSA_PKCS1_SHA256]);
    assert_eq!(not_allowed.verdict(), Err(Rejected::SignatureAlgorithm));

    // sha1WithRSAEncryption and md5WithRSAEncryption in place of SHA-256, even if the caller allows them
    for last in [5, 4] {
        let weak = case(&[leaf(), ca("root").keyed(&RSA)]).with(|case| {
            case.schemes = &[
                SignatureScheme::RSA_PKCS1_SHA1,
                SignatureScheme::RSA_PKCS1_SHA256,
            ];
            let sha256 = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11];
            let leaf = &mut case.sent[0];
            let at: Vec<usize> = leaf
                .windows(9)
                .enumerate()
                .filter(|(_, w)| *w == sha256)
                .map(|(at, _)| at + 8)
                .collect();
            assert_eq!(at.len(), 2);
            at.into_iter().for_each(|at| leaf[at] = last);
        });
        assert_eq!(weak.verdict(), Err(Rejected::SignatureAlgorithm));
    }
}

#[test]
fn every_flipped_bit_of_a_chain_is_noticed() {
    let good = with_leaf(leaf());
    assert_eq!(good.verdict(), Ok(()));
    for (which, der) in good.sent.iter().enumerate() {
        for at in 0..der.len() {
            let bad = with_leaf(leaf()).with(|case| {
                case.sent = good.sent.clone();
                case.anchors = good.anchors.clone();
                case.sent[which][at] ^= 1;
            });
            assert!(bad.verdict().is_err(), "certificate {which} byte {at}");
        }
    }
}

#[test]
fn unusual_name_encodings_are_left_to_others() {
    let subject = |dn_type: DnType, value: DnValue| {
        with_leaf(leaf().with(|p| p.distinguished_name.push(dn_type, value)))
    };
    let printable = |text: &str| DnValue::PrintableString(text.try_into().unwrap());
    let email = || DnType::CustomDnType(vec![1, 2, 840, 113_549, 1, 9, 1]);
    assert_eq!(
        subject(
            email(),
            DnValue::Ia5String("a@example.org".try_into().unwrap())
        )
        .verdict(),
        Ok(())
    );
    for case in [
        subject(
            DnType::LocalityName,
            DnValue::TeletexString("x".try_into().unwrap()),
        ),
        subject(
            DnType::LocalityName,
            DnValue::BmpString("x".try_into().unwrap()),
        ),
        subject(DnType::CountryName, printable("SWE")),
        subject(DnType::CountryName, DnValue::Utf8String("SE".into())),
        subject(email(), DnValue::Utf8String("a@example.org".into())),
    ] {
        assert_eq!(case.verdict(), Err(Rejected::UnusualName));
    }
}

#[test]
fn an_authority_key_identifier_that_names_a_certificate_must_name_the_anchor() {
    let root = ca("root");
    let name = Vec::from(
        Certificate::parse(&chain(&[ca("root")])[0])
            .unwrap()
            .subject,
    );
    let serial: u64 = "root".bytes().map(u64::from).sum();
    let aki = |serial: u64| {
        let issuer = [&[0xa4, name.len() as u8][..], &name].concat();
        let serial = serial.to_be_bytes();
        let mut content = [&[0xa1, issuer.len() as u8][..], &issuer].concat();
        content.extend([0x82, 2, serial[6], serial[7]]);
        [&[0x30, content.len() as u8][..], &content].concat()
    };
    let _ = root;
    let with =
        |content: &[u8]| with_int(ca("int").extension(&[2, 5, 29, 35], false, content)).verdict();
    assert_eq!(with(&aki(serial)), Ok(()));
    assert_eq!(with(&aki(serial + 1)), Err(Rejected::AuthorityKeyId));
    // a serial number alone
    assert_eq!(with(&[0x30, 3, 0x82, 1, 9]), Err(Rejected::AuthorityKeyId));
}

// Trust stores

#[test]
fn a_store_keeps_each_anchor_once_and_counts_what_it_cannot_read() {
    let roots: Vec<Vec<u8>> = ["c", "a", "b"]
        .iter()
        .map(|name| chain(&[ca(name)]).remove(0))
        .collect();
    let mut input = roots.clone();
    input.push(roots[0].clone());
    input.push(b"garbage".to_vec());
    input.push(vec![0x30; 1 << 17]);
    let (store, skipped) = TrustStore::from_ders(&input);
    assert_eq!((store.len(), skipped), (3, 2));
    let subjects: Vec<&[u8]> = store.subjects().collect();
    assert!(subjects.is_sorted());
    for root in &roots {
        let subject = Certificate::parse(root).unwrap().subject.to_vec();
        let found: Vec<&[u8]> = store
            .with_subject(&subject)
            .map(|anchor| anchor.der())
            .collect();
        assert_eq!(found, [root.as_slice()]);
    }
    assert_eq!(store.with_subject(b"nobody").count(), 0);
    assert!(store.memory() > roots.iter().map(Vec::len).sum());
    assert!(TrustStore::from_ders::<Vec<u8>>([]).0.is_empty());
}

#[test]
fn system_anchors_are_read() {
    let Ok(pem) = std::fs::read("/etc/ssl/certs/ca-certificates.crt") else {
        return;
    };
    let ders = pem_certificates(&pem).unwrap();
    let (store, skipped) = TrustStore::from_ders(&ders);
    assert_eq!((store.len(), skipped), (ders.len(), 0));
    let unusable = store
        .subjects()
        .filter(|subject| store.with_subject(subject).any(|a| !a.is_usable()))
        .count();
    assert!(unusable * 10 < store.len(), "{unusable} of {}", store.len());
}

#[test]
fn pem_sections_that_are_no_certificates_are_skipped() {
    let root = chain(&[ca("root")]).remove(0);
    let armor = |label: &str, der: &[u8]| {
        let hex = base64(der);
        format!("-----BEGIN {label}-----\n{hex}\n-----END {label}-----\n")
    };
    let text = format!(
        "comment\n{}{}{}",
        armor("PRIVATE KEY", b"x"),
        armor("CERTIFICATE", &root),
        armor("X509 CRL", b"y")
    );
    assert_eq!(pem_certificates(text.as_bytes()), Ok(vec![root]));
    assert_eq!(
        pem_certificates(b"-----BEGIN CERTIFICATE-----\nAAAA\n"),
        Err(BadPem)
    );
    assert_eq!(
        pem_certificates(b"-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n"),
        Err(BadPem)
    );
    assert_eq!(pem_certificates(b""), Ok(vec![]));
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    bytes
        .chunks(3)
        .map(|chunk| {
            let word = chunk
                .iter()
                .fold(0u32, |word, byte| word << 8 | u32::from(*byte))
                << (8 * (3 - chunk.len()));
            (0..4)
                .map(|i| match i <= chunk.len() {
                    true => ALPHABET[(word >> (18 - 6 * i) & 63) as usize] as char,
                    false => '=',
                })
                .collect::<String>()
        })
        .collect()
}

// Keys and signatures

#[test]
fn native_keys_sign_what_the_certificate_verifies() {
    let slow = [NamedGroup::SECP384R1, NamedGroup::SECP521R1].map(KeyType::Ec);
    for (key, key_type, schemes) in [
        (P256.clone(), KeyType::Ec(NamedGroup::SECP256R1), 1),
        (
            key_for(&rcgen::PKCS_ECDSA_P384_SHA384),
            KeyType::Ec(NamedGroup::SECP384R1),
            1,
        ),
        (
            key_for(&rcgen::PKCS_ECDSA_P521_SHA512),
            KeyType::Ec(NamedGroup::SECP521R1),
            1,
        ),
        (key_for(&rcgen::PKCS_ED25519), KeyType::Ed25519, 1),
        (RSA.clone(), KeyType::Rsa, 6),
    ] {
        let der = chain(&[leaf().keyed(&key)]).remove(0);
        let private = PrivateKey::from_der(KeyKind::Pkcs8, &key.serialize_der()).unwrap();
        let certified = CertifiedKey::new(vec![der.clone()], private).unwrap();
        assert_eq!(certified.leaf.key, key_type);
        assert!(certified.leaf.may_sign);
        assert_eq!(heavy(&der), slow.contains(&key_type));
        assert_eq!(certified.key.schemes().len(), schemes);
        assert_eq!(certified.key.external_id(), None);
        for scheme in certified.key.schemes() {
            let signature = certified.key.sign(*scheme, b"message").unwrap();
            assert_eq!(
                verify(*scheme, &der, b"message", &signature),
                Ok(()),
                "{scheme:?}"
            );
            assert_eq!(
                verify(*scheme, &der, b"massage", &signature),
                Err(VerifyError::BadSignature)
            );
            let mut bad = signature.clone();
            *bad.last_mut().unwrap() ^= 1;
            assert_eq!(
                verify(*scheme, &der, b"message", &bad),
                Err(VerifyError::BadSignature)
            );
            assert_eq!(
                verify(*scheme, &der, b"message", b""),
                Err(VerifyError::BadSignature)
            );
        }
        let foreign = match key_type {
            KeyType::Ed25519 => SignatureScheme::RSA_PSS_RSAE_SHA256,
            _ => SignatureScheme::ED25519,
        };
        assert_eq!(
            certified.key.sign(foreign, b"m"),
            Err(SignError::WrongScheme)
        );
        assert_eq!(verify(foreign, &der, b"m", b"s"), Err(VerifyError::BadKey));
        let other = chain(&[leaf().keyed(&OTHER_P256)]).remove(0);
        let private = PrivateKey::from_der(KeyKind::Pkcs8, &key.serialize_der()).unwrap();
        assert_eq!(
            CertifiedKey::new(vec![other], private).err(),
            Some(KeyError::Mismatch)
        );
        assert_eq!(format!("{:?}", certified.key), "PrivateKey(..)");
    }
}

/// Key and certificate that OpenSSL made.
fn openssl(name: &str) -> (Vec<u8>, Vec<u8>) {
    let read = |ending: &str| {
        let path = format!(
            "{}/src/x509/testdata/{name}.{ending}",
            env!("CARGO_MANIFEST_DIR")
        );
        std::fs::read(path).unwrap()
    };
    let key = rustls_pemfile::private_key(&mut read("key").as_slice())
        .unwrap()
        .unwrap();
    (
        key.secret_der().to_vec(),
        pem_certificates(&read("crt")).unwrap().remove(0),
    )
}

#[test]
fn keys_in_all_encodings_sign_as_their_certificates_say() {
    use SignatureScheme as S;
    for (name, kind, key_type, schemes) in [
        (
            "ec",
            KeyKind::Sec1,
            KeyType::Ec(NamedGroup::SECP384R1),
            &[S::ECDSA_SECP384R1_SHA384][..],
        ),
        (
            "rsa",
            KeyKind::Pkcs1,
            KeyType::Rsa,
            &[
                S::RSA_PSS_RSAE_SHA256,
                S::RSA_PSS_RSAE_SHA384,
                S::RSA_PSS_RSAE_SHA512,
                S::RSA_PKCS1_SHA256,
                S::RSA_PKCS1_SHA384,
                S::RSA_PKCS1_SHA512,
            ],
        ),
        (
            "pss",
            KeyKind::Pkcs8,
            KeyType::RsaPss(None),
            &[
                S::RSA_PSS_PSS_SHA256,
                S::RSA_PSS_PSS_SHA384,
                S::RSA_PSS_PSS_SHA512,
            ],
        ),
        (
            "pss384",
            KeyKind::Pkcs8,
            KeyType::RsaPss(Some(S::RSA_PSS_PSS_SHA384)),
            &[S::RSA_PSS_PSS_SHA384],
        ),
    ] {
        let (key, certificate) = openssl(name);
        let certified = CertifiedKey::new(
            vec![certificate.clone()],
            PrivateKey::from_der(kind, &key).unwrap(),
        )
        .unwrap();
        assert_eq!(certified.leaf.key, key_type);
        assert_eq!(certified.key.schemes(), schemes);
        for scheme in schemes {
            let signature = certified.key.sign(*scheme, b"m").unwrap();
            assert_eq!(
                verify(*scheme, &certificate, b"m", &signature),
                Ok(()),
                "{name} {scheme:?}"
            );
            assert_eq!(
                verify(*scheme, &certificate, b"n", &signature),
                Err(VerifyError::BadSignature)
            );
        }
        for wrong in [KeyKind::Pkcs1, KeyKind::Sec1, KeyKind::Pkcs8]
            .into_iter()
            .filter(|wrong| *wrong != kind)
        {
            assert_eq!(
                PrivateKey::from_der(wrong, &key).err(),
                Some(KeyError::Unsupported),
                "{name} {wrong:?}"
            );
        }
    }
    // A key bound to one hash verifies no other, and RSA-PSS keys make no PKCS #1 signatures.
    let (key, certificate) = openssl("pss384");
    assert_eq!(
        verify(S::RSA_PSS_PSS_SHA256, &certificate, b"m", b"s"),
        Err(VerifyError::BadKey)
    );
    assert_eq!(
        verify(S::RSA_PSS_RSAE_SHA384, &certificate, b"m", b"s"),
        Err(VerifyError::BadKey)
    );
    let pss = PrivateKey::from_der(KeyKind::Pkcs8, &key).unwrap();
    assert_eq!(
        pss.sign(S::RSA_PKCS1_SHA256, b"m"),
        Err(SignError::WrongScheme)
    );
}

#[test]
fn curves_are_bound_to_their_schemes() {
    let der = chain(&[leaf()]).remove(0);
    for scheme in [
        SignatureScheme::ECDSA_SECP384R1_SHA384,
        SignatureScheme::ECDSA_SECP521R1_SHA512,
        SignatureScheme::RSA_PSS_PSS_SHA256,
        SignatureScheme::MLDSA65,
    ] {
        assert_eq!(verify(scheme, &der, b"m", b"s"), Err(VerifyError::BadKey));
    }
    for scheme in [
        SignatureScheme::ED448,
        SignatureScheme::RSA_PKCS1_SHA1,
        SignatureScheme(0x1234),
    ] {
        assert_eq!(
            verify(scheme, &der, b"m", b"s"),
            Err(VerifyError::NoNativeRow)
        );
    }
    assert_eq!(
        verify(SignatureScheme::ED25519, b"no certificate", b"m", b"s"),
        Err(VerifyError::BadKey)
    );
}

/// RSA keys of sizes that the native rows do not take are not refused but asked about.
#[test]
fn small_rsa_keys_are_asked_about() {
    let der = include_bytes!("testdata/rsa1024.der");
    assert_eq!(super::rsa_bits(&super::spki(der).unwrap()), Some(1024));
    assert_eq!(
        verify(
            SignatureScheme::RSA_PSS_RSAE_SHA256,
            der,
            b"m",
            &[0x55; 128]
        ),
        Err(VerifyError::NoNativeRow)
    );
}

#[test]
fn external_keys_are_asked_for() {
    let der = chain(&[leaf()]).remove(0);
    let key = PrivateKey::external(7, vec![SignatureScheme::ECDSA_SECP256R1_SHA256]);
    let certified = CertifiedKey::new(vec![der], key).unwrap();
    assert_eq!(certified.key.external_id(), Some(7));
    assert_eq!(
        certified
            .key
            .sign(SignatureScheme::ECDSA_SECP256R1_SHA256, b"m"),
        Err(SignError::External)
    );
    assert_eq!(
        certified.key.sign(SignatureScheme::ED25519, b"m"),
        Err(SignError::WrongScheme)
    );
    assert_eq!(
        CertifiedKey::new(vec![], PrivateKey::external(1, vec![])).err(),
        Some(KeyError::NoCertificate)
    );
    assert_eq!(
        CertifiedKey::new(vec![vec![1]], PrivateKey::external(1, vec![])).err(),
        Some(KeyError::BadCertificate)
    );
}

#[test]
fn the_scheme_of_a_certificate_is_its_issuers() {
    let der = case(&[leaf(), ca("root").keyed(&RSA)]).sent.remove(0);
    assert_eq!(
        certificate_signature_scheme(&der),
        Ok(Some(SignatureScheme::RSA_PKCS1_SHA256))
    );
    assert_eq!(
        leaf_info(&der).unwrap().key,
        KeyType::Ec(NamedGroup::SECP256R1)
    );
    assert_eq!(certificate_signature_scheme(b""), Err(X509Error::Malformed));
    assert_eq!(
        certificate_signature_scheme(&vec![0x30; MAX_CERTIFICATE_LEN + 1]),
        Err(X509Error::TooLarge)
    );
}

// Hostile input

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    #[test]
    fn any_bytes_are_no_certificate_and_no_key(bytes: Vec<u8>) {
        prop_assert!(leaf_info(&bytes).is_err());
        for kind in [KeyKind::Pkcs1, KeyKind::Sec1, KeyKind::Pkcs8] {
            prop_assert!(PrivateKey::from_der(kind, &bytes).is_err());
        }
        let _ = pem_certificates(&bytes);
    }

    #[test]
    fn damaged_certificates_never_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut: Option<prop::sample::Index>,
    ) {
        static GOOD: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| with_leaf(leaf()).sent);
        static STORE: LazyLock<Arc<TrustStore>> =
            LazyLock::new(|| Arc::new(TrustStore::from_ders(with_leaf(leaf()).anchors).0));
        for which in 0..2 {
            let mut sent = GOOD.clone();
            let der = &mut sent[which];
            for (at, byte) in &changes {
                let at = at.index(der.len());
                der[at] = *byte;
            }
            if let Some(cut) = &cut {
                let len = cut.index(der.len());
                der.truncate(len);
            }
            let _ = leaf_info(der);
            let _ = TrustStore::from_ders([&*der]);
            let _ = verify(SignatureScheme::ECDSA_SECP256R1_SHA256, der, b"m", b"s");
            let config = NativeVerify { store: STORE.clone(), depth: 5 };
            let changed = sent != *GOOD;
            let verdict = verify_server_chain(&config, SCHEMES, &sent, None, NOW);
            prop_assert!(!changed || verdict.is_err());
        }
    }
}
