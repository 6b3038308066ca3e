%% The life of connections, told by stock ssl and by this one: small scenes with a client and a server of the same library
%% (scenes_data, scenes_calls, scenes_life; their actors are scene_actors') give what every call returned and what messages came,
%% without what differs from run to run (sockets, processes, ports).
%%
%% ci/scenes plays all with both, and once more what then differs without a known reason (scenes_explained), up to a few times:
%% a scene differs when this library never said what stock said in any of its runs. (Some depend on who is faster, with stock as
%% well; and the machine may be busy.)
%%
%%   scenes:play(File, What)          plays the scenes whose names begin with one of these lists of atoms, {prefixes, [[]]} all; or
%%                                    those that a comparison left, {left, LeftFile}. Writes [{Name, Observations}]
%%   scenes:compare(Dir, Which)       of all stock.*, own.* in Dir: writes what is left to Dir/left; Which = quiet | show prints it.
%%                                    Gives the number
%%   scenes:reasons(Dir)              how many scenes differ for which reason
-module(scenes).
-export([play/2, compare/2, reasons/1]).

%% Most of the time a scene waits.
-define(AT_ONCE, 32).

%%--------------------------------------------------------------------------------------------------------------------
%% Playing
%%--------------------------------------------------------------------------------------------------------------------

play(File, What) ->
    {ok, _} = application:ensure_all_started(ssl),
    logger:set_primary_config(level, none),
    scene_actors:prepare(),
    All = scenes_data:scenes() ++ scenes_calls:scenes() ++ scenes_life:scenes(),
    {Scenes, AtOnce} = case What of
                           {prefixes, Prefixes} ->
                               {[S || {Name, _} = S <- All, lists:any(fun(P) -> lists:prefix(P, tuple_to_list(Name)) end, Prefixes)],
                                ?AT_ONCE};
                           {left, LeftFile} ->
                               {ok, Left} = file:consult(LeftFile),
                               {[S || {Name, _} = S <- All, lists:member(Name, Left)], 8}
                       end,
    Told = together(Scenes, AtOnce, [], []),
    ok = file:write_file(File, io_lib:format("~s~n~tp.~n", ["%% coding: latin-1", lists:sort(Told)])).

together([], _, [], Told) -> Told;
together([{Name, Fun} | Rest], N, Running, Told) when length(Running) < N ->
    {_, Ref} = spawn_monitor(fun() -> exit({told, tell(Fun)}) end),
    together(Rest, N, [{Ref, Name} | Running], Told);
together(Rest, N, Running, Told) ->
    receive
        {'DOWN', Ref, process, _, Reason} ->
            {value, {_, Name}, Others} = lists:keytake(Ref, 1, Running),
            What = case Reason of {told, T} -> T; _ -> shown({died, Reason}) end,
            together(Rest, N, Others, [{Name, What} | Told])
    end.

tell(Fun) ->
    Self = self(),
    {Pid, Ref} = spawn_monitor(fun() -> Self ! {self(), try shown(Fun()) catch C:R:St -> shown({C, R, St}) end} end),
    receive
        {Pid, Told} -> erlang:demonitor(Ref, [flush]), Told;
        {'DOWN', Ref, _, _, Reason} -> shown({died, Reason})
    after 60000 -> exit(Pid, kill), endless
    end.

%% Without what is different each time, and without what nobody can rely on (which function a wrong argument was refused by).
shown(Socket) when is_tuple(Socket), element(1, Socket) =:= sslsocket -> sslsocket;
shown({'$socket', _}) -> socket;
shown({'$inet', _, _}) -> inet_socket;
shown(Pid) when is_pid(Pid) -> pid;
shown(Port) when is_port(Port) -> port;
shown(Ref) when is_reference(Ref) -> ref;
shown(Fun) when is_function(Fun) -> function;
shown(Binary) when is_binary(Binary), byte_size(Binary) > 60 -> {binary, byte_size(Binary), erlang:phash2(Binary)};
shown({{A, _, _, _}, Port}) when (A =:= 127 orelse A =:= 0), is_integer(Port) -> {localhost, port};
shown({tls_alert, {Name, _Text}}) -> {tls_alert, Name};
shown({function_clause, [{_, _, _, _} | _]}) -> function_clause;
shown(Tuple) when is_tuple(Tuple) -> list_to_tuple(shown(tuple_to_list(Tuple)));
shown(Map) when is_map(Map) -> maps:from_list(shown(maps:to_list(Map)));
shown([H | T] = List) ->
    try length(List) > 60 andalso lists:all(fun is_integer/1, List) of
        true -> {list, length(List), erlang:phash2(List)};
        false -> [shown(H) | shown(T)]
    catch
        error:badarg -> [shown(H) | shown(T)]       % the option header makes improper ones
    end;
shown(Term) -> Term.

%%--------------------------------------------------------------------------------------------------------------------
%% Comparing
%%--------------------------------------------------------------------------------------------------------------------

compare(Dir, Which) ->
    Judged = judged(Dir),
    Left = [{Name, Stock, Own} || {Name, unexplained, Stock, Own} <- Judged],
    ok = file:write_file(filename:join(Dir, "left"), [io_lib:format("~tp.~n", [Name]) || {Name, _, _} <- Left]),
    Which =:= show andalso
        [io:format("~tp~n~ts~ts", [Name, [io_lib:format("  stock ~tp~n", [S]) || S <- Stock], [io_lib:format("  own   ~tp~n", [O]) || O <- Own]])
         || {Name, Stock, Own} <- Left],
    Count = fun(Kind) -> length([J || J <- Judged, element(2, J) =:= Kind]) end,
    io:format("~b scenes: ~b the same, ~b differ for a known reason, ~b differ~n",
              [length(Judged), Count(same), length(Judged) - Count(same) - Count(unexplained), Count(unexplained)]),
    length(Left).

reasons(Dir) ->
    Reasons = [Reason || {_, {explained, Reason}, _, _} <- judged(Dir)],
    [io:format("~6b  ~ts~n", [length([R || R <- Reasons, R =:= Reason]), Reason]) || Reason <- lists:usort(Reasons)],
    ok.

judged(Dir) ->
    Stock = told(Dir, "stock.*"),
    [begin
         Of = maps:get(Name, Stock, []),
         {Name, judgement(Name, Of, Own), Of, Own}
     end || {Name, Own} <- lists:sort(maps:to_list(told(Dir, "own.*")))].

%% What each scene was told, by all runs.
told(Dir, Files) ->
    lists:foldl(fun(File, Acc) ->
                        {ok, [Told]} = file:consult(File),
                        lists:foldl(fun({Name, What}, A) -> A#{Name => lists:usort([What | maps:get(Name, A, [])])} end, Acc, Told)
                end, #{}, filelib:wildcard(filename:join(Dir, Files))).

judgement(Name, Stock, Own) ->
    case [O || O <- Own, lists:member(O, Stock)] of
        [_ | _] -> same;
        [] ->
            case [Reason || S <- Stock, O <- Own, Reason <- scenes_explained:reason(Name, S, O)] of
                [Reason | _] -> {explained, Reason};
                [] -> unexplained
            end
    end.
