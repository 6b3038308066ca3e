%% connection_information: what was negotiated, as OTP lists it.
-module(ssl_facts).
-if(?OTP_RELEASE >= 27).
-moduledoc false.
-endif.

-export([all/1, some/2, hello/1]).

-define(SECURITY, [client_random, server_random, master_secret, keylog]).

%% Everything but what concerns secrets.
-spec all(pid()) -> {ok, [{atom(), term()}]} | {error, term()}.
all(Endpoint) ->
    items(Endpoint, fun(Key) -> not lists:member(Key, ?SECURITY) end).

%% The items asked for that there are.
-spec some(pid(), [atom()]) -> {ok, [{atom(), term()}]} | {error, term()}.
some(Endpoint, Wanted) ->
    items(Endpoint, fun(Key) -> lists:member(Key, Wanted) end).

items(Endpoint, Wanted) ->
    case ssl_endpoint:call(Endpoint, information) of
        {ok, Info, Options, KeyLog} -> {ok, [Item || {Key, Value} = Item <- list(Info, Options, KeyLog), Value =/= undefined, Wanted(Key)]};
        {error, _} = Error -> Error
    end.

list(#{version := Version, cipher_suite := Suite, group := Group, server_name := Name, session_id := SessionId,
       max_fragment_length := MaxFragmentLength, client_random := ClientRandom,
       server_random := ServerRandom}, Options, KeyLog) ->
    [{protocol, ssl_versions:name({Version bsr 8, Version band 255})},
     {session_id, SessionId},
     {session_resumption, false},
     {selected_cipher_suite, ssl_suites:to_map(Suite)},
     {sni_hostname, case Name of undefined -> undefined; _ -> binary_to_list(Name) end},
     {max_fragment_length, MaxFragmentLength},
     {selected_group, case Group of undefined -> undefined; _ -> ssl_algorithms:group_name(Group) end}]
        ++ [option(Option) || Option <- maps:to_list(maps:with([ciphers, log_level, versions, verify], Options))]
        ++ [{client_random, ClientRandom},
            {server_random, ServerRandom},
            {keylog, case KeyLog of [] -> undefined; _ -> KeyLog end}].

option({ciphers, Suites}) -> {ciphers, [ssl_suites:to_map(Suite) || Suite <- Suites]};
option(Option) -> Option.

%% The peer's hello as handshake/1,2,3 and connect/2,3,4 show it with {handshake, hello}: what it offers, by name.
-spec hello(map()) -> ssl:protocol_extensions().
hello(Hello) ->
    maps:from_list([Item || {_, Value} = Item <- [{sni, name(Hello)}, {alpn, alpn(Hello)}, {signature_algs, algs(Hello)}],
                            Value =/= undefined]).

name(#{server_name := Name}) when is_binary(Name) -> binary_to_list(Name);
name(_) -> undefined.

alpn(#{alpn := [_ | _] = Protocols}) -> Protocols;
alpn(_) -> undefined.

algs(#{signature_algs := Codes}) ->
    [Name || Code <- Codes, Name <- [ssl_algorithms:scheme_name(Code)], Name =/= undefined];
algs(_) -> undefined.
