//! After the handshake: messages that may still come (RFC 8446 section 4.6), and exporters.

use crate::connection::Tx;
use crate::crypto::Secret;
use crate::enums::{HandshakeType, Role};
use crate::error::{Error, LocalFailure, Offence};
use crate::limits::{MAX_SESSION_TICKETS, MAX_TICKET_LIFETIME};
use crate::query::{Event, Output};
use crate::record::limits::{Budget, MAX_KEY_UPDATES};
use crate::record::{HandshakeJoiner, HandshakeMessage, RecordReader};
use crate::schedule::tls13::Exporter;
use crate::wire::extension::EarlyData;
use crate::wire::message::{KeyUpdate, NewSessionTicket};
use std::collections::VecDeque;

/// What is left of the machine.
pub(crate) struct Established {
    role: Role,
    exporter: Exporter,
    key_updates: Budget,
    tickets: Budget,
    /// How often the peer has updated its keys.
    peer_generation: u64,
}

/// Longest output of an exporter: what one HKDF-Expand can give with the shortest hash.
const MAX_EXPORT: usize = 255 * 32;

impl Established {
    pub(super) fn new(role: Role, exporter: Exporter) -> Box<Self> {
        Box::new(Self {
            role,
            exporter,
            key_updates: Budget::new(MAX_KEY_UPDATES),
            tickets: Budget::new(MAX_SESSION_TICKETS),
            peer_generation: 0,
        })
    }

    /// Application data came: budgets begin anew.
    pub fn data_came(&mut self) {
        self.key_updates.reset();
        self.tickets.reset();
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

    /// RFC 8446 section 7.5.
    pub fn export(&self, label: &[u8], context: &[u8], len: usize) -> Result<Secret, Error> {
        if len > MAX_EXPORT {
            return Err(LocalFailure::Export.into());
        }
        let mut out = vec![0; len];
        self.exporter
            .export(label, context, &mut out)
            .map_err(|_| LocalFailure::Export)?;
        Ok(Secret::new(out))
    }
}
