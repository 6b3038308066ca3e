//! Writer, reader and joiner against each other, against RFC 8448, and against hostile input.

use super::limits::*;
use super::*;
use crate::crypto::aead::AeadAlg;
use crate::crypto::hash::HashAlg;
use crate::crypto::suites::{suite, Authentication, KeyExchange, RecordCipher, SuiteRow, SUITES};
use crate::crypto::testing::rfc8448;
use crate::crypto::Secret;
use crate::enums::{CipherSuite, ContentType, ProtocolVersion};
use crate::schedule::tls13::{KeySchedule, TrafficSecret};
use proptest::prelude::*;

fn aligned() -> Aligned {
    HandshakeJoiner::new(0).aligned().unwrap()
}

fn secret(row: &SuiteRow, seed: u8) -> TrafficSecret {
    KeySchedule::new(row.hash, Some(&Secret::new(vec![seed; 32])))
        .client_early_traffic(&row.hash.hash(&[]))
}

fn pair(row: &'static SuiteRow) -> (RecordWriter, RecordReader) {
    let (mut writer, mut reader) = (RecordWriter::new(), RecordReader::new());
    writer.set_tls13(row, secret(row, 1)).unwrap();
    reader.set_tls13(row, secret(row, 1), aligned()).unwrap();
    (writer, reader)
}

/// The suites of TLS 1.3.
fn tls13_suites() -> impl Iterator<Item = &'static SuiteRow> {
    SUITES
        .iter()
        .filter(|row| row.speaks(ProtocolVersion::TLS13))
}

fn aes128() -> &'static SuiteRow {
    suite(CipherSuite::TLS_AES_128_GCM_SHA256).unwrap()
}

fn record(writer: &mut RecordWriter, content_type: ContentType, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    writer.write(content_type, &[content], &mut out).unwrap();
    out
}

/// A protected record with any inner plaintext: what `RecordWriter` would never send.
fn crafted(row: &'static SuiteRow, sequence: u64, inner: &[u8]) -> Vec<u8> {
    let (key, mut iv) = secret(row, 1).keys(row);
    for (byte, s) in iv.iter_mut().rev().zip(sequence.to_le_bytes()) {
        *byte ^= s;
    }
    let len = (inner.len() + row.aead().unwrap().tag_len()) as u16;
    let mut out = vec![23, 3, 3];
    out.extend_from_slice(&len.to_be_bytes());
    let header = out.clone();
    out.extend_from_slice(inner);
    row.aead()
        .unwrap()
        .key(&key)
        .unwrap()
        .seal(&iv, &header, &mut out, HEADER_LEN)
        .unwrap();
    out
}

/// All records that `next` gives for `input`.
fn read_all(
    reader: &mut RecordReader,
    input: &[u8],
) -> Result<Vec<(ContentType, Vec<u8>)>, RecordError> {
    reader.feed(input);
    let mut records = Vec::new();
    while let Some(record) = reader.next()? {
        records.push((record.content_type, record.payload.to_vec()));
    }
    Ok(records)
}

fn first_error(reader: &mut RecordReader, input: &[u8]) -> Option<RecordError> {
    read_all(reader, input).err()
}

// RFC 8448

#[test]
fn the_records_of_rfc_8448_are_written_and_read_as_printed() {
    let hash = |names: &[&str]| {
        let messages: Vec<Vec<u8>> = names.iter().map(|name| rfc8448(name)).collect();
        HashAlg::Sha256.hash(&messages.iter().map(Vec::as_slice).collect::<Vec<_>>())
    };
    let flight = [
        "encrypted_extensions",
        "certificate",
        "certificate_verify",
        "server_finished",
    ];
    let handshake =
        KeySchedule::new(HashAlg::Sha256, None).into_handshake(Secret::new(rfc8448("shared")));
    let hellos = hash(&["client_hello", "server_hello"]);
    let (client_hs, server_hs) = (
        handshake.client_traffic(&hellos),
        handshake.server_traffic(&hellos),
    );
    let to_finished = hash(&[&["client_hello", "server_hello"][..], &flight].concat());
    let master = handshake.into_master();
    let (client_app, server_app) = (
        master.client_app(&to_finished),
        master.server_app(&to_finished),
    );
    let app_data: Vec<u8> = (0..50).collect();

    let mut server = RecordWriter::new();
    assert_eq!(
        record(
            &mut server,
            ContentType::HANDSHAKE,
            &rfc8448("server_hello")
        ),
        rfc8448("server_hello_record")
    );
    server.set_tls13(aes128(), server_hs.clone()).unwrap();
    let messages: Vec<Vec<u8>> = flight.iter().map(|name| rfc8448(name)).collect();
    let parts: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
    let mut out = Vec::new();
    server
        .write(ContentType::HANDSHAKE, &parts, &mut out)
        .unwrap();
    assert_eq!(out, rfc8448("server_flight_record"));
    server.set_tls13(aes128(), server_app.clone()).unwrap();
    let ticket = record(
        &mut server,
        ContentType::HANDSHAKE,
        &rfc8448("new_session_ticket"),
    );
    assert_eq!(
        record(&mut server, ContentType::APPLICATION_DATA, &app_data),
        rfc8448("server_app_record")
    );

    let mut client = RecordWriter::new();
    client.set_plain_version(0x0301);
    assert_eq!(
        record(
            &mut client,
            ContentType::HANDSHAKE,
            &rfc8448("client_hello")
        ),
        rfc8448("client_hello_record")
    );
    client.set_tls13(aes128(), client_hs).unwrap();
    assert_eq!(
        record(
            &mut client,
            ContentType::HANDSHAKE,
            &rfc8448("client_finished")
        ),
        rfc8448("client_finished_record")
    );
    client.set_tls13(aes128(), client_app).unwrap();
    assert_eq!(
        record(&mut client, ContentType::APPLICATION_DATA, &app_data),
        rfc8448("client_app_record")
    );

    let mut reader = RecordReader::new();
    let mut joiner = HandshakeJoiner::new(1 << 16);
    for content in [
        rfc8448("server_hello_record"),
        rfc8448("server_flight_record"),
        ticket.clone(),
    ] {
        reader.feed(&content);
        let record = reader.next().unwrap().unwrap();
        assert_eq!(record.content_type, ContentType::HANDSHAKE);
        joiner.push(record.payload).unwrap();
        let mut last = None;
        while let Some(message) = joiner.next().unwrap() {
            last = Some(message);
        }
        match last.unwrap().msg_type() {
            crate::enums::HandshakeType::SERVER_HELLO => {
                reader
                    .set_tls13(aes128(), server_hs.clone(), joiner.aligned().unwrap())
                    .unwrap();
            }
            crate::enums::HandshakeType::FINISHED => {
                reader
                    .set_tls13(aes128(), server_app.clone(), joiner.aligned().unwrap())
                    .unwrap();
            }
            other => assert_eq!(other, crate::enums::HandshakeType::NEW_SESSION_TICKET),
        }
    }
    let mut out = Vec::new();
    assert_eq!(
        reader.open_into(&rfc8448("server_app_record"), &mut out),
        Ok(Opened::Data)
    );
    assert_eq!(out, app_data);
}

// Writer

#[test]
fn the_writer_fragments_at_the_limit_and_copies_parts_across_it() {
    for row in tls13_suites() {
        for (len, max) in [
            (1, 1),
            (512, 512),
            (513, 512),
            (1 << 14, 1 << 14),
            ((1 << 14) + 1, 1 << 14),
            (100_000, 4096),
        ] {
            let (mut writer, mut reader) = pair(row);
            writer.set_max_fragment(max);
            let content: Vec<u8> = (0..len).map(|i| i as u8).collect();
            let (a, b) = content.split_at(len / 3);
            let mut out = vec![0xee];
            writer
                .write(ContentType::APPLICATION_DATA, &[a, b"", b], &mut out)
                .unwrap();
            let records = len.div_ceil(max);
            assert_eq!(
                out.len(),
                1 + len + records * (HEADER_LEN + 1 + row.aead().unwrap().tag_len())
            );
            assert_eq!(
                writer.counters(),
                RecordCounters {
                    records: records as u64,
                    bytes: len as u64
                }
            );
            let mut plain = Vec::new();
            assert_eq!(reader.open_into(&out[1..], &mut plain), Ok(Opened::Data));
            assert_eq!(plain, content);
        }
    }
}

#[test]
fn the_writer_reserves_once() {
    let (mut writer, _) = pair(aes128());
    let mut out = Vec::new();
    let content = vec![7; 256 * 1024];
    writer
        .write(ContentType::APPLICATION_DATA, &[&content], &mut out)
        .unwrap();
    assert_eq!(out.capacity(), out.len());
}

#[test]
fn no_content_makes_no_record() {
    let (mut writer, _) = pair(aes128());
    assert_eq!(record(&mut writer, ContentType::APPLICATION_DATA, b""), b"");
}

#[test]
fn the_writer_sends_no_application_data_without_keys() {
    let mut out = vec![1];
    assert_eq!(
        RecordWriter::new().write(ContentType::APPLICATION_DATA, &[b"secret"], &mut out),
        Err(RecordError::NoKeys)
    );
    assert_eq!(out, [1]);
    assert_eq!(RecordWriter::new().update_key(), Err(RecordError::NoKeys));
}

#[test]
fn a_key_is_used_up_to_its_limit_and_no_further() {
    static ROW: SuiteRow = SuiteRow {
        id: CipherSuite::TLS_AES_128_GCM_SHA256,
        first: ProtocolVersion::TLS13,
        last: ProtocolVersion::TLS13,
        kx: KeyExchange::Tls13,
        auth: Authentication::Any,
        cipher: RecordCipher::Aead(AeadAlg::Aes128Gcm),
        hash: HashAlg::Sha256,
        confidentiality_limit: 3,
        integrity_limit: 1,
    };
    let (mut writer, _) = pair(&ROW);
    assert!(writer.needs_key_update());
    writer.set_max_fragment(1);
    let mut out = vec![9];
    assert_eq!(
        writer.write(ContentType::APPLICATION_DATA, &[b"1234"], &mut out),
        Err(RecordError::KeyExhausted)
    );
    assert_eq!(out, [9]);
    writer.update_key().unwrap();
    writer
        .write(ContentType::APPLICATION_DATA, &[b"123"], &mut out)
        .unwrap();
}

#[test]
fn bytes_are_counted_for_each_key() {
    let (mut writer, mut reader) = pair(aes128());
    let first = record(&mut writer, ContentType::APPLICATION_DATA, &[1; 10]);
    assert_eq!(writer.key_bytes(), 10);
    assert!(!writer.needs_key_update());
    writer.update_key().unwrap();
    assert_eq!(writer.key_bytes(), 0);
    let second = record(&mut writer, ContentType::APPLICATION_DATA, &[2; 10]);
    let mut out = Vec::new();
    reader.open_into(&first, &mut out).unwrap();
    reader.update_key(aligned()).unwrap();
    reader.open_into(&second, &mut out).unwrap();
    assert_eq!(out, [[1; 10], [2; 10]].concat());
}

// Reader: what must fail

#[test]
fn every_flipped_bit_of_a_record_is_noticed() {
    for row in tls13_suites() {
        let (mut writer, _) = pair(row);
        let good = record(
            &mut writer,
            ContentType::APPLICATION_DATA,
            b"attack at dawn",
        );
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            let (_, mut reader) = pair(row);
            let mut out = Vec::new();
            let opened = reader.open_into(&bad, &mut out);
            assert!(out.is_empty(), "{row:?} {at}");
            // A longer length field only makes the reader wait for more.
            if let Ok(opened) = opened {
                assert!(
                    opened == Opened::Data && (at == 3 || at == 4),
                    "{row:?} {at}"
                );
            }
        }
    }
}

#[test]
fn records_open_in_order_only() {
    let (mut writer, mut reader) = pair(aes128());
    let first = record(&mut writer, ContentType::APPLICATION_DATA, b"1");
    let second = record(&mut writer, ContentType::APPLICATION_DATA, b"2");
    assert_eq!(
        reader.open_into(&second, &mut Vec::new()),
        Err(RecordError::BadRecordMac)
    );
    // and after an error nothing opens any more
    assert_eq!(
        reader.open_into(&first, &mut Vec::new()),
        Err(RecordError::BadRecordMac)
    );
    assert_eq!(
        first_error(&mut reader, &first),
        Some(RecordError::BadRecordMac)
    );
    let (_, mut reader) = pair(aes128());
    let mut out = Vec::new();
    reader.open_into(&first, &mut out).unwrap();
    assert_eq!(
        reader.open_into(&first, &mut out),
        Err(RecordError::BadRecordMac)
    );
    assert_eq!(out, b"1");
}

#[test]
fn data_before_a_bad_record_is_delivered() {
    let (mut writer, mut reader) = pair(aes128());
    let mut stream = record(&mut writer, ContentType::APPLICATION_DATA, b"good");
    stream.extend(record(
        &mut RecordWriter::new(),
        ContentType::HANDSHAKE,
        b"plain",
    ));
    let mut out = Vec::new();
    assert_eq!(
        reader.open_into(&stream, &mut out),
        Err(RecordError::BadRecordMac)
    );
    assert_eq!(out, b"good");
}

#[test]
fn length_limits_are_those_of_the_rfc() {
    let plain = |len: u16| [&[22, 3, 3][..], &len.to_be_bytes()].concat();
    assert_eq!(first_error(&mut RecordReader::new(), &plain(1 << 14)), None);
    assert_eq!(
        first_error(&mut RecordReader::new(), &plain((1 << 14) + 1)),
        Some(RecordError::Overflow)
    );
    let protected = |len: u16| [&[23, 3, 3][..], &len.to_be_bytes()].concat();
    assert_eq!(
        first_error(&mut pair(aes128()).1, &protected((1 << 14) + 256)),
        None
    );
    assert_eq!(
        first_error(&mut pair(aes128()).1, &protected((1 << 14) + 257)),
        Some(RecordError::Overflow)
    );

    // 2^14 of content and the type; then one byte of padding too many; then content too long.
    let mut inner = vec![1; 1 << 14];
    inner.push(23);
    assert_eq!(
        first_error(&mut pair(aes128()).1, &crafted(aes128(), 0, &inner)),
        None
    );
    let padded = [&inner[..], &[0]].concat();
    assert_eq!(
        first_error(&mut pair(aes128()).1, &crafted(aes128(), 0, &padded)),
        Some(RecordError::Overflow)
    );
    let mut reader = pair(aes128()).1;
    assert_eq!(
        reader.open_into(&crafted(aes128(), 0, &padded), &mut Vec::new()),
        Err(RecordError::Overflow)
    );
}

#[test]
fn a_negotiated_fragment_length_binds_the_peer() {
    let (mut writer, mut reader) = pair(aes128());
    reader.set_max_fragment(512);
    assert_eq!(
        first_error(
            &mut reader,
            &record(&mut writer, ContentType::APPLICATION_DATA, &[1; 512])
        ),
        None
    );
    let too_long = record(&mut writer, ContentType::APPLICATION_DATA, &[1; 513]);
    assert_eq!(
        first_error(&mut reader, &too_long),
        Some(RecordError::Overflow)
    );
    let mut reader = RecordReader::new();
    reader.set_max_fragment(512);
    let header = [22, 3, 3, 2, 1];
    assert_eq!(
        first_error(&mut reader, &header),
        Some(RecordError::Overflow)
    );
}

#[test]
fn padding_is_taken_off_and_padding_alone_is_an_offence() {
    let open = |inner: &[u8]| read_all(&mut pair(aes128()).1, &crafted(aes128(), 0, inner));
    assert_eq!(
        open(b"hi\x17\0\0\0"),
        Ok(vec![(ContentType::APPLICATION_DATA, b"hi".to_vec())])
    );
    assert_eq!(
        open(b"\0\x17\0"),
        Ok(vec![(ContentType::APPLICATION_DATA, b"\0".to_vec())])
    );
    assert_eq!(open(&[0; 64]), Err(RecordError::NoContentType));
    assert_eq!(open(&[]), Err(RecordError::NoContentType));
}

#[test]
fn inner_types_other_than_the_three_are_offences() {
    for inner_type in 1..=255u8 {
        let result = read_all(
            &mut pair(aes128()).1,
            &crafted(aes128(), 0, &[1, inner_type]),
        );
        match inner_type {
            21..=23 => assert_eq!(result, Ok(vec![(ContentType(inner_type), vec![1])])),
            _ => assert_eq!(result, Err(RecordError::UnexpectedType(inner_type))),
        }
    }
}

#[test]
fn outer_types_are_checked_with_and_without_protection() {
    for outer in 0..=255u8 {
        let bytes = [outer, 3, 3, 0, 1, 1];
        let plain = first_error(&mut RecordReader::new(), &bytes);
        let protected = first_error(&mut pair(aes128()).1, &bytes);
        match outer {
            20 | 21 => assert_eq!((plain, protected), (None, None)),
            22 => assert_eq!((plain, protected), (None, Some(RecordError::BadRecordMac))),
            23 => assert_eq!(
                (plain, protected),
                (
                    Some(RecordError::UnprotectedApplicationData),
                    Some(RecordError::BadRecordMac)
                )
            ),
            _ => assert_eq!(
                (plain, protected),
                (
                    Some(RecordError::UnexpectedType(outer)),
                    Some(RecordError::UnexpectedType(outer))
                )
            ),
        }
    }
}

#[test]
fn a_plain_alert_is_taken_only_before_the_peer_has_used_its_keys() {
    let alert = record(&mut RecordWriter::new(), ContentType::ALERT, &[2, 40]);
    let (mut writer, mut reader) = pair(aes128());
    reader.feed(&alert);
    let read = reader.next().unwrap().unwrap();
    assert_eq!(
        (read.content_type, &*read.payload, read.protected),
        (ContentType::ALERT, &[2u8, 40][..], false)
    );
    let first = record(&mut writer, ContentType::HANDSHAKE, b"xxxx");
    assert_eq!(first_error(&mut reader, &first), None);
    // neither under this key nor under a later one
    reader.update_key(aligned()).unwrap();
    assert_eq!(
        first_error(&mut reader, &alert),
        Some(RecordError::BadRecordMac)
    );
}

#[test]
fn empty_records_are_offences_but_for_a_few_of_application_data() {
    for plain in [20, 21, 22] {
        assert_eq!(
            first_error(&mut RecordReader::new(), &[plain, 3, 3, 0, 0]),
            Some(RecordError::EmptyRecord)
        );
    }
    for inner_type in [21, 22] {
        let bytes = crafted(aes128(), 0, &[inner_type]);
        assert_eq!(
            first_error(&mut pair(aes128()).1, &bytes),
            Some(RecordError::EmptyRecord)
        );
    }
    let mut reader = pair(aes128()).1;
    let mut out = Vec::new();
    for sequence in 0..u64::from(MAX_EMPTY_RECORDS) {
        assert_eq!(
            reader.open_into(&crafted(aes128(), sequence, &[23]), &mut out),
            Ok(Opened::Data)
        );
    }
    let next = crafted(aes128(), u64::from(MAX_EMPTY_RECORDS), &[23]);
    assert_eq!(
        reader.open_into(&next, &mut out),
        Err(RecordError::TooManyEmptyRecords)
    );
}

#[test]
fn foreign_protocols_are_recognized() {
    for (bytes, error) in [
        (&b"GET / HTTP/1.1\r\n"[..], RecordError::PlaintextHttp),
        (b"HTTP/1.1 400 Bad Request", RecordError::PlaintextHttp),
        (b"CONNECT example.org:443", RecordError::PlaintextHttp),
        (&[0x80, 0x2e, 1, 0, 2, 0, 0x15], RecordError::Sslv2Hello),
        (&[0x80, 0x2e, 1, 3, 1, 0, 0x15], RecordError::Sslv2Hello),
        (&[22, 0xfe, 0xff, 0, 0, 0], RecordError::BadVersion(0xfeff)),
        (
            b"SSH-2.0-OpenSSH_9.6\r\n",
            RecordError::UnexpectedType(b'S'),
        ),
        (&[0x7f, 3, 1, 0, 1], RecordError::UnexpectedType(0x7f)),
    ] {
        assert_eq!(
            first_error(&mut RecordReader::new(), bytes),
            Some(error),
            "{bytes:?}"
        );
    }
    // Later on such bytes are just bad records.
    let mut reader = RecordReader::new();
    assert_eq!(
        first_error(
            &mut reader,
            &record(&mut RecordWriter::new(), ContentType::HANDSHAKE, b"x")
        ),
        None
    );
    assert_eq!(
        first_error(&mut reader, b"GET / HTTP/1.1\r\n"),
        Some(RecordError::UnexpectedType(b'G'))
    );
}

#[test]
fn the_minor_version_of_records_is_ignored() {
    for minor in 0..=255 {
        assert_eq!(
            first_error(&mut RecordReader::new(), &[22, 3, minor, 0, 1, 1]),
            None
        );
    }
}

// Early data that is not wanted

#[test]
fn refused_early_data_is_skipped_until_the_first_record_that_opens() {
    let row = aes128();
    let mut early = RecordWriter::new();
    early.set_tls13(row, secret(row, 99)).unwrap();
    let (mut writer, mut reader) = pair(row);
    reader.skip_early_data(1000);
    let mut stream = record(&mut early, ContentType::APPLICATION_DATA, &[1; 300]);
    stream.extend(record(&mut early, ContentType::APPLICATION_DATA, &[1; 300]));
    stream.extend(record(&mut writer, ContentType::HANDSHAKE, b"finished"));
    assert_eq!(
        read_all(&mut reader, &stream),
        Ok(vec![(ContentType::HANDSHAKE, b"finished".to_vec())])
    );
    let late = record(&mut early, ContentType::APPLICATION_DATA, &[1; 30]);
    assert_eq!(
        first_error(&mut reader, &late),
        Some(RecordError::BadRecordMac)
    );
}

#[test]
fn early_data_beyond_the_limit_is_not_skipped() {
    let row = aes128();
    let mut early = RecordWriter::new();
    early.set_tls13(row, secret(row, 99)).unwrap();
    let mut reader = pair(row).1;
    reader.skip_early_data(400);
    let data = record(&mut early, ContentType::APPLICATION_DATA, &[1; 300]);
    assert_eq!(first_error(&mut reader, &data), None);
    assert_eq!(
        first_error(&mut reader, &data),
        Some(RecordError::TooMuchEarlyData)
    );
    // After HelloRetryRequest it comes while nothing is protected.
    let mut reader = RecordReader::new();
    reader.skip_early_data(400);
    assert_eq!(first_error(&mut reader, &data), None);
    reader.stop_skipping();
    assert_eq!(
        first_error(&mut reader, &data),
        Some(RecordError::UnprotectedApplicationData)
    );
    let mut reader = RecordReader::new();
    reader.skip_early_data(10);
    for _ in 0..10 {
        assert_eq!(first_error(&mut reader, &[23, 3, 3, 0, 0]), None);
    }
    assert_eq!(
        first_error(&mut reader, &[23, 3, 3, 0, 0]),
        Some(RecordError::TooMuchEarlyData)
    );
}

#[test]
fn forgeries_under_one_key_are_limited() {
    let row = suite(CipherSuite::TLS_AES_128_CCM_8_SHA256).unwrap();
    let mut reader = pair(row).1;
    reader.skip_early_data(usize::MAX);
    let forged = [&[23, 3, 3, 0, 20][..], &[0; 20]].concat();
    for _ in 0..row.integrity_limit {
        assert_eq!(first_error(&mut reader, &forged), None);
    }
    assert_eq!(
        first_error(&mut reader, &forged),
        Some(RecordError::IntegrityLimit)
    );
}

// Mixed streams

#[test]
fn control_records_stop_the_data_path_and_it_goes_on_after_them() {
    let (mut writer, mut reader) = pair(aes128());
    let mut stream = record(&mut writer, ContentType::APPLICATION_DATA, b"before");
    stream.extend(record(&mut writer, ContentType::HANDSHAKE, b"key update"));
    writer.update_key().unwrap();
    stream.extend(record(&mut writer, ContentType::APPLICATION_DATA, b"after"));
    stream.extend(record(&mut writer, ContentType::ALERT, &[1, 0]));
    let mut out = Vec::new();
    assert_eq!(reader.open_into(&stream, &mut out), Ok(Opened::Control));
    assert_eq!(out, b"before");
    // As long as nobody has looked at the control record nothing goes on.
    assert_eq!(reader.open_into(&[], &mut out), Ok(Opened::Control));
    let control = reader.next().unwrap().unwrap();
    assert_eq!(
        (control.content_type, &*control.payload),
        (ContentType::HANDSHAKE, &b"key update"[..])
    );
    reader.update_key(aligned()).unwrap();
    assert_eq!(reader.open_into(&[], &mut out), Ok(Opened::Control));
    assert_eq!(out, b"beforeafter");
    assert_eq!(
        reader.next().unwrap().unwrap().content_type,
        ContentType::ALERT
    );
    assert!(reader.next().unwrap().is_none());
    assert_eq!(reader.buffered(), 0);
}

#[test]
fn an_idle_reader_keeps_no_large_buffer() {
    let (mut writer, mut reader) = pair(aes128());
    let bytes = record(&mut writer, ContentType::APPLICATION_DATA, &[1; 16000]);
    let (a, b) = bytes.split_at(9000);
    let mut out = Vec::new();
    assert_eq!(reader.open_into(a, &mut out), Ok(Opened::Data));
    assert_eq!((reader.buffered(), out.len()), (9000, 0));
    assert_eq!(reader.open_into(b, &mut out), Ok(Opened::Data));
    assert_eq!((reader.buffered(), out.len()), (0, 16000));
    assert!(reader.buffer_capacity() <= 512);
    read_all(
        &mut reader,
        &record(&mut writer, ContentType::HANDSHAKE, &[1; 16000]),
    )
    .unwrap();
    assert!(reader.buffer_capacity() <= 512);
}

/// Pieces of `bytes` cut at `cuts`.
pub(super) fn pieces<'a>(bytes: &'a [u8], cuts: &[prop::sample::Index]) -> Vec<&'a [u8]> {
    let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    at.push(0);
    at.push(bytes.len());
    at.sort_unstable();
    at.windows(2).map(|w| &bytes[w[0]..w[1]]).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_fragmentation_gives_the_same_stream(
        row in prop::sample::select(tls13_suites().collect::<Vec<_>>()),
        max in 1usize..3000,
        writes in prop::collection::vec((21u8..=23, prop::collection::vec(any::<u8>(), 1..2500)), 1..6),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        slow: bool,
    ) {
        let (mut writer, mut reader) = pair(row);
        writer.set_max_fragment(max);
        let mut stream = Vec::new();
        for (content_type, content) in &writes {
            writer.write(ContentType(*content_type), &[content], &mut stream).unwrap();
        }
        // Per type, as fragments of one write merge.
        let mut got: Vec<(u8, Vec<u8>)> = Vec::new();
        let mut add = |content_type: u8, bytes: &[u8]| match got.last_mut() {
            Some((last, content)) if *last == content_type => content.extend_from_slice(bytes),
            _ => got.push((content_type, bytes.to_vec())),
        };
        for piece in pieces(&stream, &cuts) {
            if slow {
                reader.feed(piece);
            } else {
                let mut out = Vec::new();
                let mut opened = reader.open_into(piece, &mut out).unwrap();
                if !out.is_empty() { add(23, &out); }
                while opened == Opened::Control {
                    let record = reader.next().unwrap().unwrap();
                    add(record.content_type.0, record.payload);
                    let mut out = Vec::new();
                    opened = reader.open_into(&[], &mut out).unwrap();
                    if !out.is_empty() { add(23, &out); }
                }
            }
            while let Some(record) = reader.next().unwrap() {
                add(record.content_type.0, record.payload);
            }
        }
        let mut wanted: Vec<(u8, Vec<u8>)> = Vec::new();
        for (content_type, content) in &writes {
            match wanted.last_mut() {
                Some((last, all)) if last == content_type => all.extend_from_slice(content),
                _ => wanted.push((*content_type, content.clone())),
            }
        }
        prop_assert_eq!(got, wanted);
        prop_assert_eq!(reader.buffered(), 0);
    }

    #[test]
    fn any_bytes_end_in_records_or_an_error(
        bytes in prop::collection::vec(any::<u8>(), 0..400),
        protected: bool, skip: bool, fast: bool,
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
        like_tls: bool,
    ) {
        let mut bytes = bytes;
        if like_tls && bytes.len() > 4 {
            bytes[0] = 20 + (bytes[0] & 3);
            bytes[1] = 3;
            bytes[3] = 0;
        }
        let mut reader = if protected { pair(aes128()).1 } else { RecordReader::new() };
        if skip { reader.skip_early_data(100) }
        let mut out = Vec::new();
        for piece in pieces(&bytes, &cuts) {
            if fast {
                let _ = reader.open_into(piece, &mut out);
            } else {
                let _ = first_error(&mut reader, piece);
            }
            prop_assert!(reader.buffered() <= bytes.len());
        }
        prop_assert!(out.is_empty());
    }

    #[test]
    fn messages_come_out_of_any_fragmentation_and_coalescing(
        bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..8),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let mut stream = Vec::new();
        for (i, body) in bodies.iter().enumerate() {
            stream.extend_from_slice(&[i as u8, 0, (body.len() >> 8) as u8, body.len() as u8]);
            stream.extend_from_slice(body);
        }
        let mut joiner = HandshakeJoiner::new(300);
        let mut got = Vec::new();
        let mut fed = 0;
        let mut taken = 0;
        for piece in pieces(&stream, &cuts) {
            joiner.push(piece).unwrap();
            fed += piece.len();
            while let Some(message) = joiner.next().unwrap() {
                prop_assert_eq!(message.msg_type().0 as usize, got.len());
                taken += message.raw().len();
                got.push(message.body().to_vec());
            }
            prop_assert_eq!(joiner.is_aligned(), fed == taken);
            prop_assert_eq!(joiner.aligned().is_ok(), fed == taken);
        }
        prop_assert_eq!(got, bodies);
    }

    #[test]
    fn any_bytes_join_without_panic(bytes: Vec<u8>, max in 0usize..100) {
        let mut joiner = HandshakeJoiner::new(max);
        for byte in &bytes {
            if joiner.push(&[*byte]).is_err() { break }
            while let Ok(Some(message)) = joiner.next() {
                prop_assert!(message.body().len() <= max);
            }
        }
    }
}

#[test]
fn a_message_beyond_the_limit_is_refused_by_its_header_alone() {
    let mut joiner = HandshakeJoiner::new(0xffff);
    assert_eq!(joiner.push(&[11, 1, 0]), Ok(()));
    assert_eq!(joiner.push(&[0]), Err(JoinError::TooLong(0x1_0000)));
    let mut joiner = HandshakeJoiner::new(4);
    joiner.push(&[1, 0, 0, 4, 1, 2, 3, 4, 2, 0, 0, 5]).unwrap();
    assert_eq!(joiner.next().unwrap().unwrap().body(), [1, 2, 3, 4]);
    assert_eq!(joiner.next(), Err(JoinError::TooLong(5)));
    let mut exact = HandshakeJoiner::new(4);
    exact.push(&[1, 0, 0, 4, 1, 2, 3, 4]).unwrap();
    assert_eq!(exact.next().unwrap().unwrap().raw().len(), 8);
    assert_eq!(exact.next(), Ok(None));
}

#[test]
fn keys_do_not_change_within_a_message() {
    let mut joiner = HandshakeJoiner::new(100);
    joiner.push(&[2, 0, 0, 1, 9, 8]).unwrap();
    assert!(joiner.next().unwrap().is_some());
    assert_eq!(joiner.aligned().err(), Some(JoinError::NotAligned));
}
