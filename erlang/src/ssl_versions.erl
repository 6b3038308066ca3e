%% Protocol versions: the names that programs use, their numbers, and which are to be had.
%%
%% A version is its name (an atom) everywhere inside. Numbers: RFC 8446 section 4.2.1, RFC 6347 section 4.1.
-module(ssl_versions).
-if(?OTP_RELEASE >= 27).
-moduledoc false.
-endif.

-export([number/1, name/1, code/1, tls_equivalent/1, sort/1]).
-export([default/1, usable/1, implemented/0, versions/0]).

-export_type([version/0, wire/0]).

-type version() :: 'tlsv1.3' | 'tlsv1.2' | 'tlsv1.1' | tlsv1 | 'dtlsv1.2' | dtlsv1.
-type wire() :: {byte(), byte()}.

%% Name, number; best first within a protocol.
table() ->
    [{'tlsv1.3', {3, 4}},
     {'tlsv1.2', {3, 3}},
     {'tlsv1.1', {3, 2}},
     {tlsv1, {3, 1}},
     {sslv3, {3, 0}},
     {'dtlsv1.2', {254, 253}},
     {dtlsv1, {254, 255}}].

%% Versions whose protocol this library speaks today.
-spec implemented() -> [version()].
implemented() -> ['tlsv1.3', 'tlsv1.2', 'tlsv1.1', tlsv1].

-spec number(version() | sslv3) -> wire().
number(Name) ->
    case lists:keyfind(Name, 1, table()) of
        {_, Number} -> Number;
        false -> error(function_clause, [Name])
    end.

-spec name(wire()) -> version() | sslv3.
name(Number) ->
    case lists:keyfind(Number, 2, table()) of
        {Name, _} -> Name;
        false -> error(function_clause, [Number])
    end.

%% The version as on the wire.
-spec code(version()) -> 0..16#ffff.
code(Name) ->
    {Major, Minor} = number(Name),
    Major bsl 8 bor Minor.

%% The TLS version that a DTLS version is made from (RFC 4347 section 1, RFC 6347 section 1).
-spec tls_equivalent(version()) -> version().
tls_equivalent('dtlsv1.2') -> 'tlsv1.2';
tls_equivalent(dtlsv1) -> 'tlsv1.1';
tls_equivalent(Version) -> Version.

%% Best first.
-spec sort([version()]) -> [version()].
sort(Versions) ->
    Rank = fun(V) -> rank(V, 1, table()) end,
    lists:sort(fun(A, B) -> Rank(A) =< Rank(B) end, Versions).

rank(Version, N, [{Version, _} | _]) -> N;
rank(Version, N, [_ | Rows]) -> rank(Version, N + 1, Rows).

%% Versions of a protocol for which crypto has what they need.
available(tls) -> [V || V <- ['tlsv1.3', 'tlsv1.2', 'tlsv1.1', tlsv1], usable(V)];
available(dtls) -> [V || V <- ['dtlsv1.2', dtlsv1], usable(V)].

%% Versions in use when the option `versions` is not given: application variables `protocol_version` and
%% `dtls_protocol_version`, else the current ones. In the order of the variable.
-spec default(tls | dtls) -> [version()].
default(tls) -> configured(protocol_version, ['tlsv1.3', 'tlsv1.2'], available(tls));
default(dtls) -> configured(dtls_protocol_version, ['dtlsv1.2'], available(dtls)).

configured(Variable, Default, Available) ->
    Wanted = case application:get_env(ssl, Variable) of
                 {ok, Versions} when is_list(Versions) -> [V || V <- Versions, known(V)];
                 {ok, Version} -> [Version || known(Version)];
                 undefined -> []
             end,
    case Wanted of
        [] -> [V || V <- Default, lists:member(V, Available)];
        _ -> [V || V <- Wanted, lists:member(V, Available)]
    end.

%% As in stock, a name that is no version at all in a variable is an error of the configuration.
known(sslv3) -> false;
known(sslv2) -> false;
known(Version) -> is_tuple(number(Version)).

%% Has crypto the algorithms without which the version is not to be had?
-spec usable(version()) -> boolean().
usable('tlsv1.3') ->
    has(ciphers, aes_gcm) andalso has(public_keys, ecdh) andalso has(public_keys, rsa) andalso has(public_keys, ecdsa)
        andalso has(hashs, sha256) andalso has(curves, secp256r1)
        andalso has(rsa_opts, rsa_pkcs1_padding) andalso has(rsa_opts, rsa_pkcs1_pss_padding);
usable('tlsv1.2') ->
    has(hashs, sha256) andalso has(ciphers, aes_cbc) andalso signs_and_agrees();
usable(Version) when Version =:= 'tlsv1.1'; Version =:= tlsv1 ->
    has(hashs, sha) andalso has(hashs, md5) andalso has(ciphers, aes_cbc) andalso signs_and_agrees();
usable(Version) when Version =:= 'dtlsv1.2'; Version =:= dtlsv1 ->
    usable(tls_equivalent(Version)).

signs_and_agrees() ->
    (has(public_keys, ecdsa) orelse has(public_keys, rsa) orelse has(public_keys, dss))
        andalso (has(public_keys, ecdh) orelse has(public_keys, dh)).

has(Kind, Name) -> ssl_algorithms:crypto(Kind, Name).

%% The body of `ssl:versions/0`, without the application's own version.
-spec versions() -> [{atom(), [version()]}].
versions() ->
    [{supported, default(tls)},
     {supported_dtls, default(dtls)},
     {available, available(tls)},
     {available_dtls, available(dtls)},
     {implemented, ['tlsv1.3', 'tlsv1.2', 'tlsv1.1', tlsv1]},
     {implemented_dtls, ['dtlsv1.2', dtlsv1]}].
