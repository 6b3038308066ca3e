%% The default cache of a client's sessions, under the name that the documentation gives it.
-module(ssl_client_session_cache_db).
-behaviour(ssl_session_cache_api).
-if(?OTP_RELEASE >= 27).
-moduledoc false.
-endif.

-export([init/1, terminate/1, lookup/2, update/3, delete/2, foldl/3, select_session/2, size/1]).

-spec init(list()) -> ssl_session_tables:tables().
init(_) -> ssl_session_tables:new().

-spec terminate(ssl_session_tables:tables()) -> ok.
terminate(Cache) -> ssl_session_tables:delete(Cache).

-spec lookup(ssl_session_tables:tables(), term()) -> ssl_session_cache_api:session() | undefined.
lookup(Cache, Key) -> ssl_session_tables:lookup(Cache, Key).

-spec update(ssl_session_tables:tables(), term(), term()) -> ok.
update(Cache, Key, Session) -> ssl_session_tables:update(Cache, Key, Session).

-spec delete(ssl_session_tables:tables(), term()) -> ok.
delete(Cache, Key) -> ssl_session_tables:delete(Cache, Key).

-spec foldl(fun(), term(), ssl_session_tables:tables()) -> term().
foldl(Fun, Acc, Cache) -> ssl_session_tables:foldl(Fun, Acc, Cache).

-spec select_session(ssl_session_tables:tables(), term()) -> [ssl_session_cache_api:session()].
select_session(Cache, Server) -> ssl_session_tables:select(Cache, Server).

-spec size(ssl_session_tables:tables()) -> non_neg_integer().
size(Cache) -> ssl_session_tables:size(Cache).
