%% A transport that is no socket of the system's: pipes between processes, with gen_tcp's functions, for `cb_info`.
%%
%% A socket is a process; it holds what its peer sent until it is taken, up to ?ROOM bytes: then the sender waits. Messages are
%% {pipe, S, Data}, {pipe_closed, S}, {pipe_error, S, Reason}, {pipe_passive, S}. The process dictionary of a socket's owner is
%% asked for `pipe_fault`: {Function, What} makes that function raise or return What.
-module(pipe_transport).

-export([info/1]).
-export([listen/2, accept/1, accept/2, connect/3, connect/4, send/2, recv/2, recv/3, close/1, shutdown/2,
         controlling_process/2, setopts/2, getopts/2, getstat/2, peername/1, sockname/1, port/1]).

-define(ROOM, 300000).

info(4) -> {?MODULE, pipe, pipe_closed, pipe_error};
info(5) -> {?MODULE, pipe, pipe_closed, pipe_error, pipe_passive}.

%% What a test wants to go wrong, for every caller: {Function, fun(() -> Result)}.
fault(Function, Normal) ->
    case persistent_term:get({?MODULE, fault}, none) of
        {Function, Fun} -> Fun();
        _ -> Normal()
    end.

%%--------------------------------------------------------------------------------------------------------------------
%% gen_tcp's functions
%%--------------------------------------------------------------------------------------------------------------------

listen(_Port, _Options) ->
    Owner = self(),
    {ok, spawn(fun() -> _ = monitor(process, Owner), listening([], []) end)}.

accept(L) -> accept(L, infinity).

accept(L, Timeout) ->
    case ask(L, {accept, self()}, Timeout) of
        {ok, Socket} -> {ok, Socket};
        Error -> Error
    end.

connect(L, Port, Options) -> connect(L, Port, Options, infinity).

%% The "host" of a pipe is 127.0.0.1; its port names the listening process.
connect(_Host, Port, _Options, _Timeout) ->
    case persistent_term:get({?MODULE, Port}, undefined) of
        undefined -> {error, econnrefused};
        L ->
            Mine = new(self()),
            Theirs = new(L),
            Mine ! {peer, Theirs},
            Theirs ! {peer, Mine},
            L ! {connected, Theirs},
            {ok, Mine}
    end.

send(Socket, Data) -> fault(send, fun() -> ask(Socket, {send, iolist_to_binary(Data)}, infinity) end).
recv(Socket, Length) -> recv(Socket, Length, infinity).
recv(Socket, Length, Timeout) -> fault(recv, fun() -> ask(Socket, {recv, Length, Timeout}, infinity) end).
close(Socket) -> fault(close, fun() -> _ = ask(Socket, close, infinity), ok end).
shutdown(Socket, How) -> fault(shutdown, fun() -> ask(Socket, {shutdown, How}, infinity) end).
controlling_process(Socket, Pid) -> ask(Socket, {owner, Pid}, infinity).
setopts(Socket, Options) -> fault(setopts, fun() -> ask(Socket, {setopts, Options}, infinity) end).
getopts(Socket, Names) -> ask(Socket, {getopts, Names}, infinity).
getstat(Socket, Names) -> ask(Socket, {getstat, Names}, infinity).
peername(Socket) -> ask(Socket, peername, infinity).
sockname(_) -> {ok, {{127, 0, 0, 1}, 1}}.

%% Of a listening socket: a number by which connect finds it.
port(Socket) ->
    Port = erlang:phash2(Socket, 60000) + 1,
    persistent_term:put({?MODULE, Port}, Socket),
    {ok, Port}.

ask(Socket, Request, Timeout) ->
    Ref = monitor(process, Socket),
    Socket ! {ask, self(), Ref, Request},
    receive
        {Ref, Answer} -> demonitor(Ref, [flush]), Answer;
        {'DOWN', Ref, _, _, _} -> {error, closed}
    after Timeout ->
            demonitor(Ref, [flush]),
            Socket ! {forget, Ref},
            receive {Ref, Answer} -> Answer after 0 -> {error, timeout} end
    end.

%%--------------------------------------------------------------------------------------------------------------------
%% A listening socket
%%--------------------------------------------------------------------------------------------------------------------

listening(Waiting, Came) ->
    case {Waiting, Came} of
        {[{Pid, Ref} | Rest], [Socket | Others]} ->
            Socket ! {owner_is, Pid},
            Pid ! {Ref, {ok, Socket}},
            listening(Rest, Others);
        _ ->
            receive
                {ask, Pid, Ref, {accept, _}} -> listening(Waiting ++ [{Pid, Ref}], Came);
                {forget, Ref} -> listening(lists:keydelete(Ref, 2, Waiting), Came);
                {connected, Socket} -> listening(Waiting, Came ++ [Socket]);
                {ask, Pid, Ref, close} -> Pid ! {Ref, ok};
                {ask, Pid, Ref, {owner, _}} -> Pid ! {Ref, ok}, listening(Waiting, Came);
                {ask, Pid, Ref, {setopts, _}} -> Pid ! {Ref, ok}, listening(Waiting, Came);
                {ask, Pid, Ref, {getopts, _}} -> Pid ! {Ref, {ok, []}}, listening(Waiting, Came);
                {ask, Pid, Ref, _} -> Pid ! {Ref, {error, enotconn}}, listening(Waiting, Came);
                {'DOWN', _, _, _, _} -> ok
            end
    end.

%%--------------------------------------------------------------------------------------------------------------------
%% A connected socket
%%--------------------------------------------------------------------------------------------------------------------

-record(s, {owner, monitor, peer, active = false, buffer = <<>>, ended = false, shut = false, told = false,
            reader = none,                  % {Pid, Ref, Length, Timer}
            writers = [],                   % of the peer's data that found no room: {PeerPid, Ref, Data}
            options = #{}, received = 0, sent = 0}).

new(Owner) ->
    spawn(fun() ->
                  receive {peer, Peer} -> ok end,
                  _ = monitor(process, Peer),
                  loop(#s{owner = Owner, monitor = monitor(process, Owner), peer = Peer})
          end).

loop(S) ->
    receive Message -> loop(serve(handle(Message, S))) end.

handle({owner_is, Pid}, S) -> owned(Pid, S);
handle({ask, Pid, Ref, Request}, S) -> request(Request, {Pid, Ref}, S);
handle({data, From, Data}, #s{buffer = Buffer, writers = Writers, received = N} = S) ->
    S1 = S#s{received = N + byte_size(Data)},
    case byte_size(Buffer) < ?ROOM andalso Writers =:= [] of
        true -> taken(From, S#s.peer), S1#s{buffer = <<Buffer/binary, Data/binary>>};
        false -> S1#s{writers = Writers ++ [{From, Data}]}
    end;
handle({taken, {Pid, Ref}}, S) -> Pid ! {Ref, ok}, S;
handle(fin, S) -> S#s{ended = true};
handle({'DOWN', Ref, _, _, _}, #s{monitor = Ref} = S) -> ended(S);
handle({'DOWN', _, _, _, _}, S) -> S#s{ended = true, shut = true};
handle({timeout, Timer, recv}, #s{reader = {Pid, Ref, _, Timer}} = S) -> Pid ! {Ref, {error, timeout}}, S#s{reader = none};
handle(_, S) -> S.

ended(#s{peer = Peer}) ->
    Peer ! fin,
    exit(normal).

owned(Pid, #s{monitor = Old} = S) ->
    demonitor(Old, [flush]),
    S#s{owner = Pid, monitor = monitor(process, Pid)}.

taken(From, Peer) -> Peer ! {taken, From}.

request({send, _}, {Pid, Ref}, #s{shut = true} = S) -> Pid ! {Ref, {error, closed}}, S;
request({send, Data}, From, #s{peer = Peer, sent = N} = S) -> Peer ! {data, From, Data}, S#s{sent = N + byte_size(Data)};
request({recv, _, _}, {Pid, Ref}, #s{active = Active} = S) when Active =/= false -> Pid ! {Ref, {error, einval}}, S;
request({recv, Length, Timeout}, {Pid, Ref}, S) ->
    Timer = case Timeout of infinity -> none; _ -> erlang:start_timer(Timeout, self(), recv) end,
    S#s{reader = {Pid, Ref, Length, Timer}};
request(close, {Pid, Ref}, S) -> Pid ! {Ref, ok}, ended(S);
request({shutdown, How}, {Pid, Ref}, #s{peer = Peer} = S) ->
    How =/= read andalso (Peer ! fin),
    Pid ! {Ref, ok},
    S#s{shut = S#s.shut orelse How =/= read, ended = S#s.ended orelse How =/= write};
request({owner, Pid}, {Caller, Ref}, #s{owner = Caller} = S) -> Caller ! {Ref, ok}, owned(Pid, S);
request({owner, _}, {Caller, Ref}, S) -> Caller ! {Ref, {error, not_owner}}, S;
request({setopts, Options}, {Pid, Ref}, #s{options = Old} = S) ->
    Pid ! {Ref, ok},
    New = maps:from_list([O || {_, _} = O <- Options]),
    S1 = S#s{options = maps:merge(Old, maps:without([active], New))},
    case New of
        #{active := Active} -> S1#s{active = Active};
        #{} -> S1
    end;
request({getopts, Names}, {Pid, Ref}, #s{options = Options} = S) ->
    Pid ! {Ref, {ok, [{N, map_get(N, Options)} || N <- Names, is_map_key(N, Options)]}},
    S;
request({getstat, Names}, {Pid, Ref}, #s{received = R, sent = T} = S) ->
    Pid ! {Ref, {ok, [{N, case N of recv_oct -> R; send_oct -> T end} || N <- Names, lists:member(N, [recv_oct, send_oct])]}},
    S;
request(peername, {Pid, Ref}, S) -> Pid ! {Ref, {ok, {{127, 0, 0, 1}, 2}}}, S.

%% Gives what is there to whoever wants it.
serve(#s{buffer = Buffer, writers = [{From, Data} | Rest], peer = Peer} = S) when byte_size(Buffer) < ?ROOM ->
    taken(From, Peer),
    serve(S#s{buffer = <<Buffer/binary, Data/binary>>, writers = Rest});
serve(#s{reader = {Pid, Ref, Length, Timer}, buffer = Buffer} = S) when Buffer =/= <<>>, byte_size(Buffer) >= Length ->
    Timer =/= none andalso erlang:cancel_timer(Timer),
    {Data, Rest} = case Length of 0 -> {Buffer, <<>>}; _ -> split_binary(Buffer, Length) end,
    Pid ! {Ref, {ok, Data}},
    serve(S#s{reader = none, buffer = Rest});
serve(#s{reader = {Pid, Ref, _, _}, ended = true} = S) ->
    Pid ! {Ref, {error, closed}},
    S#s{reader = none};
serve(#s{active = Active, buffer = Buffer, owner = Owner} = S) when Active =/= false, Buffer =/= <<>> ->
    Owner ! {pipe, self(), Buffer},
    Next = case Active of
               true -> true;
               once -> false;
               1 -> Owner ! {pipe_passive, self()}, false;
               N -> N - 1
           end,
    serve(S#s{buffer = <<>>, active = Next});
serve(#s{active = Active, ended = true, told = false, owner = Owner} = S) when Active =/= false ->
    Owner ! {pipe_closed, self()},
    S#s{told = true};
serve(S) ->
    S.
