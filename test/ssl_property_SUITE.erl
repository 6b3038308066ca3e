%% The life of connections against a model (socket_model): PropEr makes lists of calls - send, recv, options, owners, shutdown,
%% close, deaths, on both sides - and shortens those at which a connection left the model.
%%
%% How many lists: environment variable PROPERTY_TESTS. Without PropEr (Debian: erlang-proper) the suite is skipped.
-module(ssl_property_SUITE).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1, init_per_testcase/2, end_per_testcase/2]).
-export([any_life/1, any_life_before_13/1, with_the_socket_backend/1]).

suite() -> [{timetrap, {minutes, 8}}].

all() -> [any_life, any_life_before_13, with_the_socket_backend].

init_per_suite(Config) ->
    %% (Beams of an older release may not load.)
    case code:ensure_modules_loaded([proper, proper_types, proper_gen]) of
        ok ->
            {ok, _} = application:ensure_all_started(ssl),
            tls_pairs:credentials() ++ Config;
        {error, _} ->
            {skip, "PropEr is not installed"}
    end.

end_per_suite(_) -> ok.

init_per_testcase(_, Config) -> Config.

end_per_testcase(_, _) -> tls_pairs:left_nothing().

any_life(Config) ->
    holds(Config, 150, []).

any_life_before_13(Config) ->
    Versions = {versions, ['tlsv1.2']},
    holds([{Side, lists:keystore(versions, 1, proplists:get_value(Side, Config), Versions)} || Side <- [server, client]], 100, []).

with_the_socket_backend(Config) ->
    holds(Config, 50, [{inet_backend, socket}]).

holds(Config, Default, Options) ->
    Own = [binary, {active, false}, {log_level, none}],
    Connect = fun() ->
                      {Server, Client} = tls_pairs:pair(Config, Options ++ Own, Options ++ Own),
                      {Client, Server}
              end,
    Property = proper:forall(socket_model:commands(),
                             fun(Commands) ->
                                     case isolated(fun() -> socket_model:play(Commands, Connect) end) of
                                         ok -> true;
                                         Differs -> ct:pal("~tp~n~tp", [Differs, Commands]), false
                                     end
                             end),
    Tests = case os:getenv("PROPERTY_TESTS") of
                false -> Default;
                Text -> list_to_integer(Text)
            end,
    case proper:quickcheck(Property, [{numtests, Tests}, {max_size, 40}, {to_file, user}, long_result]) of
        true -> ok;
        [Shortest] -> ct:fail({differs, Shortest, socket_model:play(Shortest, Connect)})
    end.

%% In a process of its own: nothing that is left over gets into the next one's mailbox.
isolated(Fun) ->
    {Pid, Ref} = spawn_monitor(fun() -> exit({result, Fun()}) end),
    receive
        {'DOWN', Ref, process, Pid, {result, Result}} -> Result;
        {'DOWN', Ref, process, Pid, Reason} -> {died, Reason}
    end.
