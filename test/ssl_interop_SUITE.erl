%% Interoperability with the command line tools of this machine (openssl, gnutls, curl, python, node) and with
%% another node of the same ssl: the table of interop_cases, and of interop_old each key exchange once, one test case per
%% peer and direction. The larger table, with OTP's own ssl and both releases, is made by ci/interop.
-module(ssl_interop_SUITE).
-include_lib("common_test/include/ct.hrl").
-export([all/0, groups/0, suite/0, init_per_suite/1, end_per_suite/1, init_per_group/2, end_per_group/2]).
-export([itself/1, openssl_server/1, openssl_client/1, gnutls_server/1, gnutls_client/1, curl_client/1,
         python_server/1, python_client/1, node_server/1, node_client/1]).

suite() -> [{timetrap, {seconds, 180}}].

all() -> [{group, peers}].

groups() ->
    [{peers, [], [itself, openssl_server, openssl_client, gnutls_server, gnutls_client, curl_client,
                  python_server, python_client, node_server, node_client]}].

init_per_suite(Config) ->
    Dir = ?config(priv_dir, Config),
    Here = filename:dirname(code:which(?MODULE)),
    [{ok, _} = file:copy(filename:join(Here, F), filename:join(Dir, F))
     || F <- ["interop_peer.py", "interop_peer.js", "interop_node.beam", "interop_old.beam"]],
    Certs = interop:certificates(filename:join(Dir, "certs")),
    [{certs, Certs}, {dir, Dir} | Config].

end_per_suite(_Config) -> ok.

%% The node lives as long as the process that started it is there: Common Test runs this one in a process of its own.
init_per_group(peers, Config) ->
    Ebin = filename:dirname(code:which(ssl_native)),
    Owner = self(),
    Keeper = spawn(fun() ->
                           process_flag(trap_exit, true),
                           Owner ! {ours, interop_peers:start_node(#{name => "ours", kind => erlang, prefix => [], lacks => [],
                                                                     dir => ?config(dir, Config)}, [Ebin])},
                           receive stop -> ok end
                   end),
    receive {ours, Ours} -> [{ours, Ours}, {keeper, Keeper} | Config] end.

end_per_group(peers, Config) ->
    interop_peers:stop_node(?config(ours, Config)),
    ?config(keeper, Config) ! stop.

itself(Config) -> Ours = ?config(ours, Config), run(Ours, Ours, Config).
openssl_server(Config) -> with(openssl, fun(Peer) -> run(Peer, ?config(ours, Config), Config) end, Config).
openssl_client(Config) -> with(openssl, fun(Peer) -> run(?config(ours, Config), Peer, Config) end, Config).
gnutls_server(Config) -> with(gnutls, fun(Peer) -> run(Peer, ?config(ours, Config), Config) end, Config).
gnutls_client(Config) -> with(gnutls, fun(Peer) -> run(?config(ours, Config), Peer, Config) end, Config).
curl_client(Config) -> with(curl, fun(Peer) -> run(?config(ours, Config), Peer, Config) end, Config).
python_server(Config) -> with(python, fun(Peer) -> run(Peer, ?config(ours, Config), Config) end, Config).
python_client(Config) -> with(python, fun(Peer) -> run(?config(ours, Config), Peer, Config) end, Config).
node_server(Config) -> with(node, fun(Peer) -> run(Peer, ?config(ours, Config), Config) end, Config).
node_client(Config) -> with(node, fun(Peer) -> run(?config(ours, Config), Peer, Config) end, Config).

with(Kind, Fun, Config) ->
    case [Peer || #{kind := K} = Peer <- interop:tools(?config(dir, Config), []), K =:= Kind] of
        [Peer] -> Fun(Peer);
        [] -> {skip, atom_to_list(Kind) ++ " is not installed"}
    end.

run(Server, Client, Config) ->
    Cases = interop_cases:all() ++ interop_old:some(interop_old:cases(interop_old:suites())),
    Outcomes = interop:run_pair(Server, Client, Cases, ?config(certs, Config)),
    case [[interop:describe(Case), ": ", Why] || {Case, {failed, Why}} <- Outcomes] of
        [] ->
            Passed = interop:passed(Outcomes),
            true = Passed > 10,
            {comment, integer_to_list(Passed) ++ " of " ++ integer_to_list(length(Outcomes)) ++ " cases, the rest left out"};
        Failures ->
            ct:fail("~ts", [lists:join("\n", Failures)])
    end.
