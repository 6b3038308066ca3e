//! The record reader in both of its ways, and the joiner behind it. The first byte says how the input is cut.
#![no_main]
use libfuzzer_sys::fuzz_target;
use tls_core::enums::ContentType;
use tls_core::record::{HandshakeJoiner, Opened, RecordReader};

fuzz_target!(|data: &[u8]| {
    let Some((step, bytes)) = data.split_first() else { return };
    let step = usize::from(*step).max(1);
    let mut reader = RecordReader::new();
    let mut joiner = HandshakeJoiner::new(1000);
    let mut contents = Vec::new();
    'all: for piece in bytes.chunks(step) {
        reader.feed(piece);
        loop {
            match reader.next() {
                Ok(Some(record)) => {
                    contents.push((record.content_type, record.payload.to_vec()));
                    if record.content_type == ContentType::HANDSHAKE && joiner.push(record.payload).is_ok() {
                        while let Ok(Some(message)) = joiner.next() {
                            assert!(message.body().len() <= 1000);
                        }
                    }
                }
                Ok(None) => break,
                Err(_) => break 'all,
            }
        }
    }
    // The other way sees the same.
    let mut reader = RecordReader::new();
    let (mut other, mut out) = (Vec::new(), Vec::new());
    'other: for piece in bytes.chunks(step) {
        let mut piece = piece;
        while let Ok(Opened::Control) = reader.open_into(piece, &mut out) {
            piece = &[];
            loop {
                match reader.next() {
                    Ok(Some(record)) => other.push((record.content_type, record.payload.to_vec())),
                    Ok(None) => break,
                    Err(_) => break 'other,
                }
            }
        }
    }
    assert!(out.is_empty());
    assert_eq!(contents, other);
});
