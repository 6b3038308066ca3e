%% The life of connections, told to stock ssl and to this one: scenes/0 plays small scenes with a client and a server of the same
%% library and gives what every call returned and what messages came, without what differs from run to run (sockets,
%% processes, ports). ci/scenes plays them with both and prints where they differ. Not every difference is a fault: where stock
%% hangs or its process crashes, this one answers; and stock, which reads ahead of a passive user, hears of the peer's end
%% without being asked. So it is for a person to read, and no step of .ci/run.
%%
%%   scenes:play(File)              plays all, writes [{Name, Observations}]
%%   scenes:play(File, Prefixes)    those whose names begin with one of these lists of atoms
%%   scenes:compare(Stock, Own)     prints the differences, gives their number
-module(scenes).
-export([play/1, play/2, compare/2]).

-define(QUIET, 150).        % milliseconds in which nothing more comes
-define(HANG, 1500).        % a call that takes longer has no answer

%%--------------------------------------------------------------------------------------------------------------------
%% Playing
%%--------------------------------------------------------------------------------------------------------------------

play(File) -> play(File, [[]]).

play(File, Prefixes) ->
    {ok, _} = application:ensure_all_started(ssl),
    logger:set_primary_config(level, none),
    persistent_term:put(?MODULE, credentials()),
    Scenes = [S || {Name, _} = S <- scenes(), lists:any(fun(P) -> lists:prefix(P, tuple_to_list(Name)) end, Prefixes)],
    io:format("~b scenes~n", [length(Scenes)]),
    Told = together(Scenes, 8),
    ok = file:write_file(File, io_lib:format("~s~n~tp.~n", ["%% coding: latin-1", lists:sort(Told)])).

%% Many at once: most of the time a scene waits.
together(Scenes, N) -> together(Scenes, N, [], []).

together([], _, [], Told) -> Told;
together([{Name, Fun} | Rest], N, Running, Told) when length(Running) < N ->
    {_, Ref} = spawn_monitor(fun() -> exit({told, tell(Fun)}) end),
    together(Rest, N, [{Ref, Name} | Running], Told);
together(Rest, N, Running, Told) ->
    receive
        {'DOWN', Ref, process, _, Reason} ->
            {value, {_, Name}, Others} = lists:keytake(Ref, 1, Running),
            What = case Reason of {told, T} -> T; _ -> shown({died, Reason}) end,
            together(Rest, N, Others, [{Name, What} | Told])
    end.

tell(Fun) ->
    Self = self(),
    {Pid, Ref} = spawn_monitor(fun() -> Self ! {self(), try shown(Fun()) catch C:R:St -> shown({C, R, St}) end} end),
    receive
        {Pid, Told} -> erlang:demonitor(Ref, [flush]), Told;
        {'DOWN', Ref, _, _, Reason} -> shown({died, Reason})
    after 60000 -> exit(Pid, kill), endless
    end.

%% Without what is different each time.
shown(Socket) when is_tuple(Socket), element(1, Socket) =:= sslsocket -> sslsocket;
shown({'$socket', _}) -> socket;
shown({'$inet', _, _}) -> inet_socket;
shown(Pid) when is_pid(Pid) -> pid;
shown(Port) when is_port(Port) -> port;
shown(Ref) when is_reference(Ref) -> ref;
shown(Fun) when is_function(Fun) -> function;
shown(Binary) when is_binary(Binary), byte_size(Binary) > 60 -> {binary, byte_size(Binary), erlang:phash2(Binary)};
shown({{127, 0, 0, 1}, Port}) when is_integer(Port) -> {localhost, port};
shown({tls_alert, {Name, _Text}}) -> {tls_alert, Name};
shown({function_clause, [{M, F, A, _} | _]}) -> {function_clause, M, F, case is_list(A) of true -> length(A); false -> A end};
shown(Tuple) when is_tuple(Tuple) -> list_to_tuple(shown(tuple_to_list(Tuple)));
shown(Map) when is_map(Map) -> maps:from_list(shown(maps:to_list(Map)));
shown([H | T] = List) ->
    try length(List) > 60 andalso lists:all(fun is_integer/1, List) of
        true -> {list, length(List), erlang:phash2(List)};
        false -> [shown(H) | shown(T)]
    catch
        error:badarg -> [shown(H) | shown(T)]       % the option header makes improper ones
    end;
shown(Term) -> Term.

%%--------------------------------------------------------------------------------------------------------------------
%% Actors
%%--------------------------------------------------------------------------------------------------------------------

credentials() ->
    Key = {key, {namedCurve, secp256r1}},
    Chain = #{root => [{digest, sha256}, Key], intermediates => [], peer => [{digest, sha256}, Key]},
    public_key:pkix_test_data(#{server_chain => Chain, client_chain => Chain}).

server_options() -> #{server_config := O} = persistent_term:get(?MODULE), common() ++ O.
client_options() -> #{client_config := O} = persistent_term:get(?MODULE), [{verify, verify_none} | common() ++ O].

common() ->
    Version = case os:getenv("SCENES_VERSION") of false -> 'tlsv1.3'; V -> list_to_atom(V) end,
    [{versions, [Version]}, {log_level, none}].

%% A process that does what it is told and keeps what it gets.
actor() -> spawn_link(fun() -> act() end).

act() ->
    receive
        {do, From, Ref, Fun} -> From ! {Ref, guarded(Fun)}, act()
    end.

guarded(Fun) ->
    try Fun()
    catch
        error:R:St when R =:= function_clause; R =:= undef -> {'EXIT', {R, [hd(St)]}};
        C:R -> {'EXIT', {C, R}}
    end.

%% Asks an actor; `hangs` when there is no answer.
ask(Actor, Fun) -> ask(Actor, Fun, ?HANG).

ask(Actor, Fun, Timeout) ->
    Ref = order(Actor, Fun),
    answer(Ref, Timeout).

order(Actor, Fun) ->
    Ref = make_ref(),
    Actor ! {do, self(), Ref, Fun},
    Ref.

answer(Ref, Timeout) ->
    receive {Ref, Result} -> Result
    after Timeout -> hangs
    end.

%% In a process of its own, that is no owner of anything.
aside(Fun) -> ask(spawn(fun() -> act() end), Fun).

%% All messages at an actor, until nothing more comes.
mail(Actor) -> ask(Actor, fun() -> mail_() end, 10000).

mail_() ->
    receive
        Message when element(1, Message) =/= do -> [Message | mail_()]
    after ?QUIET -> []
    end.

%% A connection: {U, Us, P, Ps}: the actor and socket under test, whose role is given, and the peer's.
pair(Role, UserOptions) -> pair(Role, UserOptions, []).

pair(Role, UserOptions, PeerOptions) ->
    {ServerOptions, ClientOptions} = case Role of
                                         server -> {UserOptions, PeerOptions};
                                         client -> {PeerOptions, UserOptions}
                                     end,
    Server = actor(), Client = actor(),
    {ok, L} = ask(Server, fun() -> ssl:listen(0, merged(ServerOptions, server_options())) end),
    {ok, {_, Port}} = ssl:sockname(L),
    Accepting = order(Server, fun() -> {ok, A} = ssl:transport_accept(L), ssl:handshake(A) end),
    {ok, C} = ask(Client, fun() -> ssl:connect({127, 0, 0, 1}, Port, merged(ClientOptions, client_options())) end, 20000),
    {ok, S} = answer(Accepting, 20000),
    ask(Server, fun() -> ssl:close(L) end),
    case Role of
        server -> {Server, S, Client, C};
        client -> {Client, C, Server, S}
    end.

merged(Own, Given) ->
    {Backend, Others} = lists:partition(fun(O) -> is_tuple(O) andalso element(1, O) =:= inet_backend end, Own),
    Active = case lists:keymember(active, 1, Others) of true -> []; false -> [{active, false}] end,
    Mode = case lists:keymember(mode, 1, Others) orelse lists:member(list, Others) of true -> []; false -> [binary] end,
    Backend ++ Mode ++ Active ++ Others ++ Given.

%% The transport is torn: no close_notify, a reset.
tear({sslsocket, Port, Pid, _, _, _, _, _}) ->
    _ = inet:setopts(Port, [{linger, {true, 0}}]),
    exit(Pid, kill),
    ok.

rest() -> timer:sleep(120).

roles() -> [client, server].

%%--------------------------------------------------------------------------------------------------------------------
%% The scenes
%%--------------------------------------------------------------------------------------------------------------------

scenes() ->
    lists:append([receiving(), actives(), packets(), switching(), sending(), after_the_end(), before_the_start(), listeners(),
                  options(), owners(), halves(), downgrades(), upgrades(), transports()]).

%% Passive receive.
receiving() ->
    [{{recv, Role, Name}, fun() ->
                                  {U, Us, P, Ps} = pair(Role, []),
                                  Fun(U, Us, P, Ps)
                          end}
     || Role <- roles(),
        {Name, Fun} <-
            [{lengths, fun(U, Us, P, Ps) ->
                               ask(P, fun() -> ssl:send(Ps, <<"abcdefghij">>) end), rest(),
                               [ask(U, fun() -> ssl:recv(Us, N, T) end)
                                || {N, T} <- [{3, 0}, {0, 0}, {0, 50}, {4, 0}, {4, 100}]]
                       end},
             {too_long, fun(U, Us, P, Ps) ->
                                ask(P, fun() -> ssl:send(Ps, <<"abc">>) end),
                                One = ask(U, fun() -> ssl:recv(Us, 5, 200) end),
                                ask(P, fun() -> ssl:send(Ps, <<"def">>) end),
                                [One, ask(U, fun() -> ssl:recv(Us, 5, 500) end), ask(U, fun() -> ssl:recv(Us, 5, 100) end),
                                 ask(U, fun() -> ssl:recv(Us, 0, 100) end)]
                        end},
             {timed_out_then_active, fun(U, Us, P, Ps) ->
                                             ask(P, fun() -> ssl:send(Ps, <<"abc">>) end),
                                             [ask(U, fun() -> ssl:recv(Us, 5, 200) end),
                                              ask(U, fun() -> ssl:setopts(Us, [{active, once}]) end),
                                              mail(U), ask(U, fun() -> ssl:getopts(Us, [active]) end)]
                                     end},
             {arguments, fun(U, Us, _, _) ->
                                 [ask(U, fun() -> ssl:recv(Us, N, T) end)
                                  || {N, T} <- [{-1, 10}, {a, 10}, {1.0, 10}, {0, -1}, {0, a}, {0, 1.0}, {<<>>, infinity}]]
                         end},
             {huge_length, fun(U, Us, P, Ps) ->
                                   ask(P, fun() -> ssl:send(Ps, <<"abc">>) end),
                                   [ask(U, fun() -> ssl:recv(Us, 16#7ffffff, 100) end), ask(U, fun() -> ssl:recv(Us, 0, 100) end)]
                           end},
             {length_then_closed, fun(U, Us, P, Ps) ->
                                          ask(P, fun() -> ssl:send(Ps, <<"abc">>), ssl:close(Ps) end), rest(),
                                          [ask(U, fun() -> ssl:recv(Us, N, 500) end) || N <- [2, 2, 0, 0]]
                                  end},
             {length_then_shut, fun(U, Us, P, Ps) ->
                                        ask(P, fun() -> ssl:send(Ps, <<"abc">>), ssl:shutdown(Ps, write) end), rest(),
                                        [ask(U, fun() -> ssl:recv(Us, N, 500) end) || N <- [2, 2, 0, 0]]
                                end},
             {waiting_peer_closes, fun(U, Us, P, Ps) ->
                                           Ref = order(U, fun() -> ssl:recv(Us, 0) end), rest(),
                                           ask(P, fun() -> ssl:close(Ps) end),
                                           [answer(Ref, ?HANG), mail(U)]
                                   end},
             {waiting_peer_torn, fun(U, Us, _, Ps) ->
                                         Ref = order(U, fun() -> ssl:recv(Us, 0) end), rest(),
                                         tear(Ps),
                                         [answer(Ref, ?HANG), mail(U)]
                                 end},
             {waiting_closed_aside, fun(U, Us, _, _) ->
                                            Ref = order(U, fun() -> ssl:recv(Us, 0) end), rest(),
                                            [aside(fun() -> ssl:close(Us) end), answer(Ref, ?HANG)]
                                    end},
             {waiting_peer_dies, fun(U, Us, P, _) ->
                                         Ref = order(U, fun() -> ssl:recv(Us, 0) end), rest(),
                                         unlink(P), exit(P, kill),
                                         [answer(Ref, ?HANG), mail(U)]
                                 end},
             {waiting_setopts_aside, fun(U, Us, P, Ps) ->
                                             Ref = order(U, fun() -> ssl:recv(Us, 0, 1000) end), rest(),
                                             Set = aside(fun() -> ssl:setopts(Us, [{mode, list}]) end),
                                             ask(P, fun() -> ssl:send(Ps, <<"abc">>) end),
                                             [Set, answer(Ref, ?HANG)]
                                     end},
             {waiting_send_aside, fun(U, Us, P, Ps) ->
                                          Ref = order(U, fun() -> ssl:recv(Us, 0, 1000) end), rest(),
                                          Sent = aside(fun() -> ssl:send(Us, <<"abc">>) end),
                                          Echo = ask(P, fun() -> {ok, D} = ssl:recv(Ps, 3), ssl:send(Ps, D) end),
                                          [Sent, Echo, answer(Ref, ?HANG)]
                                  end}]].

%% Active modes.
actives() ->
    Data = fun(P, Ps, List) -> [begin ask(P, fun() -> ssl:send(Ps, D) end), timer:sleep(30) end || D <- List] end,
    Set = fun(U, Us, Option) -> {Option, ask(U, fun() -> ssl:setopts(Us, [{active, Option}]) end), mail(U),
                                 ask(U, fun() -> ssl:getopts(Us, [active]) end)} end,
    [{{active, Role, Name}, fun() -> {U, Us, P, Ps} = pair(Role, [{active, First} | Options]), Fun(U, Us, P, Ps) end}
     || Role <- roles(),
        {Name, First, Options, Fun} <-
            [{{sets, First, Sets}, First, [{packet, 1}],
              fun(U, Us, P, Ps) ->
                      Data(P, Ps, [<<1, "a">>, <<1, "b", 1, "c">>]),
                      Before = [mail(U), ask(U, fun() -> ssl:getopts(Us, [active]) end)],
                      During = [begin Told = Set(U, Us, Option), Data(P, Ps, [<<1, "x", 1, "y">>]), {Told, mail(U)} end
                                || Option <- Sets],
                      ask(P, fun() -> ssl:close(Ps) end),
                      [Before, During, mail(U)]
              end} || First <- [true, once, 3, 1, false],
                      Sets <- [[once], [true], [false], [2], [-1], [-5], [0], [false, once, true], [32767, 1], [-32768, -32768], [once, once],
                               [once, 5, once], [true, 2], [2, true], [2, 2, -3], [40000], [a], [5, false, 1]]]
            ++
            [{recv_when_active, true, [], fun(U, Us, _, _) -> ask(U, fun() -> ssl:recv(Us, 0, 100) end) end},
             {recv_when_once, once, [], fun(U, Us, _, _) -> ask(U, fun() -> ssl:recv(Us, 0, 100) end) end},
             {recv_when_many, 5, [], fun(U, Us, _, _) -> ask(U, fun() -> ssl:recv(Us, 0, 100) end) end},
             {recv_between, once, [], fun(U, Us, P, Ps) ->
                                              Data(P, Ps, [<<"ab">>, <<"cd">>]),
                                              [mail(U), ask(U, fun() -> ssl:recv(Us, 1, 100) end),
                                               ask(U, fun() -> ssl:setopts(Us, [{active, once}]) end), mail(U),
                                               ask(U, fun() -> ssl:recv(Us, 1, 100) end)]
                                      end},
             {recv_waits_then_active, false, [], fun(U, Us, P, Ps) ->
                                                         Ref = order(U, fun() -> ssl:recv(Us, 0, 700) end), rest(),
                                                         Answer = aside(fun() -> ssl:setopts(Us, [{active, true}]) end),
                                                         Data(P, Ps, [<<"ab">>]),
                                                         [Answer, answer(Ref, ?HANG), length(mail(U)) =< 1]
                                                 end},
             {closed_when_active, true, [], fun(U, Us, P, Ps) ->
                                                    ask(P, fun() -> ssl:send(Ps, <<"ab">>), ssl:close(Ps) end),
                                                    [mail(U), ask(U, fun() -> ssl:setopts(Us, [{active, true}]) end), mail(U)]
                                            end},
             {closed_when_passive, false, [], fun(U, Us, P, Ps) ->
                                                      ask(P, fun() -> ssl:send(Ps, <<"ab">>), ssl:close(Ps) end), rest(),
                                                      [mail(U), ask(U, fun() -> ssl:setopts(Us, [{active, true}]) end), mail(U)]
                                              end},
             {closed_when_passive_once, false, [{packet, 1}],
              fun(U, Us, P, Ps) ->
                      ask(P, fun() -> ssl:send(Ps, <<1, "a", 1, "b">>), ssl:close(Ps) end), rest(),
                      [mail(U), [{ask(U, fun() -> ssl:setopts(Us, [{active, once}]) end), mail(U)} || _ <- [1, 2, 3, 4]]]
              end},
             {closed_when_passive_many, false, [{packet, 1}],
              fun(U, Us, P, Ps) ->
                      ask(P, fun() -> ssl:send(Ps, <<1, "a", 1, "b">>), ssl:close(Ps) end), rest(),
                      [mail(U), [{ask(U, fun() -> ssl:setopts(Us, [{active, 1}]) end), mail(U)} || _ <- [1, 2, 3, 4]]]
              end},
             {torn_when_active, true, [], fun(U, Us, _, Ps) ->
                                                  tear(Ps),
                                                  [mail(U), ask(U, fun() -> ssl:send(Us, <<"x">>) end)]
                                          end},
             {torn_when_once, once, [], fun(U, Us, _, Ps) ->
                                                tear(Ps),
                                                [mail(U), ask(U, fun() -> ssl:send(Us, <<"x">>) end)]
                                        end},
             {own_close, true, [], fun(U, Us, _, _) -> [ask(U, fun() -> ssl:close(Us) end), mail(U)] end},
             {close_aside, true, [], fun(U, Us, _, _) -> [aside(fun() -> ssl:close(Us) end), mail(U)] end},
             {big, true, [], fun(U, _, P, Ps) ->
                                     ask(P, fun() -> ssl:send(Ps, binary:copy(<<"x">>, 100000)) end),
                                     [iolist_size([D || {ssl, _, D} <- mail(U)])]
                             end}]].

%%--------------------------------------------------------------------------------------------------------------------
%% Packets
%%--------------------------------------------------------------------------------------------------------------------

packets() ->
    [{{packet, Role, Type, Name, How, Mode}, fun() -> packet(Role, Type, Stream, Options, How, Mode) end}
     || {Type, Name, Stream, Options} <- streams(), Mode <- [binary, list],
        {Role, How} <- [{client, passive}, {server, active}, {server, once}, {client, {active, 2}}, {server, dribble}]].

packet(Role, Type, Stream, Options, How, Mode) ->
    Active = case How of passive -> false; active -> true; once -> once; dribble -> true; {active, N} -> N end,
    {U, Us, P, Ps} = pair(Role, [{mode, Mode}, {packet, Type}, {active, Active} | Options]),
    case How of
        dribble -> [ask(P, fun() -> ssl:send(Ps, <<Byte>>) end) || <<Byte>> <= binary:part(Stream, 0, min(100, byte_size(Stream)))];
        _ -> ask(P, fun() -> ssl:send(Ps, Stream) end)
    end,
    First = case How of
                passive -> [ask(U, fun() -> ssl:recv(Us, N, 300) end) || N <- [0, 3, 0, 0, 0, 1, 0, 0]];
                once -> [{mail(U), ask(U, fun() -> ssl:setopts(Us, [{active, once}]) end)} || _ <- lists:seq(1, 6)];
                {active, _} -> [{mail(U), ask(U, fun() -> ssl:setopts(Us, [{active, 2}]) end)} || _ <- lists:seq(1, 4)];
                _ -> mail(U)
            end,
    Packet = ask(U, fun() -> ssl:getopts(Us, [packet, packet_size, active, mode, header]) end),
    ask(P, fun() -> ssl:close(Ps) end),
    [First, Packet, mail(U), ask(U, fun() -> ssl:recv(Us, 0, 100) end)].

streams() ->
    Long = binary:copy(<<"x">>, 300),
    Http = <<"GET /a?b HTTP/1.1\r\nHost: localhost\r\nX-Some: a,\r\n b\r\n\r\nPOST http://h:80/ HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc">>,
    Response = <<"HTTP/1.1 200 OK\r\nServer: x\r\nconnection: close\r\n\r\nbody\r\n">>,
    [{raw, plain, <<"abcdef">>, []}, {0, plain, <<"abcdef">>, []}, {0, header, <<"abcdef">>, [{header, 2}]},
     {0, long_header, <<"abcdef">>, [{header, 20}]},
     {1, three, <<3, "abc", 0, 2, "de", 1>>, []}, {1, header, <<3, "abc", 0, 2, "de", 1>>, [{header, 1}]},
     {1, limit, <<3, "abc", 9, "abcdefghi", 1, "x">>, [{packet_size, 5}]},
     {2, three, <<3:16, "abc", 0:16, 2:16, "de", 1:16>>, []}, {2, limit, <<3:16, "abc", 300:16, Long/binary, 1:16, "x">>, [{packet_size, 299}]},
     {2, limit_is_enough, <<3:16, "abc", 300:16, Long/binary, 1:16, "x">>, [{packet_size, 300}]},
     {4, three, <<3:32, "abc", 0:32, 2:32, "de", 1:32>>, []}, {4, limit, <<3:32, "abc", 300:32, Long/binary>>, [{packet_size, 100}]},
     {4, huge, <<3:32, "abc", 16#ffffffff:32, "abc">>, []}, {4, large, <<3:32, "abc", 16#4000001:32, "abc">>, []},
     {4, limit_partial, <<3:32, "abc", 300:32, "ab">>, [{packet_size, 100}]},
     {asn1, three, <<16#30, 3, "abc", 16#30, 0, 16#30, 16#82, 2:16, "de", 4, 1>>, []},
     {asn1, longtag, <<16#3f, 16#81, 1, 3, "abc", 16#30, 1, "x">>, []},
     {asn1, indefinite, <<16#30, 3, "abc", 16#30, 16#80, "abc", 0, 0>>, []},
     {asn1, limit, <<16#30, 3, "abc", 16#30, 16#82, 300:16, Long/binary>>, [{packet_size, 100}]},
     {asn1, huge, <<16#30, 16#84, 16#ffffffff:32, "abc">>, []},
     {cdr, two, <<"GIOP", 1, 0, 0, 0, 3:32, "abc", "GIOP", 1, 0, 1, 0, 2:32/little, "de", "GIOP">>, []},
     {cdr, bad, <<"GIOP", 1, 0, 0, 0, 3:32, "abcNOTGIOPATALL">>, []},
     {cdr, limit, <<"GIOP", 1, 0, 0, 0, 300:32, Long/binary>>, [{packet_size, 100}]},
     {sunrm, two, <<16#80000003:32, "abc", 16#80000000:32, 2:32, "de">>, []},
     {sunrm, limit, <<16#80000003:32, "abc", 300:32, Long/binary>>, [{packet_size, 100}]},
     {fcgi, two, <<1, 1, 0, 1, 3:16, 1, 0, "abc", 0, 1, 1, 0, 1, 0:16, 0, 0, 1, 1>>, []},
     {fcgi, bad, <<2, 1, 0, 1, 3:16, 1, 0, "abc", 0>>, []},
     {tpkt, two, <<3, 0, 7:16, "abc", 3, 0, 4:16, 3, 0>>, []},
     {tpkt, bad, <<3, 0, 7:16, "abc", 4, 0, 7:16, "abc">>, []},
     {tpkt, short, <<3, 0, 7:16, "abc", 3, 0, 2:16, "abc">>, []},
     {line, three, <<"abc\ndef\r\n\nghi">>, []}, {line, header, <<"abc\ndef\r\n\nghi">>, [{header, 2}]},
     {line, cut, <<"abcdefghij\nkl\nmnopqr">>, [{packet_size, 4}]},
     {line, delimiter, <<"abc\ndef\r\n|ghi|">>, [{line_delimiter, $|}]},
     {http, requests, Http, []}, {http, response, Response, []}, {http_bin, requests, Http, []}, {http_bin, response, Response, []},
     {http, bad, <<"what is this\r\nHost: x\r\n\r\n">>, []}, {http_bin, bad, <<"what is this\r\nHost: x\r\n\r\n">>, []},
     {http, bad_header, <<"GET / HTTP/1.1\r\nno header\r\nHost: x\r\n\r\n">>, []},
     {http, limit, <<"GET /", Long/binary, " HTTP/1.1\r\n\r\n">>, [{packet_size, 100}]},
     {http_bin, limit, <<"GET / HTTP/1.1\r\nX: ", Long/binary, "\r\n\r\n">>, [{packet_size, 100}]},
     {httph, headers, <<"Host: x\r\nX-y: z\r\n\r\nHost: y\r\n\r\n">>, []}, {httph_bin, headers, <<"Host: x\r\nX-y: z\r\n\r\nHost: y\r\n\r\n">>, []},
     {httph, request, Http, []}].

%% Packet type and others change between messages, with data waiting.
switching() ->
    Stream = <<3, "abc", 2:16, "de", "line\n", "GET / HTTP/1.1\r\nA: b\r\n\r\n", "raw bytes">>,
    [{{switch, Role, Mode}, fun() ->
                                    {U, Us, P, Ps} = pair(Role, [{mode, Mode}, {packet, 1}]),
                                    ask(P, fun() -> ssl:send(Ps, Stream) end),
                                    [{Option, ask(U, fun() -> ssl:setopts(Us, [Option]) end), ask(U, fun() -> ssl:recv(Us, 0, 300) end)}
                                     || Option <- [{packet, 1}, {packet, 2}, {packet, line}, {packet, http}, {packet, http}, {packet, httph_bin},
                                                   {packet, raw}]]
                            end} || Role <- roles(), Mode <- [list, binary]]
        ++
    [{{switch, Role, active, How}, fun() ->
                                           {U, Us, P, Ps} = pair(Role, [{packet, 1}]),
                                           ask(P, fun() -> ssl:send(Ps, Stream) end),
                                           [{Options, ask(U, fun() -> ssl:setopts(Us, Options) end), mail(U)}
                                            || Packet <- [1, 2, line, http, http, http, raw],
                                               Options <- [case How of
                                                               both -> [{packet, Packet}, {active, once}];
                                                               after_ -> [{active, once}, {packet, Packet}];
                                                               one -> [{packet, Packet}, {active, 1}]
                                                           end]]
                                   end} || Role <- roles(), How <- [both, after_, one]]
        ++
    [{{switch, Role, Name}, fun() ->
                                    {U, Us, P, Ps} = pair(Role, [{active, true} | First]),
                                    ask(P, fun() -> ssl:send(Ps, Data) end),
                                    Before = mail(U),
                                    [Before, {Options, ask(U, fun() -> ssl:setopts(Us, Options) end), mail(U)},
                                     begin ask(P, fun() -> ssl:send(Ps, More) end), mail(U) end]
                            end}
     || Role <- roles(),
        {Name, First, Data, Options, More} <-
            [{partial_to_raw, [{packet, 4}], <<10:32, "abc">>, [{packet, raw}], <<"def">>},
             {partial_to_line, [{packet, 4}], <<10:32, "abc">>, [{packet, line}], <<"def\ngh">>},
             {line_to_raw, [{packet, line}], <<"a\nbcd">>, [{packet, 0}], <<"e">>},
             {line_to_two, [{packet, line}], <<"a\n", 0, 3, "b">>, [{packet, 2}], <<"cd", 0, 1, "e">>},
             {limit_later, [{packet, 4}], <<10:32, "abc">>, [{packet_size, 5}], <<"def">>},
             {to_list, [], <<"abc">>, [list], <<"def">>},
             {to_list_mode, [], <<"abc">>, [{mode, list}], <<"def">>},
             {to_header, [], <<"abc">>, [{header, 1}], <<"def">>},
             {to_passive, [], <<"abc">>, [{active, false}], <<"def">>}]].

%% What is sent under a packet type.
sending() ->
    [{{send, Role, Packet, Name}, fun() ->
                                    {U, Us, P, Ps} = pair(Role, [{packet, Packet}]),
                                    Sent = ask(U, fun() -> ssl:send(Us, Data) end, 10000),
                                    [Sent, case Sent of
                                               ok -> ask(P, fun() -> received(Ps, <<>>) end, 10000);
                                               _ -> ask(P, fun() -> ssl:recv(Ps, 0, 100) end)
                                           end, ask(U, fun() -> ssl:send(Us, <<"x">>) end)]
                            end}
     || Role <- roles(),
        Packet <- [raw, 0, 1, 2, 4, asn1, line, http, tpkt],
        {Name, Data} <- [{short, <<"abc">>}, {nothing, <<>>}, {iolist, ["a", <<"b">>, [$c]]}, {'255', binary:copy(<<"x">>, 255)},
                         {'256', binary:copy(<<"x">>, 256)}, {'65535', binary:copy(<<"x">>, 65535)}, {'65536', binary:copy(<<"x">>, 65536)},
                         {atom, a}, {improper, [a | b]}, {wide, [300]}]].

received(S, Acc) ->
    case ssl:recv(S, 0, 200) of
        {ok, Data} -> received(S, <<Acc/binary, Data/binary>>);
        {error, timeout} -> Acc;
        Error -> {Acc, Error}
    end.

%%--------------------------------------------------------------------------------------------------------------------
%% Every call in every state
%%--------------------------------------------------------------------------------------------------------------------

calls() ->
    [{send, fun(S) -> ssl:send(S, <<"x">>) end},
     {send_nothing, fun(S) -> ssl:send(S, <<>>) end},
     {recv, fun(S) -> ssl:recv(S, 0, 100) end},
     {recv_3, fun(S) -> ssl:recv(S, 3, 100) end},
     {setopts_once, fun(S) -> ssl:setopts(S, [{active, once}]) end},
     {setopts_true, fun(S) -> ssl:setopts(S, [{active, true}]) end},
     {setopts_many, fun(S) -> ssl:setopts(S, [{active, 2}]) end},
     {setopts_nodelay, fun(S) -> ssl:setopts(S, [{nodelay, true}]) end},
     {setopts_nothing, fun(S) -> ssl:setopts(S, []) end},
     {setopts_bad, fun(S) -> ssl:setopts(S, [{what, is}]) end},
     {getopts_active, fun(S) -> ssl:getopts(S, [active]) end},
     {getopts_nodelay, fun(S) -> ssl:getopts(S, [nodelay]) end},
     {getopts_nothing, fun(S) -> ssl:getopts(S, []) end},
     {getopts_bad, fun(S) -> ssl:getopts(S, [what]) end},
     {controlling_process, fun(S) -> ssl:controlling_process(S, self()) end},
     {peername, fun(S) -> ssl:peername(S) end},
     {sockname, fun(S) -> ssl:sockname(S) end},
     {peercert, fun(S) -> element(1, ssl:peercert(S)) end},
     {peercert_error, fun(S) -> case ssl:peercert(S) of {ok, _} -> certificate; E -> E end end},
     {negotiated_protocol, fun(S) -> ssl:negotiated_protocol(S) end},
     {connection_information, fun(S) -> case ssl:connection_information(S) of {ok, _} -> ok; E -> E end end},
     {connection_information_protocol, fun(S) -> ssl:connection_information(S, [protocol]) end},
     {getstat, fun(S) -> case ssl:getstat(S) of {ok, L} -> {ok, [N || {N, _} <- L]}; E -> E end end},
     {getstat_bad, fun(S) -> ssl:getstat(S, [what]) end},
     {shutdown_write, fun(S) -> ssl:shutdown(S, write) end},
     {shutdown_read, fun(S) -> ssl:shutdown(S, read) end},
     {shutdown_read_write, fun(S) -> ssl:shutdown(S, read_write) end},
     {shutdown_bad, fun(S) -> ssl:shutdown(S, what) end},
     {close, fun(S) -> ssl:close(S) end},
     {close_0, fun(S) -> ssl:close(S, 0) end},
     {close_100, fun(S) -> ssl:close(S, 100) end},
     {downgrade, fun(S) -> ssl:close(S, {self(), 200}) end},
     {renegotiate, fun(S) -> ssl:renegotiate(S) end},
     {update_keys, fun(S) -> ssl:update_keys(S, write) end},
     {export, fun(S) -> case ssl:export_key_materials(S, [<<"label">>], [no_context], [20]) of {ok, [_]} -> ok; E -> E end end},
     {handshake, fun(S) -> ssl:handshake(S, 200) end},
     {handshake_options, fun(S) -> ssl:handshake(S, [{active, false}], 200) end},
     {handshake_continue, fun(S) -> ssl:handshake_continue(S, [], 200) end},
     {handshake_cancel, fun(S) -> ssl:handshake_cancel(S) end},
     {transport_accept, fun(S) -> ssl:transport_accept(S, 100) end}].

%% Ways in which it ended.
ends() ->
    [{open, [], fun(_, _, _, _) -> ok end},
     {closed, [], fun(U, Us, _, _) -> ask(U, fun() -> ssl:close(Us) end) end},
     {peer_closed, [], fun(_, _, P, Ps) -> ask(P, fun() -> ssl:close(Ps) end) end},
     {peer_closed_data, [], fun(_, _, P, Ps) -> ask(P, fun() -> ssl:send(Ps, <<"ab">>), ssl:close(Ps) end) end},
     {peer_closed_active, [{active, true}], fun(_, _, P, Ps) -> ask(P, fun() -> ssl:close(Ps) end) end},
     {peer_closed_read, [], fun(U, Us, P, Ps) -> ask(P, fun() -> ssl:close(Ps) end), ask(U, fun() -> ssl:recv(Us, 0, 500) end) end},
     {torn, [], fun(_, _, _, Ps) -> tear(Ps) end},
     {torn_active, [{active, true}], fun(_, _, _, Ps) -> tear(Ps) end},
     {peer_shut, [], fun(_, _, P, Ps) -> ask(P, fun() -> ssl:shutdown(Ps, write) end) end},
     {peer_shut_active, [{active, true}], fun(_, _, P, Ps) -> ask(P, fun() -> ssl:shutdown(Ps, write) end) end},
     {shut_write, [], fun(U, Us, _, _) -> ask(U, fun() -> ssl:shutdown(Us, write) end) end},
     {shut_read, [], fun(U, Us, _, _) -> ask(U, fun() -> ssl:shutdown(Us, read) end) end},
     {shut_both, [], fun(U, Us, _, _) -> ask(U, fun() -> ssl:shutdown(Us, read_write) end) end},
     {timed_out, [], fun(U, Us, _, _) -> ask(U, fun() -> ssl:recv(Us, 10, 50) end) end}].

after_the_end() ->
    [{{call, Role, End, Call}, fun() ->
                                       {U, Us, P, Ps} = pair(Role, Options),
                                       First = Way(U, Us, P, Ps),
                                       rest(),
                                       Before = mail(U),
                                       [First, Before, ask(U, fun() -> Fun(Us) end), mail(U)]
                               end}
     || Role <- roles(), {End, Options, Way} <- ends(), {Call, Fun} <- calls()]
    ++
    [{{call, Role, owner_dead, Call}, fun() ->
                                              {U, Us, _, _} = pair(Role, []),
                                              unlink(U), exit(U, kill), rest(),
                                              [aside(fun() -> Fun(Us) end)]
                                      end} || Role <- roles(), {Call, Fun} <- calls()].

%% Accepted, and no handshake yet; then while one is under way with a peer that says nothing.
before_the_start() ->
    [{{call, accepted, Call}, fun() ->
                                      {U, A, Plain} = accepted([]),
                                      Told = ask(U, fun() -> Fun(A) end),
                                      gen_tcp:close(Plain),
                                      [Told, mail(U)]
                              end} || {Call, Fun} <- calls()]
    ++
    [{{call, shaking, Call}, fun() ->
                                      {U, A, Plain} = accepted([]),
                                      Shake = order(U, fun() -> ssl:handshake(A, 3000) end), rest(),
                                      Told = aside(fun() -> Fun(A) end),
                                      gen_tcp:close(Plain),
                                      [Told, answer(Shake, 4000), mail(U)]
                              end} || {Call, Fun} <- calls(), Call =/= handshake, Call =/= handshake_options]
    ++
    [{{call, failed, Call}, fun() ->
                                      {U, A, Plain} = accepted([]),
                                      ok = gen_tcp:send(Plain, "GET / HTTP/1.0\r\n\r\n"),
                                      _ = ask(U, fun() -> ssl:handshake(A, 3000) end),
                                      rest(),
                                      Told = ask(U, fun() -> Fun(A) end),
                                      gen_tcp:close(Plain),
                                      [Told, mail(U)]
                              end} || {Call, Fun} <- calls()]
    ++
    [{{call, timed_out_handshake, Call}, fun() ->
                                      {U, A, Plain} = accepted([]),
                                      First = ask(U, fun() -> ssl:handshake(A, 100) end),
                                      rest(),
                                      Told = ask(U, fun() -> Fun(A) end),
                                      gen_tcp:close(Plain),
                                      [First, Told, mail(U)]
                              end} || {Call, Fun} <- calls()]
    ++
    [{{start, Name}, Fun}
     || {Name, Fun} <-
            [{peer_gone_before_handshake, fun() ->
                                                  {U, A, Plain} = accepted([]),
                                                  gen_tcp:close(Plain), rest(),
                                                  [ask(U, fun() -> ssl:handshake(A, 1000) end)]
                                          end},
             {peer_gone_in_handshake, fun() ->
                                              {U, A, Plain} = accepted([]),
                                              Shake = order(U, fun() -> ssl:handshake(A, 3000) end), rest(),
                                              gen_tcp:close(Plain),
                                              [answer(Shake, 4000), mail(U)]
                                      end},
             {connect_peer_gone, fun() ->
                                         {ok, L} = gen_tcp:listen(0, [{active, false}, {ip, {127, 0, 0, 1}}]),
                                         {ok, Port} = inet:port(L),
                                         U = actor(),
                                         Ref = order(U, fun() -> ssl:connect({127, 0, 0, 1}, Port, client_options(), 3000) end),
                                         {ok, Plain} = gen_tcp:accept(L), rest(),
                                         gen_tcp:close(Plain),
                                         [answer(Ref, 4000), mail(U)]
                                 end},
             {connect_times_out, fun() ->
                                         {ok, L} = gen_tcp:listen(0, [{active, false}, {ip, {127, 0, 0, 1}}]),
                                         {ok, Port} = inet:port(L),
                                         [ask(actor(), fun() -> ssl:connect({127, 0, 0, 1}, Port, client_options(), 200) end)]
                                 end},
             {connect_refused, fun() ->
                                       {ok, L} = gen_tcp:listen(0, [{active, false}, {ip, {127, 0, 0, 1}}]),
                                       {ok, Port} = inet:port(L), gen_tcp:close(L),
                                       [ask(actor(), fun() -> ssl:connect({127, 0, 0, 1}, Port, client_options(), 200) end)]
                               end},
             {connect_unknown_host, fun() ->
                                       [ask(actor(), fun() -> ssl:connect("no.such.host.invalid", 1, client_options(), 5000) end, 6000)]
                               end},
             {owner_dies_in_handshake, fun() ->
                                               {U, A, Plain} = accepted([]),
                                               order(U, fun() -> ssl:handshake(A, 3000) end), rest(),
                                               unlink(U), exit(U, kill),
                                               [gen_tcp:recv(Plain, 0, 1000)]
                                       end},
             {owner_dies_accepted, fun() ->
                                               {U, _, Plain} = accepted([]),
                                               unlink(U), exit(U, kill),
                                               [gen_tcp:recv(Plain, 0, 1000)]
                                       end},
             {given_away_accepted, fun() ->
                                           {U, A, Plain} = accepted([]),
                                           Other = actor(),
                                           Told = ask(U, fun() -> ssl:controlling_process(A, Other) end),
                                           unlink(U), exit(U, kill),
                                           [Told, gen_tcp:recv(Plain, 0, 300), ask(Other, fun() -> ssl:handshake(A, 100) end)]
                                   end}]].

accepted(Options) ->
    U = actor(),
    {ok, L} = ask(U, fun() -> ssl:listen(0, merged(Options, server_options())) end),
    {ok, {_, Port}} = ssl:sockname(L),
    Accept = order(U, fun() -> ssl:transport_accept(L, 5000) end),
    {ok, Plain} = gen_tcp:connect({127, 0, 0, 1}, Port, [{active, false}, binary]),
    {ok, A} = answer(Accept, 5000),
    {U, A, Plain}.

%% Listening sockets.
listeners() ->
    Listening = fun(Options) ->
                        U = actor(),
                        {ok, L} = ask(U, fun() -> ssl:listen(0, merged(Options, server_options())) end),
                        {U, L}
                end,
    [{{call, listener, Call}, fun() -> {U, L} = Listening([]), [ask(U, fun() -> Fun(L) end), mail(U)] end} || {Call, Fun} <- calls()]
    ++ [{{call, closed_listener, Call}, fun() -> {U, L} = Listening([]), ask(U, fun() -> ssl:close(L) end),
                                                 [ask(U, fun() -> Fun(L) end), mail(U)] end} || {Call, Fun} <- calls()]
    ++ [{{call, orphan_listener, Call}, fun() -> {U, L} = Listening([]), unlink(U), exit(U, kill), rest(),
                                                 [aside(fun() -> Fun(L) end)] end} || {Call, Fun} <- calls()]
    ++ [{{call, what, Call}, fun() -> [aside(fun() -> Fun(What) end) || What <- [a, {sslsocket}, undefined, self(), {a, b}]] end}
        || {Call, Fun} <- calls()]
    ++
    [{{listen, Name}, Fun}
     || {Name, Fun} <-
            [{closed_under_acceptors, fun() ->
                                              {U, L} = Listening([]),
                                              Waiting = [begin A = actor(), order(A, fun() -> ssl:transport_accept(L) end) end || _ <- [1, 2, 3]],
                                              rest(),
                                              Closed = ask(U, fun() -> ssl:close(L) end),
                                              [Closed, [answer(Ref, ?HANG) || Ref <- Waiting]]
                                      end},
             {owner_dies_under_acceptors, fun() ->
                                              {U, L} = Listening([]),
                                              Waiting = [begin A = actor(), order(A, fun() -> ssl:transport_accept(L) end) end || _ <- [1, 2, 3]],
                                              rest(),
                                              unlink(U), exit(U, kill),
                                              [answer(Ref, ?HANG) || Ref <- Waiting]
                                      end},
             {accept_times_out, fun() -> {U, L} = Listening([]), [ask(U, fun() -> ssl:transport_accept(L, T) end) || T <- [0, 100]] end},
             {given_away, fun() -> {U, L} = Listening([]), Other = actor(), [ask(U, fun() -> ssl:controlling_process(L, Other) end)] end},
             {port_in_use, fun() -> {U, L} = Listening([]), {ok, {_, Port}} = ssl:sockname(L),
                                    [ask(U, fun() -> ssl:listen(Port, server_options()) end)] end},
             {bad_port, fun() -> [ask(actor(), fun() -> ssl:listen(P, server_options()) end) || P <- [-1, 70000, a]] end},
             {inherited, fun() ->
                                 {U, L} = Listening([{packet, 2}, {header, 1}, {packet_size, 50}, {active, 7}, {nodelay, true}]),
                                 Names = [packet, header, packet_size, active, mode, nodelay],
                                 First = ask(U, fun() -> ssl:getopts(L, Names) end),
                                 Set = ask(U, fun() -> ssl:setopts(L, [{packet, 4}, {active, -3}, list]) end),
                                 [First, Set, ask(U, fun() -> ssl:getopts(L, Names) end), mail(U)]
                         end},
             {connections_outlive, fun() ->
                                           {U, Us, P, Ps} = pair(server, []),
                                           [ask(P, fun() -> ssl:send(Ps, <<"a">>) end), ask(U, fun() -> ssl:recv(Us, 0, 1000) end)]
                                   end}]].

%%--------------------------------------------------------------------------------------------------------------------
%% Options, owners, halves
%%--------------------------------------------------------------------------------------------------------------------

options() ->
    [{{opts, Role, Name}, fun() -> {U, Us, _, _} = pair(Role, Options), [ask(U, fun() -> Fun(Us) end), mail(U)] end}
     || Role <- roles(),
        {Name, Options, Fun} <-
            [{{set, Set}, [], fun(S) -> [ssl:setopts(S, Set), ssl:getopts(S, [active, mode, packet, header, packet_size])] end}
             || Set <- [[], [{active, once}, {mode, list}], [list], [binary, {packet, 4}], [{packet, 3}], [{packet, foo}], [{header, -1}],
                        [{header, a}], [{packet_size, -1}], [{packet_size, a}], [{mode, what}], [{active, what}], [{active, -1}], [{active, 0}],
                        [{nodelay, true}, {packet, 2}], [{nodelay, what}, {packet, 2}], [{packet, 2}, {nodelay, what}], [a], [{a, b}], a,
                        [{a}], [{packet, 1} | a], [{send_timeout, 5}], [{linger, {true, 5}}], [{exit_on_close, false}],
                        [{active, 5}, {active, 5}], [{active, 5}, {active, false}], [{active, false}, {active, 5}], [{keepalive, true}],
                        [{buffer, 3000}], [{recbuf, 20000}], [{high_watermark, 2000}], [{low_watermark, 2000}], [{deliver, port}], [{raw, 6, 1, <<1:32/native>>}],
                        [{tos, 16}], [{ip, {127, 0, 0, 1}}], [{versions, ['tlsv1.3']}], [{verify, verify_none}], [{line_delimiter, $x}], [{header, 3}, list]]]
            ++
            [{{get, Names}, [], fun(S) -> ssl:getopts(S, Names) end}
             || Names <- [[], [active, mode, packet, header, packet_size], [mode, mode], [nodelay, active], [what], [active, what], a, [{a, b}], [active | b],
                          [high_watermark, low_watermark], [send_timeout, send_timeout_close], [keepalive, linger, exit_on_close, buffer],
                          [{raw, 6, 1, 4}], [line_delimiter], [show_econnreset], [delay_send], [deliver], [tos], [recbuf] , [priority], [versions]]]
            ++
            [{{opened, Given}, Given, fun(S) -> ssl:getopts(S, [active, mode, packet, header, packet_size, nodelay, send_timeout, send_timeout_close,
                                                            keepalive, linger, exit_on_close, buffer, high_watermark, low_watermark, line_delimiter,
                                                            delay_send]) end}
             || Given <- [[], [{nodelay, true}], [{send_timeout, 5}, {send_timeout_close, true}], [{linger, {true, 3}}], [{exit_on_close, false}],
                          [{buffer, 5000}], [{high_watermark, 9000}, {low_watermark, 3000}], [{line_delimiter, $|}, {packet, line}], [{delay_send, true}],
                          [{keepalive, true}], [{header, 3}], [{packet, 4}, {packet_size, 77}], [list], [{active, 17}], [{inet_backend, socket}],
                          [{inet_backend, socket}, {nodelay, true}, {active, 3}]]]
            ++
            [{{stat, Names}, [], fun(S) -> case ssl:getstat(S, Names) of {ok, L} -> {ok, [N || {N, _} <- L]}; E -> E end end}
             || Names <- [[], [recv_oct], [send_oct, recv_cnt, send_pend], [what], a]]].

owners() ->
    [{{owner, Role, Name}, fun() -> {U, Us, P, Ps} = pair(Role, Options), Fun(U, Us, P, Ps) end}
     || Role <- roles(),
        {Name, Options, Fun} <-
            [{given, [{active, true}], fun(U, Us, P, Ps) ->
                                               Other = actor(),
                                               ask(P, fun() -> ssl:send(Ps, <<"a">>) end), rest(),
                                               Told = ask(U, fun() -> ssl:controlling_process(Us, Other) end),
                                               ask(P, fun() -> ssl:send(Ps, <<"b">>) end),
                                               unlink(U), M = mail(U), exit(U, kill), rest(),
                                               ask(P, fun() -> ssl:send(Ps, <<"c">>) end),
                                               [Told, M, mail(Other), begin unlink(Other), exit(Other, kill), ask(P, fun() -> ssl:recv(Ps, 0, 1000) end) end]
                                       end},
             {taken_by_another, [{active, true}], fun(U, Us, P, Ps) ->
                                                          Other = actor(),
                                                          Told = ask(Other, fun() -> ssl:controlling_process(Us, Other) end),
                                                          ask(P, fun() -> ssl:send(Ps, <<"b">>) end),
                                                          [Told, mail(U), mail(Other)]
                                                  end},
             {given_to_the_dead, [{active, true}], fun(U, Us, P, Ps) ->
                                                           {Dead, Ref} = spawn_monitor(fun() -> ok end),
                                                           receive {'DOWN', Ref, _, _, _} -> ok end,
                                                           Told = ask(U, fun() -> ssl:controlling_process(Us, Dead) end),
                                                           [Told, ask(P, fun() -> ssl:recv(Ps, 0, 1000) end), mail(U),
                                                            ask(U, fun() -> ssl:send(Us, <<"a">>) end)]
                                                   end},
             {given_no_process, [], fun(U, Us, _, _) -> [ask(U, fun() -> ssl:controlling_process(Us, W) end) || W <- [a, undefined, 1]] end},
             {dies, [], fun(U, _, P, Ps) -> unlink(U), exit(U, kill), [ask(P, fun() -> ssl:recv(Ps, 0, 1000) end), ask(P, fun() -> ssl:send(Ps, <<"a">>) end)] end},
             {exits, [], fun(U, _, P, Ps) -> unlink(U), exit(U, shutdown), [ask(P, fun() -> ssl:recv(Ps, 0, 1000) end)] end},
             {dies_with_data, [], fun(U, Us, P, Ps) -> ask(U, fun() -> ssl:send(Us, <<"last words">>) end),
                                                        unlink(U), exit(U, kill), [ask(P, fun() -> ssl:recv(Ps, 0, 1000) end) || _ <- [1, 2]] end},
             {dies_active_peer, [], fun(U, Us, P, Ps) ->
                                            ask(P, fun() -> ssl:setopts(Ps, [{active, true}]) end),
                                            ask(U, fun() -> ssl:send(Us, <<"last words">>) end),
                                            unlink(U), exit(U, kill), [mail(P)] end},
             {links, [], fun(U, _, _, _) -> [ask(U, fun() -> {links, L} = process_info(self(), links), length(L) end)] end},
             {linked_by_user, [], fun(U, {sslsocket, _, Pid, _, _, _, _, _} = Us, _, _) ->
                                          unlink(U),
                                          ask(U, fun() -> link(Pid) end),
                                          [ask(U, fun() -> ssl:close(Us) end), is_process_alive(U), mail(U)] end},
             {connection_killed, [{active, true}], fun(U, {sslsocket, _, Pid, _, _, _, _, _} = Us, P, Ps) ->
                                                           exit(Pid, kill), rest(),
                                                           [mail(U), ask(U, fun() -> ssl:send(Us, <<"a">>) end), ask(U, fun() -> ssl:recv(Us, 0, 100) end),
                                                            ask(U, fun() -> ssl:close(Us) end), ask(P, fun() -> ssl:recv(Ps, 0, 500) end)] end}]].

%% One direction ends and the other goes on.
halves() ->
    [{{half, Role, Name}, fun() -> {U, Us, P, Ps} = pair(Role, Options), Fun(U, Us, P, Ps) end}
     || Role <- roles(),
        {Name, Options, Fun} <-
            [{{shut, How, Active}, [{active, Active}],
              fun(U, Us, P, Ps) ->
                      ask(U, fun() -> ssl:send(Us, <<"before">>) end),
                      [ask(U, fun() -> ssl:shutdown(Us, How) end),
                       ask(P, fun() -> ssl:recv(Ps, 0, 300) end), ask(P, fun() -> ssl:recv(Ps, 0, 300) end),
                       ask(P, fun() -> ssl:send(Ps, <<"after">>) end), mail(U),
                       ask(U, fun() -> ssl:recv(Us, 0, 300) end), ask(U, fun() -> ssl:send(Us, <<"more">>) end),
                       ask(U, fun() -> ssl:close(Us) end), mail(U), ask(P, fun() -> ssl:recv(Ps, 0, 300) end),
                       ask(P, fun() -> ssl:close(Ps) end)]
              end} || How <- [read, write, read_write], Active <- [false, true]]
            ++
            [{{shut_after_shut, One, Two}, [], fun(U, Us, _, _) ->
                                                       [ask(U, fun() -> ssl:shutdown(Us, One) end), ask(U, fun() -> ssl:shutdown(Us, Two) end),
                                                        ask(U, fun() -> ssl:close(Us) end)]
                                               end} || One <- [read, write, read_write], Two <- [read, write, read_write]]
            ++
            [{{stay, Active}, [{exit_on_close, false}, {active, Active}],
              fun(U, Us, P, Ps) ->
                      [ask(P, fun() -> ssl:shutdown(Ps, write) end), mail(U), ask(U, fun() -> ssl:recv(Us, 0, 300) end),
                       ask(U, fun() -> ssl:send(Us, <<"still">>) end), ask(P, fun() -> ssl:recv(Ps, 0, 300) end),
                       ask(U, fun() -> ssl:close(Us) end)]
              end} || Active <- [false, true]]
            ++
            [{{raw_half, Active}, [{active, Active}],
              fun(U, Us, P, {sslsocket, Port, _, _, _, _, _, _} = Ps) ->
                      %% The peer's transport says FIN and nothing else.
                      gen_tcp:shutdown(Port, write),
                      [mail(U), ask(U, fun() -> ssl:recv(Us, 0, 300) end), ask(U, fun() -> ssl:send(Us, <<"still">>) end),
                       ask(P, fun() -> ssl:recv(Ps, 0, 300) end)]
              end} || Active <- [false, true]]
            ++
            [{close_with_unread, [], fun(U, Us, P, Ps) ->
                                             ask(P, fun() -> ssl:send(Ps, binary:copy(<<"x">>, 50000)) end), rest(),
                                             [ask(U, fun() -> ssl:close(Us) end), ask(P, fun() -> ssl:recv(Ps, 0, 500) end)]
                                     end},
             {close_twice, [], fun(U, Us, _, _) -> [ask(U, fun() -> ssl:close(Us) end) || _ <- [1, 2]] end},
             {both_close, [], fun(U, Us, P, Ps) -> A = order(U, fun() -> ssl:close(Us) end), B = order(P, fun() -> ssl:close(Ps) end),
                                                   [answer(A, ?HANG), answer(B, ?HANG)] end},
             {send_then_close, [], fun(U, Us, P, Ps) ->
                                           Big = binary:copy(<<"x">>, 300000),
                                           A = order(U, fun() -> [ssl:send(Us, Big), ssl:close(Us)] end),
                                           Got = ask(P, fun() -> received(Ps, <<>>) end, 10000),
                                           [answer(A, ?HANG), Got]
                                   end},
             {stuck_peer_close, [], fun(U, Us, _, _) ->
                                            Ref = order(actor(), fun() -> send_much(Us) end), rest(), rest(),
                                            [ask(U, fun() -> ssl:close(Us) end, 8000), answer(Ref, 8000)]
                                    end},
             {send_timeout, [{send_timeout, 300}, {sndbuf, 10000}], fun(U, Us, _, _) ->
                                                   [ask(U, fun() -> send_much(Us) end, 8000), mail(U), ask(U, fun() -> ssl:recv(Us, 0, 100) end),
                                                    ask(U, fun() -> ssl:close(Us) end, 8000)]
                                           end},
             {send_timeout_close, [{send_timeout, 300}, {send_timeout_close, true}, {sndbuf, 10000}],
              fun(U, Us, _, _) ->
                      [ask(U, fun() -> send_much(Us) end, 8000), mail(U), ask(U, fun() -> ssl:send(Us, <<"x">>) end),
                       ask(U, fun() -> ssl:recv(Us, 0, 100) end), ask(U, fun() -> ssl:close(Us) end, 8000)]
              end},
             {send_timeout_active, [{send_timeout, 300}, {send_timeout_close, true}, {sndbuf, 10000}, {active, true}],
              fun(U, Us, _, _) ->
                      [ask(U, fun() -> send_much(Us) end, 8000), mail(U), ask(U, fun() -> ssl:send(Us, <<"x">>) end),
                       ask(U, fun() -> ssl:close(Us) end, 8000)]
              end}]].

send_much(S) ->
    case ssl:send(S, binary:copy(<<"x">>, 1000000)) of
        ok -> send_much(S);
        Error -> Error
    end.

%%--------------------------------------------------------------------------------------------------------------------
%% Downgrade, upgrade, transports
%%--------------------------------------------------------------------------------------------------------------------

downgrades() ->
    [{{down, Role, Name}, fun() -> {U, Us, P, Ps} = pair(Role, Options), Fun(U, Us, P, Ps) end}
     || Role <- roles(),
        {Name, Options, Fun} <-
            [{both, [], fun(U, Us, P, Ps) ->
                                A = order(U, fun() -> ssl:close(Us, {self(), 2000}) end),
                                B = order(P, fun() -> ssl:close(Ps, {self(), 2000}) end),
                                case {answer(A, 3000), answer(B, 3000)} of
                                    {{ok, Uport}, {ok, Pport}} ->
                                        [ask(U, fun() -> inet:getopts(Uport, [active, packet, mode, header]) end),
                                         ask(U, fun() -> gen_tcp:send(Uport, <<"plain">>) end), ask(P, fun() -> gen_tcp:recv(Pport, 0, 1000) end),
                                         ask(P, fun() -> gen_tcp:send(Pport, <<"plain">>) end), ask(U, fun() -> gen_tcp:recv(Uport, 0, 1000) end),
                                         ask(U, fun() -> ssl:send(Us, <<"a">>) end), ask(U, fun() -> ssl:recv(Us, 0, 100) end), mail(U)];
                                    Other -> Other
                                end
                        end},
             {peer_does_not, [], fun(U, Us, P, Ps) ->
                                         [ask(U, fun() -> ssl:close(Us, {self(), 300}) end), ask(P, fun() -> ssl:recv(Ps, 0, 300) end), mail(U)]
                                 end},
             {peer_closes, [], fun(U, Us, P, Ps) ->
                                       A = order(U, fun() -> ssl:close(Us, {self(), 2000}) end), rest(),
                                       B = ask(P, fun() -> ssl:close(Ps) end),
                                       [answer(A, 3000), B, mail(U)]
                               end},
             {peer_closed_before, [], fun(U, Us, P, Ps) ->
                                              B = ask(P, fun() -> ssl:close(Ps) end), rest(),
                                              [ask(U, fun() -> ssl:close(Us, {self(), 1000}) end), B]
                                      end},
             {peer_closed_before_active, [{active, true}], fun(U, Us, P, Ps) ->
                                              B = ask(P, fun() -> ssl:close(Ps) end), rest(),
                                              [ask(U, fun() -> ssl:close(Us, {self(), 1000}) end), B, mail(U)]
                                      end},
             {active, [{active, true}], fun(U, Us, P, Ps) ->
                                A = order(U, fun() -> ssl:close(Us, {self(), 2000}) end),
                                B = order(P, fun() -> ssl:close(Ps, {self(), 2000}) end),
                                [answer(A, 3000), answer(B, 3000), mail(U)]
                        end},
             {data_first, [], fun(U, Us, P, Ps) ->
                                ask(P, fun() -> ssl:send(Ps, <<"unread">>) end), rest(),
                                A = order(U, fun() -> ssl:close(Us, {self(), 2000}) end),
                                B = order(P, fun() -> ssl:close(Ps, {self(), 2000}) end),
                                [answer(A, 3000), answer(B, 3000), mail(U)]
                        end},
             {plain_follows, [], fun(U, Us, P, Ps) ->
                                B = order(P, fun() -> case ssl:close(Ps, {self(), 2000}) of {ok, Port} -> gen_tcp:send(Port, <<"plain">>); E -> E end end),
                                rest(),
                                A = order(U, fun() -> case ssl:close(Us, {self(), 2000}) of
                                                          {ok, Port} -> {ok, gen_tcp:recv(Port, 0, 1000)};
                                                          {ok, _, Data} -> {ok, {ok, Data}};
                                                          E -> E end end),
                                [answer(A, 3000), answer(B, 3000), mail(U)]
                        end},
             {plain_follows_at_once, [], fun(U, Us, P, Ps) ->
                                B = order(P, fun() -> case ssl:close(Ps, {self(), 2000}) of {ok, Port} -> gen_tcp:send(Port, <<"plain">>); E -> E end end),
                                A = order(U, fun() -> timer:sleep(500), case ssl:close(Us, {self(), 2000}) of
                                                          {ok, Port} -> {ok, gen_tcp:recv(Port, 0, 1000)};
                                                          {ok, _, Data} -> {ok, {ok, Data}};
                                                          E -> E end end),
                                [answer(A, 4000), answer(B, 3000), mail(U)]
                        end},
             {to_another, [], fun(U, Us, P, Ps) ->
                                Other = actor(),
                                A = order(U, fun() -> ssl:close(Us, {Other, 2000}) end),
                                B = order(P, fun() -> ssl:close(Ps, {self(), 2000}) end),
                                case answer(A, 3000) of
                                    {ok, Port} -> [answer(B, 3000), erlang:port_info(Port, connected) =:= {connected, Other}];
                                    E -> E
                                end
                        end},
             {owner_dies, [], fun(U, Us, P, Ps) ->
                                order(U, fun() -> ssl:close(Us, {self(), 2000}) end), rest(),
                                unlink(U), exit(U, kill),
                                [ask(P, fun() -> ssl:recv(Ps, 0, 1000) end)]
                        end},
             {arguments, [], fun(U, Us, _, _) -> [ask(U, fun() -> ssl:close(Us, W) end) || W <- [{a, 5}, {self(), -1}, {self(), a}, -1, a]] end}]].

upgrades() ->
    [{{up, Name}, Fun}
     || {Name, Fun} <-
            [{{both, Options}, fun() ->
                          {S, Sp, C, Cp} = plain(),
                          A = order(S, fun() -> ssl:handshake(Sp, merged(Options, server_options()), 5000) end),
                          B = order(C, fun() -> ssl:connect(Cp, merged(Options, client_options()), 5000) end),
                          case {answer(A, 6000), answer(B, 6000)} of
                              {{ok, Ss}, {ok, Cs}} ->
                                  [ask(S, fun() -> ssl:send(Ss, <<"hello\n">>) end), ask(C, fun() -> ssl:recv(Cs, 0, 1000) end), mail(C),
                                   ask(C, fun() -> ssl:send(Cs, <<"hello\n">>) end), ask(S, fun() -> ssl:recv(Ss, 0, 1000) end), mail(S),
                                   ask(S, fun() -> ssl:getopts(Ss, [active, packet, mode]) end), ask(C, fun() -> ssl:getopts(Cs, [active, packet, mode]) end),
                                   ask(C, fun() -> ssl:close(Cs) end), mail(S), ask(S, fun() -> ssl:close(Ss) end)];
                              Other -> Other
                          end
                  end} || Options <- [[], [{active, true}], [{packet, line}], [{packet, 2}, list], [{active, once}, {mode, list}], [{nodelay, true}]]]
            ++
            [{{plain_options, Options}, fun() ->
                          {S, Sp, C, Cp} = plain(),
                          Set = ask(S, fun() -> inet:setopts(Sp, Options) end),
                          A = order(S, fun() -> ssl:handshake(Sp, server_options(), 3000) end),
                          timer:sleep(200),
                          B = order(C, fun() -> ssl:connect(Cp, client_options(), 3000) end),
                          case {answer(A, 4000), answer(B, 4000)} of
                              {{ok, Ss}, {ok, _}} -> [Set, ask(S, fun() -> ssl:getopts(Ss, [active, packet, mode]) end), mail(S)];
                              Other -> Other
                          end
                  end} || Options <- [[{active, true}], [{active, once}], [list], [{packet, 4}], [{header, 2}]]]
            ++
            [{not_owner, fun() ->
                          {_, Sp, _, Cp} = plain(),
                          [aside(fun() -> ssl:handshake(Sp, server_options(), 500) end), aside(fun() -> ssl:connect(Cp, client_options(), 500) end)]
                  end},
             {closed, fun() ->
                          {S, Sp, C, Cp} = plain(),
                          ask(S, fun() -> gen_tcp:close(Sp) end), ask(C, fun() -> gen_tcp:close(Cp) end),
                          [ask(S, fun() -> ssl:handshake(Sp, server_options(), 500) end), ask(C, fun() -> ssl:connect(Cp, client_options(), 500) end)]
                  end},
             {peer_closed, fun() ->
                          {S, Sp, C, Cp} = plain(),
                          ask(S, fun() -> gen_tcp:close(Sp) end), rest(),
                          [ask(C, fun() -> ssl:connect(Cp, client_options(), 500) end)]
                  end},
             {peer_closed_server, fun() ->
                          {S, Sp, C, Cp} = plain(),
                          ask(C, fun() -> gen_tcp:close(Cp) end), rest(),
                          [ask(S, fun() -> ssl:handshake(Sp, server_options(), 500) end)]
                  end},
             {times_out, fun() ->
                          {S, Sp, C, Cp} = plain(),
                          [ask(S, fun() -> ssl:handshake(Sp, server_options(), 200) end), ask(C, fun() -> ssl:connect(Cp, client_options(), 200) end),
                           ask(S, fun() -> gen_tcp:send(Sp, <<"a">>) end), ask(C, fun() -> gen_tcp:send(Cp, <<"a">>) end)]
                  end},
             {bad_options, fun() ->
                          {S, Sp, C, Cp} = plain(),
                          [ask(S, fun() -> ssl:handshake(Sp, [{what, is}, {verify, maybe_so}], 500) end), ask(C, fun() -> ssl:connect(Cp, [{verify, maybe_so}], 500) end),
                           ask(S, fun() -> ssl:handshake(Sp, [], 500) end),
                           ask(S, fun() -> gen_tcp:send(Sp, <<"a">>) end), ask(C, fun() -> gen_tcp:recv(Cp, 1, 200) end)]
                  end},
             {data_before, fun() ->
                          {S, Sp, C, Cp} = plain(),
                          ask(C, fun() -> gen_tcp:send(Cp, <<"plain">>) end),
                          First = ask(S, fun() -> gen_tcp:recv(Sp, 5, 1000) end),
                          A = order(S, fun() -> ssl:handshake(Sp, merged([], server_options()), 3000) end),
                          B = order(C, fun() -> ssl:connect(Cp, merged([], client_options()), 3000) end),
                          [First, answer(A, 4000), answer(B, 4000)]
                  end},
             {what, fun() -> [ask(actor(), fun() -> ssl:handshake(W, server_options(), 500) end) || W <- [a, undefined, {a, b}]]
                             ++ [ask(actor(), fun() -> ssl:connect(W, client_options(), 500) end) || W <- [a, undefined, {a, b}]] end},
             {owner_dies, fun() ->
                          {S, Sp, C, Cp} = plain(),
                          A = order(S, fun() -> ssl:handshake(Sp, merged([], server_options()), 3000) end),
                          B = order(C, fun() -> ssl:connect(Cp, merged([], client_options()), 3000) end),
                          {ok, _} = answer(A, 4000), {ok, Cs} = answer(B, 4000),
                          unlink(S), exit(S, kill),
                          [ask(C, fun() -> ssl:recv(Cs, 0, 1000) end)]
                  end}]].

%% Two actors with a plain connection.
plain() -> plain([{active, false}, binary]).

plain(Options) ->
    S = actor(), C = actor(),
    {ok, L} = ask(S, fun() -> gen_tcp:listen(0, [{ip, {127, 0, 0, 1}} | Options]) end),
    {ok, Port} = inet:port(L),
    A = order(S, fun() -> gen_tcp:accept(L) end),
    {ok, Cp} = ask(C, fun() -> gen_tcp:connect({127, 0, 0, 1}, Port, Options) end),
    {ok, Sp} = answer(A, 5000),
    ask(S, fun() -> gen_tcp:close(L) end),
    {S, Sp, C, Cp}.

transports() ->
    [{{transport, Role, Name, What}, fun() -> {U, Us, P, Ps} = pair(Role, Options), Fun(U, Us, P, Ps) end}
     || Role <- roles(),
        {Name, Options} <- [{socket_backend, [{inet_backend, socket}]}, {inet_backend, [{inet_backend, inet}]},
                            {four, [{cb_info, {gen_tcp, tcp, tcp_closed, tcp_error}}]},
                            {five, [{cb_info, {gen_tcp, tcp, tcp_closed, tcp_error, tcp_passive}}]}],
        {What, Fun} <-
            [{echo, fun(U, Us, P, Ps) ->
                            Big = binary:copy(<<"x">>, 200000),
                            order(P, fun() -> {ok, D} = ssl:recv(Ps, 200000, 5000), ssl:send(Ps, D) end),
                            [ask(U, fun() -> ssl:send(Us, Big) end, 5000), ask(U, fun() -> ssl:recv(Us, 200000, 5000) end, 6000)]
                    end},
             {active, fun(U, Us, P, Ps) ->
                              ask(U, fun() -> ssl:setopts(Us, [{active, 2}, {packet, line}]) end),
                              ask(P, fun() -> ssl:send(Ps, <<"a\nb\nc\n">>) end),
                              [mail(U), ask(U, fun() -> ssl:recv(Us, 0, 100) end), ask(U, fun() -> ssl:setopts(Us, [{active, true}]) end),
                               begin ask(P, fun() -> ssl:send(Ps, <<"d\ne">>), ssl:close(Ps) end), mail(U) end]
                      end},
             {ends, fun(U, Us, P, Ps) ->
                              [ask(U, fun() -> ssl:recv(Us, 0, 100) end), ask(P, fun() -> ssl:close(Ps) end), ask(U, fun() -> ssl:recv(Us, 0, 500) end),
                               ask(U, fun() -> ssl:send(Us, <<"a">>) end), ask(U, fun() -> ssl:close(Us) end)]
                      end},
             {shut, fun(U, Us, P, Ps) ->
                              [ask(U, fun() -> ssl:shutdown(Us, write) end), ask(P, fun() -> ssl:recv(Ps, 0, 500) end),
                               ask(U, fun() -> ssl:close(Us) end)]
                      end},
             {names, fun(U, Us, _, _) -> [ask(U, fun() -> [ssl:peername(Us), ssl:sockname(Us), element(1, ssl:getstat(Us))] end)] end},
             {down, fun(U, Us, P, Ps) ->
                                A = order(U, fun() -> ssl:close(Us, {self(), 2000}) end),
                                B = order(P, fun() -> ssl:close(Ps, {self(), 2000}) end),
                                [answer(A, 3000), answer(B, 3000)]
                        end}]].

%%--------------------------------------------------------------------------------------------------------------------
%% Comparing
%%--------------------------------------------------------------------------------------------------------------------

compare(StockFile, OwnFile) ->
    {ok, [Stock]} = file:consult(StockFile),
    {ok, [Own]} = file:consult(OwnFile),
    Differ = [{Name, S, O} || {Name, O} <- Own, {_, S} <- [lists:keyfind(Name, 1, Stock)], S =/= O],
    [io:format("~tp~n  stock ~tp~n  own   ~tp~n", [Name, S, O]) || {Name, S, O} <- Differ],
    io:format("~b scenes, ~b differ~n", [length(Own), length(Differ)]),
    length(Differ).
