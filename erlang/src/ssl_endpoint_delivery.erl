%% Of the process of a connection: units out of plaintext, and to whom they go.
%%
%% What the native half cuts (raw, 1, 2, 4) it keeps, and readers outside take it there. Other packet types are cut here, out
%% of `cooked`; so is what came while nobody wanted it. Then recv comes here too, until all of that is read.
-module(ssl_endpoint_delivery).
-if(?OTP_RELEASE >= 27).
-moduledoc false.
-endif.

-export([framing/1, framing/2, word/1, native_packet/1, take_over_cutting/2, collected/1, next/1, deliver/2, to_owner/2]).

-include("ssl_endpoint.hrl").

-spec native_packet(term()) -> boolean().
native_packet(Packet) ->
    Packet =:= raw orelse Packet =:= 0 orelse Packet =:= 1 orelse Packet =:= 2 orelse Packet =:= 4.

%% Tells the native half and the callers how to cut and show: at the start, and (with two states) after a change.
-spec framing(data()) -> ok.
framing(#data{conn = Conn, packet = Packet, packet_size = Size} = S) ->
    ok = ssl_native:packet(Conn, case native_packet(Packet) of true -> Packet; false -> raw end, max(0, Size)),
    word(S).

-spec word(data()) -> ok.
word(#data{conn = Conn, mode = Mode, packet = Packet, header = Header, cooked = Cooked, shut = Shut}) ->
    ok = ssl_native:set_word(Conn, ssl_stream:word(Mode, Packet, Header, Cooked =/= no, Shut)).

-spec framing(data(), data()) -> data().
framing(#data{mode = M, packet = P, packet_size = Z, header = H}, #data{mode = M, packet = P, packet_size = Z, header = H} = S) ->
    S;
framing(_, #data{cooked = no, packet = Packet} = S) ->
    framing(S),
    case native_packet(Packet) of
        true -> S;
        false -> take_over_cutting(<<>>, S)
    end;
framing(_, S) ->
    word(S),
    S.

-spec take_over_cutting(binary(), data()) -> data().
take_over_cutting(Data, #data{conn = Conn, cooked = no} = S0) ->
    ok = ssl_native:packet(Conn, raw, 0),
    S = S0#data{cooked = Data},
    word(S),
    ssl_endpoint_reading:lock(S).

%% All is read, and the native half can cut what comes: its work again.
hand_back_cutting(#data{cooked = <<>>, packet = Packet} = S) ->
    case native_packet(Packet) of
        true ->
            S1 = S#data{cooked = no},
            framing(S1),
            S1;
        false ->
            S
    end;
hand_back_cutting(S) ->
    S.

%% The next unit for the user.
-spec next(data()) -> {data, term(), data()} | {more, data()} | {invalid, binary()}.
next(#data{cooked = no, conn = Conn} = S) ->
    case ssl_native:pull(Conn, 0) of
        {data, Data} -> {data, Data, S};
        none -> {more, S};
        {error, {invalid_packet, Bytes}} -> {invalid, Bytes}
    end;
next(#data{cooked = Kept, want = Want} = S) ->
    Length = case Want of {_, N} -> N; undefined -> 0 end,
    case cut(S#data.packet, S#data.packet_size, Length, Kept) of
        {data, Data, Rest} -> {data, Data, hand_back_cutting(S#data{cooked = Rest})};
        invalid -> {invalid, Kept};
        more -> more(S)
    end.

more(#data{cooked = Kept, conn = Conn} = S) ->
    case ssl_native:pull(Conn, 0) of
        {data, Data} -> next(S#data{cooked = <<Kept/binary, Data/binary>>});
        none -> {more, hand_back_cutting(S)}
    end.

%% After the end: all that is left is in `cooked`.
-spec collected(data()) -> data().
collected(#data{cooked = no} = S) ->
    collected(take_over_cutting(<<>>, S));
collected(#data{cooked = Kept, conn = Conn} = S) ->
    case ssl_native:pull(Conn, 0) of
        {data, Data} -> collected(S#data{cooked = <<Kept/binary, Data/binary>>});
        none -> S
    end.

cut(_, _, _, <<>>) ->
    more;
cut(Packet, _, Length, Data) when Packet =:= raw; Packet =:= 0 ->
    %% Not matched before it is long enough: what was matched is copied when the next piece is appended.
    if
        Length =:= 0 -> {data, Data, <<>>};
        byte_size(Data) < Length -> more;
        true ->
            <<Head:Length/binary, Rest/binary>> = Data,
            {data, Head, Rest}
    end;
cut(Packet, Size, _, Data) ->
    Type = case Packet of
               {http, headers} -> httph;
               {http_bin, headers} -> httph_bin;
               _ -> Packet
           end,
    case erlang:decode_packet(Type, Data, [{packet_size, Size}]) of
        {ok, Unit, Rest} -> {data, Unit, Rest};
        {more, _} -> more;
        {error, _} -> invalid
    end.

%% Gives a unit to whom it is for.
-spec deliver(term(), data()) -> data().
deliver(Unit, #data{want = {From, _}} = S) ->
    gen_statem:reply(From, {ok, format(Unit, S)}),
    packet_state(Unit, S#data{want = undefined});
deliver(Unit, #data{active = Active, self = Self} = S) ->
    to_owner({ssl, Self, format(Unit, S)}, S),
    packet_state(Unit, case Active of
                           true -> S;
                           once -> S#data{active = false};
                           1 ->
                               to_owner({ssl_passive, Self}, S),
                               S#data{active = false};
                           N -> S#data{active = N - 1}
                       end).

%% After a request or response line come headers, after those the next line.
packet_state({Line, _, _, _}, #data{packet = Packet} = S)
  when Line =:= http_request orelse Line =:= http_response, Packet =:= http orelse Packet =:= http_bin ->
    S#data{packet = {Packet, headers}};
packet_state(http_eoh, #data{packet = {Packet, headers}} = S) ->
    S#data{packet = Packet};
packet_state(_, S) ->
    S.

format(Unit, #data{mode = Mode, header = Header}) when is_binary(Unit) ->
    ssl_stream:format(Unit, ssl_stream:word(Mode, 0, Header, false, false));
format(Unit, _) ->
    Unit.

-spec to_owner(term(), data()) -> ok.
to_owner(Message, #data{owner = {_, Pid}}) ->
    Pid ! Message,
    ok.
