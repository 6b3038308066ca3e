%% The application's callbacks.
-module(ssl_application).
-behaviour(application).
-if(?OTP_RELEASE >= 27).
-moduledoc false.
-endif.

-export([start/2, prep_stop/1, stop/1]).

-spec start(application:start_type(), term()) -> {ok, pid()} | {error, term()}.
start(_Type, _Args) ->
    ssl_takeover:drop_stock(),
    ok = ssl_log:start(),
    case ssl_runtime_sup:start_link() of
        {ok, Pid} -> {ok, Pid};
        Other -> {error, Other}
    end.

%% Live connections say close_notify before they end.
-spec prep_stop(State) -> State.
prep_stop(State) ->
    ssl_takeover:stop_connections(),
    State.

-spec stop(term()) -> ok.
stop(_State) ->
    ssl_log:stop().
