%% TCP over the module `socket`, with the interface and the messages of gen_tcp: a transport for `cb_info`, and what
%% connected sockets of `socket` are upgraded with. The name is the one that programs and OTP's test library know.
%%
%% `socket` tells that there is something to read, but sends no data. After `{active, once}` the process that set it gets
%%   {'$socket', Socket, Data}                     what was there
%%   {'$socket', Socket, select, Handle}           there is something: `{active, once}` again fetches it
%%   {'$socket', Socket, completion, {Handle, R}}  what came (where `socket` works so)
%%   {'$socket_closed', Socket}, {'$socket', Socket, Reason}, {'$socket', Socket, abort, _}   the end
%% What is under way is known to that process alone (in its dictionary).
-module(tls_socket_tcp).
-if(?OTP_RELEASE >= 27).
-moduledoc false.
-endif.

-export([cb_info/0]).
-export([listen/2, accept/2, connect/3, connect/4, close/1, shutdown/2, controlling_process/2]).
-export([send/2, recv/2, recv/3]).
-export([setopts/2, getopts/2, getstat/2, peername/1, sockname/1, port/1]).

-include_lib("kernel/include/logger.hrl").

-define(DATA, '$socket').
-define(CLOSED, '$socket_closed').
-define(BACKLOG, 5).
%% What one read takes at most, unless the option `buffer` says otherwise: the default of `socket`, 8 KB, costs much.
-define(READ_SIZE, 65536).

-spec cb_info() -> {module(), atom(), atom(), atom(), atom()}.
cb_info() -> {?MODULE, ?DATA, ?CLOSED, '$socket', '$socket_passive'}.

%%--------------------------------------------------------------------------------------------------------------
%% Opening and closing
%%--------------------------------------------------------------------------------------------------------------

-spec listen(inet:port_number(), [term()]) -> {ok, socket:socket()} | {error, term()}.
listen(Port, Options) ->
    Family = family(Options),
    {Settings, _} = settings(Options),
    opened(open(Family, Options),
           fun(Socket) ->
                   steps([fun() -> set(Socket, Settings) end,
                          fun() -> socket:bind(Socket, local_address(Family, Options, any, Port)) end,
                          fun() -> socket:listen(Socket, proplists:get_value(backlog, Options, ?BACKLOG)) end])
           end).

-spec accept(socket:socket(), timeout()) -> {ok, socket:socket()} | {error, term()}.
accept(Listener, Timeout) ->
    case socket:accept(Listener, Timeout) of
        {ok, Socket} ->
            %% What is to be read at once is not inherited.
            case socket:getopt(Listener, {otp, rcvbuf}) of
                {ok, Size} -> _ = socket:setopt(Socket, {otp, rcvbuf}, Size), ok;
                {error, _} -> ok
            end,
            {ok, Socket};
        {error, _} = Error ->
            Error
    end.

-spec connect(inet:socket_address() | inet:hostname(), inet:port_number(), [term()]) ->
          {ok, socket:socket()} | {error, term()}.
connect(Host, Port, Options) ->
    connect(Host, Port, Options, infinity).

%% One address of the host after the other.
-spec connect(inet:socket_address() | inet:hostname(), inet:port_number(), [term()], timeout()) ->
          {ok, socket:socket()} | {error, term()}.
connect(Host, Port, Options, Timeout) ->
    Deadline = deadline(Timeout),
    case addresses(Host, Options, Timeout) of
        {ok, Addresses} -> connect_any(Addresses, Port, Options, Deadline, {error, einval});
        {error, _} = Error -> Error
    end.

connect_any([Address | Rest], Port, Options, Deadline, _) ->
    Family = family_of(Address),
    {Settings, _} = settings(Options),
    Result = opened(open(Family, Options),
                    fun(Socket) ->
                            LocalPort = proplists:get_value(port, Options, 0),
                            steps([fun() -> set(Socket, Settings) end,
                                   fun() -> bind_if_asked(Socket, Family, Options, LocalPort) end,
                                   fun() -> socket:connect(Socket, address(Family, Address, Port), left(Deadline)) end])
                    end),
    case Result of
        {ok, _} -> Result;
        {error, timeout} -> Result;
        {error, _} -> connect_any(Rest, Port, Options, Deadline, Result)
    end;
connect_any([], _, _, _, Error) ->
    Error.

bind_if_asked(Socket, Family, Options, Port) ->
    case local_ip(Options) of
        undefined when Port =:= 0 -> ok;
        _ -> socket:bind(Socket, local_address(Family, Options, any, Port))
    end.

open(Family, Options) ->
    Protocol = case Family of local -> default; _ -> tcp end,
    case proplists:get_value(fd, Options) of
        undefined -> socket:open(Family, stream, Protocol);
        Fd -> socket:open(Fd, #{domain => Family, type => stream, protocol => Protocol})
    end.

opened({ok, Socket}, Prepare) ->
    case Prepare(Socket) of
        ok ->
            {ok, Socket};
        {error, _} = Error ->
            _ = socket:close(Socket),
            Error
    end;
opened({error, _} = Error, _) ->
    Error.

steps([Step | Steps]) ->
    case Step() of
        ok -> steps(Steps);
        {ok, _} -> steps(Steps);
        {error, _} = Error -> Error
    end;
steps([]) ->
    ok.

-spec close(socket:socket()) -> ok | {error, term()}.
close(Socket) ->
    stop_reading(Socket),
    socket:close(Socket).

-spec shutdown(socket:socket(), read | write | read_write) -> ok | {error, term()}.
shutdown(Socket, How) ->
    socket:shutdown(Socket, How).

-spec controlling_process(socket:socket(), pid()) -> ok | {error, term()}.
controlling_process(Socket, Pid) ->
    stop_reading(Socket),
    socket:setopt(Socket, {otp, controlling_process}, Pid).

deadline(infinity) -> infinity;
deadline(Timeout) -> erlang:monotonic_time(millisecond) + Timeout.

left(infinity) -> infinity;
left(Deadline) -> max(0, Deadline - erlang:monotonic_time(millisecond)).

%%--------------------------------------------------------------------------------------------------------------
%% Addresses
%%--------------------------------------------------------------------------------------------------------------

%% As the options say it: the family itself, or the address to bind to.
family(Options) ->
    case [F || F <- Options, F =:= inet orelse F =:= inet6 orelse F =:= local] of
        [_ | _] = Families ->
            lists:last(Families);
        [] ->
            case local_ip(Options) of
                Ip when is_tuple(Ip) -> family_of(Ip);
                _ -> inet
            end
    end.

family_of({local, _}) -> local;
family_of(Ip) when tuple_size(Ip) =:= 4 -> inet;
family_of(Ip) when tuple_size(Ip) =:= 8 -> inet6.

addresses({local, _} = Address, _, _) ->
    {ok, [Address]};
addresses(Ip, _, _) when is_tuple(Ip), tuple_size(Ip) =:= 4 orelse tuple_size(Ip) =:= 8 ->
    {ok, [Ip]};
addresses(#{family := _, addr := Ip}, _, _) ->
    {ok, [Ip]};
addresses(Host, Options, Timeout) ->
    inet:getaddrs(Host, family(Options), Timeout).

local_ip(Options) ->
    case proplists:get_value(ifaddr, Options, proplists:get_value(ip, Options)) of
        #{addr := Ip} -> Ip;
        Ip -> Ip
    end.

local_address(Family, Options, Default, Port) ->
    Ip = case local_ip(Options) of
             undefined -> Default;
             Given -> Given
         end,
    address(Family, Ip, Port).

address(local, {local, Path}, _) -> #{family => local, path => Path};
address(Family, Ip, Port) -> #{family => Family, addr => Ip, port => Port}.

-spec peername(socket:socket()) -> {ok, term()} | {error, term()}.
peername(Socket) -> named(socket:peername(Socket)).

-spec sockname(socket:socket()) -> {ok, term()} | {error, term()}.
sockname(Socket) -> named(socket:sockname(Socket)).

named({ok, #{addr := Ip, port := Port}}) -> {ok, {Ip, Port}};
named({ok, #{family := local, path := Path}}) -> {ok, {local, Path}};
named({error, _} = Error) -> Error.

-spec port(socket:socket()) -> {ok, inet:port_number()} | {error, term()}.
port(Socket) ->
    case socket:sockname(Socket) of
        {ok, #{port := Port}} -> {ok, Port};
        {ok, _} -> {ok, 0};
        {error, _} = Error -> Error
    end.

%%--------------------------------------------------------------------------------------------------------------
%% Sending and receiving
%%--------------------------------------------------------------------------------------------------------------

-spec send(socket:socket(), iodata()) -> ok | {error, term()}.
send(Socket, Data) ->
    case socket:send(Socket, iolist_to_binary(Data), infinity) of
        ok -> ok;
        {error, {epipe, _Unsent}} -> {error, no_pipe(Socket)};
        {error, epipe} -> {error, no_pipe(Socket)};
        {error, {Reason, _Unsent}} -> {error, reason(Reason)};
        {error, Reason} -> {error, reason(Reason)}
    end.

%% A listening socket never had a peer: as OTP says it.
no_pipe(Socket) ->
    case socket:getopt(Socket, {socket, acceptconn}) of
        {ok, true} -> epipe;
        _ -> reason(epipe)
    end.

-spec recv(socket:socket(), non_neg_integer()) -> {ok, binary()} | {error, term()}.
recv(Socket, Length) ->
    recv(Socket, Length, infinity).

-spec recv(socket:socket(), non_neg_integer(), timeout()) -> {ok, binary()} | {error, term()}.
recv(Socket, Length, Timeout) ->
    case socket:recv(Socket, Length, [], Timeout) of
        {ok, Data} -> {ok, Data};
        {error, {Reason, _Partial}} -> {error, reason(Reason)};
        {error, Reason} -> {error, reason(Reason)}
    end.

%% As gen_tcp has it: a connection that is reset is closed.
reason(epipe) -> closed;
reason(econnreset) -> closed;
reason(Reason) -> Reason.

%%--------------------------------------------------------------------------------------------------------------
%% Active mode
%%--------------------------------------------------------------------------------------------------------------

active(Socket, false) ->
    stop_reading(Socket);
active(Socket, once) ->
    stop_reading(Socket),
    case socket:recv(Socket, 0, [], nowait) of
        {ok, Data} ->
            self() ! {?DATA, Socket, Data};
        {select, {{select_info, _, _} = Info, Data}} ->
            put({?MODULE, Socket}, Info),
            stop_reading(Socket),
            self() ! {?DATA, Socket, Data};
        {Kind, Info} when Kind =:= select; Kind =:= completion ->
            put({?MODULE, Socket}, Info);
        {error, Reason} ->
            case reason(Reason) of
                closed -> self() ! {?CLOSED, Socket};
                Other -> self() ! {?DATA, Socket, Other}
            end
    end,
    ok;
active(_, _) ->
    {error, einval}.

%% A completed read that crosses with the end is not lost.
stop_reading(Socket) ->
    case erase({?MODULE, Socket}) of
        undefined ->
            ok;
        Info ->
            Handle = element(3, Info),
            _ = socket:cancel(Socket, Info),
            receive
                {?DATA, Socket, select, Handle} -> ok;
                {?DATA, Socket, abort, {Handle, _}} -> ok;
                {?DATA, Socket, completion, {Handle, {ok, Data}}} -> self() ! {?DATA, Socket, Data}, ok;
                {?DATA, Socket, completion, {Handle, _}} -> ok
            after 0 -> ok
            end
    end.

%%--------------------------------------------------------------------------------------------------------------
%% Options
%%--------------------------------------------------------------------------------------------------------------

%% gen_tcp's options as options of `socket`.
socket_option(buffer) -> {otp, rcvbuf};
socket_option(debug) -> {otp, debug};
socket_option(bind_to_device) -> {socket, bindtodevice};
socket_option(dontroute) -> {socket, dontroute};
socket_option(exclusiveaddruse) -> {socket, exclusiveaddruse};
socket_option(keepalive) -> {socket, keepalive};
socket_option(linger) -> {socket, linger};
socket_option(priority) -> {socket, priority};
socket_option(recbuf) -> {socket, rcvbuf};
socket_option(reuseaddr) -> {socket, reuseaddr};
socket_option(reuseport) -> {socket, reuseport};
socket_option(sndbuf) -> {socket, sndbuf};
socket_option(nodelay) -> {tcp, nodelay};
socket_option(recvtos) -> {ip, recvtos};
socket_option(recvttl) -> {ip, recvttl};
socket_option(tos) -> {ip, tos};
socket_option(ttl) -> {ip, ttl};
socket_option(recvtclass) -> {ipv6, recvtclass};
socket_option(ipv6_v6only) -> {ipv6, v6only};
socket_option(tclass) -> {ipv6, tclass};
socket_option(_) -> undefined.

%% Options that mean something elsewhere: of the socket's opening, or kept by the ssl application.
is_handled(Name) ->
    lists:member(Name, [mode, binary, list, header, packet, packet_size, active, inet, inet6, local, ip, ifaddr, port, fd, backlog,
                        exit_on_close, inet_backend, tcp_module]).

%% What is to be set on a socket, and the value of `active`, if there is one.
settings(Options) ->
    lists:foldr(fun({active, Value}, {Settings, _}) -> {Settings, Value};
                   ({raw, Level, Key, Value}, {Settings, Active}) -> {[{raw, {Level, Key}, Value} | Settings], Active};
                   (Option, {Settings, Active}) ->
                        case setting(Option) of
                            undefined -> {Settings, Active};
                            Setting -> {[Setting | Settings], Active}
                        end
                end, {[], undefined}, with_read_size(Options)).

with_read_size(Options) ->
    case lists:keymember(buffer, 1, Options) of
        true -> Options;
        false -> [{buffer, ?READ_SIZE} | Options]
    end.

setting(Option) ->
    {Name, Value} = case Option of
                        {N, V} -> {N, V};
                        N when is_atom(N) -> {N, true};
                        _ -> {Option, undefined}
                    end,
    case socket_option(Name) of
        undefined ->
            case is_handled(Name) of
                true -> ok;
                false -> ?LOG_NOTICE("Option ~tp is not known of sockets and has no effect", [Option])
            end,
            undefined;
        SocketOption ->
            {SocketOption, value(Name, Value)}
    end.

value(linger, {OnOff, Seconds}) -> #{onoff => OnOff, linger => Seconds};
value(_, Value) -> Value.

set(Socket, Settings) ->
    steps([fun() -> set_one(Socket, Setting) end || Setting <- Settings]).

set_one(Socket, {raw, Option, Value}) -> socket:setopt_native(Socket, Option, Value);
set_one(Socket, {Option, Value}) -> socket:setopt(Socket, Option, Value).

-spec setopts(socket:socket(), [term()]) -> ok | {error, term()}.
setopts(Socket, Options) ->
    {Settings, Active} = settings([{buffer, keep} | Options]),
    case set(Socket, [S || S <- Settings, S =/= {{otp, rcvbuf}, keep}]) of
        ok when Active =:= undefined -> ok;
        ok -> active(Socket, Active);
        {error, _} = Error -> Error
    end.

-spec getopts(socket:socket(), [atom()]) -> {ok, [{atom(), term()}]} | {error, term()}.
getopts(Socket, Names) ->
    getopts(Socket, Names, []).

getopts(Socket, [Name | Names], Acc) ->
    case socket_option(Name) of
        undefined ->
            case is_handled(Name) of
                true -> getopts(Socket, Names, Acc);
                false -> {error, {not_supported, Name}}
            end;
        Option ->
            case socket:getopt(Socket, Option) of
                {ok, #{onoff := OnOff, linger := Seconds}} -> getopts(Socket, Names, [{Name, {OnOff, Seconds}} | Acc]);
                {ok, Value} -> getopts(Socket, Names, [{Name, Value} | Acc]);
                {error, _} = Error -> Error
            end
    end;
getopts(_, [], Acc) ->
    {ok, lists:reverse(Acc)}.

-spec getstat(socket:socket(), [atom()]) -> {ok, [{atom(), integer()}]}.
getstat(Socket, Names) ->
    #{counters := Counters} = socket:info(Socket),
    {ok, [{Name, Value} || Name <- Names, Value <- stat(Name, Counters)]}.

stat(recv_oct, C) -> [map_get(read_byte, C)];
stat(recv_cnt, C) -> [map_get(read_pkg, C)];
stat(recv_max, C) -> [map_get(read_pkg_max, C)];
stat(recv_avg, C) -> [map_get(read_byte, C) div max(1, map_get(read_pkg, C))];
stat(send_oct, C) -> [map_get(write_byte, C)];
stat(send_cnt, C) -> [map_get(write_pkg, C)];
stat(send_max, C) -> [map_get(write_pkg_max, C)];
stat(send_avg, C) -> [map_get(write_byte, C) div max(1, map_get(write_pkg, C))];
stat(_, _) -> [].
