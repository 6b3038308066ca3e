%% Of the process of a connection: reading from the transport - who has the read lock, when the transport sends to us, how
%% much - and `settle`, which every event of a connected state ends with: what is wanted and there is delivered, more is asked
%% for, or the end comes.
%%
%% Callers of passive recv read the transport themselves (ssl_stream). This process reads in active mode, ahead for callers who
%% get small messages one by one, while data are cut here (ssl_endpoint_delivery), and while a handshake is under way.
-module(ssl_endpoint_reading).
-if(?OTP_RELEASE >= 27).
-moduledoc false.
-endif.

-export([settle/2, lock/1, read_ahead/1, begin_with/1, callers_come/1, arm/2, disarm/1, at_rest/1, reads_badly/1,
         plain_bytes/1]).

-include("ssl_endpoint.hrl").

%% Reads of the transport that may be under way before it waits for us (unless internal_active_n, a parameter of the application,
%% says so), in active mode of any kind: with `once` what comes early waits in the native half, and most messages cost no call
%% of the transport.
-define(READ_AHEAD, 16).
%% The same for a passive user, who may never take what comes.
-define(READ_AHEAD_PASSIVE, 8).
%% Plaintext that is kept while nobody reads it and we wait for the peer's part of a handshake: beyond it the peer waits for a
%% reader, as it does without a handshake.
-define(MAX_KEPT, 1048576).
%% Milliseconds after which we look for what the peer says beside data, when callers of recv have read for themselves.
-define(LISTEN_AGAIN, 1000).

%% Asks for the read lock.
-spec lock(data()) -> data().
lock(#data{lock = none, conn = Conn} = S) ->
    case ssl_native:reader(Conn, take) of
        ok -> S#data{lock = held};
        {wait, Ref} -> S#data{lock = Ref}
    end;
lock(S) ->
    S.

%% On older releases recv on a socket of the socket backend ignores its time-out once the socket was active: then we read.
-spec reads_badly(data()) -> boolean().
-if(?OTP_RELEASE >= 28).
reads_badly(_) -> false.
-else.
reads_badly(#data{socket = Socket}) -> is_tuple(Socket) andalso element(1, Socket) =:= '$inet'.
-endif.

%% Reads for callers of recv: what we feed waits in the native half, where they take it (native/nif/src/ahead.rs). For two reasons.
%% While nobody receives we hear what the peer says beside data: the end, new keys, the wish for a renegotiation, the
%% alert that refuses a client's certificate. And callers get small messages sooner when the transport sends them to us, as in
%% active mode, than when each recv asks it. Bulk they read for themselves; some time later we listen again.
-spec read_ahead(data()) -> data().
read_ahead(#data{ahead = no, active = false, want = undefined, ended = undefined, cooked = no, renegotiation = no, lock = Lock,
                 conn = Conn} = S) when not is_reference(Lock) ->
    case not reads_badly(S) andalso ssl_native:reader(Conn, ahead) of
        ok -> arm(many, S#data{lock = held, ahead = yes});
        {wait, Ref} -> S#data{lock = Ref, ahead = wanted};
        false -> S
    end;
read_ahead(S) ->
    S.

%% The handshake is over. We had the read lock, so that nobody else reads what was sent to us; before callers hear that they may.
-spec begin_with(data()) -> data().
begin_with(#data{active = false, lock = held, conn = Conn} = S) ->
    case reads_badly(S) of
        true ->
            ok = ssl_native:reader(Conn, give),
            S#data{lock = none};
        false ->
            read_ahead(S)
    end;
begin_with(S) ->
    S.

listen_later(#data{again = true} = S) ->
    S;
listen_later(S) ->
    _ = erlang:send_after(?LISTEN_AGAIN, self(), listen_again),
    S#data{again = true}.

%% It comes in bulk, or is not for callers of recv any more.
no_more_ahead(#data{active = false, want = undefined, ended = undefined, cooked = no, renegotiation = no, conn = Conn} = S0) ->
    case disarm(S0) of
        #data{ended = undefined, cooked = no} = S ->
            ok = ssl_native:reader(Conn, give),
            listen_later(S#data{ahead = no, lock = none});
        S ->
            no_more_ahead(S)
    end;
no_more_ahead(#data{ended = How, cooked = no} = S) when How =/= undefined ->
    %% Who waits shall hear from us how it ended.
    callers_come(ssl_endpoint_delivery:take_over_cutting(<<>>, S));
no_more_ahead(S) ->
    callers_come(S).

-spec callers_come(data()) -> data().
callers_come(#data{ahead = Ahead, conn = Conn} = S) when Ahead =:= yes; Ahead =:= enough ->
    ok = ssl_native:reader(Conn, take),
    S#data{ahead = no};
callers_come(S) ->
    S.

%% Has the transport send us what comes.
-spec arm(once | many | handshake, data()) -> data().
arm(_, #data{armed = Armed} = S) when Armed =/= no ->
    S;
arm(handshake, S) ->
    %% As it may stay afterwards (read_ahead): a port that is armed anew holds a buffer until something comes.
    arm(case reads_badly(S) of true -> once; false -> many end, S);
arm(How, #data{transport = Transport, socket = Socket} = S) ->
    Active = case How of many when Transport =:= gen_tcp -> active_n(S#data.active); _ -> once end,
    case ssl_transport:setopts(Transport, Socket, [{active, Active}]) of
        ok -> S#data{armed = case Active of once -> once; _ -> many end};
        {error, _} ->
            %% Gone: as if it had said so.
            self() ! {element(2, S#data.tags), Socket},
            S#data{armed = once}
    end.

active_n(Active) ->
    case application:get_env(ssl, internal_active_n) of
        {ok, N} when is_integer(N), N > 0, N < 32768 -> N;
        _ when Active =:= false -> ?READ_AHEAD_PASSIVE;
        _ -> ?READ_AHEAD
    end.

%% The transport keeps what comes; what it sent already is taken.
-spec disarm(data()) -> data().
disarm(#data{armed = no} = S) ->
    S;
disarm(#data{transport = Transport, socket = Socket} = S) ->
    _ = ssl_transport:setopts(Transport, Socket, [{active, false}]),
    drain_mailbox(S#data{armed = no}).

%% In a pause of the handshake: what came already waits in our mailbox, and is kept when its turn comes.
-spec at_rest(data()) -> data().
at_rest(#data{armed = no} = S) ->
    S;
at_rest(#data{transport = Transport, socket = Socket} = S) ->
    _ = ssl_transport:setopts(Transport, Socket, [{active, false}]),
    S#data{armed = no}.

-spec plain_bytes(data()) -> [binary()].
plain_bytes(#data{socket = Socket, tags = {Data, _, _, _}} = S) ->
    receive
        {Data, Socket, Bytes} -> [Bytes | plain_bytes(S)]
    after 0 -> []
    end.

drain_mailbox(#data{socket = Socket, tags = {Data, _, _, Passive}, conn = Conn} = S) ->
    receive
        {Data, Socket, Bytes} -> drain_mailbox(ssl_endpoint_events:outs(ssl_native:feed(Conn, Bytes), S));
        {Passive, Socket} -> drain_mailbox(S)
    after 0 -> S
    end.

%% In the connected state, after something happened: delivers what is wanted and there, arms the transport for more, or ends.
-spec settle(data(), [gen_statem:action()]) -> result().
settle(S0, Actions) ->
    case serve(S0) of
        {idle, #data{ended = How, cooked = Cooked} = S} when How =/= undefined ->
            S1 = ssl_endpoint_events:renegotiated({error, closed}, S),
            S2 = case Cooked of
                     %% Who reads next has to hear of it from here.
                     no -> ssl_endpoint_delivery:take_over_cutting(<<>>, S1);
                     _ -> S1
                 end,
            {next_state, connection, ssl_endpoint_ending:one_sided(S2), Actions};
        {idle, S} -> {next_state, connection, S, Actions};
        {ended, #data{ended = How} = S} -> ssl_endpoint_ending:at_end(How, S, Actions);
        {invalid, Bytes, S} -> ssl_endpoint_ending:invalid(Bytes, S, Actions)
    end.

serve(#data{ahead = yes, active = false, want = undefined, ended = undefined, cooked = no, renegotiation = no} = S) ->
    {idle, arm(many, S)};
serve(#data{ahead = Ahead} = S) when Ahead =:= yes; Ahead =:= enough ->
    serve(no_more_ahead(S));
serve(#data{active = false, want = undefined, renegotiation = no} = S) ->
    {idle, S};
serve(#data{lock = none} = S) ->
    serve(lock(S));
serve(#data{lock = Lock} = S) when is_reference(Lock) ->
    {idle, S};
%% Nobody wants data, but we wait for the peer's part of a handshake.
serve(#data{active = false, want = undefined, ended = undefined, cooked = no} = S) ->
    serve(ssl_endpoint_delivery:take_over_cutting(<<>>, S));
serve(#data{active = false, want = undefined, ended = undefined, cooked = Kept} = S) when byte_size(Kept) < ?MAX_KEPT ->
    {idle, arm(once, S)};
serve(#data{active = false, want = undefined} = S) ->
    {idle, S};
serve(S) ->
    case ssl_endpoint_delivery:next(S) of
        {data, Data, S1} ->
            serve(ssl_endpoint_delivery:deliver(Data, S1));
        {invalid, Bytes} ->
            {invalid, Bytes, S};
        {more, #data{ended = undefined} = S1} ->
            {idle, arm(case S1#data.active of false -> once; _ -> many end, S1)};
        {more, S1} ->
            {ended, S1}
    end.
