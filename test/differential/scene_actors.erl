%% The actors of scenes: processes that do what they are told, connections between two of them, and what they look at.
-module(scene_actors).
-export([prepare/0, actor/0, ask/2, ask/3, order/2, answer/2, aside/1, mail/1, rest/0, roles/0]).
-export([pair/2, pair/3, accepted/1, plain/0, plain/1, received/2, tear/1, merged/2, server_options/0, client_options/0]).

-define(QUIET, 200).        % milliseconds in which nothing more comes
-define(HANG, 2000).        % a call that takes longer has no answer

%% Before the first scene.
prepare() -> persistent_term:put(?MODULE, credentials()).

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
    {_, _, P, Ps} = Pair = case Role of
                               server -> {Server, S, Client, C};
                               client -> {Client, C, Server, S}
                           end,
    %% What it sends goes when it is sent: how it is put into messages shall not depend on the time.
    ask(P, fun() -> ssl:setopts(Ps, [{nodelay, true}]) end),
    Pair.

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

rest() -> timer:sleep(200).

roles() -> [client, server].

%% An accepted socket, no handshake yet, and its plain peer.
accepted(Options) ->
    U = actor(),
    {ok, L} = ask(U, fun() -> ssl:listen(0, merged(Options, server_options())) end),
    {ok, {_, Port}} = ssl:sockname(L),
    Accept = order(U, fun() -> ssl:transport_accept(L, 5000) end),
    {ok, Plain} = gen_tcp:connect({127, 0, 0, 1}, Port, [{active, false}, binary]),
    {ok, A} = answer(Accept, 5000),
    {U, A, Plain}.

%% All that comes until it is quiet.
received(S, Acc) ->
    case ssl:recv(S, 0, 200) of
        {ok, Data} -> received(S, <<Acc/binary, Data/binary>>);
        {error, timeout} -> Acc;
        Error -> {Acc, Error}
    end.

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
