//! Certificates that cost `public_key` more than they cost us. Up to OTP 28 the time it takes for an arc of an OBJECT IDENTIFIER
//! grows with the square of its length: a minute and more for one certificate (CVE-2026-65634). A BIT STRING whose bits have
//! names becomes a list of them, which is 700 times as large. Whoever decodes a peer's certificates, the verdict of OTP, keys
//! of rare kinds or the user, gets none of these.
//!
//! What is read here is BER, since OTP takes it for DER. The elements of a constructed one follow its header, so that one
//! walk over all headers sees everything, without a stack; where an element is cut short, OTP does not decode at all.

/// Bytes of an arc. The longest arcs in use are those of UUIDs (X.667), with 19.
const MAX_ARC: usize = 32;
/// Bytes of a keyUsage, header included: nine bits have a meaning (RFC 5280 section 4.2.1.3). There may be many of them.
const MAX_KEY_USAGE: usize = 8;
/// The same of all reasons of distribution points, whose tag is also that of mail addresses (sections 4.2.1.6 and 4.2.1.13).
const MAX_REASONS: usize = 4096;

const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const OID: u8 = 0x06;
const REASONS: u8 = 0x81;
/// registeredID of a GeneralName (section 4.2.1.6).
const REGISTERED_ID: u8 = 0x88;
const CONSTRUCTED: u8 = 0x20;
const CONSTRUCTED_BIT_STRING: u8 = BIT_STRING | CONSTRUCTED;
const CONSTRUCTED_OCTET_STRING: u8 = OCTET_STRING | CONSTRUCTED;
const LONG_TAG: u8 = 0x1f;

const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
const CRL_DISTRIBUTION_POINTS: &[u8] = &[0x55, 0x1d, 0x1f];
const FRESHEST_CRL: &[u8] = &[0x55, 0x1d, 0x2e];

/// id-ce and id-pe (sections 4.2.1 and 4.2.2): what `public_key` decodes begins with these. Values of others need not even be
/// DER.
const DECODED: [&[u8]; 2] = [&[0x55, 0x1d], &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01]];

/// Is there anything in it that nobody should decode?
pub(crate) fn is_bomb(certificate: &[u8]) -> bool {
    let mut name: &[u8] = &[];
    walk(certificate, |tag, content| {
        if tag == OID {
            name = content;
        }
        match tag {
            OCTET_STRING => is_bad_extension(name, content),
            // In pieces, or with zeros in front of an arc, there could be something that passes for something else.
            CONSTRUCTED_OCTET_STRING | CONSTRUCTED_BIT_STRING => true,
            OID if arcs(content).any(|arc| arc.first() == Some(&0x80)) => true,
            _ => is_long_oid(tag, content),
        }
    })
}

/// The value of an extension, and what it is called.
fn is_bad_extension(name: &[u8], value: &[u8]) -> bool {
    if !DECODED.iter().any(|start| name.starts_with(start)) {
        return false;
    }
    if name == KEY_USAGE && value.len() > MAX_KEY_USAGE {
        return true;
    }
    let has_reasons = name == CRL_DISTRIBUTION_POINTS || name == FRESHEST_CRL;
    let mut reasons: usize = 0;
    walk(value, |tag, content| {
        if has_reasons && matches!(tag, REASONS | BIT_STRING) {
            reasons = reasons.saturating_add(content.len());
        }
        is_long_oid(tag, content) || reasons > MAX_REASONS
    })
}

/// The bytes of each arc but the last one.
fn arcs(content: &[u8]) -> impl Iterator<Item = &[u8]> {
    content.split(|byte| byte & 0x80 == 0)
}

fn is_long_oid(tag: u8, content: &[u8]) -> bool {
    matches!(tag, OID | REGISTERED_ID) && arcs(content).any(|arc| arc.len() > MAX_ARC)
}

/// Is there an element that is `bad`? Of constructed ones `bad` sees no content: that follows.
fn walk<'a>(mut bytes: &'a [u8], mut bad: impl FnMut(u8, &'a [u8]) -> bool) -> bool {
    while let Some((tag, len, rest)) = header(bytes) {
        let len = if tag & CONSTRUCTED == 0 { len } else { 0 };
        let Some((content, after)) = rest.split_at_checked(len) else {
            return false;
        };
        if bad(tag, content) {
            return true;
        }
        bytes = after;
    }
    false
}

/// An element's first byte, the length of its content (0 if that is indefinite), and what follows the header.
fn header(bytes: &[u8]) -> Option<(u8, usize, &[u8])> {
    let (&(mut tag), mut rest) = bytes.split_first()?;
    if tag & LONG_TAG == LONG_TAG {
        let end = rest.iter().position(|byte| byte & 0x80 == 0)?;
        // In a long form there should be no number that has a short one.
        match rest.get(end) {
            Some(number)
                if *number < LONG_TAG && rest.iter().take(end).all(|byte| *byte == 0x80) =>
            {
                tag = tag & !LONG_TAG | number;
            }
            _ => {}
        }
        rest = rest.get(end.checked_add(1)?..)?;
    }
    let (&first, rest) = rest.split_first()?;
    if first & 0x80 == 0 {
        return Some((tag, usize::from(first), rest));
    }
    let (len, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
    let zeros = len.iter().take_while(|byte| **byte == 0).count();
    let digits = len.get(zeros..)?;
    if digits.len() > size_of::<u32>() {
        return None;
    }
    let len = digits
        .iter()
        .fold(0, |len, byte| len << 8 | usize::from(*byte));
    Some((tag, len, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rogue::common::{identities, p256};
    use proptest::prelude::*;

    fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
        let len = (content.len() as u32).to_be_bytes();
        [&[tag, 0x84], &len[..], content].concat()
    }

    fn oid(tag: u8, arc: usize) -> Vec<u8> {
        let arc = [&vec![0xff; arc - 1][..], &[1]].concat();
        tlv(tag, &[&[42][..], &arc, &[3]].concat())
    }

    #[test]
    fn arcs_are_found_wherever_they_are() {
        let places: [fn(Vec<u8>) -> Vec<u8>; 8] = [
            |oid| oid,
            |oid| tlv(0x30, &[tlv(0x02, &[1]), tlv(0x31, &oid)].concat()),
            |oid| extension(&[0x55, 0x1d, 0x25], &tlv(0x30, &oid)),
            // indefinite
            |oid| [&[0x30, 0x80], &oid[..], &[0, 0]].concat(),
            // a tag of three bytes before it
            |oid| tlv(0x30, &[&[0x1f, 0x81, 0x02, 1, 7], &oid[..]].concat()),
            // in a tag of another form
            |oid| {
                tlv(
                    0x30,
                    &[&[0x9f & oid[0] | 0x1f, oid[0] & 0x1f], &oid[1..]].concat(),
                )
            },
            |oid| [&[0x1f | oid[0] & 0xe0, 0x80, oid[0] & 0x1f], &oid[1..]].concat(),
            // more zeros in a length than anybody needs
            |oid| [&[0x30, 0x8a, 0, 0, 0, 0, 0, 0, 0, 0, 0, 100], &oid[..]].concat(),
        ];
        for place in places {
            for tag in [OID, REGISTERED_ID] {
                assert!(!is_bomb(&place(oid(tag, MAX_ARC))));
                assert!(is_bomb(&place(oid(tag, MAX_ARC + 2))));
                assert!(is_bomb(&place(oid(tag, 100_000))));
            }
            assert!(!is_bomb(&place(oid(0x80, 100))), "of no kind");
        }
    }

    fn extension(name: &[u8], value: &[u8]) -> Vec<u8> {
        let critical = [0x01, 0x01, 0xff];
        let parts = [tlv(OID, name), critical.to_vec(), tlv(OCTET_STRING, value)];
        tlv(0xa3, &tlv(0x30, &tlv(0x30, &parts.concat())))
    }

    #[test]
    fn bits_with_names_are_few() {
        let reasons = |len| tlv(0x30, &tlv(0x30, &tlv(REASONS, &vec![0xff; len])));
        for (name, value, bad) in [
            (KEY_USAGE, vec![3, 3, 7, 0xff, 0x80], false),
            (KEY_USAGE, tlv(0x03, &[0xff; 4]), true),
            (&[0x55, 0x1d, 0x48], tlv(0x03, &[0xff; 3000]), false), // a key
            (CRL_DISTRIBUTION_POINTS, reasons(2), false),
            (CRL_DISTRIBUTION_POINTS, reasons(255), false), // a mail address
            (CRL_DISTRIBUTION_POINTS, reasons(MAX_REASONS + 1), true),
            (FRESHEST_CRL, reasons(100_000), true),
            (FRESHEST_CRL, reasons(1000).repeat(5), true),
            (
                FRESHEST_CRL,
                tlv(0xa1, &tlv(BIT_STRING, &[1; 100_000])),
                true,
            ),
            (&[0x80, 0x55, 0x1d, 0x0f], tlv(0x03, &[0xff; 100]), true),
            // What only its maker decodes may be anything.
            (
                &[0x2b, 0x06, 0x01, 0x04],
                b"$a text #that is no DER".to_vec(),
                false,
            ),
            (&[0x2b, 0x06, 0x01, 0x04], oid(OID, 1000), false),
            (
                &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x01],
                oid(OID, 1000),
                true,
            ),
            (&[0x55, 0x1d, 0x11], reasons(10_000), false), // a very long mail address
        ] {
            assert_eq!(
                is_bomb(&extension(name, &value)),
                bad,
                "{name:02x?} {}",
                value.len()
            );
        }
    }

    #[test]
    fn nothing_hides_in_pieces() {
        let oid = oid(OID, 1000);
        let (head, tail) = oid.split_at(4);
        let pieces = [tlv(OCTET_STRING, head), tlv(OCTET_STRING, tail)].concat();
        assert!(is_bomb(&tlv(
            0x30,
            &tlv(OCTET_STRING | CONSTRUCTED, &pieces)
        )));
    }

    #[test]
    fn certificates_are_none_and_never_become_one_by_being_cut() {
        for identity in identities() {
            let all = identity.chain.iter().chain([&identity.ca]);
            assert!(!all.into_iter().any(|certificate| is_bomb(certificate)));
        }
        let leaf = &p256().chain[0];
        for end in 0..leaf.len() {
            assert!(!is_bomb(&leaf[..end]));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_end(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            is_bomb(&bytes);
        }
    }
}
