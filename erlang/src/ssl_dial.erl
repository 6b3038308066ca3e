%% Connecting: options, the transport, certificates and keys (in that order, as OTP: of a peer that cannot be reached one hears
%% first), then the connection's process; and connections on transports that are connected already (upgrade, of clients and
%% servers).
-module(ssl_dial).
-if(?OTP_RELEASE >= 27).
-moduledoc false.
-endif.

-export([connect/4, upgrade/4]).

-spec connect(ssl:host(), inet:port_number(), [term()], timeout()) -> {ok, ssl:sslsocket()} | {error, term()}.
connect(Host, Port, Options, Timeout) ->
    Deadline = deadline(Timeout),
    maybe_started(
      fun() ->
              case ssl_opts:connect(Host, Options) of
                  {ok, Parsed} -> dial(Host, Port, Parsed, Timeout, Deadline);
                  {error, _} = Error -> Error
              end
      end).

maybe_started(Fun) ->
    case ssl_takeover:running() of
        ok -> Fun();
        {error, _} = Error -> Error
    end.

dial(Host, Port, #{transport := Info, socket_opts := SocketOpts} = Parsed, Timeout, Deadline) ->
    Transport = element(1, Info),
    {Wide, Shown} = ssl_transport:wide(Transport, SocketOpts),
    try Transport:connect(Host, Port, SocketOpts ++ Wide ++ ssl_transport:internal(), Timeout) of
        {ok, Socket} ->
            Buffer = case Shown of
                         unknown -> ssl_transport:widen(Transport, Socket, SocketOpts);
                         _ -> Shown
                     end,
            case material_or_close(Transport, Socket, Parsed) of
                {ok, Config, Ctx} -> client({Host, Port}, Socket, Parsed, Config, Ctx, #{buffer => Buffer}, left(Deadline));
                {error, _} = Error -> Error
            end;
        {error, _} = Error ->
            Error
    catch
        exit:{function_clause, _} -> {error, {badarg, call(Transport, Host, Port, SocketOpts, Timeout)}};
        exit:badarg -> {error, {badarg, call(Transport, Host, Port, SocketOpts, Timeout)}};
        exit:{badarg, Reason} -> {error, {badarg, call(Transport, Host, Port, SocketOpts, Timeout), Reason}}
    end.

material_or_close(Transport, Socket, #{ssl := Ssl}) ->
    try ssl_material:config(client, Ssl) of
        {ok, _, _} = Material ->
            Material;
        {error, _} = Error ->
            ssl_transport:close(Transport, Socket),
            Error
    catch
        Class:Reason:Stack ->
            ssl_transport:close(Transport, Socket),
            erlang:raise(Class, Reason, Stack)
    end.

%% What OTP has in this error: the call as a text.
call(Transport, Host, Port, SocketOpts, Timeout) ->
    lists:flatten(io_lib:format("~p:connect(~p, ~p, ~p, ~p)", [Transport, Host, Port, SocketOpts, Timeout])).

client({Host, Port}, Socket, #{ssl := Ssl, transport := Info, emulated := Emulated} = Parsed, Config, Ctx0, Start, Timeout) ->
    {Params, Ctx} = ssl_material:client_params(Ssl, Host, Port, Ctx0),
    ssl_endpoint:connected(start(Start#{socket => Socket, info => Info, conn => ssl_native:client(Config, Params), ctx => Ctx,
                                        options => ssl_endpoint:kept_options(Parsed), emulated => Emulated},
                                 Parsed),
                           Timeout).

%% With {handshake, hello} the options are kept, for handshake_continue.
start(Start, #{ssl := #{handshake := hello}} = Parsed) -> Start#{parsed => Parsed};
start(Start, _) -> Start.

%% A connected socket of the transport, that the caller owns.
-spec upgrade(client | server, term(), [term()], timeout()) -> {ok, ssl:sslsocket()} | {error, term()}.
upgrade(Role, Socket, Options, Timeout) ->
    maybe_started(
      fun() ->
              case ssl_opts:upgrade(Role, Socket, Options) of
                  {ok, #{ssl := Ssl} = Parsed} ->
                      %% The socket stays the user's when this fails.
                      case ssl_material:config(Role, Ssl) of
                          {ok, Config, Ctx} -> upgrade(Role, Socket, Parsed, Config, Ctx, Timeout);
                          {error, _} = Error -> Error
                      end;
                  {error, _} = Error ->
                      Error
              end
      end).

upgrade(Role, Socket, #{transport := Info, socket_opts := SocketOpts, emulated := Emulated} = Parsed, Config, Ctx,
        Timeout) ->
    Transport = element(1, Info),
    case ssl_transport:setopts(Transport, Socket, ssl_transport:internal()) of
        ok ->
            Buffer = ssl_transport:widen(Transport, Socket, SocketOpts),
            case Role of
                client ->
                    case ssl_transport:peername(Transport, Socket) of
                        {ok, Peer} ->
                            client(host(Peer), Socket, Parsed, Config, Ctx, #{buffer => Buffer, upgrade => true}, Timeout);
                        {error, _} = Error -> Error
                    end;
                server ->
                    Start = start(#{socket => Socket, info => Info, conn => ssl_native:server(Config), ctx => Ctx,
                                    options => ssl_endpoint:kept_options(Parsed), emulated => Emulated, buffer => Buffer,
                                    upgrade => true},
                                  Parsed),
                    case ssl_endpoint:accepted(Start) of
                        {ok, Self} -> ssl_endpoint:handshake(Self, Timeout);
                        {error, _} = Error -> Error
                    end
            end;
        {error, _} = Error ->
            Error
    end.

%% The address is all that is known of the host, as with OTP.
host({Host, Port}) -> {Host, Port};
host(_) -> {undefined, undefined}.

deadline(infinity) -> infinity;
deadline(Timeout) -> erlang:monotonic_time(millisecond) + Timeout.

left(infinity) -> infinity;
left(Deadline) -> max(0, Deadline - erlang:monotonic_time(millisecond)).
