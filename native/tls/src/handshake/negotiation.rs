//! A server's choices out of a ClientHello (RFC 8446 sections 4.1.1 and 9.2).

use super::credential::{self, Selected, Wanted};
use crate::config::Config;
use crate::crypto::suites::{suite_of, SuiteRow};
use crate::enums::{CipherSuite, NamedGroup, ProtocolVersion, Role};
use crate::error::{Error, Offence};
use crate::wire::extension::{Extensions, KeyShareEntry, PreSharedKey};
use crate::wire::hello::ClientHello;

/// What was chosen.
pub(super) struct Choice {
    pub suite: &'static SuiteRow,
    pub group: NamedGroup,
    /// The client's share for `group`; `None`: ask for one.
    pub share: Option<Vec<u8>>,
    pub credential: Selected,
    pub alpn: Option<Vec<u8>>,
    pub max_fragment_length: Option<FragmentLength>,
}

/// A value of max_fragment_length (RFC 6066 section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FragmentLength {
    pub code: u8,
    pub bytes: u16,
}

impl FragmentLength {
    const ALL: [Self; 4] = [
        Self {
            code: 1,
            bytes: 512,
        },
        Self {
            code: 2,
            bytes: 1024,
        },
        Self {
            code: 3,
            bytes: 2048,
        },
        Self {
            code: 4,
            bytes: 4096,
        },
    ];

    pub fn of_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|length| length.code == code)
    }

    pub fn of_bytes(bytes: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|length| length.bytes == bytes)
    }
}

/// Chooses everything, or says why nothing fits.
pub(super) fn choose(config: &Config, hello: &ClientHello) -> Result<Choice, Error> {
    if hello.compression_methods != [0] {
        return Err(Offence::NoNullCompression.into());
    }
    let extensions = &hello.extensions;
    check_psk(extensions)?;
    let schemes = extensions
        .signature_algorithms()
        .ok_or(Offence::MissingSignatureAlgorithms)?;
    let groups = extensions.groups().ok_or(Offence::MissingSupportedGroups)?;
    let shares = extensions.key_shares().ok_or(Offence::MissingKeyShare)?;
    check_shares(shares, groups)?;
    let suite = choose_suite(config, &hello.cipher_suites).ok_or(Offence::NoSharedCipher)?;
    let (group, share) = choose_group(config, groups, shares).ok_or(Offence::NoSharedGroup)?;
    let alpn = choose_protocol(config, extensions)?;
    let max_fragment_length = match extensions.max_fragment_length() {
        None => None,
        Some(code) => Some(FragmentLength::of_code(code).ok_or(Offence::BadMaxFragmentLength)?),
    };
    let wanted = Wanted::new(
        config,
        schemes,
        extensions.signature_algorithms_cert(),
        extensions.certificate_authorities(),
    );
    let credential =
        credential::select(config, Role::Server, &wanted).ok_or_else(
            || match credential::can_sign(config, &wanted) {
                true => Offence::CertificateNotAcceptable,
                false => Offence::NoSharedSignatureScheme,
            },
        )?;
    Ok(Choice {
        suite,
        group,
        share,
        credential,
        alpn,
        max_fragment_length,
    })
}

/// The highest version in common. supported_versions says what the client speaks (RFC 8446 section 4.2.1); as OTP has it,
/// servers of TLS 1.2 look at it too, older ones do not. Without it, the client speaks all versions from TLS 1.0 up to
/// legacy_version, and TLS 1.2 at most (appendix D.2). RFC 7507 for the fallback.
pub(super) fn choose_version(
    config: &Config,
    hello: &ClientHello,
) -> Result<ProtocolVersion, Offence> {
    let best = config.versions.iter().copied().max();
    let listed = hello
        .extensions
        .versions_offered()
        .filter(|_| best >= Some(ProtocolVersion::TLS12));
    let offers = |version: &ProtocolVersion| match listed {
        Some(versions) => versions.contains(&version.0),
        None => *version <= ProtocolVersion::TLS12 && version.0 <= hello.legacy_version,
    };
    let ours = config.versions.iter().copied();
    let chosen = ours.filter(offers).max();
    let fallback = hello
        .cipher_suites
        .contains(&CipherSuite::TLS_FALLBACK_SCSV);
    match chosen {
        chosen if fallback && chosen < best => Err(Offence::InappropriateFallback),
        Some(version) => Ok(version),
        None => Err(Offence::UnsupportedVersion),
    }
}

/// PSKs are not used, but their lawfulness is checked (RFC 8446 sections 4.2.9 and 4.2.11).
fn check_psk(extensions: &Extensions) -> Result<(), Offence> {
    match extensions.pre_shared_key() {
        Some(PreSharedKey::Offered {
            identities,
            binders,
        }) if identities.len() != binders.len() => Err(Offence::BinderCountMismatch),
        Some(_) if extensions.psk_modes().is_none() => Err(Offence::MissingPskModes),
        _ => Ok(()),
    }
}

/// RFC 8446 section 4.2.8: one share for each group, and only for groups that are offered. Both lists fill what the
/// client likes of 64 KB: they are sorted, since comparing each with each would be some 10^8 comparisons for one hello.
pub(super) fn check_shares(shares: &[KeyShareEntry], groups: &[NamedGroup]) -> Result<(), Offence> {
    let mut offered: Vec<u16> = groups.iter().map(|group| group.0).collect();
    offered.sort_unstable();
    let mut shared: Vec<u16> = shares.iter().map(|share| share.group.0).collect();
    shared.sort_unstable();
    if shared
        .iter()
        .any(|group| offered.binary_search(group).is_err())
    {
        return Err(Offence::KeyShareNotInGroups);
    }
    if shared
        .windows(2)
        .any(|pair| matches!(pair, [a, b] if a == b))
    {
        return Err(Offence::DuplicateKeyShare);
    }
    Ok(())
}

fn choose_suite(config: &Config, offered: &[CipherSuite]) -> Option<&'static SuiteRow> {
    let ours = &config.cipher_suites;
    let (first, second) = if config.honor_cipher_order {
        (ours.as_slice(), offered)
    } else {
        (offered, ours.as_slice())
    };
    first
        .iter()
        .filter(|id| second.contains(id))
        .find_map(|id| suite_of(*id, ProtocolVersion::TLS13))
}

/// Our most preferred common group that has a share, else our most preferred common group.
fn choose_group(
    config: &Config,
    offered: &[NamedGroup],
    shares: &[KeyShareEntry],
) -> Option<(NamedGroup, Option<Vec<u8>>)> {
    let common = || {
        config
            .groups
            .iter()
            .copied()
            .filter(|group| offered.contains(group))
    };
    let with_share = common().find_map(|group| {
        let share = shares.iter().find(|share| share.group == group)?;
        Some((group, Some(share.key_exchange.clone())))
    });
    with_share.or_else(|| Some((common().next()?, None)))
}

/// RFC 7301 section 3.2, by our preference.
pub(super) fn choose_protocol(
    config: &Config,
    extensions: &Extensions,
) -> Result<Option<Vec<u8>>, Offence> {
    match (&config.alpn, extensions.alpn()) {
        (Some(ours), Some(offered)) => {
            let common = ours.iter().find(|protocol| offered.contains(protocol));
            common.cloned().map(Some).ok_or(Offence::NoSharedProtocol)
        }
        (Some(ours), None) if ours.is_empty() => Err(Offence::NoSharedProtocol),
        _ => Ok(None),
    }
}
