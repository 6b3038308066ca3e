//! Every other handshake message, chosen by the first byte, and alerts.
#![no_main]
use libfuzzer_sys::fuzz_target;
use tls_core::wire::alert::Alert;
use tls_core::wire::message::*;

macro_rules! round_trip {
    ($parse:expr, $emit:expr) => {
        if let Ok(message) = $parse {
            let mut out = Vec::new();
            $emit(&message, &mut out);
            out
        } else {
            return;
        }
    };
}

fuzz_target!(|data: &[u8]| {
    let Some((choice, body)) = data.split_first() else { return };
    let offered = tls_core_fuzz::everything();
    match choice % 7 {
        0 => {
            let parse = |body: &[u8]| EncryptedExtensions::parse(body, &offered);
            let out = round_trip!(parse(body), |message: &EncryptedExtensions, out: &mut Vec<u8>| message.emit(out).unwrap());
            assert_eq!(parse(&out[4..]), parse(body));
        }
        1 => {
            let out = round_trip!(CertificateRequest::parse(body), |message: &CertificateRequest, out: &mut Vec<u8>| message.emit(out).unwrap());
            assert_eq!(CertificateRequest::parse(&out[4..]), CertificateRequest::parse(body));
        }
        2 => {
            let parse = |body: &[u8]| Certificate::parse(body, 10, &offered);
            let out = round_trip!(parse(body), |message: &Certificate, out: &mut Vec<u8>| message.emit(out).unwrap());
            assert_eq!(parse(&out[4..]), parse(body));
        }
        3 => {
            let out = round_trip!(CertificateVerify::parse(body), |message: &CertificateVerify, out: &mut Vec<u8>| message.emit(out).unwrap());
            assert_eq!(&out[4..], body);
        }
        4 => {
            let out = round_trip!(NewSessionTicket::parse(body), |message: &NewSessionTicket, out: &mut Vec<u8>| message.emit(out).unwrap());
            assert_eq!(NewSessionTicket::parse(&out[4..]), NewSessionTicket::parse(body));
        }
        5 => {
            if let Ok(message) = KeyUpdate::parse(body) {
                assert_eq!(&message.bytes()[4..], body);
            }
        }
        _ => {
            if let Ok(alert) = Alert::parse(body) {
                assert_eq!(alert.bytes(), body);
            }
        }
    }
});
