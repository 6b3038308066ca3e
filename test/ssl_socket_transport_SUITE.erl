%% The transport over `socket` (tls_socket_tcp): by itself, as gen_tcp would do it, and under TLS.
-module(ssl_socket_transport_SUITE).
-include_lib("common_test/include/ct.hrl").
-export([all/0, suite/0, init_per_testcase/2, end_per_testcase/2]).
-export([sends_and_receives/1, active_once_delivers_once/1, deactivating_loses_nothing/1, closing_is_told_once/1,
         reset_is_closed/1, reader_ends_with_its_owner/1, options_are_translated/1, statistics/1, local_sockets/1,
         refused_and_timed_out/1, tls_over_it/1, upgrade_of_sockets/1]).

suite() -> [{timetrap, {seconds, 30}}].

all() ->
    [sends_and_receives, active_once_delivers_once, deactivating_loses_nothing, closing_is_told_once, reset_is_closed,
     reader_ends_with_its_owner, options_are_translated, statistics, local_sockets, refused_and_timed_out, tls_over_it,
     upgrade_of_sockets].

%% Every case counts the processes that run the module, before and after.
init_per_testcase(_, Config) -> [{readers, readers()} | Config].

end_per_testcase(_, Config) ->
    Before = ?config(readers, Config),
    eventually(fun() -> readers() -- Before =:= [] end).

readers() ->
    [P || P <- processes(), {current_function, {tls_socket_tcp, _, _}} <- [process_info(P, current_function)]].

sends_and_receives(_) ->
    {C, S} = pair([]),
    ok = tls_socket_tcp:send(C, [<<"he">>, "llo"]),
    {ok, <<"hello">>} = tls_socket_tcp:recv(S, 5),
    {error, timeout} = tls_socket_tcp:recv(S, 0, 10),
    Big = crypto:strong_rand_bytes(3000000),
    spawn_link(fun() -> ok = tls_socket_tcp:send(S, Big) end),
    {ok, Big} = tls_socket_tcp:recv(C, byte_size(Big), 10000),
    ok = tls_socket_tcp:shutdown(C, write),
    {error, closed} = tls_socket_tcp:recv(S, 0),
    ok = tls_socket_tcp:send(S, <<"still">>),
    {ok, <<"still">>} = tls_socket_tcp:recv(C, 0),
    close([C, S]).

active_once_delivers_once(_) ->
    {C, S} = pair([]),
    ok = tls_socket_tcp:setopts(S, [{active, once}]),
    ok = tls_socket_tcp:setopts(S, [{mode, binary}, {packet, 0}]),
    ok = tls_socket_tcp:send(C, <<"one">>),
    <<"one">> = message(S),
    ok = tls_socket_tcp:send(C, <<"two">>),
    nothing = message(S, 100),
    ok = tls_socket_tcp:setopts(S, [{active, once}]),
    <<"two">> = message(S),
    [begin
         ok = tls_socket_tcp:setopts(S, [{active, once}]),
         ok = tls_socket_tcp:send(C, <<N:32>>),
         <<N:32>> = message(S)
     end || N <- lists:seq(1, 300)],
    {error, einval} = tls_socket_tcp:setopts(S, [{active, 5}]),
    close([C, S]).

%% At any moment: what was read is a message, what was not is read by the next recv.
deactivating_loses_nothing(_) ->
    {C, S} = pair([]),
    Sender = spawn_link(fun() -> [ok = tls_socket_tcp:send(C, <<N:32>>) || N <- lists:seq(1, 3000)], receive stop -> ok end end),
    All = collect(S, <<>>, 3000 * 4),
    All = << <<N:32>> || N <- lists:seq(1, 3000) >>,
    Sender ! stop,
    close([C, S]).

collect(_, Acc, Size) when byte_size(Acc) =:= Size -> Acc;
collect(S, Acc0, Size) ->
    ok = tls_socket_tcp:setopts(S, [{active, once}]),
    rand:uniform(2) =:= 1 andalso erlang:yield(),
    ok = tls_socket_tcp:setopts(S, [{active, false}]),
    Acc = case message(S, 0) of
              nothing -> Acc0;
              Data -> <<Acc0/binary, Data/binary>>
          end,
    case tls_socket_tcp:recv(S, 0, 1) of
        {ok, More} -> collect(S, <<Acc/binary, More/binary>>, Size);
        {error, timeout} -> collect(S, Acc, Size)
    end.

closing_is_told_once(_) ->
    {C, S} = pair([]),
    ok = tls_socket_tcp:setopts(S, [{active, once}]),
    ok = tls_socket_tcp:close(C),
    closed = message(S),
    nothing = message(S, 50),
    {error, closed} = tls_socket_tcp:recv(S, 0),
    ok = tls_socket_tcp:setopts(S, [{active, once}]),
    closed = message(S),
    close([S]).

reset_is_closed(_) ->
    {C, S} = pair([]),
    ok = tls_socket_tcp:setopts(C, [{linger, {true, 0}}]),
    ok = tls_socket_tcp:setopts(S, [{active, once}]),
    ok = tls_socket_tcp:close(C),
    closed = message(S),
    {error, closed} = tls_socket_tcp:send(S, <<"x">>),
    close([S]).

reader_ends_with_its_owner(_) ->
    {C, S} = pair([]),
    {Owner, Ref} = spawn_monitor(fun() -> ok = tls_socket_tcp:setopts(S, [{active, once}]), receive stop -> ok end end),
    timer:sleep(50),
    Owner ! stop,
    receive {'DOWN', Ref, _, _, normal} -> ok end,
    ok = tls_socket_tcp:send(C, <<"for the next one">>),
    {ok, <<"for the next one">>} = tls_socket_tcp:recv(S, 0),
    close([C, S]).

options_are_translated(_) ->
    {C, S} = pair([{nodelay, true}, {keepalive, true}, {sndbuf, 20000}, {linger, {true, 3}}]),
    {ok, [{nodelay, true}, {keepalive, true}, {linger, {true, 3}}]} = tls_socket_tcp:getopts(C, [nodelay, keepalive, linger]),
    {ok, []} = tls_socket_tcp:getopts(C, [mode, active]),
    {error, {not_supported, foo}} = tls_socket_tcp:getopts(C, [foo]),
    {ok, [{buffer, 65536}]} = tls_socket_tcp:getopts(S, [buffer]),
    ok = tls_socket_tcp:setopts(C, [{nodelay, false}, {buffer, 1000}]),
    {ok, [{nodelay, false}, {buffer, 1000}]} = tls_socket_tcp:getopts(C, [nodelay, buffer]),
    {ok, {{127, 0, 0, 1}, Port}} = tls_socket_tcp:sockname(C),
    {ok, {{127, 0, 0, 1}, Port}} = tls_socket_tcp:peername(S),
    {ok, Port} = tls_socket_tcp:port(C),
    close([C, S]).

statistics(_) ->
    {C, S} = pair([]),
    ok = tls_socket_tcp:send(C, <<"12345">>),
    {ok, _} = tls_socket_tcp:recv(S, 5),
    {ok, [{send_oct, 5}, {send_cnt, 1}, {send_avg, 5}]} = tls_socket_tcp:getstat(C, [send_oct, send_cnt, send_avg]),
    {ok, [{recv_oct, 5}]} = tls_socket_tcp:getstat(S, [recv_oct, foo]),
    close([C, S]).

local_sockets(_) ->
    %% A path of at most 107 bytes.
    Path = list_to_binary(filename:join("/tmp", "ssl_transport_" ++ os:getpid())),
    _ = file:delete(Path),
    {ok, L} = tls_socket_tcp:listen(0, [{ifaddr, {local, Path}}]),
    {ok, C} = tls_socket_tcp:connect({local, Path}, 0, [], 5000),
    {ok, S} = tls_socket_tcp:accept(L, 5000),
    ok = tls_socket_tcp:send(C, <<"local">>),
    {ok, <<"local">>} = tls_socket_tcp:recv(S, 0),
    {ok, {local, Path}} = tls_socket_tcp:sockname(S),
    close([C, S, L]),
    file:delete(Path).

refused_and_timed_out(_) ->
    {ok, L} = tls_socket_tcp:listen(0, [{ip, {127, 0, 0, 1}}]),
    {ok, Port} = tls_socket_tcp:port(L),
    {error, timeout} = tls_socket_tcp:accept(L, 10),
    ok = tls_socket_tcp:close(L),
    {error, econnrefused} = tls_socket_tcp:connect("localhost", Port, [], 5000),
    {error, nxdomain} = tls_socket_tcp:connect("no.such.host.invalid", Port, [], 5000),
    {error, _} = tls_socket_tcp:listen(0, [{ip, {192, 0, 2, 1}}]),
    ok.

%%--------------------------------------------------------------------------------------------------------------
%% Under TLS
%%--------------------------------------------------------------------------------------------------------------

tls_over_it(_) ->
    {ok, _} = application:ensure_all_started(ssl),
    Info = {cb_info, tls_socket_tcp:cb_info()},
    {ok, L} = ssl:listen(0, [Info, {active, false}, binary | server_options()]),
    {ok, {_, Port}} = ssl:sockname(L),
    Client = spawn_connected(fun() -> ssl:connect("localhost", Port, [Info, {active, true}, binary | client_options()]) end),
    {ok, A} = ssl:transport_accept(L, 5000),
    {ok, S} = ssl:handshake(A, 5000),
    both_ways(S, Client),
    %% a listener has no peer: the same terms as with OTP 29
    {error, epipe} = ssl:send(L, <<"data">>),
    {error, enotconn} = ssl:recv(L, 0),
    ok = ssl:close(L).

%% Sockets of `socket` that are connected already, without cb_info.
upgrade_of_sockets(_) ->
    {ok, _} = application:ensure_all_started(ssl),
    {ok, L} = tls_socket_tcp:listen(0, [{ip, {127, 0, 0, 1}}]),
    {ok, Port} = tls_socket_tcp:port(L),
    Client = spawn_connected(
               fun() ->
                       {ok, Plain} = tls_socket_tcp:connect("localhost", Port, [], 5000),
                       ssl:connect(Plain, [{active, true}, binary | client_options()], 5000)
               end),
    {ok, Plain} = socket:accept(L),
    {ok, S} = ssl:handshake(Plain, [{active, false}, binary | server_options()], 5000),
    both_ways(S, Client),
    ok = tls_socket_tcp:close(L).

spawn_connected(Connect) ->
    Parent = self(),
    spawn_link(fun() ->
                       {ok, C} = Connect(),
                       Parent ! {self(), connected},
                       echo(C)
               end).

echo(C) ->
    receive
        {ssl, C, Data} -> ok = ssl:send(C, Data), echo(C);
        {ssl_closed, C} -> ok
    end.

both_ways(S, Client) ->
    receive {Client, connected} -> ok end,
    Ref = erlang:monitor(process, Client),
    [begin
         Data = crypto:strong_rand_bytes(Size),
         ok = ssl:send(S, Data),
         {ok, Data} = ssl:recv(S, Size, 5000)
     end || Size <- [1, 100, 16384, 100000]],
    ok = ssl:close(S),
    receive {'DOWN', Ref, process, Client, normal} -> ok end.

server_options() ->
    Part = [{digest, sha256}, {key, {namedCurve, secp256r1}}],
    Chain = #{root => Part, intermediates => [], peer => Part},
    #{server_config := Server} = public_key:pkix_test_data(#{server_chain => Chain, client_chain => Chain}),
    maps:to_list(maps:with([cert, key], maps:from_list(Server))).

client_options() -> [{verify, verify_none}].

%%--------------------------------------------------------------------------------------------------------------

pair(Options) ->
    {ok, L} = tls_socket_tcp:listen(0, [{ip, {127, 0, 0, 1}}, {reuseaddr, true}]),
    {ok, Port} = tls_socket_tcp:port(L),
    {ok, C} = tls_socket_tcp:connect({127, 0, 0, 1}, Port, Options, 5000),
    {ok, S} = tls_socket_tcp:accept(L, 5000),
    ok = tls_socket_tcp:close(L),
    {C, S}.

close(Sockets) ->
    [ok = tls_socket_tcp:close(S) || S <- Sockets],
    ok.

message(S) -> message(S, 5000).

message(S, Time) ->
    receive
        {'$socket', S, Data} when is_binary(Data) -> Data;
        {'$socket_closed', S} -> closed;
        {'$socket', S, select, _} -> ok = tls_socket_tcp:setopts(S, [{active, once}]), message(S, Time);
        {'$socket', S, Reason} -> {error, Reason}
    after Time -> nothing
    end.

eventually(Fun) -> eventually(Fun, 200).
eventually(Fun, N) ->
    case Fun() of
        true -> ok;
        false when N > 0 -> timer:sleep(10), eventually(Fun, N - 1)
    end.
