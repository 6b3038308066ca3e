//! The runner's command line: one table row per flag, and what the flags amount to.
//!
//! A flag may carry a prefix that says for which connection it holds: `-on-initial`, `-on-resume`,
//! `-on-retry`; `-on-shim` holds, `-on-handshaker` is skipped with its value. `LATER` lists the flags of subjects that are still
//! to come: with one of them the process ends with the status that the runner counts as "unimplemented". A flag without a row,
//! or a value that no row takes, is an error: a test that needs it stands in `config.json` with the reason why it is not run.

/// A credential: the default one (`-cert-file` before any `-new-x509-credential`) or a further one.
#[derive(Clone, Default)]
pub struct Credential {
    pub cert_file: Option<String>,
    pub key_file: Option<String>,
    pub signing_prefs: Vec<u16>,
}

/// Everything the flags say about one connection.
#[derive(Clone, Default)]
pub struct Options {
    pub port: u16,
    pub ipv6: bool,
    pub shim_id: u64,
    pub server: bool,
    pub handshaker_question: bool,
    pub resume_count: usize,
    pub default_credential: Credential,
    pub credentials: Vec<Credential>,

    pub min_version: Option<u16>,
    pub max_version: Option<u16>,
    pub disabled_versions: Vec<u16>,
    pub curves: Vec<u16>,
    pub key_shares: Option<Vec<u16>>,
    pub server_groups_hint: Vec<u16>,
    pub verify_prefs: Vec<u16>,
    pub server_preference: bool,
    pub host_name: Option<String>,
    pub advertise_alpn: Vec<u8>,
    pub select_alpn: Option<String>,
    pub reject_alpn: bool,
    pub select_next_protocol: Option<String>,
    pub advertise_npn: Option<Vec<u8>>,
    pub ocsp_stapling: bool,
    pub client_ca_list: Option<Vec<Vec<u8>>>,
    pub max_cert_list: Option<usize>,
    pub fallback: bool,
    pub psk: Vec<u8>,
    pub psk_identity: String,

    pub verify_peer: bool,
    pub require_client_certificate: bool,
    pub custom_verify: bool,
    pub verify_fail: bool,
    pub fail_early_callback: bool,
    pub fail_ocsp_callback: bool,
    pub fail_ddos_callback: bool,
    pub fail_cert_callback: bool,

    pub asynchronous: bool,
    pub implicit_handshake: bool,
    pub export_length: usize,
    pub export_label: String,
    pub export_context: String,
    pub use_export_context: bool,
    pub export_between_reads: bool,
    pub export_traffic_secrets: bool,
    pub send_alert: bool,
    pub shim_writes_first: bool,
    pub initial_write: Option<String>,
    pub initial_write_count: Option<usize>,
    pub unfinished_write: bool,
    pub write_record_sizes: bool,
    pub shim_shuts_down: bool,
    pub check_close_notify: bool,
    pub key_update: bool,
    pub key_update_before_read: bool,
    pub read_size: Option<usize>,

    pub expect_version: Option<u16>,
    pub expect_cipher: Option<u16>,
    pub expect_curve: Option<u16>,
    pub expect_peer_signature_algorithm: Option<u16>,
    pub expect_alpn: Option<String>,
    pub expect_advertised_alpn: Option<String>,
    pub expect_server_name: Option<String>,
    pub expect_no_server_name: bool,
    pub expect_hrr: bool,
    pub expect_no_hrr: bool,
    pub expect_session_miss: bool,
    pub record_splitting: bool,
    pub expect_total_renegotiations: Option<usize>,
    /// Suites of TLS 1.2 and before; those of a group are equally good.
    pub ciphers: Option<Vec<Vec<u16>>>,
    pub expect_session_id: bool,
    pub expect_no_session_id: bool,
    pub expect_next_protocol: Option<String>,
    pub expect_messages: Option<String>,
    pub expect_extended_master_secret: bool,
    pub expect_no_peer_cert: bool,
    pub expect_peer_cert_file: Option<String>,
    pub expect_peer_verify_prefs: Vec<u16>,
    pub expect_ocsp_response: Option<Vec<u8>>,
    pub expect_selected_credential: Option<i32>,
    pub expect_verify_result: bool,
}

impl Options {
    /// The credential that a `-cert-file` or the like at this place of the command line belongs to.
    fn credential(&mut self) -> &mut Credential {
        self.credentials
            .last_mut()
            .unwrap_or(&mut self.default_credential)
    }
}

/// Why a command line cannot be served.
pub enum Refusal {
    /// It belongs to a later subject.
    Later(&'static str),
    /// No row, a value that no row takes, or none where there should be one.
    Unknown(String),
}

/// What comes later, and the flags by which its tests are known.
#[rustfmt::skip]
const LATER: &[(&str, &[&str])] = &[
    ("DTLS", &["-dtls"]),
    ("QUIC, which OTP does not have either", &["-quic"]),
    ("tickets and early data of TLS 1.3", &[
        "-expect-accept-early-data", "-expect-reject-early-data", "-expect-ticket-supports-early-data", "-expect-resumable-across-names",
        "-resumption-delay",
    ]),
];

/// A flag without what says where it holds.
fn bare(flag: &str) -> &str {
    const PREFIXES: [&str; 5] = [
        "-on-shim",
        "-on-handshaker",
        "-on-initial",
        "-on-resume",
        "-on-retry",
    ];
    let inner = PREFIXES.iter().find_map(|prefix| unprefixed(flag, prefix));
    inner.map_or(flag, bare)
}

/// What a row does with its flag.
enum Action {
    /// A flag without a value.
    Set(fn(&mut Options)),
    /// A flag with a value; `None`: the value is not one the shim can serve.
    Value(fn(&mut Options, &str) -> Option<()>),
    /// Accepted without a value: nothing to do, for this reason.
    Nothing(#[allow(dead_code, reason = "for the reader")] &'static str),
    /// Accepted with a value that does not matter, for this reason.
    AnyValue(#[allow(dead_code, reason = "for the reader")] &'static str),
}

use Action::{AnyValue, Nothing, Set, Value};

#[rustfmt::skip] // one row, one line
const FLAGS: &[(&str, Action)] = &[
    // The process.
    ("-is-handshaker-supported", Set(|o| o.handshaker_question = true)),
    ("-port", Value(|o, v| { o.port = number(v)?; Some(()) })),
    ("-ipv6", Set(|o| o.ipv6 = true)),
    ("-shim-id", Value(|o, v| { o.shim_id = number(v)?; Some(()) })),
    ("-server", Set(|o| o.server = true)),
    ("-resume-count", Value(|o, v| { o.resume_count = number(v)?; Some(()) })),
    ("-async", Set(|o| o.asynchronous = true)),
    ("-implicit-handshake", Set(|o| o.implicit_handshake = true)),

    // Credentials.
    ("-new-x509-credential", Set(|o| o.credentials.push(Credential::default()))),
    ("-cert-file", Value(|o, v| { o.credential().cert_file = Some(v.into()); Some(()) })),
    ("-key-file", Value(|o, v| { o.credential().key_file = Some(v.into()); Some(()) })),
    ("-signing-prefs", Value(|o, v| { let v = number(v)?; o.credential().signing_prefs.push(v); Some(()) })),
    ("-use-old-client-cert-callback", Nothing("when the certificate is handed over does not matter: configurations are whole")),
    ("-use-early-callback", Nothing("the same")),
    ("-use-client-ca-list", Value(|o, v| { o.client_ca_list = Some(names(v)?); Some(()) })),

    // What to accept of the peer's certificate.
    ("-trust-cert", AnyValue("the answer to the core's question is the shim's, as -verify-fail says")),
    ("-verify-peer", Set(|o| o.verify_peer = true)),
    ("-require-any-client-certificate", Set(|o| o.require_client_certificate = true)),
    ("-use-custom-verify-callback", Set(|o| o.custom_verify = true)),
    ("-verify-fail", Set(|o| o.verify_fail = true)),
    ("-use-ocsp-callback", Nothing("the OCSP response is among what a certificate is judged by")),
    ("-fail-ocsp-callback", Set(|o| o.fail_ocsp_callback = true)),
    ("-install-ddos-callback", Nothing("the core asks about every ClientHello")),
    ("-fail-ddos-callback", Set(|o| o.fail_ddos_callback = true)),
    ("-fail-early-callback", Set(|o| o.fail_early_callback = true)),
    ("-fail-cert-callback", Set(|o| o.fail_cert_callback = true)),
    ("-reverify-on-resume", Nothing("a session is bound to how it was verified")),

    // What to negotiate.
    ("-min-version", Value(|o, v| { o.min_version = Some(number(v)?); Some(()) })),
    ("-max-version", Value(|o, v| { o.max_version = Some(number(v)?); Some(()) })),
    ("-no-tls1", Set(|o| o.disabled_versions.push(0x0301))),
    ("-no-tls11", Set(|o| o.disabled_versions.push(0x0302))),
    ("-no-tls12", Set(|o| o.disabled_versions.push(0x0303))),
    ("-no-tls13", Set(|o| o.disabled_versions.push(0x0304))),
    ("-curves", Value(|o, v| { o.curves.push(number(v)?); Some(()) })),
    ("-key-shares", Value(|o, v| { o.key_shares.get_or_insert_default().push(number(v)?); Some(()) })),
    ("-no-key-shares", Set(|o| o.key_shares = Some(Vec::new()))),
    ("-server-supported-groups-hint", Value(|o, v| { o.server_groups_hint.push(number(v)?); Some(()) })),
    ("-verify-prefs", Value(|o, v| { o.verify_prefs.push(number(v)?); Some(()) })),
    ("-server-preference", Set(|o| o.server_preference = true)),
    ("-host-name", Value(|o, v| { o.host_name = Some(v.into()); Some(()) })),
    ("-advertise-alpn", Value(|o, v| { o.advertise_alpn = v.into(); Some(()) })),
    ("-select-alpn", Value(|o, v| { o.select_alpn = Some(v.into()); Some(()) })),
    ("-decline-alpn", Nothing("no protocols are configured then")),
    ("-select-next-proto", Value(|o, v| { o.select_next_protocol = Some(v.into()); Some(()) })),
    ("-select-empty-next-proto", Set(|o| o.select_next_protocol = Some(String::new()))),
    ("-advertise-npn", Value(|o, v| { o.advertise_npn = Some(v.into()); Some(()) })),
    ("-advertise-empty-npn", Set(|o| o.advertise_npn = Some(Vec::new()))),
    ("-reject-alpn", Set(|o| o.reject_alpn = true)),
    ("-enable-ocsp-stapling", Set(|o| o.ocsp_stapling = true)),
    ("-max-cert-list", Value(|o, v| { o.max_cert_list = Some(number(v)?); Some(()) })),
    ("-no-ticket", Nothing("no tickets are asked for or given")),
    ("-renegotiate-freely", Nothing("a client of ours renegotiates when it is asked to, as OTP's")),
    ("-renegotiate-once", Nothing("the same")),
    ("-renegotiate-explicit", Nothing("the same: what BoringSSL leaves to its user happens by itself")),
    ("-renegotiate-ignore", Nothing("the same; tests that need it to be ignored are disabled")),
    ("-enable-early-data", Nothing("early data needs tickets; until there are some it is not offered or taken")),
    ("-expect-early-data-reason", AnyValue("the same: the core does not tell why there is none")),
    ("-expect-no-offer-early-data", Nothing("the same")),
    ("-ticket-key", AnyValue("no tickets are given")),
    ("-no-legacy-server-connect", Nothing("OTP speaks to servers without RFC 5746, but does not renegotiate with them")),
    ("-allow-hint-mismatch", Nothing("there is no handshaker process to differ from")),
    ("-must-match-issuer", Nothing("certificates of an authority that the peer names come first; more OTP has not")),
    ("-false-start", Nothing("a client may, OTP does not (RFC 7918)")),
    ("-fallback-scsv", Set(|o| o.fallback = true)),
    ("-psk", Value(|o, v| { o.psk = v.into(); Some(()) })),
    ("-psk-identity", Value(|o, v| { o.psk_identity = v.into(); Some(()) })),
    ("-srtp-profiles", AnyValue("use_srtp belongs to DTLS (RFC 5764); without -dtls it is not offered")),

    // What to do on a connection.
    ("-export-keying-material", Value(|o, v| { o.export_length = number(v)?; Some(()) })),
    ("-export-label", Value(|o, v| { o.export_label = v.into(); Some(()) })),
    ("-export-context", Value(|o, v| { o.export_context = v.into(); Some(()) })),
    ("-use-export-context", Set(|o| o.use_export_context = true)),
    ("-export-traffic-secrets", Set(|o| o.export_traffic_secrets = true)),
    ("-use-exporter-between-reads", Set(|o| o.export_between_reads = true)),
    ("-send-alert", Set(|o| o.send_alert = true)),
    ("-shim-writes-first", Set(|o| o.shim_writes_first = true)),
    ("-shim-initial-write", Value(|o, v| { o.initial_write = Some(v.into()); Some(()) })),
    ("-repeat-shim-initial-write", Value(|o, v| { o.initial_write_count = Some(number(v)?); Some(()) })),
    ("-read-with-unfinished-write", Set(|o| o.unfinished_write = true)),
    ("-write-different-record-sizes", Set(|o| o.write_record_sizes = true)),
    ("-shim-shuts-down", Set(|o| o.shim_shuts_down = true)),
    ("-check-close-notify", Set(|o| o.check_close_notify = true)),
    ("-key-update", Set(|o| o.key_update = true)),
    ("-key-update-before-read", Set(|o| o.key_update_before_read = true)),
    ("-read-size", Value(|o, v| { o.read_size = Some(number(v)?); Some(()) })),
    ("-expect-total-renegotiations", Value(|o, v| { o.expect_total_renegotiations = Some(number(v)?); Some(()) })),
    ("-partial-write", Nothing("what is sealed is queued whole")),
    ("-peek-then-read", Nothing("there is no peeking to differ from reading")),
    ("-no-op-extra-handshake", Nothing("an established connection has no handshake call to repeat")),

    // What has to have come out.
    ("-cbc-record-splitting", Set(|o| o.record_splitting = true)),
    ("-cipher", Value(|o, v| { o.ciphers = Some(crate::ciphers::parse(v)?); Some(()) })),
    ("-expect-version", Value(|o, v| { o.expect_version = Some(number(v)?); Some(()) })),
    ("-expect-cipher", Value(|o, v| { o.expect_cipher = Some(number(v)?); Some(()) })),
    ("-expect-cipher-aes", Value(|o, v| { o.expect_cipher = Some(number(v)?); Some(()) })),
    ("-expect-cipher-no-aes", AnyValue("machines without AES instructions are not looked for")),
    ("-expect-curve-id", Value(|o, v| { o.expect_curve = Some(number(v)?); Some(()) })),
    ("-expect-peer-signature-algorithm", Value(|o, v| { o.expect_peer_signature_algorithm = Some(number(v)?); Some(()) })),
    ("-expect-alpn", Value(|o, v| { o.expect_alpn = Some(v.into()); Some(()) })),
    ("-expect-advertised-alpn", Value(|o, v| { o.expect_advertised_alpn = Some(v.into()); Some(()) })),
    ("-expect-server-name", Value(|o, v| { o.expect_server_name = Some(v.into()); Some(()) })),
    ("-expect-no-server-name", Set(|o| o.expect_no_server_name = true)),
    ("-expect-next-proto", Value(|o, v| { o.expect_next_protocol = Some(v.into()); Some(()) })),
    ("-expect-no-next-proto", Set(|o| o.expect_next_protocol = Some(String::new()))),
    ("-expect-session-id", Set(|o| o.expect_session_id = true)),
    ("-expect-no-session-id", Set(|o| o.expect_no_session_id = true)),
    ("-expect-msg-callback", Value(|o, v| { o.expect_messages = Some(v.into()); Some(()) })),
    ("-expect-hrr", Set(|o| o.expect_hrr = true)),
    ("-expect-no-hrr", Set(|o| o.expect_no_hrr = true)),
    ("-expect-session-miss", Set(|o| o.expect_session_miss = true)),
    ("-expect-no-session", Nothing("no session is kept")),
    ("-expect-no-peer-cert", Set(|o| o.expect_no_peer_cert = true)),
    ("-expect-peer-cert-file", Value(|o, v| { o.expect_peer_cert_file = Some(v.into()); Some(()) })),
    ("-expect-peer-verify-pref", Value(|o, v| { o.expect_peer_verify_prefs.push(number(v)?); Some(()) })),
    ("-expect-ocsp-response", Value(|o, v| { o.expect_ocsp_response = Some(base64(v)?); Some(()) })),
    ("-expect-selected-credential", Value(|o, v| { o.expect_selected_credential = Some(number(v)?); Some(()) })),
    ("-expect-verify-result", Set(|o| o.expect_verify_result = true)),
    ("-expect-extended-master-secret", Set(|o| o.expect_extended_master_secret = true)),
    ("-expect-secure-renegotiation", Nothing("without it nobody renegotiates, which shows")),
];

/// The connections' options, first and resumed, out of the command line.
pub fn parse(arguments: impl IntoIterator<Item = String>) -> Result<(Options, Options), Refusal> {
    let (mut initial, mut resume) = (Options::default(), Options::default());
    let arguments: Vec<String> = arguments.into_iter().collect();
    for (subject, flags) in LATER {
        if arguments.iter().any(|flag| flags.contains(&bare(flag))) {
            return Err(Refusal::Later(subject));
        }
    }
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        let mut name = argument.as_str();
        let mut skip = false;
        if let Some(rest) = unprefixed(name, "-on-shim") {
            name = rest;
        } else if let Some(rest) = unprefixed(name, "-on-handshaker") {
            (name, skip) = (rest, true);
        }
        let mut targets: Vec<&mut Options> = vec![&mut initial, &mut resume];
        if let Some(rest) = unprefixed(name, "-on-initial") {
            name = rest;
            targets.pop();
        } else if let Some(rest) = unprefixed(name, "-on-resume") {
            name = rest;
            targets.remove(0);
        } else if let Some(rest) = unprefixed(name, "-on-retry") {
            name = rest;
            targets.clear(); // only after rejected early data, which is never sent
        }
        let Some((_, action)) = FLAGS.iter().find(|(known, _)| *known == name) else {
            return Err(Refusal::Unknown(format!("flag {argument}")));
        };
        let value = match action {
            Value(_) | AnyValue(_) => Some(
                arguments
                    .next()
                    .ok_or_else(|| Refusal::Unknown(format!("{argument} has no value")))?,
            ),
            Set(_) | Nothing(_) => None,
        };
        if skip {
            continue;
        }
        for options in targets {
            match (action, &value) {
                (Set(set), _) => set(options),
                (Value(set), Some(value)) => set(options, value)
                    .ok_or_else(|| Refusal::Unknown(format!("value {value} of {argument}")))?,
                _ => {}
            }
        }
    }
    Ok((initial, resume))
}

/// `name` without `prefix`, if what is left is still a flag.
fn unprefixed<'a>(name: &'a str, prefix: &str) -> Option<&'a str> {
    name.strip_prefix(prefix)
        .filter(|rest| rest.starts_with('-'))
}

fn number<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

/// The value of `-use-client-ca-list`: names in hexadecimal, separated by commas, or one of two words.
fn names(text: &str) -> Option<Vec<Vec<u8>>> {
    match text {
        "<EMPTY>" | "<NULL>" => Some(Vec::new()),
        names => names.split(',').map(hexadecimal).collect(),
    }
}

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) {
        return None;
    }
    text.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

/// Base64 with padding (RFC 4648 section 4).
fn base64(text: &str) -> Option<Vec<u8>> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = Vec::new();
    let (mut bits, mut count) = (0u32, 0);
    for byte in text.trim_end_matches('=').bytes() {
        bits = bits << 6 | ALPHABET.iter().position(|&c| c == byte)? as u32;
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &[&str]) -> (Options, Options) {
        parse(line.iter().map(|s| s.to_string())).unwrap_or_else(|_| panic!("refused: {line:?}"))
    }

    #[test]
    fn a_prefix_restricts_a_flag_to_one_connection() {
        let (initial, resume) = parsed(&[
            "-server",
            "-on-initial-expect-no-hrr",
            "-on-resume-curves",
            "23",
            "-on-handshaker-port",
            "7",
            "-on-shim-port",
            "8",
        ]);
        assert!(initial.server && resume.server);
        assert!(initial.expect_no_hrr && !resume.expect_no_hrr);
        assert_eq!((initial.curves, resume.curves), (vec![], vec![23]));
        assert_eq!(initial.port, 8);
    }

    #[test]
    fn credential_flags_belong_to_the_credential_begun_last() {
        let (options, _) = parsed(&[
            "-cert-file",
            "a",
            "-new-x509-credential",
            "-cert-file",
            "b",
            "-signing-prefs",
            "1027",
        ]);
        assert_eq!(options.default_credential.cert_file.as_deref(), Some("a"));
        assert_eq!(options.credentials[0].cert_file.as_deref(), Some("b"));
        assert_eq!(options.credentials[0].signing_prefs, [1027]);
    }

    #[test]
    fn what_has_no_row_is_an_error() {
        for line in [&["-no-such-flag"][..], &["-port", "x"], &["-port"]] {
            let parsed = parse(line.iter().map(|s| s.to_string()));
            assert!(matches!(parsed, Err(Refusal::Unknown(_))), "{line:?}");
        }
    }

    #[test]
    fn what_comes_later_is_known_by_a_flag_anywhere() {
        for flag in [
            "-dtls",
            "-on-resume-quic",
            "-on-shim-on-retry-expect-reject-early-data",
        ] {
            let line = ["-no-such-flag", "-port", flag];
            let parsed = parse(line.map(String::from));
            assert!(matches!(parsed, Err(Refusal::Later(_))), "{flag}");
        }
    }

    #[test]
    fn every_flag_has_one_row() {
        for (index, (name, _)) in FLAGS.iter().enumerate() {
            assert!(
                !FLAGS[..index].iter().any(|(other, _)| other == name),
                "{name}"
            );
        }
    }

    #[test]
    fn texts_of_bytes() {
        assert_eq!(base64("AQID/w=="), Some(vec![1, 2, 3, 255]));
        assert_eq!(base64("A!"), None);
        assert_eq!(names("<EMPTY>"), Some(vec![]));
        assert_eq!(names("30ff,00"), Some(vec![vec![0x30, 0xff], vec![0]]));
        assert_eq!(names("30f"), None);
    }
}
