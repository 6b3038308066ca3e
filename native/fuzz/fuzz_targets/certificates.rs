//! Certificates: rubbish of any kind, and a good chain with bytes changed, put in, taken out, its certificates in another order:
//! what is verified is what was signed.
#![no_main]
use libfuzzer_sys::fuzz_target;
use std::sync::Arc;
use tls_core::config::NativeVerify;
use tls_core::enums::SignatureScheme;
use tls_core::x509::*;
use tls_core_fuzz::{chain, Chain};

/// Within the validity of what rcgen makes by itself.
const NOW: u64 = 1_790_000_000;

fuzz_target!(|data: &[u8]| {
    let Some((choice, data)) = data.split_first() else { return };
    let Chain { leaf, intermediate, ca } = chain();
    let good = [leaf, intermediate];
    let mut certificates: Vec<Vec<u8>> = Vec::new();
    if choice & 1 == 0 {
        // Each with its length before it.
        let mut rest = data;
        while let [high, low, tail @ ..] = rest {
            let len = usize::from(u16::from_be_bytes([*high, *low])).min(tail.len());
            let (certificate, tail) = tail.split_at(len);
            certificates.push(certificate.to_vec());
            rest = tail;
        }
    } else {
        certificates = good.map(Clone::clone).to_vec();
        for step in data.chunks_exact(4) {
            let [what, high, low, value] = *step else { return };
            let at = usize::from(u16::from_be_bytes([high, low]));
            let count = certificates.len();
            let Some(certificate) = certificates.get_mut(usize::from(what >> 4) % count) else { return };
            let at = at % certificate.len().max(1);
            match what & 7 {
                0..=2 if !certificate.is_empty() => certificate[at] ^= value,
                3 => certificate.insert(at, value),
                4 if !certificate.is_empty() => drop(certificate.remove(at)),
                5 => certificate.truncate(at),
                6 => certificates.push(ca.clone()),
                _ => certificates.rotate_left(1),
            }
        }
    }
    let mut whole = true;
    for certificate in &certificates {
        let info = leaf_info(certificate);
        whole &= info.is_ok();
        assert_eq!(info.is_ok(), info.is_ok() && spki(certificate).is_ok());
        assert_eq!(spki(certificate).is_ok(), issuer(certificate).is_some());
        assert_eq!(spki(certificate).is_ok(), certificate_signature_scheme(certificate).is_ok());
    }
    let schemes = [SignatureScheme::ECDSA_SECP256R1_SHA256];
    let verify = |anchors: &[Vec<u8>]| {
        let (store, skipped) = TrustStore::from_ders(anchors);
        // Each anchor is kept once.
        assert!(store.len() + skipped <= anchors.len());
        let config = NativeVerify { store: Arc::new(store), depth: 5 };
        let name = Some(Name::Dns(b"fuzz.test"));
        let server = verify_server_chain(&config, &schemes, &certificates, name, NOW);
        let client = verify_client_chain(&config, &schemes, &certificates, NOW);
        server.is_ok() || client.is_ok()
    };
    // Whatever the anchors are; and under the good one only what it has signed.
    verify(&certificates);
    if verify(std::slice::from_ref(ca)) {
        assert!(whole);
        assert_eq!(certificates[0], *leaf);
    }
});
