%% Of the process of a connection: what users call for once the handshake is over, and the replies. Options have
%% ssl_endpoint_options; what closes, ssl_endpoint_ending.
-module(ssl_endpoint_requests).
-if(?OTP_RELEASE >= 27).
-moduledoc false.
-endif.

-export([request/4, closed_request/3]).

-include("ssl_endpoint.hrl").

-spec request(term(), gen_statem:from(), atom(), data()) -> result().
request({new_user, Pid}, From, _, #data{owner = {Old, _}} = S) ->
    New = erlang:monitor(process, Pid),
    erlang:demonitor(Old, [flush]),
    {keep_state, S#data{owner = {New, Pid}}, [{reply, From, ok}]};
request({get_opts, Names}, From, _, S) ->
    {keep_state_and_data, [{reply, From, ssl_endpoint_options:get_options(Names, S, [])}]};
request({set_opts, Options}, From, State, S) ->
    ssl_endpoint_options:set_options(Options, From, State, S);
request({close, {Pid, Timeout}}, From, connection, S) ->
    ssl_endpoint_ending:downgrade(Pid, Timeout, From, S);
request({close, {_, _}}, From, _, S) ->
    {stop_and_reply, {shutdown, normal}, [{reply, From, {error, closed}}], S};
request({close, Timeout}, From, connection, S) ->
    ssl_endpoint_ending:close(From, Timeout, S);
request({close, _}, From, State, S) when State =:= handshake; State =:= paused ->
    gen_statem:reply(From, ok),
    ssl_endpoint_handshake:cancel(ssl_endpoint_handshake:reply({error, closed}, S));
request({close, _}, From, _, S) ->
    {stop_and_reply, {shutdown, normal}, [{reply, From, ok}], S};
request({shutdown, _}, From, connection, #data{ended = closed, shut = true}) ->
    {keep_state_and_data, [{reply, From, {error, closed}}]};
request({shutdown, How}, From, State, S) when How =:= read; How =:= write; How =:= read_write ->
    ssl_endpoint_ending:shut_down(How, From, State, S);
request({recv, _, _}, From, connection, #data{active = Active}) when Active =/= false ->
    {keep_state_and_data, [{reply, From, {error, einval}}]};
request({recv, _, _} = Recv, From, connection, #data{cooked = no, renegotiation = {_, _}} = S) ->
    %% We wait for the peer's part of a handshake, and shall not have to wait for somebody to read.
    request(Recv, From, connection, ssl_endpoint_delivery:take_over_cutting(<<>>, S));
request({recv, _, _}, From, connection, #data{ahead = yes, cooked = no, ended = undefined}) ->
    {keep_state_and_data, [{reply, From, retry}]};
request({recv, _, _} = Recv, From, connection, #data{cooked = no, ended = undefined} = S) ->
    case ssl_endpoint_reading:reads_badly(S) of
        true -> request(Recv, From, connection, ssl_endpoint_delivery:take_over_cutting(<<>>, S));
        false -> {keep_state, ssl_endpoint_reading:read_ahead(S), [{reply, From, retry}]}
    end;
request({recv, _, _} = Recv, From, connection, #data{cooked = no} = S) ->
    %% We know of the end already: what comes before it is read here.
    request(Recv, From, connection, ssl_endpoint_delivery:take_over_cutting(<<>>, S));
request({recv, _, _}, From, connection, #data{want = {_, _}}) ->
    %% Two at once on data that is cut here.
    {keep_state_and_data, [{reply, From, {error, ealready}}]};
request({recv, Length, Timeout}, From, connection, S) ->
    ssl_endpoint_reading:settle(S#data{want = {From, Length}}, [{{timeout, recv}, Timeout, give_up}]);
request({failed, Fatal}, From, connection, #data{role = Role, options = Options} = S) ->
    ssl_alert_text:log(Role, Fatal, ?PROTOCOL, maps:get(log_level, Options, notice)),
    ssl_endpoint_key_log:failed(S),
    ssl_endpoint_ending:mark_closed(S#data.conn),
    gen_statem:reply(From, {error, ssl_alert_text:reason(Role, Fatal, ?PROTOCOL)}),
    ssl_endpoint_events:end_session(S),
    S1 = ssl_endpoint_writing:flush(ssl_endpoint_events:renegotiated({error, closed}, S)),
    ssl_endpoint_ending:drain(ssl_endpoint_ending:alert_timeout(), S1);
request(ended, From, connection, #data{conn = Conn} = S) ->
    %% A reader outside saw the end, after all data.
    case ssl_endpoint_ending:stays_open(S) of
        true ->
            {keep_state, S#data{ended = closed}, [{reply, From, {error, closed}}]};
        false ->
            ssl_endpoint_ending:mark_closed(Conn),
            gen_statem:reply(From, {error, closed}),
            ssl_endpoint_ending:close(undefined, ?CLOSE_TIMEOUT, S#data{ended = closed})
    end;
request({invalid_packet, Bytes}, From, connection, #data{conn = Conn} = S) ->
    ssl_endpoint_ending:mark_closed(Conn),
    gen_statem:reply(From, {error, {invalid_packet, ssl_endpoint_ending:undelivered(Bytes, S)}}),
    ssl_endpoint_ending:close(undefined, ?CLOSE_TIMEOUT, S);
request(await, From, connection, _) ->
    {keep_state_and_data, [{reply, From, ok}]};
request(renegotiate, From, connection, #data{ctx = undefined}) ->
    %% RFC 8446 section 4.1.2: not in TLS 1.3.
    {keep_state_and_data, [{reply, From, {error, notsup}}]};
request(renegotiate, From, connection, #data{renegotiation = no, ended = undefined, conn = Conn} = S) ->
    ssl_endpoint_reading:settle(ssl_endpoint_events:outs(ssl_native:renegotiate(Conn), S#data{renegotiation = From}), []);
request(renegotiate, From, connection, #data{renegotiation = no}) ->
    {keep_state_and_data, [{reply, From, {error, closed}}]};
request(renegotiate, From, connection, _) ->
    {keep_state_and_data, [{reply, From, {error, already_renegotiating}}]};
%% A sender's: the keys have been used for as many records as renegotiate_at says.
request(new_keys, From, connection, #data{renegotiation = no, ended = undefined, conn = Conn} = S) ->
    S1 = S#data{renegotiation = {internal, [From]}},
    ssl_endpoint_reading:settle(ssl_endpoint_events:outs(ssl_native:renegotiate(Conn), S1), []);
request(new_keys, From, connection, #data{renegotiation = no}) ->
    {keep_state_and_data, [{reply, From, {error, closed}}]};
request(new_keys, From, connection, #data{renegotiation = {internal, Waiting}} = S) ->
    {keep_state, S#data{renegotiation = {internal, [From | Waiting]}}};
request(new_keys, From, connection, #data{renegotiation = User} = S) ->
    {keep_state, S#data{renegotiation = {internal, [From, User]}}};
request({served, Notes}, From, connection, S) ->
    %% A reader outside waits until the question that it came across is answered.
    case ssl_endpoint_events:outs(Notes, S) of
        #data{ended = {fatal, _} = Fatal} = S1 -> {keep_state, S1#data{ended = undefined}, [{reply, From, Fatal}]};
        S1 -> ssl_endpoint_reading:settle(S1, [{reply, From, ok}])
    end;
request(peer_certificate, From, connection, #data{conn = Conn}) ->
    Reply = case ssl_native:info(Conn) of
                #{peer_chain := [Leaf | _]} -> {ok, Leaf};
                _ -> {error, no_peercert}
            end,
    {keep_state_and_data, [{reply, From, Reply}]};
request(negotiated_protocol, From, connection, #data{conn = Conn}) ->
    Reply = case ssl_native:info(Conn) of
                #{alpn := Protocol} when is_binary(Protocol) -> {ok, Protocol};
                _ -> {error, protocol_not_negotiated}
            end,
    {keep_state_and_data, [{reply, From, Reply}]};
request(information, From, connection, #data{role = Role, conn = Conn, options = Options, key_log = Lines} = S) ->
    KeyLog = case Options of
                 #{keep_secrets := true} -> Lines;
                 _ -> []
             end,
    Reply = case ssl_native:info(Conn) of
                %% Given up, which we have not been told yet.
                undefined -> {error, closed};
                Info -> {ok, Info, maps:merge(secrets(Info, S), #{role => Role, options => Options, key_log => KeyLog})}
            end,
    {keep_state_and_data, [{reply, From, Reply}]};
request({export, [Label], [Context], [Length], _}, From, connection, #data{conn = Conn, ctx = #{}}) ->
    %% Before TLS 1.3: as OTP has it, one comes by itself and not in a list.
    Reply = case export(Conn, [Label], [Context], [Length], []) of
                {ok, [Key]} -> {ok, Key};
                {error, _} = Error -> Error
            end,
    {keep_state_and_data, [{reply, From, Reply}]};
request({export, _, _, _, _}, From, connection, #data{exporter = false}) ->
    {keep_state_and_data, [{reply, From, {error, exporter_master_secret_already_consumed}}]};
request({export, Labels, Contexts, Lengths, Consume}, From, connection, #data{conn = Conn} = S) ->
    Reply = export(Conn, Labels, Contexts, Lengths, []),
    %% What is not of TLS 1.3 cannot be consumed.
    Keep = not Consume orelse element(1, Reply) =:= error orelse S#data.ctx =/= undefined,
    {keep_state, S#data{exporter = Keep}, [{reply, From, Reply}]};
request(_, From, _, _) ->
    %% Nothing for this state, as a second handshake.
    {keep_state_and_data, [{reply, From, {error, einval}}]}.

%% After the end.
-spec closed_request(term(), gen_statem:from(), data()) -> result().
closed_request({close, {_, _}}, From, _) -> {keep_state_and_data, [{reply, From, {error, closed}}]};
closed_request({close, _}, From, _) -> {keep_state_and_data, [{reply, From, ok}]};
closed_request(_, From, _) -> {keep_state_and_data, [{reply, From, {error, closed}}]}.

%% Before TLS 1.3: what makes the session.
secrets(_, #data{ctx = undefined}) ->
    #{};
secrets(#{server_name := Name}, #data{ctx = #{sessions := Policy}, conn = Conn}) ->
    Secret = case ssl_native:master_secret(Conn) of
                 {ok, Master} -> #{master_secret => Master};
                 none -> #{}
             end,
    case ssl_native:session(Conn) of
        {ok, Data} -> Secret#{session_data => ssl_sessions:export(Policy, Name, Data)};
        none -> Secret
    end.

export(_, [], [], [], Acc) ->
    {ok, lists:reverse(Acc)};
export(Conn, [Label | Labels], [Context | Contexts], [Length | Lengths], Acc)
  when is_binary(Label), is_binary(Context) orelse Context =:= no_context, is_integer(Length), Length >= 0 ->
    case ssl_native:export(Conn, Label, Context, Length) of
        {ok, Key} -> export(Conn, Labels, Contexts, Lengths, [Key | Acc]);
        {error, _} -> {error, bad_input}
    end;
export(_, _, _, _, _) ->
    {error, bad_input}.
