//! Questions that only the world can answer (TLS 1.2 and below): sessions, the secrets of users, Diffie-Hellman in groups
//! of anybody's choice. Each function makes the job with the continuation that takes its result.

use super::job::{Park, Take, Then};
use super::{Cx, Step};
use crate::config::DhParams;
use crate::crypto::Secret;
use crate::error::LocalFailure;
use crate::query::{Answer, Query};
use crate::session::SavedSession;

/// What a server sends to an SRP user (RFC 5054 section 2.5.3).
pub(super) struct SrpParams {
    /// N
    pub prime: Vec<u8>,
    /// g
    pub generator: Vec<u8>,
    /// s
    pub salt: Vec<u8>,
    /// B
    pub public: Vec<u8>,
}

fn ask(query: Query, take: Take) -> Step {
    Park::World(Some(Box::new(query)), take).into()
}

/// Asks for one kind of answer; another one does not fit.
macro_rules! asking {
    ($query:expr, $then:ident, $($answer:pat => $value:expr),+) => {
        ask(
            $query,
            Box::new(move |cx: &mut Cx<'_>, answer| match answer {
                $($answer => $then(cx, $value),)+
                _ => Err(LocalFailure::WrongAnswer.into()),
            }),
        )
    };
}

/// The session with this id, if there is one.
pub(super) fn session_lookup(
    session_id: Vec<u8>,
    server_name: Option<Vec<u8>>,
    then: Then<Option<Box<SavedSession>>>,
) -> Step {
    let query = Query::SessionLookup {
        session_id,
        server_name,
    };
    asking!(query, then, Answer::Session(session) => session)
}

/// The pre-shared key of an identity (server) or for a hint (client).
pub(super) fn psk_lookup(identity: Option<Vec<u8>>, then: Then<Option<Secret>>) -> Step {
    let query = Query::PskLookup { identity };
    asking!(query, then, Answer::Secret(key) => Some(key), Answer::Unknown => None)
}

/// Client: A and the premaster secret.
pub(super) fn srp_client(user: Vec<u8>, params: SrpParams, then: Then<(Vec<u8>, Secret)>) -> Step {
    let query = Query::SrpClient {
        user,
        prime: params.prime,
        generator: params.generator,
        salt: params.salt,
        peer_public: params.public,
    };
    asking!(query, then, Answer::KxResponse { public, secret } => (public, secret))
}

/// Server: what to send to the user; the world keeps what it is to be agreed with.
pub(super) fn srp_server(user: Vec<u8>, then: Then<Option<SrpParams>>) -> Step {
    let query = Query::SrpServer { user };
    asking!(
        query,
        then,
        Answer::SrpParams { prime, generator, salt, public } => Some(SrpParams {
            prime,
            generator,
            salt,
            public,
        }),
        Answer::Unknown => None
    )
}

/// Server: the premaster secret.
pub(super) fn srp_agree(peer_public: Vec<u8>, then: Then<Secret>) -> Step {
    let query = Query::SrpAgree { peer_public };
    asking!(query, then, Answer::Secret(secret) => secret)
}

/// Our public value; the world keeps the private one.
pub(super) fn dh_generate(params: DhParams, then: Then<Vec<u8>>) -> Step {
    let query = Query::DhGenerate {
        prime: params.prime,
        generator: params.generator,
    };
    asking!(query, then, Answer::Bytes(public) => public)
}

/// The shared secret with the key that the world kept.
pub(super) fn dh_agree(params: DhParams, peer_public: Vec<u8>, then: Then<Secret>) -> Step {
    let query = Query::DhAgree {
        prime: params.prime,
        generator: params.generator,
        peer_public,
    };
    asking!(query, then, Answer::Secret(secret) => secret)
}
