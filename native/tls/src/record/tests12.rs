//! Records of TLS 1.0 to 1.2: writer and reader against each other, and against what only an attacker sends.

use super::limits::*;
use super::*;
use crate::crypto::cbc::CbcEncryptor;
use crate::crypto::mac::PSEUDO_HEADER_LEN;
use crate::crypto::suites::{suite, RecordCipher, SuiteRow, SUITES};
use crate::crypto::{Random, RandomFailed, Secret, SystemRandom};
use crate::enums::{BeastMitigation, CipherSuite, ContentType, ProtocolVersion};
use crate::schedule::tls12::{DirectionKeys, MasterSecret, Prf};
use proptest::prelude::*;

const V10: ProtocolVersion = ProtocolVersion::TLS10;
const V11: ProtocolVersion = ProtocolVersion::TLS11;
const V12: ProtocolVersion = ProtocolVersion::TLS12;
const APP: ContentType = ContentType::APPLICATION_DATA;

/// A version and one of its suites.
type Case = (ProtocolVersion, &'static SuiteRow);

fn cases() -> Vec<Case> {
    [V10, V11, V12]
        .into_iter()
        .flat_map(|version| {
            SUITES
                .iter()
                .filter(move |row| row.speaks(version))
                .map(move |row| (version, row))
        })
        .collect()
}

/// One case for each way of protecting records.
fn kinds() -> Vec<Case> {
    let mut kinds: Vec<Case> = Vec::new();
    for (version, row) in cases() {
        if !kinds
            .iter()
            .any(|(v, kind)| *v == version && kind.cipher == row.cipher)
        {
            kinds.push((version, row));
        }
    }
    kinds
}

fn case(version: ProtocolVersion, id: CipherSuite) -> Case {
    (version, suite(id).unwrap())
}

fn cbc_cases() -> impl Iterator<Item = Case> {
    kinds()
        .into_iter()
        .filter(|(_, row)| matches!(row.cipher, RecordCipher::Cbc(..)))
}

fn keys((version, row): Case) -> DirectionKeys {
    let master = MasterSecret::from_bytes(&[7; 48]).unwrap();
    Prf::new(version, row)
        .key_block(&master, b"client", b"server")
        .client
}

fn aligned() -> Aligned {
    HandshakeJoiner::new(0).aligned().unwrap()
}

fn writer(case: Case) -> RecordWriter {
    let mut writer = RecordWriter::new();
    writer
        .set_tls12(keys(case), BeastMitigation::Disabled, &mut SystemRandom)
        .unwrap();
    writer
}

fn reader(case: Case) -> RecordReader {
    let mut reader = RecordReader::new();
    reader.set_tls12(keys(case), true, aligned()).unwrap();
    reader
}

fn record(writer: &mut RecordWriter, content_type: ContentType, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    writer.write(content_type, &[content], &mut out).unwrap();
    out
}

/// What `open_into` gives for `input`.
fn opened(reader: &mut RecordReader, input: &[u8]) -> Result<Vec<u8>, RecordError> {
    let mut out = Vec::new();
    reader.open_into(input, &mut out).map(|_| out)
}

/// All records that `next` gives for `input`.
fn read_all(
    reader: &mut RecordReader,
    input: &[u8],
) -> Result<Vec<(ContentType, Vec<u8>)>, RecordError> {
    reader.feed(input);
    let mut records = Vec::new();
    while let Some(record) = reader.next()? {
        assert!(record.protected);
        records.push((record.content_type, record.payload.to_vec()));
    }
    Ok(records)
}

/// The first CBC record under `case`'s keys, with any plaintext behind its IV: content, MAC and padding are the caller's.
fn crafted_cbc(case: Case, content_type: ContentType, plain: &[u8]) -> Vec<u8> {
    let RecordCipher::Cbc(block, _) = case.1.cipher else {
        panic!("{case:?}")
    };
    let keys = keys(case);
    let mut body = Vec::new();
    let iv = if case.0 == V10 {
        keys.iv.as_ref().to_vec()
    } else {
        body.resize(block.len(), 0x11);
        vec![0; block.len()]
    };
    body.extend_from_slice(plain);
    CbcEncryptor::new(block, &keys.key, &iv)
        .unwrap()
        .encrypt(&mut body)
        .unwrap();
    let mut out = vec![content_type.0];
    out.extend_from_slice(&case.0 .0.to_be_bytes());
    out.extend_from_slice(&(body.len() as u16).to_be_bytes());
    out.extend_from_slice(&body);
    out
}

/// Content, its right MAC, and padding of the given length (last byte excluded).
fn cbc_plain(case: Case, content: &[u8], padding: usize) -> Vec<u8> {
    let mac = case.1.cipher.mac().unwrap();
    let mut header = [0; PSEUDO_HEADER_LEN];
    header[8] = APP.0;
    header[9..11].copy_from_slice(&case.0 .0.to_be_bytes());
    header[11..].copy_from_slice(&(content.len() as u16).to_be_bytes());
    let mac = mac.key(&keys(case).mac_key).unwrap().sign(&header, content);
    let mut plain = [content, mac.as_ref()].concat();
    plain.resize(plain.len() + padding + 1, padding as u8);
    plain
}

/// Paddings that make whole blocks.
fn paddings(case: Case, content_len: usize) -> impl Iterator<Item = usize> {
    let RecordCipher::Cbc(block, mac) = case.1.cipher else {
        panic!("{case:?}")
    };
    (0..256)
        .filter(move |padding| (content_len + mac.len() + padding + 1).is_multiple_of(block.len()))
}

#[test]
fn every_suite_in_every_version_goes_through() {
    let kinds = kinds();
    for case in cases() {
        let short: &[usize] = &[1, 2, 15, 16, 17, 255, 1000];
        let long: &[usize] = &[MAX_PLAINTEXT, MAX_PLAINTEXT + 1, 40_000];
        // Suites of one kind differ in what comes before records.
        let long = if kinds.contains(&case) { long } else { &[] };
        for direct in [false, true] {
            let (mut writer, mut reader) = (writer(case), reader(case));
            for len in short.iter().chain(long).copied() {
                let content: Vec<u8> = (0..len).map(|i| (i * 7) as u8).collect();
                let before = writer.counters().records;
                let stream = record(&mut writer, APP, &content);
                let records = len.div_ceil(MAX_PLAINTEXT);
                assert_eq!(writer.counters().records - before, records as u64);
                assert_eq!(stream[1..3], case.0 .0.to_be_bytes());
                let plain = if direct {
                    opened(&mut reader, &stream).unwrap()
                } else {
                    let records = read_all(&mut reader, &stream).unwrap();
                    records
                        .into_iter()
                        .flat_map(|(_, payload)| payload)
                        .collect()
                };
                assert!(plain == content, "{case:?} {len}");
            }
            for content_type in [20, 21, 22].map(ContentType) {
                let bytes = record(&mut writer, content_type, b"control");
                assert_eq!(
                    read_all(&mut reader, &bytes).unwrap(),
                    [(content_type, b"control".to_vec())]
                );
            }
        }
    }
}

#[test]
fn every_flipped_bit_of_a_record_is_noticed() {
    for case in kinds() {
        let good = record(&mut writer(case), APP, b"attack at dawn");
        for at in 0..good.len() {
            for bit in [0, 7] {
                let mut bad = good.clone();
                bad[at] ^= 1 << bit;
                let found = opened(&mut reader(case), &bad);
                match at {
                    0 => assert!(found.is_err(), "{case:?} {at}"),
                    1 | 2 => assert!(
                        matches!(found, Err(RecordError::BadVersion(_))),
                        "{case:?} {at}: {found:?}"
                    ),
                    // A longer length field makes the reader wait, or is beyond the limit.
                    3 | 4 => assert!(
                        matches!(
                            found.as_deref(),
                            Ok([]) | Err(RecordError::Overflow | RecordError::BadRecordMac)
                        ),
                        "{case:?} {at}: {found:?}"
                    ),
                    // An IV's bit is a bit of content.
                    _ => assert_eq!(found, Err(RecordError::BadRecordMac), "{case:?} {at}"),
                }
            }
        }
    }
}

#[test]
fn records_of_every_length_that_are_not_genuine_are_refused_alike() {
    for case in kinds() {
        for len in 0..130u16 {
            let mut bytes = vec![APP.0];
            bytes.extend_from_slice(&case.0 .0.to_be_bytes());
            bytes.extend_from_slice(&len.to_be_bytes());
            bytes.extend((0..len).map(|i| i as u8));
            let found = opened(&mut reader(case), &bytes);
            assert_eq!(found, Err(RecordError::BadRecordMac), "{case:?} {len}");
            let found = read_all(&mut reader(case), &bytes);
            assert_eq!(found, Err(RecordError::BadRecordMac), "{case:?} {len}");
        }
    }
}

#[test]
fn records_open_once_and_in_order() {
    for case in kinds() {
        let mut writer = writer(case);
        let first = record(&mut writer, APP, b"first");
        let second = record(&mut writer, APP, b"second");
        assert_eq!(
            opened(&mut reader(case), &second),
            Err(RecordError::BadRecordMac)
        );
        let mut twice = reader(case);
        assert_eq!(opened(&mut twice, &first).unwrap(), b"first");
        assert_eq!(opened(&mut twice, &first), Err(RecordError::BadRecordMac));
        let mut both = reader(case);
        let stream = [first, second].concat();
        assert_eq!(opened(&mut both, &stream).unwrap(), b"firstsecond");
    }
}

#[test]
fn the_content_type_is_authenticated() {
    for case in kinds() {
        let mut bytes = record(&mut writer(case), APP, b"data");
        bytes[0] = ContentType::HANDSHAKE.0;
        assert_eq!(
            opened(&mut reader(case), &bytes),
            Err(RecordError::BadRecordMac)
        );
        bytes[0] = 24;
        assert_eq!(
            opened(&mut reader(case), &bytes),
            Err(RecordError::UnexpectedType(24))
        );
    }
}

// CBC

#[test]
fn padding_may_have_any_length_and_content_too() {
    for case in cbc_cases() {
        for len in [0, 1, 11, 300] {
            let content = vec![0x42; len];
            for padding in paddings(case, len) {
                let plain = cbc_plain(case, &content, padding);
                let found = opened(&mut reader(case), &crafted_cbc(case, APP, &plain));
                assert_eq!(
                    found.as_deref(),
                    Ok(&content[..]),
                    "{case:?} {len} {padding}"
                );
            }
        }
    }
}

#[test]
fn every_wrong_byte_of_padding_or_mac_is_noticed() {
    for case in cbc_cases() {
        let content = b"content";
        let all: Vec<usize> = paddings(case, content.len()).collect();
        for padding in [all[0], all[1], all[all.len() - 1]] {
            let plain = cbc_plain(case, content, padding);
            for at in content.len()..plain.len() {
                let mut plain = plain.clone();
                plain[at] ^= 0x80;
                assert_eq!(
                    opened(&mut reader(case), &crafted_cbc(case, APP, &plain)),
                    Err(RecordError::BadRecordMac),
                    "{case:?} {padding} {at}"
                );
            }
        }
    }
}

#[test]
fn padding_longer_than_the_record_is_noticed() {
    for case in cbc_cases() {
        let padding = paddings(case, 0).next().unwrap();
        let plain = cbc_plain(case, b"", padding);
        for last in 0..=255 {
            let mut plain = plain.clone();
            plain.fill(last);
            assert_eq!(
                opened(&mut reader(case), &crafted_cbc(case, APP, &plain)),
                Err(RecordError::BadRecordMac),
                "{case:?} {last}"
            );
        }
    }
}

#[test]
fn without_the_check_padding_of_tls_1_0_may_be_anything_but_its_length() {
    for case in cbc_cases() {
        let read = |plain: &[u8]| {
            let mut reader = RecordReader::new();
            reader.set_tls12(keys(case), false, aligned()).unwrap();
            opened(&mut reader, &crafted_cbc(case, APP, plain))
        };
        let padding = paddings(case, 3).last().unwrap();
        let mut plain = cbc_plain(case, b"abc", padding);
        let padding_at = plain.len() - 1 - padding;
        plain[padding_at..]
            .iter_mut()
            .take(padding)
            .for_each(|byte| *byte = 0);
        let loose = case.0 == V10;
        assert_eq!(read(&plain).is_ok(), loose, "{case:?}");
        *plain.last_mut().unwrap() ^= 1;
        assert_eq!(read(&plain), Err(RecordError::BadRecordMac), "{case:?}");
    }
}

#[test]
fn opening_takes_as_many_compressions_whatever_padding_and_content_are() {
    for case in cbc_cases() {
        for total in [64, 512] {
            let mac_len = case.1.cipher.mac().unwrap().len();
            let mut counts = Vec::new();
            let mut count = |plain: &[u8]| {
                let bytes = crafted_cbc(case, APP, plain);
                let mut reader = reader(case);
                let (found, blocks) =
                    crate::crypto::mac::testing::counted(|| opened(&mut reader, &bytes));
                counts.push(blocks);
                found
            };
            for padding in (0..256).step_by(5) {
                if let Some(len) = (total - 1usize).checked_sub(mac_len + padding) {
                    let good = cbc_plain(case, &vec![5; len], padding);
                    assert_eq!(good.len(), total);
                    assert!(count(&good).is_ok());
                    let mut bad = good;
                    bad[len] ^= 1;
                    assert!(count(&bad).is_err());
                }
                let mut random = vec![0; total];
                SystemRandom.fill(&mut random).unwrap();
                *random.last_mut().unwrap() = padding as u8;
                assert!(count(&random).is_err());
            }
            assert!(
                counts.iter().all(|n| *n == counts[0]),
                "{case:?} {counts:?}"
            );
            // The MAC of all that could be content: hashed nearly as a whole.
            assert!(counts[0] > total / 128, "{case:?} {}", counts[0]);
        }
    }
}

#[test]
fn ivs_differ_from_record_to_record_and_from_key_to_key() {
    for (version, row) in cbc_cases().filter(|case| case.0 != V10) {
        let block = match row.cipher {
            RecordCipher::Cbc(block, _) => block.len(),
            _ => unreachable!(),
        };
        let mut seen = std::collections::HashSet::new();
        for _ in 0..2 {
            let mut writer = writer((version, row));
            for _ in 0..50 {
                let bytes = record(&mut writer, APP, b"same");
                assert!(seen.insert(bytes[HEADER_LEN..HEADER_LEN + block].to_vec()));
            }
        }
    }
}

#[test]
fn nonces_are_the_sequence_number_but_for_chacha20() {
    for case in kinds().into_iter().filter(|case| case.1.aead().is_some()) {
        let mut writer = writer(case);
        record(&mut writer, APP, b"0");
        let bytes = record(&mut writer, APP, b"1");
        let tag_len = case.1.aead().unwrap().tag_len();
        match case.1.aead().unwrap().fixed_iv_len() {
            4 => {
                assert_eq!(bytes[HEADER_LEN..][..8], [0, 0, 0, 0, 0, 0, 0, 1]);
                assert_eq!(bytes.len(), HEADER_LEN + 8 + 1 + tag_len);
            }
            _ => assert_eq!(bytes.len(), HEADER_LEN + 1 + tag_len),
        }
    }
}

#[test]
fn no_random_bytes_no_cbc() {
    struct Empty;
    impl Random for Empty {
        fn fill(&mut self, _: &mut [u8]) -> Result<(), RandomFailed> {
            Err(RandomFailed)
        }
    }
    for case in kinds() {
        let made = RecordWriter::new().set_tls12(keys(case), BeastMitigation::Disabled, &mut Empty);
        let needed = matches!(case.1.cipher, RecordCipher::Cbc(..)) && case.0 != V10;
        assert_eq!(made.is_err(), needed, "{case:?}");
    }
}

// TLS 1.0's IVs

/// Contents of the records that one `write` makes.
fn contents(case: Case, beast: BeastMitigation, content_type: ContentType) -> Vec<Vec<u8>> {
    let mut writer = RecordWriter::new();
    writer
        .set_tls12(keys(case), beast, &mut SystemRandom)
        .unwrap();
    writer.set_max_fragment(4);
    let mut out = Vec::new();
    writer
        .write(content_type, &[b"12", b"345"], &mut out)
        .unwrap();
    assert!(out.capacity() >= out.len());
    let records = read_all(&mut reader(case), &out).unwrap();
    records.into_iter().map(|(_, payload)| payload).collect()
}

#[test]
fn application_data_of_tls_1_0_begins_with_a_record_that_hides_the_next_iv() {
    for case in kinds() {
        let one: &[&[u8]] = &[b"1", b"2345"];
        let zero: &[&[u8]] = &[b"", b"1234", b"5"];
        let none: &[&[u8]] = &[b"1234", b"5"];
        let known = matches!(case.1.cipher, RecordCipher::Cbc(..)) && case.0 == V10;
        for (beast, expected) in [
            (
                BeastMitigation::OneNMinusOne,
                if known { one } else { none },
            ),
            (BeastMitigation::ZeroN, if known { zero } else { none }),
            (BeastMitigation::Disabled, none),
        ] {
            assert_eq!(contents(case, beast, APP), expected, "{case:?} {beast:?}");
            assert_eq!(contents(case, beast, ContentType::HANDSHAKE), none);
        }
    }
}

#[test]
fn one_byte_needs_no_second_record() {
    let case = case(V10, CipherSuite::TLS_RSA_WITH_AES_128_CBC_SHA);
    let mut writer = RecordWriter::new();
    writer
        .set_tls12(keys(case), BeastMitigation::OneNMinusOne, &mut SystemRandom)
        .unwrap();
    record(&mut writer, APP, b"x");
    assert_eq!(writer.counters().records, 1);
    assert_eq!(record(&mut writer, APP, b""), b"");
}

// Limits

#[test]
fn records_are_as_long_as_announced_and_reserved_for() {
    for case in kinds() {
        for (max, len) in [(MAX_PLAINTEXT, 50_000), (512, 1024), (1000, 999)] {
            let mut writer = writer(case);
            writer.set_max_fragment(max);
            let mut out = Vec::new();
            writer.write(APP, &[&vec![1; len]], &mut out).unwrap();
            let small = if case.0 == V10 { 128 } else { 0 };
            assert!(out.capacity() <= out.len() + small, "{case:?}");
        }
    }
}

#[test]
fn length_limits_are_those_of_the_rfc() {
    for case in kinds() {
        let header = |len: u16| {
            let [v0, v1] = case.0 .0.to_be_bytes();
            let [l0, l1] = len.to_be_bytes();
            [23, v0, v1, l0, l1]
        };
        assert_eq!(
            opened(&mut reader(case), &header((1 << 14) + 2048)),
            Ok(vec![])
        );
        assert_eq!(
            opened(&mut reader(case), &header((1 << 14) + 2049)),
            Err(RecordError::Overflow)
        );
    }
}

#[test]
fn a_negotiated_fragment_length_binds_the_peer() {
    for case in kinds() {
        let mut writer = writer(case);
        let (fits, too_long) = (
            record(&mut writer, APP, &[1; 512]),
            record(&mut writer, APP, &[1; 513]),
        );
        let mut reader = reader(case);
        reader.set_max_fragment(512);
        assert_eq!(opened(&mut reader, &fits).unwrap().len(), 512);
        assert_eq!(opened(&mut reader, &too_long), Err(RecordError::Overflow));
    }
}

#[test]
fn sequence_numbers_end() {
    for case in kinds() {
        let (mut writer, mut reader) = (writer(case), reader(case));
        writer.tls12().set_sequence(u64::MAX - 1);
        reader.tls12().set_sequence(u64::MAX - 1);
        let last = record(&mut writer, APP, b"last");
        assert_eq!(opened(&mut reader, &last).unwrap(), b"last");
        let mut out = vec![9];
        assert_eq!(
            writer.write(APP, &[b"more"], &mut out),
            Err(RecordError::KeyExhausted)
        );
        assert_eq!(out, [9]);
        assert_eq!(opened(&mut reader, &last), Err(RecordError::KeyExhausted));
    }
}

#[test]
fn empty_records_are_offences_but_for_a_few_of_application_data() {
    let case = case(V10, CipherSuite::TLS_RSA_WITH_AES_128_CBC_SHA);
    let mut writer = RecordWriter::new();
    writer
        .set_tls12(keys(case), BeastMitigation::ZeroN, &mut SystemRandom)
        .unwrap();
    let mut reader = reader(case);
    let pair = record(&mut writer, APP, b"x");
    assert_eq!(opened(&mut reader, &pair).unwrap(), b"x");
    for content_type in [20, 21, 22].map(ContentType) {
        let mut writer = self::writer(case);
        let bytes = record_empty(&mut writer, content_type);
        assert_eq!(
            read_all(&mut self::reader(case), &bytes),
            Err(RecordError::EmptyRecord)
        );
    }
    let mut writer = self::writer(case);
    let mut reader = self::reader(case);
    for _ in 0..MAX_EMPTY_RECORDS {
        let bytes = record_empty(&mut writer, APP);
        assert_eq!(opened(&mut reader, &bytes).unwrap(), b"");
    }
    let bytes = record(&mut writer, APP, b"data");
    assert_eq!(opened(&mut reader, &bytes).unwrap(), b"data");
    for _ in 0..MAX_EMPTY_RECORDS {
        let bytes = record_empty(&mut writer, APP);
        assert_eq!(opened(&mut reader, &bytes).unwrap(), b"");
    }
    let bytes = record_empty(&mut writer, APP);
    assert_eq!(
        opened(&mut reader, &bytes),
        Err(RecordError::TooManyEmptyRecords)
    );
}

/// A record without content, which `write` makes in no other way.
fn record_empty(writer: &mut RecordWriter, content_type: ContentType) -> Vec<u8> {
    let key = writer.tls12();
    let len = key.body_len(0) as u16;
    let mut out = vec![content_type.0];
    out.extend_from_slice(&key.version().0.to_be_bytes());
    out.extend_from_slice(&len.to_be_bytes());
    key.begin(&mut out);
    key.seal(content_type, &mut out, HEADER_LEN, 0).unwrap();
    out
}

// Changes of keys

#[test]
fn keys_change_at_change_cipher_spec_from_plain_and_again() {
    for case in kinds() {
        let other = self::case(V12, CipherSuite::TLS_RSA_WITH_AES_256_GCM_SHA384);
        let (mut writer, mut reader) = (RecordWriter::new(), RecordReader::new());
        let mut stream = record(&mut writer, ContentType::CHANGE_CIPHER_SPEC, &[1]);
        let beast = BeastMitigation::Disabled;
        writer
            .set_tls12(keys(case), beast, &mut SystemRandom)
            .unwrap();
        stream.extend(record(&mut writer, APP, b"one"));
        stream.extend(record(&mut writer, ContentType::CHANGE_CIPHER_SPEC, &[1]));
        writer
            .set_tls12(keys(other), beast, &mut SystemRandom)
            .unwrap();
        stream.extend(record(&mut writer, APP, b"two"));

        let mut out = Vec::new();
        for (next, content) in [(case, &b""[..]), (other, b"one")] {
            assert_eq!(reader.open_into(&stream, &mut out), Ok(Opened::Control));
            assert_eq!(out, content);
            stream.clear();
            let control = reader.next().unwrap().unwrap();
            assert_eq!(
                (control.content_type, &*control.payload),
                (ContentType::CHANGE_CIPHER_SPEC, &[1u8][..])
            );
            reader.set_tls12(keys(next), true, aligned()).unwrap();
        }
        assert_eq!(reader.open_into(&[], &mut out), Ok(Opened::Data));
        assert_eq!(out, b"onetwo");
    }
}

#[test]
fn these_keys_have_no_generations() {
    let case = case(V12, CipherSuite::TLS_RSA_WITH_AES_128_GCM_SHA256);
    let (mut writer, mut reader) = (writer(case), reader(case));
    assert_eq!(writer.update_key(), Err(RecordError::NoKeys));
    assert_eq!(reader.update_key(aligned()), Err(RecordError::NoKeys));
    assert!(!writer.needs_key_update());
    assert!(writer.is_protected() && reader.is_protected());
    assert!(writer.traffic_secret().is_none() && reader.traffic_secret().is_none());
}

#[test]
fn keys_that_do_not_fit_their_suite_are_refused() {
    for case in kinds() {
        for spoil in 0..2 {
            let mut keys = keys(case);
            let wrong = Secret::new(vec![1; 7]);
            match spoil {
                0 => keys.key = wrong,
                _ if keys.mac_key.is_empty() => continue,
                _ => keys.mac_key = wrong,
            }
            assert_eq!(
                RecordReader::new().set_tls12(keys.clone(), true, aligned()),
                Err(RecordError::NoKeys)
            );
            assert_eq!(
                RecordWriter::new().set_tls12(keys, BeastMitigation::ZeroN, &mut SystemRandom),
                Err(RecordError::NoKeys)
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_fragmentation_gives_the_same_stream(
        case in prop::sample::select(kinds()),
        beast in prop::sample::select(&[BeastMitigation::OneNMinusOne, BeastMitigation::ZeroN][..]),
        max in 1usize..3000,
        writes in prop::collection::vec((20u8..=23, prop::collection::vec(any::<u8>(), 1..2500)), 1..6),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        slow: bool,
    ) {
        let mut writer = RecordWriter::new();
        writer.set_tls12(keys(case), beast, &mut SystemRandom).unwrap();
        writer.set_max_fragment(max);
        let mut reader = reader(case);
        let (mut stream, mut wanted) = (Vec::new(), Vec::new());
        for (content_type, content) in &writes {
            writer.write(ContentType(*content_type), &[content], &mut stream).unwrap();
            wanted.extend(content.iter().map(|byte| (*content_type, *byte)));
        }
        let mut got = Vec::new();
        let mut add = |content_type: u8, bytes: &[u8]| {
            got.extend(bytes.iter().map(|byte| (content_type, *byte)));
        };
        for piece in super::tests::pieces(&stream, &cuts) {
            if slow {
                reader.feed(piece);
            } else {
                let mut out = Vec::new();
                let mut opened = reader.open_into(piece, &mut out).unwrap();
                add(23, &out);
                while opened == Opened::Control {
                    let record = reader.next().unwrap().unwrap();
                    add(record.content_type.0, record.payload);
                    let mut out = Vec::new();
                    opened = reader.open_into(&[], &mut out).unwrap();
                    add(23, &out);
                }
            }
            while let Some(record) = reader.next().unwrap() {
                add(record.content_type.0, record.payload);
            }
        }
        prop_assert!(got == wanted);
        prop_assert_eq!(reader.buffered(), 0);
    }

    #[test]
    fn any_bytes_behind_a_header_end_in_an_error(
        case in prop::sample::select(kinds()),
        content_type in 20u8..=23,
        body in prop::collection::vec(any::<u8>(), 0..700),
        fast: bool,
    ) {
        let mut bytes = vec![content_type];
        bytes.extend_from_slice(&case.0.0.to_be_bytes());
        bytes.extend_from_slice(&(body.len() as u16).to_be_bytes());
        bytes.extend_from_slice(&body);
        let found = if fast {
            opened(&mut reader(case), &bytes).err()
        } else {
            read_all(&mut reader(case), &bytes).err()
        };
        prop_assert_eq!(found, Some(RecordError::BadRecordMac));
    }

    #[test]
    fn any_plaintext_of_a_cbc_record_is_a_bad_mac(
        case in prop::sample::select(cbc_cases().collect::<Vec<_>>()),
        blocks in 1usize..40, padding: u8, right: bool, seed: u8,
    ) {
        let mut plain: Vec<u8> = (0..blocks * 16).map(|i| (i as u8).wrapping_mul(seed)).collect();
        let from = if right { plain.len().saturating_sub(usize::from(padding) + 1) } else { plain.len() - 1 };
        plain[from..].fill(padding);
        let found = opened(&mut reader(case), &crafted_cbc(case, APP, &plain));
        prop_assert_eq!(found, Err(RecordError::BadRecordMac));
    }
}
