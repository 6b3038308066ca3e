%% What was made of certificates, keys and trust stores, to be found again: native objects and small terms under digests
%% of the options they were made from.
%%
%% Why a process: the table must outlive the process that first filled it, and entries that nobody asked for in a while
%% must go. Readers use the table themselves, and writers leave what they made for this process to put there: nothing waits for
%% it, but who clears. Without it (the distribution starts before any application) nothing is kept, and everything still works.
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
            Now - Used > ?TOUCH andalso gen_server:cast(?MODULE, {touch, Key, Now}),
            {ok, Value};
        [] ->
            miss
    catch
        error:badarg -> miss
    end.

%% Keeps a value, and gives it back.
-spec store(Key :: term(), Value) -> Value when Value :: term().
store(Key, Value) ->
    ok = gen_server:cast(?MODULE, {store, Key, Value}),
    Value.

%% Forgets everything: files are read again.
-spec clear() -> ok.
clear() ->
    try gen_server:call(?MODULE, clear)
    catch
        exit:_ -> ok
    end.

-spec init([]) -> {ok, []}.
init([]) ->
    ?TABLE = ets:new(?TABLE, [named_table, protected, set, {read_concurrency, true}]),
    _ = erlang:send_after(?SWEEP * 1000, self(), sweep),
    {ok, []}.

-spec handle_call(term(), gen_server:from(), []) -> {reply, ok, []}.
handle_call(clear, _, State) ->
    true = ets:delete_all_objects(?TABLE),
    {reply, ok, State};
handle_call(_, _, State) ->
    {reply, ok, State}.

-spec handle_cast(term(), []) -> {noreply, []}.
handle_cast({store, Key, Value}, State) ->
    _ = ets:info(?TABLE, size) >= ?LIMIT andalso ets:delete_all_objects(?TABLE),
    true = ets:insert(?TABLE, {Key, Value, erlang:monotonic_time(second)}),
    {noreply, State};
handle_cast({touch, Key, Now}, State) ->
    _ = ets:update_element(?TABLE, Key, {3, Now}),
    {noreply, State};
handle_cast(_, State) ->
    {noreply, State}.

-spec handle_info(term(), []) -> {noreply, []}.
handle_info(sweep, State) ->
    _ = erlang:send_after(?SWEEP * 1000, self(), sweep),
    Oldest = erlang:monotonic_time(second) - ?IDLE,
    _ = ets:select_delete(?TABLE, [{{'_', '_', '$1'}, [{'<', '$1', Oldest}], [true]}]),
    {noreply, State};
handle_info(_, State) ->
    {noreply, State}.
