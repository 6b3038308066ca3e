%% Every option of the documented API, one row each, and the order in which they are checked.
%%
%% A row says for whom the option is, what it may be, its default, in which protocol versions it has a meaning, and
%% what of it works today. `ssl_opts` validates and fills in defaults from these rows; `markdown/0` makes
%% docs/options.md from them. Source: the types client_option(), server_option() and common_option() of ssl(3erl);
%% errors and order of the checks are those of OTP 29.
-module(ssl_options_table).
-if(?OTP_RELEASE >= 27).
-moduledoc false.
-endif.

-export([row/1, rows/0, names/0, plan/1, constants/1, version_bound/1, markdown/0, environment/0]).

-export_type([row/0, type/0, step/0]).

-type type() ::
        boolean | list | binary | map | file | term
      | {one_of, [term()]}
      | {int, non_neg_integer(), non_neg_integer() | infinity}    % with `infinity` as upper limit also the atom
      | {function, arity()}
      | {value, atom()}.          % by name: a function of ssl_opt_values

-type row() ::
        #{name := atom(),
          role := client | server | both,
          type := type(),
          %% the default, also by role; `{by, Name}`: computed, a function of ssl_opt_values
          default := term() | {role, Client :: term(), Server :: term()} | {by, atom()},
          %% of which versions one at least must be enabled when the option is given
          versions := all | [atom()] | {role, [atom()], [atom()]},
          %% values that do something today; others are refused as not_supported_yet
          now := all | [term()] | none,
          doc := string()}.

-type step() ::
        {opt, atom()}             % an option of this role: type, versions, value, default
      | {type, atom()}            % its type only ...
      | {versions, atom()}        % ... its versions only ...
      | {set, atom()}             % ... and the rest
      | {foreign, atom()}         % an option of the other role: an error when given
      | {rule, atom()}.           % a function of ssl_opt_rules: what depends on more than one option

-define(V13, ['tlsv1.3']).
-define(V12_13, ['tlsv1.2', 'tlsv1.3']).
-define(BEFORE_13, [tlsv1, 'tlsv1.1', 'tlsv1.2']).
-define(V10, [tlsv1]).

%% {Name, Role, Type, Default, Versions, Works today, Description}
table() ->
    [
     %% Protocol
     {protocol, both, {one_of, [tls, dtls]}, tls, all, [tls],
      "TLS over a stream, or DTLS over datagrams"},
     {versions, both, {value, versions}, {by, versions}, all, all,
      "protocol versions"},
     {log_level, both,
      {one_of, [none, all, emergency, alert, critical, error, warning, notice, info, debug]}, {by, log_level}, all, all,
      "lowest level that is logged"},
     {keep_secrets, both, {value, keep_secrets}, false, all, all,
      "key log items for connection_information/2 (true), or to a fun: {keylog, F}, {keylog_hs, F}"},
     {erl_dist, both, boolean, false, all, [false],
      "internal: connection of the Erlang distribution"},
     {ktls, both, boolean, false, all, [false],
      "internal: hand the keys to the kernel"},
     {middlebox_comp_mode, both, boolean, true, ?V13, all,
      "look like TLS 1.2 to middleboxes (RFC 8446 appendix D.4)"},

     %% Verification of the peer
     {verify, both, {one_of, [verify_none, verify_peer]}, {role, verify_peer, verify_none}, all, all,
      "is the peer's certificate verified? Server: is one asked for?"},
     {cacerts, both, list, undefined, all, all,
      "trusted certificates, DER or combined_cert(); overrides cacertfile"},
     {cacertfile, both, file, undefined, all, all,
      "PEM file of trusted certificates"},
     {certificate_authorities, both, boolean, {role, false, true},
      {role, ?V13, [tlsv1, 'tlsv1.1', 'tlsv1.2', 'tlsv1.3']}, all,
      "name the trusted authorities to the peer"},
     {partial_chain, both, {function, 1}, undefined, all, all,
      "fun that claims an intermediate certificate as trusted"},
     {fail_if_no_peer_cert, server, boolean, {by, fail_if_no_peer_cert}, all, all,
      "a client without certificate is refused"},
     {depth, both, {int, 0, 255}, 10, all, all,
      "how many intermediate certificates a chain may have"},
     {verify_fun, both, {value, verify_fun}, undefined, all, all,
      "fun of arity 3 or 4 with state, called for events of the path validation"},
     {cert_policy_opts, both, {value, cert_policy_opts}, [], all, all,
      "certificate policies, as for public_key:pkix_path_validation/3"},
     {allow_any_ca_purpose, both, boolean, false, all, all,
      "anyExtendedKeyUsage of a CA certificate allows every purpose"},
     {customize_hostname_check, client, list, [], all, all,
      "options for public_key:pkix_verify_hostname/3"},
     {crl_check, both, {one_of, [best_effort, peer, true, false]}, false, all, [false],
      "check certificate revocation lists"},
     {crl_cache, both, {value, crl_cache}, {ssl_crl_cache, {internal, []}}, all, all,
      "where the revocation lists come from; only used with crl_check"},
     {stapling, client, {value, stapling}, no_staple, all, [no_staple],
      "ask for an OCSP response of the server's certificate"},

     %% Own certificates
     {certs_keys, both, list, [], all, all,
      "certificates and their keys; overrides cert, certfile, key, keyfile and password"},
     {cert, both, {value, cert}, undefined, all, all, "DER certificate, or chain with the own certificate first"},
     {certfile, both, file, undefined, all, all, "PEM file of the certificate chain"},
     {key, both, {value, key}, undefined, all, all, "private key: DER with its type, engine reference or sign fun"},
     {keyfile, both, file, undefined, all, all, "PEM file of the private key; default: certfile"},
     {password, both, {value, password}, undefined, all, all, "password of the key file, or a fun that returns it"},

     %% Server name
     {server_name_indication, client, {value, server_name_indication}, {by, server_name_indication}, all, all,
      "name sent to the server and verified in its certificate; default: the host; disable: none"},
     {sni_hosts, server, {value, sni_hosts}, [], all, all, "options by server name"},
     {sni_fun, server, {function, 1}, undefined, all, all, "fun that gives options for a server name"},

     %% Resumption and early data
     {session_tickets, both,
      {role, {one_of, [disabled, manual, auto]},
       {one_of, [disabled, stateful, stateless, stateful_with_cert, stateless_with_cert]}},
      disabled, ?V13, [disabled], "resumption by tickets"},
     {use_ticket, client, list, undefined, all, none, "tickets to resume from, with {session_tickets, manual}"},
     {early_data, both, {role, binary, {one_of, [enabled, disabled]}}, {role, undefined, disabled}, all,
      [disabled], "0-RTT: client: the data; server: is it accepted?"},
     {anti_replay, server, {value, anti_replay}, undefined, all, none, "Bloom filter against replayed early data"},
     {stateless_tickets_seed, server, binary, undefined, all, none, "seed of the ticket keys"},

     %% Algorithms
     {ciphers, both, list, {by, ciphers}, all, all,
      "cipher suites by preference: maps, names, or names separated by colons"},
     {supported_groups, both, {value, supported_groups}, {by, supported_groups}, ?V13, all,
      "key exchange groups by preference"},
     {psk_groups, both, list, {by, psk_groups}, all, all,
      "groups for which the client sends key shares; default: the first of supported_groups"},
     {eccs, both, list, {by, eccs}, ?BEFORE_13, all, "elliptic curves of the key exchange"},
     {signature_algs, both, list, {by, signature_algs}, ?V12_13, all, "signature algorithms by preference"},
     {signature_algs_cert, both, list, {by, signature_algs_cert}, ?V12_13, all,
      "signature algorithms in certificates, if others than signature_algs"},
     {honor_cipher_order, server, boolean, false, all, all, "the server's preference of suites counts"},
     {honor_ecc_order, server, boolean, false, all, all, "the server's preference of curves counts"},
     {dh, server, {value, dh}, undefined, ?BEFORE_13, all, "DER Diffie-Hellman parameters"},
     {dhfile, server, file, undefined, ?BEFORE_13, all, "PEM file of Diffie-Hellman parameters"},

     %% Extensions
     {alpn_advertised_protocols, client, {value, protocols}, undefined, all, all,
      "application protocols to offer (ALPN)"},
     {alpn_preferred_protocols, server, {value, protocols}, undefined, all, all,
      "application protocols by preference (ALPN)"},
     {next_protocols_advertised, server, {value, protocols}, undefined, ?BEFORE_13, all,
      "protocols to advertise (NPN)"},
     {client_preferred_next_protocols, client, {value, next_protocols}, undefined, ?BEFORE_13, all,
      "selection among the advertised protocols (NPN)"},
     {max_fragment_length, client, {one_of, [undefined, 512, 1024, 2048, 4096]}, undefined, all, all,
      "largest record to receive (RFC 6066 section 4)"},
     {cookie, server, boolean, true, ?V13, all, "cookie in a HelloRetryRequest"},
     {use_srtp, both, {value, use_srtp}, undefined, all, none, "use_srtp extension of DTLS (RFC 5764)"},

     %% Handshake and connection
     {handshake, both, {one_of, [hello, full]}, full, all, all, "pause after the peer's hello"},
     {max_handshake_size, both, {int, 1, 16#7fffff}, 262144, all, all, "largest handshake message in bytes"},
     {key_update_at, both, {int, 1, infinity}, 388736063997, ?V13, all,
      "bytes sent under one key (RFC 8446 section 5.5)"},
     {hibernate_after, both, {int, 0, infinity}, infinity, all, all, "idle milliseconds before hibernation"},
     {receiver_spawn_opts, both, list, [], all, all, "spawn options of the connection process"},
     {sender_spawn_opts, both, list, [], all, all,
      "spawn options of the sender process, which this library does not have: no effect"},

     %% Before TLS 1.3
     {beast_mitigation, both, {one_of, [disabled, one_n_minus_one, zero_n]}, {by, beast_mitigation}, ?V10, all,
      "against BEAST in TLS 1.0"},
     {padding_check, both, boolean, true, ?V10, all, "check CBC padding in TLS 1.0"},
     {client_renegotiation, server, boolean, true, ?BEFORE_13, all, "may the client renegotiate?"},
     {renegotiate_at, both, {value, renegotiate_at}, 268435456, all, all, "internal: records before renegotiation"},
     {secure_renegotiate, both, {value, secure_renegotiate}, true, ?BEFORE_13, all,
      "always true (RFC 5746); false is refused"},
     {fallback, client, boolean, false, ?BEFORE_13, all, "send TLS_FALLBACK_SCSV (RFC 7507)"},
     {reuse_sessions, both, {role, {one_of, [true, false, save]}, boolean}, {role, true, {by, reuse_sessions}},
      ?BEFORE_13, all, "resumption by session identifier"},
     {reuse_session, both, {role, {value, reuse_session}, {function, 4}}, undefined, ?BEFORE_13, all,
      "client: the session to resume; server: fun that decides"},
     {psk_identity, both, {value, psk_identity}, undefined, ?BEFORE_13, all, "identity (hint) of PSK suites"},
     {srp_identity, both, {value, srp_identity}, undefined, ?BEFORE_13, all, "user and password of SRP suites"},
     {user_lookup_fun, both, {value, user_lookup_fun}, undefined, ?BEFORE_13, all,
      "fun that knows the secrets of PSK and SRP suites"}
    ].

%% The row of an option.
-spec row(atom()) -> row() | undefined.
row(Name) ->
    maps:get(Name, rows(), undefined).

%% All rows by name.
-spec rows() -> #{atom() => row()}.
rows() ->
    once(rows, fun() ->
                       maps:from_list([{Name, #{name => Name, role => Role, type => Type, default => Default,
                                                versions => Versions, now => Now, doc => Doc}}
                                       || {Name, Role, Type, Default, Versions, Now, Doc} <- table()])
               end).

%% What every connection needs of the table is made once for this version of the module.
once(What, Make) ->
    Key = {?MODULE, What, ?MODULE:module_info(md5)},
    case persistent_term:get(Key, undefined) of
        undefined ->
            Value = Make(),
            ok = persistent_term:put(Key, Value),
            Value;
        Value ->
            Value
    end.

%% Names of all options.
-spec names() -> [atom()].
names() -> [element(1, Row) || Row <- table()].

%% Options that have no meaning when none of the versions is one of theirs.
-spec version_bound([atom()]) -> [atom()].
version_bound(Versions) ->
    [element(1, Row) || Row <- table(), is_list(element(5, Row)),
                        not lists:any(fun(V) -> lists:member(V, Versions) end, element(5, Row))].

%% What is checked, in this order; the first that fails makes the error.
-spec plan(client | server) -> [step()].
plan(Role) ->
    once({plan, Role}, fun() -> make_plan(Role) end).

%% The defaults that depend on nothing but the role.
-spec constants(client | server) -> #{atom() => term()}.
constants(Role) ->
    once({constants, Role},
         fun() ->
                 Rows = rows(),
                 maps:from_list([{Option, Value} || {opt, Option} <- make_plan(Role),
                                                    {value, Value} <- [constant(Role, map_get(default, map_get(Option, Rows)))]])
         end).

constant(_, {by, _}) -> none;
constant(client, {role, Default, _}) -> constant(client, Default);
constant(server, {role, _, Default}) -> constant(server, Default);
constant(_, Default) -> {value, Default}.

make_plan(Role) ->
    protocol() ++ verification() ++ server_name(Role) ++ tickets(Role) ++ stapling(Role) ++ signatures() ++
        application_protocols(Role) ++ [{opt, beast_mitigation}, {opt, padding_check}] ++
        server_only(Role) ++ client_only(Role) ++ limits_and_old_sessions() ++ identities() ++ groups() ++
        [{opt, crl_check}, {opt, crl_cache}, {opt, handshake}, {opt, max_handshake_size}, {opt, use_srtp},
         {opt, receiver_spawn_opts}, {opt, sender_spawn_opts}, {opt, hibernate_after}].

protocol() ->
    [{opt, protocol}, {opt, log_level}, {opt, keep_secrets}, {opt, erl_dist}, {rule, dist_is_tls}, {opt, ktls},
     {rule, ktls_is_tls}, {opt, versions}, {opt, middlebox_comp_mode}].

verification() ->
    [{opt, verify}, {rule, verify_changed}, {opt, cacerts}, {opt, cacertfile}, {rule, trust_anchors},
     {opt, certificate_authorities}, {opt, partial_chain}, {opt, fail_if_no_peer_cert}, {rule, peer_cert_needed},
     {opt, depth}, {opt, verify_fun}, {opt, cert_policy_opts}, {opt, allow_any_ca_purpose}, {opt, certs_keys},
     {rule, own_certificates}].

server_name(client) ->
    [{opt, server_name_indication}, {foreign, sni_fun}, {foreign, sni_hosts}];
server_name(server) ->
    [{opt, sni_hosts}, {opt, sni_fun}, {rule, one_source_of_sni_options}, {foreign, server_name_indication}].

tickets(client) ->
    [{type, session_tickets}, {set, session_tickets}, {rule, tickets_need_13}, {opt, use_ticket},
     {rule, usable_tickets}, {opt, early_data}, {rule, client_early_data}, {foreign, anti_replay},
     {foreign, stateless_tickets_seed}];
tickets(server) ->
    [{type, session_tickets}, {set, session_tickets}, {rule, tickets_need_13}, {opt, early_data},
     {rule, server_early_data}, {rule, anti_replay}, {opt, stateless_tickets_seed}, {rule, seed_is_stateless},
     {rule, replay_warning}, {foreign, use_ticket}].

stapling(client) -> [{opt, stapling}];
stapling(server) -> [{foreign, stapling}].

signatures() -> [{rule, signature_algs}].

application_protocols(server) ->
    [{opt, alpn_preferred_protocols}, {opt, next_protocols_advertised}, {foreign, alpn_advertised_protocols},
     {foreign, client_preferred_next_protocols}];
application_protocols(client) ->
    [{opt, alpn_advertised_protocols}, {opt, client_preferred_next_protocols}, {foreign, alpn_preferred_protocols},
     {foreign, next_protocols_advertised}].

server_only(server) ->
    [{opt, honor_ecc_order}, {opt, honor_cipher_order}, {opt, cookie}, {opt, client_renegotiation},
     {rule, diffie_hellman}];
server_only(client) ->
    [{foreign, O} || O <- [honor_ecc_order, honor_cipher_order, cookie, client_renegotiation, dh, dhfile]].

client_only(client) ->
    [{opt, fallback}, {opt, customize_hostname_check}, {opt, max_fragment_length}];
client_only(server) ->
    [{foreign, O} || O <- [fallback, customize_hostname_check, max_fragment_length]].

limits_and_old_sessions() ->
    [{opt, key_update_at}, {opt, renegotiate_at}, {opt, secure_renegotiate},
     {type, reuse_sessions}, {type, reuse_session}, {versions, reuse_sessions}, {versions, reuse_session},
     {set, reuse_sessions}, {set, reuse_session}].

identities() -> [{opt, psk_identity}, {opt, srp_identity}, {opt, user_lookup_fun}].

groups() -> [{opt, supported_groups}, {opt, ciphers}, {rule, eccs}, {rule, psk_groups}].

%% docs/options.md
-spec markdown() -> iolist().
markdown() ->
    ["# Options\n\n"
     "Made from `erlang/src/ssl_options_table.erl`. Every option is checked as OTP 29 checks it; what does not work\n"
     "yet is refused with `{error, {options, {not_supported_yet, {Option, Value}}}}`, never ignored.\n\n"
     "| option | role | versions | default | works today | |\n|---|---|---|---|---|---|\n",
     [["| `", atom_to_list(Name), "` | ", atom_to_list(Role), " | ", versions_text(Versions), " | ",
       default_text(Default), " | ", now_text(Now), " | ", Doc, " |\n"]
      || {Name, Role, _Type, Default, Versions, Now, Doc} <- table()],
     "\n## Parameters of the application\n\n"
     "As with OTP, a value of the wrong kind counts as none.\n\n"
     "| parameter | default | |\n|---|---|---|\n",
     [["| `", atom_to_list(Name), "` | `", Default, "` | ", Doc, " |\n"] || {Name, Default, Doc} <- environment()]].

%% Parameters of the application (ssl(7)): name, default, what they do here.
-spec environment() -> [{atom(), string(), string()}].
environment() ->
    [{protocol_version, "['tlsv1.3', 'tlsv1.2']", "versions when the option `versions` is not given; a version or a list"},
     {dtls_protocol_version, "['dtlsv1.2']", "the same for DTLS; not spoken yet"},
     {alert_timeout, "5000", "milliseconds in which the peer may read a fatal alert before the transport closes"},
     {internal_active_n, "16", "reads of the transport that may be under way before the connection's process waits; with OTP 100"},
     {session_lifetime, "86400", "seconds that a session can be resumed"},
     {session_cache_client_max, "1000", "sessions that clients keep"},
     {session_cache_server_max, "1000", "sessions that servers keep"},
     {client_session_cb, "ssl_client_session_cache_db", "module that keeps the clients' sessions"},
     {server_session_cb, "ssl_server_session_cache_db", "module that keeps the servers' sessions"},
     {client_session_cb_init_args, "[]", "arguments of its `init`"},
     {server_session_cb_init_args, "[]", "arguments of its `init`"},
     {session_cb, "", "old name of `client_session_cb`"},
     {session_cb_init_args, "[]", "old name of the two"},
     {ssl_pem_cache_clean, "120000", "no effect: a file that has changed is read again by the next connection, a second later at most"},
     {bypass_pem_cache, "false", "no effect: nothing of a file is used for more than a second without looking whether it is still the same"},
     {server_session_ticket_lifetime, "7200", "not used yet, as the other parameters of session tickets"}].

versions_text(all) -> "all";
versions_text({role, Client, _Server}) -> ["client: ", versions_text(Client)];
versions_text(?V13) -> "1.3";
versions_text(?V12_13) -> "1.2, 1.3";
versions_text(?BEFORE_13) -> "before 1.3";
versions_text(?V10) -> "1.0".

default_text({role, Client, Server}) -> ["client ", default_text(Client), ", server ", default_text(Server)];
default_text({by, _}) -> "see text";
default_text(undefined) -> "";
default_text(Value) -> io_lib:format("`~w`", [Value]).

now_text(all) -> "yes";
now_text(none) -> "refused";
now_text(Values) -> ["only ", lists:join(", ", [io_lib:format("`~w`", [V]) || V <- Values])].
