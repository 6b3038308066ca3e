%% Nothing is left behind: whoever is killed - a connection's owner, its process, its peer - and wherever the connection is at
%% that moment. Processes, ports, ETS entries, atoms and native objects are counted before and after.
%%
%% A point is a fun that brings a connection somewhere and says who may be killed there. Each is tried with every victim, from
%% the client's and the server's side; all run at once, some hundreds of connections together.
-module(ssl_leak_SUITE).
-include_lib("common_test/include/ct.hrl").
-include_lib("stdlib/include/assert.hrl").

-import(tls_pairs, [server/1, client/1, call/1, finished/1, endpoint/1, port_of/1, left_nothing/0, eventually/1, eventually/2]).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1, init_per_testcase/2, end_per_testcase/2]).
-export([killed_in_connect/1, killed_in_accept/1, killed_in_handshake/1, killed_while_paused/1, killed_idle/1, killed_active/1,
         killed_reading/1, killed_writing/1, killed_waiting_for_locks/1, killed_closing/1, failed_handshakes/1, ordinary_life/1,
         many_in_every_way/1, listeners_and_options/1, killed_acceptor_leaves_the_listener/1, idle_connection_is_small/1]).

-define(TIMES, 4).

suite() -> [{timetrap, {seconds, 90}}].

%% Memory is measured before others move it.
all() ->
    [idle_connection_is_small, killed_in_connect, killed_in_accept, killed_in_handshake, killed_while_paused, killed_idle, killed_active, killed_reading,
     killed_writing, killed_waiting_for_locks, killed_closing, failed_handshakes, ordinary_life, many_in_every_way, listeners_and_options,
     killed_acceptor_leaves_the_listener].

init_per_suite(Config) ->
    {ok, _} = application:ensure_all_started(ssl),
    tls_pairs:credentials() ++ Config.

end_per_suite(_) -> ok.

init_per_testcase(_, Config) ->
    left_nothing(),
    Config.

end_per_testcase(_, _) ->
    left_nothing().

%%--------------------------------------------------------------------------------------------------------------------
%% Points
%%--------------------------------------------------------------------------------------------------------------------

%% The peer has accepted on TCP and says nothing.
killed_in_connect(Config) ->
    nothing_left(
                 fun(_) ->
                         {ok, L} = gen_tcp:listen(0, [binary, {active, false}]),
                         {ok, Port} = inet:port(L),
                         Owner = worker(fun() -> {error, _} = ssl:connect("localhost", Port, options(client(Config)), 20000) end),
                         {ok, Raw} = gen_tcp:accept(L, 5000),
                         ok = gen_tcp:close(L),
                         {ok, _} = gen_tcp:recv(Raw, 0, 5000),
                         #{owner => Owner, endpoint => linked(Owner), peer => Raw}
                 end, [owner, endpoint, peer]).

%% Waiting for a client; the listener's owner, too.
killed_in_accept(Config) ->
    nothing_left(
                 fun(_) ->
                         Self = self(),
                         Listener = worker(fun() ->
                                                   {ok, L} = ssl:listen(0, options(server(Config))),
                                                   Self ! {self(), L},
                                                   hold()
                                           end),
                         L = receive {Listener, Listening} -> Listening after 5000 -> error(no_listener) end,
                         Owner = worker(fun() -> {error, _} = ssl:transport_accept(L, 20000) end),
                         eventually(fun() -> {current_function, {prim_inet, _, _}} = process_info(Owner, current_function) end),
                         #{owner => Owner, listener => Listener}
                 end, [owner, listener]).

%% The server has accepted, and maybe got a part of a ClientHello.
killed_in_handshake(Config) ->
    Hello = tls_pairs:client_hello(Config),
    nothing_left(
                 fun(N) ->
                         Self = self(),
                         {ok, L} = ssl:listen(0, options(server(Config))),
                         {ok, {_, Port}} = ssl:sockname(L),
                         Owner = worker(fun() ->
                                                {ok, A} = ssl:transport_accept(L, 5000),
                                                Self ! {self(), A},
                                                N rem 4 =:= 0 andalso hold(),
                                                {error, _} = ssl:handshake(A, 20000)
                                        end),
                         {ok, Raw} = gen_tcp:connect("localhost", Port, [binary, {active, false}]),
                         A = receive {Owner, Accepted} -> Accepted after 5000 -> error(not_accepted) end,
                         ok = ssl:close(L),
                         case N rem 4 of
                             1 -> ok = gen_tcp:send(Raw, binary:part(Hello, 0, 100));
                             2 -> ok = gen_tcp:send(Raw, Hello), {ok, _} = gen_tcp:recv(Raw, 0, 5000);
                             _ -> ok
                         end,
                         #{owner => Owner, endpoint => endpoint(A), peer => Raw}
                 end, [owner, endpoint, peer]).

%% {handshake, hello}: between the hello and handshake_continue.
killed_while_paused(Config) ->
    nothing_left(
                 fun(_) ->
                         Self = self(),
                         {ok, L} = ssl:listen(0, [{handshake, hello} | options(server(Config))]),
                         {ok, {_, Port}} = ssl:sockname(L),
                         Owner = worker(fun() ->
                                                {ok, A} = ssl:transport_accept(L, 5000),
                                                {ok, S, _} = ssl:handshake(A, 5000),
                                                Self ! {self(), S},
                                                hold()
                                        end),
                         Peer = worker(fun() -> {error, _} = ssl:connect("localhost", Port, options(client(Config)), 20000) end),
                         S = receive {Owner, Paused} -> Paused after 5000 -> error(not_paused) end,
                         ok = ssl:close(L),
                         #{owner => Owner, endpoint => endpoint(S), peer => Peer, peer_endpoint => linked(Peer)}
                 end, [owner, endpoint, peer, peer_endpoint]).

killed_idle(Config) ->
    connected(Config, [], fun(_, _, _) -> [] end).

killed_active(Config) ->
    Modes = [once, true, 5],
    [connected(Config, [{active, Active}],
               fun(_, Peer, N) ->
                       %% In silence, or while much comes.
                       case N rem 2 of
                           0 -> [];
                           1 -> [worker(fun() ->
                                                _ = [ssl:send(Peer, binary:copy(<<0>>, 100000)) || _ <- lists:seq(1, 30)],
                                                {error, _} = ssl:recv(Peer, 0, 20000)
                                        end)]
                       end
               end) || Active <- Modes],
    ok.

killed_reading(Config) ->
    connected(Config, [],
              fun(Socket, _, N) ->
                      [worker(fun() -> {error, _} = ssl:recv(Socket, N rem 2, 20000) end)]
              end).

%% Nobody reads at the other end.
killed_writing(Config) ->
    connected(Config, [],
              fun(Socket, _, _) ->
                      [worker(fun() -> {error, _} = send_on(Socket, binary:copy(<<0>>, 1000000)) end)]
              end).

%% A reader reads, two wait for it; a writer is stuck, two wait for it.
killed_waiting_for_locks(Config) ->
    connected(Config, [],
              fun(Socket, _, N) ->
                      case N rem 2 of
                          0 -> [worker(fun() -> {error, _} = ssl:recv(Socket, 0, 20000) end) || _ <- [1, 2, 3]];
                          1 -> [worker(fun() -> {error, _} = send_on(Socket, binary:copy(<<0>>, 1000000)) end) || _ <- [1, 2, 3]]
                      end
              end).

%% close waits for a writer who is stuck.
killed_closing(Config) ->
    connected(Config, [],
              fun(Socket, _, _) ->
                      Writer = worker(fun() -> {error, _} = send_on(Socket, binary:copy(<<0>>, 1000000)) end),
                      timer:sleep(50),
                      [Writer, worker(fun() -> ssl:close(Socket, 3000) end)]
              end).

send_on(Socket, Data) ->
    case ssl:send(Socket, Data) of
        ok -> send_on(Socket, Data);
        Error -> Error
    end.

%% A point of a connection that both ends have: Then starts processes that use Socket. Tried with the client as Socket's side and
%% with the server; killed are its owner, its process, one of those that use it, and both of its peer.
connected(Config, Options, Then) ->
    nothing_left(
                 fun(N) ->
                         {{S, ServerOwner}, {C, ClientOwner}} = owned_pair(Config, N rem 2, Options),
                         {{Socket, Owner}, {Peer, PeerOwner}} = case N rem 2 of
                                                                    0 -> {{S, ServerOwner}, {C, ClientOwner}};
                                                                    1 -> {{C, ClientOwner}, {S, ServerOwner}}
                                                                end,
                         Users = Then(Socket, Peer, N div 2),
                         Users =:= [] orelse timer:sleep(50),
                         #{owner => Owner, endpoint => endpoint(Socket), peer => PeerOwner, peer_endpoint => endpoint(Peer),
                           user => case Users of [] -> Owner; [User | _] -> User end, users => Users}
                 end, [owner, endpoint, user, peer, peer_endpoint]).

%% Server and client with an owner each; side 0 is the server's, with these options.
owned_pair(Config, Side, Options) ->
    [ServerOptions, ClientOptions] = case Side of 0 -> [Options, []]; 1 -> [[], Options] end,
    Self = self(),
    {ok, L} = ssl:listen(0, options(ServerOptions ++ server(Config))),
    {ok, {_, Port}} = ssl:sockname(L),
    Server = worker(fun() ->
                            {ok, A} = ssl:transport_accept(L, 10000),
                            {ok, S} = ssl:handshake(A, 10000),
                            Self ! {self(), S},
                            hold()
                    end),
    Client = worker(fun() ->
                            {ok, C} = ssl:connect("localhost", Port, options(ClientOptions ++ client(Config)), 10000),
                            Self ! {self(), C},
                            hold()
                    end),
    [S, C] = [receive {Owner, Socket} -> Socket after 15000 -> error(no_connection) end || Owner <- [Server, Client]],
    ok = ssl:close(L),
    {{S, Server}, {C, Client}}.

%%--------------------------------------------------------------------------------------------------------------------
%% What is counted
%%--------------------------------------------------------------------------------------------------------------------

%% Brings connections to a point, kills a victim of each, and waits until everything is as it was. The processes that used a
%% connection must find its end themselves; only then those are told to go that hold it or its peer.
nothing_left(Point, Victims) ->
    Run = fun(Times) ->
                  Scenes = [call(fun() -> scene(Point, Victim, N) end) || Victim <- Victims, N <- lists:seq(0, Times - 1)],
                  [?assertEqual(ok, finished(Scene)) || Scene <- Scenes]
          end,
    same_counts(fun() -> Run(1) end, fun() -> Run(?TIMES) end).

scene(Point, Victim, N) ->
    #{} = Scene = Point(N),
    kill(maps:get(Victim, Scene)),
    Users = maps:get(users, Scene, []),
    %% One of several may have been waiting only: the others rightly go on.
    Victim =:= user andalso length(Users) > 1 andalso kill(maps:get(owner, Scene)),
    %% A writer whose peer does not read is let wait for as long as an alert may take, once or twice.
    eventually(fun() -> ?assertEqual([], [{U, process_info(U, current_stacktrace)} || U <- Users, is_process_alive(U)]) end, 300),
    [kill(X) || {Key, X} <- maps:to_list(Scene), Key =:= owner orelse Key =:= peer orelse Key =:= listener],
    Endpoints = [E || {Key, E} <- maps:to_list(Scene), Key =:= endpoint orelse Key =:= peer_endpoint],
    eventually(fun() -> ?assertEqual([], [E || E <- Endpoints, is_process_alive(E)]) end),
    ok.

kill(Pid) when is_pid(Pid) -> exit(Pid, kill);
kill(Port) when is_port(Port) -> gen_tcp:close(Port).

%% Fun, after a first run that loads and allocates what stays.
same_counts(Warm, Fun) ->
    Warm(),
    left_nothing(),
    settled(),
    Before = counts(),
    Fun(),
    left_nothing(),
    eventually(fun() -> settled(), ?assertEqual(Before, counts()) end).

%% References of dead terms are gone.
settled() ->
    [erlang:garbage_collect(P) || P <- processes(), P =/= self()],
    erlang:garbage_collect().

counts() ->
    #{processes => length(processes()), ports => length(erlang:ports()), atoms => erlang:system_info(atom_count),
      ets => lists:sort([{T, ets:info(T, size)} || T <- ets:all(), is_ours(ets:info(T, owner))]),
      monitored => [length(element(2, process_info(P, monitored_by))) || P <- services()],
      native => ssl_native:counters()}.

%% ETS tables of the application.
is_ours(Owner) -> lists:member(Owner, services()).

services() ->
    Sup = whereis(ssl_runtime_sup),
    [Sup | [Pid || {_, Pid, _, _} <- supervisor:which_children(Sup), is_pid(Pid)]].

%% A process that a test case's end also ends.
worker(Fun) ->
    Parent = self(),
    spawn(fun() ->
                  _ = erlang:monitor(process, Parent),
                  Fun()
          end).

hold() ->
    receive {'DOWN', _, process, _, _} -> ok end.

%% The connection process that a process waits for.
linked(Owner) ->
    eventually(fun() ->
                       {monitors, [{process, Endpoint} | _]} =
                           {monitors, [M || {process, P} = M <- element(2, process_info(Owner, monitors)),
                                            lists:member(P, tls_pairs:endpoints())]},
                       Endpoint
               end).

options(Own) ->
    [binary, {log_level, none} | case lists:keymember(active, 1, Own) of true -> []; false -> [{active, false}] end] ++ Own.

%%--------------------------------------------------------------------------------------------------------------------
%% Without violence
%%--------------------------------------------------------------------------------------------------------------------

%% Handshakes that end in an alert of either side, or never go on.
failed_handshakes(Config) ->
    Run = fun(Times) ->
                  {ok, L} = ssl:listen(0, options(server(Config))),
                  {ok, {_, Port}} = ssl:sockname(L),
                  Own = options(client(Config)),
                  Other = [{cacerts, []} | lists:keydelete(cacerts, 1, Own)],
                  [begin
                       Server = call(fun() -> {ok, A} = ssl:transport_accept(L, 5000), ssl:handshake(A, 5000) end),
                       case N rem 3 of
                           0 -> {error, {tls_alert, {unknown_ca, _}}} = ssl:connect("localhost", Port, Other, 5000);
                           1 -> {error, {tls_alert, {_, _}}} =
                                    ssl:connect("localhost", Port, [{server_name_indication, "other.example"} | Own], 5000);
                           2 -> {ok, Raw} = gen_tcp:connect("localhost", Port, []),
                                ok = gen_tcp:send(Raw, "GET / HTTP/1.0\r\n\r\n"),
                                gen_tcp:close(Raw)
                       end,
                       {error, _} = finished(Server)
                   end || N <- lists:seq(1, Times)],
                  ok = ssl:close(L)
          end,
    same_counts(fun() -> Run(6) end, fun() -> Run(60) end).

%% Data, key updates, close from both sides.
ordinary_life(Config) ->
    Run = fun(Times) ->
                  {ok, L} = ssl:listen(0, options(server(Config))),
                  {ok, {_, Port}} = ssl:sockname(L),
                  [begin
                       Server = call(fun() ->
                                             {ok, A} = ssl:transport_accept(L, 5000),
                                             {ok, S} = ssl:handshake(A, 5000),
                                             {ok, Data} = ssl:recv(S, 100000, 5000),
                                             ok = ssl:update_keys(S, read_write),
                                             ok = ssl:send(S, Data),
                                             {error, closed} = ssl:recv(S, 0, 5000),
                                             ssl:close(S)
                                     end),
                       {ok, C} = ssl:connect("localhost", Port, options(client(Config)), 5000),
                       ok = ssl:send(C, binary:copy(<<N>>, 100000)),
                       {ok, _} = ssl:recv(C, 100000, 5000),
                       ok = ssl:close(C),
                       ok = finished(Server)
                   end || N <- lists:seq(1, Times)],
                  ok = ssl:close(L)
          end,
    same_counts(fun() -> Run(3) end, fun() -> Run(60) end).

%% Some thousand connections, opened, used, and dropped in every way (environment variable LEAK_CONNECTIONS: how many).
many_in_every_way(Config) ->
    Count = case os:getenv("LEAK_CONNECTIONS") of
                false -> 1000;
                Text -> list_to_integer(Text)
            end,
    ct:timetrap({minutes, 5 + Count div 500}),
    Ways = [close, peer_closes, shutdown, owner_killed, peer_killed, connection_killed, timed_out, server_timed_out],
    Run = fun(N) ->
                  {ok, L} = ssl:listen(0, options([{backlog, 100} | server(Config)])),
                  {ok, {_, Port}} = ssl:sockname(L),
                  {ok, Silent} = gen_tcp:listen(0, [{active, false}, {backlog, 1000}]),
                  {ok, SilentPort} = inet:port(Silent),
                  Workers = [call(fun() -> drop_in_turn(W, N, Ways, L, Port, SilentPort, options(client(Config))) end)
                             || W <- lists:seq(1, 20)],
                  ?assertEqual(lists:duplicate(20, ok), [long_finished(Worker) || Worker <- Workers]),
                  ok = gen_tcp:close(Silent),
                  ok = ssl:close(L)
          end,
    Start = erlang:monotonic_time(millisecond),
    Run(160),
    left_nothing(),
    settled(),
    Before = counts(),
    Run(Count),
    left_nothing(),
    eventually(fun() -> settled(), ?assertEqual(maps:remove(atoms, Before), maps:remove(atoms, counts())) end),
    %% Modules that a way loads which nobody went before; not some per connection.
    ?assert(maps:get(atoms, counts()) - maps:get(atoms, Before) < 50),
    ct:pal("~b connections in ~b ms, all gone", [Count + 160, erlang:monotonic_time(millisecond) - Start]).

long_finished({pid, Pid, Ref} = Called) ->
    receive {Ref, _} = Message -> self() ! Message, finished(Called)
    after 1200000 -> ct:fail({no_result, process_info(Pid, current_stacktrace)})
    end.

%% Of twenty workers the W-th: every twentieth connection.
drop_in_turn(W, N, _, _, _, _, _) when W > N -> ok;
drop_in_turn(W, N, Ways, L, Port, SilentPort, Options) ->
    ok = drop(lists:nth(1 + (W div 20) rem length(Ways), Ways), L, Port, SilentPort, Options),
    drop_in_turn(W + 20, N, Ways, L, Port, SilentPort, Options).

drop(timed_out, _, _, SilentPort, Options) ->
    {error, timeout} = ssl:connect("localhost", SilentPort, Options, 20),
    ok;
drop(server_timed_out, L, Port, _, _) ->
    %% Whoever accepts gets the silent client or another worker's: both in turn.
    {ok, Raw} = gen_tcp:connect("localhost", Port, [{active, false}]),
    Owner = worker(fun() ->
                           case ssl:transport_accept(L, 10000) of
                               {ok, A} -> _ = ssl:handshake(A, 20);
                               {error, _} -> ok
                           end
                   end),
    gone(Owner),
    gen_tcp:close(Raw);
drop(Way, L, Port, _, Options) ->
    Self = self(),
    Ref = make_ref(),
    Server = worker(fun() ->
                            case ssl:transport_accept(L, 10000) of
                                {ok, A} ->
                                    case ssl:handshake(A, 10000) of
                                        {ok, S} -> Self ! {Ref, S}, serve(S);
                                        {error, _} -> Self ! {Ref, none}
                                    end;
                                {error, _} -> Self ! {Ref, none}
                            end
                    end),
    Client = worker(fun() ->
                            case ssl:connect("localhost", Port, Options, 10000) of
                                {ok, C} ->
                                    _ = ssl:send(C, <<"hello">>),
                                    _ = ssl:recv(C, 5, 10000),
                                    Self ! {Ref, C, connected},
                                    hold();
                                {error, _} -> Self ! {Ref, none, connected}
                            end
                    end),
    %% Another worker's server may have got our client: each drops what it has.
    C = receive {Ref, Connected, connected} -> Connected end,
    S = receive {Ref, Shaken} -> Shaken end,
    {Own, Owner} = case Way of peer_closes -> {S, Server}; _ -> {C, Client} end,
    case Way of
        _ when Own =:= none -> ok;
        close -> ssl:close(Own);
        peer_closes -> ssl:close(Own);
        shutdown -> ssl:shutdown(Own, write), ssl:shutdown(Own, read_write);
        owner_killed -> exit(Owner, kill);
        peer_killed -> exit(Server, kill);
        connection_killed -> exit(endpoint(Own), kill)
    end,
    exit(Server, kill),
    exit(Client, kill),
    gone(Server),
    gone(Client).

serve(S) ->
    case ssl:recv(S, 5, 10000) of
        {ok, Data} -> _ = ssl:send(S, Data), serve(S);
        {error, _} -> hold()
    end.

gone(Pid) ->
    Ref = erlang:monitor(process, Pid),
    receive {'DOWN', Ref, process, _, _} -> ok end.

%% Listeners, each with options of its own, leave neither materials nor configurations once the cache is cleared.
listeners_and_options(Config) ->
    {ok, Silent} = gen_tcp:listen(0, []),
    {ok, Port} = inet:port(Silent),
    Run = fun(From, Times) ->
                  [begin
                       {ok, L} = ssl:listen(0, [{alpn_preferred_protocols, [integer_to_binary(N)]} | options(server(Config))]),
                       {error, timeout} = ssl:transport_accept(L, 0),
                       ok = ssl:close(L),
                       {error, _} = ssl:listen(0, [{certfile, "/nowhere"} | options([])]),
                       {error, timeout} = ssl:connect("localhost", Port, [{alpn_advertised_protocols, [integer_to_binary(N)]}
                                                                         | options(client(Config))], 20)
                   end || N <- lists:seq(From, From + Times)],
                  %% What may be wanted again is kept, up to a limit, until it is old or the user says so.
                  ?assertNotEqual(0, ets:info(ssl_material_cache, size)),
                  ok = ssl:clear_pem_cache()
          end,
    same_counts(fun() -> Run(1, 3) end, fun() -> Run(100, 50) end).

killed_acceptor_leaves_the_listener(Config) ->
    {ok, L} = ssl:listen(0, options(server(Config))),
    {ok, {_, Port}} = ssl:sockname(L),
    [begin
         Acceptor = worker(fun() -> ssl:transport_accept(L) end),
         timer:sleep(5),
         kill(Acceptor)
     end || _ <- lists:seq(1, 30)],
    Server = call(fun() -> {ok, A} = ssl:transport_accept(L, 5000), {ok, S} = ssl:handshake(A, 5000), ssl:close(S) end),
    {ok, C} = ssl:connect("localhost", Port, options(client(Config)), 5000),
    ok = finished(Server),
    ok = ssl:close(C),
    ok = ssl:close(L).

%%--------------------------------------------------------------------------------------------------------------------
%% Idle
%%--------------------------------------------------------------------------------------------------------------------

%% One process a side, and 12 KB: the process after GC, what it references, its share of ETS, and the native half.
idle_connection_is_small(Config) ->
    N = 200,
    {ok, L} = ssl:listen(0, options(server(Config))),
    {ok, {_, Port}} = ssl:sockname(L),
    Connect = fun() ->
                      Self = self(),
                      Client = call(fun() ->
                                            {ok, C} = ssl:connect("localhost", Port, options(client(Config)), 10000),
                                            ok = ssl:controlling_process(C, Self),
                                            C
                                    end),
                      {ok, A} = ssl:transport_accept(L, 10000),
                      {ok, S} = ssl:handshake(A, 10000),
                      C = finished(Client),
                      ok = ssl:send(C, <<"x">>),
                      {ok, <<"x">>} = ssl:recv(S, 0, 5000),
                      [S, C]
              end,
    Warm = [Connect() || _ <- lists:seq(1, 20)],
    settled(),
    Processes = length(processes()),
    Before = erlang:memory(),
    Resident = resident(),
    Sockets = lists:append([Connect() || _ <- lists:seq(1, N)]),
    settled(),
    eventually(fun() -> settled(), ?assertEqual(2 * N, length(processes()) - Processes) end),
    After = erlang:memory(),
    Each = fun(Kind) -> (proplists:get_value(Kind, After) - proplists:get_value(Kind, Before)) div (2 * N) end,
    Native = (resident() - Resident) div (2 * N),
    Own = [begin
               {memory, Memory} = process_info(endpoint(S), memory),
               Memory
           end || S <- Sockets],
    ct:pal("a side of an idle connection: process ~b (largest ~b), of the VM in all ~b, binaries ~b, ETS ~b, resident ~b bytes",
           [lists:sum(Own) div (2 * N), lists:max(Own), Each(total), Each(binary), Each(ets), Native]),
    ?assert(lists:max(Own) =< 6144),
    ?assert(lists:max(Own) + Each(binary) + Each(ets) =< 12288),
    ?assert(Each(total) =< 12288),
    [ok = ssl:close(S) || S <- lists:append(Warm) ++ Sockets],
    ok = ssl:close(L).

%% Bytes of the operating system's memory that this system uses, where it says so.
resident() ->
    case file:read_file("/proc/self/statm") of
        {ok, Statm} ->
            [_, Pages | _] = binary:split(Statm, <<" ">>, [global]),
            binary_to_integer(Pages) * 4096;
        {error, _} -> 0
    end.
