//! Every message of a handshake, changed in every simple way: bits flipped, cut, extended, doubled, dropped, swapped, with
//! another type, split by other records.

use super::common::world::World12;
use super::common::*;
use super::{as_is, handshake};
use crate::config::Config;
use crate::connection::TamperFn;
use crate::enums::{
    AlertDescription, ContentType, HandshakeType, NamedGroup, ProtocolVersion, Role,
};
use crate::error::Error;

/// What is done to one message.
#[derive(Clone, Copy, Debug)]
enum Mutation {
    Flip {
        byte: usize,
        bit: u8,
    },
    /// The last bytes are missing, and the length says so.
    Shorten(usize),
    /// The last bytes are missing, the length is as before.
    Cut(usize),
    /// More bytes, and the length says so.
    Lengthen(usize),
    /// More bytes after the message.
    Append(usize),
    Double,
    Drop,
    SwapWithNext,
    Type(u8),
    /// Another record in the middle of the message.
    Interleave(ContentType),
    /// The message in an alert or application data record.
    OtherRecord(ContentType),
}

fn with_length(mut message: Vec<u8>) -> Vec<u8> {
    let len = (message.len() - 4) as u32;
    message[1..4].copy_from_slice(&len.to_be_bytes()[1..]);
    message
}

impl Mutation {
    fn apply(self, message: &[u8], held: &mut Option<Vec<u8>>) -> Vec<(ContentType, Vec<u8>)> {
        let mut bytes = message.to_vec();
        match self {
            Self::Flip { byte, bit } => {
                if let Some(byte) = bytes.get_mut(byte) {
                    *byte ^= 1 << bit;
                }
            }
            Self::Shorten(len) => {
                bytes.truncate(bytes.len().saturating_sub(len).max(4));
                bytes = with_length(bytes);
            }
            Self::Cut(len) => bytes.truncate(bytes.len().saturating_sub(len)),
            Self::Lengthen(len) => {
                bytes.extend(vec![0; len]);
                bytes = with_length(bytes);
            }
            Self::Append(len) => bytes.extend(vec![0; len]),
            Self::Double => bytes.extend_from_within(..),
            Self::Drop => return Vec::new(),
            Self::SwapWithNext => {
                *held = Some(bytes);
                return Vec::new();
            }
            Self::Type(msg_type) => bytes[0] = msg_type,
            Self::Interleave(content_type) => {
                let rest = bytes.split_off(bytes.len() / 2);
                let mut records = handshake(bytes);
                records.push((content_type, vec![1, 90]));
                records.extend(handshake(rest));
                return records;
            }
            Self::OtherRecord(content_type) => return vec![(content_type, bytes)],
        }
        handshake(bytes)
    }

    /// May the victim just wait for more?
    fn may_hang(self) -> bool {
        match self {
            // Before TLS 1.3 a HelloRequest, in the place of a ServerHelloDone, is ignored.
            Self::Cut(_) | Self::Drop | Self::SwapWithNext | Self::Type(0) => true,
            // What is appended begins a message whose length is anything.
            Self::Append(_) => true,
            // A longer length.
            Self::Flip { byte, .. } => (1..4).contains(&byte),
            _ => false,
        }
    }

    /// A mutation that changes nothing, or nothing that matters.
    fn is_harmless(self, kind: Kind, message: &[u8]) -> bool {
        match self {
            // Signatures differ in length.
            Self::Flip { byte, .. } => byte >= message.len(),
            Self::Type(msg_type) => message[0] == msg_type,
            // ServerHelloDone
            Self::Shorten(_) => message.len() == 4,
            // user_canceled between two halves of a message; RFC 8446 does not mind alerts there.
            Self::Interleave(content_type) => content_type == ContentType::ALERT,
            // HelloRequests, or the beginning of what comes after the handshake.
            Self::Append(_) => kind.old().is_some(),
            _ => false,
        }
    }
}

/// Which handshake.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Tls13,
    /// With a HelloRetryRequest.
    Retry,
    Tls12,
    Tls10,
}

const KINDS: [Kind; 4] = [Kind::Tls13, Kind::Retry, Kind::Tls12, Kind::Tls10];

impl Kind {
    fn old(self) -> Option<ProtocolVersion> {
        match self {
            Self::Tls13 | Self::Retry => None,
            Self::Tls12 => Some(ProtocolVersion::TLS12),
            Self::Tls10 => Some(ProtocolVersion::TLS10),
        }
    }
}

/// A pair to mutate, with client authentication.
fn pair(kind: Kind) -> (Peer, Peer) {
    if let Some(version) = kind.old() {
        let config = || Config {
            credentials: vec![p256().credential()],
            fail_if_no_peer_cert: true,
            ..client_config12(version, p256())
        };
        return (
            Peer::client(config()).in_world(World12::default()),
            Peer::server(config()).in_world(World12::default()),
        );
    }
    let client = Config {
        credentials: vec![p256().credential()],
        ..client_config(p256())
    };
    let server = Config {
        credentials: vec![p256().credential()],
        fail_if_no_peer_cert: true,
        groups: vec![match kind {
            Kind::Retry => NamedGroup::SECP256R1,
            _ => NamedGroup::X25519,
        }],
        ..client_config(p256())
    };
    (Peer::client(client), Peer::server(server))
}

/// The messages that a role sends.
fn messages(role: Role, kind: Kind) -> Vec<Vec<u8>> {
    let (mut client, mut server) = pair(kind);
    let (sender, log) = std::sync::mpsc::channel();
    let spy: TamperFn = Box::new(move |message| {
        sender.send(message.to_vec()).unwrap();
        as_is(message)
    });
    match role {
        Role::Client => client.connection.tx.tamper.0 = Some(spy),
        Role::Server => server.connection.tx.tamper.0 = Some(spy),
    }
    talk(&mut client, &mut server);
    assert_connected(&mut client, &mut server);
    log.try_iter().collect()
}

/// Runs a handshake in which the rogue changes its message number `target`.
fn run(role: Role, kind: Kind, target: usize, mutation: Mutation) {
    let (mut client, mut server) = pair(kind);
    let (mut index, mut held) = (0, None::<Vec<u8>>);
    let (told, tell) = std::sync::mpsc::channel();
    let tamper: TamperFn = Box::new(move |message| {
        index += 1;
        if index == target + 1 {
            told.send(mutation.is_harmless(kind, message)).unwrap();
            return mutation.apply(message, &mut held);
        }
        let mut records = as_is(message);
        records.extend(held.take().map(|held| (ContentType::HANDSHAKE, held)));
        records
    });
    let what = format!("{role:?} {kind:?} message {target} {mutation:?}");
    let (rogue, victim) = match role {
        Role::Client => (&mut client, &mut server),
        Role::Server => (&mut server, &mut client),
    };
    rogue.connection.tx.tamper.0 = Some(tamper);
    talk(rogue, victim);
    if tell.try_recv() == Ok(true) {
        return;
    }
    assert!(!victim.is_connected(), "{what}: connected");
    assert!(victim.data.is_empty(), "{what}: delivered");
    if !mutation.may_hang() {
        assert!(
            victim.error.is_some() || rogue.error.is_some(),
            "{what}: hangs"
        );
    }
    for (found, other) in [(&victim, &rogue), (&rogue, &victim)] {
        match found.error {
            Some(
                error @ (Error::Offence(_)
                | Error::Record(_)
                | Error::Join(_)
                | Error::Malformed(_)
                | Error::UnexpectedMessage(_)),
            ) => {
                let told = other.error.map(|error| error.alert());
                // Keys differ when the hellos do: then the alert cannot be read.
                assert!(
                    told == Some(error.alert())
                        || told == Some(AlertDescription::BAD_RECORD_MAC)
                        || other.error.is_none(),
                    "{what}: {error:?}, other {:?}",
                    other.error
                );
            }
            Some(Error::AlertReceived(_)) | None => {}
            Some(error) => panic!("{what}: {error:?} is not the peer's fault"),
        }
    }
}

fn each_message(kind: Kind, mutations: impl Fn(&[u8]) -> Vec<Mutation>) {
    for role in [Role::Client, Role::Server] {
        for (target, message) in messages(role, kind).iter().enumerate() {
            for mutation in mutations(message) {
                run(role, kind, target, mutation);
            }
        }
    }
}

#[test]
fn flipped_bits() {
    for kind in [Kind::Tls13, Kind::Tls12] {
        flip(kind);
    }
}

fn flip(kind: Kind) {
    each_message(kind, |message| {
        let step = if message.len() > 200 { 3 } else { 1 };
        let bytes = (0..message.len()).step_by(step);
        bytes
            .map(|byte| Mutation::Flip {
                byte,
                bit: (byte % 8) as u8,
            })
            .collect()
    });
}

#[test]
fn flipped_bits_around_a_retry() {
    each_message(Kind::Retry, |message| {
        let bytes = (0..message.len()).step_by(11);
        bytes
            .map(|byte| Mutation::Flip {
                byte,
                bit: (byte % 7) as u8,
            })
            .collect()
    });
}

#[test]
fn wrong_lengths() {
    for kind in KINDS {
        each_message(kind, |message| {
            let lens = [
                1,
                2,
                3,
                4,
                5,
                7,
                16,
                33,
                64,
                message.len() / 2,
                message.len(),
            ];
            lens.into_iter()
                .flat_map(|len| {
                    [
                        Mutation::Shorten(len),
                        Mutation::Cut(len),
                        Mutation::Lengthen(len),
                        Mutation::Append(len),
                    ]
                })
                .collect()
        });
    }
}

#[test]
fn doubled_dropped_and_swapped() {
    for kind in KINDS {
        each_message(kind, |_| {
            vec![Mutation::Double, Mutation::Drop, Mutation::SwapWithNext]
        });
    }
}

#[test]
fn every_message_where_another_is_expected() {
    for kind in [Kind::Tls13, Kind::Tls12] {
        each_message(kind, every_type);
    }
}

fn every_type(_: &[u8]) -> Vec<Mutation> {
    let known = HandshakeType::KNOWN
        .iter()
        .map(|msg_type| Mutation::Type(msg_type.0));
    known
        .chain([Mutation::Type(255), Mutation::Type(100)])
        .collect()
}

#[test]
fn other_records_in_the_middle_and_around() {
    let types = [
        ContentType::ALERT,
        ContentType::APPLICATION_DATA,
        ContentType(99),
    ];
    for kind in [Kind::Tls13, Kind::Tls12] {
        each_message(kind, |_| {
            let around = types
                .iter()
                .map(|content_type| Mutation::OtherRecord(*content_type));
            around
                .chain(
                    types
                        .iter()
                        .map(|content_type| Mutation::Interleave(*content_type)),
                )
                .collect()
        });
    }
}
