%% TLS 1.2, 1.1 and 1.0: this library with itself, and with OTP's own ssl on the other side.
-module(ssl_tls12_SUITE).

-include_lib("stdlib/include/assert.hrl").

-compile([{nowarn_deprecated_function, {ssl, prf, 5}}]).
-export([suite/0, all/0, groups/0, init_per_suite/1, end_per_suite/1, init_per_group/2, end_per_group/2]).
-export([suites/1, curves/1, diffie_hellman/1, finite_field_groups/1, pre_shared_keys/1, remote_passwords/1, client_certificates/1,
         information/1, exporters/1, key_log/1, sizes/1, next_protocols/1, application_protocols/1, fragment_length/1,
         resumption/1, saved_sessions/1, session_data/1, server_decides/1, other_names/1, other_options/1, expired/1,
         resumption_of_clients/1, renegotiation_by_client/1, renegotiation_by_server/1, renegotiation_refused/1,
         renegotiation_with_data/1, renegotiation_while_receiving/1, renegotiation_unattended/1, renegotiation_resumes/1,
         renegotiation_is_rare/1, renegotiation_and_the_end/1,
         paused/1, alerts/1, versions/1, fallback/1, ecc_order/1, suite_order/1, mitigations/1]).

-export([lookup/3]).

-import(tls12_pairs, [at/2, serve/2, connect/4, ask/2, call/3, with_pair/5]).

suite() -> [{timetrap, {seconds, 100}}].

all() -> [{group, 'tlsv1.2'}, {group, 'tlsv1.1'}, {group, tlsv1}, {group, all_versions}].

groups() ->
    Each = [suites, curves, diffie_hellman, pre_shared_keys, remote_passwords, client_certificates, information, exporters, key_log,
            sizes, next_protocols, application_protocols, fragment_length, resumption, saved_sessions, session_data, server_decides,
            other_names, other_options, expired, resumption_of_clients, renegotiation_by_client, renegotiation_by_server,
            renegotiation_refused, renegotiation_with_data, renegotiation_while_receiving, renegotiation_unattended,
            renegotiation_resumes, renegotiation_and_the_end, paused, alerts, ecc_order, suite_order],
    [{'tlsv1.2', [], Each ++ [finite_field_groups, renegotiation_is_rare]},
     {'tlsv1.1', [], Each},
     {tlsv1, [], Each ++ [mitigations]},
     {all_versions, [], [versions, fallback]}].

init_per_suite(Config) ->
    ok = ssl:start(),
    [{certificates, tls12_pairs:certificates()}, {stock, tls12_pairs:start_stock([?MODULE])} | Config].

end_per_suite(Config) ->
    tls12_pairs:stop_stock(stock(Config)).

init_per_group(Group, Config) -> [{version, Group} | Config].

end_per_group(_, _) -> ok.

stock(Config) -> proplists:get_value(stock, Config).
version(Config) -> proplists:get_value(version, Config).

%% Who serves and who connects: of these at least one is this library.
couples(Config) ->
    Stock = stock(Config),
    [{here, here}, {here, Stock}, {Stock, here}].

who(here) -> here;
who(_) -> stock.

options(Role, Kind, Config) ->
    #{Kind := #{Role := Options}} = proplists:get_value(certificates, Config),
    [{versions, [version(Config)]} | Options].

server(Config) -> options(server, rsa, Config).
client(Config) -> [{verify, verify_peer} | options(client, rsa, Config)].

%% Server's and client's options for a certificate that only one side has.
server(Kind, Config) -> options(server, Kind, Config).
client(Kind, Config) -> [{verify, verify_peer} | options(client, Kind, Config)].

%%--------------------------------------------------------------------------------------------------------------------
%% Algorithms
%%--------------------------------------------------------------------------------------------------------------------

%% Every suite that OTP lists for the version and this OTP's crypto has, with data both ways.
suites(Config) ->
    Version = version(Config),
    Listed = lists:usort(ssl:filter_cipher_suites(ssl:cipher_suites(all, Version) ++ ssl:cipher_suites(anonymous, Version), [])),
    true = length(Listed) >= 50,
    Data = crypto:strong_rand_bytes(40000),
    Failed = [{Name, who(S), who(C), Result}
              || Suite <- Listed, {S, C} <- couples(Config),
                 not (at(S, fun() -> lacks(Suite, Version) end) orelse at(C, fun() -> lacks(Suite, Version) end)),
                 not as_otp25(Suite, Version) orelse {S, C} =:= {here, here},
                 %% RFC 5288 section 4, RFC 6655 section 3: not before TLS 1.2, although OTP lists some.
                 Version =:= 'tlsv1.2' orelse map_get(mac, Suite) =/= aead,
                 {ServerOptions, ClientOptions} <- [for_suite(Suite, who(S), Config)],
                 Name <- [ssl:suite_to_str(Suite)],
                 Result <- [with_pair(S, ServerOptions, C, ClientOptions,
                                      fun(Socket) ->
                                              Data = ask(Socket, {echo, Data}),
                                              {ok, [{selected_cipher_suite, Used}]} =
                                                  ssl:connection_information(Socket, [selected_cipher_suite]),
                                              ssl:suite_to_str(Used)
                                      end)],
                 Result =/= Name],
    ?assertEqual([], Failed).

%% With these OTP 25 uses the PRF of TLS 1.2 in older versions; RFC 5487 section 3.2 and OpenSSL do not.
as_otp25(#{key_exchange := Kex, mac := Mac}, Version) ->
    Version =/= 'tlsv1.2' andalso (Mac =:= sha256 orelse Mac =:= sha384) andalso
        lists:member(Kex, [psk, dhe_psk, rsa_psk, ecdhe_psk]).

lacks(Suite, Version) ->
    lacks(Suite) orelse not lists:member(Suite, ssl:cipher_suites(all, Version) ++ ssl:cipher_suites(anonymous, Version)).

%% Algorithms that crypto names and its OpenSSL does not do.
lacks(#{cipher := rc4_128}) -> fails(fun() -> crypto:crypto_one_time(rc4, <<0:128>>, <<"x">>, true) end);
lacks(#{cipher := des_cbc}) -> fails(fun() -> crypto:crypto_one_time(des_cbc, <<0:64>>, <<0:64>>, <<0:64>>, true) end);
lacks(_) -> false.

fails(Fun) ->
    try Fun() of
        _ -> false
    catch
        error:_ -> true
    end.

for_suite(#{key_exchange := Kex} = Suite, Server, Config) ->
    Kind = if
               Kex =:= ecdhe_ecdsa; Kex =:= ecdh_ecdsa -> ecdsa;
               Kex =:= ecdh_rsa -> ecdh_rsa;
               Kex =:= dhe_dss; Kex =:= srp_dss -> dsa;
               true -> rsa
           end,
    Lookup = [{user_lookup_fun, {fun ?MODULE:lookup/3, <<"a secret of some length">>}}],
    Users = case atom_to_list(Kex) of
                "srp" ++ _ -> {Lookup, [{srp_identity, {"user", "password"}}]};
                Name ->
                    case string:find(Name, "psk") of
                        nomatch -> {[], []};
                        %% (OTP 25 signs the hint of RSA_PSK, which RFC 4279 section 4 does not)
                        _ -> {[{psk_identity, "hint"} || Server =:= here] ++ Lookup, [{psk_identity, "somebody"} | Lookup]}
                    end
            end,
    Signatures = case {version(Config), Kind} of
                     {'tlsv1.2', dsa} -> [{signature_algs, [{sha, dsa}, {sha256, rsa}]}];
                     _ -> []
                 end,
    {element(1, Users) ++ Signatures ++ [{ciphers, [Suite]} | server(Kind, Config)],
     element(2, Users) ++ Signatures ++ [{ciphers, [Suite]} | client(Kind, Config)]}.


lookup(psk, _Identity, Secret) ->
    {ok, Secret};
lookup(srp, User, _) ->
    Salt = <<"a little salt for all">>,
    {ok, {srp_2048, Salt, crypto:hash(sha, [Salt, crypto:hash(sha, [User, $:, <<"password">>])])}}.

%% Every curve that crypto has.
curves(Config) ->
    Suites = [S || #{key_exchange := ecdhe_rsa} = S <- ssl:cipher_suites(all, version(Config))],
    Failed = [{Curve, who(S), who(C), Result}
              || Curve <- ssl:eccs(), {S, C} <- couples(Config),
                 lists:member(Curve, at(S, fun ssl:eccs/0)), lists:member(Curve, at(C, fun ssl:eccs/0)),
                 Result <- [with_pair(S, [{eccs, [Curve]}, {ciphers, Suites} | server(Config)],
                                      C, [{eccs, [Curve]}, {ciphers, Suites} | client(Config)],
                                      fun(Socket) ->
                                              {ok, [{ecc, {named_curve, Used}}]} = ssl:connection_information(Socket, [ecc]),
                                              {ok, [{ecc, {named_curve, Used}}]} = call(Socket, connection_information, [[ecc]]),
                                              Used
                                      end)],
                 Result =/= Curve],
    ?assertEqual([], Failed).

%% The server's parameters: the default, given ones, and ones from a file; a client refuses short ones.
diffie_hellman(Config) ->
    Suites = [S || #{key_exchange := dhe_rsa} = S <- ssl:cipher_suites(all, version(Config))],
    Der = public_key:der_encode('DHParameter', {'DHParameter', ssl_dh_groups:modp2048_prime(), 2, asn1_NOVALUE}),
    File = filename:join(proplists:get_value(priv_dir, Config), "dh.pem"),
    ok = file:write_file(File, public_key:pem_encode([{'DHParameter', Der, not_encrypted}])),
    Short = public_key:der_encode('DHParameter', {'DHParameter', short_prime(), 2, asn1_NOVALUE}),
    Run = fun(Given, S, C) ->
                  with_pair(S, [{ciphers, Suites} | Given] ++ server(Config), C, [{ciphers, Suites} | client(Config)],
                            fun(Socket) -> ask(Socket, {echo, hello}) end)
          end,
    [?assertEqual({who(S), who(C), Given, hello}, {who(S), who(C), Given, Run(Given, S, C)})
     || {S, C} <- couples(Config), Given <- [[], [{dh, Der}], [{dhfile, File}]]],
    {error, {tls_alert, {insufficient_security, _}}} = Run([{dh, Short}], here, here),
    %% what are no parameters is found when the server begins to listen
    {error, {options, {dhfile, _}}} = ssl:listen(0, [{dhfile, proplists:get_value(certfile, Config, "none")} | server(Config)]),
    {error, {options, {dh, asn1}}} = ssl:listen(0, [{dh, <<"none">>} | server(Config)]).

%% RFC 2409 section 6.2: the second Oakley group.
short_prime() ->
    16#FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE649286651ECE65381FFFFFFFFFFFFFFFF.

%% Suites with finite fields and elliptic curves beside each other: what both have.
finite_field_groups(Config) ->
    Ecdhe = ssl:str_to_suite("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
    Dhe = ssl:str_to_suite("TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"),
    Used = fun(ServerOptions, ClientOptions) ->
                   with_pair(here, [{ciphers, [Ecdhe, Dhe]} | server(Config)] ++ ServerOptions,
                             here, [{ciphers, [Ecdhe, Dhe]} | client(Config)] ++ ClientOptions,
                             fun(Socket) ->
                                     {ok, [{selected_cipher_suite, #{key_exchange := Kex}}]} =
                                         ssl:connection_information(Socket, [selected_cipher_suite]),
                                     Kex
                             end)
           end,
    ecdhe_rsa = Used([], []),
    dhe_rsa = Used([{honor_cipher_order, true}, {ciphers, [Dhe, Ecdhe]}], []),
    %% No curve in common: as with OTP, the suite is chosen all the same.
    {error, {tls_alert, {insufficient_security, _}}} = Used([{eccs, [secp256r1]}], [{eccs, [secp521r1]}]).

pre_shared_keys(Config) ->
    Suites = [S || #{key_exchange := Kex} = S <- ssl:filter_cipher_suites(ssl:cipher_suites(anonymous, version(Config)), []),
                   Kex =:= psk orelse Kex =:= dhe_psk orelse Kex =:= ecdhe_psk, not lacks(S)],
    Self = self(),
    Lookup = fun(psk, Identity, {Pid, Secret}) -> Pid ! {identity, Identity}, Secret end,
    Server = fun(State, More) -> [{user_lookup_fun, {Lookup, State}}, {ciphers, Suites} | More] ++ server(Config) end,
    Client = fun(State, More) -> [{user_lookup_fun, {Lookup, State}}, {ciphers, Suites} | More] ++ client(Config) end,
    Right = {Self, {ok, <<"secret">>}},
    Talk = fun(Socket) -> ask(Socket, {echo, hello}) end,
    hello = with_pair(here, Server(Right, [{psk_identity, "hint"}]), here, Client(Right, [{psk_identity, "me"}]), Talk),
    %% the client is asked with the hint, the server with the identity
    [<<"hint">>, <<"me">>] = lists:sort([receive {identity, I} -> I end || _ <- [1, 2]]),
    %% No hint is `undefined`, where none need be sent; an empty one is not the same.
    [begin
         hello = with_pair(here, Server(Right, Hints ++ [{ciphers, Suite}]), here, Client(Right, Me ++ [{ciphers, Suite}]), Talk),
         Asked = [receive {identity, I} -> I end || _ <- [1, 2]],
         ?assertEqual({Suite, [Hint, Identity]}, {Suite, Asked})
     end || #{key_exchange := Kex} = Row <- [hd([S || #{key_exchange := K} = S <- Suites, K =:= Kx]) || Kx <- [psk, dhe_psk, ecdhe_psk]],
            Suite <- [[ssl:suite_to_str(Row)]],
            {Me, Identity} <- [{[{psk_identity, "me"}], <<"me">>}, {[], <<"psk_identity">>}],
            {Hints, Hint} <- [{[], case Kex of psk -> undefined; _ -> <<>> end}, {[{psk_identity, ""}], <<>>},
                              {[{psk_identity, "hint"}], <<"hint">>}]],
    {error, {tls_alert, {_, _}}} =
        with_pair(here, Server({Self, {ok, <<"another">>}}, []), here, Client(Right, [{psk_identity, "me"}]), Talk),
    {error, {tls_alert, {_, _}}} =
        with_pair(here, Server({Self, error}, []), here, Client(Right, [{psk_identity, "me"}]), Talk),
    {error, {tls_alert, {_, _}}} =
        with_pair(here, Server(Right, []), here, Client({Self, error}, [{psk_identity, "me"}]), Talk).

remote_passwords(Config) ->
    Suites = [S || #{key_exchange := srp_anon} = S <- ssl:cipher_suites(anonymous, version(Config))],
    Server = [{user_lookup_fun, {fun ?MODULE:lookup/3, none}}, {ciphers, Suites} | server(Config)],
    Client = fun(Password) -> [{srp_identity, {"user", Password}}, {ciphers, Suites} | client(Config)] end,
    {ok, [{srp_username, <<"user">>}]} =
        with_pair(here, Server, here, Client("password"), fun(Socket) -> call(Socket, connection_information, [[srp_username]]) end),
    {error, {tls_alert, {bad_record_mac, _}}} = with_pair(here, Server, here, Client("wrong"), fun(_) -> connected end),
    {error, {tls_alert, {_, _}}} =
        with_pair(here, [{user_lookup_fun, {fun(srp, _, _) -> error end, none}}, {ciphers, Suites} | server(Config)],
                  here, Client("password"), fun(_) -> connected end).

client_certificates(Config) ->
    Kinds = case version(Config) of
                'tlsv1.2' -> [rsa, ecdsa];
                _ -> [rsa, ecdsa, dsa]
            end,
    Trust = fun(Role) -> {cacerts, lists:append([proplists:get_value(cacerts, options(Role, K, Config)) || K <- Kinds])} end,
    Own = fun(Role, Kind) -> [Trust(Role) | lists:keydelete(cacerts, 1, options(Role, Kind, Config))] end,
    [begin
         Server = [{verify, verify_peer}, {fail_if_no_peer_cert, true} | Own(server, rsa)],
         {certified, Kind, {ok, Cert}} =
             {certified, Kind, with_pair(S, Server, C, [{verify, verify_peer} | Own(client, Kind)],
                                         fun(Socket) -> call(Socket, peercert, []) end)},
         [Cert | _] = lists:flatten([proplists:get_value(cert, options(client, Kind, Config))]),
         Without = [{verify, verify_peer}, {versions, [version(Config)]}, Trust(client)],
         {error, {tls_alert, {handshake_failure, _}}} =
             with_pair(S, Server, C, Without, fun(_) -> connected end),
         {error, no_peercert} =
             with_pair(S, [{fail_if_no_peer_cert, false} | lists:keydelete(fail_if_no_peer_cert, 1, Server)], C, Without,
                       fun(Socket) -> call(Socket, peercert, []) end)
     end || {S, C} <- couples(Config), Kind <- Kinds].

%% Server's and client's order.
suite_order(Config) ->
    Names = case version(Config) of
                'tlsv1.2' -> ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"];
                _ -> ["TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"]
            end,
    [First, Second] = [ssl:str_to_suite(Name) || Name <- Names],
    [begin
         {ok, [{selected_cipher_suite, Used}]} =
             with_pair(here, [{ciphers, [First, Second]}, {honor_cipher_order, Honor} | server(Config)],
                       here, [{ciphers, [Second, First]} | client(Config)],
                       fun(Socket) -> ssl:connection_information(Socket, [selected_cipher_suite]) end),
         ?assertEqual(Wanted, Used)
     end || {Honor, Wanted} <- [{true, First}, {false, Second}]].

ecc_order(Config) ->
    [begin
         {ok, [{ecc, {named_curve, Used}}]} =
             with_pair(here, [{eccs, [secp256r1, secp384r1]}, {honor_ecc_order, Honor} | server(Config)],
                       here, [{eccs, [secp384r1, secp256r1]} | client(Config)],
                       fun(Socket) -> ssl:connection_information(Socket, [ecc]) end),
         ?assertEqual(Wanted, Used)
     end || {Honor, Wanted} <- [{true, secp256r1}, {false, secp384r1}]].

mitigations(Config) ->
    Suites = [ssl:str_to_suite("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA")],
    Data = crypto:strong_rand_bytes(50000),
    [?assertEqual({Mitigation, who(S), who(C), Data},
                  {Mitigation, who(S), who(C),
                   with_pair(S, [{ciphers, Suites}, {beast_mitigation, Mitigation} | server(Config)],
                             C, [{ciphers, Suites}, {beast_mitigation, Mitigation}, {padding_check, Check} | client(Config)],
                             fun(Socket) -> ask(Socket, {echo, Data}) end)})
     || {S, C} <- couples(Config), Mitigation <- [one_n_minus_one, zero_n, disabled], Check <- [true, false]].

%%--------------------------------------------------------------------------------------------------------------------
%% What a connection tells
%%--------------------------------------------------------------------------------------------------------------------

information(Config) ->
    Items = [protocol, session_id, session_data, session_resumption, client_random, server_random, master_secret, ecc,
             selected_cipher_suite, sni_hostname, selected_group, srp_username],
    [begin
         {{ok, Mine}, {ok, Yours}} =
             with_pair(S, server(Config), C, client(Config),
                       fun(Socket) -> {ssl:connection_information(Socket, Items), call(Socket, connection_information, [Items])} end),
         Names = [protocol, session_id, session_data, session_resumption, selected_cipher_suite, sni_hostname, ecc,
                  client_random, server_random, master_secret],
         %% the name is for servers to know
         ?assertEqual({who(S), who(C), Names -- [sni_hostname]}, {who(S), who(C), [Name || {Name, _} <- Mine]}),
         ?assertEqual({who(S), who(C), Names}, {who(S), who(C), [Name || {Name, _} <- Yours]}),
         ?assertEqual(lists:keydelete(session_data, 1, Mine),
                      lists:keydelete(sni_hostname, 1, lists:keydelete(session_data, 1, Yours))),
         #{protocol := Version, session_id := <<_:32/binary>>, session_resumption := false, master_secret := <<_:48/binary>>,
           client_random := <<_:32/binary>>, sni_hostname := "localhost"} = maps:from_list(Yours),
         ?assertEqual(version(Config), Version)
     end || {S, C} <- couples(Config)].

%% RFC 5705 section 4: without a context is something else than with an empty one.
exporters(Config) ->
    Label = <<"EXPERIMENTAL-test">>,
    Export = fun(Socket) -> [{F, A, apply(ssl, F, [Socket | A])}
                             || {F, A} <- [{export_key_materials, [[Label], [no_context], [40]]},
                                           {export_key_materials, [[Label], [<<>>], [40]]},
                                           {export_key_materials, [[Label], [<<"context">>], [40]]},
                                           {prf, [master_secret, Label, [client_random, server_random], 40]},
                                           {prf, [master_secret, Label, [client_random, server_random, <<>>], 40]}]]
             end,
    with_pair(here, server(Config), here, client(Config),
              fun(Socket) ->
                      Ours = Export(Socket),
                      ?assertEqual(Ours, [{F, A, call(Socket, F, A)} || {F, A, _} <- Ours]),
                      [{ok, <<_:40/binary>>} = Plain, {ok, _} = Empty, {ok, _} = Context, Plain, Empty] = [R || {_, _, R} <- Ours],
                      3 = length(lists:usort([Plain, Empty, Context]))
              end),
    %% OTP 25 and 26 have prf/5 only, by which an exporter is written so; later prf/5 is made of the exporter.
    Seeds = [{no_context, []}, {<<>>, [<<0, 0>>]}, {<<"context">>, [<<7:16>>, <<"context">>]}],
    Theirs = case list_to_integer(erlang:system_info(otp_release)) of
                 Otp when Otp < 27 -> fun(_, Seed) -> {prf, [master_secret, Label, [client_random, server_random | Seed], 40]} end;
                 _ -> fun(Context, _) -> {export_key_materials, [[Label], [Context], [40]]} end
             end,
    Stock = stock(Config),
    with_pair(Stock, server(Config), here, client(Config),
              fun(Socket) ->
                      [begin
                           {Function, Arguments} = Theirs(Context, Seed),
                           ?assertEqual(call(Socket, Function, Arguments), ssl:export_key_materials(Socket, [Label], [Context], [40]))
                       end || {Context, Seed} <- Seeds]
              end),
    with_pair(here, server(Config), Stock, client(Config),
              fun(Socket) ->
                      [begin
                           {Function, Arguments} = Theirs(Context, Seed),
                           ?assertEqual(apply(ssl, Function, [Socket | Arguments]),
                                        call(Socket, export_key_materials, [[Label], [Context], [40]]))
                       end || {Context, Seed} <- Seeds]
              end),
    with_pair(here, server(Config), here, client(Config),
              fun(Socket) ->
                      {ok, [{client_random, Random}, {master_secret, Master}]} =
                          ssl:connection_information(Socket, [client_random, master_secret]),
                      {ok, Made} = ssl:prf(Socket, Master, <<"label">>, [Random, <<"x">>], 100),
                      {ok, Made} = ssl:prf(Socket, master_secret, <<"label">>, [client_random, <<"x">>], 100),
                      {ok, [<<_:10/binary>>, <<_:20/binary>>]} =
                          ssl:export_key_materials(Socket, [Label, Label], [no_context, <<>>], [10, 20]),
                      {error, bad_input} = ssl:export_key_materials(Socket, [Label], [foo], [10]),
                      {error, not_supported} = ssl:update_keys(Socket, write),
                      hello = ask(Socket, {echo, hello})
              end).

key_log(Config) ->
    Self = self(),
    Fun = fun(Who) -> {keep_secrets, {keylog, fun(Info) -> Self ! {Who, Info} end}} end,
    {ok, [{client_random, Random}, {master_secret, Master}]} =
        with_pair(here, [Fun(server) | server(Config)], here, [Fun(client) | client(Config)],
                  fun(Socket) -> ssl:connection_information(Socket, [client_random, master_secret, keylog]) end),
    Line = "CLIENT_RANDOM " ++ binary_to_list(binary:encode_hex(Random)) ++ " " ++ binary_to_list(binary:encode_hex(Master)),
    [receive
         {Who, #{items := [Line], client_random := Random}} -> ok
     after 2000 -> error({no_key_log, Who, process_info(self(), messages)})
     end || Who <- [server, client]],
    {ok, [{keylog, [Kept]}]} = with_pair(here, server(Config), here, [{keep_secrets, true} | client(Config)],
                                         fun(Socket) -> ssl:connection_information(Socket, [keylog]) end),
    "CLIENT_RANDOM " ++ _ = Kept.

%% Of every size about the limits of blocks and records.
sizes(Config) ->
    Sizes = [0, 1] ++ lists:seq(10, 70) ++ lists:seq(16370, 16390) ++ [32768, 100000, 1000000],
    [with_pair(S, server(Config), C, client(Config),
               fun(Socket) ->
                       [begin
                            Data = binary:copy(<<7>>, Size),
                            ?assertEqual({Size, Data}, {Size, ask(Socket, {echo, Data})})
                        end || Size <- Sizes]
               end) || {S, C} <- couples(Config)].

next_protocols(Config) ->
    Run = fun(S, C, Server, Client) ->
                  with_pair(S, [{next_protocols_advertised, Server} | server(Config)],
                            C, [{client_preferred_next_protocols, Client} | client(Config)],
                            fun(Socket) -> {ssl:negotiated_protocol(Socket), call(Socket, negotiated_protocol, [])} end)
          end,
    Both = fun(P) -> {{ok, P}, {ok, P}} end,
    [begin
         ?assertEqual({who(S), Both(<<"spdy/1">>)}, {who(S), Run(S, C, [<<"spdy/2">>, <<"spdy/1">>], {client, [<<"spdy/1">>, <<"spdy/2">>]})}),
         ?assertEqual({who(S), Both(<<"spdy/2">>)}, {who(S), Run(S, C, [<<"spdy/2">>, <<"spdy/1">>], {server, [<<"spdy/1">>, <<"spdy/2">>]})}),
         ?assertEqual({who(S), Both(<<"other">>)}, {who(S), Run(S, C, [<<"spdy/2">>], {client, [<<"spdy/1">>], <<"other">>})})
     end || {S, C} <- couples(Config)],
    %% one side only
    {error, protocol_not_negotiated} =
        with_pair(here, [{next_protocols_advertised, [<<"a">>]} | server(Config)], here, client(Config), fun ssl:negotiated_protocol/1),
    {error, protocol_not_negotiated} =
        with_pair(here, server(Config), here, [{client_preferred_next_protocols, {client, [<<"a">>]}} | client(Config)],
                  fun ssl:negotiated_protocol/1).

application_protocols(Config) ->
    [{ok, <<"b">>} = with_pair(S, [{alpn_preferred_protocols, [<<"b">>, <<"a">>]} | server(Config)],
                               C, [{alpn_advertised_protocols, [<<"a">>, <<"b">>]} | client(Config)], fun ssl:negotiated_protocol/1)
     || {S, C} <- couples(Config)],
    {error, {tls_alert, {no_application_protocol, _}}} =
        with_pair(here, [{alpn_preferred_protocols, [<<"b">>]} | server(Config)],
                  here, [{alpn_advertised_protocols, [<<"a">>]} | client(Config)], fun ssl:negotiated_protocol/1).

fragment_length(Config) ->
    Data = crypto:strong_rand_bytes(5000),
    [with_pair(S, server(Config), C, [{max_fragment_length, 512} | client(Config)],
               fun(Socket) ->
                       Data = ask(Socket, {echo, Data}),
                       {ok, [{max_fragment_length, 512}]} = ssl:connection_information(Socket, [max_fragment_length])
               end) || {S, C} <- couples(Config)].

%%--------------------------------------------------------------------------------------------------------------------
%% Sessions
%%--------------------------------------------------------------------------------------------------------------------

%% Identifier, and whether it was resumed; after data, so that both sides are done. (OTP 25 does not always know.)
session(Socket) ->
    hello = ask(Socket, {echo, hello}),
    {ok, [{session_id, Id}, {session_resumption, Mine}]} = ssl:connection_information(Socket, [session_id, session_resumption]),
    {ok, [{session_id, Id}, {session_resumption, Yours}]} = call(Socket, connection_information, [[session_id, session_resumption]]),
    {Id, case code:which(ssl_native) of
             non_existing -> Yours;
             _ -> Mine
         end}.

resumption(Config) ->
    [begin
         Port = serve(S, server(Config)),
         {Id, false} = connect(C, Port, client(Config), fun session/1),
         timer:sleep(200),
         [?assertEqual({who(S), who(C), {Id, true}}, {who(S), who(C), connect(C, Port, client(Config), fun session/1)}) || _ <- [1, 2]],
         %% not asked for
         {Other, false} = connect(C, Port, [{reuse_sessions, false} | client(Config)], fun session/1),
         true = Other =/= Id
     end || {S, C} <- couples(Config)],
    %% what is known of the first connection is known of the next
    Port = serve(here, server(Config)),
    [First, Second] = [connect(here, Port, client(Config),
                               fun(Socket) ->
                                       {ok, Info} = ssl:connection_information(Socket, [protocol, selected_cipher_suite, ecc, sni_hostname, master_secret]),
                                       {Info, ssl:peercert(Socket), call(Socket, connection_information, [[sni_hostname, ecc]])}
                               end) || _ <- [1, 2]],
    ?assertEqual(First, Second).

%% {reuse_sessions, save}, {reuse_session, Id}
saved_sessions(Config) ->
    Port = serve(here, server(Config)),
    Connect = fun(Options) -> connect(here, Port, Options ++ client(Config), fun session/1) end,
    [{One, false}, {Two, false}] = [Connect([{reuse_sessions, save}]) || _ <- [1, 2]],
    [{Id, true} = Connect([{reuse_session, Id}]) || Id <- [Two, One, Two]],
    {_, false} = Connect([{reuse_session, <<"unknown">>}, {reuse_sessions, false}]),
    %% a server that keeps none
    NoPort = serve(here, [{reuse_sessions, false} | server(Config)]),
    Ids = [Id || {Id, false} <- [connect(here, NoPort, client(Config), fun session/1) || _ <- [1, 2, 3]]],
    3 = length(lists:usort(Ids)).

session_data(Config) ->
    [begin
         Port = serve(S, server(Config)),
         {Id, Data} = connect(here, Port, [{reuse_sessions, false} | client(Config)],
                              fun(Socket) ->
                                      {ok, [{session_id, I}, {session_data, D}]} =
                                          ssl:connection_information(Socket, [session_id, session_data]),
                                      hello = ask(Socket, {echo, hello}),
                                      {I, D}
                              end),
         true = is_binary(Data),
         timer:sleep(200),
         {Id, true} = connect(here, Port, [{reuse_session, {Id, Data}} | client(Config)], fun session/1),
         %% by a client that speaks TLS 1.3, too, and looks as if it did (RFC 8446 appendix D.4); not with less than it had then
         Both = lists:keyreplace(versions, 1, client(Config), {versions, ['tlsv1.3', 'tlsv1.2']}),
         [{Id, true} = connect(here, Port, [{middlebox_comp_mode, Mode}, {reuse_session, {Id, Data}} | Both], fun session/1)
          || Mode <- [true, false], version(Config) =:= 'tlsv1.2'],
         [{_, false} = connect(here, Port, [{signature_algs, [{sha256, rsa}, {sha512, rsa}]}, {reuse_session, {Id, Data}},
                                            {reuse_sessions, false} | client(Config)], fun session/1)
          || version(Config) =:= 'tlsv1.2'],
         %% of another's making
         [{_, false} = connect(here, Port, [{reuse_session, {Id, Bad}}, {reuse_sessions, false} | client(Config)], fun session/1)
          || Bad <- [<<>>, crypto:strong_rand_bytes(100), binary:part(Data, 0, byte_size(Data) div 2),
                     binary:part(Data, 0, 40), <<Data/binary, 1>>]]
     end || S <- [here, stock(Config)]].

server_decides(Config) ->
    Self = self(),
    Fun = fun(Id, Cert, Compression, Suite) -> Self ! {asked, Id, Cert, Compression, Suite}, false end,
    Port = serve(here, [{reuse_session, Fun} | server(Config)]),
    {Id, false} = connect(here, Port, client(Config), fun session/1),
    {_, false} = connect(here, Port, client(Config), fun session/1),
    receive {asked, Id, undefined, 0, #{key_exchange := _, cipher := _, mac := _, prf := _}} -> ok end.

%% CVE-2026-105236: a session made where nobody is verified is none where clients are, or under another name.
other_names(Config) ->
    [{cert, Cert}, {key, Key}] = [lists:keyfind(K, 1, server(Config)) || K <- [cert, key]],
    Sni = fun("other.test") -> [{verify, verify_peer}, {fail_if_no_peer_cert, true}, {reuse_sessions, true}];
             (_) -> undefined
          end,
    Port = serve(here, [{sni_fun, Sni}, {cert, Cert}, {key, Key}, {versions, [version(Config)]},
                        lists:keyfind(cacerts, 1, server(Config))]),
    Anonymous = [{versions, [version(Config)]}, lists:keyfind(cacerts, 1, client(Config)), {verify, verify_peer}],
    {Id, false} = connect(here, Port, Anonymous, fun session/1),
    {Id, true} = connect(here, Port, Anonymous, fun session/1),
    %% the client's part is bound, too: so this is what a bad client would do
    [{{"localhost", Port}, Saved}] = saved(Id),
    ok = ssl_session_store:add(client, {{"other.test", Port}, Id}, Saved),
    [?assertMatch({error, {tls_alert, {handshake_failure, _}}},
                  connect(here, Port, [{server_name_indication, "other.test"} | More] ++ Anonymous, fun session/1))
     || More <- [[], [{reuse_session, Id}]]].

saved(Id) ->
    Store = persistent_term:get({ssl_session_store, client}),
    ssl_client_session_cache_db:foldl(fun({{Server, I}, Session}, Acc) when I =:= Id -> [{Server, Session} | Acc];
                                         (_, Acc) -> Acc
                                      end, [], element(3, Store)).

%% Another trust store, other certificates of ours, another verify_fun: another session.
other_options(Config) ->
    Port = serve(here, server(Config)),
    {Id, false} = connect(here, Port, client(Config), fun session/1),
    {Id, true} = connect(here, Port, client(Config), fun session/1),
    {cacerts, CaCerts} = lists:keyfind(cacerts, 1, client(Config)),
    Fun = fun(_, {bad_cert, _} = Reason, _) -> {fail, Reason}; (_, {extension, _}, S) -> {unknown, S}; (_, _, S) -> {valid, S} end,
    [begin
         {New, Resumed} = connect(here, Port, Other ++ lists:foldl(fun({K, _}, L) -> lists:keydelete(K, 1, L) end, client(Config), Other),
                                  fun session/1),
         ?assertEqual({Other, false}, {Other, Resumed}),
         true = New =/= Id
     end || Other <- [[{cacerts, lists:reverse(CaCerts)}], [{verify_fun, {Fun, []}}], [{depth, 5}]]],
    {Id, true} = connect(here, Port, client(Config), fun session/1).

expired(Config) ->
    ok = ssl:stop(),
    ok = application:set_env(ssl, session_lifetime, 1),
    ok = ssl:start(),
    try
        Port = serve(here, server(Config)),
        {Id, false} = connect(here, Port, client(Config), fun session/1),
        {Id, true} = connect(here, Port, client(Config), fun session/1),
        {_, Data} = connect(here, Port, client(Config),
                            fun(S) -> {ok, [{session_data, D}]} = ssl:connection_information(S, [session_data]), {ok, D} end),
        timer:sleep(1500),
        %% the server's cache is what counts
        {_, false} = connect(here, Port, [{reuse_session, {Id, Data}}, {reuse_sessions, false} | client(Config)], fun session/1),
        {New, false} = connect(here, Port, client(Config), fun session/1),
        true = New =/= Id
    after
        ssl:stop(),
        application:unset_env(ssl, session_lifetime),
        ok = ssl:start()
    end.

%% Servers that verify their clients resume with extended master secret (RFC 7627), which OTP does not have, and else only
%% when they are told to.
resumption_of_clients(Config) ->
    Server = [{verify, verify_peer}, {fail_if_no_peer_cert, true} | server(Config)],
    Port = serve(here, Server),
    {Id, false} = connect(here, Port, client(Config), fun session/1),
    {Id, true} = connect(here, Port, client(Config),
                         fun(Socket) ->
                                 {ok, Cert} = call(Socket, peercert, []),
                                 [Cert | _] = lists:flatten([proplists:get_value(cert, client(Config))]),
                                 session(Socket)
                         end),
    Stock = stock(Config),
    [{_, false} = connect(Stock, Port, client(Config), fun session/1) || _ <- [1, 2]],
    Told = serve(here, [{reuse_sessions, true} | Server]),
    {StockId, false} = connect(Stock, Told, client(Config), fun session/1),
    timer:sleep(200),
    {StockId, true} = connect(Stock, Told, client(Config), fun session/1).

%%--------------------------------------------------------------------------------------------------------------------
%% Renegotiation
%%--------------------------------------------------------------------------------------------------------------------

randoms(Socket) ->
    {ok, [{client_random, Random}, {master_secret, Master}]} =
        ssl:connection_information(Socket, [client_random, master_secret]),
    {ok, [{client_random, Random}, {master_secret, Master}]} =
        call(Socket, connection_information, [[client_random, master_secret]]),
    {Random, Master}.

renegotiation_by_client(Config) ->
    [with_pair(S, server(Config), C, client(Config),
               fun(Socket) ->
                       {First, _} = randoms(Socket),
                       ok = ssl:renegotiate(Socket),
                       hello = ask(Socket, {echo, hello}),
                       {Second, _} = randoms(Socket),
                       true = First =/= Second
               end) || {S, C} <- couples(Config)].

%% The client has to be reading: the request that makes the server renegotiate is answered afterwards. OTP 25 as client then takes
%% data for unexpected that comes in one piece with the server's Finished, from OTP's own server, too. It is spared where it
%% offers the connection's session and that is resumed: the last Finished is then its own.
renegotiation_by_server(Config) ->
    [with_pair(S, server(Config), C, client(Config),
               fun(Socket) ->
                       {First, _} = randoms(Socket),
                       {Id, _} = session(Socket),
                       timer:sleep(case C of here -> 0; _ -> 500 end),
                       [ok = call(Socket, renegotiate, []) || _ <- [1, 2, 3]],
                       {Second, _} = randoms(Socket),
                       true = First =/= Second,
                       {Again, Resumed} = session(Socket),
                       Stock = C =/= here,
                       {Stock, Resumed} = {Id =:= Again, Stock}
               end) || {S, C} <- couples(Config)].

renegotiation_refused(Config) ->
    [with_pair(S, [{client_renegotiation, false} | server(Config)], C, client(Config),
               fun(Socket) ->
                       [begin
                            {error, renegotiation_rejected} = ssl:renegotiate(Socket),
                            hello = ask(Socket, {echo, hello})
                        end || _ <- [1, 2]],
                       %% the server may all the same
                       ok = call(Socket, renegotiate, [])
               end) || {S, C} <- couples(Config)].

%% As OTP: not one after the other.
renegotiation_is_rare(Config) ->
    with_pair(here, server(Config), here, client(Config),
              fun(Socket) ->
                      ok = ssl:renegotiate(Socket),
                      {error, renegotiation_rejected} = ssl:renegotiate(Socket),
                      hello = ask(Socket, {echo, hello}),
                      timer:sleep(12500),
                      ok = ssl:renegotiate(Socket),
                      hello = ask(Socket, {echo, hello})
              end).

%% Data on its way in both directions; nothing is lost, doubled or out of order.
renegotiation_with_data(Config) ->
    Pieces = [crypto:strong_rand_bytes(1 + rand:uniform(30000)) || _ <- lists:seq(1, 100)],
    with_pair(here, server(Config), here, client(Config),
              fun(Socket) ->
                      Self = self(),
                      Writer = spawn_link(fun() ->
                                                  [ok = ssl:send(Socket, term_to_binary({echo, P})) || P <- Pieces],
                                                  Self ! {self(), sent}
                                          end),
                      spawn_link(fun() -> timer:sleep(10), Self ! {renegotiated, ssl:renegotiate(Socket)} end),
                      [begin
                           {ok, Answer} = ssl:recv(Socket, 0, 20000),
                           P = binary_to_term(Answer)
                       end || P <- Pieces],
                      receive {Writer, sent} -> ok end,
                      receive {renegotiated, Result} -> ok = Result end
              end).

%% A process waits in recv on either side, in both modes of reading.
renegotiation_while_receiving(Config) ->
    with_pair(here, server(Config), here, client(Config),
              fun(Socket) ->
                      Self = self(),
                      Reader = spawn_link(fun() -> Self ! {self(), ssl:recv(Socket, 0, 20000)} end),
                      timer:sleep(100),
                      ok = ssl:renegotiate(Socket),
                      ok = ssl:send(Socket, term_to_binary({echo, <<"after">>})),
                      receive {Reader, {ok, Answer}} -> <<"after">> = binary_to_term(Answer) end,
                      ok = ssl:setopts(Socket, [{active, true}]),
                      ok = ssl:send(Socket, term_to_binary({renegotiate, []})),
                      receive {ssl, Socket, Active} -> ok = binary_to_term(Active) after 10000 -> error(nothing) end,
                      ok = ssl:send(Socket, term_to_binary({echo, <<"last">>})),
                      receive {ssl, Socket, Last} -> <<"last">> = binary_to_term(Last) after 10000 -> error(nothing) end
              end).

%% Passive sockets that nobody reads take part all the same, and keep what came.
renegotiation_unattended(Config) ->
    {ok, L} = ssl:listen(0, [binary, {active, false} | server(Config)]),
    {ok, {_, Port}} = ssl:sockname(L),
    Self = self(),
    Server = spawn_link(fun() ->
                                {ok, A} = ssl:transport_accept(L),
                                {ok, S} = ssl:handshake(A, 10000),
                                ok = ssl:send(S, <<"before">>),
                                receive renegotiate -> Self ! {self(), ssl:renegotiate(S)} end,
                                ok = ssl:send(S, <<"after">>),
                                receive stop -> ssl:close(S) end
                        end),
    {ok, C} = ssl:connect("localhost", Port, [binary, {active, false} | client(Config)], 10000),
    {ok, First} = ssl:connection_information(C, [client_random]),
    ok = ssl:renegotiate(C),
    {ok, Second} = ssl:connection_information(C, [client_random]),
    true = First =/= Second,
    Server ! renegotiate,
    receive {Server, Result} -> ok = Result after 20000 -> error(hangs) end,
    {ok, <<"beforeafter">>} = ssl:recv(C, 11, 5000),
    {ok, Third} = ssl:connection_information(C, [client_random]),
    true = Second =/= Third,
    Server ! stop,
    {error, closed} = ssl:recv(C, 0, 5000),
    ok = ssl:close(L).

renegotiation_resumes(Config) ->
    [with_pair(S, server(Config), C, client(Config),
               fun(Socket) ->
                       {Id, false} = session(Socket),
                       timer:sleep(200),
                       ok = ssl:renegotiate(Socket),
                       {After, _} = session(Socket),
                       true = is_binary(After) andalso byte_size(Id) =:= byte_size(After)
               end) || {S, C} <- couples(Config)].

%% The end of a connection ends the wait for its renegotiation.
renegotiation_and_the_end(Config) ->
    with_pair(here, server(Config), here, client(Config),
              fun(Socket) ->
                      {error, already} = begin
                                             Self = self(),
                                             Port = serve_mute(Config),
                                             spawn_link(fun() -> Self ! mute(Port, Config) end),
                                             receive Result -> Result after 10000 -> error(hangs) end
                                         end,
                      hello = ask(Socket, {echo, hello})
              end).

%% A server that shakes hands, then reads nothing, and closes.
serve_mute(Config) ->
    {ok, L} = ssl:listen(0, [binary, {active, false} | server(Config)]),
    {ok, {_, Port}} = ssl:sockname(L),
    Server = spawn_link(fun() ->
                                {ok, Accepted} = ssl:transport_accept(L),
                                {ok, S} = ssl:handshake(Accepted, 10000),
                                timer:sleep(500),
                                ssl:close(S)
                        end),
    ok = ssl:controlling_process(L, Server),
    Port.

mute(Port, Config) ->
    {ok, C} = ssl:connect("localhost", Port, [binary, {active, false} | client(Config)], 10000),
    Self = self(),
    spawn_link(fun() -> Self ! {first, ssl:renegotiate(C)} end),
    timer:sleep(100),
    Second = ssl:renegotiate(C),
    receive {first, {error, closed}} -> ok; {first, ok} -> ok end,
    _ = ssl:close(C),
    case Second of
        {error, already_renegotiating} -> {error, already};
        {error, closed} -> {error, already};
        %% the server's process answers although nobody reads there
        {error, renegotiation_rejected} -> {error, already};
        Other -> Other
    end.

%%--------------------------------------------------------------------------------------------------------------------
%% Others
%%--------------------------------------------------------------------------------------------------------------------

paused(Config) ->
    {ok, L} = ssl:listen(0, [binary, {active, false}, {handshake, hello} | server(Config)]),
    {ok, {_, Port}} = ssl:sockname(L),
    Self = self(),
    spawn_link(fun() ->
                       {ok, Paused, Hello} = ssl:connect("localhost", Port, [binary, {active, false}, {handshake, hello} | client(Config)], 10000),
                       Self ! {hello, Hello},
                       {ok, C} = ssl:handshake_continue(Paused, [], 10000),
                       Self ! {connected, ssl:recv(C, 0, 10000)},
                       ssl:close(C)
               end),
    {ok, Accepted} = ssl:transport_accept(L, 10000),
    {ok, Paused, #{sni := "localhost"}} = ssl:handshake(Accepted, 10000),
    {ok, S} = ssl:handshake_continue(Paused, [], 10000),
    ok = ssl:send(S, <<"hello">>),
    receive {hello, #{}} -> ok after 10000 -> error(no_hello) end,
    receive {connected, {ok, <<"hello">>}} -> ok after 10000 -> error(not_connected) end,
    ssl:close(S),
    ssl:close(L).

%% What each side says when nothing fits.
alerts(Config) ->
    Run = fun(ServerOptions, ClientOptions) ->
                  with_pair(here, ServerOptions ++ server(Config), here, ClientOptions ++ client(Config), fun(_) -> connected end)
          end,
    [First, Second | _] = ssl:cipher_suites(default, version(Config)),
    {error, {tls_alert, {Alert, _}}} = Run([{ciphers, [First]}], [{ciphers, [Second]}]),
    true = lists:member(Alert, [insufficient_security, handshake_failure]),
    Foreign = [{cacerts, proplists:get_value(cacerts, client(ecdsa, Config))}],
    {error, {tls_alert, {unknown_ca, _}}} =
        with_pair(here, server(Config), here, Foreign ++ lists:keydelete(cacerts, 1, client(Config)), fun(_) -> connected end),
    {error, {tls_alert, {bad_certificate, _}}} = Run([], [{server_name_indication, "wrong.test"}]).

%% All combinations: the best that both have.
versions(Config) ->
    All = ['tlsv1.3', 'tlsv1.2', 'tlsv1.1', tlsv1],
    Some = [['tlsv1.3'], ['tlsv1.2'], ['tlsv1.1'], [tlsv1], ['tlsv1.3', 'tlsv1.2'], ['tlsv1.2', 'tlsv1.1'], ['tlsv1.1', tlsv1],
            ['tlsv1.2', 'tlsv1.1', tlsv1], All],
    #{rsa := #{server := Server, client := Client}} = proplists:get_value(certificates, Config),
    [begin
         Common = [V || V <- All, lists:member(V, Ours), lists:member(V, Theirs)],
         %% default algorithms of the highest version are of no use in the oldest ones
         Ciphers = fun(Vs) -> {ciphers, lists:append([ssl:cipher_suites(default, V) || V <- Vs])} end,
         Result = with_pair(S, [{versions, Ours}, Ciphers(Ours) | Server], C, [{versions, Theirs}, Ciphers(Theirs), {verify, verify_peer} | Client],
                            fun(Socket) -> ssl:connection_information(Socket, [protocol]) end),
         case {Common, Result} of
             {[Best | _], {ok, [{protocol, Best}]}} -> ok;
             %% how it is said depends on what the server knew of the client's versions
             {[], {error, {tls_alert, _}}} -> ok;
             _ -> error({who(S), Ours, who(C), Theirs, Result})
         end
     end || {S, C} <- couples(Config), Ours <- Some, Theirs <- Some].

%% RFC 7507.
fallback(Config) ->
    #{rsa := #{server := Server, client := Client}} = proplists:get_value(certificates, Config),
    Run = fun(S, C, Highest) ->
                  with_pair(S, [{versions, Highest} | Server],
                            C, [{versions, ['tlsv1.1', tlsv1]}, {fallback, true}, {verify, verify_peer} | Client],
                            fun(Socket) -> ssl:connection_information(Socket, [protocol]) end)
          end,
    [begin
         {error, {tls_alert, {inappropriate_fallback, _}}} = Run(S, C, ['tlsv1.2', 'tlsv1.1']),
         {ok, [{protocol, 'tlsv1.1'}]} = Run(S, C, ['tlsv1.1'])
     end || {S, C} <- couples(Config)].
