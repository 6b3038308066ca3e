%% A session cache as a user may write one: a process that holds a list. What it is called with is told to the process
%% that the init argument names.
-module(session_cache_of_user).
-behaviour(ssl_session_cache_api).

-export([init/1, terminate/1, lookup/2, update/3, delete/2, foldl/3, select_session/2, size/1]).

init(Args) ->
    Tell = proplists:get_value(tell, Args),
    Tell ! {init, proplists:get_value(role, Args), self(), Args},
    Pid = spawn_link(fun() -> loop([]) end),
    {Pid, Tell}.

terminate({Pid, Tell}) ->
    Tell ! {terminate, self()},
    unlink(Pid),
    Pid ! stop.

update({Pid, Tell}, Key, Session) ->
    Tell ! {update, self(), Key},
    ask(Pid, fun(List) -> {ok, lists:keystore(Key, 1, List, {Key, Session})} end).

delete({Pid, Tell}, Key) ->
    Tell ! {delete, self(), Key},
    ask(Pid, fun(List) -> {ok, lists:keydelete(Key, 1, List)} end).

lookup({Pid, _}, Key) ->
    ask(Pid, fun(List) -> {proplists:get_value(Key, List), List} end).

select_session({Pid, _}, Server) ->
    ask(Pid, fun(List) -> {[S || {{Partial, _}, S} <- List, Partial =:= Server], List} end).

foldl(Fun, Acc, {Pid, _}) ->
    ask(Pid, fun(List) -> {lists:foldl(Fun, Acc, List), List} end).

size({Pid, _}) ->
    ask(Pid, fun(List) -> {length(List), List} end).

ask(Pid, Fun) ->
    Ref = make_ref(),
    Pid ! {self(), Ref, Fun},
    receive {Ref, Answer} -> Answer end.

loop(List) ->
    receive
        {From, Ref, Fun} ->
            {Answer, New} = Fun(List),
            From ! {Ref, Answer},
            loop(New);
        stop ->
            ok
    end.
