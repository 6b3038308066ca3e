//! Credentials and configurations: shared immutable objects made from terms.

use crate::atoms;
use crate::beam::Fit;
use crate::counters::{Kind, Live};
use crate::encode::map;
use crate::intern::{next_id, Table};
use crate::store::StoreObject;
use rustler::{Atom, Binary, Decoder, Encoder, Env, Error, NifResult, Resource, ResourceArc, Term};
use std::sync::Arc;
use tls_core::config::{Config, DhParams, NativeVerify, Npn};
use tls_core::crypto::hash::HashAlg;
use tls_core::crypto::sign::{CertifiedKey, KeyError, KeyKind, PrivateKey};
use tls_core::enums::{BeastMitigation, CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};
use tls_core::x509::KeyType;

static CREDENTIALS: Table<Vec<u8>> = Table::new();
static CONFIGS: Table<Vec<u8>> = Table::new();

/// A certificate chain with its key.
pub struct CredentialObject {
    core: Arc<CertifiedKey>,
    id: u64,
    content: Vec<u8>,
    _live: Live,
}

#[rustler::resource_impl]
impl Resource for CredentialObject {}

impl Drop for CredentialObject {
    fn drop(&mut self) {
        CREDENTIALS.remove(&self.content, self.id);
    }
}

/// The key argument of `credential/2`.
enum Key<'a> {
    Native(KeyKind, Binary<'a>),
    External(u64, Vec<Fit<u16>>),
}

impl<'a> Decoder<'a> for Key<'a> {
    fn decode(term: Term<'a>) -> NifResult<Self> {
        let (tag, kind, value) = term.decode::<(Atom, Term, Term)>()?;
        if tag == atoms::external() {
            return Ok(Key::External(kind.decode()?, value.decode()?));
        }
        if tag != atoms::native() {
            return Err(Error::BadArg);
        }
        let kind = kind.decode::<Atom>()?;
        let kind = if kind == atoms::rsa_private_key() {
            KeyKind::Pkcs1
        } else if kind == atoms::ec_private_key() {
            KeyKind::Sec1
        } else if kind == atoms::private_key_info() {
            KeyKind::Pkcs8
        } else {
            return Err(Error::BadArg);
        };
        Ok(Key::Native(kind, value.decode()?))
    }
}

/// What a credential is found by: a hash over chain and key. It says nothing about the key.
fn credential_content(chain: &[Binary], key: &Key) -> Vec<u8> {
    let mut head = Vec::new();
    head.extend_from_slice(&(chain.len() as u64).to_be_bytes());
    head.extend(
        chain
            .iter()
            .flat_map(|der| (der.len() as u64).to_be_bytes()),
    );
    let mut parts: Vec<&[u8]> = Vec::new();
    let tail;
    match key {
        Key::Native(kind, der) => {
            head.push(*kind as u8);
            parts.push(der.as_slice());
        }
        Key::External(id, schemes) => {
            head.push(u8::MAX);
            tail = id
                .to_be_bytes()
                .into_iter()
                .chain(schemes.iter().flat_map(|scheme| scheme.0.to_be_bytes()))
                .collect::<Vec<_>>();
            parts.push(&tail);
        }
    }
    parts.extend(chain.iter().map(|der| der.as_slice()));
    parts.insert(0, &head);
    HashAlg::Sha256.hash(&parts).as_ref().to_vec()
}

fn key_type(key: KeyType) -> Atom {
    match key {
        KeyType::Rsa => atoms::rsa(),
        KeyType::RsaPss(_) => atoms::rsa_pss(),
        KeyType::Ec(_) => atoms::ec(),
        KeyType::Dsa => atoms::dsa(),
        KeyType::Ed25519 => atoms::ed25519(),
        KeyType::Ed448 => atoms::ed448(),
        KeyType::MlDsa(_) => atoms::mldsa(),
        KeyType::Other => atoms::other(),
    }
}

fn found_credential<'a>(env: Env<'a>, credential: &ResourceArc<CredentialObject>) -> Term<'a> {
    let schemes: Vec<u16> = credential
        .core
        .key
        .schemes()
        .iter()
        .map(|scheme| scheme.0)
        .collect();
    let meta = map(
        env,
        &[
            (atoms::schemes(), schemes.encode(env)),
            (
                atoms::type_(),
                key_type(credential.core.leaf.key).encode(env),
            ),
        ],
    );
    (atoms::ok(), credential.clone(), meta).encode(env)
}

/// A credential with this content that is alive.
#[rustler::nif]
fn credential_find<'a>(env: Env<'a>, chain: Vec<Binary<'a>>, key: Key<'a>) -> Term<'a> {
    match CREDENTIALS.find(env, &credential_content(&chain, &key)) {
        Some(credential) => found_credential(env, &credential),
        None => atoms::miss().encode(env),
    }
}

/// Makes one: the key is parsed and checked against the certificate.
#[rustler::nif(schedule = "DirtyCpu")]
fn credential_load<'a>(env: Env<'a>, chain: Vec<Binary<'a>>, key: Key<'a>) -> Term<'a> {
    let content = credential_content(&chain, &key);
    if let Some(credential) = CREDENTIALS.find(env, &content) {
        return found_credential(env, &credential);
    }
    let key = match key {
        Key::Native(kind, der) => PrivateKey::from_der(kind, der.as_slice()),
        Key::External(id, schemes) => Ok(PrivateKey::external(
            id,
            schemes
                .into_iter()
                .map(|scheme| SignatureScheme(scheme.0))
                .collect(),
        )),
    };
    let chain = chain.iter().map(|der| der.as_slice().to_vec()).collect();
    match key.and_then(|key| CertifiedKey::new(chain, key)) {
        Ok(core) => {
            let id = next_id();
            let credential = ResourceArc::new(CredentialObject {
                core: Arc::new(core),
                id,
                content: content.clone(),
                _live: Live::new(Kind::Credentials),
            });
            CREDENTIALS.insert(env, content, id, &credential);
            found_credential(env, &credential)
        }
        Err(error) => {
            let reason = match error {
                KeyError::Unsupported => atoms::unsupported_key(),
                KeyError::BadCertificate => atoms::bad_certificate(),
                KeyError::NoCertificate => atoms::no_certificate(),
                KeyError::Mismatch => atoms::key_mismatch(),
            };
            (atoms::error(), reason).encode(env)
        }
    }
}

/// A configuration with what it keeps alive and findable.
pub struct ConfigObject {
    /// For the core.
    pub core: Arc<Config>,
    id: u64,
    content: Vec<u8>,
    _store: Option<ResourceArc<StoreObject>>,
    _credentials: Vec<ResourceArc<CredentialObject>>,
    _live: Live,
}

#[rustler::resource_impl]
impl Resource for ConfigObject {}

impl Drop for ConfigObject {
    fn drop(&mut self) {
        CONFIGS.remove(&self.content, self.id);
    }
}

/// `{error, {Key, Reason}}`
struct BadField(Atom, Atom);

fn bytes(binaries: &[Binary]) -> Vec<Vec<u8>> {
    binaries
        .iter()
        .map(|binary| binary.as_slice().to_vec())
        .collect()
}

/// Reads the fields of the map and writes down what it read, for the content's hash.
struct Fields<'a> {
    map: Term<'a>,
    read: usize,
    content: Vec<u8>,
}

impl<'a> Fields<'a> {
    fn get(&mut self, key: Atom) -> Option<Term<'a>> {
        let value = self.map.map_get(key).ok();
        self.read += usize::from(value.is_some());
        value
    }

    fn note(&mut self, bytes: &[u8]) {
        self.content
            .extend_from_slice(&(bytes.len() as u64).to_be_bytes());
        self.content.extend_from_slice(bytes);
    }

    fn value<T: Decoder<'a>>(&mut self, key: Atom, default: Option<T>) -> Result<T, BadField> {
        match self.get(key) {
            Some(value) => value.decode().map_err(|_| BadField(key, atoms::badarg())),
            None => default.ok_or(BadField(key, atoms::missing())),
        }
    }

    fn flag(&mut self, key: Atom) -> Result<bool, BadField> {
        let flag = self.value(key, Some(false))?;
        self.note(&[u8::from(flag)]);
        Ok(flag)
    }

    fn number(&mut self, key: Atom, default: u64) -> Result<u64, BadField> {
        let number = self.value(key, Some(default))?;
        self.note(&number.to_be_bytes());
        Ok(number)
    }

    fn codes<T>(
        &mut self,
        key: Atom,
        default: Option<Vec<u16>>,
        wrap: fn(u16) -> T,
    ) -> Result<Vec<T>, BadField> {
        let codes = self.value::<Vec<Fit<u16>>>(
            key,
            default.map(|codes| codes.into_iter().map(Fit).collect()),
        )?;
        let bytes: Vec<u8> = codes.iter().flat_map(|code| code.0.to_be_bytes()).collect();
        self.note(&bytes);
        Ok(codes.into_iter().map(|code| wrap(code.0)).collect())
    }

    fn binaries(&mut self, key: Atom) -> Result<Vec<Vec<u8>>, BadField> {
        let binaries = self.value::<Vec<Binary>>(key, Some(Vec::new()))?;
        self.note_all(&binaries);
        Ok(bytes(&binaries))
    }

    fn note_all(&mut self, binaries: &[Binary]) {
        self.note(&(binaries.len() as u64).to_be_bytes());
        binaries.iter().for_each(|binary| self.note(binary));
    }

    fn binary(&mut self, key: Atom) -> Result<Vec<u8>, BadField> {
        let binary = match self.get(key) {
            None => Vec::new(),
            Some(value) => match value.decode::<Binary>() {
                Ok(binary) => binary.as_slice().to_vec(),
                Err(_) => return Err(BadField(key, atoms::badarg())),
            },
        };
        self.note(&binary);
        Ok(binary)
    }

    /// A flag that is set unless it is said otherwise.
    fn flag_on(&mut self, key: Atom) -> Result<bool, BadField> {
        let flag = self.value(key, Some(true))?;
        self.note(&[u8::from(flag)]);
        Ok(flag)
    }

    /// One of these atoms, the first when absent.
    fn one_of<T: Copy>(&mut self, key: Atom, table: &[(Atom, T)]) -> Result<T, BadField> {
        let given = self.value::<Atom>(key, table.first().map(|row| row.0))?;
        let found = table.iter().position(|row| row.0 == given);
        let (index, row) = found
            .and_then(|index| Some((index, table.get(index)?)))
            .ok_or(BadField(key, atoms::badarg()))?;
        self.note(&[index as u8]);
        Ok(row.1)
    }

    /// `undefined` is `None`, and so is what is absent.
    fn optional<T>(
        &mut self,
        key: Atom,
        read: impl FnOnce(&mut Self) -> Result<T, BadField>,
    ) -> Result<Option<T>, BadField> {
        if self.absent(key) {
            return Ok(None);
        }
        read(self).map(Some)
    }

    /// Is the field absent or `undefined`?
    fn absent(&mut self, key: Atom) -> bool {
        let absent = match self.map.map_get(key) {
            Ok(value) => value
                .decode::<Atom>()
                .is_ok_and(|atom| atom == atoms::undefined()),
            Err(_) => true,
        };
        if absent {
            self.read += usize::from(self.map.map_get(key).is_ok());
        }
        self.note(&[u8::from(absent)]);
        absent
    }
}

/// OTP's defaults of `max_handshake_size` and `key_update_at`.
const DEFAULT_MAX_HANDSHAKE: u64 = 262_144;
const DEFAULT_KEY_UPDATE_AT: u64 = 388_736_063_997;

/// `{Prime, Generator}`, big-endian.
fn dh(f: &mut Fields) -> Result<DhParams, BadField> {
    let (prime, generator) = f.value::<(Binary, Binary)>(atoms::dh(), None)?;
    f.note(prime.as_slice());
    f.note(generator.as_slice());
    Ok(DhParams {
        prime: prime.as_slice().to_vec(),
        generator: generator.as_slice().to_vec(),
    })
}

/// `{User, Password}`: the password is the answer's to know, not the configuration's.
fn srp_user(f: &mut Fields) -> Result<Vec<u8>, BadField> {
    let (user, _) = f.value::<(Binary, Term)>(atoms::srp_identity(), None)?;
    f.note(user.as_slice());
    Ok(user.as_slice().to_vec())
}

/// A server's `[Protocol]`, a client's `{client | server, [Protocol], Default}`.
fn npn(f: &mut Fields) -> Result<Npn, BadField> {
    let key = atoms::npn();
    let given = f.value::<Term>(key, None)?;
    let bad = |_| BadField(key, atoms::badarg());
    if given.is_list() {
        let protocols = given.decode::<Vec<Binary>>().map_err(bad)?;
        f.note_all(&protocols);
        return Ok(Npn::Advertised(bytes(&protocols)));
    }
    let (whose, protocols, default) = given.decode::<(Atom, Vec<Binary>, Binary)>().map_err(bad)?;
    if whose != atoms::client() && whose != atoms::server() {
        return Err(BadField(key, atoms::badarg()));
    }
    let own_order = whose == atoms::client();
    f.note(&[u8::from(own_order)]);
    f.note_all(&protocols);
    f.note(default.as_slice());
    Ok(Npn::Choose {
        own_order,
        protocols: bytes(&protocols),
        default: default.as_slice().to_vec(),
    })
}

fn read_config(map: Term) -> Result<ConfigObject, BadField> {
    let mut fields = Fields {
        map,
        read: 0,
        content: Vec::new(),
    };
    let f = &mut fields;
    let credentials: Vec<ResourceArc<CredentialObject>> =
        f.value(atoms::credentials(), Some(Vec::new()))?;
    let ids: Vec<u8> = credentials
        .iter()
        .flat_map(|credential| credential.id.to_be_bytes())
        .collect();
    f.note(&ids);
    let mut store = None;
    let native_verify = if f.absent(atoms::native_verify()) {
        None
    } else {
        let (object, depth) =
            f.value::<(ResourceArc<StoreObject>, usize)>(atoms::native_verify(), None)?;
        f.note(&object.id.to_be_bytes());
        f.note(&(depth as u64).to_be_bytes());
        let core = object.core.clone();
        store = Some(object);
        Some(NativeVerify { store: core, depth })
    };
    let groups = f.codes(atoms::groups(), None, NamedGroup)?;
    let core = Config {
        versions: f.codes(atoms::versions(), None, ProtocolVersion)?,
        cipher_suites: f.codes(atoms::cipher_suites(), None, CipherSuite)?,
        honor_cipher_order: f.flag(atoms::honor_cipher_order())?,
        key_share_groups: f.codes(
            atoms::key_share_groups(),
            Some(groups.first().map(|group| group.0).into_iter().collect()),
            NamedGroup,
        )?,
        groups,
        signature_algs: f.codes(atoms::signature_algs(), None, SignatureScheme)?,
        signature_algs_cert: if f.absent(atoms::signature_algs_cert()) {
            None
        } else {
            Some(f.codes(atoms::signature_algs_cert(), None, SignatureScheme)?)
        },
        alpn: if f.absent(atoms::alpn()) {
            None
        } else {
            Some(f.binaries(atoms::alpn())?)
        },
        max_fragment_length: if f.absent(atoms::max_fragment_length()) {
            None
        } else {
            let length = f.number(atoms::max_fragment_length(), 0)?;
            // RFC 6066 section 4
            match u16::try_from(length) {
                Ok(length @ (512 | 1024 | 2048 | 4096)) => Some(length),
                _ => return Err(BadField(atoms::max_fragment_length(), atoms::badarg())),
            }
        },
        max_handshake_size: f.number(atoms::max_handshake_size(), DEFAULT_MAX_HANDSHAKE)? as usize,
        key_update_at: f.number(atoms::key_update_at(), DEFAULT_KEY_UPDATE_AT)?,
        middlebox_comp_mode: f.flag_on(atoms::middlebox_comp_mode())?,
        cookie: f.flag(atoms::cookie())?,
        credentials: credentials
            .iter()
            .map(|credential| credential.core.clone())
            .collect(),
        verify_peer: f.flag(atoms::verify_peer())?,
        fail_if_no_peer_cert: f.flag(atoms::fail_if_no_peer_cert())?,
        certificate_authorities: if f.absent(atoms::certificate_authorities()) {
            None
        } else {
            Some(f.binaries(atoms::certificate_authorities())?)
        },
        native_verify,
        status_request: f.flag(atoms::status_request())?,
        ask_hello: f.flag(atoms::ask_hello())?,
        key_log: f.flag(atoms::key_log())?,
        curves: f.codes(atoms::curves(), Some(Vec::new()), NamedGroup)?,
        honor_ecc_order: f.flag(atoms::honor_ecc_order())?,
        dh: f.optional(atoms::dh(), dh)?,
        client_renegotiation: f.flag(atoms::client_renegotiation())?,
        renegotiate_at: f.number(atoms::renegotiate_at(), u64::MAX)?,
        fallback: f.flag(atoms::fallback())?,
        beast_mitigation: f.one_of(
            atoms::beast_mitigation(),
            &[
                (atoms::one_n_minus_one(), BeastMitigation::OneNMinusOne),
                (atoms::zero_n(), BeastMitigation::ZeroN),
                (atoms::disabled(), BeastMitigation::Disabled),
            ],
        )?,
        padding_check: f.flag_on(atoms::padding_check())?,
        psk_identity: f.optional(atoms::psk_identity(), |f| f.binary(atoms::psk_identity()))?,
        srp_identity: f.optional(atoms::srp_identity(), srp_user)?,
        user_lookup: f.flag(atoms::user_lookup())?,
        npn: f.optional(atoms::npn(), npn)?,
        extended_master_secret: f.flag_on(atoms::extended_master_secret())?,
        session_scope: f.binary(atoms::session_scope())?,
        reuse_sessions: f.flag(atoms::reuse_sessions())?,
    };
    if map.map_size().ok() != Some(fields.read) {
        // A field that this library does not know would be an option accepted and ignored.
        return Err(BadField(atoms::undefined(), atoms::unknown()));
    }
    let content = HashAlg::Sha256.hash(&[&fields.content]).as_ref().to_vec();
    Ok(ConfigObject {
        core: Arc::new(core),
        id: next_id(),
        content,
        _store: store,
        _credentials: credentials,
        _live: Live::new(Kind::Configs),
    })
}

/// What connections are configured with.
#[rustler::nif]
fn config<'a>(env: Env<'a>, map: Term<'a>) -> NifResult<Term<'a>> {
    if !map.is_map() {
        return Err(Error::BadArg);
    }
    let object = match read_config(map) {
        Ok(object) => object,
        Err(BadField(key, reason)) => return Ok((atoms::error(), (key, reason)).encode(env)),
    };
    if let Some(known) = CONFIGS.find::<ConfigObject>(env, &object.content) {
        return Ok((atoms::ok(), known).encode(env));
    }
    let (content, id) = (object.content.clone(), object.id);
    let config = ResourceArc::new(object);
    CONFIGS.insert(env, content, id, &config);
    Ok((atoms::ok(), config).encode(env))
}
