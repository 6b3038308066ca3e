%% Offences in every state: a client and a server of one library with somebody between them, who changes, adds, doubles or drops one
%% record of one direction. Told is what both say of it: the state they were in, who raised the alert, and which. What is in the clear
%% he cuts into one message a record, so that both libraries' records are the same ones.
%%
%% As in `live`: answers/2 writes what one library says, compare/2 holds the two files against each other.
-module(tampered).
-export([answers/2, compare/2]).

-define(TIME, 4000).

answers(Which, Dir) ->
    {ok, _} = application:ensure_all_started(ssl),
    logger:set_primary_config(level, none),
    {ok, Bin} = file:read_file(filename:join(Dir, "live.credentials")),
    {Server, Client, _} = binary_to_term(Bin),
    Answers = together([{Case, fun() -> play(Case, Server, Client) end} || Case <- cases()], 12, [], []),
    ok = file:write_file(filename:join(Dir, "tampered." ++ atom_to_list(Which)), term_to_binary(lists:sort(Answers))).

cases() ->
    [{Version, Setting, Direction, Record, How}
     || Version <- ['tlsv1.3', 'tlsv1.2', 'tlsv1.1', tlsv1, both],
        Setting <- [plain, client_certificate],
        Direction <- [to_client, to_server],
        Record <- lists:seq(1, records(Version, Setting, Direction)),
        How <- [flipped, type_0, type_23, no_type, doubled, dropped, alert, warning, garbage, version_0, version_5, long, empty, request]].

%% Up to the first protected one: in the clear are the messages, then change_cipher_spec.
records(Version, _, _) when Version =:= 'tlsv1.3'; Version =:= both -> 3;
records(_, plain, to_client) -> 6;                  % hello, certificate, key exchange, done
records(_, plain, to_server) -> 4;                  % hello, key exchange
records(_, client_certificate, to_client) -> 7;     % and certificate request
records(_, client_certificate, to_server) -> 6.     % and certificate, its verification

together([], _, [], Told) -> Told;
together([{Case, Fun} | Rest], N, Running, Told) when length(Running) < N ->
    {_, Ref} = spawn_monitor(fun() -> exit({told, Fun()}) end),
    together(Rest, N, [{Ref, Case} | Running], Told);
together(Rest, N, Running, Told) ->
    receive
        {'DOWN', Ref, process, _, Reason} ->
            {value, {_, Case}, Others} = lists:keytake(Ref, 1, Running),
            together(Rest, N, Others, [{Case, case Reason of {told, T} -> T; _ -> died end} | Told])
    end.

play({Version, Setting, Direction, Record, How}, ServerOptions, ClientOptions) ->
    Common = [{versions, case Version of both -> ['tlsv1.3', 'tlsv1.2']; _ -> [Version] end}, {active, false}, {log_level, none}, binary],
    Asked = case Setting of plain -> []; client_certificate -> [{verify, verify_peer}, {fail_if_no_peer_cert, true}] end,
    {ok, L} = ssl:listen(0, Common ++ Asked ++ ServerOptions),
    {ok, {_, Port}} = ssl:sockname(L),
    {ok, Front} = gen_tcp:listen(0, [binary, {active, false}, {ip, {127, 0, 0, 1}}]),
    {ok, FrontPort} = inet:port(Front),
    Self = self(),
    Own = case Setting of plain -> [O || {N, _} = O <- ClientOptions, N =:= cacerts]; client_certificate -> ClientOptions end,
    {Server, _} = spawn_monitor(fun() ->
                              {ok, A} = ssl:transport_accept(L, ?TIME),
                              Self ! {server, told(ssl:handshake(A, ?TIME))}
                      end),
    {Client, _} = spawn_monitor(fun() ->
                              Self ! {client, told(ssl:connect({127, 0, 0, 1}, FrontPort, Common ++ [{verify, verify_none} | Own], ?TIME))}
                      end),
    {ok, C} = gen_tcp:accept(Front, ?TIME),
    {ok, S} = gen_tcp:connect({127, 0, 0, 1}, Port, [binary, {active, false}, {nodelay, true}]),
    ok = inet:setopts(C, [{nodelay, true}]),
    carry(C, S, case Direction of to_server -> {Record, How}; to_client -> none end),
    carry(S, C, case Direction of to_client -> {Record, How}; to_server -> none end),
    Told = [receive {Who, What} -> What after 3 * ?TIME -> nothing end || Who <- [client, server]],
    exit(Server, kill), exit(Client, kill),
    gen_tcp:close(C), gen_tcp:close(S), gen_tcp:close(Front), ssl:close(L),
    Told.

%% What a side says, and, connected, what it says when it reads.
told({ok, Socket}) ->
    case ssl:recv(Socket, 0, 600) of
        {error, {tls_alert, _} = Alert} -> {connected, state(Alert)};
        {error, Reason} -> {connected, Reason};
        {ok, _} -> {connected, data}
    end;
told({error, {tls_alert, _} = Alert}) -> state(Alert);
told({error, Reason}) -> Reason.

state({tls_alert, {Name, Text}}) ->
    case re:run(Text, "In state (\\S+)( at \\S+)? (generated|received) (\\S+) ALERT: (\\S+)", [{capture, [1, 3, 4, 5], list}]) of
        {match, [State | How]} -> {Name, State, How};
        nomatch -> {Name, Text}
    end.

%% Records one by one.
carry(From, To, Change) ->
    Pid = spawn_link(fun() -> receive go -> carry(From, To, Change, 1, clear) end end),
    ok = gen_tcp:controlling_process(From, Pid),
    Pid ! go.

carry(From, To, Change, N, State) ->
    case read(From) of
        {22, V, Fragment} when State =:= clear ->
            Messages = messages(Fragment, From),
            carry(From, To, Change, pass(To, [{22, V, M} || M <- Messages], Change, N), State);
        {Type, _, _} = Record ->
            carry(From, To, Change, pass(To, [Record], Change, N), case Type of 20 -> protected; _ -> State end);
        closed ->
            timer:sleep(50),
            gen_tcp:shutdown(To, write)
    end.

pass(_, [], _, N) -> N;
pass(To, [{Type, V, F} | Rest], Change, N) ->
    _ = gen_tcp:send(To, case Change of
                             {N, How} -> changed(How, Type, V, F);
                             _ -> record(Type, V, F)
                         end),
    pass(To, Rest, Change, N + 1).

read(From) ->
    case gen_tcp:recv(From, 5) of
        {ok, <<Type, V:16, 0:16>>} -> {Type, V, <<>>};
        {ok, <<Type, V:16, Length:16>>} ->
            case gen_tcp:recv(From, Length) of
                {ok, F} -> {Type, V, F};
                _ -> closed
            end;
        {error, _} -> closed
    end.

messages(<<>>, _) -> [];
messages(<<Type, Size:24, Body:Size/binary, Rest/binary>>, From) -> [<<Type, Size:24, Body/binary>> | messages(Rest, From)];
messages(Part, From) ->
    case read(From) of
        {22, _, More} -> messages(<<Part/binary, More/binary>>, From);
        _ -> [Part]
    end.

record(Type, V, F) -> <<Type, V:16, (byte_size(F)):16, F/binary>>.

changed(flipped, Type, V, F) ->
    Head = byte_size(F) - 1,
    <<H:Head/binary, Last>> = F,
    record(Type, V, <<H/binary, (Last bxor 1)>>);
changed(type_0, Type, V, <<_, F/binary>>) -> record(Type, V, <<0, F/binary>>);
changed(type_23, _, V, F) -> record(23, V, F);
changed(no_type, _, V, F) -> record(77, V, F);
changed(doubled, Type, V, F) -> [record(Type, V, F), record(Type, V, F)];
changed(dropped, _, _, _) -> [];
changed(alert, Type, V, F) -> [record(21, V, <<2, 47>>), record(Type, V, F)];
changed(warning, Type, V, F) -> [record(21, V, <<1, 90>>), record(Type, V, F)];
changed(garbage, _, _, _) -> <<"GET / HTTP/1.1\r\nHost: what\r\n\r\n">>;
changed(version_0, Type, _, F) -> record(Type, 0, F);
changed(version_5, Type, _, F) -> record(Type, 16#0505, F);
changed(long, Type, V, _) -> record(Type, V, binary:copy(<<1>>, 20000));
changed(empty, Type, V, F) -> [record(22, V, <<>>), record(Type, V, F)];
changed(request, Type, V, F) -> [record(22, V, <<0, 0:24>>), record(Type, V, F)].

%% Where both libraries tell of the same alert, raised by the same side, the state has to be the same. (Which alert it is, the RFCs
%% decide, and the tests of BoGo; stock has bad_record_mac for a record version that is none of TLS's, for one.)
compare(Dir, Show) ->
    [Stock, Own] = [begin {ok, B} = file:read_file(filename:join(Dir, "tampered." ++ W)), binary_to_term(B) end || W <- ["stock", "candidate"]],
    Pairs = [{Case, alert(S), alert(O)} || {Case, Owns} <- Own, {_, Stocks} <- [lists:keyfind(Case, 1, Stock)],
                                           is_list(Owns), is_list(Stocks), {S, O} <- lists:zip(Stocks, Owns)],
    Same = [{Case, InStock, InOwn} || {Case, {Alert, InStock, How}, {Alert, InOwn, How}} <- Pairs],
    Differ = [D || {_, InStock, InOwn} = D <- Same, InStock =/= InOwn, not is_before(InStock, InOwn)],
    [io:format("~p~n  stock ~s~n  own   ~s~n", [Case, S, O]) || {Case, S, O} <- lists:sublist(Differ, Show)],
    io:format("offences: ~b told alike, in ~b another state~n", [length(Same), length(Differ)]),
    case Same of
        [_, _ | _] -> length(Differ);
        _ -> 1
    end.

alert({connected, What}) -> alert(What);
alert({_, _, _} = Alert) -> Alert;
alert(_) -> none.

%% Stock's records are looked at when they come, before the messages of those before them: its state may be an earlier one.
is_before(InStock, InOwn) ->
    Order = ["start", "hello", "wait_sh", "hello_middlebox_assert", "wait_ee", "wait_cert_cr", "wait_cert", "wait_cv", "certify",
             "wait_cert_verify", "cipher", "wait_finished", "connection"],
    lists:member(InOwn, lists:nthtail(1, lists:dropwhile(fun(Name) -> Name =/= InStock end, Order ++ [InStock]))).
