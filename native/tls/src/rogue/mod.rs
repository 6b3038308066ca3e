//! Rogue peers: our own client and server, whose handshake messages are changed on their way out.
//!
//! Whatever comes, the other side ends in a typed error with its alert; it never connects, panics or delivers anything.

#[path = "../../tests/common/mod.rs"]
pub mod common;

mod client12_offences;
mod client_offences;
mod floods12;
mod mutations;
mod server12_offences;
mod server_offences;

use crate::connection::TamperFn;
use crate::enums::{ContentType, HandshakeType};
use crate::error::Error;
use crate::wire::extension::{Extension, Extensions};
use crate::wire::hello::ClientHello;
use common::*;

/// The message as it is, in a record of its own.
fn as_is(message: &[u8]) -> Vec<(ContentType, Vec<u8>)> {
    handshake(message.to_vec())
}

/// A handshake record.
fn handshake(content: Vec<u8>) -> Vec<(ContentType, Vec<u8>)> {
    vec![(ContentType::HANDSHAKE, content)]
}

/// Changes the `nth` message of a type.
fn change_nth(
    msg_type: HandshakeType,
    nth: usize,
    mut change: impl FnMut(&[u8]) -> Vec<(ContentType, Vec<u8>)> + Send + 'static,
) -> TamperFn {
    let mut seen = 0;
    Box::new(move |message| {
        if message[0] == msg_type.0 {
            seen += 1;
            if seen == nth + 1 {
                return change(message);
            }
        }
        as_is(message)
    })
}

/// Changes the `nth` ClientHello.
fn nth_hello(nth: usize, change: impl Fn(&mut ClientHello) + Send + 'static) -> TamperFn {
    change_nth(HandshakeType::CLIENT_HELLO, nth, move |message| {
        let mut hello = ClientHello::parse(&message[4..]).unwrap();
        change(&mut hello);
        let mut out = Vec::new();
        hello.emit(&mut out).unwrap();
        handshake(out)
    })
}

/// Lets the rogue talk to the victim, who must find `cause` and tell the rogue.
fn expect(mut victim: Peer, mut rogue: Peer, tamper: TamperFn, cause: impl Into<Error>) {
    let cause = cause.into();
    rogue.connection.tx.tamper.0 = Some(tamper);
    talk(&mut rogue, &mut victim);
    assert_eq!(victim.error, Some(cause));
    assert!(victim.data.is_empty());
    assert_eq!(
        rogue.error,
        Some(Error::AlertReceived(cause.alert())),
        "{cause:?}"
    );
}

/// A message of another type.
fn message(msg_type: HandshakeType, body: &[u8]) -> Vec<u8> {
    let len = (body.len() as u32).to_be_bytes();
    [&[msg_type.0], &len[1..], body].concat()
}

/// The extensions without those of this type.
fn without(extensions: &Extensions, code: crate::enums::ExtensionType) -> Extensions {
    let kept = extensions
        .iter()
        .filter(|extension| extension.extension_type() != code);
    Extensions::new(kept.cloned().collect())
}

/// The extensions and one more.
fn with(extensions: &Extensions, extension: Extension) -> Extensions {
    let mut all = extensions.clone();
    all.push(extension);
    all
}

/// An element with an arc of an object identifier that takes `public_key` minutes.
fn bomb() -> Vec<u8> {
    let arc = [0xff; 60_000];
    [&[0x06, 0x82, 0xea, 0x62, 42][..], &arc, &[1]].concat()
}
