%% Of the process of a connection: every way it ends. The peer or the transport did, data were no packet, the user closes, shuts
%% one direction down, or wants the transport back (close/2: close_notify both ways, then it is the user's again).
%%
%% closing: waits for its turn to write close_notify. draining: everything is said; the write side of the transport is shut
%% down, and what still comes is dropped, so that the peer reads our alert before a reset could overtake it - until it closes
%% too, or a time-out.
-module(ssl_endpoint_ending).
-if(?OTP_RELEASE >= 27).
-moduledoc false.
-endif.

-export([transport_ended/3, at_end/3, invalid/3, undelivered/2, one_sided/1, stays_open/1, exit_reason/1, replies/2]).
-export([close/3, say_goodbye/1, written/2, drain/2, mark_closed/1, shut_down/4, downgrade/4, downgraded/1, alert_timeout/0]).

-include("ssl_endpoint.hrl").

%% Milliseconds for a peer to read our alert and close (environment variable alert_timeout).
-define(ALERT_TIMEOUT, 5000).
%% The same while a process waits in recv.
-define(READER_TIMEOUT, 100).

-spec alert_timeout() -> timeout().
alert_timeout() ->
    case application:get_env(ssl, alert_timeout) of
        {ok, Time} when is_integer(Time), Time >= 0 -> Time;
        _ -> ?ALERT_TIMEOUT
    end.

%% The transport is at its end.
-spec transport_ended(closed | {error, term()}, atom(), data()) -> result().
transport_ended(_, draining, S) ->
    {stop, exit_reason(S), S};
transport_ended(_, closing, #data{ending = {From, _}} = S) ->
    {stop_and_reply, {shutdown, normal}, replies(From, ok), S};
transport_ended(_, downgrade, #data{ending = {From, _}} = S) ->
    {stop_and_reply, {shutdown, normal}, replies(From, {error, closed}), S};
transport_ended(closed, State, #data{hs = #hs{early = Early}} = S) when (State =:= accepted orelse State =:= paused), Early =/= [] ->
    %% The handshake will find it.
    {keep_state, S};
transport_ended(_, State, S) when State =:= accepted; State =:= paused ->
    %% Nothing is read: only an exit of the socket leads here.
    {stop, exit_reason(S), S};
transport_ended(How, handshake, #data{conn = Conn} = S) ->
    case ssl_endpoint_events:outs(ssl_native:close_transport(Conn, How), S) of
        #data{ended = {fatal, #{origin := peer}}} = S1 -> ssl_endpoint_handshake:progress(S1);
        S1 -> {stop, {shutdown, transport_closed}, ssl_endpoint_handshake:reply({error, closed}, S1)}
    end;
transport_ended(How, connection, #data{ended = closed, conn = Conn} = S) ->
    %% As was said before: what we say goes on, if the transport goes on with that.
    case How =:= closed andalso stays_open(S) of
        true -> {keep_state, S};
        false -> ssl_endpoint_reading:settle(shut(ssl_endpoint_events:outs(ssl_native:close_transport(Conn, How), S)), [])
    end;
transport_ended(How, connection, #data{conn = Conn} = S) ->
    case ssl_endpoint_events:outs(ssl_native:close_transport(Conn, How), S) of
        #data{ended = {fatal, _}} = S1 -> ssl_endpoint_reading:settle(shut(S1), []);
        S1 -> ssl_endpoint_reading:settle(shut(S1#data{ended = closed, behind = torn}), [])
    end.

-spec replies(gen_statem:from() | undefined, term()) -> [gen_statem:reply_action()].
replies(undefined, _) -> [];
replies(From, Reply) -> [{reply, From, Reply}].

%% All data are delivered, and the connection has ended: the user hears of it.
-spec at_end(closed | {fatal, ssl_native:fatal()}, data(), [gen_statem:action()]) -> result().
at_end(How, #data{renegotiation = {_, _}} = S, Actions) ->
    at_end(How, ssl_endpoint_events:renegotiated({error, closed}, S), Actions);
at_end(How, #data{role = Role, options = Options, want = Want, self = Self, conn = Conn} = S, Actions) ->
    How =:= closed orelse ssl_endpoint_events:end_session(S),
    Reason = case How of
                 closed -> closed;
                 {fatal, Fatal} ->
                     #{alert := Alert} = Fatal,
                     Alert =:= ?CLOSE_NOTIFY orelse ssl_endpoint_key_log:failed(S),
                     Alert =:= ?CLOSE_NOTIFY orelse
                         ssl_alert_text:log(Role, Fatal, ?PROTOCOL, maps:get(log_level, Options, notice)),
                     ssl_alert_text:reason(Role, Fatal, ?PROTOCOL)
             end,
    Stays = How =:= closed andalso Want =/= undefined andalso stays_open(S),
    %% First: whoever gets an answer finds it closed.
    Stays orelse mark_closed(Conn),
    reply_all([R || {reply, _, _} = R <- Actions]),
    case Want of
        {From, _} -> gen_statem:reply(From, {error, Reason});
        undefined when S#data.active =:= false -> ok;
        undefined when Reason =:= closed -> ssl_endpoint_delivery:to_owner({ssl_closed, Self}, S);
        undefined -> ssl_endpoint_delivery:to_owner({ssl_error, Self, Reason}, S)
    end,
    S1 = S#data{want = undefined},
    case How of
        closed when Stays -> {next_state, connection, S1};
        closed -> close(undefined, ?CLOSE_TIMEOUT, S1);
        _ -> drain(alert_timeout(), S1)
    end.

%% The peer has ended, and what it sent has not been read yet: that stays for the reader. Before TLS 1.3 our side ends too (RFC
%% 5246 section 7.2.1), unless the user wants to go on sending; in TLS 1.3 it goes on (RFC 8446 section 6.1).
-spec one_sided(data()) -> data().
one_sided(#data{ended = closed, ctx = #{}} = S) -> last_word(S);
one_sided(S) -> S.

last_word(#data{shut = false} = S) ->
    case stays_open(S) of
        true -> S;
        false -> shut(ssl_endpoint_writing:control_now(close_notify, S))
    end;
last_word(S) ->
    S.

shut(S0) ->
    S = S0#data{shut = true},
    ssl_endpoint_delivery:word(S),
    S.

%% {exit_on_close, false}: a passive socket outlives the end of what it receives, until it is closed.
-spec stays_open(data()) -> boolean().
stays_open(#data{transport = Transport, socket = Socket}) ->
    try ssl_transport:getopts(Transport, Socket, [exit_on_close]) of
        {ok, [{exit_on_close, false}]} -> true;
        _ -> false
    catch
        _:_ -> false
    end.

%% Why the process ends, for those that watch it; the reasons are OTP's.
-spec exit_reason(data()) -> term().
exit_reason(#data{ended = closed}) -> {shutdown, peer_close};
exit_reason(#data{ended = {fatal, #{origin := local}}}) -> {shutdown, own_alert};
exit_reason(_) -> {shutdown, normal}.

reply_all(Replies) ->
    lists:foreach(fun({reply, From, Reply}) -> gen_statem:reply(From, Reply) end, Replies).

%% A packet that is larger than allowed, or none at all. Who asked for something that led here learns that it is over.
-spec invalid(binary(), data(), [gen_statem:action()]) -> result().
invalid(Bytes, #data{want = Want, self = Self, conn = Conn} = S, Actions) ->
    mark_closed(Conn),
    reply_all([{reply, From, {error, closed}} || {reply, From, _} <- Actions]),
    Reason = {invalid_packet, undelivered(Bytes, S)},
    case Want of
        {From, _} -> gen_statem:reply(From, {error, Reason});
        undefined -> ssl_endpoint_delivery:to_owner({ssl_error, Self, Reason}, S)
    end,
    close(undefined, ?CLOSE_TIMEOUT, S#data{want = undefined}).

-spec undelivered(binary(), data()) -> binary() | string().
undelivered(Bytes, #data{mode = list}) -> binary_to_list(Bytes);
undelivered(Bytes, #data{mode = binary}) -> Bytes.

%% Closes: close_notify when it is our turn to write, then the transport.
-spec close(gen_statem:from() | undefined, timeout(), data()) -> result().
close(From, Timeout, #data{conn = Conn} = S0) ->
    mark_closed(Conn),
    S = ssl_endpoint_reading:callers_come(S0),
    say_goodbye(S#data{ending = {From, Timeout}, active = false}).

-spec say_goodbye(data()) -> result().
say_goodbye(#data{conn = Conn, ending = {From, Timeout}} = S) ->
    case ssl_native:control(Conn, close_notify) of
        {ok, Bytes} ->
            case written(closing, ssl_endpoint_writing:write(Bytes, S#data{unlock = true})) of
                {keep_state, S1} -> {next_state, closing, S1, [{state_timeout, Timeout, expired}]};
                Next -> Next
            end;
        {wait, _Ref} ->
            {next_state, closing, S, [{state_timeout, Timeout, expired}]};
        {error, _} ->
            reply_all(replies(From, ok)),
            drain(Timeout, S)
    end.

%% The transport took data.
-spec written(atom(), data()) -> result().
written(closing, #data{out = [], writer = undefined, unlock = false, ending = {From, Timeout}} = S) ->
    reply_all(replies(From, ok)),
    drain(Timeout, S);
written(connection, #data{out = [], writer = undefined, ending = {shutdown, From, How}, transport = Transport,
                          socket = Socket} = S) ->
    case ssl_transport:shutdown(Transport, Socket, How) of
        ok when How =:= write -> {keep_state, shut(S#data{ending = undefined}), [{reply, From, ok}]};
        {error, Gone} when How =:= write, Gone =:= closed orelse Gone =:= enotconn orelse Gone =:= einval ->
            %% The peer read our close_notify, and was faster: its transport is closed, and so is ours.
            {keep_state, shut(S#data{ending = undefined}), [{reply, From, ok}]};
        ok -> ssl_endpoint_reading:settle(nothing_to_read(shut(S#data{ending = undefined})), [{reply, From, ok}]);
        {error, _} = Error -> transport_refused(From, Error, S)
    end;
written(downgrade, #data{ended = closed} = S) ->
    downgraded(S);
written(handshake, #data{hs = #hs{done = true}} = S) ->
    ssl_endpoint_handshake:progress(S);
written(_, S) ->
    {keep_state, S}.

%% No more to say. The peer shall read it before the transport closes.
-spec drain(timeout(), data()) -> result().
drain(_, #data{ended = closed, out = [], writer = undefined} = S) ->
    %% The peer has said goodbye, or the transport is at its end: nothing to wait for.
    {stop, exit_reason(S), S};
drain(0, S) ->
    {stop, exit_reason(S), S};
drain(infinity, S) ->
    drain(?CLOSE_TIMEOUT, S);
drain(Timeout, #data{out = Out, writer = Writer} = S) when Out =/= []; Writer =/= undefined ->
    %% First what is to be said must be on its way.
    {next_state, closing, S#data{ending = {undefined, Timeout}, hs = undefined}, [{state_timeout, Timeout, expired}]};
drain(Timeout, #data{transport = Transport, socket = Socket, conn = Conn} = S0) ->
    mark_closed(Conn),
    reply_all(case S0#data.want of {From, _} -> replies(From, {error, closed}); undefined -> [] end),
    Emptied = S0#data{want = undefined, ending = undefined, hs = undefined, cooked = no, key_log = [],
                      options = maps:with([hibernate_after], S0#data.options)},
    S = ssl_endpoint_reading:lock(ssl_endpoint_reading:callers_come(Emptied)),
    Wait = case S of
               #data{lock = held} -> Timeout;
               %% A reader outside waits for the transport: it shall not wait for the peer's goodbye.
               _ -> min(Timeout, ?READER_TIMEOUT)
           end,
    case ssl_transport:shutdown(Transport, Socket, write) of
        ok ->
            {next_state, draining, ssl_endpoint_reading:arm(many, S),
             [{state_timeout, Wait, expired}, {{timeout, handshake}, cancel}]};
        {error, _} -> {stop, exit_reason(S), S}
    end.

%% From now on send and recv of callers fail at once.
-spec mark_closed(ssl_native:conn()) -> ok.
mark_closed(Conn) ->
    ok = ssl_native:set_word(Conn, ssl_stream:closed_word(ssl_native:word(Conn))).

-spec shut_down(read | write | read_write, gen_statem:from(), atom(), data()) -> result().
shut_down(read, From, connection, #data{transport = Transport, socket = Socket} = S) ->
    case ssl_transport:shutdown(Transport, Socket, read) of
        ok -> ssl_endpoint_reading:settle(last_word(nothing_to_read(S)), [{reply, From, ok}]);
        {error, _} = Error -> transport_refused(From, Error, S)
    end;
shut_down(How, From, connection, S) ->
    written(connection, ssl_endpoint_writing:control_now(close_notify, S#data{ending = {shutdown, From, How}}));
shut_down(How, From, _, #data{transport = Transport, socket = Socket}) ->
    {keep_state_and_data, [{reply, From, ssl_transport:shutdown(Transport, Socket, How)}]}.

%% It is not connected any more.
transport_refused(From, Error, #data{conn = Conn} = S) ->
    mark_closed(Conn),
    {stop_and_reply, {shutdown, normal}, [{reply, From, Error}], S}.

%% The user wants nothing more: as if the peer had ended.
nothing_to_read(#data{ended = undefined} = S) -> ssl_endpoint_reading:lock(S#data{ended = closed});
nothing_to_read(S) -> S.

-spec downgrade(pid(), timeout(), gen_statem:from(), data()) -> result().
downgrade(Pid, Timeout, From, S0) ->
    case ssl_endpoint_reading:lock(ssl_endpoint_reading:callers_come(S0)) of
        #data{lock = held, ended = {fatal, Fatal}, role = Role} = S ->
            {stop_and_reply, {shutdown, normal}, [{reply, From, {error, ssl_alert_text:reason(Role, Fatal, ?PROTOCOL)}}], S};
        #data{behind = torn} = S ->
            {stop_and_reply, {shutdown, normal}, [{reply, From, {error, closed}}], S};
        #data{lock = held} = S ->
            S1 = ssl_endpoint_writing:control_now(close_notify, ssl_endpoint_reading:disarm(S)),
            case S1#data{ending = {From, Timeout}, listener = undefined, want = {From, 0}, active = false} of
                S2 -> downgraded(S2#data{want = undefined, owner = {element(1, S2#data.owner), Pid}})
            end;
        S ->
            %% Somebody reads: that would read the close_notify.
            {keep_state, S, [{reply, From, {error, timeout}}]}
    end.

-spec downgraded(data()) -> result().
downgraded(#data{ended = closed, out = [], writer = undefined, ending = {From, _}, owner = {_, Pid}, transport = Transport,
                 socket = Socket, conn = Conn} = S) ->
    _ = ssl_transport:setopts(Transport, Socket, ssl_transport:internal()),
    %% What followed the peer's close_notify is the user's: taken with it, or sent to us meanwhile.
    Rest = iolist_to_binary([ssl_native:rest(Conn), S#data.behind | ssl_endpoint_reading:plain_bytes(S)]),
    mark_closed(Conn),
    %% When the peer has closed the transport, too, the user finds that out from the socket, as with OTP.
    _ = Transport:controlling_process(Socket, Pid),
    Reply = case Rest of
                <<>> -> {ok, Socket};
                _ -> {ok, Socket, Rest}
            end,
    {stop_and_reply, {shutdown, downgrade}, [{reply, From, Reply}], S};
downgraded(#data{ended = {fatal, Fatal}, ending = {From, _}, role = Role} = S) ->
    {stop_and_reply, {shutdown, normal}, [{reply, From, {error, ssl_alert_text:reason(Role, Fatal, ?PROTOCOL)}}], S};
downgraded(#data{ended = closed, ending = {_, Timeout}} = S) ->
    %% The peer waits for our close_notify, which is on its way to the transport still.
    {next_state, downgrade, S, [{state_timeout, Timeout, expired}]};
downgraded(#data{ending = {_, Timeout}} = S) ->
    {next_state, downgrade, ssl_endpoint_reading:arm(once, S), [{state_timeout, Timeout, expired}]}.
