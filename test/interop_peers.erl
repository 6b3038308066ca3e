%% The peers of the interoperability tests: Erlang nodes (interop_node) and the command line tools of other TLS
%% stacks, behind one interface. The owner of an endpoint gets {interop, Ref, Event}:
%% {port, P}, {connected, Info}, {data, Binary}, closed, {failed | error, Why}, {exit, Status}.
-module(interop_peers).
-export([start_node/2, stop_node/1, ask/2, available/2, with_suites/1, capable/3, server/3, client/4, say/2, update/2,
         renegotiate/1, finish/1, talks/1]).
-export_type([peer/0, endpoint/0]).

%% kind: erlang | openssl | gnutls | curl | python | node
%% prefix: how to run a command there ([] or ["chroot", Dir]); lacks: groups, suites, certificates that it has not
-type peer() :: #{name := string(), kind := atom(), prefix := [string()], pid => pid(),
                  lacks := [atom() | string()], suites => [{string(), atom()}], dir := file:filename()}.
-type endpoint() :: #{ref := reference() | integer(), peer := peer(), role := server | client, pid := pid()}.

%%% Erlang nodes

%% Code path in front of OTP's; [] for the stock ssl.
-spec start_node(peer(), [string()]) -> peer().
start_node(#{prefix := Prefix, dir := Dir} = Peer, CodePath) ->
    Owner = self(),
    Arguments = ["-noshell", "-noinput" | lists:append([["-pa", D] || D <- CodePath])] ++ ["-pa", Dir, "-s", "interop_node", "main"],
    Pid = spawn_link(fun() -> node_init(Owner, command(Prefix, "erl", Arguments -- ["-noinput"])) end),
    Peer#{pid => Pid}.

%% A question that the node answers with {Question, Value}.
-spec ask(peer(), atom()) -> term().
ask(#{name := Name, pid := Pid}, Question) ->
    Ref = erlang:unique_integer([positive]),
    Pid ! {command, self(), Ref, {Ref, Question}},
    receive {interop, Ref, {Question, Value}} -> Value
    after 30000 -> error({node_does_not_start, Name})
    end.

-spec stop_node(peer()) -> ok.
stop_node(#{pid := Pid}) ->
    Pid ! stop,
    ok.

node_init(_Owner, {Program, Arguments}) ->
    Port = open_port({spawn_executable, Program}, [{args, Arguments}, binary, stream, exit_status, stderr_to_stdout]),
    node_loop(Port, <<>>, #{}).

%% Owners: who gets the events of which Ref.
node_loop(Port, Buffer, Owners) ->
    receive
        {command, Owner, Ref, Command} ->
            port_command(Port, io_lib:format("~0p.~n", [Command])),
            node_loop(Port, Buffer, Owners#{Ref => Owner});
        {Port, {data, Data}} ->
            {Lines, Rest} = lines(<<Buffer/binary, Data/binary>>),
            [node_event(Line, Owners) || Line <- Lines],
            node_loop(Port, Rest, Owners);
        {Port, {exit_status, Status}} ->
            [Owner ! {interop, Ref, {exit, Status}} || {Ref, Owner} <- maps:to_list(Owners)],
            node_loop(Port, Buffer, #{});
        stop ->
            close(Port)
    end.

node_event(<<"@", Text/binary>>, Owners) ->
    {ok, Tokens, _} = erl_scan:string(unicode:characters_to_list(<<Text/binary, ".">>)),
    {ok, {Ref, Event}} = erl_parse:parse_term(Tokens),
    case Owners of
        #{Ref := Owner} -> Owner ! {interop, Ref, Event};
        #{} -> ok
    end;
node_event(Line, _) ->
    io:format(user, "   | ~ts~n", [Line]).

lines(Bytes) ->
    Parts = binary:split(Bytes, <<"\n">>, [global]),
    {lists:droplast(Parts), lists:last(Parts)}.

%%% What a peer can do

-spec available(string(), [string()]) -> boolean().
available(Program, []) -> os:find_executable(Program) =/= false;
available(Program, [_, Root]) -> os:find_executable(Program, filename:join(Root, "usr/bin")) =/= false.

%% Suites below TLS 1.3 that a tool was built with, by its own names, and the versions it has each in. The others use the
%% library of openssl. (No SRP with that: s_server and s_client of OpenSSL 3.0 and 3.6 crash, or fail, with each other and with
%% GnuTLS, too.)
-spec with_suites(peer()) -> peer().
with_suites(#{kind := openssl} = Peer) ->
    Peer#{suites => openssl_suites(Peer, ["-psk"])};
with_suites(#{kind := gnutls, prefix := Prefix} = Peer) ->
    Lines = [string:lexemes(Line, " \t,") || "TLS_" ++ _ = Line <- string:lexemes(output(command(Prefix, "gnutls-cli", ["-l"])), "\n")],
    Peer#{suites => [{Name, Version} || [Name, _, _, Least] <- Lines,
                                        {Version, Text} <- [{'tlsv1.2', "TLS1.2"}, {'tlsv1.1', "TLS1.1"}, {tlsv1, "TLS1.0"}],
                                        Text >= Least]};
with_suites(Peer) ->
    Peer#{suites => openssl_suites(Peer, [])}.

openssl_suites(#{prefix := Prefix}, More) ->
    [{Name, Version}
     || {Version, Flag} <- [{'tlsv1.2', "-tls1_2"}, {'tlsv1.1', "-tls1_1"}, {tlsv1, "-tls1"}],
        Name <- string:lexemes(output(command(Prefix, "openssl", ["ciphers", "-s", Flag] ++ More ++ ["ALL:@SECLEVEL=0"])), ":\n")].

output({Program, Arguments}) ->
    Port = open_port({spawn_executable, Program}, [{args, Arguments}, exit_status, stderr_to_stdout]),
    output(Port, []).

output(Port, Text) ->
    receive
        {Port, {data, More}} -> output(Port, [Text, More]);
        {Port, {exit_status, _}} -> lists:flatten(Text)
    end.

%% Whether this peer can be told what the case wants of its side, and knows it.
-spec capable(peer(), server | client, interop_cases:test()) -> boolean().
capable(Peer, Role, #{server := #{version := _}} = Case) ->
    interop_old:capable(Peer, Role, Case);
capable(#{lacks := Lacks} = Peer, Role, #{script := Script, family := Family} = Case) ->
    Side = maps:get(Role, Case),
    Asked = lists:append([maps:get(groups, Side, []), maps:get(suites, Side, []), [C || #{cert := C} <- [Side]]]),
    Asked -- Lacks =:= Asked andalso script(Peer, Role, Script) andalso side(Peer, Role, Family, Side).

%% Nothing but Erlang nodes, openssl and gnutls-cli can be told to update keys; gnutls-serv only echoes.
script(#{kind := erlang}, _, _) -> true;
script(#{kind := openssl}, _, _) -> true;
script(#{kind := gnutls}, server, {update, server, _}) -> false;
script(#{kind := gnutls}, client, {update, client, write}) -> false;
script(#{kind := gnutls}, _, Script) -> Script =/= bulk;
script(#{kind := curl}, client, Script) -> Script =:= talk;
script(#{kind := curl}, server, _) -> false;
script(_, Role, {update, Role, _}) -> false;
script(_, _, _) -> true.

%% Python has no way to choose suites; it goes on without a protocol when it knows none of those offered, as node before 20
%% does. Python's clients and curl offer their own signature schemes: enough for the first of each kind of certificate.
side(#{kind := Kind}, client, signature, #{signatures := [First | _]}) when Kind =:= python; Kind =:= curl ->
    not lists:member(First, [rsa_pss_rsae_sha384, rsa_pss_rsae_sha512, rsa_pss_pss_sha384, rsa_pss_pss_sha512]);
side(#{kind := python}, _, _, #{suites := _}) -> false;
side(#{kind := Kind}, server, refusal, #{alpn := _}) when Kind =:= python; Kind =:= node -> false;
side(#{kind := python}, Role, _, #{groups := Groups}) -> Role =:= server andalso length(Groups) =:= 1;
side(#{kind := curl}, _, _, #{alpn := _}) -> false;
side(_, _, _, _) -> true.

%% Whether this endpoint sends what it is told to (gnutls-serv only echoes, curl makes its one request).
-spec talks(endpoint()) -> yes | echo | http.
talks(#{peer := #{kind := gnutls}, role := server}) -> echo;
talks(#{peer := #{kind := curl}}) -> http;
talks(_) -> yes.

%%% Endpoints

-spec server(peer(), interop_cases:side(), file:filename()) -> endpoint().
server(#{kind := erlang} = Peer, Side, Certs) ->
    node_endpoint(Peer, server, fun(Ref) -> {Ref, server, accepts(Side), erlang_options(server, Side, Certs)} end);
server(Peer, Side, Certs) ->
    tool(Peer, server, tool_command(Peer, server, Side, Certs, free_port())).

-spec client(peer(), interop_cases:side(), file:filename(), inet:port_number()) -> endpoint().
client(#{kind := erlang} = Peer, Side, Certs, Port) ->
    node_endpoint(Peer, client, fun(Ref) -> {Ref, client, Port, erlang_options(client, Side, Certs)} end);
client(Peer, Side, Certs, Port) ->
    tool(Peer, client, tool_command(Peer, client, Side, Certs, Port)).

-spec say(endpoint(), binary()) -> ok.
say(Endpoint, Data) -> order(Endpoint, fun(Ref) -> {Ref, say, Data} end, Data).

%% write: only its own keys; read_write: the peer is asked to update, too
-spec update(endpoint(), write | read_write) -> ok.
update(#{peer := #{kind := gnutls}} = Endpoint, _) -> order(Endpoint, none, <<"^rekey^\n">>);
update(Endpoint, write) -> order(Endpoint, fun(Ref) -> {Ref, update_keys, write} end, <<"k\n">>);
update(Endpoint, read_write) -> order(Endpoint, fun(Ref) -> {Ref, update_keys, read_write} end, <<"K\n">>).

-spec renegotiate(endpoint()) -> ok.
renegotiate(#{peer := #{kind := gnutls}, role := client} = Endpoint) ->
    order(Endpoint, none, <<"^renegotiate^\n">>);
renegotiate(#{role := Role} = Endpoint) ->
    order(Endpoint, fun(Ref) -> {Ref, renegotiate} end, case Role of server -> <<"r\n">>; client -> <<"R\n">> end).

-spec finish(endpoint()) -> ok.
finish(Endpoint) -> order(Endpoint, fun(Ref) -> {Ref, close} end, stop).

order(#{peer := #{kind := erlang, pid := Pid}, ref := Ref}, Command, _) ->
    Pid ! {command, self(), Ref, Command(Ref)},
    ok;
order(#{pid := Pid}, _, ToTool) ->
    Pid ! {say, ToTool},
    ok.

node_endpoint(#{pid := Pid} = Peer, Role, Command) ->
    Ref = erlang:unique_integer([positive]),
    Pid ! {command, self(), Ref, Command(Ref)},
    #{ref => Ref, peer => Peer, role => Role, pid => Pid}.

%%% Command line tools: one operating system process per endpoint, ended with it

tool(Peer, Role, {Program, Arguments, Known}) ->
    Ref = make_ref(),
    Owner = self(),
    Pid = spawn(fun() -> tool_init(Owner, Ref, {Program, Arguments}, Known) end),
    #{ref => Ref, peer => Peer, role => Role, pid => Pid}.

tool_init(Owner, Ref, {Program, Arguments}, Known) ->
    Monitor = monitor(process, Owner),
    Port = open_port({spawn_executable, Program}, [{args, Arguments}, binary, stream, exit_status, stderr_to_stdout]),
    OsPid = case erlang:port_info(Port, os_pid) of {os_pid, P} -> P; undefined -> none end,
    tool_loop(#{owner => Owner, ref => Ref, port => Port, os_pid => OsPid, monitor => Monitor, known => Known, seen => <<>>}).

%% known: what has to be found in the output before the server can be connected to, or none
tool_loop(#{owner := Owner, ref := Ref, port := Port, monitor := Monitor} = S) ->
    receive
        {say, stop} -> tool_stop(S);
        {'DOWN', Monitor, process, _, _} -> tool_stop(S);
        {say, Data} ->
            try port_command(Port, Data) catch error:badarg -> gone end,
            tool_loop(S);
        {Port, {data, Data}} ->
            Owner ! {interop, Ref, {data, Data}},
            tool_loop(tool_port(Data, S));
        {Port, {exit_status, Status}} ->
            Owner ! {interop, Ref, {exit, Status}},
            ok
    end.

tool_port(_, #{known := none} = S) -> S;
tool_port(Data, #{known := {Pattern, Fixed}, seen := Seen, owner := Owner, ref := Ref} = S) ->
    All = <<Seen/binary, Data/binary>>,
    case re:run(All, Pattern, [{capture, all_but_first, list}]) of
        {match, [Port]} -> Owner ! {interop, Ref, {port, list_to_integer(Port)}}, S#{known := none};
        {match, []} -> Owner ! {interop, Ref, {port, Fixed}}, S#{known := none};
        match -> Owner ! {interop, Ref, {port, Fixed}}, S#{known := none};
        nomatch -> S#{seen := All}
    end.

tool_stop(#{port := Port, os_pid := OsPid}) ->
    OsPid =/= none andalso erlang:port_info(Port) =/= undefined andalso
        os:cmd("kill -TERM " ++ integer_to_list(OsPid) ++ " 2>/dev/null"),
    close(Port),
    ok.

close(Port) -> try port_close(Port) catch error:badarg -> true end.

%% Below the ports that the system gives to clients: of those, one that is free now may be taken when the tool binds it.
free_port() ->
    Port = 10000 + rand:uniform(20000),
    case gen_tcp:listen(Port, []) of
        {ok, Listen} ->
            ok = gen_tcp:close(Listen),
            Port;
        {error, _} ->
            free_port()
    end.

%%% Configuration, per kind

erlang_options(Role, #{version := _} = Side, Certs) ->
    interop_old:erlang_options(Role, Side, Certs);
erlang_options(Role, Side, Certs) ->
    [{versions, ['tlsv1.3']}]
    ++ [{ciphers, Suites} || #{suites := Suites} <- [Side]]
    ++ [{supported_groups, Groups} || #{groups := Groups} <- [Side]]
    ++ [{signature_algs, [scheme(S) || S <- Schemes]} || #{signatures := Schemes} <- [Side]]
    ++ lists:append([[{certfile, file(Certs, Cert, ".pem")}, {keyfile, file(Certs, Cert, ".key")}] || #{cert := Cert} <- [Side]])
    ++ [{cacertfile, trusted(Side, Certs)}]
    ++ erlang_role(Role, Side).

erlang_role(client, Side) ->
    [{verify, verify_peer}, {server_name_indication, "localhost"}]
    ++ [{alpn_advertised_protocols, Protocols} || #{alpn := Protocols} <- [Side]];
erlang_role(server, Side) ->
    [{verify, verify_peer} || #{verify := true} <- [Side]]
    ++ [{fail_if_no_peer_cert, true} || #{verify := true} <- [Side]]
    ++ [{alpn_preferred_protocols, Protocols} || #{alpn := Protocols} <- [Side]].

%% OTP's own names of the schemes differ for EdDSA.
scheme(ed25519) -> eddsa_ed25519;
scheme(Scheme) -> Scheme.

file(Certs, Cert, Extension) -> filename:join(Certs, atom_to_list(Cert) ++ Extension).
trusted(#{version := _}, Certs) -> file(Certs, old_roots, ".pem");
trusted(#{trust := none}, Certs) -> file(Certs, other_ca, ".pem");
trusted(_, Certs) -> file(Certs, ca, ".pem").

%% How many connections a server takes.
accepts(Side) -> maps:get(accepts, Side, 1).

command([], Program, Arguments) -> {os:find_executable(Program), Arguments};
command([Wrapper | Rest], Program, Arguments) -> {os:find_executable(Wrapper), Rest ++ [Program | Arguments]}.

tool_command(#{kind := openssl, prefix := Prefix} = Peer, Role, #{version := _} = Side, Certs, Port) ->
    Where = "127.0.0.1:" ++ integer_to_list(Port),
    Arguments = case Role of
                    server -> ["s_server", "-accept", Where, "-naccept", integer_to_list(accepts(Side))];
                    client -> ["s_client", "-connect", Where, "-servername", "localhost"]
                end,
    {Program, All} = command(Prefix, "openssl", Arguments ++ interop_old:tool_arguments(Peer, Role, Side, Certs)),
    {Program, All, known(Role, {"ACCEPT", Port})};
tool_command(#{kind := gnutls, prefix := Prefix} = Peer, Role, #{version := _} = Side, Certs, Port) ->
    Arguments = case Role of
                    server -> ["gnutls-serv", "--echo", "--nocookie", "--noticket", "--disable-client-cert", "-p", integer_to_list(Port)];
                    client -> ["gnutls-cli", "--inline-commands", "--no-ocsp", "--insecure", "-p", integer_to_list(Port), "--sni-hostname", "localhost"]
                                  ++ ["--resume" || maps:is_key(resume, Side)] ++ ["127.0.0.1"]
                end,
    {Program, All} = command(Prefix, "stdbuf", ["-o0" | Arguments] ++ interop_old:tool_arguments(Peer, Role, Side, Certs)),
    {Program, All, known(Role, {"listening on IPv4 [^ ]+ port [0-9]+\\.\\.\\.done", Port})};
tool_command(#{kind := curl, prefix := Prefix} = Peer, client, #{version := _} = Side, Certs, Port) ->
    {Program, All} = command(Prefix, "curl", interop_old:tool_arguments(Peer, client, Side, Certs) ++ curl_target(Port)),
    {Program, All, none};
tool_command(#{kind := Kind} = Peer, Role, #{version := _} = Side, Certs, Port) when Kind =:= python; Kind =:= node ->
    script_command(Peer, Role, script_config(Role, Side, Certs, Port) ++ interop_old:script_config(Peer, Side, Certs), Port);
tool_command(#{kind := openssl, prefix := Prefix}, Role, Side, Certs, Port) ->
    Where = "127.0.0.1:" ++ integer_to_list(Port),
    Arguments = case Role of
                    server -> ["s_server", "-accept", Where, "-naccept", integer_to_list(accepts(Side))]
                                  ++ lists:append([["-Verify", "5", "-verify_return_error", "-CAfile", trusted(Side, Certs)] || #{verify := true} <- [Side]]);
                    client -> ["s_client", "-connect", Where, "-servername", "localhost", "-verify_hostname", "localhost",
                               "-verify_return_error", "-CAfile", trusted(Side, Certs)]
                end
        ++ ["-tls1_3", "-cipher", "DEFAULT:@SECLEVEL=0"]
        ++ lists:append([["-cert", file(Certs, Cert, ".pem"), "-key", file(Certs, Cert, ".key"), "-cert_chain", file(Certs, Cert, ".pem")]
                         || #{cert := Cert} <- [Side]])
        ++ lists:append([["-ciphersuites", colons(Suites)] || #{suites := Suites} <- [Side]])
        ++ lists:append([["-groups", colons([openssl_group(G) || G <- Groups])] || #{groups := Groups} <- [Side]])
        ++ lists:append([["-sigalgs", colons(Schemes)] || #{signatures := Schemes} <- [Side]])
        ++ lists:append([["-alpn", commas(Protocols)] || #{alpn := Protocols} <- [Side]]),
    {Program, All} = command(Prefix, "openssl", Arguments),
    {Program, All, known(Role, {"ACCEPT", Port})};
tool_command(#{kind := gnutls, prefix := Prefix}, Role, Side, Certs, Port) ->
    Tool = case Role of
               server -> ["gnutls-serv", "--echo", "--nocookie", "--noticket", "-p", integer_to_list(Port)]
                             ++ lists:append([["--require-client-cert", "--verify-client-cert", "--x509cafile", trusted(Side, Certs)]
                                              || #{verify := true} <- [Side]])
                             ++ ["--disable-client-cert" || not maps:is_key(verify, Side)];
               client -> ["gnutls-cli", "--inline-commands", "--no-ocsp", "-p", integer_to_list(Port), "--x509cafile", trusted(Side, Certs),
                          "--sni-hostname", "localhost", "--verify-hostname", "localhost", "127.0.0.1"]
           end,
    Arguments = ["-o0" | Tool] ++ ["--priority", gnutls_priority(Side)]
        ++ lists:append([["--x509certfile", file(Certs, Cert, ".pem"), "--x509keyfile", file(Certs, Cert, ".key")] || #{cert := Cert} <- [Side]])
        ++ lists:append([["--alpn", binary_to_list(P)] || #{alpn := Protocols} <- [Side], P <- Protocols])
        ++ ["--alpn-fatal" || Role =:= server, maps:is_key(alpn, Side)],
    {Program, All} = command(Prefix, "stdbuf", Arguments),
    {Program, All, known(Role, {"listening on IPv4 [^ ]+ port [0-9]+\\.\\.\\.done", Port})};
tool_command(#{kind := curl, prefix := Prefix}, client, Side, Certs, Port) ->
    Arguments = ["--tlsv1.3", "--cacert", trusted(Side, Certs)]
        ++ lists:append([["--cert", file(Certs, Cert, ".pem"), "--key", file(Certs, Cert, ".key")] || #{cert := Cert} <- [Side]])
        ++ lists:append([["--tls13-ciphers", colons(Suites)] || #{suites := Suites} <- [Side]])
        ++ lists:append([["--curves", colons([openssl_group(G) || G <- Groups])] || #{groups := Groups} <- [Side]])
        ++ curl_target(Port),
    {Program, All} = command(Prefix, "curl", Arguments),
    {Program, All, none};
tool_command(#{kind := python} = Peer, Role, Side, Certs, Port) ->
    script_command(Peer, Role, script_config(Role, Side, Certs, Port)
                   ++ [{"group", python_group(G)} || #{groups := [G]} <- [Side]]
                   ++ [{"alpn", [binary_to_list(P) || P <- Protocols]} || #{alpn := Protocols} <- [Side]], Port);
tool_command(#{kind := node} = Peer, Role, Side, Certs, Port) ->
    script_command(Peer, Role, script_config(Role, Side, Certs, Port)
                   ++ [{"suites", colons(Suites)} || #{suites := Suites} <- [Side]]
                   ++ [{"groups", colons([openssl_group(G) || G <- Groups])} || #{groups := Groups} <- [Side]]
                   ++ [{"signatures", colons(Schemes)} || #{signatures := Schemes} <- [Side]]
                   ++ [{"alpn", [binary_to_list(P) || P <- Protocols]} || #{alpn := Protocols} <- [Side]], Port).

curl_target(Port) ->
    P = integer_to_list(Port),
    ["-sS", "--max-time", "10", "--http1.1", "--resolve", "localhost:" ++ P ++ ":127.0.0.1", "https://localhost:" ++ P ++ "/"].

script_command(#{kind := Kind, prefix := Prefix, dir := Dir}, Role, Config, Port) ->
    {Interpreter, Script} = case Kind of
                                python -> {"python3", "interop_peer.py"};
                                node -> {"node", "interop_peer.js"}
                            end,
    {Program, All} = command(Prefix, Interpreter, [filename:join(Dir, Script), json(Config)]),
    {Program, All, known(Role, {"PORT ([0-9]+)", Port})}.

known(server, What) -> What;
known(client, _) -> none.

script_config(Role, Side, Certs, Port) ->
    [{"role", atom_to_list(Role)}, {"port", Port}, {"verify", maps:get(verify, Side, false)}, {"ca", trusted(Side, Certs)}]
    ++ lists:append([[{"cert", file(Certs, Cert, ".pem")}, {"key", file(Certs, Cert, ".key")}] || #{cert := Cert} <- [Side]]).

%% What goes in has no character that JSON would have escaped.
json(Pairs) -> lists:flatten(["{", lists:join(",", [["\"", K, "\":", json_value(V)] || {K, V} <- Pairs]), "}"]).
json_value(V) when is_integer(V); is_boolean(V) -> io_lib:format("~p", [V]);
json_value([H | _] = L) when is_list(H) -> ["[", lists:join(",", [json_value(E) || E <- L]), "]"];
json_value(S) -> ["\"", S, "\""].

colons(Names) -> lists:flatten(lists:join(":", [text(N) || N <- Names])).
commas(Names) -> lists:flatten(lists:join(",", [text(N) || N <- Names])).
text(N) when is_atom(N) -> atom_to_list(N);
text(N) when is_binary(N) -> binary_to_list(N);
text(N) -> N.

openssl_group(x25519) -> "X25519";
openssl_group(secp256r1) -> "P-256";
openssl_group(secp384r1) -> "P-384";
openssl_group(secp521r1) -> "P-521";
openssl_group(x25519mlkem768) -> "X25519MLKEM768".

python_group(secp256r1) -> "prime256v1";
python_group(x25519mlkem768) -> "X25519MLKEM768";
python_group(x25519) -> "X25519";
python_group(Group) -> atom_to_list(Group).

gnutls_suites() ->
    [{"TLS_AES_128_GCM_SHA256", "AES-128-GCM"}, {"TLS_AES_256_GCM_SHA384", "AES-256-GCM"},
     {"TLS_CHACHA20_POLY1305_SHA256", "CHACHA20-POLY1305"}, {"TLS_AES_128_CCM_SHA256", "AES-128-CCM"},
     {"TLS_AES_128_CCM_8_SHA256", "AES-128-CCM-8"}].

gnutls_priority(Side) ->
    lists:flatten(
      ["NORMAL:-VERS-ALL:+VERS-TLS1.3",
       [[":-CIPHER-ALL", [[":+", element(2, lists:keyfind(S, 1, gnutls_suites()))] || S <- Suites]] || #{suites := Suites} <- [Side]],
       [[":-GROUP-ALL", [[":+GROUP-", gnutls_group(G)] || G <- Groups]] || #{groups := Groups} <- [Side]],
       [[":-SIGN-ALL", [[":+SIGN-", gnutls_scheme(S)] || S <- Schemes]] || #{signatures := Schemes} <- [Side]]]).

gnutls_group(x25519mlkem768) -> "X25519-MLKEM768";
gnutls_group(Group) -> string:uppercase(atom_to_list(Group)).

gnutls_scheme(ecdsa_secp256r1_sha256) -> "ECDSA-SECP256R1-SHA256";
gnutls_scheme(ecdsa_secp384r1_sha384) -> "ECDSA-SECP384R1-SHA384";
gnutls_scheme(ecdsa_secp521r1_sha512) -> "ECDSA-SECP521R1-SHA512";
gnutls_scheme(rsa_pss_rsae_sha256) -> "RSA-PSS-RSAE-SHA256";
gnutls_scheme(rsa_pss_rsae_sha384) -> "RSA-PSS-RSAE-SHA384";
gnutls_scheme(rsa_pss_rsae_sha512) -> "RSA-PSS-RSAE-SHA512";
gnutls_scheme(rsa_pss_pss_sha256) -> "RSA-PSS-SHA256";
gnutls_scheme(rsa_pss_pss_sha384) -> "RSA-PSS-SHA384";
gnutls_scheme(rsa_pss_pss_sha512) -> "RSA-PSS-SHA512";
gnutls_scheme(ed25519) -> "EDDSA-ED25519".
