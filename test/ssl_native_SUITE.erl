%% The NIF alone: two connections talk to each other in memory, without sockets, processes of the library or options.
-module(ssl_native_SUITE).

-include_lib("common_test/include/ct.hrl").
-include_lib("stdlib/include/assert.hrl").

-compile([export_all, nowarn_export_all]).

-define(AES128, 16#1301).
-define(CHACHA, 16#1303).
-define(P256, 23).
-define(X25519, 29).
-define(SCHEMES, [16#0403, 16#0804, 16#0807, 16#0503]).

suite() -> [{timetrap, {minutes, 2}}].

all() -> [{group, Group} || {Group, _, _} <- groups()].

groups() ->
    [{loading, [], [loads, says_what_is_missing, refuses_another_abi]},
     {objects, [], [store_is_found_by_its_binaries, store_is_found_by_its_content, large_store_is_found,
                    undecodable_certificates_are_counted, unused_store_is_freed,
                    credential_is_found_by_its_content, credential_errors, config_is_found_by_its_content, config_errors]},
     {handshake, [], [handshake_native_verification, handshake_asks_for_the_certificate, handshake_rsa_is_heavy,
                      handshake_external_key, handshake_client_authentication, handshake_hello_asked, handshake_byte_by_byte,
                      handshake_other_config_before_start, nothing_before_the_handshake, handshake_refused, handshake_garbage, handshake_mutated, key_log, exporters_agree,
                      word_is_kept]},
     {data, [], [data_both_ways, iodata_of_any_shape, lengths_are_kept, frames, frames_with_a_limit, pull_gives_units,
                 reads_while_data_is_short, key_updates, close_notify_one_way, damaged_record, transport_closes]},
     {locks, [], [writers_take_turns, waiting_writer_dies, writer_given_the_turn_dies, writer_dies_while_sending,
                  waiting_writer_gives_up, readers_take_turns, reader_dies_while_reading, endpoint_reads,
                  endpoint_waits_for_a_reader, endpoint_dies, flush_takes_its_turn, many_writers, transport_fails, killed_at_random]},
     {arguments, [], [only_the_endpoint_may, wrong_terms]},
     {memory, [], [nothing_is_left_behind]}].

init_per_suite(Config) ->
    Ca = certificate_maker:ca("root", self),
    Server = certificate_maker:leaf(["server.test"], Ca, #{}),
    Rsa = certificate_maker:leaf(["server.test"], Ca, #{key => certificate_maker:key({rsa, 2048})}),
    Client = certificate_maker:leaf(["client.test"], Ca, #{name => "client"}),
    %% Other suites of this node may have left something.
    [{ca, Ca}, {server, Server}, {rsa, Rsa}, {client, Client}, {before, ssl_native:counters()} | Config].

end_per_suite(_) -> ok.

init_per_testcase(_, Config) -> Config.

%% Nothing of the library's may lie in the mailbox after a case.
end_per_testcase(_, _) ->
    receive {ssl_native, _, _} = Stray -> {fail, {stray, Stray}}
    after 0 -> ok
    end.

%%--------------------------------------------------------------------------------------------------------------------
%% Loading
%%--------------------------------------------------------------------------------------------------------------------

loads(_) ->
    ?assertEqual(2, ssl_native:abi()),
    ?assertMatch(#{conns := _, stores := _, credentials := _, configs := _, bytes := _}, ssl_native:counters()).

says_what_is_missing(_) ->
    Text = load_elsewhere("SSL_NIF_PATH", "/nowhere/at/all.so"),
    ?assertNotEqual(nomatch, string:find(Text, "/nowhere/at/all.so")),
    ?assertNotEqual(nomatch, string:find(Text, "ci/build-native")).

%% A library that is no NIF at all, or another one's, is refused with its name.
refuses_another_abi(Config) ->
    Path = filename:join(?config(priv_dir, Config), "other.so"),
    ok = file:write_file(Path, <<"not a library">>),
    ?assertNotEqual(nomatch, string:find(load_elsewhere("SSL_NIF_PATH", Path), Path)).

%% What a runtime system of its own says about it.
load_elsewhere(Variable, Value) ->
    Erl = filename:join([code:root_dir(), "bin", "erl"]),
    os:cmd(Variable ++ "=" ++ Value ++ " " ++ Erl ++ " -noshell -pa " ++ filename:dirname(code:which(ssl_native)) ++
               " -eval 'code:ensure_loaded(ssl_native), timer:sleep(300), halt().' 2>&1").

%%--------------------------------------------------------------------------------------------------------------------
%% Objects
%%--------------------------------------------------------------------------------------------------------------------

store_is_found_by_its_binaries(Config) ->
    #{der := Der} = ?config(ca, Config),
    {ok, Store, #{count := 1, skipped := 0}} = ssl_native:trust_store([Der]),
    ?assertMatch({ok, Store, _}, ssl_native:trust_store([Der])),
    ?assertMatch({ok, Store, _}, ssl_native:trust_store([{cert, Der, ignored}])),
    true = is_reference(Store).

store_is_found_by_its_content(Config) ->
    #{der := Der} = ?config(ca, Config),
    {ok, Store, _} = ssl_native:trust_store([Der]),
    ?assertMatch({ok, Store, _}, ssl_native:trust_store([binary:copy(Der)])),
    #{der := Other} = ?config(server, Config),
    {ok, Different, #{count := 2}} = ssl_native:trust_store([Der, Other]),
    ?assertNotEqual(Store, Different).

large_store_is_found(_) ->
    Ders = [certificate_maker:der(certificate_maker:ca("root " ++ integer_to_list(N), self)) || N <- lists:seq(1, 40)],
    {ok, Store, #{count := 40, skipped := 0}} = ssl_native:trust_store(Ders),
    ?assertMatch({ok, Store, _}, ssl_native:trust_store(Ders)),
    ?assertMatch({ok, Store, _}, ssl_native:trust_store([binary:copy(D) || D <- Ders])),
    {Microseconds, _} = timer:tc(fun() -> [ssl_native:trust_store(Ders) || _ <- lists:seq(1, 1000)] end),
    ct:log("found again in ~p us", [Microseconds / 1000]).

undecodable_certificates_are_counted(Config) ->
    #{der := Der} = ?config(ca, Config),
    ?assertMatch({ok, _, #{count := 1, skipped := 2}}, ssl_native:trust_store([<<"x">>, Der, <<0:800>>])),
    ?assertMatch({ok, _, #{count := 0, skipped := 0}}, ssl_native:trust_store([])).

unused_store_is_freed(_) ->
    Before = settled(stores),
    in_process(fun() ->
                       Der = certificate_maker:der(certificate_maker:ca("short lived", self)),
                       {ok, _, _} = ssl_native:trust_store([Der]),
                       ?assertEqual(Before + 1, counter(stores))
               end),
    eventually(fun() -> counter(stores) =:= Before end).

credential_is_found_by_its_content(Config) ->
    #{der := Der, key := Key} = ?config(server, Config),
    {ok, Credential, #{type := ec, schemes := Schemes}} = ssl_native:credential([Der], native(Key)),
    ?assert(lists:member(16#0403, Schemes)),
    ?assertMatch({ok, Credential, _}, ssl_native:credential([binary:copy(Der)], native(Key))),
    {ok, Other, _} = ssl_native:credential([Der], {external, 0, [16#0403]}),
    ?assertNotEqual(Credential, Other).

credential_errors(Config) ->
    #{der := Der} = ?config(server, Config),
    #{key := Wrong} = ?config(client, Config),
    ?assertEqual({error, key_mismatch}, ssl_native:credential([Der], native(Wrong))),
    ?assertEqual({error, no_certificate}, ssl_native:credential([], native(Wrong))),
    ?assertEqual({error, bad_certificate}, ssl_native:credential([<<"x">>], native(Wrong))),
    ?assertEqual({error, unsupported_key}, ssl_native:credential([Der], {native, 'PrivateKeyInfo', <<"x">>})).

config_is_found_by_its_content(Config) ->
    {ok, One} = ssl_native:config(client_map(Config)),
    {ok, Same} = ssl_native:config(client_map(Config)),
    {ok, Other} = ssl_native:config((client_map(Config))#{alpn => [<<"h2">>]}),
    ?assertEqual(One, Same),
    ?assertNotEqual(One, Other).

config_errors(Config) ->
    Map = client_map(Config),
    ?assertEqual({error, {groups, missing}}, ssl_native:config(maps:remove(groups, Map))),
    ?assertEqual({error, {alpn, badarg}}, ssl_native:config(Map#{alpn => ["h2"]})),
    ?assertEqual({error, {max_fragment_length, badarg}}, ssl_native:config(Map#{max_fragment_length => 1000})),
    ?assertEqual({error, {groups, badarg}}, ssl_native:config(Map#{groups => [16#10000]})),
    ?assertEqual({error, {undefined, unknown}}, ssl_native:config(Map#{colour => blue})),
    ?assertError(badarg, ssl_native:config([])).

%%--------------------------------------------------------------------------------------------------------------------
%% Handshake
%%--------------------------------------------------------------------------------------------------------------------

handshake_native_verification(Config) ->
    {C, S, #{client := ClientOuts, server := ServerOuts}} = connect(Config),
    #{version := 16#0304, cipher_suite := Suite, group := Group, peer_chain := [Der], signature_scheme := Scheme,
      server_name := <<"server.test">>, alpn := undefined, hrr := false, own_credential := undefined,
      client_random := Random} = connected(ClientOuts),
    #{cipher_suite := Suite, group := Group, peer_chain := [], server_name := <<"server.test">>, own_credential := 0,
      client_random := Random} = connected(ServerOuts),
    ?assertEqual(certificate_maker:der(?config(server, Config)), Der),
    ?assertEqual(16#0403, Scheme),
    ?assertEqual([], [Q || {ask, Q} <- ClientOuts ++ ServerOuts]),
    ?assertMatch(#{peer_chain := [Der]}, ssl_native:info(C)),
    ?assertEqual({connection, connection}, {ssl_native:state(C), ssl_native:state(S)}).

handshake_asks_for_the_certificate(Config) ->
    {_, _, #{client := Outs}} = connect(Config, #{client => #{native_verify => undefined}}),
    Der = certificate_maker:der(?config(server, Config)),
    ?assertEqual([{peer_certificate, [Der], undefined}], [Q || {ask, Q} <- Outs]).

handshake_rsa_is_heavy(Config) ->
    {C, S, #{server := Outs}} = connect(Config, #{credential => rsa}),
    ?assert(lists:member(heavy, Outs)),
    exchange(C, S, <<"hello">>).

handshake_external_key(Config) ->
    #{der := Der, key := Key} = ?config(server, Config),
    {ok, Credential, #{type := ec}} = ssl_native:credential([Der], {external, 7, [16#0403]}),
    Answer = fun({sign, 7, 16#0403, Message}) -> {bytes, public_key:sign(Message, sha256, Key)} end,
    {C, S, _} = connect(Config, #{server => #{credentials => [Credential]}, answer => Answer}),
    exchange(C, S, <<"hello">>).

handshake_client_authentication(Config) ->
    Credential = credential(client, Config),
    {C, S, #{server := Outs}} = connect(Config, #{client => #{credentials => [Credential]},
                                                  server => #{verify_peer => true, fail_if_no_peer_cert => true,
                                                              native_verify => {store(Config), 10}}}),
    Der = certificate_maker:der(?config(client, Config)),
    ?assertMatch(#{peer_chain := [Der]}, connected(Outs)),
    exchange(C, S, <<"hello">>).

handshake_hello_asked(Config) ->
    Self = self(),
    Other = server_config(Config, #{alpn => [<<"two">>]}),
    Answer = fun({client_hello, #{server_name := <<"server.test">>, alpn := [<<"one">>, <<"two">>]} = Hello}) ->
                     Self ! {hello, Hello},
                     {use_config, Other}
             end,
    {C, _, _} = connect(Config, #{client => #{alpn => [<<"one">>, <<"two">>]}, server => #{ask_hello => true}, answer => Answer}),
    ?assertMatch(#{alpn := <<"two">>}, ssl_native:info(C)),
    receive {hello, #{groups := [_ | _], cipher_suites := [_ | _], extensions := [{_, _} | _]}} -> ok end.

handshake_byte_by_byte(Config) ->
    {C, S, _} = connect(Config, #{cut => 1}),
    exchange(C, S, <<"hello">>).

handshake_other_config_before_start(Config) ->
    {C, S} = pair(Config, #{client => #{alpn => [<<"x">>]}}),
    Other = server_config(Config, #{alpn => [<<"x">>]}),
    ?assertEqual(ok, ssl_native:use_config(S, Other)),
    {_, _} = shake(C, S, #{}),
    ?assertMatch(#{alpn := <<"x">>}, ssl_native:info(C)),
    ?assertEqual({error, started}, ssl_native:use_config(S, Other)).

nothing_before_the_handshake(Config) ->
    {C, S} = pair(Config, #{}),
    _ = ssl_native:feed(S, bytes(ssl_native:start(C))),
    [begin
         ?assertEqual({error, not_connected}, ssl_native:send_begin(Conn, <<"x">>)),
         ?assertEqual({error, not_connected}, ssl_native:recv_begin(Conn, 0)),
         ?assertEqual({error, not_connected}, ssl_native:control(Conn, {update_keys, false})),
         ?assertEqual(undefined, ssl_native:info(Conn)),
         ?assertEqual(none, ssl_native:pull(Conn, 0))
     end || Conn <- [C, S]],
    %% But an alert can be sent, and it can be given up.
    {ok, <<_, _/binary>>} = ssl_native:control(S, {alert, 80}),
    ok = ssl_native:send_end(S),
    ?assertEqual([], ssl_native:close_transport(C, {error, etimedout})),
    ?assertEqual({error, etimedout}, ssl_native:recv_begin(C, 0)),
    ?assertEqual({error, closed}, ssl_native:send_begin(C, <<"x">>)).

handshake_refused(Config) ->
    Answer = fun({peer_certificate, _, _}) -> {abort, 42} end,
    {C, S} = pair(Config, #{client => #{native_verify => undefined}}),
    {ClientOuts, ServerOuts} = shake(C, S, #{answer => Answer}),
    ?assertMatch({fatal, #{origin := local, alert := 42}}, lists:last(ClientOuts)),
    ?assertMatch({fatal, #{origin := peer, alert := 42, state := State}} when is_atom(State), lists:last(ServerOuts)),
    ?assertEqual({error, closed}, ssl_native:send_begin(C, <<"x">>)),
    ?assertEqual({error, closed}, ssl_native:recv_begin(C, 0)).

handshake_garbage(Config) ->
    lists:foreach(
      fun(Garbage) ->
              S = ssl_native:server(server_config(Config, #{})),
              Outs = ssl_native:feed(S, Garbage),
              ?assertMatch({fatal, #{origin := local, cause := Cause}} when is_binary(Cause), lists:last(Outs)),
              ?assertMatch({send, <<21, _/binary>>}, hd(Outs)),
              ?assertEqual([], ssl_native:feed(S, Garbage)),
              ?assertEqual({error, closed}, ssl_native:send_begin(S, <<"x">>))
      end, [<<"GET / HTTP/1.1\r\n\r\n">>, <<22, 3, 1, 0, 4, 1, 0, 0, 0>>, <<23, 3, 3, 0, 1, 0>>, crypto:strong_rand_bytes(1000)]).

%% One byte wrong anywhere in a flight: an alert or a wait for more, never a failure of the library.
handshake_mutated(Config) ->
    {C0, S0} = pair(Config, #{}),
    Hello = bytes(ssl_native:start(C0)),
    Flight = bytes(served(S0, ssl_native:feed(S0, Hello), #{})),
    Judge = fun(Conn, Bytes) ->
                    Outs = served(Conn, ssl_native:feed(Conn, Bytes), #{}),
                    [?assertMatch(#{origin := local, alert := Alert} when Alert =/= 80, Fatal) || {fatal, Fatal} <- Outs],
                    ?assertEqual([], [D || {data, D} <- Outs])
            end,
    [begin
         {_, S} = pair(Config, #{}),
         Judge(S, flip(Hello, At))
     end || At <- lists:seq(0, byte_size(Hello) - 1)],
    [begin
         {C, S} = pair(Config, #{}),
         Server = bytes(served(S, ssl_native:feed(S, bytes(ssl_native:start(C))), #{})),
         Judge(C, flip(Server, At))
     end || At <- lists:seq(0, byte_size(Flight) - 1, 3)].

flip(Bytes, At) when At < byte_size(Bytes) ->
    <<Head:At/binary, Byte, Tail/binary>> = Bytes,
    <<Head/binary, (Byte bxor (1 bsl rand:uniform(7))), Tail/binary>>;
flip(Bytes, _) ->
    Bytes.

key_log(Config) ->
    {_, _, #{client := ClientOuts, server := ServerOuts}} = connect(Config, #{client => #{key_log => true},
                                                                              server => #{key_log => true}}),
    Lines = fun(Outs) -> lists:sort([{Label, Random, Secret} || {event, {key_log, Label, Random, Secret}} <- Outs]) end,
    ?assertMatch([_, _, _, _ | _], Lines(ClientOuts)),
    ?assertEqual(Lines(ClientOuts), Lines(ServerOuts)),
    {_, _, #{client := Silent}} = connect(Config),
    ?assertEqual([], Lines(Silent)).

exporters_agree(Config) ->
    {C, S, _} = connect(Config),
    {ok, Key} = ssl_native:export(C, <<"EXPORTER-test">>, <<"context">>, 40),
    ?assertEqual(40, byte_size(Key)),
    ?assertEqual({ok, Key}, ssl_native:export(S, <<"EXPORTER-test">>, <<"context">>, 40)),
    ?assertNotEqual({ok, Key}, ssl_native:export(S, <<"EXPORTER-test">>, no_context, 40)),
    ?assertMatch({error, _}, ssl_native:export(S, <<"EXPORTER-test">>, no_context, 1000000)),
    ?assertEqual({error, not_connected}, ssl_native:export(ssl_native:server(server_config(Config, #{})), <<"x">>, no_context, 1)).

word_is_kept(Config) ->
    S = ssl_native:server(server_config(Config, #{})),
    ?assertEqual(0, ssl_native:word(S)),
    ok = ssl_native:set_word(S, 16#ffffffffffffffff),
    ?assertEqual(16#ffffffffffffffff, ssl_native:word(S)),
    ?assertError(badarg, ssl_native:set_word(S, 1 bsl 64)).

%%--------------------------------------------------------------------------------------------------------------------
%% Data
%%--------------------------------------------------------------------------------------------------------------------

data_both_ways(Config) ->
    [begin
         {C, S, _} = connect(Config, #{client => #{cipher_suites => [Suite]}}),
         [begin
              Data = crypto:strong_rand_bytes(Size),
              exchange(C, S, Data),
              exchange(S, C, Data)
          end || Size <- [1, 64, 1000, 16383, 16384, 16385, 100000, 262144]]
     end || Suite <- [?AES128, 16#1302, ?CHACHA]].

iodata_of_any_shape(Config) ->
    {C, S, _} = connect(Config),
    Big = binary:copy(<<"0123456789">>, 500),
    <<_:3, Odd:800/bitstring, _/bitstring>> = Big,
    [exchange(C, S, Data) || Data <- [[<<"a">>, <<"b">>], [<<"a">>, [[[<<"b">>]], <<"c">>] | <<"d">>], "a string", [1, 2 | <<3>>],
                                      [Big, Big, "x" | Big], [[], <<>>, [<<"y">>]], Odd, lists:duplicate(3000, [Big, []]) -- lists:duplicate(2960, [Big, []])]],
    {ok, Nothing} = ssl_native:send_begin(C, []),
    ?assertEqual(<<>>, Nothing),
    ok = ssl_native:send_end(C),
    [?assertError(badarg, ssl_native:send_begin(C, Bad)) || Bad <- [atom, [atom], [256], [<<1:7>>], #{}, [<<"a">> | atom]]],
    ?assertError(badarg, ssl_native:send_begin(C, binary:copy(Big, 300))),
    exchange(C, S, <<"still fine">>).

lengths_are_kept(Config) ->
    {C, S, _} = connect(Config),
    Data = crypto:strong_rand_bytes(50000),
    Before = counter(bytes),
    read = ssl_native:recv_begin(S, 10),
    <<First:10/binary, Second:40000/binary, Third/binary>> = Data,
    ?assertEqual({ok, First}, ssl_native:recv_more(S, 10, sealed(C, Data))),
    ?assertEqual({ok, Second}, ssl_native:recv_begin(S, 40000)),
    ?assertEqual(Before + byte_size(Third), counter(bytes)),
    ?assertEqual({ok, Third}, ssl_native:recv_begin(S, 0)),
    ?assertEqual(Before, counter(bytes)).

frames(Config) ->
    [begin
         {C, S, _} = connect(Config),
         ok = ssl_native:packet(S, Header, 0),
         Messages = [crypto:strong_rand_bytes(Size) || Size <- [0, 1, 100, 255, 7]],
         Stream = << <<(byte_size(M)):Header/unit:8, M/binary>> || M <- Messages >>,
         %% Cut so that headers and bodies are divided
         Records = [sealed(C, Piece) || Piece <- cut(Stream, 3)],
         Got = receive_all(S, length(Messages), Records),
         ?assertEqual(Messages, Got),
         %% and at once
         read = ssl_native:recv_begin(S, 0),
         {ok, First} = ssl_native:recv_more(S, 0, sealed(C, Stream)),
         Rest = [begin {ok, M} = ssl_native:recv_begin(S, 0), M end || _ <- tl(Messages)],
         ?assertEqual(Messages, [First | Rest])
     end || Header <- [1, 2, 4]].

frames_with_a_limit(Config) ->
    {C, S, _} = connect(Config),
    ok = ssl_native:packet(S, 4, 1000),
    read = ssl_native:recv_begin(S, 0),
    ?assertEqual({ok, <<0:8000>>}, ssl_native:recv_more(S, 0, sealed(C, <<1000:32, 0:8000>>))),
    read = ssl_native:recv_begin(S, 0),
    ?assertEqual({error, {invalid_packet, <<1001:32, "x">>}}, ssl_native:recv_more(S, 0, sealed(C, <<1001:32, "x">>))),
    ok = ssl_native:packet(S, raw, 0),
    exchange(C, S, <<"raw">>).

pull_gives_units(Config) ->
    {C, S, _} = connect(Config),
    ok = ssl_native:packet(S, 2, 0),
    ok = ssl_native:reader(S, take),
    ?assertEqual([], ssl_native:feed(S, sealed(C, <<3:16, "abc", 0:16, 2:16, "d">>))),
    ?assertEqual({data, <<"abc">>}, ssl_native:pull(S, 0)),
    ?assertEqual({data, <<>>}, ssl_native:pull(S, 0)),
    ?assertEqual(none, ssl_native:pull(S, 0)),
    ok = ssl_native:packet(S, raw, 0),
    ?assertEqual({data, <<0>>}, ssl_native:pull(S, 1)),
    ?assertEqual({data, <<2, "d">>}, ssl_native:pull(S, 100)),
    ?assertEqual([{data, <<"raw">>}], ssl_native:feed(S, sealed(C, <<"raw">>))),
    ok = ssl_native:reader(S, give),
    %% Without the lock it stays for whoever reads.
    ?assertEqual([], ssl_native:feed(S, sealed(C, <<"kept">>))),
    ?assertEqual({ok, <<"kept">>}, ssl_native:recv_begin(S, 0)).

reads_while_data_is_short(Config) ->
    {C, S, _} = connect(Config),
    Data = crypto:strong_rand_bytes(40000),
    read = ssl_native:recv_begin(S, 40000),
    Pieces = cut(sealed(C, Data), 1000),
    Got = lists:foldl(fun(Piece, read) -> ssl_native:recv_more(S, 40000, Piece) end, read, Pieces),
    ?assertEqual({ok, Data}, Got).

key_updates(Config) ->
    {C, S, _} = connect(Config),
    {ok, Update} = ssl_native:control(C, {update_keys, false}),
    ok = ssl_native:send_end(C),
    read = ssl_native:recv_begin(S, 0),
    ?assertEqual({read, [{event, {key_update, false}}]}, ssl_native:recv_more(S, 0, Update)),
    ok = ssl_native:recv_end(S, timeout),
    exchange(C, S, <<"with new keys">>),
    %% Asked for: the answer goes with the next data.
    {ok, Request} = ssl_native:control(C, {update_keys, true}),
    ok = ssl_native:send_end(C),
    read = ssl_native:recv_begin(S, 0),
    ?assertEqual({read, [{event, {key_update, true}}]}, ssl_native:recv_more(S, 0, Request)),
    ok = ssl_native:recv_end(S, timeout),
    ?assertEqual(none, ssl_native:flush(S)),
    Both = sealed(S, <<"data">>),
    ?assertEqual([{event, {key_update, false}}], ssl_native:feed(C, Both)),
    ?assertEqual({ok, <<"data">>}, ssl_native:recv_begin(C, 0)),
    exchange(S, C, <<"newer">>),
    exchange(C, S, <<"newest">>).

close_notify_one_way(Config) ->
    {C, S, _} = connect(Config),
    Last = sealed(C, <<"last words">>),
    {ok, Bye} = ssl_native:control(C, close_notify),
    ok = ssl_native:send_end(C),
    ?assertEqual({error, closed}, ssl_native:send_begin(C, <<"x">>)),
    ?assertEqual({error, closed}, ssl_native:control(C, close_notify)),
    read = ssl_native:recv_begin(S, 4),
    ?assertEqual({ok, <<"last">>, [{event, closed}]}, ssl_native:recv_more(S, 4, [Last, Bye])),
    ?assertEqual({ok, <<" words">>}, ssl_native:recv_begin(S, 0)),
    ?assertEqual({error, closed}, ssl_native:recv_begin(S, 0)),
    ?assertEqual({error, closed}, ssl_native:recv_begin(S, 10)),
    %% The other direction lives.
    exchange(S, C, <<"I heard you">>).

damaged_record(Config) ->
    {C, S, _} = connect(Config),
    Good = sealed(C, <<"good">>),
    Bad = damage(sealed(C, <<"bad">>)),
    read = ssl_native:recv_begin(S, 0),
    ?assertEqual({ok, <<"good">>, [flush]}, ssl_native:recv_more(S, 0, [Good, Bad])),
    {error, {fatal, #{origin := local, alert := 20, state := connection}}} = ssl_native:recv_begin(S, 0),
    ?assertEqual({error, closed}, ssl_native:recv_begin(S, 0)),
    ?assertEqual({error, closed}, ssl_native:send_begin(S, <<"x">>)),
    {ok, Alert} = ssl_native:flush(S),
    ok = ssl_native:send_end(S),
    ok = ssl_native:reader(C, take),
    ?assertMatch([{fatal, #{origin := peer, alert := 20}}], ssl_native:feed(C, Alert)).

transport_closes(Config) ->
    {C, S, _} = connect(Config),
    read = ssl_native:recv_begin(S, 0),
    ok = ssl_native:recv_end(S, {error, {some, "reason"}}),
    ?assertEqual({error, {some, "reason"}}, ssl_native:recv_begin(S, 0)),
    %% Buffered data comes before the end.
    ?assertEqual([], ssl_native:feed(C, sealed(S, <<"rest">>))),
    ?assertEqual([], ssl_native:close_transport(C, closed)),
    ?assertEqual({ok, <<"rest">>}, ssl_native:recv_begin(C, 0)),
    ?assertEqual({error, closed}, ssl_native:recv_begin(C, 0)),
    ?assertEqual({error, closed}, ssl_native:send_begin(C, <<"x">>)),
    ?assertEqual(none, ssl_native:flush(C)).

%%--------------------------------------------------------------------------------------------------------------------
%% Locks
%%--------------------------------------------------------------------------------------------------------------------

writers_take_turns(Config) ->
    {C, _, _} = connect(Config),
    {ok, _} = ssl_native:send_begin(C, <<"mine">>),
    [A, B] = [start(fun() -> {wait, Ref} = ssl_native:send_begin(C, Name), waiting(), go(Ref), Name end) || Name <- [<<"a">>, <<"b">>]],
    ok = ssl_native:send_end(C),
    {<<"a">>, _} = turn(A),
    %% b waits, and so do we now.
    {wait, Ref} = ssl_native:send_begin(C, <<"me again">>),
    call(A, fun() -> {ok, _} = ssl_native:send_more(C, <<"a">>), ok = ssl_native:send_end(C) end),
    {<<"b">>, _} = turn(B),
    ?assertError(badarg, ssl_native:send_more(C, <<"not my turn">>)),
    call(B, fun() -> {ok, _} = ssl_native:send_more(C, <<"b">>), {ok, _} = ssl_native:send_more(C, <<"b2">>), ok = ssl_native:send_end(C) end),
    go(Ref),
    {ok, _} = ssl_native:send_more(C, <<"me again">>),
    ok = ssl_native:send_end(C).

waiting_writer_dies(Config) ->
    {C, S, _} = connect(Config),
    {ok, Bytes} = ssl_native:send_begin(C, <<"mine">>),
    A = start(fun() -> {wait, _} = ssl_native:send_begin(C, <<"a">>), waiting(), a end),
    B = start(fun() -> {wait, Ref} = ssl_native:send_begin(C, <<"b">>), waiting(), go(Ref), b end),
    kill(A),
    ok = ssl_native:send_end(C),
    {b, _} = turn(B),
    More = call(B, fun() -> {ok, Sealed} = ssl_native:send_more(C, <<"b">>), ok = ssl_native:send_end(C), Sealed end),
    ?assertEqual(<<"mineb">>, opened(S, [Bytes, More])).

%% It had not begun to use the lock: the next gets it, and the connection lives.
writer_given_the_turn_dies(Config) ->
    {C, S, _} = connect(Config),
    {ok, Bytes} = ssl_native:send_begin(C, <<"mine">>),
    A = start(fun() -> {wait, Ref} = ssl_native:send_begin(C, <<"a">>), waiting(), go(Ref), a end),
    B = start(fun() -> {wait, Ref} = ssl_native:send_begin(C, <<"b">>), waiting(), go(Ref), b end),
    ok = ssl_native:send_end(C),
    {a, _} = turn(A),
    kill(A),
    {b, _} = turn(B),
    More = call(B, fun() -> {ok, Sealed} = ssl_native:send_more(C, <<"b">>), ok = ssl_native:send_end(C), Sealed end),
    ?assertEqual(<<"mineb">>, opened(S, [Bytes, More])).

writer_dies_while_sending(Config) ->
    {C, _, _} = connect(Config),
    A = start(fun() -> {ok, _} = ssl_native:send_begin(C, <<"a">>), waiting(), a end),
    B = start(fun() -> {wait, Ref} = ssl_native:send_begin(C, <<"b">>), waiting(), go(Ref), ssl_native:send_more(C, <<"b">>) end),
    kill(A),
    receive {ssl_native, holder_down, write} -> ok after 5000 -> ct:fail(no_message) end,
    {{error, closed}, _} = turn(B),
    ?assertEqual({error, closed}, ssl_native:send_begin(C, <<"x">>)),
    ?assertEqual({error, closed}, ssl_native:recv_begin(C, 0)).

waiting_writer_gives_up(Config) ->
    {C, _, _} = connect(Config),
    {ok, _} = ssl_native:send_begin(C, <<"mine">>),
    B = start(fun() -> {wait, Ref} = ssl_native:send_begin(C, <<"b">>), waiting(), ok = ssl_native:send_cancel(C, Ref), given_up end),
    {given_up, _} = turn(B),
    %% After the lock was given to it: the next gets it.
    D = start(fun() -> {wait, Ref} = ssl_native:send_begin(C, <<"d">>), waiting(), go(Ref), Ref end),
    E = start(fun() -> {wait, Ref} = ssl_native:send_begin(C, <<"e">>), waiting(), go(Ref), e end),
    ok = ssl_native:send_end(C),
    {Ref, _} = turn(D),
    call(D, fun() -> ok = ssl_native:send_cancel(C, Ref), ok = ssl_native:send_cancel(C, Ref) end),
    {e, _} = turn(E),
    call(E, fun() -> {ok, _} = ssl_native:send_more(C, <<"e">>), ok = ssl_native:send_end(C) end),
    {ok, _} = ssl_native:send_begin(C, <<"free">>),
    ok = ssl_native:send_end(C).

readers_take_turns(Config) ->
    {C, S, _} = connect(Config),
    A = start(fun() -> read = ssl_native:recv_begin(S, 3), waiting(), a end),
    B = start(fun() -> {wait, Ref} = ssl_native:recv_begin(S, 0), waiting(), go(Ref), ssl_native:recv_begin(S, 0) end),
    ?assertEqual({ok, <<"abc">>}, call(A, fun() -> ssl_native:recv_more(S, 3, sealed_in(C, <<"abcdef">>)) end)),
    ?assertMatch({{ok, <<"def">>}, _}, turn(B)),
    read = ssl_native:recv_begin(S, 0),
    ok = ssl_native:recv_end(S, timeout).

reader_dies_while_reading(Config) ->
    {_, S, _} = connect(Config),
    A = start(fun() -> read = ssl_native:recv_begin(S, 0), waiting(), a end),
    B = start(fun() -> {wait, Ref} = ssl_native:recv_begin(S, 0), waiting(), go(Ref), ssl_native:recv_begin(S, 0) end),
    kill(A),
    receive {ssl_native, holder_down, read} -> ok after 5000 -> ct:fail(no_message) end,
    {{error, closed}, _} = turn(B),
    ok.

endpoint_reads(Config) ->
    {C, S, _} = connect(Config),
    ok = ssl_native:reader(S, take),
    ok = ssl_native:reader(S, take),
    ?assertEqual(endpoint, in_process(fun() -> ssl_native:recv_begin(S, 0) end)),
    ?assertEqual([{data, <<"active">>}], ssl_native:feed(S, sealed(C, <<"active">>))),
    ok = ssl_native:reader(S, give),
    ?assertEqual(read, in_process(fun() -> R = ssl_native:recv_begin(S, 0), ok = ssl_native:recv_end(S, timeout), R end)).

endpoint_waits_for_a_reader(Config) ->
    {C, S, _} = connect(Config),
    A = start(fun() -> read = ssl_native:recv_begin(S, 0), waiting(), a end),
    {wait, Ref} = ssl_native:reader(S, take),
    ?assertEqual(none, ssl_native:pull(S, 0)),
    ?assertEqual({ok, <<"x">>}, call(A, fun() -> ssl_native:recv_more(S, 0, sealed_in(C, <<"x">>)) end)),
    go(Ref),
    ?assertEqual([{data, <<"y">>}], ssl_native:feed(S, sealed(C, <<"y">>))).

endpoint_dies(Config) ->
    Test = self(),
    Endpoint = spawn(fun() ->
                             {C, S, _} = connect(Config),
                             Test ! {conns, C, S},
                             receive stop -> ok after 30000 -> ok end
                     end),
    {C, S} = receive {conns, Conn1, Conn2} -> {Conn1, Conn2} end,
    {ok, _} = ssl_native:send_begin(C, <<"x">>),
    read = ssl_native:recv_begin(S, 0),
    B = start(fun() -> {wait, Ref} = ssl_native:send_begin(C, <<"b">>), waiting(), go(Ref), ssl_native:send_more(C, <<"b">>) end),
    kill(Endpoint),
    {{error, closed}, _} = turn(B),
    ?assertEqual({error, closed}, ssl_native:send_more(C, <<"x">>)),
    ?assertEqual(ok, ssl_native:send_end(C)),
    ?assertEqual({error, closed}, ssl_native:recv_more(S, 0, <<"x">>)),
    ?assertEqual({error, closed}, ssl_native:recv_begin(S, 0)),
    ?assertEqual(undefined, ssl_native:info(C)),
    %% Nobody else can take it over.
    ?assertError(badarg, ssl_native:feed(C, <<>>)).

flush_takes_its_turn(Config) ->
    {C, S, _} = connect(Config),
    A = start(fun() -> {ok, Bytes} = ssl_native:send_begin(S, <<"a">>), waiting(), Bytes end),
    {Data, _} = turn(A),
    %% An alert comes up while somebody writes.
    ok = ssl_native:reader(S, take),
    [flush, {fatal, #{alert := 20}}] = ssl_native:feed(S, damage(sealed(C, <<"x">>))),
    {wait, Ref} = ssl_native:flush(S),
    %% The writer takes it along; at our turn there is nothing left, and the lock is free.
    {flush, Alert} = call(A, fun() -> ssl_native:send_end(S) end),
    ok = call(A, fun() -> ssl_native:send_end(S) end),
    go(Ref),
    none = ssl_native:flush(S),
    {error, closed} = ssl_native:send_begin(S, <<"x">>),
    ?assertMatch([{fatal, #{origin := peer, alert := 20}}], ssl_native:feed(C, [Data, Alert])),
    ?assertEqual({ok, <<"a">>}, ssl_native:recv_begin(C, 0)).

%% What many processes send arrives whole and in the order of sealing.
many_writers(Config) ->
    {C, S, _} = connect(Config),
    Test = self(),
    Writers = 50,
    Each = 20,
    [spawn_link(fun() -> [Test ! {sealed, N, write(C, <<W:16, N:16>>, Test)} || N <- lists:seq(1, Each)] end) || W <- lists:seq(1, Writers)],
    Wire = [receive {wire, Bytes} -> Bytes end || _ <- lists:seq(1, Writers * Each)],
    _ = [receive {sealed, _, ok} -> ok end || _ <- lists:seq(1, Writers * Each)],
    Plain = opened(S, Wire),
    Messages = [{W, N} || <<W:16, N:16>> <= Plain],
    ?assertEqual(Writers * Each, length(Messages)),
    [?assertEqual(lists:seq(1, Each), [N || {V, N} <- Messages, V =:= W]) || W <- lists:seq(1, Writers)].

write(C, Data, Wire) ->
    Bytes = case ssl_native:send_begin(C, Data) of
                {ok, Now} -> Now;
                {wait, Ref} -> go(Ref), {ok, Later} = ssl_native:send_more(C, Data), Later
            end,
    Wire ! {wire, Bytes},
    ssl_native:send_end(C).

%% Senders, readers and endpoints that die at any moment: what lives on ends in a known way, and nothing is left.
killed_at_random(Config) ->
    in_process(fun() -> [killing(Config) || _ <- lists:seq(1, 40)] end),
    eventually(fun() -> as_before([conns, shares, bytes], Config) end).

killing(Config) ->
    Self = self(),
    Endpoint = spawn(fun() -> {C, S, _} = connect(Config), Self ! {self(), C, S}, endless() end),
    {C, S} = receive {Endpoint, Conn1, Conn2} -> {Conn1, Conn2} end,
    Senders = [spawn(fun() -> send_on(C) end) || _ <- lists:seq(1, 8)],
    Readers = [spawn(fun() -> receive_on(S) end) || _ <- lists:seq(1, 8)],
    Order = [P || {_, P} <- lists:sort([{rand:uniform(), P} || P <- [Endpoint | Senders ++ Readers]])],
    [begin
         [erlang:yield() || _ <- lists:seq(1, rand:uniform(300))],
         kill(Pid)
     end || Pid <- Order],
    ?assertEqual({error, closed}, ssl_native:send_begin(C, <<"x">>)),
    ?assertEqual({error, closed}, ssl_native:recv_begin(S, 0)).

endless() -> receive stop -> ok end.

send_on(C) ->
    case ssl_native:send_begin(C, <<0:8000>>) of
        {ok, _} -> erlang:yield(), ok = ssl_native:send_end(C), send_on(C);
        {wait, Ref} ->
            receive {ssl_native, Ref, go} -> ok after rand:uniform(5) -> ok = ssl_native:send_cancel(C, Ref) end,
            receive {ssl_native, Ref, go} -> ok after 0 -> ok end,
            send_on(C);
        {error, closed} -> endless()
    end.

receive_on(S) ->
    case ssl_native:recv_begin(S, 10) of
        read -> erlang:yield(), ok = ssl_native:recv_end(S, timeout), receive_on(S);
        {wait, Ref} ->
            receive {ssl_native, Ref, go} -> ok after rand:uniform(5) -> ok = ssl_native:recv_cancel(S, Ref) end,
            receive {ssl_native, Ref, go} -> ok after 0 -> ok end,
            receive_on(S);
        {error, closed} -> endless()
    end.

transport_fails(Config) ->
    {C, S, _} = connect(Config),
    {ok, _} = ssl_native:send_begin(C, <<"x">>),
    B = start(fun() -> {wait, Ref} = ssl_native:send_begin(C, <<"b">>), waiting(), go(Ref), ssl_native:send_more(C, <<"b">>) end),
    ok = ssl_native:send_failed(C, enotconn),
    {{error, enotconn}, _} = turn(B),
    ?assertEqual({error, enotconn}, ssl_native:send_begin(C, <<"y">>)),
    %% What the peer sent can still be read.
    exchange(S, C, <<"late">>).

%%--------------------------------------------------------------------------------------------------------------------
%% Arguments
%%--------------------------------------------------------------------------------------------------------------------

only_the_endpoint_may(Config) ->
    {_, S, _} = connect(Config),
    Calls = [fun() -> ssl_native:start(S) end, fun() -> ssl_native:feed(S, <<>>) end, fun() -> ssl_native:step_heavy(S) end,
             fun() -> ssl_native:answer(S, continue) end, fun() -> ssl_native:close_transport(S, closed) end,
             fun() -> ssl_native:reader(S, take) end, fun() -> ssl_native:pull(S, 0) end],
    [?assertEqual(badarg, in_process(fun() -> try Call() catch error:Reason -> Reason end end)) || Call <- Calls],
    Other = start(fun() -> waiting(), other end),
    ok = ssl_native:set_endpoint(S, Other),
    ?assertError(badarg, ssl_native:feed(S, <<>>)),
    ?assertEqual([], call(Other, fun() -> ssl_native:feed(S, <<>>) end)).

wrong_terms(Config) ->
    {C, _, _} = connect(Config),
    [?assertError(badarg, Call()) ||
        Call <- [fun() -> ssl_native:feed(make_ref(), <<>>) end, fun() -> ssl_native:feed(C, 7) end,
                 fun() -> ssl_native:answer(C, {bytes, 7}) end, fun() -> ssl_native:answer(C, maybe_so) end,
                 fun() -> ssl_native:packet(C, 3, 0) end, fun() -> ssl_native:packet(C, raw, -1) end,
                 fun() -> ssl_native:packet(C, 256, 0) end, fun() -> ssl_native:answer(C, {abort, 256}) end,
                 fun() -> ssl_native:recv_begin(C, -1) end, fun() -> ssl_native:recv_end(C, whatever) end,
                 fun() -> ssl_native:recv_more(C, 0, <<>>) end, fun() -> ssl_native:send_end(C) end,
                 fun() -> ssl_native:send_cancel(C, make_ref()) end, fun() -> ssl_native:control(C, {alert, 256}) end,
                 fun() -> ssl_native:client(C, #{}) end, fun() -> ssl_native:close_transport(C, {other, x}) end,
                 fun() -> ssl_native:trust_store([7]) end, fun() -> ssl_native:trust_store(x) end,
                 fun() -> ssl_native:credential([<<>>], {native, 'DSAPrivateKey', <<>>}) end]].

%%--------------------------------------------------------------------------------------------------------------------
%% Memory
%%--------------------------------------------------------------------------------------------------------------------

nothing_is_left_behind(Config) ->
    in_process(fun() ->
                       {C, S, _} = connect(Config),
                       exchange(C, S, crypto:strong_rand_bytes(100000)),
                       _ = ssl_native:feed(S, sealed(C, crypto:strong_rand_bytes(100000))),
                       ?assert(counter(bytes) >= 100000),
                       _ = ssl_native:send_begin(C, <<"x">>)
               end),
    eventually(fun() -> as_before([conns, configs, bytes, shares, stores, credentials], Config) end).

%% No more is alive than before the suite.
as_before(Names, Config) ->
    erlang:garbage_collect(),
    Now = ssl_native:counters(),
    lists:all(fun(Name) -> maps:get(Name, Now) =< maps:get(Name, ?config(before, Config)) end, Names).

%%--------------------------------------------------------------------------------------------------------------------
%% Helpers: connections
%%--------------------------------------------------------------------------------------------------------------------

connect(Config) -> connect(Config, #{}).

connect(Config, Spec) ->
    {C, S} = pair(Config, Spec),
    {ClientOuts, ServerOuts} = shake(C, S, Spec),
    ?assertEqual({[], []}, {[F || {fatal, F} <- ClientOuts], [F || {fatal, F} <- ServerOuts]}),
    _ = connected(ClientOuts),
    _ = connected(ServerOuts),
    {C, S, #{client => ClientOuts, server => ServerOuts}}.

pair(Config, Spec) ->
    {ok, ClientConfig} = ssl_native:config(maps:merge(client_map(Config), maps:get(client, Spec, #{}))),
    Extra = case Spec of
                #{credential := Name} -> #{credentials => [credential(Name, Config)]};
                #{} -> #{}
            end,
    ServerConfig = server_config(Config, maps:merge(Extra, maps:get(server, Spec, #{}))),
    C = ssl_native:client(ClientConfig, #{server_name => <<"server.test">>, verify_name => {dns, <<"server.test">>}}),
    S = ssl_native:server(ServerConfig),
    {C, S}.

base_map() ->
    #{versions => [16#0304], cipher_suites => [?AES128, 16#1302, ?CHACHA], groups => [?X25519, ?P256],
      key_share_groups => [?X25519], signature_algs => ?SCHEMES}.

client_map(Config) ->
    (base_map())#{verify_peer => true, native_verify => {store(Config), 10}}.

server_config(Config, Extra) ->
    {ok, ServerConfig} = ssl_native:config(maps:merge((base_map())#{credentials => [credential(server, Config)]}, Extra)),
    ServerConfig.

store(Config) ->
    {ok, Store, #{count := 1}} = ssl_native:trust_store([certificate_maker:der(?config(ca, Config))]),
    Store.

credential(Name, Config) ->
    #{der := Der, key := Key} = ?config(Name, Config),
    {ok, Credential, _} = ssl_native:credential([Der], native(Key)),
    Credential.

native(Key) when element(1, Key) =:= 'RSAPrivateKey' -> {native, 'RSAPrivateKey', public_key:der_encode('RSAPrivateKey', Key)};
native(Key) -> {native, 'ECPrivateKey', public_key:der_encode('ECPrivateKey', Key)}.

%% Runs a handshake to its end. All outs of both sides.
shake(C, S, Spec) ->
    shake(C, S, served(C, ssl_native:start(C), Spec), [], Spec, []).

shake(C, S, Outs, Mine, Spec, Theirs) ->
    case bytes(Outs) of
        <<>> ->
            {Mine ++ Outs, Theirs};
        Bytes ->
            More = lists:append([served(S, ssl_native:feed(S, Piece), Spec) || Piece <- cut(Bytes, maps:get(cut, Spec, byte_size(Bytes)))]),
            {Server, Client} = shake(S, C, More, Theirs, Spec, Mine ++ Outs),
            {Client, Server}
    end.

%% Heavy steps done and questions answered.
served(Conn, Outs, Spec) ->
    case Outs =/= [] andalso lists:last(Outs) of
        heavy -> Outs ++ served(Conn, ssl_native:step_heavy(Conn), Spec);
        {ask, Query} ->
            Answer = (maps:get(answer, Spec, fun(_) -> continue end))(Query),
            Outs ++ served(Conn, ssl_native:answer(Conn, Answer), Spec);
        _ -> Outs
    end.

bytes(Outs) -> iolist_to_binary([Bytes || {send, Bytes} <- Outs]).

connected(Outs) ->
    [Info] = [Info || {event, {connected, Info}} <- Outs],
    Info.

sealed(Conn, Data) ->
    {ok, Bytes} = ssl_native:send_begin(Conn, Data),
    ok = ssl_native:send_end(Conn),
    Bytes.

%% The same from any process.
sealed_in(Conn, Data) -> in_process(fun() -> sealed(Conn, Data) end).

opened(Conn, Bytes) ->
    read = ssl_native:recv_begin(Conn, 0),
    {ok, Data} = ssl_native:recv_more(Conn, 0, Bytes),
    Data.

exchange(From, To, Data) ->
    ?assertEqual(iolist_to_binary(Data), opened(To, sealed(From, Data))).

receive_all(_, 0, _) -> [];
receive_all(Conn, Count, Records) ->
    case ssl_native:recv_begin(Conn, 0) of
        {ok, Message} -> [Message | receive_all(Conn, Count - 1, Records)];
        read ->
            {Message, Rest} = read_on(Conn, Records),
            [Message | receive_all(Conn, Count - 1, Rest)]
    end.

read_on(Conn, [Record | Records]) ->
    case ssl_native:recv_more(Conn, 0, Record) of
        read -> read_on(Conn, Records);
        {ok, Message} -> {Message, Records}
    end.

cut(Bytes, Size) when byte_size(Bytes) > Size ->
    <<Head:Size/binary, Tail/binary>> = Bytes,
    [Head | cut(Tail, Size)];
cut(<<>>, _) -> [];
cut(Bytes, _) -> [Bytes].

damage(Bytes) ->
    Size = byte_size(Bytes) - 1,
    <<Head:Size/binary, Last>> = Bytes,
    <<Head/binary, (Last bxor 1)>>.

%% The count once the garbage of earlier cases is gone: two readings with a collection between them agree.
settled(Name) ->
    Now = counter(Name),
    _ = [erlang:garbage_collect(P) || P <- processes()],
    timer:sleep(50),
    case counter(Name) of
        Now -> Now;
        _ -> settled(Name)
    end.

counter(Name) ->
    erlang:garbage_collect(),
    maps:get(Name, ssl_native:counters()).

%%--------------------------------------------------------------------------------------------------------------------
%% Helpers: processes
%%--------------------------------------------------------------------------------------------------------------------

%% A process that runs Fun and then what call/2 sends it. Returns when it says waiting().
start(Fun) ->
    Test = self(),
    Pid = spawn(fun() ->
                        put(test, Test),
                        _ = monitor(process, Test),
                        Result = Fun(),
                        Test ! {turn, self(), Result},
                        serve()
                end),
    receive {waiting, Pid} -> Pid
    after 5000 -> ct:fail({not_waiting, Pid, process_info(Pid, current_stacktrace)})
    end.

waiting() -> get(test) ! {waiting, self()}.

serve() ->
    receive
        {call, From, Fun} -> From ! {answer, self(), Fun()}, serve();
        {'DOWN', _, process, _, _} -> ok
    end.

call(Pid, Fun) ->
    Pid ! {call, self(), Fun},
    receive {answer, Pid, Answer} -> Answer after 5000 -> ct:fail({no_answer, Pid}) end.

%% The result of a started process.
turn(Pid) ->
    receive {turn, Pid, Result} -> {Result, Pid} after 5000 -> ct:fail({no_turn, Pid}) end.

go(Ref) ->
    receive {ssl_native, Ref, go} -> ok after 5000 -> ct:fail({no_go, Ref}) end.

kill(Pid) ->
    Monitor = monitor(process, Pid),
    exit(Pid, kill),
    receive {'DOWN', Monitor, _, _, _} -> ok end.

in_process(Fun) ->
    {Pid, Monitor} = spawn_monitor(fun() -> exit({result, Fun()}) end),
    receive
        {'DOWN', Monitor, process, Pid, {result, Result}} -> Result;
        {'DOWN', Monitor, process, Pid, Reason} -> ct:fail(Reason)
    after 30000 -> ct:fail(timeout)
    end.

eventually(Fun) -> eventually(Fun, 100).

eventually(Fun, 0) -> ct:fail({never, ssl_native:counters(), Fun()});
eventually(Fun, N) ->
    case Fun() of
        true -> ok;
        false -> timer:sleep(20), eventually(Fun, N - 1)
    end.
