//! Every handshake message that only TLS 1.2 and before have, or have in another form: version, message and shape by the
//! first byte.
#![no_main]
use libfuzzer_sys::fuzz_target;
use tls_core::enums::ProtocolVersion;
use tls_core::wire::message12::*;

fuzz_target!(|data: &[u8]| {
    let Some((choice, body)) = data.split_first() else { return };
    let on = |bit: u8| choice & (1 << bit) != 0;
    let version = if on(7) { ProtocolVersion::TLS12 } else { ProtocolVersion::TLS11 };
    let mut out = Vec::new();
    match choice % 7 {
        0 => {
            let Ok(message) = Certificate12::parse(body, 10) else { return };
            message.emit(&mut out).unwrap();
        }
        1 => {
            let Ok(message) = CertificateStatus::parse(body) else { return };
            message.emit(&mut out).unwrap();
        }
        2 => {
            let Ok(message) = CertificateRequest12::parse(body, version) else { return };
            message.emit(&mut out).unwrap();
        }
        3 => {
            let Ok(message) = DigitallySigned::parse_certificate_verify(body, version) else { return };
            message.emit_certificate_verify(&mut out).unwrap();
        }
        4 => {
            let params = [ParamsKind::None, ParamsKind::Ecdh, ParamsKind::Dh, ParamsKind::Srp];
            let params = params[usize::from(choice >> 5 & 3)];
            let shape = ServerShape { hint: on(3), params, signed: on(4) };
            let Ok(message) = ServerKeyExchange::parse(body, shape, version) else { return };
            message.emit(&mut out).unwrap();
        }
        5 => {
            let exchange = if on(4) { ClientShape::POINT } else { ClientShape::NUMBER };
            let shape = ClientShape { identity: on(3), exchange: on(5).then_some(exchange).flatten() };
            let Ok(message) = ClientKeyExchange::parse(body, shape) else { return };
            message.emit(shape, &mut out).unwrap();
        }
        _ => {
            // The padding is not kept.
            let Ok(message) = NextProtocol::parse(body) else { return };
            message.emit(&mut out).unwrap();
            assert_eq!(NextProtocol::parse(&out[4..]), Ok(message));
            return;
        }
    }
    assert_eq!(&out[4..], body);
});
