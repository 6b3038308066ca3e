%% What runs inside an Erlang node of the interoperability tests: servers and clients of the `ssl` that the
%% node has loaded, by documented functions only, so that OTP's and ours run the identical code.
%%
%% Commands are Erlang terms on standard input, one per line; events are written as '@Term' lines:
%%
%%   {Ref, server, Connections, Options}.  {Ref, client, Port, Options}.
%%                                        -> {Ref, {port, P}}, {Ref, {connected, Info}}, {Ref, {failed, Why}}
%%   {Ref, say, Binary}.                                      -> (the peer hears it)
%%   {Ref, update_keys, write | read_write}.                  -> {Ref, {updated, ok | {error, Why}}}
%%   {Ref, renegotiate}.                                      -> {Ref, {renegotiated, ok | {error, Why}}}
%%   {Ref, close}.                                            -> {Ref, gone}
%%   {Ref, identity}.  {Ref, suites}.                         -> {Ref, {identity, Map}}, {Ref, {suites, interop_old:suites()}}
%% and, when they happen: {Ref, {data, Binary}}, {Ref, closed}, {Ref, {error, Why}}
-module(interop_node).
-export([main/0]).

-define(TIMEOUT, 15000).

-spec main() -> no_return().
main() ->
    logger:set_primary_config(level, none),
    {ok, _} = application:ensure_all_started(ssl),
    loop(#{}).

loop(Processes) ->
    case io:read(standard_io, "") of
        {ok, {Ref, identity}} ->
            event(Ref, {identity, identity()}),
            loop(Processes);
        {ok, {Ref, suites}} ->
            event(Ref, {suites, interop_old:suites()}),
            loop(Processes);
        {ok, {Ref, server, Connections, Options}} ->
            loop(Processes#{Ref => spawn(fun() -> server(Ref, Connections, interop_old:translate(Options)) end)});
        {ok, {Ref, client, Port, Options}} ->
            loop(Processes#{Ref => spawn(fun() -> client(Ref, Port, interop_old:translate(Options)) end)});
        {ok, Command} ->
            case Processes of
                #{element(1, Command) := Pid} -> Pid ! Command;
                #{} -> ok
            end,
            loop(Processes);
        eof ->
            halt(0)
    end.

identity() ->
    #{otp => erlang:system_info(otp_release), path => code:which(ssl),
      native => code:which(ssl_native) =/= non_existing}.

server(Ref, Connections, Options) ->
    {ok, Listen} = ssl:listen(0, [{ip, {127, 0, 0, 1}}, binary, {active, false}, {nodelay, true},
                                  {reuseaddr, true} | Options]),
    {ok, {_, Port}} = ssl:sockname(Listen),
    event(Ref, {port, Port}),
    accept(Ref, Listen, Connections),
    ssl:close(Listen).

%% One after the other.
accept(_, _, 0) ->
    ok;
accept(Ref, Listen, Connections) ->
    case ssl:transport_accept(Listen, ?TIMEOUT) of
        {ok, Socket} -> connected(Ref, ssl:handshake(Socket, ?TIMEOUT), Connections > 1);
        {error, Why} -> event(Ref, {failed, {accept, Why}})
    end,
    accept(Ref, Listen, Connections - 1).

%% OTP's clients find a session by the name that they connect to.
client(Ref, Port, Options) ->
    Host = case lists:keymember(server_name_indication, 1, Options) of
               true -> {127, 0, 0, 1};
               false -> "localhost"
           end,
    connected(Ref, ssl:connect(Host, Port, [binary, {active, false}, {nodelay, true} | Options], ?TIMEOUT), false).

%% A TLS 1.3 client is connected before the server has judged its certificate: the alert may be here already,
%% and the first call that waits for something tells it.
connected(Ref, {ok, Socket}, More) ->
    case {ssl:connection_information(Socket, [protocol, selected_cipher_suite, session_id]), ssl:negotiated_protocol(Socket),
          ssl:peercert(Socket), ssl:setopts(Socket, [{active, true}])} of
        {{ok, Items}, Alpn, Cert, ok} ->
            #{session_id := Id} = Info0 = maps:from_list(Items),
            %% As a number: what is printed must be read again, whatever the terminal makes of bytes.
            Info = Info0#{session_id => binary:decode_unsigned(Id)},
            event(Ref, {connected, Info#{alpn => case Alpn of {ok, Protocol} -> Protocol; _ -> none end,
                                         peer_cert => element(1, Cert) =:= ok}}),
            talk(Ref, Socket, More);
        {_, _, _, {error, {tls_alert, _} = Alert}} ->
            event(Ref, {failed, Alert});
        {_, _, _, {error, _}} ->
            connected(Ref, ssl:recv(Socket, 0, ?TIMEOUT), More);
        {{error, _}, _, _, ok} ->
            talk(Ref, Socket, More)
    end;
connected(Ref, {error, Why}, _) ->
    event(Ref, {failed, Why}).

%% More: there will be another connection.
talk(Ref, Socket, More) ->
    receive
        {Ref, say, Data} ->
            case ssl:send(Socket, Data) of
                ok -> ok;
                {error, Why} -> event(Ref, {error, Why})
            end,
            talk(Ref, Socket, More);
        {Ref, update_keys, Type} ->
            event(Ref, {updated, ssl:update_keys(Socket, Type)}),
            talk(Ref, Socket, More);
        {Ref, renegotiate} ->
            event(Ref, {renegotiated, ssl:renegotiate(Socket)}),
            talk(Ref, Socket, More);
        {Ref, close} ->
            _ = ssl:close(Socket),
            event(Ref, gone);
        {ssl, Socket, Data} ->
            event(Ref, {data, Data}),
            talk(Ref, Socket, More);
        {ssl_closed, Socket} when More ->
            event(Ref, closed);
        {ssl_closed, Socket} ->
            event(Ref, closed),
            talk(Ref, Socket, More);
        {ssl_error, Socket, Why} ->
            event(Ref, {error, Why}),
            talk(Ref, Socket, More)
    end.

event(Ref, Event) ->
    io:format("@~0p~n", [{Ref, Event}]).
