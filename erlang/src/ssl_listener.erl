%% Listening sockets: the listen socket of the transport with the options of its connections.
%%
%% What a listening socket's term carries is a key: a table with one row, of options that can change (those that the library
%% keeps itself, by setopts) and those that later calls build on (handshake/2,3). Everyone reads it. It belongs to a process that
%% watches the socket, changes the row when told to, and ends with the socket; no accept ever waits for it.
-module(ssl_listener).
-if(?OTP_RELEASE >= 27).
-moduledoc false.
-endif.

-export([listen/2, accept/3, close/2, setopts/3, getopts/3, parsed/1]).
-export([watch/5]).

-export_type([key/0]).

-type key() :: ets:tid().

%% {row, Emulated options, Parsed options of ssl_opts, Size of `buffer` that the user expects to see}
-define(EMULATED, 2).
-define(PARSED, 3).
-define(BUFFER, 4).

-spec listen(inet:port_number(), [term()]) -> {ok, ssl_socket_shape:sslsocket()} | {error, term()}.
listen(Port, Options) ->
    case ssl_takeover:running() of
        ok ->
            case ssl_opts:listen(Options) of
                {ok, #{ssl := Ssl} = Parsed} ->
                    case ssl_material:config(server, Ssl) of
                        {ok, Config, Ctx} -> listen(Port, Parsed, Config, Ctx);
                        {error, _} = Error -> Error
                    end;
                {error, _} = Error ->
                    Error
            end;
        {error, _} = Error ->
            Error
    end.

listen(Port, #{transport := Info, socket_opts := SocketOpts, emulated := Emulated0} = Parsed, Config, Ctx) ->
    Transport = element(1, Info),
    {Emulated, Passive} = case Emulated0 of
                              #{active := N} when is_integer(N), N =< 0 -> {Emulated0#{active := false}, true};
                              _ -> {Emulated0, false}
                          end,
    case Transport:listen(Port, SocketOpts ++ ssl_transport:internal()) of
        {ok, Socket} ->
            Buffer = ssl_transport:widen(Transport, Socket, SocketOpts),
            {Watcher, Key} = watched(Transport, Socket, {row, Emulated, Parsed, Buffer}),
            Self = ssl_socket_shape:listener(Socket, #{key => Key, watcher => Watcher, transport_info => Info,
                                                       config => Config, ctx => Ctx,
                                                       ssl => ssl_endpoint:kept_options(Parsed)}),
            Passive andalso (self() ! {ssl_passive, Self}),
            {ok, Self};
        {error, _} = Error ->
            Error
    end.

watched(Transport, Socket, Row) ->
    Ref = make_ref(),
    {Watcher, Monitor} = spawn_monitor(?MODULE, watch, [self(), Ref, Transport, Socket, Row]),
    receive
        {Ref, Key} ->
            erlang:demonitor(Monitor, [flush]),
            {Watcher, Key};
        {'DOWN', Monitor, _, _, Reason} ->
            exit(Reason)
    end.

-spec watch(pid(), reference(), module(), term(), tuple()) -> ok.
watch(Parent, Ref, Transport, Socket, Row) ->
    group_leader(ssl_takeover:leader(), self()),
    Key = ets:new(?MODULE, [protected, set, {read_concurrency, true}]),
    true = ets:insert(Key, Row),
    Monitor = ssl_transport:monitor(Transport, Socket),
    Parent ! {Ref, Key},
    watching(Monitor, Key).

watching(Monitor, Key) ->
    receive
        {'DOWN', Monitor, _, _, _} -> ok;
        {?MODULE, closed} -> ok;
        {?MODULE, set, Changes, From, Ref} ->
            true = ets:update_element(Key, row, Changes),
            From ! {Ref, ok},
            watching(Monitor, Key)
    end.

%% false: the socket is closed.
set(Watcher, Changes) ->
    Ref = erlang:monitor(process, Watcher),
    Watcher ! {?MODULE, set, Changes, self(), Ref},
    receive
        {Ref, ok} -> erlang:demonitor(Ref, [flush]);
        {'DOWN', Ref, _, _, _} -> false
    end.

%% Accepts on the transport; the connection's process waits for handshake/1,2,3 then.
-spec accept(Socket :: term(), map(), timeout()) -> {ok, ssl_socket_shape:sslsocket()} | {error, term()}.
accept(Socket, #{key := Key, transport_info := Info, config := Config0, ctx := Ctx0, ssl := Kept}, Timeout) ->
    Transport = element(1, Info),
    case Transport:accept(Socket, Timeout) of
        {ok, Accepted} ->
            case {ssl_takeover:running(), lookup(Key, ?EMULATED)} of
                {ok, Emulated} when Emulated =/= undefined ->
                    {Config, Ctx} = ssl_material:current(Config0, Ctx0, fun() -> options(Key) end),
                    ssl_endpoint:accepted(#{socket => Accepted, info => Info, conn => ssl_native:server(Config), ctx => Ctx,
                                            options => Kept, emulated => Emulated, buffer => lookup(Key, ?BUFFER),
                                            listener => Key});
                {ok, undefined} ->
                    ssl_transport:close(Transport, Accepted),
                    {error, closed};
                {{error, _} = Error, _} ->
                    ssl_transport:close(Transport, Accepted),
                    Error
            end;
        {error, _} = Error ->
            Error
    end.

-spec close(Socket :: term(), map()) -> ok | {error, term()}.
close(Socket, #{watcher := Watcher, transport_info := Info}) ->
    Transport = element(1, Info),
    Result = Transport:close(Socket),
    Watcher ! {?MODULE, closed},
    Result.

%% The options that later calls build on; undefined when the listening socket was closed.
-spec parsed(key()) -> ssl_opts:parsed() | undefined.
parsed(Key) ->
    lookup(Key, ?PARSED).

options(Key) ->
    case parsed(Key) of
        #{ssl := Options} -> Options;
        undefined -> undefined
    end.

lookup(Key, Position) ->
    try ets:lookup_element(Key, row, Position)
    catch
        error:badarg -> undefined
    end.

%%--------------------------------------------------------------------------------------------------------------------
%% Options
%%--------------------------------------------------------------------------------------------------------------------

%% Sets options of the library itself for connections to come, and the others on the listening socket.
-spec setopts(Socket :: term(), map(), [term()]) -> {ok | {error, term()}, Passive :: boolean()} | {error, term()}.
setopts(Socket, #{key := Key, watcher := Watcher, transport_info := Info}, Options) ->
    Transport = element(1, Info),
    case lookup(Key, ?EMULATED) of
        undefined ->
            {error, einval};
        Emulated ->
            {Own, Others} = lists:partition(fun(O) -> is_tuple(O) andalso tuple_size(O) =:= 2 andalso
                                                          is_map_key(element(1, O), Emulated) end, Options),
            case own(Own, Emulated, false) of
                {ok, New, Passive} ->
                    _ = set(Watcher, [{?EMULATED, New} | [{?BUFFER, undefined} || lists:keymember(buffer, 1, Others)]]),
                    {ssl_transport:setopts(Transport, Socket, Others), Passive};
                {error, _} = Error ->
                    Error
            end
    end.

own([], Emulated, Passive) ->
    {ok, Emulated, Passive};
own([{active, N} | Rest], #{active := Old} = Emulated, _) when is_integer(N) ->
    Sum = case Old of
              _ when is_integer(Old) -> Old + N;
              _ -> N
          end,
    if
        N < -32768; N > 32767; Sum < -32768; Sum > 32767 -> {error, einval};
        Sum =< 0 -> own(Rest, Emulated#{active := false}, true);
        true -> own(Rest, Emulated#{active := Sum}, false)
    end;
own([{Name, Value} | Rest], Emulated, Passive) ->
    own(Rest, Emulated#{Name := Value}, Passive).

%% As OTP: the library's own first, each part in reverse order of the names.
-spec getopts(Socket :: term(), map(), [atom()]) -> {ok, [term()]} | {error, term()}.
getopts(Socket, #{key := Key, transport_info := Info}, Names) ->
    Transport = element(1, Info),
    case lookup(Key, ?EMULATED) of
        undefined ->
            {error, einval};
        Emulated ->
            {Own, Others} = lists:partition(fun(N) -> is_map_key(N, Emulated) end, lists:reverse(Names)),
            case ssl_transport:getopts(Transport, Socket, Others) of
                {ok, Values} -> {ok, [{N, map_get(N, Emulated)} || N <- Own] ++ shown(Values, lookup(Key, ?BUFFER))};
                {error, _} = Error -> Error
            end
    end.

shown(Values, undefined) -> Values;
shown(Values, Buffer) -> [case V of {buffer, _} -> {buffer, Buffer}; _ -> V end || V <- Values].
