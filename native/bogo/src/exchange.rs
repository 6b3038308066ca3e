//! What the shim does on a connection and expects of it.

use crate::answers::Sessions;
use crate::flags::Options;
use crate::link::{Failure, Input, Link};
use crate::setup::{self, Setup};
use tls_core::crypto::suites::{suite, Authentication};
use tls_core::enums::{AlertDescription, ProtocolVersion};

/// What `-shim-writes-first` writes unless told otherwise.
const INITIAL_WRITE: &str = "hello";
/// Reads are small, so that one record is spread over several.
const READ_SIZE: usize = 512;
/// The sizes of `-write-different-record-sizes`: around every border of a record.
const RECORD_SIZES: [usize; 11] = [
    0, 1, 255, 256, 257, 16383, 16384, 16385, 32767, 32768, 32769,
];

/// The whole life of one connection. Resuming is what the runner expects of a later one unless it says otherwise; in TLS 1.3
/// there is nothing to resume yet.
pub fn run(options: &Options, sessions: &mut Sessions) -> Result<(), Failure> {
    let setup = Setup::new(options, &[])?;
    let later = sessions.begin();
    let mut link = Link::connect(options, &setup, sessions)?;
    let result = talk(&mut link, options, later);
    link.finish();
    result
}

fn talk(link: &mut Link, options: &Options, later: bool) -> Result<(), Failure> {
    link.handshake()?;
    if !options.implicit_handshake {
        check_handshake(link, options)?;
    }
    check_resumption(link, options, later)?;
    if options.export_length > 0 {
        let context = options
            .use_export_context
            .then_some(options.export_context.as_bytes());
        let exported = link.export(&options.export_label, context, options.export_length)?;
        link.write(&exported)?;
    }
    if options.export_traffic_secrets {
        let (client, server) = link.seen.traffic_secrets.clone();
        let (read, write) = if options.server {
            (client, server)
        } else {
            (server, client)
        };
        let length = u16::try_from(read.len()).unwrap_or(0).to_le_bytes();
        link.write(&[&length[..], &read, &write].concat())?;
    }
    if options.send_alert {
        return link.alert(AlertDescription::DECOMPRESSION_FAILURE);
    }
    if options.write_record_sizes {
        for size in RECORD_SIZES {
            link.write(&vec![0x42; size])?;
        }
    }
    let initial = options
        .initial_write
        .as_deref()
        .unwrap_or(INITIAL_WRITE)
        .as_bytes();
    if options.unfinished_write {
        link.write_unfinished(initial)?;
    } else if options.shim_writes_first {
        for _ in 0..options.initial_write_count.unwrap_or(1) {
            link.write(initial)?;
        }
    }
    if !options.shim_shuts_down {
        echo(link, options)?;
    }
    if let Some(expected) = options.expect_total_renegotiations {
        let found = link.seen.renegotiations;
        if found != expected {
            let text = format!("{found} renegotiations instead of {expected}");
            return Err(Failure::Shim(text));
        }
    }
    check_tickets(link)?;
    close(link, options)?;
    check_messages(link, options)
}

/// `-expect-msg-callback`, but no alerts, and no tickets: none are asked for.
fn check_messages(link: &Link, options: &Options) -> Result<(), Failure> {
    let Some(expected) = &options.expect_messages else {
        return Ok(());
    };
    let expected: Vec<&str> = expected
        .lines()
        .filter(|line| !line.contains("alert") && *line != "read hs 4")
        .collect();
    if link.seen.messages == expected {
        return Ok(());
    }
    let found = link.seen.messages.join(", ");
    Err(Failure::Shim(format!("messages: {found}")))
}

/// Answers everything with its complement until the peer closes.
fn echo(link: &mut Link, options: &Options) -> Result<(), Failure> {
    loop {
        if options.key_update_before_read {
            link.update_keys()?;
        }
        let input = link.read(options.read_size.unwrap_or(READ_SIZE))?;
        if options.export_between_reads {
            link.export("some label", None, 20)?;
        }
        match input {
            Input::Data(mut data) => {
                if options.key_update {
                    link.update_keys()?;
                }
                data.iter_mut().for_each(|byte| *byte ^= 0xff);
                link.write(&data)?;
            }
            Input::Closed | Input::Eof => return Ok(()),
        }
    }
}

/// Closes our direction. With `-check-close-notify` the peer must have closed its own, or do so without another byte.
fn close(link: &mut Link, options: &Options) -> Result<(), Failure> {
    link.close()?;
    if !options.check_close_notify {
        return Ok(());
    }
    match link.read(READ_SIZE)? {
        Input::Closed => Ok(()),
        Input::Eof => Err(Failure::Shim("no close_notify from the peer".into())),
        Input::Data(_) => Err(Failure::Shim(
            "application data instead of the peer's close_notify".into(),
        )),
    }
}

/// Without resumption no ticket is asked for (no psk_key_exchange_modes, RFC 8446 section 4.2.9), and the runner sends none.
fn check_tickets(link: &Link) -> Result<(), Failure> {
    match link.seen.tickets {
        0 => Ok(()),
        count => Err(Failure::Shim(format!(
            "{count} session tickets that were not asked for"
        ))),
    }
}

fn check_resumption(link: &Link, options: &Options, later: bool) -> Result<(), Failure> {
    let Some(info) = &link.seen.info else {
        return Ok(());
    };
    let expected = later && !options.expect_session_miss;
    if info.resumed == expected {
        return Ok(());
    }
    if expected && info.version == ProtocolVersion::TLS13 {
        return Err(Failure::Later("resumption in TLS 1.3"));
    }
    Err(Failure::Shim(format!(
        "the session is resumed: {}",
        info.resumed
    )))
}

/// The `-expect-...` flags, right after the handshake.
fn check_handshake(link: &Link, options: &Options) -> Result<(), Failure> {
    let Some(info) = &link.seen.info else {
        return Err(Failure::Shim(
            "the handshake ended without information".into(),
        ));
    };
    fn same<T: PartialEq + std::fmt::Debug>(
        what: &str,
        expected: Option<T>,
        found: T,
    ) -> Result<(), Failure> {
        match expected {
            Some(expected) if expected != found => Err(Failure::Shim(format!(
                "{what}: expected {expected:?}, found {found:?}"
            ))),
            _ => Ok(()),
        }
    }
    same("version", options.expect_version, info.version.0)?;
    same("cipher suite", options.expect_cipher, info.cipher_suite.0)?;
    same(
        "group",
        options.expect_curve,
        info.group.map_or(0, |group| group.0),
    )?;
    same(
        "extended master secret",
        options.expect_extended_master_secret.then_some(true),
        info.extended_master_secret,
    )?;
    // Before TLS 1.2 the key alone says how it signs.
    let named = info.version >= ProtocolVersion::TLS12;
    let signed_by = info
        .signature_scheme
        .filter(|_| named)
        .map_or(0, |scheme| scheme.0);
    same(
        "peer's signature scheme",
        options.expect_peer_signature_algorithm,
        signed_by,
    )?;
    let alpn = match (&options.expect_next_protocol, options.server) {
        (Some(next), _) => Some(next),
        (None, true) => options.select_alpn.as_ref(),
        (None, false) => options.expect_alpn.as_ref(),
    };
    // What a client selects by NPN the runner sees itself.
    let told = options.select_next_protocol.is_none() || alpn.is_some();
    same(
        "protocol",
        told.then_some(alpn.map_or(&b""[..], |name| name.as_bytes())),
        info.alpn.as_deref().unwrap_or(b""),
    )?;
    same(
        "HelloRetryRequest",
        (options.expect_hrr || options.expect_no_hrr).then_some(options.expect_hrr),
        info.hrr,
    )?;

    same(
        "is there a session id",
        (options.expect_session_id || options.expect_no_session_id)
            .then_some(options.expect_session_id)
            .filter(|_| info.version < ProtocolVersion::TLS13),
        !info.session_id.is_empty(),
    )?;

    let answers = &link.seen.answers;
    let server_name = info.server_name.clone().unwrap_or_default();
    same(
        "server name",
        options
            .expect_server_name
            .as_ref()
            .map(|n| n.as_bytes().to_vec()),
        server_name.clone(),
    )?;
    same(
        "server name",
        options.expect_no_server_name.then(Vec::new),
        server_name,
    )?;
    if let Some(hello) = &answers.client_hello {
        let offered: Vec<u8> = hello
            .alpn
            .iter()
            .flatten()
            .flat_map(|name| [&[name.len() as u8], &name[..]].concat())
            .collect();
        same(
            "protocols offered",
            options
                .expect_advertised_alpn
                .as_ref()
                .map(|a| a.as_bytes().to_vec()),
            offered,
        )?;
        if !options.expect_peer_verify_prefs.is_empty() {
            same(
                "schemes offered",
                Some(&options.expect_peer_verify_prefs),
                &hello.signature_algs,
            )?;
        }
    }
    // A session keeps no OCSP response: it was judged when it came.
    same(
        "OCSP response",
        options
            .expect_ocsp_response
            .clone()
            .filter(|_| !info.resumed),
        answers.ocsp_response.clone().unwrap_or_default(),
    )?;

    let chain = &info.peer_chain;
    if let Some(file) = &options.expect_peer_cert_file {
        same(
            "peer's certificates",
            Some(setup::certificates(file)?),
            chain.to_vec(),
        )?;
    }
    if options.expect_no_peer_cert && !chain.is_empty() {
        return Err(Failure::Shim("a certificate came, none expected".into()));
    }
    if (!options.server || options.require_client_certificate)
        && !options.expect_no_peer_cert
        && chain.is_empty()
        && suite(info.cipher_suite).is_some_and(|row| row.auth != Authentication::None)
    {
        return Err(Failure::Shim("no certificate came".into()));
    }
    if let Some(expected) = options.expect_selected_credential {
        same(
            "own credential",
            Some(expected),
            setup::credential_number(options, info.own_credential),
        )?;
    }
    Ok(())
}
