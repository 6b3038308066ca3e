%% Names: no module and no registered process of this application may be one of OTP's own ssl, for code that looks
%% for those would find something else there. What is meant to stand in for OTP's module is listed below.
-module(ssl_names_SUITE).
-export([all/0, modules/1, registered_names/1, application_file/1, loaded_from_one_place/1]).

all() -> [application_file, modules, registered_names, loaded_from_one_place].

%% The documented modules, and the helpers that programs and OTP's test library are known to call (docs/architecture.md).
documented() ->
    [ssl, ssl_session_cache_api, ssl_client_session_cache_db, ssl_server_session_cache_db, ssl_crl_cache, ssl_crl_cache_api, ssl_crl_hash_dir,
     inet_tls_dist, inet6_tls_dist, inet_epmd_tls_socket].
helpers() ->
    [tls_record, dtls_record, dtls_v1, tls_v1, ssl_cipher, ssl_cipher_format, tls_socket_tcp, ssl_config,
     ssl_dh_groups, ssl_pkix_db].

%% Of OTP 25 to 29, whatever release this runs on: OTP's names come and go between releases.
stock_of_other_releases() ->
    [tls_connection, tls_connection_1_3, dtls_connection, tls_dtls_connection, tls_client_connection_1_3,
     tls_server_connection_1_3, tls_gen_connection_1_3, tls_client_connection, tls_server_connection,
     dtls_client_connection, dtls_server_connection, tls_dtls_client_connection, tls_dtls_server_connection,
     tls_dtls_gen_connection, ssl_trace, tls_sender, ssl_gen_statem, ssl_handshake, ssl_alert, ssl_logger].

application_file(_) ->
    {ok, [{application, ssl, Keys}]} = file:consult(filename:join(ebin(), "ssl.app")),
    {vsn, Vsn} = lists:keyfind(vsn, 1, Keys),
    true = [list_to_integer(N) || N <- string:lexemes(Vsn, ".")] >= [11, 7, 7],
    {modules, Listed} = lists:keyfind(modules, 1, Keys),
    Beams = [list_to_atom(filename:basename(F, ".beam")) || F <- filelib:wildcard(filename:join(ebin(), "*.beam"))],
    {[], []} = {Listed -- Beams, Beams -- Listed},
    {mod, {Callback, _}} = lists:keyfind(mod, 1, Keys),
    true = lists:member(Callback, Listed),
    {ok, [{Vsn, _, _}]} = file:consult(filename:join(ebin(), "ssl.appup")).

modules(_) ->
    Stock = stock_key(modules),
    true = length(Stock) > 50,
    Clash = [M || M <- own_key(modules), lists:member(M, Stock ++ stock_of_other_releases())] -- (documented() ++ helpers()),
    [] = Clash.

registered_names(_) ->
    Stock = stock_key(registered) ++ stock_key(modules) ++ stock_of_other_releases(),
    {ok, _} = application:ensure_all_started(ssl),
    Listed = own_key(registered),
    [] = [Name || Name <- Listed, lists:member(Name, Stock)],
    %% and those that are really there: processes whose first function is in one of our modules
    Ours = own_key(modules),
    Running = [Name || Name <- registered(), lists:member(origin(whereis(Name)), Ours)],
    [] = [Name || Name <- Running, lists:member(Name, Stock)],
    [] = Running -- Listed.

%% Every module of the application comes from its own directory, and no module of OTP's ssl can be found.
loaded_from_one_place(_) ->
    {ok, _} = application:ensure_all_started(ssl),
    Ebin = filename:absname(ebin()),
    Elsewhere = [{M, W} || M <- own_key(modules), W <- [code:which(M)], filename:dirname(W) =/= Ebin],
    [] = Elsewhere,
    true = ssl_native:abi() > 0.

origin(Pid) when is_pid(Pid) ->
    case process_info(Pid, dictionary) of
        {dictionary, D} ->
            case proplists:get_value('$initial_call', D) of
                {supervisor, Module, _} -> Module;
                {Module, _, _} -> Module;
                undefined -> none
            end;
        undefined -> none
    end;
origin(_) -> none.

ebin() -> filename:dirname(code:which(ssl_native)).

own_key(Key) -> key(filename:join(ebin(), "ssl.app"), Key).

stock_key(Key) ->
    [File] = filelib:wildcard(filename:join([code:root_dir(), "lib", "ssl-*", "ebin", "ssl.app"])),
    key(File, Key).

key(File, Key) ->
    {ok, [{application, ssl, Keys}]} = file:consult(File),
    proplists:get_value(Key, Keys, []).
