%% The cases of the interoperability tests, as a table. A case says what each side is configured with, in
%% terms that interop_peers translates for every kind of peer (a peer that cannot be told leaves the case out),
%% and what is to happen.
-module(interop_cases).
-export([all/0, certificates/0]).
-export_type([test/0, side/0]).

%% cert: certificate and key of certificates/0; suites, groups, signatures: what is offered or accepted, by
%% preference; verify: the peer has to show a certificate (servers; clients always verify); trust: none means that
%% the peer's root is unknown; alpn: protocols
-type side() :: #{cert => atom(), suites => [string()], groups => [atom()], signatures => [atom()],
                  verify => boolean(), trust => none, alpn => [binary()]}.
%% expect: ok, or who refuses with which alert ({server, Alert}: the server sends it; `any` where peers differ)
%% script: talk (both ways), bulk (both ways), {update, server | client, write | read_write}
-type test() :: #{name := string(), family := atom(), server := side(), client := side(),
                  expect := ok | {server | client, [atom()]}, script := talk | bulk | {update, server | client, atom()}}.

-define(SUITES, ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256",
                 "TLS_AES_128_CCM_SHA256", "TLS_AES_128_CCM_8_SHA256"]).
-define(GROUPS, [x25519, secp256r1, secp384r1, secp521r1, x25519mlkem768]).

%% Name and arguments of openssl req -newkey.
-spec certificates() -> [{atom(), [string()]}].
certificates() ->
    [{p256, ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]},
     {p384, ["ec", "-pkeyopt", "ec_paramgen_curve:P-384"]},
     {p521, ["ec", "-pkeyopt", "ec_paramgen_curve:P-521"]},
     {rsa, ["rsa:2048"]},
     {rsa_pss, ["rsa-pss", "-pkeyopt", "rsa_keygen_bits:2048"]},
     {ed25519, ["ed25519"]}].

%% Certificate and the schemes that it can sign with.
signatures() ->
    [{p256, ecdsa_secp256r1_sha256}, {p384, ecdsa_secp384r1_sha384}, {p521, ecdsa_secp521r1_sha512},
     {rsa, rsa_pss_rsae_sha256}, {rsa, rsa_pss_rsae_sha384}, {rsa, rsa_pss_rsae_sha512},
     {rsa_pss, rsa_pss_pss_sha256}, {rsa_pss, rsa_pss_pss_sha384}, {rsa_pss, rsa_pss_pss_sha512},
     {ed25519, ed25519}].

-spec all() -> [test()].
all() ->
    [test(default, "default", #{}, #{})]
    ++ [test(suite, Suite, #{suites => [Suite]}, #{suites => [Suite]}) || Suite <- ?SUITES]
    ++ [test(group, atom_to_list(Group), #{groups => [Group]}, #{groups => [Group]}) || Group <- ?GROUPS]
    ++ [test(signature, atom_to_list(Scheme), #{cert => Cert},
             #{signatures => [Scheme | [ecdsa_secp256r1_sha256 || Scheme =/= ecdsa_secp256r1_sha256]]})
        || {Cert, Scheme} <- signatures()]
    ++ [test(client_cert, atom_to_list(Cert), #{verify => true}, #{cert => Cert}) || {Cert, _} <- certificates()]
    ++ [test(hello_retry, "x25519 to " ++ atom_to_list(Group), #{groups => [Group]}, #{groups => [x25519, Group]})
        || Group <- [secp256r1, secp384r1, secp521r1]]
    ++ [(test(key_update, atom_to_list(Who) ++ " " ++ atom_to_list(Type), #{}, #{}))#{script := {update, Who, Type}}
        || Who <- [server, client], Type <- [write, read_write]]
    ++ [test(alpn, "http/1.1", #{alpn => [<<"http/1.1">>]}, #{alpn => [<<"nothing">>, <<"http/1.1">>]}),
        (test(bulk, "200 KB both ways", #{}, #{}))#{script := bulk}]
    ++ [(test(refusal, Name, Server, Client))#{expect := Expect}
        || {Name, Server, Client, Expect} <-
               [{"no client certificate", #{verify => true}, #{}, {server, [certificate_required]}},
                {"client certificate of an unknown CA", #{verify => true, trust => none}, #{cert => p256},
                 {server, [unknown_ca, certificate_required]}},     % some clients see that it would not do, and send none
                {"server certificate of an unknown CA", #{}, #{trust => none}, {client, [unknown_ca]}},
                {"no suite in common", #{suites => ["TLS_AES_256_GCM_SHA384"]}, #{suites => ["TLS_AES_128_GCM_SHA256"]},
                 {server, [handshake_failure, insufficient_security]}},
                {"no group in common", #{groups => [secp384r1]}, #{groups => [x25519]},
                 {server, [handshake_failure, insufficient_security]}},
                {"no protocol in common", #{alpn => [<<"http/1.1">>]}, #{alpn => [<<"other">>]},
                 {server, [no_application_protocol]}}]].

test(Family, Name, Server, Client) ->
    #{name => Name, family => Family, server => maps:merge(#{cert => p256}, Server), client => Client,
      expect => ok, script => talk}.
