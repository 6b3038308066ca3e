%% Of the process of a connection: ssl:getopts and ssl:setopts. What the library keeps itself (active, mode, packet and the like)
%% is changed here, the rest is the transport's.
-module(ssl_endpoint_options).
-if(?OTP_RELEASE >= 27).
-moduledoc false.
-endif.

-export([get_options/3, set_options/4]).

-include("ssl_endpoint.hrl").

%% As OTP, in reverse order.
-spec get_options([atom()], data(), [{atom(), term()}]) -> {ok, [{atom(), term()}]} | {error, term()}.
get_options([], _, Acc) -> {ok, Acc};
get_options([Name | Names], S, Acc) ->
    case own_option(Name, S) of
        {ok, Value} ->
            get_options(Names, S, [{Name, Value} | Acc]);
        no ->
            case ssl_transport:getopts(S#data.transport, S#data.socket, [Name]) of
                {ok, Values} -> get_options(Names, S, Values ++ Acc);
                {error, Reason} -> {error, {options, {socket_options, Name, Reason}}}
            end
    end;
get_options(Names, _, _) ->
    {error, {options, {socket_options, Names, function_clause}}}.

own_option(mode, #data{mode = Mode}) -> {ok, Mode};
own_option(packet, #data{packet = {Packet, headers}}) -> {ok, Packet};
own_option(packet, #data{packet = Packet}) -> {ok, Packet};
own_option(header, #data{header = Header}) -> {ok, Header};
own_option(active, #data{active = Active}) -> {ok, Active};
own_option(packet_size, #data{packet_size = Size}) -> {ok, Size};
own_option(buffer, #data{buffer = Buffer}) when Buffer =/= undefined -> {ok, Buffer};
own_option(Name, #data{options = Options}) when Name =:= high_watermark; Name =:= low_watermark ->
    case Options of
        #{Name := Value} -> {ok, Value};
        #{} -> no
    end;
own_option(_, _) -> no.

-spec set_options([term()], gen_statem:from(), atom(), data()) -> result().
set_options(Options, From, State, S) ->
    {Reply, S1} = set_all(Options, S, []),
    %% As OTP: who counts and has a passive socket then is told so, whatever led there.
    case {lists:keyfind(active, 1, Options), S1} of
        {{active, N}, #data{active = false}} when is_integer(N) ->
            ssl_endpoint_delivery:to_owner({ssl_passive, S1#data.self}, S1);
        _ -> ok
    end,
    S2 = ssl_endpoint_delivery:framing(S, S1),
    case State of
        connection -> set_active(Reply, From, S2);
        _ -> {keep_state, S2, [{reply, From, Reply}]}
    end.

%% Who wants data where only the alert is left that ended the connection gets that for an answer: as a client whose certificate
%% the server refused when the handshake was over for the client (RFC 8446 section 6.2).
set_active(Reply, From, #data{role = Role, active = Active, ended = {fatal, Fatal}, want = undefined} = S0) when Active =/= false ->
    case ssl_endpoint_delivery:collected(S0) of
        #data{cooked = <<>>} = S ->
            Error = {error, ssl_alert_text:reason(Role, Fatal, ?PROTOCOL)},
            ssl_endpoint_ending:at_end({fatal, Fatal}, S#data{active = false}, [{reply, From, Error}]);
        S ->
            ssl_endpoint_reading:settle(S, [{reply, From, Reply}])
    end;
set_active(Reply, From, #data{active = false, armed = many} = S) ->
    ssl_endpoint_reading:settle(ssl_endpoint_reading:disarm(S), [{reply, From, Reply}]);
set_active(Reply, From, S) ->
    ssl_endpoint_reading:settle(S, [{reply, From, Reply}]).

set_all([], S, []) ->
    {ok, S};
set_all([], #data{transport = Transport, socket = Socket} = S, Others) ->
    try ssl_transport:setopts(Transport, Socket, lists:reverse(Others)) of
        ok ->
            {ok, case lists:keymember(buffer, 1, Others) orelse lists:keymember(recbuf, 1, Others) of
                     true -> S#data{buffer = undefined};
                     false -> S
                 end};
        {error, Reason} ->
            {bad_option(lists:reverse(Others), Reason), S}
    catch
        _:Reason ->
            {bad_option(lists:reverse(Others), Reason), S}
    end;
set_all([{active, Active} | Rest], S, Others) when is_boolean(Active); Active =:= once ->
    set_all(Rest, S#data{active = Active}, Others);
set_all([{active, N} = Option | Rest], #data{active = Old} = S, Others) when is_integer(N), N >= -32768, N =< 32767 ->
    Sum = case is_integer(Old) of
              true -> Old + N;
              false -> N
          end,
    if
        Sum < -32768; Sum > 32767 -> {bad_option(Option), S};
        Sum =< 0 -> set_all(Rest, S#data{active = false}, Others);
        true -> set_all(Rest, S#data{active = Sum}, Others)
    end;
set_all([{mode, Mode} | Rest], S, Others) when Mode =:= list; Mode =:= binary ->
    set_all(Rest, S#data{mode = Mode}, Others);
set_all([{packet, Packet} = Option | Rest], S, Others) ->
    case is_packet(Packet) of
        true -> set_all(Rest, S#data{packet = Packet}, Others);
        false -> {bad_option(Option), S}
    end;
set_all([{header, Header} | Rest], S, Others) when is_integer(Header), Header >= 0 ->
    set_all(Rest, S#data{header = Header}, Others);
set_all([{packet_size, Size} | Rest], S, Others) when is_integer(Size), Size >= 0 ->
    set_all(Rest, S#data{packet_size = Size}, Others);
set_all([{Name, Value} | Rest], #data{options = Options} = S, Others)
  when is_map_key(Name, Options), is_integer(Value), Name =:= high_watermark orelse Name =:= low_watermark ->
    set_all(Rest, S#data{options = Options#{Name := Value}}, Others);
set_all([{Name, _} = Option | _], S, _) when Name =:= active; Name =:= mode; Name =:= header; Name =:= packet_size ->
    {bad_option(Option), S};
set_all([Option | Rest], S, Others) ->
    set_all(Rest, S, [Option | Others]).

bad_option(Option) -> {error, {options, {socket_options, Option}}}.

bad_option(Options, Reason) -> {error, {options, {socket_options, Options, Reason}}}.

is_packet(Packet) ->
    lists:member(Packet, [raw, 0, 1, 2, 4, asn1, cdr, sunrm, fcgi, tpkt, line, http, httph, http_bin, httph_bin]).
