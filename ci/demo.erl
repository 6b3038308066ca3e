%% The demonstration of ci/demo: a server and a client of this ssl on loopback, then each against openssl, and what
%% happens to peers that should not be trusted. Prints a transcript; a step that does not go as it says ends it.
-module(demo).
-export([main/0]).

-define(TIMEOUT, 10000).

-spec main() -> no_return().
main() ->
    logger:set_primary_config(level, none),
    [Certs] = init:get_plain_arguments(),
    try
        {ok, _} = application:ensure_all_started(ssl),
        {ok, Vsn} = application:get_key(ssl, vsn),
        line("ssl ~ts on Erlang/OTP ~ts, from ~ts", [Vsn, erlang:system_info(otp_release), filename:dirname(code:which(ssl))]),
        ourselves(Certs),
        openssl_client(Certs),
        openssl_server(Certs),
        stranger(Certs),
        line("~nThat was all of it; everything went as it should.", []),
        halt(0)
    catch
        Class:Reason:Stack ->
            line("~nDid not go as it should: ~p ~tp~n~tp", [Class, Reason, Stack]),
            halt(1)
    end.

%%% 1. Server and client of this ssl

ourselves(Certs) ->
    title("a server and a client of this ssl"),
    Listen = listen(Certs),
    Port = port(Listen),
    call("{ok, L} = ssl:listen(0, [{certs_keys, [#{certfile => \"cert.pem\", keyfile => \"cert.key\"}]}])", []),
    Server = serve(Listen, fun echo/1),
    call("{ok, S} = ssl:connect(\"localhost\", ~b, [{verify, verify_peer}, {cacertfile, \"ca.pem\"}])", [Port]),
    {Micros, {ok, S}} = timer:tc(fun() -> ssl:connect("localhost", Port, client_options(Certs), ?TIMEOUT) end),
    item("handshake", "~.1f ms", [Micros / 1000]),
    parameters(S),
    exchange(S, "hello, said the client"),
    Data = crypto:strong_rand_bytes(1 bsl 20),
    {Time, Data} = timer:tc(fun() -> spawn_link(fun() -> ok = ssl:send(S, Data) end), {ok, D} = ssl:recv(S, byte_size(Data), ?TIMEOUT), D end),
    item("1 MB there and back", "~.1f ms", [Time / 1000]),
    ok = ssl:update_keys(S, read_write),
    exchange(S, "the same, with new keys on both sides"),
    ok = ssl:close(S),
    item("closed", "the server saw ~p", [ended(Server)]),
    ok = ssl:close(Listen).

exchange(S, Text) ->
    ok = ssl:send(S, Text),
    {ok, Back} = ssl:recv(S, length(Text), ?TIMEOUT),
    Back = list_to_binary(Text),
    item("sent and received", "~ts", [Back]).

parameters(S) ->
    {ok, Items} = ssl:connection_information(S),
    Get = fun(Key) -> proplists:get_value(Key, Items) end,
    'tlsv1.3' = Get(protocol),
    item("protocol", "~p", [Get(protocol)]),
    item("cipher suite", "~ts", [ssl:suite_to_str(Get(selected_cipher_suite))]),
    Get(selected_group) =:= undefined orelse item("key exchange", "~p", [Get(selected_group)]),
    case ssl:negotiated_protocol(S) of
        {ok, Protocol} -> item("application protocol", "~ts", [Protocol]);
        {error, protocol_not_negotiated} -> ok
    end,
    case ssl:peercert(S) of
        {ok, Der} -> item("peer's certificate", "~ts, ~b bytes, verified", [subject(Der), byte_size(Der)]);
        {error, no_peercert} -> item("peer's certificate", "none asked for", [])
    end.

subject(Der) ->
    {_, Names} = public_key:pkix_normalize_name(
                   element(7, element(2, public_key:pkix_decode_cert(Der, otp)))),
    lists:flatten(lists:join(", ", [io_lib:format("~ts", [text(V)]) || [{'AttributeTypeAndValue', _, V}] <- Names])).
text({_, V}) -> V;
text(V) -> V.

%%% 2. openssl's client, 3. openssl's server

openssl_client(Certs) ->
    title("openssl s_client to a server of this ssl"),
    Listen = listen(Certs),
    Server = serve(Listen, fun echo/1),
    Arguments = ["s_client", "-connect", "127.0.0.1:" ++ integer_to_list(port(Listen)), "-servername", "localhost", "-verify_hostname", "localhost",
                 "-verify_return_error", "-CAfile", file(Certs, "ca.pem"), "-alpn", "demo/1"],
    Tool = run("openssl", Arguments),
    port_command(Tool, "1234 hello, said openssl\n"),
    Output = until(Tool, <<"\n1234 hello, said openssl">>),
    [item("openssl says", "~ts", [L]) || L <- interesting(Output)],
    item("sent and received", "1234 hello, said openssl", []),
    stop(Tool),
    item("closed", "the server saw ~p", [ended(Server)]),
    ok = ssl:close(Listen).

openssl_server(Certs) ->
    title("a client of this ssl to openssl s_server"),
    Tool = run("openssl", ["s_server", "-accept", "127.0.0.1:0", "-naccept", "1", "-tls1_3", "-cert", file(Certs, "cert.pem"),
                           "-key", file(Certs, "cert.key"), "-alpn", "demo/1"]),
    Started = until(Tool, <<"ACCEPT 127.0.0.1:">>),
    {match, [Port]} = re:run(more(Tool, Started, <<"\n">>), "ACCEPT 127.0.0.1:([0-9]+)", [{capture, all_but_first, list}]),
    call("{ok, S} = ssl:connect(\"localhost\", ~ts, [{verify, verify_peer}, {cacertfile, \"ca.pem\"}, ...])", [Port]),
    {ok, S} = ssl:connect("localhost", list_to_integer(Port), [{alpn_advertised_protocols, [<<"demo/1">>]} | client_options(Certs)], ?TIMEOUT),
    parameters(S),
    ok = ssl:send(S, "hello, said this ssl\n"),
    Output = until(Tool, <<"hello, said this ssl">>),
    [item("openssl says", "~ts", [L]) || L <- interesting(Output)],
    port_command(Tool, "1234 hello, said openssl\n"),
    {ok, <<"1234 hello, said openssl\n">>} = ssl:recv(S, 25, ?TIMEOUT),
    item("received", "1234 hello, said openssl", []),
    ok = ssl:close(S),
    stop(Tool).

%%% 4. What is refused

stranger(Certs) ->
    title("what is refused"),
    Listen = listen(Certs),
    _ = serve(Listen, fun echo/1),
    {error, Unknown} = ssl:connect("localhost", port(Listen), [{verify, verify_peer}, {cacertfile, file(Certs, "other.pem")}], ?TIMEOUT),
    item("a server of an unknown CA", "~ts", [reason(Unknown)]),
    _ = serve(Listen, fun echo/1),
    {error, Name} = ssl:connect("localhost", port(Listen), [{server_name_indication, "example.org"} | client_options(Certs)], ?TIMEOUT),
    item("a server of another name", "~ts", [reason(Name)]),
    Server = serve(Listen, fun echo/1),
    {ok, Raw} = gen_tcp:connect("localhost", port(Listen), [binary, {active, false}]),
    ok = gen_tcp:send(Raw, <<"GET / HTTP/1.1\r\n\r\n">>),
    {ok, <<21, _/binary>>} = gen_tcp:recv(Raw, 0, ?TIMEOUT),
    {failed, {tls_alert, _} = Garbage} = ended(Server),
    item("a client that speaks HTTP", "~ts", [reason(Garbage)]),
    ok = gen_tcp:close(Raw),
    ok = ssl:close(Listen).

reason({tls_alert, {Alert, Text}}) -> io_lib:format("{error, {tls_alert, {~p, ...}}}~n      ~ts", [Alert, re:replace(string:trim(Text), "\\s+", " ", [global])]);
reason(Other) -> io_lib:format("{error, ~tp}", [Other]).

%%% Pieces

listen(Certs) ->
    {ok, Listen} = ssl:listen(0, [binary, {ip, {127, 0, 0, 1}}, {active, false}, {reuseaddr, true}, {alpn_preferred_protocols, [<<"demo/1">>]},
                                  {certs_keys, [#{certfile => file(Certs, "cert.pem"), keyfile => file(Certs, "cert.key")}]}]),
    Listen.

client_options(Certs) -> [binary, {active, false}, {verify, verify_peer}, {cacertfile, file(Certs, "ca.pem")}].

port(Listen) -> {ok, {_, Port}} = ssl:sockname(Listen), Port.

serve(Listen, Fun) ->
    Owner = self(),
    spawn(fun() ->
                  {ok, Transport} = ssl:transport_accept(Listen, ?TIMEOUT),
                  Owner ! {self(), case ssl:handshake(Transport, ?TIMEOUT) of
                                       {ok, S} -> Fun(S);
                                       {error, Reason} -> {failed, Reason}
                                   end}
          end).

echo(S) ->
    case ssl:recv(S, 0, ?TIMEOUT) of
        {ok, Data} -> ok = ssl:send(S, Data), echo(S);
        {error, Reason} -> Reason
    end.

ended(Server) -> receive {Server, How} -> How after ?TIMEOUT -> error(server_does_not_end) end.

file(Certs, Name) -> filename:join(Certs, Name).

run(Program, Arguments) ->
    call("$ ~ts ~ts", [Program, lists:join(" ", [short(A) || A <- Arguments])]),
    open_port({spawn_executable, os:find_executable(Program)}, [{args, Arguments}, binary, exit_status, stderr_to_stdout]).

short("/" ++ _ = Path) -> filename:basename(Path);
short(Argument) -> Argument.

until(Tool, Text) -> more(Tool, <<>>, Text).
more(Tool, Seen, Text) ->
    case binary:match(Seen, Text) of
        {_, _} -> Seen;
        nomatch ->
            receive
                {Tool, {data, Data}} -> more(Tool, <<Seen/binary, Data/binary>>, Text);
                {Tool, {exit_status, _}} -> error({tool_ended, Seen})
            after ?TIMEOUT -> error({tool_does_not_say, Text, Seen})
            end
    end.

%% Ends the tool's input and, should that not end it, the tool.
stop(Tool) ->
    {os_pid, Pid} = erlang:port_info(Tool, os_pid),
    true = port_close(Tool),
    os:cmd("kill " ++ integer_to_list(Pid) ++ " 2>/dev/null").

interesting(Output) ->
    [string:trim(L) || L <- string:split(Output, "\n", all),
                       re:run(L, "^(New, TLS|Server Temp Key|Negotiated TLS1.3 group|Peer Temp Key|ALPN protocol|Verification: OK|CIPHER is|ALPN protocols selected|Shared Elliptic groups:)",
                              [{capture, none}]) =:= match].

title(Text) -> line("~n== ~ts", [Text]).
call(Format, Arguments) -> line("   " ++ Format, Arguments).
item(Name, Format, Arguments) -> line("   ~-26ts " ++ Format, [Name | Arguments]).
line(Format, Arguments) -> io:format(Format ++ "~n", Arguments).
