%% The default cache of a server's sessions, under the name that the documentation gives it. update/3 and delete/2 give the
%% cache back, as the module of that name in OTP does.
-module(ssl_server_session_cache_db).
-behaviour(ssl_session_cache_api).
-if(?OTP_RELEASE >= 27).
-moduledoc false.
-endif.

-export([init/1, terminate/1, lookup/2, update/3, delete/2, size/1]).

-spec init(list()) -> ssl_session_tables:tables().
init(_) -> ssl_session_tables:new().

-spec terminate(ssl_session_tables:tables()) -> ok.
terminate(Cache) -> ssl_session_tables:delete(Cache).

-spec lookup(ssl_session_tables:tables(), term()) -> ssl_session_cache_api:session() | undefined.
lookup(Cache, Key) -> ssl_session_tables:lookup(Cache, Key).

-spec update(ssl_session_tables:tables(), term(), term()) -> ssl_session_tables:tables().
update(Cache, Key, Session) ->
    ok = ssl_session_tables:update(Cache, Key, Session),
    Cache.

-spec delete(ssl_session_tables:tables(), term()) -> ssl_session_tables:tables().
delete(Cache, Key) ->
    ok = ssl_session_tables:delete(Cache, Key),
    Cache.

-spec size(ssl_session_tables:tables()) -> non_neg_integer().
size(Cache) -> ssl_session_tables:size(Cache).
