//! Protection of records of TLS 1.0 to 1.2, any suite: what was written is read, in both ways and cut anywhere; what was
//! changed, or is no record of the writer's at all, is refused and gives no plaintext.
//!
//! The first bytes: which suite and version, what is done to the stream, where.
#![no_main]
use libfuzzer_sys::fuzz_target;
use tls_core::crypto::suites::{SuiteRow, SUITES};
use tls_core::crypto::{Random, RandomFailed};
use tls_core::enums::{BeastMitigation, ContentType, ProtocolVersion};
use tls_core::record::{HandshakeJoiner, RecordReader, RecordWriter};
use tls_core::schedule::tls12::{DirectionKeys, MasterSecret, Prf};

/// The same input must give the same run.
struct Zeros;

impl Random for Zeros {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), RandomFailed> {
        out.fill(0);
        Ok(())
    }
}

fn keys(version: ProtocolVersion, row: &'static SuiteRow) -> DirectionKeys {
    let master = MasterSecret::from_bytes(&[7; 48]).expect("48 bytes");
    Prf::new(version, row).key_block(&master, b"c", b"s").client
}

fuzz_target!(|data: &[u8]| {
    let [which, version, what, at0, at1, cut, bytes @ ..] = data else { return };
    let rows: Vec<_> = SUITES.iter().filter(|row| row.speaks(ProtocolVersion::TLS12)).collect();
    let row = rows[usize::from(*which) % rows.len()];
    let version = ProtocolVersion(0x0301 + u16::from(version % 3));
    if !row.speaks(version) {
        return;
    }
    let aligned = HandshakeJoiner::new(0).aligned().expect("empty");
    let mut reader = RecordReader::new();
    reader.set_tls12(keys(version, row), what & 4 == 0, aligned).expect("keys fit");
    let mut writer = RecordWriter::new();
    let beast = [BeastMitigation::OneNMinusOne, BeastMitigation::ZeroN][usize::from(what >> 3 & 1)];
    writer.set_tls12(keys(version, row), beast, &mut Zeros).expect("keys fit");
    writer.set_max_fragment(1 + usize::from(*at1) * 16);
    let mut stream = Vec::new();
    let genuine = what & 3 < 2;
    if genuine {
        writer.write(ContentType::APPLICATION_DATA, &[bytes], &mut stream).expect("keys last");
    } else {
        // A header before bytes of any kind.
        let bytes = &bytes[..bytes.len().min(1 << 14)];
        stream.push(20 + at0 % 4);
        stream.extend_from_slice(&version.0.to_be_bytes());
        stream.extend_from_slice(&(bytes.len() as u16).to_be_bytes());
        stream.extend_from_slice(bytes);
    }
    let changed = what & 3 == 1 && !stream.is_empty();
    if changed {
        let at = usize::from(u16::from_be_bytes([*at0, *at1])) % stream.len();
        stream[at] ^= 1 << (cut & 7);
    }
    let (mut out, mut failed) = (Vec::new(), false);
    for piece in stream.chunks(1 + usize::from(*cut)) {
        if what & 16 == 0 {
            failed |= reader.open_into(piece, &mut out).is_err();
        } else {
            reader.feed(piece);
            loop {
                match reader.next() {
                    Ok(Some(record)) => out.extend_from_slice(record.payload),
                    Ok(None) => break,
                    Err(_) => {
                        failed = true;
                        break;
                    }
                }
            }
        }
    }
    if !genuine {
        assert!(out.is_empty());
    } else if changed {
        assert!(bytes.starts_with(&out) && (out.len() < bytes.len() || bytes.is_empty()));
    } else {
        // 0/n splitting of very many small records is all that can be too much for the reader.
        assert!(!failed && out == bytes);
    }
});
