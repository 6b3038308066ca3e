//! What a peer before TLS 1.3 may do again and again, or at length: it costs what the peer has paid for, and no more.

use super::common::world::World12;
use super::common::*;
use super::{message, nth_hello, without};
use crate::config::Config;
use crate::connection::Connection;
use crate::crypto::suites::{KeyExchange, SUITES as ALL};
use crate::enums::*;
use crate::error::Offence;
use crate::limits::KEEP_PENDING;
use crate::query::Output;
use crate::wire::extension::*;
use crate::wire::hello::ClientHello;
use std::time::{Duration, Instant};

const TLS12: ProtocolVersion = ProtocolVersion::TLS12;

fn server_with(config: Config) -> Peer {
    Peer::server(config).in_world(World12::default())
}

fn client() -> Peer {
    Peer::client(client_config12(TLS12, p256())).in_world(World12::default())
}

/// How long the server takes for a hello, and how long it takes to read it; of several attempts the shortest times.
fn times_of(change: fn(&mut ClientHello)) -> (Duration, Duration) {
    let config = || {
        let suites = ALL.iter().filter(|row| {
            row.speaks(TLS12) && matches!(row.kx, KeyExchange::Ecdhe | KeyExchange::Dhe)
        });
        Config {
            cipher_suites: suites.map(|row| row.id).collect(),
            credentials: identities().iter().map(Identity::credential).collect(),
            ..server_config12(TLS12, p256())
        }
    };
    let attempt = |_| {
        let (mut victim, mut rogue) = (server_with(config()), client());
        rogue.connection.tx.tamper.0 = Some(nth_hello(0, change));
        let hello = rogue.run();
        let begin = Instant::now();
        victim.feed(&hello);
        let handled = begin.elapsed();
        assert_eq!(victim.error, Some(Offence::NoSharedCipher.into()));
        let mut body = Vec::new();
        let mut records = &hello[..];
        while let [_, _, _, a, b, rest @ ..] = records {
            let (content, later) = rest.split_at(usize::from(u16::from_be_bytes([*a, *b])));
            body.extend_from_slice(content);
            records = later;
        }
        let begin = Instant::now();
        ClientHello::parse(&body[4..]).unwrap();
        (handled, begin.elapsed())
    };
    let (handled, read): (Vec<_>, Vec<_>) = (0..5).map(attempt).unzip();
    (
        handled.into_iter().min().unwrap(),
        read.into_iter().min().unwrap(),
    )
}

/// Each of the lists is gone through a few times, whatever certificates and suites there are. (Comparing everything with
/// everything takes eighty times as long as reading.)
#[test]
fn lists_that_fill_a_hello() {
    const UNKNOWN: u16 = 0xfefe;
    let schemes = times_of(|hello| {
        let list = vec![SignatureScheme(UNKNOWN); 30_000];
        let mut extensions = without(&hello.extensions, ExtensionType::SIGNATURE_ALGORITHMS);
        extensions.set(Extension::SignatureAlgorithms(list));
        extensions.set(Extension::SignatureAlgorithmsCert(SCHEMES.to_vec()));
        hello.extensions = extensions;
    });
    let suites = times_of(|hello| hello.cipher_suites = vec![CipherSuite(UNKNOWN); 32_000]);
    for (handled, read) in [schemes, suites] {
        assert!(handled < 20 * read, "{handled:?} {read:?}");
    }
}

/// A client that asks for what is refused, pays for it with a byte of data now and then, and never reads: answers that nobody
/// fetches do not pile up.
#[test]
fn refusals_that_nobody_reads() {
    let (mut rogue, mut victim) = (client(), server_with(server_config12(TLS12, p256())));
    talk(&mut rogue, &mut victim);
    assert_connected(&mut rogue, &mut victim);
    let requests = message(HandshakeType::CLIENT_HELLO, &[]).repeat(32);
    for _ in 0..1000 {
        let Connection { tx, .. } = &mut rogue.connection;
        tx.write_record(ContentType::HANDSHAKE, &requests);
        let mut sent = Vec::new();
        tx.seal(&[b"."], &mut sent).unwrap();
        let Connection { rx, tx } = &mut victim.connection;
        rx.feed(&sent);
        while !matches!(rx.next(tx), Output::Idle) {}
    }
    let mut waiting = Vec::new();
    victim.connection.tx.take_pending(&mut waiting);
    let limit = KEEP_PENDING + 64;
    assert!((64..limit).contains(&waiting.len()), "{}", waiting.len());
    // There is room again.
    rogue
        .connection
        .tx
        .write_record(ContentType::HANDSHAKE, &requests[..4]);
    let mut sent = Vec::new();
    rogue.connection.tx.take_pending(&mut sent);
    assert!(!victim.feed(&sent).is_empty());
}
