%% Of the process of a connection: the handshake, from the call that begins it to `connected`, a pause (`{handshake, hello}`)
%% on the way, and the ways to give it up.
-module(ssl_endpoint_handshake).
-if(?OTP_RELEASE >= 27).
-moduledoc false.
-endif.

-export([begin_handshake/3, continue_handshake/6, progress/1, reply/2, refuse/1, cancel/1, canceled/2]).

-include("ssl_endpoint.hrl").

%% Words, the least there is.
-define(IDLE_HEAP, 233).

-spec begin_handshake(gen_statem:from(), timeout(), data()) -> result().
begin_handshake(From, Timeout, #data{conn = Conn, hs = #hs{early = Early} = Hs} = S0) ->
    S = ssl_endpoint_events:outs(ssl_native:start(Conn), ssl_endpoint_reading:lock(S0#data{hs = Hs#hs{from = From, early = []}})),
    started(fed(Early, S), Timeout).

started(S, Timeout) ->
    case {progress(S), Timeout} of
        {{next_state, handshake, _} = Next, infinity} -> Next;
        {{next_state, handshake, S1}, _} -> {next_state, handshake, S1, [{{timeout, handshake}, Timeout, give_up}]};
        {Next, _} -> Next
    end.

%% {handshake, hello}: the caller looks at the peer's hello and continues, with the options of then.
-spec continue_handshake(gen_statem:from(), ssl_native:config(), term(), map(), timeout(), data()) -> result().
continue_handshake(From, Config, Ctx, Options, Timeout, #data{conn = Conn, hs = #hs{paused = Query, early = Early} = Hs} = S) ->
    {Answer, NewCtx} = case ssl_verdict:answer(Query, ssl_material:same_name(Hs#hs.ctx, Ctx)) of
                           {continue, Ctx1} -> {{use_config, Config}, Ctx1};
                           Decided -> Decided
                       end,
    New = ssl_endpoint_events:by_name(Query, NewCtx, S#data{options = Options}),
    ok = ssl_endpoint_events:debug(New),
    Continued = New#data{hs = Hs#hs{from = From, ctx = NewCtx, parsed = undefined, paused = done, early = []}},
    started(fed(Early, ssl_endpoint_events:outs(ssl_native:answer(Conn, Answer), Continued)), Timeout).

%% What came early.
fed([], S) -> S;
fed(_, #data{ended = How} = S) when How =/= undefined -> S;
fed(Early, #data{conn = Conn} = S) -> ssl_endpoint_events:outs(ssl_native:feed(Conn, Early), S).

%% After something happened in the handshake.
-spec progress(data()) -> result().
progress(#data{hs = #hs{done = true}, out = [], writer = undefined} = S) ->
    %% The handshake is over, and our part of it with the transport: the user may write. From now on little memory is enough.
    _ = erlang:process_flag(min_heap_size, ?IDLE_HEAP),
    ssl_endpoint_reading:settle(done(S), [{{timeout, handshake}, cancel}]);
progress(#data{hs = #hs{done = true}} = S) ->
    {next_state, handshake, S};
progress(#data{ended = {fatal, Fatal}} = S) ->
    failed_handshake(Fatal, S);
progress(#data{ended = closed} = S) ->
    ssl_endpoint_ending:drain(?CLOSE_TIMEOUT, reply({error, closed}, S));
progress(#data{options = #{versions := Versions}, hs = #hs{paused = {_, _} = Hello, from = From} = Hs} = S) ->
    gen_statem:reply(From, {paused, ssl_facts:hello(Hello, Versions)}),
    {next_state, paused, ssl_endpoint_reading:at_rest(S#data{hs = Hs#hs{from = undefined}}), [{{timeout, handshake}, cancel}]};
progress(S) ->
    {next_state, handshake, ssl_endpoint_reading:arm(handshake, S)}.

failed_handshake(#{alert := ?CLOSE_NOTIFY}, S) ->
    ssl_endpoint_ending:drain(?CLOSE_TIMEOUT, reply({error, closed}, S));
failed_handshake(Fatal, #data{role = Role, options = Options, hs = Hs} = S) ->
    Reason = ssl_alert_text:reason(Role, Fatal, ?PROTOCOL),
    ssl_alert_text:log(Role, Fatal, ?PROTOCOL, maps:get(log_level, Options, notice)),
    ssl_endpoint_key_log:handshake_failed(Role, Hs, Options),
    ssl_endpoint_events:end_session(S),
    ssl_endpoint_ending:drain(ssl_endpoint_ending:alert_timeout(), reply({error, Reason}, S)).

%% The options that a paused handshake was to go on with are wrong.
-spec refuse(data()) -> result().
refuse(#data{role = Role, conn = Conn, options = Options} = S) ->
    Fatal = #{origin => local, alert => ?INTERNAL_ERROR, state => user_hello, cause => <<"options of handshake_continue">>},
    ssl_alert_text:log(Role, Fatal, ?PROTOCOL, maps:get(log_level, Options, notice)),
    S1 = say({alert, ?INTERNAL_ERROR}, S),
    _ = ssl_native:close_transport(Conn, closed),
    ssl_endpoint_ending:drain(ssl_endpoint_ending:alert_timeout(), S1).

%% ssl:handshake_cancel/1: a fatal user_canceled, and nothing else.
-spec canceled(paused | handshake, data()) -> result().
canceled(State, #data{role = Role, conn = Conn, options = Options} = S) ->
    Name = case State of paused -> user_hello; _ -> ssl_native:state(Conn) end,
    Fatal = #{origin => local, alert => ?USER_CANCELED, state => Name, cause => <<>>},
    ssl_alert_text:log(Role, Fatal, ?PROTOCOL, maps:get(log_level, Options, notice)),
    S1 = say(cancel, S),
    _ = ssl_native:close_transport(Conn, closed),
    ssl_endpoint_ending:drain(?CLOSE_TIMEOUT, S1).

%% The user gave up, or died: user_canceled and close_notify (RFC 8446 section 6.1).
-spec cancel(data()) -> result().
cancel(#data{conn = Conn} = S) ->
    S1 = say(close_notify, say({alert, ?USER_CANCELED}, S)),
    _ = ssl_native:close_transport(Conn, closed),
    ssl_endpoint_ending:drain(?CLOSE_TIMEOUT, S1).

%% During the handshake nobody else writes: the lock need not wait for the transport.
say(What, #data{conn = Conn} = S) ->
    case ssl_native:control(Conn, What) of
        {ok, Bytes} -> ssl_endpoint_writing:write([Bytes | rest(ssl_native:send_end(Conn), Conn)], S);
        _ -> S
    end.

rest(ok, _) -> [];
rest({flush, Bytes}, Conn) -> [Bytes | rest(ssl_native:send_end(Conn), Conn)].

done(#data{packet = Packet, cooked = Cooked} = S0) ->
    S = ssl_endpoint_key_log:connected(S0),
    reply(connected, case Cooked =/= no orelse ssl_endpoint_delivery:native_packet(Packet) of
                         true -> ssl_endpoint_reading:begin_with(S);
                         false -> ssl_endpoint_delivery:take_over_cutting(<<>>, S)
                     end).

-spec reply(connected | {error, term()}, data()) -> data().
reply(Reply, #data{hs = #hs{from = From}} = S) ->
    From =/= undefined andalso gen_statem:reply(From, Reply),
    S#data{hs = undefined};
reply(_, S) ->
    S.
