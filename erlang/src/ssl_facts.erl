%% connection_information: what was negotiated, as OTP lists it.
-module(ssl_facts).
-if(?OTP_RELEASE >= 27).
-moduledoc false.
-endif.

-export([all/1, some/2, prf/5, hello/1]).

-define(TLS13, 16#0304).

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
        {ok, Info, More} -> {ok, [Item || {Key, Value} = Item <- list(Info, More), Value =/= undefined, Wanted(Key)]};
        {error, _} = Error -> Error
    end.

list(#{version := Version, cipher_suite := Suite, group := Group, server_name := Name, session_id := SessionId,
       max_fragment_length := MaxFragmentLength, client_random := ClientRandom, server_random := ServerRandom} = Info,
     #{options := Options, key_log := KeyLog} = More) ->
    #{key_exchange := Kex} = Map = ssl_suites:to_map(Suite),
    [{protocol, ssl_versions:name({Version bsr 8, Version band 255})},
     {session_id, SessionId},
     {session_data, maps:get(session_data, More, undefined)},
     {session_resumption, maps:get(resumed, Info, false)},
     {selected_cipher_suite, Map},
     {sni_hostname, case Name of undefined -> undefined; _ -> binary_to_list(Name) end},
     {srp_username, maps:get(srp_username, Info, undefined)}]
        ++ group(Version, Kex, Group)
        ++ [{max_fragment_length, MaxFragmentLength}]
        ++ [option(Option) || Option <- maps:to_list(maps:with([ciphers, log_level, versions, verify], Options))]
        ++ [{client_random, ClientRandom},
            {server_random, ServerRandom},
            {master_secret, maps:get(master_secret, More, undefined)},
            {keylog, case KeyLog of [] -> undefined; _ -> KeyLog end}].

group(_, _, undefined) ->
    [];
group(?TLS13, _, Group) ->
    [{selected_group, ssl_algorithms:group_name(Group)}];
group(_, Kex, Group) ->
    %% As with OTP, not of suites with PSK.
    case lists:member(Kex, [ecdh_ecdsa, ecdhe_ecdsa, ecdh_rsa, ecdhe_rsa, ecdh_anon]) andalso ssl_algorithms:curve_name(Group) of
        Name when Name =/= false, Name =/= undefined -> [{ecc, {named_curve, Name}}];
        _ -> []
    end.

option({ciphers, Suites}) -> {ciphers, [ssl_suites:to_map(Suite) || Suite <- Suites]};
option(Option) -> Option.

%% `ssl:prf/5` with a secret of the caller's, or other seeds than those of an exporter.
-spec prf(pid(), binary() | master_secret, binary(), [binary() | client_random | server_random], non_neg_integer()) ->
          {ok, binary()} | {error, term()}.
prf(Endpoint, Secret, Label, Seed, Length) ->
    case ssl_endpoint:call(Endpoint, information) of
        {ok, #{version := Version, cipher_suite := Suite} = Info, More} ->
            #{prf := Hash} = ssl_suites:to_map(Suite),
            case Secret of
                master_secret when not is_map_key(master_secret, More) ->
                    {error, notsup};
                master_secret ->
                    {ok, ssl_prf:prf(Version, Hash, map_get(master_secret, More), Label, seed(Seed, Info), Length)};
                _ ->
                    {ok, ssl_prf:prf(Version, Hash, Secret, Label, seed(Seed, Info), Length)}
            end;
        {error, _} = Error ->
            Error
    end.

seed(Seed, Info) when is_list(Seed) ->
    [case Part of
         client_random -> map_get(client_random, Info);
         server_random -> map_get(server_random, Info);
         _ -> Part
     end || Part <- Seed];
seed(Seed, _) ->
    Seed.

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
