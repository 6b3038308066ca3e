%% Says whether the ssl that runs here is this project's, and works: called in every way of use that ci/packaging
%% tries (plain path, rebar3 shell and ct, releases, mix), where OTP's own ssl may have been started before.
-module(packaging_check).
-export([main/0, check/0]).

-spec main() -> no_return().
main() ->
    try check() of
        Text -> io:format("packaging_check: ok ~ts~n", [Text]), halt(0)
    catch
        Class:Reason:Stack ->
            io:format("packaging_check: FAILED ~p: ~tp~n~tp~n", [Class, Reason, Stack]), halt(1)
    end.

%% PACKAGING_EXPECT: a directory in or under which our beams have to be; PACKAGING_CERTS: ca.pem, cert.pem, cert.key;
%% PACKAGING_BESIDE: set when OTP's ssl was started before and may still have its own processes and modules.
-spec check() -> string().
check() ->
    {ok, _} = application:ensure_all_started(ssl),
    Protocol = handshake(os:getenv("PACKAGING_CERTS")),
    true = erlang:module_loaded(ssl_native),
    Where = filename:dirname(code:which(ssl)),
    {expected, true, _} = {expected, lists:prefix(real(os:getenv("PACKAGING_EXPECT")), real(Where)), Where},
    Own = modules(Where),
    {_, []} = {our_modules_from_elsewhere,
               [{M, File} || {M, File} <- code:all_loaded() ++ [{M, code:which(M)} || M <- Own], lists:member(M, Own),
                             real(filename:dirname(File)) =/= real(Where)]},
    {_, []} = {other_ssl_in_the_code_path,
               [Dir || Dir <- code:get_path(), filelib:is_file(filename:join(Dir, "ssl.app")), real(Dir) =/= real(Where)]},
    os:getenv("PACKAGING_BESIDE") =:= false andalso alone(Where, Own),
    {ok, [{application, ssl, Keys}]} = file:consult(filename:join(Where, "ssl.app")),
    lists:flatten(io_lib:format("ssl ~ts, ~ts, OTP ~ts, ~p", [proplists:get_value(vsn, Keys), Where, erlang:system_info(otp_release), Protocol])).

alone(Where, Own) ->
    {_, []} = {modules_of_otp_ssl_loaded,
               [M || {M, File} <- code:all_loaded(), is_list(File), filename:dirname(File) =/= Where, not lists:member(M, Own),
                     re:run(File, "/ssl-[0-9.]+/ebin/", [{capture, none}]) =:= match]},
    {_, []} = {processes_of_otp_ssl, [P || P <- [ssl_sup, ssl_manager], whereis(P) =/= undefined]},
    {ok, Listed} = application:get_key(ssl, modules),
    {_, []} = {not_in_the_application, Own -- Listed}.

handshake(Certs) ->
    {ok, Listen} = ssl:listen(0, [{ip, {127, 0, 0, 1}}, {active, false}, {certfile, filename:join(Certs, "cert.pem")},
                                  {keyfile, filename:join(Certs, "cert.key")}]),
    {ok, {_, Port}} = ssl:sockname(Listen),
    Server = spawn_link(fun() ->
                                {ok, Accepted} = ssl:transport_accept(Listen, 10000),
                                {ok, S} = ssl:handshake(Accepted, 10000),
                                {ok, Data} = ssl:recv(S, 0, 10000),
                                ok = ssl:send(S, Data),
                                {error, closed} = ssl:recv(S, 0, 10000)
                        end),
    Monitor = monitor(process, Server),
    {ok, C} = ssl:connect("localhost", Port, [{active, false}, {verify, verify_peer},
                                              {cacertfile, filename:join(Certs, "ca.pem")}], 10000),
    ok = ssl:send(C, "there and back"),
    {ok, "there and back"} = ssl:recv(C, 14, 10000),
    {ok, [{protocol, Protocol}]} = ssl:connection_information(C, [protocol]),
    ok = ssl:close(C),
    receive {'DOWN', Monitor, process, Server, normal} -> ok after 10000 -> error(server_does_not_end) end,
    ok = ssl:close(Listen),
    Protocol.

modules(Ebin) -> [list_to_atom(filename:basename(F, ".beam")) || F <- filelib:wildcard(filename:join(Ebin, "*.beam"))].

%% Without symbolic links, for build tools link directories to and fro.
real(Path) -> real(filename:split(filename:absname(Path)), "", 0).

real([], Done, _) -> Done;
real([Part | Rest], Done, Depth) when Depth < 40 ->
    Path = filename:join(Done, Part),
    case file:read_link(Path) of
        {ok, Target} -> real(filename:split(flatten(filename:join(Done, Target))) ++ Rest, "", Depth + 1);
        {error, _} -> real(Rest, Path, Depth)
    end.

flatten(Path) ->
    filename:join(lists:reverse(lists:foldl(fun("..", [_ | Up]) when Up =/= [] -> Up; (P, Up) -> [P | Up] end, [], filename:split(Path)))).
