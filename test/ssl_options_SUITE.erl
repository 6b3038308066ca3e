%% Options and algorithms: what is accepted, what is refused and how, what the defaults are. That errors and values
%% are those of OTP 29 for very many lists is shown by ci/differential; here stands what must hold on every release.
-module(ssl_options_SUITE).
-include_lib("common_test/include/ct.hrl").
-include_lib("public_key/include/public_key.hrl").
-export([all/0, groups/0, suite/0, init_per_suite/1, end_per_suite/1]).
-export([every_option_has_a_row_and_a_default/1, every_option_refuses_what_it_is_not/1,
         options_of_the_other_role_are_refused/1, odd_terms_never_crash/1, what_does_not_work_yet_is_refused/1,
         what_does_not_work_yet_is_accepted_when_off/1, plan_names_every_option_once/1]).
-export([the_last_of_several_counts/1, unknown_options_go_to_the_transport_in_order/1, atoms_and_odd_terms/1,
         log_alert_is_an_old_log_level/1, emulated_options_are_kept_apart/1, transport_callbacks/1]).
-export([first_error_counts/1, verification_needs_authorities/1, fail_if_no_peer_cert_depends_on_verify/1,
         versions_are_checked_and_sorted/1, options_that_mean_nothing_in_the_versions/1,
         versions_from_the_environment/1, sni_options_exclude_each_other/1, server_name_defaults_to_the_host/1,
         tickets_and_early_data/1, ciphers_in_every_form/1, groups_and_key_shares/1, signature_algorithms/1,
         certificates_and_keys/1, files_must_be_there_when_listening/1, dh_parameters/1, protocols/1]).
-export([handshake_options_over_listen_options/1, options_made_again/1, changed_versions_drop_what_means_nothing/1,
         upgraded_sockets_keep_their_mode/1, values_for_the_core/1, secrets_are_kept_in_funs/1]).
-export([suites_convert_both_ways/1, names_of_suites/1, lists_of_suites/1, filters/1, groups_of_this_release/1,
         schemes_convert_both_ways/1, signature_algorithm_lists/1, versions_list/1, helper_modules/1]).

suite() -> [{timetrap, {seconds, 60}}].

all() -> [{group, G} || {G, _, _} <- groups()].

groups() ->
    [{table, [parallel],
      [every_option_has_a_row_and_a_default, every_option_refuses_what_it_is_not,
       options_of_the_other_role_are_refused, odd_terms_never_crash, what_does_not_work_yet_is_refused,
       what_does_not_work_yet_is_accepted_when_off, plan_names_every_option_once]},
     {lists, [parallel],
      [the_last_of_several_counts, unknown_options_go_to_the_transport_in_order, atoms_and_odd_terms,
       log_alert_is_an_old_log_level, emulated_options_are_kept_apart, transport_callbacks]},
     {rules, [],
      [first_error_counts, verification_needs_authorities, fail_if_no_peer_cert_depends_on_verify,
       versions_are_checked_and_sorted, options_that_mean_nothing_in_the_versions, versions_from_the_environment,
       sni_options_exclude_each_other, server_name_defaults_to_the_host, tickets_and_early_data,
       ciphers_in_every_form, groups_and_key_shares, signature_algorithms, certificates_and_keys,
       files_must_be_there_when_listening, dh_parameters, protocols]},
     {later, [parallel],
      [handshake_options_over_listen_options, options_made_again, changed_versions_drop_what_means_nothing,
       upgraded_sockets_keep_their_mode, values_for_the_core, secrets_are_kept_in_funs]},
     {algorithms, [parallel],
      [suites_convert_both_ways, names_of_suites, lists_of_suites, filters, groups_of_this_release,
       schemes_convert_both_ways, signature_algorithm_lists, versions_list, helper_modules]}].

init_per_suite(Config) ->
    Dir = ?config(priv_dir, Config),
    Key = public_key:generate_key({namedCurve, secp256r1}),
    Rsa = public_key:generate_key({rsa, 2048, 65537}),
    #{cert := Cert} = public_key:pkix_test_root_cert("options", [{key, Key}]),
    Pem = fun(K) -> public_key:pem_encode([public_key:pem_entry_encode(element(1, K), K)]) end,
    Secret = public_key:pem_encode([public_key:pem_entry_encode('RSAPrivateKey', Rsa,
                                                                {{"AES-128-CBC", crypto:strong_rand_bytes(16)}, "secret"})]),
    CertPem = public_key:pem_encode([{'Certificate', Cert, not_encrypted}]),
    Files = [{cert_file, "cert.pem", CertPem}, {key_file, "key.pem", Pem(Key)}, {both_file, "both.pem", [CertPem, Pem(Key)]},
             {secret_file, "secret.pem", Secret}, {two_keys_file, "two.pem", [Pem(Key), Pem(Rsa)]},
             {empty_file, "empty.pem", ""}],
    Paths = [begin
                 Path = filename:join(Dir, File),
                 ok = file:write_file(Path, Data),
                 {Name, Path}
             end || {Name, File, Data} <- Files],
    [{cert, Cert}, {key, {'ECPrivateKey', public_key:der_encode('ECPrivateKey', Key)}} | Paths] ++ Config.

end_per_suite(_Config) -> ok.

%%--------------------------------------------------------------------------------------------------------------
%% The table
%%--------------------------------------------------------------------------------------------------------------

%% Options of the types client_option(), server_option() and common_option() in ssl(3erl).
documented() ->
    [alpn_advertised_protocols, alpn_preferred_protocols, allow_any_ca_purpose, anti_replay, beast_mitigation, cacertfile,
     cacerts, cert, cert_policy_opts, certfile, certificate_authorities, certs_keys, ciphers, client_preferred_next_protocols,
     client_renegotiation, cookie, crl_cache, crl_check, customize_hostname_check, depth, dh, dhfile, early_data, eccs,
     fail_if_no_peer_cert, fallback, handshake, hibernate_after, honor_cipher_order, honor_ecc_order, keep_secrets, key,
     key_update_at, keyfile, log_level, max_fragment_length, max_handshake_size, middlebox_comp_mode,
     next_protocols_advertised, padding_check, partial_chain, password, protocol, psk_groups, psk_identity,
     receiver_spawn_opts, reuse_session, reuse_sessions, secure_renegotiate, sender_spawn_opts, server_name_indication,
     session_tickets, signature_algs, signature_algs_cert, sni_fun, sni_hosts, srp_identity, stapling,
     stateless_tickets_seed, supported_groups, use_srtp, use_ticket, user_lookup_fun, verify, verify_fun, versions].

every_option_has_a_row_and_a_default(_) ->
    [] = documented() -- ssl_options_table:names(),
    [erl_dist, ktls, renegotiate_at] = lists:sort(ssl_options_table:names() -- documented()),
    {ok, #{ssl := Client}} = ssl_opts:connect("host", [{verify, verify_none}]),
    {ok, #{ssl := Server}} = ssl_opts:listen([]),
    Own = [cert, certfile, key, keyfile, password],                 % inside certs_keys
    [] = (of_role(client) -- Own) -- maps:keys(Client),
    [] = (of_role(server) -- Own) -- maps:keys(Server),
    [] = maps:keys(Client) -- of_role(client),
    [] = maps:keys(Server) -- of_role(server),
    ok.

of_role(Role) ->
    [Name || Name <- ssl_options_table:names(), R <- [maps:get(role, ssl_options_table:row(Name))],
             R =:= both orelse R =:= Role].

%% A term that is nothing of what any option may be.
every_option_refuses_what_it_is_not(_) ->
    Wrong = {no, value, of_any, option},
    lists:foreach(fun(Name) ->
                          Result = case lists:member(Name, of_role(client)) of
                                       true -> ssl_opts:connect("host", [{verify, verify_none}, {Name, Wrong}]);
                                       false -> ssl_opts:listen([{Name, Wrong}])
                                   end,
                          {Name, {error, _}} = {Name, Result},
                          case Name of
                              anti_replay ->                       % says first that there are no tickets
                                  {error, {options, incompatible, [{anti_replay, Wrong}, {session_tickets, disabled}]}} = Result;
                              _ ->
                                  {Name, {error, {options, {Name, Wrong}}}} = {Name, Result}
                          end
                  end, ssl_options_table:names()).

options_of_the_other_role_are_refused(_) ->
    ClientOnly = of_role(client) -- of_role(server),
    ServerOnly = (of_role(server) -- of_role(client)) -- [fail_if_no_peer_cert],
    [{error, {option, client_only, O}} = ssl_opts:listen([{O, anything}]) || O <- ClientOnly],
    [{error, {option, server_only, O}} = client([{O, anything}]) || O <- ServerOnly],
    {error, {option, server_only, fail_if_no_peer_cert}} = client([{fail_if_no_peer_cert, true}]),
    {ok, _} = client([{fail_if_no_peer_cert, false}]),
    {ok, _} = client([{cookie, undefined}]),
    ok.

%% Improper lists, texts that are none, deep nonsense: an answer, for every option, never an exception.
odd_terms_never_crash(_) ->
    Odd = [[a | b], [<<"a">> | b], ['tlsv1.3' | b], [x25519 | b], [{sha256, rsa} | b], [#{} | b], [{"a", []} | b],
           [1.5], [-1], [[[]]], ["a", <<"b">> | c], [{policy_set, []} | x], {client, [<<"a">> | b]}, {client, [a | b], <<>>},
           {[1.5], "p"}, #{}, #{protection_profiles => [<<0, 2>> | a]}, #{a => b}, {}, <<1:3>>, make_ref(), 1 bsl 200, "", [[]],
           {a, b}, {a, b, c}, {a, b, c, d}, {{a, b}, c}, fun() -> ok end, {fun() -> ok end, s}],
    Names = ssl_options_table:names() ++ [cb_info, active, mode, packet, header, packet_size],
    lists:foreach(fun({Role, Name, Value}) ->
                          case by_role(Role, [{Name, Value}]) of
                              {ok, #{ssl := Ssl}} -> true = is_map(ssl_opts:core_config(Role, Ssl));
                              {error, _} -> ok
                          end
                  end, [{R, N, V} || R <- [client, server], N <- Names, V <- Odd]),
    [{error, {options, {option_not_a_key_value_tuple, _}}} = client(L) || L <- [[{depth, 1} | foo], [a | foo]]],
    {ok, #{ssl := #{server_name_indication := undefined}}} = ssl_opts:connect([1.5], [{verify, verify_none}]),
    ok.

%% An option that would do nothing is refused, each one with its name and value.
what_does_not_work_yet_is_refused(_) ->
    Refused = [{client, [{protocol, dtls}]}, {client, [{erl_dist, true}]}, {server, [{ktls, true}]},
               {client, [{crl_check, true}]}, {server, [{crl_check, best_effort}]}, {client, [{stapling, staple}]},
               {client, [{session_tickets, auto}]}, {server, [{session_tickets, stateless}]}],
    lists:foreach(fun({Role, [{Name, Value}] = Opts}) ->
                          {error, {options, {not_supported_yet, {Name, Value}}}} = by_role(Role, Opts)
                  end, Refused),
    %% the rows that are not whole have all been tried, or cannot be given without one that has
    Partial = [N || N <- ssl_options_table:names(), maps:get(now, ssl_options_table:row(N)) =/= all],
    [anti_replay, early_data, stateless_tickets_seed, use_srtp, use_ticket] =
        lists:sort(Partial -- [N || {_, [{N, _}]} <- Refused]),
    ok.

what_does_not_work_yet_is_accepted_when_off(_) ->
    {ok, _} = client([{crl_check, false}, {stapling, no_staple}, {session_tickets, disabled}, {fallback, false},
                      {protocol, tls}, {versions, ['tlsv1.2', 'tlsv1.3']}, {ktls, false}]),
    {ok, _} = server([{session_tickets, disabled}, {early_data, disabled}, {reuse_sessions, false},
                      {secure_renegotiate, true}, {honor_ecc_order, true}, {client_renegotiation, false}]),
    ok.

plan_names_every_option_once(_) ->
    Made = [cert, certfile, key, keyfile, password, signature_algs, signature_algs_cert, eccs, psk_groups, dh, dhfile,
            anti_replay],                                          % by rules
    lists:foreach(fun(Role) ->
                          Plan = ssl_options_table:plan(Role),
                          Set = [O || {Step, O} <- Plan, Step =:= opt orelse Step =:= set],
                          Set = lists:reverse(lists:foldl(fun(O, Acc) -> [O | Acc -- [O]] end, [], Set)),
                          [] = (of_role(Role) -- Set) -- Made,
                          Foreign = [O || {foreign, O} <- Plan],
                          %% false is no offence of a client
                          [] = (ssl_options_table:names() -- of_role(Role)) -- [fail_if_no_peer_cert | Foreign]
                  end, [client, server]).

%%--------------------------------------------------------------------------------------------------------------
%% Lists
%%--------------------------------------------------------------------------------------------------------------

the_last_of_several_counts(_) ->
    {ok, #{ssl := #{depth := 2}}} = client([{depth, 1}, {depth, 2}]),
    {ok, #{emulated := #{active := once, mode := list}}} = client([{active, false}, binary, {active, once}, list]),
    {error, {options, {depth, x}}} = client([{depth, 1}, {depth, x}]),
    ok.

unknown_options_go_to_the_transport_in_order(_) ->
    {ok, #{socket_opts := [{inet_backend, socket}, {nodelay, true}, inet6, {raw, 1, 2, <<3>>}, {foo, bar}, {nodelay, false}]}} =
        client([{inet_backend, socket}, {nodelay, true}, inet6, {depth, 1}, {raw, 1, 2, <<3>>}, {active, true}, {foo, bar},
                {nodelay, false}, {ssl_imp, new}]),
    ok.

atoms_and_odd_terms(_) ->
    {ok, #{emulated := #{mode := binary}}} = client([binary]),
    {ok, #{socket_opts := [inet]}} = client([inet]),
    [{error, {options, {option_not_a_key_value_tuple, O}}} = client([O]) || O <- [foo, {foo}, {"a", b}, 1, {a, b, c}]],
    ok.

log_alert_is_an_old_log_level(_) ->
    {ok, #{ssl := #{log_level := notice}}} = client([]),
    {ok, #{ssl := #{log_level := none}}} = client([{log_alert, false}]),
    {ok, #{ssl := #{log_level := notice}}} = client([{log_alert, true}]),
    {ok, #{ssl := #{log_level := debug}}} = client([{log_level, debug}, {log_alert, false}]),
    {ok, #{ssl := #{log_level := debug}}} = client([{log_alert, false}, {log_level, debug}]),
    {error, {options, {log_level, loud}}} = client([{log_level, loud}]),
    ok.

emulated_options_are_kept_apart(_) ->
    {ok, #{emulated := #{mode := list, packet := 0, packet_size := 0, header := 0, active := true} = Default,
           socket_opts := []}} = client([]),
    5 = map_size(Default),
    {ok, #{emulated := #{mode := binary, packet := 2, packet_size := 9, header := 1, active := 5}, socket_opts := []}} =
        client([{mode, binary}, {packet, 2}, {packet_size, 9}, {header, 1}, {active, 5}]),
    [{error, {options, O}} = client([O]) || O <- [{mode, octets}, {packet, "2"}, {packet_size, x}, {header, x},
                                                  {active, twice}, {active, 32768}, {active, -32769}]],
    ok.

transport_callbacks(_) ->
    {ok, #{transport := {gen_tcp, tcp, tcp_closed, tcp_error, tcp_passive}}} = client([]),
    {ok, #{transport := {m, d, c, e, d_passive}}} = client([{cb_info, {m, d, c, e}}]),
    {ok, #{transport := {m, d, c, e, p}}} = server([{cb_info, {m, d, c, e, p}}]),
    [{error, {options, {cb_info, V}}} = client([{cb_info, V}]) || V <- [m, {m}, {m, d, c}, {m, "d", c, e}]],
    {ok, #{emulated := #{high_watermark := 1, low_watermark := 4096}}} =
        client([{cb_info, tls_socket_tcp:cb_info()}, {high_watermark, 1}]),
    ok.

%%--------------------------------------------------------------------------------------------------------------
%% Rules
%%--------------------------------------------------------------------------------------------------------------

%% In the order of the plan, whatever the order of the list.
first_error_counts(_) ->
    {error, {options, {verify, x}}} = ssl_opts:listen([{hibernate_after, x}, {ciphers, x}, {verify, x}]),
    {error, {options, {protocol, x}}} = ssl_opts:listen([{verify, x}, {protocol, x}]),
    {error, {option, client_only, server_name_indication}} =
        ssl_opts:listen([{signature_algs, x}, {server_name_indication, "a"}]),
    {error, {options, {mode, x}}} = client([{mode, x}, {crl_check, true}]),
    {error, {options, {cert, x}}} = client([{mode, x}, {cert, x}]),
    ok.

verification_needs_authorities(_) ->
    Missing = {error, {options, incompatible, [{verify, verify_peer}, {cacerts, undefined}]}},
    Missing = ssl_opts:connect("host", []),
    Missing = ssl_opts:listen([{verify, verify_peer}]),
    {ok, #{ssl := #{verify := verify_peer}}} = ssl_opts:connect("host", [{cacerts, []}]),
    {ok, #{ssl := #{cacertfile := File}}} = ssl_opts:connect("host", [{cacertfile, "some.pem"}]),
    true = is_binary(File) andalso filename:pathtype(File) =:= absolute,
    {ok, #{ssl := #{cacertfile := undefined}}} = ssl_opts:connect("host", [{cacertfile, "some.pem"}, {cacerts, []}]),
    {ok, #{ssl := #{verify_fun := {F, undefined_state}}}} =
        client([{verify_fun, {fun(_, _, _) -> ok end, undefined_state}}]),
    true = is_function(F, 3),
    {ok, #{ssl := #{verify_fun := {Old, One}}}} = client([{verify_fun, fun([{bad_cert, R}]) -> R =:= good end}]),
    {valid, One} = Old(cert, {bad_cert, good}, One),
    {fail, {bad_cert, bad}} = Old(cert, {bad_cert, bad}, One),
    ok.

fail_if_no_peer_cert_depends_on_verify(_) ->
    {ok, #{ssl := #{fail_if_no_peer_cert := false}}} = server([]),
    {ok, #{ssl := #{fail_if_no_peer_cert := true}}} = server([{verify, verify_peer}, {cacerts, []}]),
    {ok, #{ssl := #{fail_if_no_peer_cert := false}}} =
        server([{verify, verify_peer}, {cacerts, []}, {fail_if_no_peer_cert, false}]),
    {error, {options, incompatible, [{verify, verify_none}, {fail_if_no_peer_cert, true}]}} =
        server([{fail_if_no_peer_cert, true}]),
    ok.

versions_are_checked_and_sorted(_) ->
    {ok, #{ssl := #{versions := ['tlsv1.3', 'tlsv1.2']} = Opts}} = client([]),
    ['tlsv1.3', 'tlsv1.2'] = ssl_opts:negotiable(Opts),
    {ok, #{ssl := #{versions := ['tlsv1.3', 'tlsv1.2', 'tlsv1.1', tlsv1]}}} =
        client([{versions, [tlsv1, 'tlsv1.2', 'tlsv1.3', 'tlsv1.1']}]),
    {error, {options, missing_version, {'tlsv1.2', {versions, ['tlsv1.3', 'tlsv1.1']}}}} =
        client([{versions, ['tlsv1.3', 'tlsv1.1']}]),
    {error, {options, {sslv3, {versions, ['tlsv1.3', sslv3]}}}} = client([{versions, ['tlsv1.3', sslv3]}]),
    {error, {options, {'dtlsv1.2', {versions, ['dtlsv1.2']}}}} = client([{versions, ['dtlsv1.2']}]),
    {error, {options, {versions, []}}} = client([{versions, []}]),
    ok.

options_that_mean_nothing_in_the_versions(_) ->
    V13 = {versions, ['tlsv1.3']},
    V12 = {versions, ['tlsv1.2']},
    [{error, {options, incompatible, [N, V13]}} = server([V13, {N, V}])
     || {N, V} <- [{beast_mitigation, disabled}, {padding_check, true}, {client_renegotiation, true},
                   {reuse_sessions, true}, {reuse_session, fun(_, _, _, _) -> true end}, {psk_identity, "a"},
                   {user_lookup_fun, {fun(_, _, _) -> error end, s}}, {secure_renegotiate, true},
                   {next_protocols_advertised, [<<"a">>]}, {dh, <<>>}]],
    [{error, {options, incompatible, [N, V12]}} = client([V12, {N, V}])
     || {N, V} <- [{middlebox_comp_mode, true}, {certificate_authorities, true}, {session_tickets, auto},
                   {supported_groups, [x25519]}, {key_update_at, 100}]],
    {error, {options, incompatible, [cookie, V12]}} = server([V12, {cookie, true}]),
    {error, {options, incompatible, [signature_algs, {versions, [{3, 2}]}]}} =
        client([{versions, ['tlsv1.1']}, {signature_algs, [rsa_pkcs1_sha256]}]),
    {error, {options, incompatible, [key, V12]}} =
        client([V12, {key, #{algorithm => eddsa, sign_fun => fun(_, _, _) -> <<>> end}}]),
    {ok, _} = client([V13, {eccs, no_list_at_all}]),              % never looked at
    ok.

versions_from_the_environment(_) ->
    Saved = application:get_env(ssl, protocol_version),
    try
        ok = application:set_env(ssl, protocol_version, ['tlsv1.2', 'tlsv1.3', 'tlsv1.1']),
        {ok, #{ssl := #{versions := ['tlsv1.3', 'tlsv1.2', 'tlsv1.1']}}} = client([]),
        [{3, 3}, {3, 4}, {3, 2}] = tls_record:supported_protocol_versions(),
        ok = application:set_env(ssl, protocol_version, 'tlsv1.2'),
        {ok, #{ssl := #{versions := ['tlsv1.2']}}} = client([]),
        ok = application:set_env(ssl, protocol_version, [sslv3]),
        {ok, #{ssl := #{versions := ['tlsv1.3', 'tlsv1.2']}}} = client([])
    after
        case Saved of
            {ok, V} -> application:set_env(ssl, protocol_version, V);
            undefined -> application:unset_env(ssl, protocol_version)
        end
    end.

sni_options_exclude_each_other(_) ->
    Fun = fun(_) -> undefined end,
    {error, {options, incompatible, [sni_fun, sni_hosts]}} = server([{sni_fun, Fun}, {sni_hosts, [{"a", []}]}]),
    {ok, #{ssl := #{sni_fun := Fun, sni_hosts := []}}} = server([{sni_fun, Fun}]),
    {ok, #{ssl := #{sni_fun := undefined, sni_hosts := [{"a", [{depth, 1}]}]}}} = server([{sni_hosts, [{"a", [{depth, 1}]}]}]),
    {error, {options, {sni_hosts, [{"b", []}]}}} = server([{sni_hosts, [{"a", [{sni_hosts, [{"b", []}]}]}]}]),
    {error, {options, {sni_hosts, {a, []}}}} = server([{sni_hosts, [{a, []}]}]),
    ok.

server_name_defaults_to_the_host(_) ->
    Name = fun(Host, Opts) ->
                   {ok, #{ssl := Ssl}} = ssl_opts:connect(Host, [{verify, verify_none} | Opts]),
                   {maps:get(server_name_indication, Ssl), ssl_opts:server_name(Ssl)}
           end,
    {"example.com", <<"example.com">>} = Name("example.com", []),
    {"example.com", <<"example.com">>} = Name("example.com.", []),
    {undefined, undefined} = Name({127, 0, 0, 1}, []),
    {undefined, undefined} = Name(undefined, []),
    {"127.0.0.1", undefined} = Name("127.0.0.1", []),              % RFC 6066: no address on the wire
    {"::1", undefined} = Name("::1", []),
    {disable, undefined} = Name("example.com", [{server_name_indication, disable}]),
    {"other", <<"other">>} = Name("example.com", [{server_name_indication, "other"}]),
    {error, {options, {server_name_indication, ""}}} = client([{server_name_indication, ""}]),
    ok.

tickets_and_early_data(_) ->
    {error, {options, incompatible, [{use_ticket, [t]}, {session_tickets, auto}]}} =
        client([{use_ticket, [t]}, {session_tickets, auto}]),
    {error, {options, {ticket_for_other_SNI, {#{sni := "a"}, "host"}}}} =
        client([{use_ticket, [#{sni => "a"}]}, {session_tickets, manual}]),
    {error, {options, {use_ticket, []}}} = client([{use_ticket, []}]),
    {error, {options, incompatible, [early_data, {session_tickets, disabled}]}} = client([{early_data, <<"x">>}]),
    {error, {options, incompatible, [early_data, {session_tickets, manual}, {use_ticket, undefined}]}} =
        client([{early_data, <<"x">>}, {session_tickets, manual}]),
    {error, {options, incompatible, [early_data, {session_tickets, disabled}]}} = server([{early_data, enabled}]),
    {error, {options, incompatible, [{anti_replay, '10k'}, {session_tickets, stateful}]}} =
        server([{anti_replay, '10k'}, {session_tickets, stateful}]),
    {error, {options, {anti_replay, '1k'}}} = server([{anti_replay, '1k'}, {session_tickets, stateless}]),
    {error, {options, incompatible, [stateless_tickets_seed, {session_tickets, disabled}]}} =
        server([{stateless_tickets_seed, <<"s">>}]),
    ok.

ciphers_in_every_form(_) ->
    Gcm = #{key_exchange => any, cipher => aes_256_gcm, mac => aead, prf => sha384},
    Codes = fun(Value) -> {ok, #{ssl := #{ciphers := C}}} = client([{ciphers, Value}]), C end,
    [16#1302] = Codes([Gcm]),
    [16#1302, 16#C02F] = Codes("TLS_AES_256_GCM_SHA384:ECDHE-RSA-AES128-GCM-SHA256"),
    [16#1302, 16#C02F] = Codes(["TLS_AES_256_GCM_SHA384", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"]),
    [16#1303, 16#1301] = Codes([<<16#13, 3>>, <<16#13, 1>>, <<9, 9>>]),
    [16#1302] = Codes([{any, aes_256_gcm, aead, sha384}]),
    Default = Codes([]),
    Default = Codes([<<9, 9>>]),
    [16#1302, 16#1301, 16#1303, 16#1304 | _] = Default,
    [{error, {options, {ciphers, V}}} = client([{ciphers, V}]) || V <- [foo, [foo], "FOO", [Gcm, foo], [#{}], <<>>]],
    {ok, #{ssl := #{ciphers := [16#1302, 16#1301, 16#1303, 16#1304, 16#1305]}}} = client([{versions, ['tlsv1.3']}]),
    ok.

groups_and_key_shares(_) ->
    Groups = fun(Opts) -> {ok, #{ssl := #{supported_groups := G, psk_groups := S}}} = client(Opts), {G, S} end,
    {[x25519mlkem768, x25519 | _], [x25519mlkem768]} = Groups([]),
    {[secp256r1, x25519], [secp256r1]} = Groups([{supported_groups, [secp256r1, foo, x25519]}]),
    {[secp256r1, x25519, secp384r1], [secp256r1, secp384r1]} =
        Groups([{supported_groups, [secp256r1, x25519, secp384r1]}, {psk_groups, [secp384r1, secp256r1, secp521r1]}]),
    {error, {options, {supported_groups, none_valid}}} = client([{supported_groups, [foo]}]),
    {error, {options, {psk_groups, x}}} = client([{psk_groups, x}]),
    ok.

signature_algorithms(_) ->
    {ok, #{ssl := #{signature_algs := Default, signature_algs_cert := {default, Certs}}}} = client([]),
    [rsa_pkcs1_sha1] = Certs -- Default,
    Default = ssl_algorithms:signature_algs(default, 'tlsv1.3'),
    {ok, #{ssl := #{signature_algs := [rsa_pss_rsae_sha256], signature_algs_cert := undefined}}} =
        client([{signature_algs, [rsa_pss_rsae_sha256]}]),
    {ok, #{ssl := #{signature_algs := Default, signature_algs_cert := [rsa_pkcs1_sha256]}}} =
        client([{signature_algs_cert, [rsa_pkcs1_sha256]}]),
    [{error, {options, {no_supported_algorithms, {signature_algs, [A]}}}} = client([{signature_algs, [A]}])
     || A <- [{md5, rsa}, {sha3_256, rsa}, {sha256, foo}, {sha256, dsa}]],
    {error, {options, {no_supported_signature_schemes, {signature_algs_cert, []}}}} = client([{signature_algs_cert, []}]),
    {error, {options, {signature_algs, [eddsa_ed25519, foo]}}} = client([{signature_algs, [eddsa_ed25519, foo]}]),
    ok.

certificates_and_keys(Config) ->
    Cert = ?config(cert, Config),
    Key = ?config(key, Config),
    File = list_to_binary(?config(both_file, Config)),
    Pairs = fun(Opts) -> {ok, #{ssl := #{certs_keys := P} = Ssl}} = client(Opts),
                         false = is_map_key(cert, Ssl) orelse is_map_key(keyfile, Ssl), P end,
    [] = Pairs([]),
    [#{cert := [Cert], key := Key}] = Pairs([{cert, Cert}, {key, Key}]),
    [#{cert := [Cert, Cert]}] = Pairs([{cert, [Cert, Cert]}]),
    [#{certfile := File, keyfile := File}] = Pairs([{certfile, ?config(both_file, Config)}]),
    [#{certfile := File, keyfile := <<"k">>}] = Pairs([{certfile, File}, {keyfile, "k"}]),
    [#{cert := [Cert]}, #{certfile := File, keyfile := File}] =
        Pairs([{certs_keys, [#{cert => Cert}, #{certfile => File}, #{}]}, {certfile, "ignored"}]),
    [{error, {options, E}} = client([O]) || {O, E} <- [{{cert, foo}, {cert, foo}}, {{cert, []}, {cert, []}},
                                                       {{key, foo}, {key, foo}}, {{certfile, ""}, {certfile, ""}},
                                                       {{password, 1}, {password, 1}},
                                                       {{certs_keys, [foo]}, {certs_keys, [foo]}},
                                                       {{certs_keys, [#{key => x}]}, {key, x}}]],
    {error, {options, {certs_keys, cert_and_key_required}}} = ssl_opts:upgrade(server, a_socket(), []),
    {error, {options, {certs_keys, cert_and_key_required}}} = ssl_opts:upgrade(server, a_socket(), [{cert, Cert}]),
    {ok, _} = ssl_opts:upgrade(server, a_socket(), [{cert, Cert}, {key, Key}]),
    {ok, _} = ssl_opts:upgrade(server, a_socket(), [{handshake, hello}]),
    ok.

files_must_be_there_when_listening(Config) ->
    F = fun(Name) -> ?config(Name, Config) end,
    Gone = filename:join(?config(priv_dir, Config), "gone.pem"),
    Bad = fun(Opts) -> {error, {options, Reason}} = ssl_opts:listen(Opts), Reason end,
    {certfile, {Gone, enoent}} = Bad([{certfile, Gone}]),
    {keyfile, {Gone, enoent}} = Bad([{certfile, F(cert_file)}, {keyfile, Gone}]),
    {cacertfile, {Gone, enoent}} = Bad([{cacertfile, Gone}]),
    {certfile, {Empty, no_certs}} = Bad([{certfile, F(empty_file)}]),
    Empty = F(empty_file),
    {keyfile, {_, wrong_password}} = Bad([{certfile, F(cert_file)}, {keyfile, F(secret_file)}, {password, "wrong"}]),
    {keyfile, {_, wrong_password}} = Bad([{certfile, F(cert_file)}, {keyfile, F(secret_file)}]),
    {keyfile, {_, {unexpected_content, {missing_single_key, _}}}} =
        Bad([{certfile, F(cert_file)}, {keyfile, F(two_keys_file)}]),
    {keyfile, {_, {unexpected_content, {missing_single_key, _}}}} = Bad([{certfile, F(cert_file)}]),
    {dhfile, enoent} = Bad([{dhfile, Gone}]),
    [{ok, _} = ssl_opts:listen(O)
     || O <- [[{certfile, F(both_file)}], [{certfile, F(cert_file)}, {keyfile, F(key_file)}],
              [{certfile, F(cert_file)}, {keyfile, F(secret_file)}, {password, "secret"}],
              [{certfile, F(cert_file)}, {keyfile, F(secret_file)}, {password, <<"secret">>}],
              [{certfile, F(cert_file)}, {keyfile, F(secret_file)}, {password, fun() -> "secret" end}],
              [{cacertfile, F(cert_file)}]]],
    {ok, _} = client([{certfile, Gone}]),                          % a client sees it when it connects
    ok.

dh_parameters(_) ->
    {ok, #{ssl := #{dh := <<"der">>, dhfile := undefined}}} = server([{dh, <<"der">>}, {dhfile, "ignored"}]),
    {error, {options, {dh, undefined}}} = server([{dh, undefined}]),
    {error, {options, incompatible, [dh_file, {versions, ['tlsv1.3']}]}} = server([{versions, ['tlsv1.3']}, {dhfile, "f"}]),
    ok.

protocols(_) ->
    {ok, #{ssl := #{alpn_advertised_protocols := [<<"h2">>]}}} = client([{alpn_advertised_protocols, [<<"h2">>]}]),
    Long = binary:copy(<<"x">>, 256),
    [{error, {options, {alpn_advertised_protocols, {invalid_protocol, P}}}} = client([{alpn_advertised_protocols, [P]}])
     || P <- [<<>>, "h2", Long, h2]],
    {error, {options, {client_preferred_next_protocols, {invalid_precedence, both}}}} =
        client([{client_preferred_next_protocols, {both, [<<"a">>]}}]),
    ok.

%%--------------------------------------------------------------------------------------------------------------
%% Later options
%%--------------------------------------------------------------------------------------------------------------

handshake_options_over_listen_options(Config) ->
    {ok, Listener} = ssl_opts:listen([{handshake, hello}, {depth, 3}, {active, once}, {alpn_preferred_protocols, [<<"a">>]}]),
    {error, {options, {certs_keys, cert_and_key_required}}} = ssl_opts:handshake([{handshake, full}], Listener),
    {ok, #{ssl := #{depth := 3, handshake := full, certs_keys := [#{}], alpn_preferred_protocols := [<<"a">>]},
           emulated := #{active := once}} = Done} =
        ssl_opts:handshake([{handshake, full}, {certfile, ?config(both_file, Config)}, {active, false}], Listener),
    {ok, #{ssl := #{verify := verify_peer, fail_if_no_peer_cert := true, verify_fun := undefined}}} =
        ssl_opts:sni([{verify, verify_peer}, {cacerts, []}], Done),
    {error, {options, {depth, 300}}} = ssl_opts:handshake([{depth, 300}], Listener),
    {error, {option, client_only, stapling}} = ssl_opts:handshake([{stapling, staple}], Listener),
    {error, {options, {not_supported_yet, {crl_check, true}}}} = ssl_opts:handshake([{crl_check, true}], Done),
    {ok, #{given := {server, undefined, [[] | Given]}} = Same} = ssl_opts:handshake([], Done),
    #{given := {_, _, Given}} = Done,
    true = maps:remove(given, Same) =:= maps:remove(given, Done),
    ok.

%% From what was given the options are made again, but for what is large or secret.
options_made_again(Config) ->
    File = ?config(both_file, Config),
    {ok, Listener} = ssl_opts:listen([{certfile, File}, {password, "secret"}, {depth, 3}, {alpn_preferred_protocols, [<<"a">>]}]),
    {ok, #{ssl := Now, given := Given}} = ssl_opts:handshake([{verify, verify_peer}, {cacerts, [<<"a certificate">>]}, {versions, ['tlsv1.3']}], Listener),
    Again = ssl_opts:again(Given),
    true = maps:without([certs_keys, cacerts], Now) =:= Again,
    Text = iolist_to_binary(io_lib:format("~p", [Given])),
    nomatch = binary:match(Text, <<"secret">>),
    nomatch = binary:match(Text, <<"a certificate">>),
    {ok, #{ssl := Client, given := {client, "host", [[{verify, verify_none}]]} = Asked}} =
        ssl_opts:connect("host", [{verify, verify_none}, {nodelay, true}, {certs_keys, [#{}]}]),
    true = maps:without([certs_keys, cacerts], Client) =:= ssl_opts:again(Asked).

changed_versions_drop_what_means_nothing(Config) ->
    {ok, Listener} = ssl_opts:listen([{certfile, ?config(both_file, Config)}, {reuse_sessions, false}]),
    {ok, #{ssl := #{versions := ['tlsv1.3'], reuse_sessions := true, eccs := []}}} =
        ssl_opts:handshake([{versions, ['tlsv1.3']}], Listener),
    {ok, #{ssl := #{versions := ['tlsv1.2'], reuse_sessions := false, eccs := [_ | _], supported_groups := undefined}}} =
        ssl_opts:handshake([{versions, ['tlsv1.2']}], Listener),
    ok.

upgraded_sockets_keep_their_mode(_) ->
    {ok, S} = gen_tcp:listen(0, [binary, {active, false}, {packet, 2}]),
    {ok, #{emulated := #{active := false, mode := binary, packet := 2}}} =
        ssl_opts:upgrade(client, S, [{verify, verify_none}]),
    {ok, #{emulated := #{active := true, mode := list}}} =
        ssl_opts:upgrade(client, S, [{verify, verify_none}, {active, true}, list]),
    ok = gen_tcp:close(S),
    {error, _} = ssl_opts:upgrade(client, S, [{verify, verify_none}]),
    {error, {options, {cb_info, x}}} = ssl_opts:upgrade(client, S, [{cb_info, x}, {verify, x}]),
    ok.

values_for_the_core(_) ->
    {ok, #{ssl := Client}} = client([{alpn_advertised_protocols, [<<"h2">>]}, {supported_groups, [x25519, secp256r1]},
                                     {signature_algs, [ecdsa_secp256r1_sha256, {sha256, rsa}]}, {max_fragment_length, 512}]),
    #{versions := [16#0304, 16#0303], alpn := [<<"h2">>], groups := [29, 23], key_share_groups := [29],
      max_fragment_length := 512,
      verify_peer := false, cipher_suites := [16#1302, 16#1301, 16#1303, 16#1304 | _], ask_hello := false, key_log := false,
      honor_cipher_order := false, cookie := false, fail_if_no_peer_cert := false, max_handshake_size := 262144,
      key_update_at := 388736063997, middlebox_comp_mode := true} = ssl_opts:core_config(client, Client),
    {ok, #{ssl := Server}} = server([{sni_fun, fun(_) -> undefined end}, {honor_cipher_order, true}, {keep_secrets, true}]),
    #{ask_hello := true, honor_cipher_order := true, cookie := true, key_log := true, alpn := undefined} =
        ssl_opts:core_config(server, Server),
    #{curves := [_ | _], npn := undefined, beast_mitigation := disabled, padding_check := true, user_lookup := false,
      extended_master_secret := true, psk_identity := <<"psk_identity">>, srp_identity := undefined} = ssl_opts:before_13(client, Client),
    {ok, #{ssl := Old}} = server([{versions, [tlsv1]}, {next_protocols_advertised, [<<"a">>]}, {client_renegotiation, false},
                                  {psk_identity, "hint"}]),
    #{versions := [16#0301], groups := [], key_share_groups := []} = ssl_opts:core_config(server, Old),
    #{npn := [<<"a">>], client_renegotiation := false, psk_identity := <<"hint">>, beast_mitigation := one_n_minus_one} =
        ssl_opts:before_13(server, Old),
    {ok, #{ssl := New}} = client([{versions, ['tlsv1.3']}]),
    #{cipher_suites := [16#1302, 16#1301, 16#1303, 16#1304, 16#1305]} = ssl_opts:core_config(client, New),
    0 = map_size(ssl_opts:before_13(client, New)),
    {ok, #{ssl := Never}} = client([{key_update_at, infinity}]),
    #{key_update_at := 16#ffffffffffffffff} = ssl_opts:core_config(client, Never),
    ok.

secrets_are_kept_in_funs(_) ->
    {ok, #{ssl := #{certs_keys := [#{password := F}]} = Ssl}} = client([{certfile, "c"}, {password, "tiger"}]),
    "tiger" = F(),
    nomatch = string:find(io_lib:format("~p", [Ssl]), "tiger"),
    ok.

%%--------------------------------------------------------------------------------------------------------------
%% Algorithms
%%--------------------------------------------------------------------------------------------------------------

all_codes() ->
    lists:usort(lists:append([ssl_suites:list(D, V) || D <- [all, anonymous], V <- ['tlsv1.3', 'tlsv1.2', 'tlsv1.1', tlsv1]])).

suites_convert_both_ways(_) ->
    Codes = all_codes(),
    true = length(Codes) > 100,
    [C = ssl_suites:from_map(ssl_suites:to_map(C)) || C <- Codes],
    [<<C:16>> = ssl_cipher_format:suite_map_to_bin(ssl_cipher_format:suite_bin_to_map(<<C:16>>)) || C <- Codes],
    undefined = ssl_suites:from_map(#{key_exchange => any, cipher => rot13, mac => aead, prf => sha256}),
    {error, function_clause} = raised(fun() -> ssl_suites:to_map(16#1399) end),
    {ecdhe_rsa, aes_128_cbc, sha} = ssl_cipher_format:suite_legacy(ssl_suites:to_map(16#C013)),
    {ecdhe_rsa, aes_128_gcm, aead, sha256} = ssl_cipher_format:suite_legacy(<<16#C02F:16>>),
    ok.

names_of_suites(_) ->
    [begin
         Map = ssl_suites:to_map(C),
         Map = ssl_suites:str_to_suite(ssl_suites:rfc_name(Map)),
         Map = ssl_suites:str_to_suite(ssl_suites:openssl_name(Map))
     end || C <- all_codes()],
    "ECDHE-RSA-AES128-GCM-SHA256" = ssl_suites:openssl_name(ssl_suites:to_map(16#C02F)),
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256" = ssl_suites:rfc_name(ssl_suites:to_map(16#C02F)),
    Ede = ssl_suites:to_map(16#0016),
    Ede = ssl_suites:str_to_suite("EDH-RSA-DES-CBC3-SHA"),
    Ede = ssl_suites:str_to_suite("DHE-RSA-DES-CBC3-SHA"),
    [{error, {not_recognized, N}} = ssl_suites:str_to_suite(N) || N <- ["", "FOO", "TLS_FOO", "TLS_RSA_WITH_ROT13_SHA", foo]],
    ok.

lists_of_suites(_) ->
    [16#1302, 16#1301, 16#1303, 16#1304, 16#1305] = ssl_suites:list(exclusive, 'tlsv1.3'),
    [] = ssl_suites:list(exclusive, 'tlsv1.1'),
    [] = ssl_suites:list(anonymous, 'tlsv1.3'),
    [] = ssl_suites:list(default, 'tlsv1.2') -- ssl_suites:list(default, 'tlsv1.3'),
    [] = [C || V <- ['dtlsv1.2', dtlsv1], D <- [default, all, exclusive, anonymous, exclusive_anonymous],
               C <- ssl_suites:list(D, V), maps:get(cipher, ssl_suites:to_map(C)) =:= rc4_128],
    ["TLS_AES_256_GCM_SHA384" | _] = ssl_suites:cipher_suites(default, 'tlsv1.3', openssl),
    ok.

filters(_) ->
    All = ssl_suites:cipher_suites(all, 'tlsv1.2'),
    Ecdhe = ssl_suites:filter(All, [{key_exchange, fun(K) -> K =:= ecdhe_ecdsa end}, {mac, fun(M) -> M =:= aead end}]),
    [_ | _] = Ecdhe,
    [] = [S || #{key_exchange := K, mac := M} = S <- Ecdhe, {K, M} =/= {ecdhe_ecdsa, aead}],
    First = ssl_suites:prepend([{key_exchange, fun(K) -> K =:= dhe_rsa end}], All),
    [#{key_exchange := dhe_rsa} | _] = First,
    true = lists:sort(First) =:= lists:sort(All),
    Last = ssl_suites:append([hd(All)], All),
    true = lists:last(Last) =:= hd(All),
    %% what crypto has not is not there
    [] = [S || S <- ssl_suites:filter(All, []), not ssl_suites:crypto_supports(S)],
    ok.

%% Those of the core on every release, the others as crypto has them.
groups_of_this_release(_) ->
    [x25519mlkem768, x25519 | _] = Default = ssl_algorithms:groups(default),
    [] = [x25519mlkem768, x25519, secp256r1, secp384r1, secp521r1] -- Default,
    All = ssl_algorithms:groups(),
    [] = Default -- All,
    [] = [ffdhe2048, ffdhe3072, ffdhe4096, ffdhe6144, ffdhe8192] -- All,
    [G = ssl_algorithms:group_name(ssl_algorithms:group_code(G)) || G <- ssl_algorithms:group_names(all)],
    undefined = ssl_algorithms:group_name(16#0a0a),
    Curves = crypto:supports(curves),
    [true = lists:member(C, Curves) || C <- ssl_algorithms:eccs()],
    {error, {badarg, not_sup_in, 'tlsv1.3'}} = raised(fun() -> ssl_algorithms:eccs('tlsv1.3') end),
    ok.

schemes_convert_both_ways(_) ->
    All = [rsa_pkcs1_sha1, ecdsa_sha1 | ssl_algorithms:signature_algs(default, 'tlsv1.3')],
    [S = ssl_algorithms:scheme_name(ssl_algorithms:scheme_code(S)) || S <- All],
    16#0403 = ssl_algorithms:scheme_code({sha256, ecdsa}),
    16#0202 = ssl_algorithms:scheme_code({sha, dsa}),
    16#0804 = ssl_algorithms:scheme_code({sha256, rsa_pss_rsae}),
    {sha224, rsa} = ssl_algorithms:scheme_name(16#0301),
    undefined = ssl_algorithms:scheme_name(16#fafa),
    ok.

signature_algorithm_lists(_) ->
    Keys = crypto:supports(public_keys),
    Default = ssl_algorithms:signature_algs(default, 'tlsv1.3'),
    [] = [S || S <- Default, {_, Sign, _} <- [ssl_algorithms:components(S)],
               lists:member(Sign, [mldsa44, mldsa65, mldsa87]), not lists:member(S, Keys)],
    {error, {signature_algs_not_supported_in_protocol_version, 'tlsv1.1'}} =
        raised(fun() -> ssl_algorithms:signature_algs(default, 'tlsv1.1') end),
    {error, badarg} = raised(fun() -> ssl_algorithms:signature_algs(some, 'tlsv1.1') end),
    [{sha512, ecdsa} | _] = ssl_algorithms:signature_algs(default, 'tlsv1.2'),
    ok.

versions_list(_) ->
    Versions = ssl_versions:versions(),
    {implemented, ['tlsv1.3', 'tlsv1.2', 'tlsv1.1', tlsv1]} = lists:keyfind(implemented, 1, Versions),
    {supported, ['tlsv1.3', 'tlsv1.2']} = lists:keyfind(supported, 1, Versions),
    16#0304 = ssl_versions:code('tlsv1.3'),
    16#fefd = ssl_versions:code('dtlsv1.2'),
    ok.

%% What programs and OTP's test library ask them, and stock's answers.
helper_modules(_) ->
    'tlsv1.3' = tls_record:protocol_version({3, 4}),
    {3, 3} = tls_record:protocol_version_name('tlsv1.2'),
    {3, 3} = tls_record:protocol_version('tlsv1.2'),
    {3, 4} = tls_record:highest_protocol_version([{3, 2}, {3, 4}, {3, 3}]),
    {3, 4} = tls_record:highest_protocol_version([]),
    'dtlsv1.2' = dtls_record:protocol_version({254, 253}),
    {254, 253} = dtls_record:highest_protocol_version([{254, 255}, {254, 253}]),
    {3, 2} = dtls_v1:corresponding_tls_version({254, 255}),
    [<<16#C0, 16#2C>> | _] = dtls_v1:suites({254, 253}),
    [<<16#13, 2>> | _] = ssl_cipher:suites({3, 4}),
    [] = ssl_cipher:anonymous_suites({3, 4}),
    7 = byte_size(ssl_cipher:random_bytes(7)),
    7200 = ssl_config:get_ticket_lifetime(),
    2 = ssl_dh_groups:modp2048_generator(),
    2048 = length(integer_to_list(ssl_dh_groups:modp2048_prime(), 2)),
    {error, {badmatch, {error, enoent}}} = ssl_pkix_db:decode_pem_file("/nowhere/at/all"),
    {tls_socket_tcp, '$socket', '$socket_closed', '$socket', '$socket_passive'} = tls_socket_tcp:cb_info(),
    [x25519mlkem768, secp384r1mlkem1024, secp256r1mlkem768, mlkem1024, mlkem768, mlkem512] = tls_v1:pqc_groups(),
    [x25519, x448, secp521r1, secp384r1, secp256r1, brainpoolP512r1tls13, brainpoolP384r1tls13, brainpoolP256r1tls13] =
        tls_v1:ec_groups(),
    %% RFC 8448 section 3: the early secret and what is derived from it
    Early = tls_v1:hkdf_extract(sha256, <<0:256>>, <<0:256>>),
    <<16#33ad0a1c607ec03b09e6cd9893680ce210adf300aa1f2660e1b22e10f170f92a:256>> = Early,
    Empty = crypto:hash(sha256, <<>>),
    <<16#6f2615a108c702c5678f54fc9dbab69716c076189c48250cebeac3576c3611ba:256>> =
        tls_v1:hkdf_expand_label(Early, <<"derived">>, Empty, 32, sha256),
    ok.

%%--------------------------------------------------------------------------------------------------------------

client(Opts) -> ssl_opts:connect("host", [{verify, verify_none} | Opts]).
server(Opts) -> ssl_opts:listen(Opts).
by_role(client, Opts) -> client(Opts);
by_role(server, Opts) -> server(Opts).

raised(Fun) ->
    try Fun() of Value -> {value, Value}
    catch Class:Reason -> {Class, Reason}
    end.

a_socket() ->
    {ok, S} = gen_tcp:listen(0, [{active, false}]),
    S.
