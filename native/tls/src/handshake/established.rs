//! After the handshake: messages that may still come (RFC 8446 section 4.6), and exporters.

use crate::connection::{Info, Tx};
use crate::crypto::Secret;
use crate::enums::{HandshakeType, Role};
use crate::error::{Error, LocalFailure, Offence};
use crate::limits::{MAX_SESSION_TICKETS, MAX_TICKET_LIFETIME};
use crate::query::{Event, Output};
use crate::record::limits::{Budget, MAX_KEY_UPDATES};
use crate::record::{HandshakeJoiner, HandshakeMessage, RecordReader};
use crate::schedule::tls12::{MasterSecret, Prf};
use crate::schedule::tls13::Exporter;
use crate::wire::extension::EarlyData;
use crate::wire::message::{KeyUpdate, NewSessionTicket};
use std::collections::VecDeque;

/// What is left of the machine.
pub(crate) struct Established {
    role: Role,
    secrets: Secrets,
    key_updates: Budget,
    tickets: Budget,
    /// The peer asked for new keys, and no data came since.
    asked: bool,
    /// How often the peer has updated its keys.
    peer_generation: u64,
}

enum Secrets {
    Tls13(Exporter),
    Tls12 {
        prf: Prf,
        master: MasterSecret,
        client_random: [u8; 32],
        server_random: [u8; 32],
    },
}

/// Longest output of an exporter: what one HKDF-Expand can give with the shortest hash. The PRF before TLS 1.3 has no end;
/// it gets the same.
const MAX_EXPORT: usize = 255 * 32;

impl Established {
    pub(super) fn new(role: Role, exporter: Exporter) -> Box<Self> {
        Self::with(role, Secrets::Tls13(exporter))
    }

    /// After a handshake of TLS 1.2 or below.
    pub(super) fn tls12(role: Role, prf: Prf, master: MasterSecret, info: &Info) -> Box<Self> {
        Self::with(
            role,
            Secrets::Tls12 {
                prf,
                master,
                client_random: info.client_random,
                server_random: info.server_random,
            },
        )
    }

    fn with(role: Role, secrets: Secrets) -> Box<Self> {
        Box::new(Self {
            role,
            secrets,
            key_updates: Budget::new(MAX_KEY_UPDATES),
            tickets: Budget::new(MAX_SESSION_TICKETS),
            asked: false,
            peer_generation: 0,
        })
    }

    /// Application data came, which pays for what the peer may do. `true`: a request for new keys came before it.
    ///
    /// A request is answered with our next data (RFC 8446 section 4.6.3), or once data of the peer's have followed it: so a
    /// series of requests costs one answer, and a peer that only sends sees the new keys nevertheless.
    pub fn data_came(&mut self, bytes: usize) -> bool {
        self.key_updates
            .refill(u32::try_from(bytes).unwrap_or(u32::MAX));
        self.tickets.reset();
        core::mem::take(&mut self.asked)
    }

    /// How often the peer has updated its keys.
    pub fn peer_generation(&self) -> u64 {
        self.peer_generation
    }

    /// A handshake message.
    pub fn handle(
        &mut self,
        message: &HandshakeMessage,
        reader: &mut RecordReader,
        joiner: &HandshakeJoiner,
        tx: &mut Tx,
        queue: &mut VecDeque<Output>,
    ) -> Result<(), Error> {
        match (self.role, message.msg_type()) {
            (_, HandshakeType::KEY_UPDATE) => {
                let KeyUpdate { requested } = KeyUpdate::parse(message.body())?;
                self.key_updates
                    .spend()
                    .map_err(|_| Offence::TooManyKeyUpdates)?;
                reader.update_key(joiner.aligned()?)?;
                self.peer_generation += 1;
                if requested {
                    tx.answer_key_update();
                    self.asked = true;
                }
                queue.push_back(Output::Event(Event::PeerKeyUpdate {
                    update_requested: requested,
                }));
                Ok(())
            }
            (Role::Client, HandshakeType::NEW_SESSION_TICKET) => {
                let ticket = NewSessionTicket::parse(message.body())?;
                self.tickets
                    .spend()
                    .map_err(|_| Offence::TooManySessionTickets)?;
                if ticket.lifetime > MAX_TICKET_LIFETIME {
                    return Err(Offence::TicketLifetimeTooLong.into());
                }
                let max_early_data = match ticket.extensions.early_data() {
                    Some(EarlyData::MaxSize(size)) => size,
                    _ => 0,
                };
                queue.push_back(Output::Event(Event::SessionTicket {
                    lifetime: ticket.lifetime,
                    age_add: ticket.age_add,
                    nonce: ticket.nonce,
                    ticket: ticket.ticket,
                    max_early_data,
                }));
                Ok(())
            }
            (_, other) => Err(Error::UnexpectedMessage(other)),
        }
    }

    /// RFC 8446 section 7.5, where no context is the empty one; RFC 5705 before, where it is not.
    pub fn export(
        &self,
        label: &[u8],
        context: Option<&[u8]>,
        len: usize,
    ) -> Result<Secret, Error> {
        if len > MAX_EXPORT {
            return Err(LocalFailure::Export.into());
        }
        let mut out = vec![0; len];
        match &self.secrets {
            Secrets::Tls13(exporter) => exporter
                .export(label, context.unwrap_or_default(), &mut out)
                .map_err(|_| LocalFailure::Export)?,
            Secrets::Tls12 {
                prf,
                master,
                client_random,
                server_random,
            } => prf
                .export(
                    master,
                    label,
                    client_random,
                    server_random,
                    context,
                    &mut out,
                )
                .map_err(|_| LocalFailure::Export)?,
        }
        Ok(Secret::new(out))
    }

    /// TLS 1.2 and below.
    pub fn master_secret(&self) -> Option<&MasterSecret> {
        match &self.secrets {
            Secrets::Tls13(_) => None,
            Secrets::Tls12 { master, .. } => Some(master),
        }
    }

    /// TLS 1.2 and below: the PRF itself.
    pub fn prf(&self, secret: &[u8], label: &[u8], seed: &[u8], len: usize) -> Option<Secret> {
        match &self.secrets {
            Secrets::Tls12 { prf, .. } if len <= MAX_EXPORT => {
                let mut out = vec![0; len];
                prf.raw(secret, label, seed, &mut out);
                Some(Secret::new(out))
            }
            _ => None,
        }
    }
}
