%% What connections need of their transport: gen_tcp (its options and queries are inet's) or a callback module of
%% `cb_info` that looks like it.
-module(ssl_transport).
-if(?OTP_RELEASE >= 27).
-moduledoc false.
-endif.

-export([internal/0, send/3, recv/4, setopts/3, getopts/3, getstat/3, peername/2, sockname/2, close/2, kill/2, shutdown/3, give/3,
         wide/2, widen/3, is_closed/1, pending/2, monitor/2, default_info/1]).

-export_type([info/0]).

%% Module, tags of its messages: data, closed, error, passive.
-type info() :: {module(), atom(), atom(), atom(), atom()}.

%% Size of a read. The driver's own default costs a factor of four in throughput.
-define(BUFFER, 65536).

%% How the transport is used, whatever the user reads: bytes, on demand.
-spec internal() -> [{atom(), term()}].
internal() ->
    [{packet_size, 0}, {packet, 0}, {header, 0}, {active, false}, {mode, binary}].

-spec default_info(module()) -> info().
default_info(gen_tcp) -> {gen_tcp, tcp, tcp_closed, tcp_error, tcp_passive}.

%% The caller holds a lock of the connection: a callback module that raises shall not make it keep that. To it, the transport has
%% failed then.
-spec send(module(), term(), iodata()) -> ok | {error, term()}.
send(gen_tcp, Socket, Bytes) -> gen_tcp:send(Socket, Bytes);
send(Module, Socket, Bytes) ->
    try Module:send(Socket, Bytes)
    catch
        Class:Reason -> raised(Class, Reason)
    end.

-spec recv(module(), term(), non_neg_integer(), timeout()) -> {ok, term()} | {error, term()}.
recv(gen_tcp, Socket, Length, Timeout) -> gen_tcp:recv(Socket, Length, Timeout);
recv(Module, Socket, Length, Timeout) ->
    try Module:recv(Socket, Length, Timeout)
    catch
        Class:Reason -> raised(Class, Reason)
    end.

%% Without what it was called with, which may be secret.
raised(error, Reason) -> {error, ssl_fault:reason(Reason)};
raised(_, Reason) -> {error, Reason}.

-spec setopts(module(), term(), list()) -> ok | {error, term()}.
setopts(gen_tcp, Socket, Options) -> inet:setopts(Socket, Options);
setopts(Module, Socket, Options) -> Module:setopts(Socket, Options).

-spec getopts(module(), term(), list()) -> {ok, list()} | {error, term()}.
getopts(gen_tcp, Socket, Names) -> inet:getopts(Socket, Names);
getopts(Module, Socket, Names) -> Module:getopts(Socket, Names).

-spec getstat(module(), term(), list()) -> {ok, list()} | {error, term()}.
getstat(gen_tcp, Socket, Names) -> inet:getstat(Socket, Names);
getstat(Module, Socket, Names) -> Module:getstat(Socket, Names).

-spec peername(module(), term()) -> {ok, term()} | {error, term()}.
peername(gen_tcp, Socket) -> inet:peername(Socket);
peername(Module, Socket) -> Module:peername(Socket).

-spec sockname(module(), term()) -> {ok, term()} | {error, term()}.
sockname(gen_tcp, Socket) -> inet:sockname(Socket);
sockname(Module, Socket) -> Module:sockname(Socket).

-spec close(module(), term()) -> ok.
close(Module, Socket) ->
    try Module:close(Socket) of
        _ -> ok
    catch
        _:_ -> ok
    end.

%% Closes without waiting for what the peer does not take (gen_tcp:close would): then the peer gets a reset.
-spec kill(module(), term()) -> ok.
kill(gen_tcp, Socket) when is_port(Socket) ->
    case erlang:port_info(Socket, queue_size) of
        undefined ->
            ok;
        {queue_size, Size} ->
            _ = Size =:= 0 orelse inet:setopts(Socket, [{linger, {true, 0}}]),
            unlink(Socket),
            try erlang:port_close(Socket) of
                true -> ok
            catch
                error:badarg -> ok
            end
    end;
kill(Module, Socket) ->
    close(Module, Socket).

%% Makes another process the owner of a passive socket that is ours and new: controlling_process without its questions.
-spec give(module(), term(), pid()) -> ok | {error, term()}.
give(gen_tcp, Socket, Pid) when is_port(Socket) ->
    try erlang:port_connect(Socket, Pid) of
        true ->
            unlink(Socket),
            ok
    catch
        error:badarg -> {error, closed}
    end;
give(Module, Socket, Pid) ->
    Module:controlling_process(Socket, Pid).

-spec shutdown(module(), term(), read | write | read_write) -> ok | {error, term()}.
shutdown(Module, Socket, How) ->
    try Module:shutdown(Socket, How)
    catch
        error:undef -> {error, notsup};
        error:{undef, _} -> {error, notsup}
    end.

%% Options that make a new socket read in large pieces unless the user chose a size, and the size that the user expects to
%% see then. `unknown`: to be found out when the socket is there (widen/3).
-spec wide(module(), UserOptions :: list()) -> {list(), Shown :: pos_integer() | undefined | unknown}.
wide(gen_tcp, Options) ->
    case {chosen(Options), lists:keymember(inet_backend, 1, Options)} of
        {true, _} -> {[], undefined};
        {false, true} -> {[], unknown};
        {false, false} ->
            case default_size() of
                Size when Size < ?BUFFER -> {[{buffer, ?BUFFER}], Size};
                _ -> {[], undefined}
            end
    end;
wide(_, _) ->
    {[], undefined}.

chosen(Options) ->
    lists:keymember(buffer, 1, Options) orelse lists:keymember(recbuf, 1, Options).

%% What a socket has when nobody chooses; differs from release to release.
default_size() ->
    case persistent_term:get(?MODULE, undefined) of
        undefined ->
            Size = case gen_tcp:listen(0, []) of
                       {ok, Socket} ->
                           {ok, [{buffer, Found}]} = inet:getopts(Socket, [buffer]),
                           ok = gen_tcp:close(Socket),
                           Found;
                       {error, _} ->
                           ?BUFFER
                   end,
            persistent_term:put(?MODULE, Size),
            Size;
        Size ->
            Size
    end.

%% The same for a socket that exists.
-spec widen(module(), term(), UserOptions :: list()) -> pos_integer() | undefined.
widen(gen_tcp, Socket, Options) ->
    case chosen(Options) of
        true ->
            undefined;
        false ->
            case inet:getopts(Socket, [buffer]) of
                {ok, [{buffer, Size}]} when is_integer(Size), Size < ?BUFFER ->
                    case inet:setopts(Socket, [{buffer, ?BUFFER}]) of
                        ok -> Size;
                        {error, _} -> undefined
                    end;
                _ ->
                    undefined
            end
    end;
widen(_, _, _) ->
    undefined.

%% Is this what a transport says when it is closed? A closed port answers einval.
-spec is_closed(term()) -> boolean().
is_closed(closed) -> true;
is_closed(einval) -> true;
is_closed(enotconn) -> true;
is_closed(_) -> false.

%% Bytes that the transport has taken and not yet given to the system; unknown for others than ports.
-spec pending(module(), term()) -> non_neg_integer() | unknown.
pending(gen_tcp, Socket) when is_port(Socket) ->
    case erlang:port_info(Socket, queue_size) of
        {queue_size, Size} -> Size;
        undefined -> 0
    end;
pending(_, _) ->
    unknown.

%% A monitor that tells when the socket is gone; for sockets of unknown modules, when the calling process's peer is.
-spec monitor(module(), term()) -> reference() | undefined.
monitor(_, {'$socket', _} = Socket) -> socket:monitor(Socket);
monitor(_, Socket) when is_pid(Socket) -> erlang:monitor(process, Socket);
monitor(_, Socket) when is_port(Socket) -> erlang:monitor(port, Socket);
monitor(gen_tcp, Socket) -> inet:monitor(Socket);
monitor(_, _) -> undefined.
