%% What suites of connections share: credentials, pairs of connections, processes with results, and counting what is left.
-module(tls_pairs).

-include_lib("stdlib/include/assert.hrl").

-export([credentials/0, server/1, client/1, pair/1, pair/3, dial/3, client_hello/1]).
-export([call/1, result/1, finished/1, pid/1, endpoint/1, port_of/1, closed/2, read_to_end/1]).
-export([endpoints/0, left_nothing/0, eventually/1, eventually/2]).

%% Options of a server and a client that trust each other, for a suite's Config. The server is "localhost".
credentials() ->
    Key = {key, {namedCurve, secp256r1}},
    Sha = {digest, sha256},
    Chain = #{root => [Sha, Key], intermediates => [[Sha, Key]], peer => [Sha, Key]},
    San = {'Extension', {2, 5, 29, 17}, false, [{dNSName, "localhost"}]},
    #{server_config := Server, client_config := Client} =
        public_key:pkix_test_data(#{server_chain => Chain#{peer => [Sha, Key, {extensions, [San]}]}, client_chain => Chain}),
    [{server, [{versions, ['tlsv1.3']} | Server]}, {client, [{versions, ['tlsv1.3']}, {verify, verify_peer} | Client]}].

%% From a suite's Config.
server(Config) -> proplists:get_value(server, Config).
client(Config) -> proplists:get_value(client, Config).

pair(Config) ->
    pair(Config, [binary, {active, false}], [binary, {active, false}]).

%% A server and a client, both owned by the caller.
pair(Config, ServerOptions, ClientOptions) ->
    {ok, L} = ssl:listen(0, ServerOptions ++ server(Config)),
    Client = dial(L, Config, ClientOptions),
    {ok, A} = ssl:transport_accept(L, 5000),
    {ok, S} = ssl:handshake(A, 5000),
    C = result(Client),
    ok = ssl:close(L),
    {S, C}.

%% Connects in a process, and gives the socket to the caller.
dial(L, Config, Options) ->
    {ok, {_, Port}} = ssl:sockname(L),
    Self = self(),
    Given = lists:append([client(Config), Options]),
    Backend = [O || {inet_backend, _} = O <- Options],
    Ordered = Backend ++ [O || O <- Given, not lists:member(O, Backend)],
    call(fun() ->
                 case ssl:connect("localhost", Port, Ordered, 10000) of
                     {ok, C} ->
                         case ssl:controlling_process(C, Self) of
                             ok -> C;
                             {error, closed} -> C
                         end;
                     Error -> Error
                 end
         end).

%% The first flight of a client.
client_hello(Config) ->
    {ok, L} = gen_tcp:listen(0, [{active, false}, binary]),
    {ok, Port} = inet:port(L),
    Client = call(fun() -> ssl:connect("localhost", Port, client(Config), 500) end),
    {ok, Plain} = gen_tcp:accept(L, 5000),
    {ok, <<22, _, _, Length:16>> = Header} = gen_tcp:recv(Plain, 5, 5000),
    {ok, Body} = gen_tcp:recv(Plain, Length, 5000),
    {error, timeout} = result(Client),
    gen_tcp:close(Plain),
    <<Header/binary, Body/binary>>.

%% Runs Fun in a process of its own, which lives on (it may own sockets) until the test case ends, or finished/1.
call(Fun) ->
    Self = self(),
    Ref = make_ref(),
    Pid = spawn_link(fun() ->
                             Self ! {Ref, Fun()},
                             Monitor = erlang:monitor(process, Self),
                             receive
                                 {'DOWN', Monitor, process, _, _} -> ok;
                                 {Ref, done} -> ok
                             end
                     end),
    {pid, Pid, Ref}.

result({pid, Pid, Ref}) ->
    receive {Ref, Result} -> Result
    after 40000 -> ct:fail({no_result, process_info(Pid, [current_stacktrace, messages])})
    end.

%% The same, and the process goes.
finished({pid, Pid, Ref} = Called) ->
    Result = result(Called),
    Pid ! {Ref, done},
    Result.

pid({pid, Pid, _}) -> Pid.

%% The connection process.
endpoint(Socket) ->
    case Socket of
        {sslsocket, _, Pid, _, _, _, _, _} -> Pid;
        {sslsocket, _, [Pid | _]} -> Pid
    end.

%% The transport.
port_of(Socket) ->
    case Socket of
        {sslsocket, Port, _, _, _, _, _, _} -> Port;
        {sslsocket, {_, Port, _, _}, _} -> Port
    end.

closed(S, C) ->
    ok = ssl:close(C),
    ok = ssl:close(S).

read_to_end(Plain) ->
    case gen_tcp:recv(Plain, 0, 5000) of
        {ok, _} -> read_to_end(Plain);
        {error, closed} -> ok
    end.

%% All connection processes of the node.
endpoints() ->
    [P || P <- processes(), {dictionary, D} <- [process_info(P, dictionary)],
          lists:keyfind('$initial_call', 1, D) =:= {'$initial_call', {ssl_endpoint, init, 1}}].

%% No connection process lives on.
left_nothing() ->
    eventually(fun() -> ?assertEqual([], endpoints()) end).

%% Fun, until it does not fail; some seconds are enough even on a busy machine.
eventually(Fun) -> eventually(Fun, 140).

eventually(Fun, 0) -> Fun();
eventually(Fun, N) ->
    try Fun() of
        Result -> Result
    catch
        error:_ -> timer:sleep(50), eventually(Fun, N - 1)
    end.
