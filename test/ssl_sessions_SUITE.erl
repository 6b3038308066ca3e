%% Sessions of TLS before 1.3, without handshakes: caches, their limits, callback modules, and which session may be resumed
%% by whom. (Resumption over the wire: ssl_tls12_SUITE.)
-module(ssl_sessions_SUITE).

-include_lib("stdlib/include/assert.hrl").

-export([all/0, init_per_testcase/2, end_per_testcase/2]).
-export([default_callbacks/1, strange_hosts/1, oldest_goes_first/1, number_is_limited/1, many_writers/1, same_key/1, lifetime/1,
         callback_module/1, callback_parameters/1, callback_that_fails/1, callback_is_bounded/1, keeper_ends/1,
         bound_to_scope/1, bound_to_algorithms/1, server_name_binds/1, extended_master_secret/1, user_decides/1, client_offers/1, named_session/1,
         unique_or_saved/1, refused_session_goes/1, scope_of_funs/1, not_in_status/1]).
%% As a handler of logger.
-export([log/2]).

all() ->
    [default_callbacks, strange_hosts, oldest_goes_first, number_is_limited, many_writers, same_key, lifetime,
     callback_module, callback_parameters, callback_that_fails, callback_is_bounded, keeper_ends,
     bound_to_scope, bound_to_algorithms, server_name_binds, extended_master_secret, user_decides, client_offers, named_session,
     unique_or_saved, refused_session_goes, scope_of_funs, not_in_status].

-define(PARAMETERS, [session_lifetime, client_session_cb, server_session_cb, session_cb, client_session_cb_init_args,
                     server_session_cb_init_args, session_cb_init_args, session_cache_client_max, session_cache_server_max]).

init_per_testcase(_, Config) ->
    restart([]),
    Config.

end_per_testcase(_, _) ->
    ssl:stop(),
    [application:unset_env(ssl, P) || P <- ?PARAMETERS].

restart(Parameters) ->
    ssl:stop(),
    _ = application:load(ssl),
    [application:unset_env(ssl, P) || P <- ?PARAMETERS],
    [application:set_env(ssl, P, V) || {P, V} <- Parameters],
    ok = ssl:start().

%%--------------------------------------------------------------------------------------------------------------------
%% Caches
%%--------------------------------------------------------------------------------------------------------------------

default_callbacks(_) ->
    [begin
         Cache = Module:init([{role, client}]),
         0 = Module:size(Cache),
         undefined = Module:lookup(Cache, {{"a", 1}, <<1>>}),
         _ = [Module:update(Cache, {{Host, 1}, <<N>>}, {session, Host, N}) || Host <- ["a", "b"], N <- [1, 2, 3]],
         _ = Module:update(Cache, {{"a", 1}, <<1>>}, changed),
         6 = Module:size(Cache),
         changed = Module:lookup(Cache, {{"a", 1}, <<1>>}),
         _ = Module:delete(Cache, {{"a", 1}, <<2>>}),
         _ = Module:delete(Cache, {{"a", 1}, <<2>>}),
         5 = Module:size(Cache),
         _ = Module:update(Cache, <<"id">>, by_id),
         by_id = Module:lookup(Cache, <<"id">>),
         _ = Module:terminate(Cache),
         undefined = Module:lookup(Cache, <<"id">>),
         0 = Module:size(Cache)
     end || Module <- [ssl_client_session_cache_db, ssl_server_session_cache_db]],
    Cache = ssl_client_session_cache_db:init([]),
    [ssl_client_session_cache_db:update(Cache, {{Host, Port}, <<N>>}, {Host, Port, N})
     || Host <- ["a", "b", {127, 0, 0, 1}], Port <- [1, 2], N <- [1, 2]],
    ?assertEqual([{"a", 2, 1}, {"a", 2, 2}], lists:sort(ssl_client_session_cache_db:select_session(Cache, {"a", 2}))),
    ?assertEqual([], ssl_client_session_cache_db:select_session(Cache, {"c", 2})),
    ?assertEqual(12, ssl_client_session_cache_db:foldl(fun({{_, _}, {_, _, _}}, N) -> N + 1 end, 0, Cache)),
    %% update and delete of the server's give the cache, as OTP's own
    Server = ssl_server_session_cache_db:init([]),
    1 = ssl_server_session_cache_db:size(ssl_server_session_cache_db:update(Server, <<1>>, one)),
    0 = ssl_server_session_cache_db:size(ssl_server_session_cache_db:delete(Server, <<1>>)).

%% Hosts are terms of the user's: none of them stands for others.
strange_hosts(_) ->
    Cache = ssl_client_session_cache_db:init([]),
    Hosts = ['_', '$1', '$_', "a", undefined, {0, 0, 0, 0, 0, 0, 0, 1}, 'a', <<"a">>],
    [ssl_client_session_cache_db:update(Cache, {{Host, 443}, <<"x">>}, Host) || Host <- Hosts],
    [?assertEqual([Host], ssl_client_session_cache_db:select_session(Cache, {Host, 443})) || Host <- Hosts].

oldest_goes_first(_) ->
    Tables = ssl_session_tables:new(),
    none = ssl_session_tables:oldest(Tables),
    Keys = [crypto:strong_rand_bytes(32) || _ <- lists:seq(1, 100)],
    [ssl_session_tables:update(Tables, Key, v) || Key <- Keys],
    %% written again: the youngest
    [First | Rest] = Keys,
    ssl_session_tables:update(Tables, First, v),
    Order = fun Next(Acc) ->
                    case ssl_session_tables:oldest(Tables) of
                        {ok, Key} -> ssl_session_tables:delete(Tables, Key), Next([Key | Acc]);
                        none -> lists:reverse(Acc)
                    end
            end,
    ?assertEqual(Rest ++ [First], Order([])),
    0 = ssl_session_tables:size(Tables).

number_is_limited(_) ->
    restart([{session_cache_server_max, 5}, {session_cache_client_max, 2}]),
    Policy = server(#{}),
    Ids = [new_session(Policy, #{}) || _ <- lists:seq(1, 20)],
    5 = ssl_session_store:count(server),
    {Gone, Kept} = lists:split(15, Ids),
    [none = ssl_sessions:resume(Policy, Id, undefined) || Id <- Gone],
    [{session, _} = ssl_sessions:resume(Policy, Id, undefined) || Id <- Kept],
    [new_session(client(#{mode => save}, "host"), #{}) || _ <- lists:seq(1, 20)],
    2 = ssl_session_store:count(client).

many_writers(_) ->
    restart([{session_cache_server_max, 500}]),
    Policy = server(#{}),
    Writers = [spawn_monitor(fun() -> [begin
                                           Id = new_session(Policy, #{}),
                                           _ = ssl_sessions:resume(Policy, Id, undefined)
                                       end || _ <- lists:seq(1, 500)]
                             end) || _ <- lists:seq(1, 8)],
    [receive {'DOWN', Ref, process, _, Reason} -> ?assertEqual(normal, Reason) end || {_, Ref} <- Writers],
    %% each of those that came at the same moment may have seen room
    Count = ssl_session_store:count(server),
    ?assert(Count >= 400 andalso Count =< 508, Count),
    _ = new_session(Policy, #{}),
    ?assert(ssl_session_store:count(server) =< 500).

%% A server chooses identifiers, and may choose one for all connections that many processes make to it at once.
same_key(_) ->
    Tables = ssl_session_tables:new(),
    Key = {{"host", 443}, <<1>>},
    at_once(4, 5000, fun(N) when N rem 7 =:= 0 -> ssl_session_tables:delete(Tables, Key);
                        (N) -> ssl_session_tables:update(Tables, Key, N)
                     end),
    ssl_session_tables:update(Tables, Key, last),
    ?assertEqual(last, ssl_session_tables:lookup(Tables, Key)),
    ?assertEqual({ok, Key}, ssl_session_tables:oldest(Tables)),
    ssl_session_tables:delete(Tables, Key),
    ?assertEqual(none, ssl_session_tables:oldest(Tables)),
    %% and those that come later find room
    restart([{session_cache_client_max, 2}]),
    Policy = client(#{mode => save}, "host"),
    at_once(4, 2000, fun(_) -> new_session(Policy, #{id => <<1>>}) end),
    _ = [new_session(Policy, #{}) || _ <- lists:seq(1, 4)],
    2 = ssl_session_store:count(client).

at_once(Processes, Times, Fun) ->
    Running = [spawn_monitor(fun() -> lists:foreach(Fun, lists:seq(1, Times)) end) || _ <- lists:seq(1, Processes)],
    [receive {'DOWN', Ref, process, _, Reason} -> ?assertEqual(normal, Reason) end || {_, Ref} <- Running].

lifetime(_) ->
    restart([{session_lifetime, 2}]),
    Policy = server(#{}),
    Client = client(#{}, "host"),
    Id = new_session(Policy, #{}),
    _ = new_session(Client, #{}),
    {session, _} = ssl_sessions:resume(Policy, Id, undefined),
    {Bytes, _} = ssl_sessions:offer(Client, undefined, false),
    true = is_binary(Bytes),
    timer:sleep(2100),
    none = ssl_sessions:resume(Policy, Id, undefined),
    {undefined, _} = ssl_sessions:offer(Client, undefined, false),
    %% and it is not kept, even if nobody asks
    timer:sleep(2500),
    0 = ssl_session_store:count(client),
    0 = ssl_session_store:count(server).

%%--------------------------------------------------------------------------------------------------------------------
%% Callback modules
%%--------------------------------------------------------------------------------------------------------------------

-define(USERS, session_cache_of_user).

callback_module(_) ->
    restart([{client_session_cb, ?USERS}, {server_session_cb, ?USERS},
             {client_session_cb_init_args, [{tell, self()}, {own, 1}]}, {server_session_cb_init_args, [{tell, self()}, {own, 2}]}]),
    %% once for each role, the role first, in the process that writes
    ClientKeeper = receive {init, client, P1, [{role, client}, {tell, _}, {own, 1}]} -> P1 end,
    ServerKeeper = receive {init, server, P2, [{role, server}, {tell, _}, {own, 2}]} -> P2 end,
    Server = server(#{}),
    Id = new_session(Server, #{}),
    receive {update, ServerKeeper, Id} -> ok after 0 -> error(not_yet_kept) end,
    {session, _} = ssl_sessions:resume(Server, Id, undefined),
    ssl_sessions:failed(Server, Id),
    receive {delete, ServerKeeper, Id} -> ok end,
    none = ssl_sessions:resume(Server, Id, undefined),
    Client = client(#{}, "host"),
    ClientId = new_session(Client, #{}),
    receive {update, ClientKeeper, {{"host", 443}, ClientId}} -> ok after 0 -> error(not_yet_kept) end,
    {<<_, _/binary>>, #{offered := ClientId}} = ssl_sessions:offer(Client, undefined, false),
    ssl:stop(),
    receive {terminate, ClientKeeper} -> ok end,
    receive {terminate, ServerKeeper} -> ok end.

%% The names of before there were two of each.
callback_parameters(_) ->
    restart([{session_cb, ?USERS}, {session_cb_init_args, [{tell, self()}]}]),
    receive {init, client, _, [{role, client}, {tell, _}]} -> ok end,
    receive {init, server, _, _} -> error(server_too) after 100 -> ok end,
    %% what means nothing is as if it was not there
    restart([{session_lifetime, -1}, {session_cache_server_max, foo}, {client_session_cb, "no atom"}]),
    Policy = server(#{}),
    {session, _} = ssl_sessions:resume(Policy, new_session(Policy, #{}), undefined).

%% An unlucky cache costs the resumption, not the connection; nothing of the session is in the log.
callback_that_fails(_) ->
    restart([{server_session_cb, ?USERS}, {server_session_cb_init_args, [{tell, self()}]}]),
    receive {init, server, Keeper, _} -> ok end,
    {links, Links} = process_info(Keeper, links),
    Policy = server(#{}),
    Id = new_session(Policy, #{}),
    {session, _} = ssl_sessions:resume(Policy, Id, undefined),
    %% a module that is no cache at all
    Store = persistent_term:get({ssl_session_store, server}),
    persistent_term:put({ssl_session_store, server}, setelement(2, Store, lists)),
    ok = logger:add_handler(?MODULE, ?MODULE, #{config => #{tell => self()}}),
    try
        none = ssl_sessions:resume(Policy, Id, undefined),
        Report = receive {log, Text} -> Text end,
        nomatch = string:find(Report, "secret data"),
        nomatch = string:find(Report, binary_to_list(binary:encode_hex(Id)))
    after
        logger:remove_handler(?MODULE),
        persistent_term:put({ssl_session_store, server}, Store)
    end,
    true = length(Links) >= 1.

log(Event, #{config := #{tell := Pid}}) ->
    Pid ! {log, lists:flatten(logger_formatter:format(Event, #{single_line => true}))}.

callback_is_bounded(_) ->
    restart([{server_session_cb, ?USERS}, {server_session_cb_init_args, [{tell, self()}]}, {session_cache_server_max, 3},
             {session_lifetime, 3}]),
    Policy = server(#{}),
    Ids = [new_session(Policy, #{}) || _ <- lists:seq(1, 10)],
    3 = ssl_session_store:count(server),
    ?assertEqual(lists:nthtail(7, Ids), [Id || Id <- Ids, ssl_sessions:resume(Policy, Id, undefined) =/= none]),
    timer:sleep(6500),
    0 = ssl_session_store:count(server).

%% Its process ends: nothing is known for a moment, then all is as before.
keeper_ends(_) ->
    Policy = server(#{}),
    Id = new_session(Policy, #{}),
    Old = whereis(ssl_session_store_server),
    exit(Old, kill),
    Wait = fun Again() -> case whereis(ssl_session_store_server) of P when is_pid(P), P =/= Old -> ok; _ -> timer:sleep(10), Again() end end,
    Wait(),
    timer:sleep(50),
    none = ssl_sessions:resume(Policy, Id, undefined),
    {session, _} = ssl_sessions:resume(Policy, new_session(Policy, #{}), undefined).

%%--------------------------------------------------------------------------------------------------------------------
%% Who may resume what
%%--------------------------------------------------------------------------------------------------------------------

%% CVE-2026-105236: verification, trust, own certificates, and what a user's fun decides.
bound_to_scope(_) ->
    Policy = server(#{}),
    Id = new_session(Policy, #{}),
    {session, _} = ssl_sessions:resume(server(#{}), Id, undefined),
    Others = [#{verify => verify_peer}, #{trust => <<"other">>}, #{own => [[<<"other">>]]}, #{depth => 3},
              #{fail_if_no_peer_cert => true}, #{verify_fun => {fun(_, _, S) -> {valid, S} end, []}},
              #{partial_chain => fun(_) -> unknown_ca end}, #{psk_identity => <<"me">>},
              #{srp_identity => {<<"me">>, <<"password">>}}, #{allow_any_ca_purpose => true},
              #{cert_policy_opts => [{explicit_policy, true}]}],
    [?assertEqual({Other, none}, {Other, ssl_sessions:resume(server(Other#{mode => true}), Id, undefined)}) || Other <- Others],
    %% (verify_peer is what the others are compared with)
    Clients = [client(Other, "host") || Other <- tl(Others)],
    ClientId = new_session(client(#{}, "host"), #{}),
    [?assertMatch({undefined, _}, ssl_sessions:offer(Client, What, false)) || Client <- Clients, What <- [undefined, ClientId]],
    %% the password is not part of it: it could be guessed from session_data
    ?assertEqual(server(#{srp_identity => {<<"me">>, <<"1">>}}), server(#{srp_identity => {<<"me">>, <<"2">>}})).

%% What a peer may have signed with must be accepted by whoever resumes; more may be.
bound_to_algorithms(_) ->
    Usual = [16#0603, 16#0401],
    More = [16#0807, 16#0401, 16#0603, 16#0904],
    Takes = fun(Before, Now) ->
                    Id = new_session(server(#{algorithms => Before}), #{}),
                    Host = integer_to_list(erlang:unique_integer()),
                    Maker = client(#{algorithms => Before}, Host),
                    Other = client(#{algorithms => Now}, Host),
                    Kept = new_session(Maker, #{}),
                    Exported = ssl_sessions:export(Maker, undefined, <<"secret data">>),
                    [case What of
                         resume -> ssl_sessions:resume(server(#{algorithms => Now}), Id, undefined) =/= none;
                         _ -> {undefined, maps:remove(offered, Other)} =/= ssl_sessions:offer(Other, What, false)
                     end || What <- [resume, undefined, Kept, {Kept, Exported}]]
            end,
    [?assertEqual({Before, Now, [true, true, true, true]}, {Before, Now, Takes(Before, Now)})
     || {Before, Now} <- [{{Usual, Usual}, {lists:reverse(Usual), Usual}}, {{Usual, Usual}, {More, More}},
                          {{Usual, Usual}, {any, any}}, {{any, any}, {any, any}}, {{Usual, any}, {More, any}}]],
    [?assertEqual({Before, Now, [false, false, false, false]}, {Before, Now, Takes(Before, Now)})
     || {Before, Now} <- [{{More, Usual}, {Usual, Usual}}, {{Usual, More}, {Usual, Usual}}, {{any, any}, {Usual, Usual}},
                          {{Usual, any}, {any, Usual}}, {{Usual, Usual}, {[], []}}]],
    %% with the list cut off there is nothing left that could count as a session
    Long = ssl_sessions:export(client(#{}, "host"), undefined, <<>>),
    [{undefined, _} = ssl_sessions:offer(client(#{}, "host"), {<<"id">>, binary:part(Long, 0, N)}, false)
     || N <- lists:seq(0, byte_size(Long) - 1)].

%% RFC 6066 section 3.
server_name_binds(_) ->
    Policy = server(#{}),
    Id = new_session(Policy, #{server_name => <<"a.example">>}),
    {session, _} = ssl_sessions:resume(Policy, Id, <<"a.example">>),
    none = ssl_sessions:resume(Policy, Id, <<"b.example">>),
    none = ssl_sessions:resume(Policy, Id, undefined),
    _ = new_session(client(#{}, "a.example"), #{}),
    {undefined, _} = ssl_sessions:offer(client(#{}, "b.example"), undefined, false),
    %% the same server by name and port, another name verified
    {undefined, _} = ssl_sessions:offer(client(#{verified => disable}, "a.example"), undefined, false),
    {<<_, _/binary>>, _} = ssl_sessions:offer(client(#{}, "a.example"), undefined, false).

%% A server that verifies its clients resumes only with extended master secret, unless the user says otherwise.
extended_master_secret(_) ->
    extended = maps:get(mode, server(#{verify => verify_peer})),
    Careful = server(#{verify => verify_peer}),
    Told = server(#{verify => verify_peer, mode => true}),
    [Plain, Extended] = [new_session(Told, #{ems => Ems}) || Ems <- [false, true]],
    none = ssl_sessions:resume(Careful, Plain, undefined),
    {session, _} = ssl_sessions:resume(Careful, Extended, undefined),
    {session, _} = ssl_sessions:resume(Told, Plain, undefined),
    Before = ssl_session_store:count(server),
    _ = new_session(Careful, #{ems => false}),
    Before = ssl_session_store:count(server),
    none = ssl_sessions:resume(server(#{verify => verify_peer, mode => false}), Extended, undefined).

user_decides(_) ->
    Self = self(),
    Fun = fun(Answer) -> fun(Id, Peer, Compression, Suite) -> Self ! {asked, Id, Peer, Compression, Suite}, Answer() end end,
    Id = new_session(server(#{}), #{}),
    Decides = fun(Answer) -> (server(#{}))#{decide => Fun(Answer)} end,
    {session, _} = ssl_sessions:resume(Decides(fun() -> true end), Id, undefined),
    Suite = ssl:str_to_suite("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
    receive {asked, Id, <<"peer">>, 0, Suite} -> ok end,
    [none = ssl_sessions:resume(Decides(Answer), Id, undefined)
     || Answer <- [fun() -> false end, fun() -> yes end, fun() -> error(oops) end, fun() -> throw(true) end]].

client_offers(_) ->
    Client = client(#{}, "host"),
    {undefined, #{mode := true}} = ssl_sessions:offer(Client, undefined, false),
    Id = new_session(Client, #{}),
    {<<"secret data">>, #{offered := Id}} = ssl_sessions:offer(Client, undefined, false),
    %% not before a pause after which the options may be others
    {undefined, _} = ssl_sessions:offer(Client, undefined, true),
    [{undefined, _} = ssl_sessions:offer(client(#{mode => Mode}, "host"), undefined, false) || Mode <- [false, save]],
    %% only what can be negotiated
    {undefined, _} = ssl_sessions:offer(Client#{suites := [16#1301]}, undefined, false),
    {undefined, _} = ssl_sessions:offer(Client#{versions := [16#0302]}, undefined, false),
    %% a client that does not verify keeps none
    Careless = client(#{verify => verify_none}, "other"),
    _ = new_session(Careless, #{}),
    {undefined, _} = ssl_sessions:offer(Careless, undefined, false),
    {undefined, none} = ssl_sessions:offer(none, undefined, false).

named_session(_) ->
    Saved = client(#{mode => save}, "host"),
    [One, Two] = [new_session(Saved, #{data => Data}) || Data <- [<<"one">>, <<"two">>]],
    [{Data, #{offered := Id}} = ssl_sessions:offer(client(#{mode => Mode}, "host"), Id, false)
     || {Id, Data} <- [{One, <<"one">>}, {Two, <<"two">>}], Mode <- [true, false, save]],
    {undefined, _} = ssl_sessions:offer(client(#{}, "host"), <<"unknown">>, false),
    {undefined, _} = ssl_sessions:offer(client(#{}, "other"), One, false),
    %% session_data
    Exported = ssl_sessions:export(Saved, undefined, <<"mine">>),
    {<<"mine">>, #{offered := One}} = ssl_sessions:offer(client(#{mode => false}, "host"), {One, Exported}, false),
    [{undefined, _} = ssl_sessions:offer(Other, {One, Exported}, false)
     || Other <- [client(#{}, "other"), client(#{trust => <<"x">>}, "host"), client(#{verify => verify_none}, "host")]],
    [{undefined, _} = ssl_sessions:offer(Saved, {One, Bad}, false)
     || Bad <- [<<>>, <<1>>, <<0, Exported/binary>>, binary:part(Exported, 0, 20), term_to_binary(foo)]].

unique_or_saved(_) ->
    [new_session(client(#{}, "host"), #{}) || _ <- lists:seq(1, 5)],
    1 = ssl_session_store:count(client),
    [new_session(client(#{mode => save}, "host"), #{}) || _ <- lists:seq(1, 5)],
    6 = ssl_session_store:count(client),
    new_session(client(#{}, "host"), #{cipher_suite => 16#C030}),
    7 = ssl_session_store:count(client).

%% A server that knows the offered session no more: the new one takes its place.
refused_session_goes(_) ->
    Client = client(#{}, "host"),
    Old = new_session(Client, #{}),
    {_, #{offered := Old} = Offering} = ssl_sessions:offer(Client, undefined, false),
    New = new_session(Offering, #{}),
    {_, #{offered := New}} = ssl_sessions:offer(Client, undefined, false),
    1 = ssl_session_store:count(client).

%% The same fun in another process is the same fun; with other values in it, another.
scope_of_funs(_) ->
    Make = fun(Value) -> {fun(_, _, State) -> {valid, {Value, State}} end, []} end,
    Policy = fun(Value) -> maps:get(scope, server(#{verify_fun => Make(Value)})) end,
    Self = self(),
    spawn(fun() -> Self ! {scope, Policy(1)} end),
    Elsewhere = receive {scope, Scope} -> Scope end,
    ?assertEqual(Policy(1), Elsewhere),
    ?assertNotEqual(Policy(1), Policy(2)),
    ?assertEqual(maps:get(scope, server(#{verify_fun => {fun ?MODULE:all/0, []}})),
                 maps:get(scope, server(#{verify_fun => {fun ?MODULE:all/0, []}}))).

not_in_status(_) ->
    Id = new_session(server(#{}), #{}),
    [begin
         Shown = lists:flatten(io_lib:format("~0p", [sys:get_status(Name)])),
         nomatch = string:find(Shown, "secret data"),
         nomatch = string:find(Shown, lists:flatten(io_lib:format("~0p", [Id])))
     end || Name <- [ssl_session_store_client, ssl_session_store_server]].

%%--------------------------------------------------------------------------------------------------------------------
%% Policies as connections have them
%%--------------------------------------------------------------------------------------------------------------------

options(Role, More) ->
    maps:merge(#{verify => case Role of client -> verify_peer; server -> verify_none end,
                 versions => ['tlsv1.2'], ciphers => [16#C02F, 16#C030], depth => 10, verify_fun => undefined,
                 partial_chain => undefined}, maps:without([trust, own, mode, verified, algorithms], More)).

policy(Role, More) ->
    Options = options(Role, More),
    Scope = ssl_sessions:config_scope(Options, maps:get(trust, More, <<"trust">>), maps:get(own, More, [[<<"leaf">>, <<"ca">>]])),
    Mode = case More of
               #{mode := Given} -> Given;
               #{} -> default_mode(Role, Options)
           end,
    {Handshake, Certificates} = maps:get(algorithms, More, {[16#0603, 16#0401], [16#0603, 16#0401]}),
    ssl_sessions:policy(Role, Options#{reuse_sessions => Mode}, {Scope, ssl_sessions:algorithms(Handshake, Certificates)}).

default_mode(client, _) -> true;
default_mode(server, #{verify := verify_none}) -> true;
default_mode(server, #{verify := verify_peer}) -> extended.

server(More) -> policy(server, More).

client(More, Host) ->
    ssl_sessions:with_server(policy(client, More), {Host, 443, maps:get(verified, More, Host)}).

new_session(Policy, More) ->
    Id = crypto:strong_rand_bytes(32),
    Event = maps:merge(#{id => Id, data => <<"secret data">>, version => 16#0303, cipher_suite => 16#C02F,
                         server_name => undefined, ems => true}, More),
    ok = ssl_sessions:created(Policy, Event, <<"peer">>),
    Id.
