%% What was made of certificates, keys and trust stores, to be found again: native objects and small terms under digests
%% of the options they were made from.
%%
%% Why a process: the table must outlive the process that first filled it, and entries that nobody asked for in a while
%% must go. Readers and writers use the table themselves; nothing waits for this process. Without it (the distribution
%% starts before any application) nothing is kept, and everything still works.
-module(ssl_material_cache).
-behaviour(gen_server).
-if(?OTP_RELEASE >= 27).
-moduledoc false.
-endif.

-export([start_link/0, find/1, store/2, clear/0]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2]).

-define(TABLE, ?MODULE).

%% Seconds without use after which an entry goes, and between two sweeps.
-define(IDLE, 600).
-define(SWEEP, 120).
%% Entries kept at most: programs that make up options for every connection must not fill the memory. Beyond it all
%% are dropped: what is in use is soon there again.
-define(LIMIT, 500).
%% The time of the last use is written this seldom, so that readers do not write.
-define(TOUCH, 60).

-spec start_link() -> gen_server:start_ret().
start_link() ->
    gen_server:start_link({local, ?MODULE}, ?MODULE, [], []).

%% What is kept under a key.
-spec find(Key :: term()) -> {ok, Value :: term()} | miss.
find(Key) ->
    try ets:lookup(?TABLE, Key) of
        [{_, Value, Used}] ->
            Now = erlang:monotonic_time(second),
            Now - Used > ?TOUCH andalso ets:update_element(?TABLE, Key, {3, Now}),
            {ok, Value};
        [] ->
            miss
    catch
        error:badarg -> miss
    end.

%% Keeps a value, and gives it back.
-spec store(Key :: term(), Value) -> Value when Value :: term().
store(Key, Value) ->
    try
        ets:info(?TABLE, size) >= ?LIMIT andalso ets:delete_all_objects(?TABLE),
        true = ets:insert(?TABLE, {Key, Value, erlang:monotonic_time(second)}),
        Value
    catch
        error:badarg -> Value
    end.

%% Forgets everything: files are read again.
-spec clear() -> ok.
clear() ->
    try ets:delete_all_objects(?TABLE) of
        true -> ok
    catch
        error:badarg -> ok
    end.

-spec init([]) -> {ok, [], timeout()}.
init([]) ->
    ?TABLE = ets:new(?TABLE, [named_table, public, set, {read_concurrency, true}, {write_concurrency, true}]),
    {ok, [], ?SWEEP * 1000}.

-spec handle_call(term(), gen_server:from(), []) -> {reply, ok, [], timeout()}.
handle_call(_, _, State) -> {reply, ok, State, ?SWEEP * 1000}.

-spec handle_cast(term(), []) -> {noreply, [], timeout()}.
handle_cast(_, State) -> {noreply, State, ?SWEEP * 1000}.

-spec handle_info(term(), []) -> {noreply, [], timeout() | hibernate}.
handle_info(timeout, State) ->
    Oldest = erlang:monotonic_time(second) - ?IDLE,
    _ = ets:select_delete(?TABLE, [{{'_', '_', '$1'}, [{'<', '$1', Oldest}], [true]}]),
    {noreply, State, ?SWEEP * 1000};
handle_info(_, State) ->
    {noreply, State, ?SWEEP * 1000}.
