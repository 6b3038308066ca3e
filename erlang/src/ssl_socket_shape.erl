%% The tuple that a TLS socket is: the only module that knows it.
%%
%% Programs match on it (ranch takes the port out of element 2), so it has the shape that OTP's own ssl of the running
%% release gives it:
%%
%%   OTP 28 and later   {sslsocket, Socket, Pid, Pid, Transport, tls_gen_connection, Core, Trackers}
%%                      {sslsocket, Socket, undefined, undefined, undefined, undefined, undefined, Listener}
%%   before             {sslsocket, {Transport, Socket, tls_connection, Core}, [Pid, Pid]}
%%                      {sslsocket, nil, {Socket, Listener}}
%%
%% OTP has two processes where we have one: both places name it. A socket is one and the same term in the results of calls
%% and in messages.
-module(ssl_socket_shape).
-if(?OTP_RELEASE >= 27).
-moduledoc false.
-endif.

-export([connection/5, listener/2, parse/1]).

-export_type([sslsocket/0, parsed/0]).

-type sslsocket() :: tuple().
-type parsed() :: {connection, pid(), ssl_native:conn(), module(), Socket :: term()}
                | {listener, Socket :: term(), Listener :: map()}.

-spec connection(client | server, module(), Socket :: term(), pid(), ssl_native:conn()) -> sslsocket().
-spec listener(Socket :: term(), map()) -> sslsocket().
%% Anything else than a socket of ours is `error`.
-spec parse(term()) -> parsed() | error.

-if(?OTP_RELEASE >= 28).

connection(Role, Transport, Socket, Pid, Core) ->
    {sslsocket, Socket, Pid, Pid, Transport, tls_gen_connection, Core, case Role of server -> []; client -> undefined end}.

listener(Socket, Listener) ->
    {sslsocket, Socket, undefined, undefined, undefined, undefined, undefined, Listener}.

parse({sslsocket, Socket, Pid, _, Transport, tls_gen_connection, Core, _}) when is_pid(Pid) ->
    {connection, Pid, Core, Transport, Socket};
parse({sslsocket, Socket, undefined, _, _, _, _, Listener}) when is_map(Listener) ->
    {listener, Socket, Listener};
parse(_) ->
    error.

-else.

connection(_Role, Transport, Socket, Pid, Core) ->
    {sslsocket, {Transport, Socket, tls_connection, Core}, [Pid, Pid]}.

listener(Socket, Listener) ->
    {sslsocket, nil, {Socket, Listener}}.

parse({sslsocket, {Transport, Socket, tls_connection, Core}, [Pid | _]}) when is_pid(Pid) ->
    {connection, Pid, Core, Transport, Socket};
parse({sslsocket, nil, {Socket, Listener}}) when is_map(Listener) ->
    {listener, Socket, Listener};
parse(_) ->
    error.

-endif.
