//! Our client against our server.

mod common;
use common::*;
use tls_core::config::Config;
use tls_core::enums::*;

#[test]
fn a_client_and_a_server_connect_and_exchange_data() {
    let (client, server) = pair(client_config(p256()), server_config(p256()));
    for (peer, role) in [(&client, Role::Client), (&server, Role::Server)] {
        let info = peer.info();
        assert_eq!(info.role, role);
        assert_eq!(info.cipher_suite, SUITES[0]);
        assert_eq!(info.group, NamedGroup::X25519);
        assert_eq!(info.server_name.as_deref(), Some(HOST.as_bytes()));
        assert!(!info.hrr);
    }
    assert_eq!(client.info().peer_chain[..], p256().chain[..]);
    assert!(client.queries.is_empty() && server.queries.is_empty());
}

#[test]
fn every_suite_group_and_signature() {
    for suite in SUITES {
        for group in GROUPS {
            for identity in identities() {
                let client = Config {
                    cipher_suites: vec![*suite],
                    groups: vec![*group],
                    key_share_groups: vec![*group],
                    ..client_config(identity)
                };
                let (client, server) = pair(client, server_config(identity));
                assert_eq!(client.info().cipher_suite, *suite);
                assert_eq!(server.info().group, *group);
                assert_eq!(client.info().signature_scheme, Some(identity.scheme));
            }
        }
    }
}
