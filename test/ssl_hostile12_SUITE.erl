%% What peers before TLS 1.3, and accidents in the middle of their connections, can do to a node: ssl_hostile_SUITE has the same for
%% TLS 1.3, native/tls/src/rogue the offences inside of messages one by one.
-module(ssl_hostile12_SUITE).
-include_lib("common_test/include/ct.hrl").
-include_lib("stdlib/include/assert.hrl").

-import(tls_pairs, [call/1, finished/1, endpoint/1, port_of/1, left_nothing/0, eventually/1]).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1, init_per_testcase/2, end_per_testcase/2]).
-export([renegotiation_ignored/1, processes_killed/1, asked_after_a_kill/1, reader_after_a_kill/1,
         offence_while_much_waits/1, secrets_stay_out_of_reports/1, secrets_stay_out_of_exits/1]).

%% Handler of the logger.
-export([log/2]).

suite() -> [{timetrap, {seconds, 90}}].

all() ->
    [renegotiation_ignored, processes_killed, asked_after_a_kill, reader_after_a_kill, offence_while_much_waits,
     secrets_stay_out_of_reports, secrets_stay_out_of_exits].

init_per_suite(Config) ->
    {ok, _} = application:ensure_all_started(ssl),
    Here = [{Role, [{versions, ['tlsv1.2']}, {log_level, none} | lists:keydelete(versions, 1, Options)]}
            || {Role, Options} <- tls_pairs:credentials()],
    Here ++ Config.

end_per_suite(_) -> ok.

init_per_testcase(_, Config) ->
    left_nothing(),
    Config.

end_per_testcase(_, _) ->
    left_nothing().

-define(PASSIVE, [binary, {active, false}]).

%% A peer that goes on sending and never answers our HelloRequest. Nobody reads: it is held by TCP's window, as it is without the
%% request. What is read at last comes as fast as ever.
renegotiation_ignored(Config) ->
    [begin
         {S, C} = tls_pairs:pair(Config, ?PASSIVE ++ Packet, ?PASSIVE),
         Asking = call(fun() -> ssl:renegotiate(S) end),
         sys:suspend(endpoint(C)),
         timer:sleep(100),
         Data = binary:copy(<<0>>, 60000000),
         Before = erlang:memory(system),
         Sender = call(fun() -> ssl:send(C, Data) end),
         timer:sleep(1000),
         ?assert(erlang:memory(system) - Before < 40000000),
         case Packet of
             [] ->
                 {ok, <<_:50000000/binary>>} = ssl:recv(S, 50000000, 15000),
                 {ok, <<_:10000000/binary>>} = ssl:recv(S, 10000000, 15000),
                 ok = finished(Sender),
                 sys:resume(endpoint(C)),
                 ok = finished(Asking),
                 ok = ssl:close(S);
             _ ->
                 %% the connection's end ends all that waits
                 ok = ssl:close(S),
                 {error, closed} = finished(Asking),
                 {error, closed} = finished(Sender),
                 sys:resume(endpoint(C))
         end,
         ok = ssl:close(C)
     end || Packet <- [[], [{packet, 4}]]].

%% Owners, connection processes, senders and readers that are killed at any moment leave no connection, process or port behind.
processes_killed(Config) ->
    %% what other cases left is garbage that may go at any time
    #{conns := Before} = native(),
    {ok, L} = ssl:listen(0, [binary, {active, true}, {verify, verify_peer}, {fail_if_no_peer_cert, true} | tls_pairs:server(Config)]),
    {ok, {_, Port}} = ssl:sockname(L),
    Acceptor = spawn_link(fun() -> accept(L) end),
    [begin
         Client = spawn(fun() ->
                                case ssl:connect("localhost", Port, [binary, {active, true} | tls_pairs:client(Config)], 5000) of
                                    {ok, C} ->
                                        _ = ssl:send(C, binary:copy(<<1>>, 100000)),
                                        _ = ssl:renegotiate(C),
                                        timer:sleep(rand:uniform(10));
                                    {error, _} ->
                                        ok
                                end
                        end),
         busy(rand:uniform(3000)),
         kill([Client || rand:uniform(3) =:= 1]),
         kill([Pid || Pid <- tls_pairs:endpoints(), rand:uniform(6) =:= 1])
     end || _ <- lists:seq(1, 150)],
    unlink(Acceptor),
    ok = ssl:close(L),
    eventually(fun() -> #{conns := Now, bytes := 0} = native(), ?assert(Now =< Before) end).

native() ->
    [erlang:garbage_collect(P) || P <- processes()],
    ssl_native:counters().

accept(L) ->
    case ssl:transport_accept(L) of
        {ok, A} ->
            Owner = spawn(fun() ->
                                  receive go -> ok end,
                                  case ssl:handshake(A, 5000) of
                                      {ok, S} ->
                                          _ = ssl:send(S, binary:copy(<<2>>, 1000000)),
                                          timer:sleep(rand:uniform(10));
                                      {error, _} ->
                                          ok
                                  end
                          end),
            _ = ssl:controlling_process(A, Owner),
            Owner ! go,
            busy(rand:uniform(2000)),
            kill([Owner || rand:uniform(4) =:= 1]),
            accept(L);
        {error, closed} ->
            ok;
        {error, _} ->
            accept(L)
    end.

kill(Pids) -> [exit(Pid, kill) || Pid <- Pids].

%% Microseconds, without sleeping.
busy(Time) -> busy_until(erlang:monotonic_time(microsecond) + Time).
busy_until(End) -> erlang:monotonic_time(microsecond) < End andalso busy_until(End).

%% A sender that is killed while it writes takes the connection's keys with it. Who asks for something before the connection process
%% knows gets an answer nevertheless.
asked_after_a_kill(Config) ->
    [begin
         {S, C} = pair_of(Version, Config),
         sys:suspend(endpoint(C)),
         Sender = spawn(fun() -> ssl:send(S, binary:copy(<<0>>, 60000000)) end),
         waits(S),
         sys:suspend(endpoint(S)),
         Asked = [call(fun() -> Ask(S) end)
                  || Ask <- [fun ssl:connection_information/1, fun ssl:peercert/1, fun ssl:negotiated_protocol/1, fun ssl:renegotiate/1,
                             fun(Socket) -> ssl:export_key_materials(Socket, [<<"label">>], [no_context], [10]) end,
                             fun(Socket) -> ssl:recv(Socket, 0, 1000) end, fun(Socket) -> ssl:send(Socket, "more") end,
                             fun(Socket) -> ssl:setopts(Socket, [{active, once}]) end]],
         timer:sleep(100),
         exit(Sender, kill),
         timer:sleep(100),
         sys:resume(endpoint(S)),
         [{error, closed} | Answers] = [finished(Call) || Call <- Asked],
         ?assertEqual([], [Answer || Answer <- Answers, Answer =/= ok, element(1, Answer) =/= error]),
         receive {ssl_closed, S} -> ok after 5000 -> ct:fail(not_told) end,
         ok = ssl:close(S),
         sys:resume(endpoint(C)),
         ok = ssl:close(C)
     end || Version <- ['tlsv1.2', 'tlsv1.3']].

pair_of(Version, Config) ->
    Of = fun(Role) -> {Role, lists:keydelete(versions, 1, proplists:get_value(Role, Config))} end,
    Options = [{versions, [Version]} | ?PASSIVE],
    tls_pairs:pair([Of(server), Of(client)], Options, Options).

%% The peer takes nothing any more.
waits(Socket) ->
    eventually(fun() -> {queue_size, Size} = erlang:port_info(port_of(Socket), queue_size), ?assert(Size > 0) end),
    timer:sleep(100).

%% Who waits for data without end hears of it, whatever else is wanted of the socket.
reader_after_a_kill(Config) ->
    [begin
         {S, C} = pair_of(Version, Config),
         Reader = call(fun() -> ssl:recv(S, 0) end),
         timer:sleep(100),
         sys:suspend(endpoint(C)),
         Sender = spawn(fun() -> ssl:send(S, binary:copy(<<0>>, 60000000)) end),
         waits(S),
         ok = ssl:setopts(S, [{active, Active}]),
         exit(Sender, kill),
         {error, _} = finished(Reader),
         case Active of
             once -> receive {ssl_closed, S} -> ok after 5000 -> ct:fail(not_told) end;
             false -> {error, closed} = ssl:recv(S, 0, 5000)
         end,
         ok = ssl:close(S),
         sys:resume(endpoint(C)),
         ok = ssl:close(C)
     end || Version <- ['tlsv1.2', 'tlsv1.3'], Active <- [once, false]].

%% A peer that takes nothing and then breaks the protocol, while a process is sending to it: the connection process does not wait
%% for the transport, and all is over in time.
offence_while_much_waits(Config) ->
    [begin
         {S, C} = pair_of(Version, Config),
         sys:suspend(endpoint(C)),
         Sender = call(fun() -> ssl:send(S, binary:copy(<<0>>, 60000000)) end),
         ok = ssl:setopts(S, [{active, true}]),
         waits(S),
         Monitor = erlang:monitor(process, endpoint(S)),
         ok = gen_tcp:send(port_of(C), <<23, 3, 3, 32:16, 0:256>>),
         receive {ssl_error, S, {tls_alert, {bad_record_mac, _}}} -> ok after 5000 -> ct:fail(not_told) end,
         Begin = erlang:monotonic_time(millisecond),
         {error, closed} = ssl:connection_information(S),
         ok = ssl:close(S),
         ?assert(erlang:monotonic_time(millisecond) - Begin < 2000),
         {error, closed} = finished(Sender),
         receive {'DOWN', Monitor, process, _, _} -> ok after 10000 -> ct:fail(lives) end,
         sys:resume(endpoint(C)),
         _ = ssl:close(C)
     end || Version <- ['tlsv1.2', 'tlsv1.3']].

%% Neither sys:get_status nor a crash shows the master secret, keys of PSK, passwords of SRP, or data.
secrets_stay_out_of_reports(_) ->
    [begin
         {S, C} = tls_pairs:pair([{Role, users(Role, Exchange)} || Role <- [server, client]], ?PASSIVE, ?PASSIVE),
         {ok, [{master_secret, Master}]} = ssl:connection_information(S, [master_secret]),
         ok = ssl:send(C, <<"confidential">>),
         ok = ssl:setopts(S, [{packet, line}]),
         Secrets = ["confidential", "pre-shared", "pass-word", shown(Master)],
         Reports = lists:append([reports(endpoint(Socket)) || Socket <- [S, C]]),
         [?assertEqual({Exchange, nomatch}, {Exchange, string:find(Report, Secret)}) || Report <- Reports, Secret <- Secrets],
         ssl:close(S),
         ssl:close(C)
     end || Exchange <- [psk, ecdhe_psk, srp_anon]].

users(Role, Exchange) ->
    Salt = <<"0123456789abcdef">>,
    Lookup = fun(psk, _, State) -> {ok, State};
                (srp, _, _) -> {ok, {srp_2048, Salt, crypto:hash(sha, [Salt, crypto:hash(sha, "user:pass-word")])}}
             end,
    Own = case {Role, Exchange} of
              {server, _} -> [];
              {client, srp_anon} -> [{srp_identity, {"user", "pass-word"}}];
              {client, _} -> [{psk_identity, "user"}]
          end,
    Suite = #{key_exchange => Exchange, cipher => aes_128_cbc, mac => sha, prf => default_prf},
    [{versions, ['tlsv1.2']}, {verify, verify_none}, {log_level, none}, {ciphers, [Suite]}, {keep_secrets, true},
     {user_lookup_fun, {Lookup, <<"pre-shared-key">>}} | Own].

shown(Binary) ->
    Text = lists:flatten(io_lib:format("~0p", [binary:part(Binary, 0, 8)])),
    lists:sublist(Text, 3, length(Text) - 4).

reports(Endpoint) ->
    Status = lists:flatten(io_lib:format("~0p", [sys:get_status(Endpoint)])),
    Id = ?FUNCTION_NAME,
    ok = logger:add_handler(Id, ?MODULE, #{config => self(), level => all}),
    try
        sys:terminate(Endpoint, {badmatch, told_to}),
        [Status | logged()]
    after
        logger:remove_handler(Id)
    end.

%% At least one, and those that follow it.
logged() ->
    receive {logged, Event} -> [text(Event) | more_logged()]
    after 5000 -> ct:fail(no_report)
    end.

more_logged() ->
    receive {logged, Event} -> [text(Event) | more_logged()]
    after 100 -> []
    end.

text(Event) -> lists:flatten(io_lib:format("~0p", [Event])).

log(#{level := error} = Event, #{config := Pid}) -> Pid ! {logged, Event}, ok;
log(_, _) -> ok.

%% A connection process that fails takes its caller with it. How the caller ends goes into reports of others: it does not show what
%% was asked.
secrets_stay_out_of_exits(Config) ->
    {ok, L} = ssl:listen(0, tls_pairs:server(Config)),
    {ok, {_, Port}} = ssl:sockname(L),
    {ok, Raw} = gen_tcp:connect("localhost", Port, [{active, false}]),
    {ok, A} = ssl:transport_accept(L, 5000),
    {Caller, Monitor} = spawn_monitor(fun() -> ssl:handshake(A, users(server, psk)) end),
    timer:sleep(300),
    sys:terminate(endpoint(A), {badmatch, told_to}),
    receive
        {'DOWN', Monitor, process, Caller, Reason} ->
            ?assertMatch({{badmatch, told_to}, _}, Reason),
            [?assertEqual(nomatch, string:find(text(Reason), Secret)) || Secret <- ["pre-shared", "user_lookup_fun"]]
    after 5000 -> ct:fail(lives)
    end,
    gen_tcp:close(Raw),
    ok = ssl:close(L).
