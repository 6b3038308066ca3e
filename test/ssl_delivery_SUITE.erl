%% What programs get of a connection beside bytes in order: transports of their own, shutdown of one direction, downgrade,
%% options of the process, and that nobody waits for ever.
-module(ssl_delivery_SUITE).
-include_lib("stdlib/include/assert.hrl").

-import(tls_pairs, [server/1, client/1, pair/1, pair/3, call/1, result/1, finished/1, endpoint/1, port_of/1, closed/2,
                    left_nothing/0, eventually/1]).

-export([all/0, groups/0, suite/0, init_per_suite/1, end_per_suite/1, init_per_testcase/2, end_per_testcase/2]).
-export([pipe_echo/1, pipe_active/1, pipe_packets/1, pipe_ends/1, pipe_upgrade/1, pipe_downgrade/1, pipe_half/1, pipe_stuck/1,
         pipe_that_fails/1, pipe_that_raises/1, tls_in_tls/1]).
-export([half_closed_peer_is_still_sent_to/1, shutdown_of_what_is_read/1, nothing_is_sent_after_shutdown/1,
         downgrade_gives_what_came_behind/1, end_is_known_when_recv_says_so/1, statistics_are_the_transports/1,
         accepted_is_not_connected/1, closed_has_no_address/1]).
-export([process_options/1, exits_as_otp/1, messages_follow_the_owner/1, acceptors_of_a_closed_listener/1, stop_with_stuck_peers/1]).
-export([both_send_before_they_read/1, sends_while_it_receives/1, many_on_one_scheduler/1, packets_of_every_size/1]).

suite() -> [{timetrap, {seconds, 90}}].

all() -> [{group, transports}, {group, ends}, {group, processes}, {group, flow}].

groups() ->
    [{transports, [], [pipe_echo, pipe_active, pipe_packets, pipe_ends, pipe_upgrade, pipe_downgrade, pipe_half, pipe_stuck, pipe_that_fails,
                       pipe_that_raises, tls_in_tls]},
     {ends, [parallel], [half_closed_peer_is_still_sent_to, shutdown_of_what_is_read, nothing_is_sent_after_shutdown,
                         downgrade_gives_what_came_behind, end_is_known_when_recv_says_so, statistics_are_the_transports,
                         accepted_is_not_connected, closed_has_no_address]},
     {processes, [], [process_options, exits_as_otp, messages_follow_the_owner, acceptors_of_a_closed_listener, stop_with_stuck_peers]},
     {flow, [], [both_send_before_they_read, sends_while_it_receives, packets_of_every_size, many_on_one_scheduler]}].

init_per_suite(Config) ->
    {ok, _} = application:ensure_all_started(ssl),
    tls_pairs:credentials() ++ Config.

end_per_suite(_) -> ok.

init_per_testcase(_, Config) -> Config.

end_per_testcase(_, Config) ->
    persistent_term:erase({pipe_transport, fault}),
    ok = ssl:start(),
    case proplists:get_value(tc_group_properties, Config) of
        [{name, ends} | _] -> ok;
        _ -> left_nothing()
    end.

options(Own) -> [binary, {active, false}, {log_level, none} | Own].

%%--------------------------------------------------------------------------------------------------------------------
%% Transports that are no sockets
%%--------------------------------------------------------------------------------------------------------------------

pipe_pair(Config, Own) -> pipe_pair(Config, Own, 5).

%% Server and client on a pipe, cb_info with so many elements.
pipe_pair(Config, Own, Arity) ->
    Info = {cb_info, pipe_transport:info(Arity)},
    Self = self(),
    {ok, L} = ssl:listen(0, options([Info | Own ++ server(Config)])),
    {ok, Port} = pipe_transport:port(listening(L)),
    Client = call(fun() ->
                          {ok, C} = ssl:connect({127, 0, 0, 1}, Port, [Info, {verify, verify_none} | options(Own ++ lists:keydelete(verify, 1, client(Config)))], 5000),
                          ok = ssl:controlling_process(C, Self),
                          C
                  end),
    {ok, A} = ssl:transport_accept(L, 5000),
    {ok, S} = ssl:handshake(A, 5000),
    C = result(Client),
    ok = ssl:close(L),
    {S, C}.

listening({sslsocket, Socket, _, _, _, _, _, _}) -> Socket;
listening({sslsocket, nil, {Socket, _}}) -> Socket.

pipe_echo(Config) ->
    [begin
         {S, C} = pipe_pair(Config, [], Arity),
         Data = crypto:strong_rand_bytes(500000),
         Echo = call(fun() -> {ok, D} = ssl:recv(S, 500000, 10000), ssl:send(S, D) end),
         ok = ssl:send(C, Data),
         {ok, Data} = ssl:recv(C, 500000, 10000),
         ok = finished(Echo),
         {error, timeout} = ssl:recv(C, 0, 50),
         {ok, {{127, 0, 0, 1}, _}} = ssl:peername(C),
         {ok, [{recv_oct, Received}]} = ssl:getstat(C, [recv_oct]),
         ?assert(Received > 500000),
         closed(S, C)
     end || Arity <- [4, 5]].

pipe_active(Config) ->
    {S, C} = pipe_pair(Config, [{packet, 2}]),
    ok = ssl:setopts(S, [{active, 3}]),
    [ok = ssl:send(C, integer_to_list(N)) || N <- lists:seq(1, 5)],
    [receive {ssl, S, Data} -> ?assertEqual(integer_to_binary(N), Data) after 5000 -> ct:fail({missing, N}) end || N <- [1, 2, 3]],
    receive {ssl_passive, S} -> ok after 5000 -> ct:fail(no_passive) end,
    {ok, <<"4">>} = ssl:recv(S, 0, 5000),
    ok = ssl:setopts(S, [{active, true}]),
    receive {ssl, S, <<"5">>} -> ok after 5000 -> ct:fail(missing) end,
    ok = ssl:close(C),
    receive {ssl_closed, S} -> ok after 5000 -> ct:fail(not_closed) end.

pipe_packets(Config) ->
    {S, C} = pipe_pair(Config, []),
    ok = ssl:send(C, <<"GET / HTTP/1.1\r\nHost: a\r\n\r\nline\n", 3, "abc">>),
    ok = ssl:setopts(S, [{packet, http_bin}]),
    {ok, {http_request, 'GET', {abs_path, <<"/">>}, {1, 1}}} = ssl:recv(S, 0, 5000),
    {ok, {http_header, _, 'Host', _, <<"a">>}} = ssl:recv(S, 0, 5000),
    {ok, http_eoh} = ssl:recv(S, 0, 5000),
    ok = ssl:setopts(S, [{packet, line}]),
    {ok, <<"line\n">>} = ssl:recv(S, 0, 5000),
    ok = ssl:setopts(S, [{packet, 1}]),
    {ok, <<"abc">>} = ssl:recv(S, 0, 5000),
    closed(S, C).

pipe_ends(Config) ->
    {S1, C1} = pipe_pair(Config, []),
    ok = ssl:send(C1, <<"last">>),
    ok = ssl:close(C1),
    {ok, <<"last">>} = ssl:recv(S1, 0, 5000),
    {error, closed} = ssl:recv(S1, 0, 5000),
    {error, closed} = ssl:send(S1, <<"x">>),
    ok = ssl:close(S1),
    %% The pipe breaks.
    {S2, C2} = pipe_pair(Config, [{active, true}]),
    exit(port_of(C2), kill),
    receive {ssl_closed, S2} -> ok after 5000 -> ct:fail(not_closed) end,
    ok = ssl:close(C2).

pipe_upgrade(Config) ->
    {ok, L} = pipe_transport:listen(0, []),
    {ok, Port} = pipe_transport:port(L),
    Info = {cb_info, pipe_transport:info(5)},
    Client = call(fun() ->
                          {ok, Plain} = pipe_transport:connect({127, 0, 0, 1}, Port, []),
                          ok = pipe_transport:send(Plain, <<"STARTTLS">>),
                          {ok, C} = ssl:connect(Plain, [Info | options(lists:keydelete(verify, 1, client(Config)) ++ [{verify, verify_none}])], 5000),
                          ok = ssl:send(C, <<"hello">>),
                          ssl:recv(C, 0, 5000)
                  end),
    {ok, Plain} = pipe_transport:accept(L, 5000),
    {ok, <<"STARTTLS">>} = pipe_transport:recv(Plain, 8, 5000),
    {ok, S} = ssl:handshake(Plain, [Info | options(server(Config))], 5000),
    {ok, <<"hello">>} = ssl:recv(S, 5, 5000),
    ok = ssl:close(S),
    {error, closed} = finished(Client),
    ok = pipe_transport:close(L).

pipe_downgrade(Config) ->
    {S, C} = pipe_pair(Config, []),
    Self = self(),
    Server = call(fun() ->
                          {ok, Plain} = ssl:close(S, {Self, 5000}),
                          Plain
                  end),
    {ok, Mine} = ssl:close(C, {self(), 5000}),
    Theirs = result(Server),
    ok = pipe_transport:send(Mine, <<"plain">>),
    {ok, <<"plain">>} = pipe_transport:recv(Theirs, 0, 5000),
    ok = pipe_transport:close(Mine),
    ok = pipe_transport:close(Theirs).

pipe_half(Config) ->
    {S, C} = pipe_pair(Config, [{exit_on_close, false}]),
    ok = ssl:setopts(S, [{exit_on_close, false}]),
    ok = ssl:shutdown(C, write),
    {error, closed} = ssl:recv(S, 0, 5000),
    ok = ssl:send(S, <<"still">>),
    {ok, <<"still">>} = ssl:recv(C, 0, 5000),
    closed(S, C).

%% A peer who takes nothing: send waits, and neither close nor the rest of the connection does.
pipe_stuck(Config) ->
    {S, C} = pipe_pair(Config, []),
    Sender = call(fun() -> send_on(C) end),
    timer:sleep(200),
    {Time, ok} = timer:tc(fun() -> ssl:close(C) end),
    ?assert(Time < 7000000),
    {error, closed} = finished(Sender),
    ok = ssl:close(S).

send_on(Socket) ->
    case ssl:send(Socket, <<0:800000>>) of
        ok -> send_on(Socket);
        Error -> Error
    end.

%% Errors of the transport reach the caller of send; a reader finds the end.
pipe_that_fails(Config) ->
    {S1, C1} = pipe_pair(Config, []),
    persistent_term:put({pipe_transport, fault}, {send, fun() -> {error, eio} end}),
    {error, eio} = ssl:send(C1, <<"x">>),
    persistent_term:erase({pipe_transport, fault}),
    {error, closed} = ssl:send(C1, <<"x">>),
    closed(S1, C1),
    {S2, C2} = pipe_pair(Config, []),
    persistent_term:put({pipe_transport, fault}, {recv, fun() -> {error, eio} end}),
    {error, _} = ssl:recv(C2, 0, 1000),
    persistent_term:erase({pipe_transport, fault}),
    closed(S2, C2).

%% A module that raises keeps nobody waiting: the next caller gets an answer.
pipe_that_raises(Config) ->
    [begin
         {S, C} = pipe_pair(Config, []),
         persistent_term:put({pipe_transport, fault}, {Function, fun() -> error(broken) end}),
         Caller = call(fun() -> try Call(C) catch Class:Reason -> {Class, Reason} end end),
         _ = finished(Caller),
         persistent_term:erase({pipe_transport, fault}),
         %% What of it was written nobody knows; what is to be read can be read still.
         Function =:= send andalso ({error, closed} = ssl:send(C, <<"x">>)),
         {error, _} = ssl:recv(C, 0, 100),
         closed(S, C)
     end || {Function, Call} <- [{send, fun(C) -> ssl:send(C, <<"x">>) end}, {recv, fun(C) -> ssl:recv(C, 0, 1000) end}]].

%% A connection within a connection, as through a proxy that speaks TLS: the inner one's transport is a module that hands
%% everything to ssl; the proxy passes bytes on.
tls_in_tls(Config) ->
    {ok, L} = ssl:listen(0, options(server(Config))),
    {ok, {_, Port}} = ssl:sockname(L),
    {ProxyEnd, Outer} = pair(Config),
    Proxy = call(fun() ->
                         receive owner -> ok end,
                         {ok, Plain} = gen_tcp:connect("localhost", Port, [binary, {active, true}]),
                         ok = ssl:setopts(ProxyEnd, [{active, true}]),
                         tunnel(ProxyEnd, Plain)
                 end),
    ok = ssl:controlling_process(ProxyEnd, tls_pairs:pid(Proxy)),
    tls_pairs:pid(Proxy) ! owner,
    Server = call(fun() ->
                          {ok, A} = ssl:transport_accept(L, 5000),
                          {ok, S} = ssl:handshake(A, 5000),
                          {ok, Data} = ssl:recv(S, 100000, 10000),
                          ok = ssl:send(S, Data),
                          ssl:recv(S, 0, 5000)
                  end),
    Inner = [{cb_info, {ssl_carrier, ssl, ssl_closed, ssl_error}}, {server_name_indication, "localhost"}],
    {ok, C} = ssl:connect(Outer, options(Inner ++ client(Config)), 5000),
    Data = binary:copy(<<"inner">>, 20000),
    ok = ssl:send(C, Data),
    {ok, Data} = ssl:recv(C, 100000, 10000),
    {ok, {_, _}} = ssl:peername(C),
    ok = ssl:close(C),
    {error, closed} = finished(Server),
    ok = finished(Proxy),
    ok = ssl:close(L).

tunnel(Tls, Plain) ->
    receive
        {ssl, Tls, Data} -> ok = gen_tcp:send(Plain, Data), tunnel(Tls, Plain);
        {tcp, Plain, Data} -> ok = ssl:send(Tls, Data), tunnel(Tls, Plain);
        {ssl_closed, Tls} -> gen_tcp:close(Plain);
        {tcp_closed, Plain} -> ssl:close(Tls)
    end.

%%--------------------------------------------------------------------------------------------------------------------
%% Ends
%%--------------------------------------------------------------------------------------------------------------------

half_closed_peer_is_still_sent_to(Config) ->
    [begin
         {S, C} = pair(Config, options([{exit_on_close, false}]), options([])),
         ok = ssl:send(C, <<"request">>),
         ok = ssl:shutdown(C, write),
         {ok, <<"request">>} = ssl:recv(S, 0, 5000),
         {error, closed} = ssl:recv(S, 0, 5000),
         {error, closed} = ssl:recv(S, 0, 5000),
         ok = ssl:setopts(S, [{packet, Packet}]),
         [ok = ssl:send(S, binary:copy(<<"r">>, 1000)) || _ <- lists:seq(1, 100)],
         {ok, _} = ssl:recv(C, 100000, 5000),
         ok = ssl:close(S),
         ok = ssl:close(C)
     end || Packet <- [0, line]].

%% shutdown(read): nothing comes any more, and the peer learns of it.
shutdown_of_what_is_read(Config) ->
    {S, C} = pair(Config),
    ok = ssl:shutdown(S, read),
    {error, closed} = ssl:recv(S, 0, 1000),
    {error, closed} = ssl:send(S, <<"x">>),
    {error, closed} = ssl:recv(C, 0, 5000),
    closed(S, C),
    {S2, C2} = pair(Config),
    ok = ssl:shutdown(S2, read_write),
    ok = ssl:setopts(S2, [{active, once}]),
    receive {ssl_closed, S2} -> ok after 5000 -> ct:fail(not_closed) end,
    {error, closed} = ssl:recv(C2, 0, 5000),
    closed(S2, C2).

nothing_is_sent_after_shutdown(Config) ->
    {S, C} = pair(Config),
    ok = ssl:send(S, <<"before">>),
    ok = ssl:shutdown(S, write),
    {error, closed} = ssl:send(S, <<"after">>),
    {error, closed} = ssl:update_keys(S, write),
    ok = ssl:setopts(S, [{mode, list}]),
    {error, closed} = ssl:send(S, <<"after">>),
    {ok, <<"before">>} = ssl:recv(C, 0, 5000),
    {error, closed} = ssl:recv(C, 0, 5000),
    closed(S, C).

%% What the peer sends in the clear behind its close_notify may come with it.
downgrade_gives_what_came_behind(Config) ->
    [begin
         {S, C} = pair(Config),
         Self = self(),
         Client = call(fun() ->
                               {ok, Plain} = ssl:close(C, {self(), 5000}),
                               ok = gen_tcp:send(Plain, <<"in the clear">>),
                               receive {Self, done} -> gen_tcp:close(Plain) end
                       end),
         timer:sleep(Wait),
         Got = case ssl:close(S, {self(), 5000}) of
                   {ok, Plain} -> {ok, D} = gen_tcp:recv(Plain, 12, 5000), D;
                   {ok, Plain, First} ->
                       case 12 - byte_size(First) of
                           0 -> First;
                           Missing -> {ok, Rest} = gen_tcp:recv(Plain, Missing, 5000), <<First/binary, Rest/binary>>
                       end
               end,
         ?assertEqual(<<"in the clear">>, Got),
         tls_pairs:pid(Client) ! {Self, done},
         ok = finished(Client)
     end || Wait <- [0, 0, 100, 100]],
    %% All in one piece: the end of TLS, and what follows.
    {S, C} = pair(Config),
    Plain = port_of(C),
    ok = inet:setopts(Plain, [{active, false}]),
    {ok, CloseNotify} = ssl_native_control(C),
    Server = call(fun() -> ssl:close(S, {self(), 5000}) end),
    timer:sleep(100),
    ok = gen_tcp:send(Plain, [CloseNotify, <<"in the clear">>]),
    ?assertMatch({ok, _, <<"in the clear">>}, finished(Server)),
    ok = ssl:close(C).

%% The bytes of a connection's close_notify, unsent.
ssl_native_control(Socket) ->
    Conn = case Socket of
               {sslsocket, _, _, _, _, _, Core, _} -> Core;
               {sslsocket, {_, _, _, Core}, _} -> Core
           end,
    Result = ssl_native:control(Conn, close_notify),
    _ = ssl_native:send_end(Conn),
    Result.

end_is_known_when_recv_says_so(Config) ->
    [begin
         {S, C} = pair(Config),
         ok = ssl:close(C),
         {error, closed} = ssl:recv(S, 0, 5000),
         {error, closed} = ssl:send(S, <<"x">>),
         {error, closed} = ssl:setopts(S, [{active, once}]),
         {error, einval} = ssl:peername(S),
         ok = ssl:close(S)
     end || _ <- lists:seq(1, 20)].

%% getstat counts what the transport counts: records, not data.
statistics_are_the_transports(Config) ->
    {S, C} = pair(Config),
    {ok, [{send_oct, Before}]} = ssl:getstat(C, [send_oct]),
    ok = ssl:send(C, binary:copy(<<"x">>, 100000)),
    {ok, _} = ssl:recv(S, 100000, 5000),
    {ok, [{send_oct, After}]} = ssl:getstat(C, [send_oct]),
    ?assertEqual({ok, [{send_oct, After}]}, inet:getstat(port_of(C), [send_oct])),
    Overhead = After - Before - 100000,
    ?assert(Overhead >= 7 * 21),
    ?assert(Overhead < 2000),
    {ok, All} = ssl:getstat(C),
    ?assertEqual(lists:sort(inet:stats()), lists:sort([N || {N, _} <- All])),
    closed(S, C).

%% Before the handshake, what needs one is refused and does not wait.
accepted_is_not_connected(Config) ->
    {ok, L} = ssl:listen(0, options(server(Config))),
    {ok, {_, Port}} = ssl:sockname(L),
    {ok, Plain} = gen_tcp:connect("localhost", Port, [{active, false}]),
    {ok, A} = ssl:transport_accept(L, 5000),
    Refused = {error, notsup_on_transport_accept_socket},
    [?assertEqual(Refused, Call(A))
     || Call <- [fun(S) -> ssl:recv(S, 0, 1000) end, fun(S) -> ssl:send(S, <<"x">>) end, fun ssl:peercert/1,
                 fun ssl:connection_information/1, fun ssl:negotiated_protocol/1, fun(S) -> ssl:shutdown(S, write) end,
                 fun(S) -> ssl:setopts(S, [{active, true}]) end, fun(S) -> ssl:getopts(S, [active]) end,
                 fun ssl:handshake_cancel/1, fun(S) -> ssl:handshake_continue(S, []) end]],
    {ok, _} = ssl:peername(A),
    ok = ssl:close(A),
    gen_tcp:close(Plain),
    ok = ssl:close(L).

%% The transport lives on until the peer has read all; nobody sees that.
closed_has_no_address(Config) ->
    {S, C} = pair(Config),
    ok = ssl:close(S),
    [{error, einval} = Call(S) || Call <- [fun ssl:peername/1, fun ssl:sockname/1, fun ssl:getstat/1]],
    ok = ssl:close(C).

%%--------------------------------------------------------------------------------------------------------------------
%% Processes
%%--------------------------------------------------------------------------------------------------------------------

process_options(Config) ->
    {S, C} = pair(Config, options([{receiver_spawn_opts, [{priority, high}, {fullsweep_after, 7}, link, monitor]},
                                   {sender_spawn_opts, [{priority, high}]}, {hibernate_after, 50}]),
                  options([{hibernate_after, 0}])),
    {priority, high} = process_info(endpoint(S), priority),
    {garbage_collection, Collection} = process_info(endpoint(S), garbage_collection),
    ?assertEqual(7, proplists:get_value(fullsweep_after, Collection)),
    ?assertNot(lists:member(endpoint(S), element(2, process_info(self(), links)))),
    Hibernates = fun(Socket) ->
                         eventually(fun() ->
                                            {current_function, {erlang, hibernate, 3}} =
                                                case process_info(endpoint(Socket), current_function) of
                                                    {current_function, {gen_statem, loop_hibernate, _}} ->
                                                        {current_function, {erlang, hibernate, 3}};
                                                    Other -> Other
                                                end
                                    end)
                 end,
    [Hibernates(X) || X <- [S, C]],
    %% It wakes and falls asleep again.
    ok = ssl:setopts(S, [{active, true}]),
    ok = ssl:send(C, <<"wake up">>),
    receive {ssl, S, <<"wake up">>} -> ok after 5000 -> ct:fail(nothing) end,
    [Hibernates(X) || X <- [S, C]],
    closed(S, C).

%% Who watches the process sees OTP's reasons.
exits_as_otp(Config) ->
    Watch = fun(Socket) -> erlang:monitor(process, endpoint(Socket)) end,
    Reason = fun(Ref) -> receive {'DOWN', Ref, _, _, R} -> R after 10000 -> ct:fail(alive) end end,
    {S1, C1} = pair(Config),
    Refs1 = [Watch(C1), Watch(S1)],
    ok = ssl:close(C1),
    {error, closed} = ssl:recv(S1, 0, 5000),
    ?assertEqual([{shutdown, normal}, {shutdown, peer_close}], [Reason(R) || R <- Refs1]),
    {S2, C2} = pair(Config),
    Refs2 = [Watch(C2), Watch(S2)],
    Other = call(fun() -> ssl:close(S2, {self(), 5000}) end),
    {ok, Plain} = ssl:close(C2, {self(), 5000}),
    {ok, _} = finished(Other),
    ?assertEqual([{shutdown, downgrade}, {shutdown, downgrade}], [Reason(R) || R <- Refs2]),
    gen_tcp:close(Plain).

%% While messages come, the owner changes again and again: each gets some, in order, and none is lost.
messages_follow_the_owner(Config) ->
    N = 2000,
    {S, C} = pair(Config, options([{packet, 4}]), options([{packet, 4}])),
    Self = self(),
    Owners = [spawn_link(fun() -> pass_on(Self) end) || _ <- [1, 2, 3]],
    ok = ssl:controlling_process(S, hd(Owners)),
    ok = ssl:setopts(S, [{active, true}]),
    Sender = call(fun() -> [ok = ssl:send(C, <<I:32>>) || I <- lists:seq(1, N)], sent end),
    Changer = spawn_link(fun() -> change(S, Owners) end),
    Got = [receive {Owner, {ssl, S, <<I:32>>}} -> {Owner, I} after 10000 -> ct:fail({missing, K}) end || K <- lists:seq(1, N)],
    unlink(Changer), exit(Changer, kill),
    sent = finished(Sender),
    ?assertEqual(lists:seq(1, N), lists:sort([I || {_, I} <- Got])),
    [begin
         Own = [I || {O, I} <- Got, O =:= Owner],
         ?assertEqual(lists:sort(Own), Own)
     end || Owner <- Owners],
    ok = ssl:close(S),
    ok = ssl:close(C),
    [begin unlink(O), exit(O, kill) end || O <- Owners].

pass_on(To) ->
    receive Message -> To ! {self(), Message} end,
    pass_on(To).

change(S, [Owner | Rest]) ->
    ok = ssl:controlling_process(S, Owner),
    change(S, Rest ++ [Owner]).

acceptors_of_a_closed_listener(Config) ->
    {ok, L} = ssl:listen(0, options(server(Config))),
    Waiting = [call(fun() -> ssl:transport_accept(L) end) || _ <- lists:seq(1, 5)],
    timer:sleep(100),
    ok = ssl:close(L),
    [{error, closed} = finished(W) || W <- Waiting],
    {error, closed} = ssl:transport_accept(L, 1000).

%% Readers, writers who are stuck, handshakes under way: the application stops all the same, soon.
stop_with_stuck_peers(Config) ->
    {S1, C1} = pair(Config),
    Stuck = call(fun() -> send_on(S1) end),
    Reader = call(fun() -> ssl:recv(C1, 1000000000) end),
    {S2, C2} = pair(Config),
    Waiting = call(fun() -> ssl:recv(S2, 1000000000) end),
    Stuck2 = call(fun() -> send_on(C2) end),
    {ok, Silent} = gen_tcp:listen(0, [{active, false}]),
    {ok, Port} = inet:port(Silent),
    Shaking = call(fun() -> ssl:connect("localhost", Port, options(client(Config))) end),
    {ok, L} = ssl:listen(0, options(server(Config))),
    Accepting = call(fun() -> ssl:transport_accept(L) end),
    timer:sleep(300),
    {Time, ok} = timer:tc(fun() -> ssl:stop() end),
    ?assert(Time < 8000000),
    [{error, _} = finished(P) || P <- [Stuck, Reader, Waiting, Stuck2, Shaking]],
    ok = ssl:start(),
    gen_tcp:close(Silent),
    _ = ssl:close(L),
    {error, _} = finished(Accepting).

%%--------------------------------------------------------------------------------------------------------------------
%% Flow
%%--------------------------------------------------------------------------------------------------------------------

%% More than any buffer takes, from both sides at once, and nobody reads until the other one has begun to.
both_send_before_they_read(Config) ->
    [begin
         {S, C} = pair(Config, options(Options), options(Options)),
         Data = binary:copy(<<"both ways ">>, 500000),
         Senders = [call(fun() -> ssl:send(X, Data) end) || X <- [S, C]],
         timer:sleep(200),
         Readers = [call(fun() -> take(X, byte_size(Data), []) end) || X <- [S, C]],
         [?assertEqual(erlang:md5(Data), erlang:md5(finished(R))) || R <- Readers],
         [ok = finished(X) || X <- Senders],
         closed(S, C)
     end || Options <- [[], [{inet_backend, socket}]]].

take(_, 0, Acc) -> lists:reverse(Acc);
take(Socket, Left, Acc) ->
    {ok, Data} = ssl:recv(Socket, 0, 20000),
    take(Socket, Left - byte_size(Data), [Data | Acc]).

%% One process sends, another one receives, on both sides, with answers to key updates in between.
sends_while_it_receives(Config) ->
    {S, C} = pair(Config, options([{packet, 4}]), options([{packet, 4}])),
    N = 500,
    Work = [call(fun() -> [ok = ssl:send(X, <<I:32, 0:(I * 80)>>) || I <- lists:seq(1, N)], ok end) || X <- [S, C]]
        ++ [call(fun() -> [{ok, <<I:32, _/binary>>} = ssl:recv(X, 0, 20000) || I <- lists:seq(1, N)], ok end) || X <- [S, C]]
        ++ [call(fun() -> [ok = ssl:update_keys(X, read_write) || _ <- lists:seq(1, 10)], ok end) || X <- [S, C]],
    [?assertEqual(ok, finished(W)) || W <- Work],
    closed(S, C).

%% Lengths around what one record, one read and one piece hold.
packets_of_every_size(Config) ->
    Sizes = [0, 1, 255, 16383, 16384, 16385, 65535, 65536, 262143, 262144, 262145, 1000000],
    {S, C} = pair(Config, options([{packet, 4}]), options([{packet, 4}])),
    Sender = call(fun() -> [ok = ssl:send(C, binary:copy(<<N>>, N)) || N <- Sizes], ok end),
    [{ok, _} = {ok, ?assertEqual({ok, binary:copy(<<N>>, N)}, ssl:recv(S, 0, 10000))} || N <- Sizes],
    ok = finished(Sender),
    ok = ssl:setopts(S, [{active, 3}]),
    Again = call(fun() -> [ok = ssl:send(C, binary:copy(<<N>>, N)) || N <- [1000000, 0, 70000]], ok end),
    [receive {ssl, S, Data} -> ?assertEqual(binary:copy(<<N>>, N), Data) after 10000 -> ct:fail({missing, N}) end
     || N <- [1000000, 0, 70000]],
    receive {ssl_passive, S} -> ok after 5000 -> ct:fail(no_passive) end,
    ok = finished(Again),
    closed(S, C).

%% A node with one scheduler, and hundreds of connections that all send and receive.
many_on_one_scheduler(Config) ->
    {ok, Peer, Node} = peer:start_link(#{name => peer:random_name(), args => ["+S", "1:1", "-pa" | code:get_path()]}),
    ?assertEqual(1, erpc:call(Node, erlang, system_info, [schedulers])),
    ok = erpc:call(Node, fun() -> on_one(Config, 300) end, 80000),
    ok = peer:stop(Peer).

on_one(Config, N) ->
    {ok, _} = application:ensure_all_started(ssl),
    {ok, L} = ssl:listen(0, options([{backlog, 400} | server(Config)])),
    {ok, {_, Port}} = ssl:sockname(L),
    Self = self(),
    Servers = [spawn_monitor(fun() ->
                                     {ok, A} = ssl:transport_accept(L),
                                     {ok, S} = ssl:handshake(A),
                                     echo(S)
                             end) || _ <- lists:seq(1, N)],
    Clients = [spawn_monitor(fun() ->
                                     {ok, C} = ssl:connect("localhost", Port, options(client(Config)), 60000),
                                     Self ! {self(), ready},
                                     receive go -> ok end,
                                     Data = binary:copy(<<I:32>>, 5000),
                                     [begin ok = ssl:send(C, Data), {ok, Data} = ssl:recv(C, 20000, 60000) end || _ <- [1, 2, 3]],
                                     ok = ssl:close(C)
                             end) || I <- lists:seq(1, N)],
    [receive {Pid, ready} -> ok; {'DOWN', Ref, _, _, Why} -> exit(Why) end || {Pid, Ref} <- Clients],
    [Pid ! go || {Pid, _} <- Clients],
    [receive {'DOWN', Ref, _, _, Why} -> normal = Why end || {_, Ref} <- Clients ++ Servers],
    ssl:close(L).

echo(S) ->
    case ssl:recv(S, 0) of
        {ok, Data} -> ok = ssl:send(S, Data), echo(S);
        {error, closed} -> ssl:close(S)
    end.
