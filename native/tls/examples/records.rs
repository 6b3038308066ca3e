//! Time to seal and to open records, per suite: `cargo run --release -p tls-core --example records`.
#![forbid(unsafe_code)]

use std::time::Instant;
use tls_core::crypto::suites::{SuiteRow, SUITES};
use tls_core::crypto::{Secret, SystemRandom};
use tls_core::enums::{BeastMitigation, ContentType, ProtocolVersion};
use tls_core::record::{HandshakeJoiner, RecordReader, RecordWriter};
use tls_core::schedule::tls12::{DirectionKeys, MasterSecret, Prf};
use tls_core::schedule::tls13::{KeySchedule, TrafficSecret};

type Case = (ProtocolVersion, &'static SuiteRow);

/// One suite for each version and way of protecting records.
fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for version in [
        ProtocolVersion::TLS13,
        ProtocolVersion::TLS12,
        ProtocolVersion::TLS10,
    ] {
        for row in SUITES.iter().filter(|row| row.speaks(version)) {
            if !cases
                .iter()
                .any(|(v, seen)| *v == version && seen.cipher == row.cipher)
            {
                cases.push((version, row));
            }
        }
    }
    cases
}

fn secret(row: &SuiteRow) -> TrafficSecret {
    KeySchedule::new(row.hash, Some(&Secret::new(vec![1; 32])))
        .client_early_traffic(&row.hash.hash(&[]))
}

fn keys((version, row): Case) -> DirectionKeys {
    let master = MasterSecret::from_bytes(&[1; 48]).expect("the length of a master secret");
    Prf::new(version, row).key_block(&master, b"c", b"s").client
}

fn set_writer(writer: &mut RecordWriter, case: Case) {
    let done = match case.0 {
        ProtocolVersion::TLS13 => writer.set_tls13(case.1, secret(case.1)),
        _ => writer.set_tls12(keys(case), BeastMitigation::OneNMinusOne, &mut SystemRandom),
    };
    done.expect("suite rows are consistent");
}

fn set_reader(reader: &mut RecordReader, case: Case) {
    let aligned = HandshakeJoiner::new(0)
        .aligned()
        .expect("nothing was pushed");
    let done = match case.0 {
        ProtocolVersion::TLS13 => reader.set_tls13(case.1, secret(case.1), aligned),
        _ => reader.set_tls12(keys(case), true, aligned),
    };
    done.expect("suite rows are consistent");
}

/// The best of some rounds, in nanoseconds per record.
fn best(rounds: usize, records: usize, mut round: impl FnMut()) -> u128 {
    let times = (0..rounds).map(|_| {
        let start = Instant::now();
        round();
        start.elapsed().as_nanos() / records as u128
    });
    times.min().unwrap_or_default()
}

fn main() {
    println!(
        "{:<8} {:<46} {:>6} {:>8} {:>8}",
        "version", "suite", "bytes", "seal ns", "open ns"
    );
    for case in cases() {
        for size in [64, 1024, 16384] {
            let records = if size == 16384 { 100 } else { 1000 };
            let (mut writer, mut reader) = (RecordWriter::new(), RecordReader::new());
            set_writer(&mut writer, case);
            set_reader(&mut reader, case);
            let content = vec![7; size];
            let mut stream = Vec::new();
            let seal = best(20, records, || {
                stream.clear();
                for _ in 0..records {
                    writer
                        .write(ContentType::APPLICATION_DATA, &[&content], &mut stream)
                        .expect("key lasts");
                }
            });
            set_writer(&mut writer, case);
            let sealed = || {
                let mut stream = Vec::new();
                for _ in 0..records {
                    writer
                        .write(ContentType::APPLICATION_DATA, &[&content], &mut stream)
                        .expect("key lasts");
                }
                stream
            };
            let streams: Vec<Vec<u8>> = std::iter::repeat_with(sealed).take(20).collect();
            let mut streams = streams.iter();
            let mut plain = Vec::new();
            let open = best(20, records, || {
                plain.clear();
                // as the transport delivers them: several records a read
                for piece in streams.next().expect("as many rounds").chunks(256 * 1024) {
                    reader.open_into(piece, &mut plain).expect("untouched");
                }
                assert_eq!(plain.len(), records * size);
            });
            println!(
                "{:<8} {:<46} {size:>6} {seal:>8} {open:>8}",
                case.0.name().unwrap_or_default(),
                case.1.id.name().unwrap_or_default()
            );
        }
    }
}
