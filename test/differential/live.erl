%% Stock `ssl` and this one with real connections: what the public functions return, what the log gets, what a connection
%% says of itself. Both ends are of the same implementation and run in the same node.
%%
%% As in `differential`: `answers/2` writes what one of them says, `compare/2` holds the two files against each other.
-module(live).

-export([prepare/1, answers/2, compare/2]).
-export([log/2]).

-define(TIME, 5000).

%% Credentials that both implementations use.
prepare(Dir) ->
    Key = {key, {namedCurve, secp256r1}},
    Sha = {digest, sha256},
    San = {extensions, [{'Extension', {2, 5, 29, 17}, false, [{dNSName, "localhost"}]}]},
    Chain = #{root => [Sha, Key], intermediates => [[Sha, Key]], peer => [Sha, Key, San]},
    #{server_config := Server, client_config := Client} =
        public_key:pkix_test_data(#{server_chain => Chain, client_chain => Chain}),
    #{server_config := Other} = public_key:pkix_test_data(#{server_chain => Chain, client_chain => Chain}),
    ok = file:write_file(filename:join(Dir, "live.credentials"), term_to_binary({Server, Client, Other})).

answers(Which, Dir) ->
    {ok, Bin} = file:read_file(filename:join(Dir, "live.credentials")),
    Credentials = binary_to_term(Bin),
    logger:set_primary_config(level, all),
    [logger:remove_handler(H) || #{id := H} <- logger:get_handler_config()],
    {ok, _} = application:ensure_all_started(ssl),
    [logger:set_handler_config(H, level, none) || #{id := H} <- logger:get_handler_config()],
    ok = logger:add_handler(live, ?MODULE, #{level => all, config => self()}),
    Answers = [{Q, ask(Q, Credentials)} || Q <- questions()],
    ok = file:write_file(filename:join(Dir, "live." ++ atom_to_list(Which)), term_to_binary(Answers)).

ask(Q, Credentials) ->
    Answer = try answer(Q, Credentials)
             catch Class:Reason -> {exception, Class, plain(kind(Reason))}
             end,
    plain(Answer).

%%--------------------------------------------------------------------------------------------------------------
%% Questions
%%--------------------------------------------------------------------------------------------------------------

questions() ->
    listens() ++ connects() ++ handshakes() ++ pauses() ++ alerts().

%% Options of the transport among those of TLS, in any order.
listens() ->
    [{listen, L} || L <- transport_lists()].
connects() ->
    [{connect, L} || L <- transport_lists()] ++ [{upgrade, L} || L <- transport_lists()].

transport_lists() ->
    Singles = [binary, list, inet, inet6, {mode, binary}, {mode, foo}, {active, false}, {active, once}, {active, 5}, {active, -5},
               {active, 40000}, {active, foo}, {packet, 4}, {packet, line}, {packet, "x"}, {packet, foo}, {packet_size, 100},
               {packet_size, foo}, {header, 3}, {header, foo}, {nodelay, true}, {nodelay, foo}, {keepalive, true},
               {reuseaddr, true}, {reuseaddr, foo}, {ip, {127, 0, 0, 1}}, {ip, {0, 0, 0, 0, 0, 0, 0, 1}}, {ip, foo},
               {ip, any}, {ip, loopback}, {ifaddr, {127, 0, 0, 1}}, {backlog, 10}, {backlog, foo}, {port, 0}, {port, foo},
               {fd, foo}, {buffer, 2000}, {recbuf, 2000}, {sndbuf, 2000}, {buffer, foo}, {send_timeout, 1000},
               {send_timeout, foo}, {send_timeout_close, true}, {linger, {true, 1}}, {linger, foo}, {priority, 1}, {tos, 1},
               {delay_send, true}, {exit_on_close, false}, {high_watermark, 100}, {low_watermark, 10}, {deliver, term},
               {deliver, foo}, {raw, 6, 1, <<1:32/native>>}, {raw, foo, 1, 2}, {inet_backend, inet}, {inet_backend, socket},
               {inet_backend, foo}, {tcp_module, inet_tcp}, {tcp_module, foo}, {foo, bar}, foo, {"foo", bar}, {foo, 1, 2}, 17,
               {show_econnreset, true}, {line_delimiter, $;}, {nopush, true}, {bind_to_device, <<>>}, {netns, "/nonexistent"},
               {ipv6_v6only, true}, {local, "/x"}, {line_length, 100}, {packet_size, -1}, {bit8, on}, {recvtos, true}],
    [[]] ++ [[S] || S <- Singles] ++
    [[{inet_backend, B}, S] || B <- [inet, socket], S <- Singles] ++
    [[S, {inet_backend, socket}] || S <- Singles] ++
    [[{nodelay, true}, S, {reuseaddr, true}] || S <- Singles] ++
    [[inet6, {ip, {0, 0, 0, 0, 0, 0, 0, 1}}], [{ip, {0, 0, 0, 0, 0, 0, 0, 1}}, inet6], [inet, inet6], [inet6, inet],
     [binary, list], [list, binary], [{mode, list}, binary], [binary, {mode, list}], [{active, false}, {active, true}],
     [{packet, 2}, {packet, raw}, binary], [binary, binary], [{ip, {127, 0, 0, 1}}, inet6],
     [{nodelay, true}, {nodelay, false}], [{buffer, 1000}, {recbuf, 3000}, {sndbuf, 4000}],
     [{mode, binary}, {header, 2}, {packet, 4}, {active, once}]].

handshakes() ->
    [{handshake, L, H, C} ||
        {L, C} <- [{[], []}, {[{verify, verify_peer}], []}, {[{alpn_preferred_protocols, [<<"a">>]}], [{alpn_advertised_protocols, [<<"a">>]}]}],
        H <- [none, [], [{active, false}], [binary], [{verify, verify_none}], [{verify, foo}], [{versions, ['tlsv1.3']}],
              [{versions, []}], [{versions, [foo]}], [{cookie, foo}], [{server_name_indication, "x"}], [foo], [{foo, bar}],
              [{alpn_preferred_protocols, [<<"b">>]}], [{alpn_preferred_protocols, [b]}], [{certfile, "/nonexistent"}],
              [{handshake, hello}], [{handshake, foo}], [{verify, verify_peer}, {cacerts, []}], [{ciphers, []}],
              [{ciphers, ["TLS_AES_256_GCM_SHA384"]}], [{ciphers, [foo]}], [{max_handshake_size, 0}], [{depth, 300}],
              [{log_level, debug}], [{log_level, foo}], [{mode, binary}], [{packet, 4}], [{sni_hosts, foo}],
              [{sni_fun, foo}], [{fail_if_no_peer_cert, true}], [{reuse_sessions, foo}], [{protocol, foo}],
              [{signature_algs, []}], [{supported_groups, [secp384r1]}], [{supported_groups, []}], [{cert, foo}],
              [{key, foo}], [{certs_keys, []}], [{certs_keys, foo}], [{cb_info, foo}], [{hibernate_after, 10}],
              [{keep_secrets, true}], [{early_data, enabled}], [{key_update_at, 0}]]].

pauses() ->
    ClientSide = [[], [{server_name_indication, disable}], [{server_name_indication, "other.name"}],
                  [{alpn_advertised_protocols, [<<"h2">>, <<"b">>]}], [{max_fragment_length, 1024}],
                  [{signature_algs, [ecdsa_secp256r1_sha256]}], [{signature_algs_cert, [ecdsa_secp256r1_sha256]}],
                  [{supported_groups, [secp256r1, x25519]}], [{ciphers, ["TLS_AES_128_GCM_SHA256"]}],
                  [{versions, ['tlsv1.3']}], [{versions, ['tlsv1.3']}, {alpn_advertised_protocols, [<<"b">>]}, {max_fragment_length, 512}],
                  [{supported_groups, [secp384r1, x25519]}, {psk_groups, [secp384r1]}],
                  [{middlebox_comp_mode, false}], [{certificate_authorities, true}], [{stapling, no_staple}],
                  [{session_tickets, disabled}]],
    Continue = [[], [{verify, verify_none}], [{verify, foo}], [{versions, ['tlsv1.3']}], [{versions, ['tlsv1.2']}],
                [{versions, []}], [{alpn_preferred_protocols, [<<"b">>]}], [{ciphers, ["TLS_AES_256_GCM_SHA384"]}],
                [{server_name_indication, "x"}], [{cookie, true}], [{handshake, hello}], [{handshake, foo}], [foo], [{foo, bar}],
                [binary], [{active, false}], [{keep_secrets, true}], [{log_level, none}], [{log_level, foo}],
                [{signature_algs, [ecdsa_secp256r1_sha256]}], [{depth, 1}], [{cert, foo}], [{certs_keys, []}], [{protocol, dtls}],
                [{protocol, tls}], [{supported_groups, [secp384r1]}], [{sni_fun, foo}], [{max_fragment_length, 512}],
                [{fail_if_no_peer_cert, true}], [{verify, verify_peer}, {fail_if_no_peer_cert, true}],
                [{verify, verify_peer}], [{middlebox_comp_mode, false}], [{honor_cipher_order, true}], [{max_handshake_size, 100}]],
    [{pause, server, [{alpn_preferred_protocols, [<<"b">>]}], C, []} || C <- ClientSide] ++
    [{pause, client, [{alpn_preferred_protocols, [<<"b">>]}], C, []} || C <- ClientSide] ++
    [{pause, R, [], [], C} || R <- [client, server], C <- Continue] ++
    [{cancel, R} || R <- [client, server]] ++ [{pause_timeout, R, W} || R <- [client, server], W <- [hello, continue]].

alerts() ->
    [{alert, S, C} ||
        {S, C} <- [{[], [{cacerts, []}, {verify, verify_peer}]},
                   {[{alpn_preferred_protocols, [<<"a">>]}], [{alpn_advertised_protocols, [<<"b">>]}]},
                   {[{supported_groups, [secp384r1]}], [{supported_groups, [x25519]}]},
                   {[{ciphers, ["TLS_AES_256_GCM_SHA384"]}], [{ciphers, ["TLS_AES_128_GCM_SHA256"]}]},
                   {[{verify, verify_peer}, {fail_if_no_peer_cert, true}], [{cert, undefined}]},
                   {[], [{server_name_indication, "wrong.host"}]},
                   {[{log_level, none}], [{cacerts, []}]}, {[{log_level, warning}], [{cacerts, []}, {log_level, debug}]},
                   {[], [{cacerts, []}, {log_level, error}]}, {[], [{cacerts, []}, {log_level, all}]},
                   {[{verify, verify_peer}, {cacerts, []}], []},
                   {[{sni_fun, fun(_) -> undefined end}], []}, {[{sni_fun, fun(_) -> unrecognized end}], []},
                   {[{sni_fun, fun(_) -> [{verify, foo}] end}], []}, {[{sni_fun, fun(_) -> foo end}], []},
                   {[{sni_fun, fun(_) -> error(crash) end}], []}, {[{sni_fun, fun(_) -> [{foo, bar}] end}], []},
                   {[{sni_fun, fun(_) -> [{certfile, "/nonexistent"}] end}], []},
                   {[{sni_fun, fun(_) -> [{versions, ['tlsv1.2']}] end}], []},
                   {[{sni_fun, fun(_) -> [{versions, []}] end}], []},
                   {[{sni_fun, fun(_) -> [{alpn_preferred_protocols, [<<"z">>]}] end}], [{alpn_advertised_protocols, [<<"b">>]}]},
                   {[{sni_hosts, [{"localhost", [{verify, foo}]}]}], []}, {[{sni_hosts, [{"localhost", []}]}], []},
                   {[{sni_hosts, [{"x", []}]}], []},
                   {[{sni_fun, fun(_) -> [{verify, verify_peer}, {fail_if_no_peer_cert, true}] end}], [{cert, undefined}]},
                   {[{sni_fun, fun(_) -> [{sni_fun, fun(_) -> [] end}] end}], []},
                   {[{max_handshake_size, 50}], []}, {[], [{max_handshake_size, 50}]},
                   {[], [{verify_fun, {fun(_, _, _) -> {fail, my_reason} end, []}}]},
                   {[], [{verify_fun, {fun(_, _, _) -> error(oops) end, []}}]},
                   {[], [{verify_fun, {fun(_, _, _) -> foo end, []}}]},
                   {[], [{depth, 0}]}]] ++
    [{garbage, R, B} || R <- [server, client],
                        B <- [<<"GET / HTTP/1.1\r\n\r\n">>, <<22, 3, 1, 0, 5, 99, 0, 0, 1, 0>>, <<21, 3, 3, 0, 2, 2, 40>>, <<21, 3, 3, 0, 2, 1, 0>>,
                              <<21, 3, 3, 0, 2, 1, 90>>, <<23, 3, 3, 0, 5, "hello">>, <<20, 3, 3, 0, 1, 1>>, <<22, 3, 3, 0, 0>>,
                              <<1, 2, 3, 4, 5, 6>>, <<22, 3, 3, 255, 255>>, <<21, 3, 3, 0, 2, 2, 200>>, <<21, 3, 3, 0, 2, 1, 112>>,
                              <<22, 3, 3, 0, 4, 14, 0, 0, 0>>, <<22, 3, 3, 0, 4, 1, 0, 0, 0>>, <<21, 3, 3, 0, 1, 1>>]].

%%--------------------------------------------------------------------------------------------------------------
%% Answers
%%--------------------------------------------------------------------------------------------------------------

-define(NAMES, [active, mode, packet, packet_size, header, nodelay, reuseaddr, keepalive, exit_on_close, linger,
                send_timeout, send_timeout_close, high_watermark, low_watermark, priority]).

answer({listen, L}, {Server, _, _}) ->
    listened(ssl:listen(0, L ++ Server));
answer({connect, L}, {_, Client, _}) ->
    {ok, Listen} = gen_tcp:listen(0, [{ip, {127, 0, 0, 1}}]),
    {ok, Port} = inet:port(Listen),
    gen_tcp:close(Listen),
    forget(ssl:connect("localhost", Port, L ++ Client, 1000));
answer({upgrade, L}, {Server, Client, _}) ->
    {ok, Listen} = ssl:listen(0, [{ip, {127, 0, 0, 1}}, {active, false} | Server]),
    {ok, {_, Port}} = ssl:sockname(Listen),
    S = in_process(fun() -> {ok, A} = ssl:transport_accept(Listen, ?TIME), R = ssl:handshake(A, ?TIME), timer:sleep(150), R end),
    {ok, Plain} = gen_tcp:connect("localhost", Port, [{active, false}, binary]),
    Result = case ssl:connect(Plain, L ++ Client ++ [{server_name_indication, "localhost"}], ?TIME) of
                 {ok, C} -> {ok, options(C)};
                 Other -> Other
             end,
    gen_tcp:close(Plain),
    ssl:close(Listen),
    _ = result(S),
    forget(Result);
answer({handshake, L, H, C}, Credentials) ->
    connection(L, C, fun(A) ->
                             case H of
                                 none -> ssl:handshake(A, ?TIME);
                                 _ -> ssl:handshake(A, H, ?TIME)
                             end
                     end, fun(R) -> R end, Credentials);
answer({pause, server, S, C, Continue}, Credentials) ->
    connection([{handshake, hello} | S], C,
               fun(A) ->
                       case ssl:handshake(A, ?TIME) of
                           {ok, Paused, Ext} -> {paused, Ext, ssl:handshake_continue(Paused, Continue, ?TIME)};
                           Other -> Other
                       end
               end, fun(R) -> R end, Credentials);
answer({pause, client, S, C, Continue}, Credentials) ->
    connection(S, [{handshake, hello} | C], fun(A) -> ssl:handshake(A, ?TIME) end,
               fun({ok, Paused, Ext}) -> {paused, Ext, ssl:handshake_continue(Paused, Continue, ?TIME)};
                  (R) -> R
               end, Credentials);
answer({cancel, server}, Credentials) ->
    connection([{handshake, hello}], [],
               fun(A) -> {ok, P, _} = ssl:handshake(A, ?TIME), {cancelled, ssl:handshake_cancel(P), ssl:handshake_continue(P, [], ?TIME)} end,
               fun(R) -> R end, Credentials);
answer({cancel, client}, Credentials) ->
    connection([], [{handshake, hello}], fun(A) -> ssl:handshake(A, ?TIME) end,
               fun({ok, P, _}) -> {cancelled, ssl:handshake_cancel(P), ssl:handshake_continue(P, [], ?TIME)}; (R) -> R end, Credentials);
answer({pause_timeout, server, Stage}, {Server, _, _}) ->
    {ok, L} = ssl:listen(0, [{handshake, hello} | Server]),
    {ok, {_, Port}} = ssl:sockname(L),
    {ok, Plain} = gen_tcp:connect("localhost", Port, [{active, false}, binary]),
    {ok, A} = ssl:transport_accept(L, ?TIME),
    Answer = case Stage of
                 hello -> ssl:handshake(A, 200);
                 continue ->
                     ok = gen_tcp:send(Plain, hello_of()),
                     {ok, P, _} = ssl:handshake(A, ?TIME),
                     ssl:handshake_continue(P, [], 200)
             end,
    gen_tcp:close(Plain),
    ssl:close(L),
    {forget(Answer), logged()};
answer({pause_timeout, client, Stage}, {_, Client, _} = Credentials) ->
    case Stage of
        hello ->
            {ok, L} = gen_tcp:listen(0, [{active, false}]),
            {ok, Port} = inet:port(L),
            R = ssl:connect("localhost", Port, [{handshake, hello} | Client], 200),
            gen_tcp:close(L),
            {forget(R), logged()};
        continue ->
            connection([], [{handshake, hello}], fun(A) -> ssl:handshake(A, 1000) end,
                       fun({ok, P, _}) -> timer:sleep(1300), {late, ssl:handshake_continue(P, [], 200)}; (R) -> R end, Credentials)
    end;
answer({alert, S, C}, Credentials) ->
    connection(S, C, fun(A) -> ssl:handshake(A, ?TIME) end, fun(R) -> R end, Credentials);
answer({garbage, server, Bytes}, {Server, _, _}) ->
    {ok, L} = ssl:listen(0, Server),
    {ok, {_, Port}} = ssl:sockname(L),
    {ok, Plain} = gen_tcp:connect("localhost", Port, [{active, false}, binary]),
    {ok, A} = ssl:transport_accept(L, ?TIME),
    ok = gen_tcp:send(Plain, Bytes),
    R = ssl:handshake(A, 500),
    Got = gen_tcp:recv(Plain, 0, 1000),
    gen_tcp:close(Plain),
    ssl:close(L),
    {forget(R), Got, logged()};
answer({garbage, client, Bytes}, {_, Client, _}) ->
    {ok, L} = gen_tcp:listen(0, [{active, false}, binary]),
    {ok, Port} = inet:port(L),
    P = in_process(fun() -> {ok, S} = gen_tcp:accept(L, ?TIME), {ok, _} = gen_tcp:recv(S, 0, ?TIME), ok = gen_tcp:send(S, Bytes),
                            Got = gen_tcp:recv(S, 0, 1000), gen_tcp:close(S), Got end),
    R = ssl:connect("localhost", Port, Client, 500),
    Got = result(P),
    gen_tcp:close(L),
    {forget(R), Got, logged()}.

%% What a 1.3 client begins with.
hello_of() ->
    {ok, L} = gen_tcp:listen(0, [{active, false}, binary]),
    {ok, Port} = inet:port(L),
    P = in_process(fun() -> ssl:connect("localhost", Port, [{verify, verify_none}, {versions, ['tlsv1.3']}], 300) end),
    {ok, S} = gen_tcp:accept(L, ?TIME),
    {ok, Bytes} = gen_tcp:recv(S, 0, ?TIME),
    gen_tcp:close(S),
    gen_tcp:close(L),
    _ = result(P),
    _ = logged(),
    Bytes.

connection(S, C, Handshake, Continue, {Server, Client, _}) ->
    case ssl:listen(0, given(S, Server)) of
        {ok, L} ->
            {ok, {_, Port}} = ssl:sockname(L),
            Gate = spawn(fun() -> gate([]) end),
            Side = fun(Fun) -> in_process(fun() -> put(gate, Gate), try Fun() after meet() end end) end,
            Accepting = Side(fun() -> {ok, A} = ssl:transport_accept(L, ?TIME), told(Handshake(A)) end),
            Connecting = Side(fun() -> told(Continue(ssl:connect("localhost", Port, given(C, Client), ?TIME))) end),
            Answer = {{server, result(Accepting)}, {client, result(Connecting)}},
            ssl:close(L),
            {Answer, logged()};
        Error ->
            {listen, Error, logged()}
    end.

%% Neither side closes before the other has told what it has to tell.
meet() ->
    Gate = get(gate),
    case erase(gate) of
        undefined -> ok;
        _ ->
            Ref = monitor(process, Gate),
            Gate ! {here, self()},
            receive {'DOWN', Ref, _, _, _} -> ok end
    end.

gate([_, _]) -> ok;
gate(Here) ->
    receive {here, Who} -> gate([Who | Here])
    after ?TIME -> ok
    end.

given(Options, Defaults) ->
    [O || {_, V} = O <- Options, V =/= undefined] ++ [O || O <- Options, not is_tuple(O)] ++
        [O || {Name, _} = O <- Defaults, not lists:keymember(Name, 1, Options)] ++
        case proplists:is_defined(cert, Options) of true -> []; false -> [] end.

%% What the process that has the connection can tell.
told({ok, Ext}) when is_map(Ext) -> {ok, Ext};
told({ok, S, Ext}) -> ssl:handshake_cancel(S), {ok, paused, Ext};
told({ok, S}) -> {ok, settled(S)};
told({paused, Ext, Result}) -> {paused, Ext, told(Result)};
told(Other) -> Other.

settled(S) ->
    timer:sleep(20),
    {ok, Info} = ssl:connection_information(S),
    Secrets = case ssl:connection_information(S, [keylog, client_random, server_random, master_secret, protocol]) of
                  {ok, Items} -> [case I of {protocol, _} -> I; {Name, _} -> Name end || I <- Items];
                  Error -> Error
              end,
    %% Not told here: large or secret (cacerts, certs_keys), without use in TLS 1.3 (session_data).
    Result = {maps:without([cacerts, certs_keys, session_data], maps:from_list(forget(Info))), Secrets, ssl:negotiated_protocol(S), options(S)},
    meet(),
    ssl:close(S),
    Result.

options(S) ->
    [{N, forget(ssl:getopts(S, [N]))} || N <- ?NAMES].

listened({ok, S}) ->
    R = {ok, options(S), case ssl:sockname(S) of {ok, {A, _}} -> {ok, A}; E -> E end},
    ssl:close(S),
    R;
listened(Error) -> Error.

%%--------------------------------------------------------------------------------------------------------------
%% The log
%%--------------------------------------------------------------------------------------------------------------

log(#{meta := #{domain := [otp, sasl]}}, _) ->
    ok;
log(#{level := Level, msg := Msg, meta := Meta}, #{config := Pid}) ->
    Text = case {Msg, Meta} of
               {{report, R}, #{report_cb := F}} when is_function(F, 1) ->
                   try {Fmt, Args} = F(R), text(lists:flatten(io_lib:format(Fmt, Args))) catch C:E -> {C, E} end;
               {{report, R}, _} -> {report, maps:with([direction, protocol], R)};
               {{Fmt, Args}, _} -> text(lists:flatten(io_lib:format(Fmt, Args)))
           end,
    Report = case Msg of {report, Rep} when is_map(Rep) -> lists:sort(maps:keys(Rep)) -- [title]; _ -> none end,
    Own = maps:map(fun(report_cb, _) -> there; (K, V) when K =:= domain; K =:= depth -> V; (_, _) -> there end,
                   maps:without([time, pid, gl], Meta)),
    Pid ! {logged, {Level, Own, Report, Text}},
    ok.

logged() ->
    timer:sleep(50),
    %% How many records a flight takes is free.
    {Debug, Others} = lists:partition(fun({Level, _, _, _}) -> Level =:= debug end, lists:sort(logged_so_far())),
    lists:usort(Debug) ++ Others.
logged_so_far() ->
    receive
        {logged, Event} -> [Event | logged_so_far()]
    after 0 -> []
    end.

%%--------------------------------------------------------------------------------------------------------------
%% Helpers
%%--------------------------------------------------------------------------------------------------------------

in_process(Fun) ->
    Self = self(),
    {Pid, Ref} = spawn_monitor(fun() -> R = try Fun() catch C:E:St -> {exception, C, E, [M || {M, _, _, _} <- lists:sublist(St, 1)]} end, Self ! {self(), forget(R)} end),
    {Pid, Ref}.

result({Pid, Ref}) ->
    receive
        {Pid, R} -> erlang:demonitor(Ref, [flush]), R;
        {'DOWN', Ref, _, _, Why} -> {down, Why}
    after 15000 -> exit(Pid, kill), hangs
    end.

kind(Reason) when is_tuple(Reason), is_atom(element(1, Reason)) -> element(1, Reason);
kind(Reason) -> Reason.

%% What differs from one connection to the next.
forget({Name, V}) when is_binary(V), Name =:= session_id orelse Name =:= session_data orelse Name =:= renegotiation_info -> {Name, size(V)};
forget({tls_alert, {Alert, Text}}) when is_list(Text) -> {tls_alert, {Alert, text(Text)}};
forget({badarg, Text}) when is_list(Text) -> {badarg, re:replace(Text, "localhost\", [0-9]+", "localhost\", PORT", [{return, list}])};
forget({key_share_entry, Group, _}) -> {key_share_entry, Group, key};
forget(M) when is_map(M) -> maps:map(fun(_, V) -> forget(V) end, M);
forget({session_data, _}) -> {session_data, there};
forget({buffer, _}) -> buffer;
forget([H | T]) -> [forget(H) | forget(T)];
forget(T) when is_tuple(T) -> list_to_tuple(forget(tuple_to_list(T)));
forget(P) when is_pid(P) -> pid;
forget(P) when is_port(P) -> port;
forget(P) when is_reference(P) -> ref;
forget(T) -> T.

%% The first line, without the state and the place in the source: for people, and free to be better.
text(Text) ->
    [Line | _] = string:split(Text, "\n"),
    re:replace(Line, "In state [a-z_0-9]+( at [a-z_0-9]+\\.erl:[0-9]+)?", "In state", [{return, list}]).

plain(F) when is_function(F) ->
    {arity, N} = erlang:fun_info(F, arity),
    {'$fun', N};
plain([H | T]) -> [plain(H) | plain(T)];
plain(T) when is_tuple(T) -> list_to_tuple(plain(tuple_to_list(T)));
plain(M) when is_map(M) -> maps:map(fun(_, V) -> plain(V) end, M);
plain(P) when is_pid(P) -> pid;
plain(P) when is_port(P) -> port;
plain(P) when is_reference(P) -> ref;
plain(T) -> T.

%%--------------------------------------------------------------------------------------------------------------
%% Comparing
%%--------------------------------------------------------------------------------------------------------------

compare(Dir, Show) ->
    {ok, A} = file:read_file(filename:join(Dir, "live.stock")),
    {ok, B} = file:read_file(filename:join(Dir, "live.candidate")),
    Stock = binary_to_term(A),
    Candidate = binary_to_term(B),
    Pairs = lists:zip(Stock, Candidate),
    Different = [{Q, S, C, explained(Q, S, C)} || {{Q, S}, {Q2, C}} <- Pairs, label(Q) =:= label(Q2), S =/= C],
    Faults = [{Q, S, C} || {Q, S, C, false} <- Different],
    io:format("~b questions on sockets and connections, ~b answers equal~n", [length(Pairs), length(Pairs) - length(Different)]),
    _ = [io:format("~6b differ: ~s~n", [length([1 || {_, _, _, W} <- Different, W =:= Why]), Why])
         || Why <- lists:usort([W || {_, _, _, W} <- Different, W =/= false])],
    io:format("~b differ without a reason~n", [length(Faults)]),
    _ = [begin
             io:format("~n~0tp~n", [Q]),
             [io:format("  stock ~0tp~n  here  ~0tp~n", [X, Y]) || {X, Y} <- leaves(S, C)]
         end || {Q, S, C} <- lists:sublist(Faults, Show)],
    length(Faults).

%% Funs are not equal in two nodes.
label(Q) -> plain(Q).

%% Why an answer may differ.
explained({upgrade, L}, {ok, _}, {ok, _}) ->
    case [N || {active, N} <- L, is_integer(N), N =< 0] of
        [_ | _] -> "active of zero or less on an upgraded socket: here passive at once, stock shows the number";
        [] -> false
    end;
explained({handshake, _, [{handshake, hello}], _}, {{server, {ok, #{signature_algs := {signature_algorithms, _}}}}, _}, _) ->
    "handshake/3 that pauses: stock gives its internal records";
explained({handshake, _, [{handshake, hello}], _}, {{{server, {ok, #{signature_algs := {signature_algorithms, _}}}}, _}, _}, _) ->
    "handshake/3 that pauses: stock gives its internal records";
explained({pause, client, _, _, [{max_handshake_size, _}]}, _, _) ->
    "max_handshake_size of handshake_continue: counts from then on, stock's client ignores it";
explained({pause, client, _, _, [{Option, _}]}, _, _)
  when Option =:= supported_groups; Option =:= max_fragment_length; Option =:= middlebox_comp_mode ->
    "a client's handshake_continue with other options than its hello was made of: stock fails";
explained({pause, client, _, _, [{versions, ['tlsv1.2']}]}, _, _) ->
    "versions of a client's handshake_continue: the server has chosen already; stock fails later";
explained({pause, server, _, _, [{certs_keys, []}]}, _, _) ->
    "a server whose certificates were taken away: insufficient_security as with no common signature scheme";
explained({pause, _, _, _, [{protocol, dtls}]}, _, _) ->
    "protocol changed by handshake_continue: stock goes on and crashes later";
explained({pause, _, _, C, _}, {Stock, _}, {Here, _}) when C =/= [] ->
    case lists:keymember(max_fragment_length, 1, C) of
        true -> "max_fragment_length with a paused handshake: stock fails";
        false -> hello_only(Stock, Here)
    end;
explained({pause, server, _, _, Continue}, {Stock, _}, {Here, _}) ->
    case {refused(Here), refused(Stock)} of
        {{versions, _}, _} -> "version that does not work yet";
        _ when Continue =:= [{versions, ['tlsv1.2']}] -> "version that does not work yet";
        _ -> hello_only(Stock, Here)
    end;
explained({pause, client, _, _, _}, {{{server, {error, _}}, Client}, Log}, {{{server, {error, _}}, Client}, Log2}) when Log =/= Log2 ->
    "alert of a paused client: protected here, in the clear with stock";
explained({Kind, _, _, _}, {Same, Log}, {Same, Log2}) when Kind =:= handshake ->
    goodbye(Log, Log2);
explained({alert, S, C}, {Same, Log}, {Same, Log2}) when S =/= C ->
    goodbye(Log, Log2);
explained({alert, S, C}, {Stock, _}, {Here, _}) ->
    case {S, Stock, Here} of
        {[{sni_fun, _}], {{server, {exception, exit, _, _}}, _}, {{server, {error, {tls_alert, {handshake_failure, _}}}}, _}} ->
            "sni_fun that gives no list: stock crashes";
        {_, {{server, {ok, _}}, _}, {{server, {error, {tls_alert, {handshake_failure, _}}}}, _}} when S =:= [{max_handshake_size, 50}]; C =:= [{max_handshake_size, 50}] ->
            "max_handshake_size: here for every message, with stock for those in several records";
        {[{sni_fun, _}], {{server, {ok, _}}, {client, {ok, _}}}, {{server, {error, {tls_alert, {handshake_failure, _}}}}, _}} ->
            "version that does not work yet, by sni_fun";
        {[{sni_fun, _}], {{server, {ok, {#{protocol := 'tlsv1.2', ecc := _}, _, _, _}}}, _}, {{server, {ok, {#{protocol := 'tlsv1.2', ecc := _}, _, _, _}}}, _}} ->
            "TLS 1.2 by sni_fun: the curve is chosen by the client's order, stock's by another";
        _ -> false
    end;
explained({garbage, _, Bytes}, _, _) ->
    case Bytes of
        <<22, 3, 1, 0, 5, 99, _/binary>> -> "unknown handshake message: unexpected_message (RFC 8446 section 4)";
        <<22, 3, 3, 0, 0>> -> "empty handshake record: unexpected_message (RFC 8446 section 5.1), stock waits for more";
        <<21, 3, 3, 0, 1, 1>> -> "half an alert: decode_error (RFC 8446 section 6)";
        <<"GET", _/binary>> -> "another protocol: protocol_version";
        <<20, 3, 3, 0, 1, 1>> -> "change_cipher_spec first of all: a client waits on (RFC 8446 section 5)";
        <<22, 3, 3, 0, 4, 1, 0, 0, 0>> -> "handshake message that the state does not expect: unexpected_message, not read";
        <<21, 3, 3, 0, 2, 1, 112>> -> "warning of unrecognized_name: the handshake goes on, here for ever and for clients too";
        <<21, 3, 3, 0, 2, 1, 90>> -> "user_canceled is a warning: what follows decides";
        _ -> false
    end;
explained(_, _, _) -> false.

%% The debug log has the record of the peer's goodbye here.
goodbye(Log, Log2) ->
    case {Log -- Log2, Log2 -- Log} of
        {[], [{debug, _, _, {report, #{protocol := record, direction := inbound}}}]} -> "debug log: the peer's goodbye, too";
        _ -> false
    end.

refused(Answer) ->
    case [V || {not_supported_yet, V} <- terms(Answer)] of
        [First | _] -> First;
        [] -> none
    end.

terms(T) when is_tuple(T) -> [T | lists:append([terms(E) || E <- tuple_to_list(T)])];
terms([H | T]) -> terms(H) ++ terms(T);
terms(_) -> [].

%% Only the extensions of the hello differ.
hello_only({{server, {paused, _, R}}, C}, {{server, {paused, _, R}}, C}) ->
    "the hello itself differs: that of stock's client has ec_point_formats, other orders and names";
hello_only(_, _) -> false.

%% The parts in which two answers differ.
leaves(T, T) -> [];
leaves([_ | _] = A, [_ | _] = B) ->
    case {io_lib:printable_unicode_list(A), io_lib:printable_unicode_list(B)} of
        {false, false} when length(A) =:= length(B) -> lists:append([leaves(X, Y) || {X, Y} <- lists:zip(A, B)]);
        {false, false} -> [{A -- B, B -- A}];
        _ -> [{A, B}]
    end;
leaves({Name, X}, {Name, Y}) when is_atom(Name) -> [{{Name, P}, {Name, Q}} || {P, Q} <- leaves(X, Y)];
leaves(A, B) when is_tuple(A), tuple_size(A) =:= tuple_size(B), tuple_size(A) > 1 ->
    lists:append([leaves(X, Y) || {X, Y} <- lists:zip(tuple_to_list(A), tuple_to_list(B))]);
leaves(A, B) when is_map(A), is_map(B) ->
    [{maps:filter(fun(K, V) -> maps:find(K, B) =/= {ok, V} end, A), maps:filter(fun(K, V) -> maps:find(K, A) =/= {ok, V} end, B)}];
leaves(A, B) -> [{A, B}].
