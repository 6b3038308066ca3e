%% The NIF alone, below TLS 1.3: two connections in memory, with every key exchange; what is asked is answered as in a
%% connection, by ssl_verdict.
-module(ssl_native12_SUITE).

-include_lib("common_test/include/ct.hrl").
-include_lib("stdlib/include/assert.hrl").

-compile([export_all, nowarn_export_all]).

-define(VERSIONS, [{tls12, 16#0303}, {tls11, 16#0302}, {tls10, 16#0301}]).
-define(SCHEMES, [16#0403, 16#0503, 16#0804, 16#0401, 16#0203, 16#0201]).

suite() -> [{timetrap, {minutes, 2}}].

all() -> [config_fields, config_refuses, saved_sessions_of_nobody | [{group, G} || {G, _, _} <- groups()]].

groups() ->
    Cases = [ecdhe, ecdhe_with_curves_of_crypto, rsa, rsa_external, ecdh_static, ecdh_static_external, dhe, dh_anon, ecdh_anon, psk,
             dhe_psk, ecdhe_psk, rsa_psk, psk_unknown, psk_wrong, srp, srp_with_certificate, srp_unknown, srp_wrong_password,
             client_certificate, external_keys_sign, resumed, not_resumed_under_another_scope, renegotiated,
             master_secrets_agree, wrong_answers],
    [{Name, [], Cases} || {Name, _} <- ?VERSIONS].

init_per_suite(Config) ->
    Ca = certificate_maker:ca("root", self),
    Every = #{extensions => [certificate_maker:usage([digitalSignature, keyEncipherment, keyAgreement])]},
    Ec = certificate_maker:leaf(["server.test"], Ca, Every),
    %% Before TLS 1.2 the suite says how the certificate is signed, too.
    RsaCa = certificate_maker:ca(#{name => "RSA root", key => certificate_maker:key({rsa, 2048})}, self),
    Rsa = certificate_maker:leaf(["server.test"], RsaCa, Every#{key => certificate_maker:key({rsa, 2048})}),
    [{ec, Ec}, {rsa, Rsa} | Config].

end_per_suite(_) -> ok.

init_per_group(Name, Config) -> [{version, proplists:get_value(Name, ?VERSIONS)} | Config].

end_per_group(_, _) -> ok.

%%--------------------------------------------------------------------------------------------------------------------
%% Objects
%%--------------------------------------------------------------------------------------------------------------------

base(Version) ->
    #{versions => [Version], cipher_suites => [16#c013], groups => [29, 23], signature_algs => ?SCHEMES, curves => [29, 23]}.

%% Every field, in every form; another value is another configuration, and the same the same.
config_fields(_) ->
    Base = base(16#0303),
    {ok, Plain} = ssl_native:config(Base),
    Configs = [begin
                   {ok, One} = ssl_native:config(Base#{Key => Value}),
                   {ok, Same} = ssl_native:config(Base#{Key => Value}),
                   ?assertEqual(One, Same),
                   One
               end || {Key, Values} <- fields(), Value <- Values],
    ?assertEqual(length(Configs) + 1, length(lists:usort([Plain | Configs]))),
    [?assertEqual({ok, Plain}, ssl_native:config(Base#{Key => Default})) || {Key, Default} <- defaults()].

%% Values that are none of the defaults.
fields() ->
    [{honor_ecc_order, [true]}, {dh, [{<<23>>, <<5>>}, {<<47>>, <<5>>}]}, {client_renegotiation, [true]}, {fallback, [true]},
     {beast_mitigation, [zero_n, disabled]}, {padding_check, [false]}, {psk_identity, [<<>>, <<"psk">>]},
     {srp_identity, [{<<"user">>, <<"password">>}, {<<"other">>, <<"password">>}]}, {user_lookup, [true]},
     {npn, [[], [<<"a">>], [<<"a">>, <<"b">>], {client, [<<"a">>], <<"b">>}, {server, [<<"a">>], <<"b">>}]},
     {extended_master_secret, [false]}, {session_scope, [<<"scope">>]}, {reuse_sessions, [true]}].

defaults() ->
    [{honor_ecc_order, false}, {dh, undefined}, {client_renegotiation, false}, {fallback, false},
     {beast_mitigation, one_n_minus_one}, {padding_check, true}, {psk_identity, undefined}, {srp_identity, undefined},
     {user_lookup, false}, {npn, undefined}, {extended_master_secret, true}, {session_scope, <<>>}, {reuse_sessions, false}].

config_refuses(_) ->
    Base = base(16#0303),
    [?assertEqual({error, {Key, badarg}}, ssl_native:config(Base#{Key => Value}))
     || {Key, Values} <- [{curves, [[x25519], 23]}, {honor_ecc_order, [1]}, {dh, [<<23>>, {23, 5}]}, {beast_mitigation, [n, true]},
                          {psk_identity, ["psk"]}, {srp_identity, [<<"user">>, {"user", "password"}]},
                          {npn, [["a"], {client, <<"a">>, <<"b">>}, {both, [<<"a">>], <<"b">>}]}, {session_scope, [undefined, "x"]},
                          {reuse_sessions, [save]}],
        Value <- Values].

%% What is no session of this library's is none; what is no binary is an error of the caller's.
saved_sessions_of_nobody(_) ->
    {ok, Client} = ssl_native:config(base(16#0303)),
    [begin
         C = ssl_native:client(Client, #{session => Saved}),
         ?assertMatch([{send, _}], ssl_native:start(C))
     end || Saved <- [undefined, <<>>, <<1, 2, 3>>, crypto:strong_rand_bytes(200)]],
    ?assertError(badarg, ssl_native:client(Client, #{session => "saved"})).

%%--------------------------------------------------------------------------------------------------------------------
%% Key exchanges
%%--------------------------------------------------------------------------------------------------------------------

ecdhe(Config) ->
    {_, _, #{group := Group, signature_scheme := Scheme}} = connect(16#c009, #{key => ec}, #{}, Config),
    ?assertEqual({29, case ?config(version, Config) of 16#0303 -> 16#0403; _ -> 16#0203 end}, {Group, Scheme}).

ecdhe_with_curves_of_crypto(Config) ->
    [case lists:member(Name, crypto:supports(curves)) of
         true ->
             {_, _, #{group := Group}} = connect(16#c013, #{key => rsa, config => #{curves => [Code]}}, #{config => #{curves => [Code]}}, Config),
             ?assertEqual(Code, Group);
         false ->
             ct:comment("without ~p", [Name])
     end || {Name, Code} <- [{secp256k1, 22}, {brainpoolP384r1, 27}, {x448, 30}, {sect283r1, 10}]].

rsa(Config) ->
    {_, _, #{group := Group}} = connect(16#002f, #{key => rsa}, #{}, Config),
    ?assertEqual(undefined, Group).

%% A key that the core has no part of: decrypting without looking at the padding is all that is asked for.
rsa_external(Config) ->
    connect(16#002f, #{key => rsa, external => true}, #{}, Config).

ecdh_static(Config) -> connect(16#c004, #{key => ec}, #{}, Config).

ecdh_static_external(Config) -> connect(16#c004, #{key => ec, external => true}, #{}, Config).

dhe(Config) -> connect(16#0033, #{key => rsa}, #{}, Config).

dh_anon(Config) -> connect(16#001b, #{}, #{}, Config).

ecdh_anon(Config) -> connect(16#c018, #{}, #{}, Config).

psk(Config) ->
    [connect(16#008c, #{users => users(), config => #{user_lookup => true, psk_identity => Hint}},
             #{users => users(), config => #{user_lookup => true, psk_identity => <<"identity">>}}, Config)
     || Hint <- [undefined, <<"hint">>]].

dhe_psk(Config) -> with_psk(16#0090, #{}, Config).

ecdhe_psk(Config) -> with_psk(16#c035, #{}, Config).

rsa_psk(Config) -> with_psk(16#0094, #{key => rsa}, Config).

with_psk(Suite, Server, Config) ->
    Options = #{users => users(), config => #{user_lookup => true, psk_identity => <<"identity">>}},
    connect(Suite, maps:merge(Server, Options), Options, Config).

psk_unknown(Config) ->
    Nobody = #{lookup => {fun(psk, _, _) -> error end, none}},
    Mine = #{users => users(), config => #{user_lookup => true, psk_identity => <<"identity">>}},
    ?assertMatch({refused, server, 47}, attempt(16#008c, Mine#{users := Nobody}, Mine, Config)),
    ?assertMatch({refused, client, 47}, attempt(16#008c, Mine, Mine#{users := Nobody}, Config)).

psk_wrong(Config) ->
    Mine = #{users => users(), config => #{user_lookup => true, psk_identity => <<"identity">>}},
    Other = #{lookup => {fun(psk, _, _) -> {ok, <<"another key">>} end, none}},
    ?assertMatch({refused, server, _}, attempt(16#008c, Mine, Mine#{users := Other}, Config)).

srp(Config) ->
    {_, _, #{srp_username := User}} = connect(16#c01d, #{users => users(), config => #{user_lookup => true}},
                                              srp_client(<<"secret">>), Config),
    ?assertEqual(<<"user">>, User).

srp_with_certificate(Config) ->
    connect(16#c01e, #{key => rsa, users => users(), config => #{user_lookup => true}}, srp_client(<<"secret">>), Config).

srp_unknown(Config) ->
    Nobody = #{lookup => {fun(srp, _, _) -> error end, none}},
    ?assertMatch({refused, server, _},
                 attempt(16#c01d, #{users => Nobody, config => #{user_lookup => true}}, srp_client(<<"secret">>), Config)).

srp_wrong_password(Config) ->
    ?assertMatch({refused, server, _},
                 attempt(16#c01d, #{users => users(), config => #{user_lookup => true}}, srp_client(<<"guess">>), Config)).

srp_client(Password) ->
    #{users => #{srp => {<<"user">>, Password}}, config => #{srp_identity => {<<"user">>, Password}}}.

users() -> #{lookup => {fun lookup/3, state}}.

lookup(psk, _, state) -> {ok, <<"shared">>};
lookup(srp, User, state) ->
    Salt = <<"salt">>,
    {ok, {srp_3072, Salt, crypto:hash(sha, [Salt, crypto:hash(sha, [User, ":secret"])])}}.

client_certificate(Config) ->
    [begin
         {_, S, _} = connect(16#c013, #{key => rsa, config => #{verify_peer => true, fail_if_no_peer_cert => true}},
                             #{key => Key, external => External}, Config),
         ?assertMatch(#{peer_chain := [_]}, ssl_native:info(S))
     end || Key <- [ec, rsa], External <- [true, false]],
    ?assertMatch({refused, server, _}, attempt(16#c013, #{key => rsa, config => #{verify_peer => true, fail_if_no_peer_cert => true}}, #{}, Config)).

external_keys_sign(Config) ->
    [connect(Suite, #{key => Key, external => true}, #{}, Config) || {Key, Suite} <- [{ec, 16#c009}, {rsa, 16#c013}]].

%%--------------------------------------------------------------------------------------------------------------------
%% Sessions, renegotiation
%%--------------------------------------------------------------------------------------------------------------------

resumed(Config) ->
    Keep = #{config => #{reuse_sessions => true}},
    {C1, _, #{resumed := false, session_id := Id}} = connect(16#c013, Keep#{key => rsa}, Keep, Config),
    #{id := Id, data := Theirs, ems := true} = get(server_session),
    #{id := Id, data := Mine} = get(client_session),
    {C2, _, Info} = connect(16#c013, Keep#{key => rsa, session => Theirs}, Keep#{session => Mine}, Config),
    ?assertMatch(#{resumed := true, session_id := Id}, Info),
    ?assertEqual(ssl_native:master_secret(C1), ssl_native:master_secret(C2)),
    %% The server does not know it any more.
    {_, _, Full} = connect(16#c013, Keep#{key => rsa}, Keep#{session => Mine}, Config),
    ?assertMatch(#{resumed := false}, Full).

not_resumed_under_another_scope(Config) ->
    Keep = #{config => #{reuse_sessions => true}},
    {_, _, _} = connect(16#c013, Keep#{key => rsa}, Keep, Config),
    #{data := Theirs} = get(server_session),
    #{data := Mine} = get(client_session),
    Other = #{config => #{reuse_sessions => true, session_scope => <<"other">>}},
    {_, _, Server} = connect(16#c013, Other#{key => rsa, session => Theirs}, Keep#{session => Mine}, Config),
    ?assertMatch(#{resumed := false}, Server),
    {_, _, Client} = connect(16#c013, Keep#{key => rsa, session => Theirs}, Other#{session => Mine}, Config),
    ?assertMatch(#{resumed := false}, Client).

renegotiated(Config) ->
    Server = #{key => rsa, config => #{client_renegotiation => true}},
    {C, S, #{client_random := Random}} = connect(16#c013, Server, #{}, Config),
    [begin
         take_turns(C, S),
         {Mine, Theirs} = again(Starter, C, S, Server, #{}, Config),
         ?assertMatch([#{resumed := false}], [Info || {event, {renegotiated, Info}} <- Mine]),
         ?assertMatch([#{resumed := false}], [Info || {event, {renegotiated, Info}} <- Theirs]),
         exchange(C, S),
         exchange(S, C)
     end || Starter <- [client, server]],
    #{client_random := Later} = ssl_native:info(C),
    ?assertNotEqual(Random, Later).

master_secrets_agree(Config) ->
    {C, S, _} = connect(16#c013, #{key => rsa}, #{}, Config),
    {ok, Secret} = ssl_native:master_secret(C),
    ?assertEqual(48, byte_size(Secret)),
    ?assertEqual({ok, Secret}, ssl_native:master_secret(S)),
    {ok, One} = ssl_native:export(C, <<"EXPORTER-test">>, <<"context">>, 32),
    ?assertEqual({ok, One}, ssl_native:export(S, <<"EXPORTER-test">>, <<"context">>, 32)),
    {ok, Other} = ssl_native:export(C, <<"EXPORTER-test">>, no_context, 32),
    ?assertNotEqual(One, Other).

%% An answer of the wrong kind ends the connection, and harms nothing else.
wrong_answers(Config) ->
    [begin
         {C, S} = pair(16#0033, #{key => rsa}, #{}, Config),
         Outs = ssl_native:feed(S, bytes(ssl_native:start(C))),
         {ask, {dh_generate, Prime, _}} = lists:last(Outs),
         ?assertEqual(256, byte_size(Prime)),
         ?assertMatch({fatal, #{origin := local, alert := 80}}, lists:last(ssl_native:answer(S, Wrong)))
     end || Wrong <- [continue, none, unknown, {secret, <<"x">>}, {srp_params, <<>>, <<>>, <<>>, <<>>}, {session, <<>>}]],
    {C, S} = pair(16#0033, #{key => rsa}, #{}, Config),
    _ = ssl_native:feed(S, bytes(ssl_native:start(C))),
    [?assertError(badarg, ssl_native:answer(S, Wrong))
     || Wrong <- [nothing, {srp_params, <<>>}, {session, "x"}, {other, <<>>, <<>>, <<>>, <<>>}]].

%%--------------------------------------------------------------------------------------------------------------------
%% Helpers
%%--------------------------------------------------------------------------------------------------------------------

connect(Suite, ServerSpec, ClientSpec, Config) ->
    {_, _, #{}} = attempt(Suite, ServerSpec, ClientSpec, Config).

%% Both sides connect, with each other's data; or who refused, with which alert.
attempt(Suite, ServerSpec, ClientSpec, Config) ->
    {C, S} = pair(Suite, ServerSpec, ClientSpec, Config),
    {Mine, Theirs} = shake({C, context(client, ClientSpec, Config)}, {S, context(server, ServerSpec, Config)}, ssl_native:start(C)),
    case {[A || {fatal, #{origin := local, alert := A}} <- Mine], [A || {fatal, #{origin := local, alert := A}} <- Theirs]} of
        {[], []} ->
            [Client] = [Info || {event, {connected, Info}} <- Mine],
            [Server] = [Info || {event, {connected, Info}} <- Theirs],
            [?assertEqual(maps:get(Key, Client), maps:get(Key, Server))
             || Key <- [version, cipher_suite, group, session_id, client_random, server_random, resumed, srp_username]],
            ?assertEqual({?config(version, Config), Suite}, {maps:get(version, Client), maps:get(cipher_suite, Client)}),
            put(client_session, last([Session || {event, {session, Session}} <- Mine])),
            put(server_session, last([Session || {event, {session, Session}} <- Theirs])),
            exchange(C, S),
            exchange(S, C),
            {C, S, Client};
        {[Alert], _} -> {refused, client, Alert};
        {_, [Alert]} -> {refused, server, Alert}
    end.

last([]) -> none;
last(List) -> lists:last(List).

pair(Suite, ServerSpec, ClientSpec, Config) ->
    Base = (base(?config(version, Config)))#{cipher_suites := [Suite]},
    {ok, ClientConfig} = ssl_native:config(maps:merge(Base#{credentials => credentials(ClientSpec, Config)}, maps:get(config, ClientSpec, #{}))),
    Dh = {binary:encode_unsigned(ssl_dh_groups:modp2048_prime()), <<2>>},
    {ok, ServerConfig} = ssl_native:config(maps:merge(Base#{credentials => credentials(ServerSpec, Config), dh => Dh},
                                                      maps:get(config, ServerSpec, #{}))),
    Params = case ClientSpec of
                 #{session := Saved} -> #{server_name => <<"server.test">>, session => Saved};
                 #{} -> #{server_name => <<"server.test">>}
             end,
    {ssl_native:client(ClientConfig, Params), ssl_native:server(ServerConfig)}.

credentials(#{key := Name} = Spec, Config) ->
    #{der := Der, key := Key} = ?config(Name, Config),
    Given = case Spec of
                #{external := true} -> {external, 0, []};
                #{} -> ssl_native_SUITE:native(Key)
            end,
    {ok, Credential, _} = ssl_native:credential([Der], Given),
    [Credential];
credentials(_, _) ->
    [].

%% What ssl_verdict answers from; sessions are the cases' own.
context(Role, Spec, Config) ->
    Keys = case Spec of
               #{key := Name, external := true} -> [maps:get(key, ?config(Name, Config))];
               #{} -> []
           end,
    #{role => Role, keys => Keys, exchange => #{}, users => maps:get(users, Spec, #{}), details => undefined,
      verify => verify_none, settings => #{verify_fun => undefined}, session => maps:get(session, Spec, none)}.

shake(One, Other, Outs0) ->
    {Outs, Me} = served(One, Outs0),
    shake(Me, Other, Outs, [], []).

shake(Me, {You, YourContext}, Outs, Mine, Theirs) ->
    case bytes(Outs) of
        <<>> ->
            {Mine ++ Outs, Theirs};
        Bytes ->
            {More, You2} = served({You, YourContext}, ssl_native:feed(You, Bytes)),
            {Yours, Ours} = shake(You2, Me, More, Theirs, Mine ++ Outs),
            {Ours, Yours}
    end.

served({Conn, Context} = Me, Outs) ->
    case Outs =/= [] andalso lists:last(Outs) of
        heavy ->
            {More, Later} = served(Me, ssl_native:step_heavy(Conn)),
            {Outs ++ More, Later};
        {ask, Query} ->
            {Answer, New} = answer(Query, Context),
            {More, Later} = served({Conn, New}, ssl_native:answer(Conn, Answer)),
            {Outs ++ More, Later};
        _ ->
            {Outs, Me}
    end.

answer({session_lookup, _, _}, #{session := none} = Context) -> {none, Context};
answer({session_lookup, _, _}, #{session := Saved} = Context) -> {{session, Saved}, Context};
answer(Query, Context) -> ssl_verdict:answer(Query, Context).

%% The endpoint of both reads what is to come.
take_turns(C, S) ->
    [ok = ssl_native:reader(Conn, take) || Conn <- [C, S]].

%% A renegotiation from one side; afterwards others may read again.
again(Starter, C, S, ServerSpec, ClientSpec, Config) ->
    Client = {C, context(client, ClientSpec, Config)},
    Server = {S, context(server, ServerSpec, Config)},
    Outcome = case Starter of
                  client -> shake_open(Client, Server, ssl_native:renegotiate(C));
                  server ->
                      {Theirs, Mine} = shake_open(Server, Client, ssl_native:renegotiate(S)),
                      {Mine, Theirs}
              end,
    [ok = ssl_native:reader(Conn, give) || Conn <- [C, S]],
    Outcome.

%% Like shake/3 on open connections: control records take their turn among the senders.
shake_open(Me0, You, Outs0) ->
    {Outs, Me} = served(Me0, Outs0),
    shake_open(Me, You, Outs, [], []).

shake_open({Conn, _} = Me, {You, YourContext}, Outs, Mine, Theirs) ->
    case flushed(Conn) of
        <<>> ->
            {Mine ++ Outs, Theirs};
        Bytes ->
            {More, You2} = served({You, YourContext}, ssl_native:feed(You, Bytes)),
            {Yours, Ours} = shake_open(You2, Me, More, Theirs, Mine ++ Outs),
            {Ours, Yours}
    end.

flushed(Conn) ->
    case ssl_native:flush(Conn) of
        {ok, Bytes} -> ok = ssl_native:send_end(Conn), Bytes;
        none -> <<>>
    end.

bytes(Outs) -> iolist_to_binary([Bytes || {send, Bytes} <- Outs]).

exchange(From, To) ->
    Data = crypto:strong_rand_bytes(1000),
    {ok, Bytes} = ssl_native:send_begin(From, Data),
    ok = ssl_native:send_end(From),
    read = ssl_native:recv_begin(To, 1000),
    {ok, Data} = ssl_native:recv_more(To, 1000, Bytes).
