%% Behaviour of modules that keep sessions (TLS before 1.3): ssl(7), parameters client_session_cb and server_session_cb.
%%
%% What a module is given and what it is to give back is described there. How this library calls them: `init/1` once for
%% each role when the application starts, and `update/3` and `delete/2`, in one process (ssl_session_store); the others in
%% any. Keys of clients are `{{Host, Port}, Id}`, those of servers `Id`, which a module need not look into.
-module(ssl_session_cache_api).
-if(?OTP_RELEASE >= 27).
-moduledoc "Behaviour of session caches (TLS before 1.3). The reference manual of OTP's ssl application holds.".
-endif.

-export_type([session_cache_key/0, session/0, partial_key/0, session_cache_ref/0]).

-type session_cache_ref() :: any().
-type session_cache_key() :: {partial_key(), ssl:session_id()}.
-opaque partial_key() :: {ssl:host(), inet:port_number()} | inet:port_number().
-opaque session() :: ssl_sessions:session().

-callback init(InitArgs :: list()) -> CacheRef :: session_cache_ref().
-callback terminate(CacheRef :: session_cache_ref()) -> DoNotCare :: any().
-callback lookup(CacheRef :: session_cache_ref(), Key :: session_cache_key()) -> Session :: session() | undefined.
-callback update(CacheRef :: session_cache_ref(), Key :: session_cache_key(), Session :: session() | undefined) ->
    DoNotCare :: any().
-callback delete(CacheRef :: session_cache_ref(), Key :: session_cache_key()) -> DoNotCare :: any().
-callback foldl(Fun :: fun(), Acc0 :: term(), CacheRef :: session_cache_ref()) -> Acc :: term().
-callback select_session(CacheRef :: session_cache_ref(),
                         Server :: {ssl:host(), inet:port_number()} | inet:port_number()) -> Sessions :: [session()].
-callback size(CacheRef :: session_cache_ref()) -> Size :: non_neg_integer().

-optional_callbacks([select_session/2, foldl/3]).
