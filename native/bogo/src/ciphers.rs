//! The suites that `-cipher` names, and those that BoringSSL has without it.

use crate::flags::Options;
use tls_core::enums::CipherSuite;

/// BoringSSL's default suites of TLS 1.3.
const TLS13: [u16; 3] = [0x1301, 0x1302, 0x1303];
/// Those of the versions before.
const TLS12: [u16; 16] = [
    0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc009, 0xc013, 0xc00a, 0xc014, 0xc023, 0xc027,
    0x009c, 0x009d, 0x002f, 0x0035,
];
/// How many at the end of `TLS12` use RSA key exchange.
const PLAIN_RSA: usize = 4;
/// Those that take a pre-shared key; BoringSSL prefers them to RSA key exchange.
const PSK: [u16; 5] = [0xccac, 0xc035, 0xc036, 0x008c, 0x008d];
/// Known, but off unless named.
const TRIPLE_DES: u16 = 0x000a;

/// The suites for the configuration. Of suites that are equally good those come first that stand first in `offered`, what the
/// client offers; OTP has no such groups, so the shim sorts them when the ClientHello is there.
pub fn suites(options: &Options, offered: &[u16]) -> Vec<CipherSuite> {
    let (signed, rsa) = TLS12.split_at(TLS12.len() - PLAIN_RSA);
    let psk: &[u16] = if options.psk.is_empty() { &[] } else { &PSK };
    let all = match &options.ciphers {
        None => [&TLS13, signed, psk, rsa].concat(),
        Some(groups) => {
            let rank = |code: &u16| offered.iter().position(|other| other == code);
            let mut all = TLS13.to_vec();
            for group in groups {
                let mut group = group.clone();
                group.sort_by_key(|code| rank(code).unwrap_or(usize::MAX));
                all.extend(group);
            }
            all
        }
    };
    all.into_iter().map(CipherSuite).collect()
}

/// The suites of TLS 1.2 and before in a list such as `ALL:3DES`, `DEFAULT:!AES` or `[A|B]:C`, in groups of equally good ones.
/// `None`: it has words that no test uses.
pub fn parse(text: &str) -> Option<Vec<Vec<u16>>> {
    let name = |code: u16| CipherSuite(code).name().unwrap_or_default();
    let mut list: Vec<Vec<u16>> = Vec::new();
    for word in text.split(':') {
        if let Some(removed) = word.strip_prefix('!') {
            let part = part(removed)?;
            list.iter_mut()
                .for_each(|group| group.retain(|code| !name(*code).contains(part)));
            continue;
        }
        let inner = word.strip_prefix('[').and_then(|w| w.strip_suffix(']'));
        let mut group = Vec::new();
        for word in inner.unwrap_or(word).split('|') {
            let part = part(word)?;
            let default = part.is_empty();
            let known = TLS12.iter().chain(&[TRIPLE_DES]).copied();
            group.extend(known.filter(|code| {
                name(*code).contains(part)
                    && !(default && *code == TRIPLE_DES)
                    && !list.iter().flatten().any(|other| other == code)
            }));
        }
        match inner {
            Some(_) => list.push(group),
            None => list.extend(group.into_iter().map(|code| vec![code])),
        }
    }
    Some(list)
}

/// What the names of the suites have in common that a word stands for.
fn part(word: &str) -> Option<&str> {
    Some(match word {
        "ALL" | "DEFAULT" => "",
        "3DES" => "_3DES_",
        "AES" => "_AES_",
        "AES128" => "_AES_128_",
        exact if exact.starts_with("TLS_") => exact,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_for_suites() {
        let all = parse("ALL:3DES").unwrap();
        assert_eq!(all.len(), TLS12.len() + 1);
        assert_eq!(all.last(), Some(&vec![TRIPLE_DES]));
        assert_eq!(
            parse("DEFAULT:!AES").unwrap().concat(),
            [0xcca9, 0xcca8],
            "ChaCha20"
        );
        assert_eq!(parse("RC4"), None);
    }

    #[test]
    fn equally_good_suites_come_as_the_client_has_them() {
        let text = "[TLS_RSA_WITH_AES_128_CBC_SHA|TLS_RSA_WITH_AES_256_CBC_SHA]:TLS_RSA_WITH_AES_128_GCM_SHA256";
        let options = Options {
            ciphers: parse(text),
            ..Options::default()
        };
        let sorted = |offered| suites(&options, offered)[3..].to_vec();
        let codes = |codes: [u16; 3]| codes.map(CipherSuite).to_vec();
        assert_eq!(sorted(&[0x9c, 0x35, 0x2f]), codes([0x35, 0x2f, 0x9c]));
        assert_eq!(sorted(&[0x2f, 0x35]), codes([0x2f, 0x35, 0x9c]));
    }
}
