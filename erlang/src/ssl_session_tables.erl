%% Sessions in ETS, for the default caches: tables that every process reads and writes itself, several of them, so that
%% connections do not meet at one. Also remembers in which order keys came.
%%
%% A shard is two tables: one by key, ordered, so that the keys `{Partial, _}` stand together, and one by age. A key's shard
%% follows from its partial key if it has one. Tables belong to the process that made them; when they are gone, nothing
%% is found and nothing is kept.
-module(ssl_session_tables).
-if(?OTP_RELEASE >= 27).
-moduledoc false.
-endif.

-export([new/0, delete/1, lookup/2, update/3, delete/2, select/2, foldl/3, size/1, oldest/1]).

-export_type([tables/0]).

-define(SHARDS, 16).

%% Keys with their values, and ages with their keys.
-opaque tables() :: tuple().     % of {ByKey :: ets:table(), ByAge :: ets:table()}, ?SHARDS times

-type age() :: {integer(), integer()}.

-spec new() -> tables().
new() ->
    New = fun() -> ets:new(?MODULE, [ordered_set, public, {read_concurrency, true}, {write_concurrency, true}]) end,
    list_to_tuple([{New(), New()} || _ <- lists:seq(1, ?SHARDS)]).

-spec delete(tables()) -> ok.
delete(Tables) ->
    safely(fun() ->
                   lists:foreach(fun({ByKey, ByAge}) -> ets:delete(ByKey), ets:delete(ByAge) end, tuple_to_list(Tables))
           end, ok).

-spec lookup(tables(), Key :: term()) -> Value :: term() | undefined.
lookup(Tables, Key) ->
    {ByKey, _} = shard(Tables, Key),
    safely(fun() ->
                   case ets:lookup(ByKey, Key) of
                       [{_, Value, _}] -> Value;
                       [] -> undefined
                   end
           end, undefined).

%% Keys come from peers too (a server chooses its identifiers), who may have the same one written by many processes at once.
%% So nobody overwrites: an entry is made by one process, and taken by one, who removes its age. Who makes it writes the age
%% afterwards, and looks whether the entry is there still.
-spec update(tables(), Key :: term(), Value :: term()) -> ok.
update(Tables, Key, Value) ->
    {ByKey, ByAge} = shard(Tables, Key),
    Age = {erlang:monotonic_time(), erlang:unique_integer([positive])},
    safely(fun() ->
                   take(ByKey, ByAge, Key),
                   %% Otherwise another process was faster: its value is as new.
                   _ = ets:insert_new(ByKey, {Key, Value, Age}) andalso begin
                           true = ets:insert(ByAge, {Age, Key}),
                           is_of(ByKey, Age, Key) orelse ets:delete(ByAge, Age)
                       end,
                   ok
           end, ok).

-spec delete(tables(), Key :: term()) -> ok.
delete(Tables, Key) ->
    {ByKey, ByAge} = shard(Tables, Key),
    safely(fun() -> take(ByKey, ByAge, Key) end, ok).

take(ByKey, ByAge, Key) ->
    case ets:take(ByKey, Key) of
        [{_, _, Age}] ->
            true = ets:delete(ByAge, Age),
            ok;
        [] ->
            ok
    end.

is_of(ByKey, Age, Key) ->
    case ets:lookup(ByKey, Key) of
        [{_, _, Age}] -> true;
        _ -> false
    end.

%% Values of all keys `{Partial, Id}`. (No match specification: what the user calls a host may look like a pattern.)
-spec select(tables(), Partial :: term()) -> [Value :: term()].
select(Tables, Partial) ->
    {ByKey, _} = shard(Tables, {Partial, none}),
    %% Numbers come before binaries, which identifiers are.
    safely(fun() -> following(ByKey, ets:next(ByKey, {Partial, 0}), Partial) end, []).

following(ByKey, {Partial, _} = Key, Partial) ->
    case ets:lookup(ByKey, Key) of
        [{_, Value, _}] -> [Value | following(ByKey, ets:next(ByKey, Key), Partial)];
        [] -> following(ByKey, ets:next(ByKey, Key), Partial)
    end;
following(_, _, _) ->
    [].

-spec foldl(fun(({Key :: term(), Value :: term()}, Acc) -> Acc), Acc, tables()) -> Acc when Acc :: term().
foldl(Fun, Acc0, Tables) ->
    lists:foldl(fun({ByKey, _}, Acc) ->
                        Pairs = safely(fun() -> ets:select(ByKey, [{{'$1', '$2', '_'}, [], [{{'$1', '$2'}}]}]) end, []),
                        lists:foldl(Fun, Acc, Pairs)
                end, Acc0, tuple_to_list(Tables)).

-spec size(tables()) -> non_neg_integer().
size(Tables) ->
    lists:sum([case ets:info(ByKey, size) of
                   undefined -> 0;
                   Size -> Size
               end || {ByKey, _} <- tuple_to_list(Tables)]).

%% The key that was written longest ago.
-spec oldest(tables()) -> {ok, Key :: term()} | none.
oldest(Tables) ->
    Firsts = safely(fun() ->
                            [First || {ByKey, ByAge} <- tuple_to_list(Tables), First <- [first(ByKey, ByAge)], First =/= none]
                    end, []),
    case Firsts of
        [] -> none;
        _ ->
            {_, Key} = lists:min(Firsts),
            {ok, Key}
    end.

-spec first(ets:table(), ets:table()) -> {age(), term()} | none.
first(ByKey, ByAge) ->
    case ets:first(ByAge) of
        '$end_of_table' ->
            none;
        Age ->
            case ets:lookup(ByAge, Age) of
                [{_, Key} = Entry] ->
                    case is_of(ByKey, Age, Key) of
                        true -> Entry;
                        false ->
                            %% Of a process that was killed on the way: it would be the oldest for ever.
                            true = ets:delete(ByAge, Age),
                            first(ByKey, ByAge)
                    end;
                [] ->
                    first(ByKey, ByAge)
            end
    end.

shard(Tables, {Partial, _}) -> element(1 + erlang:phash2(Partial, ?SHARDS), Tables);
shard(Tables, Key) -> element(1 + erlang:phash2(Key, ?SHARDS), Tables).

safely(Fun, Otherwise) ->
    try Fun()
    catch error:badarg -> Otherwise
    end.
