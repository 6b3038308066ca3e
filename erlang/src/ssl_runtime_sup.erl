%% The application's only supervisor. Connections are not below it: each has one process, started by the process that
%% connects or accepts, tied to its owner by a monitor and to the application by its group leader (see ssl_takeover). So no
%% process stands in the way of all connections, and nothing has to be registered.
-module(ssl_runtime_sup).
-behaviour(supervisor).
-if(?OTP_RELEASE >= 27).
-moduledoc false.
-endif.

-export([start_link/0, init/1]).

-spec start_link() -> supervisor:startlink_ret().
start_link() ->
    supervisor:start_link({local, ?MODULE}, ?MODULE, []).

-spec init([]) -> {ok, {supervisor:sup_flags(), [supervisor:child_spec()]}}.
init([]) ->
    ok = ssl_takeover:lead(group_leader()),
    {ok, {#{strategy => one_for_one, intensity => 5, period => 10},
          [#{id => ssl_material_cache, start => {ssl_material_cache, start_link, []}},
           #{id => ssl_session_store_client, start => {ssl_session_store, start_link, [client]}},
           #{id => ssl_session_store_server, start => {ssl_session_store, start_link, [server]}}]}}.
