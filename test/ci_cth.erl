%% Common Test hook of ci/ct: says on standard output what failed and why, as it happens, and at the end
%% one line 'CT: N passed M failed K skipped' that ci/lib.sh counts. A case that could not run because its
%% preparation failed is a failure; only what a suite skips by its own word is skipped.
-module(ci_cth).
-export([id/1, init/2, post_end_per_testcase/5, on_tc_fail/4, on_tc_skip/4, post_end_per_suite/4, terminate/1]).

-define(RAN, 1).
-define(FAILED, 2).
-define(SKIPPED, 3).

id(_) -> ?MODULE.

init(_, _) ->
    {ok, #{n => counters:new(3, []), t0 => erlang:monotonic_time(second)}}.

post_end_per_testcase(_Suite, _Case, _Config, Return, #{n := N} = State) ->
    counters:add(N, ?RAN, 1),
    {Return, State}.

on_tc_fail(Suite, Where, Reason, #{n := N} = State) ->
    {Name, IsCase} = name(Where),
    IsCase andalso counters:sub(N, ?RAN, 1),
    counters:add(N, ?FAILED, 1),
    io:format(user, "FAILED ~ts:~ts~n~ts~n", [Suite, Name, shorten(Reason)]),
    State.

on_tc_skip(Suite, Where, {tc_auto_skip, Reason}, #{n := N} = State) ->
    {Name, _} = name(Where),
    counters:add(N, ?FAILED, 1),
    io:format(user, "NOT RUN ~ts:~ts~n~ts~n", [Suite, Name, shorten(Reason)]),
    State;
on_tc_skip(Suite, Where, {tc_user_skip, Reason}, #{n := N} = State) ->
    {Name, _} = name(Where),
    counters:add(N, ?SKIPPED, 1),
    io:format(user, "skipped ~ts:~ts (~ts)~n", [Suite, Name, shorten(Reason)]),
    State.

post_end_per_suite(Suite, _Config, Return, #{n := N, t0 := T0} = State) ->
    io:format(user, "~ts done, ~b ran so far, ~b failed, ~b s~n",
              [Suite, counters:get(N, ?RAN), counters:get(N, ?FAILED), erlang:monotonic_time(second) - T0]),
    {Return, State}.

terminate(#{n := N}) ->
    io:format(user, "CT: ~b passed ~b failed ~b skipped~n",
              [counters:get(N, ?RAN), counters:get(N, ?FAILED), counters:get(N, ?SKIPPED)]).

name(Where) when Where =:= init_per_suite; Where =:= end_per_suite -> {atom_to_list(Where), false};
name({Where, Group}) when Where =:= init_per_group; Where =:= end_per_group ->
    {io_lib:format("~ts(~tp)", [Where, Group]), false};
name({Case, Group}) -> {io_lib:format("~tp/~ts", [Group, Case]), true};
name(Case) -> {atom_to_list(Case), true}.

shorten(Reason) ->
    Text = unicode:characters_to_list(io_lib:format("~tP", [Reason, 60])),
    case length(Text) > 3000 of
        true -> lists:sublist(Text, 3000) ++ " ...";
        false -> Text
    end.
