%% What programs rely on and is easily missed, in TLS 1.2, 1.1 and 1.0 and through the documented functions: the lines of
%% docs/behaviours.md that have no test elsewhere.
-module(ssl_behaviours12_SUITE).

-include_lib("common_test/include/ct.hrl").
-include_lib("stdlib/include/assert.hrl").
-include_lib("public_key/include/public_key.hrl").

-export([all/0, groups/0, suite/0, init_per_suite/1, end_per_suite/1, init_per_group/2, end_per_group/2]).
-export([alerts_reach_the_peer/1, close_is_seen_at_once/1, one_direction_closed/1, bytes_behind_the_end/1, names_decide/1,
         pause_survives_every_extension/1, resumed_information_is_whole/1, purposes_of_certificates/1, careful_reuse/1,
         empty_identity/1, no_insecure_renegotiation/1]).

-import(tls12_pairs, [serve/2, connect/4, ask/2]).
-import(tls_pairs, [call/1, finished/1]).

suite() -> [{timetrap, {seconds, 100}}].

all() -> [{group, Version} || Version <- versions()].

versions() -> ['tlsv1.2', 'tlsv1.1', tlsv1].

groups() ->
    [{Version, [], [alerts_reach_the_peer, close_is_seen_at_once, one_direction_closed, bytes_behind_the_end, names_decide,
                    pause_survives_every_extension, resumed_information_is_whole, purposes_of_certificates, careful_reuse,
                    empty_identity, no_insecure_renegotiation]}
     || Version <- versions()].

init_per_suite(Config) ->
    ok = ssl:start(),
    [{credentials, credentials([])}, {stock, tls12_pairs:start_stock([?MODULE])} | Config].

end_per_suite(Config) ->
    tls12_pairs:stop_stock(?config(stock, Config)).

init_per_group(Version, Config) -> [{version, Version} | Config].

end_per_group(_, _) -> ok.

%% Server and client that trust each other, with these extensions in the certificates of the ends.
credentials(Extensions) ->
    Key = [{digest, sha256}, {key, {rsa, 2048, 65537}}],
    San = #'Extension'{extnID = ?'id-ce-subjectAltName', critical = false, extnValue = [{dNSName, "localhost"}, {dNSName, "a.test"}]},
    Peer = [{extensions, [San | Extensions]} | Key],
    #{server_config := Server, client_config := Client} =
        public_key:pkix_test_data(#{server_chain => #{root => Key, intermediates => [], peer => Peer},
                                    client_chain => #{root => Key, intermediates => [], peer => Peer}}),
    #{server => Server, client => [{verify, verify_peer} | Client]}.

options(Role, #{} = Credentials, Config) ->
    [{versions, [?config(version, Config)]}, {log_level, none} | maps:get(Role, Credentials)].

server(Config) -> options(server, ?config(credentials, Config), Config).
client(Config) -> options(client, ?config(credentials, Config), Config).

%% Both ends of a connection, owned by the caller.
pair(Config, ServerOptions, ClientOptions) ->
    Both = [{server, server(Config)}, {client, client(Config)}],
    tls_pairs:pair(Both, [binary, {active, false} | ServerOptions], [binary, {active, false} | ClientOptions]).

%% What a server that is refused, and a client, say of a handshake.
both_say(ServerOptions, ClientOptions) ->
    {ok, L} = ssl:listen(0, [{active, false} | ServerOptions]),
    {ok, {_, Port}} = ssl:sockname(L),
    Client = call(fun() -> ssl:connect("localhost", Port, [{active, false} | ClientOptions], 10000) end),
    {ok, Accepted} = ssl:transport_accept(L, 10000),
    Server = ssl:handshake(Accepted, 10000),
    Result = {Server, finished(Client)},
    [ssl:close(S) || {ok, S} <- tuple_to_list(Result)],
    ok = ssl:close(L),
    Result.

%%--------------------------------------------------------------------------------------------------------------------
%% Alerts and ends
%%--------------------------------------------------------------------------------------------------------------------

%% Never `closed` instead of the alert, however soon the one who refuses is gone; and the texts say whose it was.
alerts_reach_the_peer(Config) ->
    Other = options(client, credentials([]), Config),
    Wanting = [{verify, verify_peer}, {fail_if_no_peer_cert, true} | server(Config)],
    Nobody = [O || O <- client(Config), not lists:member(element(1, O), [cert, key])],
    [begin
         {{error, {tls_alert, {unknown_ca, Received}}}, {error, {tls_alert, {unknown_ca, Generated}}}} =
             both_say(server(Config), Other),
         says(Received, "^TLS server: In state [a-z_]+ received CLIENT ALERT: Fatal - Unknown CA"),
         says(Generated, "^TLS client: In state [a-z_]+ .*generated CLIENT ALERT: Fatal - Unknown CA"),
         {{error, {tls_alert, {handshake_failure, Server}}}, {error, {tls_alert, {handshake_failure, Client}}}} =
             both_say(Wanting, Nobody),
         says(Server, "^TLS server: In state [a-z_]+ .*generated SERVER ALERT: Fatal - Handshake Failure"),
         says(Client, "^TLS client: In state [a-z_]+ received SERVER ALERT: Fatal - Handshake Failure")
     end || _ <- lists:seq(1, 10)].

says(Text, Pattern) ->
    ?assertMatch({match, _}, re:run(Text, Pattern, [dotall]), Text).

%% By a recv that waits (stock ssl misses it now and then until the timeout), and by an active socket.
close_is_seen_at_once(Config) ->
    [begin
         {S, C} = pair(Config, [], []),
         Reader = call(fun() -> timer:tc(fun() -> ssl:recv(S, 0, 20000) end) end),
         timer:sleep(Wait),
         ok = ssl:close(C),
         {Took, {error, closed}} = finished(Reader),
         ?assert(Took < 5000000),
         ok = ssl:close(S),
         {S2, C2} = pair(Config, [], [{active, true}]),
         ok = ssl:close(S2),
         receive {ssl_closed, C2} -> ok after 5000 -> ct:fail(not_closed) end
     end || Wait <- [0, 0, 0, 5, 50]].

one_direction_closed(Config) ->
    {S, C} = pair(Config, [{exit_on_close, false}], [{exit_on_close, false}]),
    ok = ssl:send(C, <<"question">>),
    ok = ssl:shutdown(C, write),
    {error, closed} = ssl:send(C, <<"more">>),
    {ok, <<"question">>} = ssl:recv(S, 8, 5000),
    {error, closed} = ssl:recv(S, 0, 5000),
    ok = ssl:send(S, <<"answer">>),
    {ok, <<"answer">>} = ssl:recv(C, 6, 5000),
    ok = ssl:close(S),
    {error, closed} = ssl:recv(C, 0, 5000),
    ok = ssl:close(C).

%% Of a socket that goes on in the clear nothing is lost, wherever TLS ends in what the transport delivers.
bytes_behind_the_end(Config) ->
    [begin
         {S, C} = pair(Config, [], []),
         Client = call(fun() ->
                               {ok, Plain} = ssl:close(C, {self(), 5000}),
                               ok = gen_tcp:send(Plain, <<"in the clear">>),
                               {ok, <<"too">>} = gen_tcp:recv(Plain, 3, 5000),
                               gen_tcp:close(Plain)
                       end),
         timer:sleep(Wait),
         {Plain, Got} = case ssl:close(S, {self(), 5000}) of
                            {ok, P} -> {P, <<>>};
                            {ok, P, First} -> {P, First}
                        end,
         Rest = case 12 - byte_size(Got) of
                    0 -> <<>>;
                    Missing -> {ok, R} = gen_tcp:recv(Plain, Missing, 5000), R
                end,
         ?assertEqual(<<"in the clear">>, <<Got/binary, Rest/binary>>),
         ok = gen_tcp:send(Plain, <<"too">>),
         ok = finished(Client),
         gen_tcp:close(Plain)
     end || Wait <- [0, 0, 100, 100]].

%%--------------------------------------------------------------------------------------------------------------------
%% Negotiation
%%--------------------------------------------------------------------------------------------------------------------

names_decide(Config) ->
    Other = credentials([]),
    Own = [O || {K, _} = O <- maps:get(server, Other), K =:= cert orelse K =:= key],
    Name = fun(Answer) -> [{sni_fun, fun("a.test") -> Answer; (_) -> undefined end} | server(Config)] end,
    Ask = fun(Options, Trust) ->
                  both_say(Options, [{server_name_indication, "a.test"} | options(client, Trust, Config)])
          end,
    {{ok, _}, {ok, _}} = Ask(Name(undefined), ?config(credentials, Config)),
    {{ok, _}, {ok, _}} = Ask(Name(Own), Other),
    {_, {error, {tls_alert, {unrecognized_name, _}}}} = Ask(Name(unrecognized), ?config(credentials, Config)),
    {_, {error, {tls_alert, {handshake_failure, _}}}} = Ask(Name([{verify, nonsense}]), ?config(credentials, Config)),
    %% what derives from the options is that of the name's: a suite that only the name has
    [First, Second | _] = ssl:cipher_suites(default, ?config(version, Config)),
    {{ok, _}, {ok, _}} =
        both_say([{ciphers, [First]} | Name([{ciphers, [Second]}])],
                 [{ciphers, [Second]}, {server_name_indication, "a.test"} | client(Config)]).

%% A hello with an extension of every number, known or not, from a client that goes no further.
pause_survives_every_extension(Config) ->
    {ok, L} = ssl:listen(0, [{active, false}, {handshake, hello} | server(Config)]),
    {ok, {_, Port}} = ssl:sockname(L),
    <<3, Minor>> = case ?config(version, Config) of 'tlsv1.2' -> <<3, 3>>; 'tlsv1.1' -> <<3, 2>>; tlsv1 -> <<3, 1>> end,
    [begin
         Client = call(fun() ->
                               {ok, Plain} = gen_tcp:connect("localhost", Port, [binary, {active, false}]),
                               ok = gen_tcp:send(Plain, hello(Minor, Extensions)),
                               tls_pairs:read_to_end(Plain)
                       end),
         {ok, Accepted} = ssl:transport_accept(L, 10000),
         {ok, Paused, Hello} = ssl:handshake(Accepted, 10000),
         ?assertMatch(#{sni := "a.test", alpn := <<2, "h2">>}, Hello),
         ok = ssl:handshake_cancel(Paused),
         ok = finished(Client)
     end || Extensions <- [known(), known() ++ unknown(), lists:reverse(known() ++ unknown())]],
    ok = ssl:close(L).

hello(Minor, Extensions) ->
    Suites = <<16#c0, 16#2f, 16#c0, 16#13, 0, 16#2f>>,
    Block = iolist_to_binary([[<<Type:16, (byte_size(Body)):16>>, Body] || {Type, Body} <- Extensions]),
    Body = <<3, Minor, 0:256, 0, (byte_size(Suites)):16, Suites/binary, 1, 0, (byte_size(Block)):16, Block/binary>>,
    <<22, 3, 1, (byte_size(Body) + 4):16, 1, (byte_size(Body)):24, Body/binary>>.

known() ->
    [{0, <<9:16, 0, 6:16, "a.test">>}, {1, <<3>>}, {5, <<1, 0:16, 0:16>>}, {10, <<4:16, 29:16, 23:16>>}, {11, <<1, 0>>},
     {12, <<4, "user">>}, {13, <<4:16, 4, 1, 8, 4>>}, {14, <<2:16, 0, 1, 0>>}, {16, <<3:16, 2, "h2">>}, {18, <<>>}, {21, <<0:64>>},
     {22, <<>>}, {23, <<>>}, {35, <<>>}, {43, <<2, 3, 3>>}, {44, <<1:16, 7>>}, {45, <<1, 1>>}, {47, <<4:16, 2:16, 16#30, 0>>},
     {50, <<4:16, 4, 1, 8, 4>>}, {51, <<0:16>>}, {13172, <<>>}, {16#ff01, <<0>>}].

unknown() ->
    Known = [Type || {Type, _} <- known()],
    %% (41, pre_shared_key, has to be the last one; 42 belongs to it)
    [{Type, <<"whatever">>} || Type <- lists:seq(2, 66) ++ [16#1a1a, 16#fafa, 65535], not lists:member(Type, [41, 42 | Known]),
                               not lists:member(Type, [2, 3, 4, 6, 7, 8, 9, 15, 17, 19, 20, 24, 25, 26, 27, 28, 34, 48, 49])].

%%--------------------------------------------------------------------------------------------------------------------
%% Sessions, certificates, keys
%%--------------------------------------------------------------------------------------------------------------------

%% The same items, and those that belong to the session with the same values.
resumed_information_is_whole(Config) ->
    Port = serve(here, server(Config)),
    Facts = fun(C) ->
                    hello = ask(C, {echo, hello}),
                    {ok, Mine} = ssl:connection_information(C),
                    {ok, Yours} = ask(C, {connection_information, []}),
                    {ok, Cert} = ssl:peercert(C),
                    {maps:from_list(Mine), maps:from_list(Yours), Cert}
            end,
    {Mine, Yours, Cert} = connect(here, Port, client(Config), Facts),
    timer:sleep(200),
    {Again, Theirs, Cert} = connect(here, Port, client(Config), Facts),
    [begin
         ?assertEqual({false, true}, {map_get(session_resumption, Before), map_get(session_resumption, After)}),
         ?assertEqual(lists:sort(maps:keys(Before)), lists:sort(maps:keys(After))),
         Same = [protocol, selected_cipher_suite, session_id, ecc, selected_group, sni_hostname],
         ?assertEqual(maps:with(Same, Before), maps:with(Same, After))
     end || {Before, After} <- [{Mine, Again}, {Yours, Theirs}]],
    ?assertMatch(#{protocol := _, selected_cipher_suite := _, session_id := <<_:32/binary>>}, Again).

%% extendedKeyUsage, critical or not, of clients and servers.
purposes_of_certificates(Config) ->
    Usage = fun(Purpose, Critical) ->
                    credentials([#'Extension'{extnID = ?'id-ce-extKeyUsage', critical = Critical, extnValue = [Purpose]}])
            end,
    Ask = fun(Credentials) ->
                  both_say([{verify, verify_peer}, {fail_if_no_peer_cert, true} | options(server, Credentials, Config)],
                           options(client, Credentials, Config))
          end,
    [begin
         {{error, {tls_alert, {Alert, _}}}, {error, {tls_alert, {Alert, _}}}} = Ask(Usage(Purpose, Critical)),
         ?assert(lists:member(Alert, [unsupported_certificate, bad_certificate, certificate_unknown, handshake_failure]))
     end || Purpose <- [?'id-kp-serverAuth', ?'id-kp-clientAuth', ?'id-kp-codeSigning'], Critical <- [true, false]],
    Both = credentials([#'Extension'{extnID = ?'id-ce-extKeyUsage', critical = true,
                                     extnValue = [?'id-kp-serverAuth', ?'id-kp-clientAuth']}]),
    {{ok, _}, {ok, _}} = Ask(Both).

%% A server that verifies its clients resumes by default what has an extended master secret, which OTP's clients do not know.
careful_reuse(Config) ->
    Verifying = [{verify, verify_peer}, {fail_if_no_peer_cert, true} | server(Config)],
    Twice = fun(Where, Options) ->
                    Port = serve(here, Options),
                    Id = fun(C) ->
                                 hello = ask(C, {echo, hello}),
                                 {ok, [{session_resumption, Resumed}]} = ask(C, {connection_information, [[session_resumption]]}),
                                 Resumed
                         end,
                    First = connect(Where, Port, client(Config), Id),
                    timer:sleep(500),
                    {First, connect(Where, Port, client(Config), Id)}
            end,
    Stock = ?config(stock, Config),
    ?assertEqual({false, true}, Twice(here, Verifying)),
    ?assertEqual({false, false}, Twice(Stock, Verifying)),
    ?assertEqual({false, true}, Twice(Stock, [{reuse_sessions, true} | Verifying])),
    ?assertEqual({false, true}, Twice(Stock, server(Config))).

%% (The option wants a name that is not empty, as OTP's does; other clients need none.)
empty_identity(Config) ->
    Key = crypto:strong_rand_bytes(32),
    Lookup = fun(psk, <<>>, _) -> {ok, Key}; (_, _, _) -> error end,
    Suite = #{key_exchange => psk, cipher => aes_128_cbc, mac => sha, prf => default_prf},
    {ok, L} = ssl:listen(0, [{versions, [?config(version, Config)]}, {log_level, none}, {ciphers, [Suite]}, {active, false}, binary,
                             {user_lookup_fun, {Lookup, none}}]),
    {ok, {_, Port}} = ssl:sockname(L),
    Flag = case ?config(version, Config) of 'tlsv1.2' -> "-tls1_2"; 'tlsv1.1' -> "-tls1_1"; tlsv1 -> "-tls1" end,
    Client = call(fun() ->
                          os:cmd(lists:flatten(io_lib:format(
                              "echo from openssl | timeout 20 openssl s_client -connect 127.0.0.1:~b ~s -cipher PSK@SECLEVEL=0"
                              " -psk_identity '' -psk ~s -quiet 2>&1", [Port, Flag, [io_lib:format("~2.16.0b", [B]) || <<B>> <= Key]])))
                  end),
    {ok, Accepted} = ssl:transport_accept(L, 10000),
    case ssl:handshake(Accepted, 10000) of
        {ok, S} ->
            {ok, <<"from openssl\n">>} = ssl:recv(S, 13, 10000),
            ok = ssl:close(S);
        Error ->
            ct:fail({Error, finished(Client)})
    end,
    ok = ssl:close(L).

no_insecure_renegotiation(Config) ->
    {error, {options, _}} = ssl:connect("localhost", 1, [{secure_renegotiate, false} | client(Config)], 1000),
    {error, {options, _}} = ssl:listen(0, [{secure_renegotiate, false} | server(Config)]),
    {{ok, _}, {ok, _}} = both_say([{secure_renegotiate, true} | server(Config)], [{secure_renegotiate, true} | client(Config)]).
