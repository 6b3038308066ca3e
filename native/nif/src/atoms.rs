//! The atoms this library makes. All of them: nothing a peer sends becomes an atom.

rustler::atoms! {
    // results
    ok, error, failed, undefined, wait, go, none, miss, read, endpoint, start, started, not_connected, internal, invalid_packet,
    ssl_native, holder_down, write,
    // the debug log
    trace, inbound, outbound, handshake, record,
    // what a step gives
    send, event, data, ask, heavy, fatal, flush,
    // events
    connected, session, id, ems, renegotiate, renegotiated, renegotiation, refused, key_log, key_update, closed, warning, session_ticket, lifetime, age_add, nonce, ticket, max_early_data,
    // fatal
    origin, local, peer, alert, state, cause,
    // info
    version, cipher_suite, group, signature_scheme, alpn, server_name, peer_chain, session_id, client_random, server_random,
    own_credential, hrr, resumed, srp_username,
    // queries
    client_hello, server_hello, peer_certificate, sign, verify_signature, kx_generate, kx_agree, kx_respond,
    session_lookup, psk_lookup, srp_client, srp_server, srp_agree, dh_generate, dh_agree, rsa_decrypt, ecdh_static,
    versions, cipher_suites, groups, signature_algs, signature_algs_cert, extensions,
    // answers and actions
    continue_ = "continue", use_config, abort, bytes, secret, verified, kx_response, srp_params, close_notify, cancel, update_keys,
    take, give, ahead, bulk, raw, timeout, no_context, verify_name, dns, ip,
    // configuration
    honor_cipher_order, key_share_groups, max_fragment_length, max_handshake_size, key_update_at, renegotiate_at, middlebox_comp_mode,
    cookie, credentials, verify_peer, fail_if_no_peer_cert, certificate_authorities, native_verify, status_request,
    ask_hello, badarg, missing, unknown,
    curves, honor_ecc_order, dh, client_renegotiation, fallback, beast_mitigation, one_n_minus_one, zero_n, disabled,
    padding_check, psk_identity, srp_identity, user_lookup, npn, client, server, extended_master_secret, session_scope,
    reuse_sessions,
    // stores and credentials
    cert, count, skipped, schemes, type_ = "type", native, external, rsa, rsa_pss, dsa, ec, ed25519, ed448, mldsa, other,
    rsa_private_key = "RSAPrivateKey", ec_private_key = "ECPrivateKey", private_key_info = "PrivateKeyInfo", no_certificate, bad_certificate, bad_key, key_mismatch, unsupported_key,
    // counters
    conns, stores, configs, shares,
}
