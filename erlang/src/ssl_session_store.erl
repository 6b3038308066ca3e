%% The caches of sessions, one for clients and one for servers: the callback module that the application's parameters name,
%% how long a session lives, how many are kept.
%%
%% The default caches are tables, in which every process reads and writes itself. The process here owns them, and removes
%% what has expired. For a callback module of the user's it is the only process that writes, as its behaviour says, while
%% any process reads; whoever adds a session waits for it, so that the next connection finds the session.
-module(ssl_session_store).
-behaviour(gen_server).
-if(?OTP_RELEASE >= 27).
-moduledoc false.
-endif.

-include_lib("kernel/include/logger.hrl").

-export([start_link/1, find/2, select/2, add/3, forget/2, count/1]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2, terminate/2, format_status/1]).

-export_type([role/0]).

-type role() :: client | server.

-record(store, {module :: module(),
                cache :: term(),
                %% Keys by age. Of the default caches: the cache itself.
                keys :: ssl_session_tables:tables(),
                direct :: boolean(),
                lifetime :: pos_integer(),
                max :: pos_integer()}).

%% 24 hours: the most that RFC 5246 appendix F.1.4 recommends.
-define(LIFETIME, 86400).
-define(MAX, 1000).
%% Seconds between two removals of what has expired.
-define(SWEEP, 60).
%% Old entries removed at one time.
-define(AT_ONCE, 10000).

-spec start_link(role()) -> gen_server:start_ret().
start_link(Role) ->
    gen_server:start_link({local, name(Role)}, ?MODULE, Role, []).

name(client) -> ssl_session_store_client;
name(server) -> ssl_session_store_server.

%%--------------------------------------------------------------------------------------------------------------------
%% Any process
%%--------------------------------------------------------------------------------------------------------------------

%% The session under a key, if it is not too old.
-spec find(role(), Key :: term()) -> {ok, ssl_sessions:session()} | none.
find(Role, Key) ->
    case store(Role) of
        #store{module = Module, cache = Cache, lifetime = Lifetime} ->
            Session = safely(fun() -> Module:lookup(Cache, Key) end, undefined),
            case ssl_sessions:is_session(Session) andalso ssl_sessions:age(Session) < Lifetime of
                true ->
                    {ok, Session};
                false ->
                    ssl_sessions:is_session(Session) andalso forget(Role, Key),
                    none
            end;
        none ->
            none
    end.

%% A client's sessions with a server that are not too old.
-spec select(client, Server :: {ssl:host(), inet:port_number()}) -> [ssl_sessions:session()].
select(Role, Server) ->
    case store(Role) of
        #store{module = Module, cache = Cache, lifetime = Lifetime} ->
            Found = safely(fun() -> Module:select_session(Cache, Server) end, []),
            [S || is_list(Found), S <- Found, ssl_sessions:is_session(S), ssl_sessions:age(S) < Lifetime];
        none ->
            []
    end.

%% Keeps a session; the oldest ones go when there are too many.
-spec add(role(), Key :: term(), ssl_sessions:session()) -> ok.
add(Role, Key, Session) ->
    case store(Role) of
        #store{direct = true} = Store -> put(Key, Session, Store);
        #store{direct = false} -> call(Role, {add, Key, Session});
        none -> ok
    end.

-spec forget(role(), Key :: term()) -> ok.
forget(Role, Key) ->
    case store(Role) of
        #store{direct = true} = Store -> remove(Key, Store);
        #store{direct = false} -> gen_server:cast(name(Role), {forget, Key});
        none -> ok
    end.

%% Number of sessions.
-spec count(role()) -> non_neg_integer().
count(Role) ->
    case store(Role) of
        #store{} = Store -> count_of(Store);
        none -> 0
    end.

%% A cache that does not answer costs one connection no more than this.
call(Role, Request) ->
    try gen_server:call(name(Role), Request)
    catch exit:_ -> ok
    end.

%% Not there before the application is started, for the distribution: then nothing is kept.
store(Role) ->
    persistent_term:get({?MODULE, Role}, none).

%%--------------------------------------------------------------------------------------------------------------------
%% Writing
%%--------------------------------------------------------------------------------------------------------------------

put(Key, Session, #store{module = Module, cache = Cache, keys = Keys, direct = Direct, max = Max} = Store) ->
    make_room(Max, Store),
    _ = safely(fun() -> Module:update(Cache, Key, Session) end, ok),
    Direct orelse ssl_session_tables:update(Keys, Key, ssl_sessions:time(Session)),
    ok.

make_room(Max, #store{keys = Keys} = Store) ->
    case count_of(Store) >= Max andalso ssl_session_tables:oldest(Keys) of
        {ok, Key} ->
            remove(Key, Store),
            make_room(Max, Store);
        _ ->
            ok
    end.

remove(Key, #store{module = Module, cache = Cache, keys = Keys, direct = Direct}) ->
    Direct orelse ssl_session_tables:delete(Keys, Key),
    _ = safely(fun() -> Module:delete(Cache, Key) end, ok),
    ok.

count_of(#store{module = Module, cache = Cache, keys = Keys}) ->
    case safely(fun() -> Module:size(Cache) end, 0) of
        Size when is_integer(Size) -> Size;
        _ -> ssl_session_tables:size(Keys)
    end.

%% A user's cache that fails must not end connections. What it was given stays out of the log.
safely(Fun, Otherwise) ->
    try Fun()
    catch
        Class:Reason:Stack ->
            ?LOG_ERROR("session cache callback failed: ~p ~p~n ~p~n", [Class, ssl_fault:reason(Reason), ssl_fault:stack(Stack)],
                       #{domain => [otp, ssl]}),
            Otherwise
    end.

%%--------------------------------------------------------------------------------------------------------------------
%% The process
%%--------------------------------------------------------------------------------------------------------------------

-spec init(role()) -> {ok, {role(), #store{}}}.
init(Role) ->
    process_flag(trap_exit, true),
    {Module, Args} = callback(Role),
    Direct = Module =:= ssl_client_session_cache_db orelse Module =:= ssl_server_session_cache_db,
    Cache = Module:init([{role, Role} | Args]),
    Store = #store{module = Module, cache = Cache, direct = Direct,
                   keys = case Direct of true -> Cache; false -> ssl_session_tables:new() end,
                   lifetime = number(session_lifetime, ?LIFETIME),
                   max = number(case Role of client -> session_cache_client_max; server -> session_cache_server_max end, ?MAX)},
    persistent_term:put({?MODULE, Role}, Store),
    next_sweep(Store),
    {ok, {Role, Store}}.

%% `session_cb` is the name from before there were two.
callback(client) ->
    {parameter([client_session_cb, session_cb], fun is_atom/1, ssl_client_session_cache_db),
     parameter([client_session_cb_init_args, session_cb_init_args], fun is_list/1, [])};
callback(server) ->
    {parameter([server_session_cb], fun is_atom/1, ssl_server_session_cache_db),
     parameter([server_session_cb_init_args, session_cb_init_args], fun is_list/1, [])}.

number(Name, Default) ->
    parameter([Name], fun(N) -> is_integer(N) andalso N > 0 end, Default).

parameter([Name | Names], Check, Default) ->
    case application:get_env(ssl, Name) of
        {ok, Value} ->
            case Check(Value) of
                true -> Value;
                false -> parameter(Names, Check, Default)
            end;
        undefined ->
            parameter(Names, Check, Default)
    end;
parameter([], _, Default) ->
    Default.

next_sweep(#store{lifetime = Lifetime}) ->
    erlang:send_after(min(?SWEEP, Lifetime) * 1000, self(), sweep).

-spec handle_call(term(), gen_server:from(), {role(), #store{}}) -> {reply, ok, {role(), #store{}}}.
handle_call({add, Key, Session}, _, {_, Store} = State) ->
    put(Key, Session, Store),
    {reply, ok, State};
handle_call(_, _, State) ->
    {reply, ok, State}.

-spec handle_cast(term(), {role(), #store{}}) -> {noreply, {role(), #store{}}}.
handle_cast({forget, Key}, {_, Store} = State) ->
    remove(Key, Store),
    {noreply, State};
handle_cast(_, State) ->
    {noreply, State}.

-spec handle_info(term(), {role(), #store{}}) -> {noreply, {role(), #store{}}}.
handle_info(sweep, {_, Store} = State) ->
    sweep(?AT_ONCE, Store),
    sweep_foreign(Store),
    next_sweep(Store),
    {noreply, State};
handle_info(_, State) ->
    {noreply, State}.

%% What has expired goes, oldest first.
sweep(0, _) ->
    ok;
sweep(N, #store{keys = Keys, lifetime = Lifetime} = Store) ->
    case ssl_session_tables:oldest(Keys) of
        {ok, Key} ->
            case is_old(Key, Lifetime, Store) of
                true ->
                    remove(Key, Store),
                    sweep(N - 1, Store);
                false ->
                    ok
            end;
        none ->
            ok
    end.

%% A user's cache of a client may hold sessions from before this process started, whose keys are in no order.
sweep_foreign(#store{direct = false, module = Module, cache = Cache, lifetime = Lifetime} = Store) ->
    Expired = fun({Key, Session}, Keys) ->
                      case ssl_sessions:is_session(Session) andalso ssl_sessions:age(Session) >= Lifetime of
                          true -> [Key | Keys];
                          false -> Keys
                      end;
                 (_, Keys) ->
                      Keys
              end,
    case erlang:function_exported(Module, foldl, 3) andalso safely(fun() -> Module:foldl(Expired, [], Cache) end, []) of
        Keys when is_list(Keys) -> lists:foreach(fun(Key) -> remove(Key, Store) end, Keys);
        _ -> ok
    end;
sweep_foreign(_) ->
    ok.

is_old(Key, Lifetime, #store{direct = false, keys = Keys}) ->
    case ssl_session_tables:lookup(Keys, Key) of
        Time when is_integer(Time) -> erlang:system_time(second) - Time >= Lifetime;
        _ -> true
    end;
is_old(Key, Lifetime, #store{module = Module, cache = Cache}) ->
    Session = Module:lookup(Cache, Key),
    not ssl_sessions:is_session(Session) orelse ssl_sessions:age(Session) >= Lifetime.

-spec terminate(term(), {role(), #store{}}) -> ok.
terminate(_, {Role, #store{module = Module, cache = Cache, direct = Direct, keys = Keys}}) ->
    _ = persistent_term:erase({?MODULE, Role}),
    _ = safely(fun() -> Module:terminate(Cache) end, ok),
    Direct orelse ssl_session_tables:delete(Keys),
    ok.

%% A user's cache may be the data itself.
-spec format_status(gen_server:format_status()) -> gen_server:format_status().
format_status(Status) ->
    maps:map(fun(state, {Role, #store{module = Module}}) -> {Role, Module};
                (message, Message) when is_tuple(Message) -> element(1, Message);
                (log, _) -> [];
                (_, Value) -> Value
             end, Status).
