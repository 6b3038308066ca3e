%% Listening sockets: the listen socket of the transport with the options of its connections.
%%
%% What a listening socket's term carries is a key; options that can change (those that the library keeps itself, by
%% setopts) and those that later calls build on (handshake/2,3) stand in a table that everyone reads. A process per
%% listening socket watches it and clears its row; no accept ever waits for it.
-module(ssl_listener).
-if(?OTP_RELEASE >= 27).
-moduledoc false.
-endif.

-export([new_table/0, listen/2, accept/3, close/2, setopts/3, getopts/3, parsed/1]).
-export([watch/3]).

-export_type([key/0]).

-type key() :: reference().

-define(TABLE, ?MODULE).
%% Key, emulated options, parsed options of ssl_opts, the size of `buffer` that the user expects to see
-define(EMULATED, 2).
-define(PARSED, 3).
-define(BUFFER, 4).

%% The table belongs to the supervisor.
-spec new_table() -> ok.
new_table() ->
    ?TABLE = ets:new(?TABLE, [named_table, public, set, {read_concurrency, true}]),
    ok.

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
            Key = make_ref(),
            true = ets:insert(?TABLE, {Key, Emulated, Parsed, Buffer}),
            Watcher = spawn(?MODULE, watch, [Key, Transport, Socket]),
            Self = ssl_socket_shape:listener(Socket, #{key => Key, watcher => Watcher, transport_info => Info,
                                                       config => Config, ctx => Ctx,
                                                       ssl => ssl_endpoint:kept_options(Parsed)}),
            Passive andalso (self() ! {ssl_passive, Self}),
            {ok, Self};
        {error, _} = Error ->
            Error
    end.

-spec watch(key(), module(), term()) -> ok.
watch(Key, Transport, Socket) ->
    group_leader(ssl_takeover:leader(), self()),
    Ref = ssl_transport:monitor(Transport, Socket),
    receive
        {'DOWN', Ref, _, _, _} -> ok;
        {?MODULE, closed} -> ok
    end,
    forget(Key).

forget(Key) ->
    try ets:delete(?TABLE, Key) of
        true -> ok
    catch
        error:badarg -> ok
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
close(Socket, #{key := Key, watcher := Watcher, transport_info := Info}) ->
    Transport = element(1, Info),
    Result = Transport:close(Socket),
    forget(Key),
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
    try ets:lookup_element(?TABLE, Key, Position)
    catch
        error:badarg -> undefined
    end.

%%--------------------------------------------------------------------------------------------------------------------
%% Options
%%--------------------------------------------------------------------------------------------------------------------

%% Sets options of the library itself for connections to come, and the others on the listening socket.
-spec setopts(Socket :: term(), map(), [term()]) -> {ok | {error, term()}, Passive :: boolean()} | {error, term()}.
setopts(Socket, #{key := Key, transport_info := Info}, Options) ->
    Transport = element(1, Info),
    case lookup(Key, ?EMULATED) of
        undefined ->
            {error, einval};
        Emulated ->
            {Own, Others} = lists:partition(fun(O) -> is_tuple(O) andalso tuple_size(O) =:= 2 andalso
                                                          is_map_key(element(1, O), Emulated) end, Options),
            case own(Own, Emulated, false) of
                {ok, New, Passive} ->
                    _ = ets:update_element(?TABLE, Key, {?EMULATED, New}),
                    lists:keymember(buffer, 1, Others) andalso ets:update_element(?TABLE, Key, {?BUFFER, undefined}),
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
