%% Running beside OTP's own ssl application.
%%
%% Under rebar3 and mix OTP's ssl is already started when user code runs, with its directory in the code path; `ssl` then
%% is a running application whose processes are not ours. The first call finds that out (its supervisor `ssl_sup` is there,
%% ours is not), starts our supervisor below a keeper process and takes OTP's directory out of the code path, so that none
%% of its modules is ever mixed in. When OTP's application is stopped, the keeper ends ours too.
%%
%% Which processes are ours: those whose group leader is that of our supervisor (the application master, or the keeper).
%% Connection processes take it on when they start; at the end they are found by it and told to close, and what remains is
%% ended by the application master as OTP does for every application. This costs a connection nothing.
-module(ssl_takeover).
-if(?OTP_RELEASE >= 27).
-moduledoc false.
-endif.

-export([running/0, lead/1, leader/0, stop/0, reload/0, stop_connections/0, drop_stock/0]).
-export([keeper/1]).

-define(SUPERVISOR, ssl_runtime_sup).
-define(STOCK, ssl_sup).
-define(KEEPER, ssl_takeover_keeper).
-define(LEADER, ?MODULE).
%% How long connections may take to say goodbye when the application stops.
-define(GOODBYE, 2000).

%% Is the application running? Takes over from OTP's if that is.
-spec running() -> ok | {error, ssl_not_started}.
running() ->
    case whereis(?SUPERVISOR) of
        undefined ->
            case whereis(?STOCK) of
                undefined -> {error, ssl_not_started};
                Stock -> take_over(Stock)
            end;
        _ ->
            ok
    end.

%% Called by the supervisor when it starts.
-spec lead(pid()) -> ok.
lead(Leader) ->
    persistent_term:put(?LEADER, Leader).

%% The group leader of our processes.
-spec leader() -> pid().
leader() ->
    persistent_term:get(?LEADER).

%% Ends a takeover, if there is one; the application that is loaded is then OTP's.
-spec stop() -> stock | own.
stop() ->
    case whereis(?KEEPER) of
        undefined ->
            own;
        Keeper ->
            Ref = erlang:monitor(process, Keeper),
            Keeper ! {?MODULE, stop},
            receive {'DOWN', Ref, process, _, _} -> stock end
    end.

%% After OTP's application was stopped: the next start is ours, with the environment that was set.
-spec reload() -> ok.
reload() ->
    Environment = application:get_all_env(ssl),
    _ = application:unload(ssl),
    _ = application:load(ssl),
    lists:foreach(fun({Key, Value}) -> application:set_env(ssl, Key, Value) end, Environment).

take_over(Stock) ->
    {_, Ref} = spawn_monitor(?MODULE, keeper, [{self(), Stock}]),
    receive
        {?MODULE, Stock, ready} -> erlang:demonitor(Ref, [flush]), ok;
        {'DOWN', Ref, process, _, already} -> running_soon(50);
        {'DOWN', Ref, process, _, _} -> {error, ssl_not_started}
    end.

%% Another process was faster: wait until it is done.
running_soon(0) -> {error, ssl_not_started};
running_soon(N) ->
    case whereis(?SUPERVISOR) of
        undefined -> timer:sleep(20), running_soon(N - 1);
        _ -> ok
    end.

%%--------------------------------------------------------------------------------------------------------------------
%% The keeper: stands for the application master
%%--------------------------------------------------------------------------------------------------------------------

-spec keeper({pid(), pid()}) -> no_return().
keeper({Caller, Stock}) ->
    try register(?KEEPER, self()) of
        true -> ok
    catch
        error:badarg -> exit(already)
    end,
    process_flag(trap_exit, true),
    %% Group leader of itself, and so of all that it starts; what they print goes on to the console.
    group_leader(self(), self()),
    drop_stock(),
    ok = ssl_log:start(),
    Ref = erlang:monitor(process, Stock),
    case ?SUPERVISOR:start_link() of
        {ok, Supervisor} ->
            Caller ! {?MODULE, Stock, ready},
            keep(Supervisor, Ref, whereis(user));
        Other ->
            exit(Other)
    end.

keep(Supervisor, Ref, Io) ->
    receive
        {io_request, _, _, _} = Request ->
            is_pid(Io) andalso (Io ! Request),
            keep(Supervisor, Ref, Io);
        {'DOWN', Ref, process, _, _} -> finish(Supervisor);
        {?MODULE, stop} -> finish(Supervisor);
        {'EXIT', Supervisor, _} -> finish(undefined);
        _ -> keep(Supervisor, Ref, Io)
    end.

finish(Supervisor) ->
    ok = ssl_log:stop(),
    stop_connections(self()),
    case Supervisor of
        undefined ->
            ok;
        _ ->
            Ref = erlang:monitor(process, Supervisor),
            exit(Supervisor, shutdown),
            receive {'DOWN', Ref, process, _, _} -> ok end
    end,
    _ = [exit(Pid, kill) || Pid <- led_by(self()), Pid =/= self()],
    exit(normal).

%%--------------------------------------------------------------------------------------------------------------------
%% Ending connections
%%--------------------------------------------------------------------------------------------------------------------

%% Tells every connection to close and waits a moment for it.
-spec stop_connections() -> ok.
stop_connections() ->
    stop_connections(leader()).

stop_connections(Leader) ->
    Endpoints = [Pid || Pid <- led_by(Leader), is_endpoint(Pid)],
    Refs = [begin ssl_endpoint:stop(Pid), erlang:monitor(process, Pid) end || Pid <- Endpoints],
    Timer = erlang:start_timer(?GOODBYE, self(), goodbye),
    await(Refs, Timer),
    _ = erlang:cancel_timer(Timer),
    receive {timeout, Timer, goodbye} -> ok after 0 -> ok end.

await([], _) -> ok;
await([Ref | Refs] = All, Timer) ->
    receive
        {'DOWN', Ref, process, _, _} -> await(Refs, Timer);
        {timeout, Timer, goodbye} -> _ = [erlang:demonitor(R, [flush]) || R <- All], ok
    end.

led_by(Leader) ->
    [Pid || Pid <- processes(), process_info(Pid, group_leader) =:= {group_leader, Leader}].

is_endpoint(Pid) ->
    case process_info(Pid, dictionary) of
        {dictionary, Dictionary} -> lists:keyfind('$initial_call', 1, Dictionary) =:= {'$initial_call', {ssl_endpoint, init, 1}};
        undefined -> false
    end.

%%--------------------------------------------------------------------------------------------------------------------
%% The code path
%%--------------------------------------------------------------------------------------------------------------------

%% Takes other directories that hold an ssl application out of the code path.
-spec drop_stock() -> ok.
drop_stock() ->
    case code:which(?MODULE) of
        Beam when is_list(Beam), Beam =/= "" ->
            Own = filename:absname(filename:dirname(Beam)),
            lists:foreach(fun(Dir) ->
                                  filename:absname(Dir) =:= Own orelse not holds_ssl(Dir) orelse code:del_path(Dir)
                          end, code:get_path()),
            replace_loaded(Own);
        _ ->
            ok
    end.

%% The few modules that are called like one of OTP's (tls_record, ssl_cipher ...) may have been loaded from there.
replace_loaded(Own) ->
    lists:foreach(fun({Module, File}) when is_list(File) ->
                          filename:absname(filename:dirname(File)) =:= Own orelse
                              replace(Module, filename:join(Own, atom_to_list(Module)));
                     (_) ->
                          ok
                  end, code:all_loaded()).

replace(Module, Ours) ->
    case erl_prim_loader:read_file_info(Ours ++ ".beam") of
        {ok, _} -> code:soft_purge(Module) andalso code:load_abs(Ours);
        error -> ok
    end.

holds_ssl(Dir) ->
    erl_prim_loader:read_file_info(filename:join(Dir, "ssl.app")) =/= error.
