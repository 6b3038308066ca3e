//! Time to seal and to open records, per suite: `cargo run --release -p tls-core --example records`.
#![forbid(unsafe_code)]

use std::time::Instant;
use tls_core::crypto::suites::{SuiteRow, SUITES};
use tls_core::crypto::Secret;
use tls_core::enums::{ContentType, ProtocolVersion};
use tls_core::record::{HandshakeJoiner, RecordReader, RecordWriter};
use tls_core::schedule::tls13::{KeySchedule, TrafficSecret};

fn secret(row: &SuiteRow) -> TrafficSecret {
    KeySchedule::new(row.hash, Some(&Secret::new(vec![1; 32])))
        .client_early_traffic(&row.hash.hash(&[]))
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
        "{:<32} {:>7} {:>8} {:>8}",
        "suite", "bytes", "seal ns", "open ns"
    );
    for row in SUITES
        .iter()
        .filter(|row| row.speaks(ProtocolVersion::TLS13))
    {
        for size in [64, 1024, 16384] {
            let records = if size == 16384 { 200 } else { 2000 };
            let aligned = HandshakeJoiner::new(0)
                .aligned()
                .expect("nothing was pushed");
            let (mut writer, mut reader) = (RecordWriter::new(), RecordReader::new());
            writer
                .set_tls13(row, secret(row))
                .expect("suite rows are consistent");
            reader
                .set_tls13(row, secret(row), aligned)
                .expect("suite rows are consistent");
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
            writer
                .set_tls13(row, secret(row))
                .expect("suite rows are consistent");
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
                "{:<32} {size:>7} {seal:>8} {open:>8}",
                format!("{:?}", row.id)
            );
        }
    }
}
