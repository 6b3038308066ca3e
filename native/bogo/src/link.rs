//! One connection: a TCP socket on one side, the core on the other, and what was seen in between.
//!
//! The core does no IO and never waits, so everything `-async` is about in BoringSSL (a return to the caller for every
//! byte and every callback) is here the ordinary case. With `-async` the input goes in byte by byte and private keys are
//! external ones (see `setup`), so that the handshake stops at every place where it can.

use crate::answers::{self, Sessions};
use crate::flags::Options;
use crate::setup::Setup;
use std::fmt;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpStream};
use std::time::{SystemTime, UNIX_EPOCH};
use tls_core::connection::{Connection, Info};
use tls_core::crypto::SystemRandom;
use tls_core::enums::{AlertDescription, ProtocolVersion};
use tls_core::error::Error;
use tls_core::query::{Event, Output};
use tls_core::record::Opened;
use tls_core::trace::Traced;

/// Why a connection did not go as the flags want it.
pub enum Failure {
    /// The core gave up.
    Tls(Error),
    /// The transport ended during the handshake.
    Eof,
    /// An expectation does not hold, or the shim was told to fail.
    Shim(String),
    /// The socket, other than its end.
    Io(std::io::Error),
    /// The test turns out to belong to a later subject.
    Later(&'static str),
    /// The flags ask for what the shim turns out not to have.
    Lacking(String),
}

impl fmt::Display for Failure {
    /// What goes to stderr, where the runner looks for the names in the `ErrorMap` of the configuration.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Tls(error) => write!(f, "tls: {error:?}: {error}"),
            Failure::Eof => f.write_str("transport closed during the handshake"),
            Failure::Shim(text) | Failure::Lacking(text) => f.write_str(text),
            Failure::Later(subject) => f.write_str(subject),
            Failure::Io(error) => write!(f, "socket: {error}"),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Failure::Io(error)
    }
}

/// What a read found.
pub enum Input {
    Data(Vec<u8>),
    /// The peer's close_notify.
    Closed,
    /// The end of the transport without one.
    Eof,
}

/// What the core told along the way.
#[derive(Default)]
pub struct Seen {
    pub info: Option<Box<Info>>,
    /// First application traffic secrets: client's, server's.
    pub traffic_secrets: (Vec<u8>, Vec<u8>),
    pub tickets: usize,
    pub renegotiations: usize,
    pub closed: bool,
    /// Messages that came and went, as `-expect-msg-callback` has them.
    pub messages: Vec<String>,
    pub answers: answers::Seen,
}

/// A handshake message or change_cipher_spec as BoringSSL's message callback tells it. Alerts are left out: of an encrypted
/// record only the bytes are to be seen.
fn message_line(traced: &Traced) -> Option<String> {
    let way = if traced.inbound { "read" } else { "write" };
    match (traced.message, traced.bytes.first()?) {
        (true, message_type) => Some(format!("{way} hs {message_type}")),
        (false, 20) => Some(format!("{way} ccs")),
        (false, _) => None,
    }
}

/// A connection at work.
pub struct Link<'a> {
    options: &'a Options,
    setup: &'a Setup,
    sessions: &'a mut Sessions,
    socket: TcpStream,
    core: Connection,
    /// Sealed bytes that the socket has not been given yet.
    unsent: Vec<u8>,
    /// The rest of a record that `write_unfinished` began; it goes before anything written later.
    unfinished: Vec<u8>,
    /// Received plaintext that nobody has read yet.
    unread: Vec<u8>,
    pub seen: Seen,
}

impl<'a> Link<'a> {
    /// Connects to the runner and says which shim this is.
    pub fn connect(
        options: &'a Options,
        setup: &'a Setup,
        sessions: &'a mut Sessions,
    ) -> Result<Self, Failure> {
        let address: SocketAddr = match options.ipv6 {
            true => (Ipv6Addr::LOCALHOST, options.port).into(),
            false => (Ipv4Addr::LOCALHOST, options.port).into(),
        };
        let mut socket = TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        socket.write_all(&options.shim_id.to_le_bytes())?;
        let random = Box::new(SystemRandom);
        let mut core = match options.server {
            true => Connection::server(setup.config.clone(), random),
            false => Connection::client(
                setup.config.clone(),
                setup.client_params(options, sessions),
                random,
            ),
        };
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |t| t.as_secs());
        core.rx.set_now(now);
        if options.expect_messages.is_some() {
            Connection::set_trace(&mut core.rx, &mut core.tx, true);
        }
        Ok(Self {
            options,
            setup,
            sessions,
            socket,
            core,
            unsent: Vec::new(),
            unfinished: Vec::new(),
            unread: Vec::new(),
            seen: Seen::default(),
        })
    }

    /// Until application data may flow.
    pub fn handshake(&mut self) -> Result<(), Failure> {
        self.run()?;
        while self.seen.info.is_none() {
            if !self.receive()? {
                return Err(Failure::Eof);
            }
        }
        Ok(())
    }

    /// At most `limit` bytes of what the peer sent, waiting for them.
    pub fn read(&mut self, limit: usize) -> Result<Input, Failure> {
        loop {
            if !self.unread.is_empty() {
                let rest = self.unread.split_off(limit.min(self.unread.len()));
                return Ok(Input::Data(std::mem::replace(&mut self.unread, rest)));
            }
            if self.seen.closed {
                return Ok(Input::Closed);
            }
            if !self.receive()? {
                return Ok(Input::Eof);
            }
        }
    }

    /// Seals and sends.
    pub fn write(&mut self, data: &[u8]) -> Result<(), Failure> {
        self.unsent.append(&mut self.unfinished);
        self.core
            .tx
            .seal(&[data], &mut self.unsent)
            .map_err(Failure::Tls)?;
        self.flush()
    }

    /// Seals, and lets only the first byte of the record go; the rest goes with what is written next.
    pub fn write_unfinished(&mut self, data: &[u8]) -> Result<(), Failure> {
        self.flush()?;
        self.core
            .tx
            .seal(&[data], &mut self.unfinished)
            .map_err(Failure::Tls)?;
        self.unsent.extend(self.unfinished.drain(..1));
        self.send()
    }

    /// New sending keys, announced without asking the peer for the same.
    pub fn update_keys(&mut self) -> Result<(), Failure> {
        self.core.tx.update_keys(false).map_err(Failure::Tls)?;
        self.flush()
    }

    /// A fatal alert of the shim's choice.
    pub fn alert(&mut self, alert: AlertDescription) -> Result<(), Failure> {
        self.core.tx.alert(alert);
        self.flush()
    }

    /// Our close_notify.
    pub fn close(&mut self) -> Result<(), Failure> {
        self.core.tx.close_notify();
        self.flush()
    }

    /// RFC 8446 section 7.5.
    pub fn export(
        &self,
        label: &str,
        context: Option<&[u8]>,
        length: usize,
    ) -> Result<Vec<u8>, Failure> {
        let exported = self.core.rx.export(label.as_bytes(), context, length);
        exported
            .map(|secret| secret.as_ref().to_vec())
            .map_err(|error| Failure::Shim(format!("export: {error:?}")))
    }

    /// Half-closes the socket and reads to its end: a reset would take the alert from the runner.
    pub fn finish(mut self) {
        let _ = self.flush();
        let _ = self.socket.shutdown(Shutdown::Write);
        let mut buffer = [0; 4096];
        while matches!(self.socket.read(&mut buffer), Ok(count) if count > 0) {}
    }

    /// One read of the socket and its consequences; false at its end.
    fn receive(&mut self) -> Result<bool, Failure> {
        let mut buffer = [0; 16 * 1024];
        let count = match self.socket.read(&mut buffer) {
            Ok(0) => return Ok(false),
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(true),
            Err(error) => return Err(error.into()),
        };
        let input = &buffer[..count];
        if self.options.asynchronous {
            for byte in input.chunks(1) {
                self.core.rx.feed(byte);
                self.run()?;
            }
        } else if self.seen.info.is_none() {
            self.core.rx.feed(input);
            self.run()?;
        } else if self.core.rx.open(input, &mut self.unread) == Opened::Control {
            self.run()?;
        }
        Ok(true)
    }

    /// Everything the core has to say, until it is idle.
    fn run(&mut self) -> Result<(), Failure> {
        let mut heavy = false;
        loop {
            let output = match heavy {
                true => self.core.rx.next_heavy(&mut self.core.tx),
                false => self.core.rx.next(&mut self.core.tx),
            };
            heavy = false;
            match output {
                Output::Transmit(bytes) => self.unsent.extend_from_slice(&bytes),
                Output::Data(bytes) => self.unread.extend_from_slice(&bytes),
                Output::Heavy => heavy = true,
                Output::Event(event) => self.note(event),
                Output::Ask(query) => {
                    let answer = answers::answer(
                        query,
                        self.options,
                        self.setup,
                        self.sessions,
                        &mut self.seen.answers,
                    )?;
                    self.core.rx.answer(&mut self.core.tx, answer);
                }
                Output::Fatal(error) => {
                    let _ = self.flush();
                    return Err(Failure::Tls(error));
                }
                // A renegotiation goes on at once.
                Output::Idle if self.core.rx.state_name() != "connection" => return self.flush(),
                // Refusals of one too.
                Output::Idle if self.is_old() => return self.flush(),
                Output::Idle => return self.send(),
            }
        }
    }

    /// Is it established, in TLS 1.2 or older?
    fn is_old(&self) -> bool {
        let info = self.seen.info.as_ref();
        info.is_some_and(|info| info.version < ProtocolVersion::TLS13)
    }

    fn note(&mut self, event: Event) {
        match event {
            Event::Connected(info) => self.seen.info = Some(info),
            Event::Renegotiated(info) => {
                self.seen.info = Some(info);
                self.seen.renegotiations += 1;
                self.core.tx.take_pending(&mut self.unsent);
            }
            Event::KeyLog { label, secret, .. } => match &*label {
                "CLIENT_TRAFFIC_SECRET_0" => {
                    self.seen.traffic_secrets.0 = secret.as_ref().to_vec();
                }
                "SERVER_TRAFFIC_SECRET_0" => {
                    self.seen.traffic_secrets.1 = secret.as_ref().to_vec();
                }
                _ => {}
            },
            Event::SessionTicket { .. } => self.seen.tickets += 1,
            Event::Session(session) => self.sessions.keep(*session),
            Event::Trace(traced) => self.seen.messages.extend(message_line(&traced)),
            Event::PeerClosed => self.seen.closed = true,
            _ => {}
        }
    }

    /// Sends everything, control records included. Those that come up after the handshake (answers to KeyUpdates) wait for
    /// the next write: the runner wants one answer to any number of requests.
    fn flush(&mut self) -> Result<(), Failure> {
        self.unsent.append(&mut self.unfinished);
        self.core.tx.take_pending(&mut self.unsent);
        self.send()
    }

    /// Gives the socket what is ready. That the runner no longer listens is no error: what it thinks is found by reading.
    fn send(&mut self) -> Result<(), Failure> {
        let bytes = std::mem::take(&mut self.unsent);
        match self.socket.write_all(&bytes) {
            Err(error)
                if !matches!(
                    error.kind(),
                    ErrorKind::BrokenPipe | ErrorKind::ConnectionReset
                ) =>
            {
                Err(error.into())
            }
            _ => Ok(()),
        }
    }
}
