//! Trust anchors: parsed once, shared by all connections, found by subject.

use super::certificate::{Certificate, Spki};
use super::extensions;
use core::fmt;
use core::ops::Range;

/// An immutable set of trust anchors.
#[derive(Default)]
pub struct TrustStore {
    /// Sorted by subject, no certificate twice.
    anchors: Vec<Anchor>,
}

/// One anchor: its DER and where the interesting parts lie in it.
pub(super) struct Anchor {
    der: Box<[u8]>,
    subject: Range<u32>,
    serial: Range<u32>,
    spki: Range<u32>,
    not_before: i64,
    not_after: i64,
    /// pathLenConstraint, `u32::MAX` without.
    path_len: u32,
    usable: bool,
}

impl TrustStore {
    /// Takes the anchors that can be parsed; also gives the number of those that cannot. Duplicates are kept once.
    pub fn from_ders<D: AsRef<[u8]>>(ders: impl IntoIterator<Item = D>) -> (Self, usize) {
        let mut skipped = 0;
        let mut anchors: Vec<Anchor> = Vec::new();
        for der in ders {
            match Anchor::parse(der.as_ref()) {
                Some(anchor) => anchors.push(anchor),
                None => skipped += 1,
            }
        }
        anchors.sort_by(|a, b| (a.subject(), a.der()).cmp(&(b.subject(), b.der())));
        anchors.dedup_by(|a, b| a.der == b.der);
        anchors.shrink_to_fit();
        (Self { anchors }, skipped)
    }

    /// How many anchors.
    pub fn len(&self) -> usize {
        self.anchors.len()
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.anchors.is_empty()
    }

    /// Bytes of memory, about.
    pub fn memory(&self) -> usize {
        self.anchors
            .iter()
            .map(|anchor| anchor.der.len() + size_of::<Anchor>())
            .sum()
    }

    /// The anchors' DER, ordered by subject.
    pub fn ders(&self) -> impl Iterator<Item = &[u8]> {
        self.anchors.iter().map(Anchor::der)
    }

    /// The anchors' subjects: DER of distinguished names, as certificate_authorities takes them.
    pub fn subjects(&self) -> impl Iterator<Item = &[u8]> {
        self.anchors.iter().map(Anchor::subject)
    }

    /// The anchors with this subject (DER of the name).
    pub(super) fn with_subject<'s, 'n>(
        &'s self,
        subject: &'n [u8],
    ) -> impl Iterator<Item = &'s Anchor> + use<'s, 'n> {
        let first = self
            .anchors
            .partition_point(|anchor| anchor.subject() < subject);
        self.anchors
            .iter()
            .skip(first)
            .take_while(move |anchor| anchor.subject() == subject)
    }
}

impl fmt::Debug for TrustStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TrustStore({} anchors)", self.anchors.len())
    }
}

impl Anchor {
    fn parse(der: &[u8]) -> Option<Self> {
        let certificate = Certificate::parse(der).ok()?;
        let constraints = extensions::basic_constraints(&certificate).ok().flatten();
        Some(Self {
            subject: range(der, certificate.subject)?,
            serial: range(der, certificate.serial)?,
            spki: range(der, certificate.spki.raw)?,
            not_before: certificate.not_before,
            not_after: certificate.not_after,
            path_len: constraints
                .as_ref()
                .and_then(|c| c.path_len_constraint)
                .unwrap_or(u32::MAX),
            usable: is_usable(&certificate),
            der: der.into(),
        })
    }

    pub(super) fn der(&self) -> &[u8] {
        &self.der
    }

    fn part(&self, range: &Range<u32>) -> &[u8] {
        self.der
            .get(range.start as usize..range.end as usize)
            .unwrap_or_default()
    }

    pub(super) fn subject(&self) -> &[u8] {
        self.part(&self.subject)
    }

    /// INTEGER content.
    pub(super) fn serial(&self) -> &[u8] {
        self.part(&self.serial)
    }

    pub(super) fn spki(&self) -> Option<Spki<'_>> {
        Spki::parse(self.part(&self.spki))
    }

    pub(super) fn is_valid_at(&self, now: u64) -> bool {
        i64::try_from(now).is_ok_and(|now| (self.not_before..=self.not_after).contains(&now))
    }

    /// May this many intermediates follow?
    pub(super) fn allows_intermediates(&self, count: usize) -> bool {
        count <= self.path_len as usize
    }

    /// Fit for native validation.
    pub(super) fn is_usable(&self) -> bool {
        self.usable
    }
}

/// `public_key` ends paths at self-signed anchors only (others need a `partial_chain` fun) and looks at nothing but their
/// key, name and validity. Here they must also be plain CAs of version 3.
fn is_usable(certificate: &Certificate<'_>) -> bool {
    let is_ca = extensions::basic_constraints(certificate).is_ok_and(|c| c.is_some_and(|c| c.ca));
    let may_sign =
        extensions::key_usage(certificate).is_ok_and(|u| u.is_none_or(|u| u.key_cert_sign()));
    let known = certificate.extensions.iter().all(|extension| {
        !extension.critical
            || [extensions::BASIC_CONSTRAINTS, extensions::KEY_USAGE].contains(&extension.oid)
    });
    let unconstrained = extensions::CONSTRAINING
        .iter()
        .all(|oid| extensions::find(certificate, oid).is_none());
    certificate.version == 3
        && certificate.is_self_issued()
        && is_ca
        && may_sign
        && known
        && unconstrained
}

/// Where `part` lies in `whole`, of which it is a piece.
fn range(whole: &[u8], part: &[u8]) -> Option<Range<u32>> {
    let start = (part.as_ptr() as usize).checked_sub(whole.as_ptr() as usize)?;
    let end = start.checked_add(part.len())?;
    (whole.get(start..end)? == part).then_some(())?;
    Some(u32::try_from(start).ok()?..u32::try_from(end).ok()?)
}
