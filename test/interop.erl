%% The interoperability table: every case of interop_cases between this ssl and each peer that is there, as
%% server and as client. Run by ci/interop, and in a smaller form by ssl_interop_SUITE.
-module(interop).
-export([main/0, certificates/1, run_pair/4, run_case/4, tools/2, passed/1, describe/1]).

-define(PATIENCE, 10000).
-define(WORKERS, 4).

-type outcome() :: {interop_cases:test(), ok | left_out | {failed, iodata()}}.

%%% The whole table

%% Arguments after -extra: --stage DIR (this module's and the scripts' directory, with certificates to be made in
%% DIR/certs; the same path is valid inside the root), --ours25 EBIN, --root ROOT, --ours29 EBIN, --only REGEX,
%% --cases REGEX on "version family name", --markdown FILE
-spec main() -> no_return().
main() ->
    process_flag(trap_exit, true),
    Options = options(init:get_plain_arguments(), #{}),
    #{stage := Stage, ours25 := Ours25} = Options,
    Certs = certificates(filename:join(Stage, "certs")),
    Root = maps:get(root, Options, none),
    Root =:= none orelse copy_into(Root, Certs),
    Ours = [node("ours 25", [], [Ours25], Stage)]
        ++ [node("ours 29", ["chroot", Root], [maps:get(ours29, Options)], Stage) || Root =/= none],
    Stock = [node("OTP 25", [], [], Stage)] ++ [node("OTP 29", ["chroot", Root], [], Stage) || Root =/= none],
    [identify(Peer) || Peer <- Ours ++ Stock],
    Tools = tools(Stage, []) ++ lists:append([tools(Stage, ["chroot", Root]) || Root =/= none]),
    Pairs = [{S, C} || S <- Ours, C <- Ours ++ Stock ++ Tools] ++ [{S, C} || C <- Ours, S <- Stock ++ Tools, maps:get(kind, S) =/= curl],
    Wanted = [Pair || {#{name := S}, #{name := C}} = Pair <- Pairs, matches(S ++ " > " ++ C, maps:get(only, Options, ""))],
    Cases = [Case || Case <- interop_cases:all() ++ interop_old:cases(interop_peers:ask(hd(Ours), suites)),
                     matches(describe(Case), maps:get(cases, Options, ""))],
    io:format("~b pairs, ~b cases each~n", [length(Wanted), length(Cases)]),
    Rows = parallel(fun({S, C}) ->
                            Outcomes = run_pair(S, C, Cases, Certs),
                            io:format("~ts~n", [describe_row({S, C, Outcomes})]),
                            {S, C, Outcomes}
                    end, Wanted),
    report(Rows),
    [interop_old:markdown(File, Rows) || #{markdown := File} <- [Options]],
    [interop_peers:stop_node(Peer) || Peer <- Ours ++ Stock],
    Failed = length([1 || {_, _, Outcomes} <- Rows, {_, {failed, _}} <- Outcomes]),
    Passed = length([1 || {_, _, Outcomes} <- Rows, {_, ok} <- Outcomes]),
    io:format("~b passed, ~b failed~n", [Passed, Failed]),
    halt(case Failed of 0 when Passed > 0 -> 0; _ -> 1 end).

options(["--stage", Dir | Rest], O) -> options(Rest, O#{stage => Dir});
options(["--ours25", Dir | Rest], O) -> options(Rest, O#{ours25 => Dir});
options(["--ours29", Dir | Rest], O) -> options(Rest, O#{ours29 => Dir});
options(["--root", Dir | Rest], O) -> options(Rest, O#{root => Dir});
options(["--only", Regex | Rest], O) -> options(Rest, O#{only => Regex});
options(["--cases", Regex | Rest], O) -> options(Rest, O#{cases => Regex});
options(["--markdown", File | Rest], O) -> options(Rest, O#{markdown => File});
options([], O) -> O.

matches(Name, Regex) -> re:run(Name, Regex, [{capture, none}]) =:= match.

node(Name, Prefix, CodePath, Stage) ->
    interop_peers:start_node(#{name => Name, kind => erlang, prefix => Prefix, lacks => lacks(Name), dir => Stage}, CodePath).

%% OTP 25 cannot sign with an rsaPSS key without parameters; OpenSSL below 3.5 and GnuTLS as Debian builds it
%% have no ML-KEM; node and OpenSSL 3.6 at the default level refuse CCM_8, and curl may be of either.
lacks("OTP 25") -> [x25519mlkem768, rsa_pss];
lacks("openssl'") -> [];
lacks("curl'") -> ["TLS_AES_128_CCM_8_SHA256"];
lacks("curl") -> [x25519mlkem768, "TLS_AES_128_CCM_8_SHA256"];
lacks("node") -> [x25519mlkem768, "TLS_AES_128_CCM_8_SHA256"];
lacks("ours" ++ _) -> [];
lacks("OTP 29") -> [];
lacks(_) -> [x25519mlkem768].

%% A node that runs another ssl than its name says would make the table worthless.
identify(#{name := Name} = Peer) ->
    #{native := Native, path := Path, otp := Otp} = interop_peers:ask(Peer, identity),
    io:format("~-8ts OTP ~ts  ~ts~n", [Name, Otp, Path]),
    {Name, Native} = {Name, lists:prefix("ours", Name)}.

%% The command line tools that are installed on the host ([]) or in the root.
-spec tools(file:filename(), [string()]) -> [interop_peers:peer()].
tools(Stage, Prefix) ->
    Where = case Prefix of [] -> ""; _ -> "'" end,
    [interop_peers:with_suites(
       #{name => atom_to_list(Kind) ++ Where, kind => Kind, prefix => Prefix, lacks => lacks(atom_to_list(Kind) ++ Where), dir => Stage})
     || {Kind, Program} <- [{openssl, "openssl"}, {gnutls, "gnutls-cli"}, {curl, "curl"}, {python, "python3"}, {node, "node"}],
        interop_peers:available(Program, Prefix)].

copy_into(Root, Certs) ->
    Target = Root ++ Certs,
    ok = filelib:ensure_dir(filename:join(Target, "x")),
    {ok, Files} = file:list_dir(Certs),
    [{ok, _} = file:copy(filename:join(Certs, F), filename:join(Target, F)) || F <- Files],
    ok.

parallel(Fun, List) ->
    Owner = self(),
    Queue = spawn_link(fun() -> queue(List) end),
    Workers = [spawn_link(fun() -> worker(Queue, Fun, Owner) end) || _ <- lists:seq(1, ?WORKERS)],
    Results = [receive {result, Result} -> Result end || _ <- List],
    [exit(W, kill) || W <- [Queue | Workers]],
    Results.

queue(List) -> receive {next, Pid} -> case List of [] -> queue([]); [H | T] -> Pid ! {job, H}, queue(T) end end.

worker(Queue, Fun, Owner) ->
    Queue ! {next, self()},
    receive {job, Job} -> Owner ! {result, Fun(Job)} end,
    worker(Queue, Fun, Owner).

%%% The report

%% Columns: families of TLS 1.3, and all of each version before.
families() ->
    [default, suite, group, signature, client_cert, hello_retry, key_update, alpn, bulk, refusal, 'tlsv1.2', 'tlsv1.1', tlsv1].

column(#{family := {_, Version}}) -> Version;
column(#{family := Family}) -> Family.

report(Rows) ->
    io:format("~nThe table: passed/ran of each family ('.' where a peer cannot be told)~n~n~-11ts~-11ts", ["server", "client"]),
    [io:format("~-12ts", [F]) || F <- families()],
    io:format("~n"),
    [io:format("~ts~n", [describe_row(Row)]) || Row <- lists:sort(fun by_name/2, Rows)],
    case [{S, C, Case, Why} || {S, C, Outcomes} <- Rows, {Case, {failed, Why}} <- Outcomes] of
        [] -> ok;
        Failures ->
            io:format("~nFailures~n"),
            [io:format("~ts (server) ~ts (client) ~ts: ~ts~n", [maps:get(name, S), maps:get(name, C), describe(Case), Why])
             || {S, C, Case, Why} <- Failures],
            ok
    end.

by_name({#{name := A}, #{name := B}, _}, {#{name := C}, #{name := D}, _}) -> {A, B} =< {C, D}.

describe_row({#{name := S}, #{name := C}, Outcomes}) ->
    [io_lib:format("~-11ts~-11ts", [S, C])
     | [io_lib:format("~-12ts", [summary([O || {Case, O} <- Outcomes, column(Case) =:= Family])]) || Family <- families()]].

summary(Outcomes) ->
    case [O || O <- Outcomes, O =/= left_out] of
        [] -> ".";
        Ran -> io_lib:format("~b/~b", [length([ok || ok <- Ran]), length(Ran)])
    end.

-spec describe(interop_cases:test()) -> iodata().
describe(#{family := {Family, Version}, name := Name} = Case) ->
    io_lib:format("~ts ~ts ~ts~ts", [Version, Family, Name, case Case of #{script := {_, Who}} -> [" by the ", atom_to_list(Who)]; #{} -> "" end]);
describe(#{family := Family, name := Name}) ->
    io_lib:format("tlsv1.3 ~ts ~ts", [Family, Name]).

-spec passed([outcome()]) -> non_neg_integer().
passed(Outcomes) -> length([1 || {_, ok} <- Outcomes]).

%%% One pair, one case

-spec run_pair(interop_peers:peer(), interop_peers:peer(), [interop_cases:test()], file:filename()) -> [outcome()].
run_pair(Server, Client, Cases, Certs) ->
    [{Case, case interop_peers:capable(Server, server, Case) andalso interop_peers:capable(Client, client, Case) of
                true -> run_case(Server, Client, Case, Certs);
                false -> left_out
            end} || Case <- Cases].

%% Each in a process of its own: what is still in its mailbox goes with it, and its tools end with it.
-spec run_case(interop_peers:peer(), interop_peers:peer(), interop_cases:test(), file:filename()) -> ok | {failed, iodata()}.
run_case(Server, Client, Case, Certs) ->
    {Pid, Monitor} = spawn_monitor(fun() -> exit({outcome, attempt(Server, Client, Case, Certs)}) end),
    receive
        {'DOWN', Monitor, process, Pid, {outcome, Outcome}} -> Outcome;
        {'DOWN', Monitor, process, Pid, Crash} -> {failed, io_lib:format("~tP", [Crash, 30])}
    end.

attempt(Server, Client, #{server := ServerSide, client := ClientSide, script := Script} = Case, Certs) ->
    Sessions = filename:join(Certs, "session" ++ integer_to_list(erlang:unique_integer([positive]))),
    {Accepts, Clients} = case Script of
                             %% its tool connects twice by itself
                             resume when map_get(kind, Client) =:= gnutls -> {2, [ClientSide#{resume => true}]};
                             resume -> {2, [ClientSide#{session => {out, Sessions}}, ClientSide#{session => {in, Sessions}}]};
                             _ -> {1, [ClientSide]}
                         end,
    S = interop_peers:server(Server, ServerSide#{accepts => Accepts}, Certs),
    try await(S, port) of
        Port -> one_by_one(S, Clients, 1, Client, Case, Certs, Port)
    catch
        throw:Why -> {failed, [Why, output(S, "server")]}
    after
        interop_peers:finish(S)
    end.

one_by_one(S, [Side | Rest], N, Client, Case, Certs, Port) ->
    C = interop_peers:client(Client, Side, Certs, Port),
    Outcome = try judge(S, C, Case#{connection => N})
              catch throw:Why -> {failed, [Why, output(S, "server"), output(C, "client")]}
              after interop_peers:finish(C)
              end,
    case Outcome of
        ok when Rest =/= [] ->
            timer:sleep(100),     % OTP's clients keep a session a little later
            one_by_one(S, Rest, N + 1, Client, Case, Certs, Port);
        _ ->
            Outcome
    end.

judge(S, #{peer := #{kind := gnutls}} = C, #{expect := ok, script := resume} = Case) ->
    connected(S, server, Case#{connection => 1}),
    await(S, closed),
    connected(S, server, Case#{connection => 2}),
    talk(S, C),
    interop_peers:finish(C),
    await(S, closed),
    ok;
judge(S, C, #{expect := ok, script := Script} = Case) ->
    connected(C, client, Case),
    connected(S, server, Case),
    script(S, C, Script),
    interop_peers:finish(C),
    case S of
        #{peer := #{kind := erlang}} -> await(S, closed), ok;
        _ -> ok
    end;
judge(S, C, #{expect := {Refuser, Alerts}}) ->
    refused(S, server, Refuser, C, Alerts),
    refused(C, client, Refuser, S, Alerts).

%% Erlang nodes say what was negotiated; of the tools, what they sent is the proof.
connected(#{peer := #{kind := erlang}} = E, Role, #{server := #{version := Wanted, suite := #{rfc := Name}} = ServerSide} = Case) ->
    #{protocol := Version, selected_cipher_suite := Suite, session_id := Session, peer_cert := PeerCert} = await(E, connected),
    equal(version, Version, Wanted),
    equal(suite, ssl:suite_to_str(Suite), Name),
    case {Role, ServerSide} of
        {client, #{cert := _}} -> equal(peer_certificate, PeerCert, true);
        {server, _} -> equal(peer_certificate, PeerCert, maps:get(verify, ServerSide, false));
        _ -> ok
    end,
    case Case of
        #{script := resume, connection := 1} -> put({session, Role}, Session);
        #{script := resume} -> equal(session_resumed, Session =:= get({session, Role}), true);
        #{} -> ok
    end;
connected(#{peer := #{kind := erlang}} = E, Role, #{client := ClientSide, server := ServerSide}) ->
    #{protocol := Version, selected_cipher_suite := Suite, alpn := Alpn, peer_cert := PeerCert} = await(E, connected),
    equal(version, Version, 'tlsv1.3'),
    case ClientSide of
        #{suites := [Wanted]} -> equal(suite, ssl:suite_to_openssl_str(Suite), Wanted);
        #{} -> ok
    end,
    case ServerSide of
        #{alpn := [Protocol]} -> equal(alpn, Alpn, Protocol);
        #{} -> ok
    end,
    equal(peer_certificate, PeerCert, Role =:= client orelse maps:get(verify, ServerSide, false));
connected(_, _, _) ->
    ok.

equal(_, Same, Same) -> ok;
equal(What, Got, Wanted) -> throw(io_lib:format("~p is ~p, not ~p", [What, Got, Wanted])).

script(S, C, talk) ->
    talk(S, C);
script(S, C, bulk) ->
    transfer(C, S, bulk($1)),
    transfer(S, C, bulk($2));
script(S, C, resume) ->
    talk(S, C);
script(S, C, {renegotiate, Who}) ->
    talk(S, C),
    E = case Who of server -> S; client -> C end,
    case E of
        %% asked by its peer
        #{peer := #{kind := gnutls}, role := server} -> interop_peers:say(C, <<"**REHANDSHAKE**\n">>);
        _ -> interop_peers:renegotiate(E)
    end,
    maps:get(kind, maps:get(peer, E)) =:= erlang andalso equal(renegotiate, await(E, renegotiated), ok),
    timer:sleep(100),
    talk(S, C),
    talk(S, C);
script(S, C, {update, Who, Type}) ->
    talk(S, C),
    E = case Who of server -> S; client -> C end,
    interop_peers:update(E, Type),
    maps:get(kind, maps:get(peer, E)) =:= erlang andalso equal(update_keys, await(E, updated), ok),
    timer:sleep(100),             % a tool's command must not run into the next line
    talk(S, C),
    talk(S, C).

%% s_client and s_server read commands (k, K, R, Q ..) at the start of what they read: data is digits.
bulk(Digit) -> <<(binary:copy(<<Digit:8, "23456789012345678901234567890123456789\n">>, 5120))/binary, "0000\n">>.
line() -> integer_to_binary(1000000000 + erlang:unique_integer([positive]) rem 1000000000).

talk(S, C) ->
    case {interop_peers:talks(S), interop_peers:talks(C)} of
        {yes, yes} -> transfer(C, S, <<(line())/binary, "\n">>), transfer(S, C, <<(line())/binary, "\n">>);
        {echo, yes} -> transfer(C, C, <<(line())/binary, "\n">>);
        {yes, http} ->
            hear(S, <<"GET / HTTP/1.1\r\n">>),
            Line = line(),
            interop_peers:say(S, <<"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", Line/binary>>),
            hear(C, Line)
    end.

transfer(From, To, Data) ->
    interop_peers:say(From, Data),
    hear(To, Data).

%% The one that refuses says why; in TLS 1.3 a client may be connected before the server's alert comes.
refused(#{peer := #{kind := erlang, name := Name}} = E, Role, Refuser, #{peer := #{kind := Other}}, Alerts) ->
    Ours = lists:prefix("ours", Name),
    case alert(E) of
        {tls_alert, {Alert, _}} when Role =:= Refuser, Ours ->
            lists:member(Alert, Alerts) orelse equal(alert, Alert, Alerts),
            ok;
        {tls_alert, {_, _}} -> ok;
        closed ->
            Ours andalso not just_closes(Other, Refuser) andalso throw(io_lib:format("~p saw a close, not an alert", [Role])),
            ok;
        End -> throw(io_lib:format("~p ended with ~tp, not with an alert", [Role, End]))
    end;
refused(_, _, _, _, _) ->
    ok.

%% node, and new curls as clients, look at the certificate after the handshake and then send no alert. (OTP's ssl
%% sometimes loses one that comes when its client is just connected.)
just_closes(node, _) -> true;
just_closes(curl, client) -> true;
just_closes(_, _) -> false.

alert(#{ref := Ref} = E) ->
    receive
        {interop, Ref, {connected, _}} -> alert(E);
        {interop, Ref, {failed, Why}} -> Why;
        {interop, Ref, {error, Why}} -> Why;
        {interop, Ref, closed} -> closed
    after ?PATIENCE -> throw("no refusal")
    end.

%%% Events

await(#{ref := Ref, role := Role}, What) ->
    receive
        {interop, Ref, {What, Value}} -> Value;
        {interop, Ref, closed} when What =:= closed -> closed;
        {interop, Ref, {failed, Why}} -> throw(io_lib:format("~p failed: ~tp", [Role, Why]));
        {interop, Ref, {error, Why}} -> throw(io_lib:format("~p got an error: ~tp", [Role, Why]));
        {interop, Ref, {exit, Status}} -> throw(io_lib:format("~p ended with status ~p", [Role, Status]))
    after ?PATIENCE -> throw(io_lib:format("~p: no ~p", [Role, What]))
    end.

hear(#{ref := Ref, role := Role} = E, Data) ->
    case binary:match(heard(E), Data) of
        {_, _} -> put({heard, Ref}, <<>>), ok;
        nomatch ->
            receive
                {interop, Ref, {data, More}} ->
                    put({heard, Ref}, <<(heard(E))/binary, More/binary>>),
                    hear(E, Data);
                {interop, Ref, {failed, Why}} -> throw(io_lib:format("~p failed: ~tp", [Role, Why]));
                {interop, Ref, {error, Why}} -> throw(io_lib:format("~p got an error: ~tp", [Role, Why]));
                {interop, Ref, closed} -> throw(io_lib:format("~p saw the connection closed", [Role]));
                {interop, Ref, {exit, Status}} -> throw(io_lib:format("~p ended with status ~p", [Role, Status]))
            after ?PATIENCE -> throw(io_lib:format("~p did not hear what was said", [Role]))
            end
    end.

heard(#{ref := Ref}) -> case get({heard, Ref}) of undefined -> <<>>; Bytes -> Bytes end.

%% What a tool printed, for the report of a failure.
output(#{peer := #{kind := erlang}}, _) -> [];
output(#{ref := Ref} = E, Name) ->
    receive
        {interop, Ref, {data, More}} -> put({heard, Ref}, <<(heard(E))/binary, More/binary>>), output(E, Name)
    after 0 ->
            Text = heard(E),
            Tail = binary:part(Text, byte_size(Text), -min(byte_size(Text), 700)),
            ["\n  " ++ Name ++ " printed: ", re:replace(Tail, "[^\\x20-\\x7e]+", " ", [global])]
    end.

%%% Certificates: a root, an intermediate, and a leaf of each kind below it; and a root that nobody trusts

-spec certificates(file:filename()) -> file:filename().
certificates(Dir) ->
    ok = filelib:ensure_dir(filename:join(Dir, "x")),
    Ca = ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
    Authority = ["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign"],
    Leaf0 = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE",
             "-addext", "extendedKeyUsage=serverAuth,clientAuth"],
    Leaf = Leaf0 ++ ["-addext", "keyUsage=critical,digitalSignature"],
    request(Dir, "ca", Ca, Authority),
    request(Dir, "other_ca", Ca, Authority),
    request(Dir, "intermediate", Ca, issued(Dir, "ca") ++ Authority),
    {ok, Chain} = file:read_file(filename:join(Dir, "intermediate.pem")),
    [begin
         request(Dir, atom_to_list(Name), Key, issued(Dir, "intermediate") ++ Leaf),
         ok = file:write_file(filename:join(Dir, atom_to_list(Name) ++ ".pem"), Chain, [append])
     end || {Name, Key} <- interop_cases:certificates()],
    [request(Dir, Name, Key, Authority) || {Name, Key} <- interop_old:roots(Dir)],
    [request(Dir, Name, Key, issued(Dir, Issuer) ++ Leaf0 ++ Usage) || {Name, Key, Issuer, Usage} <- interop_old:certificates(Dir)],
    Roots = [element(2, file:read_file(filename:join(Dir, Root ++ ".pem"))) || Root <- ["ca" | [Name || {Name, _} <- interop_old:roots(Dir)]]],
    ok = file:write_file(filename:join(Dir, "old_roots.pem"), Roots),
    ok = interop_old:users(Dir),
    Dir.

issued(Dir, Issuer) -> ["-CA", filename:join(Dir, Issuer ++ ".pem"), "-CAkey", filename:join(Dir, Issuer ++ ".key")].

request(Dir, Name, Key, Rest) ->
    Arguments = ["req", "-x509", "-days", "30", "-nodes", "-subj", "/CN=" ++ Name, "-newkey"] ++ Key
        ++ ["-keyout", filename:join(Dir, Name ++ ".key"), "-out", filename:join(Dir, Name ++ ".pem")] ++ Rest,
    Port = open_port({spawn_executable, os:find_executable("openssl")}, [{args, Arguments}, exit_status, stderr_to_stdout, binary]),
    wait_exit(Port, []).

wait_exit(Port, Output) ->
    receive
        {Port, {data, Data}} -> wait_exit(Port, [Output, Data]);
        {Port, {exit_status, 0}} -> ok;
        {Port, {exit_status, _}} -> error({openssl, unicode:characters_to_list(iolist_to_binary(Output))})
    end.
