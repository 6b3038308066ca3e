//! One handshake more on a connection of TLS 1.2 or below (RFC 5246 sections 7.4.1.1 and 7.4.1.2, RFC 5746).
//!
//! A client begins with a ClientHello, of its own or when a HelloRequest asks for it; a server can only ask. Application
//! data goes on meanwhile. Who does not want says no_renegotiation, a warning.

use super::{client12_hello, expect, server12, Cx, Step};
use crate::enums::{AlertDescription, HandshakeType, ProtocolVersion, Role};
use crate::error::{Error, LocalFailure, Offence};
use crate::limits::RENEGOTIATION_INTERVAL;
use crate::record::HandshakeMessage;
use crate::wire::hello::ClientHello;
use crate::wire::message12::Empty;

/// We want to: a client begins, a server asks (`None`).
pub(crate) fn begin(role: Role, cx: &mut Cx<'_>) -> Result<Option<Step>, Error> {
    let before = cx.common.previous.as_ref();
    let before = before.ok_or(LocalFailure::NoRenegotiation)?;
    if !before.secure {
        return Err(LocalFailure::NoRenegotiation.into());
    }
    match role {
        Role::Client => client12_hello::renegotiate(cx).map(Some),
        Role::Server => {
            cx.common.renegotiation.asked = true;
            cx.tx.handshake(&Empty::HelloRequest.bytes())?;
            Ok(None)
        }
    }
}

/// The peer wants to, by a message that comes while no handshake is under way. `None`: refused.
pub(crate) fn asked(
    role: Role,
    cx: &mut Cx<'_>,
    message: &HandshakeMessage,
) -> Result<Option<Step>, Error> {
    let wanted = match role {
        Role::Client => HandshakeType::HELLO_REQUEST,
        Role::Server => HandshakeType::CLIENT_HELLO,
    };
    expect(message, wanted)?;
    if role == Role::Client {
        Empty::HelloRequest.check(message.body())?;
        // A server that could not prove that it is the same one is not answered.
        let secure = cx.common.previous.as_ref().is_some_and(|last| last.secure);
        return match secure {
            true => client12_hello::renegotiate(cx).map(Some),
            false => refuse(cx),
        };
    }
    if !allowed(cx) {
        return refuse(cx);
    }
    let hello = ClientHello::parse(message.body())?;
    let version = again(cx, &hello)?;
    server12::hello(cx, hello, message, version).map(Some)
}

/// May the client have a renegotiation now? If we have asked for it, yes; otherwise only so often, because it costs a server
/// more than a client.
fn allowed(cx: &mut Cx<'_>) -> bool {
    let now = cx.common.now;
    let state = &mut cx.common.renegotiation;
    if core::mem::take(&mut state.asked) {
        return true;
    }
    let waited = state
        .last
        .is_none_or(|last| now.saturating_sub(last) >= RENEGOTIATION_INTERVAL);
    if !cx.common.config.client_renegotiation || !waited {
        return false;
    }
    state.last = Some(now);
    true
}

/// The version stays. (TLS 1.3 cannot be reached this way: RFC 8446 section 4.1.2.)
fn again(cx: &Cx<'_>, hello: &ClientHello) -> Result<ProtocolVersion, Offence> {
    let before = cx.common.previous.as_ref().map(|last| last.info.version);
    let listed = hello.extensions.versions_offered();
    let stays = |version: &ProtocolVersion| match listed {
        Some(versions) => versions.contains(&version.0),
        None => version.0 <= hello.legacy_version,
    };
    before.filter(stays).ok_or(Offence::UnsupportedVersion)
}

/// Client: is it still the same server? Without extended_master_secret an attacker can give two connections, one with each of
/// the others, the same master secret, and the same Finished once the session is resumed; renegotiation_info then proves nothing
/// (RFC 7627 section 1, the "triple handshake"). What the attacker cannot do is show the same certificate to both. So the
/// server has to show the one that it showed before, or again none. With extended_master_secret it may show any that is good.
pub(super) fn same_server(cx: &Cx<'_>, chain: &[Vec<u8>]) -> Result<(), Offence> {
    let before = cx.common.previous.as_ref().map(|last| &last.info);
    match before {
        Some(info) if !info.extended_master_secret && info.peer_chain.first() != chain.first() => {
            Err(Offence::ServerCertificateChanged)
        }
        _ => Ok(()),
    }
}

fn refuse(cx: &mut Cx<'_>) -> Result<Option<Step>, Error> {
    cx.common
        .renegotiation
        .refused
        .spend()
        .map_err(|_| Offence::TooManyRenegotiations)?;
    cx.tx.warn(AlertDescription::NO_RENEGOTIATION);
    Ok(None)
}
