%% Of the process of a connection: writing. This process must never block on a peer that does not read: it writes to a port only
%% while that has no output pending, and lets a short-lived process write to other transports.
-module(ssl_endpoint_writing).
-if(?OTP_RELEASE >= 27).
-moduledoc false.
-endif.

-export([write/2, write_out/1, flush/1, control_now/2]).

-include("ssl_endpoint.hrl").

%% Milliseconds between two looks at a transport that does not take our data.
-define(RETRY, 20).

-spec write(iodata(), data()) -> data().
write(Bytes, #data{out = [], writer = undefined, transport = Transport, socket = Socket} = S) ->
    case ssl_transport:pending(Transport, Socket) of
        0 -> _ = Transport:send(Socket, Bytes), unlock(S);
        _ -> write_out(S#data{out = [Bytes]})
    end;
write(Bytes, #data{out = Out} = S) ->
    S#data{out = [Out, Bytes]}.

-spec write_out(data()) -> data().
write_out(#data{out = []} = S) ->
    unlock(S);
write_out(#data{writer = Writer} = S) when Writer =/= undefined ->
    S;
write_out(#data{out = Out, transport = Transport, socket = Socket} = S) ->
    case ssl_transport:pending(Transport, Socket) of
        0 ->
            _ = Transport:send(Socket, Out),
            unlock(S#data{out = []});
        unknown ->
            S#data{out = [], writer = spawn_link(fun() -> exit({wrote, Transport:send(Socket, Out)}) end)};
        _ ->
            _ = erlang:send_after(?RETRY, self(), write_again),
            S
    end.

%% What was sealed under the write lock is with the transport: the lock goes on.
unlock(#data{unlock = true, conn = Conn} = S) ->
    case ssl_native:send_end(Conn) of
        ok -> S#data{unlock = false};
        {flush, Bytes} -> write(Bytes, S)
    end;
unlock(S) ->
    S.

%% Control records that wait; whoever else is writing writes them.
-spec flush(data()) -> data().
flush(#data{unlock = true} = S) ->
    S;
flush(#data{conn = Conn} = S) ->
    case ssl_native:flush(Conn) of
        none -> S;
        {ok, Bytes} -> write(Bytes, S#data{unlock = true});
        {wait, Ref} -> forget_turn(Ref, S)
    end.

%% A control record if it is our turn; if somebody is writing, it goes without.
-spec control_now(close_notify | {alert, byte()} | {update_keys, boolean()}, data()) -> data().
control_now(What, #data{unlock = false, conn = Conn} = S) ->
    case ssl_native:control(Conn, What) of
        {ok, Bytes} -> write(Bytes, S#data{unlock = true});
        {wait, Ref} -> forget_turn(Ref, S);
        {error, _} -> S
    end;
control_now(_, S) ->
    S.

forget_turn(Ref, #data{conn = Conn} = S) ->
    ok = ssl_native:send_cancel(Conn, Ref),
    receive {ssl_native, Ref, go} -> ok after 0 -> ok end,
    S.
