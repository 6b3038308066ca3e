%% What reaches the logger: alerts with OTP's levels and metadata, and the debug log of a handshake; and what does not: secrets.
-module(ssl_log_SUITE).
-export([all/0, suite/0, init_per_suite/1, end_per_suite/1, init_per_testcase/2, end_per_testcase/2]).
-export([alerts_have_otps_form/1, log_level_decides/1, messages_and_records/1, key_exchanges/1, printed_by_the_handler/1,
         nothing_unless_asked/1, handshake_continue_turns_it_on/1, no_secrets/1, handler_lives_with_the_application/1, user_canceled/1]).
-export([log/2]).

-include_lib("stdlib/include/assert.hrl").

suite() -> [{timetrap, {seconds, 30}}].

all() ->
    [alerts_have_otps_form, log_level_decides, messages_and_records, key_exchanges, printed_by_the_handler, nothing_unless_asked,
     handshake_continue_turns_it_on, no_secrets, handler_lives_with_the_application, user_canceled].

init_per_suite(Config) ->
    ok = ssl:start(),
    tls_pairs:credentials() ++ Config.

end_per_suite(_) -> ssl:stop().

init_per_testcase(_, Config) ->
    %% Only events of the library, whoever else logs.
    ok = logger:add_handler(?MODULE, ?MODULE, #{config => self(), level => all}),
    Config.

end_per_testcase(_, _) ->
    logger:remove_handler(?MODULE).

log(#{meta := Meta} = Event, #{config := Pid}) ->
    Ours = case Meta of
               #{domain := [otp, ssl | _]} -> true;
               #{mfa := {Module, _, _}} -> lists:member(Module, [ssl_log, ssl_trust, gen_statem, proc_lib]);
               #{} -> false
           end,
    Ours andalso (Pid ! {log, Event}),
    ok.

logged() ->
    receive {log, Event} -> [Event | logged()] after 200 -> [] end.

fail(Config, ServerOptions, ClientOptions) ->
    {ok, L} = ssl:listen(0, ServerOptions ++ tls_pairs:server(Config)),
    {ok, {_, Port}} = ssl:sockname(L),
    Client = tls_pairs:call(fun() -> ssl:connect("localhost", Port, ClientOptions ++ lists:keydelete(cacerts, 1, tls_pairs:client(Config)), 5000) end),
    {ok, A} = ssl:transport_accept(L, 5000),
    {error, {tls_alert, {unknown_ca, _}}} = ssl:handshake(A, 5000),
    {error, {tls_alert, {unknown_ca, _}}} = tls_pairs:result(Client),
    ssl:close(L).

%% Notice, no domain (so that the default handler prints them), a report and a callback that makes the text.
alerts_have_otps_form(Config) ->
    fail(Config, [], [{cacerts, []}]),
    Events = logged(),
    [own, peer] = lists:sort([maps:get(alerter, R) || #{msg := {report, R}} <- Events]),
    lists:foreach(fun(#{level := notice, meta := Meta, msg := {report, Report}}) ->
                          false = is_map_key(domain, Meta),
                          #{mfa := {_, _, _}, file := _, line := _, depth := 20, report_cb := Callback} = Meta,
                          #{protocol := "TLS", role := Role, statename := State, alert := _, mfa := _, file := _, line := _} = Report,
                          {Format, Arguments} = Callback(Report),
                          Text = lists:flatten(io_lib:format(Format, Arguments)),
                          Start = "TLS " ++ atom_to_list(Role) ++ ": In state " ++ atom_to_list(State),
                          true = lists:prefix(Start, Text),
                          true = string:find(Text, "Fatal - Unknown CA") =/= nomatch
                  end, Events).

log_level_decides(Config) ->
    Roles = fun(Server, Client) ->
                    fail(Config, Server, [{cacerts, []} | Client]),
                    lists:sort([maps:get(role, R) || #{msg := {report, R}} <- logged()])
            end,
    [client, server] = Roles([{log_level, notice}], [{log_level, info}]),
    [server] = Roles([{log_level, notice}], [{log_level, warning}]),
    [client] = Roles([{log_level, none}], [{log_level, notice}]),
    [] = Roles([{log_alert, false}], [{log_level, emergency}]).

debug_events(Events) ->
    [{Direction, Kind, Title} || #{level := debug, meta := #{domain := [otp, ssl, Kind]},
                                   msg := {report, #{direction := Direction, protocol := Kind, title := Title}}} <- Events].

messages_and_records(Config) ->
    {S, C} = tls_pairs:pair(Config, [{active, false}], [{active, false}, {log_level, debug}]),
    ok = ssl:send(C, "from the client"),
    {ok, _} = ssl:recv(S, 5, 5000),
    ok = ssl:send(S, "from the server"),
    {ok, _} = ssl:recv(C, 5, 5000),
    Events = debug_events(logged()),
    [{outbound, <<"TLS 1.3 Handshake, ClientHello">>}, {inbound, <<"TLS 1.3 Handshake, ServerHello">>},
     {inbound, <<"Handshake, EncryptedExtensions">>}, {inbound, <<"Handshake, Certificate">>},
     {inbound, <<"Handshake, CertificateVerify">>}, {inbound, <<"Handshake, Finished">>},
     {outbound, <<"Handshake, Finished">>}] = [{D, T} || {D, handshake, T} <- Events],
    Records = [{D, T} || {D, record, T} <- Events],
    [{outbound, <<"TLS 1.0 Record Protocol, handshake">>}, {inbound, <<"TLS 1.2 Record Protocol, handshake">>} | _] = Records,
    Data = <<"TLS 1.2 Record Protocol, application_data">>,
    [{inbound, Data}, {outbound, Data}] = lists:usort(lists:nthtail(length(Records) - 2, Records)),
    tls_pairs:closed(S, C).

%% What these messages hold depends on the suite (before TLS 1.3).
key_exchanges(Config0) ->
    Config = [{Side, lists:keydelete(versions, 1, Options)} || {Side, Options} <- Config0, Side =:= server orelse Side =:= client],
    [begin
         Options = [{active, false}, {versions, ['tlsv1.2']}, {ciphers, [Suite]} | Others],
         {S, C} = case Side of
                      client -> tls_pairs:pair(Config, Options, [{log_level, debug} | Options]);
                      server -> tls_pairs:pair(Config, [{log_level, debug} | Options], Options)
                  end,
         Page = [Body || #{level := debug, msg := {report, #{title := Title, message := Body}}} <- logged(),
                         binary:match(Title, <<"KeyExchange">>) =/= nomatch],
         Text = unicode:characters_to_list(Page),
         [?assertEqual({Suite, Side, Part, true}, {Suite, Side, Part, string:find(Text, Part) =/= nomatch}) || Part <- Parts],
         ?assertEqual(nomatch, string:find(Text, "body ")),
         tls_pairs:closed(S, C)
     end || Side <- [client, server],
            {Suite, Others, Parts} <-
                [{"ECDHE-ECDSA-AES128-GCM-SHA256", [{eccs, [secp256r1]}],
                  ["named_curve               secp256r1", "public                    65 bytes, 04", "algorithm  ", "signature  ", "ecdh_Yc  "]},
                 {"DHE-PSK-AES128-GCM-SHA256", [{psk_identity, "hint"}, {user_lookup_fun, {fun(psk, _, _) -> {ok, <<"secret of both">>} end, none}}],
                  ["psk_identity_hint         hint", "psk_identity              hint", "dh_p                      2048 bits, ", "dh_g   ", "dh_Yc   "]}]].

%% The application's own handler; what it prints is what the formatter makes of an event.
printed_by_the_handler(Config) ->
    {ok, #{formatter := {Formatter, FormatterConfig}, level := debug}} = logger:get_handler_config(ssl_handler),
    {S, C} = tls_pairs:pair(Config, [{active, false}, {log_level, debug}], [{active, false}]),
    [Hello, Record | _] = [unicode:characters_to_list(Formatter:format(Event, FormatterConfig))
                           || #{level := debug, msg := {report, #{title := Title}}} = Event <- logged(),
                              binary:match(Title, [<<"ClientHello">>, <<"handshake">>]) =/= nomatch],
    {Message, Bytes} = case Hello of
                           "reading" ++ _ -> {Record, Hello};
                           _ -> {Hello, Record}
                       end,
    "<<< TLS 1.3 Handshake, ClientHello\n  client_version            TLS 1.2\n" ++ _ = Message,
    lists:foreach(fun(Part) -> true = string:find(Message, Part) =/= nomatch end,
                  ["  cipher_suites ", "TLS_AES_256_GCM_SHA384", "    server_name             localhost\n", "supported_versions      TLS 1.3\n"]),
    [First, "0000 - 16 03 01 " ++ _, "0010 - " ++ _ | _] = string:split(Bytes, "\n", all),
    match = re:run(First, "^reading \\([0-9]+ bytes\\) TLS 1.0 Record Protocol, handshake$", [{capture, none}]),
    %% What else has the domain is printed too.
    Other = #{level => error, msg => {string, "other"}, meta => #{time => 0, pid => self(), domain => [otp, ssl]}},
    true = string:find(Formatter:format(Other, FormatterConfig), "other") =/= nomatch,
    tls_pairs:closed(S, C).

nothing_unless_asked(Config) ->
    {S, C} = tls_pairs:pair(Config, [{active, false}, {log_level, info}], [{active, false}]),
    [] = logged(),
    tls_pairs:closed(S, C).

handshake_continue_turns_it_on(Config) ->
    {ok, L} = ssl:listen(0, [{handshake, hello} | tls_pairs:server(Config)]),
    Client = tls_pairs:dial(L, Config, []),
    {ok, A} = ssl:transport_accept(L, 5000),
    {ok, P, _} = ssl:handshake(A, 5000),
    {ok, S} = ssl:handshake_continue(P, [{log_level, debug}], 5000),
    C = tls_pairs:result(Client),
    Titles = [T || {outbound, handshake, T} <- debug_events(logged())],
    true = lists:member(<<"TLS 1.3 Handshake, ServerHello">>, Titles),
    ssl:close(L),
    tls_pairs:closed(S, C).

%% Neither in what is logged nor in sys:get_status nor in the report of a crash: keys, passwords, traffic secrets, plaintext.
no_secrets(Config) ->
    Plain = <<"very secret plaintext of the user">>,
    {S, C} = tls_pairs:pair(Config, [binary, {active, false}, {log_level, debug}, {keep_secrets, true}],
                            [binary, {active, false}, {log_level, debug}, {keep_secrets, true}]),
    {ok, [{keylog, Lines}]} = ssl:connection_information(C, [keylog]),
    Secrets = [lists:last(string:lexemes(Line, " ")) || Line <- Lines],
    true = length(Secrets) >= 4,
    ok = ssl:send(C, Plain),
    {ok, Plain} = ssl:recv(S, byte_size(Plain), 5000),
    {_, {_, KeyDer}} = {key, proplists:get_value(key, tls_pairs:server(Config))},
    Pids = [tls_pairs:endpoint(Socket) || Socket <- [S, C]],
    Status = [sys:get_status(Pid) || Pid <- Pids],
    %% A fault in the middle of an event.
    Refs = [begin
                sys:replace_state(Pid, fun({State, Data}) -> {State, setelement(3, Data, broken)} end),
                monitor(process, Pid)
            end || Pid <- Pids],
    [spawn(fun() -> ssl:connection_information(Socket) end) || Socket <- [S, C]],
    [receive {'DOWN', Ref, process, _, Why} -> false = lists:member(Why, [normal, shutdown]) end || Ref <- Refs],
    Events = logged(),
    true = length(Events) > 10,
    Seen = iolist_to_binary([io_lib:format("~0p~n", [T]) || T <- [Status | Events]]),
    Bytes = iolist_to_binary([B || #{msg := {report, #{message := B}}} <- Events]),
    lists:foreach(fun(Hex) ->
                          Raw = binary:decode_hex(list_to_binary(Hex)),
                          nomatch = binary:match(Bytes, Raw),
                          nomatch = binary:match(Seen, list_to_binary(string:lowercase(Hex))),
                          nomatch = binary:match(Seen, list_to_binary(Hex)),
                          nomatch = binary:match(Seen, list_to_binary(lists:join(",", [integer_to_list(B) || <<B>> <= Raw])))
                  end, Secrets),
    nomatch = binary:match(Bytes, Plain),
    nomatch = binary:match(Bytes, KeyDer),
    nomatch = binary:match(Seen, Plain),
    true = [] =/= [crash || #{level := error} <- Events].

handler_lives_with_the_application(_) ->
    true = lists:member(ssl_handler, logger:get_handler_ids()),
    ok = ssl:stop(),
    false = lists:member(ssl_handler, logger:get_handler_ids()),
    [] = logger:get_module_level(ssl_log),
    ok = ssl:start(),
    true = lists:member(ssl_handler, logger:get_handler_ids()).

%% That somebody gives up is no event of note for the peer: info. The documented cancellation is a fatal user_canceled.
user_canceled(Config) ->
    logger:set_module_level(logger, info),
    Old = logger:get_primary_config(),
    logger:set_primary_config(level, info),
    try
        {ok, L} = ssl:listen(0, [{log_level, info} | tls_pairs:server(Config)]),
        {ok, {_, Port}} = ssl:sockname(L),
        Client = tls_pairs:call(fun() ->
                                        {ok, P, _} = ssl:connect("localhost", Port, [{handshake, hello} | tls_pairs:client(Config)], 5000),
                                        ssl:handshake_cancel(P)
                                end),
        {ok, A} = ssl:transport_accept(L, 5000),
        {error, {tls_alert, {user_canceled, _}}} = ssl:handshake(A, 5000),
        _ = tls_pairs:result(Client),
        [{info, peer, "received CLIENT ALERT: Fatal - User Canceled"}, {notice, own, "generated CLIENT ALERT: Fatal - User Canceled"}] =
            lists:sort([begin
                            {Format, Arguments} = Callback(Report),
                            Text = lists:flatten(io_lib:format(Format, Arguments)),
                            [_, Rest] = string:split(Text, case Alerter of own -> "generated"; peer -> "received" end),
                            {Level, Alerter, case Alerter of own -> "generated"; peer -> "received" end ++ string:trim(Rest, trailing)}
                        end || #{level := Level, msg := {report, #{alerter := Alerter} = Report}, meta := #{report_cb := Callback}} <- logged()]),
        ssl:close(L)
    after
        logger:set_primary_config(Old),
        logger:unset_module_level(logger)
    end.
